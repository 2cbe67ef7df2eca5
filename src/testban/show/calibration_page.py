"""The page of a calibration: are stated probabilities honest, and what do they see at few false alarms. Both languages.

Rules: those of `report`. Pictures that stand alone are in English; on the page they follow the language.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from testban.show import report, svg
from testban.show.svg import BLUE, FAINT, GRID, INK, ORANGE, RED, SOFT
from testban.show.texts import N_, Both, comma, num, t

SIZE, LEFT, TOP, SIDE = 380.0, 46.0, 14.0, 300.0
LOWEST = 1e-4
UNKNOWN = "#e9ecef"
TITLES = (
    (r"P/S, (?P<name>.+): each event by all others", N_("P/S, {name}: each event by all others")),
    (r"simulated world, all stations", N_("simulated world, all stations")),
    (r"simulated world, three stations", N_("simulated world, three stations")),
    (r"simulated world, two stations", N_("simulated world, two stations")),
    (r"simulated world, one station", N_("simulated world, one station")),
)


def title(text: str) -> Both:
    """What was calibrated, in both languages where its form is known."""
    for pattern, message in TITLES:
        m = re.fullmatch(pattern, text)
        if m is not None:
            return t(message, **m.groupdict())
    return Both(text, text)


def _square(
    xticks: Sequence[tuple[float, str]], yticks: Sequence[tuple[float, str]], x: Both, y: Both
) -> list[str]:
    """Grid and names of a square; ticks at positions 0..1."""
    lines, names = [], []
    for at, label in xticks:
        lines.append(svg.line(LEFT + at * SIDE, TOP, LEFT + at * SIDE, TOP + SIDE))
        names.append(svg.text(LEFT + at * SIDE, TOP + SIDE + 17, label, text_anchor="middle"))
    for at, label in yticks:
        lines.append(svg.line(LEFT, TOP + (1 - at) * SIDE, LEFT + SIDE, TOP + (1 - at) * SIDE))
        names.append(svg.text(LEFT - 6, TOP + (1 - at) * SIDE + 4, label, text_anchor="end"))
    middle = TOP + SIDE / 2
    return [
        svg.group(lines, stroke=GRID, stroke_width="1"),
        svg.group(names, font_size="11", fill=SOFT),
        svg.text(LEFT + SIDE / 2, TOP + SIDE + 33, x, text_anchor="middle", font_size="12", fill=SOFT),
        svg.text(9, middle, y, text_anchor="middle", font_size="12", fill=SOFT, transform=f"rotate(-90 9 {middle:.0f})"),
    ]  # fmt: skip


TENTHS = tuple((v / 5.0, f"{v / 5.0:.1f}") for v in range(6))


def _wilson(k: float, n: int) -> tuple[float, float]:
    """95 % interval of a share, for the bars."""
    z2 = 1.959964**2
    p = k / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def reliability(rows: Sequence[Sequence[float]]) -> Markup:
    """Stated probability against the share that came, by tenths of the events; bars: 95 % intervals."""
    parts = _square(TENTHS, TENTHS, t("stated probability of an explosion"), t("share that were explosions"))
    parts.append(
        svg.line(LEFT, TOP + SIDE, LEFT + SIDE, TOP, stroke=FAINT, stroke_width="1.2", stroke_dasharray="5 4")
    )
    for stated, came, n in rows:
        low, high = _wilson(came * n, int(n))
        x = LEFT + stated * SIDE
        y = [TOP + (1 - v) * SIDE for v in (low, came, high)]
        parts.append(svg.line(x, y[0], x, y[2], stroke=BLUE, stroke_width="1.4"))
        dot = svg.element("circle", cx=x, cy=y[1], r=4.0, fill=BLUE)
        parts.append(svg.tip(dot, f"{stated:.3f} / {came:.3f}, n = {int(n)}"))
    return svg.picture(SIZE, TOP + SIDE + 44, parts, t("Reliability of the stated probability"))


def roc(points: Sequence[Sequence[float]], detected: Sequence[Mapping[str, Any]], earthquakes: int) -> Markup:
    """Share of explosions seen over the share of earthquakes called so, on a logarithmic scale from 1e-4; grey below one of the earthquakes."""

    def at(false: float) -> float:
        return 0.0 if false <= LOWEST else 1.0 + math.log10(false) / -math.log10(LOWEST)

    ticks = tuple((i / 4.0, label) for i, label in enumerate(("0.01%", "0.1%", "1%", "10%", "100%")))
    shares = tuple((v / 5.0, f"{20 * v}%") for v in range(6))
    edge = at(1.0 / earthquakes) * SIDE
    grey = [svg.element("rect", x=LEFT, y=TOP, width=edge, height=SIDE, fill=UNKNOWN)] if edge > 0.0 else []
    parts = grey + _square(ticks, shares, t("earthquakes called explosion-like"), t("explosions seen"))
    steps: list[tuple[float, float]] = []
    for false, seen in points:
        x, y = LEFT + at(false) * SIDE, TOP + (1 - seen) * SIDE
        if steps:
            steps.append((x, steps[-1][1]))
        steps.append((x, y))
    parts.append(svg.polyline(steps, stroke=RED, stroke_width="2"))
    for d in detected:
        s = d["explosions"]
        x = LEFT + at(d["asked_rate"]) * SIDE
        bar = [TOP + (1 - v) * SIDE for v in (s["low"], s["k"] / s["n"], s["high"])]
        parts.append(svg.line(x, bar[0], x, bar[2], stroke=INK, stroke_width="1.2"))
        dot = svg.element("circle", cx=x, cy=bar[1], r=3.6, fill=ORANGE, stroke=INK, stroke_width="1")
        parts.append(svg.tip(dot, f"{d['asked_rate']:.1%}: {s['k']} / {s['n']}"))
    return svg.picture(SIZE, TOP + SIDE + 44, parts, t("What is seen at few false alarms"))


def pictures(found: Mapping[str, Any]) -> dict[str, Markup]:
    """The two pictures as files, in English."""
    both = {
        "reliability.svg": reliability(found["reliability"]["rows"]),
        "roc.svg": roc(found["roc"], found["detected"], found["area_under_roc"]["n_earthquakes"]),
    }
    return {k: Markup(report.select_language(str(v), "en")) for k, v in both.items()}  # noqa: S704 - our own picture


def _percent(share: Mapping[str, Any]) -> Both:
    return t(
        "{k} of {n} ({low} to {high}%)",
        k=num(share["k"], 0), n=num(share["n"], 0), low=num(100 * share["low"], 1), high=num(100 * share["high"], 1),
    )  # fmt: skip


def _count(value: float) -> Both:
    """A number a year, no finer than it means."""
    return num(value, 1 if 0.0 < value < 10.0 else 0)


def sentences(found: Mapping[str, Any]) -> list[Both]:
    """The numbers in words."""
    a, c = found["area_under_roc"], found["reliability"]
    year = found["false_alarms_a_year"]
    return [
        t("Area under the ROC curve {v} ({low} to {high}, 95%); {x:explosion|explosions}, {q:earthquake|earthquakes}.",
          v=num(a["value"], 3), low=num(a["low"], 3), high=num(a["high"], 3), x=num(a["n_explosions"], 0), q=num(a["n_earthquakes"], 0)),
        t("Stated probability and share that came differ by {e}% on average over tenths of the events (an honest statement shows {z}% by chance); Brier score {b}. The prior is the share of explosions among these events, {p}.",
          e=num(100 * c["error"], 1), z=num(100 * c["by_chance"], 1), b=num(c["brier"], 3), p=num(found["prior"], 3)),
        *(
            t("At an asked rate of {r}% false alarms: explosions seen {s}; false alarms {f}.",
              r=comma(f"{100 * d['asked_rate']:g}"), s=_percent(d["explosions"]), f=_percent(d["false_alarms"]))
            for d in found["detected"]
        ),
        t("Of 7,500 earthquakes of mb 4 and more a year, {n} would be called explosion-like ({low} to {high}).",
          n=_count(year[0]), low=_count(year[1]), high=_count(year[2])),
        t("At a prior of one test in 100,000 earthquakes the largest probability stated is {p}%: a rare thing stays unlikely until several kinds of evidence agree.",
          p=num(100 * found["largest_probability_at_1_in_100000"], 3)),
    ]  # fmt: skip


def told(found: Mapping[str, Any]) -> list[Both]:
    """All that the page says, for a terminal: its sentences, and the verdicts on both classes with the undetermined."""
    out = sentences(found)
    for side, name in (("explosions", t("explosions")), ("earthquakes", t("earthquakes"))):
        v = found["verdicts"][side]
        out.append(
            t("Verdicts on {name}: explosion-like {a}, undetermined {b}, earthquake-like {c}.",
              name=name, a=num(v["explosion-like"], 0), b=num(v["undetermined"], 0), c=num(v["earthquake-like"], 0))
        )  # fmt: skip
    return out


def render(found: Mapping[str, Any], language: str = "en") -> str:
    """The page as one self-contained HTML text; `language` is shown first."""
    sides = ("explosions", "earthquakes")
    rows = [
        {"name": t(w), "counts": [found["verdicts"][k][w] for k in sides]}
        for w in ("explosion-like", "undetermined", "earthquake-like")
    ]
    values: dict[str, Any] = {
        "title": title(found["title"]),
        "simulated": found["simulated"],
        "lines": sentences(found),
        "words": [t("explosions"), t("earthquakes")],
        "rows": rows,
        "reliability": reliability(found["reliability"]["rows"]),
        "roc": roc(found["roc"], found["detected"], found["area_under_roc"]["n_earthquakes"]),
        "language": language,
    }
    return report.fill("calibration.html.j2", values)
