"""What a network would see: probability of detection by an event rule, and the magnitude seen with a given probability.

Rules: stations are independent only for a given common cause, which is integrated outside the product by fixed nodes;
the count of stations is the exact Poisson-binomial, never a simulation; a threshold stands with its rule and level.
Station: p(m) = r Phi((m - Q - log10 snr - log10 noise) / sigma), noise as A/T in nm/s in the detection band after
beamforming (the NETWTH and NetSim kind of model). Q: Veith & Clawson 1972 from 20 degrees for a source at the surface;
nearer the Pn law of Denny, Taylor & Vergino 1987 (BSSA 77, 1879), 2.4 log10(km) - 3.95, or what the rule gives (Pn, Lg):
the phases of one station are not independent, so they never count twice; the one that is seen best stands for it.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.assure.gauss import cdf_, cdf_table, hermite
from testban.base.dmath import atan2_, log10_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, unit_vector_
from testban.earth import decay

Floats = NDArray[np.float64]
Model = tuple[Floats, Floats, Floats]
POINT_LIMIT = 16


class Law(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A regional attenuation that the user gives: Q = slope log10(km) + per_km km + offset, mb = log10(A/T) + Q.

    noise_factor: noise in the band and window of this phase (for Lg the coda of P) over that of the station. `source`
    says where the numbers are from; `confirmed` that they were read there.
    """

    phase: str
    slope: float
    offset: float
    source: str
    per_km: float = 0.0
    noise_factor: float = 1.0
    nearest_deg: float = 0.0
    farthest_deg: float = 20.0
    confirmed: bool = False


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """A station of the network: noise as A/T in nm/s after beamforming, `reliability` the share of time it works."""

    code: str
    longitude: float
    latitude: float
    noise_nm_s: float
    reliability: float = 0.95
    array: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What makes an event: `points` in all, `station_points` from each detecting station, `array_points` from an array.

    snr, sigma: threshold and scatter of a station (log10 units); common_sigma: spread of what all share; distances in
    degrees outside which nothing counts.
    """

    points: int = 3
    array_points: int = 1
    station_points: int = 1
    level: float = 0.9
    snr: float = 3.0
    sigma: float = 0.35
    common_sigma: float = 0.0
    nearest_deg: float = 1.0
    farthest_deg: float = 95.0
    regional: tuple[Law, ...] = ()


def check(rule: Rule, sensors: tuple[Sensor, ...]) -> None:
    """Raises InputError for a rule or a station that cannot be used."""
    if not all(1 <= k <= POINT_LIMIT for k in (rule.points, rule.array_points, rule.station_points)):
        raise InputError(
            f"rule: expected points, array_points and station_points from 1 to {POINT_LIMIT}; correct them"
        )
    if not (0.0 < rule.level < 1.0 and rule.snr > 0.0 and rule.sigma > 0.0 and rule.common_sigma >= 0.0):
        raise InputError("rule: expected level in 0..1 (both excluded), snr and sigma above 0; correct them")
    if not 0.0 <= rule.nearest_deg < rule.farthest_deg <= 105.0:
        raise InputError("rule: expected 0 <= nearest_deg < farthest_deg <= 105; correct them")
    for law in rule.regional:
        km = (max(law.nearest_deg, 0.2) * KM_PER_DEG, law.farthest_deg * KM_PER_DEG)
        if not (law.phase and law.source and 0.0 <= law.nearest_deg < law.farthest_deg <= 20.0):
            raise InputError(
                "rule.regional: expected a phase, a source and 0 <= nearest_deg < farthest_deg <= 20; correct it"
            )
        if not (
            law.noise_factor > 0.0
            and all(map(math.isfinite, (law.slope, law.per_km, law.offset, law.noise_factor)))
            and all(law.slope / (x * math.log(10.0)) + law.per_km >= 0.0 for x in km)
        ):
            raise InputError(
                f"rule.regional {law.phase}: expected finite numbers, noise_factor above 0, and amplitudes that fall with distance; correct it"
            )
    for s in sensors:
        if not (s.noise_nm_s > 0.0 and math.isfinite(s.noise_nm_s) and 0.0 <= s.reliability <= 1.0):
            raise InputError(f"station {s.code}: expected noise above 0 and reliability in 0..1; correct it")
        if not (-180.0 <= s.longitude <= 360.0 and -90.0 <= s.latitude <= 90.0):
            raise InputError(f"station {s.code}: expected a longitude and a latitude in degrees; correct it")


@njit(cache=True)
def decay_(model: Model, delta: float) -> float:
    """Q of the model for a source at the surface; where laws are given, the phase seen best of those that reach here."""
    table, depths, laws = model
    least = math.inf
    km = max(delta, 0.2) * KM_PER_DEG
    for i in range(laws.shape[0]):
        if delta >= laws[i, 3] and delta <= laws[i, 4]:
            least = min(least, laws[i, 0] * log10_(km) + laws[i, 1] * km + laws[i, 2])
    if least < math.inf:
        return least
    if delta >= 20.0:
        q: float = decay.veith_clawson_(table, depths, delta, 0.0)
        return q
    r: float = 2.4 * log10_(km) - 3.95
    return r


def model_of(rule: Rule) -> Model:
    """What `decay_` wants: the table of Q, its depths, and the regional laws that the rule gives."""
    laws = [
        (law.slope, law.per_km, law.offset + log10_(law.noise_factor), law.nearest_deg, law.farthest_deg)
        for law in rule.regional
    ]
    return (*decay.kernel(), np.array(laws, dtype=np.float64).reshape(len(laws), 5))


@njit(cache=True)
def count_(
    normal: Floats,
    limits: Floats,
    up: Floats,
    points: NDArray[np.int64],
    need: int,
    sigma: float,
    m: float,
    state: Floats,
) -> float:
    """P(at least `need` points) by the Poisson-binomial recursion, cut at `need`."""
    for j in range(need):
        state[j] = 0.0
    state[0] = 1.0
    for i in range(limits.size):
        p = up[i] * cdf_(normal, (m - limits[i]) / sigma)
        if p <= 0.0:
            continue
        w = points[i]
        for j in range(need - 1, -1, -1):
            state[j] = state[j] * (1.0 - p) + (state[j - w] * p if j >= w else 0.0)
    below = 0.0
    for j in range(need):
        below += state[j]
    return 1.0 - below


@njit(cache=True)
def seen_(
    normal: Floats,
    limits: Floats,
    up: Floats,
    points: NDArray[np.int64],
    need: int,
    sigma: float,
    m: float,
    state: Floats,
    nodes: Floats,
) -> float:
    """The same over the common cause: nodes (n, 2) of shift and weight."""
    total = 0.0
    for c in range(nodes.shape[0]):
        total += nodes[c, 1] * count_(normal, limits, up, points, need, sigma, m + nodes[c, 0], state)
    return total


@njit(cache=True)
def threshold_(
    normal: Floats,
    limits: Floats,
    up: Floats,
    points: NDArray[np.int64],
    need: int,
    sigma: float,
    level: float,
    guess: float,
    state: Floats,
    nodes: Floats,
) -> float:
    """The m with P = level, by false position (Illinois) from a guess; NaN where no m is enough."""
    if seen_(normal, limits, up, points, need, sigma, 20.0, state, nodes) < level:
        return np.nan
    low, high, step = guess - 0.1, guess + 0.1, 0.2
    a = seen_(normal, limits, up, points, need, sigma, low, state, nodes) - level
    while a >= 0.0:
        high, low = low, low - step
        step *= 2.0
        a = seen_(normal, limits, up, points, need, sigma, low, state, nodes) - level
    b = seen_(normal, limits, up, points, need, sigma, high, state, nodes) - level
    step = 0.2
    while b < 0.0:
        low, a, high = high, b, high + step
        step *= 2.0
        b = seen_(normal, limits, up, points, need, sigma, high, state, nodes) - level
    side = 0
    for _ in range(100):
        m = high - b * (high - low) / (b - a)
        f = seen_(normal, limits, up, points, need, sigma, m, state, nodes) - level
        if high - low < 1e-6 or (f < 1e-7 and f > -1e-7):
            return m
        if f >= 0.0:
            high, b = m, f
            a = 0.5 * a if side == 1 else a
            side = 1
        else:
            low, a = m, f
            b = 0.5 * b if side == -1 else b
            side = -1
    return 0.5 * (low + high)


@njit(cache=True)
def map_(
    normal: Floats,
    model: Model,
    where: Floats,
    base: Floats,
    up: Floats,
    points: NDArray[np.int64],
    lon: Floats,
    lat: Floats,
    need: int,
    sigma: float,
    level: float,
    near: float,
    far: float,
    nodes: Floats,
    out: Floats,
) -> None:
    """Thresholds of every place; where (n, 3) unit vectors of the stations, base = log10(snr noise)."""
    n = base.size
    limits, r, w, state = np.empty(n), np.empty(n), np.empty(n, np.int64), np.empty(need + 1)
    guess = 4.0
    for g in range(lon.size):
        x, y, z = unit_vector_(lon[g], lat[g])
        k = 0
        for i in range(n):
            a, b, c = where[i, 0], where[i, 1], where[i, 2]
            u, v, t = y * c - z * b, z * a - x * c, x * b - y * a
            delta = atan2_(math.sqrt(u * u + v * v + t * t), x * a + y * b + z * c) * 57.29577951308232
            if delta >= near and delta <= far:
                limits[k] = base[i] + decay_(model, delta)
                r[k] = up[i]
                w[k] = points[i]
                k += 1
        m = threshold_(normal, limits[:k], r[:k], w[:k], need, sigma, level, guess, state, nodes)
        out[g] = m
        if m == m:
            guess = m


def nodes_of(rule: Rule) -> Floats:
    """Shifts of magnitude by the common cause and their weights (n, 2)."""
    if rule.common_sigma == 0.0:
        return np.array([[0.0, 1.0]])
    return np.array([(rule.common_sigma * x, w) for x, w in hermite(11)])


def points_of(sensors: Sequence[Sensor], rule: Rule) -> NDArray[np.int64]:
    """Points that each station gives."""
    return np.array([rule.array_points if s.array else rule.station_points for s in sensors], dtype=np.int64)


def base_of(sensors: Sequence[Sensor], rule: Rule) -> Floats:
    """log10 of the amplitude over period that each station detects."""
    return np.array([log10_(rule.snr) + log10_(s.noise_nm_s) for s in sensors])


def thresholds(sensors: tuple[Sensor, ...], rule: Rule, longitude: Floats, latitude: Floats) -> Floats:
    """Magnitude mb seen with probability `rule.level` at each place (degrees); NaN where none is. Raises InputError."""
    check(rule, sensors)
    out = np.full(longitude.size, np.nan)
    if sensors:
        where = np.array([unit_vector_(s.longitude, s.latitude) for s in sensors])
        up = np.array([s.reliability for s in sensors])
        map_(
            cdf_table(), model_of(rule), where, base_of(sensors, rule), up, points_of(sensors, rule),
            np.ascontiguousarray(longitude, float), np.ascontiguousarray(latitude, float), rule.points, rule.sigma,
            rule.level, rule.nearest_deg, rule.farthest_deg, nodes_of(rule), out,
        )  # fmt: skip
    return out


def detected(distances: Floats, sensors: tuple[Sensor, ...], rule: Rule, magnitude: float) -> float:
    """P(the rule is met) for a source at given distances (degrees) from the stations."""
    check(rule, sensors)
    limits, up, points = _at(distances, sensors, rule)
    state = np.empty(rule.points + 1)
    p: float = seen_(
        cdf_table(), limits, up, points, rule.points, rule.sigma, magnitude, state, nodes_of(rule)
    )
    return p


def threshold(distances: Floats, sensors: tuple[Sensor, ...], rule: Rule) -> float:
    """Magnitude seen with `rule.level` at given distances (degrees); NaN where none is."""
    check(rule, sensors)
    limits, up, points = _at(distances, sensors, rule)
    state = np.empty(rule.points + 1)
    m: float = threshold_(
        cdf_table(), limits, up, points, rule.points, rule.sigma, rule.level, 4.0, state, nodes_of(rule)
    )
    return m


def _at(
    distances: Floats, sensors: tuple[Sensor, ...], rule: Rule
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    keep = (distances >= rule.nearest_deg) & (distances <= rule.farthest_deg)
    model = model_of(rule)
    q = np.array([decay_(model, float(d)) for d in distances])
    up = np.array([s.reliability for s in sensors])
    return (base_of(sensors, rule) + q)[keep], up[keep], points_of(sensors, rule)[keep]
