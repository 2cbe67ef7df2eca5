"""Tables of picks, arrivals, stations and events, in and out: CSV or Parquet by extension.

Rules: only station and time are required of a pick; unknown columns are ignored; coordinates in a pick table win over
the station table, and one code at two places becomes two stations (KEY, KEY#2, ...); rows that lack a needed value or
a position are counted and reported, never guessed. What is written is rounded to the published quanta (base.quanta).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from testban.base.errors import FormatError
from testban.base.geo import distance_km_
from testban.base.ids import Nslc
from testban.base.inventory import Inventory, station_key
from testban.base.records import Finding, Pick, Site
from testban.base.times import format_time
from testban.formats import csvio
from testban.formats.csvio import Row, flag, maybe, text
from testban.formats.inventory import read_inventory
from testban.formats.table_writers import (
    ARRIVAL_COLUMNS,
    EVENT_COLUMNS,
    NOISE_COLUMNS,
    PICK_COLUMNS,
    PLACE_COLUMNS,
    event_row,
    magnitude_of,
    pick_row,
    write_arrivals,
    write_events,
    write_findings,
    write_noise,
    write_picks,
    write_stations,
)
from testban.formats.unused_rows import NO_STATION, Unused, numbers_of, place_of, said, time_of

SAME_PLACE_KM = 1.0
REPEATED = "that repeat another to the letter"


class PickTable(NamedTuple):
    """Picks by time, the sites that they refer to by key, and what was odd."""

    picks: tuple[Pick, ...]
    sites: tuple[Site, ...]
    findings: tuple[Finding, ...]


class ArrivalTable(NamedTuple):
    """(pick, phase) by event, the sites, and what was odd. Arrivals without an event are under ""."""

    events: dict[str, tuple[tuple[Pick, str], ...]]
    sites: tuple[Site, ...]
    findings: tuple[Finding, ...]


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an event table; None is not stated."""

    event_id: str
    time_ns: int
    longitude: float
    latitude: float
    depth_km: float | None = None
    mb: float | None = None
    ml: float | None = None
    ms: float | None = None
    assessment: str = ""


# -- reading -----------------------------------------------------------------------------------------------------


def read_stations(path: str | Path) -> Inventory:
    """A station table (or anything else that `formats.inventory` reads) as an Inventory."""
    return read_inventory([path])


def read_picks(path: str | Path, stations: Inventory | None = None) -> PickTable:
    """Picks with their sites; those without a position in the table or in `stations` are counted and skipped.

    Raises FormatError for a file that is no such table or in which no row can be used.
    """
    return picks_of(csvio.read_rows(path, ("station", "time")), Path(path).name, stations)


def picks_of(rows: Sequence[Row], name: str, stations: Inventory | None) -> PickTable:
    """As `read_picks`, of rows; name: of the table, for messages."""
    made, findings, sites = _picks(rows, name, stations)
    return PickTable(tuple(p for p, _, _ in made), sites, findings)


def read_arrivals(path: str | Path, stations: Inventory | None = None) -> ArrivalTable:
    """Arrivals by event, with their phases as they stand in the table; see `read_picks`."""
    return arrivals_of(csvio.read_rows(path, ("station", "time", "phase")), Path(path).name, stations)


def arrivals_of(rows: Sequence[Row], name: str, stations: Inventory | None) -> ArrivalTable:
    """As `read_arrivals`, of rows; name: of the table, for messages."""
    made, findings, sites = _picks(rows, name, stations)
    events: dict[str, list[tuple[Pick, str]]] = {}
    for pick, phase, event in made:
        events.setdefault(event, []).append((pick, phase))
    return ArrivalTable({k: tuple(events[k]) for k in sorted(events)}, sites, findings)


