"""Channels to FDSN StationXML 1.1: places, orientations, poles-and-zeros and gain stages.

Rules: valid for ObsPy and SeisComP; one Network and Station element a code, channels in order; stages that StationXML
would need more words for (FIR, lists) are refused with an error rather than left out.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

from testban.base.errors import FormatError
from testban.base.records import Channel, Response, ResponseStage
from testban.base.times import format_time

_NS = "http://www.fdsn.org/xml/station/1"
_UNITS = {"m": "m", "m/s": "m/s", "m/s**2": "m/s**2", "Pa": "Pa"}


def write(path: str | Path, channels: Sequence[Channel], *, source: str = "testban", note: str = "") -> None:
    """Write channels as StationXML. `note` becomes a comment of every network (say, that all is simulated)."""
    root = ET.Element("FDSNStationXML", {"xmlns": _NS, "schemaVersion": "1.1"})
    _text(root, "Source", source)
    _text(root, "Created", "1970-01-01T00:00:00Z")
    ordered = sorted(channels, key=lambda c: (c.nslc, c.start_ns or 0))
    for network, of_network in groupby(ordered, key=lambda c: c.nslc.network):
        net = ET.SubElement(root, "Network", {"code": network})
        if note:
            _text(net, "Description", note)
        for station, of_station in groupby(of_network, key=lambda c: c.nslc.station):
            own = list(of_station)
            sta = ET.SubElement(net, "Station", {"code": station})
            _place(sta, own[0])
            _text(ET.SubElement(sta, "Site"), "Name", station)
            for c in own:
                _channel(sta, c)
    ET.indent(root)
    Path(path).write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _text(parent: ET.Element, tag: str, value: object, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = f"{value:.10g}" if isinstance(value, float) else str(value)


def _place(parent: ET.Element, c: Channel) -> None:
    _text(parent, "Latitude", c.latitude)
    _text(parent, "Longitude", c.longitude)
    _text(parent, "Elevation", c.elevation_m)


def _channel(parent: ET.Element, c: Channel) -> None:
    attributes = {"code": c.nslc.channel, "locationCode": c.nslc.location}
    if c.start_ns is not None:
        attributes["startDate"] = format_time(c.start_ns)
    if c.end_ns is not None:
        attributes["endDate"] = format_time(c.end_ns)
    element = ET.SubElement(parent, "Channel", attributes)
    _place(element, c)
    _text(element, "Depth", c.depth_m)
    if c.azimuth_deg is not None:
        _text(element, "Azimuth", c.azimuth_deg)
    if c.dip_deg is not None:
        _text(element, "Dip", c.dip_deg)
    if c.sample_rate_hz is not None:
        _text(element, "SampleRate", c.sample_rate_hz)
    if c.response is not None:
        _response(element, c.response, str(c.nslc))


def _units(parent: ET.Element, tag: str, name: str) -> None:
    _text(ET.SubElement(parent, tag), "Name", name)


def _response(parent: ET.Element, r: Response, name: str) -> None:
    element = ET.SubElement(parent, "Response")
    unit = _UNITS[r.input_unit]
    if r.sensitivity is not None:
        s = ET.SubElement(element, "InstrumentSensitivity")
        _text(s, "Value", r.sensitivity)
        _text(s, "Frequency", r.sensitivity_frequency_hz or 1.0)
        _units(s, "InputUnits", unit)
        _units(s, "OutputUnits", "counts")
    for i, stage in enumerate(r.stages):
        last = i == len(r.stages) - 1
        e = ET.SubElement(element, "Stage", {"number": str(i + 1)})
        if stage.kind == "paz":
            _poles_zeros(e, stage, unit if i == 0 else "V", "counts" if last else "V")
        elif stage.kind != "gain":
            raise FormatError(f"{name}: expected stages of poles and zeros or gain, got {stage.kind}; write those alone")
        g = ET.SubElement(e, "StageGain")
        _text(g, "Value", stage.gain)
        _text(g, "Frequency", stage.gain_frequency_hz or 1.0)


def _poles_zeros(parent: ET.Element, stage: ResponseStage, unit_in: str, unit_out: str) -> None:
    e = ET.SubElement(parent, "PolesZeros")
    _units(e, "InputUnits", unit_in)
    _units(e, "OutputUnits", unit_out)
    _text(e, "PzTransferFunctionType", "LAPLACE (RADIANS/SECOND)")
    _text(e, "NormalizationFactor", stage.normalization)
    _text(e, "NormalizationFrequency", stage.gain_frequency_hz or 1.0)
    for tag, values in (("Zero", stage.zeros), ("Pole", stage.poles)):
        for i, (re, im) in enumerate(values):
            root = ET.SubElement(e, tag, {"number": str(i)})
            _text(root, "Real", re)
            _text(root, "Imaginary", im)
