"""Where to start: the whole Earth, then ever closer, by a robust misfit.

Rules: the answer does not depend on a guess; near-uniform points in rings of latitude, the neighbourhood of every
early station in addition (local events live there), halving steps; ties go to the earlier point. At most MOST
arrivals take part: the earliest of each of MOST sectors of their rank, enough for a start.
"""

import math
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import cos_
from testban.base.geo import KM_PER_DEG, destination_
from testban.earth.surface_times import times_
from testban.locate.errors_model import model_sigma_
from testban.locate.kernel import REJECT
from testban.locate.predict import Tables, backazimuth_, point_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 24
COARSE_DEG = 5.0
KEEP = 6


@cache
def whole_earth(step_deg: float = COARSE_DEG) -> Floats:
    """Near-uniform points (m, 2) of longitude and latitude."""
    points: list[tuple[float, float]] = []
    rows = round(180.0 / step_deg)
    for r in range(rows):
        lat = -90.0 + (r + 0.5) * 180.0 / rows
        n = max(1, round(360.0 * cos_(lat * math.pi / 180.0) / step_deg))
        points.extend((-180.0 + (i + 0.5) * 360.0 / n, lat) for i in range(n))
    return np.array(points)


def around(lon: float, lat: float, step_deg: float) -> Floats:
    """The point and eight neighbours at step_deg."""
    points = [(lon, lat)]
    points.extend(destination_(lon, lat, 45.0 * i, step_deg * (1.0 if i % 2 == 0 else 1.4)) for i in range(8))
    return np.array(points)


@njit(cache=True)
def misfit_(
    t: Tables, vec: Floats, candidates: Ints, waves: Ints, data: Floats, x: Floats, geo: Floats
) -> tuple[float, float]:
    """Robust misfit (mean |r|/sigma, at most 6 each) and best origin time at (lon, lat, depth); the grid's measure.

    The origin time is the median over the first candidates that exist; slowness and back-azimuth add their own deviations.
    """
    n = vec.shape[0]
    o = np.empty(n)
    s = np.empty(n)
    m = 0
    extra = 0.0
    point_(vec, x, geo)
    for i in range(n):
        time, p, branch = np.nan, np.nan, 0
        for j in range(candidates.shape[1]):
            if candidates[i, j] < 0:
                break
            time, p, _ = times_(t.travel, t.levels, candidates[i, j], x[2], geo[i, 0])
            if time == time:
                branch = j
                break
        if time != time:
            extra += REJECT
            continue
        o[m] = data[i, 0] - data[i, 1] - time
        v = model_sigma_(t.error, waves[i, branch], geo[i, 0])
        s[m] = math.sqrt(v * v + data[i, 2] * data[i, 2])
        m += 1
        if data[i, 4] == data[i, 4]:
            extra += min(REJECT, abs(data[i, 3] - p) / data[i, 4])
        if data[i, 6] == data[i, 6]:
            db = data[i, 5] - backazimuth_(vec[i, 0], vec[i, 1], vec[i, 2], x)
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
    t: Tables,
    vec: Floats,
    candidates: Ints,
    waves: Ints,
    data: Floats,
    grid: Floats,
    depth: float,
    out: Floats,
) -> None:
    """misfit_ at every point of grid (m, 2) into out (m, 2): misfit, origin time."""
    x = np.empty(4)
    geo = np.empty((vec.shape[0], 4))
    for g in range(grid.shape[0]):
        x[0], x[1], x[2], x[3] = grid[g, 0], grid[g, 1], depth, 0.0
        out[g, 0], out[g, 1] = misfit_(t, vec, candidates, waves, data, x, geo)


def starts(
    t: Tables,
    vec: Floats,
    candidates: Ints,
    waves: Ints,
    lon: Floats,
    lat: Floats,
    data: Floats,
    depth: float,
) -> list[tuple[float, float, float, float]]:
    """The best few (misfit, longitude, latitude, origin time), best first."""
    order = np.argsort(data[:, 0], kind="stable")
    if order.size > MOST:
        order = order[np.unique(np.rint(np.linspace(0, order.size - 1, MOST)).astype(np.int64))]
    args = (t, vec[order], candidates[order], waves[order], data[order])
    near = [around(float(lon[i]), float(lat[i]), s) for i in order[:3] for s in (0.3, 1.0, 2.5)]
    grid = np.concatenate([whole_earth(), *near])
    out = np.empty((len(grid), 2))
    scan_(*args, grid, depth, out)
    best = np.argsort(out[:, 0], kind="stable")
    # a coarse grid misses a local event by more than a wrong far one fits: the best point near a station takes part
    chosen: list[int] = [int(next(g for g in best if g >= len(whole_earth())))]
    for g in best:
        if all(_far(grid[g], grid[c]) for c in chosen):
            chosen.append(int(g))
        if len(chosen) == KEEP:
            break
    found = []
    for c in chosen:
        at, step = grid[c], COARSE_DEG / 2.0
        fit = (float(out[c, 0]), float(out[c, 1]))
        while step * KM_PER_DEG > 3.0:
            local = around(float(at[0]), float(at[1]), step)
            res = np.empty((len(local), 2))
            scan_(*args, local, depth, res)
            i = int(np.argmin(res[:, 0]))
            if i == 0:
                step /= 2.0
            at, fit = local[i], (float(res[i, 0]), float(res[i, 1]))
        found.append((fit[0], float(at[0]), float(at[1]), fit[1]))
    return sorted(found)


def _far(a: Floats, b: Floats) -> bool:
    d = abs((a[0] - b[0] + 180.0) % 360.0 - 180.0) * cos_(0.5 * (a[1] + b[1]) * math.pi / 180.0)
    return bool(d > 4.0 or abs(a[1] - b[1]) > 4.0)
