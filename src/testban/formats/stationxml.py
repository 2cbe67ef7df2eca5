"""StationXML 1.0 to 1.2: channels with every stage of their responses.

Rules: poles and zeros come out in rad/s whatever the file says (its normalisation factor is scaled with them);
symmetric FIR coefficients are written out, also where a file lists them from the centre outwards (the standard: up to
the centre), which only one order of the two can sum to one; a response that cannot be represented (polynomial, unknown unit) is left
out with a finding, its channel is kept; a document type declaration is refused (no entity is ever expanded).
Standard: FDSN StationXML Schema 1.2. The contract test compares this with ObsPy's reader.
"""

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

from testban.base.errors import FormatError, InputError
from testban.base.geo import check_position
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, Response, ResponseStage
from testban.base.times import parse_time
from testban.formats import xml

_UNITS = {
    "M": ("m", 1.0),
    "METER": ("m", 1.0),
    "METERS": ("m", 1.0),
    "NM": ("m", 1e9),
    "M/S": ("m/s", 1.0),
    "NM/S": ("m/s", 1e9),
    "M/S**2": ("m/s**2", 1.0),
    "M/S^2": ("m/s**2", 1.0),
    "M/(S**2)": ("m/s**2", 1.0),
    "M/S/S": ("m/s**2", 1.0),
    "PA": ("Pa", 1.0),
    "PASCAL": ("Pa", 1.0),
    "PASCALS": ("Pa", 1.0),
}
_UNIT_SUM = 0.02  # how far from one the coefficients of a low-pass may sum, as in `earth.response`
_TAIL = re.compile(rb"<FDSNStationXML[\s>]|<[A-Za-z0-9]+:FDSNStationXML[\s>]")


class _UnusableError(Exception):
    """A response that cannot be represented."""


def is_stationxml(data: bytes) -> bool:
    """Whether the bytes hold a StationXML root element near their start."""
    return _TAIL.search(data[:4096]) is not None


def decode(data: bytes, name: str) -> tuple[list[Channel], list[Finding]]:
    """Channels, by epoch, and findings; FormatError for anything that is not well-formed StationXML."""
    if not is_stationxml(data):
        raise FormatError(f"expected StationXML, got something else in {name}; check the file")
    root = xml.parse(data, "StationXML", name)
    channels: list[Channel] = []
    findings: list[Finding] = []
    for net in root.findall("Network"):
        for sta in net.findall("Station"):
            codes = (net.get("code", "").strip(), sta.get("code", "").strip())
            _station(sta, codes, name, channels, findings)
    return channels, findings


def _station(
    sta: ET.Element, codes: tuple[str, str], name: str, channels: list[Channel], findings: list[Finding]
) -> None:
    rows = sta.findall("Channel")
    for element in rows:
        subject = f"{codes[0]}.{codes[1]}.{element.get('locationCode', '').strip()}.{element.get('code', '').strip()}"
        try:
            channels.append(_channel(element, codes, name, findings))
        except (InputError, ValueError, OverflowError) as exc:
            findings.append(
                Finding(kind="corrupt", subject=subject, message=f"channel in {name} left out: {exc}")
            )
    if not rows:
        try:
            position = _position(sta)
        except ValueError as exc:
            findings.append(
                Finding(kind="corrupt", subject=".".join(codes), message=f"station left out: {exc}")
            )
            return
        start, end = _epoch(sta)
        channels.append(
            Channel(
                nslc=Nslc(*codes, "", ""), **position, start_ns=start, end_ns=end, origin=f"StationXML:{name}"
            )
        )


def _channel(element: ET.Element, codes: tuple[str, str], name: str, findings: list[Finding]) -> Channel:
    nslc = Nslc(*codes, element.get("locationCode", "").strip(), element.get("code", "").strip())
    start, end = _epoch(element)
    response = None
    node = element.find("Response")
    if node is not None:
        try:
            response = _response(node)
        except _UnusableError as exc:
            text = f"response left out: {exc} ({name})"
            findings.append(Finding(kind="no-response", subject=str(nslc), message=text))
    rate = _number(element, "SampleRate")
    return Channel(
        nslc=nslc,
        **_position(element),
        depth_m=_number(element, "Depth") or 0.0,
        azimuth_deg=_number(element, "Azimuth"),
        dip_deg=_number(element, "Dip"),
        sample_rate_hz=rate if rate else None,
        start_ns=start,
        end_ns=end,
        response=response,
        origin=f"StationXML:{name}",
    )


def _epoch(element: ET.Element) -> tuple[int | None, int | None]:
    start, end = element.get("startDate"), element.get("endDate")
    return (parse_time(start) if start else None, parse_time(end) if end else None)


def _position(element: ET.Element) -> dict[str, Any]:
    longitude, latitude = _number(element, "Longitude"), _number(element, "Latitude")
    if longitude is None or latitude is None or not check_position(longitude, latitude):
        raise ValueError(f"its position is {longitude}, {latitude}")
    return {"longitude": longitude, "latitude": latitude, "elevation_m": _number(element, "Elevation") or 0.0}


_number = xml.number


# -- responses ---------------------------------------------------------------------------------------------------


