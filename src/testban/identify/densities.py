"""Wide-tailed class densities: Student's t with 4 degrees of freedom, in closed form.

Rules: the same bits everywhere. The tails of a class known from a handful of events are unknown, hence t4; a class known from many
shows its own, so a normal density takes over by the share (n - 4) / (n + 16) [assumed]: none up to four events, 0.83 at a hundred. Density 3/8 (1 + t^2/4)^(-5/2); distribution
1/2 + (3/8) u (1 - u^2/12) with u = t / sqrt(1 + t^2/4) (Abramowitz & Stegun 26.7.4, integrated by parts).
"""

import math

from testban.base.dmath import exp_, log10_, normal_cdf_

ROOT_2PI = 2.5066282746310002


def normal_share(n: int) -> float:
    """Share of the normal density in that of a class known from n events."""
    return max(0.0, (n - 4.0) / (n + 16.0))


def density(x: float, mean: float, scale: float, normal: float = 0.0) -> float:
    """Student-t4 density of x, mixed with a share of the normal one."""
    t = (x - mean) / scale
    q = 1.0 + 0.25 * t * t
    heavy = 0.375 / (q * q * math.sqrt(q) * scale)
    if normal == 0.0:
        return heavy
    return (1.0 - normal) * heavy + normal * exp_(-0.5 * t * t) / (ROOT_2PI * scale)


def distribution(x: float, mean: float, scale: float, normal: float = 0.0) -> float:
    """Student-t4 probability of a value below x, mixed like the density."""
    t = (x - mean) / scale
    u = t / math.sqrt(1.0 + 0.25 * t * t)
    heavy = 0.5 + 0.375 * u * (1.0 - u * u / 12.0)
    return heavy if normal == 0.0 else (1.0 - normal) * heavy + normal * normal_cdf_(t)


def log10_ratio(p_explosion: float, p_earthquake: float, cap: float) -> float:
    """log10 of a likelihood ratio, held within +-cap."""
    if p_explosion <= 0.0 or p_earthquake <= 0.0:
        return 0.0 if p_explosion == p_earthquake else math.copysign(cap, p_explosion - p_earthquake)
    return max(-cap, min(cap, log10_(p_explosion) - log10_(p_earthquake)))
