"""Nouns after numbers: English has two forms, Russian three and, where a fraction takes another one, a fourth.

Source of the Russian rule: Unicode CLDR, plural rules, ru (one, few, many, other).
"""

from collections.abc import Sequence


def form(number: object, forms: Sequence[str]) -> str:
    """The noun after a number: one of two forms is English, one of three or four Russian (1; 2 to 4; 5 and more; a fraction)."""
    text = str(number).replace("\u00a0", "").replace(",", ".")
    if len(forms) == 2:
        return forms[text != "1"]
    if "." in text:
        return forms[3 if len(forms) > 3 else 1]
    tens, ones = int(text) % 100 if text.isdigit() else 0, text[-1:]
    if 11 <= tens <= 14 or ones not in ("1", "2", "3", "4"):
        return forms[2]
    return forms[0 if ones == "1" else 1]


def counted(number: object, forms: str) -> str:
    """A number and its noun, of the forms "event|events"."""
    return f"{number} {form(number, forms.split('|'))}"
