"""Sea or land at an epicentre: from the outlines that the maps draw, and from a grid of depths where the user gives one.

Rules: the outlines are good to some kilometres, so a distance to the coast is told to a kilometre and never decides; an ellipse is
"wholly in the sea" only if its rim and its centre are, further from the coast than the outlines err. A grid of depths is an
ESRI ASCII grid (ncols, nrows, xllcorner, yllcorner, cellsize, NODATA_value; rows from north) of heights in metres, below the sea negative.
"""

import functools
import math
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.beside import Surroundings
from testban.base.dmath import DEG, PI, atan2_, sincos_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, delaz_, destination_
from testban.base.records import Origin
from testban.show import land

SCALE = "50m"
OUTLINE_KM = 5.0  # how well outlines of 1:50 million follow a coast [assumed]
RIM = 24
SOURCE = "Natural Earth 1:50 million"
LARGEST_AXIS_KM = 1000.0


class Depths(msgspec.Struct, frozen=True, eq=False):
    """A grid of heights (m) in rows from north to south, its west and north edges and its cell in degrees."""

    west: float
    north: float
    cell: float
    heights: NDArray[np.float64]
    source: str

    def at(self, lon: float, lat: float) -> float | None:
        """Height of the cell that holds a point; None outside the grid or where nothing is known."""
        j = math.floor(((lon - self.west) % 360.0) / self.cell)
        i = math.floor((self.north - lat) / self.cell)
        if not (0 <= i < self.heights.shape[0] and 0 <= j < self.heights.shape[1]):
            return None
        v = float(self.heights[i, j])
        return v if math.isfinite(v) else None


def read_depths(path: Path) -> Depths:
    """An ESRI ASCII grid. Raises InputError for anything else."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
        head = {k.lower(): float(v) for k, v in (line.split() for line in lines[:6] if line[:1].isalpha())}
        rows = [line for line in lines[len(head) :] if line.strip()]
        heights = np.array([[float(v) for v in r.split()] for r in rows], dtype=np.float64)
        cell, n, m = head["cellsize"], int(head["nrows"]), int(head["ncols"])
        if heights.shape != (n, m) or not 0.0 < cell <= 30.0:
            raise ValueError(f"{n} by {m} cells announced, {heights.shape} found")
        heights[heights == head.get("nodata_value", -9999.0)] = np.nan
        north = head["yllcorner"] + n * cell
        return Depths(head["xllcorner"], north, cell, heights, f"{SOURCE}; depths of {path.name}")
    except (OSError, KeyError, ValueError) as exc:
        raise InputError(
            f"--bathymetry: expected an ESRI ASCII grid of heights in metres, got {path} ({exc}): name another"
        ) from exc


@functools.cache
def _corners() -> NDArray[np.float64]:
    return np.concatenate([r[:-1] for r in land.rings(SCALE)])


def coast_km(lon: float, lat: float) -> float:
    """Distance to the nearest corner of the coast lines (km, whole)."""
    points = _corners()
    for reach in (3.0, 10.0, 30.0, 90.0):
        band = points[np.abs(points[:, 1] - lat) <= reach]
        narrow = reach / max(0.05, 1.0 - abs(lat) / 90.0)
        near = band[np.abs((band[:, 0] - lon + 180.0) % 360.0 - 180.0) <= narrow]
        found = [delaz_(lon, lat, float(x), float(y))[0] for x, y in near]
        if found and min(found) <= reach:
            return float(round(min(found) * KM_PER_DEG))
    return float(round(90.0 * KM_PER_DEG))


def rim(origin: Origin) -> list[tuple[float, float]]:
    """Epicentre and points on its ellipse (longitude, latitude)."""
    e = origin.ellipse
    out = [(origin.longitude, origin.latitude)]
    for i in range(RIM):
        sine, cosine = sincos_(2.0 * PI * i / RIM)
        along, across = e.smajor_km * cosine, e.sminor_km * sine
        far = math.sqrt(along * along + across * across) / KM_PER_DEG
        azimuth = e.strike_deg + atan2_(across, along) / DEG
        out.append(destination_(origin.longitude, origin.latitude, azimuth % 360.0, far))
    return out


def of(origin: Origin, depths: Depths | None = None, hydroacoustic: str = "") -> Surroundings | None:
    """Surroundings of an origin; None where its ellipse is not known or too large to ask."""
    if not origin.ellipse.smajor_km <= LARGEST_AXIS_KM:
        return None
    points = rim(origin)
    far = coast_km(origin.longitude, origin.latitude)
    offshore = far > OUTLINE_KM + origin.ellipse.smajor_km or (
        far > OUTLINE_KM and not any(land.on_land(x, y, SCALE) for x, y in points)
    )
    offshore = offshore and not land.on_land(origin.longitude, origin.latitude, SCALE)
    depth = None
    if depths is not None and offshore:
        heights = [depths.at(x, y) for x, y in points]
        known = [h for h in heights if h is not None]
        depth = -max(known) if len(known) == len(heights) else None
    return Surroundings(
        offshore=offshore,
        coast_km=far,
        depth_m=depth,
        hydroacoustic=hydroacoustic,
        source=SOURCE if depths is None else depths.source,
    )
