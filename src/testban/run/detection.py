"""Station processing as units of work: a station-day (or array-day) each, done once and kept in the catalogue.

Rules: a unit depends on nothing but its station's samples, channels and settings; a station that fails is reported
and costs no other; picks and noise come back in a total order whatever the order of the units.
"""

import traceback
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from testban import detect, links
from testban.base.canonical import digest_of, pack
from testban.base.records import Channel, Finding, NoiseHour, Pick, Segment, Site, StationResult
from testban.base.spans import Span, normalise
from testban.base.times import HOUR_NS
from testban.run.stations import Station
from testban.run.work import Report, Unit, do
from testban.store import Catalogue


class DetectJob(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that station processing of one station (or array) and one span needs."""

    sources: tuple[str, ...]
    station_key: str
    members: tuple[str, ...]
    span: Span
    channels: tuple[Channel, ...]
    settings: detect.Settings


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What all stations yield: picks by time, noise by station and hour, sites with their up-time, findings."""

    picks: tuple[Pick, ...]
    noise: tuple[NoiseHour, ...]
    sites: tuple[Site, ...]
    findings: tuple[Finding, ...]


@lru_cache(maxsize=64)
def open_source(names: tuple[str, ...]) -> links.Source:
    """The source of those names, opened once a process."""
    return links.open_source(names)


def read(sources: tuple[str, ...], members: Sequence[str], span: Span) -> tuple[list[Segment], list[Finding]]:
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


def unit_key(
    base_key: Sequence[Any], stage: str, job: Any, members: Sequence[str], spans: Sequence[Span]
) -> str:
    """The key of a unit: code and settings, the job, and what was recorded of its stations in the spans that it reads."""
    return digest_of([base_key, stage, job, open_source(job.sources).marks(members, spans)])


def detect_stations(
    sources: Sequence[str], stations: Sequence[Station], settings: detect.Settings, base_key: Sequence[Any],
    pool: Executor, catalogue: Catalogue, report: Report, *, fine: bool = False,
) -> Detected:  # fmt: skip
    """Station processing of every station and day; units that the catalogue holds are taken from there.

    fine: a unit is an hour. Picks, noise and up-time are the same; a finding that is longer is told in pieces.
    """
    jobs = [
        DetectJob(
            sources=tuple(sources), station_key=s.site.key, members=s.members, span=span,
            channels=s.channels, settings=settings,
        )
        for s in stations
        for day in s.days
        for span in (hours(day) if fine else (day,))
    ]  # fmt: skip
    units = [
        Unit(
            stage="detect", subject=j.station_key, job=j,
            key=unit_key(base_key, "detect", j, j.members, [detect.needed(j.span, settings)]),
        )
        for j in jobs
    ]  # fmt: skip
    results = [
        msgspec.msgpack.decode(b, type=StationResult) for b in do(units, detect_unit, pool, catalogue, report)
    ]
    picks = sorted((p for r in results for p in r.picks), key=lambda p: (p.time_ns, p.station_key, p.pick_id))
    noise = sorted(
        (n for r in results for n in r.noise), key=lambda n: (n.station_key, n.hour_ns, n.nslc, n.band_hz)
    )
    return Detected(
        picks=tuple(picks),
        noise=tuple(noise),
        sites=_sites(stations, results),
        findings=tuple(f for r in results for f in r.findings),
    )


def hours(span: Span) -> list[Span]:
    """A span cut at the hours of UTC."""
    cuts = range(span.start_ns // HOUR_NS * HOUR_NS, span.end_ns, HOUR_NS)
    return [Span(max(h, span.start_ns), min(h + HOUR_NS, span.end_ns)) for h in cuts]


def detect_unit(job: DetectJob) -> bytes:
    """Station processing of one unit: read, run, encode."""
    segments, said = read(job.sources, job.members, detect.needed(job.span, job.settings))
    run = detect.process_array if len(job.members) > 1 else detect.process_station
    try:
        result = run(job.station_key, segments, job.channels, job.span, job.settings)
    except Exception as exc:  # noqa: BLE001 - one station that fails must not cost the others; it is reported
        said.append(failed(job.station_key, "detection", exc, job.span))
        result = StationResult(station_key=job.station_key, picks=(), noise=(), findings=(), up=())
    result = msgspec.structs.replace(result, findings=(*result.findings, *said))
    return pack(result)


def tidy(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each finding once, in a total order."""
    unique = {msgspec.json.encode(f): f for f in found}
    return tuple(unique[k] for k in sorted(unique, key=lambda k: (unique[k].subject, unique[k].kind, k)))


def failed(key: str, stage: str, exc: Exception, span: Span) -> Finding:
    """What is said of a station whose processing failed for a reason that nobody foresaw."""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{Path(last.filename).stem}:{last.lineno}"
    return Finding(
        kind="failed",
        subject=key,
        message=f"{stage} of {key} failed and the station was left out: {type(exc).__name__}: {exc} ({where}); please report it",
        span=span,
    )


def _sites(stations: Sequence[Station], results: Sequence[StationResult]) -> tuple[Site, ...]:
    up: dict[str, list[Span]] = {}
    for r in results:
        up.setdefault(r.station_key, []).extend(r.up)
    return tuple(
        msgspec.structs.replace(s.site, up=tuple(normalise(up.get(s.site.key, ())))) for s in stations
    )
