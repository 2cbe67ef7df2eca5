"""Later phases: S that grows out of the coda of P, and a much stronger arrival in a running detection."""

import numpy as np
from test_detector import NS, RATE, START, coloured, segment

from testban import detect
from testban.base.spans import Span
from testban.detect import later

SPAN = Span(START, START + 1800 * NS)


def burst(n, seed, rise_s, decay_s, hz=2.0):
    """Random motion around `hz` that grows over rise_s and then decays."""
    t = np.arange(n) / RATE
    rng = np.random.default_rng(seed)
    x = np.convolve(rng.normal(size=n), np.sin(2 * np.pi * hz * np.arange(10) / RATE), mode="same")
    return x * np.minimum(1.0, t / rise_s) * np.exp(-np.maximum(0.0, t - rise_s) / decay_s)


def recording(s_size, p_size=300.0):
    out = []
    for k, c in enumerate(("BHZ", "BHN", "BHE")):
        x = coloured(round(1800 * RATE), 10 + k).astype(np.float64)
        at = round(900 * RATE)
        x[at : at + 3000] += p_size * (1.0, 0.5, 0.5)[k] * burst(3000, k, 0.1, 25.0)
        at = round(940 * RATE)
        x[at : at + 3000] += s_size * (0.6, 1.0, 0.8)[k] * burst(3000, 20 + k, 2.0, 25.0)
        out.append(segment(np.round(x).astype(np.int32), channel=c))
    return out


def seconds(result):
    return [((p.time_ns - START) / NS, p.phase_hint) for p in result.picks]


def test_s_in_the_coda_of_p_is_picked():
    got = seconds(detect.process_station("XX.AAA", recording(250.0), (), SPAN))
    assert [hint for _, hint in got] == ["P", "S"]
    assert abs(got[0][0] - 900.0) < 0.6
    assert abs(got[1][0] - 940.0) < 3.0


def test_a_coda_alone_has_no_s():
    got = seconds(detect.process_station("XX.AAA", recording(0.0), (), SPAN))
    assert len(got) == 1


def test_s_does_not_depend_on_where_the_hours_are_cut():
    whole = detect.process_station("XX.AAA", recording(250.0), (), SPAN).picks
    parts = [Span(START + k * 300 * NS, START + (k + 1) * 300 * NS) for k in range(10)]
    cut = [p for s in parts for p in detect.process_station("XX.AAA", recording(250.0), (), s).picks]
    assert tuple(cut) == whole
    assert [p.time_ns for p in whole] == sorted(p.time_ns for p in whole)


def test_main_shock_in_the_coda_of_its_foreshock():
    x = coloured(round(1800 * RATE), 5).astype(np.float64)
    for at, size in ((900.0, 200.0), (906.0, 6000.0)):
        k = round(at * RATE)
        x[k : k + 3000] += size * burst(3000, k, 0.1, 20.0)
    picks = detect.process_station("XX.AAA", [segment(np.round(x).astype(np.int32))], (), SPAN).picks
    times = [(p.time_ns - START) / NS for p in picks]
    assert len(times) == 2
    assert abs(times[0] - 900.0) < 0.5
    assert abs(times[1] - 906.0) < 0.5


def test_the_error_of_an_s_near_its_p_holds_its_slow_rise():
    late = []
    for seed in range(5):
        parts = []
        for k, c in enumerate(("BHZ", "BHN", "BHE")):
            x = coloured(round(1800 * RATE), 10 * seed + k).astype(np.float64)
            at = round(900 * RATE)
            x[at : at + 3000] += 300.0 * (1.0, 0.5, 0.5)[k] * burst(3000, seed + k, 0.1, 8.0)
            at = round(914 * RATE)
            x[at : at + 3000] += 250.0 * (0.4, 1.0, 0.8)[k] * burst(3000, 20 + seed + k, 4.0, 25.0)
            parts.append(segment(np.round(x).astype(np.int32), channel=c))
        picks = detect.process_station("XX.AAA", parts, (), SPAN).picks
        grown = [p for p in picks if p.phase_hint_probability == later.PROBABILITY]
        late += [((p.time_ns - START) / NS - 914.0) / p.time_sigma_s for p in grown]
    assert len(late) >= 3
    assert all(abs(u) < 1.5 for u in late)
