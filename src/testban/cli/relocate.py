"""testban relocate: events of one site beside a master, to a hundred metres."""

from pathlib import Path
from typing import Literal

from testban.base.words import counted


def relocate(
    differences: Path,
    /,
    *,
    phases: Path,
    master: str,
    out: Path,
    slowness: Path | None = None,
    model: Literal["ak135", "iasp91"] = "ak135",
    json: bool = False,
) -> int:
    """Place the events of one site beside a master from differences of their arrival times.

    Example: `testban relocate DPRK_CC_times.txt --phases DPRK_phaselist.txt --master DPRK2=129.08,41.295 --out rel`.
    The 90 % ellipses are of the positions beside the master; where the master is wrong all are wrong with it.

    Parameters
    ----------
    differences
        Lines of EVENT1 EVENT2 TIME1 TIME2 STATION PHASE [CORRELATION].
    phases
        Lines of STATION PHASE LATITUDE LONGITUDE.
    master
        The event that stays where it is: ID=LON,LAT[,DEPTH_KM].
    out
        Folder for relative.csv, residuals.csv, findings.csv and the page relative.html.
    slowness
        Lines of STATION PHASE LAT LON LAT LON EAST NORTH (s/km): slownesses that replace those of the model.
    model
        Travel-time model: ak135 or iasp91.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import relocating

    done = relocating.run(
        differences, phases, relocating.parse_master(master), out, slowness=slowness, model=model
    )
    if json:
        terminal.out({"out": str(out), **done.summary()})
        return 0
    r = done.result
    for p in r.placed:
        if done.names[p.event] != done.master.name:
            terminal.say(
                f"  {done.names[p.event]}: {p.east_m:+.0f} m east, {p.north_m:+.0f} m north, "
                f"90 % ellipse {p.semimajor_m:.0f} x {p.semiminor_m:.0f} m, {p.n_phases} phases"
            )
    for f in done.findings[:10]:
        terminal.say(f"note: {f.subject}: {f.message}")
    if len(done.findings) > 10:
        terminal.say(f"note: {len(done.findings) - 10} more in findings.csv")
    terminal.say(
        f"{counted(len(r.placed) - 1, 'event|events')} beside {done.master.name} from {counted(r.n_differences, 'difference|differences')} "
        f"(loops close to {1e3 * r.closure_s:.1f} ms, times good to {1e3 * r.sigma_s:.0f} ms): {out / 'relative.csv'}"
    )
    return 0
