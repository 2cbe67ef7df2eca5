"""Filters: design against scipy, causality, the bank against plain sosfilt."""

import numpy as np
import pytest
import scipy.signal

from testban.base.errors import InputError
from testban.signal import filters


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize(
    ("low", "high", "rate"), [(0.5, 1.5, 20.0), (1.0, 3.0, 100.0), (4.0, 8.0, 20.0), (0.8, 4.5, 40.0)]
)
def test_bandpass_as_scipy(order, low, high, rate):
    ours = filters.bandpass_sos(order, low, high, rate)
    theirs = scipy.signal.butter(order, [low, high], "band", fs=rate, output="sos")
    assert ours.shape == (order, 6)
    f = np.linspace(0.01, rate / 2 * 0.99, 300)
    h = scipy.signal.sosfreqz(theirs, f, fs=rate)[1]
    assert np.abs(filters.frequency_response(ours, f, rate) - h).max() < 1e-10
    poles = np.sort_complex(np.concatenate([np.roots(r[3:]) for r in ours]))
    assert np.abs(poles - np.sort_complex(scipy.signal.sos2zpk(theirs)[1])).max() < 1e-7


@pytest.mark.parametrize("kind", ["high", "low"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_one_sided_as_scipy(kind, order):
    ours = getattr(filters, kind + "pass_sos")(order, 2.0, 40.0)
    theirs = scipy.signal.butter(order, 2.0, kind, fs=40.0, output="sos")
    f = np.linspace(0.05, 19.9, 200)
    h = scipy.signal.sosfreqz(theirs, f, fs=40.0)[1]
    assert np.abs(filters.frequency_response(ours, f, 40.0) - h).max() < 1e-10


@pytest.mark.parametrize("corners", [(0.0, 1.0), (2.0, 1.0), (1.0, 10.0), (1.0, 1.0)])
def test_bad_corners(corners):
    with pytest.raises(InputError, match="corners"):
        filters.bandpass_sos(3, *corners, 20.0)


def test_bank_as_sosfilt():
    rng = np.random.default_rng(1)
    x = rng.normal(size=1003)
    bands = ((0.5, 1.5), (1.0, 3.0), (4.0, 8.0))
    a, gain = filters.bank(bands, 3, 20.0)
    out = np.zeros((450, 3))
    lead, rest = x[:40] - x[40], x[40:] - x[40]
    filters.bin_powers(x[:40], x[40:], 60, 2, a, gain, np.zeros(len(bands)), 0, len(out), 0, out)
    x = np.concatenate([lead, rest])
    for j, (lo, hi) in enumerate(bands):
        y = filters.sosfilt(filters.bandpass_sos(3, lo, hi, 20.0), x)[100:1000]
        assert np.allclose(out[:, j], (y.reshape(-1, 2) ** 2).mean(axis=1), rtol=1e-9)


@pytest.mark.parametrize("width", [4, 5])
def test_bank_of_eight_bit_for_bit(width):
    rng = np.random.default_rng(2)
    x = rng.normal(size=1003)
    a, gain = filters.bank(tuple((0.5 + 0.3 * k, 1.5 + 0.9 * k) for k in range(8)), 3, 40.0)
    fast, slow = np.zeros((225, 16)), np.zeros((225, 16))
    floor = rng.uniform(size=8)
    filters.bin_powers(x[:33], x[33:], 68, width, a, gain, floor, 3, 180, 2, fast)
    filters._bin_powers(x - x[33], 101, width, a, gain, floor, 3, 180, 2, slow)
    assert fast.tobytes() == slow.tobytes()
    assert fast[3:183, 2:10].all()
    assert np.count_nonzero(fast) == 1440


def test_causal():
    x = np.zeros(400)
    x[200] = 1.0
    y = filters.bandpass(x, 1.0, 3.0, 20.0)
    assert not y[:200].any()
    assert y[200] != 0.0


def test_lead_in_suppresses_offset_and_slope():
    x = 1e4 + 30.0 * np.arange(4000) / 20.0
    y = filters.bandpass(x, 1.0, 3.0, 20.0)
    cold = filters.sosfilt(filters.bandpass_sos(3, 1.0, 3.0, 20.0), x)
    assert np.abs(y).max() < 1e-3 * np.abs(cold).max()


def test_taper():
    w = filters.taper(100, 0.1)
    assert w[0] == 0.0
    assert w[50] == 1.0
    assert np.allclose(w, w[::-1])
