"""Canadian compression, in which CD-1.1 carries samples: counts to bytes and back.

Rules: second differences, modulo 2^32; index words of 16 bits, one for 20 samples, stand before the first sample (32 bits, big-endian)
and the packed differences; an index names five widths, one for each four samples: 4 to 18 bits in steps of two, or, with its
highest bit set, 4 to 32 in steps of four. The last difference leads to the first sample of the block that follows. A
width is the smallest that fits; bytes of an encoder that takes others decode alike. Source: Beverley, Canadian National Seismograph
Network Communication Protocol, 1990, as carried out in the public geotool (libcancomp); confirmed on 492 published blocks,
which are used to the last byte and come out the same when they are written again.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from testban.base.errors import FormatError, InputError

Counts = npt.NDArray[np.int32]
GROUP = 20
MAX_SAMPLES = 1 << 20
_FINE = 18  # widest of the fine index


def decode(data: bytes, count: int) -> tuple[Counts, int]:
    """(count samples as int32, first sample of the next block as the encoder saw it). FormatError unless the bytes are exactly one block."""
    if not 0 <= count <= MAX_SAMPLES or count % GROUP:
        raise FormatError(f"Canadian compression: expected a multiple of {GROUP} samples, got {count}")
    at = count // 10 + 4
    if len(data) < at:
        raise FormatError(f"Canadian compression: expected an index of {at} bytes, got {len(data)}")
    first = int.from_bytes(data[at - 4 : at], "big")
    differences: list[int] = []
    for i in range(0, count // 10, 2):
        for width in _widths(int.from_bytes(data[i : i + 2], "big")):
            packed = data[at : at + width // 2]
            if len(packed) < width // 2:
                raise FormatError(f"Canadian compression: ends within sample {len(differences)} of {count}")
            at += width // 2
            differences += _unpacked(int.from_bytes(packed, "big"), width)
    if at != len(data):
        raise FormatError(f"Canadian compression: {len(data) - at} bytes more than {count} samples take")
    steps = np.cumsum(np.array(differences, np.int64)) % (1 << 32)
    values = (first + np.concatenate([[0], np.cumsum(steps)])) % (1 << 32)
    signed = values.astype(np.uint32).view(np.int32)
    return signed[:count].copy(), int(signed[count])


def _widths(index: int) -> tuple[int, ...]:
    """The widths of five blocks of four samples."""
    unit = 4 if index >> 15 else 2
    return tuple(4 + unit * (index >> shift & 7) for shift in (12, 9, 6, 3, 0))


def _unpacked(value: int, width: int) -> list[int]:
    half, mask = 1 << width - 1, (1 << width) - 1
    return [((value >> width * k & mask) ^ half) - half for k in (3, 2, 1, 0)]


def encode(samples: Counts, following: int | None = None) -> bytes:
    """One block. following: first sample of the next; without one, the block goes on as it ended. InputError unless a multiple of 20 samples."""
    if samples.ndim != 1 or samples.size % GROUP or samples.size > MAX_SAMPLES:
        raise InputError(f"Canadian compression: expected a multiple of {GROUP} samples, got {samples.shape}")
    if samples.size == 0:
        return bytes(4)
    values = samples.astype(np.int64)
    after = 2 * int(values[-1]) - int(values[-2]) if following is None else following
    steps = np.diff(np.append(values, after))
    differences = np.diff(steps, prepend=0)
    wrapped = ((differences + (1 << 31)) % (1 << 32) - (1 << 31)).tolist()
    index, packed = bytearray(), bytearray()
    for i in range(0, len(wrapped), GROUP):
        quads = [wrapped[k : k + 4] for k in range(i, i + GROUP, 4)]
        needed = [max(4, *(_bits(d) for d in q)) for q in quads]
        unit = 4 if max(needed) > _FINE else 2
        widths = [w + -w % unit for w in needed]
        word = 0x8000 if unit == 4 else 0
        for width, shift in zip(widths, (12, 9, 6, 3, 0), strict=True):
            word |= (width - 4) // unit << shift
        index += word.to_bytes(2, "big")
        for quad, width in zip(quads, widths, strict=True):
            packed += _packed(quad, width)
    return bytes(index) + int(values[0] % (1 << 32)).to_bytes(4, "big") + bytes(packed)


def _bits(difference: int) -> int:
    """Bits of a signed number in two's complement."""
    return (difference if difference >= 0 else ~difference).bit_length() + 1


def _packed(quad: Sequence[int], width: int) -> bytes:
    value = 0
    for difference in quad:
        value = value << width | difference & (1 << width) - 1
    return value.to_bytes(width // 2, "big")
