"""A scenario made ready: its sites, its events, what arrives at each site, when each site records.

Rules: everything here is decided once from the seed, before any sample is made, so that hours can be made alone,
in any order, in any process, with the same result.
"""

import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.records import Channel, Site
from testban.base.spans import Span, normalise, subtract
from testban.base.times import DAY_NS, NS_PER_S, parse_time, seconds_to_ns
from testban.simulate import draws, network, noise, sources, wavelets
from testban.simulate.network import Post
from testban.simulate.paths import Paths, PhasePath, Propagator
from testban.simulate.render import Arriving, polarity
from testban.simulate.scenario import Scenario

Floats = NDArray[np.float64]

BANDS_HZ = ((0.7, 1.5), (1.0, 3.0), (3.0, 8.0))  # where a signal is looked for; the best counts
# Measured on 162 P arrivals of the shipped "ims30" world: the greatest of three third-order Butterworth bands, causal,
# peak within 7 s over the rms of the minute before, is 0.7 of the plain spectral estimate (spread 0.10 in log10).
SNR_CALIBRATION = 0.7
AUDIBLE_SNR = 0.15  # weaker arrivals are not rendered


class World:
    """Posts, shocks and arrivals of a scenario. `arrivals(key)` is sorted by time."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.posts = network.posts(scenario)
        self.by_key = {p.key: p for p in self.posts}
        self.shocks = sources.shocks(scenario)
        self.weather = {p.key: noise.Weather(scenario, p) for p in self.posts}
        self._rms: dict[tuple[float, float, float], tuple[float, ...]] = {}
        self._lr_rms: dict[float, float] = {}
        self.propagator = Propagator(scenario, self.posts)
        self._clocks = [
            ({c.station}, parse_time(c.start), parse_time(c.end), c) for c in scenario.clock_error
        ]
        self._arrivals: dict[str, tuple[Arriving, ...]] | None = None
        self._paths: tuple[Paths, ...] | None = None

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The inventory."""
        return network.inventory(self.scenario)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Sites with the spans in which they record."""
        out = []
        for s in network.sites(self.scenario):
            out.append(
                Site(
                    key=s.key,
                    longitude=s.longitude,
                    latitude=s.latitude,
                    elevation_m=s.elevation_m,
                    is_array=s.is_array,
                    up=self.up(s.key),
                )
            )
        return tuple(out)

    @property
    def paths(self) -> tuple[Paths, ...]:
        """Every event against every site."""
        if self._paths is None:
            self._paths = tuple(self.propagator.paths(s) for s in self.shocks)
        return self._paths

    def up(self, key: str) -> tuple[Span, ...]:
        """When a site records, outages and gaps taken out."""
        s = self.scenario
        code = key.split(".", 1)[1]
        down = [
            Span(parse_time(o.start), parse_time(o.end)) for o in s.outage if o.station in (key, code, "*")
        ]
        length = s.end_ns - s.start_ns
        for what, rate, seconds in (
            ("outage", s.faults.outages_per_day, s.faults.outage_hours * 3600.0),
            ("gap", s.faults.gaps_per_day, s.faults.gap_s),
        ):
            at = draws.poisson_times(draws.key(s.seed, what, key), rate * length / DAY_NS)
            size = -dmath.log(draws.uniform(draws.key(s.seed, what + " length", key), len(at))) * seconds
            for x, d in zip(at, size, strict=True):
                begin = s.start_ns + round(float(x) * length)
                down.append(Span(begin, begin + seconds_to_ns(float(d) + 0.5)))
        return tuple(subtract([Span(s.start_ns, s.end_ns)], normalise(down)))

    def clock_offset_s(self, key: str, time_ns: int) -> float:
        """How much later than true time the site stamps, in s."""
        total = 0.0
        for stations, begin, end, c in self._clocks:
            if stations & {key, key.split(".", 1)[1], "*"} and begin <= time_ns < end:
                total += c.offset_s + c.drift_s_per_day * (time_ns - begin) / DAY_NS
        return total

    def band_rms(self, post: Post, time_ns: int) -> tuple[float, ...]:
        """Noise rms in nm/s in BANDS_HZ at a time, on the array's beam where there is one."""
        low, high = self.weather[post.key].extra_db(time_ns)
        ident = (post.noise, low, high)
        if ident not in self._rms:
            self._rms[ident] = tuple(noise.band_rms_nm_s(post.noise, a, b, (low, high)) for a, b in BANDS_HZ)
        gain = float(np.sqrt(post.n_vertical))
        return tuple(r / gain for r in self._rms[ident])

    def rms_table(self, time_ns: int) -> Floats:
        """`band_rms` of every site at a time, shape (sites, bands)."""
        return np.array([self.band_rms(p, time_ns) for p in self.posts])

    def snrs(self, path: Paths, p: PhasePath, rms: Floats) -> Floats:
        """Peak over noise rms at every site that a phase will have in the best of BANDS_HZ, from the spectra (approximate)."""
        ground = 2.0 * dmath.PI * dmath.exp(p.log_a * 2.302585092994046)
        if p.phase == "LR":
            noise_20s = np.array([self._lr_noise(q.noise) for q in self.posts])
            return np.asarray(ground / noise_20s)
        centres = np.array([np.sqrt(a * b) for a, b in BANDS_HZ])
        widths = np.array([b - a for a, b in BANDS_HZ])
        tstar, eta = wavelets.attenuation(p.phase, path.delta, self.scenario.physics.p_tstar_s)
        corner, deficit = wavelets.corner_and_deficit(p.phase, path.shock)
        level = dmath.exp(
            wavelets.source_and_path(centres[None, :], tstar[:, None], eta[:, None], corner, deficit)
        ) * (centres * widths)
        level = level / np.maximum(level[:, 0], level[:, 1])[:, None]
        return np.asarray(SNR_CALIBRATION * np.max(ground[:, None] * level / rms, axis=1))

    def _lr_noise(self, level: float) -> float:
        if level not in self._lr_rms:
            self._lr_rms[level] = noise.band_rms_nm_s(level, 0.04, 0.06)
        return self._lr_rms[level]

    def arrivals(self, key: str) -> tuple[Arriving, ...]:
        """All arrivals at a site, sorted by time, phase and event."""
        if self._arrivals is None:
            found: dict[str, list[Arriving]] = {p.key: [] for p in self.posts}
            for path in self.paths:
                rms = self.rms_table(path.shock.time_ns)
                levels = [self.snrs(path, p, rms) for p in path.phases]
                self._at(path, levels, found)
            self._arrivals = {
                k: tuple(sorted(v, key=lambda a: (a.stamp_ns, a.phase, a.shock.event_id)))
                for k, v in found.items()
            }
        return self._arrivals[key]

    def _at(self, path: Paths, levels: list[Floats], found: dict[str, list[Arriving]]) -> None:
        s, scenario = path.shock, self.scenario
        last = (scenario.end_ns - s.time_ns) / NS_PER_S + 3600.0
        gap = path.first_time("S") - path.first_time("P")
        gap = np.where(np.isnan(gap), 60.0, gap)
        keys: dict[int, int] = {}
        for p, level in zip(path.phases, levels, strict=True):
            tstar, eta = wavelets.attenuation(p.phase, path.delta, scenario.physics.p_tstar_s)
            for i in (int(j) for j in np.flatnonzero((level >= AUDIBLE_SNR) & (p.time_s < last))):
                post = self.posts[i]
                if i not in keys:
                    keys[i] = draws.key(scenario.seed, "arrival", post.key, s.name, s.time_ns)
                delta, azimuth, slowness = float(path.delta[i]), float(path.azimuth[i]), float(p.slowness[i])
                time_ns = s.time_ns + seconds_to_ns(float(p.time_s[i]))
                sign, nodal = polarity(s, p.phase, azimuth, slowness)
                found[post.key].append(
                    Arriving(
                        shock=s,
                        phase=p.phase,
                        key=keys[i],
                        time_ns=time_ns,
                        stamp_ns=time_ns + seconds_to_ns(self.clock_offset_s(post.key, time_ns)),
                        delta=delta,
                        azimuth=azimuth,
                        backazimuth=float(path.backazimuth[i]),
                        slowness=slowness,
                        log_a=float(p.log_a[i]),
                        snr=float(level[i]),
                        first=bool(p.first[i]),
                        polarity=sign,
                        nodal=nodal,
                        shape=wavelets.shape(
                            p.phase, s, delta, float(tstar[i]), float(eta[i]), float(gap[i])
                        ),
                    )
                )
