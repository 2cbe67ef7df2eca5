"""`assure monitor` on real recordings: the test and its coda stand out, A7, and the same bytes again."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from testban import formats
from testban.assure import monitoring
from testban.assure.monitoring import Place
from testban.base.errors import InputError
from testban.base.spans import Span
from testban.base.times import parse_time
from testban.cli import app
from testban.detect import envelope
from testban.run.detection import open_source, read
from testban.run.stations import find_stations

WAVES = Path(os.environ.get("TESTBAN_DATA", "/nowhere")) / "waveforms"
data = pytest.mark.skipif(not WAVES.exists(), reason="$TESTBAN_DATA is not set: recordings of the DPRK tests")


def books(event):
    return [
        f"--inventory={WAVES / 'dprk_2009-05-25' / 'sacpz'}",
        f"--inventory={WAVES / 'dprk_2016-01-06' / 'sacpz'}",
        f"--inventory={WAVES / event / 'stations.csv'}",
    ]


def run(line, capsys):
    assert app(["assure", "monitor", *line, "--workers=1", "--json"], result_action="return_value") == 0
    return json.loads(capsys.readouterr().out)


@data
def test_two_hours_at_mdj_show_the_test_its_coda_and_the_collapse(tmp_path, capsys):
    line = [str(WAVES / "dprk_2017-09-03" / "continuous_2h_IC.MDJ.mseed"), *books("dprk_2017-09-03")]
    line += ["--site=punggye-ri", "--target=4", f"--out={tmp_path}"]
    got = run(line, capsys)
    limit = {
        r["time"][11:16]: float(r["m90"])
        for r in csv.DictReader((tmp_path / "monitor.csv").open())
        if r["m90"]
    }
    assert max(limit, key=lambda k: limit[k]) == "03:30"
    assert limit["03:30"] > limit["03:20"] + 3.0
    assert limit["03:35"] > limit["03:20"] + 1.0
    assert limit["03:38"] > limit["03:36"]
    assert got["sites"][0]["hours_in_which_target_could_hide"][0] == "2017-09-03T03:00:00Z"
    before = (tmp_path / "monitor.csv").read_bytes()
    again = run(line, capsys)
    assert again["digests"] == got["digests"]
    assert (tmp_path / "monitor.csv").read_bytes() == before
    page = (tmp_path / "monitor.html").read_text()
    assert "Слежение за порогом" in page
    assert "<svg" in page


@data
@pytest.mark.parametrize(
    ("event", "start", "end"),
    [
        ("dprk_2009-05-25", "2009-05-25T00:53:53Z", "2009-05-25T00:54:35Z"),
        ("dprk_2016-01-06", "2016-01-06T01:29:11Z", "2016-01-06T01:29:53Z"),
        ("dprk_2017-09-03", "2017-09-03T03:29:12Z", "2017-09-03T03:29:53Z"),
    ],
)
def test_a7_detection_minus_limit(event, start, end, tmp_path, capsys):
    """Published for this site: the detection threshold lies about 1 above the limit."""
    line = [str(WAVES / event / "raw_counts.mseed"), *books(event), "--site=punggye-ri", f"--out={tmp_path}"]
    got = run([*line, f"--start={start}", f"--end={end}"], capsys)["sites"][0]
    assert got["detection_minus_median"] == pytest.approx(1.0, abs=0.3)


@data
def test_a_steered_beam_keeps_the_signal_and_lowers_the_noise():
    """Yellowknife, the deep Okhotsk earthquake of 2012: 18 elements would give 0.63 of white noise at best."""
    folder = WAVES / "array_yka_2012-08-14"
    sources = (str(folder / "waveforms.mseed"),)
    inventory = formats.inventory.read_inventory([folder / "stations.xml"])
    station = find_stations(open_source(sources), inventory, None, None)[0][0]
    there = Place(name="okhotsk", longitude=145.1, latitude=49.8, depth_km=583.0)
    path = monitoring.path(there, station.site.longitude, station.site.latitude, monitoring.Settings())
    day = Span(parse_time("2012-08-14T02:30:00Z"), parse_time("2012-08-14T03:30:00Z"))
    segments, _ = read(sources, station.members, day)
    mean, beam = (
        envelope.levels(segments, station.channels, day, ((1.0, 3.0),), steer=x)[0][0].astype(float) / 1000.0
        for x in (None, path.steer)
    )
    onset = 29 * 60 + 38 + round(path.travel_s)
    assert abs(beam[onset - 8 : onset + 9].max() - mean[onset - 8 : onset + 9].max()) < 0.15
    quiet = slice(300, 1500)
    assert 0.3 < np.median(mean[quiet] - beam[quiet]) < 0.7


def test_unusable_input(tmp_path):
    with pytest.raises(InputError, match="--site"):
        app(
            ["assure", "monitor", "x", "--inventory=y", f"--out={tmp_path}", "--site=a"],
            result_action="return_value",
        )
    with pytest.raises(InputError, match="bands"):
        app(
            ["assure", "monitor", "x", "--inventory=y", f"--out={tmp_path}", "--near-band=1,9"],
            result_action="return_value",
        )
