"""Association of simulated picks with known truth. `python -m bench.associate [scale|slope|global|deaf|reach|aftershocks|regional ...]`

The world is `testban.simulate` (picks alone; its error sizes are stand-ins). A true event is asked for where three stations
picked its first P; it is found where an event with at least half of its defining picks from it is formed and no other
event has taken it; events that hold most of no unfound true event are false. The ellipse overlaps where ours meets that
of the same picks of the truth, located alone. IMS: the 168 seismic places of the treaty's annex (TESTBAN_DATA; 0.1 degree),
every primary one but the last nineteen taken for an array, otherwise 170 points of a spiral. reach: how many of the events asked for
on the deaf day come to the score that an event needs when fitted from the true hypocentre with every pick free. scale and slope: time
against number of picks, on one day and over days. Rival for time and recall on
the regional net: PyOcto (Muenchmeyer 2024, Seismica 3.1), where it is importable, with ak135 in its own table format.
"""

import csv
import math
import os
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from testban import associate, locate, simulate
from testban.associate.associator import Session
from testban.associate.contest import Contest
from testban.associate.table import Table
from testban.base.errors import InputError
from testban.base.geo import offset_km_
from testban.base.records import Ellipse, Event, Pick, Site
from testban.earth import travel
from testban.simulate import draws
from testban.simulate.scenario import Region, Scenario, Source, Station

REAL_TO_FALSE = 5.0
NAN = float("nan")


def ims() -> list[Station]:
    """Stations at the places of the treaty, or spread evenly."""
    data = os.environ.get("TESTBAN_DATA")
    if data:
        table = Path(data) / "reference/ims_stations/treaty_annex_positions_PS_AS.csv"
        rows = [(r["code"], float(r["lon"]), float(r["lat"])) for r in csv.DictReader(table.open())]
    else:
        rows = [
            (
                f"{'PS' if i < 50 else 'AS'}{i:02d}",
                i * 137.50776 % 360.0 - 180.0,
                math.degrees(math.asin(2 * (i + 0.5) / 170 - 1)),
            )
            for i in range(170)
        ]
    return [
        Station(
            code=c[0] + c[2:], longitude=lon, latitude=lat, noise=0.3 if c[0] == "P" else 0.42,
            elements=9 if c[0] == "P" and int(c[2:]) <= 30 else 0, aperture_km=10.0 if c[0] == "P" else 0.0,
        )
        for c, lon, lat in rows
    ]  # fmt: skip


def world(scenario: Scenario, false_to_real: float):
    """Picks, sites and true events of a scenario with so many false picks for each real one."""
    quiet = msgspec.structs.replace(scenario.picks, false_per_hour=0.0)
    real = len(simulate.picks(msgspec.structs.replace(scenario, picks=quiet))[0])
    per_hour = false_to_real * real / (len(scenario.station) * scenario.duration_h)
    model = msgspec.structs.replace(scenario.picks, false_per_hour=per_hour)
    return simulate.picks(msgspec.structs.replace(scenario, picks=model))


def global_day(seed: int = 1, rate: float = 4.2, hours: float = 24.0) -> Scenario:
    """World seismicity as in the scenario ims30, scaled, at the places of the IMS."""
    base = simulate.read_scenario(simulate.shipped("ims30"))
    regions = tuple(msgspec.structs.replace(r, rate_per_day=rate * r.rate_per_day) for r in base.region)
    return msgspec.structs.replace(
        base, seed=seed, station=tuple(ims()), region=regions, source=(), duration_h=hours, stations_table=""
    )


def aftershock_hour(n: int = 300) -> Scenario:
    """n events in an hour within 25 km of each other under the forty stations of the scenario regional."""
    base = simulate.read_scenario(simulate.shipped("regional"))
    zone = Region(
        name="sequence", centre=(12.5, 43.8), radius_km=25.0, rate_per_day=24.0 * n, b=1.0, mmin=2.3, mmax=5.5,
        depth_km=(4.0, 16.0),
    )  # fmt: skip
    main = Source(kind="earthquake", longitude=12.5, latitude=43.8, depth_km=10.0, mb=6.0, time=base.start)
    return msgspec.structs.replace(base, duration_h=1.0, region=(zone,), source=(main,))


