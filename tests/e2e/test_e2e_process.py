"""`process` on a simulated world: the events near the truth, every product there, readable and labelled."""

import csv
import io
import json
import math
import sqlite3
import warnings
from pathlib import Path

import obspy
import pytest
from conftest import Run, World, refused, run, shell
from lxml import etree

from testban.base.times import parse_time
from testban.formats import tables

PRODUCTS = (
    "events.csv",
    "arrivals.csv",
    "picks.csv",
    "noise.csv",
    "stations.csv",
    "findings.csv",
    "bulletin.quakeml",
    "bulletin.ims",
    "bulletin.geojson",
    "report.html",
    "catalogue.sqlite",
)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_event_is_near_the_truth_and_alone(world: World, unbroken: Run) -> None:
    (truth,) = world.truth
    (event,) = unbroken.said.json["events"]
    north = (event["latitude"] - truth.origin.latitude) * 111.2
    east = (
        (event["longitude"] - truth.origin.longitude) * 111.2 * math.cos(math.radians(truth.origin.latitude))
    )
    assert math.hypot(north, east) < 15.0
    assert abs(parse_time(event["time"]) - truth.origin.time_ns) < 2.5e9
    assert event["assessment"] in ("explosion-like", "undetermined")
    assert event["n_defining"] >= 5


def test_every_product_is_there_with_content(unbroken: Run) -> None:
    for name in PRODUCTS:
        assert (unbroken.out / name).stat().st_size > 30, name
    assert sorted(p.suffix for p in (unbroken.out / "css30").iterdir())[:3] == [
        ".arrival",
        ".assoc",
        ".event",
    ]
    left = [p.name for p in unbroken.out.rglob("*") if ".part" in p.name or p.suffix in (".tmp", "-wal")]
    assert left == []


def test_tables_agree_with_the_object_on_stdout(unbroken: Run) -> None:
    said = unbroken.said.json
    events = rows(unbroken.out / "events.csv")
    assert [e["event_id"] for e in events] == [e["event_id"] for e in said["events"]]
    for name in ("longitude", "latitude"):
        assert [float(e[name]) for e in events] == [e[name] for e in said["events"]]
    assert len(rows(unbroken.out / "picks.csv")) == said["picks"]
    assert len(rows(unbroken.out / "findings.csv")) == said["findings"]
    assert {a["event_id"] for a in rows(unbroken.out / "arrivals.csv")} == {e["event_id"] for e in events}


def test_every_pick_has_its_place_in_the_station_table(unbroken: Run) -> None:
    """So that `associate out/picks.csv --stations out/stations.csv` works."""
    stations = tables.read_stations(unbroken.out / "stations.csv")
    table = tables.read_picks(unbroken.out / "picks.csv", stations)
    assert len(table.picks) == unbroken.said.json["picks"]
    assert table.findings == ()


def test_quakeml_passes_the_schema_and_obspy_reads_it(unbroken: Run) -> None:
    path = unbroken.out / "bulletin.quakeml"
    schema = Path(obspy.__file__).parent / "io" / "quakeml" / "data" / "QuakeML-1.2.xsd"
    etree.XMLSchema(etree.parse(schema)).assertValid(etree.parse(path))
    (event,) = obspy.read_events(str(path), format="QUAKEML")
    assert len(event.picks) >= 5
    assert abs(event.origins[0].latitude - unbroken.said.json["events"][0]["latitude"]) < 1e-3


def test_obspy_reads_the_ims_bulletin(unbroken: Run) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (event,) = obspy.read_events(str(unbroken.out / "bulletin.ims"), format="IMS10BULLETIN")
    assert abs(event.origins[0].longitude - unbroken.said.json["events"][0]["longitude"]) < 1e-3
    assert {p.waveform_id.station_code for p in event.picks} >= {"BEL", "KOR", "AYG"}


def test_css_lines_have_the_lengths_of_the_schema(unbroken: Run) -> None:
    # Anderson et al. (1990), CSS 3.0: characters in a record of each relation.
    lengths = {
        "origin": 237,
        "arrival": 223,
        "assoc": 152,
        "site": 155,
        "event": 76,
        "netmag": 110,
        "stamag": 117,
    }
    for table, length in lengths.items():
        text = (unbroken.out / "css30" / f"bulletin.{table}").read_text(encoding="ascii")
        assert {len(line) for line in text.splitlines()} == {length}, table


def test_geojson_is_json_with_features(unbroken: Run) -> None:
    found = json.loads((unbroken.out / "bulletin.geojson").read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    assert {f["geometry"]["type"] for f in found["features"]} >= {"Point", "Polygon"}


def test_every_product_says_that_it_is_simulated(unbroken: Run) -> None:
    for path in sorted(p for p in unbroken.out.rglob("*") if p.is_file()):
        if path.suffix in (".sqlite", ".site", ".assoc", ".origerr"):  # no author in these relations
            continue
        assert "simulated" in path.read_text(encoding="utf-8").lower(), path.name
    with sqlite3.connect(unbroken.out / "catalogue.sqlite") as db:
        assert db.execute("select simulated from bulletins").fetchall() == [(1,)]
    assert unbroken.said.json["simulated"] is True


def test_real_recordings_are_not_called_simulated(world: World, tmp_path: Path) -> None:
    done = run("process", world.archive, "--inventory", world.inventory, "--out", tmp_path / "o", "--workers", "1", "--json")  # fmt: skip
    assert done.json["simulated"] is False
    for name in ("events.csv", "bulletin.quakeml", "bulletin.ims", "bulletin.geojson"):
        assert "simulated" not in (tmp_path / "o" / name).read_text(encoding="utf-8").lower(), name


def test_the_report_stands_alone(unbroken: Run) -> None:
    page = (unbroken.out / "report.html").read_text(encoding="utf-8")
    for word in ('src="http', "src='http", "<link ", "@import", "url(http"):
        assert word not in page, word


def test_catalogue_holds_what_the_tables_hold(unbroken: Run) -> None:
    with sqlite3.connect(unbroken.out / "catalogue.sqlite") as db:
        (bulletin,) = db.execute("select bulletin_id, code_digest, inputs from bulletins").fetchall()
        assert len(bulletin[1]) == 64
        assert len(json.loads(bulletin[2])) == 19
        assert db.execute("select count(*) from picks").fetchone() == (unbroken.said.json["picks"],)
        assert db.execute("select count(*) from findings").fetchone() == (unbroken.said.json["findings"],)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_json_is_one_object_and_all_else_goes_to_stderr(world: World, tmp_path: Path) -> None:
    done = shell("process", world.archive, "--inventory", world.inventory, "--out", tmp_path / "o", "--workers", "1", "--json")  # fmt: skip
    assert done.status == 0, done
    assert isinstance(done.json, dict)
    assert "Traceback" not in done.stderr


def test_people_get_their_words_on_stderr(world: World, unbroken: Run) -> None:
    done = run("process", world.archive, "--inventory", world.inventory, "--out", unbroken.out, "--simulated", "--workers", "1")  # fmt: skip
    assert done.status == 0
    assert done.stdout == ""
    assert "SIMULATED" in done.stderr
    assert "report.html" in done.stderr


@pytest.mark.parametrize(
    "words", [["process"], ["process", "x", "--out", "y"], ["nonsense"], ["process", "--what"]]
)
def test_a_wrong_command_line_ends_with_2_and_one_line(words: list[str]) -> None:
    refused(run(*words))
