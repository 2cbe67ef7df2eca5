"""Polarisation: eigen-solver against its definition, planted P and S, rotation of any sensors, real tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.base.errors import InputError
from testban.detect import polarisation, slowness
from testban.signal import filters

RATE = 40.0


def motion(rng, baz, incidence, snr, kind="P", n=1600, onset=1000):
    """Three components with one wave; up is away from the source for P."""
    b, i = np.radians(baz), np.radians(incidence)
    away = np.array([-np.cos(b), -np.sin(b)])
    unit = {
        "P": np.array([np.cos(i), *(np.sin(i) * away)]),
        "S": np.array([-np.sin(i) * 0.5, *(np.cos(i) * away * 0.5 + np.array([-away[1], away[0]]) * 0.9)]),
    }[kind]
    pulse = np.zeros(n)
    pulse[onset:] = rng.standard_normal(n - onset) * np.exp(-np.arange(n - onset) / (3 * RATE))
    x = snr * unit[:, None] * pulse + rng.standard_normal((3, n))
    return [filters.bandpass(row, 1.0, 4.0, RATE) for row in x]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=6))
def test_jacobi_equals_definition(v):
    m = np.array([[v[0], v[1], v[2]], [v[1], v[3], v[4]], [v[2], v[4], v[5]]])
    values, vectors = polarisation.eigen3(m)
    assert np.allclose(m @ vectors, vectors * values, atol=1e-9 * (1 + np.abs(m).max()))
    assert np.allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)
    assert values[0] >= values[1] >= values[2]


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 360), st.floats(15, 60), st.integers(0, 999))
def test_planted_p(baz, incidence, seed):
    p = polarisation.measure(
        *motion(np.random.default_rng(seed), baz, incidence, 30.0), RATE, 1000, bandwidth_hz=3.0
    )
    assert abs((p.backazimuth_deg - baz + 180) % 360 - 180) < 12
    assert abs(p.incidence_deg - incidence) < 6
    assert p.rectilinearity > 0.9
    assert p.s_like < 0.35 or incidence > 45


def test_s_is_not_p():
    rng = np.random.default_rng(1)
    s = [polarisation.measure(*motion(rng, 70.0, 30.0, 30.0, "S"), RATE, 1000).s_like for _ in range(20)]
    p = [polarisation.measure(*motion(rng, 70.0, 30.0, 30.0, "P"), RATE, 1000).s_like for _ in range(20)]
    assert min(s) > max(p)
    assert np.mean(s) > 0.7


@pytest.mark.parametrize("snr", [2.0, 4.0, 15.0])
def test_errors_are_not_too_small(snr):
    rng = np.random.default_rng(round(snr))
    inside = []
    for _ in range(150):
        baz = rng.uniform(0, 360)
        p = polarisation.measure(*motion(rng, baz, 30.0, snr), RATE, 1000, bandwidth_hz=3.0)
        inside.append(abs((p.backazimuth_deg - baz + 180) % 360 - 180) < p.backazimuth_sigma)
    assert np.mean(inside) > 0.6


def test_noise_alone_says_nothing():
    p = polarisation.measure(*motion(np.random.default_rng(2), 0.0, 30.0, 0.0), RATE, 1000)
    assert p.backazimuth_sigma > 80
    assert abs(p.s_like - 0.5) < 0.3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 360), st.floats(-90, 90)), min_size=3, max_size=3), st.integers(0, 99))
def test_rotation_recovers_ground_motion(angles, seed):
    zne = np.random.default_rng(seed).standard_normal((3, 20))
    az, dip = (np.radians([a[k] for a in angles]) for k in (0, 1))
    rows = np.stack([-np.sin(dip), np.cos(dip) * np.cos(az), np.cos(dip) * np.sin(az)], axis=1)
    seen = rows @ zne
    if abs(np.linalg.det(rows)) < 0.1:
        with pytest.raises(InputError):
            polarisation.rotate_to_zne(seen, np.degrees(az), np.degrees(dip))
    else:
        assert np.allclose(polarisation.rotate_to_zne(seen, np.degrees(az), np.degrees(dip)), zne, atol=1e-10)


def test_reversed_vertical_is_turned_over():
    x = np.random.default_rng(3).standard_normal((3, 10))
    z, n, e = polarisation.rotate_to_zne(x, [0, 0, 90], [90, 0, 0])
    assert np.allclose(z, -x[0])
    assert np.allclose(n, x[1])
    assert np.allclose(e, x[2])


def test_bad_input_is_refused():
    x = np.ones(100)
    for args in (
        (x, x, x[:50], RATE, 10),
        (x, x, x, RATE, 100),
        (x, x, x, 0.0, 10),
        (x, x, np.full(100, np.nan), RATE, 50),
    ):
        with pytest.raises(InputError):
            polarisation.measure(*args)
    assert polarisation.measure(0 * x, 0 * x, 0 * x, RATE, 50).backazimuth_sigma > 100


def test_slowness_from_incidence():
    s, sigma = slowness.from_incidence(2 * np.degrees(np.arcsin(2.4 * 8.0 / 111.195)), 5.0, vs_km_s=2.4)
    assert s == pytest.approx(8.0, rel=1e-3)
    assert 2.0 < sigma < 5.0
    with pytest.raises(InputError):
        slowness.from_incidence(95.0, 1.0)
