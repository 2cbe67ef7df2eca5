"""Bad input: every command ends in 0 with findings or in 2 with one line; good stations are processed all the same."""

import csv
import math
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import LIMIT_S, Run, Said, World, refused, run, scenario_text, shell

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import waveforms


def words_of(world: World, tmp: Path, *more: object) -> list[object]:
    out = tmp / "out"
    return [
        "process",
        tmp / "archive",
        "--inventory",
        world.inventory,
        "--out",
        out,
        "--workers",
        "1",
        "--json",
        *more,
    ]


@pytest.fixture
def archive(world: World, tmp_path: Path) -> Path:
    """A copy of the recordings that may be damaged."""
    shutil.copytree(world.archive, tmp_path / "archive")
    return tmp_path / "archive"


def of(archive: Path, station: str, channel: str = "BH") -> list[Path]:
    found = sorted(p for p in archive.rglob(f"*.{station}.*.{channel}*") if p.is_file())
    assert found
    return found


def findings(out: Path) -> list[dict[str, str]]:
    with (out / "findings.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def survived(
    world: World, said: Said, out: Path, within_km: float = 20.0, n: int = 4
) -> list[dict[str, str]]:
    """Assert that the event was found by the good stations; returns the findings."""
    assert said.status == 0, said
    assert "Traceback" not in said.stderr
    assert said.seconds < LIMIT_S
    told = findings(out)
    assert [f for f in told if f["kind"] == "failed"] == []
    (truth,) = world.truth
    near = [
        e
        for e in said.json["events"]
        if math.hypot(
            (e["latitude"] - truth.origin.latitude) * 111.2, (e["longitude"] - truth.origin.longitude) * 72.0
        )
        < within_km
    ]
    assert len(near) == 1, said.json["events"]
    assert near[0]["n_defining"] >= n
    return told


def about(told: list[dict[str, str]], word: str) -> list[dict[str, str]]:
    return [f for f in told if word in f["subject"] or word in f["message"]]


def rewrite(paths: list[Path], change: Callable[[Segment], Segment]) -> None:
    for path in paths:
        segments, _ = waveforms.read(path)
        waveforms.write_mseed(path, [change(s) for s in segments])


def samples_changed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Segment], Segment]:
    return lambda s: msgspec.structs.replace(s, samples=change(s.samples.copy()))


# -- refused -----------------------------------------------------------------------------------------------------


