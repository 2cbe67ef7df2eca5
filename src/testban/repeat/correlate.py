"""Normalised correlation of one station's channels with its part of a template, hour by hour.

r = <t, x> / sqrt(<t, t> <x, x>) over the template's window; where samples are missing both energies are those of
what is left, and less than `LEAST` of the template's energy gives no value. z = sign(r) sqrt(-nu ln(1 - r^2)) is the
signed root of the likelihood ratio for a signal of unknown size in noise of unknown level: standard normal under
noise with nu = 2 B T_eff degrees of freedom, which are read from the hour itself (median of r^2), so that coloured
noise, which has fewer, asks more. The channels of a station are added with the weights of a matched filter,
sqrt(nu <t,t> / <x,x>): what each would see of a small repeat.
x is divided by its own running rms over `LEVEL_S` before it is correlated. That changes nothing about a signal below
the noise, but a burst, a stranger's P or the coda of a large event then has no more independent ups and downs hidden
in it than noise has, and r keeps its law: without it the tail of r in the hour of an earthquake is that of a window a
few seconds long. t stays as it was recorded (the matched filter of a weak signal).

Rules: the energy of a window is a suffix plus a prefix of fixed sections, without subtraction, so that a quiet window
after a loud one keeps its digits; every transform has the length of the absolute window.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import fft as _fft
from scipy.ndimage import maximum_filter1d

from testban.base import dmath
from testban.repeat.grid import BLOCK_S, LEAD_S, WINDOW_S
from testban.repeat.ground import C128, F64, Band
from testban.repeat.template import RATE, Component, TemplateChannel

N = WINDOW_S * RATE
OUT = BLOCK_S * RATE  # values that a block answers for
FIRST = LEAD_S * RATE
LEAST = 0.7
MEDIAN_CHI2 = 0.454936  # median of chi-squared with one degree of freedom
FEWEST = 8.0  # degrees of freedom: no noise is narrower than this
TOLERANCE_S = 0.15  # how far a station may lie beside the master's moveout: a source 0.5 to 1 km away
LEVEL_S = 5.0
ENOUGH_S = 60.0  # of values in an hour, to read its scatter


__all__ = ["C128", "Recorded", "StationBlock", "scaled", "spectrum", "station_block"]


class StationBlock(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """z (OUT,) of a station by the time of the window's start, and the square of its matched-filter gain.

    z is NaN and gain 0 where there is no value.
    """

    z: F64
    gain: F64


def spectrum(samples: F64) -> C128:
    """Transform of a template, zero-filled to the window."""
    return np.asarray(_fft.rfft(samples, N), dtype=np.complex128)


def window_energy(x: F64, length: int, first: int, count: int) -> F64:
    """Sum of x^2 over [i, i + length) for i = first .. first + count - 1; exact to rounding, no cancellation."""
    sections = -(-(count + length) // length) + 1
    padded = np.zeros(sections * length)
    part = x[first : first + min(len(x) - first, count + length)]
    padded[: len(part)] = part * part
    rows = padded.reshape(sections, length)
    prefix = np.zeros((sections, length))
    prefix[:, 1:] = np.cumsum(rows[:, :-1], axis=1)
    suffix = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((suffix[:-1] + prefix[1:]).reshape(-1)[:count], dtype=np.float64)


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


def product(a: C128, b: C128) -> F64:
    """sum_i b[i] a[i + k] for k = 0 .. N - 1 from the transforms of a and b."""
    out = np.empty(len(a), dtype=np.complex128)
    out.real = a.real * b.real + a.imag * b.imag
    out.imag = a.imag * b.real - a.real * b.imag
    return np.asarray(_fft.irfft(out, N), dtype=np.float64)


class Recorded:
    """One component of one hour in one band, prepared for any number of templates."""

    def __init__(self, c: Component) -> None:
        x = np.where(c.valid, c.samples, 0.0)
        self.raw = x
        self.x = levelled(x, c.valid)
        self.spectrum = spectrum(self.x)
        self.whole = bool(c.valid.all())
        self.mask = None if self.whole else spectrum(c.valid.astype(np.float64))
        self._energy: dict[tuple[int, bool], F64] = {}

    def energy(self, length: int, raw: bool = False) -> F64:
        """Energy of the windows of a length, of the levelled samples or of the raw ones."""
        key = (length, raw)
        if key not in self._energy:
            self._energy[key] = window_energy(self.raw if raw else self.x, length, FIRST, OUT)
        return self._energy[key]

    def correlation(self, samples: F64, transform: C128) -> tuple[F64, F64]:
        """(r, share of the template's energy that has samples), both (OUT,); r is NaN without a value."""
        energy = float(np.sum(samples * samples))
        top = product(self.spectrum, transform)[FIRST : FIRST + OUT]
        share = np.ones(OUT)
        if self.mask is not None:
            share = product(self.mask, spectrum(samples * samples))[FIRST : FIRST + OUT] / energy
            share = np.clip(share, 0.0, 1.0)
        below = self.energy(len(samples)) * energy * share
        good = (share >= LEAST) & (below > 0.0)
        r = np.full(OUT, np.nan)
        r[good] = np.clip(top[good] / np.sqrt(below[good]), -1.0, 1.0)
        return r, share


def freedom(r: F64, band: Band, length: int) -> float:
    """Degrees of freedom of a correlation from its own scatter, at most 2 B T, at least `FEWEST`."""
    most = 2.0 * (band[1] - band[0]) * length / RATE
    values = r[np.isfinite(r)]
    if len(values) < ENOUGH_S * RATE:
        return max(FEWEST, 0.5 * most)
    scatter = float(np.median(values * values)) / MEDIAN_CHI2
    return min(most, max(FEWEST, 1.0 / scatter if scatter > 0.0 else most))


def signed_root(r: F64, nu: float) -> F64:
    """sign(r) sqrt(-nu ln(1 - r^2)); r within a billionth of one counts as that."""
    q = np.clip(1.0 - r * r, 1e-9, 1.0)
    z = np.sqrt(nu * -dmath.log(np.where(np.isfinite(q), q, 1.0)))
    return np.where(np.isfinite(r), np.where(r < 0.0, -z, z), np.nan)


def station_block(
    pairs: Sequence[tuple[TemplateChannel, Recorded]], transforms: Sequence[C128],
    samples: Sequence[F64],
) -> StationBlock:  # fmt: skip
    """One station's statistic over one hour. pairs: template channels and what was recorded of each.

    samples, transforms: what stands for the template's channels (the template itself, reversed, scrambled).
    """
    top, gain = np.zeros(OUT), np.zeros(OUT)
    for (channel, recorded), x, transform in zip(pairs, samples, transforms, strict=True):
        r, share = recorded.correlation(x, transform)
        good = np.isfinite(r)
        if not good.any():
            continue
        nu = freedom(r, channel.band, len(x))
        z = signed_root(r, nu)
        own = np.zeros(OUT)
        energy = float(np.sum(x * x))
        own[good] = nu * energy * share[good] / recorded.energy(len(x), raw=True)[good]
        top[good] += np.sqrt(own[good]) * z[good]
        gain += own
    z = np.full(OUT, np.nan)
    some = gain > 0.0
    z[some] = top[some] / np.sqrt(gain[some])
    return StationBlock(z=scaled(widened(z)), gain=gain)


def widened(z: F64) -> F64:
    """The largest value within the tolerance; NaN where the middle has none."""
    width = 2 * round(TOLERANCE_S * RATE) + 1
    filled = np.where(np.isfinite(z), z, -np.inf)
    most = np.asarray(maximum_filter1d(filled, width, mode="nearest"), dtype=np.float64)
    return np.where(np.isfinite(z), most, np.nan)


def scaled(z: F64) -> F64:
    """Z less its median over its upper scatter, where that can be read and is above one."""
    values = z[np.isfinite(z)]
    if len(values) < ENOUGH_S * RATE:
        return z
    middle = float(np.median(values))
    spread = float(np.median(np.abs(values - middle))) / math.sqrt(MEDIAN_CHI2)
    return (z - middle) / max(spread, 1e-3)
