"""Templates made of recordings, and the watch with them: get, run, put, in units that are done once.

Rules: a unit is a stretch of `CHUNK` hours; within it every hour stands on the absolute grid, so that its length
changes no byte; surrogates go through every hour of a short record and through a fixed, even choice of the hours of
a long one.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np

from testban import formats, links, repeat
from testban.base.canonical import digest_of, pack
from testban.base.errors import InputError
from testban.base.inventory import Inventory
from testban.base.records import Channel, Finding, Segment
from testban.base.spans import Span
from testban.base.times import format_time
from testban.detect.condition import condition
from testban.formats import csvio, tables, template_file, watch_tables
from testban.repeat import grid, measure, scan, stack
from testban.run import repeats
from testban.run.configuration import Configuration
from testban.run.detection import open_source, read, tidy
from testban.run.outputs import whole
from testban.run.process import Progress
from testban.run.provenance import code_digest, input_digests
from testban.run.work import Unit, do, executor
from testban.show import watch as show
from testban.store import Catalogue

CHUNK = 6
CALIBRATION_HOURS = 72
GROUP = 24  # templates that go through the recordings together, fewer where they have many stations
HELD = 120  # station hours of statistics (some 8 MB with surrogates) that one process may hold
BESIDE_NS = 20 * 10**9  # read beyond a window, so that its ends are judged like its middle
BEFORE_S, AFTER_S = 700.0, 4100.0  # of the origin: what a template may need


class WatchJob(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of some templates: blocks [first, last), surrogates in blocks that are multiples of `stride`."""

    sources: tuple[str, ...]
    inventory: tuple[str, ...]
    templates: tuple[tuple[str, str], ...]  # path and digest
    number: int  # of the first template
    first: int
    last: int
    stride: int


class HourRow(msgspec.Struct, frozen=True, array_like=True):
    """An hour as it is kept: cells as little-endian float64 bytes of `kinds` rows."""

    block: int
    template: int
    kinds: int
    cells: bytes
    peaks: tuple[repeat.Peak, ...]
    strength: stack.Strength


