"""What a person hands over beside a run, read from files: a moment tensor, repeats, a score with its past, depths of the sea."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from testban.base.beside import Beside, MomentTensor, OutsideScore, RepeatEvidence
from testban.base.errors import InputError
from testban.base.records import Event
from testban.formats import csvio, moment_tensor
from testban.run import surroundings


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Files and words of the command line; None and "" where not given."""

    moment_tensor: Path | None = None
    repeats: Path | None = None
    score: float | None = None
    score_table: Path | None = None
    bathymetry: Path | None = None
    hydroacoustic: str = ""

    @property
    def of_one_event(self) -> bool:
        """Whether something was given that belongs to one event only."""
        return self.moment_tensor is not None or self.repeats is not None or self.score is not None

    @property
    def anything(self) -> bool:
        """Whether anything was given at all."""
        return self.of_one_event or self.bathymetry is not None or self.hydroacoustic != ""


def repeats(path: Path) -> tuple[RepeatEvidence, ...]:
    """Repeats from JSON: one record, a list of them, or an object with a list under "repeats". Raises InputError."""
    try:
        raw = msgspec.json.decode(path.read_bytes())
        rows = raw.get("repeats", [raw]) if isinstance(raw, dict) else raw
        return tuple(msgspec.convert(rows, list[RepeatEvidence]))
    except (OSError, msgspec.MsgspecError) as exc:
        raise InputError(
            f"--repeats: expected JSON with template, statistic and threshold of each match, got {path} ({exc}): correct it"
        ) from exc


def score(value: float, path: Path | None) -> OutsideScore:
    """A score with the scores of a table: columns score and class (explosion or earthquake). Raises InputError."""
    if path is None:
        raise InputError(
            "--score: expected --score-table with scores of known events beside it, got none: give both"
        )
    rows = csvio.read_rows(path, ("score", "class"), {})
    sides: dict[str, list[float]] = {"explosion": [], "earthquake": []}
    for row in rows:
        kind, number = csvio.text(row, "class"), csvio.number(row, "score")
        if kind in sides and number is not None and math.isfinite(number):
            sides[kind].append(number)
    if not sides["explosion"] or not sides["earthquake"]:
        raise InputError(
            f"--score-table: expected scores of explosions and of earthquakes, got {len(sides['explosion'])} and "
            f"{len(sides['earthquake'])} in {path}: check the column class"
        )
    return OutsideScore(
        value=value,
        explosions=tuple(sorted(sides["explosion"])),
        earthquakes=tuple(sorted(sides["earthquake"])),
        source=path.name,
    )


def of_events(events: Sequence[Event], given: Given) -> dict[str, Beside]:
    """What was given, for each event by its name. Raises InputError where it is not clear which event it belongs to."""
    if given.of_one_event and len(events) != 1:
        raise InputError(
            f"expected one event for --moment-tensor, --repeats or --score, got {len(events)}: choose it with --event"
        )
    if given.hydroacoustic not in ("", "silent", "heard"):
        raise InputError(
            f"--hydroacoustic: expected silent or heard, got {given.hydroacoustic!r}: choose one"
        )
    tensor: MomentTensor | None = moment_tensor.read(given.moment_tensor) if given.moment_tensor else None
    matches = repeats(given.repeats) if given.repeats else ()
    rated = None if given.score is None else score(given.score, given.score_table)
    depths = surroundings.read_depths(given.bathymetry) if given.bathymetry else None
    return {
        e.event_id: Beside(
            repeats=matches,
            tensor=tensor,
            score=rated,
            surroundings=surroundings.of(e.origin, depths, given.hydroacoustic),
        )
        for e in events
    }
