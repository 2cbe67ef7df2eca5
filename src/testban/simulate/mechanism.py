"""First-motion signs and sizes: a double couple for earthquakes, outward for explosions, inward for collapses.

Rules: Aki & Richards 2002, eq. 4.89-4.91; angles from north and from straight down. Take-off angles follow from the
slowness and a crustal (6.0 km/s) or mantle (8.0 km/s) velocity at the source.
"""

from testban.base import dmath


def radiation(
    strike: float, dip: float, rake: float, azimuth: float, takeoff: float
) -> tuple[float, float, float]:
    """P, SV and SH radiation factors (each within -1..1) of a double couple, all angles in degrees."""
    sd, cd = dmath.sincos_(dip * dmath.DEG)
    s2d, c2d = dmath.sincos_(2.0 * dip * dmath.DEG)
    sl, cl = dmath.sincos_(rake * dmath.DEG)
    si, ci = dmath.sincos_(takeoff * dmath.DEG)
    s2i, c2i = dmath.sincos_(2.0 * takeoff * dmath.DEG)
    phi = (azimuth - strike) * dmath.DEG
    sp, cp = dmath.sincos_(phi)
    s2p, c2p = dmath.sincos_(2.0 * phi)
    p = (
        cl * sd * si * si * s2p
        - cl * cd * s2i * cp
        + sl * s2d * (ci * ci - si * si * sp * sp)
        + sl * c2d * s2i * sp
    )
    sv = (
        sl * c2d * c2i * sp
        - cl * cd * c2i * cp
        + 0.5 * cl * sd * s2i * s2p
        - 0.5 * sl * s2d * s2i * (1.0 + sp * sp)
    )
    sh = cl * cd * ci * sp + cl * sd * si * c2p + sl * c2d * ci * cp - 0.5 * sl * s2d * si * s2p
    return p, sv, sh


def takeoff_deg(
    slowness_s_per_deg: float, depth_km: float, shear: bool = False, upward: bool = False
) -> float:
    """Take-off angle from straight down of a ray, degrees; upward rays are beyond 90."""
    velocity = 6.0 if depth_km < 35.0 else 8.0
    if shear:
        velocity /= 1.73
    sine = min(1.0, slowness_s_per_deg / 111.195 * velocity * 6371.0 / (6371.0 - depth_km))
    angle = dmath.asin_(sine) / dmath.DEG
    return 180.0 - angle if upward else angle
