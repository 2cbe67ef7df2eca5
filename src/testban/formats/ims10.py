"""IMS1.0 short bulletins (ISF), out.

Rules: every field stands in the columns of the format, values too wide for their columns are left blank; identifiers
of eight characters are made from the event identifier (its digest), the full one stands in a comment. The event type
is "se" for earthquake-like and "uk" for anything else, because the format knows no "suspected explosion" short of
naming its kind; the assessment stands in a comment. Format: IMS1.0, as in "Formats and Protocols for Messages"
(IDC-3.4.1) and the ISC's ISF description. The contract test reads it back with ObsPy.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from testban.base import quanta
from testban.base.canonical import digest
from testban.base.records import Arrival, Bulletin, Event, Magnitude, Origin, Pick, StationMagnitude, Verdict
from testban.base.times import format_time, round_to

AUTHOR = "TESTBAN"
_SIGMA_90 = 1.6448536269514722  # standard normal quantile of 0.95: two-sided 90 %
ORIGINS = (
    "   Date       Time        Err   RMS Latitude Longitude  Smaj  Smin  Az Depth   Err Ndef Nsta Gap  mdist  Mdist "
    "Qual   Author      OrigID"
)
MAGNITUDES = "Magnitude  Err Nsta Author      OrigID"
PHASES = (
    "Sta     Dist  EvAz Phase        Time      TRes  Azim AzRes   Slow   SRes Def   SNR       Amp   Per Qual Magnitude    "
    "ArrID"
)


def write(path: str | Path, bulletin: Bulletin) -> None:
    """Write a bulletin."""
    Path(path).write_bytes(encode(bulletin.events, bulletin.picks, simulated=bulletin.provenance.simulated))


def short_id(event_id: str) -> str:
    """The eight characters by which the format knows an event."""
    return digest(event_id.encode())[:8].upper()


def encode(events: Iterable[Event], picks: Iterable[Pick] = (), *, simulated: bool = False) -> bytes:
    """The bytes of a bulletin, events by time."""
    known = {p.pick_id: p for p in picks}
    ordered = sorted(events, key=lambda e: (e.origin.time_ns, e.event_id))
    title = "testban bulletin" + (", SIMULATED" if simulated else "")
    lines = [
        "BEGIN IMS1.0",
        "MSG_TYPE DATA",
        f"MSG_ID {short_id(''.join(e.event_id for e in ordered))} TESTBAN",
        "DATA_TYPE BULLETIN IMS1.0:SHORT",
        title,
    ]
    number = 0
    for event in ordered:
        lines += _event(event, known, number)
        number += len(event.arrivals)
    lines += ["", "STOP"]
    return ("\n".join(line.rstrip() for line in lines) + "\n").encode("ascii", errors="replace")


def _event(event: Event, picks: Mapping[str, Pick], number: int) -> list[str]:
    name = short_id(event.event_id)
    lines = [f"Event {name:>8} testban", "", ORIGINS, _origin(event.origin, name, event)]
    lines.append(f" (#PARAM event_id={event.event_id})")
    if event.assessment is not None:
        ratio = event.assessment.log10_lr
        text = "" if ratio is None else f" log10_lr={quanta.decimal_text(ratio, 2)}"
        lines.append(f" (#CLASS {event.assessment.verdict.value}{text})")
    if event.magnitudes:
        lines += ["", MAGNITUDES, *(_magnitude(m, name) for m in event.magnitudes)]
    lines += ["", PHASES]
    stations = _station_magnitudes(event)
    ordered = sorted(event.arrivals, key=lambda a: (a.distance_deg, a.time_ns, a.station_key))
    for i, a in enumerate(ordered):
        lines.append(_phase(a, picks.get(a.pick_id), stations.get(a.pick_id), number + i + 1))
    return [*lines, ""]


def _station_magnitudes(event: Event) -> dict[str, tuple[str, StationMagnitude]]:
    out: dict[str, tuple[str, StationMagnitude]] = {}
    for m in event.magnitudes:
        for s in m.stations:
            if s.pick_id is not None and s.detected:
                out.setdefault(s.pick_id, (m.kind, s))
    return out


def field(value: float | None, width: int, places: int) -> str:
    """A number right-aligned in its columns; blanks for None and for what does not fit."""
    if value is None:
        return " " * width
    text = quanta.decimal_text(value, places)
    return f"{text:>{width}}" if len(text) <= width else " " * width


def _clock(time_ns: int, decimals: int) -> tuple[str, str]:
    text = format_time(round_to(time_ns, 10 ** (9 - decimals)), decimals)
    return text[:10].replace("-", "/"), text[11:-1]


def _origin(o: Origin, name: str, event: Event) -> str:
    date, clock = _clock(o.time_ns, 2)
    verdict = event.assessment.verdict if event.assessment is not None else None
    kind = "se" if verdict == Verdict.EARTHQUAKE else "uk"
    depth_error = None if o.depth_fixed or o.depth_sigma_km is None else o.depth_sigma_km * _SIGMA_90
    columns = [
        (0, date),
        (11, clock),
        (24, field(o.time_sigma_s, 5, 2)),
        (30, field(o.rms_s, 5, 2)),
        (36, field(o.latitude, 8, 4)),
        (45, field(o.longitude, 9, 4)),
        (55, field(o.ellipse.smajor_km, 5, 1)),
        (61, field(o.ellipse.sminor_km, 5, 1)),
        (67, field(o.ellipse.strike_deg % 360.0, 3, 0)),
        (71, field(o.depth_km, 5, 1)),
        (76, "f" if o.depth_fixed else " "),
        (78, field(depth_error, 4, 1)),
        (83, f"{o.n_defining:4d}"),
        (88, f"{o.n_stations:4d}"),
        (93, field(o.gap_deg, 3, 0)),
        (97, field(o.min_distance_deg, 6, 2)),
        (104, field(o.max_distance_deg, 6, 2)),
        (111, "a"),
        (113, "i"),
        (115, kind),
        (118, AUTHOR),
        (128, name),
    ]
    return place(columns, 136)


def short_kind(kind: str) -> str:
    """A magnitude type in the five columns of the format."""
    return {"Ms(regional)": "Msreg"}.get(kind, kind)[:5]


def _magnitude(m: Magnitude, name: str) -> str:
    columns = [
        (0, short_kind(m.kind)),
        (5, "<" if m.bound else " "),
        (6, field(m.value, 4, 1)),
        (11, field(m.sigma, 3, 1)),
        (15, f"{m.n_detected:4d}"),
        (20, AUTHOR),
        (30, name),
    ]
    return place(columns, 38)


def _phase(a: Arrival, pick: Pick | None, magnitude: tuple[str, StationMagnitude] | None, number: int) -> str:
    p = pick or Pick(pick_id=a.pick_id, station_key=a.station_key, time_ns=a.time_ns)
    flags = (
        ("T" if a.defining else "_")
        + ("A" if a.backazimuth_defining else "_")
        + ("S" if a.slowness_defining else "_")
    )
    columns = [
        (0, a.station_key.rpartition(".")[2][:5]),
        (6, field(a.distance_deg, 6, 2)),
        (13, field(a.azimuth_deg, 5, 1)),
        (19, a.phase[:8]),
        (28, _clock(a.time_ns, 3)[1]),
        (41, field(a.residual_s, 5, 1)),
        (47, field(p.backazimuth_deg, 5, 1)),
        (53, field(a.backazimuth_residual, 5, 1)),
        (59, field(p.slowness_s_per_deg, 6, 2)),
        (66, field(a.slowness_residual, 5, 1)),
        (73, flags),
        (77, field(p.snr if p.snr is None else min(p.snr, 999.9), 5, 1)),
        (83, field(p.amplitude_nm, 9, 1)),
        (93, field(p.period_s, 5, 2)),
        (99, "a" + {1: "c", -1: "d"}.get(p.polarity, "_") + "_"),
        (114, f"{number:8d}"),
    ]
    if magnitude is not None:
        columns += [(103, short_kind(magnitude[0])), (109, field(magnitude[1].value, 4, 1))]
    return place(columns, 122)


def place(columns: Iterable[tuple[int, str]], width: int) -> str:
    """One line with texts at their columns (from 0)."""
    line = [" "] * width
    for at, text in columns:
        line[at : at + len(text)] = text
    return "".join(line)
