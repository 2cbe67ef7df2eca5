"""Delay-and-sum beams of an array, sets of beams for a given aperture, and what a beam gains.

Rules: shifts by fractions of a sample through a windowed-sinc interpolator of fixed length in the time domain, so a
beam sample depends only on the samples around it and not on where the recording was cut; sums run over elements in
their order; no BLAS, no fastmath. beam(t) = sum_i w_i x_i(t + d_i) / sum_i w_i with d_i the delay of element i
(`fk.delays`). Interpolator: sinc under a Hann window of 2 x 16 samples; error below 4e-3 up to 0.8 of Nyquist, below 2e-4 to 0.5.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import PI, cos_, log10_, sin_
from testban.base.errors import InputError
from testban.signal import fk

Floats = NDArray[np.float64]

HALF = 16  # samples of the interpolator on each side


@njit(cache=True)
def _taps(fraction: float, out: Floats) -> None:
    """Interpolator for x(k + fraction), 0 <= fraction < 1: out[m] multiplies x[k - HALF + 1 + m]; sums to one."""
    total = 0.0
    half = out.size // 2
    for m in range(out.size):
        u = m - half + 1 - fraction
        s = 1.0 if abs(u) < 1e-12 else sin_(PI * u) / (PI * u)
        out[m] = s * (0.5 + 0.5 * cos_(PI * u / half))
        total += out[m]
    for m in range(out.size):
        out[m] /= total


@njit(cache=True)
def _add(x: Floats, whole: int, taps: Floats, weight: float, out: Floats) -> None:
    """out[t] += weight * x(t + whole + fraction), samples beyond the ends counting as zero."""
    n = x.size
    half = taps.size // 2
    for m in range(0, taps.size, 4):
        at = whole - half + 1 + m
        c0, c1, c2, c3 = weight * taps[m], weight * taps[m + 1], weight * taps[m + 2], weight * taps[m + 3]
        lo, hi = max(0, -at), min(out.size, n - at - 3)
        for t in range(max(0, -at - 3), min(lo, out.size)):
            for j in range(4):
                if 0 <= t + at + j < n:
                    out[t] += weight * taps[m + j] * x[t + at + j]
        for t in range(lo, hi):
            k = t + at
            out[t] += ((c0 * x[k] + c1 * x[k + 1]) + c2 * x[k + 2]) + c3 * x[k + 3]
        for t in range(max(lo, hi), min(out.size, n - at)):
            for j in range(4):
                if 0 <= t + at + j < n:
                    out[t] += weight * taps[m + j] * x[t + at + j]


def advance(x: ArrayLike, delay_s: float, rate_hz: float) -> Floats:
    """x(t + delay) on the same sample times; samples beyond the ends count as zero."""
    return beam(np.asarray(x, dtype=np.float64)[None, :], [delay_s], rate_hz)


def beam(traces: ArrayLike, delays_s: ArrayLike, rate_hz: float, weights: ArrayLike | None = None) -> Floats:
    """Weighted mean of the traces (n, samples), each read delays_s (n,) later; (samples,) in their unit.

    Within max |delay| x rate + 16 samples of an end fewer samples contribute (the rest counts as zero): take a margin.
    Raises InputError for shapes that differ, values that are not finite, or weights that are not positive in sum.
    """
    x = np.ascontiguousarray(traces, dtype=np.float64)
    d = np.asarray(delays_s, dtype=np.float64).reshape(-1)
    if x.ndim != 2 or d.size != x.shape[0] or not x.shape[0]:
        raise InputError(f"expected traces (n, samples) and n delays, got {x.shape} and {d.shape}")
    w = np.ones(d.size) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)
    if w.size != d.size or not float(np.sum(w)) > 0.0 or not rate_hz > 0.0:
        raise InputError(
            f"expected {d.size} weights of positive sum and a positive rate, got {w.tolist()}, {rate_hz}"
        )
    if not (np.isfinite(d).all() and np.isfinite(x).all()):
        raise InputError("expected finite samples and delays, got NaN or infinity: leave that element out")
    total = float(np.sum(w))
    out, taps = np.zeros(x.shape[1]), np.empty(2 * HALF)
    for i in range(d.size):
        shift = float(d[i]) * rate_hz
        whole = math.floor(shift)
        _taps(shift - whole, taps)
        _add(x[i], whole, taps, float(w[i]) / total, out)
    return out


def incoherent(traces: ArrayLike) -> Floats:
    """Root of the mean squared sample over elements, (samples,): blind to direction and to lost coherence."""
    x = np.asarray(traces, dtype=np.float64)
    return np.asarray(np.sqrt(np.sum(x * x, axis=0) / x.shape[0]), dtype=np.float64)


def beam_set(
    east_km: ArrayLike,
    north_km: ArrayLike,
    frequency_hz: float,
    smax_s_per_deg: float = 14.0,
    max_beams: int = 37,
) -> Floats:
    """Slownesses (m, 2), east and north in s/deg, that cover the disc |s| <= smax with beams of this aperture.

    Hexagonal, the first at zero; neighbours as far apart as the half-power width of the main lobe at frequency_hz
    (loss below 1.5 dB half way), or farther where that took more than max_beams: then a set of this size cannot
    hold the loss at that frequency, and the incoherent beam has to catch what falls between.
    """
    if not (max_beams >= 1 and smax_s_per_deg > 0.0):
        raise InputError(f"expected max_beams >= 1 and smax > 0, got {max_beams}, {smax_s_per_deg}")
    width = fk.resolution(east_km, north_km, frequency_hz, reach_s_per_deg=1.0).beamwidth_s_per_deg
    step = math.sqrt(width[0] * width[1])
    while True:
        nodes = _hexagon(step, smax_s_per_deg)
        if len(nodes) <= max_beams:
            return np.array(nodes)
        step *= 1.02


def _hexagon(step: float, smax: float) -> list[tuple[float, float]]:
    rows = math.ceil(smax / (step * 0.8660254037844386))
    columns = math.ceil(smax / step) + 1
    found = []
    for r in range(-rows, rows + 1):
        for c in range(-columns, columns + 1):
            x, y = (c + 0.5 * (r % 2)) * step, r * 0.8660254037844386 * step
            if x * x + y * y <= smax * smax * (1.0 + 1e-9):
                found.append((round(x * x + y * y, 9), x, y))
    return [(x, y) for _, x, y in sorted(found)]


def snr(x: ArrayLike, signal: slice, noise: slice) -> float:
    """Root mean square in `signal` over that in `noise` of a band-limited trace."""
    a = np.asarray(x, dtype=np.float64)
    s, n = a[signal], a[noise]
    if not s.size or not n.size:
        raise InputError(f"expected samples in both windows, got {s.size} and {n.size}")
    base = float(np.sum(n * n)) / n.size
    return math.sqrt(float(np.sum(s * s)) / s.size / base) if base > 0.0 else math.inf


def gain_db(traces: ArrayLike, steered: ArrayLike, signal: slice, noise: slice) -> float:
    """Gain of a beam in dB: its SNR over the mean SNR of the elements (n, samples), all in one band."""
    elements = [snr(x, signal, noise) for x in np.asarray(traces, dtype=np.float64)]
    mean = sum(elements) / len(elements)
    return 20.0 * float(log10_(snr(steered, signal, noise) / mean))
