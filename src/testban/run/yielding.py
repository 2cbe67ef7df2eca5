"""Yields as objects that people and machines read: inputs, result, assumptions, digests."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.records import Event, Magnitude
from testban.base.yields import Yield
from testban.identify import yields as room
from testban.run import known
from testban.run.provenance import code_digest

KINDS = ("mb", "mb(Lg)", "mb(IDC)")


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """A yield, or the sentence that says why none is given."""

    event_id: str
    found: Yield | None
    refused: str = ""
    verdict: str = ""


def given(value: float, sigma: float, scale: str, *, bound: bool = False) -> Magnitude:
    """A magnitude that somebody states."""
    if not math.isfinite(value) or not math.isfinite(sigma):
        raise InputError("expected a finite magnitude and error, got others: correct --mb or --sigma")
    return Magnitude(
        kind=scale,
        value=value,
        sigma=sigma,
        n_detected=0,
        n_censored=0,
        method="given",
        bound="upper" if bound else "",
    )


def of_event(event: Event, settings: room.YieldSettings) -> Sized:
    """The yield of an event of a bulletin, from its body-wave magnitudes; a refusal in words where none fits."""
    verdict = event.assessment.verdict.value if event.assessment else ""
    usable = [m for m in event.magnitudes if m.kind in KINDS and math.isfinite(m.sigma)]
    if not usable:
        kinds = ", ".join(m.kind for m in event.magnitudes) or "no magnitude"
        reason = f"the event has {kinds}; a yield needs mb, measured beyond 20 deg, and is not made from other scales"
        return Sized(event_id=event.event_id, found=None, refused=reason, verdict=verdict)
    try:
        found = room.estimate(usable, settings)
    except InputError as exc:
        return Sized(event_id=event.event_id, found=None, refused=str(exc), verdict=verdict)
    assumed = [f"{m.kind}: {known.ASSUMED_TEXT}" for m in usable if known.ASSUMED_TEXT in m.method]
    found = msgspec.structs.replace(found, assumptions=(*found.assumptions, *assumed))
    return Sized(event_id=event.event_id, found=found, verdict=verdict)


def of_place(place: Path, event: str | None, settings: room.YieldSettings) -> tuple[Sized, ...]:
    """The yields of the events of an output folder or a QuakeML file."""
    return tuple(of_event(e, settings) for e in known.chosen(known.events(place), event, place))


def as_object(rows: Sequence[Sized], settings: room.YieldSettings) -> dict[str, Any]:
    """What --json prints."""
    result = [
        {"event_id": r.event_id, "assessment": r.verdict or None, "refused": r.refused or None}
        | ({"yield": msgspec.to_builtins(r.found)} if r.found else {"yield": None})
        for r in rows
    ]
    inputs = msgspec.to_builtins(settings)
    return {
        "events": result,
        "inputs": inputs,
        "digests": {"inputs": digest_of(inputs), "result": digest_of(result), "code": code_digest()},
    }
