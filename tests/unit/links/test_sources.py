import contextlib
import hashlib
import http.server
import pickle
import threading
import urllib.parse

import numpy as np
import pytest

from testban import links
from testban.base.errors import FormatError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.base.times import DAY_NS, format_time, parse_time
from testban.formats import stationxml_writer, waveforms

DAY = parse_time("2016-01-06T00:00:00Z")
T0 = DAY + 23 * 3600 * 10**9
STEP = 25_000_000


def counts(n, seed=1):
    return np.cumsum(np.random.default_rng(seed).integers(-100, 100, n)).astype(np.int32)


def segments():
    """Two hours of two stations across midnight, one with two locations."""
    n = 2 * 3600 * 4
    return [
        Segment(nslc=Nslc("IC", "MDJ", loc, "BHZ"), start_ns=T0, sample_rate_hz=4.0, samples=counts(n, k))
        for k, loc in enumerate(["00", "10"])
    ] + [
        Segment(
            nslc=Nslc("IU", "INCN", "00", "BHZ"),
            start_ns=T0 + 10**9,
            sample_rate_hz=4.0,
            samples=counts(n, 9),
        )
    ]


def everything(source):
    out = {}
    for unit in source.units():
        got, findings = source.read(unit)
        assert not findings
        out[unit.station_key, unit.day_ns] = got
    return out


def equal(a, b):
    assert a.keys() == b.keys()
    for key in a:
        assert len(a[key]) == len(b[key])
        for x, y in zip(a[key], b[key], strict=True):
            assert (x.nslc, x.start_ns, x.sample_rate_hz) == (y.nslc, y.start_ns, y.sample_rate_hz)
            assert np.array_equal(x.samples, y.samples)


@pytest.fixture
def archive(tmp_path):
    waveforms.write_mseed(tmp_path / "all.mseed", segments())
    return tmp_path


def test_units_by_station_and_day(archive):
    source = links.open_source(archive / "all.mseed")
    units = source.units()
    assert [(u.station_key, u.day_ns) for u in units] == [
        (k, d) for k in ("IC.MDJ", "IU.INCN") for d in (DAY, DAY + DAY_NS)
    ]
    assert units[0].span == Span(T0, DAY + DAY_NS)
    assert units[1].span == Span(DAY + DAY_NS, T0 + 7200 * 10**9)
    assert [n.location for n in units[0].channels] == ["00", "10"]
    got = everything(source)
    for s in segments():
        parts = [p.samples for key in sorted(got) for p in got[key] if p.nslc == s.nslc]
        assert np.array_equal(np.concatenate(parts), s.samples)


def test_window_and_span(archive):
    source = links.open_source(archive)
    lo, hi = T0 + 600 * 10**9, T0 + 900 * 10**9
    units = source.units(lo, hi)
    assert [u.span for u in units] == [Span(lo, hi)] * 2
    got, _ = source.read(units[0], Span(lo + 10**9, lo + 3 * 10**9))
    assert [(len(s.samples), s.start_ns) for s in got] == [(8, lo + 10**9)] * 2
    assert source.units(hi + 10 * DAY_NS, hi + 11 * DAY_NS) == ()


def test_how_files_are_split_does_not_matter(archive, tmp_path_factory):
    """One file; one file a record in mixed order; SDS; a glob; with copies of the names in another order: all the same."""
    reference = everything(links.open_source(archive / "all.mseed"))
    data = (archive / "all.mseed").read_bytes()
    records = [data[i : i + 512] for i in range(0, len(data), 512)]
    order = np.random.default_rng(2).permutation(len(records))
    split = tmp_path_factory.mktemp("split")
    for k in range(8):
        (split / f"part{k}.ms").write_bytes(b"".join(records[i] for i in order[k::8]))
    (split / "README.md").write_text("not a recording")
    equal(everything(links.open_source(split)), reference)
    equal(everything(links.open_source(f"{split}/*.ms")), reference)
    equal(everything(links.open_source([split / f"part{k}.ms" for k in (3, 1, 0, 2, 7, 6, 5, 4)])), reference)
    equal(everything(links.open_source(f"file://{split}")), reference)
    equal(everything(pickle.loads(pickle.dumps(links.open_source(split)))), reference)
    sds = tmp_path_factory.mktemp("sds")
    for s in segments():
        for day in (6, 7):
            part = waveforms.cut(s, Span(DAY + (day - 6) * DAY_NS, DAY + (day - 5) * DAY_NS))
            n = s.nslc
            where = sds / "2016" / n.network / n.station / "BHZ.D"
            where.mkdir(parents=True, exist_ok=True)
            waveforms.write_mseed(where / f"{n}.D.2016.{day:03d}", [part])
    (sds / "2016" / "IC" / "MDJ" / "BHZ.D" / "notes").write_text("x")
    equal(everything(links.open_source(f"sdsarchive://{sds}")), reference)
    assert len(links.open_source(f"sdsarchive://{sds}").units(DAY + DAY_NS, DAY + 2 * DAY_NS)) == 2


