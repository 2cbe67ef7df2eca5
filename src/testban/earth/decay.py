"""Decay of amplitude with distance: Veith-Clawson for mb, Hutton-Boore for ML.

Rules: an amplitude convention stands in every docstring, because Q differs by log10 2 between conventions; NaN
outside the range of the published table. Veith & Clawson (1972), BSSA 62, 435-452, table 2 (hundredths,
peak-to-peak); Hutton & Boore (1987), BSSA 77, 2074-2094.
"""

from functools import cache
from importlib import resources

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import log10_

Floats = NDArray[np.float64]
LOG10_2 = 0.30102999566398120
MIN_DEG, TABLE_END_DEG, MAX_DEG = 20.0, 100.0, 105.0
DEPTHS_KM = (0.0, 15.0, 40.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)


@cache
def _table() -> tuple[Floats, Floats]:
    text = (resources.files("testban.earth") / "data" / "veith_clawson_1972.txt").read_text("ascii")
    rows = [[int(v) for v in line.split()] for line in text.splitlines() if not line.startswith("#")]
    return np.array(rows, dtype=np.float64) / 100.0, np.array(DEPTHS_KM)


def kernel() -> tuple[Floats, Floats]:
    """(table (81, 11), depths (11,)) for `veith_clawson_`, in the published peak-to-peak convention."""
    return _table()


@njit(cache=True)
def veith_clawson_(table: Floats, depths: Floats, delta_deg: float, depth_km: float) -> float:
    """Q for half peak-to-peak amplitudes, bilinear in the table; see `veith_clawson`."""
    if not (delta_deg >= MIN_DEG and delta_deg <= MAX_DEG and depth_km >= 0.0 and depth_km <= depths[-1]):
        return np.nan
    x = min(delta_deg, TABLE_END_DEG) - MIN_DEG
    i = min(int(x), table.shape[0] - 2)
    f = x - i
    j = 0
    while depth_km > depths[j + 1]:
        j += 1
    g = (depth_km - depths[j]) / (depths[j + 1] - depths[j])
    q0 = (1.0 - f) * table[i, j] + f * table[i + 1, j]
    q1 = (1.0 - f) * table[i, j + 1] + f * table[i + 1, j + 1]
    q: float = (1.0 - g) * q0 + g * q1 + LOG10_2
    return q


@njit(cache=True)
def _many(table: Floats, depths: Floats, delta: Floats, depth: Floats, out: Floats) -> None:
    for i in range(delta.size):
        out[i] = veith_clawson_(table, depths, delta[i], depth[i])


def veith_clawson(delta_deg: ArrayLike, depth_km: ArrayLike) -> Floats | float:
    """Q of mb = log10(A / T) + Q for A = HALF PEAK-TO-PEAK (zero-to-peak) ground displacement in nm, T in s.

    Broadcasts; a float for floats. The published values are for peak-to-peak amplitudes, log10 2 is added here
    (Q(60 deg, 0 km) = 3.731, as used for mb(IDC)). Linear between the entries; beyond 100 deg, where the published
    table ends, the value at 100 deg is held to 105 deg; NaN outside 20..105 deg and 0..800 km.
    """
    table, depths = _table()
    d, h = np.broadcast_arrays(np.asarray(delta_deg, float), np.asarray(depth_km, float))
    if d.ndim == 0:
        return float(veith_clawson_(table, depths, float(d), float(h)))
    out = np.empty(d.size)
    _many(table, depths, np.ascontiguousarray(d).reshape(-1), np.ascontiguousarray(h).reshape(-1), out)
    return out.reshape(d.shape)


@njit(cache=True)
def hutton_boore_(hypocentral_km: float) -> float:
    """Minus log10 A0 of Hutton & Boore (1987) for A = ZERO-TO-PEAK amplitude in mm on a Wood-Anderson seismograph.

    1.110 log10(r / 100) + 0.00189 (r - 100) + 3.0, r hypocentral distance in km; southern California, 10-700 km;
    NaN outside. The instrument is the nominal one of that paper: gain 2800 (see `WOOD_ANDERSON_GAIN`).
    """
    if not (hypocentral_km >= 10.0 and hypocentral_km <= 700.0):
        return np.nan
    return 1.110 * log10_(hypocentral_km / 100.0) + 0.00189 * (hypocentral_km - 100.0) + 3.0


def hutton_boore(hypocentral_km: ArrayLike) -> Floats | float:
    """`hutton_boore_` of each element; a float for a float."""
    r = np.asarray(hypocentral_km, float)
    out = np.array([hutton_boore_(float(v)) for v in r.reshape(-1)]).reshape(r.shape)
    return float(out) if r.ndim == 0 else out


def hutton_boore_iaspei(hypocentral_km: ArrayLike) -> Floats | float:
    """Distance term of the IASPEI standard ML for A = ZERO-TO-PEAK ground displacement in nm (Wood-Anderson filtered).

    ML = log10 A + 1.11 log10 r + 0.00189 r - 2.09 (IASPEI working group 2013, after Hutton & Boore 1987); A is the
    trace amplitude of a Wood-Anderson with static gain 1. NaN outside 10..700 km.
    """
    r = np.asarray(hypocentral_km, float)
    out = np.array(
        [
            1.11 * log10_(float(v)) + 0.00189 * float(v) - 2.09 if 10.0 <= v <= 700.0 else np.nan
            for v in r.reshape(-1)
        ]
    ).reshape(r.shape)
    return float(out) if r.ndim == 0 else out


# Wood-Anderson torsion seismograph: nominal static gain 2800, free period 0.8 s, damping 0.8 (Anderson & Wood 1925);
# as built 2080, damping 0.69 (Uhrhammer & Collins 1990, BSSA 80, 702-716), which the IASPEI standard uses.
WOOD_ANDERSON_GAIN = 2080.0
WOOD_ANDERSON_GAIN_NOMINAL = 2800.0
WOOD_ANDERSON_PERIOD_S = 0.8
WOOD_ANDERSON_DAMPING = 0.7
