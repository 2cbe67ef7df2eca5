"""Thousands of templates against many channels: a measured day, its processor time, its memory, and what a year would take.

`python -m bench.figures_thousand [--templates 1000] [--hours 24]`: SIMULATED recordings of three components at one station and
SIMULATED events of one site (100 s, 0.7-2 Hz: three channels a template), read from files and searched hour by hour as `testban watch`
does, in one process; one of the hours again with the six surrogates. A year sends them through 72 of its hours.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from bench.figures_watch import coloured, disturbed, synthetic
from testban import repeat
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.formats.waveforms import write_mseed
from testban.repeat import correlate, grid, scan, stack
from testban.repeat.template import RATE
from testban.run import searching

START = 1_577_836_800 * 10**9
YEAR_H = 8766.0


def event(number: int) -> repeat.Template:
    """Three components of one simulated event, some seconds apart from the others of its site."""
    rng = np.random.default_rng(number)
    base = synthetic(number)
    channels = tuple(
        msgspec.structs.replace(
            c, component=k, sources=(f"XX.SIM..BH{k}",), offset_samples=50 * RATE + int(rng.integers(0, 20)), noise=1.0,
            samples=c.samples * coloured(rng, len(c.samples), RATE, 0.0),
        )
        for k in ("Z", "1", "2")
        for c in base.channels[:1]
    )  # fmt: skip
    first = channels[0].offset_samples
    same = tuple(msgspec.structs.replace(c, offset_samples=first) for c in channels)
    return msgspec.structs.replace(base, template_id=f"e{number:05d}", channels=same)


def recordings(folder: Path, hours: int) -> Path:
    """Three components."""
    path = folder / "day.mseed"
    parts = []
    for k, code in enumerate("Z12"):
        x = disturbed(np.random.default_rng(77 + k), hours * 3600 * RATE, float(RATE)) * 1e4
        name = Nslc("XX", "SIM", "", f"BH{code}")
        parts.append(Segment(nslc=name, start_ns=START, sample_rate_hz=float(RATE), samples=np.round(x).astype(np.int32)))  # fmt: skip
    write_mseed(path, parts)
    return path


def main() -> None:
    """Processor time and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--templates", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=24)
    given = parser.parse_args()
    first = START // grid.BLOCK_NS
    with tempfile.TemporaryDirectory() as scratch:
        source, table = recordings(Path(scratch), given.hours), Path(scratch) / "stations.csv"
        table.write_text(
            "network,station,location,channel,latitude,longitude,elevation_m\nXX,SIM,,,1.0,2.0,0\n"
        )
        prepared = [stack.Prepared(event(k), 0) for k in range(given.templates)]
        span = Span(START - 3600 * 10**9, START + (given.hours + 2) * 3600 * 10**9)
        load = searching.Loading((str(source),), (str(table),), span)
        day = _taken(prepared, range(first, first + given.hours), load, 1)
        one = _taken(prepared[:1], range(first, first + given.hours), load, 1)
        few = [stack.Prepared(event(k)) for k in range(min(40, given.templates))]
        hour = _taken(few, range(first + 1, first + 2), load, 7) / len(few)
    each = day / given.templates
    values = 3 * given.hours * given.templates * correlate.OUT / day
    print(f"SIMULATED, one core, {given.hours} h, three channels: one template {one:.1f} s of processor time, {given.templates} templates {day:.0f} s, {each:.3f} s each; {1e-6 * values:.0f} million values of the statistic a second")  # fmt: skip
    year = each * YEAR_H / given.hours + 72 * hour
    print(f"a station-year of one of many templates (extrapolated from this, surrogates in 72 hours): {year:.0f} s of processor time")  # fmt: skip
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0:.0f} MB")


def _taken(prepared: list[stack.Prepared], blocks: range, load: scan.Loader, kinds: int) -> float:
    begin = time.process_time()
    for _ in scan.scan(prepared, blocks, load, lambda _: kinds):
        pass
    return time.process_time() - begin


if __name__ == "__main__":
    main()
