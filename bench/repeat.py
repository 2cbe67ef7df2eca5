"""Correlations a second beside the published idea of EQcorrscan in the same run, and what a station-year costs.

EQcorrscan (Chamberlain et al. 2018, SRL 89, 173) itself is run in the same run where TESTBAN_EQCORRSCAN names the Python of an
environment that has it (it is no dependency of ours). Without it its kernel as published is written out: for every chunk and channel, transforms of the templates and of the data zero-filled to the chunk, product, inverse transform, division by the
moving standard deviation of the data. Both sides get the same samples (one hour, one channel, 20 Hz, in band) and the
same templates; one thread each, processor time; SciPy's and NumPy's transforms are both tried, all templates at once and one by one.
Beside that stands the same idea as well as we could write it with SciPy ("at its best"): single precision, transforms of the
templates kept, four at a time, which is also what ours does; and its whole detection (three channels added, median of
the absolute sum, maxima beyond eight of it) beside ours.

Usage: [TESTBAN_EQCORRSCAN=PYTHON] python -m bench repeat
"""

import os
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy import fft as scipy_fft
from scipy import signal as scipy_signal

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
    return full * _scale(x, length)


class Best:
    """The rival's idea with SciPy at its best: templates' transforms kept, single precision, four at a time."""

    def __init__(self, templates: np.ndarray, size: int) -> None:
        length = templates.shape[1]
        norm = templates - templates.mean(axis=1, keepdims=True)
        norm = norm / (norm.std(axis=1, keepdims=True) * length)
        self.spectra = scipy_fft.rfft(norm[:, ::-1].astype(np.float32), size, axis=1)
        self.length, self.size, self.count = length, size, len(templates)

    def rows(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """Correlations with four templates after another."""
        data = scipy_fft.rfft(x.astype(np.float32), self.size)
        scale = _scale(x, self.length)
        for at in range(0, self.count, 4):
            both = scipy_fft.irfft(self.spectra[at : at + 4] * data, self.size, axis=1, overwrite_x=True)
            yield both[:, self.length - 1 : len(x)] * scale

    def run(self, x: np.ndarray) -> None:
        """All of them."""
        for _ in self.rows(x):
            pass

    def detect(self, channels: Sequence[np.ndarray]) -> int:
        """Channels added, threshold of eight median absolute values, maxima: how many."""
        found = 0
        for several in zip(*(self.rows(x) for x in channels), strict=True):
            for row in sum(several[1:], several[0]):
                limit = 8.0 * float(np.median(np.abs(row)))
                found += len(scipy_signal.find_peaks(row, height=limit, distance=10 * RATE)[0])
        return found


def _scale(x: np.ndarray, length: int) -> np.ndarray:
    one = np.concatenate([[0.0], np.cumsum(x)])
    two = np.concatenate([[0.0], np.cumsum(x * x)])
    mean = (one[length:] - one[:-length]) / length
    return (1.0 / np.sqrt(np.maximum((two[length:] - two[:-length]) / length - mean * mean, 1e-300))).astype(
        np.float32
    )


def eqcorrscan(samples: np.ndarray, templates: np.ndarray) -> tuple[float, str] | None:
    """Best processor time of EQcorrscan's kernel on the same samples and its version; None without it."""
    python = os.environ.get("TESTBAN_EQCORRSCAN")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "same.npz"
        np.savez(file, samples=samples.astype(np.float32), templates=templates.astype(np.float32))
        script = Path(__file__).with_name("rival_eqcorrscan.py")
        said = subprocess.run(
            [python, str(script), str(file)], capture_output=True, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        )  # fmt: skip
    seconds, version = said.stdout.split()[-2:]
    return float(seconds), version


def _template(waves: np.ndarray, number: int, components: str = "Z") -> Template:
    channels = tuple(
        TemplateChannel(
            station="XX.AAA", location="", component=k, sources=(f"XX.AAA..BH{k}",), band=BAND, unit="counts", offset_samples=0,
            samples=waves[number], noise=0.0, snr=10.0,
        )
        for k in components
    )  # fmt: skip
    return Template(
        template_id=f"t{number}",
        origin_ns=0,
        longitude=0.0,
        latitude=1.0,
        depth_km=0.0,
        rate_hz=RATE,
        channels=channels,
    )


def main() -> list[dict[str, object]]:
    """Kernels, whole detections, a day and its memory."""
    rng = np.random.default_rng(1)
    raw = rng.standard_normal(grid.WINDOW_S * RATE)
    waves = rng.standard_normal((TEMPLATES, LENGTH))
    hour = raw[correlate.FIRST : correlate.FIRST + correlate.OUT + LENGTH - 1]
    component = Component(location="", component="Z", sources=("XX.AAA..BHZ",), unit="counts", samples=raw, valid=np.ones(len(raw), dtype=bool))  # fmt: skip
    parts = [Prepared(_template(waves, k), 0).parts["XX.AAA"][0] for k in range(TEMPLATES)]
    correlate.station_blocks(
        [(parts[0], {0: correlate.Recorded(component, BAND)})]
    )  # compile, and keep freed blocks
    rivals = {
        f"{m.__name__}, {kind}": _best(lambda m=m, step=step: [rival(hour, waves[j : j + step], m) for j in range(0, TEMPLATES, step)])  # type: ignore[misc]
        for m in (scipy_fft, np.fft)
        for kind, step in (("all at once", TEMPLATES), ("one by one", 1))
    }  # fmt: skip
    name = min(rivals, key=lambda k: rivals[k])
    strong = Best(waves, len(raw))
    fast = _best(lambda: strong.run(hour))
    count = TEMPLATES * correlate.OUT / 1e6
    others = [(f"published idea by {name}", rivals[name]), ("published idea at its best", fast)]
    real = eqcorrscan(hour, waves)
    if real:
        others.insert(0, (f"EQcorrscan {real[1]}", real[0]))
    rows = []
    for title, seconds, note in (
        ("correlations", _best(lambda: _coefficients(component, parts, waves)), "r alone, as the rival"),
        ("the statistic", _best(lambda: _statistics(component, parts)), "with degrees of freedom, z, gain, widening and scale, which the rival does not do"),
    ):  # fmt: skip
        for what, other in others:
            rows.append(
                {"name": f"{title}, 1 channel, {TEMPLATES} templates", "ours": count / seconds, "rival": count / other,
                 "ratio": other / seconds, "unit": "1e6 / s", "note": f"{note}; rival: {what}"}
            )  # fmt: skip
    return [*rows, *_detections(waves, raw, hour, strong), *_day()]


def _coefficients(component: Component, parts: Sequence[correlate.Part], waves: np.ndarray) -> None:
    """R alone."""
    recorded = correlate.Recorded(component, BAND)
    for at in range(0, TEMPLATES, correlate.BATCH):
        some = range(at, min(TEMPLATES, at + correlate.BATCH))
        rows = correlate.products([(recorded.spectrum, parts[j].transforms[0]) for j in some])
        for j, row in zip(some, rows, strict=True):
            own, _, _ = recorded.roots(waves[j])
            kernels.normalise_(
                row[correlate.FIRST : correlate.FIRST + correlate.OUT], own, parts[j].energies[0] ** -0.5
            )


def _statistics(component: Component, parts: Sequence[correlate.Part]) -> None:
    """The whole statistic of a station, some templates after another as the search does."""
    recorded = correlate.Recorded(component, BAND)
    for at in range(0, TEMPLATES, correlate.BATCH):
        correlate.station_blocks([(p, {0: recorded}) for p in parts[at : at + correlate.BATCH]])


def _detections(
    waves: np.ndarray, raw: np.ndarray, hour: np.ndarray, strong: Best
) -> list[dict[str, object]]:
    """Three channels of an hour from samples in band to maxima, both sides with all that they do."""
    prepared = [Prepared(_template(waves, k, "ZNE"), 0) for k in range(TEMPLATES)]
    place = [Channel(nslc=Nslc("XX", "AAA", "", f"BH{k}"), longitude=0.0, latitude=0.0) for k in "ZNE"]

    def load(_station: str, window: Span) -> tuple[list[Segment], list[Channel]]:
        return [
            Segment(nslc=c.nslc, start_ns=window.start_ns, sample_rate_hz=float(RATE), samples=raw)
            for c in place
        ], place

    def ours() -> None:
        for _ in scan.scan(prepared, range(400_000, 400_001), load, lambda _: 1):
            pass

    mine, other = _best(ours, 5), _best(lambda: strong.detect([hour, hour, hour]), 5)
    count = 3 * TEMPLATES * correlate.OUT / 1e6
    note = "ours from raw samples: instrument, band, statistic, network, cells, maxima, reach; rival from samples in band: correlations at its best, sum, median, maxima"
    return [
        {"name": f"detection, 3 channels, {TEMPLATES} templates", "ours": count / mine, "rival": count / other,
         "ratio": other / mine, "unit": "1e6 / s", "note": note}
    ]  # fmt: skip


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
