"""A second shot at the place of the first, tens of seconds behind it, is an event of its own and no reflection above the first."""

import random

import pytest

from testban import associate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
WHERE = (178.0, -20.0)
MODEL = travel.load()


def sites():
    rnd = random.Random(11)
    out = []
    for i in range(26):
        lon, lat = destination_(*WHERE, 137.5 * i, 32.0 + rnd.uniform(0.0, 60.0))
        out.append(Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat))
    return out


def shot(where, after_s, seed, number, phase="P1", depth=0.0):
    """Picks of one shot: an error of the path that both shots have alike, and one of the reading."""
    path, reading, out = random.Random(seed), random.Random(100 * seed + number), []
    for s in where:
        t = float(MODEL.predict(phase, depth, delaz_(*WHERE, s.longitude, s.latitude)[0])[0])
        t += after_s + path.gauss(0.0, 0.7) + reading.gauss(0.0, 0.25)
        out.append(
            Pick(
                pick_id=f"{s.key}-{number}", station_key=s.key, time_ns=T0 + round(t * 1e9), phase_hint="P",
                time_sigma_s=0.3,
            )
        )  # fmt: skip
    return out


@pytest.mark.parametrize("delay", [30.0, 60.0, 94.0, 168.0])
def test_two_shots_at_one_place_are_two_events(delay):
    where = sites()
    for seed in (1, 2):
        picks = shot(where[:16], 0.0, seed, 1) + shot(where[:16], delay, seed, 2)
        events = associate.associate(picks, where).events
        assert [round((e.origin.time_ns - T0) / 1e9 / delay) for e in events] == [0, 1]
        assert all(e.origin.depth_fixed for e in events)


def test_three_shots_are_three():
    where = sites()
    picks = [p for n, t in enumerate((0.0, 40.0, 95.0)) for p in shot(where[:16], t, 3, n)]
    assert len(associate.associate(picks, where).events) == 3


@pytest.mark.parametrize("depth", [110.0, 250.0, 500.0])
def test_p_and_its_reflection_at_the_same_stations_are_one_deep_event(depth):
    where = sites()
    for seed in (1, 2):
        picks = shot(where[:16], 0.0, seed, 1, depth=depth) + shot(where[:16], 0.0, seed, 2, "pP", depth)
        (event,) = associate.associate(picks, where).events
        assert abs(event.origin.depth_km - depth) < 15.0
