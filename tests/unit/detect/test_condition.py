"""Conditioning: everything doubtful is masked and reported, what is good stays bit for bit."""

import importlib

import numpy as np
import pytest

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.detect import condition

NSLC = Nslc("XX", "AAA", "00", "BHZ")
NS = 10**9
START = 1_500_000_000 * NS


def seg(samples, start_s=0.0, rate=20.0, nslc=NSLC):
    return Segment(nslc=nslc, start_ns=START + round(start_s * NS), sample_rate_hz=rate, samples=samples)


def noise(n, seed=1):
    return np.round(np.random.default_rng(seed).normal(size=n) * 100).astype(np.int32)


def run(*segments):
    return condition(segments, Span(START - NS, START + 10_000 * NS))


def kinds(findings):
    return sorted(f.kind for f in findings)


def test_clean_data_pass_untouched():
    x = noise(4000)
    clean, findings = run(seg(x))
    assert findings == ()
    assert len(clean) == 1
    assert clean[0].samples.dtype == np.int32
    assert np.array_equal(clean[0].samples, x)


def test_pieces_join_whatever_their_order():
    x = noise(4000)
    whole, _ = run(seg(x))
    pieces, _ = run(seg(x[3000:], 150.0), seg(x[:1000]), seg(x[900:3100], 45.0))
    assert len(pieces) == 1
    assert pieces[0].start_ns == whole[0].start_ns
    assert np.array_equal(pieces[0].samples, whole[0].samples)


def test_duplicate_is_reported_and_merged():
    x = noise(1000)
    clean, findings = run(seg(x), seg(x.copy()))
    assert kinds(findings) == ["duplicate"]
    assert len(clean) == 1


def test_contradicting_overlap_is_masked():
    x = noise(4000)
    y = x[2000:].copy()
    y[:100] += 7
    clean, findings = run(seg(x[:2100]), seg(y, 100.0))
    assert "overlap" in kinds(findings)
    assert sum(len(c.samples) for c in clean) == 3900


def test_gap_splits():
    x = noise(4000)
    clean, findings = run(seg(x[:1000]), seg(x[2000:], 100.0))
    assert kinds(findings) == ["gap"]
    assert [len(c.samples) for c in clean] == [1000, 2000]


def test_nan_and_infinity():
    x = noise(4000).astype(np.float64)
    x[1000], x[2000:2010] = np.nan, np.inf
    clean, findings = run(seg(x))
    assert kinds(findings) == ["nan", "nan"]
    assert all(np.isfinite(c.samples).all() for c in clean)
    assert sum(len(c.samples) for c in clean) == 3989


def test_dead_stretch():
    x = noise(4000)
    x[1000:1400] = 5
    clean, findings = run(seg(x))
    assert "dead" in kinds(findings)
    assert sum(len(c.samples) for c in clean) <= 3600


def test_all_dead_leaves_nothing():
    clean, findings = run(seg(np.zeros(4000, dtype=np.int32)))
    assert clean == ()
    assert kinds(findings) == ["dead"]


def test_spike_is_masked_but_an_onset_is_not():
    x = noise(4000)
    x[2000] += 100_000
    clean, findings = run(seg(x))
    assert kinds(findings) == ["spike"]
    assert sum(len(c.samples) for c in clean) == 3997
    y = noise(4000)
    t = np.arange(2000)
    y[2000:] += (50_000 * np.exp(-t / 200) * np.sin(t * 1.3)).astype(np.int32)
    assert run(seg(y))[1] == ()


def test_step_is_masked():
    x = noise(4000)
    x[2000:] += 200_000
    clean, findings = run(seg(x))
    assert "step" in kinds(findings)
    assert len(clean) == 2


def test_clipped_is_flagged_and_kept():
    t = np.arange(4000)
    x = np.clip(
        noise(4000) + 1e5 * np.exp(-(((t - 2000) / 300) ** 2)) * np.sin(t * 0.3), -32768, 32767
    ).astype(np.int32)
    clean, findings = run(seg(x))
    assert kinds(findings) == ["clipped"]
    assert sum(len(c.samples) for c in clean) == 4000


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rate(rate):
    clean, findings = run(seg(noise(100), rate=rate))
    assert clean == ()
    assert kinds(findings) == ["rate"]


def test_other_rate_is_refused():
    clean, findings = run(seg(noise(4000)), seg(noise(200), 300.0, rate=40.0))
    assert kinds(findings) == ["rate"]
    assert len(clean) == 1


def test_empty():
    assert run() == ((), ())
    assert run(seg(np.zeros(0, dtype=np.int32)))[0] == ()


@pytest.mark.parametrize(("cut", "kept"), [(slice(200, 1800), "f"), (slice(0, 1990), "i")])
def test_counts_beside_a_treated_copy(cut, kept):
    x = np.round(np.random.default_rng(1).normal(size=2000) * 100).astype(np.int32)
    name = Nslc("XX", "AAA", "00", "BHZ")
    whole = Segment(nslc=name, start_ns=0, sample_rate_hz=20.0, samples=x + 0.25)
    counts = Segment(nslc=name, start_ns=cut.start * 50_000_000, sample_rate_hz=20.0, samples=x[cut])
    for order in ([whole, counts], [counts, whole]):
        clean, findings = condition(order, Span(0, 100 * 10**9))
        assert [s.samples.dtype.kind for s in clean] == [kept]
        assert [f.kind for f in findings] == ["duplicate"]


def obvious_clipped(x, slope):
    out = np.zeros(len(x), dtype=np.uint8)
    first = 0
    for i in range(1, len(x) + 1):
        if i < len(x) and x[i] == x[first]:
            continue
        if i - first >= 3 and first > 0 and i < len(x):
            left, right = x[first] - x[first - 1], x[first] - x[i]
            out[first:i] = left * right > 0 and max(abs(left), abs(right)) > slope
        first = i
    return out


@pytest.mark.parametrize("seed", range(4))
def test_flat_tops_as_the_obvious(seed):
    rng = np.random.default_rng(seed)
    x = np.clip(np.round(rng.normal(size=2000) * 3 + rng.normal(size=2000).cumsum()), -9, 7)
    out = np.zeros(len(x), dtype=np.uint8)
    module = importlib.import_module("testban.detect.condition")
    module._clipped(x, 1.5, out)
    assert np.array_equal(out, obvious_clipped(x, 1.5))
    assert out.any()
