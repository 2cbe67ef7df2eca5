"""The check of one packet note that everyone makes: form, both signatures, policy in force. No state, no order.

Rules: exactly two signature lines, the station's and then the warden's; each signature as long as its modulus and below
it; cheapest checks first, signatures last. Every slot of every station passes here: the one spelling that a packet note has is read
at a stroke, anything else goes the general way (`notes.parse`, `Packet.parse`), which says what is wrong.
"""

import binascii
import re

from testban.trust import checks, notes
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.keys import RsaVerifier
from testban.trust.notes import Note, Signature, Verifier
from testban.trust.packet import Packet

MAX_PACKET_BYTES = 4096
# A slot of 19 digits may be too large for one, a name beyond ASCII is rare: both go the general way.
_TEXT = (
    rb"(testban/packet@v1\n([A-Z0-9]{1,2}\.[A-Z0-9]{1,5})\n(0|[1-9][0-9]{0,17})\n"
    + rb"([0-9a-f]{64})\n" * 4
    + rb"([0-9a-f]{8})\n)\n"
)
_LINE = rb"\xe2\x80\x94 ([!-*,-~]+) (.+\n)"
_FORMS = {n: re.compile(_TEXT + _LINE * n) for n in (1, 2)}


def _at_a_stroke(data: bytes, signatures: int) -> tuple[Packet, Note] | None:
    """What `parse` gives, for a note in its one spelling and of the usual kind; None for all others."""
    found = _FORMS[signatures].fullmatch(data) if len(data) <= MAX_PACKET_BYTES else None
    if found is None:
        return None
    text, station, slot, policy, payload, previous, beacon, soh, *words = found.groups()
    lines = []
    for name, encoded in zip(words[::2], words[1::2], strict=True):
        try:
            raw = binascii.a2b_base64(encoded)
        except binascii.Error:
            return None
        if binascii.b2a_base64(raw) != encoded or len(raw) <= 4:
            return None
        lines.append(Signature(name.decode(), raw[:4], raw[4:]))
    unhex = binascii.unhexlify
    packet = Packet(
        station=station.decode(), slot=int(slot), policy=unhex(policy), payload=unhex(payload),
        previous=unhex(previous), beacon=unhex(beacon), soh=unhex(soh),
    )  # fmt: skip
    return packet, Note(text.decode(), tuple(lines))


def parse(data: bytes, signatures: int) -> tuple[Packet, Note]:
    """A packet note with exactly this many signature lines, one or two."""
    if read := _at_a_stroke(data, signatures):
        return read
    note = notes.parse(data, max_bytes=MAX_PACKET_BYTES)
    if len(note.signatures) != signatures:
        _refuse(Reason.SIGNATURE_LINES, f"{len(note.signatures)} signature lines, not {signatures}")
    return Packet.parse(note.text), note


def check_fields(packet: Packet, policy: Policy) -> None:
    """Refuse a packet of another station, another policy or with state of health outside the mask."""
    if packet.station != policy.station:
        _refuse(Reason.STATION_NAME, f"a packet of {packet.station}")
    if packet.policy != policy.digest:
        _refuse(Reason.POLICY_DIGEST, "another policy than the one in force")
    outside = int.from_bytes(packet.soh, "big") & ~int.from_bytes(policy.soh_mask, "big")
    if outside:
        _refuse(Reason.SOH_MASK, f"state of health outside the mask: {outside:08x}")


def check_signature(text: bytes, line: Signature, verifier: Verifier, missing: Reason) -> None:
    """Refuse a line that is not this key's one signature of the text."""
    if line.name != verifier.name or line.key_id != verifier.key_id:
        _refuse(missing, f"expected a signature of {verifier.name}, got one of {line.name}")
    if isinstance(verifier, RsaVerifier):
        if len(line.signature) != verifier.size:
            _refuse(Reason.SIGNATURE_LENGTH, f"{len(line.signature)} bytes, not {verifier.size}")
        # Of two strings of the same length the smaller number is the smaller string.
        if line.signature >= verifier.modulus:
            _refuse(Reason.SIGNATURE_RANGE, "a signature not below the modulus")
    if not verifier.verify(text, line.signature):
        _refuse(Reason.SIGNATURE_WRONG, f"signature of {verifier.name}")


def _refuse(reason: Reason, detail: str) -> None:
    """A failed check, through the one place where checks are made; what is said of it is put together only here."""
    checks.require(False, reason, detail)


def check(data: bytes, policy: Policy, station: Verifier, warden: Verifier) -> Packet:
    """The packet of a note that both keys signed under this policy."""
    packet, note = parse(data, 2)
    check_parsed(packet, note, policy, station, warden)
    return packet


def check_parsed(packet: Packet, note: Note, policy: Policy, station: Verifier, warden: Verifier) -> None:
    """The same for a note that was parsed with `parse`."""
    check_fields(packet, policy)
    text = note.text.encode()
    first, second = note.signatures
    check_signature(text, first, station, Reason.STATION_SIGNATURE)
    check_signature(text, second, warden, Reason.WARDEN_SIGNATURE)
