"""Back-projection: where and when do more picks agree than chance would have it.

Rules: a pick k adds log(p / (2 s rate_k)) to every origin time within the slack s of its own (travel time over the
cell's radius, pick and model error), at most once for each station and wave: the log-likelihood ratio of "one pick
within the slack with probability p" to "picks at rate_k for other reasons". Only picks inside the travel-time window
of a block are touched. Travel times by linear interpolation in `curves` (0.25 deg); the twin is in the tests.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, acos_, log_
from testban.base.geo import delaz_
from testban.earth.travel import TravelTimes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP_DEG = 0.25
MODEL_SLACK_S = 2.5  # about two sigma of model error at regional distance
CORE_SLACK_S = 6.0  # the branches of PKP lie this far apart


def curves(model: TravelTimes, depth_km: float) -> Floats:
    """(2, 721) times of the first P and S every STEP_DEG; NaN where none."""
    delta = np.arange(721) * STEP_DEG
    out = np.empty((2, delta.size))
    for i, phase in enumerate(("P1", "S1")):
        out[i] = model.predict(phase, np.full(delta.size, depth_km), delta)[0]
    return out


@njit(cache=True)
def curve_(curve: Floats, delta: float) -> tuple[float, float]:
    """Time and slope (s/deg) at a distance."""
    x = delta / STEP_DEG
    i = min(int(x), curve.size - 2)
    slope = curve[i + 1] - curve[i]
    return curve[i] + (x - i) * slope, slope / STEP_DEG


@njit(cache=True)
def reach_(delta: float) -> float:
    """Relative chance that a station at a distance sees an event of unknown size: small ones are many, the core dims."""
    if delta < 20.0:
        return 1.0
    return 0.35 if delta < 100.0 else 0.12


@njit(cache=True)
def vector_evidence_(row: Floats, p: float, p_slack: float, baz: float, baz_slack: float) -> float:
    """Log-likelihood ratio of a measured slowness and back-azimuth against none preferred (40 s/deg, 360 deg)."""
    e = 0.0
    if row[2] == row[2]:
        s = row[3] + p_slack
        u = max(0.0, abs(row[2] - p) - p_slack) / row[3]
        e += max(-3.0, log_(40.0 / (2.5066 * s)) - 0.5 * u * u)
    if row[4] == row[4]:
        d = row[4] - baz
        d = abs(d - 360.0 * math.floor((d + 180.0) / 360.0))
        s = min(row[5] + baz_slack, 120.0)
        u = max(0.0, d - baz_slack) / row[5]
        e += max(-3.0, log_(360.0 / (2.5066 * s)) - 0.5 * u * u)
    return e


@njit(cache=True)
def project_(
    lon: float,
    lat: float,
    radius: float,
    vector: Floats,
    unit: Floats,
    s_lon: Floats,
    s_lat: Floats,
    start: Ints,
    data: Floats,
    hint: Ints,
    rate: Floats,
    used: Ints,
    table: Floats,
    detection: Floats,
    max_s: float,
    o_start: float,
    bin_s: float,
    score: Floats,
    stamp: Ints,
    best: Floats,
) -> None:
    """Add the evidence for one cell into score (bins of origin time from o_start); stamp, best are scratch."""
    n_bins = score.size
    o_end = o_start + n_bins * bin_s
    for b in range(n_bins):
        score[b] = 0.0
        stamp[b] = -1
    for s in range(unit.shape[0]):
        if start[s] == start[s + 1]:
            continue
        dot = vector[0] * unit[s, 0] + vector[1] * unit[s, 1] + vector[2] * unit[s, 2]
        delta = acos_(dot) / DEG
        for wave in range(2):
            if wave == 1 and delta > max_s:
                break
            t, p = curve_(table[wave], delta)
            if t != t:
                continue
            reach = radius * abs(p) if delta > radius else radius * (14.0 + 11.0 * wave)
            slack = reach + MODEL_SLACK_S * (1.0 + wave)
            if delta > 140.0:
                slack += CORE_SLACK_S
            a, b = start[s], start[s + 1]
            lo, hi = a, b
            first = o_start + t - slack
            while lo < hi:
                m = (lo + hi) >> 1
                if data[m, 0] < first:
                    lo = m + 1
                else:
                    hi = m
            i = lo
            while i < b and data[i, 0] <= o_end + t + slack:
                k = i
                i += 1
                if used[k] != 0 or hint[k] == 2 - wave:
                    continue
                width = slack + 2.0 * data[k, 1]
                w = log_(detection[wave] * reach_(delta) / (2.0 * width * rate[k]))
                if data[k, 2] == data[k, 2] or data[k, 4] == data[k, 4]:
                    _, _, baz = delaz_(lon, lat, s_lon[s], s_lat[s])
                    w += vector_evidence_(data[k], p, 1.0, baz, min(180.0, 57.3 * radius / max(delta, 0.1)))
                if w <= 0.0:
                    continue
                o = data[k, 0] - t
                b0 = max(0, int(math.floor((o - width - o_start) / bin_s)))
                b1 = min(n_bins - 1, int(math.floor((o + width - o_start) / bin_s)))
                mark = 2 * s + wave
                for q in range(b0, b1 + 1):
                    if stamp[q] != mark:
                        stamp[q] = mark
                        best[q] = 0.0
                    if w > best[q]:
                        score[q] += w - best[q]
                        best[q] = w


@njit(cache=True)
def scan_(
    cells: Floats,
    vectors: Floats,
    unit: Floats,
    s_lon: Floats,
    s_lat: Floats,
    start: Ints,
    data: Floats,
    hint: Ints,
    rate: Floats,
    used: Ints,
    table: Floats,
    detection: Floats,
    max_s: float,
    o_start: float,
    n_bins: int,
    bin_s: float,
    threshold: float,
    out: Floats,
) -> int:
    """Local maxima in time above the threshold in every cell; rows of out: score, cell, origin time. Returns count."""
    score, stamp, best = np.empty(n_bins), np.empty(n_bins, np.int64), np.empty(n_bins)
    n = 0
    for c in range(cells.shape[0]):
        project_(
            cells[c, 0], cells[c, 1], cells[c, 2], vectors[c], unit, s_lon, s_lat, start, data, hint, rate, used,
            table, detection, max_s, o_start, bin_s, score, stamp, best,
        )  # fmt: skip
        b = 0
        while b < n_bins:
            if score[b] < threshold:
                b += 1
                continue
            e = b
            while e + 1 < n_bins and score[e + 1] == score[b]:
                e += 1
            left = score[b - 1] if b > 0 else 0.0
            right = score[e + 1] if e + 1 < n_bins else 0.0
            if score[b] > left and score[b] > right and n < out.shape[0]:
                out[n, 0], out[n, 1], out[n, 2] = score[b], c, o_start + 0.5 * (b + e + 1) * bin_s
                n += 1
            b = e + 1
    return n
