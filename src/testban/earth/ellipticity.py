"""Ellipticity of the Earth as a correction to travel times in a sphere.

Rules: dt = (1 + 3 cos 2c)/4 tau0 + sqrt(3)/2 sin 2c cos a tau1 + sqrt(3)/2 sin(c)**2 cos 2a tau2 with c the
geocentric colatitude of the source and a the azimuth to the station (Dziewonski & Gilbert 1976, GJRAS 44, 7-17;
Kennett & Gudmundsson 1996, GJI 127, 40-48). tau_m(distance, depth) are our own integrals along rays of each model
(`tools/build_tables/build_ellipticity.py`), every 2.5 degrees and at ten depths, linear between. Where a
phase does not exist at a grid point the nearest existing distance stands in; NaN beyond 0..180 deg and 0..700 km.
"""

import io
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import DEG, sincos_
from testban.base.errors import InputError
from testban.base.geo import geocentric_
from testban.earth import travel

Floats = NDArray[np.float64]

# P1 and S1 change from the mantle to the diffracted ray and the core at fixed distances here; the coefficients of
# neighbours differ by less than 0.1 s there.
MANTLE_END_DEG, CORE_START_DEG, SKS_START_DEG = 98.0, 115.0, 83.0


class Kernel(NamedTuple):
    """tau[row, depth, distance, m] in seconds, depths in km, distance step in degrees.

    row: of every phase of the travel-time tables by its index, -1 without coefficients; composite: the rows of
    P, Pdiff, PKPdf, S, SKS; p1, s1: indices of P1 and S1.
    """

    tau: Floats
    depths: Floats
    step: float
    row: NDArray[np.int64]
    composite: NDArray[np.int64]
    p1: int
    s1: int


@cache
def kernel(model: str = "ak135") -> Kernel:
    """Coefficients of a model for compiled callers."""
    if model not in travel.MODELS:
        raise InputError(
            f"expected a model among {' '.join(travel.MODELS)}, got {model!r}; use one of these names"
        )
    raw = (resources.files("testban.earth") / "data" / f"ellipticity_{model}.npz").read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as z:
        names = [str(p) for p in z["phases"]]
        tau, depths, step = z["tau"].astype(np.float64) * 1e-4, z["depths"], float(z["step_deg"])
    known = travel.load(model).phases
    row = np.array([names.index(p) if p in names else -1 for p in known], dtype=np.int64)
    parts = ("P", "Pdiff", "PKPdf", "S", "SKS")
    composite = np.array([names.index(p) for p in parts], dtype=np.int64)
    return Kernel(tau, depths, step, row, composite, known.index("P1"), known.index("S1"))


@njit(cache=True)
def row_(
    k_row: NDArray[np.int64], composite: NDArray[np.int64], p1: int, s1: int, phase: int, delta_deg: float
) -> int:
    """Row of the coefficients of a phase at a distance, -1 without; arguments as in `Kernel`."""
    if phase == p1:
        return composite[0 if delta_deg <= MANTLE_END_DEG else (1 if delta_deg < CORE_START_DEG else 2)]  # type: ignore[no-any-return]
    if phase == s1:
        return composite[3 if delta_deg <= SKS_START_DEG else 4]  # type: ignore[no-any-return]
    return k_row[phase]  # type: ignore[no-any-return]


@njit(cache=True)
def depth_node_(depths: Floats, depth_km: float) -> tuple[int, float]:
    """Node above a depth and the fraction of the way to the next; (-1, 0) outside the table."""
    if not (depth_km >= 0.0 and depth_km <= depths[-1]):
        return -1, 0.0
    j = 0
    while depth_km > depths[j + 1]:
        j += 1
    return j, (depth_km - depths[j]) / (depths[j + 1] - depths[j])


@njit(cache=True)
def between_(
    tau: Floats, step: float, row: int, j: int, g: float, delta_deg: float
) -> tuple[float, float, float]:
    """tau0, tau1, tau2 of a row, below depth node j by the fraction g; NaN where row or node is negative."""
    if row < 0 or j < 0 or not (delta_deg >= 0.0 and delta_deg <= 180.0):
        return np.nan, np.nan, np.nan
    x = delta_deg / step
    i = min(int(x), tau.shape[2] - 2)
    f = x - i
    w00, w01, w10, w11 = (1.0 - g) * (1.0 - f), (1.0 - g) * f, g * (1.0 - f), g * f
    return (
        w00 * tau[row, j, i, 0]
        + w01 * tau[row, j, i + 1, 0]
        + w10 * tau[row, j + 1, i, 0]
        + w11 * tau[row, j + 1, i + 1, 0],
        w00 * tau[row, j, i, 1]
        + w01 * tau[row, j, i + 1, 1]
        + w10 * tau[row, j + 1, i, 1]
        + w11 * tau[row, j + 1, i + 1, 1],
        w00 * tau[row, j, i, 2]
        + w01 * tau[row, j, i + 1, 2]
        + w10 * tau[row, j + 1, i, 2]
        + w11 * tau[row, j + 1, i + 1, 2],
    )


@njit(cache=True)
def coefficients_(k: Kernel, phase: int, depth_km: float, delta_deg: float) -> tuple[float, float, float]:
    """tau0, tau1, tau2 in seconds of a phase by its index in the travel-time tables; NaN where there are none."""
    j, g = depth_node_(k.depths, depth_km)
    return between_(k.tau, k.step, row_(k.row, k.composite, k.p1, k.s1, phase, delta_deg), j, g, delta_deg)


@njit(cache=True)
def correction_(
    k: Kernel,
    phase: int,
    depth_km: float,
    delta_deg: float,
    azimuth_deg: float,
    source_latitude: float,
) -> float:
    """Seconds to add to the time in the sphere; source_latitude geographic."""
    t0, t1, t2 = coefficients_(k, phase, depth_km, delta_deg)
    s, c = sincos_((90.0 - geocentric_(source_latitude)) * DEG)
    sa, ca = sincos_(azimuth_deg * DEG)
    half = 0.8660254037844386
    cos2c = c * c - s * s
    return (
        0.25 * (1.0 + 3.0 * cos2c) * t0
        + half * 2.0 * s * c * ca * t1
        + half * s * s * (ca * ca - sa * sa) * t2
    )


@njit(cache=True)
def _many(k: Kernel, phase: int, a: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = correction_(k, phase, a[0, i], a[1, i], a[2, i], a[3, i])


def correction(
    phase: str,
    depth_km: ArrayLike,
    delta_deg: ArrayLike,
    azimuth_deg: ArrayLike,
    source_latitude: ArrayLike,
    model: str = "ak135",
) -> Floats | float:
    """Seconds to add to the travel time in the sphere of mean radius 6371 km; broadcasts, a float for floats.

    azimuth_deg from source to station; source_latitude geographic (WGS84).
    """
    index = travel.load(model).index(phase)
    arrays = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (depth_km, delta_deg, azimuth_deg, source_latitude))
    )
    stack = np.ascontiguousarray(np.stack([v.reshape(-1) for v in arrays]))
    out = np.empty(stack.shape[1])
    _many(kernel(model), index, stack, out)
    return float(out[0]) if arrays[0].ndim == 0 else out.reshape(arrays[0].shape)
