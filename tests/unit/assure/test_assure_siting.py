"""Siting: the fast search against the exact value, greedy against every combination, and what cannot be used."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.assure import capability, scenario, siting
from testban.assure.capability import Rule, Sensor
from testban.assure.siting import Candidate, Target
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_siting
from testban.show import land


def sensor(code, lon, lat, noise=1.0, array=False):
    return Sensor(code=code, longitude=lon, latitude=lat, noise_nm_s=noise, array=array)


def case(seed=1, n=10, objective="mean"):
    rng = np.random.default_rng(seed)
    base = [sensor(f"B{i}", *rng.uniform((-180, -60), (180, 70)).tolist(), 2.0) for i in range(8)]
    candidates = [
        Candidate(
            sensor=sensor(f"C{i:02d}", *rng.uniform((20, 30), (120, 70)).tolist(), rng.uniform(0.3, 2.0))
        )
        for i in range(n)
    ]
    lon, lat = siting.region(40.0, 100.0, 40.0, 65.0, 8.0)
    weight = np.ones(lon.size)
    return (
        base,
        candidates,
        Target(longitude=lon, latitude=lat, weight=weight, objective=objective, magnitude=3.8),
    )


@pytest.mark.parametrize("objective", ["mean", "worst", "series"])
def test_what_the_search_thinks_is_what_is_exact(objective):
    base, candidates, target = case(objective=objective)
    for rule in (Rule(), Rule(points=3, array_points=2, common_sigma=0.2), Rule(points=2)):
        search = siting._Search(rule, target, candidates)
        quick = search.values(base)
        exact = [siting.value([*base, c.sensor], rule, target) for c in candidates]
        assert np.allclose(quick, exact, atol=0.004)


@pytest.mark.parametrize("seed", range(4))
def test_greedy_with_exchange_against_every_combination(seed):
    base, candidates, target = case(seed)
    found = siting.choose(base, candidates, Rule(), target, 3, exhaustive=True)
    assert found.exhaustive is not None
    assert found.exhaustive - 1e-9 <= found.end <= found.exhaustive + 0.02
    assert found.end < found.start
    gains = [a.before - a.after for a in found.additions]
    assert all(g >= -1e-9 for g in gains)
    assert abs(found.start - sum(gains) - found.end) < 1e-9
    assert found.end <= siting.value(
        [*base, *(c.sensor for c in siting.spread(candidates, 3))], Rule(), target
    )


def test_order_of_the_candidates_changes_nothing():
    base, candidates, target = case(5)
    assert siting.choose(base, candidates, Rule(), target, 2) == siting.choose(
        base, candidates[::-1], Rule(), target, 2
    )


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 180), st.floats(-85, 85), st.floats(0.05, 20.0), st.booleans())
def test_one_more_station_never_hurts(lon, lat, noise, array):
    base, _, target = case(3)
    rule = Rule(points=3, array_points=2)
    more = [*base, sensor("X", lon, lat, noise, array)]
    assert siting.value(more, rule, target) <= siting.value(base, rule, target) + 1e-6


def test_a_budget_is_kept_and_nothing_affordable_is_said():
    base, candidates, target = case(2)
    dear = [Candidate(sensor=c.sensor, cost=3.0) for c in candidates]
    assert len(siting.choose(base, dear, Rule(), target, 4, budget=7.0).additions) == 2
    assert siting.choose(base, dear, Rule(), target, 4, budget=1.0).additions == ()


def test_the_idc_weights_want_four_single_stations_or_an_array_among_three():
    rule = dict(assurance_siting.HISTORY_RULES)["IDC weights"]
    d = np.full(3, 40.0)
    three = tuple(sensor(f"S{i}", 0, 0) for i in range(3))
    assert capability.detected(d, three, rule, 8.0) < 1e-9
    with_array = (*three[:2], sensor("A", 0, 0, array=True))
    assert capability.detected(d, with_array, rule, 8.0) > 0.8
    assert capability.detected(np.full(4, 40.0), (*three, sensor("S3", 0, 0)), rule, 8.0) > 0.8


def test_land_and_sea():
    assert land.inside(60.0, 55.0)
    assert land.inside(-100.0, 40.0)
    assert land.inside(20.0, -85.0)
    assert not land.inside(-150.0, 20.0)
    assert not land.inside(0.0, 0.0)


def test_the_command_writes_table_and_page(tmp_path, capsys):
    table = tmp_path / "places.csv"
    table.write_text(
        "code,longitude,latitude,noise_nm_s,array,cost\nA,60,55,1,false,1\nB,100,60,0.3,true,3\nC,130,62,1,false,1\n"
    )
    words = ["assure", "siting", "external-1963", "--add", "2", "--site", "78.8,49.9", "--site", "54.8,73.3"]
    words += ["--candidates", str(table), "--exhaustive", "--out", str(tmp_path / "out"), "--json"]
    assert app(words, result_action="return_value") == 0
    found = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader((tmp_path / "out" / "siting.csv").open()))
    assert [r["code"] for r in rows] == [a["code"] for a in found["additions"]]
    assert found["end"] <= found["start"]
    assert found["gap_to_exhaustive"] <= 0.01
    page = (tmp_path / "out" / "siting.html").read_text("utf-8")
    assert "Где нужны следующие станции" in page


@pytest.mark.parametrize(
    "text", ["code,longitude\nA,1\n", "longitude,latitude\n1,\n", "code,longitude,latitude\nA,1,1\nA,2,2\n"]
)
def test_candidates_that_cannot_be_used(tmp_path, text):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(InputError):
        assurance_siting.read_candidates(path)


def test_targets_that_cannot_be_used():
    base, candidates, target = case()
    with pytest.raises(InputError):
        siting.choose(base, [], Rule(), target, 2)
    with pytest.raises(InputError):
        siting.choose(base, candidates, Rule(), target, 0)
    with pytest.raises(InputError):
        siting.region(0.0, 10.0, 50.0, 40.0, 2.0)
    with pytest.raises(InputError):
        assurance_siting.numbers("1,2,x", 3, "--region")
    with pytest.raises(InputError):
        assurance_siting.target_of(assurance_siting.Plan(add=1))


def test_history_says_what_the_rule_decides():
    rows = {r["network"]: r["mean_mb90"] for r in assurance_siting.history_of(step_deg=8.0)["rows"]}
    alone, single, arrays = (
        rows[k] for k in ("external network alone", "and 3 automatic stations", "and 3 automatic arrays")
    )
    assert 0.05 < alone["3 points"] - single["3 points"] < 0.35
    assert alone["2 points"] - arrays["2 points"] > 0.4
    assert rows["and 10 automatic arrays"]["3 points"] < rows["and 7 automatic arrays"]["3 points"]
    assert scenario.table("soviet_towns", 5.0)[0].noise_nm_s == 5.0
