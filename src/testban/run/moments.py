"""The network in each stretch of time: levels of the stations with all signals in them, and the map that they make.

Rules: a level is the median over a stretch of the short-term A/T of its seconds, whatever made it, so that the coda of an
earthquake raises it as a storm does; a stretch of which a station has less than half is one in which it was down. The table
has the columns of noise.csv, `hour` being the start of the stretch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from testban.assure import capability
from testban.assure.capability import Rule
from testban.base import quanta
from testban.base.times import NS_PER_S, format_time
from testban.detect import envelope
from testban.formats import csvio
from testban.formats.table_writers import NOISE_COLUMNS
from testban.run.assurance_noise import LEVELS_S, Measured

Floats = NDArray[np.float64]
RAISED = 0.3  # magnitude: a stretch is told of as raised from here on
Parts = Sequence[tuple[int, NDArray[np.int16]]]


def write(
    path: Path, held: Mapping[tuple[str, Any], Parts], bands: Sequence[tuple[float, float]], simulated: bool
) -> None:
    """levels.csv of what `monitor` read; of an array the first of its beams."""
    first: dict[str, tuple[str, Any]] = {}
    for key in sorted(held, key=lambda k: (k[0], k[1] or (0.0, 0.0))):
        first.setdefault(key[0], key)
    rows = []
    for name, key in first.items():
        network, station = name.split(".", 1)
        for start, samples in sorted(held[key], key=lambda p: p[0]):
            for at in range(start // LEVELS_S * LEVELS_S, start + samples.shape[1], LEVELS_S):
                cut = samples[:, max(0, at - start) : max(0, at + LEVELS_S - start)]
                for b, (low, high) in enumerate(bands):
                    got = cut[b][cut[b] != envelope.MISSING]
                    if not got.size:
                        continue
                    level = f"{10.0 ** (float(np.median(got)) / 1000.0):.4g}"
                    cells = (
                        network, station, "", "", format_time(at * NS_PER_S, 0), low, high, got.size, "", level,
                    )  # fmt: skip
                    rows.append(dict(zip(NOISE_COLUMNS, cells, strict=True)))
    csvio.write_rows(path, NOISE_COLUMNS, rows)
    if simulated:
        csvio.add_column(path, "simulated", "true")


def by_moment(
    moments: Sequence[Measured], rule: Rule, lon: Floats, lat: Floats, weight: Floats
) -> tuple[list[dict[str, Any]], Floats | None]:
    """Each stretch beside the usual state (first of `moments`), over places that both see; the grid of the worst one.

    blind_share: of the places that the usual state sees, those that the stretch does not. The worst is the one with
    the largest rise of those that see most.
    """
    rows: list[dict[str, Any]] = []
    worst, mark = None, (1.0, -99.0)
    if not moments:
        return rows, worst
    whole = capability.thresholds(moments[0].sensors, rule, lon, lat)
    for m in moments[1:]:
        mb = capability.thresholds(m.sensors, rule, lon, lat)
        known = np.isfinite(whole)
        both = known & np.isfinite(mb)
        blind = float(np.sum(weight[known & ~both]) / np.sum(weight[known])) if known.any() else 1.0
        raised = float(np.sum(((mb - whole) * weight)[both]) / np.sum(weight[both])) if both.any() else None
        rows.append(
            {
                "time": m.day, "stations": len(m.sensors), "blind_share": quanta.probability(blind),
                "raised_mean": "" if raised is None else quanta.magnitude(raised),
                "raised_most": "" if raised is None else quanta.magnitude(float(np.max((mb - whole)[both]))),
            }
        )  # fmt: skip
        if raised is not None and (
            round(blind, 2) < mark[0] or (round(blind, 2) == mark[0] and raised > mark[1])
        ):
            worst, mark = mb, (round(blind, 2), raised)
    return rows, worst
