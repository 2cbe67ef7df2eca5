"""Surface waves: group velocity of fundamental Rayleigh waves by period, and when to look for them.

Rules: velocities in km/s over great-circle distance, linear in period between the entries, NaN outside 17..111 s.
The table gives one curve each for continents, oceans and thick crust: classes 4, 2 and 5 of the seven of the IDC's
table LP_vel.LR 2.1 (June 1996; 10-degree regionalisation), rounded to 0.01 km/s. They agree with the observed
curves that Oliver (1962), BSSA 52, 81-86, summarises. Which class a path belongs to is not decided here: a window
covers all three. Lg: see `travel`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG
from testban.earth.travel import LG_VELOCITY_KM_S, LG_VELOCITY_SIGMA_KM_S

PERIODS_S = (17.0, 20.0, 24.0, 29.0, 35.0, 42.0, 51.0, 63.0, 78.0, 111.0)
GROUP_KM_S = {
    "continental": (2.96, 2.95, 3.10, 3.28, 3.46, 3.63, 3.82, 3.90, 3.94, 3.93),
    "oceanic": (3.50, 3.76, 3.91, 3.99, 4.05, 4.06, 4.04, 3.99, 3.92, 3.79),
    "thick-crust": (2.76, 2.78, 2.81, 2.84, 2.95, 3.17, 3.30, 3.52, 3.62, 3.70),
}


def group_velocity(period_s: ArrayLike, path: str = "continental") -> NDArray[np.float64]:
    """Group velocity of LR in km/s; path "continental", "oceanic" or "thick-crust"."""
    if path not in GROUP_KM_S:
        raise InputError(
            f"expected a path among {' '.join(GROUP_KM_S)}, got {path!r}; use one of these names"
        )
    period = np.asarray(period_s, float)
    return np.asarray(np.interp(period, PERIODS_S, GROUP_KM_S[path], left=np.nan, right=np.nan))


def window(delta_deg: float, shortest_s: float = 18.0, longest_s: float = 22.0) -> tuple[float, float]:
    """Seconds after origin between which LR of these periods arrives over any kind of path, first and last.

    One longest period is added at the end, half of one taken off at the beginning, for the length of a wave.
    """
    periods = np.array([shortest_s, *[p for p in PERIODS_S if shortest_s < p < longest_s], longest_s])
    speeds = np.concatenate([group_velocity(periods, path) for path in GROUP_KM_S])
    if not np.all(np.isfinite(speeds)):
        raise InputError(f"expected periods within 17..111 s, got {shortest_s}..{longest_s} s; choose others")
    km = delta_deg * KM_PER_DEG
    return max(km / float(speeds.max()) - 0.5 * longest_s, 0.0), km / float(speeds.min()) + longest_s


def lg_window(delta_deg: float, sigmas: float = 2.0) -> tuple[float, float]:
    """Seconds after origin between which Lg is expected: group velocity 3.5 km/s and its spread."""
    km, spread = delta_deg * KM_PER_DEG, sigmas * LG_VELOCITY_SIGMA_KM_S
    return km / (LG_VELOCITY_KM_S + spread), km / (LG_VELOCITY_KM_S - spread)
