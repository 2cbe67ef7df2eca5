"""What every window of one job shares: the model's curves, the cells of the grid, and constants for the kernels.

Rules: the grid follows from the stations alone, never from the picks, so that a stream and a batch search alike.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate import dense, drift, grid, odds, trials
from testban.associate.claims import later_of
from testban.associate.drift import moved_
from testban.associate.echo import REFLECTED
from testban.associate.odds import P_P, ROWS, SLACK_P, T_P
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.dmath import log_
from testban.base.geo import KM_PER_DEG
from testban.earth import travel
from testban.locate.predict import tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEEP_RADII = 5.0  # depth over radius beyond which a cell is needlessly small
BIN_SHARE = 0.3  # of what a cell cannot tell apart


class Level:
    """Cells of one size with their places (see `drift`). bin_s: step of origin time; layers: curves that are tried."""

    def __init__(
        self, cells: Floats, vectors: Floats, first: int, bin_s: float, layers: tuple[int, ...]
    ) -> None:
        self.cells, self.vectors, self.first, self.bin_s, self.layers = cells, vectors, first, bin_s, layers


class Search:
    """Arrays that do not change while a job runs."""

    def __init__(self, table: Table, settings: Settings) -> None:
        self.settings = settings
        self.model = travel.load(settings.model)
        self.tables = tables(settings.model)
        chances = (settings.detection, settings.detection_s)
        self.curves = [odds.curve(self.model, d, chances, settings.max_s_deg) for d in settings.depths_km]
        tight = dense.curves(self.model, chances, settings.max_s_deg)
        self.logs = odds.logs()
        self.detection = np.array(chances)
        self.stack = np.array([*self.curves, *tight])
        self.tight = range(len(self.curves), len(self.stack))  # numbers in it of the curves of sequences
        coarse = grid.coarse(settings.coarse_deg)
        self.log_trials = trials.log_trials(coarse, drift.still(coarse), self.curves[0], table.unit)
        self.plane = self._plane(table)
        if not self.plane:
            self._raster(table)
        self.radius = np.ascontiguousarray(self.cells[:, 2])
        families = (("P1", "Pg", "PKPdf", "PKPbc", "PKPab"), ("S1", "Sg", "Lg"))
        self.branches = np.full((2, 5), -1, dtype=np.int64)
        for i, names in enumerate(families):
            for j, name in enumerate(names):
                self.branches[i, j] = self.model.index(name)
        self.first = np.array([self.model.index(p) for p in ("P1", "S1", "Lg")])
        self.reflected = np.array([self.model.index(p) for p in REFLECTED], dtype=np.int64)
        self.later = later_of(self.model)

    def needed(self, duration_s: float) -> float:
        """Score that an event needs in a stretch of so many recorded seconds: see `trials`."""
        s = self.settings
        allowed = s.false_per_day * s.window_s / 86400.0
        return self.log_trials + log_(max(duration_s, 60.0) / allowed) + s.add_score

    def _tells(self, layer: int, radius_deg: float) -> bool:
        """Whether cells of this size tell more of a layer than those of twice the size, which cover the same places.

        From far below, times change with place as slowly as they do near the surface at a distance.
        """
        return layer == 0 or self.settings.depths_km[layer] < DEEP_RADII * radius_deg * KM_PER_DEG

    def _plane(self, table: Table) -> bool:
        """Cells as of `drift` for every layer, where they are few enough; else nothing changes."""
        self.levels: list[Level] = []
        cells, vectors, first = [], [], 0
        for layer, curve in enumerate(self.curves):
            found = drift.cells(table.unit, curve, self.settings.fine_deg)
            if found is None:
                return False
            if layer > 0:
                found = found[grid.third(found, table.unit) < grid.NEAR_DEG]
            places = drift.places(found, curve, table.unit)
            sizes = np.floor(2.0 * found[:, 2] * places[:, 6]).astype(np.int64)
            order = np.argsort(sizes, kind="stable")
            found, places, sizes = found[order], places[order], sizes[order]
            cuts = np.flatnonzero(np.diff(sizes)) + 1
            for a, b in zip([0, *cuts.tolist()], [*cuts.tolist(), len(found)], strict=True):
                bin_s = _bin(float(np.max(found[a:b, 2] * places[a:b, 6])))
                self.levels.append(Level(found[a:b], places[a:b], first + a, bin_s, (layer,)))
            cells.append(found)
            vectors.append(places)
            first += len(found)
        self.cells, self.vectors = np.concatenate(cells), np.concatenate(vectors)
        return True

    def _raster(self, table: Table) -> None:
        """Cells as of `grid`, in runs of like size: one bin of origin time for each."""
        s = self.settings
        self.cells = grid.cells(table.unit, s.coarse_deg, s.fine_deg)
        self.vectors = drift.still(self.cells)
        far = self.cells[:, 3] >= 180.0
        n_far = int(np.sum(far))
        everywhere = tuple(range(len(self.curves)))
        sizes = np.floor(np.log2(np.maximum(self.cells[:, 2], 1e-3)) + 0.5).astype(np.int64)
        sizes[:n_far] = 99
        cuts = np.flatnonzero(np.diff(sizes)) + 1
        for a, b in zip([0, *cuts.tolist()], [*cuts.tolist(), len(self.cells)], strict=True):
            radius = float(np.max(self.cells[a:b, 2]))
            layers = (0,) if a < n_far else tuple(i for i in everywhere if self._tells(i, radius))
            bin_s = _bin(radius * drift.LOCAL_SLOWNESS)
            self.levels.append(Level(self.cells[a:b], self.vectors[a:b], a, bin_s, layers))


def _bin(spread_s: float) -> float:
    """Step of origin time (s) for cells whose times spread by so much."""
    return max(0.5, round(2.0 * BIN_SHARE * (drift.CELL_SHARE * spread_s + 2.5)) / 2.0)


@njit(cache=True)
def thin_(
    rows: Floats, order: Ints, vectors: Floats, radius: Floats, bucket_s: float, o_start: float, keep: Ints
) -> int:
    """Keep candidates that no better one nearby and of the same time shadows. rows: score, cell, o, apart, layer.

    order: rows by falling score. keep: rows kept, in that order; returns their number. Buckets of origin time, as
    linked lists, make a look-up near-constant.
    """
    n_buckets = 0
    for i in range(order.size):
        n_buckets = max(n_buckets, int((rows[order[i], 2] - o_start) / bucket_s) + 1)
    head = np.full(max(n_buckets, 1) + 2, -1, np.int64)
    link = np.empty(order.size, np.int64)
    n = 0
    for i in range(order.size):
        r = order[i]
        o, cell = rows[r, 2], int(rows[r, 1])
        b = int((o - o_start) / bucket_s) + 1
        shadowed = False
        for q in range(max(0, b - 1), min(head.size, b + 2)):
            j = head[q]
            while j >= 0 and not shadowed:
                other = keep[j]
                c = int(rows[other, 1])
                d = apart_(vectors, cell, c)
                reach = 1.5 * (radius[cell] + radius[c])
                if d < reach and abs(rows[other, 2] - o) < rows[r, 3] + rows[other, 3] + 5.0 * d:
                    shadowed = True
                j = link[j]
            if shadowed:
                break
        if not shadowed:
            keep[n] = r
            link[n] = head[b]
            head[b] = n
            n += 1
    return n


@njit(cache=True)
def apart_(vectors: Floats, a: int, b: int) -> float:
    """Distance of two cells in degrees (chord)."""
    x, y, z = vectors[a, 0] - vectors[b, 0], vectors[a, 1] - vectors[b, 1], vectors[a, 2] - vectors[b, 2]
    return 57.29577951308232 * math.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def overlap_(
    rows: Floats, near: Ints, vectors: Floats, radius: Floats, curves: Floats, unit: Floats, times: Floats,
    stations: Ints, share: Floats, gain: Floats,
) -> None:  # fmt: skip
    """How many of some first P (times, stations) each candidate `near` explains, and what finer cells would add.

    share: part of the P that fall within the cell's slack; gain: sum over them of the logarithm of slack / 4 s.
    """
    for i in range(near.size):
        c, o, layer = int(rows[near[i], 1]), rows[near[i], 2], int(rows[near[i], 4])
        n, g = 0, 0.0
        for k in range(times.size):
            s = stations[k]
            h2 = 0.5 - 0.5 * (
                vectors[c, 0] * unit[s, 0] + vectors[c, 1] * unit[s, 1] + vectors[c, 2] * unit[s, 2]
            )
            row = min(int(math.sqrt(max(h2, 0.0)) * (ROWS - 1.0) + 0.5), ROWS - 1)
            p = moved_(vectors[c], unit, s, h2, curves[layer, row, P_P])
            slack = radius[c] * p + curves[layer, row, SLACK_P] + 2.0
            if abs(times[k] - o - curves[layer, row, T_P]) < slack + rows[near[i], 3]:
                n += 1
                g += max(0.0, log_(slack / 4.0))
        share[i] = n / max(times.size, 1)
        gain[i] = g
