"""From picks with phases to an origin with its errors.

Rules: a start by search over the whole Earth unless one is given that leads somewhere; robust least squares with the full
covariance (Bondar & Storchak 2011, GJI 186, 1220-1244); depth free only where the data resolve it, else fixed with the
reason. Input order does not matter: arrivals are sorted by time, station and id.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.records import Pick, Site
from testban.locate import quality
from testban.locate.kernel import NEAR_DEG
from testban.locate.problem import Problem
from testban.locate.result import Located, record
from testban.locate.search import starts
from testban.locate.settings import Settings

Floats = NDArray[np.float64]

DEPTHS_KM = (10.0, 35.0, 70.0, 120.0, 200.0, 300.0, 420.0, 560.0)
# Misfit (chi-square) by which another fixed depth must be better than the default: 99.9 % of one degree of freedom,
# twice over, since model errors are larger in depth than in the plane.
DEPTH_MISFIT = 20.0
# Other depths are tried only where one step in depth would take this much off chi-square, or the default fits badly
# (more than one a datum, or data without a say).
DEPTH_GAIN = 4.0
# ... and a depth below the crust is looked for only where a step down takes off this much.
DEEPER_GAIN = 1.0
LOST = 36.0  # cost of a datum without a say: REJECT squared
# A network on one side cannot tell depth from distance: no other depth is tried where the gap is wider.
DEPTH_GAP_DEG = 210.0
# Without near stations or depth phases the curvature of the P travel times over many stations resolves depth only
# below the crust: it may be free where so many stations hold it, and stays so where it is deeper than this with 95 %
# one-sided confidence (full covariance); all other events stay at the default.
DEEP_STATIONS = 8
DEEP_KM = 40.0
DEEP_Z = 1.645


def locate(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    start: tuple[float, float, float, int] | None = None,
) -> Located:
    """Locate one event.

    picks: (pick, phase label); the label "P", "S" or "" names a family (see `phases`). sites by station key.
    start: (longitude, latitude, depth km, time ns); with settings.search it is only a first guess. Raises InputError
    where nothing can be located. Sources: see the module.
    """
    problem = Problem(picks, sites, settings)
    depth = settings.default_depth_km if settings.fixed_depth_km is None else settings.fixed_depth_km
    x, chi2, used, cov = epicentre(problem, start, depth)
    if settings.fixed_depth_km is None:
        x, chi2, used, cov, free, reason = _depth(problem, x, chi2, used, cov)
    else:
        free, reason = False, "fixed on request"
        x, chi2, used, cov = _last(problem, x, chi2, used, cov, True)
    return record(problem, x, chi2, cov, free, reason)


def epicentre(
    problem: Problem, start: tuple[float, float, float, int] | None, depth: float
) -> tuple[Floats, float, int, Floats]:
    """Solution with independent errors at a depth: (longitude, latitude, depth, time), chi-square, data used, covariance."""
    settings = problem.settings
    if start is not None:
        x = np.array([start[0], start[1], depth, (start[3] - problem.reference_ns) / 1e9])
        problem.correct(x)
        n, chi2, used, cov = problem.run(x, False, correlated=False)
        good = n > 0 and (2 * used > len(problem.rows) and chi2 < LOST / 4.0 * used)
        if good or (n > 0 and not settings.search):
            return _corrected(problem, x, chi2, used, cov)
        if not settings.search:
            raise InputError(
                "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations"
            )
    args = (
        problem.tables, problem.vec, problem.index, problem.waves, problem.lon, problem.lat, problem.data,
    )  # fmt: skip
    best: tuple[float, Floats, float, int, Floats] | None = None
    for _, lon, lat, t in starts(*args, depth)[:3]:
        x = np.array([lon, lat, depth, t])
        n, chi2, used, cov = problem.run(x, False, correlated=False)
        cost = chi2 + LOST * (len(problem.rows) - used)
        if n > 0 and (best is None or cost < best[0] - 1e-6):
            best = (cost, x, chi2, used, cov)
    if best is None:
        raise InputError(
            "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations or check times"
        )
    x = best[1]
    n, chi2, used, cov = problem.run(
        x, False, correlated=False, scale=1.0
    )  # the state of the best, not of the last
    if n < 0:
        return _corrected(problem, best[1], *best[2:])
    return _corrected(problem, x, chi2, used, cov)


def _corrected(
    problem: Problem, x: Floats, chi2: float, used: int, cov: Floats
) -> tuple[Floats, float, int, Floats]:
    """Once more where corrections depend on the place of the source."""
    if problem.corrected:
        problem.correct(x)
        _, chi2, used, cov = problem.run(x, False, correlated=False, scale=1.0)
    return x, chi2, used, cov


def _last(
    problem: Problem, x: Floats, chi2: float, used: int, cov: Floats, state: bool
) -> tuple[Floats, float, int, Floats]:
    """The final run at a fixed depth; state: the arrays hold the solution for independent errors already."""
    if problem.settings.correlated or not state:
        y = x.copy()
        n, c, u, k = problem.run(y, False, scale=1.0)
        if n > 0:
            return y, c, u, k
        if not state:
            problem.run(x, False, correlated=False, scale=1.0)
    return x, chi2, used, cov


def _resolves_depth(census: tuple[int, int, int, int, int], depth: float) -> str:
    """Why the depth may be free, or "": iLoc's conditions (Bondar & Storchak 2011)."""
    near, pairs, depth_phases, core, _ = census
    if near:
        return f"{near} arrivals within {max(NEAR_DEG, depth / 111.2):.1f} deg"
    if pairs >= 3:
        return f"{pairs} S-P pairs within 2 deg"
    if depth_phases >= 3:
        return f"{depth_phases} depth phases"
    return f"{core} core reflections" if core >= 3 else ""


