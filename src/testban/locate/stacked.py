"""How deep an event lies by the recordings behind its P, where nobody picked a reflection.

Rules: at a trial depth every station is asked how unusual what it recorded is at the times of pP and sP (shares of
`detect.behind`); log(1 - q + q a s^(a-1)), a beta density against a uniform one, is summed over stations and both phases, and
the best depth wins. Stations within GROUP_DEG of another are one witness: what scatters near the source is the same to all of
them (they share one vote and are moved together). What a chance depth is worth is measured on the same recordings: the sums are formed anew with the recordings moved
against one another by TRIALS sets of times (Weyl sequences of square roots of primes), which leaves each as it is and no depth to all. Times
of PcP and PP of the shallow source that is to be refuted say nothing. What comes at one delay everywhere (`alike`) is a second shot or a long rupture rather than a reflection, whose delay grows with
distance. After the stacks of analysts (Murphy & Barker 2006, BSSA 96,
1213-1231; Heyburn & Bowers 2008, BSSA 98, 1768-1782), by ranks in place of amplitudes.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import exp, log
from testban.base.geo import delaz_
from testban.earth import travel
from testban.locate.depth import DepthPoint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAR_DEG, FAR_DEG = 20.0, 98.0  # nearer, reflections are not plain; beyond, P is in the shadow
DEPTHS_KM = np.arange(16.0, 700.5, 4.0)
PHASES = ("pP", "sP")
SEEN, SHAPE = 0.5, 0.3  # q and a
TRIALS = 999
OTHERS_S = (-4.0, 8.0)  # before and after PcP and PP
LEAST_STATIONS = 2
GROUP_DEG = 3.0
PICKS_SHARE = 0.5
_PRIMES = (
    2.0,
    3.0,
    5.0,
    7.0,
    11.0,
    13.0,
    17.0,
    19.0,
    23.0,
    29.0,
    31.0,
    37.0,
    41.0,
    43.0,
    47.0,
    53.0,
    59.0,
    61.0,
    67.0,
    71.0,
)


class Heard(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A station: its place, distance, shares (see `detect.behind`), when the first lies behind P, their step in s."""

    longitude: float
    latitude: float
    delta_deg: float
    first_s: float
    step_s: float
    share: Floats


class Stacked(msgspec.Struct, frozen=True, kw_only=True):
    """The depth of the best sum, that sum, the share of moved recordings that reach it, and stations (of different places) that were asked.

    recorded: the sum before the picks are paid; alike: the best sum at one delay for all stations, which a second shot explains.
    """

    depth_km: float
    score: float
    chance: float
    n_stations: int
    recorded: float
    alike: float


def stacked_depth(
    heard: Sequence[Heard], model: str = "ak135", curve: Sequence[DepthPoint] = ()
) -> Stacked | None:
    """The depth that recordings behind P speak for, with the chance of it; None with fewer than LEAST_STATIONS stations.

    curve: the misfit of the picks against depth (`depth_curve`), which the sums pay.
    """
    some = [
        h
        for h in sorted(heard, key=lambda h: (h.longitude, h.latitude))
        if NEAR_DEG <= h.delta_deg <= FAR_DEG and h.share.size > 0
    ]
    group = _groups(some)
    if len(set(group.tolist())) < LEAST_STATIONS:
        return None
    table = travel.load(model)
    size = max(h.share.size for h in some)
    worth, length = np.zeros((len(some), size)), np.empty(len(some), dtype=np.int64)
    place = np.full((len(some), len(PHASES), DEPTHS_KM.size), -1, dtype=np.int64)
    for n, h in enumerate(some):
        length[n] = h.share.size
        own = log(1.0 - SEEN + SEEN * SHAPE * exp((SHAPE - 1.0) * log(np.maximum(h.share, 1e-4))))
        worth[n, : h.share.size] = np.where(_elsewhere(table, h), 0.0, own) / float(np.sum(group == group[n]))
        first = table.predict("P1", DEPTHS_KM, np.full(DEPTHS_KM.size, h.delta_deg))[0]
        for c, phase in enumerate(PHASES):
            delay = table.predict(phase, DEPTHS_KM, np.full(DEPTHS_KM.size, h.delta_deg))[0] - first
            at = np.rint((np.nan_to_num(delay, nan=-1.0) - h.first_s) / h.step_s).astype(np.int64)
            place[n, c] = np.where((at >= 0) & (at < h.share.size), at, -1)
    price = _price(curve)
    best, score, reached = _stack(worth, length, place, price, _moves(len(some))[:, group])
    return Stacked(
        depth_km=float(DEPTHS_KM[best]),
        score=score,
        chance=(1.0 + reached) / (1.0 + TRIALS),
        n_stations=int(group.max()) + 1,
        recorded=score + float(price[best]),
        alike=float(np.sum(worth, axis=0).max()),
    )


