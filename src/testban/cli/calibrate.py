"""testban calibrate: rebuild the tables that discriminants and yields rest on."""

from pathlib import Path

import cyclopts

calibrate = cyclopts.App(
    name="calibrate", help="Rebuild, from catalogues, the tables that discriminants and yields rest on."
)


@calibrate.command(name="mb-ms")
def mb_ms(
    explosions: Path,
    earthquakes: Path,
    /,
    *,
    out: Path | None = None,
    name: str = "mbms v1",
    report: Path | None = None,
    json: bool = False,
) -> int:
    """Fit mb:Ms on the odd half of two catalogues and report on the other half.

    Example: `testban calibrate mb-ms sipri.csv isc.csv --out mbms.json`. The shares that the screening lines put aside are
    printed as they are, for magnitudes of these catalogues.

    Parameters
    ----------
    explosions
        CSV or Parquet with event, mb, Ms and, where known, underground.
    earthquakes
        The same with depth_km; those deeper than 50 km are left out.
    out
        File for the table, for `testban identify --calibration`.
    name
        Name and version of the table.
    report
        Folder for scores.json, reliability.svg, roc.svg and scores.html of the events not fitted on.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import calibrating

    found = calibrating.mb_ms(explosions, earthquakes, name, report)
    if out is not None:
        calibrating.write(found, out)
    if json:
        terminal.out(found)
        return 0
    m, a, b = found["model"], found["area_under_roc"], found["area_under_roc_all_events"]
    terminal.say(
        f"{m['name']}: explosions {m['explosion'][0]:+.2f} +- {m['explosion'][1]:.2f} (n {m['n_explosions']}), "
        f"earthquakes {m['earthquake'][0]:+.2f} +- {m['earthquake'][1]:.2f} (n {m['n_earthquakes']})"
    )
    terminal.say(
        f"area under the ROC curve {a['value']:.3f} ({a['low']:.3f} to {a['high']:.3f}) on the other half; "
        f"of all events, because it rests on no fit, {b['value']:.3f} ({b['low']:.3f} to {b['high']:.3f})"
    )
    for key, s in found["screened_out"].items():
        terminal.say(f"  {key.replace('_', ' ')}: {s['k']} of {s['n']} ({s['low']:.1%} to {s['high']:.1%})")
    _notes(found["notes"], report)
    return 0


def _notes(notes: list[str], report: Path | None) -> None:
    """The figures of the report, where one was asked for, and the notes."""
    from testban.cli import terminal
    from testban.run import judging

    for line in judging.told(report) if report is not None else ():
        terminal.say(line)
    for note in notes:
        terminal.say(f"note: {note}")


@calibrate.command(name="yield")
def yield_(
    table: Path,
    /,
    *,
    region: str,
    relation: str,
    out: Path | None = None,
    name: str = "site v1",
    json: bool = False,
) -> int:
    """Fit bias and scatter of a site to shots of known yield, and tell how often the intervals hold a yield not fitted on.

    Example: `testban calibrate yield sipri.csv --region NTS --relation wet-tuff`.

    Parameters
    ----------
    table
        CSV or Parquet with event, region, mb, yield_lower_kt and yield_upper_kt.
    region
        Region of the shots, as the table writes it.
    relation
        Relation that the bias is measured from.
    out
        File for the table.
    name
        Name and version of the table.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import calibrating, calibrating_yield

    found = calibrating_yield.site(table, region, relation, name)
    if out is not None:
        calibrating.write(found, out)
    if json:
        terminal.out(found)
        return 0
    m = found["model"]
    terminal.say(
        f"{m['name']}: bias {m['bias']:+.3f} +- {m['bias_sigma']:.3f}, scatter {m['scatter']:.3f}, {m['n']} shots"
    )
    for key, s in found["inside_90_percent"].items():
        terminal.say(
            f"  yield inside the 90 % interval, {key.replace('_', ' ')}: {s['k']} of {s['n']} ({s['low']:.0%} to {s['high']:.0%})"
        )
    for note in found["notes"]:
        terminal.say(f"note: {note}")
    return 0


@calibrate.command
def scatter(
    table: Path,
    /,
    *,
    relation: str,
    without: list[str] | None = None,
    out: Path | None = None,
    json: bool = False,
) -> int:
    """Fit the scatter of single shots about a relation over all regions but those named.

    Example: `testban calibrate scatter sipri.csv --relation stable --without NTS --without "SEMI KAZAKH"`.

    Parameters
    ----------
    table
        CSV or Parquet with event, region, mb, yield_lower_kt and yield_upper_kt.
    relation
        Relation that the scatter is measured about.
    without
        Region to leave out; repeat it.
    out
        File for the table.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import calibrating, calibrating_yield

    found = calibrating_yield.scatter(table, relation, without or [])
    if out is not None:
        calibrating.write(found, out)
    if json:
        terminal.out(found)
        return 0
    terminal.say(
        f"{found['shots']} shots of {found['regions']} regions about {found['relation']}: bias {found['bias']:+.3f}, "
        f"scatter {found['scatter']:.3f}"
    )
    return 0


@calibrate.command
def ps(
    *,
    explosion: list[Path],
    earthquake: list[Path],
    out: Path | None = None,
    name: str = "ps v1",
    report: Path | None = None,
    json: bool = False,
) -> int:
    """Fit regional P/S on runs over events of known class, and tell what each gets when it is left out.

    Example: `testban calibrate ps --explosion out2016 --earthquake outA --earthquake outB --out ps.json`, on folders that
    `testban process` wrote. Of each folder the event with most stations is taken.

    Parameters
    ----------
    explosion
        Folder of a run over an explosion; repeat it.
    earthquake
        Folder of a run over an earthquake; repeat it.
    out
        File for the table, for `testban identify --calibration`.
    name
        Name and version of the table.
    report
        Folder for scores.json, reliability.svg, roc.svg and scores.html of the events not fitted on.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import calibrating

    found = calibrating.p_over_s(explosion, earthquake, name, report)
    if out is not None:
        calibrating.write(found, out)
    if json:
        terminal.out(found)
        return 0
    m = found["model"]
    for (band, x), (_, q) in zip(m["explosion"], m["earthquake"], strict=True):
        terminal.say(f"{band[0]:g}-{band[1]:g} Hz: explosions {x:+.2f}, earthquakes {q:+.2f} (log10 P/S)")
    for what in ("event", "region"):
        for row in found[f"leave_one_{what}_out"]:
            terminal.say(
                f"{what} left out: {row['event']} ({row['class']}): {row['verdict']} {row['log10_lr']}"
            )
    _notes(found["notes"], report)
    return 0
