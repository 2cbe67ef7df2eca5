"""Random numbers that depend on a name, never on the order of asking.

Rules: every draw is keyed by the scenario's seed and a tuple of words (what it is for, station, event, window),
so any hour can be made alone and adding a station changes no other one. Keys are SHA-256 of the words. Few draws
come from the splitmix64 mixer (Steele, Lea & Flood 2014, OOPSLA), long streams from Philox (Salmon et al. 2011);
both are integer arithmetic. Normals use Box-Muller with `base.dmath` or a sum of integers, so bits are the same
on every machine.
"""

import hashlib
import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.dmath import PI, log_, sincos_

_MASK = (1 << 64) - 1
_TO_UNIT = 1.0 / 9007199254740992.0
_FOUR_INT16_SIGMA = 37837.22731  # sqrt(4 (65536^2 - 1) / 12): a sum of four uniform 16-bit integers


def key(seed: int, *words: object) -> int:
    """A 128-bit key from a seed and words (texts and integers)."""
    text = "\x1f".join([str(seed), *(str(w) for w in words)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)


@njit(cache=True)
def _mix_(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def _uniforms(low: np.uint64, high: np.uint64, out: NDArray[np.float64]) -> None:
    for i in range(out.size):
        counter = (np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15)) ^ high
        bits = _mix_(_mix_(counter + low) + high)
        out[i] = (float(bits >> np.uint64(11)) + 0.5) * _TO_UNIT


@njit(cache=True)
def _normals(low: np.uint64, high: np.uint64, out: NDArray[np.float64]) -> None:
    _uniforms(low, high, out)
    for i in range(0, out.size - 1, 2):
        r = math.sqrt(-2.0 * log_(out[i]))
        sine, cosine = sincos_(2.0 * PI * out[i + 1])
        out[i], out[i + 1] = r * cosine, r * sine


def uniform(start: int, n: int) -> NDArray[np.float64]:
    """Return n uniform numbers in (0, 1) of the stream with this key."""
    out = np.empty(n)
    _uniforms(np.uint64(start & _MASK), np.uint64(start >> 64), out)
    return out


def normal(start: int, n: int) -> NDArray[np.float64]:
    """Return n standard normal numbers of the stream with this key (Box-Muller)."""
    out = np.empty(n + n % 2)
    _normals(np.uint64(start & _MASK), np.uint64(start >> 64), out)
    return out[:n]


def pair_normals(first: int, others: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """One standard normal for each pair (one key, many hashed names), independent of who else is asked."""
    one = np.uint64((first ^ salt) & _MASK)
    a = _mix(_mix(others + one) + np.uint64((first >> 64) & _MASK))
    b = _mix(a + np.uint64(0x9E3779B97F4A7C15))
    u = ((a >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT
    v = ((b >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT
    return np.asarray(np.sqrt(-2.0 * dmath.log(u)) * dmath.cos(2.0 * dmath.PI * v))


def pair_uniforms(first: int, others: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """One uniform number for each pair (one key, many hashed names)."""
    one = np.uint64((first ^ salt) & _MASK)
    a = _mix(_mix(others + one) + np.uint64((first >> 64) & _MASK))
    return np.asarray(((a >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT)


def name_hashes(names: list[str]) -> NDArray[np.uint64]:
    """64-bit hashes of names."""
    return np.array(
        [int.from_bytes(hashlib.sha256(n.encode()).digest()[:8], "big") for n in names], dtype=np.uint64
    )


@njit(cache=True)
def _sum_int16(raw: NDArray[np.uint64], out: NDArray[np.float64], scale: float) -> None:
    for i in range(raw.size):
        w = raw[i]
        total = (
            float(w & np.uint64(65535))
            + float((w >> np.uint64(16)) & np.uint64(65535))
            + float((w >> np.uint64(32)) & np.uint64(65535))
            + float(w >> np.uint64(48))
        )
        out[i] = (total - 131070.0) * scale


def bulk_normal(start: int, n: int) -> NDArray[np.float64]:
    """Return n numbers of zero mean and unit variance, near-Gaussian (a sum of four uniforms), fast.

    Meant for spectra and series that are filtered afterwards, where sums of many make them Gaussian.
    """
    raw = np.random.Philox(key=start).random_raw(n)
    out = np.empty(n)
    _sum_int16(np.asarray(raw, dtype=np.uint64), out, 1.0 / _FOUR_INT16_SIGMA)
    return out


def poisson_times(start: int, mean: float) -> NDArray[np.float64]:
    """Sorted positions in (0, 1) of a Poisson process with the given mean count."""
    if mean <= 0.0:
        return np.empty(0)
    n = int(mean + 10.0 * np.sqrt(mean) + 20)
    gaps = -dmath.log(uniform(start, n)) / mean
    at = np.cumsum(gaps)
    return np.asarray(at[at < 1.0])
