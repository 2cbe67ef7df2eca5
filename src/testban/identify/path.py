"""What one station's record says about an event's regional phases: P over S in bands, and whether Lg got through.

Rules: sums of squares over three components (so the orientation does not matter), the vertical alone beside them and
in their place where no more was recorded; noise power subtracted, S or P
below the noise a bound and never a number; each band at most to 0.45 of the sampling rate. A path that blocks Lg
is recognised from its own record: Lg no higher than the decay of the Sn coda interpolated from before and after
it. No map, no coast line, no station name enters. Method: e.g. Walter, Mayeda & Patton 1995, BSSA 85, 1050;
network averages of three-component P/S as in Xie & Zhao 2018.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.dmath import log10_
from testban.base.geo import delaz_
from testban.base.measurements import BandRatio, PathMeasurement, PhaseLevel
from testban.base.records import Arrival, Channel, Origin, Pick, Segment, Site
from testban.earth import response, travel
from testban.identify import complexity, phases, spectrum
from testban.identify import windows as win
from testban.size import traces

BANDS = ((1.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (8.0, 10.0), (10.0, 12.0), (12.0, 16.0))
LG_BANDS = ((1.0, 2.0), (2.0, 4.0))
SNR_LEAST = 2.0  # rms of signal plus noise over noise, monitoring practice
LG_SNR_LEAST = 1.4  # Lg rms over noise rms for the blocking rule to speak
LG_EXCESS_LEAST = 0.15  # log10; halfway between open and blocked paths of dprk_2016-01-06 (0.24 and 0.06)
NEAREST_DEG, FARTHEST_DEG = 0.5, 15.0
P_SHIFT_LARGEST_S = 5.0  # a P arrival further from its prediction is not taken as the first P
COMPONENTS = 3
LATE_SHORTEST_S = 15.0  # a record may end within the coda after Lg
SHORTEST_S = (win.NOISE_SHORTEST_S, 3.0, 3.0, 3.0, 3.0, LATE_SHORTEST_S, 2.0, 4.0)


class _Power(msgspec.Struct, frozen=True):
    """Mean squares in one band over all components; NaN where a window is not recorded."""

    noise: float
    p: float
    s: float
    sn: float
    lg: float
    late: float
    before: float
    onset: float
    phases: tuple[float, ...] = ()


def _refused(origin: Origin, site: Site, reason: str) -> PathMeasurement:
    delta, azimuth, _ = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
    return PathMeasurement(
        station_key=site.key, distance_deg=delta, azimuth_deg=azimuth, usable=False, reason=reason
    )


def sensors(segments: Sequence[Segment]) -> list[tuple[tuple[str, str, str, str], list[str]]]:
    """Sensors of one station and their component letters, the best first: more components, then the code."""
    found: dict[tuple[str, str, str, str], set[str]] = {}
    for s in segments:
        found.setdefault(s.nslc.sensor, set()).add(s.nslc.channel[2:])
    listed = [(k, sorted(v)) for k, v in found.items()]
    return sorted(listed, key=lambda kv: (-min(len(kv[1]), 3), kv[0]))


def clipped(segment: Segment, origin_ns: int, span: tuple[float, float]) -> bool:
    """Whether the largest count of the span is held for several samples: a digitiser or feedback at its limit."""
    rate = segment.sample_rate_hz
    start = (segment.start_ns - origin_ns) / 1e9
    first = max(0, math.floor((span[0] - start) * rate))
    x = np.asarray(segment.samples[first : max(first, math.ceil((span[1] - start) * rate))], dtype=np.float64)
    return traces.clipped(x)


def _gain(channels: Sequence[Channel], segment: Segment, edges: tuple[float, float]) -> float | None:
    """Counts per m/s at the geometric centre of a band, or None without a valid response."""
    resp = traces.response_of(channels, segment)
    if resp is None:
        return None
    g = response.velocity_gain(resp, math.sqrt(edges[0] * edges[1]))
    return g if g > 0.0 and math.isfinite(g) else None


def _power(values: Sequence[float]) -> _Power:
    """Mean squares in the order of the windows, those of single phases at the end."""
    noise, p, s, sn, lg, late, before, onset, *single = values
    return _Power(noise, p, s, sn, lg, late, before, onset, tuple(single))


def _powers(
    by_component: Sequence[Sequence[Segment]],
    channels: Sequence[Channel],
    origin_ns: int,
    w: win.Windows,
    edges: tuple[float, float],
) -> tuple[_Power, _Power | None, int, bool] | None:
    gains = [_gain(channels, parts[0], edges) for parts in by_component]
    known = [g for g in gains if g is not None]
    scale = [g if g is not None and len(known) == len(gains) else 1.0 for g in gains]
    single = tuple((a, b) for _, a, b in w.phases)
    shortest_s = (*SHORTEST_S, *(win.PHASE_SHORTEST_S for _ in single))
    totals, alone = [0.0] * len(shortest_s), None
    count = 0
    for parts, gain in zip(by_component, scale, strict=True):
        trace = win.band(parts, origin_ns, (w.noise[0] - 20.0, max(w.s[1], w.late[1]) + 1.0), edges)
        if trace is None:
            continue
        begin = max(w.noise[0], trace.start_s + min(3.0 / edges[0], 5.0))
        late = (w.late[0], min(w.late[1], trace.end_s))
        limits = ((begin, w.noise[1]), w.p, w.s, w.sn, w.lg, late, w.before, w.onset, *single)
        own = [
            trace.mean_square(a, b, shortest) / (gain * gain)
            for (a, b), shortest in zip(limits, shortest_s, strict=True)
        ]
        totals = [a + b for a, b in zip(totals, own, strict=True)]
        if parts[0].nslc.channel[2:] == "Z":
            alone = _power(own)
        count += 1
    return (_power(totals), alone, count, len(known) == len(gains)) if count else None


def _levels(power: _Power, w: win.Windows, edges: tuple[float, float]) -> list[PhaseLevel]:
    found = (
        phases.level(name, edges, mean_square, power.noise)
        for (name, _, _), mean_square in zip(w.phases, power.phases, strict=True)
    )
    return [x for x in found if x is not None]


def _half_log(x: float) -> float:
    return 0.5 * log10_(x)


def _ratio(power: _Power, edges: tuple[float, float], components: int) -> BandRatio:
    """One band's P/S with the noise power subtracted, or a bound."""
    n, p, s = power.noise, power.p, power.s
    if not (n > 0.0 and p > 0.0 and s > 0.0):
        return BandRatio(band_hz=edges, components=components)
    snr_p, snr_s = math.sqrt(p / n), math.sqrt(s / n)
    seen_p, seen_s = snr_p >= SNR_LEAST, snr_s >= SNR_LEAST
    value, bound = None, ""
    if seen_p and seen_s:
        value = _half_log((p - n) / (s - n))
    elif seen_p:
        value, bound = _half_log((p - n) / ((SNR_LEAST * SNR_LEAST - 1.0) * n)), "lower"
    elif seen_s:
        value, bound = _half_log((SNR_LEAST * SNR_LEAST - 1.0) * n / (s - n)), "upper"
    return BandRatio(
        band_hz=edges,
        components=components,
        noise_rms=math.sqrt(n),
        p_rms=math.sqrt(p - n) if p > n else None,
        s_rms=math.sqrt(s - n) if s > n else None,
        snr_p=snr_p,
        snr_s=snr_s,
        log10_ps=value,
        bound=bound,
    )


