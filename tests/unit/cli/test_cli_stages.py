"""The verbs of one stage alone: what they write, what they say, and how they refuse. Tables are made here."""

import csv
import json
import random
import sys

import pytest

from testban import cli
from testban.base.geo import delaz_, destination_
from testban.base.times import format_time, parse_time
from testban.earth import travel
from testban.formats import quakeml_read

pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
TRUTH = (77.5, 49.5)
T0 = parse_time("2020-03-01T12:00:00Z")
QUIET = parse_time("2020-03-01T15:00:00Z")


def stations(n=9, seed=3):
    rnd = random.Random(seed)
    return {
        f"S{i:02d}": destination_(*TRUTH, 360.0 * i / n + rnd.uniform(-15, 15), rnd.uniform(2.0, 9.0))
        for i in range(n)
    }


def arrivals(places, t0=T0, event="one", seed=1):
    rnd = random.Random(seed)
    model = travel.load()
    rows = []
    for code, (lon, lat) in places.items():
        d = delaz_(*TRUTH, lon, lat)[0]
        t = t0 + round((float(model.predict("P1", 0.0, d)[0]) + rnd.gauss(0, 0.2)) * 1e9)
        rows.append(
            {
                "event": event,
                "id": f"{event}-{code}",
                "net": "XX",
                "sta": code,
                "time": format_time(t),
                "phase": "P",
            }
        )
    return rows


def table(path, rows):
    with path.open("w", newline="") as f:
        writer = csv.DictWriter(f, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def with_places(rows, places):
    return [{**r, "lat": places[r["sta"]][1], "lon": places[r["sta"]][0], "elev_m": 0} for r in rows]


def station_table(path, places):
    return table(
        path,
        [
            {"network": "XX", "station": k, "latitude": v[1], "longitude": v[0], "elevation_m": 0}
            for k, v in places.items()
        ],
    )


def read(path):
    with path.open(newline="") as f:
        return list(csv.DictReader(f))


def run(monkeypatch, capsys, *words):
    """Exit status, stdout and stderr of the command line, as a person gets them."""
    monkeypatch.setattr(sys, "argv", ["testban", *map(str, words)])
    with pytest.raises(SystemExit) as done:
        cli.main()
    out, err = capsys.readouterr()
    return done.value.code or 0, out, err


@pytest.fixture
def ask(monkeypatch, capsys):
    return lambda *words: run(monkeypatch, capsys, *words)


def near(event, km=10.0):
    d = delaz_(*TRUTH, float(event["longitude"]), float(event["latitude"]))[0]
    return d * 111.2 < km


def test_associate_forms_the_event_and_says_why(ask, tmp_path):
    places = stations()
    picks = with_places(arrivals(places), places)
    picks.append({**picks[0], "id": "stray", "time": format_time(QUIET)})
    picks.append({**picks[0], "id": "lost", "sta": "NOWHERE", "lat": "", "lon": ""})
    path = table(tmp_path / "picks.csv", picks)
    status, out, _ = ask("associate", path, "--out", tmp_path / "o", "--json")
    said = json.loads(out)
    assert status == 0
    assert [near(e) for e in said["events"]] == [True]
    assert said["picks"] == 10
    assert said["findings"] == ["1 of 11 rows without a position is not used (such as 'XX.NOWHERE')"]
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        "events.csv", "arrivals.csv", "bulletin.quakeml", "discarded.csv", "findings.csv",
    }  # fmt: skip
    assert "stray" not in {r["pick_id"] for r in read(tmp_path / "o" / "arrivals.csv")}
    assert len(quakeml_read.read_events(tmp_path / "o" / "bulletin.quakeml")) == 1
    name = said["events"][0]["event_id"]
    status, out, _ = ask("associate", path, "--out", tmp_path / "o", "--json", "--explain", name[:12])
    why = json.loads(out)["explanation"]
    assert (status, why["event_id"]) == (0, name)
    assert why["score"] > why["needed"]
    assert sum(p["adds"] for p in why["picks"]) + why["neighbours"] == pytest.approx(why["score"], abs=0.05)
    status, out, err = ask("associate", path, "--out", tmp_path / "o", "--explain", name, "--simulated")
    assert {r["simulated"] for r in read(tmp_path / "o" / "events.csv")} == {"true"}
    assert (status, out) == (0, "")
    assert "one-S00" in err


