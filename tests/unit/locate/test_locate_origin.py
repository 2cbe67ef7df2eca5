"""The locator finds a known hypocentre, whatever the order and the outliers, and its ellipse holds the truth."""

import math
import random

import msgspec
import numpy as np
import pytest

from testban import locate
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_, distance_km_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate import phases, quality
from testban.locate.errors_model import P_WITH_S, correlation_, correlations_, path_, paths_
from testban.locate.linear import cholesky_, forward_, inverse_, solve_
from testban.locate.problem import Problem

TRUTH = (129.08, 41.295)
SPHERE = locate.Settings()


def network(n, nearest, farthest, seed=3):
    rnd = random.Random(seed)
    sites = {}
    for i in range(n):
        lon, lat = destination_(*TRUTH, rnd.uniform(0, 360), rnd.uniform(nearest, farthest))
        sites[f"XX.S{i:02d}"] = Site(key=f"XX.S{i:02d}", longitude=lon, latitude=lat)
    return sites


def picks_of(sites, depth=0.0, noise=0.0, seed=1, label="P"):
    """Exact picks of the first branch of a label: the problem's own prediction, so that ellipticity is in them."""
    rnd = random.Random(seed)
    rows = [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=0.2), label) for k in sites]
    problem = Problem(rows, sites, SPHERE)
    problem.evaluate(np.array([TRUTH[0], TRUTH[1], depth, 0.0]))
    return [
        (
            msgspec.structs.replace(pick, time_ns=round((problem.kept[i, 0, 0] + rnd.gauss(0, noise)) * 1e9)),
            label,
        )
        for i, (pick, _) in enumerate(problem.rows)
    ]


def km(origin):
    return distance_km_(origin.longitude, origin.latitude, *TRUTH)


@pytest.mark.parametrize(("nearest", "farthest"), [(1.0, 12.0), (25.0, 95.0)])
def test_exact_picks_give_the_exact_place(nearest, farthest):
    sites = network(15, nearest, farthest)
    origin = locate.locate(picks_of(sites), sites).origin
    assert km(origin) < 0.05
    assert abs(origin.time_ns) < 2e7
    assert origin.depth_fixed
    assert origin.depth_km == 0.0
    assert origin.n_defining == 15


def test_order_of_the_picks_changes_no_byte():
    sites = network(12, 2.0, 30.0)
    picks = picks_of(sites, noise=0.5)
    first = msgspec.json.encode(locate.locate(picks, sites))
    random.Random(5).shuffle(picks)
    assert msgspec.json.encode(locate.locate(picks, sites)) == first


def test_the_start_does_not_matter():
    sites = network(10, 2.0, 12.0)
    picks = picks_of(sites, noise=0.3)
    searched = locate.locate(picks, sites).origin
    held = msgspec.structs.replace(SPHERE, search=False)
    near = locate.locate(picks, sites, held, (131.0, 39.0, 0.0, 5_000_000_000)).origin
    assert distance_km_(searched.longitude, searched.latitude, near.longitude, near.latitude) < 0.1


def test_outliers_lose_their_say():
    sites = network(14, 2.0, 12.0)
    picks = picks_of(sites, noise=0.2)
    bad = [(msgspec.structs.replace(p, time_ns=p.time_ns + 12_000_000_000), s) for p, s in picks[:2]]
    located = locate.locate(bad + picks[2:], sites)
    assert km(located.origin) < 15.0
    lost = {a.station_key for a in located.arrivals if not a.defining}
    assert lost >= {p.station_key for p, _ in bad}


def test_depth_is_free_only_with_near_stations():
    near = network(12, 0.1, 0.8)
    picks = picks_of(near, depth=12.0)
    rows = picks + [
        (msgspec.structs.replace(p, pick_id=p.pick_id + "s"), s)
        for p, s in picks_of(near, depth=12.0, label="S")
    ]
    origin = locate.locate(rows, near).origin
    assert not origin.depth_fixed
    assert abs(origin.depth_km - 12.0) < 1.0
    assert km(origin) < 0.5


