"""The included scenarios: their names with what they hold, and their text."""

from typing import Any

from testban.assure import scenario
from testban.base.errors import InputError


def included() -> list[dict[str, Any]]:
    """Name, title and number of stations of each included scenario."""
    out = []
    for name in scenario.INCLUDED:
        plan = scenario.read(scenario.text_of(name), name)
        stations = scenario.sensors(plan)
        out.append(
            {
                "name": name, "title": plan.title, "title_ru": plan.title_ru, "stations": len(stations),
                "arrays": sum(s.array for s in stations), "period": plan.statement.period,
            }
        )  # fmt: skip
    return out


def text(name: str) -> str:
    """The TOML text of an included scenario. Raises InputError."""
    if name not in scenario.INCLUDED:
        raise InputError(f"expected one of {', '.join(scenario.INCLUDED)}, got {name!r}; choose one")
    return scenario.text_of(name)
