"""The kernel of the location: one damped Gauss-Newton solution from a start, with given phases.

Rules: data are arrival times (and back-azimuths and slownesses where given); the covariance of the times is pick
error plus correlated model error (`errors`); gross errors are damped by Student-like weights (4 degrees of freedom)
while iterating; steps are bounded; epicentre, time and optionally depth are free. No BLAS.

Parameters: time (s after the reference), east and north (km, WGS84 radii), depth (km).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, log_, sincos_
from testban.base.geo import KM_PER_DEG, delaz_, shift_km_
from testban.earth import travel
from testban.earth.travel import Kernel
from testban.locate.errors import correlation_, model_sigma_
from testban.locate.linear import cholesky_, forward_, inverse_

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Columns of the data table.
LON, LAT, ELEVATION, TIME, SIGMA, BAZ, BAZ_SIGMA, SLOW, SLOW_SIGMA = range(9)
FREEDOM = 4.0
SURFACE_P_KM_S, SURFACE_S_KM_S = 5.8, 3.46  # ak135 at the surface (Kennett, Engdahl & Buland 1995)


@njit(cache=True)
def predict_(
    k: Kernel, data: F64, phases: I64, is_s: I64, x: F64, out: F64
) -> None:
    """Rows of out: residual time, distance, azimuth, back-azimuth, slowness, dt/dh, model sigma; NaN where no phase."""
    for i in range(data.shape[0]):
        delta, az, baz = delaz_(x[1], x[2], data[i, LON], data[i, LAT])
        t, p, dh = travel.lookup_(k, phases[i], x[3], delta)
        v = SURFACE_S_KM_S if is_s[i] else SURFACE_P_KM_S
        q = p / KM_PER_DEG
        e = 1.0 / (v * v) - q * q
        t += data[i, ELEVATION] * 1e-3 * math.sqrt(e) if e > 0.0 else 0.0
        out[i, 0] = data[i, TIME] - x[0] - t
        out[i, 1] = delta
        out[i, 2] = az
        out[i, 3] = baz
        out[i, 4] = p
        out[i, 5] = dh
        out[i, 6] = model_sigma_(is_s[i] != 0, delta)


@njit(cache=True)
def _angle(x: float) -> float:
    return x - 360.0 * math.floor((x + 180.0) / 360.0)


@njit(cache=True)
def solve_(
    k: Kernel, data: F64, phases: I64, is_s: I64, use: I64, correlation: F64, start: F64, free_depth: bool,
    robust: bool, x: F64, rows: F64, weights: F64, covariance: F64,
) -> tuple[float, int]:
    """Improve x = (time, lon, lat, depth) from `start`. Returns (chi-square of the times, iterations), or (-1, n).

    covariance (4, 4) receives that of (time, east, north, depth); weights (n,) the robust weights of the times.
    """  # fmt: skip
    n = data.shape[0]
    m = 4 if free_depth else 3
    for j in range(4):
        x[j] = start[j]
    chi = -1.0
    normal = np.zeros((m, m))
    right = np.zeros(m)
    step = np.zeros(m)
    inverse = np.zeros((m, m))
    index = np.zeros(n, np.int64)
    for iteration in range(30):
        predict_(k, data, phases, is_s, x, rows)
        count = 0
        for i in range(n):
            weights[i] = 0.0
            if use[i] and rows[i, 0] == rows[i, 0]:
                index[count] = i
                count += 1
        if count == 0:
            return -1.0, iteration
        whole = np.zeros((count, count))
        b = np.zeros((count, m + 1))
        for a in range(count):
            i = index[a]
            sm, sp = rows[i, 6], data[i, SIGMA]
            z = rows[i, 0] / math.sqrt(sm * sm + sp * sp)
            weights[i] = (FREEDOM + 1.0) / (FREEDOM + z * z) if robust else 1.0
            inflate = 1.0 if weights[i] >= 1.0 else 1.0 / weights[i]
            for c in range(a):
                j = index[c]
                whole[a, c] = correlation[i, j] * sm * rows[j, 6] if is_s[i] == is_s[j] else 0.0
            whole[a, a] = (sm * sm + sp * sp) * inflate
            s, co = sincos_(rows[i, 2] * DEG)
            b[a, 0] = 1.0
            b[a, 1] = -rows[i, 4] * s / KM_PER_DEG
            b[a, 2] = -rows[i, 4] * co / KM_PER_DEG
            if m == 4:
                b[a, 3] = rows[i, 5]
            b[a, m] = rows[i, 0]
        if not cholesky_(whole):
            return -1.0, iteration
        forward_(whole, b)
        chi = 0.0
        for r in range(m):
            right[r] = 0.0
            for c in range(m):
                normal[r, c] = 0.0
        for a in range(count):
            chi += b[a, m] * b[a, m]
            for r in range(m):
                right[r] += b[a, r] * b[a, m]
                for c in range(r + 1):
                    normal[r, c] += b[a, r] * b[a, c]
        _add_directions(data, rows, use, x, m, normal, right, robust)
        for r in range(m):
            for c in range(r + 1, m):
                normal[r, c] = normal[c, r]
        for r in range(4):
            for c in range(4):
                covariance[r, c] = 0.0
        damped = normal.copy()
        for r in range(m):
            damped[r, r] += 1e-9 * normal[r, r] + 1e-12
        if not cholesky_(damped):
            return -1.0, iteration
        inverse_(damped, inverse)
        for r in range(m):
            step[r] = 0.0
            for c in range(m):
                step[r] += inverse[r, c] * right[c]
                covariance[r, c] = inverse[r, c]
        length = math.sqrt(step[1] * step[1] + step[2] * step[2])
        bound = 300.0 if iteration < 5 else 60.0 if iteration < 15 else 10.0
        scale = min(1.0, bound / length) if length > 0.0 else 1.0
        x[0] += step[0] * scale
        x[1], x[2] = shift_km_(x[1], x[2], step[1] * scale, step[2] * scale)
        if x[2] > 89.9:
            x[2] = 89.9
        elif x[2] < -89.9:
            x[2] = -89.9
        moved = 0.0
        if m == 4:
            deeper = max(-60.0, min(60.0, step[3] * scale))
            new = min(700.0, max(0.0, x[3] + deeper))
            moved = abs(new - x[3])
            x[3] = new
        if length * scale < 0.002 and abs(step[0]) * scale < 0.0005 and moved < 0.005:
            break
    predict_(k, data, phases, is_s, x, rows)
    return chi, iteration + 1


@njit(cache=True)
def _add_directions(
    data: F64, rows: F64, use: I64, x: F64, m: int, normal: F64, right: F64, robust: bool
) -> None:
    """Add back-azimuths and slownesses (with their own errors) to the lower normal equations."""
    g = np.zeros(4)
    for i in range(data.shape[0]):
        if not use[i]:
            continue
        delta = rows[i, 1]
        if data[i, BAZ_SIGMA] > 0.0 and 0.05 < delta < 175.0:
            sigma = data[i, BAZ_SIGMA]
            r = _angle(data[i, BAZ] - rows[i, 3])
            w = (FREEDOM + 1.0) / (FREEDOM + (r / sigma) ** 2) if robust else 1.0
            # Moving the source sideways by d km turns the back-azimuth by d / (R sin delta).
            sd, _ = sincos_(delta * DEG)
            sb, cb = sincos_((rows[i, 2] + 90.0) * DEG)
            per_km = -1.0 / (KM_PER_DEG * 57.29577951308232 * sd) / DEG
            g[0], g[1], g[2], g[3] = 0.0, per_km * sb, per_km * cb, 0.0
            _accumulate(g, r, w / (sigma * sigma), m, normal, right)
        if data[i, SLOW_SIGMA] > 0.0 and rows[i, 4] == rows[i, 4]:
            sigma = data[i, SLOW_SIGMA]
            r = data[i, SLOW] - rows[i, 4]
            w = (FREEDOM + 1.0) / (FREEDOM + (r / sigma) ** 2) if robust else 1.0
            # d slowness / d distance of teleseismic P, -0.08 s/deg per degree; regional branches are straight.
            slope = -0.08 if 22.0 < delta < 98.0 else 0.0
            s, co = sincos_(rows[i, 2] * DEG)
            g[0], g[1], g[2], g[3] = 0.0, -slope * s / KM_PER_DEG, -slope * co / KM_PER_DEG, 0.0
            _accumulate(g, r, w / (sigma * sigma), m, normal, right)


@njit(cache=True)
def _accumulate(g: F64, r: float, w: float, m: int, normal: F64, right: F64) -> None:
    for a in range(m):
        right[a] += g[a] * w * r
        for c in range(a + 1):
            normal[a, c] += g[a] * w * g[c]


@njit(cache=True)
def correlations_(data: F64, out: F64) -> None:
    """Correlation of model errors of every pair of rows."""
    for i in range(data.shape[0]):
        for j in range(i + 1):
            out[i, j] = correlation_(data[i, LON], data[i, LAT], data[j, LON], data[j, LAT])
            out[j, i] = out[i, j]


@njit(cache=True)
def student_misfit_(data: F64, rows: F64, use: I64) -> float:
    """Minus twice the log-likelihood of the times under independent Student errors, for comparing solutions."""
    total = 0.0
    for i in range(data.shape[0]):
        if use[i]:
            if rows[i, 0] == rows[i, 0]:
                s = math.sqrt(rows[i, 6] ** 2 + data[i, SIGMA] ** 2)
                z = rows[i, 0] / s
                total += (FREEDOM + 1.0) * log_(1.0 + z * z / FREEDOM) + 2.0 * log_(s)
            else:
                total += (FREEDOM + 1.0) * log_(1.0 + 400.0 / FREEDOM)
    return total
