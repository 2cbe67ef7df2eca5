"""Predicted times of all arrivals of one event, with everything that corrects them, and which phase each one is.

Rules: distance and azimuth come from scalar products of geocentric unit vectors, so that a pass over the stations needs
one arc tangent each; times are those of the tables plus ellipticity (Kennett & Gudmundsson 1996), station elevation and
the given station corrections. A filled cache serves nearby hypocentres by its slowness and depth derivative
(`assign_`); whoever needs the exact times fills it again. Phases of one family compete at every pass.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_, sincos_
from testban.base.geo import KM_PER_DEG, geocentric_
from testban.earth import elevation, ellipticity, surface_times, travel
from testban.earth.surface_times import STEP_DEG, between_, cell_, level_, times_
from testban.earth.travel import lookup_
from testban.locate.errors_model import P_ERROR, model_sigma_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECONDARY_PENALTY = 1.0  # sigmas by which a later branch must fit better than the first
MANTLE_DEG = 60.0  # nearer than it the first arrival of P1 and S1 is the mantle's for every depth
UNNAMED = -2
# Columns of data (n, 7): time, station correction, pick sigma, slowness, its sigma, back-azimuth, its sigma (s, s/deg,
# deg; NaN: not measured). Columns of out (n, 12): residual, d/deast, d/dnorth, d/ddepth, model sigma, delta, azimuth,
# back-azimuth, slowness, weight, slowness residual, back-azimuth residual. Cache (n, width, 5): time, slowness, d/ddepth,
# model sigma, d slowness / d delta.


class Tables(NamedTuple):
    """What the earth predicts: travel times, those at even steps of distance from certain depths, ellipticity, least and greatest distance of
    every phase (deg), velocity of the last leg at the surface (km/s; 0 for surface waves), model errors by distance.
    """

    travel: travel.Kernel
    levels: surface_times.Kernel
    ellipticity: ellipticity.Kernel
    reach: Floats
    leg: Floats
    error: Floats


@cache
def tables(model: str, sigma_factor: float = 1.0) -> Tables:
    """Tables of a model with its errors times a factor."""
    times = travel.load(model)
    k = times.kernel
    reach = np.zeros((len(times.phases), 2))
    reach[:, 1] = 180.0
    leg = np.zeros(len(times.phases))
    for i, name in enumerate(times.phases):
        if k.start[i, 0] < k.start[i, -1]:
            rows = k.floats[k.start[i, 0] : k.start[i, -1]]
            reach[i] = rows[:, 0].min(), rows[:, 1].max()
        wave = elevation.last_leg(name)
        leg[i] = elevation.SURFACE_KM_S[model]["PS".index(wave)] if wave else 0.0
    error = P_ERROR.copy()
    error[:, 1] *= sigma_factor
    return Tables(k, surface_times.kernel(model), ellipticity.kernel(model), reach, leg, error)


@njit(cache=True)
def fill_(
    t: Tables,
    vec: Floats,
    elevation_m: Floats,
    candidates: Ints,
    waves: Ints,
    data: Floats,
    x: Floats,
    geo: Floats,
    kept: Floats,
) -> None:
    """Exact predictions of all candidates at x = (lon, lat, depth, time) into kept; geo (n, 4): delta, sin, cos of the
    azimuth, delta of the cache.
    """
    point_(vec, x, geo)
    s, c = sincos_(geocentric_(x[1]) * DEG)
    half = 0.8660254037844386
    q0, q1, q2 = 0.25 * (1.0 + 3.0 * (s * s - c * c)), half * 2.0 * s * c, half * c * c
    # Arrays are taken out of their structures before the loop: see `surface_times.cell_`.
    s_row, nodes, smooth = t.levels.row, t.levels.nodes, t.levels.smooth
    e, depth, level = t.ellipticity, x[2], level_(t.levels.depths, x[2])
    e_row, composite, tau, node_step, p1, s1 = e.row, e.composite, e.tau, e.step, e.p1, e.s1
    node, part = ellipticity.depth_node_(e.depths, depth)
    reach, leg, error = t.reach, t.leg, t.error
    for i in range(vec.shape[0]):
        delta, sa, ca = geo[i, 0], geo[i, 1], geo[i, 2]
        geo[i, 3] = delta
        slow = data[i, 4] == data[i, 4]
        for j in range(candidates.shape[1]):
            phase = candidates[i, j]
            if phase < 0:
                break
            kept[i, j, 0] = np.nan
            if delta < reach[phase, 0] or delta > reach[phase, 1]:
                continue
            r, cell = cell_(s_row, smooth, level, phase, delta)
            if r >= 0:
                time, p, d = between_(nodes, r, cell, delta / STEP_DEG - cell)
            else:
                time, p, d = lookup_(t.travel, phase, depth, delta)
            if time != time:
                continue
            row = ellipticity.row_(e_row, composite, p1, s1, phase, delta)
            e0, e1, e2 = ellipticity.between_(tau, node_step, row, node, part, delta)
            if e0 == e0:
                time += q0 * e0 + q1 * ca * e1 + q2 * (ca * ca - sa * sa) * e2
            if leg[phase] > 0.0 and elevation_m[i] != 0.0:
                time += elevation.correction_(leg[phase], p, elevation_m[i])
            kept[i, j, 0] = time
            kept[i, j, 1] = p
            kept[i, j, 2] = d
            kept[i, j, 3] = model_sigma_(error, waves[i, j], delta)
            kept[i, j, 4] = _bend(t, phase, depth, delta) if slow else 0.0


@njit(cache=True)
def _bend(t: Tables, phase: int, depth: float, delta: float) -> float:
    """Change of slowness with distance over one degree, s/deg/deg."""
    _, p1, _ = times_(t.travel, t.levels, phase, depth, max(0.0, delta - 0.5))
    _, p2, _ = times_(t.travel, t.levels, phase, depth, min(180.0, delta + 0.5))
    return p2 - p1 if p1 == p1 and p2 == p2 else 0.0


@njit(cache=True)
def point_(vec: Floats, x: Floats, geo: Floats) -> None:
    """Distance and azimuth of every station from x into the first three columns of geo."""
    s, c = sincos_(geocentric_(x[1]) * DEG)
    sl, cl = sincos_(x[0] * DEG)
    for i in range(vec.shape[0]):
        vx, vy, vz = vec[i, 0], vec[i, 1], vec[i, 2]
        along = vx * cl + vy * sl
        east = vy * cl - vx * sl
        north = vz * c - along * s
        r = math.sqrt(east * east + north * north)
        geo[i, 0] = atan2_(r, along * c + vz * s) / DEG
        if r > 0.0:
            geo[i, 1], geo[i, 2] = east / r, north / r
        else:
            geo[i, 1], geo[i, 2] = 0.0, 1.0


@njit(cache=True)
def backazimuth_(vx: float, vy: float, vz: float, x: Floats) -> float:
    """Azimuth in degrees from a station (geocentric unit vector) to x."""
    s, c = sincos_(geocentric_(x[1]) * DEG)
    sl, cl = sincos_(x[0] * DEG)
    return toward_(vx, vy, vz, s, c, sl, cl)


@njit(cache=True)
def toward_(vx: float, vy: float, vz: float, s: float, c: float, sl: float, cl: float) -> float:
    """As `backazimuth_`, from sine and cosine of geocentric latitude and longitude."""
    ux, uy = c * cl, c * sl
    r = math.sqrt(vx * vx + vy * vy)
    if r == 0.0:
        return 180.0 if vz > 0.0 else 0.0
    east = (uy * vx - ux * vy) / r
    north = s * r - vz * (ux * vx + uy * vy) / r
    a = atan2_(east, north) / DEG
    return a if a >= 0.0 else a + 360.0


@njit(cache=True)
def assign_(
    vec: Floats,
    candidates: Ints,
    data: Floats,
    x: Floats,
    depth: float,
    geo: Floats,
    kept: Floats,
    out: Floats,
    column: Ints,
    compete: bool,
) -> None:
    """Choose the phase that fits best (or the first that exists, where they do not compete) and fill out (n, 12), from the
    cache that was filled at `depth`.
    """
    down = x[2] - depth
    s, c = sincos_(geocentric_(x[1]) * DEG)
    sl, cl = sincos_(x[0] * DEG)
    for i in range(vec.shape[0]):
        delta, sa, ca = geo[i, 0], geo[i, 1], geo[i, 2]
        dd = delta - geo[i, 3]
        observed = data[i, 0] - data[i, 1] - x[3]
        best, b, r = np.inf, -1, np.nan
        for j in range(candidates.shape[1]):
            if candidates[i, j] < 0:
                break
            time = kept[i, j, 0]
            if time != time:
                continue
            residual = observed - time - kept[i, j, 1] * dd - kept[i, j, 2] * down
            sigma = kept[i, j, 3]
            u = abs(residual) / math.sqrt(sigma * sigma + data[i, 2] * data[i, 2])
            if j > 0:
                u += SECONDARY_PENALTY
            if u < best:
                best, b, r = u, j, residual
            if not compete:
                break
        column[i] = b
        out[i, 0] = r
        out[i, 5] = delta
        if b < 0:
            out[i, 8] = np.nan
            out[i, 9] = 0.0
            out[i, 10] = out[i, 11] = np.nan
            continue
        p = kept[i, b, 1]
        out[i, 1] = -p * sa / KM_PER_DEG
        out[i, 2] = -p * ca / KM_PER_DEG
        out[i, 3] = kept[i, b, 2]
        out[i, 4] = kept[i, b, 3]
        out[i, 8] = p
        out[i, 10] = data[i, 3] - p - kept[i, b, 4] * dd
        out[i, 11] = np.nan
        if data[i, 6] == data[i, 6]:
            db = data[i, 5] - toward_(vec[i, 0], vec[i, 1], vec[i, 2], s, c, sl, cl)
            out[i, 11] = db - 360.0 * math.floor((db + 180.0) / 360.0)


@njit(cache=True)
def angles_(vec: Floats, x: Floats, geo: Floats, out: Floats) -> None:
    """Azimuth and back-azimuth in degrees into out."""
    s, c = sincos_(geocentric_(x[1]) * DEG)
    sl, cl = sincos_(x[0] * DEG)
    for i in range(vec.shape[0]):
        a = atan2_(geo[i, 1], geo[i, 2]) / DEG
        out[i, 6] = a if a >= 0.0 else a + 360.0
        out[i, 7] = toward_(vec[i, 0], vec[i, 1], vec[i, 2], s, c, sl, cl)


@njit(cache=True)
def plain_names_(
    candidates: Ints, column: Ints, out: Floats, parts: Ints, crust: float, regional: float, name: Ints
) -> bool:
    """`names_` of first P of the mantle and of none at all, as most are; UNNAMED and False where it takes the tables."""
    whole = True
    for i in range(column.size):
        name[i] = -1
        if column[i] < 0:
            continue
        delta = out[i, 5]
        if candidates[i, column[i]] != parts[0] or delta <= crust or delta >= 90.0:
            name[i], whole = UNNAMED, False
        else:
            name[i] = parts[2] + (parts[12] if delta < regional else 0)
    return whole


@njit(cache=True)
def names_(
    t: Tables,
    candidates: Ints,
    column: Ints,
    depth: float,
    out: Floats,
    parts: Ints,
    regional: float,
    name: Ints,
) -> None:
    """Which phase of the tables the branch taken is, where it is UNNAMED.

    parts: indices of P1, S1, P, Pdiff, PKPdf, PKPbc, PKPab, S, SKS, Sdiff, Pg, Sg, and the number of phases, which is added
    to P and S nearer than `regional` (deg). P1 and S1 are resolved as Pg or Sg where these arrive within 0.05 s of them.
    """
    crust = t.reach[parts[10], 1]
    for i in range(column.size):
        if name[i] != UNNAMED:
            continue
        phase, delta = candidates[i, column[i]], out[i, 5]
        if phase == parts[0] and delta > crust and delta < 90.0:
            phase = parts[2]
        elif phase == parts[0] or phase == parts[1]:
            phase = _first(t, phase, delta, depth, parts)
        if (phase == parts[2] or phase == parts[7]) and delta < regional:
            phase += parts[12]
        name[i] = phase


@njit(cache=True)
def _first(t: Tables, phase: int, delta: float, depth: float, parts: Ints) -> int:
    """What P1 or S1 is at a distance."""
    compressional = phase == parts[0]
    crustal = parts[10] if compressional else parts[11]
    first = np.nan
    if delta <= t.reach[crustal, 1]:
        near, _, _ = times_(t.travel, t.levels, crustal, depth, delta)
        first, _, _ = times_(t.travel, t.levels, phase, depth, delta)
        if near - first < 0.05:
            return crustal  # type: ignore[no-any-return]
    if delta <= MANTLE_DEG or (compressional and delta < 90.0):
        return parts[2 if compressional else 7]  # type: ignore[no-any-return]
    if first != first:
        first, _, _ = lookup_(t.travel, phase, depth, delta)
    lo, hi = (2, 7) if compressional else (7, 10)
    for q in range(lo, hi):
        time, _, _ = lookup_(t.travel, parts[q], depth, delta)
        if time == time and abs(time - first) < 1e-3:
            return parts[q]  # type: ignore[no-any-return]
    return phase
