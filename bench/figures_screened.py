"""Recorded explosions through the main job: what each was called, by which evidence, and whether any was screened out as natural.

`TESTBAN_DATA=... python -m bench.figures_screened [NAME...] [--out DIR]`: every recording of nnsn_nuclear (28 tests seen from 11 deg and farther), or the
recordings named. With a folder the runs stay there, and one that was stopped goes on.
"""

import os
import sys
import tempfile
from pathlib import Path

from bench.figures_all import jobs
from testban.base.errors import InputError
from testban.base.records import Event
from testban.base.times import format_time
from testban.run import batch, configuration

NEAR = ("regional P/S", "depth", "first motion")  # what the requirement names


def told(event: Event) -> str:
    """One event in a line: size of its location, verdict, screening, evidence that applied with its log10 ratio, and why P/S did not."""
    o, a = event.origin, event.assessment
    if a is None or a.screening is None:
        return "not assessed"
    applied = ", ".join(f"{e.name} {e.log10_lr or 0.0:+.2f}" for e in a.evidence if e.applicable)
    why = next((e.reason for e in a.evidence if e.name == NEAR[0] and not e.applicable), "")
    sizes = " ".join(f"{m.kind} {m.value:.2f}" for m in event.magnitudes)
    depth = f"{o.depth_km:.0f} km{' fixed' if o.depth_fixed else ''}"
    return (
        f"{format_time(o.time_ns, 0)} {o.latitude:.1f} {o.longitude:.1f} +-{o.ellipse.smajor_km:.0f} km, {depth}, {o.n_stations} stations, {sizes}: "
        f"{a.verdict.value}; {a.screening.category}; together screened out {a.screening.combined}; applied: {applied or 'nothing'}; P/S: {why or 'applies'}"
    )


def figures(names: list[str], out: Path) -> None:
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    recordings = none = screened = together = 0
    verdicts: dict[str, int] = {}
    spoke = dict.fromkeys(NEAR, 0)
    for name, sources, inventory in jobs(Path(data) / "waveforms"):
        if not any(w in name for w in names or ["nnsn_nuclear"]):
            continue
        recordings += 1
        try:
            found = batch.run(
                sources, inventory, out / name.replace("/", "_"), configuration.load()
            ).bulletin.events
        except InputError as exc:
            print(f"{name}: {exc}")
            continue
        none += not found
        print(f"{name}: {len(found)} event(s)")
        for e in found:
            print(f"    {told(e)}")
            if e.assessment is None or e.assessment.screening is None:
                continue
            verdicts[e.assessment.verdict.value] = verdicts.get(e.assessment.verdict.value, 0) + 1
            screened += e.assessment.screening.category == "screened out"
            together += e.assessment.screening.combined
            for x in e.assessment.evidence:
                spoke[x.name] = spoke.get(x.name, 0) + bool(x.applicable and x.log10_lr)
    print(
        f"{recordings} recordings, {none} without an event; verdicts {verdicts}; screened out by single criteria {screened}, by all evidence "
        f"together {together}; events with a word by discriminant: {spoke}"
    )


if __name__ == "__main__":
    given = sys.argv[1:]
    if "--out" in given:
        at = given.index("--out")
        kept, given = Path(given[at + 1]), given[:at] + given[at + 2 :]
        figures(given, kept)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            figures(given, Path(scratch))
