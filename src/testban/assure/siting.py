"""Where the next stations belong: those that lower a stated objective most, and what each of them buys.

Rules: candidates are taken one by one, each time the one that lowers the objective most for its cost (greedy), then each
chosen one is tried against all others while that helps (exchange); on a small case every combination is tried too. Ties
go to the first code. While searching, thresholds come from the distribution of points of the network so far on a
fixed grid of magnitudes (`STEP`), so that a candidate costs a few operations a place; what is reported is computed exactly
(`capability.thresholds`). A place that nobody sees counts as magnitude UNSEEN. Objectives: `mean` and `worst` threshold over a
region, `series`: mean probability over given places that a series of tests of one magnitude goes unseen (copula).
Resource allocation by greedy search: Nemhauser, Wolsey & Fisher 1978 (Math. Program. 14, 265); no bound is claimed here,
since a threshold is not submodular.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.assure import capability, series
from testban.assure.capability import Rule, Sensor
from testban.assure.gauss import cdf_, cdf_table
from testban.base.errors import InputError
from testban.base.geo import delaz_

Floats = NDArray[np.float64]
Objective = Literal["mean", "worst", "series"]

UNSEEN = 8.0
LEAST, STEP, LEVELS = -1.0, 0.05, 181
EXHAUSTIVE = 20_000  # combinations at most
WORTH = 1e-9  # what an exchange must gain


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a station may stand, with what it costs (any unit) and the name of its ground."""

    sensor: Sensor
    cost: float = 1.0
    ground: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Places that matter: degrees, and the weight of each. magnitude, n, rho: of the series, for that objective."""

    longitude: Floats
    latitude: Floats
    weight: Floats
    objective: Objective = "mean"
    magnitude: float = 3.5
    n: int = 5
    rho: float = 0.3


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """One chosen station: the objective before and after it joined those before it."""

    candidate: Candidate
    before: float
    after: float


class Siting(msgspec.Struct, frozen=True, kw_only=True):
    """Chosen stations in the order of their worth, the objective without and with all, and how it was found."""

    start: float
    end: float
    additions: tuple[Addition, ...]
    swaps: int
    exhaustive: float | None = None


def check(target: Target) -> None:
    """Raises InputError for a target that cannot be used."""
    if not target.longitude.size:
        raise InputError("expected at least one place to watch, got none; widen --region or give --site")
    if not (0.0 <= target.rho <= 1.0 and 1 <= target.n <= 1000 and -2.0 <= target.magnitude <= 9.0):
        raise InputError(
            "series: expected rho in 0..1, n from 1 to 1000, a magnitude from -2 to 9; correct them"
        )


def value(sensors: Sequence[Sensor], rule: Rule, target: Target) -> float:
    """The objective, exactly; lower is better. mb for mean and worst, a probability for series."""
    check(target)
    if target.objective == "series":
        return _series([_detected(sensors, rule, target, i) for i in range(target.longitude.size)], target)
    mb = capability.thresholds(tuple(sensors), rule, target.longitude, target.latitude)
    return combine(np.where(np.isfinite(mb), mb, UNSEEN), target)


def combine(mb: Floats, target: Target) -> float:
    """Mean or worst of thresholds by place."""
    if target.objective == "worst":
        return float(np.max(mb))
    return math.fsum((mb * target.weight).tolist()) / math.fsum(target.weight.tolist())


def _detected(sensors: Sequence[Sensor], rule: Rule, target: Target, i: int) -> float:
    lon, lat = float(target.longitude[i]), float(target.latitude[i])
    d = np.array([delaz_(lon, lat, s.longitude, s.latitude)[0] for s in sensors])
    return capability.detected(d, tuple(sensors), rule, target.magnitude) if len(sensors) else 0.0


def _series(p: Sequence[float], target: Target) -> float:
    each = [series.unseen(min(max(x, 0.0), 1.0), target.n, rho=target.rho, model="copula") for x in p]
    w = target.weight.tolist()
    return math.fsum(a * b for a, b in zip(each, w, strict=True)) / math.fsum(w)


def choose(
    base: Sequence[Sensor], candidates: Sequence[Candidate], rule: Rule, target: Target, m: int,
    *, budget: float | None = None, exhaustive: bool = False, tick: Callable[[int], None] = lambda _n: None,
) -> Siting:  # fmt: skip
    """The next m stations. budget: most that all may cost together. Raises InputError for what cannot be used."""
    check(target)
    if not 1 <= m <= 50:
        raise InputError(f"--add: expected 1 to 50 stations, got {m}; correct it")
    if not candidates:
        raise InputError(
            "expected at least one candidate place, got none; widen --allowed or give --candidates"
        )
    capability.check(rule, (*base, *(c.sensor for c in candidates)))
    ordered = sorted(candidates, key=lambda c: (c.sensor.code, c.sensor.longitude, c.sensor.latitude))
    if any(not (c.cost > 0.0 and math.isfinite(c.cost)) for c in ordered):
        raise InputError("expected a cost above 0 for every candidate; correct the table")
    search = _Search(rule, target, ordered)
    start = value(base, rule, target)
    chosen: list[int] = []
    while len(chosen) < m:
        left = math.inf if budget is None else budget - sum(ordered[i].cost for i in chosen)
        best = search.best([*base, *(ordered[i].sensor for i in chosen)], chosen, left)
        if best is None:
            break
        chosen.append(best)
        tick(len(chosen))
    swaps = _exchange(base, ordered, rule, target, chosen, search, budget)
    found = _every(base, ordered, rule, target, len(chosen), budget) if exhaustive and chosen else None
    additions = _in_order(base, ordered, rule, target, chosen, start)
    end = additions[-1].after if additions else start
    return Siting(start=start, end=end, additions=additions, swaps=swaps, exhaustive=found)


class _Search:
    """What adding each candidate to a network would give."""

    def __init__(self, rule: Rule, target: Target, ordered: Sequence[Candidate]) -> None:
        self.rule, self.target, self.ordered = rule, target, ordered
        n, g = len(ordered), target.longitude.size
        self.limit = np.full((g, n), np.inf)
        limits_(
            capability.model_of(rule), target.longitude, target.latitude,
            np.array([c.sensor.longitude for c in ordered]), np.array([c.sensor.latitude for c in ordered]),
            capability.base_of([c.sensor for c in ordered], rule), rule.nearest_deg, rule.farthest_deg, self.limit,
        )  # fmt: skip
        self.up = np.array([c.sensor.reliability for c in ordered])
        self.points = capability.points_of([c.sensor for c in ordered], rule)
        self.nodes = capability.nodes_of(rule)

    def best(self, network: Sequence[Sensor], taken: Sequence[int], left: float) -> int | None:
        """Number of the candidate that lowers the objective most for its cost; None where none is affordable."""
        values = self.values(network)
        now = value(network, self.rule, self.target)
        found, most = None, -math.inf
        for i, c in enumerate(self.ordered):
            if i in taken or c.cost > left:
                continue
            gain = (now - float(values[i])) / c.cost
            if gain > most + 1e-12:
                found, most = i, gain
        return found

    def values(self, network: Sequence[Sensor]) -> Floats:
        """Objective with each candidate added."""
        t = self.target
        g = t.longitude.size
        base = np.full((g, max(len(network), 1)), np.inf)
        if network:
            limits_(
                capability.model_of(self.rule), t.longitude, t.latitude, np.array([s.longitude for s in network]),
                np.array([s.latitude for s in network]), capability.base_of(network, self.rule), self.rule.nearest_deg,
                self.rule.farthest_deg, base,
            )  # fmt: skip
        up = np.array([s.reliability for s in network]) if network else np.zeros(1)
        points = capability.points_of(network, self.rule) if network else np.ones(1, np.int64)
        first, step, levels = LEAST, STEP, LEVELS
        if t.objective == "series":
            first, step, levels = t.magnitude, 1.0, 1
        state = np.empty((g, levels, len(self.nodes), self.rule.points))
        states_(cdf_table(), base, up, points, self.rule.sigma, first, step, self.nodes, state)
        out = np.empty((len(self.ordered), g))
        with_each_(
            cdf_table(), state, self.limit, self.up, self.points, self.rule.sigma, first, step, self.nodes,
            self.rule.level, t.objective == "series", out,
        )  # fmt: skip
        if t.objective == "series":
            return np.array([_series(row.tolist(), t) for row in out])
        return np.array([combine(row, t) for row in out])


@njit(cache=True)
def limits_(
    model: capability.Model, lon: Floats, lat: Floats, s_lon: Floats, s_lat: Floats, noise: Floats, near: float,
    far: float, out: Floats,
) -> None:  # fmt: skip
    """Magnitude that each station (columns) sees with 50 % from each place (rows); inf where it counts for nothing."""
    for g in range(lon.size):
        for i in range(s_lon.size):
            delta, _, _ = delaz_(lon[g], lat[g], s_lon[i], s_lat[i])
            if delta >= near and delta <= far:
                out[g, i] = noise[i] + capability.decay_(model, delta)
            else:
                out[g, i] = np.inf


@njit(cache=True)
def states_(
    normal: Floats, limit: Floats, up: Floats, points: NDArray[np.int64], sigma: float, first: float, step: float,
    nodes: Floats, state: Floats,
) -> None:  # fmt: skip
    """Probability of 0, 1, .. points below what is needed: state (places, magnitudes, nodes, needed)."""
    need = state.shape[3]
    state[:] = 0.0
    for g in range(state.shape[0]):
        for k in range(state.shape[1]):
            for c in range(nodes.shape[0]):
                m = first + step * k + nodes[c, 0]
                state[g, k, c, 0] = 1.0
                for i in range(limit.shape[1]):
                    z = (m - limit[g, i]) / sigma
                    if not z > -8.0:
                        continue
                    p = up[i] * cdf_(normal, z)
                    w = points[i]
                    for j in range(need - 1, -1, -1):
                        state[g, k, c, j] = state[g, k, c, j] * (1.0 - p) + (
                            state[g, k, c, j - w] * p if j >= w else 0.0
                        )


@njit(cache=True)
def seen_with_(
    normal: Floats, state: Floats, g: int, k: int, limit: float, up: float, w: int, sigma: float, m: float, nodes: Floats
) -> float:  # fmt: skip
    """P(event) at magnitude number k with one more station."""
    need, total = state.shape[3], 0.0
    for c in range(nodes.shape[0]):
        z = (m + nodes[c, 0] - limit) / sigma
        p = up * cdf_(normal, z) if z > -8.0 else 0.0
        below = 0.0
        for j in range(need):
            below += state[g, k, c, j] * (1.0 - p if j >= need - w else 1.0)
        total += nodes[c, 1] * (1.0 - below)
    return total


@njit(cache=True)
def with_each_(
    normal: Floats, state: Floats, limit: Floats, up: Floats, points: NDArray[np.int64], sigma: float, first: float,
    step: float, nodes: Floats, level: float, probability: bool, out: Floats,
) -> None:  # fmt: skip
    """Threshold (or probability at the one magnitude) of each place with each candidate added: out (candidates, places)."""
    last = state.shape[1] - 1
    for i in range(limit.shape[1]):
        for g in range(limit.shape[0]):
            if probability:
                out[i, g] = seen_with_(
                    normal, state, g, 0, limit[g, i], up[i], points[i], sigma, first, nodes
                )
                continue
            low, high = -1, last
            b = seen_with_(
                normal, state, g, high, limit[g, i], up[i], points[i], sigma, first + step * high, nodes
            )
            if b < level:
                out[i, g] = UNSEEN
                continue
            a = 0.0
            while high - low > 1:
                k = (low + high) // 2
                p = seen_with_(
                    normal, state, g, k, limit[g, i], up[i], points[i], sigma, first + step * k, nodes
                )
                if p >= level:
                    high, b = k, p
                else:
                    low, a = k, p
            out[i, g] = first + step * (high - (b - level) / (b - a) if low >= 0 else high)


def _exchange(
    base: Sequence[Sensor], ordered: Sequence[Candidate], rule: Rule, target: Target, chosen: list[int],
    search: _Search, budget: float | None,
) -> int:  # fmt: skip
    """Replace chosen candidates while that lowers the exact objective; returns how many were replaced."""
    swaps = 0
    now = value([*base, *(ordered[i].sensor for i in chosen)], rule, target)
    for _ in range(3):
        changed = False
        for k in range(len(chosen)):
            others = [i for j, i in enumerate(chosen) if j != k]
            rest = [*base, *(ordered[i].sensor for i in others)]
            left = math.inf if budget is None else budget - sum(ordered[i].cost for i in others)
            values = search.values(rest)
            order = sorted(
                (i for i in range(len(ordered)) if i not in chosen and ordered[i].cost <= left),
                key=lambda i: (float(values[i]), i),
            )
            for i in order[:3]:
                exact = value([*rest, ordered[i].sensor], rule, target)
                if exact < now - WORTH:
                    chosen[k], now, changed = i, exact, True
                    swaps += 1
                    break
        if not changed:
            break
    return swaps


def _every(
    base: Sequence[Sensor],
    ordered: Sequence[Candidate],
    rule: Rule,
    target: Target,
    m: int,
    budget: float | None,
) -> float:
    """The best objective of all combinations of m candidates."""
    if math.comb(len(ordered), m) > EXHAUSTIVE:
        raise InputError(
            f"--exhaustive: expected at most {EXHAUSTIVE} combinations, got {math.comb(len(ordered), m)}; fewer candidates or stations"
        )
    best = math.inf
    for picked in itertools.combinations(range(len(ordered)), m):
        if budget is None or sum(ordered[i].cost for i in picked) <= budget:
            best = min(best, value([*base, *(ordered[i].sensor for i in picked)], rule, target))
    return best


def _in_order(
    base: Sequence[Sensor], ordered: Sequence[Candidate], rule: Rule, target: Target, chosen: Sequence[int], start: float
) -> tuple[Addition, ...]:  # fmt: skip
    """The chosen stations, the one that buys most first, with exact values."""
    out: list[Addition] = []
    left, network, now = sorted(chosen), list(base), start
    while left:
        tried = [(value([*network, ordered[i].sensor], rule, target), i) for i in left]
        after, i = min(tried)
        out.append(Addition(candidate=ordered[i], before=now, after=after))
        network.append(ordered[i].sensor)
        left.remove(i)
        now = after
    return tuple(out)


def region(west: float, east: float, south: float, north: float, step_deg: float) -> tuple[Floats, Floats]:
    """Places of a box (degrees; west > east crosses the date line), about step_deg apart everywhere: longitude, latitude."""
    if not (-90.0 <= south < north <= 90.0 and 0.1 <= step_deg <= 30.0 and west != east):
        raise InputError("region: expected W,E,S,N with S < N, and a step of 0.1 to 30 degrees; correct them")
    width = (east - west) % 360.0 or 360.0
    lon: list[float] = []
    lat: list[float] = []
    rows = max(1, round((north - south) / step_deg))
    for r in range(rows):
        y = south + (north - south) * (r + 0.5) / rows
        n = max(1, round(width * math.cos(math.radians(y)) / step_deg))
        for k in range(n):
            x = west + width * (k + 0.5) / n
            lon.append((x + 180.0) % 360.0 - 180.0)
            lat.append(y)
    return np.array(lon), np.array(lat)


def spread(candidates: Sequence[Candidate], m: int) -> list[Candidate]:
    """A uniform placement: each next candidate the one farthest from those before it, from the first code on."""
    ordered = sorted(candidates, key=lambda c: (c.sensor.code, c.sensor.longitude, c.sensor.latitude))
    chosen = [0]
    while len(chosen) < min(m, len(ordered)):
        best, most = 0, -1.0
        for i, c in enumerate(ordered):
            d = min(
                delaz_(c.sensor.longitude, c.sensor.latitude, ordered[j].sensor.longitude, ordered[j].sensor.latitude)[0]
                for j in chosen
            )  # fmt: skip
            if i not in chosen and d > most + 1e-9:
                best, most = i, d
        chosen.append(best)
    return [ordered[i] for i in chosen]


__all__ = [
    "Addition", "Candidate", "Siting", "Target", "choose", "combine", "region", "spread", "value",
]  # fmt: skip
