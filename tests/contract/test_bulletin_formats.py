"""Bulletins against the standards' own schemas and against ObsPy's readers."""

import io
import json
import warnings
from pathlib import Path

import msgspec
import numpy as np
import obspy
import pytest

from testban.base.ids import Nslc
from testban.base.records import (
    Arrival,
    Assessment,
    Bulletin,
    Channel,
    Ellipse,
    Event,
    Evidence,
    Magnitude,
    Origin,
    Pick,
    Provenance,
    Site,
    StationMagnitude,
    Verdict,
)
from testban.base.times import parse_time
from testban.formats import css30, css30_tables, geojson, ims10, obspy_bridge, quakeml, quakeml_read

OT = parse_time("2017-09-03T03:30:01.6784Z")


def sample(
    longitude: float = 129.0781, latitude: float = 41.3001, verdict: Verdict = Verdict.EXPLOSION
) -> Bulletin:
    keys = ["IC.MDJ", "IU.INCN", "IM.ILAR"]
    picks = tuple(
        Pick(
            pick_id=f"{k}/P:{i}@1",
            station_key=k,
            nslc=Nslc(*k.split("."), "00", "BHZ") if i < 2 else None,
            time_ns=OT + (60 + 40 * i) * 10**9 + 123_456_789,
            time_sigma_s=0.08 + i,
            phase_hint="P",
            slowness_s_per_deg=13.5 - i,
            backazimuth_deg=170.12345,
            backazimuth_sigma=4.0,
            amplitude_nm=120.5,
            period_s=0.71,
            snr=2400.0 if i == 0 else 12.34,
            polarity=1 - i,
        )
        for i, k in enumerate(keys)
    )
    arrivals = tuple(
        Arrival(
            pick_id=p.pick_id,
            station_key=p.station_key,
            phase=("Pn", "Pn", "P")[i],
            time_ns=p.time_ns,
            distance_deg=3.3 + 20 * i,
            azimuth_deg=6.1,
            backazimuth_deg=186.2,
            residual_s=(-0.1234, 0.2, -12.3)[i],
            defining=i < 2,
            slowness_residual=-0.4,
        )
        for i, p in enumerate(picks)
    )
    origin = Origin(
        time_ns=OT,
        longitude=longitude,
        latitude=latitude,
        depth_km=0.0,
        depth_fixed=True,
        depth_reason="not resolved",
        time_sigma_s=0.35,
        ellipse=Ellipse(smajor_km=11.25, sminor_km=6.5, strike_deg=33.0),
        rms_s=0.41,
        n_defining=2,
        n_stations=2,
        gap_deg=181.0,
        secondary_gap_deg=240.0,
        min_distance_deg=3.3,
        max_distance_deg=43.3,
        covariance=tuple(tuple(float(i == j) for j in range(4)) for i in range(4)),  # type: ignore[arg-type]
    )
    stations = tuple(
        StationMagnitude(
            station_key=k,
            kind="mb",
            value=6.1 + i / 10,
            detected=i < 2,
            used=i != 1,
            reason="near",
            pick_id=p.pick_id,
        )
        for i, (k, p) in enumerate(zip(keys, picks, strict=True))
    )
    magnitudes = (
        Magnitude(
            kind="mb",
            value=6.137,
            sigma=0.05,
            n_detected=2,
            n_censored=1,
            method="censored",
            stations=stations,
        ),
        Magnitude(
            kind="Ms", value=4.2, sigma=0.2, n_detected=0, n_censored=4, method="censored", bound="upper"
        ),
    )
    evidence = (
        Evidence(
            name="P/S",
            applicable=True,
            value=0.81,
            sigma=0.2,
            unit="log10",
            log10_lr=1.234,
            reason="2 land paths",
        ),
        Evidence(name="mb:Ms", applicable=False, reason="no surface wave <seen> & none \x07 expected"),
    )
    assessment = Assessment(
        verdict=verdict,
        log10_lr=1.234,
        prior=0.01,
        probability_explosion=0.1467,
        evidence=evidence,
        reason="P/S high",
    )
    events = (
        Event(
            event_id="tb2017rfaa:1",
            origin=origin,
            arrivals=arrivals,
            magnitudes=magnitudes,
            assessment=assessment,
        ),
        Event(
            event_id="tb2017rfab",
            origin=msgspec.structs.replace(
                origin, time_ns=OT + 511 * 10**9, depth_fixed=False, depth_sigma_km=2.0
            ),
            arrivals=(),
        ),
    )
    return Bulletin(
        events=events,
        picks=picks,
        sites=tuple(
            Site(key=k, longitude=129.6 + i, latitude=44.6, elevation_m=250.0, is_array=i == 2)
            for i, k in enumerate(keys)
        ),
        noise=(),
        findings=(),
        provenance=Provenance(code_version="0", code_digest="", configuration_digest="", inputs=()),
        start_ns=OT,
        end_ns=OT + 7200 * 10**9,
    )


