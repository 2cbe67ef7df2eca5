"""What stands beside a verdict: odds of the classes, and screening as the treaty bodies do it.

Rules: as in `base.records`. A probability never comes without the prior that it rests on.
"""

import msgspec


class ClassOdds(msgspec.Struct, frozen=True, kw_only=True):
    """One class of source. log10_support: log10 density relative to the best class (0 for it). typical: share of events
    of this class that are at least as far from its middle; small for all classes means that none fits.
    """

    name: str
    prior: float
    probability: float
    log10_support: float
    typical: float


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """category: "screened out", "not screened out", "insufficient data" or "not considered" by the single criteria.

    criteria: (name, "yes", "no" or "not available"). combined: screened out by all evidence together, which asks for more:
    p_explosion (the smallest tail probability times the number of discriminants) under `threshold` and a verdict
    of earthquake-like.
    """

    category: str
    criteria: tuple[tuple[str, str], ...]
    combined: bool
    p_explosion: float | None
    threshold: float
    reason: str
