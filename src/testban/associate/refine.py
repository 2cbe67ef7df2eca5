"""From a promising cell to a place: the same evidence on ever smaller cells.

Rules: only picks that the first cell could explain take part; nine points, radius halved each time until FINEST_DEG;
ties keep the earlier point. The score of a node is that of `scan.project_` over a short stretch of origin time.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.scan import CORE_SLACK_S, MODEL_SLACK_S, curve_, project_
from testban.base.dmath import DEG, acos_
from testban.base.geo import destination_, unit_vector_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FINEST_DEG = 0.06


@njit(cache=True)
def gather_(
    vector: Floats, radius: float, o: float, spread: float, unit: Floats, start: Ints, data: Floats, hint: Ints,
    used: Ints, table: Floats, max_s: float, keep: Ints,
) -> int:  # fmt: skip
    """Numbers of the free picks that a cell and an origin time o +- spread could explain, into keep."""
    n = 0
    for s in range(unit.shape[0]):
        if start[s] == start[s + 1]:
            continue
        delta = acos_(vector[0] * unit[s, 0] + vector[1] * unit[s, 1] + vector[2] * unit[s, 2]) / DEG
        t0, _ = curve_(table[0], delta)
        t1, _ = curve_(table[1], delta)
        s0 = radius * 14.0 + MODEL_SLACK_S + spread + CORE_SLACK_S + 3.0
        s1 = radius * 26.0 + 2.0 * MODEL_SLACK_S + spread + 3.0
        lo, hi = start[s], start[s + 1]
        while lo < hi:
            m = (lo + hi) >> 1
            if data[m, 0] < o + t0 - s0:
                lo = m + 1
            else:
                hi = m
        i = lo
        last = o + t0 + s0
        if delta <= max_s + radius and t1 == t1:
            last = max(last, o + t1 + s1)
        while i < start[s + 1] and data[i, 0] <= last and n < keep.size:
            near_p = abs(data[i, 0] - o - t0) <= s0 and hint[i] != 2
            near_s = t1 == t1 and delta <= max_s + radius and abs(data[i, 0] - o - t1) <= s1 and hint[i] != 1
            if used[i] == 0 and (near_p or near_s):
                keep[n] = i
                n += 1
            i += 1
    return n


@njit(cache=True)
def refine_(
    lon: float, lat: float, radius: float, o: float, spread: float, unit: Floats, s_lon: Floats, s_lat: Floats,
    start: Ints, station: Ints, data: Floats, hint: Ints, rate: Floats, used: Ints, table: Floats,
    detection: Floats, max_s: float, keep: Ints, result: Floats,
) -> None:  # fmt: skip
    """Refine one candidate; result: score, longitude, latitude, origin time, radius."""
    vector = np.empty(3)
    vector[0], vector[1], vector[2] = unit_vector_(lon, lat)
    n = gather_(vector, radius, o, spread, unit, start, data, hint, used, table, max_s, keep)
    # a small table of the stations and picks that matter
    m = 0
    for i in range(n):
        if i == 0 or station[keep[i]] != station[keep[i - 1]]:
            m += 1
    u, x, y = np.empty((m, 3)), np.empty(m), np.empty(m)
    first = np.zeros(m + 1, np.int64)
    d, h, r, z = np.empty((n, 6)), np.empty(n, np.int64), np.empty(n), np.zeros(n, np.int64)
    m = 0
    for i in range(n):
        k = keep[i]
        if i == 0 or station[k] != station[keep[i - 1]]:
            s = station[k]
            u[m, 0], u[m, 1], u[m, 2] = unit[s, 0], unit[s, 1], unit[s, 2]
            x[m], y[m] = s_lon[s], s_lat[s]
            first[m] = i
            m += 1
        for q in range(6):
            d[i, q] = data[k, q]
        h[i], r[i] = hint[k], rate[k]
    first[m] = n
    best_score = -1.0
    result[0] = -1.0
    while True:
        half = 14.0 * radius + 4.0 + (spread if best_score < 0.0 else 0.0)
        bin_s = max(0.5, 0.15 * half)
        n_bins = int(2.0 * half / bin_s) + 1
        score, stamp, best = np.empty(n_bins), np.empty(n_bins, np.int64), np.empty(n_bins)
        level_score, l_lon, l_lat, l_o = -1.0, lon, lat, o
        for g in range(9):
            if g == 0:
                glon, glat = lon, lat
            else:
                glon, glat = destination_(lon, lat, 45.0 * (g - 1), radius * (0.6 if g % 2 == 1 else 0.75))
            vector[0], vector[1], vector[2] = unit_vector_(glon, glat)
            project_(
                glon, glat, radius * 0.5, vector, u, x, y, first, d, h, r, z, table, detection, max_s, o - half, bin_s,
                score, stamp, best,
            )  # fmt: skip
            top, b0, b1 = -1.0, 0, 0
            for b in range(n_bins):
                if score[b] > top:
                    top, b0, b1 = score[b], b, b
                elif score[b] == top and b == b1 + 1:
                    b1 = b
            if top > level_score:
                level_score, l_lon, l_lat = top, glon, glat
                l_o = o - half + 0.5 * (b0 + b1 + 1) * bin_s
        lon, lat, o = l_lon, l_lat, l_o
        best_score = level_score
        radius *= 0.6
        if radius < FINEST_DEG or not math.isfinite(best_score) or best_score <= 0.0:
            break
    result[0], result[1], result[2], result[3], result[4] = best_score, lon, lat, o, radius
