"""The depth that P at one near station and far ones all around ask for."""

import numpy as np
import pytest

from testban import locate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel

AT = (140.0, 38.0)


def case(depth, seed, near_deg=0.5, wrong_s=0.0, sector=360.0, noise=0.7):
    """P at a station near AT and at twelve from 3 to 58 deg in a sector, with errors (one sigma, at the near one half of it)."""
    rng, sites, rows, model = np.random.default_rng(seed), {}, [], travel.load()
    places = [(near_deg, 50.0), *((3.0 + 5.0 * i, sector / 12.0 * ((5 * i) % 12)) for i in range(12))]
    for i, (d, azimuth) in enumerate(places):
        lon, lat = destination_(*AT, azimuth, d)
        sites[f"S{i:02d}"] = Site(key=f"S{i:02d}", longitude=lon, latitude=lat)
        t = float(model.predict("P1", depth, delaz_(*AT, lon, lat)[0])[0])
        t += rng.normal(0.0, noise * (0.5 if i == 0 else 1.0)) + (wrong_s if i == 0 else 0.0)
        pick = Pick(pick_id=f"{i}", station_key=f"S{i:02d}", time_ns=round(t * 1e9), time_sigma_s=0.3)
        rows.append((pick, "P"))
    return locate.locate(rows, sites).origin


@pytest.mark.parametrize("depth", [20.0, 35.0])
def test_a_near_p_beside_far_ones_holds_the_depth_and_the_origin_time(depth):
    found = [case(depth, seed) for seed in range(12)]
    moved = [o for o in found if o.depth_reason == "fixed where P at 0.5 deg and far P agree"]
    assert len(moved) >= 8
    assert all(o.depth_fixed and o.depth_sigma_km is None for o in moved)  # one pick: no evidence of depth
    assert abs(np.median([o.depth_km for o in moved]) - depth) < 6.0
    assert abs(np.median([o.time_ns / 1e9 for o in moved])) < 0.7


def test_a_surface_event_stays_at_the_surface():
    assert sum(case(0.0, seed).depth_km > 0.0 for seed in range(60)) <= 2


def test_an_early_near_p_moves_nothing():
    assert all(case(0.0, seed, wrong_s=-4.0).depth_km == 0.0 for seed in range(10))


def test_far_stations_on_one_side_ask_for_no_depth():
    found = [case(30.0, seed, sector=120.0) for seed in range(6)]
    assert not any("far P agree" in o.depth_reason for o in found)
