"""f-k: twin, planted plane waves, errors that hold, degenerate arrays, refusal of bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG
from testban.signal import fk, fk_grid, fk_kernels

RADIUS = np.array([0.0] + [0.7] * 3 + [1.5] * 5)
ANGLE = np.concatenate([2 * np.pi * np.arange(k) / k + 0.3 * k for k in (1, 3, 5)])
X, Y = RADIUS * np.sin(ANGLE), RADIUS * np.cos(ANGLE)
RATE, LOW, HIGH = 40.0, 1.0, 4.0


def band(x):
    f = np.fft.rfftfreq(x.shape[-1], 1 / RATE)
    return np.fft.irfft(np.fft.rfft(x) * np.exp(-(((f - 2.5) / 1.5) ** 4)), x.shape[-1])


def wave(rng, slowness, baz, snr, n=200, z=None, v=None):
    pad = 100
    source = band(rng.standard_normal(n + 2 * pad))
    f = np.fft.rfftfreq(source.size, 1 / RATE)
    d = fk.delays(X, Y, slowness, baz, z, v)
    x = np.fft.irfft(np.fft.rfft(source) * np.exp(-2j * np.pi * f * d[:, None]), source.size, axis=1)
    noise = band(rng.standard_normal(x.shape))
    return (x / x.std() * snr + noise / noise.std())[:, pad : pad + n]


def slow_power(x, px, py):
    """The grid's beam power, bin by bin and element by element."""
    n = x.shape[1]
    nfft, first, nf = fk_grid.bins(n, RATE, LOW, HIGH)
    x = (x - x.mean(axis=1, keepdims=True)) * fk_grid.cosine_taper(n)
    spec = np.fft.rfft(x, nfft, axis=1)
    power = 0.0
    for f in range(first, first + nf):
        w = 2 * np.pi * f * RATE / nfft
        power += abs(sum(spec[i, f] * np.exp(-1j * w * (px * X[i] + py * Y[i])) for i in range(len(X)))) ** 2
    return power, sum((abs(spec[:, f]) ** 2).sum() for f in range(first, first + nf))


def test_kernel_equals_slow_twin():
    rng = np.random.default_rng(3)
    x = wave(rng, 9.0, 33.0, 2.0)
    place = fk.geometry(X, Y)
    nfft, first, nf = fk_grid.bins(x.shape[1], RATE, LOW, HIGH)
    w = 2 * np.pi * RATE / nfft * (first + np.arange(nf))
    xr, xi = fk_grid.spectra(x, fk_grid.cosine_taper(x.shape[1]), nfft, first, nf)
    grid = fk_grid.Grid(place, w, 20.0, 11, 0.0)
    power = grid.power(xr, xi, np.ones(nf))
    for a in (0, 3, 5, 10):
        for b in (0, 4, 5, 9):
            assert power[a, b] == pytest.approx(slow_power(x, grid.axis[a], grid.axis[b])[0], rel=1e-9)


def test_derivatives_equal_differences():
    rng = np.random.default_rng(4)
    z = rng.uniform(0, 0.3, X.size)
    place = fk.geometry(X, Y, z)
    xr, xi = rng.standard_normal((5, X.size)), rng.standard_normal((5, X.size))
    w, weight, v2 = 2 * np.pi * np.arange(1.0, 6.0), np.ones(5), 1 / 5.8**2

    def value(px, py):
        out = np.empty(6)
        fk_kernels.beam_power_(xr, xi, w, weight, place, v2, px, py, out)
        return out

    h, px, py = 1e-5, 0.06, -0.03
    at = value(px, py)
    east = (value(px + h, py) - value(px - h, py)) / (2 * h)
    north = (value(px, py + h) - value(px, py - h)) / (2 * h)
    assert at[1] == pytest.approx(east[0], rel=1e-5)
    assert at[2] == pytest.approx(north[0], rel=1e-5)
    assert at[3:5] == pytest.approx(east[1:3], rel=1e-4)
    assert at[5] == pytest.approx(north[2], rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.floats(1.0, 18.0), st.floats(0.0, 360.0), st.integers(0, 999))
def test_planted_wave_is_found(slowness, baz, seed):
    r = fk.fk(wave(np.random.default_rng(seed), slowness, baz, 10.0), X, Y, RATE, LOW, HIGH, 20.0, 51)
    dx = r.east_s_per_deg - slowness * np.sin(np.radians(baz))
    dy = r.north_s_per_deg - slowness * np.cos(np.radians(baz))
    assert np.hypot(dx, dy) < 0.8
    assert r.f_statistic > 50
    assert not r.at_edge


