"""`testban data fetch` from a service on the loopback interface: what is asked, what is written, what is refused."""

import http.server
import threading
import urllib.parse

import numpy as np
import pytest

from testban import formats
from testban.base.errors import InputError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.times import parse_time
from testban.formats import stationxml_writer, waveforms
from testban.run import data

NSLC = Nslc("IC", "MDJ", "00", "BHZ")
SAMPLES = np.arange(2400, dtype=np.int32)


class Service(http.server.BaseHTTPRequestHandler):
    empty = False
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.asked.append(url.path)
        start = parse_time(query["start"])
        if self.empty:
            body = b""
        elif "dataselect" in url.path:
            body = waveforms.encode_mseed(
                [Segment(nslc=NSLC, start_ns=start, sample_rate_hz=20.0, samples=SAMPLES)]
            )
        elif query["format"] == "text":
            body = b"IC|MDJ|00|BHZ|44.6|129.6|250|0|0|-90|x|1|1|m/s|20|2000-01-01T00:00:00|\n"
        else:
            body = stationxml_writer.encode([Channel(nslc=NSLC, longitude=129.6, latitude=44.6)])
        self.send_response(200 if body else 204)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def host():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_fetch_writes_what_the_demonstration_finds(host, tmp_path):
    place = data.fetch("dprk_2016-01-06", f"http://{host}/", tmp_path)
    assert place == tmp_path / "dprk_2016-01-06"
    segments, findings = formats.waveforms.read(place / "raw_counts.mseed")
    assert not findings
    assert np.array_equal(segments[0].samples, SAMPLES)
    assert formats.inventory.read_inventory([place / "stations.xml"]).sites()[0].key == "IC.MDJ"
    known = next(d for d in data.KNOWN if d.name == "dprk_2016-01-06")
    assert data.find(known, tmp_path) == place
    assert sorted(p.name for p in place.iterdir()) == ["raw_counts.mseed", "stations.xml"]


def test_no_data_leaves_no_file(host, tmp_path, monkeypatch):
    monkeypatch.setattr(Service, "empty", True)
    with pytest.raises(InputError, match="got none"):
        data.fetch("dprk_2016-01-06", f"http://{host}", tmp_path)
    assert not list(tmp_path.iterdir())


def test_https_stays_https(host, tmp_path, monkeypatch):
    """A plain server does not speak TLS: the request must fail rather than fall back to plain HTTP."""
    before = len(Service.asked)
    with pytest.raises(SourceError, match="https://127"):
        data.fetch("dprk_2016-01-06", f"https://{host}", tmp_path)
    assert len(Service.asked) == before
    assert data._base("https://service.iris.edu/") == "fdsnwss://service.iris.edu"


@pytest.mark.parametrize("service", ["service.iris.edu", "ftp://x", "https://", ""])
def test_bad_services_are_named(service, tmp_path):
    with pytest.raises(InputError, match="--service"):
        data.fetch("dprk_2016-01-06", service, tmp_path)


def test_unknown_name(tmp_path):
    with pytest.raises(InputError, match="no known data set"):
        data.fetch("x", "https://example.org", tmp_path)
