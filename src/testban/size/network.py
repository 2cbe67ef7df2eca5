"""Network magnitudes: censored maximum likelihood over stations, outlying responses set aside by the numbers.

Rules: one value a station and scale, one voice a group of stations nearer than 0.15 deg to each other (elements of
one array do not see more than one station does); non-detections enter as upper bounds, clipped ones as lower bounds; a station
whose value (or bound) contradicts the others by more than a stated limit is listed, flagged "outlying response"
and not used; everything refused is listed with its reason. The standard error is that of the censored estimate and
a model error that does not shrink with stations. Ringdal 1976; see `censored`.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from testban.base.geo import KM_PER_DEG, delaz_
from testban.base.measurements import AmplitudeMeasurement
from testban.base.records import (
    Arrival,
    Magnitude,
    NoiseHour,
    Origin,
    Pick,
    Site,
    StationMagnitude,
)
from testban.base.times import HOUR_NS
from testban.earth import travel
from testban.size import censored, scales

KINDS = ("mb", "ML", "Ms", "Ms(regional)")
FIRST_P = ("P", "Pn", "Pg", "P1", "Pdiff")
SIGMA = {"mb": 0.35, "ML": 0.30, "Ms": 0.25, "Ms(regional)": 0.35}  # of one station; mb as in Ringdal 1976
MODEL = {"mb": 0.05, "ML": 0.10, "Ms": 0.05, "Ms(regional)": 0.20}  # common to all stations [assumed]
OUTLYING = 1.0  # magnitude units from the median: a factor of ten is a response, not a path
OUTLYING_SPREADS, OUTLYING_LARGEST = 2.5, 1.5
NOISE_SNR = 3.0  # an unseen P is taken to be below three times the noise
UP_LEAST_S = 3000.0
GROUP_DEG = 0.15  # nearer stations share path and site: one voice
UPPER_PROBABILITY = 0.9


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """station_terms: magnitude to subtract for a station and scale, keyed "NET.STA kind"; default none."""

    station_terms: Mapping[str, float] = {}
    outlying: float = OUTLYING


DEFAULT = Settings()


def _refuse(m: AmplitudeMeasurement, kind: str, reason: str) -> StationMagnitude:
    return StationMagnitude(
        station_key=m.station_key,
        kind=kind,
        value=None,
        detected=False,
        used=False,
        reason=reason,
        amplitude_nm=m.amplitude_nm,
        period_s=m.period_s,
        distance_deg=m.distance_deg,
    )


def _kind(m: AmplitudeMeasurement) -> str:
    near = m.kind == "Ms" and (m.distance_deg or 0.0) < scales.MS_NEAREST
    return "Ms(regional)" if near else m.kind


def station_magnitude(origin: Origin, m: AmplitudeMeasurement) -> StationMagnitude:
    """The station magnitude of one measurement; used False, value None and a reason where there is none."""
    kind = _kind(m)
    a, d = m.amplitude_nm, m.distance_deg
    if m.status in ("no-response", "out-of-range", "no-data") or a is None or d is None or not a > 0.0:
        return _refuse(m, kind, m.reason or m.status)
    if kind == "mb":
        value = scales.mb(a, m.period_s or 1.0, d, origin.depth_km, origin.depth_fixed)
    elif kind == "ML":
        km = d * KM_PER_DEG
        value = scales.ml(a, math.sqrt(km * km + origin.depth_km * origin.depth_km))
    else:
        value = scales.ms(a, m.period_s or 20.0, d)
    low, high = scales.PLAUSIBLE[kind]
    if not math.isfinite(value):
        return _refuse(m, kind, f"{kind} is not defined at {d:.1f} deg")
    if not low <= value <= high and m.status == "measured":
        return _refuse(
            m,
            kind,
            f"{kind} {value:.1f} is not possible: check the unit of the response (nm, um or m are 3 magnitudes apart)",
        )
    far = kind == "ML" and d * KM_PER_DEG > scales.ML_FLAGGED_KM
    flag = "beyond 600 km, where the ML relation is extrapolated" if far else ""
    return StationMagnitude(
        station_key=m.station_key,
        kind=kind,
        value=value,
        detected=m.status != "noise",
        used=True,
        reason=m.reason or flag,
        amplitude_nm=a,
        period_s=m.period_s,
        distance_deg=d,
    )


def _from_picks(
    origin: Origin, arrivals: Sequence[Arrival], picks: Sequence[Pick], have: set[str]
) -> list[AmplitudeMeasurement]:
    """Amplitudes for mb that stand on picks of first P, for stations without a measurement of their own."""
    by_id = {p.pick_id: p for p in picks}
    out: dict[str, AmplitudeMeasurement] = {}
    for a in sorted(arrivals, key=lambda a: (a.station_key, a.time_ns, a.pick_id)):
        p = by_id.get(a.pick_id)
        if a.phase not in FIRST_P or a.station_key in have or a.station_key in out or p is None:
            continue
        if p.amplitude_nm is None or p.period_s is None:
            continue
        far = scales.MB_NEAREST <= a.distance_deg <= scales.MB_FARTHEST
        out[a.station_key] = AmplitudeMeasurement(
            station_key=a.station_key,
            kind="mb",
            status=("clipped" if p.clipped else "measured") if far else "out-of-range",
            reason="clipped: a lower bound"
            if p.clipped and far
            else ("" if far else f"mb refused at {a.distance_deg:.1f} deg: outside 20-105 deg"),
            amplitude_nm=p.amplitude_nm,
            period_s=p.period_s,
            snr=p.snr,
            distance_deg=a.distance_deg,
            time_ns=p.time_ns,
        )
    return list(out.values())


def _from_noise(
    origin: Origin, sites: Sequence[Site], noise: Sequence[NoiseHour], have: set[str]
) -> list[AmplitudeMeasurement]:
    """Upper bounds of mb from stations that were up, heard nothing and have no measurement."""
    best: dict[tuple[str, int], NoiseHour] = {}
    for h in sorted(noise, key=lambda h: (h.station_key, h.hour_ns, h.band_hz, str(h.nslc))):
        if h.a_over_t_nm_s is not None and h.a_over_t_nm_s > 0.0 and h.up_s >= UP_LEAST_S:
            best.setdefault((h.station_key, h.hour_ns), h)
    out = []
    table = travel.load(origin.model)
    for site in sorted(sites, key=lambda s: s.key):
        if site.key in have:
            continue
        d = float(delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0])
        if not scales.MB_NEAREST <= d <= scales.MB_FARTHEST:
            continue
        t = float(table.predict("P1", origin.depth_km, d)[0])
        at = origin.time_ns + round(t * 1e9)
        found = best.get((site.key, at // HOUR_NS * HOUR_NS))
        if found is None or found.a_over_t_nm_s is None:
            continue
        out.append(
            AmplitudeMeasurement(
                station_key=site.key,
                kind="mb",
                status="noise",
                reason="no P found: three times the noise of the hour is an upper bound",
                amplitude_nm=NOISE_SNR * found.a_over_t_nm_s,
                period_s=1.0,
                distance_deg=d,
                time_ns=at,
            )
        )
    return out


def flag_outlying(stations: Sequence[StationMagnitude], limit: float = OUTLYING) -> list[StationMagnitude]:
    """Set aside values and bounds that contradict the median of the detections; needs three detections to speak.

    The limit is `limit`, or 2.5 robust spreads where those are larger, at most 1.5 times `limit`; an upper bound contradicts only from below, a lower
    bound (clipped) only from above.
    """
    values = [
        s.value
        for s in stations
        if s.value is not None and s.used and s.detected and "clipped" not in s.reason
    ]
    if len(values) < 3:
        return list(stations)
    median = float(np.median(np.array(values)))
    spread = 1.4826 * float(np.median(np.abs(np.array(values) - median)))
    bar = max(limit, min(OUTLYING_SPREADS * spread, OUTLYING_LARGEST * limit))
    out = []
    for s in stations:
        if s.value is None:
            out.append(s)
            continue
        r = s.value - median
        bound = not s.detected or "clipped" in s.reason
        wrong = abs(r) > bar and (not bound or (r < 0.0) == (not s.detected))
        if s.used and wrong:
            s = msgspec.structs.replace(
                s, used=False, reason=f"outlying response: {r:+.2f} from the median of {len(values)}"
            )
        out.append(s)
    return out


def groups(keys: Sequence[str], sites: Mapping[str, Site]) -> dict[str, str]:
    """Each station's group: the first station (by name) within `GROUP_DEG`; elements of one array are one voice."""
    leaders: list[str] = []
    out = {}
    for key in sorted(keys):
        own = sites.get(key)
        out[key] = key
        for leader in leaders if own is not None else ():
            first = sites[leader]
            if own is not None and (
                delaz_(first.longitude, first.latitude, own.longitude, own.latitude)[0] < GROUP_DEG
            ):
                out[key] = leader
                break
        if out[key] == key and own is not None:
            leaders.append(key)
    return out


