"""`testban yield` as a person and as a program use it."""

import shutil
from pathlib import Path

import msgspec
import obspy
import pytest
from conftest import Run, refused, run

from testban.base.measurements import PathMeasurement
from testban.run import known


def test_a_given_magnitude() -> None:
    got = run("yield", "--mb", "4.53", "--sigma", "0.21", "--scale", "mb(Lg)", "--json")
    assert got.status == 0
    (event,) = got.json["events"]
    first = event["yield"]["intervals"][0]
    assert first["low_kt"] < 2.36 < first["high_kt"]
    assert event["yield"]["assumptions"]
    assert len(got.json["digests"]["result"]) == 64


@pytest.mark.parametrize(("language", "word"), [("en", "interval"), ("ru", "интервал")])
def test_words_in_both_languages(language: str, word: str) -> None:
    got = run("yield", "--mb", "5.0", "--language", language)
    assert got.status == 0
    assert word in got.stderr
    assert "[1]" in got.stderr


@pytest.mark.parametrize(
    "words",
    [[], ["--mb", "5", "--scale", "ML"], ["--mb", "8.1"], ["--mb", "nan"], ["--mb", "5", "--site", "x"], ["nothing-there"],
     ["--mb", "5", "--prior-kt", "5", "1"]],
)  # fmt: skip
def test_what_does_not_fit_ends_with_2(words: list[str]) -> None:
    got = run("yield", *words)
    assert got.status == 2
    assert got.stdout == ""
    assert len(got.stderr.strip().splitlines()) == 1


def test_the_folder_of_a_run(unbroken: Run) -> None:
    got = run("yield", unbroken.out, "--json")
    assert got.status == (0 if any(e["yield"] for e in got.json["events"]) else 1)
    assert {e["event_id"] for e in got.json["events"]} == {
        e["event_id"] for e in unbroken.said.json["events"]
    }
    for e in got.json["events"]:
        assert (e["yield"] is None) == bool(e["refused"])
    refused(run("yield", unbroken.out, "--event", "no-such-event"), "no-such-event")
    for e in got.json["events"]:
        if e["refused"]:
            refused(run("yield", unbroken.out, "--event", e["event_id"]), "expected mb", "--mb")


def test_a_bulletin_of_others_without_errors(tmp_path: Path) -> None:
    """Foreign QuakeML: an error that nobody stated is assumed and said, a depth without one is no evidence."""
    event = obspy.core.event.Event(
        resource_id="smi:local/event/a",
        origins=[
            obspy.core.event.Origin(time=obspy.UTCDateTime(0), longitude=78.0, latitude=50.0, depth=33000.0)
        ],
        magnitudes=[
            obspy.core.event.Magnitude(mag=5.5, magnitude_type="mb"),
            obspy.core.event.Magnitude(mag=4.0, magnitude_type="Ms"),
        ],
    )
    path = tmp_path / "b.xml"
    obspy.core.event.Catalog([event]).write(str(path), format="QUAKEML")
    (sized,) = run("yield", path, "--json").json["events"]
    assert sized["yield"]["mb_sigma"] == 0.2
    assert any("0.2 assumed" in a for a in sized["yield"]["assumptions"])
    (judged,) = run("identify", path, "--json").json["events"]
    said = {e["name"]: e for e in judged["evidence"]}
    assert not said["depth"]["applicable"]
    assert said["mb:Ms"]["applicable"]
    assert said["mb:Ms"]["sigma"] > 0.4


def test_yield_with_depth_over_a_master(unbroken: Run, tmp_path: Path) -> None:
    """A run over itself: equal spectra, so that the yield of the master comes back where P stands above the noise; else a refusal."""
    got = run(
        "yield", unbroken.out, "--spectra", unbroken.out, "--master-kt", "2", "5", "--mb", "5", "--json"
    )
    if got.status == 2:
        refused(got, "--spectra: ")
    else:
        assert got.status == 0
        assert any("yield_and_depth" in e for e in got.json["events"])
    for words in (
        ["--spectra", unbroken.out],
        [unbroken.out, "--spectra", unbroken.out],
        [unbroken.out, "--spectra", tmp_path / "nothing", "--master-kt", "2", "5"],
        [unbroken.out, "--mb", "5"],
    ):
        bad = run("yield", *words)
        assert bad.status == 2
        assert len(bad.stderr.strip().splitlines()) == 1


def test_runs_in_different_units_are_refused_with_2(
    unbroken: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run without responses: its spectra are counts, and a ratio to ground velocity would be off by a factor of 10^9."""
    master = tmp_path / "master"
    shutil.copytree(unbroken.out, master)
    real = known.paths

    def in_counts(place: Path) -> dict[str, tuple[PathMeasurement, ...]]:
        found = real(place)
        if place != master:
            return found
        return {
            k: tuple(msgspec.structs.replace(p, ground=not p.ground) for p in v) for k, v in found.items()
        }

    monkeypatch.setattr(known, "paths", in_counts)
    words = ("yield", unbroken.out, "--spectra", master, "--master-kt", "2", "5", "--mb", "5")
    line = refused(run(*words), "same units", "--inventory")
    assert "counts" in line
    refused(run(*words, "--json"), "same units")


def bulletin(path: Path, *magnitudes: tuple[str, float]) -> Path:
    """QuakeML of one event with these magnitudes."""
    event = obspy.core.event.Event(
        resource_id="smi:local/event/a",
        origins=[
            obspy.core.event.Origin(time=obspy.UTCDateTime(0), longitude=78.0, latitude=50.0, depth=0.0)
        ],
        magnitudes=[obspy.core.event.Magnitude(mag=v, magnitude_type=k) for k, v in magnitudes],
    )
    obspy.core.event.Catalog([event]).write(str(path), format="QUAKEML")
    return path


def test_no_event_with_a_number_is_a_negative_finding(tmp_path: Path) -> None:
    for sizes in ((), (("ML", 4.0),), (("Mw", 5.0), ("Ms", 4.0)), (("mb", 9.5),)):
        path = bulletin(tmp_path / "b.xml", *sizes)
        told = run("yield", path)
        assert told.status == 1
        assert "expected" in told.stderr
        (event,) = run("yield", path, "--json").json["events"]
        assert event["yield"] is None
        assert event["refused"].startswith("expected")
        refused(run("yield", path, "--event", event["event_id"]), "expected")
