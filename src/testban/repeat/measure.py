"""What each channel says of one detection: correlation, lag below a sample, size beside the master.

Size: with signal energy clear of the noise, the ratio is that of the energies less the noise (a repeat that is a
little unlike its master is not made smaller by that); below, it is the least-squares factor <t,x> / <t,t> (a lower
bound where the waveforms differ). Relative magnitude is log10 of the ratio in the lowest band that a component has,
where magnitude scales with amplitude near 1 s: median over a station's components, weighted mean over stations; its
sigma comes from their scatter and never falls below `SIGMA_LEAST` (for one station `SIGMA_ONE`).

Rules: units must be equal (nm/s on both sides, or counts of the very same channel), else nothing is said of size.
Lag by a parabola through three correlations around the largest within `LAG_S`.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.dmath import log10_
from testban.repeat.grid import BLOCK_NS, window_of
from testban.repeat.ground import F64
from testban.repeat.scan import Loader, Shared, backazimuth
from testban.repeat.template import RATE, Template, TemplateChannel

LAG_S = 0.4
SHOWN = 8
NOISE_S, NOISE_LEAST_S = 60.0, 10.0
CLEAR = 3.0  # energy over that of the noise from which on energies are compared
SIGMA_LEAST, SIGMA_ONE, SIGMA_WEAK = 0.05, 0.15, 0.3


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One channel at one detection. amplitude_ratio: beside the master, None where it cannot be said.

    snr: mean power over that of the noise before the window, None without noise. lag_s: later than the master's
    moveout says.
    """

    station: str
    component: str
    sources: tuple[str, ...]
    band: tuple[float, float]
    correlation: float
    lag_s: float
    amplitude_ratio: float | None
    snr: float | None


