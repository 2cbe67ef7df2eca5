"""The inspection game against an independent small calculation, published tables and limits."""

import json
from fractions import Fraction as F
from functools import cache
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from testban.assure import quota
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_quota
from testban.show import assurance_quota as words

ONE = F(1)


@cache
def brute(n, m, k, b):
    """The recursion as the papers print it: solved by the equalising rule, nothing shared with the code."""
    if m == 0:
        return F(-k)
    if k == 0 or m >= n:
        return F(0)
    a, c = b, brute(n - 1, m - 1, min(k, n - 1), b)
    d, e = -1 + brute(n - 1, m, k - 1, b), brute(n - 1, m, min(k, n - 1), b)
    p = (e - d) / (a + e - c - d)
    return p * a + (1 - p) * d


def test_c1_closed_form_is_the_recursion_exactly():
    for b in (F(0), F(1, 2), ONE, F(2), F(10)):
        for n in range(1, 13):
            for m in range(n + 1):
                for k in range(n + 1):
                    assert quota.closed(n, m, k, b).value == brute(n, m, k, b), (n, m, k, b)


def test_c1_own_recursion_and_first_probability():
    for b in (F(1, 2), ONE, F(10)):
        for n in range(1, 9):
            for m in range(n + 1):
                for k in range(n + 1):
                    a, r = quota.closed(n, m, k, b), quota.recursion(n, m, k, b)
                    assert a.value == r.value
                    if 0 < m < n and k:
                        assert a.inspect == r.inspect


def test_c2_historic_cases():
    for n, m, v, first in ((20, 3, 0.7172, 0.1414), (20, 7, 0.3652, 0.3174), (25, 3, 0.7708, 0.1146),
                           (25, 7, 0.4766, 0.2617), (45, 3, 0.8698, 0.0651), (45, 7, 0.6979, 0.1511)):  # fmt: skip
        got = quota.closed(n, m, 1, ONE)
        assert float(-got.value) == pytest.approx(v, abs=1e-4)
        assert float(got.inspect) == pytest.approx(first, abs=1e-4)
    assert [-quota.closed(5, m, 1, ONE).value for m in range(6)] == [
        1,
        F(2, 3),
        F(3, 8),
        F(2, 13),
        F(1, 31),
        0,
    ]


def test_fallible_inspections():
    for m, q, v in ((3, F(9, 10), 0.7424), (3, F(1, 2), 0.85), (7, F(9, 10), 0.4148), (7, F(1, 2), 0.65)):
        assert float(-quota.recursion(20, m, 1, ONE, q).value) == pytest.approx(v, abs=1e-4)


def test_c3_hypergeometric():
    assert float(quota.at_random(20, 3, 6)) == pytest.approx(0.6807, abs=1e-4)


def test_c4_unequal_events():
    got = quota.unequal([ONE, ONE, F(1, 2), F(1, 4)], 2)
    assert got.discovery == F(1, 4)
    assert got.inspect == (F(1, 4), F(1, 4), F(1, 2), 1)
    got = quota.unequal([F(x) for x in ("0.9", "0.9", "0.6", "0.3", "0.1")], 2)
    assert got.discovery == F(1, 10)
    assert got.capped_by_least


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 8))
def test_unequal_is_the_linear_programme(twentieths, m):
    d = [F(x, 20) for x in twentieths]
    n = len(d)
    rows = [[*(-float(x) if i == j else 0.0 for j in range(n)), 1.0] for i, x in enumerate(d)]
    lp = linprog(np.r_[np.zeros(n), -1.0], A_ub=[*rows, [1.0] * n + [0.0]], b_ub=[0.0] * n + [m],
                 bounds=[(0, 1)] * n + [(0, None)])  # fmt: skip
    got = quota.unequal(d, m)
    assert float(got.discovery) == pytest.approx(-lp.fun, abs=1e-6)
    assert sum(got.inspect) <= m
    assert all(0 <= x <= 1 for x in got.inspect)


@settings(deadline=None)
@given(st.integers(1, 14), st.data())
def test_more_inspections_never_hurt_and_limits(n, data):
    k = data.draw(st.integers(1, n))
    b = F(data.draw(st.integers(0, 8)), 2)
    q = F(data.draw(st.integers(5, 10)), 10)
    values = [quota.closed(n, m, k, b).value for m in range(n + 1)]
    assert values == sorted(values)
    assert values[0] == -k
    assert values[n] == 0
    weaker = [quota.recursion(n, m, 1, b, q).value for m in range(n + 1)]
    assert weaker[0] == -1
    assert all(w <= quota.closed(n, m, 1, b).value for m, w in enumerate(weaker))


def test_leadership_is_the_loss_without_a_catch():
    assert quota.leadership(20, 3, ONE) == F(comb(19, 3)) / quota.weight(20, 3, ONE)
    assert quota.leadership(20, 3, ONE) == -quota.closed(20, 3, 1, ONE).value
    assert quota.leadership(3, 3, ONE) == 0


def test_area_and_least_quota():
    assert quota.inside_area(1000.0, 17.841241161527712, 17.841241161527712) == pytest.approx(0.9, abs=1e-9)
    m = quota.least_quota(20, 1, ONE, F(1, 2))
    assert -quota.closed(20, m, 1, ONE).value <= F(1, 2) < -quota.closed(20, m - 1, 1, ONE).value
    assert quota.least_quota(5, 1, ONE, F(1, 100), F(1, 2)) is None or m


def test_verb_and_words(capsys):
    line = "assure quota --events 20 --inspections 3 --violations 1 --catch-payoff 1 --json"
    assert app(line.split(), result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)
    assert got["value"] == -0.7172
    assert got["inspect_first_probability"] == 0.1414
    assert got["leadership"]["success_probability"] == 0.7172
    assert set(got["digests"]) == {"inputs", "result", "code"}
    said = words.quota(assurance_quota.quota(20, 3, finds=["1", "0.5"], smajor_km=20.0, sminor_km=10.0))
    assert "20 suspicious events" in said.en
    assert "Цена игры" in said.ru


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"events": 3, "inspections": -1}, "inspections"),
        ({"events": 3, "inspections": 1, "violations": 4}, "violations"),
        ({"events": 3, "inspections": 1, "catch_payoff": "x"}, "--catch-payoff"),
        ({"events": 3, "inspections": 1, "catch_payoff": "-1"}, "--catch-payoff"),
        ({"events": 3, "inspections": 1, "quality": "1.5"}, "finding"),
        ({"events": 3, "inspections": 1, "smajor_km": 3.0}, "both"),
    ],
)
def test_unusable_input_is_one_sentence(bad, said):
    with pytest.raises(InputError, match=said):
        assurance_quota.quota(**bad)
