"""Names of events: time of day and a few digits of what it rests on, the same for every party."""

from collections.abc import Sequence

import msgspec

from testban.base.canonical import digest_of
from testban.base.records import Event
from testban.base.times import format_time


def event_id(event: Event) -> str:
    """YYYYMMDDTHHMMSS-xxxx: origin time and the first digits of a digest of the arrivals."""
    stamp = format_time(event.origin.time_ns, 0).replace("-", "").replace(":", "").rstrip("Z")
    return f"{stamp}-{digest_of([(a.pick_id, a.phase) for a in event.arrivals])[:4]}"


def named(events: Sequence[Event]) -> tuple[Event, ...]:
    """Events by time and place under their published names."""
    ordered = sorted(events, key=lambda e: (e.origin.time_ns, e.origin.longitude, e.origin.latitude))
    return tuple(msgspec.structs.replace(e, event_id=event_id(e)) for e in ordered)
