"""The station's clock as a state machine: what time it is, and how far that can be trusted.

Rules: time given out never goes back; satellite time counts only where it agrees with the oscillator since the last
agreement within drift x elapsed + 1 ms; a step beyond that is not followed but said (spoofing looks like that); holdover is
stated while the oscillator's worst error is below the limit. Integer nanoseconds, no reading of any clock here.
"""

from enum import IntEnum

import msgspec

DRIFT_PPB = 100  # a temperature-compensated oscillator, worst case; a setting, not a measurement
TIMING_LIMIT_NS = 10_000_000  # 10 ms, IMS minimum requirement (confirmed only from memory)
AGREEMENT_NS = 1_000_000


class ClockState(IntEnum):
    """How far the time can be trusted."""

    LOCKED = 0
    HOLDOVER = 1
    FREE = 2
    STEPPED = 3


class Clock(msgspec.Struct, kw_only=True):
    """Time from a monotonic counter that satellite time disciplines."""

    anchor_time_ns: int
    anchor_counter_ns: int
    locked: bool = False
    last_ns: int = 0

    def read(self, counter_ns: int, gnss_ns: int | None = None) -> tuple[int, ClockState]:
        """UTC nanoseconds and state at a counter reading, with satellite time where there is some."""
        elapsed = counter_ns - self.anchor_counter_ns
        own = self.anchor_time_ns + elapsed
        error = abs(elapsed) * DRIFT_PPB // 1_000_000_000
        state = ClockState.HOLDOVER if self.locked and error <= TIMING_LIMIT_NS else ClockState.FREE
        if gnss_ns is not None:
            if self.locked and abs(gnss_ns - own) > error + AGREEMENT_NS:
                state = ClockState.STEPPED
            else:
                self.anchor_time_ns, self.anchor_counter_ns, self.locked = gnss_ns, counter_ns, True
                own, state = gnss_ns, ClockState.LOCKED
        self.last_ns = max(self.last_ns, own)
        return self.last_ns, state
