"""Offsets and origin times of events, and a factor a phase, from times at stations: one robust generalised least squares.

Rules: those of `relative`; covariances are factored by hand, in fixed order.
"""

import math

import numpy as np
from numba import njit

from testban.base.dmath import log_
from testban.base.errors import InputError
from testban.locate.linear import cholesky_, forward_, solve_
from testban.repeat.times import Floats, Groups, Ints

SCALE = 0.1  # of the slownesses of one phase together: judgement
NU = 4.0  # degrees of freedom of the weights
ROUNDS = 12
SIGMAS_S = tuple(0.002 * 1.35**i for i in range(16))
TAUS_S_KM = (0.0005, 0.001, 0.002, 0.003, 0.0045, 0.0065, 0.009, 0.0125, 0.0175, 0.025, 0.035)


@njit(cache=True)
def group_(
    column: Ints, time: Floats, slowness: Floats, phase: int, n: int, weight: Floats, x: Floats, sigma: float, tau: float,
    c: Floats, rows: Floats, to: Ints,
) -> None:  # fmt: skip
    """Covariance c (m, m) and equations (m, unknowns, time, 1) of one group of m times; to: columns of the unknowns."""
    m = column.size
    k = 3 * m + 1
    to[k - 1] = 3 * n + phase
    for i in range(m):
        p = column[i]
        rows[i, k], rows[i, k + 1] = time[i], 1.0
        c[i, i] = sigma * sigma / weight[i]
        if p < 0:
            continue
        for d in range(3):
            to[3 * i + d] = 3 * p + d
        rows[i, 3 * i], rows[i, 3 * i + 1], rows[i, 3 * i + 2] = -slowness[0], -slowness[1], 1.0
        rows[i, k - 1] = -slowness[0] * x[3 * p] - slowness[1] * x[3 * p + 1]
        for j in range(m):
            q = column[j]
            if q >= 0:
                c[i, j] += tau * tau * (x[3 * p] * x[3 * q] + x[3 * p + 1] * x[3 * q + 1])


@njit(cache=True)
def add_(rows: Floats, to: Ints, factor: float, a: Floats, b: Floats) -> float:
    """Add whitened equations to the normal equations, the constant of the station taken out; -2 log likelihood of it."""
    m, k = rows.shape[0], to.size
    norm, total = 0.0, 0.0
    for i in range(m):
        norm += rows[i, k + 1] * rows[i, k + 1]
    for u in range(k + 1):
        f = 0.0
        for i in range(m):
            f += rows[i, k + 1] * rows[i, u]
        for i in range(m):
            rows[i, u] -= rows[i, k + 1] * f / norm
    for i in range(m):
        total += rows[i, k] * rows[i, k] * factor
    for u in range(k):
        if to[u] < 0:
            continue
        f = 0.0
        for i in range(m):
            f += rows[i, u] * rows[i, k]
        b[to[u]] += f * factor
        for v in range(k):
            if to[v] < 0:
                continue
            f = 0.0
            for i in range(m):
                f += rows[i, u] * rows[i, v]
            a[to[u], to[v]] += f * factor
    return total + log_(norm) * factor


@njit(cache=True)
def normal_(
    start: Ints, column: Ints, time: Floats, slowness: Floats, phase: Ints, n: int, weight: Floats, factor: Floats,
    x: Floats, sigma: float, tau: float, a: Floats, b: Floats,
) -> float:  # fmt: skip
    """Normal equations of (east, north in km; time in s) by event and of the scale by phase into a, b.

    Returns -2 log likelihood less that of a. column: of the event of each time, -1 the master. phase: of each group.
    n: events. factor: how often each group counts. Covariance within a group: sigma^2 / weight on the diagonal and
    tau^2 times the product of the offsets x of the two events.
    """
    a[:] = 0.0
    b[:] = 0.0
    total = 0.0
    for g in range(start.size - 1):
        if factor[g] == 0.0:
            continue
        lo, hi = start[g], start[g + 1]
        m = hi - lo
        c, rows, to = np.zeros((m, m)), np.zeros((m, 3 * m + 3)), np.full(3 * m + 1, -1, np.int64)
        group_(
            column[lo:hi], time[lo:hi], slowness[g], phase[g], n, weight[lo:hi], x, sigma, tau, c, rows, to
        )
        if not cholesky_(c, m):
            continue
        forward_(c, rows, m, 3 * m + 3)
        for i in range(m):
            total += 2.0 * log_(c[i, i]) * factor[g]
        total += add_(rows, to, factor[g], a, b)
    return total