def test_coverage_with_correlated_errors_is_as_stated():
    """Binomial: 200 trials at 90 %, three sigma is +-6.4 %; independent errors would cover far less."""
    sites = network(20, 3.0, 11.0, seed=9)
    exact = picks_of(sites)
    problem = Problem(exact, sites, SPHERE)
    problem.evaluate(np.array([TRUTH[0], TRUTH[1], 0.0, 0.0]))
    s = problem.out[:, 4]
    shared = np.empty((len(s), len(s)))
    wave = np.zeros(len(s), np.int64)
    correlations_(problem.vec, wave, shared, paths_(wave, problem.out))
    c = shared * np.outer(s, s) + np.diag(problem.data[:, 2] ** 2)
    assert cholesky_(c, len(c))
    lower = np.tril(c)
    rng = np.random.default_rng(4)
    by_id = {p.pick_id: p for p, _ in exact}
    order = [p.pick_id for p, _ in problem.rows]
    held = msgspec.structs.replace(SPHERE, search=False)
    inside, trials = 0, 200
    for _ in range(trials):
        e = (lower * rng.standard_normal(len(c))).sum(axis=1)
        rows = [
            (msgspec.structs.replace(by_id[k], time_ns=by_id[k].time_ns + round(v * 1e9)), "P")
            for k, v in zip(order, e, strict=True)
        ]
        o = locate.locate(rows, sites, held, (*TRUTH, 0.0, 0)).origin
        inside += contains(o, *TRUTH)
    assert abs(inside / trials - 0.9) < 0.065


def contains(o, lon, lat):
    from testban.base.geo import offset_km_

    e, n = offset_km_(o.longitude, o.latitude, lon, lat)
    a = math.radians(o.ellipse.strike_deg)
    u, v = e * math.sin(a) + n * math.cos(a), e * math.cos(a) - n * math.sin(a)
    return (u / o.ellipse.smajor_km) ** 2 + (v / o.ellipse.sminor_km) ** 2 <= 1.0


def test_gaps_and_network_quality_of_the_textbook():
    assert quality.gaps([10, 80, 200, 340]) == (140.0, 260.0)
    assert quality.network_quality([36.0 * i for i in range(10)]) == pytest.approx(0.0)
    assert quality.network_quality([5.0] * 10) == pytest.approx(0.9, abs=0.11)
    assert quality.network_quality([18.0 * i for i in range(10)]) == pytest.approx(0.5)


def test_factors_of_the_ellipses():
    assert quality.chi2_two(0.9) == pytest.approx(4.605170, abs=1e-5)
    for n, twice in ((4, 8.6491), (8, 6.2262), (20, 5.1785)):
        assert 2.0 * quality.fisher_two(0.9, n) == pytest.approx(twice, abs=1e-4)
    e = quality.ellipse(4.0, 0.0, 1.0, 1.0, 0.9, "coverage")
    assert (e.smajor_km, e.sminor_km, e.strike_deg) == (2.0, 1.0, 90.0)


def test_linear_algebra_against_numpy():
    rng = np.random.default_rng(0)
    m = rng.standard_normal((6, 6))
    a = m @ m.T + 6 * np.eye(6)
    low = a.copy()
    assert cholesky_(low, 6)
    assert np.allclose(np.tril(low), np.linalg.cholesky(a))
    b = rng.standard_normal((6, 2))
    y = b.copy()
    forward_(low, y, 6, 2)
    assert np.allclose(np.tril(low) @ y, b)
    x = b[:, 0].copy()
    solve_(low, x, 6)
    assert np.allclose(a @ x, b[:, 0])
    inv = np.empty((6, 6))
    inverse_(low, inv, 6)
    assert np.allclose(inv @ a, np.eye(6))
    assert not cholesky_(-a, 6)


def test_correlation_follows_the_published_variogram():
    """1 - variogram / sill of iLoc's generic P variogram at some separations (sill 0.6 s**2)."""
    for d, gamma in ((25.0, 0.1037), (85.0, 0.1824), (230.0, 0.2470), (1000.0, 0.3745)):
        a = d / 6371.0
        r = correlation_(1.0, 0.0, 0.0, math.cos(a), math.sin(a), 0.0)
        assert r == pytest.approx(1.0 - gamma / 0.6, abs=0.035)
    unit = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0]])
    out = np.empty((3, 3))
    correlations_(unit, np.array([0, 0, 1]), out)
    assert out[0, 2] == P_WITH_S
    assert out[0, 1] == out[1, 0]
    correlations_(unit, np.array([0, 0, 2]), out)
    assert out[0, 2] == 0.0


