"""Settings of station processing, one set for every station.

Rules: every field is documented; a setting without meaning raises ConfigurationError; lengths of processing blocks
are on the absolute UTC grid, so they are part of the result's identity.
"""

import functools
import math

import msgspec

from testban.base.dmath import normal_cdf_
from testban.base.errors import ConfigurationError

Band = tuple[float, float]

#: Share of the detection threshold (a power ratio) from which on the main job asks for weak picks.
WEAK_POWER = 0.4

#: Candidate bands in Hz: overlapping octaves and a half, of which the sample rate allows those up to 0.8 of Nyquist.
BANDS: tuple[Band, ...] = (
    (0.5, 1.5),
    (0.8, 2.0),
    (1.0, 3.0),
    (2.0, 4.0),
    (3.0, 6.0),
    (4.0, 8.0),
    (6.0, 12.0),
    (8.0, 16.0),
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a station is processed.

    false_alarms_per_day: stated false-alarm rate per station-day, before confirmation, over all bands together.
    threshold_factor: multiplies the detection threshold (a power ratio), for tests of robustness.
    bands_hz: candidate bands; the usable ones (below 0.8 of Nyquist) are taken. filter_order: Butterworth order.
    bin_s: length of a power bin. level_s: how often the noise level follows. noise_s: memory of the noise level; coda_s: memory of the level that follows a
    coda; tail_memory_s: memory of how wild the noise is beyond its scatter. start_s: least noise before anything may be detected. min_separation_s: two onsets nearer are one.
    block_s: absolute processing block (an hour; divides a day); lead_s, tail_s: what a block reads before and after.
    weak_power: share of the threshold (a power ratio) from which on a trigger is given as a weak pick; 1: none is.
    search_s: how far before a trigger the first arrival is looked for. min_snr: least peak over noise rms in the onset's band.
    """

    false_alarms_per_day: float = 0.2
    threshold_factor: float = 1.0
    weak_power: float = 1.0
    bands_hz: tuple[Band, ...] = BANDS
    filter_order: int = 3
    bin_s: float = 0.1
    level_s: float = 0.5
    noise_s: float = 60.0
    coda_s: float = 6.0
    tail_memory_s: float = 600.0
    start_s: float = 6.0
    min_separation_s: float = 2.0
    block_s: int = 3600
    lead_s: int = 600
    tail_s: int = 120
    search_s: float = 20.0
    min_snr: float = 2.5

    def __post_init__(self) -> None:
        positive = (
            self.false_alarms_per_day,
            self.threshold_factor,
            self.bin_s,
            self.level_s,
            self.noise_s,
            self.coda_s,
        )
        if not all(0.0 < v < math.inf for v in positive):
            raise ConfigurationError(f"expected positive detection settings, got {positive}; correct them")
        if not 0.3 <= self.weak_power <= 1.0:
            raise ConfigurationError(f"expected weak_power within 0.3..1, got {self.weak_power}; correct it")
        if self.block_s <= 0 or 86400 % self.block_s or self.lead_s < 0 or self.tail_s < 0:
            raise ConfigurationError(
                f"expected block_s that divides a day and lead and tail >= 0, got {self.block_s}, {self.lead_s}, "
                f"{self.tail_s}; correct them"
            )


def usable_bands(settings: Settings, rate_hz: float) -> tuple[Band, ...]:
    """The bands that the sample rate allows: up to 0.8 of Nyquist; the highest is cut there if wide enough."""
    top = 0.4 * rate_hz
    out = [b for b in settings.bands_hz if b[1] <= top]
    for low, high in settings.bands_hz:
        if high > top >= 1.5 * low:
            out.append((low, top))
            break
    return tuple(out)


def window_s(band: Band) -> float:
    """Length of the short-term average: three over the bandwidth, within 1..3 s."""
    return min(3.0, max(1.0, 3.0 / (band[1] - band[0])))


@functools.cache
def normal_quantile(p: float) -> float:
    """The z that a standard normal exceeds with probability p (bisection on `normal_cdf_`)."""
    lo, hi = -10.0, 30.0
    for _ in range(80):
        mid = 0.5 * (lo + hi)
        if normal_cdf_(-mid) > p:
            lo = mid
        else:
            hi = mid
    return lo
