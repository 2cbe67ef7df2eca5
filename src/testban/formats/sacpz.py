"""SACPZ pole-zero files: displacement in metres to counts, with the header comments that IRIS writes.

Rules: CONSTANT is kept as the normalisation (the stage gain is 1); zeros or poles that are not listed lie at the
origin; several epochs may stand in one file; files may have any name (codes come from the comments, else from names
such as SACPZ.NET.STA.LOC.CHA and SAC_PZs_NET_STA_CHA_LOC_...). DIP in the header is SAC's inclination from the
vertical where it can be, StationXML's dip otherwise. Format: IRIS DMC SACPZ web service; SAC manual, TRANSFER.
"""

import math
import re
from pathlib import PurePath
from typing import NamedTuple

from testban.base.errors import FormatError, InputError
from testban.base.geo import check_position
from testban.base.ids import Nslc
from testban.base.records import Finding, Response, ResponseStage
from testban.base.times import parse_time

MAX_ROOTS = 200
_COMMENT = re.compile(r"^\*\s*([A-Z0-9 ]+?)\s*(?:\(([A-Z]+)\))?\s*:\s*(.*?)\s*$")
_DOTTED = re.compile(r"^SACPZ[._]([A-Z0-9]{1,2})\.([A-Z0-9]{1,5})\.([A-Z0-9-]{0,2})\.([A-Z0-9]{3})", re.I)
_RDSEED = re.compile(r"^SAC_PZs_([A-Z0-9]{1,2})_([A-Z0-9]{1,5})_([A-Z0-9]{3})_([A-Z0-9-]{0,2})(?:_|$)", re.I)
_UNITS = {"M": "m", "M/S": "m/s", "M/S**2": "m/s**2", "M/S/S": "m/s**2", "PA": "Pa"}
_FAR = parse_time("2200-01-01")


class PoleZero(NamedTuple):
    """One epoch of a SACPZ file; position None where the comments do not give it."""

    nslc: Nslc
    response: Response
    start_ns: int | None
    end_ns: int | None
    longitude: float | None
    latitude: float | None
    elevation_m: float
    depth_m: float
    azimuth_deg: float | None
    dip_deg: float | None
    sample_rate_hz: float | None


def is_sacpz(data: bytes) -> bool:
    """Whether bytes look like a SACPZ file: text with ZEROS or POLES and CONSTANT at line starts."""
    head = data[:65536]
    return re.search(rb"(?mi)^\s*(ZEROS|POLES)\s+\d+", head) is not None and b"\x00" not in head


def decode(data: bytes, name: str) -> tuple[list[PoleZero], list[Finding]]:
    """All epochs of a file; FormatError where there is none or one contradicts itself."""
    if not is_sacpz(data):
        raise FormatError(f"expected a SACPZ file, got something else in {name}; check the file")
    text = data.decode("utf-8", errors="replace")
    epochs: list[PoleZero] = []
    findings: list[Finding] = []
    header: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines()]
    at = 0
    body: dict[str, object] = {}
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line:
            continue
        if line.startswith("*"):
            if body:
                epochs.append(_epoch(header, body, name, findings))
                header, body = {}, {}
            m = _COMMENT.match(line)
            if m is not None:
                header[m[1].replace(" ", "")] = m[3]
            continue
        word = line.split()
        key = word[0].upper()
        if key in ("ZEROS", "POLES"):
            if key in body:
                epochs.append(_epoch(header, body, name, findings))
                header, body = {}, {}
            body[key], at = _roots(word, lines, at, name)
        elif key == "CONSTANT":
            body[key] = _float(word[1] if len(word) > 1 else "", "CONSTANT", name)
        else:
            raise FormatError(
                f"expected ZEROS, POLES or CONSTANT, got {line[:40]!r} in {name}; check the file"
            )
    if body:
        epochs.append(_epoch(header, body, name, findings))
    if not epochs:
        raise FormatError(f"expected poles and zeros, got none in {name}; check the file")
    return epochs, findings


def _float(text: str, what: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"expected a number for {what}, got {text[:40]!r} in {name}; check the file")
    return value


