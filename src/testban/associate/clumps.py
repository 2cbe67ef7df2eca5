"""Stations that stand so close together that they see one and the same wave: together they are one witness.

Rules: any wave that crosses such a clump, of whatever source, is picked at all of it within a fraction of a second, so that
agreement within it says nothing about the place. A station counts for 1 / sum(exp(-(d / CLUMP_KM)^2)) over the stations that
are recording, itself included; a clump of which one station alone has a pick counts accordingly less. At CLUMP_KM the
slowest P needs a third of a second, less than what the travel-time model is good for.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import SHARE_BIT, WHOLE_SHARE
from testban.base.dmath import exp_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLUMP_KM = 2.0
EARTH_KM = 6371.0
FAR = 9.0  # (d / CLUMP_KM)^2 beyond which a neighbour is none


@njit(cache=True)
def shares_(unit: Floats, start: Ints, out: Ints) -> None:
    """Share of every station with picks (start: first row of each) in 64ths, at least one; 0 for all of it."""
    n = unit.shape[0]
    for s in range(n):
        out[s] = 0
        if start[s] == start[s + 1]:
            continue
        total = 0.0
        for q in range(n):
            if start[q] == start[q + 1]:
                continue
            x, y, z = unit[s, 0] - unit[q, 0], unit[s, 1] - unit[q, 1], unit[s, 2] - unit[q, 2]
            u = (x * x + y * y + z * z) * (EARTH_KM / CLUMP_KM) ** 2
            if u < FAR:
                total += exp_(-u)
        share = int(WHOLE_SHARE / total + 0.5)
        if share < WHOLE_SHARE:
            out[s] = max(1, share)


def traits(unit: Floats, start: Ints) -> Ints:
    """Shares of stations (unit vectors) as traits: see `odds`."""
    out = np.zeros(len(unit), dtype=np.int64)
    shares_(unit, start, out)
    return out << SHARE_BIT


def apart(unit: Floats) -> list[int]:
    """Numbers of the places (n, 3) that are not within CLUMP_KM of an earlier one that is kept."""
    kept: list[int] = []
    for i in range(len(unit)):
        d = unit[kept] - unit[i]
        if not len(d) or float(np.min(np.sum(d * d, axis=1))) > (CLUMP_KM / EARTH_KM) ** 2:
            kept.append(i)
    return kept


__all__ = ["CLUMP_KM", "apart", "shares_", "traits"]
