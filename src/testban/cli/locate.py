"""testban locate: arrivals to hypocentres."""

from pathlib import Path
from typing import Literal

from testban.base.words import counted


def locate(
    arrivals: Path,
    /,
    *,
    out: Path,
    stations: Path | None = None,
    model: Literal["ak135", "iasp91"] = "ak135",
    fixed_depth: float | None = None,
    together: bool = False,
    alone: bool = False,
    depth_curve: bool = False,
    sasc: Path | None = None,
    rstt: Path | None = None,
    tables: Path | None = None,
    simulated: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Locate events from a table of arrivals: one event for each event_id, the whole table where it has none.

    Example: `testban locate arrivals.csv --stations stations.csv --out located`. Phases are taken as labels of a
    family (P or S) and identified again on the way; each event comes with its 90 % coverage ellipse and the reason
    why its depth is free or fixed.

    Parameters
    ----------
    arrivals
        CSV or Parquet: event_id, station, time, phase; also net, slow, baz with their sigmas, lat, lon, elev_m.
        Coordinates in it win over --stations; arrivals without any are counted and left out. Or QuakeML with picks
        (needs --stations). Names as observatories write them (iP, ES, PKIKP, Pn+) are read as the phase that they mean.
    out
        Folder for events.csv, arrivals.csv, bulletin.quakeml and findings.csv.
    stations
        Station table or StationXML.
    model
        Travel-time model: ak135 or iasp91.
    fixed_depth
        Hold the depth of every event there, in km.
    together
        Locate events within 30 km of each other (four stations in common) together, and not only those of one site
        (within 5 km): what the model gets wrong on a path it gets wrong for all of them, so that their positions
        relative to each other are several times better.
    alone
        Locate every event as if it were the only one in the table.
    depth_curve
        Also write depth_curve.csv, the misfit of every event at 29 depths.
    sasc
        Folder of the IDC's slowness-azimuth station corrections, one file sasc.CODE a station.
    rstt
        Model file of Sandia's RSTT for Pn, Pg, Sn and Lg; needs its Python module, which is not part of testban.
    tables
        Folder of travel-time tables in LOCSAT's format (as of SeisComP: iasp91.P, iasp91.S, or tt_iasp91_P, ...); FOLDER/MODEL
        where it holds several models. They replace the times of --model; ellipticity and elevation are added to them.
    simulated
        Label the tables and the bulletin as simulated.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.formats.locsat_tables import read_tables
    from testban.locate import LOOKED_UP, NEIGHBOURS_KM, SITE_KM, PathTimes, Settings, TableTimes
    from testban.run import stages

    if fixed_depth is not None and not 0.0 <= fixed_depth <= 700.0:
        raise InputError(f"--fixed-depth: expected a depth from 0 to 700 km, got {fixed_depth:g}; correct it")
    if together and alone:
        raise InputError("expected --together or --alone, got both; give one")
    within_km = 0.0 if alone else NEIGHBOURS_KM if together else SITE_KM
    settings = Settings(model=model, fixed_depth_km=fixed_depth)
    if rstt is not None and tables is not None:
        raise InputError("expected --rstt or --tables, got both; give one")
    paths: PathTimes | None = None
    if tables is not None:
        model_name, grids = read_tables(tables, LOOKED_UP)
        paths = TableTimes(model_name, grids, model)
    if rstt is not None:
        from testban.run.rstt import Rstt

        paths = Rstt(rstt)
    with terminal.progress(quiet or json) as report:
        done = stages.locate(
            arrivals, stations, out, settings, together_km=within_km, depth_curve=depth_curve, sasc=sasc, paths=paths,
            simulated=simulated, progress=report,
        )  # fmt: skip
    if json:
        terminal.out(
            {
                "out": str(out),
                "simulated": simulated,
                "arrivals": len(done.picks),
                "not_located": [f.subject for f in done.findings if f.kind == "not-located"],
                "findings": [f"{f.subject}: {f.message}" for f in done.findings],
                "events": [
                    terminal.event_summary(e) | {"depth_reason": e.origin.depth_reason} for e in done.events
                ],
            }
        )
        return 0
    for f in done.findings:
        terminal.say(f"note: {f.subject}: {f.message}")
    for event in done.events:
        terminal.say(f"{terminal.event_line(event)}  depth {event.origin.depth_reason}")
    terminal.say(
        f"{counted(len(done.events), 'event|events')} located from {counted(len(done.picks), 'arrival|arrivals')}: {out}"
    )
    return 0
