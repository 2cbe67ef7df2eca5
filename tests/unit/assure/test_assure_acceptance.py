"""The acceptance rows A1-A7, B1-B3, C1-C4 in one place, each against a calculation made here; a row without data is "not run".

The expected numbers are those of the table; beside them stands an independent small calculation wherever one is short.
"""

import itertools
import math
from fractions import Fraction
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from testban.assure import capability, quota, scenario, series
from testban.assure.capability import Rule, Sensor
from testban.earth import decay
from testban.size import censored

PHI = NormalDist()
DISTANCES = (25.0, 35.0, 45.0, 60.0, 75.0, 88.0)
NOISE = (0.5, 1.0, 0.3, 2.0, 0.8, 1.5)


def six(r):
    return tuple(
        Sensor(code=f"S{i}", longitude=0.0, latitude=0.0, noise_nm_s=n, reliability=r)
        for i, n in enumerate(NOISE)
    )


def at_least_three(m, r):
    """Every combination of six stations, added up."""
    p = [
        r * PHI.cdf((m - decay.veith_clawson(d, 0.0) - math.log10(3.0 * n)) / 0.4)
        for d, n in zip(DISTANCES, NOISE, strict=True)
    ]
    return sum(
        math.prod(a if h else 1.0 - a for h, a in zip(hit, p, strict=True))
        for hit in itertools.product((0, 1), repeat=6)
        if sum(hit) >= 3
    )


def test_a1_decay():
    got = [decay.veith_clawson(d, 0.0) for d in (30.0, 60.0, 90.0)]
    assert got == pytest.approx([3.721, 3.731, 4.061], abs=1e-3)


@pytest.mark.parametrize(("r", "p", "m90"), [(1.0, 0.497286, 4.2994), (0.9, 0.393295, 4.4439)])
def test_a2_six_stations(r, p, m90):
    rule, d = Rule(sigma=0.4), np.array(DISTANCES)
    # the worked number has Q in thousandths: log10 2 as 0.301, 3e-5 below ours
    assert capability.detected(d, six(r), rule, 4.0 + decay.LOG10_2 - 0.301) == pytest.approx(p, abs=1e-5)
    assert capability.detected(d, six(r), rule, 4.0) == pytest.approx(at_least_three(4.0, r), abs=1e-8)
    found = capability.threshold(d, six(r), rule)
    assert found == pytest.approx(m90, abs=1e-3)
    assert at_least_three(found, r) == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize(("n", "m"), [(3, 0.08996), (10, -0.82153)])
def test_a3_hidden_at_equal_stations(n, m):
    assert censored.upper_limit([0.0] * n, 1.0) == pytest.approx(m, abs=1e-4)
    assert (1.0 - PHI.cdf(m)) ** n == pytest.approx(0.10, abs=1e-4)


def world(array_noise):
    part = scenario.table("ims_primary", 1.0, array_noise)
    lon, lat = (a.ravel() for a in np.meshgrid(np.arange(-177.5, 180, 5), np.arange(-87.5, 90, 5)))
    mb, w = capability.thresholds(part, Rule(), lon, lat), np.cos(np.radians(lat))
    return {
        k: float(np.average(mb[s], weights=w[s]))
        for k, s in {"N": lat > 0, "S": lat < 0, "all": lat < 91}.items()
    }


def test_a4_ims_with_arrays_and_measured_noise():
    """With assumed noise both halves are inside; the row asks for measured noise of all stations, which is not at hand."""
    got = world(0.25)
    assert 2.9 <= got["N"] <= 3.6
    assert 3.2 <= got["S"] <= 3.9
    pytest.skip(
        "A4 not run: of the 41 primary stations only YKA and one element of ILAR have recordings at hand; with assumed noise it holds"
    )


def test_a5_ims_without_array_gain():
    assert world(None)["all"] == pytest.approx(4.0, abs=0.2)


def test_a6_censored_magnitude():
    low, high = (4.2, 4.4, 4.3), (4.1, 4.0, 4.3, 3.9)

    def minus(m):
        return -sum(stats.norm.logpdf(x, m, 0.35) for x in low) - sum(
            stats.norm.logcdf((t - m) / 0.35) for t in high
        )

    twin = optimize.minimize_scalar(minus, bounds=(3.0, 5.0), method="bounded", options={"xatol": 1e-7}).x
    assert twin == pytest.approx(3.9879, abs=5e-4)
    assert censored.estimate(low, high, 0.35)[0] == pytest.approx(3.9879, abs=5e-4)


def test_a7_detection_above_the_limit():
    pytest.skip("A7 not run here: it needs recordings; test_monitor_verb.py runs it where they are")


