"""What each way of hiding a test buys: a decoupling cavity, soft rock, a host earthquake, shots at once, deaf stations.

Rules: what is bought stands in magnitude units and in probabilities at the same place and network, never in words; a
host earthquake is counted from threshold monitoring and never guessed. Radius of full decoupling in salt at about 1 km
depth: 25 m per cube root of kt [unconfirmed], 0.38 kt gives 18 m beside the 17 m of STERLING. Largest factor 70 (as
widely used; NAS 2002). Between: modelled, a power of the radius from 1 at the radius that a tamped shot makes itself
(Salmon, 5.3 kt, 17 m: 0.39 of the full one); the model gives 13 at the 36 m of Azgir 1976 for 9 kt, where 12 to 15
is remembered [unconfirmed]. Soft rock: about 2, possibly nothing (Cowboy-type cavities in tuff and alluvium).
"""

import math
from collections.abc import Sequence

import msgspec

from testban.assure.identification import At, threshold
from testban.base.dmath import exp_, log10_
from testban.base.errors import InputError

FULL_RADIUS_M = 25.0
FULL_FACTOR = 70.0
SELF_MADE = 17.0 / (25.0 * 1.7434)
SOFT_ROCK = 2.0
SALT_T_PER_M3 = 2.2
YEAR_S = 365.25 * 86400.0


class Cavity(msgspec.Struct, frozen=True, kw_only=True):
    """A cavity in salt: radius, the radius of full decoupling for the yield, the factor, and what must be carried away."""

    radius_m: float
    full_radius_m: float
    factor: float
    volume_m3: float
    salt_t: float


def _cube_root(x: float) -> float:
    low, high = 0.0, max(1.0, x)
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle * middle * middle < x else (low, middle)
    return 0.5 * (low + high)


def cavity(yield_kt: float, radius_m: float | None = None) -> Cavity:
    """The cavity for a yield; radius None is that of full decoupling. Raises InputError for sizes without meaning."""
    if not 1e-6 <= yield_kt <= 1e5:
        raise InputError(f"expected a yield of 1e-6 to 1e5 kt, got {yield_kt:g}; correct it")
    full = FULL_RADIUS_M * _cube_root(yield_kt)
    r = full if radius_m is None else radius_m
    if not 0.1 <= r <= 1000.0:
        raise InputError(f"expected a cavity of 0.1 to 1000 m, got {r:g}; correct it")
    x = r / full
    factor = 1.0
    if x >= 1.0:
        factor = FULL_FACTOR
    elif x > SELF_MADE:
        power = log10_(FULL_FACTOR) * log10_(x / SELF_MADE) / -log10_(SELF_MADE)
        factor = exp_(power * 2.302585092994046)
    volume = 4.0 / 3.0 * math.pi * r * r * r
    return Cavity(
        radius_m=r, full_radius_m=full, factor=factor, volume_m3=volume, salt_t=SALT_T_PER_M3 * volume
    )


def deafened(place: At, count: int) -> tuple[tuple[str, float], ...]:
    """The stations whose silence raises the threshold most, one after the other, and the threshold then (NaN: blind).

    Greedy: each is the worst loss given those before it; ties go to the first name.
    """
    out: list[tuple[str, float]] = []
    left = place
    for _ in range(min(count, len(place.codes))):
        best: tuple[float, str] | None = None
        for code in left.codes:
            m = threshold(left.without((code,)))
            rank = (-math.inf if m != m else -m, code)
            best = rank if best is None or rank < best else best
        if best is None:
            break
        out.append((best[1], math.nan if best[0] == -math.inf else -best[0]))
        left = left.without((best[1],))
    return tuple(out)


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """Stretches in which a magnitude could hide, as threshold monitoring found them.

    share: of the time watched; stretches: separate ones, each worth one test; days: looked at; unwatched: share of
    the time for which nothing is known (counted as hiding nothing here, and printed).
    """

    magnitude: float
    share: float
    hours_per_year: float
    stretches: int
    days: float
    per_year: float
    unwatched: float


def hosts(limits: Sequence[tuple[int, float | None]], magnitude: float) -> Hosts:
    """From (start in s, limit) of minutes in order of time. Raises InputError where there is nothing."""
    if not limits:
        raise InputError(
            "expected minutes of threshold monitoring, got none; run `testban assure monitor` first"
        )
    above = blind = stretches = 0
    last = -1
    for start, limit in limits:
        if limit is None:
            blind += 1
        elif limit > magnitude:
            above += 1
            stretches += start != last + 60
            last = start
    watched = max(1, len(limits) - blind)
    seconds = 60.0 * watched
    return Hosts(
        magnitude=magnitude, share=above / watched, hours_per_year=above / watched * YEAR_S / 3600.0,
        stretches=stretches, days=seconds / 86400.0, per_year=stretches / seconds * YEAR_S,
        unwatched=blind / len(limits),
    )  # fmt: skip


def enough_hosts(per_year: float, years: float, n: int) -> float:
    """Poisson probability of at least n hosts in that time, one for each test of a series."""
    mean = per_year * years
    term = exp_(-mean) if mean < 700.0 else 0.0
    if mean >= 700.0:
        return 1.0 if n < mean else 0.0
    below = 0.0
    for k in range(n):
        below += term
        term *= mean / (k + 1)
    return max(0.0, 1.0 - below)


def years_needed(per_year: float, n: int, wanted: float = 0.9) -> float | None:
    """Years of waiting after which n hosts have come with the probability `wanted`; None where none ever come."""
    if per_year <= 0.0:
        return None
    low, high = 0.0, 1.0 / per_year
    while enough_hosts(per_year, high, n) < wanted:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if enough_hosts(per_year, middle, n) < wanted else (low, middle)
    return high