def test_span_asked_for_does_not_move_samples(tmp_path):
    """Jittered records: a sample has one time, however little of the day is read."""
    x = counts(4000)
    parts = [
        Segment(
            nslc=Nslc("XX", "A", "", "BHZ"),
            start_ns=T0 + i * 10 * STEP + (i % 3) * 5_000_000,
            sample_rate_hz=40.0,
            samples=x[i * 10 : i * 10 + 10],
        )
        for i in range(300)
    ]
    waveforms.write_mseed(tmp_path / "a.mseed", parts)
    source = links.open_source(tmp_path)
    unit = source.units()[0]
    whole = source.read(unit)[0]
    assert len(whole) == 1
    for k in range(5, 60, 7):
        span = Span(unit.span.start_ns + k * 10**9, unit.span.start_ns + (k + 7) * 10**9)
        a = links.open_source(tmp_path).read(unit, span)[0]
        b = waveforms.cut(whole[0], span)
        assert (a[0].start_ns, len(a[0].samples)) == (b.start_ns, len(b.samples))
        assert np.array_equal(a[0].samples, b.samples)


def test_digests_and_damaged_files(archive):
    (archive / "broken.mseed").write_bytes(b"not a recording at all" * 50)
    (archive / "empty.mseed").write_bytes(b"")
    source = links.open_source(archive)
    assert len(source.units()) == 4
    assert sorted(f.subject for f in source.findings) == ["broken.mseed", "empty.mseed"]
    want = hashlib.sha256((archive / "all.mseed").read_bytes()).hexdigest()
    assert source.digests() == (("all.mseed", want),)
    with pytest.raises(FormatError):
        links.open_source(archive / "broken.mseed").units()


def test_changed_file_is_read_again(archive):
    path = archive / "all.mseed"
    assert len(links.open_source(path).units()) == 4
    waveforms.write_mseed(path, segments()[2:])
    assert [u.station_key for u in links.open_source(path).units()] == ["IU.INCN"] * 2


@pytest.mark.parametrize(
    "where",
    [
        "absent",
        "absent/*.ms",
        "ftp://x/y",
        "sdsarchive:///absent/place",
        "fdsnws://",
        "slink://x",
        "rtmp://x",
    ],
)
def test_bad_addresses_are_named(tmp_path, where, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="expected"):
        links.open_source(where)
    with pytest.raises(SourceError, match="expected"):
        links.open_source(tmp_path).units()
    with pytest.raises(SourceError, match="expected"):
        links.open_source([])


# -- FDSN ----------------------------------------------------------------------------------------------------------


class Service(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if query.get("net") == "ZZ":
            return self.answer(500, b"broken")
        lo, hi = parse_time(query["start"]), parse_time(query["end"])
        if url.path == "/fdsnws/station/1/query" and query["format"] == "text":
            lines = ["#Network | Station | Location | Channel | Latitude | ..."]
            for s in segments():
                n = s.nslc
                lines.append(
                    f"{n.network}|{n.station}|{n.location}|{n.channel}|1|2|3|0|0|-90|x|1|1|m/s|4|2000-01-01T00:00:00|"
                )
            return self.answer(200, "\n".join([*lines, "rubbish"]).encode())
        if url.path == "/fdsnws/station/1/query":
            rows = [Channel(nslc=s.nslc, longitude=1.0, latitude=2.0) for s in segments()]
            return self.answer(200, stationxml_writer.encode(rows))
        if url.path == "/fdsnws/dataselect/1/query":
            found = [
                s
                for s in segments()
                if s.nslc.station == query["sta"] and s.nslc.location in query["loc"].split(",")
            ]
            parts = [p for p in (waveforms.cut(s, Span(lo, hi)) for s in found) if p is not None]
            return self.answer(200 if parts else 204, waveforms.encode_mseed(parts))
        return self.answer(404, b"")

    def answer(self, code, body):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body if code != 204 else b"")


@contextlib.contextmanager
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_fdsn_service(archive):
    reference = everything(links.open_source(archive / "all.mseed"))
    window = f"start={format_time(DAY, 0)}&end={format_time(DAY + 2 * DAY_NS, 0)}"
    with service() as host:
        source = links.open_source(f"fdsnws://{host}?net=IC,IU&sta=*&cha=BH?&{window}")
        assert len(source.units()) == 4
        assert [f.kind for f in source.findings] == ["corrupt"]
        equal(everything(source), reference)
        assert len(source.digests()) == 4
        assert len(links.fdsnws.FdsnSource(source.name).inventory().sites()) == 2
        assert links.fdsnws.stations(source.name).startswith(b"<?xml")
        with pytest.raises(SourceError, match="HTTP status 500"):
            links.open_source(f"fdsnws://{host}?net=ZZ&{window}").units()
        with pytest.raises(SourceError, match="window of time"):
            links.open_source(f"fdsnws://{host}?net=IC").units()
    with pytest.raises(SourceError, match="check host"):
        links.open_source(f"fdsnws://{host}?net=IC&{window}").units()
