"""The threshold of a station from the measured curve of a detector: share of planted arrivals found by signal-to-noise ratio.

Rules: a curve comes with its source; a probit line through it (weights by the standard error of each share) gives the ratio
found with one half and its scatter, log10 units; the scatter joins that of the signals in quadrature. Nothing is taken from
a share of 0 or 1, and a curve that does not rise is refused. The ratio of the map is A/T of the signal over A/T of the noise,
and noise as A/T is root 2 times its rms: a curve by peak over rms is divided by root 2.
"""

import math
from typing import Literal

import msgspec

from testban.assure.capability import Rule
from testban.assure.gauss import cdf_, cdf_table, quantile
from testban.base.dmath import exp10_, exp_, log10_
from testban.base.errors import InputError


class Detector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A curve: [ratio, share found] rows, or `table` that ships with the package; tried: arrivals planted at each ratio."""

    source: str = ""
    table: str = ""
    curve: tuple[tuple[float, float], ...] = ()
    unit: Literal["peak/rms", "A/T"] = "peak/rms"
    signal_sigma: float = 0.35
    tried: int = 100


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Ratio of A/T found with one half, scatter of the detector (log10), and the largest misfit of a share."""

    snr: float
    sigma: float
    misfit: float


def fitted(detector: Detector) -> Fit:
    """The probit line through a curve. Raises InputError."""
    rows = [(r, p) for r, p in detector.curve if 0.0 < p < 1.0]
    if not detector.source or len({r for r, _ in rows}) < 3 or not all(r > 0.0 for r, _ in rows):
        raise InputError(
            "detector: expected a source and at least three ratios above 0 with a share between 0 and 1; correct it"
        )
    if not (0.0 <= detector.signal_sigma < 2.0 and detector.tried >= 1):
        raise InputError("detector: expected signal_sigma in 0..2 and tried of 1 and more; correct it")
    x = [log10_(r) for r, _ in rows]
    z = [quantile(p) for _, p in rows]
    w = [detector.tried * exp_(-v * v) / (p * (1.0 - p)) for v, (_, p) in zip(z, rows, strict=True)]
    total = math.fsum(w)
    mx = math.fsum(a * b for a, b in zip(w, x, strict=True)) / total
    mz = math.fsum(a * b for a, b in zip(w, z, strict=True)) / total
    rise = math.fsum(a * (b - mx) * (c - mz) for a, b, c in zip(w, x, z, strict=True))
    slope = rise / math.fsum(a * (b - mx) ** 2 for a, b in zip(w, x, strict=True))
    if slope <= 0.0:
        raise InputError("detector: expected a curve that rises with the ratio; correct it")
    middle = mx - mz / slope
    normal = cdf_table()
    worst = max(abs(float(cdf_(normal, slope * (a - middle))) - p) for a, (_, p) in zip(x, rows, strict=True))
    shift = 0.5 * log10_(2.0) if detector.unit == "peak/rms" else 0.0
    return Fit(snr=float(exp10_(middle - shift)), sigma=1.0 / slope, misfit=worst)


def rule_with(rule: Rule, detector: Detector) -> Rule:
    """The rule with the ratio and the scatter of a measured detector in place of its own. Raises InputError."""
    found = fitted(detector)
    return msgspec.structs.replace(
        rule, snr=round(found.snr, 3), sigma=round(math.hypot(found.sigma, detector.signal_sigma), 4)
    )
