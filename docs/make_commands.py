"""Writes docs/commands.md from the help texts and the settings: `python docs/make_commands.py`."""

import re
from pathlib import Path

from testban.cli import app
from testban.run.configuration import Configuration

HEAD = """# Commands

Made from the help texts by `python docs/make_commands.py`; a test compares the two.

`--json` prints one object on stdout, everything else goes to stderr. Exit status 0: done; 1: a negative finding; 2: input
that cannot be used, in one line that says what was expected, what came and what to do.
"""

SETTINGS = """
## Settings

Read from the TOML file of `--config`, from the environment (`TESTBAN_` and the name in capitals) and from the command
line, which wins.

| setting | default | meaning |
|---|---|---|
"""


def commands() -> str:
    """The page."""
    text = app.generate_docs(output_format="markdown")
    verbs = text[text.index("\n## testban ") :]
    # The library puts the way in which this process was started (python -m ...) into the usage of nested verbs.
    verbs = re.sub(r"(?m)^((?:testban |data )[a-z -]*?) -m \S+", r"\1", verbs)
    rows = [
        f"| `{name}` | `{field.default}` | {field.description} |"
        for name, field in Configuration.model_fields.items()
    ]
    lines = (HEAD + verbs.rstrip() + "\n" + SETTINGS + "\n".join(rows)).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(commands(), encoding="utf-8")
