"""mb against Ms: an explosion makes little surface wave for its body wave.

Rules: the value is Ms - mb + 0.64, the distance from the screening line Ms = mb - 0.64 of Selby et al. 2012 (BSSA
102, 88), in use since 2010; the older line Ms = 1.25 mb - 2.2 is printed beside it. The error is
sqrt(s_model^2 + s_mb^2 + s_Ms^2), the first of which does not shrink with stations. An Ms that is only an upper
limit enters as such (it can speak for an explosion, never against). Class densities fitted on the first half (odd
positions by time) of the SIPRI mb and Ms (66 explosions: mean -0.88, spread 0.64) and of the ISC 2005-2006
earthquakes shallower than 50 km (2546: mean 0.30, spread 0.41); agencies differ and these are not IDC magnitudes.
"""

import math

from testban.base.records import Evidence, Magnitude
from testban.identify.densities import density, distribution, log10_ratio
from testban.identify.depth import below_crust
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "mb:Ms"
LINE = 0.64
OLD_SLOPE, OLD_INTERCEPT = 1.25, -2.2
LEAST_MB = 3.5  # IDC practice, Selby et al. 2012
SCREEN_Z = 1.96  # [unconfirmed]
EXPLOSION = (-0.88, 0.64)
EARTHQUAKE = (0.30, 0.41)
REGIONAL_ERROR = 0.3  # of an Ms measured nearer than 20 deg [assumed]
CAP = 1.5


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
    model = inquiry.settings.s_model
    extra = REGIONAL_ERROR if ms.kind != "Ms" else 0.0
    sigma = math.sqrt(model * model + extra * extra + mb.sigma * mb.sigma + ms.sigma * ms.sigma)
    d = ms.value - line(mb.value)
    x = math.sqrt(EXPLOSION[1] * EXPLOSION[1] + sigma * sigma)
    q = math.sqrt(EARTHQUAKE[1] * EARTHQUAKE[1] + sigma * sigma)
    below_x, below_q = distribution(d, EXPLOSION[0], x), distribution(d, EARTHQUAKE[0], q)
    if ms.bound == "upper":
        ratio = max(0.0, log10_ratio(below_x, below_q, CAP))
    else:
        ratio = log10_ratio(density(d, EXPLOSION[0], x), density(d, EARTHQUAKE[0], q), CAP)
    screened = not ms.bound and d / sigma > SCREEN_Z
    word = "at most" if ms.bound == "upper" else "of"
    side = "above" if d > 0 else "below"
    return Evidence(
        name=NAME,
        applicable=True,
        value=d,
        sigma=sigma,
        unit="magnitude above Ms = mb - 0.64",
        p_explosion=1.0 - below_x,
        p_earthquake=below_q,
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
            "bound": ms.bound,
        },
    )
