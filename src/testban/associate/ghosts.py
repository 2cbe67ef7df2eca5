"""What the picks of a supposed event are worth as later phases of another event: the explanation it must beat.

Rules: each later phase of `claims` is an explanation of its own, seen by a free share of the stations of a zone of distance,
one share for those that saw the event and one for the others, by the odds of an event's own zones (`odds`):
sum(w) + n log(n / N) - n with w = log(N(residual; sigma) / rate) and N the stations in the zone. A pick counts for the phase
that explains most; each phase may be shifted as a whole, and costs the logarithm of the choices that it leaves. The first P is
among them: readings of an event that is placed a little wrong. So many phases share what is seen that an event whose picks fall on them by
chance loses little, and one that is made of a single phase loses all.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.claims import IS_TELESEISMIC, LATER, SEEN_FAR_DEG, STRONG_PICKS, Claim, time_
from testban.associate.odds import vector_evidence_, zone_gain_
from testban.associate.search import Search
from testban.associate.table import Table, Window
from testban.base.dmath import log_
from testban.base.geo import delaz_
from testban.earth.travel import Kernel, lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_PHASES = len(LATER) + 1  # the first P last
# Of distance: what dims and brightens at the core does so within a few degrees.
EDGES_DEG = (2.5, 6.0, 13.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 130.0, 140.0, 150.0, 160.0)
N_ZONES = len(EDGES_DEG) + 1
SIGMA_S, SIGMA_SHARE = 1.0, 0.0008  # of a travel time: the model's
WIDE = 2.0  # times that: shift of all, what the place of the event is good for
MOST_TILT = 1.0  # s/deg: of the residuals against the distance
SIGMAS = 3.0
COST = log_(N_PHASES * SIGMAS * WIDE * 3.0)  # of the phases, of shifts, of tilts that are told apart
MOST = 0.5  # of an event's picks: where fewer are later phases the event is not made of them
LENIENT = 0.3  # added to each pick that a phase explains: a path through the Earth's middle is not quite that of the model
LAST_S = 2600.0  # behind the origin
BEFORE_S = 60.0  # that a ghost may be placed before the event whose phases it is made of
LEAST_PICKS = STRONG_PICKS


@njit(cache=True)
def sigma_(since: float) -> float:
    """Error of a travel time (s)."""
    return SIGMA_S + SIGMA_SHARE * max(since, 0.0)


@njit(cache=True)
def zone_(delta: float) -> int:
    """Number of the zone of distance."""
    z = 0
    while z < len(EDGES_DEG) and delta >= EDGES_DEG[z]:
        z += 1
    return z


@njit(cache=True)
def fits_(
    k: Kernel, first: int, later: Ints, lon: float, lat: float, depth: float, o: float, reach_deg: float, s_lon: Floats,
    s_lat: Floats, station: Ints, data: Floats, rate: Floats, picks: Ints, residual: Floats, base: Floats,
) -> None:  # fmt: skip
    """Residual (s; NaN where it is none) of each pick as each phase (picks, N_PHASES) of the event at (lon, lat, depth, o).

    base: evidence beside that of the residual.
    """
    residual[:] = np.nan
    for i in range(picks.size):
        j = picks[i]
        since = data[j, 0] - o
        delta, _, baz = delaz_(lon, lat, s_lon[station[j]], s_lat[station[j]])
        if since > LAST_S or delta > reach_deg:
            continue
        for c in range(N_PHASES):
            if c == N_PHASES - 1:
                t, p, _ = lookup_(k, first, depth, delta)
            elif IS_TELESEISMIC[c] and reach_deg < SEEN_FAR_DEG:
                continue
            else:
                t, p = time_(k, later, c, depth, delta)
            if t == t and abs(since - t) < SIGMAS * WIDE * sigma_(since):
                residual[i, c] = since - t
                base[i, c] = LENIENT - log_(2.5066 * sigma_(since) * rate[j])
                base[i, c] += vector_evidence_(data[j], p, 0.0, baz, 0.0)


@njit(cache=True)
def most_(base: Floats) -> float:
    """Evidence of all picks, each as the phase that fits it best (NaN: none)."""
    total = 0.0
    for i in range(base.shape[0]):
        best = 0.0
        for c in range(base.shape[1]):
            if base[i, c] > best:
                best = base[i, c]
        total += best
    return total


@njit(cache=True)
def shifted_(residual: Floats, base: Floats, since: Floats, deltas: Floats, c: int, out: Floats) -> None:
    """Evidence of each pick as phase c, whose times are shifted and tilted against the distance by the place of the event."""
    shift, tilt, width = 0.0, 0.0, SIGMAS * WIDE
    for _ in range(3):
        n, sx, sy, sxx, sxy = 0, 0.0, 0.0, 0.0, 0.0
        for i in range(since.size):
            r = residual[i, c]
            if r == r and abs(r - shift - tilt * deltas[i]) < width * sigma_(since[i]):
                n += 1
                sx += deltas[i]
                sy += r
                sxx += deltas[i] ** 2
                sxy += deltas[i] * r
        if n == 0:
            break
        spread = sxx - sx * sx / n + (1.0 / MOST_TILT) ** 2  # a prior of MOST_TILT for an error of a second
        tilt = max(-MOST_TILT, min(MOST_TILT, (sxy - sx * sy / n) / spread))
        shift, width = (sy - tilt * sx) / n, SIGMAS
    for i in range(since.size):
        u = (residual[i, c] - shift - tilt * deltas[i]) / sigma_(since[i])
        out[i] = base[i, c] - 0.5 * u * u if u == u and abs(u) < SIGMAS else -1.0


@njit(cache=True)
def stations_(
    k: Kernel, first: int, later: Ints, lon: float, lat: float, depth: float, reach_deg: float, saw: Ints, s_lon: Floats,
    s_lat: Floats, start: Ints, counts: Floats,
) -> None:  # fmt: skip
    """How many recording stations each phase (N_PHASES) reaches, by zone of those that saw the event, then of the others."""
    counts[:] = 0.0
    for s in range(s_lon.size):
        delta, _, _ = delaz_(lon, lat, s_lon[s], s_lat[s])
        if start[s] == start[s + 1] or delta > reach_deg:
            continue
        z = zone_(delta) + (0 if saw[s] == 1 else N_ZONES)
        for c in range(N_PHASES):
            if c == N_PHASES - 1:
                t, _, _ = lookup_(k, first, depth, delta)
            else:
                t, _ = time_(k, later, c, depth, delta)
            if t == t:
                counts[c, z] += 1.0


@njit(cache=True)
def explained_(
    residual: Floats, base: Floats, since: Floats, deltas: Floats, zones: Ints, counts: Floats
) -> float:
    """Odds of all phases together, the most telling first; residual is overwritten. zones: of each pick, see `stations_`.

    0 where they explain fewer than MOST of the picks.
    """
    total, explained = 0.0, 0
    n, sums, values, kept = (
        np.empty(2 * N_ZONES),
        np.empty(2 * N_ZONES),
        np.empty(zones.size),
        np.empty(zones.size),
    )
    while True:
        best, which = 0.0, -1
        for c in range(N_PHASES):
            n[:], sums[:] = 0.0, 0.0
            shifted_(residual, base, since, deltas, c, values)
            for i in range(zones.size):
                if values[i] > 0.0:
                    n[zones[i]] += 1.0
                    sums[zones[i]] += values[i]
            gain = -COST
            for z in range(2 * N_ZONES):
                gain += max(0.0, zone_gain_(sums[z], n[z], max(counts[c, z], n[z])))
            if gain > best:
                best, which = gain, c
                kept[:] = values
        if which < 0:
            return total if explained >= MOST * zones.size else 0.0
        total += best
        for i in range(zones.size):
            if kept[i] > 0.0:
                explained += 1
                residual[i, :] = np.nan


def in_time(since_s: float) -> bool:
    """Whether an event so long after another may be made of its later phases."""
    return -BEFORE_S <= since_s <= LAST_S


def fits(
    search: Search, table: Table, window: Window, claim: Claim, numbers: Sequence[int], o: float, rate: Floats
) -> tuple[Floats, Floats]:
    """Residuals and evidence beside them (n, N_PHASES) of picks (rows of the window) as phases of a known event; see `fits_`.

    o: origin time of the event that the picks would make, in seconds of the window; rate: of picks for other reasons. An
    event of few picks, or of another time, explains nothing.
    """
    residual, base = np.full((2, len(numbers), N_PHASES), np.nan)
    begin = (claim.time_ns - window.reference_ns) / 1e9
    if claim.n_first >= LEAST_PICKS and in_time(o - begin):
        fits_(
            search.model.kernel, int(search.first[0]), search.later, claim.longitude, claim.latitude, claim.depth_km, begin,
            claim.reach_deg, table.lon, table.lat, window.station, window.data, rate,
            np.array(numbers, dtype=np.int64), residual, base,
        )  # fmt: skip
    return residual, base


def explained(
    search: Search, table: Table, window: Window, claim: Claim, numbers: Sequence[int], o: float, rate: Floats,
    least: float,
) -> float:  # fmt: skip
    """Odds of picks as phases of a known event (arguments of `fits`); 0 where they cannot exceed `least`."""
    if not in_time(o - (claim.time_ns - window.reference_ns) / 1e9):
        return 0.0
    residual, base = fits(search, table, window, claim, numbers, o, rate)
    if most_(base) - COST <= max(least, 0.0):
        return 0.0
    saw = np.zeros(len(table.sites), dtype=np.int64)
    saw[table.station[np.array(claim.numbers, dtype=np.int64)]] = 1
    counts = np.empty((N_PHASES, 2 * N_ZONES))
    stations_(
        search.model.kernel, int(search.first[0]), search.later, claim.longitude, claim.latitude, claim.depth_km,
        claim.reach_deg, saw, table.lon, table.lat, window.start, counts,
    )  # fmt: skip
    rows = np.array(numbers, dtype=np.int64)
    at = window.station[rows].tolist()
    deltas = [delaz_(claim.longitude, claim.latitude, table.lon[s], table.lat[s])[0] for s in at]
    zones = [zone_(d) + (0 if saw[s] else N_ZONES) for d, s in zip(deltas, at, strict=True)]
    since = window.data[rows, 0] - (claim.time_ns - window.reference_ns) / 1e9
    return float(explained_(residual, base, since, np.array(deltas), np.array(zones, dtype=np.int64), counts))
