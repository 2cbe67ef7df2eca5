"""S that may be Lg: the place where the S of a regional event are Lg, beside the one where they are the first S.

Rules: a detector's S is the strongest onset behind P, on continental paths mostly Lg. Taken for Sn it puts an event away from
the stations by a third of their distance, and a network on one side cannot tell. Lg less P of each station says how far; from there
the event is located with every S as Lg. The places are compared by their P and by all that their stations picked behind it, with the
chances of `borne`. Why, and what its spread was measured on: decision 75.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.associate.borne import CHANCE, STRAY_S
from testban.associate.claims import LG_DEG
from testban.associate.table import Table, Window
from testban.base.dmath import exp_, log_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth.travel import LG_VELOCITY_KM_S, Kernel, TravelTimes, lookup_
from testban.locate import Located, Settings, locate
from testban.locate.errors_model import P_ERROR, model_sigma_

Floats = NDArray[np.float64]
Row = TypeVar("Row")

NEAR_DEG = 2.0  # within, Lg and Sg are one
STEP_DEG = 0.05
AZIMUTHS = 36
PLACES = 6  # starts of a location
APART_DEG = 0.5
MOST = 12  # S that say how far, and stations that say in which direction
COARSE_S = 8.0  # what a start's place and time may be off by
LATEST_S = 3.0 * COARSE_S
SIGMAS = 3.0
SHEAR = ("S", "Sg", "Lg")
# Error of Lg as detectors pick it, in the recordings of May 2009, January 2016 and June 2001 in Germany: 3.42 to 3.59 km/s in six of
# six, where `errors_model` has the spread of analysts' Lg.
LG_S, LG_SHARE = 1.0, 0.02

# Longitude, latitude (deg), depth (km), origin time (ns): a start of `locate`.
Place = tuple[float, float, float, int]


class Reading(NamedTuple):
    """A station's P and the S behind it: rows of the window, ascending."""

    first: int
    shear: tuple[int, ...]


def held(found: Located) -> bool:
    """Whether a station so near that Lg and Sg are one says how far a location is, by P and S."""
    near = [a for a in found.arrivals if a.defining and a.distance_deg < NEAR_DEG]
    first = {a.station_key for a in near if a.phase[:1] == "P"}
    return any(a.phase[:1] in "SL" and a.station_key in first for a in near)


def readings(window: Window, firsts: Sequence[int]) -> list[Reading]:
    """Each P of an event with the picks called S that its station has behind it, within reach of Lg."""
    out = []
    most = LG_DEG * KM_PER_DEG / LG_VELOCITY_KM_S
    for k in firsts:
        end = int(window.start[window.station[k] + 1])
        late = window.data[k:end, 0] - window.data[k, 0]
        free = (window.hint[k:end] == 2) & (window.used[k:end] == 0) & (late > 0.0) & (late < most)
        out.append(Reading(k, tuple((k + np.flatnonzero(free)).tolist())))
    return out


@njit(cache=True)
def circle_(
    k: Kernel, phase: int, lon: float, lat: float, delta: float, o: float, s_lon: Floats, s_lat: Floats, times: Floats, out: Floats
) -> None:  # fmt: skip
    """What P of stations (degrees, s) miss a source by that lies delta degrees from (lon, lat), by azimuth: out (n, 3) sum (s), longitude, latitude."""
    for a in range(out.shape[0]):
        x, y = destination_(lon, lat, a * 360.0 / out.shape[0], delta)
        total = 0.0
        for i in range(times.size):
            t, _, _ = lookup_(k, phase, 0.0, delaz_(x, y, s_lon[i], s_lat[i])[0])
            late = abs(times[i] - o - t)
            total += late if late < LATEST_S else LATEST_S
        out[a, 0], out[a, 1], out[a, 2] = total, x, y


def starts(model: TravelTimes, window: Window, table: Table, own: Sequence[Reading]) -> list[Place]:
    """Places to locate from: on the circle of a station's Lg less P, where its fellows' P fit."""
    deltas = np.arange(NEAR_DEG, LG_DEG, STEP_DEG)
    p = model.predict("P1", np.zeros(len(deltas)), deltas)[0]
    behind = deltas * (KM_PER_DEG / LG_VELOCITY_KM_S) - p
    late = [(r.first, window.data[s, 0] - window.data[r.first, 0]) for r in own for s in r.shear]
    late = [(k, x) for k, x in late if behind[0] < x < behind[-1]]
    fellows = np.array([r.first for r in some(own)])
    lon, lat = (c[window.station[fellows]] for c in (table.lon, table.lat))
    found: list[tuple[float, float, float, float]] = []
    out = np.empty((AZIMUTHS, 3))
    for k, behind_s in some(late):
        i, s = int(np.searchsorted(behind, behind_s)), window.station[k]
        o = float(window.data[k, 0] - p[i])
        circle_(
            model.kernel, model.index("P1"), table.lon[s], table.lat[s], float(deltas[i]), o, lon, lat, window.data[fellows, 0], out,
        )  # fmt: skip
        found += [(off, x, y, o) for off, x, y in out.tolist()]
    kept: list[Place] = []
    for _, x, y, o in sorted(found):
        if all(delaz_(x, y, f[0], f[1])[0] > APART_DEG for f in kept):
            kept.append((x, y, 0.0, window.reference_ns + round(o * 1e9)))
        if len(kept) == PLACES:
            break
    return kept


