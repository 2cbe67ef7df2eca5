"""Locations a second at 20, 50 and 200 arrivals, beside SciPy least_squares. `python -m bench.location`

Rivals, both with an ellipse (2 x 2 block of the inverse normal matrix, chi2 of two degrees of freedom) and both on the same
tables through our own compiled look-up (distance, first P, model error; no Python loop): "independent" minimises
soft_l1 of residual over sigma; "whitened" whitens the residuals with the same full covariance as ours (LAPACK's Cholesky
once, BLAS triangular products), which is the same job. Neither has ellipticity, elevation, phase identification or the
question of depth, which ours answers. The same start, 1 degree off, for all. Like with like: ours with independent errors
beside the first, ours with the full covariance (the default) beside both.

"whole": `locate` from records to records (checks, question of depth, an arrival's record for every pick), beside rivals that are handed
arrays and hand back four numbers. "arrays": the same of ours, from its arrays to its ellipse.
"""

import random
import time
from statistics import median

import numpy as np
from numba import njit
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from testban import locate
from testban.base.geo import delaz_, destination_, unit_vector_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.earth.travel import lookup_
from testban.locate.errors_model import P_ERROR, correlations_, model_sigma_
from testban.locate.problem import Problem
from testban.locate.quality import chi2_two, ellipse

START = (130.0, 40.0, 0.0, 0)


@njit(cache=True)
def _residuals(k, phase, table, lon, lat, observed, x, out, sigma):
    for i in range(lon.size):
        delta, _, _ = delaz_(x[0], x[1], lon[i], lat[i])
        t, _, _ = lookup_(k, phase, 0.0, delta)
        out[i] = observed[i] - x[2] - t
        sigma[i] = model_sigma_(table, 0, delta)


def case(n: int):
    """Sites and picks of one event with n first arrivals from 3 to 90 degrees."""
    model, rnd = travel.load(), random.Random(n)
    sites, picks = {}, []
    for i in range(n):
        lon, lat = destination_(129.0, 41.0, rnd.uniform(0, 360), rnd.uniform(3, 90))
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        t = float(model.predict("P1", 0.0, delaz_(129.0, 41.0, lon, lat)[0])[0])
        picks.append(
            (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round((t + rnd.gauss(0, 0.5)) * 1e9)), "P")
        )
    return sites, picks


def rival(sites, picks, whitened: bool):
    """A function that locates once with SciPy and returns the ellipse's covariance."""
    model = travel.load()
    k, phase = model.kernel, model.index("P1")
    lon, lat = np.array([(s.longitude, s.latitude) for s in sites.values()]).T.copy()
    observed = np.array([p.time_ns / 1e9 for p, _ in picks])
    out, sigma = np.empty(lon.size), np.empty(lon.size)
    unit = np.array([unit_vector_(a, b) for a, b in zip(lon, lat, strict=True)])

    def run():
        x0 = np.array([START[0], START[1], 0.0])
        _residuals(k, phase, P_ERROR, lon, lat, observed, x0, out, sigma)
        x0[2] = np.median(out)
        if whitened:
            c = np.empty((lon.size, lon.size))
            correlations_(unit, np.zeros(lon.size, np.int64), c)
            c *= np.outer(sigma, sigma)
            c[np.diag_indices(lon.size)] += 1.0
            lower = np.linalg.cholesky(c)

        def f(x):
            _residuals(k, phase, P_ERROR, lon, lat, observed, x, out, sigma)
            return (
                solve_triangular(lower, out, lower=True, check_finite=False)
                if whitened
                else out / np.sqrt(sigma**2 + 1.0)
            )

        res = least_squares(f, x0, loss="soft_l1", x_scale=(1.0, 1.0, 10.0))
        return 4.6052 * np.linalg.inv(res.jac.T @ res.jac)[:2, :2]

    return run


def kernel(sites, picks, settings):
    """A function that locates once with ours, from arrays to ellipse: what the rivals do."""
    problem = Problem(picks, sites, settings)

    def run():
        x = np.array([START[0], START[1], START[2], (START[3] - problem.reference_ns) / 1e9])
        problem.at[:] = np.nan  # nothing is kept from the call before
        found = problem.run(x, False)
        c = problem.errors(found, 3)
        return ellipse(c[1, 1], c[1, 2], c[2, 2], chi2_two(0.9), 0.9, "coverage")

    return run


def main() -> list[dict]:
    """Rates and ratios. LOCSAT's rates were measured elsewhere, on a like machine, and are quoted."""
    rows = []
    quoted = {20: 8100, 50: 3600, 200: 650}
    kinds = {
        "plain": "whole, independent",
        "full": "whole, full covariance",
        "plain kernel": "arrays, independent",
        "full kernel": "arrays, full covariance",
    }
    for n in (20, 50, 200):
        sites, picks = case(n)
        full = locate.Settings(search=False)
        plain = locate.Settings(search=False, correlated=False)
        rate = _rates(
            {
                "full": lambda p=picks, s=sites, h=full: locate.locate(p, s, h, START),
                "plain": lambda p=picks, s=sites, h=plain: locate.locate(p, s, h, START),
                "plain kernel": kernel(sites, picks, plain),
                "full kernel": kernel(sites, picks, full),
                "independent": rival(sites, picks, False),
                "whitened": rival(sites, picks, True),
            }
        )
        for name, mine in (("independent", "plain"), ("independent", "full"), ("whitened", "full"),
                           ("independent", "plain kernel"), ("whitened", "full kernel")):  # fmt: skip
            rows.append({"name": f"location, {n} arrivals, ours {kinds[mine]}, SciPy {name}", "ours": round(rate[mine], 1),
                         "rival": round(rate[name], 1), "ratio": round(rate[mine] / rate[name], 2), "unit": "1/s",
                         "note": f"LOCSAT measured elsewhere: {quoted[n]}"})  # fmt: skip
    return rows


def _rates(contenders: dict, rounds: int = 9, seconds: float = 0.15) -> dict[str, float]:
    """Calls in a second of processor time of the calling thread, so that other work on the machine does not count (nor do
    threads that a rival's linear algebra may start, to its advantage): the median over rounds in which all take their turn.
    """
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for f in contenders.values():
        f()
    for _ in range(rounds):
        for name, f in contenders.items():
            n, begin = 0, time.thread_time()
            while time.thread_time() - begin < seconds:
                f()
                n += 1
            found[name].append(n / (time.thread_time() - begin))
    return {name: median(v) for name, v in found.items()}


if __name__ == "__main__":
    for row in main():
        print(row)
