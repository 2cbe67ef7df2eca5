"""The same samples and settings give the same bytes, however they are cut, named, ordered and shared out."""

import random
from pathlib import Path

import msgspec
import pytest
from conftest import Run, World, process_words, run, shell

from testban.base.records import Segment
from testban.formats import waveforms


def pieces(segment: Segment, draw: random.Random) -> list[Segment]:
    """A segment cut at random samples."""
    out = []
    at = 0
    while at < len(segment.samples):
        n = draw.randint(50, 9000)
        out.append(
            msgspec.structs.replace(
                segment,
                start_ns=segment.start_ns + round(at * 1e9 / segment.sample_rate_hz),
                samples=segment.samples[at : at + n],
            )
        )
        at += n
    return out


def cut_up(world: World, folder: Path, seed: int) -> None:
    """The recordings in other files: other lengths, record sizes, names and order of records."""
    draw = random.Random(seed)
    folder.mkdir()
    parts = [p for s in world.segments() for p in pieces(s, draw)]
    draw.shuffle(parts)
    number = 0
    while parts:
        n = draw.randint(1, 12)
        taken, parts = parts[:n], parts[n:]
        sub = folder / str(draw.randint(0, 3))
        sub.mkdir(exist_ok=True)
        size = draw.choice((256, 512, 1024, 4096))
        waveforms.write_mseed(sub / f"{draw.getrandbits(40):x}-{number}.mseed", taken, record_length=size)
        number += 1


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_other_files(world: World, unbroken: Run, tmp_path: Path, seed: int) -> None:
    cut_up(world, tmp_path / "cut", seed)
    words = process_words(world, tmp_path / "out")
    words[1] = tmp_path / "cut"
    said = run(*words)
    assert said.status == 0, said
    assert said.json["events"] == unbroken.said.json["events"]
    assert said.json["digests"] == unbroken.digests


def test_two_workers(world: World, unbroken: Run, tmp_path: Path) -> None:
    words = process_words(world, tmp_path / "out")
    words[-1] = "2"
    said = shell(*words)
    assert said.status == 0, said
    assert said.json["digests"] == unbroken.digests


def test_order_of_sources(world: World, unbroken: Run, tmp_path: Path) -> None:
    places = sorted((world.archive / "2026" / "XD").iterdir())
    random.Random(3).shuffle(places)
    found = []
    for i, order in enumerate((places, places[::-1])):
        words = process_words(world, tmp_path / f"out{i}")
        words[1:2] = order
        said = run(*words)
        assert said.status == 0, said
        found.append(said.json)
        assert said.json["digests"] == unbroken.digests
    assert found[0]["events"] == found[1]["events"] == unbroken.said.json["events"]


def test_sds_address_and_pattern(world: World, unbroken: Run, tmp_path: Path) -> None:
    for i, where in enumerate((f"sdsarchive://{world.archive}", f"{world.archive}/**/*.2026.159")):
        words = process_words(world, tmp_path / f"out{i}")
        words[1] = where
        assert run(*words).json["digests"] == unbroken.digests, where


def test_language_changes_nothing_but_the_report(world: World, unbroken: Run, tmp_path: Path) -> None:
    said = run(*process_words(world, tmp_path / "out", "--language", "ru"))
    assert said.json["digests"] == unbroken.digests
    assert 'lang="ru"' in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")[:500]


def test_the_world_itself_is_the_same_again(world: World, tmp_path: Path) -> None:
    said = run("simulate", world.scenario, "--out", tmp_path / "again", "--json", "--quiet")
    assert said.status == 0, said
    assert said.json["simulated"] is True
    for path in sorted(p for p in world.root.rglob("*") if p.is_file() and p != world.scenario):
        assert (tmp_path / "again" / path.relative_to(world.root)).read_bytes() == path.read_bytes(), (
            path.name
        )
