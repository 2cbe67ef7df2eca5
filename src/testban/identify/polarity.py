"""First motion: an explosion pushes outwards everywhere, an earthquake pulls in some directions.

Rules: only polarities of first P picks, read by `detect` from causally filtered data with a confidence; several
impulsive dilatations speak against an explosion, compressions alone say little. A channel may be wired upside
down, so one reading is wrong with at least
15 % [assumed], or with what its confidence leaves. Under "earthquake" the share of compressions over the
stations at hand is unknown: Beta(1/2, 1/2), which allows for neighbours in one quadrant.
"""

import math

from testban.base.dmath import log10_
from testban.base.records import Arrival, Evidence, Pick
from testban.identify.densities import log10_ratio
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "first motion"
LEAST_CONFIDENCE = 0.7
LEAST_READINGS = 3
WRONG_LEAST = 0.15  # reversed channels and misreadings [assumed]
FARTHEST_DEG = 95.0
CAP = 0.8  # below the verdict: first motions alone never decide
FIRST_P = ("P", "Pn", "Pg", "P1")


def readings(arrivals: tuple[Arrival, ...], picks: tuple[Pick, ...]) -> list[tuple[int, float]]:
    """Polarity (+1, -1) of each station's first P and the chance that it is wrong, in order of station."""
    by_id = {p.pick_id: p for p in picks}
    first: dict[str, Arrival] = {}
    for a in arrivals:
        if a.phase in FIRST_P and (a.station_key not in first or a.time_ns < first[a.station_key].time_ns):
            first[a.station_key] = a
    out = []
    for key in sorted(first):
        pick = by_id.get(first[key].pick_id)
        if pick is None or first[key].distance_deg > FARTHEST_DEG:
            continue
        if pick.polarity != 0 and pick.polarity_confidence >= LEAST_CONFIDENCE:
            out.append((pick.polarity, max(WRONG_LEAST, 1.0 - pick.polarity_confidence)))
    return out


def beta_half(ups: int, downs: int) -> float:
    """Probability of one order of ups and downs when the share of ups is Beta(1/2, 1/2)."""
    p = 1.0
    for i in range(ups):
        p *= (0.5 + i) / (1.0 + i)
    for j in range(downs):
        p *= (0.5 + j) / (1.0 + ups + j)
    return p


def tails(wrong: list[float], ups: int) -> tuple[float, float]:
    """Chance of as few ups under explosion (each wrong with its own chance), of as many under earthquake."""
    n = len(wrong)
    counts = [1.0] + [0.0] * n
    for w in wrong:
        for k in range(n, -1, -1):
            counts[k] = counts[k] * w + (counts[k - 1] * (1.0 - w) if k else 0.0)
    above, coefficient = 0.0, 1.0
    for k in range(n + 1):
        if k >= ups:
            above += coefficient * beta_half(k, n - k)
        coefficient = coefficient * (n - k) / (k + 1)
    return min(1.0, sum(counts[: ups + 1])), min(1.0, above)


@register(NAME)
def polarity(inquiry: Inquiry) -> Evidence:
    """First-motion evidence; value is the share of compressions."""
    read = readings(inquiry.event.arrivals, tuple(inquiry.picks))
    n, ups = len(read), sum(1 for sign, _ in read if sign > 0)
    if n < LEAST_READINGS:
        return not_applicable(
            NAME, f"{n} first motion(s) read with confidence, at least {LEAST_READINGS} are needed"
        )
    x = 1.0
    for sign, wrong in read:
        x *= (1.0 - wrong) if sign > 0 else wrong
    below, above = tails([w for _, w in read], ups)
    ratio = log10_ratio(x, beta_half(ups, n - ups), CAP)
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
