"""What SeedLink speaks: addresses, and one connection from the greeting to its end.

slink://host[:port]?streams=NET_STA[:SELECT[ SELECT]][,...]&start=..&end=..&timeout=.. asks for stations and, where given, for channels ([LL]CCC[.T]
with ? for any letter). Rule: every wait ends after `timeout` seconds. Standard: SeedLink 3 (HELLO, STATION, SELECT, TIME, END; packets of 8 + 512 bytes).
"""

import re
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from typing import NamedTuple

from testban.base.errors import SourceError
from testban.base.times import format_time, parse_time

PORT = 18000
TIMEOUT_S = 60.0
HEAD, RECORD = 8, 512
LONGEST_REPLY = 4096
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


class Address(NamedTuple):
    """A slink:// address taken apart; start and end (ns) where it names them."""

    peer: tuple[str, int]
    streams: tuple[Stream, ...]
    timeout_s: float
    start_ns: int | None
    end_ns: int | None


def address(url: str) -> Address:
    """The parts of a slink:// address; SourceError says what is wrong with it."""
    parts = urllib.parse.urlsplit(url)
    query = {k.lower(): v for k, v in urllib.parse.parse_qsl(parts.query)}
    unknown = sorted(set(query) - set(_KNOWN))
    try:
        peer = (parts.hostname or "", parts.port or PORT)
        timeout_s = float(query.get("timeout", TIMEOUT_S))
    except ValueError as exc:
        raise SourceError(f"expected numbers as port and timeout, got {url}; correct them") from exc
    if not peer[0] or unknown or not query.get("streams") or not 0.0 < timeout_s < 86400.0:
        got = f"the parameter {unknown[0]}" if unknown else url
        raise SourceError(
            f"expected slink://host[:port]?streams=NET_STA:BH?,..&start=..&end=..&timeout=.., got {got}; correct it"
        )
    streams = tuple(_stream(text, url) for text in query["streams"].split(","))
    start, end = (parse_time(query[k]) if k in query else None for k in ("start", "end"))
    return Address(peer, streams, timeout_s, start, end)


def _stream(text: str, url: str) -> Stream:
    m = _STREAM.match(text.strip())
    if m is None:
        raise SourceError(
            f"expected streams as NET_STA or NET_STA:BH? HH?, got {text!r} in {url}; correct it"
        )
    return Stream(m[1], m[2], tuple((m[3] or "").split()))


def session(
    peer: tuple[str, int], streams: tuple[Stream, ...], begins: dict[str, int], end_ns: int | None, timeout_s: float,
    refused: Callable[[Stream, SourceError], None] | None = None,
) -> Iterator[bytes]:  # fmt: skip
    """Records of one connection until END; LostError where it ends before, SourceError where the server refuses the request.

    begins: by station key, ns. end_ns None: no end. timeout_s: of every wait. refused: told of a station that the server does not give, the others are
    asked for all the same.
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
            until = "" if end_ns is None else f" {_moment(end_ns + 999_999_999)}"
            for s in streams:
                words = (
                    f"STATION {s.station} {s.network}",
                    *(f"SELECT {x}" for x in s.selectors),
                    f"TIME {_moment(begins[s.key])}{until}",
                )
                try:
                    _agree(link, buffer, peer, words)
                except SourceError as exc:
                    if refused is None:
                        raise
                    refused(s, exc)
            link.sendall(b"END\r")
            greeted = True
            yield from _packets(link, buffer)
            link.sendall(b"BYE\r")
    except TimeoutError as exc:
        raise LostError(f"nothing for {timeout_s:g} s", greeted) from exc
    except OSError as exc:
        raise LostError(exc.strerror or str(exc) or "a closed connection", greeted) from exc


def _agree(link: socket.socket, buffer: bytearray, peer: tuple[str, int], words: tuple[str, ...]) -> None:
    """Ask for one station; SourceError at the first word that the server refuses."""
    for word in words:
        if (answer := _ask(link, buffer, word)).upper() != "OK":
            raise SourceError(
                f"expected {peer[0]}:{peer[1]} to accept {word!r}, got {answer[:60]!r}; change the streams or the window"
            )


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
