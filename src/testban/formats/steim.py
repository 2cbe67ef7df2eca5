"""Steim 1 and Steim 2 decompression of whole batches of records.

Rules: nothing is read outside a record's own payload; a record is good only when it holds as many differences as
it claims and its last sample equals the stored last sample (the format's own integrity check); sums in 64 bits, so
that one beyond 32 bits fails that check. Format: SEED Reference Manual 2.4, appendix B (Steim's compression).
The contract test compares this with libmseed and with ObsPy on every recording at hand.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

STEIM1 = 10
STEIM2 = 11
FRAME = 64


@njit(cache=True)
def _word(data: NDArray[np.uint8], at: int, big: bool) -> Any:
    if big:
        return (
            (np.int64(data[at]) << 24)
            | (np.int64(data[at + 1]) << 16)
            | (np.int64(data[at + 2]) << 8)
            | np.int64(data[at + 3])
        )
    return (
        (np.int64(data[at + 3]) << 24)
        | (np.int64(data[at + 2]) << 16)
        | (np.int64(data[at + 1]) << 8)
        | np.int64(data[at])
    )


@njit(cache=True)
def _layout(nibble: int, word: int, version: int) -> tuple[int, int]:
    """Number of differences in a word and the bits of each; (0, 0) for a code that does not exist."""
    if nibble == 1:
        return 4, 8
    if version == 10:
        return (2, 16) if nibble == 2 else (1, 32)
    code = word >> 30
    if nibble == 2:
        if code == 0:
            return 0, 0
        return (1, 30) if code == 1 else ((2, 15) if code == 2 else (3, 10))
    if code == 3:
        return 0, 0
    return (5, 6) if code == 0 else ((6, 5) if code == 1 else (7, 4))


@njit(cache=True, inline="always")
def _spread(word: int, n: int, bits: int, value: Any, out: NDArray[np.int32], at: int) -> Any:
    """Add n differences of `bits` bits, the last in the lowest bits, and store the running values."""
    up = 64 - n * bits
    down = 64 - bits
    w: Any = np.int64(word) << up
    for k in range(n):
        value += w >> down
        out[at + k] = value
        w <<= bits
    return value


@njit(cache=True, inline="always")
def _run(code: int, word: int, value: Any, out: NDArray[np.int32], at: int) -> tuple[int, Any]:
    """Store a whole word of a known layout (code: number of differences in it)."""
    if code == 4:
        return 4, _spread(word, 4, 8, value, out, at)
    if code == 7:
        return 7, _spread(word, 7, 4, value, out, at)
    if code == 6:
        return 6, _spread(word, 6, 5, value, out, at)
    if code == 5:
        return 5, _spread(word, 5, 6, value, out, at)
    return 3, _spread(word, 3, 10, value, out, at)


@njit(cache=True)
def _record(
    data: NDArray[np.uint8], at: int, frames: int, count: int, version: int, big: bool, out: NDArray[np.int32]
) -> bool:
    """Decode one record into out[:count]; False where it contradicts itself."""
    if frames < 1:
        return False
    value = _word(data, at + 4, big)
    last = _word(data, at + 8, big)
    value -= (value & 2147483648) << 1
    last -= (last & 2147483648) << 1
    done = 0
    for frame in range(frames):
        base = at + frame * 64
        control = _word(data, base, big)
        for k in range(1, 16):
            nibble = (control >> (30 - 2 * k)) & 3
            if nibble == 0 or (frame == 0 and k < 3):
                continue
            # Bytes and half-words stand in the order of memory; only words are turned in little-endian files.
            word = _word(data, base + 4 * k, big or nibble == 1)
            if version == 10 and nibble == 2 and not big:
                word = ((word & 65535) << 16) | (word >> 16)
            n, bits = _layout(nibble, word, version)
            if n == 0:
                return False
            if n > 2 and done > 0 and done + n < count:
                n, value = _run(n, word, value, out, done)
                done += n
                continue
            shift = bits * (n - 1)
            half: Any = np.int64(1) << (bits - 1)
            mask = (half << 1) - 1
            for _ in range(n):
                if done > 0:
                    d = (word >> shift) & mask
                    value += d - ((d & half) << 1)
                out[done] = value
                done += 1
                shift -= bits
                if done == count:
                    return bool(value == last)
    return False


@njit(cache=True)
def decode(
    data: NDArray[np.uint8],
    payload: NDArray[np.int64],
    frames: NDArray[np.int64],
    counts: NDArray[np.int64],
    version: int,
    big: bool,
    starts: NDArray[np.int64],
    out: NDArray[np.int32],
    good: NDArray[np.bool_],
) -> None:
    """Decode records: payload offsets in `data`, whole 64-byte frames of each, claimed sample counts.

    Record i goes to out[starts[i] : starts[i] + counts[i]]; good[i] tells whether it is sound. The caller
    guarantees that the payloads lie inside `data` and the targets inside `out`.
    """
    for i in range(len(payload)):
        good[i] = _record(
            data, payload[i], frames[i], counts[i], version, big, out[starts[i] : starts[i] + counts[i]]
        )
