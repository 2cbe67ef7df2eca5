"""The elementary functions against mpmath, and geodesy against pyproj."""

import math

import mpmath
import numpy as np
import pytest

from testban.base import dmath, geo

RNG = np.random.default_rng(1)


def ulps(ours: float, truth: mpmath.mpf) -> float:
    return float(abs(mpmath.mpf(ours) - truth) / mpmath.mpf(math.ulp(float(truth)) or 5e-324))


@pytest.mark.parametrize(
    ("ours", "truth", "lo", "hi"),
    [
        (dmath.sin_, mpmath.sin, -400.0, 400.0),
        (dmath.cos_, mpmath.cos, -400.0, 400.0),
        (dmath.exp_, mpmath.exp, -300.0, 300.0),
        (dmath.atan_, mpmath.atan, -50.0, 50.0),
        (dmath.atan_, mpmath.atan, -1.0, 1.0),
    ],
)
def test_within_two_ulp(ours, truth, lo, hi):
    mpmath.mp.prec = 200
    assert max(ulps(ours(x), truth(mpmath.mpf(x))) for x in RNG.uniform(lo, hi, 4000)) < 2.0


def test_log_within_one_ulp():
    mpmath.mp.prec = 200
    xs = np.exp(RNG.uniform(-300, 300, 4000)).tolist() + RNG.uniform(0.5, 2.0, 4000).tolist()
    assert max(ulps(dmath.log_(x), mpmath.log(mpmath.mpf(x))) for x in xs) < 1.0


def test_erfc():
    xs = RNG.uniform(-6, 26, 2000)
    assert max(abs(dmath.erfc_(x) / float(mpmath.erfc(x)) - 1) for x in xs) < 2e-12


@pytest.mark.parametrize("y", [-2.0, -0.0, 0.0, 3.0])
@pytest.mark.parametrize("x", [-1.5, 0.0, 2.5])
def test_atan2_quadrants(x, y):
    if x < 0 and y == 0:
        assert abs(dmath.atan2_(y, x)) == pytest.approx(math.pi)
    else:
        assert dmath.atan2_(y, x) == pytest.approx(math.atan2(y, x), abs=1e-15)


def test_edges():
    assert dmath.log_(0.0) == -math.inf
    assert math.isnan(dmath.log_(-1.0))
    assert dmath.exp_(-1000.0) == 0.0
    assert dmath.exp_(1000.0) == math.inf
    assert dmath.exp_(0.0) == 1.0
    assert dmath.asin_(1.0 + 1e-16) == pytest.approx(math.pi / 2)


def test_distance_against_pyproj():
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for lon1, lat1, lon2, lat2 in RNG.uniform([-180, -85, -180, -85], [180, 85, 180, 85], (500, 4)):
        ours = geo.distance_km_(lon1, lat1, lon2, lat2)
        truth = geod.inv(lon1, lat1, lon2, lat2)[2] / 1000
        if truth < 19000:
            assert ours == pytest.approx(truth, abs=1e-5)


def test_delaz_and_back():
    for lon, lat, az, delta in RNG.uniform([-180, -85, 0, 0.1], [180, 85, 360, 170], (500, 4)):
        lon2, lat2 = geo.destination_(lon, lat, az, delta)
        d, a, b = geo.delaz_(lon, lat, lon2, lat2)
        assert d == pytest.approx(delta, abs=1e-9)
        assert (a - az + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)
        lon3, lat3 = geo.destination_(lon2, lat2, b, d)
        assert lat3 == pytest.approx(lat, abs=1e-7)
        assert (lon3 - lon + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_offsets():
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for lat in (-70.0, -10.0, 0.0, 41.3, 80.0):
        lon2, lat2 = geo.shift_km_(129.0, lat, 20.0, -30.0)
        assert geod.inv(129.0, lat, lon2, lat2)[2] / 1000 == pytest.approx(math.hypot(20, 30), rel=3e-3)
        east, north = geo.offset_km_(129.0, lat, lon2, lat2)
        assert (east, north) == pytest.approx((20.0, -30.0), abs=0.15 if lat == 80 else 0.03)


def test_the_ends_of_the_doubles():
    """Least and greatest numbers, and those below the least normal one, which scaling by bits must not spoil."""
    mpmath.mp.prec = 200
    for x in (-744.4, -740.0, -720.5, -709.0, -708.39, 709.78):
        assert abs(dmath.exp_(x) - float(mpmath.exp(mpmath.mpf(x)))) <= max(5e-324, 2e-16 * dmath.exp_(x))
    for x in (5e-324, 1e-310, 2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308):
        assert ulps(dmath.log_(x), mpmath.log(mpmath.mpf(x))) < 1.0
    for x in (
        math.sqrt(0.5),
        math.nextafter(math.sqrt(0.5), 0.0),
        math.sqrt(2.0),
        1.0,
        math.nextafter(1.0, 0.0),
    ):
        assert ulps(dmath.log_(x), mpmath.log(mpmath.mpf(x))) < 1.0
    assert dmath.log_(math.inf) == math.inf
    assert math.isnan(dmath.log_(math.nan))
    assert math.isnan(dmath.exp_(math.nan))
