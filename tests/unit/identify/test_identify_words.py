"""Reasons of this room are known to the page in both languages."""

from collections.abc import Sequence

import msgspec
import pytest
from test_identify_verdict import event as bare
from test_identify_verdict import magnitude, origin, path

from testban import identify
from testban.base.records import Assessment, Event, Magnitude, Origin, Verdict
from testban.identify.combine import in_words
from testban.show import reasons, verdicts, yields

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
