"""Rows A6, D1-D5, E1-E3 of the acceptance table that no other file of this folder holds, and the known traps."""

import csv
import math
import os
import re
from pathlib import Path

import pytest

import testban
from testban import identify
from testban.base.errors import InputError
from testban.base.records import Ellipse, Event, Magnitude, Origin, Verdict
from testban.identify.source_type import source_type
from testban.size import censored, scales


def test_a6_censored_mb() -> None:
    value, _ = censored.estimate([4.2, 4.4, 4.3], [4.1, 4.0, 4.3, 3.9], 0.35)
    assert value == pytest.approx(3.9879, abs=5e-4)


def test_d2_ms_distance_term_and_the_offset_of_prague() -> None:
    assert scales.ms_distance_term(60.0) == pytest.approx(3.2075, abs=1e-3)
    assert scales.ms_prague_term(60.0) - scales.ms_distance_term(60.0) - 3.0 == pytest.approx(0.044, abs=1e-3)


@pytest.mark.parametrize(
    ("eigenvalues", "gamma", "delta"),
    [
        ((1, 1, 1), 0, 90),
        ((1, 0, -1), 0, 0),
        ((2, -1, -1), -30, 0),
        ((1, 1, -2), 30, 0),
        ((3, 1, 1), -30, 60.504),
    ],
)
def test_d3_lune(eigenvalues: tuple[float, float, float], gamma: float, delta: float) -> None:
    got = source_type(eigenvalues)
    assert got.gamma_deg == pytest.approx(gamma, abs=1e-3)
    assert got.delta_deg == pytest.approx(delta, abs=1e-3)
    assert source_type(eigenvalues[::-1]) == got


def test_d3_hudson_and_definition_of_moment() -> None:
    crack = source_type((3.0, 1.0, 1.0))
    assert crack.k == pytest.approx(5 / 9, abs=1e-3)
    assert abs(crack.t) == pytest.approx(1.0, abs=1e-3)
    assert source_type((1.0, 1.0, 1.0)).moment == pytest.approx(math.sqrt(1.5))
    with pytest.raises(InputError):
        source_type((0.0, 0.0, 0.0))


def judged(
    mb: float, ms: float, *, depth: float = 0.0, fixed: bool = True, sigma: float | None = None
) -> identify.combine:
    o = Origin(
        time_ns=0, longitude=0.0, latitude=0.0, depth_km=depth, depth_fixed=fixed, depth_reason="fixed by the operator",
        depth_sigma_km=sigma, time_sigma_s=1.0, ellipse=Ellipse(smajor_km=10.0, sminor_km=10.0, strike_deg=0.0),
        rms_s=1.0, n_defining=8, n_stations=8, gap_deg=90.0, secondary_gap_deg=100.0, min_distance_deg=20.0,
        max_distance_deg=60.0,
    )  # fmt: skip
    sizes = tuple(
        Magnitude(kind=k, value=v, sigma=0.1, n_detected=8, n_censored=0, method="")
        for k, v in (("mb", mb), ("Ms", ms))
    )
    return identify.assess(Event(event_id="e", origin=o, arrivals=(), magnitudes=sizes), (), ())


@pytest.mark.data
def test_d5_no_catalogued_explosion_is_screened_out_by_all_evidence_together() -> None:
    root = os.environ.get("TESTBAN_DATA")
    path = Path(root or "") / "reference" / "nuclear_catalogue" / "sipri_2000_part.csv"
    if not root or not path.is_file():
        pytest.skip("not run: TESTBAN_DATA does not name a folder with reference/nuclear_catalogue")
    alone = together = called = n = 0
    with path.open() as f:
        for r in csv.DictReader(f):
            if r["underground"] == "True" and r["mb"] and r["Ms"]:
                a = judged(float(r["mb"]), float(r["Ms"]))
                n += 1
                alone += a.screening.category == "screened out"
                together += a.screening.combined
                called += a.verdict is Verdict.EARTHQUAKE
    assert n == 132
    assert together == 0
    assert called == 0
    assert alone <= 2  # Nevada 1977 and Mururoa 1982, whose catalogue Ms exceed their mb


def test_a_depth_fixed_by_an_operator_never_screens() -> None:
    a = judged(5.0, 4.0, depth=300.0, fixed=True)
    assert dict(a.screening.criteria)["depth"] == "not available"
    assert not next(e for e in a.evidence if e.name == "depth").applicable
    assert not a.screening.combined


def test_a_free_deep_depth_screens() -> None:
    a = judged(5.0, 5.0, depth=90.0, fixed=False, sigma=5.0)
    assert a.screening.category == "screened out"
    assert a.screening.combined
    assert a.verdict is Verdict.EARTHQUAKE


def test_small_events_are_not_considered() -> None:
    assert judged(3.2, 2.0).screening.category == "not considered"


def test_no_zero_phase_filter_where_polarity_is_read() -> None:
    root = Path(testban.__file__).parent
    for room in ("detect", "identify", "signal", "station"):
        for path in sorted((root / room).rglob("*.py")):
            assert not re.search(r"\bsosfiltfilt\b|\bfiltfilt\b", path.read_text(encoding="utf-8")), path
