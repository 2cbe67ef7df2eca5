"""SeedLink as a source: what a server holds of a window of time, and what it sends until that window is over.

Rules: a window is needed; a connection that drops is made anew and asked for what is still missing; a peer that stays dead is an error where nothing
came, else a finding; records are kept once and sorted, so that how they came changes no byte.
Own client (`seedlink_session`), since ObsPy's prints to stdout, forgets the end of a window when it resumes and cannot be bounded while it connects.
"""

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from testban.base.errors import SourceError
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.formats import mseed
from testban.links.files import FileSource, walk
from testban.links.seedlink_session import LostError, address, session
from testban.links.source import Unit, key_of, window

MAX_BYTES = 1 << 31
PAUSES_S = (0.2, 1.0, 3.0, 10.0)  # before a connection is made anew
FRUITLESS = 3  # connections that end before the window's END and bring nothing new, after which nothing more is hoped for


class SeedlinkSource:
    """Recordings of a SeedLink server; they are collected once, into a folder that goes with the source."""

    def __init__(self, url: str) -> None:
        self.name = url
        asked = address(url)
        self._peer, self._streams, self._timeout = asked.peer, asked.streams, asked.timeout_s
        self._asked = (asked.start_ns, asked.end_ns)
        self._notes: list[Finding] = []
        self._files: FileSource | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What did not come, and what came damaged."""
        return (*self._notes, *(self._files.findings if self._files is not None else ()))

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units of what came; the first call collects, for the window of the address and of the call."""
        if self._files is None:
            lo, hi = window(self.name, (self._asked[0], start_ns), (self._asked[1], end_ns))
            self._files = self._spool(self._collect(lo, hi))
        return self._files.units(start_ns, end_ns)

    def read(self, unit: Unit, span: Span | None = None) -> tuple[list[Segment], list[Finding]]:
        """Segments of a unit."""
        if self._files is None:
            self.units()
        assert self._files is not None
        return self._files.read(unit, span)

    def marks(self, stations: Sequence[str], spans: Iterable[Span]) -> tuple[tuple[str, str], ...]:
        """Those of the records that came."""
        self.units()
        assert self._files is not None
        return self._files.marks(stations, spans)

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(station, SHA-256) of the records of every station."""
        return self._files.digests() if self._files is not None else ()

    def _spool(self, held: dict[str, set[bytes]]) -> FileSource:
        folder = Path(tempfile.mkdtemp(prefix="testban-slink-"))
        weakref.finalize(self, _remove, folder, os.getpid())
        for key in sorted(held):
            (folder / f"{key}.mseed").write_bytes(b"".join(sorted(held[key])))
        return FileSource(self.name, (), walk(folder), folder)

    def _collect(self, lo: int, hi: int) -> dict[str, set[bytes]]:
        """Records by station until the server says END, the window is over and nothing comes, or the peer stays dead."""
        held: dict[str, set[bytes]] = {}
        latest: dict[str, dict[str, int]] = {}  # start of the newest record by station and channel
        greeted, fruitless, size = time.monotonic(), 0, 0
        while True:
            before = size
            begins = {s.key: max(lo, min(latest.get(s.key, {"": lo}).values())) for s in self._streams}
            try:
                for record in session(self._peer, self._streams, begins, hi, self._timeout):
                    size += self._keep(record, held, latest)
                    if size > MAX_BYTES:
                        raise SourceError(
                            f"expected at most {MAX_BYTES >> 20} MB from {self.name}, got more; ask for less"
                        )
                return held
            except LostError as exc:
                greeted = time.monotonic() if exc.greeted or size > before else greeted
                fruitless = 0 if size > before else fruitless + 1
                over = time.time_ns() >= hi and fruitless >= FRUITLESS
                if over or time.monotonic() - greeted > self._timeout:
                    return self._given_up(held, exc)
                time.sleep(min(PAUSES_S[min(fruitless, len(PAUSES_S) - 1)], self._timeout))

    def _keep(self, record: bytes, held: dict[str, set[bytes]], latest: dict[str, dict[str, int]]) -> int:
        """Keep a record; its length where it is new, else 0."""
        tables, _ = mseed.index(record)
        if not tables:
            note = Finding(kind="corrupt", subject=self.name, message="a packet without samples was left out")
            self._notes += [note] if note not in self._notes else []
            return 0
        nslc, key = tables[0].nslc, key_of(tables[0].nslc)
        own = held.setdefault(key, set())
        if record in own:
            return 0
        own.add(record)
        starts = latest.setdefault(key, {})
        name = f"{nslc.location}.{nslc.channel}"
        starts[name] = max(starts.get(name, 0), int(tables[0].start_ns[0]))
        return len(record)

    def _given_up(self, held: dict[str, set[bytes]], why: LostError) -> dict[str, set[bytes]]:
        """What came, with a finding that the window may not be whole; SourceError where nothing came."""
        host = f"{self._peer[0]}:{self._peer[1]}"
        if not held:
            raise SourceError(
                f"expected records from the SeedLink server {host} within {self._timeout:g} s, got {why}; check host, port, streams and window"
            )
        message = f"the server ended without END ({why}): the window may not be whole"
        self._notes.append(Finding(kind="incomplete", subject=self.name, message=message))
        return held


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder, in the process that made it: workers share it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
