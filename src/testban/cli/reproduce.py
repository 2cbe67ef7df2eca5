"""testban reproduce: compute a bulletin again and say exact, one quantum, or different, and where."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def reproduce(
    bulletin: Path,
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    start: str | None = None,
    end: str | None = None,
    config: Path | None = None,
    manifest: Path | None = None,
    against: Path | None = None,
    simulated: bool = False,
    workers: int | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Compute a published bulletin again from the same recordings and compare the bytes.

    Exit status 0 only where every byte is the same.

    Parameters
    ----------
    bulletin
        Folder that `testban process` or `testban demo` wrote.
    sources
        The recordings, as they were given to `testban process`.
    inventory
        The inventory, as it was given; may be repeated.
    start
        As given to `testban process`.
    end
        As given to `testban process`.
    config
        TOML file of settings, as given.
    manifest
        Write the manifest of what was computed here, for signing.
    against
        A published manifest (text or signed note): say also whether inputs, code, lock, configuration and output are those.
    simulated
        The bulletin is labelled as simulated.
    workers
        Worker processes; 0 takes one for each processor.
    json
        Print one JSON object on stdout.
    quiet
        No progress.

    """
    from testban.base.times import parse_time
    from testban.cli import terminal
    from testban.run import configuration, reproducing

    settings = configuration.load(config, workers=workers)
    if against is not None:
        reproducing.read_manifest(against)
    with terminal.progress(quiet or json) as report:
        found = reproducing.reproduce(
            bulletin,
            sources,
            inventory,
            settings,
            start_ns=parse_time(start) if start else None,
            end_ns=parse_time(end) if end else None,
            simulated=simulated,
            progress=report,
        )
    if manifest is not None:
        reproducing.write_manifest(manifest, found)
    c = found.comparison
    unlike = reproducing.unlike(reproducing.read_manifest(against), found) if against else ()
    ok, reason = c.ok and not unlike, c.result if not c.ok or not unlike else "manifest-differs"
    if json:
        findings = [
            {"kind": "file", "party": "", "slot": None, "reason": c.result, "detail": name}
            for name in c.differing
        ] + [
            {"kind": "manifest", "party": "", "slot": None, "reason": "manifest-differs", "detail": name}
            for name in unlike
        ]
        terminal.out(
            {
                "ok": ok,
                "reason": reason,
                "where": c.where,
                "findings": findings,
                "published": found.published,
                "own": found.own,
            }
        )
    else:
        terminal.say(f"{bulletin}: {c.result}" + (f", first at {c.where}" if c.where else ""))
        for name in unlike:
            terminal.say(f"  {name} is not that of the manifest {against}")
    return 0 if ok else 1
