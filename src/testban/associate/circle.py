"""What an event that is seen out to some distance is worth: the nearest stations see it first.

Rules: a small event is picked at nearly all stations near it and at none far off; a chance match picks at random. For a
radius R the stations within it see P with a share f and S with another, both free, and the likelihood ratio of a
station that saw nothing, 1 - f, counts: sum(w) + n log f + (N - n) log(1 - f) with f = n / N (at most FULL) and w the
evidence of a pick before its chance. Beyond R the zones of distance count as before (see `odds`). The greatest over no
radius and the RADII, less the logarithm of their number, is the score, so that it is never less than what the zones
alone say: without up-time a silent station says nothing against an event. Bins of distance nest in the zones.

An event that stations beyond NEAR_DEG see is seen by those within it: the share of the far ones that an event may have
is bounded by STEEPEST times that of the near ones that were listening, those with any pick within LISTENING_S of the
expected time. A few silent stations bound nothing; a whole silent network does.

Bins of stations that point (see `odds`) come after those of the others: beyond the radius they are zones of their own.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import N_CLASSED, N_ZONES, ROWS, ZONES_DEG, zone_gain_
from testban.base.dmath import DEG, log_, sincos_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADII_DEG = (0.25, 0.4, 0.6, 0.9, 1.3, 1.8, 2.5, 3.5, 4.7, 6.0, 9.0, 13.5, 20.0)
N_BINS = len(RADII_DEG) + 3
CIRCLE_COST = log_(len(RADII_DEG) + 1.0)
ZONE_COST = log_(N_ZONES + 1.0)
WHOLE = 3.0  # P in a zone from which on its stations may be the ones that all see the event
FULL = 0.95  # of the stations at most: clocks, gaps and noisy hours
# Last row of a curve of each bin, and its zone.
LAST_ROW = tuple(int(sincos_(0.5 * d * DEG)[0] * (ROWS - 1.0)) for d in (*RADII_DEG, *ZONES_DEG[4:], 180.0))
ZONE_OF = tuple(sum(d > z for z in ZONES_DEG[1:]) for d in (*RADII_DEG, *ZONES_DEG[4:], 180.0))
# Columns of the sums of a bin: all picks with their chance, then raw ones of P and S with the number of stations.
NUMBER, EVIDENCE, CHANCE, N_P, RAW_P, ALL_P, N_S, RAW_S, ALL_S = range(9)
LISTENED = 9  # stations with any pick around the expected P
N_COLUMNS = 10
N_CLASSED_BINS = 2 * N_BINS
LISTENING_S = 3600.0
NEAR_DEG = 6.0
STEEPEST = 3.0
NEAR_BINS = sum(r <= NEAR_DEG for r in RADII_DEG)
FAR_ZONE = sum(z < NEAR_DEG for z in ZONES_DEG[1:]) + 1


@njit(cache=True)
def bin_(row: int) -> int:
    """Bin of distance of a row of a curve."""
    b = 0
    while b + 1 < N_BINS and row > LAST_ROW[b]:
        b += 1
    return b


@njit(cache=True)
def share_gain_(raw: float, n: float, stations: float) -> float:
    """Log-likelihood ratio of n of some stations, at the share that fits best."""
    if n <= 0.0:
        return 0.0
    f = min(FULL, n / max(stations, n))
    g: float = raw + n * log_(f) + (max(stations, n) - n) * log_(1.0 - f)
    return max(0.0, g)


@njit(cache=True)
def add_(sums: Floats, row: Floats) -> None:
    """Add the columns of a bin to sums."""
    for q in range(N_COLUMNS):
        sums[q] += row[q]


@njit(cache=True)
def shares_gain_(sums: Floats) -> float:
    """Log-likelihood ratio of the P and the S of summed bins, each at its best share."""
    p = share_gain_(sums[RAW_P], sums[N_P], sums[ALL_P])
    return p + share_gain_(sums[RAW_S], sums[N_S], sums[ALL_S])


@njit(cache=True)
def picked_(bins: Floats, zone: int, offset: int, radius: int) -> bool:
    """Whether a zone has a pick in the bins beyond a radius, of those from `offset` on."""
    picks = 0.0
    for b in range(radius + 1, N_BINS):
        if ZONE_OF[b] == zone:
            picks += bins[offset + b, NUMBER]
    return picks > 0.0


@njit(cache=True)
def beyond_(bins: Floats, radius: int, gains: Floats) -> float:
    """Odds of the zones (N_CLASSED) from the bins beyond a radius, each into gains."""
    total = 0.0
    near, listened, sums = 1.0, 1.0, np.empty(N_COLUMNS)
    for b in range(NEAR_BINS):
        near += bins[b, N_P] + bins[N_BINS + b, N_P]
        listened += bins[b, LISTENED] + bins[N_BINS + b, LISTENED]
    bound = STEEPEST * near / listened
    for q in range(N_CLASSED):
        z, offset = q % N_ZONES, N_BINS * (q // N_ZONES)
        gains[q] = 0.0
        if not picked_(bins, z, offset, radius):
            continue
        sums[:] = 0.0
        for b in range(radius + 1, N_BINS):
            if ZONE_OF[b] == z:
                add_(sums, bins[offset + b])
        n, e, c, most = sums[NUMBER], sums[EVIDENCE], sums[CHANCE], sums[ALL_P]
        gains[q] = max(0.0, zone_gain_(e, n, c))
        if z >= FAR_ZONE and c <= 0.0:  # picks at the rim of a shadow, where the curves reach no station
            gains[q] = 0.0
        elif z >= FAR_ZONE and bound * most < n:  # no more than so many of them can have seen it
            gains[q] = max(0.0, e + n * log_(bound * most / c) - bound * most)
        elif z >= FAR_ZONE and sums[N_P] >= WHOLE:
            seen = shares_gain_(sums) - ZONE_COST
            gains[q] = max(gains[q], seen)
        total += gains[q]
    return total


@njit(cache=True)
def best_(bins: Floats, gains: Floats) -> tuple[float, int]:
    """Greatest score over the radii and the number of the best one (-1: none); gains of the zones beyond it."""
    best, which = beyond_(bins, -1, gains), -1
    sums = np.zeros(N_COLUMNS)
    for r in range(len(RADII_DEG)):
        before = sums[N_P] + sums[N_S]
        add_(sums, bins[r])
        add_(sums, bins[N_BINS + r])
        if sums[N_P] + sums[N_S] <= before:
            continue
        v = shares_gain_(sums) - CIRCLE_COST
        v += beyond_(bins, r, gains)
        if v > best:
            best, which = v, r
    beyond_(bins, which, gains)
    return best, which
