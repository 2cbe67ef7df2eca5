"""Amplitudes of one station for one event, measured where the phases must be, picked or not.

Rules: one measurement per scale and station, the same for signal and noise; below twice the noise the noise is
reported as an upper bound; clipped is a lower bound; without a valid response there is no amplitude. mb follows
the IDC convention (see `scales`): causal 0.8-4.5 Hz, largest half peak-to-peak within 5.5 s of P.
"""

import math
from collections.abc import Sequence

import numpy as np

from testban.base.geo import KM_PER_DEG, delaz_
from testban.base.measurements import AmplitudeMeasurement
from testban.base.records import Arrival, Channel, Origin, Response, Segment, Site
from testban.base.spans import Span
from testban.earth import travel
from testban.signal import filters
from testban.size import scales, traces

MB_BAND = (0.8, 4.5)
MB_ORDER = 3
MB_WINDOW_S = 5.5
MB_PERIODS = (0.2, 3.0)
SNR_LEAST = 2.0
EARLY_S, LATE_S = 1.0, 2.0  # the window around a predicted P: model and origin errors
MS_BAND = (0.035, 0.04, 0.06, 0.065)
ML_BAND_LOW = (0.05, 0.1)
FIRST_P = ("P", "Pn", "Pg", "P1", "Pdiff")


def _missing(site: Site, kind: str, status: str, reason: str, delta: float) -> AmplitudeMeasurement:
    return AmplitudeMeasurement(
        station_key=site.key, kind=kind, status=status, reason=reason, distance_deg=delta
    )


