"""From recordings to slots: the counts of a station's channels on the slot grid, exactly as many as the policy says.

Rules: a slot with a sample missing in any channel is a gap; a sample belongs to the nearest tick of the grid; rates that are not
the policy's, and samples that are no counts, are refused; counts are rounded to the policy's quantum. Where recordings overlap the
earlier one counts.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from testban.base.errors import InputError
from testban.base.records import Segment
from testban.trust.documents import Policy
from testban.trust.packet import Counts

RATE_TOLERANCE = 1e-4  # of the rate: a sample more or less in 10 000 would show as a gap
NOISE_COUNTS = 300.0
NS = 1_000_000_000


def quantise(counts: Counts, quantum: int) -> Counts:
    """Counts rounded to the quantum, halves up."""
    if quantum == 1:
        return counts
    return ((counts.astype(np.int64) + quantum // 2) // quantum * quantum).astype(np.int32)


def noise(policy: Policy, slot: int, seed: int = 0) -> Counts:
    """A simulated sensor: noise of a slot, the same for ever."""
    draw = np.random.default_rng([seed, int.from_bytes(policy.station.encode(), "big"), slot])
    shape = (len(policy.channels), policy.rate * policy.slot_seconds)
    return quantise(np.rint(draw.normal(0, NOISE_COUNTS, shape)).astype(np.int32), policy.quantum)


def slots(segments: Sequence[Segment], policy: Policy) -> Iterator[tuple[int, Counts | None]]:
    """(slot, counts or None for a gap) from the first slot that is touched to the last, in order."""
    source = Recording(segments)
    for slot in source.span(policy):
        yield slot, source.slot(policy, slot)


class Recording:
    """A recording that is cut into slots under whatever policy is in force then."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._policy: Policy | None = None
        self._kept: list[list[Segment]] = []

    def span(self, policy: Policy) -> range:
        """The slots that the policy's channels touch."""
        found = [s for kept in self._of(policy) for s in kept]
        step = policy.slot_seconds * NS
        return range(min(s.start_ns for s in found) // step, max(s.end_ns - 1 for s in found) // step + 1)

    def slot(self, policy: Policy, slot: int) -> Counts | None:
        """The counts of a slot, None for a gap."""
        return _one(self._of(policy), policy, slot)

    def _of(self, policy: Policy) -> list[list[Segment]]:
        if policy is not self._policy:
            own = [s for s in self._segments if f"{s.nslc.network}.{s.nslc.station}" == policy.station]
            kept = [[s for s in own if s.nslc.channel == c] for c in policy.channels]
            for channel, found in zip(policy.channels, kept, strict=True):
                if not found:
                    raise InputError(f"expected recordings of {policy.station} {channel}, found none")
            for s in (s for found in kept for s in found):
                _check(s, policy)
            self._policy, self._kept = policy, kept
        return self._kept


def _check(segment: Segment, policy: Policy) -> None:
    near = abs(segment.sample_rate_hz / policy.rate - 1) <= RATE_TOLERANCE
    if not near:
        raise InputError(f"expected {policy.rate} samples a second (the policy's), {segment.nslc} has {segment.sample_rate_hz}")  # fmt: skip
    if not np.issubdtype(segment.samples.dtype, np.integer):
        raise InputError(f"expected counts, {segment.nslc} has {segment.samples.dtype} samples")


def _one(kept: list[list[Segment]], policy: Policy, slot: int) -> Counts | None:
    size = policy.rate * policy.slot_seconds
    begin = slot * policy.slot_seconds * NS
    out = np.zeros((len(kept), size), np.int32)
    for row, found in zip(out, kept, strict=True):
        have = np.zeros(size, bool)
        for s in sorted(found, key=lambda s: (s.start_ns, len(s.samples))):
            # Integer arithmetic: nearest tick, halves up.
            at = (2 * (s.start_ns - begin) * policy.rate + NS) // (2 * NS)
            low, high = max(at, 0), min(at + len(s.samples), size)
            if low < high:
                free = ~have[low:high]
                row[low:high][free] = s.samples[low - at : high - at][free]
                have[low:high] = True
        if not have.all():
            return None
    return quantise(out, policy.quantum)
