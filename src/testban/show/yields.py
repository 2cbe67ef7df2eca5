"""A yield in words, in both languages: the interval first, and what it rests on.

Rules: no number without its interval, no interval without its hypothesis.
"""

from testban.base.errors import InputError
from testban.base.records import Event, Verdict
from testban.base.yields import Yield, YieldInterval
from testban.identify import yields as room
from testban.identify.yield_depth import YieldDepth
from testban.show.texts import Both, comma, finite, foreign, hertz, joined, num, sig, t


def _kt(value: float) -> Both:
    return comma(sig(value, 2))


def interval(row: YieldInterval) -> Both:
    """One hypothesis in a sentence."""
    level = num(100.0 * row.level, 0)
    if row.decoupling == 1.0:
        who = t("If it was a tamped explosion")
    else:
        who = t("If it was decoupled by a factor of {f}", f=num(row.decoupling, 0))
    if row.low_kt is None or row.median_kt is None:
        said = t("{who}: at most {high} kt ({level} %).", who=who, high=_kt(row.high_kt), level=level)
    else:
        said = t(
            "{who}: {low} to {high} kt ({level} % interval, middle {mid} kt).",
            who=who, low=_kt(row.low_kt), high=_kt(row.high_kt), mid=_kt(row.median_kt), level=level,
        )  # fmt: skip
    if row.edge and row.low_kt is not None:
        return joined([said, t("The interval leans on the end of the prior range.")])
    return said


def lines(found: Yield) -> list[Both]:
    """The whole answer, a sentence a line; assumptions are translated by `reasons`."""
    head = t(
        "Magnitude {scale} {mb} ± {s}; with relation, site and depth ± {total}; relation {law}, site {site}.",
        scale=found.scale, mb=num(found.mb, 2), s=num(found.mb_sigma, 2), total=num(found.sigma, 2),
        law=found.relation, site=t("anywhere") if found.site == "anywhere" else found.site,
    )  # fmt: skip
    out = [head, *(interval(r) for r in found.intervals)]
    if not found.confirmed:
        out.append(t("The constants of the relation were not confirmed in the source."))
    return out


def together(found: YieldDepth) -> list[Both]:
    """Yield and depth from spectra over a master, and what the spectra alone say."""
    (a, y, b), (c, h, d), (e, _, f) = found.yield_kt, found.depth_m, found.spectra_alone_kt
    steps = "; ".join(
        f"{s.band_hz[0]:g}–{s.band_hz[1]:g} Hz {s.log10_ratio:+.2f} ± {s.sigma:.2f} ({s.n})"
        for s in found.steps
    )
    told = Both(steps, hertz(steps).ru.replace(".", ","))
    return [
        t("With spectra over those of the master, if it was a tamped explosion: {low} to {high} kt ({level} % interval, middle {mid} kt), at {top} to {bottom} m (middle {depth} m).",
          low=_kt(a), high=_kt(b), mid=_kt(y), level=num(100.0 * found.level, 0), top=_kt(c), bottom=_kt(d), depth=_kt(h)),
        *([t("The interval leans on the end of the prior range.")] if found.edge else []),
        t("The spectra alone: {low} to {high} kt; yield and depth are correlated by {r}.", low=_kt(e), high=_kt(f), r=num(found.correlation, 2)),
        t("log10 of P over that of the master (stations): {steps}.", steps=told),
        t("The exponents of the source model are not confirmed in the source."),
    ]  # fmt: skip


def of_event(event: Event) -> list[Both]:
    """For the report: the yield of an explosion-like event with a measured mb, by the default relation; else nothing."""
    if event.assessment is None or event.assessment.verdict is not Verdict.EXPLOSION:
        return []
    usable = [
        m
        for m in event.magnitudes
        if m.kind in room.SCALES and not m.bound and finite(m.value) and finite(m.sigma)
    ]
    try:
        found = room.estimate(usable)
    except InputError as exc:
        return (
            [t("No yield is given."), foreign(str(exc))]
            if usable
            else [
                t(
                    "No yield is given: it needs mb, measured beyond 20 degrees, and is not made from other magnitudes."
                )
            ]
        )
    return lines(found)
