"""testban process: recordings to a bulletin with a verdict."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.times import parse_time


def process(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    out: Path,
    start: str | None = None,
    end: str | None = None,
    config: Path | None = None,
    threshold_factor: float | None = None,
    min_stations: int | None = None,
    prior: float | None = None,
    model: str | None = None,
    language: str | None = None,
    workers: int | None = None,
    executor: str | None = None,
    simulated: bool = False,
    pdf: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Turn recordings into a bulletin: detect, associate, locate, size, identify.

    Example: `testban process archive/ --inventory stations.xml --out out`, then open `out/report.html`.
    A run that was stopped goes on where it was when the same command is given again.

    Parameters
    ----------
    sources
        Files, folders, globs, or sdsarchive://, fdsnws://, slink:// and file:// addresses.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    out
        Folder for events.csv, arrivals.csv, picks.csv, stations.csv, QuakeML, IMS1.0, CSS3.0, GeoJSON, catalogue and report.
    start
        Process only from here on (ISO 8601, UTC).
    end
        Process only until here (ISO 8601, UTC).
    config
        TOML file of settings; options given here win.
    threshold_factor
        Multiplies every detection threshold (1 keeps the stated false-alarm rate).
    min_stations
        Stations that an event needs.
    prior
        Prior probability that an event is an explosion, printed beside the verdict.
    model
        Travel-time model: ak135 or iasp91.
    language
        Language that the report opens in: en or ru (both are in it).
    workers
        Worker processes; 0 takes one for each processor.
    executor
        processes, serial, or dask://host:port.
    simulated
        Label every output as simulated.
    pdf
        Also write the report as PDF.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.cli import terminal
    from testban.run import batch, configuration

    settings = configuration.load(
        config,
        threshold_factor=threshold_factor,
        min_stations=min_stations,
        prior=prior,
        model=model,
        language=language,
        workers=workers,
        executor=executor,
    )
    if not sources:
        raise InputError("expected at least one SOURCE (file, folder, glob or address), got none")
    with terminal.progress(quiet or json) as report:
        done = batch.run(
            sources,
            inventory,
            out,
            settings,
            start_ns=parse_time(start) if start else None,
            end_ns=parse_time(end) if end else None,
            simulated=simulated,
            pdf=pdf,
            progress=report,
        )
    terminal.show_summary(done, out, json)
    return 0
