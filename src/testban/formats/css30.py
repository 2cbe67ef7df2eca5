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

Field = tuple[str, str, Any]  # name, format such as "9.4f", "8d", "15s", and the null

_DATE: Field = ("lddate", "17s", "-")
_COMMENT: Field = ("commid", "8d", -1)
TABLES: Mapping[str, tuple[Field, ...]] = {
    "origin": (
        ("lat", "9.4f", -999.0),
        ("lon", "9.4f", -999.0),
        ("depth", "9.4f", -999.0),
        ("time", "17.5f", -9999999999.999),
        ("orid", "8d", -1),
        ("evid", "8d", -1),
        ("jdate", "8d", -1),
        ("nass", "4d", -1),
        ("ndef", "4d", -1),
        ("ndp", "4d", -1),
        ("grn", "8d", -1),
        ("srn", "8d", -1),
        ("etype", "7s", "-"),
        ("depdp", "9.4f", -999.0),
        ("dtype", "1s", "-"),
        ("mb", "7.2f", -999.0),
        ("mbid", "8d", -1),
        ("ms", "7.2f", -999.0),
        ("msid", "8d", -1),
        ("ml", "7.2f", -999.0),
        ("mlid", "8d", -1),
        ("algorithm", "15s", "-"),
        ("auth", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "origerr": (
        ("orid", "8d", -1),
        *(
            (s, "15.4f", -999999999.9999)
            for s in ("sxx", "syy", "szz", "stt", "sxy", "sxz", "syz", "stx", "sty", "stz")
        ),
        ("sdobs", "9.4f", -1.0),
        ("smajax", "9.4f", -1.0),
        ("sminax", "9.4f", -1.0),
        ("strike", "6.2f", -1.0),
        ("sdepth", "9.4f", -1.0),
        ("stime", "8.2f", -1.0),
        ("conf", "5.3f", 0.0),
        _COMMENT,
        _DATE,
    ),
    "event": (
        ("evid", "8d", -1),
        ("evname", "15s", "-"),
        ("prefor", "8d", -1),
        ("auth", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "assoc": (
        ("arid", "8d", -1),
        ("orid", "8d", -1),
        ("sta", "6s", "-"),
        ("phase", "8s", "-"),
        ("belief", "4.2f", 9.99),
        ("delta", "8.3f", -1.0),
        ("seaz", "7.2f", -999.0),
        ("esaz", "7.2f", -999.0),
        ("timeres", "8.3f", -999.0),
        ("timedef", "1s", "-"),
        ("azres", "7.1f", -999.0),
        ("azdef", "1s", "-"),
        ("slores", "7.2f", -999.0),
        ("slodef", "1s", "-"),
        ("emares", "7.1f", -999.0),
        ("wgt", "6.3f", -1.0),
        ("vmodel", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "arrival": (
        ("sta", "6s", "-"),
        ("time", "17.5f", -9999999999.999),
        ("arid", "8d", -1),
        ("jdate", "8d", -1),
        ("stassid", "8d", -1),
        ("chanid", "8d", -1),
        ("chan", "8s", "-"),
        ("iphase", "8s", "-"),
        ("stype", "1s", "-"),
        ("deltim", "6.3f", -1.0),
        ("azimuth", "7.2f", -1.0),
        ("delaz", "7.2f", -1.0),
        ("slow", "7.2f", -1.0),
        ("delslo", "7.2f", -1.0),
        ("ema", "7.2f", -1.0),
        ("rect", "7.3f", -1.0),
        ("amp", "10.1f", -1.0),
        ("per", "7.2f", -1.0),
        ("logat", "7.2f", -999.0),
        ("clip", "1s", "-"),
        ("fm", "2s", "-"),
        ("snr", "10.2f", -1.0),
        ("qual", "1s", "-"),
        ("auth", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "netmag": (
        ("magid", "8d", -1),
        ("net", "8s", "-"),
        ("orid", "8d", -1),
        ("evid", "8d", -1),
        ("magtype", "6s", "-"),
        ("nsta", "8d", -1),
        ("magnitude", "7.2f", -999.0),
        ("uncertainty", "7.2f", -1.0),
        ("auth", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "stamag": (
        ("magid", "8d", -1),
        ("sta", "6s", "-"),
        ("arid", "8d", -1),
        ("orid", "8d", -1),
        ("evid", "8d", -1),
        ("phase", "8s", "-"),
        ("magtype", "6s", "-"),
        ("magnitude", "7.2f", -999.0),
        ("uncertainty", "7.2f", -1.0),
        ("auth", "15s", "-"),
        _COMMENT,
        _DATE,
    ),
    "site": (
        ("sta", "6s", "-"),
        ("ondate", "8d", -1),
        ("offdate", "8d", -1),
        ("lat", "9.4f", -999.0),
        ("lon", "9.4f", -999.0),
        ("elev", "9.4f", -999.0),
        ("staname", "50s", "-"),
        ("statype", "4s", "-"),
        ("refsta", "6s", "-"),
        ("dnorth", "9.4f", 0.0),
        ("deast", "9.4f", 0.0),
        _DATE,
    ),
    "sitechan": (
        ("sta", "6s", "-"),
        ("chan", "8s", "-"),
        ("ondate", "8d", -1),
        ("chanid", "8d", -1),
        ("offdate", "8d", -1),
        ("ctype", "4s", "-"),
        ("edepth", "9.4f", -1.0),
        ("hang", "6.1f", -999.0),
        ("vang", "6.1f", -999.0),
        ("descrip", "50s", "-"),
        _DATE,
    ),
}
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
