"""Depths from P over a network without a near station: simulated surface events that sink, and deep ones that are found.

`python -m bench.figures_deep [COUNT]`. Networks of seed 5 are those that decision 80 was made on, those of seed 23 were run once after it. Errors have
the covariance that the locator assumes: as large as it says or a third of that, and with one pick in ten late by 2 to 8 s. Picks state 1 s.
A location starts at the true epicentre, as association would have it. Five times COUNT events at 0 and 15 km.
"""

import random
import sys
from contextlib import suppress
from statistics import median

import numpy as np

from bench.figures_location import inside, network
from bench.figures_near import error_factor
from testban import locate
from testban.base.errors import InputError
from testban.base.records import Origin, Pick, Site
from testban.locate.problem import Problem

AT = (-69.0, -21.0)
# Stations, nearest and farthest (deg), sector of azimuth (deg), whether S is picked too.
NETWORKS = (
    (8, 0.6, 4.0, (0.0, 360.0), False), (8, 0.6, 4.0, (60.0, 250.0), True), (15, 0.6, 5.0, (0.0, 250.0), False), (6, 1.0, 6.0, (0.0, 300.0), True),
    (5, 1.0, 6.0, (0.0, 360.0), True), (5, 20.0, 95.0, (0.0, 360.0), False), (15, 3.0, 11.0, (0.0, 360.0), False), (15, 3.0, 90.0, (0.0, 360.0), False), (12, 30.0, 95.0, (0.0, 360.0), False), (7, 20.0, 95.0, (0.0, 360.0), False),
)  # fmt: skip
DEPTHS_KM = (0.0, 15.0, 60.0, 120.0, 250.0, 500.0)
ERRORS = (
    ("as stated", 1.0, 0.0),
    ("a third", 1.0 / 3.0, 0.0),
    ("as stated, one in ten late", 1.0, 0.1),
    ("a third, one in ten late", 1.0 / 3.0, 0.1),
)
SIGMA_S = 1.0
SEEDS = (5, 23)
SHALLOW_KM, BELOW_KM = 50.0, 40.0
SETTINGS = locate.Settings(search=False, doubted=False, whitened=True)


def exact(sites: dict[str, Site], shear: bool, depth: float) -> tuple[list, np.ndarray, np.ndarray]:
    """Rows without times, the travel times, and the factor of the covariance of their errors."""
    rows = [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=SIGMA_S), "P") for k in sites]
    if shear:
        rows += [(Pick(pick_id=k + "S", station_key=k, time_ns=0, time_sigma_s=SIGMA_S), "S") for k in sites]
    problem = Problem(rows, sites, SETTINGS)
    problem.evaluate(np.array([*AT, depth, 0.0]))
    return list(problem.rows), problem.kept[:, 0, 0].copy(), error_factor(problem)


def trials(
    seed: int, sites: dict[str, Site], shear: bool, depth: float, factor: float, late: float, count: int
) -> list[Origin]:
    """Locations of a source at AT."""
    rng = np.random.default_rng(seed)
    rows, times, lower = exact(sites, shear, depth)
    found = []
    for _ in range(count):
        e = factor * (lower * rng.standard_normal(len(rows))).sum(axis=1)
        e += np.where(rng.uniform(size=len(rows)) < late, rng.uniform(2.0, 8.0, len(rows)), 0.0)
        noisy = [
            (Pick(pick_id=p.pick_id, station_key=p.station_key, time_ns=round((t + v) * 1e9), time_sigma_s=SIGMA_S), label)
            for (p, label), t, v in zip(rows, times, e, strict=True)
        ]  # fmt: skip
        with suppress(InputError):  # four picks of five that agree with nothing
            found.append(locate.locate(noisy, sites, SETTINGS, (*AT, 0.0, 0)).origin)
    return found


def said(found: list[Origin], depth: float) -> str:
    """Of locations of one depth: share below 40 km, free, and in the 90 % ellipse, and of deep ones within 50 km and the origin time."""

    def share(some: list[bool]) -> str:
        return (
            f"{100.0 * sum(some) / len(found):.1f}"
            if depth < SHALLOW_KM
            else f"{100.0 * sum(some) / len(found):.0f}"
        )

    text = f"{depth:.0f} km: {share([o.depth_km > BELOW_KM for o in found])} % below 40 km ({share([not o.depth_fixed and o.depth_km > BELOW_KM for o in found])} free)"
    if depth >= SHALLOW_KM:
        text += f", within 50 km {share([abs(o.depth_km - depth) <= 50.0 for o in found])}, {median(o.time_ns for o in found) / 1e9:+.1f} s"
    return text + f", in ellipse {share([inside(o, *AT)[1] <= 1.0 for o in found])}"


def main(count: int) -> None:
    """Print the figures."""
    for seed in SEEDS:
        rnd = random.Random(seed)
        for n, lo, hi, sector, shear in NETWORKS:
            sites = network(rnd, n, lo, hi, sector, AT)
            for name, factor, late in ERRORS:
                text = [
                    said(trials(seed, sites, shear, d, factor, late, count * (5 if d < SHALLOW_KM else 1)), d)
                    for d in DEPTHS_KM
                ]
                over = (
                    f"over {sector[1] - sector[0]:.0f} deg of azimuth" if sector[1] < 360.0 else "all around"
                )
                print(
                    f"seed {seed}, {n} at {lo:g} to {hi:g} deg {over}{', S' if shear else ''}, errors {name}: {'; '.join(text)}",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 40)
