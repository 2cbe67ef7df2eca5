"""Files and folders of recordings, and SDS archives.

Rules: what a file is, its content says; a file that was named and cannot be used is an error, one that was found in a
folder is a finding; only headers are parsed for the index, which is remembered in memory by path, time of change and
size. SDS: SeisComP Data Structure 1.0, <root>/YEAR/NET/STA/CHAN.TYPE/NET.STA.LOC.CHAN.TYPE.YEAR.DAY.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import FormatError, InputError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.base.times import DAY_NS, day_start, parse_time
from testban.formats import mseed, sac, waveforms
from testban.links.source import Unit, key_of

_HEAD = 1024
_SDS = re.compile(r"^([^.]+)\.([^.]+)\.([^.]*)\.([^.]+)\.D\.(\d{4})\.(\d{3})$")


class Entry(NamedTuple):
    """What one file holds of one channel on one day: from the first to after the last sample."""

    nslc: Nslc
    day_ns: int
    start_ns: int
    end_ns: int


_index: dict[tuple[str, int, int], tuple[Entry, ...]] = {}
_digest: dict[tuple[str, int, int], str] = {}


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError as exc:
        raise SourceError(
            f"expected a readable file, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc
    return str(path.resolve()), stat.st_mtime_ns, stat.st_size


def entries(path: Path) -> tuple[Entry, ...]:
    """Channels and days of a file, from headers alone; FormatError where it holds no recording."""
    stamp = _stamp(path)
    known = _index.get(stamp)
    if known is None:
        known = _index[stamp] = _parse(waveforms.read_bytes(path), str(path))
    return known


def _parse(data: bytes, name: str) -> tuple[Entry, ...]:
    if sac.order_of(data) is not None and not mseed.looks_like(data):
        trace = sac.decode(data, name)
        starts = np.array([trace.start_ns], np.int64)
        ends = starts + round(len(trace.samples) * 1e9 / trace.rate_hz)
        return tuple(_days(trace.nslc, starts, ends))
    tables, _ = mseed.index(data) if data else ([], [])
    if not tables:
        got = "an empty file" if not data else "something else"
        raise FormatError(f"expected miniSEED or SAC, got {got} in {name}; check or fetch the file again")
    out: list[Entry] = []
    for t in tables:
        ends = t.start_ns + np.rint(t.number * (1e9 / t.rate_hz)).astype(np.int64)
        out += _days(t.nslc, t.start_ns, ends)
    return tuple(sorted(out))


def _days(nslc: Nslc, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[Entry]:
    """Entries by day; a record that crosses midnight counts on both sides."""
    spans: dict[int, tuple[int, int]] = {}
    first, last = starts // DAY_NS, (ends - 1) // DAY_NS
    whole = np.flatnonzero(first == last)
    for day in np.unique(first[whole]).tolist():
        rows = whole[first[whole] == day]
        spans[day] = (int(starts[rows].min()), int(ends[rows].max()))
    for i in np.flatnonzero(first != last).tolist():
        for day in range(int(first[i]), min(int(last[i]), int(first[i]) + 40000) + 1):
            lo, hi = max(int(starts[i]), day * DAY_NS), min(int(ends[i]), (day + 1) * DAY_NS)
            old = spans.get(day, (lo, hi))
            spans[day] = (min(old[0], lo), max(old[1], hi))
    return [Entry(nslc, day * DAY_NS, *spans[day]) for day in sorted(spans)]


def digest_file(path: Path) -> str:
    """SHA-256 of a file, remembered while it does not change."""
    stamp = _stamp(path)
    known = _digest.get(stamp)
    if known is None:
        h = hashlib.sha256()
        with path.open("rb") as f:
            while chunk := f.read(1 << 20):
                h.update(chunk)
        known = _digest[stamp] = h.hexdigest()
    return known


class FileSource:
    """Files with recordings. named: files that a person named; found: files that a folder holds."""

    def __init__(
        self, name: str, named: Iterable[Path], found: Iterable[Path] = (), root: Path | None = None
    ) -> None:
        self.name = name
        self._root = root
        self._named = sorted(set(named))
        self._found = sorted(set(found) - set(self._named))
        self._notes: dict[str, Finding] = {}
        self._used: list[Path] | None = None
        self._where: dict[tuple[str, int], list[Path]] = {}
        self._held: tuple[Unit, list[Segment], list[Finding]] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Files that could not be used."""
        return tuple(self._notes[k] for k in sorted(self._notes))

    def files(self, start_ns: int | None = None, end_ns: int | None = None) -> list[Path]:
        """Files that may hold samples of a window: all of them here."""
        return sorted([*self._named, *self._found])

    def _entries(self, path: Path) -> tuple[Entry, ...]:
        if path in self._named:
            return entries(path)
        try:
            if not _may_be_waveform(path):
                return ()
            return entries(path)
        except InputError as exc:
            self._notes[str(path)] = Finding(kind="corrupt", subject=self._label(path), message=str(exc))
            return ()

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units by station and day; SourceError where no recording is found at all."""
        found: dict[tuple[str, int], list[Entry]] = {}
        self._used = []
        for path in self.files(start_ns, end_ns):
            rows = self._entries(path)
            if rows:
                self._used.append(path)
            for e in rows:
                key = (key_of(e.nslc), e.day_ns)
                found.setdefault(key, []).append(e)
                known = self._where.setdefault(key, [])
                if path not in known:
                    known.append(path)
        if not found and start_ns is None and end_ns is None:
            raise SourceError(
                f"expected miniSEED or SAC recordings, got none in {self.name}; name another place"
            )
        lo = start_ns if start_ns is not None else -(1 << 62)
        hi = end_ns if end_ns is not None else 1 << 62
        out = []
        for station, day in sorted(found):
            rows_in = [e for e in found[station, day] if e.start_ns < hi and e.end_ns > lo]
            if rows_in:
                span = Span(
                    max(lo, min(e.start_ns for e in rows_in)), min(hi, max(e.end_ns for e in rows_in))
                )
                names = tuple(sorted({e.nslc for e in rows_in}))
                out.append(Unit(station_key=station, span=span, channels=names, day_ns=day))
        return tuple(out)

    def read(self, unit: Unit, span: Span | None = None) -> tuple[list[Segment], list[Finding]]:
        """Segments of a unit cut to a span; damaged files and records are findings, their neighbours are read."""
        held = self._held
        if held is None or held[0] != unit:
            held = self._held = (unit, *self._load(unit))
        wanted = span or unit.span
        cut = (waveforms.cut(s, wanted) for s in held[1])
        return [s for s in cut if s is not None], list(held[2])

    def _load(self, unit: Unit) -> tuple[list[Segment], list[Finding]]:
        batches: list[mseed.Batch] = []
        findings: list[Finding] = []
        for path in self._holding(unit):
            try:
                data = waveforms.read_bytes(path)
                more, notes = waveforms.decode_batches(
                    data, self._label(path), unit.day, frozenset(unit.channels)
                )
            except InputError as exc:
                findings.append(Finding(kind="corrupt", subject=self._label(path), message=str(exc)))
                continue
            batches += more
            findings += notes
        return waveforms.join(batches), findings

    def _holding(self, unit: Unit) -> list[Path]:
        """The files that hold a unit, in order; found by `units`, else looked up now."""
        key = (unit.station_key, unit.day_ns)
        known = self._where.get(key)
        if known is None:
            known = [
                path
                for path in self.files(unit.day_ns, unit.day_ns + DAY_NS)
                if any((key_of(e.nslc), e.day_ns) == key for e in self._entries(path))
            ]
        return sorted(known)

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(name below the source, SHA-256) of every file that holds recordings."""
        if self._used is None:
            self.units()
        return tuple(sorted((self._label(p), digest_file(p)) for p in self._used or []))

    def _label(self, path: Path) -> str:
        if self._root is not None and path.is_relative_to(self._root):
            return path.relative_to(self._root).as_posix()
        return path.name

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_held": None}


