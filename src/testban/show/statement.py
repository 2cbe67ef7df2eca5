"""The statement for a decision maker: two pages in both languages, what is assured, what is not, what would help.

Rules: those of `report`; every number carries the number of the assumption that it rests on; where a series would probably
not be seen, the page says so before anything else that is good.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from testban.base.errors import InputError
from testban.show import report, statement_map, texts
from testban.show.footprint import lost
from testban.show.statement_notes import assumptions, not_assured, provenance
from testban.show.texts import Both, comma, fixed, num, position, sig, t

LEFT_OUT = ("maps", "sensors", "spots", "question", "law", "watched")


def plain(found: dict[str, Any]) -> dict[str, Any]:
    """What machines read: the numbers without the grids, with the question and every assumption in English."""
    out = {k: v for k, v in found.items() if k not in LEFT_OUT}
    maps = found["maps"]
    out["maps"] = {k: maps[k] for k in ("world_mean", "region_mean", "region_worst", "blind")}
    out["statement"] = msgspec.to_builtins(found["question"])
    out["rule"] = msgspec.to_builtins(found["rule"])
    out["detector"] = msgspec.to_builtins(found["detector"])
    out["watched"] = found["watched"]
    out["assumptions"] = [a.en for a in assumptions(found)]
    out["not_assured"] = [a.en for a in not_assured(found)]
    out["relation"] = found["law"].name
    return out


def render(found: dict[str, Any], language: str = "en") -> str:
    """The page as one self-contained HTML text; `language` is shown first. InputError for another than en or ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    ask = found["question"]
    first = statement_map.first_of(found["maps"]["world"], found["maps"]["region"])
    whole_world = ask.region == statement_map.WORLD_BOX
    values: dict[str, Any] = {
        "language": language,
        "title": Both(found["title"], found["title_ru"]),
        "period": Both(ask.period, ask.period_ru or ask.period),
        "headline": headline(found),
        "rule": rule(found),
        "world": statement_map.draw(
            statement_map.WORLD_BOX, found["maps"]["world"], found["sensors"], found["spots"],
            t("Magnitude seen, world"), names=whole_world, first=first,
        ),
        "region": None if whole_world else statement_map.draw(
            ask.region, found["maps"]["region"], found["sensors"], found["spots"], t("Magnitude seen, region"), names=True,
            first=first,
        ),
        "legend": statement_map.legend(first),
        "means": means(found),
        "sites": [_site(r) for r in found["sites"]],
        "tests": [str(n) for n in ask.tests],
        "shots": [_shot(r) for r in found["series"]],
        "bad": not_assured(found),
        "help": [_help(r, found) for r in found["help"]["rows"]],
        "help_head": _help_head(found),
        "quota": [] if found["quota"] is None else quota(found["quota"]),
        "watched": [] if found["watched"] is None else [_watched(s) for s in found["watched"]["sites"]],
        "repeats": [_repeats(s) for s in found.get("repeats", [])],
        "watched_simulated": found["watched"] is not None and found["watched"]["simulated"],
        "assumptions": assumptions(found),
        "provenance": provenance(found),
        "digests": found["digests"],
    }  # fmt: skip
    return report.fill("statement.html.j2", values)


def test_name(row: dict[str, Any]) -> Both:
    """A test in words."""
    kt = f"{row['yield_kt']:g}"
    if row["decoupling"] == 1.0:
        return t("{kt} kt, tamped in hard rock", kt=comma(kt))
    return t("{kt} kt, muffled {d:time|times}", kt=comma(kt), d=comma(f"{row['decoupling']:g}"))


def chance(p: float) -> str:
    """A probability with three decimals; what is neither nothing nor certain is not written as if it were."""
    if p < 0.0005:
        return "<0.001"
    return ">0.999" if p > 0.9995 else fixed(p, 3)


def _chance(p: float) -> Both:
    return comma(chance(p))


def headline(found: dict[str, Any]) -> list[Both]:
    """First what is not seen, then what is."""
    n = found["question"].tests[-1]
    rows = found["series"]
    bad = [r for r in rows if r["seen"][-1] < 0.5]
    good = [r for r in rows if r["seen"][0] >= 0.9]
    late = [r for r in rows if r["seen"][-1] >= 0.9 and r["seen"][0] < 0.9]
    said = []
    if bad:
        said.append(
            t(
                "A series of {n} would probably NOT be seen at the place where this network is weakest: {what}.",
                n=n, what=_list(bad),
            )
        )  # fmt: skip
    if good:
        said.append(t("Even a single test is seen with 90 % or more at every place asked about: {what}.", what=_list(good)))  # fmt: skip
    if late:
        said.append(
            t("Not each test but a series of {n} is seen with 90 % or more: {what}.", n=n, what=_list(late))
        )
    rest = [r for r in rows if r not in bad and r not in good and r not in late]
    if rest:
        said.append(t("Neither assured nor unlikely (50 to 90 % for {n:test|tests}): {what}.", n=n, what=_list(rest)))  # fmt: skip
    return said


def _list(rows: Sequence[dict[str, Any]]) -> Both:
    return texts.joined([test_name(r) for r in rows], "; ")


