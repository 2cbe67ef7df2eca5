"""SeedLink servers into an archive of our own, for ever, in a process of its own.

Rules: what is in the archive is on disk, whatever ends this process; a connection that drops is made anew, at once and then after longer
pauses, and asked for what the archive lacks; no wait is without a bound; a record from the future is not believed. How it goes is written to
a file every few seconds.
"""

import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from testban.base.errors import SourceError, StoreError
from testban.base.times import NS_PER_S, format_time
from testban.links.seedlink_session import Address, LostError, Stream, session
from testban.run.work import wait_for_parent
from testban.store.archive import Archive

PAUSES_S = (0.2, 1.0, 3.0, 10.0, 30.0)  # before a connection is made anew; the last one again and again
FLUSH_S = 2.0  # what has come is on disk after so long
MOST_WAITING = 1 << 17  # records (64 MB) in memory while the disk takes none; then the server has to wait
AHEAD_S = 60.0  # a clock may be ahead of ours by so much


class Collector:
    """Threads that listen to servers, and one writer. lead_s: how far back the first request of a station goes that the archive does not know."""

    def __init__(
        self,
        addresses: Sequence[tuple[str, Address]],
        archive: Path,
        state: Path,
        now: Callable[[], int],
        lead_s: float,
    ) -> None:
        self.archive, self._state, self._now, self._lead = (
            Archive(archive),
            state,
            now,
            round(lead_s * NS_PER_S),
        )
        self._addresses = addresses
        self._waiting: list[list[bytes]] = [[] for _ in addresses]
        self._lock = threading.Lock()
        self._links: list[dict[str, Any]] = [
            {
                "name": n,
                "connected": False,
                "heard": None,
                "said": "",
                "refused": {},
                "kept": 0,
                "twice": 0,
                "unfit": 0,
            }
            for n, _ in addresses
        ]
        self._ahead: dict[str, float] = {}
        self._disk = ""

    def run(self, stop: threading.Event) -> None:
        """Listen and write until `stop`; what has come by then is written."""
        for i in range(len(self._addresses)):
            threading.Thread(target=self._listen, args=(i, stop), daemon=True).start()
        while not stop.wait(FLUSH_S):
            self._flush()
        self._flush()

    def _listen(self, i: int, stop: threading.Event) -> None:
        a, link, fruitless = self._addresses[i][1], self._links[i], 0
        while not stop.is_set():
            begins = {s.key: self._begin(s.key) for s in a.streams}
            link["refused"] = {}
            try:
                for record in session(
                    a.peer, a.streams, begins, None, a.timeout_s, lambda s, e: self._refused(i, s, e)
                ):
                    fruitless = 0
                    self._heard(i, record, stop)
                said = "the server ended the connection"
            except (LostError, SourceError) as exc:
                said = str(exc)
            except Exception as exc:  # noqa: BLE001 - one server must not end the listening to it; it is told
                said = f"{type(exc).__name__}: {exc}"
            link.update(connected=False, said=said)
            stop.wait(PAUSES_S[min(fruitless, len(PAUSES_S) - 1)])
            fruitless += 1

    def _refused(self, i: int, stream: Stream, exc: SourceError) -> None:
        self._links[i]["refused"][stream.key] = str(exc)

    def _begin(self, key: str) -> int:
        """From where a station is asked for: where its channels end in the archive, one that stopped long ago left aside."""
        ends = list(self.archive.ends.get(key, {}).values())
        return max(min(ends), max(ends) - self._lead) if ends else self._now() - self._lead

    def _heard(self, i: int, record: bytes, stop: threading.Event) -> None:
        self._links[i].update(connected=True, said="", heard=format_time(self._now(), 0))
        while len(self._waiting[i]) >= MOST_WAITING and not stop.is_set():
            stop.wait(FLUSH_S)
        with self._lock:
            self._waiting[i].append(record)

    def _flush(self) -> None:
        for i, (_, a) in enumerate(self._addresses):
            with self._lock:
                batch = self._waiting[i][:]
            try:
                taken = self.archive.append(
                    batch, {s.key for s in a.streams}, self._now() + round(AHEAD_S * NS_PER_S)
                )
            except StoreError as exc:
                self._disk = str(exc)
                continue
            self._disk = ""
            with self._lock:
                del self._waiting[i][: len(batch)]
            for name in ("kept", "twice", "unfit"):
                self._links[i][name] += getattr(taken, name)
            self._ahead |= {k: AHEAD_S + v / NS_PER_S for k, v in taken.ahead.items()}
        self._tell()

    def _tell(self) -> None:
        beside = self._state.with_name(f".{self._state.name}.part")
        said = {
            "time": format_time(self._now(), 0),
            "links": self._links,
            "ahead": self._ahead,
            "disk": self._disk,
            "mended": self.archive.mended,
        }
        try:
            beside.write_text(json.dumps(said))
            beside.replace(self._state)
        except OSError:  # a full disk is told of by those who read an old state
            beside.unlink(missing_ok=True)


def _work(collector_of: Callable[[], Collector]) -> None:
    """The process: ends in order on SIGTERM, at once when its parent is gone; Ctrl-C is the parent's."""
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    threading.Thread(target=wait_for_parent, daemon=True).start()
    collector_of().run(stop)


class Running:
    """The collector's process, started again where it died."""

    def __init__(self, collector_of: Callable[[], Collector], say: Callable[[str], None]) -> None:
        self._make, self._say = collector_of, say
        self._process = self._start()

    def _start(self) -> Any:
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(self._make,), name="collector"
        )
        process.start()
        return process

    def look(self) -> None:
        """Start it again where it died."""
        if not self._process.is_alive():
            self._say(f"the collector died (status {self._process.exitcode}); it is started again")
            time.sleep(PAUSES_S[1])
            self._process = self._start()

    def close(self) -> None:
        """End it in order; what it has received is written."""
        self._process.terminate()
        self._process.join(4 * FLUSH_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
