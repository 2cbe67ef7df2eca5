"""What people and programs who look in are shown: latest.json and index.html.

Rules: both are replaced whole; the page says nothing that latest.json does not; a station is behind when its newest sample is older than the latency
that bulletins allow, and ahead when it is from the future.
"""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from testban.base.spans import Span, total_s
from testban.base.times import DAY_NS, NS_PER_S, day_start, format_time
from testban.run.batch import Done
from testban.run.changing import Change, Known
from testban.run.collecting import AHEAD_S
from testban.run.detection import open_source
from testban.run.stations import Station
from testban.show import live
from testban.store import durable

if TYPE_CHECKING:
    from testban.run.following import Follower

MOST = 30  # events, changes and days that are shown


def recent(lines: Sequence[str], before: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The newest changes, newest last, as the page shows them."""
    out = list(before)
    for line in lines[-MOST:]:
        try:
            change = msgspec.json.decode(line, type=Change)
        except (msgspec.MsgspecError, UnicodeError):
            continue
        out.append(
            {
                "known_at": change.known_at,
                "change": change.change,
                "moved": change.moved,
                **_event(change.known),
            }
        )
    return out[-MOST:]


def _event(k: Known) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(k)
    return {name: value for name, value in row.items() if name not in ("arrivals", "time_ns")}


def write(f: "Follower", now: int, edge: int, took: dict[str, float]) -> None:
    """Write latest.json and index.html of a follower after a turn."""
    state = f.collector_state()
    facts = {
        "made": format_time(f.clock.now(), 0), "edge": format_time(edge, 0), "every_s": f.plan.every_s, "latency_s": f.plan.latency_s,
        "took": took, "simulated": f.plan.simulated, "events": _events(f), "changes": f.recent[::-1],
        "stations": _stations(f, now, edge, state), "servers": state.get("links", []), "days": _days(f),
        "troubles": [{"of": k, "said": v} for k, v in sorted((f.troubles | _troubles(state)).items())],
    }  # fmt: skip
    durable.replace(
        f.plan.out / "latest.json", (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
    )
    durable.replace(f.plan.out / "index.html", live.render(facts, f.configuration.language).encode())


def _troubles(state: dict[str, Any]) -> dict[str, str]:
    out = {"disk": state["disk"]} if state.get("disk") else {}
    for link in state.get("links", ()):
        if not link["connected"]:
            out[link["name"]] = link["said"] or "no record has come yet"
        out |= {f"{link['name']} {key}": said for key, said in link["refused"].items()}
    return out


def _events(f: "Follower") -> list[dict[str, Any]]:
    """The newest events, each with its number in the report of its day where that was made by this process."""
    numbers = {
        (day, e.event_id): i + 1 for day, done in f.done.items() for i, e in enumerate(done.bulletin.events)
    }
    rows = [k for day in f.known.values() for k in day.values()]
    rows.sort(key=lambda k: (k.time_ns, k.event), reverse=True)
    return [{**_event(k), "number": numbers.get((day_start(k.time_ns), k.event_id))} for k in rows[:MOST]]


def _days(f: "Follower") -> list[dict[str, Any]]:
    made = sorted(
        (
            p.parent.name
            for p in f.plan.out.glob("*/report.html")
            if re.fullmatch(r"\d{4}-\d\d-\d\d", p.parent.name)
        ),
        reverse=True,
    )
    done = {format_time(day, 0)[:10]: d for day, d in f.done.items()}
    return [
        {"day": name, "events": len(done[name].bulletin.events), "bulletin": done[name].digests["bulletin"]} if name in done
        else {"day": name, "events": None, "bulletin": None}
        for name in made[:MOST]
    ]  # fmt: skip


def _stations(f: "Follower", now: int, edge: int, state: dict[str, Any]) -> list[dict[str, Any]]:
    """Last sample, latency, gaps and share of time of every station since midnight (or since it was first seen that day)."""
    last: dict[str, int] = {}
    for u in open_source(f.sources).units(day_start(edge) - f.plan.back * DAY_NS, now + 366 * DAY_NS):
        last[u.station_key] = max(last.get(u.station_key, 0), u.span.end_ns)
    done = f.done.get(day_start(edge))
    sites = {s.site.key: s for s in done.stations} if done else {}
    members = {m for s in sites.values() for m in s.members}
    rows = [_row(key, max(last.get(m, 0) for m in s.members), s, done, now, edge) for key, s in sites.items()]
    rows += [_row(key, last[key], None, done, now, edge) for key in sorted(last) if key not in members]
    known = {*members, *last}
    rows += [_row(key, 0, None, done, now, edge) for key in sorted(f.asked - known)]
    for row in rows:
        row["ahead_s"] = state.get("ahead", {}).get(row["station"], row["ahead_s"])
        row["behind"] = row["latency_s"] is None or row["latency_s"] > f.plan.latency_s
    return sorted(rows, key=lambda r: r["station"])


def _row(
    key: str, last: int, station: Station | None, done: Done | None, now: int, edge: int
) -> dict[str, Any]:
    up = next((s.up for s in done.bulletin.sites if s.key == key), None) if done and station else None
    asked = Span(day_start(edge), edge)
    return {
        "station": key, "last": format_time(last, 1) if last else None, "latency_s": round((now - last) / NS_PER_S, 1) if last else None,
        "up": None if up is None else round(min(1.0, total_s(up) / asked.duration_s), 4), "gaps": None if up is None else max(0, len(up) - 1),
        "ahead_s": round((last - now) / NS_PER_S, 1) if last > now + AHEAD_S * NS_PER_S else None,
    }  # fmt: skip
