"""The capability map as a picture: thresholds in colours, coasts without borders, stations, and what it assumes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.assure.capability import Rule, Sensor
from testban.show import land, svg
from testban.show.svg import BLUE, SOFT, f1
from testban.show.texts import Both, num, t

SCALE = 2.5
COLOURS = (
    "#053061",
    "#2166ac",
    "#4393c3",
    "#92c5de",
    "#d1e5f0",
    "#f7f0e4",
    "#fddbc7",
    "#f4a582",
    "#d6604d",
    "#b2182b",
)
FIRST, STEP = 2.75, 0.25
BLIND = "#555555"


def colour(mb: float) -> str:
    """The colour of a threshold; grey where the network sees nothing with that probability."""
    return BLIND if mb != mb else COLOURS[min(max(int((mb - FIRST) // STEP), 0), len(COLOURS) - 1)]


def _at(lon: float, lat: float) -> tuple[float, float]:
    return (lon + 180.0) * SCALE, (90.0 - lat) * SCALE


def cells(step: float, mb: NDArray[np.float64]) -> str:
    """The grid, runs of one colour joined."""
    rows = mb.reshape(round(180.0 / step), -1)
    parts = []
    for j, row in enumerate(rows):
        names = [colour(float(m)) for m in row]
        begin = 0
        for i in range(1, len(names) + 1):
            if i == len(names) or names[i] != names[begin]:
                x, y = _at(-180.0 + begin * step, -90.0 + (j + 1) * step)
                width, height = (i - begin) * step * SCALE + 0.3, step * SCALE + 0.3
                parts.append(
                    svg.element(
                        "rect",
                        x=f1(x),
                        y=f1(y),
                        width=f1(width),
                        height=f1(height),
                        fill=names[begin],
                        shape_rendering="crispEdges",
                    )
                )
                begin = i
    return svg.group(parts)


def coasts() -> str:
    """Outlines of land, without the seams at the rim."""
    parts = []
    for ring in land.rings("110m"):
        seam = (np.abs(ring[:, 0]) > land.SEAM) | (np.abs(ring[:, 1]) > 89.9)
        run: list[tuple[float, float]] = []
        for (lon, lat), cut in zip(ring, seam, strict=True):
            if cut and len(run) > 1:
                parts.append(svg.polyline(run))
            run = [] if cut else [*run, _at(float(lon), float(lat))]
        if len(run) > 1:
            parts.append(svg.polyline(run))
    return svg.group(parts, fill="none", stroke="#222", stroke_width="0.7")


def caption(sensors: Sequence[Sensor], rule: Rule, measured: bool = False) -> list[Both]:
    """What the numbers assume, line by line."""
    values = {"snr": num(rule.snr, 1), "sigma": num(rule.sigma, 2), "c": num(rule.common_sigma, 2)}
    second = t(
        "Assumed: signal-to-noise {snr}, scatter {sigma}, common scatter {c}; noise by scenario, not measured; surface source.",
        **values,
    )
    if measured:
        second = t(
            "Noise and up-time measured. Assumed: signal-to-noise {snr}, scatter {sigma}, common scatter {c}; surface source.",
            **values,
        )
    return [
        t(
            "Magnitude mb detected with probability {p} %: at least {k:point|points}, one from a station, {a} from an array; {n:station|stations}.",
            p=num(100 * rule.level, 0), k=rule.points, a=rule.array_points, n=len(sensors),
        ),
        second,
    ]  # fmt: skip


def heading(title: str, language: str, measured: bool, simulated: bool) -> str:
    """The title of a picture: whose network it is, and whether its noise is simulated."""
    if measured:
        title = t("Network as recorded, by the rule of: {title}", title=title).of(language)
    return f"{t('SIMULATED DATA').of(language)}. {title}" if simulated else title


def _marks(y: float, language: str) -> list[str]:
    """What the triangles and the grey mean."""
    station, array = t("station").of(language), t("array").of(language)
    out = [
        svg.triangle(675, y, 4.5, fill="#ffffff", stroke=BLUE, stroke_width="1"),
        svg.text(684, y + 5, station, font_size="12"),
        svg.triangle(745, y, 4.5, fill="#ffd33d", stroke=BLUE, stroke_width="1"),
        svg.text(754, y + 5, array, font_size="12"),
        svg.element("rect", x=805, y=y - 6, width=18, height=12, fill=BLIND),
        svg.text(828, y + 5, t("not seen").of(language), font_size="12"),
    ]
    return [str(x) for x in out]


def draw(
    title: str, sensors: Sequence[Sensor], rule: Rule, step: float, mb: NDArray[np.float64], language: str,
    measured: bool = False,
) -> str:  # fmt: skip
    """The whole picture in one language, as SVG."""
    width, height = 360.0 * SCALE, 180.0 * SCALE
    parts = [svg.element("rect", width=width, height=height + 95, fill="#ffffff"), cells(step, mb), coasts()]
    for s in sensors:
        x, y = _at((s.longitude + 180.0) % 360.0 - 180.0, s.latitude)
        fill = "#ffd33d" if s.array else "#ffffff"
        mark = svg.triangle(x, y, 4.5, fill=fill, stroke=BLUE, stroke_width="1")
        parts.append(svg.tip(mark, s.code))
    for i, c in enumerate(COLOURS):
        x = 20.0 + 60.0 * i
        parts.append(svg.element("rect", x=x, y=height + 10, width=60, height=12, fill=c))
        if i:
            parts.append(
                svg.text(
                    x,
                    height + 35,
                    num(FIRST + STEP * i, 2).of(language),
                    text_anchor="middle",
                    font_size="11",
                )
            )
    parts.append(svg.text(630, height + 21, "mb", font_size="12"))
    parts += _marks(height + 16, language)
    lines = [title, *(c.of(language) for c in caption(sensors, rule, measured))]
    for i, said in enumerate(lines):
        parts.append(svg.text(20, height + 54 + 16 * i, said, font_size="12", fill=SOFT))
    return str(svg.picture(width, height + 95, parts, title))
