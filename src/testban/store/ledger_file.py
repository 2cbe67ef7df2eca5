"""The gate's ledger on disk: a line is synced before its bytes leave, so that nothing leaves unwritten."""

from pathlib import Path

from testban.store.durable import Journal
from testban.trust.documents import Policy
from testban.trust.ledger import AGAIN, Ledger, Line, day_slots


class LedgerFile(Ledger):
    """A ledger that survives its process."""

    def __init__(self, policy: Policy, path: Path) -> None:
        super().__init__(policy)
        self._journal = Journal(path)
        for record in self._journal.records():
            slot, kind, size, digest = record.decode().split()
            line = Line(int(slot), kind, int(size), digest)
            self.days.setdefault(line.slot // day_slots(policy), []).append(line)
            if line.kind != AGAIN:
                self.last_slot = max(self.last_slot, line.slot)

    def release(self, slot: int, kind: str, data: bytes) -> bytes:
        """Write down durably and let go."""
        before = self.last_slot
        super().release(slot, kind, data)
        line = self.days[slot // day_slots(self.policy)][-1]
        try:
            self._journal.append([line.text().encode()])
        except BaseException:
            self.days[slot // day_slots(self.policy)].pop()
            self.last_slot = before
            raise
        return data
