"""To ObsPy and back: traces, events, picks.

Rules: samples and nanosecond times are kept exactly; masked (gappy) traces are split at their gaps; events travel as
QuakeML, so what QuakeML does not hold (non-arrivals, scores) stays behind.
"""

import io
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.inventory import ANY, Inventory
from testban.base.records import Channel, Event, Pick, Segment
from testban.base.times import format_time
from testban.formats import inventory as inventories
from testban.formats import quakeml, quakeml_read, tables


def to_obspy(segments: Segment | Iterable[Segment]) -> Any:
    """A Trace of one segment, a Stream of several."""
    import obspy

    if isinstance(segments, Segment):
        s = segments
        header = {
            "network": s.nslc.network,
            "station": s.nslc.station,
            "location": s.nslc.location,
            "channel": s.nslc.channel,
            "sampling_rate": s.sample_rate_hz,
            "starttime": obspy.UTCDateTime(ns=s.start_ns),
        }
        return obspy.Trace(np.array(s.samples), header)
    return obspy.Stream([to_obspy(s) for s in segments])


def from_obspy(data: Any) -> list[Segment]:
    """Segments of a Trace or a Stream, by channel and time; InputError for what has no samples or rate."""
    traces = list(data) if hasattr(data, "traces") else [data]
    out: list[Segment] = []
    for trace in traces:
        parts = trace.split() if np.ma.isMaskedArray(trace.data) else [trace]
        out += [_segment(t) for t in parts if t.stats.npts]
    return sorted(out, key=lambda s: (s.nslc, s.start_ns, s.sample_rate_hz, len(s.samples)))


def _segment(trace: Any) -> Segment:
    stats = trace.stats
    samples = np.asarray(trace.data)
    if samples.ndim != 1 or samples.dtype.kind not in "iuf":
        raise InputError(
            f"expected samples as numbers in one row, got {samples.dtype} for {trace.id}; convert them"
        )
    whole = samples.dtype.kind in "iu" and int(samples.min()) >= -(2**31) and int(samples.max()) < 2**31
    return Segment(
        nslc=Nslc(stats.network, stats.station, stats.location, stats.channel),
        start_ns=int(stats.starttime.ns),
        sample_rate_hz=float(stats.sampling_rate),
        samples=samples.astype(np.int32) if whole else samples.astype(np.float64),
    )


def events_to_obspy(events: Iterable[Event], picks: Sequence[Pick] = ()) -> Any:
    """An obspy Catalog."""
    import obspy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return obspy.read_events(io.BytesIO(quakeml.encode(events, picks)), format="QUAKEML")


def events_from_obspy(catalog: Any) -> tuple[tuple[Event, ...], tuple[Pick, ...]]:
    """Events and picks of an obspy Catalog (or of one obspy Event)."""
    import obspy

    if not hasattr(catalog, "events"):
        catalog = obspy.Catalog([catalog])
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalog.write(out, format="QUAKEML")
    return quakeml_read.decode(out.getvalue(), "obspy catalogue")


def picks_to_obspy(picks: Iterable[Pick]) -> list[Any]:
    """Obspy Picks."""
    import obspy
    from obspy.core.event import Pick as ObspyPick
    from obspy.core.event import QuantityError, ResourceIdentifier, WaveformStreamID

    out = []
    for p in picks:
        network, _, station = p.station_key.rpartition(".")
        n = p.nslc
        where = WaveformStreamID(
            network_code=n.network if n else network,
            station_code=n.station if n else station,
            location_code=n.location if n else None,
            channel_code=n.channel if n else None,
        )
        pick = ObspyPick(
            resource_id=ResourceIdentifier(quakeml.public_id("pick", p.pick_id)),
            time=obspy.UTCDateTime(ns=p.time_ns),
            time_errors=QuantityError(uncertainty=p.time_sigma_s),
            waveform_id=where,
            phase_hint=p.phase_hint or None,
            backazimuth=p.backazimuth_deg,
            horizontal_slowness=p.slowness_s_per_deg,
            polarity={1: "positive", -1: "negative"}.get(p.polarity),
            evaluation_mode="automatic",
        )
        out.append(pick)
    return out


def picks_from_obspy(catalog: Any, inventory: Any = None) -> tables.PickTable:
    """All picks of an obspy Catalog (or Event, or a list of obspy Picks), for `associate`: picks, sites, findings.

    inventory: an obspy Inventory with the stations. Picks whose station it lacks are counted and left out.
    """
    rows = [_row(pick, "", "") for event in _events(catalog) for pick in event]
    return tables.picks_of(rows, "obspy catalogue", inventory_from_obspy(inventory))


def arrivals_from_obspy(catalog: Any, inventory: Any = None) -> tables.ArrivalTable:
    """The arrivals of every event of an obspy Catalog (or of one Event), for `locate`: (pick, phase) by event, sites, findings.

    Those of the preferred (else first) origin under their phases; where it has none, all picks under their phase hints.
    """
    events = catalog.events if hasattr(catalog, "events") else [catalog]
    rows = []
    for event in events:
        origin = event.preferred_origin() or (event.origins[0] if event.origins else None)
        named = {str(a.pick_id): a.phase or "" for a in (origin.arrivals if origin is not None else ())}
        for pick in event.picks:
            if not named or str(pick.resource_id) in named:
                name = str(event.resource_id).rsplit("/", 1)[-1]
                rows.append(_row(pick, named.get(str(pick.resource_id), pick.phase_hint or ""), name))
    return tables.arrivals_of(rows, "obspy catalogue", inventory_from_obspy(inventory))


def inventory_from_obspy(inventory: Any) -> Inventory | None:
    """Stations and channels of an obspy Inventory; one of ours, or None, as it is."""
    if inventory is None or isinstance(inventory, Inventory):
        return inventory
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inventory.write(out, format="STATIONXML")
    channels = inventories.decode_inventory([("obspy.xml", out.getvalue())])
    places = [
        Channel(
            nslc=Nslc(network.code, station.code, ANY, ANY), longitude=float(station.longitude), latitude=float(station.latitude),
            elevation_m=float(station.elevation or 0.0), origin="table:obspy",
        )
        for network in inventory
        for station in network
        if not station.channels
    ]  # fmt: skip
    return Inventory(channels.channels, places, channels.orientations, channels.findings)


def _events(catalog: Any) -> list[list[Any]]:
    if hasattr(catalog, "events"):
        return [list(e.picks) for e in catalog.events]
    return [list(catalog.picks)] if hasattr(catalog, "picks") else [list(catalog)]


def _row(pick: Any, phase: str, event: str) -> dict[str, Any]:
    """A pick as a row of an arrival table."""
    where = pick.waveform_id
    return {
        "event_id": event or None,
        "pick_id": str(pick.resource_id).rsplit("/", 1)[-1],
        "network": where.network_code or None,
        "station": where.station_code or None,
        "location": where.location_code or None,
        "channel": where.channel_code or None,
        "time": format_time(int(pick.time.ns), 9) if pick.time is not None else None,
        "phase": phase or pick.phase_hint or None,
        "time_sigma_s": pick.time_errors.uncertainty if pick.time_errors else None,
        "slowness_s_per_deg": pick.horizontal_slowness,
        "slowness_sigma": pick.horizontal_slowness_errors.uncertainty
        if pick.horizontal_slowness_errors
        else None,
        "backazimuth_deg": pick.backazimuth,
        "backazimuth_sigma": pick.backazimuth_errors.uncertainty if pick.backazimuth_errors else None,
        "polarity": {"positive": 1, "negative": -1}.get(str(pick.polarity), 0),
    }
