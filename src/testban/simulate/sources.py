"""Where, when and how big: the events of a simulated world.

Rules: every draw is keyed by region and number. Magnitude is mb throughout; a yield becomes mb by a stated law.
The yield laws are those of `science` tables: Bowers et al. 2001 (4.25 + 0.75 log10 Y, slope 1 below 1 kt; constants
unconfirmed, from memory, but they reproduce two published facts), Murphy/Ringdal for stable regions (4.45 + 0.75;
unconfirmed), Murphy 1981 for wet tuff at the Nevada Test Site (3.92 + 0.81; unconfirmed). Corner frequencies:
Brune 1970 (JGR 75, 4997) for earthquakes; the explosion's is a simple stand-in that scales with the cube root of yield.
"""

import msgspec
import numpy as np

from testban.base import dmath, geo
from testban.base.times import DAY_NS, NS_PER_S, parse_time
from testban.simulate import draws
from testban.simulate.scenario import Region, Scenario, Source

LEAD_S = 3600.0  # events this long before the start may still be heard
LAWS = {"bowers": (4.25, 0.75), "stable": (4.45, 0.75), "wet-tuff": (3.92, 0.81)}
STAND_IN_CORNER_1KT_HZ = 5.0  # stand-in, not from a source model
# Own fit to 5,092 shallow events of the ISC bulletin of 2005 (both magnitudes from the ISC): Ms = 1.16 mb - 1.08, spread 0.35.
MS_EARTHQUAKE = (1.16, -1.08, 0.35)
STAND_IN_MS_MINUS_MB = {"explosion": -0.95, "quarry blast": -0.9, "collapse": -0.4}


