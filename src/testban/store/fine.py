"""The fine counts that a host was shown in the dither loop, by slot, and the secret that its dither comes from.

Rules: what is kept is on disk before the dither is revealed; it is let go when the day is over and compared.
"""

import secrets
from pathlib import Path

from testban.base.errors import StoreError
from testban.station.dither import SECRET_BYTES
from testban.store import durable


class Fine:
    """A folder of one file a slot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, slot: int) -> bytes | None:
        """What was shown for a slot."""
        path = self.folder / str(slot)
        return path.read_bytes() if path.is_file() else None

    def put(self, slot: int, fine: bytes) -> None:
        """Keep it durably."""
        durable.replace(self.folder / str(slot), fine)

    def forget(self, before: int) -> None:
        """Let go of the slots before this one."""
        for path in self.folder.glob("[0-9]*"):
            if int(path.name) < before:
                path.unlink()

    def secret(self) -> bytes:
        """The host's secret, made at the first call."""
        path = self.folder / "secret"
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            durable.replace(path, secrets.token_bytes(SECRET_BYTES))
            path.chmod(0o600)
        data = path.read_bytes()
        if len(data) != SECRET_BYTES:
            raise StoreError(f"{path}: expected {SECRET_BYTES} bytes, got {len(data)}")
        return data
