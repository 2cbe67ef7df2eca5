"""What a station or warden must not forget: the text that it decided on for each slot, kept before it is signed.

Rules: `put` returns only when the record would survive a power cut; one text for one slot, for ever; a full disk raises
StoreError and nothing is signed. The ring on disk is `store.ring`; this one forgets with the process.
"""

from typing import Protocol

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One slot: the packet's text and its payload."""

    slot: int
    text: bytes
    payload: bytes


class Memory(Protocol):
    """A ring of records by slot."""

    def last(self) -> Record | None:
        """The record with the highest slot."""

    def get(self, slot: int) -> Record | None:
        """The record of a slot, where the ring still has it."""

    def put(self, record: Record) -> None:
        """Keep a record durably."""

    def done(self, name: bytes) -> bool:
        """True where this was marked as carried out."""

    def mark(self, name: bytes) -> None:
        """Remember durably that this was carried out."""


class InMemory:
    """A ring for tests and demonstrations."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._records: dict[int, Record] = {}
        self._capacity = capacity
        self._last: Record | None = None
        self._done: set[bytes] = set()

    def last(self) -> Record | None:
        """The record with the highest slot."""
        return self._last

    def get(self, slot: int) -> Record | None:
        """The record of a slot."""
        return self._records.get(slot)

    def put(self, record: Record) -> None:
        """Keep a record."""
        self._records[record.slot] = record
        self._records.pop(record.slot - self._capacity, None)
        if self._last is None or record.slot > self._last.slot:
            self._last = record

    def done(self, name: bytes) -> bool:
        """True where this was marked."""
        return name in self._done

    def mark(self, name: bytes) -> None:
        """Remember it."""
        self._done.add(name)
