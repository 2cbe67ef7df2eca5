"""What `testban locate` tells a person: events in a line each, and its notes.

Rules: both languages say the same; what another room wrote goes through `reasons`.
"""

from testban.base.records import Event, Finding
from testban.show.headline import line
from testban.show.reasons import reason
from testban.show.texts import Both, t


def with_depth(e: Event) -> Both:
    """The same, and why its depth is free or fixed."""
    return t("  {event}  depth {why}", event=line(e), why=reason(e.origin.depth_reason))


def note(f: Finding) -> Both:
    """A finding."""
    return t("note: {subject}: {what}", subject=f.subject, what=reason(f.message))


def total(events: int, arrivals: int, out: object) -> Both:
    """How much was located, and where it lies."""
    return t("{n:event|events} located from {m:arrival|arrivals}: {out}", n=events, m=arrivals, out=out)
