"""Every recording at hand through the main job: what it found, and how long it took. Needs TESTBAN_DATA.

`python -m bench.figures_all [NAME...]` prints one line an event with the published origin beside it where there is one.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from testban.base.errors import InputError
from testban.base.times import format_time
from testban.run import batch, configuration

SKIPPED = ("station_metadata", "picks_norsar_arrays", "dprk_relative_times", "infrasound_brp_2012-04-09")
CHOICE = {
    "dprk_2009-05-25": ("raw_counts.mseed",),
    "dprk_2016-01-06": ("regional_800s.mseed", "regional_800s_float.mseed"),
    "dprk_2017-09-03": ("regional_800s.mseed",),
}


def jobs(root: Path) -> list[tuple[str, list[str], list[Path]]]:
    """(name, sources, inventories) of every recording."""
    out: list[tuple[str, list[str], list[Path]]] = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and p.name not in SKIPPED):
        if folder.name in CHOICE:
            out.append((folder.name, [str(folder / f) for f in CHOICE[folder.name]], [folder]))
        elif folder.name in ("nnsn_nuclear", "eq_germany_grsn"):
            out += [(f"{folder.name}/{f.stem if f.is_file() else f.name}", [str(f)], [folder / "stations.xml"])
                    for f in sorted(folder.iterdir()) if f.suffix == ".mseed" or f.is_dir()]  # fmt: skip
        elif (folder / "stations.xml").exists():
            out.append((folder.name, [str(folder)], [folder / "stations.xml"]))
        else:
            out.append((folder.name, [str(folder)], [folder]))
    return out


def main() -> list[dict[str, object]]:
    """Process everything into a temporary folder and print it."""
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        for name, sources, inventory in jobs(Path(data) / "waveforms"):
            if sys.argv[1:] and not any(w in name for w in sys.argv[1:]):
                continue
            start = time.perf_counter()
            try:
                done = batch.run(
                    sources, inventory, Path(scratch) / name.replace("/", "_"), configuration.load()
                )
            except InputError as exc:
                print(f"{name}: {exc}")
                continue
            b = done.bulletin
            print(
                f"{name}: {len(b.sites)} stations, {len(b.picks)} picks, {len(b.findings)} findings, {time.perf_counter() - start:.1f} s"
            )
            for e in b.events:
                o = e.origin
                sizes = " ".join(f"{m.kind} {m.value:.2f}" for m in e.magnitudes)
                verdict = f"{e.assessment.verdict} {e.assessment.log10_lr}" if e.assessment else ""
                print(
                    f"    {format_time(o.time_ns, 1)} {o.latitude:7.3f} {o.longitude:8.3f} depth {o.depth_km:5.1f}{'f' if o.depth_fixed else ' '} "
                    f"{o.ellipse.smajor_km:5.0f} x {o.ellipse.sminor_km:4.0f} km  {o.n_stations} stations  {sizes}  {verdict}"
                )
    print(f"all: {time.perf_counter() - begun:.0f} s")
    return []


if __name__ == "__main__":
    main()
