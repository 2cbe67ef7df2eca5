"""Relative positions and origin times of events of one site from differences of their arrival times.

Rules: differences of one station and phase are first made one time an event (robust least squares over the pairs, so
that closed loops are used and tested); a station's times then differ by origin times and by slowness times offset
(double difference: Waldhauser & Ellsworth 2000, BSSA 90, 1353; with slowness vectors: Gibbons et al. 2017, GJI 208, 526).
The slowness of the model is wrong by an unknown vector at every station (sigma tau), the same for all events there: it
is not solved for but stands in the covariance, where it grows with the offset; and by an unknown factor common to a phase
(the rock at the source: Pn against P), solved for with a prior of SCALE. Timing error (sigma) and tau are those of
greatest restricted likelihood on a fixed grid; weights are Student's. One free constant a station takes up all that is
common to its events, so that no event needs to be seen everywhere. Errors: stations are drawn with replacement, and each
draw adds a slowness error of its own. Plain arithmetic in fixed order: every machine gets the same numbers.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import DEG, atan2_, log_
from testban.base.errors import InputError
from testban.locate.linear import cholesky_, forward_, solve_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCALE = 0.1  # of the slownesses of one phase together: judgement
NU = 4.0  # degrees of freedom of the weights
ROUNDS = 12
DRAWS = 400
CHI2 = 4.605170185988092  # two degrees of freedom, 90 %
SIGMAS_S = tuple(0.002 * 1.35**i for i in range(16))
TAUS_S_KM = (0.0005, 0.001, 0.002, 0.003, 0.0045, 0.0065, 0.009, 0.0125, 0.0175, 0.025, 0.035)
OUTLYING = (
    6.0  # robust sigmas of all pairs' misfits beyond which a pair is reported as contradicting the others
)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Arrival time at an event minus that at another, with nominal origin times taken off. weight: 0..1."""

    station: str
    phase: str
    first: int
    second: int
    seconds: float
    weight: float = 1.0


class Slowness(msgspec.Struct, frozen=True, kw_only=True):
    """Horizontal slowness at the source towards a station, s/km, positive to east and north."""

    east: float
    north: float


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One event beside the master: offset (m), 90 % ellipse (m; azimuth of the major axis, deg), time shift (s).

    shift_s: origin time minus the nominal one, less that of the master. n_phases: stations and phases that saw it.
    """

    event: int
    east_m: float
    north_m: float
    semimajor_m: float
    semiminor_m: float
    strike_deg: float
    shift_s: float
    shift_sigma_s: float
    n_phases: int


class Residual(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the time of an event at a station, and its weight (0..1)."""

    station: str
    phase: str
    event: int
    seconds: float
    weight: float


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """Events beside a master (left out: connected with it by nothing), residuals, and how well the differences agree.

    scale: factor of the slownesses by phase. sigma_s: error of a time; tau_s_km: error of the slowness of the model, each component; closure_s: median absolute
    misfit of single differences against the times made of all; outlying: differences that contradict the others.
    """

    placed: tuple[Placed, ...]
    left_out: tuple[int, ...]
    residuals: tuple[Residual, ...]
    scale: dict[str, float]
    sigma_s: float
    tau_s_km: float
    closure_s: float
    n_differences: int
    outlying: tuple[Difference, ...]


class Groups(msgspec.Struct, kw_only=True, eq=False):
    """Times of events by station, phase and connected part: start (g + 1), event (n), time (n), slowness (g, 2)."""

    start: Ints
    event: Ints
    time: Floats
    slowness: Floats
    names: list[tuple[str, str]]

    @property
    def phases(self) -> list[str]:
        """Names of the phases in the order of their columns."""
        return sorted({phase for _, phase in self.names})