TABLE = {
    "beta-binomial": {0.1: (0.7632, 0.9069, 0.9731), 0.3: (0.6417, 0.7598, 0.8451), 0.5: (0.5344, 0.6179, 0.6880)},
    "copula": {0.1: (0.7914, 0.9366, 0.9893), 0.3: (0.7133, 0.8516, 0.9340), 0.5: (0.6343, 0.7531, 0.8409)},
}  # fmt: skip


def twin_unseen(p, n, rho, model):
    """By the beta function and by an adaptive integral of scipy."""
    if model == "beta-binomial":
        a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
        return math.exp(special.betaln(a, b + n) - special.betaln(a, b))
    t = stats.norm.ppf(1.0 - p)

    def inside(z):
        return stats.norm.pdf(z) * stats.norm.cdf((t - math.sqrt(rho) * z) / math.sqrt(1 - rho)) ** n

    return integrate.quad(inside, -9, 9, epsabs=1e-11, limit=200)[0]


@pytest.mark.parametrize("model", ["beta-binomial", "copula"])
def test_b1_series(model):
    for p, row in {0.1: (0.1, 0.19, 0.271, 0.4095), 0.5: (0.5, 0.75, 0.875, 0.9688)}.items():
        assert [series.seen(p, n) for n in (1, 2, 3, 5)] == pytest.approx(row, abs=1e-4)
    for rho, row in TABLE[model].items():
        for n, want in zip((5, 10, 20), row, strict=True):
            got = series.seen(0.3, n, rho=rho, model=model)
            assert got == pytest.approx(want, abs=1e-4)
            assert got == pytest.approx(1.0 - twin_unseen(0.3, n, rho, model), abs=1e-7)


def test_b2_tests_needed():
    assert [series.series_length(0.3, w) for w in (0.95, 0.99)] == [9, 13]
    assert [math.ceil(math.log(1 - w) / math.log(0.7)) for w in (0.95, 0.99)] == [9, 13]


@pytest.mark.parametrize("model", ["beta-binomial", "copula"])
def test_b3_limits(model):
    assert series.seen(0.3, 10, rho=1e-9, model=model) == pytest.approx(1 - 0.7**10, abs=1e-3)
    assert series.seen(0.3, 10, rho=1.0 - 1e-9, model=model) == pytest.approx(0.3, abs=1e-3)


@cache
def game(n, m, k, b):
    """The stage game solved by itself: 2 x 2, inspect or not against violate or not."""
    if k == 0 or n == 0:
        return Fraction(0)
    if m == 0:
        return Fraction(-k)
    if m >= n:
        return Fraction(0)  # every event can be inspected: nobody violates
    k = min(k, n)
    rest = (
        game(n - 1, m - 1, min(k, n - 1), b),
        game(n - 1, m, min(k - 1, n - 1), b),
        game(n - 1, m, min(k, n - 1), b),
    )
    a11, a12, a21, a22 = b, rest[0], -1 + rest[1], rest[2]
    low, high = max(min(a11, a12), min(a21, a22)), min(max(a11, a21), max(a12, a22))
    return low if low == high else (a11 * a22 - a12 * a21) / (a11 + a22 - a12 - a21)


def test_c1_closed_form_equals_the_game():
    cases = [(n, m, k, b) for n in range(1, 13) for m in range(n + 1) for k in range(1, n + 1)
             for b in (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(10))]  # fmt: skip
    wrong = [c for c in cases if quota.closed(*c).value != game(*c)]
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[:3]}"


def test_c2_quota_of_1963():
    for m, want in ((3, 0.7172), (7, 0.3652)):
        assert -float(quota.game(20, m, 1, Fraction(1)).value) == pytest.approx(want, abs=1e-4)


def test_c3_by_lot():
    assert float(quota.at_random(20, 3, 6)) == pytest.approx(0.6807, abs=1e-4)
    assert float(quota.at_random(20, 3, 6)) == pytest.approx(
        1.0 - stats.hypergeom(20, 6, 3).pmf(0), abs=1e-12
    )


@pytest.mark.parametrize(
    ("finds", "want"), [(("1", "1", "1/2", "1/4"), 0.25), (("9/10", "9/10", "6/10", "3/10", "1/10"), 0.1)]
)
def test_c4_unequal_events(finds, want):
    d = [Fraction(x) for x in finds]
    assert float(quota.unequal(d, 2).discovery) == pytest.approx(want, abs=1e-6)
    n = len(d)
    rows = np.column_stack([np.ones(n), -np.diag([float(x) for x in d])])
    lp = optimize.linprog(
        [-1.0, *[0.0] * n],
        A_ub=np.vstack([rows, [0.0, *[1.0] * n]]),
        b_ub=[*[0.0] * n, 2.0],
        bounds=[(0, 1)] * (n + 1),
    )
    assert -lp.fun == pytest.approx(want, abs=1e-6)
