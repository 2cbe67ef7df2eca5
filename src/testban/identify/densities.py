"""Wide-tailed class densities: Student's t with 4 degrees of freedom, in closed form.

Rules: only + - x / and square root, so the same bits everywhere. Density 3/8 (1 + t^2/4)^(-5/2); distribution
1/2 + (3/8) u (1 - u^2/12) with u = t / sqrt(1 + t^2/4) (Abramowitz & Stegun 26.7.4, integrated by parts).
"""

import math

from testban.base.dmath import log10_


def density(x: float, mean: float, scale: float) -> float:
    """Student-t4 density of x."""
    t = (x - mean) / scale
    q = 1.0 + 0.25 * t * t
    return 0.375 / (q * q * math.sqrt(q) * scale)


def distribution(x: float, mean: float, scale: float) -> float:
    """Student-t4 probability of a value below x."""
    t = (x - mean) / scale
    u = t / math.sqrt(1.0 + 0.25 * t * t)
    return 0.5 + 0.375 * u * (1.0 - u * u / 12.0)


def log10_ratio(p_explosion: float, p_earthquake: float, cap: float) -> float:
    """log10 of a likelihood ratio, held within +-cap."""
    if p_explosion <= 0.0 or p_earthquake <= 0.0:
        return 0.0 if p_explosion == p_earthquake else math.copysign(cap, p_explosion - p_earthquake)
    return max(-cap, min(cap, log10_(p_explosion) - log10_(p_earthquake)))
