"""What f-k analysis lays beside each other: the spectra of a window, and plane waves over a grid of slowness.

Rules: as in `fk`, whose formulas these are: no BLAS, one fixed order of summation. The steering is a product of an
east and a north factor; the mirror pair (+py, -py) shares its products.
"""

import math

import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.dmath import PI
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG
from testban.signal.fk_kernels import grid_, steering_

Floats = NDArray[np.float64]

TAPER = 0.22  # part of the window under the two cosine edges together


def cosine_taper(n: int, part: float = TAPER) -> Floats:
    """Window of n samples with cosine edges that take `part` of it together."""
    edge = max(1, min(n // 2, int(0.5 * part * n)))
    ramp = 0.5 * (1.0 - dmath.cos(PI * (np.arange(edge) + 0.5) / edge))
    out = np.ones(n)
    out[:edge] = ramp
    out[n - edge :] = ramp[::-1]
    return out


def bins(n: int, rate_hz: float, low_hz: float, high_hz: float) -> tuple[int, int, int]:
    """Padded length, first bin and number of bins of the band; InputError where the band holds none."""
    if not (rate_hz > 0.0 and 0.0 <= low_hz < high_hz):
        raise InputError(
            f"expected 0 <= low < high and a positive rate, got {low_hz}, {high_hz}, {rate_hz} Hz"
        )
    nfft = 1
    while nfft < n:
        nfft *= 2
    step = rate_hz / nfft
    first = max(1, int(low_hz / step + 0.5))
    last = min(nfft // 2 - 1, int(high_hz / step + 0.5))
    if last < first:
        raise InputError(
            f"band {low_hz}-{high_hz} Hz holds no frequency of a window of {n} samples at {rate_hz} Hz"
        )
    return nfft, first, last - first + 1


def angular(rate_hz: float, nfft: int, first: int, nf: int) -> Floats:
    """Angular frequencies of the bins, rad/s."""
    return np.asarray(2.0 * PI * rate_hz / nfft * (first + np.arange(nf)), dtype=np.float64)


def spectra(traces: Floats, taper: Floats, nfft: int, first: int, nf: int) -> tuple[Floats, Floats]:
    """Real and imaginary spectra (nf, n) of demeaned, tapered traces (n, samples)."""
    mean = np.sum(traces, axis=1, keepdims=True) / traces.shape[1]
    x = np.fft.rfft((traces - mean) * taper, nfft, axis=1)[:, first : first + nf]
    return np.ascontiguousarray(x.real.T), np.ascontiguousarray(x.imag.T)


def weights(xr: Floats, xi: Floats, whiten: bool) -> Floats:
    """Weight of each bin (nf,): 1, or 1 over its power where every bin is to count alike."""
    total = np.sum(xr * xr + xi * xi, axis=1)
    if not whiten:
        return np.ones(total.size)
    return np.asarray(np.where(total > 0.0, 1.0 / np.where(total > 0.0, total, 1.0), 0.0), dtype=np.float64)


class Grid:
    """Steering of one geometry, band and slowness grid, made once for many windows."""

    def __init__(
        self, place: Floats, w: Floats, smax_s_per_deg: float, n_grid: int, inverse_v2: float
    ) -> None:
        if not (smax_s_per_deg > 0.0 and n_grid >= 3):
            raise InputError(f"expected smax > 0 and n_grid >= 3, got {smax_s_per_deg} and {n_grid}")
        half = n_grid // 2
        self.cell = smax_s_per_deg / KM_PER_DEG / half
        self.axis: Floats = np.asarray((np.arange(2 * half + 1) - half) * self.cell, dtype=np.float64)
        nf, n = w.size, place.shape[0]
        self.ar, self.ai = np.empty((nf, n, 2 * half + 1)), np.empty((nf, n, 2 * half + 1))
        north = np.zeros(-(-(half + 1) // 16) * 16)
        north[: half + 1] = self.axis[half:]
        self.br, self.bi = np.empty((nf, n, north.size)), np.empty((nf, n, north.size))
        steering_(w, np.ascontiguousarray(place[:, 0]), self.axis, -1.0, self.ar, self.ai)
        steering_(w, np.ascontiguousarray(place[:, 1]), north, -1.0, self.br, self.bi)
        # A height acts almost alike for every steep wave: the grid takes vertical incidence, the refinement is exact.
        self.zr, self.zi = np.ones((nf, n)), np.zeros((nf, n))
        if inverse_v2 > 0.0:
            zr, zi = np.empty((nf, n, 1)), np.empty((nf, n, 1))
            steering_(w, np.ascontiguousarray(place[:, 2]), np.array([math.sqrt(inverse_v2)]), 1.0, zr, zi)
            self.zr, self.zi = zr[:, :, 0], zi[:, :, 0]

    def power(self, xr: Floats, xi: Floats, weight: Floats) -> Floats:
        """Beam power over the grid, (east, north)."""
        out = np.zeros((self.axis.size, self.axis.size))
        grid_(
            xr * self.zr - xi * self.zi, xr * self.zi + xi * self.zr,
            self.ar, self.ai, self.br, self.bi, weight, out,
        )  # fmt: skip
        return out
