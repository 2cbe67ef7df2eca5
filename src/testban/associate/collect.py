"""Which picks an origin explains, and where they put it.

Rules: one P-type and one S-type pick a station, the one with the greatest log-likelihood ratio
log(p N(residual) / rate) + vector evidence, and only where that is positive: else noise is the better explanation.
A pick called S behind the P of its station is rated by the coda, not by the burst that this P is (decision 79).
A later branch (Pg behind Pn, PKPbc behind PKPdf) must fit better by SECONDARY. Zones of distance that gain nothing are
left out (see `odds`). `fit_` alternates between collecting and a least-squares step on the collected times and
azimuths, weighted by 1 / (1 + (u / 2)^2).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.circle import (
    ALL_P,
    ALL_S,
    CHANCE,
    EVIDENCE,
    LISTENED,
    LISTENING_S,
    N_BINS,
    N_P,
    N_S,
    NUMBER,
    RAW_P,
    RAW_S,
    ZONE_OF,
    best_,
    bin_,
)
from testban.associate.claims import CODA_RATE
from testban.associate.odds import (
    CHANCE_P,
    CHANCE_S,
    N_CLASSED,
    N_ZONES,
    POINTS,
    ROWS,
    SHEAR,
    T_P,
    T_S,
    directed_,
    reach_,
    share_,
)
from testban.associate.table import BURST_S
from testban.base.dmath import DEG, log_, sincos_
from testban.base.geo import delaz_, destination_, unit_vector_
from testban.earth.travel import Kernel, lookup_
from testban.locate.errors_model import model_sigma_
from testban.locate.linear import eliminate_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIGMAS = 3.0
SECONDARY = 1.5
MISMATCH = 2.0  # cost of taking a pick against its phase hint
# Columns of a collected row.
VALUE, RESIDUAL, SIGMA, SLOWNESS, AZIMUTH, DELTA, BACKAZIMUTH, IN_BIN, SHARE = range(9)


@njit(cache=True)
def collect_(
    k: Kernel, error: Floats, branches: Ints, curve: Floats, lon: float, lat: float, depth: float, o: float,
    loc_s: float, s_lon: Floats, s_lat: Floats, unit: Floats, start: Ints, data: Floats, hint: Ints, rate: Floats,
    behind: Floats, used: Ints, traits: Ints, s_share: float, detection: Floats, max_s: float, rows: Ints, geo: Floats, bins: Floats,
) -> int:  # fmt: skip
    """Fill rows (m, 2) with pick and wave (0 P, 1 S), geo (m, 9) with the columns above; returns m.

    branches (2, 5): phase indices of the P and S families, -1 beyond the end. loc_s: uncertainty of the origin as
    seized in arrival time, s. curve: of the nearest layer, to skip stations fast. bins: sums by distance,
    see `circle`.
    """
    m = 0
    bins[:] = 0.0
    v0, v1, v2 = unit_vector_(lon, lat)
    for s in range(s_lon.size):
        if start[s] == start[s + 1]:
            continue
        h2 = 0.5 - 0.5 * (v0 * unit[s, 0] + v1 * unit[s, 1] + v2 * unit[s, 2])
        row = min(int(math.sqrt(max(h2, 0.0)) * (ROWS - 1.0) + 0.5), ROWS - 1)
        z = bin_(row) + (N_BINS if traits[s] & POINTS != 0 else 0)
        share = share_(traits[s])
        if curve[row, T_P] == curve[row, T_P]:
            bins[z, CHANCE] += share * curve[row, CHANCE_P]
            bins[z, ALL_P] += share
        if traits[s] & SHEAR != 0 and curve[row, T_S] == curve[row, T_S]:
            bins[z, CHANCE] += share * s_share * curve[row, CHANCE_S]
            bins[z, ALL_S] += share
        t_p, t_s = curve[row, T_P], curve[row, T_S]
        margin = 25.0 + 3.0 * loc_s + 0.12 * depth
        last = max(t_p + margin + 15.0, t_s + margin * 1.8 if t_s == t_s else 0.0)
        first = o + t_p - margin
        lo, hi = start[s], start[s + 1]
        while lo < hi:
            q = (lo + hi) >> 1
            if data[q, 0] < first:
                lo = q + 1
            else:
                hi = q
        if (lo < start[s + 1] and data[lo, 0] < first + LISTENING_S) or (
            lo > start[s] and data[lo - 1, 0] > first - LISTENING_S
        ):
            bins[z, LISTENED] += share
        if lo == start[s + 1] or data[lo, 0] > o + last:
            continue
        delta, azimuth, baz = delaz_(lon, lat, s_lon[s], s_lat[s])
        taken = -1
        for wave in range(2):
            if wave == 1 and (delta > max_s or traits[s] & SHEAR == 0):
                break
            best, which = 0.0, -1
            for c in range(branches.shape[1]):
                if branches[wave, c] < 0:
                    break
                t, p, _ = lookup_(k, branches[wave, c], depth, delta)
                if t != t:
                    continue
                e = model_sigma_(error, 2 if wave == 1 and c == 2 else wave, delta)
                reach = SIGMAS * (e + 3.0 + loc_s)
                i = lo
                while i < start[s + 1] and data[i, 0] <= o + t + reach:
                    j = i
                    i += 1
                    if used[j] != 0 or j == taken:
                        continue
                    r = data[j, 0] - o - t
                    sigma = math.sqrt(e * e + data[j, 1] * data[j, 1] + loc_s * loc_s)
                    u = r / sigma
                    if abs(u) > SIGMAS:
                        continue
                    noise = rate[j]
                    if hint[j] == 2 and taken >= 0 and data[j, 0] - data[taken, 0] <= BURST_S:
                        noise = min(noise, max(behind[j], CODA_RATE))
                    v = log_(detection[wave] * reach_(delta) / (2.5066 * sigma * noise)) - 0.5 * u * u
                    if hint[j] == 2 - wave:
                        v -= MISMATCH
                    if c > 0:
                        v -= SECONDARY
                    if data[j, 2] == data[j, 2] or data[j, 4] == data[j, 4]:
                        v += directed_(
                            data[j, 2], data[j, 3], data[j, 4], data[j, 5], data[j, 6], p, 0.0, baz, 0.0
                        )
                    if v > best:
                        best, which = v, j
                        geo[m, VALUE], geo[m, RESIDUAL] = share * v, r
                        geo[m, SIGMA], geo[m, SLOWNESS] = sigma, p
            if which >= 0:
                rows[m, 0], rows[m, 1] = which, wave
                geo[m, AZIMUTH], geo[m, DELTA], geo[m, BACKAZIMUTH], geo[m, IN_BIN] = azimuth, delta, baz, z
                geo[m, SHARE] = share
                bins[z, NUMBER] += share
                bins[z, EVIDENCE] += share * best
                raw = share * (best - log_(detection[wave] * reach_(delta)))
                bins[z, N_P if wave == 0 else N_S] += share
                bins[z, RAW_P if wave == 0 else RAW_S] += raw
                taken = which
                m += 1
    return prune_(rows, geo, m, bins)


@njit(cache=True)
def prune_(rows: Ints, geo: Floats, m: int, bins: Floats) -> int:
    """Leave out the picks beyond the best radius in zones that gain nothing; returns how many are left."""
    gains = np.empty(N_CLASSED)
    _, radius = best_(bins, gains)
    n = 0
    for i in range(m):
        b = int(geo[i, IN_BIN])
        near = b % N_BINS
        if near <= radius or gains[ZONE_OF[near] + N_ZONES * (b // N_BINS)] > 0.0:
            rows[n, 0], rows[n, 1] = rows[i, 0], rows[i, 1]
            for q in range(geo.shape[1]):
                geo[n, q] = geo[i, q]
            n += 1
    return n


@njit(cache=True)
def total_(bins: Floats) -> float:
    """Odds of all bins."""
    return best_(bins, np.empty(N_CLASSED))[0]


@njit(cache=True)
def step_(geo: Floats, m: int, rows: Ints, data: Floats, x: Floats) -> float:
    """One weighted least-squares step of longitude, latitude and origin time of x; returns its length (deg)."""
    a = np.zeros((3, 4))
    d = np.empty(4)
    for i in range(m):
        sa, ca = sincos_(geo[i, AZIMUTH] * DEG)
        u = geo[i, RESIDUAL] / geo[i, SIGMA]
        w = math.sqrt(geo[i, SHARE]) / (1.0 + 0.25 * u * u) / geo[i, SIGMA]
        d[0], d[1], d[2], d[3] = (
            w,
            -w * geo[i, SLOWNESS] * sa,
            -w * geo[i, SLOWNESS] * ca,
            w * geo[i, RESIDUAL],
        )
        for p in range(3):
            for q in range(4):
                a[p, q] += d[p] * d[q]
        k = rows[i, 0]
        if data[k, 4] == data[k, 4] and data[k, 6] > 0.5 and geo[i, DELTA] > 0.5:
            r = data[k, 4] - geo[i, BACKAZIMUTH]
            r -= 360.0 * math.floor((r + 180.0) / 360.0)
            sd, _ = sincos_(geo[i, DELTA] * DEG)
            u = r / data[k, 5]
            if abs(u) < 4.0 and abs(sd) > 0.05:
                w = 1.0 / (1.0 + 0.25 * u * u) / data[k, 5]
                d[0], d[1], d[2], d[3] = 0.0, -w * ca / sd, w * sa / sd, w * r
                for p in range(3):
                    for q in range(4):
                        a[p, q] += d[p] * d[q]
    a[1, 1] += 0.04  # a prior of 5 deg: what the data leave open stays where it is
    a[2, 2] += 0.04
    a[0, 0] += 1e-6
    eliminate_(a)
    east, north = a[1, 3], a[2, 3]
    length = math.sqrt(east * east + north * north)
    if length > 3.0:
        a[0, 3], east, north, length = a[0, 3] * 3.0 / length, east * 3.0 / length, north * 3.0 / length, 3.0
    x[3] += a[0, 3]
    if length > 0.0:
        lon, lat = destination_(x[0], x[1], 0.0, north)
        x[0], x[1] = destination_(lon, lat, 90.0, east)
    moved: float = length + 0.1 * abs(a[0, 3])
    return moved


@njit(cache=True)
def fit_(
    k: Kernel, error: Floats, branches: Ints, curve: Floats, x: Floats, loc_s: float, rounds: int, s_lon: Floats,
    s_lat: Floats, unit: Floats, start: Ints, data: Floats, hint: Ints, rate: Floats, behind: Floats, used: Ints, traits: Ints,
    s_share: float, detection: Floats, max_s: float, rows: Ints, geo: Floats, bins: Floats,
) -> tuple[int, float]:  # fmt: skip
    """Move x (longitude, latitude, depth, origin time) to where the picks that it collects put it: rows, score."""
    m = 0
    for r in range(rounds):
        m = collect_(
            k, error, branches, curve, x[0], x[1], x[2], x[3], loc_s, s_lon, s_lat, unit, start, data, hint, rate, behind, used,
            traits, s_share, detection, max_s, rows, geo, bins,
        )  # fmt: skip
        if m < 2:
            return m, 0.0
        if r == rounds - 1:
            break
        moved = step_(geo, m, rows, data, x)
        if moved < 0.005 and loc_s <= 0.5:
            break
        loc_s = max(0.5, 0.6 * loc_s)
    return m, total_(bins)
