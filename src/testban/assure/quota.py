"""The inspection quota as a game: n suspicious events, m inspections, k intended violations.

Rules: everything is exact in rational numbers; the closed form is used only where it was compared with the recursion
(perfect inspections, payoff of a catch not negative), else the recursion itself. A violator who is caught ends the
game. Dresher 1962 (RAND RM-2972); Maschler 1966; von Stengel 2016 (Math. Oper. Res. 41, 935; arXiv 1412.0129).
The formulas were written from memory and agree with the recursion in every case tested (n up to 12), exactly.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import NamedTuple

import msgspec

from testban.base.dmath import exp_
from testban.base.errors import InputError

EVENT_LIMIT = 400
RECURSION_LIMIT = 200_000
# ln 10: the ellipse holds 90 % where chi-square of two degrees is 2 ln 10 = 4.6052.
_LN10 = 2.302585092994046


class Stage(NamedTuple):
    """Value of the game to the inspector and the probability with which the first event is inspected."""

    value: Fraction
    inspect: Fraction


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Unequal events known at once: the guaranteed probability of discovery and each event's share of inspection."""

    discovery: Fraction
    inspect: tuple[Fraction, ...]
    capped_by_least: bool


def check(n: int, m: int, k: int) -> None:
    """Raises InputError unless 0 <= n <= 400, 0 <= m, 0 <= k <= n."""
    if not 0 <= n <= EVENT_LIMIT:
        raise InputError(f"expected a number of events from 0 to {EVENT_LIMIT}, got {n}; correct it")
    if m < 0:
        raise InputError(f"expected a number of inspections of at least 0, got {m}; correct it")
    if not 0 <= k <= n:
        raise InputError(f"expected violations from 0 to the number of events ({n}), got {k}; correct it")


def weight(n: int, m: int, b: Fraction) -> Fraction:
    """s(n, m) = sum over i = 0..m of C(n, i) b**(m - i); b >= 0."""
    return sum((comb(n, i) * b ** (m - i) for i in range(m + 1)), Fraction(0))


def closed(n: int, m: int, k: int, b: Fraction) -> Stage:
    """Closed form: v = [C(n-k, m+1) - C(n, m+1)] / s(n, m); first inspection with s(n-1, m-1) / s(n, m).

    b >= 0: what a catch is worth to the inspector, a success of the violator being -1. More inspections than events
    are as many as events.
    """
    check(n, m, k)
    if b < 0:
        raise InputError(f"expected a catch payoff of at least 0, got {b}; correct it")
    m = min(m, n)
    if n == 0 or m == 0:
        return Stage(Fraction(-k), Fraction(0))
    if m == n:
        return Stage(Fraction(0), Fraction(1))
    s = weight(n, m, b)
    return Stage(Fraction(comb(n - k, m + 1) - comb(n, m + 1)) / s, weight(n - 1, m - 1, b) / s)


def stage_game(caught: Fraction, spent: Fraction, missed: Fraction, saved: Fraction) -> Stage:
    """The game of two by two with rows inspect / do not and columns violate / act legally, for the inspector.

    caught: inspect and violate; spent: inspect a legal act; missed: a violation not inspected; saved: neither.
    """
    low = max(min(caught, spent), min(missed, saved))
    high = min(max(caught, missed), max(spent, saved))
    if low == high:
        return Stage(low, Fraction(int(min(caught, spent) >= min(missed, saved))))
    total = caught + saved - spent - missed
    return Stage((caught * saved - spent * missed) / total, (saved - missed) / total)


def recursion(n: int, m: int, k: int, b: Fraction, quality: Fraction = Fraction(1)) -> Stage:
    """The game solved stage by stage. quality: probability that an inspection of a violation finds it.

    An inspection that fails leaves the violation a success (-1), is spent, and the game goes on.
    """
    check(n, m, k)
    if not 0 <= quality <= 1:
        raise InputError(f"expected a probability of finding in 0..1, got {quality}; correct it")
    m = min(m, n)
    if (n + 1) * (m + 1) * (k + 1) > RECURSION_LIMIT:
        raise InputError(
            f"expected events x inspections x violations below {RECURSION_LIMIT} for fallible inspections; give fewer"
        )
    before: dict[tuple[int, int], Stage] = {(0, 0): Stage(Fraction(0), Fraction(0))}
    for events in range(1, n + 1):
        now: dict[tuple[int, int], Stage] = {}
        for left in range(min(m, events) + 1):
            for acts in range(min(k, events) + 1):
                now[left, acts] = _stage(events, left, acts, before, b, quality)
        before = now
    return before[m, k]


