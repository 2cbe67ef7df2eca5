"""First motion: an explosion pushes outwards everywhere, an earthquake pulls in some directions.

Rules: only polarities of first P picks, read by `detect` from causally filtered data with a confidence; several
impulsive dilatations speak against an explosion, compressions alone say little. Readings are poor: of 125 confident ones on
known underground explosions 51 were dilatations (48 of 112 on a short-period network of 1985-95, 3 of 13 at broadband
stations), so one reading is wrong with at least 35 %, or with what its confidence leaves; a whole network may be wired upside
down (10 % [assumed]). Stations nearer than 0.15 deg to each other are one voice. Under "earthquake" the true share of
compressions over the stations at hand is unknown, Beta(1/2, 1/2), and is misread like the others.
"""

import math

from testban.base.dmath import log10_, sin_
from testban.base.records import Arrival, Evidence, Pick
from testban.identify.densities import log10_ratio
from testban.identify.registry import Inquiry, not_applicable, register
from testban.identify.spread import apart_deg

NAME = "first motion"
LEAST_CONFIDENCE = 0.7
LEAST_READINGS = 3
WRONG_LEAST = 0.35  # reversed channels and misreadings, measured as said above
REVERSED = 0.10  # chance that all channels are upside down [assumed]
ONE_VOICE_DEG = 0.15
FARTHEST_DEG = 95.0
CAP = 0.5  # below the verdict: first motions alone never decide
NODES = 16  # of the share of compressions among earthquakes
FIRST_P = ("P", "Pn", "Pg", "P1")


def readings(arrivals: tuple[Arrival, ...], picks: tuple[Pick, ...]) -> list[tuple[int, float]]:
    """Polarity (+1, -1) of each voice's first P and the chance that it is wrong, in order of station.

    Of stations nearer than 0.15 deg to each other the most confident speaks, the first by name among equals.
    """
    by_id = {p.pick_id: p for p in picks}
    first: dict[str, Arrival] = {}
    for a in arrivals:
        if a.phase in FIRST_P and (a.station_key not in first or a.time_ns < first[a.station_key].time_ns):
            first[a.station_key] = a
    read = []
    for key in sorted(first):
        pick = by_id.get(first[key].pick_id)
        if pick is None or first[key].distance_deg > FARTHEST_DEG:
            continue
        if pick.polarity != 0 and pick.polarity_confidence >= LEAST_CONFIDENCE:
            read.append((first[key], pick.polarity, pick.polarity_confidence))
    out: list[tuple[Arrival, int, float]] = []
    for arrival, sign, confidence in sorted(read, key=lambda r: (-r[2], r[0].station_key)):
        place = (arrival.distance_deg, arrival.azimuth_deg)
        if all(apart_deg(place, (a.distance_deg, a.azimuth_deg)) >= ONE_VOICE_DEG for a, *_ in out):
            out.append((arrival, sign, confidence))
    out.sort(key=lambda r: r[0].station_key)
    return [(sign, max(WRONG_LEAST, 1.0 - confidence)) for _, sign, confidence in out]


def shares() -> list[float]:
    """Shares of compressions at the midpoints of equal parts of Beta(1/2, 1/2)."""
    out = []
    for i in range(NODES):
        s = sin_(0.5 * math.pi * (i + 0.5) / NODES)
        out.append(s * s)
    return out


def likelihoods(read: list[tuple[int, float]]) -> tuple[float, float]:
    """Probability of the readings as they are under explosion and under earthquake."""
    straight = reverse = 1.0
    for sign, wrong in read:
        straight *= 1.0 - wrong if sign > 0 else wrong
        reverse *= wrong if sign > 0 else 1.0 - wrong
    quake = 0.0
    for u in shares():
        p = 1.0
        for sign, wrong in read:
            up = u * (1.0 - wrong) + (1.0 - u) * wrong
            p *= up if sign > 0 else 1.0 - up
        quake += p / NODES
    return (1.0 - REVERSED) * straight + REVERSED * reverse, quake


def _counts(ups: list[float]) -> list[float]:
    """Distribution of the number of compressions from the chance of each."""
    counts = [1.0] + [0.0] * len(ups)
    for up in ups:
        for k in range(len(ups), -1, -1):
            counts[k] = counts[k] * (1.0 - up) + (counts[k - 1] * up if k else 0.0)
    return counts


def distributions(wrong: list[float]) -> tuple[list[float], list[float]]:
    """Distributions of the number of compressions under explosion and under earthquake."""
    straight = _counts([1.0 - w for w in wrong])
    x = [(1.0 - REVERSED) * a + REVERSED * b for a, b in zip(straight, straight[::-1], strict=True)]
    q = [0.0] * len(x)
    for u in shares():
        for k, p in enumerate(_counts([u * (1.0 - w) + (1.0 - u) * w for w in wrong])):
            q[k] += p / NODES
    return x, q


def tails(wrong: list[float], ups: int) -> tuple[float, float]:
    """Chance of as few ups under explosion (each wrong with its own chance), of as many under earthquake."""
    x, q = distributions(wrong)
    return min(1.0, sum(x[: ups + 1])), min(1.0, sum(q[ups:]))


@register(NAME)
def polarity(inquiry: Inquiry) -> Evidence:
    """First-motion evidence; value is the share of compressions."""
    read = readings(inquiry.event.arrivals, tuple(inquiry.picks))
    n, ups = len(read), sum(1 for sign, _ in read if sign > 0)
    if n < LEAST_READINGS:
        return not_applicable(
            NAME, f"{n} first motion(s) read with confidence, at least {LEAST_READINGS} are needed"
        )
    x, q = likelihoods(read)
    below, above = tails([w for _, w in read], ups)
    ratio = log10_ratio(x, q, CAP)
    words = (
        "speaks against an explosion" if ratio < 0 else "is what an explosion gives, and many earthquakes too"
    )
    return Evidence(
        name=NAME,
        applicable=True,
        value=ups / n,
        sigma=math.sqrt(WRONG_LEAST * (1.0 - WRONG_LEAST) / n),
        unit="share of compressions",
        p_explosion=below,
        p_earthquake=above,
        log10_lr=ratio,
        reason=f"{ups} of {n} first motions are compressions: this {words}",
        detail={"n": float(n), "log10_likelihood_explosion": log10_(x)},
    )
