"""A verdict in words, in both languages: why, how sure before and after the prior, and what would change it.

Rules: a probability stands with its prior; what was not measured is said; screening stands beside the verdict, not for it.
"""

from collections.abc import Sequence

from testban.base.records import Assessment, Evidence, Verdict
from testban.base.verdicts import Screening
from testban.show.evidence import (
    VERDICTS,
    card,
    factor,
    kind_of,
    probability,
    times_likelier,
    what_would_change,
)
from testban.show.texts import N_, Both, finite, joined, num, t

CLASSES = {
    "explosion": N_("an explosion"),
    "earthquake": N_("an earthquake"),
    "collapse or other": N_("a collapse or another source"),
}
CATEGORIES = {
    "screened out": N_("screened out as natural"),
    "not screened out": N_("not screened out"),
    "insufficient data": N_("insufficient data"),
    "not considered": N_("not considered (too small)"),
}


def title_of(name: str) -> Both:
    """The name of a discriminant for people."""
    kind = kind_of(name)
    return t(kind.title) if kind.title else Both(name, name)


def odds(a: Assessment) -> list[Both]:
    """The verdict, the odds before the prior and after it, the classes."""
    out = [t("Verdict: {verdict}.", verdict=t(VERDICTS[a.verdict]))]
    if finite(a.log10_lr):
        out.append(
            t(
                "Before the prior the evidence is {words} (log10 {lr}); with a prior of {prior} the probability of an explosion is {p}.",
                words=times_likelier(a.log10_lr), lr=num(a.log10_lr, 2, sign=True),
                prior=probability(a.prior), p=probability(a.probability_explosion),
            )
        )  # fmt: skip
    return out + classes(a)


def classes(a: Assessment) -> list[Both]:
    """The odds of the classes by the second layer, each with its prior; nothing where no discriminant applied."""
    if not a.classes:
        return []
    rows = [
        t(
            "{name}: {p} (prior {prior}, support {s})",
            name=t(CLASSES[c.name]) if c.name in CLASSES else c.name,
            p=probability(c.probability), prior=probability(c.prior), s=num(c.log10_support, 2, sign=True),
        )
        for c in a.classes
    ]  # fmt: skip
    return [t("Second layer, all evidence as tail probabilities: {rows}.", rows=joined(rows, "; "))]


def screening(s: Screening | None) -> list[Both]:
    """Screening as the treaty bodies do it."""
    if s is None:
        return []
    word = t(CATEGORIES[s.category]) if s.category in CATEGORIES else Both(s.category, s.category)
    marks = {"yes": t("yes"), "no": t("no"), "not available": t("not available")}
    rows = [t("{name}: {word}", name=title_of(n), word=marks.get(w, Both(w, w))) for n, w in s.criteria]
    out = [t("Screening by single criteria: {word} ({rows}).", word=word, rows=joined(rows, "; "))]
    out.append(
        t(
            "All evidence together screens it out as natural: {word}.",
            word=t("yes") if s.combined else t("no"),
        )
    )
    return out


def changes(
    a: Assessment,
    without: Sequence[tuple[str, Verdict]],
    to_explosion: float | None,
    to_earthquake: float | None,
) -> list[Both]:
    """What would change this: how far the thresholds are, which single evidence carries it, what is missing."""
    out: list[Both] = []
    if to_explosion is not None and to_earthquake is not None:
        far = [(t("explosion-like"), to_explosion), (t("earthquake-like"), to_earthquake)]
        out += [
            t(
                "To be {name} the evidence would have to shift by a factor of about {d}.",
                name=name,
                d=factor(d),
            )
            for name, d in far
            if d > 0.0
        ]
    for name, verdict in without:
        if verdict is not a.verdict:
            out.append(
                t(
                    "Without {name} the verdict would be: {verdict}.",
                    name=title_of(name),
                    verdict=t(VERDICTS[verdict]),
                )
            )
    return out + what_would_change(a)


def evidence(e: Evidence) -> Both:
    """One piece of evidence in a line or two: value, weight, reason, what would change its word."""
    c = card(e)
    if not e.applicable:
        return t("{name}: does not apply: {reason}. {change}", name=c.title, reason=c.reason, change=c.change)
    head = t("{name}: {value} {unit}; {words}.", name=c.title, value=c.value, unit=c.unit, words=c.words)
    why = Both(f"{c.reason.en.rstrip('. ')}.", f"{c.reason.ru.rstrip('. ')}.")
    return joined([head, *([c.tails] if c.tails else []), why, c.change])
