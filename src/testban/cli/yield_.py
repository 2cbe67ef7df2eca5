"""testban yield: how big an explosion was, as an interval with its assumptions."""

from pathlib import Path
from typing import Literal


def yield_(
    place: Path | None = None,
    /,
    *,
    event: str | None = None,
    mb: float | None = None,
    sigma: float = 0.1,
    scale: str = "mb",
    upper_limit: bool = False,
    relation: str = "",
    site: str = "anywhere",
    depth_m: float | None = None,
    decoupling: float | None = None,
    spectra: Path | None = None,
    master_kt: tuple[float, float] | None = None,
    master_depth_m: tuple[float, float] = (100.0, 1000.0),
    prior_kt: tuple[float, float] = (0.001, 10000.0),
    level: float = 0.9,
    language: Literal["en", "ru"] = "en",
    json: bool = False,
) -> int:
    """Tell how big an underground explosion was, if it was one: an interval with what it assumes.

    Example: `testban yield --mb 4.53 --sigma 0.21 --scale "mb(Lg)"`, or `testban yield out` for the events that
    `testban process` wrote there. A magnitude that does not fit the relation gets no number. With --spectra, yield and depth together:
    `testban yield out2016 --mb 5.1 --spectra out2009 --master-kt 2 4.8`. Exit status 1 where no event of a folder has a magnitude that
    gives a yield, 2 where the event or the spectra asked for cannot be used.

    Parameters
    ----------
    place
        Folder written by `testban process`, or a QuakeML file; without it, --mb is the magnitude.
    event
        One event of the folder; without it, all.
    mb
        Magnitude, where no folder is given.
    sigma
        Standard error of --mb.
    scale
        Scale of --mb: mb (as ISC and NEIC), mb(IDC), mb(Lg). Others are refused.
    upper_limit
        Whether --mb is only an upper limit.
    relation
        bowers, stable, wet-tuff or shagan-small; without it, that of the site.
    site
        anywhere, nts or semipalatinsk: bias and scatter of shots of known yield there.
    depth_m
        Depth of burial in metres, where known.
    decoupling
        One more hypothesis: the factor by which a cavity weakens the signal.
    spectra
        Folder of a run over another explosion of the same place, the master, whose P spectra at the same stations are compared with;
        gives yield and depth together. --mb may then stand beside a folder.
    master_kt
        Least and largest yield of the master (kt), as it is thought to have been.
    master_depth_m
        Least and largest depth of burial of the master (m).
    prior_kt
        Least and largest yield thought possible (kt); flat in log yield between.
    level
        Probability inside the interval.
    language
        Language of the sentences.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.base.records import Verdict
    from testban.cli import terminal
    from testban.identify import yields as room
    from testban.identify.yield_depth import Master
    from testban.run import yielding
    from testban.show import yields as words
    from testban.show.evidence import VERDICTS
    from testban.show.reasons import reason
    from testban.show.texts import t

    settings = room.YieldSettings(
        relation=relation, site=site, depth_m=depth_m, decoupling=decoupling, prior_kt=prior_kt, level=level
    )
    stated = None if mb is None else yielding.given(mb, sigma, scale, bound=upper_limit)
    if spectra is not None:
        if place is None or master_kt is None:
            raise InputError(
                "--spectra: expected a folder and --master-kt beside it, got one of them or none: give both"
            )
        master = Master(yield_kt=master_kt, depth_m=master_depth_m)
        rows = yielding.with_spectra(place, event, settings, spectra, master, stated)
    elif place is not None and stated is None:
        rows = yielding.of_place(place, event, settings)
    elif stated is not None and place is None:
        rows = (yielding.Sized(event_id="given", found=room.estimate([stated], settings)),)
    else:
        raise InputError("expected either a folder or --mb, got both or none: give one of them")
    given_none = bool(rows) and all(row.found is None and row.joint is None for row in rows)
    if given_none and event is not None:
        raise InputError(rows[0].refused)
    if json:
        terminal.out(yielding.as_object(rows, settings))
        return int(given_none)
    for row in rows:
        verdict = t(VERDICTS[Verdict(row.verdict)]).of(language) if row.verdict else ""
        terminal.say(f"{row.event_id}  {verdict}".rstrip())
        for line in (
            *(words.together(row.joint) if row.joint else ()),
            *(words.lines(row.found) if row.found else ()),
        ):
            terminal.say(f"  {line.of(language)}")
        if row.refused:
            terminal.say(f"  {reason(row.refused).of(language)}")
        assumed = (
            *(row.joint.assumptions if row.joint else ()),
            *(row.found.assumptions if row.found else ()),
        )
        for n, text in enumerate(assumed, 1):
            terminal.say(f"  [{n}] {reason(text).of(language)}")
    if not rows:
        terminal.say("no event")
    return int(given_none)
