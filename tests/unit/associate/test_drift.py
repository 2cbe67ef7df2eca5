"""Cells by what a network tells apart: every place, resolved; and events seen as plane waves found from afar."""

import numpy as np

from testban import associate
from testban.associate import drift, odds
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import delaz_, destination_, distance_km_, unit_vector_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
CENTRE = (12.0, 44.0)


def network(n=24, widest=4.0):
    places = [destination_(*CENTRE, 137.5 * i, widest * np.sqrt((i + 0.5) / n)) for i in range(n)]
    return [Site(key=f"XX.S{i:02d}", longitude=x, latitude=y) for i, (x, y) in enumerate(places)]


def units(sites):
    return np.array([unit_vector_(s.longitude, s.latitude) for s in sites])


def curve():
    return odds.curve(travel.load(), 0.0, (0.5, 0.3), 25.0)


def times(place, sites):
    d = np.array([delaz_(*place, s.longitude, s.latitude)[0] for s in sites])
    return travel.load().predict("P1", np.zeros(len(d)), d)[0]


def test_drift_is_how_times_change_with_place():
    """The drift and what is left of each station's change, beside differences of travel times half a degree apart."""
    sites, c = network(), curve()
    u = units(sites)
    for place in ((30.0, 60.0), (12.5, 37.0), (-60.0, 10.0)):
        out = drift.places(np.array([[*place, 1.0, 180.0]]), c, u)[0]
        for azimuth in (20.0, 110.0):
            a, b = (destination_(*place, azimuth + turn, 0.25) for turn in (180.0, 0.0))
            change = (times(b, sites) - times(a, sites)) / 0.5
            step = (np.array(unit_vector_(*b)) - np.array(unit_vector_(*a))) / np.radians(0.5)
            common = float(np.sum(step * out[3:6]))
            d = np.array([delaz_(*place, s.longitude, s.latitude)[0] for s in sites])
            w = 1.0 / np.maximum(d, drift.NEAREST_DEG) ** 2
            assert abs(common - np.sum(w * change) / np.sum(w)) < 0.3
            for s in range(len(sites)):
                h2 = np.sin(np.radians(d[s]) / 2.0) ** 2
                p = c[round(np.sqrt(h2) * (odds.ROWS - 1.0)), odds.P_P]
                assert abs(change[s] - common) < drift.moved_(out, u, s, h2, p) + 0.3


def test_cells_cover_the_earth_and_are_small_where_it_matters():
    sites = network()
    cells = drift.cells(units(sites), curve(), 0.25)
    rng = np.random.default_rng(3)
    for z, lon in rng.uniform((-1.0, -180.0), (1.0, 180.0), (300, 2)):
        lat = float(np.degrees(np.arcsin(z)))
        near = [delaz_(lon, lat, x, y)[0] - r for x, y, r, _ in cells.tolist()]
        assert min(near) <= 0.0
    inside = np.hypot(cells[:, 0] - CENTRE[0], cells[:, 1] - CENTRE[1]) < 2.0
    assert cells[inside, 2].max() < 0.3
    assert cells[:, 2].max() > 3.0


def test_a_network_of_the_whole_earth_keeps_the_raster():
    u = np.array(
        [
            unit_vector_(137.5 * i % 360 - 180, np.degrees(np.arcsin(2 * (i + 0.5) / 60 - 1)))
            for i in range(60)
        ]
    )
    assert drift.cells(u, curve(), 0.25) is None
    still = drift.still(np.array([[10.0, 20.0, 1.0, 180.0]]))[0]
    assert drift.moved_(still, u, 0, 0.1, 7.0) == 7.0


def test_a_far_event_is_found_by_a_small_network():
    sites = network()
    for where in ((75.0, 20.0), (-70.0, -20.0)):
        t = times(where, sites)
        picks = [
            Pick(
                pick_id=s.key,
                station_key=s.key,
                time_ns=T0 + round(float(x) * 1e9),
                phase_hint="P",
                time_sigma_s=0.2,
            )
            for s, x in zip(sites, t, strict=True)
        ]
        assert Search(Table(picks, sites), Settings()).plane
        events = associate.associate(picks, sites).events
        assert len(events) == 1
        o = events[0].origin
        assert o.n_defining >= len(sites) - 2
        assert distance_km_(o.longitude, o.latitude, *where) < 1500.0
