"""The map stretch by stretch: a coda raises it by what it raises the noise, a station that is down by what it was worth."""

import csv
import math

import numpy as np
import pytest

from testban.assure import capability
from testban.assure.capability import Rule
from testban.base.errors import InputError
from testban.detect import envelope
from testban.run import assurance_layers, assurance_map, assurance_noise, moments

PLACES = {"A": (10.0, 50.0), "B": (14.0, 52.0), "C": (12.0, 47.0), "D": (17.0, 49.0)}
SCENARIO = 'title = "x"\n[rule]\npoints = 3\n'


@pytest.fixture
def levels(tmp_path):
    """Six minutes: quiet, quiet, quiet, ten times louder everywhere, station D silent, quiet."""
    held = {}
    for i, code in enumerate(PLACES):
        samples = np.full((1, 360), round(1000 * math.log10(1.0 + 0.2 * i)), np.int16)
        samples[0, 180:240] += 1000
        if code == "D":
            samples[0, 240:300] = envelope.MISSING
        held[f"XX.{code}", None] = [(86400, samples)]
    moments.write(tmp_path / "levels.csv", held, ((1.0, 3.0),), True)
    lines = ["network,station,latitude,longitude"] + [f"XX,{k},{y},{x}" for k, (x, y) in PLACES.items()]
    (tmp_path / "stations.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "plan.toml").write_text(SCENARIO)
    return tmp_path


def test_a_coda_and_an_outage_minute_by_minute(levels):
    extra = assurance_layers.Layers(noise=levels / "levels.csv", moments=True)
    found = assurance_map.capability_of(str(levels / "plan.toml"), levels / "out", 10.0, extra)
    rows = list(csv.DictReader((levels / "out" / "moments.csv").open()))
    assert [int(r["stations"]) for r in rows] == [4, 4, 4, 4, 3, 4]
    assert float(rows[0]["raised_mean"]) == pytest.approx(0.0, abs=0.01)
    assert float(rows[3]["raised_mean"]) == pytest.approx(1.0, abs=0.02)
    assert float(rows[4]["raised_mean"]) > 0.03
    assert [r["time"] for r in found["raised"]][:1] == ["1970-01-02T00:03:00Z"]
    assert found["simulated"]
    assert all(r["simulated"] == "true" for r in rows)
    worst = list(csv.DictReader((levels / "out" / "map-worst.csv").open()))
    usual, *_ = assurance_noise.moments(levels / "levels.csv", (), (1.0, 3.0))
    lon, lat = (np.array([float(r[k]) for r in worst]) for k in ("longitude", "latitude"))
    want = capability.thresholds(usual.sensors, Rule(points=3), lon, lat) + 1.0
    got = np.array([float(r["mb90"] or "nan") for r in worst])
    assert np.nanmax(np.abs(got - want)) < 0.02


def test_up_time_of_the_whole_is_of_minutes(levels):
    whole = assurance_noise.measured(levels / "levels.csv", (), (1.0, 3.0))[0]
    assert {s.code: round(s.reliability, 3) for s in whole.sensors}["XX.D"] == pytest.approx(5 / 6, abs=1e-3)
    assert {s.code: round(s.reliability, 3) for s in whole.sensors}["XX.A"] == 1.0


def test_moments_want_measured_noise(levels):
    with pytest.raises(InputError, match="--noise"):
        assurance_map.capability_of(
            str(levels / "plan.toml"), levels / "out", 10.0, assurance_layers.Layers(moments=True)
        )
