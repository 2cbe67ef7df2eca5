"""Spectra: Parseval, white level, lines in their band, refusal."""

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.signal import spectra


@pytest.mark.parametrize("n", [64, 65])
def test_parseval_is_exact_over_all_tapers(n):
    """All n sine tapers make a complete orthonormal set: the integral equals the variance to rounding."""
    x = np.random.default_rng(n).standard_normal(n)
    f, p = spectra.psd(x, 20.0, tapers=n)
    assert np.sum(p) * (f[1] - f[0]) == pytest.approx(np.var(x), rel=1e-12)


def test_tapers_are_orthonormal():
    v = spectra.sine_tapers(50, 7)
    assert np.allclose(v @ v.T, np.eye(7), atol=1e-13)


def test_white_noise_is_flat_and_calibrated():
    x = 3.0 * np.random.default_rng(1).standard_normal(40_000)
    f, p = spectra.psd(x, 40.0, segment_s=10.0, tapers=1)
    assert np.mean(p[5:-5]) == pytest.approx(9.0 / 20.0, rel=0.03)
    assert p[5:-5].std() / p[5:-5].mean() < 0.25
    assert spectra.integrate(f, p, 0.0, 20.0) == pytest.approx(np.sum(p) * f[1], rel=1e-12)


def test_line_power_falls_in_its_band():
    t = np.arange(4000) / 40.0
    x = 2.0 * np.sin(2 * np.pi * 3.0 * t)
    assert spectra.band_power(x, 40.0, 2.5, 3.5) == pytest.approx(2.0, rel=0.01)
    assert spectra.band_power(x, 40.0, 6.0, 12.0) < 1e-5


def test_bands_add_up():
    x = np.random.default_rng(2).standard_normal(1001)
    f, p = spectra.psd(x, 20.0)
    parts = [spectra.integrate(f, p, a, b) for a, b in ((0.0, 1.234), (1.234, 6.1), (6.1, 10.0))]
    assert sum(parts) == pytest.approx(spectra.integrate(f, p, 0.0, 10.0), rel=1e-12)


def test_bad_input_is_refused():
    for args in (
        (np.ones(3), 20.0),
        (np.full(50, np.nan), 20.0),
        (np.ones(50), 0.0),
        (np.ones((2, 50)), 20.0),
    ):
        with pytest.raises(InputError):
            spectra.psd(*args)
    with pytest.raises(InputError):
        spectra.band_power(np.ones(50), 20.0, 4.0, 11.0)
