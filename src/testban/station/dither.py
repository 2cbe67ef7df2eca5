"""The dither loop between the sealed package and its host: counts that leave carry noise that the package's maker cannot know.

Rules: the package shows its fine counts x of a slot, once; only then the host reveals d, drawn from a secret of the host's and from
what was shown, uniform over the q whole numbers from -q/2 (so the same showing asked twice gives the same d, and another showing for the
slot is refused); the package signs q floor((x + d) / q + 1/2) and refuses a d beyond half a quantum; the host lets only
exactly these counts go. What was shown is kept before d is revealed. Integers throughout. (Own design, after the usual
non-subtractive dither; what is left to an embedder has no proof but the figures of `covert`.)
"""

import hashlib
from typing import Protocol

import numpy as np

from testban.trust import checks, packet
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.packet import Counts

SECRET_BYTES = 32


class Shown(Protocol):
    """Where the host keeps the fine counts that it was shown, by slot."""

    def get(self, slot: int) -> bytes | None:
        """What was shown for a slot."""

    def put(self, slot: int, fine: bytes) -> None:
        """Keep it durably."""

    def forget(self, before: int) -> None:
        """Let go of the slots before this one."""


class InMemory(dict[int, bytes]):
    """A memory for tests and demonstrations."""

    def put(self, slot: int, fine: bytes) -> None:
        """Keep it."""
        self[slot] = fine

    def forget(self, before: int) -> None:
        """Let go of the slots before this one."""
        for slot in [s for s in self if s < before]:
            del self[slot]


def draw(secret: bytes, slot: int, fine: bytes, quantum: int) -> Counts:
    """The host's d for each sample: SHAKE-256 of secret, slot and fine counts; bias below quantum / 2^32."""
    seed = b"testban/dither@v1\n" + secret + slot.to_bytes(8, "big") + hashlib.sha256(fine).digest()
    words = np.frombuffer(hashlib.shake_256(seed).digest(len(fine)), "<u4")
    return (words % np.uint32(quantum)).astype(np.int32) - np.int32(quantum // 2)


def rounded(fine: Counts, d: Counts, quantum: int) -> Counts:
    """What must be signed for fine counts and d, of any shape; counts within a quantum of 32 bits are clipped."""
    limit = 2**31 - 1 - 2 * quantum
    moved = np.clip(fine.astype(np.int64), -limit, limit) + d
    return ((2 * moved + quantum) // (2 * quantum) * quantum).astype(np.int32)


def signed_counts(fine: Counts, answer: bytes, policy: Policy) -> Counts:
    """The package's side: the counts to sign; Rejected where the host's answer is no dither of the agreed size."""
    whole = len(answer) == packet.payload_size(policy)
    checks.require(whole, Reason.DITHER, f"a dither of {len(answer)} bytes")
    d = np.frombuffer(answer, "<i4").astype(np.int32).reshape(fine.shape)
    small = bool(np.all(2 * np.abs(d.astype(np.int64)) <= policy.quantum))
    checks.require(small, Reason.DITHER, "a dither larger than half a quantum")
    return rounded(fine, d, policy.quantum)


class Host:
    """The host's side of the loop."""

    def __init__(self, secret: bytes, shown: Shown) -> None:
        self._secret, self.shown = secret, shown

    def reveal(self, slot: int, fine: bytes, policy: Policy) -> bytes:
        """The dither for fine counts (canonical payload bytes at one count); Rejected for a second showing that differs."""
        whole = len(fine) == packet.payload_size(policy)
        checks.require(whole, Reason.PAYLOAD_LENGTH, f"fine counts of {len(fine)} bytes")
        known = self.shown.get(slot)
        if known is None:
            self.shown.put(slot, fine)
        same = known is None or known == fine
        checks.require(same, Reason.DITHER, f"other fine counts for slot {slot} than were shown")
        return draw(self._secret, slot, fine, policy.quantum).astype("<i4").tobytes()

    def check(self, slot: int, payload: bytes, policy: Policy) -> None:
        """Refuse a payload that is not what the counts shown and the dither revealed give."""
        fine = self.shown.get(slot)
        checks.require(fine is not None, Reason.DITHER, f"no fine counts were shown for slot {slot}")
        d = draw(self._secret, slot, fine or b"", policy.quantum)
        want = rounded(np.frombuffer(fine or b"", "<i4"), d, policy.quantum)
        same = want.astype("<i4").tobytes() == payload
        checks.require(same, Reason.DITHER, f"slot {slot}: counts that dither and fine counts do not give")
