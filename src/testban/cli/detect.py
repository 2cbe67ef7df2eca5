"""testban detect: recordings to picks."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.times import parse_time
from testban.base.words import counted


def detect(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    out: Path,
    start: str | None = None,
    end: str | None = None,
    config: Path | None = None,
    threshold_factor: float | None = None,
    weak: bool = False,
    workers: int | None = None,
    executor: str | None = None,
    simulated: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Pick the onsets in recordings, station by station: the first stage of `process` alone.

    Example: `testban detect archive/ --inventory stations.xml --out picks`, then
    `testban associate picks/picks.csv --out events`: the table carries the coordinates.
    A run that was stopped goes on where it was when the same command is given again.

    Parameters
    ----------
    sources
        Files, folders, globs, or sdsarchive://, fdsnws://, slink:// and file:// addresses.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    out
        Folder for picks.csv, noise.csv, stations.csv, findings.csv and the catalogue of finished work.
    start
        Process only from here on (ISO 8601, UTC).
    end
        Process only until here (ISO 8601, UTC).
    config
        TOML file of settings; options given here win.
    threshold_factor
        Multiplies every detection threshold (1 keeps the stated false-alarm rate).
    weak
        Add picks below the threshold, marked weak: worth something only as part of an event.
    workers
        Worker processes; 0 takes one for each processor.
    executor
        processes, serial, or dask://host:port.
    simulated
        Label the tables as simulated.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.cli import terminal
    from testban.run import configuration, stages

    settings = configuration.load(
        config, threshold_factor=threshold_factor, workers=workers, executor=executor
    )
    if not sources:
        raise InputError("expected at least one SOURCE (file, folder, glob or address), got none")
    with terminal.progress(quiet or json) as report:
        found = stages.detect(
            sources,
            inventory,
            out,
            settings,
            start_ns=parse_time(start) if start else None,
            end_ns=parse_time(end) if end else None,
            weak=weak,
            simulated=simulated,
            progress=report,
        )
    counts = {s.key: sum(p.station_key == s.key for p in found.picks) for s in found.sites}
    hours = {s.key: sum(x.end_ns - x.start_ns for x in s.up or ()) / 3.6e12 for s in found.sites}
    if json:
        terminal.out(
            {
                "out": str(out),
                "simulated": simulated,
                "picks": len(found.picks),
                "stations": [
                    {"station": s.key, "picks": counts[s.key], "up_h": round(hours[s.key], 3)}
                    for s in found.sites
                ],
                "findings": len(found.findings),
            }
        )
        return 0
    for s in found.sites:
        terminal.say(f"  {s.key:12} {counts[s.key]:5} picks in {hours[s.key]:.2f} h of usable data")
    terminal.say(
        f"{counted(len(found.picks), 'pick|picks')} at {counted(len(found.sites), 'station|stations')}, "
        f"{counted(len(found.findings), 'finding|findings')}: {out / 'picks.csv'}"
    )
    return 0
