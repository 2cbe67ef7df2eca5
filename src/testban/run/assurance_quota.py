"""The inspection quota as an object that people and machines read: inputs, exact results, assumptions, digests."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from testban.assure import quota as room
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.run.provenance import code_digest

LOSSES = (Fraction(1, 2), Fraction(1, 10))
AREA_KM2 = 1000.0
SHOWN = 20


def fraction(text: str, name: str) -> Fraction:
    """A number as people write it (0.9, 1/3), exactly. Raises InputError."""
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name}: expected a number such as 0.9 or 1/3, got {text!r}; correct it") from None


def _number(x: Fraction) -> float:
    return quanta.quantise(float(x), 4)


def quota(
    events: int, inspections: int, violations: int = 1, *, catch_payoff: str = "1", quality: str = "1",
    finds: Sequence[str] = (), smajor_km: float | None = None, sminor_km: float | None = None,
    area_km2: float = AREA_KM2,
) -> dict[str, Any]:  # fmt: skip
    """What a quota of inspections is worth against a number of events that the verdicts leave undetermined.

    quality: probability that an inspection finds a violation. finds: the same one by one for unequal events. smajor_km
    and sminor_km: 90 % ellipse, whose share in the inspected area multiplies `quality`.
    """
    b, q = fraction(catch_payoff, "--catch-payoff"), fraction(quality, "--quality")
    given = {
        "events": events, "inspections": inspections, "violations": violations, "catch_payoff": str(b),
        "quality": str(q), "finds": [str(fraction(d, "--finds")) for d in finds],
        "smajor_km": smajor_km, "sminor_km": sminor_km, "area_km2": area_km2,
    }  # fmt: skip
    if b < 0:
        raise InputError(f"--catch-payoff: expected at least 0, got {b}; correct it")
    share = None
    if (smajor_km is None) != (sminor_km is None):
        raise InputError("expected both --smajor-km and --sminor-km or neither; give both")
    if smajor_km is not None and sminor_km is not None:
        share = quanta.probability(room.inside_area(area_km2, smajor_km, sminor_km))
        q *= Fraction(str(share))
    stage = room.game(events, inspections, violations, b, q)
    result: dict[str, Any] = {
        "value": _number(stage.value),
        "value_exact": str(stage.value),
        "inspect_first_probability": _number(stage.inspect),
        "inspect_first_exact": str(stage.inspect),
        "random_choice_probability": _number(room.at_random(events, inspections, violations)),
        "quota_needed": {
            f"{float(loss):g}": room.least_quota(events, violations, b, loss, q) for loss in LOSSES
        },
        "by_inspections": [
            {"inspections": m, "value": _number(row.value), "inspect_first_probability": _number(row.inspect)}
            for m in range(min(events, SHOWN) + 1)
            for row in (room.game(events, m, violations, b, q),)
        ],
        "finding_probability": _number(q),
    }
    if violations == 1 and q == 1:
        result["leadership"] = {
            "success_probability": _number(room.leadership(events, inspections, b)),
            "caught_probability": 0.0 if inspections < events else None,
        }
    if share is not None:
        result["site_in_inspected_area"] = share
    if finds:
        got = room.unequal([fraction(d, "--finds") for d in finds], inspections)
        result["unequal"] = {
            "discovery_probability": _number(got.discovery),
            "inspect": [_number(x) for x in got.inspect],
            "capped_by_least": got.capped_by_least,
        }
    return {
        **result,
        "inputs": given,
        "constants": [
            {
                "name": "largest inspection area, km2", "value": AREA_KM2, "confirmed": False,
                "source": "CTBT, Protocol, Part II, paragraph 3 (quoted from memory, not read here)",
            }
        ],
        "assumptions": [
            "zero-sum: a success of the violator counts -1, a catch +catch_payoff and ends the game, a legal act 0",
            "the events come one after another and look alike; both sides know n, m and k",
            "an inspection that fails is spent, and the violation succeeds",
            "an inspected area has the shape of the 90 % ellipse and lies on its centre",
        ],
        "digests": {"inputs": digest_of(given), "result": digest_of(result), "code": code_digest()},
    }  # fmt: skip
