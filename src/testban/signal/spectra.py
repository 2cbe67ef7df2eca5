"""Power spectra that every party can recompute: Welch averages and sine multitapers.

Rules: FFT by pocketfft, tapers from `base.dmath`, sums in fixed order, no BLAS. One-sided densities in unit^2/Hz whose
integral is the mean square. Welch (1967, IEEE Trans. Audio Electroacoust. 15, 70-73); sine tapers of Riedel &
Sidorenko (1995, IEEE Trans. Signal Process. 43, 188-195): v_k(t) = sqrt(2 / (n + 1)) sin(pi k (t + 1) / (n + 1)).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from testban.base import dmath
from testban.base.errors import InputError

Floats = NDArray[np.float64]


def sine_tapers(n: int, count: int) -> Floats:
    """The first `count` sine tapers of n samples, (count, n), each of unit energy."""
    k = np.arange(1, count + 1)[:, None]
    t = np.arange(1, n + 1)[None, :]
    phase = (k * t) % (2 * (n + 1))  # keeps the argument small and exact
    return math.sqrt(2.0 / (n + 1)) * dmath.sin(phase * (dmath.PI / (n + 1)))


def psd(
    x: ArrayLike, rate_hz: float, *, segment_s: float | None = None, overlap: float = 0.5, tapers: int = 3
) -> tuple[Floats, Floats]:
    """Frequencies in Hz and one-sided power density in unit^2/Hz, each (n // 2 + 1,).

    x: (samples,) without gaps. segment_s None: one segment (multitaper); else the mean over segments of that length
    with the given overlap (Welch). The mean of each segment is taken off. Raises InputError for too few samples,
    samples that are not finite, or settings without meaning.
    """
    a = np.ascontiguousarray(x, dtype=np.float64)
    n = a.size if segment_s is None else round(segment_s * rate_hz) if rate_hz > 0.0 else 0
    if a.ndim != 1 or not rate_hz > 0.0 or not 4 <= n <= a.size:
        raise InputError(
            f"expected a trace of at least one segment of 4 samples, got {a.shape} for a segment of {n}"
        )
    if not (0.0 <= overlap < 1.0 and 1 <= tapers <= n):
        raise InputError(f"expected 0 <= overlap < 1 and 1..{n} tapers, got {overlap} and {tapers}")
    if not np.isfinite(a).all():
        raise InputError("expected finite samples, got NaN or infinity: mask the gap first")
    window = sine_tapers(n, tapers)
    step = max(1, round(n * (1.0 - overlap)))
    total, count = np.zeros(n // 2 + 1), 0
    for at in range(0, a.size - n + 1, step):
        part = a[at : at + n] - float(np.sum(a[at : at + n])) / n
        for k in range(tapers):
            y = np.fft.rfft(part * window[k])
            total += y.real * y.real + y.imag * y.imag
            count += 1
    total *= 2.0 / (rate_hz * count)
    total[0] *= 0.5
    if n % 2 == 0:
        total[-1] *= 0.5
    return np.asarray(np.arange(n // 2 + 1) * (rate_hz / n), dtype=np.float64), total


def integrate(frequency_hz: ArrayLike, density: ArrayLike, low_hz: float, high_hz: float) -> float:
    """Power between two frequencies: every bin counts with the part of its width that lies in the band."""
    f, p = np.asarray(frequency_hz, dtype=np.float64), np.asarray(density, dtype=np.float64)
    if f.size < 2 or f.shape != p.shape or not low_hz < high_hz:
        raise InputError(f"expected a spectrum and low < high, got {f.shape}, {p.shape}, {low_hz}, {high_hz}")
    step = float(f[1] - f[0])
    lower, upper = np.maximum(f - 0.5 * step, 0.0), np.minimum(f + 0.5 * step, float(f[-1]))
    lower[0] = 0.0
    part = np.maximum(0.0, np.minimum(upper, high_hz) - np.maximum(lower, low_hz))
    # The first and the last bin are half as wide as the rest but hold a whole bin's power.
    scale = step / np.maximum(upper - lower, 1e-300)
    return float(np.sum(p * part * scale))


def band_power(x: ArrayLike, rate_hz: float, low_hz: float, high_hz: float, *, tapers: int = 3) -> float:
    """Mean square of a trace (samples,) within a band, in unit^2. Errors as `psd`; the band must lie below Nyquist."""
    if not 0.0 <= low_hz < high_hz <= 0.5 * rate_hz:
        raise InputError(f"expected 0 <= low < high <= {0.5 * rate_hz} Hz, got {low_hz}, {high_hz}")
    frequency, density = psd(x, rate_hz, tapers=tapers)
    return integrate(frequency, density, low_hz, high_hz)
