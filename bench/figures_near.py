"""Depths from P at a near station beside far ones: simulated, errors with the covariance that the locator assumes.

`python -m bench.figures_near [COUNT]`. Networks of seed 3 are those that decision 73 was made on, seed 19 was run once after it.
"""

import random
import sys
from statistics import median

import numpy as np

from bench.figures_location import inside, network
from testban import locate
from testban.base.records import Origin, Pick, Site
from testban.locate.errors_model import correlations_, paths_
from testban.locate.linear import cholesky_
from testban.locate.problem import Problem

AT = (140.0, 38.0)
NETWORKS = ((1, 0.45, 0.55, 10, 3.0, 60.0), (1, 0.45, 0.55, 20, 20.0, 90.0), (2, 0.4, 0.9, 8, 2.0, 12.0), (1, 0.7, 0.9, 12, 3.0, 30.0))  # fmt: skip
P_S, S_S = 0.3, 0.6  # errors of picks


def error_factor(problem: Problem) -> np.ndarray:
    """Lower triangular factor (n, n) of the covariance of pick and model errors where a problem was evaluated."""
    wave, sigma = problem.waves[:, 0].copy(), problem.out[:, 4]
    c = np.empty((len(wave), len(wave)))
    correlations_(problem.vec, wave, c, paths_(wave, problem.out))
    c = c * np.outer(sigma, sigma) + np.diag(problem.data[:, 2] ** 2)
    assert cholesky_(c, len(wave))
    return np.tril(c)


def trials(seed: int, sites: dict[str, Site], shear: list[str], depth: float, count: int) -> list[Origin]:
    """Locations of P at all stations and S at some, from a source at AT."""
    rng = np.random.default_rng(seed)
    rows = [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=P_S), "P") for k in sites]
    rows += [(Pick(pick_id=k + "S", station_key=k, time_ns=0, time_sigma_s=S_S), "S") for k in shear]
    problem = Problem(rows, sites, locate.Settings())
    problem.evaluate(np.array([*AT, depth, 0.0]))
    lower, exact, found = error_factor(problem), problem.kept[:, 0, 0].copy(), []
    for _ in range(count):
        late = (lower * rng.standard_normal(len(rows))).sum(axis=1)
        noisy = [
            (Pick(pick_id=p.pick_id, station_key=p.station_key, time_ns=round((t + e) * 1e9), time_sigma_s=p.time_sigma_s), label)
            for (p, label), t, e in zip(problem.rows, exact, late, strict=True)
        ]  # fmt: skip
        found.append(locate.locate(noisy, sites).origin)
    return found


def main(count: int) -> None:
    """Print the figures."""
    for seed, noise in ((3, 7), (19, 91)):
        rnd = random.Random(seed)
        for n, nearest, farthest, far, lo, hi in NETWORKS:
            sites = network(rnd, far, lo, hi, (0.0, 360.0), AT)
            near = {
                f"N{k}": Site(key=f"N{k}", longitude=s.longitude, latitude=s.latitude)
                for k, s in network(rnd, n, nearest, farthest, (0.0, 360.0), AT).items()
            }
            for depth, times in ((0.0, 4 * count), (10.0, count), (20.0, count), (35.0, count)):
                for shear in ([], list(near)):
                    found = trials(noise, sites | near, shear, depth, times)
                    moved = sum(o.depth_km > 0.0 for o in found)
                    held = sum(inside(o, *AT)[1] <= 1.0 for o in found)
                    print(
                        f"seed {seed}, {n} within {nearest:g} to {farthest:g} deg, {far} at {lo:g} to {hi:g}, S {'yes' if shear else 'no '}, source at {depth:2.0f} km: "
                        f"moved {100 * moved / times:3.0f} %, origin time {median(o.time_ns for o in found) / 1e9:+.1f} s, depth {median(o.depth_km for o in found):2.0f} km, "
                        f"in the 90 % ellipse {100 * held / times:3.0f} %",
                        flush=True,
                    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 40)
