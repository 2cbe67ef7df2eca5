"""Following stations while they record: the main job again and again over the days that are not over, and what has changed.

Order of a turn: which days have something new -> the main job over each, up to now less the latency -> what has changed against the last turn, to
changes.jsonl -> latest.json and index.html. The last run of a day is what `process` gives for it: late records are waited for, a day is run again
whenever its recordings have changed, and the day after counts too as far as its events are measured there (TAIL_NS).
Rules: nothing that goes wrong in a turn ends the follower; it is told and tried again. Time is asked of `Clock` only.
"""

import json
import resource
import shlex
import subprocess
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from testban import formats
from testban.base.canonical import digest_of
from testban.base.errors import InputError, SourceError, TestbanError
from testban.base.spans import Span
from testban.base.times import DAY_NS, HOUR_NS, NS_PER_S, day_start, format_time
from testban.links.seedlink_session import Address, address
from testban.run import batch, changing, looking
from testban.run.collecting import Collector, Running
from testban.run.configuration import Configuration
from testban.run.detection import open_source
from testban.store import durable
from testban.store.archive import claim

TAIL_NS = 3 * HOUR_NS  # surface waves of the day's last event are over: 180 degrees at 2.5 km/s are 2.3 h
MEMORY = 1 << 26  # bytes of changes.jsonl that are read at the start
COMMAND_S = 30.0
RETRY_LOCK_S = 5.0


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The time (ns) and how to wait (s)."""

    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is followed and how. latency_s: so far behind now a bulletin ends; lead_s: so far back a server is asked at first; back: days before
    today that are run again when their recordings change; on_event: a command and its arguments that gets each change.
    """

    sources: tuple[str, ...]
    inventory: tuple[str, ...]
    out: Path
    archive: Path | None = None
    every_s: float = 300.0
    latency_s: float = 120.0
    lead_s: float = 3600.0
    back: int = 2
    until_ns: int | None = None
    on_event: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def home(self) -> Path:
        """Where records of servers go."""
        return self.archive or self.out / "archive"

    @property
    def files(self) -> tuple[str, ...]:
        """Sources that others write and that are looked at again."""
        return tuple(s for s in self.sources if not s.lower().startswith("slink://"))


def plan(on_event: str | None = None, **given: Any) -> Plan:
    """A plan whose values are in range; InputError says which is not."""
    made = Plan(**given, on_event=tuple(shlex.split(on_event or "")))
    for name, value, lo, hi in (
        ("every", made.every_s, 1, 86400), ("latency", made.latency_s, 0, 86400), ("lead", made.lead_s, 0, 30 * 86400), ("back", made.back, 0, 60),
    ):  # fmt: skip
        if not lo <= value <= hi:
            raise InputError(f"--{name}: expected a value from {lo} to {hi}, got {value:g}; change it")
    for source in made.sources:
        if source.lower().startswith(("fdsnws://", "fdsnwss://")):
            raise SourceError(
                f"expected slink://, sdsarchive:// or a folder that grows, got {source}; a service cannot be followed"
            )
        if source.lower().startswith("slink://") and set(address(source)[3:]) != {None}:
            raise SourceError(
                f"expected slink:// without start and end, got {source}; leave them out, or use process"
            )
    return made


def follow(
    plan: Plan, configuration: Configuration, say: Callable[[str], None], clock: Clock | None = None
) -> None:
    """Follow until `plan.until_ns`, or until stopped by KeyboardInterrupt, which ends it in order."""
    clock = clock or Clock()
    formats.inventory.read_inventory(plan.inventory)
    if plan.files:
        open_source(plan.files)
    held = _held(plan.out)
    servers = tuple((s, address(s)) for s in plan.sources if s not in plan.files)
    collector = None
    try:
        follower = Follower(plan, configuration, say, clock, servers)
        if servers:
            claim(plan.home)
            state = plan.out / ".collector.json"
            state.unlink(missing_ok=True)
            collector = Running(partial(Collector, servers, plan.home, state, clock.now, plan.lead_s), say)
        follower.run(collector)
    except KeyboardInterrupt:
        say("stopped; the same command goes on")
    finally:
        if collector is not None:
            collector.close()
        held.close()


