"""The records that flow between rooms: the only definition of what a pick, an event or a verdict is.

Rules: frozen, keyword-only; times are integer nanoseconds since 1970 UTC; order is longitude, latitude, depth;
units stand in the name; `None` means not measured, never zero; identifiers are stable texts and every tuple is in
a stated order. Only plain Struct features are used, so that another library could take their place.
"""

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.spans import Span
from testban.base.verdicts import ClassOdds, Screening

# -- the inventory ---------------------------------------------------------------------------------------------


class ResponseStage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of an instrument response.

    kind: "paz" (zeros, poles in rad/s, or in the z plane with `sample_rate_hz`; `normalization` multiplies),
    "fir" (coefficients `numerator`, symmetric ones written out, at `sample_rate_hz` of the stage's input), "iir"
    (numerator and denominator in z), "list" (frequency_hz, amplitude, phase_deg) or "gain" (the gain alone).
    gain: the stage gain at gain_frequency_hz.
    """

    kind: str
    gain: float = 1.0
    gain_frequency_hz: float = 0.0
    zeros: tuple[tuple[float, float], ...] = ()
    poles: tuple[tuple[float, float], ...] = ()
    normalization: float = 1.0
    numerator: tuple[float, ...] = ()
    denominator: tuple[float, ...] = ()
    sample_rate_hz: float | None = None
    delay_s: float = 0.0
    correction_s: float = 0.0
    table: tuple[tuple[float, float, float], ...] = ()


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Counts per unit of ground motion over frequency, for a stated span of time.

    input_unit: "m", "m/s", "m/s**2" or "Pa". sensitivity: counts per input unit at sensitivity_frequency_hz, as
    stated in the metadata (None: not stated; the stages alone hold).
    """

    input_unit: str
    stages: tuple[ResponseStage, ...]
    sensitivity: float | None = None
    sensitivity_frequency_hz: float | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel over one epoch. azimuth from north, dip positive down (StationXML): vertical up is -90.

    elevation_m is that of the ground, depth_m the burial. end_ns None: still open.
    """

    nslc: Nslc
    longitude: float
    latitude: float
    elevation_m: float = 0.0
    depth_m: float = 0.0
    azimuth_deg: float | None = None
    dip_deg: float | None = None
    sample_rate_hz: float | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    response: Response | None = None
    origin: str = ""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What a station is to the association and the location: a name, a place, and whether it is an array.

    key: NET.STA (or the array's name). up_ns: spans of recorded, usable data; None where nobody supplied them.
    """

    key: str
    longitude: float
    latitude: float
    elevation_m: float = 0.0
    is_array: bool = False
    up: tuple[Span, ...] | None = None


# -- samples ---------------------------------------------------------------------------------------------------


class Segment(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Samples of one channel without a gap.

    samples: int32 (counts, exact) or float64, shape (n,). start_ns: time of the first sample.
    sample_rate_hz is the nominal rate.
    """

    nslc: Nslc
    start_ns: int
    sample_rate_hz: float
    samples: NDArray[np.int32] | NDArray[np.float64]

    @property
    def end_ns(self) -> int:
        """Time one sample interval after the last sample."""
        return self.start_ns + round(len(self.samples) * 1e9 / self.sample_rate_hz)

    @property
    def span(self) -> Span:
        """From the first sample to one interval after the last."""
        return Span(self.start_ns, self.end_ns)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the input that a person should know: what was masked, refused, guessed or flagged.

    kind: a short machine word such as "gap", "overlap", "dead", "clipped", "nan", "rate", "duplicate",
    "no-response", "epoch", "orientation", "corrupt", "spike". subject: NSLC, file or station.
    """

    kind: str
    subject: str
    message: str
    span: Span | None = None


# -- what one station yields ---------------------------------------------------------------------------------


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """An onset at one station, with all that was measured on it.

    station_key is NET.STA or the array's name. phase_hint: "P", "S" or "" (not known). time_sigma_s: one standard
    deviation of the onset time; time_bounds_s: (earliest, latest) relative to time_ns. slowness in s/deg,
    backazimuth in degrees from north, each with its standard deviation. amplitude_nm: ground displacement, half
    peak-to-peak, response removed, 0.8-4.5 Hz (IDC convention), with period_s. snr: peak over noise rms in `band_hz`.
    polarity: +1 up, -1 down, 0 not read, polarity_confidence in 0..1. score: the detector's statistic over its
    threshold; weak: below it, a candidate that is worth something only as part of an event.
    """

    pick_id: str
    station_key: str
    nslc: Nslc | None = None
    time_ns: int
    time_sigma_s: float = 1.0
    time_bounds_s: tuple[float, float] | None = None
    phase_hint: str = ""
    phase_hint_probability: float | None = None
    slowness_s_per_deg: float | None = None
    slowness_sigma: float | None = None
    backazimuth_deg: float | None = None
    backazimuth_sigma: float | None = None
    amplitude_nm: float | None = None
    period_s: float | None = None
    snr: float | None = None
    band_hz: tuple[float, float] | None = None
    polarity: int = 0
    polarity_confidence: float = 0.0
    rectilinearity: float | None = None
    incidence_deg: float | None = None
    f_statistic: float | None = None
    score: float | None = None
    clipped: bool = False
    weak: bool = False


class NoiseHour(msgspec.Struct, frozen=True, kw_only=True):
    """The noise of one station in one band over one hour (or the part of it that was recorded).

    rms_counts in band after filtering; a_over_t_nm_s: the noise as an mb amplitude over period (nm/s), None
    without a valid response. up_s: seconds of usable data in the hour.
    """

    station_key: str
    nslc: Nslc
    hour_ns: int
    band_hz: tuple[float, float]
    up_s: float
    rms_counts: float
    a_over_t_nm_s: float | None = None


class StationResult(msgspec.Struct, frozen=True, kw_only=True):
    """All that station processing says about one station and one unit of time."""

    station_key: str
    picks: tuple[Pick, ...]
    noise: tuple[NoiseHour, ...]
    findings: tuple[Finding, ...]
    up: tuple[Span, ...]


# -- events ----------------------------------------------------------------------------------------------------


class Arrival(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pick that belongs to an event, as a phase.

    residual_s: observed minus predicted time. defining: used in the location. weight: final robust weight 0..1.
    time_sigma_s: pick and model error together.
    """

    pick_id: str
    station_key: str
    phase: str
    time_ns: int
    distance_deg: float
    azimuth_deg: float
    backazimuth_deg: float
    residual_s: float | None = None
    time_sigma_s: float = 1.0
    defining: bool = True
    weight: float = 1.0
    slowness_residual: float | None = None
    backazimuth_residual: float | None = None
    slowness_defining: bool = False
    backazimuth_defining: bool = False
    score: float | None = None


class Ellipse(msgspec.Struct, frozen=True, kw_only=True):
    """Semi-axes in km and azimuth of the major axis (degrees from north) at a probability.

    kind: "coverage" (from a-priori errors) or "confidence" (scaled by the fit); never mixed.
    """

    smajor_km: float
    sminor_km: float
    strike_deg: float
    probability: float = 0.9
    kind: str = "coverage"

    @property
    def area_km2(self) -> float:
        """Area in square kilometres."""
        return 3.141592653589793 * self.smajor_km * self.sminor_km


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when. depth_fixed with depth_reason says why the depth is what it is.

    time_sigma_s and depth_sigma_km are one standard deviation (depth None when fixed); rms_s weighted.
    covariance: rows of (time s, east km, north km, depth km), only of free parameters, zero elsewhere.
    """

    time_ns: int
    longitude: float
    latitude: float
    depth_km: float
    depth_fixed: bool
    depth_reason: str
    depth_sigma_km: float | None = None
    time_sigma_s: float
    ellipse: Ellipse
    confidence_ellipse: Ellipse | None = None
    rms_s: float
    n_defining: int
    n_stations: int
    gap_deg: float
    secondary_gap_deg: float
    min_distance_deg: float
    max_distance_deg: float
    model: str = "ak135"
    covariance: tuple[tuple[float, float, float, float], ...] = ()
    margins: tuple[str, ...] = ()


class StationMagnitude(msgspec.Struct, frozen=True, kw_only=True):
    """One station's magnitude. detected False: `value` is an upper bound (the noise), a censored datum.

    used False with a reason where it was refused (too near, no response, clipped, outlier).
    """

    station_key: str
    kind: str
    value: float | None
    detected: bool = True
    used: bool = True
    reason: str = ""
    amplitude_nm: float | None = None
    period_s: float | None = None
    distance_deg: float | None = None
    pick_id: str | None = None


class Magnitude(msgspec.Struct, frozen=True, kw_only=True):
    """A network magnitude: kind "mb", "ML" or "Ms"; sigma is the standard error of the network value.

    n_detected and n_censored count what entered; bound: "" or "upper" (only non-detections).
    """

    kind: str
    value: float
    sigma: float
    n_detected: int
    n_censored: int
    method: str
    bound: str = ""
    stations: tuple[StationMagnitude, ...] = ()


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A station that should, or need not, have seen a phase of an event: evidence from silence.

    status: "seen", "not-seen" (up, would have been seen with `probability`), "down", "masked" (coda, other
    signal), "too-weak".
    """

    station_key: str
    phase: str
    time_ns: int
    distance_deg: float
    probability: float
    status: str


class EvidencePart(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement that an evidence is made of, with its reference populations where there are any.

    value, sigma, the means and scales of the classes in the unit of `name`; weight: its share in the evidence, 0 where it is only shown.
    n: stations with a measurement, n_bounds: those with a bound only.
    """

    name: str
    value: float
    sigma: float
    weight: float
    n: int
    n_bounds: int = 0
    explosion_mean: float | None = None
    earthquake_mean: float | None = None
    scale_explosion: float | None = None
    scale_earthquake: float | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One discriminant's word. log10_lr > 0 speaks for an explosion; None where it does not apply.

    value and sigma in `unit`; sigma holds a model error that does not shrink with the number of stations.
    p_explosion, p_earthquake: tail probabilities under each hypothesis. applicable False: `reason` says why not.
    parts: what went into the value, where that is several measurements.
    """

    name: str
    applicable: bool
    value: float | None = None
    sigma: float | None = None
    unit: str = ""
    p_explosion: float | None = None
    p_earthquake: float | None = None
    log10_lr: float | None = None
    reason: str = ""
    detail: dict[str, float | str] = {}
    parts: tuple[EvidencePart, ...] = ()


class Verdict(StrEnum):
    """What an assessment may say."""

    EXPLOSION = "explosion-like"
    EARTHQUAKE = "earthquake-like"
    UNDETERMINED = "undetermined"


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of all evidence together, with its odds before and after the prior."""

    verdict: Verdict
    log10_lr: float | None
    prior: float
    probability_explosion: float | None
    evidence: tuple[Evidence, ...]
    reason: str
    margin: bool = False
    classes: tuple[ClassOdds, ...] = ()
    screening: Screening | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the bulletin says about one event. arrivals by time, magnitudes by kind."""

    event_id: str
    origin: Origin
    arrivals: tuple[Arrival, ...]
    magnitudes: tuple[Magnitude, ...] = ()
    expected: tuple[Expected, ...] = ()
    assessment: Assessment | None = None
    score: float | None = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What made a bulletin: digests of inputs, code, lock and configuration."""

    code_version: str
    code_digest: str
    configuration_digest: str
    inputs: tuple[tuple[str, str], ...]
    simulated: bool = False
    command: str = ""


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """The output of one run: events by time, all picks by time and station, what else was noticed."""

    events: tuple[Event, ...]
    picks: tuple[Pick, ...]
    sites: tuple[Site, ...]
    noise: tuple[NoiseHour, ...]
    findings: tuple[Finding, ...]
    provenance: Provenance
    start_ns: int
    end_ns: int
