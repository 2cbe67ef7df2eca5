"""SAC binary files, both byte orders, header versions 6 and 7: one evenly spaced trace a file.

Rules: the number of samples is checked against the bytes before anything is allocated; a rate is taken from the
shortest decimal that gives the header's 32-bit sample interval, so that 0.05 s is 20 Hz. The 32-bit `b` limits the
start to some 1e-7 of its size (a version 7 footer is used where present). Format: SAC Users Manual 102,
"SAC Data File Format" (IRIS); samples become float64 exactly.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import FormatError
from testban.base.ids import Nslc
from testban.base.times import NS_PER_S, parse_time

HEADER = 632
UNDEFINED = -12345
_TIME_SERIES = 1


class SacTrace(NamedTuple):
    """One SAC trace."""

    nslc: Nslc
    start_ns: int
    rate_hz: float
    samples: NDArray[np.float64]
    complete: bool


def order_of(data: bytes) -> str | None:
    """Byte order ("<" or ">") of a SAC file, None where it is none."""
    if len(data) < HEADER:
        return None
    for order in "<>":
        ints = np.frombuffer(data, order + "i4", 40, 280)
        if ints[6] in (6, 7) and ints[35] in (0, 1) and ints[9] > 0 and 1 <= ints[15] <= 100:
            delta = np.frombuffer(data, order + "f4", 1, 0)[0]
            if np.isfinite(delta) and delta > 0:
                return order
    return None


def nominal_rate(interval_s: float) -> float:
    """Samples per second from a 32-bit sample interval: the nearest plain decimal that the interval can mean."""
    rate = 1.0 / float(str(np.float32(interval_s)))
    near = round(rate)
    return float(near) if near and abs(rate - near) <= 1e-6 * near else rate


def decode(data: bytes, name: str) -> SacTrace:
    """A SAC file's trace; FormatError where it is not one that can be used."""
    order = order_of(data)
    if order is None:
        raise FormatError(
            f"expected a SAC file, got {len(data)} bytes of something else in {name}; check the file"
        )
    floats = np.frombuffer(data, order + "f4", 70, 0)
    ints = [int(v) for v in np.frombuffer(data, order + "i4", 40, 280)]
    if ints[15] != _TIME_SERIES or ints[35] != 1:
        raise FormatError(
            f"expected an evenly spaced SAC time series, got type {ints[15]} in {name}; convert it"
        )
    claimed = ints[9]
    held = min(claimed, (len(data) - HEADER) // 4)
    if held < 1:
        raise FormatError(f"expected {claimed} samples, got none in {name}; the file is cut short")
    start, interval = _start(ints, floats, data, order, name)
    with np.errstate(invalid="ignore"):  # signalling NaN in foreign bytes stays a NaN
        samples = np.frombuffer(data, order + "f4", held, HEADER).astype(np.float64)
    rate = nominal_rate(interval)
    if not 1e-6 < rate < 1e6:
        raise FormatError(
            f"expected a sample interval in seconds, got {interval} in {name}; check the header"
        )
    return SacTrace(_codes(data, name), start, rate, samples, held == claimed)


def _start(ints: list[int], floats: Any, data: bytes, order: str, name: str) -> tuple[int, float]:
    begin, interval = float(floats[5]), float(floats[0])
    footer = HEADER + 4 * ints[9]
    if ints[6] == 7 and len(data) >= footer + 176:
        begin = float(np.frombuffer(data, order + "f8", 2, footer)[1])
    year, day, hour, minute, second, milli = ints[:6]
    sane = 1800 <= year <= 2200 and 1 <= day <= 366 and 0 <= hour <= 24 and 0 <= minute <= 59
    if not (sane and 0 <= second <= 60 and 0 <= milli <= 999):
        raise FormatError(
            f"expected a reference time in the SAC header, got {ints[:6]} in {name}; set nz* fields"
        )
    if not np.isfinite(begin) or abs(begin) > 1e9:
        if begin == UNDEFINED:
            begin = 0.0
        else:
            raise FormatError(
                f"expected a begin time in seconds, got {begin} in {name}; set the header field b"
            )
    if floats[5] == UNDEFINED:
        begin = 0.0
    base = parse_time(f"{year:04d}-01-01T00:00:00Z")
    base += (((day - 1) * 24 + hour) * 60 + minute) * 60 * NS_PER_S + second * NS_PER_S + milli * 1_000_000
    return base + round(begin * 1e9), interval


def _codes(data: bytes, name: str) -> Nslc:
    def text(at: int) -> str:
        try:
            value = data[at : at + 8].split(b"\x00")[0].decode("ascii").strip()
        except UnicodeDecodeError as exc:
            raise FormatError(
                f"expected plain letters in the SAC header, got {data[at : at + 8]!r} in {name}"
            ) from exc
        return "" if value.startswith("-12345") else value

    location = text(464)
    return Nslc(text(608), text(440), "" if location == "--" else location, text(600))
