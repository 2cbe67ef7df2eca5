"""Signed miniSEED records beside ObsPy: the same samples, the signature in the way of nobody."""

import io

import numpy as np
import obspy

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import mseed_sign


def test_obspy_reads_signed_records():
    counts = np.arange(5000, dtype=np.int32) ** 2 % 70_001 - 35_000
    segment = Segment(
        nslc=Nslc("XX", "KEST", "00", "BHZ"),
        start_ns=1_709_164_799_987_600_000,  # 29 February to 1 March
        sample_rate_hz=40.0,
        samples=counts,
    )
    data = mseed_sign.write(segment, "host.example", lambda b: bytes(range(250)), room=256, length=1024)
    (trace,) = obspy.read(io.BytesIO(data), format="MSEED").merge()
    assert np.array_equal(trace.data, counts)
    assert trace.id == "XX.KEST.00.BHZ"
    assert trace.stats.starttime.ns == segment.start_ns
    assert {r.signature for r in mseed_sign.read(data)} == {bytes(range(250))}
    # Both readers agree on where the records are.
    assert (
        len(list(mseed_sign.read(data)))
        == len(obspy.read(io.BytesIO(data), format="MSEED")) * len(data) // 1024
    )
