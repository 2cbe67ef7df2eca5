"""Figures of location on published arrivals: conformance with LOCSAT, errors and coverage, starts far off, Monte Carlo.

Needs TESTBAN_DATA. `python -m bench.figures_location [PART...]`, parts: events, starts, locsat, one-sided, monte-carlo (default: all). Everything is located as `testban locate` would, from the tables as
they lie. Model errors were set on the first half in time of each set; first half, second half and whole are printed.
Truths: dprk: relocated positions (relative ones good to some 0.1 km, all in the frame of the 2009 test); neic, tunisia,
hyposat: the bulletin's own solution, mostly from the same arrivals, so agreement rather than independent truth.
"""

import csv
import math
import os
import random
import sys
from itertools import groupby
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from testban import locate
from testban.base.errors import InputError
from testban.base.geo import destination_, offset_km_
from testban.base.records import Origin, Pick, Site
from testban.base.times import parse_time
from testban.formats import tables
from testban.formats.locsat_tables import read_tables
from testban.locate.errors_model import correlations_, paths_
from testban.locate.linear import cholesky_
from testban.locate.problem import Problem

Case = tuple[str, str, list, dict, tuple[float, float, float]]


def data() -> Path:
    """The folder of reference data."""
    root = os.environ.get("TESTBAN_DATA")
    if not root:
        sys.exit("TESTBAN_DATA is not set; set it to the folder of the data")
    return Path(root) / "reference"


def inside(o: Origin, lon: float, lat: float) -> tuple[float, float]:
    """Distance in km and position in the coverage ellipse (1: on it)."""
    east, north = offset_km_(o.longitude, o.latitude, lon, lat)
    a = math.radians(o.ellipse.strike_deg)
    u, v = east * math.sin(a) + north * math.cos(a), east * math.cos(a) - north * math.sin(a)
    return math.hypot(east, north), math.hypot(u / o.ellipse.smajor_km, v / o.ellipse.sminor_km)


def rows_of(path: Path) -> list[dict]:
    """A CSV as it lies."""
    with path.open(newline="") as f:
        return list(csv.DictReader(f))


def dprk() -> list[Case]:
    """The tests of dprk_arrivals_from_cc without the suspect times."""
    path = data() / "dprk_relative" / "dprk_arrivals_from_cc.csv"
    suspect = {(r["event"], r["sta"], r["phase"]) for r in rows_of(path) if r["suspect"] == "True"}
    table = tables.read_arrivals(path)
    sites = {s.key: s for s in table.sites}
    truth = {}
    for line in (data() / "dprk_relative" / "new_rellocs_init.txt").read_text().splitlines():
        w = line.split()
        truth[w[3]] = (float(w[2]), float(w[1]), 0.0)
    return [
        ("dprk", name, [r for r in rows if (name, r[0].station_key.split(".")[-1], r[1]) not in suspect], sites, truth[name])
        for name, rows in table.events.items()
    ]  # fmt: skip


def bulletins() -> list[Case]:
    """The located events of bulletins."""
    cases: list[Case] = []
    for folder, name in (("neic_global_events", "neic"), ("isc_bulletin_tunisia_mnf", "tunisia")):
        table = tables.read_arrivals(data() / folder / "arrivals.csv")
        sites = {s.key: s for s in table.sites}
        truth = {
            r["event"]: (float(r["lon"]), float(r["lat"]), float(r.get("depth_km") or r["rest"].split()[0]))
            for r in rows_of(data() / folder / "events.csv")
            if r["lat"]
        }
        cases += [
            (name, event, list(rows), sites, truth[event]) for event, rows in sorted(table.events.items())
        ]
    table = tables.read_arrivals(data() / "hyposat_examples" / "arrivals.csv")
    sites = {s.key: s for s in table.sites}
    cases += [
        ("hyposat", event, list(rows), sites, (126.3106, 1.4102, 0.0))
        for event, rows in table.events.items()
        if "Molucca" in event
    ]
    return cases


