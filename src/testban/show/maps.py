"""The map of an event.

Rules: azimuthal equidistant about the epicentre, so a path to a station is a straight line and its length is true
everywhere; no borders; the 90 % coverage ellipse is drawn to scale, and again in the close view with its size
written out. A station's mark says what it did, by shape as well as by colour.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from testban.base.geo import KM_PER_DEG
from testban.base.records import Ellipse, Event, Site
from testban.show import land, svg
from testban.show.svg import BLUE, FAINT, INK, ORANGE, RED, SOFT, f1
from testban.show.texts import Both, finite, t

WIDTH = 560.0
LABELS = 46
HEMISPHERES = {"meridian": (("E", "W"), ("в.д.", "з.д.")), "parallel": (("N", "S"), ("с.ш.", "ю.ш."))}
STATUSES = ("used", "unused", "silent", "down", "other")


class Mark(NamedTuple):
    """A station on the map: projected degrees east and north, and what it did."""

    key: str
    x: float
    y: float
    status: str
    distance_deg: float
    azimuth_deg: float


class Frame(NamedTuple):
    """How projected degrees become points of the picture."""

    box: tuple[float, float, float, float]
    scale: float
    height: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Picture coordinates."""
        return (x - self.box[0]) * self.scale, (self.box[3] - y) * self.scale


def station_status(event: Event) -> dict[str, str]:
    """What each station that matters to an event did: used, unused, silent or down (later ones never win)."""
    out: dict[str, str] = {}
    for a in event.arrivals:
        if a.defining or out.get(a.station_key) != "used":
            out[a.station_key] = "used" if a.defining else "unused"
    meaning = {"not-seen": "silent", "down": "down"}
    for e in event.expected:
        if e.status in meaning:
            out.setdefault(e.station_key, meaning[e.status])
    return out


def marks(event: Event, sites: Mapping[str, Site]) -> list[Mark]:
    """All stations with a place, projected about the epicentre; the most telling ones last (drawn on top)."""
    status = station_status(event)
    rows = [s for s in sites.values() if math.isfinite(s.longitude) and math.isfinite(s.latitude)]
    if not rows:
        return []
    lon = np.array([s.longitude for s in rows])
    lat = np.array([s.latitude for s in rows])
    x, y = land.project(event.origin.longitude, event.origin.latitude, lon, lat)
    d, az = np.hypot(x, y), np.degrees(np.arctan2(x, y)) % 360.0
    out = [
        Mark(s.key, float(x[i]), float(y[i]), status.get(s.key, "other"), float(d[i]), float(az[i]))
        for i, s in enumerate(rows)
    ]
    return sorted(out, key=lambda m: (-STATUSES.index(m.status), -m.distance_deg, m.key))


def frame(shown: Sequence[Mark]) -> Frame:
    """The part of the Earth that holds the epicentre and the stations that matter."""
    xs = [0.0, *(m.x for m in shown)]
    ys = [0.0, *(m.y for m in shown)]
    pad = 0.09 * max(max(xs) - min(xs), max(ys) - min(ys), 1.5) + 0.05
    west, east, south, north = min(xs) - pad, max(xs) + pad, min(ys) - pad, max(ys) + pad
    w, h = east - west, north - south
    if h < 0.66 * w:
        south, north = (south + north) / 2 - 0.33 * w, (south + north) / 2 + 0.33 * w
    elif h > 0.92 * w:
        west, east = (west + east) / 2 - h / 1.84, (west + east) / 2 + h / 1.84
    scale = WIDTH / (east - west)
    return Frame((west, south, east, north), scale, (north - south) * scale)


def _path(points: NDArray[np.float64], fr: Frame, closed: bool) -> str:
    """Path data in tenths of a point, relative, without repeated points."""
    px = np.round((points[:, 0] - fr.box[0]) * fr.scale * 10).astype(int)
    py = np.round((fr.box[3] - points[:, 1]) * fr.scale * 10).astype(int)
    keep = np.r_[True, (np.diff(px) != 0) | (np.diff(py) != 0)]
    px, py = px[keep], py[keep]
    if len(px) < 2:
        return ""
    steps = " ".join(f"{a} {b}" for a, b in zip(np.diff(px), np.diff(py), strict=True))
    return f"M{px[0]} {py[0]}l{steps}{'z' if closed else ''}".replace(" -", "-")


