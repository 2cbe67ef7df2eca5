"""The record section: traces by distance, aligned on the origin time, with picks and predicted phases.

Rules: rows in order of distance at equal spacing (true distances would lay clustered stations on each other); each
trace to its own largest sample in the window, which the caption says; what is drawn is the least and the greatest
sample of each half point, so no onset is lost; predicted times come from `testban.earth.travel` and are drawn
dashed, what was picked is drawn solid.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.base.records import Event, Pick, Site
from testban.base.times import format_time
from testban.earth import travel
from testban.show import svg
from testban.show.svg import BLUE, FAINT, GREEN, GRID, INK, ORANGE, PURPLE, RED, SOFT
from testban.show.texts import hertz, joined, t
from testban.show.traces import ReportTrace

WIDTH, LEFT, RIGHT, TOP, ROW = 640.0, 92.0, 8.0, 30.0, 30.0
MOST_ROWS = 36
COLUMNS = 1000
PHASES = ("P1", "Pn", "P", "Pg", "S1", "Sn", "S", "Lg")


class Row(NamedTuple):
    """One drawn trace."""

    trace: ReportTrace
    delta: float
    predicted: dict[str, float]


def colour(phase: str) -> str:
    """One colour a family of phases."""
    if phase.startswith(("Lg", "Rg")):
        return GREEN
    if phase.startswith(("LR", "LQ")):
        return PURPLE
    if phase.startswith("S") or phase.endswith("S"):
        return RED
    if phase.startswith(("pP", "sP")):
        return ORANGE
    return BLUE if phase else FAINT


def predicted(model: str, depth_km: float, delta: float) -> dict[str, float]:
    """Travel times in seconds of the phases that a section shows; empty for a model without tables."""
    try:
        tables = travel.load(model or "ak135")
    except InputError:
        return {}
    out: dict[str, float] = {}
    depth_km = depth_km if math.isfinite(depth_km) else 0.0
    for phase in PHASES:
        if phase == "Lg" and delta > 25:
            continue
        if phase in ("P1", "S1") or phase in tables.phases:
            value = float(np.asarray(tables.predict(phase, max(0.0, depth_km), delta)[0]))
            if math.isfinite(value):
                out[phase] = value
    for first, names in (("P1", ("Pn", "P", "Pg")), ("S1", ("Sn", "S"))):
        if first in out:
            at = out.pop(first)
            if not any(p in out and abs(out[p] - at) < 0.05 for p in names):
                out[first[0]] = at
    for regional, far in (("Pn", "P"), ("Sn", "S")):
        if regional in out and far in out and abs(out[regional] - out[far]) < 1.0:
            out.pop(far if delta < 16 else regional)
    return out


def rows(event: Event, traces: Sequence[ReportTrace], sites: Mapping[str, Site]) -> list[Row]:
    """The traces that hold any of the event's time, nearest first; those with arrivals win where there are too many."""
    o = event.origin
    seen = {a.station_key for a in event.arrivals}
    found: list[Row] = []
    for tr in traces:
        site = sites.get(tr.station_key)
        if site is None or len(tr.samples) < 2 or not tr.sample_rate_hz > 0:
            continue
        delta = delaz_(o.longitude, o.latitude, site.longitude, site.latitude)[0]
        if not math.isfinite(delta):
            continue
        times = predicted(o.model, o.depth_km, delta)
        first = min(times.values(), default=8.0 + 13.0 * min(delta, 100.0))
        before, after = tr.start_ns - o.time_ns, tr.end_ns - o.time_ns
        if before < (first + 30.0) * 1e9 and after > first * 1e9:
            found.append(Row(tr, delta, times))
    found = _one_each(found, o.time_ns)
    if len(found) > MOST_ROWS:
        found.sort(key=lambda r: (r.trace.station_key not in seen, r.delta, r.trace.nslc))
        found = found[:MOST_ROWS]
    found.sort(key=lambda r: (r.delta, r.trace.nslc))
    return found


def _one_each(found: Sequence[Row], origin_ns: int) -> list[Row]:
    """One trace for each channel: that which begins nearest before the first arrival."""
    best: dict[tuple[str, str], tuple[int, int, Row]] = {}
    for i, r in enumerate(found):
        first = origin_ns + round(min(r.predicted.values(), default=8.0 + 13.0 * r.delta) * 1e9)
        late = r.trace.start_ns > first
        rank = (int(late) * 10**18 + abs(first - r.trace.start_ns), i, r)
        key = (r.trace.station_key, r.trace.nslc)
        if key not in best or rank[:2] < best[key][:2]:
            best[key] = rank
    return [best[k][2] for k in sorted(best)]


