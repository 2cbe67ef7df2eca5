"""Picks as arrays, sorted by station and time, with the rate of picks that need no event to explain them.

Rules: order of input does not matter (total order: station, time, id); picks at stations without coordinates are
counted, not used; the noise rate of a pick leaves the pick itself out and grows after a burst (coda). A later phase
(S or Lg close behind another pick of its station) is a consequence of that pick, not a false alarm of its own: it
counts in nobody's rate, so that seeing more of an event never makes the event less credible.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.geo import unit_vector_
from testban.base.records import Pick, Site

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOCAL_S = 1800.0  # half width of the window in which a station's rate of picks is counted
BURST_S = 60.0
FOLLOWS_S = 300.0  # behind P by at most so much: S or Lg of the same event (S at 25 degrees)
GAP_S = 600.0  # silence of the whole network beyond which nothing was recorded, where up-time is not supplied


class Table:
    """Arrays of one job. Column order of `data`: time s, sigma s, slowness, its sigma, back-azimuth, its sigma."""

    def __init__(self, picks: Sequence[Pick], sites: Sequence[Site]) -> None:
        by_key = {s.key: s for s in sorted(sites, key=lambda s: (s.key, s.longitude, s.latitude))}
        self.sites = [by_key[k] for k in sorted(by_key)]
        number = {s.key: i for i, s in enumerate(self.sites)}
        known = [p for p in picks if p.station_key in number]
        self.n_unknown = len(picks) - len(known)
        known.sort(key=lambda p: (number[p.station_key], p.time_ns, p.pick_id))
        self.picks = known
        self.reference_ns = min((p.time_ns for p in known), default=0)
        self.station = np.array([number[p.station_key] for p in known], dtype=np.int64)
        self.start = np.searchsorted(self.station, np.arange(len(self.sites) + 1)).astype(np.int64)
        self.data = np.array([self._row(p) for p in known], dtype=np.float64).reshape(-1, 6)
        self.hint = np.array([_hint(p) for p in known], dtype=np.int64)
        self.unit = np.array([unit_vector_(s.longitude, s.latitude) for s in self.sites]).reshape(-1, 3)
        self.lon = np.array([s.longitude for s in self.sites], dtype=np.float64)
        self.lat = np.array([s.latitude for s in self.sites], dtype=np.float64)
        self.rate = self._rates()
        self.used = np.zeros(len(known), dtype=np.int64)

    def _row(self, p: Pick) -> tuple[float, ...]:
        nan = float("nan")
        slow = p.slowness_s_per_deg is not None and p.slowness_sigma is not None and p.slowness_sigma > 0
        baz = p.backazimuth_deg is not None and p.backazimuth_sigma is not None and p.backazimuth_sigma > 0
        return (
            (p.time_ns - self.reference_ns) / 1e9, max(p.time_sigma_s, 0.05),
            float(p.slowness_s_per_deg or 0.0) if slow else nan, float(p.slowness_sigma or 0.0) if slow else nan,
            float(p.backazimuth_deg or 0.0) if baz else nan, float(p.backazimuth_sigma or 0.0) if baz else nan,
        )  # fmt: skip

    @property
    def duration_s(self) -> float:
        """Seconds in which anything was recorded (gaps of the whole network left out)."""
        return sum(b - a for a, b in self.active)

    def _independent(self) -> NDArray[np.bool_]:
        """Picks that are not a later phase of another pick of their station."""
        out = np.ones(len(self.picks), dtype=np.bool_)
        for s in range(len(self.sites)):
            last = -np.inf
            for i in range(int(self.start[s]), int(self.start[s + 1])):
                if self.hint[i] != 2:
                    last = float(self.data[i, 0])
                elif self.data[i, 0] - last <= FOLLOWS_S:
                    out[i] = False
        return out

    def _rates(self) -> Floats:
        independent = self._independent()
        self.active: list[tuple[float, float]] = []
        for x in np.sort(self.data[independent, 0]):
            if self.active and x - self.active[-1][1] <= GAP_S:
                self.active[-1] = (self.active[-1][0], float(x))
            else:
                self.active.append((float(x), float(x)))
        self.active = [(a - 60.0, b + 60.0) for a, b in self.active]
        starts = np.array([a for a, _ in self.active])
        rate = np.empty(len(self.picks))
        typical = int(np.sum(independent)) / (
            max(1, int(np.sum(np.diff(self.start) > 0))) * max(self.duration_s, 300.0)
        )
        for s in range(len(self.sites)):
            a, b = int(self.start[s]), int(self.start[s + 1])
            times, counted = self.data[a:b, 0], self.data[a:b, 0][independent[a:b]]
            at = np.cumsum(independent[a:b]) - independent[a:b]  # counted picks ahead of each
            lo = np.searchsorted(counted, times - LOCAL_S)
            others = np.searchsorted(counted, times + LOCAL_S, side="right") - lo - independent[a:b]
            burst = at - np.searchsorted(counted, times - BURST_S)
            for i in range(b - a):
                first, last = self.active[int(np.searchsorted(starts, times[i], side="right")) - 1]
                span = min(last, times[i] + LOCAL_S) - max(first, times[i] - LOCAL_S)
                calm = (others[i] + 0.5) / max(span, 300.0)
                before = (at[i] - lo[i] + 1.0) / (min(LOCAL_S, times[i] - first) + 1.0 / typical)
                rate[a + i] = max(0.5 * (calm + before), 0.5 * burst[i] / BURST_S)
        return rate


def _hint(p: Pick) -> int:
    """0 not known, 1 P, 2 S."""
    text = p.phase_hint.upper()
    return 2 if text.startswith(("S", "L")) else 1 if text.startswith("P") else 0
