"""How unusual what comes behind a P is, second by second: what a reflection above a deep source is looked for in.

Rules: power over the level just before it (never below the noise ahead of P), the largest of three bands; its rank among all the seconds behind this P, so that coda, weather and the shape of the noise need no model. The beam of
an array is steered to the predicted slowness. Cut on absolute times, so that what else was read does not matter.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.detect import elements, steering
from testban.detect.condition import condition
from testban.detect.sensor import is_vertical
from testban.detect.settings import Band
from testban.signal import filters

F64 = NDArray[np.float64]
NS = 10**9

AHEAD_S, BEHIND_S = 100.0, 232.0  # sP of a source at 700 km comes 200 s behind P
BANDS: tuple[Band, ...] = ((0.8, 2.0), (1.0, 3.0), (2.0, 4.0))
STEP_S = 0.1
SHORT_S = 1.5  # mean power of what may be a reflection
LEVEL_S = 12.0  # ... over the mean of so long before it
TOLERANCE_S = 1.2  # a reflection may be so early or late: the largest within counts
FIRST_S = 6.0  # P itself
NOISE_S, GUARD_S, LEAST_NOISE_S, LEAST_BEHIND_S = 60.0, 2.0, 15.0, 60.0
SETTLE_S = 5.0  # of the filters
PRIOR = 10.0  # ranks that are added at both ends
QUANTUM = 10_000  # shares are kept in steps of 1e-4


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """What a station recorded behind a P. shares: little-endian unsigned 16-bit, in 1e-4.

    The i-th is the share of all times behind this P at which more comes in than at FIRST_S + i * step_s.
    """

    station_key: str
    pick_id: str
    step_s: float
    shares: bytes

    def share(self) -> F64:
        """The shares as numbers."""
        return np.frombuffer(self.shares, dtype="<u2").astype(np.float64) / QUANTUM


def needed(onset_ns: int) -> Span:
    """Which samples `behind` wants."""
    return Span(onset_ns - round((AHEAD_S + 20.0) * NS), onset_ns + round((BEHIND_S + 20.0) * NS))


def behind(
    station_key: str, pick_id: str, segments: Sequence[Segment], channels: Sequence[Channel], onset_ns: int,
    slowness: tuple[float, float] | None,
) -> Behind | None:  # fmt: skip
    """The shares behind a P at onset_ns; None where the recording does not hold enough.

    slowness: east and north (s/deg, direction of travel to the source) of the beam of an array, None for a single station.
    """
    clean, _ = condition(segments, needed(onset_ns))
    if slowness is None:
        beam = [s for s in clean if is_vertical(s.nslc, channels)]
    else:
        beam = _beam(clean, channels, onset_ns, slowness)
    at = onset_ns + round((FIRST_S + LEAST_BEHIND_S) * NS)
    whole = [
        s for s in beam if s.start_ns <= onset_ns - round((LEAST_NOISE_S + SETTLE_S) * NS) and s.end_ns >= at
    ]
    if not whole:
        return None
    best = min(whole, key=lambda s: (-s.sample_rate_hz * (s.end_ns - s.start_ns), s.nslc))
    bands = [b for b in BANDS if b[1] <= 0.4 * best.sample_rate_hz]
    share, step = _shares(best, onset_ns, bands) if bands else (np.empty(0), 0.0)
    if not share.size:
        return None
    kept = np.minimum(np.rint(share * QUANTUM), QUANTUM).astype("<u2").tobytes()
    return Behind(station_key=station_key, pick_id=pick_id, step_s=step, shares=kept)


def _beam(
    clean: Sequence[Segment], channels: Sequence[Channel], onset_ns: int, slowness: tuple[float, float]
) -> list[Segment]:
    by_channel: dict[Nslc, list[Segment]] = {}
    for s in clean:
        by_channel.setdefault(s.nslc, []).append(s)
    e = elements.gather(by_channel, channels, needed(onset_ns), [])
    if e is None:
        return []
    return steering.beam(e, *slowness, e.first, e.first + e.samples.shape[1])


def _shares(s: Segment, onset_ns: int, bands: Sequence[Band]) -> tuple[F64, float]:
    """Shares from FIRST_S behind the onset, and their step in s; an empty array where nothing moves."""
    rate = s.sample_rate_hz
    width = max(1, round(STEP_S * rate))
    step = width / rate
    onset = (onset_ns - s.start_ns) * rate / 1e9
    lead = min(math.floor(onset / width), round(AHEAD_S / step))  # bins ahead of the onset
    a = math.floor(onset) - lead * width
    b = min(len(s.samples), math.floor(onset) + round(BEHIND_S * rate))
    x = s.samples[a:b].astype(np.float64)
    x = x - float(np.median(x))
    ratios = []
    for low, high in bands:
        y = filters.bandpass(x, low, high, rate)
        m = y.size // width
        power = np.sum((y * y)[: m * width].reshape(m, width), axis=1)
        noise = float(
            np.mean(
                power[
                    max(lead - round(NOISE_S / step), round(SETTLE_S / step)) : lead - round(GUARD_S / step)
                ]
            )
        )
        if noise > 0.0:
            ratios.append(_raised(power, lead, noise, step))
    return (_ranked(np.max(ratios, axis=0), step) if ratios else np.empty(0)), step


def _raised(power: F64, lead: int, noise: float, step: float) -> F64:
    """Power over the level before it, from FIRST_S less TOLERANCE_S behind the onset."""
    short, level, gap = round(SHORT_S / step), round(LEVEL_S / step), round(0.5 / step)
    total = np.concatenate([[0.0], np.cumsum(power)])
    at = np.arange(lead + round(FIRST_S / step) - round(TOLERANCE_S / step), power.size - short)
    before = (total[at - gap] - total[at - gap - level]) / level
    return np.asarray((total[at + short] - total[at]) / short / np.maximum(before, noise))


def _ranked(ratio: F64, step: float) -> F64:
    """Share of the times at which the largest ratio within TOLERANCE_S is as large."""
    reach = round(TOLERANCE_S / step)
    largest = np.lib.stride_tricks.sliding_window_view(ratio, 2 * reach + 1).max(axis=1)
    above = largest.size - np.searchsorted(np.sort(largest), largest, side="left")
    return np.asarray((above + PRIOR) / (largest.size + 2.0 * PRIOR))
