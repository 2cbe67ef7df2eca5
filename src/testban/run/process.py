"""The main job: recordings to a bulletin with a verdict.

Order of rooms: read -> detect (a station-day a unit) -> associate and locate (the whole interval) -> measure (a
station a unit, with the events known) -> size -> identify. Each arrow is one pure function; this module only fetches,
calls and keeps. The bulletin is the same whatever the number of workers, the executor or the order of the files.
"""

import traceback
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

import testban
from testban import associate, detect, formats, identify, links, size
from testban.base.canonical import digest_of, pack
from testban.base.geo import delaz_
from testban.base.measurements import AmplitudeMeasurement, PathMeasurement
from testban.base.records import (
    Bulletin,
    Channel,
    Event,
    Finding,
    NoiseHour,
    Origin,
    Pick,
    Provenance,
    Segment,
    Site,
    StationResult,
)
from testban.base.spans import Span, normalise
from testban.base.times import NS_PER_S, seconds_to_ns
from testban.run.configuration import Configuration
from testban.run.naming import event_id
from testban.run.provenance import code_digest, inventory_digests
from testban.run.stations import Station, find_stations
from testban.run.traces import Drawn, display_trace, display_window
from testban.run.work import Unit, do, executor
from testban.show.traces import ReportTrace
from testban.store import Catalogue

Progress = Callable[[str, int, int], None]


