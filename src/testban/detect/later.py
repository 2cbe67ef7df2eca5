"""S and Lg that grow out of the coda of a strong P: where the horizontals gain power, and gain more than the vertical.

Rules: the search follows a strong first arrival and nothing else, so that a quiet station gains no false detections
by it; what counts is the growth of the mean power over a window against the coda just before, in scatters of that
ratio (means of chi-square variables), not its height over the noise. Windows grow with the time since P: an S far
behind its P comes from far and rises slowly. Growth in one band, or on the vertical as much, is a burst or another P.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import log
from testban.detect import onset
from testban.detect.arrival import Arrival
from testban.detect.block import Block
from testban.signal import filters

F64 = NDArray[np.float64]

AFTER_S = (3.5, 300.0)  # after P: where S is looked for (300 s: S at 25 degrees)
WINDOW = (
    0.12,
    1.0,
    6.0,
)  # of the time since P; least and most length in s of the later window; the coda's is twice
STEP_S = 0.3
SLOW = 0.3  # of the window: how badly the onset of what rises slowly is known
# s: the largest growth trails its onset. Ten such S of California 2019-07-16 against Sg at the published origin: root mean square 3.1 s,
# of which 1.8 s are the model's. Of the other earthquakes nothing was chosen.
TRAILS_S = 2.5
AHEAD = 0.25  # of the window: an onset so much ahead of the largest growth is not its onset
SCATTER = 0.15  # of the logarithm of a power ratio in a coda, beyond that of its finite bandwidth
LEAST = 5.0  # scatters of growth
LEAST_SHARE = 0.5  # of the strongest growth after the same P
LEAST_MEAN = 0.8  # mean logarithm of growth over all bands (bands below twice the noise count as none)
LEAST_EXCESS = 0.1  # growth of the horizontals beyond that of the vertical, logarithm
MOST_CYCLES = 900.0  # frequency times time since P beyond which attenuation leaves no S: what grows there is another event
LEAST_NOISE = 2.0  # power over the noise ahead of P
MOST = 2  # later phases of one P
PROBABILITY = 0.85  # that it is S or Lg: about what was right on the tuning recordings, docs/rooms/detect.md


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """A later phase: bin where the growth is largest, band, window in bins, growth in scatters."""

    at: int
    band: int
    window: int
    scatters: float


def _sums(power: F64) -> F64:
    """Running sums with a nought in front; NaN spreads to all later ones of its column."""
    return np.vstack([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0)])


def growths(block: Block, begin: int, end: int) -> list[Growth]:
    """Growths of power on the horizontals after a P at bin `begin`, up to bin `end`, in order of time."""
    bands, bin_s = len(block.bands), block.bin_s
    end = min(end, block.bins)
    at = np.arange(begin + round(AFTER_S[0] / bin_s), end, max(1, round(STEP_S / bin_s)))
    share, least, most = WINDOW
    window = np.round(np.clip(share * (at - begin) * bin_s, least, most) / bin_s).astype(np.int64)
    first = np.maximum(begin + round(0.3 / bin_s), at - 2 * window)
    inside = (at + window <= end) & (at - first >= window)
    at, window, first = at[inside], window[inside], first[inside]
    if not len(at):
        return []
    ahead = max(0, begin - round(2.0 / bin_s))
    noise = np.array([block.noise(block.lanes + j, ahead)[0] for j in range(bands)])
    flat = _ratios(
        block.power[begin:end, block.lanes : block.lanes + bands], at - begin, window, first - begin
    )
    upright = _ratios(block.power[begin:end, :bands], at - begin, window, first - begin)
    width = np.array([high - low for low, high in block.bands])
    freedom = 1.0 / window[:, None] + 1.0 / (at - first)[:, None]
    scatter = np.sqrt(SCATTER * SCATTER + 2.0 / 3.0 * freedom / (width * bin_s))
    middle = np.sqrt(np.array([low * high for low, high in block.bands]))
    alive = (at - begin)[:, None] * bin_s * middle <= MOST_CYCLES
    with np.errstate(invalid="ignore"):
        heard = flat[1] > LEAST_NOISE * noise
        mean = np.sum(np.where(heard, flat[0], 0.0), axis=1) / bands
        fit = alive & heard & (flat[0] - upright[0] >= LEAST_EXCESS) & (mean >= LEAST_MEAN)[:, None]
        growth = np.where(fit, flat[0] / scatter, 0.0)
    return _best(growth, at, window)


def _ratios(
    power: F64, at: NDArray[np.int64], window: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[F64, F64]:
    """Logarithm of the later mean over the earlier one, and the later mean; NaN where bins are missing."""
    sums = _sums(power)
    later = (sums[at + window] - sums[at]) / window[:, None]
    before = (sums[at] - sums[first]) / (at - first)[:, None]
    good = (later > 0.0) & (before > 0.0)
    out = np.full(later.shape, np.nan)
    out[good] = log(later[good] / before[good])
    return out, np.where(good, later, np.nan)


def _best(growth: F64, at: NDArray[np.int64], window: NDArray[np.int64]) -> list[Growth]:
    """The largest growths, apart by two windows; ties go to the earlier."""
    band = np.argmax(growth, axis=1)
    top = growth[np.arange(len(growth)), band]
    out: list[Growth] = []
    for i in np.argsort(-top, kind="stable"):
        if top[i] < max(LEAST, LEAST_SHARE * (out[0].scatters if out else 0.0)) or len(out) == MOST:
            break
        if all(abs(int(at[i]) - g.at) > 2 * max(int(window[i]), g.window) for g in out):
            out.append(
                Growth(at=int(at[i]), band=int(band[i]), window=int(window[i]), scatters=float(top[i]))
            )
    return sorted(out, key=lambda g: g.at)


def find(block: Block, growth: Growth) -> Arrival | None:
    """The onset of a growth on the horizontal that gains more, in the band where it is surest."""
    low, high = block.bands[growth.band]
    rate = block.rate
    length = growth.window * block.width
    middle = block.first + growth.at * block.width
    best: Arrival | None = None
    for trace in block.sensor.horizontals:
        run = trace.run_at(middle)
        if run is None:
            continue
        lo = max(run.first, round(middle - 2 * length - 20.0 * rate))
        y = filters.bandpass(run.samples[lo - run.first : middle + length - run.first], low, high, rate)
        a, b = max(0, middle - length - lo), min(len(y), middle + round(0.7 * length) - lo)
        k, likelihood, _ = onset.change_point(
            y[a:b], max(2, round(0.25 / low * rate)), 2.0 * (high - low) / rate
        )
        if k < 0:
            continue
        at = a + k
        if at < middle - lo - AHEAD * length:  # a wiggle of the coda: the growth itself knows better
            at = middle - lo
        before, later = y[max(0, at - length) : at], y[at : at + length]
        quiet = math.sqrt(float(np.sum(before * before)) / max(1, len(before)))
        snr = float(np.abs(later).max(initial=0.0)) / quiet if quiet > 0.0 else 0.0
        apart = (
            lo + at - middle
        ) / rate  # two estimates that differ are both in doubt; a slow rise is picked late
        sample = lo + at - 0.5 * max(0.0, apart) * rate
        rise = SLOW * growth.window * block.bin_s
        sigma = onset.sigma_s(snr, (low, high), rate) + math.sqrt(
            rise * rise + apart * apart + TRAILS_S * TRAILS_S
        )
        arrival = Arrival(
            sample=sample, band=(low, high), snr=snr, sigma_s=sigma, trace=trace, likelihood=likelihood
        )
        if best is None or likelihood > best.likelihood:
            best = arrival
    return best
