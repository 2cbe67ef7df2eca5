"""CSS3.0 flat files, out: origin, origerr, event, assoc, arrival, netmag, stamag, site, sitechan.

Rules: fixed columns, one blank between fields; a value that is absent or does not fit is the field's null; identifiers
are numbers in the order of the bulletin; the load date is the end of the bulletin's window, so that the same bulletin
is the same bytes. In origerr x is east, y is north (km), z down (km), t time (s); conf 0.9. etype is "-": the verdict
stands in the other formats. Standard: Anderson, Farrell, Garcia, Given and Swanger, CSS Version 3 Database: Schema
Reference Manual, SAIC C90/01 (1990).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from testban.base import quanta
from testban.base.ids import Nslc
from testban.base.records import Bulletin, Channel, Event, Pick
from testban.base.times import NS_PER_S, format_time, julian_day
from testban.formats.css30_tables import TABLES

AUTHOR = "testban"
_OPEN = 2286324


def line(table: str, values: Mapping[str, Any]) -> str:
    """One record of a table in its columns."""
    return " ".join(_field(values.get(name), code, null) for name, code, null in TABLES[table])


def _field(value: Any, code: str, null: Any) -> str:
    width = int(code[:-1].split(".")[0])
    for v in (value, null):
        if v is None:
            continue
        if code.endswith("s"):
            return f"{str(v)[:width] or '-':<{width}}"
        text = (
            str(int(v)) if code.endswith("d") else quanta.decimal_text(float(v), int(code[:-1].split(".")[1]))
        )
        if len(text) <= width:
            return f"{text:>{width}}"
    return f"{'-1':>{width}}"


def write(path: str | Path, bulletin: Bulletin, channels: Iterable[Channel] = ()) -> tuple[Path, ...]:
    """Write PATH.origin, PATH.arrival, ... (sitechan where channels are given); returns the files."""
    base = Path(path)
    base.parent.mkdir(parents=True, exist_ok=True)
    out = []
    for table, lines in encode(bulletin, channels).items():
        file = base.with_name(f"{base.name}.{table}")
        file.write_bytes("".join(f"{text}\n" for text in lines).encode("ascii", errors="replace"))
        out.append(file)
    return tuple(out)


def encode(bulletin: Bulletin, channels: Iterable[Channel] = ()) -> dict[str, list[str]]:
    """Lines by table."""
    loaded = format_time(bulletin.end_ns, 0)[2:-1].replace("-", "/").replace("T", " ")
    rows: dict[str, list[dict[str, Any]]] = {t: [] for t in TABLES}
    picks = sorted(bulletin.picks, key=lambda p: (p.time_ns, p.station_key, p.pick_id))
    arids = {p.pick_id: i + 1 for i, p in enumerate(picks)}
    phases: dict[str, str] = {}
    events = sorted(bulletin.events, key=lambda e: (e.origin.time_ns, e.event_id))
    magid = 0
    for number, event in enumerate(events, start=1):
        phases |= {a.pick_id: a.phase for a in event.arrivals}
        ids = {m.kind.lower(): magid + i + 1 for i, m in enumerate(event.magnitudes)}
        rows["origin"].append(_origin(event, number, ids))
        rows["origerr"].append(_origerr(event, number))
        rows["event"].append({"evid": number, "evname": event.event_id, "prefor": number, "auth": AUTHOR})
        rows["assoc"] += _assoc(event, number, arids)
        rows["netmag"] += _netmag(event, number, magid)
        rows["stamag"] += _stamag(event, number, magid, arids)
        magid += len(event.magnitudes)
    rows["arrival"] = [_arrival(p, arids[p.pick_id], phases.get(p.pick_id, p.phase_hint)) for p in picks]
    rows["site"] = [
        {
            "sta": _sta(s.key),
            "ondate": 1900001,
            "offdate": _OPEN,
            "lat": s.latitude,
            "lon": s.longitude,
            "elev": s.elevation_m / 1e3,
            "staname": s.key,
            "statype": "ar" if s.is_array else "ss",
            "refsta": _sta(s.key),
        }
        for s in sorted(bulletin.sites, key=lambda s: s.key)
    ]
    rows["sitechan"] = _sitechan(list(channels))
    if bulletin.provenance.simulated:
        rows = {t: [r | {"auth": "SIMULATED"} if "auth" in r else r for r in rows[t]] for t in rows}
    return {
        t: [line(t, {**row, "lddate": loaded}) for row in listed]
        for t, listed in rows.items()
        if listed or t not in ("sitechan",)
    }


def _sta(key: str) -> str:
    return key.rpartition(".")[2]


def _jdate(time_ns: int) -> int:
    year, day = julian_day(time_ns)
    return year * 1000 + day


def _seconds(time_ns: int) -> float:
    return quanta.time_ns(time_ns) / NS_PER_S


def _origin(event: Event, number: int, ids: Mapping[str, int]) -> dict[str, Any]:
    o = event.origin
    row: dict[str, Any] = {
        "lat": o.latitude,
        "lon": o.longitude,
        "depth": quanta.kilometres(o.depth_km),
        "time": _seconds(o.time_ns),
        "orid": number,
        "evid": number,
        "jdate": _jdate(o.time_ns),
        "nass": len(event.arrivals),
        "ndef": o.n_defining,
        "ndp": sum(a.phase in ("pP", "sP") for a in event.arrivals),
        "dtype": "r" if o.depth_fixed else "f",
        "algorithm": f"testban:{o.model}",
        "auth": AUTHOR,
    }
    for m in event.magnitudes:
        kind = m.kind.lower()
        if kind in ("mb", "ms", "ml") and not m.bound:
            row[kind], row[f"{kind}id"] = m.value, ids[kind]
    return row


def _origerr(event: Event, number: int) -> dict[str, Any]:
    o = event.origin
    row: dict[str, Any] = {
        "orid": number,
        "sdobs": o.rms_s,
        "smajax": quanta.kilometres(o.ellipse.smajor_km),
        "sminax": quanta.kilometres(o.ellipse.sminor_km),
        "strike": o.ellipse.strike_deg,
        "sdepth": o.depth_sigma_km,
        "stime": o.time_sigma_s,
        "conf": o.ellipse.probability,
    }
    if len(o.covariance) == 4:
        names = "txyz"
        for i in range(4):
            for j in range(i, 4):
                a, b = (names[i], names[j]) if i else ("t", names[j])
                row["s" + a + b] = o.covariance[i][j]
    return row


def _assoc(event: Event, number: int, arids: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "arid": arids.get(a.pick_id, -1),
            "orid": number,
            "sta": _sta(a.station_key),
            "phase": a.phase,
            "delta": a.distance_deg,
            "seaz": a.backazimuth_deg,
            "esaz": a.azimuth_deg,
            "timeres": a.residual_s,
            "timedef": "d" if a.defining else "n",
            "azres": a.backazimuth_residual,
            "azdef": "d" if a.backazimuth_defining else "n",
            "slores": a.slowness_residual,
            "slodef": "d" if a.slowness_defining else "n",
            "wgt": a.weight,
            "vmodel": event.origin.model,
        }
        for a in sorted(event.arrivals, key=lambda a: (a.time_ns, a.station_key, a.pick_id))
    ]


def _arrival(p: Pick, arid: int, phase: str) -> dict[str, Any]:
    nslc: Nslc | None = p.nslc
    return {
        "sta": _sta(p.station_key),
        "time": _seconds(p.time_ns),
        "arid": arid,
        "jdate": _jdate(p.time_ns),
        "chan": nslc.channel if nslc else None,
        "iphase": phase or None,
        "deltim": p.time_sigma_s,
        "azimuth": p.backazimuth_deg,
        "delaz": p.backazimuth_sigma,
        "slow": p.slowness_s_per_deg,
        "delslo": p.slowness_sigma,
        "ema": p.incidence_deg,
        "rect": p.rectilinearity,
        "amp": p.amplitude_nm,
        "per": p.period_s,
        "clip": "c" if p.clipped else "n",
        "fm": {1: "c.", -1: "d."}.get(p.polarity),
        "snr": p.snr,
        "auth": AUTHOR,
    }


def _netmag(event: Event, number: int, magid: int) -> list[dict[str, Any]]:
    return [
        {
            "magid": magid + i + 1,
            "orid": number,
            "evid": number,
            "magtype": m.kind.lower(),
            "nsta": m.n_detected,
            "magnitude": m.value,
            "uncertainty": m.sigma,
            "auth": AUTHOR,
        }
        for i, m in enumerate(event.magnitudes)
        if not m.bound
    ]


def _stamag(event: Event, number: int, magid: int, arids: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "magid": magid + i + 1,
            "sta": _sta(s.station_key),
            "arid": arids.get(s.pick_id or "", -1),
            "orid": number,
            "evid": number,
            "magtype": m.kind.lower(),
            "magnitude": s.value,
            "auth": AUTHOR,
        }
        for i, m in enumerate(event.magnitudes)
        for s in m.stations
        if s.detected
    ]


def _sitechan(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    ordered = sorted(channels, key=lambda c: (c.nslc, c.start_ns or 0))
    return [
        {
            "sta": c.nslc.station,
            "chan": (c.nslc.channel + c.nslc.location)[:8],
            "ondate": _jdate(c.start_ns) if c.start_ns is not None else 1900001,
            "chanid": i + 1,
            "offdate": _jdate(c.end_ns) if c.end_ns is not None else _OPEN,
            "ctype": "n",
            "edepth": c.depth_m / 1e3,
            "hang": c.azimuth_deg,
            "vang": None if c.dip_deg is None else c.dip_deg + 90.0,
            "descrip": str(c.nslc),
        }
        for i, c in enumerate(ordered)
    ]