def background(event: Event, fr: Frame) -> list[str]:
    """Sea, land, coast and graticule."""
    o = event.origin
    span = max(fr.box[2] - fr.box[0], fr.box[3] - fr.box[1])
    fills, coasts = land.outlines(o.longitude, o.latitude, fr.box, "50m" if span < 45 else "110m")
    fill = "".join(_path(r, fr, True) for r in fills)
    coast = "".join(_path(r, fr, False) for r in coasts)
    out = [svg.element("rect", width=fr.scale * span, height=fr.height, fill="#f3f7fa")]
    if math.hypot(*fr.box[:2]) > 180 or math.hypot(*fr.box[2:]) > 180:
        x, y = fr.at(0, 0)
        out = [svg.element("circle", cx=x, cy=y, r=180 * fr.scale, fill="#f3f7fa")]
    if fill:
        out.append(svg.element("path", d=fill, transform="scale(.1)", fill="#e8e4da", fill_rule="evenodd"))
    out.append(graticule(o.longitude, o.latitude, fr, span))
    if coast:
        out.append(
            svg.element(
                "path", d=coast, transform="scale(.1)", fill="none", stroke="#a59f90", stroke_width="6"
            )
        )
    return out


def graticule(lon0: float, lat0: float, fr: Frame, span: float) -> str:
    """Meridians and parallels with their degrees at the bottom and left rims."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 15, 20, 30) if span / s <= 7), 30)
    lines, labels = [], []
    for kind in ("meridian", "parallel"):
        values = np.arange(-180, 180, step) if kind == "meridian" else np.arange(-90 + step, 90, step)
        for v in values:
            along = np.linspace(-90, 90, 361) if kind == "meridian" else np.linspace(-180, 180, 721)
            lon, lat = (v + 0 * along, along) if kind == "meridian" else (along, v + 0 * along)
            x, y = land.project(lon0, lat0, lon, lat)
            off = (x < fr.box[0]) | (x > fr.box[2]) | (y < fr.box[1]) | (y > fr.box[3])
            inside = ~(off & np.roll(off, 1) & np.roll(off, -1))
            if not inside.any():
                continue
            px, py = (x - fr.box[0]) * fr.scale, (fr.box[3] - y) * fr.scale
            px, py = np.where(inside, px, np.nan), np.where(inside, py, np.nan)
            keep = np.arange(len(px)) % (4 if span < 60 else 2) == 0
            keep[1:-1] |= np.isnan(px[:-2]) | np.isnan(px[2:]) | np.isnan(px[1:-1])
            lines.append(svg.polyline(zip(px[keep], py[keep], strict=True)))
            labels.append(_rim_label(kind, float(v), px, py, fr.height))
    return svg.group(lines, stroke="#c3ccd4", stroke_width="0.6", fill="none") + svg.group(
        labels, font_size="9.5", fill=SOFT
    )


def _rim_label(
    kind: str, value: float, px: NDArray[np.float64], py: NDArray[np.float64], height: float
) -> str:
    """The degrees of one line where it leaves the picture at the bottom (meridian) or the left (parallel)."""
    content = _degrees(kind, value)
    a, b, rim = (py, px, height) if kind == "meridian" else (px, py, 0.0)
    side = a - rim
    with np.errstate(invalid="ignore"):
        hits = np.flatnonzero((side[:-1] * side[1:] <= 0) & np.isfinite(side[:-1]) & np.isfinite(side[1:]))
    for i in hits:
        den = side[i] - side[i + 1]
        at = b[i] + (side[i] / den if den else 0.0) * (b[i + 1] - b[i])
        if kind == "meridian" and 40 < at < WIDTH - 20:
            return svg.text(at + 3, height - 5, content, class_="along")
        if kind == "parallel" and 14 < at < height - 20:
            return svg.text(4, at - 3, content, class_="rim")
    return ""


def _degrees(kind: str, value: float) -> Both:
    """A longitude or latitude with its hemisphere."""
    number = f"{abs(value):g}°"
    if value in (0, -180):
        return Both(number, number)
    en, ru = HEMISPHERES[kind]
    return Both(f"{number}{en[value < 0]}", f"{number}\u00a0{ru[value < 0]}")


class Labels:
    """Places for names that do not lie on each other: eight tries each, else none."""

    def __init__(
        self, width: float, height: float, taken: Sequence[tuple[float, float, float, float]] = ()
    ) -> None:
        self.taken = list(taken)
        self.width, self.height = width, height

    def block(self, x: float, y: float, r: float) -> None:
        """Keep a mark free."""
        self.taken.append((x - r, y - r, x + r, y + r))

    def place(self, x: float, y: float, content: str, size: float) -> tuple[float, float] | None:
        """Left end and base line for a text beside a mark, or None."""
        w, h = 0.62 * size * len(content), size
        for dx, dy in (
            (7, 4),
            (-7 - w, 4),
            (-w / 2, -8),
            (-w / 2, 8 + h),
            (6, -5),
            (6, 6 + h),
            (-6 - w, -5),
            (-6 - w, 6 + h),
        ):
            x0, y0 = x + dx, y + dy - h * 0.8
            box = (x0, y0, x0 + w, y0 + h)
            if x0 < 2 or y0 < 2 or box[2] > self.width - 2 or box[3] > self.height - 2:
                continue
            if all(box[2] < q[0] or box[0] > q[2] or box[3] < q[1] or box[1] > q[3] for q in self.taken):
                self.taken.append(box)
                return x + dx, y + dy
        return None


def symbol(status: str, x: float, y: float, size: float = 1.0) -> str:
    """A station's mark: filled or hollow triangle, ring, cross, small grey triangle."""
    if status == "used":
        return svg.triangle(x, y, 6.0 * size, fill=BLUE, stroke="#fff", stroke_width="0.8")
    if status == "unused":
        return svg.triangle(x, y, 5.5 * size, fill="#fff", stroke=BLUE, stroke_width="1.5")
    if status == "silent":
        return svg.element("circle", cx=x, cy=y, r=4.6 * size, fill="#fff", stroke=ORANGE, stroke_width="2")
    if status == "down":
        return svg.cross(x, y, 4.0 * size, stroke=SOFT, stroke_width="2", fill="none")
    return svg.triangle(x, y, 3.6 * size, fill="#c9ced4", stroke="#8c959f", stroke_width="0.6")


