"""Figures of size and identify on real recordings, with the catalogue origins: no detector and no locator needed.

Run with TESTBAN_DATA set: python bench/figures_identify.py [ps|table|yield|mb]. Prints P/S per event, the verdicts, the verdicts
with the origin moved by 10 km and 1 s, leave-one-event-out, the mb of nnsn_nuclear against the Oklahoma mb.
"""

import csv
import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np

from testban import identify, size
from testban.base import geo, times
from testban.base.errors import InputError
from testban.base.records import Arrival, Ellipse, Event, Origin, Site
from testban.earth import travel
from testban.formats import inventory, waveforms
from testban.identify import calibration, regional, relations, scores, source_size, yield_depth, yields

NS = 1_000_000_000
DPRK = ("dprk_2009-05-25", "dprk_2016-01-06", "dprk_2017-09-03")
REGIONS = ("dprk", "eq_germany", "eq_2019-07-16", "eq_2019-07-06", "eq_1982")
GREAT_BASIN = ("eq_2019-07-06", "eq_1982")  # within 300 km of each other


def data():
    root = os.environ.get("TESTBAN_DATA")
    if not root:
        sys.exit("expected TESTBAN_DATA to name the folder of recordings, got nothing: set it")
    return Path(root) / "waveforms"


def origin(time_ns, lon, lat, depth_km=0.0, fixed=True):
    return Origin(
        time_ns=time_ns,
        longitude=lon,
        latitude=lat,
        depth_km=depth_km,
        depth_fixed=fixed,
        depth_reason="catalogue",
        time_sigma_s=0.5,
        ellipse=Ellipse(smajor_km=5.0, sminor_km=5.0, strike_deg=0.0),
        rms_s=0.5,
        n_defining=5,
        n_stations=5,
        gap_deg=90.0,
        secondary_gap_deg=120.0,
        min_distance_deg=1.0,
        max_distance_deg=10.0,
    )


def sites(path):
    out = {}
    with path.open() as f:
        for r in csv.DictReader(f):
            key = f"{r['network']}.{r['station']}"
            out[key] = Site(
                key=key,
                longitude=float(r["longitude"]),
                latitude=float(r["latitude"]),
                elevation_m=float(r["elevation_m"] or 0),
            )
    return out


def segments(*paths):
    return [s for p in paths for s in waveforms.read(p)[0]]


def from_quakeml(path):
    import obspy

    event = obspy.read_events(str(path))[0]
    o = event.preferred_origin() or event.origins[0]
    return origin(o.time.ns, o.longitude, o.latitude, o.depth / 1e3)


def regional_events():
    """Name, class, origin, segments, channels by station key, sites."""
    root = data()
    for name in DPRK:
        folder = root / name
        j = json.loads((folder / "event.json").read_text())
        files = sorted(folder.glob("regional_800s*.mseed")) or [folder / "raw_counts.mseed"]
        t = times.parse_time(j["origin_time"])
        parts, places = segments(*files), sites(folder / "stations.csv")
        sac = [folder / "sacpz"] if (folder / "sacpz").is_dir() else []
        inv = inventory.read_inventory([*sac, folder / "stations.csv"])
        yield name, "explosion", origin(t, j["lon"], j["lat"]), parts, inv, places
        if "collapse_time" in j:
            more = parts + segments(folder / "continuous_2h_IC.MDJ.mseed")
            collapse = origin(times.parse_time(j["collapse_time"]), j["lon"], j["lat"])
            yield "dprk_2017 collapse", "collapse", collapse, more, inv, places
    folder = root / "eq_germany_grsn"
    inv = inventory.read_inventory([folder / "stations.xml"])
    for day in ("2001-06-23", "2003-02-22", "2003-03-22"):
        o = from_quakeml(folder / day / "event.xml")
        yield (
            f"eq_germany_{day}",
            "earthquake",
            o,
            segments(folder / day / "waveforms.mseed"),
            inv,
            sites(folder / "stations.csv"),
        )
    folder = root / "eq_2019-07-16_california_bk"
    inv = inventory.read_inventory([folder / "stations.xml"])
    yield (
        folder.name,
        "earthquake",
        from_quakeml(folder / "event.xml"),
        segments(folder / "waveforms.mseed"),
        inv,
        sites(folder / "stations.csv"),
    )
    for name in ("eq_2019-07-06_ridgecrest", "eq_1982-09-24_california_nevada_lnn"):
        folder = root / name
        j = json.loads((folder / "event.json").read_text())
        o = origin(times.parse_time(j["origin_time"]), j["lon"], j["lat"], j["depth_km"])
        inv = inventory.read_inventory([folder / "stations.csv"])
        yield (
            name,
            "earthquake",
            o,
            segments(*sorted(folder.glob("*.mseed"))),
            inv,
            sites(folder / "stations.csv"),
        )


