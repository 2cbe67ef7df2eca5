"""CD-1.1 data frames (IDC-3.4.3 Rev 0.3, 2002): bytes to records and back, and what their signatures cover.

Rules: big-endian; every block padded to four bytes with zeros; every length is checked against the bytes at hand before anything is
read; a frame that was read is written again and marked where that does not give the same bytes; the CRC-64 (x^64 + x^4 + x^3 + x + 1, from zero, not
reflected) runs over everything before it. A channel's signature covers its description to its subframe count, the trailer's the
frame to the trailer. The layout was confirmed on 158 published frames; other makers' samples and signatures: `cd11_check`.

The signatures of the IMS are DSA: 40 bytes with room for a hidden message (docs/decisions/0010). As an adapter a frame carries a
packet instead: samples as `s4` (four bytes, big-endian), the packet's whole note as the trailer's authentication value, so that
both its signatures are checked on what came out of the frame.
"""

import calendar
import re
import struct
import time
from functools import cache

import msgspec
import numpy as np

from testban.base.errors import FormatError
from testban.trust import notes, packet
from testban.trust.documents import Policy

DATA_FRAME = 5
MAX_FRAME_BYTES = 1 << 20
MAX_CHANNELS = 256
_POLYNOMIAL = 0x1B
_HEADER = struct.Struct(">ii8s8sqi")
_TIME = re.compile(rb"\d{7} \d\d:\d\d:\d\d\.\d{3}")
NS = 1_000_000_000


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel subframe. code: site (5), channel (3), location (2) as they stand; scope: the bytes that its signature covers."""

    flags: bytes
    code: bytes
    kind: bytes
    calib: bytes
    time: bytes
    length_ms: int
    samples: int
    status: bytes
    data: bytes
    count: int
    key_id: int
    signature: bytes
    read: bytes = b""

    @property
    def scope(self) -> bytes:
        """Channel description, time, status, data and subframe count: as they were read, else as they are written."""
        return self.read or b"".join([
            self.flags, self.code, self.kind, self.calib, self.time, struct.pack(">ii", self.length_ms, self.samples),
            _block(self.status), _block(self.data), struct.pack(">i", self.count),
        ])  # fmt: skip

    @property
    def start_ns(self) -> int:
        """Time of the first sample, nanoseconds since 1970."""
        return _to_ns(self.time)

    def encode(self) -> bytes:
        """The subframe."""
        scope = self.scope
        tail = struct.pack(">i", self.key_id) + _block(self.signature)
        return struct.pack(">ii", 4 + len(scope) + len(tail), 8 + len(scope)) + scope + tail


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A data frame. creator and destination without their padding; key_id and signature are the trailer's.

    canonical: False where it was read from bytes that have padding or lengths that this file would write otherwise.

    names: the channel string as it stands; in published frames its location codes are not always the subframes'.
    """

    creator: str
    destination: str
    sequence: int
    series: int
    length_ms: int
    time: bytes
    names: bytes
    channels: tuple[Channel, ...]
    key_id: int = 0
    signature: bytes = b""
    canonical: bool = True

    @property
    def scope(self) -> bytes:
        """The bytes that the trailer's signature covers: the frame to its trailer."""
        parts = b"".join(c.encode() for c in self.channels)
        head = struct.pack(">ii", len(self.channels), self.length_ms) + self.time
        body = head + _block(self.names) + parts
        who = self.creator.encode().ljust(8, b"\0"), self.destination.encode().ljust(8, b"\0")
        return _HEADER.pack(DATA_FRAME, _HEADER.size + len(body), *who, self.sequence, self.series) + body

    @property
    def start_ns(self) -> int:
        """Nominal time, nanoseconds since 1970."""
        return _to_ns(self.time)

    def encode(self) -> bytes:
        """The frame with its CRC."""
        data = self.scope + struct.pack(">i", self.key_id) + _block(self.signature)
        return data + crc64(data).to_bytes(8, "big")


@cache
def _table() -> tuple[int, ...]:
    out = []
    for byte in range(256):
        value = byte << 56
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value >> 63 else 0)) & (1 << 64) - 1
        out.append(value)
    return tuple(out)


