"""Stations at one place are one witness."""

import math

import numpy as np

from testban import associate
from testban.associate import clumps, odds
from testban.base.geo import destination_, unit_vector_
from testban.base.records import Pick, Site

KM = 1.0 / 111.195


def units(places):
    return np.array([unit_vector_(lon, lat) for lon, lat in places])


def test_shares_are_those_of_the_slow_sum():
    places = [(10.0, 40.0), (10.0, 40.0 + 2.0 * KM), (10.0, 40.0 + 5.0 * KM), (12.0, 40.0), (10.0, 40.0)]
    start = np.array([0, 1, 2, 3, 4, 4])  # the last has no picks and is no neighbour
    got = clumps.traits(units(places), start)
    for s, y in enumerate((0.0, 2.0, 5.0)):
        whole = sum(math.exp(-(((y - z) / clumps.CLUMP_KM) ** 2)) for z in (0.0, 2.0, 5.0))
        assert abs(odds.share_(int(got[s])) - 1.0 / whole) < 0.01
    assert got[3] == 0
    assert odds.share_(int(got[3])) == 1.0
    assert got[4] == 0


def test_first_of_each_clump_is_kept():
    places = [(10.0, 40.0), (10.0, 40.0 + KM), (11.0, 40.0), (11.0, 40.0 - KM), (10.0, 40.1)]
    assert clumps.apart(units(places)) == [0, 2, 4]
    assert clumps.apart(np.empty((0, 3))) == []


def crossing(n, spacing_km):
    """A plane wave over n stations in rows of four, and six other stations whose picks come by chance."""
    sites, picks = [], []
    for i in range(n):
        lon, lat = destination_(0.0, 0.0, 90.0, (i % 4) * spacing_km * KM)
        lon, lat = destination_(lon, lat, 0.0, (i // 4) * spacing_km * KM)
        sites.append(Site(key=f"A{i:02d}", longitude=lon, latitude=lat, elevation_m=0.0))
        delay = (i % 4) * spacing_km / 20.0
        picks.append(
            Pick(
                pick_id=f"p{i}",
                station_key=f"A{i:02d}",
                time_ns=round((5000.0 + delay) * 1e9),
                time_sigma_s=0.2,
            )
        )
    rng = np.random.default_rng(3)
    for i in range(6):
        lon, lat = destination_(0.0, 0.0, 60.0 * i, 1.5 + 0.3 * i)
        sites.append(Site(key=f"B{i}", longitude=lon, latitude=lat, elevation_m=0.0))
        picks += [
            Pick(pick_id=f"b{i}.{j}", station_key=f"B{i}", time_ns=int(t * 1e9), time_sigma_s=0.2)
            for j, t in enumerate(rng.uniform(0.0, 10000.0, 40))
        ]
    return picks, sites


def test_a_wave_over_one_clump_is_no_event():
    assert (
        len(associate.associate(*crossing(16, 30.0)).events) == 1
    )  # the same, far enough apart to be many witnesses
    assert associate.associate(*crossing(16, 0.3)).events == ()
