"""From stations to the network: signed stacking along the master's own moveout, never worse than the best station.

Z = sum_s sqrt(g_s) z_s / sqrt(sum_s g_s), with g_s the matched-filter gain of a station at that moment: the sum that
sees the smallest repeat if all stations see the same relative size (which they do: the path is the same). A noisy
station has a small g and hardly counts. Beside it stands z of the station with the largest gain; the statistic is the
larger of the two, and its noise law is measured as it stands, so that the second trial is paid for. The network can
therefore lose against its best station no more than that trial costs (some 0.1 in z).

Rules: surrogates (the template reversed in time, and with scrambled phases) go through exactly the same arithmetic;
phases come from a fixed mixing function, not from a generator.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import fft as _fft

from testban.base import dmath
from testban.base.dmath import PI
from testban.repeat.correlate import OUT, Part, StationBlock, levelled, part, scaled
from testban.repeat.ground import F64
from testban.repeat.kernels import F32, add_station_
from testban.repeat.template import RATE, Template, TemplateChannel

SPARSE = 64
#: Summed gain over the best station's from which on the sum is worth a second trial: 2.5 % of amplitude.
WORTH_A_TRIAL = 1.05
SURROGATES = ("reversed", "scrambled-1", "scrambled-2", "scrambled-3", "scrambled-4", "scrambled-5")


class Strength(msgspec.Struct, frozen=True, array_like=True):
    """How strongly a repeat of amplitude a (in masters) stands out in the middle of an hour's states.

    A small one is expected at slope * a - offset; a large one less, by the `freedom` of the channels together; root:
    square root of the summed gain. All 0 without data.
    """

    slope: float = 0.0
    offset: float = 0.0
    root: float = 0.0
    freedom: float = 0.0


class NetworkBlock(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The statistic by origin time over one hour (OUT,), NaN without a value, and the number of stations in it."""

    statistic: F64 | F32
    stations: NDArray[Any]
    strength: Strength


def _uniform(seed: int, count: int) -> F64:
    """Fixed numbers in [0, 1): splitmix64 of seed .. seed + count - 1 (Steele, Lea & Flood 2014)."""
    z = np.arange(count, dtype=np.uint64) + np.uint64(seed)
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53


def surrogate(c: TemplateChannel, kind: int) -> F64:
    """Samples of surrogate `kind` of SURROGATES: same length, envelope (forwards or backwards) and spectrum.

    Scrambled: the template over its own running rms keeps its amplitude spectrum but gets random phases, and is
    multiplied by that rms again.
    """
    if kind == 0:
        return np.ascontiguousarray(c.samples[::-1])
    n = len(c.samples)
    flat = levelled(c.samples, np.ones(n, dtype=np.bool_))
    rms = np.where(flat != 0.0, c.samples / np.where(flat != 0.0, flat, 1.0), 0.0)
    size = 1 << (n - 1).bit_length()
    before = _fft.rfft(flat, size)
    amplitude = np.sqrt(before.real * before.real + before.imag * before.imag)
    seed = kind * 1_000_003 + 7919 * sum(map(ord, c.station + c.component)) + round(100.0 * c.band[0])
    angle = 2.0 * PI * _uniform(seed * 65_537, len(before))
    after = np.empty(len(before), dtype=np.complex128)
    after.real, after.imag = amplitude * dmath.cos(angle), amplitude * dmath.sin(angle)
    out = np.asarray(_fft.irfft(after, size)[:n] * rms, dtype=np.float64)
    return out * math.sqrt(float(np.sum(c.samples * c.samples)) / float(np.sum(out * out)))


class Prepared:
    """A template ready for the scan: its channels and its surrogates, by station. keep: the surrogates' transforms too."""

    def __init__(self, template: Template, surrogates: int = len(SURROGATES), keep: bool = True) -> None:
        self.template = template
        self.longest_s = max(len(c.samples) for c in template.channels) / RATE
        self.parts: dict[str, list[Part]] = {}
        for station in template.stations:
            own = template.of(station)
            kinds = [[c.samples for c in own], *([surrogate(c, k) for c in own] for k in range(surrogates))]
            self.parts[station] = [part(own, waves, keep or k == 0) for k, waves in enumerate(kinds)]


def network(stations: Sequence[StationBlock], strength: bool = True) -> NetworkBlock:
    """The statistic of one hour of origin time from its stations. strength: work out the hour's strength too."""
    if len(stations) == 1:
        (only,) = stations
        said = _strength(stations, only.gain, 0.0, 1.0) if strength else Strength()
        return NetworkBlock(statistic=only.z, stations=only.gain > 0.0, strength=said)
    top, gain, most, count = np.zeros(OUT), np.zeros(OUT), np.zeros(OUT), np.zeros(OUT)
    best = np.full(OUT, np.nan)
    for s in stations:
        add_station_(s.z, s.gain, top, gain, most, best, count)
    out = np.full(OUT, np.nan)
    some = gain > 0.0
    out[some] = top[some] / np.sqrt(gain[some])
    middle, spread = 0.0, 1.0
    if bool((count > 1.0).any()):
        stacked = out.astype(np.float32)
        middle, spread = scaled(stacked)
        out = np.where(gain > WORTH_A_TRIAL * most, np.fmax(stacked, best), best)
    said = _strength(stations, gain, middle, spread) if strength else Strength()
    return NetworkBlock(statistic=out, stations=count, strength=said)


def _strength(stations: Sequence[StationBlock], gain: F64 | F32, middle: float, spread: float) -> Strength:
    """Middle of the hour's states; every `SPARSE`th sample is enough for a median of what changes slowly."""
    keep = SPARSE * np.flatnonzero(gain[::SPARSE] > 0.0)
    if len(keep) == 0:
        return Strength()
    lift, drop, narrow = np.zeros(len(keep)), np.zeros(len(keep)), np.zeros(len(keep))
    for s in stations:
        g = s.gain[keep].astype(np.float64)
        lift += g / s.spread
        drop += np.sqrt(g) * s.middle / s.spread
        narrow += g * g / s.freedom
    g = gain[keep].astype(np.float64)
    root = np.sqrt(g)
    return Strength(
        _middle(lift / root) / spread, (_middle(drop / root) + middle) / spread, _middle(root), _middle(g * g / narrow)
    )  # fmt: skip


def _middle(values: F64) -> float:
    """Upper median."""
    k = len(values) // 2
    return float(np.partition(values, k)[k])


def log_tail(z: float) -> float:
    """-ln of the upper tail of the standard normal law beyond z; exact to 1e-3 far out."""
    from testban.base.dmath import log_, normal_cdf_

    if z < 6.0:
        return -log_(normal_cdf_(-z))
    q = 1.0 / (z * z)
    return 0.5 * z * z + log_(z * math.sqrt(2.0 * PI)) - log_(1.0 - q + 3.0 * q * q - 15.0 * q * q * q)
