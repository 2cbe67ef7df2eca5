"""Which arrivals belong to one event.

Rules: origin time is cut into windows on an absolute raster; a window is worked on with the picks that can touch it and
with what earlier windows accepted, so that work grows with time and picks alone and a stream gives what a batch gives.
Origins a little beyond a window's end compete for its picks but are decided in the next window. Inside a window see
`scan`, `refine`, `collect` and `contest`.
"""

from collections.abc import Sequence

import msgspec

from testban.associate.claims import LATER, Claim, claim_of
from testban.associate.contest import Contest
from testban.associate.fitting import Hypothesis
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.sight import Sight
from testban.associate.silence import expected
from testban.associate.table import Table, Window
from testban.base.geo import delaz_
from testban.base.records import Arrival, Event, NoiseHour, Origin, Pick, Site

MAX_TRAVEL_S = 1300.0  # the last first P (antipode, PKPdf) arrives before this
GUARD_S = 600.0  # origins beyond a window's end that compete with those inside
BACK_S = 60.0  # before its start: an origin that moved over the boundary
RATE_S = 1800.0  # rates look this far before and after a pick
CODA_S = 4000.0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event stands: what each pick adds to its score, and the score it needed."""

    event_id: str
    score: float
    needed: float
    picks: tuple[tuple[str, str, float], ...]


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis that did not become an event, and why."""

    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    score: float
    reason: str
    pick_ids: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Located events by time, the reasons, the better of the discarded hypotheses, and picks without a place."""

    events: tuple[Event, ...]
    discarded: tuple[Discarded, ...]
    explanations: tuple[Explanation, ...] = ()
    n_without_coordinates: int = 0


class Session:
    """The association of one table, window by window."""

    def __init__(
        self, table: Table, settings: Settings, noise: Sequence[NoiseHour] = (), search: Search | None = None
    ) -> None:
        self.table, self.settings, self.noise = table, settings, noise
        self.search = search or Search(table, settings)
        self.sight = Sight(noise, self.search.model) if noise else None
        self.claims: list[Claim] = []
        self.events: list[Event] = []
        self.explanations: list[Explanation] = []
        self.discarded: list[Discarded] = []

    def first_window(self, time_ns: int) -> int:
        """Number of the first window with origins that a pick at a time may belong to."""
        return int((time_ns - round(MAX_TRAVEL_S * 1e9)) // (self.settings.window_s * 10**9))

    def last_window(self, time_ns: int) -> int:
        """Number of the last such window."""
        return int(time_ns // (self.settings.window_s * 10**9))

    def window(self, number: int) -> Window:
        """The picks that can touch the origins of one window."""
        step = self.settings.window_s
        begin_ns = number * step * 10**9
        back, ahead = BACK_S + RATE_S, step + GUARD_S + MAX_TRAVEL_S + RATE_S
        return self.table.window(begin_ns - round(back * 1e9), begin_ns + round(ahead * 1e9), begin_ns)

    def contest(self, window: Window) -> Contest:
        """The hypotheses of a window with picks, after what earlier windows accepted."""
        least = window.reference_ns - round((CODA_S + BACK_S + RATE_S) * 1e9)
        recent = [c for c in self.claims if c.time_ns > least]
        return Contest(self.search, self.table, window, recent, self.sight)

    def work(self, number: int) -> None:
        """Form the events with origins in one window."""
        step, window = self.settings.window_s, self.window(number)
        if not len(window.number):
            return
        begin_ns, contest = window.reference_ns, self.contest(window)
        losers: list[Hypothesis] = []
        o_start = max(-BACK_S, window.active[0][0] - MAX_TRAVEL_S)
        o_end = min(step + GUARD_S, window.active[-1][1])
        around: list[tuple[float, float]] | None = None
        won: list[tuple[float, float]] = []

        def accepted(h: Hypothesis) -> Claim | None:
            claim = self._accept(contest, h, begin_ns)
            if claim is not None:
                won.append((claim.longitude, claim.latitude))
            return claim

        for _ in range(self.settings.passes):
            won.clear()
            rows = contest.twinned(contest.paired(contest.candidates(o_start, o_end, around)))
            if not contest.run(rows, accepted, losers.append, self._withdraw):
                break
            around = list(won)
            contest.rerate()
        for _ in range(self.settings.sequence_passes):
            contest.rerate()
            if not contest.run(contest.sequence(), accepted, losers.append, self._withdraw):
                break
        self._discard(contest, losers, begin_ns)

    def _accept(self, contest: Contest, h: Hypothesis, begin_ns: int) -> Claim | None:
        """Make the event of a hypothesis, unless another window decides about it."""
        located = h.located
        if located is None:
            return None
        origin, w, t = located.origin, contest.window, self.table
        numbers = [int(w.number[k]) for k in h.numbers]
        claim = claim_of(origin, numbers)
        taken = {a.pick_id for a in located.arrivals}
        echoes = [n for n in (int(w.number[k]) for k, _ in h.echoes) if t.picks[n].pick_id in taken]
        claim = msgspec.structs.replace(claim, numbers=(*numbers, *echoes))
        if h.deep is not None and not echoes:  # a depth that the locator did not believe still explains picks
            claim = msgspec.structs.replace(claim, depth_km=h.deep[0], time_ns=h.deep[1])
        if origin.time_ns < begin_ns - round(BACK_S * 1e9):
            return None
        if origin.time_ns >= begin_ns + self.settings.window_s * 10**9:
            return claim
        late = contest.absorb(claim)
        claim = msgspec.structs.replace(
            claim, numbers=(*claim.numbers, *(int(w.number[k]) for k, _, _ in late))
        )
        event_id = f"{origin.time_ns}-{origin.longitude:.4f}-{origin.latitude:.4f}"
        value = {t.picks[k].pick_id: v for k, v in zip(numbers, h.values, strict=True)}
        first = tuple(msgspec.structs.replace(a, score=value.get(a.pick_id)) for a in located.arrivals)
        later = tuple(self._later(origin, int(w.number[k]), LATER[c][0], r) for k, c, r in late)
        arrivals = (*first, *sorted(later, key=lambda a: (a.time_ns, a.pick_id)))
        self.claims.append(claim)
        self.explanations.append(
            Explanation(
                event_id=event_id,
                score=h.score + h.sighted,
                needed=contest.needed,
                picks=tuple((a.pick_id, a.phase, a.score or 0.0) for a in first),
            )
        )
        seen = expected(origin, arrivals, t.picks, t.sites, self.noise, self.search.model)
        self.events.append(
            Event(
                event_id=event_id, origin=origin, arrivals=arrivals, expected=seen, score=h.score + h.sighted
            )
        )
        return claim

    def _withdraw(self, claim: Claim) -> None:
        """Take an event back that turned out to be made of the later phases of another one."""
        if claim in self.claims:  # those that the next window decides are not in it
            i = self.claims.index(claim)
            del self.claims[i], self.events[i], self.explanations[i]

    def _later(self, origin: Origin, number: int, phase: str, residual: float) -> Arrival:
        """A pick that a later phase of an event explains: it takes no part in the location."""
        pick, site = self.table.picks[number], self.table.sites[self.table.station[number]]
        delta, azimuth, baz = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
        return Arrival(
            pick_id=pick.pick_id,
            station_key=pick.station_key,
            phase=phase,
            time_ns=pick.time_ns,
            distance_deg=delta,
            azimuth_deg=azimuth,
            backazimuth_deg=baz,
            residual_s=residual,
            time_sigma_s=pick.time_sigma_s,
            defining=False,
            weight=0.0,
        )

    def _discard(self, contest: Contest, losers: list[Hypothesis], begin_ns: int) -> None:
        room = self.settings.keep_discarded - len(self.discarded)
        losers.sort(key=lambda h: (-h.score, h.x[3], h.x[0], h.x[1]))
        for h in losers[: max(0, room)]:
            self.discarded.append(
                Discarded(
                    time_ns=begin_ns + round(h.x[3] * 1e9),
                    longitude=h.x[0],
                    latitude=h.x[1],
                    depth_km=h.x[2],
                    score=h.score + h.sighted,
                    reason=h.reason,
                    pick_ids=tuple(self.table.picks[contest.window.number[k]].pick_id for k in h.numbers),
                )
            )

    def result(self) -> Result:
        """What was formed so far."""
        events = sorted(self.events, key=lambda e: (e.origin.time_ns, e.origin.longitude, e.origin.latitude))
        return Result(
            events=tuple(events),
            discarded=tuple(self.discarded),
            explanations=tuple(sorted(self.explanations, key=lambda e: e.event_id)),
            n_without_coordinates=self.table.n_unknown,
        )


def associate(
    picks: Sequence[Pick],
    sites: Sequence[Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    noise: Sequence[NoiseHour] = (),
) -> Result:
    """Form and locate events from the picks of stations and arrays, in any order.

    Picks at stations that `sites` lacks are counted and left out. noise (with the sites' up-time) makes silence
    count; without it silence says nothing. Raises nothing for an empty list: no picks, no events.
    """
    table = Table(picks, sites)
    if not table.picks:
        return Result(events=(), discarded=(), n_without_coordinates=table.n_unknown)
    session = Session(table, settings, noise)
    done: set[int] = set()
    times = sorted(table.time_ns.tolist())
    numbers = [n for t in times for n in (session.first_window(t), session.last_window(t))]
    for number in sorted(numbers):
        if number not in done:
            done.add(number)
            session.work(number)
    return session.result()


__all__ = ["Discarded", "Explanation", "Result", "Session", "associate"]
