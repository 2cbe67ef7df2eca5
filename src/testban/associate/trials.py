"""How many independent hypotheses a network tells apart: what a score must exceed grows with their logarithm.

Rules: two origins are one hypothesis where the arrival times that they predict differ by less than the slack. In a cell
the predicted times, less their mean, change with place by the slowness vectors; with C their covariance over the
stations (all, for large events, and those within 2.5 deg, for small ones), each by its chance of seeing it, a cell of area A holds A sqrt(det C) / (2 slack)^2 hypotheses and a stretch of time T holds T / (2 slack) of them: the volume that the metric of the predicted
times gives (the count behind the expected number of false alarms of matched-filter banks: Owen 1996, Phys Rev D 53,
6749). By Chernoff's bound noise exceeds a score x with at most exp(-x) a trial (see `odds`), so that
log(trials / allowed) keeps the expected number of false events below `allowed`.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.odds import CHANCE_P, P_P, ROWS, SLACK_P, T_P
from testban.base.dmath import DEG, log_, sincos_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_PLACES = 0.01  # of a cell far outside a small network
NEAR_ROW = int(sincos_(1.25 * DEG)[0] * (ROWS - 1.0))  # stations this near see small local events
LAYERS = 2.0  # depths that near stations tell apart


@njit(cache=True)
def add_(sums: Floats, q: float, east: float, north: float, slack: float) -> None:
    """Add a station's slowness vector with its chance to sums: chance, e, n, ee, nn, en, slack, stations."""
    sums[0] += q
    sums[1] += q * east
    sums[2] += q * north
    sums[3] += q * east * east
    sums[4] += q * north * north
    sums[5] += q * east * north
    sums[6] += q * slack
    sums[7] += 1.0


@njit(cache=True)
def places_(sums: Floats, area: float) -> float:
    """Independent places and origin times a second in an area (square degrees), from sums of `add_`."""
    if sums[7] < 1.0:
        return 0.0
    w = sums[0]
    e, n, slack = sums[1] / w, sums[2] / w, sums[6] / w
    det = (sums[3] / w - e * e) * (sums[4] / w - n * n) - (sums[5] / w - e * n) ** 2
    rate: float = max(area * math.sqrt(max(det, 0.0)) / (4.0 * slack * slack), LEAST_PLACES) / (2.0 * slack)
    return rate


@njit(cache=True)
def trials_(cells: Floats, vectors: Floats, curve: Floats, unit: Floats) -> float:
    """Independent places and origin times a second of all cells (lon, lat, radius deg, reach deg)."""
    total = 0.0
    far, near = np.empty(8), np.empty(8)
    for c in range(cells.shape[0]):
        far[:], near[:] = 0.0, 0.0
        v0, v1, v2 = vectors[c, 0], vectors[c, 1], vectors[c, 2]
        level = max(math.sqrt(v0 * v0 + v1 * v1), 1e-9)
        for s in range(unit.shape[0]):
            h2 = 0.5 - 0.5 * (v0 * unit[s, 0] + v1 * unit[s, 1] + v2 * unit[s, 2])
            row = min(int(math.sqrt(max(h2, 0.0)) * (ROWS - 1.0) + 0.5), ROWS - 1)
            if curve[row, T_P] != curve[row, T_P]:
                continue
            east = (v0 * unit[s, 1] - v1 * unit[s, 0]) / level
            north = (unit[s, 2] - v2 * (v0 * unit[s, 0] + v1 * unit[s, 1] + v2 * unit[s, 2])) / level
            p = curve[row, P_P] / max(math.sqrt(east * east + north * north), 1e-9)
            add_(far, curve[row, CHANCE_P], p * east, p * north, curve[row, SLACK_P])
            if row < NEAR_ROW:
                add_(near, curve[row, CHANCE_P], p * east, p * north, curve[row, SLACK_P])
        area = 2.0 * cells[c, 2] * cells[c, 2]
        total += places_(far, area)
        if near[7] >= 3.0:
            total += LAYERS * places_(near, area)
    return total


def log_trials(cells: Floats, vectors: Floats, curve: Floats, unit: Floats) -> float:
    """Natural logarithm of the independent hypotheses a second of the cells that all stations count for."""
    far = cells[:, 3] >= 180.0
    first, units = np.ascontiguousarray(cells[far]), np.ascontiguousarray(vectors[far])
    return log_(max(trials_(first, units, curve, unit), 1e-6))
