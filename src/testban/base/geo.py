"""Distances and azimuths on the Earth.

Rules: longitude before latitude, degrees, geographic (WGS84) in and out. Seismic distance is the angle between
geocentric directions, as travel-time tables and ellipticity corrections assume; small offsets in km use the
WGS84 radii of curvature. All arithmetic comes from `base.dmath`, so results have the same bits everywhere.
"""

import math

import numpy as np
from numba import njit

from testban.base.dmath import DEG, PI, asin_, atan2_, atan_, cos_, sin_, sincos_, tan_

A_KM = 6378.137
F = 1.0 / 298.257223563
E2 = F * (2.0 - F)
MEAN_RADIUS_KM = 6371.0
KM_PER_DEG = MEAN_RADIUS_KM * DEG


@njit(cache=True)
def geocentric_(latitude: float) -> float:
    """Geocentric latitude in degrees of a geographic one."""
    if latitude >= 90.0 or latitude <= -90.0:
        return latitude
    return atan_((1.0 - E2) * tan_(latitude * DEG)) / DEG


@njit(cache=True)
def geographic_(latitude: float) -> float:
    """Geographic latitude in degrees of a geocentric one."""
    if latitude >= 90.0 or latitude <= -90.0:
        return latitude
    return atan_(tan_(latitude * DEG) / (1.0 - E2)) / DEG


@njit(cache=True)
def delaz_(lon1: float, lat1: float, lon2: float, lat2: float) -> tuple[float, float, float]:
    """Distance, azimuth 1 to 2 and back-azimuth 2 to 1, all in degrees.

    Distance is the geocentric angle; azimuths are in 0..360.
    """
    s1, c1 = sincos_(geocentric_(lat1) * DEG)
    s2, c2 = sincos_(geocentric_(lat2) * DEG)
    sd, cd = sincos_((lon2 - lon1) * DEG)
    y1 = sd * c2
    x1 = c1 * s2 - s1 * c2 * cd
    delta = atan2_(math.sqrt(y1 * y1 + x1 * x1), s1 * s2 + c1 * c2 * cd) / DEG
    az = atan2_(y1, x1) / DEG
    baz = atan2_(-sd * c1, c2 * s1 - s2 * c1 * cd) / DEG
    if az < 0.0:
        az += 360.0
    if baz < 0.0:
        baz += 360.0
    return delta, az, baz


@njit(cache=True)
def destination_(lon: float, lat: float, azimuth: float, delta: float) -> tuple[float, float]:
    """Longitude (-180..180) and latitude reached from a point along an azimuth by a geocentric angle, degrees."""
    s1, c1 = sincos_(geocentric_(lat) * DEG)
    sd, cd = sincos_(delta * DEG)
    sa, ca = sincos_(azimuth * DEG)
    s2 = s1 * cd + c1 * sd * ca
    lat2 = asin_(s2) / DEG
    dlon = atan2_(sa * sd * c1, cd - s1 * s2) / DEG
    return wrap_longitude_(lon + dlon), geographic_(lat2)


@njit(cache=True)
def wrap_longitude_(lon: float) -> float:
    """Longitude in [-180, 180)."""
    return lon - 360.0 * math.floor((lon + 180.0) / 360.0)


@njit(cache=True)
def offset_km_(lon0: float, lat0: float, lon: float, lat: float) -> tuple[float, float]:
    """East and north offset in km of a point from (lon0, lat0), by WGS84 radii at the mid latitude.

    Good to a few metres within 100 km.
    """
    s, c = sincos_(0.5 * (lat0 + lat) * DEG)
    w = 1.0 - E2 * s * s
    north = A_KM * (1.0 - E2) / (w * math.sqrt(w)) * (lat - lat0) * DEG
    east = A_KM / math.sqrt(w) * c * wrap_longitude_(lon - lon0) * DEG
    return east, north


@njit(cache=True)
def shift_km_(lon0: float, lat0: float, east_km: float, north_km: float) -> tuple[float, float]:
    """The point (longitude, latitude) at an offset in km, by WGS84 radii; within 100 km and not at a pole."""
    s, _ = sincos_(lat0 * DEG)
    w = 1.0 - E2 * s * s
    lat = lat0 + north_km / (A_KM * (1.0 - E2) / (w * math.sqrt(w))) / DEG
    s, c = sincos_(0.5 * (lat0 + lat) * DEG)
    w = 1.0 - E2 * s * s
    lat = lat0 + north_km / (A_KM * (1.0 - E2) / (w * math.sqrt(w))) / DEG
    lon = lon0 + east_km / (A_KM / math.sqrt(w) * c) / DEG
    return wrap_longitude_(lon), lat


@njit(cache=True)
def distance_km_(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Geodesic distance in km on WGS84 by Vincenty's inverse formula; nearly antipodal points fall back to the sphere."""
    u1 = atan_((1.0 - F) * tan_(lat1 * DEG)) if abs(lat1) < 90.0 else lat1 * DEG
    u2 = atan_((1.0 - F) * tan_(lat2 * DEG)) if abs(lat2) < 90.0 else lat2 * DEG
    su1, cu1 = sincos_(u1)
    su2, cu2 = sincos_(u2)
    dl = wrap_longitude_(lon2 - lon1) * DEG
    lam = dl
    for _ in range(60):
        sl, cl = sincos_(lam)
        a = cu2 * sl
        b = cu1 * su2 - su1 * cu2 * cl
        ss = math.sqrt(a * a + b * b)
        if ss == 0.0:
            return 0.0
        cs = su1 * su2 + cu1 * cu2 * cl
        sigma = atan2_(ss, cs)
        sa = cu1 * cu2 * sl / ss
        c2a = 1.0 - sa * sa
        c2m = cs - 2.0 * su1 * su2 / c2a if c2a > 1e-15 else 0.0
        cc = F / 16.0 * c2a * (4.0 + F * (4.0 - 3.0 * c2a))
        new = dl + (1.0 - cc) * F * sa * (sigma + cc * ss * (c2m + cc * cs * (-1.0 + 2.0 * c2m * c2m)))
        if abs(new - lam) < 1e-13:
            usq = c2a * (A_KM * A_KM - ((1.0 - F) * A_KM) ** 2) / ((1.0 - F) * A_KM) ** 2
            aa = 1.0 + usq / 16384.0 * (4096.0 + usq * (-768.0 + usq * (320.0 - 175.0 * usq)))
            bb = usq / 1024.0 * (256.0 + usq * (-128.0 + usq * (74.0 - 47.0 * usq)))
            ds = (
                bb
                * ss
                * (
                    c2m
                    + bb
                    / 4.0
                    * (
                        cs * (-1.0 + 2.0 * c2m * c2m)
                        - bb / 6.0 * c2m * (-3.0 + 4.0 * ss * ss) * (-3.0 + 4.0 * c2m * c2m)
                    )
                )
            )
            return (1.0 - F) * A_KM * aa * (sigma - ds)
        if abs(new) > PI:
            break
        lam = new
    return delaz_(lon1, lat1, lon2, lat2)[0] * DEG * MEAN_RADIUS_KM


@njit(cache=True)
def unit_vector_(lon: float, lat: float) -> tuple[float, float, float]:
    """Geocentric unit vector of a geographic point."""
    s, c = sincos_(geocentric_(lat) * DEG)
    return c * cos_(lon * DEG), c * sin_(lon * DEG), s


def check_position(longitude: float, latitude: float) -> bool:
    """Whether a longitude and latitude are finite and on the Earth."""
    return (
        bool(np.isfinite(longitude) and np.isfinite(latitude))
        and abs(latitude) <= 90
        and abs(longitude) <= 360
    )
