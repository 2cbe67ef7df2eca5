"""Figures of detection and onsets on the given recordings: python bench/figures_detect.py (needs TESTBAN_DATA).

Tuning data: dprk_2016-01-06 and the events of odd position of nnsn_nuclear; all else is reported beside.
Expected P: ak135 by ObsPy's TauP, or the table of nnsn_nuclear; a common bias per event is taken off.
"""

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import obspy
from obspy.geodetics import locations2degrees
from obspy.taup import TauPyModel

from testban import detect
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.base.times import parse_time

ROOT = Path(os.environ.get("TESTBAN_DATA", "")) / "waveforms"
VERBOSE = "-v" in sys.argv
FACTOR = float(sys.argv[1]) if __name__ == "__main__" and sys.argv[1:] and not VERBOSE else 1.0
SETTINGS = detect.Settings(threshold_factor=FACTOR)


def read(*names):
    """Segments by station of several miniSEED files."""
    out = {}
    for name in names:
        for tr in obspy.read(str(ROOT / name)):
            kind = np.int32 if tr.data.dtype.kind == "i" else np.float64
            s = tr.stats
            nslc = Nslc(s.network, s.station, s.location, s.channel)
            seg = Segment(
                nslc=nslc,
                start_ns=s.starttime.ns,
                sample_rate_hz=float(s.sampling_rate),
                samples=tr.data.astype(kind),
            )
            out.setdefault(nslc.net_sta, []).append(seg)
    return dict(sorted(out.items()))


def process(key, segments):
    span = Span(min(s.start_ns for s in segments), max(s.end_ns for s in segments))
    return span, detect.process_station(key, segments, (), span, SETTINGS)


def dprk(folder, *files):
    """First picks against ak135, for one event."""
    event = json.loads((ROOT / folder / "event.json").read_text())
    model = TauPyModel("ak135")
    with (ROOT / folder / "stations.csv").open() as f:
        place = {
            f"{r['network']}.{r['station']}": (float(r["latitude"]), float(r["longitude"]))
            for r in csv.DictReader(f)
        }
    origin = parse_time(event["origin_time"])
    rows, early, hours = [], 0, 0.0
    for key, segments in read(*[f"{folder}/{f}" for f in files]).items():
        delta = locations2degrees(event["lat"], event["lon"], *place[key])
        at = origin + round(min(a.time for a in model.get_travel_times(0.0, delta, ["ttp"])) * 1e9)
        span, r = process(key, segments)
        off = [(p.time_ns - at) / 1e9 for p in r.picks]
        early += sum(x < -4 for x in off)
        hours += max(0.0, (min(at, span.end_ns) - span.start_ns) / 3.6e12)
        rows.append((key, delta, min((x for x in off if -4 <= x <= 12), default=None), len(off)))
    bias = float(np.median([x for _, _, x, _ in rows if x is not None]))
    print(f"\n{folder} {files}: bias {bias:.2f} s, picks before P {early} in {hours:.2f} station-hours")
    for key, delta, x, n in rows:
        print(f"  {key:9} {delta:6.2f} deg  {'missed' if x is None else f'{x - bias:+.2f} s'}  {n} picks")


