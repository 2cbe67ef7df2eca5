"""The page of siting: where the next stations belong, what each buys, and how other placements do. Both languages.

Rules: those of `report`; coasts, no borders; magnitudes and noise are assumptions of the scenario and said to be so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from testban.assure.capability import Rule, Sensor
from testban.assure.siting import Candidate, Siting, Target
from testban.base.errors import InputError
from testban.show import capability_map, report, svg, texts
from testban.show.texts import Both, fixed, num, t

WIDTH, SCALE = 900.0, capability_map.SCALE
BORDER_DEG = 8.0


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


def _at(lon: float, lat: float, middle: float) -> tuple[float, float]:
    """Place on the map that has `middle` in its middle, degrees times SCALE."""
    return ((lon - middle + 180.0) % 360.0) * SCALE, (90.0 - lat) * SCALE


def chart(found: Siting, base: Sequence[Sensor], candidates: Sequence[Candidate], target: Target) -> Markup:
    """Stations that are there, places that matter, candidates, and the chosen ones with their order."""
    lon = np.array([*target.longitude.tolist(), *(c.sensor.longitude for c in candidates)])
    lat = np.array([*target.latitude.tolist(), *(c.sensor.latitude for c in candidates)])
    middle = float(np.degrees(np.arctan2(np.mean(np.sin(np.radians(lon))), np.mean(np.cos(np.radians(lon))))))
    x, y = ((lon - middle + 180.0) % 360.0) * SCALE, (90.0 - lat) * SCALE
    edge = BORDER_DEG * SCALE
    left, right = max(0.0, float(x.min()) - edge), min(360.0 * SCALE, float(x.max()) + edge)
    top, bottom = max(0.0, float(y.min()) - edge), min(180.0 * SCALE, float(y.max()) + edge)
    k = (right - left) / WIDTH
    turn = (-middle % 360.0) * SCALE
    coast = capability_map.coasts()
    parts = [
        svg.element("rect", x=left, y=top, width=right - left, height=bottom - top, fill="#eef4fa"),
        *(
            svg.group([coast], transform=f"translate({svg.f1(turn + d)} 0)")
            for d in (-360.0 * SCALE, 0.0, 360.0 * SCALE)
        ),
    ]
    for a, b in zip(target.longitude.tolist(), target.latitude.tolist(), strict=True):
        px, py = _at(a, b, middle)
        parts.append(svg.element("circle", cx=px, cy=py, r=f"{1.4 * k:.2f}", fill=svg.FAINT))
    chosen = {a.candidate.sensor.code for a in found.additions}
    for c in candidates:
        if c.sensor.code not in chosen:
            px, py = _at(c.sensor.longitude, c.sensor.latitude, middle)
            parts.append(
                svg.element(
                    "circle", cx=px, cy=py, r=f"{3 * k:.2f}", fill="none", stroke=svg.ORANGE, stroke_width=f"{k:.2f}"
                )
            )  # fmt: skip
    for s in base:
        px, py = _at(s.longitude, s.latitude, middle)
        parts.append(svg.tip(svg.triangle(px, py, 6.0 * k, fill="#ffffff", stroke=svg.BLUE), s.code))
    for i, added in enumerate(found.additions):
        s = added.candidate.sensor
        px, py = _at(s.longitude, s.latitude, middle)
        parts.append(svg.tip(svg.star(px, py, 9.0 * k, fill=svg.RED), s.code))
        parts.append(
            svg.text(px + 9 * k, py - 6 * k, str(i + 1), font_size=f"{14 * k:.1f}", font_weight="bold")
        )
    inner = svg.element(
        "svg", "".join(parts), x=0, y=0, width=WIDTH, height=(bottom - top) / k,
        viewBox=f"{svg.f1(left)} {svg.f1(top)} {svg.f1(right - left)} {svg.f1(bottom - top)}",
    )  # fmt: skip
    return svg.picture(WIDTH, (bottom - top) / k, [inner], t("Where the next stations belong"))
