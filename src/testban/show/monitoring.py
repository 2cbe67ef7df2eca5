"""The page of threshold monitoring: what each minute could have hidden at a site, and what it says day by day.

Rules: those of `report`; a minute that is not watched is drawn as a gap and never as quiet.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from testban.assure.monitoring import Hidden, Minute, Place, Settings, hidden
from testban.base.errors import InputError
from testban.base.times import NS_PER_S, format_time
from testban.show import report, svg, texts
from testban.show.texts import N_, Both, num, t

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1060.0, 280.0, 64.0, 16.0, 22.0, 34.0
MOST = 4000
ASSUMPTIONS = (
    N_(
        "The joint limit follows Ringdal & Kvaerna 1989; its equation is quoted from memory, unconfirmed. Stations scatter independently about the law."
    ),
    N_(
        "Amplitudes are short-term averages in the detection band with the response removed at its centre; 2.4 log10(km) - 3.95 nearer than 20 degrees, Veith-Clawson beyond; no station terms but those given."
    ),
    N_(
        "A limit says what could have been hidden, not what would have been seen: the detection threshold is the higher of the two."
    ),
    N_(
        "The safe limit holds whether or not an event is there (product of probabilities judged by its own distribution); the published one holds only while none is, and lies below the magnitude of one that is."
    ),
    N_(
        "An array listens by a beam steered to the site and is taken to lose 0.1 of a magnitude of the signal (assumed); a place away from the site loses more."
    ),
)


def assumptions(settings: Settings) -> list[Both]:
    """What the limits assume; station terms where they were given."""
    out = [t(a) for a in ASSUMPTIONS]
    if settings.terms:
        out.append(
            t(
                "Terms of {n:station|stations}, as given, are taken off their readings; they hold for the places that they were measured at.",
                n=len(settings.terms),
            )
        )
    return out


class Shown(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One site on the page."""

    place: Place
    stations: tuple[str, ...]
    minutes: tuple[Minute, ...]
    median: float | None
    detection: float | None


def daily(name: str, day: Hidden, target: float) -> Both:
    """The statement on one site and one day."""
    when = format_time(day.start_s * NS_PER_S, 0)[:10]
    if day.largest is None:
        return t("{day}, {site}: not watched; any event could have been hidden.", day=when, site=name)
    said = [
        t(
            "{day}, {site}: no event above mb {m} could have been hidden in the minutes watched (confidence as stated), half of the time none above {q}.",
            day=when, site=name, m=num(day.largest, 2), q=num(day.median, 2),
        )
    ]  # fmt: skip
    if day.above:
        said.append(
            t(
                "In {n} of {all:minute|minutes} mb {target} could have hidden; of these not wholly watched: {blind}.",
                n=day.above, all=day.minutes, target=num(target, 1), blind=day.unwatched,
            )
        )  # fmt: skip
    else:
        said.append(
            t(
                "In none of {all:minute|minutes} could mb {target} have hidden.",
                all=day.minutes,
                target=num(target, 1),
            )
        )
    return texts.joined(said)


