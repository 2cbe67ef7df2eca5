"""Normalised correlation of one station's channels with its part of templates, hour by hour.

r = <t, x> / sqrt(<t, t> <x, x>) over the template's window; where samples are missing both energies are those of
what is left, r is less by the root of the share of samples (fewer have fewer degrees of freedom), and less than
`LEAST` of the template's energy gives no value. z = sign(r) sqrt(-nu ln(1 - r^2)) is the
signed root of the likelihood ratio for a signal of unknown size in noise of unknown level: standard normal under
noise with nu = 2 B T_eff degrees of freedom, which are read from the hour itself (median of r^2), so that coloured
noise, which has fewer, asks more. The channels of a station are added with the weights of a matched filter,
sqrt(nu <t,t> / <x,x>): what each would see of a small repeat.
x is divided by its own running rms over `LEVEL_S` before it is correlated. That changes nothing about a signal below
the noise, but a burst, a stranger's P or the coda of a large event then has no more independent ups and downs hidden
in it than noise has, and r keeps its law: without it the tail of r in the hour of an earthquake is that of a window a
few seconds long. t stays as it was recorded (the matched filter of a weak signal).

Rules: the energy of a window is a suffix plus a prefix of fixed sections, without subtraction, so that a quiet window
after a loud one keeps its digits; every transform has the length of the absolute window; transforms are in single
precision (r good to 1e-6) and go in batches of `BATCH`, of which no row depends on another.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft as _fft

from testban.repeat.grid import BLOCK_S, LEAD_S, WINDOW_S
from testban.repeat.ground import F64, Band
from testban.repeat.kernels import (
    accumulate_,
    median_size_,
    middle_spread_,
    normalise_,
    rescale_,
    widen_,
    window_energy_,
)
from testban.repeat.template import RATE, Component, TemplateChannel

F32 = NDArray[np.float32]
C64 = NDArray[np.complex64]

N = WINDOW_S * RATE
OUT = BLOCK_S * RATE  # values that a block answers for
FIRST = LEAD_S * RATE
LEAST, LEAST_SAMPLES = 0.7, 0.5  # of the template's energy and of its length that must have samples
MEDIAN_CHI2 = 0.454936  # median of chi-squared with one degree of freedom
FEWEST = 8.0  # degrees of freedom: no noise is narrower than this
TOLERANCE_S = 0.15  # how far a station may lie beside the master's moveout: a source 0.5 to 1 km away
LEVEL_S = 5.0
ENOUGH_S = 60.0  # of values in an hour, to read its scatter
THIN = 8  # every so manieth value is enough for a median
REACH = 1.6  # times the upper corner: beyond it neither side has power
BATCH = 4  # transforms together: one a lane of the processor, and no more than its cache holds


class StationBlock(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """z (OUT,) of a station by the time of the window's start, and the square of its matched-filter gain.

    z is NaN and gain 0 where there is no value. A small repeat of amplitude a (in masters) is expected at
    z = (a sqrt(gain) - middle) / spread. freedom: of the channels together, weighted as they are added.
    """

    z: F32
    gain: F32
    middle: float
    spread: float
    freedom: float


def spectrum(samples: F64, band: Band | None = None) -> C64:
    """Transform of samples, zero-filled to the window; only up to `REACH` times the band's upper corner."""
    whole = _fft.rfft(np.asarray(samples, dtype=np.float32), N)
    return np.ascontiguousarray(whole if band is None else whole[: bins(band)], dtype=np.complex64)


