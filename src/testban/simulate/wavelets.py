"""The shapes of arrivals: causal wavelets, scattering coda, dispersed surface waves.

Rules: an amplitude spectrum fixes its causal (minimum-phase) wavelet through the cepstrum (Oppenheim & Schafer), so
nothing moves before the onset and the first swing has the sign of the radiation. The onset is where the wavelet
first reaches 5 % of its peak. P and S: source times attenuation, exp(-pi f t*); regional phases: t* falls with
frequency. Coda is Gaussian noise with the wavelet's spectrum under an envelope. All Q values and coda levels are stand-ins.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base import dmath, geo
from testban.simulate.sources import Shock

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

HIGHPASS_HZ = 0.03  # body waves are cut below this: their far field at longer periods is not modelled
ONSET_SHARE = 0.05


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How one phase is made. attenuation: t* at 1 Hz in s, times f^(1 - eta). wave: "P", "S", "Lg" or "LR".

    coda: rms over the direct peak; coda_s its decay; rise_s its build-up. horizontal: coda share on N and E.
    """

    wave: str
    tstar_s: float
    eta: float
    corner_hz: float
    deficit_hz: float | None
    coda: float
    coda_s: float
    rise_s: float
    length_s: float
    horizontal: float


def attenuation(phase: str, delta: Floats, p_tstar_s: float) -> tuple[Floats, Floats]:
    """Return t* at 1 Hz in s and the exponent eta of t* = t*(1 Hz) f^-eta, by distance; regional Q values are stand-ins."""
    km = delta * geo.KM_PER_DEG
    near = delta < 20.0
    if phase == "Lg":
        return km / (500.0 * 3.5), np.full(delta.shape, 0.4)
    if phase[0] == "S":
        return np.where(near, km / (600.0 * 4.5), 4.0 * p_tstar_s), np.where(near, 0.4, 0.0)
    far = p_tstar_s * (1.25 if phase in ("pP", "sP") else 1.0)
    return np.where(near, km / (900.0 * 8.0), far), np.where(near, 0.3, 0.0)


def shape(phase: str, shock: Shock, delta: float, tstar: float, eta: float, s_minus_p_s: float) -> Shape:
    """Stand-in spectra and coda of a phase of an event at a distance; tstar and eta from `attenuation`."""
    km = delta * geo.KM_PER_DEG
    corner, lacking = corner_and_deficit(phase, shock)
    near = delta < 20.0
    if phase == "LR":
        wave, coda, coda_s, rise, length, horizontal = "LR", 0.0, 0.0, 0.0, 120.0 + km / 2.6 - km / 4.2, 0.0
    elif phase == "Lg":
        rise = max(2.0, 0.03 * km)
        wave, coda, coda_s, length, horizontal = "Lg", 1.0, rise, 9.0 * rise + 30.0, 1.2
    elif phase[0] == "S":
        coda_s = min(60.0, max(5.0, 0.05 * km)) if near else 25.0
        wave, coda, rise, length, horizontal = "S", 0.45 if near else 0.3, 0.5, 5.0 * coda_s + 60.0, 1.2
    else:
        coda_s = min(40.0, max(1.5, 0.5 * s_minus_p_s)) if near else 25.0
        wave, coda, rise, length, horizontal = "P", 0.25 if near else 0.18, 0.3, 4.5 * coda_s + 45.0, 0.7
    return Shape(
        wave=wave,
        tstar_s=tstar,
        eta=eta,
        corner_hz=corner,
        deficit_hz=lacking,
        coda=coda,
        coda_s=coda_s,
        rise_s=rise,
        length_s=length,
        horizontal=horizontal,
    )


def corner_and_deficit(phase: str, shock: Shock) -> tuple[float, float | None]:
    """Corner frequency in Hz of a phase, and where the S of blasts begins to lack high frequencies (stand-in: 3 Hz)."""
    if phase[0] in "SL":
        return shock.corner_hz / 1.3, 3.0 if shock.kind in ("explosion", "quarry blast") else None
    return shock.corner_hz, None


def grid(n: int, step: float, offset: float = 0.0) -> Floats:
    """Return n numbers from offset * step, a step apart."""
    return np.asarray((np.arange(n) + offset) * step, dtype=np.float64)


def log_spectrum(s: Shape, f: Floats) -> Floats:
    """Natural log of the displacement amplitude (f above 0): Brune's source, attenuation, high-pass, S deficit."""
    return source_and_path(f, s.tstar_s, s.eta, s.corner_hz, s.deficit_hz)


def anti_alias(f: Floats, rate_hz: float) -> Floats:
    """Natural log of the twelfth power of a cosine from 0.4 of Nyquist to nothing at Nyquist, made causal with the wavelet.

    Without it the band-limited derivative in the response rings before the onset and spoils first motions.
    """
    x = np.clip((f / (0.5 * rate_hz) - 0.4) / 0.6, 0.0, 1.0)
    c = dmath.cos(0.5 * dmath.PI * x)
    return np.asarray(np.maximum(6.0 * dmath.log(np.maximum(c * c, 1e-30)), -25.0))


