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
    prior_kt: tuple[float, float] = (0.001, 10000.0),
    level: float = 0.9,
    language: Literal["en", "ru"] = "en",
    json: bool = False,
) -> int:
    """Tell how big an underground explosion was, if it was one: an interval with what it assumes.

    Example: `testban yield --mb 4.53 --sigma 0.21 --scale "mb(Lg)"`, or `testban yield out` for the events that
    `testban process` wrote there. A magnitude that does not fit the relation gets no number.

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
    from testban.cli import terminal
    from testban.identify import yields as room
    from testban.run import yielding
    from testban.show import yields as words

    settings = room.YieldSettings(
        relation=relation, site=site, depth_m=depth_m, decoupling=decoupling, prior_kt=prior_kt, level=level
    )
    if (place is None) == (mb is None):
        raise InputError("expected either a folder or --mb, got both or none: give one of them")
    if place is not None:
        rows = yielding.of_place(place, event, settings)
    else:
        assert mb is not None
        stated = yielding.given(mb, sigma, scale, bound=upper_limit)
        rows = (yielding.Sized(event_id="given", found=room.estimate([stated], settings)),)
    if json:
        terminal.out(yielding.as_object(rows, settings))
        return 0
    for row in rows:
        terminal.say(f"{row.event_id}  {row.verdict}".rstrip())
        if row.found is None:
            terminal.say(f"  {row.refused}")
            continue
        for line in words.lines(row.found):
            terminal.say(f"  {line.of(language)}")
        for n, text in enumerate(row.found.assumptions, 1):
            terminal.say(f"  [{n}] {text}")
    if not rows:
        terminal.say("no event")
    return 0