def read_events(path: str | Path) -> tuple[tuple[EventRow, ...], tuple[Finding, ...]]:
    """Events by time; rows without time or position are counted and skipped."""
    rows = csvio.read_rows(
        path, ("time", "latitude", "longitude"), {**csvio.SHORT, "id": "event_id", "depth": "depth_km"}
    )
    out: list[EventRow] = []
    unused = Unused(Path(path).name, len(rows))
    for i, row in enumerate(rows):
        time = time_of(row, unused)
        if time is None:
            continue
        numbers = numbers_of(row, ("longitude", "latitude", "depth_km", "mb", "ml", "ms"), unused)
        if numbers is None:
            continue
        place = place_of(numbers)
        if isinstance(place, str):
            unused.add(place, _where(row))
            continue
        name = text(row, "event_id") or f"event{i + 1:06d}"
        out.append(
            EventRow(
                event_id=name,
                time_ns=time,
                longitude=place[0],
                latitude=place[1],
                assessment=text(row, "assessment"),
                **{k: numbers[k] for k in ("depth_km", "mb", "ml", "ms")},
            )
        )
    if not out:
        raise FormatError(f"expected events with time and position, got none in {path}: {unused.told()}")
    out.sort(key=lambda e: (e.time_ns, e.event_id))
    return tuple(out), unused.findings()


def phase_type(phase: str) -> str:
    """P or S by a phase's last leg from the source (pP and sP are P), "" for anything else."""
    bare = phase.lstrip("ps") if len(phase) > 1 and phase[0] in "ps" and phase[1] in "PS" else phase
    first = bare[:1].upper()
    return first if first in ("P", "S") else ""


class _Place(NamedTuple):
    longitude: float
    latitude: float
    elevation_m: float


def _picks(
    rows: Sequence[Row], name: str, stations: Inventory | None
) -> tuple[list[tuple[Pick, str, str]], tuple[Finding, ...], tuple[Site, ...]]:
    """(pick, phase, event) by time, findings, sites."""
    unused = Unused(name, len(rows))
    known = _Known(stations)
    kept: list[tuple[Row, int, str, _Place]] = []
    for row in rows:
        station = text(row, "station")
        if not station:
            unused.add(NO_STATION)
            continue
        time = time_of(row, unused)
        if time is None:
            continue
        numbers = numbers_of(row, ("longitude", "latitude", "elevation_m"), unused)
        if numbers is None:
            continue
        network, given = text(row, "network"), place_of(numbers)
        stated = None if isinstance(given, str) else _Place(*given, numbers["elevation_m"] or 0.0)
        place = stated or known.place(network, station)
        if place is None:
            unused.add(str(given), _where(row))
            continue
        kept.append((row, time, station_key(network, station), place))
    if not kept:
        raise FormatError(
            f"expected picks with station, time and a position, got none in {name}: {unused.told()}"
        )
    names, sites = _sites(kept)
    seen: set[tuple[str, ...]] = set()
    ids: dict[str, int] = {}
    made = []
    for row, time, key, place in sorted(
        kept, key=lambda k: (k[1], k[2], text(k[0], "pick_id"), text(k[0], "phase"))
    ):
        # a table that was put together from overlapping parts is no second opinion; another channel or id is
        said = (
            str(time), names[key, place], *(text(row, c) for c in ("event_id", "phase", "location", "channel", "pick_id")),
        )  # fmt: skip
        if said in seen:
            unused.add(REPEATED)
            continue
        seen.add(said)
        pick, phase = _pick(row, time, names[key, place], ids)
        made.append((pick, phase, text(row, "event_id")))
    return made, unused.findings(), sites


def _where(row: Row) -> str:
    """What a row without a usable position says of its place: coordinates, else the station."""
    return said(row, ("latitude", "longitude")) or station_key(text(row, "network"), text(row, "station"))


class _Known:
    """Positions from the station table, by network and station code, then by the code alone."""

    def __init__(self, stations: Inventory | None) -> None:
        self._keys: dict[str, _Place] = {}
        self._codes: dict[str, _Place] = {}
        for s in stations.sites() if stations is not None else ():
            place = _Place(s.longitude, s.latitude, s.elevation_m)
            self._keys[s.key] = place
            self._codes.setdefault(s.key.split(".")[-1], place)

    def place(self, network: str, station: str) -> _Place | None:
        key = station_key(network, station)
        found = self._keys.get(key)
        if found is None and (not network or station in self._keys):
            found = self._codes.get(station)
        return found


