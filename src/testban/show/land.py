"""Land outlines and the azimuthal equidistant projection that maps use.

Rules: outlines only, no border of any state (Natural Earth, public domain, through the npm package world-atlas
2.0.2; see tools/build_land.py, which cut them at the antimeridian and the poles). The projection is centred on the
event: straight lines through the centre are great circles, radii are true distances (Snyder 1987, p. 191).
"""

import functools
import itertools
import json
from importlib import resources

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SEAM = 179.995


@functools.cache
def rings(scale: str) -> tuple[Array, ...]:
    """Closed rings of land in degrees, "110m" or "50m"; filled by the even-odd rule; no edge longer than two degrees."""
    folder = resources.files("testban.show") / "resources"
    if scale == "110m":
        body = json.loads((folder / "land110m.geojson").read_text())
        return tuple(densified(np.array(r, dtype=np.float64)) for p in body["coordinates"] for r in p)
    with (folder / "land50m.npz").open("rb") as f, np.load(f) as z:
        start, steps = z["start"], z["steps"].astype(np.int64)
    parts = [np.cumsum(steps[:, a:b], axis=1).T / 100.0 for a, b in itertools.pairwise(start)]
    return tuple(densified(p) for p in parts)


@functools.cache
def _joined(scale: str) -> tuple[Array, NDArray[np.int64]]:
    """All rings in one array and where each begins, for a quick look at which of them a map needs."""
    start = np.cumsum([0] + [len(r) for r in rings(scale)])[:-1]
    return np.concatenate(rings(scale)), start


def _near(lon0: float, lat0: float, box: tuple[float, float, float, float], scale: str) -> list[Array]:
    """The rings whose projected corners reach into the map."""
    points, start = _joined(scale)
    x, y = project(lon0, lat0, points[:, 0], points[:, 1])
    meets = (np.maximum.reduceat(x, start) >= box[0]) & (np.minimum.reduceat(x, start) <= box[2])
    meets &= (np.maximum.reduceat(y, start) >= box[1]) & (np.minimum.reduceat(y, start) <= box[3])
    every = rings(scale)
    return [every[i] for i in np.flatnonzero(meets)]


def project(lon0: float, lat0: float, lon: Array, lat: Array) -> tuple[Array, Array]:
    """Azimuthal equidistant about (lon0, lat0): east and north in degrees of arc."""
    p0, p, dl = np.radians(lat0), np.radians(lat), np.radians(np.asarray(lon) - lon0)
    y = np.cos(p) * np.sin(dl)
    x = np.cos(p0) * np.sin(p) - np.sin(p0) * np.cos(p) * np.cos(dl)
    z = np.sin(p0) * np.sin(p) + np.cos(p0) * np.cos(p) * np.cos(dl)
    s = np.sqrt(x * x + y * y)
    r = np.degrees(np.arctan2(s, z))
    k = np.where(s > 1e-12, r / np.where(s > 1e-12, s, 1.0), 0.0)
    # the antipode itself has no azimuth: put it due north on the rim
    return k * y, np.where((s <= 1e-12) & (z < 0), 180.0, k * x)


def densified(ring: Array, step_deg: float = 2.0) -> Array:
    """The ring with no edge longer than `step_deg` in longitude or latitude."""
    d = np.abs(np.diff(ring, axis=0)).max(axis=1)
    n = np.maximum(1, np.ceil(d / step_deg)).astype(int)
    if n.max(initial=1) == 1:
        return ring
    at = np.concatenate([i + np.arange(k) / k for i, k in enumerate(n)] + [[len(ring) - 1.0]])
    base = np.arange(len(ring))
    return np.column_stack([np.interp(at, base, ring[:, 0]), np.interp(at, base, ring[:, 1])])


def clip(points: Array, box: tuple[float, float, float, float]) -> Array:
    """A closed ring cut to a rectangle (x0, y0, x1, y1), by Sutherland and Hodgman (1974)."""
    for axis, limit, sign in ((0, box[0], 1.0), (0, box[2], -1.0), (1, box[1], 1.0), (1, box[3], -1.0)):
        if len(points) == 0:
            return points
        d = sign * (points[:, axis] - limit)
        nxt = np.roll(points, -1, axis=0)
        dn = np.roll(d, -1)
        inside = d >= 0
        crossing = inside != (dn >= 0)
        f = np.where(crossing, d / np.where(crossing, d - dn, 1.0), 0.0)
        cut = points + f[:, None] * (nxt - points)
        both = np.stack([points, cut], axis=1).reshape(-1, 2)
        points = both[np.stack([inside, crossing], axis=1).ravel()]
    return points


