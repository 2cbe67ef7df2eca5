"""Whether the data resolve the depth, and where it lies if they do not.

Rules: free only where iLoc's conditions hold (Bondar & Storchak 2011, GJI 186, 1220-1244) or many stations put it below the crust
beyond doubt; else fixed at the default, which only a misfit beyond doubt moves. Misfits are those of `kernel.misfit_`,
in which one lost datum decides nothing.
"""

import math
from collections.abc import Sequence

import numpy as np

from testban.locate import quality, scatter
from testban.locate.kernel import NEAR_DEG
from testban.locate.problem import Problem, Solution, again, solved

DEPTHS_KM = (
    5.0, 10.0, 15.0, 20.0, 27.0, 35.0, 42.0, 50.0, 60.0, 70.0, 90.0, 120.0, 160.0, 200.0, 250.0, 300.0, 360.0, 420.0, 490.0, 560.0, 630.0,
)  # fmt: skip
# Misfit by which another fixed depth must be better than the default: 99.9 % of one degree of freedom, twice over, since
# model errors are larger in depth than in the plane.
DEPTH_MISFIT = 20.0
# Other depths are tried only where one step in depth would take this much off chi-square, or the default fits badly
# (more than one a datum, or data without a say).
DEPTH_GAIN = 4.0
# ... and a depth below the crust is looked for only where a step down takes off this much.
DEEPER_GAIN = 1.0
# A network on one side cannot tell depth from distance: no other depth is tried where the gap is wider.
DEPTH_GAP_DEG = 210.0
LEAST = 3  # S-P pairs or core reflections that free the depth; of depth phases the settings say
# Without near stations or depth phases the curvature of the P travel times over many stations resolves depth only
# below the crust: it may be free where so many stations hold it, and stays so where it is deeper than this with 99 %
# one-sided confidence (full covariance); all other events stay at the default.
DEEP_STATIONS = 8
DEEP_KM = 40.0
DEEP_Z = 2.326
# ... and where the surface fits worse by this (99.9 % of one degree of freedom): curves of the upper mantle have another hollow
# near 120 km, whose own error knows nothing of the surface (decision 65).
DEEP_MISFIT = 10.8
# Such a depth is rough, but the surface is worse: an origin held there is 10 s early for every 100 km. It is sought from
# several depths, since the upper mantle's curves leave more than one minimum.
DEEP_SIGMA_KM = 120.0
LIMIT = "not resolved: free solution at its limit or with too large an error"
ALIKE = "not resolved: the surface fits nearly as well as a depth below the crust"
BY_SCATTER = "fixed where the data scatter least: whatever their errors, they reject the crust"
# P at a station as near as this leaves level, those of stations all around farther off leave steeply: together they hold the depth. One
# pick decides, so that it is held there and not called free; it must fit better than the default by this (99 % of one degree of freedom).
NEAR_P_DEG, NEAR_P_MISFIT, NEAR_P_KM = 1.0, 6.6, 60.0
NEAR_P_STARTS_KM = (10.0, 30.0)
DEEP_STARTS_KM = (10.0, 150.0, 350.0, 550.0)


def _resolves_depth(census: tuple[int, int, int, int, int], depth: float, phases: int) -> str:
    """Why the depth may be free, or "": iLoc's conditions (Bondar & Storchak 2011)."""
    near, pairs, depth_phases, core, _ = census
    if near:
        return f"{near} arrivals within {max(NEAR_DEG, depth / 111.2):.1f} deg"
    if pairs >= LEAST:
        return f"{pairs} S-P pairs within 2 deg"
    if depth_phases >= phases:
        return f"{depth_phases} depth phases"
    return f"{core} core reflections" if core >= LEAST else ""


def _by_misfit(problem: Problem, base: Solution) -> Solution | None:
    """The fixed depth of least misfit where the default is rejected by it, else None.

    Misfits take the data for independent; the difference that rejects is larger by as much as the variance of a
    depth is with the full covariance (a robust score test: White 1982, Econometrica 50, 1-25).
    Every third depth is tried, then what lies beside each hollow of that curve that the best does not reject.
    """
    needed = DEPTH_MISFIT * _inflation(problem)
    depths = [d for d in DEPTHS_KM if d > base.x[2]]
    if base.cost <= needed or not depths:
        return None
    tried: dict[int, Solution] = {}
    wanted = list(range(2, len(depths), 3)) or [0]
    while wanted:
        tried.update((i, _at_depth(problem, base, depths[i])) for i in wanted)
        least = min(s.cost for s in tried.values()) + DEPTH_MISFIT
        beside = {j for i in _hollows(tried) if tried[i].cost <= least for j in (i - 1, i + 1)}
        wanted = [j for j in range(len(depths)) if j in beside and j not in tried]
    best = tried[min(tried, key=lambda i: (tried[i].cost, i))]
    return best if best.cost < base.cost - needed else None


