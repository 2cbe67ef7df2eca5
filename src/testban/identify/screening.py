"""Screening as the treaty bodies do it, beside the verdict: what may be put aside as natural, and by which criterion.

Rules: "screened out" follows from the hypothesis of an explosion alone and only on strong evidence; depth beyond 10 km
at 1.96 sigma (free or by phases, never fixed), or Ms above mb - 0.64 at 1.96 sigma (Selby et al. 2012), both [practice,
unconfirmed]; mb below 3.5 is not considered. Catalogues hold explosions that mb:Ms alone puts aside, so the combined
layer asks for more: a tail probability under the explosions as they are, heavy tails included, below 1 in 100
after a Bonferroni correction, and a verdict of earthquake-like. Discriminants of no weight of their own (the shape of the spectrum, a
score of another program) never screen.
"""

from collections.abc import Sequence

from testban.base.records import Evidence, Verdict
from testban.base.verdicts import Screening

LEAST_MB = 3.5
COMBINED_P = 0.01


def screen(evidence: Sequence[Evidence], verdict: Verdict, mb: float | None) -> Screening:
    """Categories of one event from its evidence."""
    criteria = tuple(
        (e.name, str(e.detail["screened"]) if e.applicable else "not available")
        for e in evidence
        if not e.applicable or "screened" in e.detail
        if e.name in ("depth", "mb:Ms")
    )
    words = [w for _, w in criteria]
    if mb is not None and mb < LEAST_MB:
        category, why = "not considered", f"mb {mb:.1f} is below {LEAST_MB:g}"
    elif "yes" in words:
        names = ", ".join(n for n, w in criteria if w == "yes")
        category, why = "screened out", f"by {names} at 1.96 standard errors, model error included"
    elif "no" in words:
        category, why = "not screened out", "no criterion at hand is strong enough"
    else:
        category, why = "insufficient data", "neither a free depth nor mb and Ms are at hand"
    tails = [
        e.p_explosion
        for e in evidence
        if e.applicable and e.p_explosion is not None and e.detail.get("screens") != "no"
    ]
    p = min(1.0, min(tails) * len(tails)) if tails else None
    return Screening(
        category=category,
        criteria=criteria,
        combined=p is not None and p < COMBINED_P and verdict is Verdict.EARTHQUAKE,
        p_explosion=p,
        threshold=COMBINED_P,
        reason=why,
    )
