"""Travel times of a source at depths that are asked for again and again, by even steps of distance.

Rules: cubic Hermite in distance through times and slownesses of the full tables (`travel`), linear in d time / d depth;
a cell where this misses the full tables at a quarter, half or three quarters by more than TIME_S, SLOWNESS or DEPTH (kinks where
branches cross, ends of branches, the first kilometres) is marked and looked up in full, as any other depth is. So the answer is that of
`travel` within these, at a tenth of the cost.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.earth import travel
from testban.earth.travel import lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The surface, the depths that a locator tries one after the other, and those that an associator fits at.
LEVELS_KM = (
    0.0, 5.0, 8.0, 10.0, 15.0, 20.0, 27.0, 30.0, 35.0, 42.0, 50.0, 60.0, 70.0, 80.0, 90.0, 120.0, 150.0, 160.0, 200.0, 250.0, 300.0, 350.0, 360.0,
    400.0, 420.0, 490.0, 550.0, 560.0, 630.0,
)  # fmt: skip
STEP_DEG = 0.1
TIME_S, SLOWNESS, DEPTH = 1e-4, 1e-2, 2e-4  # s, s/deg, s/km; the tables themselves are within 0.02 s of TauP
PHASES = ("P1", "Pg", "PKPdf", "PKPbc", "PKPab", "S1", "Sg")


class Kernel(NamedTuple):
    """depths: the levels (km); row: of every phase of the tables by its index on the first level, -1 without, PHASES more on each
    level; nodes[row, node]: time, slowness, d time / d depth; smooth[row, cell]: 1 where interpolation serves.
    """

    depths: Floats
    row: Ints
    nodes: Floats
    smooth: NDArray[np.uint8]


@njit(cache=True)
def between_(n: Floats, r: int, i: int, f: float) -> tuple[float, float, float]:
    """Time, slowness, depth derivative of row r at the fraction f of cell i."""
    g, h = 1.0 - f, STEP_DEG
    t0, t1, p0, p1 = n[r, i, 0], n[r, i + 1, 0], n[r, i, 1], n[r, i + 1, 1]
    rise = t1 - t0
    time = t0 + f * f * (3.0 - 2.0 * f) * rise + h * f * g * (g * p0 - f * p1)
    p = 6.0 * f * g * rise / h + g * (1.0 - 3.0 * f) * p0 + f * (3.0 * f - 2.0) * p1
    return time, p, g * n[r, i, 2] + f * n[r, i + 1, 2]


@njit(cache=True)
def _fill(
    k: travel.Kernel, phase: int, depth_km: float, r: int, nodes: Floats, smooth: NDArray[np.uint8]
) -> None:
    for i in range(nodes.shape[1]):
        nodes[r, i, 0], nodes[r, i, 1], nodes[r, i, 2] = lookup_(k, phase, depth_km, min(180.0, i * STEP_DEG))
    for i in range(smooth.shape[1]):
        good = True
        for q in range(1, 4):
            f = 0.25 * q
            a, b, c = between_(nodes, r, i, f)
            t, p, d = lookup_(k, phase, depth_km, min(180.0, (i + f) * STEP_DEG))
            # comparisons with NaN are false
            good = good and abs(a - t) < TIME_S and abs(b - p) < SLOWNESS and abs(c - d) < DEPTH
            if not good:
                break
        smooth[r, i] = 1 if good else 0


@cache
def kernel(model: str = "ak135") -> Kernel:
    """The tables of a model, made on first use; InputError for a model that is not shipped."""
    times = travel.load(model)
    cells = round(180.0 / STEP_DEG)
    row = np.full(len(times.phases), -1, dtype=np.int64)
    n = len(PHASES) * len(LEVELS_KM)
    nodes, smooth = np.empty((n, cells + 1, 3)), np.zeros((n, cells), dtype=np.uint8)
    for i, name in enumerate(PHASES):
        row[times.index(name)] = i
        for level, depth in enumerate(LEVELS_KM):
            _fill(times.kernel, times.index(name), depth, i + level * len(PHASES), nodes, smooth)
    return Kernel(np.array(LEVELS_KM), row, nodes, smooth)


@njit(cache=True)
def level_(depths: Floats, depth_km: float) -> int:
    """Number of the first row of a depth in the tables, -1 where it is no level."""
    for i in range(depths.size):
        if depths[i] == depth_km:
            return i * len(PHASES)
    return -1


@njit(cache=True)
def cell_(row: Ints, smooth: NDArray[np.uint8], level: int, phase: int, delta_deg: float) -> tuple[int, int]:
    """Row and cell of the table where interpolation serves, else (-1, 0). level: of `level_`.

    For loops over stations, with the arrays of `Kernel` taken out of it beforehand: a call with the whole structure costs ten
    times the interpolation.
    """
    r = row[phase]
    if level < 0 or r < 0 or not (delta_deg >= 0.0 and delta_deg < 180.0):
        return -1, 0
    r += level
    i = min(int(delta_deg / STEP_DEG), smooth.shape[1] - 1)
    return (r, i) if smooth[r, i] == 1 else (-1, 0)


@njit(cache=True)
def times_(
    k: travel.Kernel, s: Kernel, phase: int, depth_km: float, delta_deg: float
) -> tuple[float, float, float]:
    """As `travel.lookup_`, by the table where source and distance are in it."""
    r, i = cell_(s.row, s.smooth, level_(s.depths, depth_km), phase, delta_deg)
    if r >= 0:
        return between_(s.nodes, r, i, delta_deg / STEP_DEG - i)
    return lookup_(k, phase, depth_km, delta_deg)
