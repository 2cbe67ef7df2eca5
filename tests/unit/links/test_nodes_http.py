"""The doors of log, witness and warden under bad senders: slow, endless, too many, too large; each is cut off, none blocks others."""

import contextlib
import http.client
import socket
import threading
import time

import pytest

from testban.base.errors import SourceError
from testban.links import packet_http, witness_http
from testban.station.parties import Parties
from testban.trust import notes
from testban.trust.checks import Reason, Rejected
from testban.trust.witness import Answer

NAME = "XX.ALFA"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(witness_http, "TIMEOUT_SECONDS", 0.4)


@pytest.fixture
def witness():
    p = Parties((NAME,), bits=2048)
    server = witness_http.witness_server(p.witnesses["N1"].add_checkpoint).start()
    yield p, server
    server.stop()


def ask(server, body, method="POST", path="/add-checkpoint", headers=None):
    line = http.client.HTTPConnection(server.url[7:], timeout=5)
    try:
        line.request(method, path, body, headers or {})
        return line.getresponse().status
    finally:
        line.close()


def test_slow_senders_are_cut_off_and_do_not_block_others(quick, witness):
    _, server = witness
    host, port = server.url[7:].split(":")
    slow = []
    for _ in range(40):
        s = socket.create_connection((host, int(port)), timeout=5)
        s.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nold 0")
        slow.append(s)
    begun = time.monotonic()
    assert ask(server, b"old 0\n\nx") == 400
    assert time.monotonic() - begun < 3
    time.sleep(0.6)
    assert all(b" 408 " in s.recv(100) for s in slow)
    for s in slow:
        s.close()


def test_a_byte_now_and_then_buys_no_more_time(quick, witness):
    host, port = witness[1].url[7:].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as s:
        s.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        begun, answer = time.monotonic(), b""
        s.settimeout(0.1)
        while not answer and time.monotonic() - begun < 4:
            s.sendall(b"o")
            try:
                answer = s.recv(100)
            except TimeoutError:
                continue
    assert b" 408 " in answer
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "99999999999"}, 413),
        ({"Content-Length": "-5"}, 400),
        ({"Content-Length": "1x"}, 400),
    ],
)
def test_lengths_that_lie(quick, witness, headers, status):
    assert ask(witness[1], None, headers=headers) == status


def test_a_million_cosignatures_are_refused_at_once(witness):
    p, server = witness
    line = notes.Signature("x.example", b"1234", b"5" * 64).line()
    body = b"old 0\n\n" + p.log.checkpoint().encode() + line.encode() * 1_000_000
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):  # or cut off while it was still sending
        assert ask(server, body) == 413
    # As many as fit into the size: counted before anything is verified.
    few = b"old 0\n\n" + p.log.checkpoint().encode() + line.encode() * 500
    assert len(few) < notes.MAX_NOTE_BYTES
    assert p.witnesses["N1"].add_checkpoint(few, 1).reason is Reason.SIGNATURE_LINES
    assert time.monotonic() - begun < 5


def test_a_quota_for_each_peer():
    clock = [0.0]
    quota = witness_http.Quota(60, lambda: clock[0])
    assert [quota.admits("a") for _ in range(61)] == [True] * 60 + [False]
    assert quota.admits("b")
    clock[0] = 2.0
    assert [quota.admits("a") for _ in range(3)] == [True, True, False]
    for i in range(2 * quota.MAX_PEERS):
        quota.admits(f"peer {i}")
    assert len(quota._left) <= quota.MAX_PEERS


def test_a_log_answers_429_to_one_who_floods_it(tmp_path):
    taken = []
    server = witness_http.log_server(tmp_path, lambda e: taken.append(e) or len(taken), per_minute=5).start()
    try:
        answers = [ask(server, b"e", path="/add-entry") for _ in range(8)]
        assert answers == [200] * 5 + [429] * 3
        (tmp_path / "checkpoint").write_bytes(b"head")
        assert ask(server, None, "GET", "/checkpoint") == 200
        assert ask(server, None, "GET", "/../secret") == 404
        assert ask(server, None, "GET", "/.pending") == 404
    finally:
        server.stop()


def test_a_station_and_its_warden_over_http():
    p = Parties((NAME,), bits=2048)
    site = p.sites[NAME]
    lock = threading.Lock()

    def respond(method, path, body):
        with lock:
            if path == "/next":
                owed = site.warden.missing()
                return Answer(200, b"none\n" if owed is None else b"%d\n" % owed)
            if method == "POST":
                try:
                    return Answer(200, site.warden.receive(*packet_http.unframe(body)).note)
                except Rejected as exc:
                    return Answer(409, str(exc).encode())
            return Answer(404)

    server = packet_http.warden_server(respond, "127.0.0.1", 0, 4800).start()
    try:
        link = packet_http.WardenLink(server.url)
        assert link.owed() is None
        assert link.epoch(3) is None
        sent = p.record(NAME)[0]
        with pytest.raises(Rejected) as caught:
            link.give(sent.note, sent.payload[:-1] + b"\0")
        assert caught.value.reason is Reason.PAYLOAD_DIGEST
        assert len(notes.parse(link.give(sent.note, sent.payload)).signatures) == 2
        assert link.owed() == sent.slot + 1
        with pytest.raises(SourceError):
            link.give(sent.note, sent.payload + bytes(5000))
    finally:
        server.stop()
    with pytest.raises(SourceError):
        packet_http.WardenLink("http://127.0.0.1:9").owed()


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\xff\xff" + b"x" * 100, b"\0\x05abc"])
def test_frames_that_are_none(data):
    with pytest.raises(Rejected) as caught:
        packet_http.unframe(data)
    assert caught.value.reason is Reason.REQUEST_FORM
