"""Which later picks are pP or sP: named where their delays after P move out over the stations as those of one depth do.

Rules: a pick after a first P of its station that no other phase has taken is pP, sP or anything else (a mixture; Storchak et al.
2003, SRL 74, 761-772 for the names); the likelihood ratio against delays that know of no depth has expectation 1 where
there is none, so that one above EVIDENCE comes by chance at most once in exp(EVIDENCE) depths tried. Picks that an analyst called pP or sP
may be either. Without such names one delay for all stations (a second shot, a later onset of one rupture) must be the worse explanation.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import exp_, log_
from testban.base.records import Pick
from testban.earth.surface_times import times_
from testban.locate.phases import is_p
from testban.locate.predict import Tables
from testban.locate.problem import Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID_KM = np.arange(6.0, 690.0, 3.0)
LEAST_S, MOST_S = 2.0, 210.0  # a delay; the longest is that of sP from 690 km
LEAST_PICKS = 3
NEAREST_DEG = 15.0  # nearer, crust and mantle make the delays
# Judgement, not fitted: the share of later picks that are depth phases, the share of pP among them, and both for those with a name.
SHARE, PP = 0.3, 0.6
NAMED_SHARE, NAMED = 0.9, 0.8
# Other picks follow P at any time, half of them within a coda of this length (s).
CODA_S = 15.0
SPREAD_S = 1.0  # of a delay beside the errors of its two picks: the crust at the bounce
EVIDENCE, MOVEOUT = 12.0, 2.303  # 1 in 160,000, and ten to one
NAMED_EVIDENCE = 4.605  # where LEAST_PICKS have a name already: a hundred to one
PEAKS, NEAR_PEAK = 3, 5.0
TAKEN = 3.0  # sigmas within which a pick gets the name


class Later(NamedTuple):
    """Later picks: row, delay after P (s), sigma (s), distance (deg), branch of its P, 0 without a name, 1 pP, 2 sP."""

    row: Ints
    delay: Floats
    sigma: Floats
    delta: Floats
    branch: Ints
    name: Ints


class Naming(NamedTuple):
    """A depth (km) that the delays speak for, and the rows with names by it."""

    depth_km: float
    rows: list[tuple[Pick, str]]


def namings(problem: Problem) -> list[Naming]:
    """The depths that the delays of the problem's later picks speak for, the best first; none where they do not."""
    if problem.stations == len(problem.rows):
        return []
    later = _later(problem)
    if later.row.size < LEAST_PICKS:
        return []
    score, delays = np.empty(GRID_KM.size), np.empty((GRID_KM.size, later.row.size, 2))
    pair = np.array([problem.model.index("pP"), problem.model.index("sP")])
    scores_(
        problem.tables,
        pair,
        GRID_KM,
        later.delay,
        later.sigma,
        later.delta,
        later.branch,
        later.name,
        delays,
        score,
    )
    named = int(np.sum(later.name > 0)) >= LEAST_PICKS
    least = NAMED_EVIDENCE if named else max(EVIDENCE, constant_(later.delay, later.sigma) + MOVEOUT)
    found = [_naming(problem, later, float(GRID_KM[k]), delays[k]) for k in _peaks(score, least)]
    return [f for f in found if f is not None]


def _later(problem: Problem) -> Later:
    first: dict[int, int] = {}
    rows = []
    out, column = problem.out, problem.column
    for i, (pick, label) in enumerate(problem.rows):
        code, name = int(problem.code[i]), 1 if label == "pP" else 2 if label == "sP" else 0
        if not name and not is_p(label):
            continue
        held = column[i] >= 0 and out[i, 9] > 0.1
        if not name and held and problem.waves[i, column[i]] == 0:
            if code not in first and out[i, 5] >= NEAREST_DEG:
                first[code] = i
            continue
        if code not in first:
            continue
        j = first[code]
        delay = (pick.time_ns - problem.rows[j][0].time_ns) / 1e9
        if LEAST_S <= delay <= MOST_S:
            sigma = math.sqrt(problem.data[i, 2] ** 2 + problem.data[j, 2] ** 2 + SPREAD_S**2)
            rows.append((i, delay, sigma, float(out[j, 5]), int(problem.index[j, column[j]]), name))
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    whole, real = table.astype(np.int64), np.ascontiguousarray(table.T)
    return Later(whole[:, 0], real[1], real[2], real[3], whole[:, 4], whole[:, 5])


@njit(cache=True)
def density_(delay: float, centre: float, sigma: float) -> float:
    """Normal density; 0 where there is no such phase."""
    u = (delay - centre) / sigma
    return 0.3989422804014327 * exp_(-0.5 * u * u) / sigma if abs(u) < 8.0 else 0.0


@njit(cache=True)
def other_(delay: float) -> float:
    """Density of the delay of a pick that is no depth phase: even, and a coda."""
    return 0.5 / MOST_S + 0.5 * exp_(-delay / CODA_S) / CODA_S


@njit(cache=True)
def scores_(
    t: Tables, pair: Ints, depths: Floats, delay: Floats, sigma: Floats, delta: Floats, branch: Ints, name: Ints, delays: Floats,
    score: Floats,
) -> None:  # fmt: skip
    """Log likelihood ratio of every depth; delays (depths, n, 2): predicted of pP and sP, NaN where there is none."""
    for k in range(depths.size):
        score[k] = 0.0
        for i in range(delay.size):
            first, _, _ = times_(t.travel, t.levels, branch[i], depths[k], delta[i])
            share = NAMED_SHARE if name[i] > 0 else SHARE
            part = PP if name[i] == 0 else NAMED if name[i] == 1 else 1.0 - NAMED
            fit = 0.0
            for m in range(2):
                time, _, _ = times_(t.travel, t.levels, pair[m], depths[k], delta[i])
                delays[k, i, m] = time - first
                if time == time and first == first:
                    fit += (part if m == 0 else 1.0 - part) * density_(delay[i], time - first, sigma[i])
            score[k] += log_(1.0 - share + share * fit / other_(delay[i]))


@njit(cache=True)
def constant_(delay: Floats, sigma: Floats) -> float:
    """The greatest log likelihood ratio of one delay for all stations."""
    best = 0.0
    for k in range(int(2.0 * MOST_S)):
        total = 0.0
        for i in range(delay.size):
            total += log_(1.0 - SHARE + SHARE * density_(delay[i], 0.5 * k, sigma[i]) / other_(delay[i]))
        best = max(best, total)
    return best


def _peaks(score: Floats, least: float) -> list[int]:
    """Local maxima of at least so much near the greatest, the greatest first."""
    n, best = score.size, float(score.max())
    peaks = [
        k for k in range(n)
        if score[k] >= max(least, best - NEAR_PEAK) and score[k] >= score[max(0, k - 1)] and score[k] >= score[min(n - 1, k + 1)]
    ]  # fmt: skip
    return sorted(peaks, key=lambda k: (-score[k], k))[:PEAKS]


def _naming(problem: Problem, later: Later, depth_km: float, delays: Floats) -> Naming | None:
    """The rows with the names that a depth gives them; None where fewer than LEAST_PICKS stations have one."""
    rows, stations = list(problem.rows), set()
    off = np.abs(later.delay[:, None] - delays) / later.sigma[:, None]
    for i, row in enumerate(later.row.tolist()):
        u = np.where(np.isnan(off[i]), np.inf, off[i])
        which = int(u[1] < u[0])
        if u[which] <= TAKEN:
            rows[row] = (rows[row][0], ("pP", "sP")[which])
            stations.add(int(problem.code[row]))
    return Naming(depth_km, rows) if len(stations) >= LEAST_PICKS else None
