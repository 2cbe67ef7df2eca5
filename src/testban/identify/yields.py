"""The yield of an underground explosion from its body-wave magnitude: a Bayesian posterior on log yield.

Rules: always an interval with its assumptions; a magnitude scale that does not fit the relation is refused, not
converted in silence; a relation, a site bias, depth of burial and the slope below 1 kt are each uncertain and are
integrated over, on fixed nodes; decoupling is a hypothesis beside the tamped shot and never mixed with it. The
prior is flat in log yield between stated ends. Method: Bayes on a grid of 0.005 in log10 Y; in errors of
Student's t with 4 degrees, because the catalogues of shots show heavy tails (single shots off by 0.5 and more where most lie within 0.2).
Depth: the cavity of Mueller & Murphy 1971 shrinks as h^-0.11, so the long-period level falls as h^-1/3
[unconfirmed]; only half of it is taken as known. Full decoupling: mb of Y / DF (Latter et al. 1961, DF up to 70).
"""

import functools
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.dmath import exp, exp10_, exp_, log10_, normal_cdf_
from testban.base.errors import ConfigurationError, InputError
from testban.base.records import Magnitude
from testban.base.yields import Yield, YieldInterval
from testban.identify.relations import RELATIONS, Relation, SiteTable, relation, site

STEP = 0.005
SCALES = ("mb", "mb(IDC)", "mb(Lg)")
IDC_OFFSET, IDC_OFFSET_SIGMA = 0.35, 0.10  # mb(ISC, NEIC) - mb(IDC), 0.3 to 0.4 [unconfirmed]
LG_SIGMA = 0.05  # mb(Lg) is tied to mb by calibration [assumed]
RANGE = (1.0, 7.5)
SCALED_DEPTH_M = 120.0  # customary containment depth per kt^(1/3) [unconfirmed]
DEPTH_EXPONENT = 1.0 / 3.0
NODES = 16  # of the mixture of normals that Student's t is
HYPOTHESES = ((10.0, "partly decoupled"), (70.0, "fully decoupled, salt"))
EDGE = 0.05  # of the range, in log10 Y
EDGE_MASS = 0.01


class YieldSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen. relation "" is that of the site. decoupling adds one hypothesis of a factor above 1."""

    relation: str = ""
    site: str = "anywhere"
    depth_m: float | None = None
    decoupling: float | None = None
    prior_kt: tuple[float, float] = (0.001, 10000.0)
    level: float = 0.90


DEFAULT = YieldSettings()


def _refuse(kind: str) -> str:
    why = {
        "Ms": "surface waves carry tectonic release and depth, and no relation for this place is at hand",
        "ML": "a local magnitude has no relation to yield outside the region it was made for",
        "Mw": "a moment turns into a yield only with medium and depth; the energy rule of magnitude scales does not hold",
    }
    reason = next(
        (w for k, w in why.items() if kind.startswith(k)), "it is no teleseismic body-wave magnitude"
    )
    return f"expected a magnitude of the scale {', '.join(SCALES)}, got {kind!r}: {reason}; give mb instead"


def _on_scale(m: Magnitude) -> tuple[float, float]:
    """Value and error on the scale of the relations (mb of ISC and NEIC). Raises InputError where none fits."""
    if m.kind not in SCALES:
        raise InputError(_refuse(m.kind))
    if not RANGE[0] <= m.value <= RANGE[1]:
        raise InputError(
            f"expected {m.kind} between {RANGE[0]:g} and {RANGE[1]:g}, got {m.value:g}: a slip of units (nm for um) is 3 "
            "magnitude units; correct it"
        )
    if not 0.0 <= m.sigma < 2.0:
        raise InputError(f"expected an error of {m.kind} from 0 to 2, got {m.sigma:g}: correct it")
    if m.bound not in ("", "upper"):
        raise InputError(f"expected a measured {m.kind} or an upper limit, got {m.bound!r}: leave it out")
    if m.kind == "mb(IDC)":
        return m.value + IDC_OFFSET, math.sqrt(m.sigma * m.sigma + IDC_OFFSET_SIGMA * IDC_OFFSET_SIGMA)
    extra = LG_SIGMA if m.kind == "mb(Lg)" else 0.0
    return m.value, math.sqrt(m.sigma * m.sigma + extra * extra)


def _joint(magnitudes: Sequence[Magnitude]) -> tuple[float, float, str, str]:
    """One value, its error, its scales and bound. Measured ones are weighted by 1/sigma^2; else the smallest limit."""
    if not magnitudes:
        raise InputError(f"expected a magnitude of the scale {', '.join(SCALES)}, got none: give --mb")
    both = [(*_on_scale(m), m) for m in sorted(magnitudes, key=lambda m: (m.kind, m.value))]
    measured = [(v, max(s, 0.02), m) for v, s, m in both if not m.bound]
    if not measured:
        v, s, m = min(both, key=lambda b: b[0])
        return v, s, m.kind, "upper"
    weight = sum(1.0 / (s * s) for _, s, _ in measured)
    value = sum(v / (s * s) for v, s, _ in measured) / weight
    return value, math.sqrt(1.0 / weight), " and ".join(dict.fromkeys(m.kind for *_, m in measured)), ""


def depth_shift(log10_kt: float, depth_m: float) -> float:
    """Expected change of mb of a shot deeper than customary (negative), half of the h^-1/3 of the moment; 0 above."""
    over = log10_(depth_m / SCALED_DEPTH_M) - log10_kt / 3.0
    return -0.5 * DEPTH_EXPONENT * max(0.0, over)


@functools.cache
def t4_widths() -> tuple[float, ...]:
    """Variances at the midpoints of equal parts of 4 / chi-square with 4 degrees: normals with these, mixed, are Student's t4."""
    out = []
    for i in range(NODES):
        q, low, high = (i + 0.5) / NODES, 0.0, 60.0
        for _ in range(80):
            x = 0.5 * (low + high)
            low, high = (x, high) if 1.0 - exp_(-0.5 * x) * (1.0 + 0.5 * x) < q else (low, x)
        out.append(4.0 / low)
    return tuple(out)


