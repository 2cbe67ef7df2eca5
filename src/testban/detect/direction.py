"""Direction of an arrival at an array: f-k in the band with the clearest plane wave, and whether there is one.

Rules: a plane wave is told from noise by its F statistic; a second f-k on aligned traces in a short window refines
the first; an element that moves against the rest is left out and reported. No BLAS.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import pow_
from testban.base.geo import KM_PER_DEG
from testban.base.records import Finding, Pick
from testban.detect.elements import Elements, flat
from testban.detect.grouping import MIN_ELEMENTS
from testban.detect.settings import Band, Settings, usable_bands
from testban.signal import beams, filters, fk

F64 = NDArray[np.float64]
NS = 10**9
SMAX_S_PER_DEG = 14.0  # steep waves: Pn (13.75 s/deg in ak135) and everything steeper
FK_SMAX_S_PER_DEG = 40.0  # Lg and Rg at 3 km/s
FK_CELL_S_PER_DEG = 1.0
MODEL_S_PER_DEG = 0.3  # mislocation of an array without slowness corrections, per component; assumed
S_FROM_S_PER_DEG = 15.0  # slower than any P-type wave: named S
REVERSED = -0.4  # correlation with the beam of the others


def _cut(e: Elements, centre: float, before_s: float, after_s: float, band: Band) -> F64 | None:
    """Band-passed elements from before to after a sample number; None where any sample is missing."""
    lead = round((before_s + 30.0) * e.rate_hz)
    a = max(0, round(centre) - lead - e.first)
    b = round(centre + after_s * e.rate_hz) - e.first
    skip = round(centre - before_s * e.rate_hz) - e.first - a
    if skip < 0 or b > e.samples.shape[1]:
        return None
    x = e.samples[:, a:b]
    if not np.isfinite(x).all():
        return None
    return np.array([filters.bandpass(row, band[0], band[1], e.rate_hz)[skip:] for row in x])


def plane_wave_z(result: fk.FkResult) -> float:
    """Standard normal deviate of an F statistic by the cube-root approximation (Paulson 1942, Ann. Math. Stat. 13, 233)."""
    return deviate(result.f_statistic, *result.degrees)


def deviate(f_statistic: float, n1: float, n2: float) -> float:
    """Standard normal deviate of an F statistic of n1 and n2 degrees of freedom, by the same approximation."""
    a, b = 2.0 / (9.0 * n1), 2.0 / (9.0 * n2)
    root = float(pow_(f_statistic, 1.0 / 3.0))
    return ((1.0 - b) * root - (1.0 - a)) / math.sqrt(a + b * root * root)


def moveout_s(e: Elements, band: Band) -> tuple[float, float, float]:
    """Moveout of a steep wave over the array, and length of the signal window, in seconds."""
    reach = float(np.max(np.sqrt(e.east**2 + e.north**2)))
    move = reach * SMAX_S_PER_DEG / KM_PER_DEG
    return move, max(2.0, 4.0 / (band[1] - band[0])), reach


def grid(reach_s_per_deg: float) -> int:
    """Nodes a side of a slowness grid."""
    return 2 * math.ceil(reach_s_per_deg / FK_CELL_S_PER_DEG) + 1


def find(
    e: Elements, centre: float, bands: Sequence[Band], reach_s_per_deg: float = FK_SMAX_S_PER_DEG
) -> tuple[fk.FkResult, Band] | None:
    """f-k in the band with the clearest plane wave: a window that holds all elements, then again on aligned traces."""
    best: tuple[float, fk.FkResult, Band] | None = None
    for band in bands:
        move, length, _ = moveout_s(e, band)
        x = _cut(e, centre, move + 0.5, move + length, band)
        if x is None or not float(np.abs(x).max()) > 0.0:
            continue
        r = fk.fk(x, e.east, e.north, e.rate_hz, band[0], band[1], reach_s_per_deg, grid(reach_s_per_deg))
        z = plane_wave_z(r)
        if best is None or z > best[0]:
            best = (z, r, band)
    if best is None:
        return None
    _, first, band = best
    return _aligned(e, centre, first, band), band


def _aligned(e: Elements, centre: float, first: fk.FkResult, band: Band) -> fk.FkResult:
    """f-k of what is left after the first slowness was taken off, in a short window; the sum of both."""
    _, length, reach = moveout_s(e, band)
    move = reach * first.slowness_s_per_deg / KM_PER_DEG
    x = _cut(e, centre, move + 3.0, move + length + 3.0, band)
    if x is None:
        return first
    delay = fk.delays(e.east, e.north, first.slowness_s_per_deg, first.backazimuth_deg)
    skip = round((move + 2.5) * e.rate_hz)
    y = np.array([beams.advance(row, float(d), e.rate_hz) for row, d in zip(x, delay, strict=True)])
    y = y[:, skip : skip + round((length + 0.5) * e.rate_hz)]
    r = fk.fk(y, e.east, e.north, e.rate_hz, band[0], band[1], 4.0, 21)
    if r.at_edge or plane_wave_z(r) < 0.5 * plane_wave_z(first):
        return first
    east, north = first.east_s_per_deg + r.east_s_per_deg, first.north_s_per_deg + r.north_s_per_deg
    s, baz, ss, bs = fk.polar(east, north, r.covariance)
    return msgspec.structs.replace(
        r, slowness_s_per_deg=s, backazimuth_deg=baz, slowness_sigma=ss, backazimuth_sigma=bs,
        east_s_per_deg=east, north_s_per_deg=north, at_edge=first.at_edge,
    )  # fmt: skip


def _reversed(e: Elements, centre: float, r: fk.FkResult, band: Band) -> int | None:
    """The element without which the rest is far more of a plane wave and against whose beam it moves."""
    move, length, _ = moveout_s(e, band)
    x = _cut(e, centre, move + 0.5, move + length, band)
    if x is None or r.relative_power > 0.85 or len(e.names) <= MIN_ELEMENTS:
        return None
    best: tuple[float, int, fk.FkResult] | None = None
    for i in range(len(e.names)):
        keep = [k for k in range(len(e.names)) if k != i]
        if not flat(e.without([i])):
            continue
        got = fk.fk(
            x[keep],
            e.east[keep],
            e.north[keep],
            e.rate_hz,
            band[0],
            band[1],
            FK_SMAX_S_PER_DEG,
            grid(FK_SMAX_S_PER_DEG),
        )
        if best is None or got.f_statistic > best[0]:
            best = (got.f_statistic, i, got)
    if best is None or best[0] < 1.5 * r.f_statistic:
        return None
    delay = fk.delays(e.east, e.north, best[2].slowness_s_per_deg, best[2].backazimuth_deg)
    y = np.array([beams.advance(row, float(d), e.rate_hz) for row, d in zip(x, delay, strict=True)])
    y = y[:, round(0.5 * move * e.rate_hz) : y.shape[1] - round(0.5 * move * e.rate_hz)]
    row = y[best[1]]
    rest = np.sum(y, axis=0) - row
    power = float(np.sum(row * row)) * float(np.sum(rest * rest))
    against = power > 0.0 and float(np.sum(row * rest)) / math.sqrt(power) < REVERSED
    return best[1] if against else None


def best_bands(e: Elements, band: Band, settings: Settings) -> list[Band]:
    """The band of the detection and the usable ones that overlap it or lie between 0.8 and 4 Hz."""
    usable = usable_bands(settings, e.rate_hz)
    return [
        b for b in usable if b == band or (b[0] >= 0.8 and b[1] <= 4.0) or (b[0] < band[1] and band[0] < b[1])
    ]


def again(
    e: Elements,
    pick: Pick,
    r: fk.FkResult,
    bands: Sequence[Band],
    reach_s_per_deg: float,
    notes: list[Finding],
) -> fk.FkResult:
    """f-k at the onset: the candidate may come from a beam of another slowness, off by the moveout."""
    centre = pick.time_ns * e.rate_hz / 1e9
    found = find(e, centre, bands, reach_s_per_deg)
    for _ in range(len(e.names) // 3):
        gone = None if found is None else _reversed(e, centre, *found)
        if gone is None:
            break
        text = "moves against the other elements, left out of the directions of some detections"
        notes.append(Finding(kind="element", subject=str(e.names[gone]), message=text))
        e = e.without([gone])
        found = find(e, centre, bands, reach_s_per_deg) or found
    return found[0] if found is not None and plane_wave_z(found[0]) > plane_wave_z(r) else r


def with_direction(pick: Pick, r: fk.FkResult) -> Pick:
    """The pick with slowness, back-azimuth and their errors; without a name where the slowness is on the grid's rim."""
    if (
        r.at_edge
    ):  # slower than the grid: sound in air, waves of very shallow layers; the direction is not resolved
        return msgspec.structs.replace(pick, phase_hint="", f_statistic=round(r.f_statistic, 2))
    m2 = MODEL_S_PER_DEG * MODEL_S_PER_DEG
    cov = (r.covariance[0] + m2, r.covariance[1], r.covariance[2] + m2)
    s, baz, s_sigma, baz_sigma = fk.polar(r.east_s_per_deg, r.north_s_per_deg, cov)
    return msgspec.structs.replace(
        pick,
        phase_hint="S" if s > S_FROM_S_PER_DEG else "P",
        slowness_s_per_deg=round(s, 3),
        slowness_sigma=round(s_sigma, 3),
        backazimuth_deg=round(baz, 2) % 360.0,
        backazimuth_sigma=round(baz_sigma, 2),
        f_statistic=round(r.f_statistic, 2),
    )
