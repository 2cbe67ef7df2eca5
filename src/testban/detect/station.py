"""Station processing: from the segments of one station to picks, noise hours, findings and up-time.

Rules: work is done in blocks on the absolute UTC grid, each with a fixed lead-in and tail, and a pick belongs to the
block that holds its onset; so neither the length of the span asked for nor where the recording was cut changes a
result, provided that the segments cover `needed(span)`. Numbers leave as quanta (1 ms).
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.records import Channel, Finding, NoiseHour, Pick, Segment, StationResult
from testban.base.spans import Span, intersect, normalise
from testban.detect import amplitude, arrival, later, motion, successor
from testban.detect.block import LATER_S, STRONG
from testban.detect.block import Block as Block
from testban.detect.condition import condition
from testban.detect.sensor import Sensor, choose, trace
from testban.detect.settings import Settings, window_s

F64 = NDArray[np.float64]
NS = 10**9
FIRST_S = (
    200.0  # after so long a quiet an onset is the first of its event: S is so far behind P at 18 degrees
)
PATH_SIGMA_S = 0.10  # added: onsets of one event differ by path, however clear (odd half of nnsn_nuclear; docs/rooms/detect.md)
#: What a weak pick needs of likelihood and of lasting, in scatters.
WEAK_SURE, WEAK_LASTS = 4.0, 1.0
#: Of the share of the threshold that is asked of a weak pick: where three components move as in P, and on horizontals.
AS_P, ON_HORIZONTALS = 0.75, 1.25
#: How probable P has to be for that: noise on three components that triggers has so P-like a motion one time in ten.
P_LIKE = 0.7
LEAST_QUIET_S = 10.0  # of noise outside signals; with less all of the hour counts


def needed(span: Span, settings: Settings | None = None) -> Span:
    """The span whose samples `process_station` wants for the picks of `span`."""
    s = settings or Settings()
    block = s.block_s * NS
    start = span.start_ns // block * block
    end = -(-span.end_ns // block) * block
    return Span(start - s.lead_s * NS, end + s.tail_s * NS)


def _picks(block: Block, key: str, own: Span, channels: Sequence[Channel]) -> tuple[list[Pick], list[int]]:
    """Picks within `own`, and the bins of all onsets of the block that were triggered."""
    s = block.settings
    out: list[Pick] = []
    found: list[tuple[arrival.Arrival, float]] = []
    last = block.first - 1e9
    rows, doubtful = _sure(block)
    for row in rows:
        got = _confirmed(block, row, last + s.min_separation_s * block.rate)
        if got is None:
            doubtful.append(row)
        while got is not None:
            first = got.sample - last > FIRST_S * block.rate
            last = got.sample
            found.append((got, float(row[3])))
            time = round(got.trace.time_ns(got.sample) / 10**6) * 10**6
            if own.start_ns <= time < own.end_ns:
                out.append(_pick(block, key, row, got, time, channels, first))
            got = _stronger(block, row, got)
    out += _later(block, key, own, found)
    if s.weak_power < 1.0:
        out += _weak(block, key, own, channels, [*rows, *doubtful], doubtful, out)
    return sorted(out, key=lambda p: p.time_ns), [block.bin_of(got.sample) for got, _ in found]


def _sure(block: Block) -> tuple[list[F64], list[F64]]:
    """Triggers that reach what is asked of a detection, and those that do not, their score divided by it.

    Behind a strong detection nothing more is asked than the threshold: an event explains what follows.
    """
    sure: list[F64] = []
    doubtful: list[F64] = []
    memory = round(LATER_S / block.bin_s)
    last = -math.inf
    for row in block.triggers():
        asked = block.asked(row)
        if row[3] < asked and row[0] - last > memory:
            row[3] /= asked
            doubtful.append(row)
            continue
        sure.append(row)
        if row[3] >= STRONG * asked:
            last = float(row[4])
    return sure, doubtful


def _stronger(block: Block, row: F64, got: arrival.Arrival) -> arrival.Arrival | None:
    """A much stronger arrival later in the trigger of `got`."""
    apart = block.settings.min_separation_s * block.rate
    on = successor.grown(block, block.bin_of(got.sample), int(row[4]), round(apart / block.width))
    if on is None:
        return None
    least = max(got.sample + apart, block.first + on * block.width - block.rate)
    begin = max(
        got.sample + 0.5 * block.rate, least - 2.0 * block.rate
    )  # room for what it is to stand out from
    again = np.array([on, row[1], row[2], row[3], row[4]])
    found = arrival.find(block, again, begin)
    good = found is not None and found.sample >= least and found.snr >= block.settings.min_snr
    return found if good else None


def _later(block: Block, key: str, own: Span, found: list[tuple[arrival.Arrival, float]]) -> list[Pick]:
    """S and Lg within `own` that no trigger gave, behind the strong ones among the arrivals and scores found."""
    out: list[Pick] = []
    if len(block.sensor.horizontals) != 2:
        return out
    bins = [block.bin_of(got.sample) for got, _ in found]
    for i, (_, score) in enumerate(found):
        if score < STRONG:
            continue
        strong = [b for b, (_, x) in zip(bins[i + 1 :], found[i + 1 :], strict=True) if x >= STRONG]
        end = min([bins[i] + round(later.AFTER_S[1] / block.bin_s), *strong])
        for growth in later.growths(block, bins[i], end):
            got = later.find(block, growth)
            if got is None or any(abs(block.bin_of(got.sample) - b) <= 2 * growth.window for b in bins):
                continue
            time = round(got.trace.time_ns(got.sample) / 10**6) * 10**6
            if own.start_ns <= time < own.end_ns:
                out.append(
                    Pick(
                        pick_id=f"{key}/{time // 10**6}",
                        station_key=key,
                        nslc=got.trace.nslc,
                        time_ns=time,
                        time_sigma_s=round(PATH_SIGMA_S + got.sigma_s, 3),
                        phase_hint="S",
                        phase_hint_probability=later.PROBABILITY,
                        snr=round(got.snr, 2),
                        band_hz=got.band,
                        score=round(growth.scatters / later.LEAST, 3),
                    )
                )
    return out


def _weak(
    block: Block, key: str, own: Span, channels: Sequence[Channel], rows: Sequence[F64], doubtful: Sequence[F64],
    strong: Sequence[Pick],
) -> list[Pick]:  # fmt: skip
    """Picks from triggers below what is asked of a detection, none of them near one; rows: all that has triggered."""
    s = block.settings
    out: list[Pick] = []
    last = block.first - 1e9
    least = s.weak_power * (AS_P if block.sensor.horizontals else 1.0)
    share = math.sqrt(math.sqrt(least))
    weak = [*(row for row in doubtful if row[3] >= share), *block.weak_triggers(rows, share)]
    for row in sorted(weak, key=lambda row: float(row[0])):
        got = _confirmed(block, row, last + s.min_separation_s * block.rate, WEAK_SURE, WEAK_LASTS)
        if got is None:
            continue
        time = round(got.trace.time_ns(got.sample) / 10**6) * 10**6
        found = _pick(block, key, row, got, time, channels, False)
        if float(row[3]) ** 4 < s.weak_power * _weak_share(found, got.trace is block.sensor.vertical):
            continue
        last = got.sample
        if not own.start_ns <= time < own.end_ns:
            continue
        if all(abs(time - p.time_ns) >= s.min_separation_s * NS for p in strong):
            out.append(msgspec.structs.replace(found, weak=True))
    return out


def _weak_share(pick: Pick, on_vertical: bool) -> float:
    """How much of the least power of weak picks one needs, by how it moves: P is steep and straight, noise is seldom."""
    if not on_vertical or pick.phase_hint != "P":
        return ON_HORIZONTALS
    return AS_P if (pick.phase_hint_probability or 0.0) >= P_LIKE else 1.0


def _confirmed(
    block: Block, row: F64, after: float, least: float = arrival.SURE, sigmas: float = 3.0
) -> arrival.Arrival | None:
    """The first arrival behind a trigger that lasts; glitches ahead of it are passed over."""
    for _ in range(3):
        got = arrival.find(block, row, after, least)
        if got is None or got.snr < block.settings.min_snr:
            return None
        if arrival.lasts(block, got, sigmas):
            return got
        after = got.sample + 0.7 * block.rate
        if after > block.first + (row[1] + 10) * block.width:
            return None
    return None


def _pick(
    block: Block,
    key: str,
    row: F64,
    got: arrival.Arrival,
    time: int,
    channels: Sequence[Channel],
    first: bool,
) -> Pick:
    run = got.trace.run_at(got.sample)
    clipped = False
    if run is not None:
        k = round(got.sample) - run.first
        clipped = bool(run.clipped[k : k + round(6.0 * block.rate)].any())
    measured = None if clipped else amplitude.mb_amplitude(block.sensor.vertical, got.sample, channels)
    moved = motion.measure(block.sensor, got, channels)
    if first:
        moved = motion.as_first(moved, got.trace is block.sensor.vertical)
    sign, sure = 0, 0.0
    if moved.hint == "P" and got.trace is block.sensor.vertical:
        sign, sure = amplitude.first_motion(got.trace, got.sample, got.sigma_s, channels)
    return Pick(
        pick_id=f"{key}/{time // 10**6}",
        station_key=key,
        nslc=got.trace.nslc,
        time_ns=time,
        time_sigma_s=round(PATH_SIGMA_S + got.sigma_s, 3),
        phase_hint=moved.hint,
        phase_hint_probability=moved.hint_probability,
        slowness_s_per_deg=moved.slowness_s_per_deg,
        slowness_sigma=moved.slowness_sigma,
        backazimuth_deg=moved.backazimuth_deg,
        backazimuth_sigma=moved.backazimuth_sigma,
        amplitude_nm=None if measured is None else measured[0],
        period_s=None if measured is None else measured[1],
        snr=round(got.snr, 2),
        band_hz=got.band,
        polarity=sign,
        polarity_confidence=sure,
        rectilinearity=moved.rectilinearity,
        incidence_deg=moved.incidence_deg,
        score=round(float(row[3]) ** 4, 3),
        clipped=clipped,
    )


def _quiet(block: Block, column: int, onsets: list[int]) -> F64:
    """Bin powers of a column without the stretches from an onset until power is back at twice the noise before."""
    p: F64 = block.power[:, column].copy()
    length = round(10.0 / block.bin_s)
    for at in onsets:
        limit = 2.0 * block.noise(column, at - round(2.0 / block.bin_s))[0]
        i = max(0, at - round(2.0 / block.bin_s))
        while i < block.bins:
            part = block.power[i : i + length, column]
            p[i : i + length] = np.nan
            i += length
            if i > at + length and not float(np.sum(part)) / max(1, len(part)) > limit:
                break
    return p


def _noise(
    block: Block, key: str, own: Span, channels: Sequence[Channel], onsets: list[int]
) -> list[NoiseHour]:
    """Noise of the hour in each band: the median over windows outside signals, as rms."""
    out = []
    lo = max(0, math.ceil((own.start_ns * block.rate / 1e9 - block.first) / block.width))
    hi = min(block.bins, math.ceil((own.end_ns * block.rate / 1e9 - block.first) / block.width))
    for j, band in enumerate(block.bands):
        p = block.power[lo:hi, j]
        width = max(1, round(window_s(band) / block.bin_s))
        up_s = round(int(np.isfinite(p).sum()) * block.bin_s, 1)
        quiet = _quiet(block, j, onsets)[lo:hi]
        if int(np.isfinite(quiet).sum()) * block.bin_s >= LEAST_QUIET_S:
            p = quiet
        usable = p[np.isfinite(p)]
        if len(usable) < width:
            continue
        blocks = usable[: len(usable) // width * width].reshape(-1, width)
        means = np.sum(blocks, axis=1) / width
        freedom = 2.0 * (band[1] - band[0]) * width * block.bin_s
        median_to_mean = (1.0 - 2.0 / (9.0 * freedom)) ** 3
        rms = math.sqrt(float(np.median(means)) / median_to_mean)
        out.append(
            NoiseHour(
                station_key=key,
                nslc=block.sensor.vertical.nslc,
                hour_ns=own.start_ns,
                band_hz=band,
                up_s=up_s,
                rms_counts=rms,
                a_over_t_nm_s=amplitude.noise_a_over_t(
                    rms, band, block.sensor.vertical.nslc, own.start_ns, channels
                ),
            )
        )
    return out


def process_station(
    station_key: str,
    segments: Sequence[Segment],
    channels: Sequence[Channel],
    span: Span,
    settings: Settings | None = None,
) -> StationResult:
    """Picks, noise hours, findings and up-time of one station in `span`.

    station_key: NET.STA. segments: any order, all channels of the station; those that reach `needed(span)` make the
    result independent of how a longer time was divided into spans. channels: metadata (may be empty: no amplitudes).
    """
    s = settings or Settings()
    reach = needed(span, s)
    clean, findings = condition(segments, reach)
    by_channel: dict[Nslc, list[Segment]] = {}
    for seg in clean:
        by_channel.setdefault(seg.nslc, []).append(seg)
    picks: list[Pick] = []
    noise: list[NoiseHour] = []
    up: list[Span] = []
    used: dict[Nslc, int] = {}
    block_ns = s.block_s * NS
    for at in range(reach.start_ns + s.lead_s * NS, reach.end_ns - s.tail_s * NS, block_ns):
        own = Span(at, at + block_ns)
        window = Span(own.start_ns - s.lead_s * NS, own.end_ns + s.tail_s * NS)
        chosen = choose(by_channel, channels, own)
        if chosen is None:
            continue
        vertical = trace(by_channel[chosen[0]], window)
        if vertical is None:
            continue
        flat = [trace(by_channel[c], window) for c in chosen[1]]
        horizontals = tuple(t for t in flat if t is not None and t.rate == vertical.rate)
        sensor = Sensor(vertical=vertical, horizontals=horizontals if len(horizontals) == 2 else ())
        block = Block(sensor, window, s)
        wanted = Span(max(own.start_ns, span.start_ns), min(own.end_ns, span.end_ns))
        if not block.bands or block.bins == 0:
            continue
        used[vertical.nslc] = used.get(vertical.nslc, 0) + 1
        found, onsets = _picks(block, station_key, wanted, channels)
        picks += found
        noise += _noise(block, station_key, own, channels, onsets)
        up += intersect([seg.span for seg in by_channel[chosen[0]]], [wanted])
    notes = [*findings, *_others(by_channel, used, station_key)]
    return StationResult(
        station_key=station_key,
        picks=tuple(picks),
        noise=tuple(noise),
        findings=tuple(notes),
        up=tuple(normalise(up)),
    )


def _others(by_channel: dict[Nslc, list[Segment]], used: dict[Nslc, int], key: str) -> list[Finding]:
    sensors = sorted({c.sensor for c in by_channel})
    taken = sorted({c.sensor for c in used})
    rest = [".".join(x) for x in sensors if x not in taken]
    if not rest:
        return []
    if not taken:
        return [
            Finding(
                kind="no-vertical",
                subject=key,
                message=f"no usable vertical component among {', '.join(rest)}",
            )
        ]
    text = f"processed {', '.join('.'.join(x) for x in taken)}, not {', '.join(rest)} (one sensor of a station at a time)"
    return [Finding(kind="sensor", subject=key, message=text)]
