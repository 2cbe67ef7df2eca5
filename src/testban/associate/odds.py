"""What picks are worth: travel-time curves by chord, zones of distance, and the odds of n picks among many stations.

Rules: a pick adds w = log(p / (2 s rate)). The size of an event is not known, so that the share f of what a zone of
distance could see is free: the log-likelihood ratio of Poisson counts, sum(w + log f) - f P with P = sum(p) over the
stations of the zone, is greatest at f = n / P (at most 1), where it is sum(w) + n log(f) - f P. That is what keeps
chance matches among a thousand stations from looking like an event; it says nothing about any one station's silence.
A zone that gains nothing is left out with its picks. By Chernoff's bound noise exceeds a score x with at most exp(-x) a
trial. Elementary functions are replaced by look-ups in tables made once, for speed.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, asin_, exp_, log_
from testban.earth.travel import TravelTimes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROWS = 4096  # of a curve: steps of sin(distance / 2), 0.03 deg near the station
CORE_SLACK_S = 6.0  # the branches of PKP lie this far apart
LOG_STEP = 0.125  # resolution of the table of logarithms, s or deg
ZONES_DEG = (0.0, 2.5, 6.0, 20.0, 60.0, 100.0)
N_ZONES = len(ZONES_DEG)
# Traits of a station: it has picks that may be S; its picks point. Stations that point are arrays, which see smaller
# events: in the search each zone of them has a share of its own, after the zones of the others.
SHEAR, POINTS = 1, 2
# Above them: the share of a station among its close neighbours in 64ths, 0 for all of it (`clumps`).
SHARE_BIT, WHOLE_SHARE = 2, 64
N_CLASSED = 2 * N_ZONES
# Columns of a curve.
T_P, P_P, SLACK_P, LOG_P, CHANCE_P, T_S, P_S, SLACK_S, LOG_S, CHANCE_S, ZONE = range(11)


@njit(cache=True)
def reach_(delta: float) -> float:
    """Relative chance that a station at a distance sees an event of unknown size: small ones are many, the core dims."""
    if delta < 20.0:
        return 1.0
    return 0.35 if delta < 100.0 else 0.12


@njit(cache=True)
def zone_(delta: float) -> int:
    """Number of the zone of distance."""
    z = 0
    while z + 1 < N_ZONES and delta >= ZONES_DEG[z + 1]:
        z += 1
    return z


@njit(cache=True)
def model_slack_(delta: float, wave: int) -> float:
    """About two sigma of model error (s): small where the path is short, greatest at regional distance."""
    s = 2.5 if delta > 3.0 else 1.0 + 0.5 * delta
    if delta > 140.0:
        s += CORE_SLACK_S
    return s * (1.0 + wave)


def curve(model: TravelTimes, depth_km: float, detection: tuple[float, float], max_s_deg: float) -> Floats:
    """(ROWS, 11): time, slowness, slack, log chance, chance of P and S, zone, by sin(distance / 2); NaN times: none."""
    delta, out = np.empty(ROWS), np.full((ROWS, 11), np.nan)
    known_(np.array(detection), delta, out)
    for phase, column in (("P1", T_P), ("S1", T_S)):
        t, p, _ = model.predict(phase, np.full(ROWS, depth_km), delta)
        out[:, column], out[:, column + 1] = t, np.abs(p)
    out[delta > max_s_deg, T_S] = np.nan
    return out


@njit(cache=True)
def known_(detection: Floats, delta: Floats, out: Floats) -> None:
    """Distance (deg) of every row of a curve, and what follows from it without a model: slack, chance and zone."""
    for i in range(ROWS):
        delta[i] = 2.0 * asin_(i / (ROWS - 1.0)) / DEG
        out[i, ZONE] = zone_(delta[i])
        for wave, column in ((0, SLACK_P), (1, SLACK_S)):
            chance = detection[wave] * reach_(delta[i])
            out[i, column] = model_slack_(delta[i], wave)
            out[i, column + 1], out[i, column + 2] = log_(chance), chance


@njit(cache=True)
def logs_(out: Floats) -> None:
    """Natural logarithm of i LOG_STEP (half of it for i = 0)."""
    for i in range(out.size):
        out[i] = log_(max(i, 0.5) * LOG_STEP)


def logs() -> Floats:
    """The table of logarithms, to 512."""
    out = np.empty(int(512.0 / LOG_STEP))
    logs_(out)
    return out


@njit(cache=True)
def quick_log_(table: Floats, x: float) -> float:
    """Logarithm by table (nearest entry), exact beyond its end."""
    i = int(x / LOG_STEP + 0.5)
    return table[i] if i < table.size else log_(x)


@njit(cache=True)
def count_log_(table: Floats, n: int) -> float:
    """`quick_log_` of n 64ths (WHOLE_SHARE of them are one), in whole numbers."""
    i = (n + 4) >> 3
    return table[i] if i < table.size else log_(n / WHOLE_SHARE)


@njit(cache=True)
def share_(traits: int) -> float:
    """What a station of these traits counts for: 1 where it stands alone."""
    n = traits >> SHARE_BIT
    return n / WHOLE_SHARE if n > 0 else 1.0


@njit(cache=True)
def zones_(traits: Ints) -> int:
    """Zones that stations of these traits need: those of arrays only where there is one."""
    for s in range(traits.size):
        if traits[s] & POINTS != 0:
            return N_CLASSED
    return N_ZONES


@njit(cache=True)
def zone_gain_(total: float, n: float, chance: float) -> float:
    """Odds of n picks worth `total` in a zone with a sum of chances: see the module."""
    if n <= 0.0:
        return 0.0
    if n >= chance:
        return total - chance
    return total + n * log_(n / chance) - n


@njit(cache=True)
def vector_evidence_(row: Floats, p: float, p_slack: float, baz: float, baz_slack: float) -> float:
    """`directed_` of a row of picks."""
    return directed_(row[2], row[3], row[4], row[5], row[6], p, p_slack, baz, baz_slack)


@njit(cache=True)
def directed_(
    slowness: float, slowness_sigma: float, azimuth: float, azimuth_sigma: float, share: float, p: float, p_slack: float,
    baz: float, baz_slack: float,
) -> float:  # fmt: skip
    """Log-likelihood ratio of a measured slowness and back-azimuth (NaN: none) against none preferred (40 s/deg, 360 deg).

    A share of the readings is as good as its sigma, the others say nothing. Numbers, not a row: a view of an array in a loop over
    picks costs more than all else in it, whether it is made or not.
    """
    e = 0.0
    if slowness == slowness:
        s = slowness_sigma + p_slack
        u = max(0.0, abs(slowness - p) - p_slack) / slowness_sigma
        e += log_(share * 40.0 / (2.5066 * s) * (exp_(-0.5 * u * u) if u > 0.0 else 1.0) + 1.0 - share)
    if azimuth == azimuth:
        d = azimuth - baz
        d = abs(d - 360.0 * math.floor((d + 180.0) / 360.0))
        s = min(azimuth_sigma + baz_slack, 120.0)
        u = max(0.0, d - baz_slack) / azimuth_sigma
        e += log_(share * 360.0 / (2.5066 * s) * (exp_(-0.5 * u * u) if u > 0.0 else 1.0) + 1.0 - share)
    return e
