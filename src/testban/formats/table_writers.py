"""Tables of picks, arrivals, events, noise, findings and stations, out: CSV or Parquet by extension.

Rules: fixed columns in a fixed order, rows in a total order, numbers rounded to the published quanta (base.quanta);
None is an empty cell. Readers and accepted column names: `formats.tables`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from testban.base import quanta
from testban.base.inventory import ANY
from testban.base.records import Event, Finding, Magnitude, NoiseHour, Pick, Site
from testban.base.times import format_time
from testban.formats import csvio
from testban.formats.csvio import Fixed, Row

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
    "weak",
)
PLACE_COLUMNS = ("longitude", "latitude", "elevation_m")
ARRIVAL_COLUMNS = (
    "event_id",
    *PICK_COLUMNS[:15],
    "residual_s",
    "residual_sigma_s",
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
        "weak": pick.weak,
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
    """Arrivals by event and time, with what was measured on their picks.

    time_sigma_s is the pick's own error, so that the table can be located again; residual_sigma_s holds the model's too.
    """
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
                    "residual_s": _fixed(a.residual_s, 3),
                    "residual_sigma_s": _fixed(a.time_sigma_s, 3),
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
