"""What `testban locate` tells a person: events in a line each, and its notes.

Rules: both languages say the same; what another room wrote goes through `reasons`.
"""

from testban.base.records import Event, Finding
from testban.base.times import format_time
from testban.show.reasons import reason
from testban.show.texts import Both, t


def event(e: Event) -> Both:
    """One event in one line."""
    o = e.origin
    where = f"{abs(o.latitude):.2f}{'N' if o.latitude >= 0 else 'S'} {abs(o.longitude):.2f}{'E' if o.longitude >= 0 else 'W'}"
    held = t(" fixed") if o.depth_fixed else Both("", "")
    return t(
        "  {name}  {time}  {where}  {depth} km{held}  +-{size} km  {n} defining of {m} stations",
        name=e.event_id, time=format_time(o.time_ns, 1), where=where, depth=f"{o.depth_km:.0f}", held=held,
        size=f"{o.ellipse.smajor_km:.0f}", n=o.n_defining, m=o.n_stations,
    )  # fmt: skip


def with_depth(e: Event) -> Both:
    """The same, and why its depth is free or fixed."""
    return t("{event}  depth {why}", event=event(e), why=reason(e.origin.depth_reason))


def note(f: Finding) -> Both:
    """A finding."""
    return t("note: {subject}: {what}", subject=f.subject, what=reason(f.message))


def total(events: int, arrivals: int, out: object) -> Both:
    """How much was located, and where it lies."""
    return t("{n} events located from {m} arrivals: {out}", n=events, m=arrivals, out=out)
