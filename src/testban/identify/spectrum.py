"""The shape of the P spectrum of one path: its slope, and the corner of source and path together.

Rules: the rms in octave-like bands, noise power subtracted, stands for the spectrum; a slope or a corner needs bands with P above
the noise. The corner is apparent: attenuation along the path lowers it, and no correction is made, because no attenuation
model was confirmed. Model of the corner: velocity density f / (1 + (f/fc)^2) (Brune 1970, JGR 75, 4997), least squares in log10 on a
fixed grid.
"""

from collections.abc import Sequence

from testban.base.dmath import exp10_, log10_
from testban.base.measurements import BandRatio

SNR_LEAST = 2.0
LEAST_SLOPE, LEAST_CORNER = 3, 4
CORNERS = tuple(-0.3 + 0.05 * i for i in range(34))  # log10 Hz, 0.5 to 22 Hz


def _spectrum(ratios: Sequence[BandRatio]) -> list[tuple[float, float]]:
    """log10 frequency and log10 of the rms per root hertz, of bands with P above the noise."""
    return [
        (
            0.5 * log10_(r.band_hz[0] * r.band_hz[1]),
            log10_(r.p_rms) - 0.5 * log10_(r.band_hz[1] - r.band_hz[0]),
        )
        for r in ratios
        if r.p_rms is not None and r.snr_p is not None and r.snr_p >= SNR_LEAST
    ]


def slope(ratios: Sequence[BandRatio]) -> float | None:
    """Least-squares slope of log10 P rms over log10 frequency; None below three bands."""
    xy = _spectrum(ratios)
    if len(xy) < LEAST_SLOPE:
        return None
    mx, my = sum(x for x, _ in xy) / len(xy), sum(y for _, y in xy) / len(xy)
    return sum((x - mx) * (y - my) for x, y in xy) / sum((x - mx) * (x - mx) for x, _ in xy)


def corner(ratios: Sequence[BandRatio]) -> float | None:
    """Apparent corner frequency of P (Hz); None below four bands, or where the best one lies at an end of the grid."""
    xy = _spectrum(ratios)
    if len(xy) < LEAST_CORNER:
        return None
    best, at = None, 0
    for i, log_fc in enumerate(CORNERS):
        d = [y - x + log10_(1.0 + exp10_(2.0 * (x - log_fc))) for x, y in xy]
        mean = sum(d) / len(d)
        misfit = sum((v - mean) * (v - mean) for v in d)
        if best is None or misfit < best:
            best, at = misfit, i
    if at in (0, len(CORNERS) - 1):
        return None
    return exp10_(CORNERS[at])
