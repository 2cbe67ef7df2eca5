"""Witnesses and logs over HTTP (C2SP tlog-witness, tlog-tiles): a small server for each, and their clients.

Rules: a request has a size limit and a time limit (slow senders are cut off), at most 32 are answered at once; what is read
is handed to the pure witness as bytes; a log's folder is served as it is.
"""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from testban.base.errors import InputError, SourceError, StoreError
from testban.trust.log import Post
from testban.trust.witness import MAX_REQUEST_BYTES, Answer

TIMEOUT_SECONDS = 10.0
MAX_AT_ONCE = 32
Respond = Callable[[str, str, bytes], Answer]


class Quota:
    """So many requests a minute for each peer, so that one cannot shut out the others; at most MAX_PEERS are remembered."""

    MAX_PEERS = 4096

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self.per_minute, self._now = per_minute, now
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admits(self, peer: str) -> bool:
        """True where this peer has a request left."""
        now = self._now()
        with self._lock:
            left, since = self._left.pop(peer, (float(self.per_minute), now))
            left = min(left + (now - since) * self.per_minute / 60, float(self.per_minute))
            admitted = left >= 1
            self._left[peer] = (left - 1 if admitted else left, now)
            if len(self._left) > self.MAX_PEERS:
                del self._left[next(iter(self._left))]
        return admitted


class Server:
    """Answers (method, path, body) on one address in threads of its own. quota: of POST requests."""

    def __init__(
        self, respond: Respond, host: str = "127.0.0.1", port: int = 0, limit: int = MAX_REQUEST_BYTES,
        quota: Quota | None = None,
    ) -> None:  # fmt: skip
        gate = threading.BoundedSemaphore(MAX_AT_ONCE)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = TIMEOUT_SECONDS
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                length = self.headers.get("Content-Length", "0")
                if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > limit:
                    self.close_connection = True
                    self._send(Answer(413 if length.isdigit() else 400))
                    return
                if quota is not None and self.command == "POST" and not quota.admits(self.client_address[0]):
                    self.close_connection = True
                    self._send(Answer(429))
                    return
                body = self._read(int(length))
                if body is None or not gate.acquire(timeout=TIMEOUT_SECONDS):
                    self.close_connection = True
                    self._send(Answer(408 if body is None else 503))
                    return
                try:
                    self._send(respond(self.command, self.path, body))
                except StoreError:
                    self._send(Answer(503))
                finally:
                    gate.release()

            def _read(self, length: int) -> bytes | None:
                """The body, unless its sender takes longer than the limit in all."""
                end, data = time.monotonic() + TIMEOUT_SECONDS, b""
                while len(data) < length:
                    try:
                        part = self.rfile.read1(length - len(data)) if hasattr(self.rfile, "read1") else b""
                    except OSError:
                        return None
                    if not part or time.monotonic() > end:
                        return None
                    data += part
                return data

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: who runs the node decides what is logged."""

            do_GET = do_POST = _answer  # noqa: N815 - names of http.server

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def start(self) -> "Server":
        """Answer in the background."""
        self._thread.start()
        return self

    def run(self) -> None:
        """Answer until interrupted."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def witness_server(
    add_checkpoint: Callable[[bytes, int], Answer], host: str = "127.0.0.1", port: int = 0,
    now: Callable[[], int] = lambda: int(time.time()),
) -> Server:  # fmt: skip
    """A witness: POST /add-checkpoint."""

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method != "POST" or path != "/add-checkpoint":
            return Answer(404)
        return add_checkpoint(body, now())

    return Server(respond, host, port)


def log_server(
    folder: Path, append: Callable[[bytes], int] | None = None, host: str = "127.0.0.1", port: int = 0,
    per_minute: int = 6000,
) -> Server:  # fmt: skip
    """A log: its static files, and POST /add-entry where it takes entries, so many a minute from each address."""
    root = folder.resolve()

    def respond(method: str, path: str, body: bytes) -> Answer:
        if method == "POST":
            if path != "/add-entry" or append is None:
                return Answer(404)
            try:
                return Answer(200, b"%d\n" % append(body))
            except InputError as exc:
                return Answer(400, str(exc).encode())
        target = (root / path.lstrip("/")).resolve()
        hidden = (
            any(part.startswith(".") and not part.startswith(".p") for part in target.relative_to(root).parts)
            if target.is_relative_to(root)
            else True
        )
        if hidden or not target.is_file():
            return Answer(404)
        kind = "application/octet-stream" if path.startswith("/tile/") else "text/plain; charset=utf-8"
        return Answer(200, target.read_bytes(), kind)

    return Server(respond, host, port, limit=1 << 16, quota=Quota(per_minute))


def poster(url: str, timeout: float = TIMEOUT_SECONDS) -> Post:
    """A function that posts to a witness' add-checkpoint and gives its answer; status 599 where it cannot be reached."""
    target = url.rstrip("/") + "/add-checkpoint"

    def post(body: bytes) -> Answer:
        return _request(target, body, timeout)

    return post


def appender(url: str, timeout: float = TIMEOUT_SECONDS) -> Post:
    """A function that gives an entry to a log and gives its answer; status 599 where it cannot be reached."""
    target = url.rstrip("/") + "/add-entry"
    return lambda entry: _request(target, entry, timeout)


def _request(target: str, body: bytes | None, timeout: float) -> Answer:
    if not target.startswith(("http://", "https://")):
        raise InputError(f"expected an http or https address, got {target!r}")
    request = urllib.request.Request(target, data=body)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout) as r:  # noqa: S310
            return Answer(r.status, r.read(1 << 20), r.headers.get("Content-Type", ""))
    except urllib.error.HTTPError as exc:
        with exc:
            return Answer(exc.code, exc.read(1 << 16), exc.headers.get("Content-Type", ""))
    except OSError as exc:
        return Answer(599, str(exc).encode())


def getter(url: str, timeout: float = TIMEOUT_SECONDS) -> Callable[[str], Answer]:
    """A function that gets a path of a log, with the status of the answer; 599 where it cannot be reached."""
    return lambda path: _request(f"{url.rstrip('/')}/{path}", None, timeout)


def fetcher(url: str, timeout: float = TIMEOUT_SECONDS) -> Callable[[str], bytes]:
    """A function that gets a path of a log; SourceError where it cannot."""

    def fetch(path: str) -> bytes:
        answer = _request(f"{url.rstrip('/')}/{path}", None, timeout)
        if answer.status != 200:
            raise SourceError(f"{url}/{path}: expected status 200, got {answer.status}")
        return answer.body

    return fetch
