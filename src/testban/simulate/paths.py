"""What arrives where, when and how strong: one event against all sites.

Rules: times come from `earth.travel` (with ellipticity and a random path error), P amplitudes at 20 to 105 degrees
from `earth.decay` (Veith & Clawson 1972). All other amplitude laws here are simple stand-ins, labelled one by one;
they make a world with the right order of magnitude, not a model of any region. Amplitude is log10 of A/T in nm/s,
zero-to-peak, on the ground, 0.8-4.5 Hz (LR: at 20 s).
"""

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base import dmath, geo
from testban.earth import decay, elevation, ellipticity, travel
from testban.simulate import draws
from testban.simulate.network import Post
from testban.simulate.scenario import Scenario
from testban.simulate.sources import Shock

Floats = NDArray[np.float64]

# Stand-ins, not measured: log10 amplitude relative to the P of the same path.
RELATIVE = {"Pg": 0.15, "pP": -0.4, "sP": -0.55, "PcP": -0.9, "S": -0.9, "Sn": 0.2, "Sg": 0.45}
# Stand-in: what explosions and their like lack in S, in log10, at 1-2 Hz (grows with frequency in the spectra).
S_DEFICIT = {"explosion": -0.55, "quarry blast": -0.4, "collapse": 0.0, "earthquake": 0.0}
# Stand-in levels of core phases: mb minus log10 A/T.
PKP_Q = {"PKPdf": 4.5, "PKPbc": 3.9, "PKPab": 4.3}
SALT = {
    name: 0x51_7C_C1_B7_27_22_0A_95 * (i + 1) & (1 << 63) - 1
    for i, name in enumerate(
        ("station", "path", "time", "phase", "detect", "onset", "slow", "baz", "out", "miss")
    )
}


