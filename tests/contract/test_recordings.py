"""Our readers against ObsPy's on every recording and StationXML at hand."""

import math
import os
import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest

from testban.formats import inventory, mseed, mseed_uniform, stationxml, waveforms

ROOT = os.environ.get("TESTBAN_DATA")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not ROOT, reason="TESTBAN_DATA is not set: the recordings are not at hand"),
]
FOLDER = Path(ROOT or "absent") / "waveforms"
RECORDINGS = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.mseed"))
METADATA = sorted(
    p.relative_to(FOLDER).as_posix()
    for p in FOLDER.rglob("*.xml")
    if stationxml.is_stationxml(p.read_bytes()[:4096])
)


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording_equals_obspy(name):
    data = (FOLDER / name).read_bytes()
    segments, findings = waveforms.decode(data, name)
    assert not findings
    traces = sorted(
        obspy.read(str(FOLDER / name)),
        key=lambda t: (t.id.split("."), t.stats.starttime.ns, t.stats.sampling_rate, t.stats.npts),
    )
    assert len(segments) == len(traces)
    for s, t in zip(segments, traces, strict=True):
        assert (str(s.nslc), s.start_ns, s.sample_rate_hz) == (
            t.id,
            t.stats.starttime.ns,
            t.stats.sampling_rate,
        )
        assert s.samples.dtype == (np.int32 if t.data.dtype.kind == "i" else np.float64)
        assert np.array_equal(s.samples, t.data)


def test_fast_index_equals_libmseed_on_recordings():
    for name in RECORDINGS[:: max(1, len(RECORDINGS) // 8)]:
        data = (FOLDER / name).read_bytes()
        records, damage = mseed._walk(data)
        assert not damage
        slow = {t[:4]: t for t in mseed._group(records)}
        fast = mseed_uniform.uniform(data)
        assert fast is not None
        assert {t[:4] for t in fast} == set(slow)
        for t in fast:
            assert all(np.array_equal(a, b) for a, b in zip(t[4:], slow[t[:4]][4:], strict=True))


def _magnitude(response, frequency):
    """Slow twin of the analogue part and the gains: the product of stage gains and pole-zero factors."""
    value = 1.0 + 0.0j
    w = 2j * math.pi * frequency
    for s in response.stages:
        value *= s.gain
        if s.kind == "paz" and s.sample_rate_hz is None:
            value *= s.normalization
            for z in s.zeros:
                value *= w - complex(*z)
            for p in s.poles:
                value /= w - complex(*p)
    return abs(value)


@pytest.mark.parametrize("name", METADATA)
def test_stationxml_equals_obspy(name):
    channels, findings = stationxml.decode((FOLDER / name).read_bytes(), name)
    assert all(f.kind == "no-response" for f in findings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = obspy.read_inventory(str(FOLDER / name))
    rows = [(n.code, s.code, c) for n in theirs for s in n for c in s]
    ours = [c for c in channels if c.nslc.channel]
    assert len(ours) == len(rows)
    compared = 0
    for c, (network, station, t) in zip(ours, rows, strict=True):
        assert str(c.nslc) == f"{network}.{station}.{t.location_code}.{t.code}"
        assert (c.longitude, c.latitude, c.elevation_m, c.depth_m) == (
            t.longitude,
            t.latitude,
            t.elevation,
            t.depth,
        )
        assert (c.azimuth_deg, c.dip_deg) == (t.azimuth, t.dip)
        assert c.start_ns == (t.start_date.ns if t.start_date else None)
        assert c.end_ns == (t.end_date.ns if t.end_date else None)
        sensitivity = t.response.instrument_sensitivity if t.response else None
        if c.response is None or sensitivity is None or not sensitivity.value:
            continue
        assert c.response.sensitivity == sensitivity.value
        f = sensitivity.frequency
        if f and 0.05 < f < 10 and compared < 40 and t.response.response_stages:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                unit = {"m": "DISP", "m/s": "VEL", "m/s**2": "ACC"}.get(c.response.input_unit)
                if unit is None:
                    continue
                value = abs(t.response.get_evalresp_response_for_frequencies([f], unit)[0])
            # evalresp renormalises stages whose gains stand at another frequency, so the stated value counts too
            ours_at_f = _magnitude(c.response, f)
            assert any(ours_at_f == pytest.approx(v, rel=0.03) for v in (value, sensitivity.value))
            compared += 1


@pytest.mark.parametrize("name", ["dprk_2009-05-25", "dprk_2016-01-06"])
def test_sacpz_equals_obspy(name):
    from obspy.io.sac.sacpz import attach_paz

    inv = inventory.read_inventory(FOLDER / name)
    sound = [c for c in inv.channels if c.origin.startswith("SACPZ")]
    assert len(sound) == len(list((FOLDER / name / "sacpz").iterdir()))
    for c in sound[::7]:
        trace = obspy.Trace()
        attach_paz(trace, str(FOLDER / name / "sacpz" / c.origin.partition(":")[2]), tovel=False)
        paz, stage = trace.stats.paz, c.response.stages[0]
        assert stage.normalization == pytest.approx(paz.gain, rel=1e-6)
        assert [complex(*p) for p in stage.poles] == list(paz.poles)
        assert len(stage.zeros) == len(paz.zeros)


def test_inventories_of_the_data_folders():
    inv = inventory.read_inventory(FOLDER / "nnsn_nuclear")
    assert len(inv.sites()) == 46
    before = inv.findings
    assert not [f for f in before if f.kind == "corrupt"]
    two = inventory.read_inventory(FOLDER / "dprk_2016-01-06")
    assert len(two.sites()) >= 24
    assert any(f.kind == "orientation" and "ERM" in f.subject for f in two.findings)