def _roots(
    word: list[str], lines: list[str], at: int, name: str
) -> tuple[tuple[tuple[float, float], ...], int]:
    try:
        count = int(word[1])
    except (IndexError, ValueError) as exc:
        raise FormatError(
            f"expected a number after {word[0]}, got {word[1:]!r} in {name}; check the file"
        ) from exc
    if not 0 <= count <= MAX_ROOTS:
        raise FormatError(f"expected at most {MAX_ROOTS} {word[0]}, got {count} in {name}; check the file")
    roots: list[tuple[float, float]] = []
    while len(roots) < count and at < len(lines):
        parts = lines[at].split()
        if len(parts) != 2 or parts[0][:1] not in "+-.0123456789":
            break
        roots.append((_float(parts[0], word[0], name), _float(parts[1], word[0], name)))
        at += 1
    roots += [(0.0, 0.0)] * (count - len(roots))
    return tuple(roots), at


def _epoch(header: dict[str, str], body: dict[str, object], name: str, findings: list[Finding]) -> PoleZero:
    nslc = _codes(header, name)
    constant = body.get("CONSTANT")
    if not isinstance(constant, float):
        raise FormatError(f"expected CONSTANT for {nslc}, got none in {name}; check the file")
    zeros, poles = body.get("ZEROS", ()), body.get("POLES", ())
    unit = header.get("INPUTUNIT", "M").upper() or "M"
    if unit not in _UNITS:
        raise FormatError(f"expected the input unit M, got {unit!r} for {nslc} in {name}; convert the file")
    stage = ResponseStage(kind="paz", zeros=zeros, poles=poles, normalization=constant)  # type: ignore[arg-type]
    _check_constant(header, constant, nslc, findings)
    longitude, latitude = _optional(header, "LONGITUDE"), _optional(header, "LATITUDE")
    if longitude is None or latitude is None or not check_position(longitude, latitude):
        longitude = latitude = None
    return PoleZero(
        nslc,
        Response(input_unit=_UNITS[unit], stages=(stage,)),
        _time(header.get("START", ""), name),
        _time(header.get("END", ""), name),
        longitude,
        latitude,
        _optional(header, "ELEVATION") or 0.0,
        _optional(header, "DEPTH") or 0.0,
        _optional(header, "AZIMUTH"),
        _dip(_optional(header, "DIP"), nslc),
        _optional(header, "SAMPLERATE") or None,
    )


def _codes(header: dict[str, str], name: str) -> Nslc:
    if header.get("STATION") and header.get("CHANNEL"):
        location = header.get("LOCATION", "")
        location = "" if location == "--" else location
        return Nslc(header.get("NETWORK", ""), header["STATION"], location, header["CHANNEL"])
    file = PurePath(name).name
    m = _DOTTED.match(file)
    if m is not None:
        return Nslc(m[1], m[2], m[3].replace("-", ""), m[4])
    m = _RDSEED.match(file)
    if m is not None:
        return Nslc(m[1], m[2], m[4].replace("-", ""), m[3])
    raise FormatError(
        f"expected station and channel in comments or file name, got neither in {name}; add comments"
    )


def _optional(header: dict[str, str], key: str) -> float | None:
    try:
        value = float(header.get(key, "").split()[0])
    except (IndexError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _dip(value: float | None, nslc: Nslc) -> float | None:
    """StationXML dip of a header's DIP: an inclination from the vertical where that fits the component."""
    if value is None:
        return None
    vertical = nslc.channel[-1:] == "Z"
    if vertical:
        return value - 90.0 if value in (0.0, 180.0) or abs(value) <= 45.0 or value >= 135.0 else value
    return value - 90.0 if 45.0 <= value <= 135.0 else value


def _time(text: str, name: str) -> int | None:
    """A time; None for nothing and for the far future that stands for an open end."""
    text = text.strip()
    if not text:
        return None
    m = re.match(r"^(\d{4})[,.](\d{1,3})(?:[,T.](\d{1,2}:\d{2}:\d{2}(?:\.\d+)?))?$", text)
    try:
        if m is not None:
            value = parse_time(f"{m[1]}-01-01T{m[3] or '00:00:00'}") + (int(m[2]) - 1) * 86_400_000_000_000
        else:
            value = parse_time(text)
    except InputError as exc:
        raise FormatError(
            f"expected a time in the comments, got {text[:40]!r} in {name}; check the file"
        ) from exc
    return None if value >= _FAR else value


def _check_constant(header: dict[str, str], constant: float, nslc: Nslc, findings: list[Finding]) -> None:
    a0, sensitivity = _optional(header, "A0"), _optional(header, "SENSITIVITY")
    if a0 and sensitivity and abs(a0 * sensitivity / constant - 1.0 if constant else 1.0) > 0.01:
        text = f"CONSTANT {constant:.6g} is not A0 x SENSITIVITY {a0 * sensitivity:.6g}; CONSTANT is used"
        findings.append(Finding(kind="response", subject=str(nslc), message=text))
