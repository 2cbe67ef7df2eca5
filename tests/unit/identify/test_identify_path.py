"""One path from synthetic three-component records whose P/S and Lg are known."""

import math

import msgspec
import numpy as np
import pytest

from testban import identify
from testban.base.geo import KM_PER_DEG
from testban.base.ids import Nslc
from testban.base.records import Arrival, Ellipse, Origin, Segment, Site
from testban.earth import travel

RATE = 40.0
NS = 1_000_000_000
T0 = 1_000_000 * NS


def origin(depth=0.0):
    return Origin(
        time_ns=T0,
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


def times(delta):
    m = travel.load("ak135")
    return float(m.predict("P1", 0.0, delta)[0]), float(m.predict("S1", 0.0, delta)[0])


def record(delta, log_ps, lg=2.0, noise=1.0, scale=300.0, seed=0, codes="ZNE", seconds=None):
    """Bursts of white noise: P between its windows, S (Sn) then a decaying coda, Lg `lg` times that coda."""
    p, s = times(delta)
    km = delta * KM_PER_DEG
    end = km / 2.2 + 30.0 if seconds is None else seconds
    t = np.arange(-120.0, end, 1 / RATE)
    coda = np.where(t >= s, np.exp(-(t - s) / 150.0), 0.0)
    in_lg = (t >= km / 3.6) & (t <= km / 3.0)
    shape_s = coda * np.where(in_lg, lg, 1.0)
    window = (t >= s) & (t <= km / 3.0)
    p_window = (t >= p) & (t <= min(km / 5.2, s - 2.0))
    level_s = math.sqrt(float(np.mean(shape_s[window] ** 2)))
    out = []
    for i, code in enumerate(codes):
        rng = np.random.default_rng(100 * seed + i)
        x = noise * rng.standard_normal(len(t))
        x += scale * 10**log_ps * p_window * rng.standard_normal(len(t))
        x += scale * shape_s / level_s * rng.standard_normal(len(t))
        out.append(
            Segment(
                nslc=Nslc("XX", "AAA", "", "BH" + code),
                start_ns=T0 - 120 * NS,
                sample_rate_hz=RATE,
                samples=x,
            )
        )
    return out


def site(delta, key="XX.AAA"):
    return Site(key=key, longitude=delta, latitude=0.0)


def measured(delta, parts, arrivals=()):
    return identify.measure_path(origin(), site(delta), parts, (), arrivals)


@pytest.mark.parametrize("log_ps", [-0.8, 0.0, 0.6])
def test_the_ratio_is_recovered(log_ps):
    m = measured(5.0, record(5.0, log_ps))
    assert m.usable, m.reason
    for r in m.bands:
        assert r.log10_ps == pytest.approx(log_ps, abs=0.1), r
        assert r.components == 3


def test_noise_is_subtracted():
    quiet = measured(5.0, record(5.0, 0.0, noise=0.01))
    loud = measured(5.0, record(5.0, 0.0, noise=120.0))
    for a, b in zip(quiet.bands, loud.bands, strict=True):
        assert b.log10_ps == pytest.approx(a.log10_ps, abs=0.08)


def test_s_in_the_noise_is_a_lower_bound_and_p_in_the_noise_an_upper_one():
    high = measured(1.2, record(1.2, 1.5, scale=1.0, noise=2.0))
    low = measured(1.2, record(1.2, -1.5, scale=30.0, noise=3.0))
    assert {r.bound for r in high.bands} == {"lower"}
    assert {r.bound for r in low.bands} == {"upper"}
    assert all(r.log10_ps < 1.5 for r in high.bands)
    assert all(r.log10_ps > -1.5 for r in low.bands)


def test_a_blocked_path_is_recognised_from_its_own_record():
    open_path = measured(7.0, record(7.0, 0.3, lg=2.5))
    blocked = measured(7.0, record(7.0, 0.3, lg=1.0))
    assert open_path.lg_blocked is False
    assert open_path.usable
    assert blocked.lg_blocked is True
    assert not blocked.usable
    assert "no higher than the coda of Sn" in blocked.reason
    assert open_path.lg_excess == pytest.approx(math.log10(2.5), abs=0.1)


def test_lg_hidden_in_noise_cannot_be_judged_and_does_not_decide():
    m = measured(7.0, record(7.0, 2.0, scale=1.0, noise=3.0))
    assert m.lg_blocked is None
    assert not m.usable


def test_nothing_depends_on_where_the_event_lies():
    here = measured(5.0, record(5.0, 0.3))
    there_origin = msgspec.structs.replace(origin(), longitude=129.05)
    there_site = msgspec.structs.replace(site(5.0), longitude=134.05)
    there = identify.measure_path(there_origin, there_site, record(5.0, 0.3), (), ())
    assert [r.log10_ps for r in here.bands] == pytest.approx([r.log10_ps for r in there.bands], abs=1e-6)


def test_the_vertical_alone_is_measured_and_stands_beside_three_components():
    alone, three = measured(5.0, record(5.0, 0.3, codes="Z")), measured(5.0, record(5.0, 0.3))
    assert alone.usable, alone.reason
    assert alone.components == 1
    assert alone.vertical == ()
    assert [r.log10_ps for r in three.vertical] == pytest.approx([r.log10_ps for r in alone.bands])
    two = measured(5.0, record(5.0, 0.3, codes="ZN"))
    assert two.bands == alone.bands
    assert not measured(5.0, record(5.0, 0.3, codes="NE")).usable


def test_components_may_point_anywhere():
    parts = record(5.0, 0.2)
    z, n, e = (s.samples for s in parts)
    c, s = math.cos(0.7), math.sin(0.7)
    turned = [
        msgspec.structs.replace(parts[0], samples=z),
        msgspec.structs.replace(parts[1], nslc=Nslc("XX", "AAA", "", "BH1"), samples=c * n + s * e),
        msgspec.structs.replace(parts[2], nslc=Nslc("XX", "AAA", "", "BH2"), samples=c * e - s * n),
    ]
    a, b = measured(5.0, parts), measured(5.0, turned)
    assert [r.log10_ps for r in a.bands] == pytest.approx([r.log10_ps for r in b.bands], abs=0.01)


def test_clipped_out_of_reach_and_cut_short_are_refused_with_a_reason():
    parts = record(5.0, 0.3)
    clipped = [msgspec.structs.replace(s, samples=np.clip(s.samples, -700, 700)) for s in parts]
    assert "clipped" in measured(5.0, clipped).reason
    assert "outside" in measured(20.0, record(5.0, 0.3)).reason
    assert measured(5.0, []).reason == "no recording"
    early = measured(5.0, record(5.0, 0.3, seconds=140.0))
    assert not early.usable


def test_a_p_arrival_corrects_the_window():
    parts = [
        msgspec.structs.replace(s, start_ns=s.start_ns + 4 * NS) for s in record(5.0, 0.6)
    ]  # a clock 4 s late
    p, _ = times(5.0)
    arrival = Arrival(
        pick_id="a",
        station_key="XX.AAA",
        phase="Pn",
        time_ns=T0 + round((p + 4.0) * NS),
        distance_deg=5.0,
        azimuth_deg=90.0,
        backazimuth_deg=270.0,
    )
    m = measured(5.0, parts, [arrival])
    assert {n: a for n, a, _ in m.windows}["P"] == pytest.approx(p + 3.0, abs=0.01)


def test_order_of_segments_does_not_matter():
    parts = record(5.0, 0.3)
    assert measured(5.0, parts) == measured(5.0, parts[::-1])
