"""What a witness signed last, in SQLite: compared and set in one transaction, synced before the signature leaves."""

import sqlite3
from pathlib import Path

from testban.base.errors import StoreError
from testban.trust.witness import Seen


class WitnessMemory:
    """The memory of one witness."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with self._connect() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"
            )

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        db.execute("PRAGMA synchronous=FULL")
        return db

    def latest(self, origin: str) -> Seen | None:
        """The last one signed for this log."""
        db = self._connect()
        try:
            return _row(db, origin)
        finally:
            db.close()

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Keep `new` if the last is still `old`; False otherwise."""
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            if _row(db, origin) != old:
                db.execute("ROLLBACK")
                return False
            db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (origin, new.size, new.root))
            db.execute("COMMIT")
        except sqlite3.Error as exc:
            raise StoreError(f"{self.path} cannot be written: {exc}; nothing was signed") from exc
        finally:
            db.close()
        return True


def _row(db: sqlite3.Connection, origin: str) -> Seen | None:
    row = db.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else Seen(row[0], row[1])
