"""miniSEED 2 and 3: bytes to tables of records, and tables to samples.

Rules: every record stands alone, so a damaged one costs itself only; a claim (length, sample count) is checked
against the bytes at hand before anything is allocated; counts stay int32, floats become float64. Files of
equal-length miniSEED 2 records are indexed by arrays (no Python per record); everything else goes record by
record through libmseed (pymseed). Steim payloads are decoded by `steim`, plain ones by NumPy, historic ones
(GEOSCOPE, CDSN, SRO, DWWSSN) by libmseed. Formats: SEED 2.4 chapter 8; miniSEED 3 (FDSN, 2023).
"""

import re
from typing import Any, NamedTuple

import numpy as np
import pymseed
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.formats import steim

_HEADER2 = re.compile(rb"(?:[0-9 \x00]{6}[DRQM][ \x00][\x20-\x7e\x00]{12})|MS\x03")
_PLAIN = {1: ("i2", 2), 3: ("i4", 4), 4: ("f4", 4), 5: ("f8", 8)}
_HISTORIC = frozenset({12, 13, 14, 16, 30, 32})
MAX_FAILURES = 2000
_DAY = 86400


class Record(NamedTuple):
    """One record's header: where it lies and what it claims."""

    nslc: Nslc
    rate_hz: float
    start_ns: int
    number: int
    encoding: int
    big: bool
    offset: int
    length: int
    payload: int
    payload_length: int


class Table(NamedTuple):
    """Records of one channel, rate and encoding of one file; arrays of shape (n,)."""

    nslc: Nslc
    rate_hz: float
    encoding: int
    big: bool
    start_ns: NDArray[np.int64]
    number: NDArray[np.int64]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    payload: NDArray[np.int64]
    payload_length: NDArray[np.int64]


class Damage(NamedTuple):
    """A stretch of bytes that could not be used."""

    offset: int
    length: int
    reason: str


def looks_like(data: bytes | memoryview) -> bool:
    """Whether the bytes start as miniSEED 2 or 3 does."""
    return _HEADER2.match(bytes(data[:64])) is not None


def index(data: bytes) -> tuple[list[Table], list[Damage]]:
    """Headers of all records, grouped; no sample is decoded."""
    tables = _uniform(data)
    if tables is not None:
        return tables, []
    records, damage = _walk(data)
    return _group(records), damage


# -- equal-length miniSEED 2 ------------------------------------------------------------------------------------


def _rate(factor: NDArray[np.int64], multiplier: NDArray[np.int64]) -> NDArray[np.float64]:
    f, m = factor.astype(np.float64), multiplier.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(f > 0, np.where(m > 0, f * m, -f / m), np.where(m > 0, -m / f, 1.0 / (f * m)))
    return np.where((factor == 0) | (multiplier == 0), 0.0, rate)