def by_channel(site: Site, segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments of a station by channel, in order of channel code, each list by time."""
    groups: dict[str, list[Segment]] = {}
    for s in segments:
        if (site.is_array or s.nslc.net_sta == site.key) and len(s.samples):
            groups.setdefault(str(s.nslc), []).append(s)
    return [sorted(groups[k], key=lambda s: s.start_ns) for k in sorted(groups)]


def _best(found: Sequence[AmplitudeMeasurement], otherwise: AmplitudeMeasurement) -> AmplitudeMeasurement:
    """Measured before clipped before noise before refused; ties to the earlier channel."""
    rank = {"measured": 0, "clipped": 1, "noise": 2, "no-data": 4, "no-response": 3, "out-of-range": 5}
    return min(found, key=lambda m: rank[m.status]) if found else otherwise


def _p_time(
    origin: Origin, site: Site, delta: float, arrivals: Sequence[Arrival], model: str
) -> tuple[int, bool]:
    """Time of the first P (ns) and whether it was picked."""
    predicted = float(travel.load(model).predict("P1", origin.depth_km, delta)[0])
    if not math.isfinite(predicted):
        return 0, False
    at = origin.time_ns + round(predicted * 1e9)
    picked = sorted(a.time_ns for a in arrivals if a.station_key == site.key and a.phase in FIRST_P)
    near = [t for t in picked if abs(t - at) < 10_000_000_000]
    return (near[0], True) if near else (at, False)


def _mb_channel(
    site: Site, group: Sequence[Segment], channels: Sequence[Channel], p_ns: int, picked: bool, delta: float
) -> AmplitudeMeasurement:
    rate = group[0].sample_rate_hz
    early = 0.3 if picked else EARLY_S
    length = MB_WINDOW_S + early + (0.0 if picked else LATE_S)
    got = traces.cut(group, p_ns - 75_000_000_000, p_ns + round((length + 2.0) * 1e9))
    resp = traces.response_of(channels, group[0])
    if got is None or not MB_BAND[1] < 0.45 * rate:
        return _missing(site, "mb", "no-data", "P is not recorded with a sampling rate above 10 Hz", delta)
    if resp is None:
        return _missing(site, "mb", "no-response", "no valid response at that time, so no amplitude", delta)
    x, start_ns = got
    first = math.ceil((p_ns - start_ns) * 1e-9 * rate - early * rate)
    n = math.floor(length * rate)
    if first < 0 or first + n > len(x):
        return _missing(site, "mb", "no-data", "the window of P is not wholly recorded", delta)
    y = filters.bandpass(x, MB_BAND[0], MB_BAND[1], rate, MB_ORDER)
    amplitude, period = traces.half_peak_to_peak(y[first : first + n], rate)
    settled = round(2.0 / MB_BAND[0] * rate)
    noise = []
    for at in range(first - n, settled - 1, -n):
        noise.append(traces.half_peak_to_peak(y[at : at + n], rate))
    if len(noise) < 1 or not amplitude > 0.0:
        return _missing(site, "mb", "no-data", "less than one window of noise before P", delta)
    level = float(np.median(np.array([a for a, _ in noise])))
    snr = amplitude / level if level > 0.0 else None
    is_clipped = traces.clipped(x[first : first + n])
    return _in_nm(site, group[0], resp, (amplitude, period, level, snr), is_clipped, p_ns, delta, n / rate)


def _in_nm(
    site: Site,
    segment: Segment,
    resp: Response,
    counts: tuple[float, float, float, float | None],
    is_clipped: bool,
    p_ns: int,
    delta: float,
    length: float,
) -> AmplitudeMeasurement:
    amplitude, period, level, snr = counts
    period = min(max(period, MB_PERIODS[0]), MB_PERIODS[1])
    rate = segment.sample_rate_hz
    f = 1.0 / period
    h = filters.frequency_response(
        filters.bandpass_sos(MB_ORDER, MB_BAND[0], MB_BAND[1], rate), np.array([f]), rate
    )[0]
    total = traces.gain(resp, f) * math.sqrt(h.real * h.real + h.imag * h.imag) * 1e-9
    if not total > 0.0:
        return _missing(
            site, "mb", "no-response", "the response is zero or not finite at the period of P", delta
        )
    status, reason = "measured", ""
    if is_clipped:
        status, reason = "clipped", "clipped: a lower bound"
    elif snr is not None and snr < SNR_LEAST:
        status, reason = "noise", "not above twice the noise: an upper bound"
    value = amplitude if status != "noise" else max(amplitude, level * SNR_LEAST)
    return AmplitudeMeasurement(
        station_key=site.key,
        kind="mb",
        status=status,
        reason=reason,
        nslc=segment.nslc,
        amplitude_nm=value / total,
        period_s=period,
        noise_nm=level / total,
        snr=snr,
        distance_deg=delta,
        time_ns=p_ns,
        window=Span(p_ns, p_ns + round(length * 1e9)),
    )


def _body(
    origin: Origin,
    site: Site,
    groups: list[list[Segment]],
    channels: Sequence[Channel],
    arrivals: Sequence[Arrival],
    delta: float,
    model: str,
) -> AmplitudeMeasurement:
    if not scales.MB_NEAREST <= delta <= scales.MB_FARTHEST:
        why = "nearer than 20 deg, where no decay for mb holds" if delta < 20.0 else "farther than 105 deg"
        return _missing(site, "mb", "out-of-range", f"mb refused at {delta:.1f} deg: {why}", delta)
    p_ns, picked = _p_time(origin, site, delta, arrivals, model)
    vertical = [g for g in groups if g[0].nslc.channel[2:] == "Z"]
    found = [_mb_channel(site, g, channels, p_ns, picked, delta) for g in vertical]
    return _best(found, _missing(site, "mb", "no-data", "no vertical channel recorded P", delta))


def _wood_anderson(
    origin: Origin,
    site: Site,
    groups: list[list[Segment]],
    channels: Sequence[Channel],
    delta: float,
    model: str,
) -> AmplitudeMeasurement:
    km = _hypocentral(delta, origin.depth_km)
    if km > scales.ML_FARTHEST_KM:
        return _missing(site, "ML", "out-of-range", f"ML refused at {km:.0f} km, beyond 1200 km", delta)
    p_ns, _ = _p_time(origin, site, delta, (), model)
    end = origin.time_ns + round((km / 2.5 + 15.0) * 1e9)
    horizontal = [g for g in groups if g[0].nslc.channel[2:] in ("N", "E", "1", "2")]
    found = [_ml_channel(site, g, channels, p_ns, end, delta) for g in horizontal]
    sensor: dict[tuple[str, str, str, str], list[AmplitudeMeasurement]] = {}
    for m in found:
        if m.nslc is not None:
            sensor.setdefault(m.nslc.sensor, []).append(m)
    for key in sorted(sensor):
        pair = sensor[key]
        if len(pair) == 2 and all(m.status == "measured" for m in pair):
            return max(pair, key=lambda m: m.amplitude_nm or 0.0)
    return _best(found, _missing(site, "ML", "no-data", "no horizontal channel recorded S", delta))


def _hypocentral(delta: float, depth_km: float) -> float:
    km = delta * KM_PER_DEG
    return math.sqrt(km * km + depth_km * depth_km)


def _ml_channel(
    site: Site, group: Sequence[Segment], channels: Sequence[Channel], p_ns: int, end_ns: int, delta: float
) -> AmplitudeMeasurement:
    rate = group[0].sample_rate_hz
    resp = traces.response_of(channels, group[0])
    if resp is None:
        return _missing(site, "ML", "no-response", "no valid response at that time, so no amplitude", delta)
    got = traces.cut(group, p_ns - 70_000_000_000, end_ns + 10_000_000_000)
    if got is None:
        return _missing(site, "ML", "no-data", "not recorded", delta)
    x, start_ns = got
    first = math.ceil((p_ns - start_ns) * 1e-9 * rate)
    last = math.floor((end_ns - start_ns) * 1e-9 * rate)
    need = math.floor(0.7 * (end_ns - p_ns) * 1e-9 * rate)
    if first < 5.0 * rate or min(last, len(x)) - first < need:
        return _missing(site, "ML", "no-data", "the record does not hold noise, P and S to 2.5 km/s", delta)
    y = traces.restore(x, rate, resp, (*ML_BAND_LOW, 0.4 * rate, 0.48 * rate), wood_anderson=True)
    body = y[first : min(last, len(y))]
    amplitude, period = traces.half_peak_to_peak(body, rate)
    noise, _ = traces.half_peak_to_peak(y[round(0.05 * len(y)) : max(first - round(rate), 8)], rate)
    status, reason = _status(x[first : min(last, len(x))], amplitude, noise)
    return AmplitudeMeasurement(
        station_key=site.key,
        kind="ML",
        status=status,
        reason=reason,
        nslc=group[0].nslc,
        amplitude_nm=max(amplitude, SNR_LEAST * noise if status == "noise" else 0.0) * 1e9,
        period_s=period,
        noise_nm=noise * 1e9,
        snr=amplitude / noise if noise > 0.0 else None,
        distance_deg=delta,
        time_ns=p_ns,
        window=Span(p_ns, end_ns),
        magnification=1.0,
    )


def _status(raw: traces.F64, amplitude: float, noise: float) -> tuple[str, str]:
    if traces.clipped(raw):
        return "clipped", "clipped: a lower bound"
    if amplitude < SNR_LEAST * noise:
        return "noise", "not above twice the noise: an upper bound"
    return "measured", ""


def _surface(
    origin: Origin,
    site: Site,
    groups: list[list[Segment]],
    channels: Sequence[Channel],
    delta: float,
    model: str,
) -> AmplitudeMeasurement:
    if not scales.MS_REGIONAL_NEAREST <= delta <= scales.MS_FARTHEST:
        return _missing(site, "Ms", "out-of-range", f"Ms refused at {delta:.1f} deg", delta)
    p_ns, _ = _p_time(origin, site, delta, (), model)
    km = delta * KM_PER_DEG
    start, end = (origin.time_ns + round(km / v * 1e9) for v in (4.2, 2.7))
    vertical = [g for g in groups if g[0].nslc.channel[2:] == "Z"]
    found = [_ms_channel(site, g, channels, (p_ns, start, end), delta) for g in vertical]
    return _best(found, _missing(site, "Ms", "no-data", "no vertical channel recorded LR", delta))


def _ms_channel(
    site: Site,
    group: Sequence[Segment],
    channels: Sequence[Channel],
    times: tuple[int, int, int],
    delta: float,
) -> AmplitudeMeasurement:
    p_ns, start, end = times
    rate = group[0].sample_rate_hz
    resp = traces.response_of(channels, group[0])
    if resp is None:
        return _missing(site, "Ms", "no-response", "no valid response at that time, so no amplitude", delta)
    got = traces.cut(group, p_ns - 400_000_000_000, end + 60_000_000_000)
    if got is None or got[1] > p_ns - 80_000_000_000 or got[1] + len(got[0]) * 1e9 / rate < end:
        return _missing(
            site, "Ms", "no-data", "the record does not hold 80 s of noise and LR to 2.7 km/s", delta
        )
    x, at = got
    y = traces.restore(x, rate, resp, MS_BAND)
    i, j = (round((t - at) * 1e-9 * rate) for t in (start, end))
    quiet = round((p_ns - at) * 1e-9 * rate)
    amplitude, period = traces.half_peak_to_peak(y[i:j], rate)
    noise, _ = traces.half_peak_to_peak(y[round(0.05 * len(y)) : quiet], rate)
    status, reason = _status(x[i:j], amplitude, noise)
    return AmplitudeMeasurement(
        station_key=site.key,
        kind="Ms",
        status=status,
        reason=reason,
        nslc=group[0].nslc,
        amplitude_nm=max(amplitude, SNR_LEAST * noise if status == "noise" else 0.0) * 1e9,
        period_s=min(max(period, scales.MS_PERIODS[0]), scales.MS_PERIODS[1]),
        noise_nm=noise * 1e9,
        snr=amplitude / noise if noise > 0.0 else None,
        distance_deg=delta,
        time_ns=start,
        window=Span(start, end),
    )


def measure_station(
    origin: Origin,
    site: Site,
    segments: Sequence[Segment],
    channels: Sequence[Channel],
    arrivals: Sequence[Arrival] = (),
    model: str = "ak135",
) -> tuple[AmplitudeMeasurement, ...]:
    """Amplitudes of one station for mb, ML and Ms, in that order, whether or not P was picked.

    segments and channels of other stations are ignored. Each record has a status and a reason; never raises for data.
    """
    delta = float(delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0])
    groups = by_channel(site, segments)
    return (
        _body(origin, site, groups, channels, arrivals, delta, model),
        _wood_anderson(origin, site, groups, channels, delta, model),
        _surface(origin, site, groups, channels, delta, model),
    )
