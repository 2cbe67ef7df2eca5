"""testban assure series --network: a series from network, place and yield."""

from typing import TYPE_CHECKING

from testban.base.errors import InputError

if TYPE_CHECKING:
    from testban.run.assurance_plan import Spread


def planned(
    network: str, site: str | None, yield_kt: float | None, n: int, decoupling: float, relation: str,
    spread: "Spread", language: str, json: bool,
) -> int:  # fmt: skip
    """What `assure series --network` prints."""
    from testban.assure.sites import place
    from testban.cli import terminal
    from testban.run import assurance_plan as plan
    from testban.show import assurance_plan as words

    if site is None or yield_kt is None:
        raise InputError("--network: expected --site and --yield-kt beside it; give both")
    found = plan.series_of(
        network, place(site), plan.Shots(yield_kt=yield_kt, n=n, decoupling=decoupling, relation=relation),
        spread=spread,
    )  # fmt: skip
    if json:
        terminal.out(found)
        return 0
    terminal.say(words.series(found).of(language))
    for row in found["by_n"]:
        terminal.say(f"  {words.row(row).of(language)}")
    for cause in found["causes"]:
        terminal.say(
            f"  assumed: {cause['name']}, "
            + (f"outage {cause['outage']:g}" if cause["outage"] else f"{cause['sigma']:g} magnitude units")
        )
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    return 0
