"""Detected and told from an earthquake: the joint probability, place by place.

Rules: an event can be identified where it is detected and either enough near stations see it well above their noise
(P and S at regional distance) or it is so large that surface waves decide (mb:Ms). Both happen at the same stations,
so their probability is joint, by an exact recursion over the counts of both, never a product. That it can be told does
not mean that it will be: `hit` is the share of explosions that the criterion then calls explosions. None of the numbers
is published for a network at large: all of them are assumptions of the scenario and are printed as such.
"""

import math

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.assure.capability import Model, Rule, Sensor, decay_, model_of
from testban.assure.gauss import cdf_, cdf_table, hermite
from testban.base.dmath import log10_
from testban.base.errors import InputError
from testban.base.geo import delaz_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 8


class Identification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What telling an explosion from an earthquake needs [assumed].

    stations: that many within farthest_deg with a signal of `snr` over noise; or an mb of surface_mb and more. hit:
    share of explosions then called so, at `false_alarm` of the earthquakes.
    """

    snr: float = 6.0
    stations: int = 2
    farthest_deg: float = 20.0
    surface_mb: float = 4.0
    hit: float = 0.95
    false_alarm: float = 0.001

    def __post_init__(self) -> None:
        if not (
            self.snr > 0.0
            and 1 <= self.stations <= MOST
            and 0.0 <= self.hit <= 1.0
            and 0.0 <= self.false_alarm <= 1.0
        ):
            raise InputError(
                f"identification: expected snr above 0, stations from 1 to {MOST}, hit and false_alarm in 0..1; correct it"
            )


@njit(cache=True)
def joint_(
    normal: Floats, limits: Floats, clear: Floats, up: Floats, points: Ints, need: int, enough: int, sigma: float,
    m: float, state: Floats,
) -> tuple[float, float]:  # fmt: skip
    """P(detected), and P(detected and at least `enough` stations clear); state (need + 1, enough + 1).

    limits, clear: magnitudes at which a station detects and sees clearly with probability one half; clear >= limits,
    infinite where the station is too far.
    """
    state[:, :] = 0.0
    state[0, 0] = 1.0
    for i in range(limits.size):
        p = up[i] * cdf_(normal, (m - limits[i]) / sigma)
        if p <= 0.0:
            continue
        c = min(p, up[i] * cdf_(normal, (m - clear[i]) / sigma)) if clear[i] < 1e9 else 0.0
        w = points[i]
        for a in range(need, -1, -1):
            for b in range(enough, -1, -1):
                x = state[a, b]
                if x == 0.0:
                    continue
                state[a, b] = x * (1.0 - p)
                t = min(need, a + w)
                state[t, b] += x * (p - c)
                state[t, min(enough, b + 1)] += x * c
    seen = 0.0
    for b in range(enough + 1):
        seen += state[need, b]
    return seen, state[need, enough]


@njit(cache=True)
def thresholds_(
    normal: Floats, model: Model, delta: Floats, base: Floats, margin: float, near: float,
    far: float, clear_deg: float, up: Floats, points: Ints, need: int, enough: int, sigma: float, level: float,
    surface_mb: float, nodes: Floats, out: Floats,
) -> None:  # fmt: skip
    """Smallest m at which detected and identifiable has the probability `level`, for each row of delta (k, n)."""
    n = base.size
    limits, clear = np.empty(n), np.empty(n)
    r, w = np.empty(n), np.empty(n, np.int64)
    state = np.empty((need + 1, enough + 1))
    for g in range(delta.shape[0]):
        k = 0
        for i in range(n):
            d = delta[g, i]
            if d >= near and d <= far:
                limits[k] = base[i] + decay_(model, d)
                clear[k] = limits[k] + margin if d <= clear_deg else 1e12
                r[k], w[k] = up[i], points[i]
                k += 1
        low, high = -2.0, 10.0
        for step in range(45):
            m = high if step == 0 else 0.5 * (low + high)
            p = 0.0
            for c in range(nodes.shape[0]):
                seen, both = joint_(
                    normal, limits[:k], clear[:k], r[:k], w[:k], need, enough, sigma, m + nodes[c, 0], state
                )
                p += nodes[c, 1] * (seen if m >= surface_mb else both)
            if step == 0:
                if p < level:
                    low = high = np.nan
                    break
            elif p >= level:
                high = m
            else:
                low = m
        out[g] = high


class At(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A network as one place sees it; `seen` gives the probabilities of a magnitude."""

    codes: tuple[str, ...]
    limits: Floats
    clear: Floats
    up: Floats
    points: Ints
    rule: Rule
    identification: Identification

    def seen(self, m: float) -> tuple[float, float]:
        """P(detected) and P(detected and identified) of an event of magnitude m, without any common cause."""
        k, n = self.rule.points, self.identification.stations
        detected, both = joint_(
            cdf_table(),
            self.limits,
            self.clear,
            self.up,
            self.points,
            k,
            n,
            self.rule.sigma,
            m,
            np.empty((k + 1, n + 1)),
        )
        told = detected if m >= self.identification.surface_mb else both
        return detected, told * self.identification.hit

    def without(self, dead: tuple[str, ...]) -> "At":
        """The same without some stations."""
        keep = np.array([c not in dead for c in self.codes], dtype=bool)
        return msgspec.structs.replace(
            self, codes=tuple(c for c in self.codes if c not in dead), limits=self.limits[keep],
            clear=self.clear[keep], up=self.up[keep], points=self.points[keep],
        )  # fmt: skip


