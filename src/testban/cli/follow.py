"""testban follow: events while they happen, unattended."""

import signal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.times import parse_time


def follow(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    out: Path,
    archive: Path | None = None,
    every: float = 300.0,
    latency: float = 120.0,
    lead: float = 3600.0,
    back: int = 2,
    until: str | None = None,
    on_event: str | None = None,
    config: Path | None = None,
    language: str | None = None,
    workers: int | None = None,
    simulated: bool = False,
) -> int:
    """Follow stations while they record: the bulletin of the day made anew again and again, and what has changed.

    Example: `testban follow 'slink://host:18000?streams=IU_ANMO:BH?,IC_MDJ' --inventory stations.xml --out live`, then open `live/index.html`.
    Records of SeedLink servers go into an archive, `live/archive`; archives and folders that others write are looked at again. The bulletin of a
    day lies in `live/YYYY-MM-DD`; its last version is to the byte what `testban process` gives for the day. It runs until it is stopped, can be
    killed at any instant, and goes on with the same command.

    Parameters
    ----------
    sources
        slink:// addresses (without start and end), sdsarchive:// or folders that grow.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    out
        Folder for index.html, latest.json, changes.jsonl, the archive and the days; one follower at a time.
    archive
        SDS archive for the records of SeedLink servers; OUT/archive where it is not given.
    every
        Seconds from one turn to the next.
    latency
        Seconds that a bulletin ends behind the clock.
    lead
        Seconds back from now that a server is first asked for, of a station that the archive does not have.
    back
        Days before today that are worked on again when recordings come late.
    until
        End then (ISO 8601, UTC); without it, never.
    on_event
        Command that gets each change as one JSON object on its standard input; no shell, 30 s at most.
    config
        TOML file of settings; options given here win.
    language
        Language that the pages open in: en or ru (both are in them).
    workers
        Worker processes; 0 takes one for each processor.
    simulated
        Label every output as simulated.

    """
    from testban.cli import terminal
    from testban.run import configuration, following

    if not sources:
        raise InputError("expected at least one SOURCE (slink://, sdsarchive:// or a folder), got none")
    plan = following.plan(
        on_event, sources=tuple(sources), inventory=tuple(inventory), out=out, archive=archive, every_s=every, latency_s=latency,
        lead_s=lead, back=back, until_ns=parse_time(until) if until else None, simulated=simulated,
    )  # fmt: skip
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        following.follow(plan, configuration.load(config, language=language, workers=workers), terminal.say)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
