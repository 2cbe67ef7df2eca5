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
from testban.base.dmath import DEG, exp_, sincos_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLUMP_KM = 2.0
ALIKE_KM = 1.5  # so near another one that its residual says nothing more
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


@njit(cache=True)
def apart_(unit: Floats, kept: Ints) -> int:
    """Numbers of the places (n, 3) that are not within ALIKE_KM of an earlier one that is kept, into kept; how many."""
    n = 0
    for i in range(unit.shape[0]):
        alone = True
        for j in range(n):
            q = kept[j]
            x, y, z = unit[i, 0] - unit[q, 0], unit[i, 1] - unit[q, 1], unit[i, 2] - unit[q, 2]
            if x * x + y * y + z * z <= (ALIKE_KM / EARTH_KM) ** 2:
                alone = False
                break
        if alone:
            kept[n] = i
            n += 1
    return n


def apart(unit: Floats) -> list[int]:
    """As `apart_`."""
    kept = np.empty(len(unit), dtype=np.int64)
    return [int(i) for i in kept[: apart_(unit, kept)]]


@njit(cache=True)
def networks_(unit: Floats, chord: float, out: Ints) -> None:
    """Number of the network of every place (n, 3): the least of those that steps of at most a chord lead to."""
    for i in range(unit.shape[0]):
        out[i] = i
        for j in range(i):
            x, y, z = unit[i, 0] - unit[j, 0], unit[i, 1] - unit[j, 1], unit[i, 2] - unit[j, 2]
            if x * x + y * y + z * z <= chord * chord and out[i] != out[j]:
                least, other = min(out[i], out[j]), max(out[i], out[j])
                for q in range(i + 1):
                    if out[q] == other:
                        out[q] = least


def networks(unit: Floats, apart_deg: float) -> Ints:
    """As `networks_`, by a distance in degrees."""
    out = np.empty(len(unit), dtype=np.int64)
    networks_(unit, chord(apart_deg), out)
    return out


@njit(cache=True)
def nearest_(vectors: Floats, rows: Ints, unit: Floats, chord: float, out: Ints) -> None:
    """Number of the place (n, 3) nearest to each of some rows of vectors (unit vectors first), -1 beyond a chord."""
    for i in range(rows.size):
        v, least, out[i] = rows[i], chord * chord, -1
        for j in range(unit.shape[0]):
            x, y, z = vectors[v, 0] - unit[j, 0], vectors[v, 1] - unit[j, 1], vectors[v, 2] - unit[j, 2]
            apart2 = x * x + y * y + z * z
            if apart2 < least:
                least, out[i] = apart2, j


def chord(deg: float) -> float:
    """Chord of an arc on the unit sphere."""
    return 2.0 * sincos_(0.5 * deg * DEG)[0]


__all__ = ["ALIKE_KM", "CLUMP_KM", "apart", "chord", "nearest_", "networks", "shares_", "traits"]
