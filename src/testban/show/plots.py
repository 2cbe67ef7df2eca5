"""Small plots: residuals, magnitudes by station, reference populations, noise by station-hour.

Rules: what is drawn is also in a table of the report; axes start and end at round values; a point outside the
axes is drawn at the rim as an arrow, never dropped.
"""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from testban.base.records import Event, Magnitude, NoiseHour
from testban.base.times import HOUR_NS, format_time
from testban.show import svg
from testban.show.section import colour
from testban.show.svg import BLUE, FAINT, GRID, INK, ORANGE, RED, SOFT
from testban.show.texts import Both, finite, fixed, t

WIDTH = 420.0
CIVIDIS = ("#00224e", "#2a3f6d", "#575d6d", "#7d7c78", "#a59c74", "#d2c060", "#fee838")
"""Nunez, Anderton & Renslow (2018): seven steps of a palette that is even for any colour vision."""


def _frame(
    low: float,
    high: float,
    ylow: float,
    yhigh: float,
    xlabel: Both,
    ylabel: Both,
    *,
    xticks: Sequence[float] | None = None,
) -> list[str]:
    """Grid, axes and their names for a plot of 420 x 210."""
    xt = list(xticks) if xticks else svg.nice_ticks(low, high, 6)
    yt = svg.nice_ticks(ylow, yhigh, 4)
    lines, names = [], []
    for v in xt:
        x = X0 + (v - low) / (high - low) * XW
        lines.append(svg.line(x, Y0, x, Y0 + YH))
        names.append(svg.text(x, Y0 + YH + 14, svg.tick_text(v, xt), text_anchor="middle"))
    for v in yt:
        y = Y0 + (yhigh - v) / (yhigh - ylow) * YH
        lines.append(svg.line(X0, y, X0 + XW, y))
        names.append(svg.text(X0 - 5, y + 4, svg.tick_text(v, yt), text_anchor="end"))
    return [
        svg.group(lines, stroke=GRID, stroke_width="1"),
        svg.group(names, font_size="11", fill=SOFT),
        svg.text(X0 + XW / 2, Y0 + YH + 29, xlabel, text_anchor="middle", font_size="11", fill=SOFT),
        svg.text(4, 12, ylabel, font_size="11", fill=SOFT),
    ]


X0, XW, Y0, YH = 38.0, WIDTH - 54.0, 20.0, 150.0


def residuals(event: Event, against: str) -> Markup:
    """Time residuals with their errors against "distance" or "azimuth"; empty without any."""
    data = [a for a in event.arrivals if finite(a.residual_s)]
    if not data:
        return Markup("")
    defining = [abs(a.residual_s or 0.0) for a in data if a.defining] or [1.0]
    top = min(10.0, max(1.0, 1.25 * max(defining)))
    far = max(a.distance_deg for a in data)
    low, high = (0.0, 360.0) if against == "azimuth" else (0.0, max(1.0, far * 1.06))
    label = t("azimuth, degrees") if against == "azimuth" else t("distance, degrees")
    ticks = [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0] if against == "azimuth" else None
    parts = _frame(low, high, -top, top, label, t("time residual, s"), xticks=ticks)
    middle = Y0 + YH / 2
    parts.append(svg.line(X0, middle, X0 + XW, middle, stroke=SOFT, stroke_width="1.2"))
    for a in data:
        at = a.azimuth_deg if against == "azimuth" else a.distance_deg
        value = a.residual_s or 0.0
        x = X0 + (at - low) / (high - low) * XW
        y = middle - max(-top, min(top, value)) / top * YH / 2
        reach = min(a.time_sigma_s, 2 * top) / top * YH / 2
        c = colour(a.phase)
        y1, y2 = max(Y0, y - reach), min(Y0 + YH, y + reach)
        bar = svg.line(x, y1, x, y2, stroke=c, stroke_width="1", stroke_opacity="0.55")
        if abs(value) > top:
            s = -1 if value > 0 else 1
            dot = svg.element("path", d=f"M{x:.1f} {y:.1f}l-4 {-7 * s}h8z", fill=c)
        else:
            dot = svg.element(
                "circle", cx=x, cy=y, r=3.6, fill=c if a.defining else "#fff", stroke=c, stroke_width="1.3"
            )
        parts.append(
            svg.tip(
                bar + dot,
                f"{a.station_key} {a.phase} {value:+.2f} s · {a.distance_deg:.2f}° · az {a.azimuth_deg:.0f}°",
            )
        )
    return svg.picture(WIDTH, Y0 + YH + 36, parts, t("Time residuals"))


def magnitude(mag: Magnitude) -> Markup:
    """Station values against distance: seen, upper bounds, refused, and the network value with its error."""
    data = [s for s in mag.stations if finite(s.value) and finite(s.distance_deg)]
    if len(data) < 3 or not finite(mag.value):
        return Markup("")
    values = [s.value or 0.0 for s in data] + [mag.value]
    ylow, yhigh = math.floor(2 * min(values) - 0.3) / 2, math.ceil(2 * max(values) + 0.3) / 2
    high = max(1.0, 1.06 * max(s.distance_deg or 0.0 for s in data))
    parts = _frame(0.0, high, ylow, yhigh, t("distance, degrees"), Both(mag.kind, mag.kind))

    def ypos(v: float) -> float:
        return Y0 + (yhigh - v) / (yhigh - ylow) * YH

    if finite(mag.sigma):
        y1, y2 = ypos(min(yhigh, mag.value + mag.sigma)), ypos(max(ylow, mag.value - mag.sigma))
        parts.append(
            svg.element("rect", x=X0, y=y1, width=XW, height=y2 - y1, fill=BLUE, fill_opacity="0.15")
        )
    parts.append(svg.line(X0, ypos(mag.value), X0 + XW, ypos(mag.value), stroke=BLUE, stroke_width="1.4"))
    for s in data:
        x, y = X0 + (s.distance_deg or 0.0) / high * XW, ypos(s.value or 0.0)
        if not s.used:
            mark = svg.cross(x, y, 3.4, stroke=FAINT, stroke_width="1.6", fill="none")
        elif s.detected:
            mark = svg.element("circle", cx=x, cy=y, r=3.6, fill=BLUE)
        else:
            mark = svg.element(
                "path",
                d=f"M{x:.1f} {y:.1f}m-4 0h8M{x:.1f} {y:.1f}v9m-3-4l3 4l3-4",
                fill="none",
                stroke=ORANGE,
                stroke_width="1.6",
            )
        parts.append(
            svg.tip(mark, f"{s.station_key} {'<' if not s.detected else ''}{s.value:.2f} {s.reason}")
        )
    return svg.picture(WIDTH, Y0 + YH + 36, parts, t("Station magnitudes against distance"))


