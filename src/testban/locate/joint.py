"""Events of one place located together: what the model gets wrong on a path it gets wrong for all of them.

Rules: model errors of two sources at one station are alike as those of two stations for one source are (reciprocity), so the
covariance of arrivals (event e, station i) and (f, j) is s s' rho(e, f) rho(i, j), P and S as in `errors_model`. The
estimate takes stations for independent of each other (decision 9) and a station's arrivals of all events as correlated: a
block a station, whitened; hypocentres of all events at once (joint hypocentre determination: Douglas 1967, Nature 215, 47-48,
with station terms of known variance in place of free ones). Errors: N^-1 (G'V^-1 C V^-1 G) N^-1 with the full C. What an event keeps alone:
its phases, whether its depth is free, and its robust weights, found anew at every step.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.geo import distance_km_
from testban.base.records import Pick, Site
from testban.locate.errors_model import CORRELATION, alike_, apart_, common_, paths_
from testban.locate.kernel import EXACT_KM, add_vectors_, held_, move_, weigh_
from testban.locate.linear import cholesky_, forward_, inverse_, solve_
from testban.locate.locator import Solved, finished, solve
from testban.locate.paths import PathTimes
from testban.locate.result import Located, record
from testban.locate.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = Sequence[tuple[Pick, str]]

# Further apart, sources share no more than half of the short-range part of the correlation.
NEIGHBOURS_KM = 30.0
# One site: nearer than single location tells apart, and 95 % of the model error is common.
SITE_KM = 5.0
LEAST_SHARED = 4  # stations that two events must have in common to be one family
MOST_EVENTS = 40  # of a family: the errors cost the square of all its arrivals
ROUNDS = 30


class _Stack(NamedTuple):
    """All arrivals of a family with a say, by station: event, its row there, station, wave, unit vector; offsets of blocks."""

    event: Ints
    row: Ints
    station: Ints
    wave: Ints
    vec: Floats
    block: Ints


def locate_together(
    events: Sequence[Rows],
    sites: Mapping[str, Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    paths: PathTimes | None = None,
    within_km: float = NEIGHBOURS_KM,
) -> tuple[tuple[Located, ...], tuple[int, ...]]:
    """Locate every event, those of one place together.

    events: (pick, phase label) of each. Returns the locations in the order given, and the number of the family of each
    (0, 1, ... by first event; a family may be one event). InputError where one cannot be located. Sources: see the module.
    """
    return together([solve(rows, sites, settings, None, paths) for rows in events], within_km)


def together(
    alone: Sequence[Solved], within_km: float = NEIGHBOURS_KM
) -> tuple[tuple[Located, ...], tuple[int, ...]]:
    """As `locate_together`, from the solution of every event alone."""
    family = _families(alone, within_km)
    found: list[Located | None] = [None] * len(alone)
    for number in range(max(family, default=-1) + 1):
        members = [i for i, f in enumerate(family) if f == number]
        for i, located in zip(members, _located([alone[i] for i in members]), strict=True):
            found[i] = located
    return tuple(f for f in found if f is not None), tuple(family)


def _families(solved: Sequence[Solved], within_km: float) -> list[int]:
    """Connected neighbours; a family that has reached MOST_EVENTS takes no more."""
    family, size = list(range(len(solved))), [1] * len(solved)
    stations = [set(s.problem.keys) for s in solved]
    for i, a in enumerate(solved):
        for j in range(i):
            b, x = solved[j], a.found.x
            old, new = family[i], family[j]
            if old == new or size[old] + size[new] > MOST_EVENTS:
                continue
            apart = distance_km_(float(x[0]), float(x[1]), float(b.found.x[0]), float(b.found.x[1]))
            if apart < within_km and len(stations[i] & stations[j]) >= LEAST_SHARED:
                size[new] += size[old]
                family = [new if f == old else f for f in family]
    order = {f: n for n, f in enumerate(dict.fromkeys(family))}
    return [order[f] for f in family]


def _located(members: list[Solved]) -> list[Located]:
    """The members of a family together; each alone where they are one, or where together they come to no rest."""
    rested = _together(members) if len(members) > 1 else None
    if rested is None:
        return [finished(s) for s in members]
    out = []
    for s, (x, covariance) in zip(members, rested, strict=True):
        at = s.problem.run(x, s.free, scale=1.0, iterations=0)
        cov = covariance if s.free else covariance + s.problem.depth_part()
        out.append(record(s.problem, at, cov, s.free, s.reason) if at.ok else finished(s))
    return out


def _stack(members: list[Solved]) -> _Stack:
    numbers: dict[str, int] = {}
    event, row, station, wave, vec = [], [], [], [], []
    for e, s in enumerate(members):
        for i, key in enumerate(s.problem.keys):
            if s.problem.column[i] >= 0:
                event.append(e)
                row.append(i)
                station.append(numbers.setdefault(key, len(numbers)))
                wave.append(int(s.problem.waves[i, 0]))
                vec.append(s.problem.vec[i])
    order = np.argsort(np.array(station), kind="stable")
    ordered = np.array(station)[order]
    block = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
    return _Stack(
        np.array(event)[order],
        np.array(row)[order],
        ordered,
        np.array(wave)[order],
        np.array(vec)[order],
        block,
    )


def _together(members: list[Solved]) -> list[tuple[Floats, Floats]] | None:
    """Hypocentre and covariance (4, 4) of every member, None where they do not come to rest."""
    stack, n_events = _stack(members), len(members)
    x = np.array([s.found.x for s in members])
    free = np.array([s.free for s in members])
    for s in members:
        s.problem.evaluate(s.found.x)
    for _ in range(ROUNDS):
        rows, vectors = _rows(members, stack), np.zeros((n_events, 4, 4))
        right = np.zeros((n_events, 4))
        for e, s in enumerate(members):
            p = s.problem
            add_vectors_(p.column, p.data, p.geo, p.kept, p.out, vectors[e], right[e])
        alike = np.array([[_sources(a, b) for b in x] for a in x])
        normal, b, h = (
            np.zeros((4 * n_events, 4 * n_events)),
            np.zeros(4 * n_events),
            np.zeros((stack.row.size, 4 * n_events)),
        )
        if not normal_(stack.event, stack.wave, stack.block, rows, alike, free, vectors, right, normal, b, h):
            return None
        whole, step = normal.copy(), b.copy()
        if not cholesky_(normal, b.size) or not held_(whole, normal, b.size):
            return None
        solve_(normal, step, b.size)
        size = 0.0
        for e, s in enumerate(members):
            size = max(size, move_(x[e], step[4 * e : 4 * e + 4].copy(), 4 if s.free else 3, 100.0, 1.0))
            s.problem.evaluate(x[e])
        if size < EXACT_KM:
            break
    else:
        return None
    errors = np.zeros((b.size, b.size))
    inverse = np.zeros_like(errors)
    inverse_(normal, inverse, b.size)
    shared_(
        CORRELATION,
        stack.event,
        stack.wave,
        stack.station,
        stack.vec,
        rows,
        alike,
        h,
        vectors,
        inverse,
        errors,
    )
    if not (np.diag(errors) >= 0.0).all() or any(
        s.free and not 0.0 < x[e, 2] < 700.0 for e, s in enumerate(members)
    ):
        return None
    blocks = [errors[4 * e : 4 * e + 4, 4 * e : 4 * e + 4].copy() for e in range(n_events)]
    for s, c in zip(members, blocks, strict=True):
        if not s.free:
            c[3, :] = c[:, 3] = 0.0
    return [(x[e], c) for e, c in enumerate(blocks)]


def _sources(a: Floats, b: Floats) -> float:
    """Correlation of the model errors of two sources: by their distance in space."""
    flat = distance_km_(float(a[0]), float(a[1]), float(b[0]), float(b[1]))
    return apart_(float(np.sqrt(flat * flat + (a[2] - b[2]) ** 2)), 2, 2)


def _rows(members: list[Solved], stack: _Stack) -> Floats:
    """Columns: residual, derivatives by time, east, north, depth, model sigma, whole variance over weight (0: no say), kind of path."""
    rows = np.zeros((stack.row.size, 8))
    for e, s in enumerate(members):
        p, mine = s.problem, stack.event == e
        weigh_(p.data, p.out, p.column, 1.0, p.loss)
        out, data = p.out[stack.row[mine]], p.data[stack.row[mine]]
        say = out[:, 9] > 0.0
        kinds = paths_(stack.wave[mine], out)
        values = np.column_stack(
            [out[:, 0], np.ones(len(out)), out[:, 1:5], out[:, 4] ** 2 + data[:, 2] ** 2, kinds]
        )
        values[:, 6] /= np.where(say, out[:, 9], 1.0)
        values[~say] = 0.0
        rows[mine] = values
    return rows


@njit(cache=True)
def normal_(
    event: Ints,
    wave: Ints,
    block: Ints,
    rows: Floats,
    alike: Floats,
    free: NDArray[np.bool_],
    vectors: Floats,
    right: Floats,
    normal: Floats,
    b: Floats,
    h: Floats,
) -> bool:
    """Normal equations of all events with a block of covariance a station; h (n, 4 events): V^-1 G. False: not definite.

    alike (events, events): correlation of sources; vectors, right: normal equations of slowness and back-azimuth by event.
    """
    n_par = b.size
    for k in range(block.size - 1):
        lo, n = block[k], block[k + 1] - block[k]
        c, g, y = np.zeros((n, n)), np.zeros((n, n_par)), np.zeros((n, n_par + 1))
        for r in range(n):
            i = lo + r
            if rows[i, 6] == 0.0:
                c[r, r] = 1.0
                continue
            for q in range(r):
                j = lo + q
                c[r, q] = rows[i, 5] * rows[j, 5] * alike[event[i], event[j]] * common_(wave[i], wave[j])
            c[r, r] = rows[i, 6]
            for p in range(4 if free[event[i]] else 3):
                g[r, 4 * event[i] + p] = rows[i, 1 + p]
            y[r, :n_par] = g[r]
            y[r, n_par] = rows[i, 0]
        if not cholesky_(c, n):
            return False
        forward_(c, y, n, n_par + 1)
        for r in range(n):
            for p in range(n_par):
                if y[r, p] != 0.0:
                    b[p] += y[r, p] * y[r, n_par]
                    for q in range(p + 1):
                        normal[p, q] += y[r, p] * y[r, q]
        column = np.empty(n)
        for p in range(n_par):
            for r in range(n):
                column[r] = g[r, p]
            solve_(c, column, n)
            for r in range(n):
                h[lo + r, p] = column[r]
    for e in range(free.size):
        for p in range(4 if free[e] else 3):
            b[4 * e + p] += right[e, p]
            for q in range(p + 1):
                normal[4 * e + p, 4 * e + q] += vectors[e, p, q]
        if not free[e]:
            normal[4 * e + 3, 4 * e + 3] = 1.0
    return True


@njit(cache=True)
def shared_(
    correlation: Floats,
    event: Ints,
    wave: Ints,
    station: Ints,
    vec: Floats,
    rows: Floats,
    alike: Floats,
    h: Floats,
    vectors: Floats,
    inverse: Floats,
    errors: Floats,
) -> None:
    """Covariance of all unknowns with the full covariance of the data: N^-1 (H' C H + vectors) N^-1, H = V^-1 G."""
    n, n_par, path = event.size, inverse.shape[0], rows[:, 7].astype(np.int64)
    s, t, half = np.zeros((n_par, n_par)), np.empty(n_par), np.zeros((n_par, n_par))
    for i in range(n):
        if rows[i, 6] == 0.0:
            continue
        t[:] = 0.0
        for j in range(n):
            if rows[j, 6] == 0.0:
                continue
            c = rows[i, 6]
            if i != j:
                c = rows[i, 5] * rows[j, 5] * alike[event[i], event[j]] * common_(wave[i], wave[j])
                if station[i] != station[j]:
                    c *= alike_(correlation, vec, path, i, j)
            if c != 0.0:
                for p in range(n_par):
                    t[p] += c * h[j, p]
        for p in range(n_par):
            if h[i, p] != 0.0:
                for q in range(n_par):
                    s[p, q] += h[i, p] * t[q]
    for e in range(vectors.shape[0]):
        for p in range(4):
            for q in range(4):
                s[4 * e + p, 4 * e + q] += vectors[e, max(p, q), min(p, q)]
    for p in range(n_par):
        for q in range(n_par):
            for r in range(n_par):
                half[p, q] += inverse[p, r] * s[r, q]
    for p in range(n_par):
        for q in range(n_par):
            for r in range(n_par):
                errors[p, q] += half[p, r] * inverse[r, q]