def _lg_excess(powers: Sequence[_Power]) -> float | None:
    """Mean over bands of log10 (Lg rms / Sn coda interpolated to Lg); None where noise hides any of the three."""
    values = []
    for q in powers:
        n = q.noise
        if not (n > 0.0 and q.lg > LG_SNR_LEAST * LG_SNR_LEAST * n and q.sn > n and q.late > 0.0):
            continue
        late = max(q.late - n, 0.05 * n)  # a late coda below the noise can only raise the excess: bounded
        values.append(_half_log(q.lg - n) - 0.5 * (_half_log(q.sn - n) + _half_log(late)))
    return sum(values) / len(values) if values else None


def _rise(powers: Sequence[_Power]) -> float | None:
    """Mean over bands of log10 (rms after the predicted S / rms just before it); None where noise hides it."""
    values = []
    for q in powers:
        n = q.noise
        if n > 0.0 and q.before > 0.0 and q.onset > SNR_LEAST * SNR_LEAST * n:
            values.append(_half_log(q.onset - n) - _half_log(max(q.before - n, 0.05 * n)))
    return sum(values) / len(values) if values else None


def _first_p(origin: Origin, site: Site, arrivals: Sequence[Arrival], predicted_s: float) -> float:
    """Time of the first P after the origin: the station's own arrival where it is near the prediction."""
    times = [
        (a.time_ns - origin.time_ns) / 1e9
        for a in arrivals
        if a.station_key == site.key and a.phase in ("P", "Pn", "Pg", "P1")
    ]
    near = [t for t in times if abs(t - predicted_s) <= P_SHIFT_LARGEST_S]
    return min(near) if near else predicted_s


