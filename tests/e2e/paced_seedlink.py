"""A SeedLink server that sends what a simulated world has recorded by now, as fast as a clock of its own goes; and that clock."""

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from testban.base.times import parse_time
from testban.formats import mseed


class FastClock(NamedTuple):
    """From `start_ns` at monotonic time `begun` on, `speed` times as fast; `jump_ns` later from when the file `flag` is there."""

    begun: float
    start_ns: int
    speed: float
    jump_ns: int
    flag: str

    def now(self) -> int:
        t = self.start_ns + round((time.monotonic() - self.begun) * self.speed * 1e9)
        return t + self.jump_ns if Path(self.flag).exists() else t

    def sleep(self, seconds: float) -> None:
        time.sleep(min(0.2, seconds / self.speed))


class Sent(NamedTuple):
    due_ns: int
    key: str
    end_ns: int
    record: bytes


def recorded(files: Sequence[Path], late: dict[str, float]) -> list[Sent]:
    """All records of the files in the order in which they come: five seconds after their end, of some stations so much later (s)."""
    out = []
    for path in files:
        data = path.read_bytes()
        for t in mseed.index(data)[0]:
            key = f"{t.nslc.network}.{t.nslc.station}"
            for at, start, n in zip(t.offset.tolist(), t.start_ns.tolist(), t.number.tolist(), strict=True):
                end = start + round(n * 1e9 / t.rate_hz)
                out.append(Sent(end + round((5.0 + late.get(key, 0.0)) * 1e9), key, end, data[at : at + 512]))
    return sorted(out)


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.server.connections += 1
            self.talk(self.server.connections)

    def talk(self, number: int) -> None:
        wanted: dict[str, int] = {}
        for word in self.words():
            name, *rest = word.split()
            if name == "HELLO":
                self.request.sendall(b"SeedLink v3.1 :: test\r\nnowhere\r\n")
            elif name == "END":
                return self.stream(wanted, number)
            elif name == "STATION" and rest[0] == "NONE":
                self.request.sendall(b"ERROR\r\n")
            else:
                if name == "STATION":
                    station = f"{rest[1]}.{rest[0]}"
                elif name == "TIME":
                    assert len(rest) == 1
                    y, mo, d, h, mi, s = map(int, rest[0].split(","))
                    wanted[station] = parse_time(f"{y:04d}-{mo:02d}-{d:02d}T{h:02d}:{mi:02d}:{s:02d}Z")
                self.request.sendall(b"OK\r\n")
        return None

    def words(self) -> Iterator[str]:
        text = b""
        while data := self.request.recv(4096):
            text += data
            while b"\r" in text:
                line, text = text.split(b"\r", 1)
                if line.strip():
                    yield line.decode().strip()

    def stream(self, wanted: dict[str, int], number: int) -> None:
        sent = 0
        for i, s in enumerate(self.server.records):
            if s.key not in wanted or s.end_ns <= wanted[s.key]:
                continue
            while self.server.now() < s.due_ns:
                time.sleep(0.02)
            for _ in range(1 + (i % 50 == 0)):  # some come twice
                self.request.sendall(b"SL" + f"{i % 0xFFFFFF:06X}".encode() + s.record)
            sent += 1
            if number <= self.server.drops and sent == 150:
                return
        while not self.server.over.wait(0.2):
            pass


@contextlib.contextmanager
def serve(records: Sequence[Sent], now: Callable[[], int], drops: int = 0) -> Iterator[int]:
    """The port of a running server; the first `drops` connections end after 150 records."""

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), Handler) as s:
        s.records, s.now, s.drops, s.connections, s.over = records, now, drops, 0, threading.Event()
        thread = threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield s.server_address[1]
        finally:
            s.over.set()
            s.shutdown()
            thread.join()
