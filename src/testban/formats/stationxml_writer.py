"""StationXML 1.2 out: channels with their responses, stage by stage.

Rules: the same channels give the same bytes (the creation time is a fixed date unless stated); pole-zero stages are
written in rad/s, FIR coefficients in full. Standard: FDSN StationXML Schema 1.2.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from testban.base.records import Channel, Response, ResponseStage
from testban.base.times import format_time
from testban.formats import xml
from testban.formats.xml import add

_UNITS = {"m": "M", "m/s": "M/S", "m/s**2": "M/S**2", "Pa": "PA"}
_FIXED_DATE = 0


def write(
    path: str | Path, channels: Iterable[Channel], note: str = "", created_ns: int = _FIXED_DATE
) -> None:
    """Write channels to a StationXML file; `note` becomes the sender's name (SIMULATED for a made world)."""
    Path(path).write_bytes(encode(channels, note, created_ns))


def encode(channels: Iterable[Channel], note: str = "", created_ns: int = _FIXED_DATE) -> bytes:
    """The bytes of a StationXML document, by network, station and channel."""
    root = ET.Element(
        "FDSNStationXML", {"xmlns": "http://www.fdsn.org/xml/station/1", "schemaVersion": "1.2"}
    )
    add(root, "Source", f"testban {note}".strip())
    if note:
        add(root, "Sender", note)
    add(root, "Created", format_time(created_ns, 0))
    networks: dict[str, dict[str, list[Channel]]] = {}
    for c in sorted(channels, key=lambda c: (c.nslc, c.start_ns or 0)):
        networks.setdefault(c.nslc.network, {}).setdefault(c.nslc.station, []).append(c)
    for network, stations in networks.items():
        net = add(root, "Network", code=network)
        for station, rows in stations.items():
            _station(net, station, rows)
    return xml.to_bytes(root)


def _station(net: ET.Element, code: str, rows: list[Channel]) -> None:
    first = rows[0]
    starts = [c.start_ns for c in rows if c.start_ns is not None]
    node = add(net, "Station", code=code, **({"startDate": format_time(min(starts), 6)} if starts else {}))
    add(node, "Latitude", repr(first.latitude))
    add(node, "Longitude", repr(first.longitude))
    add(node, "Elevation", repr(first.elevation_m))
    add(add(node, "Site"), "Name", code)
    for c in rows:
        _channel(node, c)


def _channel(parent: ET.Element, c: Channel) -> None:
    attributes = {"code": c.nslc.channel, "locationCode": c.nslc.location}
    if c.start_ns is not None:
        attributes["startDate"] = format_time(c.start_ns, 6)
    if c.end_ns is not None:
        attributes["endDate"] = format_time(c.end_ns, 6)
    node = add(parent, "Channel", **attributes)
    add(node, "Latitude", repr(c.latitude))
    add(node, "Longitude", repr(c.longitude))
    add(node, "Elevation", repr(c.elevation_m))
    add(node, "Depth", repr(c.depth_m))
    if c.azimuth_deg is not None:
        add(node, "Azimuth", repr(c.azimuth_deg))
    if c.dip_deg is not None:
        add(node, "Dip", repr(c.dip_deg))
    if c.sample_rate_hz is not None:
        add(node, "SampleRate", repr(c.sample_rate_hz))
    if c.response is not None:
        _response(node, c.response)


def _units(parent: ET.Element, source: str, target: str) -> None:
    add(add(parent, "InputUnits"), "Name", source)
    add(add(parent, "OutputUnits"), "Name", target)


def _response(parent: ET.Element, r: Response) -> None:
    node = add(parent, "Response")
    unit = _UNITS[r.input_unit]
    if r.sensitivity is not None:
        overall = add(node, "InstrumentSensitivity")
        add(overall, "Value", repr(r.sensitivity))
        add(overall, "Frequency", repr(r.sensitivity_frequency_hz or 0.0))
        _units(overall, unit, "COUNTS")
    for i, stage in enumerate(r.stages):
        _stage(node, i + 1, stage, unit if i == 0 else "V", "COUNTS" if i == len(r.stages) - 1 else "V")


def _stage(parent: ET.Element, number: int, s: ResponseStage, source: str, target: str) -> None:
    node = add(parent, "Stage", number=str(number))
    if s.kind == "paz":
        body = add(node, "PolesZeros")
        _units(body, source, target)
        digital = s.sample_rate_hz is not None
        add(
            body, "PzTransferFunctionType", "DIGITAL (Z-TRANSFORM)" if digital else "LAPLACE (RADIANS/SECOND)"
        )
        add(body, "NormalizationFactor", repr(s.normalization))
        add(body, "NormalizationFrequency", repr(s.gain_frequency_hz))
        for tag, roots in (("Zero", s.zeros), ("Pole", s.poles)):
            for i, (re, im) in enumerate(roots):
                root = add(body, tag, number=str(i))
                add(root, "Real", repr(re))
                add(root, "Imaginary", repr(im))
    elif s.kind in ("fir", "iir"):
        body = add(node, "Coefficients")
        _units(body, source, target)
        add(body, "CfTransferFunctionType", "DIGITAL")
        for value in s.numerator:
            add(body, "Numerator", repr(value))
        for value in s.denominator:
            add(body, "Denominator", repr(value))
    elif s.kind == "list":
        body = add(node, "ResponseList")
        _units(body, source, target)
        for frequency, amplitude, phase in s.table:
            row = add(body, "ResponseListElement")
            add(row, "Frequency", repr(frequency))
            add(row, "Amplitude", repr(amplitude))
            add(row, "Phase", repr(phase))
    if s.sample_rate_hz is not None:
        decimation = add(node, "Decimation")
        add(decimation, "InputSampleRate", repr(s.sample_rate_hz))
        add(decimation, "Factor", "1")
        add(decimation, "Offset", "0")
        add(decimation, "Delay", repr(s.delay_s))
        add(decimation, "Correction", repr(s.correction_s))
    gain = add(node, "StageGain")
    add(gain, "Value", repr(s.gain))
    add(gain, "Frequency", repr(s.gain_frequency_hz))