def events(settings: locate.Settings) -> list[dict]:
    """Every event located: error, place in the ellipse, half."""
    out = []
    for name, group in groupby(dprk() + bulletins(), key=lambda c: c[0]):
        cases = list(group)
        for i, (_, event, rows, sites, truth) in enumerate(cases):
            one = locate.locate(rows, sites, settings)
            o = one.origin
            km, u = inside(o, truth[0], truth[1])
            out.append({"set": name, "event": event, "half": 1 if 2 * i < len(cases) else 2, "km": km, "u": u, "depth": o.depth_km,
                        "truth_depth": truth[2], "reason": o.depth_reason, "n": o.n_defining, "origin": o, "truth": truth, "interval": one.depth_interval_km})  # fmt: skip
    return out


def print_events(found: list[dict]) -> None:
    """One line an event, then errors and coverage by set and half."""
    for f in found:
        e = f["origin"].ellipse
        print(
            f"  {f['set']:8s} {f['event'][:24]:24s} {f['n']:4d} defining  error {f['km']:5.1f} km  ellipse {e.smajor_km:3.0f} x {e.sminor_km:3.0f} km  "
            f"{'in ' if f['u'] <= 1 else 'OUT'} {f['u']:4.2f}  depth {f['depth']:3.0f} ({f['truth_depth']:3.0f}) {f['reason'][:40]}"
        )
    for name in ("dprk", "neic", "tunisia", "hyposat", "all"):
        mine = [f for f in found if name in ("all", f["set"])]
        for half in ("first half", "second half", "whole"):
            use = [f for f in mine if half == "whole" or f["half"] == (1 if half == "first half" else 2)]
            if use:
                print(
                    f"{name:8s} {half:12s} {len(use):3d} events, median error {median(f['km'] for f in use):5.1f} km, largest "
                    f"{max(f['km'] for f in use):5.1f}, in the 90 % ellipse {sum(f['u'] <= 1 for f in use)}, median area "
                    f"{median(f['origin'].ellipse.area_km2 for f in use):5.0f} km2"
                )


def calibration(found: list[dict]) -> None:
    """By how much the ellipses would have to be scaled for 90 % in the first half, and what that makes of the second.

    The settings keep a factor of 1: it is not taken from these few events.
    """
    first = sorted(f["u"] for f in found if f["half"] == 1)
    second = [f["u"] for f in found if f["half"] == 2]
    factor = first[math.ceil(0.9 * len(first)) - 1]
    print(
        f"calibration: 90 % of the first halves ({len(first)} events) lie within {factor:.2f} of the ellipse; with that factor "
        f"{sum(u <= factor for u in second)} of {len(second)} of the second halves, with the default of 1 {sum(u <= 1.0 for u in second)}"
    )


def depths(found: list[dict]) -> None:
    """Depths of free or moved solutions against those of the bulletins, and of the deep events that stayed at the default."""
    moved = [f for f in found if f["depth"] > 0.0]
    if moved:
        off = sorted(f["depth"] - f["truth_depth"] for f in moved)
        print(
            f"depth: {len(moved)} of {len(found)} not at the default; minus the bulletin's: median {median(off):+.0f} km, from {off[0]:+.0f} to {off[-1]:+.0f}"
        )
    held = sorted(f["depth"] - f["truth_depth"] for f in moved if f["truth_depth"] not in (0.0, 10.0))
    if held:
        print(
            f"  {len(held)} of them where the bulletin's depth is no convention (0 or 10 km): median {median(held):+.0f} km, from {held[0]:+.0f} to {held[-1]:+.0f}"
        )
    free = [f for f in found if f["interval"]]
    for half in (1, 2):
        told = [f for f in free if f["half"] == half]
        held = sum(f["interval"][0] <= f["truth_depth"] <= f["interval"][1] for f in told)
        wide = [f["interval"][1] - f["interval"][0] for f in told] or [math.nan]
        print(
            f"  free depths, half {half}: the bulletin's in the 90 % interval {held} of {len(told)}, median width {median(wide):.0f} km"
        )
    for f in free:
        if not f["interval"][0] <= f["truth_depth"] <= f["interval"][1]:
            print(
                f"  {f['set']} {f['event'][:24]}: interval {f['interval'][0]:.0f} to {f['interval'][1]:.0f} km, bulletin {f['truth_depth']:.0f}"
            )
    for f in found:
        if f["truth_depth"] >= 40.0 or f["depth"] >= 40.0:
            print(
                f"  {f['set']} {f['event'][:24]}: bulletin {f['truth_depth']:.0f} km, ours {f['depth']:.0f}: {f['reason']}"
            )


