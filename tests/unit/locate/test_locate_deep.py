"""Far stations alone: a rough depth below the crust is taken, and a surface event stays at the surface."""

import msgspec
import numpy as np
import pytest

from testban import locate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate.errors_model import correlations_, paths_
from testban.locate.linear import cholesky_
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


def test_surface_events_do_not_sink_under_a_regional_network():
    """Errors drawn as assumed, 60 times: without the misfit's say the hollow near 120 km took one in ten or twenty."""
    rng = np.random.Generator(np.random.PCG64(7))
    sites = {}
    for i in range(15):
        lon, lat = destination_(*PLACE, rng.uniform(0.0, 360.0), rng.uniform(3.0, 11.0))
        sites[f"XX.R{i:02d}"] = Site(key=f"XX.R{i:02d}", longitude=lon, latitude=lat)
    problem = Problem(
        [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=0.5), "P") for k in sites],
        sites,
        locate.Settings(),
    )
    problem.evaluate(np.array([*PLACE, 0.0, 0.0]))
    exact, wave, c = problem.kept[:, 0, 0].copy(), np.zeros(15, np.int64), np.empty((15, 15))
    correlations_(problem.vec, wave, c, paths_(wave, problem.out))
    c *= np.outer(problem.out[:, 4], problem.out[:, 4])
    c[np.diag_indices(15)] += 0.25
    assert cholesky_(c, 15)
    sunk = 0
    for _ in range(60):
        late = np.tril(c) @ rng.standard_normal(15)
        picks = [
            (msgspec.structs.replace(p, time_ns=round((t + e) * 1e9)), "P")
            for (p, _), t, e in zip(problem.rows, exact, late, strict=True)
        ]
        sunk += locate.locate(picks, sites, locate.Settings(), (*PLACE, 0.0, 0)).origin.depth_km > 0.0
    assert sunk <= 1


SLAB = (-69.05, -20.57)
# Longitude, latitude; of P and of S how late it is against the model (s), and a slowness (s/deg) and back-azimuth without
# stated errors, as single stations give them: the geometry and the scatter of a real event.
SLAB_STATIONS = {
    "A": (-69.1534, -20.1411, (0.1, 14.1, 215), (0.0, 12.4, 223)), "B": (-69.4874, -21.0432, (-0.3, 5.8, 20), (-0.2, 23.0, 181)),
    "C": (-70.1529, -20.8207, (-0.1, 23.2, 234), (-0.2, 23.3, 240)), "D": (-69.896, -21.3197, (-0.1, 10.7, 47), (0.4, 23.1, 50)),
    "E": (-69.2419, -21.7964, (0.6, 16.7, 60), (1.1, 20.6, 156)), "F": (-70.1231, -19.5972, (-0.7, 14.2, 103), (-1.2, 22.2, 324)),
    "G": (-69.8862, -21.7267, (-0.2, 19.4, 257), (-0.7, 23.6, 186)), "H": (-69.7531, -22.0485, (-0.1, 5.3, 180), (-0.8, 18.9, 189)),
    "I": (-69.5077, -18.3351, (0.8, 21.2, 84)),
}  # fmt: skip


@pytest.mark.parametrize("depth", [95.0, 105.0, 115.0])
def test_an_event_in_a_slab_beside_its_network_is_not_held_at_the_surface(depth):
    """From the surface no place explains P and S together: what fits there leaves out the very pairs that give the depth."""
    t0, table = 1_700_000_000 * 10**9, travel.load("ak135")
    picks, sites = [], {}
    for name, (lon, lat, *measured) in SLAB_STATIONS.items():
        sites[name] = Site(key=name, longitude=lon, latitude=lat)
        delta = delaz_(*SLAB, lon, lat)[0]
        for (late, slowness, azimuth), phase in zip(measured, "PS", strict=False):
            at = t0 + round((float(table.predict(f"{phase}1", depth, delta)[0]) + late) * 1e9)
            pick = Pick(
                pick_id=name + phase, station_key=name, time_ns=at, time_sigma_s=1.0, slowness_s_per_deg=slowness,
                backazimuth_deg=float(azimuth),
            )  # fmt: skip
            picks.append((pick, phase))
    made = locate.locate(picks, sites)
    o = made.origin
    assert not o.depth_fixed
    assert abs(o.depth_km - depth) < 15.0
    assert delaz_(o.longitude, o.latitude, *SLAB)[0] * 111.2 < 15.0
    assert o.n_defining == len(picks)


