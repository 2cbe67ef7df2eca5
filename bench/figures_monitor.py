"""Figures of threshold monitoring on real recordings.

`python -m bench.figures_monitor`, and `... coverage FOLDER SEED REPEATS` on a world of `bench.figures_injection --out FOLDER`. Needs $TESTBAN_DATA (waveforms/dprk_*). Three DPRK tests on their regional stations: what the
stations read for the test itself, beside the published mb; limit and detection threshold in the minute before it.
"""

import csv
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from testban import formats
from testban.assure import monitoring as room
from testban.assure.sites import place
from testban.base.times import NS_PER_S, parse_time
from testban.run import configuration, monitoring
from testban.run.detection import open_source
from testban.run.stations import find_stations

EVENTS = (
    ("dprk_2009-05-25", "2009-05-25T00:54:43Z", 4.7),
    ("dprk_2016-01-06", "2016-01-06T01:30:01Z", 5.1),
    ("dprk_2017-09-03", "2017-09-03T03:30:01.6Z", 6.3),
)
BANDS = ((0.8, 2.0), (1.0, 3.0), (2.0, 4.0), (3.0, 6.0))


def heard(sources, books, where, origin, settings, out) -> dict[str, float]:
    """Magnitude of each station at the origin time of a known event."""
    inventory = formats.inventory.read_inventory(books)
    stations, _ = find_stations(open_source(sources), inventory, None, None)
    told = configuration.load(workers=1)
    held, _ = monitoring._levels(sources, stations, [where], settings, [], told, out, lambda *_: None)
    at, seen = origin // NS_PER_S, {}
    for u in monitoring._heard(where, stations, held, settings):
        p = u.path
        line = monitoring._line(u.parts, 0 if p.near else 1, at, round(p.travel_s) + 12)
        m = room.aligned(line, round(p.travel_s), settings.tolerance_s, 1)[0] + u.add
        if np.isfinite(m):
            seen[u.key] = float(m)
    return seen


def far(waves: Path) -> None:
    """Teleseismic readings of tests on the Norwegian network beside mb of the Oklahoma catalogue, odd and even rows apart."""
    folder = waves / "nnsn_nuclear"
    rows = [
        r for r in csv.DictReader((folder / "events.csv").open())
        if r["okla_mb"] and r["probably_clipped"] == "0" and r["sipri_time"]
    ]  # fmt: skip
    sums: dict[int, list[float]] = {0: [], 1: []}
    for k, r in enumerate(rows):
        where = room.Place(name=r["id"], longitude=float(r["sipri_lon"]), latitude=float(r["sipri_lat"]))
        with tempfile.TemporaryDirectory() as out:
            settings = room.Settings(tolerance_s=6)
            seen = heard(
                (str(folder / f"{r['id']}.mseed"),), [folder / "stations.xml"], where,
                parse_time(r["sipri_time"].split()[0]), settings, Path(out),
            )  # fmt: skip
        if seen:
            d = np.array(list(seen.values())) - float(r["okla_mb"])
            sums[k % 2].append(float(np.median(d)))
            print(
                f"far {r['id']} mb {r['okla_mb']}: stations {len(d)}, median {np.median(d):+.2f}, scatter {np.std(d):.2f}"
            )
    for k, name in enumerate(("odd rows", "even rows")):
        if sums[k]:
            print(f"far, {name}: {len(sums[k])} tests, mean of medians {np.mean(sums[k]):+.2f}")


def readings(folder: Path, origin: int, settings: room.Settings, out: Path):
    """Magnitudes of each station at the origin time, and the summary of the 50 s before it."""
    waves = folder.parent
    sources = (str(folder / "raw_counts.mseed"),)
    books = [
        waves / "dprk_2009-05-25" / "sacpz",
        waves / "dprk_2016-01-06" / "sacpz",
        folder / "stations.csv",
    ]
    told = configuration.load(workers=1)
    found = monitoring.monitor(
        sources, books, [place("punggye-ri")], out, told, settings=settings, target=3.0,
        start_ns=origin - 50 * NS_PER_S, end_ns=origin - 8 * NS_PER_S,
    )  # fmt: skip
    seen = heard(sources, books, place("punggye-ri"), origin, settings, out)
    return found["sites"][0], seen


