"""Depth: no nuclear test has been fired deeper than some 3 km, most earthquakes are deeper.

Rules: only a free depth, or one from depth phases, is evidence; a depth fixed by anyone never is. The error holds
a model error that does not shrink. Screening as the treaty bodies do it (deep with 97.5 % one-sided confidence
beyond 10 km) is stated beside it as `screened`. Earthquake depths for the likelihood: four fifths uniform in 0-30 km,
one fifth in 30-300 km: a round figure of ours, labelled as unconfirmed, wide enough not to decide alone.
"""

import math

from testban.base.records import Evidence, Origin
from testban.identify.densities import density, distribution, log10_ratio
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "depth"
EXPLOSION_KM = 1.0  # emplacement depths of underground tests, 0.1-2.5 km
SCREEN_KM = 10.0  # monitoring practice [unconfirmed: quoted from a secondary source]
SCREEN_Z = 1.96  # one-sided 97.5 % [unconfirmed]
MODEL_KM = 5.0  # error of a free depth from the velocity model [assumed]
MODEL_PHASES_KM = 3.0  # the same with depth phases [assumed]
CAP_SHALLOW, CAP_DEEP = 0.3, 2.0
SIGMA_LARGEST_KM = 15.0
EARTHQUAKES = ((0.0, 30.0, 0.8), (30.0, 300.0, 0.2))  # from, to (km), share [assumed]
BELOW_CRUST_KM = 40.0  # deeper than most crust
BELOW_CRUST_Z = 1.645  # one-sided 95 %


def below_crust(origin: Origin) -> bool:
    """Whether the depth lies below the crust with 95 % confidence, or was fixed there because the data reject the surface.

    Such an event has no Lg and next to no surface waves: P/S and mb:Ms, calibrated on shallow events, would take it
    for an explosion.
    """
    return origin.depth_km - BELOW_CRUST_Z * (origin.depth_sigma_km or 0.0) > BELOW_CRUST_KM


def earthquake_density(z: float, scale: float) -> float:
    """Density of an observed depth among earthquakes: the uniform parts smeared by the error."""
    total = 0.0
    for low, high, share in EARTHQUAKES:
        inside = distribution(high, z, scale) - distribution(low, z, scale)
        total += share / (high - low) * inside
    return total


@register(NAME)
def depth(inquiry: Inquiry) -> Evidence:
    """Depth evidence; value in km."""
    origin = inquiry.event.origin
    if not origin.depth_fixed and origin.depth_sigma_km is None:
        return not_applicable(NAME, "the error of the depth is not stated, so it says nothing")
    if origin.depth_fixed or origin.depth_sigma_km is None:
        return not_applicable(
            NAME, f"the depth was fixed ({origin.depth_reason}); a fixed depth is no evidence"
        )
    phases = sum(1 for a in inquiry.event.arrivals if a.phase in ("pP", "sP") and a.defining)
    model = MODEL_PHASES_KM if phases else MODEL_KM
    sigma = math.sqrt(origin.depth_sigma_km * origin.depth_sigma_km + model * model)
    if sigma > SIGMA_LARGEST_KM:
        return not_applicable(
            NAME, f"the depth is uncertain by {sigma:.0f} km, more than {SIGMA_LARGEST_KM:g} km says nothing"
        )
    z = origin.depth_km
    ratio = log10_ratio(density(z, EXPLOSION_KM, sigma), earthquake_density(z, sigma), CAP_DEEP)
    ratio = min(ratio, CAP_SHALLOW)
    screened = (z - SCREEN_KM) / sigma > SCREEN_Z
    how = f"{phases} depth phase(s)" if phases else "a free depth"
    words = (
        "deeper than any test"
        if screened
        else ("consistent with a test" if ratio > 0 else "deeper than a test would be, without certainty")
    )
    return Evidence(
        name=NAME,
        applicable=True,
        value=z,
        sigma=sigma,
        unit="km",
        p_explosion=1.0 - distribution(z, EXPLOSION_KM, sigma),
        p_earthquake=sum(s * _share_below(z, a, b, sigma) for a, b, s in EARTHQUAKES),
        log10_lr=ratio,
        reason=f"depth {z:.0f} +- {sigma:.0f} km from {how}: {words}",
        detail={"screened": "yes" if screened else "no", "model_km": model, "n_depth_phases": float(phases)},
    )


def _share_below(z: float, low: float, high: float, scale: float) -> float:
    """Share of earthquakes uniform in [low, high] that would be observed shallower than z (32 fixed nodes)."""
    nodes = 32
    step = (high - low) / nodes
    return sum(distribution(z, low + (i + 0.5) * step, scale) for i in range(nodes)) / nodes
