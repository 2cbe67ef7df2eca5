"""A packet: ten seconds of one station, as a fixed text of nine lines that two keys sign, and its canonical payload.

Rules: the slot number is sequence number and start time in one; the payload is channels in the policy's order as
little-endian int32, exactly rate x slot samples each, named by its SHA-256; a gap is a packet with an empty payload, so
that every slot has a note; the chain is the SHA-256 of the previous packet's text; the beacon is the root of a
checkpoint that witnesses signed two epochs earlier.
"""

import hashlib
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from testban.trust import checks
from testban.trust.bodies import DIGEST, MASK, STATION, UINT, Body
from testban.trust.checks import Reason
from testban.trust.documents import Policy

GAP_DIGEST = hashlib.sha256(b"").digest()
GENESIS = bytes(32)
Counts = npt.NDArray[np.int32]


class Packet(Body, frozen=True, kw_only=True):
    """What a station says of one slot."""

    KIND: ClassVar[str] = "packet"
    LABELLED: ClassVar[bool] = False
    CODECS: ClassVar = {
        "station": STATION,
        "slot": UINT,
        "policy": DIGEST,
        "payload": DIGEST,
        "previous": DIGEST,
        "beacon": DIGEST,
        "soh": MASK,
    }

    station: str
    slot: int
    policy: bytes
    payload: bytes
    previous: bytes
    beacon: bytes
    soh: bytes

    # Every slot of every station passes here: written out, the general text of Body is its twin in a test.

    def text(self) -> str:
        """The one text of this packet."""
        return (
            f"testban/packet@v1\n{self.station}\n{self.slot}\n{self.policy.hex()}\n{self.payload.hex()}\n"
            f"{self.previous.hex()}\n{self.beacon.hex()}\n{self.soh.hex()}\n"
        )

    @property
    def is_gap(self) -> bool:
        """True where the station has nothing to say for this slot."""
        return self.payload == GAP_DIGEST


def text_digest(text: str) -> bytes:
    """What the next packet says of this one."""
    return hashlib.sha256(text.encode()).digest()


def payload_bytes(samples: Counts, policy: Policy) -> bytes:
    """Canonical payload of (channels, rate x slot) counts; Rejected for another shape or counts off the quantum."""
    want = (len(policy.channels), policy.rate * policy.slot_seconds)
    checks.require(
        samples.shape == want, Reason.PAYLOAD_LENGTH, f"expected {want} counts, got {samples.shape}"
    )
    data = np.ascontiguousarray(samples, dtype="<i4")
    checks.require(_on_quantum(data, policy.quantum), Reason.PAYLOAD_QUANTUM, "a count off the quantum")
    return data.tobytes()


def payload_size(policy: Policy) -> int:
    """Bytes of a payload that is not a gap."""
    return 4 * len(policy.channels) * policy.rate * policy.slot_seconds


def check_payload(data: bytes, packet: Packet, policy: Policy) -> None:
    """Refuse a payload that is not the one that the packet names, or not of the policy's form."""
    want = 0 if packet.is_gap else payload_size(policy)
    checks.require(len(data) == want, Reason.PAYLOAD_LENGTH, f"expected {want} bytes, got {len(data)}")
    same = hashlib.sha256(data).digest() == packet.payload
    checks.require(same, Reason.PAYLOAD_DIGEST, "the payload is not the one that was signed")
    if policy.quantum > 1 and len(data) % 4 == 0:
        counts = np.frombuffer(data, "<i4")
        checks.require(_on_quantum(counts, policy.quantum), Reason.PAYLOAD_QUANTUM, "a count off the quantum")


def payload_samples(data: bytes, policy: Policy) -> Counts:
    """(channels, samples) counts of a payload that was checked."""
    return np.frombuffer(data, "<i4").reshape(len(policy.channels), -1).astype(np.int32)


def _on_quantum(counts: Counts, quantum: int) -> bool:
    return quantum == 1 or not bool(np.any(counts % quantum))
