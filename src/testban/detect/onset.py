"""Onsets: the first arrival behind a trigger, and how sure its time is.

Rules: causal filters only; the search goes backwards from the trigger to the earliest time at which power in any
band leaves the noise, then an Akaike criterion (Maeda 1985; Sleeman & van Eck 1999, PEPI 113, 265) on the band with
the best signal-to-noise ratio finds the sample.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import log_

F64 = NDArray[np.float64]


@njit(cache=True)
def aic(x: F64, margin: int, out: F64) -> int:
    """Akaike criterion of a change of variance at each sample; returns the index of its minimum.

    x (n,): one trace of zero mean. margin: samples at both ends that may not be the change. out (n,): the criterion
    (infinite in the margins). Returns -1 where n < 2 margin + 2.
    """
    n = len(x)
    for i in range(n):
        out[i] = np.inf
    if n < 2 * margin + 2:
        return -1
    total = 0.0
    for i in range(n):
        total += x[i] * x[i]
    tiny = 1e-12 * total / n + 1e-300
    left, best, at = 0.0, np.inf, -1
    back = np.empty(n + 1)
    back[n] = 0.0
    for i in range(n - 1, -1, -1):
        back[i] = back[i + 1] + x[i] * x[i]
    for i in range(n):
        if margin <= i <= n - margin:
            out[i] = i * log_(left / i + tiny) + (n - i) * log_(back[i] / (n - i) + tiny)
            if out[i] < best:
                best, at = out[i], i
        left += x[i] * x[i]
    return at


def leave_noise(power: F64, level: F64, trigger: int, limit: int, width: int, high: float, quiet: int) -> int:
    """Earliest bin of the stretch of raised power that holds the trigger.

    power (n,): bin powers of one band. level: noise power before the trigger. From the trigger backwards, the mean of
    `width` bins stays above `high` times the level, dips of less than `quiet` bins being passed over, not farther
    than `limit` bins.
    """
    first, gap = trigger, 0
    for i in range(trigger, max(width, trigger - limit) - 1, -1):
        window = power[i - width + 1 : i + 1]
        mean = float(np.sum(window)) / width
        if not mean >= 0.0:
            break
        if mean > high * level:
            first, gap = i - width + 1, 0
        else:
            gap += 1
            if gap > quiet:
                break
    return first


def sigma_s(snr: float, period_s: float, rate_hz: float) -> float:
    """Standard deviation of an onset from its amplitude signal-to-noise ratio and dominant period."""
    base = 0.05 + 0.5 * period_s / max(1.0, snr) ** 0.5
    return math.sqrt(base * base + 1.0 / (12.0 * rate_hz * rate_hz))
