"""Detection probability of the map against the real pipeline: events of known size in simulated continuous noise.

`python -m bench.figures_injection [--repeats N] [--out FOLDER] [--seeds 1,2]`. Twelve single three-component stations, ten sites,
five magnitudes, an event every 20 minutes; recordings by `simulate`, the main job with default settings, an event found where
the bulletin has one within 20 s and 2 degrees. The map's prediction takes the noise that the main job measured (1-3 Hz). The first
seed fits the map's signal-to-noise ratio and scatter by maximum likelihood, the second reports. All data are simulated: the
decay law of the world is the map's own beyond 20 degrees, so this tests noise, rule and pipeline, not the Earth.
"""

import argparse
import csv
import itertools
import json
import math
import tempfile
from pathlib import Path

import numpy as np

from testban.assure import capability, scenario
from testban.assure.capability import Rule
from testban.base.canonical import digest_of
from testban.base.geo import delaz_, destination_
from testban.base.times import NS_PER_S, format_time, parse_time
from testban.earth import travel
from testban.run import assurance_noise, batch, worlds
from testban.run.configuration import Configuration
from testban.simulate.scenario import Defaults, Faults, NoiseModel, Scenario, Source, Station

EVERY_S = 1200
START = "2026-05-01T00:00:00Z"
MAGNITUDES = (3.9, 4.1, 4.3, 4.5, 4.7)
SHIFT = (
    0.1  # stated error of the map's magnitude: fixed station terms of 0.15 on the three stations that decide
)
BAND = (1.0, 3.0)
BINS = (0.5, 1.5, 2.5, 4.0, 6.0, 10.0, 16.0, 100.0)  # of the ratio of A/T, for the curve of stations


def stations() -> tuple[Station, ...]:
    """Twelve stations 15 to 60 degrees from 60 E 45 N, all round."""
    out = []
    for i in range(12):
        lon, lat = destination_(60.0, 45.0, 30.0 * i + 7.0 * (i % 3), 18.0 + 3.5 * ((5 * i) % 12))
        out.append(Station(code=f"J{i:02d}", longitude=lon, latitude=lat))
    return tuple(out)


def sites() -> list[tuple[float, float]]:
    """Ten places within 12 degrees of the middle."""
    return [destination_(60.0, 45.0, 36.0 * i, 3.0 + 0.9 * i) for i in range(10)]


def world(seed: int, repeats: int) -> Scenario:
    """The world of one seed."""
    t0, sources = parse_time(START), []
    k = 0
    for r in range(repeats):
        for j, m in enumerate(MAGNITUDES):
            for i, (lon, lat) in enumerate(sites()):
                at = t0 + (900 + EVERY_S * k) * NS_PER_S
                sources.append(
                    Source(name=f"{r}/{i}/{j}", longitude=lon, latitude=lat, mb=m, time=format_time(at))
                )
                k += 1
    return Scenario(
        title="injection", seed=seed, start=START, duration_h=math.ceil(k * EVERY_S / 3600 + 0.5),
        station=stations(), source=tuple(sources), defaults=Defaults(noise=0.35, noise_spread=0.1),
        noise=NoiseModel(storms_per_day=0.0), faults=Faults(),
    )  # fmt: skip


def home(plan: Scenario, out: Path) -> Path:
    """Where the recordings of a world lie: named by all that makes it, so that no other world's are taken for it."""
    return out / f"seed{plan.seed}-{digest_of(plan)[7:15]}"


def found(seed: int, repeats: int, out: Path) -> list[dict]:
    """Each event with its place, size and whether the pipeline has it."""
    plan = world(seed, repeats)
    folder = home(plan, out)
    if not (folder / "stations.xml").exists():
        worlds.write(plan, folder, workers=1, progress=lambda *_: None)
    batch.run(
        [str(folder / "archive")],
        [folder / "stations.xml"],
        folder / "run",
        Configuration(workers=1),
        simulated=True,
    )
    rows, events = judged(plan, folder)
    false = events - int(sum(r["hit"] for r in rows))
    print(
        f"seed {seed}: {len(rows)} events, {int(sum(r['hit'] for r in rows))} found, {false} others in the bulletin"
    )
    return rows


def judged(plan: Scenario, folder: Path) -> tuple[list[dict], int]:
    """Each true event and whether the bulletin of a finished run has it; the number of events in the bulletin."""
    events = [
        (parse_time(r["time"]), float(r["longitude"]), float(r["latitude"]))
        for r in csv.DictReader((folder / "run" / "events.csv").open())
    ]
    rows = []
    for s in plan.source:
        at = parse_time(s.time)
        hit = any(
            abs(t - at) <= 20 * NS_PER_S and delaz_(x, y, s.longitude, s.latitude)[0] <= 2.0
            for t, x, y in events
        )
        rows.append(
            {"site": s.name, "lon": s.longitude, "lat": s.latitude, "mb": s.mb, "hit": float(hit), "time": at}
        )
    return rows, len(events)


