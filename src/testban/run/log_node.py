"""The sequencer as a node: takes entries, publishes heads, closes epochs.

Rules: an entry's place is answered when it is on disk; entries that came while the disk was busy go there together, with one sync
for all; a head that too few witnesses signed is not published and is tried again; the head that closes an epoch is published within
it, else that epoch has none.
"""

import threading
import time
from collections.abc import Callable

import msgspec

from testban.base.errors import InputError, StoreError
from testban.store.log_files import LogFiles
from testban.trust.checks import Rejected
from testban.trust.log import Post, check_entry
from testban.trust.quorum import Quorum


class _Waiting(msgspec.Struct, eq=False):
    """An entry that waits for the disk, and its place when it is there."""

    entry: bytes
    index: int = -1


class Sequencer:
    """One log that runs by itself. epoch_s: seconds of an epoch, None = no epochs."""

    def __init__(
        self,
        files: LogFiles,
        witnesses: dict[str, tuple[int, Post]],
        quorum: Quorum | None,
        epoch_s: int | None,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        if epoch_s is not None and epoch_s < 1:
            raise InputError(f"expected an epoch of 1 s or more, got {epoch_s}")
        self.files, self.witnesses, self.quorum, self.epoch_s, self.say = (
            files,
            witnesses,
            quorum,
            epoch_s,
            say,
        )
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._closed = -1
        self._stop = threading.Event()
        self._said = ""

    def take(self, entry: bytes) -> int:
        """Accept one entry; InputError where it is none."""
        try:
            check_entry(entry)
        except Rejected as exc:
            raise InputError(str(exc)) from exc
        mine = _Waiting(entry)
        self._waiting.append(mine)
        with self._lock:
            if mine.index < 0:
                self._commit(mine)
        return mine.index

    def _commit(self, mine: _Waiting) -> None:
        """Take along all that wait; where the disk does not take them, each is refused in its own turn."""
        group = self._waiting[:]
        try:
            places = self.files.append([w.entry for w in group])
        except StoreError:
            self._waiting.remove(mine)
            raise
        for waiting, place in zip(group, places, strict=True):
            waiting.index = place
        del self._waiting[: len(group)]

    def turn(self, now_s: float) -> bool:
        """Publish what is new, and the head that closes the epoch that just ended. True where a head was published."""
        ended = int(now_s // self.epoch_s) - 1 if self.epoch_s else None
        closing = ended if ended is not None and ended > self._closed else None
        if closing is None and self.files.log.size == self.files.published:
            return False
        with self._lock:
            try:
                self.files.publish(self.witnesses, closing, self.quorum)
                if closing is not None:
                    self._closed = closing
                    self.files.note_epochs()
            except Rejected as exc:
                self._once(f"not published, tried again: {exc}")
                return False
        self._once("")
        return True

    def _once(self, text: str) -> None:
        if text and text != self._said:
            self.say(text)
        self._said = text

    def run(self, every_s: float, now: Callable[[], float] = time.time) -> None:
        """Work until stopped."""
        while not self._stop.wait(self._pause(every_s, now())):
            self.turn(now())

    def _pause(self, every_s: float, now_s: float) -> float:
        return every_s if self.epoch_s is None else min(every_s, self.epoch_s - now_s % self.epoch_s + 0.01)

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()
