"""Polarisation of three components: where a wave comes from, how steeply, how straight, and whether it looks like S.

Rules: components are Z up, N, E in one unit and already band-limited; second moments about zero in a window after the
onset (Jurkevics 1988, BSSA 78, 1725-1743); the symmetric 3x3 eigenproblem is solved by cyclic Jacobi rotations, no
BLAS. A P wave moves up and away from its source, or down and towards it, so its back-azimuth follows from the
correlation of Z with the horizontals without the 180-degree ambiguity. Stated errors: what the motion across the ray
does to the angle, plus a floor for structure and sensor orientation, calibrated where the constants say.
"""

import math

import msgspec
import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import DEG, atan2_, atan_, exp_, sincos_
from testban.base.errors import InputError

Floats = NDArray[np.float64]

WINDOW_S = 2.5
LEAD_S = 0.2
UNIFORM_SIGMA_DEG = 103.923  # standard deviation of an angle of which nothing is known
FLOOR_DEG = 5.0  # orientation of the sensors and bent rays
SCATTER = (
    0.1  # horizontal motion over the vertical that is not the ray's: one sigma, see docs/rooms/arrays.md
)
_LEAST_DETERMINANT = 0.1


class Polarisation(msgspec.Struct, frozen=True, kw_only=True):
    """Polarisation of one onset, read as P (back-azimuth, incidence) and tested for S.

    backazimuth_deg: 0..360 with its standard deviation (104 where nothing is known); incidence_deg: apparent angle of
    motion from the vertical, 0..90, with incidence_sigma; rectilinearity and planarity 0..1 (Jurkevics 1988);
    s_like: 0 P-like .. 1 S-like; horizontal_ratio: horizontal over vertical energy after the noise is taken off;
    coherence: |correlation| of Z with the horizontal motion along the back-azimuth; snr: signal over noise rms, all
    components; n_independent: independent samples in the window.
    """

    backazimuth_deg: float
    backazimuth_sigma: float
    incidence_deg: float
    rectilinearity: float
    s_like: float
    incidence_sigma: float = 90.0
    planarity: float = 0.0
    horizontal_ratio: float = 0.0
    coherence: float = 0.0
    snr: float = 0.0
    n_independent: float = 1.0
    eigenvalues: tuple[float, float, float] = (0.0, 0.0, 0.0)


@njit(cache=True)
def _moments(z: Floats, n: Floats, e: Floats, first: int, last: int, out: Floats) -> None:
    """Mean products zz, zn, ze, nn, ne, ee over samples first..last-1."""
    for m in range(6):
        out[m] = 0.0
    for k in range(first, last):
        out[0] += z[k] * z[k]
        out[1] += z[k] * n[k]
        out[2] += z[k] * e[k]
        out[3] += n[k] * n[k]
        out[4] += n[k] * e[k]
        out[5] += e[k] * e[k]
    for m in range(6):
        out[m] /= max(1, last - first)


