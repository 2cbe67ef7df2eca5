"""What the size of an earthquake alone does to its P over S: the source part of magnitude and distance corrections.

Rules: Brune spectra of P and S with corners fc(P) = zeta fc(S); corner from moment and apparent stress, (2 pi fc)^3 = K s' / M0 with
s' = s'(ref) (M0 / M0ref)^psi (Walter & Taylor 2001, UCRL-ID-146882: MDAC). K follows from the energies of P and S of a double couple in a
homogeneous whole space (mean square radiation patterns 4/15 and 2/5), so it is derived here and not remembered:
K = 16 pi / (beta^2 (zeta^3 (4/15) / alpha^5 + (2/5) / beta^5)). zeta, psi and the reference stress are not confirmed in the source: the correction
is the mean over stated values of each, its error their spread. With zeta = 1 there is no correction at any size.
"""

import functools
import math

from testban.base.dmath import PI, exp10_, log10_
from testban.base.records import Event

Band = tuple[float, float]
ALPHA, BETA = 6000.0, 3500.0  # m/s, of the crust at the source [assumed]
ZETAS = (1.0, 1.25, 1.5)  # [unconfirmed; 1 is the customary default]
PSIS = (0.0, 0.25)  # [unconfirmed]
LOG10_STRESS = (5.5, 6.5)  # Pa at M0ref [assumed]
LOG10_M0_REF = 15.0
REFERENCE = 4.5  # magnitude that events are brought to
UNKNOWN = (3.5, 4.5, 5.5, 6.5)  # sizes that an event without a magnitude may have [assumed]


def moment(magnitude: float) -> float:
    """log10 of the moment (N m), the magnitude taken as Mw (Hanks & Kanamori 1979); only the corner leans on it."""
    return 1.5 * magnitude + 9.1


def corner_hz(log10_m0: float, zeta: float, psi: float, log10_stress: float) -> float:
    """Corner frequency of S."""
    beta2 = BETA * BETA
    radiated = zeta * zeta * zeta * (4.0 / 15.0) / (ALPHA**4 * ALPHA) + 0.4 / (beta2 * beta2 * BETA)
    k = 16.0 * PI / (beta2 * radiated)
    log10_cube = log10_(k) + log10_stress + psi * (log10_m0 - LOG10_M0_REF) - log10_m0
    return exp10_(log10_cube / 3.0) / (2.0 * PI)


def p_over_s(frequency_hz: float, magnitude: float, zeta: float, psi: float, log10_stress: float) -> float:
    """log10 of the source spectrum of P over that of S, 0 at low frequencies and 2 log10 zeta at high ones."""
    f = frequency_hz / corner_hz(moment(magnitude), zeta, psi, log10_stress)
    p = f / zeta
    return log10_((1.0 + f * f) / (1.0 + p * p))


@functools.lru_cache(maxsize=4096)
def correction(band: Band, magnitude: float | None) -> tuple[float, float]:
    """What to take from log10 P/S of an event in a band to bring it to the reference size, and the error of that.

    magnitude None: not known; no correction, and as error what the sizes that it may have would make.
    """
    f = math.sqrt(band[0] * band[1])
    sizes = UNKNOWN if magnitude is None else (magnitude,)
    found = [
        p_over_s(f, m, zeta, psi, stress) - p_over_s(f, REFERENCE, zeta, psi, stress)
        for m in sizes for zeta in ZETAS for psi in PSIS for stress in LOG10_STRESS
    ]  # fmt: skip
    if magnitude is None:
        return 0.0, math.sqrt(sum(v * v for v in found) / len(found))
    mean = sum(found) / len(found)
    return mean, math.sqrt(sum((v - mean) * (v - mean) for v in found) / len(found))


def of_event(event: Event) -> float | None:
    """The magnitude that the correction takes, to 0.1: Mw, mb or ML, in this order; None where none was measured."""
    for kind in ("Mw", "mb", "ML"):
        for m in event.magnitudes:
            if m.kind == kind and not m.bound and math.isfinite(m.value):
                return round(m.value, 1)
    return None
