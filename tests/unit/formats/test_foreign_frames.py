"""CD-1.1 frames of other makers: Canadian compression, types of samples, DSA signatures, frames of every type, damage."""

import contextlib
import os
import random
import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.base.errors import FormatError, InputError
from testban.formats import canadian, cd11, cd11_check
from testban.run import carried

FRAMES = Path(os.environ.get("TESTBAN_DATA", "/nowhere")) / "reference" / "protocol_cd11"
has_frames = pytest.mark.skipif(not FRAMES.is_dir(), reason="needs TESTBAN_DATA/reference/protocol_cd11")
INT32 = st.integers(-(2**31), 2**31 - 1)


@pytest.mark.data
@has_frames
def test_published_samples_are_decoded_and_written_again():
    """Every block is used to its last byte, has the smallest widths, and ends as its encoder ends one that nothing follows."""
    total = 0
    for path in sorted((FRAMES / "frames").glob("*.cd11")):
        for c in cd11.parse(path.read_bytes()).channels:
            counts, following = canadian.decode(c.data, c.samples)
            assert np.array_equal(counts, cd11_check.samples(c))
            assert following == 2 * int(counts[-1]) - int(counts[-2])
            assert canadian.encode(counts) == c.data
            total += 1
    assert total > 400


def test_a_block_by_hand():
    # 20 samples 0, 1, 4, 9 ...: second differences 1, then 2: 4 bits each, index 0, first sample 0.
    squares = np.arange(20, dtype=np.int32) ** 2
    assert canadian.encode(squares, 400) == bytes(2) + bytes(4) + b"\x12" + b"\x22" * 9
    assert canadian.decode(bytes(6) + b"\x12" + b"\x22" * 9, 20)[1] == 400


@settings(deadline=None, max_examples=150)
@given(st.lists(INT32, min_size=0, max_size=80), INT32, st.integers(0, 31))
def test_canadian_round_trip(values, following, shift):
    values = values[: len(values) // 20 * 20]
    counts = np.array(values, np.int32) >> shift
    data = canadian.encode(counts, following)
    back, after = canadian.decode(data, counts.size)
    assert np.array_equal(back, counts)
    assert counts.size == 0 or after == following


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.integers(-20, 200))
def test_no_bytes_crash_canadian(data, count):
    with contextlib.suppress(FormatError):
        counts, _ = canadian.decode(data, count)
        assert counts.size == count


@pytest.mark.parametrize("cut", [-1, 1, 7])
def test_canadian_refuses_bytes_too_few_or_too_many(cut):
    data = canadian.encode(np.arange(40, dtype=np.int32) ** 3)
    with pytest.raises(FormatError):
        canadian.decode(data[:-cut] if cut > 0 else data + b"\0", 40)


@pytest.mark.parametrize("kind", [b"s4", b"s3", b"s2", b"i4", b"i2"])
def test_types_of_samples(kind):
    width = int(kind[1:])
    half = 2 ** (8 * width - 1)
    counts = np.array([0, 1, -1, half - 1, -half], np.int64).astype(np.int32)
    data = cd11_check.plain(counts, kind)
    order = "big" if kind[:1] == b"s" else "little"
    assert data == b"".join(int(c).to_bytes(width, order, signed=True) for c in counts)
    assert np.array_equal(cd11_check.samples(channel(counts, kind, 0, data)), counts)
    if width < 4:
        with pytest.raises(InputError):
            cd11_check.plain(np.array([half], np.int32), kind)


def channel(counts, kind, transform, data):
    return cd11.Channel(
        flags=bytes([1, transform, 0, 1]), code=b"ABCDEBHZ\0\0", kind=kind, calib=struct.pack(">ff", 1, 1), time=b"2020023 23:45:10.000",
        length_ms=10000, samples=len(counts), status=b"\1\2\3", data=data, count=5, key_id=77, signature=b"",
    )  # fmt: skip


