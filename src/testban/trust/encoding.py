"""Base64, decimal and hexadecimal with exactly one spelling for each value.

Rules (RFC 4648 section 4; C2SP signed-note): decoding is followed by encoding and comparing, so that spare bits,
missing padding, leading zeros, capitals and white space are refused.
"""

import base64
import binascii
import re

from testban.trust import checks
from testban.trust.checks import Reason

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"[0-9a-f]*")
MAX_UINT = 2**63 - 1


def to_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, reason: Reason) -> bytes:
    """Bytes of canonical base64; anything else is refused with `reason`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        data = b""
    checks.require(bool(text) and to_base64(data) == text, reason, "base64 that has another spelling")
    return data


def lenient_base64(text: str, reason: Reason) -> bytes:
    """Bytes of base64 that may have spare bits: for a caller that writes what it read again and compares."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as exc:
        raise checks.Rejected(reason, "not base64") from exc


def from_decimal(text: str, reason: Reason) -> int:
    """A non-negative integer below 2^63 without leading zeros or sign."""
    ok = _DECIMAL.fullmatch(text) is not None and int(text) <= MAX_UINT
    checks.require(ok, reason, f"expected a decimal number without leading zeros, got {text[:24]!r}")
    return int(text) if ok else 0


def from_hex(text: str, size: int, reason: Reason) -> bytes:
    """`size` bytes of lower-case hexadecimal."""
    ok = len(text) == 2 * size and _HEX.fullmatch(text) is not None
    checks.require(ok, reason, f"expected {2 * size} hexadecimal digits, got {text[:24]!r}")
    return bytes.fromhex(text) if ok else bytes(size)
