"""SeedLink against a small server of its own on 127.0.0.1, which ObsPy's client understands as well."""

import contextlib
import os
import pickle
import socketserver
import threading
import time

import numpy as np
import pytest

from testban import links
from testban.base.errors import SourceError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.base.times import format_time, parse_time
from testban.formats import mseed, waveforms

T0 = parse_time("2016-01-06T23:50:00Z")
MINUTES = 20


def segments() -> list[Segment]:
    """Twenty minutes across midnight of two stations, one with two channels."""
    rng, out = np.random.default_rng(5), []
    for k, (net, sta, cha) in enumerate([("IC", "MDJ", "BHN"), ("IC", "MDJ", "BHZ"), ("IU", "INCN", "BHZ")]):
        samples = np.cumsum(rng.integers(-100, 100, MINUTES * 60 * 20)).astype(np.int32)
        out.append(
            Segment(
                nslc=Nslc(net, sta, "00", cha), start_ns=T0 + k * 10**7, sample_rate_hz=20.0, samples=samples
            )
        )
    return out


def records() -> list[tuple[str, str, int, bytes]]:
    """(station key, channel, start, record) of 512 bytes, in the order of their starts."""
    out = []
    for s in segments():
        data = waveforms.encode_mseed([s])
        for table in mseed.index(data)[0]:
            assert set(table.length.tolist()) == {512}
            for start, at in zip(table.start_ns.tolist(), table.offset.tolist(), strict=True):
                out.append((f"{s.nslc.network}.{s.nslc.station}", s.nslc.channel, start, data[at : at + 512]))
    return sorted(out, key=lambda r: (r[2], r[0], r[1]))


class Handler(socketserver.BaseRequestHandler):
    """SeedLink 3: HELLO, STATION, SELECT, TIME, DATA, END, INFO, BYE."""

    def handle(self) -> None:
        self.server.asked.append([])
        station, wanted = "", {}
        for word in self.commands():
            self.server.asked[-1].append(word)
            name, *rest = word.split()
            if name == "HELLO":
                self.request.sendall(b"SeedLink v3.1 (2020.075) :: test\r\nnowhere\r\n")
            elif name == "STATION":
                station = f"{rest[1]}.{rest[0]}"
                wanted[station] = [[], 0, 1 << 62]
                self.request.sendall(b"ERROR\r\n" if rest[0] == "NONE" else b"OK\r\n")
            elif name == "SELECT":
                wanted[station][0].append(rest[0])
                self.request.sendall(b"OK\r\n")
            elif name in ("TIME", "DATA"):
                wanted[station][1:] = [self.moment(w) for w in rest] if name == "TIME" else [0, 1 << 62]
                self.request.sendall(b"OK\r\n")
            elif name == "END":
                return self.stream(wanted)
            elif name == "BYE":
                return None
        return None

    def commands(self):
        text = b""
        while True:
            data = self.request.recv(4096)
            if not data:
                return
            text += data
            while b"\r" in text:
                line, text = text.split(b"\r", 1)
                if line.strip():
                    yield line.decode().strip()

    @staticmethod
    def moment(word: str) -> int:
        return parse_time("{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*map(int, word.split(","))))

    def stream(self, wanted) -> None:
        sent = 0
        for i, (key, channel, start, record) in enumerate(records()):
            if key not in wanted:
                continue
            selectors, lo, hi = wanted[key]
            names = [s.split(".")[0][-3:] for s in selectors]
            fits = not names or any(
                all(a in ("?", b) for a, b in zip(s, channel, strict=True)) for s in names
            )
            if not fits or start + 60 * 10**9 < lo or start >= hi:
                continue
            if sent == self.server.drop_after and len(self.server.asked) <= self.server.drops:
                return
            self.request.sendall(
                b"SL" + f"{i + 1:06X}".encode() + (b"\0" * 512 if i == self.server.damage else record)
            )
            sent += 1
        if self.server.silent:
            time.sleep(5.0)
        elif self.server.ends:
            self.request.sendall(b"END")


@contextlib.contextmanager
def server(*, drops=0, drop_after=-1, silent=False, ends=True, damage=-1, handler=Handler):
    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), handler) as s:
        s.asked, s.drops, s.drop_after, s.silent, s.ends, s.damage = (
            [],
            drops,
            drop_after,
            silent,
            ends,
            damage,
        )
        thread = threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield s
        finally:
            s.shutdown()
            thread.join()


WINDOW = f"start={format_time(T0, 0)}&end={format_time(T0 + MINUTES * 60 * 10**9, 0)}"


def address(s, streams="IC_MDJ:BH?,IU_INCN", more="timeout=3", window=WINDOW):
    return f"slink://127.0.0.1:{s.server_address[1]}?streams={streams}&{window}&{more}"


def everything(source) -> dict:
    out = {}
    for unit in source.units():
        got, findings = source.read(unit)
        assert not findings
        out[unit.station_key, unit.day_ns] = [(s.nslc, s.start_ns, s.samples.tolist()) for s in got]
    return out


