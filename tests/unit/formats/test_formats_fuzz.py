"""Foreign bytes: every parser ends with records, findings or a named error, never with anything else.

The quick profile runs in `make test`; `-m slow` runs 10,000 cases of each parser.
"""

import functools
import io

import numpy as np
import obspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response, ResponseStage, Segment
from testban.base.times import parse_time
from testban.formats import (
    csvio,
    inventory,
    mseed,
    quakeml,
    quakeml_read,
    quakeml_rows,
    sacpz,
    stationxml,
    stationxml_writer,
    tables,
    waveforms,
)

T0 = parse_time("2016-01-06T01:30:00Z")


@functools.cache
def seeds() -> dict[str, list[bytes]]:
    rng = np.random.default_rng(7)
    x = np.cumsum(rng.integers(-200, 200, 1500)).astype(np.int32)
    names = [Nslc("IC", "MDJ", "00", c) for c in ("BHZ", "BHN")]
    parts = [Segment(nslc=n, start_ns=T0, sample_rate_hz=40.0, samples=x) for n in names]
    floats = Segment(nslc=names[0], start_ns=T0, sample_rate_hz=20.0, samples=x[:200] / 3.0)
    trace = obspy.Trace(
        x[:300].astype(np.float32), {"sampling_rate": 20.0, "station": "ABC", "channel": "BHZ"}
    )
    sacs = []
    for order in "<>":
        out = io.BytesIO()
        trace.write(out, format="SAC", byteorder=order)
        sacs.append(out.getvalue())
    import pymseed

    record = pymseed.MS3Record(reclen=600, encoding=pymseed.DataEncoding.STEIM2)
    record.sourceid, record.formatversion, record.starttime, record.samprate = (
        "FDSN:XX_ABC_00_B_H_Z",
        3,
        T0,
        20.0,
    )
    with record.with_datasamples(x[:800], "i"):
        third = b"".join(bytes(r) for r in record.generate())
    channel = Channel(
        nslc=names[0],
        longitude=129.59,
        latitude=44.61,
        dip_deg=-90.0,
        azimuth_deg=0.0,
        start_ns=T0,
        response=Response(
            input_unit="m/s",
            stages=(
                ResponseStage(
                    kind="paz", gain=1500.0, zeros=((0.0, 0.0),), poles=((-0.03, 0.03), (-0.03, -0.03))
                ),
                ResponseStage(kind="fir", numerator=(0.25, 0.5, 0.25), sample_rate_hz=40.0),
            ),
            sensitivity=1e9,
            sensitivity_frequency_hz=1.0,
        ),
    )
    from testban.base.records import Arrival, Ellipse, Event, Magnitude, Origin, Pick

    pick = Pick(pick_id="p", station_key="IC.MDJ", time_ns=T0, slowness_s_per_deg=12.0)
    arrival = Arrival(
        pick_id="p",
        station_key="IC.MDJ",
        phase="Pn",
        time_ns=T0,
        distance_deg=3.0,
        azimuth_deg=6.0,
        backazimuth_deg=186.0,
    )
    numbers = {"time_sigma_s": 0.3, "rms_s": 0.4, "gap_deg": 90.0, "secondary_gap_deg": 120.0}
    origin = Origin(
        time_ns=T0,
        longitude=129.0,
        latitude=41.3,
        depth_km=0.0,
        depth_fixed=True,
        depth_reason="",
        ellipse=Ellipse(smajor_km=10.0, sminor_km=5.0, strike_deg=30.0),
        n_defining=1,
        n_stations=1,
        min_distance_deg=3.0,
        max_distance_deg=3.0,
        **numbers,
    )
    magnitude = Magnitude(kind="mb", value=5.0, sigma=0.1, n_detected=1, n_censored=0, method="m")
    event = Event(event_id="e", origin=origin, arrivals=(arrival,), magnitudes=(magnitude,))
    pz = b"* STATION (KSTNM): MDJ\n* CHANNEL (KCMPNM): BHZ\n* LATITUDE : 44.6\n* LONGITUDE : 129.6\n* START : 2010-01-01T00:00:00\n"
    pz += b"ZEROS 3\n 0.0 0.0\nPOLES 2\n -0.1 0.2\n -0.1 -0.2\nCONSTANT 4.3e12\n"
    csv = b"pick_id,net,sta,time,phase,slow,baz,amp_nm,lat,lon\n1,IC,MDJ,2016-01-06T01:30:51.2Z,P,12.1,200,33,44.6,129.6\n"
    events = b"event_id,time,latitude,longitude,depth_km,mb\n1,2016-01-06T01:30:00Z,41.3,129.05,0,4.9\n"
    return {
        "waveforms": [waveforms.encode_mseed(parts), waveforms.encode_mseed([floats]), third, *sacs],
        "stationxml": [stationxml_writer.encode([channel])],
        "quakeml": [quakeml.encode([event], [pick])],
        "sacpz": [pz, pz + pz],
        "tables": [
            csv,
            csv * 2,
            events,
            b"seed_id,cmpaz,cmpinc\nIC.MDJ.00.BHZ,0,0\n",
            csv.replace(b",", b";"),
        ],
    }