def first_p(o, site):
    """The P arrival that the catalogue origin predicts, standing for a pick."""
    table = travel.load("ak135")
    delta, azimuth, baz = geo.delaz_(o.longitude, o.latitude, site.longitude, site.latitude)
    return Arrival(
        pick_id=site.key,
        station_key=site.key,
        phase="P",
        time_ns=o.time_ns + round(float(table.predict("P1", o.depth_km, delta)[0]) * 1e9),
        distance_deg=delta,
        azimuth_deg=azimuth,
        backazimuth_deg=baz,
    )


def measure(o, parts, inv, places, arrivals=()):
    by_station = {}
    for s in parts:
        by_station.setdefault(s.nslc.net_sta, []).append(s)
    paths, amplitudes = [], []
    for key in sorted(set(by_station) & set(places)):
        channels = inv.for_station(key, o.time_ns)
        paths.append(identify.measure_path(o, places[key], by_station[key], channels, arrivals))
        amplitudes += size.measure_station(o, places[key], by_station[key], channels, arrivals)
    return paths, amplitudes


def moved(o, km, azimuth, seconds):
    lon, lat = geo.destination_(o.longitude, o.latitude, azimuth, km / geo.KM_PER_DEG)
    return msgspec.structs.replace(o, longitude=lon, latitude=lat, time_ns=o.time_ns + round(seconds * 1e9))


def judge(name, o, paths, amplitudes=(), settings=None):
    magnitudes = size.network(o, (), (), (), amplitudes, ())
    event = Event(event_id=name, origin=o, arrivals=(), magnitudes=magnitudes)
    return identify.assess(event, paths, (), settings or identify.Settings()), magnitudes


def region(name):
    """The region of an event, as `calibrate ps` finds it from the epicentres."""
    found = next(r for r in REGIONS if name.startswith(r))
    return "great basin" if found in GREAT_BASIN else found


def fitted(measured, kinds, leave=(), name="left out", sizes=None):
    """A model of all events but some, the spread widened by the number of regions. sizes: magnitude of each event."""
    rest = {k: v for k, v in measured.items() if k not in leave and kinds[k] != "collapse"}
    return calibration.fit(
        {k: v for k, v in rest.items() if kinds[k] == "explosion"},
        {k: v for k, v in rest.items() if kinds[k] == "earthquake"},
        name,
        {k: region(k) for k in rest},
        sizes,
    )


def vertical_only(paths):
    """The same paths as if only the vertical had been recorded."""
    return [
        msgspec.structs.replace(p, bands=p.vertical, components=1, vertical=()) if p.components == 3 else p
        for p in paths
    ]


def everything():
    """Paths, classes, events with magnitudes, and sizes of all regional events."""
    measured, kinds, events = {}, {}, {}
    for name, kind, o, parts, inv, places in regional_events():
        measured[name], amplitudes = measure(o, parts, inv, places)
        magnitudes = size.network(o, (), (), (), amplitudes, ())
        kinds[name], events[name] = kind, Event(event_id=name, origin=o, arrivals=(), magnitudes=magnitudes)
    return measured, kinds, events, {k: source_size.of_event(e) for k, e in events.items()}


def table():
    """The table that comes with the program."""
    measured, kinds, _, sizes = everything()
    model = fitted(measured, kinds, (), calibration.PS_DEFAULT.name, sizes)
    print(msgspec.structs.replace(model, pairs=None))
    for r in model.pairs.ratios:
        print(f"    {tuple(getattr(r, f) for f in r.__struct_fields__)},")
    print(model.pairs.between_pairs, model.pairs.between_bands, model.pairs.inflation)


