"""What an accepted event explains away: its later phases, its coda, discordant readings of its first onsets.

Rules: a pick that fits a later phase closely belongs to the event (`absorb_`, non-defining); a pick that its coda or a
later phase is apt to cause keeps its place but its rate is raised (`claim_`), so that it can hardly carry a ghost:
more where the station saw the event, less where it only might have. A true later event keeps some evidence at every
station, and all of it where the event was not seen. A pick whose measured slowness and back-azimuth speak against the
event is neither. PP and SS are two legs of half the distance.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.echo import REFLECTED
from testban.associate.odds import vector_evidence_
from testban.base.dmath import exp_
from testban.base.geo import delaz_
from testban.base.records import Origin
from testban.earth.travel import LG_VELOCITY_KM_S, LG_VELOCITY_SIGMA_KM_S, Kernel, TravelTimes, lookup_

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Name, phase of the leg, legs. SKP (S one way and P the other) and its branches follow PKPdf: with legs of 0, -1 and -2 by
# delay + slope x + bend x^2 seconds, x the distance in degrees beyond 132, within from and to (deg). ak135 by TauP, surface source:
# SKIKP 216.6 s at 120 deg, 215.4 at 146; SKPbc 207.3 at 132, 217.1 at 140, 221.2 at 146; SKPab 208.2 at 132, 228.5 at 140.
BEHIND = (
    (216.3, -0.06, 0.0, 115.0, 155.0),
    (207.3, 1.58, -0.044, 130.5, 148.0),
    (208.2, 2.55, 0.0, 130.5, 144.0),
)
BRANCH_DEG = 132.0
LATER = (
    ("Pg", "Pg", 1), ("PKPdf", "PKPdf", 1), ("PKPbc", "PKPbc", 1), ("PKPab", "PKPab", 1), ("PcP", "PcP", 1),
    ("pP", "pP", 1), ("sP", "sP", 1), ("PP", "P", 2), ("SKP", "PKPdf", 0), ("SKPbc", "PKPdf", -1),
    ("SKPab", "PKPdf", -2), ("ScP", "ScP", 1), ("S", "S", 1), ("Sn", "Sn", 1),
    ("Sg", "Sg", 1), ("Lg", "Lg", 1), ("SKS", "SKS", 1), ("ScS", "ScS", 1), ("SS", "S", 2),
)  # fmt: skip
# Measured to 15 deg about the 74 listed events of the continental set, at 3,047 stations that picked P and 12,604 that did not (decision 58);
# beyond LG_DEG, and about a P that was not picked, where the place of a formed event is rougher than a listed one's, judgement.
SECOND_RATE, SECOND_S = 0.03, 15.0  # behind a pick of P: further readings of it; before it there are none
FIRST_RATE = 0.1  # about any other P: discordant readings of it
EARLY_S, EARLY_FAR_S = 3.0, 12.0  # so long before its expected time, near and far
CODA_RATE, CODA_FAR_RATE = 0.003, 0.01  # near, between the phases
LATER_RATE = 0.03
MISSED_RATE = 0.01  # the same at a station that missed the P of an event of SURFACE_PICKS
SURFACE_RATE = 0.004
# A station that missed P may pick the reflection above a deep source: chance that it does, and error of its time (s).
REFLECTED_CHANCE = 0.3
REFLECTED_SIGMA_S = 2.0
REFLECTIONS = tuple(i for i, (name, _, _) in enumerate(LATER) if name in REFLECTED)
REFLECTED_PICKS = 5  # of an event that is well enough known for this
REFLECTED_LAST_S = 240.0  # behind P: beyond the delay of sP from 700 km
# Lg is picked where P was too weak to be: a station that missed P has it with this chance, to this distance.
LG_DEG = 25.0
LG_CHANCE = 0.3
LG_SIGMA_S = 2.0  # beside the spread of its group velocity
SURFACE_KM_S = (2.8, 4.4)  # group velocities of the surface waves that detectors pick
# Core phases and surface reflections that only an event seen at teleseismic distance is large enough for.
TELESEISMIC = ("PKPdf", "PKPbc", "PKPab", "PcP", "PP", "SKP", "SKPbc", "SKPab", "ScP", "SKS", "ScS", "SS")
IS_SHEAR = tuple(name[0] in "SL" and not name.startswith(("SKP", "ScP")) for name, _, _ in LATER)
IS_TELESEISMIC = tuple(name in TELESEISMIC for name, _, _ in LATER)
SEEN_FAR_DEG = 27.0  # reach of an event that was seen at 20 deg
STRONG_PICKS = 10  # an event seen so widely that its later phases are picked
SURFACE_PICKS = 40
AGAINST = -0.5  # log-likelihood ratio of a measured direction below which it speaks against the event
CODA_SLACK = 30.0  # deg: coda comes from about the event, at any slowness
PHASE_SLACK = (2.0, 10.0)  # s/deg, deg: a later phase is measured within the coda of an earlier one
REACH = 1.3  # times the distance of the farthest arrival


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event as later windows need it: what its later phases explain, which picks it holds."""

    longitude: float
    latitude: float
    depth_km: float
    time_ns: int
    reach_deg: float
    n_first: int
    numbers: tuple[int, ...]


