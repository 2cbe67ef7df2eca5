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
I64 = NDArray[np.int64]

LARGE = np.float32(0.5)  # correlation from which on the logarithm itself is taken
TILE = 2048  # values that are gone through together, so that they stay next to the processor
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
def beside_gaps_(
    own: F32, recorded: F32, share: F64, energy: F64, gaps: I64, least: float, out_own: F32, out_recorded: F32
) -> None:
    """Roots for the part of a template's energy that has samples, times the root of the share of samples; 0 below `least`.

    energy: of the template up to each sample (n + 1). gaps: begin and end of each, in samples after the first window.
    """
    n, total = energy.size - 1, energy[-1]
    left = np.ones(own.size)
    for g in range(gaps.shape[0]):
        begin, end = gaps[g, 0], gaps[g, 1]
        for i in range(max(0, begin - n + 1), min(own.size, end)):
            left[i] -= (energy[min(n, end - i)] - energy[max(0, begin - i)]) / total
    for i in range(own.size):
        if left[i] < least or own[i] == 0.0:
            out_own[i] = 0.0
            out_recorded[i] = 0.0
        else:
            count, root = np.sqrt(share[i]), np.sqrt(min(1.0, left[i]))
            out_own[i] = np.float32(own[i] * count / root)
            out_recorded[i] = np.float32(recorded[i] * count * root)


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
def signed_roots_(top: F32, root: F32, scale: float, nu: float, out: F32) -> None:
    """Z = sign(r) sqrt(-nu ln(1 - r^2)) of r = top root scale, within -1 and 1.

    Below |r| = 0.5 sqrt(-ln(1 - q) / q) is a polynomial of q = r^2 (Chebyshev fit, relative error 1e-9).
    """
    s, scale32 = np.float32(np.sqrt(nu)), np.float32(scale)
    c0, c1, c2, c3 = np.float32(C0), np.float32(C1), np.float32(C2), np.float32(C3)
    c4, c5, c6 = np.float32(C4), np.float32(C5), np.float32(C6)
    one, large, n = np.float32(1.0), False, out.size
    for i in range(n):
        x = top[i] * root[i] * scale32
        x = x if x < one else one
        x = x if x > -one else -one
        q = x * x
        out[i] = s * x * (c0 + q * (c1 + q * (c2 + q * (c3 + q * (c4 + q * (c5 + q * c6))))))
    for i in range(n):
        large |= abs(top[i] * root[i] * scale32) >= LARGE
    if not large:
        return
    for i in range(n):
        v = top[i] * root[i] * scale32
        if abs(v) >= LARGE:
            r = min(1.0, max(-1.0, np.float64(v)))
            z = np.sqrt(-nu * log_(max(1e-9, 1.0 - r * r)))
            out[i] = np.float32(-z if r < 0.0 else z)


@njit(cache=True, error_model="numpy")
def accumulate_(
    row: F32, own: F32, root: F32, scale: float, nu: float, weight: float, fresh: bool, top: F32, gain: F32
) -> None:
    """Add w z and w^2 of one channel, w = weight * root, z of r = row own scale (`signed_roots_`); fresh: the first one."""
    w0 = np.float32(weight)
    z = np.empty(TILE, np.float32)
    for at in range(0, root.size, TILE):
        n = min(TILE, root.size - at)
        signed_roots_(row[at : at + n], own[at : at + n], scale, nu, z[:n])
        tile, t, g = root[at : at + n], top[at : at + n], gain[at : at + n]
        if fresh:
            for i in range(n):
                w = w0 * tile[i]
                t[i] = w * z[i]
                g[i] = w * w
        else:
            for i in range(n):
                w = w0 * tile[i]
                t[i] += w * z[i]
                g[i] += w * w


@njit(cache=True, error_model="numpy")
def larger_(a: F32, b: F32, out: F32) -> None:
    """The larger of two values; two slices, for an index that is a sum would be taken one by one."""
    for i in range(out.size):
        u, v = a[i], b[i]
        out[i] = u if u > v else v


