"""Censored network values: the published check numbers, and a slow twin."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testban.base.errors import InputError
from testban.size import censored


def test_row_a6_of_the_acceptance_table():
    value, error = censored.estimate([4.2, 4.4, 4.3], [4.1, 4.0, 4.3, 3.9], 0.35)
    assert value == pytest.approx(3.9879, abs=5e-4)
    assert 0.1 < error < 0.35 / math.sqrt(3)


def test_row_a3_threshold_monitoring():
    for n, expected in ((1, 1.28155), (2, 0.47827), (3, 0.08996), (5, -0.33439), (10, -0.82153)):
        assert censored.upper_limit([0.0] * n, 1.0) == pytest.approx(expected, abs=1e-4)
    assert censored.upper_limit([3.0, 2.8, 3.3], 0.3) == pytest.approx(3.00762, abs=1e-4)


def log_likelihood(m, values, upper, lower, s):
    total = sum(-0.5 * ((x - m) / s) ** 2 for x in values)
    total += sum(math.log(max(0.5 * math.erfc(-(u - m) / s / math.sqrt(2)), 1e-300)) for u in upper)
    return total + sum(math.log(max(0.5 * math.erfc((w - m) / s / math.sqrt(2)), 1e-300)) for w in lower)


@given(
    st.lists(st.floats(3.0, 6.0), min_size=1, max_size=6),
    st.lists(st.floats(3.0, 6.0), max_size=5),
    st.lists(st.floats(3.0, 6.0), max_size=3),
)
def test_is_the_maximum_of_the_likelihood(values, upper, lower):
    s = 0.35
    m, _ = censored.estimate(values, upper, s, lower)
    best = log_likelihood(m, values, upper, lower, s)
    for other in (m - 0.02, m + 0.02, m - 0.3, m + 0.3):
        assert log_likelihood(other, values, upper, lower, s) <= best + 1e-9


def test_bounds_pull_the_right_way_and_order_does_not_matter():
    plain, _ = censored.estimate([4.0, 4.2])
    assert plain == pytest.approx(4.1, abs=1e-9)
    assert censored.estimate([4.0, 4.2], [3.8])[0] < plain < censored.estimate([4.0, 4.2], (), 0.35, [4.6])[0]
    assert censored.estimate([4.0, 4.2], [3.8, 3.9]) == censored.estimate([4.2, 4.0], [3.9, 3.8])


def test_refuses_nonsense():
    for bad in (
        lambda: censored.estimate([]),
        lambda: censored.estimate([math.nan]),
        lambda: censored.upper_limit([]),
    ):
        with pytest.raises(InputError, match="expected"):
            bad()


def test_recovers_truth_that_the_mean_of_detections_misses():
    import numpy as np

    rng = np.random.default_rng(3)
    naive, ours = [], []
    for _ in range(60):
        x = 4.0 + 0.35 * rng.standard_normal(20)
        bar = rng.uniform(3.8, 4.6, 20)
        seen = x[x > bar].tolist()
        if not seen:
            continue
        naive.append(np.mean(seen))
        ours.append(censored.estimate(seen, bar[x <= bar].tolist(), 0.35)[0])
    assert abs(np.mean(ours) - 4.0) < 0.05 < np.mean(naive) - 4.0
