"""The assurance as objects that people and machines read: inputs, results, constants with their sources, digests."""

from typing import Any

from testban.assure import series as room
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.run.provenance import code_digest

WANTED = (0.95, 0.99)
SERIES_CONSTANTS = (
    {
        "name": "earthquakes a year of mb 4 and more, world",
        "value": room.QUAKES_PER_YEAR_MB4,
        "source": "Ringdal 1986, BSSA 76",
        "confirmed": True,
    },
    {
        "name": "b value of their number below and above mb 4",
        "value": 0.9,
        "source": "0.9 to 1.0 after Ringdal 1986, BSSA 76; the rate at mb 4 does not depend on it",
        "confirmed": True,
    },
)


def series(
    p: float, n: int, *, rho: float = 0.0, model: room.Model = "independent",
    p_later: float | None = None, false_alarm_rate: float | None = None, magnitude: float = 4.0,
) -> dict[str, Any]:  # fmt: skip
    """Whether a series of n tests, each seen with p, would be seen, by one model and beside it by all three.

    p_later: probability of each test after the first that was seen (template at hand). false_alarm_rate: share of
    earthquakes of at least `magnitude` that the same criterion calls suspicious.
    """
    if model != "independent" and model not in room.MODELS:
        raise InputError(f"--model: expected {', '.join(room.MODELS)}, got {model!r}; correct it")
    given = {
        "p": p, "n": n, "rho": rho, "model": model, "p_later": p_later,
        "false_alarm_rate": false_alarm_rate, "magnitude": magnitude,
    }  # fmt: skip
    none = room.unseen(p, n, rho=rho, model=model)
    result: dict[str, Any] = {
        "probability_seen": quanta.probability(1.0 - none),
        "probability_unseen": quanta.probability(none),
        "by_model": {m: quanta.probability(room.seen(p, n, rho=rho, model=m)) for m in room.MODELS},
        "tests_needed": {f"{w:g}": room.series_length(p, w, rho=rho, model=model) for w in WANTED},
        "posterior_after_silence": [
            {"prior": a, "posterior": quanta.probability(b)} for a, b in room.posterior_curve(none)
        ],
    }
    if p_later is not None:
        result["at_most_one_seen_independent"] = quanta.probability(room.with_template(p, p_later, n))
    if false_alarm_rate is not None:
        alarms = room.false_alarms_per_year(false_alarm_rate, magnitude)
        result["false_alarms_per_year"] = quanta.quantise(alarms, 2)
    return {
        **result,
        "inputs": given,
        "constants": list(SERIES_CONSTANTS),
        "assumptions": [
            "p is the same for every test, and is given, not computed from a network, a yield or a place",
            "the independent value is an upper bound; correlated misses lower it to p at rho = 1",
            "detected and not taken for an earthquake are one p here: give their product",
        ],
        "digests": {"inputs": digest_of(given), "result": digest_of(result), "code": code_digest()},
    }
