"""What other makers' CD-1.1 frames say: their samples as counts, their DSA signatures by keys that the reader has, their envelopes.

Rules: samples only where the frame says exactly how they are coded: transformation 0 none, 1 and 2 Canadian compression (before, after the
signature), 3 and 4 Steim (not decoded); types of CSS 3.0: s4, s3, s2 big-endian, i4, i2 little-endian. A signature is 40 bytes, r
and s of 160 bits, over SHA-1 (FIPS 186-1). Where the frame was compressed after it was signed, the signature covers the samples
uncompressed; what the transformation byte was at that time is not known here (unconfirmed), so 0 and the byte as it stands both count.
A DSA signature has room for a hidden message (docs/decisions/0010): that it holds says who signed, never that nothing else travels in it.
"""

import struct
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from testban.base.errors import FormatError, InputError
from testban.formats import canadian, cd11
from testban.formats.cd11 import Channel, Frame

Counts = npt.NDArray[np.int32]
TYPES = {b"s4": (">i4", 4), b"s2": (">i2", 2), b"i4": ("<i4", 4), b"i2": ("<i2", 2), b"s3": (">s3", 3)}
PLAIN, CANADIAN, STEIM, AFTER = 0, (1, 2), (3, 4), (2, 4)
KINDS = {
    1: "connection request", 2: "connection response", 3: "option request", 4: "option response", 5: "data", 6: "acknack",
    7: "alert", 8: "command request", 9: "command response", 13: "CD-1 encapsulation",
}  # fmt: skip
DSA_BYTES = 40


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of any type: who sent it to whom, its body as it stands, and the trailer's signature."""

    kind: int
    creator: str
    destination: str
    sequence: int
    series: int
    body: bytes
    key_id: int
    signature: bytes

    @property
    def name(self) -> str:
        """What the type is called."""
        return KINDS.get(self.kind, f"type {self.kind}")


def envelope(data: bytes) -> Envelope:
    """The frame, of any type, in these bytes; FormatError unless they are exactly one, with a CRC that fits."""
    if not 36 + 16 <= len(data) <= cd11.MAX_FRAME_BYTES:
        raise FormatError(f"CD-1.1: expected a frame of 52 to {cd11.MAX_FRAME_BYTES} bytes, got {len(data)}")
    kind, trailer, creator, destination, sequence, series = struct.unpack_from(">ii8s8sqi", data)
    if kind not in KINDS:
        raise FormatError(f"CD-1.1: no frame is of type {kind}")
    if not 36 <= trailer <= len(data) - 16:
        raise FormatError(f"CD-1.1: a trailer at byte {trailer} of {len(data)}")
    if cd11.crc64(data[:-8]) != int.from_bytes(data[-8:], "big"):
        raise FormatError("CD-1.1: the CRC-64 does not fit: damaged on its way")
    key, size = struct.unpack_from(">ii", data, trailer)
    if size < 0 or trailer + 8 + size + -size % 4 + 8 != len(data):
        raise FormatError(f"CD-1.1: a trailer's signature of {size} bytes does not fit the frame")
    return Envelope(
        kind=kind, creator=cd11.name(creator), destination=cd11.name(destination), sequence=sequence, series=series,
        body=data[36:trailer], key_id=key, signature=data[trailer + 8 : trailer + 8 + size],
    )  # fmt: skip


def samples(channel: Channel) -> Counts:
    """The counts of a channel; FormatError where they are coded in a way that is not decoded here, or do not fit."""
    transform = channel.flags[1]
    where = channel.code.decode("ascii", "replace").replace("\0", " ")
    if transform in CANADIAN:
        if channel.kind not in TYPES:
            raise FormatError(f"CD-1.1: {where}: samples of type {channel.kind!r} are not decoded")
        return canadian.decode(channel.data, channel.samples)[0]
    if transform != PLAIN:
        what = "Steim compression" if transform in STEIM else f"transformation {transform}"
        raise FormatError(f"CD-1.1: {where}: {what} is not decoded")
    if channel.kind not in TYPES or len(channel.data) != TYPES[channel.kind][1] * channel.samples:
        raise FormatError(
            f"CD-1.1: {where}: {channel.samples} samples {channel.kind!r} in {len(channel.data)} bytes"
        )
    if channel.kind == b"s3":
        rows = np.frombuffer(channel.data, np.uint8).reshape(-1, 3).astype(np.int32)
        value = rows[:, 0] << 16 | rows[:, 1] << 8 | rows[:, 2]
        return (value ^ 0x800000) - 0x800000
    return np.frombuffer(channel.data, TYPES[channel.kind][0]).astype(np.int32)


