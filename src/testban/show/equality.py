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
BOX, GAP, TOP = 170.0, 67.0, 58.0


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
        "caught": sum(a.place is not None for a in page.attempts),
        "language": language,
    }
    return report.fill("equality.html.j2", values)


def chain(nodes: Sequence[tuple[Both, Both]], attempts: Sequence[Attempt], border: Both) -> Markup:
    """The way of a packet from the sensor to a third state, with the number of each attempt where it was noticed."""
    parts: list[str] = []
    for k, (name, does) in enumerate(nodes):
        x = 1 + k * (BOX + GAP)
        parts.append(
            svg.element("rect", x=x, y=TOP, width=BOX, height=74.0, rx="6", fill="#f6f8fa", stroke=svg.SOFT)
        )
        parts.append(
            svg.text(x + BOX / 2, TOP + 31, name, text_anchor="middle", font_size="16", font_weight="600")
        )
        parts.append(
            svg.text(x + BOX / 2, TOP + 54, does, text_anchor="middle", font_size="12.5", fill=svg.SOFT)
        )
        if k + 1 < len(nodes):
            parts.append(_arrow(x + BOX + 6, x + BOX + GAP - 6, TOP + 37))
        here = [n for n, a in enumerate(attempts, 1) if a.place == k]
        for i, n in enumerate(here):
            cx = x + BOX / 2 + (i - (len(here) - 1) / 2) * 30
            parts.append(svg.line(cx, TOP + 74, cx, TOP + 97, stroke=svg.RED, stroke_width="1.5"))
            parts.append(svg.element("circle", cx=cx, cy=TOP + 109, r="12", fill=svg.RED))
            parts.append(
                svg.text(
                    cx,
                    TOP + 113.5,
                    str(n),
                    text_anchor="middle",
                    font_weight="700",
                    fill="#fff",
                    font_size="13",
                )
            )
    at = 1 + 2 * (BOX + GAP) - GAP / 2
    parts.append(svg.line(at, 22, at, HEIGHT - 28, stroke=svg.INK, stroke_width="2", stroke_dasharray="9 6"))
    parts.append(svg.text(at, 16, border, text_anchor="middle", font_size="13", font_weight="600"))
    return svg.picture(WIDTH, HEIGHT - 20, parts, "the way of a packet")


def _arrow(x1: float, x2: float, y: float) -> str:
    head = svg.element("path", d=f"M{x2:.1f} {y:.1f}l-8 -4.5v9z", fill=svg.SOFT)
    return svg.line(x1, y, x2 - 7, y, stroke=svg.SOFT, stroke_width="1.6") + head
