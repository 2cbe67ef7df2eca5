"""What a person sees while work goes on: progress with an estimate, on stderr; results as one JSON object."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from testban.run.process import Progress as Report

err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress(quiet: bool) -> Iterator[Report]:
    """A callback (stage, done, total) that draws bars with the time remaining; silent when quiet."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # No refresh thread: workers are forked while the bars are up.
    with Progress(*columns, console=err, auto_refresh=False, disable=quiet) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)
            bars.refresh()

        yield report


def say(text: str) -> None:
    """A line for the person, on stderr."""
    err.print(text)


def out(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=1) + "\n")
