"""What is known about stations: positions, orientations and responses, each with the time for which it holds.

Rules: a response is valid only inside its epoch (no valid response, no amplitude); a position outlives its epoch
and says so; StationXML wins over SACPZ, SACPZ over a station table; an orientation table wins over all, since to
say so is its only purpose. Codes ending in Z, N and E have default orientations; 1, 2 and anything else are
unknown until somebody states them. Dips are StationXML's: positive down, vertical up is -90.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from testban.base.geo import distance_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, Site
from testban.base.times import format_time

ANY = "*"
RANKS = ("StationXML", "SACPZ", "table")
CONFLICT_KM = 1.0
_DEFAULTS = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}


def station_key(network: str, station: str) -> str:
    """NET.STA, or the bare station code where no network is known."""
    return f"{network}.{station}" if network and network != ANY else station


def rank(channel: Channel) -> int:
    """Precedence of what a channel was read from: 0 is the best."""
    head = channel.origin.split(":", 1)[0]
    return RANKS.index(head) if head in RANKS else len(RANKS)


def covers(channel: Channel, time_ns: int) -> bool:
    """Whether a channel's epoch holds a time."""
    return (channel.start_ns is None or channel.start_ns <= time_ns) and (
        channel.end_ns is None or time_ns < channel.end_ns
    )


def _far(channel: Channel, time_ns: int) -> int:
    """How far a time lies outside a channel's epoch, ns."""
    if channel.start_ns is not None and time_ns < channel.start_ns:
        return channel.start_ns - time_ns
    if channel.end_ns is not None and time_ns >= channel.end_ns:
        return time_ns - channel.end_ns + 1
    return 0


def _order(channel: Channel) -> tuple[Any, ...]:
    return (
        channel.nslc,
        rank(channel),
        channel.start_ns is not None,
        channel.start_ns or 0,
        channel.end_ns is None,
        channel.end_ns or 0,
        channel.response is None,
        channel.origin,
    )


