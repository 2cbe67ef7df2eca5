"""What the bins of origin time of one cell are worth, from the evidence that `scan` projects into them.

Rules: a bin is worth what its zones of distance gain (see `odds`), or a circle beside those beyond it where that is more (see
`circle`). Most bins are far below what is asked: a bound says so, in whole numbers, and they are not weighed. It is taken anew for
every BLOCK of bins and changes nothing in those that reach what is asked. The twin is in the tests.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.circle import CIRCLE_COST, FULL
from testban.associate.odds import LOG_STEP, N_ZONES, WHOLE_SHARE, count_log_, quick_log_
from testban.base.dmath import log_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNIT = 1.0 / 64.0
COUNT = 1 << 32  # one 64th of a pick in the upper half of a packed sum
NEAR_ZONES = 3  # to 20 deg: seen by small events, nearest stations first
BLOCK = 256


@njit(cache=True)
def weigh_(score: Ints, chance: Floats, log_table: Floats, least: float, which: Ints, odds: Floats) -> int:
    """Bins in order of time and their odds, from packed differences, which are set back to 0; those that stay below `least` may be
    left out. Returns how many there are.

    chance (2, classed zones): sum of chances, and number of waves that stations could see. Block by block, since the more picks
    agree at one time in a zone, the less is known of what a bin is worth before it is weighed.
    """
    zones = chance.shape[1]
    logs, live = np.zeros(zones), np.empty(zones, np.int64)
    n_live = 0
    for z in range(zones):
        if chance[0, z] > 0.0:
            logs[z] = quick_log_(log_table, chance[0, z])
            live[n_live] = z
            n_live += 1
    near, most, slope = np.empty((NEAR_ZONES, 3)), np.zeros(zones), np.empty(zones)
    near_(chance, log_table, near)
    carried, bound = np.zeros(zones, np.int64), np.empty(min(BLOCK, score.shape[1]), np.int64)
    enough = math.floor((least - LOG_STEP) / UNIT)  # the table of logarithms is good for half of it twice
    running, gain, value, n = np.zeros(zones, np.int64), np.zeros(zones), -1.0, 0
    for first in range(0, score.shape[1], BLOCK):
        last = min(first + BLOCK, score.shape[1])
        for i in range(n_live):  # one zone after another: memory is read in order
            z = live[i]
            carried[z], high = summed_(score[z, first:last], carried[z])
            most[z] = high / WHOLE_SHARE
        bound[:] = 0
        if enough > 0:
            slopes_(chance, near, most, logs, log_table, slope)
            for i in range(n_live):
                z = live[i]
                bound_(score[z, first:last], math.ceil(slope[z] / (UNIT * WHOLE_SHARE)), bound)
        for b in range(first, last):
            if bound[b - first] < enough:
                continue
            for i in range(n_live):
                z = live[i]
                if running[z] != score[z, b]:
                    running[z] = score[z, b]
                    value = -1.0
            if value < 0.0:
                value = weighed_(running, live, n_live, chance, logs, near, log_table, gain)
            which[n], odds[n] = b, value
            n += 1
        for i in range(n_live):
            score[live[i], first:last] = 0
    return n


@njit(cache=True)
def weighed_(
    running: Ints, live: Ints, n_live: int, chance: Floats, logs: Floats, near: Floats, log_table: Floats, gain: Floats
) -> float:  # fmt: skip
    """Odds of one bin: what its zones gain, each into gain, or a circle beside those beyond it."""
    total = 0.0
    for i in range(n_live):
        z = live[i]
        n = (running[z] >> 32) / WHOLE_SHARE
        gain[z] = 0.0
        if n > 0.0:
            e = (running[z] & (COUNT - 1)) * UNIT
            if n >= chance[0, z]:
                e -= chance[0, z]
            else:
                e += n * (count_log_(log_table, running[z] >> 32) - logs[z]) - n
            gain[z] = max(0.0, e)
            total += gain[z]
    return max(total, circle_(running, gain, near, chance.shape[1], log_table, total))


@njit(cache=True)
def summed_(score: Ints, before: int) -> tuple[int, int]:
    """Sum packed differences up in place; returns the last sum and the greatest count, in 64ths."""
    now, high = before, 0
    for b in range(score.size):
        now += score[b]
        score[b] = now
    for b in range(score.size):  # apart, so that each sum waits for the last one alone
        high = max(high, score[b])
    return now, high >> 32


@njit(cache=True)
def bound_(score: Ints, slope: int, bound: Ints) -> None:
    """Add what a zone is worth at most, in UNITs: its evidence and `slope` for each 64th of a pick."""
    for b in range(score.size):
        v = (score[b] & (COUNT - 1)) + (score[b] >> 32) * slope
        bound[b] += max(v, 0)


@njit(cache=True)
def slopes_(chance: Floats, near: Floats, most: Floats, logs: Floats, log_table: Floats, out: Floats) -> None:
    """What a count of one adds at most to the odds beside its evidence, where no bin of a zone has more than `most`."""
    top = np.full(NEAR_ZONES + 1, -1e300)
    n = 0.0
    counts = np.zeros(NEAR_ZONES)
    for z in range(NEAR_ZONES):
        for q in range(z, chance.shape[1], N_ZONES):
            n += most[q]
        counts[z] = n
    for z in range(NEAR_ZONES - 1, -1, -1):
        top[z] = top[z + 1]
        if near[z, 0] > 0.0:
            silent = max(0.0, 1.0 - counts[z] / near[z, 0])  # (m - n) log(1 - n / m) is at most n^2 / m - n
            top[z] = max(top[z], quick_log_(log_table, counts[z]) - near[z, 1] - near[z, 2] - silent)
    for q in range(chance.shape[1]):
        out[q] = 0.0
        if most[q] < chance[0, q]:
            out[q] = quick_log_(log_table, most[q]) - logs[q] - 1.0
        out[q] = max(out[q], top[min(q % N_ZONES, NEAR_ZONES)])


@njit(cache=True)
def near_(chance: Floats, log_table: Floats, out: Floats) -> None:
    """To the end of each near zone: waves that stations could see, logarithms of their mean chance and of their number."""
    c, m = 0.0, 0.0
    for z in range(NEAR_ZONES):
        for q in range(z, chance.shape[1], N_ZONES):
            c += chance[0, q]
            m += chance[1, q]
        out[z, 0], out[z, 1], out[z, 2] = m, 0.0, 0.0
        if m > 0.0:
            out[z, 1], out[z, 2] = log_(c / m), quick_log_(log_table, m)


@njit(cache=True)
def circle_(running: Ints, gain: Floats, near: Floats, zones: int, log_table: Floats, total: float) -> float:
    """Greatest odds where the stations to the end of a near zone count with their own share: see `circle`. near: of `near_`."""
    top = 0.0
    n, e = 0.0, 0.0
    for z in range(NEAR_ZONES):
        for q in range(z, zones, N_ZONES):
            total -= gain[q]
            n += (running[q] >> 32) / WHOLE_SHARE
            e += (running[q] & (COUNT - 1)) * UNIT
        if n < 3.0:
            continue
        m, log_chance, log_all = near[z, 0], near[z, 1], near[z, 2]
        free = max(m - n, (1.0 - FULL) * m)
        v = e - n * log_chance - CIRCLE_COST
        v += n * (quick_log_(log_table, n) - log_all)
        if m > n:
            v += (m - n) * (quick_log_(log_table, free) - log_all)
        top = max(top, v + total)
    return top
