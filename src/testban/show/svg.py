"""The few SVG pieces that maps and plots are made of.

Rules: presentation attributes only (a style sheet of the page does not reach into a picture in print); real text;
every foreign string escaped; coordinates with one decimal.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from testban.show.texts import Both

# Okabe & Ito (2008): distinguishable with any colour vision; darkened where text stands on white.
INK, SOFT, FAINT, GRID = "#1b1f24", "#57606a", "#8c959f", "#d9dee3"
BLUE, RED, GREEN, ORANGE, PURPLE = "#0060a8", "#c04000", "#007a5a", "#b36b00", "#8a4f7d"
FONT = "system-ui, 'Noto Sans', 'DejaVu Sans', 'Segoe UI', Roboto, Arial, sans-serif"


def f1(x: float) -> str:
    """A coordinate."""
    text = f"{x:.1f}"
    return text[:-2] if text.endswith(".0") else text


def attributes(**values: object) -> str:
    """Attributes, escaped; underscores become hyphens, None is left out."""
    out = []
    for key, value in values.items():
        if value is None:
            continue
        shown = f1(value) if isinstance(value, float) else value
        out.append(f' {key.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    return "".join(out)


def element(tag: str, inside: object = None, **values: object) -> str:
    """One element. `inside` is SVG already."""
    if inside is None:
        return f"<{tag}{attributes(**values)}/>"
    return f"<{tag}{attributes(**values)}>{inside}</{tag}>"


def group(parts: Iterable[str], **values: object) -> str:
    """Elements that share attributes."""
    return element("g", "".join(parts), **values)


def line(x1: float, y1: float, x2: float, y2: float, **values: object) -> str:
    """A straight line as a path, which is shorter than a line element."""
    return element("path", d=f"M{f1(x1)} {f1(y1)}L{f1(x2)} {f1(y2)}", **values)


def polyline(points: Iterable[tuple[float, float]] | NDArray[np.float64], **values: object) -> str:
    """An open line through points; breaks where one is not finite."""
    d, pen = [], "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        d.append(f"{pen}{f1(float(x))} {f1(float(y))}")
        pen = "L"
    return element("path", d="".join(d), fill="none", **values) if d else ""


def text(x: float, y: float, content: Both | str, **values: object) -> str:
    """A text; the content may be in both languages."""
    inner = content.svg() if isinstance(content, Both) else escape(content)
    return element("text", inner, x=float(x), y=float(y), **values)


def tip(shape: str, content: str) -> str:
    """A shape with a tooltip that needs no JavaScript."""
    return f'<g class="tip">{shape}<title>{escape(content)}</title></g>'


def picture(width: float, height: float, parts: Iterable[str], label: Both | str, **values: object) -> Markup:
    """A whole picture with its own view box; `label` says to those who cannot see it what it is."""
    title = label.en if isinstance(label, Both) else label
    opening = attributes(
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {f1(width)} {f1(height)}",
        role="img",
        aria_label=title,
        font_family=FONT,
        font_size="12",
        fill=INK,
        **values,
    )
    return Markup(f"<svg{opening}>{''.join(parts)}</svg>")  # noqa: S704


def nice_ticks(low: float, high: float, n: int = 6) -> list[float]:
    """Round values between two limits, about n of them."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low] if math.isfinite(low) else []
    raw = span / max(1, n)
    base = 10.0 ** math.floor(math.log10(raw))
    step = next(s * base for s in (1, 2, 5, 10) if s * base >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """A tick's number with as many decimals as its neighbours need."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(value) or 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:.{min(decimals, 6)}f}".replace("-", "−")


def triangle(x: float, y: float, r: float, **values: object) -> str:
    """A station's mark."""
    h = r * 0.9
    return element(
        "path", d=f"M{f1(x)} {f1(y - r)}L{f1(x + r)} {f1(y + h)}L{f1(x - r)} {f1(y + h)}Z", **values
    )


def cross(x: float, y: float, r: float, **values: object) -> str:
    """A diagonal cross."""
    return element(
        "path",
        d=f"M{f1(x - r)} {f1(y - r)}L{f1(x + r)} {f1(y + r)}M{f1(x - r)} {f1(y + r)}L{f1(x + r)} {f1(y - r)}",
        **values,
    )


def star(x: float, y: float, r: float, **values: object) -> str:
    """The epicentre's mark."""
    points = []
    for k in range(10):
        a = math.pi * k / 5 - math.pi / 2
        q = r if k % 2 == 0 else r * 0.42
        points.append(f"{f1(x + q * math.cos(a))} {f1(y + q * math.sin(a))}")
    return element("path", d="M" + "L".join(points) + "Z", **values)
