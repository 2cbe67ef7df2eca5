"""testban assure evasion: what each way of hiding a series buys."""

from pathlib import Path

from testban.cli.assure import assure
from testban.cli.assure_options import USUAL, Causes, Json, Language, Network, Relation, Site, Tests, YieldKt


@assure.command
def evasion(
    *,
    network: Network,
    site: Site,
    yield_kt: YieldKt,
    n: Tests = 10,
    cavity_m: float | None = None,
    monitor: Path | None = None,
    relation: Relation = "bowers",
    causes: Causes = USUAL,
    language: Language = "en",
    json: Json = False,
) -> int:
    """Tell what each way of hiding buys a violator: cavities, soft rock, shots at once, deaf stations, earthquakes.

    Example: `testban assure evasion --network ims --site semipalatinsk --yield-kt 1 --n 10`. One table: magnitude
    units bought, and the probability that one test and the series stay unseen.

    Parameters
    ----------
    cavity_m
        Radius of a cavity in salt, in m; half the radius and the whole radius of full decoupling are always shown.
    monitor
        Folder of `testban assure monitor` of the same place: adds hiding in earthquakes.

    """
    from testban.assure.sites import place
    from testban.cli import terminal
    from testban.run import assurance_evasion as room
    from testban.run.assurance_plan import Shots
    from testban.show import assurance_evasion as words

    found = room.evade(
        network, place(site), Shots(yield_kt=yield_kt, n=n, relation=relation), cavity_m=cavity_m, monitor=monitor,
        spread=causes.spread(),
    )  # fmt: skip
    if json:
        terminal.out(found)
        return 0
    terminal.say(words.lead(found).of(language))
    for line in words.table(found, language):
        terminal.say(line)
    for said in words.hosts(found):
        terminal.say(said.of(language))
    for constant in found["constants"]:
        mark = "" if constant["confirmed"] else " (unconfirmed)"
        terminal.say(f"  constant: {constant['name']}: {constant['value']:g}{mark}; {constant['source']}")
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    return 0
