"""From picks of one event to an origin: phases, outliers, depth, ellipse.

Rules: the epicentre comes from iterated least squares with the full a-priori covariance; ellipses are COVERAGE
ellipses (chi-square with two degrees of freedom, 4.6052 at 90 %) from a-priori errors and are never scaled by the fit;
the confidence ellipse (scaled) is a separate field. Depth is free only where the data resolve it: stations near
against depth, or a misfit that refuses the surface; else it is held at the surface (as the IDC does) and the reason is
given. A pick farther than four standard deviations from its prediction does not define.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.records import Arrival, Ellipse, Origin, Pick, Site
from testban.base.times import seconds_to_ns
from testban.earth import travel
from testban.locate.geometry import gaps
from testban.locate.linear import axes_
from testban.locate.solve import (
    BAZ,
    BAZ_SIGMA,
    ELEVATION,
    LAT,
    LON,
    SIGMA,
    SLOW,
    SLOW_SIGMA,
    TIME,
    correlations_,
    solve_,
    student_misfit_,
)

F64 = NDArray[np.float64]

CHI2_2_90 = 4.605170185988092
DEPTHS_KM = (10.0, 33.0, 70.0, 120.0, 200.0, 300.0, 400.0, 500.0, 600.0)
# F at 90 % with 2 and n degrees of freedom: 2 n' / ... closed form, n (10^(2/n) - 1) / 2.


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an event is located.

    model: travel-time model. outlier: picks beyond this many standard deviations do not define. fixed_depth_km: hold
    the depth there. surface_depth_km: where the depth is held when the data do not resolve it. refuse_surface: drop of
    the misfit (minus twice the log-likelihood) that a depth must bring before it is believed.
    """

    model: str = "ak135"
    outlier: float = 4.0
    fixed_depth_km: float | None = None
    surface_depth_km: float = 0.0
    refuse_surface: float = 25.0


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """An origin and its arrivals in order of time."""

    origin: Origin
    arrivals: tuple[Arrival, ...]


class _Fit:
    """The arrays of one problem and its current solution."""

    def __init__(self, picks: Sequence[tuple[Pick, str]], sites: Mapping[str, Site], model: str) -> None:
        self.tables = travel.load(model)
        self.picks = picks
        n = len(picks)
        self.reference = min(p.time_ns for p, _ in picks)
        self.data = np.zeros((n, 9))
        self.phases = np.zeros(n, np.int64)
        self.is_s = np.zeros(n, np.int64)
        self.use = np.ones(n, np.int64)
        for i, (pick, phase) in enumerate(picks):
            site = sites[pick.station_key]
            row = self.data[i]
            row[LON], row[LAT], row[ELEVATION] = site.longitude, site.latitude, site.elevation_m
            row[TIME] = (pick.time_ns - self.reference) * 1e-9
            row[SIGMA] = max(0.02, pick.time_sigma_s)
            if pick.backazimuth_deg is not None and pick.backazimuth_sigma and site.is_array:
                row[BAZ], row[BAZ_SIGMA] = pick.backazimuth_deg, pick.backazimuth_sigma
            if pick.slowness_s_per_deg is not None and pick.slowness_sigma and site.is_array:
                row[SLOW], row[SLOW_SIGMA] = pick.slowness_s_per_deg, pick.slowness_sigma
            self.is_s[i] = 1 if wave_type(phase) == "S" else 0
            self.phases[i] = self.tables.index(phase)
        self.correlation = np.zeros((n, n))
        correlations_(self.data, self.correlation)
        self.x = np.zeros(4)
        self.rows = np.zeros((n, 7))
        self.weights = np.zeros(n)
        self.covariance = np.zeros((4, 4))
        self.chi = -1.0

    def solve(self, start: Sequence[float] | F64, free_depth: bool, robust: bool) -> bool:
        """Solve from a start (time, longitude, latitude, depth); False where there is no solution."""
        self.chi, _ = solve_(
            self.tables.kernel, self.data, self.phases, self.is_s, self.use, self.correlation,
            np.asarray(start, float), free_depth, robust, self.x, self.rows, self.weights, self.covariance,
        )  # fmt: skip
        return self.chi >= 0.0

    def misfit(self) -> float:
        """Robust misfit of the current solution."""
        return float(student_misfit_(self.data, self.rows, self.use))

    def sigma(self) -> F64:
        """Pick and model error together, per datum."""
        out: F64 = np.sqrt(self.rows[:, 6] ** 2 + self.data[:, SIGMA] ** 2)
        return out


def wave_type(phase: str) -> str:
    """ "S" for phases that arrive as S (S, Sn, Sg, Lg), else "P"."""
    last = next((c for c in reversed(phase) if c in "PSL"), "P")
    return "S" if last in "SL" else "P"