class Paths(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Geometry of one event to all sites and its phases. All arrays have one entry a site."""

    shock: Shock
    delta: Floats
    azimuth: Floats
    backazimuth: Floats
    phases: tuple["PhasePath", ...]

    def first_time(self, wave: str) -> Floats:
        """Travel time in s of the first P-type ("P") or S-type ("S") phase at each site, NaN where there is none."""
        times = [np.where(p.first, p.time_s, np.nan) for p in self.phases if p.phase[0] == wave]
        stack = np.array(
            [np.where(np.isnan(t), np.inf, t) for t in times] or [np.full(self.delta.shape, np.inf)]
        )
        least = stack.min(axis=0)
        return np.asarray(np.where(np.isinf(least), np.nan, least))


class PhasePath(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One phase at all sites: travel time in s, slowness in s/deg, log10 amplitude; NaN time where it does not arrive."""

    phase: str
    time_s: Floats
    slowness: Floats
    log_a: Floats
    first: NDArray[np.bool_]


@njit(cache=True)
def _geometry(lon: float, lat: float, lons: Floats, lats: Floats, out: Floats) -> None:
    for i in range(lons.size):
        out[0, i], out[1, i], out[2, i] = geo.delaz_(lon, lat, lons[i], lats[i])


def p_q(delta: Floats, depth_km: float) -> Floats:
    """Q such that mb = log10(A/T) + Q for the first P, at 0 to 120 degrees.

    Veith & Clawson 1972 at 20-105; below 17 the regional law 2.4 log10(D km) - 3.95 (Denny, Taylor & Vergino 1987; from memory,
    unconfirmed), blended to 20; beyond 105 a diffracted decay of 0.08 a degree (stand-in).
    """
    tele = np.array(decay.veith_clawson(np.clip(delta, 20.0, 105.0), np.full(delta.shape, depth_km)))
    tele = tele + 0.08 * np.maximum(0.0, delta - 105.0)
    km = np.maximum(delta * geo.KM_PER_DEG, 20.0)
    near = 2.4 * dmath.log10(km) - 3.95
    w = np.clip((delta - 17.0) / 3.0, 0.0, 1.0)
    return np.asarray((1.0 - w) * near + w * tele)


def lg_log_amplitude(mb: float, delta: Floats) -> Floats:
    """log10 A/T of Lg near 1 s: mb(Lg) after Nuttli (110 micrometres at 10 km for 5.0; unconfirmed), Q = 500, 3.5 km/s."""
    km = np.maximum(delta * geo.KM_PER_DEG, 15.0)
    spread = -dmath.log10(km / 10.0) / 3.0 - 0.5 * dmath.log10(
        dmath.sin(km / 6371.0) / dmath.sin_(10.0 / 6371.0)
    )
    return np.asarray(mb - 5.0 + 5.0414 + spread - 0.43429 * dmath.PI * (km - 10.0) / (500.0 * 3.5))


def ms_log_amplitude(ms: float, delta: Floats) -> Floats:
    """log10 A/T of LR near 20 s, Rezapour & Pearce 1998 (BSSA 88, 43); last constants unconfirmed."""
    d = np.maximum(delta, 1.0)
    sin = np.maximum(np.abs(dmath.sin(d * dmath.DEG)), 0.05)
    return np.asarray(ms - (dmath.log10(d) / 3.0 + 0.5 * dmath.log10(sin) + 0.0046 * d + 2.370))


class Propagator:
    """Events to arrivals for one scenario; holds the sites as arrays and the travel-time model."""

    def __init__(self, scenario: Scenario, posts: tuple[Post, ...]) -> None:
        self.scenario = scenario
        self.posts = posts
        self.model = travel.load(scenario.physics.model)
        self.lons = np.array([p.longitude for p in posts])
        self.lats = np.array([p.latitude for p in posts])
        self.heights = np.array([p.elevation_m for p in posts])
        self.names = draws.name_hashes([p.key for p in posts])
        fixed = draws.pair_normals(draws.key(scenario.seed, "station term"), self.names, SALT["station"])
        self.station_term = scenario.physics.station_sigma * fixed

    def paths(self, shock: Shock) -> Paths:
        """All phases of one event at all sites."""
        out = np.empty((3, len(self.posts)))
        _geometry(shock.longitude, shock.latitude, self.lons, self.lats, out)
        delta, azimuth, backazimuth = out
        event = draws.key(self.scenario.seed, "path", shock.name, shock.time_ns)
        scatter = self.station_term + self.scenario.physics.path_sigma * draws.pair_normals(
            event, self.names, SALT["path"]
        )
        late = draws.pair_normals(event, self.names, SALT["time"]) * self.scenario.physics.travel_time_sigma_s
        late = late * np.where(delta < 20.0, np.minimum(1.5, 0.2 + delta / 4.0), 1.0)
        phases = [
            self._finish(p, shock, delta, azimuth, scatter, late, event) for p in self._raw(shock, delta)
        ]
        return Paths(shock=shock, delta=delta, azimuth=azimuth, backazimuth=backazimuth, phases=tuple(phases))

    def _finish(
        self,
        p: PhasePath,
        shock: Shock,
        delta: Floats,
        azimuth: Floats,
        scatter: Floats,
        late: Floats,
        event: int,
    ) -> PhasePath:
        salt = SALT["phase"] ^ sum(ord(c) << (8 * i) for i, c in enumerate(p.phase))
        own = draws.pair_normals(event, self.names, salt)
        time = p.time_s + late * (1.7 if p.phase[0] in "SL" else 1.0)
        if p.phase not in ("P", "Pn", "Pg", "LR"):
            time = time + 0.3 * late * own
        if self.scenario.physics.ellipticity and p.phase not in ("Lg", "LR"):
            time = time + _ellipticity(p.phase, shock, delta, azimuth)
        if self.scenario.physics.elevation and p.phase not in ("Lg", "LR"):
            time = time + np.asarray(elevation.correction(p.phase, p.slowness, self.heights))
        log_a = p.log_a + scatter
        if not p.first.all():
            log_a = log_a + np.where(p.first, 0.0, (0.3 if p.phase in ("pP", "sP", "PcP") else 0.15) * own)
        return PhasePath(phase=p.phase, time_s=time, slowness=p.slowness, log_a=log_a, first=p.first)

    def _time(self, phase: str, depth: float, delta: Floats) -> tuple[Floats, Floats]:
        t, p, _ = self.model.predict(phase, np.full(delta.shape, depth), delta)
        return np.array(t, dtype=np.float64), np.array(p, dtype=np.float64)

    def _raw(self, shock: Shock, delta: Floats) -> list[PhasePath]:
        """Times and mean amplitudes; the first P (S) bears the name Pg, Pn or P (Sg, Sn or S) of its ray."""
        depth, kind = shock.depth_km, shock.kind
        p_level = shock.mb - p_q(delta, depth)
        out = self._body("P", depth, delta, p_level, np.zeros(delta.shape))
        if depth > 3.0:
            out += [self._later(n, depth, delta, (15.0, 95.0), p_level) for n in ("pP", "sP")]
        out.append(self._later("PcP", depth, delta, (22.0, 72.0), p_level))
        out.append(self._later("Pdiff", depth, delta, (98.0, 115.0), p_level))
        out.extend(self._core(shock, delta))
        rise = np.where(delta < 20.0, RELATIVE["Sn"], RELATIVE["S"])
        out += self._body("S", depth, delta, p_level + S_DEFICIT[kind], rise)
        none, no = np.full(delta.shape, np.nan), np.zeros(delta.shape, bool)
        km = delta * geo.KM_PER_DEG
        if depth < 40.0:
            keep = (delta > 1.0) & (delta < 25.0)
            level = lg_log_amplitude(shock.mb, delta) + S_DEFICIT[kind]
            slow = np.full(delta.shape, geo.KM_PER_DEG / travel.LG_VELOCITY_KM_S)
            out.append(
                PhasePath(
                    phase="Lg",
                    time_s=np.where(keep, km / travel.LG_VELOCITY_KM_S, none),
                    slowness=slow,
                    log_a=level,
                    first=no,
                )
            )
        if shock.ms is not None:
            keep = (delta > 1.5) & (delta < 160.0)
            slow = np.full(delta.shape, geo.KM_PER_DEG / travel.LR_VELOCITY_KM_S)
            level = ms_log_amplitude(shock.ms, delta)
            out.append(
                PhasePath(
                    phase="LR",
                    time_s=np.where(keep, km / travel.LR_VELOCITY_KM_S, none),
                    slowness=slow,
                    log_a=level,
                    first=no,
                )
            )
        return [p for p in out if not np.isnan(p.time_s).all()]

    def _body(self, wave: str, depth: float, delta: Floats, level: Floats, rise: Floats) -> list[PhasePath]:
        """The first P or S under the name of its ray, and Pg (Sg) behind Pn (Sn)."""
        t, p = self._time(wave, depth, delta)
        tg, pg = self._time(wave + "g", depth, delta)
        t = np.where(delta < 97.0, t, np.nan)
        crust = np.abs(tg - t) < 0.02
        head = ~crust & (delta < 17.0) & (depth < 40.0)
        late = ~np.isnan(tg) & ~crust & (delta < 7.0)
        names = (
            (wave + "g", crust, RELATIVE["Sg"] if wave == "S" else 0.0),
            (wave + "n", head, rise),
            (wave, ~crust & ~head, rise),
        )
        out = [
            PhasePath(
                phase=n,
                time_s=np.where(m, t, np.nan),
                slowness=p,
                log_a=level + r,
                first=np.ones(delta.shape, bool),
            )
            for n, m, r in names
        ]
        if wave == "P":
            out.append(
                PhasePath(
                    phase="Pg",
                    time_s=np.where(late, tg, np.nan),
                    slowness=pg,
                    log_a=level + RELATIVE["Pg"],
                    first=np.zeros(delta.shape, bool),
                )
            )
        return out

    def _later(
        self, phase: str, depth: float, delta: Floats, span: tuple[float, float], p_level: Floats
    ) -> PhasePath:
        t, p = self._time(phase, depth, delta)
        keep = (delta > span[0]) & (delta < span[1])
        first = np.full(delta.shape, phase == "Pdiff")
        return PhasePath(
            phase=phase,
            time_s=np.where(keep, t, np.nan),
            slowness=p,
            log_a=p_level + RELATIVE.get(phase, 0.0),
            first=first,
        )

    def _core(self, shock: Shock, delta: Floats) -> list[PhasePath]:
        ranges = {"PKPdf": (113.0, 180.0), "PKPbc": (144.0, 156.0), "PKPab": (145.0, 175.0)}
        out = []
        for n, (low, high) in ranges.items():
            t, p = self._time(n, shock.depth_km, delta)
            keep = (delta > low) & (delta < high)
            level = np.full(delta.shape, shock.mb - PKP_Q[n])
            out.append(
                PhasePath(
                    phase=n,
                    time_s=np.where(keep, t, np.nan),
                    slowness=p,
                    log_a=level,
                    first=(delta >= 115.0) & (n == "PKPdf"),
                )
            )
        return out


def _ellipticity(phase: str, shock: Shock, delta: Floats, azimuth: Floats) -> Floats:
    ray = {"Pn": "P", "Pg": "P", "Sn": "S", "Sg": "S"}.get(phase, phase)
    c = ellipticity.correction(
        ray, np.full(delta.shape, shock.depth_km), delta, azimuth, np.full(delta.shape, shock.latitude)
    )
    return np.nan_to_num(np.asarray(c, dtype=np.float64), nan=0.0)
