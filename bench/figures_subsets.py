"""The recorded earthquakes with stations left out at random: how many events, how far off, whether the ellipses hold the listed epicentre.

Needs TESTBAN_DATA. `python -m bench.figures_subsets [--subsets N] [NAME...]`. Picks are made once; association and location run on the picks of every subset (all
stations, all but one where there are six or fewer, then at random with a given seed). The event nearest to the listed time is the main one.
"""

import os
import random
import sys
from pathlib import Path
from statistics import median

from bench.figures_location import inside
from bench.figures_process import detected
from testban import associate
from testban.base.times import parse_time

GERMANY = "eq_germany_grsn"
EVENTS = {  # folder: inventory, listed time, latitude, longitude
    "eq_1982-09-24_california_nevada_lnn": (".", "1982-09-24T07:40:24Z", 37.852, -118.123),
    "eq_2019-07-06_ridgecrest": (".", "2019-07-06T03:19:53Z", 35.77, -117.599),
    "eq_2019-07-16_california_bk": ("stations.xml", "2019-07-16T20:11:01.470Z", 37.8187, -121.7568),
    f"{GERMANY}/2001-06-23": ("../stations.xml", "2001-06-23T01:40:02.600Z", 50.8781, 5.8543),
    f"{GERMANY}/2003-02-22": ("../stations.xml", "2003-02-22T20:41:04.500Z", 48.343, 6.6209),
    f"{GERMANY}/2003-03-22": ("../stations.xml", "2003-03-22T13:36:15.200Z", 48.2237, 8.9701),
}
LATE_S = 40.0  # an event further than this from the listed time is another one


def subsets(name: str, keys: list[str], count: int) -> list[tuple[str, ...]]:
    """All stations, then `count` smaller sets."""
    rnd, out = random.Random(name), [tuple(keys)]
    if len(keys) <= 6:
        out += [tuple(k for k in keys if k != left) for left in keys]
    for _ in range(50 * count):
        if len(out) > count:
            break
        some = tuple(sorted(rnd.sample(keys, rnd.randint(max(3, len(keys) // 3), len(keys) - 1))))
        if some not in out:
            out.append(some)
    return out


def main(names: list[str], count: int) -> None:
    """Print the figures."""
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    for name, (inventory, time, lat, lon) in EVENTS.items():
        if names and not any(n in name for n in names):
            continue
        folder = Path(data) / "waveforms" / name
        sites, results = detected([folder / inventory], [folder / "waveforms.mseed"])
        picks, noise = [p for r in results for p in r.picks], [h for r in results for h in r.noise]
        far, held, others, missed = [], 0, 0, 0
        for keep in subsets(name, sorted(s.key for s in sites), count):
            found = associate.associate(
                [p for p in picks if p.station_key in keep], [s for s in sites if s.key in keep],
                noise=[h for h in noise if h.station_key in keep],
            ).events  # fmt: skip
            late = [abs(e.origin.time_ns - parse_time(time)) / 1e9 for e in found]
            main_one = late.index(min(late)) if late and min(late) < LATE_S else -1
            others += len(found) - (main_one >= 0)
            missed += main_one < 0
            said = []
            for i, e in enumerate(found):
                km, place = inside(e.origin, lon, lat)
                size = f"{e.origin.ellipse.smajor_km:.0f} x {e.origin.ellipse.sminor_km:.0f}"
                said.append(f"{'' if i == main_one else 'other: '}{km:.1f} km, {place:.2f} of {size}")
                if i == main_one:
                    far.append(km)
                    held += place <= 1.0
            print(f"  {len(keep)} stations: {'; '.join(said) or 'none'}", flush=True)
        print(
            f"{name}: main event in {len(far)} of {len(far) + missed}, median {median(far or [0.0]):.1f} km, in the 90 % ellipse {held}; other events {others}"
        )


if __name__ == "__main__":
    given = sys.argv[1:]
    number = 10
    if "--subsets" in given:
        at = given.index("--subsets")
        number, given = int(given[at + 1]), given[:at] + given[at + 2 :]
    main(given, number)
