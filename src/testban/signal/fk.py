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
from numpy.typing import ArrayLike

from testban.base import dmath
from testban.base.dmath import PI, atan2_, sincos_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG
from testban.signal import fk_grid
from testban.signal.fk_grid import Floats
from testban.signal.fk_kernels import bin_noise_, peak_, refine_

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


def _checked(traces: ArrayLike, n: int) -> Floats:
    data = np.ascontiguousarray(traces, dtype=np.float64)
    if data.ndim != 2 or data.shape[0] != n:
        raise InputError(f"expected traces of shape ({n}, samples), got {data.shape}")
    if data.shape[1] < 8:
        raise InputError(f"expected at least 8 samples in the window, got {data.shape[1]}")
    if not np.isfinite(data).all():
        raise InputError("expected finite samples, got NaN or infinity: leave that element out")
    return data


def _vertical(surface_velocity_km_s: float | None, elevation_km: ArrayLike | None) -> float:
    if elevation_km is None:
        return 0.0
    v = 5.8 if surface_velocity_km_s is None else surface_velocity_km_s  # ak135 upper crust, km/s
    if not v > 0.0:
        raise InputError(f"expected a positive surface velocity in km/s, got {v}")
    return 1.0 / (v * v)


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
    nfft, first, nf = fk_grid.bins(data.shape[1], rate_hz, low_hz, high_hz)
    w = fk_grid.angular(rate_hz, nfft, first, nf)
    inverse_v2 = _vertical(surface_velocity_km_s, elevation_km)
    xr, xi = fk_grid.spectra(data, fk_grid.cosine_taper(data.shape[1]), nfft, first, nf)
    weight = fk_grid.weights(xr, xi, whiten)
    total = float(np.sum(np.sum(xr * xr + xi * xi, axis=1) * weight))
    if not total > 0.0:
        raise InputError(
            "expected a signal, got samples without any variation: dead elements must be left out"
        )
    grid = fk_grid.Grid(place, w, smax_s_per_deg, n_grid, inverse_v2)
    power = grid.power(xr, xi, weight)
    a, b = peak_(power)
    edge = a in (0, grid.axis.size - 1) or b in (0, grid.axis.size - 1)
    px, py, d = refine_(
        xr, xi, w, weight, place, inverse_v2, float(grid.axis[a]), float(grid.axis[b]), float(grid.cell)
    )
    used = (
        data.shape[1] / nfft * (1.0 - 0.625 * fk_grid.TAPER)
    )  # independent bins per bin: padding and mean squared taper
    noise = bin_noise_(xr, xi, w, place, inverse_v2, px, py, weight) / used
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
    nfft, first, nf = fk_grid.bins(n, rate_hz, low_hz, high_hz)
    w = fk_grid.angular(rate_hz, nfft, first, nf)
    inverse_v2 = _vertical(surface_velocity_km_s, elevation_km)
    grid = fk_grid.Grid(place, w, smax_s_per_deg, n_grid, inverse_v2)
    taper = fk_grid.cosine_taper(n)
    starts = np.arange(0, data.shape[1] - n + 1, step)
    out = np.full((4, starts.size), np.nan)
    for j, at in enumerate(starts):
        xr, xi = fk_grid.spectra(data[:, at : at + n], taper, nfft, first, nf)
        weight = fk_grid.weights(xr, xi, whiten)
        total = float(np.sum(np.sum(xr * xr + xi * xi, axis=1) * weight))
        if not total > 0.0:
            continue
        power = grid.power(xr, xi, weight)
        a, b = peak_(power)
        px, py, p = float(grid.axis[a]), float(grid.axis[b]), float(power[a, b])
        if refine:
            px, py, d = refine_(xr, xi, w, weight, place, inverse_v2, px, py, float(grid.cell))
            p = float(d[0])
        semblance = min(1.0 - 1e-12, p / (place.shape[0] * total))
        out[:, j] = px * KM_PER_DEG, py * KM_PER_DEG, semblance, semblance / (1.0 - semblance)
    slow = np.sqrt(out[0] ** 2 + out[1] ** 2)
    baz = np.array(
        [math.fmod(atan2_(x, y) * 180.0 / PI + 360.0, 360.0) for x, y in zip(out[0], out[1], strict=True)]
    )
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
    east_km: ArrayLike,
    north_km: ArrayLike,
    frequency_hz: float,
    level: float = 0.5,
    reach_s_per_deg: float = 40.0,
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
    grid = fk_grid.Grid(place, np.array([w]), reach_s_per_deg, n_grid, 0.0)
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
