"""A second shock or shot at the place of a known event: its P follows that of the first by one delay at all stations.

Rules: what follows within minutes stands in the coda of the first, where picks come often, so that cells of the search,
uncertain by many seconds, do not show it. At a trial delay each station with P is worth log(1 - q + q N(late) e^v / rate), v the
evidence of a measured slowness and back-azimuth and `late` what one delay and a step of some ten km between the places leave: as the
reflections of `echo`, against which it stands.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import vector_evidence_
from testban.base.dmath import DEG, exp_, log_, sincos_
from testban.earth.travel import Kernel, lookup_
from testban.locate.linear import eliminate_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIGMA_S = 0.3  # of a delay beside the errors of its two picks: both went one way
PRICE = log_(20.0)  # of a second event against a reflection of the same picks: most delays are reflections
STEP_DEG = 0.15  # between the two places, each coordinate
REACH_S = 4.0  # what such a step and the errors make of one delay
ROUNDS = 4
SEEN = 0.5  # that a station with P of the first has P of the second
LEAST_S, MOST_S = 15.0, 240.0  # nearer is a second reading of the first P, later the search itself sees


@njit(cache=True)
def aligned_(delay: Floats, variance: Floats, slowness: Floats, azimuth: Floats, late: Floats) -> float:
    """What delays (s) at stations leave of one delay and a step to the place of a second event; returns half its square.

    variance: of each (s2). slowness (s/deg) and azimuth (deg) of the first event's P. late: what is left (s). The step has a
    standard deviation of STEP_DEG; robust least squares in ROUNDS.
    """
    n = delay.size
    east, north = 0.0, 0.0
    middle = np.sort(delay)[n // 2]
    for i in range(n):
        late[i] = delay[i] - middle
    for _ in range(ROUNDS):
        a = np.zeros((3, 4))
        for k in range(1, 3):
            a[k, k] = 1.0 / STEP_DEG**2
        for i in range(n):
            sa, ca = sincos_(azimuth[i] * DEG)
            u = late[i] * late[i] / variance[i]
            w = 1.0 / (1.0 + 0.25 * u) / variance[i]
            row = (1.0, -slowness[i] * sa, -slowness[i] * ca, delay[i] - middle)
            for p in range(3):
                for q in range(4):
                    a[p, q] += w * row[p] * row[q]
        eliminate_(a)
        shift, east, north = a[0, 3], a[1, 3], a[2, 3]
        for i in range(n):
            sa, ca = sincos_(azimuth[i] * DEG)
            late[i] = delay[i] - middle - shift + slowness[i] * (east * sa + north * ca)
    step: float = 0.5 * (east * east + north * north) / STEP_DEG**2
    return step


@njit(cache=True)
def twin_(
    k: Kernel, first: int, p_rows: Ints, place: Floats, station: Ints, start: Ints, data: Floats, used: Ints,
    rate: Floats, seen: float, least_s: float, most_s: float,
) -> tuple[float, float]:  # fmt: skip
    """The most that one delay between least_s and most_s is worth, and that delay (s).

    first: index of P1. p_rows: pick of P of each station. place (n, 3): its distance, azimuth and back-azimuth (deg).
    data, start: see `table.Window`.
    """
    n = p_rows.size
    slowness, delay, variance = np.empty(n), np.empty(n), np.empty(n)
    chosen, rows, late = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    for m in range(n):
        _, slowness[m], _ = lookup_(k, first, 0.0, place[m, 0])
    best, found = 0.0, 0.0
    for s in range(n):
        p = p_rows[s]
        for j in range(p + 1, start[station[p] + 1]):
            trial = data[j, 0] - data[p, 0]
            if trial > most_s:
                break
            if used[j] != 0 or trial < least_s:
                continue
            c = 0
            for m in range(n):
                q, nearest, which = p_rows[m], REACH_S, -1
                for i in range(q + 1, start[station[q] + 1]):
                    off = data[i, 0] - data[q, 0] - trial
                    if off > REACH_S:
                        break
                    if used[i] == 0 and abs(off) < nearest:
                        nearest, which = abs(off), i
                if which >= 0:
                    chosen[c], delay[c] = m, data[which, 0] - data[q, 0]
                    variance[c] = SIGMA_S**2 + data[which, 1] ** 2 + data[q, 1] ** 2
                    rows[c] = which
                    c += 1
            total = -aligned_(delay[:c], variance[:c], slowness[chosen[:c]], place[chosen[:c], 1], late[:c])
            total += (n - c) * log_(1.0 - seen)
            for e in range(c):
                m, i = chosen[e], rows[e]
                u = late[e] * late[e] / variance[e]
                v = vector_evidence_(data[i], slowness[m], 0.0, place[m, 2], 0.0)
                ratio = exp_(v - 0.5 * u) / (2.5066 * math.sqrt(variance[e]) * rate[i]) if u < 16.0 else 0.0
                total += log_(1.0 - seen + seen * ratio)
            if total > best:
                best, found = total, trial
    return best, found
