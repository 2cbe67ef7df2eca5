"""The measured value of a discriminant between the reference populations that its evidence rests on.

Rules: the curves are the densities of the room `identify` (Student t4, mixtures of depths, chances of counts), not a sketch of them;
where a class has no population at hand nothing is drawn for it, and where none has, no picture.
"""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from testban.base.records import Evidence
from testban.identify import depth, polarity
from testban.identify.densities import density
from testban.show import svg
from testban.show.svg import BLUE, INK, RED, SOFT
from testban.show.texts import Both, t

WIDTH, HEIGHT, BASE, EDGE = 320.0, 104.0, 76.0, 6.0
INNER = WIDTH - 2 * EDGE
TOP = 56.0
STEPS = 160
NAME = 84.0  # room that a name takes
Curve = Callable[[float], float]


def keys(e: Evidence) -> tuple[float, float, float, float] | None:
    """Means and scales of both reference populations, where the evidence gives them."""
    d = dict(e.detail)
    if "class_mean" in d and isinstance(d["class_mean"], (int, float)):
        d.setdefault("explosion_mean", d["class_mean"])
        d.setdefault("earthquake_mean", -d["class_mean"])
    found = []
    for kind in ("explosion", "earthquake"):
        for key in (f"{kind}_mean", f"{kind}_sigma"):
            v = d.get(key, d.get(f"scale_{kind}") if key.endswith("sigma") else None)
            if not isinstance(v, (int, float)) or not math.isfinite(v) or (key.endswith("sigma") and v <= 0):
                return None
            found.append(float(v))
    return found[0], found[1], found[2], found[3]


def picture(e: Evidence) -> Markup:
    """Both populations and the value; empty where there is none."""
    if e.value is None or not math.isfinite(e.value):
        return Markup("")
    if e.name == depth.NAME:
        return _depth(e.value, e.sigma or depth.MODEL_KM)
    if e.name == polarity.NAME:
        return _counts(e)
    found = keys(e)
    if found is None:
        return Markup("")
    mx, sx, mq, sq = found
    low = min(mx - 3 * sx, mq - 3 * sq, e.value - 0.1)
    high = max(mx + 3 * sx, mq + 3 * sq, e.value + 0.1)
    return _curves(
        (low, high), lambda v: density(v, mx, sx), lambda v: density(v, mq, sq), (mx, mq), e.value, e.sigma or 0.0
    )  # fmt: skip


def _depth(value: float, sigma: float) -> Markup:
    top = max(60.0, value + 2.0 * sigma)
    return _curves(
        (-2.0 * sigma, top),
        lambda v: density(v, depth.EXPLOSION_KM, sigma),
        lambda v: depth.earthquake_density(v, sigma),
        (depth.EXPLOSION_KM, 25.0),
        value,
        sigma,
    )


def _frame(low: float, high: float, value: float, sigma: float) -> list[str]:
    """The mark of the value, its error and the ticks."""
    at = EDGE + (value - low) / (high - low) * INNER
    reach = sigma / (high - low) * INNER
    parts = []
    if math.isfinite(reach) and reach > 0:
        a, b = max(4.0, at - reach), min(WIDTH - 4, at + reach)
        parts.append(svg.line(a, BASE + 8, b, BASE + 8, stroke=INK, stroke_width="2"))
    parts.append(svg.line(at, 22, at, BASE + 12, stroke=INK, stroke_width="2"))
    ticks = svg.nice_ticks(low, high, 5)
    for v in (v for v in ticks if 0.04 < (v - low) / (high - low) < 0.96):
        x = EDGE + (v - low) / (high - low) * INNER
        label = svg.tick_text(v, ticks)
        parts.append(svg.text(x, BASE + 25, label, font_size="10.5", fill=SOFT, text_anchor="middle"))
    return parts


