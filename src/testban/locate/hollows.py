"""Other places that explain the arrivals nearly as well, and a region that holds them.

Rules: every place where the search came to rest is a hollow of the misfit, its weight exp(-misfit / 2) with independent errors: a far
hollow is the wider one, but an event large enough to be seen from there the rarer, and neither is weighed. What lies in the ellipse of a
better one is the same place. The region of the solution alone is widened until it holds the probability of all; where that would take more
than MOST of its own share, it is drawn out over the rivals, greatest share first, until it holds enough.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import exp_
from testban.base.geo import offset_km_
from testban.locate.problem import Problem, Solution
from testban.locate.quality import chi2_two

Floats = NDArray[np.float64]

MOST = 0.99
LEAST_SHARE = 1e-3  # a rival below it changes nothing that is printed


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """Another place: where, how far from the solution, its share of the weight of all (0..1), and the covariance of its east and north
    (km**2: east-east, east-north, north-north; independent errors).
    """

    longitude: float
    latitude: float
    distance_km: float
    share: float
    covariance: tuple[float, float, float]


def rivals(problem: Problem, found: Solution, cov: Floats) -> tuple[Rival, ...]:
    """The hollows that the search met besides the solution's own, outside its ellipse (covariance cov, 2 by 2), greatest share first."""
    met = sorted(problem.hollows, key=lambda s: (s.cost, float(s.x[0]), float(s.x[1])))
    if not met:
        return ()
    factor = chi2_two(problem.settings.probability)
    # the depth may have moved the solution since the search: rivals are seen from the hollow that it came from, at its depth
    own = min(met, key=lambda s: math.hypot(*_offset(found, s)))
    kept = [own]
    for s in met:
        if inside(cov, *_offset(own, s)) <= factor:
            continue
        if all(_apart(k, s, factor) for k in kept):
            kept.append(s)
    if len(kept) == 1:
        return ()
    best = min(s.cost for s in kept)
    mass = [exp_(-0.5 * min(s.cost - best, 600.0)) for s in kept]
    total = sum(mass)
    out = []
    for s, m in zip(kept[1:], mass[1:], strict=True):
        if m / total >= LEAST_SHARE:
            out.append(
                Rival(
                    longitude=float(s.x[0]),
                    latitude=float(s.x[1]),
                    distance_km=math.hypot(*_offset(own, s)),
                    share=m / total,
                    covariance=(float(s.inverse[1, 1]), float(s.inverse[1, 2]), float(s.inverse[2, 2])),
                )
            )
    return tuple(sorted(out, key=lambda r: (-r.share, r.longitude, r.latitude)))


def _offset(a: Solution, b: Solution) -> tuple[float, float]:
    """East and north of b from a, km."""
    return offset_km_(float(a.x[0]), float(a.x[1]), float(b.x[0]), float(b.x[1]))


def _apart(a: Solution, b: Solution, factor: float) -> bool:
    """Whether b lies outside the ellipse of a and a outside that of b."""
    east, north = _offset(a, b)
    return all(inside(s.inverse[1:3, 1:3], east, north) > factor for s in (a, b))


def inside(c: Floats, east: float, north: float) -> float:
    """Square of a distance in units of the covariance c (2, 2)."""
    d = float(c[0, 0] * c[1, 1] - c[0, 1] * c[0, 1])
    if not d > 0.0:
        return 0.0
    return float(c[1, 1] * east * east - 2.0 * c[0, 1] * east * north + c[0, 0] * north * north) / d


def enlarged(
    cov: Floats, fit: Floats, others: Sequence[Rival], at: tuple[float, float], probability: float
) -> tuple[Floats, float]:
    """Covariance (2, 2) and factor of the ellipse round `at` (degrees) that holds the probability, rivals included.

    cov, fit: covariance of the solution with full and with independent errors; rivals' errors are enlarged as much.
    """
    held = 1.0 - sum(r.share for r in others)
    if probability <= MOST * held:
        return cov, chi2_two(probability / held)
    factor, out = chi2_two(probability), cov
    wider = max(1.0, float(cov[0, 0] + cov[1, 1]) / float(fit[0, 0] + fit[1, 1]))
    for r in others:
        if probability <= MOST * held:
            break
        held += r.share
        ee, en, nn = (wider * v for v in r.covariance)
        out = _over(out, np.array([[ee, en], [en, nn]]), offset_km_(*at, r.longitude, r.latitude), factor)
    return out, factor


def _over(a: Floats, b: Floats, offset: tuple[float, float], factor: float) -> Floats:
    """A covariance whose ellipse holds that of a, and that of b at an offset (km): twice what its end needs, for it is narrow there."""
    size = math.hypot(*offset)
    u = np.array(offset) / size
    along = float(u[0] * u[0] * b[0, 0] + 2.0 * u[0] * u[1] * b[0, 1] + u[1] * u[1] * b[1, 1])
    reach = (size + math.sqrt(factor * along)) ** 2 / factor
    return 2.0 * (a + b + reach * u[:, None] * u[None, :])
