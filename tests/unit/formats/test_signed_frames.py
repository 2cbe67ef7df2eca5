"""CD-1.1 frames and signed miniSEED: read, written, verified; damaged and lying ones refused."""

import contextlib
import csv
import os
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.base.errors import FormatError, TestbanError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import cd11, mseed_sign, waveforms
from testban.station.parties import Parties
from testban.trust import packet, sealed
from testban.trust.checks import Reason, Rejected

FRAMES = Path(os.environ.get("TESTBAN_DATA", "/nowhere")) / "reference" / "protocol_cd11"
NAME = "XX.ALFA"


@pytest.fixture(scope="module")
def carried():
    p = Parties((NAME,), bits=2048)
    sent = p.countersign(NAME, p.record(NAME))[0]
    site = p.sites[NAME]
    keys = site.signer.verifier, site.countersigner.verifier
    return sent, site.station.policy, keys


@pytest.mark.data
@pytest.mark.skipif(not FRAMES.is_dir(), reason="needs TESTBAN_DATA/reference/protocol_cd11")
def test_published_frames():
    rows = list(csv.DictReader((FRAMES / "frames.csv").open()))
    files = {p.stem.rpartition("_")[2]: p for p in (FRAMES / "frames").iterdir()}
    seen = 0
    for row in rows:
        if row["sha16"] not in files:
            continue
        data = files[row["sha16"]].read_bytes()
        frame = cd11.parse(data)
        assert frame.canonical
        assert frame.encode() == data
        assert (frame.creator, frame.destination) == (row["creator"], row["destination"])
        assert (frame.sequence, frame.series) == (int(row["sequence"]), int(row["series"]))
        assert len(frame.channels) == int(row["n_channels"])
        assert frame.length_ms == int(row["frame_length_ms"])
        assert frame.time.decode() == row["nominal_time"]
        assert frame.names.decode() == row["channel_string"]
        assert [c.code[:8] for c in frame.channels] == [frame.names[i : i + 8] for i in range(0, 40, 10)]
        assert (frame.key_id, len(frame.signature)) == (int(row["auth_key_id"]), int(row["auth_size"]))
        assert str(int.from_bytes(data[-8:], "big")) == row["comm_verification"]
        # Every channel of a real station is signed with DSA: r and s of 160 bits, below a prime of that size.
        for c in frame.channels:
            assert len(c.signature) == 40
            assert c.start_ns == frame.start_ns
        seen += 1
    assert seen == len(files) > 100


def test_a_frame_carries_a_packet_and_both_signatures(carried):
    sent, policy, keys = carried
    data = cd11.from_packet(sent.note, sent.payload, policy, 7).encode()
    frame = cd11.parse(data)
    assert frame.start_ns == sent.slot * 10 * 10**9
    note, payload = cd11.to_packet(frame, policy)
    assert (note, payload) == (sent.note, sent.payload)
    packet.check_payload(payload, sealed.check(note, policy, *keys), policy)


def refit(data):
    return data[:-8] + cd11.crc64(data[:-8]).to_bytes(8, "big")


def test_a_carried_packet_that_was_altered_is_refused_for_its_reason(carried):
    sent, policy, keys = carried
    data = bytearray(cd11.from_packet(sent.note, sent.payload, policy).encode())
    with pytest.raises(FormatError, match="CRC"):
        cd11.parse(bytes(data[:200]) + bytes([data[200] ^ 1]) + bytes(data[201:]))
    data[200] ^= 1  # a sample; who alters it can also make the CRC fit
    note, payload = cd11.to_packet(cd11.parse(refit(bytes(data))), policy)
    with pytest.raises(Rejected) as caught:
        packet.check_payload(payload, sealed.check(note, policy, *keys), policy)
    assert caught.value.reason is Reason.PAYLOAD_DIGEST


