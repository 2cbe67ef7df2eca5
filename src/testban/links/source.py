"""What a source of recordings is: units of work in a total order, and the samples of each.

A unit is one station (NET.STA, all its channels and locations) on one UTC day. Whatever part of it is asked for, the
records of the whole day are joined first and then cut, so that neither the length of the pieces nor the way in which
records are spread over files can change a sample's time.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from testban.base.errors import SourceError
from testban.base.ids import Nslc
from testban.base.inventory import station_key
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.base.times import DAY_NS


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One station and UTC day: what was recorded of it, from the first to the last sample inside the window asked for.

    channels: codes in order. day_ns: midnight at which the day begins.
    """

    station_key: str
    span: Span
    channels: tuple[Nslc, ...]
    day_ns: int

    @property
    def day(self) -> Span:
        """The whole UTC day."""
        return Span(self.day_ns, self.day_ns + DAY_NS)


class Source(Protocol):
    """A place that holds recordings. Sources can be pickled and sent to worker processes."""

    @property
    def name(self) -> str:
        """The source as it was asked for."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was odd while looking for recordings (files that cannot be used); complete after `units`."""

    def units(self, start_ns: int | None = None, end_ns: int | None = None) -> tuple[Unit, ...]:
        """Units by station and day that hold samples in [start, end)."""

    def read(self, unit: Unit, span: Span | None = None) -> tuple[list[Segment], list[Finding]]:
        """Segments of a unit, cut to the whole samples inside the span (default: unit.span), and findings."""

    def marks(self, stations: Sequence[str], spans: Iterable[Span]) -> tuple[tuple[str, str], ...]:
        """What `read` rests on for some stations within spans: two answers alike mean the same segments and findings."""

    def digests(self) -> tuple[tuple[str, str], ...]:
        """(name, SHA-256) of every input in order of names; of a service, of every answer that was read."""


def window(name: str, starts: Iterable[int | None], ends: Iterable[int | None]) -> tuple[int, int]:
    """What all of the bounds leave (ns) for a source that has no end of its own; SourceError for none."""
    lo, hi = [t for t in starts if t is not None], [t for t in ends if t is not None]
    if not lo or not hi:
        raise SourceError(f"expected a window of time for {name}, got none; add start and end")
    if max(lo) >= min(hi):
        raise SourceError(f"expected a start before the end for {name}, got none between; change the window")
    return max(lo), min(hi)


def key_of(nslc: Nslc) -> str:
    """The station key of a channel."""
    return station_key(nslc.network, nslc.station)