def ps_figures():
    measured, kinds, rows = {}, {}, []
    for name, kind, o, parts, inv, places in regional_events():
        paths, amplitudes = measure(o, parts, inv, places)
        measured[name], kinds[name] = paths, kind
        a, magnitudes = judge(name, o, paths, amplitudes)
        e = next(x for x in a.evidence if x.name == regional.NAME)
        blocked = sum(1 for p in paths if p.lg_blocked)
        unsure = sum(1 for p in paths if p.lg_judged and p.lg_blocked is None)
        moves = []
        picked = [first_p(o, s) for _, s in sorted(places.items())]
        for azimuth, seconds in ((0, 1.0), (90, -1.0), (180, 1.0), (270, -1.0)):
            shifted = moved(o, 10.0, azimuth, seconds)
            for known in ((), picked):
                again = measure(shifted, parts, inv, places, known)[0]
                moves.append(judge(name, shifted, again, amplitudes)[0])
        same = all(m.verdict == a.verdict for m in moves)
        rows.append((name, kind, e.value, a, same))
        value = "  n/a" if e.value is None else f"{e.value:+.2f}"
        mags = " ".join(f"{m.kind} {m.value:.2f}+-{m.sigma:.2f}{m.bound}({m.n_detected})" for m in magnitudes)
        lr = "n/a" if a.log10_lr is None else f"{a.log10_lr:+.2f}"
        shifted_lr = " ".join("n/a" if m.log10_lr is None else f"{m.log10_lr:+.2f}" for m in moves)
        print(
            f"{name:38s} {kind:10s} P/S {value} paths {e.detail.get('n_paths', 0):.0f} blocked {blocked} "
            f"unsure {unsure} log10LR {lr} {a.verdict} | moved 10 km, 1 s (P predicted, P picked): {shifted_lr} "
            f"{'same verdict' if same else 'CHANGED'} | {mags}"
        )
    x = [r[2] for r in rows if r[1] == "explosion" and r[2] is not None]
    q = [r[2] for r in rows if r[1] == "earthquake" and r[2] is not None]
    print(
        f"events separate: lowest test {min(x):+.2f}, highest earthquake {max(q):+.2f}, margin {min(x) - max(q):.2f}"
    )
    blocked_values(measured, kinds)
    leave_one_out(measured, kinds)
    by_half(measured, kinds)
    leave_one_station_out(measured)


def blocked_values(measured, kinds):
    model = calibration.PS_DEFAULT
    land, sea = [], []
    for name, paths in measured.items():
        if kinds[name] != "explosion":
            continue
        for p in paths:
            got = regional.path_value(p, model)
            if got is not None and got[1] == "":
                (land if p.usable else sea).append(got[0])
    print(
        f"tests: open paths {np.mean(land):+.2f} (n {len(land)}), paths set aside {np.mean(sea):+.2f} (n {len(sea)})"
    )


def leave_one_out(measured, kinds):
    """Each event judged by a model fitted on all others, and on all of other regions; three components and the vertical."""
    for what, alone in (("three components", False), ("vertical alone", True)):
        for whole in (False, True):
            print(f"leave one {'region' if whole else 'event'} out, {what}:")
            right = wrong = n = 0
            for name, paths in measured.items():
                if whole and name.startswith("dprk"):
                    continue  # the tests are all of one region, which cannot be left out
                out = [k for k in measured if region(k) == region(name)] if whole else [name]
                used = vertical_only(paths) if alone else paths
                model = fitted(measured, kinds, out)
                a, _ = judge(name, origin(0, 0.0, 0.0), used, (), identify.Settings(ps=model))
                print(f"  {name:38s} {a.verdict} {a.log10_lr}")
                if kinds[name] == "collapse":
                    continue
                n += 1
                right += a.verdict.value == f"{kinds[name]}-like"
                wrong += a.verdict.value not in (f"{kinds[name]}-like", "undetermined")
            r, w = scores.share(right, n), scores.share(wrong, n)
            print(
                f"  right {r.k} of {n} ({r.low:.0%}-{r.high:.0%}), wrong {w.k} of {n} ({w.low:.0%}-{w.high:.0%}), "
                f"undetermined {n - right - wrong}"
            )


