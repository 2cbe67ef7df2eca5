"""Ground velocity in a band on the absolute grid, whatever the instrument: the equal footing of template and data.

Rules: every stretch between gaps is detrended and its ends tapered; the response is divided out only inside the band
(zero phase, smooth edges), so that a channel whose gain, sensor or sample rate changed is comparable with itself;
a sample's own time counts to a hundredth of its interval (phase shift); what lies within `MARGIN_S` of a gap is
masked. Without a response the samples stay counts, and serve only the very same channel. Band-limited change of the
sample rate by cutting the spectrum. Only `base.dmath`, pocketfft and square roots.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft as _fft

from testban.base import dmath
from testban.base.dmath import PI
from testban.base.records import Response, Segment
from testban.earth import response
from testban.repeat.grid import MARGIN_S, WINDOW_S

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]
Band = tuple[float, float]

EDGE = 0.2  # width of the band's edges, as a share of the corner: outside the corners
TAPER_S = 4.0
PHASES = 100  # parts of a sample interval that are told apart
NM = 1e9


def edge(u: F64) -> F64:
    """Smooth step from 0 at u = 0 to 1 at u = 1: 3 u^2 - 2 u^3."""
    v = np.clip(u, 0.0, 1.0)
    return np.asarray(v * v * (3.0 - 2.0 * v), dtype=np.float64)


def band_weight(f: F64, band: Band) -> F64:
    """1 inside the band, 0 beyond its edges."""
    low, high = band
    up = edge((f - low * (1.0 - EDGE)) / (low * EDGE))
    return up * (1.0 - edge((f - high) / (high * EDGE)))


def _bins(band: Band) -> tuple[int, int]:
    low, high = band
    return math.floor(low * (1.0 - EDGE) * WINDOW_S), math.ceil(high * (1.0 + EDGE) * WINDOW_S) + 1


@lru_cache(maxsize=512)
def _inverse(resp: Response | None, band: Band) -> C128:
    """Weight of the band over the response to velocity, nm/s per count, on the bins of the window."""
    lo, hi = _bins(band)
    f = np.arange(lo, hi, dtype=np.float64) / WINDOW_S
    out = np.zeros(hi - lo, dtype=np.complex128)
    w = band_weight(f, band)
    if resp is None:
        out.real = w
        return out
    used = (w > 0.0) & (f > 0.0)
    h = response.evaluate(resp, f[used], unit="m/s")
    re, im = h.real, h.imag
    power = re * re + im * im
    good = power > 0.0
    scale = np.where(good, w[used] * NM / np.where(good, power, 1.0), 0.0)
    out.real[used] = re * scale
    out.imag[used] = -im * scale
    return out


def usable(resp: Response | None, band: Band) -> bool:
    """Whether a response is finite and not zero all over the band."""
    if resp is None:
        return False
    lo, hi = _bins(band)
    v = _inverse(resp, band)
    f = np.arange(lo, hi, dtype=np.float64) / WINDOW_S
    inside = (f >= band[0]) & (f <= band[1])
    size = v.real * v.real + v.imag * v.imag
    return bool(np.isfinite(v.real).all() and np.isfinite(v.imag).all() and (size[inside] > 0.0).all())


def _detrended(x: F64) -> F64:
    n = len(x)
    t = np.arange(n, dtype=np.float64) - 0.5 * (n - 1)
    y = x - float(np.sum(x)) / n
    square = float(np.sum(t * t))
    return y - t * (float(np.sum(t * y)) / square) if square > 0.0 else y


def _tapered(x: F64, rate: float) -> F64:
    ramp = min(len(x) // 2, max(1, round(TAPER_S * rate)))
    w = edge((np.arange(ramp, dtype=np.float64) + 0.5) / ramp)
    x[:ramp] *= w
    x[len(x) - ramp :] *= w[::-1]
    return x


def ground(
    segments: Sequence[Segment], resp: Response | None, band: Band, start_ns: int, rate: int
) -> tuple[F64, NDArray[np.bool_]] | None:
    """Velocity (nm/s; counts where resp is None) in a band over the window at start_ns, and which samples hold.

    segments: clean ones of one channel and nominal rate, without overlaps. Shapes (WINDOW_S * rate,). None where no
    sample falls into the window.
    """
    groups: dict[int, F64] = {}
    valid = np.zeros(WINDOW_S * rate, dtype=np.bool_)
    raw_n = 0
    for s in segments:
        if s.sample_rate_hz < 2.2 * band[1] * (1.0 + EDGE):
            continue
        raw_n = raw_n or round(WINDOW_S * s.sample_rate_hz)
        step = 1e9 * WINDOW_S / raw_n
        at = (s.start_ns - start_ns) / step
        k = math.floor(at + 0.5)
        phase = math.floor((at - k) * PHASES + 0.5)
        lo, hi = max(0, -k), min(len(s.samples), raw_n - k)
        if hi - lo < 2.0 * MARGIN_S * s.sample_rate_hz:
            continue
        x = _tapered(_detrended(np.asarray(s.samples[lo:hi], dtype=np.float64)), s.sample_rate_hz)
        groups.setdefault(phase, np.zeros(raw_n))[k + lo : k + hi] += x
        begin = math.ceil(((k + lo) * step * 1e-9 + MARGIN_S) * rate)
        end = math.floor(((k + hi) * step * 1e-9 - MARGIN_S) * rate)
        valid[max(0, begin) : max(0, end)] = True
    if not groups or not valid.any():
        return None
    lo, hi = _bins(band)
    total = np.zeros(hi - lo, dtype=np.complex128)
    for phase in sorted(groups):
        spectrum = _fft.rfft(groups[phase])[lo:hi]
        total += spectrum * _shift(phase, raw_n, lo, hi) if phase else spectrum
    n = WINDOW_S * rate
    out = np.zeros(n // 2 + 1, dtype=np.complex128)
    inverse = _inverse(resp, band)
    re = total.real * inverse.real - total.imag * inverse.imag
    im = total.real * inverse.imag + total.imag * inverse.real
    top = min(hi, n // 2)
    out.real[lo:top] = re[: top - lo] * (n / raw_n)
    out.imag[lo:top] = im[: top - lo] * (n / raw_n)
    return np.asarray(_fft.irfft(out, n), dtype=np.float64), valid


def _shift(phase: int, raw_n: int, lo: int, hi: int) -> C128:
    """exp(-2 pi i f d) for samples that lie d = phase / PHASES intervals late."""
    angle = np.arange(lo, hi, dtype=np.float64) * (-2.0 * PI * phase / (PHASES * raw_n))
    out = np.empty(hi - lo, dtype=np.complex128)
    out.real, out.imag = dmath.cos(angle), dmath.sin(angle)
    return out
