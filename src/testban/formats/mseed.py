"""miniSEED 2 and 3: bytes to tables of records, and tables to samples.

Rules: every record stands alone, so a damaged one costs itself only; a claim (length, sample count) is checked
against the bytes at hand before anything is allocated; counts stay int32, floats become float64. Files of
equal-length miniSEED 2 records are indexed by arrays (no Python per record); everything else goes record by
record through libmseed (pymseed). Steim payloads are decoded by `steim`, plain ones by NumPy, historic ones
(GEOSCOPE, CDSN, SRO, DWWSSN) by libmseed. Formats: SEED 2.4 chapter 8; miniSEED 3 (FDSN, 2023).
"""

from typing import Any, NamedTuple

import numpy as np
import pymseed
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.formats import mseed_uniform, steim
from testban.formats.mseed_records import HEADER, Damage, Record, Table, codes_of, take

_PLAIN = {1: ("i2", 2), 3: ("i4", 4), 4: ("f4", 4), 5: ("f8", 8)}
_HISTORIC = frozenset({12, 13, 14, 16, 30, 32})
MAX_FAILURES = 2000


def looks_like(data: bytes | memoryview) -> bool:
    """Whether the bytes start as miniSEED 2 or 3 does."""
    return HEADER.match(bytes(data[:64])) is not None


def index(data: bytes) -> tuple[list[Table], list[Damage]]:
    """Headers of all records, grouped; no sample is decoded."""
    tables = mseed_uniform.uniform(data)
    if tables is not None:
        return tables, []
    records, damage = _walk(data)
    return _group(records), damage


# -- anything else, record by record --------------------------------------------------------------------------


def _walk(data: bytes) -> tuple[list[Record], list[Damage]]:
    """Every sound record of a damaged, mixed or miniSEED 3 file; gives up after MAX_FAILURES false headers."""
    records: list[Record] = []
    damage: list[Damage] = []
    view = memoryview(data)
    at, failures = 0, 0
    while at < len(data):
        try:
            parsed = pymseed.MS3Record.parse(view[at:])
            record = _describe(parsed, at, data)
            step = parsed.reclen
            del parsed
        except (pymseed.PymseedError, ValueError, UnicodeDecodeError) as exc:
            failures += 1
            if failures > MAX_FAILURES:
                damage.append(Damage(at, len(data) - at, "too much damage; the rest of the file is not read"))
                break
            found = HEADER.search(data, at + 1)
            step = (found.start() if found else len(data)) - at
            damage.append(Damage(at, step, _reason(exc, len(data) - at)))
            at += step
            continue
        if record is not None:
            records.append(record)
        at += max(step, 1)
    return records, damage


def _reason(exc: Exception, remaining: int) -> str:
    if isinstance(exc, pymseed.MiniSEEDError) and exc.status_code > 0:
        return f"record is cut short: {remaining} bytes are left"
    return "not a sound miniSEED record"


def _describe(record: pymseed.MS3Record, at: int, data: bytes) -> Record | None:
    """Header of a parsed record; None for one without samples; ValueError for one that contradicts itself."""
    count, rate = record.samplecnt, record.samprate
    if record.encoding == 0 or count <= 0 or not rate > 0:
        return None
    if not np.isfinite(rate):
        raise ValueError("rate")
    if record.formatversion == 2:  # libmseed spells unusual channel codes in its own way
        nslc = codes_of(data[at + 8 : at + 20])
    else:
        nslc = Nslc(*pymseed.sourceid2nslc(record.sourceid))
    swap = record.swapflag
    native_big = False  # x86-64 and arm64 both run little-endian
    length = record.reclen
    size = record.datalength
    # libmseed tells the length of the payload, which in both versions ends where the record does.
    payload = at + length - size
    big = bool(swap & 2) != native_big
    if record.formatversion == 3:
        big = record.encoding in (steim.STEIM1, steim.STEIM2)
    return Record(
        nslc,
        float(rate),
        int(record.starttime),
        int(count),
        int(record.encoding),
        big,
        at,
        int(length),
        payload,
        int(size),
    )


