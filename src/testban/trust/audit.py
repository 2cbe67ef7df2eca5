"""The audit that any party makes alone: rebuild every root from the entries, then ask of each slot what became of it.

Rules: nothing is taken from the log but its entries (consistency proofs alone are no audit: the CT log Yeti 2022 gave valid
proofs while one served entry did not hash into the root); signed heads are compared with rebuilt roots; a missing slot, a second
packet for a slot, a late or early one, a withheld payload, more bytes than the ledger says are each a finding with the party
that answers for it. A finding says that something is so; why it is so (a broken cable, a withheld disk) no log can say.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from testban.base.errors import TestbanError
from testban.trust import beacon, checkpoints, checks, ledger, merkle, notes, packet, sealed, tiles
from testban.trust.bodies import kind_of
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import Command, Epoch, LedgerDay, Policy
from testban.trust.merkle import Tree
from testban.trust.packet import Packet
from testban.trust.quorum import Quorum
from testban.trust.registry import Registry, Treaty


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not hold. kind: log, key, packet, slot, payload, ledger, document."""

    kind: str
    party: str
    slot: int | None
    reason: Reason
    detail: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found. left: bytes that left the stations, as far as notes and payloads at hand show."""

    faults: tuple[Fault, ...]
    entries: int
    packets: int
    gaps: int
    stations: tuple[str, ...]
    first_slot: int | None
    last_slot: int | None
    left: int
    root: bytes

    @property
    def ok(self) -> bool:
        """True where nothing was found."""
        return not self.faults


class _Logged(msgspec.Struct, frozen=True):
    index: int
    packet: Packet
    size: int
    digest: str


Calibrated = Callable[[packet.Counts, Policy, beacon.Challenge], object]


class Auditor:
    """Reads a log from its first entry. `payload` gives the bytes of a payload by digest, or None.

    calibrated: refuses samples without the pulse that a logged command and the beacon ask for; not looked at when None.
    """

    def __init__(
        self,
        quorum: Quorum,
        treaty: Treaty,
        payload: Callable[[bytes], bytes | None] | None = None,
        calibrated: Calibrated | None = None,
    ) -> None:
        self.quorum = quorum
        self.registry = Registry(treaty)
        self.payload = payload
        self.calibrated = calibrated
        self.commands: list[Command] = []
        self.tree = Tree()
        self.faults: list[Fault] = []
        self.logged: dict[str, dict[int, _Logged]] = {}
        self.epochs: dict[int, Epoch] = {}
        self.days: list[tuple[LedgerDay, Policy]] = []
        self._texts: dict[tuple[str, int], str] = {}

    def fault(self, kind: str, party: str, slot: int | None, reason: Reason, detail: str = "") -> None:
        """Write down what does not hold."""
        self.faults.append(Fault(kind=kind, party=party, slot=slot, reason=reason, detail=detail))

    def read(self, entries: Iterable[bytes]) -> None:
        """Take in entries in their order."""
        for entry in entries:
            index = self.tree.append(merkle.leaf_hash(entry))
            try:
                self._entry(index, entry)
            except Rejected as exc:
                self.fault("document", "log", None, exc.reason, f"entry {index}: {exc.detail}")

    def _entry(self, index: int, entry: bytes) -> None:
        if entry.startswith(b"testban/packet@v1\n"):
            self._packet(index, entry)
            return
        note = notes.parse(entry)
        kind = kind_of(note.text)
        if kind == "epoch":
            checks.require(
                bool(notes.signers_of(note, list(self.quorum.logs))),
                Reason.LOG_SIGNATURE,
                "an epoch that the log did not sign",
            )
            epoch = Epoch.parse(note.text)
            self.epochs.setdefault(epoch.number, epoch)
        elif kind == "ledger":
            self._ledger(note)
        elif kind == "command":
            self.registry.treaty.check(note, kind)
            self.commands.append(Command.parse(note.text))
        else:
            self.registry.apply(note)

    def _ledger(self, note: notes.Note) -> None:
        day = LedgerDay.parse(note.text)
        last = day.first_slot + day.slots - 1
        key = self.registry.key(f"{day.station}/warden", last)
        signed = bool(notes.signers_of(note, [key]))
        checks.require(signed, Reason.WARDEN_SIGNATURE, "a ledger that the warden did not sign")
        self.days.append((day, self.registry.policy(day.station, last)))

    def _packet(self, index: int, entry: bytes) -> None:
        station, slot = "unknown", None
        try:
            found, note = sealed.parse(entry, 2)
            station, slot = found.station, found.slot
            policy = self.registry.policy(station, found.slot)
            keys = [self.registry.key(f"{station}/{who}", found.slot) for who in ("station", "warden")]
            sealed.check_parsed(found, note, policy, keys[0], keys[1])
        except Rejected as exc:
            self.fault("packet", station, slot, exc.reason, f"entry {index}: {exc.detail}")
            return
        known = self._texts.setdefault((station, found.slot), note.text)
        try:
            checks.require(
                known == note.text, Reason.SLOT_CONFLICT, f"entry {index}: a second packet for the slot"
            )
        except Rejected as exc:
            self.fault("packet", station, found.slot, exc.reason, exc.detail)
            return
        item = _Logged(index, found, len(entry), packet.text_digest(note.text).hex())
        self.logged.setdefault(station, {}).setdefault(found.slot, item)

    def heads(self, observed: Sequence[bytes]) -> None:
        """Compare checkpoints that anyone saw anywhere with the roots of the entries."""
        for data in observed:
            try:
                head = self.quorum.check(data).checkpoint
                checks.require(
                    head.size <= self.tree.size,
                    Reason.ROLLBACK,
                    f"signed {head.size} entries, served {self.tree.size}",
                )
                if head.size <= self.tree.size:
                    same = head.root == self.tree.root(head.size)
                    checks.require(
                        same, Reason.TREE_REBUILD, f"the root at {head.size} is not that of the entries"
                    )
            except Rejected as exc:
                self.fault("log", "log", None, exc.reason, exc.detail)
        seen: dict[tuple[str, int], bytes] = {}
        for data in observed:
            try:
                head = checkpoints.parse(data)[0]
                first = seen.setdefault((head.origin, head.size), head.root)
                checks.require(
                    first == head.root, Reason.SPLIT_VIEW, f"two signed roots for {head.size} entries"
                )
            except Rejected as exc:
                self.fault("log", "log", None, exc.reason, exc.detail)

    def tiles(self, fetch: Callable[[str], bytes], size: int) -> None:
        """Compare the hash tiles that a log of this size serves with those that its entries give (after `read`)."""
        for path, data in tiles.changed_tiles(self.tree, 0, min(size, self.tree.size)):
            try:
                served = fetch(path)
            except TestbanError as exc:
                self.fault("log", "log", None, Reason.TILE_FORM, f"{path}: {exc}")
                continue
            self._expect(
                served == data, "log", "log", None, Reason.TREE_REBUILD, f"{path} is not of the entries"
            )

    def conclude(self, first: int | None = None, last: int | None = None) -> Report:
        """Ask of every slot from `first` to `last` (default: what the log has) what became of it."""
        for e in self.epochs.values():
            good = e.size <= self.tree.size and self.tree.root(e.size) == e.root
            self._expect(good, "log", "log", None, Reason.TREE_REBUILD, f"epoch {e.number}")
        total = 0
        for station in sorted(self.registry.policies):
            total += self._station(station, first, last)
        for day, policy in self.days:
            self._day(day, policy)
        for command in self.commands:
            self._calibration(command)
        slots = [s for items in self.logged.values() for s in items]
        count = sum(len(v) for v in self.logged.values())
        return Report(
            faults=tuple(self.faults),
            entries=self.tree.size,
            packets=count,
            gaps=sum(i.packet.is_gap for items in self.logged.values() for i in items.values()),
            stations=tuple(sorted(self.registry.policies)),
            first_slot=min(slots, default=None) if first is None else first,
            last_slot=max(slots, default=None) if last is None else last,
            left=total,
            root=self.tree.root(),
        )

    def _expect(
        self, holds: bool, kind: str, party: str, slot: int | None, reason: Reason, detail: str = ""
    ) -> None:
        try:
            checks.require(holds, reason, detail)
        except Rejected:
            self.fault(kind, party, slot, reason, detail)

    def _station(self, station: str, first: int | None, last: int | None) -> int:
        items = self.logged.get(station, {})
        begin = self.registry.policies[station][0].from_slot
        low = max(begin, min(items, default=begin)) if first is None else max(begin, first)
        high = max(items, default=low - 1) if last is None else last
        total, gaps = 0, dict[int, int]()
        closed = self._closing_epochs(items)
        for slot in range(low, high + 1):
            item = items.get(slot)
            self._expect(
                item is not None,
                "slot",
                f"{station}/warden",
                slot,
                Reason.SLOT_MISSING,
                "no note for the slot",
            )
            if item is None:
                continue
            policy = self.registry.policy(station, slot)
            self._one(item, items.get(slot - 1), policy, closed.get(slot))
            total += item.size + self._payload(item, policy)
            if item.packet.is_gap:
                day = slot // ledger.day_slots(policy)
                gaps[day] = gaps.get(day, 0) + 1
        for day, count in sorted(gaps.items()):
            policy = self.registry.policy(
                station, max(begin, day * ledger.day_slots(self.registry.policies[station][-1]))
            )
            self._expect(
                count <= policy.gap_budget,
                "slot",
                f"{station}/station",
                day,
                Reason.GAP_BUDGET,
                f"{count} gaps in a day",
            )
        return total

    def _closing_epochs(self, items: dict[int, _Logged]) -> dict[int, int]:
        """The number of the first epoch whose tree holds each slot's note."""
        ordered = sorted(self.epochs.values(), key=lambda e: (e.size, e.number))
        closed: dict[int, int] = {}
        at = 0
        for item in sorted(items.values(), key=lambda i: i.index):
            while at < len(ordered) and ordered[at].size <= item.index:
                at += 1
            if at < len(ordered):
                closed[item.packet.slot] = ordered[at].number
        return closed

    def _one(self, item: _Logged, before: _Logged | None, policy: Policy, closed: int | None) -> None:
        p, slot = item.packet, item.packet.slot
        if before is not None:
            linked = p.previous.hex() == before.digest
            self._expect(
                linked,
                "packet",
                f"{p.station}/station",
                slot,
                Reason.CHAIN,
                "does not follow the slot before",
            )
        epoch = self.epochs.get(slot // policy.epoch_slots - beacon.LAG)
        wanted = epoch.root if epoch else beacon.NONE
        self._expect(
            p.beacon == wanted, "packet", f"{p.station}/warden", slot, Reason.BEACON, "not the epoch's beacon"
        )
        if closed is None:
            return
        due = slot + policy.release_delay + policy.merge_delay
        late = closed * policy.epoch_slots > due
        self._expect(
            not late, "slot", f"{p.station}/warden", slot, Reason.MERGE_LATE, f"logged in epoch {closed}"
        )
        early = (closed + 1) * policy.epoch_slots <= slot + policy.release_delay
        self._expect(
            not early, "slot", f"{p.station}/warden", slot, Reason.RELEASE_EARLY, f"logged in epoch {closed}"
        )

    def _payload(self, item: _Logged, policy: Policy) -> int:
        if self.payload is None or item.packet.is_gap:
            return 0
        data = self.payload(item.packet.payload)
        slot, who = item.packet.slot, f"{item.packet.station}/warden"
        self._expect(
            data is not None,
            "payload",
            who,
            slot,
            Reason.PAYLOAD_MISSING,
            "signed and logged, not handed over",
        )
        if data is None:
            return 0
        try:
            packet.check_payload(data, item.packet, policy)
        except Rejected as exc:
            self.fault("payload", who, slot, exc.reason, exc.detail)
        return len(data)

    def _calibration(self, command: Command) -> None:
        """A calibration that was commanded must show at the moment that the beacon gave, where the samples are at hand."""
        items = self.logged.get(command.station, {})
        if (
            command.command != "calibrate"
            or self.calibrated is None
            or self.payload is None
            or command.to_slot not in items
        ):
            return
        policy = self.registry.policy(command.station, command.from_slot)
        epoch = self.epochs.get(command.from_slot // policy.epoch_slots - beacon.LAG)
        slots = command.to_slot - command.from_slot + 1
        asked = beacon.challenge(epoch.root if epoch else beacon.NONE, policy, command.from_slot, slots)
        item = items.get(asked.slot)
        data = self.payload(item.packet.payload) if item is not None and not item.packet.is_gap else None
        try:
            checks.require(data is not None, Reason.CALIBRATION, "no samples at the moment of the pulse")
            if data is not None and len(data) == packet.payload_size(policy):
                self.calibrated(packet.payload_samples(data, policy), policy, asked)
        except Rejected as exc:
            self.fault("packet", f"{command.station}/station", asked.slot, exc.reason, exc.detail)

    def _day(self, day: LedgerDay, policy: Policy) -> None:
        """Recompute a day's ledger from what arrived."""
        items = self.logged.get(day.station, {})
        slots = [s for s in sorted(items) if day.first_slot <= s < day.first_slot + day.slots]
        arrived = 0
        for s in slots:
            own = self.registry.policy(day.station, s)
            arrived += items[s].size + ledger.payload_total([items[s].packet], own)
        who = f"{day.station}/warden"
        self._expect(
            day.size == arrived,
            "ledger",
            who,
            day.first_slot,
            Reason.LEDGER,
            f"{day.size} left, {arrived} arrived",
        )
        self._expect(
            day.size <= policy.max_bytes, "ledger", who, day.first_slot, Reason.BYTE_BUDGET, f"{day.size}"
        )


def audit(
    entries: Iterable[bytes], quorum: Quorum, treaty: Treaty, *, observed: Sequence[bytes] = (),
    payload: Callable[[bytes], bytes | None] | None = None, first: int | None = None, last: int | None = None,
) -> Report:  # fmt: skip
    """The whole audit in one call."""
    auditor = Auditor(quorum, treaty, payload)
    auditor.read(entries)
    auditor.heads(observed)
    return auditor.conclude(first, last)
