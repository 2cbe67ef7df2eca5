"""How well an epicentre is surrounded, and ellipses from a covariance.

Rules: coverage ellipse = a-priori errors, factor chi2 with 2 degrees of freedom (4.6052 at 90 %); confidence
ellipse = scaled by the fit with Fisher's F, 2 F_p(2, N - M) (Jordan & Sverdrup 1981, BSSA 71, 1105-1130, with K
infinite and K zero); the two are never mixed. Gaps and dU of Bondar et al. (2004) and Bondar & McLaughlin (2009).
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_, log_, pow_
from testban.base.geo import KM_PER_DEG
from testban.base.records import Ellipse

Floats = NDArray[np.float64]


def gaps(azimuths: Sequence[float]) -> tuple[float, float]:
    """Largest azimuthal gap and secondary gap (largest once any one station is removed), degrees."""
    return gaps_(np.array(azimuths, dtype=np.float64)) if len(azimuths) else (360.0, 360.0)


@njit(cache=True)
def gaps_(azimuths: Floats) -> tuple[float, float]:
    """As `gaps`, of an array."""
    az = np.sort(azimuths % 360.0)
    n = az.size
    if n < 2 or az[n - 1] == az[0]:
        return 360.0, 360.0
    first, second = 0.0, 0.0
    for i in range(n):
        first = max(first, (az[(i + 1) % n] - az[i]) % 360.0)
        second = max(second, (az[(i + 2) % n] - az[i]) % 360.0)
    return first, second if n > 2 and second > 0.0 else 360.0


def network_quality(azimuths: Sequence[float]) -> float:
    """The metric dU of Bondar & McLaughlin (2009): 0 for even azimuths, 1 for all in one direction."""
    return float(network_quality_(np.array(azimuths, dtype=np.float64)))


@njit(cache=True)
def network_quality_(azimuths: Floats) -> float:
    """As `network_quality`, of an array."""
    n = azimuths.size
    if n == 0:
        return 1.0
    az = np.sort(azimuths % 360.0)
    total, spread = 0.0, 0.0
    for i in range(n):
        total += az[i]
    b = total / n - 180.0 * (n - 1) / n
    for i in range(n):
        spread += abs(az[i] - (360.0 * i / n + b))
    return 4.0 * spread / (360.0 * n)


@njit(cache=True)
def by_station_(out: Floats, code: NDArray[np.int64], least: float) -> Floats:
    """Distance and azimuth (m, 2) of every station with an arrival of more than the least weight, in order of first arrivals.

    out: as in `predict`; code: number of the station, below the number of arrivals.
    """
    n, m = code.size, 0
    seen, near = np.zeros(n, np.bool_), np.empty((n, 2))
    for i in range(n):
        if out[i, 9] > least and not seen[code[i]]:
            seen[code[i]] = True
            near[m, 0], near[m, 1] = out[i, 5], out[i, 6]
            m += 1
    return near[:m]


@njit(cache=True)
def columns_(out: Floats, column: NDArray[np.int64], pick_sigma: Floats, least: float, told: Floats) -> int:
    """What every arrival's record says into the rows of told (7, n): residual (s), distance, azimuth, back-azimuth (deg), weight,
    pick and model error (s) together, and 1 where there is a phase and neither slowness nor back-azimuth; the number of arrivals of
    more than the least weight.
    """
    count = 0
    for i in range(column.size):
        told[0, i], told[1, i], told[2, i], told[3, i], told[4, i] = (
            out[i, 0], out[i, 5], out[i, 6], out[i, 7], out[i, 9],
        )  # fmt: skip
        told[5, i] = math.sqrt(out[i, 4] * out[i, 4] + pick_sigma[i] * pick_sigma[i])
        plain = column[i] >= 0 and out[i, 10] != out[i, 10] and out[i, 11] != out[i, 11]
        told[6, i] = 1.0 if plain else 0.0
        count += 1 if out[i, 9] > least else 0
    return count


@njit(cache=True)
def rms_(out: Floats, least: float) -> float:
    """Weighted root mean square of the residuals (s) of arrivals of more than the least weight."""
    weight, total = 0.0, 0.0
    for i in range(out.shape[0]):
        if out[i, 9] > least:
            weight += out[i, 9]
            total += out[i, 9] * out[i, 0] * out[i, 0]
    return math.sqrt(total / weight) if weight > 0.0 else 0.0


def ground_truth_class(stations: Sequence[tuple[float, float]]) -> str:
    """Which published criterion says that the epicentre is good to 5 km, or ""; stations: (distance, azimuth) in degrees.

    "GT5 local 95 %": 10 stations within 250 km, gap below 110, secondary gap below 160 deg, one within 30 km (Bondar et
    al. 2004, GJI 156, 483-496). "GT5 90 %": dU at most 0.35 and secondary gap at most 160 deg within 150 km, a station
    within 10 km (Bondar & McLaughlin 2009, SRL 80, 465-472; its numbers from memory, unconfirmed).
    """
    km = [(d * KM_PER_DEG, a) for d, a in stations]
    near = [a for d, a in km if d <= 250.0]
    if len(near) >= 10 and min(d for d, _ in km) <= 30.0:
        gap, second = gaps(near)
        if gap < 110.0 and second < 160.0:
            return "GT5 local 95 %"
    near = [a for d, a in km if d <= 150.0]
    if near and min(d for d, _ in km) <= 10.0 and network_quality(near) <= 0.35 and gaps(near)[1] <= 160.0:
        return "GT5 90 %"
    return ""


@cache
def normal_two_sided(probability: float) -> float:
    """Half-width in standard deviations that holds a normal value with this probability, to 1e-9 (bisection).

    The distribution function by the series of the error function (Abramowitz & Stegun 1964, 7.1.5).
    """
    lo, hi = 0.0, 6.0
    for _ in range(60):
        z = 0.5 * (lo + hi)
        term, total, q = z, z, 0.5 * z * z
        for k in range(1, 120):
            term *= -q / k
            total += term / (2 * k + 1)
        if 0.7978845608028654 * total < probability:  # sqrt(2 / pi)
            lo = z
        else:
            hi = z
    return 0.5 * (lo + hi)


def chi2_one(probability: float) -> float:
    """Quantile of chi-square with one degree of freedom."""
    return normal_two_sided(probability) ** 2


@cache
def chi2_two(probability: float) -> float:
    """Quantile of chi-square with two degrees of freedom."""
    return -2.0 * log_(1.0 - probability)


@cache
def fisher_two(probability: float, n: int) -> float:
    """Quantile of Fisher's F with 2 and n degrees of freedom (closed form)."""
    return 0.5 * n * (pow_(1.0 - probability, -2.0 / n) - 1.0)


def ellipse(ee: float, en: float, nn: float, factor: float, probability: float, kind: str) -> Ellipse:
    """Ellipse of the covariance [[ee, en], [en, nn]] (east, north, km**2); strike of the major axis, 0..180."""
    half = 0.5 * (ee + nn)
    d = 0.5 * (ee - nn)
    r = math.sqrt(d * d + en * en)
    strike = 0.5 * atan2_(2.0 * en, nn - ee) / DEG
    return Ellipse(
        smajor_km=math.sqrt(factor * (half + r)),
        sminor_km=math.sqrt(factor * max(half - r, 0.0)),
        strike_deg=strike % 180.0,
        probability=probability,
        kind=kind,
    )
