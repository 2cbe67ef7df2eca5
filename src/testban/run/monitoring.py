"""Threshold monitoring of recordings: what each minute could have hidden at a site, hour by hour and day by day.

Rules: a station-day is a unit of work, done once and kept; that of a single station knows nothing of the sites, so that
another site costs no second reading; an array has a beam for each site. A minute that is not watched is never counted as quiet; magnitudes are published in hundredths.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban import detect, formats
from testban.assure import capability, monitoring
from testban.assure.monitoring import Place, Settings
from testban.base import quanta
from testban.base.canonical import digest_of, pack
from testban.base.errors import InputError
from testban.base.records import Channel, Finding
from testban.base.spans import Span
from testban.base.times import NS_PER_S, format_time
from testban.detect import envelope
from testban.formats import csvio, tables
from testban.run import assurance_noise, moments
from testban.run.configuration import Configuration
from testban.run.detection import failed, open_source, read, tidy
from testban.run.outputs import whole
from testban.run.process import Progress
from testban.run.provenance import code_digest, input_digests
from testban.run.stations import Station, find_stations
from testban.run.work import Unit, do, executor
from testban.show import monitoring as page
from testban.store import Catalogue, durable

Floats = NDArray[np.float64]
COLUMNS = ("site", "time", "m90", "safe90", "n_stations", "controlling", "watched")
HOURS = ("site", "hour", "minutes", "unwatched", "median_safe90", "largest_safe90", "minutes_above_target")
DAYS = ("site", "day", "minutes", "unwatched", "median_safe90", "largest_safe90", "minutes_above_target")
SNR = 3.0
LONGEST_S = 900  # the first P at 95 degrees takes 13 minutes


class MonitorJob(msgspec.Struct, frozen=True, kw_only=True):
    """One station (or array, with the slowness of its beam) and one day."""

    sources: tuple[str, ...]
    station_key: str
    members: tuple[str, ...]
    span: Span
    channels: tuple[Channel, ...]
    bands: tuple[tuple[float, float], ...]
    steer: tuple[float, float] | None = None


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit gives: thousandths of log10(A/T) by band and second as little-endian int16, and findings."""

    samples: bytes
    findings: tuple[Finding, ...] = ()


