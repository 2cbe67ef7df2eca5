"""The assurance in words, in both languages.

Rules: a probability stands with what it assumes; where a series would probably not be seen, the sentence says so.
"""

from collections.abc import Mapping
from typing import Any

from testban.show.texts import N_, Both, joined, num, t

_MODELS = {
    "independent": N_("independent misses (an upper bound)"),
    "beta-binomial": N_("correlated misses, beta-binomial"),
    "copula": N_("correlated misses, Gaussian copula"),
}


def series(found: Mapping[str, Any]) -> Both:
    """What `run.assurance.series` found, in a few sentences."""
    given = found["inputs"]
    manner = _MODELS[given["model"]]
    rho = given["rho"] if given["model"] != "independent" else 0.0
    parts = [
        t(
            "Of {n:test|tests}, each seen with probability {p}, at least one is seen with probability {seen} ({model}, correlation {rho}).",
            n=given["n"], p=num(given["p"], 4), seen=num(found["probability_seen"], 4),
            model=t(manner), rho=num(rho, 2),
        )
    ]  # fmt: skip
    if found["probability_seen"] < 0.5:
        parts.append(t("Such a series would probably not be seen."))
    for wanted, n in found["tests_needed"].items():
        level = num(100 * float(wanted), 0)
        if n is None:
            parts.append(t("No number of tests up to 10,000 reaches {level} %.", level=level))
        else:
            parts.append(t("{level} % is reached with {n:test|tests}.", level=level, n=n))
    even = next(row for row in found["posterior_after_silence"] if row["prior"] == 0.5)
    parts.append(
        t(
            "After silence, a prior of 0.5 that there were such tests becomes {q}; other priors are in the table.",
            q=num(even["posterior"], 4),
        )
    )
    if "false_alarms_per_year" in found:
        parts.append(
            t(
                "The same criterion raises {n:false alarm|false alarms} a year on earthquakes of the world.",
                n=num(found["false_alarms_per_year"], 1),
            )
        )
    return joined(parts)


def columns() -> Both:
    """The head of the table of priors."""
    return t("Prior that there were such tests, and what silence makes of it:")
