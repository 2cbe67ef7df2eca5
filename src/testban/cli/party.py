"""testban party: what a party writes, signs, judges and hands over."""

import secrets
from pathlib import Path
from typing import Annotated, Literal

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
def key(role: str, *, vkey: str, certificate: Path, out: Path, from_slot: int = 0) -> int:
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

    """
    import hashlib

    from testban.base.errors import InputError
    from testban.cli.trusted import read_bytes
    from testban.store import durable
    from testban.trust import rsa
    from testban.trust.checks import Rejected
    from testban.trust.documents import Certificate, Key
    from testban.trust.keys import RsaVerifier, parse_vkey

    roots = read_bytes(certificate)
    try:
        verifier = parse_vkey(vkey)
        if not isinstance(verifier, RsaVerifier):
            raise InputError("--vkey: expected the vkey of an rsa key")
        rsa.check_certificate(verifier.n, rsa.EXPONENT, roots)
        text = Key(
            role=role, vkey=vkey, certificate=hashlib.sha256(roots).digest(), from_slot=from_slot
        ).text()
        durable.replace(out / "certificate.txt", Certificate(vkey=vkey, roots=roots).text().encode())
        durable.replace(out / "key.txt", Key.parse(text).text().encode())
    except Rejected as exc:
        raise InputError(f"not a key that may count: {exc}") from exc
    return 0


@party.command
def sign(document: Path, *, key: Path, out: Path) -> int:
    """Sign a document: a text becomes a note with one signature, a note gets one more.

    Parameters
    ----------
    document
        Text or note of a kind that testban knows (policy, key, command, bulletin, release, ...).
    key
        The party's private key (kind ed25519).
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

    data, signer = trusted.read_bytes(document), trusted.read_party_key(key)
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


@party.command
def commit(
    subject: str, value: str, *, name: str, key: Path, secret: Path, out: Path,
    purpose: Literal["finding", "draw"] = "finding",
) -> int:  # fmt: skip
    """Make up one's mind: a note with the digest for the log, and the secret to reveal when all have committed.

    Parameters
    ----------
    subject
        Event, or name of a draw.
    value
        The finding, or this party's share of the draw (any line).
    name
        Name of the party, as the policy has it.
    key
        The party's private key.
    secret
        File for value and salt; kept to oneself until `testban party reveal`.
    out
        File of the note.
    purpose
        finding or draw.

    """
    from testban.base.errors import InputError
    from testban.cli import trusted
    from testban.store import durable
    from testban.trust import judgement, notes
    from testban.trust.checks import Rejected
    from testban.trust.documents import Reveal

    signer = trusted.read_party_key(key)
    said = Reveal(party=name, purpose=purpose, subject=subject, value=value, salt=secrets.token_bytes(32))
    try:
        text = Reveal.parse(said.text()).text()
    except Rejected as exc:
        raise InputError(f"expected words and one line of ASCII: {exc}") from exc
    trusted.write_secret(secret, text)
    durable.replace(out, notes.sign(judgement.commit(said).text(), [signer]).encode())
    return 0


@party.command
def reveal(secret: Path, *, key: Path, log: str, policy: Path, out: Path) -> int:
    """Reveal what was committed to, once everyone's commitment is in the log. Exit status 1 before that.

    Parameters
    ----------
    secret
        File that `testban party commit` kept.
    key
        The party's private key.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    out
        File of the note, for the log.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.store import durable
    from testban.trust import notes
    from testban.trust.checks import Rejected
    from testban.trust.documents import Reveal

    signer, rules = trusted.read_party_key(key), trusted.read_quorum(policy)
    try:
        said = Reveal.parse(trusted.read_bytes(secret).decode("utf-8", "replace"))
    except Rejected as exc:
        raise InputError(f"{secret}: expected the file that testban party commit kept: {exc}") from exc
    board, _ = trusted.read_board(log, rules, policy, said.purpose, said.subject)
    try:
        board.reveal(said)
    except Rejected as exc:
        terminal.say(f"not revealed: {exc}")
        return 1
    durable.replace(out, notes.sign(said.text(), [signer]).encode())
    return 0


@party.command
def board(
    subject: str, *, log: str, policy: Path, purpose: Literal["finding", "draw"] = "finding",
    candidates: Path | None = None, count: int = 1, json: bool = False,
) -> int:  # fmt: skip
    """Read one question out of the log: who has committed, who has revealed what, and what the draw gives.

    Exit status 0 only where all have revealed and nobody said two things.

    Parameters
    ----------
    subject
        Event, or name of a draw.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    purpose
        finding or draw.
    candidates
        For a draw: file with one candidate a line, such as event ids.
    count
        For a draw: how many are chosen.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal, trusted

    rules = trusted.read_quorum(policy)
    found, refused = trusted.read_board(log, rules, policy, purpose, subject)
    names = trusted.read_bytes(candidates).decode("utf-8", "replace").split() if candidates else []
    drawn = list(found.draw(names, count)) if names and found.complete else []
    ok = found.complete and not refused
    reason = refused[0].reason.value if refused else "ok" if ok else "reveals-missing"
    if json:
        terminal.out(
            {
                "ok": ok,
                "reason": reason,
                "committed": sorted(found.commitments),
                "revealed": {p: r.value for p, r in sorted(found.reveals.items())},
                "drawn": drawn,
                "findings": [
                    {"kind": "judgement", "party": r.party, "slot": None, "reason": r.reason.value, "detail": r.detail}
                    for r in refused
                ],
            }
        )  # fmt: skip
    else:
        for p in found.parties:
            state = "has committed" if p in found.commitments else "has not committed"
            terminal.say(f"  {p}: {found.reveals[p].value if p in found.reveals else state}")
        for r in refused:
            terminal.say(
                f"  entry {r.index} of {r.party or 'nobody'} does not count: {r.reason.value}: {r.detail}"
            )
        if drawn:
            terminal.say(f"drawn: {', '.join(drawn)}")
    return 0 if ok else 1


