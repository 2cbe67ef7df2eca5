"""Which arrivals belong to one event.

Rules: hypotheses come from back-projection over cells that cover the Earth (`grid`, `scan`), are refined (`refine`),
located (`locate`) and compete for picks in the order of their score, each scored again with what is left; ties are
broken by time and place, so that the order of the input does not matter. An event needs a log-likelihood ratio above
min_score + log(seconds searched): the number of independent origins tried times the chance of one that good. The
approach is that of back-projection association (Draelos et al. 2015, BSSA 105, 2483-2498) with the likelihoods of
NET-VISA's kind (Arora, Russell & Sudderth 2013, BSSA 103, 709-729), written anew.
"""

import heapq
import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban import locate
from testban.associate import grid
from testban.associate.coherence import BOUND, gain
from testban.associate.collect import claim_, collect_
from testban.associate.refine import refine_
from testban.associate.scan import curves, scan_
from testban.associate.settings import Settings
from testban.associate.silence import expected
from testban.associate.table import Table
from testban.base.dmath import log_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, delaz_, unit_vector_
from testban.base.records import Event, NoiseHour, Pick, Site
from testban.earth import travel
from testban.locate.errors_model import P_ERROR

Floats = NDArray[np.float64]

MAX_TRAVEL_S = 1300.0  # the last first P (antipode, PKPdf) arrives before this
RASTER_S = 600.0
NEAR_COSINE = 0.9945  # 6 deg
COARSE_SHARE = 0.4  # of the needed score: a coarse cell dilutes the evidence of each pick
REFINED_SHARE = 0.55
RIVALS = 6  # hypotheses that are located beside the best before it is accepted
LATER = ("PcP", "ScP", "pP", "sP", "S", "Sn", "PKPbc", "PKPab", "Pg", "Sg", "LR")


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event stands: what each pick adds to its score, and the score it needed."""

    event_id: str
    score: float
    needed: float
    picks: tuple[tuple[str, str, float], ...]


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis that did not become an event, and why."""

    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    score: float
    reason: str
    pick_ids: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Located events by time, the reasons, the better of the discarded hypotheses, and picks without a place."""

    events: tuple[Event, ...]
    discarded: tuple[Discarded, ...]
    explanations: tuple[Explanation, ...] = ()
    n_without_coordinates: int = 0


class _Search:
    """The state of one association: arrays, cells, travel-time curves."""

    def __init__(self, picks: Sequence[Pick], sites: Sequence[Site], settings: Settings) -> None:
        self.settings = settings
        self.table = Table(picks, sites)
        self.model = travel.load(settings.model)
        self.curves = [curves(self.model, d) for d in settings.depths_km]
        self.cells = grid.cells(self.table.unit, settings.coarse_deg, settings.fine_deg)
        self.vectors = np.array([unit_vector_(c[0], c[1]) for c in self.cells])
        self.detection = np.array([settings.detection, settings.detection_s])
        self.needed = settings.min_score + log_(max(self.table.duration_s, 60.0) / 2.0)
        self.keep = np.empty(max(len(self.table.picks), 1), dtype=np.int64)
        families = (("P1", "Pg", "PKPdf", "PKPbc", "PKPab"), ("S1", "Sg", "Lg"))
        self.branches = np.full((2, 5), -1, dtype=np.int64)
        for i, names in enumerate(families):
            for j, name in enumerate(names):
                self.branches[i, j] = self.model.index(name)
        self.first = np.array([self.model.index(p) for p in ("P1", "S1", "Lg")])
        self.later = np.array([self.model.index(p) for p in LATER if p in self.model.phases])
        self.sites = {s.key: s for s in self.table.sites}

    def candidates(self) -> list[tuple[float, int, float, int]]:
        """(score, cell, origin time, depth layer) of every local maximum of the scan."""
        t, s = self.table, self.settings
        found: list[tuple[float, int, float, int]] = []
        out = np.empty((s.max_candidates, 3))
        for block, end in self._blocks():
            n_bins = round((end - block) / s.bin_s)
            for layer, curve in enumerate(self.curves):
                n = scan_(
                    self.cells, self.vectors, t.unit, t.lon, t.lat, t.start, t.data, t.hint, t.rate, t.used, curve,
                    self.detection, s.max_s_deg, block, n_bins, s.bin_s, COARSE_SHARE * self.needed, out,
                )  # fmt: skip
                found.extend((float(r[0]), int(r[1]), float(r[2]), layer) for r in out[:n])
        found.sort(key=lambda f: (-f[0], f[2], f[1], f[3]))
        kept: list[tuple[float, int, float, int]] = []
        by_minute: dict[int, list[tuple[float, int]]] = {}
        for f in found:
            minute = math.floor(f[2] / 60.0)
            here = by_minute.setdefault(minute, [])
            if len(here) >= s.candidates_per_minute or self._shadowed(f, by_minute, minute):
                continue
            here.append((f[2], f[1]))
            kept.append(f)
        return kept

    def _shadowed(
        self, f: tuple[float, int, float, int], by_minute: dict[int, list[tuple[float, int]]], minute: int
    ) -> bool:
        """Whether a better candidate of the same minutes lies so near that refinement leads to the same place."""
        v = self.vectors[f[1]]
        for m in (minute - 1, minute, minute + 1):
            for o, cell in by_minute.get(m, ()):
                w = self.vectors[cell]
                if abs(o - f[2]) <= 30.0 and v[0] * w[0] + v[1] * w[1] + v[2] * w[2] > NEAR_COSINE:
                    radius = max(self.cells[cell, 2], self.cells[f[1], 2])
                    d = math.sqrt((v[0] - w[0]) ** 2 + (v[1] - w[1]) ** 2 + (v[2] - w[2]) ** 2) * 57.3
                    if d < 2.2 * radius:
                        return True
        return False

    def _blocks(self) -> list[tuple[float, float]]:
        """Stretches of origin time in which an event could have caused a pick; on a raster of ten minutes."""
        out: list[tuple[float, float]] = []
        for first, last in self.table.active:
            a = math.floor((first - MAX_TRAVEL_S) / RASTER_S) * RASTER_S
            b = math.ceil(last / RASTER_S) * RASTER_S
            if out and a <= out[-1][1]:
                a, b = out[-1][0], max(b, out[-1][1])
                out.pop()
            out.append((a, b))
        step = self.settings.block_s
        return [(x, min(x + step, b)) for a, b in out for x in np.arange(a, b, step).tolist()]

    def refine(self, lon: float, lat: float, radius: float, o: float, spread: float, layer: int) -> Floats:
        """Score, longitude, latitude, origin time and radius after refinement with the picks that are left."""
        t = self.table
        result = np.empty(5)
        refine_(
            lon, lat, radius, o, spread, t.unit, t.lon, t.lat, t.start, t.station, t.data, t.hint, t.rate, t.used,
            self.curves[layer], self.detection, self.settings.max_s_deg, self.keep, result,
        )  # fmt: skip
        return result

    def seed(self, candidate: tuple[float, int, float, int], version: int) -> "_Hypothesis | None":
        """A refined hypothesis of a candidate of the scan, None where too little is left of it."""
        _, cell, o, layer = candidate
        c = self.cells[cell]
        r = self.refine(float(c[0]), float(c[1]), float(c[2]), o, 2.0 * self.settings.bin_s, layer)
        if r[0] < REFINED_SHARE * self.needed:
            return None
        return _Hypothesis(
            rank=-float(r[0]), o=float(r[3]), lon=float(r[1]), lat=float(r[2]), layer=layer, version=version
        )

    def again(self, h: "_Hypothesis", version: int) -> "_Hypothesis | None":
        """The same hypothesis with the picks that are left."""
        r = self.refine(h.lon, h.lat, 0.4, h.o, 4.0, h.layer)
        if r[0] < REFINED_SHARE * self.needed:
            return None
        return _Hypothesis(
            rank=-float(r[0]), o=float(r[3]), lon=float(r[1]), lat=float(r[2]), layer=h.layer, version=version
        )

    def collect(
        self, lon: float, lat: float, depth: float, o: float, loc_s: float
    ) -> tuple[list[tuple[int, int]], list[float]]:
        """Picks (number, wave) that a hypothesis explains better than noise, with their evidence."""
        t = self.table
        out = np.empty((2 * len(t.sites), 2), dtype=np.int64)
        value = np.empty(2 * len(t.sites))
        n = collect_(
            self.model.kernel, P_ERROR, self.branches, lon, lat, depth, o, loc_s, t.lon, t.lat, t.start, t.data, t.hint,
            t.rate, t.used, self.detection, self.settings.max_s_deg, out, value,
        )  # fmt: skip
        return [(int(a), int(b)) for a, b in out[:n]], [float(v) for v in value[:n]]

    def enough(self, rows: list[tuple[int, int]]) -> bool:
        """Whether the picks meet the rule of the settings: stations, arrays, three data at least."""
        t = self.table
        stations = {int(t.station[k]) for k, _ in rows}
        array = any(t.data[k, 2] == t.data[k, 2] and t.data[k, 4] == t.data[k, 4] for k, _ in rows)
        need = self.settings.min_stations_with_array if array else self.settings.min_stations
        return len(stations) >= need and len(rows) >= 3


class _Hypothesis(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """A place and time in the queue: best score first, then by time and place; version: events accepted before."""

    rank: float
    o: float
    lon: float
    lat: float
    layer: int
    version: int
    built: "_Built | None" = None

    def __lt__(self, other: "_Hypothesis") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[float, float, float, float, int, int, bool]:
        return (self.rank, self.o, self.lon, self.lat, self.layer, self.version, self.built is None)

    def with_built(self, built: "_Built") -> "_Hypothesis":
        """Ranked by the score of the located event."""
        return msgspec.structs.replace(self, rank=-built.score, built=built)


class _Built(msgspec.Struct, kw_only=True):
    located: locate.Located
    rows: list[tuple[int, int]]
    values: list[float]
    score: float


def _build(search: _Search, h: _Hypothesis) -> tuple[_Built | None, str]:
    """Collect, locate, collect again with what the location says, until nothing changes (four rounds at most)."""
    t = search.table
    lon, lat, o, depth = h.lon, h.lat, h.o, search.settings.depths_km[h.layer]
    settings = locate.Settings(model=search.settings.model, search=False, correlated=False)
    loc_s, previous, built = 3.0, None, None
    for _ in range(5):
        rows, values = search.collect(lon, lat, depth, o, loc_s)
        if not search.enough(rows):
            return None, "fewer stations than an event needs"
        if rows == previous and built is not None:
            break
        previous = rows
        start = (lon, lat, depth, t.reference_ns + round(o * 1e9))
        try:
            located = locate.locate([(t.picks[k], "PS"[w]) for k, w in rows], search.sites, settings, start)
        except InputError as exc:
            return None, str(exc)
        origin = located.origin
        built = _Built(located=located, rows=rows, values=values, score=sum(values))
        lon, lat, depth = origin.longitude, origin.latitude, origin.depth_km
        o = (origin.time_ns - t.reference_ns) / 1e9
        loc_s = 0.5
    if built is None:
        return None, "no stable set of picks"
    if built.score >= search.needed:
        rows, start = built.rows, (lon, lat, depth, t.reference_ns + round(o * 1e9))
        settings = msgspec.structs.replace(settings, correlated=True, whitened=True)
        try:
            built.located = locate.locate(
                [(t.picks[k], "PS"[w]) for k, w in rows], search.sites, settings, start
            )
        except InputError as exc:
            return None, str(exc)
        built.score += gain(built.located, search.sites)
    return built, ""


def associate(
    picks: Sequence[Pick],
    sites: Sequence[Site],
    settings: Settings = Settings(),  # noqa: B008 - frozen record
    noise: Sequence[NoiseHour] = (),
) -> Result:
    """Form and locate events from the picks of stations and arrays, in any order.

    Picks at stations that `sites` lacks are counted and left out. noise (with the sites' up-time) makes silence
    count; without it silence says nothing. Raises nothing for an empty list: no picks, no events.
    """
    search = _Search(picks, sites, settings)
    t = search.table
    events: list[Event] = []
    explanations: list[Explanation] = []
    discarded: list[Discarded] = []
    if not t.picks:
        return Result(events=(), discarded=(), n_without_coordinates=t.n_unknown)
    for _ in range(settings.passes):
        before = len(events)
        _one_pass(search, events, explanations, discarded, noise)
        if len(events) == before:
            break
    events.sort(key=lambda e: (e.origin.time_ns, e.origin.longitude, e.origin.latitude))
    return Result(
        events=tuple(events),
        discarded=tuple(discarded),
        explanations=tuple(sorted(explanations, key=lambda e: e.event_id)),
        n_without_coordinates=t.n_unknown,
    )


def _one_pass(
    search: _Search,
    events: list[Event],
    explanations: list[Explanation],
    discarded: list[Discarded],
    noise: Sequence[NoiseHour],
) -> None:
    """Scan with the picks that are left and accept events, best first, until no hypothesis has enough."""
    version = len(events)
    heap = [h for h in (search.seed(c, version) for c in search.candidates()) if h is not None]
    heapq.heapify(heap)
    while heap:
        hypothesis = heapq.heappop(heap)
        if hypothesis.version < len(events):
            again = search.again(hypothesis, len(events))
            if again is not None:
                heapq.heappush(heap, again)
            continue
        built = hypothesis.built
        if built is None:
            built, reason = _build(search, hypothesis)
            if built is not None and built.score < search.needed:
                reason = f"score {built.score:.1f} below {search.needed:.1f}"
            if built is None or reason:
                if len(discarded) < search.settings.keep_discarded:
                    discarded.append(_discard(search, hypothesis, built, reason))
                continue
            hypothesis = hypothesis.with_built(built)
            _build_rivals(search, heap, hypothesis)
            if heap and heap[0] < hypothesis:
                heapq.heappush(heap, hypothesis)
                continue
        events.append(_accept(search, built, explanations, noise))


def _build_rivals(search: _Search, heap: list[_Hypothesis], best: _Hypothesis) -> None:
    """Build the next hypotheses that a gain could bring before `best`, so that they compete as located events."""
    aside: list[_Hypothesis] = []
    tried = 0
    while heap and tried < RIVALS and heap[0].rank < best.rank + BOUND:
        h = heapq.heappop(heap)
        if h.built is None and h.version == best.version:
            tried += 1
            built, _ = _build(search, h)
            if built is None or built.score < search.needed:
                continue
            h = h.with_built(built)
        aside.append(h)
    for h in aside:
        heapq.heappush(heap, h)


def _discard(search: _Search, h: _Hypothesis, built: _Built | None, reason: str) -> Discarded:
    t = search.table
    return Discarded(
        time_ns=t.reference_ns + round(h.o * 1e9),
        longitude=h.lon,
        latitude=h.lat,
        depth_km=search.settings.depths_km[h.layer],
        score=-h.rank if built is None else built.score,
        reason=reason,
        pick_ids=() if built is None else tuple(t.picks[k].pick_id for k, _ in built.rows),
    )


def _accept(
    search: _Search, built: _Built, explanations: list[Explanation], noise: Sequence[NoiseHour]
) -> Event:
    """Make the event, take its picks out, raise the rates of what it explains."""
    t = search.table
    origin = built.located.origin
    event_id = f"{origin.time_ns}-{origin.longitude:.4f}-{origin.latitude:.4f}"
    value = {t.picks[k].pick_id: v for (k, _), v in zip(built.rows, built.values, strict=True)}
    arrivals = tuple(msgspec.structs.replace(a, score=value.get(a.pick_id)) for a in built.located.arrivals)
    for k, _ in built.rows:
        t.used[k] = 1
    strong = len(built.rows) >= 12
    reach = origin.max_distance_deg * 1.3 + 1.0 if not strong else max(origin.max_distance_deg * 1.5, 30.0)
    claim_(
        search.model.kernel, search.first, search.later, origin.longitude, origin.latitude, origin.depth_km,
        (origin.time_ns - t.reference_ns) / 1e9, min(reach, 180.0), strong, t.lon, t.lat, t.start, t.data, t.rate,
    )  # fmt: skip
    explanations.append(
        Explanation(
            event_id=event_id,
            score=built.score,
            needed=search.needed,
            picks=tuple((a.pick_id, a.phase, a.score or 0.0) for a in arrivals),
        )
    )
    return Event(
        event_id=event_id,
        origin=origin,
        arrivals=arrivals,
        expected=expected(origin, arrivals, t.picks, t.sites, noise, search.model),
        score=built.score,
    )


__all__ = ["KM_PER_DEG", "Discarded", "Explanation", "Result", "associate", "delaz_"]
