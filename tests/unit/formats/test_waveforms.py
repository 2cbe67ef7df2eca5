import io
import struct
import time

import numpy as np
import obspy
import pymseed
import pytest

from testban.base.errors import FormatError, InputError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.base.times import parse_time
from testban.formats import mseed, mseed_uniform, sac, steim, waveforms

T0 = parse_time("2017-09-03T03:29:00.25Z")
BHZ = Nslc("IC", "MDJ", "00", "BHZ")


def counts(n: int = 5000, seed: int = 1, step: int = 300) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.integers(-step, step, n)).astype(np.int32)


def segment(samples, start_ns: int = T0, rate: float = 40.0, nslc: Nslc = BHZ) -> Segment:
    return Segment(nslc=nslc, start_ns=start_ns, sample_rate_hz=rate, samples=samples)


def same(a: Segment, b: Segment) -> bool:
    return (
        (a.nslc, a.start_ns, a.sample_rate_hz) == (b.nslc, b.start_ns, b.sample_rate_hz)
        and a.samples.dtype == b.samples.dtype
        and np.array_equal(a.samples, b.samples)
    )


@pytest.mark.parametrize("step", [3, 40, 900, 20000, 2**20, 2**28])
def test_counts_survive_exactly(step):
    x = counts(3000, step=step)
    data = waveforms.encode_mseed([segment(x)])
    got, findings = waveforms.decode(data)
    assert not findings
    assert len(got) == 1
    assert same(got[0], segment(x))
    assert np.array_equal(obspy.read(io.BytesIO(data))[0].data, x)