def nnsn():
    """Teleseismic P on the Norwegian network, by halves."""
    with (ROOT / "nnsn_nuclear/quality_traces.csv").open() as f:
        rows = [r for r in csv.DictReader(f) if r["use"] == "True"]
    ids = sorted(p.stem for p in (ROOT / "nnsn_nuclear").glob("*.mseed"))
    data = {i: read(f"nnsn_nuclear/{i}.mseed") for i in ids}
    for half, chosen in (("odd (tuning)", ids[0::2]), ("even", ids[1::2])):
        got, early, hours, mine = [], 0, 0.0, [r for r in rows if r["id"] in chosen]
        for r in mine:
            segments = [s for k, v in data[r["id"]].items() if k.split(".")[1] == r["station"] for s in v]
            start = min(s.start_ns for s in segments if s.nslc.channel.endswith("Z"))
            at = start + round(float(r["expected_p_s_after_trace_start"]) * 1e9)
            _, result = process(segments[0].nslc.net_sta, segments)
            off = [((p.time_ns - at) / 1e9, p.time_sigma_s) for p in result.picks]
            early += sum(x < -4 for x, _ in off)
            hours += (at - start) / 3.6e12
            near = [o for o in off if -2.0 <= o[0] <= 2.0]
            if near:
                got.append((r["id"], r["station"], *near[0]))
        residual = np.array([g[2] for g in got])
        event, station = np.array([g[0] for g in got]), np.array([g[1] for g in got])
        sta, eve = np.zeros(len(got)), np.zeros(len(got))
        for _ in range(5):
            for s in sorted(set(station)):
                sta[station == s] = np.median((residual - eve)[station == s])
            for e in sorted(set(event)):
                eve[event == e] = np.median((residual - sta)[event == e])
        rest = residual - sta - eve
        freedom = (len(got) - len(set(station)) - len(set(event)) + 1) / len(got)
        mad = float(np.median(np.abs(rest)))
        stated = np.array([g[3] for g in got])
        # The terms were fitted to the same picks, so that what is left is too small by the root of the freedom.
        inside = float(np.mean(np.abs(rest) <= stated * np.sqrt(freedom)))
        worth = float(np.quantile(np.abs(rest) / np.sqrt(freedom) / stated, 0.683))
        z = _studentised(residual / stated, event, station, stated)
        print(
            f"nnsn {half}: {len(got)} of {len(mine)} within 2 s ({100 * len(got) / len(mine):.1f} %), MAD after terms "
            f"{mad:.3f} s (before {np.median(np.abs(residual - np.median(residual))):.3f}; {100 * freedom:.0f} % of the "
            f"freedom left), {100 * inside:.0f} % inside sigma (68 % would be at {worth:.2f} sigma); each pick by the "
            f"freedom that it has itself, {len(z)} picks: {100 * np.mean(z < 1.0):.0f} % inside sigma, "
            f"{100 * np.mean(z < 2.0):.0f} % inside two; picks before P {early} in {hours:.2f} station-hours"
        )


def _studentised(y, event, station, stated):
    """Residuals in stated sigmas after event and station terms (Huber weights), each over the root of 1 - leverage.

    Picks that the terms leave less than a quarter of their freedom are left out: they say nothing.
    """
    names = [*sorted(set(event)), *(f"at {s}" for s in sorted(set(station)))]
    a = np.zeros((len(y), len(names)))
    for i, (e, s) in enumerate(zip(event, station, strict=True)):
        a[i, [names.index(e), names.index(f"at {s}")]] = 1.0 / stated[i]
    weight = np.ones(len(y))
    for _ in range(30):
        root = np.sqrt(weight)
        left = y - a @ np.linalg.lstsq(a * root[:, None], y * root, rcond=None)[0]
        scale = max(1.0, 1.48 * float(np.median(np.abs(left))))
        weight = np.minimum(1.0, 1.5 * scale / np.maximum(np.abs(left), 1e-9))
    b = a * np.sqrt(weight)[:, None]
    free = 1.0 - np.einsum("ij,ji->i", b, np.linalg.pinv(b))
    return (np.abs(left) / np.sqrt(np.maximum(free, 1e-9)))[free > 0.25]


def _event(folder):
    """(origin time in ns, longitude, latitude, depth in km)."""
    path = ROOT / folder / "event.json"
    if path.is_file():
        e = json.loads(path.read_text())
        return parse_time(e["origin_time"]), e["lon"], e["lat"], float(e.get("depth_km") or 0.0)
    o = obspy.read_events(str(ROOT / folder / "event.xml"))[0].preferred_origin()
    return o.time.ns, o.longitude, o.latitude, (o.depth or 0.0) / 1000.0


