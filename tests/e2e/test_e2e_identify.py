"""`testban identify` on the folder of a run."""

import json
import shutil
import sqlite3
from pathlib import Path

import msgspec
import obspy
import pytest
from conftest import Run, run

from testban.identify.calibration import PS_DEFAULT
from testban.run import known


def test_the_folder_of_a_run(unbroken: Run) -> None:
    got = run("identify", unbroken.out, "--json")
    assert got.status == 0
    said = {e["event_id"]: e["assessment"] for e in unbroken.said.json["events"]}
    assert {e["event_id"]: e["verdict"] for e in got.json["events"]} == said
    for e in got.json["events"]:
        assert e["prior"] == 0.01
        if e["classes"]:
            assert sum(c["probability"] for c in e["classes"]) == pytest.approx(1.0, abs=3e-4)


def test_the_prior_moves_probabilities_and_no_verdict(unbroken: Run) -> None:
    low, high = (
        run("identify", unbroken.out, "--json", "--prior", p).json["events"] for p in ("0.0001", "0.5")
    )
    assert [e["verdict"] for e in low] == [e["verdict"] for e in high]
    for a, b in zip(low, high, strict=True):
        assert a["probability_explosion"] <= b["probability_explosion"]


@pytest.mark.parametrize(("language", "word"), [("en", "Verdict:"), ("ru", "Вывод:")])
def test_explained_in_both_languages(unbroken: Run, language: str, word: str) -> None:
    got = run("identify", unbroken.out, "--explain", "--language", language)
    assert got.status == 0
    assert got.stdout == ""
    assert got.stderr.count(word) == len(unbroken.said.json["events"])


def test_a_bare_quakeml_file_has_no_paths(unbroken: Run, tmp_path: Path) -> None:
    lone = tmp_path / "b.xml"
    lone.write_bytes((unbroken.out / "bulletin.quakeml").read_bytes())
    got = run("identify", lone, "--json")
    assert got.status == 0
    for e in got.json["events"]:
        ps = next(x for x in e["evidence"] if x["name"] == "regional P/S")
        assert not ps["applicable"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--prior", "0"],
        ["--prior", "nan"],
        ["--prior-other", "1"],
        ["--event", "x"],
        ["--calibration", "x"],
    ],
)
def test_what_cannot_be_used_ends_with_2(unbroken: Run, tmp_path: Path, words: list[str]) -> None:
    got = run("identify", unbroken.out if words else tmp_path / "none", *words)
    assert got.status == 2
    assert len(got.stderr.strip().splitlines()) == 1


def test_obspy_reads_type_certainty_and_reasons(unbroken: Run) -> None:
    types = {"explosion-like": "explosion", "earthquake-like": "earthquake", "undetermined": None}
    said = {e["event_id"]: e["assessment"] for e in unbroken.said.json["events"]}
    for event in obspy.read_events(str(unbroken.out / "bulletin.quakeml"), format="QUAKEML"):
        verdict = said[str(event.resource_id).rsplit("/", 1)[-1]]
        assert event.event_type == types[verdict]
        assert event.event_type_certainty == ("suspected" if types[verdict] else None)
        text = " ".join(c.text for c in event.comments)
        for word in (
            f"verdict {verdict}",
            "prior",
            "regional P/S",
            "mb:Ms",
            "depth",
            "first motion",
            "screened out by all evidence",
        ):
            assert word in text


def test_a_table_of_p_over_s_is_rebuilt_and_used(unbroken: Run, tmp_path: Path) -> None:
    """The same folder cannot be both classes; a table fitted elsewhere changes P/S and nothing else."""
    assert run("calibrate", "ps", "--explosion", unbroken.out, "--earthquake", unbroken.out).status == 2
    model = msgspec.to_builtins(msgspec.structs.replace(PS_DEFAULT, name="made here", cap=0.01))
    table = tmp_path / "ps.json"
    table.write_text(json.dumps({"kind": "P/S", "model": model}))
    before, after = (
        run("identify", unbroken.out, "--json", *w).json["events"] for w in ([], ["--calibration", table])
    )
    for a, b in zip(before, after, strict=True):
        for x, y in zip(a["evidence"], b["evidence"], strict=True):
            if x["name"] != "regional P/S":
                assert x == y
            elif x["applicable"]:
                assert abs(y["log10_lr"]) <= 0.01 < abs(x["log10_lr"])


def test_the_bulletin_written_last_is_read(unbroken: Run, tmp_path: Path) -> None:
    """Two runs in one folder with other settings: the second one's assessment is told."""
    out = tmp_path / "twice"
    shutil.copytree(unbroken.out, out)
    with sqlite3.connect(out / "catalogue.sqlite") as db:
        for table in ("bulletins", "events"):
            names = [r[1] for r in db.execute(f"pragma table_info({table})")]
            picked = ", ".join("'0'" if n == "bulletin_id" else n for n in names)
            db.execute(f"insert into {table} ({', '.join(names)}) select {picked} from {table}")
        db.execute(
            """update events set record = replace(record, '"reason":"', '"reason":"second; ') where bulletin_id = '0'"""
        )
    for e in known.events(out):
        assert e.assessment is not None
        assert e.assessment.reason.startswith("second; ")
    assert [e.event_id for e in known.events(out)] == [e.event_id for e in known.events(unbroken.out)]
