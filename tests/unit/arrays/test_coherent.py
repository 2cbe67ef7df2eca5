"""Waves found by coherence: the kernel's twin, a planted wave that no power shows, noise, gaps, cuts."""

import numpy as np
from test_array import CHANNELS, RATE, SPAN, START, recording, segments

from testban import detect
from testban.base.spans import Span
from testban.detect import array
from testban.signal import coherence

WEAK = detect.Settings(weak_power=detect.WEAK_POWER)


def test_semblance_as_the_obvious():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4, 200))
    shifts = np.array([[0, 0, 0, 0], [3, -2, 0, 7], [-5, 1, 4, -9]])
    width, window = 4, 5
    got = np.empty(50)
    coherence.best_semblance(x, shifts, width, window, got)
    wide = np.pad(x, ((0, 0), (20, 20)))
    for k in range(46):
        best = 0.0
        for s in shifts:
            a = 20 + k * width
            y = np.array([wide[i, a + d : a + d + width * window] for i, d in enumerate(s)])
            best = max(best, (y.sum(axis=0) ** 2).sum() / (4 * (y * y).sum()))
        assert abs(got[k] - best) < 1e-12
    assert (got[46:] == 0.0).all()


def test_one_wave_on_all_is_one():
    t = np.arange(400)
    source = np.sin(0.3 * t) * np.exp(-((t - 200) ** 2) / 800)
    shifts = np.array([[0, 4, -6]])
    x = np.array([np.roll(source, d) for d in shifts[0]])
    got = np.empty(100)
    coherence.best_semblance(x, shifts, 4, 5, got)
    assert abs(got[45:55].max() - 1.0) < 1e-9


def hits(picks, at=400):
    return [p for p in picks if abs(p.time_ns - START - at * 10**9) < 2e9]


def test_a_wave_below_the_threshold_of_every_beam():
    """Of eight waves too weak for a detection several are found as weak picks, with their direction."""
    strict = weak = 0
    for seed in range(8):
        s = segments(recording(snr=0.62, seed=seed))
        strict += bool(hits(array.process_array("XX.TA", s, CHANNELS, SPAN).picks))
        result = array.process_array("XX.TA", s, CHANNELS, SPAN, WEAK)
        for p in hits(result.picks):
            weak += 1
            assert abs(p.slowness_s_per_deg - 7.0) < 4 * p.slowness_sigma
            assert abs((p.backazimuth_deg - 40.0 + 180) % 360 - 180) < 4 * p.backazimuth_sigma
    assert weak >= strict + 2


def test_noise_gives_few_and_none_of_them_a_detection():
    s = segments(recording(snr=0.0, minutes=60, seed=9))
    picks = array.process_array("XX.TA", s, CHANNELS, Span(START, START + 3600 * 10**9), WEAK).picks
    assert len(picks) <= 8
    assert all(p.weak for p in picks)


def test_cut_order_and_spans_do_not_matter():
    x = recording(snr=0.9)
    one = array.process_array("XX.TA", segments(x), CHANNELS, SPAN, WEAK)
    two = array.process_array("XX.TA", segments(x, 5000)[::-1], CHANNELS[::-1], SPAN, WEAK)
    assert one.picks == two.picks
    halves = [Span(START, START + 360 * 10**9), Span(START + 360 * 10**9, SPAN.end_ns)]
    parts = [p for h in halves for p in array.process_array("XX.TA", segments(x), CHANNELS, h, WEAK).picks]
    assert tuple(parts) == one.picks
    assert hits(one.picks)


def test_a_gap_is_no_wave():
    x = recording(snr=0.0, minutes=20, seed=11)
    pieces = []
    for s in segments(x):
        for a, b in ((0, round(500 * RATE)), (round(530 * RATE), len(s.samples))):
            pieces.append(
                type(s)(
                    nslc=s.nslc,
                    start_ns=s.start_ns + round(a / RATE * 1e9),
                    sample_rate_hz=RATE,
                    samples=s.samples[a:b],
                )
            )
    picks = array.process_array("XX.TA", pieces, CHANNELS, Span(START, START + 1200 * 10**9), WEAK).picks
    assert not [p for p in picks if 490e9 < p.time_ns - START < 545e9]
