"""Travel times on a grid of depth and distance, as tables in files have them, and what lies between the nodes.

Rules: between two nodes the straight line plus the flatter of the two parabolas through one more node on either side, none where
they bend opposite ways or an end of the table is one of them; across distance first, then across depth. This is how LOCSAT reads its
tables, as far as the residuals that it prints show it (`bench.figures_location`); its source was not read. Nothing is extrapolated, and
a cell that touches a hole (NaN) has no time.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class GridTimes(NamedTuple):
    """depths_km (m), distances_deg (n), both rising; seconds (m, n), NaN where the phase does not exist."""

    depths_km: Floats
    distances_deg: Floats
    seconds: Floats


def time_between(table: GridTimes, depth_km: float, delta_deg: float) -> float | None:
    """Travel time in s, None outside the table or beside a hole."""
    row, column = _cell(table.depths_km, depth_km), _cell(table.distances_deg, delta_deg)
    if row is None or column is None:
        return None
    first, last = max(0, row - 1), min(len(table.depths_km), row + 3)
    left, right = max(0, column - 1), min(len(table.distances_deg), column + 3)
    distances = table.distances_deg[left:right].tolist()
    times = [
        _between(distances, line, column - left, delta_deg)
        for line in table.seconds[first:last, left:right].tolist()
    ]
    time = _between(table.depths_km[first:last].tolist(), times, row - first, depth_km)
    return time if math.isfinite(time) else None


def _cell(nodes: Floats, value: float) -> int | None:
    """Index of the node below a value, so that there is one above; None outside."""
    if not nodes[0] <= value <= nodes[-1]:
        return None
    return min(int(np.searchsorted(nodes, value, side="right")) - 1, len(nodes) - 2)


def _between(x: list[float], y: list[float], i: int, v: float) -> float:
    """The value at v between nodes i and i + 1 of up to four; NaN where one of the two has none."""
    slope = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
    bend = 0.0
    if i > 0 and i + 2 < len(x):
        before = (slope - (y[i] - y[i - 1]) / (x[i] - x[i - 1])) / (x[i + 1] - x[i - 1])
        after = ((y[i + 2] - y[i + 1]) / (x[i + 2] - x[i + 1]) - slope) / (x[i + 2] - x[i])
        if before * after > 0.0:
            bend = before if abs(before) < abs(after) else after
    return y[i] + slope * (v - x[i]) + bend * (v - x[i]) * (v - x[i + 1])
