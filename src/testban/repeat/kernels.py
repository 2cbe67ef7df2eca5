"""Compiled loops of the watch: energies of windows, signed roots, widening, medians, and the sum over stations.

Rules: single precision where the values are good to 1e-6 only; plain arithmetic element by element in a fixed order,
without fused or reordered sums, so that every processor gives the same bytes; medians are exact (the upper one of an
even number), found digit by digit of the numbers' own bits.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import log_

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]

LARGE = np.float32(0.5)  # correlation from which on the logarithm itself is taken
C0, C1, C2, C3 = 1.00000000065, 0.249999745289, 0.135432780905, 0.0907678817023
C4, C5, C6 = 0.0721939195986, 0.0313329669844, 0.101178323595


@njit(cache=True, error_model="numpy")
def window_energy_(x: F64, length: int, first: int, count: int) -> F64:
    """Sum of x^2 over [i, i + length) for i = first .. first + count - 1; samples beyond the end count as 0.

    A window is the end of one section of `length` samples and the beginning of the next: no subtraction.
    """
    out = np.empty(count)
    suffix = np.empty(length)
    n = x.size
    for at in range(0, count, length):
        total = 0.0
        for k in range(length - 1, -1, -1):
            j = first + at + k
            v = x[j] if j < n else 0.0
            total += v * v
            suffix[k] = total
        total = 0.0
        for k in range(min(length, count - at)):
            out[at + k] = suffix[k] + total
            j = first + at + length + k
            v = x[j] if j < n else 0.0
            total += v * v
    return out


@njit(cache=True, error_model="numpy")
def normalise_(top: F32, root: F32, scale: float) -> None:
    """Turn `top` into r = top root scale, within -1 and 1."""
    s = np.float32(scale)
    one = np.float32(1.0)
    for i in range(root.size):
        v = top[i] * root[i] * s
        v = v if v < one else one
        top[i] = v if v > -one else -one


@njit(cache=True, error_model="numpy")
def accumulate_(
    r: F32, root: F32, nu: float, weight: float, fresh: bool, work: F32, top: F32, gain: F32
) -> None:
    """Add w z and w^2 of one channel, w = weight * root, z = sign(r) sqrt(-nu ln(1 - r^2)); fresh: the first one.

    Below |r| = 0.5 sqrt(-ln(1 - q) / q) is a polynomial of q = r^2 (Chebyshev fit, relative error 1e-9).
    """
    s = np.float32(np.sqrt(nu))
    w0 = np.float32(weight)
    c0, c1, c2, c3 = np.float32(C0), np.float32(C1), np.float32(C2), np.float32(C3)
    c4, c5, c6 = np.float32(C4), np.float32(C5), np.float32(C6)
    n = root.size
    for i in range(n):
        x = r[i]
        q = x * x
        work[i] = s * x * (c0 + q * (c1 + q * (c2 + q * (c3 + q * (c4 + q * (c5 + q * c6))))))
    for i in range(n):
        if abs(r[i]) >= LARGE:
            x = np.float64(r[i])
            z = np.sqrt(-nu * log_(max(1e-9, 1.0 - x * x)))
            work[i] = np.float32(-z if x < 0.0 else z)
    if fresh:
        for i in range(n):
            w = w0 * root[i]
            top[i] = w * work[i]
            gain[i] = w * w
        return
    for i in range(n):
        w = w0 * root[i]
        top[i] += w * work[i]
        gain[i] += w * w


@njit(cache=True, error_model="numpy")
def larger_(a: F32, step: int, n: int, out: F32) -> None:
    """The larger of a[i] and a[i + step] for i < n."""
    for i in range(n):
        u, v = a[i], a[i + step]
        out[i] = u if u > v else v


@njit(cache=True, error_model="numpy")
def widen_(top: F32, gain: F32, half: int, work: F32, other: F32, out: F32) -> None:
    """Fill `out` with the largest top / sqrt(gain) within `half` samples, NaN where the middle has no gain.

    work, other: (n + 2 half,) scratch.
    """
    n = gain.size
    none, zero = np.float32(-np.inf), np.float32(0.0)
    for i in range(half):
        work[i] = none
        work[n + half + i] = none
    inner = work[half : half + n]
    for i in range(n):
        v = top[i] / np.sqrt(gain[i])
        inner[i] = v if gain[i] > zero else none
    width, held = 2 * half + 1, 1
    size = n + 2 * half
    while 2 * held <= width:
        size -= held
        larger_(work, held, size, other)
        work, other = other, work
        held *= 2
    larger_(work, width - held, n, out)
    missing = np.float32(np.nan)
    for i in range(n):
        out[i] = out[i] if gain[i] > zero else missing


@njit(cache=True)
def select_(keys: U32, n: int, k: int) -> int:
    """The k-th smallest (from 0) of the first n keys, which are reordered."""
    shift, bits = 21, 11
    count = np.zeros(2048, np.int64)
    while True:
        mask = np.uint32((1 << bits) - 1)
        s = np.uint32(shift)
        count[:] = 0
        for i in range(n):
            count[(keys[i] >> s) & mask] += 1
        digit = 0
        while k >= count[digit]:
            k -= count[digit]
            digit += 1
        m = 0
        for i in range(n):
            v = keys[i]
            if (v >> s) & mask == digit:
                keys[m] = v
                m += 1
        n = m
        if shift == 0:
            return int(keys[0])
        shift, bits = (10, 11) if shift == 21 else (0, 10)


@njit(cache=True)
def median_size_(r: F32, root: F32, step: int, keys: U32, value: F32) -> tuple[float, int]:
    """Median of |r| over every `step`th value that has a root, and how many there were; keys, value: (n, 1) scratch."""
    bits = r.view(np.uint32)
    n = 0
    for i in range(0, root.size, step):
        if root[i] > 0.0:
            keys[n] = bits[i] & np.uint32(0x7FFFFFFF)
            n += 1
    if n == 0:
        return 0.0, 0
    value.view(np.uint32)[0] = np.uint32(select_(keys, n, n // 2))
    return np.float64(value[0]), n


@njit(cache=True)
def middle_spread_(z: F32, step: int, keys: U32, value: F32) -> tuple[float, float, int]:
    """Median of every `step`th finite value, median of the distance to it, and how many there were."""
    bits = z.view(np.uint32)
    high = np.uint32(0x80000000)
    n = 0
    for i in range(0, z.size, step):
        if np.isfinite(z[i]):
            b = bits[i]
            keys[n] = ~b if b & high else b | high
            n += 1
    if n == 0:
        return 0.0, 0.0, 0
    k = np.uint32(select_(keys, n, n // 2))
    value.view(np.uint32)[0] = k & np.uint32(0x7FFFFFFF) if k & high else ~k
    middle = value[0]
    m = 0
    for i in range(0, z.size, step):
        if np.isfinite(z[i]):
            value[0] = abs(z[i] - middle)
            keys[m] = value.view(np.uint32)[0]
            m += 1
    value.view(np.uint32)[0] = np.uint32(select_(keys, m, m // 2))
    return np.float64(middle), np.float64(value[0]), n


@njit(cache=True, error_model="numpy")
def rescale_(z: F32, middle: float, spread: float) -> None:
    """Z less its middle over its spread, in place."""
    m, s = np.float32(middle), np.float32(1.0 / spread)
    for i in range(z.size):
        z[i] = (z[i] - m) * s


@njit(cache=True, error_model="numpy")
def add_station_(
    z: F32, gain: F32, source: int, at: int, n: int, top: F64, total: F64, most: F64, best: F64, count: F64
) -> None:
    """Add n values of a station from `source` on to the sums of the network from `at` on."""
    for i in range(n):
        g = np.float64(gain[source + i])
        if g > 0.0:
            v = np.float64(z[source + i])
            top[at + i] += np.sqrt(g) * v
            total[at + i] += g
            count[at + i] += 1.0
            if g > most[at + i]:
                most[at + i] = g
                best[at + i] = v
