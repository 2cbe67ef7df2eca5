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
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from testban.base.dmath import exp10_, log10_
from testban.repeat import array
from testban.repeat.grid import BLOCK_NS, window_of
from testban.repeat.ground import F64, Band
from testban.repeat.onsets import Onset, lag
from testban.repeat.scan import Loader, Shared, backazimuth
from testban.repeat.template import BEFORE_P_S, RATE, Template, TemplateChannel

LAG_S = 0.4
SHOWN = 8
NOISE_S, NOISE_LEAST_S = 60.0, 10.0
CLEAR = 3.0  # energy over that of the noise from which on energies are compared
SIGMA_LEAST, SIGMA_ONE, SIGMA_WEAK = 0.05, 0.15, 0.3
#: Magnitude a decade of yield: 0.75 above a kiloton (Murphy 1996 and others), 1 below it (Bowers et al. 2001; unconfirmed).
#: Which of them holds between two shots follows from yields that a watch does not know, so both ends are taken.
YIELD_SLOPES = (0.75, 1.0)
Z_90 = 1.645


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

    pairs: the `SHOWN` channels that correlate best, one of each station first. onsets: differences of P.
    beams: what each array among the stations says of the place (`array`).
    """

    time_ns: int
    relative_magnitude: float | None
    relative_magnitude_sigma: float | None
    matches: tuple[Match, ...]
    pairs: tuple[Pair, ...] = ()
    onsets: tuple[Onset, ...] = ()
    beams: tuple[array.Beam, ...] = ()


def relative_yield(magnitude: float, sigma: float) -> tuple[float, float]:
    """Yield beside the master's, from and to, with 90 %: of a shot fired alike, in the same rock, depth and coupling.

    magnitude, sigma: relative magnitude and its error.
    """
    ends = [(magnitude + e * Z_90 * sigma) / slope for e in (-1.0, 1.0) for slope in YIELD_SLOPES]
    return exp10_(min(ends)), exp10_(max(ends))


def measure(template: Template, time_ns: int, load: Loader) -> Measured:
    """Every channel of a template at one implied origin time."""
    matches: list[Match] = []
    pairs: list[Pair] = []
    onsets: list[Onset] = []
    traces: dict[tuple[str, Band], F64] = {}
    places: dict[str, tuple[float, float]] = {}
    for station in template.stations:
        own = template.of(station)
        at_ns = time_ns + own[0].offset_samples * 10**9 // RATE
        block = at_ns // BLOCK_NS
        segments, channels = load(station, window_of(block))
        if not segments:
            continue
        start_ns = window_of(block).start_ns
        shared = Shared(segments, channels, start_ns)
        baz = backazimuth(template, channels)
        first = round((at_ns - start_ns) * RATE / 1e9)
        rest = ((at_ns - start_ns) * RATE - first * 10**9) / (1e9 * RATE)
        best: tuple[float, float] | None = None
        if channels:
            places[station] = (channels[0].longitude, channels[0].latitude)
        for c in own:
            found = shared.find(c, baz)
            if found is not None:
                p = lag(c, found[1].samples, found[1].valid, first) if c.component == "Z" else None
                best = p if p is not None and (best is None or p[0] > best[0]) else best
                row = array.trace(c.samples, found[1].samples, first) if c.component == "Z" else None
                if row is not None:
                    traces[(station, c.band)] = row
                m = _match(c, found[1].samples, found[1].valid, found[1].unit, found[1].sources, first)
                if m is not None:
                    at = first + round(m.lag_s * RATE)
                    m = msgspec.structs.replace(m, lag_s=m.lag_s - rest)
                    matches.append(m)
                    pairs.append(
                        Pair(match=m, master=c.samples, detection=found[1].samples[at : at + len(c.samples)])
                    )
        if best is not None:
            onsets.append(_onset(template, station, time_ns, best, rest))
    size, sigma = relative_size(matches)
    return Measured(
        time_ns=time_ns + round(1e9 * _common_lag(matches)), relative_magnitude=size, relative_magnitude_sigma=sigma,
        matches=tuple(matches), pairs=tuple(_best(pairs)), onsets=tuple(onsets), beams=_beams(template, traces, places),
    )  # fmt: skip


def _beams(
    template: Template, traces: Mapping[tuple[str, Band], F64], places: Mapping[str, tuple[float, float]]
) -> tuple[array.Beam, ...]:
    """f-k of every array among the stations, on the vertical in the lowest band that all its elements have."""
    out = []
    for group in array.arrays(places):
        band = array.common_band([[b for s, b in traces if s == name] for name in group])
        if band is not None:
            longest = min(len(c.samples) for c in template.channels if c.station in group and c.band == band)
            degrees = max(8.0, 2.0 * (band[1] - band[0]) * longest / RATE)
            out.append(array.beam({n: traces[(n, band)] for n in group}, places, degrees))
    return tuple(out)


def _onset(template: Template, station: str, time_ns: int, best: tuple[float, float], rest: float) -> Onset:
    """P of one station; rest: of a sample by which the window that was looked at begins too early."""
    at = template.of(station)[0].offset_samples * 10**9 // RATE + round(BEFORE_P_S * 1e9)
    return Onset(
        station=station, master_ns=template.origin_ns + at, correlation=best[0],
        difference_ns=time_ns - template.origin_ns + round(1e9 * (best[1] / RATE - rest)),
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
    for late, w in rows:
        run += w
        if 2.0 * run >= total and total > 0.0:
            return late
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
