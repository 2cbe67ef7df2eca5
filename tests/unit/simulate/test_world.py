"""The simulated world: same seed same bytes, and the truths that were put in can be taken out again."""

import numpy as np
import pytest

from testban import simulate
from testban.base.errors import ConfigurationError, InputError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.times import HOUR_NS, NS_PER_S
from testban.earth import response as responses
from testban.earth import travel
from testban.simulate import draws, mechanism, wavelets
from testban.simulate.noise import psd_db
from testban.simulate.recordings import _index, _stamp
from testban.simulate.render import Renderer

BASE = """
title = "test"
seed = {seed}
start = "2026-01-01T00:30:00Z"
duration_h = {hours}
[defaults]
network = "XT"
instrument = "b"
noise = {noise}
noise_spread = 0.0
[physics]
travel_time_sigma_s = 0.0
ellipticity = false
station_sigma = {sigma}
path_sigma = {sigma}
[noise]
daily_db = {daily}
storms_per_day = 0.0
[[instrument]]
name = "b"
rate_hz = 20.0
"""
SOURCE = """
[[source]]
kind = "{kind}"
longitude = 10.0
latitude = 20.0
depth_km = {depth}
time = "2026-01-01T00:32:00.25Z"
mb = {mb}
"""


def scenario(stations, sources=(), seed=1, hours=1.0, noise=0.0, sigma=0.0, daily=0.0, extra=""):
    text = BASE.format(seed=seed, hours=hours, noise=noise, sigma=sigma, daily=daily) + extra
    for code, lon, lat, *more in stations:
        text += (
            f'\n[[station]]\ncode = "{code}"\nlongitude = {lon}\nlatitude = {lat}\n' + "\n".join(more) + "\n"
        )
    for kind, depth, mb in sources:
        text += SOURCE.format(kind=kind, depth=depth, mb=mb)
    return simulate.read_scenario(text)


FAR = [(f"S{i:02d}", 10.0 + 4.0 * i, 20.0 + 3.0 * i) for i in range(8, 24)]


def joined(world, key, component):
    recorder = simulate.Recorder(world)
    parts = [
        s for h in world.scenario.hours for s in recorder.hour(key, h) if s.nslc.channel.endswith(component)
    ]
    return parts[0].start_ns, np.concatenate([p.samples for p in parts]).astype(float)


