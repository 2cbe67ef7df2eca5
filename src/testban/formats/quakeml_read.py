"""QuakeML 1.2 (BED): events and picks in, of any program.

Standard: QuakeML-BED 1.2 (Euchner and Schorlemmer, 2013).
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testban.base.errors import FormatError, InputError
from testban.base.geo import check_position
from testban.base.ids import Nslc
from testban.base.records import Arrival, Ellipse, Event, Magnitude, Origin, Pick
from testban.base.times import parse_time
from testban.formats import xml
from testban.formats.tables import phase_type
from testban.formats.waveforms import read_bytes


def read_events(path: str | Path) -> tuple[Event, ...]:
    """Events of a QuakeML file by time: preferred (else first) origins, arrivals and magnitudes."""
    return decode(read_bytes(path), Path(path).name)[0]


def read_picks(path: str | Path) -> tuple[Pick, ...]:
    """All picks of a QuakeML file by time."""
    return decode(read_bytes(path), Path(path).name)[1]


def decode(data: bytes, name: str = "bytes") -> tuple[tuple[Event, ...], tuple[Pick, ...]]:
    """Events and picks of a document; FormatError where it is no QuakeML or holds no event."""
    root = xml.parse(data, "QuakeML", name)
    if root.tag != "quakeml":
        raise FormatError(f"expected QuakeML, got an element {root.tag!r} in {name}; check the file")
    events: list[Event] = []
    picks: dict[str, Pick] = {}
    try:
        for node in root.iter("event"):
            own = {p.pick_id: p for p in map(_read_pick, node.findall("pick")) if p is not None}
            picks |= own
            event = _read_event(node, own)
            if event is not None:
                events.append(event)
    except (ValueError, OverflowError, InputError) as exc:
        raise FormatError(f"expected sound QuakeML, got {exc} in {name}; check the file") from exc
    if not events:
        raise FormatError(
            f"expected QuakeML with an event and its origin, got none in {name}; check the file"
        )
    events.sort(key=lambda e: (e.origin.time_ns, e.event_id))
    return tuple(events), tuple(sorted(picks.values(), key=lambda p: (p.time_ns, p.station_key, p.pick_id)))


def preferred_origin(event: ET.Element) -> ET.Element | None:
    """The preferred, else the first origin of an event; None where it has none."""
    origins = event.findall("origin")
    wanted = (event.findtext("preferredOriginID") or "").strip()
    return next((o for o in origins if o.get("publicID") == wanted), origins[0] if origins else None)


def tail(identifier: str | None) -> str:
    """The last part of a resource identifier."""
    return (identifier or "").rsplit("/", 1)[-1]


def _number(node: ET.Element, tag: str) -> float:
    return xml.number(node, tag) or 0.0


def _read_pick(node: ET.Element) -> Pick | None:
    where, time = node.find("waveformID"), node.findtext("time/value")
    if where is None or not time:
        return None
    network, station = where.get("networkCode", ""), where.get("stationCode", "")
    channel = where.get("channelCode")
    polarity = {"positive": 1, "negative": -1}.get(node.findtext("polarity") or "", 0)
    return Pick(
        pick_id=node.get("publicID", ""),
        station_key=f"{network}.{station}" if network else station,
        nslc=Nslc(network, station, where.get("locationCode", ""), channel) if channel else None,
        time_ns=parse_time(time),
        time_sigma_s=xml.number(node, "time/uncertainty") or 1.0,
        phase_hint=phase_type(node.findtext("phaseHint") or ""),
        slowness_s_per_deg=xml.number(node, "horizontalSlowness/value"),
        slowness_sigma=xml.number(node, "horizontalSlowness/uncertainty"),
        backazimuth_deg=xml.number(node, "backazimuth/value"),
        backazimuth_sigma=xml.number(node, "backazimuth/uncertainty"),
        polarity=polarity,
    )


def _read_event(node: ET.Element, picks: Mapping[str, Pick]) -> Event | None:
    origin = preferred_origin(node)
    if origin is None:
        return None
    arrivals = [a for a in (_read_arrival(n, picks) for n in origin.findall("arrival")) if a is not None]
    magnitudes = [m for m in map(_read_magnitude, node.findall("magnitude")) if m is not None]
    return Event(
        event_id=tail(node.get("publicID")),
        origin=_read_origin(origin),
        arrivals=tuple(sorted(arrivals, key=lambda a: (a.time_ns, a.station_key))),
        magnitudes=tuple(sorted(magnitudes, key=lambda m: m.kind)),
    )


def _read_origin(node: ET.Element) -> Origin:
    time = node.findtext("time/value")
    longitude, latitude = xml.number(node, "longitude/value"), xml.number(node, "latitude/value")
    if time is None or longitude is None or latitude is None or not check_position(longitude, latitude):
        raise ValueError("an origin without time and position")
    depth = xml.number(node, "depth/value")
    sigma = xml.number(node, "depth/uncertainty")
    u = node.find("originUncertainty")
    spread: dict[str, Any] = {"smajor_km": 0.0, "sminor_km": 0.0, "strike_deg": 0.0}
    if u is not None:
        horizontal = _number(u, "horizontalUncertainty")
        spread = {
            "smajor_km": (xml.number(u, "maxHorizontalUncertainty") or horizontal) / 1e3,
            "sminor_km": (xml.number(u, "minHorizontalUncertainty") or horizontal) / 1e3,
            "strike_deg": _number(u, "azimuthMaxHorizontalUncertainty"),
            "probability": (xml.number(u, "confidenceLevel") or 90.0) / 100.0,
        }
    fixed = depth is None or (node.findtext("depthType") or "") == "operator assigned"
    return Origin(
        time_ns=parse_time(time),
        longitude=longitude,
        latitude=latitude,
        depth_km=(depth or 0.0) / 1e3,
        depth_fixed=fixed,
        depth_reason=(node.findtext("depthType") or ("" if depth is not None else "not stated")),
        depth_sigma_km=None if sigma is None else sigma / 1e3,
        time_sigma_s=_number(node, "time/uncertainty"),
        ellipse=Ellipse(**spread),
        rms_s=_number(node, "quality/standardError"),
        n_defining=int(_number(node, "quality/usedPhaseCount")),
        n_stations=int(_number(node, "quality/usedStationCount")),
        gap_deg=_number(node, "quality/azimuthalGap"),
        secondary_gap_deg=_number(node, "quality/secondaryAzimuthalGap"),
        min_distance_deg=_number(node, "quality/minimumDistance"),
        max_distance_deg=_number(node, "quality/maximumDistance"),
        model=tail(node.findtext("earthModelID")),
    )


def _read_arrival(node: ET.Element, picks: Mapping[str, Pick]) -> Arrival | None:
    pick = picks.get((node.findtext("pickID") or "").strip())
    if pick is None:
        return None
    weight = xml.number(node, "timeWeight")
    azimuth = _number(node, "azimuth")
    return Arrival(
        pick_id=pick.pick_id,
        station_key=pick.station_key,
        phase=(node.findtext("phase") or "").strip(),
        time_ns=pick.time_ns,
        distance_deg=_number(node, "distance"),
        azimuth_deg=azimuth,
        backazimuth_deg=(azimuth + 180.0) % 360.0,
        residual_s=xml.number(node, "timeResidual"),
        time_sigma_s=pick.time_sigma_s,
        defining=weight is None or weight > 0,
        weight=1.0 if weight is None else weight,
        slowness_residual=xml.number(node, "horizontalSlownessResidual"),
        backazimuth_residual=xml.number(node, "backazimuthResidual"),
        slowness_defining=_number(node, "horizontalSlownessWeight") > 0,
        backazimuth_defining=_number(node, "backazimuthWeight") > 0,
    )


def _read_magnitude(node: ET.Element) -> Magnitude | None:
    value = xml.number(node, "mag/value")
    if value is None:
        return None
    return Magnitude(
        kind=(node.findtext("type") or "M").strip(),
        value=value,
        sigma=_number(node, "mag/uncertainty"),
        n_detected=int(_number(node, "stationCount")),
        n_censored=0,
        method=tail(node.findtext("methodID")),
    )
