"""The records that a location ends in.

Rules: the coverage ellipse comes from a-priori errors, the confidence ellipse from the fit, and neither stands for the
other; an arrival says whether it was used, and what its residual is even where it was not.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.geo import offset_km_
from testban.base.records import Arrival, Origin, Pick
from testban.locate import hollows, quality
from testban.locate.problem import Problem, Solution

Floats = NDArray[np.float64]

DEFINING = 0.05  # weight above which an arrival counts as one that the solution rests on


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A location: the origin and its arrivals by time.

    depth_interval_km: two-sided, at the probability of the ellipses; None where the depth is fixed. du: how evenly the
    stations surround the epicentre (0 even, 1 one-sided). rivals: other places that explain the arrivals nearly as well, which the
    coverage ellipse is enlarged for. ground_truth: "GT5" and by which criterion, or "".
    """

    origin: Origin
    arrivals: tuple[Arrival, ...]
    depth_interval_km: tuple[float, float] | None = None
    du: float = 1.0
    rivals: tuple[hollows.Rival, ...] = ()
    ground_truth: str = ""


def record(problem: Problem, found: Solution, cov: Floats, free: bool, reason: str) -> Located:
    """What the arrays of a solved problem say; cov (4, 4): of the solution, what is not known of a fixed depth included."""
    settings, x, fit = problem.settings, found.x, found.inverse
    arrivals, n_defining = _arrivals(problem, x)
    near = quality.by_station_(problem.out, problem.code, DEFINING)
    azimuths = np.ascontiguousarray(near[:, 1])
    distances = near[:, 0].tolist() or [math.nan]
    gap, second = quality.gaps_(azimuths)
    freedom = n_defining - (4 if free else 3)
    confidence = None
    if freedom > 0:
        f = 2.0 * quality.fisher_two(settings.probability, freedom) * found.chi2 / freedom
        confidence = quality.ellipse(fit[1, 1], fit[1, 2], fit[2, 2], f, settings.probability, "confidence")
    others = hollows.rivals(problem, found, cov[1:3, 1:3])
    shape, factor = hollows.enlarged(
        cov[1:3, 1:3], fit[1:3, 1:3], others, (float(x[0]), float(x[1])), settings.probability
    )
    origin = Origin(
        time_ns=problem.reference_ns + round(float(x[3]) * 1e9),
        longitude=float(x[0]),
        latitude=float(x[1]),
        depth_km=float(x[2]),
        depth_fixed=not free,
        depth_reason=reason,
        depth_sigma_km=math.sqrt(cov[3, 3]) if free else None,
        time_sigma_s=math.sqrt(max(cov[0, 0], 0.0)),
        ellipse=quality.ellipse(
            shape[0, 0], shape[0, 1], shape[1, 1], factor, settings.probability, "coverage"
        ),
        confidence_ellipse=confidence,
        rms_s=quality.rms_(problem.out, DEFINING),
        n_defining=n_defining,
        n_stations=len(near),
        gap_deg=gap,
        secondary_gap_deg=second,
        min_distance_deg=min(distances),
        max_distance_deg=max(distances),
        model=problem.model.name + (f"+{problem.paths.name}" if problem.paths and problem.on_paths else ""),
        covariance=tuple((r[0], r[1], r[2], r[3]) for r in cov.tolist()),
    )
    interval = None
    if free:
        half = quality.normal_two_sided(settings.probability) * math.sqrt(cov[3, 3])
        interval = (max(0.0, float(x[2]) - half), float(x[2]) + half)
    return Located(
        origin=origin,
        arrivals=arrivals,
        depth_interval_km=interval,
        du=quality.network_quality_(azimuths),
        rivals=others,
        ground_truth=quality.ground_truth_class(near.tolist()) if min(distances) < 1.0 else "",
    )


def beside(located: Located, other: Located, share: float) -> Located:
    """A location whose coverage ellipse is enlarged for another place of the same event, which has this share (0..1) of their weight.

    As it was where that place lies within its ellipse, or has too small a share to matter.
    """
    at, place = located.origin, other.origin
    east, north = offset_km_(at.longitude, at.latitude, place.longitude, place.latitude)
    cov, own = (np.array(o.covariance)[1:3, 1:3] for o in (at, place))
    if share < hollows.LEAST_SHARE or hollows.inside(cov, east, north) <= quality.chi2_two(
        at.ellipse.probability
    ):
        return located
    rival = hollows.Rival(
        longitude=place.longitude, latitude=place.latitude, distance_km=math.hypot(east, north), share=share,
        covariance=(float(own[0, 0]), float(own[0, 1]), float(own[1, 1])),
    )  # fmt: skip
    others = (*located.rivals, rival)
    shape, factor = hollows.enlarged(cov, cov, others, (at.longitude, at.latitude), at.ellipse.probability)
    ellipse = quality.ellipse(
        shape[0, 0], shape[0, 1], shape[1, 1], factor, at.ellipse.probability, "coverage"
    )
    return msgspec.structs.replace(
        located, origin=msgspec.structs.replace(at, ellipse=ellipse), rivals=others
    )


def _arrivals(problem: Problem, x: Floats) -> tuple[tuple[Arrival, ...], int]:
    """The arrivals, and how many of them are defining."""
    out, keys = problem.out, problem.keys
    told = np.empty((7, len(keys)))
    n_defining = quality.columns_(out, problem.column, problem.data[:, 2], DEFINING, told)
    residual, delta, azimuth, back, weight, sigma = told[:6].tolist()
    names = problem.names(float(x[2]))
    simple = [
        # most arrivals are of this kind, and 200 of them are a fifth of the time of a location
        Arrival(pick_id=p.pick_id, station_key=key, phase=name, time_ns=p.time_ns, distance_deg=d, azimuth_deg=a,
                backazimuth_deg=b, residual_s=r, time_sigma_s=s, defining=w > DEFINING, weight=w)
        for (p, _), key, name, s, r, d, a, b, w in zip(
            problem.rows, keys, names, sigma, residual, delta, azimuth, back, weight, strict=True
        )
    ]  # fmt: skip
    for i in np.flatnonzero(told[6] == 0.0).tolist():
        p, label = problem.rows[i]
        simple[i] = _arrival(
            p,
            label,
            names[i],
            sigma[i],
            residual[i],
            delta[i],
            azimuth[i],
            back[i],
            weight[i],
            *out[i, 10:12].tolist(),
        )
    return tuple(simple), n_defining


def _arrival(
    pick: Pick, label: str, name: str, sigma: float, residual: float, delta: float, azimuth: float, backazimuth: float,
    weight: float, slow: float, baz: float,
) -> Arrival:  # fmt: skip
    known = name != "" and residual == residual
    return Arrival(
        pick_id=pick.pick_id,
        station_key=pick.station_key,
        phase=name if known else label or "P",
        time_ns=pick.time_ns,
        distance_deg=delta,
        azimuth_deg=azimuth,
        backazimuth_deg=backazimuth,
        residual_s=residual if known else None,
        time_sigma_s=sigma if known else pick.time_sigma_s,
        defining=known and weight > DEFINING,
        weight=weight if known else 0.0,
        slowness_residual=slow if slow == slow else None,
        backazimuth_residual=baz if baz == baz else None,
        slowness_defining=known and slow == slow,
        backazimuth_defining=known and baz == baz,
    )
