"""Reflections above a deep source belong to it: they give its depth and are no event of their own."""

import random

import numpy as np
import pytest

from testban import associate
from testban.associate.echo import echo_
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
TRUTH = (178.0, -20.0)


def sites():
    rnd = random.Random(6)
    out = []
    for i in range(9):
        lon, lat = destination_(*TRUTH, 40.0 * i + rnd.uniform(0.0, 20.0), rnd.uniform(32.0, 85.0))
        out.append(Site(key=f"XX.S{i}", longitude=lon, latitude=lat))
    return out


def record(where, depth, phases, seed):
    rnd, model, out = random.Random(seed), travel.load(), []
    for s in where:
        d, _, _ = delaz_(*TRUTH, s.longitude, s.latitude)
        for phase in phases:
            t = float(model.predict(phase, depth, d)[0]) + rnd.gauss(0.0, 0.4)
            out.append(
                Pick(
                    pick_id=f"{s.key}{phase}", station_key=s.key, time_ns=T0 + round(t * 1e9), phase_hint="P",
                    time_sigma_s=0.3,
                )
            )  # fmt: skip
    return out


def echo(where, picks, rate=4.0 / 3600.0):
    """Best depth and its worth for the P of every station; rate: of other picks, 1/s."""
    model, table = travel.load(), Table(picks, where)
    w = table.window(T0 - 10**12, T0 + 4 * 10**12, T0)
    rows = [int(w.start[s]) for s in range(len(where)) if w.start[s + 1] > w.start[s]]
    place = [delaz_(*TRUTH, table.lon[w.station[k]], table.lat[w.station[k]]) for k in rows]
    return echo_(
        model.kernel, model.index("P1"), np.array([model.index("pP"), model.index("sP")]), np.array(rows),
        np.array(place), w.station, w.start, w.data, w.used,
        np.full(len(w.number), rate),
    )  # fmt: skip


@pytest.mark.parametrize("depth", [60.0, 110.0, 330.0, 560.0])
def test_reflections_give_the_depth(depth):
    where = sites()
    found, worth = echo(where, record(where, depth, ("P1", "pP", "sP"), 3))
    assert abs(found - depth) < 12.0
    assert worth > 10.0


def test_a_few_of_either_reflection_are_enough():
    where = sites()
    picks = (
        record(where, 330.0, ("P1",), 4)
        + record(where[:2], 330.0, ("pP",), 5)
        + record(where[2:4], 330.0, ("sP",), 6)
    )
    found, worth = echo(where, picks)
    assert abs(found - 330.0) < 20.0
    assert worth > 3.0


def test_no_picks_no_depth():
    where = sites()
    assert echo(where, record(where, 330.0, ("P1",), 3)) == (0.0, 0.0)


def test_later_picks_at_random_are_no_reflections():
    where, taken = sites(), 0
    for seed in range(60):
        rnd = random.Random(seed)
        picks = record(where, 30.0, ("P1",), seed)
        for s in where[:3]:
            late = next(p for p in picks if p.station_key == s.key).time_ns + round(
                rnd.uniform(5.0, 180.0) * 1e9
            )
            picks.append(Pick(pick_id=f"{s.key}n", station_key=s.key, time_ns=late, time_sigma_s=0.3))
        taken += echo(where, picks, 1.0 / 175.0)[1] > 0.0
    assert taken <= 9


@pytest.mark.parametrize("depth", [110.0, 330.0])
def test_the_event_is_as_deep_as_its_reflections_say(depth):
    """One event whose depth is free, although no near station holds it; pP at a station without P is no ghost."""
    # P at more stations than pP: which of two equal trains is the first, times alone do not say
    where = sites()
    picks = record(where[:-1], depth, ("P1",), 4) + record(where[3:], depth, ("pP",), 5)
    (event,) = associate.associate(picks, where).events
    assert not event.origin.depth_fixed
    assert abs(event.origin.depth_km - depth) < 20.0
    assert sum(a.phase == "pP" and a.defining for a in event.arrivals) >= 4
