"""Detection probability against SNR: weak simulated P planted in recorded noise, and the array's own figures on YKA.

`python -m bench.figures_planted [curve] [array]` (needs TESTBAN_DATA). SNR: peak of the planted P over rms of the noise of the
60 s before, both at 0.8-4.5 Hz (`simulate.plant`). Found: a pick within 3 s. The arrivals are SIMULATED (t* 0.4 and 0.8 s), the
noise is recorded: the day of DK.COP in a city, and what stands before P on the verticals of dprk_2017-09-03 (300 s: so near
the start of a record more is asked). Neither was used to set a threshold of the detector, but the false-alarm rate was
chosen with DK.COP in sight.
"""

import csv
import math
import sys

import numpy as np

from bench.figures_detect import ROOT, read
from testban import detect, simulate
from testban.base.geo import offset_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.signal import beams, filters, fk

NS = 10**9
SNRS = (0.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0)
LEAD_S, AFTER_S = 700.0, 60.0
NEAR_S = 3.0


def _cut(s, begin_s, end_s):
    a, b = round(begin_s * s.sample_rate_hz), round(end_s * s.sample_rate_hz)
    return Segment(
        nslc=s.nslc,
        start_ns=s.start_ns + round(a / s.sample_rate_hz * NS),
        sample_rate_hz=s.sample_rate_hz,
        samples=s.samples[a:b],
    )


