"""Elementary functions with the same bits everywhere.

Rules: only + - x / and square root in a fixed order, exact scaling by powers of two, no fused multiply-add, no
library call; accuracy within one unit in the last place (two for sine and cosine) over the stated ranges, tested against mpmath. The
reductions and coefficients are those of FDLIBM (Sun Microsystems 1993, freely distributable), published tables.
Scalars for compiled kernels are the `*_` functions; `exp log log10 sin cos` take arrays.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

PI = 3.141592653589793
HALF_PI = 1.5707963267948966
DEG = PI / 180.0

_INVPIO2 = 6.36619772367581382433e-01
_PIO2_1 = 1.57079632673412561417e00
_PIO2_2 = 6.07710050630396597660e-11
_PIO2_3 = 2.02226624871116645580e-21
_PIO2_3T = 8.47842766036889956997e-32
_LN2_HI = 6.93147180369123816490e-01
_LN2_LO = 1.90821492927058770002e-10
_INV_LN2 = 1.44269504088896338700e00
_INV_LN10 = 4.34294481903251816668e-01
LEAST_NORMAL = 2.2250738585072014e-308
TWO_54 = 18014398509481984.0
ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of the root of 0.5


@njit(cache=True, inline="never")
def _kernel_sin(x: float) -> float:
    z = x * x
    r = 8.33333333332248946124e-03 + z * (
        -1.98412698298579493134e-04
        + z
        * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))
    )
    return x + z * x * (-1.66666666666666324348e-01 + z * r)


@njit(cache=True, inline="never")
def _kernel_cos(x: float) -> float:
    z = x * x
    r = z * (
        4.16666666666666019037e-02
        + z
        * (
            -1.38888888888741095749e-03
            + z
            * (
                2.48015872894767294178e-05
                + z
                * (
                    -2.75573143513906633035e-07
                    + z * (2.08757232129817482790e-09 - z * 1.13596475577881948265e-11)
                )
            )
        )
    )
    h = 0.5 * z
    w = 1.0 - h
    return w + (((1.0 - w) - h) + z * r)


@njit(cache=True, inline="never")
def sincos_(x: float) -> tuple[float, float]:
    """Sine and cosine of x in radians, |x| < 1e6."""
    n = math.floor(x * _INVPIO2 + 0.5)
    r = x - n * _PIO2_1
    r = (r - n * _PIO2_2) - n * _PIO2_3 - n * _PIO2_3T
    s, c = _kernel_sin(r), _kernel_cos(r)
    k = int(n) & 3
    if k == 0:
        return s, c
    if k == 1:
        return c, -s
    if k == 2:
        return -s, -c
    return -c, s


@njit(cache=True)
def sin_(x: float) -> float:
    """Sine of x in radians, |x| < 1e6."""
    return sincos_(x)[0]


@njit(cache=True)
def cos_(x: float) -> float:
    """Cosine of x in radians, |x| < 1e6."""
    return sincos_(x)[1]


@njit(cache=True)
def tan_(x: float) -> float:
    """Tangent of x in radians, |x| < 1e6."""
    s, c = sincos_(x)
    return s / c


@njit(cache=True)
def _power_of_two(k: int) -> float:
    """2**k from its bits, -1022 <= k <= 1023: as exact as the C library's ldexp without a call of it."""
    return np.int64((k + 1023) << 52).view(np.float64)


@njit(cache=True, inline="never")
def exp_(x: float) -> float:
    """E to the x; 0 below -745, infinity above 709.78."""
    if x > 709.782712893384:
        return np.inf
    if x < -745.1332191019411:
        return 0.0
    k = math.floor(x * _INV_LN2 + 0.5)
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi)
    half = int(k) >> 1  # in two steps, since 2**k itself may be too small or too large for a number
    return y * _power_of_two(half) * _power_of_two(int(k) - half)


@njit(cache=True, inline="never")
def log_(x: float) -> float:
    """Natural logarithm; -infinity at 0, NaN below."""
    scaled = 0
    if not x >= LEAST_NORMAL:
        if x == 0.0:
            return -np.inf
        if not x > 0.0:
            return np.nan
        x, scaled = x * TWO_54, 54
    if x == np.inf:
        return np.inf
    bits = np.float64(x).view(np.int64)
    k = (bits - ROOT_HALF) >> 52  # x = m 2**k, m from the root of a half to that of two, without a branch
    f = np.int64(bits - (k << 52)).view(np.float64) - 1.0
    k -= scaled
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    t2 = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    r = t1 + t2
    h = 0.5 * f * f
    dk = float(k)
    return dk * _LN2_HI - ((h - (s * (h + r) + dk * _LN2_LO)) - f)


@njit(cache=True)
def log10_(x: float) -> float:
    """Decimal logarithm."""
    return log_(x) * _INV_LN10


@njit(cache=True)
def pow_(x: float, y: float) -> float:
    """X to the y for x >= 0 (relative error grows as |y log x|, below 1e-13 for moderate results)."""
    if x == 0.0:
        return 1.0 if y == 0.0 else 0.0
    return exp_(y * log_(x))


