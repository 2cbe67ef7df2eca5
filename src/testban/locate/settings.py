"""What a location may be told, and what it may not assume.

Rules: every default is stated here with its reason; nothing is read from elsewhere.
"""

import msgspec

from testban.locate.corrections import TimeCorrection, VectorCorrection


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one location.

    model: "ak135" or "iasp91". fixed_depth_km: hold the depth there. default_depth_km: where the data do not
    resolve the depth; 0 is the IDC's convention (surface), the hypothesis that a test-ban bulletin must not exclude.
    default_depth_sigma_km: how far a depth that the data do not resolve may be from the truth (one sigma; judgement); it enlarges
    the errors of place and time by what that depth would move.
    search: look over the whole Earth where no start is given or the one given leads nowhere (else `start` is trusted).
    doubted: a start that is trusted is left for another place near by where data are few, on one side or disagree (not where whoever
    gives it has looked for all places himself).
    use_slowness, use_backazimuth: take them as data. default_slowness_sigma (s/deg), default_backazimuth_sigma (deg): at
    an array and at a single station where a pick has the value without its sigma; None: such a value is not used, nor is that of a single
    station where four or more stations have times (decision 81).
    correlated: errors from the full covariance of model errors. whitened: the estimate from it, too: better for the first
    P of a regional network, worse for bulletins with S and for one event beside another (decision 9). free_depth: try. robust: outliers lose weight; late_factor: how much
    larger a late residual counts (automatic onsets are more often late than early). min_depth_phases: so many free the
    depth where no near station does. max_depth_sigma_km: a free depth
    with a greater sigma (crust, mantle) is refused. probability: of the ellipses. model_sigma_factor: times the model
    errors. time_corrections, vector_corrections: see `corrections`.
    """

    model: str = "ak135"
    fixed_depth_km: float | None = None
    default_depth_km: float = 0.0
    default_depth_sigma_km: float = 10.0
    search: bool = True
    doubted: bool = True
    use_slowness: bool = True
    use_backazimuth: bool = True
    default_slowness_sigma: tuple[float, float] | None = (1.5, 3.5)
    default_backazimuth_sigma: tuple[float, float] | None = (15.0, 30.0)
    correlated: bool = True
    whitened: bool = False
    free_depth: bool = True
    reidentify: bool = True
    robust: bool = True
    late_factor: float = 1.4
    min_depth_phases: int = 3
    max_depth_sigma_km: tuple[float, float] = (15.0, 30.0)
    probability: float = 0.9
    model_sigma_factor: float = 1.0
    max_iterations: int = 40
    time_corrections: tuple[TimeCorrection, ...] = ()
    vector_corrections: tuple[VectorCorrection, ...] = ()
