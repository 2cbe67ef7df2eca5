"""Process an archive from Python: recordings and an inventory in, a bulletin out.

Usage: python examples/process_archive.py world/archive world/stations.xml out
(make such a world with: testban simulate small --out world)
"""

import sys
from pathlib import Path

from testban.base.times import format_time
from testban.run import batch, configuration


def main(archive: str, inventory: str, out: str) -> None:
    """Run the main job and print each event with what speaks for its verdict."""
    settings = configuration.load(min_stations=4, prior=0.01, workers=1)
    done = batch.run(
        [archive], [inventory], Path(out), settings, simulated=True
    )  # leave out for real recordings
    for event in done.bulletin.events:
        o = event.origin
        sizes = ", ".join(f"{m.kind} {m.value:.1f}+-{m.sigma:.1f}" for m in event.magnitudes if not m.bound)
        print(
            f"{format_time(o.time_ns)}  {o.longitude:.3f} {o.latitude:.3f}  {o.depth_km:.0f} km ({o.depth_reason})"
        )
        print(
            f"  90 % ellipse {o.ellipse.smajor_km:.1f} x {o.ellipse.sminor_km:.1f} km; {sizes or 'no magnitude'}"
        )
        if event.assessment is not None:
            print(f"  {event.assessment.verdict.value}: {event.assessment.reason}")
            for e in event.assessment.evidence:
                value = f"log10 LR {e.log10_lr:+.2f}" if e.log10_lr is not None else "does not apply"
                print(f"    {e.name}: {value}; {e.reason}")
    print(f"bulletin digest {done.digests['bulletin']}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
