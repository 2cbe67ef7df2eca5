"""A detector's curve gives back the line that it was made from; regional laws count where they reach, and only the best."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from testban.assure import capability, scenario
from testban.assure.capability import Law, Rule, Sensor
from testban.assure.detector import Detector, fitted, rule_with
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG


@pytest.mark.parametrize(("unit", "factor"), [("A/T", 1.0), ("peak/rms", math.sqrt(2.0))])
def test_a_curve_gives_back_its_line(unit, factor):
    ratios = (2.0, 3.0, 4.0, 6.0, 9.0, 14.0)
    curve = tuple((r, float(norm.cdf((math.log10(r) - math.log10(5.0)) / 0.2))) for r in ratios)
    found = fitted(Detector(source="made here", curve=curve, unit=unit))
    assert found.snr == pytest.approx(5.0 / factor, rel=1e-3)
    assert found.sigma == pytest.approx(0.2, rel=1e-3)
    assert found.misfit < 1e-3
    rule = rule_with(Rule(), Detector(source="made here", curve=curve, unit=unit, signal_sigma=0.3))
    assert rule.sigma == pytest.approx(math.hypot(0.2, 0.3), abs=2e-3)


@pytest.mark.parametrize(
    "changed",
    [{"source": ""}, {"curve": ((2.0, 0.1), (3.0, 0.2), (9.0, 1.0))}, {"curve": ((2.0, 0.9), (3.0, 0.5), (4.0, 0.1))},
     {"signal_sigma": -1.0}],
)  # fmt: skip
def test_a_curve_that_says_nothing_is_refused(changed):
    given = {"source": "x", "curve": ((2.0, 0.1), (3.0, 0.5), (4.0, 0.9)), **changed}
    with pytest.raises(InputError, match="detector"):
        fitted(Detector(**given))


def test_the_included_curve_stands_in_the_rule_and_names_its_source():
    plan = scenario.read(scenario.text_of("ims-testban"), "ims-testban")
    said = " ".join(scenario.assumed(plan))
    assert plan.rule.points == 4
    assert 4.0 < plan.rule.snr < 6.5
    assert 0.2 < plan.rule.sigma < 0.45
    assert "SIMULATED" in said
    assert "taken for arrays too" in said
    with pytest.raises(InputError, match="expected a table"):
        scenario.read('title = "x"\n[detector]\ntable = "other"\n', "x")


PN = Law(phase="Pn", slope=2.4, offset=-3.95, source="Denny 1987", confirmed=True)
LG = Law(
    phase="Lg", slope=1.0, per_km=0.002, offset=-1.0, source="made here", noise_factor=2.0, farthest_deg=8.0
)


def test_the_law_seen_best_counts_and_only_where_it_reaches():
    both, none = Rule(regional=(PN, LG)), Rule()
    for deg in (1.0, 4.0, 7.9, 8.1, 15.0, 30.0):
        got = capability.decay_(capability.model_of(both), deg)
        km = deg * KM_PER_DEG
        want = capability.decay_(capability.model_of(none), deg)
        if deg <= 8.0:
            want = min(want, math.log10(km) + 0.002 * km - 1.0 + math.log10(2.0))
        assert got == pytest.approx(want, abs=1e-9)


def test_a_further_law_never_hurts_and_is_said_with_its_source():
    sensors = tuple(
        Sensor(code=f"S{i}", longitude=10.0 + 3.0 * i, latitude=50.0, noise_nm_s=1.0) for i in range(4)
    )
    lon, lat = np.array([12.0, 16.0]), np.array([51.0, 48.0])
    without = capability.thresholds(sensors, Rule(regional=(PN,)), lon, lat)
    with_lg = capability.thresholds(sensors, Rule(regional=(PN, LG)), lon, lat)
    assert np.all(with_lg <= without + 1e-6)
    text = (
        'title = "x"\n[[rule.regional]]\nphase = "Lg"\nslope = 1.0\nper_km = 0.002\noffset = -1.0\nsource = "made here"\n'
        '[[station]]\ncode = "A"\nlongitude = 1\nlatitude = 1\nnoise_nm_s = 1.0\n'
    )
    said = " ".join(scenario.assumed(scenario.read(text, "x")))
    assert "made here; unconfirmed" in said
    assert "no Lg" not in said
    for bad in ("slope = 1.0", 'source = "made here"'):
        with pytest.raises(InputError, match=r"rule\.regional|missing"):
            scenario.read(text.replace(bad, "slope = -9.0" if "slope" in bad else 'source = ""'), "x")
