"""Hypotheses of one window compete for its picks.

Rules: candidates of the scan are taken in the order of their odds, weighed again with the picks that are left, refined
and fitted (`fitting`); the best of those that share its time is located (`judging`) and accepted, takes its picks and
raises the rates of what it explains; ties are broken by time and place, so that the order of the input does not
matter. The log-likelihood ratio that an event needs follows from the number of hypotheses tried and the false events
allowed (`trials`). The likelihoods are of NET-VISA's kind (Arora, Russell & Sudderth 2013, BSSA 103, 709-729),
written anew.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from testban.associate import drift, pairs, twins
from testban.associate.candidates import COARSE_SHARE
from testban.associate.claims import Claim
from testban.associate.clumps import chord, nearest_, networks
from testban.associate.coherence import BOUND
from testban.associate.fitting import SAME_DEG, Hypothesis, alike
from testban.associate.retrial import Retrial
from testban.associate.search import overlap_
from testban.base.geo import KM_PER_DEG, delaz_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIVAL_SHARE = 0.3  # of the leader's odds: a rival with less is not fitted before the leader is accepted
RIVAL_OVERLAP = 0.25  # of the leader's P that a rival must explain
RIVAL_S = 1300.0
CHANCE = 30.0  # what locating a rival can add to its worth: the area of the largest ellipse, and the rest
HOLLOW_S, HOLLOW_SHARE = 3.0, 0.9
HELD_KM, HELD_SCORE = (
    20.0,
    2.0,
)  # a place held so well by so many times the needed score has no better hollow near by
PAIR_S, PAIR_DEG = 3.0, 0.3  # uncertainty of the origin and the place that a pair gives
PAIR_SHARE = 0.6  # of the needed score that a fit from a pair must have
ROUNDS = 2  # of rivals: those of the leader, and those of the one that beats it
NETWORK_RIVALS = 3  # near each network of stations that a leader has P of: a distant one may be made of several local events
NETWORK_DEG, NEAR_DEG = 5.0, 3.0  # stations of one network, and how near a cell is to one
RIVALS = 6  # of the coarse cells, and as many of the fine: many coarse ones see the same plane wave


class Contest(Retrial):
    """One window: its candidates and the events that win."""

    def run(
        self,
        rows: Floats,
        accepted: Callable[[Hypothesis], Claim | None],
        discarded: Callable[[Hypothesis], None],
        withdrawn: Callable[[Claim], None],
    ) -> int:
        """Accept hypotheses, best first, until none is good enough; returns how many.

        An event of this window that a later winner explains better as its own later phases is withdrawn.
        """
        odds = rows[:, 0].copy() if len(rows) else np.zeros(0)
        version, curve = np.full(len(rows), self.version), self.curves_of(rows)
        built: dict[int, Hypothesis] = {}
        lost: set[Hypothesis] = set()
        self.alike.clear()
        n = 0

        def drop(h: Hypothesis) -> None:
            if h not in lost:
                lost.add(h)
                discarded(h)

        while len(odds):
            i, anew = self.leader(rows, curve, odds, version)
            self._forget(built, anew.tolist())
            if i < 0:
                break
            h = built[i] = built.get(i) or self.build(rows[i])
            if h.reason or h.score < self.needed - BOUND:
                odds[i] = 0.0
                h.reason = h.reason or f"score {h.score:.1f} below {self.needed:.1f}"
                drop(h)
                continue
            i, h = self._best_rival(i, h, rows, curve, odds, version, built)
            odds[i] = 0.0
            if h.reason or h.located is None:
                drop(h)
                continue
            taken = self._settled(h, accepted, withdrawn)
            if taken is None:
                continue
            self.take(taken)
            self.version += 1
            self.alike.clear()
            n += 1
        return n

    def paired(self, rows: Floats) -> Floats:
        """Rows of candidates and those that pairs of P and S at one array lead to, which join the cells."""
        found: list[tuple[float, float, float, float]] = []
        for lon, lat, o in pairs.places(self.window, self.table, self.search.curves[0]):
            x = np.array([lon, lat, 0.0, o])
            m, score = self.fit(x, PAIR_S, 7)
            if m >= 3 and score >= PAIR_SHARE * self.needed:
                found.append((score, float(x[0]), float(x[1]), float(x[3])))
        return self._joined(rows, found)

    def twinned(self, rows: Floats) -> Floats:
        """Rows of candidates and second events at the places of those that have won, which join the cells."""
        found: list[tuple[float, float, float, float]] = []
        w, s = self.window, self.search
        for _, h in self.won:
            p_rows = np.array([k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0], dtype=np.int64)
            sites = [self.table.sites[w.station[k]] for k in p_rows]
            away = np.array([delaz_(h.x[0], h.x[1], x.longitude, x.latitude) for x in sites]).reshape(-1, 3)
            worth, delay = twins.twin_(
                s.model.kernel, int(s.first[0]), p_rows, away, w.station, w.start, w.data, w.used, w.rate, twins.SEEN,
                twins.LEAST_S, twins.MOST_S,
            )  # fmt: skip
            if worth < PAIR_SHARE * self.needed:
                continue
            m, score = self.fit(x := np.array([h.x[0], h.x[1], h.x[2], h.x[3] + delay]), PAIR_S, 7)
            if m >= 3 and score >= PAIR_SHARE * self.needed:
                number = len(self.cells) + len(found)
                self.tight[number], self.held[number] = s.tight[0], h.x[2]
                found.append((score, float(x[0]), float(x[1]), float(x[3])))
        return self._joined(rows, found)

    def _joined(self, rows: Floats, found: list[tuple[float, float, float, float]]) -> Floats:
        """Rows of candidates with more of them: score, longitude, latitude, origin time, each a small cell of its own."""
        if not found:
            return rows
        more = np.zeros((len(found), 5))
        more[:, 0], more[:, 2] = [f[0] for f in found], [f[3] for f in found]
        more[:, 1] = len(self.cells) + np.arange(len(found))
        more[:, 3] = PAIR_S
        cells = np.array([(lon, lat, PAIR_DEG, 180.0) for _, lon, lat, _ in found])
        self.cells = np.concatenate([self.cells, cells])
        self.vectors = np.concatenate([self.vectors, drift.still(cells)])
        self.radius = np.ascontiguousarray(self.cells[:, 2])
        return self._thinned(np.concatenate([rows, more]))

    def _settled(
        self,
        h: Hypothesis,
        accepted: Callable[[Hypothesis], Claim | None],
        withdrawn: Callable[[Claim], None],
    ) -> Claim | None:
        """The claim of a winner, which takes the picks of events back that are better explained as phases of its own."""
        for won in tuple(self.won):
            one = self.one(h, *won)
            if one is not None:
                self.won.remove(won)
                withdrawn(won[0])
                h = one
        taken = accepted(h)
        if taken is not None:
            self.won.append((taken, h))
        return taken

    def _forget(self, built: dict[int, Hypothesis], some: list[int]) -> None:
        """Leave out hypotheses of some candidates of which an event has taken a pick."""
        for i in some:
            if i in built and any(self.window.used[k] for k in built[i].numbers):
                del built[i]

    def _current(
        self, i: int, rows: Floats, curve: Ints, odds: Floats, version: Ints, built: dict[int, Hypothesis]
    ) -> Hypothesis | None:
        """The hypothesis of a candidate with the picks that are left; None where they give none."""
        if version[i] < self.version:
            version[i] = self.version
            self._forget(built, [i])
            score, o = self.again(rows[i], int(curve[i]))
            odds[i] = score if score >= COARSE_SHARE * self.needed else 0.0
            rows[i, 2] = o
            if odds[i] <= 0.0:
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
        self, i: int, h: Hypothesis, rows: Floats, curve: Ints, odds: Floats, version: Ints, built: dict[int, Hypothesis],
    ) -> tuple[int, Hypothesis]:  # fmt: skip
        """The best located hypothesis among the leader and those of the same minutes that may beat it.

        A rival that beats it has to stand against its own rivals: its other picks may be those of a second event.
        """
        field: list[tuple[int, Hypothesis]] = [(i, h)]
        for _ in range(ROUNDS):
            field += self._challengers(i, h, rows, curve, odds, version, built)
            field = self._located_field(_apart(field))
            last = i
            i, h = self._winner(field)
            if i == last or h.reason or h.located is None:
                break
        return i, self._anew(h)

    def _winner(self, field: list[tuple[int, Hypothesis]]) -> tuple[int, Hypothesis]:
        """The best of a located field once it is settled, which may make another one the best.

        So is what is worth more and does not stand: with its S as Lg it may.
        """
        while True:
            field.sort(
                key=lambda f: (
                    bool(f[1].reason) or f[1].located is None, -f[1].worth, f[1].x[3], f[1].x[0], f[1].x[1]
                )
            )  # fmt: skip
            i, best = self._parts(field)
            dear = [h for _, h in field if h.reason and (best.reason or h.worth > best.worth)]
            changed = [self.settle(h) for h in (best, *dear)]
            if not any(changed):
                return i, best

    def _challengers(
        self, i: int, h: Hypothesis, rows: Floats, curve: Ints, odds: Floats, version: Ints, built: dict[int, Hypothesis],
    ) -> list[tuple[int, Hypothesis]]:  # fmt: skip
        """Rivals of a hypothesis: of coarse cells, of fine ones, and by each network whose picks it holds of cells near by."""
        near = self._rivals(i, h, rows, odds)
        out: list[tuple[int, Hypothesis]] = []
        if not len(near):
            return out
        kind, own = self._kinds(h, rows[near, 1].astype(np.int64))
        room = dict.fromkeys(range(int(np.max(own, initial=1)) + 1), NETWORK_RIVALS) | {0: RIVALS, 1: RIVALS}
        for j, general, local in zip(near.tolist(), kind.tolist(), own.tolist(), strict=True):
            which = local if local and room[local] else general
            if j == i or room[which] == 0:
                continue
            r = self._current(j, rows, curve, odds, version, built)
            if r is not None and not r.reason and r.score > self.needed - BOUND:
                out.append((j, r))
                room[which] -= 1
        return out

    def _kinds(self, h: Hypothesis, cells: Ints) -> tuple[Ints, Ints]:
        """Of each cell whether it is fine (1), and 2 and more for those near a network of which a hypothesis has P enough for an event, else 0."""
        w = self.window
        first = [k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]
        unit = self.table.unit[w.station[first]]
        which = np.empty(len(cells), dtype=np.int64)
        nearest_(self.vectors, cells, unit, chord(NEAR_DEG), which)
        network = networks(unit, NETWORK_DEG)
        enough = np.bincount(network, minlength=1)[network] >= self.search.settings.min_stations
        own = np.where((which >= 0) & enough[which], 2 + network[which], 0)
        return (self.cells[cells, 3] < 180.0).astype(np.int64), own

    def _located_field(self, field: list[tuple[int, Hypothesis]]) -> list[tuple[int, Hypothesis]]:
        """The field, best fit first, located; without those that the first one, once located, leaves no chance, alone or as a part."""
        top = field[0][1]
        least = min(top.score - 2.0 * BOUND, self.needed)
        fits = [r for _, r in field if r.score > least]
        parts = self._disjoint(_partners(fits))
        if sum(r.score - self.needed for r in parts) <= top.score - self.needed - CHANCE:
            parts = []
        self.locate(top)
        out = field[:1]
        for i, r in field[1:]:
            hopeless = self.search.plane and r.score < top.worth - top.borne - CHANCE and r not in parts
            if top.located is not None and not top.reason and (hopeless or _same_hollow(r, top)):
                continue
            if r.score > least:
                self.locate(r)
            out.append((i, r))
        return out

    @staticmethod
    def _disjoint(fits: list[Hypothesis]) -> list[Hypothesis]:
        """Fits without a common pick, the best first."""
        taken: set[int] = set()
        out: list[Hypothesis] = []
        for r in fits:
            if not taken & set(r.numbers):
                taken.update(r.numbers)
                out.append(r)
        return out

    def _anew(self, best: Hypothesis) -> Hypothesis:
        """A winner, or what it becomes where a fit from around it leads to other picks that are worth more."""
        if best.reason or best.located is None:
            return best
        o = best.located.origin
        if o.gap_deg < 180.0 and o.ellipse.smajor_km < HELD_KM and best.score > HELD_SCORE * self.needed:
            return best
        h = self.shaken(
            Hypothesis(
                x=best.x, numbers=best.numbers, waves=best.waves, values=best.values, score=best.fitted, fitted=best.fitted,
            )
        )  # fmt: skip
        if h.numbers == best.numbers:
            return best
        self.locate(h)
        self.settle(h)
        return h if not h.reason and h.worth > best.worth else best

    def _parts(self, field: list[tuple[int, Hypothesis]]) -> tuple[int, Hypothesis]:
        """The best located hypothesis, or the best of those that share picks with it and none with each other and together beat it.

        Every event is one more bet: each costs what an event needs, in which the number of places is.
        """
        top = field[0][1]
        own = set(top.numbers)
        parts: list[tuple[int, Hypothesis]] = []
        taken: set[int] = set()
        for i, r in field[1:]:
            if not _partner(r, own):
                continue
            if r.reason or r.located is None or taken & set(r.numbers):
                continue
            parts.append((i, r))
            taken.update(r.numbers)
        together = sum(r.likelihood - self.needed for _, r in parts)
        if len(parts) > 1 and together > top.likelihood - self.needed:
            return parts[0]
        return field[0]


def _apart(field: list[tuple[int, Hypothesis]]) -> list[tuple[int, Hypothesis]]:
    """Without hypotheses that are alike but for rounding: neighbouring cells often lead to one and the same fit."""
    kept: list[tuple[int, Hypothesis]] = []
    for i, r in sorted(field, key=lambda f: -f[1].score):
        if not any(alike(r, k) for _, k in kept):
            kept.append((i, r))
    return kept


def _partner(r: Hypothesis, own: set[int]) -> bool:
    """Whether a hypothesis may be a part of one with picks `own`: with none of them it is another event's, with nearly all the same once more."""
    return 0 < len(own & set(r.numbers)) < HOLLOW_SHARE * len(own)


def _partners(fits: list[Hypothesis]) -> list[Hypothesis]:
    own = set(fits[0].numbers)
    return [r for r in fits[1:] if _partner(r, own)]


def _same_hollow(r: Hypothesis, top: Hypothesis) -> bool:
    """Whether a fit lies where a better one, by nearly the same picks, has been located: it would lead there too."""
    if top.located is None:
        return False
    o = top.located.origin
    reach = max(SAME_DEG, o.ellipse.smajor_km / KM_PER_DEG)
    return (
        abs(r.x[3] - top.x[3]) < HOLLOW_S
        and delaz_(r.x[0], r.x[1], o.longitude, o.latitude)[0] < reach
        and len(set(r.numbers) & set(top.numbers)) >= HOLLOW_SHARE * len(r.numbers)
    )
