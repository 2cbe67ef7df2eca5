"""Texts in two languages, side by side in one file, and numbers as people write them.

Rules: a message identifier is the short English text; its Russian stands in `locale/ru.po` (a test fails for any
that is missing). `t` yields both languages marked up, the style sheet shows one of them; nothing needs JavaScript.
Numbers in sentences take the decimal mark of the language; in tables and plots they keep the point, so that they
can be copied into other programs. Times are ISO 8601 UTC in both. What is not finite or not known is a dash. A count
brings its noun: `{n:event|events}`, in Russian `{n:событие|события|событий}` (for 1, 2 to 4, 5 and more) and, where a
fraction takes another one, a fourth; `{n:|event|events}` is the noun alone.
"""

import functools
import math
import re
import string
from collections.abc import Sequence
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from testban.base.words import form

LANGUAGES = ("en", "ru")
UNIT = re.compile(r", (\S{1,4})$")
DASH = "–"
MINUS = "−"


@functools.cache
def russian() -> dict[str, str]:
    """Message identifiers to their Russian."""
    from babel.messages.pofile import read_po

    path = resources.files("testban.show") / "locale" / "ru.po"
    with path.open("rb") as f:
        return {str(m.id): str(m.string) for m in read_po(f) if m.id and m.string}


def N_(msgid: str) -> str:
    """Marks a text for translation where it is only stored."""
    return msgid


def translate(msgid: str, language: str) -> str:
    """The text in a language, English where no translation is known; a short unit stays on the line of its name, as does the Russian per cent."""
    found = russian().get(msgid, msgid).replace(" %", "\u00a0%") if language == "ru" else msgid
    return UNIT.sub(",\u00a0\\1", found).replace("/°", "/\u2060°")


class Both:
    """A value that reads differently in the two languages; HTML by itself shows both, marked up."""

    def __init__(self, en: str, ru: str, *, foreign: bool = False) -> None:
        """Texts are taken as they are (not HTML). foreign: English only, shown to Russian readers too."""
        self.en, self.ru, self.foreign = en, ru, foreign

    def of(self, language: str) -> str:
        """The text in one language."""
        return self.ru if language == "ru" else self.en

    def _pair(self, tag: str) -> Markup:
        if self.foreign:
            return Markup('<{0} class="x" lang="en">{1}</{0}>').format(tag, self.en)
        if self.en == self.ru:
            return escape(self.en)
        pattern = '<{0} class="e" lang="en">{1}</{0}><{0} class="r" lang="ru">{2}</{0}>'
        return Markup(pattern).format(tag, self.en, self.ru)  # noqa: S704

    def __html__(self) -> str:
        return str(self._pair("span"))

    def svg(self) -> Markup:
        """For an SVG text element."""
        return self._pair("tspan")

    def __str__(self) -> str:
        return self.en


class _Filler(string.Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        if "|" in spec:
            bare = spec.startswith("|")
            noun = form(value, spec[bare:].split("|"))
            return noun if bare else f"{value} {noun}"
        return str(format(value, spec))


_FILLER = _Filler()


def t(msgid: str, **values: object) -> Both:
    """A text in both languages; `values` fill its {places} and may themselves differ by language."""

    def fill(language: str) -> str:
        got = {k: v.of(language) if isinstance(v, Both) else v for k, v in values.items()}
        text = translate(msgid, language)
        return _FILLER.vformat(text, (), got) if "|" in msgid else text.format(**got)

    return Both(fill("en"), fill("ru"))


def foreign(text: str) -> Both:
    """A text that exists in English only."""
    return Both(text, text, foreign=True)


def joined(parts: Sequence[Both | str], separator: str = " ") -> Both:
    """Several texts as one."""
    both = [p if isinstance(p, Both) else Both(p, p) for p in parts]
    return Both(separator.join(b.en for b in both), separator.join(b.ru for b in both))


def finite(value: float | None) -> bool:
    """Whether there is a number."""
    return value is not None and math.isfinite(value)


def fixed(value: float | None, decimals: int = 1, *, sign: bool = False) -> str:
    """A number with a true minus sign, or a dash."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    if float(text) == 0.0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def comma(text: str) -> Both:
    """A number that is text already: decimal point in English, comma in Russian."""
    return Both(text, text.replace(".", ","))


def num(value: float | None, decimals: int = 1, *, sign: bool = False) -> Both:
    """A number for a sentence: decimal point in English, comma in Russian."""
    return comma(fixed(value, decimals, sign=sign))


def hertz(band: str) -> Both:
    """A band such as "1-4 Hz"."""
    return Both(band, band.replace("Hz", "Гц"))


def sig(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, without an exponent in ordinary ranges."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if -4 <= power < 7:
        return fixed(value, max(0, digits - 1 - power))
    return f"{value:.{digits - 1}e}".replace("-", MINUS)


def position(longitude: float, latitude: float, decimals: int = 2) -> Both:
    """Latitude and longitude with hemispheres, as both languages write it (latitude first, for reading)."""
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        return Both(DASH, DASH)
    lat, lon = f"{abs(latitude):.{decimals}f}°", f"{abs(longitude):.{decimals}f}°"
    ns, ew = ("N", "S")[latitude < 0], ("E", "W")[longitude < 0]
    rns, rew = ("с. ш.", "ю. ш.")[latitude < 0], ("в. д.", "з. д.")[longitude < 0]
    return Both(
        f"{lat} {ns}, {lon} {ew}",
        f"{lat.replace('.', ',')} {rns}, {lon.replace('.', ',')} {rew}",
    )


def russian_times(number: str) -> str:
    """The noun after "в N": раза after a fraction and after 2 to 4, but not 12 to 14; else раз."""
    return form(number, ("раз", "раза", "раз"))
