"""QuakeML 1.2 (BED): bulletins out; `quakeml_read` takes them in.

Rules: public identifiers are made from event and pick identifiers alone, so the same bulletin is the same bytes;
there is no creation time. Numbers are rounded to the published quanta; the ellipse (90 % coverage) is in metres. An
explosion-like event is of type "explosion", certainty "suspected": the type says what the recordings look like, never
that it was nuclear; undetermined events carry no type. Every piece of evidence is a comment.
Standard: QuakeML-BED 1.2 (Euchner and Schorlemmer, 2013); the contract test validates against its XSD.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path

from testban.base import quanta
from testban.base.ids import Nslc
from testban.base.records import (
    Arrival,
    Bulletin,
    Ellipse,
    Event,
    Evidence,
    Magnitude,
    Pick,
    StationMagnitude,
    Verdict,
)
from testban.base.times import format_time
from testban.base.verdicts import Screening
from testban.formats import xml
from testban.formats.xml import add

BED = "http://quakeml.org/xmlns/bed/1.2"
QML = "http://quakeml.org/xmlns/quakeml/1.2"
PREFIX = "smi:org.testban"
_TYPES = {Verdict.EXPLOSION: "explosion", Verdict.EARTHQUAKE: "earthquake"}
_FORBIDDEN = re.compile(r"[^\w.*()+?~'=,;#/&-]", re.ASCII)
AGENCY = (
    "testban"  # as the author in IMS1.0 and CSS3.0; no time of creation: the same bulletin is the same bytes
)
LABEL = "SIMULATED: a world with known truth, not recordings"


def write(path: str | Path, bulletin: Bulletin) -> None:
    """Write a bulletin."""
    Path(path).write_bytes(encode(bulletin.events, bulletin.picks, simulated=bulletin.provenance.simulated))


def write_events(path: str | Path, events: Iterable[Event], simulated: bool = False) -> None:
    """Write events alone (a truth, a catalogue): arrivals whose picks are not given are left out."""
    Path(path).write_bytes(encode(events, (), simulated=simulated))


def public_id(kind: str, *parts: str) -> str:
    """A public identifier that QuakeML's pattern allows."""
    return f"{PREFIX}/{kind}/" + "/".join(_FORBIDDEN.sub("_", p) or "_" for p in parts)


def encode(events: Iterable[Event], picks: Iterable[Pick] = (), *, simulated: bool = False) -> bytes:
    """The bytes of a QuakeML document; events by time."""
    ordered = sorted(events, key=lambda e: (e.origin.time_ns, e.event_id))
    root = ET.Element("q:quakeml", {"xmlns:q": QML, "xmlns": BED})
    name = ordered[0].event_id if ordered else "empty"
    parameters = add(root, "eventParameters", publicID=public_id("bulletin", name))
    if simulated:
        add(parameters, "description", LABEL)
    known = {p.pick_id: p for p in picks}
    for event in ordered:
        _event(parameters, event, known)
    return xml.to_bytes(root)


def _event(parent: ET.Element, event: Event, picks: Mapping[str, Pick]) -> None:
    node = add(parent, "event", publicID=public_id("event", event.event_id))
    origin_id = public_id("origin", event.event_id)
    add(node, "preferredOriginID", origin_id)
    preferred = next(
        (m for k in ("mb", "ml", "ms") for m in event.magnitudes if m.kind.lower() == k and not m.bound), None
    )
    if preferred is not None:
        add(node, "preferredMagnitudeID", public_id("magnitude", event.event_id, preferred.kind))
    if event.assessment is not None:
        verdict = event.assessment.verdict
        if verdict in _TYPES:
            add(node, "type", _TYPES[verdict])
            add(node, "typeCertainty", "suspected")
        _comment(node, event, "assessment", _assessment_text(event))
        if event.assessment.screening is not None:
            _comment(node, event, "screening", _screening_text(event.assessment.screening))
        for e in event.assessment.evidence:
            _comment(node, event, f"evidence/{e.name}", evidence_text(e))
    for a in event.arrivals:
        if a.pick_id in picks:
            _pick(node, event, picks[a.pick_id], a)
    _origin(node, event, origin_id, picks)
    for m in event.magnitudes:
        _magnitude(node, event, m, origin_id)
    _made_by(node)


def _made_by(parent: ET.Element) -> None:
    add(add(parent, "creationInfo"), "agencyID", AGENCY)


def _comment(parent: ET.Element, event: Event, what: str, text: str) -> None:
    add(add(parent, "comment", id=public_id("comment", event.event_id, what)), "text", text)


