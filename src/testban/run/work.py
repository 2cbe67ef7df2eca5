"""Doing units of work: on processes, in this process, or on a Dask cluster, each unit once.

Rules: a unit is a pure function of a picklable job and returns bytes; its key names everything that the bytes
depend on; results come back in the order of the jobs whatever the executor; a finished unit is taken from the
catalogue, and a unit that finishes is written there at once, so that a killed run goes on where it stopped.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from testban.base.errors import ConfigurationError, TestbanError
from testban.store import Catalogue

Job = TypeVar("Job")
Report = Callable[[int, int], None]


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work: what it is called, the key of its result, and the job that a worker gets."""

    stage: str
    subject: str
    key: str
    job: Any


class Serial(Executor):
    """An executor that runs each call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run now and return a finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001 - handed to the caller, as every executor does
            future.set_exception(exc)
        return future


@contextmanager
def executor(name: str, workers: int) -> Iterator[Executor]:
    """The executor of that name: "processes", "serial" or "dask://host:port"."""
    if name == "serial" or (name == "processes" and workers == 1):
        yield Serial()
    elif name == "processes":
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
        with ProcessPoolExecutor(
            workers or os.cpu_count(), multiprocessing.get_context(method), _end_with_parent
        ) as pool:
            yield pool
    elif name.startswith("dask://"):
        try:
            from distributed import Client  # type: ignore[import-not-found,unused-ignore]
        except ImportError as exc:
            raise ConfigurationError("executor dask://… needs the package distributed; install it") from exc
        with Client("tcp://" + name.removeprefix("dask://")) as client:
            yield client.get_executor()
    else:
        raise ConfigurationError(f"executor: expected processes, serial or dask://host:port, got {name!r}")


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone, and at once and in silence on Ctrl-C.

    A killed run must not leave idle workers behind, and a stopped one speaks with one voice: the parent's.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=wait_for_parent, daemon=True).start()


def wait_for_parent() -> None:
    """End this process when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def do(
    units: Sequence[Unit],
    function: Callable[[Any], bytes],
    pool: Executor,
    catalogue: Catalogue,
    report: Report,
) -> list[bytes]:
    """Results of all units, in their order. `report(done, total)` is called as they come."""
    results: dict[str, bytes] = {}
    waiting: dict[Future[bytes], Unit] = {}
    total = len(units)
    for unit in units:
        known = catalogue.finished(unit.key)
        if known is not None:
            results[unit.key] = known
    report(len(results), total)

    def finish(future: Future[bytes], unit: Unit) -> None:
        results[unit.key] = future.result()
        catalogue.finish(unit.key, unit.stage, unit.subject, results[unit.key])
        report(len(results), total)

    try:
        for unit in units:
            if unit.key in results:
                continue
            future = pool.submit(function, unit.job)
            if future.done():  # done in this process: kept before the next begins
                finish(future, unit)
            else:
                waiting[future] = unit
        for future in as_completed(waiting):
            finish(future, waiting[future])
    except BrokenProcessPool as exc:
        raise TestbanError(
            f"a worker process died during {unit.stage} of {unit.subject} (out of memory?); run the same command "
            "again to go on where it stopped, with fewer --workers"
        ) from exc
    finally:
        for future in waiting:
            future.cancel()
    return [results[u.key] for u in units]
