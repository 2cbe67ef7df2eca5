"""Sea or land: an event wholly under deep water makes a hydroacoustic signal if it is an explosion in the water.

Rules: where the ellipse lies is asked of a coast line, how deep the water is only of a grid that the user gives. The coast alone never
decides anything. A whole ellipse under deep water and hydroacoustic stations that were up and silent speak against an explosion,
moderately, because an explosion below the sea floor is quieter; the practice and its depth of 500 m are [unconfirmed].
"""

from testban.base.records import Evidence
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "sea or land"
DEEP_M = 500.0  # practice of the treaty bodies [unconfirmed]
AGAINST = -0.5  # log10, of silence [assumed]; below the verdict


@register(NAME, given=lambda q: q.beside.surroundings is not None)
def sea(inquiry: Inquiry) -> Evidence:
    """Evidence of the surroundings; value is the distance to the coast in km, negative on land."""
    s = inquiry.beside.surroundings
    if s is None:
        return not_applicable(NAME, "no coast line at hand")
    if not s.offshore:
        return not_applicable(
            NAME,
            "the ellipse is not wholly in the sea: an underground explosion is possible, so this says nothing",
        )
    if s.depth_m is None:
        return not_applicable(
            NAME,
            f"wholly in the sea, {s.coast_km:.0f} km from the coast; no grid of water depths was given, and the coast alone never decides",
        )
    if s.depth_m < DEEP_M:
        return not_applicable(
            NAME,
            f"the water is {s.depth_m:.0f} m deep at the least, {DEEP_M:g} m are needed [unconfirmed practice]",
        )
    if s.hydroacoustic == "":
        return not_applicable(
            NAME,
            f"wholly under water at least {s.depth_m:.0f} m deep, but no hydroacoustic station was at hand",
        )
    silent = s.hydroacoustic == "silent"
    words = (
        "heard nothing: this speaks against an explosion in the water"
        if silent
        else "heard a signal: an earthquake can make one too"
    )
    return Evidence(
        name=NAME,
        applicable=True,
        value=s.coast_km,
        unit="km from the coast",
        log10_lr=AGAINST if silent else 0.0,
        reason=f"wholly under water at least {s.depth_m:.0f} m deep, and hydroacoustic stations {words}; never decides alone",
        detail={"depth_m": s.depth_m, "hydroacoustic": s.hydroacoustic, "source": s.source},
    )  # fmt: skip
