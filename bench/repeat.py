"""Correlations a second beside the published idea of EQcorrscan in the same run, and what a station-year costs.

EQcorrscan (Chamberlain et al. 2018, SRL 89, 173) is not installed here; its kernel as published is written out: for every chunk and
channel, transforms of the templates and of the data zero-filled to the chunk, product, inverse transform, division by the
moving standard deviation of the data. Both sides get the same samples (one hour, one channel, 20 Hz, in band) and the
same templates; one thread each, processor time; SciPy's and NumPy's
transforms are both tried, all templates at once and one by one. Ours keeps the
templates' transforms, transforms in single precision (r good to 1e-6) in batches, and needs no spectrum beyond the band.

Usage: PYTHONPATH=src python -m bench repeat
"""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from scipy import fft as scipy_fft

from testban.base.ids import Nslc
from testban.base.records import Channel, Segment
from testban.base.spans import Span
from testban.repeat import Prepared, Template, TemplateChannel, correlate, grid, kernels, scan
from testban.repeat.template import RATE, Component

TEMPLATES = 40
LENGTH = 100 * RATE
BAND = (0.7, 2.0)


def _best(job: Callable[[], object], repeats: int = 9) -> float:
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        job()
        best = min(best, time.process_time() - start)
    return float(best)


def rival(x: np.ndarray, templates: np.ndarray, module: object) -> np.ndarray:
    """Normalised correlation of one chunk by FFT with every template."""
    n = len(x) + templates.shape[1] - 1
    size = scipy_fft.next_fast_len(n, real=True)
    length = templates.shape[1]
    norm = templates - templates.mean(axis=1, keepdims=True)
    norm = norm / (norm.std(axis=1, keepdims=True) * length)
    spectra = module.rfft(norm[:, ::-1], size, axis=1)  # type: ignore[attr-defined]
    data = module.rfft(x, size)  # type: ignore[attr-defined]
    full = module.irfft(spectra * data, size, axis=1)[:, length - 1 : len(x)]  # type: ignore[attr-defined]
    one = np.concatenate([[0.0], np.cumsum(x)])
    two = np.concatenate([[0.0], np.cumsum(x * x)])
    mean = (one[length:] - one[:-length]) / length
    std = np.sqrt(np.maximum((two[length:] - two[:-length]) / length - mean * mean, 1e-300))
    return full / std


def _template(waves: np.ndarray, number: int) -> Template:
    c = TemplateChannel(
        station="XX.AAA", location="", component="Z", sources=("XX.AAA..BHZ",), band=BAND, unit="counts", offset_samples=0,
        samples=waves[number], noise=0.0, snr=10.0,
    )  # fmt: skip
    return Template(
        template_id=f"t{number}",
        origin_ns=0,
        longitude=0.0,
        latitude=1.0,
        depth_km=0.0,
        rate_hz=RATE,
        channels=(c,),
    )


def main() -> list[dict[str, object]]:
    rng = np.random.default_rng(1)
    raw = rng.standard_normal(grid.WINDOW_S * RATE)
    waves = rng.standard_normal((TEMPLATES, LENGTH))
    component = Component(
        location="",
        component="Z",
        sources=("XX.AAA..BHZ",),
        unit="counts",
        samples=raw,
        valid=np.ones(len(raw), dtype=bool),
    )
    hour = raw[correlate.FIRST : correlate.FIRST + correlate.OUT + LENGTH - 1]
    parts = [Prepared(_template(waves, k), 0).parts["XX.AAA"][0] for k in range(TEMPLATES)]
    roots = [1.0 / float(np.sqrt(np.sum(w * w))) for w in waves]

    def coefficients() -> None:
        recorded = correlate.Recorded(component, BAND)
        for at in range(0, TEMPLATES, correlate.BATCH):
            some = range(at, min(TEMPLATES, at + correlate.BATCH))
            rows = correlate.products([(recorded.spectrum, parts[j].transforms[0]) for j in some])
            for j, row in zip(some, rows, strict=True):
                own, _, _ = recorded.roots(waves[j])
                kernels.normalise_(row[correlate.FIRST : correlate.FIRST + correlate.OUT], own, roots[j])

    def statistics() -> None:
        recorded = correlate.Recorded(component, BAND)
        for at in range(0, TEMPLATES, correlate.BATCH * 4):
            correlate.station_blocks([(p, {0: recorded}) for p in parts[at : at + correlate.BATCH * 4]])

    statistics()
    rivals = {
        f"{m.__name__}, all templates at once": _best(lambda m=m: rival(hour, waves, m))
        for m in (scipy_fft, np.fft)
    }
    for m in (scipy_fft, np.fft):
        rivals[f"{m.__name__}, template by template"] = _best(
            lambda m=m: [rival(hour, waves[j : j + 1], m) for j in range(TEMPLATES)]
        )
    count = TEMPLATES * correlate.OUT / 1e6
    what = f"1 channel, {TEMPLATES} templates of 100 s"
    rows = []
    for title, seconds, note in (
        (f"correlations, {what}", _best(coefficients), "r alone, as the rival"),
        (f"the statistic, {what}", _best(statistics), "with degrees of freedom, z, gain, widening and scale, which the rival does not do"),
    ):  # fmt: skip
        for kind in ("all templates at once", "template by template"):
            name = min((k for k in rivals if k.endswith(kind)), key=lambda k: rivals[k])
            rows.append(
                {"name": title, "ours": count / seconds, "rival": count / rivals[name], "ratio": rivals[name] / seconds,
                 "unit": "1e6 / s", "note": f"{note}; rival: published idea by {name}"}
            )  # fmt: skip
    return [*rows, *_day()]


def _day() -> list[dict[str, object]]:
    """A measured day at one channel, carried to a station-year (three components, two bands), and its memory."""
    rng = np.random.default_rng(2)
    waves = rng.standard_normal((1, LENGTH))
    place = Channel(nslc=Nslc("XX", "AAA", "", "BHZ"), longitude=0.0, latitude=0.0, dip_deg=-90.0)
    x = rng.standard_normal((grid.WINDOW_S + 40) * RATE)

    def load(_station: str, window: Span) -> tuple[list[Segment], list[Channel]]:
        start = window.start_ns - 20 * 10**9
        return [Segment(nslc=place.nslc, start_ns=start, sample_rate_hz=float(RATE), samples=x)], [place]

    prepared = [Prepared(_template(waves, 0), 6)]

    def hours(n: int) -> float:
        start = time.process_time()
        for _ in scan.scan(prepared, range(400_000, 400_000 + n), load, lambda b: 7 if b % 120 == 0 else 1):
            pass
        return time.process_time() - start

    day = hours(24)
    peaks = []
    for n in (6, 48):
        tracemalloc.start()
        hours(n)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    year = day * 365.25 * 6 / 3600.0
    return [
        {"name": "station-year of one template, 1 core (from a day)", "ours": year, "rival": float("nan"), "ratio": float("nan"), "unit": "h",
         "note": f"extrapolated: {day:.2f} s for a day of one channel-band, times 6 channel-bands, times 365; half on 2 cores"},
        {"name": "memory, 48 h beside 6 h", "ours": peaks[1], "rival": peaks[0], "ratio": peaks[0] / peaks[1], "unit": "MiB", "note": "flat: the ratio is one"},
    ]  # fmt: skip


if __name__ == "__main__":
    for row in main():
        print(row)
