"""How well an event at the threshold would be located: 90 % area of the epicentre, 90 % half-length of the depth.

Rules: from the covariance of the data alone, before any event: picks of the stations that see the event with even odds
(at least as many as the rule needs), errors of the travel-time model as the locator takes them, with their correlation
between stations, which more stations do not undo; an array adds its back-azimuth. Coverage, not confidence: chi-square
with two degrees for the area, the normal for depth. Epicentre with the depth fixed at the surface, as the locator does
without depth phases; the depth with everything free. Errors of a pick and of an azimuth at the threshold are assumed.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.assure.capability import Model, Rule, Sensor, decay_, model_of
from testban.assure.gauss import cdf_, cdf_table
from testban.base.dmath import cos_, log10_, sin_
from testban.base.geo import KM_PER_DEG, delaz_, unit_vector_
from testban.earth import travel
from testban.locate import errors_model

Floats = NDArray[np.float64]
PICK_S = 0.8  # onset at a signal-to-noise ratio near the threshold [assumed]
AZIMUTH_DEG = 8.0  # back-azimuth of an array near the threshold [assumed]
CHI2_90 = 4.605170185988092
NORMAL_90 = 1.6448536269514722
STEP_DEG = 0.25


def slopes() -> Floats:
    """Slowness (s/deg) and d time / d depth (s/km) of the first P from the surface, every quarter of a degree."""
    d = np.arange(0.0, 110.0 + STEP_DEG, STEP_DEG)
    d[0] = 0.01
    _, p, h = travel.load("ak135").predict("P1", 0.0, d)
    return np.column_stack([p, h])


@njit(cache=True)
def covariance_(c: Floats, g: Floats, n: int, k: int, out: Floats) -> bool:
    """(G' C^-1 G)^-1 into out (k, k), by Cholesky; c and g are used up. False where it is singular."""
    for i in range(n):
        for j in range(i + 1):
            s = c[i, j]
            for q in range(j):
                s -= c[i, q] * c[j, q]
            if i == j:
                if s <= 0.0:
                    return False
                c[i, i] = math.sqrt(s)
            else:
                c[i, j] = s / c[j, j]
        for m in range(k):
            s = g[i, m]
            for q in range(i):
                s -= c[i, q] * g[q, m]
            g[i, m] = s / c[i, i]
    a = np.zeros((k, k))
    for i in range(k):
        for j in range(i + 1):
            s = 0.0
            for q in range(n):
                s += g[q, i] * g[q, j]
            for q in range(j):
                s -= a[i, q] * a[j, q]
            if i == j:
                if s <= 1e-12:
                    return False
                a[i, i] = math.sqrt(s)
            else:
                a[i, j] = s / a[j, j]
    inverse = np.zeros((k, k))
    for j in range(k):
        inverse[j, j] = 1.0 / a[j, j]
        for i in range(j + 1, k):
            s = 0.0
            for q in range(j, i):
                s -= a[i, q] * inverse[q, j]
            inverse[i, j] = s / a[i, i]
    for i in range(k):
        for j in range(k):
            s = 0.0
            for q in range(max(i, j), k):
                s += inverse[q, i] * inverse[q, j]
            out[i, j] = s
    return True


@njit(cache=True)
def fill_(
    used: NDArray[np.int64], count: int, delta: Floats, azimuth: Floats, where: Floats, array: NDArray[np.bool_],
    slope: Floats, errors: Floats, c: Floats, g: Floats,
) -> int:  # fmt: skip
    """Data covariance and design (east km, north km, time s, depth km) of the stations used; the number of rows."""
    for i in range(count):
        u = used[i]
        x = delta[u] / STEP_DEG
        k = min(int(x), slope.shape[0] - 2)
        f = x - k
        p = ((1.0 - f) * slope[k, 0] + f * slope[k + 1, 0]) / KM_PER_DEG
        h = (1.0 - f) * slope[k, 1] + f * slope[k + 1, 1]
        s, t = sin_(azimuth[u] * 0.017453292519943295), cos_(azimuth[u] * 0.017453292519943295)
        g[i, 0], g[i, 1], g[i, 2], g[i, 3] = -p * s, -p * t, 1.0, h
        own = errors_model.model_sigma_(errors, 0, delta[u])
        for j in range(i + 1):
            v = used[j]
            other = errors_model.model_sigma_(errors, 0, delta[v])
            r = 1.0
            if i != j:
                r = errors_model.correlation_(
                    where[u, 0], where[u, 1], where[u, 2], where[v, 0], where[v, 1], where[v, 2]
                )
            c[i, j] = own * other * r
        c[i, i] += PICK_S * PICK_S
    n = count
    for i in range(count):
        u = used[i]
        if array[u] and delta[u] > 1.0:
            s, t = sin_(azimuth[u] * 0.017453292519943295), cos_(azimuth[u] * 0.017453292519943295)
            scale = 57.29577951308232 / (6371.0 * sin_(delta[u] * 0.017453292519943295))
            g[n, 0], g[n, 1], g[n, 2], g[n, 3] = -t * scale, s * scale, 0.0, 0.0
            for j in range(n):
                c[n, j] = 0.0
            c[n, n] = AZIMUTH_DEG * AZIMUTH_DEG
            n += 1
    return n


@njit(cache=True)
def resolve_(
    normal: Floats, model: Model, delta: Floats, azimuth: Floats, where: Floats,
    base: Floats, up: Floats, array: NDArray[np.bool_], near: float, far: float, need: int, sigma: float,
    mb: Floats, slope: Floats, errors: Floats, area: Floats, depth: Floats,
) -> None:  # fmt: skip
    """Area (km2) and depth (km) of each place; NaN where the data do not hold it."""
    n = base.size
    p, used = np.empty(n), np.empty(n, np.int64)
    c, g, out = np.empty((2 * n, 2 * n)), np.empty((2 * n, 4)), np.empty((4, 4))
    for at in range(mb.size):
        area[at] = depth[at] = np.nan
        if math.isnan(mb[at]):
            continue
        for i in range(n):
            d = delta[at, i]
            p[i] = -1.0
            if d >= near and d <= far:
                p[i] = up[i] * cdf_(normal, (mb[at] - base[i] - decay_(model, d)) / sigma)
        count = 0
        while count < n:
            best = -1
            for i in range(n):
                if p[i] > 0.0 and (best < 0 or p[i] > p[best]):
                    best = i
            if best < 0 or (p[best] < 0.5 and count >= need):
                break
            used[count] = best
            p[best] = -1.0
            count += 1
        if count < 2:
            continue
        rows = fill_(used, count, delta[at], azimuth[at], where, array, slope, errors, c, g)
        if rows >= 3 and covariance_(c, g, rows, 3, out):
            area[at] = (
                3.141592653589793
                * CHI2_90
                * math.sqrt(max(0.0, out[0, 0] * out[1, 1] - out[0, 1] * out[1, 0]))
            )
        rows = fill_(used, count, delta[at], azimuth[at], where, array, slope, errors, c, g)
        if rows >= 4 and covariance_(c, g, rows, 4, out):
            depth[at] = NORMAL_90 * math.sqrt(out[3, 3])


def resolve(
    sensors: tuple[Sensor, ...], rule: Rule, longitude: Floats, latitude: Floats, mb: Floats
) -> tuple[Floats, Floats]:
    """90 % area of the epicentre (km2) and 90 % half-length of the depth (km) for events of magnitude mb at each place."""
    area, depth = np.full(mb.size, np.nan), np.full(mb.size, np.nan)
    if not sensors:
        return area, depth
    both = np.array(
        [
            [delaz_(float(x), float(y), s.longitude, s.latitude)[:2] for s in sensors]
            for x, y in zip(longitude, latitude, strict=True)
        ]
    )
    resolve_(
        cdf_table(), model_of(rule), np.ascontiguousarray(both[:, :, 0]), np.ascontiguousarray(both[:, :, 1]),
        np.array([unit_vector_(s.longitude, s.latitude) for s in sensors]),
        np.array([log10_(rule.snr) + log10_(s.noise_nm_s) for s in sensors]),
        np.array([s.reliability for s in sensors]), np.array([s.array for s in sensors]), rule.nearest_deg,
        rule.farthest_deg, rule.points, rule.sigma, np.ascontiguousarray(mb, float), slopes(),
        errors_model.P_ERROR, area, depth,
    )  # fmt: skip
    return area, depth