class DetectJob(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that station processing of one station (or array) and one span needs."""

    sources: tuple[str, ...]
    station_key: str
    members: tuple[str, ...]
    span: Span
    channels: tuple[Channel, ...]
    settings: detect.Settings


class MeasureJob(msgspec.Struct, frozen=True, kw_only=True):
    """One station and the events that are to be measured on it."""

    sources: tuple[str, ...]
    members: tuple[str, ...]
    site: Site
    channels: tuple[Channel, ...]
    events: tuple[Event, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one station gave on one event."""

    event_id: str
    amplitudes: tuple[AmplitudeMeasurement, ...]
    path: PathMeasurement | None
    trace: Drawn | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A bulletin and the traces that its report shows."""

    bulletin: Bulletin
    traces: tuple[ReportTrace, ...]


@lru_cache(maxsize=64)
def open_source(names: tuple[str, ...]) -> links.Source:
    """The source of those names, opened once a process."""
    return links.open_source(names)


def process(
    sources: Sequence[str],
    inventory_paths: Sequence[Path | str],
    catalogue: Catalogue,
    configuration: Configuration,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    simulated: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Outcome:
    """From recordings to a bulletin. Raises InputError where there is nothing that can be processed."""
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    stations, left_out = find_stations(source, inventory, start_ns, end_ns)
    inputs = _inputs(source, inventory_paths)
    base_key = [code_digest(), configuration.digest(), inputs]
    settings = detect.Settings(threshold_factor=configuration.threshold_factor)
    with executor(configuration.executor, configuration.workers) as pool:
        jobs = [
            DetectJob(
                sources=tuple(sources), station_key=s.site.key, members=s.members, span=span,
                channels=s.channels, settings=settings,
            )
            for s in stations
            for span in s.days
        ]  # fmt: skip
        results = [
            msgspec.msgpack.decode(b, type=StationResult)
            for b in do(
                [Unit(stage="detect", subject=j.station_key, key=digest_of([base_key, "detect", j]), job=j) for j in jobs],
                detect_unit, pool, catalogue, lambda a, b: progress("detect", a, b),
            )
        ]  # fmt: skip
        picks, noise, findings = _gather(results)
        sites = _sites(stations, results)
        progress("associate", 0, 1)
        found = associate.associate(
            picks,
            sites,
            associate.Settings(
                model=configuration.model,
                min_stations=configuration.min_stations,
            ),
            noise,
        )
        progress("associate", 1, 1)
        events = _name(found.events)
        measure_jobs = [
            MeasureJob(sources=tuple(sources), members=s.members, site=s.site, channels=s.channels, events=events)
            for s in stations
        ]  # fmt: skip
        measured = [
            msgspec.msgpack.decode(b, type=list[Measured])
            for b in do(
                [Unit(stage="measure", subject=j.site.key, key=digest_of([base_key, "measure", j]), job=j) for j in measure_jobs],
                measure_unit, pool, catalogue, lambda a, b: progress("measure", a, b),
            )
        ]  # fmt: skip
    by_event: dict[str, list[Measured]] = {e.event_id: [] for e in events}
    for station in measured:
        for m in station:
            by_event[m.event_id].append(m)
    finished = tuple(_judge(e, by_event[e.event_id], picks, sites, noise, configuration) for e in events)
    spans = [s.span for s in stations]
    bulletin = Bulletin(
        events=finished,
        picks=tuple(picks),
        sites=tuple(sites),
        noise=tuple(noise),
        findings=_findings([*inventory.findings, *source.findings, *left_out, *findings]),
        provenance=Provenance(
            code_version=testban.__version__,
            code_digest=code_digest(),
            configuration_digest=configuration.digest(),
            inputs=tuple(inputs),
            simulated=simulated,
        ),
        start_ns=min(s.start_ns for s in spans),
        end_ns=max(s.end_ns for s in spans),
    )
    traces = tuple(m.trace.shown() for e in finished for m in by_event[e.event_id] if m.trace is not None)
    return Outcome(bulletin=bulletin, traces=traces)


def _read(
    sources: tuple[str, ...], members: Sequence[str], span: Span
) -> tuple[list[Segment], list[Finding]]:
    """All segments of some stations within a span."""
    segments: list[Segment] = []
    findings: list[Finding] = []
    source = open_source(sources)
    for unit in source.units(span.start_ns, span.end_ns):
        if unit.station_key in members:
            got, said = source.read(unit, span)
            segments += got
            findings += said
    return segments, findings


def detect_unit(job: DetectJob) -> bytes:
    """Station processing of one unit: read, run, encode."""
    segments, said = _read(job.sources, job.members, detect.needed(job.span, job.settings))
    run = detect.process_array if len(job.members) > 1 else detect.process_station
    try:
        result = run(job.station_key, segments, job.channels, job.span, job.settings)
    except Exception as exc:  # noqa: BLE001 - one station that fails must not cost the others; it is reported
        said.append(_failed(job.station_key, "detection", exc, job.span))
        result = StationResult(station_key=job.station_key, picks=(), noise=(), findings=(), up=())
    result = msgspec.structs.replace(result, findings=(*result.findings, *said))
    return pack(result)


def _failed(key: str, stage: str, exc: Exception, span: Span) -> Finding:
    last = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{Path(last.filename).stem}:{last.lineno}"
    return Finding(
        kind="failed",
        subject=key,
        message=f"{stage} of {key} failed and the station was left out: {type(exc).__name__}: {exc} ({where}); please report it",
        span=span,
    )


def measure_unit(job: MeasureJob) -> bytes:
    """Second pass over one station: amplitudes, path and display trace of every event in reach."""
    out: list[Measured] = []
    for event in job.events:
        window = display_window(event.origin, job.site)
        reach = _reach(event.origin, job.site)
        whole = Span(min(window.start_ns, reach.start_ns), max(window.end_ns, reach.end_ns))
        segments, _ = _read(job.sources, job.members, whole)
        clean, _ = detect.condition(segments, whole)
        if not clean:
            continue
        own = tuple(a for a in event.arrivals if a.station_key == job.site.key)
        out.append(
            Measured(
                event_id=event.event_id,
                amplitudes=size.measure_station(event.origin, job.site, clean, job.channels, own),
                path=identify.measure_path(event.origin, job.site, clean, job.channels, own),
                trace=display_trace(event.origin, job.site, clean, window),
            )
        )
    return pack(out)


def _reach(origin: Origin, site: Site) -> Span:
    """From five minutes before the origin to the end of 20-s surface waves at the station."""
    delta = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0]
    return Span(origin.time_ns - 300 * NS_PER_S, origin.time_ns + seconds_to_ns(300.0 + delta * 111.2 / 2.5))


def _gather(results: Sequence[StationResult]) -> tuple[list[Pick], list[NoiseHour], list[Finding]]:
    picks = sorted((p for r in results for p in r.picks), key=lambda p: (p.time_ns, p.station_key, p.pick_id))
    noise = sorted(
        (n for r in results for n in r.noise), key=lambda n: (n.station_key, n.hour_ns, n.nslc, n.band_hz)
    )
    return picks, noise, [f for r in results for f in r.findings]


def _sites(stations: Sequence[Station], results: Sequence[StationResult]) -> list[Site]:
    up: dict[str, list[Span]] = {}
    for r in results:
        up.setdefault(r.station_key, []).extend(r.up)
    return [msgspec.structs.replace(s.site, up=tuple(normalise(up.get(s.site.key, ())))) for s in stations]


def _name(events: Sequence[Event]) -> tuple[Event, ...]:
    ordered = sorted(events, key=lambda e: (e.origin.time_ns, e.origin.longitude, e.origin.latitude))
    return tuple(msgspec.structs.replace(e, event_id=event_id(e)) for e in ordered)


def _judge(
    event: Event,
    measured: Sequence[Measured],
    picks: Sequence[Pick],
    sites: Sequence[Site],
    noise: Sequence[NoiseHour],
    configuration: Configuration,
) -> Event:
    """Magnitudes and assessment of one located event."""
    amplitudes = tuple(a for m in measured for a in m.amplitudes)
    paths = tuple(m.path for m in measured if m.path is not None)
    magnitudes = size.network(event.origin, event.arrivals, picks, sites, amplitudes, noise)
    event = msgspec.structs.replace(event, magnitudes=magnitudes)
    assessment = identify.assess(event, paths, picks, identify.Settings(prior=configuration.prior))
    return msgspec.structs.replace(event, assessment=assessment)


def _inputs(source: links.Source, inventory_paths: Sequence[Path | str]) -> tuple[tuple[str, str], ...]:
    """Names and digests of every file that went in; names are relative to what was given."""
    found = [*source.digests()]
    found += inventory_digests(inventory_paths)
    return tuple(sorted(set(found)))


def _findings(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in a total order."""
    unique = {msgspec.json.encode(f): f for f in found}
    return tuple(unique[k] for k in sorted(unique, key=lambda k: (unique[k].subject, unique[k].kind, k)))
