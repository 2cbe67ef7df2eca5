"""What a network would see at one place: the chance of one test and of a series, common causes outside the product.

Rules: those of `capability` and `series`. Causes that all tests of a series share (how large tests look at this site, the
season's noise, what the rule calls common scatter, an outage) are integrated over the whole series; only the scatter of single
shots is integrated for each test by itself. The independent product of the mean chance stands beside it as upper bound.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.assure import capability, identification, series
from testban.assure.capability import Rule, Sensor
from testban.assure.gauss import cdf_table, hermite
from testban.assure.question import Spread
from testban.base.geo import delaz_

Floats = NDArray[np.float64]
SCATTER_NODES = 11
_ONE = np.array([[0.0, 1.0]])


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """n tests at a place: probability that at least one is seen, the same as if their misses were independent, and that at
    least one is seen and told from an earthquake (`identification`).
    """

    seen: float
    independent: float
    told: float


class Place:
    """A place with what each station needs there, kept for many magnitudes."""

    def __init__(self, sensors: Sequence[Sensor], rule: Rule, longitude: float, latitude: float) -> None:
        capability.check(rule, tuple(sensors))
        d = np.array([delaz_(longitude, latitude, s.longitude, s.latitude)[0] for s in sensors])
        keep = (d >= rule.nearest_deg) & (d <= rule.farthest_deg)
        model = capability.model_of(rule)
        q = np.array([capability.decay_(model, float(x)) for x in d])
        base = capability.base_of(sensors, rule) if len(sensors) else np.zeros(0)
        up = np.array([s.reliability for s in sensors], dtype=np.float64)
        points = capability.points_of(sensors, rule) if len(sensors) else np.zeros(0, np.int64)
        self.rule = rule
        self._limits, self._up, self._points = (base + q)[keep], up[keep], points[keep]
        self._state = np.empty(rule.points + 1)
        self._at = identification.at(
            longitude, latitude, tuple(sensors), rule, identification.Identification()
        )

    def given(self, magnitude: float) -> float:
        """P(the rule is met) where the rule's common scatter is at its mean."""
        p: float = capability.count_(
            cdf_table(), self._limits, self._up, self._points, self.rule.points, self.rule.sigma, magnitude,
            self._state,
        )  # fmt: skip
        return min(max(p, 0.0), 1.0)

    def threshold(self) -> float:
        """Magnitude seen with the rule's level, common scatter of the rule included; NaN where none is."""
        m: float = capability.threshold_(
            cdf_table(), self._limits, self._up, self._points, self.rule.points, self.rule.sigma, self.rule.level,
            4.0, self._state, capability.nodes_of(self.rule),
        )  # fmt: skip
        return m

    def one(self, magnitude: float, scatter: float) -> tuple[float, float]:
        """P(detected), P(detected and told from an earthquake), over the scatter of single shots."""
        seen = told = 0.0
        for z, w in hermite(SCATTER_NODES) if scatter > 0.0 else ((0.0, 1.0),):
            m = magnitude + scatter * z
            seen += w * self.given(m)
            told += w * self._at.seen(m)[1]
        return min(seen, 1.0), min(max(told, 0.0), 1.0)


def causes(rule: Rule, spread: Spread) -> tuple[series.Cause, ...]:
    """What all tests of a series share."""
    return (
        series.Cause(name="site", sigma=spread.site),
        series.Cause(name="season", sigma=spread.season),
        series.Cause(name="network", sigma=rule.common_sigma),
        series.Cause(name="outage", outage=spread.outage),
    )


def sights(place: Place, magnitude: float, counts: Sequence[int], spread: Spread) -> tuple[Sight, ...]:
    """For each number of tests of that magnitude."""
    kept: dict[float, tuple[float, float]] = {}

    def chance(shift: float, which: int) -> float:
        if shift not in kept:
            kept[shift] = place.one(magnitude + shift, spread.scatter)
        return kept[shift][which]

    def unseen(n: int, which: int) -> float:
        return series.unseen_of(lambda shift: [chance(shift, which)] * n, shared)

    shared = causes(place.rule, spread)
    mean = min(max(1.0 - unseen(1, 0), 0.0), 1.0)
    return tuple(
        Sight(seen=1.0 - unseen(n, 0), independent=series.seen(mean, n), told=1.0 - unseen(n, 1))
        for n in counts
    )
