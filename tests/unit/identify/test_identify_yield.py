"""Yield: published values to 1 %, intervals that hold the truth, refusals."""

import math
import os
import random
from pathlib import Path

import pytest

from testban.base.errors import ConfigurationError, InputError
from testban.base.records import Magnitude
from testban.identify import relations, yields
from testban.run import calibrating_yield


def m(value: float, kind: str = "mb", sigma: float = 0.1, bound: str = "") -> Magnitude:
    return Magnitude(kind=kind, value=value, sigma=sigma, n_detected=5, n_censored=0, method="", bound=bound)


@pytest.mark.parametrize(("mb", "kt"), [(4.93, 8.07), (3.93, 0.479), (4.53, 2.36)])
def test_e1_bowers_inverse(mb: float, kt: float) -> None:
    assert 10 ** relations.RELATIONS["bowers"].log10_kt(mb) == pytest.approx(kt, rel=0.01)


def test_e2_threshold_equivalents_of_the_national_academies() -> None:
    law = relations.RELATIONS["bowers"]
    assert law.mb(math.log10(0.2)) == pytest.approx(3.55, abs=0.01)
    assert law.mb(math.log10(0.02)) == pytest.approx(2.55, abs=0.01)


@pytest.mark.parametrize(("mb_lg", "low", "high"), [(4.53, 2.0, 4.8), (4.93, 8.4, 16.0)])
def test_e3_dprk_2009_and_2013_overlap_the_published_ranges(mb_lg: float, low: float, high: float) -> None:
    got = yields.estimate([m(mb_lg, "mb(Lg)", 0.21)]).intervals[0]
    assert got.low_kt is not None
    assert got.low_kt < high
    assert got.high_kt > low
    assert got.high_kt / got.low_kt < 50.0  # an overlap by vagueness would prove nothing


def test_table_of_relations() -> None:
    got = yields.mb_table([0.02, 0.2, 1.0, 10.0, 150.0])
    assert got["stable"] == pytest.approx((3.176, 3.926, 4.450, 5.200, 6.082), abs=6e-4)
    assert got["bowers"] == pytest.approx((2.551, 3.551, 4.250, 5.000, 5.882), abs=6e-4)
    assert got["wet-tuff"] == pytest.approx((2.544, 3.354, 3.920, 4.730, 5.683), abs=6e-4)
    assert got["shagan-small"] == pytest.approx((2.609, 3.582, 4.262, 5.235, 6.379), abs=6e-4)


@pytest.mark.parametrize(("sigma", "factor"), [(0.05, 1.35), (0.1, 1.83), (0.2, 3.33)])
def test_95_percent_factors_of_the_error_alone(sigma: float, factor: float) -> None:
    # The published factors are z 1.96 (two-sided): 10 ** (1.96 sigma / 0.75).
    grid, mass = yields.posterior(5.5, sigma, relations.RELATIONS["bowers"])
    high, mid = (10 ** yields.quantile(grid, mass, q) for q in (0.975, 0.5))
    assert high / mid == pytest.approx(factor, rel=0.01)


@pytest.mark.parametrize("kind", ["ML", "Ms", "Mw", "M", "Ms(regional)"])
def test_a_scale_that_does_not_fit_gets_no_number(kind: str) -> None:
    with pytest.raises(InputError, match="give mb instead"):
        yields.estimate([m(5.0, kind)])


@pytest.mark.parametrize("value", [7.9, 0.5, float("nan")])
def test_a_slip_of_units_is_caught(value: float) -> None:
    with pytest.raises(InputError, match="slip of units"):
        yields.estimate([m(value)])


def test_settings_without_meaning_are_refused() -> None:
    for bad in (
        yields.YieldSettings(site="nowhere"),
        yields.YieldSettings(relation="richter"),
        yields.YieldSettings(depth_m=0.0),
        yields.YieldSettings(decoupling=1.0),
        yields.YieldSettings(prior_kt=(10.0, 1.0)),
        yields.YieldSettings(level=1.0),
    ):
        with pytest.raises(ConfigurationError):
            yields.estimate([m(5.0)], bad)
    with pytest.raises(InputError):
        yields.estimate([])


def test_intervals_hold_simulated_truth_at_the_stated_rate() -> None:
    rng = random.Random(7)
    law, place = relations.RELATIONS["bowers"], relations.SITES["anywhere"]
    inside = 0
    for _ in range(300):
        y = rng.uniform(-1.5, 2.5)
        t4 = rng.gauss(0.0, 1.0) / math.sqrt(rng.gammavariate(2.0, 2.0) / 4.0)
        value = law.mb(y) + rng.gauss(0.0, math.hypot(place.bias_sigma, 0.1)) + place.scatter * t4
        got = yields.estimate([m(value)]).intervals[0]
        assert got.low_kt is not None
        inside += got.low_kt <= 10**y <= got.high_kt
    assert 0.85 <= inside / 300 <= 0.95


def test_posterior_against_its_obvious_twin() -> None:
    law = relations.RELATIONS["stable"]
    grid, mass = yields.posterior(4.3, 0.3, law, bias=0.1)
    want = [sum(math.exp(-0.5 * ((4.2 - law.mb(y, s)) / 0.3) ** 2) for s in (0.75, 1.0)) for y in grid]
    total = sum(want)
    assert mass == pytest.approx([w / total for w in want], rel=1e-9, abs=1e-15)


