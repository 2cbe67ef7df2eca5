"""Hypotheses of one window judged: whether picks meet the rule, whether one place explains them, what it is worth.

Rules: what a fit found is located with the full covariance; the likeness of residuals (`coherence`), reflections above
the source (`echo`) and silence (`sight`) add to its score or take from it. Reflections are data of the location where
two of them agree with it.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban import locate
from testban.associate import falloff, lg
from testban.associate.borne import borne
from testban.associate.claims import LG_DEG, Claim
from testban.associate.clumps import apart
from testban.associate.coherence import BOUND, gain
from testban.associate.echo import FAR_DEG, LEAST_STATIONS, NEAR_DEG, REFLECTED, echo_, reflections_
from testban.associate.fitting import Fitting, Hypothesis
from testban.associate.ghosts import explained
from testban.associate.sight import LEAST, MOST
from testban.associate.silence import distance_term
from testban.associate.table import ARRAY_SIGMA, RESOLVED_BACKAZIMUTH
from testban.base.dmath import log_
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.base.records import Ellipse, Origin
from testban.locate import Located
from testban.locate.quality import chi2_two, ellipse

LOG_10 = log_(10.0)
PAIRS = 3  # stations with P and S hold a place from one side, as they hold a depth (`locate.depth_question`)
IDC_WEIGHT = 4.6  # of the reviewed bulletin; not confirmed


class Judging(Fitting):
    """One window: its hypotheses, located and judged."""

    def enough(self, numbers: Sequence[int], waves: Sequence[int], place: tuple[float, float]) -> bool:
        """Whether the picks meet the rule of the settings: stations, arrays, and three picks or two directions.

        Half of the stations and two at least must have P, two of them P that the detector did not call S: what is built of S alone is built of
        coda.
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
        called = {
            int(w.station[k]) for k, wave in zip(numbers, waves, strict=True) if wave == 0 and w.hint[k] != 2
        }
        if len(called) < 2 or 2 * len(first) < len(stations):
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

    def pairs(self, numbers: Sequence[int], waves: Sequence[int]) -> int:
        """Number of stations with P and a pick called S among picks: each says how far away the event is."""
        w = self.window
        first = {int(w.station[k]) for k, wave in zip(numbers, waves, strict=True) if wave == 0}
        return sum(
            bool(wave == 1 and w.hint[k] == 2 and int(w.station[k]) in first)
            for k, wave in zip(numbers, waves, strict=True)
        )

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
        located, before = self._located(h), (h.numbers, h.waves)
        if located is not None and self._at(h, located) and (h.numbers, h.waves) != before:
            located = self._located(h) or located
        if located is not None:
            h.located = located
            h.sighted = self._sighted(h, located)
            h.echoed = self._echoes(h, located)
            h.score += h.echoed + gain(located, self.sites) + self._falloff(h, located.origin)
            h.located = self._deep(h, located)
            self.judge(h, h.located)
            h.open = h.located is located

    def settle(self, h: Hypothesis) -> bool:
        """Ask of a located hypothesis once whether its S are Lg, which is dear; whether it has changed."""
        if not h.open or h.located is None or h.score + h.sighted < self.needed:
            return False
        h.open = False
        found = self._as_lg(h, h.located)
        if found is h.located:
            return False
        h.located, h.reason = found, ""
        self.judge(h, found)
        return True

    def judge(self, h: Hypothesis, located: Located) -> None:
        """What a located hypothesis is worth among rivals; `reason` where it is no event."""
        origin = located.origin
        h.borne = borne(self, h, origin)
        own = _own(origin)
        h.room = log_(max(1.0, own.smajor_km * own.sminor_km))
        away = sorted(a.distance_deg for a in located.arrivals if a.defining)
        if away:
            h.rarity = LOG_10 * distance_term(away[len(away) // 2], origin.depth_km)
        place = (origin.longitude, origin.latitude)
        good = {a.pick_id for a in located.arrivals if a.defining}
        both = [
            (k, v)
            for k, v in zip(h.numbers, h.waves, strict=True)
            if self.table.picks[self.window.number[k]].pick_id in good
        ]
        defining, waves = [k for k, _ in both], [v for _, v in both]
        needed = self.needed
        surrounded = origin.gap_deg <= 180.0
        if not surrounded and self.directed(defining, place) < 2 and self.pairs(defining, waves) < PAIRS:
            needed += self.search.settings.one_sided
        least = h.explains - needed
        if least >= 0.0 and any(self.explained(c, h, self.window.rate) > least for c in self.claims):
            h.reason = "its picks are later phases of a known event"
        elif not self.enough(defining, waves, place):
            h.reason = "fewer stations than an event needs agree with one place"
        elif h.score + h.sighted < needed:
            h.reason = f"score {h.score + h.sighted:.1f} below {needed:.1f}"
        elif own.smajor_km > self.search.settings.max_smajor_km:
            h.reason = f"place not resolved: semi-major axis {own.smajor_km:.0f} km"

    def _falloff(self, h: Hypothesis, origin: Origin) -> float:
        """What it takes from a score that stations near by missed what those farther off saw; see `falloff`."""
        w, t = self.window, self.table
        saw, counts = np.zeros(len(t.sites), dtype=np.int64), np.empty((2, falloff.N_BINS))
        saw[w.station[[k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]]] = 1
        falloff.counts_(
            self.search.model.kernel, int(self.search.first[0]), origin.longitude, origin.latitude, origin.depth_km,
            (origin.time_ns - w.reference_ns) / 1e9, saw, t.lon, t.lat, self.traits, w.start, w.data, counts,
        )  # fmt: skip
        return falloff.falloff_(counts)

    def explained(self, claim: Claim, h: Hypothesis, rate: NDArray[np.float64]) -> float:
        """What the picks of a hypothesis are worth as later phases of an event, where that is more than what it has to spare."""
        return explained(
            self.search, self.table, self.window, claim, h.numbers, h.x[3], rate, h.explains - self.needed
        )  # fmt: skip

    def _echoes(self, h: Hypothesis, located: Located) -> float:
        """What reflections above the source are worth; `h.deep` takes the depth and origin time that they ask for."""
        w, s, o = self.window, self.search, located.origin
        rows = []
        for k, wave in zip(h.numbers, h.waves, strict=True):
            site = self.table.sites[w.station[k]]
            seen = delaz_(o.longitude, o.latitude, site.longitude, site.latitude)
            if wave == 0 and NEAR_DEG <= seen[0] <= FAR_DEG:
                rows.append((k, seen))
        at = w.station[np.array([r[0] for r in rows], dtype=np.int64)]
        rows = [rows[i] for i in apart(self.table.unit[at])]
        if len(rows) < LEAST_STATIONS:
            return 0.0
        p_rows = np.array([r[0] for r in rows], dtype=np.int64)
        place = np.array([r[1] for r in rows])
        used = np.maximum(w.used, w.hint == 2)  # pP and sP come as P
        depth, worth = echo_(
            s.model.kernel, int(s.first[0]), s.reflected, p_rows, place, w.station, w.start, w.data, used, w.rate,
        )  # fmt: skip
        if worth > 0.0:
            out = np.empty((len(rows), 2), dtype=np.int64)
            n = reflections_(
                s.model.kernel, int(s.first[0]), s.reflected, depth, p_rows, place, w.station, w.start, w.data,
                used, w.rate, out,
            )  # fmt: skip
            own = set(h.numbers)
            h.echoes = tuple((int(k), REFLECTED[int(c)]) for k, c in out[:n] if int(k) not in own)
            late = sorted(
                float(w.data[k, 0]) - float(s.model.predict("P1", depth, at[0])[0]) for k, at in rows
            )
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

    def _as_lg(self, h: Hypothesis, located: Located) -> Located:
        """The location, or the likelier one with its S as Lg, whose picks h takes over; where both may be, its ellipse holds both."""
        w, t, model, o = self.window, self.table, self.search.model, located.origin
        if o.gap_deg <= 180.0:
            return located
        firsts = [k for k, v in zip(h.numbers, h.waves, strict=True) if v == 0]
        sites = [t.sites[w.station[k]] for k in firsts]
        far = any(delaz_(o.longitude, o.latitude, s.longitude, s.latitude)[0] > LG_DEG for s in sites)
        if far or lg.held(located):
            return located
        own = lg.readings(w, firsts)
        best = lg.likeliest(model, w, t, own, self.sites)
        if best is None:
            return located
        share = lg.share(best[0], lg.worth(model, w, t, own, located))
        if share < 0.5:
            return locate.beside(located, best[1], share)
        taken = {a.pick_id for a in best[1].arrivals}
        rows = [k for r in own for k in (r.first, *r.shear) if t.picks[w.number[k]].pick_id in taken]
        value = dict(zip(h.numbers, h.values, strict=True))
        h.numbers, h.waves = rows, [int(k not in firsts) for k in rows]
        h.values = [value.get(k, 0.0) for k in rows]
        return locate.beside(best[1], located, 1.0 - share)

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
        settings = locate.Settings(
            model=self.search.settings.model, search=False, doubted=False, whitened=True
        )
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


def _own(origin: Origin) -> Ellipse:
    """The 90 % ellipse of a place by itself: the published one holds its rivals too, which are hypotheses of their own here."""
    _, (_, ee, en, _), (_, _, nn, _), _ = origin.covariance
    p = origin.ellipse.probability
    return ellipse(ee, en, nn, chi2_two(p), p, "coverage")
