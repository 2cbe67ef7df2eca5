"""Where one window is worth a closer look: the local maxima of its cells.

Rules: the picks that are left and the rates as the accepted events leave them; rows of candidates are in the order of
their odds, thinned; ties by time, cell and layer. Two threads share the cells and change nothing in the result.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from testban.associate import clumps, dense, drift, grid
from testban.associate.circle import N_CLASSED_BINS, N_COLUMNS
from testban.associate.claims import Claim, absorb_, claim_
from testban.associate.drift import CELL_SHARE, LOCAL_SLOWNESS
from testban.associate.odds import SHEAR
from testban.associate.scan import again_, leader_, scan_, sharpen_, shots_
from testban.associate.search import Level, Search, thin_
from testban.associate.sight import Sight
from testban.associate.table import Table, Window
from testban.base import dmath
from testban.base.geo import destination_, unit_vector_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COARSE_SHARE = 0.45  # of the needed score: a coarse cell dilutes the evidence of each pick
LOW_SHARE = 0.2  # of a coarse cell that is halved twice to see whether it comes to COARSE_SHARE
SPARSE_NET = 400  # stations: more of them see an event in a coarse cell and hold its place
MAX_ROWS = 400_000
NEAR_DEG = 2.0
SEED_DEG = 0.15
BUCKET_S = 60.0
THREADS = 2  # share the scan; the result does not depend on them
UNCALLED_SHARE = 0.135  # of S among picks that were all called P: collect.MISMATCH as a factor
DEEP_GAIN = 3.0  # another depth must win by this


class Candidates:
    """One window: its picks, their rates, and the candidates that they give."""

    def __init__(
        self,
        search: Search,
        table: Table,
        window: Window,
        claims: Sequence[Claim],
        sight: Sight | None = None,
    ) -> None:
        self.search, self.table, self.window, self.sight = search, table, window, sight
        self.sites = {s.key: s for s in table.sites}
        n = max(len(window.number), 1)
        self.keep = np.empty(n, dtype=np.int64)
        self.rows = np.empty((2 * len(table.sites) + 2, 2), dtype=np.int64)
        self.geo = np.empty((2 * len(table.sites) + 2, 9))
        self.bins = np.empty((N_CLASSED_BINS, N_COLUMNS))
        self.traits = window.traits(len(table.sites)) | clumps.traits(table.unit, window.start)
        self.traits_too = self.traits if window.calls_shear else self.traits | SHEAR
        self.s_share = 1.0 if window.calls_shear else UNCALLED_SHARE
        self.needed = search.needed(window.duration_s)
        self.version = 0
        self.cells, self.vectors, self.radius = search.cells, search.vectors, search.radius
        self.extra: Level | None = None
        self.tight: dict[int, int] = {}  # curves of the cells of sequences, by number of the cell
        self.held: dict[int, float] = {}  # depths (km) of those at the places of known events
        self.shots: tuple[Ints, Floats] | None = None  # free picks for the scan, until they change
        self.claims = list(claims)
        self.raised: dict[Claim, tuple[Ints, Floats]] = {}
        self.rerate()

    def rerate(self) -> None:
        """Take the rates anew: what known events explain is no false alarm and does not count in them."""
        for c in self.claims:
            self._use(c)
        self.window.rate, self.window.behind = self.window.rates()
        for c in self.claims:
            self._raise(c)
        self.value = -dmath.log(2.0 * self.window.rate)
        self.shots = None

    def take(self, claim: Claim) -> None:
        """Mark the picks of an event as used and raise the rates of what it explains; in a sequence take the rates anew.

        There the picks of a minute are mostly those of events found; elsewhere what an event leaves of its own is rated by it.
        """
        self.claims.append(claim)
        if len(self.tight) > len(self.held):
            self.rerate()
            return
        self._use(claim)
        self._raise(claim)
        self.value = -dmath.log(2.0 * self.window.rate)
        self.shots = None

    def give_back(self, claim: Claim) -> None:
        """Undo `take`: the event is none, its picks are free again, though still no false alarms."""
        self.claims.remove(claim)
        self.rerate()
        self.window.used[self._rows_of(claim)] = 0
        self.shots = None

    def _raise(self, claim: Claim) -> None:
        """Raise the rates of the picks that an event may have caused: which and to what is worked out once."""
        w, t = self.window, self.table
        if claim not in self.raised:
            own = np.array(claim.numbers, dtype=np.int64)
            saw = np.full(len(t.sites), np.inf)
            np.minimum.at(saw, t.station[own], (t.time_ns[own] - w.reference_ns) / 1e9)
            o, rate = (claim.time_ns - w.reference_ns) / 1e9, np.zeros(len(w.rate))
            claim_(
                self.search.model.kernel, self.search.first, self.search.later, claim.longitude, claim.latitude,
                claim.depth_km, o, claim.reach_deg, claim.n_first, saw, t.lon, t.lat, w.start, w.data, rate,
            )  # fmt: skip
            rows = np.flatnonzero(rate)
            self.raised[claim] = rows, rate[rows]
        rows, least = self.raised[claim]
        w.rate[rows] = np.maximum(w.rate[rows], least)
        w.behind[rows] = np.maximum(w.behind[rows], least)

    def _rows_of(self, claim: Claim) -> Ints:
        """Rows of the window that hold the picks of an event; picks outside the window have none."""
        numbers = np.array(claim.numbers, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.window.number, numbers), len(self.window.number) - 1)
        return np.asarray(at[self.window.number[at] == numbers])

    def _use(self, claim: Claim) -> None:
        self.window.used[self._rows_of(claim)] = 1
        self.shots = None

    def absorb(self, claim: Claim) -> list[tuple[int, int, float]]:
        """(row of the window, number of the later phase, residual) of picks that are later phases of an event."""
        w, t = self.window, self.table
        saw = np.zeros(len(t.sites), dtype=np.int64)
        saw[t.station[np.array(claim.numbers, dtype=np.int64)]] = 1
        self._use(claim)
        rows, residual = np.empty((len(w.number), 2), dtype=np.int64), np.empty(len(w.number))
        n = absorb_(
            self.search.model.kernel, self.search.first, self.search.later, claim.longitude, claim.latitude,
            claim.depth_km, (claim.time_ns - w.reference_ns) / 1e9, claim.reach_deg, claim.n_first, saw, t.lon, t.lat,
            w.start, w.data, w.hint, w.rate, w.used, rows, residual,
        )  # fmt: skip
        self.shots = None
        return [(int(a), int(b), float(r)) for (a, b), r in zip(rows[:n], residual[:n], strict=True)]

    def candidates(
        self, o_start: float, o_end: float, around: Sequence[tuple[float, float]] | None = None
    ) -> Floats:
        """Rows (score, cell, origin time, apart, layer) of local maxima, best first, thinned.

        around: only cells near these places, where better candidates hid others.
        """
        t, s = self.table, self.search
        if around is not None:
            self._seed(around)
        found: list[Floats] = []
        for level in [*s.levels, *([self.extra] if self.extra is not None else [])]:
            which = (
                np.arange(len(level.cells)) if around is None else _near(level.vectors, level.cells, around)
            )
            if not len(which):
                continue
            cells, vectors = (
                np.ascontiguousarray(level.cells[which]),
                np.ascontiguousarray(level.vectors[which]),
            )
            for layer in level.layers:
                low = level.first == 0 and not s.plane and len(t.sites) <= SPARSE_NET
                threshold = (LOW_SHARE if low else COARSE_SHARE) * self.needed
                rows = self._scan(cells, vectors, s.curves[layer], o_start, o_end, level.bin_s, threshold)
                rows[:, 1] = which[rows[:, 1].astype(np.int64)] + level.first
                rows[:, 4] = layer
                if layer > 0:  # of two that are alike the shallow one
                    rows[:, 0] -= DEEP_GAIN
                found.append(rows)
        return self._thinned(self._sharpened(np.concatenate(found)) if found else np.empty((0, 5)))

    def _scan(
        self,
        cells: Floats,
        vectors: Floats,
        curve: Floats,
        o_start: float,
        o_end: float,
        bin_s: float,
        threshold: float,
    ) -> Floats:
        """Rows of local maxima of some cells of one size, two threads sharing the cells; order is that of the cells."""
        w, t, s = self.window, self.table, self.search
        begin, shots = self._shots()
        cut = len(cells) // 2

        def half(a: int, b: int, least: float) -> Floats:
            out = np.empty((MAX_ROWS, 4))
            n = scan_(
                cells[a:b], vectors[a:b], curve, t.unit, t.lon, t.lat, w.start, begin, shots,
                self.traits, s.logs, o_start, o_end, bin_s, least, out,
            )  # fmt: skip
            out[:n, 1] += a
            return out[:n]

        with ThreadPoolExecutor(THREADS) as pool:
            while True:
                parts = list(pool.map(half, (0, cut), (cut, len(cells)), (threshold, threshold)))
                if sum(len(p) for p in parts) < MAX_ROWS:
                    break
                threshold *= 1.5
        rows = np.zeros((sum(len(p) for p in parts), 5))
        rows[:, :4] = np.concatenate(parts)
        return rows

    def _sharpened(self, rows: Floats) -> Floats:
        """Rows that pass, and the weaker ones that do in smaller cells, which are added to the cells."""
        w, t, s = self.window, self.table, self.search
        if s.plane or len(t.sites) > SPARSE_NET:
            return rows
        passed = (rows[:, 0] >= COARSE_SHARE * self.needed) | (rows[:, 1] >= len(s.levels[0].cells))
        weak = np.ascontiguousarray(rows[~passed])
        cells, score = np.empty((len(weak), 4)), np.empty((len(weak), 2))
        begin, shots = self._shots()
        cut = len(weak) // 2

        def half(a: int, b: int) -> None:
            sharpen_(
                weak[a:b], self.cells, s.stack, t.unit, t.lon, t.lat, w.start, begin, shots,
                self.traits, s.logs, LOW_SHARE * self.needed, cells[a:b], score[a:b],
            )  # fmt: skip

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(half, (0, cut), (cut, len(weak))))
        keep = score[:, 0] >= COARSE_SHARE * self.needed
        n = int(np.sum(keep))
        weak, cells, score = weak[keep], cells[keep], score[keep]
        weak[:, 0], weak[:, 2] = score[:, 0], score[:, 1]
        weak[:, 0] -= np.where(weak[:, 4] > 0, DEEP_GAIN, 0.0)
        weak[:, 1] = len(self.cells) + np.arange(n)
        weak[:, 3] = CELL_SHARE * cells[:, 2] * LOCAL_SLOWNESS + 2.5
        self.cells = np.concatenate([self.cells, cells])
        self.vectors = np.concatenate([self.vectors, drift.still(cells)])
        self.radius = np.ascontiguousarray(self.cells[:, 2])
        return np.concatenate([rows[passed], weak])

    def sequence(self) -> Floats:
        """Candidates as of `candidates` in stretches where stations are too busy for them: see `dense`."""
        t = self.table
        found: list[Floats] = []
        for begin, end, who in dense.spans(self.window, t):
            places = self._found(begin, end, who)
            levels = [(dense.cells(t, who), dense.BIN_S), (dense.nest(places), dense.NEST_BIN_S)]
            for cells, bin_s in levels:
                if len(cells):
                    found += self._tightly(cells, begin, end, bin_s)
        self.radius = np.ascontiguousarray(self.cells[:, 2])
        return self._thinned(np.concatenate(found) if found else np.empty((0, 5)))

    def _found(self, begin: float, end: float, who: Ints) -> list[tuple[float, float]]:
        """Places of the events of a busy stretch near stations that are busy."""
        out = []
        for c in self.claims:
            o = (c.time_ns - self.window.reference_ns) / 1e9
            if begin - dense.SPAN_S <= o <= end:
                d = self.table.unit[who] - np.array(unit_vector_(c.longitude, c.latitude))
                near = np.sum(d * d, axis=1) < (dense.REACH_DEG * dmath.DEG) ** 2
                if int(np.sum(near)) >= dense.BUSY_STATIONS:
                    out.append((c.longitude, c.latitude))
        return sorted(out)

    def _tightly(self, cells: Floats, begin: float, end: float, bin_s: float) -> list[Floats]:
        """Rows of local maxima of cells with tight curves, which join the cells of this window."""
        vectors = drift.still(cells)
        first, found = len(self.cells), []
        for layer, number in enumerate(self.search.tight):
            curve = self.search.stack[number]
            rows = self._scan(cells, vectors, curve, begin, end, bin_s, COARSE_SHARE * self.needed)
            rows[:, 1] += first + layer * len(cells)
            rows[:, 4] = layer
            found.append(rows)
            self.tight |= {first + layer * len(cells) + k: number for k in range(len(cells))}
            self.cells = np.concatenate([self.cells, cells])
            self.vectors = np.concatenate([self.vectors, vectors])
        return found

    def _thinned(self, rows: Floats) -> Floats:
        """Rows best first; those that a better one nearby and of the same time shadows are left out."""
        order = np.lexsort((rows[:, 4], rows[:, 1], rows[:, 2], -rows[:, 0]))
        keep = np.empty(len(rows), dtype=np.int64)
        start = float(rows[:, 2].min()) if len(rows) else 0.0
        n = thin_(rows, order, self.vectors, self.radius, BUCKET_S, start, keep)
        return np.ascontiguousarray(rows[keep[:n]])

    def _seed(self, around: Sequence[tuple[float, float]]) -> None:
        """Fine cells where events were found: aftershocks come where the coarser cells blur one into the next."""
        cells = np.array(
            [
                (
                    *destination_(*destination_(lon, lat, 0.0, i * SEED_DEG), 90.0, j * SEED_DEG),
                    0.75 * SEED_DEG,
                    grid.REACH_DEG,
                )
                for lon, lat in around
                for i in (-1, 0, 1)
                for j in (-1, 0, 1)
            ]
        )
        s = self.search
        self.extra = Level(cells, drift.still(cells), len(self.cells), 1.0, tuple(range(len(s.curves))))
        self.cells = np.concatenate([self.cells, cells])
        self.vectors = np.concatenate([self.vectors, self.extra.vectors])
        self.radius = np.ascontiguousarray(self.cells[:, 2])

    def _shots(self) -> tuple[Ints, Floats]:
        """Arrays of `scan.shots_` for the picks that are left."""
        if self.shots is None:
            w = self.window
            begin = np.empty((2, len(w.start)), dtype=np.int64)
            shots = np.empty((2 * len(w.number), 8))
            shots_(w.start, w.data, w.hint, self.value, w.used, begin, shots)
            self.shots = begin, shots
        return self.shots

    def curves_of(self, rows: Floats) -> Ints:
        """Number of the curve of every candidate, of `Search.stack`."""
        layers = rows[:, 4].astype(np.int64).tolist()
        pairs = zip(rows[:, 1].astype(np.int64).tolist(), layers, strict=True)
        return np.array([self.tight.get(cell, layer) for cell, layer in pairs], dtype=np.int64)

    def again(self, row: Floats, curve: int) -> tuple[float, float]:
        """Odds and origin time of a candidate with the picks that are left."""
        w, t, s, cell = self.window, self.table, self.search, int(row[1])
        begin, shots = self._shots()
        return again_(
            row, self.cells[cell], self.vectors[cell], s.stack[curve], t.unit, t.lon, t.lat, w.start, begin, shots, self.traits, s.logs,
        )  # fmt: skip

    def leader(self, rows: Floats, curve: Ints, odds: Floats, version: Ints) -> tuple[int, Ints]:
        """The candidate that leads with the picks that are left (-1: none), and those whose odds had to be weighed again for it."""
        w, t, s = self.window, self.table, self.search
        begin, shots = self._shots()
        anew = np.empty(len(rows), dtype=np.int64)
        i, n = leader_(
            rows, curve, odds, version, self.version, COARSE_SHARE * self.needed, self.cells, self.vectors, s.stack, t.unit, t.lon,
            t.lat, w.start, begin, shots, self.traits, s.logs, anew,
        )  # fmt: skip
        return i, anew[:n]


def _near(vectors: Floats, cells: Floats, around: Sequence[tuple[float, float]]) -> Ints:
    """Numbers of the cells within NEAR_DEG and three of their radii of a place."""
    close = np.zeros(len(vectors), dtype=bool)
    for lon, lat in around:
        d = vectors[:, :3] - np.array(unit_vector_(lon, lat))
        chord = np.sqrt(d[:, 0] ** 2 + d[:, 1] ** 2 + d[:, 2] ** 2) * 57.3
        close |= chord < NEAR_DEG + 3.0 * cells[:, 2]
    return np.flatnonzero(close)