def test_empty_folder(world: World, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    refused(run(*words_of(world, tmp_path)), "miniSEED or SAC")


def test_folder_without_recordings(world: World, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "notes.txt").write_text("nothing here")
    (tmp_path / "archive" / "noise.bin").write_bytes(random.Random(1).randbytes(5000))
    refused(run(*words_of(world, tmp_path)), "miniSEED or SAC")


def test_only_damaged_recordings(world: World, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    for i in range(4):
        (tmp_path / "archive" / f"{i}.mseed").write_bytes(random.Random(i).randbytes(3000 * i))
    refused(run(*words_of(world, tmp_path)), "miniSEED or SAC")


def test_path_that_is_not_there(world: World, tmp_path: Path) -> None:
    refused(run(*words_of(world, tmp_path)), "archive")
    refused(
        run("process", tmp_path / "*.mseed", "--inventory", world.inventory, "--out", tmp_path / "o"),
        "pattern",
    )
    refused(run("process", "ftp://host/x", "--inventory", world.inventory, "--out", tmp_path / "o"), "ftp")


def test_path_that_cannot_be_read(world: World, archive: Path, tmp_path: Path) -> None:
    target = of(archive, "BEL")[0]
    target.chmod(0)
    try:
        if os.access(target, os.R_OK):
            pytest.skip("this user reads everything")
        said = run(*words_of(world, tmp_path))
        assert about(survived(world, said, tmp_path / "out"), target.name)
        refused(run("process", target, "--inventory", world.inventory, "--out", tmp_path / "o"), "rights")
    finally:
        target.chmod(0o644)


def test_no_inventory(world: World, archive: Path, tmp_path: Path) -> None:
    def words(place: Path) -> list[object]:
        return ["process", archive, "--inventory", place, "--out", tmp_path / "out", "--json"]

    refused(run(*words(tmp_path / "missing.xml")), "missing.xml")
    (tmp_path / "empty").mkdir()
    refused(run(*words(tmp_path / "empty")), "station table")
    (tmp_path / "empty.xml").write_bytes(b"")
    refused(run(*words(tmp_path / "empty.xml")), "StationXML")
    (tmp_path / "none.csv").write_text("network,station,latitude,longitude,elevation_m\n")
    refused(run(*words(tmp_path / "none.csv")), "station")
    (tmp_path / "other.csv").write_text("network,station,latitude,longitude,elevation_m\nZZ,ABC,10,20,0\n")
    refused(run(*words(tmp_path / "other.csv")), "coordinates")
    assert not (tmp_path / "out").exists()  # what is refused leaves no folder
    (tmp_path / "wild.csv").write_text(
        "network,station,latitude,longitude,elevation_m\nXD,BEL,north,1e999,0\n"
    )
    refused(run(*words(tmp_path / "wild.csv")), "station")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
def test_broken_stationxml(world: World, archive: Path, tmp_path: Path, part: float) -> None:
    data = world.inventory.read_bytes()
    broken = tmp_path / "broken.xml"
    broken.write_bytes(data[: int(len(data) * part)])
    said = run(
        "process", archive, "--inventory", broken, "--out", tmp_path / "out", "--json", "--workers", "1"
    )
    refused(said, "broken.xml")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--start", "yesterday"], "yesterday"),
        (["--start", "2026-13-40"], "2026-13-40"),
        (["--end", "99999-01-01"], "99999"),
        (["--start", "2030-01-01"], "got recordings from"),
        (["--end", "1980-01-01T00:00:00Z"], "got recordings from"),
        (["--start", "2026-06-08T07:00:00", "--end", "2026-06-08T06:00:00"], "--start"),
        (["--model", "jb"], "model"),
        (["--prior", "2"], "prior"),
        (["--prior", "nan"], "prior"),
        (["--min-stations", "0"], "min_stations"),
        (["--threshold-factor", "-1"], "threshold_factor"),
        (["--language", "xx"], "language"),
        (["--workers", "-3"], "workers"),
        (["--executor", "magic"], "executor"),
        (["--config", "missing.toml"], "missing.toml"),
    ],
)
def test_options_without_meaning(world: World, tmp_path: Path, words: list[str], part: str) -> None:
    said = run(
        "process", world.archive, "--inventory", world.inventory, "--out", tmp_path / "o", "--json", *words
    )
    refused(said, part)


@pytest.mark.parametrize(
    "text", ["prior = ", "nonsense = 1", "prior = 'much'", "\x00", "[prior]\nx = 1", "workers = 1.5"]
)
def test_bad_configuration(world: World, tmp_path: Path, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    said = run("process", world.archive, "--inventory", world.inventory, "--out", tmp_path / "o", "--config", tmp_path / "c.toml")  # fmt: skip
    refused(said)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:300],
        lambda t: t.replace("duration_h = 0.4", "duration_h = -1"),
        lambda t: t.replace("duration_h = 0.4", "duration_h = 'long'"),
        lambda t: t.replace("seed = 7", "seeds = 7"),
        lambda t: t.replace("2026-06-08T06:16:00Z", "tomorrow"),
        lambda t: t.replace("50.1", "950.1"),
        lambda t: t.replace("rate_hz = 20.0", "rate_hz = 0"),
        lambda t: t.replace("depth_km = 0.6", "depth_km = nan"),
        lambda t: "",
    ],
)
def test_bad_scenario(tmp_path: Path, change: Callable[[str], str]) -> None:
    (tmp_path / "s.toml").write_text(change(scenario_text()))
    refused(run("simulate", tmp_path / "s.toml", "--out", tmp_path / "w"))


