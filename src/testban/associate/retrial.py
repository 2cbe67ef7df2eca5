"""Two events of one window that may be one: later phases of the other, or reflections above it.

Rules: what is found first takes its picks, so that the order would decide. A winner that could explain a good part of an
earlier winner's picks (`ghosts`) is fitted anew with these picks free, and what is left of them counts as its later phases. Where
two stand at one place within minutes, they may be the trains of P and pP of a deep event, seen by different stations: the
first is fitted at the depths that the delay asks for, and the picks of the second count as pP or sP. Two of few distant picks may
both be made of one event's, each with a few wrong ones: from around the later winner a place for both is sought. One explanation stands
where it is worth more than two, each of which costs what an event needs.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.associate import echo, twins
from testban.associate.claims import REFLECTED_LAST_S, Claim, claim_of
from testban.associate.coherence import gain
from testban.associate.echo import FAR_DEG, LEAST_STATIONS, NEAR_DEG, REFLECTED
from testban.associate.fitting import Hypothesis
from testban.associate.ghosts import explained, fits, sigma_
from testban.associate.judging import Judging
from testban.associate.odds import zone_gain_
from testban.associate.twins import PRICE
from testban.base import dmath
from testban.base.dmath import log_
from testban.base.geo import delaz_
from testban.locate import Located

Floats = NDArray[np.float64]

SUSPECT = 0.3  # of an event's picks that a later winner must explain to be tried against it
JOINT_S = 4.0  # uncertainty of the origin from which both together are fitted
ABOVE_DEG = 5.0  # so near each other two events may be trains of one
FEW_EACH = 12  # picks of events that may have gone astray by a few wrong ones
ASTRAY_DEG = 20.0
DELAY_S = 3.0  # within which a depth must explain the delay of the second
NEARLY_ALL = 0.8  # of the second's picks that must be reflections
DEPTHS_KM = tuple(20.0 + 10.0 * i for i in range(68))
DEPTH_COST = log_(60.0)  # of depths that delays tell apart, as in `echo`


class Retrial(Judging):
    """One window: whether two of its events are one."""

    def one(self, h: Hypothesis, claim: Claim, other: Hypothesis) -> Hypothesis | None:
        """The event that a winner and an earlier one make together; nothing where the two are worth more."""
        if h.located is None:
            return None
        apart, _, _ = delaz_(h.x[0], h.x[1], other.x[0], other.x[1])
        if apart < ABOVE_DEG and abs(other.x[3] - h.x[3]) < REFLECTED_LAST_S:
            first, second = (h, other) if h.x[3] < other.x[3] else (other, h)
            depths = self._depths(first, second)
            deep = (
                self._tried(h, claim, other, lambda: self._deepened(first, second, depths))
                if depths
                else None
            )
            if deep is not None:
                return deep
        if self._suspect(h, h.located, other) or self._astray(h, other):
            return self._tried(h, claim, other, lambda: self._joint(h, other))
        return None

    def _astray(self, h: Hypothesis, other: Hypothesis) -> bool:
        """Whether two events of few distant picks are so near each other that either may be made of some of one's picks."""
        few = max(len(h.numbers), len(other.numbers)) <= FEW_EACH
        near = abs(other.x[3] - h.x[3]) < REFLECTED_LAST_S
        if not few or not near or delaz_(h.x[0], h.x[1], other.x[0], other.x[1])[0] > ASTRAY_DEG:
            return False
        return all(_middle(np.array(self._away(x, x.numbers))) >= NEAR_DEG for x in (h, other))

    def _away(self, h: Hypothesis, rows: Sequence[int]) -> list[float]:
        """Distances (deg) of the stations of some picks from a hypothesis."""
        sites = [self.table.sites[self.window.station[k]] for k in rows]
        return [delaz_(h.x[0], h.x[1], s.longitude, s.latitude)[0] for s in sites]

    def _tried(
        self,
        h: Hypothesis,
        claim: Claim,
        other: Hypothesis,
        joint: Callable[[], tuple[Hypothesis, float] | None],
    ) -> Hypothesis | None:
        """What two become with the earlier one's picks free, where that is worth more; otherwise all is as before."""
        w = self.window
        before = list(self.claims), w.used.copy(), w.rate, w.behind, self.value
        self.give_back(claim)
        found = joint()
        if found is not None and found[1] > h.explains + other.explains - self.needed:
            return found[0]
        self.claims, w.used, w.rate, w.behind, self.value = before
        self.shots = None
        return None

    def _claim(self, h: Hypothesis, located: Located) -> Claim:
        return claim_of(located.origin, [int(self.window.number[k]) for k in h.numbers])

    def _suspect(self, h: Hypothesis, located: Located, other: Hypothesis) -> bool:
        """Whether a good part of an event's picks come when phases of a winner do."""
        claim = self._claim(h, located)
        residual, _ = fits(
            self.search, self.table, self.window, claim, other.numbers, other.x[3], self.window.rate
        )
        return int(np.sum((residual == residual).any(axis=1))) >= SUSPECT * len(residual)

    def _joint(self, h: Hypothesis, other: Hypothesis) -> tuple[Hypothesis, float] | None:
        """A winner fitted anew with the picks of an event that may be none, and what it explains of both."""
        m, score = self.fit(x := np.array(h.x), JOINT_S, 9)
        joint = self._keep(x, m, score)
        if m <= FEW_EACH:
            joint = self.shaken(joint)
        self.locate(joint)
        if joint.located is None or joint.reason:
            return None
        own = set(joint.numbers)
        left = [k for k in other.numbers if k not in own]
        claim = self._claim(joint, joint.located)
        later = explained(
            self.search, self.table, self.window, claim, left, other.x[3], self.window.rate, 0.0
        )
        return joint, joint.explains + later

    def _deepened(
        self, first: Hypothesis, second: Hypothesis, depths: Sequence[tuple[float, float]]
    ) -> tuple[Hypothesis, float] | None:
        """A deep event with the P of the first and the reflections of the second, and what it explains of both."""
        best: tuple[Hypothesis, float] | None = None
        for depth, o in depths:
            m, score = self.fit(x := np.array([first.x[0], first.x[1], depth, o]), JOINT_S, 9)
            deep = self._keep(x, m, score)
            if m >= 2 and self._reflecting(deep, first, second) and (best is None or deep.explains > best[1]):
                best = deep, deep.explains
        return best

    def _misfits(self, h: Hypothesis, phase: str, depth: float, o: float) -> Floats:
        """How late the P picks of a hypothesis are for a phase from a depth below its place at an origin time (s)."""
        w = self.window
        rows = [k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]
        deltas = np.array(self._away(h, rows))
        times = self.search.model.predict(phase, np.full(len(deltas), depth), deltas)[0]
        late: Floats = w.data[rows, 0] - o - times
        return late

    def _depths(self, first: Hypothesis, second: Hypothesis) -> list[tuple[float, float]]:
        """Depth (km) and origin time of the first, at which the second's picks are pP, and at which they are sP.

        None where stations too near for reflections have picks of the second.
        """
        found: list[tuple[float, float]] = []
        away = self._away(first, second.numbers)
        if sum(NEAR_DEG <= d <= FAR_DEG for d in away) < NEARLY_ALL * len(away):
            return found
        for phase in REFLECTED:
            best = DELAY_S, (0.0, 0.0)
            for depth in DEPTHS_KM:
                o = first.x[3] + _middle(self._misfits(first, "P1", depth, first.x[3]))
                late = abs(_middle(self._misfits(second, phase, depth, o)))
                best = min(best, (late, (depth, o)))
            if best[0] < DELAY_S:
                found.append(best[1])
        return found

    def _reflecting(self, deep: Hypothesis, first: Hypothesis, second: Hypothesis) -> bool:
        """Whether the picks of a second event are reflections above a deep one, which is then located with them.

        Not where P of a second event at the same place, by one delay after the first, explains them better.
        """
        w, t = self.window, self.table
        rows = [k for k, v in zip(second.numbers, second.waves, strict=True) if v == 0]
        residuals = np.array(
            [
                self._misfits(msgspec.structs.replace(second, x=deep.x), p, deep.x[2], deep.x[3])
                for p in REFLECTED
            ]
        )
        which = np.argmin(np.where(np.isnan(residuals), np.inf, np.abs(residuals)), axis=0)
        chosen = residuals[which, np.arange(len(rows))]
        sigma = sigma_(second.x[3] - first.x[3])
        value = -0.5 * (chosen / sigma) ** 2 - dmath.log(2.5066 * sigma * w.rate[rows]) - log_(2.0)
        good = (np.abs(chosen) < 3.0 * sigma) & (value > 0.0)
        if int(np.sum(good)) < max(LEAST_STATIONS, NEARLY_ALL * len(second.numbers)):
            return False
        if self._twins(deep, first, second) > PRICE:
            return False
        heard = [s for i, s in enumerate(t.sites) if w.start[i] < w.start[i + 1]]
        seeing = [s for s in heard if NEAR_DEG <= delaz_(*deep.x[:2], s.longitude, s.latitude)[0] <= FAR_DEG]
        n = float(np.sum(good))
        deep.echoed = zone_gain_(float(np.sum(value[good])), n, max(n, float(len(seeing)))) - DEPTH_COST
        deep.echoes = tuple((rows[i], REFLECTED[which[i]]) for i in np.flatnonzero(good).tolist())
        deep.deep = deep.x[2], w.reference_ns + round(deep.x[3] * 1e9)
        located = self._located(deep, deep.deep, deep.echoes)
        if (
            located is None
            or sum(a.defining and a.phase in REFLECTED for a in located.arrivals) < LEAST_STATIONS
        ):
            return False
        deep.located = located
        deep.score = deep.explains + gain(located, self.sites)
        self.judge(deep, located)
        return not deep.reason

    def _twins(self, deep: Hypothesis, first: Hypothesis, second: Hypothesis) -> float:
        """Log-likelihood ratio of one delay for all stations against reflections above the deep event, at stations with P of both."""
        w = self.window
        firsts = {int(w.station[k]): k for k, v in zip(first.numbers, first.waves, strict=True) if v == 0}
        pairs = [
            (firsts[int(w.station[k])], k)
            for k, v in zip(second.numbers, second.waves, strict=True)
            if v == 0 and int(w.station[k]) in firsts
        ]
        if len(pairs) < LEAST_STATIONS:
            return 0.0
        p, q = np.array(pairs).T
        delay, errors = w.data[q, 0] - w.data[p, 0], w.data[p, 1] ** 2 + w.data[q, 1] ** 2
        sites = [self.table.sites[w.station[k]] for k in q]
        place = np.array([delaz_(deep.x[0], deep.x[1], s.longitude, s.latitude) for s in sites])
        deltas, depth = place[:, 0], np.full(len(p), deep.x[2])
        predict = self.search.model.predict
        direct, slowness, *_ = predict("P1", depth, deltas)
        variance, one = twins.SIGMA_S**2 + errors, np.empty(len(p))
        step = twins.aligned_(delay, variance, slowness, np.ascontiguousarray(place[:, 1]), one)
        late = np.array([delay - predict(phase, depth, deltas)[0] + direct for phase in REFLECTED])
        late = np.min(np.where(np.isnan(late), np.inf, np.abs(late)), axis=0)
        return float(
            np.sum(
                _likelihood(np.abs(one), variance)
                - _likelihood(late, echo.SIGMA_S**2 + (echo.SIGMA_SHARE * delay) ** 2 + errors)
            )
            - step
        )


def _likelihood(late: Floats, variance: Floats) -> Floats:
    """Log of a normal density; beyond four sigma all are alike."""
    u = np.minimum(late / np.sqrt(variance), 4.0)
    out: Floats = -0.5 * u * u - 0.5 * dmath.log(variance)
    return out


def _middle(x: Floats) -> float:
    """Median of the numbers among x; far off where there are none."""
    x = np.sort(x[x == x])
    return float(x[len(x) // 2]) if len(x) else 1e9