def locate(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings | None = None,
    start: tuple[float, float, float] | None = None,
) -> Located:
    """Locate one event from picks with phases ("P1" and "S1" take the first P- and S-type phase).

    start: longitude, latitude, depth_km to begin from; without one the search begins at several places around the
    stations. Raises InputError with fewer than three usable picks, or where nothing converges.
    """
    s = settings or Settings()
    usable = sorted(
        ((p, ph) for p, ph in picks if p.station_key in sites), key=lambda q: (q[0].time_ns, q[0].station_key, q[0].pick_id)
    )
    if len(usable) < 3:
        raise InputError(f"a location needs three picks at stations with coordinates, got {len(usable)}; add picks")
    fit = _Fit(usable, sites, s.model)
    depth = s.surface_depth_km if s.fixed_depth_km is None else s.fixed_depth_km
    best = _epicentre(fit, _starts(fit, sites, start, depth), depth)
    if best is None:
        raise InputError("the location does not converge from any start; check the times and phases of the picks")
    reason = _depth(fit, s, best)
    _final(fit, s)
    return _result(fit, reason, s)


def _starts(fit: _Fit, sites: Mapping[str, Site], start: tuple[float, float, float] | None, depth: float) -> list[F64]:
    if start is not None:
        return [_with_time(fit, start[0], start[1], depth)]
    first = [sites[p.station_key] for p, _ in fit.picks[:3]]
    anchor = first[0]
    found = [(anchor.longitude, anchor.latitude)]
    for ring, count in ((1.5, 6), (6.0, 8), (20.0, 10), (45.0, 12), (75.0, 14), (110.0, 12)):
        from testban.base.geo import destination_

        found += [destination_(anchor.longitude, anchor.latitude, 360.0 * i / count, ring) for i in range(count)]
    return [_with_time(fit, lon, lat, depth) for lon, lat in found]


def _with_time(fit: _Fit, longitude: float, latitude: float, depth: float) -> F64:
    """A start with the origin time that the median pick asks for."""
    x = np.array([0.0, longitude, latitude, depth])
    from testban.locate.solve import predict_

    predict_(fit.tables.kernel, fit.data, fit.phases, fit.is_s, x, fit.rows)
    r = fit.rows[:, 0]
    r = r[np.isfinite(r)]
    x[0] = float(np.median(r)) if len(r) else -600.0
    return x


def _epicentre(fit: _Fit, starts: Sequence[F64], depth: float) -> F64 | None:
    """The best robust solution over the starts, at a held depth."""
    best, least = None, math.inf
    for start in starts:
        if fit.solve(start, False, True):
            value = fit.misfit()
            if value < least - 1e-9:
                best, least = fit.x.copy(), value
    if best is not None:
        fit.solve(best, False, True)
    return best


def _depth(fit: _Fit, s: Settings, surface: F64) -> str:
    """Decide on the depth; leaves the accepted solution in `fit`. Returns the reason, "" where the depth is free."""
    if s.fixed_depth_km is not None:
        return f"held at {s.fixed_depth_km:g} km as asked"
    fit.solve(surface, False, True)
    at_surface = fit.misfit()
    good = np.abs(fit.rows[:, 0]) < s.outlier * fit.sigma()
    near = fit.rows[good, 1]
    stations = len({p.station_key for (p, _), g in zip(fit.picks, good, strict=True) if g})
    held = "not resolved by the data: "
    candidates: list[tuple[float, F64, float]] = []
    for depth in DEPTHS_KM:
        start = fit.x.copy()
        start[:] = surface
        start[3] = depth
        if fit.solve(start, True, True) and fit.covariance[3, 3] > 0.0:
            candidates.append((fit.misfit(), fit.x.copy(), math.sqrt(fit.covariance[3, 3])))
    why = held + "no station near against depth and the misfit does not refuse the surface"
    if candidates and stations >= 5:
        value, x, sigma = min(candidates, key=lambda c: (c[0], c[1][3]))
        local = np.sum(near < 1.5) >= 2 and float(np.min(near)) * 111.2 < 2.0 * max(10.0, x[3])
        refused = at_surface - value > s.refuse_surface and sigma < 0.3 * x[3]
        if (local and sigma < 12.0 and x[3] > 0.0) or refused:
            fit.solve(x, True, True)
            return ""
    elif stations < 5:
        why = held + "fewer than five stations"
    fit.solve(surface, False, True)
    return why


def _final(fit: _Fit, s: Settings) -> None:
    """Drop outliers and solve with full weights; the covariance is then that of the defining data."""
    free = fit.covariance[3, 3] > 0.0
    for _ in range(4):
        bad = ~(np.abs(fit.rows[:, 0]) < s.outlier * fit.sigma())
        keep = np.where(bad, 0, 1)
        if keep.sum() < 3 or np.array_equal(keep, fit.use):
            break
        fit.use[:] = keep
        fit.solve(fit.x.copy(), free, True)
    weights = fit.weights.copy()
    fit.solve(fit.x.copy(), free, True)
    fit.weights[:] = weights


