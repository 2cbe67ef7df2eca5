"""The inspection quota in words, in both languages."""

from collections.abc import Mapping
from typing import Any

from testban.show.texts import Both, joined, num, t


def quota(found: Mapping[str, Any]) -> Both:
    """What `run.assurance_quota.quota` found, in a few sentences."""
    given = found["inputs"]
    parts = [
        t(
            "{n:suspicious event|suspicious events}, {m:inspection|inspections}, {k:intended violation|intended violations}: the game is worth {v} to the inspector; the first event is inspected with probability {p}.",
            n=given["events"], m=given["inspections"], k=given["violations"],
            v=num(found["value"], 4), p=num(found["inspect_first_probability"], 4),
        ),
        t(
            "An inspection finds a violation with probability {q}.", q=num(found["finding_probability"], 4)
        ),
    ]  # fmt: skip
    for loss, m in found["quota_needed"].items():
        x = num(float(loss), 1)
        if m is None:
            parts.append(t("No quota brings the violator's gain down to {x}.", x=x))
        else:
            parts.append(t("With {m:inspection|inspections} the violator's gain is down to {x}.", m=m, x=x))
    if "leadership" in found:
        parts.append(
            t(
                "If the schedule is announced and believed, the violation succeeds with probability {p}, only after the last inspection.",
                p=num(found["leadership"]["success_probability"], 4),
            )
        )
    if "unequal" in found:
        parts.append(
            t(
                "With unequal events known at once, discovery is assured with probability {p} wherever the test is.",
                p=num(found["unequal"]["discovery_probability"], 4),
            )
        )
    return joined(parts)


def columns() -> Both:
    """The head of the table by number of inspections."""
    return t("Inspections granted, value of the game, probability that the first event is inspected:")


def bulletin(found: Mapping[str, Any]) -> list[Both]:
    """What `run.assurance_bulletin.quota_of` found, line by line."""
    low, high = found["undetermined_a_year_90"]
    given = found["inputs"]
    out = [
        t(
            "{n:event|events} in {d:day|days}: {u} undetermined, {x} explosion-like, {e} earthquake-like; {w} of them without a magnitude.",
            n=found["events"], d=num(found["days"], 2), u=found["undetermined"], x=found["explosion_like"],
            e=found["earthquake_like"], w=found["without_magnitude"],
        ),
        t(
            "The verdicts leave {r:event|events} a year undetermined (90 %: {a} to {b}).",
            r=num(found["undetermined_a_year"], 1), a=num(low, 1), b=num(high, 1),
        ),
    ]  # fmt: skip
    if found["days"] < 365.0:
        out.append(t("Less than a year was looked at: the number is an extrapolation."))
    if found["simulated"]:
        out.append(t("SIMULATED DATA"))
    for row in found["games"]:
        if row["value"] is None:
            out.append(
                t("With {r} a year: too many for the game; ask for larger events.", r=num(row["mean"], 1))
            )
        else:
            out.append(
                t(
                    "With {r:legal event|legal events} a year, {k:intended violation|intended violations} and {m:inspection|inspections} the game is worth {v} to the inspector; by lot one of the violations is met with {p}.",
                    r=num(row["mean"], 1), k=given["violations"], m=given["inspections"], v=num(row["value"], 4),
                    p=num(row["by_lot"], 4),
                )
            )  # fmt: skip
    return out
