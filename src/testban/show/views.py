"""From a bulletin to what the page's template needs: rows of texts and pictures, nothing left to compute there.

Rules: `None` and NaN become a dash; every list has a stated order; long lists are cut with a count of what was left
out; identifiers of the page are numbers, so that no foreign text shapes them.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from testban.base.geo import KM_PER_DEG
from testban.base.records import Bulletin, Event, Expected, Finding, Magnitude, Pick, Site, Verdict
from testban.base.times import format_time
from testban.identify.combine import away
from testban.show import close_view, evidence, headline, maps, plots, reasons, section, verdicts, yields
from testban.show.reasons_findings import KINDS
from testban.show.texts import DASH, N_, Both, finite, fixed, hertz, sig, t
from testban.show.traces import ReportTrace

MOST_LOOSE = 200
MOST_INPUTS = 400
STATUS_TEXT = {
    "not-seen": N_("up, silent"),
    "down": N_("down"),
    "masked": N_("hidden by another signal"),
    "too-weak": N_("too weak to be seen there"),
    "seen": N_("seen"),
}


def time_text(ns: int, decimals: int = 3) -> str:
    """ISO 8601 with a blank in place of T, for tables."""
    return format_time(ns, decimals).replace("T", " ").rstrip("Z")


def notable(event: Event) -> tuple[int, float, int]:
    """Order in which events get their pictures: explosion-like, undetermined, the rest; larger first."""
    a = event.assessment
    rank = (
        1 if a is None else {Verdict.EXPLOSION: 0, Verdict.UNDETERMINED: 1, Verdict.EARTHQUAKE: 2}[a.verdict]
    )
    m = headline.best_magnitude(event)
    return rank, -(m.value if m else -9.0), -len(event.arrivals)


def event_row(number: int, event: Event) -> dict[str, Any]:
    """One line of the list of events."""
    o, a = event.origin, event.assessment
    m = headline.best_magnitude(event)
    return {
        "number": number,
        "id": event.event_id,
        "time": time_text(o.time_ns, 1),
        "latitude": fixed(o.latitude, 3),
        "longitude": fixed(o.longitude, 3),
        "depth": fixed(o.depth_km, 0) + ("f" if o.depth_fixed else ""),
        "magnitude": DASH if m is None else f"{m.kind} {'<' if m.bound else ''}{fixed(m.value, 1)}",
        "axes": f"{fixed(o.ellipse.smajor_km, 0)} × {fixed(o.ellipse.sminor_km, 0)}",
        "stations": o.n_stations,
        "verdict": None if a is None else t(evidence.VERDICTS[a.verdict]),
        "class": "vu" if a is None else evidence.VERDICT_CLASS[a.verdict],
        "lr": DASH if a is None else fixed(a.log10_lr, 2, sign=True),
    }


def arrival_rows(event: Event, picks: Mapping[str, Pick]) -> list[dict[str, Any]]:
    """The table of arrivals, by distance and time."""
    out = []
    for a in sorted(event.arrivals, key=lambda a: (a.distance_deg, a.station_key, a.time_ns, a.pick_id)):
        p = picks.get(a.pick_id)
        out.append(
            {
                "station": a.station_key,
                "nslc": str(p.nslc) if p and p.nslc else "",
                "phase": a.phase,
                "time": time_text(a.time_ns, 2),
                "distance": fixed(a.distance_deg, 2),
                "azimuth": fixed(a.azimuth_deg, 0),
                "residual": fixed(a.residual_s, 2, sign=True),
                "sigma": fixed(a.time_sigma_s, 2),
                "defining": a.defining,
                "weight": fixed(a.weight, 2),
                "snr": sig(p.snr, 2) if p else DASH,
                "slowness": fixed(p.slowness_s_per_deg, 1) if p else DASH,
                "backazimuth": fixed(a.backazimuth_residual, 0, sign=True),
                "polarity": "" if p is None else {1: "+", -1: "−"}.get(p.polarity, ""),
            }
        )
    return out


def magnitude_view(m: Magnitude) -> dict[str, Any]:
    """One network magnitude and its stations, nearest first."""
    rows = [
        {
            "station": s.station_key,
            "value": ("< " if not s.detected and finite(s.value) else "") + fixed(s.value, 2),
            "state": t("refused") if not s.used else t("seen") if s.detected else t("upper bound"),
            "reason": reasons.reason(s.reason),
            "used": s.used,
            "distance": fixed(s.distance_deg, 2),
            "amplitude": sig(s.amplitude_nm, 3),
            "period": fixed(s.period_s, 2),
        }
        for s in sorted(
            m.stations, key=lambda s: (s.distance_deg if finite(s.distance_deg) else 999.0, s.station_key)
        )
    ]
    return {
        "kind": m.kind,
        "value": ("< " if m.bound else "") + fixed(m.value, 2),
        "sigma": fixed(m.sigma, 2),
        "detected": m.n_detected,
        "censored": m.n_censored,
        "refused": sum(not s.used for s in m.stations),
        "method": reasons.reason(m.method),
        "rows": rows,
        "plot": plots.magnitude(m),
    }


def silence_rows(expected: Sequence[Expected]) -> list[dict[str, Any]]:
    """Stations that did not see the event: the most surprising first."""
    order = {"not-seen": 0, "masked": 1, "down": 2, "too-weak": 3}
    quiet = [e for e in expected if e.status != "seen"]
    quiet.sort(
        key=lambda e: (
            order.get(e.status, 4),
            -e.probability if finite(e.probability) else 0.0,
            e.distance_deg,
            e.station_key,
        )
    )
    return [
        {
            "station": e.station_key,
            "phase": e.phase,
            "time": time_text(e.time_ns, 0),
            "distance": fixed(e.distance_deg, 2),
            "probability": evidence.share(e.probability),
            "status": t(STATUS_TEXT[e.status]) if e.status in STATUS_TEXT else Both(e.status, e.status),
            "loud": e.status == "not-seen" and finite(e.probability) and e.probability >= 0.8,
        }
        for e in quiet
    ]


def silence_summary(event: Event) -> Both:
    """How many saw it, how many should have."""
    count: dict[str, int] = defaultdict(int)
    for e in event.expected:
        count[e.status] += 1
    missing = sum(e.probability for e in event.expected if e.status == "not-seen" and finite(e.probability))
    return t(
        "Stations that saw it: {seen}; up but silent: {silent} (expected among them: {missing}); down: {down}; hidden by another signal: {masked}; too weak there: {weak}.",
        seen=len({a.station_key for a in event.arrivals}),
        silent=count["not-seen"],
        missing=fixed(missing, 1),
        down=count["down"],
        masked=count["masked"],
        weak=count["too-weak"],
    )


def event_view(
    number: int,
    event: Event,
    pictured: bool,
    traces: Sequence[ReportTrace],
    picks: Mapping[str, Pick],
    all_picks: Sequence[Pick],
    sites: Mapping[str, Site],
) -> dict[str, Any]:
    """All that the page says about one event."""
    a, o = event.assessment, event.origin
    placed = math.isfinite(o.longitude) and math.isfinite(o.latitude)
    shown: str = ""
    rows: list[section.Row] = []
    if pictured and placed:
        shown, rows = section.record_section(event, traces, all_picks, sites)
    status = maps.station_status(event)
    return {
        "number": number,
        "row": event_row(number, event),
        "headline": headline.sentence(event),
        "certainty": headline.certainty(event),
        "facts": facts(event),
        "map": maps.event_map(event, sites) if pictured and placed and sites else "",
        "close": close_view.close_view(event, sites) if pictured and placed else "",
        "section": shown,
        "bands": [hertz(b) for b in sorted({r.trace.band for r in rows if r.trace.band})],
        "predicted": any(r.predicted for r in rows),
        "shown": len(rows),
        "residual_distance": plots.residuals(event, "distance") if pictured else "",
        "residual_azimuth": plots.residuals(event, "azimuth") if pictured else "",
        "cards": evidence.cards(a.evidence) if a else [],
        "change": verdicts.changes(a, (), *away(a.log10_lr)) if a else [],
        "size": yields.of_event(event),
        "screening": [*verdicts.classes(a), *verdicts.screening(a.screening)] if a else [],
        "magnitudes": [magnitude_view(m) for m in event.magnitudes],
        "silence": silence_rows(event.expected),
        "silence_summary": silence_summary(event),
        "arrivals": arrival_rows(event, picks),
        "count": {k: sum(v == k for v in status.values()) for k in maps.STATUSES},
        "outside": sum(1 for k in sites if k not in status),
    }


def facts(event: Event) -> list[tuple[Both, Both | str]]:
    """Key figures beside the map."""
    o = event.origin
    reason = reasons.reason(o.depth_reason)
    out: list[tuple[Both, Both | str]] = [
        (t("Origin time"), t("{x} s", x=f"{time_text(o.time_ns, 2)} ± {fixed(o.time_sigma_s, 2)}")),
        (t("Epicentre"), f"{fixed(o.latitude, 4)}, {fixed(o.longitude, 4)}"),
        (t("Depth"), headline.depth(event)),
        (t("Why this depth"), reason),
        (
            t("{p}% ellipse", p=f"{100 * o.ellipse.probability:.0f}"),
            t(
                "{a} × {b} km, strike {s}°, {area} km²",
                a=fixed(o.ellipse.smajor_km, 1),
                b=fixed(o.ellipse.sminor_km, 1),
                s=fixed(o.ellipse.strike_deg, 0),
                area=fixed(o.ellipse.area_km2, 0),
            ),
        ),
        (t("Stations / defining phases"), f"{o.n_stations} / {o.n_defining}"),
        (t("Azimuth gap, second gap"), f"{fixed(o.gap_deg, 0)}°, {fixed(o.secondary_gap_deg, 0)}°"),
        (
            t("Distances"),
            t(
                "{a}° to {b}° ({c} to {d} km)",
                a=fixed(o.min_distance_deg, 1),
                b=fixed(o.max_distance_deg, 1),
                c=fixed(o.min_distance_deg * KM_PER_DEG, 0),
                d=fixed(o.max_distance_deg * KM_PER_DEG, 0),
            ),
        ),
        (t("Weighted rms residual"), t("{x} s", x=fixed(o.rms_s, 2))),
        (t("Earth model"), o.model),
    ]
    for m in o.margins:
        out.append((t("At the edge of a threshold"), m))
    return [pair for pair in out if str(pair[1])]


def loose_picks(bulletin: Bulletin) -> tuple[list[dict[str, Any]], int]:
    """Detections that belong to no event, by station, the strongest first; and how many were left out."""
    used = {a.pick_id for e in bulletin.events for a in e.arrivals}
    by: dict[str, list[Pick]] = defaultdict(list)
    for p in bulletin.picks:
        if p.pick_id not in used:
            by[p.station_key].append(p)
    rows: list[dict[str, Any]] = []
    total = sum(len(v) for v in by.values())
    each = max(1, MOST_LOOSE // max(1, len(by)))
    for key in sorted(by):
        strongest = sorted(
            by[key],
            key=lambda p: (-(p.snr if p.snr is not None and finite(p.snr) else 0.0), p.time_ns, p.pick_id),
        )
        for i, p in enumerate(strongest[:each]):
            band = f"{p.band_hz[0]:g}–{p.band_hz[1]:g}" if p.band_hz else DASH
            rows.append(
                {
                    "station": key,
                    "count": len(strongest) if i == 0 else "",
                    "time": time_text(p.time_ns, 2),
                    "phase": p.phase_hint or DASH,
                    "snr": sig(p.snr, 3),
                    "band": band,
                    "slowness": fixed(p.slowness_s_per_deg, 1),
                    "backazimuth": fixed(p.backazimuth_deg, 0),
                }
            )
    return rows[: 4 * MOST_LOOSE], total - len(rows[: 4 * MOST_LOOSE])


def station_rows(bulletin: Bulletin) -> list[dict[str, Any]]:
    """Health: hours recorded, detections, findings of each station."""
    up: dict[str, float] = defaultdict(float)
    level: dict[str, list[float]] = defaultdict(list)
    for n in bulletin.noise:
        up[n.station_key] += n.up_s if finite(n.up_s) else 0.0
        if n.a_over_t_nm_s is not None and finite(n.a_over_t_nm_s):
            level[n.station_key].append(n.a_over_t_nm_s)
    bands: dict[str, set[tuple[float, float]]] = defaultdict(set)
    for n in bulletin.noise:
        bands[n.station_key].add(n.band_hz)
    total = max(1.0, (bulletin.end_ns - bulletin.start_ns) / 1e9)
    picks: dict[str, int] = defaultdict(int)
    for p in bulletin.picks:
        picks[p.station_key] += 1
    used: dict[str, int] = defaultdict(int)
    for e in bulletin.events:
        for a in e.arrivals:
            used[a.station_key] += 1
    found: dict[str, list[str]] = defaultdict(list)
    keys = {s.key for s in bulletin.sites} | set(up) | set(picks)
    for f in bulletin.findings:
        key = next((k for k in (f.subject, ".".join(f.subject.split(".")[:2])) if k in keys), None)
        if key:
            found[key].append(f.kind)
    out = []
    for key in sorted(keys):
        share = up[key] / max(1, len(bands[key])) / total
        median = sorted(level[key])[len(level[key]) // 2] if level[key] else None
        out.append(
            {
                "station": key,
                "up": fixed(100 * min(1.0, share), 0) if key in up else DASH,
                "noise": sig(median, 2),
                "picks": picks[key],
                "used": used[key],
                "findings": len(found[key]),
            }
        )
    return out


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings, alike ones after each other; at most 500."""
    rows = sorted(findings, key=lambda f: (f.kind, f.subject, f.span.start_ns if f.span else 0, f.message))
    return [
        {
            "kind": t(KINDS[f.kind]) if f.kind in KINDS else Both(f.kind, f.kind),
            "subject": f.subject,
            "message": reasons.reason(f.message),
            "time": time_text(f.span.start_ns, 0) if f.span else "",
            "seconds": fixed(f.span.duration_s, 1) if f.span else "",
        }
        for f in rows[:500]
    ]