def _response(node: ET.Element) -> Response | None:
    """A Response, None where the element is empty."""
    stages = sorted(node.findall("Stage"), key=lambda s: int(s.get("number", "0")))
    if node.find("InstrumentPolynomial") is not None:
        raise _UnusableError("a polynomial")
    if not stages:
        return None
    overall = node.find("InstrumentSensitivity")
    unit = overall.findtext("InputUnits/Name") if overall is not None else None
    unit = unit or _first_unit(stages)
    known = _UNITS.get((unit or "").strip().upper())
    if known is None:
        raise _UnusableError(f"its input unit is {unit!r}")
    name, scale = known
    converted = tuple(s for element in stages for s in _stage(element))
    if scale != 1.0:
        converted = (ResponseStage(kind="gain", gain=scale), *converted)
    sensitivity = _number(overall, "Value") if overall is not None else None
    return Response(
        input_unit=name,
        stages=converted,
        sensitivity=sensitivity * scale if sensitivity is not None else None,
        sensitivity_frequency_hz=_number(overall, "Frequency") if overall is not None else None,
    )


def _first_unit(stages: list[ET.Element]) -> str | None:
    for body in stages[0]:
        text = body.findtext("InputUnits/Name")
        if text:
            return text
    return None


def _stage(element: ET.Element) -> list[ResponseStage]:
    """One stage; a list, so that a stage without content vanishes."""
    gain = _number(element, "StageGain/Value")
    common: dict[str, Any] = {
        "gain": 1.0 if gain is None else gain,
        "gain_frequency_hz": _number(element, "StageGain/Frequency") or 0.0,
        "sample_rate_hz": _number(element, "Decimation/InputSampleRate"),
        "delay_s": _number(element, "Decimation/Delay") or 0.0,
        "correction_s": _number(element, "Decimation/Correction") or 0.0,
    }
    if element.find("Polynomial") is not None:
        raise _UnusableError("a polynomial stage")
    body = element.find("PolesZeros")
    if body is not None:
        return [_paz(body, common)]
    body = element.find("Coefficients")
    if body is not None:
        return [_coefficients(body, common)]
    body = element.find("FIR")
    if body is not None:
        return [ResponseStage(kind="fir", numerator=_fir(body), **common)]
    body = element.find("ResponseList")
    if body is not None:
        table = tuple(
            (_number(e, "Frequency") or 0.0, _number(e, "Amplitude") or 0.0, _number(e, "Phase") or 0.0)
            for e in body.findall("ResponseListElement")
        )
        return [ResponseStage(kind="list", table=tuple(sorted(table)), **common)]
    return [ResponseStage(kind="gain", **common)] if gain is not None else []


def _paz(body: ET.Element, common: dict[str, Any]) -> ResponseStage:
    kind = (body.findtext("PzTransferFunctionType") or "").strip().upper()
    zeros, poles = _complex(body, "Zero"), _complex(body, "Pole")
    factor = _number(body, "NormalizationFactor")
    factor = 1.0 if factor is None else factor
    if kind == "LAPLACE (HERTZ)":
        turn = 2.0 * math.pi
        zeros = tuple((re * turn, im * turn) for re, im in zeros)
        poles = tuple((re * turn, im * turn) for re, im in poles)
        for _ in range(len(poles) - len(zeros)):
            factor *= turn
        for _ in range(len(zeros) - len(poles)):
            factor /= turn
    elif kind == "LAPLACE (RADIANS/SECOND)":
        pass
    elif kind != "DIGITAL (Z-TRANSFORM)":
        raise _UnusableError(f"its transfer function is {kind!r}")
    if kind.startswith("LAPLACE"):
        common = {**common, "sample_rate_hz": None}
    elif common["sample_rate_hz"] is None:
        raise _UnusableError("a digital stage without its sample rate")
    return ResponseStage(kind="paz", zeros=zeros, poles=poles, normalization=factor, **common)


def _complex(body: ET.Element, tag: str) -> tuple[tuple[float, float], ...]:
    return tuple((_number(e, "Real") or 0.0, _number(e, "Imaginary") or 0.0) for e in body.findall(tag))


def _coefficients(body: ET.Element, common: dict[str, Any]) -> ResponseStage:
    kind = (body.findtext("CfTransferFunctionType") or "").strip().upper()
    numerator = tuple(float(e.text or "nan") for e in body.findall("Numerator"))
    denominator = tuple(float(e.text or "nan") for e in body.findall("Denominator"))
    if not all(map(math.isfinite, numerator + denominator)):
        raise _UnusableError("coefficients that are not numbers")
    if not numerator and not denominator:
        return ResponseStage(kind="gain", **common)
    if kind != "DIGITAL":
        raise _UnusableError(f"coefficients of type {kind!r}")
    if denominator:
        return ResponseStage(kind="iir", numerator=numerator, denominator=denominator, **common)
    return ResponseStage(kind="fir", numerator=numerator, **common)


def _fir(body: ET.Element) -> tuple[float, ...]:
    half = [float(e.text or "nan") for e in body.findall("NumeratorCoefficient")]
    if not all(map(math.isfinite, half)):
        raise _UnusableError("coefficients that are not numbers")
    symmetry = (body.findtext("Symmetry") or "NONE").strip().upper()
    if symmetry == "EVEN":
        return tuple(half + half[::-1])
    if symmetry == "ODD" and half:
        twice = 2.0 * math.fsum(half)
        if abs(twice - half[0] - 1.0) < _UNIT_SUM < abs(twice - half[-1] - 1.0):
            half = half[::-1]
        return tuple(half + half[-2::-1])
    return tuple(half)
