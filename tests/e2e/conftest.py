"""One small simulated world and one run over it, made once a session, and two ways to run the command line."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from testban import cli, formats, simulate
from testban.base.records import Event, Segment
from testban.run import worlds

LIMIT_S = 240.0  # nothing hangs, on a busy machine too


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


class World(NamedTuple):
    """A simulated world on disk."""

    root: Path
    scenario: Path
    archive: Path
    inventory: Path
    truth: tuple[Event, ...]

    def files(self, station: str = "") -> list[Path]:
        return sorted(p for p in self.archive.rglob("*") if p.is_file() and f".{station}" in p.name)

    def segments(self, station: str = "") -> list[Segment]:
        return [s for f in self.files(station) for s in formats.waveforms.read(f)[0]]


def run(*words: object) -> Said:
    """The command line in this process; an exception that it lets through fails the test."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["testban", *map(str, words)]
    begun = time.monotonic()
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else (0 if exc.code is None else 1)
    finally:
        sys.argv = before
    return Said(status, out.getvalue(), err.getvalue(), time.monotonic() - begun)


def shell_words(words: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", "testban.cli", *map(str, words)]


def shell(*words: object, preexec: Callable[[], None] | None = None) -> Said:
    """The command line in a process of its own."""
    begun = time.monotonic()
    done = subprocess.run(
        shell_words(words),
        capture_output=True,
        text=True,
        timeout=4 * LIMIT_S,
        preexec_fn=preexec,
        env=os.environ | {"COLUMNS": "300"},
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)


def refused(said: Said, *parts: str) -> str:
    """Assert that input was refused as the contract says: status 2, nothing on stdout, one line; returns the line."""
    assert said.status == 2, said
    assert said.stdout == "", said
    assert "Traceback" not in said.stderr, said
    lines = [line for line in said.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, said
    assert lines[0].startswith("testban: "), said
    assert len(lines[0]) > 30, said
    for part in parts:
        assert part in lines[0], (part, lines[0])
    assert said.seconds < LIMIT_S
    return lines[0]


def scenario_text() -> str:
    """The included small scenario, cut to 24 minutes around its explosion."""
    text = simulate.shipped("small").replace("2026-06-08T06:05:00Z", "2026-06-08T06:16:00Z")
    text = text.replace("duration_h = 0.9", "duration_h = 0.4")
    return text[: text.rindex("[[source]]")]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    scenario = root / "scenario.toml"
    scenario.write_text(scenario_text(), encoding="utf-8")
    made = worlds.read(str(scenario))
    worlds.write(made, root, workers=1, progress=lambda _stage, _done, _total: None)
    return World(root, scenario, root / "archive", root / "stations.xml", tuple(simulate.truth_events(made)))


class Run(NamedTuple):
    """A finished run of `process`."""

    out: Path
    said: Said

    @property
    def digests(self) -> dict[str, str]:
        return dict(self.said.json["digests"])


def process_words(world: World, out: Path, *more: object) -> list[object]:
    words = ["process", world.archive, "--inventory", world.inventory, "--out", out, "--simulated", "--json"]
    return [*words, "--workers", "1", *more]


@pytest.fixture(scope="session")
def unbroken(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that every other run is compared with."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    said = run(*process_words(world, out))
    assert said.status == 0, said
    return Run(out, said)
