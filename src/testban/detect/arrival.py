"""The arrival behind a trigger: the first one, not the strongest.

Rules: every band that takes part in a detection is asked for its change point; the band with the smallest error
leads, but a significant earlier change in any other band takes its place, and what lies before the result is
searched again, so that a weak emergent Pn ahead of a strong Pg is the one that is picked. All filters are causal:
nothing after an onset leaks before it.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.detect import onset
from testban.detect.block import Block
from testban.detect.sensor import Trace
from testban.detect.settings import Band
from testban.signal import filters

F64 = NDArray[np.float64]

LEAD_S = 60.0  # of filtered data before the search window
SURE = 8.0  # log-likelihood ratio of a change that may lead
SURE_EARLIER = 4.5  # and of one that may displace a later, clearer one
RINGING = (0.3, 0.02)  # of the peak power: filters narrower than 2 Hz, and wider ones
VERY_SURE = 9.0  # or this likelihood, with a peak three times the noise
CLEAR_SNR = 4.5  # least peak over noise of an arrival that displaces a surer one
BEFORE_S = (
    2.0,
    6.0,
    12.0,
)  # where the noise ahead of a trigger is read: the lowest holds (a slow start raises it)
AHEAD_S = (
    4.0,
    8.0,
)  # of noise against which an earlier arrival is told: short where noise changes, long where it is weak
PAIR = 100.0  # power of one horizontal over the other beyond which one of them is dead or broken
PEAK_S = 3.0  # after the onset: where the peak is looked for


class Arrival(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An onset: fractional sample number, band, amplitude SNR, sigma in s, trace, column of the block."""

    sample: float
    band: Band
    snr: float
    sigma_s: float
    trace: Trace
    likelihood: float


class _Window:
    """Band-passed traces around a trigger, filtered when asked for."""

    def __init__(self, block: Block, centre: float) -> None:
        self.block, self.centre = block, centre
        self.cache: dict[tuple[int, int], tuple[int, F64] | None] = {}
        self.traces = (block.sensor.vertical, *block.sensor.horizontals)

    def get(self, component: int, band: int) -> tuple[int, F64] | None:
        """(number of the first sample, filtered samples)."""
        key = (component, band)
        if key not in self.cache:
            self.cache[key] = self._make(component, band)
        return self.cache[key]

    def _make(self, component: int, band: int) -> tuple[int, F64] | None:
        rate, t = self.block.rate, self.traces[component]
        run = t.run_at(self.centre)
        if run is None:
            return None
        lo = max(run.first, round(self.centre - (LEAD_S + self.block.settings.search_s) * rate))
        x = run.samples[lo - run.first : round(self.centre + 10.0 * rate) - run.first]
        low, high = self.block.bands[band]
        return lo, filters.bandpass(x, low, high, rate)


def _measure(w: _Window, component: int, band: int, start: float, end: float) -> Arrival | None:
    """Change point of one band of one component between samples start and end (the end drawn in to the peak)."""
    got = w.get(component, band)
    if got is None:
        return None
    lo, y = got
    rate, (low, high) = w.block.rate, w.block.bands[band]
    settle = 0 if lo == 0 else round(1.0 / low * rate)
    a = max(settle, round(start) - lo)
    b = min(len(y), round(end) - lo)
    if b - a < round(1.5 * rate):
        return None
    peak = a + int(np.argmax(np.abs(y[a:b])))
    b = min(b, peak + max(2, round(0.5 / low * rate)))
    margin = max(2, round(0.25 / low * rate))
    at, likelihood, _ = onset.change_point(y[a:b], margin, 2.0 * (high - low) / rate)
    if at < 0:
        return None
    k = a + at
    before = y[max(0, k - round(15.0 * rate)) : k]
    noise = math.sqrt(float(np.sum(before * before)) / max(1, len(before)))
    top = float(np.abs(y[k : k + round(PEAK_S * rate)]).max(initial=0.0))
    snr = top / noise if noise > 0.0 else 0.0
    near = y[k : k + max(2, round(1.0 / low * rate))]
    rise = float(np.abs(near).max(initial=0.0)) / noise if noise > 0.0 else 0.0
    return Arrival(
        sample=float(lo + k),
        band=(low, high),
        snr=snr,
        sigma_s=onset.sigma_s(min(snr, rise), (low, high), rate),
        trace=w.traces[component],
        likelihood=likelihood,
    )


