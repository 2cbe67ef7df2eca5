"""A second shock or shot at the place of a known event: its P follows that of the first by one delay at all stations.

Rules: what follows within minutes stands in the coda of the first, where picks come often, so that cells of the search,
uncertain by many seconds, do not show it. At a trial delay each station with P is worth log(1 - q + q sum(N(delay) e^v / rate)), v the
evidence of a measured slowness and back-azimuth: as the reflections of `echo`, against which it stands.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import vector_evidence_
from testban.base.dmath import exp_, log_
from testban.earth.travel import Kernel, lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIGMA_S = 0.3  # of a delay beside the errors of its two picks: both went one way
PRICE = log_(
    20.0
)  # of a second event against a reflection that explains the same picks: most delays are reflections
SEEN = 0.5  # that a station with P of the first has P of the second
LEAST_S, MOST_S = 15.0, 240.0  # nearer is a second reading of the first P, later the search itself sees


@njit(cache=True)
def twin_(
    k: Kernel, first: int, p_rows: Ints, deltas: Floats, backs: Floats, station: Ints, start: Ints, data: Floats,
    used: Ints, rate: Floats, seen: float, least_s: float, most_s: float,
) -> tuple[float, float]:  # fmt: skip
    """The most that one delay between least_s and most_s is worth, and that delay (s).

    first: index of P1. p_rows, deltas, backs: pick of P, distance and back-azimuth (deg) by station. data, start: see `table.Window`.
    """
    slowness = np.empty(p_rows.size)
    for m in range(p_rows.size):
        _, slowness[m], _ = lookup_(k, first, 0.0, deltas[m])
    best, found = 0.0, 0.0
    for n in range(p_rows.size):
        p = p_rows[n]
        for j in range(p + 1, start[station[p] + 1]):
            delay = data[j, 0] - data[p, 0]
            if delay > most_s:
                break
            if used[j] != 0 or delay < least_s:
                continue
            total = 0.0
            for m in range(p_rows.size):
                q = p_rows[m]
                ratio = 0.0
                for i in range(q + 1, start[station[q] + 1]):
                    sigma = math.sqrt(SIGMA_S**2 + data[i, 1] ** 2 + data[q, 1] ** 2)
                    u = (data[i, 0] - data[q, 0] - delay) / sigma
                    if u > 4.0:
                        break
                    if used[i] == 0 and u > -4.0:
                        v = vector_evidence_(data[i], slowness[m], 0.0, backs[m], 0.0)
                        ratio += exp_(v - 0.5 * u * u) / (2.5066 * sigma * rate[i])
                total += log_(1.0 - seen + seen * ratio)
            if total > best:
                best, found = total, delay
    return best, found
