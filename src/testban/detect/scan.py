"""The power detector: short-term power over a level that follows noise and coda.

Rules: compiled loops without fastmath; one column is one band of one component group; NaN bins (gaps, masked
samples) never enter an average. The mean of power over a window with nu = 2 B T degrees of freedom is chi-square
distributed; its fourth root is nearly normal with coefficient of variation sqrt(1 / (8 nu)) (Hawkins & Wixley 1986,
The American Statistician 40, 296), and needs nothing but square roots. The scatter that is tracked replaces the
theoretical one where real noise is wilder.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: Mean excess of a standard normal beyond 2, in standard deviations; what a tail is compared with.
NORMAL_EXCESS = 0.373
#: Windows beyond 2 standard deviations that the normal tail is worth before any were seen.
TAIL_PRIOR = 5.0


@njit(cache=True)
def moving_root(power: F64, width: int, out: F64) -> None:
    """Fourth root of the mean of the last `width` values; NaN until so many valid ones stand in a row.

    power, out (n,). Two-stack sliding sum: sums only, so a large event leaves no rounding behind.
    """
    n = len(power)
    suffix = np.zeros(width + 1)
    head = 0.0
    k = 0
    full = False
    start = 0
    for i in range(n):
        p = power[i]
        if not p >= 0.0:
            out[i] = np.nan
            head, k, full = 0.0, 0, False
            start = i + 1
            continue
        head += p
        k += 1
        if full:
            out[i] = math.sqrt(math.sqrt((head + suffix[k]) / width))
        elif i - start + 1 == width:
            out[i] = math.sqrt(math.sqrt(head / width))
        else:
            out[i] = np.nan
        if k == width:
            suffix[width] = 0.0
            for m in range(width - 1, 0, -1):
                suffix[m] = suffix[m + 1] + power[i - width + 1 + m]
            head, k, full = 0.0, 0, True


@njit(cache=True)
def score_column(
    y: F64, width: int, cv_min: float, z: float, depth: float, factor: float, n_slow: int, n_fast: int, n_tail: int, lag: int,
    n_start: int,
    score: F64, level: F64, spread: F64,
) -> None:  # fmt: skip
    """Score (fourth root of power over threshold) and noise level (fourth root of power) of one column.

    y (n,): moving root. width: bins of the short-term window; cv_min: theoretical scatter; z: normal quantile of
    the false-alarm probability; depth: logarithm of the normal probability beyond 2 over that probability; factor:
    fourth root of the threshold factor; n_slow, n_fast, n_tail: memories in bins of the noise, of what follows a
    coda and of how wild the noise is; lag: bins between the window and what feeds the noise; n_start: bins before anything may score.
    """
    n = len(y)
    a, f, seen = 0.0, 0.0, 0
    v = cv_min * cv_min
    past = np.empty(n)  # f as it was, to compare a window with what came before it
    excess, weight = NORMAL_EXCESS * TAIL_PRIOR, TAIL_PRIOR
    forget = 1.0 - 1.0 / n_tail
    few, root = 1.0, cv_min
    per_slow, per_fast, per_width = 1.0 / n_slow, 1.0 / n_fast, 1.0 / width
    kept = TAIL_PRIOR * (1.0 - forget)
    for i in range(n):
        score[i], level[i], spread[i] = 0.0, np.nan, np.nan
        if i >= lag and y[i - lag] >= 0.0:
            u = y[i - lag]
            seen += 1
            if seen == 1:
                a, f = u, u
            sd = root
            before = past[i - lag] if past[i - lag] > 0.0 else a
            if before > 0.0:
                e = u / before - 1.0
                if seen > n_start:
                    over = (u / max(before, a) - 1.0) / sd - 2.0
                    weight = weight * forget + kept
                    excess = excess * forget + NORMAL_EXCESS * kept
                    if over > 0.0:
                        weight += per_width
                        excess += min(over, 4.0) * per_width
                e = min(e, (3.0 if seen > n_start else 6.0) * sd)
                v += (e * e - v) * (per_slow if seen + n_start >= n_slow else 1.0 / (seen + n_start))
                root = max(cv_min, math.sqrt(v))
            if seen > n_start:
                u = min(u, a * (1.0 + 3.0 * sd))
            a += (u - a) * (per_slow if seen >= n_slow else 1.0 / seen)
        if i >= width and y[i - width] >= 0.0 and seen > 0:
            f += (y[i - width] - f) * (per_fast if seen >= n_fast else 1.0 / seen)
        past[i] = f
        if a <= 0.0:
            continue
        if seen <= n_slow:
            few = math.sqrt(1.0 + 2.0 * width / seen)
        cv = root * few
        level[i], spread[i] = max(a, f), cv
        if seen >= n_start and y[i] > level[i]:
            tail = 2.0 + max(NORMAL_EXCESS, excess / weight) * depth
            score[i] = y[i] / (level[i] * (1.0 + max(z, tail) * cv) * factor)


@njit(cache=True)
def triggers(scores: F64, bands: int, off: float, strong: float, later: float, memory: int, out: F64) -> int:
    """Rows (on bin, peak bin, peak column, peak score, off bin) into `out`, from scores (columns, n).

    A trigger is a best score from 1 until it falls below `off`. For `memory` bins after a score of `strong` a later
    phase is likely, and `later` is enough on a horizontal column (those from `bands` on).
    """
    columns, n = scores.shape
    on = False
    count = 0
    last = -memory - 1
    for i in range(n):
        best, at = 0.0, 0
        flat, flat_at = 0.0, 0
        for j in range(columns):
            if scores[j, i] > best:
                best, at = scores[j, i], j
            if j >= bands and scores[j, i] > flat:
                flat, flat_at = scores[j, i], j
        if not on:
            if count < len(out) and (best >= 1.0 or (flat >= later and i - last < memory)):
                on = True
                if best < 1.0:
                    best, at = flat, flat_at
                out[count, 0], out[count, 1], out[count, 2], out[count, 3] = i, i, at, best
        elif best < off:
            on = False
            out[count, 4] = i
            count += 1
        elif best > out[count, 3]:
            out[count, 1], out[count, 2], out[count, 3] = i, at, best
        if best >= strong:
            last = i
    if on:
        out[count, 4] = n
        count += 1
    return count
