"""Figures of merit against closed forms and obvious twins; no accuracy at equal shares anywhere."""

import math
import random
import re
from pathlib import Path

import pytest

import testban
from testban.base.dmath import normal_cdf_
from testban.base.errors import InputError
from testban.identify import scores


def test_d4_gaussian_classes_of_kim_1993() -> None:
    # D = 4.653: the total error of the linear rule half-way is Phi(-D/2), 1 %.
    assert normal_cdf_(-4.653 / 2) == pytest.approx(0.01, abs=0.0005)
    area = normal_cdf_(4.653 / math.sqrt(2))
    rng = random.Random(1)
    x, q = [rng.gauss(4.653, 1) for _ in range(400)], [rng.gauss(0, 1) for _ in range(400)]
    assert scores.area(x, q).value == pytest.approx(area, abs=0.003)


def test_area_against_all_pairs_with_ties() -> None:
    rng = random.Random(2)
    x, q = [float(rng.randrange(8)) for _ in range(40)], [float(rng.randrange(6)) for _ in range(70)]
    want = sum((a > b) + 0.5 * (a == b) for a in x for b in q) / (len(x) * len(q))
    got = scores.area(x, q)
    assert got.value == pytest.approx(want, abs=1e-12)
    assert got.low < want < got.high


def test_the_interval_of_the_area_holds_the_truth() -> None:
    rng = random.Random(3)
    truth = normal_cdf_(1.5 / math.sqrt(2))
    hit = 0
    for _ in range(300):
        got = scores.area([rng.gauss(1.5, 1) for _ in range(60)], [rng.gauss(0, 1) for _ in range(90)])
        hit += got.low <= truth <= got.high
    assert hit / 300 == pytest.approx(0.95, abs=0.04)


def test_wilson_interval_of_a_share() -> None:
    got = scores.share(0, 10)
    assert (got.low, got.high) == pytest.approx((0.0, 0.2775), abs=1e-3)
    assert scores.share(0, 0).high == 1.0


def test_detected_at_a_false_alarm_rate() -> None:
    q = [float(i) for i in range(1000)]
    seen, false, threshold = scores.detected_at([998.5, 999.5, 10.0, 2000.0], q, 0.001)
    assert threshold == 998.0
    assert (seen.k, false.k) == (3, 1)
    assert scores.detected_at([5.0], [1.0, 2.0], 0.001)[1].high > 0.5  # two earthquakes show no rate of 0.1 %


def test_calibration_of_honest_and_of_boastful_probabilities() -> None:
    rng = random.Random(4)
    p = [rng.random() for _ in range(20000)]
    came = [rng.random() < v for v in p]
    assert scores.calibration(p, came).error < 0.015
    boast = [min(1.0, max(0.0, 0.5 + 1.6 * (v - 0.5))) for v in p]
    assert scores.calibration(boast, came).error > 0.08
    assert scores.calibration(p, came).brier == pytest.approx(1 / 6, abs=0.01)


def test_calibration_does_not_depend_on_the_order_of_the_events() -> None:
    """A prior stated of everything is honest, whoever stands first; cutting equal ones by position called it 0.28 wrong."""
    p, came = [1 / 6] * 36, [True] * 6 + [False] * 30
    for order in (came, came[::-1]):
        found = scores.calibration(p, order)
        assert found.error == pytest.approx(0.0, abs=1e-12)
        assert [n for *_, n in found.rows] == [36]


def test_what_chance_alone_does_to_an_honest_statement() -> None:
    rng = random.Random(8)
    p = [rng.random() ** 3 for _ in range(150)]
    drawn = [scores.calibration(p, [rng.random() < v for v in p]) for _ in range(400)]
    assert sum(c.error for c in drawn) / len(drawn) == pytest.approx(drawn[0].by_chance, rel=0.05)


def test_empty_input_is_refused() -> None:
    with pytest.raises(InputError):
        scores.area([1.0], [0.0, 1.0])
    with pytest.raises(InputError):
        scores.calibration([], [])


def test_no_accuracy_at_equal_shares_is_printed() -> None:
    root = Path(testban.__file__).parent
    for path in sorted((root / "identify").glob("*.py")) + sorted((root / "cli").glob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"accuracy\s*=|f1_score|balanced_accuracy", line), (path, line)


def test_classes_that_do_not_overlap_prove_little_when_they_are_few() -> None:
    few = scores.area([1.0, 1.1, 1.2], [0.0, 0.1])
    assert few.value == 1.0
    assert few.low == scores.share(2, 2).low < 0.5
    many = scores.area([1.0 + 0.01 * i for i in range(200)], [-0.01 * i for i in range(200)])
    assert 0.95 < many.low < 1.0
    assert scores.area([0.0, 0.1], [1.0, 1.1]).high == scores.share(0, 2).high
