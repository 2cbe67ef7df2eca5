"""Short-term amplitude of a vertical, second by second: what threshold monitoring rests on.

Rules: the same conditioning, sensors, filters and bin powers as station processing, in the same absolute hours, so
that neither the span asked for nor the cuts of the recording change a value; each second holds the largest short-term
average that begins in it, as A/T in nm/s by the convention of the noise hours; a clipped or missing second holds
nothing; without a valid response there is no amplitude. Array elements are averaged in power: no gain by beams is
claimed, so that a limit for an array is too high rather than too low.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import log10_
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, Segment
from testban.base.spans import Span
from testban.detect import amplitude
from testban.detect.block import Block
from testban.detect.condition import condition
from testban.detect.sensor import Sensor, Trace, choose, trace
from testban.detect.settings import Band, Settings, window_s

F64 = NDArray[np.float64]
NS = 10**9
#: Levels are kept as thousandths of log10; this one stands for no value.
MISSING = -32768


def _clipped(block: Block, vertical: Trace) -> NDArray[np.bool_]:
    """Bins that hold a clipped sample."""
    out = np.zeros(block.bins, dtype=bool)
    for run in vertical.runs:
        at = np.flatnonzero(run.clipped) + run.first - block.first
        bins = at // block.width
        out[bins[(bins >= 0) & (bins < block.bins)]] = True
    return out


def _seconds(block: Block, vertical: Trace, band: Band, own: Span) -> F64:
    """Power of the largest short-term average that begins in each second of `own`; NaN where one is not known."""
    n = (own.end_ns - own.start_ns) // NS
    out = np.full(n, np.nan)
    if band not in block.bands or not block.bins:
        return out
    p = np.where(_clipped(block, vertical), np.nan, block.power[:, block.bands.index(band)])
    width = max(1, round(window_s(band) / block.bin_s))
    mean = np.full(block.bins, np.nan)
    if block.bins >= width:
        total = np.zeros(block.bins - width + 1)
        for k in range(width):
            total += p[k : k + len(total)]
        mean[: len(total)] = total / width
    for i in range(n):
        begin = (own.start_ns / NS + i) * block.rate - block.first
        lo, hi = math.ceil(begin / block.width), math.ceil((begin + block.rate) / block.width)
        if lo >= 0 and hi <= block.bins:
            part = mean[lo:hi]
            out[i] = np.max(part) if hi > lo and not np.isnan(part).any() else np.nan
    return out


def _hour(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], own: Span, bands: Sequence[Band],
    settings: Settings,
) -> F64 | None:  # fmt: skip
    """(bands, seconds) of A/T squared of one sensor in one block; None without data or response."""
    chosen = choose(by_channel, channels, own)
    if chosen is None:
        return None
    window = Span(own.start_ns - settings.lead_s * NS, own.end_ns + settings.tail_s * NS)
    vertical = trace(by_channel[chosen[0]], window)
    if vertical is None:
        return None
    block = Block(Sensor(vertical=vertical, horizontals=()), window, settings)
    rows = []
    for band in bands:
        scale = amplitude.noise_a_over_t(1.0, band, vertical.nslc, own.start_ns, channels)
        if scale is None:
            return None
        rows.append(_seconds(block, vertical, band, own) * scale * scale)
    return np.array(rows)


def levels(
    segments: Sequence[Segment], channels: Sequence[Channel], span: Span, bands: Sequence[Band],
    settings: Settings | None = None,
) -> tuple[NDArray[np.int16], tuple[Finding, ...]]:  # fmt: skip
    """log10(A/T in nm/s) in thousandths of each second of `span` (whole seconds), shape (bands, seconds); MISSING.

    segments: of one station or of the elements of an array, reaching over `needed(span)`; elements with a value in
    every band are averaged in power, second by second.
    """
    s = settings or Settings()
    block = s.block_s * NS
    n = (span.end_ns - span.start_ns) // NS
    clean, findings = condition(segments, Span(span.start_ns - s.lead_s * NS - block, span.end_ns + block))
    stations: dict[str, dict[Nslc, list[Segment]]] = {}
    for seg in clean:
        stations.setdefault(seg.nslc.net_sta, {}).setdefault(seg.nslc, []).append(seg)
    total, count = np.zeros((len(bands), n)), np.zeros((len(bands), n))
    for key in sorted(stations):
        for at in range(span.start_ns // block * block, span.end_ns, block):
            own = Span(at, at + block)
            got = _hour(stations[key], channels, own, bands, s)
            if got is None:
                continue
            lo, hi = max(own.start_ns, span.start_ns), min(own.end_ns, span.end_ns)
            i, j, k = (lo - span.start_ns) // NS, (hi - span.start_ns) // NS, (lo - own.start_ns) // NS
            part = got[:, k : k + j - i]
            known = np.isfinite(part) & (part > 0.0)
            total[:, i:j] += np.where(known, part, 0.0)
            count[:, i:j] += known
    out = np.full((len(bands), n), MISSING, dtype=np.int16)
    for b in range(len(bands)):
        for i in np.flatnonzero(count[b]).tolist():
            value = round(500.0 * log10_(float(total[b, i] / count[b, i])))
            out[b, i] = min(max(value, -32767), 32767)
    return out, findings