def _fixed_by_misfit(problem: Problem, x: Floats, total: float) -> Floats | None:
    """Another fixed depth where the default is rejected by the misfit, else None."""
    best_x, best = None, total
    for depth in DEPTHS_KM:
        if depth <= x[2]:
            continue
        trial = x.copy()
        trial[2] = depth
        n, c, used, _ = problem.run(trial, False, correlated=False, scale=4.0)
        if n > 0 and c + LOST * (len(problem.rows) - used) < best - 1e-9:
            best_x, best = trial, c + LOST * (len(problem.rows) - used)
    return best_x if best < total - max(DEPTH_MISFIT, 0.25 * total) else None


def _depth(
    problem: Problem, x: Floats, chi2: float, used: int, cov: Floats
) -> tuple[Floats, float, int, Floats, bool, str]:
    """Free the depth where that is allowed and succeeds; else the default, or another one the misfit demands."""
    settings, total, n_all = problem.settings, chi2 + LOST * (len(problem.rows) - used), len(problem.rows)
    surrounded = n_all >= 4 and problem.stations >= 3 and quality.gaps_(problem.out[:, 6])[0] <= DEPTH_GAP_DEG
    y, state = x, True
    if (
        surrounded
        and total > DEPTH_MISFIT
        and (abs(problem.gain) > DEPTH_GAIN or total > n_all or used < n_all)
    ):
        other = _fixed_by_misfit(problem, x, total)
        y = x if other is None else other
        _, chi2, used, cov = problem.run(
            y, False, correlated=False, scale=1.0
        )  # the state of y, not of the last trial
    census = problem.census(float(y[2]))
    why = _resolves_depth(census, float(y[2]))
    shallow_too = why != ""
    deeper = y is not x or problem.gain > DEEPER_GAIN
    if not why and surrounded and deeper and census[4] >= DEEP_STATIONS:
        why = f"P at {census[4]} stations puts it below the crust"
    if why and settings.free_depth and used >= 4:
        z = y.copy()
        z[2] = max(z[2], 10.0)
        state = False
        n, c, u, k = problem.run(z, True, scale=4.0)
        limit = settings.max_depth_sigma_km[0 if z[2] < 35.0 else 1]
        held = (
            n > 0 and 0.0 < z[2] < 700.0 and k[3, 3] > 0.0 and math.sqrt(k[3, 3]) <= limit and u >= used - 1
        )
        if held and (shallow_too or z[2] - DEEP_Z * math.sqrt(k[3, 3]) > DEEP_KM):
            return z, c, u, k, True, f"free: {why}"
        why = "not resolved: free solution at its limit or with too large an error" if shallow_too else ""
    reason = f"fixed at the default: {why or 'no near station, S-P pairs or depth phases'}"
    if y is not x:
        reason = "fixed at the depth of least misfit: the default is rejected"
    return *_last(problem, y, chi2, used, cov, state), False, reason
