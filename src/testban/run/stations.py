"""What there is to process: stations and arrays that have both samples and a place.

Rules: a station is NET.STA with all its sensors; an array is a group of stations by `detect.group_arrays`; a station
without coordinates is reported and left out, never guessed.
"""

import msgspec

from testban import detect
from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.inventory import Inventory
from testban.base.records import Channel, Finding, Site
from testban.base.spans import Span, intersect
from testban.base.times import DAY_NS, day_start, format_time
from testban.links import Source
from testban.links.files import FileSource


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station or array: its site, the stations that make it up, its channels, and the days that were recorded."""

    site: Site
    members: tuple[str, ...]
    channels: tuple[Channel, ...]
    span: Span
    days: tuple[Span, ...]


def find_stations(
    source: Source, inventory: Inventory, start_ns: int | None, end_ns: int | None
) -> tuple[list[Station], list[Finding]]:
    """Stations by key, and findings about those left out. Raises InputError where none is left."""
    recorded: dict[str, list[Span]] = {}
    codes: dict[str, list[Nslc]] = {}
    for unit in source.units(start_ns, end_ns):
        recorded.setdefault(unit.station_key, []).append(unit.span)
        codes.setdefault(unit.station_key, []).extend(unit.channels)
    if not recorded:
        raise InputError(_nothing(source, start_ns, end_ns))
    findings: list[Finding] = []
    placed: dict[str, tuple[Channel, ...]] = {}
    for key in sorted(recorded):
        at = min(s.start_ns for s in recorded[key])
        channels = inventory.for_station(key, at, codes[key]) or _without_network(key, at, inventory)
        if channels:
            placed[key] = channels
        else:
            findings.append(
                Finding(
                    kind="no-coordinates",
                    subject=key,
                    message=f"{key} is recorded but has no coordinates in the inventory; left out",
                )
            )
    if not placed:
        known = ", ".join(s.key for s in inventory.sites()[:8]) or "none"
        raise InputError(
            f"none of the {len(recorded)} recorded stations ({', '.join(sorted(recorded)[:8])}{', ...' if len(recorded) > 8 else ''}) has coordinates; "
            f"the inventory knows {known}; name it with --inventory"
        )
    groups = detect.group_arrays([c for key in placed for c in placed[key]])
    in_array = {m for members in groups.values() for m in members}
    groups |= {key: (key,) for key in placed if key not in in_array}
    limit = Span(start_ns if start_ns is not None else -(2**63), end_ns if end_ns is not None else 2**63)
    return [_station(key, groups[key], placed, recorded, limit) for key in sorted(groups)], findings


def _nothing(source: Source, start_ns: int | None, end_ns: int | None) -> str:
    """Why there is nothing to process: the wrong span, or no recordings at all."""
    bare = "no recordings found; expected miniSEED or SAC in the sources named"
    if start_ns is None and end_ns is None:
        return bare
    begin = "" if start_ns is None else f"from {format_time(start_ns, 0)}"
    end = "on" if end_ns is None else f"{'until' if start_ns is None else 'to'} {format_time(end_ns, 0)}"
    asked = f"{begin} {end}".strip()
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        return f"expected --start before --end, got {asked}; exchange them"
    spans = [u.span for u in source.units()] if isinstance(source, FileSource) else []
    if not spans:
        return f"{bare}, {asked}"
    first, last = min(s.start_ns for s in spans), max(s.end_ns for s in spans)
    return f"expected recordings {asked}, got recordings from {format_time(first, 0)} to {format_time(last, 0)}; change --start and --end"


def _without_network(key: str, at_ns: int, inventory: Inventory) -> tuple[Channel, ...]:
    """Channels of the one station of that code, where the recording names no network; none where two share it."""
    code = key.lstrip(".")
    named = [s.key for s in inventory.sites() if s.key.split(".")[-1] == code]
    if "." in code or len(named) != 1:
        return ()
    found = inventory.for_station(named[0], at_ns)
    return tuple(msgspec.structs.replace(c, nslc=msgspec.structs.replace(c.nslc, network="")) for c in found)


def _station(
    key: str,
    members: tuple[str, ...],
    placed: dict[str, tuple[Channel, ...]],
    recorded: dict[str, list[Span]],
    limit: Span,
) -> Station:
    channels = tuple(c for m in sorted(members) for c in placed[m])
    spans = intersect([s for m in members for s in recorded[m]], [limit])
    whole = Span(spans[0].start_ns, spans[-1].end_ns)
    first, last = day_start(whole.start_ns), day_start(whole.end_ns - 1)
    days = [
        Span(max(d, limit.start_ns), min(d + DAY_NS, limit.end_ns))
        for d in range(first, last + 1, DAY_NS)
        if intersect(spans, [Span(d, d + DAY_NS)])
    ]
    if len(members) > 1:
        site = detect.array_site(key, channels)
    else:
        c = channels[0]
        site = Site(key=key, longitude=c.longitude, latitude=c.latitude, elevation_m=c.elevation_m)
    return Station(site=site, members=tuple(sorted(members)), channels=channels, span=whole, days=tuple(days))