def _hollows(tried: dict[int, Solution]) -> list[int]:
    """Where no neighbour of those tried has less misfit."""
    order = sorted(tried)
    cost = [math.inf, *(tried[i].cost for i in order), math.inf]
    return [i for k, i in enumerate(order) if cost[k] >= cost[k + 1] <= cost[k + 2]]


def _at_depth(problem: Problem, base: Solution, depth: float) -> Solution:
    """The solution at another depth; an infinite misfit where there is none."""
    start = base.x.copy()
    start[2] = depth
    found = problem.run(start, False, scale=4.0)
    return found if found.ok else found._replace(cost=math.inf)


def _rejects(problem: Problem, base: Solution, deep: Solution, misfit: float = DEPTH_MISFIT) -> bool:
    """Whether the default is beyond doubt worse than a depth below the crust.

    Near the surface S-P hardly changes with depth, so that a few late S carry a free depth far down: its error there, which
    is that of a straight line, does not say that the surface fits nearly as well.
    """
    return deep.cost < base.cost - misfit * _inflation(problem)


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


def _surrounded(problem: Problem) -> bool:
    """Whether stations stand around the place that the arrays hold."""
    return quality.gaps_(problem.out[:, 6])[0] <= DEPTH_GAP_DEG


def local(problem: Problem, depth_km: float) -> bool:
    """Whether near stations hold the depth, so that no depth phase is asked for."""
    near, pairs, *_ = problem.census(depth_km)
    return near > 0 or pairs >= LEAST


def by_depth_phases(problem: Problem, base: Solution) -> tuple[Solution, str] | None:
    """The solution with a free depth that enough depth phases hold, from one at their depth, and why; or None."""
    if not base.ok or base.used < 4:
        return None
    trial = _free(problem, base, (float(base.x[2]),))
    if not trial.ok or not 0.0 < trial.x[2] < 700.0:
        return None
    count = problem.census(float(trial.x[2]))[2]
    sigma = math.sqrt(max(0.0, problem.errors(trial, 4)[3, 3]))
    limit = problem.settings.max_depth_sigma_km[0 if trial.x[2] < 35.0 else 1]
    return (
        (trial, f"free: {count} depth phases")
        if count >= problem.settings.min_depth_phases and 0.0 < sigma <= limit
        else None
    )


def _default_or_better(problem: Problem, base: Solution, surrounded: bool) -> tuple[Solution, bool]:
    """The solution at the depth that the misfit demands, else the default's; and whether stations surround it.

    Where the default fits badly its place is wrong as well, so who surrounds the event is asked at the other depth.
    """
    other = _by_misfit(problem, base)
    if other is not None:
        found = again(problem, other)
        around = _surrounded(problem)
        if around or local(problem, float(found.x[2])):
            return found, around
    return again(problem, base), surrounded


def _by_near_p(problem: Problem, base: Solution) -> tuple[Solution, str] | None:
    """The solution at the depth that P at a near station and far ones all around ask for, and why; None where they ask for none.

    The arrays hold the solution that counts.
    """
    if not float(problem.out[:, 5].min()) <= NEAR_P_DEG:
        return None
    first = problem.waves[:, 0] == 0
    delta, azimuth = problem.out[first, 5], problem.out[first, 6]
    nearest = float(delta.min()) if delta.size else math.inf
    if nearest > NEAR_P_DEG or quality.gaps_(azimuth[delta > NEAR_P_DEG])[0] > DEPTH_GAP_DEG:
        return None
    trial = _free(problem, base, NEAR_P_STARTS_KM)
    if trial.ok and 0.0 < trial.x[2] < NEAR_P_KM and _rejects(problem, base, trial, NEAR_P_MISFIT):
        sigma = math.sqrt(max(0.0, problem.errors(trial, 4)[3, 3]))
        if 0.0 < sigma <= problem.settings.max_depth_sigma_km[0 if trial.x[2] < 35.0 else 1]:
            held = problem.run(trial.x, False, scale=1.0)
            if held.ok:
                return held, f"fixed where P at {nearest:.1f} deg and far P agree"
    again(problem, base)
    return None


