"""Events that appear, grow and are revised while picks come in, and that end as a batch would form them.

Rules: what a window of origin time forms depends on the picks that can touch it and on the claims of earlier windows, so
new picks undo only the windows that they can touch and those after; earlier ones stand. The result after the last pick is
that of `associate` on all picks, bit for bit, whatever the order and the portions in which they came.
"""

from collections.abc import Sequence

import msgspec

from testban.associate.associator import (
    GUARD_S,
    MAX_TRAVEL_S,
    RATE_S,
    Discarded,
    Explanation,
    Result,
    Session,
)
from testban.associate.claims import Claim
from testban.associate.search import Search
from testban.associate.settings import Settings
from testban.associate.table import Table
from testban.base.records import Event, NoiseHour, Pick, Site

PickKey = tuple[str, int, str]


class _Window(msgspec.Struct, frozen=True, kw_only=True):
    """What one window formed; claims name their picks, since rows of the table move."""

    claims: tuple[tuple[Claim, tuple[PickKey, ...]], ...]
    events: tuple[Event, ...]
    explanations: tuple[Explanation, ...]
    discarded: tuple[Discarded, ...]


class Stream:
    """Association of picks that come in portions, in any order. Sites and settings stand from the start."""

    def __init__(
        self,
        sites: Sequence[Site],
        settings: Settings = Settings(),  # noqa: B008 - frozen record
        noise: Sequence[NoiseHour] = (),
    ) -> None:
        self.sites, self.settings, self.noise = tuple(sites), settings, tuple(noise)
        self.picks: list[Pick] = []
        self.search: Search | None = None
        self.windows: dict[int, _Window] = {}

    def feed(self, picks: Sequence[Pick]) -> Result:
        """Add picks; what all picks so far form. Events may grow, move or go until their window is past."""
        self.picks.extend(picks)
        table = Table(self.picks, self.sites)
        if not table.picks:
            return Result(events=(), discarded=(), n_without_coordinates=table.n_unknown)
        session = Session(table, self.settings, self.noise, self.search)
        self.search = session.search
        step = self.settings.window_s
        ahead = step + GUARD_S + MAX_TRAVEL_S + RATE_S
        touched = [int((p.time_ns - round(ahead * 1e9)) // (step * 10**9)) for p in picks]
        first = min(touched, default=max(self.windows, default=0) + 1)
        row = {(p.station_key, p.time_ns, p.pick_id): i for i, p in enumerate(table.picks)}
        numbers = {
            n for t in table.time_ns.tolist() for n in (session.first_window(t), session.last_window(t))
        }
        kept: dict[int, _Window] = {}
        for n in sorted(numbers):
            old = self.windows.get(n)
            if old is not None and n < first:
                self._replay(session, old, row)
                kept[n] = old
            else:
                kept[n] = self._work(session, n)
        self.windows = kept
        return session.result()

    def _replay(self, session: Session, old: _Window, row: dict[PickKey, int]) -> None:
        session.claims += [
            msgspec.structs.replace(c, numbers=tuple(row[k] for k in keys)) for c, keys in old.claims
        ]
        session.events += old.events
        session.explanations += old.explanations
        session.discarded += old.discarded

    def _work(self, session: Session, n: int) -> _Window:
        at = (
            len(session.claims),
            len(session.events),
            len(session.explanations),
            len(session.discarded),
        )
        session.work(n)
        picks = session.table.picks

        def keys(c: Claim) -> tuple[PickKey, ...]:
            return tuple((picks[i].station_key, picks[i].time_ns, picks[i].pick_id) for i in c.numbers)

        return _Window(
            claims=tuple((c, keys(c)) for c in session.claims[at[0] :]),
            events=tuple(session.events[at[1] :]),
            explanations=tuple(session.explanations[at[2] :]),
            discarded=tuple(session.discarded[at[3] :]),
        )


__all__ = ["Stream"]
