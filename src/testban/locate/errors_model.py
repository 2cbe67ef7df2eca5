"""How wrong a travel time of a one-dimensional model is, and how alike for neighbouring stations.

Rules: the model error is a function of wave type and distance and does not shrink with the number of stations; two
stations share it as far as their paths are alike (Bondar & McLaughlin 2009, BSSA 99, 1465-1472); so do P and S, in
part: what slows P slows S the more, and many S do not undo what all paths have in common. The correlation of paths through the
deep Earth, 0.3 exp(-d/32 km) + 0.7 exp(-d/1600 km), is a positive-definite fit (within 0.02 to 1000 km) to 1 - variogram/sill
of the generic P variogram published with iLoc (Bondar & Storchak 2011, GJI 186, 1220-1244; sill 0.6 s**2). Paths that stay in the
crust or the uppermost mantle part sooner: the long part is shorter there (LONG_KM), and a path of one kind shares little with one of
another (the non-stationary kernel of Paciorek & Schervish 2006, Environmetrics 17, 483-506, in three dimensions; decision 63).
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
SHORT_KM, SHORT_SHARE = 32.0, 0.3
# Long part by kind of path: crust, uppermost mantle, below. The first two from the variograms of residuals of automatic P at
# published epicentres of the central and eastern United States, first half in time (`bench.figures_regional`).
LONG_KM = (150.0, 500.0, 1600.0)
# Where paths change their kind: slowness (s/deg) of P and S above which they stay in the crust (7.2 km/s at its foot), distance
# (deg) within which any path does, and beyond which one has left the uppermost mantle.
CRUST_SLOWNESS = (15.4, 27.0)
CRUST_DEG, DEEP_DEG = 1.2, 20.0


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
def path_(wave: int, delta: float, slowness: float) -> int:
    """What a path goes through: 0 crust, 1 uppermost mantle, 2 below. wave as in `model_sigma_`; slowness in s/deg."""
    if wave == 2 or delta < CRUST_DEG:
        return 0
    if wave > 2 or delta > DEEP_DEG:
        return 2
    return 0 if slowness > CRUST_SLOWNESS[wave] else 1


@njit(cache=True)
def paths_(wave: NDArray[np.int64], out: Floats) -> NDArray[np.int64]:
    """`path_` of every arrival; wave (n), out as in `predict`."""
    kind = np.empty(wave.size, np.int64)
    for i in range(wave.size):
        kind[i] = path_(wave[i], out[i, 5], out[i, 8])
    return kind


@njit(cache=True)
def apart_(km: float, a: int, b: int) -> float:
    """Correlation of the model errors of two stations so many km apart (straight), by their kinds of path."""
    mean = 0.5 * (LONG_KM[a] * LONG_KM[a] + LONG_KM[b] * LONG_KM[b])
    share = LONG_KM[a] * LONG_KM[b] / mean
    long = share * math.sqrt(share) * exp_(-km / math.sqrt(mean))
    return SHORT_SHARE * exp_(-km / SHORT_KM) + (1.0 - SHORT_SHARE) * long


@njit(cache=True)
def correlation_(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    """Correlation of the model errors of two stations given as unit vectors, for paths through the deep Earth."""
    dx, dy, dz = ax - bx, ay - by, az - bz
    return apart_(6371.0 * math.sqrt(dx * dx + dy * dy + dz * dz), 2, 2)


@njit(cache=True)
def common_(a: int, b: int) -> float:
    """Correlation of the model errors of two types of wave at one station: P_WITH_S for P and S."""
    if a == b:
        return 1.0
    return P_WITH_S if a < 2 and b < 2 else 0.0


@njit(cache=True)
def correlations_(
    unit: Floats, wave: NDArray[np.int64], out: Floats, path: NDArray[np.int64] | None = None
) -> None:
    """Correlation matrix (n, n) of all arrivals; P and S share P_WITH_S of it, other types nothing.

    path: kinds of path (`path_`), all through the deep Earth without. Positive definite: the product of a kernel of place and path
    and a 2 x 2 matrix of wave.
    """
    n = unit.shape[0]
    for i in range(n):
        out[i, i] = 1.0
        for j in range(i):
            r = common_(wave[i], wave[j])
            if r > 0.0:
                dx, dy, dz = unit[i, 0] - unit[j, 0], unit[i, 1] - unit[j, 1], unit[i, 2] - unit[j, 2]
                a, b = (2, 2) if path is None else (path[i], path[j])
                r *= apart_(6371.0 * math.sqrt(dx * dx + dy * dy + dz * dz), a, b)
            out[i, j] = r
            out[j, i] = r


# Correlation by kinds of path (row 3 a + b) against half the chord (0..1), for sums over all pairs without exponentials; linear
# between nodes, within 1e-4 of `apart_`.
NODES = 8192


def _correlation_table() -> Floats:
    """apart_ at the nodes."""
    out = np.empty((9, NODES + 1))
    for a in range(3):
        for b in range(3):
            for i in range(NODES + 1):
                out[3 * a + b, i] = apart_(2.0 * 6371.0 * i / NODES, a, b)
    return out


CORRELATION = _correlation_table()


@njit(cache=True)
def alike_(table: Floats, v: Floats, path: NDArray[np.int64], i: int, j: int) -> float:
    """Correlation of the model errors of arrivals i and j at stations v (n, 3, unit vectors) by their paths, by `CORRELATION`."""
    last = table.shape[1] - 1
    c = 0.5 * (1.0 - (v[i, 0] * v[j, 0] + v[i, 1] * v[j, 1] + v[i, 2] * v[j, 2]))
    u = math.sqrt(min(1.0, max(0.0, c))) * last
    k, row = min(int(u), last - 1), 3 * path[i] + path[j]
    r: float = table[row, k] + (u - k) * (table[row, k + 1] - table[row, k])
    return r