def test_scenario_that_is_not_there(tmp_path: Path) -> None:
    refused(run("simulate", "nowhere", "--out", tmp_path / "w"), "nowhere")
    refused(run("simulate", tmp_path / "nowhere.toml", "--out", tmp_path / "w"), "nowhere.toml")
    refused(run("data", "fetch", "nothing"), "nothing")
    refused(run("demo", "--data", tmp_path / "none", "--out", tmp_path / "o"), "--data")


def test_refused_in_a_process_of_its_own(world: World, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    refused(shell(*words_of(world, tmp_path)), "miniSEED or SAC")


# -- reported, and the good stations processed -------------------------------------------------------------------


def test_truncated_and_flipped_among_good(world: World, archive: Path, tmp_path: Path) -> None:
    draw = random.Random(5)
    for path in of(archive, "TAN"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2 - 100])
    for path in of(archive, "KOL"):
        data = bytearray(path.read_bytes())
        for _ in range(60):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
    (archive / "garbage.mseed").write_bytes(draw.randbytes(4096))
    (archive / "empty.mseed").write_bytes(b"")
    told = survived(world, run(*words_of(world, tmp_path)), tmp_path / "out")
    for word in ("TAN", "KOL", "garbage.mseed", "empty.mseed"):
        assert [f for f in about(told, word) if f["kind"] in ("corrupt", "gap")], word


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere(world: World, archive: Path, tmp_path: Path, seed: int) -> None:
    """Whatever is done to the bytes of every file: an answer or one line, never a trace."""
    draw = random.Random(seed)
    for path in sorted(p for p in archive.rglob("*") if p.is_file()):
        data = bytearray(path.read_bytes())
        for _ in range(draw.choice((0, 1, 10, 1000))):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data[: draw.choice((len(data), len(data), draw.randrange(len(data))))])
    said = run(*words_of(world, tmp_path))
    assert said.status in (0, 2)
    if said.status:
        refused(said)
    else:
        assert [f for f in findings(tmp_path / "out") if f["kind"] == "failed"] == []


def spoil_nan(x: np.ndarray) -> np.ndarray:
    y = x.astype(np.float64)
    y[1000:3000] = np.nan
    y[5000] = np.inf
    return y


