"""Amplitudes of synthetic records with a known answer."""

import math

import msgspec
import numpy as np
import pytest

from testban import size
from testban.base.ids import Nslc
from testban.base.measurements import AmplitudeMeasurement
from testban.base.records import Channel, Ellipse, NoiseHour, Origin, Response, ResponseStage, Segment, Site
from testban.base.times import HOUR_NS
from testban.earth import travel
from testban.size import measure, scales, traces
from testban.size.network import station_magnitude

RATE = 40.0
NS = 1_000_000_000
GAIN = 1.0e9  # counts per m/s, flat


def origin(depth=0.0):
    return Origin(
        time_ns=HOUR_NS * 10,
        longitude=0.0,
        latitude=0.0,
        depth_km=depth,
        depth_fixed=True,
        depth_reason="test",
        time_sigma_s=0.5,
        ellipse=Ellipse(smajor_km=5.0, sminor_km=5.0, strike_deg=0.0),
        rms_s=0.5,
        n_defining=5,
        n_stations=5,
        gap_deg=90.0,
        secondary_gap_deg=120.0,
        min_distance_deg=1.0,
        max_distance_deg=10.0,
    )


def flat(gain=GAIN):
    return Response(input_unit="m/s", stages=(ResponseStage(kind="gain", gain=gain),))


def channel(code="BHZ", gain=GAIN, lon=40.0):
    return Channel(
        nslc=Nslc("XX", "AAA", "", code), longitude=lon, latitude=0.0, response=flat(gain) if gain else None
    )


def record(p_s, amplitude_nm, period=1.0, noise_nm=0.05, code="BHZ", seconds=400, clip=None):
    """A sine of ground displacement from p_s on, four cycles, in counts of a flat velocity sensor."""
    rng = np.random.default_rng(1)
    start = p_s - 120.0
    t = start + np.arange(round(seconds * RATE)) / RATE
    w = 2 * math.pi / period
    wave = np.where((t >= p_s) & (t < p_s + 4 * period), amplitude_nm * 1e-9 * w * np.cos(w * (t - p_s)), 0.0)
    counts = wave * GAIN + rng.standard_normal(len(t)) * noise_nm * 1e-9 * w * GAIN
    if clip is not None:
        counts = np.clip(counts, -clip, clip)
    return Segment(
        nslc=Nslc("XX", "AAA", "", code),
        start_ns=origin().time_ns + round(start * NS),
        sample_rate_hz=RATE,
        samples=counts,
    )


def station(lon=40.0):
    return Site(key="XX.AAA", longitude=lon, latitude=0.0)


def p_time(delta):
    return float(travel.load("ak135").predict("P1", 0.0, delta)[0])


def by_kind(found, kind):
    return next(m for m in found if m.kind == kind)


def test_mb_amplitude_and_period_are_recovered():
    p = p_time(40.0)
    m = by_kind(size.measure_station(origin(), station(), [record(p, 100.0, period=0.5)], [channel()]), "mb")
    assert m.status == "measured"
    assert m.amplitude_nm == pytest.approx(100.0, rel=0.12)
    assert m.period_s == pytest.approx(0.5, rel=0.1)
    (mb,) = [x for x in size.network(origin(), (), (), (station(),), [m], ()) if x.kind == "mb"]
    assert mb.value == pytest.approx(2.0 + 0.301 + 3.621, abs=0.06)


def test_no_response_no_amplitude_and_reason():
    m = by_kind(
        size.measure_station(origin(), station(), [record(p_time(40.0), 100.0)], [channel(gain=None)]), "mb"
    )
    assert (m.status, m.amplitude_nm) == ("no-response", None)
    assert "no valid response" in m.reason


def test_response_outside_its_epoch_is_no_response():
    old = msgspec.structs.replace(channel(), start_ns=0, end_ns=HOUR_NS)
    m = by_kind(size.measure_station(origin(), station(), [record(p_time(40.0), 100.0)], [old]), "mb")
    assert m.status == "no-response"


def test_below_20_degrees_mb_is_refused_with_the_reason():
    m = by_kind(
        size.measure_station(origin(), station(15.0), [record(p_time(15.0), 100.0)], [channel(lon=15.0)]),
        "mb",
    )
    assert m.status == "out-of-range"
    assert "20 deg" in m.reason
    assert not [x for x in size.network(origin(), (), (), (station(15.0),), [m], ()) if x.kind == "mb"]


def test_clipped_is_a_lower_bound():
    seg = record(p_time(40.0), 100.0, clip=0.3 * 100e-9 * 2 * math.pi * GAIN)
    m = by_kind(size.measure_station(origin(), station(), [seg], [channel()]), "mb")
    assert m.status == "clipped"


def test_unseen_is_an_upper_bound_from_the_noise():
    m = by_kind(
        size.measure_station(origin(), station(), [record(p_time(40.0), 0.0, noise_nm=5.0)], [channel()]),
        "mb",
    )
    assert m.status == "noise"
    (mb,) = [x for x in size.network(origin(), (), (), (), [m], ()) if x.kind == "mb"]
    assert mb.bound == "upper"
    assert mb.n_detected == 0


def test_a_slip_of_units_is_caught():
    """A response stated per um instead of per m makes mb 6 too large: refused, and the reason says unit."""
    p = p_time(40.0)
    m = by_kind(
        size.measure_station(origin(), station(), [record(p, 100.0)], [channel(gain=GAIN * 1e-6)]), "mb"
    )
    s = station_magnitude(origin(), m)
    assert not s.used
    assert "unit" in s.reason