def relative(found: list[dict]) -> None:
    """The tests against each other once the common shift is removed."""
    offs = []
    for f in found:
        if f["set"] == "dprk":
            o = f["origin"]
            offs.append((f["event"], *offset_km_(f["truth"][0], f["truth"][1], o.longitude, o.latitude)))
    e, n = (sum(v[i] for v in offs) / len(offs) for i in (1, 2))
    text = ", ".join(f"{v[0]} {math.hypot(v[1] - e, v[2] - n):.2f}" for v in offs)
    print(f"dprk relative to the common shift ({e:+.1f} east, {n:+.1f} north): {text} km")


def together(settings: locate.Settings) -> list[dict]:
    """The tests located together."""
    cases = dprk()
    sites = {k: v for c in cases for k, v in c[3].items()}
    located, family = locate.locate_together([c[2] for c in cases], sites, settings, within_km=locate.SITE_KM)
    out = []
    for c, one, number in zip(cases, located, family, strict=True):
        km, u = inside(one.origin, c[4][0], c[4][1])
        print(
            f"dprk together {c[1]}: family {number}, error {km:.2f} km, ellipse {one.origin.ellipse.smajor_km:.0f} x "
            f"{one.origin.ellipse.sminor_km:.0f} km, {'in' if u <= 1 else 'OUT'} {u:.2f}"
        )
        out.append({"set": "dprk", "event": c[1], "origin": one.origin, "truth": c[4]})
    return out


def regional_families(settings: locate.Settings) -> None:
    """What joining wider families does to the epicentres of the Tunisian bulletin (decision 15)."""
    cases = [c for c in bulletins() if c[0] == "tunisia"]
    solved = [locate.solve(c[2], c[3], settings) for c in cases]
    for within in (0.0, locate.SITE_KM, locate.NEIGHBOURS_KM):
        located, family = locate.together(solved, within)
        spots = [inside(one.origin, c[4][0], c[4][1]) for c, one in zip(cases, located, strict=True)]
        joined = sum(family.count(f) > 1 for f in family)
        print(
            f"tunisia, families within {within:2.0f} km: {joined:2d} of {len(cases)} joined, median error {median(km for km, _ in spots):.1f} km, "
            f"largest {max(km for km, _ in spots):.1f}, in the 90 % ellipse {sum(u <= 1.0 for _, u in spots)}"
        )


def starts(settings: locate.Settings) -> None:
    """The tests from starts off in eight directions and 30 s late: largest move of the solution."""
    for search in (False, True):
        used = msgspec.structs.replace(settings, search=search)
        for deg in (1.0, 3.0, 5.0, 10.0, 20.0, 60.0):
            moves = []
            for _, _, rows, sites, truth in dprk():
                base = locate.locate(rows, sites, settings).origin
                for az in range(0, 360, 45):
                    lon, lat = destination_(truth[0], truth[1], float(az), deg)
                    try:
                        o = locate.locate(
                            rows, sites, used, (lon, lat, 0.0, base.time_ns + 30_000_000_000)
                        ).origin
                    except InputError:
                        moves.append(math.inf)
                        continue
                    moves.append(
                        math.hypot(*offset_km_(base.longitude, base.latitude, o.longitude, o.latitude))
                    )
            print(
                f"dprk from {'trusted ' if not search else ''}starts {deg:2.0f} deg off: largest move {max(moves):.3f} km, "
                f"{sum(m > 0.1 for m in moves)} of {len(moves)} beyond 0.1 km"
            )


