"""Beams: exact shifts, cut independence, gain of the square root of n, beam sets that cover."""

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.signal import beams, fk


@pytest.mark.parametrize("delay", [0.0, 0.025, 0.0131, -0.37, 1.49])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_shift_of_a_sine(delay, part):
    rate, n = 40.0, 400
    f = part * rate / 2
    t = np.arange(n) / rate
    got = beams.advance(np.sin(2 * np.pi * f * t), delay, rate)
    want = np.sin(2 * np.pi * f * (t + delay))
    assert np.abs(got - want)[90:-90].max() < (4e-3 if part > 0.5 else 2e-4)


def test_beam_equals_plain_loop():
    rng = np.random.default_rng(1)
    x, d = rng.standard_normal((3, 120)), np.array([0.03, -0.41, 0.0])
    taps, want = np.empty(2 * beams.HALF), np.zeros(120)
    for i in range(3):
        shift = d[i] * 20.0
        beams._taps(shift - np.floor(shift), taps)
        for t in range(120):
            for m in range(taps.size):
                k = t + int(np.floor(shift)) - beams.HALF + 1 + m
                if 0 <= k < 120:
                    want[t] += taps[m] * x[i, k] / 3
    assert np.allclose(beams.beam(x, d, 20.0), want, atol=1e-13)


def test_cut_does_not_matter():
    x, d = np.random.default_rng(2).standard_normal((4, 1000)), [0.1, 0.2, -0.33, 0.05]
    whole, part = beams.beam(x, d, 20.0), beams.beam(x[:, 300:700], d, 20.0)
    assert np.array_equal(whole[350:650], part[50:350])


def test_gain_is_root_n():
    rng = np.random.default_rng(3)
    n = 16
    signal = np.zeros(4000)
    signal[2000:2400] = rng.standard_normal(400) * 3
    x = signal + rng.standard_normal((n, 4000))
    gain = beams.gain_db(x, beams.beam(x, np.zeros(n), 20.0), slice(2000, 2400), slice(0, 1900))
    # rms in the signal window holds noise too: sqrt(10) of the element, sqrt(9 + 1/16) of the beam over 1/4
    assert gain == pytest.approx(20 * np.log10(4 * np.sqrt(9.0625 / 10)), abs=0.3)


def test_beam_set_covers_the_disc():
    x, y = np.array([0, 1.0, -1, 0.5, -0.6]), np.array([0, 0.9, 0.3, -1, -0.8])
    aim = beams.beam_set(x, y, 2.0, 14.0, 200)
    width = np.sqrt(np.prod(fk.resolution(x, y, 2.0).beamwidth_s_per_deg))
    points = [(r * np.sin(a), r * np.cos(a)) for r in np.linspace(0, 12, 9) for a in np.linspace(0, 6, 13)]
    assert all(np.hypot(aim[:, 0] - p, aim[:, 1] - q).min() < 0.6 * width for p, q in points)
    assert np.hypot(*aim[0]) == 0
    assert len(beams.beam_set(10 * x, 10 * y, 2.0, 14.0, 13)) <= 13


def test_bad_input_is_refused():
    for x, d in ((np.ones((2, 50)), [0.0]), (np.full((1, 50), np.nan), [0.0]), (np.ones((1, 50)), [np.inf])):
        with pytest.raises(InputError):
            beams.beam(x, d, 20.0)
    with pytest.raises(InputError):
        beams.beam(np.ones((2, 50)), [0, 0], 20.0, weights=[1, -1])


def test_incoherent_is_root_mean_square():
    x = np.array([[3.0, 0.0], [4.0, 2.0]])
    assert np.allclose(beams.incoherent(x), [np.sqrt(12.5), np.sqrt(2.0)])
