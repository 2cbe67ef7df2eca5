"""Texts with a fixed body: a first line `testban/<kind>@v1`, then one line a field, in one order, in one spelling.

Rules: a field is `label value` (a packet's lines have no label); an unknown line, a missing one or another order is
refused; the parsed record is written again and must give the same text, so that nothing can be said twice in two ways.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.encoding import from_base64, from_decimal, from_hex, to_base64

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}")
_STATION = re.compile(r"[A-Z0-9]{1,2}\.[A-Z0-9]{1,5}")
_LINE = re.compile(r"[ -~]{1,1000}")
MAX_LIST = 64


class Codec(msgspec.Struct, frozen=True):
    """How a field is read and written."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _matched(pattern: re.Pattern[str], what: str) -> Codec:
    def read(text: str) -> str:
        if pattern.fullmatch(text) is None:
            checks.require(False, Reason.BODY_FORM, f"expected {what}, got {text[:40]!r}")
        return text

    return Codec(read, str)


def _list_of(item: Codec) -> Codec:
    def read(text: str) -> tuple[Any, ...]:
        if text == "none":
            return ()
        words = text.split(" ")
        checks.require(len(words) <= MAX_LIST, Reason.BODY_FORM, f"{len(words)} words in a list")
        return tuple(item.read(w) for w in words)

    return Codec(read, lambda values: " ".join(item.write(v) for v in values) or "none")


def _hexadecimal(size: int) -> Codec:
    return Codec(lambda text: from_hex(text, size, Reason.BODY_FORM), bytes.hex)


TOKEN = _matched(_TOKEN, "a word of letters, digits and . _ / @ -")
STATION = _matched(_STATION, "NET.STA")
LINE = _matched(_LINE, "a line of printable ASCII")
UINT = Codec(lambda text: from_decimal(text, Reason.BODY_FORM), str)
DIGEST = _hexadecimal(32)
MASK = _hexadecimal(4)
BASE64 = Codec(lambda text: from_base64(text, Reason.BODY_FORM), to_base64)
TOKENS = _list_of(TOKEN)
LINES: Mapping[str, Codec] = {}


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is the text of a note. Subclasses name their KIND and the codec of each field."""

    KIND: ClassVar[str] = ""
    LABELLED: ClassVar[bool] = True
    CODECS: ClassVar[Mapping[str, Codec]] = LINES

    def text(self) -> str:
        """The one text of this record."""
        lines = [f"testban/{self.KIND}@v1"]
        for name, codec in self.CODECS.items():
            value = codec.write(getattr(self, name))
            lines.append(f"{name.replace('_', '-')} {value}" if self.LABELLED else value)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The record in a text; Rejected unless it is exactly the text that the record gives."""
        lines = text.split("\n")
        checks.require(
            len(lines) == len(cls.CODECS) + 2 and lines[0] == f"testban/{cls.KIND}@v1" and lines[-1] == "",
            Reason.BODY_FORM,
            f"expected the {len(cls.CODECS) + 1} lines of testban/{cls.KIND}@v1",
        )
        pairs = zip(cls.CODECS.items(), lines[1:-1], strict=True)
        record = cls(**dict(cls._read(name, codec, line) for (name, codec), line in pairs))
        checks.require(record.text() == text, Reason.BODY_FORM, "another spelling of the same record")
        return record

    @classmethod
    def _read(cls, name: str, codec: Codec, line: str) -> tuple[str, Any]:
        if not cls.LABELLED:
            return name, codec.read(line)
        label, _, value = line.partition(" ")
        ok = label == name.replace("_", "-")
        checks.require(ok, Reason.BODY_FORM, f"expected the line {name}, got {label[:40]!r}")
        return name, codec.read(value)


def kind_of(text: str) -> str:
    """The kind of a testban text, or nothing."""
    first = text.split("\n", 1)[0]
    ours = first.startswith("testban/") and first.endswith("@v1")
    return first[len("testban/") : -len("@v1")] if ours else ""
