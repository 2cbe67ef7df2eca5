"""Land lies where land is, whatever the centre of the map; projections keep distances; records keep their peaks."""

import time

import fake
import numpy as np
import pytest

from testban.base.geo import delaz_
from testban.show import land, maps, plots, section, svg

LAND = [(100.0, 60.0), (-60.0, -10.0), (25.0, -25.0), (134.0, -25.0), (0.0, -85.0), (-40.0, 72.0), (178.0, 67.0), (30.0, 48.0), (-178.0, 66.2)]  # fmt: skip
SEA = [(-30.0, 30.0), (-150.0, 0.0), (80.0, -30.0), (0.0, 85.0), (50.5, 42.0), (-175.0, 58.0), (135.0, 40.0)]


def filled(fills, x, y):
    """Even-odd rule in the plane."""
    odd = False
    for r in fills:
        a, b = r, np.roll(r, -1, axis=0)
        hit = (a[:, 1] > y) != (b[:, 1] > y)
        if hit.any():
            cut = a[hit, 0] + (y - a[hit, 1]) / (b[hit, 1] - a[hit, 1]) * (b[hit, 0] - a[hit, 0])
            odd ^= bool(np.count_nonzero(cut > x) % 2)
    return odd


@pytest.mark.parametrize("scale", ["110m", "50m"])
@pytest.mark.parametrize(
    "centre",
    [
        (129.0, 41.3),
        (179.5, -17.0),
        (-116.0, 37.0),
        (10.0, 89.5),
        (20.0, -89.0),
        (78.0, 50.0),
        (-75.0, -10.0),
    ],
)
def test_land_and_sea_are_where_they_are_on_a_map_of_the_whole_earth(centre, scale):
    fills, _ = land.outlines(*centre, (-185.0, -185.0, 185.0, 185.0), scale)
    for points, expected in ((LAND, True), (SEA, False)):
        for lon, lat in points:
            x, y = land.project(*centre, np.array([lon]), np.array([lat]))
            if np.hypot(x, y)[0] < 172:
                assert filled(fills, x[0], y[0]) is expected, (centre, lon, lat)
            assert land.on_land(lon, lat, scale) is expected


def test_regional_clip_agrees_with_the_whole():
    fills, coasts = land.outlines(129.0, 41.3, (-15.0, -12.0, 15.0, 12.0), "50m")
    everything, _ = land.outlines(129.0, 41.3, (-185.0, -185.0, 185.0, 185.0), "50m")
    rng = np.random.default_rng(3)
    points = rng.uniform((-14.9, -11.9), (14.9, 11.9), (150, 2))
    assert [filled(fills, *p) for p in points] == [filled(everything, *p) for p in points]
    assert max(len(c) for c in coasts) > 100


def test_the_seam_at_180_degrees_is_not_drawn():
    _, coasts = land.outlines(179.0, 67.0, (-10.0, -8.0, 10.0, 8.0), "50m")
    x, y = land.project(179.0, 67.0, np.array([180.0, 180.0]), np.array([66.0, 68.0]))
    inner = np.column_stack([np.interp([0.3, 0.5, 0.7], [0, 1], x), np.interp([0.3, 0.5, 0.7], [0, 1], y)])
    near = [np.hypot(*(c - p).T).min() for c in coasts for p in inner]
    assert min(near) > 0.1


def test_projection_keeps_distance_and_azimuth():
    for lon, lat in ((10.0, 50.0), (-170.0, -20.0), (129.0, 41.0)):
        x, y = land.project(129.0, 41.3, np.array([lon]), np.array([lat]))
        d, az, _ = delaz_(129.0, 41.3, lon, lat)
        assert abs(np.hypot(x, y)[0] - d) < 0.39  # the map is a sphere, distances are geocentric
        assert abs((np.degrees(np.arctan2(x, y))[0] - az + 180) % 360 - 180) < (0.4 if d > 1 else 10)


def test_a_map_is_quick():
    bulletin, _ = fake.bulletin()
    sites = {s.key: s for s in bulletin.sites}
    maps.event_map(bulletin.events[0], sites)
    best = min(_timed(lambda: maps.event_map(bulletin.events[0], sites)) for _ in range(3))
    assert best < 0.3


def _timed(f):
    t = time.perf_counter()
    f()
    return time.perf_counter() - t


def test_ellipse_lies_along_its_strike():
    bulletin, _ = fake.bulletin()
    e = bulletin.events[0].origin.ellipse
    p = maps.ellipse_points(e)
    r = np.hypot(*p.T)
    assert abs(r.max() - e.smajor_km) < 1e-9
    far = p[r.argmax()]
    assert abs((np.degrees(np.arctan2(far[0], far[1])) - e.strike_deg) % 180) < 1e-6


def test_station_codes_do_not_lie_on_each_other():
    labels = maps.Labels(500, 400)
    spots = [labels.place(100 + 5 * i, 100, "ABCD", 10) for i in range(10)]
    boxes = labels.taken
    assert sum(s is not None for s in spots) == len(boxes) >= 4
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def test_envelope_loses_no_peak():
    rng = np.random.default_rng(1)
    x = rng.normal(size=50_000)
    x[31_234], x[12_345] = 40.0, -50.0
    at, v = section.envelope(x, 500)
    assert v.max() == 40.0
    assert v.min() == -50.0
    assert len(v) == 1000
    assert abs(at[v.argmax()] - 31_234) < 100
    assert np.all(np.diff(at) > 0)


def test_section_takes_the_traces_of_its_event_nearest_first():
    bulletin, traces = fake.bulletin()
    sites = {s.key: s for s in bulletin.sites}
    found = section.rows(bulletin.events[0], traces, sites)
    assert len(found) == 20
    assert [r.delta for r in found] == sorted(r.delta for r in found)
    starts = {r.trace.start_ns for r in found}
    assert starts == {bulletin.events[0].origin.time_ns - 60 * 10**9}


def test_ticks_are_round_and_inside():
    for low, high in ((0.0, 7.3), (-3.1, 12.0), (950.0, 1003.0), (0.001, 0.0042)):
        ticks = svg.nice_ticks(low, high)
        assert 2 <= len(ticks) <= 14
        assert low - 1e-9 <= min(ticks) <= max(ticks) <= high + 1e-9
        assert len({svg.tick_text(v, ticks) for v in ticks}) == len(ticks)
    assert svg.nice_ticks(1.0, float("nan")) == [1.0]


def test_noise_picture_stays_light_for_a_large_network():
    from testban.base.ids import Nslc
    from testban.base.records import NoiseHour

    hours = [
        NoiseHour(
            station_key=f"XX.{i:03d}",
            nslc=Nslc("XX", f"{i:03d}", "", "BHZ"),
            hour_ns=h * 3600 * 10**9,
            band_hz=(1.0, 4.0),
            up_s=3600.0,
            rms_counts=1.0 + i + h,
        )
        for i in range(300)
        for h in range(168)
    ]
    picture = plots.noise(hours)
    assert 10_000 < len(picture) < 200_000
