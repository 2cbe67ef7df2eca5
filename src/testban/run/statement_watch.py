"""What `assure monitor` measured, as the statement takes it: its table of days, summed by site.

Rules: the safe limit counts, not the published one, which lies below an event that is there; a minute that was not watched is not quiet; a table of simulated recordings is said to be so.
"""

from pathlib import Path
from typing import Any

from testban.base import quanta
from testban.base.errors import InputError
from testban.formats import csvio

TABLE = "days.csv"
NEEDED = ("site", "day", "minutes", "unwatched", "median_safe90", "largest_safe90", "minutes_above_target")


def read(folder: Path) -> dict[str, Any]:
    """Sites with days, minutes, minutes unwatched and above the target, largest and middle limit. Raises InputError."""
    path = folder / TABLE
    if not path.is_file():
        raise InputError(
            f"--monitor: expected a folder with {TABLE} as `testban assure monitor` writes it, got {folder}; correct it"
        )
    rows = csvio.read_rows(path, NEEDED)
    simulated = any(csvio.text(r, "simulated").lower() == "true" for r in rows)
    names = sorted({csvio.text(r, "site") for r in rows})
    return {
        "simulated": simulated,
        "sites": [_site(n, [r for r in rows if csvio.text(r, "site") == n]) for n in names],
    }


def _site(name: str, rows: list[Any]) -> dict[str, Any]:
    def total(key: str) -> int:
        return round(sum(csvio.number(r, key) or 0.0 for r in rows))

    largest = [v for r in rows if (v := csvio.number(r, "largest_safe90")) is not None]
    middle = sorted(v for r in rows if (v := csvio.number(r, "median_safe90")) is not None)
    days = sorted(csvio.text(r, "day")[:10] for r in rows)
    return {
        "name": name, "days": len(rows), "first": days[0], "last": days[-1], "minutes": total("minutes"),
        "unwatched": total("unwatched"), "above": total("minutes_above_target"),
        "largest": quanta.magnitude(max(largest)) if largest else None,
        "median": quanta.magnitude(middle[len(middle) // 2]) if middle else None,
    }  # fmt: skip
