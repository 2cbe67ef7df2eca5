"""The main job: recordings to a bulletin with a verdict.

Order of rooms: read -> detect (a station-day a unit) -> associate and locate (the whole interval) -> measure (a
station a unit, with the events known) -> size -> identify. Each arrow is one pure function; this module only fetches,
calls and keeps. The bulletin is the same whatever the number of workers, the executor or the order of the files.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

import testban
from testban import associate, detect, formats, identify, links, locate, size
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.inventory import Inventory
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
    StationResult,
)
from testban.base.spans import Span, normalise
from testban.base.times import DAY_NS, NS_PER_S, day_start
from testban.run.configuration import Configuration
from testban.run.naming import event_id
from testban.run.provenance import code_digest
from testban.run.traces import Trace, display_trace, display_window
from testban.run.work import Unit, do, executor
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
    trace: Trace | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A bulletin, the traces that its report shows, and its paths measured for identification."""

    bulletin: Bulletin
    traces: tuple[Trace, ...]


@lru_cache(maxsize=64)
def _source(text: str) -> links.Source:
    return links.open_source(text)


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
    stations = _stations(sources, inventory, start_ns, end_ns)
    inputs = _inputs(sources, inventory_paths)
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
        findings=tuple(_findings(sources, inventory, findings)),
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
    traces = tuple(m.trace for e in finished for m in by_event[e.event_id] if m.trace is not None)
    return Outcome(bulletin=bulletin, traces=traces)
