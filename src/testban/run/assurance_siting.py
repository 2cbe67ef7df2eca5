"""Siting from a scenario: candidates from a table or a grid on land, the result as table, page and object.

The comparison that history asks for: what single stations, arrays and opened national networks would have bought.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from testban.assure import areas as area_rules
from testban.assure import scenario, siting
from testban.assure.areas import Area
from testban.assure.capability import Rule, Sensor
from testban.assure.siting import Candidate, Siting, Target
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.errors import InputError, SourceError
from testban.formats import csvio
from testban.run import areas
from testban.run.assurance_map import scenario_of
from testban.run.provenance import code_digest
from testban.show import land
from testban.show import siting as show

RANDOM_TRIES = 20
USSR = (30.0, 180.0, 40.0, 75.0)
HISTORY_RULES = (
    ("3 points", Rule(points=3)),
    ("2 points", Rule(points=2)),
    ("3 points, an array for two", Rule(points=3, array_points=2)),
    ("IDC weights", Rule(points=10, station_points=3, array_points=4)),
)
COLUMNS = (
    "order", "code", "longitude", "latitude", "noise_nm_s", "array", "cost", "before", "after", "gain", "ground",
)  # fmt: skip


Box = tuple[float, float, float, float]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What `siting_of` is asked for; see the command."""

    add: int
    objective: siting.Objective = "mean"
    region: Box | tuple[Area, ...] | None = None
    sites: tuple[tuple[float, float], ...] = ()
    allowed: Box | tuple[Area, ...] | None = None
    candidates: Path | None = None
    spacing_deg: float = 5.0
    step_deg: float = 4.0
    noise_nm_s: float = 1.0
    array: bool = False
    budget: float | None = None
    exhaustive: bool = False
    magnitude: float = 3.5
    n: int = 5
    rho: float = 0.3


