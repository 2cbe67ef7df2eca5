"""Rival hollows: met, weighed, and held by the ellipse."""

import math

import numpy as np
import pytest

from testban import locate
from testban.base.geo import delaz_, destination_, distance_km_, offset_km_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate import hollows, locator, quality
from testban.locate.problem import Problem


def line_of_stations(noise: float, off: float = 0.4, seed: int = 0):
    """Seven stations nearly on a line from west to east, an event north of it: its mirror image fits almost as well."""
    rng, sites, rows = np.random.default_rng(seed), {}, []
    for i in range(7):
        lon, lat = destination_(10.0, 50.0, 90.0, 0.25 * i - 0.75)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat + 0.002 * (i % 2))
        t = float(travel.load().predict("P1", 0.0, delaz_(10.1, 50.0 + off, lon, lat)[0])[0]) + rng.normal(
            0.0, noise
        )
        rows.append(
            (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=0.3), "P")
        )
    return sites, rows


def inside(ellipse, centre, place) -> float:
    east, north = offset_km_(*centre, *place)
    a = math.radians(ellipse.strike_deg)
    u, v = east * math.sin(a) + north * math.cos(a), east * math.cos(a) - north * math.sin(a)
    return math.hypot(u / ellipse.smajor_km, v / ellipse.sminor_km)


@pytest.mark.parametrize("seed", range(5))
def test_the_mirror_image_of_a_line_of_stations_is_named_and_held(seed):
    sites, rows = line_of_stations(0.1, seed=seed)
    found = locate.locate(rows, sites, locate.Settings(fixed_depth_km=0.0))
    assert found.rivals
    places = [
        (found.origin.longitude, found.origin.latitude),
        *((r.longitude, r.latitude) for r in found.rivals),
    ]
    assert min(distance_km_(*p, 10.1, 50.4) for p in places) < 15.0
    assert min(distance_km_(*p, 10.1, 49.6) for p in places) < 15.0
    assert sum(r.share for r in found.rivals) > 0.1
    assert inside(found.origin.ellipse, places[0], (10.1, 50.4)) < 1.0
    assert inside(found.origin.ellipse, places[0], (10.1, 49.6)) < 1.0


def test_a_surrounded_event_has_no_rival():
    sites, rows = {}, []
    for i in range(12):
        lon, lat = destination_(20.0, 40.0, 30.0 * i, 5.0 + 4.0 * i)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        t = float(travel.load().predict("P1", 0.0, delaz_(20.0, 40.0, lon, lat)[0])[0])
        rows.append((Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9)), "P"))
    assert locate.locate(rows, sites).rivals == ()


def rival(share: float, longitude: float = 13.0) -> hollows.Rival:
    return hollows.Rival(
        longitude=longitude, latitude=50.0, distance_km=200.0, share=share, covariance=(400.0, 0.0, 100.0)
    )


def test_the_region_grows_with_the_share_and_holds_the_rival_with_its_ellipse():
    cov = np.diag([25.0, 100.0])
    same, factor = hollows.enlarged(cov, cov, (), (10.0, 50.0), 0.9)
    assert (same is cov, factor) == (True, quality.chi2_two(0.9))
    same, factor = hollows.enlarged(cov, cov, (rival(0.05),), (10.0, 50.0), 0.9)
    assert same is cov
    assert factor == pytest.approx(quality.chi2_two(0.9 / 0.95))
    wide, factor = hollows.enlarged(cov, cov, (rival(0.3),), (10.0, 50.0), 0.9)
    ellipse = quality.ellipse(wide[0, 0], wide[0, 1], wide[1, 1], factor, 0.9, "coverage")
    for angle in np.linspace(0.0, 2.0 * math.pi, 24):
        for centre, c in ((10.0, (25.0, 100.0)), (13.0, (400.0, 100.0))):
            half = [math.sqrt(factor * v) for v in c]
            lon, lat = destination_(centre, 50.0, 90.0, half[0] * math.cos(angle) / 111.19)
            lon, lat = destination_(lon, lat, 0.0, half[1] * math.sin(angle) / 111.19)
            assert inside(ellipse, (10.0, 50.0), (lon, lat)) < 1.0
    only, _ = hollows.enlarged(cov, cov, (rival(0.3), rival(0.001, -40.0)), (10.0, 50.0), 0.9)
    assert np.array_equal(only, wide)


@pytest.mark.parametrize("seed", range(3))
def test_a_start_that_is_trusted_hides_no_rival(seed):
    sites, rows = line_of_stations(0.1, seed=seed)
    settings = locate.Settings(fixed_depth_km=0.0, search=False)
    for start, other in ((50.4, 49.6), (49.6, 50.4)):
        found = locate.locate(rows, sites, settings, (10.1, start, 0.0, 0))
        place = (found.origin.longitude, found.origin.latitude)
        assert found.rivals
        assert inside(found.origin.ellipse, place, (10.1, start)) < 1.0
        assert inside(found.origin.ellipse, place, (10.1, other)) < 1.0


def three_stations():
    """P and the Lg that a detector calls S, at three stations on one side, 2.2 to 4.3 deg away: Sn fits them from 115 km farther off."""
    sites, rows, model = {}, [], travel.load()
    for name, delta, azimuth in (("A", 2.2, 30.0), ("B", 3.1, 90.0), ("C", 4.3, 40.0)):
        lon, lat = destination_(6.6, 48.3, azimuth, delta)
        sites[name] = Site(key=name, longitude=lon, latitude=lat)
        p = float(model.predict("P1", 0.0, delta)[0])
        for label, t, sigma in (("P", p, 0.2), ("S", delta * 111.19 / 3.5 + 1.0, 3.0)):
            pick = Pick(pick_id=name + label, station_key=name, time_ns=round(t * 1e9), time_sigma_s=sigma)
            rows.append((pick, label))
    return sites, rows


def test_the_ellipse_holds_what_another_phase_would_say():
    sites, rows = three_stations()
    settings = locate.Settings(fixed_depth_km=0.0, search=False, whitened=True)
    lon, lat = destination_(6.6, 48.3, 248.0, 1.04)
    found = locate.locate(rows, sites, settings, (lon, lat, 0.0, round(-14e9)))
    o = found.origin
    assert inside(o.ellipse, (o.longitude, o.latitude), (6.6, 48.3)) < 1.0


@pytest.mark.parametrize(("delta", "price"), [(2.0, 0.7), (3.2, 2.4), (5.0, 6.3)])
def test_a_first_p_taken_for_pg_is_charged_by_how_long_pn_was_missed(delta, price):
    sites, rows, model = {}, [], travel.load()
    for i in range(9):
        d = 0.4 + 0.1 * i if i else delta
        lon, lat = destination_(10.0, 50.0, 40.0 * i, d)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        t = float(model.predict("P1" if i else "Pg", 0.0, delaz_(10.0, 50.0, lon, lat)[0])[0])
        rows.append(
            (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=0.3), "P")
        )
    problem = Problem(rows, sites, locate.Settings(fixed_depth_km=0.0))
    origin_s = -problem.reference_ns / 1e9
    found = problem.run(np.array([10.0, 50.0, 0.0, origin_s]), False, scale=1.0)
    assert "Pg" in problem.names(0.0)
    assert locator._priced(problem, found).cost - found.cost == pytest.approx(price)