def _named(x: float, y: float, name: Both, colour: str) -> str:
    return svg.text(min(max(x, 40), WIDTH - 46), y, name, fill=colour, font_size="11", text_anchor="middle")


def _apart(labels: Sequence[tuple[float, float, Both, str]]) -> list[tuple[float, float, Both, str]]:
    """Two names that would run into each other go to the upper corners, the left one left."""
    (xa, _, na, ca), (xb, _, nb, cb) = labels
    if abs(min(max(xa, 40), WIDTH - 46) - min(max(xb, 40), WIDTH - 46)) >= NAME:
        return list(labels)
    left = xa <= xb
    return [(46.0 if left else WIDTH - 50, 14.0, na, ca), (WIDTH - 50 if left else 46.0, 14.0, nb, cb)]


def _curves(
    limits: tuple[float, float], explosion: Curve, earthquake: Curve, middles: Sequence[float], value: float, sigma: float
) -> Markup:  # fmt: skip
    low, high = limits
    xs = [low + (high - low) * i / STEPS for i in range(STEPS + 1)]
    both = [[f(x) for x in xs] for f in (explosion, earthquake)]
    peak = max(max(y) for y in both)
    parts: list[str] = []
    labels: list[tuple[float, float, Both, str]] = []
    for ys, middle, colour, name in (
        (both[0], middles[0], RED, t("explosions")),
        (both[1], middles[1], BLUE, t("earthquakes")),
    ):
        points = [
            (EDGE + (x - low) / (high - low) * INNER, BASE - TOP * y / peak)
            for x, y in zip(xs, ys, strict=True)
        ]
        d = (
            f"M{EDGE} {BASE}L"
            + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            + f"L{WIDTH - EDGE:.0f} {BASE}Z"
        )
        parts.append(
            svg.element("path", d=d, fill=colour, fill_opacity="0.18", stroke=colour, stroke_width="1.3")
        )
        at = EDGE + (middle - low) / (high - low) * INNER
        nearest = min(range(STEPS + 1), key=lambda i, m=middle: abs(xs[i] - m))  # type: ignore[misc]
        labels.append((at, BASE - TOP * ys[nearest] / peak - 5, name, colour))
    parts += [_named(*label) for label in _apart(labels)]
    return svg.picture(
        WIDTH, HEIGHT, parts + _frame(low, high, value, sigma), t("The value between the reference populations")
    )  # fmt: skip


def _counts(e: Evidence) -> Markup:
    """Chance of each share of compressions in so many readings, for both classes."""
    n = int(float(e.detail.get("n", 0.0)))
    if n < 1 or e.value is None:
        return Markup("")
    x, q = polarity.distributions([polarity.WRONG_LEAST] * n)
    peak = max(*x, *q)
    step = INNER / (n + 1)
    parts = []
    for ys, colour, shift in ((x, RED, 0.0), (q, BLUE, 0.42)):
        for k, p in enumerate(ys):
            h = TOP * p / peak
            left = EDGE + step * (k + 0.08 + shift)
            bar = svg.element(
                "rect", x=left, y=BASE - h, width=step * 0.42, height=h, fill=colour, fill_opacity="0.55"
            )
            parts.append(svg.tip(bar, f"{k} / {n}: {p:.3f}"))
    parts.append(_named(WIDTH - 46, 14, t("explosions"), RED))
    parts.append(_named(46, 14, t("earthquakes"), BLUE))
    at = EDGE + step * (round(e.value * n) + 0.5)
    parts.append(svg.line(at, 22, at, BASE + 12, stroke=INK, stroke_width="2"))
    every = max(1, (n + 1) // 8)
    for k in range(0, n + 1, every):
        label = f"{k}/{n}"
        parts.append(
            svg.text(
                EDGE + step * (k + 0.5), BASE + 25, label, font_size="10.5", fill=SOFT, text_anchor="middle"
            )
        )
    return svg.picture(WIDTH, HEIGHT, parts, t("The value between the reference populations"))
