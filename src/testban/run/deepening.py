"""Depth of events whose picks do not hold it, from what was recorded behind their P.

Order: for every event without a depth of its own and no other near it within the hour, each station with a P says how unusual what came behind it is
(`detect.behind`, a station a unit); the network says which depth that speaks for and with what chance
(`locate.stacked_depth`); at a chance of at most CHANCE, and where no one delay for all stations does as well, the event is located anew with the depth held there. Twice, since the
place moves with the depth. The depth counts as fixed: it is no free parameter, and no evidence of what the event was.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import msgspec

from testban import detect, locate
from testban.base.canonical import pack
from testban.base.dmath import DEG, sincos_
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.base.records import Arrival, Channel, Event, Finding, Origin, Pick, Site
from testban.detect.behind import FIRST_S
from testban.earth import travel
from testban.locate.stacked import FAR_DEG, LEAST_STATIONS, NEAR_DEG, PHASES
from testban.run.detection import failed, read, unit_key
from testban.run.stations import Station
from testban.run.work import Report, Unit, do
from testban.store import Catalogue

CHANCE = 0.01
HELD_KM = 15.0  # a free depth with a smaller sigma is left as it is
SEQUENCE_DEG, SEQUENCE_NS = (
    3.0,
    3_600_000_000_000,
)  # another event so near: its aftershocks may come behind P everywhere alike
SAME_KM = 12.0  # the depth asked anew from the new place


class Onset(msgspec.Struct, frozen=True, kw_only=True):
    """A P of an event at the station of a job: its number in the job, the pick, and the slowness of the beam."""

    event: int
    pick_id: str
    time_ns: int
    slowness: tuple[float, float] | None


class BehindJob(msgspec.Struct, frozen=True, kw_only=True):
    """One station and the onsets behind which it is asked."""

    sources: tuple[str, ...]
    members: tuple[str, ...]
    station_key: str
    channels: tuple[Channel, ...]
    onsets: tuple[Onset, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one station says of one event, or why not."""

    event: int
    behind: detect.Behind | None = None
    failure: Finding | None = None


def deepened(
    events: Sequence[Event], picks: Sequence[Pick], stations: Sequence[Station], sources: Sequence[str], model: str,
    base_key: Sequence[Any], pool: Executor, catalogue: Catalogue, report: Report, *, fine: bool = False,
) -> tuple[tuple[Event, ...], tuple[Finding, ...]]:  # fmt: skip
    """The events, those whose recordings speak for a depth located there; and what failed."""
    asked = [open_depth(e) and not in_sequence(e, events) for e in events]
    owned = [x for s in stations for x in _jobs(s, events, asked, sources, model, fine)]
    jobs = [j for j, _ in owned]
    units = [
        Unit(
            stage="behind", subject=j.station_key, job=j,
            key=unit_key(base_key, "behind", j, j.members, [detect.needed_behind(o.time_ns) for o in j.onsets]),
        )
        for j in jobs
    ]  # fmt: skip
    heard: dict[int, list[detect.Behind]] = {}
    failures = []
    for b, (_, owners) in zip(do(units, behind_unit, pool, catalogue, report), owned, strict=True):
        for said in msgspec.msgpack.decode(b, type=list[Said]):
            if said.behind is not None:
                heard.setdefault(owners[said.event], []).append(said.behind)
            if said.failure is not None:
                failures.append(said.failure)
    by_id = {p.pick_id: p for p in picks}
    sites = {s.site.key: s.site for s in stations}
    out = [_deeper(e, heard.get(i, []), by_id, sites, model) for i, e in enumerate(events)]
    return tuple(out), tuple(failures)


def open_depth(event: Event) -> bool:
    """Whether the picks leave the depth open."""
    o = event.origin
    return o.depth_fixed or (o.depth_sigma_km or 0.0) > HELD_KM


def in_sequence(event: Event, events: Sequence[Event]) -> bool:
    """Whether another event came near it within the hour: the next shock of a sequence follows at one delay far and wide."""
    o = event.origin
    return any(
        e.event_id != event.event_id
        and abs(e.origin.time_ns - o.time_ns) <= SEQUENCE_NS
        and delaz_(o.longitude, o.latitude, e.origin.longitude, e.origin.latitude)[0] <= SEQUENCE_DEG
        for e in events
    )


def _jobs(
    s: Station, events: Sequence[Event], asked: Sequence[bool], sources: Sequence[str], model: str, fine: bool
) -> list[tuple[BehindJob, list[int]]]:
    """The jobs of a station, one or (fine) one for each onset, and the events that their onsets are numbered for."""
    onsets = []
    for i, e in enumerate(events):
        own = [a for a in e.arrivals if a.station_key == s.site.key and a.phase in ("P", "Pn") and a.defining]
        if not own or not asked[i]:
            continue
        a = min(own, key=lambda a: (a.time_ns, a.pick_id))
        delta, _, back = delaz_(e.origin.longitude, e.origin.latitude, s.site.longitude, s.site.latitude)
        if NEAR_DEG <= delta <= FAR_DEG:
            slowness = None
            if len(s.members) > 1:
                p = float(travel.load(model).predict("P1", e.origin.depth_km, delta)[1])
                sine, cosine = sincos_(back * DEG)
                slowness = (p * sine, p * cosine)
            onsets.append(Onset(event=i, pick_id=a.pick_id, time_ns=a.time_ns, slowness=slowness))
    groups = [[o] for o in onsets] if fine else [onsets] if onsets else []
    return [
        (
            BehindJob(
                sources=tuple(sources), members=s.members, station_key=s.site.key, channels=s.channels,
                onsets=tuple(msgspec.structs.replace(o, event=n) for n, o in enumerate(group)),
            ),
            [o.event for o in group],
        )
        for group in groups
    ]  # fmt: skip


