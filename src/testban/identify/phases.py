"""Pn, Pg, Sn and Lg of one path, each in its own window and band, and the ratios of pairs of them.

Rules: noise power is subtracted; a phase whose rms is below twice the noise is an upper bound, so that a ratio of it to one that is
seen is a bound too, and a ratio of two unseen ones is nothing. Pairs as in common use: Pn/Lg, Pg/Lg, Pn/Sn and Pg/Sn (Walter, Mayeda
& Patton 1995, BSSA 85, 1050; Hartse et al. 1997, BSSA 87, 551), in bands of an octave or so.
"""

import math
from collections.abc import Sequence

from testban.base.dmath import log10_
from testban.base.measurements import PathMeasurement, PhaseLevel

Band = tuple[float, float]
PAIRS = (("Pn", "Lg"), ("Pg", "Lg"), ("Pn", "Sn"), ("Pg", "Sn"))
BANDS: tuple[Band, ...] = ((1.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (8.0, 16.0))
SNR_LEAST = 2.0


def level(phase: str, band: Band, power: float, noise: float) -> PhaseLevel | None:
    """Size of a phase from the mean squares of its window and of the noise; None where either is not recorded."""
    if not (noise > 0.0 and power > 0.0):
        return None
    snr = math.sqrt(power / noise)
    seen = snr >= SNR_LEAST
    rest = power - noise if seen else (SNR_LEAST * SNR_LEAST - 1.0) * noise
    return PhaseLevel(phase=phase, band_hz=band, log10_rms=0.5 * log10_(rest), seen=seen, snr=snr)


def ratio(levels: Sequence[PhaseLevel], pair: tuple[str, str], band: Band) -> tuple[float, str] | None:
    """log10 of one pair in one band and its bound ("" measured, "lower", "upper"); None where it cannot be said."""
    found = {x.phase: x for x in levels if x.band_hz == band and x.phase in pair}
    p, s = found.get(pair[0]), found.get(pair[1])
    if p is None or s is None or not (p.seen or s.seen):
        return None
    bound = "" if p.seen and s.seen else "lower" if p.seen else "upper"
    return p.log10_rms - s.log10_rms, bound


def name(pair: tuple[str, str], band: Band) -> str:
    """A pair in a band as people write it."""
    return f"{pair[0]}/{pair[1]} {band[0]:g}-{band[1]:g} Hz"


def of_path(path: PathMeasurement, *, vertical: bool) -> tuple[PhaseLevel, ...]:
    """The phases of the vertical alone, or of three components; none of a path that may not decide."""
    if not path.usable:
        return ()
    whole = path.components >= 3
    return (path.phases_vertical if whole else path.phases) if vertical else (path.phases if whole else ())
