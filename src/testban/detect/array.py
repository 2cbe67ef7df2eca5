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

from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, NoiseHour, Pick, Segment, StationResult
from testban.base.spans import Span, normalise
from testban.detect import coherent, direction, elements, steering
from testban.detect.condition import condition
from testban.detect.elements import Elements
from testban.detect.grouping import MIN_ELEMENTS, group_arrays, site
from testban.detect.settings import Settings, normal_quantile
from testban.detect.station import needed, process_station
from testban.detect.steering import Candidate
from testban.signal import beams, fk

__all__ = ["group_arrays", "process_array", "site"]

NS = 10**9

MAX_BEAMS = 91
BEAM_FREQUENCY_HZ = 3.0  # at which neighbouring beams meet at half power, if MAX_BEAMS allows
CONFIRMED_FACTOR = (
    25.0  # on the false-alarm rate of beams: f-k confirms what they find, single stations have none
)
P_NOISE = 1e-3  # probability that f-k of noise alone passes
ON_BEAM = 0.75  # of the least power of weak picks, on the beam steered to a wave that f-k has found


def _onset(
    e: Elements, key: str, c: Candidate, r: fk.FkResult, channels: Sequence[Channel], settings: Settings
) -> Pick | None:
    """The pick on the beam steered to the measured slowness, nearest to the candidate."""
    centre = (c.time_ns * e.rate_hz) / 1e9
    lo, hi = round(centre - 200.0 * e.rate_hz), round(centre + 60.0 * e.rate_hz)
    segments = steering.beam(e, r.east_s_per_deg, r.north_s_per_deg, lo, hi)
    near = Span(c.time_ns - 8 * NS, c.time_ns + 8 * NS)
    if settings.weak_power < 1.0:
        settings = msgspec.structs.replace(settings, weak_power=ON_BEAM * settings.weak_power)
    result = process_station(key, segments, channels, near, settings)
    picks = sorted(result.picks, key=lambda p: (abs(p.time_ns - c.time_ns), p.time_ns))
    return picks[0] if picks else None


def _measured(
    e: Elements,
    key: str,
    c: Candidate,
    channels: Sequence[Channel],
    settings: Settings,
    notes: list[Finding],
) -> Pick | None:
    """From a candidate to a pick with direction; None where no plane wave is found."""
    centre = (c.time_ns * e.rate_hz) / 1e9
    whole = elements.complete(e, centre, 60.0)
    if whole is None:
        return None
    bands = direction.best_bands(whole, c.band, settings)
    reach = direction.SMAX_S_PER_DEG if c.weak else direction.FK_SMAX_S_PER_DEG
    found = direction.find(whole, centre, bands, reach)
    if found is None or (c.weak and found[0].at_edge):
        return None
    r, band = found
    lobe = fk.resolution(
        whole.east, whole.north, math.sqrt(band[0] * band[1]), reach_s_per_deg=1.0
    ).beamwidth_s_per_deg
    beams_in_grid = max(1.0, (2.0 * reach) ** 2 / (lobe[0] * lobe[1]))
    if direction.plane_wave_z(r) < normal_quantile(P_NOISE / beams_in_grid):
        return None
    pick = _onset(whole, key, c, r, channels, settings)
    if pick is None:
        return None
    return direction.with_direction(pick, direction.again(whole, pick, r, bands, reach, notes))


def _block(
    key: str,
    e: Elements,
    channels: Sequence[Channel],
    own: Span,
    wanted: Span,
    settings: Settings,
    notes: list[Finding],
) -> tuple[list[Pick], list[NoiseHour], list[Span]]:
    """Picks, noise and up-time of one block."""
    window = Span(own.start_ns - settings.lead_s * NS, own.end_ns + settings.tail_s * NS)
    aim = beams.beam_set(e.east, e.north, BEAM_FREQUENCY_HZ, direction.SMAX_S_PER_DEG, MAX_BEAMS)
    lo, hi = e.first, e.first + e.samples.shape[1]
    strict = msgspec.structs.replace(settings, weak_power=1.0)  # what is weaker is looked for by coherence
    found: list[Candidate] = []
    noise: list[tuple[NoiseHour, ...]] = []
    up: list[Span] = []
    for j, (east_s, north_s) in enumerate(aim):
        segments = steering.beam(e, float(east_s), float(north_s), lo, hi)
        result = process_station(key, segments, channels, own, strict)
        noise.append(result.noise)
        found += [
            Candidate(time_ns=p.time_ns, score=p.score or 0.0, band=p.band_hz or (1.0, 3.0))
            for p in result.picks
        ]
        if j == 0:
            up = list(result.up)
            found += [
                c
                for c in steering.incoherent(e, segments, window, settings)
                if own.start_ns <= c.time_ns < own.end_ns
            ]
    if settings.weak_power < 1.0:
        found += [c for c in coherent.candidates(e, settings) if own.start_ns <= c.time_ns < own.end_ns]
    move = direction.moveout_s(e, (1.0, 3.0))[0]
    picks: list[Pick] = []
    for c in steering.merge(found, max(settings.min_separation_s, move)):
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
        e = elements.gather(by_channel, channels, window, notes)
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
