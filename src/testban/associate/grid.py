"""Cells that cover the Earth at several sizes: coarse everywhere, finer where stations are dense.

Rules: a cell is a disc (longitude, latitude, radius in degrees, distance to which stations count for it). The coarse
cells cover the Earth and all stations count for them; where stations stand closer than a cell's size, cells of half
the size are added, down to the finest, for which only near stations count, since small events are only seen there.
The finest size grows until the cells are few enough. Order is coarse first, by latitude, then longitude.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, acos_, cos_
from testban.base.geo import unit_vector_

Floats = NDArray[np.float64]

NEIGHBOURS = 4  # an event needs about as many stations around it
MAX_FINE_CELLS = 12_000
NEAR_DEG = 12.0  # a small network sees events this far off, for which coarse cells dilute the evidence
REACH_DEG = 20.0  # first arrivals beyond are those of events that coarse cells find as well


def cells(unit: Floats, coarse_deg: float, fine_deg: float) -> Floats:
    """Cells (n, 4): longitude, latitude, radius, reach (deg). unit (m, 3): stations that have picks."""
    near = near_size(len(unit))
    first = boxes(coarse_deg)
    while True:
        fine: list[tuple[float, float, float, float]] = []
        level = first
        while level:
            level = _divide(level, unit, fine_deg, near)
            fine.extend(level)
            if len(fine) > MAX_FINE_CELLS:
                break
        if len(fine) <= MAX_FINE_CELLS:
            break
        fine_deg *= 1.5
        near = max(near, fine_deg)
    parts = [(lon, lat, _radius(lat, w, h), REACH_DEG) for lon, lat, w, h in fine]
    return np.concatenate([coarse(coarse_deg), np.array(parts).reshape(-1, 4)])


def coarse(coarse_deg: float) -> Floats:
    """The cells of the first size alone."""
    return np.array([(lon, lat, _radius(lat, w, h), 180.0) for lon, lat, w, h in boxes(coarse_deg)])


def boxes(size: float) -> list[tuple[float, float, float, float]]:
    """Boxes (longitude, latitude, width, height) of about a size that cover the Earth."""
    rows = max(2, round(180.0 / size))
    out: list[tuple[float, float, float, float]] = []
    for r in range(rows):
        lat = -90.0 + (r + 0.5) * 180.0 / rows
        n = max(1, round(360.0 * cos_(lat * DEG) / size))
        out.extend((-180.0 + (i + 0.5) * 360.0 / n, lat, 360.0 / n, 180.0 / rows) for i in range(n))
    return out


def third(cells: Floats, unit: Floats) -> Floats:
    """Distance (deg) of the third nearest station of every cell."""
    vectors = np.array([unit_vector_(c[0], c[1]) for c in cells]).reshape(-1, 3)
    out, fourth = np.empty(len(cells)), np.empty(len(cells))
    nearest_(vectors, unit, out, fourth)
    return out


def near_size(n_stations: int) -> float:
    """Size (deg) of cells within NEAR_DEG of stations: as fine as the number of stations can pay for."""
    return 0.5 if n_stations <= 100 else 1.0 if n_stations <= 400 else 2.0


def _radius(lat: float, width: float, height: float) -> float:
    return 0.5 * math.sqrt(height * height + (width * cos_(lat * DEG)) ** 2)


def _divide(
    level: list[tuple[float, float, float, float]], unit: Floats, fine_deg: float, near: float
) -> list[tuple[float, float, float, float]]:
    """The cells of half the size inside those around which stations are dense enough for them."""
    if not len(unit):
        return []
    vectors = np.array([unit_vector_(c[0], min(90.0, max(-90.0, c[1]))) for c in level])
    third, fourth = np.empty(len(level)), np.empty(len(level))
    nearest_(vectors, unit, third, fourth)
    out: list[tuple[float, float, float, float]] = []
    for (lon, lat, width, height), d3, d4 in zip(level, third, fourth, strict=True):
        if height <= fine_deg * 1.5:
            continue
        radius = _radius(lat, width, height)
        if d4 - radius < 0.75 * height or (d3 - radius < NEAR_DEG and height > 1.01 * near):
            for a in (-0.25, 0.25):
                out.extend((lon + b * width, lat + a * height, width / 2, height / 2) for b in (-0.25, 0.25))
    return out


@njit(cache=True)
def nearest_(vectors: Floats, unit: Floats, third: Floats, fourth: Floats) -> None:
    """Distance (deg) of the third and the fourth nearest station of every cell (the last there is)."""
    best = np.empty(NEIGHBOURS)
    for c in range(vectors.shape[0]):
        n = 0
        for s in range(unit.shape[0]):
            d = -(vectors[c, 0] * unit[s, 0] + vectors[c, 1] * unit[s, 1] + vectors[c, 2] * unit[s, 2])
            if n < NEIGHBOURS:
                n += 1
            elif d >= best[n - 1]:
                continue
            j = n - 1
            while j > 0 and best[j - 1] > d:
                best[j] = best[j - 1]
                j -= 1
            best[j] = d
        third[c] = acos_(-best[min(2, n - 1)]) / DEG
        fourth[c] = acos_(-best[n - 1]) / DEG
