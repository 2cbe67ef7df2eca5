"""Every change of one byte of the demonstration's proof, by `testban verify`'s own check: `python -m bench.figures_every_byte DIR/trust [N]`.

Each byte replaced by each of 255 others, left out, and doubled; with N only every N-th change. None may be accepted.
"""

import sys
import time
from pathlib import Path

from testban.trust import inspect, quorum


def changes(data):
    """The bytes after every change."""
    for at in range(len(data)):
        for value in range(256):
            if value != data[at]:
                yield data[:at] + bytes([value]) + data[at + 1 :]
        for cut in (data[:at] + data[at + 1 :], data[: at + 1] + data[at:]):
            if cut != data:
                yield cut


def main(folder, every=1):
    """Count what is accepted, and the reasons of the rest."""
    policy = quorum.parse((folder / "policy.txt").read_bytes())
    data = (folder / "release.tlog-proof").read_bytes()
    assert inspect.inspect(data, policy).ok
    start, reasons, accepted = time.perf_counter(), {}, 0
    for n, changed in enumerate(changes(data)):
        if n % every == 0:
            found = inspect.inspect(changed, policy)
            accepted += found.ok
            reasons[found.reason] = reasons.get(found.reason, 0) + 1
    tried = sum(reasons.values())
    print(f"{len(data)} bytes, {tried} changes, {accepted} accepted, {time.perf_counter() - start:.0f} s")
    for reason, count in sorted(reasons.items()):
        print(f"  {count:8} {reason}")
    return accepted


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1) else 0)
