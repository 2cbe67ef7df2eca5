"""All evidence together: a likelihood ratio, a verdict at stated error rates, and a probability with its prior.

Rules: log-likelihood ratios of applicable discriminants are added and divided by 1 + (n - 1) rho, the exact factor
for n equally strong normal discriminants with mutual correlation rho, n being the effective number
(sum |l|)^2 / sum l^2, so that a weak second voice takes nothing from a strong first; missing evidence is left out,
never filled in. The verdict follows from the ratio alone: "explosion-like" from 1 / false_alarm on,
"earthquake-like" down to `miss`, "undetermined" between. By Markov's inequality P(LR >= 1/a | earthquake) <= a: the
rates hold as far as the densities do. The prior changes the probability and nothing else. Where the event lies
is not looked at. A second layer (`ecm`) of transformed tail probabilities and regularised discrimination gives the
odds of three classes; it may take a verdict back, never make one. Evidence marked as not deciding (`detail["decides"] == "no"`: P/S of one
path) counts in the odds; a verdict must be reached with and without it.
"""

from collections.abc import Sequence

from testban.base.beside import Beside
from testban.base.dmath import exp10_, log10_
from testban.base.errors import ConfigurationError
from testban.base.measurements import PathMeasurement
from testban.base.records import Assessment, Event, Evidence, Pick, Verdict
from testban.base.verdicts import ClassOdds
from testban.identify import ecm
from testban.identify.registry import Inquiry, Settings, evaluate
from testban.identify.screening import screen

DEFAULT = Settings()
NOTHING = Beside()
MARGIN = 1e-6
EVEN = 1.25  # a factor below this speaks for neither
DOUBT = 0.5  # log10 by which the second layer must favour another class to take a verdict back
ATYPICAL = 0.001  # share of a class beyond which an event does not belong to it
DECIDES = 0.3  # a log10 ratio below this is not named as a reason for the verdict


def combine(ratios: Sequence[float], dependence: float) -> float:
    """Summed log10 likelihood ratio with allowance for dependence; 0 with none."""
    total, weight = 0.0, 0.0
    for r in ratios:
        total += abs(r)
        weight += r * r
    if weight == 0.0:
        return 0.0
    n = total * total / weight
    return sum(ratios) / (1.0 + (n - 1.0) * dependence)


def _check(settings: Settings) -> None:
    for name in ("prior", "false_alarm", "miss"):
        value = getattr(settings, name)
        if not 0.0 < value < 1.0:
            raise ConfigurationError(f"expected {name} between 0 and 1, got {value}: choose one inside")
    if not 0.0 <= settings.prior_other < 1.0 - settings.prior:
        raise ConfigurationError(
            f"expected prior_other of 0 or more and below 1 - prior, got {settings.prior_other}: choose one inside"
        )
    if not 0.0 <= settings.dependence <= 1.0 or settings.least_paths < 2:
        raise ConfigurationError(
            f"expected dependence in 0..1 and least_paths of 2 or more, got {settings.dependence} and "
            f"{settings.least_paths}: one path never decides"
        )


def probability(log10_lr: float, prior: float) -> float:
    """Posterior probability of an explosion from a log10 likelihood ratio and a prior."""
    odds = prior / (1.0 - prior) * exp10_(log10_lr)
    return odds / (1.0 + odds)


def _verdict(ratio: float, settings: Settings) -> Verdict:
    if ratio >= -log10_(settings.false_alarm):
        return Verdict.EXPLOSION
    if ratio <= log10_(settings.miss):
        return Verdict.EARTHQUAKE
    return Verdict.UNDETERMINED


def _reached(ratio: float, evidence: Sequence[Evidence], settings: Settings) -> tuple[Verdict, str]:
    """The verdict that the ratio reaches, also without evidence that never decides; and the words where that makes the difference."""
    weighed = [e for e in evidence if e.applicable and e.log10_lr is not None]
    lone = [e.name for e in weighed if e.detail.get("decides") == "no"]
    verdict = _verdict(ratio, settings)
    rest = combine([e.log10_lr or 0.0 for e in weighed if e.name not in lone], settings.dependence)
    if not lone or verdict is _verdict(rest, settings):
        return verdict, ""
    return Verdict.UNDETERMINED, f"{', '.join(lone)} rests on too few paths to decide, though it counts; "


def away(ratio: float | None, settings: Settings = DEFAULT) -> tuple[float | None, float | None]:
    """How far (log10) a ratio is below "explosion-like" and above "earthquake-like"; negative beyond, None without a ratio."""
    if ratio is None:
        return None, None
    return -log10_(settings.false_alarm) - ratio, ratio - log10_(settings.miss)


