"""A series of tests: the probability that it goes unseen, what silence then says, and what vigilance costs.

Rules: 1 - (1 - p)**n is the independent case and only the upper bound; correlation is always shown beside it
(beta-binomial, one-factor Gaussian copula, explicit common causes); every integral has fixed nodes. A posterior is a
curve over priors, never one number. False alarms stand beside every identification probability.
Formulas: docs/rooms/assure.md. The framing by deterrence: "The capability criterion is deterrence ~30% per test", BSSA 63(3),
1119 (1973). Rates of earthquakes: Ringdal 1986, BSSA 76: some 7500 a year of mb 4 and more.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from testban.assure.gauss import hermite, quantile, wide_nodes
from testban.base.dmath import exp10_, exp_, log_, normal_cdf_
from testban.base.errors import InputError

Model = Literal["independent", "beta-binomial", "copula"]
MODELS: tuple[Model, ...] = ("independent", "beta-binomial", "copula")
# Ringdal 1986, BSSA 76: world rate of earthquakes of mb 4 and more.
QUAKES_PER_YEAR_MB4 = 7500.0
N_LIMIT = 100_000


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that all tests of a series share, acting on the probit of each test's probability.

    name: such as "site bias of Q", "season and noise", "decoupling". sigma: its spread in magnitude units, mean: its
    mean (negative: the tests look smaller). A common outage is given as `outage`: the probability that nobody listens.
    """

    name: str
    sigma: float = 0.0
    mean: float = 0.0
    outage: float = 0.0


def check(p: float, n: int, rho: float = 0.0) -> None:
    """Raises InputError unless 0 <= p <= 1, 1 <= n, 0 <= rho <= 1."""
    if not 0.0 <= p <= 1.0:
        raise InputError(f"expected the probability p of one test in 0..1, got {p}; correct it")
    if not 1 <= n <= N_LIMIT:
        raise InputError(f"expected a number n of tests from 1 to {N_LIMIT}, got {n}; correct it")
    if not 0.0 <= rho <= 1.0:
        raise InputError(f"expected a correlation rho in 0..1, got {rho}; correct it")


def power(x: float, n: int) -> float:
    """X to a whole power by squaring; x >= 0."""
    out = 1.0
    while n:
        if n & 1:
            out *= x
        x *= x
        n >>= 1
    return out


def unseen(p: float, n: int, *, rho: float = 0.0, model: Model = "independent") -> float:
    """Probability that none of n equal tests is seen, each being seen with p.

    rho: correlation of the misses. beta-binomial: intra-class correlation, alpha = p (1-rho)/rho, so that P = B(alpha,
    beta + n) / B(alpha, beta); copula: correlation of the latent normal variables. rho = 0 is the independent case, 1
    gives 1 - p in both.
    """
    check(p, n, rho)
    if model == "independent" or rho == 0.0 or p in (0.0, 1.0):
        return power(1.0 - p, n)
    if rho == 1.0:
        return 1.0 - p
    if model == "beta-binomial":
        out = 1.0
        for j in range(n):
            out *= ((1.0 - p) * (1.0 - rho) + j * rho) / ((1.0 - rho) + j * rho)
        return out
    if model == "copula":
        t = quantile(1.0 - p)
        return _copula([t] * n, rho)
    raise InputError(f"expected model {', '.join(MODELS)}, got {model!r}")


def _copula(limits: Sequence[float], rho: float) -> float:
    """P(all latent variables below their limits) with one common factor.

    The trapezoid is exact as long as the conditional normal is wider than its steps; nearer to rho = 1 the integral
    is done over the step, i.e. exactly Phi of the least limit within the difference of a step.
    """
    root, rest = _sqrt(rho), _sqrt(1.0 - rho)
    if rest < 0.05:
        return _nearly_one(limits, root, rest)
    total = 0.0
    same = all(x == limits[0] for x in limits)
    for z, w in wide_nodes():
        if same:
            product = power(normal_cdf_((limits[0] - root * z) / rest), len(limits))
        else:
            product = 1.0
            for t in limits:
                product *= normal_cdf_((t - root * z) / rest)
        total += w * product
    return total


def _nearly_one(limits: Sequence[float], root: float, rest: float) -> float:
    """The same where the misses are nearly one: fine trapezoid around the step, full weight below it."""
    low, high = min(limits) / root - 12.0 * rest / root, min(limits) / root + 12.0 * rest / root
    n = 400
    h = (high - low) / n
    total = normal_cdf_(low)
    for k in range(n + 1):
        z = low + h * k
        product = 1.0
        for t in limits:
            product *= normal_cdf_((t - root * z) / rest)
        total += product * exp_(-0.5 * z * z) / 2.5066282746310002 * h * (0.5 if k in (0, n) else 1.0)
    return total


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x > 0.0 else 0.0


