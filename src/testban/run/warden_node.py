"""The host's warden as a node: checks and countersigns what its station gives, lets it go on the slot grid, keeps the ledger.

Rules: the ledger's line is on disk before its bytes leave; what left but was not acknowledged by the log when the process died is
sent again and written down as sent again; a station asks for an epoch's checkpoint when that epoch is long over, and the log's answer
then (this one, or none) is final and kept, so that station, warden and log agree on every beacon, whenever one was started anew; a
day's ledger goes into the log when the day is over.
"""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

from testban.base.errors import SourceError
from testban.links.packet_http import frame, unframe
from testban.run.twin_node import TwinNode
from testban.station.warden import Released, Warden
from testban.store import durable
from testban.store.policies import Kept
from testban.trust import beacon, notes
from testban.trust.checks import Rejected
from testban.trust.packet import text_digest
from testban.trust.registry import Treaty
from testban.trust.succession import described
from testban.trust.witness import Answer

Get = Callable[[str], Answer]
Append = Callable[[bytes], Answer]


class WardenNode:
    """One warden that runs by itself. now_slot: the slot that runs now."""

    def __init__(
        self, warden: Warden, folder: Path, payloads: Path, get: Get, append: Append, now_slot: Callable[[], int],
        say: Callable[[str], None], treaty: Treaty | None = None,
        twin: TwinNode | None = None,
    ) -> None:  # fmt: skip
        self.warden, self.folder, self.payloads = warden, folder, payloads
        self.get, self.append, self.now_slot, self.say = get, append, now_slot, say
        self._lock = threading.Lock()
        self._queue: list[Released] = []
        self._said = ""
        self._absent: set[int] = set()
        self.refused = 0
        self.twin = twin
        self.treaty, self._kept = treaty, Kept(folder / "taken")
        for data, proof in self._kept.all() if treaty else ():
            self.warden.succession = self.warden.after(data, proof, treaty, again=True)[0]  # type: ignore[arg-type]
        self._beacons()
        self._recover()

    # The station's side.

    def respond(self, method: str, path: str, body: bytes) -> Answer:
        """Answer the station (see `links.packet_http`)."""
        kind, _, number = path[1:].partition("/")
        if kind == "epochs" and number.isascii() and number.lstrip("-").isdecimal() and len(number) < 19:
            return self._epoch(int(number))
        with self._lock:
            if method == "POST" and path == "/packet":
                return self._packet(body)
            if path in ("/commands", "/policies"):
                return Answer(200, "".join(f"{p.stem}\n" for p in self._orders(kind)).encode())
            if kind in ("commands", "policies"):
                taking = method == "POST" and kind == "policies"
                return self._take(number) if taking else self._order(kind, number)
            if (
                method == "POST"
                and kind == "fine"
                and number.isascii()
                and number.isdecimal()
                and len(number) < 19
            ):
                return self._reveal(int(number), body)
            if path == "/fine":
                return Answer(200, b"none\n" if self.warden.dither is None else b"asked\n")
            if path == "/next":
                owed = self.warden.missing()
                return Answer(200, b"none\n" if owed is None else b"%d\n" % owed)
            return Answer(404)

    def _packet(self, body: bytes) -> Answer:
        try:
            return Answer(200, self.warden.receive(*unframe(body)).note)
        except Rejected as exc:
            return self._refuse(exc)

    def _reveal(self, slot: int, fine: bytes) -> Answer:
        try:
            return Answer(200, self.warden.reveal(slot, fine))
        except Rejected as exc:
            return self._refuse(exc)

    def _refuse(self, exc: Rejected) -> Answer:
        self.refused += 1
        self._once(f"refused: {exc}")
        return Answer(409, str(exc).encode("ascii", "replace")[:400] + b"\n", reason=exc.reason)

    def _epoch(self, number: int) -> Answer:
        path = self.folder / "epochs" / str(number)
        if path.is_file():
            return Answer(200, path.read_bytes())
        if number in self._absent or number < 0:
            return Answer(404)
        if self.now_slot() < (number + beacon.LAG) * self.warden.policy.epoch_slots:
            return Answer(425)
        answer = self.get(f"epochs/{number}")
        if answer.status not in (200, 404):
            self._once(f"the log does not say what closed epoch {number} ({answer.status})")
            return Answer(503)
        with self._lock:
            if answer.status == 200 and not self.warden.beacons.known(number):
                try:
                    self.warden.feed(number, answer.body)
                except Rejected as exc:
                    self._once(f"the checkpoint of epoch {number} is refused: {exc}")
                    answer = Answer(404)
                else:
                    durable.replace(path, answer.body)
            if answer.status == 404:
                self._absent.add(number)
        return answer

    def _orders(self, kind: str) -> list[Path]:
        """What lies in the folder of commands or of policies, each with its proof."""
        return sorted(
            p for p in (self.folder / kind).glob("*.note") if p.with_suffix(".tlog-proof").is_file()
        )

    def _order(self, kind: str, name: str) -> Answer:
        for path in self._orders(kind):
            if path.stem == name:
                return Answer(200, frame(path.read_bytes(), path.with_suffix(".tlog-proof").read_bytes()))
        return Answer(404)

    def _take(self, name: str) -> Answer:
        """The station is about to take a policy or key: checked here, kept, in force from its slot on. The same again is no harm."""
        found = [p for p in self._orders("policies") if p.stem == name]
        if not found or self.treaty is None:
            return Answer(404)
        if self._kept.has(name):
            return Answer(200)
        data, proof = found[0].read_bytes(), found[0].with_suffix(".tlog-proof").read_bytes()
        try:
            after, document = self.warden.after(data, proof, self.treaty)
        except Rejected as exc:
            self._once(f"not taken: {name}: {exc}")
            return Answer(409, str(exc).encode("ascii", "replace")[:400] + b"\n", reason=exc.reason)
        self._kept.put(name, data, proof)
        self.warden.succession = after
        self.say(f"taken: {described(document)}")
        return Answer(200)

    # The border's side.

    def turn(self) -> None:
        """Let go what is due, close the days that are over."""
        now = self.now_slot()
        try:
            self._again(now)
            with self._lock:
                try:
                    self._queue += self.warden.release(now)
                except Rejected as exc:
                    self._once(f"held back: {exc}")
            self._deliver()
            self._close_days()
        except SourceError as exc:
            self._once(str(exc))

    def _beacons(self) -> None:
        kept = (self.folder / "epochs").glob("[0-9]*")
        for path in sorted(kept, key=lambda p: int(p.name)):
            self.warden.feed(int(path.name), path.read_bytes())

    def _mark(self) -> int:
        path = self.folder / "delivered"
        return int(path.read_text()) if path.is_file() else -1

    def _recover(self) -> None:
        self.warden.recover()
        last = self.warden.memory.last()
        mark = self._mark()
        if last is not None and mark < self.warden.ledger.last_slot:
            first = (
                mark + 1
                if mark >= 0
                else min(line.slot for d in self.warden.ledger.days.values() for line in d)
            )
            try:
                self._queue = self.warden.resend(first, self.warden.ledger.last_slot, self.now_slot())
            except Rejected as exc:
                self._once(f"not sent again: {exc}")

    def _again(self, now: int) -> None:
        """Send slots again that a party asked for: a file `again` with first and last slot (see `testban warden again`)."""
        path = self.folder / "again"
        if not path.is_file():
            return
        first, last = (int(w) for w in path.read_text().split())
        with self._lock:
            try:
                items = self.warden.resend(first, last, now)
                self._queue += items
                self.say(f"sent again: {len(items)} slots")
            except Rejected as exc:
                self._once(f"not sent again: {exc}")
        path.unlink()

    def _deliver(self) -> None:
        done = None
        try:
            while self._queue:
                item = self._queue[0]
                if item.payload:
                    path = self.payloads / hashlib.sha256(item.payload).hexdigest()
                    if not path.exists():
                        durable.replace(path, item.payload)
                self._post(item.note)
                done = max(self._queue.pop(0).slot, done or -1)
        finally:
            if done is not None and done > self._mark():
                durable.replace(self.folder / "delivered", b"%d\n" % done)
                self._once("")

    def _post(self, entry: bytes) -> None:
        answer = self.append(entry)
        if answer.status != 200:
            said = answer.body.decode("utf-8", "replace")[:120]
            raise SourceError(f"the log does not take entries ({answer.status}): {said}")

    def _close_days(self) -> None:
        """Sign and log the ledger of every day that is over and delivered."""
        policy, mark = self.warden.policy, self._mark()
        size = 86400 // policy.slot_seconds
        path = self.folder / "days"
        closed = path.read_text().split() if path.is_file() else []
        previous = bytes.fromhex(closed[1]) if closed else bytes(32)
        for day in sorted(self.warden.ledger.days):
            over = (day + 1) * size <= mark
            if not over or (closed and day <= int(closed[0])):
                continue
            text = self.warden.ledger.close(day, previous).text()
            signer = self.warden.succession.signer((day + 1) * size - 1)
            self._post(notes.sign(text, [signer]).encode())
            previous = text_digest(text)
            durable.replace(path, f"{day} {previous.hex()}\n".encode())
            self._look_back(range(day * size, (day + 1) * size))

    def _look_back(self, slots: range) -> None:
        """A day that is over beside the twin sensor; its fine counts are not needed any more."""
        for found in self.twin.day(self.warden, slots) if self.twin is not None else ():
            if found.differs:
                self.say(f"twin-differs: {found.channel} from slot {slots[0]}: z = {found.z:.1f}")
        if self.warden.dither is not None:
            self.warden.dither.shown.forget(slots.stop)

    def _once(self, text: str) -> None:
        if text and text != self._said:
            self.say(text)
        self._said = text