@njit(cache=True)
def _jacobi(a: Floats, values: Floats, vectors: Floats) -> None:
    """Eigenvalues (descending) and eigenvectors (columns) of a symmetric 3x3; `a` is destroyed."""
    for i in range(3):
        for j in range(3):
            vectors[i, j] = 1.0 if i == j else 0.0
    for _ in range(30):
        off = a[0, 1] * a[0, 1] + a[0, 2] * a[0, 2] + a[1, 2] * a[1, 2]
        if off <= 1e-32 * (a[0, 0] * a[0, 0] + a[1, 1] * a[1, 1] + a[2, 2] * a[2, 2]):
            break
        for p in range(2):
            for q in range(p + 1, 3):
                if a[p, q] == 0.0:
                    continue
                theta = 0.5 * (a[q, q] - a[p, p]) / a[p, q]
                t = 1.0 / (abs(theta) + math.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    t = -t
                c = 1.0 / math.sqrt(t * t + 1.0)
                s = t * c
                for k in range(3):
                    u, v = a[k, p], a[k, q]
                    a[k, p], a[k, q] = c * u - s * v, s * u + c * v
                for k in range(3):
                    u, v = a[p, k], a[q, k]
                    a[p, k], a[q, k] = c * u - s * v, s * u + c * v
                for k in range(3):
                    u, v = vectors[k, p], vectors[k, q]
                    vectors[k, p], vectors[k, q] = c * u - s * v, s * u + c * v
    for i in range(3):
        values[i] = a[i, i]
    for i in range(2):
        for j in range(2 - i):
            if values[j] < values[j + 1]:
                values[j], values[j + 1] = values[j + 1], values[j]
                for k in range(3):
                    vectors[k, j], vectors[k, j + 1] = vectors[k, j + 1], vectors[k, j]


def eigen3(matrix: ArrayLike) -> tuple[Floats, Floats]:
    """Eigenvalues (3,) descending and eigenvectors (3, 3) in columns of a symmetric matrix."""
    a = np.array(matrix, dtype=np.float64)
    if a.shape != (3, 3) or not np.isfinite(a).all():
        raise InputError(f"expected a finite 3x3 matrix, got shape {a.shape}")
    values, vectors = np.empty(3), np.empty((3, 3))
    _jacobi(a, values, vectors)
    return values, vectors


def rotate_to_zne(
    traces: ArrayLike, azimuths_deg: ArrayLike, dips_deg: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Vertical (up), north and east motion from three sensors of any orientation.

    traces (3, samples); azimuths from north; dips positive down (StationXML: vertical up is -90, a reversed vertical
    +90 is turned over). Raises InputError for a set that does not span space (determinant below 0.1) or unknown angles.
    """
    x = np.asarray(traces, dtype=np.float64)
    az, dip = np.asarray(azimuths_deg, dtype=np.float64), np.asarray(dips_deg, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] != 3 or az.shape != (3,) or dip.shape != (3,):
        raise InputError(f"expected three traces, azimuths and dips, got {x.shape}, {az.shape}, {dip.shape}")
    if not (np.isfinite(az).all() and np.isfinite(dip).all()):
        raise InputError("expected an azimuth and a dip for each sensor: complete the orientation table")
    rows = []
    for a, d in zip(az, dip, strict=True):
        sa, ca = sincos_(float(a) * DEG)
        sd, cd = sincos_(float(d) * DEG)
        rows.append((-sd, cd * ca, cd * sa))
    (a0, a1, a2), (b0, b1, b2), (c0, c1, c2) = rows
    det = a0 * (b1 * c2 - b2 * c1) - a1 * (b0 * c2 - b2 * c0) + a2 * (b0 * c1 - b1 * c0)
    if abs(det) < _LEAST_DETERMINANT:
        raise InputError(
            f"expected three sensors that span space, got a determinant of {det:.3f} for azimuths {az.tolist()} and "
            f"dips {dip.tolist()}: check the orientation table"
        )
    inverse = (
        (b1 * c2 - b2 * c1, a2 * c1 - a1 * c2, a1 * b2 - a2 * b1),
        (b2 * c0 - b0 * c2, a0 * c2 - a2 * c0, a2 * b0 - a0 * b2),
        (b0 * c1 - b1 * c0, a1 * c0 - a0 * c1, a0 * b1 - a1 * b0),
    )
    z, n, e = ((r[0] / det) * x[0] + (r[1] / det) * x[1] + (r[2] / det) * x[2] for r in inverse)
    return z, n, e


def measure(
    z: ArrayLike,
    n: ArrayLike,
    e: ArrayLike,
    rate_hz: float,
    onset_index: int,
    *,
    window_s: float = WINDOW_S,
    lead_s: float = LEAD_S,
    noise_s: float = 15.0,
    bandwidth_hz: float | None = None,
    floor_deg: float = FLOOR_DEG,
) -> Polarisation:
    """Polarisation in the window from lead_s before the onset to window_s after it, noise from the noise_s before.

    z, n, e: (samples,) band-limited motion, one unit, up, north, east; bandwidth_hz of the filter tells how many
    samples are independent (a quarter of the rate if not given). Raises InputError for unequal lengths, samples that
    are not finite in the window, or an onset outside the traces.
    """
    zz, nn, ee = (np.ascontiguousarray(v, dtype=np.float64) for v in (z, n, e))
    if not zz.shape == nn.shape == ee.shape or zz.ndim != 1:
        raise InputError(f"expected three traces of one length, got {zz.shape}, {nn.shape}, {ee.shape}")
    if not (rate_hz > 0.0 and 0 <= onset_index < zz.size):
        raise InputError(
            f"expected an onset within 0..{zz.size - 1} and a positive rate, got {onset_index}, {rate_hz}"
        )
    first = max(0, onset_index - round(lead_s * rate_hz))
    last = min(zz.size, onset_index + max(4, round(window_s * rate_hz)))
    start = max(0, onset_index - round((noise_s + 0.5) * rate_hz))
    stop = max(start, onset_index - round(0.5 * rate_hz))
    if not all(np.isfinite(v[start:last]).all() for v in (zz, nn, ee)):
        raise InputError("expected finite samples around the onset, got NaN or infinity: mask the gap first")
    signal, noise = np.empty(6), np.zeros(6)
    _moments(zz, nn, ee, first, last, signal)
    if stop - start >= round(2.0 * rate_hz):
        _moments(zz, nn, ee, start, stop, noise)
    band = 0.25 * rate_hz if bandwidth_hz is None else bandwidth_hz
    return _interpret(signal, noise, max(2.0, 2.0 * band * (last - first) / rate_hz), floor_deg)


def _interpret(signal: Floats, noise: Floats, n_independent: float, floor_deg: float) -> Polarisation:
    """Angles, shapes and errors from the second moments of signal (with noise) and noise."""
    total, base = signal[0] + signal[3] + signal[5], noise[0] + noise[3] + noise[5]
    if not total > 0.0:
        return Polarisation(
            backazimuth_deg=0.0,
            backazimuth_sigma=UNIFORM_SIGMA_DEG,
            incidence_deg=0.0,
            rectilinearity=0.0,
            s_like=0.5,
        )
    clean = signal - noise
    l1, l2, l3, vector = _principal(clean)
    if not clean[0] > 0.0:
        clean = signal * 1e-3
    # The radial direction: along which the horizontals go with the vertical, away from the source when it goes up.
    along = math.sqrt(clean[1] * clean[1] + clean[2] * clean[2])
    baz = math.fmod(atan2_(-clean[2], -clean[1]) / DEG + 360.0, 360.0) if along > 0.0 else 0.0
    ur, ut = _axes(clean, along)
    coherence = along / math.sqrt(max(signal[0] * _quadratic(signal, ur), 1e-300))
    # Sampling of the window, and noise that happens to be polarised itself (microseisms are): the latter whole.
    sampling = signal[0] * _quadratic(signal, ut) / n_independent + noise[0] * 0.5 * (noise[3] + noise[5])
    sigma = _angle_sigma(along / clean[0], math.sqrt(sampling) / clean[0])
    sigma = UNIFORM_SIGMA_DEG * 10.0 if total < 2.0 * base else sigma
    sigma = math.sqrt(sigma * sigma + floor_deg * floor_deg)
    sigma = sigma / math.sqrt(1.0 + (sigma / UNIFORM_SIGMA_DEG) ** 2)
    incidence = atan2_(math.sqrt(vector[1] ** 2 + vector[2] ** 2), abs(vector[0])) / DEG
    spread = atan_(math.sqrt(max(l2, 0.0) / max(l1, 1e-300) / n_independent)) / DEG
    horizontal = max(clean[3] + clean[5], 0.0)
    ratio = horizontal / max(clean[0], 1e-3 * total)
    rect = 1.0 - (l2 + l3) / (2.0 * l1) if l1 > 0.0 else 0.0
    plan = 1.0 - 2.0 * l3 / (l1 + l2) if l1 + l2 > 0.0 else 0.0
    return Polarisation(
        backazimuth_deg=baz,
        backazimuth_sigma=sigma,
        incidence_deg=incidence,
        rectilinearity=min(1.0, max(0.0, rect)),
        s_like=0.5 + (_s_likeness(ratio, coherence) - 0.5) * max(0.0, 1.0 - base / total),
        incidence_sigma=math.sqrt(spread * spread + 25.0),
        planarity=min(1.0, max(0.0, plan)),
        horizontal_ratio=ratio,
        coherence=min(1.0, coherence),
        snr=math.sqrt(total / base) if base > 0.0 else math.inf,
        n_independent=n_independent,
        eigenvalues=(l1, l2, l3),
    )


def _angle_sigma(slope: float, error: float) -> float:
    """Error in degrees of an angle whose radial slope (radial over vertical) has this transverse error.

    To the sampling error comes the scattered motion; where both together exceed the slope nothing is known.
    """
    ratio = math.sqrt(error * error + SCATTER * SCATTER) / max(slope, 1e-12)
    return float(atan_(ratio)) / DEG * (1.0 + ratio * ratio)


def _principal(moments: Floats) -> tuple[float, float, float, Floats]:
    """Eigenvalues (not below zero) and the first eigenvector, upward."""
    zz, zn, ze, nn, ne, ee = (float(v) for v in moments)
    values, vectors = eigen3(((zz, zn, ze), (zn, nn, ne), (ze, ne, ee)))
    v = vectors[:, 0] if vectors[0, 0] >= 0.0 else -vectors[:, 0]
    return max(float(values[0]), 0.0), max(float(values[1]), 0.0), max(float(values[2]), 0.0), v


def _axes(moments: Floats, along: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Unit vectors (north, east) along and across the horizontal motion that goes with the vertical."""
    if along <= 0.0:
        return (1.0, 0.0), (0.0, 1.0)
    n, e = float(moments[1]) / along, float(moments[2]) / along
    return (n, e), (-e, n)


def _quadratic(moments: Floats, u: tuple[float, float]) -> float:
    """Mean squared horizontal motion along a unit vector (north, east)."""
    return float(u[0] * u[0] * moments[3] + 2.0 * u[0] * u[1] * moments[4] + u[1] * u[1] * moments[5])


def _s_likeness(ratio: float, coherence: float) -> float:
    """Logistic in the horizontal excess and the lost Z-radial correlation."""
    x = 1.6 * (0.5 * _log10(ratio) - 0.15) * 4.0 + 2.0 * (0.5 - coherence)
    return 1.0 / (1.0 + float(exp_(-x)))


def _log10(x: float) -> float:
    from testban.base.dmath import log10_

    return float(log10_(max(x, 1e-6)))