def predicted(rows, sensors, rule: Rule) -> np.ndarray:
    """The map's probability of each event."""
    out = []
    for r in rows:
        d = np.array([delaz_(r["lon"], r["lat"], s.longitude, s.latitude)[0] for s in sensors])
        out.append(capability.detected(d, sensors, rule, r["mb"]))
    return np.array(out)


def likelihood(rows, p: np.ndarray) -> float:
    """Log-likelihood of what was found; probabilities kept a thousandth from 0 and 1."""
    q = np.clip(p, 1e-3, 1.0 - 1e-3)
    hit = np.array([r["hit"] for r in rows])
    return float(np.sum(hit * np.log(q) + (1.0 - hit) * np.log(1.0 - q)))


def fit(rows, sensors) -> Rule:
    """Signal-to-noise ratio and scatter of the map that make what was found most likely."""
    best = None
    for snr in np.arange(1.5, 12.01, 0.25):
        for sigma in (0.25, 0.30, 0.35, 0.40):
            rule = Rule(snr=float(snr), sigma=sigma)
            value = likelihood(rows, predicted(rows, sensors, rule))
            if best is None or value > best[0]:
                best = (value, rule)
    return best[1]


def told(name: str, rows, sensors, rule: Rule) -> None:
    """By magnitude and in all: found, expected, and its stated error: chance, and SHIFT in magnitude common to all."""
    p = predicted(rows, sensors, rule)
    lower = predicted([{**r, "mb": r["mb"] - SHIFT} for r in rows], sensors, rule)
    upper = predicted([{**r, "mb": r["mb"] + SHIFT} for r in rows], sensors, rule)
    hit, mb = np.array([r["hit"] for r in rows]), np.array([r["mb"] for r in rows])
    inside = 0
    for m in (*MAGNITUDES, None):
        k = np.ones(len(rows), bool) if m is None else mb == m
        chance = math.sqrt(float(np.sum(p[k] * (1 - p[k]))))
        sd = math.hypot(chance, 0.5 * float(np.sum(upper[k] - lower[k])))
        z = (hit[k].sum() - p[k].sum()) / max(sd, 0.3)
        inside += m is not None and abs(z) <= 2.0
        what = "all" if m is None else f"mb {m:.2f}"
        print(
            f"  {name} {what}: found {int(hit[k].sum())} of {k.sum()}, expected {p[k].sum():.1f} +- {sd:.1f} "
            f"(by chance alone {chance:.1f}): {z:+.1f} errors"
        )
    print(
        f"  {name} log-likelihood {likelihood(rows, p):.1f}; {inside} of {len(MAGNITUDES)} magnitudes within two stated errors"
    )


def by_site(parts, rule: Rule) -> None:
    """The same site by site over all worlds given."""
    sums = {i: np.zeros(4) for i in range(10)}
    for rows, sensors in parts:
        p = predicted(rows, sensors, rule)
        lower = predicted([{**r, "mb": r["mb"] - SHIFT} for r in rows], sensors, rule)
        upper = predicted([{**r, "mb": r["mb"] + SHIFT} for r in rows], sensors, rule)
        for i, total in sums.items():
            k = np.array([int(r["site"].split("/")[1]) == i for r in rows])
            hit = sum(r["hit"] for r, own in zip(rows, k, strict=True) if own)
            shift = 0.5 * float(np.sum(upper[k] - lower[k]))
            total += np.array([hit, p[k].sum(), np.sum(p[k] * (1 - p[k])), shift * shift])
    for i, (hit, want, chance, shift) in sums.items():
        sd = math.sqrt(chance + shift)
        print(
            f"  site {i}: found {hit:.0f}, expected {want:.1f} +- {sd:.1f}: {(hit - want) / sd:+.1f} errors"
        )


def station_curve(plan: Scenario, folder: Path, sensors) -> list[tuple[float, float, int]]:
    """Share of first P with a pick within 5 s, by the expected A/T over the noise's A/T: (mean ratio, share, number).

    The expected A/T is that of the magnitude and the decay law, so the scatter of the signals is in the curve.
    """
    picks: dict[str, list[int]] = {}
    for row in csv.DictReader((folder / "run" / "picks.csv").open()):
        picks.setdefault(row["station"], []).append(parse_time(row["time"]))
    noise = {s.code.split(".")[1]: s.noise_nm_s for s in sensors}
    model, table, rows = capability.model_of(Rule()), travel.load("ak135"), []
    for s in plan.source:
        for at in plan.station:
            d = float(delaz_(s.longitude, s.latitude, at.longitude, at.latitude)[0])
            t = parse_time(s.time) + round(float(table.predict("P1", 0.0, d)[0]) * NS_PER_S)
            seen = any(abs(x - t) < 5 * NS_PER_S for x in picks.get(at.code, []))
            rows.append((s.mb - capability.decay_(model, d) - math.log10(noise[at.code]), seen))
    out = []
    for low, high in itertools.pairwise(BINS):
        inside = [(x, y) for x, y in rows if math.log10(low) <= x < math.log10(high)]
        if inside:
            mean = 10.0 ** (sum(x for x, _ in inside) / len(inside))
            out.append((round(mean, 2), round(sum(y for _, y in inside) / len(inside), 3), len(inside)))
    return out


