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

from testban.repeat.grid import BLOCK_S, LEAD_S, MARGIN_S, STEP_S, WINDOW_S
from testban.repeat.ground import F64, Band
from testban.repeat.kernels import (
    accumulate_,
    beside_gaps_,
    median_size_,
    middle_spread_,
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
STEP = STEP_S * RATE
LEAST, LEAST_SAMPLES = 0.7, 0.5  # of the template's energy and of its length that must have samples
MEDIAN_CHI2 = 0.454936  # median of chi-squared with one degree of freedom
FEWEST = 8.0  # degrees of freedom: no noise is narrower than this
TOLERANCE_S = 0.15  # how far a station may lie beside the master's moveout: a source 0.5 to 1 km away
LEVEL_S = 5.0
ENOUGH_S = 60.0  # of values in an hour, to read its scatter
THIN = 8  # every so manieth value is enough for a median
REACH = 1.6  # times the upper corner: beyond it neither side has power
KEPT = 30 * 2**20  # bytes
BATCH = 4  # transforms together: one a lane of the processor, and no more than its cache holds


class StationBlock(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """z (OUT,) of a station by origin time, and the square of its matched-filter gain.

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
    return np.array(
        whole if band is None else whole[: bins(band)], dtype=np.complex64
    )  # no view of the whole


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
        edge = round(MARGIN_S * RATE)  # of a window, which no template reaches
        self._whole = bool(c.valid[edge : len(c.valid) - edge].all())
        edges = np.diff(np.concatenate([[0], (~c.valid).astype(np.int8), [0]]))
        self._gaps = np.stack(
            [np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1
        )  # begin and end
        self._roots: dict[int, tuple[F32, F32, F64 | None, float]] = {}

    def roots(self, samples: F64, late: int = 0) -> tuple[F32, F32, float]:
        """(1 / sqrt of the energy of what is correlated, 1 / sqrt of that recorded, its median).

        The first two are (OUT,) from `late` samples after the first, 0 without a value.

        Where samples are missing, both are for the share of the template's energy that has samples, and less by the root
        of the share of samples: fewer samples have fewer degrees of freedom.
        """
        own, recorded, share, usual = self._of_length(len(samples))
        own, recorded = own[late : late + OUT], recorded[late : late + OUT]
        if share is None:
            return own, recorded, usual
        energy = np.concatenate([[0.0], np.cumsum(samples * samples)])
        made = np.empty((2, OUT), dtype=np.float32)
        beside_gaps_(
            own,
            recorded,
            share[late : late + OUT],
            energy,
            self._gaps - FIRST - late,
            LEAST,
            made[0],
            made[1],
        )
        return made[0], made[1], usual

    def _of_length(self, length: int) -> tuple[F32, F32, F64 | None, float]:
        """Roots of energies for windows of one length, the share of samples that each has, and the usual root."""
        if length not in self._roots:
            recorded = _root(window_energy(self.raw, length, FIRST, OUT + STEP))
            own = _root(window_energy(self.x, length, FIRST, OUT + STEP))
            share = None
            if not self._whole:
                share = window_energy(self.valid.astype(np.float64), length, FIRST, OUT + STEP) / length
                good = share >= LEAST_SAMPLES
                own, recorded = (
                    np.where(good, own, np.float32(0.0)),
                    np.where(good, recorded, np.float32(0.0)),
                )
            self._roots[length] = (own, recorded, share, _median(recorded))
        return self._roots[length]


def _median(root: F32) -> float:
    some = root[::THIN][root[::THIN] > 0.0]
    return float(np.median(some)) if len(some) else 0.0


def _root(energy: F64) -> F32:
    return np.where(energy > 0.0, 1.0 / np.sqrt(np.where(energy > 0.0, energy, 1.0)), 0.0).astype(np.float32)


def freedom(row: F32, root: F32, scale: float, band: Band, length: int) -> float:
    """Degrees of freedom of r = row root scale from its own scatter, at most 2 B T, at least `FEWEST`."""
    most = 2.0 * (band[1] - band[0]) * length / RATE
    size, held = median_size_(row, root, scale, THIN, _keys(len(root)))
    if held * THIN < ENOUGH_S * RATE:
        return max(FEWEST, 0.5 * most)
    scatter = size * size / MEDIAN_CHI2
    return min(most, max(FEWEST, 1.0 / scatter if scatter > 0.0 else most))


def _keys(n: int) -> NDArray[np.uint32]:
    return np.empty(n // THIN + 2, dtype=np.uint32)


def scaled(out: F32) -> tuple[float, float]:
    """Make a statistic less its median, over its scatter, in place; both, read from every `THIN`th value.

    With too few values it stays as it is.
    """
    middle, away, held = middle_spread_(out, THIN, _keys(len(out)))
    if held * THIN < ENOUGH_S * RATE:
        return 0.0, 1.0
    spread = max(1e-3, away / math.sqrt(MEDIAN_CHI2))
    rescale_(out, middle, spread)
    return middle, spread


class Part(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What stands for a template (itself or a surrogate) at one station: channels, samples, transforms, energies.

    transforms: empty where they are made when they are needed.
    """

    channels: tuple[TemplateChannel, ...]
    samples: tuple[F64, ...]
    transforms: tuple[C64, ...]
    energies: tuple[float, ...]

    @property
    def late(self) -> int:
        """Samples from the first of a window (`grid.window_of`) to the template's at the first moment of the hour."""
        return self.channels[0].offset_samples % STEP

    def transform(self, place: int) -> C64:
        """Of one channel."""
        if self.transforms:
            return self.transforms[place]
        return spectrum(self.samples[place], self.channels[place].band)


def part(channels: Sequence[TemplateChannel], samples: Sequence[F64], keep: bool = True) -> Part:
    """Channels and what is looked for in each, prepared. keep: the transforms too."""
    made = tuple(spectrum(x, c.band) for x, c in zip(samples, channels, strict=True)) if keep else ()
    return Part(
        channels=tuple(channels), samples=tuple(samples), transforms=made,
        energies=tuple(float(np.sum(x * x)) for x in samples),
    )  # fmt: skip


def station_blocks(parts: Sequence[tuple[Part, dict[int, Recorded]]]) -> list[StationBlock]:
    """One station's statistic over one hour for many templates or surrogates, each by itself.

    parts: (what is looked for, what was recorded of its channels by their places, in the window of that template).
    """
    _keep_blocks()
    pairs = [(j, place) for j, (_, recorded) in enumerate(parts) for place in sorted(recorded)]
    top = np.empty(OUT, dtype=np.float32)
    share = np.zeros(2)
    out: list[StationBlock] = []
    for at in range(0, len(pairs), BATCH):
        some = pairs[at : at + BATCH]
        rows = products([(parts[j][1][k].spectrum, parts[j][0].transform(k)) for j, k in some])
        for (j, k), row in zip(some, rows, strict=True):
            p, recorded = parts[j]
            if k == min(recorded):
                gain = np.empty(OUT, dtype=np.float32)
                share[:] = 0.0
            share += _add(p, recorded[k], k, row, k == min(recorded), top, gain)
            if k == max(recorded):
                out.append(_finish(top, gain, share))
    return out


def _keep_blocks() -> None:
    """Take and give back one large block: glibc then keeps freed blocks up to that size for the next transform.

    Else each of some 1.3 MB goes back to the system, which has to clear it again: that took longer than the transform.
    """
    np.empty(KEPT, dtype=np.uint8)


def _add(
    p: Part, recorded: Recorded, place: int, row: F32, fresh: bool, top: F32, gain: F32
) -> tuple[float, float]:
    """Add one channel of one template to its station; its weight in the degrees of freedom, and that squared over them."""
    x, energy, late = p.samples[place], p.energies[place], p.late
    own, root, usual = recorded.roots(x, late)
    r, scale = row[FIRST + late : FIRST + late + OUT], 1.0 / math.sqrt(energy)
    nu = freedom(r, own, scale, p.channels[place].band, len(x))
    accumulate_(r, own, root, scale, nu, math.sqrt(nu * energy), fresh, top, gain)
    strong = nu * energy * usual * usual
    return strong, strong * strong / nu


def _finish(top: F32, gain: F32, share: F64) -> StationBlock:
    z = np.empty(OUT, dtype=np.float32)
    widen_(top, gain, round(TOLERANCE_S * RATE), z)
    middle, spread = scaled(z)
    together = float(share[0] * share[0] / share[1]) if share[1] > 0.0 else FEWEST
    return StationBlock(z=z, gain=gain, middle=middle, spread=spread, freedom=together)
