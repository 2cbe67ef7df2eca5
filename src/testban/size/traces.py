"""Cutting, restoring and reading traces for magnitudes: half peak-to-peak, Wood-Anderson, ground displacement.

Rules: causal filters for what stands on a P onset; Wood-Anderson and long-period displacement by spectral
division inside a stated band (zero phase matters not: only sizes are read); complex arithmetic written out in real
numbers; no response, no amplitude.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from testban.base.records import Channel, Response, Segment
from testban.earth import response

F64 = NDArray[np.float64]

# Wood-Anderson torsion seismometer as measured: T 0.8 s, damping 0.7, magnification 2080 (Uhrhammer & Collins 1990,
# BSSA 80, 702).
WA_PERIOD_S, WA_DAMPING, WA_MAGNIFICATION = 0.8, 0.7, 2080.0
CLIP_RUN, CLIP_COUNT, CLIP_LEAST = 4, 8, 4.0


def cut(segments: Sequence[Segment], start_ns: int, end_ns: int) -> tuple[F64, int] | None:
    """Samples from start to end and the time of the first, from the one segment that holds most; None if none.

    Segments of one channel. Ties go to the earlier one. Samples that are not finite make the cut unusable.
    """
    best: tuple[int, int, Segment] | None = None
    for s in segments:
        overlap = min(s.end_ns, end_ns) - max(s.start_ns, start_ns)
        if overlap > 0 and (best is None or (-overlap, s.start_ns) < (-best[0], best[1])):
            best = (overlap, s.start_ns, s)
    if best is None:
        return None
    s = best[2]
    step = 1e9 / s.sample_rate_hz
    first = max(0, math.floor((start_ns - s.start_ns) / step))
    last = min(len(s.samples), math.ceil((end_ns - s.start_ns) / step))
    x = np.asarray(s.samples[first:last], dtype=np.float64)
    if len(x) < 8 or not bool(np.isfinite(x).all()):
        return None
    return x, s.start_ns + round(first * step)


def clipped(x: F64) -> bool:
    """Whether the largest or smallest value is held for several samples, or met often, far outside the usual range.

    A digitiser at its limit repeats one value; the median of the absolute values says what is usual.
    """
    if len(x) < CLIP_RUN:
        return False
    middle = float(np.median(x))
    usual = float(np.median(np.abs(x - middle)))
    for value in (float(x.max()), float(x.min())):
        if abs(value - middle) <= CLIP_LEAST * usual:
            continue
        at = np.flatnonzero(x == value)
        if len(at) >= CLIP_COUNT or (
            len(at) >= CLIP_RUN
            and bool((at[CLIP_RUN - 1 :] - at[: len(at) - CLIP_RUN + 1] == CLIP_RUN - 1).any())
        ):
            return True
    return False


def half_peak_to_peak(x: F64, rate_hz: float) -> tuple[float, float]:
    """Largest half difference of neighbouring extremes and the period, twice the time between them (s).

    Extremes on the edge count, so that a rise cut off by the window is a lower bound of itself. (0, 0) without one.
    """
    v = x.tolist()
    points = [0]
    for i in range(1, len(v) - 1):
        if (v[i] - v[i - 1]) * (v[i + 1] - v[i]) < 0.0 or (v[i] == v[i + 1] and v[i] != v[i - 1]):
            points.append(i)
    points.append(len(v) - 1)
    best, period = 0.0, 0.0
    for i, j in pairwise(points):
        half = 0.5 * abs(v[j] - v[i])
        if half > best:
            best, period = half, 2.0 * (j - i) / rate_hz
    return best, period


def response_of(channels: Sequence[Channel], segment: Segment) -> Response | None:
    """The response of a segment's channel at its time, or None."""
    for c in channels:
        if c.nslc != segment.nslc or c.response is None:
            continue
        if c.start_ns is not None and segment.start_ns < c.start_ns:
            continue
        if c.end_ns is not None and segment.start_ns > c.end_ns:
            continue
        return c.response
    return None


def gain(resp: Response, frequency_hz: float) -> float:
    """Counts per metre of ground displacement at one frequency (modulus); 0 where it is not finite."""
    g = response.displacement_gain(resp, frequency_hz)
    return g if math.isfinite(g) else 0.0


def _edge(f: F64, low: float, high: float) -> F64:
    """Smooth step from 0 at `low` to 1 at `high`: 3 u^2 - 2 u^3."""
    u = np.clip((f - low) / (high - low), 0.0, 1.0)
    return np.asarray(u * u * (3.0 - 2.0 * u), dtype=np.float64)


def restore(
    x: F64,
    rate_hz: float,
    resp: Response,
    corners: tuple[float, float, float, float],
    wood_anderson: bool = False,
) -> F64:
    """Ground displacement in metres inside a band, as a Wood-Anderson of magnification 1 would draw it or plainly.

    corners: band edges in Hz: 0 below the first, 1 between the middle two, 0 above the last. x is led in and out by
    zeros against wrap-around; its mean and trend are taken out.
    """
    n = len(x)
    size = 1
    while size < 2 * n:
        size *= 2
    t = np.arange(n, dtype=np.float64) - 0.5 * (n - 1)
    mean = float(np.sum(x)) / n
    y = x - mean - t * (float(np.sum(t * x)) / float(np.sum(t * t)))
    ramp = min(n // 2, max(1, round(0.05 * n)))
    w = _edge(np.arange(ramp, dtype=np.float64), -0.5, ramp)
    y[:ramp] *= w
    y[n - ramp :] *= w[::-1]
    spectrum = np.fft.rfft(y, size)
    f = np.arange(len(spectrum), dtype=np.float64) * (rate_hz / size)
    weight = _edge(f, corners[0], corners[1]) * (1.0 - _edge(f, corners[2], corners[3]))
    used = weight > 0.0
    h = response.evaluate(resp, f[used], unit="m")
    re, im = h.real, h.imag
    power = re * re + im * im
    scale = np.where(power > 0.0, weight[used] / np.where(power > 0.0, power, 1.0), 0.0)
    a, b = spectrum.real[used], spectrum.imag[used]
    p, q = (a * re + b * im) * scale, (b * re - a * im) * scale
    if wood_anderson:
        p, q = _wood_anderson(f[used], p, q)
    out = np.zeros(len(spectrum), dtype=np.complex128)
    out.real[used] = p
    out.imag[used] = q
    return np.asarray(np.fft.irfft(out, size)[:n], dtype=np.float64)


def _wood_anderson(f: F64, p: F64, q: F64) -> tuple[F64, F64]:
    """Multiply p + iq by w^2 / (w^2 - w0^2 - 2 i h w0 w) of the torsion seismometer (magnification 1)."""
    r = f * WA_PERIOD_S  # w / w0
    c, d = r * r - 1.0, -2.0 * WA_DAMPING * r
    scale = r * r / (c * c + d * d)
    return (p * c + q * d) * scale, (q * c - p * d) * scale
