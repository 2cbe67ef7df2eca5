"""The quota against a bulletin: what is counted, its interval beside SciPy's, and the game at the rate."""

import json
from fractions import Fraction

import pytest
from scipy.stats import chi2

from testban.assure import quota, quota_random
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_bulletin

HEAD = "event_id,time,longitude,latitude,mb,ml,assessment\n"
ROWS = (
    "a,2020-01-01T00:00:00Z,10,50,4.0,,undetermined\n"
    "b,2020-02-01T00:00:00Z,10,50,,3.0,undetermined\n"
    "c,2020-03-01T00:00:00Z,10,50,,,\n"
    "d,2020-03-02T00:00:00Z,-170,50,4.5,,explosion-like\n"
    "e,2020-03-03T00:00:00Z,175,50,4.5,,earthquake-like\n"
)


@pytest.fixture
def bulletin(tmp_path):
    (tmp_path / "events.csv").write_text(HEAD + ROWS)
    return tmp_path


@pytest.mark.parametrize("count", [0, 1, 3, 20, 200])
def test_interval_beside_scipy(count):
    low, high = quota_random.interval(count)
    assert low == pytest.approx(0.0 if count == 0 else chi2.ppf(0.05, 2 * count) / 2, abs=1e-9)
    assert high == pytest.approx(chi2.ppf(0.95, 2 * count + 2) / 2, abs=1e-9)


def test_what_is_counted(bulletin):
    found = assurance_bulletin.quota_of(bulletin, 1, days=365.25)
    assert (found["undetermined"], found["explosion_like"], found["earthquake_like"]) == (3, 1, 1)
    assert found["without_magnitude"] == 1
    assert found["undetermined_a_year"] == 3.0
    assert assurance_bulletin.quota_of(bulletin, 1, days=365.25, least_mb=3.5)["undetermined"] == 2
    near = assurance_bulletin.quota_of(bulletin, 1, days=365.25, region=(170.0, 200.0, 40.0, 60.0))
    assert (near["events"], near["undetermined"], near["explosion_like"]) == (2, 0, 1)


def test_the_game_at_the_rate_with_fallible_inspections(bulletin):
    q = Fraction(9, 10)
    found = assurance_bulletin.quota_of(bulletin, 2, days=365.25, quality="0.9")
    weight, mean = 0.049787068367863944, 0.0
    for n in range(60):
        mean += weight * float(quota.recursion(n + 1, min(2, n + 1), 1, Fraction(1), q).value)
        weight *= 3.0 / (n + 1)
    assert found["games"][0]["value"] == pytest.approx(mean, abs=1e-4)
    perfect = assurance_bulletin.quota_of(bulletin, 2, days=365.25)
    assert perfect["games"][0]["value"] > found["games"][0]["value"]
    assert found["games"][1]["value"] > found["games"][0]["value"] > found["games"][2]["value"]


def test_verb_in_both_languages_and_what_cannot_be_used(bulletin, capsys):
    line = f"assure quota --bulletin {bulletin} --inspections 1 --days 30"
    for language, word in (("en", "extrapolation"), ("ru", "продолжением")):
        assert app([*line.split(), "--language", language], result_action="return_value") == 0
        assert word in capsys.readouterr().err
    assert app([*line.split(), "--json"], result_action="return_value") == 0
    assert json.loads(capsys.readouterr().out)["undetermined"] == 3
    with pytest.raises(InputError, match="--days"):
        assurance_bulletin.quota_of(bulletin, 1)
    with pytest.raises(InputError, match="payoff"):
        assurance_bulletin.quota_of(bulletin, -1, days=1.0)
    (bulletin / "events.csv").write_text(HEAD + "a,2020-01-01T00:00:00Z,10,50,,,maybe\n")
    with pytest.raises(InputError, match="assessment"):
        assurance_bulletin.quota_of(bulletin, 1, days=1.0)
    with pytest.raises(InputError, match="fallible"):
        quota_random.value(200.0, 1, 1, Fraction(1), Fraction(1, 2))
