"""Frequency-wavenumber analysis of an array: slowness, back-azimuth, their errors and the F statistic.

Rules: coherent over elements, incoherent over frequency bins; a plane wave delays element i against the reference
point by t_i = -(px x_i + py y_i) + q z_i, where (px, py) = slowness (sin, cos) of the back-azimuth and q is the
vertical slowness; no BLAS, no fastmath, one fixed order of summation, so the bits do not depend on the machine.
Semblance S(p) = sum_f |sum_i X_i exp(i w t_i)|^2 / (N sum_f sum_i |X_i|^2); F = (N - 1) S / (1 - S) (Blandford 1974,
Geophysics 39, 633-643). The grid steering is a product of an east and a north factor; the mirror pair (+py, -py)
shares its products. Errors: inverse curvature of the residual power (the Gaussian log-likelihood with the noise taken
from the residual), plus what an unknown `calibration_s` of timing per element does to the slowness.
"""

import math

import msgspec
import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base import dmath
from testban.base.dmath import PI, atan2_, sincos_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG

Floats = NDArray[np.float64]

TAPER = 0.22  # part of the window under the two cosine edges together
CALIBRATION_S = 0.02  # timing and site error of one element, one sigma; assumed, no survey behind it
UNIFORM_SIGMA_DEG = 103.923  # standard deviation of an angle of which nothing is known, 360 / sqrt(12)
_CONDITION = 1e-3  # least ratio of the squared principal apertures


class FkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The strongest plane wave in one window.

    covariance: of (px, py) in (s/deg)^2 as (xx, xy, yy). at_edge: the maximum lies on the rim of the grid, so the
    slowness is a lower bound. resolved: the curvature at the maximum is that of a peak. degrees: of freedom of the
    F statistic (numerator, denominator).
    """

    slowness_s_per_deg: float
    backazimuth_deg: float
    slowness_sigma: float
    backazimuth_sigma: float
    f_statistic: float
    relative_power: float
    east_s_per_deg: float = 0.0
    north_s_per_deg: float = 0.0
    covariance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    n_elements: int = 0
    degrees: tuple[float, float] = (0.0, 0.0)
    at_edge: bool = False
    resolved: bool = True


class Scan(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """f-k over successive windows; arrays of shape (windows,). start_s: of the window after the first sample."""

    start_s: Floats
    slowness_s_per_deg: Floats
    backazimuth_deg: Floats
    f_statistic: Floats
    relative_power: Floats
    east_s_per_deg: Floats
    north_s_per_deg: Floats


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What an array of this shape resolves at one frequency.

    beamwidth_s_per_deg: full width of the main lobe at half power, along its (wide, narrow) axes; strike_deg: azimuth
    of the wide axis; alias_s_per_deg: least slowness offset beyond the main lobe where the response exceeds `level`
    (infinity: none within the scan); aperture_km: greatest distance between two elements.
    """

    beamwidth_s_per_deg: tuple[float, float]
    strike_deg: float
    alias_s_per_deg: float
    aperture_km: float
    level: float = 0.5


@njit(cache=True)
def _steering(w: Floats, place: Floats, slowness: Floats, sign: float, re: Floats, im: Floats) -> None:
    """exp(i sign w s x) for every frequency, element and slowness; re, im of shape (nf, n, ns)."""
    for f in range(w.size):
        for i in range(place.size):
            for k in range(slowness.size):
                s, c = sincos_(sign * w[f] * place[i] * slowness[k])
                re[f, i, k] = c
                im[f, i, k] = s


