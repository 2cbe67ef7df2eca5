"""Other days made as composite_global_day was: its events moved to other times, its false picks drawn anew. `python -m bench.figures_other_days [SEED...]`

Needs TESTBAN_DATA. Every event keeps its own arrivals and comes at another hour, beside others and among false picks at other times; the
stations of false picks stay. So it is seen whether what holds on the one day hangs on its luck. 30 s, 300 km, as for the day itself.
"""

import argparse
import random

import msgspec

from bench.figures_association import places, report, table
from bench.figures_location import data, rows_of
from testban.base.times import parse_time
from testban.formats.tables import PickTable

DAY_NS = 86_400 * 10**9


def shuffled(seed: int) -> tuple[PickTable, list[dict[str, str]], list[int]]:
    """Picks, rows of the events and their times (ns) of another day."""
    folder = data() / "composite_global_day"
    day, rows = table(folder, "picks.csv"), rows_of(folder / "truth_events.csv")
    owner = {r["pick_id"]: r["event"] for r in rows_of(folder / "truth_associations.csv")}
    start = min(p.time_ns for p in day.picks) // DAY_NS * DAY_NS
    rnd = random.Random(seed)
    moved = {r["event"]: start + rnd.randrange(DAY_NS) for r in rows}
    shift = {r["event"]: moved[r["event"]] - parse_time(r["time"]) for r in rows}
    picks = [
        msgspec.structs.replace(
            p,
            time_ns=p.time_ns + shift[owner[p.pick_id]]
            if p.pick_id in owner
            else start + rnd.randrange(DAY_NS),
        )
        for p in sorted(day.picks, key=lambda p: p.pick_id)
    ]
    return day._replace(picks=tuple(picks)), rows, [moved[r["event"]] for r in rows]


def main() -> None:
    """Print the figures of every day asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3, 4, 5])
    for seed in parser.parse_args().seeds:
        picks, rows, times = shuffled(seed)
        truth = [(t, *places([r])[0][1:]) for t, r in zip(times, rows, strict=True)]
        tests = [t for t, r in zip(truth, rows, strict=True) if r["type"] != "earthquake"]
        args = argparse.Namespace(half=0, list=False)
        report(f"day {seed}", picks, sorted(truth), 30.0, 300.0, args, others=[("nuclear tests", tests)])


if __name__ == "__main__":
    main()
