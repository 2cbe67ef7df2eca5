"""Bin powers, noise levels and scores of one sensor in one processing block.

Rules: bins stand on the absolute sample grid; each run between gaps is filtered by itself, led in by an odd
extension, and its first periods do not count; NaN marks bins without data.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import log_
from testban.base.spans import Span
from testban.detect import scan
from testban.detect.sensor import Sensor, Trace
from testban.detect.settings import Band, Settings, normal_quantile, usable_bands, window_s
from testban.signal import filters

F64 = NDArray[np.float64]
SETTLE_PERIODS = 2.0  # of the low corner: bins after a run's start that do not count
OFF = 0.72  # a trigger ends; scores are fourth roots of power over threshold
STRONG = 1.4  # after such a score later phases are likely
LATER = 0.78  # and this is enough on the horizontals
LATER_S = 300.0  # for so long: S is that far behind P at 25 degrees
WEAK_BEFORE_S, WEAK_AFTER_S = 3.0, 10.0  # around a detection nothing weak is looked for
ROUNDING = 1.0 / 12.0  # power of rounding to counts, white to Nyquist: no level is lower


class Block:
    """Bin powers, levels and scores of one sensor in one block, shape (bins, columns).

    Columns: bands of the vertical filled up to a multiple of eight (`lanes`) by the last band again, which never
    scores; then the same of the horizontals.
    """

    def __init__(self, sensor: Sensor, window: Span, settings: Settings) -> None:
        self.sensor, self.settings, self.window = sensor, settings, window
        rate = sensor.vertical.rate_hz
        self.rate = rate
        self.bands = usable_bands(settings, rate)
        self.width = max(1, math.floor(rate * settings.bin_s + 0.5))
        self.bin_s = self.width / rate
        first = -(-min(t.runs[0].first for t in self._traces()) // self.width) * self.width
        last = max(t.runs[-1].first + len(t.runs[-1].samples) for t in self._traces())
        self.first, self.bins = first, max(0, (last - first) // self.width)
        self.lanes = -(-len(self.bands) // filters.LANES) * filters.LANES
        self.groups = 2 if sensor.horizontals else 1
        self.power = np.zeros((self.bins, self.groups * self.lanes))
        self._fill()
        self.scores = np.zeros_like(self.power)
        self.top = np.zeros(self.bins)
        self.stride = max(1, round(settings.level_s / self.bin_s))
        self.levels = np.empty((-(-self.bins // self.stride), self.groups * self.lanes))
        self.spreads = np.empty_like(self.levels)
        self.raised_scores = np.ones_like(self.levels)
        self._score()

    def _traces(self) -> tuple[Trace, ...]:
        return (self.sensor.vertical, *self.sensor.horizontals)

    def _fill(self) -> None:
        n = len(self.bands)
        if not n or not self.bins:
            return
        bands = self._lane_bands()
        a, gain = filters.bank(bands, self.settings.filter_order, self.rate)
        for group, members in enumerate(((self.sensor.vertical,), self.sensor.horizontals)):
            for t in members:
                floor = np.array([ROUNDING * (high - low) / (0.5 * self.rate) for low, high in bands])
                self._powers(t, a, gain, floor if t.counts else np.zeros(self.lanes), group * self.lanes)

    def _lane_bands(self) -> tuple[Band, ...]:
        return self.bands + (self.bands[-1],) * (self.lanes - len(self.bands))

    def _powers(self, t: Trace, a: F64, gain: F64, floor: F64, column: int) -> None:
        """Add the bin powers of one trace to the columns from `column` on; NaN where it has none."""
        own = self.power[:, column : column + self.lanes]
        settle = [math.ceil(SETTLE_PERIODS / low / self.bin_s) for low, _ in self._lane_bands()]
        empty = 0
        for run in t.runs:
            lead = filters.odd_extension(run.samples, math.ceil(3.0 * self.rate / self.bands[0][0]))
            begin = -(-run.first // self.width) * self.width
            at = (begin - self.first) // self.width
            bins = min(self.bins - at, (run.first + len(run.samples) - begin) // self.width)
            if bins <= 0:
                continue
            filters.bin_powers(
                lead, run.samples, begin - run.first, self.width, a, gain, floor, at, bins, column, self.power
            )
            own[empty:at] = np.nan
            for j in range(self.lanes):
                own[at : at + min(bins, settle[j]), j] = np.nan
            empty = at + bins
        own[empty:] = np.nan

    def _score(self) -> None:
        s, bands = self.settings, self._lane_bands()
        if not self.bands:
            return
        widths = np.array([max(1, round(window_s(band) / self.bin_s)) for band in bands])
        constants = np.empty((3, self.lanes))
        step = self.stride * self.bin_s
        for group in range(self.groups):
            for j, (low, high) in enumerate(bands):
                freedom = 2.0 * (high - low) * widths[j] * self.bin_s * (1.0 if group == 0 else 1.5)
                tests = 86400.0 / (widths[j] * self.bin_s) * len(self.bands) * self.groups
                z = normal_quantile(s.false_alarms_per_day / tests)
                depth = log_(0.02275 * tests / s.false_alarms_per_day)
                constants[:, j] = math.sqrt(1.0 / (8.0 * freedom)), z, depth
            for base in range(0, self.lanes, filters.LANES):
                scan.score_columns(
                    self.power, group * self.lanes + base, widths[base : base + filters.LANES],
                    np.ascontiguousarray(constants[:, base : base + filters.LANES]), math.sqrt(math.sqrt(s.threshold_factor)),
                    self.stride, max(1, round(s.noise_s / step)), max(1, round(s.coda_s / step)),
                    max(1, round(s.tail_memory_s / step)), round(1.0 / step), round(s.start_s / step),
                    self.scores, self.top, self.levels, self.spreads, self.raised_scores,
                )  # fmt: skip
            self.scores[:, group * self.lanes + len(self.bands) : (group + 1) * self.lanes] = 0.0

    def weak_triggers(self, taken: Sequence[F64], share: float) -> list[F64]:
        """Rows as of `triggers` for what reaches only the score `share`, apart from the rows `taken`."""
        scores, top = self.scores / share, self.top / share
        for row in taken:
            lo = max(0, int(row[0]) - round(WEAK_BEFORE_S / self.bin_s))
            hi = int(row[4]) + round(WEAK_AFTER_S / self.bin_s)
            scores[lo:hi], top[lo:hi] = 0.0, 0.0
        out = np.zeros((2000, 5))
        n = scan.triggers(scores, top, self.lanes, OFF / share, STRONG, 1.0, 0, out)
        out[:n, 3] *= share
        rows = []
        for row in out[:n]:
            row[3] /= self.asked(row)
            if row[3] >= share:
                rows.append(row)
        return rows

    def triggers(self) -> F64:
        """Rows (on bin, peak bin, peak column, peak score, off bin)."""
        out = np.zeros((2000, 5))
        later = LATER if len(self.sensor.horizontals) == 2 else 1.0
        memory = round(LATER_S / self.bin_s)
        return out[: scan.triggers(self.scores, self.top, self.lanes, OFF, STRONG, later, memory, out)]

    def asked(self, row: F64) -> float:
        """The score that is asked of a trigger: 1, more near the start of a record (`scan.START_WEIGHT`)."""
        return float(self.raised_scores[int(row[1]) // self.stride, int(row[2])])

    def noise(self, column: int, at: int) -> tuple[float, float]:
        """Power of what an onset at bin `at` has to leave, and its scatter (of fourth roots of short windows)."""
        i = max(0, min(self.bins - 1, at)) // self.stride
        return float(self.levels[i, column]) ** 4, float(self.spreads[i, column])

    def raised(self, column: int, at: int, bins: int, sigmas: float) -> float:
        """The power that a mean over `bins` exceeds only when it is `sigmas` above the noise at bin `at`."""
        power, spread = self.noise(column, at)
        low, high = self.band(column)
        short = max(1.0, round(window_s((low, high)) / self.bin_s))
        grow = 1.0 + sigmas * spread * math.sqrt(max(0.25, short / bins))
        return power * (grow * grow) * (grow * grow)

    def band(self, column: int) -> Band:
        """The band of a column."""
        return self.bands[min(column % self.lanes, len(self.bands) - 1)]

    def columns(self) -> list[int]:
        """Columns that are not filling."""
        return [g * self.lanes + j for g in range(self.groups) for j in range(len(self.bands))]

    def bin_of(self, sample: float) -> int:
        """The bin that holds a sample number."""
        return math.floor((sample - self.first) / self.width)
