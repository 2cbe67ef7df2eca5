"""Signatures of miniSEED 2 records as SeisComP checks them: an opaque-data blockette with the header field `SIGN/<authority>`.

Rules (SEED 2.4 blockette 2000; what is covered as in SeisComP's `io/records/mseedrecord.cpp`, 2024): one header field, ended by `~`;
SHA-256 over the quality letter (byte 6), bytes 8 to 43, and everything from the data offset to the record's end; blockettes and the
sequence number are not covered, so that they may change on the way. SeisComP takes ECDSA signatures (DER) and looks the
certificate up by the authority's name. Any other signature of the same bytes may stand there: that of a station's unique key is
verified here, and is the one without room for a hidden message.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from testban.base.errors import FormatError
from testban.base.ids import Nslc
from testban.base.records import Segment

OPAQUE = 2000
MAX_AUTHORITY = 80
MAX_RECORD_BYTES = 1 << 20
_PREFIX = b"SIGN/"
NS = 1_000_000_000


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """One record: where it lies, what a signature covers, and the signature where there is one."""

    offset: int
    length: int
    nslc: Nslc
    covered: bytes
    authority: str = ""
    signature: bytes = b""

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is covered."""
        return hashlib.sha256(self.covered).digest()

    def verify_ecdsa(self, key: ec.EllipticCurvePublicKey) -> bool:
        """True for SeisComP's kind of signature by this key."""
        try:
            key.verify(self.signature, self.digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        except InvalidSignature:
            return False
        return True


def read(data: bytes) -> Iterator[Signed]:
    """The records of a miniSEED 2 file; FormatError at the first that is none."""
    at = 0
    while at < len(data):
        record = _record(data, at)
        yield record
        at += record.length


def _record(data: bytes, at: int) -> Signed:
    if (
        len(data) - at < 64
        or not data[at : at + 6].isdigit()
        or data[at + 6 : at + 7] not in (b"D", b"R", b"Q", b"M")
    ):
        raise FormatError(f"expected a miniSEED 2 record at byte {at}")
    order = ">" if 1900 <= int.from_bytes(data[at + 20 : at + 22], "big") <= 2262 else "<"
    begin, first = struct.unpack_from(f"{order}HH", data, at + 44)
    blocks = dict(_blockettes(data, at, first, order))
    if 1000 not in blocks:
        raise FormatError(f"the record at byte {at} has no blockette 1000 and so no length")
    exponent = data[at + blocks[1000] + 6]
    length = 1 << exponent if 6 <= exponent <= 20 else 0
    if not 64 <= length <= min(len(data) - at, MAX_RECORD_BYTES) or not 48 <= begin <= length:
        raise FormatError(
            f"the record at byte {at} claims {length} bytes with data at {begin}, {len(data) - at} are left"
        )
    record = data[at : at + length]
    authority, signature = _opaque(record, blocks[OPAQUE], order) if OPAQUE in blocks else ("", b"")
    net, sta, loc, cha = (
        record[a:b].decode("ascii", "replace").strip() for a, b in ((18, 20), (8, 13), (13, 15), (15, 18))
    )
    return Signed(
        offset=at, length=length, nslc=Nslc(net, sta, loc, cha), covered=record[6:7] + record[8:44] + record[begin:],
        authority=authority, signature=signature,
    )  # fmt: skip


def _blockettes(data: bytes, at: int, first: int, order: str) -> Iterator[tuple[int, int]]:
    """(type, offset) of each blockette, in their order; offsets only grow."""
    while first:
        if at + first + 8 > len(data) or first < 48:
            raise FormatError(f"the record at byte {at} has a blockette at {first}, beyond what is there")
        kind, following = struct.unpack_from(f"{order}HH", data, at + first)
        if following and following < first + 4:
            raise FormatError(f"the record at byte {at} has blockettes that go back")
        yield kind, first
        first = following


def _opaque(record: bytes, at: int, order: str) -> tuple[str, bytes]:
    """Authority and signature of a blockette 2000; nothing where it holds something else."""
    if at + 15 > len(record):
        raise FormatError(f"a blockette 2000 at {at} of a record of {len(record)} bytes")
    total, begin = struct.unpack_from(f"{order}HH", record, at + 4)
    if not 15 <= begin <= total or at + total > len(record):
        raise FormatError(f"a blockette 2000 of {total} bytes at {at} of a record of {len(record)}")
    field, ended, _ = record[at + 15 : at + begin].partition(b"~")
    if record[at + 14] != 1 or not ended or not field.startswith(_PREFIX):
        return "", b""
    name = field[len(_PREFIX) :]
    if not name.isascii():
        raise FormatError("a signature's authority that is not ASCII")
    return name.decode("ascii"), record[at + begin : at + total]


def write(
    segment: Segment, authority: str, sign: Callable[[bytes], bytes], room: int = 512, length: int = 4096
) -> bytes:
    """Signed miniSEED 2 records of int32 counts (big-endian, not compressed).

    sign: gives the signature of the covered bytes (at most `room` bytes). FormatError for samples that are no counts or codes,
    rates and times that miniSEED 2 cannot hold: rates are whole numbers a second, times are rounded to 0.1 ms.
    """
    name = _PREFIX + authority.encode("ascii", "replace") + b"~"
    rate = round(segment.sample_rate_hz)
    if (
        not np.issubdtype(segment.samples.dtype, np.integer)
        or rate != segment.sample_rate_hz
        or not 1 <= rate <= 32767
    ):
        raise FormatError(f"{segment.nslc}: expected counts at a whole number of samples a second")
    if "~" in authority or not 1 <= len(authority) <= MAX_AUTHORITY or not authority.isascii():
        raise FormatError(
            f"expected a name of at most {MAX_AUTHORITY} ASCII letters without ~, got {authority!r}"
        )
    begin = -(-(56 + 15 + len(name) + room) // 64) * 64
    if length.bit_count() != 1 or not 256 <= length <= MAX_RECORD_BYTES or begin + 64 > length:
        raise FormatError(
            f"expected a record length, a power of two, with room for {room} bytes of signature"
        )
    samples = segment.samples.astype(">i4")
    step, out = (length - begin) // 4, []
    for number, first in enumerate(range(0, samples.size, step)):
        part = samples[first : first + step]
        head = _head(
            segment, number, segment.start_ns + (first * NS + rate // 2) // rate, part.size, rate, begin
        )
        body = part.tobytes().ljust(length - begin, b"\0")
        signature = sign(head[6:7] + head[8:44] + body)
        if len(signature) > room:
            raise FormatError(f"a signature of {len(signature)} bytes, there is room for {room}")
        block = struct.pack(">HHBBBB", 1000, 56, 3, 1, length.bit_length() - 1, 0)
        opaque = struct.pack(
            ">HHHHIBBB", OPAQUE, 0, 15 + len(name) + len(signature), 15 + len(name), 1, 1, 0, 1
        )
        out.append((head + block + opaque + name + signature).ljust(begin, b"\0") + body)
    return b"".join(out)


def _head(segment: Segment, number: int, at_ns: int, count: int, rate: int, begin: int) -> bytes:
    """The fixed header: two blockettes, no corrections."""
    n = segment.nslc
    codes = [
        x.encode("ascii", "replace").ljust(k)
        for x, k in ((n.station, 5), (n.location, 2), (n.channel, 3), (n.network, 2))
    ]
    if any(len(c) > k for c, k in zip(codes, (5, 2, 3, 2), strict=True)):
        raise FormatError(f"{n}: codes that miniSEED 2 cannot hold")
    tenths = (at_ns + 50_000) // 100_000
    stamp = np.datetime64(tenths // 10_000, "s")
    year = stamp.astype("datetime64[Y]")
    day = int((stamp.astype("datetime64[D]") - year.astype("datetime64[D]")).astype(int)) + 1
    second = tenths // 10_000 % 86400
    return (b"%06dD " % (number % 999_999 + 1)) + b"".join(codes) + struct.pack(
        ">HHBBBBHHhhBBBBiHH", int(str(year)), day, second // 3600, second // 60 % 60, second % 60, 0, tenths % 10_000, count,
        rate, 1, 0, 0, 0, 2, 0, begin, 48,
    )  # fmt: skip


__all__ = ["MAX_AUTHORITY", "OPAQUE", "Signed", "read", "write"]
