"""Regional P/S: (Pn + Pg) over (Sn + Lg), three components, 2-8 Hz, averaged over paths that may decide.

Rules: a path whose record shows that it blocks Lg, or cannot say, does not decide; fewer than two good paths is no
evidence; bands are centred between the class means before they are averaged, so that a missing band does not
shift the value; the network mean is the censored maximum likelihood of the paths; the error holds a spread
between events that does not shrink with stations. Method: Walter, Mayeda & Patton 1995, BSSA 85, 1050; Xie & Zhao
2018. Distance: a slope fitted inside events, its error growing away from the distances of the calibration. No correction for size
(see `calibration.PsModel`).
"""

from testban.base.dmath import log10_
from testban.base.measurements import PathMeasurement
from testban.base.records import Evidence
from testban.identify.calibration import PsModel, predictive
from testban.identify.densities import density, distribution, log10_ratio, normal_share
from testban.identify.depth import below_crust
from testban.identify.registry import Inquiry, not_applicable, register
from testban.identify.spread import apart_deg
from testban.size import censored

NAME = "regional P/S"
ONE_VOICE_DEG = 0.15  # nearer stations share their path
RISE_LEAST = 0.10  # log10 by which S must stand above what comes before it; located by P alone elsewhere: 0.06 and less
LOCATION_LARGEST_KM = 60.0  # 90 % semi-major axis; beyond it the S window may hold P


def path_value(path: PathMeasurement, model: PsModel) -> tuple[float, str] | None:
    """Centred log10 P/S of one path and its bound ("" measured, "lower", "upper"); None if it says nothing.

    Measured bands are averaged; only where no band is measured do bounds count (largest lower, smallest upper). A path of
    which only the vertical was recorded is centred on means of its own and stretched to the classes of three components.
    """
    alone = path.components == 1
    factor = model.stretch() if alone else 1.0
    if factor == 0.0:
        return None
    centred = [
        (factor * (model.corrected(r.log10_ps, path.distance_deg) - c), r.bound)
        for r in path.bands
        if r.log10_ps is not None and (c := model.centre(r.band_hz, vertical=alone)) is not None
    ]
    measured = [v for v, bound in centred if not bound]
    if measured:
        return sum(measured) / len(measured), ""
    lower = [v for v, bound in centred if bound == "lower"]
    if lower:
        return max(lower), "lower"
    upper = [v for v, bound in centred if bound == "upper"]
    return (min(upper), "upper") if upper else None


def voices(paths: tuple[PathMeasurement, ...], model: PsModel) -> list[tuple[float, str]]:
    """Value and bound of each path that may decide; stations nearer than 0.15 deg to each other are one voice.

    Within a voice the measured values are averaged; bounds count only where nothing was measured (the first one).
    """
    groups: list[tuple[PathMeasurement, list[tuple[float, str]]]] = []
    for p in sorted(paths, key=lambda p: p.station_key):
        got = path_value(p, model) if p.usable else None
        if got is None:
            continue
        for leader, members in groups:
            if (
                apart_deg((leader.distance_deg, leader.azimuth_deg), (p.distance_deg, p.azimuth_deg))
                < ONE_VOICE_DEG
            ):
                members.append(got)
                break
        else:
            groups.append((p, [got]))
    out = []
    for _, members in groups:
        measured = [v for v, bound in members if not bound]
        out.append((sum(measured) / len(measured), "") if measured else members[0])
    return out


def network_value(paths: tuple[PathMeasurement, ...], model: PsModel) -> tuple[float, float, int, int] | None:
    """Network mean of centred log10 P/S, its standard error from the paths alone, good paths, those only bounds.

    A path that is only a bound is good where it speaks: a lower bound above the middle, an upper one below. None with
    no measured path.
    """
    got = voices(paths, model)
    values = [v for v, bound in got if not bound]
    upper = [v for v, bound in got if bound == "upper"]
    lower = [v for v, bound in got if bound == "lower"]
    if not values:
        return None
    stretched = 1.0 + (max(1.0, model.stretch()) - 1.0) * vertical_share(paths)
    mean, error = censored.estimate(values, upper, model.spread_path * stretched, lower)
    speaking = sum(1 for v in lower if v > 0.0) + sum(1 for v in upper if v < 0.0)
    return mean, error, len(values) + speaking, len(upper) + len(lower)


def vertical_share(paths: tuple[PathMeasurement, ...]) -> float:
    """Share of the usable paths of which only the vertical was recorded."""
    usable = [p.components == 1 for p in paths if p.usable]
    return sum(usable) / len(usable) if usable else 0.0