def terms(waves: Path) -> None:
    """Station terms from the tests of 2009 and 2016 (each reading minus the mean of its test), judged on that of 2017."""
    seen = {}
    for name, origin, mb in EVENTS:
        with tempfile.TemporaryDirectory() as out:
            seen[name] = (readings(waves / name, parse_time(origin), room.Settings(), Path(out))[1], mb)
    *earlier, (last, mb) = seen.values()
    own: dict[str, list[float]] = {}
    for got, _ in earlier:
        for key, m in got.items():
            own.setdefault(key, []).append(m - float(np.mean(list(got.values()))))
    table = {k: float(np.mean(v)) for k, v in sorted(own.items())}
    both = sorted(set(table) & set(last))
    raw = np.array([last[k] - mb for k in both])
    mended = raw - np.array([table[k] for k in both])
    print("terms of 2009 and 2016:", json.dumps({k: round(v, 2) for k, v in table.items()}))
    print(
        f"2017, {len(both)} stations: mean {raw.mean():+.2f}, scatter {raw.std(ddof=1):.2f}; with the terms {mended.mean():+.2f}, {mended.std(ddof=1):.2f}"
    )


def coverage(world: Path, seed: int, repeats: int) -> None:
    """Simulated events of known size (figures_injection --out): is the limit at the origin time above the hidden ones?"""
    from bench import figures_injection as injection

    plan = injection.world(seed, repeats)
    folder = injection.home(plan, world)
    rows, _ = injection.judged(plan, folder)
    settings, books = room.Settings(), [folder / "stations.xml"]
    for name, seen in (("missed by the pipeline", 0.0), ("found by the pipeline", 1.0)):
        held, total, kept, over = 0, 0, 0, []
        for r in rows:
            if r["hit"] != seen:
                continue
            where = room.Place(name=r["site"], longitude=r["lon"], latitude=r["lat"])
            got = heard((str(folder / "archive"),), books, where, r["time"], settings, folder)
            values = np.array([list(got.values())])
            limit = room.upper_limit(values, settings.sigma)[0][0]
            safe = room.upper_limit(values, settings.sigma, safe=True)[0][0]
            held, total, kept = held + (limit >= r["mb"]), total + 1, kept + (safe >= r["mb"])
            over.append(limit - r["mb"])
        if total:
            print(
                f"coverage, seed {seed}, {name}: limit above the true mb in {held} of {total}; limit minus mb, median {np.median(over):+.2f}; safe limit above it in {kept}"
            )


def main() -> list[dict[str, object]]:
    """Print everything."""
    if len(sys.argv) > 2 and sys.argv[1] == "coverage":
        coverage(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return []
    waves = Path(os.environ["TESTBAN_DATA"]) / "waveforms"
    terms(waves)
    if sys.argv[1:] == ["terms"]:
        return []
    far(waves)
    for band in BANDS:
        for name, origin, mb in EVENTS:
            with tempfile.TemporaryDirectory() as out:
                settings = room.Settings(near_band_hz=band, far_band_hz=band)
                s, seen = readings(waves / name, parse_time(origin), settings, Path(out))
            d = np.array(list(seen.values())) - mb
            print(
                f"{band[0]:g}-{band[1]:g} Hz {name} published mb {mb}: stations {len(d)}, mean {np.mean(d):+.2f}, scatter {np.std(d, ddof=1):.2f}; "
                f"before: limit {s['median_m90']}, detection {s['detection_m90']}, difference {s['detection_minus_median']}",
                json.dumps({k: round(v, 2) for k, v in seen.items()}),
            )
    return []


if __name__ == "__main__":
    main()
