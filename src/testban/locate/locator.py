"""From picks with phases to an origin with its errors.

Rules: a start by search over the whole Earth unless one is given that leads somewhere; robust least squares, errors from the
full covariance of the data (after Bondar & Storchak 2011, GJI 186, 1220-1244); depth free only where the data resolve it, else fixed with the
reason. Input order does not matter: arrivals are sorted by time, station and id.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, delaz_, destination_, distance_km_
from testban.base.records import Pick, Site
from testban.locate import quality
from testban.locate.kernel import NEAR_DEG
from testban.locate.paths import PathTimes
from testban.locate.problem import Problem, Solution
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
# A network on one side cannot tell depth from distance: no other depth is tried where the gap is wider.
DEPTH_GAP_DEG = 210.0
# Without near stations or depth phases the curvature of the P travel times over many stations resolves depth only
# below the crust: it may be free where so many stations hold it, and stays so where it is deeper than this with 99 %
# one-sided confidence (full covariance); all other events stay at the default.
DEEP_STATIONS = 8
DEEP_KM = 40.0
DEEP_Z = 2.326
# Such a depth is rough, but the surface is worse: an origin held there is 10 s early for every 100 km. It is sought from
# several depths, since the upper mantle's curves leave more than one minimum.
DEEP_SIGMA_KM = 120.0
DEEP_STARTS_KM = (10.0, 150.0, 350.0, 550.0)
# Other hollows are sought so many semi-axes of the 90 % ellipse away, and believed where they fit better by this (chi-square).
LOOKS = (-3.0, -1.5, 1.5, 3.0)
LOOK_GAIN = 0.01
NEAR_START_DEG = 3.0  # a start as near as this to its solution is believed
PATH_ROUNDS, PATH_STILL_KM = 6, 0.05  # of times by path: a correction over so short a way is the same
UNDETERMINED = "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations or check times"


class Solved(NamedTuple):
    """A solution in the arrays of its problem, whether its depth is free, and why."""

    problem: Problem
    found: Solution
    free: bool
    reason: str


def locate(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    start: tuple[float, float, float, int] | None = None,
    paths: PathTimes | None = None,
) -> Located:
    """Locate one event.

    picks: (pick, phase label); the label "P", "S" or "" names a family (see `phases`). sites by station key.
    start: (longitude, latitude, depth km, time ns); with settings.search it is only a first guess. paths: travel times in place of
    the tables' where it has any (`paths`). Raises InputError where nothing can be located. Sources: see the module.
    """
    return finished(solve(picks, sites, settings, start, paths))


def solve(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings,
    start: tuple[float, float, float, int] | None = None,
    paths: PathTimes | None = None,
) -> Solved:
    """As `locate`, up to the solution."""
    problem = Problem(picks, sites, settings, paths)
    depth = settings.default_depth_km if settings.fixed_depth_km is None else settings.fixed_depth_km
    found = epicentre(problem, start, depth)
    if settings.fixed_depth_km is not None:
        return Solved(problem, found, False, "fixed on request")
    found, free, reason = _depth(problem, found)
    if paths is not None and found.x[2] != depth:
        problem.correct(found.x)
        found = _solved(problem.run(found.x, free, scale=1.0))
    return Solved(problem, found, free, reason)


def finished(solved: Solved) -> Located:
    """The solution that the arrays hold, whitened where that is asked for and possible, as records."""
    problem, found, free, reason = solved
    if problem.settings.correlated and problem.settings.whitened:
        better = problem.whitened(found, free)
        if better is not None:
            return record(problem, better[0], better[1], free, reason)
        found = _solved(problem.run(found.x, free, scale=1.0, iterations=0))
    return record(problem, found, problem.errors(found, 4 if free else 3), free, reason)


def epicentre(problem: Problem, start: tuple[float, float, float, int] | None, depth: float) -> Solution:
    """Solution at a depth, from a start or by search; InputError where there is none."""
    settings = problem.settings
    if start is not None:
        x = np.array([start[0], start[1], depth, (start[3] - problem.reference_ns) / 1e9])
        problem.correct(x)
        found = problem.run(x, False)
        good = found.ok and 10 * found.used >= 9 * len(problem.rows) and found.chi2 < 4.0 * found.used
        if good and settings.search:
            # whoever had to go far may have stopped in a hollow on the way: in doubt the whole Earth is searched
            delta, _, _ = delaz_(start[0], start[1], float(found.x[0]), float(found.x[1]))
            good = delta <= NEAR_START_DEG
        if found.ok and not settings.search:
            return _corrected(problem, found)
        if good:
            return _corrected(problem, _second_look(problem, found))
        if not settings.search:
            raise InputError(UNDETERMINED)
    args = (
        problem.tables, problem.vec, problem.index, problem.waves, problem.lon, problem.lat, problem.data,
    )  # fmt: skip
    best = found if start is not None and found.ok else None
    for _, lon, lat, t in starts(*args, depth)[:3]:
        found = problem.run(np.array([lon, lat, depth, t]), False)
        if found.ok and (best is None or found.cost < best.cost - 1e-6):
            best = found
    if best is None:
        raise InputError(UNDETERMINED)
    return _corrected(problem, _second_look(problem, _again(problem, best)))


def _second_look(problem: Problem, found: Solution) -> Solution:
    """The best of the solution and those reached from points along the axes of its error ellipse.

    A network on one side leaves hollows a few ellipses apart (mirror images in a line of stations), which the search, with
    points far apart and a misfit of its own, cannot tell from one another. The arrays hold the one returned.
    """
    e, n, en = found.inverse[1, 1], found.inverse[2, 2], found.inverse[1, 2]
    axes = quality.ellipse(float(e), float(en), float(n), quality.chi2_two(0.9), 0.9, "coverage")
    best = found
    for size, strike in ((axes.smajor_km, axes.strike_deg), (axes.sminor_km, axes.strike_deg + 90.0)):
        for step in LOOKS:
            x = found.x.copy()
            x[0], x[1] = destination_(
                float(x[0]),
                float(x[1]),
                strike + (180.0 if step < 0 else 0.0),
                min(10.0, abs(step) * size / KM_PER_DEG),
            )
            trial = problem.run(x, False, scale=1.0)
            if trial.ok and trial.cost < best.cost - LOOK_GAIN:
                best = trial
    return _again(problem, best)


def _again(problem: Problem, solution: Solution) -> Solution:
    """The solution once more, unmoved: the arrays hold it, not that of a later trial."""
    return _solved(problem.run(solution.x, False, scale=1.0, iterations=0))


def _solved(found: Solution) -> Solution:
    """The solution where it is one, else InputError."""
    if not found.ok:
        raise InputError(UNDETERMINED)
    return found


def _corrected(problem: Problem, found: Solution) -> Solution:
    """Once more where corrections depend on the place of the source, until it rests where times are by path."""
    if not problem.corrected and problem.paths is None:
        return found
    for _ in range(PATH_ROUNDS if problem.paths is not None else 1):
        before = found.x.copy()
        problem.correct(found.x)
        found = _solved(problem.run(found.x, False, scale=1.0))
        if distance_km_(before[0], before[1], found.x[0], found.x[1]) < PATH_STILL_KM:
            break
    return found


def _resolves_depth(census: tuple[int, int, int, int, int], depth: float, phases: int) -> str:
    """Why the depth may be free, or "": iLoc's conditions (Bondar & Storchak 2011)."""
    near, pairs, depth_phases, core, _ = census
    if near:
        return f"{near} arrivals within {max(NEAR_DEG, depth / 111.2):.1f} deg"
    if pairs >= 3:
        return f"{pairs} S-P pairs within 2 deg"
    if depth_phases >= phases:
        return f"{depth_phases} depth phases"
    return f"{core} core reflections" if core >= 3 else ""


