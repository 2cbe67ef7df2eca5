"""The page of siting: where the next stations belong, what each buys, and how other placements do. Both languages.

Rules: those of `report`; coasts, no borders; magnitudes and noise are assumptions of the scenario and said to be so.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from testban.assure.capability import Rule, Sensor
from testban.assure.siting import Candidate, Siting, Target
from testban.base.errors import InputError
from testban.show import land, report, svg, texts
from testban.show.maps import Labels
from testban.show.texts import Both, fixed, num, t

WIDTH = 900.0
BORDER_DEG = 8.0
FINE_DEG = 60.0  # a narrower map takes the finer coast


def render(
    titles: tuple[str, str], found: Siting, base: Sequence[Sensor], candidates: Sequence[Candidate], target: Target,
    rule: Rule, others: dict[str, Any], language: str = "en",
) -> str:  # fmt: skip
    """The page as one self-contained HTML text. titles: of the scenario, English and Russian. InputError for a language."""
    if language not in texts.LANGUAGES:
        raise InputError(f"expected the language en or ru, got {language!r}")
    places = 4 if target.objective == "series" else 2
    rows = [
        {
            "order": i + 1,
            "code": a.candidate.sensor.code,
            "place": texts.position(a.candidate.sensor.longitude, a.candidate.sensor.latitude, 1),
            "kind": t("array") if a.candidate.sensor.array else t("single station"),
            "cost": f"{a.candidate.cost:g}",
            "after": fixed(a.after, places),
            "gain": fixed(a.before - a.after, places),
        }
        for i, a in enumerate(found.additions)
    ]
    values: dict[str, Any] = {
        "language": language,
        "title": Both(*titles),
        "objective": objective(target, rule),
        "start": fixed(found.start, places),
        "end": fixed(found.end, places),
        "rows": rows,
        "others": _others(found, others, places),
        "map": chart(found, base, candidates, target),
        "n_base": len(base),
        "n_candidates": len(candidates),
        "limits": limits(),
    }
    return report.fill("siting.html.j2", values)


def objective(target: Target, rule: Rule) -> Both:
    """What is to become small."""
    if target.objective == "series":
        return t(
            "Objective: the mean probability over {g:place|places} that a series of {n:test|tests} of mb {m} goes unseen (correlation {rho}).",
            g=len(target.longitude), n=target.n, m=num(target.magnitude, 2), rho=num(target.rho, 2),
        )  # fmt: skip
    if target.objective == "worst":
        return t(
            "Objective: the magnitude mb seen with {p} % at the worst of {g:place|places}.",
            p=num(100 * rule.level, 0), g=len(target.longitude),
        )  # fmt: skip
    return t(
        "Objective: the mean over {g:place|places} of the magnitude mb seen with {p} %.",
        p=num(100 * rule.level, 0), g=len(target.longitude),
    )  # fmt: skip


def limits() -> tuple[Both, ...]:
    """What the choice rests on, said on every page."""
    return (
        t(
            "Noise of the candidates is assumed: a survey at the place may change the order. Detection is not identification."
        ),
        t(
            "Stations are chosen one by one and then exchanged while that helps; that nothing better exists is shown only where every combination was tried."
        ),
        t("Neighbouring places buy nearly the same: the order says where to look, not where to dig."),
    )


def _others(found: Siting, others: dict[str, Any], places: int) -> list[dict[str, Any]]:
    names = {
        "uniform": t("spread evenly over the candidates"),
        "random_mean": t("at random, mean of 20 draws"),
        "random_best": t("at random, best of 20 draws"),
    }
    rows = [
        {"name": names[k], "value": fixed(others[k], places)}
        for k in ("uniform", "random_mean", "random_best")
        if others.get(k) is not None
    ]
    if found.exhaustive is not None:
        rows.append({"name": t("best of all combinations"), "value": fixed(found.exhaustive, places)})
    return rows


class _View(NamedTuple):
    """A part of the world: longitude of the middle, rims in degrees east of 180 west of it and south of the pole, scale."""

    middle: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def scale(self) -> float:
        """Points for a degree."""
        return WIDTH / (self.right - self.left)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Picture coordinates of a place."""
        return (
            ((lon - self.middle + 180.0) % 360.0 - self.left) * self.scale,
            (90.0 - lat - self.top) * self.scale,
        )


