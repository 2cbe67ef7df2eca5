"""Corrections that a station or a path is known to need: simple tables, handed in with the settings.

Rules: a time correction is added to the predicted time of its phases at its station, everywhere or for sources within a
circle (source-specific); a slowness-azimuth correction is subtracted from the measured vector before it is compared, in
the form of the IDC's tables (a vector for all, and bins of slowness and azimuth with their own corrections and model
errors). A station without an entry gets none. Errors of the tables enlarge the sigma of the datum.
"""

import math
from collections.abc import Iterable

import msgspec

from testban.base.dmath import DEG, atan2_, sincos_
from testban.base.errors import InputError
from testban.base.geo import distance_km_


class TimeCorrection(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds to add to predicted times at a station. phase: "P", "S" (the family), or a label as picked; "" all.

    longitude, latitude, radius_km: only for sources in this circle (None: everywhere). sigma_s enlarges the pick's.
    """

    station_key: str
    seconds: float
    phase: str = ""
    longitude: float | None = None
    latitude: float | None = None
    radius_km: float = 0.0
    sigma_s: float = 0.0

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a source at this place is meant."""
        if self.longitude is None or self.latitude is None:
            return True
        return distance_km_(longitude, latitude, self.longitude, self.latitude) <= self.radius_km


class VectorBin(msgspec.Struct, frozen=True, kw_only=True):
    """Corrections of one bin [low, high) of measured slowness (s/deg) and back-azimuth (deg), with model errors."""

    slowness: tuple[float, float]
    azimuth: tuple[float, float]
    slowness_correction: float
    azimuth_correction: float
    slowness_sigma: float = 0.0
    azimuth_sigma: float = 0.0


class VectorCorrection(msgspec.Struct, frozen=True, kw_only=True):
    """Slowness-azimuth correction of one station: a vector (east, north; s/deg) for all, finer ones by bin."""

    station_key: str
    east: float = 0.0
    north: float = 0.0
    slowness_sigma: float = 0.0
    bins: tuple[VectorBin, ...] = ()

    def apply(self, slowness: float, backazimuth: float) -> tuple[float, float, float, float]:
        """Corrected slowness and back-azimuth, and the model error of each (s/deg, deg)."""
        s, c = sincos_(backazimuth * DEG)
        east, north = slowness * s - self.east, slowness * c - self.north
        p = math.sqrt(east * east + north * north)
        az = atan2_(east, north) / DEG % 360.0 if p > 0.0 else backazimuth
        sigma = self.slowness_sigma
        # an error of slowness across the vector turns it by so much (the IDC derives its azimuth error likewise)
        spread = 2.0 * atan2_(sigma, 2.0 * max(p, 1e-6)) / DEG if sigma > 0.0 else 0.0
        for b in self.bins:
            if (
                b.slowness[0] <= slowness < b.slowness[1]
                and b.azimuth[0] <= backazimuth % 360.0 < b.azimuth[1]
            ):
                return (
                    p - b.slowness_correction,
                    (az - b.azimuth_correction) % 360.0,
                    b.slowness_sigma,
                    b.azimuth_sigma,
                )
        return p, az, sigma, spread


def read_sasc(text: str, station_key: str) -> VectorCorrection:
    """A table of the IDC's slowness-azimuth station corrections; InputError for text that is none."""
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        east, north, sigma = (float(v) for v in rows[0][:3])
        count = int(rows[1][0]) if len(rows) > 1 else 0
        values = [[float(v) for v in r] for r in rows[2 : 2 + count]]
        if len(values) != count or any(len(v) != 8 for v in values):
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            "expected a slowness-azimuth table (default vector, number of bins, bins of 8 numbers), got other text; check the file"
        ) from None
    bins = tuple(
        VectorBin(
            slowness=(v[0], v[1]), azimuth=(v[2], v[3]), slowness_correction=v[4], azimuth_correction=v[5],
            slowness_sigma=v[6], azimuth_sigma=v[7],
        )
        for v in values
    )  # fmt: skip
    return VectorCorrection(station_key=station_key, east=east, north=north, slowness_sigma=sigma, bins=bins)


def time_of(
    rows: Iterable[TimeCorrection], phase: str, longitude: float, latitude: float
) -> tuple[float, float]:
    """Sum of the corrections that hold for a phase label at a station, and their sigma (root of squares)."""
    total, variance = 0.0, 0.0
    for r in rows:
        family = (
            r.phase in ("", phase)
            or (r.phase in ("P", "S") and phase[:1] == r.phase)
            or (r.phase == "P" and not phase)
        )
        if family and r.holds(longitude, latitude):
            total += r.seconds
            variance += r.sigma_s * r.sigma_s
    return total, math.sqrt(variance)
