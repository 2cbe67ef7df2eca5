"""The epicentre from near: its ellipses with their size, and round the rim the azimuths from which it was seen."""

import math
from collections.abc import Mapping

from markupsafe import Markup

from testban.base.records import Event, Site
from testban.show import maps, svg
from testban.show.svg import BLUE, FAINT, GRID, ORANGE, PURPLE, RED, SOFT, f1
from testban.show.texts import fixed, t


def close_view(event: Event, sites: Mapping[str, Site]) -> Markup:
    """The ellipse with its size, and round the rim the azimuths from which the event was seen."""
    e, size = event.origin.ellipse, 360.0
    c, rim = size / 2, 136.0
    if not maps.drawable(e) or e.smajor_km <= 0:
        return Markup("")
    k = rim * 0.86 / max(e.smajor_km * 1.15, 1e-3)
    label = t("Epicentre, close view, with the 90% ellipse")
    parts = [svg.element("circle", cx=c, cy=c, r=rim, fill="#fbfcfd", stroke=FAINT, stroke_width="1")]
    ticks = [v for v in svg.nice_ticks(0, rim / k, 3) if v > 0]
    for v in ticks:
        parts.append(svg.element("circle", cx=c, cy=c, r=v * k, fill="none", stroke=GRID, stroke_width="1"))
    parts += [svg.line(c - rim, c, c + rim, c, stroke=GRID), svg.line(c, c - rim, c, c + rim, stroke=GRID)]
    for ell, colour, dash in ((e, RED, None), (event.origin.confidence_ellipse, PURPLE, "5 4")):
        if ell is None or not maps.drawable(ell) or ell.smajor_km > 1.1 * rim / k:
            continue
        p = maps.ellipse_points(ell) * k
        d = "M" + "L".join(f"{f1(c + x)} {f1(c - y)}" for x, y in p) + "Z"
        fill = colour if dash is None else "none"
        parts.append(
            svg.element(
                "path",
                d=d,
                fill=fill,
                fill_opacity="0.14",
                stroke=colour,
                stroke_width="1.6",
                stroke_dasharray=dash,
            )
        )
    parts.append(svg.star(c, c, 8, fill=RED, stroke="#fff", stroke_width="1"))
    names = [
        svg.text(c + 0.707 * v * k + 2, c + 0.707 * v * k + 4, t("{n} km", n=svg.tick_text(v, ticks)))
        for v in ticks
        if v * k < rim - 4
    ]
    parts.append(maps.halo(names, font_size="10.5", fill=SOFT))
    parts.append(azimuth_rim(event, sites, c, rim))
    return svg.picture(size, size, parts, label)


def azimuth_rim(event: Event, sites: Mapping[str, Site], c: float, rim: float) -> str:
    """Stations at their azimuths round a circle, with the largest gap as an arc."""
    seen = [m for m in maps.marks(event, sites) if m.status in ("used", "unused")]
    parts, labels = [], maps.Labels(2 * c, 2 * c)
    az = sorted(m.azimuth_deg for m in seen if m.status == "used")
    if len(az) >= 2:
        gaps = [((b - a) % 360.0 or 360.0, a) for a, b in zip(az, az[1:] + az[:1], strict=True)]
        width, start = max(gaps)
        points = [start + width * i / 40 for i in range(41)]
        r = rim + 5
        arc = [(c + r * math.sin(math.radians(q)), c - r * math.cos(math.radians(q))) for q in points]
        parts.append(svg.polyline(arc, stroke=ORANGE, stroke_width="4", stroke_opacity="0.55"))
        q = math.radians(start + width / 2)
        x, y = c + (rim - 30) * math.sin(q), c - (rim - 30) * math.cos(q)
        parts.append(
            maps.halo(
                [svg.text(x, y + 4, t("gap {n}°", n=fixed(width, 0)), text_anchor="middle")],
                font_size="10.5",
                fill=SOFT,
            )
        )
    for m in sorted(seen, key=lambda m: (m.status != "used", m.distance_deg)):
        q = math.radians(m.azimuth_deg)
        s, k = math.sin(q), -math.cos(q)
        parts.append(
            svg.line(
                c + rim * s,
                c + rim * k,
                c + (rim + 8) * s,
                c + (rim + 8) * k,
                stroke=BLUE,
                stroke_width="1.6",
            )
        )
        name = m.key.rsplit(".", 1)[-1][:6]
        w = 6.2 * len(name)
        x, y = c + (rim + 12) * s, c + (rim + 12) * k
        x0 = x - w / 2 + s * w / 2
        box = (x0, y - 6 + 5 * k, x0 + w, y + 5 + 5 * k)
        if all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in labels.taken):
            labels.taken.append(box)
            parts.append(svg.text(x0, y + 4 + 5 * k, name, font_size="10"))
    parts.append(svg.text(c + 4, c - rim + 13, t("N"), font_size="11", font_weight="bold", fill=SOFT))
    return "".join(parts)
