"""One sensor of a station over one processing block: its components on one sample grid, with gaps as runs.

Rules: sensors (location and instrument code) are never mixed; of those with a vertical the block takes the one with
the most usable data in steps of a tenth of the block, then three components before one, seismometers before
accelerometers, a rate of 20 Hz and more before less, a rate up to 100 Hz before more, location codes in order. Gaps of up to three samples (a masked
spike, a torn time) are bridged by a straight line in the working copy only.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.detect.condition import clipped_mask, offset_ns, ratio, sample_number

BRIDGE = 3
F64 = NDArray[np.float64]


class Run(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Samples without a gap: first sample number, float64 samples, clip mask, time of the first sample."""

    first: int
    samples: F64
    clipped: NDArray[np.uint8]
    start_ns: int


class Trace(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One component of a sensor in a block: runs in time, rate as an exact fraction; whether it holds counts."""

    nslc: Nslc
    rate: Fraction
    counts: bool
    runs: tuple[Run, ...]

    @property
    def rate_hz(self) -> float:
        """Nominal samples a second."""
        return float(self.rate)

    def time_ns(self, sample: float) -> int:
        """Time of a (fractional) sample number, by the run that holds it or the nearest one before."""
        best = self.runs[0]
        for r in self.runs:
            if r.first <= sample:
                best = r
        return best.start_ns + round((sample - best.first) * 1e9 / self.rate_hz)

    def run_at(self, sample: float) -> Run | None:
        """The run that holds a sample number."""
        for r in self.runs:
            if r.first <= sample < r.first + len(r.samples):
                return r
        return None


class Sensor(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The chosen sensor: the vertical and up to two horizontals."""

    vertical: Trace
    horizontals: tuple[Trace, ...]


def _bridge(pieces: list[tuple[int, F64, NDArray[np.uint8], int]]) -> list[Run]:
    out: list[tuple[int, list[F64], list[NDArray[np.uint8]], int, int]] = []
    for first, x, clip, start in pieces:
        if out:
            at, xs, clips, begun, end = out[-1]
            gap = first - end
            if 0 <= gap <= BRIDGE:
                left, right = float(xs[-1][-1]), float(x[0])
                step = (right - left) / (gap + 1)
                xs += [np.array([left + step * (k + 1) for k in range(gap)]), x]
                clips += [np.zeros(gap, dtype=np.uint8), clip]
                out[-1] = (at, xs, clips, begun, first + len(x))
                continue
        out.append((first, [x], [clip], start, first + len(x)))
    return [
        Run(
            first=at,
            samples=xs[0] if len(xs) == 1 else np.concatenate(xs),
            clipped=clips[0] if len(clips) == 1 else np.concatenate(clips),
            start_ns=begun,
        )
        for at, xs, clips, begun, _ in out
    ]


def trace(segments: Sequence[Segment], window: Span) -> Trace | None:
    """The samples of one channel (clean segments in time order) within a window, on the absolute grid."""
    if not segments:
        return None
    rate = ratio(segments[0].sample_rate_hz)
    lo, hi = sample_number(window.start_ns, rate), sample_number(window.end_ns, rate)
    pieces = []
    end = None
    for s in segments:
        first = sample_number(s.start_ns, rate)
        if end is not None and first < end:
            first = end
        end = first + len(s.samples)
        a, b = max(lo, first), min(hi, end)
        if a < b:
            cut = s.samples[a - first : b - first]
            x = cut.astype(np.float64)
            clipped = clipped_mask(x, cut.dtype.kind == "i")
            pieces.append((a, x, clipped, s.start_ns + offset_ns(a - first, rate)))
    runs = _bridge(pieces)
    if not runs:
        return None
    counts = segments[0].samples.dtype.kind == "i"
    return Trace(nslc=segments[0].nslc, rate=rate, counts=counts, runs=tuple(runs))


def is_vertical(nslc: Nslc, channels: Sequence[Channel]) -> bool:
    """By the metadata's dip where stated, else by the component code Z."""
    for c in channels:
        if c.nslc == nslc and c.dip_deg is not None:
            return abs(c.dip_deg) > 60.0
    return nslc.channel[-1:] == "Z"


def _usable_s(segments: Sequence[Segment], window: Span) -> float:
    total = 0
    for s in segments:
        total += max(0, min(s.end_ns, window.end_ns) - max(s.start_ns, window.start_ns))
    return total / 1e9


def choose(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], window: Span
) -> tuple[Nslc, tuple[Nslc, ...]] | None:
    """Vertical and horizontals of the sensor to be used in a window; None where no vertical has data."""
    best: tuple[tuple[float, ...], tuple[str, ...], Nslc, tuple[Nslc, ...]] | None = None
    for nslc in sorted(by_channel):
        if not is_vertical(nslc, channels):
            continue
        usable = _usable_s(by_channel[nslc], window)
        if usable <= 0.0:
            continue
        flat = [
            c
            for c in sorted(by_channel)
            if c.sensor == nslc.sensor and c != nslc and not is_vertical(c, channels)
        ]
        flat = [c for c in flat if _usable_s(by_channel[c], window) > 0.5 * usable][:2]
        rate = by_channel[nslc][0].sample_rate_hz
        rank = (
            -math.floor(10.0 * usable / window.duration_s + 0.5)
            if usable < 0.999 * window.duration_s
            else -10.0,
            0.0 if len(flat) == 2 else 1.0,
            0.0 if nslc.channel[1:2] in "HLESPM" else 1.0,
            0.0 if rate >= 19.0 else 1.0,
            0.0 if rate <= 101.0 else 1.0,
        )
        key = (rank, nslc.sensor, nslc, tuple(flat) if len(flat) == 2 else ())
        if best is None or key[:3] < best[:3]:
            best = key
    return None if best is None else (best[2], best[3])
