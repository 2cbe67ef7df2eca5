"""GeoJSON (RFC 7946) out: events as points, their 90 % ellipses as polygons, stations as points.

Rules: longitude before latitude, depth as negative height in metres; rings are counter-clockwise and keep the
longitudes continuous around their centre (they may pass 180); numbers are rounded to the published quanta.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from testban.base import quanta
from testban.base.dmath import DEG, sincos_
from testban.base.geo import destination_, wrap_longitude_
from testban.base.records import Bulletin, Event, Site
from testban.formats.tables import event_row

KM_PER_DEG = 111.19492664455873  # 6371 km sphere
POINTS = 72


def write(path: str | Path, bulletin: Bulletin) -> None:
    """Write events, ellipses and stations of a bulletin."""
    Path(path).write_bytes(encode(bulletin))


def encode(bulletin: Bulletin) -> bytes:
    """The bytes of a FeatureCollection: events and their ellipses by time, then stations by key."""
    events = sorted(bulletin.events, key=lambda e: (e.origin.time_ns, e.event_id))
    features = [f for e in events for f in (_event(e), _ellipse(e))]
    features += [_site(s) for s in sorted(bulletin.sites, key=lambda s: s.key)]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if bulletin.provenance.simulated:
        collection["simulated"] = True
    return (
        json.dumps(collection, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    ).encode()


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": properties,
    }


def _event(event: Event) -> dict[str, Any]:
    o = event.origin
    point = [
        quanta.degrees(o.longitude),
        quanta.degrees(o.latitude),
        0.0 - round(quanta.kilometres(o.depth_km) * 1e3),
    ]
    row = {k: float(v) if isinstance(v, str) and _is_number(k) else v for k, v in event_row(event).items()}
    return _feature("Point", point, {"kind": "event", **{k: v for k, v in row.items() if v is not None}})


def _is_number(column: str) -> bool:
    return column not in (
        "event_id",
        "time",
        "assessment",
        "margin",
        "depth_fixed",
        "n_defining",
        "n_stations",
    )


def ring(event: Event, points: int = POINTS) -> list[list[float]]:
    """The event's ellipse as a closed ring of [longitude, latitude], counter-clockwise."""
    o, e = event.origin, event.origin.ellipse
    a, b = max(e.smajor_km, 1e-6), max(e.sminor_km, 1e-6)
    out: list[list[float]] = []
    for k in range(points):
        angle = -360.0 * k / points
        s, c = sincos_(angle * DEG)
        radius = a * b / float(np.sqrt((b * c) * (b * c) + (a * s) * (a * s)))
        lon, lat = destination_(o.longitude, o.latitude, (e.strike_deg + angle) % 360.0, radius / KM_PER_DEG)
        lon = o.longitude + wrap_longitude_(lon - o.longitude)
        out.append([quanta.degrees(lon), quanta.degrees(lat)])
    return [*out, out[0]]


def _ellipse(event: Event) -> dict[str, Any]:
    e = event.origin.ellipse
    properties = {
        "kind": "ellipse",
        "event_id": event.event_id,
        "probability": quanta.probability(e.probability),
        "area_km2": quanta.quantise(e.area_km2, 1),
    }
    return _feature("Polygon", [ring(event)], properties)


def _site(site: Site) -> dict[str, Any]:
    point = [
        quanta.quantise(site.longitude, 5),
        quanta.quantise(site.latitude, 5),
        quanta.quantise(site.elevation_m, 1),
    ]
    return _feature("Point", point, {"kind": "station", "station": site.key, "array": site.is_array})
