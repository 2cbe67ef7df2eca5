"""The source type of a moment tensor: where it lies on the lune and in Hudson's diagram.

Rules: only eigenvalues enter, in newton metres or any one unit; the scalar moment is |lambda| / sqrt 2 (Silver & Jordan 1982), because
other definitions differ by up to sqrt(3/2). A best point alone says little for a shallow source: explosion and CLVD
trade off, so a tensor is no evidence here without the sensitivity of its network. Tape & Tape 2012 (GJI 190, 476);
Hudson, Pearce & Rogers 1989 (JGR 94, 765).
"""

import math

import msgspec

from testban.base.dmath import DEG, asin_, atan2_
from testban.base.errors import InputError


class SourceType(msgspec.Struct, frozen=True, kw_only=True):
    """gamma, delta: longitude and latitude on the lune in degrees (delta 90: explosion, -90: implosion, 0 and 0: double
    couple). k, t: Hudson's. moment: scalar moment in the unit of the eigenvalues.
    """

    gamma_deg: float
    delta_deg: float
    k: float
    t: float
    moment: float


def source_type(eigenvalues: tuple[float, float, float]) -> SourceType:
    """Source type from eigenvalues in any order. Raises InputError for zero or numbers that are not finite."""
    a, b, c = sorted(eigenvalues, reverse=True)
    norm = math.sqrt(a * a + b * b + c * c)
    if not math.isfinite(norm) or norm == 0.0:
        raise InputError(
            f"expected three finite eigenvalues, not all zero, got {eigenvalues}: give a moment tensor"
        )
    mean = (a + b + c) / 3.0
    rest = sorted((a - mean, b - mean, c - mean), key=abs)
    largest = abs(rest[2])
    pure = largest <= 1e-12 * norm
    return SourceType(
        gamma_deg=0.0 if pure else atan2_(-a + 2.0 * b - c, math.sqrt(3.0) * (a - c)) / DEG,
        delta_deg=asin_(max(-1.0, min(1.0, 3.0 * mean / (math.sqrt(3.0) * norm)))) / DEG,
        k=mean / (abs(mean) + largest),
        t=0.0 if pure else 2.0 * -rest[0] / largest,
        moment=norm / math.sqrt(2.0),
    )
