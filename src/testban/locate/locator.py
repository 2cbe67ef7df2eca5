"""From picks with phases to an origin with its errors.

Rules: a start by search over the whole Earth unless one is trusted; robust least squares with the full covariance
(Bondar & Storchak 2011, GJI 186, 1220-1244); depth free only where the data resolve it, else fixed with the reason;
coverage ellipse from a-priori errors. Input order does not matter: arrivals are sorted by time, station and id.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.geo import unit_vector_
from testban.base.records import Arrival, Origin, Pick, Site
from testban.earth import elevation, travel
from testban.locate import phases, quality
from testban.locate.errors_model import P_ERROR, correlations_
from testban.locate.kernel import identify_, iterate_, rows_
from testban.locate.search import starts
from testban.locate.settings import Settings

try:
    from testban.earth import ellipticity
except ImportError:  # pragma: no cover - the room is built in parallel
    ellipticity = None  # type: ignore[assignment]

Floats = NDArray[np.float64]

DEPTHS_KM = (10.0, 35.0, 70.0, 120.0, 200.0, 300.0, 420.0, 560.0)
# Misfit (chi-square) by which another fixed depth must be better than the default: 99.9 % of one degree of freedom,
# twice over, since model errors are larger in depth than in the plane.
DEPTH_MISFIT = 20.0
# A network on one side cannot tell depth from distance: no other depth is tried where the gap is wider.
DEPTH_GAP_DEG = 210.0
# Without near stations or depth phases the curvature of the P travel times over many stations resolves depth only
# below the crust: it may be free where so many stations hold it, and stays so where it is deeper than this with 95 %
# one-sided confidence (full covariance); all other events stay at the default.
DEEP_STATIONS = 8
DEEP_KM = 40.0
DEEP_Z = 1.645


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A location: the origin and its arrivals by time."""

    origin: Origin
    arrivals: tuple[Arrival, ...]


class Problem:
    """The arrays of one location, in seconds from `reference_ns` (the earliest pick)."""

    def __init__(
        self, picks: Sequence[tuple[Pick, str]], sites: Mapping[str, Site], settings: Settings
    ) -> None:
        known = [(p, label) for p, label in picks if p.station_key in sites]
        if not known:
            raise InputError(
                "expected at least one pick at a station with coordinates, got none; add the stations"
            )
        self.rows = sorted(known, key=lambda r: (r[0].time_ns, r[0].station_key, r[0].pick_id, r[1]))
        self.model = travel.load(settings.model)
        self.settings = settings
        self.sites = [sites[p.station_key] for p, _ in self.rows]
        self.reference_ns = self.rows[0][0].time_ns
        self.lon = np.array([s.longitude for s in self.sites])
        self.lat = np.array([s.latitude for s in self.sites])
        self.index, self.waves = phases.tables(
            self.model, [label for _, label in self.rows], settings.reidentify
        )
        self.data = np.array([self._row(p) for p, _ in self.rows], dtype=np.float64)
        self.table = P_ERROR.copy()
        self.table[:, 1] *= settings.model_sigma_factor
        unit = np.array([unit_vector_(s.longitude, s.latitude) for s in self.sites])
        self.correlation = np.empty((len(self.rows), len(self.rows)))
        correlations_(unit, np.ascontiguousarray(self.waves[:, 0]), self.correlation)
        self.out = np.full((len(self.rows), 12), np.nan)
        self.column = np.full(len(self.rows), -1, dtype=np.int64)

    def _row(self, p: Pick) -> tuple[float, ...]:
        s, nan = self.settings, math.nan
        slow = p.slowness_s_per_deg if s.use_slowness and p.slowness_sigma else None
        baz = p.backazimuth_deg if s.use_backazimuth and p.backazimuth_sigma else None
        return (
            (p.time_ns - self.reference_ns) / 1e9, 0.0, max(p.time_sigma_s, 0.02),
            nan if slow is None else slow, nan if slow is None else float(p.slowness_sigma or nan),
            nan if baz is None else baz, nan if baz is None else float(p.backazimuth_sigma or nan),
        )  # fmt: skip

    def branch(self, i: int) -> str:
        """Branch that arrival i took in the last iteration, "" for none."""
        return self.model.phases[self.index[i, self.column[i]]] if self.column[i] >= 0 else ""

    def correct(self, x: Floats) -> None:
        """Ellipticity and elevation corrections at x, for the branches that fit there."""
        self.evaluate(x)
        v = elevation.SURFACE_KM_S[self.model.name]
        for i, site in enumerate(self.sites):
            name = self.branch(i)
            if not name:
                continue
            delta, az, p = self.out[i, 5], self.out[i, 6], self.out[i, 8]
            leg = elevation.last_leg(name)
            c = 0.0
            if leg:
                c = elevation.correction_(v[0 if leg == "P" else 1], p, site.elevation_m)
            if ellipticity is not None:
                e = float(
                    ellipticity.correction(phases.name(self.model, name, x[2], delta), x[2], delta, az, x[1])
                )
                c += e if e == e else 0.0
            self.data[i, 1] = c

    def evaluate(self, x: Floats) -> None:
        """Residuals and derivatives at x."""
        rows_(
            self.model.kernel,
            self.table,
            self.index,
            self.waves,
            self.lon,
            self.lat,
            self.data,
            x,
            self.out,
            self.column,
        )

    def run(
        self, x: Floats, free_depth: bool, correlated: bool | None = None
    ) -> tuple[int, float, int, Floats]:
        """Iterate from x (changed in place): iterations (-1 failed), chi-square, time data used, covariance."""
        covariance = np.zeros((4, 4))
        full = self.settings.correlated if correlated is None else correlated
        n, chi2, used = iterate_(
            self.model.kernel, self.table, self.index, self.waves, self.lon, self.lat, self.data, self.correlation,
            full, free_depth, self.settings.max_iterations, x, self.out, self.column, covariance,
        )  # fmt: skip
        return n, chi2, used, covariance


