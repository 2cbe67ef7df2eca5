"""Figures on known truth: the simulated day of thirty stations, and weak arrivals planted in recorded noise.

`python -m bench.figures_simulated world [--scenario S] [--hours H] [--seed N] [--out FOLDER]` makes the shipped scenario "ims30"
(as continuous recordings on disk), runs the main job on it with default settings and compares. Of the scenario nothing
but the length and the seed is changed; stated explosions that lie beyond the length are left out.

Asked for: every event whose first P (Pn, Pg, P, Pdiff or PKP, whichever is first) has a true SNR of 4 or more at three
or more stations that were recording. The true SNR is what the simulation puts in: peak of the noise-free arrival over
the rms noise in the best of 0.7-1.5, 1-3, 3-8 Hz, on the beam of an array, from the spectra (`simulate.World.snrs`,
good to 0.10 in log10). The count is printed for a second SNR as well, that of monitoring systems: STA over LTA of the arrival
in its own noise (`bench.true_snr`); an STA/LTA of 4 is a peak of 5.6 rms in the middle (half of the arrivals at 5 to 6 reach it). Found: an event of the bulletin within 20 s and 2 deg. False: an event of the bulletin within
20 s and 2 deg of no true event of any size; `split` those among them most of whose picks are arrivals of one true event.

`python -m bench.figures_simulated weak` plants arrivals of SNR 2-5 into recorded noise (needs TESTBAN_DATA).
"""

import argparse
import itertools
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from bench import true_snr
from testban import detect, formats, links, simulate
from testban.base.errors import InputError
from testban.base.geo import delaz_, offset_km_
from testban.base.records import Event, Pick, Segment
from testban.base.spans import Span
from testban.base.times import NS_PER_S, format_time, parse_time
from testban.earth import travel
from testban.run import batch, worlds
from testban.run.configuration import Configuration
from testban.simulate import World

SNR = 4.0
NEAR_S, NEAR_DEG = 20.0, 2.0
TOLERANCES = (
    (20.0, 2.0),
    (30.0, 2.7),
    (50.0, 2.0),
)  # s, deg: ours; the composite day; comparisons of IMS bulletins (SIGVISA)
SHADOW_S, SHADOW_DEG = 5.0, 0.5  # of another event: counted as missed, and said
FLOORS = (4.0, 5.0, 6.0, 7.0, 8.0)
PICK_S = 5.0  # a pick this near to a true arrival is that arrival
FIRST_P = ("P", "Pn", "Pg", "Pdiff", "PKP", "PKPdf", "PKPbc", "PKPab")


