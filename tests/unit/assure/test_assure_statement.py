"""The statement: every included scenario makes it, numbers equal slow twins, both languages, what is refused; properties."""

import json
import math
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.assure import capability, quota_random, scenario, sight
from testban.assure.capability import Rule, Sensor
from testban.assure.question import Spread
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.cli import app
from testban.run import assurance_statement, monitoring, statement_watch
from testban.show import report, statement, texts

SMALL = """
title = "Four stations"
title_ru = "Четыре станции"
[[station]]
code = "A"
longitude = 60.0
latitude = 50.0
noise_nm_s = 1.0
reliability = 0.99
[[station]]
code = "B"
longitude = 90.0
latitude = 55.0
noise_nm_s = 1.0
reliability = 0.99
[[station]]
code = "C"
longitude = 75.0
latitude = 40.0
noise_nm_s = 0.3
reliability = 0.99
array = true
[[station]]
code = "D"
longitude = 110.0
latitude = 60.0
noise_nm_s = 2.0
reliability = 0.99
[statement]
period = "a test"
period_ru = "проба"
region = [60, 90, 40, 60]
tests = [1, 4]
[statement.next]
add = 1
spacing_deg = 10
[[statement.site]]
name = "Here <b>"
name_ru = "Здесь"
longitude = 78.0
latitude = 50.0
[[statement.shot]]
yield_kt = 1.0
[[statement.shot]]
yield_kt = 1.0
decoupling = 70.0
[statement.quota]
events = 20
inspections = 3
violations = 6
source = "made up"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statement")
    (folder / "small.toml").write_text(SMALL, "utf-8")
    return folder, assurance_statement.statement_of(str(folder / "small.toml"), folder / "out")


def slow_series(plan, mb, n, spread):
    """By the probability of single events and a fine sum over what is shared, with nothing of `sight`."""
    s, site = scenario.sensors(plan), plan.statement.site[0]
    d = np.array([delaz_(site.longitude, site.latitude, x.longitude, x.latitude)[0] for x in s])
    grid = np.arange(mb - 4.0, mb + 4.0, 0.02)
    p = np.array([capability.detected(d, s, plan.rule, float(m)) for m in grid])

    def one(m):
        z = np.linspace(-5, 5, 401)
        w = np.exp(-0.5 * z * z)
        return float(np.sum(np.interp(m + spread.scatter * z, grid, p) * w) / np.sum(w))

    shared = math.hypot(spread.site, spread.season)
    z = np.linspace(-5, 5, 201)
    w = np.exp(-0.5 * z * z)
    none = float(np.sum([(1.0 - one(mb + shared * x)) ** n for x in z] * w) / np.sum(w))
    return (1.0 - spread.outage) * (1.0 - none)


def test_the_series_is_that_of_a_slow_twin(made):
    _, got = made
    plan = scenario.read(SMALL, "small")
    row = got["series"][0]
    assert row["mb"] == 4.25  # the relation at 1 kt
    for n, p in zip((1, 4), row["seen"], strict=True):
        assert p == pytest.approx(slow_series(plan, 4.25, n, Spread()), abs=2e-3)
    assert row["independent"][1] == pytest.approx(1.0 - (1.0 - row["seen"][0]) ** 4, abs=2e-4)
    assert row["told"] <= row["seen"][1]
    muffled = got["series"][1]
    assert muffled["mb"] == pytest.approx(4.25 - math.log10(70.0), abs=0.006)


def test_thresholds_help_and_quota(made):
    _, got = made
    plan = scenario.read(SMALL, "small")
    place = sight.Place(scenario.sensors(plan), plan.rule, 78.0, 50.0)
    mb = place.threshold()
    assert got["sites"][0]["mb"] == pytest.approx(mb, abs=0.006)
    assert place.given(mb) == pytest.approx(0.9, abs=1e-5)
    rows = {r["kind"]: r for r in got["help"]["rows"]}
    assert rows["now"]["mean"] == got["maps"]["region_mean"]
    assert rows["station"]["mean"] <= rows["now"]["mean"]
    assert rows["two"]["seen"] >= rows["now"]["seen"]
    assert rows["arrays-two"]["mean"] <= rows["arrays"]["mean"]
    assert got["quota"]["by_lot"] == pytest.approx(0.6807, abs=1e-4)
    assert got["quota"]["value_of_one"] == pytest.approx(-0.7172, abs=1e-4)


def test_page_in_both_languages(made):
    folder, got = made
    html = (folder / "out" / "statement.html").read_text("utf-8")
    assert "Here <b>" not in html
    assert "Here &lt;b&gt;" in html
    assert not re.search(r'(?:src|href)="(?!#)', html)
    for language, word in (("en", "What is not assured"), ("ru", "Что не обеспечено")):
        assert word in report.select_language(html, language)
    assert json.loads((folder / "out" / "statement.json").read_text())["digests"] == got["digests"]
    english = " ".join(got["assumptions"] + got["not_assured"])
    assert "assumed, not measured" in english
    assert "70 times" in english


def test_every_text_has_its_russian():
    found = assurance_statement.compute(scenario.read(SMALL, "small"))
    page = statement.render(found, "ru")
    pairs = re.findall(
        r'<span class="e" lang="en">(.*?)</span><span class="r" lang="ru">(.*?)</span>', page, re.S
    )
    assert len(pairs) > 50
    same = [a for a, b in pairs if a == b and re.search(r"[a-z]{4}", a)]
    assert not same
    with pytest.raises(InputError):
        statement.render(found, "de")


def test_pdf_has_two_pages(made):
    pytest.importorskip("weasyprint")
    folder, _ = made
    html = (folder / "out" / "statement.html").read_text("utf-8")
    for language in texts.LANGUAGES:
        made_pdf = report.pdf(html, language)
        assert made_pdf.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", made_pdf)) in (
            0,
            2,
        )  # 0: page objects are in compressed streams


@pytest.mark.parametrize("name", scenario.INCLUDED)
def test_included_scenarios_can_be_read_and_have_a_title_in_russian(name):
    plan = scenario.read(scenario.text_of(name), name)
    assert plan.title
    assert re.search("[а-я]", plan.title_ru)
    assert plan.statement.period_ru
    codes = [s.code for s in scenario.sensors(plan)]
    assert len(codes) == len(set(codes))


def test_scenarios_verb(capsys):
    assert app(["assure", "scenarios", "--json"], result_action="return_value") == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert [r["name"] for r in rows] == list(scenario.INCLUDED)
    assert app(["assure", "scenarios", "korea"], result_action="return_value") == 0
    assert scenario.read(capsys.readouterr().out, "printed").statement.site[0].name == "Punggye-ri"
    with pytest.raises(InputError, match="nowhere"):
        app(["assure", "scenarios", "nowhere"], result_action="return_value", exit_on_error=False)


DAYS = ",".join((*monitoring.DAYS, "simulated")) + "\n"  # as `assure monitor` writes it


def test_what_was_watched_is_taken_in(made, tmp_path):
    folder, _ = made
    (tmp_path / "days.csv").write_text(
        DAYS + "X,2017-09-03,1440,10,2.10,4.90,130,true\nX,2017-09-04,1440,0,2.00,2.50,0,true\n"
    )
    got = statement_watch.read(tmp_path)
    assert got == {
        "simulated": True,
        "sites": [
            {"name": "X", "days": 2, "first": "2017-09-03", "last": "2017-09-04", "minutes": 2880, "unwatched": 10,
             "above": 130, "largest": 4.9, "median": 2.1}
        ],
    }  # fmt: skip
    out = assurance_statement.statement_of(str(folder / "small.toml"), tmp_path / "out", monitor=tmp_path)
    html = (tmp_path / "out" / "statement.html").read_text("utf-8")
    assert out["watched"]["sites"][0]["above"] == 130
    assert "130 / 2880" in html
    assert "SIMULATED" in html
    with pytest.raises(InputError, match="--monitor"):
        assurance_statement.statement_of(str(folder / "small.toml"), tmp_path, monitor=tmp_path / "none")


BAD = {
    "region = [60, 90, 40, 60]": ("region = [90, 60, 40, 60]", "statement.region"),
    "tests = [1, 4]": ("tests = [4, 1]", "statement.tests"),
    "decoupling = 70.0": ("decoupling = 0.5", "statement.shot"),
    "add = 1": ("add = 99", "statement.next"),
    "violations = 6": ("violations = 60", "statement.quota"),
    'period = "a test"': ("perjod = 1", "perjod"),
    "yield_kt = 1.0\n[[": ("yield_kt = true\n[[", "yield_kt"),
    'title = "Four stations"': ('title = "Four stations', "TOML"),
    "noise_nm_s = 0.3": ("noise_nm_s = -0.3", "station C"),
}  # fmt: skip


@pytest.mark.parametrize("good", list(BAD))
def test_a_scenario_that_cannot_be_used_says_where(good):
    bad, said = BAD[good]
    assert good in SMALL
    with pytest.raises(InputError, match=said):
        scenario.read(SMALL.replace(good, bad, 1), "small.toml")


def test_no_station_sees_nothing(tmp_path):
    text = re.sub(r"\[\[station\]\].*?(?=\[statement\])", "", SMALL, flags=re.S)
    (tmp_path / "none.toml").write_text(text, "utf-8")
    got = assurance_statement.statement_of(str(tmp_path / "none.toml"), tmp_path / "out")
    assert got["sites"][0]["mb"] is None
    assert got["series"][0]["seen"] == [0.0, 0.0]
    assert any("no magnitude" in x for x in got["not_assured"])


stations = st.builds(
    Sensor, code=st.just("X"), longitude=st.floats(-180, 180), latitude=st.floats(-90, 90),
    noise_nm_s=st.floats(0.1, 10.0), reliability=st.floats(0.0, 1.0), array=st.booleans(),
)  # fmt: skip


@settings(max_examples=40)
@given(
    st.lists(stations, min_size=3, max_size=8),
    stations,
    st.integers(1, 4),
    st.integers(1, 3),
    st.floats(2.5, 5.5),
)
def test_more_stations_never_hurt(network, more, points, array_points, mb):
    rule = Rule(points=points, array_points=array_points)
    a = sight.Place(network, rule, 75.0, 50.0)
    b = sight.Place([*network, more], rule, 75.0, 50.0)
    assert b.given(mb) >= a.given(mb) - 1e-12
    assert not b.threshold() > a.threshold() + 1e-5
    x, y = (sight.sights(p, mb, (1, 5), Spread())[1].seen for p in (a, b))
    assert y >= x - 1e-12


@settings(max_examples=30)
@given(st.lists(stations, min_size=3, max_size=6), st.floats(3.0, 5.5))
def test_a_series_lies_between_one_test_and_independent_ones(network, mb):
    one, ten = sight.sights(sight.Place(network, Rule(points=2), 75.0, 50.0), mb, (1, 10), Spread())
    assert one.seen - 1e-12 <= ten.seen <= ten.independent + 1e-12
    same = Spread(site=2.0, season=2.0, scatter=0.0, outage=0.0)
    free = Spread(site=0.0, season=0.0, scatter=0.2, outage=0.0)
    a, b = (
        sight.sights(sight.Place(network, Rule(points=2), 75.0, 50.0), mb, (1, 10), s) for s in (same, free)
    )
    assert b[1].seen == pytest.approx(b[1].independent, abs=1e-9)  # nothing shared: the independent product
    assert a[1].seen <= a[1].independent + 1e-12


@settings(max_examples=30)
@given(st.floats(0.0, 40.0), st.integers(0, 6), st.integers(1, 4))
def test_a_random_number_of_events(mean, m, k):
    from fractions import Fraction

    v = quota_random.value(mean, m, k, Fraction(1))
    assert -k - 1e-9 <= v <= 1e-9
    assert quota_random.value(mean, m + 1, k, Fraction(1)) >= v - 1e-9
    assert quota_random.value(mean, 0, k, Fraction(1)) == pytest.approx(
        -k
    )  # quota 0: every violation succeeds
    assert quota_random.value(0.0, k, k, Fraction(1)) == pytest.approx(0.0)  # quota n: none pays
    rng = np.random.default_rng(1)
    n = rng.poisson(mean, 4000) + k
    sample = np.array([1.0 - math.comb(x - k, min(m, x)) / math.comb(x, min(m, x)) for x in n.tolist()])
    error = 5.0 * sample.std() / math.sqrt(sample.size) + 1e-9
    assert quota_random.by_lot(mean, m, k) == pytest.approx(float(sample.mean()), abs=error)


def test_what_verdicts_leave():
    assert quota_random.undetermined(200.0, 0.1) == pytest.approx(20.0)
    for bad in ((-1.0, 0.5), (1.0, 1.5)):
        with pytest.raises(InputError):
            quota_random.undetermined(*bad)
    with pytest.raises(InputError):
        quota_random.by_lot(1e9, 1, 1)


def test_verb(tmp_path, capsys, made):
    folder, got = made
    line = [
        "assure",
        "statement",
        str(folder / "small.toml"),
        "--out",
        str(tmp_path),
        "--lang",
        "ru",
        "--json",
    ]
    assert app(line, result_action="return_value") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["digests"] == got["digests"]
    assert 'id="l-ru" checked' in (tmp_path / "statement.html").read_text("utf-8")
    assert msgspec.json.decode((tmp_path / "statement.json").read_bytes())["series"] == got["series"]
