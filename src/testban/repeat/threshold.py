"""How high the statistic must rise so that noise alone does so once in a stated time.

The noise law of one correlation with N = 2 B T degrees of freedom: r sqrt((N - 1) / (1 - r^2)) follows Student's t
(one-sided), see `tail_probability`. It is the law of white noise; real noise is coloured, comes in bursts and holds
other people's earthquakes. So the tail is measured: the statistic of surrogates of the template (reversed in time,
with scrambled phases) on the data at hand, its maxima in fixed cells of 30 s, as y = -ln of the normal tail,
which is exponential with scale 1 under the ideal law. The scale beta of the excesses is fitted (Pareto law of shape
zero: Coles 2001, An Introduction to Statistical Modeling of Extreme Values, ch. 4) and carried on to the asked rate;
how far beyond the data that reaches is stated. An event that the template should find is in no surrogate, so the
threshold cannot be tuned on it.

Rules: maxima of fixed cells, not samples, so that overlapping windows count once; beta is raised by its own standard
error (beta / sqrt(n)); of few cells the upper `FEWEST`, at most a third, are the tail, and below that there is no threshold.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit

from testban.base.dmath import exp_, log_
from testban.base.errors import InputError
from testban.repeat.ground import F64
from testban.repeat.kernels import F32, maxima_
from testban.repeat.stack import log_tail

CELL_S = 30
SHARE = 0.1  # of the cells that count as the tail
FEWEST = 8
YEAR_S = 365.25 * 86400.0


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """z: the value to exceed. beta: scale of the tail in units of the ideal law, as used; beta_sigma its error.

    level: z from which on the tail was fitted, excesses: how many cells lie beyond. noise_hours: time that the
    surrogates saw. beyond: asked interval over that time: the factor of the extrapolation.
    """

    z: float
    beta: float
    beta_sigma: float
    level: float
    excesses: int
    noise_hours: float
    beyond: float
    false_alarms_per_year: float


@njit(cache=True)
def _continued(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (DLMF 8.17.22, modified Lentz)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    h = d
    for m in range(1, 400):
        t = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + t * d
        d = 1.0 / (d if abs(d) > tiny else tiny)
        c = 1.0 + t / c
        h *= d * c
        t = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + t * d
        d = 1.0 / (d if abs(d) > tiny else tiny)
        c = 1.0 + t / c
        h *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return h


def _log_gamma_half(k: int) -> float:
    """Ln Gamma(k / 2), by recurrence from Gamma(1/2) and Gamma(1)."""
    total = 0.5 * log_(math.pi) if k % 2 else 0.0
    at = 1 if k % 2 else 2
    while at < k:
        total += log_(0.5 * at)
        at += 2
    return total


def tail_probability(r: float, n: int) -> float:
    """One-sided probability that noise with n degrees of freedom correlates beyond r: Student's t with n - 1."""
    if not -1.0 < r < 1.0 or n < 2:
        raise InputError(f"expected a correlation between -1 and 1 and 2 or more degrees, got {r} and {n}")
    if r < 0.0:
        return 1.0 - tail_probability(-r, n)
    a, b, x = 0.5 * (n - 1), 0.5, 1.0 - r * r
    front = a * log_(x) + b * log_(max(r * r, 1e-300))
    front += _log_gamma_half(n) - _log_gamma_half(n - 1) - _log_gamma_half(1)
    if r * r > 1.5 / (0.5 * (n - 1) + 2.5):
        return 0.5 * exp_(front) * _continued(a, b, x) / a
    return 0.5 * (1.0 - exp_(front) * _continued(b, a, r * r) / b)


def normal_level(y: float) -> float:
    """Z whose `log_tail` is y."""
    low, high = -8.0, 200.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if log_tail(middle) < y else (low, middle)
    return 0.5 * (low + high)


def fit(maxima: Sequence[float] | F64, false_alarms_per_year: float, cell_s: float = CELL_S) -> Threshold:
    """The threshold for a rate of false alarms from the maxima of the surrogates' cells (NaN: no data).

    Raises InputError where too little noise was seen.
    """
    if not false_alarms_per_year > 0.0 or not math.isfinite(false_alarms_per_year):
        raise InputError(f"expected a positive rate of false alarms, got {false_alarms_per_year:g} per year")
    values = np.sort(np.asarray(maxima, dtype=np.float64))
    values = values[np.isfinite(values)]
    count = max(FEWEST, math.floor(SHARE * len(values)))
    if 3 * count > len(values):
        raise InputError(
            f"expected at least {3 * FEWEST} cells of {cell_s:g} s to measure the noise, got {len(values)}; "
            "give longer records to the watch"
        )
    level = float(values[len(values) - count - 1])
    u = log_tail(level)
    beta = sum(log_tail(float(v)) - u for v in values[len(values) - count :]) / count
    sigma = beta / math.sqrt(count)
    seconds = len(values) * cell_s
    ratio = count / seconds * YEAR_S / false_alarms_per_year
    y = u + (beta + sigma) * log_(ratio) if ratio > 1.0 else u
    return Threshold(
        z=normal_level(y), beta=beta + sigma, beta_sigma=sigma, level=level, excesses=count,
        noise_hours=seconds / 3600.0, beyond=YEAR_S / false_alarms_per_year / seconds,
        false_alarms_per_year=false_alarms_per_year,
    )  # fmt: skip


def cell_maxima(statistic: F64 | F32, rate: int, cell_s: int = CELL_S) -> F64:
    """Largest value of each cell; NaN where less than half of a cell has values."""
    return np.asarray(maxima_(statistic, cell_s * rate))
