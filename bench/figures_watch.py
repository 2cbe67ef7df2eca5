"""What the watch finds and how often it cries wolf, on recordings and on simulated noise.

`python -m bench.figures_watch pairs`: each of the three tests at hand as a template against the recordings of the others.
`python -m bench.figures_watch planted`: the recordings of 2009 and 2016 at MDJ (vertical, gain of the instrument of 2017), scaled
down and planted into the two hours of 2017 (noise and coda of the test), at one false alarm a year; beside it the power
detector of this system at its stated 0.2 false alarms a day on the same samples.
`python -m bench.figures_watch network`: simulated coloured noise at all stations of the template of 2016, with the signals of that
template scaled down; the network beside each of its stations alone.
`python -m bench.figures_watch array`: P of a deep earthquake at the 18 elements of YKA, scaled down and planted into the array's
own noise of the half hour before, from the master's place and with other slownesses; what f-k on correlation traces keeps.
`python -m bench.figures_watch noise [--length 10]`: the day of noise at DK.COP against the verticals of all templates.
`python -m bench.figures_watch alarms [--days 30] [--length 100] [--seed 1000]`: SIMULATED coloured noise with bursts and
strangers, some templates for a month each; false alarms beside those asked for.

Sizes are scales of the master in amplitude: mb of the master plus log10 of the scale. A smaller test has a higher corner
frequency, which is not in that figure. All but `alarms` need TESTBAN_DATA.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from testban import detect, formats, links, repeat
from testban.base.geo import offset_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.base.times import parse_time
from testban.detect.condition import condition
from testban.earth import response
from testban.repeat import array as beams
from testban.repeat import correlate, grid, scan, stack, threshold
from testban.repeat import template as template_room
from testban.repeat.template import RATE, TemplateChannel
from testban.run import configuration, mastering, watching

EVENTS = {
    "dprk_2009-05-25": ("2009-05-25T00:54:43", 129.0699, 41.2937, 4.7, "raw_counts.mseed"),
    "dprk_2016-01-06": ("2016-01-06T01:30:01", 129.047, 41.3, 5.1, "raw_counts.mseed"),
    "dprk_2017-09-03": ("2017-09-03T03:30:01.6", 129.031, 41.334, 6.3, "raw_counts.mseed"),
}


def root() -> Path:
    data = os.environ.get("TESTBAN_DATA")
    if not data:
        sys.exit("not run: TESTBAN_DATA does not name the folder of the recordings")
    return Path(data) / "waveforms"


def inventories() -> list[str]:
    return [str(root() / n) for n in EVENTS]


def template(name: str, folder: Path) -> Path:
    when, lon, lat, _, file = EVENTS[name]
    out = folder / f"{name}.template"
    if not out.exists():
        mastering.make_template(
            [str(root() / name / file)], inventories(), (parse_time(when), lon, lat, 0.0), out
        )
    return out


def pairs() -> None:
    """Every template against every recording that its stations share."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in EVENTS:
            path = template(name, Path(scratch))
            for other in EVENTS:
                for file in sorted((root() / other).glob("*.mseed")):
                    if other == name or "IL01" in file.name:
                        continue
                    out = Path(scratch) / f"{name}-{other}-{file.stem}"
                    try:
                        done = watching.run([path], [str(file)], inventories(), out, configuration.load(None, workers=1), false_alarms_per_year=1.0)  # fmt: skip
                    except Exception as exc:  # noqa: BLE001 - a figure that could not be made is printed as such
                        print(f"{name} -> {other}/{file.name}: {exc}")
                        continue
                    truth = parse_time(EVENTS[other][0])
                    right = [d for d in done.detections if abs(d.time_ns - truth) < 10**9]
                    said = [
                        f"z {d.statistic:.1f} over {d.threshold:.1f}, {len(d.matches)} channels, "
                        f"{(d.time_ns - truth) * 1e-9:+.2f} s, relative magnitude {d.relative_magnitude} ± {d.relative_magnitude_sigma}"
                        for d in right
                    ]
                    w = done.watched[0].decision
                    hours = w.searched_hours if w else 0.0
                    print(
                        f"{name} -> {other}/{file.name}: {'; '.join(said) or 'MISSED'}; others {len(done.detections) - len(right)} in {hours:.2f} h"
                    )


