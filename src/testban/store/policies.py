"""The policies that a node took while it ran, each with its proof, in the order of their taking.

Rules: a policy counts as taken when its last file is there; names are those under which the warden offered them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from testban.base.errors import InputError
from testban.store import durable

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Kept:
    """A folder of N-NAME.note and N-NAME.tlog-proof."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _files(self) -> list[Path]:
        found = [p for p in self.folder.glob("*.note") if p.with_suffix(".tlog-proof").is_file()]
        return sorted(found, key=lambda p: int(p.name.partition("-")[0]))

    def all(self) -> Iterator[tuple[bytes, bytes]]:
        """Note and proof of each, in order."""
        for path in self._files():
            yield path.read_bytes(), path.with_suffix(".tlog-proof").read_bytes()

    def has(self, name: str) -> bool:
        """True where a policy of this name was taken."""
        return any(p.stem.partition("-")[2] == name for p in self._files())

    def put(self, name: str, note: bytes, proof: bytes) -> None:
        """Keep one more, durably."""
        if not NAME.fullmatch(name):
            raise InputError(f"expected a name of letters and digits, got {name[:70]!r}")
        path = self.folder / f"{len(self._files())}-{name}.note"
        durable.replace(path, note)
        durable.replace(path.with_suffix(".tlog-proof"), proof)
