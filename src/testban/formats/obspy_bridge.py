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
from testban.base.records import Event, Pick, Segment
from testban.formats import quakeml


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
    return quakeml.decode(out.getvalue(), "obspy catalogue")


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