def read(path: Path, station: str, channel: str) -> list[Segment]:
    source = links.open_source([str(path)])
    out: list[Segment] = []
    for unit in source.units(None, None):
        if unit.station_key == station:
            out += [
                s
                for s in source.read(unit, unit.span)[0]
                if s.nslc.channel == channel and s.nslc.location in ("", "00")
            ]
    return out


def loader(segment: Segment, channel: Channel) -> scan.Loader:
    """One channel for the scan."""

    def load(_station: str, w: Span) -> tuple[Sequence[Segment], Sequence[Channel]]:
        wide = Span(w.start_ns - 20 * 10**9, w.end_ns + 20 * 10**9)
        if segment.end_ns <= wide.start_ns or segment.start_ns >= wide.end_ns:
            return (), ()
        return condition([segment], wide)[0], [channel]

    return load


def planted() -> None:
    """Detection against size at one station and one channel."""
    inventory = formats.inventory.read_inventory(inventories())
    base = read(root() / "dprk_2017-09-03" / "continuous_2h_IC.MDJ.mseed", "IC.MDJ", "BHZ")[0]
    channel = inventory.at(base.nslc, base.start_ns)
    assert channel is not None
    assert channel.response is not None
    gain = response.velocity_gain(channel.response, 1.5)
    begin = base.start_ns * 1e-9
    places = [begin + a for a in range(60, 1500, 240)] + [begin + 2700 + a for a in range(0, 4200, 240)]
    with tempfile.TemporaryDirectory() as scratch:
        paths = {n: template(n, Path(scratch)) for n in ("dprk_2016-01-06", "dprk_2009-05-25")}
        for master in paths:
            made = formats.template_file.read(paths[master])
            made = msgspec.structs.replace(
                made, channels=tuple(c for c in made.channels if c.station == "IC.MDJ" and c.component == "Z")
            )
            prepared = stack.Prepared(made)
            for wave in paths:
                _curve(master, wave, prepared, base, channel, gain, places, inventory)