def test_paths_of_another_kind_share_little():
    """Pg, Pn and P of the lower mantle by slowness and distance; nearer stations of one kind share more."""
    assert [path_(0, 1.0, 19.0), path_(0, 3.0, 13.7), path_(0, 3.0, 18.9), path_(0, 40.0, 8.0)] == [
        0,
        1,
        0,
        2,
    ]
    assert [path_(1, 3.0, 24.7), path_(1, 3.0, 32.0), path_(2, 10.0, 31.8), path_(3, 5.0, 1.0)] == [
        1,
        0,
        0,
        2,
    ]
    unit = np.array([[1.0, 0.0, 0.0], [math.cos(0.02), math.sin(0.02), 0.0]])
    out = np.empty((2, 2))
    shares = []
    for path in ([0, 0], [1, 1], [2, 2], [0, 1], [0, 2]):
        correlations_(unit, np.array([0, 0]), out, np.array(path))
        shares.append(out[0, 1])
    assert shares[3] < shares[0] < shares[1] < shares[2]
    assert shares[4] < 0.06


def test_correlation_of_p_and_s_is_positive_definite():
    sites = network(12, 0.2, 20.0)
    one = [
        (math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y))
        for x, y in ((math.radians(s.longitude), math.radians(s.latitude)) for s in sites.values())
    ]
    for path in (None, np.arange(36) % 3, np.arange(36) // 12):
        out = np.empty((36, 36))
        correlations_(np.array(one * 3), np.repeat([0, 1, 2], 12), out, path)
        assert cholesky_(out, 36)


def test_s_with_the_cause_of_p_does_not_pull_the_origin_time():
    """All paths slow, P late by 1 s and S by the 2 s that go with it: S takes nothing from the time that P gives."""
    sites = network(12, 3.0, 11.0)
    late = [
        (msgspec.structs.replace(p, pick_id=p.pick_id + label, time_ns=p.time_ns + lag), label)
        for label, lag in (("P", 1_000_000_000), ("S", 2_000_000_000))
        for p, _ in picks_of(sites, label=label)
    ]
    settings = locate.Settings(whitened=True)
    alone = locate.locate([(p, label) for p, label in late if label == "P"], sites, settings).origin
    both = locate.locate(late, sites, settings).origin
    assert alone.time_ns == pytest.approx(1e9, abs=5e7)
    assert 0 < both.time_ns < 1.02e9
    assert both.n_defining == 24


def test_names_of_first_arrivals():
    model = travel.load()
    assert phases.name(model, "P1", 0.0, 0.5) == "Pg"
    assert phases.name(model, "P1", 0.0, 8.0) == "Pn"
    assert phases.name(model, "P1", 0.0, 60.0) == "P"
    assert phases.name(model, "P1", 0.0, 107.0) == "Pdiff"
    assert phases.name(model, "P1", 0.0, 130.0) == "PKPdf"


def test_no_station_is_a_named_error():
    with pytest.raises(InputError, match="coordinates"):
        locate.locate([(Pick(pick_id="a", station_key="XX.A", time_ns=0), "P")], {})


def test_of_two_hollows_the_deeper_is_found():
    """Stations nearly in a line leave a mirror image: without a start the better of the two minima is the answer.

    Without the second look 5 of these 30 stop in the worse one.
    """
    model = travel.load()
    held = locate.Settings(
        fixed_depth_km=0.0, model_sigma_factor=1e-9, robust=False, reidentify=False, correlated=False
    )
    for seed in range(30):
        rnd = random.Random(seed)
        sites, rows = {}, []
        for i in range(7):
            lon, lat = destination_(10.0, 50.0, 90.0, 0.25 * i - 0.6)
            lon, lat = destination_(lon, lat, rnd.uniform(0.0, 360.0), 0.05)
            sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
            t = float(model.predict("P1", 0.0, delaz_(10.1, 50.2, lon, lat)[0])[0]) + rnd.gauss(0.0, 0.5)
            rows.append(
                (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=0.5), "P")
            )
        searched = locate.locate(rows, sites, held).origin
        for lat in (50.2, 49.8):
            trusted = msgspec.structs.replace(held, search=False)
            assert (
                searched.rms_s
                < 1.02 * locate.locate(rows, sites, trusted, (10.1, lat, 0.0, 0)).origin.rms_s + 1e-3
            )