def first_p(event: Event) -> dict[str, str]:
    """Station and pick of the first P of a true event where it was picked."""
    out: dict[str, str] = {}
    for a in sorted(event.arrivals, key=lambda a: a.time_ns):
        if a.pick_id and a.phase[0] == "P":
            out.setdefault(a.station_key, a.pick_id)
    return out


def holds(e: Ellipse, east: float, north: float) -> bool:
    """Whether a point, in km from the centre, lies in an ellipse."""
    s, c = math.sin(math.radians(e.strike_deg)), math.cos(math.radians(e.strike_deg))
    along, across = east * s + north * c, east * c - north * s
    return bool((along / e.smajor_km) ** 2 + (across / e.sminor_km) ** 2 <= 1.0)


def meet(a: Ellipse, ax: float, ay: float, b: Ellipse, bx: float, by: float) -> bool:
    """Whether two ellipses (centres in degrees) have a point in common, by the points of a 25 by 72 polar raster."""
    east, north = offset_km_(ax, ay, bx, by)
    s, c = math.sin(math.radians(a.strike_deg)), math.cos(math.radians(a.strike_deg))
    for i in range(25):
        for j in range(72):
            u, v = i / 24 * math.cos(j * math.pi / 36), i / 24 * math.sin(j * math.pi / 36)
            x = u * a.smajor_km * s + v * a.sminor_km * c
            y = u * a.smajor_km * c - v * a.sminor_km * s
            if holds(b, x - east, y - north):
                return True
    return False


def score(picks: list[Pick], sites: list[Site], truth: list[Event], events: list[Event]) -> dict[str, float]:
    """Recall, false share, shares of ellipses that overlap and that hold the truth."""
    label = {p: e for p, (e, _) in simulate.labels(tuple(truth)).items()}
    by_id, by_key = {p.pick_id: p for p in picks}, {s.key: s for s in sites}
    true = {e.event_id: e for e in truth}
    asked = {e.event_id for e in truth if len([k for k, p in first_p(e).items() if p in by_id]) >= 3}
    found: dict[str, Event] = {}
    false = 0
    for e in sorted(events, key=lambda e: (-len(e.arrivals), e.event_id)):
        mine = [label.get(a.pick_id, "") for a in e.arrivals if a.defining]
        top = max(sorted(set(mine)), key=mine.count)
        if top and 2 * mine.count(top) >= len(mine) and top not in found:
            found[top] = e
        else:
            false += 1
    overlap = inside = 0
    for name, e in sorted(found.items()):
        o, t = e.origin, true[name].origin
        inside += holds(o.ellipse, *offset_km_(o.longitude, o.latitude, t.longitude, t.latitude))
        own = [(by_id[p], "P") for p in first_p(true[name]).values() if p in by_id]
        try:
            alone = locate.locate(
                own, by_key, locate.Settings(whitened=True), (t.longitude, t.latitude, t.depth_km, t.time_ns)
            ).origin
        except InputError:
            continue
        overlap += meet(o.ellipse, o.longitude, o.latitude, alone.ellipse, alone.longitude, alone.latitude)
    n = len([e for e in found if e in asked])
    return {
        "asked": len(asked), "found": n, "recall": n / max(1, len(asked)), "events": len(events),
        "false": false / max(1, len(events)), "overlap": overlap / max(1, len(found)), "inside": inside / max(1, len(found)),
    }  # fmt: skip


