"""How far apart two stations lie, seen from the event."""

from testban.base.dmath import DEG, acos_, cos_, sincos_


def apart_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance (degrees) between two places given by distance and azimuth from the event, by the spherical law of cosines."""
    sa, ca = sincos_(a[0] * DEG)
    sb, cb = sincos_(b[0] * DEG)
    cosine = ca * cb + sa * sb * cos_((a[1] - b[1]) * DEG)
    return acos_(max(-1.0, min(1.0, cosine))) / DEG
