"""Times: integer nanoseconds since 1970-01-01T00:00:00 UTC inside, ISO 8601 outside.

Rules: no local time, no floats of absolute time; leap seconds are not counted (POSIX time, as miniSEED and
QuakeML do). Python integers, so no overflow.
"""

import datetime
import re

from testban.base.errors import InputError

NS_PER_S = 1_000_000_000
HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS

_ISO = re.compile(
    r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,}))?)?)?(Z|[+-]\d{2}:?\d{2})?$"
)
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def parse_time(text: str) -> int:
    """ISO 8601 text to nanoseconds since 1970 UTC; text without an offset is UTC.

    Raises InputError for anything else, including fields out of range.
    """
    m = _ISO.match(text.strip())
    if m is None:
        raise InputError(f"expected an ISO 8601 time such as 2017-09-03T03:30:01.6Z, got {text!r}")
    year, month, day = int(m[1]), int(m[2]), int(m[3])
    hour, minute, second = int(m[4] or 0), int(m[5] or 0), int(m[6] or 0)
    try:
        days = datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError as exc:
        raise InputError(f"no such date in {text!r}: {exc}") from exc
    if hour > 24 or minute > 59 or second > 60:
        raise InputError(f"no such time of day in {text!r}")
    fraction = int(((m[7] or "") + "000000000")[:9])
    offset = 0
    if m[8] and m[8] != "Z":
        sign = -1 if m[8][0] == "-" else 1
        digits = m[8][1:].replace(":", "")
        offset = sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
    return ((days * 24 + hour) * 3600 + minute * 60 + second - offset) * NS_PER_S + fraction


def format_time(ns: int, decimals: int = 3) -> str:
    """Nanoseconds to ISO 8601 UTC with `decimals` digits of seconds, rounded half to even, with Z."""
    step = 10 ** (9 - decimals)
    ns = round_to(ns, step)
    seconds, rest = divmod(ns, NS_PER_S)
    days, second_of_day = divmod(seconds, 86400)
    date = datetime.date.fromordinal(days + _EPOCH)
    hour, rem = divmod(second_of_day, 3600)
    minute, second = divmod(rem, 60)
    tail = f".{rest // step:0{decimals}d}" if decimals else ""
    return f"{date.isoformat()}T{hour:02d}:{minute:02d}:{second:02d}{tail}Z"


def round_to(value: int, step: int) -> int:
    """Nearest multiple of `step` (integers, half to even)."""
    q, r = divmod(value, step)
    if 2 * r > step or (2 * r == step and q % 2):
        q += 1
    return q * step


def seconds_to_ns(seconds: float) -> int:
    """Seconds (a duration) to the nearest nanosecond."""
    return round(seconds * 1e9)


def julian_day(ns: int) -> tuple[int, int]:
    """Year and day of year (1..366) of a time."""
    date = datetime.date.fromordinal(ns // DAY_NS + _EPOCH)
    return date.year, date.timetuple().tm_yday


def day_start(ns: int) -> int:
    """Midnight UTC at or before a time."""
    return ns // DAY_NS * DAY_NS
