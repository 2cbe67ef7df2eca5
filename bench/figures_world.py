"""How honest the stated probability is in a simulated world: records rendered, paths measured, verdicts compared with the truth.

`nice python bench/figures_world.py [explosions] [folder] [seed] [explosions reported]`: with a folder, reliability and ROC go there as
pictures, and what was measured at each station, so that a run that was killed goes on. Seed 11 calibrates, another (12 unless told) reports, on as many explosions unless told. Records come from `simulate` (P, S,
Lg, noise, 20 sps, three components, eight stations at 2 to 8 degrees), paths from `identify.measure_path` with the true origin,
verdicts from `identify.assess`. The physics of the world is its own (a stand-in, docs/rooms/simulate.md): the figures say whether
the machinery is honest where its model can be fitted, not how well it does on Earth.
"""

import math
import sys
import time
from pathlib import Path

import msgspec
from figures_identify import origin

from testban import identify, simulate
from testban.base.dmath import exp10_
from testban.base.geo import destination_
from testban.base.measurements import PathMeasurement
from testban.base.records import Arrival, Event
from testban.base.spans import Span
from testban.base.times import NS_PER_S, format_time, parse_time
from testban.identify import calibration, regional, scores
from testban.run import judging
from testban.simulate import draws
from testban.simulate.scenario import Scenario, Source, Station

EVERY_S = 720
SHARE = 1 / 6
START = "2026-05-01T00:00:00Z"


def scenario(seed, n, every):
    """n events about 10 E 50 N, one of `every` an explosion, mb 2.9 to 4.5; stations around."""
    t0, sources = parse_time(START), []
    u = draws.uniform(draws.key(seed, "figures_world"), 5 * n)
    for i in range(n):
        a, b, c, d, _ = (float(v) for v in u[5 * i : 5 * i + 5])
        sources.append(
            Source(
                name=f"e{i:04d}",
                kind="earthquake" if i % every else "explosion",
                longitude=9.0 + 2.0 * a,
                latitude=49.3 + 1.4 * b,
                depth_km=5.0 + 15.0 * c if i % every else 0.5,
                mb=2.9 + 1.6 * d,
                time=format_time(t0 + (120 + EVERY_S * i) * NS_PER_S),
            )
        )
    stations = []
    for i in range(8):
        lon, lat = destination_(10.0, 50.0, 45.0 * i + 11.0, 2.5 + 0.7 * i)
        stations.append(Station(code=f"S{i}", longitude=lon, latitude=lat, noise=0.35))
    return Scenario(
        title="world of figures_world",
        seed=seed,
        start=START,
        duration_h=math.ceil(n * EVERY_S / 3600 + 0.5),
        station=tuple(stations),
        source=tuple(sources),
    )


def measured(seed, n, every, kept=None):
    """Truth and paths of every event. kept: folder where each station is put when done, so that a run that was killed goes on there."""
    s = scenario(seed, n, every)
    world = simulate.World(s)
    inv = simulate.inventory(s)
    places = {x.key: x for x in simulate.sites(s)}
    truth = {e.event_id: e for e in simulate.truth_events(s)}
    shocks = {w.event_id: w for w in world.shocks}
    paths = {k: [] for k in truth}
    for key in sorted(places):
        file = None if kept is None else kept / f"{seed}-{n}-{every}-{key}.msgpack"
        if file is not None and file.exists():
            found = msgspec.msgpack.decode(file.read_bytes(), type=list[tuple[str, PathMeasurement]])
        else:
            channels = [c for c in inv if c.nslc.net_sta == key]
            found = recorded(
                world, s, places[key], channels, sorted(truth.values(), key=lambda e: e.origin.time_ns)
            )
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                half = file.with_suffix(".part")
                half.write_bytes(msgspec.msgpack.encode(found))
                half.replace(file)
        for event_id, path in found:
            paths[event_id].append(path)
    return [(shocks[k].kind, truth[k], v) for k, v in sorted(paths.items()) if v]


def recorded(world, s, place, channels, todo):
    """Identifier and path of every event at one station; todo: events in order of time."""
    recorder, held, out = simulate.Recorder(world), [], []
    todo = list(todo)
    for hour in s.hours:
        held = held[-6:] + recorder.hour(place.key, hour)
        end = hour + 3600 * NS_PER_S
        while todo and todo[0].origin.time_ns + 500 * NS_PER_S < end:
            e = todo.pop(0)
            o = origin(e.origin.time_ns, e.origin.longitude, e.origin.latitude, e.origin.depth_km)
            window = Span(e.origin.time_ns - 90 * NS_PER_S, e.origin.time_ns + 500 * NS_PER_S)
            cut = [x for x in held if x.end_ns > window.start_ns and x.start_ns < window.end_ns]
            out.append((e.event_id, identify.measure_path(o, place, cut, channels, ())))
    return out


def model_of(events):
    """A P/S model from one world, with the spreads that this many events show."""
    sides = {kind: {e.event_id: p for k, e, p in events if k == kind} for kind in ("explosion", "earthquake")}
    model = calibration.fit(sides["explosion"], sides["earthquake"], "simulated")
    means, path = {}, []
    for kind, members in sides.items():
        means[kind] = []
        for p in members.values():
            voices = [v for v, bound in regional.voices(tuple(p), model) if not bound]
            if len(voices) >= 3:
                m = sum(voices) / len(voices)
                means[kind].append((m, len(voices)))
                path += [(v - m) ** 2 * len(voices) / (len(voices) - 1) for v in voices]
    spread_path = math.sqrt(sum(path) / len(path))
    between = []
    for rows in means.values():
        centre = sum(m for m, _ in rows) / len(rows)
        between += [(m - centre) ** 2 - spread_path**2 / n for m, n in rows]
    spread = math.sqrt(max(0.03**2, sum(between) / len(between)))
    return msgspec.structs.replace(model, spread_event=spread, spread_path=spread_path, cap=3.0)