def city():
    """Five places an hour in the day of DK.COP, each with 700 s ahead: (recording, seconds to the onset)."""
    (whole,) = (
        s for segments in read("noise_day_DK.COP_2009-02-19/waveforms.mseed").values() for s in segments
    )
    length = len(whole.samples) / whole.sample_rate_hz
    for k in range(int((length - LEAD_S - AFTER_S) // 720.0)):
        begin = 720.0 * k + 0.37 * (k % 50)
        yield _cut(whole, begin, begin + LEAD_S + AFTER_S), LEAD_S


def before_tests():
    """Two places in the noise before P of each vertical of dprk_2017-09-03 that has 290 s of it."""
    for segments in read("dprk_2017-09-03/regional_800s.mseed").values():
        for s in segments:
            if s.nslc.channel.endswith("Z") and len(s.samples) > 700.0 * s.sample_rate_hz:
                for at in (150.0, 220.3):
                    yield _cut(s, 0.0, 290.0), at


def _offset(segment, true, weak):
    """Offset of the nearest pick within NEAR_S from the true onset, or None."""
    settings = detect.Settings(weak_power=detect.WEAK_POWER if weak else 1.0)
    span = Span(segment.start_ns, segment.end_ns)
    picks = detect.process_station(segment.nslc.net_sta, [segment], (), span, settings).picks
    near = [(p.time_ns - true) / NS for p in picks if abs(p.time_ns - true) <= NEAR_S * NS]
    return min(near, key=abs, default=None)


def curve(name, noises):
    """One line an SNR: share found as detections and with weak picks, onset error; SNR of 50 and 90 %."""
    noises = list(noises)
    shares: dict[bool, list[float]] = {False: [], True: []}
    for snr in SNRS:
        found, weak, off = 0, 0, []
        for i, (noise, at) in enumerate(noises):
            tstar = (0.4, 0.8)[i % 2]
            whole = simulate.plant(
                simulate.wavelet(noise.sample_rate_hz, seed=i, tstar_s=tstar), noise, snr, at
            )
            true = simulate.onset_ns(noise, at)
            got = _offset(whole, true, False)
            off += [] if got is None else [got]
            found += got is not None
            weak += got is not None or _offset(whole, true, True) is not None
        n = len(noises)
        p = found / n
        shares[False].append(p)
        shares[True].append(weak / n)
        late = (
            f"onset {np.median(off):+.2f} s (median), {np.quantile(np.abs(off), 0.68):.2f} s (68 %)"
            if off
            else ""
        )
        print(
            f"planted {name}: SNR {snr:3.1f}: found {100 * p:5.1f} % +- {100 * math.sqrt(p * (1 - p) / n):3.1f}, "
            f"with weak picks {100 * weak / n:5.1f} %, of {n}; {late}"
        )
    for also_weak, found_at in shares.items():
        for want in (0.5, 0.9):
            k = next((k for k in range(1, len(SNRS)) if found_at[k] >= want), None)
            if k is not None:
                part = (want - found_at[k - 1]) / (found_at[k] - found_at[k - 1])
                at = SNRS[k - 1] + part * (SNRS[k] - SNRS[k - 1])
                print(f"planted {name}: {100 * want:.0f} % {'with weak picks ' * also_weak}at SNR {at:.1f}")


def yka():
    """First P of the deep event of 2012-08-14 at YKA against ak135, and the gain of the beam steered to it."""
    folder = ROOT / "array_yka_2012-08-14"
    with (folder / "stations.csv").open() as f:
        rows = {r["station"]: r for r in csv.DictReader(f)}
    segments, channels = [], []
    for parts in read("array_yka_2012-08-14/waveforms.mseed").values():
        s = parts[0]
        r = rows[s.nslc.station]
        nslc = Nslc("CN", s.nslc.station, "", "SHZ")
        channels.append(
            Channel(
                nslc=nslc, longitude=float(r["longitude"]), latitude=float(r["latitude"]),
                elevation_m=float(r["elevation_m"]), azimuth_deg=0.0, dip_deg=-90.0, sample_rate_hz=s.sample_rate_hz,
            )
        )  # fmt: skip
        segments.append(
            Segment(nslc=nslc, start_ns=s.start_ns, sample_rate_hz=s.sample_rate_hz, samples=s.samples)
        )
    span = Span(segments[0].start_ns, segments[0].end_ns)
    result = detect.process_array("CN.YK", segments, channels, span)
    expected = span.start_ns + round((37 * 60 + 50.2) * NS)  # 03:07:50.2 by ak135 from the catalogue
    p = min(result.picks, key=lambda p: abs(p.time_ns - expected))
    print(
        f"array YKA: {len(result.picks)} picks in {span.duration_s / 3600:.2f} h, first P {(p.time_ns - expected) / NS:+.2f} s, "
        f"{p.band_hz} Hz, {p.slowness_s_per_deg:.2f} +- {p.slowness_sigma:.2f} s/deg (7.196), {p.backazimuth_deg:.1f} +- "
        f"{p.backazimuth_sigma:.1f} deg (305.7), F {p.f_statistic:.0f}"
    )
    central = detect.array_site("CN.YK", channels)
    places = np.array(
        [offset_km_(central.longitude, central.latitude, c.longitude, c.latitude) for c in channels]
    )
    rate = segments[0].sample_rate_hz
    delay = fk.delays(places[:, 0].copy(), places[:, 1].copy(), p.slowness_s_per_deg, p.backazimuth_deg)
    at = round((p.time_ns - span.start_ns) / NS * rate)
    signal, noise = slice(at, at + round(5 * rate)), slice(at - round(300 * rate), at - round(5 * rate))
    for low, high in ((0.5, 1.5), (0.8, 2.0), (1.0, 3.0), (2.0, 4.0)):
        x = np.array([filters.bandpass(s.samples, low, high, rate) for s in segments])
        gain = beams.gain_db(x, beams.beam(x, delay, rate), signal, noise)
        print(
            f"array YKA: gain of the beam at {low}-{high} Hz {gain:.1f} dB over the mean of {len(x)} elements"
        )


def main():
    wanted = sys.argv[1:] or ["curve", "array"]
    if "array" in wanted:
        yka()
    if "curve" in wanted:
        curve("in DK.COP", city())
        curve("before P of 2017", before_tests())


if __name__ == "__main__":
    if not ROOT.is_dir():
        sys.exit("expected TESTBAN_DATA to name the folder of the recordings; set it")
    main()
