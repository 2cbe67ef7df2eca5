"""What would change the word of one evidence: values on the axis of its populations, what was not measured, and what to look for.

Rules: the values follow from the densities that the evidence rests on (Student t4), as in `populations`; "alone" means without any other evidence, at
the stated odds of ten to one. Nothing is said of a value where the populations overlap so far that no value decides.
"""

from testban.base.records import Evidence
from testban.identify import pairs, phases
from testban.identify.densities import density, log10_ratio
from testban.show import populations
from testban.show.texts import Both, finite, num, t

DECIDES = 1.0  # log10 of the odds at which one evidence alone gives a verdict
STEPS = 400
CAP = 1.5


def of(e: Evidence, wanted: str) -> Both:
    """All sentences. wanted: what to look for, by the kind of evidence."""
    said = [*_values(e), *_missing(e), t(wanted)]
    return Both(" ".join(x.en for x in said), " ".join(x.ru for x in said))


def _values(e: Evidence) -> list[Both]:
    if e.detail.get("decides") == "no":
        return [t("One good path more would let it decide.")]
    keys = populations.keys(e)
    if not keys or e.value is None or not finite(e.value) or not finite(e.log10_lr) or not e.log10_lr:
        return []
    m1, s1, m2, s2 = keys
    even = (m1 * s2 + m2 * s1) / (s1 + s2)
    edge = _edge(keys, even, explosion=e.log10_lr > 0)
    now, at = num(e.value, 2), num(even, 2)
    if edge is None:
        return [t("A value beyond about {even} (now {value}) would turn it.", even=at, value=now)]
    values = {"edge": num(edge, 2), "even": at, "value": now}
    if abs(e.log10_lr) >= DECIDES:
        return [
            t("It decides alone up to a value of about {edge} (now {value}); beyond {even} it would turn.", **values)
        ]  # fmt: skip
    return [t("It would decide alone from a value of about {edge} on (now {value}); beyond {even} it would turn.", **values)]  # fmt: skip


def _edge(keys: tuple[float, float, float, float], even: float, *, explosion: bool) -> float | None:
    """The first value from the even point towards a class mean at which the ratio reaches ten to one; None if none does."""
    m1, s1, m2, s2 = keys
    end = m1 if explosion else m2
    for i in range(STEPS + 1):
        v = even + (end - even) * i / STEPS
        if abs(log10_ratio(density(v, m1, s1), density(v, m2, s2), CAP)) >= DECIDES:
            return v
    return None


def _missing(e: Evidence) -> list[Both]:
    """Pairs of phases that no station showed, and the highest band where it is missing."""
    if not e.parts:
        return []
    have = {p.name.partition(" ")[0] for p in e.parts}
    bands = {p.name.partition(" ")[2] for p in e.parts}
    gone = [name for name in pairs.NAMES if name not in have]
    out = [t("No station shows {names}.", names=", ".join(gone))] if gone else []
    low, high = phases.BANDS[-1]
    if f"{low:g}-{high:g} Hz" not in bands:
        out.append(
            t("{low}–{high} Hz is missing: it takes records of {rate} samples a second.", low=f"{low:g}", high=f"{high:g}", rate=40)
        )  # fmt: skip
    return out
