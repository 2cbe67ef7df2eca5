"""A series from network, yield and place in words, in both languages."""

from collections.abc import Mapping
from typing import Any

from testban.show.texts import Both, comma, joined, num, t


def row(found: Mapping[str, Any]) -> Both:
    """One number of tests."""
    return t(
        "n {n}: detected {d}; seen {s}; seen were the misses independent {i}",
        n=f"{found['n']:>3}", d=num(found["series_detected"], 4), s=num(found["series_seen"], 4),
        i=num(found["series_independent"], 4),
    )  # fmt: skip


def series(found: Mapping[str, Any]) -> Both:
    """What `run.assurance_plan.series_of` found, in a few sentences; a series that would be missed is called so."""
    given, c = found["inputs"], found["chances"]
    shots = given["shots"]
    parts = [
        t(
            "{n:test|tests} of {y} kt, decoupled by a factor of {df}, at {site}: mb {mb}; one is detected with probability {d}, detected and told from an earthquake with {p}.",
            n=shots.n, y=comma(f"{shots.yield_kt:g}"), df=num(shots.decoupling, 0), site=given["site"].name,
            mb=num(given["mb"], 2), d=num(c["detected"], 4), p=num(c["seen"], 4),
        ),
        t(
            "At least one of the series is seen with {s}; were the misses independent, with {i} (an upper bound). At most one is seen with {a} ({b} without a template).",
            s=num(c["series_seen"], 4), i=num(c["series_independent"], 4), a=num(c["at_most_one"], 4),
            b=num(c["at_most_one_without_template"], 4),
        ),
    ]  # fmt: skip
    if c["series_seen"] < 0.5:
        parts.append(t("Such a series would probably not be seen."))
    parts.append(
        t(
            "The same criterion raises {n:false alarm|false alarms} a year on earthquakes of the world.",
            n=num(found["false_alarms_per_year"], 1),
        )
    )
    return joined(parts)
