"""The tutorial and the examples do what they say, on the small simulated world, in the order of the page."""

import os
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from testban import cli

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which every command and every Python block of the tutorial was executed."""
    where = tmp_path_factory.mktemp("tutorial")
    before = Path.cwd()
    os.chdir(where)
    try:
        names: dict[str, object] = {}
        for kind, text in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
            if kind == "python":
                exec(compile(text, "tutorial.md", "exec"), names)
                continue
            for line in text.splitlines():
                words = shlex.split(line)
                assert words[0] == "testban"
                status = cli.app(words[1:], exit_on_error=False, result_action="return_value")
                assert status == 0, line
    finally:
        os.chdir(before)
    return where


def test_tutorial_makes_what_it_says(folder):
    for name in (
        "report.html",
        "events.csv",
        "bulletin.quakeml",
        "bulletin.ims",
        "findings.csv",
        "catalogue.sqlite",
    ):
        assert (folder / "out" / name).stat().st_size > 0
    for name in ("picks/picks.csv", "events/arrivals.csv", "located/events.csv"):
        assert len((folder / name).read_text().splitlines()) > 1
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "SIMULATED" in page.upper()
    assert b"SIMULATED" in (folder / "events" / "bulletin.quakeml").read_bytes()


def example(monkeypatch, capsys, name, *words):
    monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    return capsys.readouterr().out


def test_examples(folder, monkeypatch, capsys):
    world = folder / "world"
    text = example(
        monkeypatch,
        capsys,
        "process_archive.py",
        world / "archive",
        world / "stations.xml",
        folder / "by-python",
    )
    assert "90 % ellipse" in text
    assert "regional P/S" in text
    assert "bulletin digest" in text
    text = example(monkeypatch, capsys, "read_bulletin.py", folder / "by-python" / "bulletin.quakeml")
    assert "90 % ellipse" in text
    assert "verdict" in text
    assert " deg  " in text
    text = example(monkeypatch, capsys, "dataframes.py", folder / "picks" / "picks.csv")
    assert "located again" in text
    assert "events in the catalogue that came back" in text
