"""Maps of the statement: thresholds in colours, coasts without borders, stations and the places asked about, of any box.

Rules: equirectangular, true to scale in the middle; the same colours as the capability map; grey where nothing is seen.
"""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from testban.assure.capability import Sensor
from testban.assure.question import WORLD, Box, Spot
from testban.show import land, svg
from testban.show.capability_map import BLIND, COLOURS, STEP
from testban.show.svg import INK, f1
from testban.show.texts import Both, num, t

WIDTH = 620.0
WORLD_BOX = WORLD


class Frame:
    """From degrees to the picture."""

    def __init__(self, box: Box) -> None:
        self.west, self.east, self.south, self.north = box
        middle = (
            math.cos(math.radians(0.5 * (self.south + self.north))) if self.east - self.west < 300.0 else 1.0
        )
        self.x = WIDTH / (self.east - self.west)
        self.y = self.x / max(middle, 0.2)
        self.height = (self.north - self.south) * self.y

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Position; longitudes are turned into the box."""
        return ((lon - self.west) % 360.0) * self.x, (self.north - lat) * self.y

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a place is in the box."""
        return (lon - self.west) % 360.0 <= self.east - self.west and self.south <= lat <= self.north


def first_of(*grids: NDArray[np.float64]) -> float:
    """Where the colours begin: the lower edge of the second one, so that the smallest magnitude of all maps is shown."""
    least = [float(np.nanmin(g)) for g in grids if np.isfinite(g).any()]
    return math.floor(min(least, default=3.0) / STEP + 1e-9) * STEP


def colour(mb: float, first: float) -> str:
    """The colour of a threshold; grey where nothing is seen with that probability."""
    return BLIND if mb != mb else COLOURS[min(max(math.floor((mb - first) / STEP), 0), len(COLOURS) - 1)]


def draw(
    box: Box, mb: NDArray[np.float64], sensors: Sequence[Sensor], spots: Sequence[Spot], label: Both, names: bool,
    first: float,
) -> Markup:  # fmt: skip
    """One map; mb (rows from the south, columns from the west) fills the box; `first`: where the colours begin."""
    frame = Frame(box)
    parts = [_cells(frame, mb, first), _coasts(frame)]
    size = 4.0 if frame.east - frame.west > 200.0 else 6.0
    for s in sensors:
        if frame.holds(s.longitude, s.latitude):
            x, y = frame.at(s.longitude, s.latitude)
            fill = "#ffd33d" if s.array else "#ffffff"
            parts.append(svg.tip(svg.triangle(x, y, size, fill=fill, stroke=INK, stroke_width="0.8"), s.code))
    taken: list[tuple[float, float]] = []
    for spot in spots:
        if frame.holds(spot.longitude, spot.latitude):
            parts.append(_spot(frame, spot, names, taken))
    return svg.picture(WIDTH, frame.height, parts, label)


def _spot(frame: Frame, s: Spot, names: bool, taken: list[tuple[float, float]]) -> str:
    x, y = frame.at(s.longitude, s.latitude)
    mark = svg.element("circle", cx=x, cy=y, r=4.0, fill="#ffffff", stroke="#000000", stroke_width="1.6")
    if not names:
        return mark
    ly = y + 4.0
    while any(abs(ly - b) < 13.0 and abs(x - a) < 100.0 for a, b in taken):
        ly += 13.0
    taken.append((x, ly))
    right = x > 0.8 * WIDTH
    tx, said = x - 8.0 if right else x + 8.0, Both(s.name, s.name_ru or s.name)
    anchor = "end" if right else "start"
    # print engines know no paint-order: the white rim is a text of its own
    rim = svg.text(
        tx, ly, said, font_size="12", text_anchor=anchor, stroke="#ffffff", stroke_width="3", fill="#ffffff"
    )
    return mark + rim + svg.text(tx, ly, said, font_size="12", text_anchor=anchor, fill="#000000")


def _cells(frame: Frame, mb: NDArray[np.float64], first: float) -> str:
    """The grid, runs of one colour joined."""
    ny, nx = mb.shape
    w, h = WIDTH / nx, frame.height / ny
    parts = []
    for j in range(ny):
        names = [colour(float(m), first) for m in mb[j]]
        begin = 0
        for i in range(1, nx + 1):
            if i == nx or names[i] != names[begin]:
                y = frame.height - (j + 1) * h
                parts.append(
                    svg.element("rect", x=f1(begin * w), y=f1(y), width=f1((i - begin) * w + 0.3), height=f1(h + 0.3), fill=names[begin])
                )  # fmt: skip
                begin = i
    return svg.group(parts)


def _coasts(frame: Frame) -> str:
    """Outlines of land inside the box; the seams at the rim of the map of the world are left out."""
    parts = []
    for ring in land.rings("110m"):
        run: list[tuple[float, float]] = []
        for lon, lat in ring:
            seam = abs(lon) > land.SEAM or abs(lat) > 89.9
            if seam or not frame.holds(float(lon), float(lat)):
                if len(run) > 1:
                    parts.append(svg.polyline(run))
                run = []
                continue
            at = frame.at(float(lon), float(lat))
            if run and abs(at[0] - run[-1][0]) > 0.5 * WIDTH:
                if len(run) > 1:
                    parts.append(svg.polyline(run))
                run = []
            run.append(at)
        if len(run) > 1:
            parts.append(svg.polyline(run))
    return svg.group(parts, fill="none", stroke="#222222", stroke_width="0.8")


def legend(first: float) -> Markup:
    """Colours with the magnitudes between them."""
    step, parts = 48.0, []
    for i, c in enumerate(COLOURS):
        parts.append(svg.element("rect", x=8.0 + step * i, y=4.0, width=step, height=12.0, fill=c))
        if i:
            parts.append(
                svg.text(8.0 + step * i, 29.0, num(first + STEP * i, 2), text_anchor="middle", font_size="11")
            )
    x = 8.0 + step * len(COLOURS)
    parts.append(svg.text(x + 6.0, 15.0, "mb", font_size="12"))
    parts.append(svg.element("rect", x=x + 34.0, y=4.0, width=24.0, height=12.0, fill=BLIND))
    parts.append(svg.text(x + 62.0, 15.0, t("not seen"), font_size="12"))
    return svg.picture(WIDTH, 34.0, parts, t("Colours of the magnitudes"))