def posterior(
    mb: float, sigma: float, law: Relation, *, bias: float = 0.0, bound: str = "", depth_m: float | None = None,
    log10_range: tuple[float, float] = (-3.0, 4.0), scatter: float = 0.0,
) -> tuple[list[float], list[float]]:  # fmt: skip
    """Grid of log10 yield (kt) and the posterior mass at each point, sum 1, for a tamped shot.

    sigma: normal errors in magnitude units; scatter: scale of single shots, Student's t with 4 degrees. With depth_m the shift by depth is half known, half error.
    """
    low, high = log10_range
    n = max(2, round((high - low) / STEP) + 1)
    grid = [low + (high - low) * i / (n - 1) for i in range(n)]
    widths = t4_widths() if scatter > 0.0 else (0.0,)
    shifts = [0.0 if depth_m is None else depth_shift(y, depth_m) for y in grid]
    total_mass = np.zeros(n)
    for slope in law.slopes_below:
        off = np.array([mb - bias - shift - law.mb(y, slope) for y, shift in zip(grid, shifts, strict=True)])
        for v in widths:
            s = np.sqrt(sigma * sigma + np.square(shifts) + scatter * scatter * v)
            z = off / s
            if bound == "upper":
                total_mass += np.array([normal_cdf_(float(x)) for x in z])
            else:
                total_mass += exp(-0.5 * z * z) / s
    mass = [float(p) for p in total_mass]
    total = sum(mass)
    if not total > 0.0:
        raise InputError(
            f"expected a magnitude that the prior range of yields can give, got mb {mb:.2f}: widen --prior-kt"
        )
    return grid, [p / total for p in mass]


def quantile(grid: Sequence[float], mass: Sequence[float], q: float) -> float:
    """Quantile of a posterior on a grid, linear inside a step."""
    below = 0.0
    for y, p in zip(grid, mass, strict=True):
        if below + p >= q and p > 0.0:
            return y + STEP * ((q - below) / p - 0.5)
        below += p
    return grid[-1]


def _rounded(log10_kt: float) -> float:
    """A yield with three significant digits: finer than it is known."""
    return float(f"{exp10_(log10_kt):.3g}")


def _interval(
    grid: list[float], mass: list[float], level: float, bound: str, hypothesis: str, factor: float
) -> YieldInterval:
    add = log10_(factor)
    upper = sum(p for y, p in zip(grid, mass, strict=True) if y > grid[-1] - EDGE)
    lower = sum(p for y, p in zip(grid, mass, strict=True) if y < grid[0] + EDGE)
    if bound:
        high = quantile(grid, mass, level)
        return YieldInterval(
            hypothesis=hypothesis, decoupling=factor, low_kt=None, median_kt=None,
            high_kt=_rounded(high + add), level=level, edge=True,
        )  # fmt: skip
    low, mid, high = (quantile(grid, mass, q) for q in (0.5 - level / 2.0, 0.5, 0.5 + level / 2.0))
    return YieldInterval(
        hypothesis=hypothesis, decoupling=factor, low_kt=_rounded(low + add), median_kt=_rounded(mid + add),
        high_kt=_rounded(high + add), level=level, edge=upper + lower > EDGE_MASS,
    )  # fmt: skip


