"""The elements of an array in one processing block, on one sample grid.

Rules: scaled to the reference by the stated sensitivities; elements that are dead, of another scale or without a known
place are left out and reported; times refer to the most central element, silent or not.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.geo import offset_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, Segment
from testban.base.spans import Span
from testban.detect.grouping import MIN_ELEMENTS, central
from testban.detect.sensor import Trace, is_vertical, trace
from testban.signal import fk

F64 = NDArray[np.float64]
NS = 10**9
SCALE_LIMIT = 8.0  # level of an element over the median of all


class Elements(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Elements of one block: samples (n, samples) from sample number `first`, NaN where none; places in km."""

    names: tuple[Nslc, ...]
    samples: F64
    first: int
    anchor: Trace
    rate_hz: float
    east: F64
    north: F64
    reference: int

    def without(self, gone: Sequence[int]) -> "Elements":
        """The same without some elements (the reference stays the reference of times even if it is silent)."""
        keep = [i for i in range(len(self.names)) if i not in gone]
        return msgspec.structs.replace(
            self,
            names=tuple(self.names[i] for i in keep),
            samples=self.samples[keep],
            east=self.east[keep],
            north=self.north[keep],
        )

    def time_ns(self, sample: float) -> int:
        """Time of a sample number."""
        return self.anchor.time_ns(sample)


def gather(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], window: Span, notes: list[Finding]
) -> Elements | None:
    """Usable elements of a block on one sample grid; None where fewer than MIN_ELEMENTS."""
    best: dict[str, tuple[int, Nslc, Trace]] = {}
    for nslc in sorted(by_channel):
        if not is_vertical(nslc, channels):
            continue
        t = trace(by_channel[nslc], window)
        have = 0 if t is None else sum(len(r.samples) for r in t.runs)
        if t is not None and have > best.get(nslc.net_sta, (0,))[0]:
            best[nslc.net_sta] = (have, nslc, t)
    where = {c.nslc.net_sta: (c.longitude, c.latitude) for c in channels}
    most = max((h for h, _, _ in best.values()), default=0)
    kept = {k: v for k, v in best.items() if k in where and v[0] >= 0.5 * most}
    if len(kept) < MIN_ELEMENTS:
        return None
    reference = central(sorted(where), where)
    anchor = kept[reference][2] if reference in kept else next(iter(kept.values()))[2]
    kept = {k: v for k, v in kept.items() if v[2].rate == anchor.rate}
    first = min(r.first for _, _, t in kept.values() for r in t.runs)
    last = max(r.first + len(r.samples) for _, _, t in kept.values() for r in t.runs)
    x = np.full((len(kept), last - first), np.nan)
    for row, (_, nslc, t) in zip(x, kept.values(), strict=True):
        gain = _relative_gain(nslc, anchor.nslc, channels)
        for r in t.runs:
            row[r.first - first : r.first - first + len(r.samples)] = (
                r.samples - float(np.median(r.samples))
            ) * gain
    offsets = np.array([offset_km_(*where[reference], *where[k]) for k in kept])
    out = Elements(
        names=tuple(v[1] for v in kept.values()), samples=x, first=first, anchor=anchor, rate_hz=anchor.rate_hz,
        east=offsets[:, 0].copy(), north=offsets[:, 1].copy(), reference=0,
    )  # fmt: skip
    return _level(out, window, notes)


def _relative_gain(nslc: Nslc, reference: Nslc, channels: Sequence[Channel]) -> float:
    """Factor that brings an element to the scale of the reference, by the stated sensitivities; 1 if not stated."""
    value: list[float] = []
    for name in (reference, nslc):
        for c in channels:
            if c.nslc == name and c.response is not None and c.response.sensitivity:
                value.append(c.response.sensitivity)
                break
    return value[0] / value[1] if len(value) == 2 and value[1] != 0.0 else 1.0


def _level(e: Elements, window: Span, notes: list[Finding]) -> Elements | None:
    """Leave out elements whose typical motion is far from that of the others."""
    levels = []
    for row in e.samples:
        d = np.abs(np.diff(row[np.isfinite(row)]))
        levels.append(float(np.median(d)) + 1e-3 * (float(np.sum(d)) / max(1, d.size)))
    middle = float(np.median(np.array(levels)))
    gone = [i for i, v in enumerate(levels) if v * SCALE_LIMIT < middle or v > middle * SCALE_LIMIT]
    for i in gone:
        text = f"level {levels[i] / middle if middle else 0.0:.3g} times that of the other elements, left out"
        notes.append(Finding(kind="element", subject=str(e.names[i]), message=text, span=window))
    left = e.without(gone)
    return left if len(left.names) >= MIN_ELEMENTS and flat(left) else None


def flat(e: Elements) -> bool:
    """Whether the elements are spread over a plane, so that a slowness can be found."""
    try:
        fk.geometry(e.east, e.north)
    except InputError:
        return False
    return True


def complete(e: Elements, centre: float, reach_s: float) -> Elements | None:
    """The elements without a gap around a sample number."""
    a, b = round(centre - reach_s * e.rate_hz) - e.first, round(centre + 20.0 * e.rate_hz) - e.first
    part = e.samples[:, max(0, a) : b]
    left = e.without([i for i in range(len(e.names)) if not np.isfinite(part[i]).all()])
    return left if len(left.names) >= MIN_ELEMENTS and flat(left) else None
