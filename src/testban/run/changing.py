"""What has changed between two bulletins of one day: events that appeared, were revised or were withdrawn.

Rules: an event is the one that it was if it shares at least two arrivals with it (a station, to the second), the majority of the smallest event;
of several the pair that shares most is one, ties by origin time and name; its name is that under which it was first known.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from testban.base.geo import delaz_
from testban.base.records import Event
from testban.base.times import NS_PER_S, format_time
from testban.base.words import counted

SHARED = 2  # arrivals
SAME_NS = NS_PER_S
KM_PER_DEG = 111.2


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was last told of. event: its lasting name; arrivals: (station, time ns) of what it rests on."""

    day: str
    event: str
    event_id: str
    time: str
    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    depth_fixed: bool
    smajor_km: float
    n_stations: int
    magnitudes: dict[str, float]
    assessment: str | None
    arrivals: tuple[tuple[str, int], ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of changes.jsonl. change: "appeared", "revised" or "withdrawn"; known_at: when; edge: up to when recordings were used."""

    known_at: str
    edge: str
    change: str
    moved: dict[str, Any]
    known: Known


def known(event: Event, day: str, name: str = "") -> Known:
    """An event as it is told of, rounded to what is published."""
    o = event.origin
    return Known(
        day=day, event=name or event.event_id, event_id=event.event_id, time=format_time(o.time_ns, 2), time_ns=o.time_ns,
        longitude=round(o.longitude, 4), latitude=round(o.latitude, 4), depth_km=round(o.depth_km, 2), depth_fixed=o.depth_fixed,
        smajor_km=round(o.ellipse.smajor_km, 2), n_stations=o.n_stations,
        magnitudes={m.kind: round(m.value, 2) for m in event.magnitudes if not m.bound},
        assessment=event.assessment.verdict.value if event.assessment else None,
        arrivals=tuple(sorted((a.station_key, a.time_ns) for a in event.arrivals)),
    )  # fmt: skip


def compare(
    before: Sequence[Known], events: Sequence[Event], day: str, known_at: str, edge: str
) -> tuple[list[Known], list[Change]]:
    """The events as they are known now, and what has changed against `before`, in order of time."""
    old = sorted(before, key=lambda k: (k.time_ns, k.event))
    fresh = [known(e, day) for e in events]
    pairs = []
    for i, o in enumerate(old):
        for j, f in enumerate(fresh):
            shared = _shared(o, f)
            if shared >= min(SHARED, len(o.arrivals), len(f.arrivals)) and shared:
                pairs.append((-shared, abs(o.time_ns - f.time_ns), o.event, f.event_id, i, j))
    match: dict[int, int] = {}
    for *_, i, j in sorted(pairs):
        if i not in match and j not in match.values():
            match[i] = j
    names = {j: old[i].event for i, j in match.items()}
    now = [msgspec.structs.replace(f, event=names.get(j, f.event)) for j, f in enumerate(fresh)]
    now = _distinct(now, names)
    changes: list[tuple[str, dict[str, Any], Known]] = [
        ("withdrawn", {}, o) for i, o in enumerate(old) if i not in match
    ]
    changes += [("appeared", {}, k) for j, k in enumerate(now) if j not in names]
    changes += [
        ("revised", moved(old[i], now[j]), now[j]) for i, j in match.items() if _differs(old[i], now[j])
    ]
    changes.sort(key=lambda c: (c[2].time_ns, c[2].event, c[0]))
    return now, [Change(known_at=known_at, edge=edge, change=c, moved=m, known=k) for c, m, k in changes]


def _distinct(now: list[Known], names: dict[int, str]) -> list[Known]:
    """A new event whose name an older one bears already is told apart."""
    taken = set(names.values())
    return [
        msgspec.structs.replace(k, event=f"{k.event}b") if j not in names and k.event in taken else k
        for j, k in enumerate(now)
    ]


def _shared(a: Known, b: Known) -> int:
    times: dict[str, list[int]] = {}
    for station, t in b.arrivals:
        times.setdefault(station, []).append(t)
    return sum(any(abs(t - u) <= SAME_NS for u in times.get(station, ())) for station, t in a.arrivals)


def _differs(a: Known, b: Known) -> bool:
    return msgspec.structs.replace(a, arrivals=()) != msgspec.structs.replace(b, arrivals=())


def moved(a: Known, b: Known) -> dict[str, Any]:
    """How far an event has moved from one revision to the next; what is the same is left out."""
    out: dict[str, Any] = {}
    if (a.longitude, a.latitude) != (b.longitude, b.latitude):
        out["km"] = round(delaz_(a.longitude, a.latitude, b.longitude, b.latitude)[0] * KM_PER_DEG, 1)
    if a.time_ns != b.time_ns:
        out["time_s"] = round((b.time_ns - a.time_ns) / NS_PER_S, 2)
    for name in ("depth_km", "smajor_km", "n_stations"):
        if getattr(a, name) != getattr(b, name):
            out[name] = [getattr(a, name), getattr(b, name)]
    for kind in sorted({*a.magnitudes, *b.magnitudes}):
        if a.magnitudes.get(kind) != b.magnitudes.get(kind):
            out[kind] = [a.magnitudes.get(kind), b.magnitudes.get(kind)]
    if a.assessment != b.assessment:
        out["assessment"] = [a.assessment, b.assessment]
    return out


def replayed(lines: Sequence[str]) -> dict[str, dict[str, Known]]:
    """What is known by day and name after the lines of changes.jsonl."""
    out: dict[str, dict[str, Known]] = {}
    for line in lines:
        try:
            change = msgspec.json.decode(line, type=Change)
        except (msgspec.MsgspecError, UnicodeError):
            continue
        day = out.setdefault(change.known.day, {})
        day.pop(change.known.event, None)
        if change.change != "withdrawn":
            day[change.known.event] = change.known
    return out


def told(c: Change) -> str:
    """A change in one line for people."""
    k = c.known
    sizes = " ".join(f"{kind} {value:.1f}" for kind, value in sorted(k.magnitudes.items())) or "no magnitude"
    place = f"{abs(k.latitude):.2f}{'NS'[k.latitude < 0]} {abs(k.longitude):.2f}{'EW'[k.longitude < 0]}"
    text = f"{c.change:9}  {k.time}  {place}  ±{k.smajor_km:.0f} km  {counted(k.n_stations, 'station|stations')}  {sizes}  {k.assessment or 'not assessed'}"
    return f"{text}  [{k.event}]" + (f"  moved: {_words(c.moved)}" if c.moved else "")


def _words(moves: dict[str, Any]) -> str:
    return ", ".join(
        f"{k} {v:g}"
        if not isinstance(v, list)
        else f"{k} {v[1]}"
        if v[0] is None
        else f"{k} {v[0]} to {v[1]}"
        for k, v in moves.items()
    )