@njit(cache=True, error_model="numpy")
def maxima_(x: F32 | F64, width: int) -> F64:
    """Largest of every `width` values; NaN where less than half of them are numbers."""
    out = np.empty(x.size // width)
    one, two = np.empty(width, x.dtype), np.empty(width, x.dtype)
    none = x.dtype.type(-np.inf)
    for k in range(out.size):
        cell = x[k * width : (k + 1) * width]
        held = 0
        for i in range(width):
            one[i] = cell[i] if cell[i] == cell[i] else none
        for i in range(width):
            held += 1 if cell[i] == cell[i] else 0
        a, b, n = one, two, width
        while n % 2 == 0:
            n //= 2
            larger_(a[:n], a[n : 2 * n], b[:n])
            a, b = b, a
        largest = a[0]
        for i in range(1, n):
            largest = a[i] if a[i] > largest else largest
        out[k] = largest if 2 * held >= width else np.nan
    return out


@njit(cache=True, error_model="numpy")
def ratio_(top: F32, gain: F32, out: F32) -> None:
    """Fill `out` with top / sqrt(gain), -inf without gain."""
    none, zero = np.float32(-np.inf), np.float32(0.0)
    for i in range(out.size):
        v = top[i] / np.sqrt(gain[i])
        out[i] = v if gain[i] > zero else none


@njit(cache=True, error_model="numpy")
def widen_(top: F32, gain: F32, half: int, out: F32) -> None:
    """Fill `out` with the largest top / sqrt(gain) within `half` samples, NaN where the middle has no gain."""
    width, total = 2 * half + 1, gain.size
    work, other = np.empty(TILE + 2 * half, np.float32), np.empty(TILE + 2 * half, np.float32)
    missing, zero = np.float32(np.nan), np.float32(0.0)
    for at in range(0, total, TILE):
        n = min(TILE, total - at)
        lo, hi = max(0, at - half), min(total, at + n + half)
        work[:] = np.float32(-np.inf)
        ratio_(top[lo:hi], gain[lo:hi], work[lo - at + half : hi - at + half])
        a, b = work, other
        held, size = 1, n + 2 * half
        while 2 * held <= width:
            size -= held
            larger_(a[:size], a[held : held + size], b[:size])
            a, b = b, a
            held *= 2
        wide, g = out[at : at + n], gain[at : at + n]
        larger_(a[:n], a[width - held : width - held + n], wide)
        for i in range(n):
            wide[i] = wide[i] if g[i] > zero else missing


@njit(cache=True)
def select_(keys: U32, n: int, k: int) -> int:
    """The k-th smallest (from 0) of the first n keys, which are reordered.

    Two counts take turns: the same one again would have to wait for itself.
    """
    shift, bits = np.uint32(21), 11
    even, odd = np.zeros(2048, np.int32), np.zeros(2048, np.int32)
    while True:
        mask = np.uint32((1 << bits) - 1)
        even[:] = 0
        odd[:] = 0
        for i in range(n // 2):
            even[(keys[2 * i] >> shift) & mask] += 1
            odd[(keys[2 * i + 1] >> shift) & mask] += 1
        if n % 2:
            even[(keys[n - 1] >> shift) & mask] += 1
        digit = np.uint32(0)
        while k >= even[digit] + odd[digit]:
            k -= even[digit] + odd[digit]
            digit += np.uint32(1)
        m = 0
        for i in range(n):
            v = keys[i]
            keys[m] = v
            m += 1 if (v >> shift) & mask == digit else 0
        n = m
        if shift == 0:
            return int(keys[0])
        shift, bits = (np.uint32(10), 11) if shift == 21 else (np.uint32(0), 10)


@njit(cache=True, error_model="numpy")
def median_size_(row: F32, root: F32, scale: float, step: int, keys: U32) -> tuple[float, int]:
    """Median of |r|, r = row root scale, over every `step`th value that has a root, and how many there were.

    keys: scratch for as many.
    """
    s, zero = np.float32(scale), np.float32(0.0)
    sizes = keys.view(np.float32)
    n = 0
    for i in range(0, root.size, step):
        sizes[n] = abs(row[i] * root[i] * s)
        n += 1 if root[i] > zero else 0
    if n == 0:
        return 0.0, 0
    keys[0] = np.uint32(select_(keys, n, n // 2))
    return min(1.0, np.float64(sizes[0])), n


@njit(cache=True)
def middle_spread_(z: F32, step: int, keys: U32) -> tuple[float, float, int]:
    """Median of every `step`th finite value, median of the distance to it, and how many there were; keys: scratch."""
    bits, sizes = z.view(np.uint32), keys.view(np.float32)
    high = np.uint32(0x80000000)
    n = 0
    for i in range(0, z.size, step):
        b = bits[i]
        keys[n] = ~b if b & high else b | high
        n += 1 if np.isfinite(z[i]) else 0
    if n == 0:
        return 0.0, 0.0, 0
    k = np.uint32(select_(keys, n, n // 2))
    keys[0] = k & np.uint32(0x7FFFFFFF) if k & high else ~k
    middle = sizes[0]
    m = 0
    for i in range(0, z.size, step):
        sizes[m] = abs(z[i] - middle)
        m += 1 if np.isfinite(z[i]) else 0
    keys[0] = np.uint32(select_(keys, m, m // 2))
    return np.float64(middle), np.float64(sizes[0]), n


@njit(cache=True, error_model="numpy")
def rescale_(z: F32, middle: float, spread: float) -> None:
    """Z less its middle over its spread, in place."""
    m, s = np.float32(middle), np.float32(1.0 / spread)
    for i in range(z.size):
        z[i] = (z[i] - m) * s


@njit(cache=True, error_model="numpy")
def add_station_(z: F32, gain: F32, top: F64, total: F64, most: F64, best: F64, count: F64) -> None:
    """Add a station's values to the sums of the network; best: value of the station with the largest gain."""
    for i in range(z.size):
        g = np.float64(gain[i])
        if g > 0.0:
            v = np.float64(z[i])
            top[i] += np.sqrt(g) * v
            total[i] += g
            count[i] += 1.0
            if g > most[i]:
                most[i] = g
                best[i] = v
