"""Repeat of a known source: waveforms that match those of a known event, as the watch (`repeat`) found them.

Rules: optional; only what was handed over. A repeat says "from the same place, by a like mechanism": it speaks for the class of the
known event, as far as that class was told and the place agrees; blasts, collapses and aftershocks repeat tests too, so
the weight is capped below the verdict [assumed]. No repeat says nothing: a new place never repeats.
"""

from testban.base.beside import RepeatEvidence
from testban.base.dmath import log10_
from testban.base.records import Evidence
from testban.identify.registry import Inquiry, not_applicable, register

NAME = "repeat of a known source"
CAP = 0.8  # repeats alone never decide [assumed]
RATE_LARGEST = 1.0  # false alarms a year beyond which a match is no match
FAR_KM = 4.0  # farther than this from the known event it is another source [assumed]
SAME = 10.0  # events of the same class among repeats, to one of another class [assumed: no labelled repeats at hand]


def weight(found: RepeatEvidence) -> float:
    """log10 of how much a repeat speaks for the class of its template, before the sign."""
    if found.false_alarms_per_year is None:
        return 0.0
    sure = 1.0 - min(1.0, found.false_alarms_per_year / RATE_LARGEST)
    return min(CAP, log10_(1.0 + (SAME - 1.0) * sure))


def best(repeats: tuple[RepeatEvidence, ...]) -> RepeatEvidence | None:
    """The repeat whose statistic exceeds its threshold by most; ties by the name of the template."""
    over = [r for r in repeats if r.threshold > 0.0 and r.statistic >= r.threshold]
    return min(over, key=lambda r: (-r.statistic / r.threshold, r.template), default=None)


@register(NAME, given=lambda q: bool(q.beside.repeats))
def repeated(inquiry: Inquiry) -> Evidence:
    """Evidence of a repeat; value is the statistic over its threshold."""
    found = best(inquiry.beside.repeats)
    if found is None:
        return not_applicable(NAME, "no match with a known event exceeds its threshold")
    if found.false_alarms_per_year is None or found.false_alarms_per_year >= RATE_LARGEST:
        return not_applicable(
            NAME,
            f"the match with {found.template} could be chance: its rate of false alarms is not known or too high",
        )
    far, error = found.separation_km, found.separation_sigma_km or 0.0
    if far is not None and far - 1.645 * error > FAR_KM:
        return not_applicable(
            NAME,
            f"the match with {found.template} lies {far:.1f} km from it, farther than {FAR_KM:g} km: another source",
        )
    if found.kind not in ("explosion", "earthquake"):
        return not_applicable(NAME, f"what the known event {found.template} was is not told")
    ratio = weight(found) * (1.0 if found.kind == "explosion" else -1.0)
    return Evidence(
        name=NAME,
        applicable=True,
        value=found.statistic / found.threshold,
        unit="statistic over threshold",
        log10_lr=ratio,
        reason=(
            f"repeats the {found.kind} {found.template}: statistic {found.statistic / found.threshold:.1f} times the threshold, "
            f"{found.false_alarms_per_year:.2g} false alarms a year; never decides alone"
        ),
        detail={
            "template": found.template,
            "source": found.source,
            "n_channels": float(found.n_channels),
            **({} if far is None else {"separation_km": far, "separation_sigma_km": error}),
            **({} if found.relative_magnitude is None else {"relative_magnitude": found.relative_magnitude}),
        },
    )  # fmt: skip
