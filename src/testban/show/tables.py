"""Plain-text tables for the terminal: events, and what was found about the data.

Rules: a table is a rich renderable, `text` makes a string of it without any colour for files and tests; times are
ISO 8601 UTC; foreign text is never read as markup.
"""

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from testban.base.records import Event, Finding, Verdict
from testban.show.headline import best_magnitude
from testban.show.texts import DASH, fixed
from testban.show.views import time_text

COLOURS = {Verdict.EXPLOSION: "bold red", Verdict.EARTHQUAKE: "blue", Verdict.UNDETERMINED: "dim"}


def printable(value: object) -> str:
    """A foreign text without control characters, which a terminal would obey."""
    return "".join(ch if ch.isprintable() else "\ufffd" for ch in str(value))


def _table(columns: Sequence[tuple[str, bool]], caption: str = "") -> Table:
    table = Table(
        box=None, pad_edge=False, header_style="bold", caption=caption or None, caption_justify="left"
    )
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    return table


def events(found: Sequence[Event]) -> Table:
    """One line an event: when, where, how deep, how big, the ellipse, the verdict."""
    names = (
        "origin time UTC",
        "lat",
        "lon",
        "depth",
        "magnitude",
        "90% km",
        "sta",
        "verdict",
        "log10 LR",
        "event",
    )
    right = {"lat", "lon", "depth", "90% km", "sta", "log10 LR"}
    table = _table([(n, n in right) for n in names], "" if found else "no event")
    for e in found:
        o, a, m = e.origin, e.assessment, best_magnitude(e)
        verdict = Text("-") if a is None else Text(a.verdict.value, style=COLOURS[a.verdict])
        table.add_row(
            time_text(o.time_ns, 1),
            fixed(o.latitude, 3),
            fixed(o.longitude, 3),
            fixed(o.depth_km, 0) + ("f" if o.depth_fixed else " "),
            DASH if m is None else f"{m.kind} {'<' if m.bound else ''}{fixed(m.value, 1)}",
            f"{fixed(o.ellipse.smajor_km, 0)}x{fixed(o.ellipse.sminor_km, 0)}",
            str(o.n_stations),
            verdict,
            DASH if a is None else fixed(a.log10_lr, 2, sign=True),
            Text(printable(e.event_id)),
        )
    return table


def findings(found: Sequence[Finding], most: int = 12) -> Table:
    """Findings about the data by kind: how many, on how many subjects, and one of them in full."""
    table = _table([("finding", False), ("count", True), ("subjects", True), ("for example", False)])
    by: dict[str, list[Finding]] = {}
    for f in found:
        by.setdefault(f.kind, []).append(f)
    order = sorted(by, key=lambda k: (-len(by[k]), k))
    for kind in order[:most]:
        first = min(by[kind], key=lambda f: (f.subject, f.message))
        example = Text(printable(f"{first.subject}: {first.message}"))
        table.add_row(
            Text(printable(kind)), str(len(by[kind])), str(len({f.subject for f in by[kind]})), example
        )
    rest = order[most:]
    if rest:
        table.add_row(f"{len(rest)} more kinds", str(sum(len(by[k]) for k in rest)), "", "")
    return table


def text(table: RenderableType, width: int = 160) -> str:
    """The table as plain text without colours or trailing blanks."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
