"""The egress gate: the one place through which anything leaves the host, and the byte-exact ledger of what did.

Rules: what is not in the ledger did not leave; each line is `slot kind bytes sha256`; the ledger of a day is named by its
SHA-256 in a note that goes into the log; the day's bytes never exceed the policy's.
"""

import hashlib

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.documents import LedgerDay, Policy
from testban.trust.packet import Packet, payload_size

AGAIN = "again"


class Line(msgspec.Struct, frozen=True):
    """Something that left."""

    slot: int
    kind: str
    size: int
    digest: str

    def text(self) -> str:
        """The ledger's line."""
        return f"{self.slot} {self.kind} {self.size} {self.digest}\n"


def day_slots(policy: Policy) -> int:
    """Slots in a day."""
    return 86400 // policy.slot_seconds


class Ledger:
    """The ledger of one station, by day."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.days: dict[int, list[Line]] = {}
        self.last_slot = -1
        self._sums: dict[int, tuple[int, int]] = {}

    def total(self, slot: int) -> int:
        """Bytes that left in the day of this slot so far."""
        day = slot // day_slots(self.policy)
        lines = self.days.get(day, [])
        count, total = self._sums.get(day, (0, 0))
        if count > len(lines):
            count, total = 0, 0
        total += sum(line.size for line in lines[count:])
        self._sums[day] = len(lines), total
        return total

    def release(self, slot: int, kind: str, data: bytes) -> bytes:
        """Write down and let go; Rejected, with nothing written and nothing gone, where the day's bytes are spent."""
        self.require_room(slot, len(data))
        self.days.setdefault(slot // day_slots(self.policy), []).append(
            Line(slot, kind, len(data), hashlib.sha256(data).hexdigest())
        )
        if kind != AGAIN:
            self.last_slot = max(self.last_slot, slot)
        return data

    def require_room(self, slot: int, size: int) -> None:
        """Refuse where so many bytes more would be more than the day's."""
        spent = self.total(slot) + size
        checks.require(spent <= self.policy.max_bytes, Reason.BYTE_BUDGET, f"{spent} bytes in a day")

    def has(self, slot: int, kind: str) -> bool:
        """True where this left already."""
        lines = self.days.get(slot // day_slots(self.policy), [])
        return any(line.slot == slot and line.kind == kind for line in reversed(lines))

    def close(self, day: int, previous: bytes = bytes(32)) -> LedgerDay:
        """The note's body for a finished day."""
        return summary(self.policy, day, self.days.get(day, []), previous)


def summary(policy: Policy, day: int, lines: list[Line], previous: bytes = bytes(32)) -> LedgerDay:
    """What a ledger of these lines gives: anyone who saw what left computes the same."""
    text = "".join(line.text() for line in lines)
    return LedgerDay(
        station=policy.station,
        first_slot=day * day_slots(policy),
        slots=day_slots(policy),
        releases=len(lines),
        size=sum(line.size for line in lines if line.kind != AGAIN),
        again=sum(line.size for line in lines if line.kind == AGAIN),
        ledger=hashlib.sha256(text.encode()).digest(),
        previous=previous,
    )


def payload_total(packets: list[Packet], policy: Policy) -> int:
    """Bytes of the payloads that these packets name: gaps have none, all others one size."""
    return payload_size(policy) * sum(not p.is_gap for p in packets)
