"""testban assure statement and scenarios: two pages for a decision maker from one scenario file; the included files."""

from pathlib import Path
from typing import Literal

from testban.cli.assure import assure
from testban.cli.assure_options import Json


@assure.command
def statement(
    scenario: str,
    /,
    *,
    out: Path,
    lang: Literal["en", "ru", "both"] = "both",
    pdf: bool = False,
    monitor: Path | None = None,
    repeats: Path | None = None,
    json: Json = False,
) -> int:
    """Write the statement for a decision maker: what is assured, what is not, what would help most, on two pages.

    Example: `testban assure statement external-1963 --out statement --pdf`. Writes statement.html (both languages, with a
    switch), statement.json and, with --pdf, statement.en.pdf and statement.ru.pdf.

    Parameters
    ----------
    scenario
        A TOML file or the name of an included scenario (`testban assure scenarios`); its [statement] says what is asked.
    out
        Folder for the files.
    lang
        Language shown first, and of the PDF; both: English first, a PDF in each.
    pdf
        Also write PDF (needs WeasyPrint).
    monitor
        Folder that `testban assure monitor` wrote: what was watched in recordings is added.
    repeats
        Folder that `testban watch` wrote: what was searched for repeats of known tests, and how small they could be, is added.

    """
    from testban.cli import terminal
    from testban.run import assurance_statement

    found = assurance_statement.statement_of(
        scenario, out, language=lang, pdf=pdf, monitor=monitor, repeats=repeats
    )
    if json:
        terminal.out(found)
        return 0
    for line in found["not_assured"]:
        terminal.say(f"  not assured: {line}")
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    for name in found["files"]:
        terminal.say(str(out / name))
    return 0


@assure.command
def scenarios(name: str | None = None, /, *, json: Json = False) -> int:
    """List the included scenarios, or print the TOML text of one, to be changed and given back as a file.

    Parameters
    ----------
    name
        One scenario, whose text is printed on stdout.

    """
    from testban.cli import terminal
    from testban.run import scenarios as run

    if name is not None:
        print(run.text(name), end="")
        return 0
    found = run.included()
    if json:
        terminal.out({"scenarios": found})
        return 0
    for row in found:
        terminal.say(f"  {row['name']:<34} {row['stations']:>4}  {row['title']}")
    return 0