def later():
    """Picks of S and Lg on regional recordings: near the first S of ak135, near a group velocity of 3.3-3.65 km/s."""
    sets = [("dprk_2016-01-06", "regional_800s.mseed", "regional_800s_float.mseed")]
    sets += [("eq_1982-09-24_california_nevada_lnn", "waveforms.mseed", "waveforms_float.mseed")]
    sets += [(f"eq_{n}", "waveforms.mseed") for n in ("2019-07-06_ridgecrest", "2019-07-16_california_bk")]
    sets += [(f"eq_germany_grsn/{n}", "waveforms.mseed") for n in ("2001-06-23", "2003-02-22", "2003-03-22")]
    model = TauPyModel("ak135")
    for folder, *files in sets:
        origin, lon, lat, depth = _event(folder)
        top = folder.split("/")[0]
        with (ROOT / top / "stations.csv").open() as f:
            place = {
                f"{r['network']}.{r['station']}": (float(r["latitude"]), float(r["longitude"]))
                for r in csv.DictReader(f)
            }
        count = dict.fromkeys(("stations", "P", "S", "Lg", "S or Lg", "other", "named S"), 0)
        residuals = []
        for key, segments in read(*[f"{folder}/{f}" for f in files]).items():
            delta = locations2degrees(lat, lon, *place[key])
            first = {
                k: min(a.time for a in model.get_travel_times(depth, delta, [f"tt{k}"])) for k in ("p", "s")
            }
            _, r = process(key, segments)
            off = [(p.time_ns - origin) / 1e9 for p in r.picks]
            km = 111.19 * delta
            tol = 2.0 + 0.03 * first["s"]
            after = [
                (t, p)
                for t, p in zip(off, r.picks, strict=True)
                if t > first["p"] + 0.4 * (first["s"] - first["p"])
            ]
            s = [t for t, _ in after if abs(t - first["s"]) <= tol]
            lg = [t for t, _ in after if delta > 1.5 and km / 3.65 - 2.0 <= t <= km / 3.3 + 2.0]
            count["stations"] += 1
            count["P"] += any(-4 <= t - first["p"] <= 12 for t in off)
            count["S"] += bool(s)
            count["Lg"] += bool(lg)
            count["S or Lg"] += bool(s or lg)
            count["other"] += sum(t not in s and t not in lg for t, _ in after)
            count["named S"] += sum(p.phase_hint == "S" for t, p in after if t in s or t in lg)
            residuals += [round((s or lg)[0] - first["s"], 1)] if s or lg else []
            if VERBOSE:
                print(
                    f"   {key:9} {delta:5.2f} P {first['p']:6.1f} S {first['s']:6.1f} Lg {km / 3.5:6.1f}:",
                    [
                        (round(t, 1), p.phase_hint, p.score, p.nslc.channel)
                        for t, p in zip(off, r.picks, strict=True)
                    ],
                )
        print(f"later phases {folder}: {count}, from ak135 S {residuals}")


def noise_day():
    for key, segments in read("noise_day_DK.COP_2009-02-19/waveforms.mseed").items():
        _, r = process(key, segments)
        print(
            f"{key}: {len(r.picks)} detections in a day, scores {sorted((p.score for p in r.picks), reverse=True)}"
        )


def collapse():
    for key, segments in read("dprk_2017-09-03/continuous_2h_IC.MDJ.mseed").items():
        _, r = process(key, segments)
        at = parse_time("2017-09-03T03:39:26Z")
        print(f"{key} collapse: {[round((p.time_ns - at) / 1e9, 2) for p in r.picks]} s from 03:39:26")


