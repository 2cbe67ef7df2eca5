"""Make the land outlines that the maps draw: `python tools/build_land.py PATH_TO_WORLD_ATLAS_PACKAGE`.

The source is the npm package world-atlas 2.0.2 (`npm pack world-atlas@2.0.2`, then unpack): Natural Earth's land
as TopoJSON, public domain, without any border. Its rings are spherical, so each is unwrapped, closed over the
pole where it goes round one, and cut at the antimeridian. Two files come out: `land110m.geojson` for maps of a
hemisphere and `land50m.npz` (rings in 0.01 degree, differences along each ring) for regional ones.
"""

import json
import sys
from pathlib import Path

import numpy as np
import shapely
from shapely import affinity

OUT = Path(__file__).parents[1] / "src" / "testban" / "show" / "resources"


def arcs_of(topology):
    """Every arc of a TopoJSON topology as (n, 2) degrees."""
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    return [np.cumsum(np.array(a), axis=0) * scale + shift for a in topology["arcs"]]


def ring_of(indices, arcs):
    """One closed ring from arc indices; ~i means arc i backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.vstack([parts[0]] + [p[1:] for p in parts[1:]])


def unwrap(ring):
    """Longitudes made continuous; a ring round a pole is closed over that pole."""
    lon = ring[:, 0].copy()
    step = np.diff(lon)
    lon[1:] = lon[0] + np.cumsum(step - 360.0 * np.round(step / 360.0))
    out = np.column_stack([lon, ring[:, 1]])
    if abs(lon[-1] - lon[0]) > 180.0:
        pole = 90.0 if ring[:, 1].mean() > 0 else -90.0
        out = np.vstack([out, [lon[-1], pole], [lon[0], pole], out[:1]])
    return out


def cut(rings):
    """One spherical polygon (outer ring, holes) as planar polygons within -180..180."""
    outer = shapely.make_valid(shapely.Polygon(unwrap(rings[0])))
    shape = outer
    for hole in rings[1:]:
        h = shapely.make_valid(shapely.Polygon(unwrap(hole)))
        for k in (-1, 0, 1):
            shape = shape.difference(affinity.translate(h, 360.0 * k))
    for k in (-2, -1, 0, 1, 2):
        part = shape.intersection(shapely.box(-180.0 + 360.0 * k, -90, 180.0 + 360.0 * k, 90))
        part = affinity.translate(part, -360.0 * k)
        for g in shapely.get_parts(part):
            if g.geom_type == "Polygon" and g.area > 1e-9:
                yield g


def polygons(path):
    """All land polygons of one world-atlas file, cut."""
    topology = json.loads(path.read_text())
    arcs = arcs_of(topology)
    land = topology["objects"]["land"]
    for geometry in land.get("geometries", [land]):
        many = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in many:
            yield from cut([ring_of(r, arcs) for r in polygon])


def write_geojson(shapes, path):
    """GeoJSON with 0.01 degree."""
    features = [
        [[[round(x, 2), round(y, 2)] for x, y in r.coords] for r in (p.exterior, *p.interiors)]
        for p in shapes
    ]
    body = {"type": "MultiPolygon", "coordinates": features}
    path.write_text(json.dumps(body, separators=(",", ":")) + "\n")


def write_npz(shapes, path):
    """Rings as differences of hundredths of a degree; `start` is where each begins."""
    rings = []
    for p in shapes:
        for r in (p.exterior, *p.interiors):
            q = np.round(np.array(r.coords) * 100).astype(np.int32)
            keep = np.r_[True, np.any(np.diff(q, axis=0) != 0, axis=1)]
            if keep.sum() >= 4:
                rings.append(q[keep])
    start = np.cumsum([0] + [len(r) for r in rings]).astype(np.int32)
    steps = np.vstack([np.diff(r, axis=0, prepend=np.zeros((1, 2), np.int32)) for r in rings])
    np.savez_compressed(path, start=start, steps=steps.T.astype(np.int16))


def main():
    """Build both files."""
    source = Path(sys.argv[1])
    for name in ("110m", "50m"):
        shapes = list(polygons(source / f"land-{name}.json"))
        if name == "110m":
            write_geojson(shapes, OUT / "land110m.geojson")
        else:
            write_npz(shapes, OUT / "land50m.npz")
        sys.stdout.write(f"{name}: {len(shapes)} polygons\n")


if __name__ == "__main__":
    main()
