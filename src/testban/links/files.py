"""Files and folders of recordings, and SDS archives.

Rules: a file that was named and cannot be used is an error, one that was found in a folder is a finding; a source reads of a file what was
there when it first looked at it (`index`), so that a file that grows meanwhile changes nothing. SDS: SeisComP Data Structure 1.0, <root>/YEAR/NET/STA/CHAN.TYPE/NET.STA.LOC.CHAN.TYPE.YEAR.DAY.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from testban.base.canonical import digest
from testban.base.errors import InputError, SourceError
from testban.base.records import Finding, Segment
from testban.base.spans import Span, normalise
from testban.base.times import DAY_NS, day_start, parse_time
from testban.formats import mseed, waveforms
from testban.links.index import Entry, Index, look
from testban.links.source import Unit, key_of

_HEAD = 1024
_SDS = re.compile(r"^([^.]+)\.([^.]+)\.([^.]*)\.([^.]+)\.D\.(\d{4})\.(\d{3})$")


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
        self._seen: dict[Path, Index | None] = {}
        self._where: dict[int, dict[str, list[Path]]] = {}
        self._held: tuple[Unit, int, list[Segment], list[Finding]] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Files that could not be used."""
        return tuple(self._notes[k] for k in sorted(self._notes))

    def files(self, start_ns: int | None = None, end_ns: int | None = None) -> list[Path]:
        """Files that may hold samples of a window: all of them here."""
        return sorted([*self._named, *self._found])

    def _index(self, path: Path) -> Index | None:
        """What a file held when this source first looked at it; None where it is no recording."""
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path]

    def _look(self, path: Path) -> Index | None:
        if path in self._named:
            return look(path)
        try:
            return look(path) if _may_be_waveform(path) else None
        except InputError as exc:
            self._notes[str(path)] = Finding(kind="corrupt", subject=self._label(path), message=str(exc))
            return None

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units by station and day; SourceError where no recording is found at all."""
        found: dict[tuple[str, int], list[Entry]] = {}
        self._used = []
        for path in self.files(start_ns, end_ns):
            index = self._index(path)
            if index is None:
                continue
            self._used.append(path)
            for e in index.entries:
                found.setdefault((key_of(e.nslc), e.day_ns), []).append(e)
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
        wanted = span or unit.span
        until = max(wanted.end_ns, unit.span.end_ns)
        held = self._held
        if held is None or held[0] != unit or held[1] < until:
            held = self._held = (
                unit,
                until,
                *self._load(unit, Span(unit.day_ns, min(until, unit.day.end_ns))),
            )
        cut = (waveforms.cut(s, wanted) for s in held[2])
        return [s for s in cut if s is not None], list(held[3])

    def _load(self, unit: Unit, span: Span) -> tuple[list[Segment], list[Finding]]:
        """Records from the beginning of the day on, joined: those behind the span move none before them."""
        batches: list[mseed.Batch] = []
        findings: list[Finding] = []
        for path, index in self._holding(unit.station_key, unit.day_ns):
            try:
                data = waveforms.read_bytes(path)[: index.size]
                more, notes = waveforms.decode_batches(
                    data, self._label(path), span, frozenset(unit.channels)
                )
            except InputError as exc:
                findings.append(Finding(kind="corrupt", subject=self._label(path), message=str(exc)))
                continue
            batches += more
            findings += notes
        return waveforms.join(batches), findings

    def _holding(self, station_key: str, day_ns: int) -> list[tuple[Path, Index]]:
        """The files that hold a station on a day, in order."""
        day = self._where.get(day_ns)
        if day is None:
            day = self._where[day_ns] = {}
            for path in self.files(day_ns, day_ns + DAY_NS):
                index = self._index(path)
                for key in sorted(
                    {key_of(e.nslc) for e in index.entries if e.day_ns == day_ns} if index else ()
                ):
                    day.setdefault(key, []).append(path)
        found = ((path, self._index(path)) for path in day.get(station_key, ()))
        return [(path, index) for path, index in found if index is not None]

    def marks(self, stations: Sequence[str], spans: Iterable[Span]) -> tuple[tuple[str, str], ...]:
        """(file, digest) of all records that `read` may use for some stations within spans, in order."""
        wanted = set(stations)
        out = set()
        for span in normalise(spans):
            for day in range(day_start(span.start_ns), span.end_ns, DAY_NS):
                end = min(span.end_ns, day + DAY_NS)
                for path, index in (x for s in sorted(wanted) for x in self._holding(s, day)):
                    for p in index.parts:
                        if key_of(p.nslc) in wanted:
                            rows = (p.start_ns < end) & (p.end_ns > day)
                            out.add((self._label(path), f"{p.nslc} {digest(p.digest[rows].tobytes())}"))
        return tuple(sorted(out))

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(name below the source, SHA-256) of every file that holds recordings."""
        if self._used is None:
            self.units()
        held = ((p, self._index(p)) for p in self._used or [])
        return tuple(sorted((self._label(p), index.digest) for p, index in held if index is not None))

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
