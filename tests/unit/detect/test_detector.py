"""The detector: twins of the kernels, false-alarm rate, planted onsets, independence of chunks and order."""

import itertools

import numpy as np
import pytest

from testban import detect
from testban.base.errors import ConfigurationError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.detect import block, onset, scan, station
from testban.detect.settings import usable_bands

NS = 10**9
START = 1_500_000_000 // 86400 * 86400 * NS
RATE = 20.0


def segment(x, start_s=0.0, channel="BHZ", location="00", rate=RATE):
    return Segment(
        nslc=Nslc("XX", "AAA", location, channel),
        start_ns=START + round(start_s * NS),
        sample_rate_hz=rate,
        samples=x,
    )


def coloured(n, seed):
    rng = np.random.default_rng(seed)
    return np.round(np.cumsum(rng.normal(size=n)) * 3 - 0.0 + rng.normal(size=n) * 30).astype(np.int32)


def wavelet(n, rate=RATE, hz=2.0, decay_s=3.0):
    t = np.arange(n) / rate
    return np.exp(-t / decay_s) * np.sin(2 * np.pi * hz * t)


def planted(hours=3.0, at=(3000.0, 7210.0), size=2000.0, seed=3):
    x = coloured(round(hours * 3600 * RATE), seed).astype(np.float64)
    for s in at:
        k = round(s * RATE)
        x[k : k + 600] += size * wavelet(600)
    return np.round(x).astype(np.int32)


def test_moving_sums_as_the_obvious():
    rng = np.random.default_rng(0)
    p = rng.exponential(size=(300, 8))
    p[[40, 41, 150], 3] = np.nan
    widths = np.array([7, 1, 2, 7, 10, 30, 25, 5])
    out = np.empty((8, 300))
    for begin, end in ((0, 130), (130, 300)):
        scan.moving_sums(p, 0, widths, begin, np.empty((5, end - begin + 30)), out[:, begin:end])
    out = out.T
    for i in range(300):
        for j, width in enumerate(widths):
            window = p[max(0, i - width + 1) : i + 1, j]
            if len(window) < width or np.isnan(window).any():
                assert np.isnan(out[i, j])
            else:
                assert out[i, j] == pytest.approx(window.sum(), rel=1e-12)