def claim_of(origin: Origin, numbers: Sequence[int]) -> Claim:
    """What an event explains, by its origin and its picks (rows of the table)."""
    reach = REACH * origin.max_distance_deg + 1.0
    if len(numbers) >= SURFACE_PICKS:
        reach = max(reach, 30.0)
    return Claim(
        longitude=origin.longitude, latitude=origin.latitude, depth_km=origin.depth_km, time_ns=origin.time_ns,
        reach_deg=min(reach, 180.0), n_first=len(numbers), numbers=tuple(numbers),
    )  # fmt: skip


def later_of(model: TravelTimes) -> Ints:
    """Rows of LATER for the kernels: phase of the leg, legs."""
    return np.array([(model.index(leg), legs) for _, leg, legs in LATER], dtype=np.int64)


@njit(cache=True)
def time_(k: Kernel, later: Ints, c: int, depth: float, delta: float) -> tuple[float, float]:
    """Travel time and slowness (s, s/deg) of a later phase (row of `later`: phase of the leg, legs)."""
    if later[c, 1] == 1:
        t, p, _ = lookup_(k, later[c, 0], depth, delta)
        return t, p
    if later[c, 1] <= 0:
        t, p, _ = lookup_(k, later[c, 0], depth, delta)
        delay, slope, bend, nearest, farthest = BEHIND[-later[c, 1]]
        x = delta - BRANCH_DEG
        within = nearest <= delta <= farthest
        return t + delay + x * (slope + bend * x) if within else np.nan, p
    a, p, _ = lookup_(k, later[c, 0], depth, 0.5 * delta)
    b, _, _ = lookup_(k, later[c, 0], 0.0, 0.5 * delta)
    return a + b, p


@njit(cache=True)
def elsewhere_(row: Floats, p: float, p_slack: float, baz: float, baz_slack: float) -> bool:
    """Whether the measured slowness or back-azimuth of a pick, each alone, speaks against one of p from baz."""
    nan = float("nan")
    slowness = np.array([0.0, 0.0, row[2], row[3], nan, nan, row[6]])
    direction = np.array([0.0, 0.0, nan, nan, row[4], row[5], row[6]])
    return bool(
        vector_evidence_(slowness, p, p_slack, baz, baz_slack) < AGAINST
        or vector_evidence_(direction, p, p_slack, baz, baz_slack) < AGAINST
    )


@njit(cache=True)
def reflected_(
    k: Kernel, later: Ints, depth: float, delta: float, baz: float, since: float, row: Floats
) -> float:
    """Rate (1/s) of picks like this one (row of `table.Window`) that pP and sP of an event cause at a station,
    `since` seconds after its origin, delta and back-azimuth in degrees.
    """
    rate = 0.0
    for c in REFLECTIONS:
        t, p = time_(k, later, c, depth, delta)
        u = (since - t) / REFLECTED_SIGMA_S
        if t == t and abs(u) < 3.0:
            v = vector_evidence_(row, p, 0.0, baz, 0.0) - 0.5 * u * u
            rate += REFLECTED_CHANCE / (2.5066 * REFLECTED_SIGMA_S) * exp_(v)
    return rate


@njit(cache=True)
def lg_(delta: float, since: float) -> float:
    """Rate (1/s) of picks of Lg that an event causes at a station that missed its P, `since` seconds after its origin."""
    t = delta * 111.19 / LG_VELOCITY_KM_S
    sigma = LG_SIGMA_S + t * LG_VELOCITY_SIGMA_KM_S / LG_VELOCITY_KM_S
    u = (since - t) / sigma
    rate: float = LG_CHANCE / (2.5066 * sigma) * exp_(-0.5 * u * u) if abs(u) < 3.0 else 0.0
    return rate


