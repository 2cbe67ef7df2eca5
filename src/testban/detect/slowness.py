"""Slowness from one three-component station: how steeply the ground moves, and the wave speed under it.

Rules: at a free surface the apparent incidence of P obeys sin(incidence / 2) = p vs (Wiechert & Zoeppritz 1907; Aki &
Richards 2002, chapter 5), so only the S speed of the layers within about a wavelength matters. That speed is rarely
known: the stated error is large because the truth is.
"""

import math

from testban.base.dmath import DEG, sincos_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG

SURFACE_VS_KM_S = (
    2.4  # median of P on 31 records of 2016-01-06 and the odd nnsn events, 1-4 Hz: 2.3 (1.2-3.0)
)
SURFACE_VS_RELATIVE_SIGMA = 0.35  # spread on the same records


def from_incidence(
    incidence_deg: float,
    incidence_sigma: float,
    *,
    vs_km_s: float = SURFACE_VS_KM_S,
    vs_relative_sigma: float = SURFACE_VS_RELATIVE_SIGMA,
) -> tuple[float, float]:
    """Slowness of a P wave and its standard deviation in s/deg from the apparent incidence at a free surface.

    incidence_deg: 0 (vertical motion) to 90, with its standard deviation. Raises InputError outside that range.
    """
    if not (0.0 <= incidence_deg <= 90.0 and incidence_sigma >= 0.0 and vs_km_s > 0.0):
        raise InputError(
            f"expected an incidence of 0..90 degrees with an error and a positive speed, got {incidence_deg}, "
            f"{incidence_sigma}, {vs_km_s}"
        )
    s, c = sincos_(0.5 * incidence_deg * DEG)
    scale = KM_PER_DEG / vs_km_s
    from_angle = 0.5 * c * incidence_sigma * DEG * scale
    from_speed = s * scale * vs_relative_sigma
    return s * scale, math.sqrt(from_angle * from_angle + from_speed * from_speed)
