"""Recordings seen by a part of their stations: is the event found, how far off, inside its ellipse, what else, and what is it called?

`TESTBAN_DATA=... python -m bench.figures_verdicts [NAME...] [--draws N] [--seed S]`: every recording of several stations through the
main job with all its stations and with N random parts of them at each size, 3/4, 1/2 and 1/3 (three stations or more).
The published origin is the truth; an event further than 60 s from it, or a second one within them, is one more. Ridgecrest's
recording truly holds a foreshock, 11 s ahead of the listed shock, and aftershocks.
"""

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from bench.figures_all import jobs
from bench.figures_process import TRUTHS, judge
from bench.figures_subsets import EVENTS
from testban.base.errors import InputError
from testban.base.records import Event, Verdict
from testban.base.times import format_time, parse_time
from testban.run import configuration, process
from testban.store import Catalogue

SHARES = (0.75, 0.5, 1 / 3)
NEAR_S = 60.0


@dataclass
class Counts:
    """What the runs of one recording at one size gave."""

    runs: int = 0
    found: int = 0
    inside: int = 0
    more: int = 0
    km: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        km = sorted(self.km)
        far = f"median {median(km):.1f}, worst {km[-1]:.0f} km" if km else "-"
        said = ", ".join(f"{v} {n}" for v, n in sorted(self.verdicts.items()))
        return f"found {self.found}/{self.runs}, {far}, inside {self.inside}/{self.found}, others {self.more}; {said}"


def truth_of(name: str) -> tuple[int, float, float]:
    """Published time (ns), longitude and latitude of a recording."""
    if name in TRUTHS:
        lon, lat, times = TRUTHS[name]
        return parse_time(times[0]), lon, lat
    _, time, lat, lon = EVENTS[name]
    return parse_time(time), lon, lat


def run(
    sources: list[str], inventory: list[Path], catalogue: Catalogue, keys: frozenset[str] | None
) -> tuple[list[str], tuple[Event, ...]]:
    """Stations and events of the main job with the named stations (all where None)."""
    ready = process.given(sources, inventory)
    chosen = tuple(s for s in ready.stations if keys is None or s.site.key in keys)
    bulletin = process.process(
        msgspec.structs.replace(ready, stations=chosen), catalogue, configuration.load(executor="serial")
    ).bulletin
    return sorted(s.key for s in bulletin.sites), bulletin.events


def count(
    counts: Counts, events: tuple[Event, ...], truth: tuple[int, float, float], wrong: Verdict, label: str
) -> None:
    """One run into the counts; what is not as it should be is printed."""
    time, lon, lat = truth
    near = tuple(e for e in events if abs(e.origin.time_ns - time) < NEAR_S * 1e9)
    counts.runs += 1
    counts.more += len(events) - (1 if near else 0)
    if near:
        km, _, inside, _ = judge(near, time, lon, lat)
        counts.found += 1
        counts.inside += inside
        counts.km.append(km)
    for e in events:
        verdict = e.assessment.verdict.value if e.assessment else "not assessed"
        counts.verdicts[verdict] += 1
        o = e.origin
        one = judge((e,), time, lon, lat)
        if len(events) > 1 or not one[2] or one[0] > 30.0 or verdict == wrong.value:
            print(
                f"    {label}: {format_time(o.time_ns, 0)} {o.latitude:.2f} {o.longitude:.2f}, {one[0]:.0f} km, {one[1]:+.1f} s, inside {one[2]}, "
                f"{o.depth_km:.0f} km{' fixed' if o.depth_fixed else ''}, ellipse {o.ellipse.smajor_km:.0f} x {o.ellipse.sminor_km:.0f} km, {o.n_defining} defining, {verdict}"
            )


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--draws", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=1)
    a = arguments.parse_args()
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    for name, sources, inventory in jobs(Path(data) / "waveforms"):
        if name not in (*TRUTHS, *EVENTS) or (a.names and not any(w in name for w in a.names)):
            continue
        truth = truth_of(name)
        wrong = Verdict.EARTHQUAKE if name in TRUTHS else Verdict.EXPLOSION
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            catalogue = Catalogue(Path(scratch) / "catalogue.sqlite")
            keys, events = run(sources, inventory, catalogue, None)
            counts = Counts()
            count(counts, events, truth, wrong, f"all {len(keys)}")
            print(f"  {len(keys):2d} stations: {counts.line()}", flush=True)
            draw = random.Random(a.seed)
            for share in SHARES:
                size = max(3, round(share * len(keys)))
                counts = Counts()
                for _ in range(a.draws if size < len(keys) else 0):
                    part = frozenset(draw.sample(keys, size))
                    try:
                        _, events = run(sources, inventory, catalogue, part)
                    except InputError as exc:
                        print(f"    {exc}")
                        continue
                    count(counts, events, truth, wrong, f"{size} of {len(keys)}")
                if counts.runs:
                    print(f"  {size:2d} of {len(keys)} stations: {counts.line()}", flush=True)
            catalogue.close()


if __name__ == "__main__":
    main()