@pytest.fixture
def reference(tmp_path):
    waveforms.write_mseed(tmp_path / "all.mseed", segments())
    return everything(links.open_source(tmp_path / "all.mseed"))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(links.seedlink, "PAUSES_S", (0.05,))


def test_a_window_is_the_same_as_its_file(reference):
    with server() as s:
        source = links.open_source(address(s))
        assert everything(source) == reference
        assert source.findings == ()
        assert [name for name, _ in source.digests()] == ["IC.MDJ.mseed", "IU.INCN.mseed"]
        assert s.asked == [["HELLO", "STATION MDJ IC", "SELECT BH?", "TIME 2016,01,06,23,50,00 2016,01,07,00,10,00",
                            "STATION INCN IU", "TIME 2016,01,06,23,50,00 2016,01,07,00,10,00", "END"]]  # fmt: skip
        assert everything(pickle.loads(pickle.dumps(source))) == reference
        again = links.open_source(address(s))
        again.units()
        assert again.digests() == source.digests()


def test_selected_channels_and_a_part_of_the_window():
    with server() as s:
        source = links.open_source(address(s, "IC_MDJ:BHZ"))
        units = source.units(T0, T0 + 60 * 10**9)
        assert [(u.station_key, [c.channel for c in u.channels]) for u in units] == [("IC.MDJ", ["BHZ"])]
        assert "TIME 2016,01,06,23,50,00 2016,01,06,23,51,00" in s.asked[0]
        got, _ = source.read(units[0], Span(T0, T0 + 10 * 10**9))
        assert len(got[0].samples) == 200


def test_a_dropped_connection_is_made_anew_and_changes_no_byte(reference):
    with server() as s:
        whole = links.open_source(address(s))
        assert everything(whole) == reference
    for drop_after in (0, 1, 37):
        with server(drops=2, drop_after=drop_after) as s:
            source = links.open_source(address(s))
            assert everything(source) == reference
            assert source.digests() == whole.digests()
            assert len(s.asked) == 3
            assert source.findings == ()


def test_a_window_that_is_over_ends_without_end():
    for how in ({"ends": False}, {"silent": True}):
        with server(**how) as s:
            source = links.open_source(address(s, "IU_INCN", "timeout=0.3"))
            begin = time.monotonic()
            assert len(source.units()) == 2
            assert time.monotonic() - begin < 10.0
            assert [f.kind for f in source.findings] == ["incomplete"]


def test_a_damaged_packet_is_a_finding():
    with server(damage=4) as s:
        source = links.open_source(address(s))
        assert len(source.units()) == 4
        assert [f.kind for f in source.findings] == ["corrupt"]


class Rude(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(self.server.words)
        time.sleep(0.5)


@pytest.mark.parametrize(
    "words",
    [b"", b"HTTP/1.0 400 no\r\n\r\n", b"SeedLink\r\nx\r\nOK\r\nOK\r\nrubbish packets", b"\xff" * 9000],
)
def test_no_seedlink_server_is_a_named_error(words):
    with server(handler=Rude) as s:
        s.words = words
        with pytest.raises(SourceError, match="expected"):
            links.open_source(address(s, "IU_INCN", "timeout=0.2")).units()


def test_a_dead_peer_and_what_is_refused_are_named_errors():
    with server() as s:
        gone = address(s, "IC_MDJ", "timeout=0.5")
        with pytest.raises(SourceError, match="accept 'STATION NONE XX', got 'ERROR'"):
            links.open_source(address(s, "XX_NONE")).units()
        with pytest.raises(SourceError, match="window of time"):
            links.open_source(address(s, window="")).units()
    begin = time.monotonic()
    with pytest.raises(SourceError, match="within"):
        links.open_source(gone).units()
    assert time.monotonic() - begin < 8.0


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "?streams=",
        "?streams=MDJ",
        "?streams=IC_MDJ:B%0DH",
        "?streams=IC_MDJ&port=1",
        ":x?streams=IC_MDJ",
        "?streams=IC_MDJ&timeout=nan",
    ],
)
def test_bad_addresses_are_named(rest):
    with pytest.raises(SourceError, match="expected"):
        links.open_source(f"slink://127.0.0.1{rest}")


def test_workers_of_a_pool_read_what_their_parent_collected(reference):
    with server() as s:
        source = links.open_source(address(s))
        units = source.units()
        child = os.fork()
        if child == 0:
            same = [source.read(u)[0][0].samples[0] for u in units]
            os._exit(0 if len(same) == len(units) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert everything(source) == reference


def test_the_server_here_speaks_as_obspys_client_expects():
    """What the server of these tests sends is SeedLink: ObsPy's client gets the same samples from it."""
    obspy = pytest.importorskip("obspy")
    from obspy.clients.seedlink.basic_client import Client

    with server() as s:
        client = Client("127.0.0.1", port=s.server_address[1], timeout=10)
        begin = obspy.UTCDateTime(ns=T0)
        stream = client.get_waveforms("IU", "INCN", "00", "BHZ", begin, begin + MINUTES * 60)
    whole = next(x for x in segments() if x.nslc.station == "INCN")
    assert sum(t.stats.npts for t in stream) == len(whole.samples)