class Watched(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the watch found of one template; error: why it could not be decided.

    elsewhere: what an array saw come from another place than the master's.
    """

    template: repeat.Template
    hours: tuple[repeat.Hour, ...]
    decision: repeat.Decision | None
    detections: tuple[tuple[repeat.Peak, measure.Measured], ...]
    error: str = ""
    elsewhere: tuple[tuple[repeat.Peak, measure.Measured], ...] = ()


def make_template(
    sources: Sequence[str], inventory_paths: Sequence[str | Path], origin: tuple[int, float, float, float], out: Path,
    name: str | None = None, kind: str = "", grown_from: str = "",
) -> tuple[repeat.Template, tuple[Finding, ...]]:  # fmt: skip
    """The template of one event, written to a file. origin: time (ns), longitude, latitude, depth (km)."""
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    span = Span(origin[0] - int(BEFORE_S * 1e9), origin[0] + int(AFTER_S * 1e9))
    units = source.units(span.start_ns, span.end_ns)
    if not units:
        raise InputError(
            f"expected recordings around {format_time(origin[0], 0)}, got none in {source.name}; check --origin"
        )
    segments: list[Segment] = []
    notes: list[Finding] = []
    for unit in units:
        got, said = source.read(unit, span)
        segments += got
        notes += said
    clean, said_ = condition(segments, span)
    channels = _channels(inventory, clean, origin[0])
    provenance = (
        ("code", code_digest()),
        ("inputs", digest_of(input_digests(source.digests(), inventory_paths))),
        ("source", ", ".join(Path(s).name for s in sources)),
        *((("kind", kind),) if kind else ()),
        *((("grown_from", grown_from),) if grown_from else ()),
    )
    made, more = repeat.make(name or out.stem, origin, clean, channels, provenance)
    whole(out, lambda p: p.write_bytes(template_file.encode(made)))
    return made, tidy([*inventory.findings, *source.findings, *notes, *said_, *more])


def _channels(inventory: Inventory, segments: Sequence[Segment], time_ns: int) -> list[Channel]:
    found = (inventory.at(n, time_ns) for n in sorted({s.nslc for s in segments}))
    return [c for c in found if c is not None]


@lru_cache(maxsize=4)
def _inventory(paths: tuple[str, ...]) -> Inventory:
    return formats.inventory.read_inventory(paths)


@lru_cache(maxsize=4)
def _prepared(templates: tuple[tuple[str, str], ...], surrogates: int) -> tuple[repeat.Prepared, ...]:
    return tuple(repeat.Prepared(template_file.read(path), surrogates) for path, _ in templates)


class Loading:
    """Clean segments and channels of a station over the window of a block, read a job's span at a time."""

    def __init__(self, sources: tuple[str, ...], inventory: tuple[str, ...], span: Span) -> None:
        self.sources, self.inventory, self.span = sources, inventory, span
        self.findings: list[Finding] = []
        self._held: dict[str, list[Segment]] = {}

    def __call__(self, station: str, block: int) -> tuple[Sequence[Segment], Sequence[Channel]]:
        """See `testban.repeat.scan.Loader`."""
        if station not in self._held:
            self._held[station], said = read(self.sources, (station,), self.span)
            self.findings += said
        window = grid.window_of(block)
        wide = Span(window.start_ns - BESIDE_NS, window.end_ns + BESIDE_NS)
        near = [s for s in self._held[station] if s.start_ns < wide.end_ns and s.end_ns > wide.start_ns]
        if not near:
            return (), ()
        clean, said_ = condition(near, wide)
        if block * grid.BLOCK_NS >= self.span.start_ns:
            self.findings += said_
        return clean, _channels(_inventory(self.inventory), clean, window.start_ns)


def reach(template_list: Sequence[repeat.Template]) -> int:
    """Blocks after an hour of origin time that its stations' windows may lie in."""
    most = max(c.offset_samples for t in template_list for c in t.channels) / grid.BLOCK_S
    return int(most // next(iter(template_list)).rate_hz) + 1


def watch_unit(job: WatchJob) -> bytes:
    """Hours of one unit: read, run, encode."""
    prepared = _prepared(job.templates, len(repeat.SURROGATES))
    last = job.last + reach([p.template for p in prepared])
    span = Span(grid.window_of(job.first - 1).start_ns - BESIDE_NS, grid.window_of(last).end_ns + BESIDE_NS)
    load = Loading(job.sources, job.inventory, span)

    def kinds(block: int) -> int:
        return 1 + (len(repeat.SURROGATES) if block % job.stride == 0 else 0)

    rows = [
        HourRow(
            h.block,
            job.number + h.template,
            len(h.cells),
            h.cells.astype("<f8").tobytes(),
            h.peaks,
            h.strength,
        )
        for h in scan.scan(prepared, range(job.first, job.last), load, kinds)
    ]
    return pack((rows, tidy(load.findings)))


def watch(
    template_paths: Sequence[Path], sources: Sequence[str], inventory_paths: Sequence[str | Path], out: Path,
    configuration: Configuration, *, false_alarms_per_year: float, start_ns: int | None = None,
    end_ns: int | None = None, chunk: int = CHUNK, progress: Progress = lambda _stage, _done, _total: None,
) -> tuple[list[Watched], tuple[Finding, ...]]:  # fmt: skip
    """Every template against all recordings: thresholds, detections and what each channel says of them."""
    templates = [template_file.read(p) for p in template_paths]
    _distinct(templates)
    inventory = _inventory(tuple(str(p) for p in inventory_paths))
    source = open_source(tuple(sources))
    blocks = _blocks(source, templates, start_ns, end_ns)
    keys = tuple((str(p), digest_of(p.read_bytes().hex())) for p in template_paths)
    base = [code_digest(), input_digests(source.digests(), inventory_paths)]
    stride = max(1, len(blocks) // CALIBRATION_HOURS)
    group = _group(templates)
    jobs = [
        WatchJob(
            sources=tuple(sources), inventory=tuple(str(p) for p in inventory_paths), templates=keys[g : g + group], number=g,
            first=max(blocks.start, a), last=min(blocks.stop, a + chunk), stride=stride,
        )
        for g in range(0, len(keys), group)
        for a in range(blocks.start // chunk * chunk, blocks.stop, chunk)
    ]  # fmt: skip
    units = [
        Unit(
            stage="watch", subject=str(j.first),
            key=digest_of([base, "watch", [d for _, d in j.templates], j.first, j.last, stride]), job=j,
        )
        for j in jobs
    ]  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(out / "catalogue.sqlite")
    try:
        with executor(configuration.executor, configuration.workers) as pool:
            results = do(units, watch_unit, pool, catalogue, lambda a, b: progress("watch", a, b))
    finally:
        catalogue.close()
    hours: dict[int, list[repeat.Hour]] = {}
    notes: list[Finding] = [*inventory.findings, *source.findings]
    for data in results:
        rows, said = msgspec.msgpack.decode(data, type=tuple[list[HourRow], list[Finding]])
        notes += said
        for row in rows:
            cells = np.frombuffer(row.cells, dtype="<f8").reshape(row.kinds, -1)
            hours.setdefault(row.template, []).append(
                repeat.Hour(
                    block=row.block,
                    template=row.template,
                    cells=cells,
                    peaks=row.peaks,
                    strength=row.strength,
                )
            )
    found = [_decided(t, hours.get(i, []), false_alarms_per_year, jobs[0]) for i, t in enumerate(templates)]
    return found, tidy(notes)


def _group(templates: Sequence[repeat.Template]) -> int:
    """How many templates go together: two hours of every station of each are held at once."""
    most = max(len(t.stations) for t in templates)
    return max(1, min(GROUP, HELD // (2 * most)))


def _decided(
    template: repeat.Template, hours: list[repeat.Hour], false_alarms_per_year: float, job: WatchJob
) -> Watched:
    longest = max(len(c.samples) for c in template.channels) / template.rate_hz
    try:
        decision = repeat.decide(hours, longest, false_alarms_per_year)
    except InputError as exc:
        return Watched(
            template=template,
            hours=tuple(hours),
            decision=None,
            detections=(),
            error=f"{template.template_id}: {exc}",
        )
    rows = []
    for peak in decision.detections:
        at = peak.time_ns // grid.BLOCK_NS
        span = Span(grid.window_of(at - 1).start_ns, grid.window_of(at + 2).end_ns)
        load = Loading(job.sources, job.inventory, span)
        rows.append((peak, measure.measure(template, peak.time_ns, load)))
    same = [(p, m) for p, m in rows if all(b.same for b in m.beams)]
    other = [(p, m) for p, m in rows if not all(b.same for b in m.beams)]
    return Watched(
        template=template, hours=tuple(hours), decision=decision, detections=tuple(same), elsewhere=tuple(other)
    )  # fmt: skip


def _distinct(templates: Sequence[repeat.Template]) -> None:
    names = [t.template_id for t in templates]
    twice = sorted({n for n in names if names.count(n) > 1})
    if not templates or twice:
        raise InputError(
            f"expected templates of different names, got {', '.join(twice) or 'none'}; name them with --name"
        )


def _blocks(
    source: links.Source, templates: Sequence[repeat.Template], start_ns: int | None, end_ns: int | None
) -> range:
    """Blocks of origin time for which a station of a template may have been recorded; InputError where none is."""
    units = source.units(start_ns, end_ns)
    wanted = {s for t in templates for s in t.stations}
    spans = [u.span for u in units if u.station_key in wanted]
    if not spans:
        have = ", ".join(sorted({u.station_key for u in units})[:6]) or "nothing"
        raise InputError(
            f"expected recordings of {', '.join(sorted(wanted)[:6])} (the templates' stations), got {have} in "
            f"{source.name}; name another --data or make a template with these stations"
        )
    first, last = min(s.start_ns for s in spans), max(s.end_ns for s in spans)
    whole_ = grid.blocks_of(Span(first, last))
    return range(whole_.start - reach(templates), whole_.stop)


class Done(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All that a watch leaves."""

    watched: tuple[Watched, ...]
    detections: tuple[watch_tables.DetectionRow, ...]
    findings: tuple[Finding, ...]
    grown: tuple[Path, ...] = ()

    def summary(self) -> dict[str, object]:
        """For machines."""
        return {
            "templates": [_threshold_row(w) for w in self.watched],
            "detections": [
                {
                    "time": format_time(d.time_ns),
                    "template_id": d.template_id,
                    "statistic": round(d.statistic, 2),
                    "threshold": round(d.threshold, 2),
                    "n_channels": len(d.matches),
                    "relative_magnitude": None
                    if d.relative_magnitude is None
                    else round(d.relative_magnitude, 2),
                    "relative_magnitude_sigma": (
                        None if d.relative_magnitude_sigma is None else round(d.relative_magnitude_sigma, 2)
                    ),
                }
                for d in self.detections
            ],
            "grown": [str(p) for p in self.grown],
            "findings": len(self.findings),
        }


def run(
    template_paths: Sequence[Path], sources: Sequence[str], inventory_paths: Sequence[str | Path], out: Path,
    configuration: Configuration, *, false_alarms_per_year: float, start_ns: int | None = None,
    end_ns: int | None = None, chunk: int = CHUNK, grow: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Done:  # fmt: skip
    """The watch with its tables. Raises InputError where no template can be decided."""
    found, notes = watch(
        template_paths, sources, inventory_paths, out, configuration, false_alarms_per_year=false_alarms_per_year,
        start_ns=start_ns, end_ns=end_ns, chunk=chunk, progress=progress,
    )  # fmt: skip
    if all(w.decision is None for w in found):
        raise InputError(found[0].error)
    handed = [
        repeats.Found(template=w.template, threshold=w.decision.threshold, peak=p, measured=m)
        for w in found
        if w.decision is not None
        for p, m in w.detections
    ]
    grown, said = (
        _grown(handed, [w.template for w in found], sources, inventory_paths, out) if grow else ((), ())
    )
    notes = tidy(
        [
            *notes,
            *said,
            *(
                Finding(kind="watch", subject=w.template.template_id, message=w.error)
                for w in found
                if w.error
            ),
            *(
                Finding(kind="elsewhere", subject=w.template.template_id, message=_elsewhere(p, m))
                for w in found
                for p, m in w.elsewhere
            ),
        ]
    )
    rows = tuple(
        sorted(
            (_row(w, p, m) for w in found for p, m in w.detections), key=lambda r: (r.time_ns, r.template_id)
        )
    )
    whole(out / "detections.csv", lambda p: watch_tables.write_detections(p, rows))
    whole(out / "channels.csv", lambda p: watch_tables.write_channels(p, rows))
    table = [_threshold_row(w) for w in found]
    whole(out / "thresholds.csv", lambda p: csvio.write_rows(p, watch_tables.THRESHOLDS, table))
    whole(out / "findings.csv", lambda p: tables.write_findings(p, notes))
    whole(out / "reach.csv", lambda p: csvio.write_rows(p, watch_tables.REACH, _reach(found)))
    inventory = _inventory(tuple(str(p) for p in inventory_paths))
    repeats.write(handed, [w.template for w in found], lambda s, at: _place(inventory, s, at), out)
    page = show.render([_subject(w) for w in found], configuration.language)
    whole(out / "watch.html", lambda p: p.write_text(page, encoding="utf-8"))
    return Done(watched=tuple(found), detections=rows, findings=notes, grown=grown)


def _grown(
    handed: Sequence[repeats.Found], masters: Sequence[repeat.Template], sources: Sequence[str],
    inventory_paths: Sequence[str | Path], out: Path,
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:  # fmt: skip
    """Templates of what was found, at the place of its master; of what they are a repeat stands in their provenance."""
    made, notes = [], []
    for name, f in repeats.masters_to_be(handed, masters):
        path = out / "grown" / f"{name}.template"
        origin = (f.measured.time_ns, f.template.longitude, f.template.latitude, f.template.depth_km)
        try:
            make_template(sources, inventory_paths, origin, path, name, grown_from=f.template.template_id)
            made.append(path)
        except InputError as exc:
            notes.append(Finding(kind="grow", subject=name, message=f"became no template: {exc}"))
    return tuple(made), tuple(notes)


def _place(inventory: Inventory, station: str, time_ns: int) -> tuple[float, float] | None:
    """Longitude and latitude of a station at a time."""
    site = inventory.site(station, time_ns)
    return None if site is None else (site.longitude, site.latitude)


def _elsewhere(peak: repeat.Peak, m: measure.Measured) -> str:
    """Why a detection is none."""
    b = next(b for b in m.beams if not b.same)
    return (
        f"{format_time(m.time_ns)} at {peak.statistic:.1f} is no repeat: the array {b.stations[0]}..{b.stations[-1]} sees it cross "
        f"with {b.east_s_km:+.2f} s/km east and {b.north_s_km:+.2f} s/km north of the master's slowness (mean correlation {b.best:.2f} "
        f"there, {b.zero:.2f} at the master's)"
    )


def _reach(found: Sequence[Watched]) -> list[csvio.Row]:
    rows: list[csvio.Row] = []
    for w in found:
        for h in w.hours if w.decision is not None else ():
            level = repeat.reach(h, w.decision.threshold.z) if w.decision is not None else None
            if level is not None:
                share = float(np.isfinite(h.cells[0]).sum()) / h.cells.shape[1]
                rows.append(
                    {
                        "hour": format_time(h.block * grid.BLOCK_NS, 0),
                        "template_id": w.template.template_id,
                        "relative_magnitude_90": csvio.Fixed(f"{level:.2f}"),
                        "share_of_hour": csvio.Fixed(f"{share:.2f}"),
                    }
                )
    return sorted(rows, key=lambda r: (r["hour"], r["template_id"]))


def _subject(w: Watched) -> show.Subject:
    t = w.template
    return show.Subject(
        template_id=t.template_id, origin_ns=t.origin_ns, longitude=t.longitude, latitude=t.latitude, stations=t.stations,
        n_channels=len(t.channels), hours=w.hours, decision=w.decision, detections=w.detections, error=w.error,
    )  # fmt: skip


def _row(w: Watched, peak: repeat.Peak, m: measure.Measured) -> watch_tables.DetectionRow:
    return watch_tables.DetectionRow(
        time_ns=m.time_ns, template_id=w.template.template_id, statistic=peak.statistic,
        threshold=w.decision.threshold.z if w.decision else 0.0, relative_magnitude=m.relative_magnitude,
        relative_magnitude_sigma=m.relative_magnitude_sigma, matches=m.matches,
    )  # fmt: skip


def _threshold_row(w: Watched) -> dict[str, object]:
    row: dict[str, object] = {"template_id": w.template.template_id, "note": w.error}
    if w.decision is not None:
        t = w.decision.threshold
        row |= {
            "false_alarms_per_year": t.false_alarms_per_year,
            "threshold": round(t.z, 2),
            "tail_scale": round(t.beta, 3),
            "tail_scale_sigma": round(t.beta_sigma, 3),
            "fitted_above": round(t.level, 2),
            "excesses": t.excesses,
            "noise_hours": round(t.noise_hours, 2),
            "extrapolation": round(t.beyond, 1),
            "searched_hours": round(w.decision.searched_hours, 2),
            "detections_excluded": "yes" if w.decision.excluded else "no",
            "detections": len(w.detections),
        }
    return row


def sentence(w: Watched) -> str:
    """One line for a person on one template's threshold."""
    if w.decision is None:
        return w.error
    t = w.decision.threshold
    held = "" if w.decision.excluded else "; the record is too short to take its own events out of the noise"
    return (
        f"{w.template.template_id}: threshold {t.z:.2f} for {t.false_alarms_per_year:g} false alarms a year, measured on "
        f"{t.noise_hours:.1f} h of surrogates, {t.beyond:.0f} times beyond them; {w.decision.searched_hours:.2f} h "
        f"searched{held}"
    )
