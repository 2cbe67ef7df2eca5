"""Cells that cover the Earth: near-uniform, and finer where stations are dense.

Rules: a cell is a disc (longitude, latitude, radius in degrees); a coarse cell is divided where stations stand closer
than its size, since small events are only seen there; order is by latitude, then longitude.
"""

import math

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import cos_
from testban.base.geo import unit_vector_

Floats = NDArray[np.float64]

NEAR_DEG = 12.0
NEIGHBOURS = 4  # an event needs about as many stations around it


def near_size(n_stations: int) -> float:
    """Size (deg) of cells within NEAR_DEG of three stations: as fine as the number of stations can pay for.

    Small networks at regional distance have few picks an event, and a coarse cell dilutes the evidence of each.
    """
    return 0.5 if n_stations <= 100 else 1.0 if n_stations <= 400 else 2.0


def cells(unit: Floats, coarse_deg: float, fine_deg: float) -> Floats:
    """Cells (n, 3): longitude, latitude, radius. unit (m, 3): stations."""
    near = near_size(len(unit))
    out: list[tuple[float, float, float]] = []
    rows = max(2, round(180.0 / coarse_deg))
    for r in range(rows):
        lat = -90.0 + (r + 0.5) * 180.0 / rows
        n = max(1, round(360.0 * cos_(lat * math.pi / 180.0) / coarse_deg))
        for i in range(n):
            _divide(-180.0 + (i + 0.5) * 360.0 / n, lat, 360.0 / n, 180.0 / rows, unit, fine_deg, near, out)
    return np.array(out)


def _divide(
    lon: float, lat: float, width: float, height: float, unit: Floats, fine_deg: float, near: float,
    out: list[tuple[float, float, float]],
) -> None:  # fmt: skip
    radius = 0.5 * math.sqrt(height * height + (width * cos_(lat * math.pi / 180.0)) ** 2)
    if height > fine_deg * 1.5 and len(unit) > 0:
        v = unit_vector_(lon, min(90.0, max(-90.0, lat)))
        d = unit - np.array(v)
        chord = np.sort(np.sqrt(d[:, 0] ** 2 + d[:, 1] ** 2 + d[:, 2] ** 2))
        spacing = float(chord[min(NEIGHBOURS, len(chord)) - 1]) * 57.3 - radius
        third = float(chord[min(3, len(chord)) - 1]) * 57.3 - radius
        if spacing < 0.75 * height or (third < NEAR_DEG and height > 1.01 * near):
            for a in (-0.25, 0.25):
                for b in (-0.25, 0.25):
                    _divide(
                        lon + b * width, lat + a * height, width / 2, height / 2, unit, fine_deg, near, out
                    )
            return
    out.append((lon, lat, radius))