@pytest.fixture(scope="module")
def schema():
    etree = pytest.importorskip("lxml.etree")
    folder = Path(obspy.__file__).parent / "io" / "quakeml" / "data"
    return etree.XMLSchema(etree.parse(str(folder / "QuakeML-1.2.xsd")))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_quakeml_passes_the_schema(schema, verdict):
    from lxml import etree

    b = sample(verdict=verdict)
    data = quakeml.encode(b.events, b.picks)
    assert schema.validate(etree.fromstring(data)), schema.error_log
    from obspy.io.quakeml.core import _validate

    assert _validate(io.BytesIO(data))
    assert data == quakeml.encode(b.events[::-1], b.picks[::-1])


def test_quakeml_is_what_obspy_reads():
    b = sample()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        catalogue = obspy.read_events(io.BytesIO(quakeml.encode(b.events, b.picks)))
    event = catalogue[0]
    origin = event.preferred_origin()
    assert origin.time.ns == parse_time("2017-09-03T03:30:01.678Z")
    assert (origin.longitude, origin.latitude, origin.depth) == (129.0781, 41.3001, 0.0)
    u = origin.origin_uncertainty
    assert (u.max_horizontal_uncertainty, u.min_horizontal_uncertainty) == (11250.0, 6500.0)
    assert (u.azimuth_max_horizontal_uncertainty, u.confidence_level) == (33.0, 90.0)
    assert (event.event_type, event.event_type_certainty) == ("explosion", "suspected")
    assert len(event.picks) == len(origin.arrivals) == 3
    assert origin.arrivals[0].pick_id.get_referred_object().phase_hint == "Pn"
    assert event.preferred_magnitude().mag == 6.14
    assert any("P/S" in c.text for c in event.comments)
    assert not any(m.mag == 4.2 and m.magnitude_type == "mb" for m in event.magnitudes)


def test_quakeml_becomes_seiscomps_own_format(tmp_path):
    """By the stylesheet that SeisComP's users take, checked against SeisComP's schema: nothing needed is missing."""
    b = sample()
    quakeml.write(tmp_path / "b.quakeml", b)
    catalogue = obspy.read_events(str(tmp_path / "b.quakeml"))
    catalogue.write(str(tmp_path / "b.scml"), format="SCML", validate=True, version="0.12")
    again = obspy.read_events(str(tmp_path / "b.scml"), format="SCML")
    assert (len(again), len(again[0].picks)) == (len(b.events), len(b.picks))
    assert again[0].preferred_origin().time.ns == OT // 1_000_000 * 1_000_000
    assert [a.time_weight for a in again[0].origins[0].arrivals] == [1.0, 1.0, 0.0]
    named = [again[0], again[0].origins[0], *again[0].picks, *again[0].magnitudes]
    assert {x.creation_info.agency_id for x in named} == {"testban"}