def _check(settings: YieldSettings) -> None:
    low, high = settings.prior_kt
    if not 1e-6 <= low < high <= 1e6:
        raise ConfigurationError(
            f"expected a prior range 1e-6 <= low < high <= 1e6 kt, got {low:g} to {high:g}: correct it"
        )
    if not 0.5 <= settings.level < 1.0:
        raise ConfigurationError(f"expected a level from 0.5 to below 1, got {settings.level:g}: correct it")
    if settings.depth_m is not None and not 1.0 <= settings.depth_m <= 5000.0:
        raise ConfigurationError(
            f"expected a depth of burial of 1 to 5000 m, got {settings.depth_m:g}: correct it"
        )
    if settings.decoupling is not None and not 1.0 < settings.decoupling <= 200.0:
        raise ConfigurationError(
            f"expected a decoupling factor above 1, at most 200, got {settings.decoupling:g}: correct it"
        )


def _assumptions(
    law: Relation, place: SiteTable, settings: YieldSettings, scale: str, bound: str
) -> tuple[str, ...]:
    low, high = settings.prior_kt
    depth = (
        "depth of burial not known: it is part of the scatter of the shots behind the table"
        if settings.depth_m is None
        else f"depth of burial {settings.depth_m:g} m; deeper than {SCALED_DEPTH_M:g} m per kt^(1/3) lowers mb, half of it known"
    )
    below = " or ".join(f"{s:g}" for s in law.slopes_below)
    out = [
        "the event was one underground explosion: this is asked, not shown",
        "tamped and coupled as the shots behind the relation; decoupled shots stand as hypotheses of their own",
        (
            f"relation {law.name}: mb = {law.intercept:g} + {law.slope:g} log10 Y, for {law.where}; slope below 1 kt {below}; "
            f"constants {'read in the source' if law.confirmed else 'not confirmed in the source'}"
        ),
        f"site {place.name}: bias {place.bias:+.2f} +- {place.bias_sigma:.2f}, scatter of single shots {place.scatter:.2f}; {place.origin}",
        depth,
        f"prior flat in log yield from {low:g} to {high:g} kt",
    ]
    if "mb(IDC)" in scale:
        out.append(
            f"mb(IDC) raised by {IDC_OFFSET:g} +- {IDC_OFFSET_SIGMA:g} to the scale of the relation (unconfirmed)"
        )
    if bound:
        out.append(
            "only an upper limit of the magnitude is known: so only an upper limit of the yield, which leans on the prior"
        )
    return tuple(out)


def estimate(
    magnitudes: Sequence[Magnitude], settings: YieldSettings = DEFAULT, place: SiteTable | None = None
) -> Yield:
    """Yield of one explosion from its magnitudes (kinds mb, mb(IDC), mb(Lg)). place: a site table in place of the named one.

    A relation other than the site's own loses the site's bias: the bias of `anywhere` is taken. Raises InputError for
    a magnitude that does not fit, ConfigurationError for settings without meaning.
    """
    _check(settings)
    place = place or site(settings.site)
    law = relation(settings.relation or place.relation)
    if law.name != place.relation:
        place = msgspec.structs.replace(site("anywhere"), relation=law.name)
    mb, mb_sigma, scale, bound = _joint(magnitudes)
    sigma = math.sqrt(mb_sigma * mb_sigma + place.bias_sigma * place.bias_sigma)
    ends = (log10_(settings.prior_kt[0]), log10_(settings.prior_kt[1]))
    grid, mass = posterior(
        mb,
        sigma,
        law,
        bias=place.bias,
        bound=bound,
        depth_m=settings.depth_m,
        log10_range=ends,
        scatter=place.scatter,
    )
    wanted = [(1.0, "tamped"), *HYPOTHESES]
    if settings.decoupling is not None:
        wanted.append((settings.decoupling, "decoupled as asked"))
    return Yield(
        mb=round(mb, 3),
        mb_sigma=round(mb_sigma, 3),
        scale=scale,
        bound=bound,
        sigma=round(math.sqrt(sigma * sigma + 2.0 * place.scatter * place.scatter), 3),
        relation=law.name,
        site=place.name,
        citation=law.citation,
        confirmed=law.confirmed,
        intervals=tuple(_interval(grid, mass, settings.level, bound, name, f) for f, name in wanted),
        depth_m=settings.depth_m,
        prior_kt=settings.prior_kt,
        assumptions=_assumptions(law, place, settings, scale, bound),
    )


def mb_table(yields_kt: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """Magnitudes that each relation gives for yields, for comparison with published tables."""
    return {name: tuple(law.mb(log10_(y)) for y in yields_kt) for name, law in RELATIONS.items()}
