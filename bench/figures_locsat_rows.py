"""LOCSAT's times row by row: what its printed residuals say beside iasp91, beside its own tables, and beside ObsPy's TauP.

Needs TESTBAN_DATA. `python -m bench.figures_locsat_rows`. Every pick of its 253 solutions is evaluated at its own place, depth and
origin time, so that no location enters: its time is the pick less its printed residual less its origin time.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bench.figures_location import data, locsat_cases
from testban import locate
from testban.base.times import parse_time
from testban.formats.locsat_tables import read_tables
from testban.locate.problem import Problem

DEGREES, DEPTHS_KM = (0.0, 1.0, 2.0, 5.0, 20.0), (0.0, 15.0, 35.0, 70.0, 700.0)
LEAST = 10  # rows of a line


class Row(NamedTuple):
    """A pick: wave, distance (deg), depth (km), our time (s), and how much later LOCSAT's is than ours by iasp91 and by its tables (s)."""

    wave: str
    delta: float
    depth: float
    time: float
    model: float
    tables: float


def rows() -> Iterator[Row]:
    """All picks that LOCSAT used."""
    name, grids = read_tables(data() / "tables" / "tt_locsat_seiscomp" / "iasp91", locate.LOOKED_UP)
    paths = locate.TableTimes(name, grids, "iasp91")
    for r, picks, residuals, sites in locsat_cases():
        depth = max(0.0, float(r["depth"]))
        settings = locate.Settings(
            model="iasp91", fixed_depth_km=depth, model_sigma_factor=1e-9, robust=False, correlated=False, reidentify=False
        )  # fmt: skip
        plain, own = Problem(picks, sites, settings), Problem(picks, sites, settings, paths)
        seconds = (parse_time(r["time"]) - plain.reference_ns) / 1e9
        x = np.array([float(r["lon"]), float(r["lat"]), depth, seconds])
        plain.evaluate(x)
        own.correct(x)
        own.evaluate(x)
        for i, (pick, label) in enumerate(plain.rows):
            printed, out, by_tables = residuals[pick.pick_id], plain.out[i], own.out[i, 0]
            if out[0] == out[0] and by_tables == by_tables:
                time = float(plain.kept[i, plain.column[i], 0])
                yield Row(
                    label[0], float(out[5]), depth, time, float(out[0]) - printed, float(by_tables) - printed
                )


def taup(few: list[Row]) -> None:
    """Rows of the largest difference beside the first arrival of ObsPy's TauP, without ellipticity."""
    try:
        from obspy.taup import TauPyModel
    except ImportError:
        print("TauP: not run, ObsPy is not installed")
        return
    model = TauPyModel("iasp91")
    for r in few:
        phases = ["p", "P", "Pn", "Pg"] if r.wave == "P" else ["s", "S", "Sn", "Sg"]
        first = model.get_travel_times(r.depth, r.delta, phase_list=phases)[0].time
        print(
            f"{r.wave} at {r.delta:.3f} deg, {r.depth:.1f} km deep: ours {r.time:.2f} s, TauP {first:.2f}, LOCSAT {r.time + r.model:.2f}"
        )


if __name__ == "__main__":
    found = list(rows())
    for wave in "PS":
        for lo, hi in pairwise(DEGREES):
            for top, foot in pairwise(DEPTHS_KM):
                some = [r for r in found if r.wave == wave and lo <= r.delta < hi and top <= r.depth < foot]
                if len(some) >= LEAST:
                    model, tables = np.array([r.model for r in some]), np.array([r.tables for r in some])
                    print(
                        f"{wave} {lo:2.0f} to {hi:2.0f} deg, {top:2.0f} to {foot:3.0f} km: {len(some):3d} rows, LOCSAT later than iasp91 by {np.median(model):+.2f} s "
                        f"(90 % within {np.quantile(np.abs(model), 0.9):.2f}), than its tables {np.median(tables):+.2f} s ({np.quantile(np.abs(tables), 0.9):.2f})"
                    )
    taup(sorted(found, key=lambda r: -abs(r.model))[:6])
