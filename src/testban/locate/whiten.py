"""The estimate with the full covariance of the data: what neighbouring stations share counts once.

Rules: starts at the robust solution of independent errors and keeps its weights, which enlarge the variance of an
outlier, until the end, when they are found anew; the covariance is factored once a round (generalised least squares after
Bondar & McLaughlin 2009, BSSA 99, 1465-1472; outliers as in `kernel`). Slowness and back-azimuth are independent.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.locate.errors_model import alike_, common_, path_
from testban.locate.kernel import (
    EXACT_KM,
    add_vectors_,
    held_,
    move_,
    weigh_,
)
from testban.locate.linear import cholesky_, forward_, inverse_, solve_
from testban.locate.predict import Tables, assign_, fill_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 16  # of weights
STEPS = 8  # of one factor
STEADY_WEIGHT = 0.002  # change of a weight below which there is no other round


@njit(cache=True)
def factor_(
    correlation: Floats, vec: Floats, waves: Ints, data: Floats, out: Floats, used: Ints, c: Floats
) -> int:
    """Lower factor of the covariance of the data with a say into c, their rows into used; how many, -1: not definite."""
    n = 0
    v, path = np.empty((used.size, 3)), np.empty(used.size, np.int64)
    for i in range(used.size):
        if out[i, 9] > 0.0:
            v[n, 0], v[n, 1], v[n, 2] = vec[i, 0], vec[i, 1], vec[i, 2]
            path[n] = path_(waves[i, 0], out[i, 5], out[i, 8])
            used[n] = i
            n += 1
    for r in range(n):
        i = used[r]
        s = out[i, 4]
        for q in range(r):
            j = used[q]
            r_waves = common_(waves[i, 0], waves[j, 0])
            c[r, q] = r_waves * s * out[j, 4] * alike_(correlation, v, path, r, q) if r_waves > 0.0 else 0.0
        c[r, r] = (s * s + data[i, 2] * data[i, 2]) / out[i, 9]
    return n if n > 0 and cholesky_(c, n) else -1


@njit(cache=True)
def whiten_(
    t: Tables,
    correlation: Floats,
    vec: Floats,
    elevation_m: Floats,
    candidates: Ints,
    waves: Ints,
    data: Floats,
    loss: Floats,
    free_depth: bool,
    x: Floats,
    out: Floats,
    column: Ints,
    covariance: Floats,
    shift: Floats,
    geo: Floats,
    kept: Floats,
    at: Floats,
) -> bool:
    """Move x from the solution that the arrays hold to the one with correlated errors; covariance (4, 4) of it; shift (4): what
    a km of depth does to time, east and north of one with a fixed depth (as `shared.depth_shift_`).

    Arrays as of `kernel.iterate_`. False where it does not come to rest or the data do not hold it.
    """
    n_all, n_free = vec.shape[0], 4 if free_depth else 3
    used, c, g = np.empty(n_all, np.int64), np.empty((n_all, n_all)), np.empty((n_all, 5))
    a, b, whole = np.zeros((4, 4)), np.zeros(4), np.zeros((4, 4))
    at[0], at[1], at[2] = np.nan, np.nan, np.nan
    still = False
    for _ in range(ROUNDS):
        n = factor_(correlation, vec, waves, data, out, used, c)
        if n < 1:
            return False
        still = False
        for _ in range(STEPS):
            for r in range(n):
                i = used[r]
                if column[i] < 0:
                    return False
                g[r, 0], g[r, 1], g[r, 2], g[r, 3], g[r, 4] = 1.0, out[i, 1], out[i, 2], out[i, 3], out[i, 0]
            forward_(c, g, n, 5)
            _normal(g, n, a, b)
            add_vectors_(column, data, geo, kept, out, a, b)
            whole[:, :] = a
            if not cholesky_(a, n_free) or not held_(whole, a, n_free):
                return False
            solve_(a, b, n_free)
            size = move_(x, b, n_free, 100.0, 1.0)
            fill_(t, vec, elevation_m, candidates, waves, data, x, geo, kept)
            assign_(vec, candidates, data, x, x[2], geo, kept, out, column, True)
            if size < EXACT_KM:
                still = True
                break
        if not still or weigh_(data, out, column, 1.0, loss) < STEADY_WEIGHT:
            break
    if not still or (free_depth and not 0.0 < x[2] < 700.0):
        return False
    covariance[:, :] = 0.0
    inverse_(a, covariance, n_free)
    for p in range(3):
        shift[p] = -whole[3, p]
    solve_(a, shift, 3)
    shift[3] = 0.0
    at[0], at[1], at[2] = x[0], x[1], x[2]
    return True


@njit(cache=True)
def _normal(g: Floats, n: int, a: Floats, b: Floats) -> None:
    """Normal equations of whitened rows (n, 5): derivatives and residual."""
    a[:, :] = 0.0
    b[:] = 0.0
    for r in range(n):
        for p in range(4):
            b[p] += g[r, p] * g[r, 4]
            for q in range(p + 1):
                a[p, q] += g[r, p] * g[r, q]
