"""What a location may be told, and what it may not assume.

Rules: every default is stated here with its reason; nothing is read from elsewhere.
"""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one location.

    model: "ak135" or "iasp91". fixed_depth_km: hold the depth there. default_depth_km: where the data do not
    resolve the depth; 0 is the IDC's convention (surface), the hypothesis that a test-ban bulletin must not exclude.
    search: look over the whole Earth for a start (else `start` is trusted). use_slowness, use_backazimuth: take them
    as data where a pick has them with their sigmas. correlated: full covariance of model errors. free_depth: try.
    max_depth_sigma_km: a free depth with a greater sigma (crust, mantle) is refused. probability: of the ellipses.
    """

    model: str = "ak135"
    fixed_depth_km: float | None = None
    default_depth_km: float = 0.0
    search: bool = True
    use_slowness: bool = True
    use_backazimuth: bool = True
    correlated: bool = True
    free_depth: bool = True
    reidentify: bool = True
    max_depth_sigma_km: tuple[float, float] = (15.0, 30.0)
    probability: float = 0.9
    model_sigma_factor: float = 1.0
    max_iterations: int = 40
