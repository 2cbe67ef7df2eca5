"""testban simulate: a world with known truth."""

from pathlib import Path

from testban.base.words import counted


def simulate(scenario: str, /, *, out: Path, json: bool = False, quiet: bool = False) -> int:
    """Make the recordings of an invented world whose truth is known: miniSEED in SDS, StationXML, truth QuakeML.

    Every output is labelled simulated. Example: `testban simulate demo --out world`.

    Parameters
    ----------
    scenario
        A TOML file, or the name of an included scenario (demo, ims30, regional, small).
    out
        Folder for archive/, stations.xml, truth.quakeml and truth.csv.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.cli import terminal
    from testban.run import worlds

    with terminal.progress(quiet or json) as report:
        made = worlds.write(worlds.read(scenario), out, progress=report)
    if json:
        terminal.out(made)
    else:
        terminal.say(
            f"SIMULATED: {counted(made['events'], 'event|events')}, {counted(made['stations'], 'station|stations')}, {made['hours']:g} h in {out}"
        )
    return 0
