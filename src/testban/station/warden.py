"""The host's warden: checks everything that the package says, countersigns on the slot grid, and keeps the gate.

Rules: nothing leaves that is not exactly what the policy allows: station, slot order, chain, policy, beacon, state of health,
payload, one unique signature; cheapest check first; the text is kept before it is countersigned; the same packet again gives the
same note; release happens at slot + delay, not before, not much later, so that timing carries nothing.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from testban.station.dither import Host
from testban.station.memory import Memory, Record
from testban.trust import beacon as beacons
from testban.trust import checks, notes, sealed
from testban.trust import packet as packets
from testban.trust.bodies import Body
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.ledger import AGAIN, Ledger
from testban.trust.notes import Signer, Verifier
from testban.trust.packet import Packet
from testban.trust.quorum import Quorum
from testban.trust.registry import Treaty
from testban.trust.succession import Succession

MAX_RESEND = 8640


def _text(record: Record) -> bytes:
    """The packet's text in what a warden keeps: the station's whole note."""
    return record.text[: record.text.rindex(b"\n\n") + 1]


class Released(msgspec.Struct, frozen=True):
    """What crosses the border for one slot."""

    slot: int
    note: bytes
    payload: bytes


class Warden:
    """The host's node beside one station. later: its keys for rotations to come. dither: its side of the
    dither loop, without which no samples go where it is given.
    """

    def __init__(
        self,
        policy: Policy,
        station: Verifier,
        signer: Signer,
        memory: Memory,
        quorum: Quorum,
        book: Ledger | None = None,
        later: Sequence[Signer] = (),
        dither: Host | None = None,
    ) -> None:
        self.policy = policy
        self.memory = memory
        self.dither = dither
        self.beacons = beacons.Beacons(quorum)
        self.ledger = book or Ledger(policy)
        self.succession = Succession(
            f"{policy.station}/warden", policy, [signer, *later], {f"{policy.station}/station": station}
        )
        self._waiting: dict[int, Released] = {}

    def feed(self, epoch: int, checkpoint: bytes) -> bytes:
        """The checkpoint that closed an epoch, checked."""
        return self.beacons.feed(epoch, checkpoint, self.policy)

    def after(
        self, data: bytes, proof: bytes, treaty: Treaty, *, again: bool = False
    ) -> tuple[Succession, Body]:
        """What is in force after a new policy or key, as for the station (see `trust.succession`). again: taken before a restart."""
        last = self.memory.last()
        closed = None if again or last is None else last.slot
        return self.succession.after(data, proof, treaty, self.beacons.quorum, closed=closed)

    def policy_at(self, slot: int) -> Policy:
        """The policy of a slot."""
        return self.succession.policy(slot)

    def recover(self) -> list[Released]:
        """After a restart: countersign what was decided and has not left; nothing is decided a second time."""
        last = self.memory.last()
        if last is None:
            return []
        torn = self.memory.get(self.ledger.last_slot)
        if torn is not None and not self.ledger.has(torn.slot, "payload"):
            self.ledger.release(torn.slot, "payload", torn.payload)
        return [self._countersign(r) for r in self._kept(self.ledger.last_slot + 1, last.slot)]

    def resend(self, first: int, last: int, now_slot: int) -> list[Released]:
        """Slots that left already once more, on request, byte for byte; written into the ledger as sent again."""
        again = [self._sealed(r) for r in self._kept(first, min(last, self.ledger.last_slot))]
        for item in again:
            self.ledger.release(now_slot, AGAIN, item.note + item.payload)
        return again

    def _kept(self, first: int, last: int) -> list[Record]:
        first = max(first, last - MAX_RESEND)
        return [r for s in range(first, last + 1) if (r := self.memory.get(s)) is not None]

    def _sealed(self, record: Record) -> Released:
        """The note of a record: the station's line is asked for again where it is not kept, so it is kept."""
        note = notes.parse(record.text)
        return Released(
            record.slot,
            notes.add_signature(note, self.succession.signer(record.slot)).encode(),
            record.payload,
        )

    def _countersign(self, record: Record) -> Released:
        released = self._sealed(record)
        self._waiting[record.slot] = released
        return released

    def missing(self) -> int | None:
        """The next slot that the station owes; None before the first packet."""
        last = self.memory.last()
        return None if last is None else last.slot + 1

    def receive(self, data: bytes, payload: bytes) -> Released:
        """The countersigned note for what the station gave; Rejected with the reason where it must not leave."""
        packet, note = sealed.parse(data, 1)
        policy = self.policy_at(packet.slot)
        sealed.check_fields(packet, policy)
        text = note.text.encode()
        known = self._known(packet, text)
        if not known:
            self._check_order(packet)
        wanted = packet.beacon if known else self.beacons.at(packet.slot, policy)
        checks.require(packet.beacon == wanted, Reason.BEACON, f"not the beacon of slot {packet.slot}")
        packets.check_payload(payload, packet, policy)
        if self.dither is not None and not packet.is_gap:
            self.dither.check(packet.slot, payload, policy)
        station = self.succession.key(f"{policy.station}/station", packet.slot)
        sealed.check_signature(text, note.signatures[0], station, Reason.STATION_SIGNATURE)
        self.succession.signer(packet.slot)  # what cannot be countersigned is not decided
        record = Record(packet.slot, data, payload)
        if not known:
            self.memory.put(record)
        return self._countersign(record)

    def reveal(self, slot: int, fine: bytes) -> bytes:
        """The dither for the fine counts of a slot that is still open; Rejected where there is no loop or other counts were shown."""
        last = self.memory.last()
        is_open = last is None or last.slot < slot <= last.slot + MAX_RESEND
        checks.require(is_open, Reason.SLOT_REPLAY, f"fine counts for slot {slot}, which is not open")
        if self.dither is None:
            raise checks.Rejected(Reason.DITHER, "this warden has no dither loop")
        return self.dither.reveal(slot, fine, self.policy_at(slot))

    def _known(self, packet: Packet, text: bytes) -> bool:
        record = self.memory.get(packet.slot)
        if record is None:
            return False
        gone = packet.slot <= self.ledger.last_slot and _text(record) == text
        checks.require(not gone, Reason.SLOT_REPLAY, f"slot {packet.slot} has left already")
        same = _text(record) == text
        checks.require(same, Reason.SLOT_CONFLICT, f"a second packet for slot {packet.slot}")
        return same

    def _check_order(self, packet: Packet) -> None:
        last = self.memory.last()
        if last is None:
            checks.require(packet.previous == packets.GENESIS, Reason.CHAIN, "a first packet that has a past")
            return
        checks.require(packet.slot > last.slot, Reason.SLOT_REPLAY, f"slot {packet.slot} after {last.slot}")
        following = packet.slot == last.slot + 1
        checks.require(following, Reason.SLOT_SKIPPED, f"slot {packet.slot} after {last.slot}")
        linked = packet.previous == hashlib.sha256(_text(last)).digest()
        checks.require(linked, Reason.CHAIN, f"slot {packet.slot} does not follow what was signed")

    def release(self, now_slot: int) -> list[Released]:
        """Everything whose time has come, written into the ledger. `now_slot` is the slot that runs now."""
        due = sorted(s for s in self._waiting if s + self.policy_at(s).release_delay < now_slot)
        return [self.release_one(s, now_slot) for s in due]

    def release_one(self, slot: int, now_slot: int) -> Released:
        """Let one slot go; Rejected before its time."""
        policy = self.policy_at(slot)
        in_time = now_slot > slot + policy.release_delay
        checks.require(in_time, Reason.RELEASE_EARLY, f"slot {slot} asked for at {now_slot}")
        item = self._waiting[slot]
        self.ledger.policy = policy
        self.ledger.require_room(slot, len(item.note) + len(item.payload))
        self.ledger.release(slot, "note", item.note)
        self.ledger.release(slot, "payload", item.payload)
        del self._waiting[slot]
        return item

    def waiting(self) -> int:
        """How many slots wait for their time."""
        return len(self._waiting)
