"""Instrument response: counts per unit of ground motion over frequency.

Rules: signals go as exp(+i omega t). Every stage is its transfer function times its gain, and the gain holds at the
stage's gain frequency: where that frequency is above zero (for FIR also at zero) the transfer function is scaled to
modulus one there. Where the gain frequency is that of the overall sensitivity, the stated `normalization` (or the
coefficients of a FIR) are taken as they are if they are right within 2 %, as evalresp does; a FIR that is not is
divided by the sum of its coefficients. Without a gain frequency the stated `normalization` holds. A FIR whose coefficients are symmetric has no phase (its delay is corrected in the time
stamps); any other is causal, advanced by `correction_s`. Analogue stages are in rad/s. Only + - x / and `dmath`,
so that results have the same bits everywhere. SEED manual 2.4, appendix C; StationXML 1.2; evalresp (IRIS).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.dmath import DEG, PI, exp_, log_, sincos_
from testban.base.errors import InventoryError
from testban.base.records import Response, ResponseStage

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# A stated normalisation further from one than this is replaced (evalresp warns at 0.5 %, and trusts it).
NORMALIZATION_TOLERANCE = 0.02

RATIO_LIMIT = 1.5  # of stages to stated sensitivity, either way
RIPPLE_LIMIT = 2.0  # of the FIR stages in the lower half of the band
RIPPLE_AT = (0.02, 0.05, 0.1, 0.15, 0.2, 0.24)  # of the sample rate

_ORDER = {"m": 0, "m/s": 1, "m/s**2": 2}


@njit(cache=True)
def _rational(
    omega: Floats, digital: bool, dt: float, zeros: Floats, poles: Floats, re: Floats, im: Floats
) -> None:
    """Product of (s - zero) over product of (s - pole), s = i omega or exp(i omega dt)."""
    for i in range(omega.size):
        if digital:
            y, x = sincos_(omega[i] * dt)
        else:
            x, y = 0.0, omega[i]
        a, b = 1.0, 0.0
        n = max(zeros.shape[0], poles.shape[0])
        for k in range(n):
            if k < zeros.shape[0]:
                u, v = x - zeros[k, 0], y - zeros[k, 1]
                a, b = a * u - b * v, a * v + b * u
            if k < poles.shape[0]:
                u, v = x - poles[k, 0], y - poles[k, 1]
                d = u * u + v * v
                a, b = (a * u + b * v) / d, (b * u - a * v) / d
        re[i], im[i] = a, b


@njit(cache=True)
def _polynomial(omega: Floats, dt: float, c: Floats, shift: float, re: Floats, im: Floats) -> None:
    """Sum of c[k] exp(-i omega dt k), times exp(i omega shift), by Horner's rule."""
    for i in range(omega.size):
        s, x = sincos_(omega[i] * dt)
        y = -s
        a, b = 0.0, 0.0
        for k in range(c.size - 1, -1, -1):
            a, b = a * x - b * y + c[k], a * y + b * x
        s, x = sincos_(omega[i] * shift)
        re[i], im[i] = a * x - b * s, a * s + b * x


@njit(cache=True)
def _list(frequency: Floats, table: Floats, re: Floats, im: Floats) -> None:
    """Amplitude (log-log) and phase (linear in frequency) between the entries; NaN outside."""
    n = table.shape[0]
    for i in range(frequency.size):
        f = frequency[i]
        re[i], im[i] = np.nan, np.nan
        if not (f >= table[0, 0] and f <= table[n - 1, 0]):
            continue
        k = 0
        while k < n - 2 and f > table[k + 1, 0]:
            k += 1
        g = 0.0 if n == 1 else (f - table[k, 0]) / (table[k + 1, 0] - table[k, 0])
        m = min(k + 1, n - 1)
        a0, a1 = table[k, 1], table[m, 1]
        if a0 > 0.0 and a1 > 0.0 and table[k, 0] > 0.0 and g > 0.0:
            w = log_(f / table[k, 0]) / log_(table[m, 0] / table[k, 0])
            amplitude = exp_((1.0 - w) * log_(a0) + w * log_(a1))
        else:
            amplitude = (1.0 - g) * a0 + g * a1
        turn = table[m, 2] - table[k, 2]
        turn -= 360.0 * math.floor(turn / 360.0 + 0.5)
        s, c = sincos_((table[k, 2] + g * turn) * DEG)
        re[i], im[i] = amplitude * c, amplitude * s


