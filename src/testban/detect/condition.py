"""From segments as they came to segments that may be used: everything doubtful is masked and reported.

Rules: samples keep their type and value (integer counts stay exact), nothing is interpolated here; each channel is
laid on the absolute sample grid of its nominal rate (sample number = time x rate since 1970), so where files were cut
does not matter; where integers and floating-point numbers (counts and a treated copy) of one sensor overlap, only one
kind is used; overlaps that agree are merged, those that contradict are masked on their whole length; NaN and
infinity, constant stretches, single-sample spikes and steps are masked; clipped stretches stay (a strong first
arrival must not vanish) and are flagged.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.ids import Nslc
from testban.base.records import Finding, Segment
from testban.base.spans import Span, intersect, normalise

DEAD_S = 10.0  # a constant stretch of this length is no ground motion
SPIKE_RATIO = 12.0  # second difference of a spike over the largest one around it
STEP_RATIO = 10.0  # a jump over the range of a second before and a second after
STEP_MASK_S = 0.3
LOOK = 64  # samples that are looked through together
MANY_HOURS_NS = 3600 * 10**9
FULL_SCALES = (2047, 2048, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648)  # 12, 16, 24, 32 bit


def ratio(rate_hz: float) -> Fraction:
    """A sample rate as a fraction, so that sample numbers are exact integers."""
    return Fraction(rate_hz).limit_denominator(10_000)


def sample_number(time_ns: int, rate: Fraction) -> int:
    """Number of the sample nearest to a time, counted from 1970 (phase first rounded to a millionth of a sample)."""
    millionths = (time_ns * rate.numerator * 2 + 1000 * rate.denominator) // (2000 * rate.denominator)
    return (millionths + 500_000) // 1_000_000


def offset_ns(samples: int, rate: Fraction) -> int:
    """Duration of a number of samples, to the nearest nanosecond."""
    return round(Fraction(samples * 10**9) / rate)


@njit(cache=True)
def _flag(
    x: NDArray[np.float64], dead: int, near: int, step_pad: int, bad: NDArray[np.uint8], unit: float
) -> None:
    """Mark in `bad` (1 dead, 2 spike, 3 step) what is not ground motion; x (n,) is one run without a gap."""
    n = len(x)
    run = 1
    for i in range(1, n + 1):
        if i < n and x[i] == x[i - 1]:
            run += 1
        else:
            if run >= dead:
                for k in range(i - run, i):
                    bad[k] = 1
            run = 1
    for i in range(near, n - near):
        d = abs(x[i] - 0.5 * (x[i - 1] + x[i + 1]))
        if d > SPIKE_RATIO * abs(
            x[i - 3] - 0.5 * (x[i - 4] + x[i - 2])
        ) + 4.0 * unit and d > SPIKE_RATIO * abs(x[i + 3] - 0.5 * (x[i + 2] + x[i + 4])):
            other = unit
            for k in range(i - near + 1, i + near - 1):
                if k < i - 2 or k > i + 2:
                    other = max(other, abs(x[k] - 0.5 * (x[k - 1] + x[k + 1])))
            left = abs(x[i - 1] - 0.5 * (x[i - 2] + x[i]))
            right = abs(x[i + 1] - 0.5 * (x[i] + x[i + 2]))
            if d > SPIKE_RATIO * other and d >= left and d > right and abs(x[i + 2] - x[i - 2]) < 0.2 * d:
                bad[i - 1], bad[i], bad[i + 1] = 2, 2, 2
        jump = abs(x[i] - x[i - 1])
        if (
            jump > 4.0 * unit
            and jump > STEP_RATIO * abs(x[i - 1] - x[i - 2])
            and jump > STEP_RATIO * abs(x[i + 1] - x[i])
        ):
            lo, hi = x[i], x[i]
            for k in range(i, i + near):
                lo, hi = min(lo, x[k]), max(hi, x[k])
            before = hi - lo
            lo, hi = x[i - 1], x[i - 1]
            for k in range(i - near, i):
                lo, hi = min(lo, x[k]), max(hi, x[k])
            if jump > STEP_RATIO * max(unit, max(before, hi - lo)) * 0.5 and bad[i] == 0:
                for k in range(max(0, i - step_pad), min(n, i + step_pad)):
                    bad[k] = 3


@njit(cache=True)
def _clipped(x: NDArray[np.float64], slope: float, out: NDArray[np.uint8]) -> None:
    """Mark flat tops: three or more equal samples at a local extreme entered or left more steeply than `slope`."""
    n = len(x)
    done = 1  # samples before this belong to a run that was looked at
    for begin in range(2, n, LOOK):
        a, b, c = x[begin - 2 : begin + LOOK - 2], x[begin - 1 : begin + LOOK - 1], x[begin : begin + LOOK]
        flat = 0
        for r in range(len(c)):
            flat += 1 if (a[r] == b[r]) & (b[r] == c[r]) else 0
        if flat == 0:
            continue
        for i in range(max(begin, done), begin + len(c)):
            if i < done or not (x[i] == x[i - 1] and x[i - 1] == x[i - 2]):
                continue
            first, done = i - 2, i + 1
            while first > 0 and x[first - 1] == x[i]:
                first -= 1
            while done < n and x[done] == x[i]:
                done += 1
            if first > 0 and done < n:
                left, right = x[first] - x[first - 1], x[first] - x[done]
                if left * right > 0.0 and max(abs(left), abs(right)) > slope:
                    for k in range(first, done):
                        out[k] = 1


def _median(values: NDArray[np.float64]) -> float:
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    ranked = np.partition(values, (half - 1, half))
    return 0.5 * (float(ranked[half - 1]) + float(ranked[half]))


def clipped_mask(x: NDArray[np.float64], whole: bool) -> NDArray[np.uint8]:
    """1 where samples are clipped: flat tops far steeper than the noise, or (`whole` numbers) repeated full scale."""
    out = np.zeros(len(x), dtype=np.uint8)
    finite = x[:20_000] if whole else x[np.isfinite(x)][:20_000]
    if len(finite) < 10:
        return out
    slope = 20.0 * _median(np.abs(np.diff(finite))) + 1.0
    _clipped(x, slope, out)
    if whole and max(float(x.max()), -float(x.min())) >= FULL_SCALES[0]:
        for scale in FULL_SCALES:
            hit = np.abs(x) == scale
            both = hit[1:] & hit[:-1]
            out[1:][both] = 1
            out[:-1][both] = 1
    return out


class _Lane:
    """One channel on its sample grid between two long gaps."""

    def __init__(self, segments: list[Segment], rate: Fraction) -> None:
        self.rate = rate
        self.anchors: list[tuple[int, int]] = []
        placed: list[tuple[int, Segment]] = []
        end_k, end_ns = None, 0
        for s in segments:
            k = sample_number(s.start_ns, rate)
            if end_k is not None and abs(s.start_ns - end_ns) * rate * 2 < 10**9:
                k = end_k
            placed.append((k, s))
            self.anchors.append((k, s.start_ns))
            if end_k is None or k + len(s.samples) > end_k:
                end_k = k + len(s.samples)
                end_ns = s.start_ns + offset_ns(len(s.samples), rate)
        self.first = min(k for k, _ in placed)
        n = max(k + len(s.samples) for k, s in placed) - self.first
        exact = all(s.samples.dtype == np.int32 for _, s in placed)
        self.samples: NDArray[np.int32] | NDArray[np.float64] = (
            np.zeros(n, dtype=np.int32) if exact else np.zeros(n, dtype=np.float64)
        )
        self.state = np.full(n, 9, dtype=np.uint8)  # 9 nothing, 0 good, 1.. masked
        self.contradicting: list[tuple[int, int]] = []
        for k, s in placed:
            self._lay(k - self.first, s.samples)
        for lo, hi in self.contradicting:
            self.state[lo:hi] = 5

    def _lay(self, at: int, data: NDArray[np.int32] | NDArray[np.float64]) -> None:
        state, own = self.state[at : at + len(data)], self.samples[at : at + len(data)]
        taken = state != 9
        if taken.any():
            where = np.flatnonzero(taken)
            both_nan = (own[where] != own[where]) & (data[where] != data[where])
            if bool(np.any((own[where] != data[where]) & ~both_nan)):
                self.contradicting.append((at + int(where[0]), at + int(where[-1]) + 1))
            own[~taken] = data[~taken]
        else:
            own[:] = data
        state[:] = 0

    def time_ns(self, k: int) -> int:
        """Time of sample k by the segment that brought it."""
        best = self.anchors[0]
        for anchor in self.anchors:
            if anchor[0] <= k:
                best = anchor
        return best[1] + offset_ns(k - best[0], self.rate)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edge = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edge[::2], edge[1::2], strict=True)]


_REASONS = {
    1: ("dead", "constant for ten seconds or more, masked"),
    2: ("spike", "isolated samples far outside their surroundings, masked"),
    3: ("step", "jump of the level, masked around it"),
    4: ("nan", "not a number or infinite, masked"),
    5: ("overlap", "overlapping samples contradict each other, masked"),
    9: ("gap", "no samples"),
}


def _judge(lane: _Lane) -> None:
    if lane.samples.dtype.kind == "f":
        wrong = ~np.isfinite(lane.samples) & (lane.state == 0)
        lane.state[wrong] = 4
    rate = float(lane.rate)
    for lo, hi in _runs(lane.state == 0):
        x = lane.samples[lo:hi].astype(np.float64)
        unit = 1.0 if lane.samples.dtype.kind == "i" else 1e-12 * (float(np.abs(x).max()) + 1e-300)
        near = max(8, round(rate))
        _flag(
            x, max(10, round(DEAD_S * rate)), near, max(2, round(STEP_MASK_S * rate)), lane.state[lo:hi], unit
        )


def _report(lane: _Lane, subject: str) -> list[Finding]:
    out: list[Finding] = []
    for code, (kind, text) in _REASONS.items():
        found = _runs(lane.state == code)
        spans = [Span(lane.time_ns(lane.first + a), lane.time_ns(lane.first + b)) for a, b in found[:20]]
        out += [Finding(kind=kind, subject=subject, message=text, span=s) for s in spans]
        if len(found) > 20:
            more = sum(b - a for a, b in found[20:])
            out.append(
                Finding(
                    kind=kind, subject=subject, message=f"{len(found) - 20} more: {text} ({more} samples)"
                )
            )
    values = np.asarray(lane.samples, dtype=np.float64)
    tops = clipped_mask(values, lane.samples.dtype.kind == "i").astype(np.bool_)
    clipped = _runs(tops & (lane.state == 0))
    if clipped:
        span = Span(lane.time_ns(lane.first + clipped[0][0]), lane.time_ns(lane.first + clipped[-1][1]))
        text = (
            f"{sum(b - a for a, b in clipped)} samples at flat tops: kept for times, refused for amplitudes"
        )
        out.append(Finding(kind="clipped", subject=subject, message=text, span=span))
    return out


def _refuse(segments: Sequence[Segment], findings: list[Finding]) -> list[Segment]:
    """Segments of one channel that have samples, a sane rate and the channel's usual rate; duplicates dropped."""
    kept: list[Segment] = []
    counts: dict[float, int] = {}
    for s in segments:
        if not (0.01 <= s.sample_rate_hz <= 20_000.0) or not len(s.samples) or s.samples.ndim != 1:
            text = f"{len(s.samples)} samples at {s.sample_rate_hz} Hz cannot be used, ignored"
            findings.append(Finding(kind="rate", subject=str(s.nslc), message=text))
            continue
        kept.append(s)
        counts[s.sample_rate_hz] = counts.get(s.sample_rate_hz, 0) + len(s.samples)
    if not kept:
        return []
    usual = max(sorted(counts), key=lambda r: counts[r] / r)
    out: list[Segment] = []
    for s in sorted(kept, key=lambda s: (s.start_ns, -len(s.samples), s.samples.tobytes())):
        if abs(s.sample_rate_hz - usual) > 1e-4 * usual:
            text = f"{s.sample_rate_hz:g} Hz where the channel has {usual:g} Hz, ignored"
            findings.append(Finding(kind="rate", subject=str(s.nslc), message=text, span=s.span))
        elif any(
            o.start_ns == s.start_ns
            and len(o.samples) == len(s.samples)
            and np.array_equal(o.samples, s.samples, equal_nan=s.samples.dtype.kind == "f")
            for o in out[-3:]
        ):
            findings.append(
                Finding(
                    kind="duplicate",
                    subject=str(s.nslc),
                    message="the same samples twice, merged",
                    span=s.span,
                )
            )
        else:
            out.append(s)
    return out


