"""Weak arrivals planted in real noise: the way to a curve of detection probability against SNR.

Rules: the noise keeps its counts; the template is scaled so that its peak over the rms of the noise before it, both
in the stated band, is the SNR asked for. The result is float counts rounded to int32 where the noise was int32.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.errors import InputError
from testban.base.records import Segment
from testban.base.times import NS_PER_S
from testban.simulate import draws, wavelets

Floats = NDArray[np.float64]


def plant(
    template: Floats,
    noise: Segment,
    snr: float,
    onset_s: float,
    band_hz: tuple[float, float] = (0.8, 4.5),
    noise_window_s: float = 60.0,
) -> Segment:
    """The noise with a template added that begins onset_s seconds after the segment's start.

    template: counts or any unit, shape (m,), at the noise's sample rate, its onset at index 0. snr: greatest absolute
    value of the filtered template over the rms of the filtered noise in the noise_window_s before the onset.
    Raises InputError where the template does not fit, the window is empty or dead, or the SNR is negative.
    """
    x = np.asarray(noise.samples, dtype=np.float64)
    y = np.asarray(template, dtype=np.float64)
    rate = noise.sample_rate_hz
    at = round(onset_s * rate)
    if not 0.0 <= snr < 1e9:
        raise InputError(f"expected an SNR of 0 or more, got {snr}")
    if y.ndim != 1 or len(y) < 4 or at + len(y) > len(x) or not np.all(np.isfinite(y)):
        raise InputError(
            f"expected a finite template that ends inside the noise, got {len(y)} samples at {onset_s} s of {len(x) / rate:.1f} s"
        )
    begin = at - round(noise_window_s * rate)
    if begin < 0:
        raise InputError(f"expected {noise_window_s} s of noise before the onset, got {onset_s} s")
    quiet = x[begin:at]
    rms = float(np.sqrt(np.mean(_filtered(quiet - float(np.mean(quiet)), rate, band_hz) ** 2)))
    peak = float(np.max(np.abs(_filtered(y, rate, band_hz))))
    if not (rms > 0.0 and peak > 0.0):
        raise InputError("expected live noise and a template with power in the band; one of them is zero")
    out = x.copy()
    out[at : at + len(y)] += y * (snr * rms / peak)
    samples = np.rint(out).astype(np.int32) if noise.samples.dtype == np.int32 else out
    return Segment(nslc=noise.nslc, start_ns=noise.start_ns, sample_rate_hz=rate, samples=samples)


def onset_ns(noise: Segment, onset_s: float) -> int:
    """The true onset of what `plant` planted: the time of the template's first sample."""
    return noise.start_ns + round(round(onset_s * noise.sample_rate_hz) * NS_PER_S / noise.sample_rate_hz)


def wavelet(
    rate_hz: float,
    seed: int = 0,
    corner_hz: float = 3.0,
    tstar_s: float = 0.5,
    coda: float = 0.15,
    coda_s: float = 8.0,
    length_s: float = 30.0,
) -> Floats:
    """A P arrival to plant: ground velocity, any unit, first motion up, with its own random coda; onset at index 0."""
    s = wavelets.Shape(
        wave="P",
        tstar_s=tstar_s,
        eta=0.0,
        corner_hz=corner_hz,
        deficit_hz=None,
        coda=coda,
        coda_s=coda_s,
        rise_s=0.3,
        length_s=length_s,
        horizontal=0.7,
    )
    n = 2 * round(length_s * rate_hz)
    f = wavelets.grid(n // 2 + 1, rate_hz / n)
    f[0] = 0.1 * f[1]
    w: Any = wavelets.minimum_phase(wavelets.log_spectrum(s, f), n)
    plain = np.fft.irfft(w, n)
    energy = float(np.sqrt(np.sum(plain * plain)))
    t = wavelets.grid(n, 1.0 / rate_hz, 0.5)
    env = wavelets.envelope(s, t) * (coda * float(np.abs(plain).max()) / energy)
    g = w * (1.0 + np.fft.rfft(env * draws.bulk_normal(draws.key(seed, "planted"), n)))
    g = g * wavelets.shift(f, -wavelets.onset_s(plain, rate_hz))
    x = np.fft.irfft(g * (2j * dmath.PI * f), n)[: n // 2]
    m = max(4, n // 8)
    x[-m:] *= 0.5 + 0.5 * dmath.cos(dmath.PI * (np.arange(m) + 0.5) / m)
    return np.asarray(x)


def _filtered(x: Floats, rate: float, band_hz: tuple[float, float]) -> Floats:
    n = 2 * len(x)
    f = np.maximum(np.arange(n // 2 + 1) * (rate / n), 1e-6)
    high = min(band_hz[1], 0.45 * rate)
    return np.asarray(
        np.fft.irfft(np.fft.rfft(x, n) * wavelets.band_magnitude(f, band_hz[0], high), n)[: len(x)]
    )
