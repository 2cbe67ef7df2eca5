"""Everything that the design says an adversary would try, carried out against the real nodes."""

from testban.station.attacks import keys_, logs, notes_, orders, packets, samples
from testban.station.attacks.suite import ATTACKS, Attack, Result, run, run_all

__all__ = [
    "ATTACKS",
    "Attack",
    "Result",
    "keys_",
    "logs",
    "notes_",
    "orders",
    "packets",
    "run",
    "run_all",
    "samples",
]
