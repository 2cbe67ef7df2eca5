"""The iteration: damped Gauss-Newton steps with reweighting, re-identification and correlated model errors.

Rules: unknowns are origin time (s), east and north (km) and depth (km); arrival rows are t = o + T(delta, depth) with
dT/deast = -p sin(az), dT/dnorth = -p cos(az); each step solves the normal equations of the whitened rows (Cholesky);
robustness by Student weights (4 degrees of freedom, Lange, Little & Taylor 1989) that enlarge the variance of an
outlier, so that the covariance stays the one of the good data. Phases of one family compete at every iteration.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_, sincos_
from testban.base.geo import KM_PER_DEG, delaz_, destination_
from testban.earth.travel import Kernel, lookup_
from testban.locate.errors_model import model_sigma_
from testban.locate.linear import cholesky_, forward_, inverse_, solve_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STUDENT = 4.0
REJECT = 6.0  # residual over sigma beyond which a datum loses all say (iLoc's SigmaThreshold)
# Residuals scatter less than their full sigma, much of which stations share (the correlation in `errors_model`).
SCATTER = 0.8
LATE = 1.4  # an automatic onset is far more often late than early: a late residual counts as that much larger
SECONDARY_PENALTY = 1.0  # sigmas by which a later branch must fit better than the first


@njit(cache=True)
def identify_(
    k: Kernel,
    table: Floats,
    candidates: Ints,
    waves: Ints,
    depth: float,
    delta: float,
    observed: float,
    pick_sigma: float,
) -> tuple[int, float, float, float, float]:
    """The candidate that fits best: (column or -1, T, p, dT/dh, model sigma)."""
    best, column, bt, bp, bd, bs = np.inf, -1, np.nan, np.nan, np.nan, 1.0
    for c in range(candidates.shape[0]):
        if candidates[c] < 0:
            break
        t, p, d = lookup_(k, candidates[c], depth, delta)
        if t != t:
            continue
        s = model_sigma_(table, waves[c], delta)
        u = abs(observed - t) / math.sqrt(s * s + pick_sigma * pick_sigma)
        if c > 0:
            u += SECONDARY_PENALTY
        if u < best:
            best, column, bt, bp, bd, bs = u, c, t, p, d, s
    return column, bt, bp, bd, bs


@njit(cache=True)
def rows_(
    k: Kernel,
    table: Floats,
    candidates: Ints,
    waves: Ints,
    lon: Floats,
    lat: Floats,
    data: Floats,
    x: Floats,
    out: Floats,
    column: Ints,
) -> None:
    """Fill out (n, 12) for the hypocentre x = (lon, lat, depth, time).

    data (n, 7): time, correction, pick sigma, slowness, its sigma, back-azimuth, its sigma (NaN: not measured).
    out: residual, d/deast, d/dnorth, d/ddepth, model sigma, delta, azimuth, back-azimuth, p, weight (kept),
    slowness residual, back-azimuth residual.
    """
    for i in range(lon.size):
        delta, az, baz = delaz_(x[0], x[1], lon[i], lat[i])
        observed = data[i, 0] - data[i, 1] - x[3]
        c, t, p, d, s = identify_(k, table, candidates[i], waves[i], x[2], delta, observed, data[i, 2])
        column[i] = c
        sa, ca = sincos_(az * DEG)
        out[i, 0] = observed - t
        out[i, 1] = -p * sa / KM_PER_DEG
        out[i, 2] = -p * ca / KM_PER_DEG
        out[i, 3] = d
        out[i, 4] = s
        out[i, 5], out[i, 6], out[i, 7], out[i, 8] = delta, az, baz, p
        out[i, 10] = data[i, 3] - p
        db = data[i, 5] - baz
        out[i, 11] = db - 360.0 * math.floor((db + 180.0) / 360.0)


@njit(cache=True)
def weigh_(data: Floats, out: Floats, column: Ints, scale: float) -> None:
    """Student weights from residuals over total sigma (times scale); 0 beyond REJECT or without a phase."""
    for i in range(data.shape[0]):
        if column[i] < 0 or out[i, 0] != out[i, 0]:
            out[i, 9] = 0.0
            continue
        v = out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2]
        u2 = out[i, 0] * out[i, 0] / (v * scale * scale)
        if scale <= 1.0:
            u2 /= SCATTER * SCATTER
            if out[i, 0] > 0.0:
                u2 *= LATE * LATE
        out[i, 9] = 0.0 if u2 > REJECT * REJECT else min(1.0, (STUDENT + 1.0) / (STUDENT + u2))


@njit(cache=True)
def normal_(
    data: Floats, out: Floats, correlation: Floats, full: bool, n_free: int, a: Floats, b: Floats
) -> tuple[bool, float, int]:
    """Normal equations a (4, 4), b (4) of the whitened time rows; (solvable, sum of squares, number used)."""
    n = 0
    used = np.empty(data.shape[0], np.int64)
    for i in range(data.shape[0]):
        if out[i, 9] > 0.0:
            used[n] = i
            n += 1
    g = np.empty((n, 5))
    for r in range(n):
        i = used[r]
        g[r, 0], g[r, 1], g[r, 2], g[r, 3], g[r, 4] = 1.0, out[i, 1], out[i, 2], out[i, 3], out[i, 0]
    if full:
        c = np.empty((n, n))
        for r in range(n):
            i = used[r]
            for q in range(r):
                c[r, q] = correlation[i, used[q]] * out[i, 4] * out[used[q], 4]
            c[r, r] = (out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2]) / out[i, 9]
        if not cholesky_(c, n):
            return False, np.inf, n
        forward_(c, g, n, 5)
    else:
        for r in range(n):
            i = used[r]
            w = math.sqrt(out[i, 9] / (out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2]))
            for q in range(5):
                g[r, q] *= w
    chi2 = 0.0
    for p in range(4):
        b[p] = 0.0
        for q in range(4):
            a[p, q] = 0.0
    for r in range(n):
        chi2 += g[r, 4] * g[r, 4]
        for p in range(n_free):
            b[p] += g[r, p] * g[r, 4]
            for q in range(p + 1):
                a[p, q] += g[r, p] * g[r, q]
    return True, chi2, n


@njit(cache=True)
def add_vectors_(
    k: Kernel, candidates: Ints, column: Ints, data: Floats, out: Floats, depth: float, a: Floats, b: Floats
) -> float:
    """Add slowness and back-azimuth rows (independent) to the normal equations; returns their sum of squares."""
    chi2 = 0.0
    for i in range(data.shape[0]):
        if column[i] < 0:
            continue
        sa, ca = sincos_(out[i, 6] * DEG)
        delta = out[i, 5]
        s = data[i, 4]
        if s == s and data[i, 3] == data[i, 3]:
            _, p1, _ = lookup_(k, candidates[i, column[i]], depth, max(0.0, delta - 0.5))
            _, p2, _ = lookup_(k, candidates[i, column[i]], depth, min(180.0, delta + 0.5))
            dp = p2 - p1 if p1 == p1 and p2 == p2 else 0.0
            u = out[i, 10] / s
            w = min(1.0, (STUDENT + 1.0) / (STUDENT + u * u)) / (s * s)
            ge, gn = -dp * sa / KM_PER_DEG, -dp * ca / KM_PER_DEG
            chi2 += _add(a, b, ge, gn, out[i, 10], w)
        s = data[i, 6]
        if s == s and data[i, 5] == data[i, 5]:
            sd, _ = sincos_(delta * DEG)
            reach = max(sd * KM_PER_DEG, 1.0)
            u = out[i, 11] / s
            w = min(1.0, (STUDENT + 1.0) / (STUDENT + u * u)) / (s * s)
            chi2 += _add(a, b, -ca / reach, sa / reach, out[i, 11], w)
    return chi2


@njit(cache=True)
def _add(a: Floats, b: Floats, ge: float, gn: float, r: float, w: float) -> float:
    a[1, 1] += w * ge * ge
    a[2, 1] += w * gn * ge
    a[2, 2] += w * gn * gn
    b[1] += w * ge * r
    b[2] += w * gn * r
    return w * r * r


@njit(cache=True)
def iterate_(
    k: Kernel,
    table: Floats,
    candidates: Ints,
    waves: Ints,
    lon: Floats,
    lat: Floats,
    data: Floats,
    correlation: Floats,
    correlated: bool,
    free_depth: bool,
    max_iterations: int,
    x: Floats,
    out: Floats,
    column: Ints,
    covariance: Floats,
) -> tuple[int, float, int]:
    """Move x to the solution; returns (iterations or -1, sum of squares, time data used).

    Starts with independent errors and a wide loss (outliers at a start far off are not outliers), then narrows, then
    takes the full covariance. covariance (4, 4): of time, east, north, depth from a-priori errors.
    """
    a, b = np.zeros((4, 4)), np.zeros(4)
    n_free = 4 if free_depth else 3
    scale, full, limit, chi2, n = 8.0, False, 600.0, np.inf, 0
    quiet = 0
    for it in range(max_iterations):
        rows_(k, table, candidates, waves, lon, lat, data, x, out, column)
        if quiet == 0 and it == 0:
            x[3] += _median_residual(out, column)
            rows_(k, table, candidates, waves, lon, lat, data, x, out, column)
        weigh_(data, out, column, scale)
        ok, chi2, n = normal_(data, out, correlation, full, n_free, a, b)
        if not ok or n < 1:
            return -1, chi2, n
        chi2 += add_vectors_(k, candidates, column, data, out, x[2], a, b)
        if n_free == 4:
            # weak prior on the depth step only: 100 km, keeps an unresolved depth finite on the way
            damping = 1e-4 if not (full and quiet >= 2) else 0.0
            a[3, 3] += damping
        for p in range(n_free):
            a[p, p] *= 1.0 + 1e-9
        if not cholesky_(a, n_free):
            return -1, chi2, n
        solve_(a, b, n_free)
        step = math.sqrt(b[1] * b[1] + b[2] * b[2])
        size = step + (abs(b[3]) if n_free == 4 else 0.0)
        shrink = min(1.0, limit / step) if step > 0.0 else 1.0
        if it > max_iterations // 2:
            shrink *= 0.5
        if step > 0.0:
            az = _azimuth(b[1], b[2])
            x[0], x[1] = destination_(x[0], x[1], az, step * shrink / KM_PER_DEG)
        x[3] += b[0] * shrink
        if n_free == 4:
            x[2] = min(700.0, max(0.0, x[2] + shrink * min(60.0, max(-60.0, b[3]))))
        limit = max(30.0, limit * 0.8)
        if scale > 1.0:
            scale = max(1.0, scale * 0.6)
        elif size < 0.005 or (quiet > 0 and size < 0.05):
            if correlated and not full:
                full = True
            quiet += 1
            if quiet >= 3:
                break
        elif correlated and not full and size < 5.0:
            full = True
    rows_(k, table, candidates, waves, lon, lat, data, x, out, column)
    weigh_(data, out, column, 1.0)
    ok, chi2, n = normal_(data, out, correlation, correlated, n_free, a, b)
    if not ok or n < 1:
        return -1, chi2, n
    chi2 += add_vectors_(k, candidates, column, data, out, x[2], a, b)
    if not cholesky_(a, n_free):
        return -1, chi2, n
    for p in range(4):
        for q in range(4):
            covariance[p, q] = 0.0
    inverse_(a, covariance, n_free)
    return it + 1, chi2, n


@njit(cache=True)
def _azimuth(east: float, north: float) -> float:
    return atan2_(east, north) / DEG


@njit(cache=True)
def _median_residual(out: Floats, column: Ints) -> float:
    n = 0
    r = np.empty(column.size)
    for i in range(column.size):
        if column[i] >= 0 and out[i, 0] == out[i, 0]:
            r[n] = out[i, 0]
            n += 1
    return float(np.median(r[:n])) if n else 0.0


@njit(cache=True)
def misfit_(
    k: Kernel, table: Floats, candidates: Ints, waves: Ints, lon: Floats, lat: Floats, data: Floats, x: Floats
) -> tuple[float, float]:
    """Robust misfit (mean |r|/sigma, at most 6 each) and best origin time at (lon, lat, depth); the grid's measure.

    The origin time is the median over the first candidates; slowness and back-azimuth add their own deviations.
    """
    n = lon.size
    o = np.empty(n)
    s = np.empty(n)
    m = 0
    extra = 0.0
    for i in range(n):
        delta, az, baz = delaz_(x[0], x[1], lon[i], lat[i])
        t, p, _ = lookup_(k, candidates[i, 0], x[2], delta)
        if t != t:
            extra += REJECT
            continue
        o[m] = data[i, 0] - data[i, 1] - t
        v = model_sigma_(table, waves[i, 0], delta)
        s[m] = math.sqrt(v * v + data[i, 2] * data[i, 2])
        m += 1
        if data[i, 4] == data[i, 4]:
            extra += min(REJECT, abs(data[i, 3] - p) / data[i, 4])
        if data[i, 6] == data[i, 6]:
            db = data[i, 5] - baz
            db -= 360.0 * math.floor((db + 180.0) / 360.0)
            extra += min(REJECT, abs(db) / data[i, 6])
    if m == 0:
        return np.inf, 0.0
    origin = float(np.median(o[:m]))
    for i in range(m):
        extra += min(3.0 * REJECT, abs(o[i] - origin) / s[i])
    return extra / n, origin


@njit(cache=True)
def scan_(
    k: Kernel,
    table: Floats,
    candidates: Ints,
    waves: Ints,
    lon: Floats,
    lat: Floats,
    data: Floats,
    grid: Floats,
    depth: float,
    out: Floats,
) -> None:
    """misfit_ at every point of grid (m, 2) into out (m, 2): misfit, origin time."""
    x = np.empty(4)
    for g in range(grid.shape[0]):
        x[0], x[1], x[2], x[3] = grid[g, 0], grid[g, 1], depth, 0.0
        out[g, 0], out[g, 1] = misfit_(k, table, candidates, waves, lon, lat, data, x)
