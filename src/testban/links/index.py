"""What a file of recordings holds, from headers alone: channels and days, and digests of what it has of each channel and ten minutes.

Rules: what a file is, its content says; the index is remembered by path while size and time of change stay. A file that grows (SDS archives
do) is looked at up to a stated size, so that everything that is said of it belongs to the same bytes.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import FormatError, SourceError
from testban.base.ids import Nslc
from testban.base.times import DAY_NS, NS_PER_S
from testban.formats import mseed, sac, waveforms
from testban.formats.mseed_records import Table

PART_NS = 600 * NS_PER_S
MOST = 1 << 15  # files that are remembered from one source to the next


class Entry(NamedTuple):
    """What one file holds of one channel on one day: from the first to after the last sample."""

    nslc: Nslc
    day_ns: int
    start_ns: int
    end_ns: int


class Parts(NamedTuple):
    """The records of one channel by the ten minutes in which they begin: arrays of the first and after the last sample, and 20 bytes of SHA-256 each."""

    nslc: Nslc
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    digest: NDArray[np.uint8]


class Index(NamedTuple):
    """A file up to `size` bytes: entries and parts in order, and the SHA-256 of all of it."""

    size: int
    entries: tuple[Entry, ...]
    parts: tuple[Parts, ...]
    digest: str


_known: dict[Path, tuple[tuple[int, int], Index]] = {}


def look(path: Path) -> Index:
    """The index of a file as it is now; FormatError where it holds no recording."""
    try:
        stat = path.stat()
    except OSError as exc:
        raise SourceError(
            f"expected a readable file, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc
    stamp = stat.st_mtime_ns, stat.st_size
    known = _known.get(path)
    if known is None or known[0] != stamp:
        while len(_known) >= MOST:
            del _known[next(iter(_known))]
        known = _known[path] = (stamp, _parse(waveforms.read_bytes(path)[: stat.st_size], str(path)))
    return known[1]


def _parse(data: bytes, name: str) -> Index:
    whole = hashlib.sha256(data).hexdigest()
    if sac.order_of(data) is not None and not mseed.looks_like(data):
        trace = sac.decode(data, name)
        starts = np.array([trace.start_ns], np.int64)
        ends = starts + round(len(trace.samples) * 1e9 / trace.rate_hz)
        part = Parts(trace.nslc, starts, ends, _bytes([whole]))
        return Index(len(data), tuple(_days(trace.nslc, starts, ends)), (part,), whole)
    tables, damage = mseed.index(data) if data else ([], [])
    if not tables:
        got = "an empty file" if not data else "something else"
        raise FormatError(f"expected miniSEED or SAC, got {got} in {name}; check or fetch the file again")
    entries: list[Entry] = []
    parts: list[Parts] = []
    for t in tables:
        ends = t.start_ns + np.rint(t.number * (1e9 / t.rate_hz)).astype(np.int64)
        entries += _days(t.nslc, t.start_ns, ends)
        parts.append(_parts(t, ends, data))
    if damage:  # what is said of it belongs to every part
        parts = [p._replace(digest=_bytes([whole] * len(p.start_ns))) for p in parts]
    return Index(len(data), tuple(sorted(entries)), tuple(parts), whole)


def _bytes(digests: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex("".join(d[:40] for d in digests)), np.uint8).reshape(-1, 20)


def _parts(t: Table, ends: NDArray[np.int64], data: bytes) -> Parts:
    """The records of a table by their ten minutes, hashed with their places in the order of the file."""
    grid = t.start_ns // PART_NS
    view = memoryview(data)
    begins, stops, digests = [], [], []
    for number in np.unique(grid):
        rows = np.flatnonzero(grid == number)
        first, stop = t.offset[rows], t.offset[rows] + t.length[rows]
        breaks = np.flatnonzero(first[1:] != stop[:-1]) + 1
        h = hashlib.sha256()
        for run in np.split(np.arange(len(rows)), breaks):
            lo, hi = int(first[run[0]]), int(stop[run[-1]])
            h.update(lo.to_bytes(8, "big") + view[lo:hi])
        begins.append(int(t.start_ns[rows].min()))
        stops.append(int(ends[rows].max()))
        digests.append(h.hexdigest())
    return Parts(t.nslc, np.array(begins, np.int64), np.array(stops, np.int64), _bytes(digests))


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
