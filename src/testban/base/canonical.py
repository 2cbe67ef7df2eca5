"""Canonical bytes and digests: one value has one encoding.

JSON with sorted keys, no spaces, no NaN, integers and strings as they are, floats only in shortest round-trip
form (RFC 8785's number rule as CPython's repr gives it). Digests are SHA-256, hexadecimal.
"""

import hashlib
import json
from typing import Any

import msgspec
import numpy as np


def canonical_json(value: Any) -> bytes:
    """Canonical JSON of builtins or records; raises ValueError for NaN and infinity."""
    builtin = msgspec.to_builtins(value, enc_hook=plain)
    return json.dumps(
        builtin, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value."""
    return digest(canonical_json(value))


def plain(value: Any) -> Any:
    """NumPy scalars as Python numbers, for encoders that know only those; TypeError for anything else."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot encode a {type(value).__name__}")


def pack(value: Any) -> bytes:
    """MessagePack of records (fields in their order), for results that are kept and sent."""
    return msgspec.msgpack.encode(value, enc_hook=plain)
