"""How much better neighbouring residuals agree than independent errors would: what a common wave front adds.

Rules: residuals of a true event share the model's error with their neighbours (Bondar & McLaughlin 2009, BSSA 99, 1465),
those of a chance or misplaced one do not. The gain is the logarithm of the density of the residuals under the full
covariance over that under independent errors of the same size, bounded so that one bad clock cannot decide. It is what
tells a plane wave across a small network from a near event that happens to have the same times within a second or two.
Many stations that agree may add more than the bound, EACH of them. Of a clump (`clumps`) the first alone counts.
"""

import math
from collections.abc import Mapping

import numpy as np

from testban.associate.clumps import apart
from testban.base.dmath import log_
from testban.base.geo import unit_vector_
from testban.base.records import Site
from testban.locate import Located, linear
from testban.locate.errors_model import P_ERROR, correlations_, model_sigma_

BOUND = 12.0
EACH = 2.0
PICK_FLOOR_S = 0.25  # readings and station terms that no model knows


def gain(located: Located, sites: Mapping[str, Site]) -> float:
    """Natural logarithm of the odds that the residuals' likeness adds, from -BOUND; 0 below four P."""
    own = [
        a
        for a in located.arrivals
        if a.residual_s is not None and a.defining and a.phase[:1] == "P" and a.phase != "PcP"
    ]
    places = [unit_vector_(sites[a.station_key].longitude, sites[a.station_key].latitude) for a in own]
    kept = apart(np.array(places).reshape(-1, 3))
    own, unit = [own[i] for i in kept], np.array([places[i] for i in kept])
    n = len(own)
    if n < 4:
        return 0.0
    whole = np.zeros((n, n))
    correlations_(unit, np.zeros(n, np.int64), whole)
    model = [model_sigma_(P_ERROR, 0, a.distance_deg) for a in own]
    pick = [
        max(PICK_FLOOR_S, math.sqrt(max(0.0, a.time_sigma_s**2 - m * m)))
        for a, m in zip(own, model, strict=True)
    ]
    residual = np.array([[a.residual_s or 0.0] for a in own])
    independent = 0.0
    for i in range(n):
        for j in range(n):
            whole[i, j] *= model[i] * model[j]
        whole[i, i] += pick[i] ** 2
        independent -= 0.5 * (float(residual[i, 0]) ** 2 / whole[i, i] + log_(float(whole[i, i])))
    if not linear.cholesky_(whole, n):
        return 0.0
    linear.forward_(whole, residual, n, 1)
    together = -sum(0.5 * float(residual[i, 0]) ** 2 + log_(float(whole[i, i])) for i in range(n))
    return float(max(-BOUND, min(max(BOUND, EACH * n), together - independent)))