def in_words(ratio: float) -> str:
    """A log10 likelihood ratio as people say it, rounded, but never up to ten: none short of that limit seems to reach it."""
    factor = exp10_(min(abs(ratio), 9.0))
    if factor < EVEN:
        return "about as likely from an explosion as from an earthquake"
    side = ("an earthquake", "an explosion")[ratio > 0]
    if factor < 10.0:
        return f"about {min(99, int(factor * 10.0 + 0.5)) / 10.0:g} times likelier from {side}"
    step = 10 ** (len(str(int(factor))) - 2)
    return f"about {int(factor / step + 0.5) * step} times likelier from {side}"


def _reason(verdict: Verdict, ratio: float, evidence: Sequence[Evidence], settings: Settings) -> str:
    sign = 1.0 if ratio > 0 else -1.0
    voices = [
        e.name for e in evidence if e.applicable and e.log10_lr is not None and e.log10_lr * sign >= DECIDES
    ]
    if verdict is Verdict.UNDETERMINED:
        start = f"the evidence at hand ({', '.join(voices) or 'none of weight'}) is {in_words(ratio)}, which is not enough to decide"
    else:
        start = f"{verdict.value} by {', '.join(voices)}: the evidence is {in_words(ratio)},"
    return (
        f"{start} at error rates of {settings.false_alarm:.0%} (an earthquake called explosion-like) and "
        f"{settings.miss:.0%} (an explosion called earthquake-like); where the event lies was not looked at, "
        f"and 'explosion-like' does not say nuclear"
    )


def assess(
    event: Event,
    paths: Sequence[PathMeasurement],
    picks: Sequence[Pick],
    settings: Settings = DEFAULT,
    beside: Beside = NOTHING,
) -> Assessment:
    """Assess one event from its paths (any order), magnitudes, depth and first motions, and what stands beside the recordings.

    Raises ConfigurationError for settings without meaning. log10_lr is None where no discriminant applied.
    """
    _check(settings)
    ordered = tuple(sorted(paths, key=lambda p: p.station_key))
    evidence = evaluate(
        Inquiry(event=event, paths=ordered, picks=tuple(picks), settings=settings, beside=beside)
    )
    return judge(evidence, settings, _mb(event))


def _mb(event: Event) -> float | None:
    return next((m.value for m in event.magnitudes if m.kind == "mb" and not m.bound), None)


def judge(evidence: Sequence[Evidence], settings: Settings = DEFAULT, mb: float | None = None) -> Assessment:
    """The assessment that follows from evidence at hand; `assess` without the measuring. mb: for the screening."""
    _check(settings)
    evidence = tuple(evidence)
    ratios = [e.log10_lr for e in evidence if e.applicable and e.log10_lr is not None]
    if not ratios:
        return Assessment(
            verdict=Verdict.UNDETERMINED,
            log10_lr=None,
            prior=settings.prior,
            probability_explosion=settings.prior,
            evidence=evidence,
            reason="no discriminant applies: " + "; ".join(f"{e.name}: {e.reason}" for e in evidence),
            screening=screen(evidence, Verdict.UNDETERMINED, mb),
        )
    ratio = combine(ratios, settings.dependence)
    verdict, lone = _reached(ratio, evidence, settings)
    reason = lone + _reason(verdict, ratio, evidence, settings)
    classes = ecm.classes(evidence, settings)
    doubt = _doubt(verdict, classes)
    if doubt:
        verdict, reason = Verdict.UNDETERMINED, f"{doubt}; {reason}"
    edges = (-log10_(settings.false_alarm), log10_(settings.miss))
    return Assessment(
        verdict=verdict,
        log10_lr=ratio,
        prior=settings.prior,
        probability_explosion=probability(ratio, settings.prior),
        evidence=evidence,
        reason=reason,
        margin=any(abs(ratio - e) < MARGIN for e in edges),
        classes=classes,
        screening=screen(evidence, verdict, mb),
    )


def _doubt(verdict: Verdict, classes: Sequence[ClassOdds]) -> str:
    """Why the second layer does not let a verdict stand, or nothing."""
    if not classes or verdict is Verdict.UNDETERMINED:
        return ""
    if all(c.typical < ATYPICAL for c in classes):
        return "the evidence together is like no class of source known here"
    explosion = next(c for c in classes if c.name == ecm.EXPLOSION)
    best = max(classes, key=lambda c: c.log10_support)
    if verdict is Verdict.EXPLOSION and explosion.log10_support <= -DOUBT:
        return f"taken together the evidence is nearer to the class {best.name} than to explosions"
    if verdict is Verdict.EARTHQUAKE and all(
        c.log10_support <= -DOUBT for c in classes if c.name != ecm.EXPLOSION
    ):
        return "taken together the evidence is nearer to explosions than to earthquakes"
    return ""