def _voices(rows: Sequence[tuple[str, float]]) -> list[float]:
    """Mean of each group's values, in order of group."""
    by_group: dict[str, list[float]] = {}
    for group, value in sorted(rows):
        by_group.setdefault(group, []).append(value)
    return [sum(v) / len(v) for _, v in sorted(by_group.items())]


def _network(
    kind: str, stations: Sequence[StationMagnitude], settings: Settings, sites: Mapping[str, Site]
) -> Magnitude | None:
    sigma = SIGMA[kind]
    flagged = flag_outlying(stations, settings.outlying)
    used = [s for s in flagged if s.used and s.value is not None]

    def corrected(s: StationMagnitude) -> float:
        return (s.value or 0.0) - settings.station_terms.get(f"{s.station_key} {kind}", 0.0)

    of = groups([s.station_key for s in used], sites)
    seen = [(of[s.station_key], corrected(s)) for s in used if s.detected and "clipped" not in s.reason]
    heard = {g for g, _ in seen}
    values = _voices(seen)
    lower = _voices(
        [
            (of[s.station_key], corrected(s))
            for s in used
            if s.detected and "clipped" in s.reason and of[s.station_key] not in heard
        ]
    )
    upper = _voices(
        [(of[s.station_key], corrected(s)) for s in used if not s.detected and of[s.station_key] not in heard]
    )
    if values:
        value, error = censored.estimate(values, upper, sigma, lower)
        bound = ""
    elif upper and not lower:
        value, error, bound = censored.upper_limit(upper, sigma, UPPER_PROBABILITY), sigma, "upper"
    else:
        return None
    return Magnitude(
        kind=kind,
        value=value,
        sigma=math.sqrt(error * error + MODEL[kind] * MODEL[kind]),
        n_detected=len(values) + len(lower),
        n_censored=len(upper),
        method=_method(kind, bound),
        bound=bound,
        stations=tuple(flagged),
    )


