"""Picks as arrays, sorted by station and time, with the rate of picks that need no event to explain them.

Rules: order of input does not matter (total order: station, time, id); picks at stations without coordinates are
counted, not used; the noise rate of a pick leaves the pick itself out and grows after a burst (coda). A later phase
(S or Lg close behind another pick of its station) is a consequence of that pick, not a false alarm of its own: it
counts in nobody's rate, so that seeing more of an event never makes the event less credible. A weak pick counts only in
the rate of weak ones: what a threshold keeps out does not make what passes it less credible. All of a pick's numbers in
a `Window` follow from the picks of that window alone, so that a stream and a batch see the same bits.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import POINTS, SHEAR
from testban.base.geo import unit_vector_
from testban.base.records import Pick, Site

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOCAL_S = 1800.0  # half width of the window in which a station's rate of picks is counted
BURST_S = 60.0
FOLLOWS_S = 300.0  # behind P by at most so much: S or Lg of the same event (S at 25 degrees)
GAP_S = 600.0  # silence of the whole network beyond which nothing was recorded, where up-time is not supplied
STATED_SHARE = 0.95  # of stated slownesses and azimuths that are as good as stated; e to the -3 for the rest
# A slowness whose back-azimuth is not resolved says nothing: the horizontal motion it rests on is noise. Of the 19
# polarised first P of the test of January 2016 the three that are 3 to 4 sigma off all have such a back-azimuth.
RESOLVED_BACKAZIMUTH = 45.0
ARRAY_SIGMA = 2.0  # s/deg: of a slowness that only an array measures so well
POINTING_SHARE = 0.5  # of the picks of a station that point
# Where the table states no error: automatic three-component and array readings, of which 16-84 % lie within 94 deg
# (scatter nearly that of chance, 104) and 7 s/deg in the Chilean set, while array readings of the pIDC's 1996
# bulletin lie within 5-20 deg and 1-3 s/deg of the prediction: a small share of good ones.
SILENT_SHARE = 0.25
SILENT_SLOWNESS = 1.5
SILENT_BACKAZIMUTH = 15.0
WEAK_SHARE = 0.3  # of the picks of true arrivals those that are weak: 531 of 1662 on three simulated days (decision 60)


class Table:
    """All picks of one job by station, time and id. Column order of `data`: see `Window`."""

    def __init__(self, picks: Sequence[Pick], sites: Sequence[Site]) -> None:
        by_key = {s.key: s for s in sorted(sites, key=lambda s: (s.key, s.longitude, s.latitude))}
        self.sites = [by_key[k] for k in sorted(by_key)]
        number = {s.key: i for i, s in enumerate(self.sites)}
        known = [p for p in picks if p.station_key in number]
        self.n_unknown = len(picks) - len(known)
        known.sort(key=lambda p: (number[p.station_key], p.time_ns, p.pick_id))
        self.picks = known
        self.time_ns = np.array([p.time_ns for p in known], dtype=np.int64)
        self.station = np.array([number[p.station_key] for p in known], dtype=np.int64)
        self.data = np.array([_row(p) for p in known], dtype=np.float64).reshape(-1, 7)
        self.hint = np.array([_hint(p) for p in known], dtype=np.int64)
        self.weak = np.array([p.weak for p in known], dtype=np.bool_)
        self.unit = np.array([unit_vector_(s.longitude, s.latitude) for s in self.sites]).reshape(-1, 3)
        self.lon = np.array([s.longitude for s in self.sites], dtype=np.float64)
        self.lat = np.array([s.latitude for s in self.sites], dtype=np.float64)

    def window(self, start_ns: int, end_ns: int, reference_ns: int) -> "Window":
        """The picks from start (included) to end, with times in seconds after the reference."""
        return Window(
            self, np.flatnonzero((self.time_ns >= start_ns) & (self.time_ns < end_ns)), reference_ns
        )


class Window:
    """Picks of a stretch of time as arrays for the kernels.

    Columns of `data`: time s, sigma s, slowness, its sigma, back-azimuth, its sigma, share of such readings that are
    as good as their sigma; NaN where not measured. number: row in the table. start: first row of each station.
    """

    def __init__(self, table: Table, number: Ints, reference_ns: int) -> None:
        self.number = number
        self.reference_ns = reference_ns
        self.station = table.station[number]
        self.start = np.searchsorted(self.station, np.arange(len(table.sites) + 1)).astype(np.int64)
        self.data = table.data[number].copy()
        self.data[:, 0] = (table.time_ns[number] - reference_ns) / 1e9
        self.hint = table.hint[number]
        # a detector that calls nothing S says little by calling everything P
        self.calls_shear = bool(np.any(self.hint == 2))
        self.used = np.zeros(len(number), dtype=np.int64)
        times = np.ascontiguousarray(self.data[:, 0])
        self.counts = independent_(times, self.hint, self.start)
        self.weak = table.weak[number]
        self.active = _active(times[self.counts])
        self.rate, self.behind = self.rates()

    def rates(self) -> Floats:
        """(2, n): rate of picks that need no event to explain them around every pick, and the same without bursts.

        Those of known events do not count. Of a weak pick over the share of true arrivals that are picked as weak: what it is
        worth is the ratio of both.
        """
        times = np.ascontiguousarray(self.data[:, 0])
        spans = np.array(self.active).reshape(-1, 2)
        busy = max(1, int(np.sum(np.diff(self.start) > 0)))
        free = self.counts & (self.used == 0)
        out = np.empty((2, len(times)))
        for counted, rated in ((free & ~self.weak, ~self.weak), (free, self.weak)):
            typical = max(1, int(np.sum(counted))) / (busy * max(self.duration_s, 300.0))
            rate = np.empty((2, len(times)))
            rates_(times, self.start, counted, spans, typical, rate)
            out[:, rated] = rate[:, rated]
        out[:, self.weak] /= WEAK_SHARE
        return out

    def traits(self, n: int) -> Ints:
        """Traits of the stations as in `odds`: SHEAR where a pick may be S, POINTS where most picks measure a direction."""
        points = (self.data[:, 3] < ARRAY_SIGMA) & (self.data[:, 5] < RESOLVED_BACKAZIMUTH)
        out = np.zeros(n, dtype=np.int64)
        out[self.station[self.hint != 1]] = SHEAR
        pointing = np.bincount(self.station[points], minlength=n)
        out[pointing > POINTING_SHARE * np.bincount(self.station, minlength=n)] |= POINTS
        return out

    @property
    def duration_s(self) -> float:
        """Seconds in which anything was recorded (gaps of the whole network left out)."""
        return sum(b - a for a, b in self.active)


def _active(times: Floats) -> list[tuple[float, float]]:
    """Stretches without a gap of the whole network, a minute longer at both ends."""
    if not len(times):
        return []
    t = np.sort(times)
    cut = np.flatnonzero(np.diff(t) > GAP_S)
    first, last = np.concatenate([t[:1], t[cut + 1]]), np.concatenate([t[cut], t[-1:]])
    return [(float(a) - 60.0, float(b) + 60.0) for a, b in zip(first, last, strict=True)]


@njit(cache=True)
def independent_(t: Floats, hint: Ints, start: Ints) -> NDArray[np.bool_]:
    """Picks that are not a later phase of another pick of their station."""
    out = np.ones(t.size, dtype=np.bool_)
    for s in range(start.size - 1):
        last = -np.inf
        for i in range(start[s], start[s + 1]):
            if hint[i] != 2:
                last = t[i]
            elif t[i] - last <= FOLLOWS_S:
                out[i] = False
    return out


@njit(cache=True)
def rates_(
    t: Floats, start: Ints, counts: NDArray[np.bool_], spans: Floats, typical: float, rate: Floats
) -> None:
    """Rates (1/s) of picks for other reasons: mean of the half hour around and the half hour before, and bursts; row 1 without these.

    t: times, by station from start[s] to start[s + 1]; counts: picks that count in the rates of others; spans:
    stretches in which anything was recorded; typical: rate at a station of which nothing is known yet.
    """
    for s in range(start.size - 1):
        lo, hi, recent, span = start[s], start[s], start[s], 0
        around = before = burst = 0  # that count: from lo to hi, from lo to i, from recent to i
        for i in range(start[s], start[s + 1]):
            while hi < start[s + 1] and t[hi] <= t[i] + LOCAL_S:
                around += counts[hi]
                hi += 1
            while t[lo] < t[i] - LOCAL_S:
                around -= counts[lo]
                before -= counts[lo]
                lo += 1
            while t[recent] < t[i] - BURST_S:
                burst -= counts[recent]
                recent += 1
            while span + 1 < spans.shape[0] and spans[span + 1, 0] <= t[i]:
                span += 1
            first, last = spans[span, 0], spans[span, 1]
            seen = min(last, t[i] + LOCAL_S) - max(first, t[i] - LOCAL_S)
            calm = (around - counts[i] + 0.5) / max(seen, 300.0)
            earlier = (before + 1.0) / (min(LOCAL_S, t[i] - first) + 1.0 / typical)
            rate[1, i] = 0.5 * (calm + earlier)
            rate[0, i] = max(rate[1, i], 0.5 * burst / BURST_S)
            before += counts[i]
            burst += counts[i]


def _row(p: Pick) -> tuple[float, ...]:
    nan = float("nan")
    slow, slow_sigma = p.slowness_s_per_deg, p.slowness_sigma
    baz, baz_sigma = p.backazimuth_deg, p.backazimuth_sigma
    stated = slow_sigma is not None or baz_sigma is not None
    if slow is not None and slow_sigma is None:
        slow_sigma = SILENT_SLOWNESS
    if baz is not None and baz_sigma is None:
        baz_sigma = SILENT_BACKAZIMUTH
    has_slow = slow is not None and slow_sigma is not None and slow_sigma > 0
    if baz_sigma is not None and baz_sigma >= RESOLVED_BACKAZIMUTH:
        has_slow = False
    has_baz = baz is not None and baz_sigma is not None and baz_sigma > 0
    return (
        0.0, max(p.time_sigma_s, 0.05),
        float(slow or 0.0) if has_slow else nan, float(slow_sigma or 0.0) if has_slow else nan,
        float(baz or 0.0) if has_baz else nan, float(baz_sigma or 0.0) if has_baz else nan,
        STATED_SHARE if stated else SILENT_SHARE,
    )  # fmt: skip


def _hint(p: Pick) -> int:
    """0 not known, 1 P, 2 S."""
    text = p.phase_hint.upper()
    return 2 if text.startswith(("S", "L")) else 1 if text.startswith("P") else 0