@pytest.mark.parametrize("extreme", [[0, 2**31 - 1, -(2**31), 5], [-(2**31)] * 3, [7]])
def test_extreme_counts_survive(extreme):
    x = np.array(extreme, np.int32)
    assert np.array_equal(waveforms.decode(waveforms.encode_mseed([segment(x)]))[0][0].samples, x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_floats_become_float64_exactly(dtype):
    x = np.random.default_rng(3).normal(size=1000).astype(dtype)
    got = waveforms.decode(waveforms.encode_mseed([segment(x)]))[0][0]
    assert got.samples.dtype == np.float64
    assert np.array_equal(got.samples, x.astype(np.float64))


@pytest.mark.parametrize("encoding", ["INT16", "INT32", "STEIM1", "STEIM2", "FLOAT32", "FLOAT64"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", [256, 512, 4096])
def test_every_encoding_that_obspy_writes(encoding, order, length):
    x = np.concatenate([counts(500, step=s) for s in (4, 9, 50, 120, 300)]) % 20000
    if encoding.startswith("STEIM") or encoding == "INT32":
        x[::50] *= 900
    x = x.astype({"INT16": np.int16, "FLOAT32": np.float32, "FLOAT64": np.float64}.get(encoding, np.int32))
    trace = obspy.Trace(x, {"sampling_rate": 20.0, "network": "XX", "station": "ABC", "channel": "BHZ"})
    out = io.BytesIO()
    trace.write(out, format="MSEED", encoding=encoding, byteorder=order, reclen=length)
    got, findings = waveforms.decode(out.getvalue())
    assert not findings
    assert len(got) == 1
    assert np.array_equal(got[0].samples, x)
    assert got[0].samples.dtype == (np.float64 if encoding.startswith("F") else np.int32)


@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2", "INT32", "FLOAT32", "FLOAT64"])
def test_miniseed_3(encoding):
    x = counts(2500)
    kind = {"FLOAT32": "f", "FLOAT64": "d"}.get(encoding, "i")
    x = x.astype({"f": np.float32, "d": np.float64, "i": np.int32}[kind])
    record = pymseed.MS3Record(reclen=1024, encoding=pymseed.DataEncoding[encoding])
    record.sourceid, record.formatversion, record.starttime, record.samprate = (
        "FDSN:XX_ABC_00_B_H_Z",
        3,
        T0 + 7,
        20.0,
    )
    with record.with_datasamples(x, kind):
        parts = [bytes(r) for r in record.generate()]
    assert len(parts) > 2
    got, findings = waveforms.decode(b"".join(parts))
    assert not findings
    assert (got[0].start_ns, str(got[0].nslc)) == (T0 + 7, "XX.ABC.00.BHZ")
    assert np.array_equal(got[0].samples, x)
    broken = bytearray(b"".join(parts))
    broken[len(parts[0]) + 500] ^= 4  # the CRC tells
    got, findings = waveforms.decode(bytes(broken))
    assert [f.kind for f in findings] == ["corrupt"]
    assert len(got) == 2
    assert sum(len(s.samples) for s in got) < len(x)


def test_fast_index_equals_libmseed():
    parts = [
        waveforms.encode_mseed([segment(counts(4000, i), rate=r, nslc=Nslc("XX", "A" * (i + 1), "", c))])
        for i, (r, c) in enumerate([(40.0, "BHZ"), (0.1, "VHZ"), (100 / 3, "SHZ")])
    ]
    data = b"".join(parts)
    fast = mseed_uniform.uniform(data)
    records, damage = mseed._walk(data)
    assert fast is not None
    assert not damage
    slow = {t.nslc: t for t in mseed._group(records)}
    assert {t.nslc for t in fast} == set(slow)
    for t in fast:
        for a, b in zip(t, slow[t.nslc], strict=True):
            assert np.all(a == b)


def test_steim_kernel_equals_libmseed():
    """The compiled kernel beside its slow twin: libmseed, record by record."""
    for encoding in (pymseed.DataEncoding.STEIM1, pymseed.DataEncoding.STEIM2):
        record = pymseed.MS3Record(reclen=512, encoding=encoding)
        record.sourceid, record.formatversion, record.starttime, record.samprate = (
            "FDSN:XX_A__B_H_Z",
            2,
            T0,
            20.0,
        )
        x = np.concatenate([counts(900, step=s) for s in (3, 7, 15, 30, 120, 500, 16000, 10**6)])
        with record.with_datasamples(x.astype(np.int32), "i"):
            data = b"".join(bytes(r) for r in record.generate())
        twin = np.concatenate(
            [np.array(r.np_datasamples) for r in pymseed.MS3Record.from_buffer(data, unpack_data=True)]
        )
        assert np.array_equal(waveforms.decode(data)[0][0].samples, twin)
        assert steim.STEIM1 <= encoding <= steim.STEIM2


def test_damaged_record_costs_itself_only():
    x = counts(20000)
    data = bytearray(waveforms.encode_mseed([segment(x)]))
    n = len(data) // 512
    data[512 * 10 + 300] ^= 0x10
    got, findings = waveforms.decode(bytes(data), "day.mseed")
    assert len(got) == 2
    assert [f.kind for f in findings] == ["corrupt"]
    assert "day.mseed" in findings[0].subject
    lost = len(x) - sum(len(s.samples) for s in got)
    assert 0 < lost < 2.5 * len(x) / n
    for s in got:
        k = round((s.start_ns - T0) * 40e-9)
        assert np.array_equal(s.samples, x[k : k + len(s.samples)])


def test_damaged_header_and_truncation():
    x = counts(20000)
    whole = waveforms.encode_mseed([segment(x)])
    data = bytearray(whole)
    data[512 * 5 : 512 * 5 + 48] = bytes(48)
    got, findings = waveforms.decode(bytes(data[:-100]))
    assert len(findings) == 2
    assert len(got) == 2
    got, findings = waveforms.decode(b"garbage in front of it " * 9 + whole)
    assert len(got) == 1
    assert len(got[0].samples) == len(x)
    assert findings


@pytest.mark.parametrize(
    "data", [b"", b"x", bytes(4096), b"\xff" * 4096, b"000001D " + bytes(56), b"MS\x03" * 500, b"<html>"]
)
def test_no_recording_is_an_error(data):
    with pytest.raises(FormatError, match="expected miniSEED or SAC"):
        waveforms.decode(data)


def test_hostile_bytes_end_quickly():
    for data in (b"MS\x03" * 500_000, b"000001D ABCDEFGHIJKL" * 100_000):
        start = time.process_time()
        with pytest.raises(FormatError):
            waveforms.decode(data)
        assert time.process_time() - start < 5


def test_huge_claims_allocate_nothing():
    data = bytearray(waveforms.encode_mseed([segment(counts(300))]))
    data[30:32] = struct.pack(">H", 65535)
    got_error = False
    try:
        waveforms.decode(bytes(data))
    except FormatError:
        got_error = True
    assert got_error
    header = bytearray(sac_bytes(np.ones(10), "<"))
    header[280 + 36 : 280 + 40] = struct.pack("<i", 2**31 - 1)
    got, findings = waveforms.decode(bytes(header))
    assert len(got[0].samples) == 10
    assert findings[0].kind == "corrupt"


def test_many_records_at_one_time_do_not_hang():
    one = waveforms.encode_mseed([segment(counts(100))])
    start = time.process_time()
    got, _ = waveforms.decode(one * 5000)
    assert len(got) == 5000
    assert time.process_time() - start < 10


# -- joining -----------------------------------------------------------------------------------------------------


def test_gaps_overlaps_and_duplicates_are_kept():
    x = counts(4000)
    a, b, c = x[:1000], x[1000:2000], x[3000:]
    step = 25_000_000
    parts = [segment(a), segment(b, T0 + 1000 * step), segment(c, T0 + 3000 * step)]
    got = waveforms.decode(waveforms.encode_mseed(parts))[0]
    assert [len(s.samples) for s in got] == [2000, 1000]
    twice = waveforms.decode(waveforms.encode_mseed([*parts, parts[0]]))[0]
    assert sorted(len(s.samples) for s in twice) == [1000, 1000, 2000]
    overlap = waveforms.decode(
        waveforms.encode_mseed([segment(x[:2000]), segment(x[1500:], T0 + 1500 * step)])
    )[0]
    assert sorted(len(s.samples) for s in overlap) == [2000, 2500]


def test_drift_does_not_add_up():
    """Records that each come 0.1 sample late join until half a sample (times in the file are rounded), not for ever; jitter never splits."""
    x = counts(400)
    step = 25_000_000
    late = [segment(x[i * 10 : i * 10 + 10], T0 + i * 10 * step + i * step // 10) for i in range(40)]
    got = waveforms.decode(waveforms.encode_mseed(late))[0]
    assert all(len(s.samples) in (50, 60) for s in got[:-1])
    for s in got:
        assert abs(s.start_ns - (T0 + round((s.start_ns - T0) / (10.1 * step)) * 10.1 * step)) < step / 100
    assert np.array_equal(np.concatenate([s.samples for s in got]), x)
    jitter = [segment(s.samples, T0 + i * 10 * step + (i % 2) * step // 3) for i, s in enumerate(late)]
    got = waveforms.decode(waveforms.encode_mseed(jitter))[0]
    assert [len(s.samples) for s in got] == [400]


def test_order_of_records_does_not_matter():
    data = waveforms.encode_mseed([segment(counts(9000)), segment(counts(3000, 2), T0 + 10**11)])
    records = [data[i : i + 512] for i in range(0, len(data), 512)]
    rng = np.random.default_rng(5)
    reference = waveforms.decode(data)[0]
    for _ in range(3):
        rng.shuffle(records)
        got = waveforms.decode(b"".join(records))[0]
        assert len(got) == len(reference)
        assert all(same(a, b) for a, b in zip(got, reference, strict=True))


def test_cut_shares_no_sample():
    s = segment(counts(1001), rate=100 / 3)
    whole = Span(s.start_ns, s.end_ns)
    for edge in (0, 1, 29_999_999, 30_000_000, 30_000_001, 15_000_000_000, 30_000_000_000, 30_030_000_000):
        parts = [
            waveforms.cut(s, Span(whole.start_ns, T0 + edge)),
            waveforms.cut(s, Span(T0 + edge, whole.end_ns)),
        ]
        assert np.array_equal(np.concatenate([p.samples for p in parts if p is not None]), s.samples)
        if parts[1] is not None:
            assert parts[1].start_ns >= T0 + edge
    assert waveforms.cut(s, Span(s.end_ns, s.end_ns + 10**9)) is None
    assert waveforms.cut(s, whole) is s


# -- SAC ---------------------------------------------------------------------------------------------------------


def sac_bytes(samples, order: str, **header) -> bytes:
    trace = obspy.Trace(
        np.asarray(samples, np.float32),
        {
            "sampling_rate": 20.0,
            "network": "XX",
            "station": "ABC",
            "channel": "BHZ",
            "starttime": obspy.UTCDateTime(ns=T0),
        },
    )
    trace.stats.update(header)
    out = io.BytesIO()
    trace.write(out, format="SAC", byteorder=order)
    return out.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("rate", [20.0, 40.0, 100.0, 75.0, 0.1, 200 / 3])
def test_sac(order, rate):
    x = np.random.default_rng(1).normal(size=500).astype(np.float32)
    got, findings = waveforms.decode(sac_bytes(x, order, sampling_rate=rate))
    assert not findings
    assert got[0].sample_rate_hz == pytest.approx(rate, rel=1e-7)
    if rate == round(rate):
        assert got[0].sample_rate_hz == rate
    assert abs(got[0].start_ns - T0) <= 1000
    assert np.array_equal(got[0].samples, x.astype(np.float64))
    assert str(got[0].nslc) == "XX.ABC..BHZ"


def test_sac_refuses_what_it_is_not():
    good = bytearray(sac_bytes(np.ones(10), "<"))
    uneven = good.copy()
    uneven[280 + 35 * 4 : 280 + 36 * 4] = struct.pack("<i", 0)
    spectrum = good.copy()
    spectrum[280 + 15 * 4 : 280 + 16 * 4] = struct.pack("<i", 2)
    no_time = good.copy()
    no_time[280:284] = struct.pack("<i", -12345)
    for data in (uneven, spectrum, no_time, good[:640][:633]):
        with pytest.raises(FormatError):
            waveforms.decode(bytes(data))
    assert sac.order_of(bytes(good[:100])) is None


def test_errors_name_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="expected a readable file"):
        waveforms.read(tmp_path / "absent.mseed")
    with pytest.raises(InputError, match="codes that fit"):
        waveforms.encode_mseed([segment(counts(10), nslc=Nslc("LONGNET", "A", "", "BHZ"))])
