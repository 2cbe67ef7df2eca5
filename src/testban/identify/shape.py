"""The shape of the P spectrum and of the teleseismic record: measured and shown, of next to no weight.

Rules: the slope and the corner of regional P depend on size and path at least as much as on the kind of source: in the events at hand
explosions (-0.3 to -2.0) and earthquakes (-0.5 to -3.2) overlap, and the larger shot has the steeper one, so the slope has no weight
before a table of ten regions of each class is at hand, and then at most 10^0.3.
Complexity is log10 of the energy 5-35 s after a teleseismic P over that of its first 5 s; no earthquake recorded at such distances
by such stations was at hand to compare with, so it has no weight at all.
"""

from testban.base.records import Evidence
from testban.identify.calibration import ShapeModel, predictive
from testban.identify.densities import density, distribution, log10_ratio
from testban.identify.registry import Inquiry, not_applicable, register

SLOPE, COMPLEXITY = "spectral slope", "complexity"
CAP = 0.3
LEAST_REGIONS = 10
LEAST_PATHS, LEAST_STATIONS = 2, 3


def median(values: list[float]) -> float:
    """Median of at least one value."""
    v = sorted(values)
    n = len(v)
    return v[n // 2] if n % 2 else 0.5 * (v[n // 2 - 1] + v[n // 2])


@register(SLOPE)
def slope(inquiry: Inquiry) -> Evidence:
    """Evidence of the slope; value is the median over paths of d log10 amplitude / d log10 frequency of P."""
    model: ShapeModel = inquiry.settings.slope
    values = [p.spectral_slope for p in inquiry.paths if p.spectral_slope is not None]
    if len(values) < LEAST_PATHS:
        return not_applicable(
            SLOPE,
            f"P above the noise in three bands on {len(values)} path(s), at least {LEAST_PATHS} are needed",
        )
    corners = [p.corner_hz for p in inquiry.paths if p.corner_hz is not None]
    v = median(values)
    (mx, sx), (mq, sq) = model.explosion, model.earthquake
    x, q = predictive(sx, model.n_explosions), predictive(sq, model.n_earthquakes)
    known = min(model.n_explosions, model.n_earthquakes) >= LEAST_REGIONS
    word = "so it says next to nothing" if known else "and too few regions are known to give it weight"
    return Evidence(
        name=SLOPE,
        applicable=True,
        value=v,
        sigma=max(x, q),
        unit="d log10 amplitude / d log10 frequency",
        p_explosion=min(1.0, 2.0 * min(distribution(v, mx, x), 1.0 - distribution(v, mx, x))),
        p_earthquake=min(1.0, 2.0 * min(distribution(v, mq, q), 1.0 - distribution(v, mq, q))),
        log10_lr=log10_ratio(density(v, mx, x), density(v, mq, q), CAP) if known else 0.0,
        reason=f"the P spectrum of {len(values)} path(s) falls with a slope of {v:+.1f}; explosions and earthquakes overlap in it, {word}",
        detail={
            "n_paths": float(len(values)),
            "explosion_mean": mx, "scale_explosion": x, "earthquake_mean": mq, "scale_earthquake": q,
            "calibration": model.name, "screens": "no",
            **({"corner_hz": median(corners), "n_corners": float(len(corners))} if corners else {}),
        },
    )  # fmt: skip


@register(COMPLEXITY, given=lambda q: any(p.complexity is not None for p in q.paths))
def complexity(inquiry: Inquiry) -> Evidence:
    """Evidence of complexity; value is the median over stations."""
    values = [p.complexity for p in inquiry.paths if p.complexity is not None]
    if len(values) < LEAST_STATIONS:
        return not_applicable(
            COMPLEXITY, f"measured at {len(values)} station(s), at least {LEAST_STATIONS} are needed"
        )
    v = median(values)
    return Evidence(
        name=COMPLEXITY,
        applicable=True,
        value=v,
        unit="log10 energy of the coda over that of P",
        log10_lr=0.0,
        reason=f"complexity {v:+.1f} at {len(values)} stations; no earthquake at such distances was at hand to compare with, so it has no weight",
        detail={"n_stations": float(len(values)), "screens": "no"},
    )  # fmt: skip
