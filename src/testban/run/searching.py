"""The search for repeats: templates against recordings, in units that are done once.

Rules: a unit is a stretch of `CHUNK` hours; within it every hour stands on the absolute grid, so that its length
changes no byte; surrogates go through every hour of a short record and through a fixed, even choice of the hours of
a long one.
"""

from collections.abc import Callable, Sequence
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
from testban.detect.condition import condition
from testban.formats import template_file
from testban.repeat import footprint, grid, measure, scan, stack
from testban.repeat.decision import NINETY
from testban.run.configuration import Configuration
from testban.run.detection import open_source, read, tidy
from testban.run.mastering import channels_at, losses
from testban.run.process import Progress
from testban.run.provenance import code_digest, input_digests
from testban.run.work import Unit, do, executor
from testban.store import Catalogue, durable

CHUNK = 6
CALIBRATION_HOURS = 72
TRANSFORMS = 1536  # of channels (some 0.15 MB each) that one process may hold
BESIDE_NS = 20 * 10**9  # read beyond a window, so that its ends are judged like its middle


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
    losses: tuple[footprint.Loss, ...] = ()

    @property
    def level(self) -> float | None:
        """Magnitude beside the master from which on a repeat is found with 90 %, in the middle of the hours."""
        if self.decision is None:
            return None
        z = self.decision.threshold.z
        found = sorted(v for h in self.hours if (v := repeat.reach(h, z)) is not None)
        return found[len(found) // 2] if found else None


@lru_cache(maxsize=4)
def inventory_of(paths: tuple[str, ...]) -> Inventory:
    """An inventory, read once a process."""
    return formats.inventory.read_inventory(paths)


@lru_cache(maxsize=1)
def _prepared(templates: tuple[tuple[str, str], ...], surrogates: int) -> tuple[repeat.Prepared, ...]:
    read_ = [template_file.read(path) for path, _ in templates]
    keep = (1 + surrogates) * sum(len(t.channels) for t in read_) <= TRANSFORMS
    return tuple(repeat.Prepared(t, surrogates, keep) for t in read_)


class Loading:
    """Clean segments and channels of a station over the window of a block, read a job's span at a time."""

    def __init__(self, sources: tuple[str, ...], inventory: tuple[str, ...], span: Span) -> None:
        self.sources, self.inventory, self.span = sources, inventory, span
        self.findings: list[Finding] = []
        self._held: dict[str, list[Segment]] = {}

    def __call__(self, station: str, window: Span) -> tuple[Sequence[Segment], Sequence[Channel]]:
        """See `testban.repeat.scan.Loader`."""
        if station not in self._held:
            self._held[station], said = read(self.sources, (station,), self.span)
            self.findings += said
        wide = Span(window.start_ns - BESIDE_NS, window.end_ns + BESIDE_NS)
        near = [s for s in self._held[station] if s.start_ns < wide.end_ns and s.end_ns > wide.start_ns]
        if not near:
            return (), ()
        clean, said_ = condition(near, wide)
        self.findings += said_
        return clean, channels_at(inventory_of(self.inventory), clean, window.start_ns)


def latest_s(template_list: Sequence[repeat.Template]) -> int:
    """How late the window of a station begins behind an hour of origin time, at most, s."""
    return max(scan.late_s(t, s) for t in template_list for s in t.stations)


def watch_unit(job: WatchJob) -> bytes:
    """Hours of one unit: read, run, encode."""
    prepared = _prepared(job.templates, len(repeat.SURROGATES))
    late = latest_s([p.template for p in prepared])
    begin, end = grid.window_of(job.first).start_ns, grid.window_of(job.last - 1, late).end_ns
    load = Loading(job.sources, job.inventory, Span(begin - BESIDE_NS, end + BESIDE_NS))

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
    inventory = inventory_of(tuple(str(p) for p in inventory_paths))
    source = open_source(tuple(sources))
    blocks = _blocks(source, templates, start_ns, end_ns)
    keys = tuple((str(p), digest_of(p.read_bytes().hex())) for p in template_paths)
    jobs = _jobs(
        keys, tuple(sources), tuple(str(p) for p in inventory_paths), blocks, _group(templates), chunk
    )
    base = [code_digest(), input_digests(source.digests(), inventory_paths)]
    units = [
        Unit(
            stage="watch", subject=str(j.first),
            key=digest_of([base, "watch", [d for _, d in j.templates], j.first, j.last, j.stride]), job=j,
        )
        for j in jobs
    ]  # fmt: skip
    catalogue = Catalogue(durable.folder(out) / "catalogue.sqlite")
    try:
        with executor(configuration.executor, configuration.workers) as pool:
            results = do(units, watch_unit, pool, catalogue, lambda a, b: progress("watch", a, b))
    finally:
        catalogue.close()
    hours, said = _hours(results)
    recorded = {u.station_key for u in source.units(start_ns, end_ns)}

    def there(t: repeat.Template, z: float) -> tuple[footprint.Loss, ...]:
        own = tuple(c for c in t.channels if c.station in recorded)
        return losses(msgspec.structs.replace(t, channels=own), inventory, z)

    found = [
        _decided(t, hours.get(i, []), false_alarms_per_year, jobs[0], there) for i, t in enumerate(templates)
    ]
    return found, tidy([*inventory.findings, *source.findings, *said])


def _jobs(
    keys: tuple[tuple[str, str], ...], sources: tuple[str, ...], inventory: tuple[str, ...], blocks: range, group: int,
    chunk: int,
) -> list[WatchJob]:  # fmt: skip
    stride = max(1, len(blocks) // CALIBRATION_HOURS)
    return [
        WatchJob(
            sources=sources, inventory=inventory, templates=keys[g : g + group], number=g,
            first=max(blocks.start, a), last=min(blocks.stop, a + chunk), stride=stride,
        )
        for g in range(0, len(keys), group)
        for a in range(blocks.start // chunk * chunk, blocks.stop, chunk)
    ]  # fmt: skip


def _hours(results: Sequence[bytes]) -> tuple[dict[int, list[repeat.Hour]], list[Finding]]:
    """Hours by number of the template, and what was noticed."""
    hours: dict[int, list[repeat.Hour]] = {}
    notes: list[Finding] = []
    for data in results:
        rows, said = msgspec.msgpack.decode(data, type=tuple[list[HourRow], list[Finding]])
        notes += said
        for r in rows:
            cells = np.frombuffer(r.cells, dtype="<f8").reshape(r.kinds, -1)
            hour = repeat.Hour(
                block=r.block, template=r.template, cells=cells, peaks=r.peaks, strength=r.strength
            )
            hours.setdefault(r.template, []).append(hour)
    return hours, notes


def _group(templates: Sequence[repeat.Template]) -> int:
    """How many templates go through one reading of the recordings: as many as their transforms leave room for."""
    most = max(len(t.channels) for t in templates)
    return max(1, TRANSFORMS // most)


def _decided(
    template: repeat.Template, hours: list[repeat.Hour], false_alarms_per_year: float, job: WatchJob,
    beside: Callable[[repeat.Template, float], tuple[footprint.Loss, ...]],
) -> Watched:  # fmt: skip
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
            losses=beside(template, footprint.USUAL_Z),
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
        template=template, hours=tuple(hours), decision=decision, detections=tuple(same), elsewhere=tuple(other),
        losses=beside(template, decision.threshold.z + NINETY),
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
    earlier = -(-latest_s(templates) // grid.BLOCK_S)
    return range(whole_.start - earlier, whole_.stop)