def step(
    g: Groups, column: Ints, weight: Floats, factor: Floats, x: Floats, sigma: float, tau: float,
    prior: Floats | None = None,
) -> tuple[Floats, float]:  # fmt: skip
    """Solution with given errors, and -2 log restricted likelihood. x: where it is linear. prior: of the scales."""
    size, names = len(x), g.phases
    n = (size - len(names)) // 3
    phase = np.array([names.index(p) for _, p in g.names], dtype=np.int64)
    a, b = np.empty((size, size)), np.empty(size)
    total = normal_(g.start, column, g.time, g.slowness, phase, n, weight, factor, x, sigma, tau, a, b)
    where = np.arange(size)
    a[where, where] += 1e-9  # an event that a draw of stations leaves without a direction stays
    for k in range(3 * n, size):
        a[k, k] += 1.0 / SCALE**2
        if prior is not None:
            b[k] += float(prior[k - 3 * n]) / SCALE**2
    right = b.copy()
    if not cholesky_(a, size):
        raise InputError(
            "expected differences that determine every event, got contradictory ones; see residuals"
        )
    solve_(a, b, size)
    fit = 0.0
    for i in range(size):
        fit += right[i] * b[i]
        total += 2.0 * log_(float(a[i, i]))
    return b, total - fit


def left(g: Groups, column: Ints, x: Floats, weight: Floats) -> Floats:
    """Residuals of all times, the weighted mean of each group taken off."""
    names = g.phases
    n = len(x) - len(names)
    scale = {p: 1.0 + float(x[n + k]) for k, p in enumerate(names)}
    safe = np.maximum(column, 0) * 3
    inside = (column >= 0).astype(np.float64)
    group = np.repeat(np.arange(len(g.names)), np.diff(g.start))
    s = (g.slowness * np.array([[scale[p]] for _, p in g.names]))[group]
    r = g.time - inside * (x[safe + 2] - s[:, 0] * x[safe] - s[:, 1] * x[safe + 1])
    out = np.empty(len(r))
    for k in range(len(g.names)):
        lo, hi = int(g.start[k]), int(g.start[k + 1])
        mean = math.fsum((weight[lo:hi] * r[lo:hi]).tolist()) / math.fsum(weight[lo:hi].tolist())
        out[lo:hi] = r[lo:hi] - mean
    return out


def _weights(residual: Floats, g: Groups, column: Ints, x: Floats, sigma: float, tau: float) -> Floats:
    """Student's weights of residuals over their error, at most 1."""
    safe = np.maximum(column, 0) * 3
    offset2 = np.where(column >= 0, x[safe] ** 2 + x[safe + 1] ** 2, 0.0)
    u2 = residual**2 / (sigma**2 + tau**2 * offset2)
    return np.minimum(1.0, (NU + 1.0) / (NU + u2))


def solve(g: Groups, columns: Ints, n: int) -> tuple[Floats, Floats, float, float]:
    """Solution (3 a event), weights, and the errors that fit best."""
    column = columns[g.event]
    factor = np.ones(len(g.names))
    x, weight = np.zeros(3 * n + len(g.phases)), np.ones(len(g.time))
    sigma, tau = 0.5, 0.0
    for _ in range(ROUNDS):  # from loose to tight, so that gross errors have no say
        x, _ = step(g, column, weight, factor, x, sigma, tau)
        r = left(g, column, x, weight)
        sigma = max(1.4826 * float(np.median(np.abs(r))) * math.sqrt(_freedom(g, n)), 1e-3)
        weight = _weights(r, g, column, x, sigma, 0.0)
    for _ in range(3):
        best = math.inf
        at = x.copy()
        for s in SIGMAS_S:
            for t in TAUS_S_KM:
                _, value = step(g, column, weight, factor, at, s, t)
                if value < best:
                    best, sigma, tau = value, s, t
        for _ in range(ROUNDS):
            x, _ = step(g, column, weight, factor, x, sigma, tau)
            weight = _weights(left(g, column, x, weight), g, column, x, sigma, tau)
    return x, weight, sigma, tau


def _freedom(g: Groups, n: int) -> float:
    """Variance of an error over that of its residual, on average."""
    times = len(g.time)
    return times / max(times - len(g.names) - 3 * n, 0.25 * times)
