"""Ambient noise: the low- and high-noise models and what they mean as an amplitude in a band.

Rules: power spectral densities are one-sided, of ground acceleration, in dB relative to 1 (m/s**2)**2/Hz. The models
are those of Peterson (1993), USGS Open-File Report 93-322, tables 3 and 4: PSD = A + B log10(period). NaN outside
0.1..100 000 s. Bands are integrated on a fixed grid in log frequency.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import exp, log10, log10_, log_

Floats = NDArray[np.float64]
Psd = Callable[[Floats], Floats]

MIN_PERIOD_S, MAX_PERIOD_S = 0.1, 1e5
# rows: from period (s), A, B
_NLNM = np.array(
    [
        (0.10, -162.36, 5.64), (0.17, -166.70, 0.00), (0.40, -170.00, -8.30), (0.80, -166.40, 28.90),
        (1.24, -168.60, 52.48), (2.40, -159.98, 29.81), (4.30, -141.10, 0.00), (5.00, -71.36, -99.77),
        (6.00, -97.26, -66.49), (10.00, -132.18, -31.57), (12.00, -205.27, 36.16), (15.60, -37.65, -104.33),
        (21.90, -114.37, -47.10), (31.60, -160.58, -16.28), (45.00, -187.50, 0.00), (70.00, -216.47, 15.70),
        (101.00, -185.00, 0.00), (154.00, -168.34, -7.61), (328.00, -217.43, 11.90), (600.00, -258.28, 26.60),
        (10000.00, -346.88, 48.75),
    ]
)  # fmt: skip
_NHNM = np.array(
    [
        (0.10, -108.73, -17.23), (0.22, -150.34, -80.50), (0.32, -122.31, -23.87), (0.80, -116.85, 32.51),
        (3.80, -108.48, 18.08), (4.60, -74.66, -32.95), (6.30, 0.66, -127.18), (7.90, -93.37, -22.42),
        (15.40, 73.54, -162.98), (20.00, -151.52, 10.01), (354.80, -206.66, 31.63),
    ]
)  # fmt: skip


def _model(table: Floats, period_s: ArrayLike) -> Floats:
    t = np.asarray(period_s, float)
    inside = (t >= MIN_PERIOD_S) & (t <= MAX_PERIOD_S)
    safe = np.where(inside, t, 1.0)
    k = np.searchsorted(table[:, 0], safe, side="right") - 1
    level = table[k, 1] + table[k, 2] * log10(safe).reshape(t.shape)
    return np.asarray(np.where(inside, level, np.nan))


def nlnm(period_s: ArrayLike) -> Floats:
    """New low-noise model at the periods, dB rel. 1 (m/s**2)**2/Hz; NaN outside 0.1..1e5 s."""
    return _model(_NLNM, period_s)


def nhnm(period_s: ArrayLike) -> Floats:
    """New high-noise model at the periods, dB rel. 1 (m/s**2)**2/Hz; NaN outside 0.1..1e5 s."""
    return _model(_NHNM, period_s)


def between(fraction: float) -> Psd:
    """A noise level between the models: 0 is the low-noise model, 1 the high-noise model (linear in dB)."""
    return lambda period_s: (1.0 - fraction) * nlnm(period_s) + fraction * nhnm(period_s)


def _band(psd: Psd, low_hz: float, high_hz: float, order: int, n: int = 401) -> float:
    """Root of the integral of PSD / (2 pi f)**order over the band (trapezoids in log f)."""
    lf = np.linspace(log_(low_hz), log_(high_hz), n)
    f = exp(lf)
    power = exp(psd(1.0 / f) * (0.1 * 2.302585092994046))
    w = 2.0 * np.pi * f
    y = power * f
    for _ in range(order):
        y = y / w
    return float(np.sqrt(np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(lf))))


def rms_displacement(psd: Psd, low_hz: float, high_hz: float) -> float:
    """Root-mean-square ground displacement in m between two frequencies; psd(period_s) in dB of acceleration."""
    return _band(psd, low_hz, high_hz, 4)


def rms_velocity(psd: Psd, low_hz: float, high_hz: float) -> float:
    """Root-mean-square ground velocity in m/s between two frequencies."""
    return _band(psd, low_hz, high_hz, 2)


def a_over_t(psd: Psd, low_hz: float, high_hz: float) -> float:
    """Noise as an mb amplitude over period in nm/s, ZERO-TO-PEAK of the sinusoid with the same rms velocity.

    A sinusoid of amplitude A and period T has rms velocity sqrt(2) pi A / T, so A / T = rms / (sqrt(2) pi).
    """
    return a_over_t_from_velocity(rms_velocity(psd, low_hz, high_hz))


def a_over_t_from_velocity(rms_m_s: float) -> float:
    """A / T in nm/s (zero-to-peak) of the sinusoid with this rms ground velocity in m/s."""
    return rms_m_s * 1e9 / (1.4142135623730951 * np.pi)


def to_psd_db(rms_displacement_m: float, frequency_hz: float, bandwidth_hz: float) -> float:
    """PSD of acceleration in dB of noise with this rms displacement in a narrow band around a frequency."""
    w = 2.0 * np.pi * frequency_hz
    a = rms_displacement_m * w * w
    return 10.0 * log10_(a * a / bandwidth_hz)
