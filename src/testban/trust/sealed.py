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
    count = len(note.signatures)
    checks.require(count == signatures, Reason.SIGNATURE_LINES, f"{count} signature lines, not {signatures}")
    return Packet.parse(note.text), note


def check_fields(packet: Packet, policy: Policy) -> None:
    """Refuse a packet of another station, another policy or with state of health outside the mask."""
    checks.require(packet.station == policy.station, Reason.STATION_NAME, f"a packet of {packet.station}")
    checks.require(
        packet.policy == policy.digest, Reason.POLICY_DIGEST, "another policy than the one in force"
    )
    outside = int.from_bytes(packet.soh, "big") & ~int.from_bytes(policy.soh_mask, "big")
    checks.require(outside == 0, Reason.SOH_MASK, f"state of health outside the mask: {outside:08x}")


def check_signature(text: bytes, line: Signature, verifier: Verifier, missing: Reason) -> None:
    """Refuse a line that is not this key's one signature of the text."""
    own = line.name == verifier.name and line.key_id == verifier.key_id
    checks.require(own, missing, f"expected a signature of {verifier.name}, got one of {line.name}")
    if isinstance(verifier, RsaVerifier):
        size = verifier.n.bit_length() // 8
        checks.require(
            len(line.signature) == size, Reason.SIGNATURE_LENGTH, f"{len(line.signature)} bytes, not {size}"
        )
        below = int.from_bytes(line.signature, "big") < verifier.n
        checks.require(below, Reason.SIGNATURE_RANGE, "a signature not below the modulus")
    good = verifier.verify(text, line.signature)
    checks.require(good, Reason.SIGNATURE_WRONG, f"signature of {verifier.name}")


def check(data: bytes, policy: Policy, station: Verifier, warden: Verifier) -> Packet:
    """The packet of a note that both keys signed under this policy."""
    packet, note = parse(data, 2)
    check_fields(packet, policy)
    text = note.text.encode()
    first, second = note.signatures
    check_signature(text, first, station, Reason.STATION_SIGNATURE)
    check_signature(text, second, warden, Reason.WARDEN_SIGNATURE)
    return packet
