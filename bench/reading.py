"""miniSEED reading: a day of 40 Hz counts made on the spot, ours beside ObsPy and bare libmseed in the same run."""

import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import obspy
import pymseed

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import waveforms

RATE = 40.0
REPEATS = 9


def _times(*jobs) -> list[list[float]]:
    """Run times of each job, taken in turn so that a busy machine hits all alike."""
    out: list[list[float]] = [[] for _ in jobs]
    for job in jobs:
        job()
    for _ in range(REPEATS):
        for k, job in enumerate(jobs):
            start = time.perf_counter()
            job()
            out[k].append(time.perf_counter() - start)
    return out


def _row(name: str, ours: list[float], rival: list[float], note: str) -> dict:
    a, b = statistics.median(ours), statistics.median(rival)
    spread = f"ours {min(ours) * 1e3:.1f}-{max(ours) * 1e3:.1f} ms, rival {min(rival) * 1e3:.1f}-{max(rival) * 1e3:.1f} ms"
    return {
        "name": name,
        "ours": a * 1e3,
        "rival": b * 1e3,
        "ratio": b / a,
        "unit": "ms/channel-day",
        "note": f"{note}; {spread}",
    }


def main() -> list[dict]:
    """Median of 9 runs each; the samples are compared before they are timed."""
    rng = np.random.default_rng(1)
    rows = []
    for label, step in (("quiet", 30), ("noisy", 300)):
        x = (np.cumsum(rng.integers(-step, step, int(86400 * RATE))) // 10).astype(np.int32)
        day = Segment(nslc=Nslc("XX", "DAY", "00", "BHZ"), start_ns=0, sample_rate_hz=RATE, samples=x)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "day.mseed"
            waveforms.write_mseed(path, [day])
            data = path.read_bytes()
            ours = waveforms.read(path)[0][0].samples
            assert np.array_equal(ours, obspy.read(str(path))[0].data)
            times = _times(
                lambda p=path: waveforms.read(p),
                lambda p=path: obspy.read(str(p), format="MSEED"),
                lambda d=data: pymseed.MS3TraceList.from_buffer(d, unpack_data=True),
            )
        note = f"{len(data) / 1e6:.1f} MB Steim 2, 512-byte records"
        rows.append(_row(f"miniSEED day at 40 Hz, {label}, vs obspy.read", times[0], times[1], note))
        rows.append(_row(f"miniSEED day at 40 Hz, {label}, vs libmseed", times[0], times[2], note))
    damaged = bytearray(data)
    damaged[512 * 100 : 512 * 100 + 20] = b"x" * 20
    bad = bytes(damaged)
    times = _times(lambda: waveforms.decode(bad), lambda: obspy.read(io.BytesIO(data), format="MSEED"))
    rows.append(
        _row("one damaged header: salvage vs obspy.read sound", times[0], times[1], "record by record")
    )
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)
