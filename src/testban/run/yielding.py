"""Yields as objects that people and machines read: inputs, result, assumptions, digests."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban.base import geo
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.records import Event, Magnitude
from testban.base.yields import Yield
from testban.identify import relations, yield_depth
from testban.identify import yields as room
from testban.identify.yield_depth import BandStep, Master, YieldDepth
from testban.run import known
from testban.run.provenance import code_digest

ONE_PLACE_KM = 30.0  # beyond it two events have not the same path and site [assumed; locations are uncertain by 10 km and more]
KINDS = ("mb", "mb(Lg)", "mb(IDC)")


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """A yield, or the sentence that says why none is given."""

    event_id: str
    found: Yield | None
    refused: str = ""
    verdict: str = ""
    joint: YieldDepth | None = None


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
        reason = f"expected mb, measured beyond 20 deg, with its error, got {kinds}: a yield is not made from other scales; give --mb"
        return Sized(event_id=event.event_id, found=None, refused=reason, verdict=verdict)
    try:
        found = room.estimate(usable, settings)
    except InputError as exc:
        return Sized(event_id=event.event_id, found=None, refused=str(exc), verdict=verdict)
    assumed = dict.fromkeys(
        f"{m.kind}: {known.ASSUMED_TEXT}" for m in usable if known.ASSUMED_TEXT in m.method
    )
    found = msgspec.structs.replace(found, assumptions=(*found.assumptions, *assumed))
    return Sized(event_id=event.event_id, found=found, verdict=verdict)


def of_place(place: Path, event: str | None, settings: room.YieldSettings) -> tuple[Sized, ...]:
    """The yields of the events of an output folder or a QuakeML file."""
    return tuple(of_event(e, settings) for e in known.chosen(known.events(place), event, place))


def with_spectra(
    place: Path, event: str | None, settings: room.YieldSettings, master: Path, stated: Master, mb: Magnitude | None
) -> tuple[Sized, ...]:  # fmt: skip
    """Yields with depth, from mb and the spectra over those of the event with most stations of the folder `master`.

    mb: one that is given in place of that of the events. Raises InputError where the folder has no event, or where no event of `place` has
    spectra that can be compared with the master's.
    """
    theirs = known.events(master)
    if not theirs:
        raise InputError(f"--spectra: expected an event in {master}, got none: give another folder")
    best = max(theirs, key=lambda e: (e.origin.n_stations, e.event_id))
    paths, others = known.paths(place), known.paths(master).get(best.event_id, ())
    out = []
    for e in known.chosen(known.events(place), event, place):
        apart = geo.distance_km_(
            e.origin.longitude, e.origin.latitude, best.origin.longitude, best.origin.latitude
        )
        own = paths.get(e.event_id, ())
        found = yield_depth.steps(own, others) if apart <= ONE_PLACE_KM else ()
        mixed = yield_depth.apart_in_units(own, others) if apart <= ONE_PLACE_KM else ()
        out.append(_joint(e, settings, found, stated, mb, apart, mixed))
    if out and all(r.joint is None for r in out):
        raise InputError("; ".join(dict.fromkeys(r.refused for r in out)))
    return tuple(out)


def _joint(
    event: Event, settings: room.YieldSettings, found: Sequence[BandStep], stated: Master, mb: Magnitude | None,
    apart_km: float, mixed: Sequence[str],
) -> Sized:  # fmt: skip
    one = of_event(event, settings) if mb is None else Sized(
        event_id=event.event_id, found=room.estimate([mb], settings), verdict=event.assessment.verdict.value if event.assessment else "",
    )  # fmt: skip
    place = relations.site(settings.site)
    law = relations.relation(settings.relation or place.relation)
    value = None if one.found is None or one.found.bound else (one.found.mb, one.found.mb_sigma)
    try:
        if apart_km > ONE_PLACE_KM:
            raise InputError(
                f"--spectra: expected a master within {ONE_PLACE_KM:g} km, got one {apart_km:.0f} km away: path and site would not "
                "cancel; give another"
            )
        if mixed and len(found) < yield_depth.LEAST_BANDS:
            raise InputError(
                f"--spectra: expected both runs in the same units, got {len(mixed)} common station(s) in ground velocity in one and in "
                f"counts in the other ({', '.join(mixed[:5])}): run process on both with the same kind of --inventory, with responses or without"
            )
        joint = yield_depth.estimate(
            found, stated, value, law, place, settings.prior_kt, settings.level, settings.depth_m
        )
    except InputError as exc:
        return msgspec.structs.replace(one, refused="; ".join(x for x in (one.refused, str(exc)) if x))
    return msgspec.structs.replace(one, joint=joint)


def as_object(rows: Sequence[Sized], settings: room.YieldSettings) -> dict[str, Any]:
    """What --json prints."""
    result = [
        {"event_id": r.event_id, "assessment": r.verdict or None, "refused": r.refused or None}
        | ({"yield": msgspec.to_builtins(r.found)} if r.found else {"yield": None})
        | ({"yield_and_depth": msgspec.to_builtins(r.joint)} if r.joint else {})
        for r in rows
    ]
    inputs = msgspec.to_builtins(settings)
    return {
        "events": result,
        "inputs": inputs,
        "digests": {"inputs": digest_of(inputs), "result": digest_of(result), "code": code_digest()},
    }
