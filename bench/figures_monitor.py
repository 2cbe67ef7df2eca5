"""Figures of threshold monitoring on real recordings.

`python -m bench.figures_monitor`. Needs $TESTBAN_DATA (waveforms/dprk_*). Three DPRK tests on their regional stations: what the
stations read for the test itself, beside the published mb; limit and detection threshold in the minute before it.
"""

import json
import os
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
    inventory = formats.inventory.read_inventory(books)
    stations, _ = find_stations(open_source(sources), inventory, None, None)
    held, _ = monitoring._levels(sources, stations, settings, [], told, out, lambda *_: None)
    at, seen = origin // NS_PER_S, {}
    for s in stations:
        p = room.path(place("punggye-ri"), s.site.longitude, s.site.latitude, settings)
        if p is None:
            continue
        line = monitoring._line(held[s.site.key], 0, at, round(p.travel_s) + 10)
        m = room.aligned(line, round(p.travel_s), settings.tolerance_s, 1)[0] + p.decay
        if np.isfinite(m):
            seen[s.site.key] = float(m)
    return found["sites"][0], seen


def main() -> list[dict[str, object]]:
    """Print everything."""
    waves = Path(os.environ["TESTBAN_DATA"]) / "waveforms"
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
