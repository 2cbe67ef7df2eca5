"""Yield and depth of burial together, from mb and the P spectrum over that of a master event of the same place.

Rules: path and station cancel in the ratio of two events of one place, so no attenuation model is needed; stations are compared in the same
units only. Model of the ratio: levels at low frequencies go as W^0.87 h^-0.33 (the cube of the cavity radius of Mueller & Murphy 1971, BSSA 61, 1675), corners
as W^(-1/3) h^(1/n), n 1.87 in granite and salt or 2.4 in tuff and rhyolite, fall-off f^-2 [exponents unconfirmed]; the corner of the master is
not known: no constant for it was confirmed, so it is integrated over. Yield and depth of the master are what the user states. Error of a
band: its scatter over stations and a model error that does not shrink with stations. Prior: flat in log W and log h, no shallower than half of
the customary depth, no deeper than a tunnel under a mountain gets. mb in errors of Student's t with the depth shift of `yields`.
"""

import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import exp, exp10_, log10, log10_
from testban.base.errors import InputError
from testban.base.measurements import PathMeasurement
from testban.identify import phases
from testban.identify.densities import density
from testban.identify.relations import Relation, SiteTable
from testban.identify.shape import median
from testban.identify.yields import EDGE_MASS, SCALED_DEPTH_M, depth_shift

LEVEL_W, LEVEL_H = 0.87, -0.33  # of the long-period level [unconfirmed]
CORNER_N = (1.87, 2.4)  # [unconfirmed]
CORNERS = tuple(
    -0.3 + 0.1 * i for i in range(14)
)  # log10 Hz of the master's corner: 0.5 to 10 Hz [assumed range]
MODEL_SIGMA = 0.10  # of the log10 ratio in a band [assumed]
STATION_SIGMA = 0.10  # of one station's ratio, where too few tell their scatter [assumed]
STEP = 0.05
LN10 = 2.302585092994046
SHALLOWEST, DEEPEST_M = 0.5, 2500.0  # of the customary depth; of any test [assumed]
LEAST_BANDS, LEAST_STATIONS = 3, 2
P_PHASES = ("Pn", "Pg")


class BandStep(msgspec.Struct, frozen=True, kw_only=True):
    """P of an event over P of the master in one band: median over stations of the log10 ratio, its error, stations."""

    band_hz: tuple[float, float]
    log10_ratio: float
    sigma: float
    n: int


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """What is stated of the master: least and largest yield (kt) and depth of burial (m); flat in the logarithm between."""

    yield_kt: tuple[float, float]
    depth_m: tuple[float, float]


class YieldDepth(msgspec.Struct, frozen=True, kw_only=True):
    """Marginal intervals of yield and depth (low, middle, high), the correlation of their logarithms, and the steps behind.

    edge: the interval of the yield leans on the end of the prior range.
    """

    level: float
    yield_kt: tuple[float, float, float]
    depth_m: tuple[float, float, float]
    correlation: float
    edge: bool
    spectra_alone_kt: tuple[float, float, float]
    steps: tuple[BandStep, ...]
    master: Master
    assumptions: tuple[str, ...]


def steps(event: Sequence[PathMeasurement], master: Sequence[PathMeasurement]) -> tuple[BandStep, ...]:
    """Ratios band by band over the stations that recorded both events in the same units; Pn and Pg of a station are one voice."""
    theirs = {p.station_key: p for p in master}
    out = []
    for band in phases.BANDS:
        found = []
        for p in sorted(event, key=lambda p: p.station_key):
            other = theirs.get(p.station_key)
            if other is None or other.ground != p.ground or other.components != p.components:
                continue
            a, b = (
                {x.phase: x.log10_rms for x in q.phases if x.band_hz == band and x.seen} for q in (p, other)
            )
            own = [a[k] - b[k] for k in P_PHASES if k in a and k in b]
            if own:
                found.append(sum(own) / len(own))
        if len(found) >= LEAST_STATIONS:
            middle = median(found)
            scatter = max(STATION_SIGMA, 1.483 * median([abs(v - middle) for v in found]))
            sigma = math.sqrt(MODEL_SIGMA**2 + 1.57 * scatter * scatter / len(found))  # 1.57: of a median
            out.append(BandStep(band_hz=band, log10_ratio=middle, sigma=sigma, n=len(found)))
    return tuple(out)