def behind_unit(job: BehindJob) -> bytes:
    """What one station recorded behind every P of the job."""
    out = []
    for o in job.onsets:
        span = detect.needed_behind(o.time_ns)
        segments, _ = read(job.sources, job.members, span)
        try:
            got = detect.behind(job.station_key, o.pick_id, segments, job.channels, o.time_ns, o.slowness)
            out.append(Said(event=o.event, behind=got))
        except Exception as exc:  # noqa: BLE001 - one station that fails must not cost the others; it is reported
            out.append(Said(event=o.event, failure=failed(job.station_key, "depth", exc, span)))
    return pack(out)


def _deeper(
    event: Event,
    heard: Sequence[detect.Behind],
    picks: Mapping[str, Pick],
    sites: Mapping[str, Site],
    model: str,
) -> Event:
    """The event at the depth that its recordings speak for, or as it was."""
    if len(heard) < LEAST_STATIONS:
        return event
    rows = [(picks[a.pick_id], _label(a.phase)) for a in event.arrivals if a.defining or a.score is not None]
    o = event.origin
    try:
        curve = locate.depth_curve(
            rows,
            sites,
            locate.Settings(model=model, search=False),
            (o.longitude, o.latitude, o.depth_km, o.time_ns),
        )
    except InputError:
        curve = ()
    first = _stack(event, heard, curve, sites, model)
    moved = None if first is None else _held(event, first, picks, sites, model)
    again = None if moved is None else _stack(moved, heard, curve, sites, model)
    if first is None or moved is None or again is None or abs(again.depth_km - first.depth_km) > SAME_KM:
        return event
    return _held(moved, again, picks, sites, model) or event


def _stack(
    event: Event,
    heard: Sequence[detect.Behind],
    curve: Sequence[locate.DepthPoint],
    sites: Mapping[str, Site],
    model: str,
) -> locate.Stacked | None:
    rows = []
    for b in heard:
        s, o = sites[b.station_key], event.origin
        delta = delaz_(o.longitude, o.latitude, s.longitude, s.latitude)[0]
        rows.append(
            locate.Heard(
                longitude=s.longitude,
                latitude=s.latitude,
                delta_deg=delta,
                first_s=FIRST_S,
                step_s=b.step_s,
                share=b.share(),
            )
        )
    found = locate.stacked_depth(rows, model, curve)
    return found if found is not None and found.chance <= CHANCE and found.recorded > found.alike else None


def _held(
    event: Event, found: locate.Stacked, picks: Mapping[str, Pick], sites: Mapping[str, Site], model: str
) -> Event | None:
    """The event located with the depth held; None where fewer picks agree with a place there."""
    rows = [(picks[a.pick_id], _label(a.phase)) for a in event.arrivals if a.defining or a.score is not None]
    settings = locate.Settings(model=model, search=False, whitened=True, fixed_depth_km=found.depth_km)
    o = event.origin
    late = 0.09 * (found.depth_km - o.depth_km)  # s: some way up; the fit finds the rest
    start = (o.longitude, o.latitude, found.depth_km, o.time_ns + round(late * 1e9))
    try:
        located = locate.locate(rows, sites, settings, start)
    except InputError:
        return None
    before = sum(a.defining for a in event.arrivals)
    if sum(a.defining for a in located.arrivals) < before - (before >= 6):
        return None
    score = {a.pick_id: a.score for a in event.arrivals}
    arrivals = [msgspec.structs.replace(a, score=score[a.pick_id]) for a in located.arrivals]
    done = {a.pick_id for a in arrivals}
    later = [
        _later(a, located.origin, sites[a.station_key], model)
        for a in event.arrivals
        if a.pick_id not in done
    ]
    reason = (
        f"fixed where pP and sP stand out behind P at {found.n_stations} stations (chance {found.chance:.3f})"
    )
    origin = msgspec.structs.replace(located.origin, depth_reason=reason)
    return msgspec.structs.replace(event, origin=origin, arrivals=(*arrivals, *later))


def _label(phase: str) -> str:
    return phase if phase in PHASES else phase[:1]


def _later(a: Arrival, origin: Origin, site: Site, model: str) -> Arrival:
    """A pick that takes no part in the location, seen from the new origin; no residual where the tables lack the phase."""
    table, residual = travel.load(model), None
    delta, azimuth, back = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
    if a.phase in table.phases:
        t = float(table.predict(a.phase, origin.depth_km, delta)[0])
        residual = None if t != t else (a.time_ns - origin.time_ns) / 1e9 - t
    return msgspec.structs.replace(
        a, distance_deg=delta, azimuth_deg=azimuth, backazimuth_deg=back, residual_s=residual
    )
