"""testban assure quota: what a number of inspections is worth against suspicious events."""

from pathlib import Path

from testban.base.errors import InputError
from testban.cli.assure import assure
from testban.cli.assure_options import Json, Language


@assure.command
def quota(
    *,
    events: int | None = None,
    inspections: int,
    violations: int = 1,
    catch_payoff: str = "1",
    quality: str = "1",
    finds: str = "",
    smajor_km: float | None = None,
    sminor_km: float | None = None,
    area_km2: float = 1000.0,
    bulletin: Path | None = None,
    days: float | None = None,
    least_mb: float | None = None,
    region: str | None = None,
    language: Language = "en",
    json: Json = False,
) -> int:
    """Tell what a quota of inspections is worth, as the inspection game of Dresher and von Stengel, exactly.

    Example: `testban assure quota --events 20 --inspections 3 --violations 1 --catch-payoff 1`.
    Or from a bulletin, whose verdicts leave a number of events a year undetermined: `testban assure quota --bulletin out
    --inspections 3 --days 365`; the number is then random.

    Parameters
    ----------
    events
        Number of suspicious events that the verdicts leave undetermined; needed without --bulletin.
    inspections
        Number of inspections granted for them.
    violations
        Number of tests that the violator means to hide among them.
    catch_payoff
        Worth of a catch to the inspector, where a success of the violator costs 1; such as 1, 0.5 or 1/3.
    quality
        Probability that an inspection of a test finds it.
    finds
        Unequal events known at once: that probability one by one, with commas, such as 1,1,0.5,0.25.
    smajor_km
        Longer half-axis of the 90 % location ellipse; its share in the inspected area multiplies --quality.
    sminor_km
        Shorter half-axis of the ellipse.
    area_km2
        Area that one inspection may cover.
    bulletin
        events.csv of `testban process` or `testban identify`, or its folder: counts what the verdicts leave undetermined.
    days
        Days that the bulletin covers; the hours of noise.csv beside it where not given.
    least_mb
        Count only events of this magnitude (mb, else ML) and more; events without a magnitude are counted too.
    region
        Count only events in the box W,E,S,N, degrees.

    """
    from testban.cli import terminal
    from testban.run import assurance_bulletin, assurance_quota, assurance_siting
    from testban.show import assurance_quota as words

    if bulletin is not None:
        found = assurance_bulletin.quota_of(
            bulletin, inspections, violations, catch_payoff=catch_payoff, quality=quality, days=days, least_mb=least_mb,
            region=assurance_siting.box_of(region, "--region"),
        )  # fmt: skip
        if json:
            terminal.out(found)
            return 0
        for said in words.bulletin(found):
            terminal.say(said.of(language))
        return 0
    if events is None:
        raise InputError("expected --events or --bulletin, got neither; give one of them")
    found = assurance_quota.quota(
        events, inspections, violations, catch_payoff=catch_payoff, quality=quality,
        finds=[d for d in finds.split(",") if d.strip()], smajor_km=smajor_km, sminor_km=sminor_km,
        area_km2=area_km2,
    )  # fmt: skip
    if json:
        terminal.out(found)
        return 0
    terminal.say(words.quota(found).of(language))
    terminal.say(words.columns().of(language))
    for row in found["by_inspections"]:
        terminal.say(
            f"  {row['inspections']:>3}  {row['value']:>8.4f}  {row['inspect_first_probability']:.4f}"
        )
    return 0
