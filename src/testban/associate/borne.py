"""What later phases say between rival places: the place whose stations' other picks are its Pg, S or Lg is the likelier.

Rules: a hypothesis holds one P and one S a station; what else those stations picked behind P is chance for one rival and a
later phase for another. Each station and phase adds log(chance N(residual; sigma) / rate) of the pick that fits it best,
where that is positive, each pick once. A pick that was called S and follows a P of the event is seldom neither S nor Lg
(`STRAY_S`): its rate is that of strays and not that of the coda, also for the S that the score holds already, up to the next P that
another event has taken at its station. All this counts among rivals only, never towards what an event needs: coda is full of picks that fit something.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.candidates import Candidates
from testban.associate.claims import LG_DEG
from testban.associate.fitting import Hypothesis
from testban.base.dmath import log_
from testban.base.geo import delaz_
from testban.base.records import Origin
from testban.earth.travel import Kernel, lookup_
from testban.locate.errors_model import P_ERROR, model_sigma_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PHASES, SHEAR_FROM = ("Pg", "S", "Sn", "Sg", "Lg"), 1
CHANCE = 0.3  # that a station which saw P picks a given later phase, as `claims.LG_CHANCE`
# 1/s: 15 in 100 picks called S are neither S nor Lg (docs/rooms/detect.md), in some 150 s behind P.
STRAY_S = 0.001
SLOWEST_KM_S, LAST_S = 2.5, 10.0  # what may be Lg
BEHIND_S = 1.5  # a later phase is picked so long after P at least


@njit(cache=True)
def after_(first: int, end: int, hint: Ints, used: Ints) -> int:
    """Row of the station's next P that an event has taken, `end` where there is none: what follows may be that event's coda."""
    for i in range(first + 1, end):
        if used[i] != 0 and hint[i] != 2:
            return i
    return end


@njit(cache=True)
def explained_(
    k: Kernel, error: Floats, phases: Ints, lon: float, lat: float, depth: float, o: float, first: Ints, held: Ints,
    s_lon: Floats, s_lat: Floats, start: Ints, station: Ints, data: Floats, hint: Ints, rate: Floats, used: Ints,
) -> float:  # fmt: skip
    """Sum over stations and phases: see the rules. first, held: rows of its P and S, ascending.

    phases: indices of PHASES. Places in degrees, depth in km, o in s of the window, rate in 1/s; start, data and hint as in `table.Window`.
    """
    total = 0.0
    best = np.empty(phases.size)
    for f in first:
        s = station[f]
        delta, _, _ = delaz_(lon, lat, s_lon[s], s_lat[s])
        if delta > LG_DEG:
            continue
        own = after_(f, start[s + 1], hint, used)
        for j in held:
            if station[j] == s and hint[j] == 2 and j < own:
                total += log_(max(1.0, rate[j] / STRAY_S))
        best[:] = 0.0
        last = data[f, 0] + delta * 111.19 / SLOWEST_KM_S + LAST_S
        for i in range(f + 1, start[s + 1]):
            if data[i, 0] > last:
                break
            if used[i] != 0 or data[i, 0] < data[f, 0] + BEHIND_S or np.any(held == i):
                continue
            noise = min(rate[i], STRAY_S) if hint[i] == 2 and i < own else rate[i]
            value, which = 0.0, -1
            for c in range(phases.size):
                if (hint[i] == 2 and c < SHEAR_FROM) or (hint[i] == 1 and c >= SHEAR_FROM):
                    continue
                t, _, _ = lookup_(k, phases[c], depth, delta)
                if t != t:
                    continue
                wave = 2 if c == phases.size - 1 else (1 if c >= SHEAR_FROM else 0)
                e = model_sigma_(error, wave, delta)
                sigma = math.sqrt(e * e + data[i, 1] * data[i, 1])
                u = (data[i, 0] - o - t) / sigma
                v = log_(CHANCE / (2.5066 * sigma * noise)) - 0.5 * u * u
                if v > value and v > best[c]:
                    value, which = v, c
            if which >= 0:
                best[which] = value
        total += np.sum(best)
    return total


def borne(candidates: Candidates, h: Hypothesis, origin: Origin) -> float:
    """Log-likelihood ratio of the later phases of a hypothesis located at `origin`, beyond what is in its score."""
    w, t, model = candidates.window, candidates.table, candidates.search.model
    rows = np.array(h.numbers, dtype=np.int64)
    waves = np.array(h.waves, dtype=np.int64)
    phases = np.array([model.index(p) for p in PHASES], dtype=np.int64)
    o = (origin.time_ns - w.reference_ns) / 1e9
    return float(
        explained_(
            model.kernel, P_ERROR, phases, origin.longitude, origin.latitude, origin.depth_km, o,
            np.sort(rows[waves == 0]), np.sort(rows[waves == 1]), t.lon, t.lat, w.start, w.station, w.data, w.hint,
            w.rate, w.used,
        )
    )  # fmt: skip
