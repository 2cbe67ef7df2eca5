"""How the misfit changes with depth.

Rule: at every depth the epicentre and origin time are found anew with independent errors (the full covariance would hide
in its common part what a depth trades with), so the curve is a profile of chi-square; a datum without a say costs what
one at the limit of rejection costs.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from testban.base.records import Pick, Site
from testban.locate.locator import epicentre
from testban.locate.paths import PathTimes
from testban.locate.problem import Problem
from testban.locate.quality import chi2_one
from testban.locate.settings import Settings

CURVE_KM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 70.0, 85.0, 100.0, 120.0, 150.0, 180.0, 220.0,
            260.0, 300.0, 350.0, 400.0, 450.0, 500.0, 550.0, 600.0, 650.0, 700.0)  # fmt: skip


class DepthPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The best solution at one fixed depth. chi2 includes the cost of the data that lost their say."""

    depth_km: float
    chi2: float
    n_defining: int
    longitude: float
    latitude: float
    time_ns: int


def depth_curve(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    start: tuple[float, float, float, int] | None = None,
    depths_km: Sequence[float] = CURVE_KM,
    paths: PathTimes | None = None,
) -> tuple[DepthPoint, ...]:
    """Misfit against depth of one event, arguments as of `locate`; depths at which nothing fits are left out."""
    problem = Problem(picks, sites, settings, paths)
    base = epicentre(problem, start, settings.default_depth_km).x
    points = []
    for depth in sorted(depths_km):
        found = problem.run(np.array([base[0], base[1], depth, base[3]]), False, scale=4.0)
        if not found.ok:
            continue
        x = found.x.tolist()
        points.append(
            DepthPoint(
                depth_km=depth, chi2=found.cost, n_defining=found.used, longitude=x[0], latitude=x[1],
                time_ns=problem.reference_ns + round(x[3] * 1e9),
            )
        )  # fmt: skip
    return tuple(points)


def depth_interval(curve: Sequence[DepthPoint], probability: float = 0.9) -> tuple[float, float] | None:
    """Depths at which chi-square exceeds its least value by less than the quantile of one degree of freedom.

    Straight lines between the points; an end of the curve is an end of the interval. None for an empty curve.
    """
    if not curve:
        return None
    best = min(range(len(curve)), key=lambda i: (curve[i].chi2, i))
    level = curve[best].chi2 + chi2_one(probability)
    ends = []
    for step in (-1, 1):
        i = best
        while 0 <= i + step < len(curve) and curve[i + step].chi2 <= level:
            i += step
        end = curve[i].depth_km
        if 0 <= i + step < len(curve):
            other = curve[i + step]
            end += (other.depth_km - end) * (level - curve[i].chi2) / (other.chi2 - curve[i].chi2)
        ends.append(end)
    return ends[0], ends[1]