def _held(out: Path) -> durable.Held:
    """The folder, ours alone; helpers of one that was killed are given a moment to end."""
    durable.folder(out)
    end = time.monotonic() + RETRY_LOCK_S
    while True:
        try:
            return durable.Held(out)
        except TestbanError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Follower:
    """One follower and what it remembers from turn to turn."""

    def __init__(
        self,
        plan: Plan,
        configuration: Configuration,
        say: Callable[[str], None],
        clock: Clock,
        servers: Sequence[tuple[str, Address]],
    ) -> None:
        self.plan, self.configuration, self.say, self.clock = plan, configuration, say, clock
        own = [f"sdsarchive://{plan.home}"] if servers else []
        self.sources = (*own, *plan.files)
        self.asked = {s.key for _, a in servers for s in a.streams}
        self._lines = durable.Lines(plan.out / "changes.jsonl")
        lines = self._lines.last(MEMORY)
        self.known = changing.replayed(lines)
        self.recent = looking.recent(lines)
        self._signs: dict[int, str] = {}
        self.done: dict[int, batch.Done] = {}
        self.troubles: dict[str, str] = {}

    def run(self, collector: Running | None) -> None:
        """Turn after turn, on multiples of `every_s`, until the end."""
        every, until = round(self.plan.every_s * NS_PER_S), self.plan.until_ns
        while True:
            now = self.clock.now()
            self.turn(now)
            if until is not None and now >= until:
                return
            due = (self.clock.now() // every + 1) * every
            self._wait(due if until is None else min(due, until), collector)

    def _wait(self, due: int, collector: Running | None) -> None:
        while (left := due - self.clock.now()) > 0:
            if collector is not None:
                collector.look()
            self.clock.sleep(min(5.0, left / NS_PER_S))

    def turn(self, now: int) -> None:
        """One turn at a time."""
        begun, spent = time.monotonic(), _cpu_s()
        edge = (now - round(self.plan.latency_s * NS_PER_S)) // NS_PER_S * NS_PER_S
        open_source.cache_clear()
        self._forget(day_start(edge) - self.plan.back * DAY_NS)
        for day in range(day_start(edge) - self.plan.back * DAY_NS, edge, DAY_NS):
            self._guarded(format_time(day, 0)[:10], partial(self._day, day, edge))
        took = {"seconds": round(time.monotonic() - begun, 1), "cpu_s": round(_cpu_s() - spent, 1)}
        self._guarded("page", partial(looking.write, self, now, edge, took))

    def _forget(self, first: int) -> None:
        """Keep in memory what is of the days that are still looked at."""
        self.done = {d: x for d, x in self.done.items() if d >= first}
        self._signs = {d: x for d, x in self._signs.items() if d >= first}
        oldest = format_time(first, 0)[:10]
        self.known = {d: x for d, x in self.known.items() if d >= oldest}
        self.troubles = {k: x for k, x in self.troubles.items() if not k[:1].isdigit() or k >= oldest}

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        """Do something; what goes wrong is told once and kept for the page."""
        try:
            work()
            self.troubles.pop(name, None)
        except (TestbanError, OSError, MemoryError) as exc:
            self._trouble(name, str(exc) or type(exc).__name__)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not end what runs unattended; it is told
            last = traceback.extract_tb(exc.__traceback__)[-1]
            self._trouble(
                name,
                f"a fault of testban itself, please report it: {type(exc).__name__}: {exc} ({Path(last.filename).stem}:{last.lineno})",
            )

    def _trouble(self, name: str, text: str) -> None:
        if self.troubles.get(name) != text:
            self.say(f"{name}: {text}")
        self.troubles[name] = text

    def _day(self, day: int, edge: int) -> None:
        """The bulletin of a day, where anything of it is new."""
        source = open_source(self.sources)
        around = source.units(day - DAY_NS, day + DAY_NS + TAIL_NS)
        if not any(u.span.start_ns < min(edge, day + DAY_NS) and u.span.end_ns > day for u in around):
            if day == day_start(edge):
                raise InputError(f"nothing recorded yet of {format_time(day, 0)[:10]}")
            return
        stations = sorted({u.station_key for u in around})
        still_open = edge < day + DAY_NS + TAIL_NS
        sign = digest_of([still_open, source.marks(stations, [Span(day - DAY_NS, day + DAY_NS + TAIL_NS)])])
        if still_open or self._signs.get(day) != sign:
            self._make(day, edge, still_open)
            self._signs[day] = sign

    def _make(self, day: int, edge: int, still_open: bool) -> None:
        name = format_time(day, 0)[:10]
        done = batch.run(
            self.sources, self.plan.inventory, self.plan.out / name, self.configuration,
            start_ns=day, end_ns=min(edge, day + DAY_NS), simulated=self.plan.simulated, only=True, fine=still_open,
        )  # fmt: skip
        now, changes = changing.compare(
            list(self.known.get(name, {}).values()), done.bulletin.events, name,
            format_time(self.clock.now(), 0), format_time(min(edge, day + DAY_NS), 0),
        )  # fmt: skip
        lines = [msgspec.json.encode(c).decode() for c in changes]
        if lines:
            self._lines.append(lines)
        self.known[name] = {k.event: k for k in now}
        self.done[day] = done
        self.recent = looking.recent(lines, self.recent)
        for change, line in zip(changes, lines, strict=True):
            self.say(changing.told(change))
            self._call(change, line)

    def _call(self, change: changing.Change, line: str) -> None:
        """Hand a change to the user's command, on its standard input, without a shell and for a bounded time."""
        if not self.plan.on_event:
            return
        try:
            subprocess.run(  # noqa: S603 - the user's own command, without a shell
                self.plan.on_event,
                input=line,
                text=True,
                timeout=COMMAND_S,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            self.troubles.pop("on-event", None)
        except (OSError, subprocess.SubprocessError) as exc:
            self._trouble("on-event", f"{change.known.event}: {exc}")

    def collector_state(self) -> dict[str, Any]:
        """What the collector has written last; empty where there is none."""
        try:
            found: dict[str, Any] = json.loads((self.plan.out / ".collector.json").read_text())
        except (OSError, ValueError):
            return {}
        return found