def _groups(some: Sequence[Heard]) -> Ints:
    """Number of the group of each station: that of the first before it within GROUP_DEG, which began a group."""
    group = np.zeros(len(some), dtype=np.int64)
    begun: list[Heard] = []
    for n, h in enumerate(some):
        away = [delaz_(h.longitude, h.latitude, o.longitude, o.latitude)[0] for o in begun]
        near = [i for i, d in enumerate(away) if d <= GROUP_DEG]
        group[n] = near[0] if near else len(begun)
        if not near:
            begun.append(h)
    return group


def _price(curve: Sequence[DepthPoint]) -> Floats:
    """What the picks say against each depth: a share of half the misfit beyond the least, since model errors are common to stations."""
    if not curve:
        return np.zeros(DEPTHS_KM.size)
    chi2 = np.interp(DEPTHS_KM, [p.depth_km for p in curve], [p.chi2 for p in curve])
    return np.asarray(0.5 * PICKS_SHARE * (chi2 - float(chi2.min())))


def _moves(n: int) -> Floats:
    """Shares of the length of its recording by which each of n stations is moved in each trial, shape (TRIALS, n)."""
    root = np.array([math.sqrt(_PRIMES[i % len(_PRIMES)] + i // len(_PRIMES) * 0.37) for i in range(n)])
    x = np.outer(np.arange(1, TRIALS + 1, dtype=np.float64), root)
    return np.asarray(x - np.floor(x))


def _elsewhere(table: travel.TravelTimes, h: Heard) -> NDArray[np.bool_]:
    """Times at which PcP or PP of a shallow source arrives."""
    t = h.first_s + h.step_s * np.arange(h.share.size)
    p = float(table.predict("P1", 0.0, h.delta_deg)[0])
    others = (
        float(table.predict("PcP", 0.0, h.delta_deg)[0]),
        2.0 * float(table.predict("P1", 0.0, 0.5 * h.delta_deg)[0]),
    )
    out = np.zeros(t.size, dtype=bool)
    for other in others:
        if other == other:
            out |= (t > other - p + OTHERS_S[0]) & (t < other - p + OTHERS_S[1])
    return out


@njit(cache=True)
def _stack(worth: Floats, length: Ints, place: Ints, price: Floats, moves: Floats) -> tuple[int, float, int]:
    """Best depth (number), its sum, and how many moved sets reach that."""
    stations, phases, depths = place.shape
    best, score, reached = 0, -1e300, 0
    shift = np.zeros(stations, dtype=np.int64)
    for k in range(len(moves) + 1):
        if k > 0:
            for n in range(stations):
                shift[n] = int(moves[k - 1, n] * length.max()) % length[n]
        top, which = -1e300, 0
        for d in range(depths):
            total = -price[d]
            for n in range(stations):
                for c in range(phases):
                    i = place[n, c, d]
                    if i >= 0:
                        total += worth[n, (i + shift[n]) % length[n]]
            if total > top:
                top, which = total, d
        if k == 0:
            best, score = which, top
        elif top >= score:
            reached += 1
    return best, score, reached