class Pair(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One channel of master and detection over the window, aligned to a sample, for people's eyes."""

    match: Match
    master: F64
    detection: F64


class Measured(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One detection: origin time implied, refined by the lags, relative magnitude and its sigma, and its channels.

    pairs: the `SHOWN` channels that correlate best, one of each station first.
    """

    time_ns: int
    relative_magnitude: float | None
    relative_magnitude_sigma: float | None
    matches: tuple[Match, ...]
    pairs: tuple[Pair, ...] = ()


def measure(template: Template, time_ns: int, load: Loader) -> Measured:
    """Every channel of a template at one implied origin time."""
    matches: list[Match] = []
    pairs: list[Pair] = []
    for station in template.stations:
        own = template.of(station)
        at_ns = time_ns + own[0].offset_samples * 10**9 // RATE
        block = at_ns // BLOCK_NS
        segments, channels = load(station, block)
        if not segments:
            continue
        start_ns = window_of(block).start_ns
        shared = Shared(segments, channels, start_ns)
        baz = backazimuth(template, channels)
        first = round((at_ns - start_ns) * RATE / 1e9)
        rest = ((at_ns - start_ns) * RATE - first * 10**9) / (1e9 * RATE)
        for c in own:
            found = shared.find(c, baz)
            if found is not None:
                m = _match(c, found[1].samples, found[1].valid, found[1].unit, found[1].sources, first)
                if m is not None:
                    at = first + round(m.lag_s * RATE)
                    m = msgspec.structs.replace(m, lag_s=m.lag_s - rest)
                    matches.append(m)
                    pairs.append(
                        Pair(match=m, master=c.samples, detection=found[1].samples[at : at + len(c.samples)])
                    )
    size, sigma = relative_size(matches)
    return Measured(
        time_ns=time_ns + round(1e9 * _common_lag(matches)), relative_magnitude=size, relative_magnitude_sigma=sigma,
        matches=tuple(matches), pairs=tuple(_best(pairs)),
    )  # fmt: skip


def _best(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs to show: the best of each station, then the next best."""
    ordered = sorted(
        pairs, key=lambda p: (-p.match.correlation, p.match.station, p.match.component, p.match.band)
    )
    seen: list[str] = []
    first: list[Pair] = []
    rest: list[Pair] = []
    for p in ordered:
        (rest if p.match.station in seen else first).append(p)
        seen.append(p.match.station)
    return [*first, *rest][:SHOWN]


def _match(
    c: TemplateChannel, x: F64, valid: np.ndarray, unit: str, sources: tuple[str, ...], first: int
) -> Match | None:
    n, reach = len(c.samples), round(LAG_S * RATE)
    if first - reach - 1 < 0 or first + n + reach + 1 > len(x):
        return None
    hold = valid[first : first + n]
    if float(np.sum(c.samples[hold] ** 2)) < 0.7 * float(np.sum(c.samples**2)):
        return None
    x = np.where(valid, x, 0.0)
    t = np.where(hold, c.samples, 0.0)
    energy = float(np.sum(t * t))
    tops = [float(np.sum(t * x[first + k : first + k + n])) for k in range(-reach - 1, reach + 2)]
    powers = [float(np.sum(x[first + k : first + k + n] ** 2)) for k in range(-reach - 1, reach + 2)]
    r = [a / math.sqrt(energy * p) if p > 0.0 else 0.0 for a, p in zip(tops, powers, strict=True)]
    i = max(range(1, len(r) - 1), key=lambda j: (r[j], -abs(j - reach - 1)))
    bend = r[i - 1] - 2.0 * r[i] + r[i + 1]
    part = 0.5 * (r[i - 1] - r[i + 1]) / bend if bend < 0.0 else 0.0
    peak = r[i] - 0.25 * (r[i - 1] - r[i + 1]) * part
    noise = _noise(x, valid, first)
    comparable = unit == c.unit and (unit != "counts" or sources == c.sources)
    share = n / max(1, int(hold.sum()))
    ratio = _ratio(c, tops[i], powers[i], energy, noise, n / share) if comparable else None
    return Match(
        station=c.station, component=c.component, sources=sources, band=c.band, correlation=min(1.0, max(-1.0, peak)),
        lag_s=(i - reach - 1 + max(-0.5, min(0.5, part))) / RATE, amplitude_ratio=ratio,
        snr=powers[i] / (n / share) / (noise * noise) if noise > 0.0 else None,
    )  # fmt: skip


def _noise(x: F64, valid: np.ndarray, first: int) -> float:
    part = slice(max(0, first - round(NOISE_S * RATE)), max(0, first - RATE))
    y = x[part][valid[part]]
    return math.sqrt(float(np.sum(y * y)) / len(y)) if len(y) >= NOISE_LEAST_S * RATE else 0.0


def _ratio(
    c: TemplateChannel, top: float, power: float, energy: float, noise: float, n: float
) -> float | None:
    quiet = n * noise * noise
    if noise > 0.0 and power - quiet > CLEAR * quiet:
        return math.sqrt((power - quiet) / max(energy - n * c.noise * c.noise, 0.5 * energy))
    return top / energy if top > 0.0 else None


def _weight(m: Match) -> float:
    """How much a channel says of time: its correlation as information, r^2 / (1 - r^2)."""
    r = max(0.0, min(0.98, m.correlation))
    return r * r / (1.0 - r * r)


def _common_lag(matches: Sequence[Match]) -> float:
    """Weighted median of the lags: where half of the weight lies on either side."""
    rows = sorted((m.lag_s, _weight(m)) for m in matches if abs(m.lag_s) < LAG_S)
    total, run = sum(w for _, w in rows), 0.0
    for lag, w in rows:
        run += w
        if 2.0 * run >= total and total > 0.0:
            return lag
    return 0.0


def relative_size(matches: Sequence[Match]) -> tuple[float | None, float | None]:
    """Relative magnitude and its sigma; (None, None) where no channel can say."""
    lowest: dict[tuple[str, str], Match] = {}
    for m in sorted(matches, key=lambda m: (m.station, m.component, m.band)):
        if m.amplitude_ratio is not None and m.amplitude_ratio > 0.0:
            lowest.setdefault((m.station, m.component), m)
    stations: dict[str, list[tuple[float, float]]] = {}
    for (station, _), m in sorted(lowest.items()):
        weak = m.snr is None or m.snr < 1.0 + CLEAR
        stations.setdefault(station, []).append(
            (log10_(m.amplitude_ratio or 1.0), SIGMA_WEAK if weak else SIGMA_ONE)
        )
    if not stations:
        return None, None
    values, weights = [], []
    for rows in stations.values():
        values.append(float(np.median(np.array([v for v, _ in rows]))))
        weights.append(1.0 / min(s for _, s in rows) ** 2)
    mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    formal = 1.0 / math.sqrt(sum(weights))
    if len(values) == 1:
        return mean, formal
    spread = sum(w * (v - mean) ** 2 for v, w in zip(values, weights, strict=True)) / sum(weights)
    return mean, max(SIGMA_LEAST, formal, math.sqrt(spread / (len(values) - 1)))
