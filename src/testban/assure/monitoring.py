"""Threshold monitoring: the largest event at a place that the recordings of each moment could have hidden.

Rules: every station says at every moment what magnitude its short-term amplitude would be, if it came from the place;
the network's upper limit is joint, the amplitude of an event scattering about the law by `sigma`; a station without
data says nothing, and a moment without stations has no limit (anything could hide there). Two limits: the published
one (what would stand above the noise of some station) is right while no event is there, and lies below the magnitude of
one that is; the safe one holds whether or not an event is there: then the n probabilities are uniform at worst, and their
product is judged by its own distribution (Fisher 1932). What could hide is told by the safe one. A limit is not a detection
threshold: that one is the smallest event that would have been seen, this one the largest that could have been missed.
Ringdal & Kvaerna 1989, BSSA 79, 1096-1118; the equation prod(1 - Phi((m - m_i) / sigma)) = 1 - level from memory,
unconfirmed.
"""

import math
from functools import cache

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.assure.capability import Rule, decay_, model_of
from testban.assure.gauss import cdf_, cdf_table
from testban.base.dmath import DEG, exp_, sincos_
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.earth import decay, travel

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
MINUTE_S = 60


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A site that is watched; depth in km."""

    name: str
    longitude: float
    latitude: float
    depth_km: float = 0.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a site is watched.

    level: confidence of the upper limit. sigma: scatter of one station's magnitude about the law [unconfirmed].
    near_band_hz: for stations nearer than 20 degrees, far_band_hz: beyond. tolerance_s: how far from the predicted time
    the largest amplitude is taken. peak: log10 of what the mb amplitude of a P exceeds its short-term amplitude by.
    beam_loss: the same of what a steered beam loses of a signal [assumed]. terms: (NET.STA, magnitude units by which the
    station reads high at the places watched), taken off its readings.
    """

    level: float = 0.9
    sigma: float = 0.35
    near_band_hz: tuple[float, float] = (0.8, 2.0)
    far_band_hz: tuple[float, float] = (1.0, 3.0)
    tolerance_s: int = 3
    peak: float = 0.0
    beam_loss: float = 0.1
    nearest_deg: float = 0.5
    farthest_deg: float = 95.0
    terms: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if not (0.5 <= self.level < 1.0 and self.sigma > 0.0 and 0 <= self.tolerance_s <= 60):
            raise InputError(
                f"expected level in 0.5..1, sigma above 0 and tolerance_s in 0..60, got {self.level:g}, "
                f"{self.sigma:g}, {self.tolerance_s}; correct them"
            )
        if not all(abs(x) <= 2.0 for _, x in self.terms) or len(dict(self.terms)) < len(self.terms):
            raise InputError("expected each station's term once, from -2 to 2 magnitude units; correct them")


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """From a place to a station: distance, predicted travel time of the first P, and what is added to log10(A/T).

    steer: slowness at the station towards the place (east, north, in hundredths of s/deg), for the beam of an array.
    """

    delta_deg: float
    travel_s: float
    decay: float
    near: bool
    steer: tuple[float, float]


def path(place: Place, longitude: float, latitude: float, settings: Settings) -> Path | None:
    """The path to a station; None where it lies outside the distances that count."""
    delta, _, back = (float(x) for x in delaz_(place.longitude, place.latitude, longitude, latitude))
    if not settings.nearest_deg <= delta <= settings.farthest_deg:
        return None
    seconds, slowness = (float(x) for x in travel.load("ak135").predict("P1", place.depth_km, delta)[:2])
    if not math.isfinite(seconds):
        return None
    near = delta < decay.MIN_DEG
    q = decay_(model_of(Rule()), delta) if near else decay.veith_clawson(delta, place.depth_km)
    east, north = sincos_(back * DEG)
    return Path(
        delta_deg=delta, travel_s=seconds, near=near, decay=float(q) + settings.peak,
        steer=(round(slowness * float(east), 2), round(slowness * float(north), 2)),
    )  # fmt: skip


def aligned(levels: Floats, shift_s: int, tolerance_s: int, n: int) -> Floats:
    """Largest level within the tolerance of the predicted arrival, for n origin times a second apart.

    levels: log10(A/T) of each second, the first at the first origin time; NaN without data. A stretch in which any
    second is missing is missing: its largest value is not known.
    """
    out = np.full(n, -np.inf)
    for k in range(shift_s - tolerance_s, shift_s + tolerance_s + 1):
        own = np.full(n, np.nan)
        lo, hi = max(0, -k), min(n, len(levels) - k)
        if hi > lo:
            own[lo:hi] = levels[lo + k : hi + k]
        out = np.where(np.isnan(out) | np.isnan(own), np.nan, np.maximum(out, own))
    return out