def _by_misfit(problem: Problem, base: Solution) -> Solution | None:
    """Another fixed depth where the default is rejected by the misfit, else None.

    Chi-square takes the data for independent; the difference that rejects is larger by as much as the variance of a
    depth is with the full covariance (a robust score test: White 1982, Econometrica 50, 1-25).
    """
    needed = max(DEPTH_MISFIT * _inflation(problem), 0.25 * base.cost)
    best: Solution | None = None
    for depth in DEPTHS_KM:
        if depth <= base.x[2]:
            continue
        trial = base.x.copy()
        trial[2] = depth
        found = problem.run(trial, False, scale=4.0)
        if found.ok and found.cost < (base if best is None else best).cost - 1e-9:
            best = found
    return best if best is not None and best.cost < base.cost - needed else None


def _inflation(problem: Problem) -> float:
    """How much larger the variance of a free depth is with correlated errors than with independent ones."""
    wide, narrow = problem.depth_variances()
    return max(1.0, wide / narrow) if narrow > 0.0 else 1.0


def _free(problem: Problem, base: Solution, depths: Sequence[float]) -> Solution:
    """The best solution with a free depth from these starts; the arrays hold it."""
    best: Solution | None = None
    for depth in depths:
        start = base.x.copy()
        start[2] = depth
        trial = problem.run(start, True, scale=4.0)
        if best is None or (trial.ok and (not best.ok or trial.cost < best.cost - 1e-6)):
            best = trial
    assert best is not None
    return problem.run(best.x, True, scale=1.0, iterations=0) if best.ok and len(depths) > 1 else best


def _depth(problem: Problem, base: Solution) -> tuple[Solution, bool, str]:
    """Free the depth where that is allowed and succeeds; else the default, or another one the misfit demands."""
    settings, n_all = problem.settings, len(problem.rows)
    surrounded = n_all >= 4 and problem.stations >= 3 and quality.gaps_(problem.out[:, 6])[0] <= DEPTH_GAP_DEG
    found = base
    if surrounded and base.cost > DEPTH_MISFIT and (abs(base.gain) > DEPTH_GAIN or base.cost > n_all):
        found = _again(problem, _by_misfit(problem, base) or base)
    moved, depth = found.x[2] != base.x[2], float(found.x[2])
    census = problem.census(depth)
    why = _resolves_depth(census, depth, settings.min_depth_phases)
    shallow_too = why != ""
    if not why and surrounded and (moved or base.gain > DEEPER_GAIN) and census[4] >= DEEP_STATIONS:
        why = f"P at {census[4]} stations puts it below the crust"
    if why and settings.free_depth and found.used >= 4:
        trial = _free(problem, found, (max(found.x[2], 10.0),) if shallow_too else DEEP_STARTS_KM)
        z = trial.x
        sigma = math.sqrt(max(0.0, problem.errors(trial, 4)[3, 3])) if trial.ok else 0.0
        limit = settings.max_depth_sigma_km[0 if z[2] < 35.0 else 1] if shallow_too else DEEP_SIGMA_KM
        held = trial.ok and 0.0 < z[2] < 700.0 and 0.0 < sigma <= limit and trial.used >= found.used - 1
        if held and (shallow_too or z[2] - DEEP_Z * sigma > DEEP_KM):
            return trial, True, f"free: {why}"
        found = _again(problem, found)
        why = "not resolved: free solution at its limit or with too large an error" if shallow_too else ""
    if moved:
        return found, False, "fixed at the depth of least misfit: the default is rejected"
    return found, False, f"fixed at the default: {why or 'no near station, S-P pairs or depth phases'}"
