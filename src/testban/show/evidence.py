"""What each discriminant is, what its reasons mean in both languages, and what would change its word.

Rules: a reason that no pattern knows is shown as it came, marked as English, never dropped or paraphrased; what an
unknown discriminant is, is left unsaid. Weights are decimal logarithms of likelihood ratios, positive for an
explosion.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from testban.base.records import Assessment, Evidence, Verdict
from testban.show import changes, plots, populations, ratios
from testban.show.reasons import reason
from testban.show.texts import N_, Both, comma, finite, fixed, foreign, joined, num, russian_times, sig, t

VERDICTS = {
    Verdict.EXPLOSION: N_("explosion-like"),
    Verdict.EARTHQUAKE: N_("earthquake-like"),
    Verdict.UNDETERMINED: N_("undetermined"),
}
VERDICT_CLASS = {Verdict.EXPLOSION: "vx", Verdict.EARTHQUAKE: "vq", Verdict.UNDETERMINED: "vu"}

THIN = "\u202f"


class Kind(NamedTuple):
    """A family of discriminants: how its name is recognised, its title, its idea, what would change its word."""

    pattern: str
    title: str
    idea: str
    change: str


KINDS = (
    Kind(
        r"p\s*/\s*[sl]|p_?over_?s|\bps\b|p_s\b|ps_|p/lg|pn/lg|pg/lg",
        N_("P/S amplitude ratio"),
        N_("An explosion radiates little shear: at high frequency its P is strong beside S and Lg."),
        N_("More good paths, above all of other azimuths, or an earthquake recorded on the same paths."),
    ),
    Kind(
        r"mb.{0,3}ms|ms.{0,3}mb|surface.?wave",
        N_("Body-wave against surface-wave magnitude (mb:Ms)"),
        N_("A shallow earthquake of the same mb makes larger surface waves than an explosion."),
        N_(
            "A surface wave measured where now only noise bounds it, or long-period records of more stations."
        ),
    ),
    Kind(
        r"first.?motion|polarit",
        N_("First motion"),
        N_(
            "An explosion pushes outward in every direction; several clear dilatations speak against it, one may be a reversed channel."
        ),
        N_(
            "Clear first motions at more stations whose polarity was checked: of confident readings of known explosions four in ten were wrong."
        ),
    ),
    Kind(
        r"depth|\bpp\b|\bsp\b",
        N_("Depth"),
        N_("Nobody drills deeper than about ten kilometres; a resolved greater depth excludes an explosion."),
        N_("A depth phase (pP, sP), or a station about as near as the source is deep."),
    ),
    Kind(
        r"spectral|corner",
        N_("Spectral slope and corner of P"),
        N_(
            "A source of another kind may have another corner frequency; size and path move it at least as much."
        ),
        N_("Records with higher frequencies, and events of known class and like size on the same paths."),
    ),
    Kind(
        r"complexity",
        N_("Complexity of the teleseismic record"),
        N_("A simple source leaves a short pulse and a small coda; many earthquakes do too."),
        N_("Earthquakes recorded at the same distances, to compare with."),
    ),
    Kind(
        r"repeat",
        N_("Repeat of a known source"),
        N_("The same place and mechanism write the same waveform."),
        N_("A template whose class is known, or a measured distance from it."),
    ),
    Kind(
        r"moment tensor",
        N_("Source type of the moment tensor"),
        N_("An explosion is isotropic; an earthquake is near a double couple."),
        N_("A moment tensor with its covariance, or a narrower one."),
    ),
    Kind(
        r"sea",
        N_("Sea or land"),
        N_("An explosion in deep water is heard by hydrophones across an ocean."),
        N_("A grid of water depths and the records of hydroacoustic stations."),
    ),
    Kind(
        r"score",
        N_("Score of another program"),
        N_(
            "A trained classifier may see what no formula holds; what its number means is learnt from its own past."
        ),
        N_("More events of known class for its calibration."),
    ),
)
UNKNOWN = Kind(
    "", "", "", N_("More stations with this measurement, or a reference population nearer to these paths.")
)


def kind_of(name: str) -> Kind:
    """The family of a discriminant by its name."""
    low = name.lower()
    return next((k for k in KINDS if re.search(k.pattern, low)), UNKNOWN)


def times_likelier(log10_lr: float | None) -> Both:
    """A weight in words."""
    if log10_lr is None or not finite(log10_lr):
        return t("not measured")
    ratio = 10.0 ** min(9.0, abs(log10_lr))
    if ratio < 1.25:
        return t("speaks for neither")
    n = _digits(ratio)
    shown = comma(n)
    times = Both("times", russian_times(n.replace(THIN, "")))
    if log10_lr > 0:
        return t("{n} {times} likelier from an explosion", n=shown, times=times)
    return t("{n} {times} likelier from an earthquake", n=shown, times=times)


def _digits(ratio: float) -> str:
    """A factor as people say it: one decimal below ten unless it is whole, then two significant digits."""
    if ratio >= 9.95:
        return sig_int(ratio)
    return f"{ratio:.0f}" if abs(ratio - round(ratio)) < 0.05 else f"{ratio:.1f}"


def factor(log10_ratio: float) -> Both:
    """A shift of the odds as a number; the Russian carries its noun."""
    n = _digits(10.0 ** min(9.0, abs(log10_ratio)))
    return Both(n, f"{comma(n).ru} {russian_times(n.replace(THIN, ''))}")


def sig_int(value: float) -> str:
    """A large ratio with two significant digits and thin spaces."""
    digits = len(str(int(value)))
    rounded = round(value, -(digits - 2)) if digits > 2 else round(value)
    return f"{int(rounded):,}".replace(",", THIN)


class Card(NamedTuple):
    """One evidence as the page shows it."""

    name: str
    title: Both
    idea: Both
    applicable: bool
    value: str
    unit: Both
    tails: Both | None
    reason: Both
    log10_lr: str
    words: Both
    change: Both
    balance: Markup
    populations: Markup
    parts: Markup
    details: list[tuple[str, str]]


def card(e: Evidence) -> Card:
    """A card for one evidence."""
    kind = kind_of(e.name)
    value = fixed_sigma(e.value, e.sigma)
    tails = None
    if finite(e.p_explosion) and finite(e.p_earthquake):
        tails = t(
            "As extreme or more: {a} of explosions, {b} of earthquakes.",
            a=share(e.p_explosion),
            b=share(e.p_earthquake),
        )
    details = [
        (str(k), sig(float(v), 4) if isinstance(v, (int, float)) else str(v))
        for k, v in sorted(e.detail.items(), key=lambda kv: str(kv[0]))
    ]
    return Card(
        name=e.name,
        title=t(kind.title) if kind.title else Both(e.name, e.name),
        idea=t(kind.idea) if kind.idea else Both("", ""),
        applicable=e.applicable,
        value=value,
        unit=unit_text(e.unit),
        tails=tails,
        reason=reason(e.reason),
        log10_lr=fixed(e.log10_lr, 2, sign=True),
        words=times_likelier(e.log10_lr) if e.applicable else t("does not apply here"),
        change=changes.of(e, kind.change),
        balance=plots.balance(e.log10_lr if e.applicable else None),
        populations=populations.picture(e) if e.applicable else Markup(""),
        parts=ratios.picture(e.parts),
        details=details,
    )


UNITS = (
    N_("km"),
    N_("log10 P/S from the middle between the classes"),
    N_("magnitude above Ms = mb - 0.64"),
    N_("share of compressions"),
    N_("d log10 amplitude / d log10 frequency"),
    N_("log10 energy of the coda over that of P"),
    N_("statistic over threshold"),
    N_("km from the coast"),
    N_("degrees of latitude on the lune"),
    N_("score"),
)


def unit_text(unit: str) -> Both:
    """A unit in both languages where it is known."""
    return t(unit) if unit in UNITS else foreign(unit) if " " in unit else Both(unit, unit)


def fixed_sigma(value: float | None, sigma: float | None) -> str:
    """A value with its error, both with the decimals that the error carries."""
    if value is None or not finite(value):
        return ""
    if sigma is None or not finite(sigma) or sigma <= 0:
        return sig(value, 3)
    decimals = 2 if sigma < 1 else 1 if sigma < 10 else 0
    return f"{fixed(value, decimals)} ± {fixed(sigma, decimals)}"


def share(p: float | None) -> Both:
    """A tail probability as a percentage that never rounds to nothing."""
    if p is None or not finite(p):
        return Both("–", "–")
    if p < 0.001:
        return Both("< 0.1%", "< 0,1\u00a0%")
    decimals = 1 if p < 0.1 else 0
    n = num(100 * p, decimals)
    return Both(f"{n.en}%", f"{n.ru}\u00a0%")


def probability(p: float | None) -> Both:
    """A probability for people: never 0 or 1."""
    if p is None or not finite(p):
        return Both("–", "–")
    if p > 0.9995:
        return Both("> 99.9%", "> 99,9\u00a0%")
    return (
        share(p)
        if p < 0.1 or (p > 0.9 and p < 0.99) or 0.1 <= p <= 0.9
        else Both(f"{100 * p:.1f}%", f"{100 * p:.1f}\u00a0%".replace(".", ","))
    )


def without_strongest(a: Assessment) -> Both | None:
    """What the rest says when the strongest evidence is left out (weights added)."""
    have = [e for e in a.evidence if e.applicable and finite(e.log10_lr)]
    if len(have) < 2:
        return None
    strongest = max(have, key=lambda e: abs(e.log10_lr or 0.0))
    rest = sum(e.log10_lr or 0.0 for e in have if e is not strongest)
    kind = kind_of(strongest.name)
    return t(
        "The strongest single evidence is: {name} ({a}). Without it the others add up to {b}.",
        name=t(kind.title) if kind.title else strongest.name,
        a=num(strongest.log10_lr, 2, sign=True),
        b=num(rest, 2, sign=True),
    )


def what_would_change(a: Assessment) -> list[Both]:
    """Sentences on what would change the verdict as a whole."""
    out: list[Both] = []
    rest = without_strongest(a)
    if rest:
        out.append(rest)
    silent = list(dict.fromkeys(kind_of(e.name).title for e in a.evidence if not e.applicable))
    names = [t(title) for title in silent if title]
    if names:
        out.append(t("Not available here: {names}.", names=joined(names, "; ")))
    if a.margin:
        out.append(t("A deciding value lies within a millionth of its threshold."))
    return out


def cards(evidence: Sequence[Evidence]) -> list[Card]:
    """Cards, those that apply and weigh most first."""
    order = sorted(
        range(len(evidence)),
        key=lambda i: (
            not evidence[i].applicable,
            -abs(evidence[i].log10_lr or 0.0) if finite(evidence[i].log10_lr) else 0.0,
            i,
        ),
    )
    return [card(evidence[i]) for i in order]
