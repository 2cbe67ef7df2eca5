"""The page on equality: who tried what, who noticed, and what a third state can check. One HTML file, both languages.

Rules: those of `report`; this file only lays out, what is said comes from who ran the chain.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from testban.base.errors import InputError
from testban.show import report, svg, texts
from testban.show.texts import Both

WIDTH, HEIGHT = 1120.0, 236.0
BOX, GAP, TOP, TALL = 190.0, 42.0, 58.0, 74.0
_BORDER = {"stroke": svg.INK, "stroke_width": "2", "stroke_dasharray": "9 6"}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One act against the rules. place: the node (0 to 4) at which it was noticed, None where nobody noticed."""

    title: Both
    story: Both
    by: Both
    why: Both
    code: str
    place: int | None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph with a verdict before it."""

    holds: bool
    text: Both
    command: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. nodes: the five stops of a packet, each with a name and what it does."""

    words: dict[str, Both]
    nodes: tuple[tuple[Both, Both], ...]
    attempts: tuple[Attempt, ...]
    facts: tuple[Fact, ...]
    limits: tuple[Both, ...]


def render(page: Page, language: str = "en") -> str:
    """The page as one self-contained HTML text; `language` is shown first. InputError for another than en or ru."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    values: dict[str, Any] = {
        "p": page,
        "w": page.words,
        "chain": chain(page.nodes, page.attempts, page.words["border"]),
        "upright": upright(page.nodes, page.attempts, page.words["border"]),
        "caught": sum(a.place is not None for a in page.attempts),
        "language": language,
    }
    return report.fill("equality.html.j2", values)


def chain(nodes: Sequence[tuple[Both, Both]], attempts: Sequence[Attempt], border: Both) -> Markup:
    """The way of a packet from the sensor to a third state, with the number of each attempt where it was noticed."""
    parts: list[str] = []
    for k, node in enumerate(nodes):
        x = 1 + k * (BOX + GAP)
        parts += _box(x, TOP, BOX, node)
        if k + 1 < len(nodes):
            parts.append(_arrow(x + BOX + 6, TOP + TALL / 2, GAP - 12))
        here = [n for n, a in enumerate(attempts, 1) if a.place == k]
        for i, n in enumerate(here):
            cx = x + BOX / 2 + (i - (len(here) - 1) / 2) * 30
            parts.append(svg.line(cx, TOP + TALL, cx, TOP + TALL + 23, stroke=svg.RED, stroke_width="1.5"))
            parts += _mark(cx, TOP + TALL + 35, n)
    at = 1 + 2 * (BOX + GAP) - GAP / 2
    parts.append(svg.line(at, 22, at, HEIGHT - 28, **_BORDER))
    parts.append(svg.text(at, 16, border, text_anchor="middle", font_size="13", font_weight="600"))
    return svg.picture(WIDTH, HEIGHT - 20, parts, "the way of a packet")


def upright(nodes: Sequence[tuple[Both, Both]], attempts: Sequence[Attempt], border: Both) -> Markup:
    """The same from top to bottom, for a narrow screen: numbers stand at the right of the node."""
    width, box, step = 366.0, 224.0, TALL + 46
    parts: list[str] = []
    for k, node in enumerate(nodes):
        y = 1 + k * step
        parts += _box(1, y, box, node)
        if k + 1 < len(nodes):
            turned = f"rotate(90 {box / 2:.1f} {y + TALL + 5:.1f})"
            parts.append(svg.group([_arrow(box / 2, y + TALL + 5, step - TALL - 10)], transform=turned))
        here = [n for n, a in enumerate(attempts, 1) if a.place == k]
        if here:
            middle = y + TALL / 2
            parts.append(svg.line(box + 1, middle, box + 14, middle, stroke=svg.RED, stroke_width="1.5"))
        for i, n in enumerate(here):
            parts += _mark(box + 26 + i * 28, y + TALL / 2, n)
    at = 1 + 2 * step - (step - TALL) / 2
    parts.append(svg.line(1, at, width - 74, at, **_BORDER))
    parts.append(svg.text(width - 2, at + 5, border, text_anchor="end", font_size="14", font_weight="600"))
    return svg.picture(width, len(nodes) * step - 44, parts, "the way of a packet")


def _box(x: float, y: float, width: float, node: tuple[Both, Both]) -> list[str]:
    name, does = node
    middle = x + width / 2
    return [
        svg.element("rect", x=x, y=y, width=width, height=TALL, rx="6", fill="#f6f8fa", stroke=svg.SOFT),
        svg.text(middle, y + 31, name, text_anchor="middle", font_size="16", font_weight="600"),
        svg.text(middle, y + 54, does, text_anchor="middle", font_size="12.5", fill=svg.SOFT),
    ]


def _mark(x: float, y: float, number: int) -> list[str]:
    style = {"text_anchor": "middle", "font_weight": "700", "fill": "#fff", "font_size": "13"}
    return [
        svg.element("circle", cx=x, cy=y, r="12", fill=svg.RED),
        svg.text(x, y + 4.5, str(number), **style),
    ]


def _arrow(x: float, y: float, length: float) -> str:
    end = x + length
    head = svg.element("path", d=f"M{end:.1f} {y:.1f}l-8 -4.5v9z", fill=svg.SOFT)
    return svg.line(x, y, end - 7, y, stroke=svg.SOFT, stroke_width="1.6") + head
