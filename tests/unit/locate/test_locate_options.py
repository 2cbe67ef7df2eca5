"""What a location can be told beside its picks: corrections, depths, corrupt tables."""

import msgspec
import pytest
from test_locate_origin import TRUTH, km, network, picks_of

from testban import locate
from testban.base.errors import InputError
from testban.locate import quality

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
    sites = network(4, 3.0, 8.0)
    picks = [(msgspec.structs.replace(p, backazimuth_deg=10.0), s) for p, s in picks_of(sites)]
    assert any(a.backazimuth_defining for a in locate.locate(picks, sites).arrivals)
    none = locate.Settings(default_backazimuth_sigma=None)
    assert not any(a.backazimuth_defining for a in locate.locate(picks, sites, none).arrivals)


def test_quantiles_and_ground_truth():
    assert quality.normal_two_sided(0.9) == pytest.approx(1.6448536, abs=1e-6)
    assert quality.chi2_one(0.95) == pytest.approx(3.841459, abs=1e-5)
    ring = [(0.2 + 0.1 * (i % 5), 36.0 * i) for i in range(10)]
    assert quality.ground_truth_class(ring) == "GT5 local 95 %"
    assert quality.ground_truth_class(ring[:4]) == ""
