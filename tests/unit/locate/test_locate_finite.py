"""Whatever the arrivals are, a location is finite or refused in a sentence."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_locate_origin import network, picks_of

from testban import locate
from testban.base.canonical import canonical_json
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate.problem import Problem

EPOCH_NS = 1_500_000_000_000_000_000
SHAPES = ("anywhere", "line", "equator", "antipode", "on the source", "one place")
SIGMAS = st.sampled_from((0.0, 1e-12, 0.1, 1.0, 1e3, 1e8))


def place(shape: str, i: int, lon: float, lat: float, u: float, v: float) -> tuple[float, float]:
    if shape == "line":
        return destination_(lon, lat, 30.0, 2.0 + 3.0 * i)
    if shape == "equator":
        return 360.0 * u - 180.0, 0.0
    if shape in ("antipode", "on the source"):
        near = (0.0, 0.001, 0.1, 1.0)[i % 4]
        return destination_(lon, lat, 360.0 * u, 180.0 - near if shape == "antipode" else near)
    return (10.0, 20.0) if shape == "one place" else (360.0 * u - 180.0, 180.0 * v - 90.0)


@st.composite
def problems(draw):
    """Picks, sites, settings and a start: few, repeated, wild."""
    unit = st.floats(0.0, 1.0)
    shape, lat = draw(st.sampled_from(SHAPES)), draw(st.sampled_from((-90.0, -12.3, 41.3, 89.99, 90.0)))
    depth = draw(st.sampled_from((0.0, 10.0, 35.0, 300.0, 700.0)))
    noise = draw(st.sampled_from((0.0, 1.0, 30.0, 5e4)))
    model, sites, picks = travel.load("ak135"), {}, []
    for i in range(draw(st.integers(1, 8))):
        lon, la = place(shape, i, 129.0, lat, draw(unit), draw(unit))
        key = f"N.S{i}"
        sites[key] = Site(key=key, longitude=lon, latitude=la, elevation_m=draw(st.sampled_from((0.0, 5e3))))
        label = draw(st.sampled_from(("P", "P", "P", "S", "", "pP", "PcP", "Lg")))
        t, _, _ = model.predict("S1" if label == "S" else "P1", depth, delaz_(129.0, lat, lon, la)[0])
        t = (500.0 if t != t else t) + noise * (2.0 * draw(unit) - 1.0)
        vector = (
            {"slowness_s_per_deg": 40.0 * draw(unit), "backazimuth_deg": 400.0 * draw(unit) - 10.0,
             "slowness_sigma": draw(SIGMAS), "backazimuth_sigma": draw(SIGMAS)}
            if draw(st.booleans()) else {}
        )  # fmt: skip
        pick = Pick(
            pick_id=f"p{i}",
            station_key=key,
            time_ns=EPOCH_NS + int(t * 1e9),
            time_sigma_s=draw(SIGMAS),
            **vector,
        )
        picks += [(pick, label)] * draw(st.integers(1, 2))
    how = locate.Settings(
        search=draw(st.booleans()), correlated=draw(st.booleans()), robust=draw(st.booleans()),
        fixed_depth_km=draw(st.sampled_from((None, None, 0.0, 700.0))),
    )  # fmt: skip
    start = draw(
        st.sampled_from((None, (129.0, lat, depth, EPOCH_NS), (-40.0, 10.0, 0.0, EPOCH_NS + 10**12)))
    )
    return picks, sites, how, start


def check(found: locate.Located) -> None:
    canonical_json(found)  # raises for anything that is not finite
    o = found.origin
    assert min(o.ellipse.smajor_km, o.time_sigma_s, o.n_defining) > 0
    assert o.min_distance_deg <= o.max_distance_deg <= 180.0
    assert 0.0 <= o.depth_km <= 700.0
    assert o.depth_reason
    assert all(a.residual_s is not None or not a.defining for a in found.arrivals)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problems())
def test_a_location_is_finite_or_refused(problem):
    try:
        found = locate.locate(*problem)
    except InputError:
        return
    check(found)


@pytest.mark.parametrize("sigma", [math.nan, math.inf, -1.0])
def test_a_time_error_that_is_no_number_is_refused(sigma):
    sites = network(6, 2.0, 12.0)
    picks = [(msgspec.structs.replace(p, time_sigma_s=sigma), s) for p, s in picks_of(sites)]
    with pytest.raises(InputError, match="time error"):
        locate.locate(picks, sites)


def test_slowness_that_is_no_number_is_not_measured():
    sites = network(6, 2.0, 12.0)
    bare = picks_of(sites)
    bad = [
        (
            msgspec.structs.replace(
                p, slowness_s_per_deg=math.nan, backazimuth_deg=10.0, backazimuth_sigma=math.inf
            ),
            s,
        )
        for p, s in bare
    ]
    off = locate.Settings(default_backazimuth_sigma=None)
    assert locate.locate(bad, sites, off).origin == locate.locate(bare, sites, off).origin


def test_a_station_without_a_place_is_refused():
    sites = network(6, 2.0, 12.0)
    picks = picks_of(sites)
    key = picks[0][0].station_key
    sites[key] = msgspec.structs.replace(sites[key], latitude=math.nan)
    with pytest.raises(InputError, match="coordinates"):
        locate.locate(picks, sites)


def test_a_start_that_fails_leaves_nothing_behind():
    sites = network(14, 2.0, 12.0)
    problem = Problem(picks_of(sites, noise=0.2), sites, locate.Settings())
    good = problem.run(np.array([129.0, 41.0, 0.0, -40.0]), False)
    assert good.ok
    assert not problem.run(np.array([-63.6, 33.4, 0.0, -776.0]), False).ok
    again = problem.run(good.x.copy(), False, scale=1.0, iterations=0)
    assert (again.ok, again.used, again.cost) == (True, good.used, good.cost)
