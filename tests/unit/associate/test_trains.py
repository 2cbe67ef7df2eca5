"""P at some stations and pP at others are one deep event; two shocks that near stations saw are two."""

import random

import pytest

from testban import associate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
WHERE = (178.0, -20.0)
MODEL = travel.load()


def sites(nearest_deg):
    rnd = random.Random(11)
    out = []
    for i in range(26):
        lon, lat = destination_(*WHERE, 137.5 * i, nearest_deg + rnd.uniform(0.0, 92.0 - nearest_deg))
        out.append(Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat))
    return out


def train(where, phase, depth, after_s, seed):
    rnd, out = random.Random(seed), []
    for s in where:
        delta = delaz_(*WHERE, s.longitude, s.latitude)[0]
        t = after_s + float(MODEL.predict(phase, depth, delta)[0]) + rnd.gauss(0.0, 0.7)
        out.append(
            Pick(
                pick_id=f"{s.key}{phase}{seed}", station_key=s.key, time_ns=T0 + round(t * 1e9), phase_hint="P",
                time_sigma_s=0.4,
            )
        )  # fmt: skip
    return out


def noise(where, seed):
    rnd = random.Random(seed)
    return [
        Pick(
            pick_id=f"{s.key}-{i}", station_key=s.key, time_ns=T0 + round(rnd.uniform(-1800.0, 3600.0) * 1e9),
            phase_hint="P", time_sigma_s=0.4,
        )
        for s in where
        for i in range(rnd.randrange(4))
    ]  # fmt: skip


@pytest.mark.parametrize(("depth", "n_p"), [(400.0, 8), (200.0, 9)])
def test_trains_of_p_and_of_its_reflection_are_one_deep_event(depth, n_p):
    where = sites(32.0)
    for seed in (1, 2):
        picks = train(where[:n_p], "P1", depth, 0.0, seed) + train(
            where[n_p - 1 : 20], "pP", depth, 0.0, seed
        )
        (event,) = associate.associate(picks + noise(where, seed), where).events
        assert abs(event.origin.depth_km - depth) < 30.0
        assert delaz_(event.origin.longitude, event.origin.latitude, *WHERE)[0] < 2.0
        assert sum(a.phase == "pP" for a in event.arrivals) >= 6


def test_two_shocks_that_near_stations_saw_are_two():
    where = sites(4.0)
    assert sum(delaz_(*WHERE, s.longitude, s.latitude)[0] < 20.0 for s in where) >= 4
    for seed in (1, 2):
        picks = train(where[:16], "P1", 10.0, 0.0, seed) + train(where[10:], "P1", 10.0, 90.0, seed + 10)
        events = associate.associate(picks + noise(where, seed), where).events
        assert sorted(round((e.origin.time_ns - T0) / 9e10) for e in events) == [0, 1]