def _result(fit: _Fit, reason: str, s: Settings) -> Located:
    c = fit.covariance
    free = c[3, 3] > 0.0
    major, minor, strike = axes_(c[1, 1], c[1, 2], c[2, 2])
    defining = [i for i in range(len(fit.picks)) if fit.use[i] and math.isfinite(fit.rows[i, 0])]
    sigma = fit.sigma()
    scale = math.sqrt(CHI2_2_90)
    freedom = len(defining) - (4 if free else 3)
    arrivals = tuple(_arrival(fit, i, float(sigma[i])) for i in range(len(fit.picks)))
    azimuths = [float(fit.rows[i, 2]) for i in defining]
    gap, second = gaps(azimuths)
    z = [fit.rows[i, 0] / sigma[i] for i in defining]
    variance = float(sum(v * v for v in z)) / freedom if freedom > 0 else 1.0
    origin = Origin(
        time_ns=fit.reference + seconds_to_ns(float(fit.x[0])),
        longitude=float(fit.x[1]),
        latitude=float(fit.x[2]),
        depth_km=float(fit.x[3]),
        depth_fixed=not free,
        depth_reason=reason or "resolved by the data",
        depth_sigma_km=math.sqrt(c[3, 3]) if free else None,
        time_sigma_s=math.sqrt(c[0, 0]),
        ellipse=Ellipse(smajor_km=major * scale, sminor_km=minor * scale, strike_deg=strike),
        confidence_ellipse=_confidence(major, minor, strike, variance, freedom),
        rms_s=math.sqrt(sum(float(fit.rows[i, 0]) ** 2 for i in defining) / max(1, len(defining))),
        n_defining=len(defining),
        n_stations=len({fit.picks[i][0].station_key for i in defining}),
        gap_deg=gap,
        secondary_gap_deg=second,
        min_distance_deg=min((float(fit.rows[i, 1]) for i in defining), default=0.0),
        max_distance_deg=max((float(fit.rows[i, 1]) for i in defining), default=0.0),
        model=s.model,
        covariance=tuple((float(r[0]), float(r[1]), float(r[2]), float(r[3])) for r in c),
    )
    return Located(origin=origin, arrivals=arrivals)


def _confidence(major: float, minor: float, strike: float, variance: float, freedom: int) -> Ellipse | None:
    """The 90 % confidence ellipse, 2 s^2 F(2, n); for two numerator degrees F has the closed form n/2 (0.1^(-2/n) - 1)."""
    if freedom < 1:
        return None
    f = 0.5 * freedom * (10.0 ** (2.0 / freedom) - 1.0)
    scale = math.sqrt(2.0 * variance * f)
    return Ellipse(smajor_km=major * scale, sminor_km=minor * scale, strike_deg=strike, kind="confidence")


def _arrival(fit: _Fit, i: int, sigma: float) -> Arrival:
    pick, phase = fit.picks[i]
    residual, delta, azimuth, back = (float(v) for v in fit.rows[i, :4])
    known = math.isfinite(residual)
    return Arrival(
        pick_id=pick.pick_id,
        station_key=pick.station_key,
        phase=named(fit.tables, phase, float(fit.x[3]), delta),
        time_ns=pick.time_ns,
        distance_deg=delta,
        azimuth_deg=azimuth,
        backazimuth_deg=back,
        residual_s=residual if known else None,
        time_sigma_s=sigma if known else 1.0,
        defining=bool(fit.use[i]) and known,
        weight=min(1.0, float(fit.weights[i])) if fit.use[i] and known else 0.0,
        slowness_residual=float(fit.data[i, SLOW] - fit.rows[i, 4]) if fit.data[i, SLOW_SIGMA] > 0 and known else None,
        backazimuth_residual=_half_turn(float(fit.data[i, BAZ]) - back) if fit.data[i, BAZ_SIGMA] > 0 else None,
        slowness_defining=bool(fit.data[i, SLOW_SIGMA] > 0 and fit.use[i]),
        backazimuth_defining=bool(fit.data[i, BAZ_SIGMA] > 0 and fit.use[i]),
    )


def _half_turn(x: float) -> float:
    return (x + 180.0) % 360.0 - 180.0


def named(tables: travel.TravelTimes, phase: str, depth_km: float, delta_deg: float) -> str:
    """The phase that P1 or S1 stands for at a distance; other names as they are."""
    if phase not in ("P1", "S1"):
        return phase
    choices = ("Pg", "Pn", "P", "Pdiff", "PKPdf", "PKPbc", "PKPab") if phase == "P1" else ("Sg", "Sn", "S", "SKS")
    first = tables.predict(phase, depth_km, delta_deg)[0]
    for name in choices:
        if name not in tables.phases:
            continue
        t = tables.predict(name, depth_km, delta_deg)[0]
        if math.isfinite(t) and abs(t - first) < 0.06:
            return name
    return phase[0]
