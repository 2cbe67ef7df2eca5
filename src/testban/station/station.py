"""The automatic station as a state machine: samples in, sealed packets out; no clock, disk or socket of its own.

Rules: every slot gets one note, a gap where there is nothing to say; slots only grow; the text is kept before it is signed,
and signing again gives the same bytes, so that a crash at any instant signs nothing twice; commands are obeyed only from the
policy's list, approved by the parties, proven to be in the witnessed log, in time and once.
"""

import hashlib
from collections.abc import Callable, Sequence
from enum import IntFlag

import msgspec

from testban.base.errors import InputError
from testban.station.memory import Memory, Record
from testban.trust import beacon as beacons
from testban.trust import checks, notes, proofs
from testban.trust import packet as packets
from testban.trust.bodies import Body
from testban.trust.checks import Reason
from testban.trust.documents import Command, Policy
from testban.trust.notes import Signer
from testban.trust.packet import Counts, Packet
from testban.trust.quorum import Quorum
from testban.trust.registry import Treaty
from testban.trust.succession import Succession


def _refusal(check: Callable[[], object]) -> str:
    """Why a check refuses, or nothing."""
    try:
        check()
    except checks.Rejected as exc:
        return str(exc)
    return ""


MAX_GAP_RUN = 8640  # a day: a longer silence is closed by a rotation of the policy, not by gaps


class Health(IntFlag):
    """Bits of the state of health. What a bit means is fixed here; which may leave is the policy's mask."""

    CLOCK_HOLDOVER = 1
    CLOCK_FREE = 2
    CLOCK_STEPPED = 4
    TAMPER = 8
    CALIBRATING = 16
    POWER_LOW = 32


class Sent(msgspec.Struct, frozen=True):
    """What the station gives to the warden for one slot: a note with one signature, and the payload."""

    slot: int
    note: bytes
    payload: bytes


class Station:
    """The sealed package: policy, key, memory and the beacons that it was fed. later: keys for rotations to come."""

    def __init__(
        self, policy: Policy, signer: Signer, memory: Memory, quorum: Quorum, treaty: Treaty, later: Sequence[Signer] = ()
    ) -> None:  # fmt: skip
        self.policy = policy
        self.memory = memory
        self.quorum = quorum
        self.treaty = treaty
        self.beacons = beacons.Beacons(quorum)
        self.succession = Succession(f"{policy.station}/station", policy, [signer, *later])

    def feed(self, epoch: int, checkpoint: bytes) -> bytes:
        """The warden brings the checkpoint that closed an epoch; it is checked, not believed."""
        return self.beacons.feed(epoch, checkpoint, self.policy)

    def slot(self, slot: int, samples: Counts | None, health: Health = Health(0)) -> list[Sent]:  # noqa: B008
        """Close a slot: its packet, with gap packets for slots that were missed. Nothing for a slot already closed."""
        last = self.memory.last()
        first = slot if last is None else last.slot + 1
        if slot < first:
            return []
        if slot - first > MAX_GAP_RUN:
            raise InputError(
                f"expected a slot within a day of {first}, got {slot}: the clock is wrong or a new policy is due"
            )
        sent = [self._close(s, b"", Health(0)) for s in range(first, slot)]
        payload = b"" if samples is None else packets.payload_bytes(samples, self.policy_at(slot))
        return [*sent, self._close(slot, payload, health)]

    def resend(self, first: int, last: int) -> list[Sent]:
        """The notes of these slots again, byte for byte, where the ring still has them."""
        found = (self.memory.get(s) for s in range(first, min(last, first + MAX_GAP_RUN) + 1))
        return [self._sign(r) for r in found if r is not None]

    def after(self, data: bytes, proof: bytes, *, again: bool = False) -> tuple[Succession, Body]:
        """What is in force after a new policy or key (see `trust.succession`), for `succession`. again: taken before a restart."""
        last = self.memory.last()
        closed = None if again or last is None else last.slot
        return self.succession.after(data, proof, self.treaty, self.quorum, closed=closed)

    def obey(self, data: bytes, proof: bytes, slot: int) -> Command:
        """The command in a note, if it is to be carried out now."""
        note = notes.parse(data)
        command = Command.parse(note.text)
        checks.require(command.station == self.policy.station, Reason.STATION_NAME, command.station)
        listed = command.command in self.policy.commands
        checks.require(listed, Reason.COMMAND_LIST, f"{command.command!r} is not on the policy's list")
        in_time = command.from_slot <= slot <= command.to_slot
        when = f"not before slot {command.from_slot}" if slot < command.from_slot else "over"
        checks.require(in_time, Reason.COMMAND_TIME, when)
        name = hashlib.sha256(note.text.encode()).digest()
        checks.require(not self.memory.done(name), Reason.COMMAND_REPEATED, "a command that was carried out")
        why = _refusal(lambda: self.treaty.check(note, "command"))
        checks.require(not why, Reason.COMMAND_APPROVALS, why)
        why = _refusal(lambda: proofs.verify(proof, self.quorum, data))
        checks.require(not why, Reason.COMMAND_NOT_LOGGED, why)
        self.memory.mark(name)
        return command

    def policy_at(self, slot: int) -> Policy:
        """The policy that a slot is closed under; it stays the station's from then on."""
        self.policy = self.succession.policy(slot)
        return self.policy

    def _close(self, slot: int, payload: bytes, health: Health) -> Sent:
        policy = self.policy_at(slot)
        self.succession.signer(slot)  # a slot that cannot be signed is not decided
        last = self.memory.last()
        packet = Packet(
            station=policy.station,
            slot=slot,
            policy=policy.digest,
            payload=hashlib.sha256(payload).digest(),
            previous=hashlib.sha256(last.text).digest() if last else packets.GENESIS,
            beacon=self.beacons.at(slot, policy),
            soh=(int(health) & int.from_bytes(policy.soh_mask, "big")).to_bytes(4, "big"),
        )
        record = Record(slot, packet.text().encode(), payload)
        self.memory.put(record)
        return self._sign(record)

    def _sign(self, record: Record) -> Sent:
        signer = self.succession.signer(record.slot)
        return Sent(record.slot, notes.sign(record.text.decode(), [signer]).encode(), record.payload)