def apart_in_units(event: Sequence[PathMeasurement], master: Sequence[PathMeasurement]) -> tuple[str, ...]:
    """Stations that recorded both events, one in ground velocity and one in counts: they cannot be compared."""
    theirs = {p.station_key: p for p in master if p.phases}
    return tuple(
        sorted(
            p.station_key
            for p in event
            if p.phases and p.station_key in theirs and p.ground != theirs[p.station_key].ground
        )
    )


def predicted(f: float, log10_w: float, log10_h: float, log10_corner: float, n: float) -> float:
    """log10 ratio of the spectra at f: log10_w and log10_h of the event over those of the master, its corner as log10 Hz."""
    own = log10_corner - log10_w / 3.0 + log10_h / n
    roll = log10_(1.0 + exp10_(2.0 * (log10_(f) - own))) - log10_(
        1.0 + exp10_(2.0 * (log10_(f) - log10_corner))
    )
    return LEVEL_W * log10_w + LEVEL_H * log10_h - roll


def _spectral(found: Sequence[BandStep], ws: Sequence[int], hs: Sequence[int]) -> NDArray[np.float64]:
    """Likelihood of the steps at whole steps of log10 W and log10 h from the master's (W along the rows), the corner and n integrated over."""
    w, h = (STEP * np.array(v, dtype=np.float64) for v in (ws, hs))
    level = LEVEL_W * w[:, None] + LEVEL_H * h[None, :]
    total = np.zeros_like(level)
    for corner, n in itertools.product(CORNERS, CORNER_N):
        own = corner - w[:, None] / 3.0 + h[None, :] / n
        z2 = np.zeros_like(level)
        for s in found:
            f = 0.5 * log10_(s.band_hz[0] * s.band_hz[1])
            roll = log10(1.0 + exp(2.0 * LN10 * (f - own))) - log10_(1.0 + exp10_(2.0 * (f - corner)))
            z = (s.log10_ratio - level + roll) / s.sigma
            z2 += z * z
        total += exp(-0.5 * np.minimum(z2, 700.0))
    return total


def _nodes(ends: tuple[float, float]) -> list[int]:
    """Whole steps of the logarithm between two ends, both included."""
    low, high = (round(log10_(v) / STEP) for v in ends)
    return list(range(low, high + 1))


def estimate(
    found: Sequence[BandStep], master: Master, mb: tuple[float, float] | None, law: Relation, place: SiteTable,
    prior_kt: tuple[float, float], level: float, depth_m: float | None = None,
) -> YieldDepth:  # fmt: skip
    """Posterior on yield and depth. found: `steps`; mb: value and error, or None; depth_m: where it is known.

    Raises InputError for too few bands, a bad master, or where no yield fits.
    """
    _check(found, master)
    ys, hs = _nodes(prior_kt), _nodes((10.0, DEEPEST_M) if depth_m is None else (depth_m, depth_m))
    alone = _posterior(found, master, ys, hs)
    both = {
        (y, h): m * (1.0 if mb is None else _of_mb(mb, y * STEP, exp10_(h * STEP), law, place))
        for (y, h), m in alone.items()
    }
    total = sum(both.values())
    if not total > 0.0:
        raise InputError(
            "expected a yield and depth that give these spectra and mb, got none: check the master, or leave one out"
        )
    return YieldDepth(
        level=level,
        yield_kt=_interval(both, 0, level),
        depth_m=_interval(both, 1, level),
        correlation=_correlation(both),
        edge=sum(m for (y, _), m in both.items() if y in (ys[0], ys[-1])) > EDGE_MASS * total,
        spectra_alone_kt=_interval(alone, 0, level),
        steps=tuple(found),
        master=master,
        assumptions=_assumptions(master, mb is not None),
    )