def _line(
    rows: Sequence[Minute], safe: bool, px: Callable[[float], float], py: Callable[[float], float]
) -> list[tuple[float, float]]:
    """Steps of one of the limits; a gap where nothing is known or minutes are missing."""
    step = max(1, len(rows) // MOST)
    line: list[tuple[float, float]] = []
    for i in range(0, len(rows), step):
        part = rows[i : i + step]
        own = [v for r in part if (v := r.safe if safe else r.limit) is not None]
        x = px(part[0].start_s)
        y = py(max(own)) if own else math.nan
        line += [(x, y), (px(part[-1].start_s + 60), y)]
        if i + step < len(rows) and rows[i + step].start_s != part[-1].start_s + 60:
            line.append((x, math.nan))
    return line


def course(s: Shown, target: float) -> Markup:
    """The limit over time (the largest of what one step of the picture holds), target, detection threshold, hours."""
    rows = s.minutes
    known = [v for r in rows for v in (r.limit, r.safe) if v is not None]
    levels = [target, *known, *([s.detection] if s.detection is not None else [])]
    low, high = math.floor(2.0 * min(levels)) / 2.0 - 0.25, math.ceil(2.0 * max(levels)) / 2.0 + 0.25
    begin, end = rows[0].start_s, rows[-1].start_s + 60

    def px(x: float) -> float:
        return LEFT + (x - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)

    def py(v: float) -> float:
        return TOP + (high - v) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for h in hidden(list(rows), target, 3600):
        if h.above:
            a, b = px(max(begin, h.start_s)), px(min(end, h.start_s + 3600))
            parts.append(
                svg.element("rect", x=a, y=TOP, width=b - a, height=HEIGHT - TOP - BOTTOM, fill="#fbe9e2")
            )
    ticks = svg.nice_ticks(low, high, 6)
    for v in ticks:
        parts.append(svg.line(LEFT, py(v), WIDTH - RIGHT, py(v), stroke=svg.GRID))
        parts.append(svg.text(LEFT - 6, py(v) + 4, svg.tick_text(v, ticks), text_anchor="end", fill=svg.SOFT))
    parts.append(svg.text(4.0, 14.0, t("largest hidden mb"), fill=svg.SOFT))
    for safe, ink in ((False, svg.FAINT), (True, svg.BLUE)):
        parts.append(svg.polyline(_line(rows, safe, px, py), stroke=ink, stroke_width="1.3"))
    for level, colour, name, x, anchor in (
        (target, svg.RED, t("target"), LEFT + 4, "start"),
        (s.detection, svg.GREEN, t("detection, 3 stations"), WIDTH - RIGHT, "end"),
    ):
        if level is not None:
            parts.append(
                svg.line(LEFT, py(level), WIDTH - RIGHT, py(level), stroke=colour, stroke_dasharray="6 4", stroke_width="1.3")
            )  # fmt: skip
            parts.append(svg.text(x, py(level) - 4, name, text_anchor=anchor, fill=colour))
    for k in range(5):
        x = begin + (end - begin) * k / 4
        anchor = ("start", "middle", "middle", "middle", "end")[k]
        said = format_time(round(x) * NS_PER_S, 0)[:16].replace("T", " ")
        parts.append(svg.text(px(x), HEIGHT - 12, said, text_anchor=anchor, fill=svg.SOFT))
    return svg.picture(WIDTH, HEIGHT, parts, t("The largest event that each minute could have hidden"))


def _view(s: Shown, target: float) -> dict[str, Any]:
    days = hidden(list(s.minutes), target, 86400)
    hours = [h for h in hidden(list(s.minutes), target, 3600) if h.above]
    return {
        "name": s.place.name,
        "place": texts.position(s.place.longitude, s.place.latitude, 2),
        "stations": ", ".join(s.stations) or texts.DASH,
        "median": num(s.median, 2), "detection": num(s.detection, 2),
        "detects": s.detection is not None,
        "course": course(s, target) if any(r.limit is not None for r in s.minutes) else "",
        "days": [daily(s.place.name, d, target) for d in days],
        "hours": [
            (format_time(h.start_s * NS_PER_S, 0)[:16].replace("T", " "), texts.fixed(h.largest, 2), h.above, h.unwatched)
            for h in hours[:200]
        ],
        "more": max(0, len(hours) - 200),
    }  # fmt: skip


def render(
    sites: Sequence[Shown], target: float, s: Settings, simulated: bool = False, language: str = "en"
) -> str:
    """The page as one self-contained HTML text; `language` is shown first. InputError for another than en or ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    values: dict[str, Any] = {
        "sites": [_view(x, target) for x in sites], "target": num(target, 1), "simulated": simulated,
        "assumptions": assumptions(s), "language": language,
        "level": num(100 * s.level, 0), "sigma": num(s.sigma, 2), "tolerance": s.tolerance_s,
        "near": f"{s.near_band_hz[0]:g}–{s.near_band_hz[1]:g}", "far": f"{s.far_band_hz[0]:g}–{s.far_band_hz[1]:g}",
    }  # fmt: skip
    return report.fill("monitor.html.j2", values)
