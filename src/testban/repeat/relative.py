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

from testban.base.dmath import DEG, atan2_
from testban.base.errors import InputError
from testban.repeat.offsets import SCALE, left, solve, step
from testban.repeat.times import (
    Difference,
    Floats,
    Groups,
    Ints,
    Slowness,
    columns_of,
    groups_of,
    only,
    reached,
)

DRAWS = 400
CHI2 = 4.605170185988092  # two degrees of freedom, 90 %
OUTLYING = (
    6.0  # robust sigmas of all pairs' misfits beyond which a pair is reported as contradicting the others
)


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
    groups, misfit = groups_of(ordered, slowness)
    kept = reached(groups, n_events, master)
    groups = only(groups, kept)
    columns = columns_of(kept, master)
    n = int(columns.max()) + 1 if len(columns) else 0
    if n < 1 or len(groups.names) < 3:
        raise InputError(
            "expected events that share three stations or phases with the master, got "
            f"{len(groups.names)} of them and {len(kept) - 1} other events; give more differences or another master"
        )
    x, weight, sigma, tau = solve(groups, columns, n)
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
        out[0, d] = step(g, column, weight, drawn[number].astype(np.float64), x, sigma, tau)[0] - x
        moved = tau * _normal(rng, (len(g.names), 2))
        noise = spread * _normal(rng, len(g.time))
        noise -= inside * (moved[group, 0] * x[safe] + moved[group, 1] * x[safe + 1])
        other = Groups(start=g.start, event=g.event, time=g.time + noise, slowness=g.slowness, names=g.names)
        out[1, d] = step(other, column, weight, every, x, sigma, tau, prior)[0] - x
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
    r = left(g, columns[g.event], x, weight)
    group = np.repeat(np.arange(len(g.names)), np.diff(g.start)).tolist()
    return tuple(
        Residual(station=g.names[k][0], phase=g.names[k][1], event=int(e), seconds=float(s), weight=float(w))
        for k, e, s, w in zip(group, g.event.tolist(), r.tolist(), weight.tolist(), strict=True)
    )


__all__ = ["Difference", "Placed", "Relative", "Residual", "Slowness", "relocate"]