def source_and_path(
    f: Floats, tstar_s: Floats | float, eta: Floats | float, corner_hz: float, deficit_hz: float | None
) -> Floats:
    """As `log_spectrum`, with arrays that broadcast."""
    x = f / corner_hz
    h = HIGHPASS_HZ / f
    out = (
        -dmath.log(1.0 + x * x)
        - dmath.PI * tstar_s * f * dmath.exp(-eta * dmath.log(f))
        - dmath.log(1.0 + h * h * h * h)
    )
    if deficit_hz is not None:
        d = f / deficit_hz
        out = out - 0.5 * dmath.log(1.0 + d * d)
    return np.asarray(out)


def minimum_phase(log_amplitude: Floats, n: int) -> Complexes:
    """Spectrum of the causal wavelet with this log amplitude at the n // 2 + 1 frequencies of an n-point transform."""
    c = np.fft.irfft(log_amplitude, n)
    c[1 : n // 2] *= 2.0
    c[n // 2 + 1 :] = 0.0
    z = np.fft.rfft(c)
    r = dmath.exp(z.real)
    out = np.empty(z.shape, dtype=np.complex128)
    out.real = r * dmath.cos(z.imag)
    out.imag = r * dmath.sin(z.imag)
    return out


def shift(f: Floats, seconds: float) -> Complexes:
    """The factor that delays a spectrum."""
    angle = -2.0 * dmath.PI * f * seconds
    out = np.empty(f.shape, dtype=np.complex128)
    out.real = dmath.cos(angle)
    out.imag = dmath.sin(angle)
    return out


def onset_s(wavelet: Floats, rate_hz: float) -> float:
    """Time of the first sample that reaches 5 % of the peak, interpolated."""
    a = np.abs(wavelet)
    level = ONSET_SHARE * a.max()
    i = int(np.argmax(a >= level))
    if i == 0:
        return 0.0
    return (i - 1 + float((level - a[i - 1]) / (a[i] - a[i - 1]))) / rate_hz


def envelope(s: Shape, t: Floats) -> Floats:
    """Coda envelope at times after the onset, peak near one."""
    late = np.maximum(t, 0.0)
    if s.wave == "Lg":
        x = late / s.rise_s
        return np.asarray(np.where(t > 0.0, x * dmath.exp(1.0 - x), 0.0))
    return np.asarray(
        np.where(t > 0.0, (1.0 - dmath.exp(-late / s.rise_s)) * dmath.exp(-late / s.coda_s), 0.0)
    )


def band_magnitude(f: Floats, low_hz: float = 0.8, high_hz: float = 4.5) -> Floats:
    """Magnitude of a third-order Butterworth band-pass (the IDC's mb band by default)."""
    low, high = (low_hz / f) * (low_hz / f), (f / high_hz) * (f / high_hz)
    a, b = low * low * low, high * high * high
    return np.asarray(1.0 / np.sqrt((1.0 + a) * (1.0 + b)))


def amplitude_over_period(x: Floats, rate_hz: float) -> float:
    """Greatest (half peak-to-trough) / (twice the time between) of neighbouring extremes: A/T, with A of the greatest swing."""
    d = np.diff(x)
    turn = np.flatnonzero((d[1:] > 0) != (d[:-1] > 0)) + 1
    if len(turn) < 2:
        return 0.0
    swing = np.abs(np.diff(x[turn]))
    i = int(np.argmax(swing))
    return float(swing[i] / 2.0 / (2.0 * (turn[i + 1] - turn[i]) / rate_hz))


# Group velocity of the fundamental Rayleigh wave in km/s by period in s: a smooth stand-in between continental and
# oceanic paths, 3.3 km/s at 20 s as `earth.travel` has it.
LR_PERIODS = np.array([8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 40.0, 50.0, 70.0, 100.0, 150.0])
LR_GROUP = np.array([2.85, 3.05, 3.2, 3.3, 3.42, 3.55, 3.75, 3.85, 3.92, 3.97, 4.0])


def rayleigh(f: Floats, delta: float, amplitude_spread: float = 0.35) -> Complexes:
    """Spectrum of the vertical Rayleigh wave relative to the origin time: its phase is the integral of the group delay."""
    km = delta * geo.KM_PER_DEG
    f = np.maximum(f, 1e-4)
    order = np.argsort(1.0 / LR_PERIODS)
    velocity = np.interp(f, (1.0 / LR_PERIODS)[order], LR_GROUP[order])
    delay = km / velocity
    phase = -2.0 * dmath.PI * np.cumsum(delay) * float(f[2] - f[1])
    z = dmath.log(f / 0.05) / amplitude_spread
    a = dmath.exp(-0.5 * z * z - dmath.PI * f * km / (3.5 * 300.0))
    a = np.where((f > 0.008) & (f < 0.125), a, 0.0)
    out = np.empty(f.shape, dtype=np.complex128)
    out.real = a * dmath.cos(phase)
    out.imag = a * dmath.sin(phase)
    return out
