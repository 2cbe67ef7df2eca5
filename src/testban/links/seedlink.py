"""SeedLink as a source: what a server holds of a window of time, and what it sends until that window is over.

slink://host[:port]?streams=NET_STA[:SELECT[ SELECT]][,...]&start=..&end=..&timeout=.. asks for stations and, where given, for
channels ([LL]CCC[.T] with ? for any letter). Rules: a window is needed; every wait ends after `timeout` seconds; a connection that drops
is made anew and asked for what is still missing; a peer that stays dead is an error where nothing came, else a finding; records are kept once
and sorted, so that how they came changes no byte. Standard: SeedLink 3 (HELLO, STATION, SELECT, TIME, END; packets of 8 + 512 bytes).
Own client, since ObsPy's prints to stdout, forgets the end of a window when it resumes and cannot be bounded while it connects.
"""

import os
import re
import shutil
import socket
import tempfile
import time
import urllib.parse
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from testban.base.errors import SourceError
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.base.times import format_time, parse_time
from testban.formats import mseed
from testban.links.files import FileSource, walk
from testban.links.source import Unit, key_of, window

PORT = 18000
TIMEOUT_S = 60.0
MAX_BYTES = 1 << 31
HEAD, RECORD = 8, 512
LONGEST_REPLY = 4096
PAUSES_S = (0.2, 1.0, 3.0, 10.0)  # before a connection is made anew
FRUITLESS = 3  # connections that end before the window's END and bring nothing new, after which nothing more is hoped for
_STREAM = re.compile(r"^([A-Za-z0-9]{1,2})_([A-Za-z0-9]{1,5})(?::([A-Za-z0-9?!.\- ]{1,200}))?$")
_KNOWN = ("streams", "start", "end", "timeout")


class Stream(NamedTuple):
    """One station and the selectors of its channels (none: all)."""

    network: str
    station: str
    selectors: tuple[str, ...]

    @property
    def key(self) -> str:
        """The station key."""
        return f"{self.network}.{self.station}"


class LostError(Exception):
    """A connection that ended before its window did. greeted: whether the server had taken the request."""

    def __init__(self, reason: str, greeted: bool) -> None:
        super().__init__(reason)
        self.greeted = greeted


class SeedlinkSource:
    """Recordings of a SeedLink server; they are collected once, into a folder that goes with the source."""

    def __init__(self, url: str) -> None:
        self.name = url
        parts = urllib.parse.urlsplit(url)
        query = {k.lower(): v for k, v in urllib.parse.parse_qsl(parts.query)}
        unknown = sorted(set(query) - set(_KNOWN))
        try:
            self._peer = (parts.hostname or "", parts.port or PORT)
            self._timeout = float(query.get("timeout", TIMEOUT_S))
        except ValueError as exc:
            raise SourceError(f"expected numbers as port and timeout, got {url}; correct them") from exc
        if not self._peer[0] or unknown or not query.get("streams") or not 0.0 < self._timeout < 86400.0:
            got = f"the parameter {unknown[0]}" if unknown else url
            raise SourceError(
                f"expected slink://host[:port]?streams=NET_STA:BH?,..&start=..&end=..&timeout=.., got {got}; correct it"
            )
        self._streams = tuple(_stream(text, url) for text in query["streams"].split(","))
        self._asked = [parse_time(query[k]) if k in query else None for k in ("start", "end")]
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


def session(
    peer: tuple[str, int], streams: tuple[Stream, ...], begins: dict[str, int], end_ns: int, timeout_s: float
) -> Iterator[bytes]:
    """Records of one connection until END; LostError where it ends before, SourceError where the server refuses the request.

    begins: by station key, ns. timeout_s: of every wait.
    """
    greeted = False
    try:
        with socket.create_connection(peer, timeout_s) as link:
            buffer = bytearray()
            hello = _ask(link, buffer, "HELLO") + _line(link, buffer)
            if "seedlink" not in hello.lower():
                raise SourceError(
                    f"expected a SeedLink server at {peer[0]}:{peer[1]}, got {hello[:60]!r}; check the port"
                )
            for s in streams:
                words = [f"STATION {s.station} {s.network}", *(f"SELECT {x}" for x in s.selectors),
                         f"TIME {_moment(begins[s.key])} {_moment(end_ns + 999_999_999)}"]  # fmt: skip
                for word in words:
                    if (answer := _ask(link, buffer, word)).upper() != "OK":
                        raise SourceError(
                            f"expected {peer[0]}:{peer[1]} to accept {word!r}, got {answer[:60]!r}; change the streams or the window"
                        )
            link.sendall(b"END\r")
            greeted = True
            yield from _packets(link, buffer)
            link.sendall(b"BYE\r")
    except TimeoutError as exc:
        raise LostError(f"nothing for {timeout_s:g} s", greeted) from exc
    except OSError as exc:
        raise LostError(exc.strerror or str(exc) or "a closed connection", greeted) from exc


def _packets(link: socket.socket, buffer: bytearray) -> Iterator[bytes]:
    while True:
        while len(buffer) >= HEAD + RECORD and buffer[:2] == b"SL":
            head, record = bytes(buffer[:HEAD]), bytes(buffer[HEAD : HEAD + RECORD])
            del buffer[: HEAD + RECORD]
            if not head.startswith(b"SLINFO"):
                yield record
        if buffer[:3] == b"END":
            return
        if len(buffer) >= 3 and buffer[:2] != b"SL":
            raise ConnectionError(f"no packet but {bytes(buffer[:20])!r}")
        _more(link, buffer)


def _more(link: socket.socket, buffer: bytearray) -> None:
    data = link.recv(1 << 16)
    if not data:
        raise ConnectionError("a closed connection")
    buffer += data


def _ask(link: socket.socket, buffer: bytearray, command: str) -> str:
    link.sendall(command.encode("ascii") + b"\r")
    return _line(link, buffer)


def _line(link: socket.socket, buffer: bytearray) -> str:
    while b"\n" not in buffer:
        if len(buffer) > LONGEST_REPLY:
            raise ConnectionError("a reply without an end")
        _more(link, buffer)
    line, _, rest = bytes(buffer).partition(b"\n")
    buffer[:] = rest
    return line.decode("ascii", errors="replace").strip()


def _moment(t_ns: int) -> str:
    """A time as SeedLink writes it: YYYY,MM,DD,hh,mm,ss, the fraction cut off."""
    return re.sub(r"[-:T]", ",", format_time(t_ns - t_ns % 1_000_000_000, 0).rstrip("Z"))


def _stream(text: str, url: str) -> Stream:
    m = _STREAM.match(text.strip())
    if m is None:
        raise SourceError(
            f"expected streams as NET_STA or NET_STA:BH? HH?, got {text!r} in {url}; correct it"
        )
    return Stream(m[1], m[2], tuple((m[3] or "").split()))
