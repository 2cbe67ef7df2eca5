"""The page of a follower: the newest events, what has changed, how the stations and servers are, and the days. Both languages.

Rules: those of `report`; it shows what latest.json holds, this file only lays out. It asks the browser to load it again, and says so where it is old.
"""

import re
from typing import Any

from markupsafe import Markup

from testban.base.errors import InputError
from testban.base.records import Verdict
from testban.show import evidence, report, texts
from testban.show.headline import ORDER
from testban.show.reasons import reason
from testban.show.texts import DASH, N_, Both, fixed, joined, num, position, t

CHANGES = {"appeared": N_("appeared"), "revised": N_("revised"), "withdrawn": N_("withdrawn")}
TROUBLES = [
    (re.compile(pattern), msgid)
    for pattern, msgid in (
        (r"nothing recorded yet of (?P<day>\S+)", N_("nothing recorded yet of {day}")),
        (
            r"nothing for (?P<n>[\d.]+) s",
            N_("nothing came for {n:second|seconds}; the connection is made anew"),
        ),
        (r"no record has come yet", N_("no record has come yet")),
        (
            r"the server ended the connection|a closed connection",
            N_("the server ended the connection; it is made anew"),
        ),
        (
            r"Connection refused|No route to host|timed out",
            N_("the server cannot be reached; it is tried again"),
        ),
        (r"expected \S+ to accept .*, got .*", N_("the server does not give this station")),
        (r"(?P<path>\S+) cannot be written: .*", N_("{path} cannot be written: free disk space")),
    )
]


def render(facts: dict[str, Any], language: str = "en") -> str:
    """The page as one self-contained HTML text; `language` is shown first. InputError for another than en or ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    stations = [_station(s) for s in facts["stations"]]
    values = {
        **facts, "language": language, "script": Markup(report._resource("script.js")),  # noqa: S704 - our own file
        "every": fixed(facts["every_s"], 0),
        "stale_ms": round(3000 * (facts["every_s"] + facts["took"]["seconds"])),
        "latency": t("{n:second|seconds}", n=fixed(facts["latency_s"], 0)), "every_words": t("{n:second|seconds}", n=fixed(facts["every_s"], 0)),
        "events": [_event(e) for e in facts["events"]], "changes": [_change(c) for c in facts["changes"]],
        "stations": stations, "n_behind": sum(s["behind"] for s in facts["stations"]),
        "troubles": [{"of": x["of"], "said": _trouble(x["said"])} for x in facts["troubles"]],
        "seconds": num(facts["took"]["seconds"], 1), "cpu": num(facts["took"]["cpu_s"], 1),
    }  # fmt: skip
    return report.fill("live.html.j2", values)


def _trouble(said: str) -> Both:
    for pattern, msgid in TROUBLES:
        if m := pattern.match(said):
            return t(msgid, **m.groupdict())
    return reason(said)


def _verdict(name: str | None) -> dict[str, Any]:
    if name is None:
        return {"verdict": t("not assessed"), "class": "vu"}
    v = Verdict(name)
    return {"verdict": t(evidence.VERDICTS[v]), "class": evidence.VERDICT_CLASS[v]}


def _sizes(magnitudes: dict[str, float]) -> str:
    order = sorted(magnitudes, key=lambda k: (ORDER.index(k) if k in ORDER else len(ORDER), k))
    return ", ".join(f"{kind} {fixed(magnitudes[kind], 1)}" for kind in order) or DASH


def _event(e: dict[str, Any]) -> dict[str, Any]:
    anchor = f"#e{e['number']}" if e.get("number") else ""
    return {
        "time": e["time"], "place": position(e["longitude"], e["latitude"]), "depth": fixed(e["depth_km"], 0) + ("f" if e["depth_fixed"] else ""),
        "axis": fixed(e["smajor_km"], 0), "stations": e["n_stations"], "magnitude": _sizes(e["magnitudes"]), "name": e["event"],
        "link": f"{e['day']}/report.html{anchor}", **_verdict(e["assessment"]),
    }  # fmt: skip


def _change(c: dict[str, Any]) -> dict[str, Any]:
    kind = c["change"]
    return {
        **_event(c),
        "known_at": c["known_at"],
        "change": t(CHANGES[kind]),
        "kind": kind,
        "moved": moves(c["moved"]),
    }


def moves(moved: dict[str, Any]) -> Both:
    """What has moved, in words."""
    out: list[Both] = []
    if "km" in moved:
        out.append(t("{km} km", km=num(moved["km"], 1)))
    if "time_s" in moved:
        out.append(t("{s} s", s=num(moved["time_s"], 2, sign=True)))
    if "depth_km" in moved:
        out.append(t("depth {a} to {b} km", a=num(moved["depth_km"][0], 0), b=num(moved["depth_km"][1], 0)))
    if "n_stations" in moved:
        a, b = moved["n_stations"]
        out.append(t("{a} to {n:station|stations}", a=a, n=b))
    for kind in ORDER:
        if kind in moved:
            a, b = (num(x, 1) for x in moved[kind])
            out.append(t("{kind} {a} to {b}", kind=kind, a=a, b=b) if moved[kind][0] else joined([kind, b]))
    if "assessment" in moved:
        out.append(_verdict(moved["assessment"][1])["verdict"])
    return joined(out, "; ")


def _station(s: dict[str, Any]) -> dict[str, Any]:
    note: Both | str = ""
    if s["last"] is None:
        note = t("no data yet")
    elif s["ahead_s"] is not None:
        note = t("clock ahead by {s} s", s=num(s["ahead_s"], 0))
    elif s["behind"]:
        note = t("behind")
    elif s["up"] is None:
        note = t("not used")
    return {
        "station": s["station"], "last": s["last"] or DASH, "latency": fixed(s["latency_s"], 0), "note": note, "loud": bool(s["behind"] or s["ahead_s"]),
        "up": DASH if s["up"] is None else fixed(100 * s["up"], 1), "gaps": DASH if s["gaps"] is None else s["gaps"],
    }  # fmt: skip