def near(depth, late_s, seed, n=10):
    """P and S at n stations 0.6 to 1.3 deg around; S of every second one `late_s` late, as thick sediments make it."""
    rng = np.random.Generator(np.random.PCG64(seed))
    model, sites, picks = travel.load(), {}, []
    for i in range(n):
        lon, lat = destination_(*PLACE, 360.0 * i / n + rng.uniform(-8, 8), rng.uniform(0.6, 1.3))
        key = f"XX.N{i}"
        sites[key] = Site(key=key, longitude=lon, latitude=lat)
        delta = delaz_(*PLACE, lon, lat)[0]
        for phase, first, scatter in (("P", "P1", 0.4), ("S", "S1", 0.8)):
            t = float(model.predict(first, depth, delta)[0]) + rng.normal(0.0, scatter)
            t += late_s if phase == "S" and i % 2 else 0.0
            pick = Pick(
                pick_id=f"{key}{phase}", station_key=key, time_ns=round(t * 1e9), time_sigma_s=0.2 if phase == "P" else 0.8
            )  # fmt: skip
            if phase == "P":  # the ray of a single station, turned upright by slow ground
                pick = msgspec.structs.replace(pick, slowness_s_per_deg=5.0, slowness_sigma=3.5)
            picks.append((pick, phase))
    return picks, sites


def test_late_s_and_upright_rays_do_not_carry_a_shallow_event_below_the_crust():
    found = [locate.locate(*near(12.0, 4.0, seed)).origin for seed in range(10)]
    assert [o.depth_km for o in found if o.depth_km > 40.0] == []


def test_a_slab_event_below_near_stations_stays_below_the_crust():
    found = [locate.locate(*near(110.0, 0.0, seed)).origin for seed in range(10)]
    assert all(85.0 < o.depth_km < 135.0 for o in found)


def one_sided(depth, scatter, seed, shear=4):
    """P at eight stations 1.2 to 3 deg off on one side and S at the first of them; picks state 1 s and scatter by less."""
    rng = np.random.Generator(np.random.PCG64(seed))
    model, sites, picks = travel.load(), {}, []
    for i in range(8):
        lon, lat = destination_(*PLACE, rng.uniform(200.0, 330.0), 1.2 + 0.25 * i)
        key = f"XX.O{i}"
        sites[key] = Site(key=key, longitude=lon, latitude=lat)
        delta = delaz_(*PLACE, lon, lat)[0]
        for phase in "PS" if i < shear else "P":
            t = float(model.predict(f"{phase}1", depth, delta)[0]) + rng.normal(0.0, scatter)
            picks.append(
                (
                    Pick(pick_id=f"{key}{phase}", station_key=key, time_ns=round(t * 1e9), time_sigma_s=1.0),
                    phase,
                )
            )
    return picks, sites


def test_picks_that_scatter_less_than_they_state_reject_the_crust():
    """Each lies within a second of a source at the surface, but not all of them as well as they could."""
    found = [locate.locate(*one_sided(110.0, 0.2, seed)).origin for seed in range(10)]
    assert sum(abs(o.depth_km - 110.0) < 20.0 for o in found) >= 9
    held = [o for o in found if o.depth_fixed and o.depth_km > 0.0]
    assert all("scatter least" in o.depth_reason for o in held)
    assert len(held) >= 5
    assert all(abs(o.time_ns) < 2.0 * 1.645 * o.time_sigma_s * 1e9 for o in held)


@pytest.mark.parametrize("scatter", [0.1, 0.3, 1.0])
def test_no_scatter_buries_an_event_of_the_crust(scatter):
    found = [locate.locate(*one_sided(d, scatter, seed)).origin for d in (0.0, 12.0) for seed in range(30)]
    assert sum(o.depth_km > 40.0 for o in found) <= 1


def test_a_network_on_one_side_without_s_is_not_asked():
    found = [locate.locate(*one_sided(250.0, 0.2, seed, shear=0)).origin for seed in range(5)]
    assert all("scatter least" not in o.depth_reason for o in found)
