"""Reasons and findings of the other rooms, which come as English text, in both languages where their form is known.

Rules: each pattern names the parts that vary; parts joined by semicolons are translated one by one, and only if
every one of them is known does a Russian text appear. Anything else is shown as it came, marked as English. A test
checks that a pattern's message says the same as the text it was made for. Sentences of older bulletins are said as those of today.
"""

import re

from testban.base.words import form
from testban.identify.combine import in_words
from testban.show.reasons_evidence import EVIDENCE
from testban.show.reasons_findings import FINDINGS
from testban.show.reasons_location import LOCATION
from testban.show.reasons_measurement import MEASUREMENT
from testban.show.reasons_yield import YIELD
from testban.show.texts import MINUS, N_, Both, foreign, russian, russian_times, t

MANY = re.compile(r"(?<![\d.,])(\d+)((?: [a-z]+){1,2})\(s\)")
NUMBER = re.compile(r"[-+]?\d+\.\d+")
PATTERNS = (*EVIDENCE, *MEASUREMENT, *LOCATION, *YIELD, *FINDINGS)
WORDS = (
    N_("regional P/S"),
    N_("mb:Ms"),
    N_("depth"),
    N_("first motion"),
    N_("spectral slope"),
    N_("complexity"),
    N_("repeat of a known source"),
    N_("moment tensor"),
    N_("sea or land"),
    N_("score of another program"),
    N_("explosion"),
    N_("explosion-like"),
    N_("earthquake-like"),
    N_("at most"),
    N_("of"),
    N_("above"),
    N_("below"),
    N_("yes"),
    N_("no"),
    N_("vertical"),
    N_("horizontal"),
    N_("none of weight"),
    N_("earthquake"),
    N_("collapse or other"),
    N_("no magnitude"),
    N_("anywhere"),
)


OLDER = (
    (
        re.compile(r": likelihood ratio 10\^([-+]\d+\.\d+) at error rates"),
        ": the evidence is {}, at error rates",
    ),
    (
        re.compile(r"\) gives a likelihood ratio of 10\^([-+]\d+\.\d+), which is not enough"),
        ") is {}, which is not enough",
    ),
)


def _today(text: str) -> str:
    """The sentence of a verdict of older bulletins, which gave the odds as a power of ten, as it is said today."""
    for pattern, words in OLDER:
        text = pattern.sub(lambda m, words=words: words.format(in_words(float(m.group(1)))), text)  # type: ignore[misc]
    return text


def _spoken(text: str) -> str:
    """The English with one path or two paths in place of path(s)."""
    text = re.sub(r"\b1 path\(s\) block Lg by their own", "1 path blocks Lg by its own", text)
    return MANY.sub(lambda m: f"{m[1]}{m[2]}{form(m[1], ('', 's'))}", text)


def _word(text: str) -> Both:
    """A listed word, or several joined by commas; a number with the decimal mark of the language; anything else stays."""
    if NUMBER.fullmatch(text):
        return Both(text, text.replace(".", ",").replace("-", MINUS))
    parts = [p if p not in WORDS else russian().get(p, p) for p in text.split(", ")]
    return Both(text, ", ".join(parts))


def _times(text: str) -> Both:
    """A factor; the Russian carries its own noun, which changes with the number."""
    return Both(text, f"{text.replace('.', ',')} {russian_times(text)}")


def _known(text: str) -> Both | None:
    """One sentence or several joined by semicolons in both languages; None where a part is not known."""
    for pattern, message in PATTERNS:
        m = re.fullmatch(pattern, text)
        if m is None:
            continue
        values: dict[str, Both] = {}
        for key, part in m.groupdict("").items():
            inner = _known(part) if key == "sub" else _times(part) if key == "times" else _word(part)
            if inner is None:
                break
            values[key] = inner
        else:
            return Both(text, t(message, **values).ru)
    at = text.find("; ")
    while at >= 0:
        first, rest = _known(text[:at]), _known(text[at + 2 :])
        if first is not None and rest is not None:
            return Both(text, f"{first.ru}; {rest.ru}")
        at = text.find("; ", at + 2)
    return None


def reason(text: str) -> Both:
    """A reason in both languages where its form is known, else as it came, marked as English."""
    body = _today(text.strip())
    if not body or len(body) > 2000:
        return foreign(body)
    stop = "." if body.endswith(".") else ""
    known, said = _known(body.rstrip(".")), _spoken(body)
    return foreign(said) if known is None else Both(said, known.ru + stop)