def balance(log10_lr: float | None) -> Markup:
    """The weight of one evidence as a bar from the middle: left earthquake, right explosion, three decades each way."""
    w, c = 200.0, 100.0
    parts = [svg.element("rect", x=2, y=8, width=w - 4, height=8, rx=4, fill="#eceff2")]
    for k in range(-3, 4):
        parts.append(
            svg.line(
                c + 32 * k,
                5,
                c + 32 * k,
                19,
                stroke=FAINT if k else INK,
                stroke_width="1.6" if k == 0 else "0.7",
            )
        )
    if finite(log10_lr) and log10_lr is not None:
        v = max(-3.05, min(3.05, log10_lr))
        parts.append(
            svg.element(
                "rect", x=min(c, c + 32 * v), y=8, width=abs(32 * v), height=8, fill=RED if v > 0 else BLUE
            )
        )
    return svg.picture(w, 24, parts, t("Weight of evidence"))


def noise(hours: Sequence[NoiseHour]) -> Markup:
    """Noise by station and hour as shades; few enough cells to stay light whatever the network."""
    if not hours:
        return Markup("")
    calibrated = any(finite(n.a_over_t_nm_s) for n in hours)
    cells: dict[tuple[str, int], list[float]] = {}
    for n in hours:
        v = n.a_over_t_nm_s if calibrated else n.rms_counts
        if v is not None and math.isfinite(v) and v > 0 and n.up_s > 0:
            cells.setdefault((n.station_key, n.hour_ns), []).append(math.log10(v))
    if not cells:
        return Markup("")
    first, last = min(h for _, h in cells), max(h for _, h in cells)
    count = (last - first) // HOUR_NS + 1
    per = max(1, math.ceil(count / 72))
    keys = sorted({k for k, _ in cells})
    shown = keys if len(keys) <= 60 else keys[:: math.ceil(len(keys) / 60)]
    columns = math.ceil(count / per)
    grid: dict[tuple[int, int], list[float]] = {}
    row = {k: i for i, k in enumerate(shown)}
    for (k, h), values in sorted(cells.items()):
        if k in row:
            grid.setdefault((row[k], (h - first) // HOUR_NS // per), []).extend(values)
    level = {at: float(np.median(all_of)) for at, all_of in grid.items()}
    low, high = float(np.quantile(list(level.values()), 0.02)), float(np.quantile(list(level.values()), 0.98))
    high = max(high, low + 0.2)
    w, left, cell_h = 640.0, 92.0, 13.0 if len(shown) <= 30 else 9.0
    cell_w = min(40.0, (w - left - 8) / columns)
    paths: dict[int, list[str]] = {}
    for (i, j), v in sorted(level.items()):
        q = min(6, max(0, int((v - low) / (high - low) * 7)))
        paths.setdefault(q, []).append(
            f"M{svg.f1(left + j * cell_w)} {svg.f1(24 + i * cell_h)}h{svg.f1(cell_w - 0.5)}v{svg.f1(cell_h - 1)}h-{svg.f1(cell_w - 0.5)}z"
        )
    bottom = 24 + len(shown) * cell_h
    parts = [svg.element("path", d="".join(d), fill=CIVIDIS[q]) for q, d in sorted(paths.items())]
    parts += [
        svg.text(2, 24 + (i + 0.78) * cell_h, k[:14], font_size="10" if cell_h > 10 else "8")
        for k, i in row.items()
    ]
    for j in range(0, columns, max(1, columns // 6)):
        stamp = format_time(first + j * per * HOUR_NS, 0)
        parts.append(
            svg.text(
                left + j * cell_w,
                16,
                stamp[5:16].replace("T", " ") if count > 24 else stamp[11:16],
                font_size="10",
                fill=SOFT,
            )
        )
    unit = t("nm/s (A/T)") if calibrated else t("counts (rms)")
    for q in range(7):
        parts.append(svg.element("rect", x=left + q * 26, y=bottom + 8, width=26, height=9, fill=CIVIDIS[q]))
    parts.append(svg.text(left, bottom + 30, fixed_power(low), font_size="10.5", fill=SOFT))
    parts.append(
        svg.text(left + 182, bottom + 30, fixed_power(high), font_size="10.5", fill=SOFT, text_anchor="end")
    )
    parts.append(svg.text(left + 192, bottom + 16, unit, font_size="10.5", fill=SOFT))
    return svg.picture(w, bottom + 36, parts, t("Noise by station and hour"))


def fixed_power(log10: float) -> str:
    """Ten to a power as a short number."""
    value = 10.0**log10
    return fixed(value, 0 if value >= 10 else 1 if value >= 1 else 2)
