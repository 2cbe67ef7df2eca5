"""What a second pass over the waveforms of a located event yields: amplitudes for `size`, paths for `identify`.

Rules: as in `base.records`. A quantity that could not be measured is `None`, with a status and a reason in words;
a bound is called a bound. Amplitudes are half peak-to-peak ground displacement in nanometres unless a field says
otherwise; ratios are decimal logarithms of amplitude (rms) ratios.
"""

import msgspec

from testban.base.ids import Nslc
from testban.base.spans import Span


class AmplitudeMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """One amplitude of one station for one magnitude scale.

    kind: "mb", "ML" or "Ms". status: "measured" (amplitude_nm stands above the noise), "noise" (it does not:
    amplitude_nm is the noise, an upper bound), "clipped" (amplitude_nm is a lower bound), "no-response",
    "out-of-range", "no-data"; `reason` says it in words.
    amplitude_nm: mb and Ms half peak-to-peak ground displacement; ML half peak-to-peak Wood-Anderson displacement
    divided by the static magnification of `magnification` (None for mb and Ms). snr: signal over noise amplitude,
    both measured in the same way.
    """

    station_key: str
    kind: str
    status: str
    reason: str = ""
    nslc: Nslc | None = None
    amplitude_nm: float | None = None
    period_s: float | None = None
    noise_nm: float | None = None
    snr: float | None = None
    distance_deg: float | None = None
    time_ns: int | None = None
    window: Span | None = None
    magnification: float | None = None


class BandRatio(msgspec.Struct, frozen=True, kw_only=True):
    """P over S of one path in one band, rms of `components` components, noise power subtracted.

    noise_rms, p_rms, s_rms: in counts (or m/s where the responses are known), noise subtracted from the latter
    two (None where nothing is left above the noise). snr_p, snr_s: rms of signal and noise over rms of noise.
    log10_ps: None where it cannot be said. bound: "" or "lower" (S not above the noise: P/S is at least this) or
    "upper" (P not above the noise).
    """

    band_hz: tuple[float, float]
    components: int
    noise_rms: float | None = None
    p_rms: float | None = None
    s_rms: float | None = None
    snr_p: float | None = None
    snr_s: float | None = None
    log10_ps: float | None = None
    bound: str = ""


class PhaseLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Size of one regional phase of one path in one band: log10 of its rms, noise power subtracted.

    phase: "Pn", "Pg", "Sn" or "Lg". seen False: not above the noise, and log10_rms is an upper bound. snr: rms of signal and noise
    over rms of noise. Counts or m/s as in `BandRatio`.
    """

    phase: str
    band_hz: tuple[float, float]
    log10_rms: float
    seen: bool
    snr: float


class PathMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """What one station recorded of one event's regional phases.

    windows: (name, start s, end s) after the origin time, names "noise", "P", "S", "Sn coda", "Lg", "late coda".
    lg_excess: log10 of the Lg rms over the decay of the Sn coda interpolated from before and after it, 1-4 Hz;
    lg_blocked: True, False, or None where the record cannot say (Lg and coda hidden in noise, or outside it).
    lg_judged: whether the rule applies at this distance (nearer, S and Lg are one wave train).
    s_rise: log10 of the rms after the predicted S over that just before it, 1-4 Hz; None where noise hides it.
    vertical: the bands of the vertical component alone, where `bands` hold three.
    phases: Pn, Pg, Sn and Lg in bands of an octave or so, of the components of `bands`; phases_vertical: of the vertical alone.
    ground: whether these sizes are ground velocity (m/s) and not counts.
    spectral_slope: d log10 amplitude / d log10 frequency of P between the bands, corner_hz the corner of the source and the
    path together; None if not measured. complexity: log10 of the energy 5-35 s after a teleseismic P over that of its first 5 s.
    first_motion: +1, -1 or 0 (not read) with its confidence, from the pick. usable False: `reason` says why.
    """

    station_key: str
    distance_deg: float
    azimuth_deg: float
    usable: bool
    reason: str = ""
    components: int = 0
    sample_rate_hz: float | None = None
    windows: tuple[tuple[str, float, float], ...] = ()
    bands: tuple[BandRatio, ...] = ()
    lg_excess: float | None = None
    lg_blocked: bool | None = None
    lg_judged: bool = False
    s_rise: float | None = None
    vertical: tuple[BandRatio, ...] = ()
    phases: tuple[PhaseLevel, ...] = ()
    ground: bool = False
    phases_vertical: tuple[PhaseLevel, ...] = ()
    spectral_slope: float | None = None
    corner_hz: float | None = None
    complexity: float | None = None
    first_motion: int = 0
    first_motion_confidence: float = 0.0
    sensor: str = ""