def by_half(measured, kinds):
    """Fitted on one test (2016) and the earthquakes in odd positions, the others judged."""
    quakes = sorted(k for k in measured if kinds[k] == "earthquake")
    inside = {"dprk_2016-01-06", *quakes[0::2]}
    model = fitted(measured, kinds, [k for k in measured if k not in inside])
    print("fitted on the test of 2016 and the earthquakes in odd positions:")
    for name in measured:
        if name not in inside:
            a, _ = judge(name, origin(0, 0.0, 0.0), measured[name], (), identify.Settings(ps=model))
            print(f"  {name:38s} {a.verdict} {a.log10_lr}")


def leave_one_station_out(measured):
    """Verdicts of each event with each of its good paths left out."""
    print("leave one path out:")
    for name, paths in measured.items():
        counts = {}
        for p in paths:
            if p.usable:
                rest = [q for q in paths if q is not p]
                verdict = str(judge(name, origin(0, 0.0, 0.0), rest)[0].verdict)
                counts[verdict] = counts.get(verdict, 0) + 1
        print(f"  {name:38s} {counts}")


def group(row):
    if row["site"] == "KTS":
        return "Degelen (tunnels)" if row["type"] == "TUNNEL" else "Balapan (shafts)"
    return row["site"] or "peaceful"


def mb_events():
    folder = data() / "nnsn_nuclear"
    places = sites(folder / "stations.csv")
    inv = inventory.read_inventory([folder / "stations.xml"])
    quality = {}
    with (folder / "quality_traces.csv").open() as f:
        for r in csv.DictReader(f):
            if r.get("expected_p_s_after_trace_start"):
                quality[r["id"], r["station"]] = r
    with (folder / "events.csv").open() as f:
        rows = sorted(csv.DictReader(f), key=lambda r: r["id"])
    for row in rows:
        t = times.parse_time(row["sipri_time"].split()[0])
        o = origin(t + 2_500_000_000, float(row["sipri_lon"]), float(row["sipri_lat"]))
        parts = segments(folder / f"{row['id']}.mseed")
        by_station, arrivals = {}, []
        for s in parts:
            by_station.setdefault(s.nslc.net_sta, []).append(s)
            q = quality.get((row["id"], s.nslc.station))
            if q and s.nslc.channel[2:] == "Z":
                arrivals.append(
                    Arrival(
                        pick_id=str(s.nslc),
                        station_key=s.nslc.net_sta,
                        phase="P",
                        time_ns=s.start_ns + round(float(q["expected_p_s_after_trace_start"]) * 1e9),
                        distance_deg=float(q["distance_deg"]),
                        azimuth_deg=0.0,
                        backazimuth_deg=0.0,
                    )
                )
        got, paths = [], []
        for key in sorted(set(by_station) & set(places)):
            channels = inv.for_station(key, o.time_ns)
            got += size.measure_station(o, places[key], by_station[key], channels, arrivals)
            paths.append(identify.measure_path(o, places[key], by_station[key], channels, ()))
        yield row, o, places, got, paths


def mb_figures():
    events = list(mb_events())
    values = {}
    refused = outlying = near = 0
    for row, o, places, got, _ in events:
        mags = size.network(o, (), (), tuple(places.values()), got, ())
        near += sum(1 for m in got if m.kind == "mb" and m.status == "out-of-range" and m.distance_deg < 20)
        mb = next((m for m in mags if m.kind == "mb"), None)
        if mb is None:
            print(f"{row['id']} no mb: {sorted({m.reason for m in got if m.kind == 'mb'})}")
            continue
        refused += sum(1 for s in mb.stations if s.value is None)
        flagged = [f"{s.station_key} {s.value:.2f}" for s in mb.stations if s.reason.startswith("outlying")]
        outlying += len(flagged)
        values[row["id"]] = mb
        print(
            f"{row['id']} {group(row):18s} Oklahoma {row['okla_mb'] or '-':4s} mb {mb.value:.2f} +- {mb.sigma:.2f} "
            f"stations {mb.n_detected}/{mb.n_censored} {mb.bound} outlying: {flagged}"
        )
    judge_teleseismic(events)
    print(f"mb refused nearer than 20 deg: {near} stations; outlying {outlying}")
    for half, label in ((0, "tuning half (odd positions)"), (1, "reporting half")):
        by_group, pooled = {}, []
        for i, (row, *_) in enumerate(events):
            if i % 2 == half and row["id"] in values and row["okla_mb"]:
                by_group.setdefault(group(row), []).append(values[row["id"]].value - float(row["okla_mb"]))
        print(label)
        for g, v in sorted(by_group.items()):
            spread = f"{np.std(v, ddof=1):.2f}" if len(v) > 1 else "-"
            print(f"  {g:18s} n {len(v)} bias {np.mean(v):+.2f} scatter {spread} {np.round(v, 2).tolist()}")
            pooled += [(x - np.mean(v), len(v)) for x in v if len(v) > 1]
        dof = len(pooled) - sum(1 for v in by_group.values() if len(v) > 1)
        print(f"  pooled scatter after site terms {(sum(x * x for x, _ in pooled) / dof) ** 0.5:.2f}")


