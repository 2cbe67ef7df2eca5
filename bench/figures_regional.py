"""Regional errors from automatic picks in the central and eastern United States: variograms of residuals and ellipses.

Needs TESTBAN_DATA. `python -m bench.figures_regional`. Truth: the PDE's epicentres of the 71 events that GLASS3 also found
(picks_neic_ceus_2017); picks: those that GLASS3 gave to them, so that where it was misled we are (its own distance from the PDE is
printed beside ours). LONG_KM of `locate.errors_model` was chosen from the first half's variograms. A pick's error is taken as 0.3 s.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from bench.figures_location import data, inside, rows_of
from testban import locate
from testban.base.geo import delaz_, distance_km_
from testban.base.records import Pick, Site
from testban.base.times import parse_time
from testban.earth import travel
from testban.locate.errors_model import apart_, paths_
from testban.locate.problem import Problem

Case = tuple[tuple[int, float, float, float], list[tuple[Pick, str]], dict[str, Site], float]
SAME_S, SAME_DEG, PICK_S = 20.0, 1.0, 0.3
FAR_S = 5.0  # from the median: another phase or none
BEHIND_S, ITS_S = (1.5, 3.0, 5.0, 8.0, 20.0), 2.5
EDGES_KM = (10, 30, 60, 100, 150, 200, 300, 400, 600, 900, 1500)


def cases() -> list[Case]:
    """By time: PDE's time (ns), longitude, latitude, depth; picks; sites; how far GLASS3 is off (km). The detection with most picks."""
    folder: Path = data() / "picks_neic_ceus_2017"
    sites: dict[str, Site] = {}
    for r in rows_of(folder / "stations.csv"):
        key = f"{r['net']}.{r['sta']}"
        sites.setdefault(key, Site(key=key, longitude=float(r["lon"]), latitude=float(r["lat"]),
                                   elevation_m=float(r["elev_m"] or 0.0)))  # fmt: skip
    picks: dict[str, list[tuple[Pick, str]]] = {}
    for r in rows_of(folder / "glass3_associations.csv"):
        key = f"{r['net']}.{r['sta']}"
        if key in sites:
            pick = Pick(
                pick_id=r["pick_id"], station_key=key, time_ns=parse_time(r["time"]), time_sigma_s=PICK_S
            )
            picks.setdefault(r["det_id"], []).append((pick, r["phase"]))
    events = [
        (parse_time(r["time"].replace(" ", "T").replace("+00:00", "Z")), float(r["Lon"]), float(r["Lat"]), float(r["Dep"]))
        for r in rows_of(folder / "events.csv")
    ]  # fmt: skip
    best: dict[tuple[int, float, float, float], Case] = {}
    for d in rows_of(folder / "glass3_detections.csv"):
        t, lon, lat, own = parse_time(d["time"]), float(d["lon"]), float(d["lat"]), picks.get(d["id"], [])
        near = [
            e for e in events if abs(e[0] - t) < SAME_S * 1e9 and delaz_(e[1], e[2], lon, lat)[0] < SAME_DEG
        ]
        if not near or len({p.station_key for p, _ in own}) < 4:
            continue
        e = min(near, key=lambda e: abs(e[0] - t))
        if e not in best or len(own) > len(best[e][1]):
            best[e] = (
                e,
                own,
                {p.station_key: sites[p.station_key] for p, _ in own},
                distance_km_(e[1], e[2], lon, lat),
            )
    return [best[e] for e in sorted(best)]


def pairs(some: list[Case], kind: int) -> Iterator[tuple[float, float]]:
    """Distance (km) of two stations, and half the square of the difference of their P residuals over their model errors."""
    for (t, lon, lat, depth), rows, sites, _ in some:
        p = Problem([r for r in rows if r[1] == "P"], sites, locate.Settings())
        p.evaluate(np.array([lon, lat, depth, (t - p.reference_ns) / 1e9]))
        middle, paths, seen = float(np.nanmedian(p.out[:, 0])), paths_(p.waves[:, 0].copy(), p.out), set()
        keep = []
        for i, key in enumerate(p.keys):
            if paths[i] == kind and abs(p.out[i, 0] - middle) < FAR_S and key not in seen:
                seen.add(key)
                keep.append(i)
        for n, i in enumerate(keep):
            for j in keep[:n]:
                km = 6371.0 * float(np.sqrt(((p.vec[i] - p.vec[j]) ** 2).sum()))
                yield km, 0.5 * (p.out[i, 0] - p.out[j, 0]) ** 2 / (p.out[i, 4] * p.out[j, 4])