def _cut(segments: Sequence[Segment], span: Span) -> list[Segment]:
    out = []
    for s in segments:
        if not 0.01 <= s.sample_rate_hz <= 20_000.0:
            out.append(s)
            continue
        r = ratio(s.sample_rate_hz)
        lo = max(0, -((s.start_ns - span.start_ns) * r.numerator // (r.denominator * 10**9)))
        hi = min(len(s.samples), -((s.start_ns - span.end_ns) * r.numerator // (r.denominator * 10**9)))
        if lo == 0 and hi == len(s.samples):
            out.append(s)
        elif lo < hi:
            start = s.start_ns + offset_ns(lo, r)
            out.append(
                Segment(
                    nslc=s.nslc, start_ns=start, sample_rate_hz=s.sample_rate_hz, samples=s.samples[lo:hi]
                )
            )
    return out


def _one_kind(segments: Sequence[Segment], findings: list[Finding]) -> list[Segment]:
    """Segments without the treated copies: where integers and floats of a sensor overlap, all of one kind goes.

    The kind with the longer record on the sensor stays, integers if that is within a tenth; a seam between two
    treatments of one motion would look like an arrival. Whole days win over snippets, in either kind.
    """
    total: dict[tuple[tuple[str, ...], str], int] = {}
    spans: dict[tuple[Nslc, str], list[Span]] = {}
    for s in segments:
        if len(s.samples) and 0.01 <= s.sample_rate_hz <= 20_000.0:
            spans.setdefault((s.nslc, s.samples.dtype.kind), []).append(s.span)
    both = set()
    for (nslc, kind), have in spans.items():
        merged = normalise(have)
        key = (tuple(nslc.sensor), kind)
        total[key] = total.get(key, 0) + sum(x.end_ns - x.start_ns for x in merged)
        if kind == "i" and intersect(merged, normalise(spans.get((nslc, "f"), []))):
            both.add(key[0])
    worse = {k: "f" if 10 * total[k, "i"] >= 9 * total[k, "f"] else "i" for k in sorted(both)}
    out: list[Segment] = []
    for s in segments:
        if worse.get(tuple(s.nslc.sensor)) != s.samples.dtype.kind:
            out.append(s)
    names = {"i": "integer", "f": "floating-point"}
    for (nslc, kind), have in sorted(spans.items()):
        if worse.get(tuple(nslc.sensor)) == kind:
            other = "f" if kind == "i" else "i"
            text = f"{names[kind]} samples beside {names[other]} ones of the same time, the latter used (longer, or counts)"
            whole = Span(min(x.start_ns for x in have), max(x.end_ns for x in have))
            findings.append(Finding(kind="duplicate", subject=str(nslc), message=text, span=whole))
    return out


def condition(segments: Sequence[Segment], span: Span) -> tuple[tuple[Segment, ...], tuple[Finding, ...]]:
    """Usable segments within `span`, by channel and time, and what was masked, merged, refused or flagged.

    Any order and any number of channels. The samples of the result are those that came, bit for bit; clipped ones
    are among them (see `clipped_mask`).
    """
    findings: list[Finding] = []
    clean: list[Segment] = []
    segments = _one_kind(segments, findings)
    for nslc in sorted({s.nslc for s in segments}):
        mine = _refuse(_cut([s for s in segments if s.nslc == nslc], span), findings)
        lanes: list[list[Segment]] = []
        end = 0
        for s in mine:
            if not lanes or s.start_ns > end + MANY_HOURS_NS:
                if lanes:
                    findings.append(
                        Finding(
                            kind="gap", subject=str(nslc), message="no samples", span=Span(end, s.start_ns)
                        )
                    )
                lanes.append([])
                end = s.end_ns
            lanes[-1].append(s)
            end = max(end, s.end_ns)
        for group in lanes:
            lane = _Lane(group, ratio(group[0].sample_rate_hz))
            _judge(lane)
            findings += _report(lane, str(nslc))
            for lo, hi in _runs(lane.state == 0):
                clean.append(
                    Segment(
                        nslc=nslc,
                        start_ns=lane.time_ns(lane.first + lo),
                        sample_rate_hz=group[0].sample_rate_hz,
                        samples=lane.samples[lo:hi],
                    )
                )
    return tuple(clean), tuple(findings)
