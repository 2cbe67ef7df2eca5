"""Check tables of the science: a series goes unseen with these probabilities and no others."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.assure import gauss, series
from testban.base.dmath import normal_cdf_
from testban.base.errors import InputError

INDEPENDENT = {
    0.1: (0.1, 0.19, 0.271, 0.4095, 0.5217, 0.6513, 0.8784),
    0.3: (0.3, 0.51, 0.657, 0.8319, 0.9176, 0.9718, 0.9992),
    0.5: (0.5, 0.75, 0.875, 0.9688, 0.9922, 0.9990, 1.0),
}
CORRELATED = {
    0.1: ((0.7632, 0.9069, 0.9731), (0.7914, 0.9366, 0.9893)),
    0.3: ((0.6417, 0.7598, 0.8451), (0.7133, 0.8516, 0.9340)),
    0.5: ((0.5344, 0.6179, 0.6880), (0.6343, 0.7531, 0.8409)),
}


def test_independent_table_b1():
    for p, row in INDEPENDENT.items():
        for n, want in zip((1, 2, 3, 5, 7, 10, 20), row, strict=True):
            assert series.seen(p, n) == pytest.approx(want, abs=5.1e-5)


def test_correlated_table_b1():
    for rho, (beta, copula) in CORRELATED.items():
        for n, b, c in zip((5, 10, 20), beta, copula, strict=True):
            assert series.seen(0.3, n, rho=rho, model="beta-binomial") == pytest.approx(b, abs=1e-4)
            assert series.seen(0.3, n, rho=rho, model="copula") == pytest.approx(c, abs=1e-4)


def test_number_of_tests_b2():
    table = {0.05: (59, 90), 0.1: (29, 44), 0.2: (14, 21), 0.3: (9, 13), 0.5: (5, 7), 0.9: (2, 2)}
    for p, want in table.items():
        assert (series.series_length(p, 0.95), series.series_length(p, 0.99)) == want
    assert series.series_length(0.0, 0.95) is None
    assert series.series_length(0.3, 0.95, rho=0.5, model="beta-binomial") > 100


@pytest.mark.parametrize("model", ["beta-binomial", "copula"])
def test_limits_of_the_correlation_b3(model):
    for p in (0.05, 0.3, 0.8):
        for n in (2, 10):
            near = 0.9999999 if model == "copula" else 0.99999
            assert series.seen(p, n, rho=1e-9, model=model) == pytest.approx(1 - (1 - p) ** n, abs=1e-3)
            assert series.seen(p, n, rho=near, model=model) == pytest.approx(p, abs=1e-3)
            assert series.seen(p, n, rho=1.0, model=model) == pytest.approx(p, abs=1e-12)


def test_copula_is_the_same_on_both_sides_of_the_change_of_method():
    inside, beyond = 0.9974, 0.9976
    a = series.seen(0.3, 10, rho=inside, model="copula")
    b = series.seen(0.3, 10, rho=beyond, model="copula")
    assert 0 < a - b < 2e-3


def test_beta_binomial_against_the_gamma_function():
    p, rho, n = 0.3, 0.3, 7
    a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
    want = math.exp(math.lgamma(b + n) - math.lgamma(b) + math.lgamma(a + b) - math.lgamma(a + b + n))
    assert series.unseen(p, n, rho=rho, model="beta-binomial") == pytest.approx(want, rel=1e-12)


def test_posterior_after_silence():
    for prior, n, want in ((0.5, 5, 0.14389), (0.5, 10, 0.02747), (0.1, 5, 0.01833), (0.1, 10, 0.00313)):
        assert series.posterior(prior, series.unseen(0.3, n)) == pytest.approx(want, abs=1e-5)


def test_earthquakes_and_false_alarms_per_year():
    assert series.false_alarms_per_year(0.001) == pytest.approx(7.5)
    assert series.quakes_per_year(3.5, 0.9) == pytest.approx(21138, abs=1)
    assert series.quakes_per_year(3.5, 1.0) == pytest.approx(23717, abs=1)
    assert series.quakes_per_year(3.0, 0.9) == pytest.approx(59575, abs=1)


def test_common_causes_correlate_the_misses():
    def probability(shift):
        return [normal_cdf_((shift - 0.2) / 0.35)] * 10

    none = series.unseen_of(probability)
    biased = series.unseen_of(probability, [series.Cause(name="Q at the site", sigma=0.3)])
    out = series.unseen_of(probability, [series.Cause(name="power", outage=0.05)])
    assert none == pytest.approx((1 - normal_cdf_(-0.2 / 0.35)) ** 10)
    assert biased > 4 * none
    assert out == pytest.approx(0.05 + 0.95 * none)


def test_fixed_nodes_are_as_good_as_ten_times_as_many():
    def probability(shift):
        return [normal_cdf_((shift - 0.2) / 0.35)] * 10

    cause = [series.Cause(name="Q", sigma=0.2)]
    few, many = (series.unseen_of(probability, cause, nodes=n) for n in (21, 40))
    assert few == pytest.approx(many, abs=1e-5)


def test_template_of_the_first_test_makes_series_plainer():
    p, n = 0.3, 5
    without = series.with_template(p, p, n)
    assert without == pytest.approx(0.7**5 + 5 * 0.3 * 0.7**4)
    assert series.with_template(p, 0.9, n) < without
    assert series.with_template(p, 0.0, n) == pytest.approx(1.0)


def test_hermite_integrates_polynomials_and_matches_numpy():
    import numpy as np

    for n in (1, 2, 5, 9, 21):
        x, w = np.polynomial.hermite_e.hermegauss(n)
        got = gauss.hermite(n)
        assert [a for a, _ in got] == pytest.approx(list(x), abs=1e-12)
        assert [b for _, b in got] == pytest.approx(list(w / w.sum()), abs=1e-12)


def test_quick_normal_is_the_normal():
    table = gauss.cdf_table()
    worst = max(abs(gauss.cdf_(table, k / 997.0) - normal_cdf_(k / 997.0)) for k in range(-7900, 7900, 7))
    assert worst < 1e-10
    assert gauss.quantile(0.9) == pytest.approx(1.2815515655446004, abs=1e-12)


def test_what_has_no_meaning_is_refused():
    for args in ((1.5, 3, 0.0), (0.3, 0, 0.0), (0.3, 3, 2.0), (float("nan"), 3, 0.0)):
        with pytest.raises(InputError, match="expected"):
            series.unseen(args[0], args[1], rho=args[2])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 0.999), st.integers(1, 60), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_tests_help_and_correlation_hurts(p, n, r1, r2):
    low, high = sorted((r1, r2))
    for model in ("beta-binomial", "copula"):
        one = series.seen(p, n, rho=low, model=model)
        assert one >= series.seen(p, n, rho=high, model=model) - 2e-6
        assert series.seen(p, n + 1, rho=low, model=model) >= one - 2e-6
        assert p - 2e-6 <= one <= 1 - (1 - p) ** n + 2e-6