def relocate(
    differences: Sequence[Difference], slowness: dict[tuple[str, str], Slowness], n_events: int, master: int,
    seed: int = 1,
) -> Relative:  # fmt: skip
    """Positions of events beside the master, from differences in any order.

    slowness: by (station, phase); differences without one are an error of the caller. Raises InputError where nothing
    can be placed.
    """
    ordered = sorted(differences, key=lambda d: (d.station, d.phase, d.first, d.second, d.seconds, d.weight))
    ordered = [d for d in ordered if d.first != d.second]
    groups, misfit = _groups(ordered, slowness)
    kept = _reached(groups, n_events, master)
    groups = _only(groups, kept)
    columns = _columns(kept, master)
    n = int(columns.max()) + 1 if len(columns) else 0
    if n < 1 or len(groups.names) < 3:
        raise InputError(
            "expected events that share three stations or phases with the master, got "
            f"{len(groups.names)} of them and {len(kept) - 1} other events; give more differences or another master"
        )
    x, weight, sigma, tau = _solve(groups, columns, n)
    draws = _bootstrap(groups, columns, n, x, weight, sigma, tau, seed)
    counts = np.bincount(groups.event, minlength=n_events)
    placed = [_placed(e, int(columns[e]), x, draws, int(counts[e])) for e in kept if e != master]
    itself = Placed(event=master, east_m=0.0, north_m=0.0, semimajor_m=0.0, semiminor_m=0.0, strike_deg=0.0,
                    shift_s=0.0, shift_sigma_s=0.0, n_phases=int(counts[master]))  # fmt: skip
    size = np.abs(misfit)
    closure = float(np.median(size)) if len(size) else 0.0
    bad = [
        d
        for d, m in zip(ordered, size.tolist(), strict=True)
        if m > max(OUTLYING * 1.4826 * closure, 3.0 * sigma)
    ]
    return Relative(
        placed=tuple(sorted([itself, *placed], key=lambda p: p.event)),
        left_out=tuple(e for e in range(n_events) if e not in kept),
        residuals=_residuals(groups, columns, x, weight),
        scale={p: 1.0 + float(v) for p, v in zip(groups.phases, x[3 * n :], strict=True)},
        sigma_s=sigma, tau_s_km=tau, closure_s=closure, n_differences=len(ordered), outlying=tuple(bad),
    )  # fmt: skip


# -- times of events from differences of pairs ------------------------------------------------------------------------


def _groups(
    differences: Sequence[Difference], slowness: dict[tuple[str, str], Slowness]
) -> tuple[Groups, Floats]:
    """Times by station and phase, and the misfit of every difference against them."""
    start, event, time, vectors = [0], [], [], []
    names: list[tuple[str, str]] = []
    misfit = np.zeros(len(differences))
    k = 0
    while k < len(differences):
        key = (differences[k].station, differences[k].phase)
        end = k
        while end < len(differences) and (differences[end].station, differences[end].phase) == key:
            end += 1
        rows = differences[k:end]
        for part in _parts(rows):
            index = {e: i for i, e in enumerate(part)}
            mine = [i for i, d in enumerate(rows) if d.first in index]
            a = np.array([index[rows[i].first] for i in mine], dtype=np.int64)
            b = np.array([index[rows[i].second] for i in mine], dtype=np.int64)
            d = np.array([rows[i].seconds for i in mine])
            w = np.array([rows[i].weight for i in mine])
            t, r = np.zeros(len(part)), np.empty(len(mine))
            times_(a, b, d, w, t, r)
            misfit[[k + i for i in mine]] = r
            event += part
            time += t.tolist()
            start.append(len(event))
            vectors.append((slowness[key].east, slowness[key].north))
            names.append(key)
        k = end
    return Groups(
        start=np.array(start, dtype=np.int64), event=np.array(event, dtype=np.int64), time=np.array(time),
        slowness=np.array(vectors).reshape(-1, 2), names=names,
    ), misfit  # fmt: skip


