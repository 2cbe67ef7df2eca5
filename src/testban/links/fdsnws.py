"""FDSN web services (dataselect and station, version 1) as a source.

fdsnws://host[:port][/prefix]?net=..&sta=..&loc=..&cha=..&start=..&end=.. is HTTP, fdsnwss:// is HTTPS; codes may
be lists and wildcards. Rules: every request has a time-out and a limit of size; an answer is judged like a file (a
damaged record is a finding); a window of time is needed, since a service has no end; only hosts that the user named
are asked. Standard: FDSN Web Services 1.2 (fdsnws-station text format, fdsnws-dataselect).
"""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from http.client import HTTPException

from testban.base.canonical import digest
from testban.base.errors import FormatError, InputError, SourceError
from testban.base.ids import Nslc
from testban.base.inventory import Inventory
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.base.times import DAY_NS, day_start, format_time, parse_time
from testban.formats import inventory, waveforms
from testban.links.source import Unit, key_of, window

TIMEOUT_S = 60.0
MAX_BYTES = 1 << 31
_LONG = {
    "network": "net",
    "station": "sta",
    "location": "loc",
    "channel": "cha",
    "starttime": "start",
    "endtime": "end",
}
_KNOWN = ("net", "sta", "loc", "cha", "start", "end", "timeout")


class FdsnSource:
    """Recordings of an FDSN web service, one request for each station and day."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.name = url
        parts = urllib.parse.urlsplit(url)
        if not parts.hostname:
            raise SourceError(f"expected fdsnws://host[:port]?net=..&sta=.., got {url}; name a host")
        scheme = "https" if parts.scheme.lower() == "fdsnwss" else "http"
        self._base = f"{scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/fdsnws')}/fdsnws"
        query: dict[str, str] = {}
        for key, value in urllib.parse.parse_qsl(parts.query):
            short = _LONG.get(key.lower(), key.lower())
            if short not in _KNOWN:
                raise SourceError(
                    f"expected the parameters {', '.join(_KNOWN)}, got {key} in {url}; leave it out"
                )
            query[short] = value
        self._codes = {k: query.get(k, "*") for k in ("net", "sta", "loc", "cha")}
        self._start = parse_time(query["start"]) if "start" in query else None
        self._end = parse_time(query["end"]) if "end" in query else None
        self._timeout = float(query.get("timeout", timeout_s))
        self._digests: dict[str, str] = {}
        self._notes: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Lines of the service's answer that could not be understood."""
        return tuple(self._notes)

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units that the station service lists; spans are those of the window, since only reading tells the rest."""
        lo, hi = self._window(start_ns, end_ns)
        text = self._get("station", {**self._codes, **_times(lo, hi), "level": "channel", "format": "text"})
        found: dict[tuple[str, int], set[Nslc]] = {}
        for nslc, start, end in self._channels(text):
            day = day_start(max(lo, start))
            while day < min(hi, end):
                found.setdefault((key_of(nslc), day), set()).add(nslc)
                day += DAY_NS
        return tuple(
            Unit(
                station_key=key,
                span=Span(max(lo, day), min(hi, day + DAY_NS)),
                channels=tuple(sorted(found[key, day])),
                day_ns=day,
            )
            for key, day in sorted(found)
        )

    def read(self, unit: Unit, span: Span | None = None) -> tuple[list[Segment], list[Finding]]:
        """Segments of a unit from the dataselect service; none where the service has no data."""
        wanted = span or unit.span
        network, _, station = unit.station_key.rpartition(".")
        query = {
            "net": network,
            "sta": station,
            "loc": ",".join(sorted({n.location or "--" for n in unit.channels})),
            "cha": ",".join(sorted({n.channel for n in unit.channels})),
            **_times(unit.span.start_ns, unit.span.end_ns),
        }
        data = self._get("dataselect", query)
        if not data:
            return [], []
        label = f"{unit.station_key} {format_time(unit.span.start_ns, 0)}"
        try:
            batches, findings = waveforms.decode_batches(data, label, unit.span, frozenset(unit.channels))
        except FormatError as exc:
            return [], [Finding(kind="corrupt", subject=label, message=str(exc))]
        cut = (waveforms.cut(s, wanted) for s in waveforms.join(batches))
        return [s for s in cut if s is not None], findings

    def station_xml(self, start_ns: int | None = None, end_ns: int | None = None) -> bytes:
        """The service's StationXML with responses for the channels and the window of this source."""
        lo, hi = self._window(start_ns, end_ns)
        return self._get("station", {**self._codes, **_times(lo, hi), "level": "response", "format": "xml"})

    def inventory(self, start_ns: int | None = None, end_ns: int | None = None) -> Inventory:
        """The same as an Inventory."""
        return inventory.decode_inventory([("fdsnws-station", self.station_xml(start_ns, end_ns))])

    def marks(self, stations: Sequence[str], spans: Iterable[Span]) -> tuple[tuple[str, str], ...]:
        """The address: what a service answers is known only after reading."""
        return ((self.name, ""),)

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(request, SHA-256) of every answer with data that was read."""
        return tuple(sorted(self._digests.items()))

    def _window(self, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
        return window(self.name, (self._start, start_ns), (self._end, end_ns))

    def _channels(self, data: bytes) -> list[tuple[Nslc, int, int]]:
        """Channels and epochs of a station service's text answer."""
        out = []
        bad = 0
        for line in data.decode("utf-8", errors="replace").splitlines():
            cells = [c.strip() for c in line.split("|")]
            if not line.strip() or line.startswith("#"):
                continue
            try:
                start = parse_time(cells[15])
                end = parse_time(cells[16]) if len(cells) > 16 and cells[16] else 1 << 62
                location = "" if cells[2] == "--" else cells[2]
                out.append((Nslc(cells[0], cells[1], location, cells[3]), start, end))
            except (IndexError, ValueError, InputError):
                bad += 1
        if bad:
            self._notes.append(
                Finding(kind="corrupt", subject=self.name, message=f"{bad} lines were not understood")
            )
        return out

    def _get(self, service: str, query: dict[str, str]) -> bytes:
        """The body of an answer, b"" for no data; SourceError for everything else."""
        url = f"{self._base}/{service}/1/query?{urllib.parse.urlencode(query, safe=',*?:')}"
        request = urllib.request.Request(url, headers={"User-Agent": "testban"})  # noqa: S310  http(s) only, see __init__
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                status = answer.status
                body: bytes = answer.read(MAX_BYTES + 1)
        except urllib.error.HTTPError as exc:
            if exc.code in (204, 404):
                return b""
            raise SourceError(
                f"expected data from {url}, got HTTP status {exc.code}; ask for less or later"
            ) from exc
        except (OSError, HTTPException, ValueError) as exc:
            raise SourceError(
                f"expected an answer from {url}, got {exc}; check host, port and network"
            ) from exc
        if status == 204:
            return b""
        if len(body) > MAX_BYTES:
            raise SourceError(f"expected at most {MAX_BYTES >> 20} MB from {url}, got more; ask for less")
        if body and service == "dataselect":
            self._digests[urllib.parse.urlsplit(url).query] = digest(body)
        return body


def stations(url: str) -> bytes:
    """StationXML with responses for the codes and the window of an fdsnws:// address."""
    return FdsnSource(url).station_xml()


def _times(lo: int, hi: int) -> dict[str, str]:
    return {"start": format_time(lo, 6).rstrip("Z"), "end": format_time(hi, 6).rstrip("Z")}
