"""How well an epicentre is surrounded, and ellipses from a covariance.

Rules: coverage ellipse = a-priori errors, factor chi2 with 2 degrees of freedom (4.6052 at 90 %); confidence
ellipse = scaled by the fit with Fisher's F, 2 F_p(2, N - M) (Jordan & Sverdrup 1981, BSSA 71, 1105-1130, with K
infinite and K zero); the two are never mixed. Gaps and dU of Bondar et al. (2004) and Bondar & McLaughlin (2009).
"""

import math
from collections.abc import Sequence

from testban.base.dmath import DEG, atan2_, log_, pow_
from testban.base.records import Ellipse


def gaps(azimuths: Sequence[float]) -> tuple[float, float]:
    """Largest azimuthal gap and secondary gap (largest once any one station is removed), degrees."""
    az = sorted(a % 360.0 for a in azimuths)
    n = len(az)
    if n < 2:
        return 360.0, 360.0
    first = max((az[(i + 1) % n] - az[i]) % 360.0 or (360.0 if n == 1 else 0.0) for i in range(n))
    if az[-1] - az[0] == 0.0:
        return 360.0, 360.0
    if n < 3:
        return first, 360.0
    second = max((az[(i + 2) % n] - az[i]) % 360.0 for i in range(n))
    return first, second if second > 0.0 else 360.0


def network_quality(azimuths: Sequence[float]) -> float:
    """The metric dU of Bondar & McLaughlin (2009): 0 for even azimuths, 1 for all in one direction."""
    az = sorted(a % 360.0 for a in azimuths)
    n = len(az)
    if n == 0:
        return 1.0
    b = sum(az) / n - 180.0 * (n - 1) / n
    return 4.0 * sum(abs(a - (360.0 * i / n + b)) for i, a in enumerate(az)) / (360.0 * n)


def ground_truth_class(
    distances_deg: Sequence[float], azimuths: Sequence[float], depth_free: bool = True
) -> str:
    """Ground-truth criterion that an epicentre meets: "GT5" by Bondar & McLaughlin (2009) at 90 %, or "".

    dU at most 0.35 and secondary gap at most 160 deg with stations within 150 km, one of them within 10 km.
    """
    near = [(d, a) for d, a in zip(distances_deg, azimuths, strict=True) if d * 111.195 <= 150.0]
    if not near or min(d for d, _ in near) * 111.195 > 10.0:
        return ""
    az = [a for _, a in near]
    return "GT5" if network_quality(az) <= 0.35 and gaps(az)[1] <= 160.0 else ""


def chi2_two(probability: float) -> float:
    """Quantile of chi-square with two degrees of freedom."""
    return -2.0 * log_(1.0 - probability)


def fisher_two(probability: float, n: int) -> float:
    """Quantile of Fisher's F with 2 and n degrees of freedom (closed form)."""
    return 0.5 * n * (pow_(1.0 - probability, -2.0 / n) - 1.0)


def ellipse(ee: float, en: float, nn: float, factor: float, probability: float, kind: str) -> Ellipse:
    """Ellipse of the covariance [[ee, en], [en, nn]] (east, north, km**2); strike of the major axis, 0..180."""
    half = 0.5 * (ee + nn)
    d = 0.5 * (ee - nn)
    r = math.sqrt(d * d + en * en)
    strike = 0.5 * atan2_(2.0 * en, nn - ee) / DEG
    return Ellipse(
        smajor_km=math.sqrt(factor * (half + r)),
        sminor_km=math.sqrt(factor * max(half - r, 0.0)),
        strike_deg=strike % 180.0,
        probability=probability,
        kind=kind,
    )