def _parts(rows: Sequence[Difference]) -> list[list[int]]:
    """Events of one station and phase in connected parts, each sorted."""
    root: dict[int, int] = {}

    def top(e: int) -> int:
        while root.setdefault(e, e) != e:
            e = root[e]
        return e

    for d in rows:
        a, b = top(d.first), top(d.second)
        root[max(a, b)] = min(a, b)
    parts: dict[int, list[int]] = {}
    for e in sorted(root):
        parts.setdefault(top(e), []).append(e)
    return [parts[k] for k in sorted(parts)]


@njit(cache=True)
def times_(first: Ints, second: Ints, seconds: Floats, weight: Floats, t: Floats, misfit: Floats) -> None:
    """Times t of the events of one connected part, of mean zero, from differences t[second] - t[first].

    Least absolute deviations by repeated least squares, from all equal: a wrong pair has no say where others close
    the loop. misfit: of each difference.
    """
    n = t.size
    floor = 1e-3
    a, b = np.empty((n, n)), np.empty(n)
    for r in range(ROUNDS + 8):
        a[:] = 1.0 / n  # holds the mean
        b[:] = 0.0
        for k in range(seconds.size):
            i, j = first[k], second[k]
            w = weight[k]
            if r > 0:
                w /= max(abs(misfit[k]), floor)
            a[i, i] += w
            a[j, j] += w
            a[i, j] -= w
            a[j, i] -= w
            b[j] += w * seconds[k]
            b[i] -= w * seconds[k]
        if not cholesky_(a, n):
            break
        solve_(a, b, n)
        for i in range(n):
            t[i] = b[i]
        for k in range(seconds.size):
            misfit[k] = seconds[k] - (t[second[k]] - t[first[k]])


def _reached(g: Groups, n_events: int, master: int) -> list[int]:
    """Events that stations connect with the master, by at least three stations and phases each."""
    kept = set(range(n_events))
    while True:
        counts = dict.fromkeys(kept, 0)
        links: dict[int, set[int]] = {e: set() for e in kept}
        for k in range(len(g.names)):
            events = [e for e in g.event[g.start[k] : g.start[k + 1]].tolist() if e in kept]
            if len(events) < 2:
                continue
            for e in events:
                counts[e] += 1
                links[e] |= set(events)
        reached, todo = {master}, [master]
        while todo:
            for e in sorted(links.get(todo.pop(), ())):
                if e not in reached and counts[e] >= 3:
                    reached.add(e)
                    todo.append(e)
        if reached == kept or len(reached) == 1:
            return sorted(reached)
        kept = reached


def _only(g: Groups, kept: Sequence[int]) -> Groups:
    inside = set(kept)
    start, event, time, rows = [0], [], [], []
    for k in range(len(g.names)):
        mine = [i for i in range(g.start[k], g.start[k + 1]) if int(g.event[i]) in inside]
        if len(mine) < 2:
            continue
        event += [int(g.event[i]) for i in mine]
        time += [float(g.time[i]) for i in mine]
        start.append(len(event))
        rows.append(k)
    return Groups(
        start=np.array(start, dtype=np.int64), event=np.array(event, dtype=np.int64), time=np.array(time),
        slowness=g.slowness[rows], names=[g.names[k] for k in rows],
    )  # fmt: skip


def _columns(kept: Sequence[int], master: int) -> Ints:
    """Number of an event among those that are solved for; -1 for the master and for what is left out."""
    columns = np.full(max(kept) + 1, -1, dtype=np.int64)
    for i, e in enumerate(e for e in kept if e != master):
        columns[e] = i
    return columns


