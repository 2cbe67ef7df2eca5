"""How wrong a travel time of a one-dimensional model is, and how alike for neighbouring stations.

Rules: the model error is a function of wave type and distance and does not shrink with the number of stations; two
stations share it as far as their paths are alike (Bondar & McLaughlin 2009, BSSA 99, 1465-1472); so do P and S, in
part: what slows P slows S the more, and many S do not undo what all paths have in common. The correlation
0.3 exp(-d/32 km) + 0.7 exp(-d/1600 km) is a positive-definite fit (within 0.02 to 1000 km) to 1 - variogram/sill
of the generic P variogram published with iLoc (Bondar & Storchak 2011, GJI 186, 1220-1244; sill 0.6 s**2).
The sizes are this project's own judgement around the sill, not yet calibrated on bulletins: see docs/rooms/locate.md.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import exp_

Floats = NDArray[np.float64]

# Distance (deg) and one-sigma model error of the first P (s). 0.77 s (square root of the sill) to 0.9 s beyond
# 30 deg; greatest at regional distance, where the uppermost mantle differs most from the model.
P_ERROR = np.array(
    [
        [0.0, 0.35], [0.5, 0.5], [1.5, 0.8], [3.0, 1.1], [8.0, 1.3], [15.0, 1.5], [20.0, 1.5], [24.0, 1.1],
        [30.0, 0.9], [95.0, 0.9], [100.0, 1.4], [114.0, 1.8], [116.0, 1.2], [180.0, 1.2],
    ]
)  # fmt: skip
# S errors are those of P times this, and have their cause in common with them: station residuals range over eight
# seconds for S where they do over three for P, and correlate with 0.75 (Doyle & Hales 1967, BSSA 57, 761-771). At
# regional distance, where Sn beneath seas and shields differs the most, more: chosen on the test of January 2016.
S_FACTOR, SN_FACTOR = 8.0 / 3.0, 4.0
P_WITH_S = 0.75
SHORT_KM, LONG_KM, SHORT_SHARE = 32.0, 1600.0, 0.3


@njit(cache=True)
def model_sigma_(table: Floats, wave: int, delta: float) -> float:
    """One-sigma model error (s) by wave type (0 P, 1 S, 2 Lg, 3 depth phase or core reflection) and distance."""
    n = table.shape[0]
    i = 1
    while i < n - 1 and table[i, 0] < delta:
        i += 1
    f = (delta - table[i - 1, 0]) / (table[i, 0] - table[i - 1, 0])
    s: float = table[i - 1, 1] + min(1.0, max(0.0, f)) * (table[i, 1] - table[i - 1, 1])
    if wave == 1:
        regional = min(1.0, max(0.0, (delta - 2.0) / 3.0)) * min(1.0, max(0.0, (28.0 - delta) / 5.0))
        return (S_FACTOR + regional * (SN_FACTOR - S_FACTOR)) * s
    if wave == 2:
        return 1.0 + 0.043 * delta * 111.19 / 3.5  # 0.15 km/s of 3.5 km/s
    if wave == 3:
        return 1.5 * s
    return s


@njit(cache=True)
def correlation_(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    """Correlation of the model errors of two stations given as unit vectors."""
    dx, dy, dz = ax - bx, ay - by, az - bz
    h = 0.5 * math.sqrt(dx * dx + dy * dy + dz * dz)
    if h > 1.0:
        h = 1.0
    # arcsine by its series to 1e-4 of the correlation; the chord itself serves below 30 deg
    h2 = h * h
    d = 2.0 * 6371.0 * h * (1.0 + h2 * (1.0 / 6.0 + h2 * (3.0 / 40.0 + h2 * (15.0 / 336.0))))
    return 0.3 * exp_(-d / 32.0) + 0.7 * exp_(-d / 1600.0)


@njit(cache=True)
def common_(a: int, b: int) -> float:
    """Correlation of the model errors of two types of wave at one station: P_WITH_S for P and S."""
    if a == b:
        return 1.0
    return P_WITH_S if a < 2 and b < 2 else 0.0


@njit(cache=True)
def correlations_(unit: Floats, wave: NDArray[np.int64], out: Floats) -> None:
    """Correlation matrix (n, n) of all arrivals; P and S share P_WITH_S of it, other types nothing.

    Positive definite: the product of a kernel of place and a 2 x 2 matrix of wave.
    """
    n = unit.shape[0]
    for i in range(n):
        out[i, i] = 1.0
        for j in range(i):
            r = common_(wave[i], wave[j])
            if r > 0.0:
                r *= correlation_(unit[i, 0], unit[i, 1], unit[i, 2], unit[j, 0], unit[j, 1], unit[j, 2])
            out[i, j] = r
            out[j, i] = r


# Correlation against half the chord (0..1), for sums over all pairs without exponentials; linear between nodes, within
# 2e-5 of `correlation_`.
NODES = 16384


def _correlation_table() -> Floats:
    """correlation_ at the nodes: of two points on the equator with that chord."""
    out = np.empty(NODES + 1)
    for i in range(NODES + 1):
        h = i / NODES
        out[i] = correlation_(
            1.0, 0.0, 0.0, 1.0 - 2.0 * h * h, 2.0 * h * math.sqrt(max(0.0, 1.0 - h * h)), 0.0
        )
    return out


CORRELATION = _correlation_table()


@njit(cache=True)
def alike_(table: Floats, v: Floats, i: int, j: int) -> float:
    """Correlation of the model errors of arrivals i and j at stations v (n, 3, unit vectors), by `CORRELATION`."""
    last = table.size - 1
    c = 0.5 * (1.0 - (v[i, 0] * v[j, 0] + v[i, 1] * v[j, 1] + v[i, 2] * v[j, 2]))
    u = math.sqrt(min(1.0, max(0.0, c))) * last
    k = min(int(u), last - 1)
    r: float = table[k] + (u - k) * (table[k + 1] - table[k])
    return r
