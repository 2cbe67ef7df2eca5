"""The inspection quota in words, in both languages."""

from collections.abc import Mapping
from typing import Any

from testban.show.texts import Both, joined, num, t


def quota(found: Mapping[str, Any]) -> Both:
    """What `run.assurance_quota.quota` found, in a few sentences."""
    given = found["inputs"]
    parts = [
        t(
            "{n} suspicious events, {m} inspections, {k} intended violations: the game is worth {v} to the inspector; the first event is inspected with probability {p}.",
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
            parts.append(t("{m} inspections bring the violator's gain down to {x}.", m=m, x=x))
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
