r"""Templates on disk: one line of JSON, the samples, a digest; the same bytes from the same template.

Layout: `TESTBAN-TEMPLATE 1\n`, the header as canonical JSON and a newline, the samples of all channels in the order of
the header as little-endian float64, then the SHA-256 of everything before it as 64 hexadecimal digits and a newline.
Any other bytes raise FormatError; no size is believed before the digest was compared.
"""

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from testban.base.canonical import canonical_json, digest
from testban.base.errors import FormatError, SourceError
from testban.repeat import Template, TemplateChannel
from testban.repeat.grid import TEMPLATE_S
from testban.repeat.template import BANDS, RATE

MAGIC = b"TESTBAN-TEMPLATE 1\n"
TAIL = 65


class _Channel(msgspec.Struct, frozen=True, kw_only=True):
    station: str
    location: str
    component: str
    sources: tuple[str, ...]
    band: tuple[float, float]
    unit: str
    offset_samples: int
    length: int
    noise: float
    snr: float


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    template_id: str
    origin_ns: int
    longitude: float
    latitude: float
    depth_km: float
    rate_hz: int
    channels: tuple[_Channel, ...]
    provenance: tuple[tuple[str, str], ...] = ()


def encode(template: Template) -> bytes:
    """The bytes of a template."""
    header: dict[str, Any] = {
        k: getattr(template, k)
        for k in ("template_id", "origin_ns", "longitude", "latitude", "depth_km", "rate_hz", "provenance")
    }
    header["channels"] = [
        {k: getattr(c, k) for k in _Channel.__struct_fields__ if k != "length"} | {"length": len(c.samples)}
        for c in template.channels
    ]
    body = MAGIC + canonical_json(header) + b"\n"
    body += b"".join(np.ascontiguousarray(c.samples, dtype="<f8").tobytes() for c in template.channels)
    return body + digest(body).encode() + b"\n"


def decode(data: bytes, name: str = "bytes") -> Template:
    """The template in bytes; FormatError where they are none, cut short or changed."""
    if not data.startswith(MAGIC):
        raise FormatError(
            f"expected a template made by `testban template`, got something else in {name}; make it again"
        )
    if len(data) < len(MAGIC) + TAIL or data[-TAIL:] != digest(data[:-TAIL]).encode() + b"\n":
        raise FormatError(
            f"expected a whole template, got one that was cut short or changed: {name}; make it again"
        )
    end = data.find(b"\n", len(MAGIC))
    try:
        header = msgspec.json.decode(data[len(MAGIC) : end], type=_Header)
        return _template(header, data[end + 1 : -TAIL])
    except (msgspec.MsgspecError, ValueError, OverflowError) as exc:
        raise FormatError(
            f"expected a sound template, got a contradiction in {name} ({exc}); make it again"
        ) from exc


def _template(header: _Header, body: bytes) -> Template:
    if header.rate_hz != RATE or not header.channels:
        raise ValueError(f"{len(header.channels)} channels at {header.rate_hz} samples a second")
    if not (
        abs(header.longitude) <= 360.0 and abs(header.latitude) <= 90.0 and math.isfinite(header.depth_km)
    ):
        raise ValueError("a place that is none")
    if sum(c.length for c in header.channels) * 8 != len(body):
        raise ValueError("more or fewer samples than stated")
    channels, at = [], 0
    starts: dict[str, int] = {}
    for c in header.channels:
        x = np.frombuffer(body, dtype="<f8", count=c.length, offset=at).astype(np.float64)
        at += 8 * c.length
        if not 1 <= c.length <= TEMPLATE_S * RATE or not np.isfinite(x).all() or not bool((x != 0.0).any()):
            raise ValueError(f"unusable samples of {c.station} {c.component}")
        if c.band not in BANDS or starts.setdefault(c.station, c.offset_samples) != c.offset_samples:
            raise ValueError(f"band or window of {c.station} {c.component}")
        values = {k: getattr(c, k) for k in _Channel.__struct_fields__ if k != "length"}
        channels.append(TemplateChannel(samples=x, **values))
    values = {k: getattr(header, k) for k in _Header.__struct_fields__ if k != "channels"}
    return Template(channels=tuple(channels), **values)


def read(path: str | Path) -> Template:
    """The template in a file."""
    try:
        data = Path(path).read_bytes()
    except OSError as exc:
        raise SourceError(
            f"expected a readable template, got {exc.strerror!r} for {path}; check the path"
        ) from exc
    return decode(data, str(path))