def _stage(
    events: int, left: int, acts: int, before: dict[tuple[int, int], Stage], b: Fraction, quality: Fraction
) -> Stage:
    """One state of the recursion from the states with one event less."""
    if left == 0:
        return Stage(Fraction(-acts), Fraction(0))

    def then(inspections: int, violations: int) -> Fraction:
        return before[min(inspections, events - 1), min(violations, events - 1)].value

    if acts == 0:
        return Stage(Fraction(0), Fraction(int(left >= events)))
    caught = quality * b + (1 - quality) * (-1 + then(left - 1, acts - 1))
    if left >= events:
        # as many inspections as events: holding one back buys nothing
        return Stage(min(caught, then(left - 1, acts)), Fraction(1))
    return stage_game(caught, then(left - 1, acts), -1 + then(left, acts - 1), then(left, acts))


def game(n: int, m: int, k: int, b: Fraction, quality: Fraction = Fraction(1)) -> Stage:
    """Value to the inspector and first inspection: the closed form where inspections are perfect, else the recursion."""
    return closed(n, m, k, b) if quality == 1 else recursion(n, m, k, b, quality)


def leadership(n: int, m: int, b: Fraction) -> Fraction:
    """Maschler 1966: the schedule announced and believed; success of the one violation, C(n-1, m) / s(n, m).

    The violator then acts legally while inspections remain, so that none is ever caught: same loss, no breach found.
    """
    check(n, m, min(1, n))
    if n == 0 or m >= n:
        return Fraction(0)
    return Fraction(comb(n - 1, m)) / weight(n, m, b)


def at_random(n: int, m: int, k: int) -> Fraction:
    """P(at least one of k violations inspected) where m of n events are drawn at random: 1 - C(n-k, m) / C(n, m)."""
    check(n, m, k)
    return 1 - Fraction(comb(n - k, min(m, n)), comb(n, min(m, n)))


def unequal(finds: Sequence[Fraction], m: int) -> Shares:
    """Shares of inspection that make the least probability of discovery the greatest, for events known at once.

    finds: P(an inspection finds it | a test there), each in 0..1. The linear programme max t with d_i x_i >= t,
    sum x_i <= m, x_i <= 1 has the exact solution t = min(min d, m / sum 1/d); an event that no inspection can clear
    caps the game. Inspections that it leaves over stay unspent.
    """
    if not finds or m < 0 or any(not 0 <= d <= 1 for d in finds):
        raise InputError(
            "expected probabilities of finding in 0..1, one an event, and inspections >= 0; correct them"
        )
    least = min(finds)
    if least == 0:
        return Shares(discovery=Fraction(0), inspect=tuple(Fraction(0) for _ in finds), capped_by_least=True)
    even = m / sum((1 / d for d in finds), Fraction(0))
    t = min(least, even)
    return Shares(discovery=t, inspect=tuple(t / d for d in finds), capped_by_least=least <= even)


def inside_area(area_km2: float, smajor_km: float, sminor_km: float) -> float:
    """P(true site in the inspected area), where it is shaped as the 90 % coverage ellipse: 1 - 0.1**(area / ellipse)."""
    ellipse = 3.141592653589793 * smajor_km * sminor_km
    if not (area_km2 >= 0.0 and 0.0 < ellipse < 1e12):
        raise InputError("expected an area of at least 0 km2 and half-axes above 0 km; correct them")
    return 1.0 - exp_(-_LN10 * area_km2 / ellipse)


def least_quota(n: int, k: int, b: Fraction, loss: Fraction, quality: Fraction = Fraction(1)) -> int | None:
    """The fewest inspections with which the violator gains at most `loss`; None where even n are too few."""
    if -game(n, n, k, b, quality).value > loss:
        return None
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if -game(n, middle, k, b, quality).value <= loss:
            high = middle
        else:
            low = middle
    return high
