"""How big an explosion was: an interval with what it assumes, never a number alone.

Rules: as in `base.records`. Yields are in kilotons of TNT, logarithms decimal, depths in metres.
"""

import msgspec


class YieldInterval(msgspec.Struct, frozen=True, kw_only=True):
    """Quantiles of a posterior on yield under one hypothesis (kt). low None: only an upper limit is known.

    level: probability inside low..high (or below high). edge: the interval leans on the end of the prior range.
    """

    hypothesis: str
    decoupling: float
    low_kt: float | None
    median_kt: float | None
    high_kt: float
    level: float
    edge: bool = False


class Yield(msgspec.Struct, frozen=True, kw_only=True):
    """The posterior on yield from body-wave magnitude, first for a tamped shot, then for decoupled ones.

    mb, mb_sigma: what went into the relation (after conversion to its scale). sigma: everything together, as a standard deviation in
    magnitude units. relation, citation, confirmed: what turned magnitude into yield, and whether its constants
    were read in the source. assumptions: sentences without which the numbers mean nothing.
    """

    mb: float
    mb_sigma: float
    scale: str
    bound: str
    sigma: float
    relation: str
    site: str
    citation: str
    confirmed: bool
    intervals: tuple[YieldInterval, ...]
    depth_m: float | None
    prior_kt: tuple[float, float]
    assumptions: tuple[str, ...]
