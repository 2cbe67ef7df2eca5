"""A series of tests from network, yield and place: what each test's chance is, and what the series risks.

Rules: the chance of one test is conditional on what all tests of a series share (the site's bias, how well the cavity
decouples, the season's noise, a common outage), which is integrated outside the product by fixed nodes; only the
scatter of single shots is inside. The independent product of the mean chance stands beside it as the upper bound.
Sizes of the causes are assumptions, each printed.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from testban.assure import series
from testban.assure.gauss import hermite
from testban.assure.identification import At
from testban.assure.series import Cause

NODES = 11


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """One test and n of them: detected, and detected and identified. `independent` is the upper bound.

    at_most_one: probability that at most one test is seen, with the gain of a template after the first seen one.
    """

    detected: float
    seen: float
    series_detected: float
    series_seen: float
    series_independent: float
    at_most_one: float
    at_most_one_without_template: float


class Course:
    """The chances of a magnitude at a place with the scatter of single shots, kept on a grid of 0.01."""

    def __init__(self, place: At, scatter: float) -> None:
        self.place, self.scatter = place, scatter
        self._at = lru_cache(maxsize=None)(self._node)

    def _node(self, k: int) -> tuple[float, float]:
        detected = seen = 0.0
        for z, w in hermite(NODES) if self.scatter > 0.0 else ((0.0, 1.0),):
            a, b = self.place.seen(0.01 * k + self.scatter * z)
            detected, seen = detected + w * a, seen + w * b
        return detected, seen

    def chance(self, m: float) -> tuple[float, float]:
        """P(detected), P(detected and identified); linear between hundredths."""
        k = math.floor(100.0 * m)
        f = 100.0 * m - k
        a, b = self._at(k), self._at(k + 1)
        return a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1])


def chances(
    course: Course, magnitudes: Sequence[float], causes: Sequence[Cause], template_gain: float
) -> Chances:
    """What a series of shots of the given expected magnitudes risks.

    template_gain: how much smaller a shot may be once one of the series was seen and serves as template. At most one
    seen is computed for shots of the mean magnitude.
    """
    variance = sum(c.sigma * c.sigma for c in causes)
    mean = sum(c.mean for c in causes)
    listening = 1.0
    for c in causes:
        listening *= 1.0 - c.outage
    root, n = math.sqrt(variance), len(magnitudes)
    middle = sum(magnitudes) / n
    nodes = hermite(21) if variance > 0.0 else ((0.0, 1.0),)
    one = [0.0, 0.0, 0.0, 0.0]
    for z, w in nodes:
        shift = mean + root * z
        a, b = course.chance(middle + shift)
        later = max(b, course.chance(middle + shift + template_gain)[1])
        one[0] += w * a
        one[1] += w * b
        one[2] += w * series.with_template(b, later, n)
        one[3] += w * series.with_template(b, b, n)
    each = [listening * sum(w * course.chance(m + mean + root * z)[1] for z, w in nodes) for m in magnitudes]
    product = 1.0
    for p in each:
        product *= 1.0 - p

    def unseen(which: int) -> float:
        return series.unseen_of(lambda s: [course.chance(m + s)[which] for m in magnitudes], causes)

    silent = 1.0 - listening
    return Chances(
        detected=listening * one[0], seen=listening * one[1], series_detected=1.0 - unseen(0),
        series_seen=1.0 - unseen(1), series_independent=1.0 - product, at_most_one=silent + listening * one[2],
        at_most_one_without_template=silent + listening * one[3],
    )  # fmt: skip
