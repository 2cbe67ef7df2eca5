"""XML out in one fixed form, and in without any entity: shared by QuakeML and StationXML."""

import math
import xml.etree.ElementTree as ET
from typing import Any

from testban.base.errors import FormatError


def add(parent: ET.Element, tag: str, text: Any = None, **attributes: str) -> ET.Element:
    """A child element with text; None leaves it empty."""
    element = ET.SubElement(parent, tag, attributes)
    if text is not None:
        element.text = ("true" if text else "false") if isinstance(text, bool) else clean(str(text))
    return element


def clean(text: str) -> str:
    """Text without the control characters that XML 1.0 forbids."""
    return "".join(c for c in text if c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) <= 0xFFFD)


def to_bytes(root: ET.Element) -> bytes:
    """Indented UTF-8 with declaration; the same tree gives the same bytes."""
    ET.indent(root, "  ")
    body = ET.tostring(root, encoding="unicode")
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + body + "\n").encode()


def parse(data: bytes, what: str, name: str) -> ET.Element:
    """The root of a document, names without their name spaces; FormatError for anything not well-formed."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise FormatError(f"expected {what} without a document type, got one in {name}; remove it")
    try:
        root = ET.fromstring(data)  # noqa: S314  declarations of entities were refused above
    except (ET.ParseError, ValueError, LookupError) as exc:
        raise FormatError(f"expected well-formed {what}, got {exc} in {name}; fetch it again") from exc
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def number(element: ET.Element, tag: str) -> float | None:
    """A child's text as a finite number, None where it is absent; ValueError for anything else."""
    text = element.findtext(tag)
    if text is None or not text.strip():
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{tag} is {value}")
    return value
