"""Rates of picks for other reasons: the P of an event is no burst before its own S."""

import numpy as np

from testban import associate
from testban.associate.table import Table
from testban.base.geo import destination_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_600_000_000_000_000_000
PLACE = (20.0, 45.0)


def network(n):
    """Stations around PLACE at 0.6 to 1.6 deg."""
    out = []
    for i in range(n):
        lon, lat = destination_(*PLACE, 360.0 * i / n, 0.6 + i / n)
        out.append(Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat))
    return out


def readings(sites, called="S"):
    """P and S of an event at PLACE at every station."""
    model, out = travel.load("ak135"), []
    for i, s in enumerate(sites):
        delta = 0.6 + i / len(sites)
        for phase, name in (("P1", "P"), ("S1", called)):
            t = float(model.predict(phase, 0.0, delta)[0])
            out.append(
                Pick(
                    pick_id=f"{phase}{i}",
                    station_key=s.key,
                    time_ns=T0 + round(t * 1e9),
                    phase_hint=name,
                    time_sigma_s=0.3,
                )
            )
    return out


def strays(sites, every_s):
    """One pick at each station in so many seconds, apart from each other, over two hours."""
    return [
        Pick(
            pick_id=f"x{i}.{k}",
            station_key=s.key,
            time_ns=T0 + round((k * every_s + 131.0 * i - 3600.0) * 1e9),
            phase_hint="P",
        )
        for i, s in enumerate(sites)
        for k in range(int(7200 / every_s))
    ]


def test_bursts_raise_the_first_row_alone():
    sites = network(4)
    table = Table(readings(sites) + strays(sites, 900.0), sites)
    w = table.window(T0 - 10**13, T0 + 10**13, T0)
    late = w.hint == 2
    assert np.all(w.rate[late] >= 0.5 / 60.0)
    assert np.all(w.behind[late] < 0.003)
    assert np.all(w.behind <= w.rate)


def test_s_behind_its_own_p_is_worth_what_the_coda_leaves():
    sites = network(5)
    score = {}
    for called in ("S", "P"):
        found = associate.associate(readings(sites, called) + strays(sites, 600.0), sites)
        score[called] = max((e.score or 0.0 for e in found.events), default=0.0)
        if called == "S":
            assert len(found.events) == 1
    assert score["S"] > score["P"] + 18.0  # 16 with S rated as a burst