def event_map(event: Event, sites: Mapping[str, Site]) -> Markup:
    """Epicentre, ellipse, stations by what they did, and the paths to those that saw it."""
    every = marks(event, sites)
    fr = frame([m for m in every if m.status != "other"] or every[:30])
    parts = background(event, fr)
    cx, cy = fr.at(0.0, 0.0)
    labels = Labels(WIDTH, fr.height)
    labels.block(cx, cy, 9)
    placed = []
    paths, symbols = [], []
    for m in every:
        x, y = fr.at(m.x, m.y)
        if not (0 <= x <= WIDTH and 0 <= y <= fr.height):
            continue
        placed.append((m, x, y))
        labels.block(x, y, 5)
        if m.status in ("used", "unused"):
            paths.append(svg.line(cx, cy, x, y))
    for m, x, y in placed:
        note = f"{m.key} · {m.distance_deg:.2f}° · {m.distance_deg * KM_PER_DEG:.0f} km · az {m.azimuth_deg:.0f}°"
        symbols.append(svg.tip(symbol(m.status, x, y), note))
    corner = free_corner([(x, y) for _, x, y in placed], fr.height)
    labels.taken.append((corner[0] - 145, corner[1] - 8, corner[0] + 8, corner[1] + 30))
    telling = [p for p in reversed(placed) if p[0].status != "other"][:LABELS]
    narrow = Labels(WIDTH, fr.height, labels.taken)
    parts.append(svg.group(paths, stroke=BLUE, stroke_width="0.8", stroke_opacity="0.45"))
    parts.append(ellipse_path(event.origin.ellipse, fr, cx, cy))
    parts.append(svg.group(symbols))
    parts.append(svg.star(cx, cy, 9, fill=RED, stroke="#fff", stroke_width="1"))
    parts.append(halo(_names(telling, labels, 10), font_size="10", class_="wide"))
    parts.append(halo(_names(telling, narrow, 15.5), font_size="15.5", class_="narrow", display="none"))
    parts.append(scale_bar(fr, *corner))
    parts.append(
        svg.element("rect", width=WIDTH, height=fr.height, fill="none", stroke=FAINT, stroke_width="1")
    )
    return svg.picture(WIDTH, fr.height, parts, t("Map of the event and the stations"))


