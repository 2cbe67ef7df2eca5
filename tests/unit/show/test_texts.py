"""Every text has its Russian, every reason that another room writes keeps its meaning."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract
from jinja2.ext import babel_extract

import testban.show
from testban.base.words import counted, form
from testban.show import evidence, reasons, texts

ROOM = Path(testban.show.__file__).parent


def used():
    found = set()
    for path in sorted(ROOM.rglob("*.py")):
        with path.open("rb") as f:
            found |= {m for _, m, _, _ in extract("python", f, keywords={"t": None, "N_": None}) if m}
    for path in sorted(ROOM.rglob("*.j2")):
        with path.open("rb") as f:
            for _, name, message, _ in babel_extract(f, ["t"], [], {}):
                first = message if isinstance(message, str) else message[0]
                if name == "t" and first:
                    found.add(first)
    return found


def test_every_text_has_its_russian_and_none_is_left_over():
    catalogue = texts.russian()
    assert sorted(used() - set(catalogue)) == []
    assert sorted(set(catalogue) - used()) == []


def test_places_to_fill_are_the_same_in_both_languages():
    for en, ru in texts.russian().items():
        assert sorted(re.findall(r"{(\w+)(?::[^}]*)?}", en)) == sorted(
            re.findall(r"{(\w+)(?::[^}]*)?}", ru)
        ), en


def test_a_count_brings_its_noun():
    forms = ["станция", "станции", "станций", "части станции"]
    said = {n: form(n, forms).split()[-1] for n in (0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 111, 112)}
    assert [n for n, f in said.items() if f == "станция"] == [1, 21, 101]
    assert [n for n, f in said.items() if f == "станции"] == [2, 4, 22]
    assert form("1,5", forms) == form("0.3", forms) == "части станции"
    assert form("1,5", forms[:3]) == "станции"
    assert counted(1, "event|events") == "1 event"
    assert counted(0, "event|events") == "0 events"
    one, two = (texts.t("{n:more hour stands|more hours stand} in hours.csv.", n=n) for n in (1, 2))
    assert (one.en, two.en) == ("1 more hour stands in hours.csv.", "2 more hours stand in hours.csv.")
    assert (one.ru, two.ru) == ("Ещё 1 час — в hours.csv.", "Ещё 2 часа — в hours.csv.")


def test_no_text_says_one_with_the_many():
    """A count before a noun in the plural goes with its forms, in every text that is filled."""
    nouns = (
        "events|tests|stations|picks|channels|inspections|arrays|days|hours|findings|points|places|detections"
    )
    assert [m for m in texts.russian() if re.search(r"{\w+} (\w+ )?(" + nouns + r")\b", m)] == []


REAL = (
    "P over S at 2-8 Hz on 8 good path(s) is +0.42 (log10) from the middle between the classes at +0.35 and -0.35: nearer to explosions; 3 path(s) block Lg by their own record and 1 cannot say; none of them decides; calibrated on 1 explosion and 9 earthquakes only, none of the earthquakes on these paths; the densities are wide and the ratio is capped for that reason",
    "explosion-like by regional P/S, depth: the evidence is about 200 times likelier from an explosion, at error rates of 1% (an earthquake called explosion-like) and 5% (an explosion called earthquake-like); where the event lies was not looked at, and 'explosion-like' does not say nuclear",
    "the evidence at hand (none of weight) is about 1.3 times likelier from an earthquake, which is not enough to decide at error rates of 1% (an earthquake called explosion-like) and 5% (an explosion called earthquake-like); where the event lies was not looked at, and 'explosion-like' does not say nuclear",
    "Ms at most 3.1 with mb 4.9 lies 1.2 +- 0.4 below the line Ms = mb - 0.64; screened out as natural: no",
    "no Ms could be measured",
    "fixed at the default: not resolved: free solution at its limit or with too large an error",
    "half peak-to-peak nm / s at 0.8-4.5 Hz, Veith-Clawson decay, 20-105 deg; censored maximum likelihood",
    "mb refused at 4.2 deg: nearer than 20 deg, where no decay for mb holds",
    "no P found: three times the noise of the hour is an upper bound",
    "no discriminant applies: regional P/S: 0 good path(s), at least 2 are needed; no path was set aside for Lg; mb:Ms: no Ms could be measured",
)


@pytest.mark.parametrize("text", REAL)
def test_reasons_of_other_rooms_are_translated_with_their_numbers(text):
    both = reasons.reason(text)
    assert not both.foreign
    assert both.en == text.replace("path(s)", "paths")
    assert re.search("[а-яё]", both.ru)
    numbers = [n.replace("-", "−") for n in re.findall(r"\d+\.\d+", text)]
    assert all(n in both.ru or n.replace(".", ",") in both.ru for n in numbers)


def test_the_message_of_a_pattern_says_what_its_text_says():
    text = "3 of 7 first motions are compressions: this speaks against an explosion"
    assert reasons.reason(text).ru == "вверх направлены 3 из 7 первых вступлений: это говорит против взрыва"


def test_one_path_and_two_paths_in_place_of_the_form():
    said = reasons.reason(
        "1 good path(s), at least 2 are needed; 1 path(s) block Lg by their own record and 3 cannot say"
    ).en
    assert said == "1 good path, at least 2 are needed; 1 path blocks Lg by its own record and 3 cannot say"
    assert (
        reasons.reason("measured at 2 station(s), at least 3 are needed").en
        == "measured at 2 stations, at least 3 are needed"
    )


def test_an_unknown_reason_stays_and_is_marked_english():
    both = reasons.reason("because of <b>this</b>")
    assert both.foreign
    assert both.__html__() == '<span class="x" lang="en">because of &lt;b&gt;this&lt;/b&gt;</span>'


@pytest.mark.parametrize("n", [2000, 200_000])
def test_a_long_reason_is_no_trap(n):
    assert reasons.reason("a; " * n).foreign
    assert reasons.reason("depth: " * n).foreign


@pytest.mark.parametrize(
    ("lr", "en", "ru"),
    [
        (3.15, "1\u202f400 times likelier from an explosion", "в 1\u202f400 раз правдоподобнее при взрыве"),
        (0.3, "2 times likelier from an explosion", "в 2 раза правдоподобнее при взрыве"),
        (-0.55, "3.5 times likelier from an earthquake", "в 3,5 раза правдоподобнее при землетрясении"),
        (-1.2, "16 times likelier from an earthquake", "в 16 раз правдоподобнее при землетрясении"),
        (1.342, "22 times likelier from an explosion", "в 22 раза правдоподобнее при взрыве"),
        (0.01, "speaks for neither", "не говорит ни за то, ни за другое"),
        (None, "not measured", "не измерено"),
    ],
)
def test_ratios_in_words(lr, en, ru):
    both = evidence.times_likelier(lr)
    assert (both.en, both.ru) == (en, ru)


def test_numbers():
    assert texts.fixed(-0.001, 1) == "0.0"
    assert texts.fixed(-2.34, 1) == "−2.3"
    assert texts.fixed(float("nan")) == "–"
    assert texts.fixed(None) == "–"
    assert texts.num(1.5, 1).ru == "1,5"
    assert texts.sig(0.001234, 2) == "0.0012"
    assert texts.sig(1.5e9, 2) == "1.5e+09"
    assert texts.position(-70.5, -33.25).en == "33.25° S, 70.50° W"
    assert texts.position(129.05, 41.3).ru == "41,30° с. ш., 129,05° в. д."
    assert evidence.probability(1.0).en == "> 99.9%"
    assert evidence.probability(0.0).ru == "< 0,1\u00a0%"