def _curve(master, wave, prepared, base, channel, gain, places, inventory) -> None:  # type: ignore[no-untyped-def]
    when, _, _, mb, file = EVENTS[wave]
    origin = parse_time(when)
    shot = read(root() / wave / file, "IC.MDJ", "BHZ")[0]
    own = inventory.at(shot.nslc, origin)
    y = shot.samples.astype(np.float64) * gain / response.velocity_gain(own.response, 1.5)
    y -= y[:400].mean()
    at = round((origin - shot.start_ns) / 5e7) + 42 * 20
    part = y[at : at + 170 * 20]
    k = np.arange(len(part))
    part = part * np.clip(k / 100.0, 0.0, 1.0) * np.clip((len(part) - k) / 200.0, 0.0, 1.0)
    blocks = range(base.start_ns // grid.BLOCK_NS - 1, base.end_ns // grid.BLOCK_NS + 1)
    for size in np.arange(1.8, 3.9, 0.1):
        tries = found = picked = false = 0
        levels = []
        for shift in (0, 80, 160):
            times = [t + shift for t in places]
            x = base.samples.astype(np.float64).copy()
            for t in times:
                i = round((t - base.start_ns * 1e-9 + 42) * 20)
                x[i : i + len(part)] += part * 10.0 ** (size - mb)
            segment = msgspec.structs.replace(base, samples=np.round(x).astype(np.int32))
            hours = list(scan.scan([prepared], blocks, loader(segment, channel), lambda _: 7))
            got = repeat.decide(hours, prepared.longest_s, 1.0)
            levels.append(got.threshold.z)
            real = [*times, 1504409401.6]
            false += sum(all(abs(p.time_ns * 1e-9 - t) > 1.0 for t in real) for p in got.detections)
            picks = detect.process_station(
                "IC.MDJ", [segment], [channel], Span(base.start_ns, base.end_ns), detect.Settings()
            ).picks
            tries += len(times)
            found += sum(any(abs(p.time_ns * 1e-9 - t) < 1.0 for p in got.detections) for t in times)
            picked += sum(any(-2.0 < p.time_ns * 1e-9 - t - 53.5 < 45.0 for p in picks) for t in times)
        print(
            f"{master} finds {wave} at mb {size:.1f}: watch {found}/{tries}, power {picked}/{tries}, false {false}, threshold {min(levels):.2f}-{max(levels):.2f}",
            flush=True,
        )
        if found == tries and picked >= 0.95 * tries:
            break


def noise(length_s: int = 0) -> None:
    """A day of recorded noise under another name: the templates' verticals against DK.COP, where they never were.

    No template can be made of that station (it recorded no event that is at hand), so its day stands in for a day of every
    station of the templates: waveforms of one place, noise of another. False alarms beside those asked for.
    """
    day = read(root() / "noise_day_DK.COP_2009-02-19" / "waveforms.mseed", "DK.COP", "BHZ")
    counts = dict.fromkeys((1.0, 120.0, 600.0), 0)
    days = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for name in EVENTS:
            whole = formats.template_file.read(template(name, Path(scratch)))
            for station in whole.stations:
                own = tuple(_cut(c, length_s) for c in whole.of(station) if c.component == "Z")
                if not own:
                    continue
                prepared = stack.Prepared(msgspec.structs.replace(whole, channels=own))
                place = Channel(nslc=day[0].nslc, longitude=0.0, latitude=0.0, dip_deg=-90.0)

                def load(
                    _station: str, w: Span, place: Channel = place
                ) -> tuple[Sequence[Segment], Sequence[Channel]]:
                    wide = Span(w.start_ns - 20 * 10**9, w.end_ns + 20 * 10**9)
                    near = [s for s in day if s.start_ns < wide.end_ns and s.end_ns > wide.start_ns]
                    return (condition(near, wide)[0], [place]) if near else ((), ())

                blocks = range(day[0].start_ns // grid.BLOCK_NS, day[-1].end_ns // grid.BLOCK_NS + 1)
                hours = list(scan.scan([prepared], blocks, load, lambda b: 7 if b % 4 == 0 else 1))
                levels = []
                for asked in counts:
                    got = repeat.decide(hours, prepared.longest_s, asked)
                    levels.append(got.threshold.z)
                    counts[asked] += len(got.detections)
                days += got.searched_hours / 24.0
                print(f"{name} {station}: threshold {levels[0]:.2f} for one a year", flush=True)
    for asked, n in counts.items():
        print(
            f"recorded noise, templates {'whole' if not length_s else f'cut to {length_s} s'}, {days:.1f} template-days, {asked:g} a year asked: {asked * days / 365.25:.2f} expected, {n} counted"
        )


def _cut(c: TemplateChannel, length_s: int) -> TemplateChannel:
    """The first seconds of a channel, or all of it for 0."""
    return msgspec.structs.replace(c, samples=c.samples[: length_s * RATE].copy()) if length_s else c


def coloured(rng: np.random.Generator, n: int, rate: float, slope: float) -> np.ndarray:
    """Noise whose power falls as frequency to the `slope`, with a microseism peak at 0.2 Hz."""
    f = np.fft.rfftfreq(n, 1.0 / rate)
    shape = (np.maximum(f, 0.02)) ** (-0.5 * slope) * (1.0 + 20.0 * np.exp(-(((f - 0.2) / 0.07) ** 2)))
    z = rng.standard_normal(len(f)) + 1j * rng.standard_normal(len(f))
    return np.fft.irfft(z * shape, n)


def disturbed(rng: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """Coloured noise, louder and quieter over minutes, with bursts and strangers' events (about one an hour)."""
    x = coloured(rng, n, rate, 1.5)
    t = np.arange(n) / rate
    x *= np.exp(
        0.3 * np.interp(t, np.arange(0, t[-1] + 300, 300), rng.standard_normal(int(t[-1] // 300) + 2))
    )
    level = np.sqrt(np.mean(x * x))
    for _ in range(rng.poisson(n / rate / 3600.0)):
        at, size, gap = rng.uniform(0, t[-1]), level * 10 ** rng.uniform(-0.3, 2.0), rng.uniform(3, 60)
        wave = coloured(rng, n, rate, rng.uniform(0.0, 2.0))
        wave /= np.sqrt(np.mean(wave * wave))
        env = np.zeros(n)
        for late, share, decay in ((0.0, 0.5, gap / 2), (gap, 1.0, gap)):
            s = t - at - late
            env += share * np.where(s > 0, np.exp(-np.maximum(s, 0) / decay), 0.0)
        x += size * wave * env
    return x


def network() -> None:
    """The network beside each station alone: SIMULATED noise at the level before P of 2016, its signals scaled down."""
    with tempfile.TemporaryDirectory() as scratch:
        made = formats.template_file.read(template("dprk_2016-01-06", Path(scratch)))
    prepared = stack.Prepared(made)
    rng = np.random.default_rng(77)
    names = ["network", "network without IC.MDJ", *made.stations]
    noise_hours = [_network_hour(prepared, rng, None, 7)[0] for _ in range(4)]
    limits = {
        n: threshold.fit(np.concatenate([np.concatenate(h[n][1:]) for h in noise_hours]), 1.0).z
        for n in names
    }
    print("SIMULATED; thresholds at one a year:", {n: round(z, 2) for n, z in limits.items()})
    for size in np.arange(1.4, 4.3, 0.2):
        found, tries = dict.fromkeys(names, 0), 0
        for _ in range(3):
            cells, at = _network_hour(prepared, rng, size - 5.1, 1)
            tries += len(at)
            for n in names:
                found[n] += sum(bool(np.nanmax(cells[n][0][max(0, c - 1) : c + 2]) > limits[n]) for c in at)
        print(f"mb {size:.1f}: " + ", ".join(f"{n} {found[n]}/{tries}" for n in names), flush=True)


def _network_hour(prepared: stack.Prepared, rng: np.random.Generator, scale_log: float | None, kinds: int):  # type: ignore[no-untyped-def]
    """Cells by kind for the network and each station, and the cells that hold a planted signal."""
    origins = np.arange(400, 3000, 450) + rng.uniform(0, 60) if scale_log is not None else np.zeros(0)
    blocks: dict[str, list[correlate.StationBlock]] = {}
    for station in prepared.template.stations:
        recorded = {}
        own = prepared.template.of(station)
        for i, c in enumerate(own):
            x = disturbed(rng, grid.WINDOW_S * RATE, RATE)
            raw = Segment(
                nslc=Nslc("XX", "SIM", "", "BHZ"), start_ns=0, sample_rate_hz=float(RATE), samples=x
            )
            y = repeat.ground.ground([raw], None, c.band, 0, RATE)[0]
            y *= c.noise / np.sqrt(np.median(y * y) / 0.455)
            for t in origins:
                j = correlate.FIRST + round(t * RATE) + c.offset_samples % correlate.STEP
                if j + len(c.samples) < len(y):
                    y[j : j + len(c.samples)] += c.samples * 10.0**scale_log
            part = template_room.Component(
                location="",
                component=c.component,
                sources=(),
                unit=c.unit,
                samples=y,
                valid=np.ones(len(y), dtype=bool),
            )
            recorded[i] = correlate.Recorded(part, c.band)
        blocks[station] = correlate.station_blocks([(p, recorded) for p in prepared.parts[station][:kinds]])
    out = {"network": [], "network without IC.MDJ": [], **{s: [] for s in blocks}}
    for k in range(kinds):
        rows = [blocks[s][k] for s in blocks]
        out["network"].append(threshold.cell_maxima(stack.network(rows).statistic, RATE))
        rest = [row for s, row in zip(blocks, rows, strict=True) if s != "IC.MDJ"]
        out["network without IC.MDJ"].append(threshold.cell_maxima(stack.network(rest).statistic, RATE))
        for s, row in zip(blocks, rows, strict=True):
            out[s].append(threshold.cell_maxima(stack.network([row]).statistic, RATE))
    return out, [int(t // threshold.CELL_S) for t in origins]


BAND_HZ, PLANTED_S, EDGE_S, EVERY_S = (0.7, 2.0), 30, 20, 90
P_TIME = "2012-08-14T03:07:40Z"  # some seconds before P at YKA


def array() -> None:
    """A real array's waveforms in its own noise; the second arrivals are SIMULATED: planted, with moveouts of our choice."""
    folder = root() / "array_yka_2012-08-14"
    segments, _ = formats.waveforms.read(folder / "waveforms.mseed")
    channels = formats.inventory.read_inventory([folder])
    noise, wave, places = {}, {}, {}
    when = parse_time(P_TIME)
    for s in segments:
        channel = channels.at(s.nslc, s.start_ns)
        firsts = [grid.window_of(t // grid.BLOCK_NS).start_ns for t in (s.start_ns, when)]
        made = [repeat.ground.ground([s], None, BAND_HZ, first, RATE) for first in firsts]
        if channel is None or None in made:
            continue
        begin, end, at = (
            round((t - f) / 1e9 * RATE)
            for t, f in zip((s.start_ns, when, when), (firsts[0], firsts[0], firsts[1]), strict=True)
        )
        name = s.nslc.net_sta
        noise[name] = made[0][0][begin + 60 * RATE : end]
        wave[name] = made[1][0][at : at + PLANTED_S * RATE]
        places[name] = (channel.longitude, channel.latitude)
    first_place = next(iter(places.values()))
    degrees = 2.0 * (BAND_HZ[1] - BAND_HZ[0]) * PLANTED_S
    slots = range(
        EDGE_S * RATE, min(map(len, noise.values())) - (PLANTED_S + 2 * EDGE_S) * RATE, EVERY_S * RATE
    )
    print(
        f"YKA, {len(places)} elements, {len(slots)} places in {len(next(iter(noise.values()))) / RATE / 60:.0f} minutes of its noise"
    )
    for ratio in (1.0, 0.5, 0.25, 0.15):
        for east, north in ((0.0, 0.0), (0.02, 0.0), (0.05, 0.0), (0.0, -0.1), (-0.2, 0.0)):
            kept, off = 0, []
            for at in slots:
                traces = {}
                for name, x in noise.items():
                    a, b = offset_km_(*first_place, *places[name])
                    k = at + round((east * a + north * b) * RATE)
                    y = x[at - EDGE_S * RATE : at + (PLANTED_S + EDGE_S) * RATE].copy()
                    size = ratio * np.sqrt(np.mean(y * y) / np.mean(wave[name] ** 2))
                    y[k - at + EDGE_S * RATE : k - at + (EDGE_S + PLANTED_S) * RATE] += size * wave[name]
                    made = beams.trace(wave[name], y, EDGE_S * RATE)
                    if made is not None:
                        traces[name] = made
                beam = beams.beam(traces, places, degrees)
                kept += beam.same
                off.append(float(np.hypot(beam.east_s_km - east, beam.north_s_km - north)))
            print(
                f"SIMULATED moveout, signal over noise (rms) {ratio:4.2f}, {np.hypot(east, north):.2f} s/km beside the master: kept {kept}/{len(slots)}, "
                f"slowness off by {np.median(off):.3f} (median), {np.quantile(off, 0.9):.3f} s/km (90 %)",
                flush=True,
            )


def synthetic(seed: int, length_s: int = 100) -> repeat.Template:
    """A regional event at one vertical channel: P, S and coda, or its first seconds, in two bands. SIMULATED."""
    rng = np.random.default_rng(seed)
    channels = []
    for band in ((0.7, 2.0), (2.0, 4.0)):
        n = length_s * RATE
        t = np.arange(n) / RATE
        env = np.where(t > 3, np.exp(-(t - 3) / 12.0), 0.02) + 2.0 * np.where(
            t > 40, np.exp(-(t - 40) / 15.0), 0.0
        )
        wave = coloured(rng, grid.WINDOW_S * RATE, RATE, 1.0)
        raw = Segment(nslc=Nslc("XX", "SIM", "", "BHZ"), start_ns=0, sample_rate_hz=float(RATE), samples=wave)
        got = repeat.ground.ground([raw], None, band, 0, RATE)
        channels.append(
            TemplateChannel(
                station="XX.SIM", location="", component="Z", sources=("XX.SIM..BHZ",), band=band, unit="counts", offset_samples=0,
                samples=got[0][4000 : 4000 + n] * env, noise=0.0, snr=100.0,
            )
        )  # fmt: skip
    return repeat.Template(
        template_id=f"sim{seed}",
        origin_ns=0,
        longitude=0.0,
        latitude=1.0,
        depth_km=0.0,
        rate_hz=RATE,
        channels=tuple(channels),
    )


def alarms(
    days: int, templates: int = 8, length_s: int = 100, seed: int = 1000, calibration_days: int = 3
) -> None:
    """False alarms of simulated templates beside those asked for."""
    start = time.perf_counter()
    made = [stack.Prepared(synthetic(seed + k, length_s)) for k in range(templates)]
    place = Channel(nslc=Nslc("XX", "SIM", "", "BHZ"), longitude=0.0, latitude=0.0, dip_deg=-90.0)

    def load(_station: str, w: Span) -> tuple[Sequence[Segment], Sequence[Channel]]:
        rng = np.random.default_rng((seed, w.start_ns // grid.BLOCK_NS))
        x = disturbed(rng, (grid.WINDOW_S + 40) * RATE, RATE) * 1e4
        return [
            Segment(nslc=place.nslc, start_ns=w.start_ns - 20 * 10**9, sample_rate_hz=float(RATE), samples=x)
        ], [place]

    blocks = range(400_000, 400_000 + 24 * days)
    kinds: Callable[[int], int] = lambda b: 7 if b % max(1, days // calibration_days) == 0 else 1  # noqa: E731
    rows: dict[int, list[repeat.Hour]] = {}
    for hour in scan.scan(made, blocks, load, kinds):
        rows.setdefault(hour.template, []).append(hour)
    for asked in (1.0, 12.0, 120.0, 1200.0):
        total, limits = 0, []
        for hours in rows.values():
            got = repeat.decide(hours, float(length_s), asked)
            limits.append(got.threshold.z)
            total += len(got.detections)
        expected = asked * days / 365.25 * templates
        print(
            f"SIMULATED, {templates} templates of {length_s} s x {days} days, {asked:g} a year asked: {expected:.1f} expected, {total} counted, ratio {total / expected:.2f}; thresholds {min(limits):.2f}-{max(limits):.2f}",
            flush=True,
        )
    print(f"{time.perf_counter() - start:.0f} s")


def main() -> list[dict[str, object]]:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("pairs", "planted", "network", "array", "noise", "alarms"))
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--templates", type=int, default=8)
    parser.add_argument("--length", type=int, default=0, help="of the templates, s; 0: whole (alarms: 100)")
    parser.add_argument("--seed", type=int, default=1000, help="of simulated templates and noise")
    given = parser.parse_args()
    if given.what == "alarms":
        alarms(given.days, given.templates, given.length or 100, given.seed)
    elif given.what == "noise":
        noise(given.length)
    else:
        globals()[given.what]()
    return []


if __name__ == "__main__":
    main()
