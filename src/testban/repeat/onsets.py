"""Differences of arrival times of P between a master and its repeat, below a sample, as `testban relocate` takes them.

Rules: a short window around P of the vertical (the whole window of a template is mostly S and Lg, which leave the source
elsewhere); the band that correlates best; the lag lies within `LAG_S` of the moveout and below `LEAST` there is none: a
wrong cycle of noise is no difference. Parabola through three correlations, as in `measure`.
"""

import math

import msgspec
import numpy as np

from testban.repeat.ground import F64
from testban.repeat.template import BEFORE_P_S, RATE, TemplateChannel

LONG_S = 8.0
LAG_S = 0.6  # of what is searched: a source some 3 km away at 8 km/s and an origin time 0.2 s wrong
LEAST = 0.7


class Onset(msgspec.Struct, frozen=True, kw_only=True):
    """P of master and repeat at one station: nominal time of the master's, difference of the two, correlation."""

    station: str
    master_ns: int
    difference_ns: int
    correlation: float


def lag(c: TemplateChannel, x: F64, valid: np.ndarray, first: int) -> tuple[float, float] | None:
    """(correlation, lag in samples) of P of a template's channel in x, whose window begins at `first`; None without."""
    n, reach = min(len(c.samples), round((BEFORE_P_S + LONG_S) * RATE)), round(LAG_S * RATE)
    low, high = first - reach - 1, first + n + reach + 1
    if low < 0 or high > len(x) or not bool(valid[low:high].all()):
        return None
    t = c.samples[:n]
    energy = float(np.sum(t * t))
    r = []
    for k in range(-reach - 1, reach + 2):
        y = x[first + k : first + k + n]
        power = float(np.sum(y * y))
        r.append(float(np.sum(t * y)) / math.sqrt(energy * power) if power > 0.0 and energy > 0.0 else 0.0)
    i = max(range(len(r)), key=lambda j: (r[j], -j))
    if not 0 < i < len(r) - 1:
        return None
    bend = r[i - 1] - 2.0 * r[i] + r[i + 1]
    part = 0.5 * (r[i - 1] - r[i + 1]) / bend if bend < 0.0 else 0.0
    peak = min(1.0, r[i] - 0.25 * (r[i - 1] - r[i + 1]) * part)
    return (peak, i - reach - 1 + part) if peak >= LEAST else None