def _assessment_text(event: Event) -> str:
    a = event.assessment
    assert a is not None
    parts = [f"verdict {a.verdict.value}"]
    if a.log10_lr is not None:
        parts.append(f"log10 likelihood ratio {quanta.decimal_text(a.log10_lr, 2)}")
    if a.probability_explosion is not None:
        text = quanta.decimal_text(a.probability_explosion, 4)
        parts.append(f"probability of explosion {text} with prior {quanta.decimal_text(a.prior, 4)}")
    return "; ".join([*parts, a.reason]) if a.reason else "; ".join(parts)


def _screening_text(s: Screening) -> str:
    words = "; ".join(f"{name} {word}" for name, word in s.criteria)
    combined = "yes" if s.combined else "no"
    return f"{s.category}: {s.reason}; criteria: {words}; screened out by all evidence together: {combined}"


def evidence_text(e: Evidence) -> str:
    """One discriminant's word as one line of text."""
    if not e.applicable:
        return f"{e.name}: does not apply: {e.reason}"
    parts = [e.name]
    if e.value is not None:
        sigma = f" +- {quanta.decimal_text(e.sigma, 3)}" if e.sigma is not None else ""
        parts.append(f"value {quanta.decimal_text(e.value, 3)}{sigma} {e.unit}".rstrip())
    if e.log10_lr is not None:
        parts.append(f"log10 likelihood ratio {quanta.decimal_text(e.log10_lr, 2)}")
    return "; ".join([*parts, e.reason]) if e.reason else "; ".join(parts)


def _quantity(parent: ET.Element, tag: str, value: str, uncertainty: str | None = None) -> ET.Element:
    node = add(parent, tag)
    add(node, "value", value)
    if uncertainty is not None:
        add(node, "uncertainty", uncertainty)
    return node


def _text(value: float | None, places: int) -> str | None:
    return None if value is None else quanta.decimal_text(value, places)


def _codes(key: str, nslc: Nslc | None) -> dict[str, str]:
    network, _, station = key.rpartition(".")
    codes = {"networkCode": network[:8], "stationCode": station[:8]}
    if nslc is not None:
        codes |= {"networkCode": nslc.network, "stationCode": nslc.station}
        codes |= {"locationCode": nslc.location, "channelCode": nslc.channel}
    return codes


def _pick(parent: ET.Element, event: Event, pick: Pick, arrival: Arrival) -> None:
    node = add(parent, "pick", publicID=public_id("pick", event.event_id, pick.pick_id))
    _quantity(node, "time", format_time(pick.time_ns), _text(pick.time_sigma_s, 3))
    add(node, "waveformID", **_codes(pick.station_key, pick.nslc))
    if pick.slowness_s_per_deg is not None:
        _quantity(
            node,
            "horizontalSlowness",
            quanta.decimal_text(pick.slowness_s_per_deg, 3),
            _text(pick.slowness_sigma, 3),
        )
    if pick.backazimuth_deg is not None:
        _quantity(
            node,
            "backazimuth",
            quanta.decimal_text(pick.backazimuth_deg, 4),
            _text(pick.backazimuth_sigma, 4),
        )
    add(node, "phaseHint", arrival.phase)
    if pick.polarity:
        add(node, "polarity", "positive" if pick.polarity > 0 else "negative")
    add(node, "evaluationMode", "automatic")
    _made_by(node)


def _origin(parent: ET.Element, event: Event, origin_id: str, picks: Mapping[str, Pick]) -> None:
    o = event.origin
    node = add(parent, "origin", publicID=origin_id)
    _quantity(node, "time", format_time(o.time_ns), _text(o.time_sigma_s, 3))
    _quantity(node, "longitude", quanta.decimal_text(o.longitude, 4))
    _quantity(node, "latitude", quanta.decimal_text(o.latitude, 4))
    sigma = (
        None
        if o.depth_sigma_km is None
        else quanta.decimal_text(quanta.kilometres(o.depth_sigma_km) * 1e3, 0)
    )
    _quantity(node, "depth", quanta.decimal_text(quanta.kilometres(o.depth_km) * 1e3, 0), sigma)
    add(node, "depthType", "operator assigned" if o.depth_fixed else "from location")
    add(node, "timeFixed", False)
    add(node, "epicenterFixed", False)
    add(node, "earthModelID", public_id("model", o.model))
    add(node, "evaluationMode", "automatic")
    _made_by(node)
    if o.depth_reason:
        _comment(node, event, "depth", f"depth: {o.depth_reason}")
    _uncertainty(node, o.ellipse)
    quality = add(node, "quality")
    add(quality, "usedPhaseCount", o.n_defining)
    add(quality, "usedStationCount", o.n_stations)
    add(quality, "associatedPhaseCount", len(event.arrivals))
    add(quality, "standardError", quanta.decimal_text(o.rms_s, 3))
    add(quality, "azimuthalGap", quanta.decimal_text(o.gap_deg, 4))
    add(quality, "secondaryAzimuthalGap", quanta.decimal_text(o.secondary_gap_deg, 4))
    add(quality, "minimumDistance", quanta.decimal_text(o.min_distance_deg, 4))
    add(quality, "maximumDistance", quanta.decimal_text(o.max_distance_deg, 4))
    for a in event.arrivals:
        if a.pick_id in picks:
            _arrival(node, event, a)