def judge_teleseismic(events):
    """Verdicts, screening and yields of nnsn_nuclear, from magnitudes and the few paths that P/S can use."""
    verdicts, categories, combined, held = {}, {}, 0, []
    for row, o, places, got, paths in events:
        mags = size.network(o, (), (), tuple(places.values()), got, ())
        a = identify.assess(Event(event_id=row["id"], origin=o, arrivals=(), magnitudes=mags), paths, ())
        e = next(x for x in a.evidence if x.name == regional.NAME)
        if e.applicable:
            print(
                f"{row['id']} P/S {e.value:+.2f}, {e.detail['n_paths']:.0f} path(s), log10 LR {e.log10_lr:+.2f}: {a.verdict.value}"
            )
        verdicts[a.verdict.value] = verdicts.get(a.verdict.value, 0) + 1
        categories[a.screening.category] = categories.get(a.screening.category, 0) + 1
        combined += a.screening.combined
        mb = [m for m in mags if m.kind == "mb" and not m.bound]
        if mb and row["sipri_yield_l"] and row["sipri_yield_u"]:
            place = "semipalatinsk" if row["site"] == "KTS" else "anywhere"
            y = yields.estimate(mb, yields.YieldSettings(site=place)).intervals[0]
            held.append(y.low_kt <= float(row["sipri_yield_u"]) and y.high_kt >= float(row["sipri_yield_l"]))
    print(f"verdicts {verdicts}; screening {categories}; screened out by all evidence together {combined}")
    print(f"90 % yield intervals that overlap the catalogue's range: {sum(held)} of {len(held)}")


PAIRS_OF_TESTS = (
    ("dprk_2016-01-06", "dprk_2009-05-25", (2.0, 4.8), 5.1),
    ("dprk_2017-09-03", "dprk_2016-01-06", (6.0, 12.0), 6.1),
    ("dprk_2009-05-25", "dprk_2016-01-06", (6.0, 12.0), 4.7),
    ("dprk_2017-09-03", "dprk_2009-05-25", (2.0, 4.8), 6.1),
)


def yield_figures():
    """Yield and depth of the tests over each other, with and without mb; what the master was is as published."""
    measured = everything()[0]
    law, place = relations.RELATIONS["bowers"], relations.site("anywhere")
    for name, other, kt, mb in PAIRS_OF_TESTS:
        found = yield_depth.steps(measured[name], measured[other])
        print(f"{name} over {other}", [f"{s.log10_ratio:+.2f} ({s.n})" for s in found])
        master = yield_depth.Master(yield_kt=kt, depth_m=(300.0, 800.0))
        for given in (None, (mb, 0.1)):
            try:
                y = yield_depth.estimate(found, master, given, law, place, (0.01, 2000.0), 0.9)
            except InputError as exc:
                print(f"  {exc}")
                continue
            print(f"  mb {given}: {y.yield_kt} kt, {y.depth_m} m, correlation {y.correlation}")


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    if what in ("ps", "all"):
        ps_figures()
    if what == "table":
        table()
    if what in ("yield", "all"):
        yield_figures()
    if what in ("mb", "all"):
        mb_figures()
