"""The magnitude scales: amplitude, period and distance to a station magnitude.

Rules: every scale states its amplitude, its unit and its range, and refuses outside it; nanometres everywhere
(a slip of nm and um is three magnitude units and is caught by `network`'s range check).
mb: IDC convention, half peak-to-peak ground displacement in nm at 0.8-4.5 Hz over period in s plus the
Veith-Clawson decay (Veith & Clawson 1972, BSSA 62, 435), 20-105 deg.
ML: half peak-to-peak Wood-Anderson displacement divided by the magnification, nm, with the distance term of Hutton
& Boore 1987 (BSSA 77, 2074) in the IASPEI standard form (2013): log A + 1.11 log R + 0.00189 R - 2.09, R the
hypocentral distance in km; theirs reaches 700 km, beyond 600 it is flagged, beyond 1200 refused. It is a relation
for southern California.
Ms: Rezapour & Pearce 1998 (BSSA 88, 43): log(A/T) + (1/3) log D + (1/2) log(sin D) + 0.0046 D + 2.370, 18-22 s,
20-160 deg (last two constants unconfirmed); nearer, the same formula is labelled "Ms(regional)".
"""

import math

from testban.base.dmath import DEG, log10_, sin_
from testban.earth import decay

MB_NEAREST, MB_FARTHEST = 20.0, 105.0
ML_FLAGGED_KM, ML_FARTHEST_KM = 600.0, 1200.0
MS_NEAREST, MS_FARTHEST, MS_REGIONAL_NEAREST = 20.0, 160.0, 3.0
MS_PERIODS = (18.0, 22.0)
PLAUSIBLE = {"mb": (0.0, 8.0), "ML": (-2.0, 9.0), "Ms": (0.0, 9.5), "Ms(regional)": (0.0, 9.5)}


def mb(
    amplitude_nm: float, period_s: float, delta_deg: float, depth_km: float, fixed_depth: bool = True
) -> float:
    """Body-wave magnitude; NaN outside 20-105 deg. A fixed depth counts as 0 km (as for explosions)."""
    if not MB_NEAREST <= delta_deg <= MB_FARTHEST:
        return math.nan
    q = float(decay.veith_clawson(delta_deg, 0.0 if fixed_depth else depth_km))
    return log10_(amplitude_nm / period_s) + q


def ml(amplitude_nm: float, hypocentral_km: float) -> float:
    """Local magnitude; NaN beyond 1200 km."""
    if not 0.0 < hypocentral_km <= ML_FARTHEST_KM:
        return math.nan
    return log10_(amplitude_nm) + 1.11 * log10_(hypocentral_km) + 0.00189 * hypocentral_km - 2.09


def ms_distance_term(delta_deg: float) -> float:
    """Distance term of Rezapour & Pearce 1998 for A in nm."""
    return (
        log10_(delta_deg) / 3.0 + 0.5 * log10_(sin_(delta_deg * DEG)) + 0.0046 * delta_deg + 2.370
    )  # 0.0046 and 2.370 unconfirmed


def ms_prague_term(delta_deg: float) -> float:
    """Distance term of the Prague formula (Vanek et al. 1962), for A in MICROMETRES."""
    return 1.66 * log10_(delta_deg) + 3.30


def ms(amplitude_nm: float, period_s: float, delta_deg: float) -> float:
    """Surface-wave magnitude; NaN outside 3-160 deg."""
    if not MS_REGIONAL_NEAREST <= delta_deg <= MS_FARTHEST:
        return math.nan
    return log10_(amplitude_nm / period_s) + ms_distance_term(delta_deg)
