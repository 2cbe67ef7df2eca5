"""The automatic station as a node: closes slots as the clock or a recording gives them, and delivers what its warden lacks.

Rules: what is decided is on disk before it is signed, so kill -9 at any instant costs nothing that was closed; a slot is closed only
when the warden has said what its beacon is or that it has none (until then its samples wait in memory); whatever the warden
owes an answer for is sent again from the ring, in order.
"""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from testban.base.errors import InputError, SourceError
from testban.formats import waveforms
from testban.links.files import walk
from testban.links.packet_http import WardenLink
from testban.station import calibration, dither, recorder
from testban.station.clock import Clock, ClockState
from testban.station.station import Health, Station
from testban.store.policies import Kept
from testban.trust import beacon, checks
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import Command, Policy
from testban.trust.packet import Counts
from testban.trust.succession import described

Take = Callable[[Policy], Counts | None]
MAX_WAITING = 8640  # slots whose samples wait for their beacon: a day of 10 s slots
BATCH = 360
HEALTH = {
    ClockState.LOCKED: Health(0),
    ClockState.HOLDOVER: Health.CLOCK_HOLDOVER,
    ClockState.FREE: Health.CLOCK_FREE,
    ClockState.STEPPED: Health.CLOCK_STEPPED,
}


class StationNode:
    """One station that runs by itself. pulsed: its sensor can be pulsed for calibration, as a recording cannot.

    dithered: samples go through the warden's dither loop (see `station.dither`). folder: where the policies and keys that it took are kept; without one it takes none.
    """

    def __init__(
        self, station: Station, warden: WardenLink, say: Callable[[str], None], *, pulsed: bool = False,
        folder: Path | None = None, dithered: bool = False,
    ) -> None:  # fmt: skip
        self.station, self.warden, self.say, self.pulsed = station, warden, say, pulsed
        self.dithered, self._agreed = dithered, False
        self.obeyed: list[Command] = []
        self._heard: set[str] = set()
        self.closed = 0
        self.delivered = 0
        self.refused: Rejected | None = None
        self._waiting: deque[tuple[int, Take, Health]] = deque(maxlen=MAX_WAITING)
        self._asked: set[int] = set()
        self._said = ""
        self._kept = None if folder is None else Kept(folder / "policies")
        for data, proof in self._kept.all() if self._kept else ():
            station.succession = station.after(data, proof, again=True)[0]

    def record(self, slot: int, take: "Counts | Take | None", health: Health = Health(0)) -> None:  # noqa: B008
        """Take a finished slot, or what makes its counts under the policy of the slot; it is closed as soon as its beacon is known."""
        self._waiting.append((slot, take if callable(take) else lambda _policy: take, health))

    @property
    def waiting(self) -> int:
        """Slots that are not closed yet."""
        return len(self._waiting)

    def turn(self) -> bool:
        """Close what can be closed and deliver what is owed; False where the warden cannot be reached or refuses."""
        try:
            self._agree()
            self._succeed()
            while self._waiting:
                slot, take, health = self._waiting[0]
                self._feed(slot)
                self._hear(slot)
                policy = self.station.policy_at(slot)
                samples = take(msgspec.structs.replace(policy, quantum=1) if self.dithered else policy)
                samples, health = self._calibrate(slot, samples, health)
                if self.dithered and samples is not None and not self._over(slot):
                    fine = samples.astype("<i4").tobytes()
                    samples = dither.signed_counts(samples, self.warden.reveal(slot, fine), policy)
                self.closed += len(self.station.slot(slot, samples, health))
                self._waiting.popleft()
                if self.closed % BATCH == 0:
                    self._deliver()
            self._deliver()
        except SourceError as exc:
            self._once(str(exc))
            return False
        except Rejected as exc:
            self.refused = exc
            self._once(f"refused: {exc}")
            return False
        self._once("")
        return True

    def _agree(self) -> None:
        """Before anything is closed: both sides run with the dither loop, or neither."""
        if not self._agreed:
            asked = self.warden.looped()
            both = "the warden runs with the dither loop, the station without, or the other way round"
            checks.require(asked == self.dithered, Reason.DITHER, both)
            self._agreed = True

    def _over(self, slot: int) -> bool:
        """True for a slot that is closed already."""
        last = self.station.memory.last()
        return last is not None and slot <= last.slot

    def _feed(self, slot: int) -> None:
        """Bring the beacons of this slot and of those that were missed before it."""
        if self._over(slot):
            return
        last = self.station.memory.last()
        size = self.station.policy.epoch_slots
        first = slot if last is None else last.slot + 1
        for epoch in range(first // size - beacon.LAG, slot // size - beacon.LAG + 1):
            if epoch not in self._asked:
                data = self.warden.epoch(epoch)
                if data is not None:
                    self.station.feed(epoch, data)
                self._asked.add(epoch)

    def _succeed(self) -> None:
        """Take the policies and keys that the warden offers: it takes each first, so that no slot is closed under one that it has not."""
        if self._kept is None:
            return
        for name in self.warden.policies():
            if name in self._heard or self._kept.has(name):
                continue
            try:
                data, proof = self.warden.policy(name)
                if self.station.succession.concerns(data):
                    after, document = self.station.after(data, proof)
                    self.warden.take(name)
                    self._kept.put(name, data, proof)
                    self.station.succession = after
                    self.say(f"taken: {described(document)}")
                else:
                    self.warden.take(name)
            except Rejected as exc:
                self.say(f"not taken: {name}: {exc}")
            self._heard.add(name)

    def _hear(self, slot: int) -> None:
        """Obey what the parties commanded: from the list, approved, proven to be in the log, in time, once."""
        if not self.pulsed or not self.station.policy.commands:
            return
        for name in self.warden.commands():
            if name in self._heard:
                continue
            try:
                self.obeyed.append(self.station.obey(*self.warden.command(name), slot))
                self.say(f"obeyed: {name}")
            except Rejected as exc:
                if exc.reason is Reason.COMMAND_TIME and "not before" in exc.detail:
                    continue
                self.say(f"not obeyed: {name}: {exc}")
            self._heard.add(name)

    def _calibrate(self, slot: int, samples: Counts | None, health: Health) -> tuple[Counts | None, Health]:
        """The slot's samples with the pulse that a command asks for at the moment that its beacon gives."""
        policy = self.station.policy
        for c in self.obeyed:
            if c.command == "calibrate" and c.from_slot <= slot <= c.to_slot and samples is not None:
                root = self.station.beacons.at(c.from_slot, policy)
                asked = beacon.challenge(root, policy, c.from_slot, c.to_slot - c.from_slot + 1)
                if asked.slot == slot:
                    samples = calibration.apply(samples, policy, asked)
                    health |= Health.CALIBRATING
        return samples, health

    def _first(self) -> int | None:
        """The oldest slot that the ring still has without a break before it."""
        last = self.station.memory.last()
        if last is None:
            return None
        slot = last.slot
        while self.station.memory.get(slot - 1) is not None:
            slot -= 1
        return slot

    def _deliver(self) -> None:
        last = self.station.memory.last()
        if last is None:
            return
        owed = self.warden.owed()
        first = self._first() if owed is None else owed
        if first is not None and first <= last.slot and self.station.memory.get(first) is None:
            raise SourceError(f"the warden waits for slot {first}, which the ring no longer has")
        while first is not None and first <= last.slot:
            for sent in self.station.resend(first, min(first + BATCH - 1, last.slot)):
                self.warden.give(sent.note, sent.payload)
                self.delivered += 1
            first += BATCH

    def _once(self, text: str) -> None:
        if text and text != self._said:
            self.say(text)
        self._said = text


RETRY_SECONDS = 1.0


def recording(source: Path) -> recorder.Recording:
    """The recording in a file or folder."""
    files = walk(source) if source.is_dir() else [source]
    if not files or not all(f.is_file() for f in files):
        raise InputError(f"expected an existing recording or a folder of them, got nothing at {source}")
    return recorder.Recording([s for f in files for s in waveforms.read(f)[0]])


def replay(node: StationNode, source: Path, count: int | None = None) -> None:
    """Close and deliver the slots of a recording; those that were closed before are only delivered."""
    source_of = recording(source)
    last = node.station.memory.last()
    ends = count
    for slot in source_of.span(node.station.policy):
        if last is not None and slot <= last.slot:
            continue
        if ends is not None and ends <= 0:
            break
        node.record(slot, partial(source_of.slot, slot=slot))
        ends = None if ends is None else ends - 1
        if node.waiting >= BATCH:
            _until_closed(node)
    _until_closed(node)
    while not node.turn() and node.refused is None:
        time.sleep(RETRY_SECONDS)


def _until_closed(node: StationNode) -> None:
    while node.waiting and node.refused is None:
        if not node.turn():
            time.sleep(RETRY_SECONDS)


def live(node: StationNode, seed: int, count: int | None = None) -> None:
    """Close a slot of simulated noise whenever the clock ends one, until stopped or `count` are closed."""
    policy = node.station.policy
    length = policy.slot_seconds * recorder.NS
    clock = Clock(anchor_time_ns=time.time_ns(), anchor_counter_ns=time.monotonic_ns(), locked=True)
    slot = clock.read(time.monotonic_ns(), time.time_ns())[0] // length
    while count is None or node.closed < count:
        now, state = clock.read(time.monotonic_ns(), time.time_ns())
        if now < (slot + 1) * length:
            time.sleep(min(((slot + 1) * length - now) / recorder.NS, RETRY_SECONDS))
            continue
        node.record(slot, partial(recorder.noise, slot=slot, seed=seed), HEALTH[state])
        node.turn()
        slot += 1
    while not node.turn() and node.refused is None:
        time.sleep(RETRY_SECONDS)
