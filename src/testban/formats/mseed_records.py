"""What is known of miniSEED records before a sample of them is decoded: headers, one by one or as tables.

Rules: a table holds the records of one channel, rate and encoding of one file, in the order of the file.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from testban.base.ids import Nslc

HEADER = re.compile(rb"(?:[0-9 \x00]{6}[DRQM][ \x00][\x20-\x7e\x00]{12})|MS\x03")


class Record(NamedTuple):
    """One record's header: where it lies and what it claims."""

    nslc: Nslc
    rate_hz: float
    start_ns: int
    number: int
    encoding: int
    big: bool
    offset: int
    length: int
    payload: int
    payload_length: int


class Table(NamedTuple):
    """Records of one channel, rate and encoding of one file; arrays of shape (n,)."""

    nslc: Nslc
    rate_hz: float
    encoding: int
    big: bool
    start_ns: NDArray[np.int64]
    number: NDArray[np.int64]
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    payload: NDArray[np.int64]
    payload_length: NDArray[np.int64]


class Damage(NamedTuple):
    """A stretch of bytes that could not be used."""

    offset: int
    length: int
    reason: str


def take(table: Table, mask: NDArray[np.bool_]) -> Table:
    """The rows of a table under a mask."""
    return Table(*table[:4], *(column[mask] for column in table[4:]))


def codes_of(field: bytes) -> Nslc:
    """Station, location, channel and network of a miniSEED 2 header."""
    code = field.replace(b"\x00", b" ").decode("ascii")
    return Nslc(code[10:12].strip(), code[0:5].strip(), code[5:7].strip(), code[7:10].strip())
