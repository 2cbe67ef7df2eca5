"""Back-projection: where and when do more picks agree than chance would have it.

Rules: a pick k adds its evidence (see `odds`) to every origin time within the slack of its own (travel time over the
cell's radius, pick and model error), once for each station and wave: where two picks of a station reach the same
origin time, the nearer one counts. Evidence is kept in whole UNITs with the count of picks in the upper half of the
same integer, so that sums are exact in any order; cells know nothing of each other, so that two threads share them. A pick costs two additions a cell, whatever its slack: differences
are summed over origin time once a cell. The approach is that of back-projection association (Draelos et al. 2015,
BSSA 105, 2483-2498). The twin is in the tests.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.bins import COUNT, UNIT, weigh_
from testban.associate.drift import CELL_SHARE, LOCAL_SLOWNESS, moved_
from testban.associate.odds import (
    CHANCE_P,
    CHANCE_S,
    LOG_P,
    LOG_S,
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
    WHOLE_SHARE,
    ZONE,
    directed_,
    quick_log_,
    share_,
    zones_,
)
from testban.base.dmath import DEG
from testban.base.geo import delaz_, destination_, unit_vector_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_PICK_SLACK_S = 10.0


@njit(cache=True)
def shots_(
    start: Ints, data: Floats, hint: Ints, value: Floats, used: Ints, begin: Ints, shots: Floats
) -> None:
    """Free picks by wave (0 P, 1 S) and station: begin (2, stations + 1), first row of each in shots (twice the picks, 8).

    Columns of shots are those of data but for the second, how far a pick reaches (s), and the last, value: log(1 / (2 rate)).
    """
    n = 0
    for wave in range(2):
        for s in range(start.size - 1):
            begin[wave, s] = n
            for k in range(start[s], start[s + 1]):
                if used[k] != 0 or hint[k] == 2 - wave:
                    continue
                for q in range(7):
                    shots[n, q] = data[k, q]
                shots[n, 1] = min(2.0 * data[k, 1], MAX_PICK_SLACK_S)
                shots[n, 7] = value[k]
                n += 1
        begin[wave, start.size - 1] = n


@njit(cache=True)
def plain_(
    shots: Floats, lo: int, end: int, t: float, slack: float, o_end: float, log_chance: float, log_table: Floats, worth: Floats
) -> tuple[int, bool]:  # fmt: skip
    """Evidence of the picks from lo on that an origin before o_end reaches, by their times alone, into worth.

    t, slack: travel time (s) and its uncertainty. Returns where they end, at most at `end`, and whether one has a direction.
    """
    k, points = lo, False
    while k < end and shots[k, 0] - t - slack - MAX_PICK_SLACK_S <= o_end:
        worth[k] = shots[k, 7] + log_chance - quick_log_(log_table, slack + shots[k, 1])
        points = points or shots[k, 2] == shots[k, 2] or shots[k, 4] == shots[k, 4]
        k += 1
    return k, points


@njit(cache=True)
def aimed_(shots: Floats, lo: int, hi: int, p: float, baz: float, wide: float, worth: Floats) -> None:
    """Add what the directions of picks say of a wave of slowness p from baz, give or take `wide` (deg).

    Apart from what follows on it, since the processor waits long for it; where every azimuth is the cell's, once for all of a share.
    """
    share, vague = -1.0, 0.0
    for k in range(lo, hi):
        if shots[k, 2] != shots[k, 2] and shots[k, 4] != shots[k, 4]:
            continue
        if wide < 180.0 or shots[k, 2] == shots[k, 2] or shots[k, 6] != share:
            vague = directed_(
                shots[k, 2], shots[k, 3], shots[k, 4], shots[k, 5], shots[k, 6], p, 1.0, baz, wide
            )
            share = shots[k, 6] if shots[k, 2] != shots[k, 2] else -1.0
        worth[k] += vague


@njit(cache=True)
def project_(
    cell: Floats, vector: Floats, curve: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints, begin: Ints,
    shots: Floats, traits: Ints, log_table: Floats, o_start: float, bin_s: float, score: Ints,
    chance: Floats,
) -> None:  # fmt: skip
    """Packed evidence for one cell, added to score (classed zones, bins of origin time from o_start); chances, numbers of these.

    cell: longitude, latitude, radius, reach. vector (7): of the cell, see `drift`. start: first pick of each station;
    begin, shots: of `shots_`. traits: of the stations, see `odds`.
    """
    n_bins = score.shape[1]
    chance[:] = 0.0
    worth = np.empty(shots.shape[0])
    o_end = o_start + n_bins * bin_s
    limit = 1.1
    if cell[3] < 180.0:
        limit = (0.5 * cell[3] * DEG) ** 2
    for s in range(unit.shape[0]):
        if start[s] == start[s + 1]:
            continue
        h2 = 0.5 - 0.5 * (vector[0] * unit[s, 0] + vector[1] * unit[s, 1] + vector[2] * unit[s, 2])
        if h2 > limit:
            continue
        x = math.sqrt(max(h2, 0.0)) * (ROWS - 1.0)
        row = min(int(x), ROWS - 2)
        f = x - row
        z = int(curve[row, ZONE]) + (N_ZONES if traits[s] & POINTS != 0 else 0)
        t_p = curve[row, T_P] + f * (curve[row + 1, T_P] - curve[row, T_P])
        baz, wide, share = -1.0, 180.0, share_(traits[s])
        counted = COUNT * int(share * WHOLE_SHARE)
        for wave in range(2):
            if wave == 0:
                t, p, log_chance = t_p, curve[row, P_P], curve[row, LOG_P]
                slack = CELL_SHARE * cell[2] * moved_(vector, unit, s, h2, p) + curve[row, SLACK_P]
            else:
                t = curve[row, T_S] + f * (curve[row + 1, T_S] - curve[row, T_S])
                p, log_chance = curve[row, P_S], curve[row, LOG_S]
                slack = CELL_SHARE * cell[2] * moved_(vector, unit, s, h2, p) + curve[row, SLACK_S]
                if traits[s] & SHEAR == 0 or t - t_p < slack:
                    break  # P and S cannot be told apart: one pick would count for both
            if t != t:
                break
            chance[0, z] += share * curve[row, CHANCE_P if wave == 0 else CHANCE_S]
            chance[1, z] += share
            lo, hi = begin[wave, s], begin[wave, s + 1]
            first = o_start + t - slack - MAX_PICK_SLACK_S
            while lo < hi:
                m = (lo + hi) >> 1
                if shots[m, 0] < first:
                    lo = m + 1
                else:
                    hi = m
            hi, points = plain_(shots, lo, begin[wave, s + 1], t, slack, o_end, log_chance, log_table, worth)
            if points:
                if baz < 0.0:
                    _, _, baz = delaz_(cell[0], cell[1], s_lon[s], s_lat[s])
                    wide = min(180.0, cell[2] * 0.5 * ROWS / max(x, 1.0) * 57.3)
                aimed_(shots, lo, hi, p, baz, wide, worth)
            before, b_from, b_to, b_w = -1e30, 0, -1, 0
            for k in range(lo, hi):
                q = int(share * worth[k] / UNIT)
                if q <= 0:
                    continue
                q += counted
                o, width = shots[k, 0] - t, slack + shots[k, 1]
                q0 = math.floor((o - width - o_start) / bin_s)
                q1 = math.floor((o + width - o_start) / bin_s)
                if q0 <= b_to:
                    middle = math.floor((0.5 * (before + o) - o_start) / bin_s)
                    q0 = max(q0, min(b_to, middle) + 1)
                    b_to = min(b_to, q0 - 1)
                if b_to >= b_from and b_to >= 0 and b_from < n_bins:
                    score[z, max(b_from, 0)] += b_w
                    if b_to + 1 < n_bins:
                        score[z, b_to + 1] -= b_w
                before, b_from, b_to, b_w = o, q0, q1, q
            if b_to >= b_from and b_to >= 0 and b_from < n_bins:
                score[z, max(b_from, 0)] += b_w
                if b_to + 1 < n_bins:
                    score[z, b_to + 1] -= b_w


@njit(cache=True, nogil=True)
def scan_(
    cells: Floats, vectors: Floats, curve: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints,
    begin: Ints, shots: Floats, traits: Ints, log_table: Floats, o_start: float, o_end: float,
    bin_s: float, threshold: float, out: Floats,
) -> int:  # fmt: skip
    """Local maxima in time above the threshold in every cell of one size (same bin).

    Rows of out: score, cell, origin time, half width (s) of what a cell cannot tell apart. Returns their number.
    """
    n_bins = int((o_end - o_start) / bin_s) + 1
    zones = zones_(traits)
    score, chance = np.zeros((zones, n_bins), np.int64), np.empty((2, zones))
    which, odds = np.empty(n_bins, np.int64), np.empty(n_bins)
    n = 0
    for c in range(cells.shape[0]):
        project_(
            cells[c], vectors[c], curve, unit, s_lon, s_lat, start, begin, shots, traits, log_table, o_start,
            bin_s, score, chance,
        )  # fmt: skip
        m = weigh_(score, chance, log_table, threshold, which, odds)
        apart_s = CELL_SHARE * cells[c, 2] * vectors[c, 6] + 2.5
        apart = int(apart_s / bin_s) + 1
        top, last, plateau, before = 0.0, -1, 0, -1
        for k in range(m + 1):
            b, v = (which[k], odds[k]) if k < m else (n_bins, 0.0)
            if top > 0.0 and (v < threshold or b > before + 1 or b - plateau > apart):
                if n < out.shape[0]:
                    out[n, 0], out[n, 1], out[n, 2] = top, c, o_start + 0.5 * (last + plateau + 1) * bin_s
                    out[n, 3] = apart_s
                    n += 1
                top = 0.0
            if v >= threshold and v > 0.0:
                if v > top:
                    top, last, plateau = v, b, b
                elif v == top and b == plateau + 1:
                    plateau = b
            before = b
    return n


@njit(cache=True)
def peak_(
    cell: Floats, vector: Floats, curve: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints, begin: Ints,
    shots: Floats, traits: Ints, log_table: Floats, o: float, half_s: float, bin_s: float,
) -> tuple[float, float]:  # fmt: skip
    """Greatest odds of one cell within half_s of an origin time, and its origin time."""
    n_bins = 2 * int(half_s / bin_s) + 1
    zones = zones_(traits)
    score, chance = np.zeros((zones, n_bins), np.int64), np.empty((2, zones))
    which, odds = np.empty(n_bins, np.int64), np.empty(n_bins)
    o_start = o - 0.5 * n_bins * bin_s
    project_(
        cell, vector, curve, unit, s_lon, s_lat, start, begin, shots, traits, log_table, o_start, bin_s, score,
        chance,
    )  # fmt: skip
    weigh_(score, chance, log_table, 0.0, which, odds)  # all bins
    top, a, z = 0.0, 0, 0
    for b in range(n_bins):
        if odds[b] > top:
            top, a, z = odds[b], b, b
        elif odds[b] == top and b == z + 1:
            z = b
    return top, o_start + 0.5 * (a + z + 1) * bin_s


@njit(cache=True)
def again_(
    row: Floats, cell: Floats, vector: Floats, curve: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints, begin: Ints,
    shots: Floats, traits: Ints, log_table: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Odds and origin time of a candidate (score, cell, origin time, apart, layer) with the picks in shots."""
    return peak_(
        cell, vector, curve, unit, s_lon, s_lat, start, begin, shots, traits, log_table, row[2], row[3],
        max(0.5, 0.15 * row[3]),
    )  # fmt: skip


