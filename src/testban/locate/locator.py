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

from testban.base.dmath import DEG, atan2_, sincos_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, delaz_, destination_, distance_km_
from testban.base.records import Pick, Site
from testban.locate import depth_phases, depth_question, quality
from testban.locate.paths import PathTimes
from testban.locate.problem import UNDETERMINED, Problem, Solution, again, solved
from testban.locate.result import Located, record
from testban.locate.search import starts
from testban.locate.settings import Settings

Floats = NDArray[np.float64]

# Other hollows are sought so many semi-axes of the 90 % ellipse away, and believed where they fit better by this (chi-square).
LOOKS = (-4.0, -2.5, -1.5, 1.5, 2.5, 4.0)
LOOK_SCALE = 2.0  # of the loss there: phases compete, and the origin time is the one that the place asks for
LOOK_GAIN = 0.01
# ... by this where the start is trusted, 19 to 1: whoever gave it knew more than these data. Less makes a rival, which the ellipse holds.
TRUSTED_GAIN = 5.9
# Pg picked as the first P where Pn came so many seconds earlier: 29, 15 and 2 % of first picks within 5, 8 and more s (automatic picks about
# 35 epicentres of the PDE, picks_neic_ceus_2017, first half in time; second half 26, 9 and 1 %); twice the log odds less what the kernel charges.
MISSED_S, MISSED_PRICE = np.array([5.0, 8.0]), np.array([0.7, 2.4, 6.3])
REGIONAL_DEG = 20.0
# A start that is trusted is not doubted where so many data agree, every one by so much weight, with stations all around.
SURE, AGREES, SURE_GAP_DEG = 10, 0.5, 180.0
UNDER_STATIONS = 3  # starts under the stations of so many first arrivals
NEAR_START_DEG = 3.0  # a start as near as this to its solution is believed
# Times by path: a correction over a way so short is the same, and over one so long that phases and outliers are asked anew.
PATH_ROUNDS, PATH_STILL_KM, PATH_FAR_KM = 12, 0.05, 20.0
SHRINKS = 0.8


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
    base = found.x.copy()
    wanted = settings.free_depth and settings.reidentify and not depth_question.local(problem, depth)
    better = _named(depth_phases.namings(problem), sites, settings, paths, base) if wanted else None
    if better is not None:
        return better
    found, free, reason = depth_question.answer(problem, found)
    if paths is not None and found.x[2] != depth:
        found = _corrected(problem, found, free)
    return Solved(problem, found, free, reason)


def _named(
    named: Sequence[depth_phases.Naming],
    sites: Mapping[str, Site],
    settings: Settings,
    paths: PathTimes | None,
    base: Floats,
) -> Solved | None:
    """The best solution with a free depth by depth phases that were found, None where it does not bear them out."""
    best: Solved | None = None
    for depth, rows in named:
        problem = Problem(rows, sites, settings, paths)
        x = base.copy()
        x[2] = depth
        problem.correct(x)
        held = depth_question.by_depth_phases(problem, problem.run(x, False, scale=4.0))
        if held is not None and (best is None or held[0].cost < best.found.cost - 1e-6):
            best = Solved(problem, held[0], True, held[1])
    return best


def finished(answer: Solved) -> Located:
    """The solution that the arrays hold, whitened where that is asked for and possible, as records."""
    problem, found, free, reason = answer
    if problem.settings.correlated and problem.settings.whitened:
        better = problem.whitened(found, free)
        if better is not None:
            return record(problem, better[0], better[1], free, reason)
        found = solved(problem.run(found.x, free, scale=1.0, iterations=0))
    cov = problem.errors(found, 4) if free else problem.errors(found, 3) + problem.depth_part()
    return record(problem, found, cov, free, reason)


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
            return _corrected(
                problem,
                _second_look(problem, found, TRUSTED_GAIN)
                if settings.doubted and _doubtful(problem)
                else found,
            )
        if good:
            return _corrected(problem, _second_look(problem, found))
        if not settings.search:
            raise InputError(UNDETERMINED)
    told = problem.telling
    args = (
        problem.tables, problem.vec[told], problem.index[told], problem.waves[told], problem.lon[told], problem.lat[told], problem.data[told],
    )  # fmt: skip
    best = found if start is not None and found.ok else None
    # a coarse grid misses an event among its stations, which far hollows then outbid: the first stations are starts as well
    first = [(0.0, *v) for v in zip(problem.lon[told], problem.lat[told], problem.data[told, 0], strict=True)]
    for _, lon, lat, t in (*starts(*args, depth)[:3], *first[:UNDER_STATIONS]):
        found = _priced(problem, problem.run(np.array([lon, lat, depth, t]), False))
        if found.ok:
            problem.hollows.append(found)
        if found.ok and (best is None or found.cost < best.cost - 1e-6):
            best = found
    if best is None:
        raise InputError(UNDETERMINED)
    return _corrected(problem, _second_look(problem, again(problem, best)))