def _first(problem: Problem, start: tuple[float, float, float, int] | None, depth: float) -> Floats:
    """Start hypocentre (longitude, latitude, depth, seconds): the trusted one or the best of the search."""
    if start is not None and not problem.settings.search:
        lon, lat, h, time_ns = start
        return np.array([lon, lat, h, (time_ns - problem.reference_ns) / 1e9])
    args = (
        problem.model.kernel, problem.table, problem.index, problem.waves, problem.lon, problem.lat, problem.data,
    )  # fmt: skip
    best: tuple[float, Floats] | None = None
    for _, lon, lat, t in starts(*args, depth)[:3]:
        x = np.array([lon, lat, depth, t])
        n, chi2, used, _ = problem.run(x, False, correlated=False)
        cost = chi2 + 36.0 * (len(problem.rows) - used)
        if n > 0 and (best is None or cost < best[0] - 1e-6):
            best = (cost, x)
    if best is None:
        raise InputError(
            "expected arrivals that fit some place on the Earth, got none that do; check times and stations"
        )
    return best[1]


def _resolves_depth(problem: Problem, x: Floats) -> str:
    """Why the depth may be free at x, or "": iLoc's conditions (Bondar & Storchak 2011)."""
    problem.evaluate(x)
    good = [i for i in range(len(problem.rows)) if problem.column[i] >= 0 and problem.out[i, 9] > 0.1]
    near = [i for i in good if problem.out[i, 5] <= max(0.3, x[2] / 111.2)]
    if near:
        return f"{len(near)} arrivals within {max(0.3, x[2] / 111.2):.1f} deg"
    p = {
        problem.sites[i].key
        for i in good
        if problem.waves[i, problem.column[i]] == 0 and problem.out[i, 5] < 2.0
    }
    s = {
        problem.sites[i].key
        for i in good
        if problem.waves[i, problem.column[i]] == 1 and problem.out[i, 5] < 2.0
    }
    if len(p & s) >= 3:
        return f"{len(p & s)} S-P pairs within 2 deg"
    depth_phases = sum(problem.rows[i][1] in ("pP", "sP", "pS", "sS") for i in good)
    if depth_phases >= 3:
        return f"{depth_phases} depth phases"
    core = sum(problem.rows[i][1] in ("PcP", "ScP", "ScS") for i in good)
    return f"{core} core reflections" if core >= 3 else ""


