"""What may stand beside the recordings of one event: told by a person, by a map, by the watch, or by another program.

Rules: as in `base.records`. Nothing of it is needed; each piece names where it comes from, and what is not given is not asked.
"""

import msgspec


class RepeatEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """A known event whose waveforms this one repeats, as the watch found it.

    kind: what the known event was: "explosion", "earthquake", or "" (not told). statistic, threshold: of the stack of correlation
    traces. false_alarms_per_year: rate at which noise and other events exceed the statistic, None where it was not calibrated.
    separation_km with its standard deviation: distance between the two, None where not measured. source: what found it.
    """

    template: str
    kind: str = ""
    statistic: float
    threshold: float
    false_alarms_per_year: float | None = None
    separation_km: float | None = None
    separation_sigma_km: float | None = None
    relative_magnitude: float | None = None
    n_channels: int = 0
    source: str = ""


class MomentTensor(msgspec.Struct, frozen=True, kw_only=True):
    """A moment tensor that somebody inverted. elements: Mrr, Mtt, Mpp, Mrt, Mrp, Mtp (N m; r up, t south, p east).

    covariance: six rows in the same order, (N m)^2; () where none was given. source: publisher.
    """

    elements: tuple[float, float, float, float, float, float]
    covariance: tuple[tuple[float, ...], ...] = ()
    source: str = ""


class OutsideScore(msgspec.Struct, frozen=True, kw_only=True):
    """A number of another program (a trained classifier, say) and its numbers for events of known class that it was not trained on.

    Larger means more explosion-like. explosions, earthquakes: calibration scores, sorted. source: program and table.
    """

    value: float
    explosions: tuple[float, ...]
    earthquakes: tuple[float, ...]
    source: str = ""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Sea or land at the epicentre. offshore: the whole 90 % ellipse lies in the sea; coast_km: from the epicentre to the coast.

    depth_m: least depth of water in the ellipse, from a grid that the user gave; None without one. hydroacoustic: "silent" (stations
    were up and heard nothing), "heard", or "" (none at hand). source: of coast and depths.
    """

    offshore: bool
    coast_km: float
    depth_m: float | None = None
    hydroacoustic: str = ""
    source: str = ""


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """All of it for one event."""

    repeats: tuple[RepeatEvidence, ...] = ()
    tensor: MomentTensor | None = None
    score: OutsideScore | None = None
    surroundings: Surroundings | None = None
