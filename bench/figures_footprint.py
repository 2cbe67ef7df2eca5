"""How detection falls beside the master: what recordings say, and whether the formula of the loss is borne out.

`python -m bench.figures_footprint pairs`: coherence of the three tests at hand (each as template and as recording), its
decay with separation in wavelengths and with the difference in magnitude, each pair left out once. Needs TESTBAN_DATA.
`python -m bench.figures_footprint planted`: SIMULATED noise with copies of a template that keep a stated share of their
coherence; the size that is found in nine of ten, beside -log10 of that share.
"""

import argparse
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench import figures_watch
from testban import repeat
from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.repeat import footprint, grid, scan, stack
from testban.repeat.footprint import SPEED_KM_S
from testban.repeat.template import RATE
from testban.run import configuration, watching

# Metres east and north of 2009: correlation times of 59 stations (2016), and Yao et al. 2018 beside 2016 (2017).
PLACES = {"dprk_2009-05-25": (0, 0), "dprk_2016-01-06": (-723, 326), "dprk_2017-09-03": (-531, 604)}
LEAST_SNR = 5.0
Row = tuple[
    tuple[str, str], tuple[float, float], float, float, float
]  # pair, band, wavelengths, magnitudes, -ln r


def correlations() -> dict[tuple[tuple[str, str], tuple[float, float]], list[float]]:
    """Correlation of each channel of each pair and band, noise taken off, both ways."""
    found: dict[tuple[tuple[str, str], tuple[float, float]], dict[tuple[str, str], list[float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in PLACES:
            path = figures_watch.template(name, Path(scratch))
            for other in PLACES:
                for file in ("raw_counts.mseed", "regional_800s.mseed"):
                    source = figures_watch.root() / other / file
                    if other == name or not source.exists():
                        continue
                    settings = configuration.load(None, workers=1)
                    out = Path(scratch) / f"{name}-{other}-{file}"
                    done = watching.run([path], [str(source)], figures_watch.inventories(), out, settings, false_alarms_per_year=1.0)  # fmt: skip
                    for d in done.detections:
                        for m in d.matches:
                            if m.snr is not None and m.snr > LEAST_SNR:
                                key = (tuple(sorted((name, other))), m.band)
                                r = min(0.999, m.correlation * math.sqrt(m.snr / (m.snr - 1.0)))
                                found.setdefault(key, {}).setdefault((m.station, m.component), []).append(r)  # type: ignore[arg-type]
    return {k: [float(np.median(v)) for _, v in sorted(found[k].items())] for k in sorted(found)}


def pairs() -> None:
    """Decay of coherence, and what each pair says of it."""
    rows: list[Row] = []
    for (pair, band), values in correlations().items():
        a, b = pair
        km = math.dist(PLACES[a], PLACES[b]) / 1e3
        apart = km * math.sqrt(band[0] * band[1]) / SPEED_KM_S
        size = abs(figures_watch.EVENTS[a][3] - figures_watch.EVENTS[b][3])
        r = float(np.median(values))
        rows.append((pair, band, apart, size, -math.log(r)))
        low, high = np.percentile(values, [16, 84])
        print(f"{a} {b} {band[0]:g}-{band[1]:g} Hz: {km:.2f} km, {apart:.2f} wavelengths, {size:.1f} magnitudes, {len(values)} channels, r {r:.2f} ({low:.2f}-{high:.2f})")  # fmt: skip
    print("all pairs:", _said(rows))
    for left in sorted({r[0] for r in rows}):
        kept = [r for r in rows if r[0] != left]
        print(f"without {left[0]} {left[1]}:", _said(kept))


def _said(rows: Sequence[Row]) -> str:
    bands = sorted({r[1] for r in rows})
    a = np.array([[r[2], *(r[3] if r[1] == b else 0.0 for b in bands)] for r in rows])
    x, *_ = np.linalg.lstsq(a, np.array([r[4] for r in rows]), rcond=None)
    each = ", ".join(
        f"{v:.2f} a magnitude in {b[0]:g}-{b[1]:g} Hz" for b, v in zip(bands, x[1:], strict=True)
    )
    return f"alpha {x[0]:.2f} a wavelength, {each}"


PLACE = Channel(nslc=Nslc("XX", "SIM", "", "BHZ"), longitude=0.0, latitude=0.0, dip_deg=-90.0)


def planted() -> None:
    """Size found in nine of ten, for copies of less and less coherence. SIMULATED."""
    made = figures_watch.synthetic(5001)
    prepared = stack.Prepared(made)
    rng = np.random.default_rng(5002)
    hours = range(400_000, 400_002)
    base = figures_watch.disturbed(rng, (2 * 3600 + 600) * RATE, float(RATE))
    level = float(np.sqrt(np.median(base * base)))
    full = sum(c.samples for c in made.channels)
    scale = level / float(np.sqrt(np.mean(full * full)))
    found: dict[float, float] = {}
    for r in (1.0, 0.7, 0.5, 0.3):
        for size in np.arange(-2.2, 1.0, 0.1):
            hit, tries = _tried(prepared, base, r, scale * 10.0**size, hours)
            if hit >= 0.9 * tries:
                found[r] = float(size)
                break
        lost = found.get(r, math.nan) - found[1.0]
        print(f"SIMULATED, coherence {r:.1f}: nine of ten at {found.get(r, math.nan):+.1f} of the noise; lost {lost:.1f}, formula {_formula(made, r):.2f}", flush=True)  # fmt: skip


def _formula(made: repeat.Template, r: float) -> float:
    """What `footprint` says of copies of such a coherence."""
    rows = [
        (2.0 * (c.band[1] - c.band[0]) * len(c.samples) / RATE, float(np.sum(c.samples**2)))
        for c in made.channels
    ]
    powers = [
        footprint._power([(np.full(1, k * nu * e), nu * e, nu) for nu, e in rows], footprint.USUAL_Z) for k in (1.0, r)
    ]  # fmt: skip
    return 0.5 * math.log10(powers[1] / powers[0]) if math.isfinite(powers[1]) else math.inf


def _tried(
    prepared: stack.Prepared, base: np.ndarray, r: float, scale: float, hours: range
) -> tuple[int, int]:
    hit = tries = 0
    for shift in range(3):
        x = base.copy()
        times = np.arange(200 + 60 * shift, 7000, 240)
        for k, t in enumerate(times):
            for c in prepared.template.channels:
                other = stack.surrogate(c, 10 + k)  # unlike the surrogates of the search
                wave = r * c.samples + math.sqrt(1.0 - r * r) * other
                i = round(t * RATE) + 300 * RATE
                x[i : i + len(wave)] += scale * wave
        start = hours.start * grid.BLOCK_NS - 300 * 10**9
        whole = Segment(nslc=PLACE.nslc, start_ns=start, sample_rate_hz=float(RATE), samples=x)

        def load(_station: str, _window: Span, s: Segment = whole) -> tuple[list[Segment], list[Channel]]:
            return [s], [PLACE]

        rows = list(scan.scan([prepared], hours, load, lambda _: 7))
        got = repeat.decide(rows, prepared.longest_s, 1.0)
        at = [(p.time_ns - hours.start * grid.BLOCK_NS) * 1e-9 for p in got.detections]
        tries += len(times)
        hit += sum(any(abs(a - t) < 1.0 for a in at) for t in times)
    return hit, tries


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("pairs", "planted"))
    {"pairs": pairs, "planted": planted}[parser.parse_args().what]()