def test_decoupling_is_a_hypothesis_of_its_own() -> None:
    got = yields.estimate([m(3.5)], yields.YieldSettings(decoupling=40.0))
    by_factor = {r.decoupling: r for r in got.intervals}
    assert set(by_factor) == {1.0, 10.0, 70.0, 40.0}
    assert by_factor[70.0].median_kt == pytest.approx(70.0 * by_factor[1.0].median_kt, rel=0.01)


def test_depth_and_upper_limit() -> None:
    shallow = yields.estimate([m(4.5)], yields.YieldSettings(depth_m=100.0)).intervals[0]
    deep = yields.estimate([m(4.5)], yields.YieldSettings(depth_m=700.0)).intervals[0]
    assert shallow.median_kt is not None
    assert deep.median_kt is not None
    assert deep.median_kt > shallow.median_kt
    limit = yields.estimate([m(4.0, bound="upper")])
    assert limit.intervals[0].low_kt is None
    assert limit.intervals[0].median_kt is None
    assert any("upper limit" in a for a in limit.assumptions)


def test_several_magnitudes_narrow_only_their_own_error() -> None:
    one = yields.estimate([m(5.0, sigma=0.2)])
    two = yields.estimate([m(5.0, sigma=0.2), m(5.0, "mb(Lg)", 0.2)])
    place = relations.SITES["anywhere"]
    assert two.sigma < one.sigma
    assert two.sigma > math.hypot(place.bias_sigma, place.scatter)


def test_idc_magnitudes_are_moved_and_say_so() -> None:
    got = yields.estimate([m(4.5, "mb(IDC)")])
    assert got.mb == pytest.approx(4.85)
    assert any("mb(IDC) raised" in a for a in got.assumptions)


def test_site_fit_recovers_a_known_bias() -> None:
    rng = random.Random(3)
    law = relations.RELATIONS["wet-tuff"]
    shots = [
        (law.mb(math.log10(y)) + 0.3 + rng.gauss(0, 0.2), y)
        for y in (rng.uniform(1, 200) for _ in range(200))
    ]
    got = relations.fit_site(shots, law, "x", "made here")
    assert got.bias == pytest.approx(0.3, abs=0.05)
    assert got.scatter == pytest.approx(0.2, abs=0.03)
    with pytest.raises(InputError):
        relations.fit_site(shots[:4], law, "x", "")


SITES = (("NTS", "nts", "wet-tuff"), ("SEMI KAZAKH", "semipalatinsk", "stable"))


def catalogue() -> Path:
    root = os.environ.get("TESTBAN_DATA")
    path = Path(root or "") / "reference" / "nuclear_catalogue" / "sipri_2000_part.csv"
    if not root or not path.is_file():
        pytest.skip("not run: TESTBAN_DATA does not name a folder with reference/nuclear_catalogue")
    return path


@pytest.mark.data
def test_the_shipped_site_tables_are_what_calibrate_makes() -> None:
    for region, name, law in SITES:
        made = calibrating_yield.site(catalogue(), region, law, name)["model"]
        shipped = relations.SITES[name]
        assert (made["bias"], made["bias_sigma"], made["scatter"], made["n"]) == (
            shipped.bias, shipped.bias_sigma, shipped.scatter, shipped.n
        )  # fmt: skip
    others = calibrating_yield.scatter(catalogue(), "stable", [r for r, *_ in SITES])
    assert (others["shots"], others["regions"]) == (77, 27)
    assert round(others["scatter"], 2) == relations.PRIOR_SCATTER == relations.SITES["anywhere"].scatter


@pytest.mark.data
def test_intervals_hold_85_to_95_percent_of_catalogued_yields_not_fitted_on() -> None:
    """Each shot by all others, and each half by the other: 46 shots of exact yield at two sites."""
    one = halves = n = 0
    for region, name, law in SITES:
        found = calibrating_yield.site(catalogue(), region, law, name)["inside_90_percent"]
        one += found["each_by_the_others"]["k"]
        halves += found["even_by_odd"]["k"] + found["odd_by_even"]["k"]
        n += found["each_by_the_others"]["n"]
    assert n == 46
    assert 0.85 <= one / n <= 0.95
    assert 0.80 <= halves / n <= 0.95


@pytest.mark.data
def test_random_halves_hold_85_to_95_percent_on_average() -> None:
    rng, inside, n = random.Random(11), 0, 0
    for region, _, law in SITES:
        shots = [(b, y) for *_, b, y in calibrating_yield.shots(catalogue(), region)]
        for _ in range(10):
            rng.shuffle(shots)
            half = len(shots) // 2
            for fitted, asked in ((shots[:half], shots[half:]), (shots[half:], shots[:half])):
                place = relations.fit_site(fitted, relations.RELATIONS[law], "x", "")
                inside += sum(calibrating_yield.holds(place, b, y) for b, y in asked)
                n += len(asked)
    assert 0.85 <= inside / n <= 0.95


@pytest.mark.data
def test_without_knowing_the_place_intervals_still_hold() -> None:
    """All 123 shots judged as if nobody knew where they were; the scatter was fitted on 77 of them, the bias on none."""
    place = relations.SITES["anywhere"]
    shots = calibrating_yield.shots(catalogue(), None)
    held = [calibrating_yield.holds(place, b, y) for *_, b, y in shots]
    assert len(held) == 123
    assert 0.85 <= sum(held) / len(held) <= 0.97