def run(name: str, picks: list[Pick], sites: list[Site], truth: list[Event]) -> list[dict[str, object]]:
    """Rows of one world; prints what was asked and missed."""
    begin, clock = time.process_time(), time.perf_counter()
    events = list(associate.associate(picks, sites).events)
    took, wall = time.process_time() - begin, time.perf_counter() - clock
    s = score(picks, sites, truth, events)
    note = f"{len(picks)} picks, {len(sites)} stations, {s['found']:.0f} of {s['asked']:.0f} asked for, {s['events']:.0f} formed"
    return [
        {"name": f"{name}: recall", "ours": s["recall"], "rival": 0.98, "ratio": s["recall"] / 0.98, "note": note},
        {"name": f"{name}: false share", "ours": s["false"], "rival": 0.04, "ratio": s["false"] / 0.04},
        {"name": f"{name}: ellipses overlap", "ours": s["overlap"], "rival": 0.96, "ratio": s["overlap"] / 0.96,
         "note": f"{s['inside']:.3f} hold the truth"},
        {"name": f"{name}: CPU time", "ours": took, "rival": NAN, "ratio": NAN, "unit": "s"},
        {"name": f"{name}: wall time", "ours": wall, "rival": NAN, "ratio": NAN, "unit": "s"},
    ]  # fmt: skip


def timed(
    sizes: Sequence[int], some: Callable[[int], tuple[str, list[Pick], list[Site]]]
) -> list[dict[str, object]]:
    """CPU and wall time, peak memory and slope against the size before, for sets of so many picks."""
    rows: list[dict[str, object]] = []
    last = None
    for n in sizes:
        name, picks, sites = some(n)
        if last is None:
            associate.associate(picks[:300], sites)
        cpu, wall = time.process_time(), time.perf_counter()
        formed = len(associate.associate(picks, sites).events)
        took, wall = time.process_time() - cpu, time.perf_counter() - wall
        slope = math.log(took / last[1]) / math.log(len(picks) / last[0]) if last else NAN
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        rows.append(
            {"name": f"{len(picks)} picks, {name}", "ours": took, "rival": NAN, "ratio": slope, "unit": "s of CPU, ratio = slope",
             "note": f"{formed} events, {wall:.0f} s by the clock, peak {peak:.0f} MB with the picks"}
        )  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
        last = (len(picks), took)
    return rows


def scale() -> list[dict[str, object]]:
    """CPU time against number of picks: the same day of the IMS, ever more of its picks, then of more false ones."""

    pool_of = cache(lambda false_to_real: world(global_day(), false_to_real))

    def thinned(n: int) -> tuple[str, list[Pick], list[Site]]:
        pool, sites, _ = pool_of(REAL_TO_FALSE if n <= 84_000 else 2.0 * REAL_TO_FALSE)
        u = draws.uniform(draws.key(7, "thin"), len(pool))
        kept = sorted(np.argsort(u, kind="stable")[:n].tolist())
        return f"one day, {len(sites)} stations", [pool[i] for i in kept], list(sites)

    return timed((1_000, 3_000, 10_000, 30_000, 84_000, 150_000), thinned)


def slope() -> list[dict[str, object]]:
    """CPU time and memory against number of picks at one density: ever more days of the regional net, ten in turn."""
    net_of = cache(net)

    def days(n: int) -> tuple[str, list[Pick], list[Site]]:
        picks: list[Pick] = []
        day, sites = 0, []
        while len(picks) < n:
            own, sites, _ = net_of(day % 10)
            shift = day * 86_400 * 10**9
            own = sorted(own, key=lambda p: (p.time_ns, p.pick_id))
            picks += [
                msgspec.structs.replace(p, pick_id=f"{day}-{p.pick_id}", time_ns=p.time_ns + shift)
                for p in own[: n - len(picks)]
            ]
            day += 1
        return f"{day} days or parts, {len(sites)} stations", picks, sites

    return timed((1_000, 10_000, 100_000, 1_000_000), days)


