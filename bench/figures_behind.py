"""What recordings behind P say of sources that are known to be shallow: the chance that is stated, on recorded nuclear tests.

`TESTBAN_DATA=... python -m bench.figures_behind`: every test of nnsn_nuclear with stations of two places beyond 20 deg
(SNR above 4 by its table). No picks and no misfit enter, only the recordings; the chance should be uniform, so that of 100 tests one has 1 % or less.
"""

import csv
import os
import sys
from pathlib import Path

import numpy as np

from testban import detect, formats, links, locate
from testban.base.records import Segment
from testban.detect.behind import FIRST_S

LEVELS = (0.01, 0.05, 0.2, 0.5, 1.0)


def chances(root: Path) -> list[tuple[str, locate.Stacked]]:
    """The depth and its chance, test by test."""
    places = formats.inventory.read_inventory([root / "stations.xml"])
    where = {c.nslc.station: (c.longitude, c.latitude) for c in places.channels}
    with (root / "quality_traces.csv").open() as f:
        rows = [r for r in csv.DictReader(f) if float(r["snr"] or 0) > 4.0 and r["station"] in where]
    out = []
    for name in sorted({r["id"] for r in rows}):
        source = links.open_source([str(root / f"{name}.mseed")])
        segments: list[Segment] = [s for u in source.units(None, None) for s in source.read(u, u.span)[0]]
        heard = []
        for r in rows:
            own = [s for s in segments if s.nslc.station == r["station"] and s.nslc.channel.endswith("Z")]
            if r["id"] != name or not own:
                continue
            at = min(s.start_ns for s in own) + round(float(r["expected_p_s_after_trace_start"]) * 1e9)
            got = detect.behind(own[0].nslc.net_sta, name, own, [], at, None)
            if got is not None:
                lon, lat = where[r["station"]]
                heard.append(
                    locate.Heard(
                        longitude=lon, latitude=lat, delta_deg=float(r["distance_deg"]), first_s=FIRST_S,
                        step_s=got.step_s, share=got.share(),
                    )
                )  # fmt: skip
        found = locate.stacked_depth(heard)
        if found is not None:
            out.append((name, found))
    return out


def main() -> list[dict[str, object]]:
    """Print the table."""
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    found = chances(Path(data) / "waveforms" / "nnsn_nuclear")
    for name, f in found:
        print(
            f"  {name}: {f.depth_km:3.0f} km, {f.n_stations} places, score {f.score:+.1f}, chance {f.chance:.3f}"
        )
    all_ = np.array([f.chance for _, f in found])
    print(
        f"{len(all_)} tests; chance at most " + ", ".join(f"{v:g}: {int((all_ <= v).sum())}" for v in LEVELS)
    )
    return [{"tests": len(all_), **{str(v): int((all_ <= v).sum()) for v in LEVELS}}]


if __name__ == "__main__":
    main()