def ground(world, key, x, rate=20.0):
    """Displacement in nm, 0.8-4.5 Hz."""
    channel = next(c for c in world.channels if c.nslc.net_sta == key and c.nslc.channel.endswith("Z"))
    n = len(x)
    f = np.arange(n // 2 + 1) * rate / n
    h = np.ones(len(f), complex)
    h[1:] = responses.evaluate(channel.response, f[1:], unit="m")
    spectrum = np.fft.rfft(x - x.mean()) / h * 1e9
    spectrum[1:] *= wavelets.band_magnitude(f[1:])
    spectrum[0] = 0.0
    return np.fft.irfft(spectrum, n)


def test_same_seed_same_bytes_and_another_seed_others():
    def made(seed):
        s = scenario(FAR[:2], [("earthquake", 10.0, 5.0)], seed=seed)
        return [
            (str(g.nslc), g.start_ns, g.samples.tobytes()) for part in simulate.recordings(s) for g in part
        ]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_an_hour_alone_is_the_hour_of_the_day_and_stations_do_not_matter():
    faults = "[faults]\ngaps_per_day = 20.0\nglitches_per_day = 50.0\n"
    s = scenario(FAR[:3], [("earthquake", 10.0, 5.5)], hours=3.0, extra=faults)
    whole = {h[0].start_ns: h for h in simulate.recordings(s, stations=["XT.S09"])}
    for hour in reversed(s.hours):
        alone = simulate.Recorder(simulate.World(s)).hour("XT.S09", hour)
        same = whole[alone[0].start_ns]
        assert [(g.nslc, g.start_ns) for g in alone] == [(g.nslc, g.start_ns) for g in same]
        assert all(np.array_equal(a.samples, b.samples) for a, b in zip(alone, same, strict=True))
    fewer = scenario(FAR[1:2], [("earthquake", 10.0, 5.5)], hours=3.0, extra=faults)
    other = next(simulate.recordings(fewer))
    assert all(
        np.array_equal(a.samples, b.samples) for a, b in zip(other, whole[other[0].start_ns], strict=True)
    )


def test_samples_are_int32_on_the_absolute_grid():
    s = scenario(FAR[:1])
    for part in simulate.recordings(s):
        for g in part:
            assert g.samples.dtype == np.int32
            assert g.start_ns % (NS_PER_S // 20) == 0
    for rate in (20.0, 40.0, 62.5, 100.0):
        for t in (0, 1, 1767225600 * NS_PER_S + 17, 1767225600 * NS_PER_S):
            i = _index(t, rate)
            assert _stamp(i, rate) >= t > _stamp(i - 1, rate)


@pytest.mark.parametrize("level", [0.1, 0.6])
def test_noise_has_the_power_that_was_asked_for(level):
    s = scenario([("N", 0.0, 50.0, 'components = "Z"')], hours=6.0, noise=level)
    world = simulate.World(s)
    _, x = joined(world, "XT.N", "Z")
    n = 8192
    window = np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2
    power = np.zeros(n // 2 + 1)
    starts = range(0, len(x) - n, n // 2)
    for a in starts:
        z = np.fft.rfft((x[a : a + n] - x[a : a + n].mean()) * window)
        power += (z.real**2 + z.imag**2) * 2.0 / (20.0 * np.sum(window**2)) / len(starts)
    f = np.arange(n // 2 + 1) * 20.0 / n
    h = responses.evaluate(world.channels[0].response, f[1:], unit="m/s**2")
    measured = 10.0 * np.log10(power[1:] / (h.real**2 + h.imag**2))
    target = psd_db(f[1:], level)
    for low, high in ((0.02, 0.05), (0.05, 0.1), (0.1, 0.3), (0.3, 1.0), (1.0, 3.0), (3.0, 8.0)):
        m = (f[1:] >= low) & (f[1:] < high)
        assert abs(np.mean(measured[m] - target[m])) < 0.5, (low, high)
        smooth = np.convolve(measured[m] - target[m], np.ones(5) / 5.0, "valid")
        assert np.max(np.abs(smooth)) < 2.0


def test_noise_follows_the_day():
    s = scenario([("N", 0.0, 50.0, 'components = "Z"')], hours=24.0, daily=10.0, noise=0.3)
    world = simulate.World(s)
    recorder = simulate.Recorder(world)
    rms = []
    for hour in (s.hours[1], s.hours[12]):
        x = recorder.hour("XT.N", hour)[0].samples.astype(float)
        z = np.fft.rfft(x)[int(2.0 * len(x) / 20.0) :]
        rms.append(np.sqrt(np.mean(z.real**2 + z.imag**2)))
    assert 8.0 < 20.0 * np.log10(rms[1] / rms[0]) < 12.0


def test_p_amplitudes_give_back_the_magnitude():
    s = scenario(FAR, [("explosion", 0.5, 5.6)], sigma=0.0)
    world = simulate.World(s)
    got = []
    for post in world.posts:
        p = next(a for a in world.arrivals(post.key) if a.phase == "P")
        start, x = joined(world, post.key, "Z")
        i = round((p.stamp_ns - start) / NS_PER_S * 20.0)
        a_over_t = wavelets.amplitude_over_period(ground(world, post.key, x)[i - 10 : i + 120], 20.0)
        q = world.shocks[0].mb - p.log_a
        got.append(np.log10(a_over_t) + q)
    assert abs(np.mean(got) - 5.6) < 0.03
    assert np.max(np.abs(np.array(got) - 5.6)) < 0.12


def test_scatter_of_station_magnitudes_is_as_stated():
    s = scenario(
        [(f"T{i:03d}", 40.0 + 0.3 * i, 10.0 + 0.2 * i) for i in range(200)],
        [("earthquake", 10.0, 5.0)],
        sigma=0.3 / np.sqrt(2),
    )
    world = simulate.World(s)
    quiet = simulate.World(
        scenario(
            [(f"T{i:03d}", 40.0 + 0.3 * i, 10.0 + 0.2 * i) for i in range(200)], [("earthquake", 10.0, 5.0)]
        )
    )
    d = [
        next(a.log_a for a in world.arrivals(p.key) if a.phase == "P")
        - next(a.log_a for a in quiet.arrivals(p.key) if a.phase == "P")
        for p in world.posts
    ]
    assert 0.25 < np.std(d) < 0.35
    assert abs(np.mean(d)) < 0.08


@pytest.mark.parametrize("distance", [1.0, 3.0, 8.0, 30.0, 70.0])
def test_arrivals_come_at_the_predicted_time(distance):
    s = scenario([("N", 10.0, 20.0 + distance)], [("explosion", 1.0, 6.0)])
    world = simulate.World(s)
    start, x = joined(world, "XT.N", "Z")
    first = min((a for a in world.arrivals("XT.N") if a.first), key=lambda a: a.time_ns)
    t, _, _ = travel.load("ak135").predict("P1", 1.0, first.delta)
    onset = (world.shocks[0].time_ns - start) / NS_PER_S + float(t)
    i = round(onset * 20.0)
    assert abs((first.time_ns - world.shocks[0].time_ns) / NS_PER_S - float(t)) < 0.02
    y = np.diff(x)
    quiet = np.abs(y[i - 200 : i - 4]).max()
    seen = i - 4 + int(np.argmax(np.abs(y[i - 4 : i + 100]) > 2.0 * quiet))
    assert abs(seen / 20.0 - onset) < 0.25


@pytest.mark.parametrize(("kind", "sign"), [("explosion", 1), ("collapse", -1)])
def test_first_motion_of_explosions_is_up_and_of_collapses_down(kind, sign):
    s = scenario(FAR, [(kind, 0.5, 6.2)])
    world = simulate.World(s)
    for post in world.posts:
        p = next(a for a in world.arrivals(post.key) if a.phase == "P")
        start, x = joined(world, post.key, "Z")
        i = round((p.stamp_ns - start) / NS_PER_S * 20.0)
        swing = x[i - 2 : i + 12] - x[i - 2]
        noise = np.abs(x[i - 100 : i - 4] - np.median(x[i - 100 : i - 4])).max()
        beyond = swing[np.abs(swing) > 1.5 * noise]
        assert len(beyond)
        assert np.sign(beyond[0]) == sign


def test_earthquakes_push_here_and_pull_there():
    s = scenario(
        [(f"T{i:02d}", 10.0 + 40.0 * np.cos(0.3 * i), 20.0 + 40.0 * np.sin(0.3 * i)) for i in range(20)],
        [("earthquake", 10.0, 5.5)],
    )
    signs = {
        next(a.polarity for a in simulate.World(s).arrivals(p) if a.phase == "P")
        for p in simulate.World(s).by_key
    }
    assert signs == {1, -1}


def test_double_couple_radiation():
    p, sv, sh = mechanism.radiation(0.0, 90.0, 0.0, 45.0, 90.0)  # vertical strike slip, horizontal ray
    assert p == pytest.approx(1.0)
    assert sv == pytest.approx(0.0, abs=1e-12)
    assert sh == pytest.approx(0.0, abs=1e-12)
    u = draws.uniform(draws.key(3, "sphere"), 40000).reshape(2, -1)
    rays = zip(360.0 * u[0], np.degrees(np.arccos(1.0 - 2.0 * u[1])), strict=True)
    factors = np.array([mechanism.radiation(33.0, 50.0, 70.0, float(a), float(i)) for a, i in rays])
    assert np.mean(factors[:, 0] ** 2) == pytest.approx(4.0 / 15.0, rel=0.03)
    assert np.mean(factors[:, 1] ** 2 + factors[:, 2] ** 2) == pytest.approx(6.0 / 15.0, rel=0.03)


def test_an_array_sees_the_slowness_of_the_wave():
    s = scenario([("ARR", 60.0, 45.0, "elements = 9", "aperture_km = 12.0")], [("explosion", 0.5, 6.5)])
    world = simulate.World(s)
    p = next(a for a in world.arrivals("XT.ARR") if a.phase == "P")
    post = world.by_key["XT.ARR"]
    segments = {
        g.nslc: g
        for h in s.hours
        for g in simulate.Recorder(world).hour("XT.ARR", h)
        if g.start_ns <= p.stamp_ns < g.end_ns
    }
    receivers = [r for r in post.receivers if r.component == "Z" and r.nslc.station != "ARR"]
    assert len(receivers) == 9
    assert len(simulate.arrays(s)["XT.ARR"]) == 10
    cut = {}
    for r in receivers:
        g = segments[r.nslc]
        i = round((p.stamp_ns - g.start_ns) / NS_PER_S * 20.0)
        cut[r.nslc] = np.fft.irfft(np.fft.rfft(g.samples[i - 40 : i + 100].astype(float), 2048), 20480)
    middle = cut[receivers[0].nslc]
    lags, east, north = [], [], []
    for r in receivers[1:]:
        c = np.fft.irfft(np.fft.rfft(cut[r.nslc]) * np.conj(np.fft.rfft(middle)))
        k = int(np.argmax(c))
        lags.append((k if k < len(c) // 2 else k - len(c)) / 200.0)
        east.append(r.east_km - receivers[0].east_km)
        north.append(r.north_km - receivers[0].north_km)
    e, n, t = np.array(east), np.array(north), np.array(lags)
    det = (e * e).sum() * (n * n).sum() - (e * n).sum() ** 2
    sx = ((t * e).sum() * (n * n).sum() - (t * n).sum() * (e * n).sum()) / det * 111.195
    sy = ((t * n).sum() * (e * e).sum() - (t * e).sum() * (e * n).sum()) / det * 111.195
    assert np.hypot(sx, sy) == pytest.approx(p.slowness, abs=0.3)
    assert (np.degrees(np.arctan2(-sx, -sy)) - p.backazimuth + 180.0) % 360.0 - 180.0 == pytest.approx(
        0.0, abs=3.0
    )


def test_outages_clock_errors_and_clipping():
    extra = """
[[outage]]
station = "S08"
start = "2026-01-01T00:40:00Z"
end = "2026-01-01T00:50:00Z"
[[clock_error]]
station = "S08"
start = "2026-01-01T00:00:00Z"
end = "2026-01-02T00:00:00Z"
offset_s = 2.5
"""
    text = extra.replace("S08", "N")
    s = scenario([("N", 10.0, 20.5)], [("explosion", 0.5, 6.5)], extra=text)
    world = simulate.World(s)
    parts = [g for part in simulate.recordings(s) for g in part if g.nslc.channel == "BHZ"]
    assert [(g.end_ns - s.start_ns) // (60 * NS_PER_S) for g in parts] == [10, 30, 60]
    assert parts[0].samples.max() == 2**23 - 1
    p = world.arrivals("XT.N")[0]
    assert p.stamp_ns - p.time_ns == 2_500_000_000


def test_truth_and_inventory():
    s = scenario(FAR[:4], [("explosion", 0.5, 5.0)])
    (event,) = simulate.truth_events(s)
    assert event.origin.time_ns == simulate.World(s).shocks[0].time_ns
    assert {m.kind for m in event.magnitudes} == {"mb", "Ms"}
    assert event.assessment.verdict == "explosion-like"
    assert "simulated" in event.assessment.reason
    channels = simulate.inventory(s)
    assert len(channels) == 12
    h = responses.evaluate(channels[0].response, np.array([1.0]), unit="m/s")
    assert abs(h[0]) == pytest.approx(1e9, rel=1e-6)


def test_picks_carry_their_truth():
    extra = "[picks]\nfalse_per_hour = 3.0\nsnr_threshold = 3.0\n"
    s = scenario(
        [(f"T{i:03d}", -60.0 + 0.7 * i, 60.0 - 0.4 * i) for i in range(200)],
        [("explosion", 0.5, 4.3)],
        extra=extra,
        noise=0.3,
        sigma=0.2,
        hours=3.0,
    )
    picks, sites, events = simulate.picks(s)
    again = simulate.picks(s)
    assert picks == again[0]
    assert len(sites) == 200
    known = simulate.labels(events)
    false = [p for p in picks if p.pick_id not in known]
    assert 200 * 9 * 0.9 < len(false) < 200 * 9 * 1.1
    assert list(picks) == sorted(picks, key=lambda p: (p.time_ns, p.station_key))
    residuals = np.array([a.residual_s for e in events for a in e.arrivals if a.phase in ("P", "Pn", "Pg")])
    sigmas = np.array(
        [
            next(p.time_sigma_s for p in picks if p.pick_id == a.pick_id)
            for e in events
            for a in e.arrivals
            if a.phase in ("P", "Pn", "Pg")
        ]
    )
    assert len(residuals) > 30
    assert 0.5 < np.mean(np.abs(residuals) < sigmas) < 0.85
    world = simulate.World(s)
    picked = {p.station_key for p in picks if p.pick_id in known and known[p.pick_id][1] == "P"}
    strong = [k for k in world.by_key if any(a.phase == "P" and a.snr > 12.0 for a in world.arrivals(k))]
    weak = [k for k in world.by_key if any(a.phase == "P" and a.snr < 1.0 for a in world.arrivals(k))]
    assert sum(k in picked for k in strong) >= 0.97 * len(strong)
    assert sum(k in picked for k in weak) <= 0.05 * max(1, len(weak))


def test_rates_follow_gutenberg_and_richter():
    region = '[[region]]\nname = "box"\nbox = [0.0, 0.0, 20.0, 20.0]\nrate_per_day = 2000.0\nmmin = 3.0\nmmax = 7.0\n'
    s = scenario(FAR[:1], extra=region, hours=23.0)
    m = np.array([x.mb for x in simulate.World(s).shocks])
    assert abs(len(m) - 2000) < 5 * np.sqrt(2000)
    assert np.log10(np.e) / (m.mean() - 3.0) == pytest.approx(1.0, abs=0.08)


def test_yield_laws():
    assert simulate.mb_of_yield(1.0) == pytest.approx(4.25)
    assert simulate.mb_of_yield(0.2) == pytest.approx(3.551, abs=5e-4)
    assert simulate.mb_of_yield(150.0) == pytest.approx(5.882, abs=5e-4)
    assert simulate.mb_of_yield(1.0, decoupling=70.0) == pytest.approx(2.405, abs=5e-4)
    assert simulate.mb_of_yield(10.0, "wet-tuff") == pytest.approx(4.730, abs=5e-4)


def test_bulk_normal_against_its_slow_twin():
    k = draws.key(1, "twin")
    raw = [int(v) for v in np.random.Philox(key=k).random_raw(2000)]
    slow = [(sum((v >> (16 * j)) & 65535 for j in range(4)) - 131070) / draws._FOUR_INT16_SIGMA for v in raw]
    fast = draws.bulk_normal(k, 2000)
    assert np.allclose(fast, slow, atol=1e-12)
    many = draws.bulk_normal(k, 200000)
    assert abs(many.mean()) < 0.01
    assert many.std() == pytest.approx(1.0, abs=0.01)
    z = draws.normal(k, 100000)
    assert abs(z.mean()) < 0.015
    assert z.std() == pytest.approx(1.0, abs=0.01)
    assert draws.normal(k, 7).tolist() == draws.normal(k, 8)[:7].tolist()


def test_minimum_phase_against_the_definition():
    n = 512
    f = np.arange(n // 2 + 1) / n
    f[0] = 1e-4
    a = -np.log(1.0 + (f / 0.05) ** 2)
    w = wavelets.minimum_phase(a, n)
    assert np.allclose(np.log(np.abs(w)), a, atol=1e-9)
    x = np.fft.irfft(w, n)
    assert np.abs(x[n // 2 :]).max() < 1e-3 * np.abs(x).max()
    assert x[np.argmax(np.abs(x))] > 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("seed = 1", "seed = -1"),
        ("seed = 1", 'seed = "x"'),
        ("duration_h = 1.0", "duration_h = 0"),
        ('title = "test"', 'titel = "test"'),
        ("rate_hz = 20.0", "rate_hz = 0.001"),
        ('instrument = "b"', 'instrument = "none"'),
        ('start = "2026-01-01T00:30:00Z"', 'start = "soon"'),
        ('title = "test"', "title = "),
    ],
)
def test_bad_scenarios_are_refused_in_words(change, says):
    good = (
        BASE.format(seed=1, hours=1.0, noise=0.1, sigma=0.1, daily=0.0)
        + '\n[[station]]\ncode = "A"\nlongitude = 1.0\nlatitude = 2.0\n'
    )
    simulate.read_scenario(good)
    with pytest.raises((ConfigurationError, InputError), match=r"\w+ \w+"):
        simulate.read_scenario(good.replace(change, says, 1))


def test_shipped_scenarios_are_sound():
    for name in ("demo", "regional", "ims30"):
        s = simulate.read_scenario(simulate.shipped(name))
        assert "imulated" in s.title
        assert len(simulate.inventory(s)) >= len(s.station)
    with pytest.raises(ConfigurationError, match="demo"):
        simulate.shipped("nothing")


def test_planted_arrivals_have_the_snr_asked_for():
    x = np.round(1000.0 * draws.normal(draws.key(1, "noise"), 20 * 300)).astype(np.int32)
    noise = Segment(nslc=Nslc("XX", "A", "", "BHZ"), start_ns=HOUR_NS, sample_rate_hz=20.0, samples=x)
    template = simulate.wavelet(20.0)
    made = simulate.plant(template, noise, 5.0, 150.0)
    assert made.samples.dtype == np.int32
    assert np.array_equal(made.samples[: 150 * 20], x[: 150 * 20])
    added = (made.samples - x).astype(float)
    f = np.fft.rfftfreq(len(added), 0.05)
    band = wavelets.band_magnitude(np.maximum(f, 1e-6))
    peak = np.abs(np.fft.irfft(np.fft.rfft(added) * band)).max()
    rms = np.fft.irfft(np.fft.rfft(x.astype(float)) * band).std()
    assert peak / rms == pytest.approx(5.0, rel=0.1)
    assert np.argmax(np.abs(added) > 0.05 * np.abs(added).max()) - 3000 in range(6)
    with pytest.raises(InputError, match="noise before"):
        simulate.plant(template, noise, 5.0, 10.0)


def test_nothing_moves_before_the_onset():
    s = scenario([("N", 10.0, 21.5)], [("explosion", 0.5, 4.5)])
    world = simulate.World(s)
    a = next(a for a in world.arrivals("XT.N") if a.shape.wave == "P" and a.first)
    first, x = Renderer().counts(world.by_key["XT.N"], a)["XT.N..BHZ"]
    i = round(a.stamp_ns / NS_PER_S * 20.0) - first
    assert np.abs(x[i - 90 : i - 10]).max() < 1e-4 * np.abs(x).max()