def signed(key, transform, *, at_signing=None):
    """A frame as another maker would sign it: r and s of 20 bytes each over SHA-1."""
    counts = np.cumsum(np.random.default_rng(4).integers(-300, 300, 400)).astype(np.int32)
    raw = cd11_check.plain(counts, b"s4")
    packed = canadian.encode(counts) if transform else raw
    c = channel(counts, b"s4", transform, packed)
    covered = (
        c if at_signing is None else msgspec.structs.replace(c, data=raw, flags=bytes([1, at_signing, 0, 1]))
    )
    c = msgspec.structs.replace(c, signature=sign(key, covered.scope))
    frame = cd11.Frame(
        creator="TEST", destination="IDC", sequence=9, series=0, length_ms=10000, time=c.time, names=c.code, channels=(c,), key_id=78,
    )  # fmt: skip
    return msgspec.structs.replace(frame, signature=sign(key, frame.scope)), counts


def sign(key, scope):
    r, s = decode_dss_signature(key.sign(scope, hashes.SHA1()))
    return r.to_bytes(20, "big") + s.to_bytes(20, "big")


@pytest.fixture(scope="module")
def keys():
    return dsa.generate_private_key(1024), dsa.generate_private_key(1024)


@pytest.mark.parametrize(("transform", "at_signing"), [(0, None), (1, None), (2, 2), (2, 0)])
def test_dsa_signatures_hold_and_every_altered_byte_fails(keys, transform, at_signing):
    frame, counts = signed(keys[0], transform, at_signing=at_signing)
    data = frame.encode()
    known = {77: keys[0].public_key(), 78: keys[0].public_key()}
    found = carried.inspect_frame(data, known)
    assert (found.ok, found.reason) == (True, "ok")
    assert np.array_equal(cd11_check.samples(cd11.parse(data).channels[0]), counts)
    other = carried.inspect_frame(data, {77: keys[1].public_key(), 78: keys[0].public_key()})
    assert (other.ok, other.reason) == (False, "signature-wrong")
    assert carried.inspect_frame(data, {}).reason == "key-unknown"
    draw = random.Random(3)
    for at in draw.sample(range(len(data) - 8), 120):
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        changed[-8:] = cd11.crc64(changed[:-8]).to_bytes(8, "big")  # a forger makes the CRC fit
        found = carried.inspect_frame(bytes(changed), known)
        assert not found.ok, at
        assert found.reason in (
            "signature-wrong",
            "format",
            "key-unknown",
            "station-signature-missing",
            "unchecked",
        )


def test_an_unsigned_frame_is_said_to_be_unsigned(keys):
    frame, _ = signed(keys[0], 1)
    bare = msgspec.structs.replace(
        frame, signature=b"", key_id=0, channels=(msgspec.structs.replace(frame.channels[0], signature=b""),)
    )
    assert carried.inspect_frame(bare.encode(), {}).reason == "station-signature-missing"


def test_dsa_keys_are_read_and_others_refused(keys):
    public = keys[0].public_key()
    for form in (serialization.Encoding.PEM, serialization.Encoding.DER):
        data = public.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert cd11_check.read_key(data).public_numbers() == public.public_numbers()
    with pytest.raises(InputError):
        cd11_check.read_key(b"no key")


@pytest.mark.parametrize("kind", sorted(cd11_check.KINDS))
def test_frames_of_every_type_are_read(kind):
    body = bytes(range(40))
    head = struct.pack(">ii8s8sqi", kind, 36 + len(body), b"STA", b"IDC", -4, 3)
    data = head + body + struct.pack(">ii", 5, 3) + b"abc\0"
    whole = data + cd11.crc64(data).to_bytes(8, "big")
    seen = cd11_check.envelope(whole)
    assert (seen.kind, seen.body, seen.signature, seen.key_id) == (kind, body, b"abc", 5)
    assert (seen.creator, seen.destination, seen.sequence, seen.series) == ("STA", "IDC", -4, 3)
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises(FormatError):
            cd11_check.envelope(bytes(changed))
    for end in range(len(whole)):
        with pytest.raises(FormatError):
            cd11_check.envelope(whole[:end])


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(sorted(cd11_check.KINDS)))
def test_no_bytes_crash_a_frame(data, kind):
    whole = struct.pack(">ii", kind, 36) + data
    found = carried.inspect_frame(whole + cd11.crc64(whole).to_bytes(8, "big"), {})
    assert not found.ok
