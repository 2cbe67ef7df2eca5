"""Threshold and detections from the hours of a scan.

Rules: the threshold comes from the surrogates' cells alone; what it detects is taken out of the noise (cells within a
template's length of a detection, for a strong event lifts the surrogates too) and the threshold is fitted again, until
the detections stay the same; the template's own values are never part of the noise, for a swarm of weak repeats would
raise its own threshold and hide itself; where less than half would be left (a record of a few minutes) all cells
stay, and that is said.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.dmath import exp_, log10_
from testban.base.errors import InputError
from testban.repeat.grid import BLOCK_S
from testban.repeat.ground import F64
from testban.repeat.scan import CANDIDATE, Hour, Peak, declustered
from testban.repeat.threshold import CELL_S, Threshold, fit

ROUNDS = 6
NINETY = 1.2816  # normal quantile of 90 %


class Decision(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the watch says of one template. excluded: whether detections could be taken out of the noise.

    searched_hours: time with a value of the statistic. noise: the surrogates' maxima that were used, in order.
    """

    threshold: Threshold
    detections: tuple[Peak, ...]
    excluded: bool
    searched_hours: float
    noise: F64


def decide(hours: Sequence[Hour], longest_s: float, false_alarms_per_year: float) -> Decision:
    """Threshold and detections of one template from its hours. Raises InputError where there is too little noise."""
    if not hours:
        raise InputError("expected recordings of the template's stations, got none; name another --data")
    peaks = [p for h in hours for p in h.peaks]
    searched = sum(int(np.isfinite(h.cells[0]).sum()) for h in hours) * CELL_S / 3600.0
    times, noise = _noise(hours)
    used = noise.reshape(-1)
    limit = fit(used, false_alarms_per_year)
    found = declustered(peaks, limit.z, longest_s)
    excluded = True
    for _ in range(ROUNDS):
        quiet = noise[:, _apart(times, found, longest_s)].reshape(-1)
        excluded = 2 * int(np.isfinite(quiet).sum()) >= int(np.isfinite(noise).sum())
        if not excluded:
            break
        limit, used = fit(quiet, false_alarms_per_year), quiet
        before, found = found, declustered(peaks, limit.z, longest_s)
        if found == before:
            break
    if limit.z < CANDIDATE:
        raise InputError(
            f"expected a rate of false alarms that needs a statistic above {CANDIDATE:g}, got {false_alarms_per_year:g} "
            f"a year, which needs {limit.z:.2f}; ask for fewer"
        )
    return Decision(
        threshold=limit, detections=found, excluded=excluded, searched_hours=searched,
        noise=np.sort(used[np.isfinite(used)]),
    )  # fmt: skip


def _apart(times: F64, found: Sequence[Peak], longest_s: float) -> np.ndarray:
    """Which cells lie apart from all detections."""
    keep = np.ones(len(times), dtype=np.bool_)
    for p in found:
        keep &= np.abs(times - p.time_ns * 1e-9) > longest_s + CELL_S
    return keep


def reach(hour: Hour, z: float) -> float | None:
    """Magnitude beside the master from which on a repeat in that hour is found with 90 %; None without data.

    A statistic of unit scatter exceeds z with 90 % where its mean is z + 1.2816; the mean of a repeat that is not small
    against the noise is sqrt(nu ln(1 + y^2 / nu)) for y = a sqrt(gain). It holds for a repeat that differs from the
    master in nothing but size; one that is less alike needs more, by 1 / r. Levelling takes from a signal whose strongest
    seconds rise above the noise: at MDJ the figure is 0.1 too small (docs/rooms/repeat.md), more for a short template.
    """
    s = hour.strength
    if s.slope <= 0.0:
        return None
    y = (z + NINETY + s.offset) * s.root / s.slope
    most = y * y / s.freedom
    if most > 200.0:
        return None
    return log10_(math.sqrt(s.freedom * (exp_(most) - 1.0)) / s.root)


def _noise(hours: Sequence[Hour]) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the cells (s) and the surrogates' maxima, shape (surrogates, cells)."""
    calibrating = [h for h in hours if len(h.cells) > 1]
    if not calibrating:
        return np.zeros(0), np.zeros((0, 0))
    middles = CELL_S * (np.arange(calibrating[0].cells.shape[1]) + 0.5)
    times = np.concatenate([h.block * float(BLOCK_S) + middles for h in calibrating])
    return times, np.concatenate([h.cells[1:] for h in calibrating], axis=1)
