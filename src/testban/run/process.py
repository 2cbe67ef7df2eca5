"""The main job: recordings to a bulletin with a verdict.

Order of rooms: read -> detect (a station-day a unit) -> associate and locate (the whole interval) -> depth (a station a unit:
`deepening`) -> measure (a station a unit, with the events known) -> size -> identify. Each arrow is one pure function; this module
only fetches, calls and keeps. The bulletin is the same whatever the number of workers, the executor or the order of the files.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import testban
from testban import associate, detect, formats, identify, size
from testban.base.beside import Beside
from testban.base.canonical import pack
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
    Site,
)
from testban.base.spans import Span
from testban.base.times import NS_PER_S, seconds_to_ns
from testban.run import surroundings
from testban.run.configuration import Configuration
from testban.run.deepening import deepened
from testban.run.detection import detect_stations, failed, open_source, read, tidy, unit_key
from testban.run.naming import named
from testban.run.provenance import code_digest, input_digests
from testban.run.stations import Station, find_stations
from testban.run.traces import Drawn, display_trace, display_window
from testban.run.work import Unit, do, executor
from testban.show.traces import ReportTrace
from testban.store import Catalogue

Progress = Callable[[str, int, int], None]


class MeasureJob(msgspec.Struct, frozen=True, kw_only=True):
    """One station and the events that are to be measured on it, each with its arrivals there alone."""

    sources: tuple[str, ...]
    members: tuple[str, ...]
    site: Site
    channels: tuple[Channel, ...]
    events: tuple[Event, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one station gave on one event."""

    event_id: str
    amplitudes: tuple[AmplitudeMeasurement, ...] = ()
    path: PathMeasurement | None = None
    trace: Drawn | None = None
    failure: Finding | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A bulletin and the traces that its report shows."""

    bulletin: Bulletin
    traces: tuple[ReportTrace, ...]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to process: sources, the stations they recorded, what is said of them, and the digests of all files."""

    sources: tuple[str, ...]
    stations: tuple[Station, ...]
    findings: tuple[Finding, ...]
    inputs: tuple[tuple[str, str], ...]