def model_errors(paths: tuple[PathMeasurement, ...], model: PsModel) -> tuple[float, float, float]:
    """What does not shrink with stations beside the spread between events: for paths nearer or farther than those of the
    explosions and of the earthquakes calibrated on, and for records of the vertical alone.
    """
    logs = [log10_(p.distance_deg) for p in paths if p.usable]
    mean = sum(logs) / len(logs) if logs else 0.0
    x, q = (
        model.distance_slope_sigma * abs(mean - d) if logs else 0.0
        for d in (model.distance_explosion, model.distance_earthquake)
    )
    return x, q, model.spread_vertical * vertical_share(paths)


def confirmed(paths: tuple[PathMeasurement, ...]) -> bool:
    """Whether the records bear out that S comes where the origin says: Lg on a path, or S rising over the coda of P (median).

    A distant event that a small network took for a near one has its P and S windows in one coda, whose ratio means nothing.
    """
    if any(p.lg_blocked is False for p in paths if p.usable):
        return True
    rises = sorted(p.s_rise for p in paths if p.usable and p.s_rise is not None)
    return bool(rises) and 0.5 * (rises[(len(rises) - 1) // 2] + rises[len(rises) // 2]) >= RISE_LEAST


@register(NAME)
def regional(inquiry: Inquiry) -> Evidence:
    """P/S evidence; value is the network mean of log10 P/S from the middle between the classes."""
    model = inquiry.settings.ps
    axis = inquiry.event.origin.ellipse.smajor_km
    if not axis <= LOCATION_LARGEST_KM:
        return not_applicable(
            NAME,
            f"the epicentre is uncertain by {axis:.0f} km, so the windows of P and S are not known well enough "
            f"(at most {LOCATION_LARGEST_KM:g} km)",
        )
    if below_crust(inquiry.event.origin):
        return not_applicable(
            NAME,
            f"the depth of {inquiry.event.origin.depth_km:.0f} km is below the crust: there is no Lg, and P/S is "
            "calibrated for shallow events only",
        )
    paths = tuple(sorted(inquiry.paths, key=lambda p: p.station_key))
    blocked = sum(1 for p in paths if p.lg_blocked)
    unsure = sum(1 for p in paths if p.lg_judged and p.lg_blocked is None)
    aside = (
        f"{blocked} path(s) block Lg by their own record and {unsure} cannot say; none of them decides"
        if blocked + unsure
        else "no path was set aside for Lg"
    )
    found = network_value(paths, model)
    if found is None or found[2] < inquiry.settings.least_paths:
        n = 0 if found is None else found[2]
        return not_applicable(
            NAME, f"{n} good path(s), at least {inquiry.settings.least_paths} are needed; {aside}"
        )
    if not confirmed(paths):
        return not_applicable(
            NAME,
            "neither Lg nor a rise of S where the origin puts it: the records do not bear the location out",
        )
    mean, error, n, bounded = found
    half = model.separation()
    far_x, far_q, alone = model_errors(paths, model)
    x = predictive(model.spread_event, model.n_explosions, error, far_x, alone)
    q = predictive(model.spread_event, model.n_earthquakes, error, far_q, alone)
    nx, nq = normal_share(model.n_explosions), normal_share(model.n_earthquakes)
    at = max(-half, min(half, mean))  # beyond a class mean the wider density must not turn the evidence round
    ratio = log10_ratio(density(at, half, x, nx), density(at, -half, q, nq), model.cap)
    few = sum(1 for p in paths if p.usable and p.components == 1)
    told = f"on {few} of them only the vertical was recorded, which widens the error; " if few else ""
    side = "nearer to explosions" if ratio > 0 else "nearer to earthquakes"
    return Evidence(
        name=NAME,
        applicable=True,
        value=mean,
        sigma=max(x, q),
        unit="log10 P/S from the middle between the classes",
        p_explosion=distribution(mean, half, x, nx),
        p_earthquake=1.0 - distribution(mean, -half, q, nq),
        log10_lr=ratio,
        reason=(
            f"P over S at 2-8 Hz on {n} good path(s) is {mean:+.2f} (log10) from the middle between the classes at "
            f"{half:+.2f} and {-half:+.2f}: {side}; {told}{aside}; {model.caveat}"
        ),
        detail={
            "n_paths": float(n),
            "n_bounds": float(bounded),
            "n_blocked": float(blocked),
            "share_vertical": vertical_share(paths),
            "error_distance_explosions": far_x,
            "error_distance_earthquakes": far_q,
            "class_mean": half,
            "scale_explosion": x,
            "scale_earthquake": q,
            "calibration": model.name,
        },
    )
