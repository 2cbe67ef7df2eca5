"""The second layer: tail probabilities under "explosion", transformed and put to regularised discrimination.

Rules: each discriminant enters as its p under the hypothesis of an explosion, transformed to Y = (2/pi) asin sqrt p [unconfirmed];
classes are normal in Y with covariances (1-g)[(1-l) S_k + l S_pool] + g tr(.)/d I (Friedman 1989, JASA 84, 165), as Anderson
et al. 2007 (BSSA 97, 1730) do; a missing discriminant is marginalised, never filled in; a bound (Ms not seen) counts
as missing here. The reference populations are those of the discriminants themselves, drawn at fixed points; how
discriminants of one event hang together was not measured: a correlation is assumed. Collapses and other sources have a
population by assumption only, so they never make a verdict. Priors are explicit. Small systems by Cholesky.
"""

import functools
import math
from collections.abc import Mapping, Sequence

import msgspec

from testban.base.dmath import asin_, erfc_, exp10_, exp_, log_
from testban.base.errors import InputError
from testban.base.records import Evidence
from testban.base.verdicts import ClassOdds
from testban.identify import depth, pairs, polarity, regional, surface
from testban.identify.calibration import MsModel, PsModel, predictive
from testban.identify.densities import distribution
from testban.identify.halton import radical
from testban.identify.registry import Settings

EXPLOSION, EARTHQUAKE, OTHER = "explosion", "earthquake", "collapse or other"
NAMES = (regional.NAME, depth.NAME, surface.NAME, polarity.NAME)
LAMBDA, GAMMA = 0.5, 0.1
CAP = 1.5  # largest log10 of a ratio of densities that is believed: that of the discriminants behind it
POINTS = 256
READINGS = 6
DEPTH_SIGMA_KM = 6.0
OTHER_PS, OTHER_MS = (0.0, 0.35), (0.0, 0.5)  # mean and spread of collapses and their like [assumed]
LOG10_E = 0.4342944819032518
Rows = tuple[tuple[float, ...], ...]


class EcmModel(msgspec.Struct, frozen=True, kw_only=True):
    """Classes with means and regularised covariances of Y, in the order of `names`."""

    name: str
    names: tuple[str, ...]
    cap: float = CAP
    classes: tuple[tuple[str, tuple[float, ...], Rows], ...]


def transform(p: float) -> float:
    """Y of a tail probability, 0..1."""
    return 2.0 / math.pi * asin_(math.sqrt(min(1.0, max(0.0, p))))