def variograms(all_cases: list[Case]) -> None:
    """Semivariance over the variance of the model (robust: half-squares by their median) beside what the kernel says."""
    half = len(all_cases) // 2
    for kind, name in ((0, "crust"), (1, "uppermost mantle")):
        for part, some in (("first half", all_cases[:half]), ("second half", all_cases[half:])):
            found = np.array(list(pairs(some, kind)))
            texts = []
            for lo, hi in pairwise(EDGES_KM):
                here = found[(found[:, 0] >= lo) & (found[:, 0] < hi), 1]
                if len(here) >= 30:
                    now = 1.0 - apart_(0.5 * (lo + hi), kind, kind)
                    before = 1.0 - apart_(0.5 * (lo + hi), 2, 2)
                    texts.append(
                        f"{lo}-{hi} km {np.median(here) / 0.455:.2f} (kernel {now:.2f}, deep paths {before:.2f})"
                    )
            print(f"{name}, {part}: " + "; ".join(texts))


def ellipses(all_cases: list[Case]) -> None:
    """Errors and coverage of both estimates, by half; among them the events that GLASS3 itself put within 8 km."""
    for name, settings in (("default", locate.Settings()), ("whitened", locate.Settings(whitened=True))):
        found = []
        for (_, lon, lat, _), rows, sites, glass in all_cases:
            o = locate.locate(rows, sites, settings).origin
            found.append((*inside(o, lon, lat), o.ellipse.area_km2, glass))
        half = len(found) // 2
        near = [f for f in found if f[3] < 8.0]
        for part, some in (
            ("first half", found[:half]),
            ("second half", found[half:]),
            ("whole", found),
            ("GLASS3 within 8 km", near),
        ):
            held = sum(u <= 1.0 for _, u, _, _ in some)
            print(f"{name}, {part}: {len(some)} events, median error {median(f[0] for f in some):.1f} km (GLASS3 "
                  f"{median(f[3] for f in some):.1f}), in the 90 % ellipse {held} ({100 * held / len(some):.0f} +- "
                  f"{100 * math.sqrt(held * (len(some) - held) / len(some) ** 3):.0f} %), median area {median(f[2] for f in some):.0f} km2")  # fmt: skip


def missed(all_cases: list[Case]) -> None:
    """Of the first P picks of stations, how many are Pg, by how long Pg follows the first arrival (decision 72)."""
    half = len(all_cases) // 2
    for part, some in (("first half", all_cases[:half]), ("second half", all_cases[half:])):
        found = np.array([r for c in some for r in _firsts(c)])
        for lo, hi in pairwise(BEHIND_S):
            here = found[(found[:, 1] >= lo) & (found[:, 1] < hi)]
            first, later = np.abs(here[:, 0]), np.abs(here[:, 0] - here[:, 1])
            pn = int(((first < ITS_S) & (first < later)).sum())
            pg = int(((later < ITS_S) & (later < first)).sum())
            print(
                f"first P where Pg follows by {lo:g} to {hi:g} s, {part}: Pg {pg} of {pn + pg} ({100 * pg / (pn + pg):.0f} %)"
            )


def _firsts(case: Case) -> list[tuple[float, float]]:
    """Residual of every station's first P pick, less their median where Pg is near, and how much later than the first arrival Pg is (s)."""
    (t, lon, lat, depth), rows, sites, _ = case
    model, first = travel.load("ak135"), {}
    for pick, label in sorted(rows, key=lambda r: r[0].time_ns):
        if label == "P":
            first.setdefault(pick.station_key, (pick.time_ns - t) / 1e9)
    delta = np.array([delaz_(lon, lat, sites[k].longitude, sites[k].latitude)[0] for k in first])
    p, pg = (model.predict(name, np.full(delta.size, max(0.0, depth)), delta)[0] for name in ("P1", "Pg"))
    late, behind = np.array(list(first.values())) - p, pg - p
    near = late[behind < BEHIND_S[1]]
    middle = float(np.median(near if near.size else late))
    return [(r - middle, b) for r, b in zip(late.tolist(), behind.tolist(), strict=True) if b == b]


if __name__ == "__main__":
    everything = cases()
    missed(everything)
    variograms(everything)
    ellipses(everything)
