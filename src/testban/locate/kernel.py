"""The iteration: damped Gauss-Newton steps with reweighting and re-identification; then the errors of the solution.

Rules: unknowns are origin time (s), east and north (km) and depth (km); arrival rows are t = o + T(delta, depth) with
dT/deast = -p sin(az), dT/dnorth = -p cos(az); robustness by Student weights (4 degrees of freedom, Lange, Little &
Taylor 1989) that enlarge the variance of an outlier, so that the covariance stays the one of the good data; the loss is
wide at first (outliers at a start far off are not outliers). Data are weighed as if independent, and the covariance of
the solution is computed from the full covariance of their errors (`shared`; decision 9). Times are looked up anew where
the hypocentre has moved more than FRESH_KM since the last look-up, and followed along their derivatives within.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_, log_, sincos_
from testban.base.geo import KM_PER_DEG, destination_
from testban.locate.linear import cholesky_, inverse_, solve_
from testban.locate.predict import SECONDARY_PENALTY, Tables, angles_, assign_, fill_, point_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STUDENT = 4.0
REJECT = 6.0  # residual over sigma beyond which a datum loses all say (iLoc's SigmaThreshold)
# Residuals scatter less than their full sigma, much of which stations share (the correlation in `errors_model`).
SCATTER = 0.8
LATE = 1.4  # an automatic onset is far more often late than early: a late residual counts as that much larger
FRESH_KM = 1.0
WIDE_KM = 10.0  # the same while the loss is still wide
COMPETE = (
    2.0  # width of the loss below which phases compete: far from the solution every one would find some phase
)
STEADY_KM = 5.0  # ... which narrows only once the step is as small, so that where it began is forgotten
EXACT_KM = 0.01  # ... and at the end: a derivative over 10 m is as exact as the tables
STILL_KM = 0.003  # a step below it ends an iteration
DEEPEST_KM = 700.0
PIVOT = 1e-13  # a pivot below it of its diagonal is rounding (16 digits)
STATION_SIGMA = 2.0  # s/deg: a slowness known no better is that of one station, not of an array
NEAR_DEG = 0.3


@njit(cache=True)
def weigh_(data: Floats, out: Floats, column: Ints, scale: float, loss: Floats) -> float:
    """Student weights from residuals over total sigma (times scale); 0 beyond REJECT or without a phase.

    loss: how much larger a late residual counts, the scatter of good residuals over their sigma, and 0 where every datum
    with a phase keeps its full weight. Returns the largest change of a weight.
    """
    change = 0.0
    for i in range(data.shape[0]):
        before = out[i, 9]
        w = 0.0
        if column[i] >= 0 and out[i, 0] == out[i, 0]:
            v = out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2]
            u2 = (
                late_square_(out[i, 0], v, loss)
                if scale <= 1.0
                else out[i, 0] * out[i, 0] / (v * scale * scale)
            )
            w = 0.0 if u2 > REJECT * REJECT else min(1.0, (STUDENT + 1.0) / (STUDENT + u2))
            if scale <= 1.0 and column[i] > 0 and u2 > 4.0:
                w = 0.0  # a later branch is no refuge for a bad pick
            if loss[2] == 0.0:
                w = 1.0
        out[i, 9] = w
        change = max(change, abs(w - before)) if before == before else 1.0
    return change


@njit(cache=True)
def late_square_(residual: float, variance: float, loss: Floats) -> float:
    """Square of a residual over the scatter of good ones, a late one enlarged: what the Student loss is a function of."""
    u2: float = residual * residual / (variance * loss[1] * loss[1])
    return u2 * loss[0] * loss[0] if residual > 0.0 else u2


@njit(cache=True)
def upright_(residual: float, sigma: float) -> bool:
    """Whether a slowness says nothing: slow ground turns the ray of a single station upright, so that it is measured too small."""
    return sigma >= STATION_SIGMA and residual < 0.0


@njit(cache=True)
def misfit_(data: Floats, out: Floats, column: Ints, loss: Floats) -> float:
    """What the iteration minimises, -2 log likelihood of Student's t: sum of 5 log(1 + u**2 / 4), u at most REJECT.

    A later branch costs the sigmas by which it must fit better than the first to be taken: freedom to choose is not free.
    So a datum without a say costs what one at the limit costs, and no hypothesis wins by the loss of one datum: a sum of squares
    jumps there. Where every datum keeps its weight (loss[2] = 0), the sum of squares.
    """
    total, product = 0.0, 1.0
    most = REJECT * REJECT
    for i in range(data.shape[0]):
        known = column[i] >= 0 and out[i, 0] == out[i, 0]
        v = out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2]
        for k in range(3):
            u2 = most
            if k == 0 and known:
                u2 = late_square_(out[i, 0], v, loss) if loss[2] > 0.0 else out[i, 0] * out[i, 0] / v
            elif k > 0:
                s = data[i, 2 + 2 * k]
                if not (known and s == s) or (k == 1 and upright_(out[i, 10], s)):
                    continue
                u2 = out[i, 9 + k] / s
                u2 *= u2
            if loss[2] == 0.0:
                total += u2
                continue
            if k == 0 and column[i] > 0:
                later = math.sqrt(u2) + SECONDARY_PENALTY if u2 == u2 else u2
                u2 = most if u2 > 4.0 else later * later
            product *= 1.0 + min(u2, most) / STUDENT if u2 == u2 else 1.0
            if product > 1e200:
                total += (STUDENT + 1.0) * log_(product)
                product = 1.0
    return total + (STUDENT + 1.0) * log_(product)


@njit(cache=True)
def normal_(data: Floats, out: Floats, a: Floats, b: Floats) -> tuple[float, int]:
    """Normal equations a (4, 4), b (4) of independent time rows; sum of squares and number used."""
    for p in range(4):
        b[p] = 0.0
        for q in range(4):
            a[p, q] = 0.0
    chi2, n = 0.0, 0
    for i in range(data.shape[0]):
        if not out[i, 9] > 0.0:
            continue
        n += 1
        w = out[i, 9] / (out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2])
        r, e, d, h = out[i, 0], out[i, 1], out[i, 2], out[i, 3]
        chi2 += w * r * r
        b[0] += w * r
        b[1] += w * e * r
        b[2] += w * d * r
        b[3] += w * h * r
        a[0, 0] += w
        a[1, 0] += w * e
        a[1, 1] += w * e * e
        a[2, 0] += w * d
        a[2, 1] += w * d * e
        a[2, 2] += w * d * d
        a[3, 0] += w * h
        a[3, 1] += w * h * e
        a[3, 2] += w * h * d
        a[3, 3] += w * h * h
    return chi2, n


@njit(cache=True)
def add_vectors_(
    column: Ints, data: Floats, geo: Floats, kept: Floats, out: Floats, a: Floats, b: Floats
) -> float:
    """Add slowness and back-azimuth rows (independent) to the normal equations; returns their sum of squares."""
    chi2 = 0.0
    for i in range(data.shape[0]):
        if column[i] < 0:
            continue
        sa, ca = geo[i, 1], geo[i, 2]
        s = data[i, 4]
        if s == s and data[i, 3] == data[i, 3] and not upright_(out[i, 10], s):
            dp = kept[i, column[i], 4]
            u = out[i, 10] / s
            w = min(1.0, (STUDENT + 1.0) / (STUDENT + u * u)) / (s * s)
            chi2 += _add(a, b, -dp * sa / KM_PER_DEG, -dp * ca / KM_PER_DEG, out[i, 10], w)
        s = data[i, 6]
        if s == s and data[i, 5] == data[i, 5]:
            sd, _ = sincos_(geo[i, 0] * DEG)
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
def move_(x: Floats, b: Floats, n_free: int, limit: float, factor: float) -> float:
    """Take the step b (s, km) along x; returns its length in km, depth included."""
    step = math.sqrt(b[1] * b[1] + b[2] * b[2])
    shrink = (min(1.0, limit / step) if step > 0.0 else 1.0) * factor
    if step > 0.0:
        x[0], x[1] = destination_(x[0], x[1], atan2_(b[1], b[2]) / DEG, step * shrink / KM_PER_DEG)
    x[3] += b[0] * shrink
    if n_free == 4:
        x[2] = min(DEEPEST_KM, max(0.0, x[2] + shrink * min(60.0, max(-60.0, b[3]))))
        step += abs(b[3])
    return step


@njit(cache=True)
def iterate_(
    t: Tables,
    vec: Floats,
    elevation_m: Floats,
    candidates: Ints,
    waves: Ints,
    telling: NDArray[np.bool_],
    data: Floats,
    loss: Floats,
    free_depth: bool,
    scale: float,
    max_iterations: int,
    x: Floats,
    out: Floats,
    column: Ints,
    inverse: Floats,
    geo: Floats,
    kept: Floats,
    at: Floats,
) -> tuple[int, float, int, float, float]:
    """Move x to the solution; (iterations or -1, sum of squares, time data used, what a free depth would gain of it, misfit).

    scale: of the loss at the start (8: wide; 1: x is the solution of a like problem). telling: the rows that its start goes
    by. inverse (4, 4): of the normal
    matrix of time, east, north, depth; out, column, geo (n, 4) and kept as in `predict`; at (3): place of the last look-up.
    """
    a, b = np.zeros((4, 4)), np.zeros(4)
    n_free = 4 if free_depth else 3
    if x[0] != at[0] or x[1] != at[1] or x[2] != at[2]:
        fill_(t, vec, elevation_m, candidates, waves, data, x, geo, kept)
    at[0], at[1], at[2] = np.nan, np.nan, np.nan  # until the end, which a failure never reaches
    depth, moved = x[2], 0.0
    assign_(vec, candidates, data, x, depth, geo, kept, out, column, scale <= COMPETE)
    if scale > 1.0:
        x[3] += _median_residual(telling, out, column)
        assign_(vec, candidates, data, x, depth, geo, kept, out, column, scale <= COMPETE)
        scale = max(scale, _spread(telling, data, out, column))
    limit, quiet, it = 600.0, 0, 0
    while it < max_iterations:
        it += 1
        weigh_(data, out, column, scale, loss)
        _, n = normal_(data, out, a, b)
        add_vectors_(column, data, geo, kept, out, a, b)
        if n < 1 or not _solve(a, b, n_free, 1e-4, x[2]):
            return -1, np.inf, n, 0.0, np.inf
        size = move_(x, b, n_free, limit, 1.0 if it <= max_iterations // 2 else 0.5)
        limit = max(30.0, limit * 0.8)
        moved += size
        if moved > (FRESH_KM if scale < 2.0 else WIDE_KM):
            fill_(t, vec, elevation_m, candidates, waves, data, x, geo, kept)
            depth, moved = x[2], 0.0
        else:
            point_(vec, x, geo)
        assign_(vec, candidates, data, x, depth, geo, kept, out, column, scale <= COMPETE)
        if scale > 1.0:
            if size < STEADY_KM or it > max_iterations // 2:
                scale = max(1.0, scale * 0.5)
        elif size < STILL_KM:
            break
        elif size < 0.05:
            quiet += 1
            if quiet >= 5:
                break
    if moved > EXACT_KM:
        fill_(t, vec, elevation_m, candidates, waves, data, x, geo, kept)
        depth, moved = x[2], 0.0
        assign_(vec, candidates, data, x, depth, geo, kept, out, column, scale <= COMPETE)
    weigh_(data, out, column, 1.0, loss)
    if moved == 0.0:
        at[0], at[1], at[2] = x[0], x[1], x[2]
    chi2, n = normal_(data, out, a, b)
    chi2 += add_vectors_(column, data, geo, kept, out, a, b)
    good, gain = _finish(vec, x, geo, out, a, b, n_free, n, inverse)
    return it if good else -1, chi2, n, gain, misfit_(data, out, column, loss)


@njit(cache=True)
def held_(a: Floats, factor: Floats, n: int) -> bool:
    """Whether the data and not rounding hold every unknown: no pivot of the factor of `a` below PIVOT of its diagonal."""
    least = np.inf
    for p in range(n):
        least = min(least, factor[p, p] * factor[p, p] / a[p, p])
    return bool(least > PIVOT)


@njit(cache=True)
def _solve(a: Floats, b: Floats, n_free: int, damping: float, depth: float) -> bool:
    """The step of the normal equations into b; a weak prior (100 km) on the depth step keeps it finite on the way.

    At an end of the depths a step beyond it is taken along that end.
    """
    if n_free == 4:
        a[3, 3] += damping
    for p in range(n_free):
        a[p, p] *= 1.0 + 1e-9
    if not cholesky_(a, n_free):
        return False
    if n_free == 4 and (depth <= 0.0 or depth >= DEEPEST_KM):
        y = b.copy()
        solve_(a, y, 4)
        if (y[3] < 0.0) == (depth <= 0.0):
            solve_(a, b, 3)  # the leading block of the factor is the factor of the leading block
            b[3] = 0.0
            return True
    solve_(a, b, n_free)
    return True


@njit(cache=True)
def _finish(
    vec: Floats,
    x: Floats,
    geo: Floats,
    out: Floats,
    a: Floats,
    b: Floats,
    n_free: int,
    n: int,
    inverse: Floats,
) -> tuple[bool, float]:
    """Inverse (where there is one), azimuths, and the score test of the depth: what one step in depth would take off the
    sum of squares, negative where that step is upwards.
    """
    angles_(vec, x, geo, out)
    gain = 0.0
    h0, h1, h2, hh, r = a[3, 0], a[3, 1], a[3, 2], a[3, 3], b[3]
    whole = a.copy()
    if n < 1 or not cholesky_(a, n_free) or not held_(whole, a, n_free):
        return False, 0.0
    if n_free == 3 and n > 3:
        y = np.array([h0, h1, h2])
        solve_(a, y, 3)
        s = hh - y[0] * h0 - y[1] * h1 - y[2] * h2
        r -= y[0] * b[0] + y[1] * b[1] + y[2] * b[2]
        if s > 1e-9 * hh and s > 0.0:
            gain = r * abs(r) / s
    for p in range(4):
        for q in range(4):
            inverse[p, q] = 0.0
    inverse_(a, inverse, n_free)
    return True, gain


@njit(cache=True)
def _median_residual(telling: NDArray[np.bool_], out: Floats, column: Ints) -> float:
    n = 0
    r = np.empty(column.size)
    for i in range(column.size):
        if telling[i] and column[i] >= 0 and out[i, 0] == out[i, 0]:
            r[n] = out[i, 0]
            n += 1
    return float(np.median(r[:n])) if n else 0.0


@njit(cache=True)
def _spread(telling: NDArray[np.bool_], data: Floats, out: Floats, column: Ints) -> float:
    """Median of the residuals over their sigma."""
    n = 0
    r = np.empty(column.size)
    for i in range(column.size):
        if telling[i] and column[i] >= 0 and out[i, 0] == out[i, 0]:
            r[n] = abs(out[i, 0]) / math.sqrt(out[i, 4] * out[i, 4] + data[i, 2] * data[i, 2])
            n += 1
    return float(np.median(r[:n])) if n else 0.0


@njit(cache=True)
def census_(
    waves: Ints, column: Ints, out: Floats, kind: Ints, code: Ints, depth: float
) -> tuple[int, int, int, int, int]:
    """Of the data with a say: arrivals near the source, stations with P and S within 2 deg, depth phases, core reflections,
    stations with P.

    kind: 1 depth phase, 2 core reflection, 0 other; code: number of the station, below the number of arrivals.
    """
    n = column.size
    seen = np.zeros(n, np.int64)
    near, depth_phases, core = 0, 0, 0
    limit = max(NEAR_DEG, depth / 111.2)
    for i in range(n):
        if column[i] < 0 or not out[i, 9] > 0.1:
            continue
        near += 1 if out[i, 5] <= limit else 0
        depth_phases += 1 if kind[i] == 1 else 0
        core += 1 if kind[i] == 2 else 0
        wave = waves[i, column[i]]
        if wave == 0:
            seen[code[i]] |= 5 if out[i, 5] < 2.0 else 1
        elif wave == 1 and out[i, 5] < 2.0:
            seen[code[i]] |= 8
    pairs, stations = 0, 0
    for i in range(n):
        pairs += 1 if seen[i] & 12 == 12 else 0
        stations += seen[i] & 1
    return near, pairs, depth_phases, core, stations