@pytest.mark.parametrize(
    ("name", "change", "kinds"),
    [
        ("nan", spoil_nan, ("nan", "not-finite", "nonfinite")),
        ("all nan", lambda x: np.full(len(x), np.nan), ("nan", "not-finite", "dead")),
        ("constant", lambda x: np.full_like(x, 17), ("dead", "flat", "constant")),
        ("zero", lambda x: np.zeros_like(x), ("dead", "flat", "constant")),
        ("clipped", lambda x: np.clip(x, -np.abs(x).max() // 20, np.abs(x).max() // 20), ("clipped",)),
        ("huge", lambda x: np.where(np.arange(len(x)) % 7 == 0, 2**31 - 1, -(2**31)).astype(np.int32), ("clipped", "spike")),
    ],
)  # fmt: skip
def test_spoilt_samples(
    world: World, archive: Path, tmp_path: Path, name: str, change: Callable[[np.ndarray], np.ndarray], kinds: tuple[str, ...]
) -> None:  # fmt: skip
    rewrite(of(archive, "TAN"), samples_changed(change))
    told = survived(world, run(*words_of(world, tmp_path)), tmp_path / "out")
    said = about(told, "TAN")
    assert said, name
    assert {f["kind"] for f in said} & set(kinds), said


def test_duplicate_files(world: World, archive: Path, tmp_path: Path, unbroken: Run) -> None:
    for path in of(archive, "BEL"):
        shutil.copy(path, archive / f"copy-of-{path.name}")
    said = run(*words_of(world, tmp_path, "--simulated"))
    assert about(survived(world, said, tmp_path / "out"), "BEL")
    assert said.json["events"] == unbroken.said.json["events"]


def test_two_sensors_of_one_station(world: World, archive: Path, tmp_path: Path) -> None:
    for path in of(archive, "BEL"):
        segments, _ = waveforms.read(path)
        second = [
            msgspec.structs.replace(
                s, nslc=Nslc(s.nslc.network, s.nslc.station, "10", s.nslc.channel), samples=s.samples // 3
            )
            for s in segments
        ]
        waveforms.write_mseed(archive / f"second-{path.name}", second)
    said = run(*words_of(world, tmp_path))
    survived(world, said, tmp_path / "out")
    assert said.json["stations"] == 6


def test_wrong_sample_rate_in_the_header(world: World, archive: Path, tmp_path: Path) -> None:
    rewrite(of(archive, "TAN"), lambda s: msgspec.structs.replace(s, sample_rate_hz=25.0))
    told = survived(world, run(*words_of(world, tmp_path)), tmp_path / "out", within_km=30.0)
    assert about(told, "TAN")


def test_station_with_a_wrong_clock(world: World, archive: Path, tmp_path: Path) -> None:
    rewrite(of(archive, "TAN"), lambda s: msgspec.structs.replace(s, start_ns=s.start_ns + 97_300_000_000))
    survived(world, run(*words_of(world, tmp_path)), tmp_path / "out", within_km=30.0)


def test_station_that_the_inventory_does_not_know(world: World, archive: Path, tmp_path: Path) -> None:
    text = world.inventory.read_text(encoding="utf-8")
    less = re.sub(r"<Station code=\"KOL\".*?</Station>", "", text, flags=re.S)
    assert less != text
    (tmp_path / "less.xml").write_text(less, encoding="utf-8")
    words = words_of(world, tmp_path)
    words[3] = tmp_path / "less.xml"
    told = survived(world, run(*words), tmp_path / "out")
    assert [f["kind"] for f in about(told, "KOL")] == ["no-coordinates"]


def test_broken_stationxml_beside_a_sound_one(world: World, archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    folder.mkdir()
    data = world.inventory.read_bytes()
    (folder / "good.xml").write_bytes(data)
    (folder / "bad.xml").write_bytes(data[: len(data) // 3])
    words = words_of(world, tmp_path)
    words[3] = folder
    assert about(survived(world, run(*words), tmp_path / "out"), "bad.xml")


def test_stations_without_orientation_and_response(world: World, archive: Path, tmp_path: Path) -> None:
    """A plain table of places: events are found; nothing is measured in nanometres."""
    lines = [line for line in scenario_text().splitlines() if re.match(r"[A-Z]{3}, ", line)]
    rows = [[c.strip() for c in line.split(",")] for line in lines]
    table = "\n".join(
        ["network,station,longitude,latitude,elevation_m", *(f"XD,{r[0]},{r[1]},{r[2]},{r[3]}" for r in rows)]
    )
    (tmp_path / "stations.csv").write_text(table)
    words = words_of(world, tmp_path)
    words[3] = tmp_path / "stations.csv"
    said = run(*words)
    survived(world, said, tmp_path / "out", within_km=30.0)
    assert said.json["events"][0]["magnitudes"] == {}


def test_horizontals_alone_and_metadata_of_others(world: World, archive: Path, tmp_path: Path) -> None:
    """Where nothing is detected the reason is said at once; what other stations' metadata lack is not."""
    for path in archive.rglob("*.BHZ.*"):
        if path.is_file():
            path.unlink()
    sample = world.inventory.read_text()
    broken = re.sub(r'(<Station [^>]*code=)"[A-Z]+"', r'\1"ELSE"', sample).replace(
        "<Name>M/S</Name>", "<Name>V</Name>"
    )
    (tmp_path / "others.xml").write_text(broken)
    words = [w for w in words_of(world, tmp_path, "--inventory", tmp_path / "others.xml") if w != "--json"]
    said = run(*words)
    assert said.status == 0
    assert re.search(
        r"nothing was detected; said most often \(\d+ stations\): no usable vertical", said.stderr
    )
    told = findings(tmp_path / "out")
    assert about(told, "vertical")
    assert not about(told, "ELSE")