@njit(cache=True)
def limits_(normal: Floats, values: Floats, sigma: float, floor: Floats, out: Floats, rule: Counts) -> None:
    """Upper limit of each row of `values` (k, n), NaN where no station speaks; rule: number of the least station.

    floor: what the product of so many probabilities is to come down to.
    """
    for r in range(values.shape[0]):
        least, n, at = np.inf, 0, -1
        for i in range(values.shape[1]):
            v = values[r, i]
            if v == v:
                n += 1
                if v < least:
                    least, at = v, i
        rule[r] = at
        if n == 0:
            out[r] = np.nan
            continue
        low, high = least - 8.0 * sigma, least + 8.0 * sigma
        for _ in range(40):
            m = 0.5 * (low + high)
            p = 1.0
            for i in range(values.shape[1]):
                v = values[r, i]
                if v == v:
                    p *= 1.0 - cdf_(normal, (m - v) / sigma)
            if p > floor[n]:
                low = m
            else:
                high = m
        out[r] = 0.5 * (low + high)


def upper_limit(
    values: Floats, sigma: float, level: float = 0.9, *, safe: bool = False
) -> tuple[Floats, Counts]:
    """Network limit of each moment, and the index of the station with the least magnitude (-1: none).

    values: (moments, stations) magnitudes m_i, NaN where a station says nothing. Solves prod(1 - Phi((m - m_i)/sigma))
    = 1 - level to 1e-9; safe: = the value that a product of so many uniform variables exceeds with probability `level`.
    """
    values = np.ascontiguousarray(values, float)
    out, rule = np.empty(len(values)), np.empty(len(values), np.int64)
    n = values.shape[1]
    floor = np.array([1.0, *(uniform_product(k, level) if safe else 1.0 - level for k in range(1, n + 1))])
    limits_(cdf_table(), values, sigma, floor, out, rule)
    return out, rule


@cache
def uniform_product(n: int, level: float) -> float:
    """The value that the product of n independent uniform variables exceeds with probability `level`.

    Minus its logarithm is Erlang: P(T <= t) = 1 - exp(-t) sum of t^k / k!, k < n.
    """
    low, high = 0.0, 10.0 * n + 50.0
    for _ in range(80):
        t = 0.5 * (low + high)
        term = total = 1.0
        for k in range(1, n):
            term *= t / k
            total += term
        low, high = (t, high) if 1.0 - exp_(-t) * total < level else (low, t)
    return exp_(-high)


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """One minute of origin times: the largest limits in it (None: no moment is watched), where they come from."""

    start_s: int
    limit: float | None
    safe: float | None
    stations: int
    station: int
    watched: float


def minutes(start_s: int, limits: Floats, safe: Floats, rule: Counts, counts: Counts) -> list[Minute]:
    """Minutes of the clock from limits of each second; the least number of stations in each, the share watched."""
    out = []
    first, last = start_s // MINUTE_S, -(-(start_s + len(limits)) // MINUTE_S)
    for k in range(first, last):
        lo, hi = max(0, k * MINUTE_S - start_s), min(len(limits), (k + 1) * MINUTE_S - start_s)
        part = limits[lo:hi]
        known = np.isfinite(part)
        top = lo + int(np.argmax(np.where(known, part, -np.inf))) if known.any() else -1
        out.append(
            Minute(
                start_s=k * MINUTE_S, limit=float(limits[top]) if top >= 0 else None,
                safe=float(np.max(safe[lo:hi][known])) if top >= 0 else None,
                stations=int(counts[lo:hi].min()), station=int(rule[top]) if top >= 0 else -1,
                watched=float(known.sum()) / len(part),
            )
        )  # fmt: skip
    return out


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """What a stretch of minutes could have hidden, by the safe limit: median, largest, minutes above a target."""

    start_s: int
    minutes: int
    unwatched: int
    median: float | None
    largest: float | None
    above: int


def hidden(rows: list[Minute], target: float, every_s: int) -> list[Hidden]:
    """Hours (every_s 3600) or days (86400). above: minutes whose limit lies above the target or is not known."""
    groups: dict[int, list[Minute]] = {}
    for row in rows:
        groups.setdefault(row.start_s // every_s * every_s, []).append(row)
    out = []
    for start in sorted(groups):
        part = groups[start]
        known = [r.safe for r in part if r.safe is not None]
        blind = sum(r.safe is None or r.watched < 1.0 for r in part)
        above = sum(r.safe is None or r.watched < 1.0 or r.safe > target for r in part)
        out.append(
            Hidden(
                start_s=start, minutes=len(part), unwatched=blind, above=above,
                median=float(np.median(known)) if known else None, largest=max(known) if known else None,
            )
        )  # fmt: skip
    return out
