"""The page of the watch: what was found, how sure that is, and what it could not have found. Both languages.

Rules: those of `report`; numbers come from the tables, this file only lays out.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.times import format_time
from testban.repeat.decision import Decision
from testban.repeat.footprint import Loss
from testban.repeat.measure import Measured, Pair, relative_yield
from testban.repeat.scan import Hour, Peak
from testban.repeat.stack import log_tail
from testban.repeat.threshold import CELL_S, YEAR_S, Threshold, normal_level
from testban.show import footprint, report, svg, texts
from testban.show.texts import Both, comma, fixed, hertz, joined, num, t

F64 = NDArray[np.float64]
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1060.0, 64.0, 16.0, 18.0, 34.0
MOST = 20  # detections that are drawn; all stand in the table


class Subject(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One template and what the watch says of it; decision None where it could not be decided, error says why."""

    template_id: str
    origin_ns: int
    longitude: float
    latitude: float
    stations: tuple[str, ...]
    n_channels: int
    hours: tuple[Hour, ...]
    decision: Decision | None
    detections: tuple[tuple[Peak, Measured], ...]
    error: str = ""
    beside: tuple[Both, ...] = ()
    losses: tuple[Loss, ...] = ()


def render(subjects: Sequence[Subject], language: str = "en", *, simulated: bool = False) -> str:
    """The page as one self-contained HTML text; `language` is shown first. InputError for another than en or ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    values: dict[str, Any] = {
        "subjects": [_view(s) for s in subjects],
        "limits": limits(),
        "language": language,
        "simulated": simulated,
    }
    return report.fill("watch.html.j2", values)


def limits() -> tuple[Both, ...]:
    """What the watch cannot see, said on every page."""
    return (
        t(
            "The watch covers the neighbourhood of its masters only. A decoupled shot, one 4 km away, or one at another depth is not the same waveform: published for one array, the level rises by up to one magnitude at 4 km; the footprint of each template here is a model. Silence here is no silence of such a shot."
        ),
        t(
            "Relative magnitude is a ratio of amplitudes in the lowest band; a smaller shot has a higher corner frequency and another depth may change the path, which is not in its error."
        ),
        t(
            "A repeat says that its source lies near the master and moves the ground alike; it does not say what it was."
        ),
    )


def sentence(s: Subject) -> Both:
    """What the noise said of one template."""
    if s.decision is None:
        return texts.foreign(s.error)
    th = s.decision.threshold
    said = t(
        "Threshold {z} for {n:false alarm|false alarms} a year, measured on {h} h of surrogates of the template and carried {x:time|times} beyond them; {searched} h searched.",
        z=num(th.z, 2), n=num(th.false_alarms_per_year, 2), h=num(th.noise_hours, 1), x=num(th.beyond, 0),
        searched=num(s.decision.searched_hours, 2),
    )  # fmt: skip
    if s.decision.excluded:
        return said
    more = t(
        "The record is too short to take its own events out of the noise: the threshold is higher than it need be."
    )
    return texts.joined([said, more])


def _view(s: Subject) -> dict[str, Any]:
    rows = [
        {
            "time": format_time(m.time_ns),
            "statistic": fixed(p.statistic, 1),
            "channels": len(m.matches),
            "stations": len({x.station for x in m.matches}),
            "size": _size(m),
            "pairs": pairs(m.pairs) if k < MOST else "",
        }
        for k, (p, m) in enumerate(s.detections)
    ]
    return {
        "name": s.template_id,
        "origin": format_time(s.origin_ns),
        "place": texts.position(s.longitude, s.latitude, 3),
        "stations": ", ".join(s.stations),
        "n_channels": s.n_channels,
        "sentence": sentence(s),
        "rows": rows,
        "beside": s.beside,
        "losses": footprint.rows(s.losses),
        "course": course(s) if s.decision is not None else "",
        "tail": tail(s.decision.noise, s.decision.threshold) if s.decision is not None else "",
    }


def _size(m: Measured) -> Both | str:
    if m.relative_magnitude is None:
        return texts.DASH
    low, high = relative_yield(m.relative_magnitude, m.relative_magnitude_sigma or 0.0)
    return t(
        "{size} ± {sigma}; yield {low} to {high} of the master's, if fired alike",
        size=num(m.relative_magnitude, 2, sign=True), sigma=num(m.relative_magnitude_sigma, 2), low=comma(texts.sig(low, 2)), high=comma(texts.sig(high, 2)),
    )  # fmt: skip


def _axes(height: float, low: float, high: float, label: Both, ticks: Sequence[float]) -> list[str]:
    parts = []
    for v in ticks:
        y = TOP + (high - v) / (high - low) * (height - TOP - BOTTOM)
        parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, stroke=svg.GRID))
        parts.append(svg.text(LEFT - 6, y + 4, svg.tick_text(v, ticks), text_anchor="end", fill=svg.SOFT))
    parts.append(svg.text(4.0, 12.0, label, fill=svg.SOFT))
    return parts


def course(s: Subject, height: float = 220.0) -> Markup:
    """The statistic over time (largest value of each cell), its threshold and the detections."""
    assert s.decision is not None
    begin, end = s.hours[0].block * 3600.0, (s.hours[-1].block + 1) * 3600.0
    held = [
        (h.block * 3600.0 + CELL_S * (i + 0.5), float(v)) for h in s.hours for i, v in enumerate(h.cells[0])
    ]
    seen = [(x, v) for x, v in held if math.isfinite(v)]
    if seen:
        begin, end = seen[0][0] - 60.0, seen[-1][0] + 60.0
    z = s.decision.threshold.z
    most = max([z, *(v for _, v in seen)]) * 1.08
    low = min([0.0, *(v for _, v in seen)])

    def px(x: float) -> float:
        return LEFT + (x - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)

    def py(v: float) -> float:
        return TOP + (most - v) / (most - low) * (height - TOP - BOTTOM)

    parts = _axes(height, low, most, t("statistic"), svg.nice_ticks(low, most, 5))
    thin = max(1, len(held) // 4000)
    shown = [
        (held[i][0], max((v for _, v in held[i : i + thin] if math.isfinite(v)), default=math.nan))
        for i in range(0, len(held), thin)
    ]
    parts.append(
        svg.polyline(
            [(px(x), py(v)) for x, v in shown if begin <= x <= end], stroke=svg.BLUE, stroke_width="1.2"
        )
    )
    parts.append(
        svg.line(
            LEFT, py(z), WIDTH - RIGHT, py(z), stroke=svg.RED, stroke_dasharray="6 4", stroke_width="1.4"
        )
    )
    parts.append(svg.text(WIDTH - RIGHT, py(z) - 5, t("threshold"), text_anchor="end", fill=svg.RED))
    for p, _ in s.detections:
        parts.append(svg.element("circle", cx=px(p.time_ns * 1e-9), cy=py(p.statistic), r="4", fill=svg.RED))
    for k in range(5):
        x = begin + (end - begin) * k / 4
        anchor = ("start", "middle", "middle", "middle", "end")[k]
        parts.append(
            svg.text(
                px(x),
                height - 12,
                format_time(round(x) * 10**9, 0)[:16].replace("T", " "),
                text_anchor=anchor,
                fill=svg.SOFT,
            )
        )
    return svg.picture(WIDTH, height, parts, t("The statistic over time"))


def tail(values: F64, th: Threshold, height: float = 260.0) -> Markup:
    """How often surrogates rise above a level, per year; the fitted tail and where it meets the asked rate."""
    years = max(len(values), 1) * CELL_S / YEAR_S
    top, bottom = 6.3, min(-0.5, math.log10(th.false_alarms_per_year) - 0.7)
    left, right = 0.0, max(th.z, float(values[-1]) if len(values) else 0.0) * 1.08

    def px(z: float) -> float:
        return LEFT + (z - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def py(rate: float) -> float:
        return TOP + (top - rate) / (top - bottom) * (height - TOP - BOTTOM)

    parts = _axes(
        height, bottom, top, t("times a year, power of ten"), [float(k) for k in range(math.ceil(bottom), 7)]
    )
    step = max(1, len(values) // 1500)
    points = [
        (px(float(v)), py(math.log10((len(values) - i) / years)))
        for i, v in enumerate(values)
        if i % step == 0 or len(values) - i < 50
    ]
    parts.append(svg.polyline(points, stroke=svg.BLUE, stroke_width="1.6"))
    u, rate = log_tail(th.level), th.excesses / max(th.noise_hours * 3600.0 / YEAR_S, 1e-12)
    fitted = []
    for k in range(60):
        y = u + k * 0.02 * (log_tail(right) - u)
        fitted.append((px(normal_level(y)), py(math.log10(rate) - (y - u) / th.beta / math.log(10.0))))
    parts.append(
        svg.polyline(
            [q for q in fitted if q[1] <= height - BOTTOM and q[0] <= WIDTH - RIGHT],
            stroke=svg.ORANGE,
            stroke_width="1.6",
            stroke_dasharray="5 3",
        )
    )
    asked = py(math.log10(th.false_alarms_per_year))
    parts.append(svg.line(LEFT, asked, WIDTH - RIGHT, asked, stroke=svg.RED, stroke_dasharray="2 3"))
    parts.append(svg.line(px(th.z), TOP, px(th.z), height - BOTTOM, stroke=svg.RED, stroke_dasharray="6 4"))
    parts.append(svg.text(px(th.z) - 6, TOP + 12, t("threshold"), text_anchor="end", fill=svg.RED))
    ticks = svg.nice_ticks(left, right, 8)
    parts += [
        svg.text(px(v), height - 12, svg.tick_text(v, ticks), text_anchor="middle", fill=svg.SOFT)
        for v in ticks
    ]
    return svg.picture(WIDTH, height, parts, t("The tail of the noise"))


def pairs(rows: Sequence[Pair]) -> Markup:
    """Master (grey) and detection (blue) of each channel, each to its own size, one above the other."""
    each, left = 46.0, 190.0
    parts: list[str] = []
    for k, p in enumerate(rows):
        middle = 26.0 + each * (k + 0.5)
        m = p.match
        name = joined([m.station, m.component, hertz(f"{m.band[0]:g}-{m.band[1]:g} Hz")])
        parts.append(svg.text(4.0, middle - 2, name, font_weight="600"))
        parts.append(svg.text(4.0, middle + 14, f"r {m.correlation:.2f}", fill=svg.SOFT))
        for x, colour, width in ((p.master, svg.FAINT, "2.2"), (p.detection, svg.BLUE, "0.9")):
            most = float(np.max(np.abs(x))) or 1.0
            step = (WIDTH - left - RIGHT) / max(1, len(x) - 1)
            line = [(left + i * step, middle - 0.48 * each * float(v) / most) for i, v in enumerate(x)]
            parts.append(svg.polyline(line, stroke=colour, stroke_width=width))
    parts.append(svg.text(left, 14.0, t("master"), fill=svg.FAINT, font_weight="600"))
    parts.append(svg.text(left + 130, 14.0, t("detection"), fill=svg.BLUE, font_weight="600"))
    return svg.picture(WIDTH, 34.0 + each * len(rows), parts, t("Master and detection"))
