"""The power detector: short-term power over a level that follows noise and coda.

Rules: compiled loops without fastmath; one column is one band of one component group, eight columns go side by side;
NaN bins (gaps, masked samples) never enter an average. The mean of power over a window with nu = 2 B T degrees of freedom is chi-square
distributed; its fourth root is nearly normal with coefficient of variation sqrt(1 / (8 nu)) (Hawkins & Wixley 1986,
The American Statistician 40, 296), and needs nothing but square roots. The scatter that is tracked replaces the
theoretical one where real noise is wilder.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

#: Mean excess of a standard normal beyond 2, in standard deviations; what a tail is compared with.
NORMAL_EXCESS = 0.373
#: Windows beyond 2 standard deviations that the normal tail is worth before any were seen.
TAIL_PRIOR = 5.0
#: Columns that are worked on side by side. Their state lies in one flat array with constant places, from which the
#: compiler makes vector instructions across columns: the same operations a column, so the same bits, on any width.
LANES = 8
# Rows of that array, eight columns each: what is remembered of a column ...
_A, _F, _V, _ROOT, _EXCESS, _WEIGHT, _FEW = 0, 8, 16, 24, 32, 40, 48
# ... what goes into a step and comes out ...
_U, _BEFORE, _PAST, _MEAN, _Y, _LEVEL, _CV, _SCORE = 56, 64, 72, 80, 88, 96, 104, 112
# ... and constants of the column.
_CV_MIN, _Z, _DEPTH, _PER_WIDTH, _WIDTH = 120, 128, 136, 144, 152
_ROWS = 160


@njit(cache=True)
def moving_sums(power: F64, base: int, widths: I64, out: F64) -> None:
    """Sums of the last `widths` bins of eight columns; NaN until so many valid ones stand in a row.

    power (n, columns), of which those from `base` on are taken; widths (8,); out (n, 8). Two-stack sliding sum: sums
    only, so a large event leaves no rounding behind.
    """
    n = len(power)
    suffix = np.zeros((LANES, widths.max() + 2))
    head = np.zeros(LANES)
    k = np.zeros(LANES, dtype=np.int64)
    full = np.zeros(LANES, dtype=np.bool_)
    for i in range(n):
        for j in range(LANES):
            p, width = power[i, base + j], widths[j]
            if not p >= 0.0:
                out[i, j] = np.nan
                head[j], k[j], full[j] = 0.0, 0, False
                continue
            head[j] += p
            k[j] += 1
            if full[j]:
                out[i, j] = head[j] + suffix[j, k[j] + 1]
            elif k[j] == width:
                out[i, j] = head[j]
            else:
                out[i, j] = np.nan
            if k[j] == width:
                suffix[j, width + 1] = 0.0
                for m in range(width, 1, -1):
                    suffix[j, m] = suffix[j, m + 1] + power[i - width + m, base + j]
                head[j], k[j], full[j] = 0.0, 0, True


@njit(inline="always", error_model="numpy")
def _steady(st: F64, per_slow: float, per_fast: float, forget: float, kept: float, factor: float) -> None:
    """One step of eight columns that have all they need; the branches of `_step` as selections."""
    for j in range(8):
        u, a, sd = st[_U + j], st[_A + j], st[_ROOT + j]
        before = st[_BEFORE + j] if st[_BEFORE + j] > 0.0 else a
        ahead = before if before > a else a
        over = (u - ahead) / (ahead * sd) - 2.0
        add = st[_PER_WIDTH + j] if over > 0.0 else 0.0
        over = over if over < 4.0 else 4.0
        st[_WEIGHT + j] = st[_WEIGHT + j] * forget + kept + add
        st[_EXCESS + j] = st[_EXCESS + j] * forget + NORMAL_EXCESS * kept + over * add
        e = u / before - 1.0
        most = 3.0 * sd
        e = e if e < most else most
        v = st[_V + j] + (e * e - st[_V + j]) * per_slow
        root = math.sqrt(v)
        root = root if root > st[_CV_MIN + j] else st[_CV_MIN + j]
        st[_V + j], st[_ROOT + j] = v, root
        most = a * (1.0 + 3.0 * sd)
        u = u if u < most else most
        a = a + (u - a) * per_slow
        f = st[_F + j] + (st[_PAST + j] - st[_F + j]) * per_fast
        st[_A + j], st[_F + j] = a, f
        y = math.sqrt(math.sqrt(st[_MEAN + j] / st[_WIDTH + j]))
        level = a if a > f else f
        cv = root * st[_FEW + j]
        tail = st[_EXCESS + j] / st[_WEIGHT + j]
        tail = 2.0 + (tail if tail > NORMAL_EXCESS else NORMAL_EXCESS) * st[_DEPTH + j]
        tail = tail if tail > st[_Z + j] else st[_Z + j]
        score = y / (level * (1.0 + tail * cv) * factor)
        st[_Y + j], st[_LEVEL + j], st[_CV + j] = y, level, cv
        st[_SCORE + j] = score if y > level else 0.0


@njit(inline="always", error_model="numpy")
def _step(
    st: F64, j: int, seen: I64, fresh: bool, n_slow: int, n_fast: int, n_start: int, forget: float, kept: float, factor: float
) -> None:  # fmt: skip
    """One step of one column; fresh: whether its delayed window (_U) is there. NaN in _PAST or _MEAN: not there."""
    per_slow, per_fast = 1.0 / n_slow, 1.0 / n_fast
    st[_SCORE + j], st[_LEVEL + j], st[_CV + j] = 0.0, np.nan, np.nan
    st[_Y + j] = math.sqrt(math.sqrt(st[_MEAN + j] / st[_WIDTH + j]))
    if fresh:
        u = st[_U + j]
        seen[j] += 1
        if seen[j] == 1:
            st[_A + j], st[_F + j] = u, u
        a, sd = st[_A + j], st[_ROOT + j]
        before = st[_BEFORE + j] if st[_BEFORE + j] > 0.0 else a
        if before > 0.0:
            e = u / before - 1.0
            if seen[j] > n_start:
                ahead = before if before > a else a
                over = (u - ahead) / (ahead * sd) - 2.0
                add = st[_PER_WIDTH + j] if over > 0.0 else 0.0
                over = over if over < 4.0 else 4.0
                st[_WEIGHT + j] = st[_WEIGHT + j] * forget + kept + add
                st[_EXCESS + j] = st[_EXCESS + j] * forget + NORMAL_EXCESS * kept + over * add
            e = min(e, (3.0 if seen[j] > n_start else 6.0) * sd)
            few = seen[j] + n_start
            st[_V + j] += (e * e - st[_V + j]) * (per_slow if few >= n_slow else 1.0 / few)
            st[_ROOT + j] = max(st[_CV_MIN + j], math.sqrt(st[_V + j]))
        if seen[j] > n_start:
            u = min(u, a * (1.0 + 3.0 * sd))
        st[_A + j] = a + (u - a) * (per_slow if seen[j] >= n_slow else 1.0 / seen[j])
    if st[_PAST + j] >= 0.0 and seen[j] > 0:
        st[_F + j] += (st[_PAST + j] - st[_F + j]) * (per_fast if seen[j] >= n_fast else 1.0 / seen[j])
    if st[_A + j] <= 0.0:
        return
    if seen[j] <= n_slow:
        st[_FEW + j] = math.sqrt(1.0 + 2.0 * st[_WIDTH + j] / seen[j])
    cv = st[_ROOT + j] * st[_FEW + j]
    level = max(st[_A + j], st[_F + j])
    st[_LEVEL + j], st[_CV + j] = level, cv
    y = st[_Y + j]
    if seen[j] >= n_start and y > level:
        tail = 2.0 + max(NORMAL_EXCESS, st[_EXCESS + j] / st[_WEIGHT + j]) * st[_DEPTH + j]
        st[_SCORE + j] = y / (level * (1.0 + max(st[_Z + j], tail) * cv) * factor)


@njit(cache=True, error_model="numpy")
def score_columns(
    power: F64, base: int, widths: I64, constants: F64, factor: float, n_slow: int, n_fast: int, n_tail: int, delay: int, n_start: int,
    score: F64, level: F64, spread: F64,
) -> None:  # fmt: skip
    """Score (fourth root of power over threshold) and noise level (fourth root of power) of eight columns.

    power, score, level, spread (n, columns), of which those from `base` on are worked on. widths (8,): bins of the
    short-term window; constants (3, 8): theoretical scatter, normal quantile of the false-alarm probability,
    logarithm of the normal probability beyond 2 over that probability; factor: fourth root of the threshold factor;
    n_slow, n_fast, n_tail: memories in bins of the noise, of what follows a coda and of how wild the noise is; delay:
    bins between the window and the one that feeds the noise; n_start: bins before anything may score.
    """
    n = len(power)
    sums, y, past = np.empty((n, LANES)), np.empty((n, LANES)), np.zeros((n, LANES))
    moving_sums(power, base, widths, sums)
    st = np.zeros(_ROWS)
    seen = np.zeros(LANES, dtype=np.int64)
    for j in range(LANES):
        st[_CV_MIN + j], st[_Z + j], st[_DEPTH + j] = constants[0, j], constants[1, j], constants[2, j]
        st[_WIDTH + j], st[_PER_WIDTH + j] = widths[j], 1.0 / widths[j]
        st[_ROOT + j], st[_V + j], st[_FEW + j] = constants[0, j], constants[0, j] * constants[0, j], 1.0
        st[_EXCESS + j], st[_WEIGHT + j] = NORMAL_EXCESS * TAIL_PRIOR, TAIL_PRIOR
    forget = 1.0 - 1.0 / n_tail
    kept = TAIL_PRIOR * (1.0 - forget)
    longest = widths.max() + delay
    steady = 0  # bins since every column had all that it needs
    for i in range(n):
        whole = True
        for j in range(8):
            st[_MEAN + j] = sums[i, j]
            whole = whole and sums[i, j] >= 0.0
        if whole and steady > longest:
            for j in range(8):
                lag = i - widths[j] - delay
                st[_U + j], st[_BEFORE + j], st[_PAST + j] = y[lag, j], past[lag, j], y[i - widths[j], j]
            _steady(st, 1.0 / n_slow, 1.0 / n_fast, forget, kept, factor)
        else:
            steady = steady + 1 if whole else 0
            for j in range(LANES):
                lag = i - widths[j] - delay
                fresh = lag >= 0 and y[lag, j] >= 0.0
                if fresh:
                    st[_U + j], st[_BEFORE + j] = y[lag, j], past[lag, j]
                st[_PAST + j] = y[i - widths[j], j] if i >= widths[j] else np.nan
                _step(st, j, seen, fresh, n_slow, n_fast, n_start, forget, kept, factor)
                if seen[j] <= n_slow or not st[_A + j] > 0.0:
                    steady = 0
        for j in range(8):
            y[i, j], past[i, j] = st[_Y + j], st[_F + j]
            score[i, base + j], level[i, base + j], spread[i, base + j] = (
                st[_SCORE + j],
                st[_LEVEL + j],
                st[_CV + j],
            )


@njit(cache=True)
def triggers(scores: F64, bands: int, off: float, strong: float, later: float, memory: int, out: F64) -> int:
    """Rows (on bin, peak bin, peak column, peak score, off bin) into `out`, from scores (n, columns).

    A trigger is a best score from 1 until it falls below `off`. For `memory` bins after a score of `strong` a later
    phase is likely, and `later` is enough on a horizontal column (those from `bands` on).
    """
    n, columns = scores.shape
    on = False
    count = 0
    last = -memory - 1
    for i in range(n):
        best, at = 0.0, 0
        flat, flat_at = 0.0, 0
        for j in range(columns):
            if scores[i, j] > best:
                best, at = scores[i, j], j
            if j >= bands and scores[i, j] > flat:
                flat, flat_at = scores[i, j], j
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
