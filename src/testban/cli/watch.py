"""testban watch: repeats of known events in recordings."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.times import format_time, parse_time
from testban.base.words import counted


def watch(
    templates: Annotated[list[Path], Parameter(name="TEMPLATE", negative=())],
    /,
    *,
    data: Annotated[list[str], Parameter(negative=())],
    inventory: Annotated[list[str], Parameter(negative=())],
    out: Path,
    false_alarms_per_year: float = 1.0,
    start: str | None = None,
    end: str | None = None,
    config: Path | None = None,
    chunk_hours: int = 6,
    grow: bool = False,
    workers: int | None = None,
    executor: str | None = None,
    simulated: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Search recordings for repeats of the events of some templates, at a stated rate of false alarms.

    The threshold is measured on the recordings themselves with surrogates of the template. A run that was stopped
    goes on where it was when the same command is given again.

    Parameters
    ----------
    templates
        Files made by `testban template`.
    data
        Files, folders, globs, or sdsarchive://, fdsnws://, slink:// and file:// addresses to search; may be repeated.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    out
        Folder for detections.csv, channels.csv, thresholds.csv, reach.csv, footprint.csv, findings.csv, the page watch.html, the
        catalogue of finished work, difftimes.txt and phases.txt for `testban relocate`, and evidence/ for
        `testban identify --repeats`.
    false_alarms_per_year
        How often noise alone may raise an alarm, for each template.
    start
        Search only from here on (ISO 8601, UTC).
    end
        Search only until here (ISO 8601, UTC).
    config
        TOML file of settings; options given here win.
    chunk_hours
        Hours of a unit of work; changes no result.
    grow
        Make templates of the repeats that stand well over their threshold, in grown/ of --out, for the next search.
    workers
        Worker processes; 0 takes one for each processor.
    executor
        processes, serial, or dask://host:port.
    simulated
        Label every output as simulated.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.cli import terminal
    from testban.run import configuration, watching
    from testban.show.texts import fixed

    settings = configuration.load(config, workers=workers, executor=executor)
    if not templates:
        raise InputError("expected at least one TEMPLATE (made by `testban template`), got none")
    if not 1 <= chunk_hours <= 240:
        raise InputError(f"--chunk-hours: expected 1 to 240, got {chunk_hours}")
    with terminal.progress(quiet or json) as report:
        done = watching.run(
            templates,
            data,
            inventory,
            out,
            settings,
            false_alarms_per_year=false_alarms_per_year,
            start_ns=parse_time(start) if start else None,
            end_ns=parse_time(end) if end else None,
            chunk=chunk_hours,
            grow=grow,
            simulated=simulated,
            progress=report,
        )
    if json:
        terminal.out({"out": str(out), "simulated": simulated, **done.summary()})
        return 0
    for w in done.watched:
        terminal.say(f"  {watching.sentence(w)}")
        for line in watching.beside(w):
            terminal.say(f"    {line.of(settings.language)}")
    for d in done.detections:
        size = (
            "size not measured"
            if d.relative_magnitude is None
            else f"{fixed(d.relative_magnitude, 2, sign=True)} ± {d.relative_magnitude_sigma:.2f} magnitude beside it"
            + _yield(d.relative_yield)
        )
        terminal.say(
            f"  {format_time(d.time_ns)} repeats {d.template_id}: {d.statistic:.1f} over {d.threshold:.1f}, "
            f"{counted(len(d.matches), 'channel|channels')}, {size}"
        )
    for p in done.grown:
        terminal.say(f"  grown: {p}, to be given to the next search beside its master")
    terminal.say(
        f"{'SIMULATED DATA. ' if simulated else ''}{counted(len(done.detections), 'detection|detections')}: {out / 'detections.csv'}, {out / 'watch.html'}"
    )
    return 0


def _yield(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f", {ends[0]:.2g} to {ends[1]:.2g} of its yield if fired alike"
