"""testban identify: what it was, with reasons and honest odds."""

from pathlib import Path
from typing import Literal


def identify(
    place: Path,
    /,
    *,
    event: str | None = None,
    explain: bool = False,
    prior: float = 0.01,
    prior_other: float = 0.01,
    calibration: Path | None = None,
    moment_tensor: Path | None = None,
    repeats: Path | None = None,
    score: float | None = None,
    score_table: Path | None = None,
    bathymetry: Path | None = None,
    hydroacoustic: Literal["", "silent", "heard"] = "",
    language: Literal["en", "ru"] = "en",
    json: bool = False,
) -> int:
    """Tell what the events of a run were: explosion-like, earthquake-like or undetermined.

    Example: `testban identify out --explain`, after `testban process ... --out out`. The verdict follows from likelihood
    ratios at stated error rates; the prior moves only the probabilities. Where an event lies is not looked at.

    Parameters
    ----------
    place
        Folder written by `testban process`, or a QuakeML file (which bears no P/S).
    event
        One event of the folder; without it, all.
    explain
        Print every discriminant with its reason, and what would change the verdict.
    prior
        Probability of an explosion before the recordings are looked at.
    prior_other
        The same for a collapse or another source.
    calibration
        Table of `testban calibrate mb-ms` or `testban calibrate ps`, in place of the one that comes with the program.
    moment_tensor
        QuakeML with the moment tensor of the event and the uncertainties of its six elements, inverted elsewhere.
    repeats
        JSON with matches of the event with known ones (template, kind, statistic, threshold, false_alarms_per_year).
    score
        Number of another program for the event, larger for explosions; one more p-value, never the judge.
    score_table
        CSV or Parquet with columns score and class: that program's numbers for events of known class.
    bathymetry
        ESRI ASCII grid of heights in metres; without it, sea or land never says anything.
    hydroacoustic
        What hydroacoustic stations that were up heard.
    language
        Language of the sentences.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import identifying
    from testban.run.beside import Given
    from testban.show import verdicts as words

    settings = identifying.settings_of(prior, prior_other, calibration)
    given = Given(
        moment_tensor=moment_tensor, repeats=repeats, score=score, score_table=score_table,
        bathymetry=bathymetry, hydroacoustic=hydroacoustic,
    )  # fmt: skip
    rows = identifying.of_place(place, event, settings, given)
    if json:
        terminal.out(identifying.as_object(rows, settings))
        return 0
    for r in rows:
        a = r.assessment
        terminal.say(terminal.event_line(r.event, language))
        for line in [*words.odds(a), *words.screening(a.screening)]:
            terminal.say(f"    {line.of(language)}")
        if explain:
            for e in a.evidence:
                terminal.say(f"    - {words.evidence(e).of(language)}")
            for line in words.changes(a, r.without, r.to_explosion, r.to_earthquake):
                terminal.say(f"    ? {line.of(language)}")
    if not rows:
        terminal.say("no event")
    return 0
