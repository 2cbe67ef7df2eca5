"""Amplitude, period and first motion of an onset, and noise as an mb amplitude.

Rules: amplitude as for mb by the convention of the IDC: response removed to displacement, causal Butterworth
0.8-4.5 Hz (order 3), half of the largest peak-to-peak in the 5.5 s after the onset, in nm, with twice the time
between the two extremes as period (IDC Processing of Seismic, Hydroacoustic, and Infrasonic Data, IDC-5.2.1). No
valid response at that time, no amplitude. First motion is read on causally filtered data only.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import exp_
from testban.base.errors import InventoryError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response
from testban.detect.sensor import Trace
from testban.earth import response
from testban.signal import filters

F64 = NDArray[np.float64]

MB_BAND_HZ = (0.8, 4.5)
MB_WINDOW_S = 5.5
LEAD_S = 30.0
CORNERS_HZ = (0.2, 0.4, 8.0, 12.0)  # spectral division: full between the middle two


def channel_of(channels: Sequence[Channel], nslc: Nslc, time_ns: int) -> Channel | None:
    """The channel's epoch that holds a time; None without one."""
    for c in channels:
        started = c.start_ns is None or c.start_ns <= time_ns
        if c.nslc == nslc and started and (c.end_ns is None or time_ns < c.end_ns):
            return c
    return None


def _step(f: F64, low: float, high: float) -> F64:
    u = np.clip((f - low) / (high - low), 0.0, 1.0)
    return np.asarray(u * u * (3.0 - 2.0 * u), dtype=np.float64)


