"""Cells for a network that sees a plane wave: as large as it cannot tell the places inside them apart.

Rules: from place to place in a cell all arrival times change together, which the origin time takes up, and apart, which is
what tells places apart: a cell of radius r moves the time at a station by r |p - g|, p its slowness vector and g the mean
of these, weighted by 1 / distance^2 since small events are seen near by. Cells are halved until the mean of this,
weighted alike, is at most `SPREAD_S` or they are the finest allowed. A network of the whole Earth has no use for this
(g is nothing and cells of that resolution are too many): then there are none, and `grid` serves.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.grid import REACH_DEG, boxes
from testban.associate.odds import P_P, ROWS, T_P
from testban.base.dmath import DEG, cos_
from testban.base.geo import unit_vector_

Floats = NDArray[np.float64]

LARGEST_DEG = 10.0
SPREAD_S = 2.8
SMALL_DEG = 1.0  # radius of cells for which near stations alone count
MOST_CELLS = 9_000
MOST_STATIONS = 400
NEAREST_DEG = 0.5  # a station on top of a cell is one of several all the same
LOCAL_SLOWNESS = 14.0  # s/deg: of Pn, where a cell has no drift
CELL_SHARE = 0.8  # of a cell's half diagonal: few places in it are farther off
# Columns of a place: unit vector, drift as a vector along the surface (s/deg), mean of |p - g| (s/deg).
N_PLACE = 7


@njit(cache=True)
def drift_(cell: Floats, curve: Floats, unit: Floats, out: Floats) -> None:
    """Unit vector, drift and mean remaining slowness of a cell's centre into out (7)."""
    out[0], out[1], out[2] = unit_vector_(cell[0], cell[1])
    total, left = 0.0, 0.0
    out[3:] = 0.0
    e = np.empty((unit.shape[0], 5))
    for s in range(unit.shape[0]):
        c = out[0] * unit[s, 0] + out[1] * unit[s, 1] + out[2] * unit[s, 2]
        h2 = max(0.5 - 0.5 * c, 0.0)
        row = min(int(math.sqrt(h2) * (ROWS - 1.0) + 0.5), ROWS - 1)
        e[s, 4] = 0.0
        if curve[row, T_P] != curve[row, T_P]:
            continue
        p = curve[row, P_P] / max(2.0 * math.sqrt(h2 * (1.0 - h2)), 1e-9)
        d = max(2.0 * math.sqrt(h2) * 57.3, NEAREST_DEG)
        e[s, 3], e[s, 4] = curve[row, P_P], 1.0 / (d * d)
        for q in range(3):  # towards the station, times are less
            e[s, q] = -p * (unit[s, q] - c * out[q])
            out[3 + q] += e[s, 4] * e[s, q]
        total += e[s, 4]
    if total <= 0.0:
        return
    for q in range(3):
        out[3 + q] /= total
    for s in range(unit.shape[0]):
        x, y, z = e[s, 0] - out[3], e[s, 1] - out[4], e[s, 2] - out[5]
        if e[s, 4] > 0.0:
            left += e[s, 4] * math.sqrt(x * x + y * y + z * z)
    out[6] = left / total


@njit(cache=True)
def moved_(place: Floats, unit: Floats, s: int, h2: float, p: float) -> float:
    """|p - g| (s/deg): how fast the time at station s changes with place, less what all stations share.

    h2: sin^2 of half the distance; p: slowness of the wave.
    """
    g2 = place[3] * place[3] + place[4] * place[4] + place[5] * place[5]
    if g2 == 0.0:
        return p
    along = place[3] * unit[s, 0] + place[4] * unit[s, 1] + place[5] * unit[s, 2]
    along /= max(2.0 * math.sqrt(max(h2 * (1.0 - h2), 0.0)), 1e-9)
    return math.sqrt(max(p * p + 2.0 * p * along + g2, 0.0))


@njit(cache=True)
def drifts_(cells: Floats, curve: Floats, unit: Floats, out: Floats) -> None:
    """`drift_` of every cell."""
    for c in range(cells.shape[0]):
        drift_(cells[c], curve, unit, out[c])


def places(cells: Floats, curve: Floats, unit: Floats) -> Floats:
    """(n, 7) of `drift_`."""
    out = np.empty((len(cells), N_PLACE))
    drifts_(np.ascontiguousarray(cells), curve, unit, out)
    return out


def still(cells: Floats) -> Floats:
    """(n, 7): unit vectors of cells without a drift, whose origin times spread as at a regional distance."""
    out = np.zeros((len(cells), N_PLACE))
    out[:, :3] = np.array([unit_vector_(c[0], c[1]) for c in cells]).reshape(-1, 3)
    out[:, 6] = LOCAL_SLOWNESS
    return out


def cells(unit: Floats, curve: Floats, fine_deg: float) -> Floats | None:
    """Cells (n, 4) as of `grid.cells` that are told apart in one layer, the largest first; None where they are too many."""
    if len(unit) > MOST_STATIONS:
        return None
    parts: list[Floats] = []
    total = 0
    level = boxes(LARGEST_DEG)
    while level:
        box = np.array(level)
        cell = np.empty((len(box), 4))
        cell[:, :2] = box[:, :2]
        cell[:, 2] = [0.5 * math.sqrt(h * h + (w * cos_(y * DEG)) ** 2) for _, y, w, h in level]
        cell[:, 3] = np.where(cell[:, 2] < SMALL_DEG, REACH_DEG, 180.0)
        spread = CELL_SHARE * cell[:, 2] * places(cell, curve, unit)[:, 6]
        split = (spread > SPREAD_S) & (box[:, 3] > 1.5 * fine_deg)
        parts.append(cell[~split])
        total += len(cell[~split])
        level = [
            (x + b * w, y + a * h, 0.5 * w, 0.5 * h)
            for x, y, w, h in box[split].tolist()
            for a in (-0.25, 0.25)
            for b in (-0.25, 0.25)
        ]
        if total + len(level) > MOST_CELLS:
            return None
    return np.concatenate(parts)
