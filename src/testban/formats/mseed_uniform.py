"""Equal-length miniSEED 2, indexed by arrays: no Python for each record.

Rules: whatever is not plain (other lengths, other versions, headers out of range, records whose chains of blockettes
differ) is left to the slow way of `mseed`, whose tables are the same. Format: SEED 2.4, chapter 8.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from testban.formats.mseed_records import HEADER, Table, codes_of


def uniform(data: bytes) -> list[Table] | None:
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


def _rate(factor: NDArray[np.int64], multiplier: NDArray[np.int64]) -> NDArray[np.float64]:
    f, m = factor.astype(np.float64), multiplier.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(f > 0, np.where(m > 0, f * m, -f / m), np.where(m > 0, -m / f, 1.0 / (f * m)))
    return np.where((factor == 0) | (multiplier == 0), 0.0, rate)


def _days(year: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + day - 719163


def _first_lengths(data: bytes) -> tuple[int, str] | None:
    """Record length and byte order of the first record, where the file is a multiple of that length."""
    if len(data) < 128 or not HEADER.match(data) or data[:3] == b"MS\x03":
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
        nslc = codes_of(raw[first, 8:20].tobytes())
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
