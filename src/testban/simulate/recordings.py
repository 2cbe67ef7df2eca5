"""Continuous records of a simulated world: int32 counts with gaps, glitches and clipping, an hour at a time.

Rules: the same scenario gives the same samples, whichever hours, stations or order are asked for. Samples lie on
the absolute grid index / rate since 1970. Counts are rounded half to even and clipped at the instrument's full scale.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.records import Segment
from testban.base.spans import Span, intersect
from testban.base.times import DAY_NS, HOUR_NS, NS_PER_S
from testban.simulate import draws
from testban.simulate.network import Post, Receiver
from testban.simulate.noise import NoiseMaker
from testban.simulate.render import PAD_S, Arriving, Renderer
from testban.simulate.scenario import Scenario
from testban.simulate.world import World

Floats = NDArray[np.float64]
AHEAD_S = PAD_S + 1.0


class Recorder:
    """Makes samples of a world; may be kept to make many hours of one station."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.noise = NoiseMaker(world.scenario, world.posts)
        self.renderer = Renderer()
        self._held: dict[tuple[str, str, str], dict[str, tuple[int, Floats]]] = {}

    def hour(self, key: str, hour_ns: int) -> list[Segment]:
        """What a station (or array, all its channels) recorded in the clock hour from hour_ns, sorted by channel."""
        post = self.world.by_key.get(key)
        if post is None:
            raise InputError(f"expected one of the scenario's stations, got {key!r}")
        scenario = self.world.scenario
        span = Span(max(hour_ns, scenario.start_ns), min(hour_ns + HOUR_NS, scenario.end_ns))
        rendered = [self._render(post, a) for a in self._sounding(key, span)]
        up = intersect(self.world.up(key), [span])
        out: list[Segment] = []
        for r in sorted(post.receivers, key=lambda r: r.nslc):
            rate = r.instrument.rate_hz
            first, stop = _index(span.start_ns, rate), _index(span.end_ns, rate)
            if stop <= first:
                continue
            x = self.noise.samples(post, r, first, stop - first)
            for parts in rendered:
                _add(x, first, *parts[str(r.nslc)])
            self._glitch(x, first, r, span)
            top = 2.0 ** (r.instrument.clip_bits - 1)
            counts = np.clip(np.rint(x), -top, top - 1.0).astype(np.int32)
            for u in up:
                a, b = _index(u.start_ns, rate), _index(u.end_ns, rate)
                if b > a:
                    out.append(
                        Segment(
                            nslc=r.nslc,
                            start_ns=_stamp(a, rate),
                            sample_rate_hz=rate,
                            samples=counts[a - first : b - first],
                        )
                    )
        return out

    def _sounding(self, key: str, span: Span) -> list[Arriving]:
        ahead = round(AHEAD_S * NS_PER_S)
        out = []
        for a in self.world.arrivals(key):
            # LR is stamped at 20 s; its longest periods come a quarter of the travel time before
            early = ahead + (round(0.3 * a.slowness * a.delta * NS_PER_S) if a.phase == "LR" else 0)
            late = round((2.1 * (a.shape.length_s + 40.0) + 20.0) * NS_PER_S)
            if a.stamp_ns - early < span.end_ns and a.stamp_ns + late > span.start_ns:
                out.append(a)
        return out

    def _render(self, post: Post, a: Arriving) -> dict[str, tuple[int, Floats]]:
        ident = (post.key, a.shock.event_id, a.phase)
        if ident not in self._held:
            if len(self._held) > 40:
                for k in list(self._held)[:20]:
                    del self._held[k]
            self._held[ident] = self.renderer.counts(post, a)
        return self._held[ident]

    def _glitch(self, x: Floats, first: int, r: Receiver, span: Span) -> None:
        faults, scenario = self.world.scenario.faults, self.world.scenario
        if faults.glitches_per_day <= 0.0:
            return
        hour = span.start_ns // HOUR_NS * HOUR_NS
        at = draws.poisson_times(
            draws.key(scenario.seed, "glitches", str(r.nslc), hour),
            faults.glitches_per_day * HOUR_NS / DAY_NS,
        )
        u = draws.uniform(draws.key(scenario.seed, "glitch", str(r.nslc), hour), 3 * len(at))
        for n, where in enumerate(at):
            i = _index(hour + round(float(where) * HOUR_NS), r.instrument.rate_hz) - first
            size = (1.0 if u[3 * n] < 0.5 else -1.0) * faults.glitch_counts * float(u[3 * n + 1])
            for j in range(i, i + 1 + int(3.0 * float(u[3 * n + 2]))):
                if 0 <= j < len(x):
                    x[j] += size


def recordings(
    scenario: Scenario, stations: Sequence[str] | None = None, world: World | None = None
) -> Iterator[list[Segment]]:
    """All segments of the scenario, one list a station and clock hour, by station (sorted) and then by time.

    stations: keys to make only some. The world may be handed over where it is at hand (it is made once otherwise).
    """
    world = world or World(scenario)
    recorder = Recorder(world)
    for post in world.posts:
        if stations is not None and post.key not in stations:
            continue
        for h in scenario.hours:
            yield recorder.hour(post.key, h)


def _index(time_ns: int, rate: float) -> int:
    """First grid index at or after a time."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    per_hop = round(rate * 256.0)  # samples in 256 s: a whole number
    hops, s = divmod(seconds, 256)
    return hops * per_hop + -int(-((s * NS_PER_S + rest) * per_hop) // (256 * NS_PER_S))


def _stamp(index: int, rate: float) -> int:
    """Time of a grid index, to the nanosecond."""
    per_hop = round(rate * 256.0)
    hops, i = divmod(index, per_hop)
    return hops * 256 * NS_PER_S + (i * 256 * NS_PER_S + per_hop // 2) // per_hop


def _add(x: Floats, first: int, begin: int, part: Floats) -> None:
    a, b = max(first, begin), min(first + len(x), begin + len(part))
    if a < b:
        x[a - first : b - first] += part[a - begin : b - begin]
