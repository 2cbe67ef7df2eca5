"""A capability map from a scenario: the grid as CSV, the picture, and its means as an object."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from testban.assure import capability, scenario
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.formats import csvio
from testban.run import assurance_layers as layers
from testban.run import moments
from testban.run.provenance import code_digest
from testban.show import capability_map


def scenario_of(name: str) -> scenario.Scenario:
    """A scenario by the name of an included one or from a file. Raises InputError."""
    path = Path(name)
    if name in scenario.INCLUDED:
        return scenario.read(scenario.text_of(name), name)
    try:
        return scenario.read(path.read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"SCENARIO: expected a TOML file or one of {', '.join(scenario.INCLUDED)}, got {name!r}; correct it"
        ) from None


def _mean(values: Any, weights: Any, keep: Any) -> float | None:
    ok = keep & np.isfinite(values)
    return quanta.magnitude(float(np.sum((values * weights)[ok]) / np.sum(weights[ok]))) if ok.any() else None


def _table(column: str, lon: Any, lat: Any, mb: Any, more: dict[str, list[str]]) -> str:
    """The grid as CSV text."""
    lines = [",".join(["longitude", "latitude", column, *more])]
    for i, (x, y, m) in enumerate(zip(lon, lat, mb, strict=True)):
        cells = ["" if m != m else f"{quanta.magnitude(float(m)):.2f}", *(more[k][i] for k in more)]
        lines.append(",".join([f"{x:g}", f"{y:g}", *cells]))
    return "\n".join(lines) + "\n"


def capability_of(
    name: str, out: Path, step_deg: float = 2.0, extra: layers.Layers | None = None
) -> dict[str, Any]:
    """Write map.csv and map.en.svg, map.ru.svg into `out`; step_deg from 0.5 to 30, dividing 180.

    extra: what stands beside the threshold; with measured noise also days.csv and map-DAY.csv.
    """
    extra = extra or layers.Layers()
    cells = round(180.0 / step_deg) if step_deg > 0.0 else 0
    if not (0.5 <= step_deg <= 30.0 and abs(cells * step_deg - 180.0) < 1e-9):
        raise InputError(f"--step: expected 0.5 to 30 degrees that divide 180, got {step_deg}; correct it")
    plan = scenario_of(name)
    rule = plan.rule
    sensors, days, simulated = layers.network(extra, scenario.sensors(plan))
    lat1 = -90.0 + step_deg * (np.arange(cells) + 0.5)
    lon1 = -180.0 + step_deg * (np.arange(2 * cells) + 0.5)
    lon, lat = (a.ravel() for a in np.meshgrid(lon1, lat1))
    mb = capability.thresholds(sensors, rule, lon, lat)
    weight = np.cos(np.radians(lat))
    column = f"mb{100 * rule.level:g}"
    more = layers.columns(extra, sensors, rule, lon, lat, mb)
    text = _table(column, lon, lat, mb, more)
    moment_rows, worst = moments.by_moment(layers.stretches(extra), rule, lon, lat, weight)
    told, grids = layers.by_day(days, rule, lon, lat, weight)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "map.csv").write_text(text, "utf-8")
        for day, grid in grids.items():
            (out / f"map-{day}.csv").write_text(_table(column, lon, lat, grid, {}), "utf-8")
        if moment_rows:
            csvio.write_rows(out / "moments.csv", tuple(moment_rows[0]), moment_rows)
        if worst is not None:
            (out / "map-worst.csv").write_text(_table(column, lon, lat, worst, {}), "utf-8")
        if told:
            csvio.write_rows(out / "days.csv", tuple(told[0]), told)
        if simulated:
            for made in (
                "map.csv",
                "days.csv",
                *(f"map-{day}.csv" for day in grids),
                *(("moments.csv", "map-worst.csv") if moment_rows else ()),
            ):
                csvio.add_column(out / made, "simulated", "true")
        for language in ("en", "ru"):
            title = plan.title_ru if language == "ru" and plan.title_ru else plan.title
            title = capability_map.heading(title, language, extra.noise is not None, simulated)
            picture = capability_map.draw(
                title, sensors, rule, step_deg, mb, language, extra.noise is not None
            )
            (out / f"map.{language}.svg").write_text(picture, "utf-8")
    except OSError as exc:
        raise InputError(
            f"--out: expected a folder that can be written, got {out} ({exc}); correct it"
        ) from None
    result: dict[str, Any] = {
        "level": rule.level, "stations": len(sensors), "arrays": sum(s.array for s in sensors),
        "mean_north": _mean(mb, weight, lat > 0), "mean_south": _mean(mb, weight, lat < 0),
        "mean_world": _mean(mb, weight, lat < 91),
        "blind_share": quanta.probability(float(np.sum(weight[~np.isfinite(mb)]) / np.sum(weight))),
    }  # fmt: skip
    if told:
        result["days"] = told
        result["simulated"] = simulated
    if moment_rows:
        result["moments"] = len(moment_rows)
        result["raised"] = [
            r for r in moment_rows if r["raised_mean"] == "" or r["raised_mean"] >= moments.RAISED
        ]
    given = {"scenario": name, "title": plan.title, "step_deg": step_deg, "rule": rule, "sensors": sensors}
    if extra != layers.Layers():
        given["layers"] = msgspec.structs.replace(extra, noise=None, inventory=())
    return {
        **result,
        "out": str(out),
        "rule": rule,
        "assumptions": [
            *(
                []
                if extra.noise
                else [
                    "noise is assumed station by station as the scenario gives it, not measured; after array gain"
                ]
            ),
            *layers.assumptions(extra),
            *scenario.assumed(plan),
            "the threshold is of detection, not of identification; means are over the area that the network sees",
        ],
        "digests": {"inputs": digest_of(given), "map": digest_of(text), "code": code_digest()},
    }
