"""What a person sees while work goes on: progress with an estimate, on stderr; results as one JSON object."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from testban.base.records import Bulletin, Event
from testban.base.times import format_time
from testban.base.words import counted

if TYPE_CHECKING:  # verbs that do not compute a bulletin need not load what computes one
    from testban.run.batch import Done
    from testban.run.process import Progress as Report

err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress(quiet: bool) -> "Iterator[Report]":
    """A callback (stage, done, total) that draws bars with the time remaining; silent when quiet or where there is nothing to do."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # No refresh thread: workers are forked while the bars are up.
    bars = Progress(*columns, console=err, auto_refresh=False, disable=quiet)
    tasks: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        if total <= 0:
            return
        if not tasks:
            bars.start()
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)
        bars.refresh()

    try:
        yield report
    finally:
        if tasks:
            bars.stop()


def say(text: str) -> None:
    """A line for the person, on stderr."""
    err.print(text)


def out(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1) + "\n")


def event_summary(e: Event) -> dict[str, Any]:
    """What a machine wants to know of one event."""
    return {
        "event_id": e.event_id,
        "time": format_time(e.origin.time_ns),
        "longitude": round(e.origin.longitude, 4),
        "latitude": round(e.origin.latitude, 4),
        "depth_km": round(e.origin.depth_km, 2),
        "depth_fixed": e.origin.depth_fixed,
        "smajor_km": round(e.origin.ellipse.smajor_km, 2),
        "sminor_km": round(e.origin.ellipse.sminor_km, 2),
        "n_defining": e.origin.n_defining,
        "magnitudes": {m.kind: round(m.value, 2) for m in e.magnitudes},
    }


def event_line(e: Event, language: str = "en") -> str:
    """One event in one line for people."""
    from testban.show.headline import line

    return f"  {line(e).of(language)}"


def summary(done: "Done", folder: Path) -> dict[str, Any]:
    """What a machine wants to know of a finished run."""
    b = done.bulletin
    return {
        "out": str(folder),
        "report": str(folder / "report.html"),
        "simulated": b.provenance.simulated,
        "events": [
            event_summary(e) | {"assessment": e.assessment.verdict.value if e.assessment else None}
            for e in b.events
        ],
        "picks": len(b.picks),
        "stations": len(b.sites),
        "findings": len(b.findings),
        "digests": done.digests,
    }


def show_summary(done: "Done", folder: Path, as_json: bool) -> None:
    """Say what a run found: a table for people, or one JSON object."""
    from testban.show.texts import position

    if as_json:
        out(summary(done, folder))
        return
    b = done.bulletin
    label = "SIMULATED DATA. " if b.provenance.simulated else ""
    say(
        f"{label}{counted(len(b.sites), 'station|stations')}, {counted(len(b.picks), 'detection|detections')}, "
        f"{counted(len(b.events), 'event|events')}, {counted(len(b.findings), 'finding|findings')}"
    )
    if not b.picks:
        say(f"  nothing was detected{_likely_cause(b)}")
    for e in b.events:
        sizes = ", ".join(f"{m.kind} {m.value:.1f}" for m in e.magnitudes if not m.bound)
        where = position(e.origin.longitude, e.origin.latitude).en
        verdict = e.assessment.verdict.value if e.assessment else "not assessed"
        say(
            f"  {format_time(e.origin.time_ns, 1)}  {where}  ±{e.origin.ellipse.smajor_km:.0f} km  "
            f"{counted(e.origin.n_stations, 'station|stations')}  {sizes or 'no magnitude'}  {verdict}"
        )
    say(f"report: {folder / 'report.html'}   bulletin digest: {done.digests['bulletin'][:16]}")


def _likely_cause(b: Bulletin) -> str:
    """The finding that most stations share, with an example, where there is one."""
    stations: dict[str, set[str]] = {}
    for f in b.findings:
        stations.setdefault(f.kind, set()).add(".".join(f.subject.split(".")[:2]))
    if not stations:
        return ""
    kind = max(sorted(stations), key=lambda k: len(stations[k]))
    example = next(f.message for f in b.findings if f.kind == kind)
    return f"; said most often ({counted(len(stations[kind]), 'station|stations')}): {example}"