@njit(cache=True)
def _grid(
    xr: Floats, xi: Floats, ar: Floats, ai: Floats, br: Floats, bi: Floats, weight: Floats, power: Floats
) -> None:
    """Add the weighted beam power of every bin to `power` (nx, 2 nh - 1).

    xr, xi: spectra (nf, n); ar, ai: east steering (nf, n, nx); br, bi: north steering (nf, n, nh) for py >= 0.
    Column nh - 1 + k is +py_k, nh - 1 - k is -py_k.
    """
    nf, n = xr.shape
    nx = ar.shape[2]
    nh = br.shape[2]
    p = np.empty(nh)
    q = np.empty(nh)
    r = np.empty(nh)
    s = np.empty(nh)
    gr = np.empty(n)
    gi = np.empty(n)
    for f in range(nf):
        for a in range(nx):
            for k in range(nh):
                p[k] = 0.0
                q[k] = 0.0
                r[k] = 0.0
                s[k] = 0.0
            for i in range(n):
                gr[i] = xr[f, i] * ar[f, i, a] - xi[f, i] * ai[f, i, a]
                gi[i] = xr[f, i] * ai[f, i, a] + xi[f, i] * ar[f, i, a]
            # Four elements a pass: a sum kept in a register costs a quarter of the memory traffic, same order.
            for j in range(n // 4):
                i = 4 * j
                g0, g1, g2, g3 = gr[i], gr[i + 1], gr[i + 2], gr[i + 3]
                h0, h1, h2, h3 = gi[i], gi[i + 1], gi[i + 2], gi[i + 3]
                for k in range(nh):
                    c0, c1, c2, c3 = br[f, i, k], br[f, i + 1, k], br[f, i + 2, k], br[f, i + 3, k]
                    p[k] = (((p[k] + g0 * c0) + g1 * c1) + g2 * c2) + g3 * c3
                    s[k] = (((s[k] + h0 * c0) + h1 * c1) + h2 * c2) + h3 * c3
                for k in range(nh):
                    d0, d1, d2, d3 = bi[f, i, k], bi[f, i + 1, k], bi[f, i + 2, k], bi[f, i + 3, k]
                    q[k] = (((q[k] + h0 * d0) + h1 * d1) + h2 * d2) + h3 * d3
                    r[k] = (((r[k] + g0 * d0) + g1 * d1) + g2 * d2) + g3 * d3
            for i in range(4 * (n // 4), n):
                for k in range(nh):
                    p[k] += gr[i] * br[f, i, k]
                    q[k] += gi[i] * bi[f, i, k]
                    r[k] += gr[i] * bi[f, i, k]
                    s[k] += gi[i] * br[f, i, k]
            for k in range(nh):
                u = p[k] - q[k]
                v = s[k] + r[k]
                power[a, nh - 1 + k] += weight[f] * (u * u + v * v)
            for k in range(1, nh):
                u = p[k] + q[k]
                v = s[k] - r[k]
                power[a, nh - 1 - k] += weight[f] * (u * u + v * v)


@njit(cache=True)
def _peak(power: Floats) -> tuple[int, int]:
    """First greatest element of a map, by rows."""
    best, bx, by = -1.0, 0, 0
    for a in range(power.shape[0]):
        for b in range(power.shape[1]):
            if power[a, b] > best:
                best, bx, by = power[a, b], a, b
    return bx, by


@njit(cache=True)
def _beam_power(
    xr: Floats,
    xi: Floats,
    w: Floats,
    weight: Floats,
    place: Floats,
    inverse_v2: float,
    px: float,
    py: float,
    out: Floats,
) -> None:
    """Beam power at one slowness with its derivatives: out = P, Px, Py, Pxx, Pxy, Pyy.

    place: (n, 3) east, north, up in km; slowness in s/km; inverse_v2 = 1 / surface velocity^2 (0: flat array).
    """
    nf, n = xr.shape
    up2 = inverse_v2 - px * px - py * py
    q, qx, qy, qxx, qxy, qyy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if up2 > 0.01 * inverse_v2 and inverse_v2 > 0.0:
        q = math.sqrt(up2)
        qx, qy = -px / q, -py / q
        qxx, qxy, qyy = -(1.0 + qx * qx) / q, -qx * qy / q, -(1.0 + qy * qy) / q
    for m in range(6):
        out[m] = 0.0
    for f in range(nf):
        b = np.zeros(12)
        for i in range(n):
            x, y, z = place[i, 0], place[i, 1], place[i, 2]
            s, c = sincos_(w[f] * (q * z - px * x - py * y))
            re = xr[f, i] * c - xi[f, i] * s
            im = xr[f, i] * s + xi[f, i] * c
            tx, ty = w[f] * (qx * z - x), w[f] * (qy * z - y)
            txx, txy, tyy = w[f] * qxx * z, w[f] * qxy * z, w[f] * qyy * z
            b[0] += re
            b[1] += im
            b[2] -= tx * im
            b[3] += tx * re
            b[4] -= ty * im
            b[5] += ty * re
            b[6] -= tx * tx * re + txx * im
            b[7] -= tx * tx * im - txx * re
            b[8] -= tx * ty * re + txy * im
            b[9] -= tx * ty * im - txy * re
            b[10] -= ty * ty * re + tyy * im
            b[11] -= ty * ty * im - tyy * re
        out[0] += weight[f] * (b[0] * b[0] + b[1] * b[1])
        out[1] += weight[f] * 2.0 * (b[0] * b[2] + b[1] * b[3])
        out[2] += weight[f] * 2.0 * (b[0] * b[4] + b[1] * b[5])
        out[3] += weight[f] * 2.0 * (b[2] * b[2] + b[3] * b[3] + b[0] * b[6] + b[1] * b[7])
        out[4] += weight[f] * 2.0 * (b[2] * b[4] + b[3] * b[5] + b[0] * b[8] + b[1] * b[9])
        out[5] += weight[f] * 2.0 * (b[4] * b[4] + b[5] * b[5] + b[0] * b[10] + b[1] * b[11])


@njit(cache=True)
def _refine(
    xr: Floats,
    xi: Floats,
    w: Floats,
    weight: Floats,
    place: Floats,
    inverse_v2: float,
    px: float,
    py: float,
    cell: float,
) -> tuple[float, float, Floats]:
    """Climb from a grid node to the maximum, damped Newton steps of at most half a cell, never downhill."""
    here = np.empty(6)
    there = np.empty(6)
    _beam_power(xr, xi, w, weight, place, inverse_v2, px, py, here)
    damping = 0.0
    x0, y0 = px, py
    for _ in range(40):
        hxx, hxy, hyy = -here[3], -here[4], -here[5]
        scale = 0.5 * (abs(hxx) + abs(hyy)) + 1e-300
        mean, half = 0.5 * (hxx + hyy), math.sqrt(0.25 * (hxx - hyy) ** 2 + hxy * hxy)
        shift = damping * scale
        if mean - half < 1e-3 * scale:
            shift += 1e-2 * scale - (mean - half)
        axx, ayy = hxx + shift, hyy + shift
        det = axx * ayy - hxy * hxy
        dx = (ayy * here[1] - hxy * here[2]) / det
        dy = (axx * here[2] - hxy * here[1]) / det
        size = math.sqrt(dx * dx + dy * dy)
        if size < 1e-7 * cell:
            break
        if size > 0.5 * cell:
            dx, dy = dx * 0.5 * cell / size, dy * 0.5 * cell / size
        nx, ny = px + dx, py + dy
        if abs(nx - x0) > 1.5 * cell or abs(ny - y0) > 1.5 * cell:
            break
        _beam_power(xr, xi, w, weight, place, inverse_v2, nx, ny, there)
        if there[0] > here[0]:
            px, py = nx, ny
            for m in range(6):
                here[m] = there[m]
            damping *= 0.3
        else:
            damping = 4.0 * damping + 0.1
            if damping > 1e4:
                break
    return px, py, here


@njit(cache=True)
def _bin_noise(
    xr: Floats, xi: Floats, w: Floats, place: Floats, inverse_v2: float, px: float, py: float, weight: Floats
) -> float:
    """Residual power per bin and element but one, as the slowness feels it: weighted by w^2 |beam|^2 (0: no beam)."""
    nf, n = xr.shape
    up2 = inverse_v2 - px * px - py * py
    q = math.sqrt(up2) if up2 > 0.01 * inverse_v2 and inverse_v2 > 0.0 else 0.0
    above, below = 0.0, 0.0
    for f in range(nf):
        re, im, total = 0.0, 0.0, 0.0
        for i in range(n):
            s, c = sincos_(w[f] * (q * place[i, 2] - px * place[i, 0] - py * place[i, 1]))
            re += xr[f, i] * c - xi[f, i] * s
            im += xr[f, i] * s + xi[f, i] * c
            total += xr[f, i] * xr[f, i] + xi[f, i] * xi[f, i]
        beam = re * re + im * im
        curve = weight[f] * w[f] * w[f] * beam
        above += curve * weight[f] * max(0.0, total - beam / n) / (n - 1)
        below += curve
    return above / below if below > 0.0 else 0.0


def cosine_taper(n: int, part: float = TAPER) -> Floats:
    """Window of n samples with cosine edges that take `part` of it together."""
    edge = max(1, min(n // 2, int(0.5 * part * n)))
    ramp = 0.5 * (1.0 - dmath.cos(PI * (np.arange(edge) + 0.5) / edge))
    out = np.ones(n)
    out[:edge] = ramp
    out[n - edge :] = ramp[::-1]
    return out


def geometry(east_km: ArrayLike, north_km: ArrayLike, elevation_km: ArrayLike | None = None) -> Floats:
    """Element places (n, 3) in km about their mean, checked: at least three elements, not on one line.

    Raises InputError for unequal lengths, places that are not finite, too few elements or a degenerate shape.
    """
    x = np.ascontiguousarray(east_km, dtype=np.float64).reshape(-1)
    y = np.ascontiguousarray(north_km, dtype=np.float64).reshape(-1)
    z = np.zeros(x.size) if elevation_km is None else np.asarray(elevation_km, dtype=np.float64).reshape(-1)
    if not x.size == y.size == z.size:
        raise InputError(f"expected one place per element, got {x.size} east, {y.size} north, {z.size} up")
    if x.size < 3:
        raise InputError(f"expected at least 3 array elements, got {x.size}: use a single-station method")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(z).all()):
        raise InputError("expected finite element places, got NaN or infinity: check the station table")
    place = np.column_stack([v - np.sum(v) / v.size for v in (x, y, z)])
    wide, narrow, _ = _axes(place)
    if not narrow > _CONDITION * wide:
        raise InputError(
            f"expected elements spread over a plane, got rms extents {math.sqrt(max(wide, 0.0)):.4g} and "
            f"{math.sqrt(max(narrow, 0.0)):.4g} km: on one line or at one place no direction can be found"
        )
    return np.ascontiguousarray(place)


def _axes(place: Floats) -> tuple[float, float, float]:
    """Mean squares (greater, lesser) of the principal extents in km^2 and the azimuth of the lesser in degrees."""
    n = place.shape[0]
    xx, yy = float(np.sum(place[:, 0] ** 2)) / n, float(np.sum(place[:, 1] ** 2)) / n
    xy = float(np.sum(place[:, 0] * place[:, 1])) / n
    mean, half = 0.5 * (xx + yy), math.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
    azimuth = math.fmod(0.5 * atan2_(2.0 * xy, yy - xx) * 180.0 / PI + 90.0, 180.0)
    return mean + half, mean - half, azimuth


def _bins(n: int, rate_hz: float, low_hz: float, high_hz: float) -> tuple[int, int, int]:
    """Padded length, first bin and number of bins of the band; InputError where the band holds none."""
    if not (rate_hz > 0.0 and 0.0 <= low_hz < high_hz):
        raise InputError(f"expected 0 <= low < high and a positive rate, got {low_hz}, {high_hz}, {rate_hz} Hz")
    nfft = 1
    while nfft < n:
        nfft *= 2
    step = rate_hz / nfft
    first = max(1, int(low_hz / step + 0.5))
    last = min(nfft // 2 - 1, int(high_hz / step + 0.5))
    if last < first:
        raise InputError(f"band {low_hz}-{high_hz} Hz holds no frequency of a window of {n} samples at {rate_hz} Hz")
    return nfft, first, last - first + 1


def _spectra(traces: Floats, taper: Floats, nfft: int, first: int, nf: int) -> tuple[Floats, Floats]:
    """Real and imaginary spectra (nf, n) of demeaned, tapered traces (n, samples)."""
    mean = np.sum(traces, axis=1, keepdims=True) / traces.shape[1]
    x = np.fft.rfft((traces - mean) * taper, nfft, axis=1)[:, first : first + nf]
    return np.ascontiguousarray(x.real.T), np.ascontiguousarray(x.imag.T)


def _checked(traces: ArrayLike, n: int) -> Floats:
    data = np.ascontiguousarray(traces, dtype=np.float64)
    if data.ndim != 2 or data.shape[0] != n:
        raise InputError(f"expected traces of shape ({n}, samples), got {data.shape}")
    if data.shape[1] < 8:
        raise InputError(f"expected at least 8 samples in the window, got {data.shape[1]}")
    if not np.isfinite(data).all():
        raise InputError("expected finite samples, got NaN or infinity: leave that element out")
    return data


class _Grid:
    """Steering of one geometry, band and slowness grid, made once for many windows."""

    def __init__(self, place: Floats, w: Floats, smax_s_per_deg: float, n_grid: int, inverse_v2: float) -> None:
        if not (smax_s_per_deg > 0.0 and n_grid >= 3):
            raise InputError(f"expected smax > 0 and n_grid >= 3, got {smax_s_per_deg} and {n_grid}")
        half = n_grid // 2
        self.cell = smax_s_per_deg / KM_PER_DEG / half
        self.axis = (np.arange(2 * half + 1) - half) * self.cell
        nf, n = w.size, place.shape[0]
        self.ar, self.ai = np.empty((nf, n, 2 * half + 1)), np.empty((nf, n, 2 * half + 1))
        self.br, self.bi = np.empty((nf, n, half + 1)), np.empty((nf, n, half + 1))
        _steering(w, np.ascontiguousarray(place[:, 0]), self.axis, -1.0, self.ar, self.ai)
        _steering(w, np.ascontiguousarray(place[:, 1]), self.axis[half:].copy(), -1.0, self.br, self.bi)
        # A height acts almost alike for every steep wave: the grid takes vertical incidence, the refinement is exact.
        self.zr, self.zi = np.ones((nf, n)), np.zeros((nf, n))
        if inverse_v2 > 0.0:
            zr, zi = np.empty((nf, n, 1)), np.empty((nf, n, 1))
            _steering(w, np.ascontiguousarray(place[:, 2]), np.array([math.sqrt(inverse_v2)]), 1.0, zr, zi)
            self.zr, self.zi = zr[:, :, 0], zi[:, :, 0]

    def power(self, xr: Floats, xi: Floats, weight: Floats) -> Floats:
        """Beam power over the grid, (east, north)."""
        out = np.zeros((self.axis.size, self.axis.size))
        _grid(
            xr * self.zr - xi * self.zi, xr * self.zi + xi * self.zr,
            self.ar, self.ai, self.br, self.bi, weight, out,
        )  # fmt: skip
        return out


def _vertical(surface_velocity_km_s: float | None, elevation_km: ArrayLike | None) -> float:
    if elevation_km is None:
        return 0.0
    v = 5.8 if surface_velocity_km_s is None else surface_velocity_km_s  # ak135 upper crust, km/s
    if not v > 0.0:
        raise InputError(f"expected a positive surface velocity in km/s, got {v}")
    return 1.0 / (v * v)


def _weights(xr: Floats, xi: Floats, whiten: bool) -> Floats:
    total = np.sum(xr * xr + xi * xi, axis=1)
    if not whiten:
        return np.ones(total.size)
    return np.where(total > 0.0, 1.0 / np.where(total > 0.0, total, 1.0), 0.0)


def fk(
    traces: ArrayLike,
    east_km: ArrayLike,
    north_km: ArrayLike,
    rate_hz: float,
    low_hz: float,
    high_hz: float,
    smax_s_per_deg: float = 20.0,
    n_grid: int = 51,
    *,
    elevation_km: ArrayLike | None = None,
    surface_velocity_km_s: float | None = None,
    whiten: bool = False,
    calibration_s: float = CALIBRATION_S,
) -> FkResult:
    """The strongest plane wave in one window of an array.

    traces: (n, samples), simultaneous, any one unit; places in km from any common point; the grid spans
    -smax..smax s/deg both ways with n_grid (odd) nodes, the maximum is then found between nodes. whiten: every bin
    counts alike. calibration_s: timing and site error of one element, one sigma, a floor under the stated errors
    (0: pure noise error). elevation_km with surface_velocity_km_s (5.8 if None) adds the vertical delay.
    Raises InputError for degenerate geometry, an empty band, samples that are not finite, or all zero.
    """
    place = geometry(east_km, north_km, elevation_km)
    data = _checked(traces, place.shape[0])
    nfft, first, nf = _bins(data.shape[1], rate_hz, low_hz, high_hz)
    w = 2.0 * PI * rate_hz / nfft * (first + np.arange(nf))
    inverse_v2 = _vertical(surface_velocity_km_s, elevation_km)
    xr, xi = _spectra(data, cosine_taper(data.shape[1]), nfft, first, nf)
    weight = _weights(xr, xi, whiten)
    total = float(np.sum(np.sum(xr * xr + xi * xi, axis=1) * weight))
    if not total > 0.0:
        raise InputError("expected a signal, got samples without any variation: dead elements must be left out")
    grid = _Grid(place, w, smax_s_per_deg, n_grid, inverse_v2)
    power = grid.power(xr, xi, weight)
    a, b = _peak(power)
    edge = a in (0, grid.axis.size - 1) or b in (0, grid.axis.size - 1)
    px, py, d = _refine(
        xr, xi, w, weight, place, inverse_v2, float(grid.axis[a]), float(grid.axis[b]), float(grid.cell)
    )
    used = data.shape[1] / nfft * (1.0 - 0.625 * TAPER)  # independent bins per bin: padding and mean squared taper
    noise = _bin_noise(xr, xi, w, place, inverse_v2, px, py, weight) / used
    return _result(px, py, d, total, noise, place, max(1.0, nf * used), calibration_s, edge)


def _result(
    px: float,
    py: float,
    d: Floats,
    total: float,
    noise: float,
    place: Floats,
    independent: float,
    calibration_s: float,
    edge: bool,
) -> FkResult:
    """Slowness, angles and errors from the refined maximum."""
    n = place.shape[0]
    semblance = min(1.0 - 1e-12, float(d[0]) / (n * total))
    f_statistic = (n - 1) * semblance / (1.0 - semblance)
    # Where signal and noise are alike the noise bends the maximum too: the error of an unknown signal grows as
    # F / (F - 1) in variance (Cramer-Rao), and the observed curvature is too sharp by about as much.
    noise *= (1.0 + 1.0 / max(f_statistic - 1.0, 0.05)) ** 2
    hxx, hxy, hyy = -float(d[3]) / n, -float(d[4]) / n, -float(d[5]) / n
    mean, half = 0.5 * (hxx + hyy), math.sqrt(0.25 * (hxx - hyy) ** 2 + hxy * hxy)
    resolved = mean - half > 1e-3 * (mean + half) and mean > 0.0
    cxx, cxy, cyy = _calibration(place, calibration_s)
    if resolved:
        det = hxx * hyy - hxy * hxy
        cxx, cxy, cyy = cxx + noise * hyy / det, cxy - noise * hxy / det, cyy + noise * hxx / det
    k2 = KM_PER_DEG * KM_PER_DEG
    east, north = px * KM_PER_DEG, py * KM_PER_DEG
    cov = (cxx * k2, cxy * k2, cyy * k2)
    s, baz, s_sigma, baz_sigma = polar(east, north, cov)
    if not resolved:
        s_sigma, baz_sigma = max(s_sigma, s, 10.0), UNIFORM_SIGMA_DEG
    return FkResult(
        slowness_s_per_deg=s,
        backazimuth_deg=baz,
        slowness_sigma=s_sigma,
        backazimuth_sigma=baz_sigma,
        f_statistic=f_statistic,
        relative_power=semblance,
        east_s_per_deg=east,
        north_s_per_deg=north,
        covariance=cov,
        n_elements=n,
        degrees=(2.0 * independent, 2.0 * independent * (n - 1)),
        at_edge=edge,
        resolved=resolved,
    )


def _calibration(place: Floats, sigma_s: float) -> tuple[float, float, float]:
    """Slowness covariance (s/km)^2 that independent timing errors of the elements cause: sigma^2 (X'X)^-1."""
    xx, yy = float(np.sum(place[:, 0] ** 2)), float(np.sum(place[:, 1] ** 2))
    xy = float(np.sum(place[:, 0] * place[:, 1]))
    det = xx * yy - xy * xy
    v = sigma_s * sigma_s
    return v * yy / det, -v * xy / det, v * xx / det


def polar(east: float, north: float, cov: tuple[float, float, float]) -> tuple[float, float, float, float]:
    """Slowness, back-azimuth (0..360 deg) and their standard deviations from a slowness vector and covariance.

    Near zero slowness the direction is unknown and its sigma grows towards that of a uniform angle (104 deg).
    """
    s = math.sqrt(east * east + north * north)
    baz = math.fmod(atan2_(east, north) * 180.0 / PI + 360.0, 360.0)
    if s > 0.0:
        ux, uy = east / s, north / s
        along = ux * ux * cov[0] + 2.0 * ux * uy * cov[1] + uy * uy * cov[2]
        across = uy * uy * cov[0] - 2.0 * ux * uy * cov[1] + ux * ux * cov[2]
        baz_sigma = math.sqrt(max(across, 0.0)) / s * 180.0 / PI
    else:
        along, baz_sigma = max(cov[0], cov[2]), UNIFORM_SIGMA_DEG
    # A smooth cap: the harmonic combination keeps small errors and never exceeds the uniform one.
    baz_sigma = baz_sigma / math.sqrt(1.0 + (baz_sigma / UNIFORM_SIGMA_DEG) ** 2)
    return s, baz, math.sqrt(max(along, 0.0)), baz_sigma


def scan(
    traces: ArrayLike,
    east_km: ArrayLike,
    north_km: ArrayLike,
    rate_hz: float,
    low_hz: float,
    high_hz: float,
    smax_s_per_deg: float = 20.0,
    n_grid: int = 51,
    *,
    window_s: float,
    step_s: float,
    elevation_km: ArrayLike | None = None,
    surface_velocity_km_s: float | None = None,
    whiten: bool = False,
    refine: bool = True,
) -> Scan:
    """f-k in windows of window_s every step_s through continuous traces (n, samples); a silent window gives NaN.

    refine False leaves the maximum on its grid node. Other arguments and errors as `fk`.
    """
    place = geometry(east_km, north_km, elevation_km)
    data = _checked(traces, place.shape[0])
    n, step = round(window_s * rate_hz), max(1, round(step_s * rate_hz))
    if n < 8 or n > data.shape[1]:
        raise InputError(f"expected a window of 8..{data.shape[1]} samples, got {n}: change window_s")
    nfft, first, nf = _bins(n, rate_hz, low_hz, high_hz)
    w = 2.0 * PI * rate_hz / nfft * (first + np.arange(nf))
    inverse_v2 = _vertical(surface_velocity_km_s, elevation_km)
    grid = _Grid(place, w, smax_s_per_deg, n_grid, inverse_v2)
    taper = cosine_taper(n)
    starts = np.arange(0, data.shape[1] - n + 1, step)
    out = np.full((4, starts.size), np.nan)
    for j, at in enumerate(starts):
        xr, xi = _spectra(data[:, at : at + n], taper, nfft, first, nf)
        weight = _weights(xr, xi, whiten)
        total = float(np.sum(np.sum(xr * xr + xi * xi, axis=1) * weight))
        if not total > 0.0:
            continue
        power = grid.power(xr, xi, weight)
        a, b = _peak(power)
        px, py, p = float(grid.axis[a]), float(grid.axis[b]), float(power[a, b])
        if refine:
            px, py, d = _refine(xr, xi, w, weight, place, inverse_v2, px, py, float(grid.cell))
            p = float(d[0])
        semblance = min(1.0 - 1e-12, p / (place.shape[0] * total))
        out[:, j] = px * KM_PER_DEG, py * KM_PER_DEG, semblance, semblance / (1.0 - semblance)
    slow = np.sqrt(out[0] ** 2 + out[1] ** 2)
    baz = np.array([math.fmod(atan2_(x, y) * 180.0 / PI + 360.0, 360.0) for x, y in zip(out[0], out[1], strict=True)])
    baz[np.isnan(slow)] = np.nan
    return Scan(
        start_s=starts / rate_hz,
        slowness_s_per_deg=slow,
        backazimuth_deg=baz,
        f_statistic=(place.shape[0] - 1) * out[3],
        relative_power=out[2],
        east_s_per_deg=out[0],
        north_s_per_deg=out[1],
    )


def delays(
    east_km: ArrayLike,
    north_km: ArrayLike,
    slowness_s_per_deg: float,
    backazimuth_deg: float,
    elevation_km: ArrayLike | None = None,
    surface_velocity_km_s: float | None = None,
) -> Floats:
    """Delay of a plane wave at each element against the common origin of the places, in seconds (n,)."""
    x, y = np.asarray(east_km, dtype=np.float64), np.asarray(north_km, dtype=np.float64)
    s, c = sincos_(backazimuth_deg * dmath.DEG)
    p = slowness_s_per_deg / KM_PER_DEG
    out = -p * (s * x + c * y)
    q2 = _vertical(surface_velocity_km_s, elevation_km) - p * p
    if elevation_km is not None and q2 > 0.0:
        out = out + math.sqrt(q2) * np.asarray(elevation_km, dtype=np.float64)
    return np.asarray(out, dtype=np.float64)


def resolution(
    east_km: ArrayLike, north_km: ArrayLike, frequency_hz: float, level: float = 0.5, reach_s_per_deg: float = 40.0
) -> Resolution:
    """What the geometry resolves at one frequency: main lobe from its curvature, aliases from a scan of the response.

    Near zero |R|^2 = 1 - w^2 p'Mp with M the mean products of the places; the half-power width follows from the
    Gaussian of the same curvature. Raises InputError as `geometry` does.
    """
    place = geometry(east_km, north_km)
    if not frequency_hz > 0.0:
        raise InputError(f"expected a positive frequency, got {frequency_hz} Hz")
    wide, narrow, azimuth = _axes(place)
    w = 2.0 * PI * frequency_hz
    lobe = [2.0 * math.sqrt(0.6931471805599453 / (w * w * m)) * KM_PER_DEG for m in (narrow, wide)]
    n_grid = 2 * min(200, max(25, math.ceil(4.0 * reach_s_per_deg / lobe[1]))) + 1
    grid = _Grid(place, np.array([w]), reach_s_per_deg, n_grid, 0.0)
    ones = np.ones((1, place.shape[0]))
    r = grid.power(ones, np.zeros_like(ones), np.ones(1)) / place.shape[0] ** 2
    offset = np.sqrt(grid.axis[:, None] ** 2 + grid.axis[None, :] ** 2) * KM_PER_DEG
    far = offset[(r > level) & (offset > lobe[0])]
    span = [
        (place[i, 0] - place[j, 0]) ** 2 + (place[i, 1] - place[j, 1]) ** 2
        for i in range(place.shape[0])
        for j in range(i)
    ]
    return Resolution(
        beamwidth_s_per_deg=(lobe[0], lobe[1]),
        strike_deg=azimuth,
        alias_s_per_deg=float(np.min(far)) if far.size else math.inf,
        aperture_km=math.sqrt(max(span)),
        level=level,
    )
