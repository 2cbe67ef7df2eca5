"""The watch itself: templates against the recordings of many stations, hour by hour of origin time.

Rules: of a station the template's own sensor is taken if it was recorded, else the one with the longest record; an
hour depends on nothing but the samples within its windows; at most two hours of station statistics are held, so
memory does not grow with the length of the data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import numpy as np

from testban.base.geo import delaz_
from testban.base.records import Channel, Segment
from testban.repeat.correlate import OUT, Part, Recorded, StationBlock, station_blocks
from testban.repeat.grid import block_span, window_of
from testban.repeat.ground import F64
from testban.repeat.stack import NetworkBlock, Prepared, Strength, network
from testban.repeat.template import RATE, Component, Template, TemplateChannel, components, sensors
from testban.repeat.threshold import cell_maxima

CANDIDATE = 4.0  # statistic from which on a maximum is kept
APART_S = 10.0

# Clean segments of a station over a window, and its channels at that time.
Loader = Callable[[str, int], tuple[Sequence[Segment], Sequence[Channel]]]


class Peak(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A maximum of the statistic: origin time implied, value, and stations that had data."""

    time_ns: int
    statistic: float
    stations: int


class Hour(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one block yields for one template: maxima of its cells by kind (template first), and peaks."""

    block: int
    template: int
    cells: F64
    peaks: tuple[Peak, ...]
    strength: Strength = Strength()


class Shared:
    """Recorded components of one station and hour, made once for all templates."""

    def __init__(self, segments: Sequence[Segment], channels: Sequence[Channel], start_ns: int) -> None:
        self.segments, self.channels, self.start_ns = segments, channels, start_ns
        self._made: dict[object, list[Component]] = {}
        self._recorded: dict[object, Recorded] = {}
        self.order = sensors(segments)

    def _components(
        self, sensor: tuple[str, str], c: TemplateChannel, backazimuth: float | None
    ) -> list[Component]:
        key = (sensor, c.band, c.unit == "counts", backazimuth)
        if key not in self._made:
            self._made[key] = components(
                self.segments, self.channels, sensor, c.band, self.start_ns, backazimuth, c.unit == "counts"
            )
        return self._made[key]

    def find(self, c: TemplateChannel, backazimuth: float | None) -> tuple[object, Component] | None:
        """What was recorded of a template's channel: the same component, of the same sensor if there is one."""
        at = self.order
        for sensor in [s for s in at if s[0] == c.location] + [s for s in at if s[0] != c.location]:
            for made in self._components(sensor, c, backazimuth):
                if made.component == c.component:
                    return (sensor, c.band, c.unit == "counts", backazimuth, c.component), made
        return None

    def recorded(self, own: Sequence[TemplateChannel], backazimuth: float | None) -> dict[int, Recorded]:
        """What was recorded of a template's channels, by their places."""
        out: dict[int, Recorded] = {}
        for i, c in enumerate(own):
            found = self.find(c, backazimuth)
            if found is not None:
                key, made = found
                if key not in self._recorded:
                    self._recorded[key] = Recorded(made, c.band)
                out[i] = self._recorded[key]
        return out


def backazimuth(template: Template, channels: Sequence[Channel]) -> float | None:
    """From a station to the master event, rounded so that its templates of one site share their components."""
    if not channels:
        return None
    place = channels[0]
    baz = delaz_(template.longitude, template.latitude, place.longitude, place.latitude)[2]
    return float(round(float(baz)))


def delay_of(template: Template, station: str) -> int:
    """Samples from the origin to the start of a station's window."""
    return template.of(station)[0].offset_samples


def scan(
    templates: Sequence[Prepared], blocks: range, load: Loader, kinds: Callable[[int], int]
) -> Iterator[Hour]:
    """Hours of all templates over the blocks, in order of blocks and templates.

    load: clean segments and channels of a station over the window of a block. kinds: how many of template and
    surrogates a block goes through. Raises nothing for missing data: such hours hold NaN.
    """
    needed = _needed(templates)
    held: dict[tuple[int, int, str], list[StationBlock]] = {}
    done: set[tuple[int, str]] = set()
    for block in blocks:
        count = kinds(block)
        for station, hours in sorted(needed.items()):
            for at in sorted({block + h + e for h in hours for e in (0, 1)}):
                if (at, station) not in done:
                    done.add((at, station))
                    _fill(
                        held,
                        templates,
                        station,
                        at,
                        load,
                        max(kinds(at - h - e) for h in hours for e in (0, 1)),
                    )
        for number, prepared in enumerate(templates):
            yield _hour(number, prepared, block, held, count)
        lowest = block + 1 + min((min(h) for h in needed.values()), default=0)
        held = {k: v for k, v in held.items() if k[0] >= lowest}
        done = {d for d in done if d[0] >= lowest}


def _needed(templates: Sequence[Prepared]) -> dict[str, list[int]]:
    out: dict[str, set[int]] = {}
    for p in templates:
        for s in p.template.stations:
            out.setdefault(s, set()).add(delay_of(p.template, s) // OUT)
    return {s: sorted(out[s]) for s in sorted(out)}


def _fill(
    held: dict[tuple[int, int, str], list[StationBlock]], templates: Sequence[Prepared], station: str, block: int,
    load: Loader, kinds: int,
) -> None:  # fmt: skip
    segments, channels = load(station, block)
    if not segments:
        return
    shared = Shared(segments, channels, window_of(block).start_ns)
    parts: list[tuple[Part, dict[int, Recorded]]] = []
    names: list[int] = []
    for number, p in enumerate(templates):
        own = p.template.of(station)
        recorded = shared.recorded(own, backazimuth(p.template, channels)) if own else {}
        if recorded:
            parts += [(part, recorded) for part in p.parts[station][:kinds]]
            names += [number] * min(kinds, len(p.parts[station]))
    for number, made in zip(names, station_blocks(parts), strict=True):
        held.setdefault((block, number, station), []).append(made)


def _hour(
    number: int,
    prepared: Prepared,
    block: int,
    held: Mapping[tuple[int, int, str], list[StationBlock]],
    kinds: int,
) -> Hour:
    template = prepared.template
    cells = []
    peaks: tuple[Peak, ...] = ()
    strength = Strength()
    for kind in range(kinds):
        rows = []
        for s in template.stations:
            hours, delay = divmod(delay_of(template, s), OUT)
            this, following = held.get((block + hours, number, s)), held.get((block + hours + 1, number, s))
            if this is not None or following is not None:
                rows.append((delay, this[kind] if this else None, following[kind] if following else None))
        made = network(rows, strength=kind == 0)
        cells.append(cell_maxima(made.statistic, RATE))
        if kind == 0:
            peaks, strength = peaks_of(made, block), made.strength
    return Hour(block=block, template=number, cells=np.array(cells), peaks=peaks, strength=strength)


def peaks_of(made: NetworkBlock, block: int) -> tuple[Peak, ...]:
    """Maxima of at least `CANDIDATE`, the largest first, each the largest within `APART_S`; in order of time."""
    x = np.where(np.isfinite(made.statistic), made.statistic, -np.inf)
    start, step = block_span(block).start_ns, 10**9 // RATE
    out: list[Peak] = []
    apart = round(APART_S * RATE)
    while len(out) < 400:
        i = int(np.argmax(x))
        if not x[i] >= CANDIDATE:
            break
        j = i
        while j + 1 < len(x) and x[j + 1] == x[i]:
            j += 1
        out.append(
            Peak(time_ns=start + (i + j) * step // 2, statistic=float(x[i]), stations=int(made.stations[i]))
        )
        x[max(0, i - apart) : j + apart] = -np.inf
    return tuple(sorted(out))


def declustered(peaks: Sequence[Peak], threshold: float, apart_s: float) -> tuple[Peak, ...]:
    """Peaks above a threshold, none within `apart_s` of a larger one; in order of time."""
    kept: list[Peak] = []
    for p in sorted(peaks, key=lambda p: (-p.statistic, p.time_ns)):
        if p.statistic > threshold and all(abs(p.time_ns - k.time_ns) > apart_s * 1e9 for k in kept):
            kept.append(p)
    return tuple(sorted(kept))
