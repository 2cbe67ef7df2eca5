"""kill -9 in the middle: the same command goes on and ends in the same bytes; finished units are not done twice."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Run, World, process_words, run, shell, shell_words

from testban.run import detection, process

TABLES = ("events.csv", "arrivals.csv", "picks.csv", "noise.csv", "bulletin.quakeml", "bulletin.ims")


def units(out: Path) -> list[tuple[int, str, bytes]]:
    """(rowid, key, result) of finished units; none where there is no catalogue yet."""
    try:
        with sqlite3.connect(f"file:{out / 'catalogue.sqlite'}?mode=ro", uri=True, timeout=5) as db:
            return db.execute("select rowid, key, result from units order by rowid").fetchall()
    except sqlite3.OperationalError:
        return []


def kill_when(words: list[object], out: Path, wanted: int, wait_s: float) -> None:
    """Start a command and kill it a while after a number of units is finished."""
    process = subprocess.Popen(shell_words(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + 120
        while process.poll() is None and len(units(out)) < wanted and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(wait_s)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)


def test_ctrl_c_ends_in_one_line_and_the_same_command_goes_on(
    world: World, unbroken: Run, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    words = process_words(world, out)
    words[-1] = 2
    with subprocess.Popen(shell_words(words), stderr=subprocess.PIPE, start_new_session=True) as child:
        end = time.monotonic() + 120
        while child.poll() is None and len(units(out)) < 1 and time.monotonic() < end:
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"multiprocessing" not in said  # no worker speaks for itself
    assert (
        "testban: stopped; give the same command again, what was finished is kept"
        in said.decode().splitlines()
    )
    done = shell(*words)
    assert done.status == 0, done
    assert done.json["digests"] == unbroken.digests


def check_goes_on(
    world: World, unbroken: Run, out: Path, workers: int, kills: list[tuple[int, float]]
) -> None:
    words = process_words(world, out)
    words[-1] = workers
    before: list[tuple[int, str, bytes]] = []
    for wanted, wait_s in kills:
        kill_when(words, out, wanted, wait_s)
        now = units(out)
        assert now[: len(before)] == before
        before = now
    done = shell(*words)
    assert done.status == 0, done
    assert done.json["digests"] == unbroken.digests
    after = units(out)
    assert after[: len(before)] == before
    assert {(k, r) for _, k, r in after} == {(k, r) for _, k, r in units(unbroken.out)}
    assert len(after) == len(units(unbroken.out)) == 13
    for name in TABLES:
        assert (out / name).read_bytes() == (unbroken.out / name).read_bytes(), name
    assert not (out / ".part").exists()


def test_killed_and_started_again(world: World, unbroken: Run, tmp_path: Path) -> None:
    draw = random.Random(20260608)
    kills = [(draw.randint(1, 3), draw.uniform(0, 0.02)), (draw.randint(6, 8), draw.uniform(0, 0.3))]
    check_goes_on(world, unbroken, tmp_path / "out", 1, kills)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_many_times(world: World, unbroken: Run, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    kills = sorted((draw.randint(0, 12), draw.uniform(0, 1.5)) for _ in range(5))
    check_goes_on(world, unbroken, tmp_path / "out", 1 + seed % 2, kills)


def test_finished_units_are_not_done_again(
    world: World, unbroken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_job: object) -> bytes:
        raise AssertionError("a finished unit was done again")

    before = units(unbroken.out)
    monkeypatch.setattr(detection, "detect_unit", forbidden)
    monkeypatch.setattr(process, "measure_unit", forbidden)
    again = run(*process_words(world, unbroken.out))
    assert again.status == 0
    assert again.json["digests"] == unbroken.digests
    assert units(unbroken.out) == before


def test_a_changed_setting_is_work_anew(world: World, tmp_path: Path) -> None:
    assert run(*process_words(world, tmp_path)).status == 0
    n = len(units(tmp_path))
    assert run(*process_words(world, tmp_path, "--threshold-factor", "1.5")).status == 0
    assert len(units(tmp_path)) == 2 * n


def test_a_killed_run_leaves_no_workers(world: World, tmp_path: Path) -> None:
    words = process_words(world, tmp_path / "out")
    words[-1] = "2"
    process = subprocess.Popen(shell_words(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children: list[int] = []
    end = time.monotonic() + 60
    while not children and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not listed.exists():
            process.kill()
            pytest.skip("the system does not list the children of a process")
        children = [int(x) for x in listed.read_text().split()]
    time.sleep(0.3)
    process.kill()
    process.wait()
    assert children
    end = time.monotonic() + 20
    while time.monotonic() < end and any(alive(pid) for pid in children):
        time.sleep(0.1)
    assert [pid for pid in children if alive(pid)] == []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_damaged_catalogue_is_said_in_one_line(world: World, tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite").write_bytes(b"this is no catalogue" * 1000)
    said = run(*process_words(world, tmp_path))
    assert said.status == 2, said
    assert "catalogue" in said.stderr
    assert said.stdout == ""
    assert len(said.stderr.strip().splitlines()) == 1