def on_land(lon: float, lat: float, scale: str = "110m") -> bool:
    """Whether a point is on land, by even-odd counting."""
    odd = False
    lon = (lon + 180.0) % 360.0 - 180.0
    for r in rings(scale):
        x, y = r[:-1, 0], r[:-1, 1]
        x2, y2 = r[1:, 0], r[1:, 1]
        hit = (y > lat) != (y2 > lat)
        if hit.any():
            cut = x[hit] + (lat - y[hit]) / (y2[hit] - y[hit]) * (x2[hit] - x[hit])
            odd ^= bool(np.count_nonzero(cut > lon) % 2)
    return odd


def _round_antipode(lon0: float, lat0: float, ring: Array) -> tuple[Array, Array, Array]:
    """Project a ring; edges that swing round the antipode get points in between."""
    for _ in range(3):
        x, y = project(lon0, lat0, ring[:, 0], ring[:, 1])
        jump = np.hypot(np.diff(x), np.diff(y))
        far = np.minimum(np.hypot(x, y)[:-1], np.hypot(x, y)[1:]) > 120.0
        bad = np.flatnonzero(far & (jump > 10.0))
        if len(bad) == 0:
            break
        extra = (np.arange(1, 16) / 16.0)[None, :, None]
        between = ring[bad, None, :] + extra * (ring[bad + 1, None, :] - ring[bad, None, :])
        ring = np.insert(ring, np.repeat(bad + 1, 15), between.reshape(-1, 2), axis=0)
    x, y = project(lon0, lat0, ring[:, 0], ring[:, 1])
    return x, y, ring


def outlines(
    lon0: float, lat0: float, box: tuple[float, float, float, float], scale: str
) -> tuple[list[Array], list[Array]]:
    """Land in a map: closed rings to fill (even-odd) and open coast lines to draw, both in projected degrees.

    box: (west, south, east, north) of the map in projected degrees.
    """
    fills: list[Array] = []
    coasts: list[Array] = []
    for ring in _near(lon0, lat0, box, scale):
        x, y, dense = _round_antipode(lon0, lat0, ring)
        if x.max() < box[0] or x.min() > box[2] or y.max() < box[1] or y.min() > box[3]:
            continue
        xy = np.column_stack([x, y])
        cut = clip(xy[:-1], box)
        if len(cut) >= 3:
            fills.append(cut)
        seam = (np.abs(dense[:, 0]) > SEAM) | (np.abs(dense[:, 1]) > 89.9)
        outside = (x < box[0]) | (x > box[2]) | (y < box[1]) | (y > box[3])
        hidden = (seam[:-1] & seam[1:]) | (outside[:-1] & outside[1:])
        coasts.extend(pieces(xy, ~hidden))
    if on_land(lon0 + 180.0, -lat0, scale):
        a = np.radians(np.arange(0.0, 360.0, 2.0))
        rim = clip(np.column_stack([180.5 * np.sin(a), 180.5 * np.cos(a)]), box)
        if len(rim) >= 3:
            fills.append(rim)
    return fills, coasts


def pieces(xy: Array, shown: NDArray[np.bool_]) -> list[Array]:
    """Runs of shown edges as lines."""
    edges = np.flatnonzero(np.diff(np.r_[False, shown, False].astype(np.int8)))
    return [xy[a : b + 1] for a, b in zip(edges[0::2], edges[1::2], strict=True)]


@functools.cache
def _edges() -> tuple[Array, Array, Array, Array]:
    """Edges of all rings of land: longitudes and latitudes of their ends."""
    a = np.concatenate([r[:-1] for r in rings("110m")])
    b = np.concatenate([r[1:] for r in rings("110m")])
    return a[:, 0], a[:, 1], b[:, 0], b[:, 1]


def inside(lon: float, lat: float) -> bool:
    """Whether a point is on land (1:110 million, even-odd rule; small islands are not there)."""
    x0, y0, x1, y1 = _edges()
    cut = (y0 > lat) != (y1 > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (lat - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.sum(cut & (x > lon)) % 2)
