"""Which picks belong to one event, near or far, by the odds of an event against chance.

Rules: hypotheses come from back-projection (`scan`), are refined by `locate`, and are taken in the order of their
votes; a pick belongs to one event at most. The score of an event is the natural logarithm of the odds against chance:

  sum over its P and S of log(hit x N(residual; sigma) / rate of picks at that station)
  + sum over silent stations of log(1 - probability that they should have seen it)      (only where up-time is known)
  + log(prior density of events x volume of the location's uncertainty)

so that a busy station counts less, a tight fit more, and a far-fetched place must be paid for by more stations
(the form of NET-VISA's odds: Arora, Russell & Sudderth 2013, BSSA 103, 709, reduced to what a pick table holds). Picks
in the coda of an event that was taken count little for another. Everything is ordered by time and name, so the order of
the input does not matter.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban import locate
from testban.associate import scan
from testban.associate.settings import Settings
from testban.associate.silence import expected_stations
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.base.records import Arrival, Event, NoiseHour, Pick, Site
from testban.earth import travel

F64 = NDArray[np.float64]
EARTH_KM2 = 5.1e8
BLOCK_S = 3600.0
CODA_FACTOR = 20.0  # a pick in the coda of a known event is that much likelier by chance
FAILURES = 60  # hypotheses of one block that may fail in a row before the block is done


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis that was looked at and not taken."""

    time_ns: int
    longitude: float
    latitude: float
    votes: float
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Events by time, and hypotheses that were not taken."""

    events: tuple[Event, ...]
    discarded: tuple[Discarded, ...] = ()


class _Pool:
    """The picks in order, with what is known about each: whose it is, how likely by chance, whether it is taken."""

    def __init__(self, picks: Sequence[Pick], sites: Mapping[str, Site]) -> None:
        usable = [p for p in picks if p.station_key in sites]
        self.picks = sorted(usable, key=lambda p: (p.time_ns, p.station_key, p.pick_id))
        self.keys = sorted({p.station_key for p in self.picks})
        self.sites = sites
        number = {k: i for i, k in enumerate(self.keys)}
        self.reference = self.picks[0].time_ns if self.picks else 0
        self.time = np.array([(p.time_ns - self.reference) * 1e-9 for p in self.picks])
        self.station = np.array([number[p.station_key] for p in self.picks], np.int64)
        self.alive = np.ones(len(self.picks), bool)
        self.coda = np.ones(len(self.picks))
        self.place = np.array([[sites[k].longitude, sites[k].latitude] for k in self.keys]).reshape(-1, 2)
        self.rate = np.array([self._rate(k) for k in self.keys])
        self.by_station = [np.flatnonzero(self.station == i) for i in range(len(self.keys))]

    def _rate(self, key: str) -> float:
        """Picks per second at a station, shrunk towards two an hour where little was recorded."""
        own = [p for p in self.picks if p.station_key == key]
        up = self.sites[key].up
        span = sum(s.duration_s for s in up) if up else (self.picks[-1].time_ns - self.picks[0].time_ns) * 1e-9
        return (len(own) + 2.0) / (span + 3600.0)

    def weights(self, hit: float) -> F64:
        """What each pick adds to a vote, at a window of about ten seconds."""
        out = np.zeros(len(self.picks))
        for i in range(len(self.picks)):
            if self.alive[i] and self.picks[i].phase_hint != "S":
                odds = hit / (20.0 * self.rate[self.station[i]] * self.coda[i])
                out[i] = max(0.2, math.log(odds)) if odds > 0 else 0.2
        return out


def associate(
    picks: Sequence[Pick],
    sites: Sequence[Site],
    settings: Settings | None = None,
    noise: Sequence[NoiseHour] = (),
) -> Result:
    """Events from picks. Sites without picks matter only where their up-time is known (silence).

    Raises InputError for sites of one name at two places.
    """
    s = settings or Settings()
    known: dict[str, Site] = {}
    for site in sites:
        if known.setdefault(site.key, site) != site:
            raise InputError(f"expected one place for each station, got two for {site.key}; give them different names")
    pool = _Pool(picks, known)
    if len(pool.keys) < s.min_stations:
        return Result(events=())
    search = _Search(pool, s, noise)
    search.run()
    events = sorted(search.events, key=lambda e: (e.origin.time_ns, e.origin.longitude, e.origin.latitude))
    return Result(events=tuple(events), discarded=tuple(search.discarded))


class _Search:
    """The search over blocks of origin time."""

    def __init__(self, pool: _Pool, s: Settings, noise: Sequence[NoiseHour]) -> None:
        self.pool, self.s, self.noise = pool, s, noise
        self.tables = travel.load(s.model)
        self.where = scan.nodes(s.spacing_deg)
        self.times: list[F64] = []
        self.slow: list[F64] = []
        for depth in s.depths_km:
            t = np.empty((len(self.where), len(pool.keys)))
            p = np.empty_like(t)
            scan.times_(self.tables.kernel, self.tables.index("P1"), depth, self.where, pool.place, t, p)
            self.times.append(t)
            self.slow.append(p)
        self.events: list[Event] = []
        self.discarded: list[Discarded] = []

    def run(self) -> None:
        """All blocks of origin time, first to last; a block again after each event that it gives."""
        first = float(self.pool.time[0]) - 1300.0
        last = float(self.pool.time[-1])
        blocks = max(1, math.ceil((last - first) / BLOCK_S))
        for b in range(blocks):
            self._block(first + b * BLOCK_S, first + (b + 1) * BLOCK_S)

    def _block(self, low: float, high: float) -> None:
        n = len(self.where)
        best = np.zeros((len(self.s.depths_km), n))
        when = np.zeros_like(best)
        rows = np.arange(n)
        refused = np.zeros_like(best, dtype=bool)
        self._vote(best, when, rows, low, high)
        least = 2.0 * self.s.min_stations
        failures = 0
        while failures < FAILURES:
            score = np.where(refused, 0.0, best)
            at = int(np.argmax(score))
            d, i = divmod(at, n)
            votes, time = float(score[d, i]), float(when[d, i])
            if votes < least:
                return
            event, reason = self._try(d, i, time)
            if event is not None:
                self.events.append(event)
                self._claim(event)
                refused[:] = False
                failures = 0
                self._vote(best, when, rows, low, high)
                continue
            failures += 1
            self.discarded.append(
                Discarded(
                    time_ns=self.pool.reference + round(time * 1e9), longitude=float(self.where[i, 0]),
                    latitude=float(self.where[i, 1]), votes=votes, reason=reason,
                )
            )  # fmt: skip
            near = np.abs(when - time) < 20.0
            apart = _apart(self.where, self.where[i]) < 2.5 * self.s.spacing_deg
            refused |= near & apart[None, :]

    def _vote(self, best: F64, when: F64, rows: NDArray[np.int64], low: float, high: float) -> None:
        lo, hi = np.searchsorted(self.pool.time, [low - 40.0, high + 1400.0])
        weight = self.pool.weights(self.s.hit)[lo:hi]
        keep = np.flatnonzero(weight > 0) + lo
        for d in range(len(self.s.depths_km)):
            scan.vote_(
                self.times[d], self.slow[d], 0.75 * self.s.spacing_deg, 2.5, self.pool.time[keep],
                self.pool.station[keep], weight[keep - lo], low, high, best[d], when[d], rows,
            )  # fmt: skip

    def _try(self, d: int, i: int, time: float) -> tuple[Event | None, str]:
        """Refine one hypothesis; an event, or why not."""
        depth = self.s.depths_km[d]
        lon, lat, time = self._sharpen(float(self.where[i, 0]), float(self.where[i, 1]), depth, time)
        chosen = self._choose(lon, lat, depth, time, 6.0)
        located: locate.Located | None = None
        for _ in range(5):
            if len(chosen) < 3:
                return None, "fewer than three picks agree"
            try:
                located = locate.locate(
                    [(self.pool.picks[q], phase) for q, phase in chosen],
                    self.pool.sites,
                    locate.Settings(model=self.s.model),
                    start=(lon, lat, depth),
                )
            except InputError as exc:
                return None, str(exc)
            o = located.origin
            again = self._choose(o.longitude, o.latitude, o.depth_km, (o.time_ns - self.pool.reference) * 1e-9, 0.0)
            if again == chosen:
                break
            lon, lat, depth, chosen = o.longitude, o.latitude, o.depth_km, again
        if located is None:
            return None, "not located"
        return self._weigh(located)

    def _sharpen(self, lon: float, lat: float, depth: float, time: float) -> tuple[float, float, float]:
        """The best place near a node, on finer and finer grids."""
        weight = self.pool.weights(self.s.hit)
        lo, hi = np.searchsorted(self.pool.time, [time - 60.0, time + 1500.0])
        keep = np.flatnonzero(weight[lo:hi] > 0) + lo
        for radius, spacing, base in ((self.s.spacing_deg, 0.3, 3.0), (0.4, 0.1, 2.0)):
            where = scan.cap(lon, lat, radius, spacing)
            t = np.empty((len(where), len(self.pool.keys)))
            p = np.empty_like(t)
            scan.times_(self.tables.kernel, self.tables.index("P1"), depth, where, self.pool.place, t, p)
            best, when = np.zeros(len(where)), np.zeros(len(where))
            scan.vote_(
                t, p, 0.75 * spacing, base, self.pool.time[keep], self.pool.station[keep], weight[keep],
                time - 25.0, time + 25.0, best, when, np.arange(len(where)),
            )  # fmt: skip
            top = int(np.argmax(best))
            if best[top] > 0.0:
                lon, lat, time = float(where[top, 0]), float(where[top, 1]), float(when[top])
        return lon, lat, time

    def _choose(self, lon: float, lat: float, depth: float, time: float, slack: float) -> list[tuple[int, str]]:
        """For each station the pick nearest to its first P, and nearest to its first S where it is hinted as one."""
        out: list[tuple[int, str]] = []
        for j in range(len(self.pool.keys)):
            delta = delaz_(lon, lat, self.pool.place[j, 0], self.pool.place[j, 1])[0]
            found = self._nearest(j, "P1", delta, depth, time, slack)
            if found is not None:
                out.append((found, "P1"))
            other = self._nearest(j, "S1", delta, depth, time, slack) if delta < 20.0 else None
            if other is not None and other != found:
                out.append((other, "S1"))
        return out

    def _nearest(self, j: int, phase: str, delta: float, depth: float, time: float, slack: float) -> int | None:
        t, _, _ = self.tables.predict(phase, depth, delta)
        if not math.isfinite(t):
            return None
        sigma = locate.model_sigma(phase == "S1", delta)
        best, least = None, math.inf
        mine = self.pool.by_station[j]
        lo, hi = np.searchsorted(self.pool.time[mine], [time + t - 40.0, time + t + 40.0])
        for q in mine[lo:hi]:
            if not self.pool.alive[q]:
                continue
            pick = self.pool.picks[q]
            if (phase == "S1") != (pick.phase_hint == "S") and pick.phase_hint:
                continue
            r = abs(float(self.pool.time[q]) - time - t)
            limit = self.s.tolerance * math.sqrt(sigma**2 + pick.time_sigma_s**2) + slack
            if r < limit and r < least:
                best, least = int(q), r
        return best

    def _weigh(self, located: locate.Located) -> tuple[Event | None, str]:
        """The odds of a located hypothesis; an event where they suffice and the rule is met."""
        o = located.origin
        number = {k: i for i, k in enumerate(self.pool.keys)}
        place = {p.pick_id: q for q, p in enumerate(self.pool.picks)}
        total, stations = 0.0, 0
        arrivals: list[Arrival] = []
        for a in located.arrivals:
            if not a.defining or a.residual_s is None:
                continue
            rate = self.pool.rate[number[a.station_key]] * self.pool.coda[place[a.pick_id]]
            z = a.residual_s / a.time_sigma_s
            density = math.exp(-0.5 * z * z) / (2.5066282746 * a.time_sigma_s)
            is_p = locate.wave_type(a.phase) == "P"
            gain = math.log((self.s.hit if is_p else 0.3) * density / rate)
            gain += self._direction(a)
            total += gain
            stations += (2 if self.pool.sites[a.station_key].is_array and a.slowness_defining else 1) if is_p else 0
            arrivals.append(msgspec.structs.replace(a, score=round(gain, 3)))
        if stations < self.s.min_stations:
            return None, f"{stations} stations define it, {self.s.min_stations} are needed"
        expected = expected_stations(o, arrivals, self.pool.picks, self.pool.sites, self.noise)
        silence = sum(math.log(1.0 - min(0.99, e.probability)) for e in expected if e.status == "not-seen")
        c = np.array(o.covariance)[:3, :3]
        det = (
            c[0, 0] * (c[1, 1] * c[2, 2] - c[1, 2] * c[2, 1])
            - c[0, 1] * (c[1, 0] * c[2, 2] - c[1, 2] * c[2, 0])
            + c[0, 2] * (c[1, 0] * c[2, 1] - c[1, 1] * c[2, 0])
        )
        volume = min(EARTH_KM2 * 60.0, 15.7496 * math.sqrt(max(1e-12, float(det))))
        prior = math.log(self.s.events_per_hour / 3600.0 / EARTH_KM2 * volume)
        score = total + silence + prior
        if score < self.s.min_score:
            return None, f"odds too low: picks {total:.1f}, silence {silence:.1f}, chance {prior:.1f}"
        return Event(event_id="", origin=o, arrivals=tuple(arrivals), expected=expected, score=round(score, 3)), ""

    def _direction(self, a: Arrival) -> float:
        """What slowness and back-azimuth of an array add: their density against a uniform one."""
        pick = next(p for p in self.pool.picks if p.pick_id == a.pick_id)
        gain = 0.0
        if a.backazimuth_residual is not None and pick.backazimuth_sigma:
            z = a.backazimuth_residual / max(3.0, pick.backazimuth_sigma)
            gain += math.log(0.01 + 360.0 * math.exp(-0.5 * z * z) / (2.5066 * max(3.0, pick.backazimuth_sigma)))
        if a.slowness_residual is not None and pick.slowness_sigma:
            z = a.slowness_residual / max(0.5, pick.slowness_sigma)
            gain += math.log(0.01 + 20.0 * math.exp(-0.5 * z * z) / (2.5066 * max(0.5, pick.slowness_sigma)))
        return gain

    def _claim(self, event: Event) -> None:
        """Take the event's picks out, and discount what follows them at its stations."""
        o = event.origin
        time = (o.time_ns - self.pool.reference) * 1e-9
        taken = {a.pick_id for a in event.arrivals}
        for q, p in enumerate(self.pool.picks):
            if p.pick_id in taken:
                self.pool.alive[q] = False
        for j in range(len(self.pool.keys)):
            delta = delaz_(o.longitude, o.latitude, self.pool.place[j, 0], self.pool.place[j, 1])[0]
            p1, s1 = (float(self.tables.predict(ph, o.depth_km, delta)[0]) for ph in ("P1", "S1"))
            if not math.isfinite(p1):
                continue
            end = p1 + max(60.0, 2.2 * (s1 - p1)) if delta < 20.0 and math.isfinite(s1) else p1 + 150.0
            mine = self.pool.by_station[j]
            t = self.pool.time[mine] - time
            self.pool.coda[mine[(t > p1 - 4.0) & (t < end)]] *= CODA_FACTOR
            if delta >= 20.0 and math.isfinite(s1):
                self.pool.coda[mine[np.abs(t - s1) < 20.0]] *= CODA_FACTOR


def _apart(where: F64, centre: F64) -> F64:
    """Rough distance in degrees of nodes from one of them."""
    dlat = where[:, 1] - centre[1]
    dlon = (where[:, 0] - centre[0] + 180.0) % 360.0 - 180.0
    out: F64 = np.sqrt(dlat**2 + (dlon * math.cos(math.radians(float(centre[1])))) ** 2)
    return out
