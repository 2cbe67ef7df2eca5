"""Events that an earlier run left behind: its output folder, or a QuakeML file.

Rules: the catalogue beside bulletin.quakeml is used where it holds the same events, because it has the evidence whole; a
folder that cannot be written is read from its QuakeML alone. Nothing is measured again.
"""

from collections.abc import Sequence
from pathlib import Path

from testban.base.errors import InputError, StoreError
from testban.base.records import Event
from testban.formats import quakeml
from testban.store import Catalogue


def events(place: Path) -> tuple[Event, ...]:
    """All events of an output folder of `process` or of a QuakeML file, by time. Raises InputError."""
    if not place.exists():
        raise InputError(
            f"expected a folder written by `testban process` or a QuakeML file, got {place}: it is not there"
        )
    if not place.is_dir():
        return quakeml.read_events(place)
    page, kept = place / "bulletin.quakeml", place / "catalogue.sqlite"
    if not page.is_file():
        raise InputError(
            f"expected {place} to hold bulletin.quakeml, got no such file: name a folder written by `testban process`"
        )
    if "<event " not in page.read_text(encoding="utf-8"):
        return ()
    told = quakeml.read_events(page)
    if kept.is_file():
        try:
            catalogue = Catalogue(kept)
            try:
                for name in reversed(catalogue.bulletins()):
                    found = catalogue.events(name)
                    if {e.event_id for e in found} == {e.event_id for e in told}:
                        return tuple(found)
            finally:
                catalogue.close()
        except StoreError:
            return told
    return told


def chosen(found: Sequence[Event], wanted: str | None, place: Path) -> tuple[Event, ...]:
    """The event of that name, or all where none is named. Raises InputError with the names that there are."""
    if wanted is None:
        return tuple(found)
    out = tuple(e for e in found if e.event_id == wanted)
    if not out:
        names = ", ".join(e.event_id for e in found[:10]) or "none"
        raise InputError(f"--event: expected an event of {place} ({names}), got {wanted!r}: choose one")
    return out
