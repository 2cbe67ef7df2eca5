"""The page of a relative location: where the events lie beside the master, how sure that is. Both languages.

Rules: those of `report`; one scale for east and north; ellipses are of 90 % coverage.
"""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from testban.base.errors import InputError
from testban.repeat.relative import Placed, Relative
from testban.show import report, svg, texts
from testban.show.texts import Both, fixed, num, t

SIZE, MARGIN = 620.0, 56.0


def render(
    master: str, place: tuple[float, float], names: Sequence[str], result: Relative, language: str = "en"
) -> str:
    """The page as one self-contained HTML text. place: longitude, latitude. InputError for another language than en, ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    rows = [
        {
            "name": names[p.event], "east": fixed(p.east_m, 0, sign=True), "north": fixed(p.north_m, 0, sign=True),
            "ellipse": f"{p.semimajor_m:.0f} × {p.semiminor_m:.0f}", "strike": fixed(p.strike_deg, 0), "phases": p.n_phases,
            "shift": fixed(p.shift_s, 3, sign=True), "master": names[p.event] == master,
        }
        for p in result.placed
    ]  # fmt: skip
    values: dict[str, Any] = {
        "language": language,
        "sentence": _sentence(master, place, result),
        "scales": [f"{phase} {fixed(v, 2)}" for phase, v in sorted(result.scale.items())],
        "rows": rows,
        "map": chart(names, result.placed),
        "limits": limits(),
    }
    return report.fill("relative.html.j2", values)


def _sentence(master: str, place: tuple[float, float], r: Relative) -> Both:
    return t(
        "{n:event|events} beside {master} at {place}, from {d:difference|differences} of arrival times; loops close to {c} ms, times are good to {s} ms, the slowness of the model to {q} s/km.",
        n=num(float(len(r.placed) - 1), 0), master=master, place=texts.position(place[0], place[1], 3),
        d=num(float(r.n_differences), 0), c=num(1e3 * r.closure_s, 1), s=num(1e3 * r.sigma_s, 0), q=num(r.tau_s_km, 4),
    )  # fmt: skip


def limits() -> tuple[Both, ...]:
    """What such a location cannot say, said on every page."""
    return (
        t(
            "Positions are beside the master: where its own position is wrong, all are wrong with it. Coordinates with different masters are not to be compared."
        ),
        t(
            "Depths are held equal: another depth moves the origin time, and the place where stations stand on one side."
        ),
        t(
            "The ellipses hold the error of times and of the model's slowness, each station by itself and each phase as a whole."
        ),
    )


def chart(names: Sequence[str], placed: Sequence[Placed]) -> Markup:
    """Positions and ellipses in metres, north up."""
    reach = max(
        [60.0, *(max(abs(p.east_m), abs(p.north_m)) + p.semimajor_m for p in placed)],
    )
    reach *= 1.08
    half = 0.5 * (SIZE - MARGIN)

    def xy(east: float, north: float) -> tuple[float, float]:
        return MARGIN + half * (1.0 + east / reach), half * (1.0 - north / reach)

    parts: list[str] = []
    ticks = svg.nice_ticks(-reach, reach, 7)
    for v in ticks:
        x, y = xy(v, v)
        parts.append(svg.line(x, 0.0, x, 2 * half, stroke=svg.GRID))
        parts.append(svg.line(MARGIN, y, SIZE, y, stroke=svg.GRID))
        parts.append(svg.text(x, 2 * half + 16, svg.tick_text(v, ticks), text_anchor="middle", fill=svg.SOFT))
        if y > 22.0:  # the name of the axis stands above
            parts.append(
                svg.text(MARGIN - 6, y + 4, svg.tick_text(v, ticks), text_anchor="end", fill=svg.SOFT)
            )
    parts.append(svg.text(MARGIN + half, 2 * half + 34, t("East, m"), text_anchor="middle", fill=svg.SOFT))
    parts.append(svg.text(8.0, 14.0, t("North, m"), fill=svg.SOFT))
    for p in placed:
        parts.append(svg.polyline([xy(e, n) for e, n in outline(p)], stroke=svg.BLUE, stroke_width=1.2))
    few = len(placed) <= 25
    for p in placed:
        x, y = xy(p.east_m, p.north_m)
        at_master = p.semimajor_m == 0.0
        mark = (
            svg.star(x, y, 9.0, fill=svg.RED)
            if at_master
            else svg.element("circle", cx=x, cy=y, r=3.5, fill=svg.BLUE)
        )
        parts.append(svg.tip(mark, names[p.event]))
        if few:
            parts.append(svg.text(x + 9, y - 7, names[p.event]))
    return svg.picture(SIZE, SIZE - MARGIN + 40, parts, t("Positions beside the master, north up"))


def outline(p: Placed, n: int = 72) -> list[tuple[float, float]]:
    """Points (east, north; m) of the ellipse, closed."""
    a = math.radians(p.strike_deg)
    points = []
    for k in range(n + 1):
        u = p.semimajor_m * math.cos(2.0 * math.pi * k / n)
        v = p.semiminor_m * math.sin(2.0 * math.pi * k / n)
        points.append(
            (
                p.east_m + u * math.sin(a) + v * math.cos(a),
                p.north_m + u * math.cos(a) - v * math.sin(a),
            )
        )
    return points
