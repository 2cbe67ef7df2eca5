"""Spans of time and lists of them: the algebra behind up-time, gaps and masks.

A span is half-open, [start, end), in nanoseconds. A list is sorted, disjoint and non-touching (`normalise`).
"""

from collections.abc import Iterable

import msgspec


class Span(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A half-open stretch of time [start_ns, end_ns)."""

    start_ns: int
    end_ns: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.end_ns - self.start_ns) / 1e9


def normalise(spans: Iterable[Span]) -> list[Span]:
    """Sorted union; empty spans vanish, touching ones merge."""
    out: list[Span] = []
    for s in sorted(spans):
        if s.end_ns <= s.start_ns:
            continue
        if out and s.start_ns <= out[-1].end_ns:
            out[-1] = Span(out[-1].start_ns, max(out[-1].end_ns, s.end_ns))
        else:
            out.append(s)
    return out


def intersect(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """What lies in both."""
    x, y = normalise(a), normalise(b)
    out: list[Span] = []
    i = j = 0
    while i < len(x) and j < len(y):
        lo, hi = max(x[i].start_ns, y[j].start_ns), min(x[i].end_ns, y[j].end_ns)
        if lo < hi:
            out.append(Span(lo, hi))
        if x[i].end_ns < y[j].end_ns:
            i += 1
        else:
            j += 1
    return out


def subtract(a: Iterable[Span], b: Iterable[Span]) -> list[Span]:
    """What lies in `a` but not in `b`."""
    cuts = normalise(b)
    out: list[Span] = []
    for s in normalise(a):
        at = s.start_ns
        for c in cuts:
            if c.end_ns <= at or c.start_ns >= s.end_ns:
                continue
            if c.start_ns > at:
                out.append(Span(at, c.start_ns))
            at = max(at, c.end_ns)
        if at < s.end_ns:
            out.append(Span(at, s.end_ns))
    return out


def total_s(spans: Iterable[Span]) -> float:
    """Summed length in seconds of the union."""
    return sum(s.end_ns - s.start_ns for s in normalise(spans)) / 1e9
