"""Digital filters: Butterworth design as second-order sections, causal filtering, tapers, odd extension.

Rules: coefficients come from plain + - x / and square root and from `base.dmath`, never from a library's design
routine, so every party has the same bits; filtering is causal (transposed direct form II); no BLAS, no fastmath.
Design: analogue Butterworth prototype, band transformation and bilinear map with prewarping, as in Oppenheim &
Schafer, Discrete-Time Signal Processing (3rd ed., section 7.2) and `scipy.signal.butter`, which the tests compare
with.
"""

import functools
import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import signal as _scipy_signal

from testban.base.dmath import PI, sincos_, tan_
from testban.base.errors import InputError

F64 = NDArray[np.float64]
Complex = tuple[float, float]

LANES = 8  # bands that are filtered side by side
# Places of `_quad8` in its flat array, eight bands each: states of three sections, sum of squares, gain, a1 and a2.
_S, _SUM, _GAIN, _COEFFICIENTS = 0, 48, 56, 64


def _mul(a: Complex, b: Complex) -> Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _div(a: Complex, b: Complex) -> Complex:
    d = b[0] * b[0] + b[1] * b[1]
    return (a[0] * b[0] + a[1] * b[1]) / d, (a[1] * b[0] - a[0] * b[1]) / d


def _sqrt(a: Complex) -> Complex:
    r = math.sqrt(a[0] * a[0] + a[1] * a[1])
    re = math.sqrt(max(0.0, 0.5 * (r + a[0])))
    im = math.sqrt(max(0.0, 0.5 * (r - a[0])))
    return re, (-im if a[1] < 0.0 else im)


