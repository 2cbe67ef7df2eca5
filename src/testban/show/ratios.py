"""The parts of one evidence, row by row between the means of both classes: pairs of phases in their bands.

Rules: as in `svg`. The mark of a row is the measured value with its error, filled as its weight in the evidence; a row without both classes
shows its value alone; the classes reach one spread to either side.
"""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from testban.base.records import EvidencePart
from testban.show import svg
from testban.show.svg import BLUE, FAINT, GRID, INK, RED, SOFT
from testban.show.texts import Both, t

WIDTH, LEFT, RIGHT, TOP, ROW = 320.0, 92.0, 26.0, 20.0, 13.0
GAP = 5.0  # between pairs
LEAST_WEIGHT = 0.005  # below it a mark stays empty


def _label(name: str) -> tuple[str, Both]:
    """Pair and band of a ratio's name."""
    pair, _, band = name.partition(" ")
    number = band.removesuffix(" Hz").replace("-", "–")
    return pair, Both(f"{pair} {number} Hz", f"{pair} {number} Гц")


def _limits(parts: Sequence[EvidencePart]) -> tuple[float, float]:
    ends = [p.value for p in parts]
    for p in parts:
        for mean, scale in ((p.explosion_mean, p.scale_explosion), (p.earthquake_mean, p.scale_earthquake)):
            if mean is not None and scale is not None:
                ends += [mean - scale, mean + scale]
    return min(ends) - 0.1, max(ends) + 0.1


def picture(parts: Sequence[EvidencePart]) -> Markup:
    """All parts below each other; empty for fewer than two."""
    if len(parts) < 2:
        return Markup("")
    low, high = _limits(parts)
    inner = WIDTH - LEFT - RIGHT

    def x(v: float) -> float:
        return LEFT + (min(max(v, low), high) - low) / (high - low) * inner

    rows, at, before = [], TOP, ""
    for p in sorted(parts, key=lambda p: _order(p, parts)):
        pair, label = _label(p.name)
        at += ROW + (GAP if before and pair != before else 0.0)
        before = pair
        rows += _row(p, label, at, x)
    foot = at + ROW
    ticks = svg.nice_ticks(low, high, 5)
    axis = []
    for v in ticks:
        if low < v < high:
            axis.append(svg.line(x(v), TOP, x(v), foot - 4, stroke=GRID, stroke_width="1"))
            axis.append(
                svg.text(
                    x(v), foot + 8, svg.tick_text(v, ticks), font_size="10.5", fill=SOFT, text_anchor="middle"
                )
            )
    head = [
        svg.text(LEFT, 12, t("earthquakes"), fill=BLUE, font_size="11"),
        svg.text(WIDTH - RIGHT, 12, t("explosions"), fill=RED, font_size="11", text_anchor="end"),
        svg.text(WIDTH - 2, 12, "n", fill=SOFT, font_size="10.5", text_anchor="end"),
        svg.text(
            LEFT - 6, foot + 8, Both("log10 P/S", "lg P/S"), fill=SOFT, font_size="10.5", text_anchor="end"
        ),
    ]
    return svg.picture(
        WIDTH, foot + 14, [*axis, *head, *rows], t("Each ratio between the means of its classes")
    )


def _order(p: EvidencePart, parts: Sequence[EvidencePart]) -> tuple[int, float]:
    """Pairs as they first come, bands from low to high."""
    pairs = list(dict.fromkeys(q.name.partition(" ")[0] for q in parts))
    pair, _, band = p.name.partition(" ")
    return pairs.index(pair), float(band.partition("-")[0])


def _row(p: EvidencePart, label: Both, y: float, place: Callable[[float], float]) -> list[str]:
    out = [svg.text(LEFT - 6, y + 3.5, label, font_size="10.5", fill=INK, text_anchor="end")]
    for mean, scale, colour in (
        (p.earthquake_mean, p.scale_earthquake, BLUE),
        (p.explosion_mean, p.scale_explosion, RED),
    ):
        if mean is None or scale is None:
            continue
        a, b, m = place(mean - scale), place(mean + scale), place(mean)
        out.append(svg.line(a, y, b, y, stroke=colour, stroke_width="5", stroke_opacity="0.22"))
        out.append(svg.line(m, y - 4.5, m, y + 4.5, stroke=colour, stroke_width="1.8"))
    a, b, m = place(p.value - p.sigma), place(p.value + p.sigma), place(p.value)
    out.append(svg.line(a, y, b, y, stroke=INK, stroke_width="1.2"))
    filled = INK if p.weight >= LEAST_WEIGHT else "#ffffff"
    mark = svg.element("circle", cx=m, cy=y, r=3.4, fill=filled, stroke=INK, stroke_width="1.2")
    out.append(svg.tip(mark, f"{p.value:+.2f} ± {p.sigma:.2f}; {100 * p.weight:.0f} %"))
    count = str(p.n) if not p.n_bounds else f"{p.n}+{p.n_bounds}"
    out.append(svg.text(WIDTH - 2, y + 3.5, count, font_size="10", fill=FAINT, text_anchor="end"))
    return out