class Heard(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One station for one site: its path, its levels by day, and what is added to them."""

    key: str
    path: monitoring.Path
    parts: list[tuple[int, NDArray[np.int16]]]
    add: float


class Watched(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A site with its minutes, the keys of its stations, and what stands beside: medians and detection threshold."""

    place: Place
    stations: tuple[str, ...]
    minutes: tuple[monitoring.Minute, ...]
    median: float | None
    detection: float | None
    detection_stations: int
    quiet: tuple[tuple[str, float, float], ...]


def monitor_unit(job: MonitorJob) -> bytes:
    """Levels of one station-day: read, run, encode."""
    segments, said = read(job.sources, job.members, detect.needed(job.span))
    try:
        got, more = envelope.levels(segments, job.channels, job.span, job.bands, steer=job.steer)
    except Exception as exc:  # noqa: BLE001 - one station that fails must not cost the others; it is reported
        n = (job.span.end_ns - job.span.start_ns) // NS_PER_S
        got, more = np.full((len(job.bands), n), envelope.MISSING, np.int16), ()
        said.append(failed(job.station_key, "monitoring", exc, job.span))
    return pack(Levels(samples=got.astype("<i2").tobytes(), findings=(*said, *more)))


def _whole_seconds(span: Span) -> Span:
    return Span(span.start_ns // NS_PER_S * NS_PER_S, -(-span.end_ns // NS_PER_S) * NS_PER_S)


def monitor(
    sources: Sequence[str], inventory_paths: Sequence[str | Path], places: Sequence[Place], out: Path,
    configuration: Configuration, *, settings: Settings | None = None, target: float = 3.0,
    start_ns: int | None = None, end_ns: int | None = None, simulated: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> dict[str, Any]:  # fmt: skip
    """Write monitor.csv, hours.csv, days.csv, levels.csv, findings.csv and monitor.html into `out`; the same call goes on."""
    s = settings or Settings()
    if not -2.0 <= target <= 10.0:
        raise InputError(f"--target: expected a magnitude from -2 to 10, got {target:g}; correct it")
    if not places:
        raise InputError("--site: expected at least one place, got none; give --site LON,LAT or --sites FILE")
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    # An origin time is watched through arrivals that come later, so more is read than is told of.
    reach = None if end_ns is None else end_ns + LONGEST_S * NS_PER_S
    stations, left_out = find_stations(source, inventory, start_ns, reach)
    durable.folder(out)
    inputs = input_digests(source.digests(), inventory_paths)
    held, said = _levels(sources, stations, places, s, inputs, configuration, out, progress)
    span = Span(
        min(x.span.start_ns for x in stations) if start_ns is None else start_ns,
        max(x.span.end_ns for x in stations) if end_ns is None else end_ns,
    )
    found = [_watch(p, stations, held, s, span) for p in places]
    findings = tidy([*inventory.findings, *source.findings, *left_out, *said, *_silent(held)])
    _write(found, findings, target, out, simulated, s)
    moments.write(out / assurance_noise.LEVELS, held, (s.near_band_hz, s.far_band_hz), simulated)
    given = {"places": tuple(places), "settings": s, "target": target, "inputs": inputs}
    rows = [_summary(w, target) for w in found]
    return {
        "out": str(out), "simulated": simulated, "target": target, "sites": rows, "findings": len(findings),
        "assumptions": [a.en for a in page.assumptions(s)],
        "digests": {"inputs": digest_of(given), "result": digest_of(rows), "code": code_digest()},
    }  # fmt: skip


Steer = tuple[float, float] | None
Held = dict[tuple[str, Steer], list[tuple[int, NDArray[np.int16]]]]


def _steers(station: Station, places: Sequence[Place], s: Settings) -> Sequence[Steer]:
    """The beams that an array needs; None, once, for a single station."""
    if len(station.members) < 2:
        return [None]
    paths = [monitoring.path(p, station.site.longitude, station.site.latitude, s) for p in places]
    return sorted({p.steer for p in paths if p is not None})


def _levels(
    sources: Sequence[str], stations: Sequence[Station], places: Sequence[Place], s: Settings, inputs: Any,
    configuration: Configuration, out: Path, progress: Progress,
) -> tuple[Held, list[Finding]]:  # fmt: skip
    """By station (and steering): (first second, levels of both bands) of each day, and findings."""
    bands = (s.near_band_hz, s.far_band_hz)
    jobs = [
        MonitorJob(
            sources=tuple(sources), station_key=x.site.key, members=x.members, channels=x.channels,
            span=_whole_seconds(day), bands=bands, steer=steer,
        )
        for x in stations
        for steer in _steers(x, places, s)
        for day in x.days
    ]  # fmt: skip
    units = [
        Unit(
            stage="monitor",
            subject=j.station_key,
            key=digest_of([code_digest(), inputs, "monitor", j]),
            job=j,
        )
        for j in jobs
    ]
    catalogue = Catalogue(out / "catalogue.sqlite")
    try:
        with executor(configuration.executor, configuration.workers) as pool:
            got = do(units, monitor_unit, pool, catalogue, lambda a, b: progress("monitor", a, b))
    finally:
        catalogue.close()
    held: Held = {}
    said: list[Finding] = []
    for job, raw in zip(jobs, got, strict=True):
        part = msgspec.msgpack.decode(raw, type=Levels)
        said += part.findings
        samples = np.frombuffer(part.samples, dtype="<i2").astype(np.int16).reshape(len(bands), -1)
        held.setdefault((job.station_key, job.steer), []).append((job.span.start_ns // NS_PER_S, samples))
    return held, said


def _silent(held: Held) -> list[Finding]:
    spoke = {key for (key, _), parts in held.items() if any((x != envelope.MISSING).any() for _, x in parts)}
    return [
        Finding(
            kind="no-amplitude", subject=key,
            message=f"{key} gave no amplitude: no valid response, or no sample above 8 Hz; it watches nothing",
        )
        for key in sorted({key for key, _ in held} - spoke)
    ]  # fmt: skip


def _line(parts: list[tuple[int, NDArray[np.int16]]], band: int, first: int, n: int) -> Floats:
    """Levels of n seconds from `first` on; NaN where there are none."""
    out = np.full(n, np.nan)
    for start, samples in parts:
        lo, hi = max(first, start), min(first + n, start + samples.shape[1])
        if hi > lo:
            x = samples[band, lo - start : hi - start]
            out[lo - first : hi - first] = np.where(x == envelope.MISSING, np.nan, x / 1000.0)
    return out


def _heard(place: Place, stations: Sequence[Station], held: Held, s: Settings) -> list[Heard]:
    """What each station holds for a site; stations out of reach or without any amplitude are left out."""
    out, terms = [], dict(s.terms)
    for x in sorted(stations, key=lambda x: x.site.key):
        p = monitoring.path(place, x.site.longitude, x.site.latitude, s)
        if p is None:
            continue
        array = len(x.members) > 1
        parts = held.get((x.site.key, p.steer if array else None), [])
        if any((v != envelope.MISSING).any() for _, v in parts):
            add = p.decay + (s.beam_loss if array else 0.0) - terms.get(x.site.key, 0.0)
            out.append(Heard(key=x.site.key, path=p, parts=parts, add=add))
    return out


def _watch(place: Place, stations: Sequence[Station], held: Held, s: Settings, span: Span) -> Watched:
    """The minutes of one site, day by day."""
    used = _heard(place, stations, held, s)
    keys = tuple(u.key for u in used)
    days = sorted({t // 86400 for k in held for t, _ in held[k]})
    begin, end = span.start_ns // NS_PER_S, -(-span.end_ns // NS_PER_S)
    rows: list[monitoring.Minute] = []
    heard: list[list[Floats]] = [[] for _ in used]
    for day in days:
        lo, hi = max(begin, day * 86400), min(end, (day + 1) * 86400)
        if hi <= lo:
            continue
        n = hi - lo
        values = np.full((n, len(used)), np.nan)
        for i, u in enumerate(used):
            p = u.path
            line = _line(u.parts, 0 if p.near else 1, lo, n + round(p.travel_s) + s.tolerance_s + 1)
            values[:, i] = monitoring.aligned(line, round(p.travel_s), s.tolerance_s, n) + u.add
            heard[i].append(line[round(p.travel_s) : round(p.travel_s) + n])
        limit, rule = monitoring.upper_limit(values, s.sigma, s.level)
        safe, _ = monitoring.upper_limit(values, s.sigma, s.level, safe=True)
        rows += monitoring.minutes(lo, limit, safe, rule, np.isfinite(values).sum(axis=1))
    known = sorted(r.limit for r in rows if r.limit is not None)
    quiet = tuple(
        (u.key, u.path.delta_deg, float(np.nanmedian(np.concatenate(x))) + u.add - u.path.decay)
        for u, x in zip(used, heard, strict=True)
        if x and np.isfinite(np.concatenate(x)).any()
    )
    detection = _detection(quiet, s)
    return Watched(
        place=place, stations=keys, minutes=tuple(rows), median=known[len(known) // 2] if known else None,
        detection=detection, detection_stations=len(quiet), quiet=quiet,
    )  # fmt: skip


def _detection(quiet: Sequence[tuple[str, float, float]], s: Settings) -> float | None:
    """Magnitude that three of the same stations detect with the same confidence, noise being their median level."""
    sensors = tuple(
        capability.Sensor(code=k, longitude=0.0, latitude=0.0, noise_nm_s=10.0**v, reliability=1.0)
        for k, _, v in quiet
    )
    rule = capability.Rule(
        snr=SNR, sigma=s.sigma, level=s.level, nearest_deg=s.nearest_deg, farthest_deg=s.farthest_deg
    )
    if len(sensors) < rule.points:
        return None
    m = capability.threshold(np.array([d for _, d, _ in quiet]), sensors, rule)
    return m if m == m else None


def _summary(w: Watched, target: float) -> dict[str, Any]:
    hours = monitoring.hidden(list(w.minutes), target, 3600)
    days = monitoring.hidden(list(w.minutes), target, 86400)
    top = max(
        (r for r in w.minutes if r.limit is not None), key=lambda r: (r.limit, -r.start_s), default=None
    )
    gap = None if w.median is None or w.detection is None else quanta.magnitude(w.detection - w.median)
    return {
        "site": w.place.name, "longitude": w.place.longitude, "latitude": w.place.latitude,
        "stations": list(w.stations), "minutes": len(w.minutes),
        "unwatched_minutes": sum(h.unwatched for h in hours),
        "median_m90": _rounded(w.median), "median_safe90": _rounded(_median([r.safe for r in w.minutes])), "detection_m90": _rounded(w.detection), "detection_minus_median": gap,
        "largest_m90": None if top is None else _rounded(top.limit),
        "largest_at": None if top is None else format_time(top.start_s * NS_PER_S, 0),
        "hours": len(hours),
        "hours_in_which_target_could_hide": [
            format_time(h.start_s * NS_PER_S, 0) for h in hours if h.above
        ],
        "days": [
            {
                "day": format_time(d.start_s * NS_PER_S, 0)[:10], "largest_safe90": _rounded(d.largest),
                "median_safe90": _rounded(d.median), "minutes_above_target": d.above, "unwatched": d.unwatched,
                "statement": page.daily(w.place.name, d, target).en,
            }
            for d in days
        ],
    }  # fmt: skip


def _median(values: Sequence[float | None]) -> float | None:
    known = sorted(v for v in values if v is not None)
    return known[len(known) // 2] if known else None


def _rounded(x: float | None) -> float | None:
    return None if x is None else quanta.magnitude(x)


def _text(x: float | None) -> str:
    return "" if x is None else f"{quanta.magnitude(x):.2f}"


def _stretches(found: Sequence[Watched], target: float, every_s: int, name: str) -> list[dict[str, Any]]:
    return [
        {
            "site": w.place.name, name: format_time(h.start_s * NS_PER_S, 0), "minutes": h.minutes,
            "unwatched": h.unwatched, "median_safe90": _text(h.median), "largest_safe90": _text(h.largest),
            "minutes_above_target": h.above,
        }
        for w in found
        for h in monitoring.hidden(list(w.minutes), target, every_s)
    ]  # fmt: skip


def _write(
    found: Sequence[Watched],
    findings: Sequence[Finding],
    target: float,
    out: Path,
    simulated: bool,
    s: Settings,
) -> None:
    rows = [
        {
            "site": w.place.name, "time": format_time(r.start_s * NS_PER_S, 0), "m90": _text(r.limit), "safe90": _text(r.safe),
            "n_stations": r.stations, "controlling": w.stations[r.station] if r.station >= 0 else "",
            "watched": f"{r.watched:.4f}",
        }
        for w in found
        for r in w.minutes
    ]  # fmt: skip
    for name, columns, body in (
        ("monitor.csv", COLUMNS, rows),
        ("hours.csv", HOURS, _stretches(found, target, 3600, "hour")),
        ("days.csv", DAYS, _stretches(found, target, 86400, "day")),
    ):
        whole(out / name, lambda p, c=columns, b=body: csvio.write_rows(p, c, b))  # type: ignore[misc]
    whole(out / "findings.csv", lambda p: tables.write_findings(p, findings))
    if simulated:
        for name in ("monitor.csv", "hours.csv", "days.csv", "findings.csv"):
            csvio.add_column(out / name, "simulated", "true")
    shown = tuple(
        page.Shown(
            place=w.place, stations=w.stations, minutes=w.minutes, median=w.median, detection=w.detection
        )
        for w in found
    )
    html = page.render(shown, target, s, simulated)
    whole(out / "monitor.html", lambda p: p.write_text(html, encoding="utf-8"))


def places_of(path: Path) -> list[Place]:
    """Sites from a table with the columns name, longitude, latitude and, where known, depth_km. Raises InputError."""
    out = []
    for row in csvio.read_rows(path, ("name", "longitude", "latitude")):
        lon, lat = csvio.number(row, "longitude"), csvio.number(row, "latitude")
        if lon is None or lat is None:
            raise InputError(f"{path.name}: expected a longitude and a latitude in every row; correct it")
        depth = csvio.number(row, "depth_km") or 0.0
        out.append(Place(name=csvio.text(row, "name"), longitude=lon, latitude=lat, depth_km=depth))
    return out


def terms_of(path: Path) -> tuple[tuple[str, float], ...]:
    """Terms of stations from a table: network, station, term (magnitude units that it reads high). Raises InputError."""
    out = []
    for row in csvio.read_rows(path, ("network", "station", "term")):
        term = csvio.number(row, "term")
        if term is None:
            raise InputError(f"{path.name}: expected a term in every row; correct it")
        out.append((f"{csvio.text(row, 'network')}.{csvio.text(row, 'station')}", term))
    return tuple(sorted(out))


def band_of(text: str) -> tuple[float, float]:
    """A detection band from LOW,HIGH in Hz. Raises InputError."""
    known = {f"{a:g},{b:g}": (a, b) for a, b in detect.Settings().bands_hz}
    if text not in known:
        raise InputError(f"expected one of the bands {' '.join(known)}, got {text!r}; choose one")
    return known[text]
