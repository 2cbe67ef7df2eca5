"""Times of events at a station and phase, made of the differences between pairs of them.

Rules: differences of one station and phase become one time an event (least absolute deviations over all pairs), connected
parts apart, so that closed loops are used and tested; an event that too few stations connect with the master is left out.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.locate.linear import cholesky_, solve_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 20
FLOOR_S = 1e-3  # misfits below it count as this much


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


def groups_of(
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
    a, b = np.empty((n, n)), np.empty(n)
    for r in range(ROUNDS):
        a[:] = 1.0 / n  # holds the mean
        b[:] = 0.0
        for k in range(seconds.size):
            i, j = first[k], second[k]
            w = weight[k]
            if r > 0:
                w /= max(abs(misfit[k]), FLOOR_S)
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


def reached(g: Groups, n_events: int, master: int) -> list[int]:
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


def only(g: Groups, kept: Sequence[int]) -> Groups:
    """Groups of some events alone, where two or more of them were seen."""
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


def columns_of(kept: Sequence[int], master: int) -> Ints:
    """Number of an event among those that are solved for; -1 for the master and for what is left out."""
    columns = np.full(max(kept) + 1, -1, dtype=np.int64)
    for i, e in enumerate(e for e in kept if e != master):
        columns[e] = i
    return columns