def _by_scatter(problem: Problem, base: Solution) -> tuple[Solution, str] | None:
    """The solution below the crust that the scatter of the data asks for, and why; None where it asks for none (see `scatter`).

    The arrays hold the solution that counts, and `open_km` what is not known of its depth.
    """
    deep = scatter.deeper(problem, base)
    if deep is None:
        return None
    if not _surrounded(problem) and _pairs(problem) < LEAST:
        again(problem, base)
        return None
    trial = problem.run(deep.x.copy(), True)
    if trial.ok and scatter.WITHIN_KM[-1] < trial.x[2] < 700.0:
        variance = float(problem.errors(trial, 4)[3, 3])
        problem.open_km = max(problem.open_km, math.sqrt(max(0.0, variance)))
        deep = trial
    return solved(problem.run(deep.x.copy(), False, scale=1.0)), BY_SCATTER


def _pairs(problem: Problem) -> int:
    """Number of stations with P and S that have a say."""
    wave = problem.waves[np.arange(len(problem.rows)), np.maximum(problem.column, 0)]
    say = (problem.column >= 0) & (problem.out[:, 9] > 0.1)
    return len(set(problem.code[say & (wave == 0)].tolist()) & set(problem.code[say & (wave == 1)].tolist()))


def answer(problem: Problem, base: Solution) -> tuple[Solution, bool, str]:
    """Free the depth where that is allowed and succeeds; else the default, or another one the misfit demands."""
    settings, n_all = problem.settings, len(problem.rows)
    enough = n_all >= 4 and problem.stations >= 3
    surrounded = enough and _surrounded(problem)
    found = base
    if (
        enough
        and base.cost > DEPTH_MISFIT
        and ((surrounded and abs(base.gain) > DEPTH_GAIN) or base.cost > n_all)
    ):
        found, surrounded = _default_or_better(problem, base, surrounded)
    moved, depth = found.x[2] != base.x[2], float(found.x[2])
    census = problem.census(depth)
    why = _resolves_depth(census, depth, settings.min_depth_phases)
    shallow_too = why != ""
    if not why and not moved and enough and settings.free_depth:
        moved_by_p = _by_near_p(problem, found)
        if moved_by_p is not None:
            return moved_by_p[0], False, moved_by_p[1]
    if not why and surrounded and (moved or base.gain > DEEPER_GAIN) and census[4] >= DEEP_STATIONS:
        why = f"P at {census[4]} stations puts it below the crust"
    if why and settings.free_depth and found.used >= 4:
        trial = _free(problem, found, (max(found.x[2], 10.0),) if shallow_too else DEEP_STARTS_KM)
        z = trial.x
        sigma = math.sqrt(max(0.0, problem.errors(trial, 4)[3, 3])) if trial.ok else 0.0
        limit = settings.max_depth_sigma_km[0 if z[2] < 35.0 else 1] if shallow_too else DEEP_SIGMA_KM
        held = trial.ok and 0.0 < z[2] < 700.0 and 0.0 < sigma <= limit and trial.used >= found.used - 1
        near = census[0] > 0 or census[1] >= LEAST or local(problem, float(z[2]))
        by_s = near and census[2] < settings.min_depth_phases
        alike = held and by_s and z[2] > DEEP_KM and not _rejects(problem, base, trial)
        if (
            held
            and not alike
            and (
                shallow_too
                or (z[2] - DEEP_Z * sigma > DEEP_KM and _rejects(problem, base, trial, DEEP_MISFIT))
            )
        ):
            return trial, True, f"free: {why}"
        found = again(problem, found)
        why = (ALIKE if alike else LIMIT) if shallow_too else ""
    if not moved and enough and settings.free_depth:
        still = _by_scatter(problem, found)
        if still is not None:
            return still[0], False, still[1]
    if moved:
        return found, False, "fixed at the depth of least misfit: the default is rejected"
    return found, False, f"fixed at the default: {why or 'no near station, S-P pairs or depth phases'}"