def displacement(x: F64, rate_hz: float, resp: Response) -> F64:
    """Ground displacement in nm within `CORNERS_HZ` (the top cut at 0.8..0.95 of Nyquist), by spectral division."""
    n, size = len(x), 1
    while size < 2 * n:
        size *= 2
    lead = min(n // 2, max(1, round(0.05 * n)))
    y = x - float(np.sum(x)) / n
    y[:lead] *= filters.taper(2 * lead, 0.5)[:lead]
    y[n - lead :] *= filters.taper(2 * lead, 0.5)[lead:]
    spectrum = np.fft.rfft(y, size)
    f = np.arange(len(spectrum), dtype=np.float64) * (rate_hz / size)
    top = (min(CORNERS_HZ[2], 0.4 * rate_hz), min(CORNERS_HZ[3], 0.475 * rate_hz))
    weight = _step(f, CORNERS_HZ[0], CORNERS_HZ[1]) * (1.0 - _step(f, *top))
    used = weight > 0.0
    h = response.evaluate(resp, f[used], unit="m")
    power = h.real * h.real + h.imag * h.imag
    good = np.isfinite(power) & (power > 0.0)
    scale = np.where(good, weight[used] / np.where(good, power, 1.0), 0.0) * 1e9
    a, b = spectrum.real[used], spectrum.imag[used]
    out = np.zeros(len(spectrum), dtype=np.complex128)
    out.real[used] = np.where(good, (a * h.real + b * h.imag) * scale, 0.0)
    out.imag[used] = np.where(good, (b * h.real - a * h.imag) * scale, 0.0)
    return np.asarray(np.fft.irfft(out, size)[:n], dtype=np.float64)


def half_peak_to_peak(x: F64, rate_hz: float) -> tuple[float, float]:
    """Largest half difference of two neighbouring extremes of x, and twice the time between them in s."""
    d = np.diff(x)
    turns = np.flatnonzero(d[1:] * d[:-1] < 0.0) + 1
    if len(turns) < 2:
        return 0.0, 0.0
    swings = np.abs(np.diff(x[turns]))
    k = int(np.argmax(swings))
    return 0.5 * float(swings[k]), 2.0 * float(turns[k + 1] - turns[k]) / rate_hz


def mb_amplitude(trace: Trace, onset: float, channels: Sequence[Channel]) -> tuple[float, float] | None:
    """(half peak-to-peak displacement in nm, period in s) as for mb (IDC: 0.8-4.5 Hz, 5.5 s), or None.

    onset: sample number on the vertical. None without a response valid then, at a rate that does not hold the band,
    or where the window is not recorded.
    """
    run, rate = trace.run_at(onset), trace.rate_hz
    if run is None or 0.4 * rate < MB_BAND_HZ[1]:
        return None
    channel = channel_of(channels, trace.nslc, trace.time_ns(onset))
    if channel is None or channel.response is None:
        return None
    k = round(onset) - run.first
    lo, hi = max(0, k - round(LEAD_S * rate)), min(len(run.samples), k + round((MB_WINDOW_S + 10.0) * rate))
    if hi - k < round(MB_WINDOW_S * rate) or k - lo < round(2.0 * rate):
        return None
    try:
        ground = displacement(run.samples[lo:hi], rate, channel.response)
    except InventoryError:
        return None
    y = filters.bandpass(ground, *MB_BAND_HZ, rate)[k - lo : k - lo + round(MB_WINDOW_S * rate)]
    amplitude, period = half_peak_to_peak(y, rate)
    if not (math.isfinite(amplitude) and amplitude > 0.0 and period > 0.0):
        return None
    return float(f"{amplitude:.4g}"), round(period, 3)


def noise_a_over_t(
    rms: float, band: tuple[float, float], nslc: Nslc, time_ns: int, channels: Sequence[Channel]
) -> float | None:
    """Noise as an mb amplitude over period in nm/s: sqrt(2) rms times the centre frequency, response removed there.

    The factor makes rms the half peak-to-peak amplitude of a sine of that power. None without a valid response.
    """
    channel = channel_of(channels, nslc, time_ns)
    if channel is None or channel.response is None:
        return None
    centre = math.sqrt(band[0] * band[1])
    try:
        gain = response.displacement_gain(channel.response, centre)
    except InventoryError:
        return None
    if not (math.isfinite(gain) and gain > 0.0):
        return None
    return float(f"{1.4142135623730951 * rms / gain * 1e9 * centre:.4g}")


def first_motion(
    trace: Trace, onset: float, sigma_s: float, channels: Sequence[Channel]
) -> tuple[int, float]:
    """(+1 up, -1 down or 0 not read, confidence 0..1) from causally high-passed motion of the vertical.

    The first extreme after the onset that stands 3 noise rms out is read if it comes within the errors of the onset
    plus 0.6 s; the confidence grows with its size and is not calibrated. A vertical whose metadata dip is positive
    (down) is turned over; a reversed channel that the metadata do not tell of stays reversed.
    """
    run, rate = trace.run_at(onset), trace.rate_hz
    if run is None or rate < 10.0:
        return 0, 0.0
    k = round(onset) - run.first
    lo = max(0, k - round(20.0 * rate))
    x = run.samples[lo : k + round(3.0 * rate)]
    if k - lo < round(3.0 * rate) or len(x) <= k - lo + round(rate):
        return 0, 0.0
    y = filters.bandpass(x, 0.5, 0.4 * rate, rate, order=2)
    k -= lo
    early = round((sigma_s + 0.1) * rate)
    before = y[round(1.0 * rate) : k - early]
    if len(before) < round(rate):
        return 0, 0.0
    noise = math.sqrt(float(np.sum(before * before)) / len(before))
    for i in range(max(1, k - early), min(len(y) - 1, k + early + round(0.6 * rate))):
        turn = (y[i] - y[i - 1]) * (y[i + 1] - y[i]) <= 0.0
        if turn and noise > 0.0 and abs(y[i]) > 3.0 * noise:
            sign = 1 if y[i] > 0.0 else -1
            channel = channel_of(channels, trace.nslc, trace.time_ns(onset))
            if channel is not None and channel.dip_deg is not None and channel.dip_deg > 0.0:
                sign = -sign
            return sign, round(1.0 - exp_(-(abs(float(y[i])) / noise - 2.0) / 4.0), 3)
    return 0, 0.0