def test_elevation_is_taken_off():
    rng = np.random.default_rng(5)
    z = np.linspace(0, 0.9, X.size)
    x = wave(rng, 6.0, 120.0, 20.0, z=z, v=5.0)
    good = fk.fk(x, X, Y, RATE, LOW, HIGH, elevation_km=z, surface_velocity_km_s=5.0)
    flat = fk.fk(x, X, Y, RATE, LOW, HIGH)
    assert abs(good.slowness_s_per_deg - 6.0) < 0.3
    assert good.f_statistic > 1.5 * flat.f_statistic


@pytest.mark.parametrize("snr", [0.5, 1.0, 3.0, 8.0])
def test_errors_hold(snr):
    """About 68 % of the truths lie within one sigma, from weak to strong signals (binomial 0.01 % limits)."""
    rng = np.random.default_rng(round(10 * snr))
    inside = []
    for _ in range(150):
        baz = rng.uniform(0, 360)
        r = fk.fk(wave(rng, 8.0, baz, snr), X, Y, RATE, LOW, HIGH, calibration_s=0.0)
        inside.append(abs(r.slowness_s_per_deg - 8.0) < r.slowness_sigma)
        inside.append(abs((r.backazimuth_deg - baz + 180) % 360 - 180) < r.backazimuth_sigma)
    assert 0.57 < np.mean(inside) < 0.82


def test_noise_alone_has_small_f():
    rng = np.random.default_rng(6)
    f = [
        fk.fk(band(rng.standard_normal((X.size, 200))), X, Y, RATE, LOW, HIGH).f_statistic for _ in range(50)
    ]
    assert max(f) < 6.0


def test_scan_finds_the_window_and_survives_silence():
    rng = np.random.default_rng(7)
    x = 0.2 * band(rng.standard_normal((X.size, 1200)))
    x[:, 500:700] += wave(rng, 10.0, 200.0, 5.0)
    x[:, :200] = 0.0
    s = fk.scan(x, X, Y, RATE, LOW, HIGH, window_s=4.0, step_s=1.0)
    assert np.isnan(s.slowness_s_per_deg[0])
    best = int(np.nanargmax(s.f_statistic))
    assert abs(s.start_s[best] - 12.5) <= 1.0
    assert abs(s.slowness_s_per_deg[best] - 10.0) < 0.6
    assert abs(s.backazimuth_deg[best] - 200.0) < 4.0


def test_uniform_sigma_at_zero_slowness():
    r = fk.fk(wave(np.random.default_rng(8), 0.0, 0.0, 20.0), X, Y, RATE, LOW, HIGH)
    assert r.slowness_s_per_deg < 1.0
    assert r.backazimuth_sigma > 20.0
    assert r.backazimuth_sigma <= fk.UNIFORM_SIGMA_DEG


def test_resolution():
    r = fk.resolution(X, Y, 2.0)
    assert r.aperture_km == pytest.approx(
        max(np.hypot(X[i] - X[j], Y[i] - Y[j]) for i in range(9) for j in range(9))
    )
    line = fk.resolution(X * 0.2, Y, 2.0)
    assert line.beamwidth_s_per_deg[0] > 3 * line.beamwidth_s_per_deg[1]
    assert abs(line.strike_deg - 90) < 10
    regular = np.array([(i, j) for i in range(4) for j in range(4)], dtype=float)
    assert fk.resolution(regular[:, 0], regular[:, 1], 5.0).alias_s_per_deg == pytest.approx(
        KM_PER_DEG / 5.0, rel=0.1
    )


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0, 1], [0, 1]),
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([0] * 4, [0] * 4),
        ([0, 1, np.nan], [0, 0, 1]),
        ([0, 1, 2], [0, 1]),
    ],
)
def test_degenerate_geometry_is_refused(x, y):
    with pytest.raises(InputError):
        fk.fk(np.ones((len(x), 100)), x, y, RATE, LOW, HIGH)


@pytest.mark.parametrize(
    "change",
    [
        {"low_hz": 5.0, "high_hz": 2.0},
        {"rate_hz": 0.0},
        {"smax_s_per_deg": 0.0},
        {"n_grid": 1},
        {"low_hz": 19.99, "high_hz": 20.0},
    ],
)
def test_bad_settings_are_refused(change):
    x = np.random.default_rng(9).standard_normal((9, 100))
    with pytest.raises(InputError):
        fk.fk(x, X, Y, **({"rate_hz": RATE, "low_hz": LOW, "high_hz": HIGH} | change))


def test_bad_samples_are_refused():
    for x in (np.zeros((9, 100)), np.full((9, 100), np.nan), np.ones((8, 100)), np.ones((9, 3))):
        with pytest.raises(InputError):
            fk.fk(x, X, Y, RATE, LOW, HIGH)
