"""The joint log on disk: tlog-tiles that any web server can serve, and a journal of what is accepted but not yet in tiles.

Rules: an entry is acknowledged only when the journal is synced; tiles are written before the checkpoint that needs them; the
checkpoint moves last; after a crash the journal gives the same entries in the same order, so that a head that was signed before the
crash is continued, never contradicted; one sequencer at a time (file lock); at start the root is rebuilt and compared with the head;
in memory are the hashes (64 bytes an entry), the places of the last million and what is not in tiles yet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import overload

from testban.base.errors import StoreError
from testban.store.durable import Held, Journal, replace
from testban.trust import checkpoints, merkle, notes, proofs, tiles
from testban.trust.documents import Epoch
from testban.trust.log import Keep, Log, Post
from testban.trust.notes import Note, Signer
from testban.trust.quorum import Quorum


class LogFolder:
    """Read-only access to the static files of a log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, path: str) -> bytes:
        """Bytes at a path; a partial tile that is gone is cut from the full one."""
        whole, _, width = path.partition(".p/")
        try:
            return (self.folder / path).read_bytes()
        except OSError as exc:
            full = self.folder / whole
            if width and full.is_file():
                data = full.read_bytes()
                if not path.startswith("tile/entries/"):
                    return data[: int(width) * merkle.HASH_BYTES]
                return tiles.encode_bundle(tiles.decode_bundle(data, tiles.WIDTH)[: int(width)])
            raise StoreError(f"{self.folder / path} cannot be read: {exc.strerror or exc}") from exc

    def checkpoint(self) -> bytes | None:
        """The published head."""
        path = self.folder / "checkpoint"
        return path.read_bytes() if path.exists() else None

    def size(self) -> int:
        """Entries below the published head."""
        data = self.checkpoint()
        return 0 if data is None else checkpoints.parse(data)[0].size

    def entries(self, size: int | None = None) -> Iterator[bytes]:
        """All published entries, in order."""
        yield from tiles.read_entries(self.fetch, self.size() if size is None else size)

    def find(self, entry: bytes) -> int | None:
        """The place of an entry below the published head, by reading them all."""
        return next((i for i, e in enumerate(self.entries()) if e == entry), None)

    def prove(self, index: int, quorum: Quorum) -> bytes:
        """A proof out of the static files alone, checked under the policy; Rejected where it does not hold."""
        head, note = checkpoints.parse(self.checkpoint() or b"")
        reader = tiles.TileReader(self.fetch, head.size)
        bundle, at = divmod(index, tiles.WIDTH)
        width = min(tiles.WIDTH, max(head.size - bundle * tiles.WIDTH, 0))
        hashes = reader.inclusion(index)
        entry = tiles.decode_bundle(self.fetch(tiles.bundle_path(bundle, width)), width)[at]
        proof = proofs.make(entry, index, hashes, quorum.smallest(note).encode())
        proofs.verify(proof, quorum)
        return proof

    def heads(self) -> list[bytes]:
        """The published head and those that closed epochs."""
        kept = sorted((self.folder / "epochs").glob("[0-9]*"), key=lambda p: int(p.name))
        head = self.checkpoint()
        return [p.read_bytes() for p in kept] + ([head] if head else [])


class Tail(Keep):
    """The entries of a log: published ones are read from its tiles when asked for, the others are in memory."""

    def __init__(self, folder: LogFolder, published: int) -> None:
        self._folder, self._published = folder, published
        self._below = 0
        self._entries: list[bytes] = []
        self._read: tuple[int, int, list[bytes]] = (-1, 0, [])

    def __len__(self) -> int:
        return self._below + len(self._entries)

    def append(self, entry: bytes) -> None:
        """Keep one more; what comes out of the tiles at the start is counted only."""
        if len(self) < self._published:
            self._below += 1
        else:
            self._entries.append(entry)

    def published(self, size: int) -> None:
        """Let go of what is in tiles now."""
        del self._entries[: max(size - self._below, 0)]
        self._below = self._published = max(size, self._below)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0 or index >= len(self):
            raise IndexError(index)
        if index >= self._below:
            return self._entries[index - self._below]
        n, at = divmod(index, tiles.WIDTH)
        width = min(tiles.WIDTH, self._below - n * tiles.WIDTH)
        if self._read[:2] != (n, width):
            data = self._folder.fetch(tiles.bundle_path(n, width))
            self._read = n, width, tiles.decode_bundle(data, width)
        return self._read[2][at]


class LogFiles(LogFolder):
    """The sequencer's side."""

    def __init__(self, folder: Path, origin: str, signer: Signer, *also: Signer) -> None:
        super().__init__(folder)
        self._lock = Held(folder)
        self.published = self.size()
        self._tail = Tail(self, self.published)
        self.log = Log(origin, signer, self.entries(self.published), self._tail, also)
        self._check_head()
        self.journal = Journal(folder / ".pending")
        for record in self.journal.records():
            index, entry = int.from_bytes(record[:8], "big"), record[8:]
            if index == self.log.size:
                self.log.append(entry)

    def _check_head(self) -> None:
        data = self.checkpoint()
        if data is not None and checkpoints.parse(data)[0].root != self.log.tree.root():
            raise StoreError(
                f"{self.folder}: the entries do not give the root of the checkpoint; restore from a mirror"
            )

    def append(self, entries: list[bytes]) -> list[int]:
        """Accept entries: when this returns they are on disk and their places are fixed."""
        before = self.log.size
        indices, fresh = self.log.settle(entries)
        self.journal.append([(before + i).to_bytes(8, "big") + e for i, e in enumerate(fresh.values())])
        self.log.extend(fresh)
        return indices

    def publish(
        self,
        witnesses: dict[str, tuple[int, Post]] | None = None,
        epoch: int | None = None,
        quorum: Quorum | None = None,
    ) -> Note:
        """Write tiles, have the head cosigned, publish it; returns the head. An epoch's head is kept beside it.

        With a policy a head that too few witnesses signed is Rejected: the one before stays, nothing accepted is lost.
        """
        size = self.log.size
        for path, data in tiles.changed_bundles(self.log.entries.__getitem__, self.published, size):
            replace(self.folder / path, data)
        for path, data in tiles.changed_tiles(self.log.tree, self.published, size):
            replace(self.folder / path, data)
        note = self.log.checkpoint()
        if witnesses:
            note, _ = self.log.witnessed(note, witnesses)
        if quorum is not None:
            quorum.check(note.encode())
        if epoch is not None:
            replace(self.folder / "epochs" / str(epoch), note.encode())
        replace(self.folder / "checkpoint", note.encode())
        self.published = size
        self._tail.published(size)
        self.journal.rewrite([])
        return note

    def note_epochs(self) -> None:
        """Write into the log which heads closed epochs; said once each, also where a crash came between."""
        for path in sorted((self.folder / "epochs").glob("[0-9]*"), key=lambda p: int(p.name))[-3:]:
            head = checkpoints.parse(path.read_bytes())[0]
            epoch = Epoch(number=int(path.name), size=head.size, root=head.root)
            self.append([notes.sign(epoch.text(), self.log.signers).encode()])

    def close(self) -> None:
        """Let another sequencer in."""
        self.journal.close()
        self._lock.close()
