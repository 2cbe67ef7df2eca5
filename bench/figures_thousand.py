"""Thousands of templates against many channels: a measured day, its time, its memory, and what a year would take.

`python -m bench.figures_thousand [--templates 1000] [--hours 24] [--workers 2]`: SIMULATED recordings of three components at one
station and SIMULATED events of one site (100 s, 0.7-2 Hz: three channels a template), through the same `watch` as
the verb: files read, templates read, hours searched, thresholds, detections. Beside it the same with one template, so that what is
shared between templates shows. A day alone sends the six surrogates through every hour; a year sends them through 72.
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
from testban.formats import template_file
from testban.formats.waveforms import write_mseed
from testban.repeat.template import RATE
from testban.run import configuration, searching

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


def watched(paths: list[Path], source: Path, out: Path, workers: int) -> float:
    """Seconds of one search."""
    table = out.parent / "stations.csv"
    table.write_text("network,station,location,channel,latitude,longitude,elevation_m\nXX,SIM,,,1.0,2.0,0\n")
    begin = time.perf_counter()
    settings = configuration.load(None, workers=workers)
    found, _ = searching.watch(paths, [str(source)], [str(table)], out, settings, false_alarms_per_year=1.0)
    taken = time.perf_counter() - begin
    thresholds = [w.decision.threshold.z for w in found if w.decision is not None]
    alarms = sum(len(w.detections) for w in found)
    print(
        f"  {len(found)} templates: {len(thresholds)} thresholds {min(thresholds):.2f}-{max(thresholds):.2f}, {alarms} false alarms"
    )
    return taken


def main() -> None:
    """Time and memory of many templates and of one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--templates", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = recordings(folder, given.hours)
        paths = []
        for k in range(given.templates):
            paths.append(folder / f"e{k:05d}.template")
            paths[-1].write_bytes(template_file.encode(event(k)))
        one = watched(paths[:1], source, folder / "one", given.workers)
        many = watched(paths, source, folder / "many", given.workers)
    hours, bands = given.hours, 3
    each = many / given.templates
    print(
        f"SIMULATED, {given.workers} workers, {hours} h, three channels a template, surrogates in every hour:"
    )
    print(f"one template {one:.1f} s; {given.templates} templates {many:.0f} s, {each:.3f} s each; {1e-6 * 7 * bands * hours * 72_000 * given.templates / many:.0f} million values of the statistic a second")  # fmt: skip
    year = each * (YEAR_H + 6 * 72) / (7 * hours)
    print(
        f"a station-year of one of many templates (extrapolated from this day, surrogates in 72 of its hours): {year:.0f} s"
    )
    for who, name in ((resource.RUSAGE_SELF, "this process"), (resource.RUSAGE_CHILDREN, "largest worker")):
        print(f"memory of {name}: {resource.getrusage(who).ru_maxrss / 1024.0:.0f} MB")


if __name__ == "__main__":
    main()
