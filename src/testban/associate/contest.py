"""Hypotheses of one window compete for its picks.

Rules: candidates of the scan are taken in the order of their odds, weighed again with the picks that are left, refined
and fitted (`refine`, `collect`); the best of those that share its time is located and accepted, takes its picks and
raises the rates of what it explains; ties are broken by time and place, so that the order of the input does not
matter. The log-likelihood ratio that an event needs follows from the number of hypotheses tried and the false events
allowed (`trials`). The likelihoods are of NET-VISA's kind (Arora, Russell & Sudderth 2013, BSSA 103, 709-729),
written anew.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban import locate
from testban.associate import dense
from testban.associate.candidates import COARSE_SHARE, DEEP_GAIN, SPARSE_NET, Candidates
from testban.associate.claims import Claim
from testban.associate.coherence import BOUND, gain
from testban.associate.collect import VALUE, fit_
from testban.associate.echo import FAR_DEG, LEAST_STATIONS, NEAR_DEG, echo_, reflections_
from testban.associate.refine import refine_
from testban.associate.search import REFLECTED, overlap_
from testban.associate.sight import LEAST, MOST
from testban.associate.table import ARRAY_SIGMA, RESOLVED_BACKAZIMUTH
from testban.base.dmath import log_
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_
from testban.locate import Located
from testban.locate.errors_model import P_ERROR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REFINED_SHARE = 0.6
RIVAL_SHARE = 0.3  # of the leader's odds: a rival with less is not fitted before the leader is accepted
RIVAL_OVERLAP = 0.25  # of the leader's P that a rival must explain
RIVAL_S = 1300.0
RIVALS = 6  # of the coarse cells, and as many of the fine: many coarse ones see the same plane wave
FEW = "too few picks agree"
FEW_PICKS = 7  # up to so many, one wrong pick can pull the place away from where more agree
WITHOUT_GAIN = 0.1
SHAKES, SHAKE_GAIN = 3, 0.5
SHAKE_DEG = (1.0, 3.0)
SHAKE_KM = (0.0, 60.0, 150.0, 350.0)
SHAKE_S = 8.0
IDC_WEIGHT = 4.6  # of the reviewed bulletin; not confirmed
SPARSE = 12  # up to so many picks in reach it is fitted from its cell too: among few, halving may go astray


class Hypothesis(msgspec.Struct, kw_only=True, eq=False):
    """A fitted place and time with the picks it explains. numbers: rows of the window; waves 0 P, 1 S."""

    x: tuple[float, float, float, float]
    numbers: list[int]
    waves: list[int]
    values: list[float]
    score: float
    located: Located | None = None
    reason: str = ""
    room: float = 0.0
    deep: tuple[float, int] | None = None
    echoes: tuple[tuple[int, str], ...] = ()
    sighted: float = 0.0

    @property
    def worth(self) -> float:
        """Score with the logarithm of the area (km2) that fits as well: what the place is worth among rivals.

        The integral of the likelihood over places, not its peak, says which of two explanations of the same picks is
        the likelier (Laplace's approximation): one that holds in a single spot only pays for having been tuned.
        """
        return self.score + self.room


class Contest(Candidates):
    """One window: its candidates and the events that win."""

    # -- hypotheses ------------------------------------------------------------------------------------------------

    def fit(self, x: Floats, loc_s: float, rounds: int) -> tuple[int, float]:
        """Fit x (changed in place) with the picks that are left: number of picks, score; see `collect.fit_`."""
        w, t, s = self.window, self.table, self.search
        layer = int(np.argmin(np.abs(np.array(s.settings.depths_km) - x[2])))
        return fit_(
            s.model.kernel, P_ERROR, s.branches, s.curves[layer], x, loc_s, rounds, t.lon, t.lat, t.unit, w.start,
            w.data, w.hint, w.rate, w.used, self.traits_too, self.s_share, s.detection, s.settings.max_s_deg, self.rows, self.geo,
            self.bins,
        )  # fmt: skip

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
        x = np.array([cell[0], cell[1], dense.DEPTHS_KM[int(row[4])], row[2]])
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
        h.values, h.score = better.values, better.score

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
        places += [
            destination_(h.x[0], h.x[1], 45.0 * i, d) for d in SHAKE_DEG for i in range(8)
        ]
        best = h
        for lon, lat in places:
            deltas = np.array([delaz_(lon, lat, s.longitude, s.latitude)[0] for s in sites])
            for depth in SHAKE_KM:
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
            self.cells[cell], float(row[2]), float(row[3]), finest, s.curves[layer], t.unit, t.lon, t.lat, w.start,
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
            values=[float(v) for v in self.geo[:m, VALUE]], score=score,
        )  # fmt: skip

    def enough(self, numbers: Sequence[int], waves: Sequence[int], place: tuple[float, float]) -> bool:
        """Whether the picks meet the rule of the settings: stations, arrays, and three picks or two directions.

        Half of the stations and two at least must have P: what is built of S alone is built of coda.
        """
        w, s = self.window, self.search.settings
        stations = {int(w.station[k]) for k in numbers}
        array = any(
            w.data[k, 2] == w.data[k, 2] and w.data[k, 4] == w.data[k, 4] and w.data[k, 6] > 0.5
            for k in numbers
        )
        if s.rule == "idc":
            return len(stations) >= 3 and self.weight(numbers, waves) >= IDC_WEIGHT
        need = s.min_stations_with_array if array else s.min_stations
        first = {int(w.station[k]) for k, wave in zip(numbers, waves, strict=True) if wave == 0}
        if len(first) < 2 or 2 * len(first) < len(stations):
            return False
        return len(stations) >= need and (len(numbers) >= 3 or self.directed(numbers, place) >= 2)

    def weight(self, numbers: Sequence[int], waves: Sequence[int]) -> float:
        """Sum of the weights of picks by the IDC's event definition: time of P 1.0, of S 0.7; slowness and azimuth each
        0.4 at an array, 0.2 at a three-component station (weights not confirmed against the IDC's own documents).
        """
        total = 0.0
        for k, wave in zip(numbers, waves, strict=True):
            row = self.window.data[k]
            each = 0.4 if row[3] < ARRAY_SIGMA and row[5] < RESOLVED_BACKAZIMUTH else 0.2
            measured = int(row[2] == row[2]) + int(row[4] == row[4] and row[6] > 0.5)
            total += (0.7 if wave else 1.0) + each * measured
        return total

    def directed(self, numbers: Sequence[int], place: tuple[float, float]) -> int:
        """Number of picks whose slowness and back-azimuth are those of an array that points at the place."""
        w, n = self.window, 0
        for k in numbers:
            row, site = w.data[k], self.table.sites[w.station[k]]
            if row[3] < ARRAY_SIGMA and row[5] < RESOLVED_BACKAZIMUTH:
                _, _, baz = delaz_(place[0], place[1], site.longitude, site.latitude)
                n += bool(abs((row[4] - baz + 180.0) % 360.0 - 180.0) < 3.0 * row[5])
        return n

    def locate(self, h: Hypothesis) -> None:
        """Locate a hypothesis and add what the likeness of residuals says; `reason` where that fails."""
        if h.located is not None or h.reason:
            return
        if not self.enough(h.numbers, h.waves, h.x[:2]):
            h.reason = "fewer stations than an event needs"
            return
        if h.score < self.needed - BOUND:
            h.reason = f"score {h.score:.1f} below {self.needed:.1f}"
            return
        self._without(h)
        located = self._located(h)
        if located is not None and self._at(h, located):
            located = self._located(h) or located
        if located is not None:
            h.located = located
            h.sighted = self._sighted(h, located)
            h.score += self._echoes(h, located) + gain(located, self.sites)
            located = h.located = self._deep(h, located)
            origin = located.origin
            h.room = log_(max(1.0, origin.ellipse.smajor_km * origin.ellipse.sminor_km))
            place = (origin.longitude, origin.latitude)
            good = {a.pick_id for a in located.arrivals if a.defining}
            both = [
                (k, v)
                for k, v in zip(h.numbers, h.waves, strict=True)
                if self.table.picks[self.window.number[k]].pick_id in good
            ]
            defining, waves = [k for k, _ in both], [v for _, v in both]
            needed = self.needed
            if origin.gap_deg > 180.0 and self.directed(defining, place) < 2:
                needed += self.search.settings.one_sided
            if not self.enough(defining, waves, place):
                h.reason = "fewer stations than an event needs agree with one place"
            elif h.score + h.sighted < needed:
                h.reason = f"score {h.score + h.sighted:.1f} below {needed:.1f}"
            elif origin.ellipse.smajor_km > self.search.settings.max_smajor_km:
                h.reason = f"place not resolved: semi-major axis {origin.ellipse.smajor_km:.0f} km"

    def _echoes(self, h: Hypothesis, located: Located) -> float:
        """What reflections above the source are worth; `h.deep` takes the depth and origin time that they ask for."""
        w, s, o = self.window, self.search, located.origin
        rows = []
        for k, wave in zip(h.numbers, h.waves, strict=True):
            site = self.table.sites[w.station[k]]
            delta, _, baz = delaz_(o.longitude, o.latitude, site.longitude, site.latitude)
            if wave == 0 and NEAR_DEG <= delta <= FAR_DEG:
                rows.append((k, delta, baz))
        if len(rows) < LEAST_STATIONS:
            return 0.0
        p_rows = np.array([r[0] for r in rows], dtype=np.int64)
        deltas, backs = np.array([r[1] for r in rows]), np.array([r[2] for r in rows])
        depth, worth = echo_(
            s.model.kernel, int(s.first[0]), s.reflected, p_rows, deltas, backs, w.station, w.start, w.data, w.used,
            w.rate,
        )  # fmt: skip
        if worth > 0.0:
            out = np.empty((len(rows), 2), dtype=np.int64)
            n = reflections_(
                s.model.kernel, int(s.first[0]), s.reflected, depth, p_rows, deltas, backs, w.station, w.start, w.data,
                w.used, w.rate, out,
            )  # fmt: skip
            own = set(h.numbers)
            h.echoes = tuple((int(k), REFLECTED[int(c)]) for k, c in out[:n] if int(k) not in own)
            late = sorted(float(w.data[k, 0]) - float(s.model.predict("P1", depth, d)[0]) for k, d, _ in rows)
            h.deep = (depth, w.reference_ns + round(late[len(late) // 2] * 1e9))
        return worth

    def _deep(self, h: Hypothesis, located: Located) -> Located:
        """The location with the reflections as data, where two of them and as many P as before agree with it."""
        if h.deep is None or len(h.echoes) < LEAST_STATIONS:
            return located
        deep = self._located(h, h.deep, h.echoes)
        if deep is None:
            h.reason = ""
            return located
        before = sum(a.defining for a in located.arrivals)
        phases = [a.phase for a in deep.arrivals if a.defining]
        reflections = sum(p in REFLECTED for p in phases)
        return deep if reflections >= LEAST_STATIONS and len(phases) - reflections >= before - 1 else located

    def _sighted(self, h: Hypothesis, located: Located) -> float:
        """What noise, up-time and amplitudes add to a score of shares, or take from it: see `sight`."""
        if self.sight is None:
            return 0.0
        w = self.window
        rows = zip(h.numbers, h.waves, h.values, strict=True)
        picks = {k: (int(w.station[k]), wave, value) for k, wave, value in rows}
        known = self.sight.gain(located.origin, picks, self.table, w, self.search.detection)
        return 0.0 if known is None else max(LEAST, min(MOST, known - h.score))

    def _located(
        self, h: Hypothesis, deep: tuple[float, int] | None = None, echoes: Sequence[tuple[int, str]] = ()
    ) -> Located | None:
        w, t = self.window, self.table
        settings = locate.Settings(model=self.search.settings.model, search=False, whitened=True)
        start = (h.x[0], h.x[1], h.x[2], w.reference_ns + round(h.x[3] * 1e9))
        picks = [(t.picks[w.number[k]], "PS"[v]) for k, v in zip(h.numbers, h.waves, strict=True)]
        if deep is not None:
            picks += [(t.picks[w.number[k]], phase) for k, phase in echoes]
            start = (h.x[0], h.x[1], *deep)
            settings = msgspec.structs.replace(
                settings, default_depth_km=deep[0], min_depth_phases=LEAST_STATIONS
            )
        try:
            return locate.locate(picks, self.sites, settings, start)
        except InputError as exc:
            h.reason = str(exc)
            return None

    # -- the contest -----------------------------------------------------------------------------------------------

    def run(
        self,
        rows: Floats,
        accepted: Callable[[Hypothesis], Claim | None],
        discarded: Callable[[Hypothesis], None],
    ) -> int:
        """Accept hypotheses, best first, until none is good enough; returns how many."""
        odds = rows[:, 0].copy() if len(rows) else np.zeros(0)
        version = np.full(len(rows), self.version)
        built: dict[int, Hypothesis] = {}
        n = 0
        while len(odds):
            i = int(np.argmax(odds))
            if odds[i] <= 0.0:
                break
            h = self._current(i, rows, odds, version, built)
            if h is None:
                continue
            if h.reason or h.score < self.needed - BOUND:
                odds[i] = 0.0
                h.reason = h.reason or f"score {h.score:.1f} below {self.needed:.1f}"
                discarded(h)
                continue
            i, h = self._best_rival(i, h, rows, odds, version, built)
            odds[i] = 0.0
            if h.reason or h.located is None:
                discarded(h)
                continue
            claim = accepted(h)
            if claim is None:
                continue
            self.take(claim)
            self.version += 1
            n += 1
        return n

    def _current(
        self, i: int, rows: Floats, odds: Floats, version: Ints, built: dict[int, Hypothesis]
    ) -> Hypothesis | None:
        """The hypothesis of a candidate with the picks that are left; None where its odds had to be weighed again."""
        if version[i] < self.version:
            version[i] = self.version
            old = built.get(i)
            if old is not None and any(self.window.used[k] for k in old.numbers):
                del built[i]
            score, o = self.again(rows[i])
            odds[i] = score if score >= COARSE_SHARE * self.needed else 0.0
            rows[i, 2] = o
            return None
        if i not in built:
            built[i] = self.build(rows[i])
        return built[i]

    def _rivals(self, i: int, h: Hypothesis, rows: Floats, odds: Floats) -> Ints:
        """Candidates that explain much of what the leader does, the most promising first."""
        first = [k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]
        times = np.ascontiguousarray(self.window.data[first, 0])
        near = np.flatnonzero((odds > RIVAL_SHARE * odds[i]) & (np.abs(rows[:, 2] - rows[i, 2]) < RIVAL_S))
        share, extra = np.empty(len(near)), np.empty(len(near))
        s = self.search
        overlap_(
            rows,
            near,
            self.vectors,
            self.radius,
            s.stack,
            self.table.unit,
            times,
            self.window.station[first],
            share,
            extra,
        )
        worth = odds[near] + extra
        chosen = np.flatnonzero(share >= RIVAL_OVERLAP)
        return near[chosen[np.lexsort((near[chosen], -worth[chosen]))]]

    def _best_rival(
        self, i: int, h: Hypothesis, rows: Floats, odds: Floats, version: Ints, built: dict[int, Hypothesis]
    ) -> tuple[int, Hypothesis]:
        """The best located hypothesis among the leader and those of the same minutes that may beat it."""
        near = self._rivals(i, h, rows, odds)
        field: list[tuple[int, Hypothesis]] = [(i, h)]
        room = [RIVALS, RIVALS]
        for j in near.tolist():
            fine = int(self.cells[int(rows[j, 1]), 3] < 180.0)
            if j == i or room[fine] == 0:
                continue
            r = self._current(j, rows, odds, version, built)
            if r is None and odds[j] > 0.0:
                r = self._current(j, rows, odds, version, built)
            if r is not None and not r.reason and r.score > self.needed - BOUND:
                field.append((j, r))
                room[fine] -= 1
        top = max(r.score for _, r in field)
        for _, r in field:
            if r.score > min(top - 2.0 * BOUND, self.needed):
                self.locate(r)
        field.sort(
            key=lambda f: (
                bool(f[1].reason) or f[1].located is None,
                -f[1].worth,
                f[1].x[3],
                f[1].x[0],
                f[1].x[1],
            )
        )
        i, best = self._parts(field)
        if best.reason or best.located is None or len(self.table.sites) > SPARSE_NET:
            return i, best
        h = self.shaken(Hypothesis(x=best.x, numbers=best.numbers, waves=best.waves, values=best.values, score=sum(best.values)))
        if h.numbers == best.numbers:
            return i, best
        self.locate(h)
        return (i, h) if not h.reason and h.worth > best.worth else (i, best)

    def _parts(self, field: list[tuple[int, Hypothesis]]) -> tuple[int, Hypothesis]:
        """The best located hypothesis, or the best of those without a common pick that together beat it.

        Every event is one more bet: each costs what an event needs.
        """
        top = field[0][1]
        parts: list[tuple[int, Hypothesis]] = []
        taken: set[int] = set()
        for i, r in field[1:]:
            if r.reason or r.located is None or taken & set(r.numbers):
                continue
            parts.append((i, r))
            taken.update(r.numbers)
        if len(parts) > 1 and sum(r.score - self.needed for _, r in parts) > top.score - self.needed:
            return parts[0]
        return field[0]


def _four(x: Floats) -> tuple[float, float, float, float]:
    return float(x[0]), float(x[1]), float(x[2]), float(x[3])