class Inventory:
    """All that is known, merged. Unchanging after it was made; can be pickled.

    channels: epochs of channels by code, precedence and start. places: rows of station tables, codes that they do
    not state being "*". orientations: (azimuth, dip) in degrees by channel. findings: what was odd while merging.
    """

    def __init__(
        self,
        channels: Iterable[Channel] = (),
        places: Iterable[Channel] = (),
        orientations: Mapping[Nslc, tuple[float, float]] | None = None,
        findings: Iterable[Finding] = (),
    ) -> None:
        self.channels: tuple[Channel, ...] = tuple(sorted(channels, key=_order))
        self.places: tuple[Channel, ...] = tuple(sorted(places, key=_order))
        self.orientations: dict[Nslc, tuple[float, float]] = dict(sorted((orientations or {}).items()))
        self.findings: tuple[Finding, ...] = tuple(findings)
        self._explicit: dict[Nslc, list[Channel]] = {}
        self._station: dict[str, list[Channel]] = {}
        self._places: dict[str, list[Channel]] = {}
        for c in self.channels:
            self._explicit.setdefault(c.nslc, []).append(c)
            self._station.setdefault(c.nslc.net_sta, []).append(c)
        for c in self.places:
            self._places.setdefault(c.nslc.station, []).append(c)

    def at(self, nslc: Nslc, time_ns: int) -> Channel | None:
        """What holds for a channel at a time; response None outside its epochs; None where no position is known."""
        return self.lookup(nslc, time_ns)[0]

    def lookup(self, nslc: Nslc, time_ns: int) -> tuple[Channel | None, tuple[Finding, ...]]:
        """The same as `at`, with what a person should know about it."""
        notes: list[Finding] = []
        own = self._explicit.get(nslc, [])
        covering = sorted((c for c in own if covers(c, time_ns)), key=lambda c: (rank(c), -(c.start_ns or 0)))
        if covering:
            found = covering[0]
            if found.response is None:
                answer = next((c.response for c in covering if c.response is not None), None)
                found = msgspec.structs.replace(found, response=answer)
        else:
            place = self._elsewhere(nslc, time_ns, own)
            if place is None:
                return None, (_note("no-position", nslc, "no position is known; add it to the inventory"),)
            found = place
            if own:
                text = f"no epoch holds {format_time(time_ns, 0)}; the position is kept, amplitudes are not measured"
                notes.append(_note("epoch", nslc, text))
            elif nslc.net_sta in self._station:
                notes.append(_note("no-response", nslc, "not in the metadata; position from its station"))
        if found.response is None and not notes:
            notes.append(_note("no-response", nslc, "no response is known; amplitudes are not measured"))
        return self._oriented(found, notes), tuple(notes)

    def _elsewhere(self, nslc: Nslc, time_ns: int, own: list[Channel]) -> Channel | None:
        """A position from a station table, from another epoch, or from another channel of the station."""
        place = self._place(nslc)
        nearest = min(own, key=lambda c: (_far(c, time_ns), rank(c)), default=None)
        if place is not None:
            away = msgspec.structs.replace(place, nslc=nslc)
            if nearest is not None and away.azimuth_deg is None and away.dip_deg is None:
                away = msgspec.structs.replace(
                    away,
                    azimuth_deg=nearest.azimuth_deg,
                    dip_deg=nearest.dip_deg,
                    depth_m=nearest.depth_m,
                )
            return away
        if nearest is not None:
            note = f"{nearest.origin} (outside its epoch)"
            return msgspec.structs.replace(nearest, response=None, origin=note, start_ns=None, end_ns=None)
        others = self._station.get(nslc.net_sta, [])
        other = min(
            others,
            key=lambda c: (c.nslc.location != nslc.location, _far(c, time_ns), rank(c), c.nslc),
            default=None,
        )
        if other is None:
            return None
        return Channel(
            nslc=nslc,
            longitude=other.longitude,
            latitude=other.latitude,
            elevation_m=other.elevation_m,
            depth_m=other.depth_m,
            origin=f"{other.origin} (position of {other.nslc})",
        )

    def _place(self, nslc: Nslc) -> Channel | None:
        """The most special row of a station table that fits."""
        best: tuple[int, Channel] | None = None
        for c in self._places.get(nslc.station, []):
            pairs = (
                (c.nslc.network, nslc.network),
                (c.nslc.location, nslc.location),
                (c.nslc.channel, nslc.channel),
            )
            if all(have in (ANY, want) for have, want in pairs):
                exact = sum(have == want for have, want in pairs)
                if best is None or exact > best[0]:
                    best = (exact, c)
        return best[1] if best else None

    def _oriented(self, channel: Channel, notes: list[Finding]) -> Channel:
        azimuth, dip = channel.azimuth_deg, channel.dip_deg
        stated = self.orientations.get(channel.nslc)
        if stated is not None:
            azimuth, dip = stated
        elif azimuth is None or dip is None:
            default = _DEFAULTS.get(channel.nslc.channel[-1:])
            if default is not None:
                azimuth = default[0] if azimuth is None else azimuth
                dip = default[1] if dip is None else dip
            else:
                notes.append(
                    _note("orientation", channel.nslc, "its orientation is not known; state it in a table")
                )
        return msgspec.structs.replace(channel, azimuth_deg=azimuth, dip_deg=dip)

    def for_station(self, net_sta: str, time_ns: int, also: Iterable[Nslc] = ()) -> tuple[Channel, ...]:
        """All channels of a station as they are at a time, by code; `also`: recorded channels that a table covers."""
        names = {c.nslc for c in self._station.get(net_sta, [])} | {n for n in also if n.net_sta == net_sta}
        found = (self.at(n, time_ns) for n in sorted(names))
        return tuple(c for c in found if c is not None)

    def sites(self, time_ns: int | None = None) -> tuple[Site, ...]:
        """One site for each station, by key: where it is at a time, or in its latest epoch."""
        groups: dict[str, list[Channel]] = {}
        for c in (*self.channels, *self.places):
            groups.setdefault(station_key(c.nslc.network, c.nslc.station), []).append(c)
        return tuple(_site(k, groups[k], time_ns) for k in sorted(groups))

    def site(self, net_sta: str, time_ns: int | None = None) -> Site | None:
        """The site of one station (by NET.STA, else by the bare code), None where it is not known."""
        station = net_sta.rsplit(".", 1)[-1]
        rows = self._station.get(net_sta, []) + [
            c for c in self._places.get(station, []) if c.nslc.network in (ANY, net_sta.rpartition(".")[0])
        ]
        return _site(net_sta, rows, time_ns) if rows else None

    def __reduce__(self) -> tuple[Any, ...]:
        return Inventory, (self.channels, self.places, self.orientations, self.findings)


def _site(key: str, rows: list[Channel], time_ns: int | None) -> Site:
    """Where a station is: by the epoch nearest to the time (or the latest), then by precedence and code."""

    def mark(c: Channel) -> tuple[Any, ...]:
        late = c.end_ns if c.end_ns is not None else 1 << 62
        return (0 if time_ns is None else _far(c, time_ns), rank(c), -late, c.nslc, -(c.start_ns or 0))

    c = min(rows, key=mark)
    return Site(key=key, longitude=c.longitude, latitude=c.latitude, elevation_m=c.elevation_m)


def _note(kind: str, nslc: Nslc, message: str) -> Finding:
    return Finding(kind=kind, subject=str(nslc), message=message)


def conflicts(channels: Iterable[Channel]) -> list[Finding]:
    """Positions of one station that lie more than a kilometre apart although they hold at the same time."""
    groups: dict[str, list[Channel]] = {}
    for c in channels:
        groups.setdefault(station_key(c.nslc.network, c.nslc.station), []).append(c)
    out = []
    for key in sorted(groups):
        rows = sorted(groups[key], key=_order)
        places: dict[tuple[float, float], Channel] = {}
        for c in rows:
            places.setdefault((c.longitude, c.latitude), c)
        unique = list(places.values())[:20]
        for i, a in enumerate(unique):
            for b in unique[i + 1 :]:
                d = distance_km_(a.longitude, a.latitude, b.longitude, b.latitude)
                if d > CONFLICT_KM and _together(a, b):
                    text = f"{a.origin} and {b.origin} place it {d:.1f} km apart; the first is used"
                    out.append(Finding(kind="position", subject=key, message=text))
    return out


def _together(a: Channel, b: Channel) -> bool:
    start = max(a.start_ns or -(1 << 62), b.start_ns or -(1 << 62))
    end = min(a.end_ns or 1 << 62, b.end_ns or 1 << 62)
    return start < end
