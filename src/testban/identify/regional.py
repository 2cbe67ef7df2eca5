"""Regional P/S: Pn/Lg, Pg/Lg, Pn/Sn, Pg/Sn and all P over all S, three components, band by band, averaged over paths that may decide.

Rules: a path whose record shows that it blocks Lg, or cannot say, does not decide; one good path beside records of
other places counts in the odds and never decides (it is marked so), the records of one place say nothing; bands are
centred between the class means before they are averaged, so that a missing band does not shift the value; the network mean is the censored maximum likelihood of the paths; the error holds a spread
between events that does not shrink with stations. Method: Walter, Mayeda & Patton 1995, BSSA 85, 1050; Xie & Zhao
2018. Distance: a slope fitted inside events, its error growing away from the distances of the calibration. Size: `source_size`. The ratios are
put together by regularised discrimination (`pairs`); with a table without them, all P over all S at 2-8 Hz alone is used, uncorrected for size.
"""

import msgspec

from testban.base.dmath import log10_
from testban.base.measurements import PathMeasurement
from testban.base.records import Event, Evidence, EvidencePart
from testban.identify import pairs, phases, source_size
from testban.identify.calibration import PsModel, predictive
from testban.identify.densities import density, distribution, log10_ratio, normal_share
from testban.identify.depth import below_crust
from testban.identify.registry import Inquiry, not_applicable, register
from testban.identify.spread import apart_deg
from testban.size import censored

NAME = "regional P/S"
RISE_LEAST = 0.10  # log10 by which S must stand above what comes before it; located by P alone elsewhere: 0.06 and less
PLACES_LEAST = 5  # with P: two more than latitude, longitude and time need
PLACE_NEAREST_DEG = 0.5  # nearer, a plane wave looks like a near source
GAP_LARGEST_DEG = 180.0
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
    """Value and bound of each path that may decide; stations nearer than 0.15 deg to each other are one voice."""
    return pairs.grouped(paths, lambda p: path_value(p, model))


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