def window(event: Event, found: Sequence[Row]) -> tuple[float, float]:
    """Seconds after the origin that the section shows."""
    o = event.origin.time_ns
    times = [(a.time_ns - o) / 1e9 for a in event.arrivals]
    times += [v for r in found for k, v in r.predicted.items() if k != "Lg" or r.delta < 12]
    have_low = min((r.trace.start_ns - o) / 1e9 for r in found)
    have_high = max((r.trace.end_ns - o) / 1e9 for r in found)
    low, high = min(times, default=have_low), max(times, default=have_high)
    pad = max(10.0, 0.08 * (high - low))
    low, high = max(low - pad, have_low), min(high + 1.5 * pad, have_high)
    return (low, high) if high > low + 1 else (have_low, max(have_high, have_low + 1))


def envelope(x: NDArray[np.float64], columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions (in samples) and values: the least and greatest of each column in their order of time."""
    n = len(x)
    if n <= 2 * columns:
        return np.arange(n, dtype=np.float64), x
    edges = np.linspace(0, n, columns + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(x, edges), np.maximum.reduceat(x, edges)
    at = (edges + n / columns / 2).astype(np.float64)
    quarter = n / columns / 4
    rising = np.r_[True, np.abs(low[1:] - high[:-1]) < np.abs(high[1:] - high[:-1])]
    first, second = np.where(rising, low, high), np.where(rising, high, low)
    return np.column_stack([at - quarter, at + quarter]).ravel(), np.column_stack([first, second]).ravel()


def trace_path(row: Row, origin_ns: int, low: float, high: float, y: float) -> str:
    """One trace as path data in tenths of a point; gaps and NaN break the line."""
    tr = row.trace
    start = (tr.start_ns - origin_ns) / 1e9
    a = max(0, math.ceil((low - start) * tr.sample_rate_hz))
    b = min(len(tr.samples), math.floor((high - start) * tr.sample_rate_hz) + 1)
    if b - a < 2:
        return ""
    x = np.asarray(tr.samples[a:b], dtype=np.float64)
    good = np.isfinite(x)
    if not good.any():
        return ""
    x = x - np.median(x[good])
    peak = float(np.abs(x[good]).max()) or 1.0
    k = (WIDTH - LEFT - RIGHT) / (high - low)
    share = (b - a) / tr.sample_rate_hz / (high - low)
    out = []
    runs = np.flatnonzero(np.diff(np.r_[False, good, False].astype(np.int8)))
    for i, j in zip(runs[0::2], runs[1::2], strict=True):
        at, v = envelope(x[i:j], max(8, round(COLUMNS * share * (j - i) / (b - a))))
        px = np.round(10 * (LEFT + (start + (a + i + at) / tr.sample_rate_hz - low) * k)).astype(int)
        py = np.round(10 * (y - v / peak * ROW * 0.56)).astype(int)
        dx, dy = np.diff(px), np.diff(py)
        steps = " ".join(f"{p} {q}" for p, q in zip(dx, dy, strict=True))
        out.append(f"M{px[0]} {py[0]}" + (f"l{steps}" if steps else ""))
    return "".join(out).replace(" -", "-")


def _axis(low: float, high: float, bottom: float) -> str:
    """Seconds after the origin, above and below."""
    ticks = svg.nice_ticks(low, high, 7)
    k = (WIDTH - LEFT - RIGHT) / (high - low)
    lines, names = [], []
    for v in ticks:
        x = LEFT + (v - low) * k
        lines.append(svg.line(x, TOP - 4, x, bottom))
        names.append(svg.text(x, bottom + 14, svg.tick_text(v, ticks), text_anchor="middle"))
    return svg.group(lines, stroke=GRID, stroke_width="1") + svg.group(
        names, font_size="11", fill=SOFT, class_="axis"
    )


def _curves(found: Sequence[Row], low: float, high: float) -> tuple[str, str]:
    """Predicted phases as dashed curves through the rows, and their names at the top."""
    k = (WIDTH - LEFT - RIGHT) / (high - low)
    curves: list[str] = []
    names: list[str] = []
    taken: list[tuple[float, float]] = []
    for phase in dict.fromkeys(p for r in found for p in r.predicted):
        points: list[tuple[float, float]] = []
        for i, r in enumerate(found):
            at = r.predicted.get(phase, math.nan)
            x = LEFT + (at - low) * k if low <= at <= high else math.nan
            y = TOP + i * ROW
            points += [(x, y - 3)] if i == 0 else []
            points += [(x, y + ROW / 2)] + ([(x, y + ROW)] if i == len(found) - 1 else [])
        curves.append(
            svg.polyline(
                points, stroke=colour(phase), stroke_width="1.2", stroke_dasharray="4 3", stroke_opacity="0.8"
            )
        )
        first = next((p for p in points if math.isfinite(p[0])), None)
        if first is None:
            continue
        x, y = first[0], first[1] - 4
        while any(abs(x - q[0]) < 20 and abs(y - q[1]) < 11 for q in taken):
            x += 10
        taken.append((x, y))
        names.append(svg.text(x, y, phase, fill=colour(phase), text_anchor="middle"))
    return "".join(curves), "".join(names)


def _picks(
    event: Event, picks: Sequence[Pick], index: Mapping[str, int], low: float, high: float
) -> tuple[list[str], list[str]]:
    """Bars of arrivals with their phases, thin grey ones of other detections."""
    o, k = event.origin.time_ns, (WIDTH - LEFT - RIGHT) / (high - low)
    bars, names = [], []
    mine = {a.pick_id for a in event.arrivals}
    for p in picks:
        at = (p.time_ns - o) / 1e9
        if p.pick_id in mine or p.station_key not in index or not low <= at <= high:
            continue
        x, y = LEFT + (at - low) * k, TOP + (index[p.station_key] + 0.5) * ROW
        bars.append(svg.line(x, y - 7, x, y + 7, stroke=FAINT, stroke_width="1.4"))
    for a in event.arrivals:
        at = (a.time_ns - o) / 1e9
        if a.station_key not in index or not low <= at <= high:
            continue
        x, y = LEFT + (at - low) * k, TOP + (index[a.station_key] + 0.5) * ROW
        bar = svg.line(
            x,
            y - 12,
            x,
            y + 12,
            stroke=colour(a.phase),
            stroke_width="2.2",
            stroke_dasharray=None if a.defining else "3 2",
        )
        bars.append(
            svg.tip(bar, f"{a.station_key} {a.phase} {format_time(a.time_ns)} ({_seconds(a.residual_s)})")
        )
        names.append(svg.text(x + 3, y - 6, a.phase, fill=colour(a.phase)))
    return bars, names


def _seconds(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:+.2f} s"


def record_section(
    event: Event, traces: Sequence[ReportTrace], picks: Sequence[Pick], sites: Mapping[str, Site]
) -> tuple[Markup, list[Row]]:
    """The picture (empty without a usable trace) and what it shows."""
    found = rows(event, traces, sites)
    if not found:
        return Markup(""), []
    low, high = window(event, found)
    bottom = TOP + len(found) * ROW
    o = event.origin.time_ns
    index: dict[str, int] = {}
    for i, r in enumerate(found):
        index.setdefault(r.trace.station_key, i)
    lines, names = [], []
    for i, r in enumerate(found):
        y = TOP + (i + 0.5) * ROW
        d = trace_path(r, o, low, high, y)
        if d:
            lines.append(svg.element("path", d=d))
        names.append(svg.tip(svg.text(2.0, y - 1, r.trace.nslc[:16]), r.trace.nslc))
        names.append(
            svg.text(
                2.0, y + 10, joined([f"{r.delta:.2f}° ", hertz(r.trace.band[:11])]), fill=SOFT, font_size="9"
            )
        )
    curves, curve_names = _curves(found, low, high)
    bars, bar_names = _picks(event, picks, index, low, high)
    clip = f"c{abs(hash_of(event.event_id))}"
    parts = [
        f'<defs><clipPath id="{clip}"><rect x="{LEFT}" y="0" width="{WIDTH - LEFT - RIGHT}" height="{bottom:.0f}"/></clipPath></defs>',
        _axis(low, high, bottom),
        f'<g clip-path="url(#{clip})"><g class="zoom">',
        svg.group(
            lines,
            class_="traces",
            transform="scale(.1)",
            stroke=INK,
            stroke_width="8",
            fill="none",
            stroke_linejoin="round",
        ),
        svg.group([curves]),
        svg.group(bars),
        svg.group([halo_text(bar_names)], font_size="9.5", font_weight="bold"),
        svg.group([curve_names], font_size="10.5"),
        "</g></g>",
        svg.group(names, font_size="10"),
        svg.text(
            (LEFT + WIDTH) / 2,
            bottom + 29,
            t("seconds after the origin time"),
            text_anchor="middle",
            fill=SOFT,
        ),
    ]
    made = svg.picture(
        WIDTH,
        bottom + 36,
        parts,
        t("Record section"),
        class_="section",
        data_low=f"{low:.3f}",
        data_high=f"{high:.3f}",
        data_left=f1(LEFT),
        data_right=f1(RIGHT),
        data_bottom=f1(bottom),
    )
    return made, found


def f1(x: float) -> str:
    """One decimal."""
    return svg.f1(x)


def hash_of(name: str) -> int:
    """A small number for an identifier inside the page that hostile text cannot shape."""
    value = 7
    for ch in name:
        value = (value * 131 + ord(ch)) % 1_000_000_007
    return value


def halo_text(names: Sequence[str]) -> str:
    """Texts over traces: a white rim under them."""
    body = "".join(names)
    return svg.group([body], stroke="#fff", stroke_width="3", aria_hidden="true") + body
