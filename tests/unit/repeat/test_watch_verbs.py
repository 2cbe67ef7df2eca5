"""The verbs of the watch on real recordings, and what they say of input that cannot be used."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.times import parse_time
from testban.cli.template import template
from testban.cli.watch import watch
from testban.formats.waveforms import write_mseed

DATA = Path(os.environ.get("TESTBAN_DATA", "/nowhere")) / "waveforms"
ORIGINS = {
    "dprk_2009-05-25": "2009-05-25T00:54:43,129.0699,41.2937",
    "dprk_2016-01-06": "2016-01-06T01:30:01,129.047,41.3",
}


def made(name: str, folder: Path) -> Path:
    path = folder / f"{name}.template"
    event = DATA / name
    template(
        [str(event / "raw_counts.mseed")], inventory=[str(event)], origin=ORIGINS[name], out=path, json=True
    )
    return path


def inventory() -> list[str]:
    return [str(DATA / n) for n in ("dprk_2009-05-25", "dprk_2016-01-06", "dprk_2017-09-03")]


def search(path: Path, source: str, out: Path, **more: object) -> list[dict[str, str]]:
    watch([path], data=[str(DATA / source)], inventory=inventory(), out=out, workers=1, json=True, **more)
    with (out / "detections.csv").open() as f:
        return list(csv.DictReader(f))


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
@pytest.mark.parametrize(
    ("name", "source", "origin", "size"),
    [
        ("dprk_2016-01-06", "dprk_2009-05-25/raw_counts.mseed", "2009-05-25T00:54:43", -0.4),
        ("dprk_2016-01-06", "dprk_2017-09-03/continuous_2h_IC.MDJ.mseed", "2017-09-03T03:30:01.6", 1.1),
        ("dprk_2009-05-25", "dprk_2017-09-03/continuous_2h_IC.MDJ.mseed", "2017-09-03T03:30:01.6", 1.5),
        ("dprk_2009-05-25", "dprk_2016-01-06/raw_counts.mseed", "2016-01-06T01:30:01", 0.4),
    ],
)
def test_one_test_finds_another_and_nothing_else(name, source, origin, size, tmp_path):
    rows = search(made(name, tmp_path), source, tmp_path / "out")
    assert len(rows) == 1
    assert abs(parse_time(rows[0]["time"]) - parse_time(origin)) < 0.5e9
    assert float(rows[0]["statistic"]) > 1.3 * float(rows[0]["threshold"])
    assert float(rows[0]["relative_magnitude"]) == pytest.approx(size, abs=0.3)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
def test_same_bytes_for_any_length_of_chunk_and_number_of_workers(tmp_path):
    path = made("dprk_2016-01-06", tmp_path)
    source = "dprk_2017-09-03/continuous_2h_IC.MDJ.mseed"
    search(path, source, tmp_path / "a")
    watch(
        [path],
        data=[str(DATA / source)],
        inventory=inventory(),
        out=tmp_path / "b",
        workers=2,
        chunk_hours=1,
        json=True,
    )
    for table in (
        "detections.csv",
        "channels.csv",
        "thresholds.csv",
        "reach.csv",
        "footprint.csv",
        "findings.csv",
    ):
        assert (tmp_path / "a" / table).read_bytes() == (tmp_path / "b" / table).read_bytes(), table


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
def test_what_cannot_be_searched_is_said_in_one_sentence(tmp_path):
    path = made("dprk_2009-05-25", tmp_path)
    noise = str(DATA / "noise_day_DK.COP_2009-02-19" / "waveforms.mseed")
    with pytest.raises(InputError, match="the templates' stations"):
        watch([path], data=[noise], inventory=inventory(), out=tmp_path / "o", workers=1, quiet=True)
    half = tmp_path / "half.template"
    half.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="cut short"):
        watch([half], data=[noise], inventory=inventory(), out=tmp_path / "o", workers=1, quiet=True)
    short = tmp_path / "short.mseed"
    x = np.arange(400, dtype=np.int32) % 17
    write_mseed(
        short,
        [
            Segment(
                nslc=Nslc("IC", "MDJ", "00", "BHZ"),
                start_ns=parse_time("2017-09-03T03:00:00"),
                sample_rate_hz=20.0,
                samples=x,
            )
        ],
    )
    with pytest.raises(InputError, match="longer records"):
        watch([path], data=[str(short)], inventory=inventory(), out=tmp_path / "o", workers=1, quiet=True)


@pytest.mark.parametrize(
    "text",
    ["", "2016", "2016-01-06T01:30:01,200,95", "2016-01-06T01:30:01,129,41,x", "2016-01-06,129,41,9000"],
)
def test_an_origin_that_is_none(text, tmp_path):
    with pytest.raises(InputError, match="--origin"):
        template(["nothing"], inventory=[], origin=text, out=tmp_path / "t")


def test_a_template_that_is_none(tmp_path):
    wrong = tmp_path / "t"
    wrong.write_text("not a template")
    with pytest.raises(InputError, match="made by"):
        watch([wrong], data=["x"], inventory=["y"], out=tmp_path / "o", quiet=True)
    with pytest.raises(InputError, match="readable template"):
        watch([tmp_path / "none"], data=["x"], inventory=["y"], out=tmp_path / "o", quiet=True)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
def test_gaps_everywhere_spikes_and_a_rate_that_is_none(tmp_path):
    path = made("dprk_2016-01-06", tmp_path)
    begin = parse_time("2017-09-03T03:00:00")
    name = Nslc("IC", "MDJ", "00", "BHZ")
    rng = np.random.default_rng(1)
    pieces = [
        Segment(
            nslc=name,
            start_ns=begin + k * 20 * 10**9,
            sample_rate_hz=20.0,
            samples=(100 * rng.standard_normal(200)).astype(np.int32),
        )
        for k in range(150)
    ]
    gappy = tmp_path / "gappy.mseed"
    write_mseed(gappy, pieces)
    with pytest.raises(InputError, match="longer records"):
        watch([path], data=[str(gappy)], inventory=inventory(), out=tmp_path / "g", workers=1, quiet=True)
    x = (100 * rng.standard_normal(144_000)).astype(np.int32)
    x[20_000::9000] = 8_000_000
    x[60_000:61_000] = 8_388_607
    wild = tmp_path / "wild.mseed"
    write_mseed(wild, [Segment(nslc=name, start_ns=begin, sample_rate_hz=20.0, samples=x)])
    watch([path], data=[str(wild)], inventory=inventory(), out=tmp_path / "w", workers=1, json=True)
    assert (tmp_path / "w" / "detections.csv").read_text().count("\n") == 1
    for rate in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(InputError, match="rate of false alarms"):
            watch(
                [path], data=[str(wild)], inventory=inventory(), out=tmp_path / "w", workers=1, quiet=True,
                false_alarms_per_year=rate,
            )  # fmt: skip


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in $TESTBAN_DATA")
def test_a_place_without_an_event_makes_no_template(tmp_path):
    event = DATA / "dprk_2017-09-03"
    with pytest.raises(InputError, match="above the noise"):
        template(
            [str(event / "continuous_2h_IC.MDJ.mseed")], inventory=inventory(), origin="2017-09-03T03:10:00,129.03,41.33",
            out=tmp_path / "t",
        )  # fmt: skip
    with pytest.raises(InputError, match="around"):
        template(
            [str(event / "raw_counts.mseed")], inventory=inventory(), origin="2016-09-03T03:10:00,129.03,41.33",
            out=tmp_path / "t",
        )  # fmt: skip
