"""The host's twin sensor beside a running warden: when a day is over, what the station gave is compared with it.

Rules: in a dither loop the fine counts that were shown are compared, else the counts that left; each day is compared once and the
result is kept; nothing is held back by it, since it comes after the release: it is the host's evidence for a dissent.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from testban.station import twin
from testban.station.warden import Warden
from testban.store.durable import replace
from testban.trust.documents import Policy
from testban.trust.packet import Counts, payload_size

Take = Callable[[Policy, int], Counts | None]


class TwinNode:
    """take: counts of the host's sensor for a slot, at quantum 1; self_rms: counts of one sensor's own noise."""

    def __init__(self, take: Take, self_rms: float, folder: Path) -> None:
        self.take, self.self_rms, self.path = take, self_rms, folder / "twin"

    def day(self, warden: Warden, slots: range) -> list[twin.Compared]:
        """Compare a day under the policy of its last slot, and write down what came out."""
        policy = warden.policy_at(slots[-1])
        quantum = 1 if warden.dither is not None else policy.quantum
        found = twin.compare(policy.channels, self._pairs(warden, policy, slots), self.self_rms, quantum)
        kept = self.path.read_text() if self.path.is_file() else ""
        lines = [
            f"{slots[0]} {c.channel} {c.samples} {c.z:.2f} {'DIFFERS' if c.differs else 'ok'}\n"
            for c in found
        ]
        replace(self.path, (kept + "".join(lines)).encode())
        return found

    def _pairs(self, warden: Warden, policy: Policy, slots: range) -> Iterator[tuple[Counts, Counts]]:
        whole = msgspec.structs.replace(policy, quantum=1)
        for slot in slots:
            record = warden.memory.get(slot)
            if record is None or not record.payload or warden.policy_at(slot) != policy:
                continue
            given = warden.dither.shown.get(slot) if warden.dither is not None else record.payload
            beside = self.take(whole, slot)
            if given is not None and beside is not None and len(given) == payload_size(policy):
                yield np.frombuffer(given, "<i4").reshape(len(policy.channels), -1), beside
