"""testban assure map: the magnitude that a network sees, place by place."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.cli.assure import assure
from testban.cli.assure_options import Json, Relation


@assure.command(name="map")
def map_(
    scenario: str,
    /,
    *,
    out: Path,
    step: float = 2.0,
    identification: bool = False,
    location: bool = False,
    kt: str = "",
    relation: Relation = "bowers",
    noise: Path | None = None,
    inventory: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006 - never changed
    arrays: str = "",
    band: str = "1,3",
    moments: bool = False,
    json: Json = False,
) -> int:
    """Map the magnitude that a network detects with the probability of the scenario's rule.

    Example: `testban assure map ims --out ims-map`. Writes map.csv, map.en.svg and map.ru.svg.

    Parameters
    ----------
    scenario
        A TOML file, or the name of an included one, such as ims (`testban assure scenarios` lists them).
    out
        Folder for the map.
    step
        Cells of the grid in degrees, 0.5 to 30, dividing 180.
    identification
        Add the threshold at which an event is detected and can be told from an earthquake.
    location
        Add the 90 % area of the epicentre (km2) and the 90 % half-length of the depth (km) at the threshold.
    kt
        Add the threshold as a yield for these decoupling factors, such as 1,10,70.
    noise
        noise.csv of `testban process` or `testban detect`, or its folder: its stations, noise and up-time in place of
        the scenario's; adds days.csv and a map of each day.
    inventory
        Places of those stations, as for `testban process`; needed where no stations.csv lies beside; may be repeated.
    arrays
        Those of the measured stations that are arrays, NET.STA with commas.
    band
        Detection band in Hz of the measured noise.
    moments
        Also tell each stretch of the measured noise: moments.csv, and map-worst.csv of the worst one. With levels.csv of
        `testban assure monitor` as --noise the codas of earthquakes are in it.

    """
    from testban.cli import terminal
    from testban.run import assurance_layers, assurance_map, monitoring

    extra = assurance_layers.Layers(
        identification=identification, location=location, kt=assurance_layers.factors(kt), relation=relation,
        noise=noise, inventory=tuple(inventory), arrays=tuple(a for a in arrays.split(",") if a.strip()),
        band_hz=monitoring.band_of(band), moments=moments,
    )  # fmt: skip
    found = assurance_map.capability_of(scenario, out, step, extra)
    if json:
        terminal.out(found)
        return 0
    terminal.say(
        f"mb at {100 * found['level']:g} %: north {found['mean_north']}, south {found['mean_south']}, "
        f"world {found['mean_world']}; {found['stations']} stations; blind share {found['blind_share']}"
    )
    for row in found.get("raised", ()):
        terminal.say(
            f"  {row['time']}: {row['stations']} stations, threshold raised by {row['raised_mean'] or '-'}, at most {row['raised_most'] or '-'}; "
            f"newly blind {row['blind_share']}"
        )
    for day in found.get("days", ()):
        terminal.say(
            f"  {day['day']}: {day['stations']} stations, up {day['up']}, mean mb {day['mean']}, blind {day['blind_share']}"
        )
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    terminal.say(f"map: {out / 'map.en.svg'}")
    return 0
