"""Bytes that survive a power cut: written beside, synced, moved into place; and append-only records that are whole or absent.

Rules: `replace` leaves the old file or the new one, never half; a record counts only when its digest fits; a disk that is full
raises StoreError and leaves what was there.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from testban.base.errors import StoreError


def folder(path: Path) -> Path:
    """The folder, made where it is not there; StoreError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(
            f"the folder {path} cannot be made: {exc.strerror or exc}; choose another --out"
        ) from exc
    return path


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, data: bytes) -> None:
    """Put these bytes at a path, whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {exc.strerror or exc}; free disk space") from exc


class Held:
    """A folder that one process at a time may use; free again when the process is gone, however it went."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self._lock.close()
            raise StoreError(f"{folder} is used by another process; stop it first") from exc

    def close(self) -> None:
        """Let another in."""
        self._lock.close()


class Lines:
    """An append-only text file of whole lines; what a killed writer left without an end of line is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = path.read_bytes() if path.exists() else b""
        with path.open("ab") as f:
            f.truncate(data.rfind(b"\n") + 1)

    def last(self, size: int) -> list[str]:
        """The whole lines of the last `size` bytes."""
        with self.path.open("rb") as f:
            end = f.seek(0, os.SEEK_END)
            f.seek(max(0, end - size))
            lines = f.read().decode("utf-8", errors="replace").splitlines()
        return lines if size >= end else lines[1:]

    def append(self, lines: Sequence[str]) -> None:
        """Add lines durably; StoreError with none added where the disk does not take them."""
        lengthen(self.path, "".join(f"{x}\n" for x in lines).encode())


def lengthen(path: Path, data: bytes) -> None:
    """Add bytes to a file durably; StoreError with the file as it was where the disk does not take all of them."""
    try:
        fresh = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as f:
            size = f.tell()
            try:
                view = memoryview(data)
                while view:
                    view = view[f.write(view) or 0 :]
                os.fsync(f.fileno())
            except OSError:
                f.truncate(size)
                raise
        if fresh:
            sync_folder(path.parent)
    except OSError as exc:
        raise StoreError(f"{path} cannot be written: {exc.strerror or exc}; free disk space") from exc


class Journal:
    """An append-only file of records: length, eight bytes of SHA-256, bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        good = sum(12 + len(r) for r in self._read(path.read_bytes()))
        with path.open("r+b") as f:
            f.truncate(good)
            os.fsync(f.fileno())
        self._file = path.open("r+b", buffering=0)
        self._file.seek(good)

    @staticmethod
    def _read(data: bytes) -> Iterator[bytes]:
        at = 0
        while at + 12 <= len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            record = data[at + 12 : at + 12 + size]
            if len(record) != size or hashlib.sha256(record).digest()[:8] != data[at + 4 : at + 12]:
                return
            yield record
            at += 12 + size

    def records(self) -> list[bytes]:
        """All whole records."""
        return list(self._read(self.path.read_bytes()))

    def append(self, records: list[bytes]) -> None:
        """Add records durably; StoreError with nothing added where the disk does not take them."""
        data = b"".join(len(r).to_bytes(4, "big") + hashlib.sha256(r).digest()[:8] + r for r in records)
        start = self._file.tell()
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) or 0 :]
            os.fsync(self._file.fileno())
        except OSError as exc:
            self._file.truncate(start)
            self._file.seek(start)
            raise StoreError(
                f"{self.path} cannot be written: {exc.strerror or exc}; free disk space"
            ) from exc

    def rewrite(self, records: list[bytes]) -> None:
        """Keep only these records."""
        data = b"".join(len(r).to_bytes(4, "big") + hashlib.sha256(r).digest()[:8] + r for r in records)
        replace(self.path, data)
        self._file.close()
        self._file = self.path.open("r+b", buffering=0)
        self._file.seek(len(data))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
