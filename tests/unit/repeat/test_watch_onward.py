"""From a watch onward, by the verbs: evidence to `identify`, reach to `assure statement`, on recordings and simulated."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.times import format_time, parse_time
from testban.cli.assure_statement import statement
from testban.cli.identify import identify
from testban.cli.process import process
from testban.cli.template import template
from testban.cli.watch import watch
from testban.formats.waveforms import write_mseed

DATA = Path(os.environ.get("TESTBAN_DATA", "/nowhere")) / "waveforms"
ORIGIN, SECOND = "2020-03-01T02:10:00", "2020-03-01T05:40:00"
STATIONS = "network,station,location,channel,latitude,longitude,elevation_m\nXX,AAA,,BHZ,41.0,131.0,0\n"
SCENARIO = """
title = "One place"
[[station]]
code = "A"
longitude = 125.0
latitude = 42.0
noise_nm_s = 1.0
[[station]]
code = "B"
longitude = 135.0
latitude = 43.0
noise_nm_s = 1.0
[[station]]
code = "C"
longitude = 128.0
latitude = 36.0
noise_nm_s = 1.0
[statement]
region = [120, 140, 35, 47]
tests = [1, 4]
[[statement.shot]]
yield_kt = 1.0
[[statement.site]]
name = "Place"
longitude = 129.0
latitude = 41.3
"""

QUAKEML = """<?xml version="1.0"?><q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">
<eventParameters publicID="smi:x/c"><event publicID="smi:x/e1"><preferredOriginID>smi:x/o1</preferredOriginID>
<origin publicID="smi:x/o1"><time><value>{time}</value></time><latitude><value>41.3</value></latitude>
<longitude><value>129.0</value></longitude><depth><value>0</value></depth></origin></event></eventParameters></q:quakeml>
"""


def simulated(folder: Path) -> tuple[Path, Path]:
    """SIMULATED: six hours of one vertical with a shot and a smaller repeat of it; recordings and inventory."""
    rng = np.random.default_rng(4)
    rate, n = 20, 6 * 3600 * 20
    x = np.convolve(rng.standard_normal(n + 40), np.hanning(9), "valid")[:n] * 20.0
    t = np.arange(60 * rate) / rate
    wave = rng.standard_normal(len(t)) * np.exp(-t / 20.0) * np.minimum(1.0, t)
    begin = parse_time("2020-03-01T00:00:00")
    for when, size in ((ORIGIN, 4000.0), (SECOND, 400.0)):
        at = round(((parse_time(when) - begin) * 1e-9 + 24.0) * rate)
        x[at : at + len(wave)] += size * wave
    path, table = folder / "sim.mseed", folder / "stations.csv"
    name = Nslc("XX", "AAA", "", "BHZ")
    write_mseed(path, [Segment(nslc=name, start_ns=begin, sample_rate_hz=20.0, samples=np.round(x).astype(np.int32))])  # fmt: skip
    table.write_text(STATIONS)
    return path, table


def judged(place: Path, evidence: Path, capsys) -> dict[str, object]:
    capsys.readouterr()
    identify(place, repeats=evidence, json=True)
    found = json.loads(capsys.readouterr().out)["events"]
    rows = [e for e in found[0]["evidence"] if e["name"].startswith("repeat of")]
    assert len(found) == len(rows) == 1
    return rows[0]


def test_a_simulated_watch_feeds_identify_and_assure(tmp_path, capsys):
    recordings, table = simulated(tmp_path)
    master, out = tmp_path / "shot.template", tmp_path / "out"
    template(
        [str(recordings)], inventory=[str(table)], origin=f"{ORIGIN},129.0,41.3", out=master, kind="explosion",
        magnitude=4.5, json=True,
    )  # fmt: skip
    capsys.readouterr()
    watch([master], data=[str(recordings)], inventory=[str(table)], out=out, workers=1)
    said = capsys.readouterr()
    assert "4 km off" in said.err + said.out
    assert "decoupled 70 times" in said.err + said.out
    rows = list(csv.DictReader((out / "detections.csv").open()))
    assert [r["time"][:19] for r in rows] == [ORIGIN, format_time(parse_time(SECOND), 0)[:19]]
    assert float(rows[1]["relative_magnitude"]) == pytest.approx(-1.0, abs=0.1)
    cases = {r["case"] for r in csv.DictReader((out / "footprint.csv").open())}
    assert cases == {"distance", "depth", "size", "mechanism", "decoupled"}
    (evidence,) = (out / "evidence").iterdir()
    event = tmp_path / "event.xml"
    event.write_text(QUAKEML.format(time=rows[1]["time"]))
    row = judged(event, evidence, capsys)
    assert row["applicable"]
    assert row["log10_lr"] > 0.5
    scenario = tmp_path / "place.toml"
    scenario.write_text(SCENARIO)
    statement(str(scenario), out=tmp_path / "s", repeats=out, json=True)
    found = json.loads(capsys.readouterr().out)["repeats"]
    assert [r["name"] for r in found] == ["shot"]
    assert found[0]["absolute"]
    assert found[0]["detections"] == 2
    hours = [r for r in csv.DictReader((out / "reach.csv").open()) if float(r["share_of_hour"]) == 1.0]
    assert found[0]["median"] in {round(float(r["magnitude_90"]), 2) for r in hours}
    assert found[0]["median"] < 4.5 - 1.0
    page = (tmp_path / "s" / "statement.html").read_text("utf-8")
    assert "What was searched for repeats of known tests" in page
    assert "Что проверено на повторения" in page
    with pytest.raises(InputError, match="--repeats"):
        statement(str(scenario), out=tmp_path / "s", repeats=tmp_path, json=True)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
def test_the_template_of_2016_speaks_for_2009_and_bounds_what_else_was_there(tmp_path, capsys):
    old, new = DATA / "dprk_2009-05-25", DATA / "dprk_2016-01-06"
    master, out, place = tmp_path / "2016.template", tmp_path / "out", tmp_path / "bulletin"
    template(
        [str(new / "raw_counts.mseed")], inventory=[str(new)], origin="2016-01-06T01:30:01,129.047,41.3", out=master,
        kind="explosion", magnitude=5.1, json=True,
    )  # fmt: skip
    recordings = str(old / "raw_counts.mseed")
    watch([master], data=[recordings], inventory=[str(old), str(new)], out=out, workers=1, json=True)
    process([recordings], inventory=[str(old)], out=place, workers=1, quiet=True)
    (evidence,) = (out / "evidence").iterdir()
    row = judged(place, evidence, capsys)
    assert row["applicable"]
    assert row["value"] > 3.0
    assert 0.0 < row["log10_lr"] <= 0.8
    statement("external-1963", out=tmp_path / "s", repeats=out, json=True)
    (found,) = json.loads(capsys.readouterr().out)["repeats"]
    assert found["absolute"]
    assert found["detections"] == 1
    assert found["far"] > 0.2
    shutil.rmtree(place)