def rule(found: dict[str, Any]) -> Both:
    """Network and rule."""
    r = found["rule"]
    return t(
        "{n:station|stations}; arrays among them: {a}. An event is formed from at least {k:point|points}: {s} for a station, {b} for an array; probability {p} %.",
        n=found["stations"], a=found["arrays"], k=r.points, s=r.station_points, b=r.array_points, p=num(100 * r.level, 0),
    )  # fmt: skip


def means(found: dict[str, Any]) -> Both:
    """Thresholds in a sentence."""
    m, level = found["maps"], num(100 * found["rule"].level, 0)
    if found["question"].region == statement_map.WORLD_BOX:
        said = [t("Seen with {p} %: mb {a} in the mean of the world.", p=level, a=num(m["world_mean"], 2))]
    else:
        said = [
            t(
                "Seen with {p} %: mb {a} in the mean of the region, {w} at its worst place; mb {b} in the mean of the world.",
                p=level, a=num(m["region_mean"], 2), w=num(m["region_worst"], 2), b=num(m["world_mean"], 2),
            )
        ]  # fmt: skip
    if m["blind"]:
        said.append(t("Nothing is seen in {q} % of the region.", q=num(100 * m["blind"], 1)))
    return texts.joined(said)


def _site(r: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": Both(r["name"], r["name_ru"]), "place": position(r["longitude"], r["latitude"], 1),
        "mb": num(r["mb"], 2), "kt": comma(sig(r["kt"], 2)), "decoupled": comma(sig(r["kt_decoupled"], 2)),
    }  # fmt: skip


def _shot(r: dict[str, Any]) -> dict[str, Any]:
    last = r["seen"][-1]
    return {
        "name": test_name(r), "mb": num(r["mb"], 2), "weakest": Both(r["weakest"], r["weakest_ru"]),
        "seen": [_chance(p) for p in r["seen"]], "mean": _chance(r["mean_over_sites"]),
        "told": _chance(r["told"]), "independent": _chance(r["independent"][-1]), "class": "no" if last < 0.5 else "yes" if last >= 0.9 else "",
    }  # fmt: skip


def _help_head(found: dict[str, Any]) -> Both:
    row = found["series"][found["key"]]
    return t(
        "Seen of {n:test|tests} of {what}, at the place where that is least", n=found["question"].tests[-1], what=test_name(row)
    )  # fmt: skip


def _help(r: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    a, b = found["help"]["points"]
    names = {
        "now": lambda: t("as it is"),
        "two": lambda: t("the rule alone: {b:point|points} instead of {a}", a=a, b=b),
        "station": lambda: t("station {k} more, near {place}", k=r["order"], place=position(r["longitude"], r["latitude"], 0)),
        "arrays": lambda: t("{n:array|arrays} instead", n=r["count"]),
        "arrays-two": lambda: t("these arrays and the rule of {b:point|points}", b=b),
    }  # fmt: skip
    start = found["help"]["rows"][0]
    return {
        "name": names[r["kind"]](), "mean": num(r["mean"], 2), "gain": num(start["mean"] - r["mean"], 2),
        "seen": _chance(r["seen"]),
    }  # fmt: skip


def quota(q: dict[str, Any]) -> list[Both]:
    """The inspections in sentences."""
    said = [
        t(
            "{m:inspection|inspections} of {n:undetermined event|undetermined events} a year: one hidden test among them succeeds against the best play with value {v} (payoff of a catch {b}); with {k:test|tests} and events drawn by lot, at least one is met with {p}.",
            m=q["inspections"], n=q["events"], v=num(-q["value_of_one"], 3), b=q["catch_payoff"], k=q["violations"],
            p=num(q["by_lot"], 3),
        )
    ]  # fmt: skip
    if q["needed"] is not None:
        said.append(
            t(
                "With {m:inspection|inspections} the value of one hidden test would be down to 0.1.",
                m=q["needed"],
            )
        )
    if q.get("random_by_lot") is not None:
        said.append(
            t(
                "Where the number of such events is itself random (Poisson, mean {n}): {p} by lot, value {v} for one test.",
                n=q["events"], p=num(q["random_by_lot"], 3), v=num(-q["random_value"], 3),
            )
        )  # fmt: skip
    if q["source"]:
        said.append(
            t("Numbers of events and inspections: {source}.", source=Both(q["source"], q["source_ru"]))
        )
    return said


def _repeats(s: dict[str, Any]) -> dict[str, Any]:
    sign = not s["absolute"]
    return {
        "name": s["name"], "hours": num(s["hours"], 1), "detections": s["detections"], "sign": sign,
        "rate": comma(sig(s["false_alarms_per_year"])), "median": num(s["median"], 2, sign=sign),
        "largest": num(s["largest"], 2, sign=sign), "far": texts.DASH if s["far"] is None else lost(s["far"]),
    }  # fmt: skip


def _watched(s: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": s["name"], "days": s["days"], "span": s["first"] if s["first"] == s["last"] else f"{s['first']} … {s['last']}",
        "median": num(s["median"], 2), "largest": num(s["largest"], 2), "above": s["above"],
        "unwatched": s["unwatched"], "minutes": s["minutes"],
    }  # fmt: skip