@pytest.mark.parametrize("at", [8 + 7, 16 + 7, 28 + 7, 32 + 3])
def test_nothing_travels_beside_the_packet(carried, at):
    sent, policy, _ = carried
    data = bytearray(cd11.from_packet(sent.note, sent.payload, policy).encode())
    data[at] ^= 1
    try:
        frame = cd11.parse(refit(bytes(data)))
    except FormatError:
        return
    if frame.sequence != 0:
        return
    with pytest.raises(FormatError, match="says more"):
        cd11.to_packet(frame, policy)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (4, -1),
        (4, 1 << 30),
        (36, -1),
        (36, 1 << 30),
        (64, -8),
        (64, 1 << 31 - 1),
        (100, -4),
        (100, 1 << 30),
        (104, 0),
        (104, -4),
        (0, 4),
    ],
)
def test_lengths_that_lie_are_refused(carried, at, value):
    sent, policy, _ = carried
    data = bytearray(cd11.from_packet(sent.note, sent.payload, policy).encode())
    struct.pack_into(">i", data, at, value)
    with pytest.raises(FormatError):
        cd11.parse(refit(bytes(data)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_bytes_crash_the_frame_reader(carried, data):
    sent, policy, _ = carried
    frame = bytearray(cd11.from_packet(sent.note, sent.payload[:0] or sent.payload, policy).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 300))
        frame[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(FormatError):
        read = cd11.parse(refit(bytes(frame)))
        assert not read.canonical or read.encode() == refit(bytes(frame))


def test_padding_that_is_not_zero_is_read_and_marked_and_carries_no_packet(carried):
    sent, policy, _ = carried
    frame = cd11.from_packet(sent.note + b"", sent.payload, policy)
    data = bytearray(frame.encode())
    at = 68 + len(frame.names)  # two bytes of padding after the channel string
    data[at] = 7
    read = cd11.parse(refit(bytes(data)))
    assert not read.canonical
    assert [c.data for c in read.channels] == [c.data for c in frame.channels]
    with pytest.raises(FormatError, match="says more"):
        cd11.to_packet(read, policy)


COUNTS = np.arange(3000, dtype=np.int32) * 7 - 900
SEGMENT = Segment(
    nslc=Nslc("XX", "KEST", "00", "BHZ"),
    start_ns=1_600_000_000_123_400_000,
    sample_rate_hz=40.0,
    samples=COUNTS,
)


def test_signed_miniseed_is_ordinary_miniseed_and_its_signatures_verify():
    key = ec.generate_private_key(ec.SECP256R1())
    data = mseed_sign.write(
        SEGMENT, "host", lambda b: key.sign(b, ec.ECDSA(hashes.SHA256())), room=80, length=1024
    )
    (back,), findings = waveforms.decode(data)
    assert findings == []
    assert np.array_equal(back.samples, COUNTS)
    assert (back.nslc, back.start_ns, back.sample_rate_hz) == (SEGMENT.nslc, SEGMENT.start_ns, 40.0)
    records = list(mseed_sign.read(data))
    assert len(records) > 10
    assert all(r.authority == "host" and r.verify_ecdsa(key.public_key()) for r in records)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert not any(r.verify_ecdsa(other) for r in records)


def test_the_unique_signature_travels_in_the_same_blockette(carried):
    _, _, (station, _) = carried
    signer = Parties((NAME,), bits=2048).sites[NAME].signer
    data = mseed_sign.write(SEGMENT, NAME, signer.sign, room=256)
    for r in mseed_sign.read(data):
        assert station.verify(r.covered, r.signature)
        assert not station.verify(r.covered[:-1] + bytes([r.covered[-1] ^ 1]), r.signature)
    changed = bytearray(data)
    changed[0:6] = b"000777"  # the sequence number may change on the way: it is not covered
    first = next(mseed_sign.read(bytes(changed)))
    assert station.verify(first.covered, first.signature)
    for at in (6, 8, 20, 30, 43, 4000):
        changed = bytearray(data)
        changed[at] ^= 3 if at == 6 else 1
        try:
            first = next(mseed_sign.read(bytes(changed)))
        except FormatError:
            continue
        assert not station.verify(first.covered, first.signature), at


def test_records_without_a_signature_are_read_as_such():
    records = list(mseed_sign.read(waveforms.encode_mseed([SEGMENT])))
    assert records
    assert {(r.authority, r.signature) for r in records} == {("", b"")}


def test_no_bytes_crash_the_record_reader():
    draw = random.Random(3)
    honest = mseed_sign.write(SEGMENT, "a", lambda b: b"s" * 60, room=64, length=512)
    for _ in range(3000):
        data = bytearray(honest[: draw.randrange(1, 1600)])
        for _ in range(draw.randrange(4)):
            data[draw.randrange(len(data)) % 110] = draw.randrange(256)
        with contextlib.suppress(TestbanError):
            list(mseed_sign.read(bytes(data)))


@pytest.mark.parametrize("more", [{"authority": "a~b"}, {"authority": ""}, {"length": 1000}, {"room": 5000}])
def test_what_cannot_be_written_is_refused(more):
    words = {"authority": "a", "sign": lambda b: b"s", **more}
    with pytest.raises(FormatError):
        mseed_sign.write(SEGMENT, **words)
