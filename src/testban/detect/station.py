"""Station processing: from the segments of one station to picks, noise hours, findings and up-time.

Rules: work is done in blocks on the absolute UTC grid, each with a fixed lead-in and tail, and a pick belongs to the
block that holds its onset; so neither the length of the span asked for nor where the recording was cut changes a
result, provided that the segments cover `needed(span)`. Numbers leave as quanta (1 ms).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, NoiseHour, Pick, Segment, StationResult
from testban.base.spans import Span, intersect, normalise
from testban.detect import amplitude, onset, scan
from testban.detect.condition import condition
from testban.detect.sensor import Sensor, Trace, choose, trace
from testban.detect.settings import Band, Settings, normal_quantile, usable_bands, window_s
from testban.signal import filters

F64 = NDArray[np.float64]
NS = 10**9
SETTLE_PERIODS = 2.0  # of the low corner: bins after a run's start that do not count


def needed(span: Span, settings: Settings | None = None) -> Span:
    """The span whose samples `process_station` wants for the picks of `span`."""
    s = settings or Settings()
    block = s.block_s * NS
    start = span.start_ns // block * block
    end = -(-span.end_ns // block) * block
    return Span(start - s.lead_s * NS, end + s.tail_s * NS)


class Block:
    """Bin powers, levels and scores of one sensor in one block. Columns: bands of the vertical, then horizontals."""

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
        groups = 2 if sensor.horizontals else 1
        self.power = np.full((groups * len(self.bands), self.bins), np.nan)
        self._fill()
        self.scores = np.zeros_like(self.power)
        self.levels = np.full_like(self.power, np.nan)
        self._score()

    def _traces(self) -> tuple[Trace, ...]:
        return (self.sensor.vertical, *self.sensor.horizontals)

    def _fill(self) -> None:
        n = len(self.bands)
        if not n or not self.bins:
            return
        a, gain = filters.bank(self.bands, self.settings.filter_order, self.rate)
        for group, members in enumerate(((self.sensor.vertical,), self.sensor.horizontals)):
            if not members:
                continue
            total = np.zeros((self.bins, n))
            for t in members:
                total += self._powers(t, a, gain)
            self.power[group * n : (group + 1) * n] = total.T

    def _powers(self, t: Trace, a: F64, gain: F64) -> F64:
        out = np.full((self.bins, len(self.bands)), np.nan)
        for run in t.runs:
            lead = filters.odd_extension(run.samples, math.ceil(3.0 * self.rate / self.bands[0][0]))
            begin = -(-run.first // self.width) * self.width
            skip = begin - run.first
            bins = (len(run.samples) - skip) // self.width
            if bins <= 0:
                continue
            x = np.concatenate([lead, run.samples]) - run.samples[0]
            part = np.zeros((bins, len(self.bands)))
            filters.bin_powers(x, len(lead) + skip, self.width, a, gain, part)
            for j, (low, _) in enumerate(self.bands):
                part[: math.ceil(SETTLE_PERIODS / low / self.bin_s), j] = np.nan
            at = (begin - self.first) // self.width
            out[at : at + bins] = part[: self.bins - at]
        return out

    def _score(self) -> None:
        s, n = self.settings, len(self.bands)
        y = np.empty(self.bins)
        for column in range(len(self.power)):
            band = self.bands[column % n]
            width = max(1, round(window_s(band) / self.bin_s))
            freedom = 2.0 * (band[1] - band[0]) * width * self.bin_s * (1.0 if column < n else 1.5)
            tests = 86400.0 / (width * self.bin_s) * len(self.power)
            z = normal_quantile(s.false_alarms_per_day / tests)
            scan.moving_root(self.power[column], width, y)
            scan.score_column(
                y, width, math.sqrt(1.0 / (8.0 * freedom)), z, math.sqrt(math.sqrt(s.threshold_factor)),
                max(1, round(s.noise_s / self.bin_s)), max(1, round(s.coda_s / self.bin_s)),
                width + round(1.0 / self.bin_s), round(s.start_s / self.bin_s), self.scores[column], self.levels[column],
            )  # fmt: skip

    def triggers(self) -> F64:
        """Rows (on bin, peak bin, peak column, peak score, off bin)."""
        out = np.zeros((2000, 5))
        return out[: scan.triggers(self.scores, 0.8, out)]


def _onset(block: Block, row: F64, after: float) -> tuple[float, Band, float, Trace] | None:
    """(sample number, band, snr, trace) of the first arrival behind a trigger; not before sample `after`."""
    s, n = block.settings, len(block.bands)
    on = int(row[0])
    horizontal = int(row[2]) >= n
    columns = range(n, 2 * n) if horizontal else range(n)
    # the earliest departure from noise in any band that takes part in this detection
    earliest, limit = on, round(s.search_s / block.bin_s)
    floor = max(0, math.ceil((after - block.first) / block.width))
    best, best_snr = int(row[2]), 0.0
    stop = min(block.bins, max(int(row[1]), on) + round(1.0 / block.bin_s) + 1)
    for c in columns:
        level = block.levels[c, on]
        if not level > 0.0:
            continue
        noise = level**4
        peak = block.power[c, max(0, on - round(1.0 / block.bin_s)) : stop]
        top = float(np.nanmax(peak)) / noise if np.isfinite(peak).any() else 0.0
        if top > best_snr:
            best, best_snr = c, top
        if block.scores[c, on:stop].max(initial=0.0) < 0.9:
            continue
        width = max(2, round(0.5 / block.bin_s))
        band = block.bands[c % n]
        high = 1.0 + 3.3 * math.sqrt(2.0 / (2.0 * (band[1] - band[0]) * width * block.bin_s))
        left = onset.leave_noise(
            block.power[c], noise, on, min(limit, on - floor), width, high, round(1.0 / block.bin_s)
        )
        earliest = min(earliest, left)
    earliest = max(earliest, floor)
    band = block.bands[best % n]
    traces = block.sensor.horizontals if horizontal else (block.sensor.vertical,)
    centre = block.first + earliest * block.width
    end = block.first + max(on, earliest + round(1.5 / block.bin_s)) * block.width
    found: tuple[float, Band, float, Trace] | None = None
    for t in traces:
        got = _refine(t, centre, end, band, after, block.rate)
        if got is not None and (found is None or got[1] > found[2]):
            found = (got[0], band, got[1], t)
    return found


def _refine(
    t: Trace, centre: float, end: float, band: Band, after: float, rate: float
) -> tuple[float, float] | None:
    """AIC between 6 s before `centre` and shortly after: (sample number, snr)."""
    run = t.run_at(min(max(centre, t.runs[0].first), end))
    if run is None:
        return None
    lo = max(run.first, round(centre - 60.0 * rate))
    x = run.samples[lo - run.first : round(end + 8.0 * rate) - run.first]
    y = filters.bandpass(x, band[0], band[1], rate)
    a = max(0, round(max(centre - 6.0 * rate, after) - lo))
    b = min(len(y), round(max(end, centre + 1.5 * rate) + 0.5 * rate - lo))
    if b - a < 8:
        return None
    peak = a + int(np.argmax(np.abs(y[a:b])))
    b = min(b, peak + round(0.5 * rate))
    out = np.empty(b - a)
    at = onset.aic(y[a:b], max(2, round(0.3 * rate)), out)
    if at < 0:
        return None
    at += a
    before = y[max(0, at - round(10.0 * rate)) : max(1, at - round(0.2 * rate))]
    noise = math.sqrt(float(np.sum(before * before)) / len(before)) if len(before) else 0.0
    top = float(np.abs(y[at : at + round(3.0 * rate)]).max(initial=0.0))
    return float(lo + at), (top / noise if noise > 0.0 else 0.0)


def _picks(block: Block, key: str, own: Span, channels: Sequence[Channel]) -> list[Pick]:
    s = block.settings
    out: list[Pick] = []
    last = block.first - 1e9
    for row in block.triggers():
        got = _onset(block, row, last + s.min_separation_s * block.rate)
        if got is None:
            continue
        at, band, snr, t = got
        if at - last < s.min_separation_s * block.rate or snr < 2.5:
            continue
        last = at
        time = round(t.time_ns(at) / 10**6) * 10**6
        if not own.start_ns <= time < own.end_ns:
            continue
        out.append(_pick(block, key, row, t, at, time, band, snr, channels))
    return out


def _pick(
    block: Block,
    key: str,
    row: F64,
    t: Trace,
    at: float,
    time: int,
    band: Band,
    snr: float,
    channels: Sequence[Channel],
) -> Pick:
    run = t.run_at(at)
    clipped = False
    if run is not None:
        k = round(at) - run.first
        clipped = bool(run.clipped[k : k + round(6.0 * block.rate)].any())
    measured = None if clipped else amplitude.mb_amplitude(block.sensor.vertical, at, channels)
    period = 1.0 / math.sqrt(band[0] * band[1])
    return Pick(
        pick_id=f"{key}/{time // 10**6}",
        station_key=key,
        nslc=t.nslc,
        time_ns=time,
        time_sigma_s=round(onset.sigma_s(snr, period, block.rate), 3),
        phase_hint="S" if t is not block.sensor.vertical else "P",
        amplitude_nm=None if measured is None else measured[0],
        period_s=None if measured is None else measured[1],
        snr=round(snr, 2),
        band_hz=band,
        score=round(float(row[3]) ** 4, 3),
        clipped=clipped,
    )


def _noise(block: Block, key: str, own: Span) -> list[NoiseHour]:
    out = []
    lo = max(0, math.ceil((own.start_ns * block.rate / 1e9 - block.first) / block.width))
    hi = min(block.bins, math.ceil((own.end_ns * block.rate / 1e9 - block.first) / block.width))
    for j, band in enumerate(block.bands):
        p = block.power[j, lo:hi]
        width = max(1, round(window_s(band) / block.bin_s))
        usable = p[np.isfinite(p)]
        if len(usable) < width:
            continue
        blocks = usable[: len(usable) // width * width].reshape(-1, width)
        means = np.sum(blocks, axis=1) / width
        freedom = 2.0 * (band[1] - band[0]) * width * block.bin_s
        median_to_mean = (1.0 - 2.0 / (9.0 * freedom)) ** 3
        rms = math.sqrt(float(np.median(means)) / median_to_mean)
        out.append(
            NoiseHour(
                station_key=key,
                nslc=block.sensor.vertical.nslc,
                hour_ns=own.start_ns,
                band_hz=band,
                up_s=round(len(usable) * block.bin_s, 1),
                rms_counts=rms,
                a_over_t_nm_s=None,
            )  # fmt: skip
        )
    return out


def process_station(
    station_key: str,
    segments: Sequence[Segment],
    channels: Sequence[Channel],
    span: Span,
    settings: Settings | None = None,
) -> StationResult:
    """Picks, noise hours, findings and up-time of one station in `span`.

    station_key: NET.STA. segments: any order, all channels of the station; those that reach `needed(span)` make the
    result independent of how a longer time was divided into spans. channels: metadata (may be empty: no amplitudes).
    """
    s = settings or Settings()
    reach = needed(span, s)
    clean, findings = condition(segments, reach)
    by_channel: dict[Nslc, list[Segment]] = {}
    for seg in clean:
        by_channel.setdefault(seg.nslc, []).append(seg)
    picks: list[Pick] = []
    noise: list[NoiseHour] = []
    up: list[Span] = []
    used: dict[Nslc, int] = {}
    block_ns = s.block_s * NS
    for at in range(reach.start_ns + s.lead_s * NS, reach.end_ns - s.tail_s * NS, block_ns):
        own = Span(at, at + block_ns)
        window = Span(own.start_ns - s.lead_s * NS, own.end_ns + s.tail_s * NS)
        chosen = choose(by_channel, channels, own)
        if chosen is None:
            continue
        vertical = trace(by_channel[chosen[0]], window)
        if vertical is None:
            continue
        flat = [trace(by_channel[c], window) for c in chosen[1]]
        horizontals = tuple(t for t in flat if t is not None and t.rate == vertical.rate)
        sensor = Sensor(vertical=vertical, horizontals=horizontals if len(horizontals) == 2 else ())
        block = Block(sensor, window, s)
        wanted = Span(max(own.start_ns, span.start_ns), min(own.end_ns, span.end_ns))
        if not block.bands or block.bins == 0:
            continue
        used[vertical.nslc] = used.get(vertical.nslc, 0) + 1
        picks += _picks(block, station_key, wanted, channels)
        noise += _noise(block, station_key, own)
        up += intersect([seg.span for seg in by_channel[chosen[0]]], [wanted])
    notes = [*findings, *_others(by_channel, used, station_key)]
    return StationResult(
        station_key=station_key,
        picks=tuple(picks),
        noise=tuple(noise),
        findings=tuple(notes),
        up=tuple(normalise(up)),
    )


def _others(by_channel: dict[Nslc, list[Segment]], used: dict[Nslc, int], key: str) -> list[Finding]:
    sensors = sorted({c.sensor for c in by_channel})
    taken = sorted({c.sensor for c in used})
    rest = [".".join(x) for x in sensors if x not in taken]
    if not rest:
        return []
    if not taken:
        return [
            Finding(
                kind="no-vertical",
                subject=key,
                message=f"no usable vertical component among {', '.join(rest)}",
            )
        ]
    text = f"processed {', '.join('.'.join(x) for x in taken)}, not {', '.join(rest)} (one sensor of a station at a time)"
    return [Finding(kind="sensor", subject=key, message=text)]