def octo(picks: list[Pick], sites: list[Site], truth: list[Event]) -> tuple[float, float, float, float]:
    """CPU and wall time, recall and false share of PyOcto with ak135; ImportError where it is not installed."""
    import pandas as pd
    import pyocto

    model = travel.load()
    with tempfile.TemporaryDirectory() as folder:
        path, step = f"{folder}/ak135", 2.0
        x, z = np.arange(0, 1301, step), np.arange(0, 61, step)
        distance, depth = [g.ravel() for g in np.meshgrid(x / 111.19, z, indexing="ij")]
        times = [np.ascontiguousarray(model.predict(p, depth, distance)[0]) for p in ("P1", "S1")]
        with Path(path).open("wb") as f:
            f.write(struct.pack("iid", len(x), len(z), step))
            for t in times:
                f.write(t.reshape(len(x), len(z)).tobytes())
        net = pd.DataFrame(
            [{"id": s.key, "latitude": s.latitude, "longitude": s.longitude, "elevation": 0.0} for s in sites]
        )
        table = pd.DataFrame(
            [{"station": p.station_key, "phase": p.phase_hint or "P", "time": p.time_ns / 1e9} for p in picks]
        )
        cpu, wall = time.process_time(), time.perf_counter()
        machine = pyocto.OctoAssociator.from_area(
            lat=(39.5, 48.5), lon=(7.5, 18.5), zlim=(0, 40), time_before=300.0,
            velocity_model=pyocto.VelocityModel1D(path, tolerance=2.0, association_cutoff_distance=250.0),
            n_picks=8, n_p_picks=3, n_s_picks=0, n_p_and_s_picks=2, pick_match_tolerance=1.5,
        )  # fmt: skip
        machine.transform_stations(net)
        events, pairs = machine.associate(table, net)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    label = {p: e for p, (e, _) in simulate.labels(tuple(truth)).items()}
    asked = {e.event_id for e in truth if len(first_p(e)) >= 3}
    found: set[str] = set()
    false = 0
    groups = [g for _, g in pairs.groupby("event_idx")] if len(events) else []
    for group in sorted(groups, key=lambda g: -len(g)):
        mine = [label.get(picks[int(i)].pick_id, "") for i in group["pick_idx"]]
        top = max(sorted(set(mine)), key=mine.count)
        if top and 2 * mine.count(top) >= len(mine) and top not in found:
            found.add(top)
        else:
            false += 1
    return cpu, wall, len(found & asked) / max(1, len(asked)), false / max(1, len(groups))


def net(day: int) -> tuple[list[Pick], list[Site], list[Event]]:
    """Forty stations, a day of about 120 events, about 13,000 picks, all with a phase; days differ by their seed alone."""
    base = simulate.read_scenario(simulate.shipped("regional"))
    model = msgspec.structs.replace(base.picks, false_per_hour=4.6)
    picks, sites, truth = simulate.picks(msgspec.structs.replace(base, picks=model, seed=base.seed + day))
    return with_phases(picks, truth), list(sites), list(truth)


def with_phases(picks: Sequence[Pick], truth: Sequence[Event]) -> list[Pick]:
    """Picks called P or S as they truly are, false ones as they were."""
    phase = {p: "S" if f[0] in "SL" else "P" for p, (_, f) in simulate.labels(tuple(truth)).items()}
    return [
        msgspec.structs.replace(p, phase_hint=phase.get(p.pick_id, p.phase_hint or "P"), amplitude_nm=None)
        for p in picks
    ]


def regional() -> list[dict[str, object]]:
    """The regional net of `net` beside PyOcto, its compiled code loaded before as PyOcto's is."""
    named, sites, truth = net(0)
    associate.associate(named[:300], sites)
    rows = run("regional net", named, sites, truth)
    return rows + beside_octo("regional net", rows, named, sites, truth)


def beside_octo(
    name: str, rows: Sequence[dict[str, object]], named: list[Pick], sites: list[Site], truth: list[Event]
) -> list[dict[str, object]]:
    """Rows of ours of the same run beside PyOcto, which needs picks with phases."""
    try:
        cpu, wall, recall, false = octo(named, sites, truth)
    except ImportError as exc:
        note = f"not installed: {exc}"
        return [{"name": f"{name}: PyOcto", "ours": NAN, "rival": NAN, "ratio": NAN, "note": note}]
    ours = {str(r["name"]).split(": ")[1]: float(r["ours"]) for r in rows}  # type: ignore[arg-type]
    return [
        {"name": f"{name}: recall beside PyOcto", "ours": ours["recall"], "rival": recall, "ratio": ours["recall"] / max(recall, 1e-9)},
        {"name": f"{name}: false share beside PyOcto", "ours": ours["false share"], "rival": false, "ratio": NAN},
        {"name": f"{name}: CPU time beside PyOcto", "ours": ours["CPU time"], "rival": cpu, "ratio": cpu / ours["CPU time"], "unit": "s"},
        {"name": f"{name}: wall time beside PyOcto", "ours": ours["wall time"], "rival": wall, "ratio": wall / ours["wall time"],
         "unit": "s", "note": "PyOcto with all threads"},
    ]  # fmt: skip