def _many(problem: Problem) -> str:
    """Why a depth below the crust may be free: many stations with P, or ""."""
    n = len(
        {
            problem.sites[i].key
            for i in range(len(problem.rows))
            if problem.column[i] >= 0 and problem.waves[i, problem.column[i]] == 0 and problem.out[i, 9] > 0.1
        }
    )
    return f"P at {n} stations puts it below the crust" if n >= DEEP_STATIONS else ""


def _fixed_by_misfit(problem: Problem, x: Floats, chi2: float) -> tuple[Floats, float]:
    """Another fixed depth where the default is rejected by the misfit, else x and the default."""
    base = x.copy()
    n, chi2, used, _ = problem.run(base, False, correlated=False)
    if n < 0:
        return x, chi2
    chi2 += 36.0 * (len(problem.rows) - used)
    best_x, best = x, chi2
    for depth in DEPTHS_KM:
        if depth <= x[2]:
            continue
        trial = x.copy()
        trial[2] = depth
        n, c, used, _ = problem.run(trial, False, correlated=False)
        if n > 0 and c + 36.0 * (len(problem.rows) - used) < best - 1e-9:
            best_x, best = trial, c + 36.0 * (len(problem.rows) - used)
    return (best_x, best) if best < chi2 - max(DEPTH_MISFIT, 0.25 * chi2) else (x, chi2)


