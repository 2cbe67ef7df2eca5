"""What `testban watch` searched for repeats, as the statement takes it: reach by template, detections, footprint.

Rules: an hour counts for its share that was recorded; the magnitude is absolute where the master's was told, else beside the
master, and is said to be so; it holds for a repeat at the master's place alone: what a shot 4 km off needs more stands
beside it.
"""

from pathlib import Path
from typing import Any

from testban.base import quanta
from testban.base.errors import InputError
from testban.formats import csvio, watch_tables

FAR_KM = 4.0


def read(folder: Path) -> list[dict[str, Any]]:
    """Templates with hours, detections, threshold's rate, middle and largest magnitude found with 90 %. Raises InputError."""
    tables = [folder / n for n in ("reach.csv", "thresholds.csv", "footprint.csv")]
    missing = [p.name for p in tables if not p.is_file()]
    if missing:
        raise InputError(
            f"--repeats: expected a folder with {', '.join(missing)} as `testban watch` writes it, got {folder}; correct it"
        )
    hours = csvio.read_rows(tables[0], watch_tables.REACH)
    limits = csvio.read_rows(tables[1], ("template_id", "false_alarms_per_year", "detections"))
    losses = csvio.read_rows(tables[2], watch_tables.FOOTPRINT)
    return [_template(r, hours, losses) for r in limits]


def _template(limit: Any, hours: list[Any], losses: list[Any]) -> dict[str, Any]:
    name = csvio.text(limit, "template_id")
    own = [r for r in hours if csvio.text(r, "template_id") == name]
    absolute = bool(own) and all(csvio.number(r, "magnitude_90") is not None for r in own)
    key = "magnitude_90" if absolute else "relative_magnitude_90"
    levels = sorted(v for r in own if (v := csvio.number(r, key)) is not None)
    far = [
        r
        for r in losses
        if csvio.text(r, "template_id") == name
        and csvio.text(r, "case") == "distance"
        and csvio.number(r, "amount") == FAR_KM
    ]
    return {
        "name": name, "absolute": absolute, "hours": round(sum(csvio.number(r, "share_of_hour") or 0.0 for r in own), 1),
        "detections": round(csvio.number(limit, "detections") or 0.0),
        "false_alarms_per_year": csvio.number(limit, "false_alarms_per_year"),
        "median": quanta.magnitude(levels[len(levels) // 2]) if levels else None,
        "largest": quanta.magnitude(levels[-1]) if levels else None,
        "far": quanta.magnitude(csvio.number(far[0], "loss") or 0.0) if far else None,
    }  # fmt: skip
