"""A full disk: a StoreError in one line, nothing half-written, what was there before stays as it was."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Run, World, process_words, refused, run, shell

from testban.base.canonical import digest


def limited(size: int) -> Callable[[], None]:
    """No file larger than this: what a quota does. (Python ignores SIGXFSZ, so that writes fail with EFBIG.)"""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def products(out: Path) -> dict[str, str]:
    """Digests of everything but the catalogue."""
    return {
        p.relative_to(out).as_posix(): digest(p.read_bytes())
        for p in sorted(out.rglob("*"))
        if p.is_file() and not p.name.startswith("catalogue")
    }


# The catalogue alone is about 300 kB, the report about 140 kB, the QuakeML about 20 kB.
@pytest.mark.parametrize(
    "size", [60_000, pytest.param(0, marks=pytest.mark.slow), pytest.param(200_000, marks=pytest.mark.slow)]
)
def test_no_room_for_the_catalogue(world: World, tmp_path: Path, size: int) -> None:
    said = shell(*process_words(world, tmp_path / "out"), preexec=limited(size))
    line = refused(said, "free disk space or choose another --out")
    assert "catalogue" in line
    assert products(tmp_path / "out") == {}


def test_no_room_for_the_report(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = process_words(world, out)
    assert run(*words, "--prior", "0.02").status == 0
    before = products(out)
    # Other settings: every unit is done anew. The catalogue may be moved off the disk, the products may not.
    assert run(*words, "--prior", "0.3").status == 0
    assert products(out) != before
    now = products(out)
    said = shell(*words, "--prior", "0.02", preexec=limited(100_000))
    refused(said, "free disk space")
    assert products(out) == now
    assert not (out / ".part").exists()
    again = run(*words, "--prior", "0.02")
    assert again.status == 0
    assert products(out) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 4 MB; only root can mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "testban", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 100_000, 500_000, 800_000, 900_000])
def test_a_full_disk(world: World, unbroken: Run, small_disk: Path, free: int) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"\1" * ((4 << 20) - free))
    out = small_disk / "out"
    said = run(*process_words(world, out))
    if said.status:
        refused(said, "disk")
        assert products(out) == {}
    filler.unlink()
    done = run(*process_words(world, out))
    assert done.json["digests"] == unbroken.digests


def test_out_is_a_file_or_a_place_that_cannot_be_made(world: World, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    refused(run(*process_words(world, tmp_path / "taken")), "--out")
    refused(run(*process_words(world, tmp_path / "taken" / "below")), "--out")
    refused(run(*process_words(world, Path("/proc/testban"))), "--out")
    assert (tmp_path / "taken").read_text() == "mine"


def test_no_room_for_a_simulated_world(world: World, tmp_path: Path) -> None:
    said = shell("simulate", world.scenario, "--out", tmp_path / "w", preexec=limited(20_000))
    refused(said, "free disk space or choose another --out")
    assert [p for p in tmp_path.rglob("*") if ".part" in p.name] == []
