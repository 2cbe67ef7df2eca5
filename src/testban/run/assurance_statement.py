"""The statement for a decision maker: everything that one scenario file says, computed once, as an object and as pages.

Order: thresholds by place, series by test, what would help, what inspections are worth. Nothing is typed in here: every
number is from the scenario, from a table that ships with the package, or computed.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from testban.assure import capability, question, quota_random, scenario, siting
from testban.assure import quota as games
from testban.assure.capability import Rule, Sensor
from testban.assure.question import Question, Shot, Spot
from testban.assure.sight import Place, Sight, sights
from testban.assure.siting import Candidate, Target
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.dmath import exp10_, log10_
from testban.base.errors import InputError
from testban.identify import relations
from testban.run import assurance_siting, statement_repeats, statement_watch
from testban.run.assurance_map import scenario_of
from testban.run.assurance_quota import fraction
from testban.run.outputs import whole
from testban.run.provenance import code_digest
from testban.show import report
from testban.show import statement as page

ENOUGH = 0.9  # a series is called assured from here on
WORLD_STEP_DEG = 2.5
REGION_CELLS = 72
FULL_DECOUPLING = 70.0


def statement_of(
    name: str, out: Path, *, language: str = "both", pdf: bool = False, monitor: Path | None = None,
    repeats: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write statement.html, statement.json and, if asked, statement.en.pdf and statement.ru.pdf into `out`."""
    if language not in ("en", "ru", "both"):
        raise InputError(f"--lang: expected en, ru or both, got {language!r}; correct it")
    plan = scenario_of(name)
    watched = None if monitor is None else statement_watch.read(monitor)
    found = compute(plan, watched)
    found["repeats"] = [] if repeats is None else statement_repeats.read(repeats)
    html = page.render(found, language="ru" if language == "ru" else "en")
    body = msgspec.json.format(msgspec.json.encode(page.plain(found)), indent=1)
    files = {"statement.html": html.encode(), "statement.json": body + b"\n"}
    if pdf:
        for one in ("en", "ru") if language == "both" else (language,):
            files[f"statement.{one}.pdf"] = report.pdf(html, one)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            whole(out / file, lambda p, d=data: p.write_bytes(d))  # type: ignore[misc]
    except OSError as exc:
        raise InputError(
            f"--out: expected a folder that can be written, got {out} ({exc}); correct it"
        ) from None
    return page.plain(found) | {"out": str(out), "files": list(files)}


def compute(plan: scenario.Scenario, watched: Any = None) -> dict[str, Any]:
    """Everything that the pages tell, in full precision of the quanta."""
    sensors, rule, ask = scenario.sensors(plan), plan.rule, plan.statement
    law = relations.relation(ask.relation)
    spots = question.sites(ask)
    sizes = [law.mb(log10_(x.yield_kt / x.decoupling)) for x in ask.shot]
    maps = _maps(sensors, rule, ask)
    places = [Place(sensors, rule, s.longitude, s.latitude) for s in spots]
    table = [[sights(p, m, ask.tests, ask.spread) for p in places] for m in sizes]
    rows = [_shot_row(x, m, ask, spots, got) for x, m, got in zip(ask.shot, sizes, table, strict=True)]
    key = _key(rows)
    found: dict[str, Any] = {
        "title": plan.title, "title_ru": plan.title_ru or plan.title, "question": ask, "rule": rule, "detector": plan.detector,
        "stations": len(sensors), "arrays": sum(s.array for s in sensors), "sensors": sensors, "spots": spots,
        "given_sites": bool(ask.site), "networks": _networks(plan), "maps": maps, "sites": _site_rows(places, spots, law),
        "series": rows, "key": key, "law": law,
        "help": _help(sensors, rule, ask, spots, sizes[key]),
        "quota": None if ask.quota is None else _quota(ask.quota), "watched": watched,
    }  # fmt: skip
    found["digests"] = {
        "inputs": digest_of({"scenario": plan, "sensors": sensors}),
        "result": digest_of([rows, found["sites"], found["help"]["rows"], found["quota"]]),
        "code": code_digest(),
    }
    return found