class Shock(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the world. mechanism: strike, dip, rake in degrees (earthquakes). ms None: no surface waves."""

    event_id: str
    name: str
    kind: str
    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    mb: float
    ms: float | None
    yield_kt: float | None = None
    mechanism: tuple[float, float, float] | None = None
    corner_hz: float


def mb_of_yield(yield_kt: float, law: str = "bowers", decoupling: float = 1.0) -> float:
    """Magnitude of an explosion of yield_kt kilotons, divided by the decoupling factor; "bowers" has slope 1 below 1 kt."""
    intercept, slope = LAWS[law]
    log_y = dmath.log10_(yield_kt / decoupling)
    if law == "bowers" and log_y < 0.0:
        slope = 1.0
    return intercept + slope * log_y


def corner_hz(kind: str, mb: float, yield_kt: float | None, stress_drop_mpa: float) -> float:
    """P-wave corner frequency in Hz: Brune 1970 with Mw = mb for earthquakes, a cube-root stand-in for the rest."""
    if kind == "earthquake":
        moment = dmath.exp10_(1.5 * mb + 9.1)  # N m, Hanks & Kanamori 1979
        return 1.5 * 0.49 * 3500.0 * dmath.pow_(stress_drop_mpa * 1e6 / moment, 1.0 / 3.0)
    y = yield_kt if yield_kt is not None else dmath.exp10_((mb - 4.25) / 0.75)
    return min(20.0, STAND_IN_CORNER_1KT_HZ * dmath.pow_(max(y, 1e-4), -1.0 / 3.0)) * (
        0.5 if kind == "collapse" else 1.0
    )


def shocks(scenario: Scenario) -> tuple[Shock, ...]:
    """All events from an hour before the start to the end, sorted by time."""
    rough: list[tuple[int, str, Source]] = []
    for n, s in enumerate(scenario.source):
        rough.append((_when(scenario, s, n), s.name, s))
    for r in scenario.region:
        rough.extend(_region(scenario, r))
    rough.sort(key=lambda t: (t[0], t[1], t[2].longitude, t[2].latitude))
    width = max(4, len(str(len(rough))))
    return tuple(_shock(scenario, f"sim{n:0{width}d}", t, s) for n, (t, _, s) in enumerate(rough, 1))


def _when(scenario: Scenario, s: Source, n: int) -> int:
    if s.time:
        return parse_time(s.time)
    u = float(draws.uniform(draws.key(scenario.seed, "source time", n, s.name), 1)[0])
    return scenario.start_ns + round(u * (scenario.end_ns - scenario.start_ns))


def _shock(scenario: Scenario, event_id: str, time_ns: int, s: Source) -> Shock:
    z = draws.normal(draws.key(scenario.seed, "shock", time_ns, s.name), 2)
    u = draws.uniform(draws.key(scenario.seed, "mechanism", time_ns, s.name), 3)
    mb = s.mb if s.mb is not None else mb_of_yield(s.yield_kt or 1.0, s.law, s.decoupling)
    mechanism = s.mechanism
    ms: float | None
    if s.kind == "earthquake":
        ms = MS_EARTHQUAKE[0] * mb + MS_EARTHQUAKE[1] + MS_EARTHQUAKE[2] * float(z[0])
        if s.depth_km > 100.0:
            ms = None
        elif s.depth_km > 40.0:
            ms -= 0.02 * (s.depth_km - 40.0)  # stand-in for the loss of excitation with depth
        if mechanism is None:
            mechanism = (
                360.0 * float(u[0]),
                dmath.acos_(float(u[1])) / dmath.DEG,
                360.0 * float(u[2]) - 180.0,
            )
    else:
        ms = mb + STAND_IN_MS_MINUS_MB[s.kind] + 0.2 * float(z[0])
    return Shock(
        event_id=event_id,
        name=s.name,
        kind=s.kind,
        time_ns=time_ns,
        longitude=geo.wrap_longitude_(s.longitude),
        latitude=s.latitude,
        depth_km=s.depth_km,
        mb=mb,
        ms=ms,
        yield_kt=s.yield_kt,
        mechanism=mechanism,
        corner_hz=corner_hz(
            s.kind, mb, s.yield_kt, scenario.physics.stress_drop_mpa * dmath.exp10_(0.2 * float(z[1]))
        ),
    )


def _region(scenario: Scenario, r: Region) -> list[tuple[int, str, Source]]:
    lead = 0 if r.kind == "quarry blast" else int(LEAD_S) * NS_PER_S
    begin, length = scenario.start_ns - lead, scenario.end_ns - scenario.start_ns + lead
    at = draws.poisson_times(draws.key(scenario.seed, "region", r.name), r.rate_per_day * length / DAY_NS)
    out = []
    for n, x in enumerate(at):
        u = draws.uniform(draws.key(scenario.seed, "event", r.name, n), 40)
        lon, lat = _place(r, u[8:])
        time = begin + round(float(x) * length)
        if r.kind == "quarry blast":
            time = _working_hours(time, lon)
            if not scenario.start_ns <= time < scenario.end_ns:
                continue
        source = Source(
            name=f"{r.name} {n + 1}",
            kind=r.kind,
            longitude=lon,
            latitude=lat,
            depth_km=_depth(r, float(u[0])),
            mb=_magnitude(r.b, r.mmin, r.mmax, float(u[1])),
        )
        out.append((time, source.name, source))
        out.extend(_aftershocks(scenario, r, time, source))
    return out


def _magnitude(b: float, least: float, most: float, u: float) -> float:
    beta = b * 2.302585092994046
    return least - dmath.log_(1.0 - u * (1.0 - dmath.exp_(-beta * (most - least)))) / beta


def _depth(r: Region, u: float) -> float:
    low, high = r.depth_km
    if r.kind == "quarry blast":
        return 0.0
    if r.depth_scale_km <= 0.0:
        return low + (high - low) * u
    return low - r.depth_scale_km * dmath.log_(1.0 - u * (1.0 - dmath.exp_(-(high - low) / r.depth_scale_km)))


def _place(r: Region, u: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    if r.centre is not None:
        radius = r.radius_km / geo.KM_PER_DEG * float(np.sqrt(u[0]))
        return geo.destination_(r.centre[0], r.centre[1], 360.0 * float(u[1]), radius)
    if r.box is not None:
        west, south, east, north = r.box
    else:
        lons, lats = [p[0] for p in r.polygon], [p[1] for p in r.polygon]
        west, south, east, north = min(lons), min(lats), max(lons), max(lats)
    s0, s1 = dmath.sin_(south * dmath.DEG), dmath.sin_(north * dmath.DEG)
    lon = lat = 0.0
    for i in range(0, len(u) - 1, 2):
        lon = west + (east - west) * float(u[i])
        lat = dmath.asin_(s0 + (s1 - s0) * float(u[i + 1])) / dmath.DEG
        if not r.polygon or _inside(lon, lat, r.polygon):
            return lon, lat
    return r.polygon[0]


def _inside(lon: float, lat: float, polygon: tuple[tuple[float, float], ...]) -> bool:
    odd = False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y0 > lat) != (y1 > lat) and lon < x0 + (lat - y0) / (y1 - y0) * (x1 - x0):
            odd = not odd
    return odd


def _working_hours(time_ns: int, longitude: float) -> int:
    shift = round(longitude / 15.0 * 3600.0) * NS_PER_S
    local = time_ns + shift
    day, rest = local // DAY_NS * DAY_NS, local % DAY_NS
    return day + DAY_NS * 9 // 24 + rest * 8 // 24 - shift


def _aftershocks(scenario: Scenario, r: Region, time: int, main: Source) -> list[tuple[int, str, Source]]:
    if r.aftershocks <= 0.0 or main.mb is None:
        return []
    expected = r.aftershocks * dmath.exp10_(main.mb - 5.0)
    n = len(draws.poisson_times(draws.key(scenario.seed, "aftershocks", main.name), expected))
    spread_km = dmath.exp10_(0.5 * main.mb - 2.2)  # stand-in for the size of the rupture
    out = []
    for i in range(n):
        u = draws.uniform(draws.key(scenario.seed, "aftershock", main.name, i), 2)
        z = draws.normal(draws.key(scenario.seed, "aftershock place", main.name, i), 3)
        # Omori's law with p = 1 and c = 0.01 d over ten days (Utsu et al. 1995), by its inverse.
        days = 0.01 * (dmath.pow_(1001.0, float(u[0])) - 1.0)
        at = time + round(days * DAY_NS)
        if at >= scenario.end_ns:
            continue
        lon, lat = geo.shift_km_(
            main.longitude, main.latitude, spread_km * float(z[0]), spread_km * float(z[1])
        )
        depth = min(700.0, max(1.0, main.depth_km + 0.5 * spread_km * float(z[2])))
        mb = _magnitude(r.b, main.mb - 1.2, main.mb - 0.1, float(u[1]))
        name = f"{main.name} aftershock {i + 1}"
        out.append(
            (
                at,
                name,
                Source(name=name, kind="earthquake", longitude=lon, latitude=lat, depth_km=depth, mb=mb),
            )
        )
    return out
