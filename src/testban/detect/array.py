"""Array processing: from the segments of all elements to picks with slowness and back-azimuth.

Rules: which stations are an array is said by `group_arrays` (one network, one rate, near each other, names alike); times refer to its most central element. Work goes in the blocks of station processing on the
absolute UTC grid and beams come from a fixed interpolator, so nothing depends on how the recording was cut. Detection
runs on a set of steered beams and on the incoherent beam, through the detector of single stations; f-k at the
detection must find a plane wave (F statistic against its distribution in noise) or the detection is dropped. Elements
that are dead, of another scale or reversed are left out and reported.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import pow_
from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, offset_km_
from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, NoiseHour, Pick, Segment, StationResult
from testban.base.spans import Span, normalise
from testban.detect.block import Block
from testban.detect.condition import condition
from testban.detect.grouping import MIN_ELEMENTS, central, group_arrays, site
from testban.detect.sensor import Sensor, Trace, is_vertical, trace
from testban.detect.settings import Band, Settings, normal_quantile, usable_bands
from testban.detect.station import needed, process_station
from testban.signal import beams, filters, fk

__all__ = ["group_arrays", "process_array", "site"]

F64 = NDArray[np.float64]
NS = 10**9

MAX_BEAMS = 91
BEAM_FREQUENCY_HZ = 3.0  # at which neighbouring beams meet at half power, if MAX_BEAMS allows
SMAX_S_PER_DEG = 14.0  # detection beams: Pn (13.75 s/deg in ak135) and everything steeper
FK_SMAX_S_PER_DEG = 40.0  # Lg and Rg at 3 km/s
FK_GRID = 81
INCOHERENT_FACTOR = 1.1  # on the score of the incoherent beam, which local noise reaches more easily
MODEL_S_PER_DEG = 0.3  # mislocation of an array without slowness corrections, per component; assumed
CONFIRMED_FACTOR = (
    25.0  # on the false-alarm rate of beams: f-k confirms what they find, single stations have none
)
P_NOISE = 1e-3  # probability that f-k of noise alone passes
S_FROM_S_PER_DEG = 15.0  # slower than any P-type wave: named S
SCALE_LIMIT = 8.0  # level of an element over the median of all
REVERSED = -0.4  # correlation with the beam of the others


class _Elements(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Elements of one block: samples (n, samples) from sample number `first`, NaN where none; places in km."""

    names: tuple[Nslc, ...]
    samples: F64
    first: int
    anchor: Trace
    rate_hz: float
    east: F64
    north: F64
    reference: int

    def without(self, gone: Sequence[int]) -> "_Elements":
        """The same without some elements (the reference stays the reference of times even if it is silent)."""
        keep = [i for i in range(len(self.names)) if i not in gone]
        return msgspec.structs.replace(
            self,
            names=tuple(self.names[i] for i in keep),
            samples=self.samples[keep],
            east=self.east[keep],
            north=self.north[keep],
        )

    def time_ns(self, sample: float) -> int:
        """Time of a sample number."""
        return self.anchor.time_ns(sample)


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A detection on some beam: time, score and band."""

    time_ns: int
    score: float
    band: Band


def _elements(
    by_channel: dict[Nslc, list[Segment]], channels: Sequence[Channel], window: Span, notes: list[Finding]
) -> _Elements | None:
    """Usable elements of a block on one sample grid; None where fewer than MIN_ELEMENTS."""
    best: dict[str, tuple[int, Nslc, Trace]] = {}
    for nslc in sorted(by_channel):
        if not is_vertical(nslc, channels):
            continue
        t = trace(by_channel[nslc], window)
        have = 0 if t is None else sum(len(r.samples) for r in t.runs)
        if t is not None and have > best.get(nslc.net_sta, (0,))[0]:
            best[nslc.net_sta] = (have, nslc, t)
    where = {c.nslc.net_sta: (c.longitude, c.latitude) for c in channels}
    most = max((h for h, _, _ in best.values()), default=0)
    kept = {k: v for k, v in best.items() if k in where and v[0] >= 0.5 * most}
    if len(kept) < MIN_ELEMENTS:
        return None
    reference = central(sorted(where), where)
    anchor = kept[reference][2] if reference in kept else next(iter(kept.values()))[2]
    kept = {k: v for k, v in kept.items() if v[2].rate == anchor.rate}
    first = min(r.first for _, _, t in kept.values() for r in t.runs)
    last = max(r.first + len(r.samples) for _, _, t in kept.values() for r in t.runs)
    x = np.full((len(kept), last - first), np.nan)
    for row, (_, nslc, t) in zip(x, kept.values(), strict=True):
        gain = _relative_gain(nslc, anchor.nslc, channels)
        for r in t.runs:
            row[r.first - first : r.first - first + len(r.samples)] = (
                r.samples - float(np.median(r.samples))
            ) * gain
    offsets = np.array([offset_km_(*where[reference], *where[k]) for k in kept])
    out = _Elements(
        names=tuple(v[1] for v in kept.values()), samples=x, first=first, anchor=anchor, rate_hz=anchor.rate_hz,
        east=offsets[:, 0].copy(), north=offsets[:, 1].copy(), reference=0,
    )  # fmt: skip
    return _level(out, window, notes)


def _relative_gain(nslc: Nslc, reference: Nslc, channels: Sequence[Channel]) -> float:
    """Factor that brings an element to the scale of the reference, by the stated sensitivities; 1 if not stated."""
    value: list[float] = []
    for name in (reference, nslc):
        for c in channels:
            if c.nslc == name and c.response is not None and c.response.sensitivity:
                value.append(c.response.sensitivity)
                break
    return value[0] / value[1] if len(value) == 2 and value[1] != 0.0 else 1.0


def _level(e: _Elements, window: Span, notes: list[Finding]) -> _Elements | None:
    """Leave out elements whose typical motion is far from that of the others."""
    levels = []
    for row in e.samples:
        d = np.abs(np.diff(row[np.isfinite(row)]))
        levels.append(float(np.median(d)) + 1e-3 * (float(np.sum(d)) / max(1, d.size)))
    middle = float(np.median(np.array(levels)))
    gone = [i for i, v in enumerate(levels) if v * SCALE_LIMIT < middle or v > middle * SCALE_LIMIT]
    for i in gone:
        text = f"level {levels[i] / middle if middle else 0.0:.3g} times that of the other elements, left out"
        notes.append(Finding(kind="element", subject=str(e.names[i]), message=text, span=window))
    left = e.without(gone)
    return left if len(left.names) >= MIN_ELEMENTS and _flat(left) else None


def _flat(e: _Elements) -> bool:
    try:
        fk.geometry(e.east, e.north)
    except InputError:
        return False
    return True


def _beam(e: _Elements, east_s: float, north_s: float, lo: int, hi: int) -> list[Segment]:
    """Steered beam over sample numbers lo..hi as segments of the reference channel; gaps where elements miss."""
    a, b = max(0, lo - e.first), min(e.samples.shape[1], hi - e.first)
    x = e.samples[:, a:b]
    if x.shape[1] < 2 * beams.HALF:
        return []
    live = np.isfinite(x)
    delay = -(e.east * east_s + e.north * north_s) / KM_PER_DEG
    margin = math.ceil(float(np.abs(delay).max()) * e.rate_hz) + beams.HALF
    whole = np.all(live[:, ::1], axis=1)
    y = beams.beam(np.where(live, x, 0.0), delay, e.rate_hz)
    if not whole.all():
        count = np.zeros(y.size)
        for i in range(len(delay)):
            count += beams.beam(live[i : i + 1].astype(np.float64), delay[i : i + 1], e.rate_hz)
        ok = count > 0.5 * len(delay)
        y = np.where(ok, y * len(delay) / np.where(ok, count, 1.0), np.nan)
    y[:margin] = np.nan
    y[y.size - margin :] = np.nan
    edge = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(y).astype(np.int8), [0]])))
    return [
        Segment(
            nslc=e.anchor.nslc,
            start_ns=e.time_ns(e.first + a + int(i)),
            sample_rate_hz=e.rate_hz,
            samples=y[i:j],
        )
        for i, j in zip(edge[::2], edge[1::2], strict=True)
        if j - i > e.rate_hz
    ]


def _incoherent(e: _Elements, segments: list[Segment], window: Span, settings: Settings) -> list[_Candidate]:
    """Detections on the mean power of all elements: they take the place of the horizontals in the detector."""
    vertical = trace(segments, window)
    if vertical is None:
        return []
    members = []
    for name, row in zip(e.names, e.samples, strict=True):
        good = np.isfinite(row)
        edge = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
        parts = [
            Segment(
                nslc=name, start_ns=e.time_ns(e.first + int(i)), sample_rate_hz=e.rate_hz, samples=row[i:j]
            )
            for i, j in zip(edge[::2], edge[1::2], strict=True)
        ]
        t = trace(parts, window)
        if t is not None and len(parts) == 1:
            members.append(t)
    if len(members) < MIN_ELEMENTS:
        return []
    block = Block(Sensor(vertical=vertical, horizontals=tuple(members)), window, settings)
    block.scores[:, : block.lanes] = 0.0
    block.scores[:, block.lanes :] /= INCOHERENT_FACTOR
    return [
        _Candidate(
            time_ns=vertical.time_ns(block.first + row[0] * block.width),
            score=float(row[3]) ** 4,
            band=block.band(int(row[2])),
        )
        for row in block.triggers()
    ]


def _merge(found: list[_Candidate], apart_s: float) -> list[_Candidate]:
    """One candidate for each cluster: the one with the best score, in order of time."""
    out: list[_Candidate] = []
    for c in sorted(found, key=lambda c: (-c.score, c.time_ns, c.band)):
        if all(abs(c.time_ns - o.time_ns) > apart_s * NS for o in out):
            out.append(c)
    return sorted(out, key=lambda c: c.time_ns)


def _cut(e: _Elements, centre: float, before_s: float, after_s: float, band: Band) -> F64 | None:
    """Band-passed elements from before to after a sample number; None where any sample is missing."""
    lead = round((before_s + 30.0) * e.rate_hz)
    a = max(0, round(centre) - lead - e.first)
    b = round(centre + after_s * e.rate_hz) - e.first
    skip = round(centre - before_s * e.rate_hz) - e.first - a
    if skip < 0 or b > e.samples.shape[1]:
        return None
    x = e.samples[:, a:b]
    if not np.isfinite(x).all():
        return None
    return np.array([filters.bandpass(row, band[0], band[1], e.rate_hz)[skip:] for row in x])


def _complete(e: _Elements, centre: float, reach_s: float) -> _Elements | None:
    """The elements without a gap around a sample number."""
    a, b = round(centre - reach_s * e.rate_hz) - e.first, round(centre + 20.0 * e.rate_hz) - e.first
    part = e.samples[:, max(0, a) : b]
    left = e.without([i for i in range(len(e.names)) if not np.isfinite(part[i]).all()])
    return left if len(left.names) >= MIN_ELEMENTS and _flat(left) else None


def plane_wave_z(result: fk.FkResult) -> float:
    """Standard normal deviate of an F statistic by the cube-root approximation (Paulson 1942, Ann. Math. Stat. 13, 233)."""
    n1, n2 = result.degrees
    a, b = 2.0 / (9.0 * n1), 2.0 / (9.0 * n2)
    root = float(pow_(result.f_statistic, 1.0 / 3.0))
    return ((1.0 - b) * root - (1.0 - a)) / math.sqrt(a + b * root * root)


def _window_s(e: _Elements, band: Band) -> tuple[float, float, float]:
    """Moveout of a steep wave over the array, and length of the signal window, in seconds."""
    reach = float(np.max(np.sqrt(e.east**2 + e.north**2)))
    move = reach * SMAX_S_PER_DEG / KM_PER_DEG
    return move, max(2.0, 4.0 / (band[1] - band[0])), reach


def _direction(e: _Elements, centre: float, bands: Sequence[Band]) -> tuple[fk.FkResult, Band] | None:
    """f-k in the band with the clearest plane wave: a window that holds all elements, then again on aligned traces."""
    best: tuple[float, fk.FkResult, Band] | None = None
    for band in bands:
        move, length, _ = _window_s(e, band)
        x = _cut(e, centre, move + 0.5, move + length, band)
        if x is None or not float(np.abs(x).max()) > 0.0:
            continue
        r = fk.fk(x, e.east, e.north, e.rate_hz, band[0], band[1], FK_SMAX_S_PER_DEG, FK_GRID)
        z = plane_wave_z(r)
        if best is None or z > best[0]:
            best = (z, r, band)
    if best is None:
        return None
    _, first, band = best
    return _aligned(e, centre, first, band), band


def _aligned(e: _Elements, centre: float, first: fk.FkResult, band: Band) -> fk.FkResult:
    """f-k of what is left after the first slowness was taken off, in a short window; the sum of both."""
    _, length, reach = _window_s(e, band)
    move = reach * first.slowness_s_per_deg / KM_PER_DEG
    x = _cut(e, centre, move + 3.0, move + length + 3.0, band)
    if x is None:
        return first
    delay = fk.delays(e.east, e.north, first.slowness_s_per_deg, first.backazimuth_deg)
    skip = round((move + 2.5) * e.rate_hz)
    y = np.array([beams.advance(row, float(d), e.rate_hz) for row, d in zip(x, delay, strict=True)])
    y = y[:, skip : skip + round((length + 0.5) * e.rate_hz)]
    r = fk.fk(y, e.east, e.north, e.rate_hz, band[0], band[1], 4.0, 21)
    if r.at_edge or plane_wave_z(r) < 0.5 * plane_wave_z(first):
        return first
    east, north = first.east_s_per_deg + r.east_s_per_deg, first.north_s_per_deg + r.north_s_per_deg
    s, baz, ss, bs = fk.polar(east, north, r.covariance)
    return msgspec.structs.replace(
        r, slowness_s_per_deg=s, backazimuth_deg=baz, slowness_sigma=ss, backazimuth_sigma=bs,
        east_s_per_deg=east, north_s_per_deg=north, at_edge=first.at_edge,
    )  # fmt: skip


def _reversed(e: _Elements, centre: float, r: fk.FkResult, band: Band) -> int | None:
    """The element without which the rest is far more of a plane wave and against whose beam it moves."""
    move, length, _ = _window_s(e, band)
    x = _cut(e, centre, move + 0.5, move + length, band)
    if x is None or r.relative_power > 0.85 or len(e.names) <= MIN_ELEMENTS:
        return None
    best: tuple[float, int, fk.FkResult] | None = None
    for i in range(len(e.names)):
        keep = [k for k in range(len(e.names)) if k != i]
        if not _flat(e.without([i])):
            continue
        got = fk.fk(
            x[keep], e.east[keep], e.north[keep], e.rate_hz, band[0], band[1], FK_SMAX_S_PER_DEG, FK_GRID
        )
        if best is None or got.f_statistic > best[0]:
            best = (got.f_statistic, i, got)
    if best is None or best[0] < 1.5 * r.f_statistic:
        return None
    delay = fk.delays(e.east, e.north, best[2].slowness_s_per_deg, best[2].backazimuth_deg)
    y = np.array([beams.advance(row, float(d), e.rate_hz) for row, d in zip(x, delay, strict=True)])
    y = y[:, round(0.5 * move * e.rate_hz) : y.shape[1] - round(0.5 * move * e.rate_hz)]
    row = y[best[1]]
    rest = np.sum(y, axis=0) - row
    power = float(np.sum(row * row)) * float(np.sum(rest * rest))
    against = power > 0.0 and float(np.sum(row * rest)) / math.sqrt(power) < REVERSED
    return best[1] if against else None


def _best_bands(e: _Elements, band: Band, settings: Settings) -> list[Band]:
    """The band of the detection and the usable ones that overlap it or lie between 0.8 and 4 Hz."""
    usable = usable_bands(settings, e.rate_hz)
    return [
        b for b in usable if b == band or (b[0] >= 0.8 and b[1] <= 4.0) or (b[0] < band[1] and band[0] < b[1])
    ]


def _onset(
    e: _Elements, key: str, c: _Candidate, r: fk.FkResult, channels: Sequence[Channel], settings: Settings
) -> Pick | None:
    """The pick on the beam steered to the measured slowness, nearest to the candidate."""
    centre = (c.time_ns * e.rate_hz) / 1e9
    lo, hi = round(centre - 200.0 * e.rate_hz), round(centre + 60.0 * e.rate_hz)
    segments = _beam(e, r.east_s_per_deg, r.north_s_per_deg, lo, hi)
    near = Span(c.time_ns - 8 * NS, c.time_ns + 8 * NS)
    result = process_station(key, segments, channels, near, settings)
    picks = sorted(result.picks, key=lambda p: (abs(p.time_ns - c.time_ns), p.time_ns))
    return picks[0] if picks else None


def _measured(
    e: _Elements,
    key: str,
    c: _Candidate,
    channels: Sequence[Channel],
    settings: Settings,
    notes: list[Finding],
) -> Pick | None:
    """From a candidate to a pick with direction; None where no plane wave is found."""
    centre = (c.time_ns * e.rate_hz) / 1e9
    whole = _complete(e, centre, 60.0)
    if whole is None:
        return None
    bands = _best_bands(whole, c.band, settings)
    found = _direction(whole, centre, bands)
    if found is None:
        return None
    r, band = found
    lobe = fk.resolution(
        whole.east, whole.north, math.sqrt(band[0] * band[1]), reach_s_per_deg=1.0
    ).beamwidth_s_per_deg
    beams_in_grid = max(1.0, (2.0 * FK_SMAX_S_PER_DEG) ** 2 / (lobe[0] * lobe[1]))
    if plane_wave_z(r) < normal_quantile(P_NOISE / beams_in_grid):
        return None
    pick = _onset(whole, key, c, r, channels, settings)
    if pick is None:
        return None
    return _with_direction(pick, _again(whole, pick, r, bands, notes))


def _again(
    e: _Elements, pick: Pick, r: fk.FkResult, bands: Sequence[Band], notes: list[Finding]
) -> fk.FkResult:
    """f-k at the onset: the candidate may come from a beam of another slowness, off by the moveout."""
    centre = pick.time_ns * e.rate_hz / 1e9
    found = _direction(e, centre, bands)
    for _ in range(len(e.names) // 3):
        gone = None if found is None else _reversed(e, centre, *found)
        if gone is None:
            break
        text = "moves against the other elements, left out of the directions of some detections"
        notes.append(Finding(kind="element", subject=str(e.names[gone]), message=text))
        e = e.without([gone])
        found = _direction(e, centre, bands) or found
    return found[0] if found is not None and plane_wave_z(found[0]) > plane_wave_z(r) else r


def _with_direction(pick: Pick, r: fk.FkResult) -> Pick:
    if (
        r.at_edge
    ):  # slower than the grid: sound in air, waves of very shallow layers; the direction is not resolved
        return msgspec.structs.replace(pick, phase_hint="", f_statistic=round(r.f_statistic, 2))
    m2 = MODEL_S_PER_DEG * MODEL_S_PER_DEG
    cov = (r.covariance[0] + m2, r.covariance[1], r.covariance[2] + m2)
    s, baz, s_sigma, baz_sigma = fk.polar(r.east_s_per_deg, r.north_s_per_deg, cov)
    return msgspec.structs.replace(
        pick,
        phase_hint="S" if s > S_FROM_S_PER_DEG else "P",
        slowness_s_per_deg=round(s, 3),
        slowness_sigma=round(s_sigma, 3),
        backazimuth_deg=round(baz, 2) % 360.0,
        backazimuth_sigma=round(baz_sigma, 2),
        f_statistic=round(r.f_statistic, 2),
    )


def _block(
    key: str,
    e: _Elements,
    channels: Sequence[Channel],
    own: Span,
    wanted: Span,
    settings: Settings,
    notes: list[Finding],
) -> tuple[list[Pick], list[NoiseHour], list[Span]]:
    """Picks, noise and up-time of one block."""
    window = Span(own.start_ns - settings.lead_s * NS, own.end_ns + settings.tail_s * NS)
    aim = beams.beam_set(e.east, e.north, BEAM_FREQUENCY_HZ, SMAX_S_PER_DEG, MAX_BEAMS)
    lo, hi = e.first, e.first + e.samples.shape[1]
    found: list[_Candidate] = []
    noise: list[tuple[NoiseHour, ...]] = []
    up: list[Span] = []
    for j, (east_s, north_s) in enumerate(aim):
        segments = _beam(e, float(east_s), float(north_s), lo, hi)
        result = process_station(key, segments, channels, own, settings)
        noise.append(result.noise)
        found += [
            _Candidate(time_ns=p.time_ns, score=p.score or 0.0, band=p.band_hz or (1.0, 3.0))
            for p in result.picks
        ]
        if j == 0:
            up = list(result.up)
            found += [
                c
                for c in _incoherent(e, segments, window, settings)
                if own.start_ns <= c.time_ns < own.end_ns
            ]
    move = _window_s(e, (1.0, 3.0))[0]
    picks: list[Pick] = []
    for c in _merge(found, max(settings.min_separation_s, move)):
        pick = _measured(e, key, c, channels, settings, notes)
        if pick is None or not wanted.start_ns <= pick.time_ns < wanted.end_ns:
            continue
        if all(abs(pick.time_ns - p.time_ns) >= settings.min_separation_s * NS for p in picks):
            picks.append(pick)
    return sorted(picks, key=lambda p: p.time_ns), _median_noise(noise), up


def _median_noise(sets: list[tuple[NoiseHour, ...]]) -> list[NoiseHour]:
    """For each band the beam with the median noise stands for all."""
    out = []
    for band in sorted({h.band_hz for hours in sets for h in hours}):
        hours = sorted((h for s in sets for h in s if h.band_hz == band), key=lambda h: h.rms_counts)
        out.append(hours[len(hours) // 2])
    return out


def process_array(
    array_key: str,
    segments: Sequence[Segment],
    channels: Sequence[Channel],
    span: Span,
    settings: Settings | None = None,
) -> StationResult:
    """Picks with slowness and back-azimuth, noise hours of the beam, findings and up-time of an array in `span`.

    segments, channels: of all elements (each its own station code); those that reach `needed(span)` make the result
    independent of how time was divided. An hour with fewer than MIN_ELEMENTS good elements yields nothing but a
    finding.
    """
    s = settings or Settings()
    s = msgspec.structs.replace(s, false_alarms_per_day=CONFIRMED_FACTOR * s.false_alarms_per_day)
    reach = needed(span, s)
    clean, findings = condition(segments, reach)
    by_channel: dict[Nslc, list[Segment]] = {}
    for segment in clean:
        by_channel.setdefault(segment.nslc, []).append(segment)
    notes = list(findings)
    picks: list[Pick] = []
    noise: list[NoiseHour] = []
    up: list[Span] = []
    step = s.block_s * NS
    for at in range(reach.start_ns + s.lead_s * NS, reach.end_ns - s.tail_s * NS, step):
        own = Span(at, at + step)
        window = Span(own.start_ns - s.lead_s * NS, own.end_ns + s.tail_s * NS)
        wanted = Span(max(own.start_ns, span.start_ns), min(own.end_ns, span.end_ns))
        e = _elements(by_channel, channels, window, notes)
        if e is None:
            text = f"fewer than {MIN_ELEMENTS} good elements with known places"
            notes.append(Finding(kind="array", subject=array_key, message=text, span=own))
            continue
        got = _block(array_key, e, channels, own, wanted, s, notes)
        picks += got[0]
        noise += got[1]
        up += [Span(max(x.start_ns, wanted.start_ns), min(x.end_ns, wanted.end_ns)) for x in got[2]]
    unique = sorted(
        {(n.kind, n.subject, n.message, n.span.start_ns if n.span else 0): n for n in notes}.items(),
        key=lambda item: item[0],
    )
    return StationResult(
        station_key=array_key,
        picks=tuple(picks),
        noise=tuple(noise),
        findings=tuple(n for _, n in unique),
        up=tuple(normalise(up)),
    )