def _maps(sensors: tuple[Sensor, ...], rule: Rule, ask: Question) -> dict[str, Any]:
    """Thresholds of the world and of the region on grids, rows from the south; means over what is seen."""
    w, e, s, n = question.WORLD
    world = _grid(
        sensors, rule, (w, e, s, n), round((e - w) / WORLD_STEP_DEG), round((n - s) / WORLD_STEP_DEG)
    )
    region = world if ask.region == question.WORLD else _region(sensors, rule, ask.region)
    return {
        "world": world[0], "region": region[0], "world_mean": _mean(*world), "region_mean": _mean(*region),
        "region_worst": _magnitude(float(np.max(region[0]))),
        "blind": quanta.probability(float(np.sum(region[1][~np.isfinite(region[0])]) / np.sum(region[1]))),
    }  # fmt: skip


def _region(sensors: tuple[Sensor, ...], rule: Rule, box: question.Box) -> tuple[Any, Any]:
    w, e, s, n = box
    return _grid(sensors, rule, box, REGION_CELLS, max(1, round(REGION_CELLS * (n - s) / (e - w))))


def _grid(sensors: tuple[Sensor, ...], rule: Rule, box: question.Box, nx: int, ny: int) -> tuple[Any, Any]:
    w, e, s, n = box
    lon, lat = np.meshgrid(w + (np.arange(nx) + 0.5) * (e - w) / nx, s + (np.arange(ny) + 0.5) * (n - s) / ny)
    mb = capability.thresholds(sensors, rule, lon.ravel(), lat.ravel()).reshape(ny, nx)
    return mb, np.cos(np.radians(lat))


def _mean(mb: Any, weight: Any) -> float | None:
    ok = np.isfinite(mb)
    if not ok.any():
        return None
    return quanta.magnitude(math.fsum((mb * weight)[ok].tolist()) / math.fsum(weight[ok].tolist()))


def _magnitude(x: float) -> float | None:
    return quanta.magnitude(x) if math.isfinite(x) else None


def _networks(plan: scenario.Scenario) -> list[dict[str, Any]]:
    return [
        {
            "table": part.table, "origin": scenario.provenance(part.table), "noise": part.noise_nm_s,
            "array_noise": part.array_noise_nm_s, "reliability": part.reliability,
            "size": len(scenario.table(part.table, part.noise_nm_s)),
        }
        for part in plan.network
    ]  # fmt: skip


def _site_rows(
    places: Sequence[Place], spots: Sequence[Spot], law: relations.Relation
) -> list[dict[str, Any]]:
    out = []
    for p, s in zip(places, spots, strict=True):
        m = p.threshold()
        kt = exp10_(law.log10_kt(m)) if m == m else None
        out.append(
            {
                "name": s.name, "name_ru": s.name_ru or s.name, "longitude": s.longitude, "latitude": s.latitude,
                "mb": _magnitude(m), "kt": None if kt is None else quanta.significant(kt, 2),
                "kt_decoupled": None if kt is None else quanta.significant(kt * FULL_DECOUPLING, 2),
            }
        )  # fmt: skip
    return out


def _shot_row(
    x: Shot, mb: float, ask: Question, spots: Sequence[Spot], got: Sequence[Sequence[Sight]]
) -> dict[str, Any]:
    """One test: the site where a series of it is seen least, the mean over sites, the independent bound."""
    last = len(ask.tests) - 1
    weakest = min(range(len(spots)), key=lambda i: (got[i][last].seen, i))
    at = got[weakest]
    mean = math.fsum(g[last].seen for g in got) / len(got)
    return {
        "yield_kt": x.yield_kt, "decoupling": x.decoupling, "mb": quanta.magnitude(mb),
        "weakest": spots[weakest].name, "weakest_ru": spots[weakest].name_ru or spots[weakest].name,
        "seen": [quanta.probability(s.seen) for s in at],
        "independent": [quanta.probability(s.independent) for s in at],
        "told": quanta.probability(at[last].told),
        "mean_over_sites": quanta.probability(mean),
        "by_site": [[quanta.probability(s.seen) for s in g] for g in got],
    }  # fmt: skip


def _key(rows: Sequence[dict[str, Any]]) -> int:
    """The test on which what would help is measured: of those not assured the one nearest to it, else the least assured."""
    open_ = [i for i, r in enumerate(rows) if r["seen"][-1] < ENOUGH]
    if open_:
        return max(open_, key=lambda i: (rows[i]["seen"][-1], -i))
    return min(range(len(rows)), key=lambda i: (rows[i]["seen"][-1], i))


