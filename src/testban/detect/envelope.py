"""Short-term amplitude of a vertical, second by second: what threshold monitoring rests on.

Rules: the same conditioning, sensors, filters and bin powers as station processing, in the same absolute hours, so
that neither the span asked for nor the cuts of the recording change a value; each second holds the largest short-term
average that begins in it, as A/T in nm/s by the convention of the noise hours; a clipped or missing second holds
nothing; without a valid response there is no amplitude. An array listens by a beam steered to the place (the beams of
array processing); in an hour with too few elements for a beam they are averaged in power, which claims no gain.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import log10_
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, Segment
from testban.base.spans import Span
from testban.detect import amplitude, elements, steering
from testban.detect.block import Block
from testban.detect.condition import condition
from testban.detect.sensor import Sensor, Trace, choose, is_vertical, trace
from testban.detect.settings import Band, Settings, window_s

F64 = NDArray[np.float64]
NS = 10**9
#: Levels are kept as thousandths of log10; this one stands for no value.
MISSING = -32768
CLIP_REACH_S = 5  # around a clipped second of any element the beam is not believed


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
    window = _window(own, settings)
    vertical = trace(by_channel[chosen[0]], window)
    if vertical is None:
        return None
    return _powers(vertical, channels, own, bands, settings)


def _window(own: Span, settings: Settings) -> Span:
    return Span(own.start_ns - settings.lead_s * NS, own.end_ns + settings.tail_s * NS)


def _beam_hour(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], own: Span, bands: Sequence[Band],
    settings: Settings, steer: tuple[float, float], notes: list[Finding],
) -> F64 | None:  # fmt: skip
    """The same of a beam steered by a slowness (east, north in s/deg towards the source); None without a beam."""
    window = _window(own, settings)
    members = elements.gather(by_channel, channels, window, notes)
    if members is None:
        return None
    parts = steering.beam(members, *steer, members.first, members.first + members.samples.shape[1])
    vertical = trace(parts, window)
    if vertical is None:
        return None
    clip = _clipped_times(by_channel, channels, window)
    out = _powers(vertical, channels, own, bands, settings)
    if out is not None:
        n = out.shape[1]
        for t in clip:
            i = (t - own.start_ns) // NS
            out[:, max(0, i - CLIP_REACH_S) : max(0, min(n, i + CLIP_REACH_S + 1))] = np.nan
    return out


def _clipped_times(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], window: Span
) -> list[int]:
    """Seconds (ns) in which any element's vertical is clipped."""
    seconds: list[int] = []
    for nslc in sorted(by_channel):
        t = trace(by_channel[nslc], window) if is_vertical(nslc, channels) else None
        for run in t.runs if t is not None else ():
            at = np.flatnonzero(run.clipped)
            seconds += (
                [int(run.start_ns + i * 1e9 / t.rate_hz) // NS * NS for i in at] if t is not None else []
            )
    return sorted(set(seconds))


def _powers(
    vertical: Trace, channels: Sequence[Channel], own: Span, bands: Sequence[Band], settings: Settings
) -> F64 | None:
    """(bands, seconds) of A/T squared of one trace; None without a response."""
    window = _window(own, settings)
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
    settings: Settings | None = None, steer: tuple[float, float] | None = None,
) -> tuple[NDArray[np.int16], tuple[Finding, ...]]:  # fmt: skip
    """log10(A/T in nm/s) in thousandths of each second of `span` (whole seconds), shape (bands, seconds); MISSING.

    segments: of one station or of the elements of an array, reaching over `needed(span)`; elements with a value in
    every band are averaged in power, second by second, unless `steer` (slowness east and north in s/deg, towards the
    source) makes a beam of them.
    """
    s = settings or Settings()
    block = s.block_s * NS
    n = (span.end_ns - span.start_ns) // NS
    clean, findings = condition(segments, Span(span.start_ns - s.lead_s * NS - block, span.end_ns + block))
    stations: dict[str, dict[Nslc, list[Segment]]] = {}
    for seg in clean:
        stations.setdefault(seg.nslc.net_sta, {}).setdefault(seg.nslc, []).append(seg)
    total, count = np.zeros((len(bands), n)), np.zeros((len(bands), n))
    notes: list[Finding] = []
    for at in range(span.start_ns // block * block, span.end_ns, block):
        own = Span(at, at + block)
        for got in _of_hour(stations, channels, own, bands, s, steer, notes):
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
    return out, (*findings, *notes)


def _of_hour(
    stations: dict[str, dict[Nslc, list[Segment]]], channels: Sequence[Channel], own: Span, bands: Sequence[Band],
    settings: Settings, steer: tuple[float, float] | None, notes: list[Finding],
) -> list[F64]:  # fmt: skip
    """The beam of an hour, or what each element gave."""
    if steer is not None and len(stations) > 1:
        together = {nslc: parts for key in sorted(stations) for nslc, parts in stations[key].items()}
        beam = _beam_hour(together, channels, own, bands, settings, steer, notes)
        if beam is not None:
            return [beam]
    each = [_hour(stations[key], channels, own, bands, settings) for key in sorted(stations)]
    return [x for x in each if x is not None]
