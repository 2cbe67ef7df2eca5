"""The fast paths of the locator beside slow and obvious twins."""

import random

import numpy as np
import pytest

from testban import locate
from testban.associate import Settings, dense
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import surface_times, travel
from testban.locate.depth_question import DEEP_STARTS_KM, DEPTHS_KM, NEAR_P_STARTS_KM
from testban.locate.errors_model import CORRELATION, correlations_, paths_
from testban.locate.problem import Problem
from testban.locate.shared import shared_


@pytest.mark.parametrize("model", travel.MODELS)
@pytest.mark.parametrize("phase", surface_times.PHASES)
def test_times_at_levels_are_those_of_the_tables(model: str, phase: str) -> None:
    times, table = travel.load(model), surface_times.kernel(model)
    index, rng = times.index(phase), np.random.default_rng(5)
    fast = 0
    for depth in surface_times.LEVELS_KM:
        level = surface_times.level_(table.depths, depth)
        for delta in (0.0, 180.0, *rng.uniform(0.0, 180.0, 500).tolist()):
            got = surface_times.times_(times.kernel, table, index, depth, delta)
            full = times.predict(phase, depth, delta)
            assert (got[0] != got[0]) == (full[0] != full[0])
            if full[0] == full[0]:
                assert abs(got[0] - full[0]) < 2e-4
                assert abs(got[1] - full[1]) < 2e-2
                assert abs(got[2] - full[2]) < 4e-4
                fast += surface_times.cell_(table.row, table.smooth, level, index, delta)[0] >= 0
    assert fast > 0
    assert surface_times.times_(times.kernel, table, index, 12.0, 40.0)[0] == pytest.approx(
        times.predict(phase, 12.0, 40.0)[0], abs=0.0, nan_ok=True
    )


def test_the_depths_that_are_tried_are_levels() -> None:
    tried = {
        *DEPTHS_KM,
        *NEAR_P_STARTS_KM,
        *DEEP_STARTS_KM,
        *Settings().fit_depths_km,
        *Settings().depths_km,
        *dense.DEPTHS_KM,
    }
    assert tried <= set(surface_times.LEVELS_KM)


def _mixed() -> Problem:
    """P, S and Lg at some twenty stations, some picked twice."""
    rnd, sites, picks, model = random.Random(3), {}, [], travel.load()
    for i in range(20):
        lon, lat = destination_(
            30.0, 10.0, rnd.uniform(0, 360), rnd.uniform(1, 20) if i % 3 else rnd.uniform(30, 80)
        )
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        delta = delaz_(30.0, 10.0, lon, lat)[0]
        labels = ["P", "S", "P"] if i % 4 == 0 else ["P", "Lg"] if delta < 20.0 else ["P"]
        for j, label in enumerate(labels):
            name = {"P": "P1", "S": "S1", "Lg": "Lg"}[label]
            t = float(model.predict(name, 0.0, delta)[0]) + rnd.gauss(0, 0.5)
            picks.append((Pick(pick_id=f"{i}-{j}", station_key=f"S{i}", time_ns=round(t * 1e9)), label))
    problem = Problem(picks, sites, locate.Settings())
    assert problem.run(np.array([30.0, 10.0, 0.0, 0.0]), False).used > 20
    return problem


@pytest.mark.parametrize("n_free", [3, 4])
def test_covariance_of_the_solution_is_that_of_plain_matrices(n_free: int) -> None:
    p = _mixed()
    got = np.zeros((4, 4))
    assert shared_(
        CORRELATION, p.vec, p.waves, p.code, p.column, p.data, p.geo, p.kept, p.out, n_free, got
    )  # fmt: skip
    use = np.flatnonzero(p.out[:, 9] > 0.0)
    n = use.size
    g = np.column_stack([np.ones(n), p.out[use, 1], p.out[use, 2], p.out[use, 3]])[:, :n_free]
    rho = np.empty((n, n))
    correlations_(p.vec[use], p.waves[use, 0], rho, paths_(p.waves[use, 0], p.out[use]))
    s, e, weight = p.out[use, 4], p.data[use, 2], p.out[use, 9]
    c = rho * np.outer(s, s)
    c[np.diag_indices(n)] = (s**2 + e**2) / weight
    w = np.diag(weight / (s**2 + e**2))
    inverse = np.linalg.inv(g.T @ w @ g)
    want = inverse @ g.T @ w @ c @ w @ g @ inverse
    scale = np.sqrt(np.outer(np.diag(want), np.diag(want)))
    assert np.max(np.abs(got[:n_free, :n_free] - want) / scale) < 2e-4