def surrounded(event: Event) -> bool:
    """Whether P alone bears the location out: timed at five places or more (six with a free depth), 0.5 deg away or farther, that lie around it.

    The P of a distant event crosses them as a plane wave, which is seconds off what any epicentre among such places gives.
    """
    seen: list[tuple[float, float]] = []
    for a in sorted(event.arrivals, key=lambda a: (a.station_key, a.time_ns, a.pick_id)):
        at = (a.distance_deg, a.azimuth_deg)
        if not a.defining or not a.phase.startswith("P") or a.distance_deg < PLACE_NEAREST_DEG:
            continue
        if all(apart_deg(at, b) >= pairs.ONE_VOICE_DEG for b in seen):
            seen.append(at)
    if len(seen) < PLACES_LEAST + (not event.origin.depth_fixed):
        return False
    azimuths = sorted(azimuth % 360.0 for _, azimuth in seen)
    turned = [*azimuths[1:], azimuths[0] + 360.0]
    return max(b - a for a, b in zip(azimuths, turned, strict=True)) < GAP_LARGEST_DEG


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event lies between the classes at +-half, with its spread in each, in words, and what it is made of."""

    mean: float
    half: float
    explosion: float
    earthquake: float
    words: str
    detail: dict[str, float | str]
    parts: tuple[EvidencePart, ...] = ()


def _by_bands(
    paths: tuple[PathMeasurement, ...], model: PsModel, mean: float, error: float, n: int
) -> Placed:
    """All P over all S, the mean over bands."""
    half = model.separation()
    far_x, far_q, alone = model_errors(paths, model)
    return Placed(
        mean=mean,
        half=half,
        explosion=predictive(model.spread_event, model.n_explosions, error, far_x, alone),
        earthquake=predictive(model.spread_event, model.n_earthquakes, error, far_q, alone),
        words=f"P over S at 2-8 Hz on {n} good path(s)",
        detail={"error_distance_explosions": far_x, "error_distance_earthquakes": far_q},
    )


def _by_pairs(inquiry: Inquiry, paths: tuple[PathMeasurement, ...], n: int) -> Placed | None:
    """All ratios of phases and bands together; None with a table without them."""
    model = inquiry.settings.ps
    if model.pairs is None:
        return None
    size = source_size.of_event(inquiry.event)
    extra = model.pairs.spread_vertical * vertical_share(paths)
    joint = pairs.join(pairs.observe(paths, model.pairs, size), model.pairs, extra)
    if joint is None:
        return None
    known = "size not known" if size is None else f"magnitude {size:.1f}"
    return Placed(
        mean=joint.value,
        half=joint.half,
        explosion=joint.explosion,
        earthquake=joint.earthquake,
        words=f"P over S in {len(joint.seen)} ratios of phases and bands ({known}) on {n} good path(s)",
        detail={
            "n_ratios": float(len(joint.seen)),
            "between_pairs": model.pairs.between_pairs,
            "between_bands": model.pairs.between_bands,
            "magnitude": "not known" if size is None else size,
        },
        parts=(*_parts(joint), *_uncalibrated(paths, model.pairs)),
    )


def _parts(joint: pairs.Joint) -> tuple[EvidencePart, ...]:
    """Each ratio with its own classes, as log10 P/S at the distance and size of reference."""
    return tuple(
        EvidencePart(
            name=s.ratio.name,
            value=s.ratio.middle + s.value,
            sigma=s.error,
            weight=w,
            n=s.n,
            n_bounds=s.n_bounds,
            explosion_mean=s.ratio.explosion,
            earthquake_mean=s.ratio.earthquake,
            scale_explosion=s.scale(True),
            scale_earthquake=s.scale(False),
        )
        for s, w in zip(joint.seen, joint.weights, strict=True)
    )


def _uncalibrated(paths: tuple[PathMeasurement, ...], model: pairs.PairModel) -> tuple[EvidencePart, ...]:
    """Ratios that were measured and that no class, or only one, was seen in: shown as they are, without weight."""
    known = {(r.pair, r.band_hz) for r in model.ratios}
    out = []
    for pair in phases.PAIRS:
        for band in phases.BANDS:
            name = f"{pair[0]}/{pair[1]}"
            got = pairs.grouped(
                paths,
                lambda p, name=name, band=band: pairs.raw(p, name, band, vertical=p.components == 1),  # type: ignore[misc]
            )
            values = [v for v, bound in got if not bound]
            if (name, band) in known or not values:
                continue
            mean, error = sum(values) / len(values), pairs.SPREAD_PATH / len(values) ** 0.5
            part = EvidencePart(
                name=phases.name(pair, band), value=mean, sigma=error, weight=0.0, n=len(values),
                n_bounds=len(got) - len(values),
            )  # fmt: skip
            out.append(part)
    return tuple(out)


def _why_not(inquiry: Inquiry) -> str:
    """Why P/S cannot be asked of this origin, or nothing."""
    axis = inquiry.event.origin.ellipse.smajor_km
    if not axis <= LOCATION_LARGEST_KM:
        return (
            f"the epicentre is uncertain by {axis:.0f} km, so the windows of P and S are not known well enough "
            f"(at most {LOCATION_LARGEST_KM:g} km)"
        )
    if below_crust(inquiry.event.origin):
        return (
            f"the depth of {inquiry.event.origin.depth_km:.0f} km is below the crust: there is no Lg, and P/S is "
            "calibrated for shallow events only"
        )
    return ""


def _aside(paths: tuple[PathMeasurement, ...]) -> tuple[int, str]:
    """Paths that block Lg, and what is said of those that do not decide."""
    blocked = sum(1 for p in paths if p.lg_blocked)
    unsure = sum(1 for p in paths if p.lg_judged and p.lg_blocked is None)
    if not blocked + unsure:
        return 0, "no path was set aside for Lg"
    return (
        blocked,
        f"{blocked} path(s) block Lg by their own record and {unsure} cannot say; none of them decides",
    )


@register(NAME)
def regional(inquiry: Inquiry) -> Evidence:
    """P/S evidence; value is the network mean of log10 P/S from the middle between the classes."""
    refused = _why_not(inquiry)
    if refused:
        return not_applicable(NAME, refused)
    paths = tuple(sorted(inquiry.paths, key=lambda p: p.station_key))
    blocked, aside = _aside(paths)
    found = network_value(paths, inquiry.settings.ps)
    if found is None or len(pairs.places(paths)) < inquiry.settings.least_paths:
        n = 0 if found is None else found[2]
        return not_applicable(
            NAME, f"{n} good path(s), at least {inquiry.settings.least_paths} are needed; {aside}"
        )
    if not confirmed(paths) and not surrounded(inquiry.event):
        return not_applicable(
            NAME,
            "neither Lg nor a rise of S where the origin puts it: the records do not bear the location out",
        )
    mean, error, n, bounded = found
    placed = _by_pairs(inquiry, paths, n) or _by_bands(paths, inquiry.settings.ps, mean, error, n)
    counts: dict[str, float | str] = {
        "n_paths": float(n),
        "n_bounds": float(bounded),
        "n_blocked": float(blocked),
    }
    if n < inquiry.settings.least_paths:
        counts |= {"decides": "no", "screens": "no"}
        aside = f"{aside}; so few paths count in the odds and never decide"
    return _evidence(placed, paths, inquiry.settings.ps, aside, counts)


def _evidence(
    at: Placed, paths: tuple[PathMeasurement, ...], model: PsModel, aside: str, counts: dict[str, float | str]
) -> Evidence:
    nx, nq = normal_share(model.n_explosions), normal_share(model.n_earthquakes)
    held = max(
        -at.half, min(at.half, at.mean)
    )  # beyond a class mean the wider density must not turn it round
    ratio = log10_ratio(
        density(held, at.half, at.explosion, nx), density(held, -at.half, at.earthquake, nq), model.cap
    )
    few = sum(1 for p in paths if p.usable and p.components == 1)
    told = f"on {few} of them only the vertical was recorded, which widens the error; " if few else ""
    side = "nearer to explosions" if ratio > 0 else "nearer to earthquakes"
    return Evidence(
        name=NAME,
        applicable=True,
        value=at.mean,
        sigma=max(at.explosion, at.earthquake),
        unit="log10 P/S from the middle between the classes",
        p_explosion=distribution(at.mean, at.half, at.explosion, nx),
        p_earthquake=1.0 - distribution(at.mean, -at.half, at.earthquake, nq),
        log10_lr=ratio,
        reason=(
            f"{at.words} is {at.mean:+.2f} (log10) from the middle between the classes at "
            f"{at.half:+.2f} and {-at.half:+.2f}: {side}; {told}{aside}; {model.caveat}"
        ),
        detail={
            **counts,
            "share_vertical": vertical_share(paths),
            "class_mean": at.half,
            "scale_explosion": at.explosion,
            "scale_earthquake": at.earthquake,
            "calibration": model.name,
            **at.detail,
        },
        parts=at.parts,
    )
