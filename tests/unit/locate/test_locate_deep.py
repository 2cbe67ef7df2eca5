"""Far stations alone: a rough depth below the crust is taken, and a surface event stays at the surface."""

import msgspec
import numpy as np
import pytest

from testban import locate
from testban.base.geo import destination_
from testban.base.records import Pick, Site
from testban.locate.problem import Problem

PLACE = (172.0, -11.0)


def case(depth, seed, n=12, noise=1.0):
    """Picks of P at n far stations from a source at PLACE, with errors as large as the model's."""
    rng = np.random.Generator(np.random.PCG64(seed))
    sites = {}
    for i in range(n):
        lon, lat = destination_(*PLACE, 360.0 * i / n + rng.uniform(-12, 12), rng.uniform(32.0, 92.0))
        sites[f"XX.F{i:02d}"] = Site(key=f"XX.F{i:02d}", longitude=lon, latitude=lat)
    rows = [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=0.2), "P") for k in sites]
    problem = Problem(rows, sites, locate.Settings())
    problem.evaluate(np.array([*PLACE, depth, 0.0]))
    picks = [
        (
            msgspec.structs.replace(p, time_ns=round((problem.kept[i, 0, 0] + rng.normal(0.0, noise)) * 1e9)),
            "P",
        )
        for i, (p, _) in enumerate(problem.rows)
    ]
    return picks, sites


@pytest.mark.parametrize("depth", [300.0, 450.0])
def test_deep_events_are_found_deep_and_their_origin_times_with_them(depth):
    found = [locate.locate(*case(depth, seed)).origin for seed in range(12)]
    free = [o for o in found if not o.depth_fixed]
    assert len(free) >= 9
    assert all(abs(o.time_ns) < 12e9 for o in free)
    inside = sum(abs(o.depth_km - depth) < 1.645 * o.depth_sigma_km for o in free)
    assert inside >= 0.7 * len(free)


def test_surface_events_do_not_sink():
    found = [locate.locate(*case(0.0, seed)).origin for seed in range(40)]
    assert sum(not o.depth_fixed for o in found) <= 1