def _uncertainty(parent: ET.Element, ellipse: Ellipse) -> None:
    node = add(parent, "originUncertainty")
    add(node, "minHorizontalUncertainty", quanta.decimal_text(quanta.kilometres(ellipse.sminor_km) * 1e3, 0))
    add(node, "maxHorizontalUncertainty", quanta.decimal_text(quanta.kilometres(ellipse.smajor_km) * 1e3, 0))
    add(node, "azimuthMaxHorizontalUncertainty", quanta.decimal_text(ellipse.strike_deg, 4))
    add(node, "preferredDescription", "uncertainty ellipse")
    add(node, "confidenceLevel", quanta.decimal_text(ellipse.probability * 100.0, 2))


def _arrival(parent: ET.Element, event: Event, a: Arrival) -> None:
    node = add(parent, "arrival", publicID=public_id("arrival", event.event_id, a.pick_id))
    add(node, "pickID", public_id("pick", event.event_id, a.pick_id))
    add(node, "phase", a.phase)
    add(node, "azimuth", quanta.decimal_text(a.azimuth_deg, 4))
    add(node, "distance", quanta.decimal_text(a.distance_deg, 4))
    for tag, value, places in (
        ("timeResidual", a.residual_s, 3),
        ("horizontalSlownessResidual", a.slowness_residual, 3),
        ("backazimuthResidual", a.backazimuth_residual, 4),
    ):
        if value is not None:
            add(node, tag, quanta.decimal_text(value, places))
    add(node, "timeWeight", quanta.decimal_text(a.weight if a.defining else 0.0, 3))
    add(node, "horizontalSlownessWeight", "1" if a.slowness_defining else "0")
    add(node, "backazimuthWeight", "1" if a.backazimuth_defining else "0")


def _magnitude(parent: ET.Element, event: Event, m: Magnitude, origin_id: str) -> None:
    node = add(parent, "magnitude", publicID=public_id("magnitude", event.event_id, m.kind))
    _quantity(node, "mag", quanta.decimal_text(m.value, 2), _text(m.sigma, 2))
    add(node, "type", m.kind)
    add(node, "originID", origin_id)
    add(node, "methodID", public_id("method", m.method))
    add(node, "stationCount", m.n_detected)
    add(node, "evaluationMode", "automatic")
    _made_by(node)
    bound = f"upper bound from {m.n_censored} non-detections" if m.bound else f"{m.n_censored} non-detections"
    _comment(node, event, f"magnitude/{m.kind}", f"{m.n_detected} detections, {bound}; {m.method}")
    for s in m.stations:
        if s.used and s.detected:
            contribution = add(node, "stationMagnitudeContribution")
            add(
                contribution,
                "stationMagnitudeID",
                public_id("stationmagnitude", event.event_id, m.kind, s.station_key),
            )
    for s in m.stations:
        if s.detected:
            _station_magnitude(parent, event, m.kind, s, origin_id)


def _station_magnitude(
    parent: ET.Element, event: Event, kind: str, s: StationMagnitude, origin_id: str
) -> None:
    if s.value is None:
        return
    node = add(
        parent,
        "stationMagnitude",
        publicID=public_id("stationmagnitude", event.event_id, kind, s.station_key),
    )
    add(node, "originID", origin_id)
    _quantity(node, "mag", quanta.decimal_text(s.value, 2))
    add(node, "type", kind)
    add(node, "waveformID", **_codes(s.station_key, None))
    if not s.used:
        _comment(node, event, f"stationmagnitude/{kind}/{s.station_key}", f"not used: {s.reason}")
