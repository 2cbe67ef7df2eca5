"""testban party: what a party writes, signs, judges and hands over."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

party = cyclopts.App(name="party", help="What a party writes, signs, judges and hands over.")


@party.command
def policy(
    station: str, *, channel: Annotated[list[str], Parameter(negative=())], rate: int, out: Path, version: int = 1,
    from_slot: int = 0, quantum: int = 1, slot_seconds: int = 10, epoch_slots: int = 6, release_delay: int = 1,
    command: Annotated[list[str] | None, Parameter(negative=())] = None,
) -> int:  # fmt: skip
    """Write the disclosure policy of a station as a text for all parties to sign: what may leave it, and nothing else.

    Parameters
    ----------
    station
        NET.STA.
    channel
        Channel code, such as BHZ; repeated in the order of the payload.
    rate
        Samples a second.
    out
        File of the text.
    version
        Grows with every change.
    from_slot
        Slot from which it is in force.
    quantum
        Counts are multiples of this.
    slot_seconds
        Seconds of a slot.
    epoch_slots
        Slots of an epoch: how often the beacon changes.
    release_delay
        Slots after a slot's end at which it leaves.
    command
        A command that the station may be given; may be repeated.

    """
    from testban.base.errors import InputError
    from testban.store import durable
    from testban.trust.checks import Rejected
    from testban.trust.documents import Policy

    made = Policy(
        station=station, version=version, from_slot=from_slot, channels=tuple(channel), rate=rate, quantum=quantum,
        slot_seconds=slot_seconds, epoch_slots=epoch_slots, release_delay=release_delay, commands=tuple(command or ()),
    )  # fmt: skip
    if min(rate, quantum, slot_seconds, epoch_slots) < 1 or 86400 % slot_seconds:
        raise InputError("expected rate, quantum, slot and epoch of 1 or more, and slots that divide a day")
    try:
        durable.replace(out, Policy.parse(made.text()).text().encode())
    except Rejected as exc:
        raise InputError(f"not a policy: {exc}") from exc
    return 0


@party.command
def key(
    role: str, *, vkey: str, certificate: Path, out: Path, from_slot: int = 0, transcript: str = "00" * 32
) -> int:  # fmt: skip
    """Write the two documents that make a unique key count: its certificate and its role, for all parties to sign.

    Parameters
    ----------
    role
        NET.STA/station or NET.STA/warden.
    vkey
        The key's public line.
    certificate
        File with its permutation certificate.
    out
        Folder for certificate.txt and key.txt; the log takes them in this order.
    from_slot
        Slot from which the key counts.
    transcript
        What `testban keys conclude` gave: SHA-256 of everything that was said at the ceremony.

    """
    import hashlib

    from testban.base.errors import InputError
    from testban.cli.trusted import read_bytes
    from testban.store import durable
    from testban.trust import rsa
    from testban.trust.checks import Reason, Rejected
    from testban.trust.documents import Certificate, Key
    from testban.trust.encoding import from_hex
    from testban.trust.keys import RsaVerifier, parse_vkey

    roots = read_bytes(certificate)
    try:
        verifier = parse_vkey(vkey)
        if not isinstance(verifier, RsaVerifier):
            raise InputError("--vkey: expected the vkey of an rsa key")
        rsa.check_certificate(verifier.n, rsa.EXPONENT, roots)
        text = Key(
            role=role,
            vkey=vkey,
            certificate=hashlib.sha256(roots).digest(),
            from_slot=from_slot,
            transcript=from_hex(transcript, 32, Reason.BODY_FORM),
        ).text()
        durable.replace(out / "certificate.txt", Certificate(vkey=vkey, roots=roots).text().encode())
        durable.replace(out / "key.txt", Key.parse(text).text().encode())
    except Rejected as exc:
        raise InputError(f"not a key that may count: {exc}") from exc
    return 0


@party.command
def command(
    station: str, command: str, *, number: int, from_slot: int, to_slot: int, out: Path,
    argument: Annotated[list[str] | None, Parameter(negative=())] = None,
) -> int:  # fmt: skip
    """Write a command to a station as a text for all parties to sign; then it goes into the log, and its proof to the warden.

    Parameters
    ----------
    station
        NET.STA.
    command
        A command that the station's policy allows, such as calibrate.
    number
        A number of its own: a command is obeyed once.
    from_slot
        First slot at which it may be carried out.
    to_slot
        Last slot.
    out
        File of the text.
    argument
        An argument; may be repeated.

    """
    from testban.base.errors import InputError
    from testban.store import durable
    from testban.trust.checks import Rejected
    from testban.trust.documents import Command

    made = Command(
        station=station, number=number, command=command, arguments=tuple(argument or ()), from_slot=from_slot, to_slot=to_slot
    )  # fmt: skip
    if from_slot > to_slot:
        raise InputError("expected a first slot not after the last")
    try:
        durable.replace(out, Command.parse(made.text()).text().encode())
    except Rejected as exc:
        raise InputError(f"not a command: {exc}") from exc
    return 0


@party.command
def rotate(
    role: str, *, old: str, new: str, certificate: Path, from_slot: int, out: Path
) -> int:  # fmt: skip
    """Write the rotation of a key from a slot on, for all parties and for the old key to sign.

    Parameters
    ----------
    role
        NET.STA/station or NET.STA/warden.
    old
        vkey of the key that gives way.
    new
        vkey of the key that follows.
    certificate
        File with the new key's permutation certificate.
    from_slot
        First slot of the new key.
    out
        Folder for certificate.txt and rotation.txt; the log takes them in this order.

    """
    import hashlib

    from testban.base.errors import InputError
    from testban.cli.trusted import read_bytes
    from testban.store import durable
    from testban.trust import rsa
    from testban.trust.checks import Rejected
    from testban.trust.documents import Certificate, Rotation
    from testban.trust.keys import RsaVerifier, parse_vkey

    roots = read_bytes(certificate)
    made = Rotation(
        role=role, old=old, new=new, certificate=hashlib.sha256(roots).digest(), from_slot=from_slot
    )
    try:
        parse_vkey(old)
        verifier = parse_vkey(new)
        if not isinstance(verifier, RsaVerifier):
            raise InputError("--new: expected the vkey of an rsa key")
        rsa.check_certificate(verifier.n, rsa.EXPONENT, roots)
        text = Rotation.parse(made.text()).text()
    except Rejected as exc:
        raise InputError(f"not a key that may follow: {exc}") from exc
    durable.replace(out / "certificate.txt", Certificate(vkey=new, roots=roots).text().encode())
    durable.replace(out / "rotation.txt", text.encode())
    return 0


@party.command
def revoke(vkey: str, *, from_slot: int, reason: str, out: Path) -> int:
    """Write the revocation of a key from a slot on, for the parties to sign; what was signed before stands.

    Parameters
    ----------
    vkey
        The key's public line.
    from_slot
        First slot for which it counts no more.
    reason
        Why, in one line.
    out
        File of the text.

    """
    from testban.base.errors import InputError
    from testban.store import durable
    from testban.trust.checks import Rejected
    from testban.trust.documents import Revocation
    from testban.trust.keys import parse_vkey

    try:
        parse_vkey(vkey)
        text = Revocation.parse(Revocation(vkey=vkey, from_slot=from_slot, reason=reason).text()).text()
    except Rejected as exc:
        raise InputError(f"not a revocation: {exc}") from exc
    durable.replace(out, text.encode())
    return 0


@party.command
def sign(document: Path, *, key: Path, out: Path) -> int:
    """Sign a document: a text becomes a note with one signature, a note gets one more.

    Parameters
    ----------
    document
        Text or note of a kind that testban knows (policy, key, command, bulletin, release, ...).
    key
        The party's private key (kind ed25519); for a rotation also the rsa key that gives way.
    out
        File of the note.

    """
    from testban.base.errors import InputError
    from testban.cli import trusted
    from testban.store import durable
    from testban.trust import notes
    from testban.trust.bodies import kind_of
    from testban.trust.checks import Rejected
    from testban.trust.documents import DOCUMENTS

    data, signer = trusted.read_bytes(document), trusted.read_note_key(key)
    try:
        note = notes.parse(data) if b"\n\n" in data else notes.Note(data.decode("utf-8"), ())
        cls = DOCUMENTS.get(kind_of(note.text))
        if cls is None:
            raise InputError(f"{document}: expected a document among {', '.join(DOCUMENTS)}")
        cls.parse(note.text)
        if note.signed_by(signer.verifier) is None:
            note = notes.add_signature(note, signer)
        durable.replace(out, note.encode())
    except (Rejected, UnicodeDecodeError) as exc:
        raise InputError(f"{document}: expected a text or note of testban: {exc}") from exc
    return 0


from testban.cli import party_evidence, party_judging  # noqa: E402, F401 - their verbs join these