def test_a_discarded_hypothesis_is_explained_by_its_row(ask, tmp_path):
    path = table(tmp_path / "few.csv", with_places(arrivals(places := stations()), places)[:4])
    out = tmp_path / "o"
    status, said, _ = ask("associate", path, "--out", out, "--json", "--min-stations", "40")
    rows = read(out / "discarded.csv")
    assert (status, json.loads(said)["events"]) == (0, [])
    assert rows
    status, said, _ = ask(
        "associate", path, "--out", out, "--json", "--min-stations", "40", "--explain", "discarded:1"
    )
    why = json.loads(said)["explanation"]
    assert why["reason"] == rows[0]["reason"]
    assert [p["pick_id"] for p in why["picks"]] == rows[0]["pick_ids"].split()
    status, _, err = ask("associate", path, "--out", out, "--min-stations", "40", "--explain", "discarded:1")
    assert (status, rows[0]["reason"] in err) == (0, True)


def test_associate_answers_in_one_line_what_it_cannot_use(ask, tmp_path):
    places = stations()
    bare = table(tmp_path / "bare.csv", arrivals(places))
    good = table(tmp_path / "good.csv", with_places(arrivals(places), places))
    for words, part in (
        ((bare,), "give a station table or StationXML"),
        ((tmp_path / "none.csv",), "readable table"),
        ((good, "--explain", "x"), "expected the name of one event"),
        ((good, "--explain", "discarded:0"), "expected discarded:1 to"),
        ((good, "--min-stations", "1"), "from 2 to 50"),
        ((good, "--stations", tmp_path / "none.csv"), "none.csv"),
    ):
        status, out, err = ask("associate", *words, "--out", tmp_path / "o")
        assert (status, out) == (2, "")
        assert part in err
        assert "Traceback" not in err
        assert len([line for line in err.splitlines() if line.startswith("testban:")]) == 1


