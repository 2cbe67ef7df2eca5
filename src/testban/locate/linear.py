"""Small symmetric positive-definite systems by Cholesky's method or by elimination, in plain arithmetic.

Rules: no BLAS or LAPACK, fixed order of operations (Golub & Van Loan 1996, algorithm 4.2.1, row version), so that
every machine gets the same bits; a matrix that is not positive definite is reported, never silently repaired.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True)
def cholesky_(a: Floats, n: int) -> bool:
    """Lower factor of the leading (n, n) of `a`, in place (upper part untouched); False if not positive definite."""
    for i in range(n):
        for j in range(i):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / a[j, j]
        s = a[i, i]
        for k in range(i):
            s -= a[i, k] * a[i, k]
        if not s > 0.0:
            return False
        a[i, i] = math.sqrt(s)
    return True


@njit(cache=True)
def forward_(lower: Floats, b: Floats, n: int, m: int) -> None:
    """Solve L y = b in place for the first m columns of b (n, m)."""
    for i in range(n):
        for k in range(i):
            f = lower[i, k]
            for c in range(m):
                b[i, c] -= f * b[k, c]
        for c in range(m):
            b[i, c] /= lower[i, i]


@njit(cache=True)
def solve_(lower: Floats, b: Floats, n: int) -> None:
    """Solve L L' x = b in place for a vector."""
    for i in range(n):
        s = b[i]
        for k in range(i):
            s -= lower[i, k] * b[k]
        b[i] = s / lower[i, i]
    for i in range(n - 1, -1, -1):
        s = b[i]
        for k in range(i + 1, n):
            s -= lower[k, i] * b[k]
        b[i] = s / lower[i, i]


@njit(cache=True)
def inverse_(lower: Floats, out: Floats, n: int) -> None:
    """Inverse of L L' into out (n, n)."""
    column = np.empty(n)
    for c in range(n):
        for i in range(n):
            column[i] = 1.0 if i == c else 0.0
        solve_(lower, column, n)
        for i in range(n):
            out[i, c] = column[i]


@njit(cache=True)
def eliminate_(a: Floats) -> None:
    """Solve n equations given as rows of coefficients and right-hand side (n, n + 1), in place: the last column holds the solution.

    By elimination without pivots, for normal equations that a prior keeps regular.
    """
    n = a.shape[0]
    for p in range(n):
        for q in range(p + 1, n):
            f = a[q, p] / a[p, p]
            for z in range(p, n + 1):
                a[q, z] -= f * a[p, z]
    for p in range(n - 1, -1, -1):
        for q in range(p + 1, n):
            a[p, n] -= a[p, q] * a[q, n]
        a[p, n] /= a[p, p]