def day(deaf: bool) -> tuple[tuple[Pick, ...], tuple[Site, ...], tuple[Event, ...]]:
    """Picks, sites and truth of the IMS day, whole or with every second station out."""
    picks, sites, truth = world(global_day(), REAL_TO_FALSE)
    if deaf:
        out = {s.key for s in sorted(sites, key=lambda s: s.key)[::2]}
        picks, sites = (
            tuple(p for p in picks if p.station_key not in out),
            tuple(s for s in sites if s.key not in out),
        )
    return picks, sites, truth


def reach() -> list[dict[str, object]]:
    """How many events of the deaf day reach what is needed from the true hypocentre, with every pick free."""
    picks, sites, truth = day(True)
    known = {p.pick_id for p in picks}
    session = Session(Table(picks, sites), associate.Settings())
    contests: dict[int, Contest] = {}
    asked = reached = 0
    for e in truth:
        if sum(p in known for p in first_p(e).values()) < 3:
            continue
        asked += 1
        number = session.last_window(e.origin.time_ns)
        if number not in contests:
            contests[number] = session.contest(session.window(number))
        c, o = contests[number], e.origin
        passed = False
        for depth in {o.depth_km, 0.0}:
            seconds = (o.time_ns - c.window.reference_ns) / 1e9
            h = c.from_place(np.array([o.longitude, o.latitude, depth, seconds]), 2.0)
            c.locate(h)
            c.settle(h)
            passed |= h.located is not None and not h.reason
        reached += passed
    note = f"{reached} of {asked} asked for"
    return [
        {"name": "deaf day: within reach", "ours": reached / asked, "rival": NAN, "ratio": NAN, "note": note}
    ]


def global_rows(deaf: bool) -> list[dict[str, object]]:
    """The IMS day, whole or with every second station out."""
    picks, sites, truth = day(deaf)
    return run("deaf day" if deaf else "IMS day", list(picks), list(sites), list(truth))


def aftershocks() -> list[dict[str, object]]:
    """The aftershock hour, beside PyOcto, which is told the true phases where ours sees picks as a detector gives them."""
    picks, sites, truth = (list(part) for part in world(aftershock_hour(), 0.3))
    rows = run("aftershock hour", picks, sites, truth)
    return rows + beside_octo("aftershock hour", rows, with_phases(picks, truth), sites, truth)


PARTS = {
    "regional": regional,
    "global": lambda: global_rows(False),
    "deaf": lambda: global_rows(True),
    "reach": reach,
    "aftershocks": aftershocks,
    "scale": scale,
    "slope": slope,
}


def main(parts: Sequence[str] = ()) -> list[dict[str, object]]:
    """Rows of these parts, of all where none is named; ends the program with a line where there is no such part."""
    unknown = [p for p in parts if p not in PARTS]
    if unknown:
        known = ", ".join(PARTS)
        print(
            f"expected parts among {known}, got {', '.join(unknown)}; name some, or none for all",
            file=sys.stderr,
        )
        sys.exit(2)
    return [row for name in parts or PARTS for row in PARTS[name]()]


if __name__ == "__main__":
    for row in main(sys.argv[1:]):
        print(
            f"{row['name']:48} ours {row['ours']:>9.4g}  rival {row['rival']:>9.4g}  ratio {row['ratio']:>8.4g}  "
            f"{row.get('unit', '')}  {row.get('note', '')}",
            flush=True,
        )