def at(longitude: float, latitude: float, sensors: tuple[Sensor, ...], rule: Rule, how: Identification) -> At:
    """The network at a place (degrees), a source at the surface."""
    rows = []
    margin = max(0.0, log10_(how.snr / rule.snr))
    model = model_of(rule)
    for s in sorted(sensors, key=lambda s: (s.code, s.longitude, s.latitude)):
        d = float(delaz_(longitude, latitude, s.longitude, s.latitude)[0])
        if rule.nearest_deg <= d <= rule.farthest_deg:
            limit = float(decay_(model, d)) + log10_(rule.snr) + log10_(s.noise_nm_s)
            clear = limit + margin if d <= how.farthest_deg else 1e12
            rows.append(
                (s.code, limit, clear, s.reliability, rule.array_points if s.array else rule.station_points)
            )
    return At(
        codes=tuple(r[0] for r in rows), limits=np.array([r[1] for r in rows]), clear=np.array([r[2] for r in rows]),
        up=np.array([r[3] for r in rows]), points=np.array([r[4] for r in rows], dtype=np.int64), rule=rule,
        identification=how,
    )  # fmt: skip


def threshold(place: At, identified: bool = False) -> float:
    """Magnitude detected (or detected and identifiable) with the rule's level and common scatter; NaN: none up to 10."""
    nodes = _nodes(place.rule)
    k, n = place.rule.points, place.identification.stations
    state = np.empty((k + 1, n + 1))

    def chance(m: float) -> float:
        total = 0.0
        for shift, weight in nodes:
            seen, both = joint_(
                cdf_table(),
                place.limits,
                place.clear,
                place.up,
                place.points,
                k,
                n,
                place.rule.sigma,
                m + shift,
                state,
            )
            total += weight * (both if identified and m < place.identification.surface_mb else seen)
        return total

    low, high = -2.0, 10.0
    if chance(high) < place.rule.level:
        return math.nan
    for _ in range(45):
        m = 0.5 * (low + high)
        low, high = (low, m) if chance(m) >= place.rule.level else (m, high)
    return high


def _nodes(rule: Rule) -> Floats:
    if rule.common_sigma == 0.0:
        return np.array([[0.0, 1.0]])
    return np.array([(rule.common_sigma * x, w) for x, w in hermite(11)])


def thresholds(
    sensors: tuple[Sensor, ...], rule: Rule, how: Identification, longitude: Floats, latitude: Floats
) -> Floats:
    """Magnitude detected and identifiable with the rule's level at each place (degrees); NaN where none is."""
    out = np.full(longitude.size, np.nan)
    if not sensors:
        return out
    delta = np.array(
        [
            [delaz_(float(x), float(y), s.longitude, s.latitude)[0] for s in sensors]
            for x, y in zip(longitude, latitude, strict=True)
        ]
    )
    thresholds_(
        cdf_table(), model_of(rule), delta, np.array([log10_(rule.snr) + log10_(s.noise_nm_s) for s in sensors]),
        max(0.0, log10_(how.snr / rule.snr)), rule.nearest_deg, rule.farthest_deg, how.farthest_deg,
        np.array([s.reliability for s in sensors]),
        np.array([rule.array_points if s.array else rule.station_points for s in sensors], dtype=np.int64), rule.points, how.stations,
        rule.sigma, rule.level, how.surface_mb, _nodes(rule), out,
    )  # fmt: skip
    return out