def bins(band: Band) -> int:
    """Frequencies of the window that a band needs."""
    return min(N // 2 + 1, math.ceil(REACH * band[1] * WINDOW_S))


def window_energy(x: F64, length: int, first: int, count: int) -> F64:
    """Sum of x^2 over [i, i + length) for i = first .. first + count - 1; exact to rounding, no cancellation."""
    return np.asarray(window_energy_(np.ascontiguousarray(x, dtype=np.float64), length, first, count))


def levelled(x: F64, valid: NDArray[np.bool_]) -> F64:
    """Samples over their own running rms (`LEVEL_S`, over what holds): bursts and strangers weigh no more than noise."""
    width = 2 * round(0.5 * LEVEL_S * RATE) + 1
    around = np.concatenate([np.zeros(width // 2), x, np.zeros(width)])
    power = window_energy(around, width, 0, len(x))
    if not bool(valid.all()):
        held = np.concatenate([np.zeros(width // 2), valid.astype(np.float64), np.zeros(width)])
        power = power * (width / np.maximum(1.0, window_energy(held, width, 0, len(x))))
    good = valid & (power > 0.0)
    out = np.zeros(len(x))
    out[good] = x[good] / np.sqrt(power[good] / width)
    return out


@njit(cache=True)
def _multiply(a: F32, b: F32, out: F32) -> None:
    """Product a conj(b) for rows (re, im); zero beyond the shorter."""
    n = min(len(a), len(b))
    for k in range(n):
        out[k, 0] = a[k, 0] * b[k, 0] + a[k, 1] * b[k, 1]
        out[k, 1] = a[k, 1] * b[k, 0] - a[k, 0] * b[k, 1]
    for k in range(n, len(out)):
        out[k, 0] = 0.0
        out[k, 1] = 0.0


def products(pairs: Sequence[tuple[C64, C64]]) -> F32:
    """sum_i b[i] a[i + k] for k = 0 .. N - 1 from the transforms (a, b) of each pair, shape (pairs, N)."""
    both = np.empty((len(pairs), N // 2 + 1), dtype=np.complex64)
    for row, (a, b) in zip(both, pairs, strict=True):
        _multiply(_plain(a), _plain(b), _plain(row))
    if len(pairs) == BATCH:
        return np.asarray(_fft.irfft(both, N, axis=1, overwrite_x=True), dtype=np.float32)
    return np.array([_fft.irfft(row, N) for row in both], dtype=np.float32).reshape(-1, N)


def _plain(a: C64) -> F32:
    return a.view(np.float32).reshape(-1, 2)


class Recorded:
    """One component of one hour in one band, prepared for any number of templates."""

    def __init__(self, c: Component, band: Band) -> None:
        self.raw = np.where(c.valid, c.samples, 0.0)
        self.x = levelled(self.raw, c.valid)
        self.band = band
        self.spectrum = spectrum(self.x, band)
        self.valid = c.valid
        self._whole = bool(c.valid.all())
        self._roots: dict[int, tuple[F32, F32, float]] = {}

    def roots(self, samples: F64) -> tuple[F32, F32, float]:
        """(1 / sqrt of the energy of what is correlated, 1 / sqrt of that recorded, its median).

        The first two are (OUT,), 0 without a value.

        Where samples are missing, both are for the share of the template's energy that has samples, and less by the root
        of the share of samples: fewer samples have fewer degrees of freedom.
        """
        length = len(samples)
        if length not in self._roots:
            recorded = _root(window_energy(self.raw, length, FIRST, OUT))
            self._roots[length] = (
                _root(window_energy(self.x, length, FIRST, OUT)),
                recorded,
                _median(recorded),
            )
        own, recorded, usual = self._roots[length]
        if self._whole:
            return own, recorded, usual
        mask = spectrum(self.valid.astype(np.float64))
        held = products([(mask, spectrum(samples * samples))])[0, FIRST : FIRST + OUT]
        share = np.clip(held / float(np.sum(samples * samples)), 0.0, 1.0)
        samples_held = window_energy(self.valid.astype(np.float64), length, FIRST, OUT) / length
        good = (share >= LEAST) & (samples_held >= LEAST_SAMPLES)
        root, count = np.sqrt(np.where(good, share, 1.0)), np.sqrt(samples_held)
        seen = np.where(good, recorded * count * root, 0.0).astype(np.float32)
        return np.where(good, own * count / root, 0.0).astype(np.float32), seen, _median(seen)


def _median(root: F32) -> float:
    return float(np.median(root[::THIN]))


def _root(energy: F64) -> F32:
    return np.where(energy > 0.0, 1.0 / np.sqrt(np.where(energy > 0.0, energy, 1.0)), 0.0).astype(np.float32)


def freedom(r: F32, root: F32, band: Band, length: int) -> float:
    """Degrees of freedom of a correlation from its own scatter, at most 2 B T, at least `FEWEST`."""
    most = 2.0 * (band[1] - band[0]) * length / RATE
    size, held = median_size_(
        r, root, THIN, np.empty(len(root), dtype=np.uint32), np.empty(1, dtype=np.float32)
    )
    if held * THIN < ENOUGH_S * RATE:
        return max(FEWEST, 0.5 * most)
    scatter = size * size / MEDIAN_CHI2
    return min(most, max(FEWEST, 1.0 / scatter if scatter > 0.0 else most))


def scaled(z: F32 | F64) -> tuple[F32, float, float]:
    """Statistic less its median, over its scatter, and both, read from every `THIN`th value; as it is with too few."""
    out = np.asarray(z, dtype=np.float32)
    out = out.copy() if out is z else out
    middle, away, held = middle_spread_(
        out, THIN, np.empty(len(out), dtype=np.uint32), np.empty(1, dtype=np.float32)
    )
    if held * THIN < ENOUGH_S * RATE:
        return out, 0.0, 1.0
    spread = max(1e-3, away / math.sqrt(MEDIAN_CHI2))
    rescale_(out, middle, spread)
    return out, middle, spread


class Part(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What stands for a template (itself or a surrogate) at one station: channels, samples, transforms, energies."""

    channels: tuple[TemplateChannel, ...]
    samples: tuple[F64, ...]
    transforms: tuple[C64, ...]
    energies: tuple[float, ...]


def part(channels: Sequence[TemplateChannel], samples: Sequence[F64]) -> Part:
    """Channels and what is looked for in each, prepared."""
    return Part(
        channels=tuple(channels),
        samples=tuple(samples),
        transforms=tuple(spectrum(x, c.band) for x, c in zip(samples, channels, strict=True)),
        energies=tuple(float(np.sum(x * x)) for x in samples),
    )


def station_blocks(parts: Sequence[tuple[Part, dict[int, Recorded]]]) -> list[StationBlock]:
    """One station's statistic over one hour for many templates or surrogates, each by itself.

    parts: (what is looked for, what was recorded of its channels by their places).
    """
    work = np.empty(OUT + 2 * round(TOLERANCE_S * RATE), dtype=np.float32)
    out: list[StationBlock] = []
    for at in range(0, len(parts), BATCH):
        out += _batch(parts[at : at + BATCH], work)
    return out


def _batch(parts: Sequence[tuple[Part, dict[int, Recorded]]], work: F32) -> list[StationBlock]:
    tops = [np.zeros(OUT, dtype=np.float32) for _ in parts]
    gains = [np.zeros(OUT, dtype=np.float32) for _ in parts]
    shares = np.zeros((len(parts), 2))
    for place in range(max((len(p.channels) for p, _ in parts), default=0)):
        some = [j for j, (_, recorded) in enumerate(parts) if place in recorded]
        if not some:
            continue
        rows = products([(parts[j][1][place].spectrum, parts[j][0].transforms[place]) for j in some])
        for j, row in zip(some, rows, strict=True):
            p, recorded = parts[j]
            fresh = place == min(recorded)
            _add(p, recorded[place], place, row, fresh, work, tops[j], gains[j], shares[j])
    return [_finish(t, g, s, work) for t, g, s in zip(tops, gains, shares, strict=True)]


def _add(
    p: Part, recorded: Recorded, place: int, row: F32, fresh: bool, work: F32, top: F32, gain: F32, share: F64
) -> None:
    """Add one channel of one template to its station."""
    x, energy = p.samples[place], p.energies[place]
    own, root, usual = recorded.roots(x)
    r = row[FIRST : FIRST + OUT]
    normalise_(r, own, 1.0 / math.sqrt(energy))
    nu = freedom(r, own, p.channels[place].band, len(x))
    accumulate_(r, root, nu, math.sqrt(nu * energy), fresh, work, top, gain)
    strong = nu * energy * usual * usual
    share[0] += strong
    share[1] += strong * strong / nu


def _finish(top: F32, gain: F32, share: F64, work: F32) -> StationBlock:
    z = np.empty(OUT, dtype=np.float32)
    widen_(top, gain, round(TOLERANCE_S * RATE), work, np.empty_like(work), z)
    made, middle, spread = scaled(z)
    together = float(share[0] * share[0] / share[1]) if share[1] > 0.0 else FEWEST
    return StationBlock(z=made, gain=gain, middle=middle, spread=spread, freedom=together)