def some(rows: Sequence[Row]) -> list[Row]:
    """At most MOST of the rows, evenly spread."""
    step = max(1.0, len(rows) / MOST)
    return [rows[int(i * step)] for i in range(min(len(rows), MOST))]


def named(
    window: Window, table: Table, own: Sequence[Reading], start: Place, slack_s: float
) -> list[tuple[Pick, str]]:
    """Picks and phases of an event at a place known to slack_s: P, and of each station the S that comes when Lg does."""
    rows = []
    o = (start[3] - window.reference_ns) / 1e9
    for r in own:
        site = table.sites[window.station[r.first]]
        rows.append((table.picks[window.number[r.first]], "P"))
        delta, _, _ = delaz_(start[0], start[1], site.longitude, site.latitude)
        lg_s = o + delta * KM_PER_DEG / LG_VELOCITY_KM_S
        off = sorted((abs(float(window.data[s, 0]) - lg_s), s) for s in r.shear)
        if off and off[0][0] < slack_s + SIGMAS * model_sigma_(P_ERROR, 2, delta):
            rows.append((table.picks[window.number[off[0][1]]], "Lg" if delta > NEAR_DEG else "S"))
    return rows


def located(
    window: Window, table: Table, own: Sequence[Reading], start: Place, sites: Mapping[str, Site], model: str
) -> Located | None:
    """The event located from a place with its S as Lg, twice: which they are, the first place says better than the start."""
    settings = Settings(model=model, search=False, doubted=False, whitened=True, free_depth=False)
    found = None
    for slack_s in (COARSE_S, 0.0):
        try:
            found = locate(named(window, table, own, start, slack_s), sites, settings, start)
        except InputError:
            return None
        o = found.origin
        start = (o.longitude, o.latitude, o.depth_km, o.time_ns)
    return found


def likeliest(
    model: TravelTimes, window: Window, table: Table, own: Sequence[Reading], sites: Mapping[str, Site]
) -> tuple[float, Located] | None:
    """The likeliest location of an event with its S as Lg, and what it is worth; None where none can be located."""
    best: tuple[float, Located] | None = None
    for start in starts(model, window, table, own):
        found = located(window, table, own, start, sites, model.name)
        if found is not None and (value := worth(model, window, table, own, found)) > (
            best[0] if best else -math.inf
        ):
            best = value, found
    return best


def worth(model: TravelTimes, window: Window, table: Table, own: Sequence[Reading], found: Located) -> float:
    """Logarithm of the likelihood of a location by its P residuals, errors independent, and by what is behind them."""
    total = 0.0
    for a in found.arrivals:
        if a.phase[:1] == "P":
            u = SIGMAS if a.residual_s is None else min(abs(a.residual_s) / a.time_sigma_s, SIGMAS)
            total -= 0.5 * u * u + log_(a.time_sigma_s)
    o = found.origin
    seconds = (o.time_ns - window.reference_ns) / 1e9
    for r in own:
        site = table.sites[window.station[r.first]]
        delta = delaz_(o.longitude, o.latitude, site.longitude, site.latitude)[0]
        due = {p: float(model.predict(p, o.depth_km, delta)[0]) for p in SHEAR}
        for s in r.shear:
            late, error = float(window.data[s, 0]) - seconds, float(window.data[s, 1])
            gains = {p: _gain(late - t, _sigma(p, delta, error)) for p, t in due.items() if t == t}
            best = max(gains, key=lambda p: gains[p], default="")
            if best and gains[best] > 0.0:
                total += gains[best]
                del due[best]
    return total


def _sigma(phase: str, delta: float, error: float) -> float:
    """Error (s) of a pick as a phase, its own and the model's."""
    model = (
        LG_S + LG_SHARE * delta * KM_PER_DEG / LG_VELOCITY_KM_S
        if phase == "Lg"
        else model_sigma_(P_ERROR, 1, delta)
    )
    return math.sqrt(model * model + error * error)


def _gain(off: float, sigma: float) -> float:
    """Log-likelihood ratio of a pick called S as a phase that it is off by (s), against one that is neither S nor Lg."""
    return log_(CHANCE / (2.5066 * sigma * STRAY_S)) - 0.5 * (off / sigma) ** 2


def share(worth: float, other: float) -> float:
    """Weight of one of two explanations by the logarithms of their likelihoods."""
    return 1.0 / (1.0 + exp_(min(other - worth, 600.0)))
