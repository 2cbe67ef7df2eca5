"""Normal distribution and fixed quadrature for the assurance.

Rules: all from `base.dmath`, no library special functions, no random numbers; nodes are fixed, so that every party
gets the same bits. Gauss-Hermite: Abramowitz & Stegun 25.4.46 with the weight of the standard normal density; wide
integrals use the trapezoid on a fixed grid, which for smooth integrands under a normal weight is exact to rounding.
"""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import exp_, normal_cdf_
from testban.base.errors import InputError

Floats = NDArray[np.float64]
_ROOT_2PI = 2.5066282746310002
_LIMIT = 8.0
_PER_UNIT = 64


@cache
def cdf_table() -> Floats:
    """Phi and phi on a grid of 1/64 from -8 to 8, for `cdf_`: shape (1025, 2)."""
    z = np.arange(-_LIMIT, _LIMIT + 0.5 / _PER_UNIT, 1.0 / _PER_UNIT)
    rows = [(normal_cdf_(float(x)), exp_(-0.5 * float(x) * float(x)) / _ROOT_2PI) for x in z]
    return np.array(rows)


@njit(cache=True)
def cdf_(table: Floats, z: float) -> float:
    """Phi(z) by the cubic through values and slopes of the table; error below 1e-10, 0 or 1 beyond |z| = 8."""
    if z >= 7.999:
        return 1.0
    if not z > -7.999:
        return 0.0
    x = (z + 8.0) * 64.0
    i = int(x)
    f = x - i
    g = 1.0 - f
    h = 1.0 / 64.0
    y: float = (
        table[i, 0] * (1.0 + 2.0 * f) * g * g
        + table[i + 1, 0] * f * f * (3.0 - 2.0 * f)
        + h * f * g * (table[i, 1] * g - table[i + 1, 1] * f)
    )
    return y


def quantile(p: float) -> float:
    """Z with Phi(z) = p, by bisection. Raises InputError outside 0 < p < 1."""
    if not 0.0 < p < 1.0:
        raise InputError(f"expected a probability between 0 and 1 (both excluded), got {p}; correct it")
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if normal_cdf_(middle) < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _hermite(n: int, x: float) -> tuple[float, float]:
    """He_n(x) and He_{n-1}(x)."""
    before, now = 0.0, 1.0
    for k in range(n):
        before, now = now, x * now - k * before
    return now, before


@cache
def hermite(n: int) -> tuple[tuple[float, float], ...]:
    """(node, weight) of the n-point Gauss-Hermite rule for a standard normal variable, rising; weights add to 1.

    Nodes by bisection between the nodes of the next lower rule, which interlace. n from 1 to 40.
    """
    if not 1 <= n <= 40:
        raise InputError(f"expected 1 to 40 quadrature nodes, got {n}; correct it")
    roots = [0.0]
    for k in range(2, n + 1):
        edges = [-2.0 * float(np.sqrt(k)) - 2.0, *roots, 2.0 * float(np.sqrt(k)) + 2.0]
        roots = [_root(k, edges[i], edges[i + 1]) for i in range(k)]
    factorial = 1.0
    for k in range(2, n):
        factorial *= k
    # weight = (n-1)! / (n He_{n-1}(x)^2) for the probabilists' polynomials
    raw = [(x, factorial / (n * _hermite(n, x)[1] * _hermite(n, x)[1])) for x in roots]
    total = sum(w for _, w in raw)
    return tuple((x, w / total) for x, w in raw)


def _root(n: int, low: float, high: float) -> float:
    sign = _hermite(n, high)[0] > 0.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if (_hermite(n, middle)[0] > 0.0) == sign:
            high = middle
        else:
            low = middle
    return 0.0 if n % 2 == 1 and abs(low + high) < 1e-12 else 0.5 * (low + high)


@cache
def wide_nodes() -> tuple[tuple[float, float], ...]:
    """(node, weight) of the trapezoid under the standard normal density, -9 to 9 in steps of 1/32."""
    nodes = [k / 32.0 for k in range(-288, 289)]
    raw = [(z, exp_(-0.5 * z * z)) for z in nodes]
    total = sum(w for _, w in raw)
    return tuple((z, w / total) for z, w in raw)
