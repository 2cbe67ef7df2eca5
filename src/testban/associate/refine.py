"""From a promising cell to a place: the same evidence on ever smaller cells.

Rules: only picks that the first cell could explain take part, and the chances of its zones are kept; nine points,
radius shrunk each time until `finest`; ties keep the earlier point. The score of a node is that of `scan`.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.bins import weigh_
from testban.associate.drift import drift_
from testban.associate.odds import (
    CHANCE_P,
    CHANCE_S,
    N_ZONES,
    P_P,
    P_S,
    POINTS,
    ROWS,
    SHEAR,
    SLACK_P,
    SLACK_S,
    T_P,
    T_S,
    ZONE,
    share_,
    zones_,
)
from testban.associate.scan import project_, shots_
from testban.base.dmath import DEG
from testban.base.geo import destination_, unit_vector_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHRINK = 0.6


@njit(cache=True)
def gather_(
    vector: Floats, radius: float, o: float, spread: float, curve: Floats, unit: Floats, start: Ints, data: Floats,
    hint: Ints, used: Ints, traits: Ints, keep: Ints, chance: Floats,
) -> int:  # fmt: skip
    """Numbers of the free picks that a cell and an origin time o +- spread could explain, into keep; zone chances."""
    n = 0
    chance[:] = 0.0
    for s in range(unit.shape[0]):
        if start[s] == start[s + 1]:
            continue
        h2 = 0.5 - 0.5 * (vector[0] * unit[s, 0] + vector[1] * unit[s, 1] + vector[2] * unit[s, 2])
        row = min(int(math.sqrt(max(h2, 0.0)) * (ROWS - 1.0) + 0.5), ROWS - 1)
        z = int(curve[row, ZONE]) + (N_ZONES if traits[s] & POINTS != 0 else 0)
        share = share_(traits[s])
        t0, t1 = curve[row, T_P], curve[row, T_S]
        s0, s1 = -1.0, -1.0
        if t0 == t0:
            s0 = radius * curve[row, P_P] + curve[row, SLACK_P] + spread + 4.0
            chance[0, z] += share * curve[row, CHANCE_P]
            chance[1, z] += share
        if t1 == t1 and traits[s] & SHEAR != 0:
            s1 = radius * curve[row, P_S] + curve[row, SLACK_S] + spread + 4.0
            chance[0, z] += share * curve[row, CHANCE_S]
            chance[1, z] += share
        lo, hi = start[s], start[s + 1]
        while lo < hi:
            m = (lo + hi) >> 1
            if data[m, 0] < o + t0 - s0:
                lo = m + 1
            else:
                hi = m
        last = o + (t1 + s1 if s1 > 0.0 else t0 + s0)
        for i in range(lo, start[s + 1]):
            if data[i, 0] > last or n >= keep.size:
                break
            near_p = abs(data[i, 0] - o - t0) <= s0 and hint[i] != 2
            near_s = s1 > 0.0 and abs(data[i, 0] - o - t1) <= s1 and hint[i] != 1
            if used[i] == 0 and (near_p or near_s):
                keep[n] = i
                n += 1
    return n


@njit(cache=True)
def refine_(
    cell: Floats, place: Floats, o: float, spread: float, finest: float, curve: Floats, unit: Floats, s_lon: Floats, s_lat: Floats,
    start: Ints, station: Ints, data: Floats, hint: Ints, value: Floats, used: Ints, traits: Ints, log_table: Floats,
    keep: Ints, result: Floats,
) -> None:  # fmt: skip
    """Refine one candidate; result: score, longitude, latitude, origin time, radius, number of picks in reach."""
    zones = zones_(traits)
    vector, chance, scrap = place.copy(), np.empty((2, zones)), np.empty((2, zones))
    lon, lat, radius = cell[0], cell[1], cell[2]
    moves = place[3] != 0.0 or place[4] != 0.0 or place[5] != 0.0
    n = gather_(vector, radius, o, spread, curve, unit, start, data, hint, used, traits, keep, chance)
    m = 0  # a small table of the stations and picks that matter
    for i in range(n):
        if i == 0 or station[keep[i]] != station[keep[i - 1]]:
            m += 1
    u, x, y, c = np.empty((m, 3)), np.empty(m), np.empty(m), np.empty(m, np.int64)
    first = np.zeros(m + 1, np.int64)
    d, h, r, free = np.empty((n, 7)), np.empty(n, np.int64), np.empty(n), np.zeros(n, np.int64)
    m = 0
    for i in range(n):
        k = keep[i]
        if i == 0 or station[k] != station[keep[i - 1]]:
            s = station[k]
            u[m, 0], u[m, 1], u[m, 2] = unit[s, 0], unit[s, 1], unit[s, 2]
            x[m], y[m], c[m] = s_lon[s], s_lat[s], traits[s]
            first[m] = i
            m += 1
        for q in range(7):
            d[i, q] = data[k, q]
        h[i], r[i] = hint[k], value[k]
    first[m] = n
    begins, shots = np.empty((2, m + 1), np.int64), np.empty((2 * n, 8))
    shots_(first, d, h, r, free, begins, shots)
    node = np.empty(4)
    node[3] = 180.0
    best_score = -1.0
    while True:
        if moves and best_score >= 0.0:
            node[0], node[1] = lon, lat
            drift_(node, curve, u, vector)
        v0, v1, v2 = unit_vector_(lon, lat)
        half = vector[6] * radius + 4.0 + (spread if best_score < 0.0 else 0.0)
        bin_s = max(0.5, 0.12 * half)
        n_bins = int(2.0 * half / bin_s) + 1
        score, which, odds = np.empty((zones, n_bins), np.int64), np.empty(n_bins, np.int64), np.empty(n_bins)
        level_score, l_lon, l_lat, l_o = -1.0, lon, lat, o
        for g in range(9):
            node[0], node[1], node[2] = lon, lat, 0.5 * radius
            if g > 0:
                node[0], node[1] = destination_(
                    lon, lat, 45.0 * (g - 1), radius * (0.6 if g % 2 == 1 else 0.75)
                )
            vector[0], vector[1], vector[2] = unit_vector_(node[0], node[1])
            shift = 0.0  # all times change alike, which the origin takes up
            if moves:
                shift = (
                    vector[3] * (vector[0] - v0) + vector[4] * (vector[1] - v1) + vector[5] * (vector[2] - v2)
                )
            begin = o - half - shift / DEG
            score[:] = 0
            project_(
                node,
                vector,
                curve,
                u,
                x,
                y,
                first,
                begins,
                shots,
                c,
                log_table,
                begin,
                bin_s,
                score,
                scrap,
            )
            weigh_(score, chance, log_table, 0.0, which, odds)  # all bins
            top, b0, b1 = -1.0, 0, 0
            for b in range(n_bins):
                if odds[b] > top:
                    top, b0, b1 = odds[b], b, b
                elif odds[b] == top and b == b1 + 1:
                    b1 = b
            if top > level_score:
                level_score, l_lon, l_lat = top, node[0], node[1]
                l_o = begin + 0.5 * (b0 + b1 + 1) * bin_s
        lon, lat, o = l_lon, l_lat, l_o
        best_score = level_score
        radius *= SHRINK
        if radius < finest or best_score <= 0.0:
            break
    result[0], result[1], result[2], result[3], result[4], result[5] = best_score, lon, lat, o, radius, n
