"""Tables of picks, arrivals, stations and events, in and out: CSV or Parquet by extension.

Rules: only station and time are required of a pick; unknown columns are ignored; coordinates in a pick table win over
the station table, and one code at two places becomes two stations (KEY, KEY#2, ...); rows that lack a needed value or
a position are counted and reported, never guessed. What is written is rounded to the published quanta (base.quanta).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from testban.base import quanta
from testban.base.errors import FormatError, InputError
from testban.base.geo import check_position, distance_km_
from testban.base.ids import Nslc
from testban.base.inventory import ANY, Inventory, station_key
from testban.base.records import Event, Finding, Magnitude, NoiseHour, Pick, Site
from testban.base.times import format_time
from testban.formats import csvio
from testban.formats.csvio import Fixed, Row, flag, number, text
from testban.formats.inventory import read_inventory

SAME_PLACE_KM = 1.0

PICK_COLUMNS = (
    "pick_id",
    "network",
    "station",
    "location",
    "channel",
    "time",
    "phase",
    "slowness_s_per_deg",
    "backazimuth_deg",
    "amplitude_nm",
    "period_s",
    "snr",
    "time_sigma_s",
    "slowness_sigma",
    "backazimuth_sigma",
    "polarity",
    "polarity_confidence",
    "rectilinearity",
    "incidence_deg",
    "f_statistic",
    "score",
    "clipped",
)
PLACE_COLUMNS = ("longitude", "latitude", "elevation_m")
ARRIVAL_COLUMNS = (
    "event_id",
    *PICK_COLUMNS[:13],
    "residual_s",
    "defining",
    "weight",
    "distance_deg",
    "azimuth_deg",
    "event_backazimuth_deg",
    "slowness_residual",
    "backazimuth_residual",
)
EVENT_COLUMNS = (
    "event_id",
    "time",
    "longitude",
    "latitude",
    "depth_km",
    "depth_fixed",
    "smajor_km",
    "sminor_km",
    "strike_deg",
    "n_defining",
    "mb",
    "mb_sigma",
    "ml",
    "ml_sigma",
    "ms",
    "ms_sigma",
    "assessment",
    "log10_lr",
    "prior",
    "probability_explosion",
    "time_sigma_s",
    "n_stations",
    "gap_deg",
    "margin",
)
NOISE_COLUMNS = (
    "network",
    "station",
    "location",
    "channel",
    "hour",
    "low_hz",
    "high_hz",
    "up_s",
    "rms_counts",
    "a_over_t_nm_s",
)


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
    rows = csvio.read_rows(path, ("station", "time"))
    made, findings, sites = _picks(rows, Path(path).name, stations)
    return PickTable(tuple(p for p, _, _ in made), sites, findings)


def read_arrivals(path: str | Path, stations: Inventory | None = None) -> ArrivalTable:
    """Arrivals by event, with their phases as they stand in the table; see `read_picks`."""
    rows = csvio.read_rows(path, ("station", "time", "phase"))
    made, findings, sites = _picks(rows, Path(path).name, stations)
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
    bad = 0
    for i, row in enumerate(rows):
        try:
            time, lon, lat = csvio.time_ns(row), number(row, "longitude"), number(row, "latitude")
            values = {k: number(row, k) for k in ("depth_km", "mb", "ml", "ms")}
        except InputError:
            bad += 1
            continue
        if time is None or lon is None or lat is None or not check_position(lon, lat):
            bad += 1
            continue
        name = text(row, "event_id") or f"event{i + 1:06d}"
        out.append(
            EventRow(
                event_id=name,
                time_ns=time,
                longitude=lon,
                latitude=lat,
                assessment=text(row, "assessment"),
                **values,
            )
        )
    if not out:
        raise FormatError(f"expected events with time and position, got none in {path}; check its columns")
    out.sort(key=lambda e: (e.time_ns, e.event_id))
    return tuple(out), tuple(_counted({"without a valid time or position": bad}, len(rows), Path(path).name))


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
    counts = {"without a station code or a valid time": 0, "without a position": 0}
    known = _Known(stations)
    kept: list[tuple[Row, int, str, _Place]] = []
    for row in rows:
        try:
            time = csvio.time_ns(row)
            lon, lat, elevation = (
                number(row, "longitude"),
                number(row, "latitude"),
                number(row, "elevation_m"),
            )
        except InputError:
            time = lon = lat = elevation = None
        station = text(row, "station")
        if time is None or not station:
            counts["without a station code or a valid time"] += 1
            continue
        network = text(row, "network")
        place = None
        if lon is not None and lat is not None and check_position(lon, lat):
            place = _Place(lon, lat, elevation or 0.0)
        else:
            place = known.place(network, station)
        if place is None:
            counts["without a position"] += 1
            continue
        kept.append((row, time, station_key(network, station), place))
    if not kept:
        raise FormatError(
            f"expected picks with station, time and a position, got none of {len(rows)} rows in {name}; "
            "add coordinates or a station table"
        )
    names, sites = _sites(kept)
    ids: dict[str, int] = {}
    made = []
    for row, time, key, place in sorted(
        kept, key=lambda k: (k[1], k[2], text(k[0], "pick_id"), text(k[0], "phase"))
    ):
        pick, phase = _pick(row, time, names[key, place], ids)
        made.append((pick, phase, text(row, "event_id")))
    return made, tuple(_counted(counts, len(rows), name)), sites


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
    azimuth = _maybe(row, "backazimuth_deg")
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
            rectilinearity=_maybe(row, "rectilinearity"),
            incidence_deg=_maybe(row, "incidence_deg"),
            f_statistic=_positive(row, "f_statistic"),
            score=_maybe(row, "score"),
            clipped=bool(flag(row, "clipped")),
        ),
        phase,
    )


def _maybe(row: Row, key: str) -> float | None:
    try:
        return number(row, key)
    except InputError:
        return None


def _positive(row: Row, key: str, zero: bool = False) -> float | None:
    value = _maybe(row, key)
    return value if value is not None and (value > 0 or (zero and value == 0)) else None


def _sign(row: Row) -> int:
    value = _maybe(row, "polarity")
    return 0 if not value else (1 if value > 0 else -1)


def _counted(counts: Mapping[str, int], total: int, name: str) -> list[Finding]:
    return [
        Finding(kind="table", subject=name, message=f"{n} of {total} rows {why} are not used")
        for why, n in counts.items()
        if n
    ]


# -- writing -----------------------------------------------------------------------------------------------------


def _fixed(value: float | None, places: int) -> Fixed | None:
    return None if value is None else Fixed(quanta.decimal_text(value, places))


def _significant(value: float | None, digits: int = 4) -> Fixed | None:
    return None if value is None else Fixed(repr(quanta.significant(value, digits)))


def _codes(pick: Pick) -> dict[str, Any]:
    network, _, station = pick.station_key.rpartition(".")
    n = pick.nslc
    return {
        "network": network,
        "station": station,
        "location": n.location if n else None,
        "channel": n.channel if n else None,
    }


def pick_row(pick: Pick, phase: str | None = None) -> Row:
    """One pick as a row of `PICK_COLUMNS`."""
    return {
        "pick_id": pick.pick_id,
        **_codes(pick),
        "time": format_time(pick.time_ns),
        "phase": pick.phase_hint if phase is None else phase,
        "slowness_s_per_deg": _fixed(pick.slowness_s_per_deg, 3),
        "backazimuth_deg": _fixed(pick.backazimuth_deg, 4),
        "amplitude_nm": _significant(pick.amplitude_nm),
        "period_s": _fixed(pick.period_s, 3),
        "snr": _fixed(pick.snr, 2),
        "time_sigma_s": _fixed(pick.time_sigma_s, 3),
        "slowness_sigma": _fixed(pick.slowness_sigma, 3),
        "backazimuth_sigma": _fixed(pick.backazimuth_sigma, 4),
        "polarity": pick.polarity,
        "polarity_confidence": _fixed(pick.polarity_confidence, 4),
        "rectilinearity": _fixed(pick.rectilinearity, 4),
        "incidence_deg": _fixed(pick.incidence_deg, 4),
        "f_statistic": _fixed(pick.f_statistic, 3),
        "score": _fixed(pick.score, 3),
        "clipped": pick.clipped,
    }


def write_picks(path: str | Path, picks: Iterable[Pick], sites: Iterable[Site] = ()) -> None:
    """Picks by time; with `sites` also their coordinates, so that the table stands alone."""
    places = {s.key: s for s in sites}
    rows = []
    for p in sorted(picks, key=lambda p: (p.time_ns, p.station_key, p.pick_id)):
        site = places.get(p.station_key)
        place: Row = {}
        if site is not None:
            place = {
                "longitude": _fixed(site.longitude, 5),
                "latitude": _fixed(site.latitude, 5),
                "elevation_m": _fixed(site.elevation_m, 1),
            }
        rows.append({**pick_row(p), **place})
    csvio.write_rows(path, PICK_COLUMNS + (PLACE_COLUMNS if places else ()), rows)


def write_arrivals(path: str | Path, events: Iterable[Event], picks: Iterable[Pick] = ()) -> None:
    """Arrivals by event and time, with what was measured on their picks."""
    known = {p.pick_id: p for p in picks}
    rows = []
    for e in sorted(events, key=lambda e: (e.origin.time_ns, e.event_id)):
        for a in sorted(e.arrivals, key=lambda a: (a.time_ns, a.station_key, a.pick_id)):
            pick = known.get(a.pick_id) or Pick(
                pick_id=a.pick_id, station_key=a.station_key, time_ns=a.time_ns
            )
            rows.append(
                {
                    "event_id": e.event_id,
                    **pick_row(pick, a.phase),
                    "time": format_time(a.time_ns),
                    "time_sigma_s": _fixed(a.time_sigma_s, 3),
                    "residual_s": _fixed(a.residual_s, 3),
                    "defining": a.defining,
                    "weight": _fixed(a.weight, 3),
                    "distance_deg": _fixed(a.distance_deg, 4),
                    "azimuth_deg": _fixed(a.azimuth_deg, 4),
                    "event_backazimuth_deg": _fixed(a.backazimuth_deg, 4),
                    "slowness_residual": _fixed(a.slowness_residual, 3),
                    "backazimuth_residual": _fixed(a.backazimuth_residual, 4),
                }
            )
    csvio.write_rows(path, ARRIVAL_COLUMNS, rows)


def magnitude_of(event: Event, kind: str) -> Magnitude | None:
    """An event's network magnitude of a kind ("mb", "ML", "Ms"), None where there is none."""
    return next((m for m in event.magnitudes if m.kind.lower() == kind.lower()), None)


