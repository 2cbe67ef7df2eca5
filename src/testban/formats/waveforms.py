"""Recordings: miniSEED 2 and 3 and SAC to segments, segments to miniSEED 2.

Rules. A record that contradicts itself is left out and reported (`corrupt`); its neighbours are kept. Records of
one channel and rate become one Segment while each begins within half a sample of where the segment's FIRST sample
and rate say that it should: errors of single records never add up, and a clock that drifts beyond half a sample
starts a new segment. Gaps, overlaps and duplicates are kept as they are (separate segments); `detect.condition`
judges them. Records are sorted before they are joined, so neither their order nor the way in which they are
spread over files matters. Integers stay int32, anything else becomes float64.
"""

import bisect
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pymseed
from numpy.typing import NDArray

from testban.base.errors import FormatError, InputError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Finding, Segment
from testban.base.spans import Span
from testban.formats import mseed, mseed_records, sac
from testban.formats.mseed import Batch

SUFFIXES = frozenset({".mseed", ".miniseed", ".ms", ".msd", ".seed", ".sac", ".mseed3", ".ms3"})
_NO_SAMPLES: NDArray[np.int64] = np.zeros(1, np.int64)


def read(path: str | Path) -> tuple[list[Segment], list[Finding]]:
    """Segments and findings of one file, in total order; FormatError or SourceError where nothing can be used."""
    return decode(read_bytes(path), str(path))


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file; SourceError where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as exc:
        raise SourceError(
            f"expected a readable file, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc


def decode(data: bytes, name: str = "bytes") -> tuple[list[Segment], list[Finding]]:
    """Segments and findings of the bytes of one file."""
    batches, findings = decode_batches(data, name)
    return join(batches), findings


def is_waveform(data: bytes) -> bool:
    """Whether bytes (at least the first 632) look like miniSEED or SAC."""
    return mseed.looks_like(data) or sac.order_of(data) is not None


def decode_batches(
    data: bytes, name: str = "bytes", wanted: Span | None = None, channels: frozenset[Nslc] | None = None
) -> tuple[list[Batch], list[Finding]]:
    """Records of the bytes of one file, decoded but not joined.

    wanted, channels: only records that overlap this span, only these channels. Raises FormatError for bytes that
    are neither miniSEED nor SAC, and for a file none of whose records is sound.
    """
    if not data:
        raise FormatError(f"expected miniSEED or SAC, got an empty file: {name}; fetch it again")
    if sac.order_of(data) is not None and not mseed.looks_like(data):
        return _sac(data, name, wanted, channels)
    tables, damage = mseed.index(data)
    if not tables:
        got = "only damaged records" if mseed.looks_like(data) else "something else"
        raise FormatError(f"expected miniSEED or SAC, got {got} in {name}; check or fetch the file again")
    batches: list[Batch] = []
    sound = 0
    for table in tables:
        part = _select(table, wanted, channels)
        if part is None:
            sound += 1
            continue
        batch, bad = mseed.samples_of(data, part)
        damage += bad
        sound += len(batch.number)
        if len(batch.number):
            batches.append(batch)
    if not sound:
        raise FormatError(
            f"expected miniSEED or SAC, got only damaged records in {name}; fetch the file again"
        )
    return batches, _findings(damage, name)


def _select(
    table: mseed_records.Table, wanted: Span | None, channels: frozenset[Nslc] | None
) -> mseed_records.Table | None:
    if channels is not None and table.nslc not in channels:
        return None
    if wanted is None:
        return table
    stop = table.start_ns + np.ceil(table.number * (1e9 / table.rate_hz)).astype(np.int64)
    mask = (stop > wanted.start_ns) & (table.start_ns < wanted.end_ns)
    if not mask.any():
        return None
    return table if mask.all() else mseed_records.take(table, mask)


def _sac(
    data: bytes, name: str, wanted: Span | None, channels: frozenset[Nslc] | None
) -> tuple[list[Batch], list[Finding]]:
    trace = sac.decode(data, name)
    n = len(trace.samples)
    findings = []
    if not trace.complete:
        findings.append(
            Finding(kind="corrupt", subject=name, message=f"SAC file is cut short: {n} samples are left")
        )
    if channels is not None and trace.nslc not in channels:
        return [], findings
    if wanted is not None and not _overlaps(trace.start_ns, n, trace.rate_hz, wanted):
        return [], findings
    start, count = np.array([trace.start_ns], np.int64), np.array([n], np.int64)
    return [Batch(trace.nslc, trace.rate_hz, start, count, _NO_SAMPLES, trace.samples)], findings


def _overlaps(start_ns: int, n: int, rate: float, wanted: Span) -> bool:
    return start_ns < wanted.end_ns and start_ns + round(n * 1e9 / rate) > wanted.start_ns


def _findings(damage: list[mseed_records.Damage], name: str) -> list[Finding]:
    """At most 20 damaged stretches by name, the rest as a count."""
    damage = sorted(damage)
    out = [
        Finding(
            kind="corrupt", subject=name, message=f"bytes {d.offset} to {d.offset + d.length}: {d.reason}"
        )
        for d in damage[:20]
    ]
    if len(damage) > 20:
        rest = f"and {len(damage) - 20} more damaged stretches"
        out.append(Finding(kind="corrupt", subject=name, message=rest))
    return out


# -- joining -----------------------------------------------------------------------------------------------------


def join(batches: Iterable[Batch]) -> list[Segment]:
    """Segments from records of any number of files, sorted by channel, start, rate and length."""
    groups: dict[tuple[Nslc, float, str], list[Batch]] = {}
    for b in batches:
        groups.setdefault((b.nslc, b.rate_hz, b.samples.dtype.kind), []).append(b)
    out: list[Segment] = []
    for key in sorted(groups):
        out.extend(_join_channel(groups[key]))
    out.sort(key=lambda s: (s.nslc, s.start_ns, s.sample_rate_hz, len(s.samples)))
    return out


def _join_channel(batches: list[Batch]) -> list[Segment]:
    first = batches[0]
    if len(batches) == 1 and _is_one_chain(first):
        lo = int(first.first[0])
        part = first.samples[lo : lo + int(first.number.sum())]
        return [_segment(first, int(first.start_ns[0]), part)]
    start = np.concatenate([b.start_ns for b in batches])
    count = np.concatenate([b.number for b in batches])
    pieces: list[NDArray[Any]] = []
    for b in batches:
        pieces += [b.samples[f : f + n] for f, n in zip(b.first.tolist(), b.number.tolist(), strict=True)]
    order = np.lexsort((-count, start)).tolist()
    _break_ties(order, start, count, pieces)
    chains = _chains(order, start.tolist(), count.tolist(), first.rate_hz)
    return [
        _segment(first, int(start[chain[0]]), np.concatenate([pieces[i] for i in chain])) for chain in chains
    ]


def _is_one_chain(b: Batch) -> bool:
    """Whether the records, in the order given, follow one another in memory and in time."""
    before = np.cumsum(b.number) - b.number
    if (b.first - b.first[0] != before).any():
        return False
    expected = b.start_ns[0] + np.rint(before * (1e9 / b.rate_hz)).astype(np.int64)
    return bool((np.abs(b.start_ns - expected) <= 0.5e9 / b.rate_hz).all())


def _segment(b: Batch, start_ns: int, samples: NDArray[Any]) -> Segment:
    return Segment(nslc=b.nslc, start_ns=start_ns, sample_rate_hz=b.rate_hz, samples=samples)


def _break_ties(order: list[int], start: Any, count: Any, pieces: list[NDArray[Any]]) -> None:
    """Put records of equal start and length into the order of their bytes, whatever file they came from."""
    i = 0
    while i < len(order) - 1:
        j = i + 1
        while j < len(order) and start[order[j]] == start[order[i]] and count[order[j]] == count[order[i]]:
            j += 1
        if j - i > 1:
            order[i:j] = sorted(order[i:j], key=lambda k: pieces[k].tobytes())
        i = j


def _chains(order: list[int], start: list[int], count: list[int], rate: float) -> list[list[int]]:
    """Put every record behind the earliest-ending chain that it continues within half a sample, else start one."""
    interval = 1e9 / rate
    half = 0.5 * interval
    chains: list[list[int]] = []
    begun: list[int] = []
    length: list[int] = []
    ends: list[tuple[float, int]] = []
    for i in order:
        at = start[i]
        k = bisect.bisect_left(ends, (at - half, -1))
        if k < len(ends) and ends[k][0] <= at + half:
            _, c = ends.pop(k)
            chains[c].append(i)
            length[c] += count[i]
        else:
            c = len(chains)
            chains.append([i])
            begun.append(at)
            length.append(count[i])
        bisect.insort(ends, (begun[c] + float(round(length[c] * interval)), c))
    return chains


def cut(segment: Segment, span: Span) -> Segment | None:
    """The whole samples of a segment inside [span.start, span.end); None where there are none.

    A sample belongs to the span that holds its own time, so neighbouring spans share no sample.
    """
    interval = 1e9 / segment.sample_rate_hz
    n = len(segment.samples)
    lo = _first_at(span.start_ns - segment.start_ns, interval)
    hi = min(n, _first_at(span.end_ns - segment.start_ns, interval))
    if lo >= hi:
        return None
    if lo == 0 and hi == n:
        return segment
    return Segment(
        nslc=segment.nslc,
        start_ns=segment.start_ns + round(lo * interval),
        sample_rate_hz=segment.sample_rate_hz,
        samples=segment.samples[lo:hi],
    )


def _first_at(offset_ns: int, interval: float) -> int:
    """Index of the first sample whose rounded time is at or after the offset."""
    if offset_ns <= 0:
        return 0
    k = int(offset_ns / interval)
    while k > 0 and round((k - 1) * interval) >= offset_ns:
        k -= 1
    while round(k * interval) < offset_ns:
        k += 1
    return k


# -- writing -----------------------------------------------------------------------------------------------------


def encode_mseed(segments: Sequence[Segment], record_length: int = 512) -> bytes:
    """Bytes of miniSEED 2: int32 as Steim 2 (as plain int32 where differences exceed 30 bits), float64 as it is.

    float32 samples are written as 32-bit floats. Segments keep their order; times are kept to the microsecond.
    """
    out = []
    for s in segments:
        out.append(_encode(s, record_length))
    return b"".join(out)


def write_mseed(path: str | Path, segments: Sequence[Segment], record_length: int = 512) -> None:
    """Write segments to a miniSEED 2 file; see `encode_mseed`."""
    Path(path).write_bytes(encode_mseed(segments, record_length))


def _encode(segment: Segment, record_length: int) -> bytes:
    samples = np.ascontiguousarray(segment.samples)
    if samples.dtype == np.int32:
        wide = np.abs(np.diff(samples.astype(np.int64), prepend=0))
        steim2 = len(wide) == 0 or int(wide.max()) < 1 << 29
        kind = "i"
        code = pymseed.DataEncoding.STEIM2 if steim2 else pymseed.DataEncoding.INT32
    elif samples.dtype == np.float32:
        kind, code = "f", pymseed.DataEncoding.FLOAT32
    elif samples.dtype == np.float64:
        kind, code = "d", pymseed.DataEncoding.FLOAT64
    else:
        raise InputError(
            f"expected samples of int32, float32 or float64, got {samples.dtype}; convert them first"
        )
    record = pymseed.MS3Record(reclen=record_length, encoding=code)
    n = segment.nslc
    if len(n.network) > 2 or len(n.station) > 5 or len(n.location) > 2 or len(n.channel) != 3:
        raise InputError(
            f"expected codes that fit miniSEED 2 (2, 5, 2 and 3 letters), got {n}; rename the channel"
        )
    record.sourceid = pymseed.nslc2sourceid(n.network, n.station, n.location, n.channel)
    record.formatversion = 2
    record.starttime = segment.start_ns
    record.samprate = segment.sample_rate_hz
    record.pubversion = 1
    with record.with_datasamples(samples, kind):
        return b"".join(bytes(r) for r in record.generate())
