"""The report on a calibration: reliability, ROC, counts and events a year, as numbers and pictures."""

import json
import random
import re
from pathlib import Path

import msgspec
import pytest

import testban
from testban.base.errors import InputError
from testban.identify import scores
from testban.run import judging
from testban.run.judging import Judgement
from testban.show import calibration_page


def rows(n: int = 600, seed: int = 1, stretch: float = 1.0) -> list[Judgement]:
    """Normal scores two apart in units of their spread: the ratio is known exactly."""
    rng, out = random.Random(seed), []
    for i in range(n):
        flag = i % 6 == 0
        z = rng.gauss(1.0 if flag else -1.0, 1.0)
        out.append(Judgement(event=f"e{i}", explosion=flag, log10_lr=stretch * 2.0 * z / 2.302585))
    return out


def test_exact_ratios_are_reliable_and_exaggerated_ones_are_not() -> None:
    good = judging.summary(rows(6000), "t")
    bold = judging.summary(rows(6000, stretch=3.0), "t")
    assert good["reliability"].error < 0.015
    assert bold["reliability"].error > 0.03
    assert good["reliability"].brier < bold["reliability"].brier
    assert good["area_under_roc"].value == pytest.approx(bold["area_under_roc"].value)


def test_the_curve_is_that_of_the_obvious_twin() -> None:
    x, q = [0.3, 1.0, 2.0], [-1.0, 0.3, 0.5, -2.0]
    for false, seen in scores.roc(x, q)[1:]:
        assert any(
            false == sum(v >= c for v in q) / 4 and seen == sum(v >= c for v in x) / 3 for c in {*x, *q}
        )
    assert scores.roc(x, q)[-1] == (1.0, 1.0)


def test_nothing_measured_is_undetermined_and_few_events_are_refused() -> None:
    some = [*rows(60), Judgement(event="z", explosion=True, log10_lr=None)]
    assert judging.summary(some, "t")["verdicts"]["explosions"]["undetermined"] >= 1
    with pytest.raises(InputError):
        judging.summary(rows(2), "t")


def test_a_rare_thing_stays_unlikely_and_alarms_are_told_by_the_year() -> None:
    found = judging.summary(rows(), "t")
    alarms = found["verdicts"]["earthquakes"]["explosion-like"]
    assert found["false_alarms_a_year"][0] == pytest.approx(7500 * alarms / 500, abs=0.1)
    assert found["largest_probability_at_1_in_100000"] < 0.05


def test_pictures_and_page(tmp_path: Path) -> None:
    judging.write(rows(), tmp_path / "a", "made here", simulated=True)
    judging.write(rows(), tmp_path / "b", "made here", simulated=True)
    for name in ("scores.json", "reliability.svg", "roc.svg", "scores.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert json.loads((tmp_path / "a" / "scores.json").read_text())["simulated"] is True
    page = (tmp_path / "a" / "scores.html").read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert "Площадь под кривой" in page
    assert "Area under the ROC curve" in page
    assert 'class="r"' not in (tmp_path / "a" / "roc.svg").read_text(encoding="utf-8")


def test_no_accuracy_at_equal_shares_is_printed_anywhere() -> None:
    """No code computes or prints an "accuracy"; every share is of one class, beside the other, with its interval."""
    root = Path(testban.__file__).parent
    for path in [*root.rglob("*.py"), *root.rglob("*.j2"), root / "show" / "locale" / "ru.po"]:
        text = path.read_text(encoding="utf-8")
        for line in text.splitlines():
            if re.search(r"\baccuracy\b|балансированн|50\s*:\s*50", line, re.IGNORECASE):
                assert path.parent.name in ("base", "earth", "associate", "locate", "detect", "signal") or "no accuracy" in line.lower(), (path, line)  # fmt: skip
    told = msgspec.json.encode(judging.summary(rows(), "t")).decode()
    assert "accuracy" not in told
    assert "reliability" in told


def test_a_balanced_toy_gets_the_same_scores_as_a_lopsided_one_where_it_must() -> None:
    """The area and the detected share do not depend on how many of each class there are; reliability is told at its own prior."""
    many = rows(6000)
    even = [r for i, r in enumerate(many) if r.explosion or i % 5 == 1]
    a, b = judging.summary(many, "t"), judging.summary(even, "t")
    assert a["area_under_roc"].value == pytest.approx(b["area_under_roc"].value, abs=0.02)
    assert a["prior"] != b["prior"]


@pytest.mark.parametrize(
    ("title", "russian"),
    [
        ("P/S, ps v1: each event by all others", "P/S, ps v1: каждое событие по всем остальным"),
        ("simulated world, two stations", "модельный мир, две станции"),
        ("made here", "made here"),
    ],
)
def test_the_page_says_what_it_is_of_and_where_nothing_is_known(
    title: str, russian: str, tmp_path: Path
) -> None:
    judging.write(rows(), tmp_path, title)
    assert russian in (tmp_path / "scores.html").read_text(encoding="utf-8")
    curve = (tmp_path / "roc.svg").read_text(encoding="utf-8")
    assert 'width="97' in curve  # grey up to one of 500 earthquakes: log10(20) of 4 decades
    assert calibration_page.UNKNOWN not in calibration_page.roc([(0.0, 0.0), (1.0, 1.0)], [], 20_000)


def test_a_verdict_that_more_than_the_ratio_decided_is_counted_as_said() -> None:
    some = [*rows(60), Judgement(event="z", explosion=True, log10_lr=1.3, said="undetermined")]
    plain = [*rows(60), Judgement(event="z", explosion=True, log10_lr=1.3)]
    counts = [judging.summary(x, "t")["verdicts"]["explosions"]["undetermined"] for x in (some, plain)]
    assert counts[0] == counts[1] + 1
