"""Evidence and verdict: stated rates, missing evidence, the traps of the trade."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from testban import identify
from testban.base.dmath import normal_cdf_
from testban.base.errors import ConfigurationError, InputError
from testban.base.measurements import BandRatio, PathMeasurement
from testban.base.records import Arrival, Ellipse, Event, Magnitude, Origin, Pick, Verdict
from testban.identify import calibration, densities, polarity, regional

BANDS = calibration.BANDS


def origin(depth=0.0, fixed=True, sigma=None, lon=0.0):
    return Origin(
        time_ns=0,
        longitude=lon,
        latitude=0.0,
        depth_km=depth,
        depth_fixed=fixed,
        depth_reason="fixed by the operator" if fixed else "free",
        depth_sigma_km=sigma,
        time_sigma_s=0.5,
        ellipse=Ellipse(smajor_km=5.0, sminor_km=5.0, strike_deg=0.0),
        rms_s=0.5,
        n_defining=5,
        n_stations=5,
        gap_deg=90.0,
        secondary_gap_deg=120.0,
        min_distance_deg=1.0,
        max_distance_deg=10.0,
    )


def event(o=None, magnitudes=(), arrivals=()):
    return Event(event_id="e", origin=o or origin(), arrivals=tuple(arrivals), magnitudes=tuple(magnitudes))


def path(i, value, bound="", usable=True, blocked=False, azimuth=None):
    """A path whose log10 P/S is `value` from the middle between the classes in all bands."""
    model = calibration.PS_DEFAULT
    return PathMeasurement(
        station_key=f"XX.S{i}",
        distance_deg=5.0,
        azimuth_deg=40.0 * i if azimuth is None else azimuth,
        usable=usable and not blocked,
        components=3,
        bands=tuple(
            BandRatio(band_hz=b, components=3, log10_ps=model.centre(b) + value, bound=bound) for b in BANDS
        ),
        lg_judged=True,
        lg_blocked=blocked,
    )


def magnitude(kind, value, sigma=0.1, bound=""):
    return Magnitude(kind=kind, value=value, sigma=sigma, n_detected=5, n_censored=0, method="", bound=bound)


def one(assessment, name):
    return next(e for e in assessment.evidence if e.name == name)


def test_explosions_and_earthquakes_of_the_calibration_are_told_apart():
    x = identify.assess(event(), [path(i, 0.4) for i in range(4)], ())
    q = identify.assess(event(), [path(i, -0.45) for i in range(4)], ())
    assert x.verdict is Verdict.EXPLOSION
    assert q.verdict is Verdict.EARTHQUAKE
    assert x.log10_lr >= 1.0 >= -1.0 >= q.log10_lr


def test_in_the_middle_and_with_fewer_than_two_good_paths_undetermined():
    assert identify.assess(event(), [path(i, 0.0) for i in range(6)], ()).verdict is Verdict.UNDETERMINED
    alone = identify.assess(event(), [path(0, 0.5)], ())
    assert alone.verdict is Verdict.UNDETERMINED
    assert alone.log10_lr is None
    assert "at least 2" in one(alone, regional.NAME).reason


def test_one_good_path_beside_others_counts_in_the_odds_and_never_decides():
    hidden = path(1, 0.0, blocked=True)
    for value, like in ((0.5, Verdict.EXPLOSION), (-0.5, Verdict.EARTHQUAKE)):
        a = identify.assess(event(), [path(0, value), hidden], ())
        assert a.verdict is Verdict.UNDETERMINED
        assert a.log10_lr * value > 0.5
        assert a.probability_explosion == identify.probability(a.log10_lr, a.prior)
        assert "never decide" in one(a, regional.NAME).reason
        more = [path(0, value), path(2, value), hidden]
        assert identify.assess(event(), more, ()).verdict is like
    strong = identify.assess(event(), [path(0, 0.8), hidden], ())
    assert strong.log10_lr >= 1.0
    assert strong.reason.startswith("regional P/S rests on too few paths to decide, though it counts; ")


def test_one_good_path_cannot_lift_other_evidence_over_a_threshold_but_can_hold_it_back():
    magnitudes = (magnitude("mb", 5.0), magnitude("Ms", 3.2))
    ms = identify.assess(event(magnitudes=magnitudes), [], ())
    assert ms.verdict is Verdict.EXPLOSION
    hidden = path(1, 0.0, blocked=True)
    for value, verdict in ((0.5, Verdict.EXPLOSION), (-0.8, Verdict.UNDETERMINED)):
        a = identify.assess(event(magnitudes=magnitudes), [path(0, value), hidden], ())
        assert a.verdict is verdict
    weak = (magnitude("mb", 5.0), magnitude("Ms", 3.9))
    alone = identify.assess(event(magnitudes=weak), [], ())
    assert alone.verdict is Verdict.UNDETERMINED
    both = identify.assess(event(magnitudes=weak), [path(0, 0.8), hidden], ())
    assert both.log10_lr > alone.log10_lr
    assert both.verdict is Verdict.UNDETERMINED
    assert not both.screening.combined


def test_blocked_paths_do_not_decide():
    paths = [path(0, -0.4), path(1, -0.5)] + [path(i, 1.2, blocked=True) for i in range(2, 12)]
    a = identify.assess(event(), paths, ())
    assert a.verdict is Verdict.EARTHQUAKE
    assert "10 path(s) block Lg" in one(a, regional.NAME).reason


def test_a_vague_epicentre_leaves_the_windows_unknown():
    vague = msgspec.structs.replace(origin(), ellipse=Ellipse(smajor_km=300.0, sminor_km=9.0, strike_deg=0.0))
    for ellipse in (vague.ellipse, Ellipse(smajor_km=math.nan, sminor_km=9.0, strike_deg=0.0)):
        o = msgspec.structs.replace(vague, ellipse=ellipse)
        a = identify.assess(event(o), [path(i, 0.5) for i in range(5)], ())
        assert a.verdict is Verdict.UNDETERMINED
        assert "uncertain" in one(a, regional.NAME).reason


def around(n, spread=360.0, depth_fixed=True, distance=4.0, phase="P"):
    """An event whose P was timed at n places over `spread` degrees of azimuth, and paths of P/S without any sign of S."""
    arrivals = [
        Arrival(
            pick_id=str(i), station_key=f"XX.T{i}", phase=phase, time_ns=0, distance_deg=distance, azimuth_deg=spread * i / n,
            backazimuth_deg=0.0,
        )
        for i in range(n)
    ]  # fmt: skip
    o = msgspec.structs.replace(origin(), depth_fixed=depth_fixed)
    paths = [
        msgspec.structs.replace(path(i, 0.5), lg_judged=False, lg_blocked=None, s_rise=0.0) for i in range(4)
    ]
    return event(o, arrivals=arrivals), paths


def test_p_timed_all_around_bears_a_location_out_where_no_s_is_seen():
    for made, applies in (
        (around(5), True),
        (around(4), False),
        (around(5, spread=200.0), False),
        (around(5, depth_fixed=False), False),
        (around(6, depth_fixed=False), True),
        (around(8, spread=0.1), False),
        (around(8, distance=0.3), False),
        (around(8, phase="S"), False),
    ):
        assert one(identify.assess(made[0], made[1], ()), regional.NAME).applicable is applies


def test_elements_of_one_array_are_one_voice():
    a = identify.assess(event(), [path(i, 0.5, azimuth=90.0 + 0.01 * i) for i in range(6)], ())
    assert not one(a, regional.NAME).applicable


def test_more_stations_do_not_shrink_the_error_below_the_spread_of_events():
    few = one(identify.assess(event(), [path(i, 0.3) for i in range(2)], ()), regional.NAME)
    many = one(identify.assess(event(), [path(i, 0.3) for i in range(9)], ()), regional.NAME)
    assert calibration.PS_DEFAULT.spread_event < many.sigma < few.sigma


def test_extreme_values_are_capped_and_do_not_turn_round():
    ratios = [
        one(identify.assess(event(), [path(i, v) for i in range(4)], ()), regional.NAME).log10_lr
        for v in (-5.0, -2.0, -0.6, 0.0, 0.6, 2.0, 5.0)
    ]
    assert all(b >= a - 1e-9 for a, b in itertools.pairwise(ratios))
    assert max(abs(r) for r in ratios) <= calibration.PS_DEFAULT.cap


def test_text_says_that_calibration_is_thin_and_that_no_earthquake_on_the_paths_was_at_hand():
    e = one(identify.assess(event(), [path(i, 0.4) for i in range(3)], ()), regional.NAME)
    assert "no earthquake on the paths of the DPRK test site was at hand" in e.reason
    assert "3 explosions of 1 region" in e.reason


def test_a_fixed_depth_never_screens():
    for depth in (0.0, 33.0, 600.0):
        e = one(identify.assess(event(origin(depth)), (), ()), "depth")
        assert not e.applicable
        assert e.log10_lr is None


def test_a_free_deep_event_is_earthquake_like_and_a_shallow_one_is_not_an_explosion_for_that():
    deep = identify.assess(event(origin(60.0, False, 4.0)), (), ())
    assert deep.verdict is Verdict.EARTHQUAKE
    assert one(deep, "depth").detail["screened"] == "yes"
    shallow = identify.assess(event(origin(0.0, False, 1.0)), (), ())
    assert shallow.verdict is Verdict.UNDETERMINED
    vague = one(identify.assess(event(origin(60.0, False, 40.0)), (), ()), "depth")
    assert not vague.applicable


def test_row_d1_mb_ms_and_the_error_that_does_not_shrink():
    quake = identify.assess(event(magnitudes=[magnitude("mb", 5.0), magnitude("Ms", 5.6)]), (), ())
    test = identify.assess(event(magnitudes=[magnitude("mb", 5.0), magnitude("Ms", 3.5)]), (), ())
    e = one(quake, "mb:Ms")
    assert e.value == pytest.approx(5.6 - 5.0 + 0.64)
    assert e.sigma >= identify.Settings().s_model
    assert e.detail["screened"] == "yes"
    assert one(quake, "mb:Ms").log10_lr < 0 < one(test, "mb:Ms").log10_lr


def test_an_ms_upper_limit_never_speaks_against_an_explosion():
    for limit in (3.0, 4.0, 6.0, 8.0):
        a = identify.assess(
            event(magnitudes=[magnitude("mb", 4.5), magnitude("Ms", limit, bound="upper")]), (), ()
        )
        e = one(a, "mb:Ms")
        assert e.log10_lr >= 0.0
        assert e.detail["screened"] == "no"


def test_an_mb_upper_limit_or_no_ms_is_not_applicable():
    a = identify.assess(event(magnitudes=[magnitude("mb", 4.5, bound="upper"), magnitude("Ms", 3.0)]), (), ())
    assert not one(a, "mb:Ms").applicable
    assert not one(identify.assess(event(magnitudes=[magnitude("mb", 4.5)]), (), ()), "mb:Ms").applicable


def picks_and_arrivals(signs, confidence=0.95):
    picks = [
        Pick(
            pick_id=f"p{i}",
            station_key=f"XX.S{i}",
            time_ns=i,
            polarity=s,
            polarity_confidence=confidence,
        )
        for i, s in enumerate(signs)
    ]
    arrivals = [
        Arrival(
            pick_id=p.pick_id,
            station_key=p.station_key,
            phase="P",
            time_ns=p.time_ns,
            distance_deg=30.0,
            azimuth_deg=10.0 * i,
            backazimuth_deg=0.0,
        )
        for i, p in enumerate(picks)
    ]
    return picks, arrivals


def test_dilatations_speak_against_an_explosion_and_compressions_say_little():
    for signs, check in (([1] * 8, (0.0, 0.51)), ([1, -1, -1, -1, -1, -1], (-0.51, -0.3))):
        picks, arrivals = picks_and_arrivals(signs)
        e = one(identify.assess(event(arrivals=arrivals), (), picks), "first motion")
        assert check[0] <= e.log10_lr <= check[1]
    picks, arrivals = picks_and_arrivals([-1] * 12)
    alone = identify.assess(event(arrivals=arrivals), (), picks)
    assert alone.verdict is Verdict.UNDETERMINED, "first motions alone never decide"
    picks, arrivals = picks_and_arrivals([-1] * 6, confidence=0.3)
    assert not one(identify.assess(event(arrivals=arrivals), (), picks), "first motion").applicable


def test_one_reversed_channel_does_not_overturn_many_compressions():
    picks, arrivals = picks_and_arrivals([1] * 9 + [-1])
    assert one(identify.assess(event(arrivals=arrivals), (), picks), "first motion").log10_lr > -0.1


def test_first_motion_tails_sum_to_one():
    below, above = polarity.tails([0.35] * 6, 6)
    assert below == pytest.approx(1.0)
    assert 0.0 < above < 1.0
    for counts in polarity.distributions([0.35, 0.4, 0.36]):
        assert sum(counts) == pytest.approx(1.0)


def test_first_motion_likelihoods_against_their_obvious_twin():
    read = [(1, 0.35), (-1, 0.4), (1, 0.36)]
    x, q = polarity.likelihoods(read)
    assert x == pytest.approx(0.9 * 0.65 * 0.4 * 0.64 + 0.1 * 0.35 * 0.6 * 0.36)
    u = np.sin(0.5 * np.pi * (np.arange(100_000) + 0.5) / 100_000) ** 2  # Beta(1/2, 1/2) by its quantiles
    want = np.mean(
        (u * 0.65 + (1 - u) * 0.35) * (1 - (u * 0.6 + (1 - u) * 0.4)) * (u * 0.64 + (1 - u) * 0.36)
    )
    assert q == pytest.approx(want, rel=1e-3)


def test_an_array_or_a_nest_of_stations_has_one_first_motion():
    picks, arrivals = picks_and_arrivals([-1] * 6)
    near = [
        msgspec.structs.replace(a, distance_deg=40.0, azimuth_deg=10.0 + 0.01 * i)
        for i, a in enumerate(arrivals)
    ]
    assert not one(identify.assess(event(arrivals=near), (), picks), "first motion").applicable


def test_an_event_whose_s_the_records_do_not_bear_out_gets_no_p_over_s():
    """A distant event taken for a near one: P and S windows lie in one coda, and the ratio means nothing."""

    def at(rise, blocked):
        paths = [
            msgspec.structs.replace(path(i, -0.5), lg_judged=blocked is not None, lg_blocked=blocked, s_rise=rise)
            for i in range(6)
        ]  # fmt: skip
        return one(identify.assess(event(), paths, ()), regional.NAME)

    assert not at(-0.05, None).applicable
    assert not at(None, None).applicable
    assert "bear the location out" in at(0.05, None).reason
    assert at(0.3, None).applicable
    assert at(-0.05, False).applicable


def test_where_the_event_lies_is_no_evidence():
    paths = [path(i, 0.4) for i in range(4)]
    here = identify.assess(event(origin(lon=0.0)), paths, ())
    there = identify.assess(event(origin(lon=129.05)), paths, ())
    assert here == there


def test_the_prior_moves_the_probability_and_never_the_verdict():
    paths = [path(i, 0.4) for i in range(4)]
    low = identify.assess(event(), paths, (), identify.Settings(prior=1e-5))
    high = identify.assess(event(), paths, (), identify.Settings(prior=0.5))
    assert low.verdict == high.verdict
    assert low.log10_lr == high.log10_lr
    assert low.probability_explosion < 1e-3 < 0.5 < high.probability_explosion
    odds = 10**high.log10_lr
    assert high.probability_explosion == pytest.approx(odds / (1 + odds))


def test_no_evidence_is_undetermined_with_the_prior_as_probability():
    a = identify.assess(event(), (), ())
    assert (a.verdict, a.log10_lr, a.probability_explosion) == (Verdict.UNDETERMINED, None, a.prior)


def test_stricter_rates_ask_for_more():
    paths = [path(i, 0.4) for i in range(4)]
    strict = identify.Settings(false_alarm=0.001)
    assert identify.assess(event(), paths, (), strict).verdict is Verdict.UNDETERMINED
    with pytest.raises(ConfigurationError, match="prior"):
        identify.assess(event(), paths, (), identify.Settings(prior=0.0))
    with pytest.raises(ConfigurationError, match="least_paths"):
        identify.assess(event(), paths, (), identify.Settings(least_paths=1))


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=5))
def test_combination_is_bounded_by_the_sum_and_keeps_a_lone_voice(ratios):
    total = identify.combine(ratios, 0.3)
    assert abs(total) <= abs(sum(ratios)) + 1e-12
    assert identify.combine([ratios[0]], 0.3) == pytest.approx(ratios[0])
    assert identify.combine(ratios, 0.0) == pytest.approx(sum(ratios), abs=1e-9)
    assert identify.combine(ratios[::-1], 0.3) == pytest.approx(total, abs=1e-12)


def test_dependence_factor_is_that_of_correlated_normals():
    """n equal voices of correlation rho: the exact log ratio is n / (1 + (n - 1) rho) of one."""
    for n in (2, 3, 5):
        assert identify.combine([0.5] * n, 0.3) == pytest.approx(0.5 * n / (1 + (n - 1) * 0.3))


@given(st.floats(-50, 50), st.floats(-2, 2), st.floats(0.05, 3))
def test_student_densities_against_scipy(x, mean, scale):
    assert densities.density(x, mean, scale) == pytest.approx(stats.t.pdf(x, 4, mean, scale), rel=1e-9)
    assert densities.distribution(x, mean, scale) == pytest.approx(
        stats.t.cdf(x, 4, mean, scale), rel=1e-6, abs=1e-12
    )


def test_row_d4_two_normal_classes():
    """Kim 1993: mean P/Lg 0.5 and 1.25 with D = 4.653 is about 1 % total misclassification."""
    assert normal_cdf_(-4.653 / 2.0) == pytest.approx(0.01, abs=5e-4)


def test_calibration_counts_each_event_once_and_refuses_emptiness():
    x = {"a": [path(i, 0.4) for i in range(9)], "b": [path(i, 0.2) for i in range(2)]}
    q = {"c": [path(i, -0.4) for i in range(3)]}
    model = calibration.fit(x, q, "test")
    centre = [calibration.PS_DEFAULT.centre(b) for b in BANDS]
    assert [m for _, m in model.explosion] == pytest.approx([c + 0.3 for c in centre], abs=6e-4)
    assert (model.n_explosions, model.n_earthquakes) == (2, 1)
    with pytest.raises(InputError, match="at least one"):
        calibration.fit({}, q, "none")


def test_a_new_discriminant_enters_through_the_registry():
    from testban.base.records import Evidence

    @identify.register("test only")
    def always(inquiry):
        return Evidence(name="test only", applicable=True, log10_lr=-2.0, reason="because")

    try:
        a = identify.assess(event(), [path(i, 0.4) for i in range(4)], ())
        assert one(a, "test only").reason == "because"
        assert a.verdict is not Verdict.EXPLOSION
    finally:
        del identify.DISCRIMINANTS["test only"]


def test_bounds_enter_as_bounds():
    up = [path(0, 0.4), path(1, 0.4), path(2, 0.9, bound="lower")]
    plain = one(identify.assess(event(), up[:2], ()), regional.NAME).value
    assert one(identify.assess(event(), up, ()), regional.NAME).value > plain
    weak = [path(0, 0.4), path(1, -0.2, bound="lower")]
    assert one(identify.assess(event(), weak, ()), regional.NAME).detail["decides"] == "no"
    strong = [path(0, 0.4), path(1, 0.2, bound="lower")]
    assert one(identify.assess(event(), strong, ()), regional.NAME).applicable
    only = [path(i, 0.9, bound="lower") for i in range(3)]
    assert not one(identify.assess(event(), only, ()), regional.NAME).applicable


def test_order_of_paths_does_not_matter():
    paths = [path(i, 0.1 * i) for i in range(5)]
    assert identify.assess(event(), paths, ()) == identify.assess(event(), paths[::-1], ())
    assert msgspec.json.encode(identify.assess(event(), paths, ()))
