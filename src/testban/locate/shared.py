"""The covariance of a solution under the full covariance of its data: what the arrivals of neighbouring stations share.

Rules: the solution is the one of independent weights (decision 9), its errors are those of correlated data; no matrix of the size of
the data is kept, and the order of every sum is fixed.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.locate.errors_model import P_WITH_S, path_
from testban.locate.kernel import add_vectors_, held_, normal_
from testban.locate.linear import cholesky_, inverse_, solve_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def shared_(
    correlation: Floats,
    vec: Floats,
    waves: Ints,
    code: Ints,
    column: Ints,
    data: Floats,
    geo: Floats,
    kept: Floats,
    out: Floats,
    n_free: int,
    covariance: Floats,
) -> bool:
    """Covariance (4, 4) of the solution with the full covariance C of the data: A^-1 (G'W C W G) A^-1, A = G'W G.

    The weights W are those of the iteration (independent errors), which the solution is linear in; slowness and
    back-azimuth are independent. code: number of the station, below the number of arrivals. False where A has no inverse.
    """
    a, b, inverse = np.zeros((4, 4)), np.zeros(4), np.empty((4, 4))
    normal_(data, out, a, b)
    add_vectors_(column, data, geo, kept, out, a, b)
    whole = a.copy()
    if not cholesky_(a, n_free) or not held_(whole, a, n_free):
        return False
    inverse_(a, inverse, n_free)
    common_part_(correlation, vec, waves, code, data, out, n_free, whole)
    for p in range(4):
        for q in range(4):
            covariance[p, q] = 0.0
    least = np.inf
    for p in range(n_free):
        for q in range(n_free):
            total = 0.0
            for r in range(n_free):
                for s in range(n_free):
                    total += inverse[p, r] * whole[max(r, s), min(r, s)] * inverse[s, q]
            covariance[p, q] = total
        least = min(least, covariance[p, p])
    return bool(least > 0.0)


@njit(cache=True)
def depth_shift_(column: Ints, data: Floats, geo: Floats, kept: Floats, out: Floats, shift: Floats) -> bool:
    """What a km of depth does to time, east and north of a solution with a fixed depth, into shift (4), 0 for depth itself.

    From the normal matrix of the iteration: -A^-1 a, A of the three unknowns, a their products with the depth derivatives.
    """
    a, b = np.zeros((4, 4)), np.zeros(4)
    normal_(data, out, a, b)
    add_vectors_(column, data, geo, kept, out, a, b)
    for p in range(3):
        shift[p] = -a[3, p]
    shift[3] = 0.0
    if not cholesky_(a, 3):
        shift[:] = 0.0
        return False
    solve_(a, shift, 3)
    return True


@njit(cache=True)
def common_part_(
    correlation: Floats,
    vec: Floats,
    waves: Ints,
    code: Ints,
    data: Floats,
    out: Floats,
    n_free: int,
    whole: Floats,
) -> None:
    """Add to whole (lower triangle), G'W diag(C) W G, what pairs of arrivals share.

    The correlation is a product of place and wave, so arrivals of a station and kind of path are summed first, each wave as a
    combination of independent parts (Cholesky of the 2 x 2 matrix of P and S), and pairs are of stations. The loops over
    pairs run over elements and not sums: they need no order, and a processor may take several at once with the same bits.
    """
    n = vec.shape[0]
    slot = np.full(3 * n, -1, np.int64)
    v, z, w, path = np.empty((3, n)), np.zeros((4, n_free, n)), np.empty(4), np.empty(n, np.int32)
    rest = math.sqrt(1.0 - P_WITH_S * P_WITH_S)
    active = np.zeros(4, np.bool_)
    m = 0
    for i in range(n):
        if not out[i, 9] > 0.0:
            continue
        wave = waves[i, 0]
        kind = path_(wave, out[i, 5], out[i, 8])
        s = slot[3 * code[i] + kind]
        if s < 0:
            s = m
            slot[3 * code[i] + kind] = s
            v[0, s], v[1, s], v[2, s], path[s] = vec[i, 0], vec[i, 1], vec[i, 2], kind
            m += 1
        f = out[i, 9] * out[i, 4] / (out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2])
        w[0], w[1], w[2], w[3] = f, f * out[i, 1], f * out[i, 2], f * out[i, 3]
        for p in range(n_free):
            z[wave, p, s] += (rest if wave == 1 else 1.0) * w[p]
            if wave == 1:
                z[0, p, s] += P_WITH_S * w[p]
            for q in range(p + 1):
                whole[p, q] -= w[p] * w[q]
        active[wave] = True
        active[0] = active[0] or wave == 1
    r, h, flat = np.empty(m), np.zeros((4, n_free, m)), correlation.ravel()
    for i in range(m):
        _alike(flat, correlation.shape[1], v[0], v[1], v[2], path, i, r)
        for d in range(4):
            if active[d]:
                for p in range(n_free):
                    f = z[d, p, i]
                    if f != 0.0:
                        _add_times(h[d, p], r, f, i)
    for d in range(4):
        if active[d]:
            for j in range(m):
                for p in range(n_free):
                    for q in range(p + 1):
                        zp, zq = z[d, p, j], z[d, q, j]
                        whole[p, q] += zp * zq + h[d, p, j] * zq + zp * h[d, q, j]


@njit(cache=True)
def _alike(
    table: Floats, width: int, x: Floats, y: Floats, z: Floats, path: NDArray[np.int32], i: int, r: Floats
) -> None:
    """Correlation of station i with those before it into r, by rows of the table (flat, of a width); in 32 bits an index is
    found for several at once.
    """
    last = width - 1
    xi, yi, zi, most, row = x[i], y[i], z[i], last * (1.0 - 1e-9), 3 * path[i]
    for j in range(i):
        c = 0.5 * (1.0 - (xi * x[j] + yi * y[j] + zi * z[j]))
        r[j] = min(most, math.sqrt(min(1.0, max(0.0, c))) * last)
    for j in range(i):
        k = np.int32(r[j])
        at = np.int32((row + path[j]) * width + k)
        low = table[at]
        r[j] = low + (r[j] - k) * (table[at + 1] - low)


@njit(cache=True)
def _add_times(h: Floats, r: Floats, f: float, n: int) -> None:
    for j in range(n):
        h[j] += r[j] * f
