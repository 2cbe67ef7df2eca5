"""f-k on the correlation traces of an array: does a detection come from where its master was?

The correlation traces of a repeat peak together at all elements of an array once they are lined up by the master's own
moveout; what comes from elsewhere peaks along a plane wave of another slowness, even where the waveforms agree (Gibbons
& Ringdal 2006, GJI 165, 149). The traces are added along every slowness of a grid beside the master's; the detection is
kept where slowness 0 is as good as the best. The time that a detection implies is that of some of its elements: the sum along
a slowness is therefore looked for as far from it as the wave needs from the middle of the array to its edge.

Rules: an array is four or more stations of one template of which each lies within `NEIGHBOUR_KM` of another; the vertical
in the band that all of them have; rejected only where the best slowness is beyond what a source `OFFSET_KM` from the
master could show and its sum exceeds that of slowness 0 by more than `SIGMAS` of the noise: a doubt keeps the detection.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numba import njit

from testban.base.geo import offset_km_
from testban.repeat.ground import F64
from testban.repeat.template import RATE

NEIGHBOUR_KM = 12.0
FEWEST = 4
MOST_S_KM, STEP_S_KM = 0.36, 0.01  # twice the slowness of a crustal P: from any side to any other
LEAST_S_KM = 0.03
NEAR_S = 0.5  # how far from the implied time what comes from the master's place is looked for
SIGMAS = 3.0
#: Lag on either side that a trace holds: from one edge of 25 km to the other and to the middle of it.
TRACE_S = 12.0


class Beam(msgspec.Struct, frozen=True, kw_only=True):
    """Best slowness beside the master's (s/km, east and north), its sum and that at slowness 0 (mean correlation).

    elements: how many there were. same: whether it may come from the master's place.
    """

    stations: tuple[str, ...]
    east_s_km: float
    north_s_km: float
    best: float
    zero: float
    same: bool


def arrays(places: Mapping[str, tuple[float, float]]) -> list[tuple[str, ...]]:
    """Groups of stations (longitude, latitude by name) that are arrays, in order."""
    left, out = sorted(places), []
    while left:
        group, todo = [left.pop(0)], [0]
        while todo:
            at = places[group[todo.pop()]]
            near = [s for s in left if _apart(at, places[s]) <= NEIGHBOUR_KM]
            for s in near:
                left.remove(s)
                group.append(s)
                todo.append(len(group) - 1)
        if len(group) >= FEWEST:
            out.append(tuple(sorted(group)))
    return out


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    east, north = offset_km_(*a, *b)
    return math.sqrt(east * east + north * north)


def beam(traces: Mapping[str, F64], places: Mapping[str, tuple[float, float]], degrees: float) -> Beam:
    """Where the correlation traces of one detection (2 TRACE_S long, the implied time in their middle) line up best.

    degrees: of freedom of one correlation, whose scatter in noise is 1 / sqrt of it. Raises nothing; needs `FEWEST` traces.
    """
    names = sorted(traces)
    where = [offset_km_(*places[names[0]], *places[n]) for n in names]
    middle = [sum(w[k] for w in where) / len(where) for k in (0, 1)]
    rows = np.array([traces[n] for n in names])
    east = np.array([w[0] - middle[0] for w in where])
    north = np.array([w[1] - middle[1] for w in where])
    radius = math.sqrt(float(np.max(east * east + north * north)))
    zero, best, at = float(_sum(rows, np.zeros(len(names)), NEAR_S)), -math.inf, (0.0, 0.0)
    n = round(MOST_S_KM / STEP_S_KM)
    for i in range(-n, n + 1):
        for j in range(-n, n + 1):
            if i * i + j * j > n * n:
                continue
            late = STEP_S_KM * math.sqrt(i * i + j * j) * radius
            value = float(_sum(rows, STEP_S_KM * (i * east + j * north), NEAR_S + late))
            if value > best + 1e-9:
                best, at = value, (STEP_S_KM * i, STEP_S_KM * j)
    away = math.sqrt(at[0] * at[0] + at[1] * at[1])
    clear = best - zero > SIGMAS * math.sqrt(2.0 / (len(names) * degrees))
    return Beam(
        stations=tuple(names), east_s_km=at[0], north_s_km=at[1], best=best, zero=zero,
        same=not (clear and away > LEAST_S_KM),
    )  # fmt: skip


@njit(cache=True)
def _sum(rows: F64, delay_s: F64, within_s: float) -> np.float64:
    """Largest mean of the traces, each read `delay_s` later, within so many seconds of the middle."""
    centre = rows.shape[1] // 2
    room = centre - 2 - math.ceil(np.abs(delay_s).max() * RATE)
    reach = min(math.ceil(within_s * RATE), max(0, room))
    total = np.zeros(2 * reach + 1)
    for e in range(rows.shape[0]):
        k = delay_s[e] * RATE
        low = math.floor(k)
        part = k - low
        a = centre + low - reach
        if a < 0 or a + 2 * reach + 2 > rows.shape[1]:
            continue
        for i in range(2 * reach + 1):
            total[i] += (1.0 - part) * rows[e, a + i] + part * rows[e, a + i + 1]
    return np.float64(total.max() / rows.shape[0])


def trace(template: F64, x: F64, first: int) -> F64 | None:
    """Correlation of a template with x at 2 TRACE_S of lags around the sample `first`; None where x does not reach."""
    n, reach = len(template), round(TRACE_S * RATE)
    if first - reach < 0 or first + n + reach > len(x):
        return None
    y = x[first - reach : first + n + reach]
    top = np.array([float(np.sum(template * y[k : k + n])) for k in range(2 * reach + 1)])
    power = np.concatenate([[0.0], np.cumsum(y * y)])
    energy = (power[n:] - power[: len(power) - n])[: 2 * reach + 1] * float(np.sum(template * template))
    return np.where(energy > 0.0, top / np.sqrt(np.where(energy > 0.0, energy, 1.0)), 0.0)


def common_band(bands: Sequence[Sequence[tuple[float, float]]]) -> tuple[float, float] | None:
    """The lowest band that all elements have; None without one."""
    both = [b for b in (sorted(bands[0]) if bands else []) if all(b in other for other in bands)]
    return both[0] if both else None