def _help(
    sensors: tuple[Sensor, ...], rule: Rule, ask: Question, spots: Sequence[Spot], size: float
) -> dict[str, Any]:
    """Mean threshold of the region and the least chance of the key series (mb `size`), changed one thing at a time.

    Places of the region that nothing is seen from count as `siting.UNSEEN` here.
    """
    if ask.region == question.WORLD:
        # the mean of the world is lowered most in the far south, which helps none of the places asked about
        lon, lat = np.array([s.longitude for s in spots]), np.array([s.latitude for s in spots])
    else:
        lon, lat = siting.region(*ask.region, max(2.0, (ask.region[1] - ask.region[0]) / 40.0))
    target = Target(longitude=lon, latitude=lat, weight=np.ones(lon.size))
    rows: list[dict[str, Any]] = []

    def row(kind: str, with_: Sequence[Sensor], r: Rule, **said: Any) -> None:
        seen = min(
            sights(Place(with_, r, s.longitude, s.latitude), size, ask.tests[-1:], ask.spread)[0].seen
            for s in spots
        )
        mb, weight = _region(tuple(with_), r, ask.region)
        mean = _mean(np.where(np.isfinite(mb), mb, siting.UNSEEN), weight)
        rows.append({"kind": kind, "mean": mean, "seen": quanta.probability(seen)} | said)

    two = msgspec.structs.replace(rule, points=max(1, math.ceil(rule.points * 2 / 3)))
    row("now", sensors, rule)
    row("two", sensors, two)
    singles, chosen = _next(sensors, rule, ask, target, array=False)
    for k, s in enumerate(singles):
        row("station", [*sensors, *singles[: k + 1]], rule, code=s.code, longitude=s.longitude, latitude=s.latitude, order=k + 1)  # fmt: skip
    arrays, _ = _next(sensors, rule, ask, target, array=True)
    if arrays:
        row("arrays", [*sensors, *arrays], rule, count=len(arrays))
        row("arrays-two", [*sensors, *arrays], two, count=len(arrays))
    return {
        "rows": rows, "candidates": chosen,
        "points": (rule.points, two.points), "add": len(singles),
    }  # fmt: skip


def _next(
    sensors: tuple[Sensor, ...], rule: Rule, ask: Question, target: Target, *, array: bool
) -> tuple[tuple[Sensor, ...], int]:
    """The next stations where they may stand, by siting, in the order of what they buy; and from how many places."""
    n = ask.next
    if n.add == 0:
        return (), 0
    plan = assurance_siting.Plan(
        add=n.add, spacing_deg=n.spacing_deg, noise_nm_s=n.array_noise_nm_s if array else n.noise_nm_s, array=array
    )  # fmt: skip
    places: tuple[Candidate, ...] = assurance_siting.grid_candidates(plan, n.allowed or ask.region)
    if not places:
        return (), 0
    found = siting.choose(sensors, places, rule, target, n.add)
    return tuple(a.candidate.sensor for a in found.additions), len(places)


def _quota(q: question.Inspections) -> dict[str, Any]:
    """What the inspections are worth by the game and by lot; least number that keeps the gain of one violation at 0.1."""
    b = fraction(q.catch_payoff, "statement.quota.catch_payoff")
    stage = games.game(q.events, q.inspections, q.violations, b)
    one = games.game(q.events, q.inspections, 1, b)
    legal = q.events - q.violations
    return {
        "events": q.events, "inspections": q.inspections, "violations": q.violations, "catch_payoff": str(b),
        "value": quanta.quantise(float(stage.value), 4), "first": quanta.quantise(float(stage.inspect), 4),
        "value_of_one": quanta.quantise(float(one.value), 4),
        "by_lot": quanta.probability(float(games.at_random(q.events, q.inspections, q.violations))),
        "random_by_lot": quanta.probability(quota_random.by_lot(float(legal), q.inspections, q.violations)),
        "random_value": quanta.quantise(quota_random.value(float(max(q.events - 1, 0)), q.inspections, 1, b), 4),
        "needed": games.least_quota(q.events, 1, b, Fraction(1, 10)),
        "source": q.source, "source_ru": q.source_ru or q.source,
    }  # fmt: skip
