"""Ambient noise: coloured, seamless, different from hour to hour.

Rules: power lies between the low- and high-noise models of Peterson 1993 (USGS OFR 93-322), in dB linearly by the
station's level; above 1 Hz it follows the local day, below 1 Hz storms lift it. Samples are made on an absolute
grid: windows of 512 s each 256 s, sine-tapered so that overlapping powers add to one, each from its own key. So
any span has the same samples however it is cut.
"""

import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.times import DAY_NS, NS_PER_S
from testban.earth import noise as models
from testban.earth import response as responses
from testban.simulate import draws
from testban.simulate.network import Post, Receiver, response
from testban.simulate.scenario import HOP_S, Scenario

Floats = NDArray[np.float64]
STEP_DB = 0.5


class Weather:
    """Noise level of one site over time, in dB above the low-noise model's share: (below 1 Hz, above 1 Hz)."""

    def __init__(self, scenario: Scenario, post: Post) -> None:
        self.model = scenario.noise
        self.longitude = post.longitude
        days = (scenario.end_ns - scenario.start_ns) / DAY_NS
        at = draws.poisson_times(
            draws.key(scenario.seed, "storms", post.key), self.model.storms_per_day * days
        )
        self.storms = [
            scenario.start_ns + round(float(x) * (scenario.end_ns - scenario.start_ns)) for x in at
        ]

    def extra_db(self, time_ns: int) -> tuple[float, float]:
        """Extra dB at low and at high frequency, in steps of half a dB."""
        local = ((time_ns % DAY_NS) / DAY_NS + self.longitude / 360.0) % 1.0
        day = -self.model.daily_db * dmath.cos_(2.0 * dmath.PI * local) * 0.5
        storm = 0.0
        half = self.model.storm_hours * 1800.0 * NS_PER_S
        for s in self.storms:
            x = (time_ns - s) / max(half, 1.0)
            if abs(x) < 2.0:
                c = dmath.cos_(0.25 * dmath.PI * x)
                storm = max(storm, self.model.storm_db * c * c)
        return round(storm / STEP_DB) * STEP_DB, round(day / STEP_DB) * STEP_DB


def psd_db(frequency_hz: Floats, level: float, low_db: float = 0.0, high_db: float = 0.0) -> Floats:
    """Target power density in dB relative to 1 (m/s^2)^2/Hz: between the models by `level`, plus changes."""
    period = 1.0 / np.maximum(frequency_hz, 1e-4)
    period = np.clip(period, 0.1001, 9.9e3)
    base = np.asarray(models.nlnm(period)) * (1.0 - level) + np.asarray(models.nhnm(period)) * level
    x = np.clip(dmath.log10(np.maximum(frequency_hz, 1e-4)) / 0.6 + 0.5, 0.0, 1.0)  # 0.3 to 2 Hz
    return np.asarray(base + low_db * (1.0 - x) + high_db * x)


class NoiseMaker:
    """Noise in counts for the receivers of a scenario."""

    def __init__(self, scenario: Scenario, posts: tuple[Post, ...]) -> None:
        self.scenario = scenario
        self.weather = {p.key: Weather(scenario, p) for p in posts}
        self.shapes: dict[tuple[str, float, float, float], Floats] = {}
        self.bases: dict[tuple[str, float], tuple[Floats, Floats]] = {}
        self.windows: dict[tuple[str, int], Floats] = {}
        self.tapers: dict[int, Floats] = {}

    def samples(self, post: Post, receiver: Receiver, first: int, count: int) -> Floats:
        """Counts (not rounded) of samples first .. first + count - 1 of the absolute grid of the receiver's rate."""
        hop = round(receiver.instrument.rate_hz * HOP_S)
        out = np.zeros(count)
        for w in range(first // hop - 1, (first + count - 1) // hop + 1):
            x = self._window(post, receiver, w, hop)
            a, b = max(first, w * hop), min(first + count, (w + 2) * hop)
            if a < b:
                out[a - first : b - first] += x[a - w * hop : b - w * hop]
        return out

    def _window(self, post: Post, receiver: Receiver, number: int, hop: int) -> Floats:
        name = str(receiver.nslc)
        held = self.windows.get((name, number))
        if held is not None:
            return held
        n = 2 * hop
        low, high = self.weather[post.key].extra_db((number + 1) * HOP_S * NS_PER_S)
        shape = self._shape(receiver, post.noise, low, high, n)
        z = draws.bulk_normal(draws.key(self.scenario.seed, "noise window", name, number), 2 * (hop + 1))
        spectrum = np.empty(hop + 1, dtype=np.complex128)
        spectrum.real = z[: hop + 1] * shape
        spectrum.imag = z[hop + 1 :] * shape
        x = np.fft.irfft(spectrum, n)
        taper = self.tapers.get(n)
        if taper is None:
            taper = self.tapers[n] = dmath.sin(dmath.PI * (np.arange(n) + 0.5) / n)
        x *= taper
        self._hold(name, number, x)
        return np.asarray(x)

    def _hold(self, name: str, number: int, x: Floats) -> None:
        for k in [k for k in self.windows if k[0] == name and abs(k[1] - number) > 1]:
            del self.windows[k]
        if len(self.windows) > 600:
            self.windows.clear()
        self.windows[(name, number)] = x

    def _shape(self, receiver: Receiver, level: float, low: float, high: float, n: int) -> Floats:
        """Standard deviation of each spectral coefficient's real part, in counts."""
        ident = (receiver.instrument.name, level, low, high)
        held = self.shapes.get(ident)
        if held is not None:
            return held
        rate = receiver.instrument.rate_hz
        f = np.asarray(np.arange(n // 2 + 1) * rate / n, dtype=np.float64)
        base = self.bases.get(ident[:2])
        if base is None:
            h = np.zeros(f.shape, dtype=np.complex128)
            h[1:] = responses.evaluate(response(receiver.instrument), f[1:], unit="m/s**2")
            gain = np.sqrt((h.real * h.real + h.imag * h.imag) * rate * n / 4.0)
            base = self.bases[ident[:2]] = (psd_db(f, level), gain)
        change = psd_db(f, 0.0, low, high) - psd_db(f, 0.0) if low or high else 0.0
        shape = np.asarray(dmath.exp((base[0] + change) * (2.302585092994046 / 20.0)) * base[1])
        if len(self.shapes) > 500:
            self.shapes.clear()
        self.shapes[ident] = shape
        return shape


def band_rms_nm_s(
    level: float, low_hz: float, high_hz: float, extra: tuple[float, float] = (0.0, 0.0)
) -> float:
    """Root mean square ground velocity in nm/s in a band, from the target power."""
    f = np.asarray(low_hz + (high_hz - low_hz) * (np.arange(64) + 0.5) / 64.0, dtype=np.float64)
    power = dmath.exp(psd_db(f, level, *extra) * (2.302585092994046 / 10.0)) / (2.0 * dmath.PI * f) ** 2
    return float(np.sqrt(np.sum(power) * (high_hz - low_hz) / 64.0)) * 1e9