@njit(cache=True)
def leader_(
    rows: Floats, curve: Ints, odds: Floats, version: Ints, current: int, least: float, cells: Floats, vectors: Floats,
    curves: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints, begin: Ints, shots: Floats, traits: Ints,
    log_table: Floats, anew: Ints,
) -> tuple[int, int]:  # fmt: skip
    """The candidate of the greatest odds (-1: none is left), and how many had to be weighed again for it, their numbers into anew.

    Odds of an older version than the current one are weighed again, and 0 where they stay below `least`; rows follow.
    """
    n = 0
    while True:
        i = int(np.argmax(odds))
        if odds[i] <= 0.0:
            return -1, n
        if version[i] >= current:
            return i, n
        version[i] = current
        anew[n] = i
        n += 1
        c = int(rows[i, 1])
        score, rows[i, 2] = again_(
            rows[i],
            cells[c],
            vectors[c],
            curves[curve[i]],
            unit,
            s_lon,
            s_lat,
            start,
            begin,
            shots,
            traits,
            log_table,
        )
        odds[i] = score if score >= least else 0.0


@njit(cache=True, nogil=True)
def sharpen_(
    rows: Floats, cells: Floats, curves: Floats, unit: Floats, s_lon: Floats, s_lat: Floats, start: Ints, begin: Ints,
    shots: Floats, traits: Ints, log_table: Floats, enough: float, out: Floats, score: Floats,
) -> None:  # fmt: skip
    """The best quarter of the best quarter of the cells of rows (score, cell, origin time, apart, layer).

    out: longitude, latitude, radius, reach of the smaller cell; score: its odds and origin time. A first halving that
    stays below `enough` is not halved again.
    """
    node, vector = np.empty(4), np.zeros(7)
    for i in range(rows.shape[0]):
        cell = cells[int(rows[i, 1])]
        lon, lat, radius, o, half = cell[0], cell[1], cell[2], rows[i, 2], rows[i, 3]
        curve = curves[int(rows[i, 4])]
        node[3] = cell[3]
        best = 0.0
        for _ in range(2):
            best, b_lon, b_lat, b_o = 0.0, lon, lat, o
            for g in range(4):
                node[0], node[1] = destination_(lon, lat, 45.0 + 90.0 * g, 0.5 * radius)
                node[2] = 0.5 * radius
                vector[0], vector[1], vector[2] = unit_vector_(node[0], node[1])
                v, when = peak_(
                    node, vector, curve, unit, s_lon, s_lat, start, begin, shots, traits, log_table, o, half,
                    max(0.5, 0.15 * half),
                )  # fmt: skip
                if v > best:
                    best, b_lon, b_lat, b_o = v, node[0], node[1], when
            lon, lat, o, radius = b_lon, b_lat, b_o, 0.5 * radius
            half = CELL_SHARE * radius * LOCAL_SLOWNESS + 2.5
            if best < enough:
                break
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = lon, lat, radius, cell[3]
        score[i, 0], score[i, 1] = best, o