def _names(telling: Sequence[tuple[Mark, float, float]], labels: Labels, size: float) -> list[str]:
    """Station codes where they find room; nearest and most telling first."""
    out = []
    for m, x, y in telling:
        name = m.key.rsplit(".", 1)[-1][:8]
        spot = labels.place(x, y, name, size)
        if spot:
            out.append(svg.text(*spot, name))
    return out


def halo(names: Sequence[str], **values: object) -> str:
    """Texts with a white rim, drawn twice because print engines know no paint order."""
    body = "".join(names)
    return svg.group(
        [body], stroke="#fff", stroke_width="2.6", stroke_opacity="0.85", aria_hidden="true", **values
    ) + svg.group([body], **values)


def ellipse_points(ellipse: Ellipse) -> NDArray[np.float64]:
    """East and north in km along an ellipse."""
    a = np.linspace(0, 2 * np.pi, 73)
    s = math.radians(ellipse.strike_deg)
    u, v = ellipse.smajor_km * np.cos(a), ellipse.sminor_km * np.sin(a)
    return np.column_stack([u * math.sin(s) + v * math.cos(s), u * math.cos(s) - v * math.sin(s)])


def drawable(ellipse: Ellipse | None) -> bool:
    """Whether there is an ellipse whose axes are numbers."""
    return ellipse is not None and all(
        finite(v) for v in (ellipse.smajor_km, ellipse.sminor_km, ellipse.strike_deg)
    )


def ellipse_path(ellipse: Ellipse, fr: Frame, cx: float, cy: float) -> str:
    """The ellipse to scale on the map."""
    if not drawable(ellipse) or ellipse.smajor_km > 9000:
        return ""
    p = ellipse_points(ellipse) / KM_PER_DEG * fr.scale
    d = "M" + "L".join(f"{f1(cx + x)} {f1(cy - y)}" for x, y in p) + "Z"
    return svg.element("path", d=d, fill=RED, fill_opacity="0.14", stroke=RED, stroke_width="1.2")


def free_corner(points: Sequence[tuple[float, float]], height: float) -> tuple[float, float]:
    """Right end of the scale bar: the corner of the picture with the fewest stations near."""
    corners = [(WIDTH - 14, height - 42), (WIDTH - 14, 12.0), (150.0, 12.0), (180.0, height - 42)]
    crowd = [sum(abs(x - cx + 65) < 95 and abs(y - cy - 12) < 35 for x, y in points) for cx, cy in corners]
    return corners[crowd.index(min(crowd))]


def scale_bar(fr: Frame, x1: float, y: float) -> str:
    """Kilometres, true along any line through the epicentre."""
    steps = (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 1)
    km = next(k for k in steps if k / KM_PER_DEG * fr.scale < 130 or k == 1)
    w = km / KM_PER_DEG * fr.scale
    d = f"M{f1(x1 - w)} {f1(y)}v6h{f1(w)}v-6"
    bar = svg.element("path", d=d, fill="none", stroke="#fff", stroke_width="4")
    bar += svg.element("path", d=d, fill="none", stroke=INK, stroke_width="1.4")
    label = svg.text(x1 - w / 2, y + 19, t("{n} km", n=km), text_anchor="middle", class_="rim")
    return bar + halo([label], font_size="10.5")
