"""Several sources of different kinds as one.

Rule: a unit that more than one source holds is the union of their segments; `detect.condition` judges duplicates.
"""

from collections.abc import Iterable, Sequence

from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.links.source import Source, Unit


class JoinedSource:
    """The union of sources."""

    def __init__(self, name: str, parts: Sequence[Source]) -> None:
        self.name = name
        self._parts = tuple(parts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of all parts."""
        return tuple(f for p in self._parts for f in p.findings)

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units of all parts, those of one station and day as one."""
        out: dict[tuple[str, int], Unit] = {}
        for part in self._parts:
            for u in part.units(start_ns, end_ns):
                key = (u.station_key, u.day_ns)
                old = out.get(key, u)
                span = Span(min(old.span.start_ns, u.span.start_ns), max(old.span.end_ns, u.span.end_ns))
                names = tuple(sorted({*old.channels, *u.channels}))
                out[key] = Unit(station_key=u.station_key, span=span, channels=names, day_ns=u.day_ns)
        return tuple(out[k] for k in sorted(out))

    def read(self, unit: Unit, span: Span | None = None) -> tuple[list[Segment], list[Finding]]:
        """Segments and findings of all parts."""
        segments: list[Segment] = []
        findings: list[Finding] = []
        for part in self._parts:
            s, f = part.read(unit, span or unit.span)
            segments += s
            findings += f
        segments.sort(
            key=lambda s: (s.nslc, s.start_ns, s.sample_rate_hz, len(s.samples), s.samples.tobytes())
        )
        return segments, findings

    def marks(self, stations: Sequence[str], spans: Iterable[Span]) -> tuple[tuple[str, str], ...]:
        """Those of all parts."""
        asked = tuple(spans)
        return tuple(m for p in self._parts for m in p.marks(stations, asked))

    def digests(self) -> tuple[tuple[str, str], ...]:
        """Digests of all parts."""
        return tuple(sorted(d for p in self._parts for d in p.digests()))