def _method(kind: str, bound: str) -> str:
    how = {
        "mb": "half peak-to-peak nm / s at 0.8-4.5 Hz, Veith-Clawson decay, 20-105 deg",
        "ML": "Wood-Anderson, Hutton & Boore 1987 in IASPEI form, to 1200 km",
        "Ms": "18-22 s, Rezapour & Pearce 1998, 20-160 deg",
        "Ms(regional)": "18-22 s, Rezapour & Pearce 1998 used nearer than 20 deg: regional, not comparable",
    }[kind]
    value = "upper limit at 90 %" if bound else "censored maximum likelihood"
    return f"{how}; {value}"


def network(
    origin: Origin,
    arrivals: Sequence[Arrival],
    picks: Sequence[Pick],
    sites: Sequence[Site],
    measurements: Sequence[AmplitudeMeasurement],
    noise: Sequence[NoiseHour],
    settings: Settings = DEFAULT,
) -> tuple[Magnitude, ...]:
    """Network magnitudes in the order mb, ML, Ms, Ms(regional); a scale that nobody measured is left out.

    measurements of `measure_station`; where a station has none for mb, its pick's amplitude, and where it was up and
    has neither, an upper bound from its noise. Input order does not matter. bound "upper": only non-detections.
    """
    own = sorted(measurements, key=lambda m: (m.station_key, m.kind, str(m.nslc)))
    have = {m.station_key for m in own if m.kind == "mb" and m.amplitude_nm is not None}
    usable = [m for m in own if m.kind != "mb" or m.amplitude_nm is not None]
    refused = [m for m in own if m.kind == "mb" and m.amplitude_nm is None]
    extra = _from_picks(origin, arrivals, picks, have)
    have |= {m.station_key for m in extra}
    extra += _from_noise(origin, sites, noise, have)
    covered = {m.station_key for m in extra}
    rows = usable + extra + [m for m in refused if m.station_key not in covered]
    stations = [station_magnitude(origin, m) for m in sorted(rows, key=lambda m: (m.station_key, m.kind))]
    by_key = {s.key: s for s in sorted(sites, key=lambda s: s.key)}
    out = []
    for kind in KINDS:
        magnitude = _network(kind, [s for s in stations if s.kind == kind], settings, by_key)
        if magnitude is not None:
            out.append(magnitude)
    return tuple(out)