def numbers(text: str, count: int, name: str) -> tuple[float, ...]:
    """Numbers separated by commas; InputError with the option's name."""
    try:
        found = tuple(float(v) for v in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(math.isfinite(v) for v in found):
        raise InputError(f"{name}: expected {count} numbers with commas, got {text!r}; correct it")
    return found


def read_candidates(path: Path) -> tuple[Candidate, ...]:
    """Columns longitude, latitude; optional code (or station), noise_nm_s, array, reliability, cost."""
    out = []
    for i, row in enumerate(csvio.read_rows(path, ("longitude", "latitude"))):
        lon, lat = csvio.number(row, "longitude"), csvio.number(row, "latitude")
        if lon is None or lat is None:
            raise InputError(f"expected a longitude and a latitude in row {i + 1} of {path}; correct it")
        noise, up, cost = (csvio.number(row, k) for k in ("noise_nm_s", "reliability", "cost"))
        out.append(
            Candidate(
                sensor=Sensor(
                    code=csvio.text(row, "code") or csvio.text(row, "station") or f"{i + 1:04d}",
                    longitude=lon, latitude=lat, noise_nm_s=1.0 if noise is None else noise,
                    reliability=0.95 if up is None else up, array=bool(csvio.flag(row, "array")),
                ),
                cost=1.0 if cost is None else cost,
            )
        )  # fmt: skip
    codes = [c.sensor.code for c in out]
    if len(set(codes)) < len(codes):
        twice = sorted({c for c in codes if codes.count(c) > 1})
        raise InputError(
            f"expected a code once, got {', '.join(twice[:5])} more than once in {path}; rename them"
        )
    return tuple(out)


def box_of(text: str | None, name: str) -> Box | None:
    """W,E,S,N in degrees; None where nothing was given."""
    if text is None:
        return None
    w, e, s, n = numbers(text, 4, name)
    return (w, e, s, n)


def where_of(text: str | None, name: str) -> Box | tuple[Area, ...] | None:
    """W,E,S,N, or the areas of a file (GeoJSON or a table of corners); None where nothing was given."""
    if text is None:
        return None
    if Path(text).suffix.lower() in (".json", ".geojson", ".csv", ".parquet"):
        return areas.read(Path(text))
    return box_of(text, name)


def _boxed(where: Box | tuple[Area, ...]) -> tuple[Box, tuple[Area, ...]]:
    """The box round a place, and its areas (none for a box)."""
    if isinstance(where[0], Area):
        own = tuple(a for a in where if isinstance(a, Area))
        return area_rules.box(own), own
    w, e, s, n = (float(v) for v in where if not isinstance(v, Area))
    return (w, e, s, n), ()


def grid_candidates(plan: Plan, where: Box | tuple[Area, ...]) -> tuple[Candidate, ...]:
    """Places on land of a box or of areas, named by where they are; an area gives them its noise and cost."""
    box, own = _boxed(where)
    lon, lat = siting.region(*box, plan.spacing_deg)
    out = []
    for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
        at = area_rules.holding(own, x, y)
        if (own and at is None) or not land.inside(x, y):
            continue
        noise = plan.noise_nm_s if at is None or at.noise_nm_s is None else at.noise_nm_s
        array = plan.array if at is None or at.array is None else at.array
        code = f"{abs(y):04.1f}{'N' if y >= 0 else 'S'}{abs(x):05.1f}{'E' if x >= 0 else 'W'}"
        out.append(
            Candidate(
                sensor=Sensor(code=code, longitude=x, latitude=y, noise_nm_s=noise, array=array),
                cost=1.0 if at is None or at.cost is None else at.cost, ground="" if at is None else at.rock or at.name,
            )
        )  # fmt: skip
    return tuple(out)


def target_of(plan: Plan) -> Target:
    """The places that matter: the sites, or a region."""
    if plan.sites:
        lon, lat = (np.array(v, dtype=np.float64) for v in zip(*plan.sites, strict=True))
    elif plan.region is not None:
        box, own = _boxed(plan.region)
        lon, lat = siting.region(*box, plan.step_deg)
        if own:
            keep = [
                area_rules.holding(own, x, y) is not None
                for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
            ]
            lon, lat = lon[keep], lat[keep]
    else:
        raise InputError(
            "expected --region W,E,S,N or --site LON,LAT, got neither; say what is to be watched"
        )
    return Target(
        longitude=lon, latitude=lat, weight=np.ones(lon.size), objective=plan.objective, magnitude=plan.magnitude,
        n=plan.n, rho=plan.rho,
    )  # fmt: skip


def siting_of(name: str, plan: Plan, out: Path) -> dict[str, Any]:
    """Choose stations, write siting.csv and siting.html, and say how other placements do."""
    net = scenario_of(name)
    base, rule = scenario.sensors(net), net.rule
    target = target_of(plan)
    where = plan.allowed or plan.region
    if plan.candidates is not None:
        candidates = read_candidates(plan.candidates)
    elif where is not None:
        candidates = grid_candidates(plan, where)
    else:
        raise InputError(
            "expected --allowed W,E,S,N or --candidates FILE with --site, got neither; say where stations may stand"
        )
    found = siting.choose(
        base, candidates, rule, target, plan.add, budget=plan.budget, exhaustive=plan.exhaustive
    )
    others = _others(base, candidates, rule, target, len(found.additions), plan.budget)
    _write(found, base, candidates, target, others, net, out)
    return _summary(name, plan, found, others, len(candidates), base, rule, target, out)


def _others(
    base: Sequence[Sensor], candidates: Sequence[Candidate], rule: Rule, target: Target, m: int,
    budget: float | None,
) -> dict[str, Any]:  # fmt: skip
    """The objective of a uniform placement and of random ones (drawn with a fixed seed), within the same budget."""
    if m < 1:
        return {"uniform": None, "random_mean": None, "random_best": None}
    order = siting.spread(candidates, m if budget is None else len(candidates))
    even = [c.sensor for c in _affordable(order, m, budget)]
    uniform = siting.value([*base, *even], rule, target)
    rng = np.random.Generator(np.random.PCG64(1963))
    tries = []
    for _ in range(RANDOM_TRIES):
        left = list(range(len(candidates)))
        drawn = [
            candidates[left.pop(int(rng.integers(0, len(left))))]
            for _ in range(m if budget is None else len(left))
        ]
        tries.append(siting.value([*base, *(c.sensor for c in _affordable(drawn, m, budget))], rule, target))
    return {
        "uniform": _round(uniform, target), "random_mean": _round(math.fsum(tries) / len(tries), target),
        "random_best": _round(min(tries), target),
    }  # fmt: skip


def _affordable(order: Sequence[Candidate], m: int, budget: float | None) -> list[Candidate]:
    """The first m of an order that the budget allows, one after another."""
    out: list[Candidate] = []
    for c in order:
        if len(out) < m and (budget is None or math.fsum(x.cost for x in out) + c.cost <= budget):
            out.append(c)
    return out


def _round(value: float, target: Target) -> float:
    return quanta.probability(value) if target.objective == "series" else quanta.magnitude(value)


def _write(
    found: Siting, base: Sequence[Sensor], candidates: Sequence[Candidate], target: Target, others: dict[str, Any],
    net: scenario.Scenario, out: Path,
) -> None:  # fmt: skip
    rows = [
        {
            "order": i + 1, "code": a.candidate.sensor.code, "longitude": round(a.candidate.sensor.longitude, 4),
            "latitude": round(a.candidate.sensor.latitude, 4), "noise_nm_s": a.candidate.sensor.noise_nm_s,
            "array": a.candidate.sensor.array, "cost": a.candidate.cost, "before": _round(a.before, target),
            "after": _round(a.after, target), "gain": csvio.Fixed(f"{a.before - a.after:.4f}"),
            "ground": a.candidate.ground,
        }
        for i, a in enumerate(found.additions)
    ]  # fmt: skip
    try:
        out.mkdir(parents=True, exist_ok=True)
        csvio.write_rows(out / "siting.csv", COLUMNS, rows)
        page = show.render(
            (net.title, net.title_ru or net.title), found, base, candidates, target, net.rule, others
        )
        (out / "siting.html").write_text(page, "utf-8")
    except OSError as exc:
        raise SourceError(
            f"--out: expected a folder that can be written, got {out} ({exc.strerror or exc}); correct it"
        ) from None


def _summary(
    name: str, plan: Plan, found: Siting, others: dict[str, Any], n: int, base: Sequence[Sensor], rule: Rule,
    target: Target, out: Path,
) -> dict[str, Any]:  # fmt: skip
    given = {"scenario": name, "plan": msgspec.to_builtins(plan, enc_hook=str), "rule": rule, "sensors": base}
    return {
        "objective": plan.objective,
        "start": _round(found.start, target),
        "end": _round(found.end, target),
        "additions": [
            {
                "code": a.candidate.sensor.code, "longitude": round(a.candidate.sensor.longitude, 4),
                "latitude": round(a.candidate.sensor.latitude, 4), "after": _round(a.after, target),
                "gain": round(a.before - a.after, 4), "cost": a.candidate.cost, "ground": a.candidate.ground,
            }
            for a in found.additions
        ],
        "swaps": found.swaps,
        "exhaustive": None if found.exhaustive is None else _round(found.exhaustive, target),
        "gap_to_exhaustive": None if found.exhaustive is None else round(found.end - found.exhaustive, 4),
        **others,
        "candidates": n,
        "places": int(target.longitude.size),
        "out": str(out),
        "assumptions": [
            "noise of the candidates is assumed, not measured; the scenario's rule, scatter and decay hold for them too",
            "greedy with exchange: no proof that nothing better exists; --exhaustive tells the gap on a small case",
        ],
        "digests": {"inputs": digest_of(given), "code": code_digest()},
    }  # fmt: skip


def history_of(
    *, noise_nm_s: float = 1.0, array_noise_nm_s: float = 0.25, step_deg: float = 4.0
) -> dict[str, Any]:
    """Mean mb seen with 90 % over the Soviet Union (a box) by the network of 1963 and what was spoken of, by event rule."""
    lon, lat = siting.region(*USSR, step_deg)
    target = Target(longitude=lon, latitude=lat, weight=np.ones(lon.size))
    external = scenario.sensors(scenario.read(scenario.text_of("external-1963"), "external-1963"))
    named = scenario.read(scenario.text_of("external-1963-plus-3"), "external-1963-plus-3").station
    places = grid_candidates(Plan(add=1, spacing_deg=step_deg), (*USSR[:2], 42.0, 72.0))
    rows: list[dict[str, Any]] = []

    def row(title: str, sensors: Sequence[Sensor]) -> None:
        means = {
            rule_name: quanta.magnitude(siting.value(sensors, rule, target))
            for rule_name, rule in HISTORY_RULES
        }
        rows.append({"network": title, "stations": len(sensors), "mean_mb90": means})

    def boxes(n: int, array: bool) -> list[Sensor]:
        own = [
            msgspec.structs.replace(s, noise_nm_s=array_noise_nm_s if array else noise_nm_s, array=array)
            for s in named
        ]
        if n > len(own):
            more = [
                Candidate(sensor=msgspec.structs.replace(c.sensor, noise_nm_s=own[0].noise_nm_s, array=array))
                for c in places
            ]
            rule = HISTORY_RULES[0][1]
            found = siting.choose([*external, *own], more, rule, target, n - len(own))
            own += [a.candidate.sensor for a in found.additions]
        return own

    row("external network alone", external)
    for n in (3, 7, 10):
        row(f"and {n} automatic stations", [*external, *boxes(n, array=False)])
        row(f"and {n} automatic arrays", [*external, *boxes(n, array=True)])
    for noise in (5.0, 2.0):
        opened = scenario.table("soviet_towns", noise)
        row(f"and national stations opened, {noise:g} nm/s", [*external, *opened])
    opened = scenario.table("soviet_towns", 2.0)
    row("and national stations (2 nm/s) and 3 automatic arrays", [*external, *opened, *boxes(3, array=True)])
    return {
        "region": "40-75 N, 30-180 E",
        "level": 0.9,
        "rules": [name for name, _ in HISTORY_RULES],
        "rows": rows,
        "assumptions": [
            f"external stations 5 nm/s, automatic ones {noise_nm_s:g} nm/s, arrays {array_noise_nm_s:g} nm/s after beamforming: assumed",
            "the three automatic stations stand in the towns named in the offer; those beyond three where siting puts them for the rule of 3 points",
            "national stations: 25 towns from memory, unconfirmed, illustrative; 73 stations were offered, their list is not at hand",
            "IDC weights (station 1.4, array 1.8, 4.6 needed) unconfirmed; detection, not identification; teleseismic P and a Pn law, no S or Lg",
        ],
        "digests": {"code": code_digest()},
    }