def event_row(event: Event) -> Row:
    """One event as a row of `EVENT_COLUMNS`; a magnitude that is only a bound is left out."""
    o = event.origin
    row: Row = {
        "event_id": event.event_id,
        "time": format_time(o.time_ns),
        "longitude": _fixed(o.longitude, 4),
        "latitude": _fixed(o.latitude, 4),
        "depth_km": _fixed(o.depth_km, 2),
        "depth_fixed": o.depth_fixed,
        "smajor_km": _fixed(o.ellipse.smajor_km, 2),
        "sminor_km": _fixed(o.ellipse.sminor_km, 2),
        "strike_deg": _fixed(o.ellipse.strike_deg, 4),
        "n_defining": o.n_defining,
        "time_sigma_s": _fixed(o.time_sigma_s, 3),
        "n_stations": o.n_stations,
        "gap_deg": _fixed(o.gap_deg, 4),
    }
    for kind in ("mb", "ml", "ms"):
        m = magnitude_of(event, kind)
        if m is not None and not m.bound:
            row[kind], row[f"{kind}_sigma"] = _fixed(m.value, 2), _fixed(m.sigma, 2)
    margins = list(o.margins)
    if event.assessment is not None:
        a = event.assessment
        row["assessment"] = a.verdict.value
        row["log10_lr"] = _fixed(a.log10_lr, 2)
        row["prior"] = _fixed(a.prior, 4)
        row["probability_explosion"] = _fixed(a.probability_explosion, 4)
        margins += ["verdict"] if a.margin else []
    row["margin"] = " ".join(margins)
    return row


