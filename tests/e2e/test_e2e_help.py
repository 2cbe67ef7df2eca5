"""Every verb, option and setting is documented."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cyclopts
import pytest
from conftest import run

from testban.cli import app
from testban.run.configuration import Configuration

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def verbs(above: cyclopts.App, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], cyclopts.App]]:
    for name in above:
        if not name.startswith("-"):
            sub = above[name]
            yield (*words, name), sub
            yield from verbs(sub, (*words, name))


VERBS = dict(verbs(app))


def test_the_main_verbs_are_there() -> None:
    assert {v[0] for v in VERBS} >= {
        "demo",
        "process",
        "detect",
        "associate",
        "locate",
        "simulate",
        "data",
        "doctor",
    }


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_of_a_verb(words: tuple[str, ...]) -> None:
    said = run(*words, "--help")
    assert said.status == 0
    assert len(said.stdout) > 100
    assert VERBS[words].help


def test_every_option_says_what_it_does() -> None:
    text = app.generate_docs(output_format="markdown")
    listed = [line for line in text.splitlines() if line.startswith("* `")]
    assert len(listed) > 40
    assert [line for line in listed if len(line.partition("`:")[2].partition("*[")[0].strip()) < 5] == []


def test_the_page_of_commands_is_the_help() -> None:
    spec = importlib.util.spec_from_file_location("make_commands", PAGE.with_name("make_commands.py"))
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert PAGE.read_text(encoding="utf-8") == made.commands(), "run: python docs/make_commands.py"


def test_the_page_names_every_verb_and_setting() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for words in VERBS:
        assert f"testban {' '.join(words)}\n" in page
    for name, field in Configuration.model_fields.items():
        assert f"| `{name}` |" in page
        assert field.description, name


def test_version() -> None:
    said = run("--version")
    assert said.status == 0
    assert said.stdout.strip()[0].isdigit()


def test_bare_command_shows_the_help() -> None:
    said = run()
    assert said.status == 0
    assert "process" in said.stdout


def test_the_module_is_the_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "testban", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout == run("--version").stdout