def tails(p: np.ndarray, hit: int) -> tuple[float, float]:
    """P(at most) and P(at least) so many found, exactly."""
    state = np.zeros(len(p) + 1)
    state[0] = 1.0
    for x in p:
        state[1:] = state[1:] * (1.0 - x) + state[:-1] * x
        state[0] *= 1.0 - x
    return float(state[: hit + 1].sum()), float(state[hit:].sum())


def joint(parts, rule: Rule) -> str:
    """Log-likelihood of all events against what the rule itself expects of it, in its own standard errors, by shift.

    A cell of one or two events can reject little; all together can: below -2 the rule does not describe what was found.
    """
    said = []
    for shift in (-SHIFT, 0.0, SHIFT):
        got = want = spread = 0.0
        for rows, sensors in parts:
            p = predicted([{**r, "mb": r["mb"] + shift} for r in rows], sensors, rule)
            q = np.clip(p, 1e-3, 1.0 - 1e-3)
            got += likelihood(rows, p)
            want += float(np.sum(q * np.log(q) + (1.0 - q) * np.log(1.0 - q)))
            spread += float(np.sum(q * (1.0 - q) * np.log(q / (1.0 - q)) ** 2))
        said.append(f"{(got - want) / math.sqrt(spread):+.1f} at {shift:+.1f}")
    return ", ".join(said) + " mb (standard errors of the log-likelihood)"


def cells(name: str, parts, rule: Rule) -> None:
    """Each cell of site and magnitude: found/expected; marked where chance and SHIFT together leave it below 0.025."""
    out = {}
    for rows, sensors in parts:
        found_here = np.array([r["hit"] for r in rows])
        shifted = [
            predicted([{**r, "mb": r["mb"] + d} for r in rows], sensors, rule) for d in (-SHIFT, 0.0, SHIFT)
        ]
        for i, r in enumerate(rows):
            cell = out.setdefault((int(r["site"].split("/")[1]), r["mb"]), [0, [], [], []])
            cell[0] += int(found_here[i])
            for k in range(3):
                cell[1 + k].append(float(shifted[k][i]))
    print(
        f"cells of site and magnitude, {name} (snr {rule.snr:g}, sigma {rule.sigma:g}): found/expected of {len(cell[1])}; ! outside its error"
    )
    outside = 0
    for i in range(10):
        line = []
        for m in MAGNITUDES:
            hit, low, mid, high = out[i, m]
            few, many = tails(np.array(low), hit)[0], tails(np.array(high), hit)[1]
            bad = few < 0.025 or many < 0.025
            outside += bad
            line.append(f"{hit}/{sum(mid):.1f}{'!' if bad else ' '}")
        print(f"  site {i}: " + "  ".join(line))
    print(
        f"  {len(out) - outside} of {len(out)} cells within their stated error; jointly {joint(parts, rule)}"
    )


def main() -> list[dict[str, object]]:
    """Print everything."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--repeats", type=int, default=1)
    ask.add_argument("--out", type=Path, default=None)
    ask.add_argument("--seeds", default="1,2")
    given, _ = ask.parse_known_args()
    with tempfile.TemporaryDirectory() as kept:
        out = given.out or Path(kept)
        parts = {}
        for seed in (int(x) for x in given.seeds.split(",")):
            rows = found(seed, given.repeats, out)
            folder = home(world(seed, given.repeats), out)
            noise = assurance_noise.measured(folder / "run", [folder / "stations.xml"], BAND)[0].sensors
            parts[seed] = (rows, noise)
            print(
                "  first P picked by ratio of A/T:", station_curve(world(seed, given.repeats), folder, noise)
            )
            print("  noise nm/s:", json.dumps({s.code: round(s.noise_nm_s, 2) for s in noise}))
    first, *rest = parts
    rule = fit(*parts[first])
    print(f"fitted on seed {first}: snr {rule.snr:g}, sigma {rule.sigma:g}")
    told(f"seed {first}, as fitted,", *parts[first], rule)
    for seed in rest:
        own = fit(*parts[seed])
        print(
            f"seed {seed} alone would give snr {own.snr:g}, sigma {own.sigma:g}: {math.log10(own.snr / rule.snr):+.2f} magnitude units"
        )
        told(f"seed {seed}, snr {rule.snr:g} of seed {first},", *parts[seed], rule)
        told(f"seed {seed}, snr 3 as in the included scenarios,", *parts[seed], Rule())
    curve = scenario.read(scenario.text_of("ims-testban"), "ims-testban").rule
    print(f"by the curve of stations: {curve.points} points, snr {curve.snr:g}, sigma {curve.sigma:g}")
    for seed, (rows, noise) in parts.items():
        told(f"seed {seed}, by the curve,", rows, noise, curve)
    if rest:
        reported = [parts[seed] for seed in rest]
        by_site(reported, rule)
        for name, own in (("fitted on another seed", rule), ("by the curve", curve), ("snr 3", Rule())):
            cells(name, reported, own)
    return []


if __name__ == "__main__":
    main()