def _group(records: list[Record]) -> list[Table]:
    groups: dict[tuple[Nslc, float, int, bool], list[Record]] = {}
    for r in records:
        groups.setdefault((r.nslc, r.rate_hz, r.encoding, r.big), []).append(r)
    out = []
    for key in sorted(groups):
        rows = groups[key]

        def column(name: str, rows: list[Record] = rows) -> NDArray[np.int64]:
            return np.array([getattr(r, name) for r in rows], np.int64)

        out.append(
            Table(
                *key,
                column("start_ns"),
                column("number"),
                column("offset"),
                column("length"),
                column("payload"),
                column("payload_length"),
            )
        )
    return out


# -- samples -----------------------------------------------------------------------------------------------------


class Batch(NamedTuple):
    """Decoded records of one channel: record i is samples[first[i] : first[i] + number[i]]."""

    nslc: Nslc
    rate_hz: float
    start_ns: NDArray[np.int64]
    number: NDArray[np.int64]
    first: NDArray[np.int64]
    samples: NDArray[Any]


def samples_of(data: bytes, table: Table) -> tuple[Batch, list[Damage]]:
    """Decode a table; records that contradict themselves are left out and listed."""
    fits = _plausible(table)
    bad = [_damage(table, int(i), "more samples claimed than bytes can hold") for i in np.flatnonzero(~fits)]
    if not fits.all():
        table = take(table, fits)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(table.number)))
    total, first = int(first[-1]), first[:-1]
    good = np.ones(len(table.number), np.bool_)
    if table.encoding in (steim.STEIM1, steim.STEIM2):
        out: NDArray[Any] = np.empty(total, np.int32)
        frames = table.payload_length // steim.FRAME
        raw = np.frombuffer(data, np.uint8)
        steim.decode(raw, table.payload, frames, table.number, table.encoding, table.big, first, out, good)
    elif table.encoding in _PLAIN:
        out = _plain(data, table, first, total)
    else:
        out = _by_libmseed(data, table, first, total, good)
    bad += [
        _damage(table, int(i), "samples contradict the record's own check") for i in np.flatnonzero(~good)
    ]
    start, count, kept = table.start_ns, table.number, first
    if not good.all():
        start, count, kept = start[good], count[good], first[good]
    return Batch(table.nslc, table.rate_hz, start, count, kept, out), bad


def _damage(table: Table, i: int, reason: str) -> Damage:
    return Damage(int(table.offset[i]), int(table.length[i]), f"{table.nslc}: {reason}")


def _plausible(table: Table) -> NDArray[np.bool_]:
    """Whether the claimed samples can lie in the payload: at most 7 to a word in Steim 2, 4 in Steim 1."""
    words = table.payload_length // 4
    if table.encoding == steim.STEIM2:
        return np.asarray(table.number <= words * 7)
    if table.encoding == steim.STEIM1:
        return np.asarray(table.number <= words * 4)
    size = _PLAIN[table.encoding][1] if table.encoding in _PLAIN else 2
    known = table.encoding in _PLAIN or table.encoding in _HISTORIC
    return np.asarray((table.number * size <= table.payload_length) & known)


def _plain(data: bytes, table: Table, first: NDArray[np.int64], total: int) -> NDArray[Any]:
    code, _ = _PLAIN[table.encoding]
    dtype = np.dtype((">" if table.big else "<") + code)
    out = np.empty(total, np.int32 if code[0] == "i" else np.float64)
    for at, n, where in zip(table.payload.tolist(), table.number.tolist(), first.tolist(), strict=True):
        out[where : where + n] = np.frombuffer(data, dtype, n, at)
    return out


def _by_libmseed(
    data: bytes, table: Table, first: NDArray[np.int64], total: int, good: NDArray[np.bool_]
) -> NDArray[Any]:
    values: list[NDArray[Any] | None] = []
    view = memoryview(data)
    for i, (at, length) in enumerate(zip(table.offset.tolist(), table.length.tolist(), strict=True)):
        try:
            record = pymseed.MS3Record.parse(view[at : at + length], unpack_data=True)
            part = np.array(record.np_datasamples)
        except (pymseed.PymseedError, ValueError):
            part = np.empty(0, np.int32)
        good[i] = len(part) == int(table.number[i])
        values.append(part if good[i] else None)
    floats = any(v is not None and v.dtype.kind == "f" for v in values)
    out = np.zeros(total, np.float64 if floats else np.int32)
    for value, where in zip(values, first.tolist(), strict=True):
        if value is not None:
            out[where : where + len(value)] = value
    return out