def _view(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> _View:
    """The part of the world that holds these places and a rim."""
    middle = float(np.degrees(np.arctan2(np.mean(np.sin(np.radians(lon))), np.mean(np.cos(np.radians(lon))))))
    x, y = (lon - middle + 180.0) % 360.0, 90.0 - lat
    return _View(
        middle, max(0.0, float(x.min()) - BORDER_DEG), max(0.0, float(y.min()) - BORDER_DEG),
        min(360.0, float(x.max()) + BORDER_DEG), min(180.0, float(y.max()) + BORDER_DEG),
    )  # fmt: skip


def _coast(view: _View) -> str:
    """Coasts of the part that is shown, finer where it is small; no seams."""
    lines = []
    for ring in land.rings("50m" if view.right - view.left < FINE_DEG else "110m"):
        x, y = (ring[:, 0] - view.middle + 180.0) % 360.0, 90.0 - ring[:, 1]
        near = (x > view.left - 2.0) & (x < view.right + 2.0) & (y > view.top - 2.0) & (y < view.bottom + 2.0)
        seam = (np.abs(ring[:, 0]) > land.SEAM) | (np.abs(ring[:, 1]) > 89.9)
        shown = near[:-1] & near[1:] & ~(seam[:-1] & seam[1:]) & (np.abs(np.diff(x)) < 180.0)
        xy = np.column_stack([x - view.left, y - view.top]) * view.scale
        lines += [svg.polyline(piece.tolist()) for piece in land.pieces(xy, shown)]
    return svg.group(lines, fill="none", stroke="#57606a", stroke_width="0.8")


def chart(found: Siting, base: Sequence[Sensor], candidates: Sequence[Candidate], target: Target) -> Markup:
    """Stations that are there, places that matter, candidates, and the chosen ones with their order."""
    view = _view(
        np.array([*target.longitude.tolist(), *(c.sensor.longitude for c in candidates)]),
        np.array([*target.latitude.tolist(), *(c.sensor.latitude for c in candidates)]),
    )
    height = (view.bottom - view.top) * view.scale
    parts = [svg.element("rect", x=0, y=0, width=WIDTH, height=height, fill="#eef4fa"), _coast(view)]
    for a, b in zip(target.longitude.tolist(), target.latitude.tolist(), strict=True):
        px, py = view.at(a, b)
        parts.append(svg.element("circle", cx=px, cy=py, r="1.6", fill=svg.SOFT))
    chosen = {a.candidate.sensor.code for a in found.additions}
    for c in candidates:
        if c.sensor.code not in chosen:
            px, py = view.at(c.sensor.longitude, c.sensor.latitude)
            parts.append(svg.element("circle", cx=px, cy=py, r="3", fill="none", stroke=svg.ORANGE))
    labels, there = Labels(WIDTH, height), []
    for s in base:
        px, py = view.at(s.longitude, s.latitude)
        if 0 <= px <= WIDTH and 0 <= py <= height:
            there.append((s.code, px, py))
            labels.block(px, py, 5.0)
    for code, px, py in there:
        parts.append(svg.tip(svg.triangle(px, py, 6.0, fill="#ffffff", stroke=svg.BLUE), code))
        spot = labels.place(px, py, code.rsplit(".", 1)[-1], 11.0)
        if spot is not None:
            parts.append(svg.text(*spot, code.rsplit(".", 1)[-1], font_size="11", fill=svg.BLUE))
    for i, added in enumerate(found.additions):
        s = added.candidate.sensor
        px, py = view.at(s.longitude, s.latitude)
        parts.append(svg.tip(svg.star(px, py, 9.0, fill=svg.RED), s.code))
        parts.append(svg.text(px + 9, py - 6, str(i + 1), font_size="14", font_weight="bold"))
    return svg.picture(WIDTH, height, parts, t("Where the next stations belong"))
