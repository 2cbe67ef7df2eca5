"""Small symmetric positive-definite systems by Cholesky's method, in plain arithmetic.

Rules: no BLAS or LAPACK, fixed order of operations (Golub & Van Loan 1996, algorithm 4.2.1, row version), so that
every machine gets the same bits; a matrix that is not positive definite is reported, never silently repaired. Of large
matrices the upper factor is made (outer-product form, algorithm 4.2.2, four pivots at a time): its inner loops run along
rows, without sums that a compiler may not reorder.
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
def factor_(a: Floats, n: int) -> bool:
    """Upper factor U (a = U'U) of the leading (n, n) of `a`, in place (lower part untouched); False as in cholesky_."""
    k = 0
    while k < n:
        m = min(4, n - k)
        for q in range(k, k + m):
            if not a[q, q] > 0.0:
                return False
            d = math.sqrt(a[q, q])
            f = 1.0 / d
            row = a[q, q + 1 : n]
            a[q, q] = d
            for j in range(row.size):
                row[j] *= f
            for i in range(q + 1, k + m):
                g = a[q, i]
                target, source = a[i, i:n], a[q, i:n]
                for j in range(target.size):
                    target[j] -= g * source[j]
        if m == 4:
            for i in range(k + 4, n):
                f0, f1, f2, f3 = a[k, i], a[k + 1, i], a[k + 2, i], a[k + 3, i]
                r, r0, r1, r2, r3 = a[i, i:n], a[k, i:n], a[k + 1, i:n], a[k + 2, i:n], a[k + 3, i:n]
                for j in range(r.size):
                    r[j] -= f0 * r0[j] + f1 * r1[j] + f2 * r2[j] + f3 * r3[j]
        k += m
    return True


@njit(cache=True)
def whiten_(upper: Floats, b: Floats, n: int, m: int) -> None:
    """Solve U'Y = B in place for the first m rows of b (m, n), each a right-hand side."""
    for c in range(m):
        y = b[c, :n]
        for k in range(n):
            v = y[k] / upper[k, k]
            y[k] = v
            rest, row = y[k + 1 :], upper[k, k + 1 : n]
            for i in range(rest.size):
                rest[i] -= v * row[i]


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
