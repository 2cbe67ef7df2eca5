"""Series from network, yield and place: the joint recursion against a slow twin, check numbers, limits, the verb."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from testban.assure import identification, plan, scenario
from testban.assure.capability import Rule, Sensor, detected, threshold
from testban.assure.identification import Identification
from testban.assure.series import Cause
from testban.assure.sites import place
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_plan
from testban.run.assurance_plan import Shots, Spread
from testban.show import assurance_plan as words

SEMI = place("semipalatinsk")


def toy(noises, reliability=0.9):
    return tuple(
        Sensor(
            code=f"S{i}",
            longitude=10.0 + 9.0 * i,
            latitude=3.0 * i,
            noise_nm_s=v,
            reliability=reliability,
            array=i == 1,
        )
        for i, v in enumerate(noises)
    )


def slow(place_, m):
    """The same by going through every outcome of every station."""
    rule, how = place_.rule, place_.identification
    seen = both = 0.0
    chances = []
    for limit, clear, up in zip(place_.limits, place_.clear, place_.up, strict=True):
        p = up * norm.cdf((m - limit) / rule.sigma)
        c = up * norm.cdf((m - clear) / rule.sigma)
        chances.append((1.0 - p, p - c, c))
    for outcome in itertools.product(range(3), repeat=len(chances)):
        weight = math.prod(c[o] for c, o in zip(chances, outcome, strict=True))
        points = sum(int(w) for w, o in zip(place_.points, outcome, strict=True) if o)
        if points >= rule.points:
            seen += weight
            both += weight * (sum(o == 2 for o in outcome) >= how.stations)
    return seen, both


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.05, 5.0), min_size=1, max_size=5), st.floats(2.0, 5.0), st.integers(1, 4), st.integers(1, 2),
    st.integers(1, 3),
)  # fmt: skip
def test_joint_recursion_equals_going_through_all_outcomes(noises, m, points, array_points, stations):
    rule = Rule(points=points, array_points=array_points, nearest_deg=0.0)
    how = Identification(stations=stations, hit=1.0, surface_mb=99.0, farthest_deg=25.0)
    where = identification.at(12.0, 4.0, toy(noises), rule, how)
    assert where.seen(m) == pytest.approx(slow(where, m), abs=1e-9)


def test_detection_alone_is_that_of_the_map():
    told = scenario.read(scenario.text_of("ims"), "ims")
    sensors = scenario.sensors(told)
    where = identification.at(78.9, 49.9, sensors, told.rule, Identification())
    from testban.base.geo import delaz_

    d = np.array([delaz_(78.9, 49.9, s.longitude, s.latitude)[0] for s in sensors])
    for m in (2.8, 3.0, 3.2, 3.5):
        assert where.seen(m)[0] == pytest.approx(detected(d, sensors, told.rule, m), abs=1e-9)
    assert identification.threshold(where) == pytest.approx(threshold(d, sensors, told.rule), abs=1e-5)
    assert identification.threshold(where, True) > identification.threshold(where)


def test_identification_threshold_of_a_grid_is_that_of_the_place_and_never_below_detection():
    told = scenario.read(scenario.text_of("ims"), "ims")
    sensors, how = scenario.sensors(told), Identification()
    lon, lat = np.array([78.9, -120.0, 10.0]), np.array([49.9, -40.0, 60.0])
    got = identification.thresholds(sensors, told.rule, how, lon, lat)
    for x, y, m in zip(lon, lat, got, strict=True):
        where = identification.at(float(x), float(y), sensors, told.rule, how)
        assert m == pytest.approx(identification.threshold(where, True), abs=1e-5)
        assert m >= identification.threshold(where) - 1e-6


def test_expected_magnitudes_of_the_check_table():
    for y, factor, want in ((1, 10, 3.25), (1, 70, 2.40), (0.5, 10, 2.95), (2, 70, 2.71), (0.2, 1, 3.55)):
        assert assurance_plan.magnitude(Shots(yield_kt=y, decoupling=factor)) == pytest.approx(
            want, abs=0.006
        )


def test_without_spread_the_series_is_the_power_of_one():
    got = assurance_plan.series_of(
        "ims",
        SEMI,
        Shots(yield_kt=1, decoupling=70),
        spread=Spread(site=0, noise=0, decoupling=0, outage=0, scatter=0),
    )
    one = got["chances"]["detected"]
    assert got["chances"]["series_detected"] == pytest.approx(1 - (1 - one) ** 10, abs=5e-4)
    assert got["chances"]["series_independent"] == pytest.approx(got["chances"]["series_seen"], abs=1e-4)
    assert got["without_spread"]["detected"] == pytest.approx(one, abs=2e-4)
    assert one == pytest.approx(
        0.0011, abs=1e-3
    )  # the worked case: another list of stations, the same order of size


@settings(max_examples=15, deadline=None)
@given(st.floats(2.2, 3.6), st.integers(1, 12), st.floats(0.0, 0.5))
def test_common_causes_never_help_the_defender_against_independence(m, n, sigma):
    where = identification.at(
        SEMI.longitude, SEMI.latitude, toy([0.3] * 6), Rule(nearest_deg=0.0), Identification()
    )
    course = plan.Course(where, 0.2)
    got = plan.chances(course, [m] * n, [Cause(name="x", sigma=sigma)], 1.0)
    assert got.series_seen <= got.series_independent + 1e-9
    assert got.series_seen <= got.series_detected + 1e-12
    assert got.seen - 1e-9 <= got.series_seen
    assert got.at_most_one <= got.at_most_one_without_template + 1e-12


def test_an_outage_bounds_everything():
    where = identification.at(
        SEMI.longitude, SEMI.latitude, toy([0.01] * 6, 1.0), Rule(nearest_deg=0.0), Identification(hit=1.0)
    )
    got = plan.chances(plan.Course(where, 0.0), [5.0] * 3, [Cause(name="x", outage=0.25)], 1.0)
    assert got.series_seen == pytest.approx(0.75)
    assert got.at_most_one == pytest.approx(0.25)


def test_verb_and_words(capsys):
    line = "assure series --network ims --site semipalatinsk --yield-kt 1 --n 10 --decoupling 70"
    assert app([*line.split(), "--json"], result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)
    assert got["probability_seen"] < 0.5
    assert got["inputs"]["mb"] == 2.4
    assert {c["name"] for c in got["causes"]} >= {"common outage", "how well the cavity decouples"}
    found = assurance_plan.series_of("ims", SEMI, Shots(yield_kt=1, decoupling=70))
    assert "would probably not be seen" in words.series(found).en
    assert "незамеченной" in words.series(found).ru
    for bad in ("assure series --n 3", "assure series --n 3 --network ims --site semipalatinsk"):
        with pytest.raises(InputError):
            app(bad.split(), result_action="return_value")
    with pytest.raises(InputError, match="--decoupling"):
        assurance_plan.magnitude(Shots(yield_kt=1, decoupling=1000))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.05, 5.0), min_size=2, max_size=7),
    st.floats(2.0, 5.5),
    st.integers(1, 3),
    st.integers(0, 6),
)
def test_more_stations_never_hurt_and_a_deaf_one_never_helps(noises, m, points, dead):
    where = identification.at(12.0, 4.0, toy(noises), Rule(points=points, nearest_deg=0.0), Identification())
    less = where.without((f"S{dead % len(noises)}",))
    seen, told = where.seen(m)
    fewer, fewer_told = less.seen(m)
    assert fewer <= seen + 1e-12
    assert fewer_told <= told + 1e-12
    assert told <= seen + 1e-12


@settings(max_examples=30, deadline=None)
@given(st.floats(2.0, 5.0), st.floats(0.0, 1.0))
def test_a_larger_event_is_never_less_seen(m, more):
    where = identification.at(12.0, 4.0, toy([0.2, 0.5, 1.0, 2.0]), Rule(nearest_deg=0.0), Identification())
    assert where.seen(m)[0] <= where.seen(m + more)[0] + 1e-12
    assert where.seen(m)[1] <= where.seen(m + more)[1] + 1e-12
