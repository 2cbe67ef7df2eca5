"""Events of an earlier run judged again: other priors, another calibration, or the same, with every reason.

Rules: nothing is measured again; evidence, magnitudes and paths come from the catalogue of the run, so that only what follows
from them changes (the combination, and mb:Ms and P/S where another table is given). Events of a bare QuakeML file have no paths: P/S does not apply.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban import identify
from testban.base import quanta
from testban.base.beside import Beside
from testban.base.canonical import digest_of
from testban.base.dmath import exp10_
from testban.base.measurements import PathMeasurement
from testban.base.records import Assessment, Event, Evidence, Verdict
from testban.base.times import format_time
from testban.identify import outside_score, regional, repeated, sea, shape, surface, tensor
from testban.identify.combine import NOTHING, away
from testban.identify.registry import Inquiry
from testban.run import calibrating, known
from testban.run.beside import Given, of_events
from testban.run.provenance import code_digest

NONE_GIVEN = Given()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its assessment, and the verdicts that it would have with one piece of evidence left out."""

    event: Event
    assessment: Assessment
    without: tuple[tuple[str, Verdict], ...]
    to_explosion: float | None
    to_earthquake: float | None


def settings_of(prior: float, prior_other: float, table: Path | None) -> identify.Settings:
    """Settings with priors, and with a table of `calibrate` where one is named."""
    settings = identify.Settings(prior=prior, prior_other=prior_other)
    return settings if table is None else calibrating.apply(table, settings)


ANEW = (surface.NAME,)  # from magnitudes, which the event bears
FROM_PATHS = (regional.NAME, shape.SLOPE, shape.COMPLEXITY)
BESIDE = (repeated.NAME, tensor.NAME, sea.NAME, outside_score.NAME)


def judge_event(
    event: Event,
    settings: identify.Settings,
    paths: tuple[PathMeasurement, ...] = (),
    beside: Beside = NOTHING,
) -> Judged:
    """One event judged from the evidence that it bears, P/S anew where its paths were kept; without any evidence, from
    its depth and magnitudes alone. What stands beside the run (`beside`) is looked at where it was given.
    """
    mb = next((m.value for m in event.magnitudes if m.kind == "mb" and not m.bound), None)
    if event.assessment is None:
        a = identify.assess(event, paths, (), settings, beside)
    else:
        inquiry = Inquiry(event=event, paths=paths, picks=(), settings=settings, beside=beside)
        a = identify.judge(_evidence_again(inquiry, event.assessment.evidence), settings, mb)
    far = away(a.log10_lr, settings)
    return Judged(
        event=event,
        assessment=a,
        without=_without(a, settings, mb),
        to_explosion=far[0],
        to_earthquake=far[1],
    )


def _evidence_again(inquiry: Inquiry, kept: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence in the order of the registry: anew where what it rests on is at hand, else as it was kept."""
    anew = {*ANEW, *BESIDE, *(FROM_PATHS if inquiry.paths else ())}
    had = {e.name: e for e in kept}
    out = []
    for name, (function, given) in identify.DISCRIMINANTS.items():
        if name in anew and given(inquiry) and (name in had or name in BESIDE):
            out.append(function(inquiry))
        elif name in had:
            out.append(had[name])
    return (*out, *(e for e in kept if e.name not in identify.DISCRIMINANTS))


def _without(a: Assessment, settings: identify.Settings, mb: float | None) -> tuple[tuple[str, Verdict], ...]:
    out = []
    for e in a.evidence:
        if e.applicable and e.log10_lr:
            rest = tuple(o for o in a.evidence if o is not e)
            out.append((e.name, identify.judge(rest, settings, mb).verdict))
    return tuple(out)


def of_place(
    place: Path, event: str | None, settings: identify.Settings, given: Given = NONE_GIVEN
) -> tuple[Judged, ...]:
    """The events of an output folder or a QuakeML file, with what was given beside it."""
    found = known.chosen(known.events(place), event, place)
    paths = known.paths(place)
    extra = of_events(found, given) if given.anything else {}
    return tuple(
        judge_event(e, settings, paths.get(e.event_id, ()), extra.get(e.event_id, NOTHING)) for e in found
    )


def _evidence(e: Evidence) -> dict[str, Any]:
    def q(v: float | None, places: int) -> float | None:
        return None if v is None else quanta.quantise(v, places)

    return {
        "name": e.name,
        "applicable": e.applicable,
        "value": q(e.value, 3),
        "sigma": q(e.sigma, 3),
        "unit": e.unit,
        "p_explosion": q(e.p_explosion, 4),
        "p_earthquake": q(e.p_earthquake, 4),
        "log10_lr": q(e.log10_lr, 2),
        "reason": e.reason,
    }


def as_object(rows: Sequence[Judged], settings: identify.Settings) -> dict[str, Any]:
    """What --json prints: the verdict, its odds before and after the prior, classes, screening, evidence."""
    events = []
    for r in rows:
        a = r.assessment
        events.append(
            {
                "event_id": r.event.event_id,
                "time": format_time(r.event.origin.time_ns),
                "verdict": a.verdict.value,
                "log10_lr": None if a.log10_lr is None else quanta.quantise(a.log10_lr, 2),
                "likelihood_ratio": None if a.log10_lr is None else float(f"{exp10_(a.log10_lr):.2g}"),
                "prior": a.prior,
                "probability_explosion": None
                if a.probability_explosion is None
                else quanta.probability(a.probability_explosion),
                "reason": a.reason,
                "classes": [
                    {
                        "name": c.name,
                        "prior": quanta.probability(c.prior),
                        "probability": quanta.probability(c.probability),
                        "log10_support": quanta.quantise(c.log10_support, 2),
                        "typical": quanta.probability(c.typical),
                    }
                    for c in a.classes
                ],
                "screening": msgspec.to_builtins(a.screening) if a.screening else None,
                "evidence": [_evidence(e) for e in a.evidence],
                "without": {name: v.value for name, v in r.without},
            }
        )
    inputs = msgspec.to_builtins(settings)
    return {
        "events": events,
        "inputs": {
            "prior": settings.prior,
            "prior_other": settings.prior_other,
            "settings": digest_of(inputs),
        },
        "digests": {"result": digest_of(events), "code": code_digest()},
    }
