"""`assure series` as a person and a machine see it."""

import json

import pytest

from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance
from testban.show import assurance as words


def test_json_has_the_number_its_inputs_constants_and_digests(capsys):
    line = "assure series --p 0.3 --n 10 --rho 0.3 --model copula --false-alarm-rate 0.001 --json"
    assert app(line.split(), result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)
    assert got["probability_seen"] == pytest.approx(0.8516, abs=1e-4)
    assert got["by_model"] == {"independent": 0.9718, "beta-binomial": 0.7598, "copula": 0.8516}
    assert got["false_alarms_per_year"] == 7.5
    assert all(c["source"] for c in got["constants"])
    assert set(got["digests"]) == {"inputs", "result", "code"}
    assert got["inputs"]["n"] == 10


def test_words_say_in_both_languages_where_a_series_would_not_be_seen():
    weak = words.series(assurance.series(0.0011, 10))
    assert "would probably not be seen" in weak.en
    assert "незамеченной" in weak.ru
    strong = words.series(assurance.series(0.3, 10))
    assert "not be seen" not in strong.en
    assert "0.9718" in strong.en
    assert "0,9718" in strong.ru
    assert "No number of tests" in words.series(assurance.series(0.0, 3)).en


def test_unusable_input_is_one_sentence():
    with pytest.raises(InputError, match="expected the probability p"):
        assurance.series(1.2, 3)
    with pytest.raises(InputError, match="--model: expected"):
        assurance.series(0.2, 3, model="guess")