def write_events(path: str | Path, events: Iterable[Event]) -> None:
    """Events by time."""
    ordered = sorted(events, key=lambda e: (e.origin.time_ns, e.event_id))
    csvio.write_rows(path, EVENT_COLUMNS, [event_row(e) for e in ordered])


def write_noise(path: str | Path, noise: Iterable[NoiseHour]) -> None:
    """Noise hours by channel, time and band."""
    rows = [
        {
            "network": n.nslc.network,
            "station": n.nslc.station,
            "location": n.nslc.location,
            "channel": n.nslc.channel,
            "hour": format_time(n.hour_ns, 0),
            "low_hz": _fixed(n.band_hz[0], 3),
            "high_hz": _fixed(n.band_hz[1], 3),
            "up_s": _fixed(n.up_s, 3),
            "rms_counts": _significant(n.rms_counts),
            "a_over_t_nm_s": _significant(n.a_over_t_nm_s),
        }
        for n in sorted(noise, key=lambda n: (n.nslc, n.hour_ns, n.band_hz))
    ]
    csvio.write_rows(path, NOISE_COLUMNS, rows)


def write_findings(path: str | Path, findings: Iterable[Finding]) -> None:
    """Findings by subject and kind."""
    rows = [
        {
            "kind": f.kind,
            "subject": f.subject,
            "start": format_time(f.span.start_ns) if f.span else None,
            "end": format_time(f.span.end_ns) if f.span else None,
            "message": f.message,
        }
        for f in sorted(
            findings, key=lambda f: (f.subject, f.kind, f.span.start_ns if f.span else 0, f.message)
        )
    ]
    csvio.write_rows(path, ("kind", "subject", "start", "end", "message"), rows)


def write_stations(path: str | Path, sites: Iterable[Site]) -> None:
    """Sites as a station table."""
    rows = []
    for s in sorted(sites, key=lambda s: s.key):
        network, _, station = s.key.rpartition(".")
        rows.append(
            {
                "network": network or None if network != ANY else None,
                "station": station,
                "latitude": _fixed(s.latitude, 5),
                "longitude": _fixed(s.longitude, 5),
                "elevation_m": _fixed(s.elevation_m, 1),
            }
        )
    csvio.write_rows(path, ("network", "station", "latitude", "longitude", "elevation_m"), rows)
