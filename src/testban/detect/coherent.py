"""Waves that an array hears although no beam of it is louder than noise: by coherence, not by power.

Rules: semblance over steep beams in sliding windows (`signal.coherence`), in each band its deviate as of noise; what
stands out of this hour's own noise is a weak candidate, never a detection. The greatest of many nearly independent
values is Gumbel's: its place and scale come from median and median deviation of the block, so that noise which is
itself coherent only raises the threshold. Blocks are those of station processing, so cuts leave no trace.
"""

import math

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import log_
from testban.base.geo import KM_PER_DEG
from testban.detect import direction
from testban.detect.elements import Elements, flat
from testban.detect.grouping import MIN_ELEMENTS
from testban.detect.settings import Band, Settings, usable_bands
from testban.detect.steering import Candidate
from testban.signal import beams, coherence, filters

F64 = NDArray[np.float64]
A_BAND_HOUR = 4.0  # candidates of noise an hour and band; f-k has yet to confirm them
BANDS_HZ = (0.8, 4.0)  # within which steep waves stay alike over some kilometres
BIN_S = 0.2
MAX_BEAMS = 300
SETTLE_S = 10.0  # of a filter after a gap
LEAST_S = 300.0  # of windows from which noise is read
GUMBEL_MEDIAN, GUMBEL_DEVIATION = 0.36651292, 0.76735  # median, median deviation from it, of the standard law


def candidates(e: Elements, settings: Settings) -> list[Candidate]:
    """Weak candidates of a block."""
    live = np.isfinite(e.samples)
    share = np.sum(live, axis=1) / live.shape[1]
    good = e.without([i for i in range(len(e.names)) if share[i] < 0.9 * float(np.max(share))])
    if len(good.names) < MIN_ELEMENTS or not flat(good):
        return []
    live = np.isfinite(good.samples)
    out: list[Candidate] = []
    for band in usable_bands(settings, e.rate_hz):
        if band[0] >= BANDS_HZ[0] and band[1] <= BANDS_HZ[1]:
            out += _band(good, live, band)
    return out


def _shifts(e: Elements, band: Band) -> NDArray[np.int64]:
    """Samples by which each element is read later, (beams, n), for beams so dense that little is lost between them."""
    aim = beams.beam_set(
        e.east, e.north, 2.0 * math.sqrt(band[0] * band[1]), direction.SMAX_S_PER_DEG, MAX_BEAMS
    )
    delay = -(np.outer(aim[:, 0], e.east) + np.outer(aim[:, 1], e.north)) / KM_PER_DEG
    return np.asarray(np.floor(delay * e.rate_hz + 0.5), dtype=np.int64)


def _band(e: Elements, live: NDArray[np.bool_], band: Band) -> list[Candidate]:
    """Candidates in one band: the peak of every stretch above the threshold."""
    width = max(1, math.floor(BIN_S * e.rate_hz + 0.5))
    begin = -e.first % width  # bins stand on the absolute grid
    bins = (e.samples.shape[1] - begin) // width
    move, length, _ = direction.moveout_s(e, band)
    window = max(1, round(length * e.rate_hz / width))
    if bins < 2 * window:
        return []
    x = np.array(
        [filters.bandpass(row, band[0], band[1], e.rate_hz) for row in np.where(live, e.samples, 0.0)]
    )
    s = np.empty(bins)
    coherence.best_semblance(np.ascontiguousarray(x[:, begin:]), _shifts(e, band), width, window, s)
    bad = np.flatnonzero(~live.all(axis=0)) - begin
    ahead, behind = round((move + length) * e.rate_hz), round((move + SETTLE_S) * e.rate_hz)
    hold = np.zeros(bins + 1, dtype=np.int64)
    np.add.at(hold, np.clip((bad - ahead) // width, 0, bins), 1)
    np.add.at(hold, np.clip((bad + behind) // width + 1, 0, bins), -1)
    ok = (np.cumsum(hold)[:bins] == 0) & (s > 0.0)
    ok[: round(behind / width)] = False
    ok[bins - window :] = False
    if float(np.sum(ok)) * width < LEAST_S * e.rate_hz:
        return []
    degrees = 2.0 * (band[1] - band[0]) * length
    z = np.full(bins, -math.inf)
    n = len(e.names)
    z[ok] = [
        direction.deviate((n - 1) * v / max(1.0 - v, 1e-12), degrees, (n - 1) * degrees)
        for v in s[ok].tolist()
    ]
    middle = float(np.median(z[ok]))
    scale = float(np.median(np.abs(z[ok] - middle))) / GUMBEL_DEVIATION
    windows = 3600.0 / length
    least = middle + scale * (log_(windows / A_BAND_HOUR) - GUMBEL_MEDIAN)
    out = []
    on = np.flatnonzero(z > least)
    for part in np.split(on, np.flatnonzero(np.diff(on) > window) + 1):
        if len(part):
            k = int(part[int(np.argmax(z[part]))])
            out.append(
                Candidate(
                    time_ns=e.time_ns(e.first + begin + k * width), score=float(z[k]), band=band, weak=True
                )
            )
    return out