def _may_be_waveform(path: Path) -> bool:
    try:
        with path.open("rb") as f:
            head = f.read(_HEAD)
    except OSError as exc:
        raise SourceError(
            f"expected a readable file, got {exc.strerror!r} for {path}; check its rights"
        ) from exc
    if path.suffix.lower() in waveforms.SUFFIXES:
        return True
    return waveforms.is_waveform(head)


def walk(folder: Path) -> list[Path]:
    """All files below a folder but hidden ones, in order; links to folders are not followed."""
    out: list[Path] = []
    todo = [folder]
    while todo:
        place = todo.pop()
        try:
            listed = sorted(place.iterdir())
        except OSError as exc:
            raise SourceError(
                f"expected a readable folder, got {exc.strerror!r} for {place}; check its rights"
            ) from exc
        for entry in listed:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not entry.is_symlink():
                    todo.append(entry)
            elif entry.is_file():
                out.append(entry)
    return sorted(out)


def combine(name: str, sources: Sequence[FileSource]) -> FileSource:
    """One source of several."""
    named = [p for s in sources for p in s._named]
    found = [p for s in sources for p in s._found]
    roots = {s._root for s in sources}
    return FileSource(name, named, found, roots.pop() if len(roots) == 1 else None)


class SdsSource(FileSource):
    """An SDS archive: files are chosen by the day in their names before they are opened."""

    def __init__(self, name: str, root: Path) -> None:
        if not root.is_dir():
            raise SourceError(
                f"expected the root folder of an SDS archive, got no folder at {root}; check the path"
            )
        super().__init__(name, (), (), root)
        self._days: list[tuple[int, Path]] = []
        for path in walk(root):
            m = _SDS.match(path.name)
            if m is not None and 1 <= int(m[6]) <= 366 and 1800 <= int(m[5]) <= 2200:
                start = parse_time(f"{m[5]}-01-01") + (int(m[6]) - 1) * DAY_NS
                self._days.append((start, path))
        self._days.sort()

    def files(self, start_ns: int | None = None, end_ns: int | None = None) -> list[Path]:
        """Files of the days of a window and of the day before, whose last record may cross midnight."""
        lo = day_start(start_ns) - DAY_NS if start_ns is not None else -(1 << 62)
        hi = end_ns if end_ns is not None else 1 << 62
        return [p for day, p in self._days if lo <= day < hi]
