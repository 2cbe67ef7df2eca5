"""Travel times: against TauP, against themselves, at their ends."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.earth import travel

TOOLS = Path(__file__).resolve().parents[3] / "tools" / "build_tables"


def _check_module():
    spec = importlib.util.spec_from_file_location("check_travel", TOOLS / "check_travel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "phase", ["P", "S", "Pg", "Pn", "pP", "sP", "PcP", "PKPdf", "PKPbc", "PKPab", "Pdiff"]
)
def test_times_equal_those_of_taup(phase):
    r = _check_module().compare("ak135", phase, 40, seed=20)
    assert r["n"] >= 10
    assert r["max_s"] < (0.05 if phase.startswith("PKP") else 0.02)
    assert r["max_slowness"] < 0.03
    assert len(r["one_side_only"]) <= 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("phase", ["P", "S", "PKPdf"])
def test_iasp91_times_equal_those_of_taup(phase):
    r = _check_module().compare("iasp91", phase, 30, seed=21)
    assert r["max_s"] < 0.02


def slow_twin(m: travel.TravelTimes, phase: str, depth: float, delta: float) -> float:
    """The same tables, every cell of every piece, with dense sampling instead of a search."""
    k, i = m.kernel, m.index(phase)
    segment = int(np.searchsorted(k.edges[1:-1], depth, side="left"))
    q = (depth - k.edges[segment]) / k.steps[segment]
    best = np.inf
    for row in range(k.start[i, segment], k.start[i, segment + 1]):
        nh, n = int(k.ints[row, 2]), int(k.ints[row, 3])
        j = min(int(q), nh - 2)
        w = q - j
        x = k.x[k.ints[row, 5] :][: nh * n].reshape(nh, n).astype(float)
        tau = k.tau[k.ints[row, 5] :][: nh * n].reshape(nh, n) * 1e-6
        ends = k.ends[k.ints[row, 4] :][: 2 * nh].reshape(nh, 2)
        x, tau = (1 - w) * x[j] + w * x[j + 1], (1 - w) * tau[j] + w * tau[j + 1]
        lo, hi = (1 - w) * ends[j] + w * ends[j + 1]
        p = hi - (hi - lo) * np.linspace(0, 1, n) ** 2
        for c in range(n - 1):
            if min(x[c], x[c + 1]) <= delta <= max(x[c], x[c + 1]):
                # tau + p delta is stationary: near the root both ends are bounds of second order
                f = 0.5 if x[c] == x[c + 1] else (delta - x[c]) / (x[c + 1] - x[c])
                linear = (1 - f) * (tau[c] + p[c] * delta) + f * (tau[c + 1] + p[c + 1] * delta)
                best = min(best, linear)
    return best


@pytest.mark.parametrize("phase", ["P", "S", "pP", "PcP", "PKPab"])
def test_compiled_search_equals_its_slow_twin(phase):
    m, rng = travel.load(), np.random.default_rng(3)
    seen = 0
    for _ in range(60):
        h, d = float(rng.uniform(0, 700)), float(rng.uniform(0, 180))
        t = m.predict(phase, h, d)[0]
        slow = slow_twin(m, phase, h, d)
        assert np.isfinite(t) == np.isfinite(slow)
        if np.isfinite(t):
            seen += 1
            assert abs(t - slow) < 0.05
    assert seen > 5


@pytest.mark.parametrize("phase", ["P", "S", "pP", "sP", "PcP", "PKPdf", "Pn", "ScP"])
def test_slowness_and_depth_derivative_belong_to_the_time(phase):
    m, rng = travel.load(), np.random.default_rng(5)
    h = rng.uniform(1.0, 34.0 if phase == "Pn" else 690.0, 400)
    d = rng.uniform(1.0, 180.0, 400)
    t, p, g = m.predict(phase, h, d)
    e = 0.02
    along = (m.predict(phase, h, d + e)[0] - m.predict(phase, h, d - e)[0]) / (2 * e)
    down = (m.predict(phase, h + 0.2, d)[0] - m.predict(phase, h - 0.2, d)[0]) / 0.4
    both = np.isfinite(t) & np.isfinite(along) & np.isfinite(down)
    assert both.sum() > 20
    dp, dg = np.abs(along - p)[both], np.abs(down - g)[both]
    # a step over a cusp of the first arrival is no derivative
    assert np.quantile(dp, 0.97) < 0.02
    assert np.quantile(dg, 0.97) < 0.003


def test_known_values_of_ak135():
    m = travel.load()
    # Kennett, Engdahl & Buland (1995) as tabulated: P at 60 deg, surface focus, 10 min 8.3 s
    t, p, _ = m.predict("P", 0.0, 60.0)
    assert abs(t - 608.28) < 0.05
    assert abs(p - 6.877) < 0.01
    assert m.predict("Pg", 0.0, 1.0)[0] == pytest.approx(2 * 6371 * np.sin(np.pi / 360) / 5.8, abs=2e-3)


def test_nothing_is_extrapolated():
    m = travel.load()
    for phase, h, d in (
        ("P", 0.0, 105.0), ("Pn", 0.0, 0.5), ("Pg", 100.0, 1.0), ("PKPbc", 0.0, 120.0), ("P", -1.0, 30.0),
        ("P", 701.0, 30.0), ("P", np.nan, 30.0), ("P", 10.0, np.nan), ("P1", 10.0, 190.0), ("Lg", 0.0, 60.0),
        ("P", 10.0, -1.0), ("P", 10.0, np.inf),
    ):  # fmt: skip
        assert all(np.isnan(v) for v in m.predict(phase, h, d)), (phase, h, d)


def test_first_arrivals_cover_all_distances():
    m = travel.load()
    d = np.arange(0.1, 180.0, 0.1)
    for h in (0.0, 10.0, 35.0, 300.0, 699.0):
        p1 = m.predict("P1", h, d)[0]
        assert np.all(np.isfinite(p1))
        for other in ("P", "Pg", "Pn", "PKPdf", "PKPbc"):
            t = m.predict(other, h, d)[0]
            assert np.all((t >= p1 - 0.01) | np.isnan(t)), other
    assert np.all(np.isfinite(m.predict("S1", 10.0, d[d < 155.0])[0]))


def test_floats_and_arrays_agree_and_broadcast():
    m = travel.load("iasp91")
    t, p, g = m.predict("P", np.array([[0.0], [100.0]]), np.array([30.0, 60.0, 90.0]))
    assert t.shape == p.shape == g.shape == (2, 3)
    one = m.predict("P", 100.0, 60.0)
    assert isinstance(one[0], float)
    assert one == (t[1, 1], p[1, 1], g[1, 1])
    assert one == travel.lookup_(m.kernel, m.index("P"), 100.0, 60.0)


def test_unknown_names_are_named_errors():
    with pytest.raises(InputError, match="PKJKP"):
        travel.load().predict("PKJKP", 0.0, 100.0)
    with pytest.raises(InputError, match="prem"):
        travel.load("prem")