def plain(counts: Counts, kind: bytes) -> bytes:
    """Counts as uncompressed bytes of a type; InputError where they do not fit into it."""
    form, width = TYPES.get(kind, ("", 0))
    if not width:
        raise InputError(f"CD-1.1: expected a type among {sorted(TYPES)}, got {kind!r}")
    half = 1 << 8 * width - 1
    if counts.size and not -half <= int(counts.min()) <= int(counts.max()) < half:
        raise InputError(f"CD-1.1: counts that do not fit into {kind!r}")
    if kind == b"s3":
        return counts.astype(">i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    return counts.astype(form).tobytes()


def read_key(data: bytes) -> dsa.DSAPublicKey:
    """A DSA public key or X.509 certificate in PEM or DER; InputError where it is none."""
    from cryptography import x509

    readers = (
        serialization.load_pem_public_key, serialization.load_der_public_key,
        lambda d: x509.load_pem_x509_certificate(d).public_key(), lambda d: x509.load_der_x509_certificate(d).public_key(),
    )  # fmt: skip
    for read in readers:
        try:
            key = read(data)
        except Exception:  # noqa: BLE001, S112 - the library names a dozen errors for bytes that are no key
            continue
        if isinstance(key, dsa.DSAPublicKey):
            return key
    raise InputError("expected a DSA public key or certificate (PEM or DER)")


def verifies(key: dsa.DSAPublicKey, scope: bytes, signature: bytes) -> bool:
    """True where the 40 bytes are this key's signature of the scope."""
    if len(signature) != DSA_BYTES:
        return False
    r, s = int.from_bytes(signature[:20], "big"), int.from_bytes(signature[20:], "big")
    try:
        key.verify(encode_dss_signature(r, s), scope, hashes.SHA1())  # noqa: S303 - the frame's own
    except InvalidSignature:
        return False
    return True


def scopes(channel: Channel) -> tuple[bytes, ...]:
    """The byte strings that a channel's signature may cover: one, or two where it was compressed after it was signed."""
    if channel.flags[1] not in AFTER:
        return (channel.scope,)
    data = plain(samples(channel), channel.kind)
    flags = (channel.flags, channel.flags[:1] + b"\0" + channel.flags[2:])
    return tuple(msgspec.structs.replace(channel, flags=f, data=data, read=b"").scope for f in flags)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of a frame. state: holds, fails, unsigned, or key-absent."""

    what: str
    key_id: int
    state: str


def signatures(frame: Frame, keys: Mapping[int, dsa.DSAPublicKey]) -> tuple[Signed, ...]:
    """What became of the signature of each channel, and then of the frame."""
    found = []
    for c in frame.channels:
        what = c.code.decode("ascii", "replace").replace("\0", " ")
        found.append(_one(what, c.key_id, c.signature, keys.get(c.key_id), partial(scopes, c)))
    whole = (frame.scope,) if frame.canonical else ()
    return (*found, _one("frame", frame.key_id, frame.signature, keys.get(frame.key_id), lambda: whole))


def _one(
    what: str, key_id: int, signature: bytes, key: dsa.DSAPublicKey | None, covered: Callable[[], tuple[bytes, ...]]
) -> Signed:  # fmt: skip
    if not signature:
        state = "unsigned"
    elif key is None:
        state = "key-absent"
    else:
        state = "holds" if any(verifies(key, s, signature) for s in covered()) else "fails"
    return Signed(what=what, key_id=key_id, state=state)
