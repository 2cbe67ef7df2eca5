"""Small dense systems by hand: Cholesky, triangular solves, the symmetric 2 x 2 eigenproblem.

Rules: fixed order of operations, no BLAS, so the same bits everywhere. A matrix that is not positive definite gives
False, never a NaN.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_

F64 = NDArray[np.float64]


@njit(cache=True)
def cholesky_(a: F64) -> bool:
    """Lower Cholesky factor in place (upper part untouched); False where `a` is not positive definite."""
    n = a.shape[0]
    for j in range(n):
        s = a[j, j]
        for k in range(j):
            s -= a[j, k] * a[j, k]
        if not s > 0.0:
            return False
        a[j, j] = math.sqrt(s)
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / a[j, j]
    return True


@njit(cache=True)
def forward_(factor: F64, b: F64) -> None:
    """Solve L x = b in place; b of shape (n, m)."""
    n = factor.shape[0]
    for c in range(b.shape[1]):
        for i in range(n):
            s = b[i, c]
            for k in range(i):
                s -= factor[i, k] * b[k, c]
            b[i, c] = s / factor[i, i]


@njit(cache=True)
def inverse_(factor: F64, out: F64) -> None:
    """Inverse of L L^T from its factor L."""
    n = factor.shape[0]
    for c in range(n):
        for i in range(n):
            s = 1.0 if i == c else 0.0
            for k in range(i):
                s -= factor[i, k] * out[k, c]
            out[i, c] = s / factor[i, i]
        for i in range(n - 1, -1, -1):
            s = out[i, c]
            for k in range(i + 1, n):
                s -= factor[k, i] * out[k, c]
            out[i, c] = s / factor[i, i]


@njit(cache=True)
def axes_(east: float, both: float, north: float) -> tuple[float, float, float]:
    """Of a covariance [[east, both], [both, north]]: larger and smaller standard deviation, azimuth of the larger
    in degrees from north (0..180)."""
    half, mean = 0.5 * (east - north), 0.5 * (east + north)
    root = math.sqrt(half * half + both * both)
    strike = 0.5 * atan2_(both, -half) / DEG
    if strike < 0.0:
        strike += 180.0
    return math.sqrt(mean + root), math.sqrt(max(0.0, mean - root)), strike
