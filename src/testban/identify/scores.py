"""How good a discriminant or a stated probability is, each figure with its interval.

Rules: no accuracy at equal shares of the classes is ever computed, because nothing in the world has such shares; a
share comes with its Wilson interval (Wilson 1927, JASA 22, 209), an area under the ROC curve with its error by DeLong
et al. 1988 (Biometrics 44, 837). Scores grow towards "explosion". Plain arithmetic and sorts: the same bits everywhere.
"""

import bisect
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.errors import InputError

Z95 = 1.959964


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """k of n, with the 95 % Wilson interval of the share behind it."""

    k: int
    n: int
    low: float
    high: float


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Area under the ROC curve with its standard error and 95 % interval."""

    value: float
    sigma: float
    low: float
    high: float
    n_explosions: int
    n_earthquakes: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Stated probabilities against what came: rows of (mean stated, share that came, n), their mean absolute gap, Brier score.

    by_chance: the gap that an honest statement of the same probabilities shows on average, because a class holds few events.
    """

    rows: tuple[tuple[float, float, int], ...]
    error: float
    brier: float
    by_chance: float


def share(k: int, n: int) -> Share:
    """A share with its interval; of nothing, everything is possible."""
    if n == 0:
        return Share(k=0, n=0, low=0.0, high=1.0)
    p, z2 = k / n, Z95 * Z95
    middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = Z95 / (1.0 + z2 / n) * math.sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n))
    return Share(k=k, n=n, low=max(0.0, middle - half), high=min(1.0, middle + half))


def _placed(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """For each value the share of the sorted others below it, ties half."""
    n = len(others)
    return [(bisect.bisect_left(others, v) + bisect.bisect_right(others, v)) / (2.0 * n) for v in values]


def _spread2(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((v - mean) * (v - mean) for v in values) / (len(values) - 1)


def area(explosions: Sequence[float], earthquakes: Sequence[float]) -> Area:
    """Chance that a random explosion scores above a random earthquake. Raises InputError for fewer than two of either.

    Where the classes do not overlap at all the interval is the Wilson one of all of the smaller class, because that of DeLong is nothing then.
    """
    x, q = sorted(explosions), sorted(earthquakes)
    if len(x) < 2 or len(q) < 2:
        raise InputError(
            f"expected two scores or more of each class, got {len(x)} and {len(q)}: give more events"
        )
    above, below = _placed(x, q), _placed(q, x)
    value = sum(above) / len(x)
    sigma = math.sqrt(_spread2(above) / len(x) + _spread2(below) / len(q))
    few = min(len(x), len(q))
    known = share(
        few if value > 0.5 else 0, few
    )  # classes that do not overlap have no spread, yet few events prove little
    low = known.low if value == 1.0 else value - Z95 * sigma
    high = known.high if value == 0.0 else value + Z95 * sigma
    return Area(
        value=value, sigma=sigma, low=max(0.0, low), high=min(1.0, high),
        n_explosions=len(x), n_earthquakes=len(q),
    )  # fmt: skip


def detected_at(
    explosions: Sequence[float], earthquakes: Sequence[float], false_alarm: float
) -> tuple[Share, Share, float]:
    """Share of explosions above the lowest threshold that at most that share of earthquakes exceeds.

    Returns (explosions seen, false alarms, threshold). With n earthquakes a rate under 1/n is only bounded, which the
    interval of the second share shows.
    """
    q = sorted(earthquakes, reverse=True)
    allowed = math.floor(false_alarm * len(q) + 1e-9)
    threshold = q[allowed] if allowed < len(q) else -math.inf
    seen = sum(1 for v in explosions if v > threshold)
    return share(seen, len(explosions)), share(sum(1 for v in q if v > threshold), len(q)), threshold


def calibration(probabilities: Sequence[float], came: Sequence[bool], bins: int = 10) -> Calibration:
    """Reliability over deciles of the stated probability (equal counts), the gap weighted by counts, and the Brier score.

    Equal probabilities stay in one class, so that the order of the events does not matter.
    """
    n = len(probabilities)
    if n == 0 or n != len(came):
        raise InputError(
            f"expected as many outcomes as probabilities, got {len(came)} and {n}: give both of each event"
        )
    pairs = sorted(zip(probabilities, came, strict=True))
    rows, gap, chance, at = [], 0.0, 0.0, 0
    for b in range(bins):
        end = (b + 1) * n // bins
        while 0 < end < n and pairs[end][0] == pairs[end - 1][0]:
            end += 1
        part, at = pairs[at:end], max(at, end)
        if part:
            stated = sum(p for p, _ in part) / len(part)
            real = sum(1 for _, c in part if c) / len(part)
            rows.append((stated, real, len(part)))
            gap += abs(stated - real) * len(part) / n
            chance += _scatter([p for p, _ in part]) / n
    brier = sum((p - float(c)) ** 2 for p, c in pairs) / n
    return Calibration(rows=tuple(rows), error=gap, brier=brier, by_chance=chance)


def _scatter(probabilities: Sequence[float]) -> float:
    """Expected distance of a count from its mean, where each comes with its probability (exact: Poisson-binomial)."""
    counts = np.ones(1)
    for p in probabilities:
        counts = np.append(counts * (1.0 - p), 0.0) + np.append(0.0, counts * p)
    mean = sum(probabilities)
    return sum(float(c) * abs(k - mean) for k, c in enumerate(counts))


def roc(explosions: Sequence[float], earthquakes: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Steps of the ROC curve: (share of earthquakes, share of explosions) at or above each score, from the strictest on."""
    x, q = sorted(explosions), sorted(earthquakes)
    if not x or not q:
        raise InputError(f"expected scores of both classes, got {len(x)} and {len(q)}: give more events")
    out = [(0.0, 0.0)]
    for level in sorted({*x, *q}, reverse=True):
        false = (len(q) - bisect.bisect_left(q, level)) / len(q)
        seen = (len(x) - bisect.bisect_left(x, level)) / len(x)
        out.append((false, seen))
    return tuple(out)