def page(bulletin: Bulletin, traces: Sequence[ReportTrace], pictures: int) -> dict[str, Any]:
    """Everything for the template."""
    sites = {s.key: s for s in bulletin.sites}
    picks = {p.pick_id: p for p in bulletin.picks}
    order = sorted(range(len(bulletin.events)), key=lambda i: (*notable(bulletin.events[i]), i))
    pictured = set(order[:pictures])
    events = [
        event_view(i + 1, e, i in pictured, traces, picks, bulletin.picks, sites)
        for i, e in enumerate(bulletin.events)
    ]
    unfolded = set(order[:3]) if len(events) > 4 else set(order)
    for i, e in enumerate(events):
        e["open"] = i in unfolded
    loose, left_out = loose_picks(bulletin)
    p = bulletin.provenance
    return {
        "simulated": p.simulated,
        "start": time_text(bulletin.start_ns, 0),
        "end": time_text(bulletin.end_ns, 0),
        "n_stations": len(bulletin.sites),
        "n_picks": len(bulletin.picks),
        "events": events,
        "pictured": len(pictured),
        "verdicts": {
            v: sum(1 for e in bulletin.events if e.assessment and e.assessment.verdict == v) for v in Verdict
        },
        "loose": loose,
        "loose_left_out": left_out,
        "stations": station_rows(bulletin),
        "findings": finding_rows(bulletin.findings),
        "n_findings": len(bulletin.findings),
        "noise": plots.noise(bulletin.noise),
        "provenance": p,
        "inputs": p.inputs[:MOST_INPUTS],
        "inputs_left_out": max(0, len(p.inputs) - MOST_INPUTS),
    }
