"""Arrays among many single stations: seen by the arrays alone, an event is not diluted by the others."""

import numpy as np

from testban import associate
from testban.base.geo import delaz_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_700_000_000 * 10**9
PLACE = (60.0, 40.0)


def world(n_single: int, seed: int) -> tuple[list[Pick], list[Site]]:
    """Five arrays that see an event at PLACE among n single stations that pick 20 times an hour for other reasons."""
    rng = np.random.default_rng(seed)
    sites, picks = [], []
    for i in range(n_single + 5):
        lon, lat = float(rng.uniform(-180, 180)), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))
        if i < 5:
            lon, lat = PLACE[0] + (-70.0, -30.0, 25.0, 50.0, 75.0)[i], (10.0, 65.0, 15.0, 55.0, -5.0)[i]
        sites.append(Site(key=f"X.S{i:03d}", longitude=lon, latitude=lat, elevation_m=0.0, is_array=i < 5))
        for k in range(20):
            picks.append(pick(sites[-1], T0 + int(rng.uniform(0, 3600)) * 10**9 + k, rng if i < 5 else None))
    model = travel.load()
    for site in sites[:5]:
        d, _, baz = delaz_(*PLACE, site.longitude, site.latitude)
        t, p, _ = model.predict("P1", 0.0, d)
        at = T0 + round((1000.0 + float(t)) * 1e9)
        picks.append(pick(site, at, None, slowness=float(p), backazimuth=baz))
    return picks, sites


def pick(site: Site, at: int, rng: np.random.Generator | None, **vector: float) -> Pick:
    """A pick, with a random direction where a generator is given."""
    if rng is not None:
        vector = {"slowness": float(rng.uniform(4, 20)), "backazimuth": float(rng.uniform(0, 360))}
    return Pick(
        pick_id=f"{site.key}/{at}", station_key=site.key, time_ns=at, time_sigma_s=0.3, phase_hint="P",
        slowness_s_per_deg=vector.get("slowness"), backazimuth_deg=vector.get("backazimuth"),
        slowness_sigma=0.5 if vector else None, backazimuth_sigma=8.0 if vector else None,
    )  # fmt: skip


def test_arrays_alone_find_an_event_among_many_single_stations():
    """Two hundred stations that did not see it take nothing from what five arrays saw, and give it no ghost."""
    for seed in (1, 2):
        picks, sites = world(200, seed)
        events = associate.associate(picks, sites).events
        near = [
            e for e in events
            if delaz_(*PLACE, e.origin.longitude, e.origin.latitude)[0] < 1.5
            and abs(e.origin.time_ns - T0 - 1000 * 10**9) < 20e9
        ]  # fmt: skip
        assert len(near) == 1
        assert sum(a.station_key < "X.S005" for a in near[0].arrivals if a.defining) == 5
        assert len(events) == 1


def test_traits_follow_from_the_picks_of_the_window():
    """A station points where most of its picks measure a direction; nothing is said of one without picks."""
    picks, sites = world(3, 1)
    table = associate.table.Table(picks, sites)
    window = table.window(T0 - 10**12, T0 + 10**13, T0)
    traits = window.traits(len(sites))
    assert [bool(t & associate.odds.POINTS) for t in traits] == [True] * 5 + [False] * 3
    assert not any(t & associate.odds.SHEAR for t in traits)
