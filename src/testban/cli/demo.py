"""testban demo: the main job on the best data at hand."""

from pathlib import Path
from typing import Literal

from testban.base.words import counted


def demo(
    *,
    out: Path = Path("demo-out"),
    data: Path | None = None,
    scenario: str | None = None,
    language: Literal["en", "ru"] = "en",
    workers: int | None = None,
    pdf: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Show the main job, from recordings to reports, on the best data at hand.

    Real recordings are used where they are found (--data, $TESTBAN_DATA, the user's cache), else a simulated world;
    every output says which.

    Parameters
    ----------
    out
        Folder for everything that is made.
    data
        Folder with recordings (as `testban data list` names them).
    scenario
        Use this included simulated scenario instead of recordings.
    language
        Language that the reports open in.
    workers
        Worker processes; 0 takes one for each processor.
    pdf
        Also write the reports as PDF.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.cli import terminal
    from testban.run import configuration, demo, equality, reproducing

    settings = configuration.load(language=language, workers=workers)
    with terminal.progress(quiet or json) as report:
        shown = demo.demo(out, settings, given=data, scenario=scenario, pdf=pdf, progress=report)
    for part in shown:
        if not json:
            kind = "SIMULATED" if part.simulated else "real recordings"
            terminal.say(f"\n[bold]{part.title}[/bold] ({kind})")
            terminal.show_summary(part.done, out / part.name, False)
    first = shown[0]
    equal = equality.demonstrate(
        out / "trust",
        reproducing.files_of(out / first.name),
        reproducing.made_of(first.done.bulletin.provenance),
        language,
    )
    if not json:
        caught = sum(a.as_expected for a in equal.attacks)
        terminal.say(
            f"\n[bold]Equality without espionage[/bold] (demonstration keys): {caught} of {counted(len(equal.attacks), 'attack|attacks')} caught; "
            f"release {'verified' if equal.finding.ok else 'REFUSED'}\nreport: {out / 'trust' / 'report.html'}"
        )
    if json:
        terminal.out(
            [
                {"name": p.name, "simulated": p.simulated} | terminal.summary(p.done, out / p.name)
                for p in shown
            ]
        )
    return 0 if equal.ok else 1