def locsat_cases() -> list[tuple[dict, list, dict[str, float], dict]]:
    """LOCSAT's solutions with the picks that it used: (solution, rows, its residuals by pick, sites without elevation)."""
    folder = data() / "picks_gempa_chile_global_2025"
    picks = {r["pick_id"]: r for r in rows_of(folder / "picks.csv")}
    sites = {
        f"{r['net']}.{r['sta']}": Site(
            key=f"{r['net']}.{r['sta']}", longitude=float(r["lon"]), latitude=float(r["lat"])
        )
        for r in rows_of(folder / "stations.csv")
    }
    used: dict[tuple[str, str], list] = {}
    for r in rows_of(folder / "locsat_reference_arrivals.csv"):
        if r["used"] == "true" and r["pick_id"] in picks:
            used.setdefault((r["profile"], r["input_origin"]), []).append((picks[r["pick_id"]], r))
    out = []
    for r in rows_of(folder / "locsat_reference_solutions.csv"):
        own = used.get((r["profile"], r["input_origin"]), [])
        if r["located"] != "True" or len(own) != int(r["nused"]) or float(r["smaj_km"]) >= 20.0:
            continue
        rows = [
            (
                Pick(
                    pick_id=p["pick_id"],
                    station_key=f"{p['net']}.{p['sta']}",
                    time_ns=parse_time(p["time"]),
                    time_sigma_s=1.0,
                ),
                a["phase"],
            )
            for p, a in own
        ]
        out.append((r, rows, {p["pick_id"]: float(a["res"]) for p, a in own}, sites))
    return sorted(out, key=lambda c: c[0]["time"])


def locsat() -> list[dict]:
    """Our solutions of LOCSAT's own picks, model and depth, without elevations (it took none).

    same: its weights (1 s for all). tables: its weights and its tables, read by `--tables`. times: its weights, and the times
    that its printed residuals imply. ours: our defaults.
    """
    out = []
    model, grids = read_tables(data() / "tables" / "tt_locsat_seiscomp" / "iasp91", locate.LOOKED_UP)
    paths = locate.TableTimes(model, grids, "iasp91")
    for r, rows, residuals, sites in locsat_cases():
        depth = max(0.0, float(r["depth"]))
        lon, lat = float(r["lon"]), float(r["lat"])
        same = locate.Settings(model="iasp91", fixed_depth_km=depth, model_sigma_factor=1e-9, robust=False, correlated=False,
                               reidentify=False)  # fmt: skip
        problem = Problem(rows, sites, same)
        problem.evaluate(np.array([lon, lat, depth, (parse_time(r["time"]) - problem.reference_ns) / 1e9]))
        off = {p.pick_id: problem.out[i, 0] - residuals[p.pick_id] for i, (p, _) in enumerate(problem.rows)}
        moved = [
            (msgspec.structs.replace(p, time_ns=p.time_ns - round(1e9 * off[p.pick_id])), s)
            for p, s in rows
            if off[p.pick_id] == off[p.pick_id]
        ]
        row = {"origin": r["input_origin"], "profile": r["profile"], "time": r["time"], "n": len(rows), "smaj": float(r["smaj_km"]),
               "gap": float(r["gap"]), "depth": depth, "rms": float(r["rms"]), "off": max(abs(v) for v in off.values())}  # fmt: skip
        ours = locate.Settings(model="iasp91", fixed_depth_km=depth)
        for key, use, settings, own in (
            ("same", rows, same, None), ("tables", rows, same, paths), ("times", moved, same, None), ("ours", rows, ours, None),
        ):  # fmt: skip
            try:
                o = locate.locate(use, sites, settings, paths=own).origin
                row[key] = math.hypot(*offset_km_(lon, lat, o.longitude, o.latitude))
                row[key + "_rms"] = o.rms_s
            except InputError:
                row[key], row[key + "_rms"] = math.inf, math.nan
        out.append(row)
    return out