def _pairs(values: tuple[tuple[float, float], ...]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(-1, 2)


def _interval(stage: ResponseStage) -> float:
    if stage.sample_rate_hz is None or not stage.sample_rate_hz > 0.0:
        raise InventoryError(
            f"expected a sample rate in a digital {stage.kind} stage, got {stage.sample_rate_hz}; "
            "correct the metadata of this channel"
        )
    return 1.0 / stage.sample_rate_hz


def _transfer(stage: ResponseStage, frequency: Floats) -> tuple[Floats, Floats]:
    """Real and imaginary part of the transfer function without gain and normalisation."""
    re, im = np.ones(frequency.size), np.zeros(frequency.size)
    omega = 2.0 * PI * frequency
    if stage.kind == "paz":
        digital = stage.sample_rate_hz is not None
        dt = _interval(stage) if digital else 0.0
        _rational(omega, digital, dt, _pairs(stage.zeros), _pairs(stage.poles), re, im)
    elif stage.kind in ("fir", "iir") and stage.numerator:
        c = np.array(stage.numerator, dtype=np.float64)
        dt = _interval(stage)
        if stage.kind == "iir" and stage.denominator:
            _polynomial(omega, dt, c, 0.0, re, im)
            a, b = np.empty(frequency.size), np.empty(frequency.size)
            _polynomial(omega, dt, np.array(stage.denominator, dtype=np.float64), 0.0, a, b)
            d = a * a + b * b
            return (re * a + im * b) / d, (im * a - re * b) / d
        symmetric = bool(np.array_equal(c, c[::-1]))
        shift = 0.5 * (c.size - 1) * dt if symmetric else stage.correction_s
        _polynomial(omega, dt, c, shift, re, im)
    elif stage.kind == "list":
        table = np.array(sorted(stage.table), dtype=np.float64).reshape(-1, 3)
        if not len(table):
            raise InventoryError(
                "expected entries in a response list, got none; correct the metadata of this channel"
            )
        _list(frequency, table, re, im)
    elif stage.kind not in ("fir", "iir", "gain"):
        raise InventoryError(
            f"expected a stage of kind paz, fir, iir, list or gain, got {stage.kind!r}; correct the inventory"
        )
    return re, im


def _scale(stage: ResponseStage, reference_hz: float | None) -> float:
    """What the transfer function is multiplied with, the gain included."""
    if stage.kind in ("list", "gain"):
        return stage.gain
    same = stage.gain_frequency_hz == reference_hz
    if stage.kind == "fir" and same:
        size = abs(math.fsum(stage.numerator))
        return stage.gain / size if size > 0.0 and abs(size - 1.0) > NORMALIZATION_TOLERANCE else stage.gain
    if stage.gain_frequency_hz > 0.0 or stage.kind == "fir":
        re, im = _transfer(stage, np.array([stage.gain_frequency_hz]))
        size = math.sqrt(float(re[0]) * float(re[0]) + float(im[0]) * float(im[0]))
        keep = same and abs(size * stage.normalization - 1.0) < NORMALIZATION_TOLERANCE
        if size > 0.0 and math.isfinite(size) and not keep:
            return stage.gain / size
    return stage.gain * stage.normalization


def evaluate(resp: Response, frequencies_hz: ArrayLike, unit: str = "m") -> Complex:
    """Counts per `unit` ("m", "m/s", "m/s**2", or "Pa" for a pressure sensor) at the frequencies, shape (n,).

    A response without stages is its flat sensitivity. InventoryError where neither is given, where a stage lacks
    its sample rate, and where the units cannot be converted.
    """
    f = np.atleast_1d(np.asarray(frequencies_hz, dtype=np.float64))
    shape, f = f.shape, np.ascontiguousarray(f).reshape(-1)
    if not resp.stages and resp.sensitivity is None:
        raise InventoryError(
            "expected stages or a sensitivity in a response, got neither; correct the inventory"
        )
    scale = 1.0 if resp.stages else float(resp.sensitivity or 0.0)
    re, im = np.ones(f.size), np.zeros(f.size)
    for stage in resp.stages:
        a, b = _transfer(stage, f)
        re, im = re * a - im * b, re * b + im * a
        scale = scale * _scale(stage, resp.sensitivity_frequency_hz)
    re, im = re * scale, im * scale
    if resp.input_unit != unit:
        if resp.input_unit not in _ORDER or unit not in _ORDER:
            raise InventoryError(
                f"expected a response to be asked for in {resp.input_unit}, got {unit}; these units cannot be converted"
            )
        power = _ORDER[resp.input_unit] - _ORDER[unit]
        omega = 2.0 * PI * f
        for _ in range(abs(power)):
            if power > 0:
                re, im = -im * omega, re * omega
            else:
                with np.errstate(divide="ignore", invalid="ignore"):
                    re, im = im / omega, -re / omega
    out = np.empty(f.size, dtype=np.complex128)
    out.real, out.imag = re, im
    return out.reshape(shape)


def modulus(values: Complex) -> Floats:
    """Absolute value by the square root (NumPy's own uses hypot of the C library)."""
    return np.asarray(np.sqrt(values.real * values.real + values.imag * values.imag))


def displacement_gain(resp: Response, frequency_hz: float) -> float:
    """Modulus of the response in counts per metre at one frequency."""
    return float(modulus(evaluate(resp, [frequency_hz], "m"))[0])


def velocity_gain(resp: Response, frequency_hz: float) -> float:
    """Modulus of the response in counts per m/s at one frequency."""
    return float(modulus(evaluate(resp, [frequency_hz], "m/s"))[0])


def sensitivity_ratio(resp: Response) -> float | None:
    """Modulus from the stages over the stated sensitivity, at its frequency; None where nothing is stated.

    Far from one (evalresp warns beyond 5 %) the metadata contradict themselves and amplitudes are not to be trusted.
    """
    if not resp.stages or not resp.sensitivity or resp.sensitivity_frequency_hz is None:
        return None
    h = modulus(evaluate(resp, [resp.sensitivity_frequency_hz], resp.input_unit))
    return float(h[0]) / abs(resp.sensitivity)


def contradiction(resp: Response, sample_rate_hz: float | None) -> str | None:
    """What a response says against itself, in words; None where it agrees with itself.

    Its stages give another gain than its stated sensitivity, or its FIR stages, which only keep aliases out, shape the
    band that is recorded (a wrong rate or order of coefficients). Those of 660 sound channels at
    hand stay within 5 and 10 %.
    """
    ratio = sensitivity_ratio(resp) if resp.sensitivity_frequency_hz != 0.0 else None
    if ratio is not None and not 1.0 / RATIO_LIMIT <= ratio <= RATIO_LIMIT:
        at = resp.sensitivity_frequency_hz
        return f"its stages give {ratio:.3g} times its stated sensitivity at {at:g} Hz"
    firs = [s for s in resp.stages if s.kind == "fir" and s.numerator]
    if not firs or not sample_rate_hz:
        return None
    f = np.array((0.0, *RIPPLE_AT)) * sample_rate_hz
    size = np.ones(len(f))
    for stage in firs:
        re, im = _transfer(stage, f)
        size = size * np.sqrt(re * re + im * im)
    if not size[0] > 0.0:
        return "its FIR coefficients sum to zero"
    size = size / size[0]
    k = int(np.argmax(np.maximum(size, 1.0 / np.maximum(size, 1e-300))))
    if 1.0 / RIPPLE_LIMIT <= size[k] <= RIPPLE_LIMIT:
        return None
    return f"its FIR stages pass {size[k]:.3g} of the motion at {f[k]:g} Hz, inside the recorded band"