def test_station_table_and_order_do_not_matter(ask, tmp_path):
    places = stations()
    picks = with_places(arrivals(places), places)
    ask("associate", table(tmp_path / "a.csv", picks), "--out", tmp_path / "a")
    bare = arrivals(places)[::-1]
    known = station_table(tmp_path / "s.csv", places)
    ask("associate", table(tmp_path / "b.csv", bare), "--stations", known, "--out", tmp_path / "b")
    for name in ("events.csv", "arrivals.csv", "bulletin.quakeml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_min_stations_is_kept(ask, tmp_path):
    places = stations()
    path = table(tmp_path / "p.csv", with_places(arrivals(places), places))
    _, out, _ = ask("associate", path, "--out", tmp_path / "o", "--json", "--min-stations", "12")
    assert json.loads(out)["events"] == []
    assert len(read(tmp_path / "o" / "events.csv")) == 0


def test_locate_each_event_and_the_one_that_cannot_be(ask, tmp_path):
    places = stations()
    rows = (
        arrivals(places)
        + arrivals(places, QUIET, "two", 2)
        + arrivals({"S00": places["S00"]}, QUIET, "three")
    )
    known = station_table(tmp_path / "s.csv", places)
    path = table(tmp_path / "a.csv", rows)
    status, out, _ = ask("locate", path, "--stations", known, "--out", tmp_path / "o", "--json")
    said = json.loads(out)
    assert status == 0
    assert [e["event_id"] for e in said["events"]] == ["one", "two"]
    assert all(near(e) and e["depth_fixed"] and e["depth_km"] == 0.0 for e in said["events"])
    assert said["not_located"] == ["three"]
    assert [r["kind"] for r in read(tmp_path / "o" / "findings.csv")] == ["together", "not-located"]
    _, out, _ = ask(
        "locate",
        path,
        "--stations",
        known,
        "--out",
        tmp_path / "p",
        "--json",
        "--fixed-depth",
        "33",
        "--model",
        "iasp91",
    )
    assert [(e["depth_km"], e["depth_reason"]) for e in json.loads(out)["events"]] == [
        (33.0, "fixed on request")
    ] * 2


def test_locate_together_with_curves_and_corrections(ask, tmp_path):
    places = stations()
    rows = arrivals(places) + arrivals(places, QUIET, "two", 2)
    known = station_table(tmp_path / "s.csv", places)
    words = ("locate", table(tmp_path / "a.csv", rows), "--stations", known, "--out", tmp_path / "o")
    status, out, _ = ask(*words, "--json", "--together", "--depth-curve")
    said = json.loads(out)
    assert status == 0
    assert any("located together with two" in f for f in said["findings"])
    curve = read(tmp_path / "o" / "depth_curve.csv")
    assert {r["event_id"] for r in curve} == {"one", "two"}
    own = [(float(r["chi2"]), float(r["depth_km"])) for r in curve if r["event_id"] == "one"]
    assert len(own) > 10
    folder = tmp_path / "sasc"
    folder.mkdir()
    status, _, err = ask(*words, "--sasc", folder)
    assert (status, "expected a folder with tables sasc.CODE" in err) == (2, True)
    (folder / "sasc.S00").write_text("0.1 -0.2 0.5\n0\n")
    status, out, _ = ask(*words, "--json", "--sasc", folder)
    assert (status, "corrections of 1 stations" in out) == (0, True)
    (folder / "sasc.S00").write_text("no table")
    assert ask(*words, "--sasc", folder)[0] == 2
    status, _, err = ask(*words, "--rstt", tmp_path / "none.geotess")
    assert (status, "model file of RSTT" in err) == (2, True)


def test_locate_by_tables_of_ones_own(ask, tmp_path):
    places = stations()
    known = station_table(tmp_path / "s.csv", places)
    words = (
        "locate",
        table(tmp_path / "a.csv", arrivals(places)),
        "--stations",
        known,
        "--out",
        tmp_path / "o",
    )
    folder = tmp_path / "tables"
    folder.mkdir()
    status, _, err = ask(*words, "--tables", folder)
    assert (status, "LOCSAT's format" in err) == (2, True)
    times = "\n".join(f"{13.7 * d}" for d in range(0, 181, 10))
    nodes = " ".join(str(d) for d in range(0, 181, 10))
    (folder / "flat.P").write_text(f"n # P\n2\n0 700\n19\n{nodes}\n#\n{times}\n#\n{times}\n")
    status, _, err = ask(*words, "--json", "--tables", folder)
    assert (status, err) == (0, "")
    assert "ak135+flat-tables" in (tmp_path / "o" / "bulletin.quakeml").read_text()
    (folder / "flat.P").write_text("no table")
    assert ask(*words, "--tables", folder)[0] == 2
    status, _, err = ask(*words, "--tables", folder, "--rstt", folder)
    assert (status, "give one" in err) == (2, True)


def test_a_bulletins_arrivals_locate_to_the_same_place(ask, tmp_path):
    places = stations()
    known = station_table(tmp_path / "s.csv", places)
    ask("locate", table(tmp_path / "a.csv", arrivals(places)), "--stations", known, "--out", tmp_path / "o")
    ask("locate", tmp_path / "o" / "arrivals.csv", "--stations", known, "--out", tmp_path / "p")
    first, second = (read(tmp_path / f / "events.csv")[0] for f in "op")
    for key, unit in (("longitude", 2e-3), ("latitude", 2e-3), ("smajor_km", 0.05), ("sminor_km", 0.05)):
        assert float(first[key]) == pytest.approx(float(second[key]), abs=unit)


def test_quakeml_is_located_as_its_table_is(ask, tmp_path):
    places = stations()
    known = station_table(tmp_path / "s.csv", places)
    ask("locate", table(tmp_path / "a.csv", arrivals(places)), "--stations", known, "--out", tmp_path / "o")
    page = tmp_path / "o" / "bulletin.quakeml"
    assert ask("locate", page, "--stations", known, "--out", tmp_path / "p")[0] == 0
    first, second = (read(tmp_path / f / "events.csv")[0] for f in "op")
    for key in ("longitude", "latitude", "smajor_km"):
        assert float(first[key]) == pytest.approx(float(second[key]), abs=0.05)
    status, _, err = ask("locate", page, "--out", tmp_path / "p")  # QuakeML holds no stations
    assert (status, "station table" in err) == (2, True)


def test_rows_that_stand_twice_and_odd_names_are_told(ask, tmp_path):
    """A table put together twice is no more than one; onset letters are no phases; what has no times is counted."""
    places = stations()
    rows = with_places(arrivals(places), places)
    plain = table(tmp_path / "plain.csv", rows)
    odd = [{**r, "phase": p} for r, p in zip(rows, ["iP", "EP", "P?", "Pn+"] * 3, strict=False)]
    odd += [{**rows[0], "id": f"{i}", "phase": p} for i, p in enumerate(["IAML", "IAML", "P4KP"])]
    told = {}
    for path in (plain, table(tmp_path / "twice.csv", rows + rows), table(tmp_path / "odd.csv", odd)):
        _, out, _ = ask("locate", path, "--out", tmp_path / "o", "--json")
        told[path.stem] = json.loads(out)
    place = {k: [v["events"][0][w] for w in ("longitude", "latitude")] for k, v in told.items()}
    assert place["twice"] == place["plain"]
    assert place["odd"] == place["plain"]
    assert (
        f"twice.csv: {len(rows)} of {2 * len(rows)} rows that repeat another to the letter are not used"
        in told["twice"]["findings"]
    )
    assert any("not used: IAML 2, P4KP 1" in f for f in told["odd"]["findings"])


def test_locate_without_event_names_and_what_it_refuses(ask, tmp_path):
    places = stations()
    rows = [{k: v for k, v in r.items() if k != "event"} for r in with_places(arrivals(places), places)]
    _, out, _ = ask("locate", table(tmp_path / "a.csv", rows), "--out", tmp_path / "o", "--json")
    assert near(json.loads(out)["events"][0])
    one = table(tmp_path / "one.csv", rows[:1])
    for words, part in (
        ((one,), "none of the 1 events"),
        ((tmp_path / "a.csv", "--fixed-depth", "900"), "0 to 700 km"),
        ((table(tmp_path / "c.csv", [{"x": 1}]),), "station, time, phase"),
    ):
        status, _, err = ask("locate", *words, "--out", tmp_path / "o")
        assert status == 2
        assert part in err.replace("\n", " ")


def test_errors_of_the_table_are_used(ask, tmp_path):
    """A late pick with a large stated error moves nothing; the same with a small one does."""
    places = stations()
    moved = []
    for sigma in (30.0, 0.1):
        rows = [{**r, "dtime": 0.1} for r in with_places(arrivals(places), places)]
        rows[0] |= {"dtime": sigma, "time": format_time(parse_time(rows[0]["time"]) + 4 * 10**9)}
        path = table(tmp_path / "a.csv", rows)
        _, out, _ = ask("locate", path, "--out", tmp_path / "o", "--json")
        event = json.loads(out)["events"][0]
        moved.append(delaz_(*TRUTH, event["longitude"], event["latitude"])[0] * 111.2)
    assert moved[0] < 5.0
    assert moved[0] < moved[1]


def test_every_verb_has_help(capsys):
    for verb in ("demo", "process", "detect", "associate", "locate", "simulate", "doctor", "data"):
        cli.app([verb, "--help"], exit_on_error=False, result_action="return_value")
        text = capsys.readouterr().out
        assert "Usage" in text
        assert len(text) > 200


def test_doctor_finds_this_installation_sound(ask):
    status, out, _ = ask("doctor", "--json")
    said = json.loads(out)
    assert [c["name"] for c in said["checks"] if c["needed"] and not c["ok"]] == []
    assert (status, said["ok"]) == (0, True)