def _clear(f: Arrival, others: list[Arrival], rate: float) -> bool:
    """Whether an arrival may displace a surer one that is later: clear, or likely and borne out by another band."""
    if f.snr >= CLEAR_SNR:
        return True
    near = [o for o in others if o.band != f.band and o.likelihood >= SURE_EARLIER]
    borne_out = any(abs(o.sample - f.sample) <= 0.6 * rate for o in near)
    return f.snr >= 3.0 and f.likelihood >= VERY_SURE and borne_out


def _earliest(block: Block, found: list[Arrival | None], component: int, least: float) -> Arrival | None:
    """The surest one, unless another is earlier by far more than both errors and stands out until then."""
    n, rate = len(block.bands), block.rate
    sure = [(k, f) for k, f in enumerate(found) if f is not None and f.likelihood >= least]
    if not sure:
        return None
    lead = min((f for _, f in sure), key=lambda f: (f.sigma_s, f.sample))
    for k, f in sorted(sure, key=lambda kf: kf[1].sample):
        ahead = (lead.sample - f.sample) / rate
        if not _clear(f, [o for _, o in sure], rate):
            continue
        if ahead <= 1.6 * (f.sigma_s + lead.sigma_s):
            break
        column = k % n if component == 0 else k % n + block.lanes
        if _stands_out(block, column, block.bin_of(f.sample), block.bin_of(lead.sample)):
            return f
    return lead


def _departure(block: Block, column: int, on: int, limit: int, sigmas: float) -> int:
    """Bin at which the power of a column leaves the noise for good before bin `on`."""
    low, high = block.band(column)
    width = round(max(0.5, 2.0 / (high - low)) / block.bin_s)
    found = [block.raised(column, on - round(s / block.bin_s), width, sigmas) for s in BEFORE_S]
    threshold = min((f for f in found if f > 0.0), default=0.0)
    if not threshold > 0.0:
        return on
    if on < limit:
        return on
    power = np.ascontiguousarray(block.power[limit : on + 1, column])
    return limit + onset.leave_noise(power, on - limit, 0, width, threshold, round(0.7 / block.bin_s))


def _stands_out(block: Block, column: int, begun: int, end: int) -> bool:
    """Whether the mean power between two bins (at most 3 s) is three scatters above the noise before."""
    p = block.power[begun : min(end, begun + round(3.0 / block.bin_s)), column]
    if not len(p):
        return False
    return float(np.sum(p)) / len(p) > block.raised(column, begun - 5, len(p), 3.0)


def _ahead(w: _Window, component: int, lead: Arrival, after: float) -> Arrival | None:
    """A significant earlier arrival whose raised power reaches without a break to `lead`."""
    block, n = w.block, len(w.block.bands)
    at = block.bin_of(lead.sample)
    reach = at - round(12.0 / block.bin_s)
    limit = max(0, reach, math.ceil((after - block.first) / block.width))
    candidates: list[Arrival] = []
    for c in range(n):
        column = c if component == 0 else c + block.lanes
        left = _departure(block, column, at, limit, 2.0)
        if at - left < round(0.3 / block.bin_s):
            continue
        begins = [block.first + (left - round(s / block.bin_s)) * block.width for s in AHEAD_S]
        for start in begins:
            found = _measure(w, component, c, max(after, start), lead.sample - 0.05 * block.rate)
            if (
                found is None
                or found.likelihood < SURE_EARLIER
                or lead.sample - found.sample < 0.3 * block.rate
            ):
                continue
            begun = block.bin_of(found.sample)
            if begun >= left - round(2.0 / block.bin_s) and _stands_out(block, column, begun, at):
                candidates.append(found)
    clear = [f for f in candidates if _clear(f, candidates, block.rate)]
    return min(clear, key=lambda f: f.sample) if clear else None


