"""The watch itself: templates against the recordings of many stations, hour by hour of origin time.

Rules: of a station the template's own sensor is taken if it was recorded, else the one with the longest record; an
hour depends on nothing but the samples within its windows, one of each station; a window is prepared once for all templates
whose waves begin in the same `STEP_S` after their origins (all of one site); nothing is held from hour to hour nor from
template to template, so memory grows neither with the length of the data nor with the number of templates.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from testban.base.geo import delaz_
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.repeat.correlate import Recorded, StationBlock, station_blocks
from testban.repeat.grid import block_span, late_of, window_of
from testban.repeat.ground import F64
from testban.repeat.stack import NetworkBlock, Prepared, Strength, network
from testban.repeat.template import RATE, Component, Template, TemplateChannel, components, sensors
from testban.repeat.threshold import cell_maxima

CANDIDATE = 4.0  # statistic from which on a maximum is kept
APART_S = 10.0
MOST = 400  # of an hour
TOGETHER = 64  # statistics of a station and hour (0.6 MB each) that are held at once

# Clean segments of a station over a window, and its channels at that time.
Loader = Callable[[str, Span], tuple[Sequence[Segment], Sequence[Channel]]]


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


def late_s(template: Template, station: str) -> int:
    """How late the window of a station begins behind that of the hour of origin, s."""
    return late_of(template.of(station)[0].offset_samples // RATE)


def scan(
    templates: Sequence[Prepared], blocks: range, load: Loader, kinds: Callable[[int], int]
) -> Iterator[Hour]:
    """Hours of all templates over the blocks, in order of blocks and templates.

    load: clean segments and channels of a station over a window. kinds: how many of template and surrogates a block
    goes through. Raises nothing for missing data: such hours hold NaN.
    """
    for block in blocks:
        windows, count = Windows(block, load), kinds(block)
        most = max((len(p.template.stations) for p in templates), default=1)
        some = max(1, TOGETHER // (count * most))
        for first in range(0, len(templates), some):
            yield from _hours(first, templates[first : first + some], windows, count)


class Windows:
    """What was recorded of each station for one hour of origin time, by how late its window begins; read once."""

    def __init__(self, block: int, load: Loader) -> None:
        self.block, self._load = block, load
        self._held: dict[tuple[str, int], Shared | None] = {}

    def of(self, template: Template, station: str) -> dict[int, Recorded]:
        """Recorded channels of a template's station, by their places; none without data."""
        late = late_s(template, station)
        if (station, late) not in self._held:
            window = window_of(self.block, late)
            segments, channels = self._load(station, window)
            self._held[(station, late)] = Shared(segments, channels, window.start_ns) if segments else None
        shared = self._held[(station, late)]
        if shared is None:
            return {}
        return shared.recorded(template.of(station), backazimuth(template, shared.channels))


def _hours(first: int, templates: Sequence[Prepared], windows: Windows, kinds: int) -> Iterator[Hour]:
    """Hours of some templates, which go through each station together."""
    made: list[list[list[StationBlock]]] = [[] for _ in templates]
    for station in sorted({s for p in templates for s in p.template.stations}):
        own = [(i, p, windows.of(p.template, station)) for i, p in enumerate(templates) if station in p.parts]
        parts = [(part, recorded) for _, p, recorded in own if recorded for part in p.parts[station][:kinds]]
        blocks = station_blocks(parts)
        for i, _, recorded in own:
            if recorded:
                made[i].append(blocks[:kinds])
                blocks = blocks[kinds:]
    for i, stations in enumerate(made):
        yield _hour(first + i, stations, windows.block, kinds)


def _hour(number: int, stations: Sequence[Sequence[StationBlock]], block: int, kinds: int) -> Hour:
    cells = []
    peaks: tuple[Peak, ...] = ()
    strength = Strength()
    for kind in range(kinds):
        made = network([s[kind] for s in stations], strength=kind == 0)
        cells.append(cell_maxima(made.statistic, RATE))
        if kind == 0:
            strength = made.strength
            if not np.nanmax(cells[0], initial=-np.inf) < CANDIDATE or np.isnan(cells[0]).any():
                peaks = peaks_of(made, block)
    return Hour(block=block, template=number, cells=np.array(cells), peaks=peaks, strength=strength)


def peaks_of(made: NetworkBlock, block: int) -> tuple[Peak, ...]:
    """Maxima of at least `CANDIDATE`, the largest first, each the largest within `APART_S`; in order of time."""
    start, step = block_span(block).start_ns, 10**9 // RATE
    at = np.flatnonzero(made.statistic >= CANDIDATE)
    values = made.statistic[at]
    out: list[Peak] = []
    apart = round(APART_S * RATE)
    while len(at) and len(out) < MOST:
        k = int(np.argmax(values))
        i = j = int(at[k])
        while k + 1 < len(at) and at[k + 1] == j + 1 and values[k + 1] == values[k]:
            k, j = k + 1, j + 1
        out.append(
            Peak(
                time_ns=start + (i + j) * step // 2,
                statistic=float(values[k]),
                stations=int(made.stations[i]),
            )
        )
        left = (at < i - apart) | (at >= j + apart)
        at, values = at[left], values[left]
    return tuple(sorted(out))


def declustered(peaks: Sequence[Peak], threshold: float, apart_s: float) -> tuple[Peak, ...]:
    """Peaks above a threshold, none within `apart_s` of a larger one; in order of time."""
    kept: list[Peak] = []
    for p in sorted(peaks, key=lambda p: (-p.statistic, p.time_ns)):
        if p.statistic > threshold and all(abs(p.time_ns - k.time_ns) > apart_s * 1e9 for k in kept):
            kept.append(p)
    return tuple(sorted(kept))