def seen(p: float, n: int, *, rho: float = 0.0, model: Model = "independent") -> float:
    """Probability that at least one of n equal tests is seen."""
    return 1.0 - unseen(p, n, rho=rho, model=model)


def unseen_of(
    probability: Callable[[float], Sequence[float]], causes: Sequence[Cause] = (), *, nodes: int = 21
) -> float:
    """E over common causes of prod (1 - p_j): exact for explicit causes by fixed Gauss-Hermite nodes.

    probability(shift): the p_j of the tests of the series when all look larger by `shift` magnitude units. Independent
    normal causes add up to one normal shift; outages multiply (nobody listens: nothing is seen).
    """
    variance = sum(c.sigma * c.sigma for c in causes)
    mean = sum(c.mean for c in causes)
    listening = 1.0
    for c in causes:
        if not (0.0 <= c.outage <= 1.0 and c.sigma >= 0.0):
            raise InputError(f"cause {c.name!r}: expected sigma >= 0 and outage in 0..1; correct it")
        listening *= 1.0 - c.outage
    total = 0.0
    for z, w in hermite(nodes) if variance > 0.0 else ((0.0, 1.0),):
        product = 1.0
        for p in probability(mean + _sqrt(variance) * z):
            product *= 1.0 - p
        total += w * product
    return (1.0 - listening) + listening * total


def with_template(first: float, later: float, n: int) -> float:
    """P(none of n seen) cannot change by a template that only a seen test gives; P(at most one seen) can.

    Returns the probability that at most one of n is seen, where each is seen with `first` until one is seen and with
    `later` (template at hand) after it: the defender then knows of a series, not of one event.
    """
    check(first, n)
    check(later, n)
    none = power(1.0 - first, n)
    one = 0.0
    for j in range(n):
        one += power(1.0 - first, j) * first * power(1.0 - later, n - 1 - j)
    return none + one


def series_length(
    p: float, wanted: float, *, rho: float = 0.0, model: Model = "independent", limit: int = 10_000
) -> int | None:
    """The smallest n of which at least one is seen with probability `wanted`; None where `limit` is not enough."""
    check(p, 1, rho)
    if not 0.0 < wanted < 1.0:
        raise InputError(f"expected a probability wanted between 0 and 1, got {wanted}; correct it")
    if seen(p, limit, rho=rho, model=model) < wanted:
        return None
    low, high = 0, 1
    while seen(p, high, rho=rho, model=model) < wanted:
        low, high = high, min(2 * high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        if seen(p, middle, rho=rho, model=model) < wanted:
            low = middle
        else:
            high = middle
    return high


def posterior(prior: float, p_unseen: float) -> float:
    """Probability of a violation after silence: odds * P(none seen)."""
    if not 0.0 <= prior < 1.0:
        raise InputError(f"expected a prior in 0..1 (1 excluded), got {prior}; correct it")
    odds = prior / (1.0 - prior) * p_unseen
    return odds / (1.0 + odds)


PRIORS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99)


def posterior_curve(p_unseen: float, priors: Sequence[float] = PRIORS) -> tuple[tuple[float, float], ...]:
    """(prior, posterior after silence) for each prior."""
    return tuple((q, posterior(q, p_unseen)) for q in priors)


def quakes_per_year(mb: float, b_value: float = 0.9) -> float:
    """World earthquakes of at least mb a year: 7500 at 4.0, 10**(-b (mb - 4)) beside it (b 0.9-1.0, Ringdal 1986)."""
    return QUAKES_PER_YEAR_MB4 * exp10_(-b_value * (mb - 4.0))


def false_alarms_per_year(rate: float, mb: float = 4.0, *, share: float = 1.0, b_value: float = 0.9) -> float:
    """Earthquakes a year that are called suspicious at a false-alarm rate, in a share of the world's seismicity."""
    if not (0.0 <= rate <= 1.0 and 0.0 <= share <= 1.0):
        raise InputError(f"expected a rate and a share in 0..1, got {rate} and {share}; correct them")
    return rate * share * quakes_per_year(mb, b_value)


def log10_(x: float) -> float:
    """Decimal logarithm, for tables of odds."""
    return log_(x) * 0.43429448190325182
