"""Gaps in azimuth and the evenness of a network around an epicentre.

gap: largest open angle; secondary gap: largest angle bridged by one station alone (Bondar et al. 2004); dU: departure
from evenly spread stations (Bondar & McLaughlin 2009, eq. 1 [as given in the notes of the field; checked on its
limits]), 0 even, 1 all on one azimuth.
"""

from collections.abc import Sequence


def gaps(azimuths_deg: Sequence[float]) -> tuple[float, float]:
    """Primary and secondary azimuthal gap in degrees."""
    a = sorted({round(x % 360.0, 9) for x in azimuths_deg})
    n = len(a)
    if n < 2:
        return 360.0, 360.0
    primary = max((a[(i + 1) % n] - a[i]) % 360.0 for i in range(n))
    if n < 3:
        return primary, 360.0
    return primary, max((a[(i + 2) % n] - a[i]) % 360.0 or 360.0 for i in range(n))


def network_quality(azimuths_deg: Sequence[float]) -> float:
    """dU of the azimuths."""
    n = len(azimuths_deg)
    if n == 0:
        return 1.0
    a = sorted(x % 360.0 for x in azimuths_deg)
    uniform = [360.0 * i / n for i in range(n)]
    shift = sum(a) / n - sum(uniform) / n
    return 4.0 * sum(abs(x - (u + shift)) for x, u in zip(a, uniform, strict=True)) / (360.0 * n)
