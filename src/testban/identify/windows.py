"""Time windows of regional phases and mean squares in them.

Rules: windows follow from the origin and the distance alone (or from a P pick, which corrects the clock and the
model): P from the first P to the group velocity 5.2 km/s (Pn and Pg), S from the first S to 3.0 km/s (Sn and Lg),
Lg 3.6-3.0 km/s, its surroundings 4.2-3.8 and 2.8-2.3 km/s. Single phases: Pn from the first P to 6.4 km/s and Sn from the first S to
4.0 km/s (at most 30 s each), Pg 6.2-5.2 km/s; a phase whose window is shorter than 3 s, or reaches the next one, is not there. Group velocities of Lg and Pg as in common use for
regional discrimination (Walter, Mayeda & Patton 1995, BSSA 85, 1050; Kim, Simpson & Richards 1993, BSSA 83,
1379), the surrounding ones our own choice.
Distances in km are degrees x 111.195. No window reaches into another phase's onset by more than its guard.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.geo import KM_PER_DEG
from testban.base.records import Segment
from testban.signal import filters

F64 = NDArray[np.float64]

PG_SLOWEST, LG_FASTEST, LG_SLOWEST = 5.2, 3.6, 3.0  # km/s
CODA_FASTEST, CODA_SLOWEST = 4.2, 3.8  # km/s, Sn and its coda
PN_SLOWEST, PG_FASTEST, SN_SLOWEST = (
    6.4,
    6.2,
    4.0,
)  # km/s, ends of Pn and Sn, beginning of Pg [as in common use, unconfirmed]
PHASE_LONGEST_S, PHASE_SHORTEST_S = 30.0, 3.0
LATE_FASTEST, LATE_SLOWEST = 2.8, 2.3  # km/s, coda after Lg
NOISE_LONGEST_S, NOISE_SHORTEST_S = 60.0, 6.0
GUARD_S = 2.0
SEPARATION_S = 8.0  # least S minus P for the two windows to be two
LG_SEPARATION_S = 8.0  # least Lg minus Sn for Lg to be a wave train of its own
ONSET_S = 6.0  # of S, and of what comes before it
FILTER_ORDER = 3


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """Start and end of each window, seconds after the origin time."""

    noise: tuple[float, float]
    p: tuple[float, float]
    s: tuple[float, float]
    sn: tuple[float, float]
    lg: tuple[float, float]
    late: tuple[float, float]
    before: tuple[float, float]
    onset: tuple[float, float]
    lg_separate: bool
    phases: tuple[tuple[str, float, float], ...] = ()

    def named(self) -> tuple[tuple[str, float, float], ...]:
        """The windows with their names, in the order of time."""
        pairs = (
            ("noise", self.noise),
            ("P", self.p),
            ("S", self.s),
            ("Sn coda", self.sn),
            ("Lg", self.lg),
            ("late coda", self.late),
        )
        return tuple((name, a, b) for name, (a, b) in pairs)


def phases(km: float, p_s: float, s_s: float) -> tuple[tuple[str, float, float], ...]:
    """Windows of Pn, Pg, Sn and Lg that are long enough and apart; km of distance, times of the first P and S."""
    found = (
        ("Pn", p_s - 1.0, min(km / PN_SLOWEST, p_s + PHASE_LONGEST_S, s_s - GUARD_S)),
        ("Pg", max(km / PG_FASTEST, p_s - 1.0), min(km / PG_SLOWEST, s_s - GUARD_S)),
        ("Sn", s_s - 1.0, min(km / SN_SLOWEST, s_s + PHASE_LONGEST_S)),
        ("Lg", km / LG_FASTEST, km / LG_SLOWEST),
    )
    return tuple((name, a, b) for name, a, b in found if b - a >= PHASE_SHORTEST_S + 1.0)


def regional(distance_deg: float, p_s: float, s_s: float) -> Windows | None:
    """Windows for a distance and the times of the first P and S; None where P and S are not separate."""
    if not s_s - p_s >= SEPARATION_S:
        return None
    km = distance_deg * KM_PER_DEG
    p_end = min(max(p_s + 6.0, km / PG_SLOWEST), s_s - GUARD_S)
    s_end = max(s_s + 8.0, km / LG_SLOWEST)
    return Windows(
        noise=(p_s - NOISE_LONGEST_S - GUARD_S, p_s - GUARD_S),
        p=(p_s - 1.0, p_end),
        s=(s_s - 1.0, s_end),
        sn=(km / CODA_FASTEST, km / CODA_SLOWEST),
        lg=(km / LG_FASTEST, km / LG_SLOWEST),
        late=(km / LATE_FASTEST, km / LATE_SLOWEST),
        before=(max(p_s + 1.0, s_s - ONSET_S - GUARD_S), s_s - GUARD_S),
        onset=(s_s, s_s + ONSET_S),
        lg_separate=km / LG_FASTEST - s_s >= LG_SEPARATION_S,
        phases=phases(km, p_s, s_s),
    )


class Filtered(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Band-passed samples of one channel with the time of the first, seconds after the origin."""

    start_s: float
    rate_hz: float
    samples: F64

    @property
    def end_s(self) -> float:
        """Time one interval after the last sample."""
        return self.start_s + len(self.samples) / self.rate_hz

    def mean_square(self, start_s: float, end_s: float, shortest_s: float) -> float:
        """Mean square inside a window that is wholly recorded; NaN otherwise."""
        first = math.ceil((start_s - self.start_s) * self.rate_hz - 1e-6)
        last = math.floor((end_s - self.start_s) * self.rate_hz + 1e-6)
        if first < 0 or last > len(self.samples) or last - first < shortest_s * self.rate_hz:
            return math.nan
        x = self.samples[first:last]
        return float(np.sum(x * x)) / len(x)


def band(
    segments: Sequence[Segment], origin_ns: int, span: tuple[float, float], edges: tuple[float, float]
) -> Filtered | None:
    """The longest segment within `span` (seconds after the origin), filtered causally; None where none is there.

    Ties go to the earlier segment; the cut is made before filtering, so that no more than needed is filtered.
    """
    best: tuple[float, float, Segment] | None = None
    for segment in segments:
        start = (segment.start_ns - origin_ns) / 1e9
        end = start + len(segment.samples) / segment.sample_rate_hz
        overlap = min(end, span[1]) - max(start, span[0])
        if overlap > 0 and (best is None or (-overlap, start) < (-best[0], best[1])):
            best = (overlap, start, segment)
    if best is None:
        return None
    _, start, segment = best
    rate = segment.sample_rate_hz
    first = max(0, math.floor((span[0] - start) * rate))
    last = min(len(segment.samples), math.ceil((span[1] - start) * rate))
    if last - first < 4.0 * rate or not edges[1] < 0.45 * rate:
        return None
    cut = np.asarray(segment.samples[first:last], dtype=np.float64)
    if not bool(np.isfinite(cut).all()):
        return None
    return Filtered(
        start_s=start + first / rate,
        rate_hz=rate,
        samples=filters.bandpass(cut, edges[0], edges[1], rate, FILTER_ORDER),
    )
