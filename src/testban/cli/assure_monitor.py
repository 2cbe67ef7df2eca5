"""testban assure monitor: what each minute of recordings could have hidden at a site."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.times import parse_time
from testban.base.words import counted
from testban.cli.assure import assure
from testban.cli.assure_options import Json


@assure.command
def monitor(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    out: Path,
    site: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006 - never changed
    sites: Path | None = None,
    target: float = 3.0,
    start: str | None = None,
    end: str | None = None,
    level: float = 0.9,
    sigma: float = 0.35,
    tolerance: int = 3,
    near_band: str = "0.8,2",
    far_band: str = "1,3",
    terms: Path | None = None,
    config: Path | None = None,
    workers: int | None = None,
    executor: str | None = None,
    simulated: bool = False,
    json: Json = False,
    quiet: bool = False,
) -> int:
    """Tell for every minute of recordings what magnitude at a site could have been hidden, by threshold monitoring.

    Example: `testban assure monitor archive/ --inventory stations.xml --site 129.08,41.3 --target 3 --out watched`.
    A run that was stopped goes on where it was when the same command is given again; another site costs no second
    reading. Writes monitor.csv (minutes), hours.csv, days.csv, findings.csv and monitor.html.

    Parameters
    ----------
    sources
        Files, folders, globs, or sdsarchive://, fdsnws://, slink:// and file:// addresses.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    out
        Folder for the results and the catalogue of finished work.
    site
        LON,LAT or LON,LAT,DEPTH_KM, or punggye-ri, novaya-zemlya, semipalatinsk, lop-nor, nevada; may be repeated.
    sites
        Table of sites: name, longitude, latitude and, where known, depth_km.
    target
        Magnitude mb that must not hide: hours in which it could are listed.
    start
        Look only from here on (ISO 8601, UTC).
    end
        Look only until here (ISO 8601, UTC).
    level
        Confidence of the limit.
    sigma
        Scatter of one station's magnitude.
    tolerance
        Seconds around the predicted arrival in which the largest amplitude counts.
    near_band
        Band in Hz for stations nearer than 20 degrees: one of the detection bands, such as 2,4.
    far_band
        The same beyond.
    terms
        Table of stations' terms at these sites: network, station, term (magnitude units that the station reads high).
    config
        TOML file of settings; options given here win.
    workers
        Worker processes; 0 takes one for each processor.
    executor
        processes, serial, or dask://host:port.
    simulated
        Label every output as simulated.
    quiet
        No progress.

    """
    from testban.assure.monitoring import Settings
    from testban.assure.sites import place
    from testban.cli import terminal
    from testban.run import configuration, monitoring

    if not sources:
        raise InputError("expected at least one SOURCE (file, folder, glob or address), got none")
    settings = Settings(
        level=level, sigma=sigma, tolerance_s=tolerance,
        near_band_hz=monitoring.band_of(near_band), far_band_hz=monitoring.band_of(far_band),
        terms=monitoring.terms_of(terms) if terms else (),
    )  # fmt: skip
    places = [place(text) for text in site] + (monitoring.places_of(sites) if sites else [])
    with terminal.progress(quiet or json) as report:
        found = monitoring.monitor(
            sources, inventory, places, out, configuration.load(config, workers=workers, executor=executor),
            settings=settings, target=target, start_ns=parse_time(start) if start else None,
            end_ns=parse_time(end) if end else None, simulated=simulated, progress=report,
        )  # fmt: skip
    if json:
        terminal.out(found)
        return 0
    for row in found["sites"]:
        for day in row["days"]:
            terminal.say(("SIMULATED. " if simulated else "") + day["statement"])
        beside = (
            "fewer than three stations"
            if row["detection_m90"] is None
            else f"three stations detect {row['detection_m90']}"
        )
        terminal.say(
            f"  {row['site']}: {counted(len(row['stations']), 'station|stations')}, median {row['median_safe90']} (published {row['median_m90']}), {beside}; "
            f"{len(row['hours_in_which_target_could_hide'])} of {counted(row['hours'], 'hour|hours')} could hide mb {target:g}"
        )
    terminal.say(f"page: {out / 'monitor.html'}")
    return 0
