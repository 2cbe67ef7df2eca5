"""A detector's S may be Lg: where a few stations on one side picked it, the event lies where all of it agrees, or its ellipse holds both places."""

import math
import random

import pytest

from testban import associate, locate
from testban.associate import lg
from testban.base.geo import KM_PER_DEG, delaz_, destination_, offset_km_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_045_946_464_000_000_000
WHERE = (6.6, 48.3)
MODEL = travel.load()


def network(n):
    """Stations of one side, 2.2 to 4.6 degrees off."""
    places = [
        destination_(*WHERE, 25.0 + 70.0 * i / (n - 1), 2.2 + 2.4 * ((2 * i) % n) / (n - 1)) for i in range(n)
    ]
    return [Site(key=f"XX.S{i}", longitude=lon, latitude=lat) for i, (lon, lat) in enumerate(places)]


def picks_of(where, seed, shear, depth=8.0):
    """P and one S a station: Lg of 3.47 km/s, or first S."""
    rnd, out = random.Random(seed), []
    for s in where:
        delta = delaz_(*WHERE, s.longitude, s.latitude)[0]
        late = delta * KM_PER_DEG / 3.47 if shear == "Lg" else float(MODEL.predict("S1", depth, delta)[0])
        for hint, t, sigma in (("P", float(MODEL.predict("P1", depth, delta)[0]), 0.3), ("S", late, 1.5)):
            out.append(
                Pick(
                    pick_id=f"{s.key}-{hint}", station_key=s.key, time_ns=T0 + round((t + rnd.gauss(0.0, sigma)) * 1e9),
                    phase_hint=hint, phase_hint_probability=0.8, time_sigma_s=sigma,
                )
            )  # fmt: skip
    return out


def off(origin):
    """Distance (km) from the truth, and whether the ellipse holds it."""
    east, north = offset_km_(origin.longitude, origin.latitude, *WHERE)
    e = origin.ellipse
    a = math.radians(e.strike_deg)
    along, across = east * math.sin(a) + north * math.cos(a), east * math.cos(a) - north * math.sin(a)
    return math.hypot(east, north), (along / e.smajor_km) ** 2 + (across / e.sminor_km) ** 2 <= 1.0


@pytest.mark.parametrize("shear", ["Lg", "S1"])
@pytest.mark.parametrize("n", [3, 4, 6])
def test_one_side_is_told_where_the_event_is(n, shear):
    where = network(n)
    found = [associate.associate(picks_of(where, seed, shear), where).events for seed in range(8)]
    assert all(len(events) == 1 for events in found)
    rows = [off(events[0].origin) for events in found]
    assert sum(held for _, held in rows) >= 7
    assert sorted(km for km, _ in rows)[len(rows) // 2] < 30.0


def test_its_s_are_called_lg_and_each_pick_is_there_once():
    where = network(5)
    (event,) = associate.associate(picks_of(where, 1, "Lg"), where).events
    assert {a.phase for a in event.arrivals if a.pick_id.endswith("S")} == {"Lg"}
    assert len({a.pick_id for a in event.arrivals}) == len(event.arrivals) == 10


def test_order_does_not_matter():
    where = network(4)
    picks = picks_of(where, 2, "Lg")
    assert associate.associate(picks[::-1], where[::-1]).events == associate.associate(picks, where).events


def test_lg_has_no_time_from_below_the_crust():
    assert float(MODEL.predict("Lg", 40.0, 4.0)[0]) == pytest.approx(4.0 * KM_PER_DEG / 3.5, abs=0.1)
    assert math.isnan(float(MODEL.predict("Lg", 60.0, 4.0)[0]))


def test_the_ellipse_holds_another_likely_place_and_not_an_unlikely_one():
    where = network(5)
    picks = [(p, p.phase_hint) for p in picks_of(where, 3, "Lg")]
    sites = {s.key: s for s in where}
    trusted = locate.Settings(search=False, doubted=False)
    here = locate.locate(picks, sites, trusted, (*WHERE, 0.0, T0))
    o = here.origin
    lon, lat = destination_(o.longitude, o.latitude, 250.0, 1.5)
    start = (lon, lat, 0.0, o.time_ns)
    there = locate.locate([r for r in picks if r[1] == "P"][:3], sites, trusted, start)
    assert lg.share(-3.0, -3.0) == 0.5
    assert lg.share(-30.0, -3.0) < 1e-9
    drawn = locate.beside(here, there, 0.4).origin
    apart = offset_km_(o.longitude, o.latitude, there.origin.longitude, there.origin.latitude)
    assert math.hypot(*apart) > o.ellipse.smajor_km
    assert drawn.ellipse.smajor_km > math.hypot(*apart)
    assert (drawn.longitude, drawn.latitude, drawn.time_ns) == (o.longitude, o.latitude, o.time_ns)
    assert locate.beside(here, there, 1e-4) == here


def test_only_what_would_win_is_asked(monkeypatch):
    asked, likeliest = [], lg.likeliest
    monkeypatch.setattr(lg, "likeliest", lambda *a: asked.append(a) or likeliest(*a))
    where = network(6)
    assert len(associate.associate(picks_of(where, 1, "Lg"), where).events) == 1
    assert 1 <= len(asked) <= 2