def binomial(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a share, by bisection of the exact binomial tails."""
    if n == 0:
        return 0.0, 1.0

    def below(p: float, m: int) -> float:
        return math.fsum(math.comb(n, i) * p**i * (1.0 - p) ** (n - i) for i in range(m + 1))

    def solve(m: int, tail: float) -> float:
        a, b = 0.0, 1.0
        for _ in range(60):
            c = 0.5 * (a + b)
            a, b = (c, b) if below(c, m) > tail else (a, c)
        return 0.5 * (a + b)

    half = 0.5 * (1.0 - level)
    return (0.0 if k == 0 else solve(k - 1, 1.0 - half)), (1.0 if k == n else solve(k, half))


def share(k: int, n: int) -> str:
    """A share with its interval as text."""
    low, high = binomial(k, n)
    return f"{k}/{n} = {100.0 * k / max(n, 1):.1f} % (95 % interval {100 * low:.1f}-{100 * high:.1f} %)"


def quantiles(values: Sequence[float]) -> str:
    """Median, 68th, 90th percentile and worst."""
    if not values:
        return "none"
    v = np.sort(np.asarray(values))
    return ", ".join(
        f"{n} {float(np.quantile(v, q)):.2f}"
        for n, q in (("median", 0.5), ("68 %", 0.68), ("90 %", 0.9), ("worst", 1.0))
    )


# -- the simulated day -----------------------------------------------------------------------------------------


def scenario(name: str, hours: float, seed: int | None) -> simulate.Scenario:
    """The shipped world with another length and seed."""
    world = worlds.read(name)
    hours = min(hours, world.duration_h)
    end = parse_time(world.start) + round(hours * 3600.0 * NS_PER_S)
    return msgspec.structs.replace(
        world,
        duration_h=hours,
        seed=world.seed if seed is None else seed,
        source=tuple(s for s in world.source if parse_time(s.time) < end - 900 * NS_PER_S),
    )


def apart(a: Event, b: Event) -> tuple[float, float]:
    """Seconds and degrees between two origins."""
    d = delaz_(a.origin.longitude, a.origin.latitude, b.origin.longitude, b.origin.latitude)[0]
    return abs(a.origin.time_ns - b.origin.time_ns) / 1e9, d


def strong(truth: Event, least: float = SNR) -> list[tuple[str, str, float]]:
    """Stations whose first P has the SNR asked for: (station, phase, SNR)."""
    first: dict[str, tuple[int, str, float]] = {}
    for a in truth.arrivals:
        if a.phase in FIRST_P and (a.station_key not in first or a.time_ns < first[a.station_key][0]):
            first[a.station_key] = (a.time_ns, a.phase, a.score or 0.0)
    return [(k, v[1], v[2]) for k, v in sorted(first.items()) if v[2] >= least]


def pair(
    truths: Sequence[Event], found: Sequence[Event], near_s: float = NEAR_S, near_deg: float = NEAR_DEG
) -> dict[int, int]:
    """Truth to found, each once, nearest first, time and distance each in its tolerance."""
    options = []
    for i, t in enumerate(truths):
        for j, e in enumerate(found):
            s, d = apart(t, e)
            if s <= near_s and d <= near_deg:
                options.append((s / near_s + d / near_deg, i, j))
    out: dict[int, int] = {}
    for _, i, j in sorted(options):
        if i not in out and j not in out.values():
            out[i] = j
    return out


def causes(picks: Sequence[Pick], truths: Sequence[Event]) -> dict[str, tuple[int, str, float, float]]:
    """Pick to the true arrival that it is: (event, phase, SNR, pick minus true s)."""
    by_station: dict[str, list[tuple[int, int, str, float]]] = {}
    for i, t in enumerate(truths):
        for a in t.arrivals:
            by_station.setdefault(a.station_key, []).append((a.time_ns, i, a.phase, a.score or 0.0))
    out = {}
    for p in picks:
        near = [
            (abs(p.time_ns - when) / 1e9, i, phase, snr, (p.time_ns - when) / 1e9)
            for when, i, phase, snr in by_station.get(p.station_key, ())
            if abs(p.time_ns - when) <= PICK_S * 1e9 and phase != "LR"
        ]
        if near:
            best = min(near)
            out[p.pick_id] = (best[1], best[2], best[3], best[4])
    return out


def inside(truth: Event, found: Event) -> bool:
    """Whether the 90 % ellipse holds the truth."""
    o = found.origin
    east, north = offset_km_(truth.origin.longitude, truth.origin.latitude, o.longitude, o.latitude)
    s, c = math.sin(math.radians(o.ellipse.strike_deg)), math.cos(math.radians(o.ellipse.strike_deg))
    along, across = east * s + north * c, east * c - north * s
    return (along / o.ellipse.smajor_km) ** 2 + (across / o.ellipse.sminor_km) ** 2 <= 1.0


def describe(e: Event) -> str:
    """One line of an event."""
    o = e.origin
    mb = next((m.value for m in e.magnitudes if m.kind == "mb"), math.nan)
    return f"{format_time(o.time_ns, 1)} {o.longitude:8.2f} {o.latitude:7.2f} depth {o.depth_km:5.0f} mb {mb:4.2f}"


def world(name: str, hours: float, seed: int | None, out: Path, verbose: bool) -> None:
    """Make, process, compare, print."""
    scene = scenario(name, hours, seed)
    began = time.time()
    counts = worlds.write(scene, out / "world", workers=2, progress=lambda *_: None)
    made = time.time()
    done = batch.run(
        [str(out / "world" / "archive")],
        [out / "world" / "stations.xml"],
        out / "run",
        Configuration(workers=2),
        simulated=True,
    )
    bulletin = done.bulletin
    print(
        f"{name}, seed {scene.seed}, {scene.duration_h:g} h, {counts['stations']} stations: made in {made - began:.0f} s, processed in {time.time() - made:.0f} s (2 workers)"
    )
    made_of = World(scene)
    keys = {
        site.key: min(
            bulletin.sites, key=lambda s: delaz_(site.longitude, site.latitude, s.longitude, s.latitude)[0]
        ).key
        for site in simulate.sites(scene)
    }
    ratios = true_snr.ratios(made_of, FIRST_P)
    truths, averaged = renamed(simulate.events(made_of), keys, ratios)
    compare(truths, bulletin.events, bulletin.picks, verbose)
    floors(truths, bulletin.events, "peak over rms of the noise")
    floors(averaged, bulletin.events, "STA (1 s) over LTA (60 s), mean absolute values")
    rates(truths, bulletin.picks, {s.key for s in bulletin.sites if s.is_array})


def rates(truths: Sequence[Event], picks: Sequence[Pick], arrays: set[str]) -> None:
    """Share of first P that were picked against the true SNR, by kind of station, with the onset error."""
    when: dict[str, list[Pick]] = {}
    for p in picks:
        when.setdefault(p.station_key, []).append(p)
    edges = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 50.0, 1e9)
    print("first P picked (within 3 s) against true SNR:   single stations            arrays")
    for low, high in itertools.pairwise(edges):
        cells = []
        for is_array in (False, True):
            n = k = 0
            errors: list[float] = []
            for t in truths:
                first = {}
                for a in sorted(t.arrivals, key=lambda a: a.time_ns):
                    if a.phase in FIRST_P:
                        first.setdefault(a.station_key, a)
                for key, a in first.items():
                    if (key in arrays) == is_array and low <= (a.score or 0.0) < high:
                        n += 1
                        off = min(
                            ((p.time_ns - a.time_ns) / 1e9 for p in when.get(key, ())), key=abs, default=99.0
                        )
                        k += abs(off) <= 3.0
                        errors += [abs(off)] if abs(off) <= 3.0 else []
            cells.append(
                f"{k:3}/{n:<3} {100.0 * k / max(n, 1):4.0f} % |error| median {float(np.median(errors)) if errors else math.nan:4.2f} s"
            )
        print(f"  {low:5.0f} to {high:5.0f}   {cells[0]}    {cells[1]}")


def renamed(
    truths: Sequence[Event], keys: dict[str, str], ratios: dict[tuple[str, str, int], float]
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """The true events under the station keys of the bulletin, their SNR peak over rms, and again with STA over LTA (0 where not worked out)."""

    def one(t: Event, averaged: bool) -> Event:
        arrivals = []
        for a in t.arrivals:
            snr = ratios.get((a.station_key, a.phase, a.time_ns), 0.0) if averaged else a.score
            arrivals.append(msgspec.structs.replace(a, station_key=keys[a.station_key], score=snr))
        return msgspec.structs.replace(t, arrivals=tuple(arrivals))

    return tuple(one(t, False) for t in truths), tuple(one(t, True) for t in truths)


def floors(truths: Sequence[Event], found: Sequence[Event], snr: str) -> None:
    """The count for several SNR floors and tolerances: how far the answer hangs on the question. snr: what the SNR is."""
    print(
        f"found where three first P reach an SNR, {snr}, of          and events of the bulletin that are none"
    )
    for near_s, near_deg in TOLERANCES:
        match = pair(truths, found, near_s, near_deg)
        cells = []
        for floor in FLOORS:
            asked = [i for i, t in enumerate(truths) if len(strong(t, floor)) >= 3]
            shadowed = sum(i not in match and _shadowed(i, truths, match) for i in asked)
            with_another = f" ({shadowed} missed with one found)" if shadowed else ""
            cells.append(f"{floor:g}: {sum(i in match for i in asked)}/{len(asked)}{with_another}")
        print(
            f"  within {near_s:g} s, {near_deg:g} deg   {'   '.join(cells)}   none: {len(found) - len(match)}/{len(found)}"
        )


def _shadowed(i: int, truths: Sequence[Event], match: dict[int, int]) -> bool:
    """Whether an event lies so near one that was found that one set of first onsets stands for both."""
    return any(s <= SHADOW_S and d <= SHADOW_DEG for s, d in (apart(truths[i], truths[j]) for j in match))


def compare(truths: Sequence[Event], found: Sequence[Event], picks: Sequence[Pick], verbose: bool) -> None:
    """Misses first, then false events, ellipses, errors, magnitudes, verdicts."""
    asked = [i for i, t in enumerate(truths) if len(strong(t)) >= 3]
    match = pair(truths, found)
    known = causes(picks, truths)
    by_id = {p.pick_id: p for p in picks}
    hit = [i for i in asked if i in match]
    print(
        f"true events {len(truths)}, asked for (three first P of SNR {SNR:g} or more) {len(asked)}, bulletin {len(found)}, picks {len(picks)} ({len(known)} within {PICK_S:g} s of a true arrival)"
    )
    print(f"found: {share(len(hit), len(asked))}, asked 95 %")
    picked: dict[int, list[Pick]] = {}
    for pid, k in known.items():
        picked.setdefault(k[0], []).append(by_id[pid])
    for i in asked:
        if i in match:
            continue
        t = truths[i]
        print(f"  MISS {describe(t)}")
        first = strong(t)
        for station, phase, snr in first:
            hits = [
                p for p in picked.get(i, []) if p.station_key == station and known[p.pick_id][1] in FIRST_P
            ]
            use = [e for e in found for a in e.arrivals if hits and a.pick_id == hits[0].pick_id]
            print(
                f"       {station:9} {phase:5} true SNR {snr:6.1f}: "
                + (
                    f"picked {known[hits[0].pick_id][3]:+.2f} s snr {hits[0].snr or 0:.1f}, "
                    if hits
                    else "not picked, "
                )
                + (f"used by {describe(use[0])}" if use else "unassociated")
            )
        near = min(found, key=lambda e: apart(t, e)[0], default=None)
        if near is not None:
            print(
                f"       nearest in time: {describe(near)}: {apart(t, near)[0]:.1f} s, {apart(t, near)[1]:.1f} deg"
            )
    wrong = [j for j in range(len(found)) if j not in match.values()]
    split = 0
    for j in wrong:
        e = found[j]
        owners = Counter(known[a.pick_id][0] for a in e.arrivals if a.pick_id in known)
        top, n = owners.most_common(1)[0] if owners else (-1, 0)
        of_one = 2 * n > len(e.arrivals)
        split += of_one
        print(
            f"  FALSE {describe(e)} score {e.score or 0:.1f}"
            + (f" (most picks are of {describe(truths[top])})" if of_one else "")
        )
        for a in e.arrivals:
            p, k = by_id[a.pick_id], known.get(a.pick_id)
            cause = (
                "false pick"
                if k is None
                else f"{k[1]} of {describe(truths[k[0]])} SNR {k[2]:.1f} {k[3]:+.1f} s"
            )
            print(
                f"       {a.station_key:9} {a.phase:5} {a.distance_deg:6.1f} deg res {a.residual_s or 0:+5.2f} s snr {p.snr or 0:5.1f} score {a.score or 0:4.1f}: {cause}"
            )
    print(
        f"false: {share(len(wrong), len(found))}, asked at most 5 %; {split} of them are splits of a true event"
    )
    located = sorted(match.items())
    for title, some in (("asked-for", [(i, j) for i, j in located if i in asked]), ("all found", located)):
        held = sum(inside(truths[i], found[j]) for i, j in some)
        low, high = binomial(held, len(some))
        print(
            f"90 % ellipses ({title}): {share(held, len(some))}: {'consistent with' if low <= 0.9 <= high else 'NOT'} 90 %"
        )
        km = [apart(truths[i], found[j])[1] * 111.19 for i, j in some]
        print(
            f"  epicentre error km: {quantiles(km)}; origin time error s: {quantiles([apart(truths[i], found[j])[0] for i, j in some])}"
        )
        sizes = [
            (m.value - next(x.value for x in truths[i].magnitudes if x.kind == "mb"))
            for i, j in some
            for m in found[j].magnitudes
            if m.kind == "mb" and not m.bound
        ]
        if len(sizes) > 1:
            print(
                f"  mb: {len(sizes)} events, bias {np.mean(sizes):+.3f}, scatter {np.std(sizes, ddof=1):.3f}"
            )
    for i, j in located:
        t, e = truths[i], found[j]
        kind = str(t.assessment.evidence[0].detail["kind"]) if t.assessment else ""
        verdict = e.assessment.verdict.value if e.assessment else ""
        bad = (verdict == "explosion-like") != (kind == "explosion") and verdict != "undetermined"
        if verbose or bad or not inside(t, e):
            s, d = apart(t, e)
            o = e.origin
            print(
                f"  {'OUT' if not inside(t, e) else 'in '} {kind} {describe(t)} | found depth {o.depth_km:.0f} ({o.depth_reason}), n {o.n_defining}, err {d * 111.19:.0f} km {s:.1f} s, "
                f"ellipse {o.ellipse.smajor_km:.0f}x{o.ellipse.sminor_km:.0f} {'; WRONG' if bad else ';'} {verdict}"
            )
            if verbose:
                for a in e.arrivals:
                    k = known.get(a.pick_id)
                    word = (
                        "false pick"
                        if k is None
                        else (
                            f"{k[1]} {k[3]:+.2f} s SNR {k[2]:.1f}"
                            + ("" if k[0] == i else " OF ANOTHER EVENT")
                        )
                    )
                    print(
                        f"         {a.station_key:9} {a.phase:6} {a.distance_deg:6.1f} res {a.residual_s or 0:+6.2f} sigma {a.time_sigma_s:.2f} w {a.weight:.2f} def {a.defining}: {word}"
                    )
    verdicts = Counter(
        (
            str(truths[i].assessment.evidence[0].detail["kind"]) if truths[i].assessment else "",
            found[j].assessment.verdict.value if found[j].assessment else "",
        )
        for i, j in located
    )
    for (kind, verdict), n in sorted(verdicts.items()):
        print(f"verdict: {kind} called {verdict}: {n}")


# -- weak arrivals in recorded noise ---------------------------------------------------------------------------

SNRS = (0.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 10.0)
PLANT_EVERY_S = 600.0  # rare enough that one arrival does not raise the noise level of the next
PLANTED_WITHIN_S = 3.0
PRE_EVENT = (
    ("dprk_2009-05-25", "raw_counts.mseed", "2009-05-25T00:54:42.800Z"),
    ("dprk_2016-01-06", "raw_counts.mseed", "2016-01-06T01:30:00.490Z"),
    ("dprk_2017-09-03", "raw_counts.mseed", "2017-09-03T03:30:01.600Z"),
)
Trial = tuple[bool, float, float]  # detected, onset error s, its sigma s


def planted(
    noise: Segment, snr: float, onsets_s: Sequence[float], seed: int, settings: detect.Settings
) -> list[Trial]:
    """Plant arrivals in one stretch of noise and look for each."""
    whole = noise
    for n, at in enumerate(onsets_s):
        template = simulate.wavelet(noise.sample_rate_hz, seed=seed + n)
        whole = simulate.plant(template, whole, snr, at) if snr > 0.0 else whole
    key = noise.nslc.net_sta
    picks = detect.process_station(key, [whole], [], Span(noise.start_ns, noise.end_ns), settings).picks
    out = []
    for at in onsets_s:
        true = simulate.onset_ns(noise, at)
        near = min(picks, key=lambda p: abs(p.time_ns - true), default=None)
        off = math.inf if near is None else (near.time_ns - true) / 1e9
        hit = near is not None and abs(off) <= PLANTED_WITHIN_S
        out.append((hit, off, near.time_sigma_s if near is not None else math.nan))
    return out


def day_trials(data: Path, snr: float, settings: detect.Settings) -> list[Trial]:
    """Arrivals in the noise day of DK.COP, one every ten minutes."""
    segments, _ = formats.waveforms.read(
        data / "waveforms" / "noise_day_DK.COP_2009-02-19" / "waveforms.mseed"
    )
    out: list[Trial] = []
    for s in segments:
        length = (s.end_ns - s.start_ns) / 1e9
        n = int((length - 200.0) // PLANT_EVERY_S)
        out += planted(
            s,
            snr,
            [120.0 + PLANT_EVERY_S * (i + 0.37 * ((i * 7) % 3) / 3.0) for i in range(n)],
            1000,
            settings,
        )
    return out


def pre_event_trials(data: Path, snr: float, settings: detect.Settings) -> list[Trial]:
    """Arrivals before the first P (by the model, less 10 s) of the vertical channels of the recorded tests."""
    table = travel.load("ak135")
    out: list[Trial] = []
    for name, file, when in PRE_EVENT:
        folder = data / "waveforms" / name
        inventory = formats.inventory.read_inventory([folder])
        source = links.open_source([str(folder / file)])
        origin = parse_time(when)
        for u in source.units(None, None):
            for s in source.read(u, u.span)[0]:
                channel = inventory.at(s.nslc, s.start_ns)
                if channel is None or s.nslc.channel[2:] != "Z" or s.sample_rate_hz < 10.0:
                    continue
                delta = delaz_(129.08, 41.30, channel.longitude, channel.latitude)[0]
                end = origin + round((float(table.predict("P1", 0.0, delta)[0]) - 10.0) * 1e9)
                m = int((end - s.start_ns) * 1e-9 * s.sample_rate_hz)
                length = min(m, len(s.samples)) / s.sample_rate_hz
                if length < 120.0:
                    continue
                noise = Segment(
                    nslc=s.nslc,
                    start_ns=s.start_ns,
                    sample_rate_hz=s.sample_rate_hz,
                    samples=s.samples[: min(m, len(s.samples))],
                )
                for seed in range(4):
                    at = 65.0 + (length - 100.0) * (seed + 0.5) / 4.0 if length > 200.0 else length - 40.0
                    try:
                        out += planted(noise, snr, [min(at, length - 35.0)], 50 * seed + len(out), settings)
                    except InputError:
                        continue  # a dead channel
    return out


def weak(factor: float) -> None:
    """Detection probability against SNR, onset error and honesty of its sigma, as a table with a plot in text."""
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    settings = detect.Settings(threshold_factor=factor)
    print(
        f"SNR: peak over rms of the minute before, both 0.8-4.5 Hz; one vertical channel; threshold factor {factor:g}"
    )
    for title, trials in (
        ("noise day DK.COP", day_trials),
        ("before the recorded DPRK tests", pre_event_trials),
    ):
        print(
            f"{title}\n   SNR   detected (95 % interval)                       onset error: median |s|  bias s  in one sigma"
        )
        for snr in SNRS:
            got = trials(Path(data), snr, settings)
            hits = [g for g in got if g[0]]
            low, high = binomial(len(hits), len(got))
            errors = np.array([abs(g[1]) for g in hits] or [math.nan])
            bias = float(np.median([g[1] for g in hits])) if hits else math.nan
            within = sum(abs(g[1]) <= g[2] for g in hits)
            bar = "#" * round(30 * len(hits) / max(1, len(got)))
            print(
                f"  {snr:4.1f} {len(hits):5}/{len(got):<5} {100 * len(hits) / max(1, len(got)):5.1f} % ({100 * low:3.0f}-{100 * high:3.0f}) |{bar:30}| {float(np.median(errors)):5.2f} {bias:+5.2f}  {within}/{len(hits)}",
                flush=True,
            )


def main() -> list[dict[str, object]]:
    """Run one of the two measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", default="world", choices=("world", "weak"))
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--scenario", default="ims30", help="a shipped scenario or a TOML file")
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--out", type=Path, help="keep the world and the bulletin here (default: a temporary folder)"
    )
    parser.add_argument("--factor", type=float, default=1.0, help="threshold factor of the detector")
    parser.add_argument("--verbose", action="store_true", help="every event with its arrivals")
    args = parser.parse_args()
    if args.what == "weak":
        weak(args.factor)
    elif args.out:
        world(args.scenario, args.hours, args.seed, args.out, args.verbose)
    else:
        with tempfile.TemporaryDirectory() as folder:
            world(args.scenario, args.hours, args.seed, Path(folder), args.verbose)
    return []


if __name__ == "__main__":
    main()
