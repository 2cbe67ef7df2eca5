"""No page sends anybody to a verb that is not there."""

import re
from pathlib import Path

import testban
from testban.cli import app

PACKAGE = Path(testban.__file__).parent
ROOT = PACKAGE.parent.parent
COMMAND = re.compile(r"(?:^|[`>$]\s?|then |run: )testban (?!is\b)([a-z][a-z-]*)", re.MULTILINE)


def test_every_command_that_is_named_is_a_verb():
    verbs = {name for name in app if not name.startswith("-")}
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *PACKAGE.rglob("*.j2"),
        *PACKAGE.rglob("*.py"),
    ]
    named = {
        (path.name, verb) for path in pages if path.name != "CHANGELOG.md"
        for verb in COMMAND.findall(path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert len({verb for _, verb in named}) > 20
    assert sorted((page, verb) for page, verb in named if verb not in verbs) == []