def _before(block: Block, other: Arrival, lead: Arrival) -> bool:
    """Whether an arrival on the horizontals is truly ahead of one on the vertical."""
    if lead.sample - other.sample <= 1.6 * block.rate * (lead.sigma_s + other.sigma_s):
        return False
    column = block.lanes + block.bands.index(other.band)
    return _stands_out(block, column, block.bin_of(other.sample), block.bin_of(lead.sample))


def _paired(w: _Window, lead: Arrival) -> bool:
    """Whether both horizontals move after an arrival: no polarisation leaves one of two quite still."""
    k, rate = w.block.bands.index(lead.band), w.block.rate
    power = []
    for component in (1, 2):
        got = w.get(component, k)
        if got is None:
            return False
        at = round(lead.sample) - got[0]
        y = got[1][max(0, at) : at + round(PEAK_S * rate)]
        power.append(float(np.sum(y * y)))
    return max(power) <= PAIR * min(power)


def find(block: Block, row: F64, after: float, least: float = SURE) -> Arrival | None:
    """The first arrival behind the trigger `row` (see Block.triggers), not before sample number `after`.

    least: log-likelihood ratio that a change point needs.
    """
    n, rate = len(block.bands), block.rate
    on = int(row[0])
    centre = block.first + (on + 1) * block.width
    second = round(1.0 / block.bin_s)
    around = block.scores[max(0, on - second) : on + 2 * second].max(axis=0, initial=0.0)
    active = [c for c in range(len(around)) if around[c] >= 0.85 * min(1.0, float(row[3]))]
    w = _Window(block, centre)
    end = centre + 1.5 * rate
    limit = max(
        0, on - round(block.settings.search_s / block.bin_s), math.ceil((after - block.first) / block.width)
    )
    if not active:
        return None
    left = [min(on - 2 * second, _departure(block, c, on, limit, 4.0)) for c in active]
    start = [max(after, block.first + (x - 4 * second) * block.width) for x in left]
    vertical = [_measure(w, 0, c, min(start), end) for c in range(n)]
    lead = _earliest(block, vertical, 0, least)
    if any(c >= block.lanes for c in active):
        other = _earliest(
            block, [_measure(w, k, c, min(start), end) for k in (1, 2) for c in range(n)], 1, least
        )
        if other is not None and not _paired(w, other):
            if not (around[: block.lanes] >= 1.0).any():
                return None
        elif other is not None and (lead is None or _before(block, other, lead)):
            lead = other
    for _ in range(3):
        if lead is None:
            return None
        component = w.traces.index(lead.trace)
        found = [_ahead(w, k, lead, after) for k in sorted({0, component})]
        earlier = min((f for f in found if f is not None), key=lambda f: f.sample, default=None)
        if earlier is None:
            break
        lead = earlier
    return lead


def lasts(block: Block, arrival: Arrival, sigmas: float = 3.0) -> bool:
    """Whether power stays raised by `sigmas` of its scatter from 0.6 to 3 s after the onset in some band, beyond the filter's own ringing.

    A glitch does not last: what it leaves is the impulse response, below `RINGING` of its peak by then.
    """
    at = block.bin_of(arrival.sample)
    lo, hi = max(0, at + round(0.6 / block.bin_s)), at + round(3.0 / block.bin_s)
    for c in block.columns():
        low, high = block.band(c)
        p = block.power[lo:hi, c]
        p = p[np.isfinite(p)]
        peak = block.power[max(0, at - 2) : lo, c]
        peak = peak[np.isfinite(peak)]
        if not len(p) or not len(peak):
            continue
        mean = float(np.sum(p)) / len(p)
        ringing = RINGING[0] if high - low < 2.0 else RINGING[1]
        if mean > block.raised(c, at - 10, len(p), sigmas) and mean > ringing * float(peak.max()):
            return True
    return False
