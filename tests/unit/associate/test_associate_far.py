"""A network that a distant event crosses as a plane wave does not take it for an event in its own neighbourhood."""

import random

import pytest

from testban import associate
from testban.base.geo import delaz_, distance_km_
from testban.base.records import Pick, Site
from testban.earth import travel

T0 = 1_500_000_000_000_000_000
# A few clusters within four degrees, as national networks of short-period stations are.
CLUSTERS = ((5.2, 60.4), (6.0, 59.6), (6.6, 61.2), (4.9, 61.6), (9.0, 60.6))


def network():
    rnd = random.Random(4)
    return [
        Site(
            key=f"XX.{i}{j}",
            longitude=lon + rnd.uniform(-0.2, 0.2),
            latitude=lat + rnd.uniform(-0.1, 0.1),
        )
        for i, (lon, lat) in enumerate(CLUSTERS)
        for j in range(3)
    ]


def crossing(sites, where, seed):
    """P alone, with an error that clusters share and a smaller one of their own."""
    rnd, model, picks = random.Random(seed), travel.load(), []
    shared = {key: rnd.gauss(0.0, 0.35) for key in range(len(CLUSTERS))}
    for s in sites:
        d, _, _ = delaz_(*where, s.longitude, s.latitude)
        t = float(model.predict("P1", 0.0, d)[0]) + shared[int(s.key[3])] + rnd.gauss(0.0, 0.08)
        picks.append(
            Pick(
                pick_id=s.key,
                station_key=s.key,
                time_ns=T0 + round(t * 1e9),
                phase_hint="P",
                time_sigma_s=0.2,
            )
        )
    return picks


@pytest.mark.parametrize("where", [(78.8, 49.9), (54.8, 73.3), (89.0, 41.6)])
def test_a_plane_wave_is_a_far_event(where):
    sites = network()
    far = []
    for seed in range(4):
        events = associate.associate(crossing(sites, where, seed), sites).events
        assert len(events) <= 1
        far += [e.origin for e in events]
    assert len(far) >= 3
    for origin in far:
        centre, _, _ = delaz_(origin.longitude, origin.latitude, 6.0, 60.6)
        assert centre > 12.0
        assert origin.ellipse.smajor_km < 3000.0


def test_a_near_event_stays_near():
    sites, where = network(), (9.3, 62.3)
    for seed in range(4):
        (event,) = associate.associate(crossing(sites, where, seed), sites).events
        assert distance_km_(event.origin.longitude, event.origin.latitude, *where) < 40.0
