"""Reasons of this room are known to the page in both languages."""

from collections.abc import Sequence

import msgspec
import pytest
from test_identify_verdict import event as bare
from test_identify_verdict import magnitude, origin, path

from testban import identify
from testban.base.records import Assessment, Event, Evidence, EvidencePart, Magnitude, Origin, Verdict
from testban.identify.combine import in_words
from testban.show import changes, ratios, reasons, verdicts, yields

FIXED = "fixed at the default: no near station, S-P pairs or depth phases"


def event(o: Origin | None = None, magnitudes: Sequence[Magnitude] = ()) -> Event:
    """The event of the other tests, with a reason of its depth as `locate` gives it."""
    return bare(o=o or msgspec.structs.replace(origin(), depth_reason=FIXED), magnitudes=magnitudes)


def cases() -> list[Assessment]:
    sizes = (magnitude("mb", 5.0), magnitude("Ms", 3.6))
    slip = (magnitude("mb", 5.0), magnitude("Ms", 7.6))
    return [
        identify.assess(event(), [path(i, 0.4) for i in range(4)], ()),
        identify.assess(event(), [path(i, -0.5, blocked=i > 2) for i in range(6)], ()),
        identify.assess(event(magnitudes=sizes), [path(i, 0.4) for i in range(4)], ()),
        identify.assess(event(magnitudes=slip), [], ()),
        identify.assess(
            event(o=origin(depth=60.0, fixed=False, sigma=4.0), magnitudes=sizes),
            [path(i, 0.4) for i in range(4)],
            (),
        ),
        identify.assess(event(), [], ()),
    ]


@pytest.mark.parametrize("a", cases())
def test_every_reason_has_its_russian(a: Assessment) -> None:
    for text in (a.reason, *(e.reason for e in a.evidence)):
        assert not reasons.reason(text).foreign, text
    for line in (
        *verdicts.odds(a),
        *verdicts.screening(a.screening),
        *(verdicts.evidence(e) for e in a.evidence),
    ):
        assert any("а" <= c <= "я" for c in line.ru.lower())
        assert not any("а" <= c <= "я" for c in line.en.lower())


def test_doubts_have_their_russian() -> None:
    for text in (
        "taken together the evidence is nearer to the class collapse or other than to explosions",
        "taken together the evidence is nearer to explosions than to earthquakes",
        "the evidence together is like no class of source known here",
        "calibrated on 3 explosion(s) and 5 earthquake(s) (ps v1)",
    ):
        assert not reasons.reason(text).foreign, text


def test_the_page_gives_a_yield_only_to_explosion_like_events() -> None:
    sizes = (magnitude("mb", 5.0), magnitude("Ms", 3.6))
    for value, sized in ((0.4, sizes), (-0.5, sizes), (0.4, ())):
        e = event(magnitudes=sized)
        a = identify.assess(e, [path(i, value) for i in range(4)], ())
        said = yields.of_event(msgspec.structs.replace(e, assessment=a))
        if a.verdict is not Verdict.EXPLOSION:
            assert said == []
        elif sized:
            assert "kt" in said[1].en
        else:
            assert "No yield" in said[0].en


@pytest.mark.parametrize(
    ("ratio", "en", "ru"),
    [
        (0.05, "about as likely from an explosion as from an earthquake", "примерно одинаково вероятны"),
        (0.9995, "about 9.9 times likelier from an explosion", "примерно в 9,9 раза вероятнее при взрыве"),
        (1.0, "about 10 times likelier from an explosion", "примерно в 10 раз вероятнее при взрыве"),
        (
            -1.35,
            "about 22 times likelier from an earthquake",
            "примерно в 22 раза вероятнее при землетрясении",
        ),
        (2.3, "about 200 times likelier from an explosion", "примерно в 200 раз вероятнее при взрыве"),
    ],
)
def test_the_verdict_says_its_odds_in_words(ratio: float, en: str, ru: str) -> None:
    """No power of ten in the sentence, and no factor short of the limit of 10 that is rounded up to it."""
    assert in_words(ratio) == en
    assert reasons.reason(en).ru.startswith(ru)


OLD = (
    "explosion-like by regional P/S: likelihood ratio 10^+1.19 at error rates of 10% (an earthquake called explosion-like) and 10% "
    "(an explosion called earthquake-like)"
)


def test_odds_of_older_bulletins_are_said_in_words_in_both_languages() -> None:
    got = reasons.reason(OLD)
    assert not got.foreign
    assert "10^" not in got.en + got.ru
    assert "15 times likelier from an explosion" in got.en
    assert "в 15 раз вероятнее при взрыве" in got.ru


def test_numbers_in_russian_reasons_have_a_comma() -> None:
    got = reasons.reason("mb 3.2 is below 3.5, where the relation was not tried")
    assert "3,2" in got.ru
    assert "3.5" not in got.ru
    assert "3.2" in got.en


def evidence(value: float, ratio: float) -> Evidence:
    parts = tuple(
        EvidencePart(
            name=f"{pair} 4-6 Hz", value=value, sigma=0.1, weight=w, n=4, explosion_mean=0.4, earthquake_mean=-0.4,
            scale_explosion=0.25, scale_earthquake=0.25,
        )
        for pair, w in (("Pn/Lg", 1.0), ("Pg/Lg", 0.0))
    )  # fmt: skip
    return Evidence(
        name="regional P/S", applicable=True, value=value, sigma=0.25, log10_lr=ratio, parts=parts,
        detail={"class_mean": 0.5, "scale_explosion": 0.25, "scale_earthquake": 0.25},
    )  # fmt: skip


def test_what_would_change_a_word_is_told_in_values_and_in_what_is_missing() -> None:
    strong = changes.of(evidence(0.5, 1.5), "More good paths, above all of other azimuths, or an earthquake recorded on the same paths.")  # fmt: skip
    assert "decides alone up to a value of about 0.2" in strong.en
    assert "No station shows Pn/Sn, Pg/Sn, P/S." in strong.en
    assert "40 samples a second" in strong.en
    assert "Само по себе решает" in strong.ru
    weak = changes.of(evidence(0.1, 0.4), "More good paths, above all of other azimuths, or an earthquake recorded on the same paths.")  # fmt: skip
    assert "would decide alone from a value of about 0.2" in weak.en


def test_every_ratio_has_a_row_and_a_weightless_one_an_empty_mark() -> None:
    text = str(ratios.picture(evidence(0.3, 1.0).parts))
    assert text.count("<circle") == 2
    assert text.count('fill="#ffffff"') == 1
    assert "Гц" in text
    assert str(ratios.picture(())) == ""
