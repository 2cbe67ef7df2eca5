"""The check of one packet note that everyone makes: form, both signatures, policy in force. No state, no order.

Rules: exactly two signature lines, the station's and then the warden's; each signature as long as its modulus and below
it; cheapest checks first, signatures last.
"""

from testban.trust import checks, notes
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.keys import RsaVerifier
from testban.trust.notes import Note, Signature, Verifier
from testban.trust.packet import Packet

MAX_PACKET_BYTES = 4096


def parse(data: bytes, signatures: int) -> tuple[Packet, Note]:
    """A packet note with exactly this many signature lines."""
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