def _days(year: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + day - 719163


def _uniform(data: bytes) -> list[Table] | None:
    """Tables by arrays, or None where the file is not plain equal-length miniSEED 2."""
    head = _first_lengths(data)
    if head is None:
        return None
    length, order = head
    n = len(data) // length
    raw = np.frombuffer(data, np.uint8, n * length).reshape(n, length)
    if not _headers_valid(raw):
        return None

    def u16(at: int) -> NDArray[np.int64]:
        return np.ascontiguousarray(raw[:, at : at + 2]).view(order + "u2")[:, 0].astype(np.int64)

    def i16(at: int) -> NDArray[np.int64]:
        return np.ascontiguousarray(raw[:, at : at + 2]).view(order + "i2")[:, 0].astype(np.int64)

    year, day, fraction = u16(20), u16(22), u16(28)
    if (year < 1900).any() or (year > 2100).any() or (day < 1).any() or (day > 366).any():
        return None
    second = ((_days(year, day) * 24 + raw[:, 24]) * 60 + raw[:, 25]) * 60 + raw[:, 26]
    start = second * 1_000_000_000 + fraction * 100_000
    correction = np.ascontiguousarray(raw[:, 40:44]).view(order + "i4")[:, 0].astype(np.int64)
    start = start + np.where(raw[:, 36] & 2, 0, correction * 100_000)
    rate = _rate(i16(32), i16(34))
    found = _blockettes(raw, u16, order, start, rate)
    if found is None:
        return None
    encoding, word_order, exponent, start, rate = found
    payload, count = u16(44), u16(30)
    if (np.int64(1) << exponent != length).any() or ((payload < 48) & (count > 0)).any():
        return None
    if (payload > length).any():
        return None
    at = np.arange(n, dtype=np.int64) * length
    return _split(raw, rate, encoding, word_order, start, count, at, length, payload)


def _first_lengths(data: bytes) -> tuple[int, str] | None:
    """Record length and byte order of the first record, where the file is a multiple of that length."""
    if len(data) < 128 or not _HEADER2.match(data) or data[:3] == b"MS\x03":
        return None
    year = int.from_bytes(data[20:22], "big")
    order = ">" if 1900 <= year <= 2100 else "<"
    endian: Any = "big" if order == ">" else "little"
    at = int.from_bytes(data[46:48], endian)
    for _ in range(8):
        if at < 48 or at + 8 > len(data):
            return None
        if int.from_bytes(data[at : at + 2], endian) == 1000:
            exponent = data[at + 6]
            if not 7 <= exponent <= 16 or len(data) % (1 << exponent):
                return None
            return 1 << exponent, order
        at = int.from_bytes(data[at + 2 : at + 4], endian)
    return None


def _headers_valid(raw: NDArray[np.uint8]) -> bool:
    seq = raw[:, 0:6]
    digits = ((seq >= 48) & (seq <= 57)) | (seq == 32) | (seq == 0)
    quality = np.isin(raw[:, 6], np.frombuffer(b"DRQM", np.uint8))
    reserved = (raw[:, 7] == 32) | (raw[:, 7] == 0)
    codes = raw[:, 8:20]
    printable = ((codes >= 32) & (codes <= 126)) | (codes == 0)
    clock = (raw[:, 24] <= 23) & (raw[:, 25] <= 59) & (raw[:, 26] <= 60)
    return bool(digits.all() and quality.all() and reserved.all() and printable.all() and clock.all())


def _blockettes(
    raw: NDArray[np.uint8], u16: Any, order: str, start: NDArray[np.int64], rate: NDArray[np.float64]
) -> (
    tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
    | None
):
    """Follow the chain of blockettes where it is the same in every record."""
    at = u16(46)
    encoding = None
    word_order = raw[:, 0]
    exponent = np.zeros(len(raw), np.int64)
    seen = 0
    for _ in range(16):
        here = int(at[0])
        if (at != here).any():
            return None
        if here == 0:
            break
        if here < max(48, seen + 4) or here + 12 > raw.shape[1]:
            return None
        seen = here
        kind = u16(here)
        if (kind != kind[0]).any():
            return None
        if kind[0] == 1000:
            encoding, word_order = raw[:, here + 4], raw[:, here + 5]
            exponent = np.minimum(raw[:, here + 6], 62).astype(np.int64)
        elif kind[0] == 1001:
            start = start + raw[:, here + 5].view(np.int8).astype(np.int64) * 1000
        elif kind[0] == 100:
            actual = np.ascontiguousarray(raw[:, here + 4 : here + 8]).view(order + "f4")[:, 0]
            rate = np.where(actual > 0, actual.astype(np.float64), rate)
        at = u16(here + 2)
    if encoding is None:
        return None
    return encoding, word_order, exponent, start, rate


def _split(
    raw: NDArray[np.uint8],
    rate: NDArray[np.float64],
    encoding: NDArray[np.uint8],
    word_order: NDArray[np.uint8],
    start: NDArray[np.int64],
    count: NDArray[np.int64],
    at: NDArray[np.int64],
    length: int,
    payload: NDArray[np.int64],
) -> list[Table]:
    """Group by codes, rate, encoding and word order; each group keeps the order of the file."""
    codes = np.ascontiguousarray(raw[:, 8:20]).view("S12")[:, 0]
    same = (
        (codes == codes[0]).all()
        and (rate == rate[0]).all()
        and (encoding == encoding[0]).all()
        and (word_order == word_order[0]).all()
    )
    if same:
        groups = [slice(None)]
    else:
        key = np.zeros(len(raw), dtype=[("c", "S12"), ("r", "f8"), ("e", "u1"), ("w", "u1")])
        key["c"], key["r"], key["e"], key["w"] = codes, rate, encoding, word_order
        _, inverse = np.unique(key, return_inverse=True)
        groups = [np.flatnonzero(inverse == g) for g in range(int(inverse.max()) + 1)]  # type: ignore[misc]
    out = []
    for g in groups:
        first = int(at[g][0]) // length
        nslc = _codes(raw[first, 8:20].tobytes())
        keep = (count[g] > 0) & (rate[g] > 0)
        if not keep.any():
            continue
        pay = payload[g][keep]
        out.append(
            Table(
                nslc,
                float(rate[first]),
                int(encoding[first]),
                bool(word_order[first]),
                start[g][keep],
                count[g][keep],
                at[g][keep],
                np.full(len(pay), length, np.int64),
                at[g][keep] + pay,
                length - pay,
            )
        )
    return out


def _codes(field: bytes) -> Nslc:
    """Station, location, channel and network of a miniSEED 2 header."""
    code = field.replace(b"\x00", b" ").decode("ascii")
    return Nslc(code[10:12].strip(), code[0:5].strip(), code[5:7].strip(), code[7:10].strip())


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
            found = _HEADER2.search(data, at + 1)
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
        nslc = _codes(data[at + 8 : at + 20])
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
        table = _take(table, fits)
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


def _take(table: Table, mask: NDArray[np.bool_]) -> Table:
    return Table(*table[:4], *(column[mask] for column in table[4:]))


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
