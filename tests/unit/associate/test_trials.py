"""The score that an event needs follows from the network: against a slow twin, against counts of noise, and its limits."""

import math
import random

import numpy as np
from test_associate_events import T0, TRUTH, network, record

from testban import associate
from testban.associate import odds, trials
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.geo import delaz_, unit_vector_
from testban.base.records import Pick, Site


def twin(cells, curve, sites):
    """The sums of `trials.trials_` with whole arrays and azimuths on the sphere."""
    total = 0.0
    v = np.array([unit_vector_(s.longitude, s.latitude) for s in sites])
    for lon, lat, radius, _ in cells:
        u = np.array(unit_vector_(lon, lat))
        h = np.sqrt(np.maximum(0.5 - 0.5 * (v * u).sum(axis=1), 0.0))
        row = np.minimum((h * (odds.ROWS - 1.0) + 0.5).astype(int), odds.ROWS - 1)
        azimuth = np.radians([delaz_(lon, lat, s.longitude, s.latitude)[1] for s in sites])
        for near, layers in ((False, 1.0), (True, trials.LAYERS)):
            use = (row < (trials.NEAR_ROW if near else odds.ROWS)) & ~np.isnan(curve[row, odds.T_P])
            if use.sum() < (3 if near else 1):
                continue
            q = curve[row[use], odds.CHANCE_P] / curve[row[use], odds.CHANCE_P].sum()
            p = curve[row[use], odds.P_P] * np.array([np.sin(azimuth[use]), np.cos(azimuth[use])])
            d = p - (q * p).sum(axis=1)[:, None]
            (a, b), (_, c) = (q * d[:, None, :] * d[None, :, :]).sum(axis=2)
            slack = 2.0 * (q * curve[row[use], odds.SLACK_P]).sum()
            places = max(2.0 * radius**2 * math.sqrt(max(a * c - b * b, 0.0)) / slack**2, trials.LEAST_PLACES)
            total += layers * places / slack
    return total


def test_count_of_hypotheses_against_its_slow_twin():
    sites = network(12, nearest=0.5, farthest=6.0)
    table = Table([], sites)
    s = Search(table, Settings(coarse_deg=10.0))
    far = s.cells[s.cells[:, 3] >= 180.0][:60]
    near = np.array([[*TRUTH, 1.8, 180.0], [140.0, 30.0, 1.8, 180.0]])
    for cells in (far, near):
        vectors = np.array([unit_vector_(c[0], c[1]) for c in cells])
        fast = trials.trials_(cells, vectors, s.curves[0], table.unit)
        # the slow twin takes azimuths from geographic, the fast one from geocentric positions
        assert abs(fast / twin(cells, s.curves[0], sites) - 1.0) < 0.02


def test_a_wide_network_needs_more_than_a_small_one_and_a_stricter_rate_more():
    def needed(sites, seconds=21_600.0, **kw):
        return Search(Table([], sites), Settings(**kw)).needed(seconds)

    small = network(6, nearest=1.0, farthest=4.0)
    wide = [Site(key=f"W{i}", longitude=-180.0 + 30.0 * i, latitude=50.0 * (-1) ** i) for i in range(12)]
    assert needed(wide) > needed(small) + 1.0
    assert abs(needed(small, false_per_day=0.005) - needed(small, false_per_day=0.05) - math.log(10.0)) < 1e-9
    assert abs(needed(small) - needed(small, 2_160.0) - math.log(10.0)) < 1e-9


def test_noise_makes_no_event_at_the_stated_rate():
    """Two days in all of independent picks, four an hour at each of eight stations: 0.1 false events expected."""
    sites = network(8, nearest=2.0, farthest=10.0)
    n = 0
    for seed in range(4):
        rnd = random.Random(seed)
        picks = [
            Pick(
                pick_id=f"{s.key}-{i}", station_key=s.key, time_ns=T0 + round(rnd.uniform(0, 43_200) * 1e9),
                phase_hint="P", time_sigma_s=0.3,
            )
            for s in sites
            for i in range(48)
        ]  # fmt: skip
        n += len(associate.associate(picks, sites).events)
    assert n <= 1


def test_a_small_quiet_network_accepts_five_stations():
    sites = network(7, seed=1, nearest=2.0, farthest=9.0)
    picks = record(sites[:5], later=False)
    found = associate.associate(picks, sites).events
    assert len(found) == 1
    assert delaz_(*TRUTH, found[0].origin.longitude, found[0].origin.latitude)[0] < 0.3


def test_a_slowness_without_a_resolved_back_azimuth_is_not_used():
    """A polarisation whose direction is noise: its slowness pulls to the vertical, whatever its stated error."""
    sites = network(5, nearest=2.0, farthest=9.0)

    def row(sigma):
        pick = Pick(
            pick_id="a", station_key=sites[0].key, time_ns=T0, phase_hint="P", slowness_s_per_deg=3.1,
            slowness_sigma=3.0, backazimuth_deg=10.0, backazimuth_sigma=sigma,
        )  # fmt: skip
        return Table([pick], sites).data[0]

    assert math.isnan(row(80.0)[2])
    assert row(20.0)[2] == 3.1
