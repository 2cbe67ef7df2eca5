"""Sequences: hours in which every station has a pick every few seconds.

Rules: there a cell of the usual size reaches some pick at every station whatever its origin time, so that nothing stands
out. Where four stations are so busy, cells of `SIZE_DEG` around them are scanned with times as tight as one sigma of
the model (`TIGHT`), at depths where sequences are; only this contrast in time makes an event visible, and what is found is
fitted and judged like any other. The cells follow from the busy stations; the work grows with busy hours alone. Around
events that were found, where the others of a sequence are, the next pass takes cells of `NEST_DEG`: in a larger one an arrival
spreads over more than the time between two events.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.associate.odds import CHANCE_P, CHANCE_S, LOG_P, LOG_S, SLACK_P, SLACK_S, curve
from testban.associate.table import Table, Window
from testban.base.dmath import DEG, cos_, log_
from testban.base.geo import unit_vector_
from testban.earth.travel import TravelTimes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUSY_PER_S = 0.03  # two picks a minute: by chance a window of ten seconds holds one in four cases
BUSY_STATIONS = 4
REACH_DEG = 2.5  # a small event of a sequence is seen this far
SIZE_DEG = 0.12
MOST_CELLS = 30_000
DEPTHS_KM = (8.0, 30.0)
TIGHT = 0.4  # of the slack of two sigma
INSIDE = 0.6  # of the arrivals within it
BIN_S = 0.5
NEST_DEG = 0.03
NEST_REACH_DEG = 0.25  # of the events of a sequence around any of them
MOST_NEST_CELLS = 4_000
NEST_BIN_S = 0.25
SPAN_S = 600.0  # stretches in which business is looked at


def curves(model: TravelTimes, chances: tuple[float, float], max_s_deg: float) -> list[Floats]:
    """Curves of `odds` with tight slacks, and the chance that an arrival falls within them."""
    out = []
    for depth in DEPTHS_KM:
        c = curve(model, depth, chances, max_s_deg)
        c[:, [SLACK_P, SLACK_S]] *= TIGHT
        c[:, [LOG_P, LOG_S]] += log_(INSIDE)
        c[:, [CHANCE_P, CHANCE_S]] *= INSIDE
        out.append(c)
    return out


def spans(window: Window, table: Table) -> list[tuple[float, float, Ints]]:
    """Stretches (begin, end in seconds of the window) in which four stations or more are busy, and which they are.

    Picks that events have taken do not count.
    """
    n = len(table.sites)
    free = window.used == 0
    t, station = window.data[free, 0], window.station[free]
    if len(t) < BUSY_STATIONS * BUSY_PER_S * SPAN_S:
        return []
    first = math.floor(float(np.min(t)) / SPAN_S)
    slot = np.floor(t / SPAN_S).astype(np.int64) - first
    counts = np.zeros((int(slot.max()) + 1, n), dtype=np.int64)
    np.add.at(counts, (slot, station), 1)
    busy = counts >= BUSY_PER_S * SPAN_S
    out: list[tuple[float, float, Ints]] = []
    k = 0
    while k < len(busy):
        if busy[k].sum() < BUSY_STATIONS:
            k += 1
            continue
        begin = k
        while k < len(busy) and busy[k].sum() >= BUSY_STATIONS:
            k += 1
        who = np.flatnonzero(busy[begin:k].any(axis=0)).astype(np.int64)
        out.append(((first + begin) * SPAN_S - 60.0, (first + k) * SPAN_S, who))
    return out


def cells(table: Table, who: Sequence[int] | Ints) -> Floats:
    """Cells (longitude, latitude, radius, reach) around at least four busy stations, coarser where they are too many."""
    lon, lat = table.lon[who], table.lat[who]
    unit = table.unit[who]
    size = SIZE_DEG
    while True:
        found: list[tuple[float, float, float, float]] = []
        for row in range(
            math.floor((lat.min() - REACH_DEG) / size), math.ceil((lat.max() + REACH_DEG) / size)
        ):
            y = (row + 0.5) * size
            if abs(y) > 89.0:
                continue
            width = size / cos_(y * DEG)
            reach = REACH_DEG / cos_(y * DEG)
            begin, end = (float(lon.min()) - reach) / width, (float(lon.max()) + reach) / width
            if (end - begin) * width > 360.0:
                begin, end = -180.0 / width, 180.0 / width
            xs = (np.arange(math.floor(begin), math.ceil(end)) + 0.5) * width
            vectors = np.array([unit_vector_(float(x), y) for x in xs]).reshape(-1, 3)
            chord2 = 2.0 - 2.0 * (
                vectors[:, :1] * unit[:, 0] + vectors[:, 1:2] * unit[:, 1] + vectors[:, 2:] * unit[:, 2]
            )
            near = np.sum(chord2 < (REACH_DEG * DEG) ** 2, axis=1) >= BUSY_STATIONS
            found += [(float(x), y, 0.5 * math.sqrt(2.0) * size, 2.0 * REACH_DEG) for x in xs[near]]
        if len(found) <= MOST_CELLS:
            return np.array(found).reshape(-1, 4)
        size *= 1.3


def nest(places: Sequence[tuple[float, float]]) -> Floats:
    """Cells as of `cells` around places (longitude, latitude), coarser where they are too many; none without places."""
    size = NEST_DEG
    while True:
        found: set[tuple[int, int]] = set()
        for lon, lat in places:
            rows = range(math.floor((lat - NEST_REACH_DEG) / size), math.ceil((lat + NEST_REACH_DEG) / size))
            for row in rows:
                y = (row + 0.5) * size
                if abs(y) < 89.0:
                    width, reach = size / cos_(y * DEG), NEST_REACH_DEG / cos_(y * DEG)
                    begin, end = math.floor((lon - reach) / width), math.ceil((lon + reach) / width)
                    found.update((row, column) for column in range(begin, end))
        if len(found) <= MOST_NEST_CELLS:
            break
        size *= 1.3
    out = []
    for row, column in sorted(found):
        y = (row + 0.5) * size
        x = (column + 0.5) * size / cos_(y * DEG)
        out.append(((x + 180.0) % 360.0 - 180.0, y, 0.5 * math.sqrt(2.0) * size, 2.0 * REACH_DEG))
    return np.array(out).reshape(-1, 4)
