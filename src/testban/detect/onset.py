"""Onset kernels: where the variance of a trace changes, how surely, and how well the time is known.

Rules: plain loops, `base.dmath` logarithms. The change point is the minimum of the Akaike criterion of two stretches
of different variance (Maeda 1985, Zisin 38, 365; Sleeman & van Eck 1999, PEPI 113, 265); its significance is the
log-likelihood ratio of two stretches against one, counted in independent samples (2 B a second), because a
band-passed trace has fewer of those than samples.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import log_

F64 = NDArray[np.float64]


@njit(cache=True)
def change_point(x: F64, margin: int, density: float) -> tuple[int, float, float]:
    """Best split of x (n,) into a quieter and a louder stretch: (index, log-likelihood ratio, power ratio).

    margin: samples at both ends that may not be the split. density: independent samples per sample, 2 B / rate.
    Splits where the later stretch is not the louder one do not count. (-1, 0, 0) where there is none.
    """
    n = len(x)
    if n < 2 * margin + 2:
        return -1, 0.0, 0.0
    back = np.empty(n + 1)
    back[n] = 0.0
    for i in range(n - 1, -1, -1):
        back[i] = back[i + 1] + x[i] * x[i]
    tiny = 1e-12 * back[0] / n + 1e-300
    whole = n * log_(back[0] / n + tiny)
    left, best, at, power = 0.0, 0.0, -1, 0.0
    for i in range(n):
        if margin <= i <= n - margin:
            before, later = left / i + tiny, back[i] / (n - i) + tiny
            if later > before:
                gain = whole - i * log_(before) - (n - i) * log_(later)
                if gain > best:
                    best, at, power = gain, i, later / before
        left += x[i] * x[i]
    return at, 0.5 * density * best, power


@njit(cache=True)
def leave_noise(power: F64, trigger: int, limit: int, width: int, high: float, quiet: int) -> int:
    """First bin of the stretch of raised power that holds the trigger.

    power (n,): bin powers of one band. Backwards from bin `trigger`, the mean of `width` bins stays above `high`,
    dips of up to `quiet` bins being passed over, not before bin `limit`; a gap (NaN) ends it.
    """
    first, dip = trigger, 0
    for i in range(trigger, max(width - 1, limit + width - 1) - 1, -1):
        total = 0.0
        for k in range(i - width + 1, i + 1):
            total += power[k]
        if not total >= 0.0:
            break
        if total > high * width:
            first, dip = i - width + 1, 0
        else:
            dip += 1
            if dip > quiet:
                break
    return first


def sigma_s(snr: float, band_hz: tuple[float, float], rate_hz: float) -> float:
    """Standard deviation of an onset from its amplitude signal-to-noise ratio and band.

    Used to weigh onsets against one another; what a pick states is `station.PATH_SIGMA_S` more.
    """
    period = 1.0 / math.sqrt(band_hz[0] * band_hz[1])
    base = 0.10 + 1.0 * period / max(1.0, snr - 1.0)
    return math.sqrt(base * base + 1.0 / (12.0 * rate_hz * rate_hz))
