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
#: Mean excess of recorded noise (1.0 to 1.3 before dprk_2016-01-06 and the odd half of nnsn_nuclear), and the windows
#: that it is worth at the start of a record, forgotten as they are: until a station's own windows say so, its noise is
#: not normal. It raises what a detection needs, not the threshold that finds its onset.
START_EXCESS, START_WEIGHT = 1.0, 3.0
#: Scores below this are not worked out and left at nought: a trigger has ended by then.
LEAST_SCORE = 0.72
#: Columns that are worked on side by side. Their state lies in one flat array with constant places, from which the
#: compiler makes vector instructions across columns: the same operations a column, so the same bits, on any width.
LANES = 8
CHUNK = 100  # steps whose sums stand in memory at a time
# Rows of that array, eight columns each: what is remembered of a column ...
_A, _F, _V, _ROOT, _EXCESS, _WEIGHT, _FEW = 0, 8, 16, 24, 32, 40, 48
# ... what goes into a step and comes out (_PAST as sum of power, then _U and _PAST as fourth roots of the mean) ...
_U, _BEFORE, _PAST, _LEVEL, _CV, _THRESHOLD, _HOT = 56, 64, 72, 80, 88, 96, 104
# ... and constants of the column.
_CV_MIN, _Z, _DEPTH, _ADD, _WIDTH = 112, 120, 128, 136, 144
# ... what is left of the start, and by how much it raises the threshold.
_START, _RAISE = 152, 160
_ROWS = 168


@njit(inline="always")
def _add(a: F64, b: F64, out: F64) -> None:
    for r in range(len(out)):
        out[r] = a[r] + b[r]


@njit(cache=True)
def moving_sums(power: F64, base: int, widths: I64, begin: int, ladder: F64, out: F64) -> None:
    """Sums of the last `widths` bins of eight columns; NaN until so many valid ones stand in a row.

    power (n, columns), of which those from `base` on are taken; widths (8,); out (8, m): bins begin..begin+m-1.
    ladder (levels, m + max(widths)): working memory, levels as binary digits of the widest. Sums of 1, 2, 4 ... bins
    are put together by the binary digits of the width: only sums of what is inside, so that a large event or a gap
    leaves no trace behind.
    """
    size, pad = out.shape[1], widths.max()
    empty = max(0, pad - begin)
    for j in range(LANES):
        ladder[0, :empty] = np.nan
        own = power[begin - pad + empty : begin + size, base + j]
        for r in range(len(own)):
            ladder[0, empty + r] = own[r]
        total, back, first = out[j], pad, True
        for k in range(len(ladder)):
            if widths[j] >> k == 0:
                break
            if k > 0:
                half, rung = 1 << (k - 1), ladder[k - 1]
                _add(rung[half : size + pad], rung[: size + pad - half], ladder[k, half : size + pad])
            if widths[j] >> k & 1:
                part = ladder[k, back : back + size]
                back -= 1 << k
                if first:
                    total[:] = part
                    first = False
                else:
                    _add(total, part, total)


@njit(inline="always", error_model="numpy")
def _steady(st: F64, per_slow: float, per_fast: float, forget: float, kept: float, factor: float) -> None:
    """One step of eight columns that have all they need; the branches of `_step` as selections."""
    for j in range(8):
        u = st[_U + j]
        past = math.sqrt(math.sqrt(st[_PAST + j] / st[_WIDTH + j]))
        st[_PAST + j] = past
        a, sd = st[_A + j], st[_ROOT + j]
        before = st[_BEFORE + j] if st[_BEFORE + j] > 0.0 else a
        ahead = before if before > a else a
        over = (u - ahead) / (ahead * sd) - 2.0
        add = st[_ADD + j] if over > 0.0 else 0.0
        over = over if over < 4.0 else 4.0
        st[_WEIGHT + j] = st[_WEIGHT + j] * forget + kept + add
        st[_EXCESS + j] = st[_EXCESS + j] * forget + NORMAL_EXCESS * kept + over * add
        st[_START + j] = st[_START + j] * forget
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
        f = st[_F + j] + (past - st[_F + j]) * per_fast
        st[_A + j], st[_F + j] = a, f
        level = a if a > f else f
        cv = root * st[_FEW + j]
        tail = st[_EXCESS + j] / st[_WEIGHT + j]
        tail = 2.0 + (tail if tail > NORMAL_EXCESS else NORMAL_EXCESS) * st[_DEPTH + j]
        tail = tail if tail > st[_Z + j] else st[_Z + j]
        threshold = level * (1.0 + tail * cv) * factor
        wild = (st[_EXCESS + j] + START_EXCESS * st[_START + j]) / (st[_WEIGHT + j] + st[_START + j])
        wild = (1.0 + (2.0 + wild * st[_DEPTH + j]) * cv) / (1.0 + tail * cv)
        st[_RAISE + j] = wild if wild > 1.0 else 1.0
        hot = LEAST_SCORE * threshold
        st[_LEVEL + j], st[_CV + j], st[_THRESHOLD + j] = level, cv, threshold
        st[_HOT + j] = hot * hot * hot * hot * st[_WIDTH + j]