def analysts():
    """First P and S against the analyst picks of picks_norsar_arrays: one element, band-passed 2-8 Hz by its authors."""
    examples = np.load(ROOT / "picks_norsar_arrays/examples.npz")
    picked = {}
    with (ROOT / "picks_norsar_arrays/picks.csv").open() as f:
        for r in csv.DictReader(f):
            picked.setdefault(r["example"], []).append((float(r["seconds_from_start"]), r["phase"]))
    start, rate = 17_000 * 86400 * 10**9, float(examples["fs"])
    errors, moved, firsts, s_found, s_all, early = [], [], 0, 0, 0, 0
    for name, x in zip(examples["names"], examples["X"], strict=True):
        segments = [
            Segment(
                nslc=Nslc("NO", "AAA", "", f"BH{c}"),
                start_ns=start,
                sample_rate_hz=rate,
                samples=np.ascontiguousarray(x[:, i], dtype=np.float64),
            )
            for i, c in enumerate("ZNE")
        ]
        _, r = process("NO.AAA", segments)
        ours = [((p.time_ns - start) / 1e9, p.time_sigma_s) for p in r.picks]
        first = min(picked[str(name)])
        early += sum(t < first[0] - 4.0 for t, _ in ours)
        for at, phase in picked[str(name)]:
            t, sigma = min(ours, key=lambda v: abs(v[0] - at), default=(np.inf, 1.0))
            if phase.startswith("S"):
                s_all, s_found = s_all + 1, s_found + (abs(t - at) < 3.0)
            elif phase.startswith("P") and at == first[0]:
                firsts += 1
                errors += [(t - at, sigma)] if abs(t - at) < 3.0 else []
                moved += [_first_motion(x, at, rate) - at] if abs(t - at) < 3.0 else []
    e, sigma = np.array(errors).T
    after = e - np.array(moved)
    print(
        f"analyst picks: first P within 3 s {len(e)} of {firsts}, late by {np.median(e):+.2f} s (median), MAD "
        f"{np.median(np.abs(e - np.median(e))):.2f} s, inside sigma {100 * np.mean(np.abs(e) <= sigma):.0f} %, inside two "
        f"{100 * np.mean(np.abs(e) <= 2 * sigma):.0f} %; S {s_found} of {s_all}; picks ahead of the first P {early}; the first "
        f"motion beyond 4.5 rms of the noise in the record as given is {np.median(moved):+.2f} s (median) from the analyst, "
        f"our onset {np.median(after):+.2f} s from that, MAD {np.median(np.abs(after - np.median(after))):.2f} s"
    )


def _first_motion(x, at, rate):
    """Time of the first sample from 0.5 s before to 4 s after `at` beyond 4.5 rms of the 20 s before, on any component."""
    k, times = round(at * rate), []
    for y in x.T:
        noise = y[k - round(20.0 * rate) : k - round(0.5 * rate)]
        part = np.abs(y[k - round(0.5 * rate) : k + round(4.0 * rate)])
        beyond = np.flatnonzero(part > 4.5 * np.sqrt(np.mean(noise * noise)))
        times += [(k - round(0.5 * rate) + beyond[0]) / rate] if len(beyond) else []
    return min(times, default=np.nan)


def starts():
    """False alarms near the start of a record: the noise day cut into pieces that are processed each by itself."""
    for key, segments in read("noise_day_DK.COP_2009-02-19/waveforms.mseed").items():
        (whole,) = segments
        for length in (60, 120, 300):
            n = round(length * whole.sample_rate_hz)
            picks = pieces = 0
            for a in range(0, len(whole.samples) - n + 1, n):
                piece = Segment(
                    nslc=whole.nslc,
                    start_ns=whole.start_ns + round(a / whole.sample_rate_hz * 1e9),
                    sample_rate_hz=whole.sample_rate_hz,
                    samples=whole.samples[a : a + n],
                )
                picks += len(process(key, [piece])[1].picks)
                pieces += 1
            print(f"{key} in pieces of {length} s: {picks / (pieces * length / 3600):.2f} detections an hour")


if __name__ == "__main__":
    if not ROOT.is_dir():
        sys.exit("expected TESTBAN_DATA to name the folder of the recordings; set it")
    noise_day()
    starts()
    analysts()
    collapse()
    nnsn()
    later()
    dprk("dprk_2016-01-06", "raw_counts.mseed")
    dprk("dprk_2016-01-06", "regional_800s.mseed", "regional_800s_float.mseed")
    dprk("dprk_2009-05-25", "raw_counts.mseed")
    dprk("dprk_2017-09-03", "regional_800s.mseed")
