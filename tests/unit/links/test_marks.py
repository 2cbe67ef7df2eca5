"""What a unit of work is keyed by: the records that it reads, and nothing else."""

import numpy as np

from testban import links
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.base.times import HOUR_NS, parse_time
from testban.formats import waveforms

DAY = parse_time("2026-06-08")


def records(station: str, hours: float, start_ns: int = DAY) -> bytes:
    rng = np.random.default_rng(len(station))
    samples = rng.integers(-1000, 1000, round(hours * 3600 * 20)).astype(np.int32)
    nslc = Nslc("XX", station, "", "BHZ")
    return waveforms.encode_mseed(
        [Segment(nslc=nslc, start_ns=start_ns, sample_rate_hz=20.0, samples=samples)]
    )


def write(root, station: str, data: bytes) -> None:
    path = root / "2026" / "XX" / station / "BHZ.D" / f"XX.{station}..BHZ.D.2026.159"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def marks(root, station: str = "XX.A", hours: tuple[float, float] = (0.0, 1.0)):
    span = Span(DAY + round(hours[0] * HOUR_NS), DAY + round(hours[1] * HOUR_NS))
    return links.open_source(f"sdsarchive://{root}").marks([station], [span])


def test_what_grows_behind_a_span_or_at_another_station_changes_no_key(tmp_path):
    whole = records("A", 4.0)
    part = whole[: len(whole) // 1024 * 512]  # about two hours
    write(tmp_path, "A", part)
    write(tmp_path, "B", records("B", 1.0))
    first, later = marks(tmp_path), marks(tmp_path, hours=(3.0, 4.0))
    write(tmp_path, "A", whole)
    write(tmp_path, "B", records("B", 2.0))
    assert marks(tmp_path) == first
    assert marks(tmp_path, hours=(3.0, 4.0)) != later
    assert marks(tmp_path, "XX.B") != first


def test_a_changed_byte_before_or_in_a_span_changes_the_key(tmp_path):
    whole = bytearray(records("A", 4.0))
    write(tmp_path, "A", bytes(whole))
    first, later = marks(tmp_path), marks(tmp_path, hours=(3.0, 4.0))
    whole[512 * 2 + 100] ^= 1  # records are joined from the beginning of the day on
    write(tmp_path, "A", bytes(whole))
    assert marks(tmp_path) != first
    assert marks(tmp_path, hours=(3.0, 4.0)) != later


def test_a_source_reads_of_a_file_what_was_there_at_first(tmp_path):
    whole = records("A", 2.0)
    half = len(whole) // 1024 * 512
    write(tmp_path, "A", whole[:half])
    source = links.open_source(f"sdsarchive://{tmp_path}")
    (unit,) = source.units()
    digests = source.digests()
    write(tmp_path, "A", whole)
    got, findings = source.read(unit)
    assert sum(len(s.samples) for s in got) < 2 * 3600 * 20 * 0.6
    assert not findings
    assert source.digests() == digests
    assert links.open_source(f"sdsarchive://{tmp_path}").digests() != digests
