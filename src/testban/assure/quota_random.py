"""The inspection quota where the number of suspicious events is itself random, and what the verdicts leave of it.

Rules: the number n of events a year is Poisson; both sides learn it before the game, so the value is the mean of the values; where
n is below the number of violations, those come on top of it (a violation is an event). Terms are added until what is left
of the distribution is below 1e-12, and the rest is given to the last term. Rational inside a term, floats across terms.
"""

from collections.abc import Callable
from fractions import Fraction

from testban.assure import quota
from testban.base.dmath import exp_
from testban.base.errors import InputError

REST = 1e-12
MOST = 500.0
MOST_FALLIBLE = 100.0


def poisson_mean(mean: float, of: Callable[[int], float]) -> float:
    """E of a function of a Poisson number. Raises InputError unless 0 <= mean <= 500."""
    if not 0.0 <= mean <= MOST:
        raise InputError(f"expected a mean number of events in 0..{MOST:g}, got {mean}; correct it")
    weight, left, total, n = exp_(-mean), 1.0, 0.0, 0
    while left - weight > REST and n < 5000:
        total += weight * of(n)
        left -= weight
        n += 1
        weight *= mean / n
    return total + left * of(n)


def value(
    mean: float, inspections: int, violations: int, payoff: Fraction, quality: Fraction = Fraction(1)
) -> float:
    """Value to the inspector: legal events are Poisson with that mean, `violations` come on top of them.

    quality: probability that an inspection of a violation finds it. Raises InputError for a fallible inspection of more
    than 100 events in the mean: its recursion in rationals takes too long.
    """
    if quality != 1 and mean > MOST_FALLIBLE:
        raise InputError(
            f"expected at most {MOST_FALLIBLE:g} events in the mean with fallible inspections, got {mean:g}; ask for larger events"
        )

    def of(n: int) -> float:
        events = n + violations
        return float(quota.game(events, min(inspections, events), violations, payoff, quality).value)

    return poisson_mean(mean, of)


def by_lot(mean: float, inspections: int, violations: int) -> float:
    """P(at least one violation is inspected) where the inspected events are drawn at random among all."""
    return poisson_mean(
        mean, lambda n: float(quota.at_random(n + violations, min(inspections, n + violations), violations))
    )


def interval(count: int, confidence: float = 0.9) -> tuple[float, float]:
    """Mean of a Poisson number of which `count` came: exact central interval (Garwood 1936). Raises InputError."""
    if not (0 <= count <= MOST and 0.0 < confidence < 1.0):
        raise InputError(
            f"expected 0 to {MOST:g} events, got {count}; choose larger events or a shorter time"
        )
    tail = 0.5 * (1.0 - confidence)

    def at_most(mean: float, n: int) -> float:
        term, total = exp_(-mean), 0.0
        for i in range(n + 1):
            total += term
            term *= mean / (i + 1)
        return total

    def solve(n: int, want: float) -> float:
        low, high = 0.0, 2.0 * n + 20.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if at_most(middle, n) > want else (low, middle)
        return high

    return (0.0 if count == 0 else solve(count - 1, 1.0 - tail)), solve(count, tail)


def undetermined(events_a_year: float, share: float) -> float:
    """Events a year that the verdicts leave undetermined: the mean of the game above. Raises InputError."""
    if not (events_a_year >= 0.0 and 0.0 <= share <= 1.0):
        raise InputError(
            f"expected events >= 0 and a share in 0..1, got {events_a_year} and {share}; correct them"
        )
    return events_a_year * share
