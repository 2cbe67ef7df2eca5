"""The beacon: a number that nobody knew two epochs ago and that everybody can look up (root of a witnessed checkpoint).

Rules: a packet of epoch e carries the root that closed epoch e-2, or zeros where that epoch has none; what is fed must be
signed by a quorum, at a time within its epoch, of a tree not smaller than the one before. It bounds when a packet was
made from below, the checkpoint that includes it from above. The calibration challenge is drawn from it.
"""

import hashlib

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.quorum import Quorum

NONE = bytes(32)
LAG = 2
TOLERANCE_SECONDS = 30


class Challenge(msgspec.Struct, frozen=True):
    """A calibration pulse: slot of the day, sample within the slot, amplitude in units of the agreed pulse."""

    slot: int
    sample: int
    amplitude: int


class Beacons:
    """The beacons that a node was fed. Keeps the last few epochs."""

    def __init__(self, quorum: Quorum, kept: int = 4096) -> None:
        self.quorum = quorum
        self._kept = kept
        self._roots: dict[int, bytes] = {}
        self._size = 0

    def feed(self, epoch: int, checkpoint: bytes, policy: Policy) -> bytes:
        """Take the checkpoint that closed an epoch; returns its root."""
        seen = self.quorum.check(checkpoint)
        begin = epoch * policy.epoch_slots * policy.slot_seconds
        end = begin + policy.epoch_slots * policy.slot_seconds
        in_time = all(begin - TOLERANCE_SECONDS <= t <= end + TOLERANCE_SECONDS for t in seen.times)
        checks.require(in_time, Reason.CLOCK, f"cosigned outside epoch {epoch}")
        root = seen.checkpoint.root
        same = self._roots.get(epoch, root) == root
        checks.require(same, Reason.SPLIT_VIEW, f"two checkpoints for epoch {epoch}")
        checks.require(
            seen.checkpoint.size >= self._size, Reason.ROLLBACK, f"epoch {epoch} has a smaller tree"
        )
        self._size = seen.checkpoint.size
        self._roots[epoch] = root
        for old in [e for e in self._roots if e <= epoch - self._kept]:
            del self._roots[old]
        return root

    def known(self, epoch: int) -> bool:
        """True where the checkpoint of this epoch was fed."""
        return epoch in self._roots

    def at(self, slot: int, policy: Policy) -> bytes:
        """The beacon that a packet of this slot must carry."""
        return self._roots.get(slot // policy.epoch_slots - LAG, NONE)


def challenge(beacon: bytes, policy: Policy, first_slot: int, slots: int) -> Challenge:
    """When and how strongly the sensor is pulsed in a day of `slots` slots: known to nobody before the beacon is."""
    seed = hashlib.sha256(beacon + policy.station.encode() + first_slot.to_bytes(8, "big")).digest()
    word = [int.from_bytes(seed[i : i + 8], "big") for i in (0, 8, 16)]
    samples = policy.rate * policy.slot_seconds
    return Challenge(first_slot + word[0] % slots, word[1] % (samples // 2), 1 + word[2] % 16)
