"""testban assure map: the magnitude that a network sees, place by place."""

from pathlib import Path

from testban.cli.assure import assure


@assure.command(name="map")
def map_(scenario: str, /, *, out: Path, step: float = 2.0, json: bool = False) -> int:
    """Map the magnitude that a network detects with the probability of the scenario's rule.

    Example: `testban assure map ims --out ims-map`. Writes map.csv, map.en.svg and map.ru.svg.

    Parameters
    ----------
    scenario
        A TOML file, or ims, external-1963, external-1963-plus-3, external-1963-plus-3-arrays.
    out
        Folder for the map.
    step
        Cells of the grid in degrees, 0.5 to 30, dividing 180.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import assurance_map

    found = assurance_map.capability_of(scenario, out, step)
    if json:
        terminal.out(found)
        return 0
    terminal.say(
        f"mb at {100 * found['level']:g} %: north {found['mean_north']}, south {found['mean_south']}, "
        f"world {found['mean_world']}; {found['stations']} stations; blind share {found['blind_share']}"
    )
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    terminal.say(f"map: {out / 'map.en.svg'}")
    return 0