def crc64(data: bytes) -> int:
    """The frame's check value."""
    table, value = _table(), 0
    for byte in data:
        value = (value << 8 & (1 << 64) - 1) ^ table[value >> 56 ^ byte]
    return value


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + _padded(data)


def _to_ns(text: bytes) -> int:
    year, day, hour, minute = int(text[:4]), int(text[4:7]), int(text[8:10]), int(text[11:13])
    second, thousandth = int(text[14:16]), int(text[17:20])
    if not (1 <= day <= 366 and hour < 24 and minute < 60 and second <= 60 and 1900 <= year <= 2262):
        raise FormatError(f"expected a time YYYYDDD HH:MM:SS.mmm, got {text!r}")
    days = calendar.timegm((year, 1, 1, 0, 0, 0)) // 86400 + day - 1
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * NS + thousandth * 1_000_000


def _from_ns(value: int) -> bytes:
    t = time.gmtime(value // NS)
    return b"%04d%03d %02d:%02d:%02d.%03d" % (
        t.tm_year, t.tm_yday, t.tm_hour, t.tm_min, t.tm_sec, value % NS // 1_000_000,
    )  # fmt: skip


class _Reader:
    """Takes fields from the bytes at hand; a length that lies ends in FormatError."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def take(self, size: int, what: str) -> bytes:
        if size < 0 or size > self.end - self.at:
            raise FormatError(
                f"CD-1.1: {what} of {size} bytes at byte {self.at}, only {self.end - self.at} are left"
            )
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, what: str) -> int:
        return int.from_bytes(self.take(4, what), "big", signed=True)

    def block(self, what: str) -> bytes:
        size = self.number(what)
        data = self.take(size, what)
        self.take(-size % 4, f"padding of {what}")
        return data

    def time(self, what: str) -> bytes:
        text = self.take(20, what)
        if not _TIME.fullmatch(text):
            raise FormatError(f"CD-1.1: expected {what} as YYYYDDD HH:MM:SS.mmm, got {text!r}")
        _to_ns(text)
        return text


def parse(data: bytes) -> Frame:
    """The data frame in these bytes; FormatError unless they are exactly one, with a CRC that fits."""
    if not _HEADER.size + 32 <= len(data) <= MAX_FRAME_BYTES:
        raise FormatError(
            f"CD-1.1: expected a frame of {_HEADER.size + 32} to {MAX_FRAME_BYTES} bytes, got {len(data)}"
        )
    kind, trailer, creator, destination, sequence, series = _HEADER.unpack_from(data)
    if kind != DATA_FRAME:
        raise FormatError(f"CD-1.1: expected a data frame (type {DATA_FRAME}), got type {kind}")
    if not _HEADER.size <= trailer <= len(data) - 16:
        raise FormatError(f"CD-1.1: a trailer at byte {trailer} of {len(data)}")
    if crc64(data[:-8]) != int.from_bytes(data[-8:], "big"):
        raise FormatError("CD-1.1: the CRC-64 does not fit: damaged on its way")
    head = _Reader(data, _HEADER.size, trailer)
    count, length_ms, nominal = (
        head.number("channel count"),
        head.number("frame length"),
        head.time("the nominal time"),
    )
    if not 0 <= count <= MAX_CHANNELS:
        raise FormatError(f"CD-1.1: expected at most {MAX_CHANNELS} channels, got {count}")
    names = head.block("channel names")
    channels = tuple(_channel(head) for _ in range(count))
    end = _Reader(data, trailer, len(data) - 8)
    frame = Frame(
        creator=name(creator), destination=name(destination), sequence=sequence, series=series, length_ms=length_ms,
        time=nominal, names=names, channels=channels, key_id=end.number("the trailer's key"), signature=end.block("the trailer's signature"),
    )  # fmt: skip
    bare = tuple(msgspec.structs.replace(c, read=b"") for c in channels)
    same = msgspec.structs.replace(frame, channels=bare).encode() == data
    return frame if same else msgspec.structs.replace(frame, canonical=False)


def name(field: bytes) -> str:
    """A name without its padding."""
    text = field.rstrip(b"\0")
    if not text.isascii() or b"\0" in text:
        raise FormatError(f"CD-1.1: expected a name of ASCII letters, got {field!r}")
    return text.decode("ascii")


def _channel(r: _Reader) -> Channel:
    length = r.number("a channel's length")
    inner = _Reader(r.data, r.at, r.at + min(max(length, 0), r.end - r.at))
    r.take(length, "a channel")
    offset = inner.number("a channel's signature offset")
    flags, code, kind, calib = (inner.take(n, "a channel's description") for n in (4, 10, 2, 8))
    at, length_ms, samples = inner.time("a channel's time"), inner.number("length"), inner.number("samples")
    status, data, count = inner.block("status"), inner.block("samples"), inner.number("subframe count")
    if offset != inner.at - (r.at - length) + 4 or samples < 0:
        raise FormatError(
            f"CD-1.1: a channel whose signature is said to be at {offset}, with {samples} samples"
        )
    read = r.data[r.at - length + 4 : inner.at]
    key, signature = inner.number("a channel's key"), inner.block("a channel's signature")
    return Channel(
        flags=flags, code=code, kind=kind, calib=calib, time=at, length_ms=length_ms, samples=samples, status=status,
        data=data, count=count, key_id=key, signature=signature, read=read,
    )  # fmt: skip


def from_packet(note: bytes, payload: bytes, policy: Policy, sequence: int = 0) -> Frame:
    """A frame that carries a packet: its samples, and its note in the trailer. A gap has channels without samples."""
    text = packet.Packet.parse(notes.parse(note).text)
    rows = (
        packet.payload_samples(payload, policy) if payload else np.zeros((len(policy.channels), 0), np.int32)
    )
    site = policy.station.partition(".")[2].encode()
    at = _from_ns(text.slot * policy.slot_seconds * NS)
    channels = tuple(
        Channel(
            flags=b"\0\0\0\1", code=site.ljust(5) + name.encode().ljust(3) + b"  ", kind=b"s4", calib=struct.pack(">ff", 1, 1), time=at,
            length_ms=policy.slot_seconds * 1000, samples=row.size, status=b"", data=row.astype(">i4").tobytes(), count=0, key_id=0,
            signature=b"",
        )
        for name, row in zip(policy.channels, rows, strict=True)
    )  # fmt: skip
    key = int.from_bytes(notes.parse(note).signatures[0].key_id, "big", signed=True)
    return Frame(
        creator=policy.station.replace(".", "")[:8], destination="0", sequence=sequence, series=0,
        length_ms=policy.slot_seconds * 1000, time=at, names=b"".join(c.code for c in channels),
        channels=channels, key_id=key, signature=note,
    )  # fmt: skip


def to_packet(frame: Frame, policy: Policy) -> tuple[bytes, bytes]:
    """(note, payload) out of a frame that `from_packet` made, for `sealed.check` and `packet.check_payload`.

    FormatError where the frame says anything that the packet does not: nothing travels beside it.
    """
    rows = []
    for c in frame.channels:
        if c.kind != b"s4" or len(c.data) != 4 * c.samples:
            raise FormatError(f"CD-1.1: expected samples as s4, got {c.kind!r} with {len(c.data)} bytes")
        rows.append(np.frombuffer(c.data, ">i4").astype("<i4").tobytes())
    payload = b"".join(rows)
    if len(frame.channels) != len(policy.channels) or len(payload) not in (0, packet.payload_size(policy)):
        raise FormatError(f"CD-1.1: expected the channels of {policy.station}, got {len(frame.channels)} with {len(payload)} bytes")  # fmt: skip
    bare = msgspec.structs.replace(
        frame, channels=tuple(msgspec.structs.replace(c, read=b"") for c in frame.channels)
    )
    if not frame.canonical or from_packet(frame.signature, payload, policy, frame.sequence) != bare:
        raise FormatError("CD-1.1: the frame says more than the packet that it carries")
    return frame.signature, payload