@njit(inline="always", error_model="numpy")
def _step(
    st: F64, j: int, seen: I64, stride: int, n_slow: int, n_fast: int, n_start: int, forget: float, kept: float, factor: float
) -> None:  # fmt: skip
    """One step of one column; NaN in _U or _PAST: there is no such window."""
    per_slow, per_fast = 1.0 / n_slow, 1.0 / n_fast
    st[_LEVEL + j], st[_CV + j], st[_THRESHOLD + j], st[_HOT + j] = np.nan, np.nan, np.inf, np.inf
    u = st[_U + j]
    past = math.sqrt(math.sqrt(st[_PAST + j] / st[_WIDTH + j]))
    st[_PAST + j] = past
    if u >= 0.0:
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
                add = st[_ADD + j] if over > 0.0 else 0.0
                over = over if over < 4.0 else 4.0
                st[_WEIGHT + j] = st[_WEIGHT + j] * forget + kept + add
                st[_EXCESS + j] = st[_EXCESS + j] * forget + NORMAL_EXCESS * kept + over * add
                st[_START + j] = st[_START + j] * forget
            e = min(e, (3.0 if seen[j] > n_start else 6.0) * sd)
            few = seen[j] + n_start
            st[_V + j] += (e * e - st[_V + j]) * (per_slow if few >= n_slow else 1.0 / few)
            st[_ROOT + j] = max(st[_CV_MIN + j], math.sqrt(st[_V + j]))
        if seen[j] > n_start:
            u = min(u, a * (1.0 + 3.0 * sd))
        st[_A + j] = a + (u - a) * (per_slow if seen[j] >= n_slow else 1.0 / seen[j])
    if past >= 0.0 and seen[j] > 0:
        st[_F + j] += (past - st[_F + j]) * (per_fast if seen[j] >= n_fast else 1.0 / seen[j])
    if st[_A + j] <= 0.0:
        return
    if seen[j] <= n_slow:
        st[_FEW + j] = math.sqrt(1.0 + 2.0 * st[_WIDTH + j] / (seen[j] * stride))
    cv = st[_ROOT + j] * st[_FEW + j]
    level = max(st[_A + j], st[_F + j])
    st[_LEVEL + j], st[_CV + j] = level, cv
    if seen[j] >= n_start:
        tail = 2.0 + max(NORMAL_EXCESS, st[_EXCESS + j] / st[_WEIGHT + j]) * st[_DEPTH + j]
        tail = max(st[_Z + j], tail)
        if seen[j] < n_slow:
            student = 0.25 * (st[_Z + j] * st[_Z + j] + 1.0) * st[_WIDTH + j] / stride
            tail *= (1.0 + student / seen[j]) / (1.0 + student / n_slow)
        threshold = level * (1.0 + tail * cv) * factor
        wild = (st[_EXCESS + j] + START_EXCESS * st[_START + j]) / (st[_WEIGHT + j] + st[_START + j])
        st[_RAISE + j] = max(1.0, (1.0 + (2.0 + wild * st[_DEPTH + j]) * cv) / (1.0 + tail * cv))
        hot = LEAST_SCORE * threshold
        st[_THRESHOLD + j], st[_HOT + j] = threshold, hot * hot * hot * hot * st[_WIDTH + j]


@njit(inline="always")
def _whole(st: F64, lagged: int) -> bool:
    """Take over what feeds the noise, and say whether all eight columns have the windows of a steady step."""
    good = 0
    for j in range(8):
        u = st[lagged + j]
        st[_U + j] = u
        good += (u >= 0.0) & (st[_PAST + j] >= 0.0) & (st[_A + j] > 0.0)
    return good == 8


@njit(inline="always")
def _score(st: F64, sums: F64, base: int, begin: int, score: F64, top: F64) -> None:
    """Scores of some bins, the first of them `begin`, of eight columns over the thresholds that stand in `st`."""
    for j in range(8):
        part, hot = sums[j], st[_HOT + j]
        for i in range(len(part)):
            if part[i] > hot:
                y = math.sqrt(math.sqrt(part[i] / st[_WIDTH + j]))
                if y > st[_LEVEL + j]:
                    ours = y / st[_THRESHOLD + j]
                    score[begin + i, base + j] = ours
                    top[begin + i] = max(top[begin + i], ours)