def test_quakeml_round_trip():
    b = sample()
    events, picks = quakeml_read.decode(quakeml.encode(b.events, b.picks))
    assert [e.origin.time_ns for e in events] == [OT - 400_000, OT + 511 * 10**9 - 400_000]
    e, o = events[0], events[0].origin
    assert (o.ellipse.smajor_km, o.ellipse.sminor_km, o.depth_fixed) == (11.25, 6.5, True)
    assert [a.phase for a in e.arrivals] == ["Pn", "Pn", "P"]
    assert [a.residual_s for a in e.arrivals] == [-0.123, 0.2, -12.3]
    assert {m.kind: m.value for m in e.magnitudes} == {"mb": 6.14, "Ms": 4.2}
    assert len(picks) == 3
    assert events[1].origin.depth_sigma_km == 2.0


def test_ims_is_what_obspy_reads(tmp_path):
    b = sample(verdict=Verdict.EARTHQUAKE)
    path = tmp_path / "bulletin.ims"
    ims10.write(path, b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalogue = obspy.read_events(str(path))
    assert len(catalogue) == 2
    event, origin = catalogue[0], catalogue[0].origins[0]
    assert abs(origin.time.ns - OT) <= 5_000_000
    assert (origin.longitude, origin.latitude, origin.depth) == (129.0781, 41.3001, 0.0)
    u = origin.origin_uncertainty
    assert (u.max_horizontal_uncertainty, u.min_horizontal_uncertainty) == (11200.0, 6500.0)
    assert (origin.quality.used_phase_count, origin.quality.used_station_count) == (2, 2)
    assert origin.depth_type == "operator assigned"
    assert (event.event_type, event.event_type_certainty) == ("earthquake", "suspected")
    assert [m.mag for m in event.magnitudes] == [6.1, 4.2]
    assert len(event.picks) == 3
    by_station = {p.waveform_id.station_code: p for p in event.picks}
    truth = {p.station_key.split(".")[1]: p for p in b.picks}
    for code, pick in by_station.items():
        assert abs(pick.time.ns - truth[code].time_ns) <= 1_000_000
    assert by_station["MDJ"].polarity == "positive"
    assert by_station["ILAR"].polarity == "negative"
    arrivals = {a.pick_id.get_referred_object().waveform_id.station_code: a for a in origin.arrivals}
    assert arrivals["MDJ"].time_residual == -0.1
    assert arrivals["ILAR"].distance == 43.3


def test_ims_explosion_is_not_called_anything_else():
    text = ims10.encode(sample().events, sample().picks).decode()
    assert " uk TESTBAN" in text
    assert "(#CLASS explosion-like log10_lr=1.23)" in text
    assert "event_id=tb2017rfaa:1" in text


def test_css_columns(tmp_path):
    b = sample()
    channel = Channel(
        nslc=Nslc("IC", "MDJ", "00", "BHZ"), longitude=129.6, latitude=44.6, dip_deg=-90.0, azimuth_deg=0.0
    )
    files = {p.name.split(".")[-1]: p for p in css30.write(tmp_path / "deep" / "b", b, [channel])}
    assert set(files) == set(css30_tables.TABLES)
    widths = {
        "origin": 237,
        "origerr": 257,
        "event": 76,
        "assoc": 152,
        "arrival": 223,
        "netmag": 110,
        "stamag": 117,
        "site": 155,
    }
    for table, path in files.items():
        lines = path.read_text().splitlines()
        width = widths.get(table, len(lines[0]))
        assert {len(text) for text in lines} == {width}, table
    origin = files["origin"].read_text().splitlines()[0]
    assert float(origin[0:9]) == 41.3001
    assert float(origin[10:19]) == 129.0781
    assert float(origin[30:47]) == pytest.approx(OT / 1e9, abs=1e-3)
    assert origin[66:74].strip() == "2017246"
    assert float(origin[128:135]) == 6.14
    assert float(origin[145:152]) == -999.0
    arrival = files["arrival"].read_text().splitlines()[0]
    assert (arrival[:6].strip(), arrival[61:69].strip(), arrival[70:78].strip()) == ("MDJ", "BHZ", "Pn")
    assert float(arrival[168:178]) == 2400.0
    assert "+" not in files["sitechan"].read_text()


def test_css_values_that_do_not_fit_become_null():
    text = css30.line("origin", {"depth": 1e12, "mb": float(10**9)})
    assert len(text) == 220 + 17
    assert text[20:29].strip() == "-999.0000"


@pytest.mark.parametrize(("longitude", "latitude"), [(129.0, 41.3), (179.95, -30.0), (-179.99, 65.0)])
def test_geojson_ring(longitude, latitude):
    from testban.base.geo import distance_km_

    b = sample(longitude, latitude)
    data = json.loads(geojson.encode(b))
    kinds = [f["properties"]["kind"] for f in data["features"]]
    assert kinds == ["event", "ellipse", "event", "ellipse", "station", "station", "station"]
    ring = data["features"][1]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    d = [distance_km_(longitude, latitude, x, y) for x, y in ring]
    assert max(d) == pytest.approx(11.25, rel=0.01)
    assert min(d) == pytest.approx(6.5, rel=0.01)
    x, y = np.array(ring).T
    assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0
    assert np.ptp(x) < 1.0


def test_bridge_round_trips():
    b = sample()
    catalogue = obspy_bridge.events_to_obspy(b.events, b.picks)
    events, picks = obspy_bridge.events_from_obspy(catalogue)
    assert [e.origin.longitude for e in events] == [129.0781, 129.0781]
    assert len(picks) == 3
    assert [p.time.ns for p in obspy_bridge.picks_to_obspy(b.picks)] == [p.time_ns for p in b.picks]
    trace = obspy.read()[0]
    trace.data = (trace.data * 10).astype(np.int32)
    segment = obspy_bridge.from_obspy(trace)[0]
    assert segment.samples.dtype == np.int32
    assert obspy_bridge.to_obspy(segment) == obspy.Trace(
        trace.data,
        {
            k: trace.stats[k]
            for k in ("network", "station", "location", "channel", "sampling_rate", "starttime")
        },
    )
    gappy = obspy.Stream(
        [trace.slice(endtime=trace.stats.starttime + 5), trace.slice(trace.stats.starttime + 9)]
    ).merge()
    assert len(obspy_bridge.from_obspy(gappy)) == 2


def test_stationxml_passes_the_schema(tmp_path):
    from obspy.io.stationxml.core import validate_stationxml

    from testban.base.records import Response, ResponseStage
    from testban.formats import stationxml_writer

    stages = (
        ResponseStage(
            kind="paz",
            gain=1500.0,
            gain_frequency_hz=1.0,
            zeros=((0.0, 0.0),),
            poles=((-1.0, 1.0), (-1.0, -1.0)),
        ),
        ResponseStage(kind="gain", gain=4e5),
        ResponseStage(kind="fir", numerator=(0.5, 0.5), sample_rate_hz=40.0),
        ResponseStage(kind="iir", numerator=(1.0,), denominator=(1.0, -0.5), sample_rate_hz=40.0),
        ResponseStage(kind="list", table=((0.1, 1.0, 0.0), (1.0, 0.9, -3.0))),
    )
    response = Response(input_unit="m/s", stages=stages, sensitivity=6e8, sensitivity_frequency_hz=1.0)
    c = Channel(
        nslc=Nslc("IC", "MDJ", "", "BHZ"),
        longitude=129.6,
        latitude=44.6,
        start_ns=OT,
        sample_rate_hz=40.0,
        azimuth_deg=0.0,
        dip_deg=-90.0,
        response=response,
    )
    path = tmp_path / "s.xml"
    stationxml_writer.write(path, [c], note="SIMULATED")
    assert validate_stationxml(str(path)) == (True, ())
    got = obspy.read_inventory(str(path))[0][0][0]
    assert [type(s).__name__ for s in got.response.response_stages][:3] == [
        "PolesZerosResponseStage",
        "ResponseStage",
        "CoefficientsTypeResponseStage",
    ]
