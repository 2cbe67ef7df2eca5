"""In a sequence a pick that is a later phase of one event may be the P of another, and belongs to one of them in the end."""

import random

import msgspec
import numpy as np

from testban.associate.associator import Session, once
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
PLACE = (12.5, 43.8)


def sites():
    out = []
    for i in range(16):
        lon, lat = destination_(*PLACE, 22.5 * i, 0.15 + 0.05 * i)
        out.append(Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat))
    return out


def recording():
    """Ten shocks within 8 km, P at twelve stations of each, S at six and there another pick behind it."""
    rnd, model, picks = random.Random(1), travel.load(), []
    for n in range(10):
        place = destination_(*PLACE, rnd.uniform(0.0, 360.0), rnd.uniform(0.0, 0.07))
        for i, s in enumerate(rnd.sample(sites(), 12)):
            delta = delaz_(*place, s.longitude, s.latitude)[0]
            for phase, behind in (("P1", 0.0), ("S1", 0.0), ("S1", 2.2))[: 3 if i < 6 else 1]:
                t = 60.0 * n + float(model.predict(phase, 8.0, delta)[0]) + behind + rnd.gauss(0.0, 0.1)
                picks.append(
                    Pick(
                        pick_id=f"{n}-{s.key}-{phase}-{behind}", station_key=s.key, time_ns=T0 + round(t * 1e9),
                        time_sigma_s=0.1,
                    )
                )  # fmt: skip
    return picks


def worked():
    """A session with its events, and a contest of its window for what is left."""
    session = Session(Table(recording(), sites()), Settings())
    number = session.last_window(T0)
    session.work(number)
    assert len(session.claims) >= 8
    return session, session.contest(session.window(number))


def test_picks_of_later_phases_are_free_where_stations_are_busy_and_own_picks_are_not():
    session, contest = worked()
    own = {n for c in session.claims for n in c.numbers[: c.n_own]}
    later = {n for c in session.claims for n in c.later}
    assert len(later) >= 20

    def used():
        return {int(n) for n in contest.window.number[contest.window.used == 1]}

    assert own | later <= used()
    rate = contest.window.rate.copy()
    contest.busy = True
    contest.rerate()
    assert own <= used()
    assert not later & used()
    assert np.array_equal(contest.window.rate, rate)  # free or not, what is explained is no false alarm


def test_what_one_event_absorbed_another_does_not():
    """An event at the same place and time finds nothing left of what the first one explains."""
    session, contest = worked()
    contest.busy = True
    contest.rerate()
    claim = next(c for c in session.claims if len(c.later) >= 3)
    again = msgspec.structs.replace(claim, numbers=claim.numbers[: claim.n_own], n_own=0)
    assert not contest.absorb(again)


def test_a_pick_that_an_event_rests_on_is_no_later_phase_of_another():
    session, _ = worked()
    a, b = session.events[:2]
    first = next(x for x in a.arrivals if x.defining)
    theirs = msgspec.structs.replace(first, defining=False, phase="Lg")
    kept, cleared = once([a, msgspec.structs.replace(b, arrivals=(*b.arrivals, theirs))])
    assert kept == a
    assert cleared == b