def measure_path(
    origin: Origin,
    site: Site,
    segments: Sequence[Segment],
    channels: Sequence[Channel],
    arrivals: Sequence[Arrival],
    picks: Sequence[Pick] = (),
    model: str = "ak135",
) -> PathMeasurement:
    """Measure one path. segments and channels of this station only (others are ignored); never raises for data.

    arrivals: the event's arrivals (those of the station fix the P window); picks give the first motion.
    Returns a record whose `usable` and `reason` say whether it may decide.
    """
    delta, azimuth, _ = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
    own = [s for s in segments if (site.is_array or s.nslc.net_sta == site.key) and len(s.samples) > 0]
    if not NEAREST_DEG <= delta <= FARTHEST_DEG:
        out = _refused(
            origin, site, f"distance {delta:.1f} deg is outside {NEAREST_DEG:g}-{FARTHEST_DEG:g} deg"
        )
        if complexity.NEAREST_DEG <= delta <= complexity.FARTHEST_DEG:
            return msgspec.structs.replace(out, complexity=complexity.measure(origin, site, own, arrivals))
        return out
    if not own:
        return _refused(origin, site, "no recording")
    table = travel.load(model)
    p_s = float(table.predict("P1", origin.depth_km, delta)[0])
    s_s = float(table.predict("S1", origin.depth_km, delta)[0])
    first = _first_p(origin, site, arrivals, p_s)
    w = win.regional(delta, first, s_s + (first - p_s))
    if w is None:
        return _refused(origin, site, "P and S are not separate at this distance")
    return _measure(origin, site, own, channels, w, (delta, azimuth), _motion(site, arrivals, picks))


def _motion(site: Site, arrivals: Sequence[Arrival], picks: Sequence[Pick]) -> tuple[int, float]:
    ids = sorted(
        (a.time_ns, a.pick_id) for a in arrivals if a.station_key == site.key and a.phase.startswith("P")
    )
    for _, pick_id in ids[:1]:
        for pick in picks:
            if pick.pick_id == pick_id:
                return pick.polarity, pick.polarity_confidence
    return 0, 0.0


def _measure(
    origin: Origin,
    site: Site,
    own: Sequence[Segment],
    channels: Sequence[Channel],
    w: win.Windows,
    place: tuple[float, float],
    motion: tuple[int, float],
) -> PathMeasurement:
    sensor, letters = sensors(own)[0]
    if len(letters) < COMPONENTS:
        if "Z" not in letters:
            return _refused(origin, site, f"components {', '.join(letters)}: neither three nor a vertical")
        letters = ["Z"]
    parts = [
        sorted(
            (s for s in own if s.nslc.sensor == sensor and s.nslc.channel[2:] == c), key=lambda s: s.start_ns
        )
        for c in letters
    ]
    if any(clipped(s, origin.time_ns, (w.p[0], w.s[1])) for group in parts for s in group):
        return _refused(origin, site, "clipped between P and the end of S")
    rate = min(s.sample_rate_hz for group in parts for s in group)
    ratios: list[BandRatio] = []
    vertical: list[BandRatio] = []
    lg: list[_Power] = []
    levels: list[PhaseLevel] = []
    ground = True
    levels_vertical: list[PhaseLevel] = []
    for edges in (*BANDS, *(b for b in phases.BANDS if b not in BANDS)):
        got = _powers(parts, channels, origin.time_ns, w, edges) if edges[1] <= 0.45 * rate else None
        if got is None:
            continue
        if edges in phases.BANDS:
            levels += _levels(got[0], w, edges)
            ground = ground and got[3]
            levels_vertical += _levels(got[1], w, edges) if got[1] is not None and got[2] > 1 else []
        if edges not in BANDS:
            continue
        ratios.append(_ratio(got[0], edges, got[2]))
        if got[1] is not None and got[2] > 1:
            vertical.append(_ratio(got[1], edges, 1))
        if edges in LG_BANDS:
            lg.append(got[0])
    excess = _lg_excess(lg) if w.lg_separate else None
    blocked = None if excess is None else excess < LG_EXCESS_LEAST
    reason = _why_not(ratios, w, blocked)
    components = max((r.components for r in ratios), default=0)
    if not reason and components not in (1, COMPONENTS):
        reason = f"{components} components where P and S are recorded: the calibration is for three or for a vertical"
    return PathMeasurement(
        station_key=site.key,
        distance_deg=place[0],
        azimuth_deg=place[1],
        usable=reason == "",
        reason=reason,
        components=components,
        sample_rate_hz=rate,
        windows=w.named(),
        bands=tuple(ratios),
        vertical=tuple(vertical),
        phases=tuple(levels),
        ground=ground and bool(levels),
        phases_vertical=tuple(levels_vertical),
        lg_excess=excess,
        lg_blocked=blocked,
        lg_judged=w.lg_separate,
        s_rise=_rise(lg),
        spectral_slope=spectrum.slope(ratios),
        corner_hz=spectrum.corner(ratios),
        first_motion=motion[0],
        first_motion_confidence=motion[1],
        sensor=".".join(sensor),
    )


def _why_not(ratios: Sequence[BandRatio], w: win.Windows, blocked: bool | None) -> str:
    if not any(r.log10_ps is not None for r in ratios):
        return "P and S windows not recorded, without noise before them, or both hidden in noise"
    if not w.lg_separate:
        return ""
    if blocked is None:
        return "Lg is hidden in noise or outside the record: whether the path blocks it cannot be said"
    if blocked:
        return "the path blocks Lg: it is no higher than the coda of Sn"
    return ""
