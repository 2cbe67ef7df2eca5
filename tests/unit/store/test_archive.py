"""An archive that grows keeps each record once, whole, whatever happens to its writer."""

import resource
from pathlib import Path

import numpy as np
import pytest

from testban.base.errors import InputError, StoreError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.times import DAY_NS, parse_time
from testban.formats import obspy_bridge, waveforms
from testban.store.archive import Archive
from testban.store.durable import Lines

START = parse_time("2026-06-08T23:50:00Z")
FOREVER = 1 << 62


def records(station: str = "A", minutes: float = 20.0, network: str = "XX") -> list[bytes]:
    """Across midnight."""
    samples = np.random.default_rng(1).integers(-1000, 1000, round(minutes * 1200)).astype(np.int32)
    nslc = Nslc(network, station, "", "BHZ")
    data = waveforms.encode_mseed([Segment(nslc=nslc, start_ns=START, sample_rate_hz=20.0, samples=samples)])
    return [data[i : i + 512] for i in range(0, len(data), 512)]


def held(root: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(root.rglob("*.D.*")) if p.is_file()}


def test_records_lie_in_the_day_of_their_first_sample_each_once(tmp_path):
    all_of_them = records()
    archive = Archive(tmp_path)
    first = archive.append(all_of_them[:30] + all_of_them[10:20], {"XX.A"}, FOREVER)
    assert (first.kept, first.twice, first.unfit) == (30, 10, 0)
    again = Archive(tmp_path)  # what is there is known after a start anew
    rest = again.append(all_of_them, {"XX.A"}, FOREVER)
    assert (rest.kept, rest.twice) == (len(all_of_them) - 30, 30)
    files = held(tmp_path)
    assert list(files) == ["XX.A..BHZ.D.2026.159", "XX.A..BHZ.D.2026.160"]
    assert b"".join(files.values()) == b"".join(all_of_them)
    assert (
        again.ends["XX.A"][".BHZ"]
        == Archive(tmp_path).ends["XX.A"][".BHZ"]
        > START // DAY_NS * DAY_NS + DAY_NS
    )


@pytest.mark.parametrize("torn", [b"\0" * 512, b"\0" * 700, records()[31][:200], b"rubbish"])
def test_what_a_killed_writer_left_torn_is_cut_off(tmp_path, torn):
    Archive(tmp_path).append(records()[:5], {"XX.A"}, FOREVER)
    (path,) = (p for p in tmp_path.rglob("*.D.*") if p.is_file())
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert Archive(tmp_path).mended == len(torn)
    assert path.read_bytes() == whole


def test_a_disk_that_is_full_leaves_whole_records_and_the_same_call_goes_on(tmp_path):
    batch = records()[:40]
    archive = Archive(tmp_path)
    archive.append(batch[:3], {"XX.A"}, FOREVER)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 3 + 700, before[1]))
    try:
        with pytest.raises(StoreError, match="free disk space"):
            archive.append(batch, {"XX.A"}, FOREVER)
        assert b"".join(held(tmp_path).values()) == b"".join(batch[:3])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert archive.append(batch, {"XX.A"}, FOREVER).kept == 37
    assert b"".join(held(tmp_path).values()) == b"".join(batch)


def test_other_stations_the_future_and_names_that_are_no_names_are_not_kept(tmp_path):
    archive = Archive(tmp_path)
    good, other = records()[:4], records("B")[:4]
    escape = [r[:18] + b"./" + r[20:] for r in good]
    taken = archive.append([*good, *other, *escape, b"x" * 512], {"XX.A", "./.A"}, FOREVER)
    assert (taken.kept, taken.unfit) == (4, 9)
    late = archive.append(records()[4:], {"XX.A"}, START)
    assert late.kept == 0
    assert late.ahead == {"XX.A": pytest.approx(20 * 60e9, rel=0.01)}
    assert list(held(tmp_path)) == ["XX.A..BHZ.D.2026.159"]


def test_a_record_that_claims_another_length_costs_itself_only(tmp_path):
    good = records()[:6]
    longer = good[1][:54] + b"\x0c" + good[1][55:]  # 4096 bytes, it says
    taken = Archive(tmp_path).append([good[0], longer, *good[2:], b"\0" * 512], {"XX.A"}, FOREVER)
    assert (taken.kept, taken.unfit) == (5, 2)
    assert b"".join(held(tmp_path).values()) == b"".join([good[0], *good[2:]])


def test_lines_are_whole(tmp_path):
    lines = Lines(tmp_path / "x.jsonl")
    lines.append(["one", "two"])
    with lines.path.open("ab") as f:
        f.write(b"thr")
    again = Lines(lines.path)
    assert again.last(1 << 20) == ["one", "two"]
    assert again.last(6) == ["two"]
    again.append(["three"])
    assert lines.path.read_text() == "one\ntwo\nthree\n"


def test_recordings_of_others_are_not_touched(tmp_path):
    """An archive of 4,096-byte records looks torn to whoever thinks in 512: it is refused, and stays as it is."""
    theirs = tmp_path / "2026/XX/A/BHZ.D/XX.A..BHZ.D.2026.159"
    theirs.parent.mkdir(parents=True)
    samples = np.random.default_rng(2).integers(-1000, 1000, 9000).astype(np.int32)
    trace = Segment(nslc=Nslc("XX", "A", "", "BHZ"), start_ns=START, sample_rate_hz=20.0, samples=samples)
    obspy_bridge.to_obspy([trace]).write(str(theirs), format="MSEED", reclen=4096)
    before = theirs.read_bytes()
    with pytest.raises(InputError, match="sdsarchive://"):
        Archive(tmp_path)
    assert theirs.read_bytes() == before
