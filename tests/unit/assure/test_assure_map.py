"""`assure map`: the included scenarios against published levels, files written, unusable input."""

import csv
import json

import pytest

from testban.assure import scenario
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_map


@pytest.fixture(scope="module")
def ims(tmp_path_factory):
    out = tmp_path_factory.mktemp("ims")
    return out, assurance_map.capability_of("ims", out, 5.0)


def test_a4_ims_with_arrays(ims):
    """Published: north 3.1-3.4, south 3.4-3.7 (Kvaerna, SnT2019). Noise is assumed, not measured: not the whole of A4."""
    _, got = ims
    assert 2.9 <= got["mean_north"] <= 3.6
    assert 3.2 <= got["mean_south"] <= 3.9
    assert got["stations"] == 41


def test_a5_ims_without_array_gain(tmp_path):
    path = tmp_path / "plain.toml"
    path.write_text(scenario.text_of("ims").replace("array_noise_nm_s = 0.25\n", ""))
    got = assurance_map.capability_of(str(path), tmp_path / "out", 5.0)
    assert got["mean_world"] == pytest.approx(4.0, abs=0.2)


def test_files(ims):
    out, _ = ims
    rows = list(csv.DictReader((out / "map.csv").open()))
    assert len(rows) == 36 * 72
    assert set(rows[0]) == {"longitude", "latitude", "mb90"}
    assert "первичная станция" in (out / "map.ru.svg").read_text()
    assert "Магнитуда" in (out / "map.ru.svg").read_text()
    assert "Magnitude mb detected" in (out / "map.en.svg").read_text()


def test_stations_added_in_1963_never_hurt(tmp_path):
    names = ("external-1963", "external-1963-plus-3", "external-1963-plus-3-arrays")
    means = [assurance_map.capability_of(n, tmp_path / n, 10.0)["mean_north"] for n in names]
    assert means == sorted(means, reverse=True)
    assert means[0] > means[2]


def test_verb(tmp_path, capsys):
    line = ["assure", "map", "ims", "--out", str(tmp_path), "--step", "30", "--json"]
    assert app(line, result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)
    assert got["assumptions"]
    assert set(got["digests"]) == {"inputs", "map", "code"}


def test_unusable_input_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="SCENARIO"):
        assurance_map.capability_of("nowhere", tmp_path)
    with pytest.raises(InputError, match="--step"):
        assurance_map.capability_of("ims", tmp_path, 7.0)
    for bad in (
        "title = 1",
        "x",
        'title = "a"\n[rule]\npoints = 0',
        'title="a"\nother=1',
        'title="a"\n[[network]]\ntable="x"\nnoise_nm_s=1.0',
    ):
        with pytest.raises(InputError):
            scenario.read(bad, "bad.toml")
