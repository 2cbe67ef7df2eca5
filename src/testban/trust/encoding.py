"""Base64, decimal and hexadecimal with exactly one spelling for each value.

Rules (RFC 4648 section 4; C2SP signed-note): decoding is followed by encoding and comparing, so that spare bits,
missing padding, leading zeros, capitals and white space are refused.
"""

import binascii
import re

from testban.trust import checks
from testban.trust.checks import Reason

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
MAX_UINT = 2**63 - 1


def to_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def base64_line(data: bytes) -> bytes:
    """Standard base64 with padding and a newline after it."""
    return binascii.b2a_base64(data)


def from_base64(text: str, reason: Reason) -> bytes:
    """Bytes of canonical base64; anything else is refused with `reason`."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        data = b""
    checks.require(bool(text) and to_base64(data) == text, reason, "base64 that has another spelling")
    return data


def lenient_base64(text: bytes, reason: Reason) -> bytes:
    """Bytes of base64 that may have spare bits: for a caller that writes what it read again and compares."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as exc:
        raise checks.Rejected(reason, "not base64") from exc


def from_decimal(text: str, reason: Reason) -> int:
    """A non-negative integer below 2^63 without leading zeros or sign."""
    if _DECIMAL.fullmatch(text) is not None and (value := int(text)) <= MAX_UINT:
        return value
    checks.require(False, reason, f"expected a decimal number without leading zeros, got {text[:24]!r}")
    return 0


def from_hex(text: str, size: int, reason: Reason) -> bytes:
    """`size` bytes of lower-case hexadecimal."""
    if len(text) == 2 * size:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            data = b""
        if data.hex() == text:
            return data
    checks.require(False, reason, f"expected {2 * size} hexadecimal digits, got {text[:24]!r}")
    return bytes(size)
