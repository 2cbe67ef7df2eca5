"""testban assure: what a series of tests risks, and (`assure_quota`) what a quota of inspections is worth."""

from typing import Literal

import cyclopts

assure = cyclopts.App(
    name="assure", help="The assurance as numbers: what a series of tests risks, what inspections are worth."
)


@assure.command
def series(
    *,
    p: float,
    n: int,
    rho: float = 0.0,
    model: Literal["independent", "beta-binomial", "copula"] = "independent",
    p_later: float | None = None,
    false_alarm_rate: float | None = None,
    magnitude: float = 4.0,
    language: Literal["en", "ru"] = "en",
    json: bool = False,
) -> int:
    """Tell with what probability a series of tests is seen, and what silence then says.

    Example: `testban assure series --p 0.3 --n 10 --rho 0.3 --model copula`. All three models stand in the result.

    Parameters
    ----------
    p
        Probability that one test is detected and not taken for an earthquake.
    n
        Number of tests.
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
    language
        Language of the sentences.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import assurance
    from testban.show import assurance as words

    found = assurance.series(
        p, n, rho=rho, model=model, p_later=p_later, false_alarm_rate=false_alarm_rate, magnitude=magnitude
    )
    if json:
        terminal.out(found)
        return 0
    terminal.say(words.series(found).of(language))
    for row in found["posterior_after_silence"]:
        terminal.say(f"  {row['prior']:<6g} -> {row['posterior']:.4f}")
    return 0


from testban.cli import assure_map, assure_quota, assure_siting, assure_statement  # noqa: E402, F401  (they add their verbs to the group above)