def obvious_scores(power, width, cv_min, z, depth, stride, n_slow, n_fast, n_tail, lag, n_start):
    """One column, one step after the other; no vectors, no fast path."""
    n = len(power)
    y = np.array(
        [power[i - width + 1 : i + 1].mean() ** 0.25 if i >= width - 1 else np.nan for i in range(n)]
    )
    score, past, raised = np.zeros(n), np.zeros(n), np.ones(n)
    start, asked = scan.START_WEIGHT, 1.0
    a = f = 0.0
    seen, v, few, root = 0, cv_min * cv_min, 1.0, cv_min
    excess, weight, forget = scan.NORMAL_EXCESS * scan.TAIL_PRIOR, scan.TAIL_PRIOR, 1 - 1 / n_tail
    kept = scan.TAIL_PRIOR * (1 - forget)
    for i in range(n):
        late = i - width - lag
        if i % stride == 0:
            if late >= 0 and y[late] >= 0:
                u, sd = y[late], root
                seen += 1
                if seen == 1:
                    a = f = u
                before = past[late // stride * stride] if past[late // stride * stride] > 0 else a
                e = u / before - 1
                if seen > n_start:
                    over = (u / max(before, a) - 1) / sd - 2
                    weight, excess = weight * forget + kept, excess * forget + scan.NORMAL_EXCESS * kept
                    start *= forget
                    if over > 0:
                        share = min(1, stride / width)
                        weight, excess = weight + share, excess + min(over, 4) * share
                e = min(e, (3 if seen > n_start else 6) * sd)
                v += (e * e - v) / min(n_slow, seen + n_start)
                root = max(cv_min, v**0.5)
                if seen > n_start:
                    u = min(u, a * (1 + 3 * sd))
                a += (u - a) / min(n_slow, seen)
            if i >= width and y[i - width] >= 0 and seen:
                f += (y[i - width] - f) / min(n_fast, seen)
            past[i] = f
            if seen and seen <= n_slow:
                few = (1 + 2 * width / (seen * stride)) ** 0.5
            tail = max(z, 2 + max(scan.NORMAL_EXCESS, excess / weight) * depth)
            if 0 < seen < n_slow:  # Student's quantile over the normal one, to first order in 1 / windows
                tail *= 1 + (z * z + 1) / 4 * width / stride / seen
                tail /= 1 + (z * z + 1) / 4 * width / stride / n_slow
            threshold = max(a, f) * (1 + tail * root * few)
            wild = 2 + (excess + scan.START_EXCESS * start) / (weight + start) * depth
            if seen >= n_start:
                asked = max(1.0, (1 + wild * root * few) / (1 + tail * root * few))
        raised[i] = asked
        if seen >= n_start and y[i] > max(a, f):
            score[i] = y[i] / threshold
    score[score < scan.LEAST_SCORE] = 0
    return score, raised[::stride]


@pytest.mark.parametrize("stride", [1, 5])
def test_scores_as_the_obvious(stride):
    rng = np.random.default_rng(4)
    p = rng.exponential(size=(2503, 8))
    p[1500:1540] *= 60.0
    p[900:905, 2] = np.nan
    widths = np.array([30, 25, 15, 15, 10, 10, 10, 10])
    constants = np.stack([np.full(8, 0.15), np.full(8, 4.5), np.full(8, 9.0)])
    steps = -(-len(p) // stride)
    score, top, level, spread = np.zeros_like(p), np.zeros(len(p)), np.empty((steps, 8)), np.empty((steps, 8))
    raised = np.empty((steps, 8))
    memories = (600 // stride, 60 // stride, 6000 // stride)
    scan.score_columns(
        p,
        0,
        widths,
        constants,
        1.0,
        stride,
        *memories,
        10 // stride,
        60 // stride,
        score,
        top,
        level,
        spread,
        raised,
    )
    for j in range(8):
        theirs, asked = obvious_scores(
            p[:, j], int(widths[j]), 0.15, 4.5, 9.0, stride, *memories, 10, 60 // stride
        )
        assert np.allclose(raised[200 // stride :, j], asked[200 // stride :], rtol=1e-9)
        assert np.allclose(score[:, j], theirs, rtol=1e-9, atol=1e-12)
    assert np.array_equal(top, score.max(axis=1))
    assert score[1500:1540].max() > 1.0
    assert raised.max() > 1.01


def test_change_point_as_the_obvious():
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    x[230:] *= 4.0
    at, likelihood, power = onset.change_point(x, 10, 1.0)
    gains = [
        400 * np.log((x**2).mean())
        - i * np.log((x[:i] ** 2).mean())
        - (400 - i) * np.log((x[i:] ** 2).mean())
        for i in range(10, 391)
    ]
    assert at == 10 + int(np.argmax(gains))
    assert likelihood == pytest.approx(0.5 * max(gains), rel=1e-9)
    assert abs(at - 230) < 5
    assert power > 8.0


def test_onsets_are_found_where_they_were_planted():
    x = planted()
    r = detect.process_station("XX.AAA", [segment(x)], (), Span(START, START + 3 * 3600 * NS))
    times = [(p.time_ns - START) / NS for p in r.picks]
    for s in (3000.0, 7210.0):
        assert min(abs(t - s) for t in times) < 0.25
    assert len(times) <= 3
    assert len(r.noise) == 3 * len(usable_bands(detect.Settings(), RATE))
    assert all(n.up_s > 3500 for n in r.noise)


def test_false_alarms_in_gaussian_noise():
    x = coloured(24 * 3600 * 20, 7)
    r = detect.process_station("XX.AAA", [segment(x)], (), Span(START, START + 86400 * NS))
    assert len(r.picks) <= 3


def test_weak_picks_change_no_detection_and_find_more():
    at = tuple(300.0 + 600.0 * k for k in range(12))
    x = planted(hours=2.1, at=at, size=160.0)
    span = Span(START, START + 2 * 3600 * NS)
    strict = detect.process_station("XX.AAA", [segment(x)], (), span)
    both = detect.process_station(
        "XX.AAA", [segment(x)], (), span, detect.Settings(weak_power=detect.settings.WEAK_POWER)
    )
    assert tuple(p for p in both.picks if not p.weak) == strict.picks
    weak = [p for p in both.picks if p.weak]
    assert weak
    assert all(p.score < 1.0 for p in weak)

    def hits(picks):
        return sum(any(abs((p.time_ns - START) / NS - s) < 1.0 for p in picks) for s in at)

    assert hits(both.picks) > hits(strict.picks)
    assert list(both.picks) == sorted(both.picks, key=lambda p: p.time_ns)


def test_chunks_and_order_do_not_matter():
    x = planted(hours=4.0, at=(3595.0, 7203.0, 11000.0))
    cuts = [0, 12_345, 72_000, 150_001, len(x)]
    whole = [segment(x)]
    pieces = [segment(x[a:b], a / RATE) for a, b in itertools.pairwise(cuts)][::-1]
    span = Span(START, START + 4 * 3600 * NS)
    one = detect.process_station("XX.AAA", whole, (), span)
    two = detect.process_station("XX.AAA", pieces, (), span)
    assert one.picks == two.picks
    assert one.noise == two.noise
    hours = [Span(START + h * 3600 * NS, START + (h + 1) * 3600 * NS) for h in range(4)]
    parts = []
    for h in hours:
        need = detect.needed(h)
        near = [s for s in pieces if s.end_ns > need.start_ns and s.start_ns < need.end_ns]
        parts.append(detect.process_station("XX.AAA", near, (), h))
    assert tuple(p for r in parts for p in r.picks) == one.picks
    assert tuple(n for r in parts for n in r.noise) == one.noise
    weak = detect.Settings(weak_power=0.4)
    faint = planted(hours=4.0, at=tuple(400.0 + 500.0 * k for k in range(27)), size=160.0)
    whole = [segment(faint)]
    pieces = [segment(faint[a:b], a / RATE) for a, b in itertools.pairwise(cuts)][::-1]
    whole_weak = detect.process_station("XX.AAA", whole, (), span, weak).picks
    assert any(p.weak for p in whole_weak)
    halves = [Span(START + k * 1800 * NS, START + (k + 1) * 1800 * NS) for k in range(8)]
    assert (
        tuple(p for s in halves for p in detect.process_station("XX.AAA", pieces, (), s, weak).picks)
        == whole_weak
    )
    whole = [segment(x)]
    tens = [Span(START + k * 600 * NS, START + (k + 1) * 600 * NS) for k in range(24)]
    assert tuple(p for s in tens for p in detect.process_station("XX.AAA", whole, (), s).picks) == one.picks


def test_short_noise_before_the_onset():
    x = planted(hours=0.1, at=(15.0,))
    r = detect.process_station("XX.AAA", [segment(x)], (), Span(START, START + 360 * NS))
    assert abs((r.picks[0].time_ns - START) / NS - 15.0) < 0.25


def test_weak_forerunner_is_picked_first():
    x = planted(hours=0.2, at=(303.0,), size=3000.0).astype(np.float64)
    k = round(300.0 * RATE)
    x[k : k + 80] += 300.0 * wavelet(80, hz=3.0, decay_s=20.0)
    r = detect.process_station(
        "XX.AAA", [segment(np.round(x).astype(np.int32))], (), Span(START, START + 720 * NS)
    )
    assert abs((r.picks[0].time_ns - START) / NS - 300.0) < 0.5


def test_a_weak_p_on_the_vertical_is_picked_ahead_of_what_leads_on_a_horizontal():
    early = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        parts = []
        for channel, weak, strong in (("BHZ", 45.0, 0.0), ("BHN", 0.0, 600.0), ("BHE", 0.0, 420.0)):
            x = rng.normal(size=6000) * 30.0
            x[4000:4600] += weak * wavelet(600, hz=3.0, decay_s=20.0)
            x[4050:4650] += strong * wavelet(600, hz=3.0)
            parts.append(segment(np.round(x).astype(np.int32), channel=channel))
        picks = detect.process_station("XX.AAA", parts, (), Span(START, START + 300 * NS)).picks
        early += picks[0].nslc.channel == "BHZ" and abs((picks[0].time_ns - START) / NS - 200.0) < 0.7
    assert early >= 3  # one of five where only the horizontals were asked


def test_a_glitch_is_no_detection():
    x = coloured(36_000, 2)
    x[18_000:18_004] += np.array([9000, -9000, 7000, -4000], dtype=np.int32)
    r = detect.process_station("XX.AAA", [segment(x)], (), Span(START, START + 1800 * NS))
    assert r.picks == ()


def test_one_horizontal_alone_is_no_detection():
    x = {c: coloured(36_000, k) for k, c in enumerate(("BHZ", "BHN", "BHE"))}
    x["BHN"][18_000:18_600] += np.round(4000 * wavelet(600, hz=4.0)).astype(np.int32)
    span = Span(START, START + 1800 * NS)
    r = detect.process_station("XX.AAA", [segment(v, channel=c) for c, v in x.items()], (), span)
    assert r.picks == ()
    x["BHE"][18_000:18_600] -= np.round(2000 * wavelet(600, hz=4.0)).astype(np.int32)
    r = detect.process_station("XX.AAA", [segment(v, channel=c) for c, v in x.items()], (), span)
    assert [round((p.time_ns - START) / NS) for p in r.picks] == [900]


def test_dead_vertical_falls_back_to_the_other_sensor():
    x = planted(hours=0.5, at=(900.0,))
    dead = np.zeros_like(x)
    r = detect.process_station(
        "XX.AAA",
        [segment(dead, location="00"), segment(x, location="10")],
        (),
        Span(START, START + 1800 * NS),
    )
    assert {p.nslc.location for p in r.picks} == {"10"}
    assert abs((r.picks[0].time_ns - START) / NS - 900.0) < 0.25


def test_gap_makes_no_onset():
    x = planted(hours=0.5, at=(900.0,))
    parts = [segment(x[:10_000]), segment(x[11_000:], 550.0)]
    r = detect.process_station("XX.AAA", parts, (), Span(START, START + 1800 * NS))
    assert len(r.picks) == 1
    assert sum(s.duration_s for s in r.up) == pytest.approx(1750.0)


def test_nothing_in_nothing_out():
    r = detect.process_station("XX.AAA", [], (), Span(START, START + 3600 * NS))
    assert (r.picks, r.noise, r.up) == ((), (), ())
    flat = detect.process_station(
        "XX.AAA", [segment(coloured(20_000, 1), channel="BHN")], (), Span(START, START + 900 * NS)
    )
    assert flat.picks == ()
    assert [f.kind for f in flat.findings] == ["no-vertical"]


@pytest.mark.parametrize("rate", [20.0, 31.25, 40.0, 75.0, 100.0])
def test_bands_follow_the_rate(rate):
    bands = usable_bands(detect.Settings(), rate)
    assert bands[0][0] == 0.5
    assert max(b[1] for b in bands) <= 0.4 * rate


def test_settings_that_mean_nothing():
    with pytest.raises(ConfigurationError):
        detect.Settings(threshold_factor=0.0)
    with pytest.raises(ConfigurationError):
        detect.Settings(block_s=7000)


def test_a_start_asks_more_of_a_detection_than_of_what_follows_it():
    """A score over the threshold but below what is asked: doubtful alone, a detection within LATER_S of a strong one."""

    class Scored:
        bin_s = 0.1

        def __init__(self, rows):
            self.rows = [np.array(r, dtype=float) for r in rows]

        def triggers(self):
            return self.rows

        def asked(self, _row):
            return 1.25

    soon, far = 3000, 200 + round((block.LATER_S + 1.0) / 0.1)
    rows = [
        (10, 12, 0, 1.1, 20),
        (100, 110, 0, 2.0, 200),
        (soon, soon, 0, 1.1, soon + 9),
        (far, far, 0, 1.1, far + 9),
    ]
    sure, doubtful = station._sure(Scored(rows))
    assert [r[0] for r in sure] == [100, soon]
    assert [r[0] for r in doubtful] == [10, far]
    assert all(r[3] == pytest.approx(1.1 / 1.25) for r in doubtful)


def test_a_weak_pick_needs_less_power_where_it_moves_like_p():
    at = tuple(300.0 + 600.0 * k for k in range(24))
    z, n, e = (coloured(round(4.2 * 3600 * RATE), seed).astype(np.float64) for seed in (11, 12, 13))
    for s in at:
        k = round(s * RATE)
        z[k : k + 600] += 95.0 * wavelet(600)
        n[k : k + 600] += 28.0 * wavelet(600)
    whole = [
        segment(np.round(x).astype(np.int32), channel=c) for x, c in ((z, "BHZ"), (n, "BHN"), (e, "BHE"))
    ]
    span = Span(START, START + 4 * 3600 * NS)
    least = detect.settings.WEAK_POWER
    weak = detect.Settings(weak_power=least)

    def hits(picks):
        return sum(any(abs((p.time_ns - START) / NS - s) < 1.0 for p in picks) for s in at)

    three = detect.process_station("XX.AAA", whole, (), span, weak).picks
    assert hits(three) > hits(detect.process_station("XX.AAA", whole[:1], (), span, weak).picks)
    for p in three:
        if not p.weak:
            continue
        vertical = p.nslc.channel == "BHZ" and p.phase_hint == "P"
        assert p.score >= least * (1.0 if vertical else station.ON_HORIZONTALS) - 1e-3 or (
            vertical and p.score >= station.AS_P * least - 1e-3 and p.phase_hint_probability >= station.P_LIKE
        )
