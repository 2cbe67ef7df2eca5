"""Steered and incoherent beams of an array as recordings, and what a detector finds on them.

Rules: a beam is a list of segments like any other recording, from a fixed interpolator, with gaps where half the
elements miss; the incoherent beam is the mean power of all elements, which take the place of the horizontals.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.geo import KM_PER_DEG
from testban.base.records import Segment
from testban.base.spans import Span
from testban.detect.block import Block
from testban.detect.elements import Elements
from testban.detect.grouping import MIN_ELEMENTS
from testban.detect.sensor import Sensor, trace
from testban.detect.settings import Band, Settings
from testban.signal import beams

F64 = NDArray[np.float64]
NS = 10**9
INCOHERENT_FACTOR = 1.1  # on the score of the incoherent beam, which local noise reaches more easily


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A detection on some beam: time, score and band; weak: by coherence alone, the score its deviate."""

    time_ns: int
    score: float
    band: Band
    weak: bool = False


def beam(e: Elements, east_s: float, north_s: float, lo: int, hi: int) -> list[Segment]:
    """Steered beam over sample numbers lo..hi as segments of the reference channel; gaps where elements miss."""
    a, b = max(0, lo - e.first), min(e.samples.shape[1], hi - e.first)
    x = e.samples[:, a:b]
    if x.shape[1] < 2 * beams.HALF:
        return []
    live = np.isfinite(x)
    delay = -(e.east * east_s + e.north * north_s) / KM_PER_DEG
    margin = math.ceil(float(np.abs(delay).max()) * e.rate_hz) + beams.HALF
    whole = np.all(live[:, ::1], axis=1)
    y = beams.beam(np.where(live, x, 0.0), delay, e.rate_hz)
    if not whole.all():
        count = np.zeros(y.size)
        for i in range(len(delay)):
            count += beams.beam(live[i : i + 1].astype(np.float64), delay[i : i + 1], e.rate_hz)
        ok = count > 0.5 * len(delay)
        y = np.where(ok, y * len(delay) / np.where(ok, count, 1.0), np.nan)
    y[:margin] = np.nan
    y[y.size - margin :] = np.nan
    edge = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(y).astype(np.int8), [0]])))
    return [
        Segment(
            nslc=e.anchor.nslc,
            start_ns=e.time_ns(e.first + a + int(i)),
            sample_rate_hz=e.rate_hz,
            samples=y[i:j],
        )
        for i, j in zip(edge[::2], edge[1::2], strict=True)
        if j - i > e.rate_hz
    ]


def incoherent(e: Elements, segments: list[Segment], window: Span, settings: Settings) -> list[Candidate]:
    """Detections on the mean power of all elements: they take the place of the horizontals in the detector."""
    vertical = trace(segments, window)
    if vertical is None:
        return []
    members = []
    for name, row in zip(e.names, e.samples, strict=True):
        good = np.isfinite(row)
        edge = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
        parts = [
            Segment(
                nslc=name, start_ns=e.time_ns(e.first + int(i)), sample_rate_hz=e.rate_hz, samples=row[i:j]
            )
            for i, j in zip(edge[::2], edge[1::2], strict=True)
        ]
        t = trace(parts, window)
        if t is not None and len(parts) == 1:
            members.append(t)
    if len(members) < MIN_ELEMENTS:
        return []
    block = Block(Sensor(vertical=vertical, horizontals=tuple(members)), window, settings)
    block.scores[:, : block.lanes] = 0.0
    block.scores[:, block.lanes :] /= INCOHERENT_FACTOR
    return [
        Candidate(
            time_ns=vertical.time_ns(block.first + row[0] * block.width),
            score=float(row[3]) ** 4,
            band=block.band(int(row[2])),
        )
        for row in block.triggers()
    ]


def merge(found: list[Candidate], apart_s: float) -> list[Candidate]:
    """One candidate for each cluster: the one with the best score, weak ones last, in order of time."""
    out: list[Candidate] = []
    for c in sorted(found, key=lambda c: (c.weak, -c.score, c.time_ns, c.band)):
        if all(abs(c.time_ns - o.time_ns) > apart_s * NS for o in out):
            out.append(c)
    return sorted(out, key=lambda c: c.time_ns)
