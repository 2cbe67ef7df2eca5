"""How far an event is seen: the share of stations that picked P does not grow with distance while P gets weaker.

Rules: to FAR_DEG amplitudes of P fall with distance, so that of the stations that were listening (any pick within an hour) a smaller
share sees an event the farther off they stand. The score of a fit leaves the share of each zone of distance free (`odds`, `circle`); here
the shares that never rise and fit best (isotonic regression by pooling adjacent violators: Ayer et al. 1955, Ann. Math.
Stat. 26, 641-647) are weighed against those that the score took: sum(n log f + (N - n) log(1 - f)) by bin of distance, n of N stations.
Few silent stations say nothing, and what falls off as it should gains nothing. Stations that point are left out: arrays see
farther than others.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.circle import LISTENING_S, RADII_DEG, ZONE_OF
from testban.associate.odds import POINTS, share_
from testban.base.dmath import log_
from testban.base.geo import delaz_
from testban.earth.travel import Kernel, lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAR_DEG = 13.5  # beyond it the waves that turn below the upper mantle's steps make P stronger again
N_BINS = sum(r <= FAR_DEG for r in RADII_DEG)


@njit(cache=True)
def counts_(
    k: Kernel, first: int, lon: float, lat: float, depth: float, o: float, saw: Ints, s_lon: Floats, s_lat: Floats, traits: Ints,
    start: Ints, data: Floats, out: Floats,
) -> None:  # fmt: skip
    """Stations with P (row 0 of out, (2, N_BINS)) and those listening (row 1) by bin of distance from a place (deg, km, s of the window).

    first: index of P1. saw: 1 for the stations with P. traits: see `odds`.
    """
    out[:] = 0.0
    for s in range(s_lon.size):
        if start[s] == start[s + 1] or traits[s] & POINTS != 0:
            continue
        delta, _, _ = delaz_(lon, lat, s_lon[s], s_lat[s])
        if delta > FAR_DEG:
            continue
        t, _, _ = lookup_(k, first, depth, delta)
        i, b = start[s], 0
        while i < start[s + 1] and data[i, 0] <= o + t - LISTENING_S:
            i += 1
        while delta > RADII_DEG[b]:
            b += 1
        if saw[s] == 1 or (i < start[s + 1] and data[i, 0] < o + t + LISTENING_S):
            out[1, b] += share_(traits[s])
            if saw[s] == 1:
                out[0, b] += share_(traits[s])


@njit(cache=True)
def worth_(n: float, of: float, f: float) -> float:
    """Log-likelihood of n of some stations at a share of them."""
    v: float = n * log_(f) if n > 0.0 else 0.0
    return v + (of - n) * log_(1.0 - f) if of > n else v


@njit(cache=True)
def falling_(counts: Floats) -> float:
    """Greatest log-likelihood of shares that do not rise from bin to bin."""
    n, of = np.zeros(N_BINS), np.zeros(N_BINS)
    m = 0
    for b in range(N_BINS):
        if counts[1, b] <= 0.0:
            continue
        n[m], of[m] = counts[0, b], counts[1, b]
        m += 1
        while m > 1 and n[m - 2] * of[m - 1] < n[m - 1] * of[m - 2]:
            n[m - 2] += n[m - 1]
            of[m - 2] += of[m - 1]
            m -= 1
    total = 0.0
    for i in range(m):
        total += worth_(n[i], of[i], n[i] / of[i])
    return total


@njit(cache=True)
def free_(counts: Floats) -> float:
    """Greatest log-likelihood of one share within a radius or none, and of one in every zone beyond it."""
    best = -math.inf
    for radius in range(-1, N_BINS):
        total, b = 0.0, 0
        while b < N_BINS:
            n, of, last = 0.0, 0.0, b
            while last < N_BINS and (last <= radius if b <= radius else ZONE_OF[last] == ZONE_OF[b]):
                n += counts[0, last]
                of += counts[1, last]
                last += 1
            if of > 0.0:
                total += worth_(n, of, n / of)
            b = last
        best = max(best, total)
    return best


@njit(cache=True)
def falloff_(counts: Floats) -> float:
    """Log-likelihood ratio of falling shares against free ones; 0 at most."""
    return min(0.0, falling_(counts) - free_(counts))
