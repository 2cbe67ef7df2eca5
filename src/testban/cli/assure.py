"""testban assure: what a series of tests risks, and (`assure_quota`) what a quota of inspections is worth."""

from typing import Literal

import cyclopts

from testban.base.errors import InputError
from testban.cli.assure_options import USUAL, Causes, Json, Language, Network, Relation, Site, Tests, YieldKt

assure = cyclopts.App(
    name="assure", help="The assurance as numbers: what a series of tests risks, what inspections are worth."
)


@assure.command
def series(
    *,
    p: float | None = None,
    n: Tests,
    rho: float = 0.0,
    model: Literal["independent", "beta-binomial", "copula"] = "independent",
    p_later: float | None = None,
    false_alarm_rate: float | None = None,
    magnitude: float = 4.0,
    network: Network | None = None,
    site: Site | None = None,
    yield_kt: YieldKt | None = None,
    decoupling: float = 1.0,
    relation: Relation = "bowers",
    causes: Causes = USUAL,
    template_gain: float = 1.0,
    language: Language = "en",
    json: Json = False,
) -> int:
    """Tell with what probability a series of tests is seen, and what silence then says.

    Example: `testban assure series --p 0.3 --n 10 --rho 0.3 --model copula`. All three models stand in the result.
    Or from network, place and yield: `testban assure series --network ims --site 78.9,49.9 --yield-kt 1 --n 10
    --decoupling 70`; then --p, --rho, --model, --p-later, --false-alarm-rate and --magnitude do not count: misses hang
    together by explicit common causes.

    Parameters
    ----------
    p
        Probability that one test is detected and not taken for an earthquake; needed without --network.
    rho
        Correlation of the misses, 0 to 1: intra-class (beta-binomial) or of the latent normal variables (copula).
    model
        How misses hang together; independent is the upper bound and takes no account of --rho.
    p_later
        Probability of each test once one was seen and serves as template; adds the probability of at most one seen.
    false_alarm_rate
        Share of earthquakes that the same criterion calls suspicious; adds false alarms a year.
    magnitude
        Least mb of the earthquakes that count for --false-alarm-rate.
    decoupling
        Factor that divides the yield; 1 is a tamped shot, 70 full decoupling in salt.
    template_gain
        How much smaller a later test may be once one was seen and serves as template, magnitude units.

    """
    from testban.cli import terminal
    from testban.run import assurance
    from testban.show import assurance as words

    if network is not None:
        from testban.cli.assure_plan import planned

        spread = causes.spread(template_gain)
        return planned(network, site, yield_kt, n, decoupling, relation, spread, language, json)
    if p is None:
        raise InputError("expected --p, or --network with --site and --yield-kt; give one of them")
    found = assurance.series(
        p, n, rho=rho, model=model, p_later=p_later, false_alarm_rate=false_alarm_rate, magnitude=magnitude
    )
    if json:
        terminal.out(found)
        return 0
    terminal.say(words.series(found).of(language))
    terminal.say(words.columns().of(language))
    for row in found["posterior_after_silence"]:
        terminal.say(f"  {row['prior']:<6g} -> {row['posterior']:.4f}")
    return 0


from testban.cli import (  # noqa: E402  (they add their verbs to the group above)
    assure_evasion,  # noqa: F401
    assure_map,  # noqa: F401
    assure_monitor,  # noqa: F401
    assure_quota,  # noqa: F401
    assure_siting,  # noqa: F401
    assure_statement,  # noqa: F401
)
