"""Travel time between the reference sphere and a station above or below it.

Rule: the ray keeps its slowness p through a column of the model's surface velocity v, so the time is
h sqrt(1/v**2 - p**2) (e.g. Kennett & Engdahl 1991; Bondar & Storchak 2011, GJI 186, 1220-1244). Surface waves: 0.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.geo import KM_PER_DEG

# Surface velocities (P, S) in km/s: ak135 of Kennett, Engdahl & Buland (1995), iasp91 of Kennett & Engdahl (1991).
SURFACE_KM_S = {"ak135": (5.80, 3.46), "iasp91": (5.80, 3.36)}


def last_leg(phase: str) -> str:
    """Wave type that reaches the station: "P", "S", or "" for a surface wave."""
    if phase in ("Lg", "Rg", "LR", "LQ"):
        return ""
    letters = [c for c in phase.removesuffix("diff") if c in "PS"]
    return letters[-1] if letters else "P"


@njit(cache=True)
def correction_(velocity_km_s: float, slowness_s_per_deg: float, elevation_m: float) -> float:
    """Seconds to add for a station elevation_m above the sphere; a grazing ray gets 0."""
    p = slowness_s_per_deg / KM_PER_DEG
    q = 1.0 / (velocity_km_s * velocity_km_s) - p * p
    return elevation_m * 1e-3 * math.sqrt(q) if q > 0.0 else 0.0


@njit(cache=True)
def _many(v: float, p: NDArray[np.float64], elevation: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(p.size):
        out[i] = correction_(v, p[i], elevation[i])


def correction(
    phase: str, slowness_s_per_deg: ArrayLike, elevation_m: ArrayLike, model: str = "ak135"
) -> NDArray[np.float64] | float:
    """Seconds to add to the travel time to the sphere; broadcasts, a float for floats."""
    leg = last_leg(phase)
    p, h = np.broadcast_arrays(np.asarray(slowness_s_per_deg, float), np.asarray(elevation_m, float))
    out = np.zeros(p.size)
    if leg:
        v = SURFACE_KM_S[model][0 if leg == "P" else 1]
        _many(v, np.ascontiguousarray(p).reshape(-1), np.ascontiguousarray(h).reshape(-1), out)
    return float(out[0]) if p.ndim == 0 else out.reshape(p.shape)
