"""The second layer: its transform, shrinkage, marginalising and closed forms against obvious twins."""

import itertools
import math
import random

import msgspec
import numpy as np
import pytest
from scipy import stats

from testban import identify
from testban.base.errors import ConfigurationError, InputError
from testban.base.records import Evidence, Verdict
from testban.identify import ecm

PRIORS = {"explosion": 0.2, "earthquake": 0.7, "collapse or other": 0.1}


def world(seed: int, n: int = 300) -> dict[str, list[dict[str, float]]]:
    rng = random.Random(seed)
    middle = {"explosion": 0.5, "earthquake": 0.2, "collapse or other": 0.35}
    out: dict[str, list[dict[str, float]]] = {}
    for kind, m in middle.items():
        out[kind] = []
        for _ in range(n):
            common = rng.gauss(0, 0.06)
            y = [min(1.0, max(0.0, rng.gauss(m, 0.1) + common)) for _ in range(3)]
            out[kind].append({f"d{i}": math.sin(math.pi / 2 * v) ** 2 for i, v in enumerate(y)})
    return out


def test_transform() -> None:
    assert ecm.transform(0.0) == 0.0
    assert ecm.transform(1.0) == pytest.approx(1.0)
    assert ecm.transform(0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6])
def test_chi_square_tails(d: int) -> None:
    for x in (0.01, 0.5, 2.0, 9.0, 30.0):
        assert ecm.chi2_beyond(x, d) == pytest.approx(stats.chi2.sf(x, d), rel=1e-6)


def test_density_against_numpy_whatever_is_missing() -> None:
    model = ecm.fit(world(1), ("d0", "d1", "d2"), "t")
    values = {"d0": 0.3, "d1": 0.8, "d2": 0.1}
    for k in (1, 2, 3):
        for names in itertools.combinations(values, k):
            got = ecm.log_density(model, {n: values[n] for n in names})
            i = [model.names.index(n) for n in names]
            for kind, mean, cov in model.classes:
                m, c = np.array(mean)[i], np.array(cov)[np.ix_(i, i)]
                y = np.array([ecm.transform(values[n]) for n in names])
                want = stats.multivariate_normal(m, c).logpdf(y) + 0.5 * k * math.log(2 * math.pi)
                assert got[kind][0] == pytest.approx(want, abs=1e-8)


def test_shrinkage_of_friedman() -> None:
    plain = ecm.fit(world(2), ("d0", "d1", "d2"), "t", lam=0.0, gamma=0.0)
    pooled = ecm.fit(world(2), ("d0", "d1", "d2"), "t", lam=1.0, gamma=0.0)
    ball = ecm.fit(world(2), ("d0", "d1", "d2"), "t", lam=1.0, gamma=1.0)
    assert len({c for _, _, c in plain.classes}) == 3
    first = pooled.classes[0][2]
    for _, _, c in pooled.classes:
        assert np.allclose(c, first)
        assert np.allclose(np.mean([x for _, _, x in plain.classes], axis=0), first)
    assert np.allclose(ball.classes[0][2], np.eye(3) * np.trace(first) / 3)


def test_posterior_is_honest_where_the_model_holds() -> None:
    model = ecm.fit(world(3), ("d0", "d1", "d2"), "t", lam=0.0, gamma=0.0)
    model = msgspec.structs.replace(model, cap=6.0)  # 900 events bear more than the thin calibration at hand
    stated, came = [], []
    even = dict.fromkeys(PRIORS, 1 / 3)
    for kind, events in world(4).items():
        for e in events:
            got = {c.name: c.probability for c in ecm.posterior(model, e, even)}
            assert sum(got.values()) == pytest.approx(1.0)
            stated.append(got["explosion"])
            came.append(kind == "explosion")
    from testban.identify import scores

    assert scores.calibration(stated, came).error < 0.03


def test_nothing_at_hand_gives_the_priors_back() -> None:
    model = ecm.fit(world(1), ("d0", "d1", "d2"), "t")
    for c in ecm.posterior(model, {}, PRIORS):
        assert c.probability == pytest.approx(PRIORS[c.name])
        assert c.typical == 1.0


def test_too_few_events_are_refused() -> None:
    few = {k: v[:2] for k, v in world(1).items()}
    with pytest.raises(InputError):
        ecm.fit(few, ("d0", "d1", "d2"), "t")


def word(name: str, p: float, lr: float) -> Evidence:
    return Evidence(
        name=name, applicable=True, value=0.0, sigma=1.0, p_explosion=p, p_earthquake=0.5, log10_lr=lr
    )


def test_the_second_layer_takes_back_and_never_makes_a_verdict() -> None:
    contradictory = identify.judge([word("regional P/S", 0.0005, 1.4)])
    assert contradictory.log10_lr == pytest.approx(1.4)
    assert contradictory.verdict is Verdict.UNDETERMINED
    assert "nearer to the class" in contradictory.reason
    weak = identify.judge([word("regional P/S", 0.5, 0.2)])
    assert weak.verdict is Verdict.UNDETERMINED
    sound = identify.judge([word("regional P/S", 0.5, 1.4)])
    assert sound.verdict is Verdict.EXPLOSION


@pytest.mark.parametrize("prior", [1e-5, 0.01, 0.5, 0.9])
def test_wrong_priors_move_no_verdict(prior: float) -> None:
    settings = identify.Settings(prior=prior, prior_other=0.01)
    for lr, p, want in (
        (1.4, 0.5, Verdict.EXPLOSION),
        (-1.4, 0.01, Verdict.EARTHQUAKE),
        (0.3, 0.3, Verdict.UNDETERMINED),
    ):
        assert identify.judge([word("regional P/S", p, lr)], settings).verdict is want


def test_priors_without_meaning_are_refused() -> None:
    with pytest.raises(ConfigurationError):
        identify.judge([], identify.Settings(prior=0.99, prior_other=0.02))
