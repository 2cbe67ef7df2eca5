"""Array processing: grouping, a planted event through the whole of it, bad elements, and YKA's own record."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from testban.base.geo import shift_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.detect import array
from testban.signal import beams, filters, fk

RATE = 20.0
START = 1_600_000_000 * 10**9
PLACES = [(0, 0), (1.2, 0.3), (-0.9, 0.8), (0.2, -1.4), (2.1, 1.9), (-2.3, -0.4), (0.6, 2.6), (-1.1, -2.4)]


def channel(code, east, north, network="XX", lon=20.0, lat=50.0):
    lon, lat = shift_km_(lon, lat, east, north)
    nslc = Nslc(network, code, "", "SHZ")
    return Channel(
        nslc=nslc, longitude=lon, latitude=lat, azimuth_deg=0.0, dip_deg=-90.0, sample_rate_hz=RATE
    )


CHANNELS = [channel(f"TA{i}", *p) for i, p in enumerate(PLACES)]


def recording(slowness=7.0, baz=40.0, at=400.0, minutes=12, snr=1.5, seed=1):
    rng = np.random.default_rng(seed)
    n = int(minutes * 60 * RATE)
    source = np.zeros(n)
    k = int(at * RATE)
    source[k : k + 200] = rng.standard_normal(200) * np.exp(-np.arange(200) / 60)
    source = filters.bandpass(source, 1.0, 3.0, RATE)
    f = np.fft.rfftfreq(n, 1 / RATE)
    d = fk.delays([p[0] for p in PLACES], [p[1] for p in PLACES], slowness, baz)
    wave = np.fft.irfft(np.fft.rfft(source) * np.exp(-2j * np.pi * f * d[:, None]), n, axis=1)
    noise = rng.standard_normal((len(PLACES), n))
    level = filters.bandpass(noise[0], 1.0, 3.0, RATE).std()
    return np.round(1000 * (noise + wave / np.abs(source).max() * snr * 3 * level)).astype(np.int32)


def segments(x, cut=None):
    out = []
    for c, row in zip(CHANNELS, x, strict=True):
        for a, b in ((0, cut), (cut, len(row))) if cut else ((0, len(row)),):
            start = START + int(a / RATE * 1e9)
            out.append(Segment(nslc=c.nslc, start_ns=start, sample_rate_hz=RATE, samples=row[a:b]))
    return out


SPAN = Span(START, START + 720 * 10**9)


def test_grouping():
    far = [channel(f"R{i}{i}", 60.0 * i, 40.0) for i in range(6)]
    town = [
        channel(c, 9.0 * i, 9.0 * (i % 3), lon=30.0)
        for i, c in enumerate(("PAS", "USC", "MWC", "RPV", "DEC"))
    ]
    found = array.group_arrays([*far, *town, *CHANNELS])
    assert found == {"XX.TA": tuple(f"XX.TA{i}" for i in range(8))}
    assert array.group_arrays([*CHANNELS[::-1], *far]) == found
    assert array.group_arrays(CHANNELS[:3]) == {}
    line = [channel(f"LN{i}", 1.0 * i, 0.0) for i in range(5)]
    assert array.group_arrays(line) == {}
    tiny = [channel(f"TY{i}", 0.05 * x, 0.05 * y) for i, (x, y) in enumerate(PLACES)]
    assert array.group_arrays(tiny) == {}
    assert array.site("XX.TA", CHANNELS).longitude == CHANNELS[0].longitude
    assert array.site("XX.TA", CHANNELS).is_array


def test_planted_event_below_the_noise_of_one_element():
    result = array.process_array("XX.TA", segments(recording()), CHANNELS, SPAN)
    near = [p for p in result.picks if abs(p.time_ns - START - 400 * 10**9) < 2.0e9]
    assert len(near) == 1
    pick = near[0]
    assert abs(pick.slowness_s_per_deg - 7.0) < 3 * pick.slowness_sigma
    assert abs((pick.backazimuth_deg - 40.0 + 180) % 360 - 180) < 3 * pick.backazimuth_sigma
    assert pick.f_statistic > 3
    assert len(result.picks) <= 2
    assert {h.band_hz for h in result.noise} >= {(1.0, 3.0), (2.0, 4.0)}
    assert len({h.band_hz for h in result.noise}) == len(result.noise) / len(
        {h.hour_ns for h in result.noise}
    )


def test_cut_and_order_do_not_matter():
    x = recording(snr=4.0)
    one = array.process_array("XX.TA", segments(x), CHANNELS, SPAN)
    two = array.process_array("XX.TA", segments(x, 5000)[::-1], CHANNELS[::-1], SPAN)
    assert one.picks == two.picks
    assert one.noise == two.noise


def test_bad_elements_are_left_out_and_reported():
    x = recording(snr=6.0)
    x[2] = 7
    x[5] *= 50
    x[6] = -x[6]
    result = array.process_array("XX.TA", segments(x), CHANNELS, SPAN)
    subjects = {f.subject.split(".")[1] for f in result.findings}
    assert {"TA2", "TA5", "TA6"} <= subjects
    near = [p for p in result.picks if abs(p.time_ns - START - 400 * 10**9) < 1.0e9]
    assert len(near) == 1
    assert abs(near[0].slowness_s_per_deg - 7.0) < 3 * near[0].slowness_sigma


def test_too_few_elements_say_so():
    result = array.process_array("XX.TA", segments(recording())[:3], CHANNELS, SPAN)
    assert result.picks == ()
    assert any(f.kind == "array" for f in result.findings)


@pytest.mark.data
def test_yka_first_p():
    root = os.environ.get("TESTBAN_DATA")
    folder = Path(root or "/nonexistent") / "waveforms" / "array_yka_2012-08-14"
    if not folder.is_dir():
        pytest.skip("TESTBAN_DATA does not hold array_yka_2012-08-14")
    import obspy

    rows = {r["station"]: r for r in csv.DictReader((folder / "stations.csv").open())}
    segs, chans = [], []
    for t in obspy.read(str(folder / "waveforms.mseed")):
        r = rows[t.stats.station]
        nslc = Nslc("CN", t.stats.station, "", "SHZ")
        where = {
            "longitude": float(r["longitude"]),
            "latitude": float(r["latitude"]),
            "elevation_m": float(r["elevation_m"]),
        }
        chans.append(Channel(nslc=nslc, **where, azimuth_deg=0.0, dip_deg=-90.0, sample_rate_hz=20.0))
        segs.append(Segment(nslc=nslc, start_ns=t.stats.starttime.ns, sample_rate_hz=20.0, samples=t.data))
    assert list(array.group_arrays(chans)) == ["CN.YK"]
    span = Span(segs[0].start_ns, segs[0].end_ns)
    result = array.process_array("CN.YK", segs, chans, span)
    # ak135 from the catalogue origin: P at 03:07:50.2, 7.196 s/deg, from 305.7 degrees
    expected = span.start_ns + round((37 * 60 + 50.2) * 1e9)
    first = min(result.picks, key=lambda p: abs(p.time_ns - expected))
    assert abs(first.time_ns - expected) < 2e9
    assert first.band_hz[1] <= 3.0
    assert abs(first.slowness_s_per_deg - 7.196) < 0.5
    assert abs(first.backazimuth_deg - 305.7) < 2.0
    assert abs(first.slowness_s_per_deg - 7.196) < 2 * first.slowness_sigma


def test_gain_of_a_steered_beam():
    x = recording(snr=20.0).astype(float)
    d = fk.delays([p[0] for p in PLACES], [p[1] for p in PLACES], 7.0, 40.0)
    y = np.array([filters.bandpass(row, 1.0, 3.0, RATE) for row in x])
    gain = beams.gain_db(y, beams.beam(y, d, RATE), slice(8000, 8100), slice(2000, 7500))
    assert gain == pytest.approx(10 * np.log10(8), abs=0.7)
