"""Fixed quasi-random points (Halton 1960): the same everywhere, no seed."""

import functools
import math

from testban.base.dmath import cos_, log_, sin_

PRIMES = (2, 3, 5, 7, 11, 13)


def radical(i: int, base: int) -> float:
    """The i-th point of the van der Corput sequence in a base, inside (0, 1) for i >= 1."""
    f, out = 1.0, 0.0
    while i:
        f /= base
        out += f * (i % base)
        i //= base
    return out


@functools.lru_cache(maxsize=8)
def normals(n: int, d: int) -> tuple[tuple[float, ...], ...]:
    """Rows (n) of d (even, at most 6) independent standard normals, by Box and Muller (1958) from Halton points."""
    out = []
    for i in range(1, n + 1):
        u = [radical(i, b) for b in PRIMES[:d]]
        row: list[float] = []
        for a, b in zip(u[0::2], u[1::2], strict=True):
            r = math.sqrt(-2.0 * log_(a))
            row += [r * cos_(2.0 * math.pi * b), r * sin_(2.0 * math.pi * b)]
        out.append(tuple(row))
    return tuple(out)
