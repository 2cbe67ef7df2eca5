"""One stage alone, tables in and tables out: detect, associate, locate.

Rules: each does what the main job does at that place, with the same functions and settings; rows that cannot be used
are counted and reported, never guessed; a pick table carries no up-time, so that silence says nothing there. Every
file is written whole or not at all.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from testban import associate as room
from testban import detect as station_processing
from testban import formats
from testban import locate as locator
from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.inventory import Inventory
from testban.base.records import Event, Finding, Pick, Site
from testban.base.times import format_time
from testban.formats import csvio, quakeml, quakeml_rows, tables
from testban.formats.waveforms import read_bytes
from testban.run.configuration import Configuration
from testban.run.detection import Detected, detect_stations, open_source, tidy
from testban.run.naming import event_id
from testban.run.outputs import whole
from testban.run.process import Progress
from testban.run.provenance import code_digest
from testban.run.stations import find_stations
from testban.run.work import executor
from testban.store import Catalogue, durable

DISCARDED_COLUMNS = ("time", "longitude", "latitude", "depth_km", "score", "reason", "n_picks", "pick_ids")


class Formed(msgspec.Struct, frozen=True, kw_only=True):
    """Events formed from picks, why they stand (by their names), what was discarded, and what was odd."""

    events: tuple[Event, ...]
    explanations: tuple[room.Explanation, ...]
    discarded: tuple[room.Discarded, ...]
    picks: tuple[Pick, ...]
    sites: tuple[Site, ...]
    findings: tuple[Finding, ...]


_Rows = tuple[tuple[Pick, str], ...]


class Relocated(msgspec.Struct, frozen=True, kw_only=True):
    """Located events, picks that they rest on, and what was odd or could not be located."""

    events: tuple[Event, ...]
    picks: tuple[Pick, ...]
    sites: tuple[Site, ...]
    findings: tuple[Finding, ...]


def detect(
    sources: Sequence[str], inventory_paths: Sequence[str | Path], out: Path, configuration: Configuration, *,
    start_ns: int | None = None, end_ns: int | None = None, weak: bool = False, simulated: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Detected:  # fmt: skip
    """Recordings to picks.csv, noise.csv, stations.csv and findings.csv; the same call goes on where it stopped.

    weak: also picks below the threshold, marked as such.
    """
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    stations, left_out = find_stations(source, inventory, start_ns, end_ns)
    base_key = [code_digest(), configuration.digest()]
    settings = station_processing.Settings(
        threshold_factor=configuration.threshold_factor,
        weak_power=station_processing.WEAK_POWER if weak else 1.0,
    )
    catalogue = Catalogue(durable.folder(out) / "catalogue.sqlite")
    try:
        with executor(configuration.executor, configuration.workers) as pool:
            found = detect_stations(
                sources, stations, settings, base_key, pool, catalogue, lambda a, b: progress("detect", a, b)
            )
    finally:
        catalogue.close()
    said = tidy([*inventory.findings, *source.findings, *left_out, *found.findings])
    found = msgspec.structs.replace(found, findings=said)
    _table(out / "picks.csv", lambda p: tables.write_picks(p, found.picks, found.sites), simulated)
    _table(out / "noise.csv", lambda p: tables.write_noise(p, found.noise), simulated)
    _table(out / "stations.csv", lambda p: tables.write_stations(p, found.sites), simulated)
    _table(out / "findings.csv", lambda p: tables.write_findings(p, found.findings), simulated)
    return found


def associate(
    picks_path: Path, stations_path: Path | None, out: Path, settings: room.Settings, *,
    simulated: bool = False, said: Callable[[int, int], None] = lambda _picks, _sites: None,
) -> Formed:  # fmt: skip
    """A pick table to events.csv, arrivals.csv, bulletin.quakeml, discarded.csv and findings.csv."""
    table = tables.read_picks(picks_path, _stations(stations_path))
    durable.folder(out)
    said(len(table.picks), len(table.sites))
    found = room.associate(table.picks, table.sites, settings)
    names = {e.event_id: event_id(e) for e in found.events}
    events = tuple(msgspec.structs.replace(e, event_id=names[e.event_id]) for e in found.events)
    formed = Formed(
        events=events,
        explanations=tuple(
            msgspec.structs.replace(e, event_id=names[e.event_id]) for e in found.explanations
        ),
        discarded=found.discarded,
        picks=table.picks,
        sites=table.sites,
        findings=table.findings,
    )
    _write(out, formed.events, formed.picks, formed.findings, simulated)
    rows = _discarded(formed.discarded)
    _table(out / "discarded.csv", lambda p: csvio.write_rows(p, DISCARDED_COLUMNS, rows), simulated)
    return formed


CURVE_COLUMNS = ("event_id", "depth_km", "chi2", "n_defining", "longitude", "latitude", "time")


def locate(
    arrivals_path: Path, stations_path: Path | None, out: Path, settings: locator.Settings, *,
    together_km: float = locator.SITE_KM, depth_curve: bool = False, sasc: Path | None = None,
    paths: locator.PathTimes | None = None, simulated: bool = False, progress: Progress = lambda _stage, _done, _total: None,
) -> Relocated:  # fmt: skip
    """An arrival table (or QuakeML with picks) to events.csv, arrivals.csv, bulletin.quakeml and findings.csv: one event per event_id.

    A table without event_id is one event. together_km: events no further apart than this by what they share, 0 for each alone.
    depth_curve: depth_curve.csv as well. sasc: a folder of the IDC's slowness-azimuth station corrections. Raises InputError where not one event can be located.
    """
    table = _arrival_table(arrivals_path, _stations(stations_path))
    durable.folder(out)
    groups = dict(table.events)
    notes = [*table.findings]
    if "" in groups and len(groups) > 1:
        notes.append(
            _note(arrivals_path.name, f"{len(groups.pop(''))} arrivals without an event_id are not used")
        )
    notes += _without_times(arrivals_path.name, groups, settings.model)
    sites = {s.key: s for s in table.sites}
    if sasc is not None:
        settings = msgspec.structs.replace(settings, vector_corrections=_sasc(sasc, table.sites, notes))
    alone: dict[str, locator.Solved] = {}
    for done, (name, rows) in enumerate(sorted(groups.items())):
        try:
            alone[name] = locator.solve(rows, sites, settings, paths=paths)
        except InputError as exc:
            notes.append(_note(name or arrivals_path.name, f"not located: {exc}", "not-located"))
        finally:
            progress("locate", done + 1, len(groups))
    if not alone:
        raise InputError(
            f"none of the {len(groups)} events in {arrivals_path} was located; the first: {notes[-len(groups)].message}"
        )
    found = _together(alone, together_km, notes)
    notes += [_note(name, _rivals_said(one), "rival-place") for name, one in found.items() if one.rivals]
    events = [Event(event_id=n, origin=one.origin, arrivals=one.arrivals) for n, one in found.items()]
    events = [e if e.event_id else msgspec.structs.replace(e, event_id=event_id(e)) for e in events]
    if depth_curve:
        _curves(out, found, events, groups, sites, settings, paths, simulated)
    events.sort(key=lambda e: (e.origin.time_ns, e.event_id))
    picks = tuple(p for name in sorted(groups) for p, _ in groups[name])
    done_ = Relocated(events=tuple(events), picks=picks, sites=table.sites, findings=tuple(notes))
    _write(out, done_.events, done_.picks, done_.findings, simulated)
    return done_


def _arrival_table(path: Path, stations: Inventory | None) -> tables.ArrivalTable:
    """The arrivals of a table or of QuakeML, whichever the file holds."""
    data = read_bytes(path)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return tables.arrivals_of(quakeml_rows.arrival_rows(data, path.name), path.name, stations)
    return tables.read_arrivals(path, stations)


def _without_times(name: str, groups: dict[str, _Rows], model: str) -> list[Finding]:
    """How many arrivals stand under names for which there are no travel times, and so are not used."""
    counts: dict[str, int] = {}
    for rows in groups.values():
        for _, label in rows:
            if not locator.has_times(label, model):
                counts[label] = counts.get(label, 0) + 1
    if not counts:
        return []
    told = ", ".join(f"{k} {n}" for k, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:8])
    more = f" and {len(counts) - 8} other names" if len(counts) > 8 else ""
    return [
        _note(
            name,
            f"{sum(counts.values())} arrivals under phase names without travel times are not used: {told}{more}",
        )
    ]


def _rivals_said(one: locator.Located) -> str:
    """The best other place of an event, in words."""
    r = one.rivals[0]
    return (
        f"{len(one.rivals)} other {'place fits' if len(one.rivals) == 1 else 'places fit'} nearly as well, the best at {r.longitude:.2f} {r.latitude:.2f}, {r.distance_km:.0f} km off, "
        f"with {100.0 * r.share:.1f} % of the weight; the ellipse is enlarged for them"
    )


def _together(
    alone: dict[str, locator.Solved], within_km: float, notes: list[Finding]
) -> dict[str, locator.Located]:
    """The events as located, those of one place together; the families are noted."""
    names = list(alone)
    located, family = locator.together(list(alone.values()), within_km)
    for number in sorted(set(family)):
        members = [n for n, f in zip(names, family, strict=True) if f == number]
        if len(members) > 1:
            text = f"located together with {', '.join(members[1:])}: their model errors are shared"
            notes.append(_note(members[0], text, "together"))
    return dict(zip(names, located, strict=True))


def _sasc(folder: Path, sites: Sequence[Site], notes: list[Finding]) -> tuple[locator.VectorCorrection, ...]:
    """The tables `sasc.CODE` of a folder for the sites with that station code."""
    out = []
    for site in sites:
        path = folder / f"sasc.{site.key.rpartition('.')[2]}"
        if path.is_file():
            out.append(locator.read_sasc(path.read_text(encoding="utf-8", errors="replace"), site.key))
    if not out:
        raise InputError(
            f"--sasc: expected a folder with tables sasc.CODE of the stations, got none of {len(sites)} in {folder}; check it"
        )
    notes.append(_note(folder.name, f"slowness-azimuth corrections of {len(out)} stations", "corrections"))
    return tuple(out)


def _curves(
    out: Path, found: dict[str, locator.Located], events: Sequence[Event], groups: dict[str, _Rows], sites: dict[str, Site],
    settings: locator.Settings, paths: locator.PathTimes | None, simulated: bool,
) -> None:  # fmt: skip
    """depth_curve.csv: the misfit against depth of every event."""
    rows = []
    for (name, one), event in zip(found.items(), events, strict=True):
        o = one.origin
        start = (o.longitude, o.latitude, o.depth_km, o.time_ns)
        for p in locator.depth_curve(groups[name], sites, settings, start, paths=paths):
            place = (round(p.longitude, 4), round(p.latitude, 4), format_time(p.time_ns))
            values = (event.event_id, p.depth_km, round(p.chi2, 2), p.n_defining, *place)
            rows.append(dict(zip(CURVE_COLUMNS, values, strict=True)))
    _table(out / "depth_curve.csv", lambda p: csvio.write_rows(p, CURVE_COLUMNS, rows), simulated)


def explain(formed: Formed, name: str) -> tuple[Event, room.Explanation]:
    """The event of that name, or of an unambiguous beginning of it, and why it stands; InputError for any other."""
    hits = [e for e in formed.events if e.event_id == name] or [
        e for e in formed.events if name and e.event_id.startswith(name)
    ]
    if len(hits) != 1:
        known = ", ".join(e.event_id for e in (hits or formed.events)[:8]) or "none"
        raise InputError(
            f"--explain: expected the name of one event, got {name!r} for {len(hits)}; the events are {known}; "
            "hypotheses that became no event are in discarded.csv: name one by its number, as in discarded:1"
        )
    return hits[0], next(x for x in formed.explanations if x.event_id == hits[0].event_id)


def explain_discarded(formed: Formed, name: str) -> tuple[room.Discarded, tuple[tuple[Pick, str], ...]]:
    """A hypothesis that became no event, `discarded:N` by its row in discarded.csv from 1, and its picks.

    With each pick the name of the event that has it in the end, or "". InputError where there is no such row.
    """
    number = name.partition(":")[2]
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= len(formed.discarded):
        raise InputError(
            f"--explain: expected discarded:1 to discarded:{len(formed.discarded)}, got {name!r}; see discarded.csv"
        )
    hypothesis = _by_time(formed.discarded)[int(number) - 1]
    owner = {a.pick_id: e.event_id for e in formed.events for a in e.arrivals}
    picks = {p.pick_id: p for p in formed.picks}
    return hypothesis, tuple((picks[i], owner.get(i, "")) for i in hypothesis.pick_ids if i in picks)


def _stations(path: Path | None) -> Inventory | None:
    """The stations of a table or of StationXML; its arrays, to which picks refer by one name, stand among them."""
    if path is None:
        return None
    inventory = tables.read_stations(path)
    known = {s.key for s in inventory.sites()}
    places = []
    for key, members in station_processing.group_arrays(inventory.channels).items():
        if key in known:
            continue
        elements = [c for c in inventory.channels if c.nslc.net_sta in members]
        site = station_processing.array_site(key, elements)
        network, code = key.split(".", 1)
        places.append(
            msgspec.structs.replace(
                elements[0], nslc=Nslc(network, code, "*", "*"), longitude=site.longitude, latitude=site.latitude,
                elevation_m=site.elevation_m, start_ns=None, end_ns=None,
            )
        )  # fmt: skip
    return Inventory(
        inventory.channels, (*inventory.places, *places), inventory.orientations, inventory.findings
    )


def _note(subject: str, message: str, kind: str = "table") -> Finding:
    return Finding(kind=kind, subject=subject, message=message)


def _write(
    out: Path, events: Sequence[Event], picks: Sequence[Pick], notes: Sequence[Finding], simulated: bool
) -> None:
    _table(out / "events.csv", lambda p: tables.write_events(p, events), simulated)
    _table(out / "arrivals.csv", lambda p: tables.write_arrivals(p, events, picks), simulated)
    whole(
        out / "bulletin.quakeml",
        lambda p: p.write_bytes(quakeml.encode(events, picks, simulated=simulated)),
    )
    _table(out / "findings.csv", lambda p: tables.write_findings(p, notes), simulated)


def _table(path: Path, write_to: Callable[[Path], None], simulated: bool) -> None:
    """One table, whole; of a simulated world it says so in a column of its own."""

    def labelled(beside: Path) -> None:
        write_to(beside)
        if simulated:
            csvio.add_column(beside, "simulated", "true")

    whole(path, labelled)


def _by_time(found: Sequence[room.Discarded]) -> list[room.Discarded]:
    return sorted(found, key=lambda d: (d.time_ns, d.longitude, d.latitude, -d.score, d.reason))


def _discarded(found: Sequence[room.Discarded]) -> list[csvio.Row]:
    return [
        {
            "time": format_time(d.time_ns),
            "longitude": csvio.Fixed(f"{d.longitude:.4f}"),
            "latitude": csvio.Fixed(f"{d.latitude:.4f}"),
            "depth_km": csvio.Fixed(f"{d.depth_km:.2f}"),
            "score": csvio.Fixed(f"{d.score:.3f}"),
            "reason": d.reason,
            "n_picks": len(d.pick_ids),
            "pick_ids": " ".join(d.pick_ids),
        }
        for d in _by_time(found)
    ]
