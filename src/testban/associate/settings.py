"""What an event needs, and how it is looked for."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the association.

    model: travel-time model. min_stations: stations whose P must define an event (an array with slowness counts
    twice). events_per_hour: prior rate of events over the Earth that the network could see. spacing_deg: distance of
    the nodes of the first search. hit: prior probability that a station that is up sees an event.
    tolerance: picks within this many standard deviations of a phase may belong to it. min_score: natural logarithm of
    the odds that an event must reach.
    """

    model: str = "ak135"
    min_stations: int = 3
    events_per_hour: float = 10.0
    spacing_deg: float = 1.5
    hit: float = 0.5
    tolerance: float = 3.5
    min_score: float = 0.0
    depths_km: tuple[float, ...] = (0.0, 150.0, 500.0)