@njit(cache=True)
def claim_(
    k: Kernel, first: Ints, later: Ints, lon: float, lat: float, depth: float, o: float, reach_deg: float, n_first: int,
    saw: Floats, s_lon: Floats, s_lat: Floats, start: Ints, data: Floats, rate: Floats,
) -> None:  # fmt: skip
    """Raise `rate` for picks that the event at (lon, lat, depth, o) may have caused at stations within reach_deg.

    first: indices of P1, S1. later: see `time_`. saw: time (s) of the first arrival at each station, infinite where it has none.
    """
    times = np.empty(later.shape[0])
    for s in range(s_lon.size):
        if start[s] == start[s + 1]:
            continue
        delta, _, baz = delaz_(lon, lat, s_lon[s], s_lat[s])
        if delta > reach_deg:
            continue
        tp, _, _ = lookup_(k, first[0], depth, delta)
        ts, _, _ = lookup_(k, first[1], depth, delta)
        if tp != tp:
            continue
        end = tp + 60.0
        near = delta < LG_DEG and ts == ts
        if near:
            end = delta * 111.19 / 3.0 + 30.0
        seen = saw[s] < np.inf
        picked = abs(saw[s] - o - tp) < SECOND_S  # P, and not S alone
        from_s = saw[s] - o if picked else tp - (EARLY_S if near else EARLY_FAR_S)
        coda = CODA_RATE if near else CODA_FAR_RATE
        strong = n_first >= (STRONG_PICKS if seen else SURFACE_PICKS)
        for c in range(later.shape[0]):
            if IS_TELESEISMIC[c]:
                known = strong and reach_deg >= SEEN_FAR_DEG
            else:
                known = strong or (seen and near)
            times[c] = time_(k, later, c, depth, delta)[0] if known else np.nan
        for i in range(start[s], start[s + 1]):
            since = data[i, 0] - o
            if since < from_s:
                continue
            if since > 4000.0:
                break
            if since >= tp + SECOND_S and elsewhere_(data[i], 20.0, 20.0, baz, CODA_SLACK):
                continue
            r = 0.0
            if since < tp + SECOND_S:
                r = SECOND_RATE if picked and near else FIRST_RATE
            elif not seen:
                if n_first >= REFLECTED_PICKS:
                    r = reflected_(k, later, depth, delta, baz, since, data[i])
                if n_first >= STRONG_PICKS and near:
                    r = max(r, lg_(delta, since))
                if n_first < SURFACE_PICKS and since > max(tp + REFLECTED_LAST_S, end):
                    break
            elif since < end:
                r = coda
            elif since < end + 200.0:
                r = 0.5 * coda * exp_(-(since - end) / 60.0)
            for t in times:
                if t == t and abs(since - t) < 5.0 + 0.005 * t:
                    r = max(r, LATER_RATE if seen else MISSED_RATE)
            if n_first >= SURFACE_PICKS and seen:
                v = delta * 111.19 / since
                if v > SURFACE_KM_S[0] and v < SURFACE_KM_S[1]:
                    r = max(r, SURFACE_RATE)
            if r > rate[i]:
                rate[i] = r


@njit(cache=True)
def absorb_(
    k: Kernel, first: Ints, later: Ints, lon: float, lat: float, depth: float, o: float, reach_deg: float, n_first: int,
    saw: Ints, s_lon: Floats, s_lat: Floats, start: Ints, data: Floats, hint: Ints, rate: Floats, used: Ints,
    rows: Ints, residual: Floats,
) -> int:  # fmt: skip
    """Picks that a later phase explains closely, each as the phase it fits best; returns their number.

    Stations that saw the event, and any within reach of a strong one. rows: pick, row of `later`.
    """
    n = 0
    for s in range(s_lon.size):
        if start[s] == start[s + 1] or (saw[s] == 0 and n_first < SURFACE_PICKS):
            continue
        delta, _, baz = delaz_(lon, lat, s_lon[s], s_lat[s])
        if delta > reach_deg:
            continue
        tp, _, _ = lookup_(k, first[0], depth, delta)
        for i in range(start[s], start[s + 1]):
            since = data[i, 0] - o
            if used[i] != 0 or since < tp + 2.0:
                continue
            if since > 2600.0:
                break
            best, which = 1.0, -1
            for c in range(later.shape[0]):
                shear = IS_SHEAR[c]
                if IS_TELESEISMIC[c] and reach_deg < SEEN_FAR_DEG:
                    continue
                if (hint[i] == 2) != shear and hint[i] != 0:
                    continue
                t, p = time_(k, later, c, depth, delta)
                tolerance = (2.5 + 0.002 * since) * (1.6 if shear else 1.0)
                if (
                    t == t
                    and abs(since - t) < best * tolerance
                    and not elsewhere_(data[i], p, PHASE_SLACK[0], baz, PHASE_SLACK[1])
                ):
                    best = abs(since - t) / tolerance
                    which = c
                    residual[n] = since - t
            if which >= 0:
                rows[n, 0], rows[n, 1] = i, which
                n += 1
    return n
