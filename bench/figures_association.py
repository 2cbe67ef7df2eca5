"""Figures of association on recorded picks: `python -m bench.figures_association [continental composite directionless labelled] [--half 1|2]`.

Needs TESTBAN_DATA. continental: picks of a national network in 2017 around 74 listed events, with the answers of GLASS3 and their
source's verdicts (16 s, 200 km). composite: real arrivals of 19 events moved to one day among false picks (30 s, 300 km);
directionless: the same without slowness and back-azimuth. labelled: automatic picks of events with an analyst's labels (30 s,
200 km), those of six picks and more. A listed event takes the nearest event left within both tolerances, the closest pairs first.
An event that matches none may still be real: `real` are those of the others that match an event that the source calls good,
`doubtful` ones it calls misplaced (60 s, 500 km), which are not counted. --half: only the first or second half of the listed
events in time, with the picks of these weeks. --list: those that match nothing. The PDE bulletin of 3 to 16 September
2017 says which of those days' unmatched ones are real. Labels reach as far as the answers of GLASS3 do, 28 to 48 N and 114 to
67 W: the share within that area is printed beside the whole.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.figures_location import data, rows_of
from testban import associate
from testban.base.geo import delaz_
from testban.base.records import Event
from testban.base.times import format_time, parse_time
from testban.formats import tables
from testban.formats.tables import PickTable

Place = tuple[int, float, float]
KM_DEG = 111.195
SIX = 6


def places(rows: Sequence[dict]) -> list[Place]:
    """Times (ns) and places of the rows of an event table, by time."""
    return sorted(
        (
            parse_time(r["time"].replace(" ", "T").replace("+00:00", "Z")),
            float(r.get("Lon") or r.get("lon") or r["longitude"]),
            float(r.get("Lat") or r.get("lat") or r["latitude"]),
        )
        for r in rows
    )


def km(a: Place, b: Place) -> float:
    """Distance on the sphere."""
    return KM_DEG * delaz_(a[1], a[2], b[1], b[2])[0]


def pairs(
    events: Sequence[Place], truth: Sequence[Place], seconds: float, most_km: float
) -> dict[int, tuple[int, float]]:
    """Number of the truth: number of its event, km; one to one, the nearest first."""
    near = sorted(
        (km(x, y), t, e)
        for t, x in enumerate(truth)
        for e, y in enumerate(events)
        if abs(y[0] - x[0]) <= seconds * 1e9 and km(x, y) <= most_km
    )
    out: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for d, t, e in near:
        if t not in out and e not in taken:
            out[t] = (e, d)
            taken.add(e)
    return out


def inside(a: Place, some: Sequence[Place]) -> bool:
    """Whether a place lies in the box of longitude and latitude of some others."""
    lon, lat = [p[1] for p in some], [p[2] for p in some]
    return min(lon) <= a[1] <= max(lon) and min(lat) <= a[2] <= max(lat)


def formed(
    table: PickTable, first_ns: int, last_ns: int
) -> tuple[list[Event], dict[str, float], float, float]:
    """Events of the picks of a stretch with the needed scores, CPU and wall seconds."""
    picks = [p for p in table.picks if first_ns <= p.time_ns < last_ns]
    associate.associate(picks[:200], table.sites)
    cpu, wall = time.process_time(), time.perf_counter()
    result = associate.associate(picks, table.sites)
    took = time.process_time() - cpu, time.perf_counter() - wall
    return list(result.events), {x.event_id: x.needed for x in result.explanations}, *took


def stretch(truth: Sequence[Place], half: int) -> tuple[int, int]:
    """From when to when: all (0), or the first (1) or second (2) half of the listed events."""
    a, b = truth[len(truth) // 2 - 1][0], truth[len(truth) // 2][0]
    return (a + b) // 2 if half == 2 else 0, (a + b) // 2 if half == 1 else 2**63 - 1


def report(
    name: str, table: PickTable, truth: list[Place], seconds: float, most_km: float, args: argparse.Namespace,
    real: Sequence[Place] = (), doubtful: Sequence[Place] = (), others: Sequence[tuple[str, list[Place]]] = (),
    bulletin: Sequence[Place] = (), covered: Sequence[Place] = (),
) -> None:  # fmt: skip
    """One line of figures, and what matches nothing where it is asked for."""
    span = stretch(truth, args.half)
    truth = [t for t in truth if span[0] <= t[0] < span[1]]
    events, needed, cpu, wall = formed(table, *span)
    mine = [(e.origin.time_ns, e.origin.longitude, e.origin.latitude) for e in events]
    found = pairs(mine, truth, seconds, most_km)
    left = [i for i in range(len(mine)) if i not in {e for e, _ in found.values()}]
    good = {left[e] for e, _ in pairs([mine[i] for i in left], real, seconds, most_km).values()}
    left = [i for i in left if i not in good]
    vague = {
        i for i in left if any(abs(mine[i][0] - d[0]) <= 60e9 and km(mine[i], d) <= 500.0 for d in doubtful)
    }
    left = [i for i in left if i not in vague]
    d = sorted(x for _, x in found.values())
    print(
        f"{name}{f', half {args.half}' if args.half else ''}: {len(found)} of {len(truth)} found, {len(mine)} formed, "
        f"{len(good)} real, {len(vague)} doubtful, {len(left)} match nothing ({len(left) / max(1, len(mine) - len(vague)):.1%}), "
        f"median {d[len(d) // 2] if d else float('nan'):.1f} km, {cpu:.0f} s of CPU, {wall:.0f} s",
        flush=True,
    )
    if covered:
        counted = [i for i in range(len(mine)) if i not in vague and inside(mine[i], covered)]
        n = sum(i in counted for i in left)
        print(
            f"  within the area of the listed and labelled events {n} of {len(counted)} ({n / len(counted):.1%})"
        )
    for label, some in others:
        some = [t for t in some if span[0] <= t[0] < span[1]]
        print(f"  {label}: {len(pairs(mine, some, seconds, most_km))} of {len(some)}")
    within = [i for i in left if bulletin and bulletin[0][0] <= mine[i][0] <= bulletin[-1][0]]
    if within:
        known = [
            i
            for i in within
            if any(abs(mine[i][0] - b[0]) <= 60e9 and km(mine[i], b) <= 500.0 for b in bulletin)
        ]
        print(
            f"  of {len(within)} that match nothing in the days of the PDE bulletin {len(known)} are in it (60 s, 500 km)"
        )
    for i, t in enumerate(truth):
        if args.list and i not in found:
            print("  missed", format_time(t[0], 1), f"{t[1]:.2f} {t[2]:.2f}")
    for i in left if args.list else ():
        o, e = events[i].origin, events[i]
        print(
            f"  {format_time(o.time_ns, 1)} {o.longitude:.2f} {o.latitude:.2f} {o.depth_km:.0f} km, {o.n_defining} picks, "
            f"gap {o.gap_deg:.0f}, ellipse {o.ellipse.smajor_km:.0f} km, score {e.score:.0f} of {needed[e.event_id]:.0f}"
        )  # fmt: skip


def continental(args: argparse.Namespace) -> None:
    """Picks of the United States around 74 listed events."""
    folder = data() / "picks_neic_ceus_2017"
    verdicts = rows_of(folder / "glass3_detections.csv")
    truth, good = (
        places(rows_of(folder / "events.csv")),
        places([r for r in verdicts if r["verified"] == "Good"]),
    )
    report(
        "continental", table(folder, "picks.parquet"), truth, 16.0, 200.0, args, good,
        places([r for r in verdicts if r["verified"] == "Workable-Mislocated"]),
        bulletin=places(rows_of(data() / "neic_pde_sept2017" / "events.csv")), covered=[*truth, *good],
    )  # fmt: skip


def table(folder: Path, name: str) -> PickTable:
    """Picks of a folder with its stations, if it has any."""
    stations = folder / "stations.csv"
    return tables.read_picks(folder / name, tables.read_stations(stations) if stations.exists() else None)


def composite(args: argparse.Namespace, directions: bool = True) -> None:
    """Arrivals of nineteen events among false picks, with directions or without."""
    folder = data() / "composite_global_day"
    t = table(folder, "picks.csv")
    if not directions:
        bare = [
            msgspec.structs.replace(
                p, slowness_s_per_deg=None, backazimuth_deg=None, slowness_sigma=None, backazimuth_sigma=None
            )
            for p in t.picks
        ]
        t = t._replace(picks=tuple(bare))
    truth = rows_of(folder / "truth_events.csv")
    tests = places([r for r in truth if r["type"] != "earthquake"])
    report(
        "composite" if directions else "composite without directions", t, places(truth), 30.0, 300.0, args,
        others=[("nuclear tests", tests)],
    )  # fmt: skip


def labelled(args: argparse.Namespace) -> None:
    """Automatic picks, pooled, of events with labels."""
    folder = data() / "picks_gempa_chile_global_2025"
    rows = [r for r in rows_of(folder / "events.csv") if int(r["nused"] or 0) >= SIX]
    real = places([r for r in rows if not r["etype"] and r["status"] != "rejected"])
    others = [
        (label, places([r for r in rows if label in (r["etype"], r["status"])]))
        for label in ("mining explosion", "not existing", "rejected")
    ]
    report("labelled", table(folder, "picks.csv"), real, 30.0, 200.0, args, others=others)


PARTS = {
    "continental": continental,
    "composite": composite,
    "directionless": lambda args: composite(args, False),
    "labelled": labelled,
}


def main() -> None:
    """Print the figures of all parts, or of those named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--half", type=int, default=0, choices=(0, 1, 2))
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    for name in args.parts or PARTS:
        PARTS[name](args)


if __name__ == "__main__":
    main()
