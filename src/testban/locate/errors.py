"""What a predicted travel time is worth: model errors by phase and distance, and their correlation between stations.

Rules: a-priori numbers, not scaled by the fit; half of the literature's scatter is common to nearby paths, so errors
are correlated by station separation.

Correlation: Bondar & McLaughlin (2009, BSSA 99, 172) use a variogram with 76 % of the sill at 250 km and 38 %
correlation left at 1000 km; exp(-sqrt(h / 1000 km)) follows it within 0.03 between 10 and 1000 km and is positive
definite. Size: teleseismic P 0.8 s (their sill of 0.6 s^2); regional P up to 1.4 s where the crust and uppermost
mantle under a path are not the model's (tuned on dprk_2016-01-06 only); S twice P, later phases more.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import exp_
from testban.base.geo import KM_PER_DEG, unit_vector_

F64 = NDArray[np.float64]
CORRELATION_KM = 1000.0


@njit(cache=True)
def model_sigma_(s_wave: bool, delta_deg: float) -> float:
    """Standard deviation in seconds of a first P (or S) time of the model at a distance."""
    if delta_deg < 6.0:
        sigma = 0.3 + delta_deg * (1.1 / 6.0)
    elif delta_deg < 16.0:
        sigma = 1.4
    elif delta_deg < 26.0:
        sigma = 1.4 - (delta_deg - 16.0) * 0.06
    elif delta_deg < 100.0:
        sigma = 0.8
    else:
        sigma = 1.2
    return 2.0 * sigma if s_wave else sigma


@njit(cache=True)
def correlation_(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Correlation of model errors at two stations."""
    x1, y1, z1 = unit_vector_(lon1, lat1)
    x2, y2, z2 = unit_vector_(lon2, lat2)
    d = math.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2 + (z1 - z2) ** 2)
    return exp_(-math.sqrt(d * KM_PER_DEG * 57.29577951308232 / CORRELATION_KM))
