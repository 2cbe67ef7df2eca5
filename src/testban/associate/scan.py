"""The search for origins that many picks agree on: back-projection onto nodes of the whole Earth.

Rules: nodes are nearly uniform, in a fixed order; each pick votes, at each node, for the origin time that its station's
first P would need; votes of one station within the window count once (the heaviest). The window at a node covers the
travel-time difference across its cell. Nothing here decides: it hands the best nodes to the location.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import cos_
from testban.base.geo import delaz_
from testban.earth.travel import Kernel, lookup_

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def nodes(spacing_deg: float) -> F64:
    """(n, 2) longitude, latitude of nearly uniform nodes over the Earth, by rows of latitude."""
    rows = round(180.0 / spacing_deg)
    out: list[tuple[float, float]] = []
    for i in range(rows):
        lat = -90.0 + (i + 0.5) * 180.0 / rows
        n = max(1, round(360.0 * cos_(math.radians(lat)) / spacing_deg))
        out += [(-180.0 + (j + 0.5) * 360.0 / n, lat) for j in range(n)]
    return np.array(out)


def cap(longitude: float, latitude: float, radius_deg: float, spacing_deg: float) -> F64:
    """(n, 2) nodes on a square grid of `spacing_deg` within about `radius_deg` of a point."""
    k = round(radius_deg / spacing_deg)
    out: list[tuple[float, float]] = []
    for i in range(-k, k + 1):
        lat = latitude + i * spacing_deg
        if abs(lat) > 89.9:
            continue
        width = max(0.02, cos_(math.radians(lat)))
        for j in range(-k, k + 1):
            lon = longitude + j * spacing_deg / width
            out.append(((lon + 180.0) % 360.0 - 180.0, lat))
    return np.array(out)


@njit(cache=True)
def times_(k: Kernel, phase: int, depth: float, where: F64, stations: F64, out: F64, slow: F64) -> None:
    """First-P time and slowness of every node (rows) at every station (columns); NaN where none arrives."""
    for i in range(where.shape[0]):
        for j in range(stations.shape[0]):
            delta = delaz_(where[i, 0], where[i, 1], stations[j, 0], stations[j, 1])[0]
            t, p, _ = lookup_(k, phase, depth, delta)
            out[i, j] = t
            slow[i, j] = p


@njit(cache=True)
def vote_(
    times: F64, slow: F64, cell_deg: float, base_s: float, pick_time: F64, pick_station: I64, weight: F64,
    low: float, high: float, best: F64, when: F64, rows: I64,
) -> None:
    """For each node named in `rows`: the best summed weight of distinct stations whose origin times agree, for origins
    in [low, high), and when.

    pick_time sorted, seconds. The half-window of a vote is base_s + slowness x cell_deg.
    """  # fmt: skip
    n = pick_time.size
    origin = np.empty(n)
    width = np.empty(n)
    owner = np.empty(n, np.int64)
    value = np.empty(n)
    top = np.zeros(times.shape[1])
    for at in range(rows.size):
        i = rows[at]
        count = 0
        for q in range(n):
            t = times[i, pick_station[q]]
            if t == t:
                o = pick_time[q] - t
                if o >= low - 30.0 and o < high + 30.0:
                    origin[count] = o
                    width[count] = base_s + slow[i, pick_station[q]] * cell_deg
                    owner[count] = pick_station[q]
                    value[count] = weight[q]
                    count += 1
        best[i] = 0.0
        when[i] = 0.0
        if count < 2:
            continue
        order = np.argsort(origin[:count])
        for a in range(count):
            centre = origin[order[a]]
            if centre < low or centre >= high:
                continue
            total = 0.0
            # Both ways from the centre, each station's heaviest vote once.
            b = a
            while b >= 0 and centre - origin[order[b]] < 40.0:
                q = order[b]
                if centre - origin[q] <= width[q] and value[q] > top[owner[q]]:
                    total += value[q] - top[owner[q]]
                    top[owner[q]] = value[q]
                b -= 1
            b = a + 1
            while b < count and origin[order[b]] - centre < 40.0:
                q = order[b]
                if origin[q] - centre <= width[q] and value[q] > top[owner[q]]:
                    total += value[q] - top[owner[q]]
                    top[owner[q]] = value[q]
                b += 1
            b = a
            while b >= 0 and centre - origin[order[b]] < 40.0:
                top[owner[order[b]]] = 0.0
                b -= 1
            b = a + 1
            while b < count and origin[order[b]] - centre < 40.0:
                top[owner[order[b]]] = 0.0
                b += 1
            if total > best[i]:
                best[i] = total
                when[i] = centre
