"""The true SNR of simulated arrivals as a monitoring system states it: short-term over long-term average of a beam.

Definition: mean absolute value of the band-passed beam over one second, the largest in the seconds after the onset, over
its mean absolute value in the 60 s before; largest over the bands. This is the SNR of the IDC's station processing and of
its analysts' tool (geotool, `FKParam::getSnr`; windows of 1 and 60 s and a least SNR of 4 are
its defaults; `libdetect/standard_snr.c` has the same with squares and a root). Measured on the arrival alone in the noise
that its channels have, as drawn: no other event, no gap, no glitch; an array is steered with the true slowness.
"""

import numpy as np
from numpy.typing import NDArray

from testban.base.times import NS_PER_S
from testban.signal import beams, filters
from testban.simulate import Recorder, World
from testban.simulate.network import Post
from testban.simulate.recordings import _add, _index
from testban.simulate.render import Arriving
from testban.simulate.world import BANDS_HZ

STA_S, LTA_S = 1.0, 60.0
REACH_S = 5.0  # so long after the onset may the second begin
SETTLE_S = 20.0  # for the filters
LEAST = 1.5  # peak over rms below which nothing reaches the ratios that are asked about: not worked out

Floats = NDArray[np.float64]


def sta_over_lta(x: Floats, onset: int, rate_hz: float) -> float:
    """The largest ratio over the bands; x: beam, shape (n,); onset: its sample."""
    best = 0.0
    sta, lta = round(STA_S * rate_hz), round(LTA_S * rate_hz)
    for low, high in BANDS_HZ:
        y = np.abs(filters.bandpass(x, low, high, rate_hz))
        level = float(np.mean(y[onset - lta : onset]))
        total = np.cumsum(np.concatenate([[0.0], y]))
        at = np.arange(onset, min(onset + round(REACH_S * rate_hz), y.size - sta) + 1)
        best = max(best, float(np.max(total[at + sta] - total[at])) / sta / level)
    return best


def arrival(recorder: Recorder, post: Post, a: Arriving) -> float:
    """STA/LTA of one arrival in its station's noise, on the vertical or the steered beam."""
    parts = recorder.renderer.counts(post, a)
    total: Floats | None = None
    onset, rate = 0, 0.0
    vertical = [r for r in post.receivers if r.component == "Z"]
    elements = [r for r in vertical if r.east_km or r.north_km] or vertical
    for r in sorted(elements, key=lambda r: r.nslc):
        rate = r.instrument.rate_hz
        first = _index(a.stamp_ns - round((LTA_S + SETTLE_S) * NS_PER_S), rate)
        stop = _index(a.stamp_ns + round((REACH_S + STA_S + 2.0) * NS_PER_S), rate)
        x = recorder.noise.samples(post, r, first, stop - first)
        _add(x, first, *parts[str(r.nslc)])
        delay = recorder.renderer._delay(a, r) if r.east_km or r.north_km else 0.0
        x = beams.advance(x, delay, rate)
        total = x if total is None else total + x
        onset = _index(a.stamp_ns, rate) - first
    return 0.0 if total is None else sta_over_lta(total, onset, rate)


def ratios(world: World, phases: tuple[str, ...]) -> dict[tuple[str, str, int], float]:
    """STA/LTA of the arrivals of these phases: (station key of the world, phase, true time ns) to the ratio."""
    recorder = Recorder(world)
    out = {}
    for post in world.posts:
        for a in world.arrivals(post.key):
            if a.phase in phases and a.snr >= LEAST:
                out[(post.key, a.phase, a.time_ns)] = arrival(recorder, post, a)
    return out