def _prototype(order: int) -> list[Complex]:
    """Left-half-plane poles of the analogue Butterworth low-pass with unit cut-off, upper half and the real one."""
    poles = []
    for k in range((order + 1) // 2):
        s, c = sincos_(PI * (2 * k + 1) / (2 * order))
        real = 2 * k + 1 == order
        poles.append((-1.0, 0.0) if real else (-s, c))
    return poles


def _check(order: int, edges: tuple[float, ...], rate_hz: float) -> None:
    if order < 1 or order > 12:
        raise InputError(f"expected a filter order of 1 to 12, got {order}; choose a lower one")
    nyquist = 0.5 * rate_hz
    if not all(0.0 < e < nyquist for e in edges) or list(edges) != sorted(set(edges)):
        raise InputError(
            f"expected increasing corners between 0 and {nyquist:g} Hz, got {edges}; change the band"
        )


def _bilinear(p: Complex) -> Complex:
    return _div((2.0 + p[0], p[1]), (2.0 - p[0], -p[1]))


def _section(p: Complex, q: Complex, zeros: tuple[float, float]) -> list[float]:
    """One section with poles p, q (conjugate or both real) and real zeros."""
    a1 = -(p[0] + q[0])
    a2 = p[0] * q[0] - p[1] * q[1]
    return [1.0, -(zeros[0] + zeros[1]), zeros[0] * zeros[1], 1.0, a1, a2]


def _normalise(rows: list[list[float]], cos_w: float, sin_w: float) -> F64:
    """Scale each section to unit gain at the frequency of z = cos_w + i sin_w."""
    z1 = (cos_w, -sin_w)
    z2 = _mul(z1, z1)
    out = np.array(rows, dtype=np.float64)
    for row in out:
        n = (row[0] + row[1] * z1[0] + row[2] * z2[0], row[1] * z1[1] + row[2] * z2[1])
        d = (row[3] + row[4] * z1[0] + row[5] * z2[0], row[4] * z1[1] + row[5] * z2[1])
        gain = math.sqrt((n[0] * n[0] + n[1] * n[1]) / (d[0] * d[0] + d[1] * d[1]))
        row[:3] /= gain
    return out


def bandpass_sos(order: int, low_hz: float, high_hz: float, rate_hz: float) -> F64:
    """Butterworth band-pass of `order` (2 * order poles), shape (order, 6), rows b0 b1 b2 1 a1 a2.

    Each section has zeros at z = 1 and z = -1 and unit gain at the centre of the band. -3 dB at the corners.
    Raises InputError unless 0 < low_hz < high_hz < rate_hz / 2.
    """
    return _bandpass(order, low_hz, high_hz, rate_hz).copy()


@functools.lru_cache(maxsize=256)
def _bandpass(order: int, low_hz: float, high_hz: float, rate_hz: float) -> F64:
    """The design behind `bandpass_sos`, kept: the same few filters serve every hour."""
    _check(order, (low_hz, high_hz), rate_hz)
    w1, w2 = 2.0 * tan_(PI * low_hz / rate_hz), 2.0 * tan_(PI * high_hz / rate_hz)
    width, centre2 = w2 - w1, w1 * w2
    rows = []
    for pole in _prototype(order):
        half = (0.5 * width * pole[0], 0.5 * width * pole[1])
        square = _mul(half, half)
        root = _sqrt((square[0] - centre2, square[1]))
        up = _bilinear((half[0] + root[0], half[1] + root[1]))
        down = _bilinear((half[0] - root[0], half[1] - root[1]))
        if pole[1] == 0.0:
            rows.append(_section(up, down, (1.0, -1.0)))
        else:
            rows.append(_section(up, (up[0], -up[1]), (1.0, -1.0)))
            rows.append(_section(down, (down[0], -down[1]), (1.0, -1.0)))
    # 2 tan(w/2) = sqrt(w1 w2) at the centre: the bilinear map of i * centre.
    cos_w, sin_w = _bilinear((0.0, math.sqrt(centre2)))
    return _normalise(rows, cos_w, sin_w)


def _one_sided(order: int, corner_hz: float, rate_hz: float, high: bool) -> F64:
    _check(order, (corner_hz,), rate_hz)
    w = 2.0 * tan_(PI * corner_hz / rate_hz)
    zero = 1.0 if high else -1.0
    rows = []
    for pole in _prototype(order):
        p = _bilinear(_div((w, 0.0), pole) if high else (w * pole[0], w * pole[1]))
        if pole[1] == 0.0:
            rows.append(_section(p, (0.0, 0.0), (zero, 0.0)))
        else:
            rows.append(_section(p, (p[0], -p[1]), (zero, zero)))
    return _normalise(rows, -zero, 0.0)


def highpass_sos(order: int, corner_hz: float, rate_hz: float) -> F64:
    """Butterworth high-pass, shape ((order + 1) // 2, 6). Raises InputError unless 0 < corner < Nyquist."""
    return _one_sided(order, corner_hz, rate_hz, True)


def lowpass_sos(order: int, corner_hz: float, rate_hz: float) -> F64:
    """Butterworth low-pass, shape ((order + 1) // 2, 6). Raises InputError unless 0 < corner < Nyquist."""
    return _one_sided(order, corner_hz, rate_hz, False)


def sosfilt(sos: F64, x: F64, zi: F64 | None = None) -> F64:
    """Causal filtering along the last axis, from rest or from the state `zi` (sections, 2)."""
    data = np.ascontiguousarray(x, dtype=np.float64)
    if zi is None:
        return np.asarray(_scipy_signal.sosfilt(sos, data, axis=-1), dtype=np.float64)
    return np.asarray(_scipy_signal.sosfilt(sos, data, axis=-1, zi=zi)[0], dtype=np.float64)


def odd_extension(x: F64, n: int) -> F64:
    """`n` samples that continue x backwards, point-mirrored at its first sample (value and slope continuous).

    Shape (n,); n is cut to len(x) - 1. A filter that is led in over them starts without a step: a recording that
    begins in the middle of microseisms gives no false onset.
    """
    n = min(n, len(x) - 1)
    if n <= 0:
        return np.zeros(0)
    return np.asarray(2.0 * x[0] - x[n:0:-1], dtype=np.float64)


def bandpass(x: F64, low_hz: float, high_hz: float, rate_hz: float, order: int = 3) -> F64:
    """Causal Butterworth band-pass of one trace with a lead-in of three periods of the low corner."""
    data = np.asarray(x, dtype=np.float64)
    lead = odd_extension(data, math.ceil(3.0 * rate_hz / low_hz))
    sos = bandpass_sos(order, low_hz, high_hz, rate_hz)
    return sosfilt(sos, np.concatenate([lead, data]) - (data[0] if len(data) else 0.0))[len(lead) :]


def taper(n: int, fraction: float = 0.05) -> F64:
    """Cosine taper (Tukey window) of n samples, `fraction` of them on each side; ends at zero."""
    out = np.ones(n)
    m = min(n // 2, math.ceil(fraction * n))
    for i in range(m):
        s = sincos_(0.5 * PI * i / m)[0]
        out[i] = s * s
        out[n - 1 - i] = s * s
    return out


def frequency_response(sos: F64, frequencies_hz: F64, rate_hz: float) -> NDArray[np.complex128]:
    """Complex response of second-order sections at `frequencies_hz`, same shape."""
    flat = np.atleast_1d(np.asarray(frequencies_hz, dtype=np.float64))
    out = np.ones(flat.shape, dtype=np.complex128)
    for i, f in enumerate(flat.ravel()):
        s, c = sincos_(2.0 * PI * float(f) / rate_hz)
        z1 = (c, -s)
        z2 = _mul(z1, z1)
        h: Complex = (1.0, 0.0)
        for row in sos.tolist():
            n = (row[0] + row[1] * z1[0] + row[2] * z2[0], row[1] * z1[1] + row[2] * z2[1])
            d = (row[3] + row[4] * z1[0] + row[5] * z2[0], row[4] * z1[1] + row[5] * z2[1])
            h = _mul(h, _div(n, d))
        out.ravel()[i] = complex(h[0], h[1])
    return out


def bank(bands: tuple[tuple[float, float], ...], order: int, rate_hz: float) -> tuple[F64, F64]:
    """Band-pass filters of equal order for `bin_powers`: (a, gain), a (order, 2, bands), gain (bands,).

    All sections have numerator 1 - z^-2; the product of their gains stands in `gain`.
    """
    a = np.empty((order, 2, len(bands)))
    gain = np.empty(len(bands))
    for j, (low, high) in enumerate(bands):
        sos = bandpass_sos(order, low, high, rate_hz)
        total = 1.0
        for i in range(order):
            a[i, 0, j], a[i, 1, j] = sos[i, 4], sos[i, 5]
            total = total * sos[i, 0]
        gain[j] = total
    return a, gain


def bin_powers(
    lead: F64, x: F64, first: int, width: int, a: F64, gain: F64, floor: F64, at: int, bins: int, column: int, out: F64
) -> None:  # fmt: skip
    """Filter x, led in, with a bank of band-passes and add the mean square of each bin, and `floor` (bands,), to `out`.

    lead (m,), x (n,): samples, from all of which x[0] is taken off; x[first] opens the first of `bins` bins of `width`
    samples, at most (n - first) // width; those before lead the filters in. out (rows, columns): rows from `at` and
    columns from `column` on are added to, so that horizontals may share them. Fast for order 3 and a multiple of eight
    bands.
    """
    if a.shape[0] == 3 and a.shape[2] % LANES == 0:
        for base in range(0, a.shape[2], LANES):
            _bin_powers8(lead, x, first, width, a, gain, floor, base, at, bins, column, out)
    else:
        whole = np.concatenate([lead, x]) - x[0]
        _bin_powers(whole, len(lead) + first, width, a, gain, floor, at, bins, column, out)


@njit(inline="always")
def _sections(
    u: float, s0: float, s1: float, s2: float, s3: float, s4: float, s5: float, a0: float, a1: float, b0: float,
    b1: float, c0: float, c1: float,
) -> tuple[float, float, float, float, float, float, float]:  # fmt: skip
    """One sample through three sections: their states, and what comes out."""
    v = u + s0
    w = v + s2
    y = w + s4
    return s1 - a0 * v, -u - a1 * v, s3 - b0 * w, -v - b1 * w, s5 - c0 * y, -w - c1 * y, y


@njit(inline="always")
def _quad8(st: F64, x0: float, x1: float, x2: float, x3: float) -> None:
    """Four samples through three sections of eight bands.

    All places are constants of one array, from which the compiler makes vector instructions across the bands; each
    band has the operations of `_bin_powers` in the same order, so the bits do not depend on their width. Four at once
    because loads and stores of the states are what it waits for.
    """
    for j in range(8):
        a0, a1 = st[_COEFFICIENTS + j], st[_COEFFICIENTS + 8 + j]
        b0, b1 = st[_COEFFICIENTS + 16 + j], st[_COEFFICIENTS + 24 + j]
        c0, c1 = st[_COEFFICIENTS + 32 + j], st[_COEFFICIENTS + 40 + j]
        s0, s1, s2, s3 = st[_S + j], st[_S + 8 + j], st[_S + 16 + j], st[_S + 24 + j]
        s4, s5, power, gain = st[_S + 32 + j], st[_S + 40 + j], st[_SUM + j], st[_GAIN + j]
        s0, s1, s2, s3, s4, s5, y = _sections(gain * x0, s0, s1, s2, s3, s4, s5, a0, a1, b0, b1, c0, c1)
        power += y * y
        s0, s1, s2, s3, s4, s5, y = _sections(gain * x1, s0, s1, s2, s3, s4, s5, a0, a1, b0, b1, c0, c1)
        power += y * y
        s0, s1, s2, s3, s4, s5, y = _sections(gain * x2, s0, s1, s2, s3, s4, s5, a0, a1, b0, b1, c0, c1)
        power += y * y
        s0, s1, s2, s3, s4, s5, y = _sections(gain * x3, s0, s1, s2, s3, s4, s5, a0, a1, b0, b1, c0, c1)
        st[_SUM + j] = power + y * y
        st[_S + j], st[_S + 8 + j], st[_S + 16 + j], st[_S + 24 + j] = s0, s1, s2, s3
        st[_S + 32 + j], st[_S + 40 + j] = s4, s5


@njit(inline="always")
def _one8(st: F64, x: float) -> None:
    """One sample through three sections of eight bands."""
    for j in range(8):
        a0, a1 = st[_COEFFICIENTS + j], st[_COEFFICIENTS + 8 + j]
        b0, b1 = st[_COEFFICIENTS + 16 + j], st[_COEFFICIENTS + 24 + j]
        c0, c1 = st[_COEFFICIENTS + 32 + j], st[_COEFFICIENTS + 40 + j]
        s0, s1, s2, s3 = st[_S + j], st[_S + 8 + j], st[_S + 16 + j], st[_S + 24 + j]
        s4, s5 = st[_S + 32 + j], st[_S + 40 + j]
        u = st[_GAIN + j] * x
        s0, s1, s2, s3, s4, s5, y = _sections(u, s0, s1, s2, s3, s4, s5, a0, a1, b0, b1, c0, c1)
        st[_SUM + j] += y * y
        st[_S + j], st[_S + 8 + j], st[_S + 16 + j], st[_S + 24 + j] = s0, s1, s2, s3
        st[_S + 32 + j], st[_S + 40 + j] = s4, s5


@njit(inline="always")
def _run8(st: F64, x: F64, zero: float) -> None:
    """All samples of x, less `zero`, through eight bands."""
    quads = len(x) // 4 * 4
    for i in range(0, quads, 4):
        _quad8(st, x[i] - zero, x[i + 1] - zero, x[i + 2] - zero, x[i + 3] - zero)
    for i in range(quads, len(x)):
        _one8(st, x[i] - zero)


@njit(cache=True)
def _bin_powers8(
    lead: F64, x: F64, first: int, width: int, a: F64, gain: F64, floor: F64, base: int, at: int, bins: int, column: int,
    out: F64,
) -> None:  # fmt: skip
    """Eight bands of order 3 side by side; the twin of `_bin_powers`, bit for bit."""
    st = np.zeros(_COEFFICIENTS + 48)
    for j in range(LANES):
        st[_GAIN + j] = gain[base + j]
        for k in range(3):
            st[_COEFFICIENTS + 16 * k + j] = a[k, 0, base + j]
            st[_COEFFICIENTS + 16 * k + 8 + j] = a[k, 1, base + j]
    zero = x[0]
    _run8(st, lead, zero)
    _run8(st, x[:first], zero)
    for row in range(bins):
        for j in range(LANES):
            st[_SUM + j] = 0.0
        _run8(st, x[first + row * width : first + (row + 1) * width], zero)
        for j in range(LANES):
            out[at + row, column + base + j] += st[_SUM + j] / width + floor[base + j]


@njit(cache=True)
def _bin_powers(
    x: F64, first: int, width: int, a: F64, gain: F64, floor: F64, at: int, bins: int, column: int, out: F64
) -> None:
    """The same for any order and number of bands, and the obvious way."""
    order, bands = a.shape[0], a.shape[2]
    z0 = np.zeros((order, bands))
    z1 = np.zeros((order, bands))
    u = np.empty(bands)
    acc = np.zeros(bands)
    k = 0
    for i in range(min(len(x), first + bins * width)):
        for j in range(bands):
            u[j] = gain[j] * x[i]
        for s in range(order):
            for j in range(bands):
                y = u[j] + z0[s, j]
                z0[s, j] = z1[s, j] - a[s, 0, j] * y
                z1[s, j] = -u[j] - a[s, 1, j] * y
                u[j] = y
        if i >= first:
            for j in range(bands):
                acc[j] += u[j] * u[j]
            k += 1
            if k == width:
                for j in range(bands):
                    out[at, column + j] += acc[j] / width + floor[j]
                    acc[j] = 0.0
                k = 0
                at += 1
