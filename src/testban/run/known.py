"""Events that an earlier run left behind: its output folder, or a QuakeML file.

Rules: the catalogue beside bulletin.quakeml is used where it holds the same events, because it has the evidence whole; a
folder that cannot be written is read from its QuakeML alone. Nothing is measured again.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from testban.base.errors import InputError, StoreError
from testban.base.measurements import PathMeasurement
from testban.base.records import Event
from testban.formats import quakeml_read
from testban.run.process import Measured
from testban.store import Catalogue, tables

ASSUMED_SIGMA = 0.2  # of one bulletin magnitude [assumed]
ASSUMED_TEXT = "error not stated, 0.2 assumed"


def events(place: Path) -> tuple[Event, ...]:
    """All events of an output folder of `process` or of a QuakeML file, by time. Raises InputError."""
    if not place.exists():
        raise InputError(
            f"expected a folder written by `testban process` or a QuakeML file, got {place}: it is not there"
        )
    if not place.is_dir():
        return tuple(_with_errors(e) for e in quakeml_read.read_events(place))
    page, kept = place / "bulletin.quakeml", place / "catalogue.sqlite"
    if not page.is_file():
        raise InputError(
            f"expected {place} to hold bulletin.quakeml, got no such file: name a folder written by `testban process`"
        )
    if "<event " not in page.read_text(encoding="utf-8"):
        return ()
    told = quakeml_read.read_events(page)
    if kept.is_file():
        try:
            catalogue = Catalogue(kept)
            try:
                for name in _latest_first(catalogue):
                    found = catalogue.events(name)
                    if {e.event_id for e in found} == {e.event_id for e in told}:
                        return tuple(found)
            finally:
                catalogue.close()
        except (StoreError, SQLAlchemyError):
            return told
    return told


def _with_errors(event: Event) -> Event:
    """Magnitudes whose error nobody stated get 0.2 [assumed], and say so: no error is not an error of nothing."""
    sizes = tuple(
        m
        if m.sigma > 0.0
        else msgspec.structs.replace(
            m, sigma=ASSUMED_SIGMA, method=f"{m.method}; {ASSUMED_TEXT}".lstrip("; ")
        )
        for m in event.magnitudes
    )
    return msgspec.structs.replace(event, magnitudes=sizes)


def _latest_first(catalogue: Catalogue) -> list[str]:
    """Identifiers of bulletins, the one written last first (SQLite numbers rows as they come)."""
    with catalogue.engine.connect() as c:
        return [
            r[0] for r in c.execute(select(tables.bulletins.c.bulletin_id).order_by(text("rowid desc"))).all()
        ]


def paths(place: Path) -> dict[str, tuple[PathMeasurement, ...]]:
    """Regional paths of each event (by its name) that `process` measured and kept, by station; none for a bare file.

    Raises InputError for a folder whose catalogue cannot be read.
    """
    kept = place / "catalogue.sqlite"
    if not kept.is_file():
        return {}
    found: dict[str, dict[str, PathMeasurement]] = {}
    try:
        catalogue = Catalogue(kept)
        try:
            t = tables.units
            with catalogue.engine.connect() as c:
                rows = c.execute(select(t.c.result).where(t.c.stage == "measure").order_by(t.c.key)).all()
        finally:
            catalogue.close()
        for (row,) in rows:
            for m in msgspec.msgpack.decode(row, type=list[Measured]):
                if m.path is not None:
                    found.setdefault(m.event_id, {})[m.path.station_key] = m.path
    except (StoreError, SQLAlchemyError, msgspec.MsgspecError) as exc:
        raise InputError(
            f"expected a catalogue of this version of testban in {place}, got {exc}: run process again"
        ) from exc
    return {k: tuple(v[s] for s in sorted(v)) for k, v in sorted(found.items())}


def chosen(found: Sequence[Event], wanted: str | None, place: Path) -> tuple[Event, ...]:
    """The event of that name, or all where none is named. Raises InputError with the names that there are."""
    if wanted is None:
        return tuple(found)
    out = tuple(e for e in found if e.event_id == wanted)
    if not out:
        names = ", ".join(e.event_id for e in found[:10]) or "none"
        raise InputError(f"--event: expected an event of {place} ({names}), got {wanted!r}: choose one")
    return out