def fit(
    training: Mapping[str, Sequence[Mapping[str, float]]], names: Sequence[str], title: str,
    *, lam: float = LAMBDA, gamma: float = GAMMA, correlation: float | None = None,
) -> EcmModel:  # fmt: skip
    """A model from events of each class, each a mapping of discriminant -> p (missing ones left out).

    Means and covariances are of the events that have both; correlation replaces those between discriminants.
    Raises InputError for fewer than three events with any discriminant in a class.
    """
    raw: list[tuple[str, tuple[float, ...], list[list[float]], int]] = []
    for kind in sorted(training):
        columns = [[transform(e[n]) if n in e else None for e in training[kind]] for n in names]
        if any(sum(v is not None for v in c) < 3 for c in columns):
            raise InputError(
                f"expected three events or more with each of {', '.join(names)} in {kind!r}: give more"
            )
        means = [_mean([v for v in c if v is not None]) for c in columns]
        cov = [
            [_cov(a, b, ma, mb) for b, mb in zip(columns, means, strict=True)]
            for a, ma in zip(columns, means, strict=True)
        ]
        if correlation is not None:
            cov = [
                [v if i == j else correlation * math.sqrt(cov[i][i] * cov[j][j]) for j, v in enumerate(row)]
                for i, row in enumerate(cov)
            ]
        raw.append((kind, tuple(means), cov, len(training[kind])))
    total = sum(n for *_, n in raw)
    d = len(names)
    pool = [[sum(c[i][j] * n for _, _, c, n in raw) / total for j in range(d)] for i in range(d)]
    return EcmModel(
        name=title,
        names=tuple(names),
        classes=tuple((k, m, _regular(c, pool, lam, gamma)) for k, m, c, _ in raw),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _cov(a: Sequence[float | None], b: Sequence[float | None], ma: float, mb: float) -> float:
    products = [(x - ma) * (y - mb) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    return sum(products) / max(1, len(products) - 1)


def _regular(cov: list[list[float]], pool: list[list[float]], lam: float, gamma: float) -> Rows:
    """Friedman's two shrinkages: towards the pooled covariance, then towards a sphere."""
    d = len(cov)
    mixed = [[(1.0 - lam) * cov[i][j] + lam * pool[i][j] for j in range(d)] for i in range(d)]
    ball = sum(mixed[i][i] for i in range(d)) / d
    return tuple(
        tuple((1.0 - gamma) * mixed[i][j] + (gamma * ball if i == j else 0.0) for j in range(d))
        for i in range(d)
    )


def log_density(model: EcmModel, values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Natural log density and squared Mahalanobis distance under each class, of the discriminants that are there."""
    have = [i for i, n in enumerate(model.names) if n in values]
    y = [transform(values[model.names[i]]) for i in have]
    out = {}
    for kind, mean, cov in model.classes:
        lower, half_log_det = _cholesky([[cov[i][j] for j in have] for i in have])
        z: list[float] = []
        for i, row in enumerate(lower):
            r = y[i] - mean[have[i]] - sum(row[j] * z[j] for j in range(i))
            z.append(r / row[i])
        square = sum(v * v for v in z)
        out[kind] = (-0.5 * square - half_log_det, square)
    return out


def _cholesky(a: list[list[float]]) -> tuple[list[list[float]], float]:
    """Lower factor and half the log determinant."""
    n = len(a)
    low = [[0.0] * n for _ in range(n)]
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            v = a[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = math.sqrt(max(v, 1e-12)) if i == j else v / low[j][j]
        total += log_(low[i][i])
    return low, total


def chi2_beyond(square: float, d: int) -> float:
    """Chance that chi-square of d degrees of freedom exceeds `square` (closed forms by recursion)."""
    h = 0.5 * square
    if d % 2:
        out, term, k = erfc_(math.sqrt(h)), exp_(-h) * math.sqrt(h / math.pi) * 2.0, 1.5
    else:
        out, term, k = exp_(-h), exp_(-h) * h, 2.0
    for _ in range((d - 1) // 2):
        out += term
        term *= h / k
        k += 1.0
    return min(1.0, out)


def posterior(
    model: EcmModel, values: Mapping[str, float], priors: Mapping[str, float]
) -> tuple[ClassOdds, ...]:
    """Odds of the classes; with no discriminant at hand the priors come back. Ratios beyond 10^cap are held there."""
    found = log_density(model, values)
    n = sum(1 for name in model.names if name in values)
    best = max(v for v, _ in found.values())
    support = {k: max(-model.cap, (v - best) * LOG10_E) for k, (v, _) in found.items()}
    weight = {k: priors.get(k, 0.0) * exp10_(s) for k, s in support.items()}
    total = sum(weight.values())
    return tuple(
        ClassOdds(
            name=k, prior=priors.get(k, 0.0), probability=weight[k] / total, log10_support=support[k],
            typical=chi2_beyond(square, n) if n else 1.0,
        )
        for k, (_, square) in found.items()
    )  # fmt: skip


def classes(evidence: Sequence[Evidence], settings: Settings) -> tuple[ClassOdds, ...]:
    """Odds of the three classes from the applicable evidence; empty where none is in the model."""
    values = {
        e.name: e.p_explosion
        for e in evidence
        if e.applicable and e.p_explosion is not None and e.name in NAMES and not e.detail.get("bound")
    }
    if not values:
        return ()
    priors = {
        EXPLOSION: settings.prior,
        OTHER: settings.prior_other,
        EARTHQUAKE: 1.0 - settings.prior - settings.prior_other,
    }
    return posterior(
        reference(settings.ps, settings.ms, settings.s_model, settings.dependence), values, priors
    )


def _inverse_t4(p: float) -> float:
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if distribution(middle, 0.0, 1.0) < p else (low, middle)
    return 0.5 * (low + high)


@functools.lru_cache(maxsize=8)
def reference(ps: PsModel, ms: MsModel, s_model: float, correlation: float) -> EcmModel:
    """The model of the reference populations that the discriminants themselves rest on."""
    joint = pairs.typical(ps.pairs) if ps.pairs is not None else None
    half = ps.separation() if joint is None else joint.half
    x, q = (predictive(ps.spread_event, n, 0.1) for n in (ps.n_explosions, ps.n_earthquakes))
    if joint is not None:
        x, q = joint.explosion, joint.earthquake
    mx, mq = (
        (m, math.sqrt(s * s + ms.more(s_model) * ms.more(s_model))) for m, s in (ms.explosion, ms.earthquake)
    )
    wrong = [polarity.WRONG_LEAST] * READINGS
    ups_x, ups_q = polarity.distributions(wrong)
    ups_of = {EXPLOSION: ups_x, EARTHQUAKE: ups_q, OTHER: ups_x[::-1]}
    p_s = {EXPLOSION: (half, x), EARTHQUAKE: (-half, q), OTHER: OTHER_PS}
    m_s = {EXPLOSION: mx, EARTHQUAKE: mq, OTHER: OTHER_MS}
    training: dict[str, list[dict[str, float]]] = {k: [] for k in (EXPLOSION, EARTHQUAKE, OTHER)}
    for kind, out in training.items():
        for i in range(1, POINTS + 1):
            u = [radical(i, b) for b in (2, 3, 5, 7, 11)]
            v = p_s[kind][0] + p_s[kind][1] * _inverse_t4(u[0])
            d = m_s[kind][0] + m_s[kind][1] * _inverse_t4(u[1])
            z = _depth(kind, u[2]) + DEPTH_SIGMA_KM * _inverse_t4(u[3])
            ups = _quantile(ups_of[kind], u[4])
            out.append(
                {
                    regional.NAME: distribution(v, half, x),
                    depth.NAME: 1.0 - distribution(z, depth.EXPLOSION_KM, DEPTH_SIGMA_KM),
                    surface.NAME: 1.0 - distribution(d, *mx),
                    polarity.NAME: polarity.tails(wrong, ups)[0],
                }
            )
    return fit(training, NAMES, f"reference populations of {ps.name} and {ms.name}", correlation=correlation)


def _depth(kind: str, u: float) -> float:
    if kind != EARTHQUAKE:
        return depth.EXPLOSION_KM
    for low, high, share in depth.EARTHQUAKES:
        if u < share:
            return low + (high - low) * u / share
        u -= share
    return depth.EARTHQUAKES[-1][1]


def _quantile(counts: Sequence[float], u: float) -> int:
    """Number of compressions at a quantile of its distribution."""
    total = 0.0
    for k, p in enumerate(counts):
        total += p
        if u < total:
            return k
    return len(counts) - 1
