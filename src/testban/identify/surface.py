"""mb against Ms: an explosion makes little surface wave for its body wave.

Rules: the value is Ms - mb + 0.64, the distance from the screening line Ms = mb - 0.64 of Selby et al. 2012 (BSSA
102, 88), in use since 2010; the older line Ms = 1.25 mb - 2.2 is printed beside it. The error is
sqrt(s_model^2 + s_mb^2 + s_Ms^2), the first of which does not shrink with stations; the spreads of catalogue events hold such an error already, so
that only what goes beyond it widens the class densities (screening takes all of it). An Ms that is only an upper
limit enters as such (it can speak for an explosion, never against). Class densities: `calibration.MS_DEFAULT`, fitted on
the first half (odd positions) of the SIPRI mb and Ms and of the ISC 2005-2006 earthquakes shallower than 50 km; agencies differ
and these are not IDC magnitudes. Ms - mb outside -3.6..2 is a slip of units (nm for um), not evidence.
"""

import math

from testban.base.records import Evidence, Magnitude
from testban.identify.calibration import MsModel
from testban.identify.densities import density, distribution, log10_ratio
from testban.identify.depth import below_crust
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "mb:Ms"
LINE = 0.64
OLD_SLOPE, OLD_INTERCEPT = 1.25, -2.2
LEAST_MB = 3.5  # IDC practice, Selby et al. 2012
SCREEN_Z = 1.96  # [unconfirmed]
SLIP = (-3.6, 2.0)  # Ms - mb of no event at hand lies outside; nm for um moves it by 3
REGIONAL_ERROR = 0.3  # of an Ms measured nearer than 20 deg [assumed]
CAP = 1.5
STEP = 0.05  # of the search for that point


def line(mb: float) -> float:
    """Ms on the screening line of Selby et al. 2012."""
    return mb - LINE


def old_line(mb: float) -> float:
    """Ms on the line used by the IDC before 2010."""
    return OLD_SLOPE * mb + OLD_INTERCEPT


def _pick(magnitudes: tuple[Magnitude, ...], kinds: tuple[str, ...]) -> Magnitude | None:
    for kind in kinds:
        for m in magnitudes:
            if m.kind == kind:
                return m
    return None


def weigh(d: float, sigma: float, bound: str, model: MsModel) -> tuple[float, float, float]:
    """log10 likelihood ratio of a distance d above the line, and its tail probabilities under both classes.

    The densities differ in width: past the point where the wider one would win back, the ratio stays at what it was.
    """
    (mx, sx), (mq, sq) = model.explosion, model.earthquake
    more = model.more(sigma)
    x = math.sqrt(sx * sx * (1.0 + 1.0 / model.n_explosions) + more * more)
    q = math.sqrt(sq * sq * (1.0 + 1.0 / model.n_earthquakes) + more * more)
    below_x, below_q = distribution(d, mx, x), distribution(d, mq, q)
    if bound == "upper":
        return max(0.0, log10_ratio(below_x, below_q, CAP)), 1.0 - below_x, below_q
    at = 0.5 * (mx + mq)
    step, n = math.copysign(STEP, d - at), int(abs(d - at) / STEP)
    tried = [*(at + step * i for i in range(n + 1)), d]
    ratios = [log10_ratio(density(v, mx, x), density(v, mq, q), CAP) for v in tried]
    return (min if d > at else max)(ratios), 1.0 - below_x, below_q


def _wider(spread: float, more: float) -> float:
    return math.sqrt(spread * spread + more * more)


def screened_out(ms: float, mb: float, sigma: float) -> bool:
    """Whether the line with its error model screens the event out as natural (Selby et al. 2012)."""
    return (ms - line(mb)) / sigma > SCREEN_Z


@register(NAME)
def surface(inquiry: Inquiry) -> Evidence:
    """mb:Ms evidence; value is the distance above the line in magnitude units."""
    if below_crust(inquiry.event.origin):
        return not_applicable(
            NAME,
            f"the depth of {inquiry.event.origin.depth_km:.0f} km is below the crust: such events make no surface "
            "waves to speak of, whatever they are",
        )
    mb = _pick(inquiry.event.magnitudes, ("mb",))
    ms = _pick(inquiry.event.magnitudes, ("Ms", "Ms(regional)"))
    if mb is None or mb.bound or ms is None:
        missing = "mb" if mb is None or mb.bound else "Ms"
        return not_applicable(NAME, f"no {missing} could be measured")
    if mb.value < LEAST_MB:
        return not_applicable(
            NAME, f"mb {mb.value:.1f} is below {LEAST_MB:g}, where the relation was not tried"
        )
    if not ms.bound and not SLIP[0] < ms.value - mb.value < SLIP[1]:
        return not_applicable(
            NAME,
            f"Ms {ms.value:.1f} and mb {mb.value:.1f} are further apart than any event: a slip of units (nm for um) is likely",
        )
    model = inquiry.settings.s_model
    extra = REGIONAL_ERROR if ms.kind != "Ms" else 0.0
    sigma = math.sqrt(model * model + extra * extra + mb.sigma * mb.sigma + ms.sigma * ms.sigma)
    d = ms.value - line(mb.value)
    known = inquiry.settings.ms
    ratio, p_x, p_q = weigh(d, sigma, ms.bound, known)
    screened = not ms.bound and d / sigma > SCREEN_Z
    word = "at most" if ms.bound == "upper" else "of"
    side = "above" if d > 0 else "below"
    return Evidence(
        name=NAME,
        applicable=True,
        value=d,
        sigma=sigma,
        unit="magnitude above Ms = mb - 0.64",
        p_explosion=p_x,
        p_earthquake=p_q,
        log10_lr=ratio,
        reason=(
            f"Ms {word} {ms.value:.1f} with mb {mb.value:.1f} lies {abs(d):.1f} +- {sigma:.1f} {side} the line "
            f"Ms = mb - 0.64; screened out as natural: {'yes' if screened else 'no'}"
        ),
        detail={
            "screened": "yes" if screened else "no",
            "above_old_line": ms.value - old_line(mb.value),
            "s_model": model,
            "ms_kind": ms.kind,
            "calibration": known.name,
            "explosion_mean": known.explosion[0],
            "earthquake_mean": known.earthquake[0],
            "scale_explosion": _wider(known.explosion[1], known.more(sigma)),
            "scale_earthquake": _wider(known.earthquake[1], known.more(sigma)),
            "bound": ms.bound,
        },
    )