def given(
    sources: Sequence[str],
    inventory_paths: Sequence[Path | str],
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Given:
    """Sources and inventory, looked at. Raises InputError where there is nothing that can be processed; writes nothing."""
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    stations, left_out = find_stations(source, inventory, start_ns, end_ns)
    recorded = {m for s in stations for m in s.members}
    others = {s.key for s in inventory.sites() if not recorded & {s.key, s.key.rpartition(".")[2]}}
    concerned = [f for f in inventory.findings if ".".join(f.subject.split(".")[:2]) not in others]
    return Given(
        sources=tuple(sources),
        stations=tuple(stations),
        findings=(*concerned, *source.findings, *left_out),
        inputs=input_digests(source.digests(), inventory_paths),
    )


def process(
    ready: Given,
    catalogue: Catalogue,
    configuration: Configuration,
    *,
    simulated: bool = False,
    fine: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Outcome:
    """From recordings to a bulletin.

    fine: units of an hour and of an event, for what is worked on again and again while recordings grow; the bulletin is the same.
    """
    sources, stations = ready.sources, ready.stations
    base_key = [code_digest(), configuration.digest()]
    settings = detect.Settings(threshold_factor=configuration.threshold_factor, weak_power=detect.WEAK_POWER)
    with executor(configuration.executor, configuration.workers) as pool:
        detected = detect_stations(
            sources,
            stations,
            settings,
            base_key,
            pool,
            catalogue,
            lambda a, b: progress("detect", a, b),
            fine=fine,
        )
        picks, noise, sites = detected.picks, detected.noise, detected.sites
        progress("associate", 0, 1)
        found = associate.associate(
            picks,
            sites,
            associate.Settings(
                model=configuration.model,
                min_stations=configuration.min_stations,
                min_stations_with_array=max(2, configuration.min_stations - 1),
            ),
            noise,
        )
        progress("associate", 1, 1)
        deep, unheard = deepened(
            found.events, picks, stations, sources, configuration.model, base_key, pool, catalogue,
            lambda a, b: progress("depth", a, b), fine=fine,
        )  # fmt: skip
        events = named(deep)
        measure_jobs = [
            MeasureJob(sources=sources, members=s.members, site=s.site, channels=s.channels, events=some)
            for s in stations
            for seen in [tuple(_as_seen(e, s.site.key) for e in events)]
            for some in ([(e,) for e in seen] if fine else [seen])
        ]  # fmt: skip
        measured = [
            msgspec.msgpack.decode(b, type=list[Measured])
            for b in do(
                [Unit(stage="measure", subject=j.site.key, key=unit_key(base_key, "measure", j, j.members, _wanted(j)), job=j) for j in measure_jobs],
                measure_unit, pool, catalogue, lambda a, b: progress("measure", a, b),
            )
        ]  # fmt: skip
    by_event: dict[str, list[Measured]] = {e.event_id: [] for e in events}
    for station in measured:
        for m in station:
            by_event[m.event_id].append(m)
    failures = [m.failure for rows in by_event.values() for m in rows if m.failure is not None]
    finished = tuple(_judge(e, by_event[e.event_id], picks, sites, noise, configuration) for e in events)
    spans = [s.span for s in stations]
    used = {a.pick_id for e in finished for a in e.arrivals}
    bulletin = Bulletin(
        events=finished,
        picks=tuple(p for p in picks if not p.weak or p.pick_id in used),
        sites=tuple(sites),
        noise=tuple(noise),
        findings=tidy([*ready.findings, *detected.findings, *unheard, *failures]),
        provenance=Provenance(
            code_version=testban.__version__,
            code_digest=code_digest(),
            configuration_digest=configuration.digest(),
            inputs=ready.inputs,
            simulated=simulated,
        ),
        start_ns=min(s.start_ns for s in spans),
        end_ns=max(s.end_ns for s in spans),
    )
    traces = tuple(m.trace.shown() for e in finished for m in by_event[e.event_id] if m.trace is not None)
    return Outcome(bulletin=bulletin, traces=traces)


def _as_seen(event: Event, station_key: str) -> Event:
    """What of an event its measurement at a station rests on: where and when, and the arrivals there."""
    own = (a for a in event.arrivals if a.station_key == station_key)
    return Event(
        event_id=event.event_id,
        origin=event.origin,
        arrivals=tuple(msgspec.structs.replace(a, score=None) for a in own),
    )


def measure_unit(job: MeasureJob) -> bytes:
    """Second pass over one station: amplitudes, path and display trace of every event in reach."""
    out: list[Measured] = []
    for event, whole in zip(job.events, _wanted(job), strict=True):
        window = display_window(event.origin, job.site)
        segments, _ = read(job.sources, job.members, whole)
        clean, _ = detect.condition(segments, whole)
        if not clean:
            continue
        try:
            measured = Measured(
                event_id=event.event_id,
                amplitudes=size.measure_station(event.origin, job.site, clean, job.channels, event.arrivals),
                path=identify.measure_path(event.origin, job.site, clean, job.channels, event.arrivals),
                trace=display_trace(event.origin, job.site, clean, window),
            )
        except Exception as exc:  # noqa: BLE001 - one station that fails must not cost the others; it is reported
            measured = Measured(
                event_id=event.event_id, failure=failed(job.site.key, "measurement", exc, whole)
            )
        out.append(measured)
    return pack(out)


def _wanted(job: MeasureJob) -> list[Span]:
    """What is read for each event: the trace to show and all that is measured."""
    out = []
    for event in job.events:
        window, reach = display_window(event.origin, job.site), _reach(event.origin, job.site)
        out.append(Span(min(window.start_ns, reach.start_ns), max(window.end_ns, reach.end_ns)))
    return out


def _reach(origin: Origin, site: Site) -> Span:
    """From five minutes before the origin to the end of 20-s surface waves at the station."""
    delta = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0]
    return Span(origin.time_ns - 300 * NS_PER_S, origin.time_ns + seconds_to_ns(300.0 + delta * 111.2 / 2.5))


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
    beside = Beside(surroundings=surroundings.of(event.origin))
    assessment = identify.assess(event, paths, picks, identify.Settings(prior=configuration.prior), beside)
    return msgspec.structs.replace(event, assessment=assessment)