@party.command
def release(
    published: Path, own: Path, *, name: str, key: Path, out: Path, result: str = "different", where: str = "",
    statement: str = "recomputed from the same inputs", json: bool = False,
) -> int:  # fmt: skip
    """Sign the release of a bulletin that one recomputed to the same bytes, else the dissent. Exit status 1: dissent.

    Parameters
    ----------
    published
        The manifest that was published.
    own
        The manifest of what was computed here (testban reproduce --manifest).
    name
        Name of the party, as the policy has it.
    key
        The party's private key.
    out
        File of the note, for the log: a release or a dissent.
    result
        What reproduce said: different, or one quantum.
    where
        Where it first differs.
    statement
        What the party says to it.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.run.reproducing import read_manifest
    from testban.store import durable
    from testban.trust import notes
    from testban.trust import release as releases
    from testban.trust.checks import Rejected
    from testban.trust.documents import Dissent

    theirs, ours, signer = read_manifest(published), read_manifest(own), trusted.read_party_key(key)
    reason = "ok"
    try:
        text = releases.note_text(releases.agree(theirs, ours))
    except Rejected as exc:
        reason = exc.reason.value
        found = releases.Comparison(result=result, where=where or exc.detail)
        text = releases.dissent(name, theirs, ours.output, found, statement).text()
        try:
            Dissent.parse(text)
        except Rejected as wrong:
            raise InputError(f"expected lines of ASCII in --where and --statement: {wrong}") from wrong
    durable.replace(out, notes.sign(text, [signer]).encode())
    facts = {"ok": reason == "ok", "reason": reason, "written": "release" if reason == "ok" else "dissent"}
    terminal.out(facts) if json else terminal.say(f"{out}: {facts['written']} ({reason})")
    return 0 if reason == "ok" else 1


@party.command
def dossier(
    event: str, *, log: str, policy: Path, payloads: Path, out: Path, bulletin: Path | None = None,
    from_slot: int | None = None, to_slot: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Put everything that a third state needs to judge one event into one file, for `testban verify`.

    Parameters
    ----------
    event
        Event, as findings in the log name it.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    payloads
        Folder with the payloads, named by their SHA-256.
    out
        File of the dossier.
    bulletin
        Folder of the released bulletin.
    from_slot
        First slot of the packets that go in; all when not given.
    to_slot
        Last slot.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal, trusted
    from testban.run import evidence_file, reproducing
    from testban.store import durable
    from testban.trust import inspect

    rules = trusted.read_quorum(policy)
    trusted.treaty_of(rules, policy)
    files = reproducing.files_of(bulletin) if bulletin else {}
    data = evidence_file.make(
        event, trusted.open_log(log), rules, trusted.payload_folder(payloads), files, from_slot, to_slot
    )
    found = inspect.inspect(data, rules)
    if found.ok:
        durable.replace(out, data)
    facts = {"ok": found.ok, "reason": found.reason, "detail": found.detail, **found.facts}
    terminal.out(facts) if json else terminal.say(
        f"{out}: {found.facts.get('packets', 0)} packets"
        if found.ok
        else f"no dossier: {found.reason}: {found.detail}"
    )
    return 0 if found.ok else 1


@party.command
def export(
    *, log: str, policy: Path, payloads: Path, out: Path, format: Literal["cd11", "mseed"] = "cd11",
    key: Path | None = None, from_slot: int | None = None, to_slot: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Write logged packets for other systems: CD-1.1 frames that carry the packet's note, or signed miniSEED.

    Every packet is checked first, with both signatures and its payload; one that does not hold is not written.

    Parameters
    ----------
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    payloads
        Folder with the payloads, named by their SHA-256.
    out
        Folder: NET.STA/SLOT.cd11, or NET.STA.mseed.
    format
        cd11, or mseed: records with SeisComP's SIGN blockette.
    key
        For mseed: who signs the records; an EC private key (PEM), as SeisComP checks it, or an rsa key of testban.
    from_slot
        First slot.
    to_slot
        Last slot.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.run import evidence_file

    rules = trusted.read_quorum(policy)
    treaty = trusted.treaty_of(rules, policy)
    if (format == "mseed") != (key is not None):
        raise InputError("expected --key with --format mseed, and only there")
    signer = trusted.read_record_key(key) if key is not None else None
    span = from_slot, to_slot
    written, refused = evidence_file.export(
        trusted.open_log(log), treaty, trusted.payload_folder(payloads), out, signer, span
    )
    facts = {
        "ok": not refused,
        "reason": refused[0][1] if refused else "ok",
        "written": written,
        "findings": [
            {"kind": "packet", "party": station, "slot": slot, "reason": why}
            for (station, slot), why in refused
        ],
    }
    terminal.out(facts) if json else terminal.say(f"{out}: {written} packets, {len(refused)} refused")
    return 1 if refused else 0
