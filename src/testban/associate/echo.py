"""How deep an event lies by the reflections above it: data of its location, and no event of their own.

Rules: behind a P that was picked, pP and sP follow by a delay that depends on the depth and hardly on the place. At a
trial depth each station is worth log(1 - q + q mean(sum N(delay) e^v / rate)), v the evidence of a measured slowness and
back-azimuth and the mean that of pP and sP: a likelihood ratio against picks for other reasons, whose mean is 1 where
there is no reflection. The best depth pays COST, the logarithm of the depths that delays tell apart, must then be worth
LEAST (by Chernoff's bound unrelated picks reach it in at most one case of twenty), at least two stations must agree
with it, and it must be worth more than one delay for all stations: a second shock or shot at the same place, whose P comes
with the slowness of P (`twins`). Near stations (below NEAR_DEG) see no such phases.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import vector_evidence_
from testban.associate.twins import PRICE, twin_
from testban.base.dmath import exp_, log_
from testban.earth.travel import Kernel, lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REFLECTED = ("pP", "sP")
SEEN = 0.3  # that a station with P picks a reflection too
NEAR_DEG = 20.0
FAR_DEG = 100.0
FIRST_KM, STEP_KM, DEPTHS = 12.0, 4.0, 170
LEAST_DELAY_S, LAST_S = 3.0, 240.0
SIGMA_S = 0.8  # of a delay: what is above the source, not what is below it
SIGMA_SHARE = 0.01
COST = log_(60.0)
LEAST = log_(20.0)
LEAST_STATIONS = 2
AGREES = 0.5  # log-likelihood ratio of a station that counts as one


@njit(cache=True)
def misfit_(data: Floats, p: int, i: int, delay: float) -> tuple[float, float]:
    """How far pick i lies from `delay` (s) behind pick p, in sigmas, and that sigma (s). data: see `table.Window`."""
    sigma = math.sqrt(SIGMA_S**2 + (SIGMA_SHARE * delay) ** 2 + data[i, 1] ** 2 + data[p, 1] ** 2)
    return (data[i, 0] - data[p, 0] - delay) / sigma, sigma


@njit(cache=True)
def echo_(
    k: Kernel, first: int, reflected: Ints, p_rows: Ints, place: Floats, station: Ints, start: Ints, data: Floats,
    used: Ints, rate: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Best depth (km) and its log-likelihood ratio less COST; 0 and 0 where none is worth its cost.

    first: index of P1; reflected: of pP and sP; p_rows: pick of P by station; place (n, 3): distance, azimuth, back-azimuth (deg).
    """
    best, depth, plain = LEAST, 0.0, 0.0
    for d in range(DEPTHS):
        z = FIRST_KM + STEP_KM * d
        total, agree, either = 0.0, 0, 0.0
        for n in range(p_rows.size):
            p, delta = p_rows[n], place[n, 0]
            s = station[p]
            t0, _, _ = lookup_(k, first, z, delta)
            ratio = 0.0
            for c in range(reflected.size):
                t, slowness, _ = lookup_(k, reflected[c], z, delta)
                delay = t - t0
                if delay != delay or delay < LEAST_DELAY_S:
                    continue
                i = p + 1
                while i < start[s + 1] and data[i, 0] < data[p, 0] + delay + 15.0:
                    u, sigma = misfit_(data, p, i, delay)
                    if used[i] == 0 and abs(u) < 4.0:
                        v = vector_evidence_(data[i], slowness, 0.0, place[n, 2], 0.0)
                        ratio += exp_(v - 0.5 * u * u) / (2.5066 * sigma * rate[i]) / reflected.size
                    i += 1
            value = log_(1.0 - SEEN + SEEN * ratio)
            total += value
            agree += value > AGREES
            either += log_(1.0 - SEEN + SEEN * ratio * reflected.size)
        if agree >= LEAST_STATIONS and total - COST > best:
            best, depth, plain = total - COST, z, either
    if depth == 0.0:
        return 0.0, 0.0
    twin, _ = twin_(
        k, first, p_rows, place, station, start, data, used, rate, SEEN, LEAST_DELAY_S, LAST_S
    )  # fmt: skip
    if twin - PRICE > plain:
        return 0.0, 0.0
    return depth, best


@njit(cache=True)
def reflections_(
    k: Kernel, first: int, reflected: Ints, depth: float, p_rows: Ints, place: Floats, station: Ints,
    start: Ints, data: Floats, used: Ints, rate: Floats, out: Ints,
) -> int:  # fmt: skip
    """The pick of each station that a reflection at `depth` explains best: rows of out are pick, place in `reflected`.

    Arguments as of `echo_`. Returns their number.
    """
    m = 0
    for n in range(p_rows.size):
        p, delta = p_rows[n], place[n, 0]
        t0, _, _ = lookup_(k, first, depth, delta)
        best, which, pick = 0.0, -1, -1
        for c in range(reflected.size):
            t, slowness, _ = lookup_(k, reflected[c], depth, delta)
            delay = t - t0
            if delay != delay or delay < LEAST_DELAY_S:
                continue
            i = p + 1
            while i < start[station[p] + 1] and data[i, 0] < data[p, 0] + delay + 15.0:
                u, _ = misfit_(data, p, i, delay)
                if used[i] == 0 and abs(u) < 3.0:
                    v = (
                        vector_evidence_(data[i], slowness, 0.0, place[n, 2], 0.0)
                        - 0.5 * u * u
                        - log_(rate[i])
                    )
                    if which < 0 or v > best:
                        best, which, pick = v, c, i
                i += 1
        if which >= 0:
            out[m, 0], out[m, 1] = pick, which
            m += 1
    return m