# -- positions --------------------------------------------------------------------------------------------------------


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
        lo, m = start[g], start[g + 1] - start[g]
        c = np.zeros((m, m))
        k = 3 * m + 1
        rows, to = np.zeros((m, k + 2)), np.full(k, -1, np.int64)
        to[k - 1] = 3 * n + phase[g]
        for i in range(m):
            p = column[lo + i]
            rows[i, k], rows[i, k + 1] = time[lo + i], 1.0
            c[i, i] = sigma * sigma / weight[lo + i]
            if p < 0:
                continue
            for d in range(3):
                to[3 * i + d] = 3 * p + d
            rows[i, 3 * i], rows[i, 3 * i + 1], rows[i, 3 * i + 2] = -slowness[g, 0], -slowness[g, 1], 1.0
            rows[i, k - 1] = -slowness[g, 0] * x[3 * p] - slowness[g, 1] * x[3 * p + 1]
            for j in range(m):
                q = column[lo + j]
                if q >= 0:
                    c[i, j] += tau * tau * (x[3 * p] * x[3 * q] + x[3 * p + 1] * x[3 * q + 1])
        if not cholesky_(c, m):
            continue
        forward_(c, rows, m, k + 2)
        norm = 0.0
        for i in range(m):
            norm += rows[i, k + 1] * rows[i, k + 1]
            total += 2.0 * log_(c[i, i]) * factor[g]
        total += log_(norm) * factor[g]
        for u in range(k + 1):  # the constant of the station
            f = 0.0
            for i in range(m):
                f += rows[i, k + 1] * rows[i, u]
            for i in range(m):
                rows[i, u] -= rows[i, k + 1] * f / norm
        for i in range(m):
            total += rows[i, k] * rows[i, k] * factor[g]
        for u in range(k):
            if to[u] < 0:
                continue
            f = 0.0
            for i in range(m):
                f += rows[i, u] * rows[i, k]
            b[to[u]] += f * factor[g]
            for v in range(k):
                if to[v] < 0:
                    continue
                f = 0.0
                for i in range(m):
                    f += rows[i, u] * rows[i, v]
                a[to[u], to[v]] += f * factor[g]
    return total


