"""Which picks an origin explains, and what later signals of it explain away.

Rules: one P-type and one S-type pick a station, the one with the greatest log-likelihood ratio
log(p N(residual) / rate) + vector evidence, and only where that is positive: else noise is the better explanation.
A later branch (Pg behind Pn, PKPbc behind PKPdf) must fit better by SECONDARY. An accepted event raises the rate of
the picks that its coda and later phases are apt to cause, so that they cannot carry a ghost.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.scan import reach_, vector_evidence_
from testban.base.dmath import exp_, log_
from testban.base.geo import delaz_
from testban.earth.travel import Kernel, lookup_
from testban.locate.errors_model import model_sigma_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIGMAS = 3.0
SECONDARY = 1.5
MISMATCH = 2.0  # cost of taking a pick against its phase hint


@njit(cache=True)
def collect_(
    k: Kernel, error: Floats, branches: Ints, lon: float, lat: float, depth: float, o: float, loc_s: float,
    s_lon: Floats, s_lat: Floats, start: Ints, data: Floats, hint: Ints, rate: Floats, used: Ints,
    detection: Floats, max_s: float, out_pick: Ints, out_value: Floats,
) -> int:  # fmt: skip
    """Fill out_pick (m, 2) with pick and wave (0 P, 1 S), out_value (m) with the evidence; returns m.

    branches (2, 5): phase indices of the P and S families, -1 beyond the end. loc_s: uncertainty of the origin as
    seized in arrival time, s.
    """
    m = 0
    for s in range(s_lon.size):
        if start[s] == start[s + 1]:
            continue
        delta, _, baz = delaz_(lon, lat, s_lon[s], s_lat[s])
        taken = -1
        for wave in range(2):
            if wave == 1 and delta > max_s:
                break
            best, which = 0.0, -1
            for c in range(branches.shape[1]):
                if branches[wave, c] < 0:
                    break
                t, p, _ = lookup_(k, branches[wave, c], depth, delta)
                if t != t:
                    continue
                e = model_sigma_(error, 2 if wave == 1 and c == 2 else wave, delta)
                reach = SIGMAS * (e + 3.0 + loc_s)
                lo, hi = start[s], start[s + 1]
                while lo < hi:
                    q = (lo + hi) >> 1
                    if data[q, 0] < o + t - reach:
                        lo = q + 1
                    else:
                        hi = q
                i = lo
                while i < start[s + 1] and data[i, 0] <= o + t + reach:
                    j = i
                    i += 1
                    if used[j] != 0 or j == taken:
                        continue
                    r = data[j, 0] - o - t
                    sigma = math.sqrt(e * e + data[j, 1] * data[j, 1] + loc_s * loc_s)
                    u = r / sigma
                    if abs(u) > SIGMAS:
                        continue
                    v = log_(detection[wave] * reach_(delta) / (2.5066 * sigma * rate[j])) - 0.5 * u * u
                    if hint[j] == 2 - wave:
                        v -= MISMATCH
                    if c > 0:
                        v -= SECONDARY
                    if data[j, 2] == data[j, 2] or data[j, 4] == data[j, 4]:
                        v += vector_evidence_(data[j], p, 0.0, baz, 0.0)
                    if v > best:
                        best, which = v, j
            if which >= 0:
                out_pick[m, 0], out_pick[m, 1] = which, wave
                out_value[m] = best
                taken = which
                m += 1
    return m


@njit(cache=True)
def claim_(
    k: Kernel, first: Ints, later: Ints, lon: float, lat: float, depth: float, o: float, reach_deg: float, strong: bool,
    s_lon: Floats, s_lat: Floats, start: Ints, data: Floats, rate: Floats,
) -> None:  # fmt: skip
    """Raise `rate` for picks that the event at (lon, lat, depth, o) may have caused at stations within reach_deg.

    first: indices of P1, S1, Lg. later: other phases that are seen of strong events. Around the first P the rate is
    RATE_NEAR (a second, discordant reading of the same onset), in the coda it falls from there over minutes.
    """
    for s in range(s_lon.size):
        if start[s] == start[s + 1]:
            continue
        delta, _, _ = delaz_(lon, lat, s_lon[s], s_lat[s])
        if delta > reach_deg:
            continue
        tp, _, _ = lookup_(k, first[0], depth, delta)
        ts, _, _ = lookup_(k, first[1], depth, delta)
        if tp != tp:
            continue
        end = tp + 60.0
        if delta < 25.0 and ts == ts:
            end = delta * 111.19 / 3.0 + 30.0
        for i in range(start[s], start[s + 1]):
            since = data[i, 0] - o
            if since < tp - 15.0:
                continue
            if since > 4000.0:
                break
            r = 0.0
            if since < tp + 20.0:
                r = 0.1
            elif since < end:
                r = 0.05
            elif since < end + 200.0:
                r = 0.02 * exp_(-(since - end) / 60.0)
            if strong:
                for c in range(later.size):
                    t, _, _ = lookup_(k, later[c], depth, delta)
                    if t == t and abs(since - t) < 10.0 + 0.01 * t:
                        r = max(r, 0.05)
            if r > rate[i]:
                rate[i] = r
