"""Hypotheses of one window: candidates fitted to places and times.

Rules: a candidate is refined on ever smaller cells (`refine`), then picks and least squares take turns (`collect`), from
each layer and at other depths; up to a few picks each is left out once, since one wrong one can hold a place. A winner
is fitted anew from places and depths around it, since no fit sees beyond its own hollow; one held to a few km with stations
all around (`contest`) is spared this.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.associate import dense
from testban.associate.candidates import DEEP_GAIN, SPARSE_NET, Candidates
from testban.associate.claims import Claim
from testban.associate.collect import VALUE, fit_
from testban.associate.refine import refine_
from testban.base.geo import delaz_, destination_
from testban.locate import Located
from testban.locate.errors_model import P_ERROR

Floats = NDArray[np.float64]

REFINED_SHARE = 0.6
FEW = "too few picks agree"
FEW_PICKS = 7  # up to so many, one wrong pick can pull the place away from where more agree
WITHOUT_GAIN = 0.1
SPARSE = 12  # up to so many picks in reach it is fitted from its cell too: among few, halving may go astray
SAME_DEG, SAME_KM, SAME_S = 0.1, 1.0, 2.0  # one start for the locator
SHAKES, SHAKE_GAIN = 3, 0.5
SHAKE_DEG = (1.0, 3.0)
SHAKE_KM = (0.0, 60.0, 150.0, 350.0)
SHAKE_S = 8.0  # uncertainty of the origin from which such a fit starts


class Hypothesis(msgspec.Struct, kw_only=True, eq=False):
    """A fitted place and time with the picks it explains. numbers: rows of the window; waves 0 P, 1 S.

    fitted: the score of the fit alone, of which `score` is made where it is located; echoed: what reflections added.
    """

    x: tuple[float, float, float, float]
    numbers: list[int]
    waves: list[int]
    values: list[float]
    score: float
    located: Located | None = None
    reason: str = ""
    room: float = 0.0
    rarity: float = 0.0
    borne: float = 0.0
    deep: tuple[float, int] | None = None
    echoes: tuple[tuple[int, str], ...] = ()
    sighted: float = 0.0
    fitted: float = 0.0
    echoed: float = 0.0

    @property
    def explains(self) -> float:
        """What its picks and reflections are worth, without the likeness of their residuals."""
        return self.fitted + self.echoed

    @property
    def worth(self) -> float:
        """Score with the logarithm of the area (km2) that fits as well, less how rare such events are: worth among rivals.

        The integral of the likelihood over places, not its peak, says which of two explanations of the same picks is
        the likelier (Laplace's approximation): one that holds in a single spot only pays for having been tuned. Places count by how
        many events are large enough to be seen from them (Gutenberg and Richter's b of 1).
        """
        return self.likelihood + self.room

    @property
    def likelihood(self) -> float:
        """Score with what later phases say, less how rare such events are."""
        return self.score - self.rarity + self.borne


class Fitting(Candidates):
    """One window: its candidates, fitted."""

    @cached_property
    def alike(self) -> dict[tuple[tuple[int, ...], tuple[int, ...], int, int, float], Hypothesis]:
        """What picks and a place (to a degree) led to at other depths: many cells lead to the same. Holds until an event wins."""
        return {}

    @cached_property
    def won(self) -> list[tuple[Claim, Hypothesis]]:
        """Events of this window, and what claims them."""
        return []

    def fit(self, x: Floats, loc_s: float, rounds: int) -> tuple[int, float]:
        """Fit x (changed in place) with the picks that are left: number of picks, score; see `collect.fit_`."""
        w, t, s = self.window, self.table, self.search
        layer = int(np.argmin(np.abs(np.array(s.settings.depths_km) - x[2])))
        return fit_(
            s.model.kernel, P_ERROR, s.branches, s.curves[layer], x, loc_s, rounds, t.lon, t.lat, t.unit, w.start,
            w.data, w.hint, w.rate, w.behind, w.used, self.traits_too, self.s_share, s.detection, s.settings.max_s_deg, self.rows, self.geo,
            self.bins,
        )  # fmt: skip

    def from_place(self, x: Floats, loc_s: float) -> Hypothesis:
        """What the picks that are left make of a place and time: see `fit`."""
        m, score = self.fit(x, loc_s, 7)
        return self._keep(x, m, score)

    def build(self, row: Floats) -> Hypothesis:
        """Refine and fit a candidate, from its own layer and from the first one, then at other depths."""
        if int(row[1]) in self.tight:
            best = self._from_cell(row)
        else:
            best = self._refined(row, int(row[4]))
            if row[4] > 0:
                shallow = self._refined(row, 0)
                if shallow.score > best.score - DEEP_GAIN:
                    best = shallow
        if best.reason or best.score < 0.7 * self.needed:
            return best
        lon, lat, depth, _ = best.x
        key = (tuple(best.numbers), tuple(best.waves), round(lon), round(lat), depth)
        if key not in self.alike:
            self.alike[key] = self._at_depths(best)
        return self.alike[key]

    def _at_depths(self, best: Hypothesis) -> Hypothesis:
        """The best of a hypothesis and its fits from other depths."""
        for depth in self.search.settings.fit_depths_km:
            if abs(depth - best.x[2]) < 10.0:
                continue
            y = np.array([best.x[0], best.x[1], depth, best.x[3] + 0.08 * (depth - best.x[2])])
            m, score = self.fit(y, 3.0, 7)
            if score > best.score + (DEEP_GAIN if depth > best.x[2] else -DEEP_GAIN):
                best = self._keep(y, m, score)
        return best

    def _from_cell(self, row: Floats) -> Hypothesis:
        """Fit a candidate of a sequence from its cell, whose place is as good as halving could make it."""
        cell = self.cells[int(row[1])]
        depth = self.held.get(int(row[1]), dense.DEPTHS_KM[int(row[4])])
        x = np.array([cell[0], cell[1], depth, row[2]])
        m, score = self.fit(x, 0.7, 9)
        return self._keep(x, m, score)

    def _without(self, h: Hypothesis) -> None:
        """Move to the best of the places that the other picks give when one is left out at the start."""
        for k in tuple(h.numbers) if len(h.numbers) <= FEW_PICKS else ():
            x = np.array(h.x)
            self.window.used[k] = 1
            m, _ = self.fit(x, 3.0, 7)
            self.window.used[k] = 0
            if m < 3:
                continue
            m, score = self.fit(x, 1.0, 7)
            if score > h.score + WITHOUT_GAIN:
                self._take_over(h, self._keep(x, m, score))

    @staticmethod
    def _take_over(h: Hypothesis, better: Hypothesis) -> None:
        h.x, h.numbers, h.waves = better.x, better.numbers, better.waves
        h.values, h.score, h.fitted = better.values, better.score, better.fitted

    def _at(self, h: Hypothesis, located: Located) -> bool:
        """Whether the picks fit better from the located place, which knows what errors neighbours share; h follows."""
        o = located.origin
        x = np.array([o.longitude, o.latitude, o.depth_km, (o.time_ns - self.window.reference_ns) / 1e9])
        m, score = self.fit(x, 1.0, 7)
        if m < 3 or score <= h.score + WITHOUT_GAIN:
            return False
        self._take_over(h, self._keep(x, m, score))
        return True

    def shaken(self, h: Hypothesis) -> Hypothesis:
        """The best of a hypothesis and those that its P lead to from places and depths around: no fit sees beyond its hollow."""
        for _ in range(SHAKES):
            better = self._shaken(h)
            if better.score <= h.score + SHAKE_GAIN:
                return h
            h = better
        return h

    def _shaken(self, h: Hypothesis) -> Hypothesis:
        t, w, kernel = self.table, self.window, self.search.model
        first = [k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]
        if not first:
            return h
        sites = [t.sites[w.station[k]] for k in first]
        places = [(h.x[0], h.x[1])]
        places += [destination_(h.x[0], h.x[1], 45.0 * i, d) for d in SHAKE_DEG for i in range(8)]
        depths = SHAKE_KM if len(t.sites) <= SPARSE_NET else (h.x[2],)
        best = h
        for lon, lat in places:
            deltas = np.array([delaz_(lon, lat, s.longitude, s.latitude)[0] for s in sites])
            for depth in depths:
                times = kernel.predict("P1", np.full(len(deltas), depth), deltas)[0]
                o = np.sort(w.data[first, 0] - times)
                x = np.array([lon, lat, depth, float(o[len(o) // 2])])
                m, score = self.fit(x, SHAKE_S, 9)
                if score > best.score + SHAKE_GAIN:
                    best = self._keep(x, m, score)
        return best

    def _refined(self, row: Floats, layer: int) -> Hypothesis:
        """Refine and fit a candidate from one layer."""
        w, t, s = self.window, self.table, self.search
        cell = int(row[1])
        result = np.empty(6)
        finest = 0.3 if self.cells[cell, 3] >= 180.0 else min(0.06, float(self.cells[cell, 2]) / 4.0)
        refine_(
            self.cells[cell], self.vectors[cell], float(row[2]), float(row[3]), finest, s.curves[layer], t.unit, t.lon, t.lat, w.start,
            w.station, w.data, w.hint, self.value, w.used, self.traits, s.logs, self.keep, result,
        )  # fmt: skip
        depth = s.settings.depths_km[layer]
        x = np.array([result[1], result[2], depth, result[3]])
        best = Hypothesis(
            x=_four(x), numbers=[], waves=[], values=[], score=0.6 * float(result[0]), reason=FEW
        )
        if result[0] >= REFINED_SHARE * self.needed:
            m, score = self.fit(x, 3.0, 9)
            best = self._keep(x, m, score)
        if result[5] <= SPARSE and best.score < self.needed:
            x = np.array([self.cells[cell, 0], self.cells[cell, 1], depth, row[2]])
            m, score = self.fit(x, float(row[3]), 14)
            if m >= 2 and score > max(best.score, REFINED_SHARE * self.needed):
                best = self._keep(x, m, score)
        return best

    def _keep(self, x: Floats, m: int, score: float) -> Hypothesis:
        rows = self.rows[:m]
        return Hypothesis(
            x=_four(x), numbers=[int(a) for a in rows[:, 0]], waves=[int(b) for b in rows[:, 1]],
            values=[float(v) for v in self.geo[:m, VALUE]], score=score, fitted=score,
        )  # fmt: skip


def alike(a: Hypothesis, b: Hypothesis) -> bool:
    """Whether two fits rest on the same picks and lie at one place, so that one locates as the other does."""
    return (
        a.numbers == b.numbers
        and a.waves == b.waves
        and abs(a.x[2] - b.x[2]) < SAME_KM
        and abs(a.x[1] - b.x[1]) < SAME_DEG
        and abs(a.x[3] - b.x[3]) < SAME_S
        and delaz_(a.x[0], a.x[1], b.x[0], b.x[1])[0] < SAME_DEG
    )


def _four(x: Floats) -> tuple[float, float, float, float]:
    return float(x[0]), float(x[1]), float(x[2]), float(x[3])
