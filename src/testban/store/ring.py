"""The station's ring buffer on disk: a file of fixed size, one place for each slot modulo its capacity.

Rules: the file is allocated whole at once, so that a disk that fills up later cannot hurt; a record counts only when its SHA-256
fits, so that a torn write is a slot that was never decided; `put` returns after fdatasync, before anything is signed.
"""

import hashlib
import os
from pathlib import Path

from testban.base.errors import InputError, StoreError
from testban.station.memory import Record
from testban.store.durable import Journal

_MAGIC = b"testban ring v1\n"
_HEADER = 64


class Ring:
    """Records by slot. capacity in slots, size in bytes for one record's text and payload."""

    def __init__(self, path: Path, capacity: int, size: int) -> None:
        self.path, self.capacity, self.record = path, capacity, size + 48
        self._fd = self._open()
        self._marks = Journal(path.with_suffix(".done"))
        self._done = set(self._marks.records())
        self._last = self._scan()

    def _open(self) -> int:
        header = _MAGIC + self.capacity.to_bytes(8, "big") + self.record.to_bytes(8, "big")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            found = os.pread(fd, len(header), 0)
            if found.strip(b"\0") and found != header:
                raise InputError(f"{self.path}: expected a ring of {self.capacity} slots, got something else")
            os.posix_fallocate(fd, 0, _HEADER + self.capacity * self.record)
            os.pwrite(fd, header, 0)
            os.fsync(fd)
        except OSError as exc:
            os.close(fd)
            raise StoreError(
                f"{self.path} cannot be allocated: {exc.strerror or exc}; free disk space"
            ) from exc
        return fd

    def _at(self, slot: int) -> int:
        return _HEADER + slot % self.capacity * self.record

    def _scan(self) -> Record | None:
        best: tuple[int, int] | None = None
        for place in range(self.capacity):
            head = os.pread(self._fd, 48, _HEADER + place * self.record)
            slot = int.from_bytes(head[32:40], "big")
            if head.strip(b"\0") and (best is None or slot > best[0]) and self._read(slot) is not None:
                best = slot, place
        return self._read(best[0]) if best else None

    def _read(self, slot: int) -> Record | None:
        data = os.pread(self._fd, self.record, self._at(slot))
        sizes = int.from_bytes(data[40:44], "big"), int.from_bytes(data[44:48], "big")
        body = data[32 : 48 + sum(sizes)]
        whole = int.from_bytes(data[32:40], "big") == slot and hashlib.sha256(body).digest() == data[:32]
        if not whole:
            return None
        return Record(slot, body[16 : 16 + sizes[0]], body[16 + sizes[0] :])

    def last(self) -> Record | None:
        """The record with the highest slot."""
        return self._last

    def get(self, slot: int) -> Record | None:
        """The record of a slot, where the ring still has it."""
        return self._read(slot)

    def put(self, record: Record) -> None:
        """Keep a record durably; StoreError where it does not fit or the disk fails."""
        body = (
            record.slot.to_bytes(8, "big")
            + len(record.text).to_bytes(4, "big")
            + len(record.payload).to_bytes(4, "big")
        )
        body += record.text + record.payload
        if len(body) + 32 > self.record:
            raise StoreError(f"{self.path}: a record of {len(body)} bytes does not fit into the ring")
        try:
            os.pwrite(self._fd, hashlib.sha256(body).digest() + body, self._at(record.slot))
            os.fdatasync(self._fd)
        except OSError as exc:
            raise StoreError(f"{self.path} cannot be written: {exc.strerror or exc}") from exc
        if self._last is None or record.slot > self._last.slot:
            self._last = record

    def done(self, name: bytes) -> bool:
        """True where this was marked as carried out."""
        return name in self._done

    def mark(self, name: bytes) -> None:
        """Remember durably that this was carried out."""
        self._marks.append([name])
        self._done.add(name)

    def close(self) -> None:
        """Close the files."""
        os.close(self._fd)
        self._marks.close()
