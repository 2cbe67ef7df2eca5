"""The arrays of one location.

Rules: arrivals are sorted by time, station, id and label, so that their order in does not matter; times are seconds from
the earliest pick; a value without a sigma gets the default of its kind of station, or is not used.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.geo import check_position, unit_vector_
from testban.base.records import Pick, Site
from testban.earth import travel
from testban.locate import corrections, phases
from testban.locate.errors_model import CORRELATION
from testban.locate.kernel import SCATTER, census_, iterate_
from testban.locate.paths import PathTimes
from testban.locate.predict import angles_, assign_, fill_, names_, plain_names_, tables
from testban.locate.settings import Settings
from testban.locate.shared import depth_shift_, shared_
from testban.locate.whiten import whiten_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SIGMA_S = 0.02
HIGHEST_M = 1e5  # no station is higher or deeper
FAR_S = 86400.0 * 365.0  # no arrival belongs to an event a year away
# A direction whose error nobody states is taken from a single station only where the times of fewer stations say less: automatic
# back-azimuths of three components are as often noise as not.
HELD_BY_TIMES = 4
UNDETERMINED = "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations or check times"
HALF_WAY_KM = 20015.0  # half the Earth's circumference
_PARTS = ("P1", "S1", "P", "Pdiff", "PKPdf", "PKPbc", "PKPab", "S", "SKS", "Sdiff", "Pg", "Sg")
_DEPTH_PHASES = ("pP", "sP", "pS", "sS")
_REFLECTIONS = ("PcP", "ScP", "ScS")


@njit(cache=True)
def places_(lon: Floats, lat: Floats, elevation_m: Floats, data: Floats, vec: Floats) -> bool:
    """Unit vectors (n, 3) of the stations; whether every place and time error is a number within its bounds (`_check` says which is not)."""
    good = True
    for i in range(lon.size):
        here = lat[i] >= -90.0 and lat[i] <= 90.0 and abs(lon[i]) <= 360.0
        if not here:
            return False
        good = good and abs(elevation_m[i]) < HIGHEST_M and data[i, 2] >= 0.0 and data[i, 2] < np.inf
        vec[i, 0], vec[i, 1], vec[i, 2] = unit_vector_(lon[i], lat[i])
        data[i, 2] = max(data[i, 2], LEAST_SIGMA_S)
    return good


def _numbered(words: list[str]) -> tuple[Ints, tuple[str, ...]]:
    """The number of every word in the order in which they first come, and the words."""
    if words.count(words[0]) == len(words):
        return np.zeros(len(words), dtype=np.int64), (words[0],)
    if len(set(words)) == len(words):
        return np.arange(len(words)), tuple(words)
    own = tuple(dict.fromkeys(words))
    number = {w: i for i, w in enumerate(own)}
    return np.array([number[w] for w in words], dtype=np.int64), own


@cache
def _branches(model: str, labels: tuple[str, ...], reidentify: bool) -> tuple[Ints, Ints, Ints]:
    """Candidates and waves of labels (see `phases.tables`), and 1 for depth phases, 2 for core reflections, else 0."""
    index, waves = phases.tables(travel.load(model), list(labels), reidentify)
    plain = [phases.plain(s) for s in labels]
    kind = [1 if s in _DEPTH_PHASES else 2 if s in _REFLECTIONS else 0 for s in plain]
    return index, waves, np.array(kind, dtype=np.int64)


def _determined(x: Floats, chi2: float, inverse: Floats) -> bool:
    """Whether a solution is finite, near its picks in time, and known better than to be somewhere on the Earth."""
    place, (_, east, north, _) = x.tolist(), inverse.diagonal().tolist()
    size = chi2 + sum(inverse.ravel().tolist()) + sum(place)  # infinities of both signs make NaN
    return math.isfinite(size) and abs(place[3]) < FAR_S and 0.0 < east + north < HALF_WAY_KM**2


class Solution(NamedTuple):
    """What an iteration ended in: the hypocentre (longitude, latitude, depth km, seconds), whether it converged to one,
    sum of squares, data used, misfit (`kernel.misfit_`), what a step in depth would take off the sum (negative: upwards),
    inverse of the normal matrix.
    """

    x: Floats
    ok: bool
    chi2: float
    used: int
    cost: float
    gain: float
    inverse: Floats


def _finite(value: float | None) -> float | None:
    """The value where it is a finite number, else None: not measured."""
    return value if value is not None and math.isfinite(value) else None


def _check(rows: Sequence[tuple[Pick, str]], sites: Sequence[Site]) -> None:
    """InputError for a time error or a place that is no number."""
    for (p, _), site in zip(rows, sites, strict=True):
        if not 0.0 <= p.time_sigma_s < math.inf:
            raise InputError(
                f"expected a time error of at least 0 s, got {p.time_sigma_s} for pick {p.pick_id}; give one or leave it out"
            )
        if not (check_position(site.longitude, site.latitude) and abs(site.elevation_m) < HIGHEST_M):
            raise InputError(
                f"expected coordinates in degrees and metres, got {site.longitude}, {site.latitude},"
                f" {site.elevation_m} for {site.key}; correct the station"
            )


def _column(values: list[float]) -> Floats:
    """Numbers as an array; several times faster than asking NumPy what they are."""
    return np.fromiter(values, np.float64, len(values))


def _sorted(rows: Sequence[tuple[Pick, str]]) -> tuple[Sequence[tuple[Pick, str]], Ints]:
    """By time, and the times; by station, id and label where times are the same."""
    times = np.fromiter([p.time_ns for p, _ in rows], np.int64, len(rows))
    if (times[1:] > times[:-1]).all():
        return rows, times
    order = np.argsort(times)
    times = times[order]
    if (times[1:] == times[:-1]).any():
        return sorted(rows, key=lambda r: (r[0].time_ns, r[0].station_key, r[0].pick_id, r[1])), times
    return itemgetter(*order.tolist())(rows), times


class Problem:
    """The arrays of one location, in seconds from `reference_ns` (the earliest pick); see `predict` for the columns."""

    def __init__(
        self,
        picks: Sequence[tuple[Pick, str]],
        sites: Mapping[str, Site],
        settings: Settings,
        paths: PathTimes | None = None,
    ) -> None:
        rows, times = _sorted(picks)
        keys = [p.station_key for p, _ in rows]
        try:
            self.sites = [sites[k] for k in keys]
        except KeyError:
            rows, times = _sorted([r for r in rows if r[0].station_key in sites])
            keys = [p.station_key for p, _ in rows]
            self.sites = [sites[k] for k in keys]
        if not rows:
            raise InputError(
                "expected at least one pick at a station with coordinates, got none; add the stations"
            )
        own, labels = [p for p, _ in rows], [label for _, label in rows]
        self.rows, self.keys, self.settings = rows, keys, settings
        n, self.reference_ns = len(rows), own[0].time_ns
        self.lon = _column([s.longitude for s in self.sites])
        self.lat = _column([s.latitude for s in self.sites])
        self.elevation_m = _column([s.elevation_m for s in self.sites])
        self.code, stations = _numbered(keys)
        self.stations = len(stations)
        self.data = self._data(own, times - self.reference_ns)
        self.vec = np.empty((n, 3))
        if not places_(self.lon, self.lat, self.elevation_m, self.data, self.vec):
            _check(rows, self.sites)
        self.model = travel.load(settings.model)
        self.tables = tables(settings.model, settings.model_sigma_factor)
        which, names = _numbered(labels)
        index, waves, kind = _branches(settings.model, names, settings.reidentify)
        self.index, self.waves, self.kind = index[which], waves[which], kind[which]
        self.telling = self._telling()
        self.pick_sigma = self.data[:, 2].copy()
        self.loss = np.array([settings.late_factor, SCATTER, 1.0 if settings.robust else 0.0])
        self.out = np.full((n, 12), np.nan)
        self.column = np.full(n, -1, dtype=np.int64)
        self.geo = np.empty((n, 4))
        self.kept = np.empty((n, self.index.shape[1], 5))
        self.at = np.full(3, np.nan)
        self.corrected, self.paths = self._by_station(), paths
        self.on_paths, self.shift = 0, np.zeros(n)
        self.hollows: list[Solution] = []
        self.open_km = settings.default_depth_sigma_km

    def _data(self, own: list[Pick], since_ns: Ints) -> Floats:
        data = np.full((len(own), 7), np.nan)
        data[:, 0] = since_ns / 1e9
        data[:, 1] = 0.0
        data[:, 2] = _column([p.time_sigma_s for p in own])
        slow, back = [p.slowness_s_per_deg for p in own], [p.backazimuth_deg for p in own]
        if slow.count(None) < len(own) or back.count(None) < len(own):
            for i, (p, site) in enumerate(zip(own, self.sites, strict=True)):
                if slow[i] is not None or back[i] is not None:
                    data[i, 3:] = self._vector(p, site)
        return data

    def _vector(self, p: Pick, site: Site) -> tuple[float, float, float, float]:
        """Slowness and back-azimuth with their sigmas, corrected; NaN for what is not measured or not wanted."""
        s, nan = self.settings, math.nan
        kind = 0 if site.is_array else 1
        slow, slow_sigma = _finite(p.slowness_s_per_deg), _finite(p.slowness_sigma)
        baz, baz_sigma = _finite(p.backazimuth_deg), _finite(p.backazimuth_sigma)
        guess = kind == 0 or self.stations < HELD_BY_TIMES
        if slow is not None and not slow_sigma:
            slow_sigma = s.default_slowness_sigma[kind] if s.default_slowness_sigma and guess else None
        if baz is not None and not baz_sigma:
            baz_sigma = s.default_backazimuth_sigma[kind] if s.default_backazimuth_sigma and guess else None
        if slow is not None and baz is not None and s.vector_corrections:
            for c in s.vector_corrections:
                if c.station_key == p.station_key:
                    slow, baz, e_slow, e_baz = c.apply(slow, baz)
                    slow_sigma = math.sqrt(slow_sigma**2 + e_slow**2) if slow_sigma else None
                    baz_sigma = math.sqrt(baz_sigma**2 + e_baz**2) if baz_sigma else None
        with_slow = s.use_slowness and slow is not None and bool(slow_sigma)
        with_baz = s.use_backazimuth and baz is not None and bool(baz_sigma)
        return (
            float(slow or 0.0) if with_slow else nan, float(slow_sigma or nan) if with_slow else nan,
            float(baz or 0.0) if with_baz else nan, float(baz_sigma or nan) if with_baz else nan,
        )  # fmt: skip

    def _by_station(self) -> list[list[corrections.TimeCorrection]]:
        table = self.settings.time_corrections
        if not table:
            return []
        return [[c for c in table if c.station_key == p.station_key] for p, _ in self.rows]

    def correct(self, x: Floats) -> None:
        """Station corrections, and times by path, for a source at x; nothing where none are given."""
        for i, own in enumerate(self.corrected):
            seconds, sigma = corrections.time_of(own, self.rows[i][1], float(x[0]), float(x[1]))
            self.data[i, 1] = seconds
            self.data[i, 2] = math.sqrt(self.pick_sigma[i] ** 2 + sigma**2)
        if self.paths is not None:
            # phases are identified with the times by path of the round before, lest a slow world's P be taken for Pg
            self.data[:, 1] = self.shift if not self.corrected else self.data[:, 1] + self.shift
            self._by_path(self.paths, x)
        self.at[:] = np.nan

    def _by_path(self, paths: PathTimes, x: Floats) -> None:
        """What times by path differ by from those of the tables, added to the station corrections; for phases identified at x."""
        self.evaluate(x)
        lon, lat, depth = (float(v) for v in x[:3])
        self.on_paths, shift = 0, np.zeros_like(self.shift)
        for i, name in enumerate(self.names(depth) if paths.resolved else self._branch_names()):
            seconds = paths.seconds(name, lon, lat, depth, self.sites[i]) if name else None
            if seconds is not None:
                shift[i] = seconds - self.kept[i, self.column[i], 0]
                self.on_paths += 1
            elif name and not paths.resolved:
                shift[i] = self._shift_of_first(paths, i, x)
        self.data[:, 1] += shift - self.shift
        self.shift = shift

    def _shift_of_first(self, paths: PathTimes, i: int, x: Floats) -> float:
        """What the first arrival of arrival i differs by: for a branch without a time of its own."""
        name = {self.model.index("P1"): "P", self.model.index("S1"): "S"}.get(int(self.index[i, 0]), "")
        lon, lat, depth = (float(v) for v in x[:3])
        seconds = paths.seconds(name, lon, lat, depth, self.sites[i]) if name else None
        own = float(self.kept[i, 0, 0])
        return seconds - own if seconds is not None and own == own else 0.0

    def _branch_names(self) -> list[str]:
        """The branch that every arrival took, P and S for the first ones, "" where it took none."""
        names = dict(enumerate(self.model.phases)) | {
            self.model.index("P1"): "P",
            self.model.index("S1"): "S",
        }
        branches = zip(self.index.tolist(), self.column.tolist(), strict=True)
        return [names[row[c]] if c >= 0 else "" for row, c in branches]

    def evaluate(self, x: Floats) -> None:
        """Residuals, derivatives and angles at x."""
        fill_(
            self.tables, self.vec, self.elevation_m, self.index, self.waves, self.data, x, self.geo, self.kept
        )
        assign_(
            self.vec, self.index, self.data, x, float(x[2]), self.geo, self.kept, self.out, self.column, True
        )
        angles_(self.vec, x, self.geo, self.out)
        self.at[:] = x[:3]

    def run(self, x: Floats, free_depth: bool, scale: float = 8.0, iterations: int | None = None) -> Solution:
        """Iterate from x (changed in place).

        scale: how wide the loss is at the start, 1 for a start that is a solution of a like problem. iterations: at most
        so many, 0 to fill the arrays at x. A solution whose errors are not finite, or exceed the Earth, is none.
        """
        inverse = np.zeros((4, 4))
        n, chi2, used, gain, cost = iterate_(
            self.tables, self.vec, self.elevation_m, self.index, self.waves, self.telling, self.data, self.loss, free_depth, scale,
            self.settings.max_iterations if iterations is None else iterations, x, self.out, self.column, inverse, self.geo, self.kept, self.at,
        )  # fmt: skip
        return Solution(x, n >= 0 and _determined(x, chi2, inverse), chi2, used, cost, gain, inverse)

    def errors(self, solution: Solution, n_free: int) -> Floats:
        """Covariance (4, 4) of time, east, north, depth of the solution that the arrays hold: by the full covariance of the
        data unless the settings say that errors are independent.
        """
        if not self.settings.correlated:
            return solution.inverse
        covariance = np.zeros((4, 4))
        ok = shared_(
            CORRELATION, self.vec, self.waves, self.code, self.column, self.data, self.geo, self.kept, self.out,
            n_free, covariance,
        )  # fmt: skip
        return covariance if ok else solution.inverse

    def depth_part(self) -> Floats:
        """What not knowing the depth of a default adds to the covariance (4, 4) of the solution that the arrays hold."""
        shift = np.zeros(4)
        depth_shift_(self.column, self.data, self.geo, self.kept, self.out, shift)
        return self._moved(shift)

    def _moved(self, shift: Floats) -> Floats:
        """Covariance of a move (4) for every km of a depth that is not known; nothing where it was given."""
        sigma = self.open_km if self.settings.fixed_depth_km is None else 0.0
        return sigma * sigma * shift[:, None] * shift[None, :]

    def whitened(self, solution: Solution, free_depth: bool) -> tuple[Solution, Floats] | None:
        """The solution with correlated errors and its covariance, from the one that the arrays hold; None where there is none."""
        covariance, shift, x = np.zeros((4, 4)), np.zeros(4), solution.x.copy()
        ok = whiten_(
            self.tables, CORRELATION, self.vec, self.elevation_m, self.index, self.waves, self.data, self.loss, free_depth,
            x, self.out, self.column, covariance, shift, self.geo, self.kept, self.at,
        )  # fmt: skip
        if not ok:
            return None
        found = self.run(x, free_depth, scale=1.0, iterations=0)
        return (found, covariance if free_depth else covariance + self._moved(shift)) if found.ok else None

    def depth_variances(self) -> tuple[float, float]:
        """Variance (km**2) of a free depth at the solution that the arrays hold: with correlated and independent errors."""
        wide, narrow = np.zeros((4, 4)), np.zeros((4, 4))
        ok = True
        for correlation, out in ((CORRELATION, wide), (np.zeros((9, 2)), narrow)):
            ok = ok and shared_(
                correlation,
                self.vec,
                self.waves,
                self.code,
                self.column,
                self.data,
                self.geo,
                self.kept,
                self.out,
                4,
                out,
            )
        return (float(wide[3, 3]), float(narrow[3, 3])) if ok else (0.0, 0.0)

    def _telling(self) -> NDArray[np.bool_]:
        """Rows that a start goes by: of P only the first of every station, for what follows is something else."""
        tells, seen = np.ones(len(self.rows), dtype=np.bool_), set()
        if self.stations < len(self.rows):
            for i, (code, wave) in enumerate(zip(self.code.tolist(), self.waves[:, 0].tolist(), strict=True)):
                tells[i] = wave != 0 or code not in seen
                if wave == 0:
                    seen.add(code)
        return tells

    def census(self, depth_km: float) -> tuple[int, int, int, int, int]:
        """See `kernel.census_`."""
        return census_(self.waves, self.column, self.out, self.kind, self.code, depth_km)

    def names(self, depth_km: float) -> list[str]:
        """The name of every arrival's phase, "" where it has none; Pn and Sn at regional distance."""
        name = np.empty(len(self.rows), dtype=np.int64)
        parts, texts = _parts(self.model.name)
        regional = phases.REGIONAL_DEG if depth_km <= phases.CRUST_KM else 0.0
        crust = float(self.tables.reach[parts[10], 1])
        if not plain_names_(self.index, self.column, self.out, parts, crust, regional, name):
            names_(self.tables, self.index, self.column, depth_km, self.out, parts, regional, name)
        return list(map(texts.__getitem__, name.tolist()))


def again(problem: Problem, solution: Solution) -> Solution:
    """The solution once more, unmoved: the arrays hold it, not that of a later trial."""
    return solved(problem.run(solution.x, False, scale=1.0, iterations=0))


def solved(found: Solution) -> Solution:
    """The solution where it is one, else InputError."""
    if not found.ok:
        raise InputError(UNDETERMINED)
    return found


@cache
def _parts(model: str) -> tuple[Ints, tuple[str, ...]]:
    """Indices of `names_`, and names by index: those of the tables, the same at regional distance, and "" at -1."""
    known = travel.load(model)
    parts = [known.index(p) for p in _PARTS]
    texts = (*known.phases, *(f"{p}n" for p in known.phases), "")
    return np.array([*parts, len(known.phases)]), texts