def _sites(
    kept: Sequence[tuple[Row, int, str, _Place]],
) -> tuple[dict[tuple[str, _Place], str], tuple[Site, ...]]:
    """A key for every (station, place); places of one station within a kilometre are one site."""
    places: dict[str, set[_Place]] = {}
    for _, _, key, place in kept:
        places.setdefault(key, set()).add(place)
    names: dict[tuple[str, _Place], str] = {}
    sites: list[Site] = []
    for key in sorted(places):
        heads: list[tuple[_Place, str]] = []
        for place in sorted(places[key]):
            near = next((n for h, n in heads if _km(h, place) <= SAME_PLACE_KM), None)
            if near is None:
                near = key if not heads else f"{key}#{len(heads) + 1}"
                heads.append((place, near))
                sites.append(
                    Site(
                        key=near,
                        longitude=place.longitude,
                        latitude=place.latitude,
                        elevation_m=place.elevation_m,
                    )
                )
            names[key, place] = near
    return names, tuple(sorted(sites, key=lambda s: s.key))


def _km(a: _Place, b: _Place) -> float:
    return float(distance_km_(a.longitude, a.latitude, b.longitude, b.latitude))


def _pick(row: Row, time: int, key: str, ids: dict[str, int]) -> tuple[Pick, str]:
    network, station = text(row, "network"), text(row, "station")
    location, channel = text(row, "location"), text(row, "channel")
    phase = text(row, "phase")
    name = text(row, "pick_id") or f"{key}/{format_time(time)}"
    ids[name] = ids.get(name, 0) + 1
    if ids[name] > 1:
        name = f"{name}#{ids[name]}"
    nslc = (
        Nslc(network, station, "" if location == "--" else location, channel) if network and channel else None
    )
    sigma = _positive(row, "time_sigma_s")
    slowness = _positive(row, "slowness_s_per_deg", zero=True)
    azimuth = maybe(row, "backazimuth_deg")
    return (
        Pick(
            pick_id=name,
            station_key=key,
            nslc=nslc,
            time_ns=time,
            time_sigma_s=sigma if sigma is not None else 1.0,
            phase_hint=phase_type(phase),
            slowness_s_per_deg=slowness,
            slowness_sigma=_positive(row, "slowness_sigma"),
            backazimuth_deg=azimuth % 360.0 if azimuth is not None and abs(azimuth) <= 720 else None,
            backazimuth_sigma=_positive(row, "backazimuth_sigma"),
            amplitude_nm=_positive(row, "amplitude_nm"),
            period_s=_positive(row, "period_s"),
            snr=_positive(row, "snr"),
            polarity=_sign(row),
            polarity_confidence=_positive(row, "polarity_confidence") or 0.0,
            rectilinearity=maybe(row, "rectilinearity"),
            incidence_deg=maybe(row, "incidence_deg"),
            f_statistic=_positive(row, "f_statistic"),
            score=maybe(row, "score"),
            clipped=bool(flag(row, "clipped")),
            weak=bool(flag(row, "weak")),
        ),
        phase,
    )


def _positive(row: Row, key: str, zero: bool = False) -> float | None:
    value = maybe(row, key)
    return value if value is not None and (value > 0 or (zero and value == 0)) else None


def _sign(row: Row) -> int:
    value = maybe(row, "polarity")
    return 0 if not value else (1 if value > 0 else -1)


__all__ = [
    "ARRIVAL_COLUMNS",
    "EVENT_COLUMNS",
    "NOISE_COLUMNS",
    "PICK_COLUMNS",
    "PLACE_COLUMNS",
    "ArrivalTable",
    "EventRow",
    "PickTable",
    "arrivals_of",
    "event_row",
    "magnitude_of",
    "phase_type",
    "pick_row",
    "picks_of",
    "read_arrivals",
    "read_events",
    "read_picks",
    "read_stations",
    "write_arrivals",
    "write_events",
    "write_findings",
    "write_noise",
    "write_picks",
    "write_stations",
]