def locate(
    picks: Sequence[tuple[Pick, str]],
    sites: Mapping[str, Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    start: tuple[float, float, float, int] | None = None,
) -> Located:
    """Locate one event.

    picks: (pick, phase label); the label "P", "S" or "" names a family (see `phases`). sites by station key.
    start: (longitude, latitude, depth km, time ns), used as given only with settings.search False. Raises InputError
    where nothing can be located. Sources: see the module.
    """
    problem = Problem(picks, sites, settings)
    fixed = settings.fixed_depth_km
    depth = settings.default_depth_km if fixed is None else fixed
    if start is not None and not settings.search and fixed is None:
        start = (start[0], start[1], depth, start[3])
    x = _first(problem, start, depth)
    problem.correct(x)
    n, chi2, used, cov = problem.run(x, False)
    problem.correct(x)
    n, chi2, used, cov = problem.run(x, False)
    if n < 0:
        raise InputError(
            "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations"
        )
    free, reason = False, "fixed on request" if fixed is not None else ""
    if fixed is None:
        x, chi2, used, cov, free, reason = _depth(problem, x, chi2, used, cov)
    return _record(problem, x, chi2, cov, free, reason)


def _depth(
    problem: Problem, x: Floats, chi2: float, used: int, cov: Floats
) -> tuple[Floats, float, int, Floats, bool, str]:
    """Free the depth where that is allowed and succeeds; else the default, or another one the misfit demands."""
    settings = problem.settings
    total = chi2 + 36.0 * (len(problem.rows) - used)
    seen = sorted(
        {
            round(float(problem.out[i, 6]), 6)
            for i in range(len(problem.rows))
            if problem.out[i, 5] == problem.out[i, 5]
        }
    )
    surrounded = len(problem.rows) >= 4 and quality.gaps(seen)[0] <= DEPTH_GAP_DEG
    y, _ = _fixed_by_misfit(problem, x, total) if surrounded else (x, total)
    problem.run(y.copy(), False, correlated=False)  # the weights of the last trial depth say nothing about y
    why = _resolves_depth(problem, y)
    shallow_too = why != ""
    why = why or (_many(problem) if surrounded else "")
    if why and settings.free_depth and used >= 4:
        z = y.copy()
        z[2] = max(z[2], 10.0)
        n, c, u, k = problem.run(z, True)
        limit = settings.max_depth_sigma_km[0 if z[2] < 35.0 else 1]
        held = (
            n > 0 and 0.0 < z[2] < 700.0 and k[3, 3] > 0.0 and math.sqrt(k[3, 3]) <= limit and u >= used - 1
        )
        if held and (shallow_too or z[2] - DEEP_Z * math.sqrt(k[3, 3]) > DEEP_KM):
            return z, c, u, k, True, f"free: {why}"
        why = "not resolved: free solution at its limit or with too large an error" if shallow_too else ""
    reason = f"fixed at the default: {why or 'no near station, S-P pairs or depth phases'}"
    if y is not x:
        reason = "fixed at the depth of least misfit: the default is rejected"
    x = y
    n, chi2, used, cov = problem.run(x, False)
    return x, chi2, used, cov, False, reason


def _record(problem: Problem, x: Floats, chi2: float, cov: Floats, free: bool, reason: str) -> Located:
    settings, out = problem.settings, problem.out
    arrivals = tuple(_arrival(problem, i, x) for i in range(len(problem.rows)))
    defining = [i for i, a in enumerate(arrivals) if a.defining]
    by_station: dict[str, tuple[float, float]] = {}
    for i in defining:
        by_station[arrivals[i].station_key] = (float(out[i, 5]), float(out[i, 6]))
    azimuths = [v[1] for v in by_station.values()]
    distances = [v[0] for v in by_station.values()] or [math.nan]
    gap, second = quality.gaps(azimuths)
    freedom = len(defining) - (4 if free else 3)
    confidence = None
    if freedom > 0:
        f = 2.0 * quality.fisher_two(settings.probability, freedom) * chi2 / freedom
        confidence = quality.ellipse(cov[1, 1], cov[1, 2], cov[2, 2], f, settings.probability, "confidence")
    num = sum(out[i, 9] * out[i, 0] ** 2 for i in defining)
    den = sum(out[i, 9] for i in defining)
    origin = Origin(
        time_ns=problem.reference_ns + round(x[3] * 1e9),
        longitude=float(x[0]),
        latitude=float(x[1]),
        depth_km=float(x[2]),
        depth_fixed=not free,
        depth_reason=reason,
        depth_sigma_km=math.sqrt(cov[3, 3]) if free else None,
        time_sigma_s=math.sqrt(max(cov[0, 0], 0.0)),
        ellipse=quality.ellipse(
            cov[1, 1],
            cov[1, 2],
            cov[2, 2],
            quality.chi2_two(settings.probability),
            settings.probability,
            "coverage",
        ),
        confidence_ellipse=confidence,
        rms_s=math.sqrt(num / den) if den > 0.0 else 0.0,
        n_defining=len(defining),
        n_stations=len(by_station),
        gap_deg=gap,
        secondary_gap_deg=second,
        min_distance_deg=min(distances),
        max_distance_deg=max(distances),
        model=problem.model.name,
        covariance=tuple((float(r[0]), float(r[1]), float(r[2]), float(r[3])) for r in cov),
    )
    return Located(origin=origin, arrivals=arrivals)


def _arrival(problem: Problem, i: int, x: Floats) -> Arrival:
    pick, label = problem.rows[i]
    row, branch = problem.out[i], problem.branch(i)
    known = branch != "" and row[0] == row[0]
    return Arrival(
        pick_id=pick.pick_id,
        station_key=pick.station_key,
        phase=phases.name(problem.model, branch, float(x[2]), float(row[5])) if known else label or "P",
        time_ns=pick.time_ns,
        distance_deg=float(row[5]),
        azimuth_deg=float(row[6]),
        backazimuth_deg=float(row[7]),
        residual_s=float(row[0]) if known else None,
        time_sigma_s=math.sqrt(float(row[4]) ** 2 + problem.data[i, 2] ** 2) if known else pick.time_sigma_s,
        defining=known and bool(row[9] > 0.05),
        weight=float(row[9]) if known else 0.0,
        slowness_residual=_finite(row[10]),
        backazimuth_residual=_finite(row[11]),
        slowness_defining=known and _finite(row[10]) is not None,
        backazimuth_defining=known and _finite(row[11]) is not None,
    )


def _finite(value: Any) -> float | None:
    v = float(value)
    return v if v == v else None


__all__ = ["Located", "Problem", "Settings", "identify_", "locate"]
