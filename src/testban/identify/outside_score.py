"""A score of another program, a trained classifier say, as one more calibrated p-value; never the judge.

Rules: optional. What the number means is learnt only from its own values for events of known class: the p-values are conformal,
(1 + #at least as extreme) / (1 + n) (Vovk, Gammerman & Shafer 2005), valid whatever the classifier, if the calibration events
were kept from its training and are like this one. A p-value becomes a ratio through e = p^(-1/2) / 2, whose mean under its
hypothesis is at most 1 (Vovk & Wang 2021, Ann. Stat. 49, 1736), so few events to calibrate on say little. Capped below the verdict.
"""

import bisect
import math

from testban.base.dmath import log10_
from testban.base.records import Evidence
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "score of another program"
CAP = 0.8  # never the judge
LEAST = 10


def conformal(
    value: float, explosions: tuple[float, ...], earthquakes: tuple[float, ...]
) -> tuple[float, float]:
    """Conformal p-values of a score: as low among explosions, as high among earthquakes. Both sorted upwards."""
    low = bisect.bisect_right(explosions, value)
    high = len(earthquakes) - bisect.bisect_left(earthquakes, value)
    return (1.0 + low) / (1.0 + len(explosions)), (1.0 + high) / (1.0 + len(earthquakes))


def log10_e(p: float) -> float:
    """log10 of the e-value of a p-value."""
    return log10_(0.5) - 0.5 * log10_(p)


@register(NAME, given=lambda q: q.beside.score is not None)
def outside_score(inquiry: Inquiry) -> Evidence:
    """Evidence of a score; value is the score."""
    given = inquiry.beside.score
    if given is None or not math.isfinite(given.value):
        return not_applicable(NAME, "the score is no number")
    x, q = tuple(sorted(given.explosions)), tuple(sorted(given.earthquakes))
    if min(len(x), len(q)) < LEAST:
        return not_applicable(
            NAME, f"{len(x)} explosions and {len(q)} earthquakes to calibrate the score on, {LEAST} of each are needed"
        )  # fmt: skip
    p_x, p_q = conformal(given.value, x, q)
    ratio = max(-CAP, min(CAP, max(0.0, log10_e(p_q)) - max(0.0, log10_e(p_x))))
    return Evidence(
        name=NAME,
        applicable=True,
        value=given.value,
        unit="score",
        p_explosion=p_x,
        p_earthquake=p_q,
        log10_lr=ratio,
        reason=(
            f"the score {given.value:.3g} is as low in {p_x:.2f} of {len(x)} explosions and as high in {p_q:.2f} of {len(q)} earthquakes "
            "that it was calibrated on; one more p-value, never the judge"
        ),
        detail={"source": given.source, "n_explosions": float(len(x)), "n_earthquakes": float(len(q)), "screens": "no"},
    )  # fmt: skip