@njit(cache=True)
def exp10_(x: float) -> float:
    """Ten to the x."""
    return exp_(x * 2.302585092994045684)


@njit(cache=True, inline="never")
def atan_(x: float) -> float:
    """Arc tangent in radians."""
    negative = x < 0.0
    a = -x if negative else x
    hi, lo = 0.0, 0.0
    if a > 1.0e300:
        return -HALF_PI if negative else HALF_PI
    if a >= 2.4375:
        hi, lo, a = 1.57079632679489655800e00, 6.12323399573676603587e-17, -1.0 / a
    elif a >= 1.1875:
        hi, lo, a = 9.82793723247329054082e-01, 1.39033110312309984516e-17, (a - 1.5) / (1.0 + 1.5 * a)
    elif a >= 0.6875:
        hi, lo, a = 7.85398163397448278999e-01, 3.06161699786838301793e-17, (a - 1.0) / (a + 1.0)
    elif a >= 0.4375:
        hi, lo, a = 4.63647609000806093515e-01, 2.26987774529616870924e-17, (2.0 * a - 1.0) / (2.0 + a)
    z = a * a
    w = z * z
    s1 = z * (
        3.33333333333329318027e-01
        + w
        * (
            1.42857142725034663711e-01
            + w
            * (
                9.09088713343650656196e-02
                + w
                * (
                    6.66107313738753120669e-02
                    + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)
                )
            )
        )
    )
    s2 = w * (
        -1.99999999998764832476e-01
        + w
        * (
            -1.11111104054623557880e-01
            + w
            * (
                -7.69187620504482999495e-02
                + w * (-5.83357013379057348645e-02 - w * 3.65315727442169155270e-02)
            )
        )
    )
    r = hi - ((a * (s1 + s2) - lo) - a)
    return -r if negative else r


@njit(cache=True)
def atan2_(y: float, x: float) -> float:
    """Angle of (x, y) in radians, -pi..pi; atan2(0, 0) = 0."""
    if x == 0.0:
        if y == 0.0:
            return 0.0
        return HALF_PI if y > 0.0 else -HALF_PI
    if x > 0.0:
        return atan_(y / x)
    return atan_(y / x) + PI if y >= 0.0 else atan_(y / x) - PI


@njit(cache=True)
def asin_(x: float) -> float:
    """Arc sine; arguments beyond +-1 by rounding are clipped."""
    x = min(1.0, max(-1.0, x))
    return atan2_(x, math.sqrt((1.0 - x) * (1.0 + x)))


@njit(cache=True)
def acos_(x: float) -> float:
    """Arc cosine; arguments beyond +-1 by rounding are clipped."""
    x = min(1.0, max(-1.0, x))
    return atan2_(math.sqrt((1.0 - x) * (1.0 + x)), x)


@njit(cache=True, inline="never")
def erfc_(x: float) -> float:
    """Complementary error function, absolute error below 1e-15, relative below 1e-12 to x = 26.

    Series below 2.5, the Laplace continued fraction above (Abramowitz & Stegun 7.1.6, 7.1.14).
    """
    a = -x if x < 0.0 else x
    if a < 2.5:
        term, total, n = a, a, 0
        while term > 1e-18 * total and n < 200:
            n += 1
            term = term * (2.0 * a * a) / (2.0 * n + 1.0)
            total = total + term
        r = 1.0 - 1.1283791670955126 * exp_(-a * a) * total
    elif a < 27.0:
        f = 0.0
        for n in range(120, 0, -1):
            f = (0.5 * n) / (a + f)
        r = exp_(-a * a) / (1.7724538509055160 * (a + f))
    else:
        r = 0.0
    return 2.0 - r if x < 0.0 else r


@njit(cache=True)
def normal_cdf_(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * erfc_(-x * 0.70710678118654752440)


@njit(cache=True)
def _map_exp(a: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(a.size):
        out[i] = exp_(a[i])


@njit(cache=True)
def _map_log(a: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(a.size):
        out[i] = log_(a[i])


@njit(cache=True)
def _map_sin(a: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(a.size):
        out[i] = sin_(a[i])


@njit(cache=True)
def _map_cos(a: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(a.size):
        out[i] = cos_(a[i])


def _over(kernel: Any, x: ArrayLike) -> NDArray[np.float64]:
    a = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty(a.size)
    kernel(a.reshape(-1), out)
    return out.reshape(a.shape)


def exp(x: ArrayLike) -> NDArray[np.float64]:
    """Exponential of each element."""
    return _over(_map_exp, x)


def log(x: ArrayLike) -> NDArray[np.float64]:
    """Natural logarithm of each element."""
    return _over(_map_log, x)


def log10(x: ArrayLike) -> NDArray[np.float64]:
    """Decimal logarithm of each element."""
    return _over(_map_log, x) * _INV_LN10


def sin(x: ArrayLike) -> NDArray[np.float64]:
    """Sine of each element, radians."""
    return _over(_map_sin, x)


def cos(x: ArrayLike) -> NDArray[np.float64]:
    """Cosine of each element, radians."""
    return _over(_map_cos, x)