@st.composite
def damaged(draw, kind: str) -> bytes:
    """A sound file, cut and with bits turned, bytes replaced, or stretches repeated."""
    data = bytearray(draw(st.sampled_from(seeds()[kind])))
    for _ in range(draw(st.integers(0, 6))):
        if not data:
            break
        at = draw(st.integers(0, min(len(data) - 1, 900)) | st.integers(0, len(data) - 1))
        what = draw(st.sampled_from(["flip", "byte", "cut", "repeat", "drop", "insert"]))
        if what == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "byte":
            data[at] = draw(st.sampled_from([0, 255, 127, 128, 32, 60, 44]))
        elif what == "cut":
            del data[at:]
        elif what == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 600))]
        elif what == "drop":
            del data[at : at + draw(st.integers(1, 600))]
        else:
            data[at:at] = draw(st.binary(max_size=40))
    return bytes(data)


def named(error: InputError) -> None:
    assert str(error).startswith("expected")


def check_waveforms(data: bytes) -> None:
    try:
        segments, findings = waveforms.decode(data, "fuzz")
    except InputError as exc:
        named(exc)
        return
    assert segments or findings
    for s in segments:
        assert s.samples.dtype in (np.int32, np.float64)
        assert len(s.samples) <= 8 * len(data)
        assert 0 < s.sample_rate_hz < np.inf
        assert isinstance(s.start_ns, int)
        assert isinstance(s.end_ns, int)
    tables_, _ = mseed.index(data)
    assert all(len(t.offset) == len(t.number) for t in tables_)


def check_stationxml(data: bytes) -> None:
    try:
        channels, _ = stationxml.decode(data, "fuzz.xml")
        inventory.decode_inventory([("fuzz.xml", data)])
    except InputError as exc:
        named(exc)
        return
    assert all(np.isfinite([c.longitude, c.latitude]).all() for c in channels)
    try:
        quakeml_read.decode(data)
    except InputError:
        pass
    else:
        raise AssertionError("StationXML was taken for QuakeML")


def check_quakeml(data: bytes) -> None:
    try:
        assert all(
            set(row) >= {"station", "time", "phase"} for row in quakeml_rows.arrival_rows(data, "fuzz")
        )
    except InputError as exc:
        named(exc)
    try:
        events, _ = quakeml_read.decode(data, "fuzz")
    except InputError as exc:
        named(exc)
        return
    assert all(np.isfinite([e.origin.longitude, e.origin.latitude, e.origin.depth_km]).all() for e in events)


def check_sacpz(data: bytes) -> None:
    try:
        epochs, _ = sacpz.decode(data, "SACPZ.IC.MDJ.00.BHZ")
        inventory.decode_inventory([("SACPZ.IC.MDJ.00.BHZ", data)])
    except InputError as exc:
        named(exc)
        return
    assert epochs
    assert all(len(e.response.stages[0].poles) <= sacpz.MAX_ROOTS for e in epochs)


def check_tables(data: bytes) -> None:
    for needed in (("station", "time"), ("station", "time", "phase"), ("station", "latitude", "longitude")):
        try:
            rows = csvio.decode_rows(data, "fuzz.csv", needed)
            made, _, sites = tables._picks(rows, "fuzz.csv", None)
        except InputError as exc:
            named(exc)
            continue
        assert {p.station_key for p, _, _ in made} <= {s.key for s in sites}
    for name in ("fuzz.csv", "fuzz.parquet"):
        try:
            inventory.decode_inventory([(name, data)])
        except InputError as exc:
            named(exc)


CHECKS = {
    "waveforms": check_waveforms,
    "stationxml": check_stationxml,
    "quakeml": check_quakeml,
    "sacpz": check_sacpz,
    "tables": check_tables,
}
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("kind", list(CHECKS))
def test_damage_is_named(kind):
    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=QUIET)
    @given(damaged(kind) | st.binary(max_size=2000))
    def run(data: bytes) -> None:
        CHECKS[kind](data)

    run()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", list(CHECKS))
def test_damage_is_named_ten_thousand_times(kind):
    @settings(max_examples=10_000, deadline=None, database=None, suppress_health_check=QUIET)
    @given(damaged(kind))
    def run(data: bytes) -> None:
        CHECKS[kind](data)

    run()


@pytest.mark.parametrize("kind", list(CHECKS))
def test_every_truncation(kind):
    for data in seeds()[kind]:
        for n in (*range(0, min(len(data), 700), 7), *range(0, len(data), 997)):
            CHECKS[kind](data[:n])


def test_single_bit_flips_never_change_counts_silently():
    """A flipped bit in a Steim payload is seen, or the samples are the true ones."""
    data = seeds()["waveforms"][0]
    truth = np.cumsum(np.random.default_rng(7).integers(-200, 200, 1500)).astype(np.int32)
    rng = np.random.default_rng(11)
    silent = 0
    for _ in range(400):
        broken = bytearray(data)
        at = int(rng.integers(0, len(data)))
        if at % 512 < 64:
            continue  # headers carry no check in miniSEED 2
        broken[at] ^= 1 << int(rng.integers(0, 8))
        segments, findings = waveforms.decode(bytes(broken))
        for s in segments:
            k = round((s.start_ns - T0) * 40e-9)
            silent += not np.array_equal(s.samples, truth[k : k + len(s.samples)]) and not findings
    assert silent == 0
