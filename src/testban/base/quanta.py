"""The quanta of published numbers: no finer than they mean, rounded half to even, the same for every writer.

1 ms, 1e-4 degree, 10 m, 0.01 of a magnitude, 1e-4 of a probability (docs/conventions). Values are rounded through
their shortest decimal form, so that 0.125 is a tie and 0.1250000001 is not, on every machine.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal

from testban.base.times import round_to

MILLISECOND_NS = 1_000_000


def decimal_text(value: float, places: int) -> str:
    """A finite value with a fixed number of decimals; never "-0.00". Raises ValueError for NaN and infinity."""
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    text = f"{rounded:.{places}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def quantise(value: float, places: int) -> float:
    """A value rounded to `places` decimals (half to even on its shortest decimal form)."""
    return float(decimal_text(value, places))


def time_ns(ns: int) -> int:
    """A time to the millisecond."""
    return round_to(ns, MILLISECOND_NS)


def seconds(value: float) -> float:
    """A duration or residual in s to the millisecond."""
    return quantise(value, 3)


def degrees(value: float) -> float:
    """An angle, longitude or latitude to 1e-4 degree."""
    return quantise(value, 4)


def kilometres(value: float) -> float:
    """A length in km to 10 m."""
    return quantise(value, 2)


def magnitude(value: float) -> float:
    """A magnitude, or log10 of a likelihood ratio, to 0.01."""
    return quantise(value, 2)


def probability(value: float) -> float:
    """A probability to 1e-4."""
    return quantise(value, 4)


def significant(value: float, digits: int = 4) -> float:
    """A positive or negative amplitude to a number of significant digits."""
    return float(f"{value:.{digits - 1}e}") if value and math.isfinite(value) else 0.0