def print_locsat(found: list[dict]) -> None:
    """Medians where LOCSAT's ellipse is below 20 km, by half, and the largest differences."""
    names = {
        "same": "its weights",
        "tables": "its weights and tables",
        "times": "its weights and times",
        "ours": "our defaults",
    }
    good = found
    for name, use in (
        ("first half", good[: len(good) // 2]),
        ("second half", good[len(good) // 2 :]),
        ("whole", good),
    ):
        for key in names:
            d = sorted(f[key] for f in use)
            print(
                f"locsat {name:12s} {len(use):3d} solutions, {names[key]:25s}: median {median(d):6.2f} km, "
                f"90 % below {d[int(0.9 * len(d))]:6.2f}, largest {d[-1]:6.2f}"
            )
    for f in sorted(good, key=lambda f: -f["same"])[:12]:
        print(
            f"  {f['same']:7.1f} km  {f['profile'][15:] or 'std'} {f['origin'][-28:]} n {f['n']:3d} smaj {f['smaj']:5.1f} gap {f['gap']:4.0f} depth {f['depth']:6.1f}  "
            f"rms LOCSAT {f['rms']:.2f} ours {f['same_rms']:.2f}; its times up to {f['off']:.1f} s from the model, with them {f['times']:.1f} km, with its tables "
            f"{f['tables']:.1f}: {why(f)}"
        )
    reasons = [why(f) for f in good if f["same"] >= 2.0]
    for reason in sorted(set(reasons), key=lambda r: (-reasons.count(r), r)):
        print(f"  of {len(reasons)} that differ by 2 km or more, {reasons.count(reason)}: {reason}")


def why(f: dict) -> str:
    """What a difference comes from: it goes where LOCSAT's tables, or the times it printed, take the place of the model's."""
    if f["times"] > 100.0:
        return "another hollow: LOCSAT rests where the misfit is greater"
    if f["tables"] < 0.5 * f["same"]:
        return "its tables"
    if f["times"] < 0.5 * f["same"]:
        return "its interpolation between nodes, which ours of its tables does not repeat"
    return "its iteration stops at steps of 0.5 km, the place is poorly held"


def network(
    rnd: random.Random, n: int, near: float, far: float, sector: tuple[float, float], at: tuple[float, float]
) -> dict:
    """Sites at random in a ring (deg) and sector (deg) around a place."""
    sites = {}
    for i in range(n):
        a, b = destination_(at[0], at[1], rnd.uniform(*sector), rnd.uniform(near, far))
        sites[f"S{i:02d}"] = Site(key=f"S{i:02d}", longitude=a, latitude=b)
    return sites


def trials(
    rng, sites: dict, at: tuple[float, float], depth: float, settings: locate.Settings, count: int, start
) -> list:
    """(error km, place in the ellipse) of locations of simulated first P with correlated model errors, as assumed."""
    n = len(sites)
    rows = [(Pick(pick_id=k, station_key=k, time_ns=0, time_sigma_s=0.5), "P") for k in sites]
    problem = Problem(rows, sites, locate.Settings())
    problem.evaluate(np.array([*at, depth, 0.0]))
    shared = np.empty((n, n))
    wave = np.zeros(n, np.int64)
    correlations_(problem.vec, wave, shared, paths_(wave, problem.out))
    s = problem.out[:, 4]
    c = shared * np.outer(s, s) + np.diag(problem.data[:, 2] ** 2)
    assert cholesky_(c, n)
    lower, exact = np.tril(c), problem.kept[:, 0, 0].copy()
    keys = [p.station_key for p, _ in problem.rows]
    found = []
    for _ in range(count):
        e = (lower * rng.standard_normal(n)).sum(axis=1)
        noisy = [
            (Pick(pick_id=k, station_key=k, time_ns=round((t + v) * 1e9), time_sigma_s=0.5), "P")
            for k, t, v in zip(keys, exact, e, strict=True)
        ]
        found.append(inside(locate.locate(noisy, sites, settings, start).origin, *at))
    return found


def monte_carlo(count: int, search: bool) -> None:
    """Share of trials with correlated model errors, as assumed, whose 90 % ellipse holds the truth, its depth known.

    search: rivals are sought and the ellipse widened for them, as in `locate` by default; else the start is trusted.
    """
    at, rnd, rng = (129.08, 41.295), random.Random(8), np.random.default_rng(4)
    held, shares = locate.Settings(search=search, fixed_depth_km=0.0), []
    words = "whole search" if search else "trusted start"
    for n, near, far in ((15, 3.0, 11.0), (30, 3.0, 90.0), (60, 25.0, 95.0), (25, 0.5, 6.0)):
        sites = network(rnd, n, near, far, (0.0, 360.0), at)
        found = trials(rng, sites, at, 0.0, held, count // 4, (*at, 0.0, 0))
        shares.append(sum(u <= 1.0 for _, u in found) / len(found))
        print(
            f"Monte Carlo, {words}, {n} stations at {near:g} to {far:g} deg: {100 * shares[-1]:.1f} % of {len(found)} in the 90 % ellipse "
            f"(one sigma {spread(shares[-1], len(found)):.2f} %)"
        )
    whole = sum(shares) / len(shares)
    print(
        f"Monte Carlo, {words}, {count} trials over 4 networks: {100 * whole:.2f} % in the 90 % ellipse (one sigma {spread(whole, count):.2f} %)"
    )


def spread(share: float, count: int) -> float:
    """Binomial standard deviation of a share, in per cent."""
    return 100.0 * math.sqrt(share * (1.0 - share) / count)


def one_sided(count: int) -> None:
    """Small networks on one side, the whole search and the question of depth included (simulated)."""
    at, rnd, rng = (78.0, 50.0), random.Random(8), np.random.default_rng(4)
    for n, near, far, sector in ((8, 36.0, 44.0, (300.0, 330.0)), (8, 18.0, 26.0, (300.0, 330.0)), (6, 11.0, 22.0, (300.0, 320.0)),
                                 (12, 3.0, 11.0, (200.0, 260.0)), (8, 1.0, 6.0, (90.0, 180.0))):  # fmt: skip
        sites = network(rnd, n, near, far, sector, at)
        for depth in (0.0, 15.0):
            found = trials(rng, sites, at, depth, locate.Settings(), count, None)
            km = sorted(d for d, _ in found)
            print(
                f"one side (simulated): {n} stations at {near:.0f} to {far:.0f} deg within {sector[1] - sector[0]:.0f} deg of azimuth, source at "
                f"{depth:2.0f} km: {100 * sum(u <= 1.0 for _, u in found) / count:.0f} % in the 90 % ellipse, median error {median(km):.0f} km, "
                f"largest {km[-1]:.0f}"
            )


def published() -> None:
    """Errors and coverage over all events with truth or a bulletin's solution."""
    settings = locate.Settings()
    found = events(settings)
    print_events(found)
    calibration(found)
    depths(found)
    relative(found)
    relative(together(settings))
    regional_families(settings)


PARTS = {
    "events": published,
    "starts": lambda: starts(locate.Settings()),
    "locsat": lambda: print_locsat(locsat()),
    "one-sided": lambda: one_sided(200),
    "monte-carlo": lambda: (monte_carlo(40000, False), monte_carlo(10000, True)),
}


def main() -> None:
    """Print the figures of the parts asked for."""
    unknown = [p for p in sys.argv[1:] if p not in PARTS]
    if unknown:
        sys.exit(f"expected parts out of {', '.join(PARTS)}, got {unknown[0]}")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