def _posterior(
    found: Sequence[BandStep], master: Master, ys: Sequence[int], hs: Sequence[int]
) -> dict[tuple[int, int], float]:
    """Weight of each yield and depth that a test may have, by the spectra alone; those of the master integrated over."""
    my, mh = _nodes(master.yield_kt), _nodes(master.depth_m)
    masters = [(a, b) for a in my for b in mh if _contained(a, b)] or [(a, b) for a in my for b in mh]
    ws = range(ys[0] - my[-1], ys[-1] - my[0] + 1)
    depths = range(hs[0] - mh[-1], hs[-1] - mh[0] + 1)
    spectral = _spectral(found, ws, depths)
    total = np.zeros((len(ys), len(hs)))
    for a, b in masters:
        i, j = ys[0] - a - ws[0], hs[0] - b - depths[0]
        total += spectral[i : i + len(ys), j : j + len(hs)]
    return {
        (y, h): float(total[i, j]) for i, y in enumerate(ys) for j, h in enumerate(hs) if _contained(y, h)
    }


def _check(found: Sequence[BandStep], master: Master) -> None:
    if len(found) < LEAST_BANDS:
        raise InputError(
            f"--spectra: expected P of both events above the noise in {LEAST_BANDS} bands at {LEAST_STATIONS} common stations or more, "
            f"in the same units, got {len(found)} band(s): give another master"
        )
    for name, (low, high), most in (("yield", master.yield_kt, 1e5), ("depth", master.depth_m, 5000.0)):
        if not 0.0 < low <= high <= most:
            raise InputError(
                f"expected a {name} of the master with 0 < low <= high <= {most:g}, got {low:g} to {high:g}: correct it"
            )


def _contained(y: int, h: int) -> bool:
    """Whether a depth is not shallower than half the customary one for the yield."""
    return h * STEP >= log10_(SHALLOWEST * SCALED_DEPTH_M) + y * STEP / 3.0 - 1e-9


def _of_mb(
    mb: tuple[float, float], log10_kt: float, depth_m: float, law: Relation, place: SiteTable
) -> float:
    shift = depth_shift(log10_kt, depth_m)
    scale = math.sqrt(
        mb[1] * mb[1] + place.bias_sigma * place.bias_sigma + place.scatter * place.scatter + shift * shift
    )
    means = [place.bias + shift + law.mb(log10_kt, slope) for slope in law.slopes_below]
    return sum(density(mb[0], m, scale) for m in means) / len(means)


def _interval(mass: dict[tuple[int, int], float], axis: int, level: float) -> tuple[float, float, float]:
    """Quantiles of one margin, three significant digits."""
    margin: dict[int, float] = {}
    for key in sorted(mass):
        margin[key[axis]] = margin.get(key[axis], 0.0) + mass[key]
    total, below, out = sum(margin.values()), 0.0, []
    wanted = [0.5 - level / 2.0, 0.5, 0.5 + level / 2.0]
    for k in sorted(margin):
        p = margin[k] / total
        while wanted and p > 0.0 and below + p >= wanted[0]:
            out.append(float(f"{exp10_(STEP * (k + (wanted.pop(0) - below) / p - 0.5)):.3g}"))
        below += p
    return out[0], out[1], out[2]


def _correlation(mass: dict[tuple[int, int], float]) -> float:
    total = sum(mass.values())
    my, mh = (sum(k[i] * m for k, m in mass.items()) / total for i in (0, 1))
    vy, vh = (sum((k[i] - c) ** 2 * m for k, m in mass.items()) / total for i, c in ((0, my), (1, mh)))
    both = sum((k[0] - my) * (k[1] - mh) * m for k, m in mass.items()) / total
    return round(both / math.sqrt(vy * vh), 2) if vy > 0.0 and vh > 0.0 else 0.0


def _assumptions(master: Master, with_mb: bool) -> tuple[str, ...]:
    (a, b), (c, d) = master.yield_kt, master.depth_m
    return (
        f"the master was a tamped explosion of {a:g} to {b:g} kt at {c:g} to {d:g} m in the same rock: this is stated by the user, not shown",
        "both events lie so near to each other that path and station cancel in the ratio of their spectra",
        "levels as W^0.87 h^-0.33 and corners as W^(-1/3) h^(1/n), n 1.87 or 2.4, fall-off f^-2: exponents of Mueller & Murphy 1971, unconfirmed",
        "the corner of the master is not known and integrated over from 0.5 to 10 Hz",
        f"depth no less than half of {SCALED_DEPTH_M:g} m per kt^(1/3) and at most {DEEPEST_M:g} m, flat in its logarithm",
        "mb as for the yield alone" if with_mb else "no mb was used: spectra alone",
    )
