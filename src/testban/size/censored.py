"""The network value of amplitudes of which some are only bounds: censored maximum likelihood.

Rules: the likelihood is prod phi((x_i - m)/s)/s * prod Phi((u_j - m)/s) * prod [1 - Phi((l_k - m)/s)] with x
measured, u upper bounds (not detected: the noise), l lower bounds (clipped), s the spread of one station. It is
log-concave in m, so bisection on its derivative finds the one maximum; all arithmetic from `base.dmath`.
Method: Ringdal 1976, BSSA 66, 789. Upper limit of an event nobody saw: Ringdal & Kvaerna 1989, BSSA 79, 1927.
"""

import math
from collections.abc import Callable, Sequence

from testban.base.dmath import erfc_, exp_, normal_cdf_
from testban.base.errors import InputError

_ROOT_2PI = 2.5066282746310002
_ROOT_HALF = 0.70710678118654752440
_STEPS = 200


def mills(z: float) -> float:
    """Ratio phi(z) / Phi(z) of the standard normal density to its distribution function."""
    if z < -25.0:
        return -z + 1.0 / -z  # asymptotic, error below 1e-4 of the second term
    return exp_(-0.5 * z * z) / (_ROOT_2PI * 0.5 * erfc_(-z * _ROOT_HALF))


def _slope(
    m: float, values: Sequence[float], upper: Sequence[float], lower: Sequence[float], s: float
) -> float:
    total = 0.0
    for x in values:
        total += (x - m) / (s * s)
    for u in upper:
        total -= mills((u - m) / s) / s
    for low in lower:
        total += mills((m - low) / s) / s
    return total


def _bisect(low: float, high: float, rising: bool, f: Callable[[float], float]) -> float:
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if (f(middle) > 0.0) == rising:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def estimate(
    values: Sequence[float], upper: Sequence[float] = (), sigma: float = 0.35, lower: Sequence[float] = ()
) -> tuple[float, float]:
    """Maximum-likelihood network value and its standard error (from the curvature), same unit as the input.

    values: measured, at least one; upper: bounds from stations that did not see it; lower: clipped ones; sigma: the
    spread of one station. Order does not matter. Raises InputError without a value or a positive sigma.
    """
    if not values or not sigma > 0.0:
        raise InputError(
            f"expected a measured value and a positive sigma, got {len(values)} and {sigma}: give both"
        )
    v, u, w = sorted(values), sorted(upper), sorted(lower)
    everything = v + u + w
    if not all(math.isfinite(x) for x in everything):
        raise InputError("expected finite magnitudes, got NaN or infinity: leave unmeasured stations out")
    low, high = min(everything) - 20.0 * sigma, max(everything) + 20.0 * sigma
    m = _bisect(low, high, False, lambda x: _slope(x, v, u, w, sigma))
    step = 1e-4 * sigma
    curvature = (_slope(m - step, v, u, w, sigma) - _slope(m + step, v, u, w, sigma)) / (2.0 * step)
    return m, 1.0 / math.sqrt(curvature)


def upper_limit(upper: Sequence[float], sigma: float = 0.35, probability: float = 0.9) -> float:
    """The value that an event nobody saw would exceed with 1 - probability: prod Phi((u_j - m)/s) = 1 - p.

    With stations at u_j = m_j this is the threshold-monitoring limit of Ringdal & Kvaerna 1989.
    """
    if not upper or not sigma > 0.0:
        raise InputError("expected at least one bound and a positive sigma, got none: no limit can be stated")
    u = sorted(upper)
    if not all(math.isfinite(x) for x in u):
        raise InputError("expected finite bounds, got NaN or infinity: leave those stations out")

    def excess(m: float) -> float:
        product = 1.0
        for x in u:
            product *= normal_cdf_((x - m) / sigma)
        return (1.0 - probability) - product

    return _bisect(min(u) - 20.0 * sigma, max(u) + 20.0 * sigma, True, excess)