@njit(cache=True, error_model="numpy")
def score_columns(
    power: F64, base: int, widths: I64, constants: F64, factor: float, stride: int, n_slow: int, n_fast: int, n_tail: int,
    delay: int, n_start: int, score: F64, top: F64, level: F64, spread: F64, raised: F64,
) -> None:  # fmt: skip
    """Score (fourth root of power over threshold) and noise level (fourth root of power) of eight columns.

    power, score (n, columns), of which those from `base` on are worked on; score comes as zeros; top (n,) is raised
    to the best score of a bin. level, spread, raised (steps, columns), steps = ceil(n / stride): what holds for
    `stride` bins; raised: the score that is asked of a detection. widths (8,): bins of the short-term window; constants (3, 8): theoretical scatter, normal quantile of the
    false-alarm probability, logarithm of the normal probability beyond 2 over that probability; factor: fourth root
    of the threshold factor; n_slow, n_fast, n_tail: memories in steps of the noise, of what follows a coda and of how
    wild the noise is; delay: steps between the window and the one that feeds the noise; n_start: steps before anything
    may score.
    """
    n, steps = len(power), len(level)
    back = -(-widths // stride) + delay  # steps to the noise before the window that feeds it
    ring = 1
    while ring <= back.max():
        ring *= 2
    # Behind the rows: the last steps of _PAST and _F, by t modulo ring.
    roots, past = _ROWS, _ROWS + ring * LANES
    st, seen = np.zeros(_ROWS + 2 * ring * LANES), np.zeros(LANES, dtype=np.int64)
    for j in range(ring * LANES):
        st[roots + j] = np.nan
    for j in range(LANES):
        st[_CV_MIN + j], st[_Z + j], st[_DEPTH + j] = constants[0, j], constants[1, j], constants[2, j]
        st[_WIDTH + j], st[_ADD + j] = widths[j], min(1.0, stride / widths[j])
        st[_ROOT + j], st[_V + j], st[_FEW + j] = constants[0, j], constants[0, j] * constants[0, j], 1.0
        st[_EXCESS + j], st[_WEIGHT + j] = NORMAL_EXCESS * TAIL_PRIOR, TAIL_PRIOR
        st[_START + j], st[_RAISE + j] = START_WEIGHT, 1.0
    forget = 1.0 - 1.0 / n_tail
    kept = TAIL_PRIOR * (1.0 - forget)
    reach = widths.max()
    digits = 1
    while 1 << digits <= widths.max():
        digits += 1
    old = False  # whether every column has had all the steps that it needs
    ladder = np.empty((digits, CHUNK * stride + widths.max()))
    sums = np.full((LANES, reach + CHUNK * stride), np.nan)
    for t in range(steps):
        first = t // CHUNK * CHUNK * stride - reach  # the bin of sums[:, 0]
        if t % CHUNK == 0:
            sums[:, :reach] = sums[:, CHUNK * stride :]
            size = min(CHUNK * stride, n - t * stride)
            moving_sums(
                power,
                base,
                widths,
                t * stride,
                ladder[:, : size + widths.max()],
                sums[:, reach : reach + size],
            )
        i = t * stride - first
        lagged, now = LANES * ((t - delay) & (ring - 1)), LANES * (t & (ring - 1))
        for j in range(LANES):
            st[_PAST + j] = sums[j, i - widths[j]]
            st[_BEFORE + j] = st[past + LANES * ((t - back[j]) & (ring - 1)) + j]
        if not old:
            old = seen.min() > n_slow and seen.min() >= n_fast
        if _whole(st, roots + lagged) and old:
            _steady(st, 1.0 / n_slow, 1.0 / n_fast, forget, kept, factor)
        else:
            for j in range(LANES):
                _step(st, j, seen, stride, n_slow, n_fast, n_start, forget, kept, factor)
        for j in range(LANES):
            st[roots + now + j], st[past + now + j] = st[_PAST + j], st[_F + j]
            level[t, base + j], spread[t, base + j] = st[_LEVEL + j], st[_CV + j]
            raised[t, base + j] = st[_RAISE + j]
        _score(st, sums[:, i : min(i + stride, n - first)], base, first + i, score, top)


@njit(cache=True)
def triggers(
    scores: F64, top: F64, bands: int, off: float, strong: float, later: float, memory: int, out: F64
) -> int:
    """Rows (on bin, peak bin, peak column, peak score, off bin) into `out`, from scores (n, columns) and their best.

    A trigger is a best score from 1 until it falls below `off`. For `memory` bins after a score of `strong` a later
    phase is likely, and `later` is enough on a horizontal column (those from `bands` on).
    """
    n, columns = scores.shape
    on = False
    count = 0
    last = -memory - 1
    for i in range(n):
        best, at = top[i], 0
        if not on:
            if best < 1.0 and (best < later or i - last >= memory):
                continue
            flat, flat_at = 0.0, 0
            for j in range(columns - 1, -1, -1):
                if scores[i, j] == best:
                    at = j
                if j >= bands and scores[i, j] >= flat:
                    flat, flat_at = scores[i, j], j
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
            for j in range(columns - 1, -1, -1):
                if scores[i, j] == best:
                    at = j
            out[count, 1], out[count, 2], out[count, 3] = i, at, best
        if best >= strong:
            last = i
    if on:
        out[count, 4] = n
        count += 1
    return count