def wrong(model):
    """The same model with the explosions shifted by half the distance between the classes, in every ratio."""
    ratios = tuple(
        msgspec.structs.replace(
            r,
            explosion=r.explosion + 0.5 * r.apart,
            vertical_explosion=None,
            vertical_earthquake=None,
        )
        for r in model.pairs.ratios
    )
    return msgspec.structs.replace(
        model,
        name="wrong: shifted by half the distance",
        explosion=tuple((b, m + model.separation()) for b, m in model.explosion),
        pairs=msgspec.structs.replace(model.pairs, ratios=ratios),
    )


def judged(events, settings, few=8):
    """Truth and assessment of each event: its P timed at all stations, where its origin is from, its P/S measured at a few of them."""
    out = []
    for kind, e, paths in events:
        o = msgspec.structs.replace(origin(0, 0.0, 0.0), depth_km=0.0)
        event = Event(event_id=e.event_id, origin=o, arrivals=tuple(timed(p) for p in paths))
        some = paths[:: max(1, 8 // few)][:few]
        out.append((kind == "explosion", identify.assess(event, some, (), settings)))
    return out


def timed(path):
    """The P of a station that took part in the location."""
    return Arrival(
        pick_id=path.station_key,
        station_key=path.station_key,
        phase="P",
        time_ns=0,
        distance_deg=path.distance_deg,
        azimuth_deg=path.azimuth_deg,
        backazimuth_deg=0.0,
    )


def figures(n=200, out=None, seed=12, told=None):
    t = time.time()
    kept = None if out is None else out / "measured"
    tune, report = measured(11, 2 * n, 2, kept), measured(seed, 6 * (told or n), 6, kept)
    print(f"rendered and measured {len(tune) + len(report)} events in {time.time() - t:.0f} s")
    model = model_of(tune)
    print(
        f"P/S fitted on seed 11: half distance {model.separation():.2f}, spread of events {model.spread_event:.2f}, "
        f"of paths {model.spread_path:.2f}, {model.n_explosions}+{model.n_earthquakes} events"
    )
    for label, few in (("all stations", 8), ("three stations", 3), ("two stations", 2), ("one station", 1)):
        for prior in (SHARE, 1e-5):
            rows = judged(report, identify.Settings(ps=model, prior=prior), few)
            line(label, rows, prior)
            if out is not None and prior == SHARE:
                rows_told = [
                    judging.Judgement(
                        event=e.event_id, explosion=x, log10_lr=a.log10_lr, said=a.verdict.value
                    )
                    for (x, a), (_, e, _) in zip(rows, report, strict=True)
                ]
                judging.write(
                    rows_told, out / label.replace(" ", "_"), f"simulated world, {label}", simulated=True
                )
    line("wrong calibration", judged(report, identify.Settings(ps=wrong(model), prior=SHARE)), SHARE)


def line(label, rows, prior):
    lr = [(x, a.log10_lr or 0.0) for x, a in rows]
    p = [prior * exp10_(v) / (1 - prior + prior * exp10_(v)) for _, v in lr]
    came = [x for x, _ in lr]
    verdicts = {k: [0, 0] for k in ("explosion-like", "earthquake-like", "undetermined")}
    for x, a in rows:
        verdicts[a.verdict.value][0 if x else 1] += 1
    text = ", ".join(f"{k} {v[0]}/{v[1]}" for k, v in verdicts.items())
    x, q = [v for e, v in lr if e], [v for e, v in lr if not e]
    area = scores.area(x, q)
    extra = ""
    if prior == SHARE:
        c = scores.calibration(p, came)
        seen, false, _ = scores.detected_at(x, q, 0.001)
        spoken = [i for i, (_, a) in enumerate(rows) if a.log10_lr]
        only = scores.calibration([p[i] for i in spoken], [came[i] for i in spoken]) if spoken else c
        extra = f"; calibration error {c.error:.3f} (an honest statement shows {c.by_chance:.3f} by chance), Brier {c.brier:.3f}, area {area.value:.3f} ({area.low:.3f}-{area.high:.3f}), "
        extra += f"of the {len(spoken)} events with evidence {only.error:.3f} ({only.by_chance:.3f}), "
        extra += f"at false alarms {false.k} of {false.n} ({false.low:.2%}-{false.high:.2%}) seen {seen.k} of {seen.n} ({seen.low:.0%}-{seen.high:.0%})"
    else:
        alarms = 7500 * verdicts["explosion-like"][1] / len(q)
        extra = f"; called explosion-like of 7,500 earthquakes a year: {alarms:.1f}; largest stated probability {max(p):.3g}"
    if label == "all stations" and prior == SHARE:
        print("stated -> came (n):", ", ".join(f"{a:.3f} -> {b:.3f} ({m})" for a, b, m in c.rows))
    print(f"{label}, prior {prior:g}: verdicts (explosions/earthquakes) {text}{extra}")


if __name__ == "__main__":
    given = sys.argv[1:]
    figures(
        int(given[0]) if given else 60,
        Path(given[1]) if len(given) > 1 else None,
        *(int(v) for v in given[2:4]),
    )
