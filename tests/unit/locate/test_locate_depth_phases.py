"""Depth phases without names: found where their delays move out, left alone where one delay or chance explains them (simulated)."""

import math
import random

import msgspec
import numpy as np
import pytest
from scipy import stats

from testban import locate
from testban.base.geo import delaz_, destination_, offset_km_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate import depth_phases
from testban.locate.kernel import misfit_
from testban.locate.problem import Problem
from testban.locate.shared import depth_shift_

AT = (-70.0, -20.0)
MODEL = travel.load()


def event(seed, depth, n=30, phases=0.5, second=None):
    """P at n stations, each with pP and half as many sP with a probability, a later pick of no meaning, and a second shot."""
    rnd, sites, rows = random.Random(seed), {}, []
    for i in range(n):
        key = f"S{i:02d}"
        lon, lat = destination_(*AT, rnd.uniform(0, 360), rnd.uniform(18, 95))
        sites[key] = Site(key=key, longitude=lon, latitude=lat)
        delta = delaz_(*AT, lon, lat)[0]
        p = float(MODEL.predict("P1", depth, delta)[0])
        times = {"P": p + rnd.gauss(0, 0.7)}
        for name, share in (("pP", phases), ("sP", 0.5 * phases)):
            t = float(MODEL.predict(name, depth, delta)[0])
            if rnd.random() < share and t - p > 3.0:
                times[name] = times["P"] + t - p + rnd.gauss(0, 1.0)
        times["x"] = times["P"] + (rnd.expovariate(1 / 15) if rnd.random() < 0.5 else rnd.uniform(3, 200))
        if second and rnd.random() < 0.5:
            times["second"] = times["P"] + second + rnd.gauss(0, 0.5)
        rows += [
            (Pick(pick_id=key + k, station_key=key, time_ns=round(t * 1e9), time_sigma_s=0.5), "P")
            for k, t in times.items()
        ]
    return rows, sites


@pytest.mark.parametrize("depth", [80.0, 200.0, 550.0])
def test_depth_phases_without_names_give_the_depth(depth):
    rows, sites = event(1, depth)
    found = locate.locate(rows, sites)
    assert not found.origin.depth_fixed
    assert "depth phases" in found.origin.depth_reason
    assert abs(found.origin.depth_km - depth) < 8.0
    named = [a for a in found.arrivals if a.phase in ("pP", "sP")]
    right = sum(a.pick_id[3:] == a.phase for a in named)
    assert len(named) >= 8
    assert right >= 0.8 * len(named)
    assert locate.locate(rows[::-1], sites) == found


@pytest.mark.parametrize("second", [None, 8.0, 14.0, 40.0])
def test_no_surface_event_sinks_by_chance_or_by_a_second_shot(second):
    for seed in range(8):
        rows, sites = event(100 + seed, 0.0, n=24, second=second)
        assert locate.locate(rows, sites).origin.depth_km == 0.0


def test_without_identification_the_names_stay():
    rows, sites = event(1, 200.0)
    found = locate.locate(rows, sites, locate.Settings(reidentify=False))
    assert {a.phase for a in found.arrivals} <= {"P", "Pn", "Pg", "Pdiff"}


def test_the_evidence_has_expectation_one_where_there_is_none():
    """Delays drawn from what the background says: the mean likelihood ratio of any depth is 1."""
    rng = np.random.default_rng(3)
    x = np.linspace(0.0, depth_phases.MOST_S, 20001)
    density = np.array([depth_phases.other_(v) for v in x])
    assert abs(np.trapezoid(density, x) - 1.0) < 1e-2
    cumulative = np.cumsum(density) / density.sum()
    delays = np.interp(rng.random(20000), cumulative, x)
    ratio = [
        1
        - depth_phases.SHARE
        + depth_phases.SHARE * depth_phases.density_(v, 30.0, 1.5) / depth_phases.other_(v)
        for v in delays
    ]
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.02)


def test_the_misfit_is_that_of_student():
    n, rng = 300, np.random.default_rng(2)
    out, data = np.full((n, 12), np.nan), np.full((n, 7), np.nan)
    out[:, 0], out[:, 4] = rng.normal(0, 2, n), rng.uniform(0.5, 2, n)
    data[:, 2] = 0.5
    u = out[:, 0] / np.sqrt(out[:, 4] ** 2 + 0.25)
    u = np.minimum(np.abs(np.where(u > 0, 1.4 * u, u) / 0.8), 6.0)
    log = stats.t.logpdf(u, 4) - stats.t.logpdf(0.0, 4)
    loss = np.array([1.4, 0.8, 1.0])
    assert misfit_(data, out, np.zeros(n, np.int64), loss) == pytest.approx(-2 * log.sum(), rel=1e-12)
    assert math.isclose(
        misfit_(data, out, np.full(n, -1), loss), 5 * n * math.log(10.0), rel_tol=1e-12
    )  # no phase: as one at the limit


def test_what_a_depth_not_known_does_to_the_place_is_what_another_depth_does():
    """The analytic shift against two locations 4 km of depth apart, on a network on one side; and it enlarges the errors."""
    sites = {}
    for i in range(10):
        lon, lat = destination_(*AT, 90.0 + 9.0 * i, 1.0 + 0.5 * i)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
    rows = []
    for k, s in sites.items():
        t = float(MODEL.predict("P1", 8.0, delaz_(*AT, s.longitude, s.latitude)[0])[0])
        rows.append((Pick(pick_id=k, station_key=k, time_ns=round(t * 1e9), time_sigma_s=0.3), "P"))
    ends = [
        locate.locate(rows, sites, locate.Settings(fixed_depth_km=h, search=False), (*AT, 0.0, 0)).origin
        for h in (6.0, 10.0)
    ]
    problem = Problem(rows, sites, locate.Settings())
    middle = locate.locate(
        rows, sites, locate.Settings(fixed_depth_km=8.0, search=False), (*AT, 0.0, 0)
    ).origin
    problem.run(
        np.array([middle.longitude, middle.latitude, 8.0, (middle.time_ns - problem.reference_ns) / 1e9]),
        False,
        scale=1.0,
        iterations=0,
    )
    shift, a, b = np.zeros(4), ends[0], ends[1]
    assert depth_shift_(problem.column, problem.data, problem.geo, problem.kept, problem.out, shift)
    east, north = offset_km_(a.longitude, a.latitude, b.longitude, b.latitude)
    assert shift[1:3] == pytest.approx([east / 4.0, north / 4.0], abs=0.15 * math.hypot(east, north) / 4.0)
    asked = locate.Settings(free_depth=False)
    wide = locate.locate(rows, sites, asked).origin
    narrow = locate.locate(rows, sites, msgspec.structs.replace(asked, default_depth_sigma_km=0.0)).origin
    assert wide.depth_km == narrow.depth_km == 0.0
    assert wide.ellipse.area_km2 > narrow.ellipse.area_km2