def _step(
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


def _left(g: Groups, column: Ints, x: Floats, weight: Floats) -> Floats:
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


def _solve(g: Groups, columns: Ints, n: int) -> tuple[Floats, Floats, float, float]:
    """Solution (3 a event), weights, and the errors that fit best."""
    column = columns[g.event]
    factor = np.ones(len(g.names))
    x, weight = np.zeros(3 * n + len(g.phases)), np.ones(len(g.time))
    sigma, tau = 0.5, 0.0
    for _ in range(ROUNDS):  # from loose to tight, so that gross errors have no say
        x, _ = _step(g, column, weight, factor, x, sigma, tau)
        r = _left(g, column, x, weight)
        sigma = max(1.4826 * float(np.median(np.abs(r))) * math.sqrt(_freedom(g, n)), 1e-3)
        weight = _weights(r, g, column, x, sigma, 0.0)
    for _ in range(3):
        best = math.inf
        at = x.copy()
        for s in SIGMAS_S:
            for t in TAUS_S_KM:
                _, value = _step(g, column, weight, factor, at, s, t)
                if value < best:
                    best, sigma, tau = value, s, t
        for _ in range(ROUNDS):
            x, _ = _step(g, column, weight, factor, x, sigma, tau)
            weight = _weights(_left(g, column, x, weight), g, column, x, sigma, tau)
    return x, weight, sigma, tau


def _freedom(g: Groups, n: int) -> float:
    """Variance of an error over that of its residual, on average."""
    times = len(g.time)
    return times / max(times - len(g.names) - 3 * n, 0.25 * times)


def _bootstrap(
    g: Groups, columns: Ints, n: int, x: Floats, weight: Floats, sigma: float, tau: float, seed: int
) -> Floats:
    """(2, DRAWS, unknowns) solutions less the one of all: stations drawn with replacement; errors of times and slowness added."""
    rng = np.random.Generator(np.random.PCG64(seed))
    column = columns[g.event]
    stations = sorted({name for name, _ in g.names})
    number = np.array([stations.index(name) for name, _ in g.names])
    group = np.repeat(np.arange(len(g.names)), np.diff(g.start))
    safe = np.maximum(column, 0) * 3
    inside = (column >= 0).astype(np.float64)
    spread = sigma / np.sqrt(np.maximum(weight, 0.05))
    every = np.ones(len(g.names))
    out = np.empty((2, DRAWS, len(x)))
    for d in range(DRAWS):
        drawn = np.bincount(rng.integers(0, len(stations), len(stations)), minlength=len(stations))
        prior = SCALE * _normal(rng, len(g.phases))
        out[0, d] = _step(g, column, weight, drawn[number].astype(np.float64), x, sigma, tau)[0] - x
        moved = tau * _normal(rng, (len(g.names), 2))
        noise = spread * _normal(rng, len(g.time))
        noise -= inside * (moved[group, 0] * x[safe] + moved[group, 1] * x[safe + 1])
        other = Groups(start=g.start, event=g.event, time=g.time + noise, slowness=g.slowness, names=g.names)
        out[1, d] = _step(other, column, weight, every, x, sigma, tau, prior)[0] - x
    return out


def _normal(rng: np.random.Generator, shape: int | tuple[int, int]) -> Floats:
    """Nearly normal numbers from integers alone (sums of twelve), the same bits everywhere."""
    size = (12, shape) if isinstance(shape, int) else (12, *shape)
    u = rng.integers(0, 1 << 32, size).astype(np.float64) / float(1 << 32)
    total = u[0]
    for k in range(1, 12):
        total = total + u[k]
    return np.asarray(total - 6.0)


def _placed(event: int, column: int, x: Floats, draws: Floats, n_phases: int) -> Placed:
    """An event with the larger of the two ellipses that the draws give."""
    shapes = [_ellipse(draws[k, :, 3 * column : 3 * column + 3]) for k in range(draws.shape[0])]
    major, minor, strike, shift = max(shapes, key=lambda s: s[0] * s[1])
    return Placed(
        event=event,
        east_m=1000.0 * float(x[3 * column]),
        north_m=1000.0 * float(x[3 * column + 1]),
        semimajor_m=1000.0 * major,
        semiminor_m=1000.0 * minor,
        strike_deg=strike,
        shift_s=float(x[3 * column + 2]),
        shift_sigma_s=max(shift, *(s[3] for s in shapes)),
        n_phases=n_phases,
    )


def _ellipse(draws: Floats) -> tuple[float, float, float, float]:
    """Half axes of the 90 % ellipse (km), azimuth of the major one (deg), sigma of time (s) from draws (m, 3)."""
    e, n, t = (draws[:, d].tolist() for d in range(3))
    cee, cnn, cen, ctt = (
        math.fsum(a * b for a, b in zip(p, q, strict=True)) / len(e)
        for p, q in ((e, e), (n, n), (e, n), (t, t))
    )
    mean, half = 0.5 * (cee + cnn), math.sqrt(0.25 * (cee - cnn) ** 2 + cen**2)
    strike = 0.5 * atan2_(2.0 * cen, cnn - cee) / DEG % 180.0
    return math.sqrt(CHI2 * (mean + half)), math.sqrt(CHI2 * max(mean - half, 0.0)), strike, math.sqrt(ctt)


def _residuals(g: Groups, columns: Ints, x: Floats, weight: Floats) -> tuple[Residual, ...]:
    r = _left(g, columns[g.event], x, weight)
    group = np.repeat(np.arange(len(g.names)), np.diff(g.start)).tolist()
    return tuple(
        Residual(station=g.names[k][0], phase=g.names[k][1], event=int(e), seconds=float(s), weight=float(w))
        for k, e, s, w in zip(group, g.event.tolist(), r.tolist(), weight.tolist(), strict=True)
    )


__all__ = ["Difference", "Placed", "Relative", "Residual", "Slowness", "relocate"]