def amplitude(key, value, status="measured", delta=60.0):
    return AmplitudeMeasurement(
        station_key=key,
        kind="mb",
        status=status,
        amplitude_nm=10.0 ** (value - 3.731),
        period_s=1.0,
        distance_deg=delta,
    )


def test_a_nanometre_micrometre_slip_of_one_station_is_flagged():
    rows = [amplitude(f"XX.S{i}", 5.0 + 0.05 * i) for i in range(5)] + [amplitude("XX.BAD", 2.1)]
    (mb,) = size.network(origin(), (), (), (), rows, ())
    bad = next(s for s in mb.stations if s.station_key == "XX.BAD")
    assert not bad.used
    assert bad.reason.startswith("outlying response")
    assert mb.value == pytest.approx(5.1, abs=0.01)


def test_refused_stations_are_listed_and_records_hold_no_nan():
    from testban.base import canonical

    rows = [amplitude("XX.S1", 5.0), amplitude("XX.NEAR", 5.0, "out-of-range", 12.0)]
    (mb,) = size.network(origin(), (), (), (), rows, ())
    assert {s.station_key: s.value is None for s in mb.stations} == {"XX.NEAR": True, "XX.S1": False}
    assert canonical.canonical_json(mb)


def test_a_bound_far_below_the_others_is_flagged_but_one_above_is_kept():
    rows = [amplitude(f"XX.S{i}", 5.0) for i in range(4)]
    rows += [amplitude("XX.LOW", 2.5, "noise"), amplitude("XX.UP", 6.9, "noise")]
    (mb,) = size.network(origin(), (), (), (), rows, ())
    kept = {s.station_key: s.used for s in mb.stations}
    assert not kept["XX.LOW"]
    assert kept["XX.UP"]


def test_elements_of_one_array_are_one_voice():
    sites = [Site(key=f"AR.A{i}", longitude=60.0 + 0.01 * i, latitude=0.0) for i in range(9)]
    sites += [Site(key="XX.B", longitude=50.0, latitude=10.0)]
    rows = [amplitude(s.key, 6.0) for s in sites[:9]] + [amplitude("XX.B", 5.0)]
    (mb,) = size.network(origin(), (), (), sites, rows, ())
    assert mb.n_detected == 2
    assert mb.value == pytest.approx(5.5, abs=0.01)


def test_unseen_by_quiet_station_pulls_down_and_order_does_not_matter():
    sites = [Site(key=f"XX.S{i}", longitude=60.0, latitude=5.0 * i - 10.0) for i in range(5)]
    rows = [amplitude(f"XX.S{i}", 4.5) for i in range(3)]
    hours = [
        NoiseHour(
            station_key=f"XX.S{i}",
            nslc=Nslc("XX", f"S{i}", "", "BHZ"),
            hour_ns=origin().time_ns,
            band_hz=(0.8, 4.5),
            up_s=3600.0,
            rms_counts=1.0,
            a_over_t_nm_s=0.3,
        )
        for i in (3, 4)
    ]
    plain = size.network(origin(), (), (), sites, rows, ())[0]
    pulled = size.network(origin(), (), (), sites, rows, hours)[0]
    assert pulled.n_censored == 2
    assert pulled.value < plain.value
    assert size.network(origin(), (), (), sites[::-1], rows[::-1], hours[::-1]) == size.network(
        origin(), (), (), sites, rows, hours
    )


def test_half_peak_to_peak_against_the_obvious():
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.standard_normal(300))
    best = 0.0
    i = 0
    while i < len(x) - 1:
        j = i + 1
        while j < len(x) - 1 and (x[j + 1] - x[j]) * (x[j] - x[j - 1]) > 0:
            j += 1
        best = max(best, 0.5 * abs(x[j] - x[i]))
        i = j
    assert traces.half_peak_to_peak(x, 1.0)[0] == pytest.approx(best)


def test_wood_anderson_passes_high_frequencies_and_rolls_off_low_ones():
    for f, expected in ((5.0, 1.0), (0.25, (0.25 * 0.8) ** 2)):
        t = np.arange(0, 200.0, 1 / RATE)
        w = 2 * math.pi * f
        v = 1e-6 * w * np.cos(w * t) * GAIN
        y = traces.restore(v, RATE, flat(), (0.05, 0.1, 16.0, 19.0), wood_anderson=True)
        middle = y[len(y) // 3 : 2 * len(y) // 3]
        assert np.max(np.abs(middle)) == pytest.approx(1e-6 * expected, rel=0.08)


def test_ml_of_a_known_wave():
    delta = 1.5
    km = delta * 111.195
    p = p_time(delta)
    n = record(p + 20.0, 2000.0, period=0.4, noise_nm=0.01, code="BHN", seconds=250)
    e = record(p + 20.0, 500.0, period=0.4, noise_nm=0.01, code="BHE", seconds=250)
    m = by_kind(
        size.measure_station(origin(), station(delta), [n, e], [channel("BHN"), channel("BHE")]), "ML"
    )
    assert m.nslc.channel == "BHN"
    r = 0.8 / 0.4
    wa = r * r / math.sqrt((r * r - 1) ** 2 + (1.4 * r) ** 2)
    assert scales.ml(m.amplitude_nm, km) == pytest.approx(scales.ml(2000.0 * wa, km), abs=0.12)


def test_gaps_nan_and_emptiness_do_not_raise():
    seg = record(p_time(40.0), 100.0)
    bad = msgspec.structs.replace(seg, samples=np.full(len(seg.samples), np.nan))
    short = msgspec.structs.replace(seg, samples=np.zeros(3))
    for parts in ([], [bad], [short]):
        found = size.measure_station(origin(), station(), parts, [channel()])
        assert all(m.amplitude_nm is None for m in found)
    assert measure.SNR_LEAST > 1.0