def _doubtful(problem: Problem) -> bool:
    """Whether other hollows are to be feared about the solution that the arrays hold: few data, a gap, or one that disagrees."""
    out = problem.out
    if len(out) < SURE or not float(out[:, 9].min()) > AGREES:
        return True
    return quality.gaps_(out[:, 6])[0] > SURE_GAP_DEG


def _second_look(problem: Problem, found: Solution, gain: float = LOOK_GAIN) -> Solution:
    """The best of the solution and those reached from points along the axes of its error ellipse, and from its mirror image.

    A network on one side leaves hollows a few ellipses apart (mirror images in a line of stations), which the search, with
    points far apart and a misfit of its own, cannot tell from one another; another phase (Pn or Pg, Sn or Lg) leaves them as well. All
    that is met is kept (`hollows`). gain: by which another must fit better than the solution. The arrays hold the one returned.
    """
    best = found = _priced(problem, found)
    problem.hollows.append(found)
    for strike, km in (*_along_axes(found), _mirror(problem)):
        x = found.x.copy()
        x[0], x[1] = destination_(float(x[0]), float(x[1]), strike, min(10.0, km / KM_PER_DEG))
        trial = _priced(problem, problem.run(x, False, scale=LOOK_SCALE))
        if trial.ok:
            problem.hollows.append(trial)
        if trial.ok and trial.cost < min(best.cost - LOOK_GAIN, found.cost - gain):
            best = trial
    return again(problem, best)


def _priced(problem: Problem, found: Solution) -> Solution:
    """The solution that the arrays hold, charged for every first P at regional distance that it takes for a later branch."""
    column, out = problem.column, problem.out
    if not found.ok or column.max() < 1:
        return found
    rows = np.flatnonzero(
        problem.telling
        & (problem.waves[:, 0] == 0)
        & (column > 0)
        & (out[:, 9] > 0.0)
        & (out[:, 5] < REGIONAL_DEG)
    )
    late = problem.kept[rows, column[rows], 0] - problem.kept[rows, 0, 0]
    price = sum(MISSED_PRICE[np.searchsorted(MISSED_S, late[late == late])].tolist())
    return found._replace(cost=found.cost + price)


def _along_axes(found: Solution) -> list[tuple[float, float]]:
    """Azimuth (deg) and distance (km) of points along the axes of the 90 % ellipse of a solution."""
    e, n, en = found.inverse[1, 1], found.inverse[2, 2], found.inverse[1, 2]
    axes = quality.ellipse(float(e), float(en), float(n), quality.chi2_two(0.9), 0.9, "coverage")
    return [
        (strike + (180.0 if step < 0 else 0.0), abs(step) * size)
        for size, strike in ((axes.smajor_km, axes.strike_deg), (axes.sminor_km, axes.strike_deg + 90.0))
        for step in LOOKS
    ]


def _mirror(problem: Problem) -> tuple[float, float]:
    """Azimuth (deg) and distance (km) of the mirror image of the solution that the arrays hold in the line of its stations."""
    out = problem.out[problem.out[:, 9] > 0.0]
    angle = np.array([sincos_(a * DEG) for a in out[:, 6].tolist()]).reshape(-1, 2)
    east, north = KM_PER_DEG * out[:, 5] * angle.T
    e, n = float(east.mean()), float(north.mean())
    ee, en, nn = (
        float((a * b).mean())
        for a, b in ((east - e, east - e), (east - e, north - n), (north - n, north - n))
    )
    s, c = sincos_(0.5 * atan2_(2.0 * en, nn - ee))  # of the azimuth of the line
    across = e * c - n * s
    return (atan2_(c * across, -s * across) / DEG if across != 0.0 else 0.0), 2.0 * abs(across)


def _corrected(problem: Problem, found: Solution, free: bool = False) -> Solution:
    """Once more where corrections depend on the place of the source, until it rests where times are by path.

    Times by path may change with distance otherwise than the model's, so that a whole step overshoots: one that does not shrink
    is followed by half of the next.
    """
    if not problem.corrected and problem.paths is None:
        return found
    share, last = 1.0, math.inf
    for _ in range(PATH_ROUNDS if problem.paths is not None else 1):
        before = found.x.copy()
        problem.correct(found.x)
        anew = problem.paths is not None and last > PATH_FAR_KM
        found = solved(problem.run(found.x, free, scale=4.0 if anew else 1.0))
        step = found.x - before
        step[0] = (step[0] + 180.0) % 360.0 - 180.0
        size = distance_km_(before[0], before[1], found.x[0], found.x[1])
        if size < PATH_STILL_KM:
            return found
        share, last = share * (0.5 if size > SHRINKS * last else 1.0), size
        found = found._replace(x=before + share * step)
    return solved(problem.run(found.x, free, scale=1.0, iterations=0))
