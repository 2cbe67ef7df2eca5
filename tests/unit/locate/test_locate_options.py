"""What a location can be told beside its picks: corrections, depths, corrupt tables."""

import math

import msgspec
import numpy as np
import pytest
from test_locate_origin import TRUTH, km, network, picks_of

from testban import locate
from testban.base.errors import InputError
from testban.base.geo import offset_km_
from testban.locate import quality
from testban.locate.errors_model import correlations_, paths_
from testban.locate.problem import Problem

TABLE = """# slowness-azimuth table
 0.5 0.0 1.0
1
 4.0 6.0 0.0 90.0 0.5 -10.0 0.6 8.0
"""


def test_a_wrong_clock_is_mended_by_its_correction():
    sites = network(9, 2.0, 12.0)
    picks = picks_of(sites)
    late = [(msgspec.structs.replace(p, time_ns=p.time_ns + 2_000_000_000), s) for p, s in picks[:3]]
    table = tuple(locate.TimeCorrection(station_key=p.station_key, seconds=2.0, phase="P") for p, _ in late)
    assert km(locate.locate(late + picks[3:], sites).origin) > 1.0
    mended = locate.Settings(time_corrections=table)
    assert km(locate.locate(late + picks[3:], sites, mended).origin) < 0.1
    elsewhere = tuple(msgspec.structs.replace(c, longitude=0.0, latitude=0.0, radius_km=100.0) for c in table)
    apart = locate.locate(late + picks[3:], sites, locate.Settings(time_corrections=elsewhere)).origin
    assert km(apart) > 1.0


def test_slowness_tables_of_the_idc():
    c = locate.read_sasc(TABLE, "AR")
    assert c.apply(8.0, 90.0)[:2] == pytest.approx((7.5, 90.0))
    p, az, sp, sa = c.apply(5.0, 90.0 - 1e-9)
    assert (p, az, sp, sa) == pytest.approx((4.0, 100.0, 0.6, 8.0))
    with pytest.raises(InputError, match="slowness-azimuth"):
        locate.read_sasc("1 2\nthree", "AR")


def test_misfit_against_depth_has_its_least_at_the_depth():
    sites = network(20, 0.1, 1.5)
    picks = picks_of(sites, depth=20.0)
    curve = locate.depth_curve(picks, sites)
    best = min(curve, key=lambda c: c.chi2)
    assert best.depth_km == 20.0
    low, high = locate.depth_interval(curve)
    assert low < 20.0 < high


def test_starts_far_off_are_forgotten():
    sites = network(25, 3.0, 60.0)
    picks = picks_of(sites, noise=0.5)
    base = locate.locate(picks, sites).origin
    for lon, lat in ((TRUTH[0] + 5.0, TRUTH[1]), (TRUTH[0], TRUTH[1] - 4.0), (-60.0, 0.0)):
        o = locate.locate(picks, sites, start=(lon, lat, 0.0, base.time_ns + 10_000_000_000)).origin
        assert abs(o.latitude - base.latitude) < 1e-3
        assert abs(o.longitude - base.longitude) < 1e-3


def test_value_without_sigma_is_used_with_the_default_of_its_kind():
    sites = network(3, 3.0, 8.0)
    picks = [(msgspec.structs.replace(p, backazimuth_deg=10.0), s) for p, s in picks_of(sites)]
    assert any(a.backazimuth_defining for a in locate.locate(picks, sites).arrivals)
    none = locate.Settings(default_backazimuth_sigma=None)
    assert not any(a.backazimuth_defining for a in locate.locate(picks, sites, none).arrivals)


@pytest.mark.parametrize("stated", [None, 30.0])
def test_directions_of_single_stations_without_sigma_say_nothing_beside_the_times_of_four(stated):
    """Automatic back-azimuths that are noise: at 30 deg each a dozen of them moved a place by tens of km."""
    sites = network(8, 0.6, 2.0)
    wrong = [
        (msgspec.structs.replace(p, backazimuth_deg=37.0 * i % 360.0, backazimuth_sigma=stated), s)
        for i, (p, s) in enumerate(picks_of(sites))
    ]
    found = locate.locate(wrong, sites)
    assert any(a.backazimuth_defining for a in found.arrivals) == (stated is not None)
    assert stated is not None or km(found.origin) < 0.1
    arrays = {k: msgspec.structs.replace(s, is_array=True) for k, s in sites.items()}
    assert any(a.backazimuth_defining for a in locate.locate(wrong, arrays).arrivals)


def test_quantiles_and_ground_truth():
    assert quality.normal_two_sided(0.9) == pytest.approx(1.6448536, abs=1e-6)
    assert quality.chi2_one(0.95) == pytest.approx(3.841459, abs=1e-5)
    ring = [(0.2 + 0.1 * (i % 5), 36.0 * i) for i in range(10)]
    assert quality.ground_truth_class(ring) == "GT5 local 95 %"
    assert quality.ground_truth_class(ring[:4]) == ""


def test_the_whitened_estimate_against_numpy():
    sites = network(14, 3.0, 12.0)
    picks, settings = picks_of(sites, noise=0.8), locate.Settings(fixed_depth_km=0.0)
    problem = Problem(picks, sites, settings)
    first = problem.run(np.array([129.0, 41.0, 0.0, -40.0]), False)
    found, covariance = problem.whitened(first, False)
    out, s = problem.out, problem.out[:, 4]
    shared = np.empty((14, 14))
    wave = np.zeros(14, np.int64)
    correlations_(problem.vec, wave, shared, paths_(wave, problem.out))
    c = shared * np.outer(s, s)
    c[np.diag_indices(14)] = (s**2 + problem.data[:, 2] ** 2) / out[:, 9]
    g = np.column_stack([np.ones(14), out[:, 1], out[:, 2]])
    normal = g.T @ np.linalg.solve(c, g)
    step = np.linalg.solve(normal, g.T @ np.linalg.solve(c, out[:, 0]))
    assert math.hypot(step[1], step[2]) < 0.05
    assert covariance[:3, :3] == pytest.approx(np.linalg.inv(normal), rel=0.02)
    # a depth that nobody gave may be 10 km from the truth
    shift = -np.linalg.solve(normal, g.T @ np.linalg.solve(c, out[:, 3]))
    unknown = Problem(picks, sites, locate.Settings())
    _, wider = unknown.whitened(unknown.run(np.array([129.0, 41.0, 0.0, -40.0]), False), False)
    assert (wider - covariance)[:3, :3] == pytest.approx(100.0 * np.outer(shift, shift), rel=0.02)
    assert math.hypot(*offset_km_(first.x[0], first.x[1], found.x[0], found.x[1])) > 0.1
