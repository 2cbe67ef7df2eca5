"""Which stations are one array: a stated rule, no list of names.

Rules: elements are vertical sensors of one network and one nominal rate; near each other, alike in name or very near;
spread over a plane. Nothing depends on the order of the channels.
"""

import math
from collections.abc import Sequence

from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG, distance_km_, offset_km_
from testban.base.records import Channel, Site
from testban.detect.sensor import is_vertical
from testban.signal import fk

MIN_ELEMENTS = 4
RESOLVED_S_PER_DEG = (
    3.0  # slowness error from fk.CALIBRATION_S above which elements are no array for ground motion
)
SMALL_APERTURE_KM = 5.0  # within this, names do not matter
MAX_SPACING_KM = 6.0  # widest usual grid of a seismic array is some 2-5 km; stations of a network stand wider
MAX_APERTURE_KM = 30.0


def group_arrays(
    channels: Sequence[Channel], max_aperture_km: float = MAX_APERTURE_KM, min_elements: int = MIN_ELEMENTS
) -> dict[str, tuple[str, ...]]:
    """Arrays among the channels: key -> NET.STA of the elements, both sorted.

    Stations of one network with a vertical sensor of the same kind and nominal rate, grouped around the one with most
    neighbours, every pair within max_aperture_km, at least min_elements, at different places and not in one line.
    A dense network is not an array: the codes must also begin with the same two letters and the median distance to
    the nearest element be at most MAX_SPACING_KM, or all lie within SMALL_APERTURE_KM; and ground motion (not sound,
    instrument code D) must be resolved to RESOLVED_S_PER_DEG, else the sensors serve better one by one. The key is NET. and the
    common prefix of the codes (trailing digits cut) if it has two letters, else the most central element.
    """
    places: dict[tuple[str, float, str], dict[str, tuple[float, float]]] = {}
    for c in sorted(channels, key=lambda c: (c.nslc, c.start_ns or 0)):
        if c.sample_rate_hz is not None and is_vertical(c.nslc, [c]):
            group = places.setdefault((c.nslc.network, c.sample_rate_hz, c.nslc.channel[1:2]), {})
            group.setdefault(c.nslc.net_sta, (c.longitude, c.latitude))
    out: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for (_, _, code), stations in sorted(places.items()):
        families: dict[str, list[str]] = {}
        for name in sorted(stations):
            families.setdefault(name.split(".")[1][:2], []).append(name)
        rounds = [(names, max_aperture_km) for _, names in sorted(families.items())]
        for names, limit in [*rounds, (sorted(stations), min(SMALL_APERTURE_KM, max_aperture_km))]:
            left = {k: stations[k] for k in names if k not in taken}
            while len(left) >= min_elements:
                best = _cluster(left, limit)
                if len(best) < min_elements:
                    break
                points = [left[k] for k in best]
                if _dense(points) and (code == "D" or resolves(points)) and spread(points):
                    out[_key(best, left, out)] = tuple(best)
                    taken.update(best)
                left = {k: v for k, v in left.items() if k not in best}
    return dict(sorted(out.items()))


def _dense(points: list[tuple[float, float]]) -> bool:
    """Whether the typical element has another one near."""
    nearest = [
        min(distance_km_(*p, *q) for j, q in enumerate(points) if j != i) for i, p in enumerate(points)
    ]
    return sorted(nearest)[len(nearest) // 2] <= MAX_SPACING_KM


def _cluster(left: dict[str, tuple[float, float]], limit_km: float) -> list[str]:
    """The station with most neighbours and those near it, all pairs within the limit; sorted."""
    names = sorted(left)
    near = {
        a: sorted((distance_km_(*left[a], *left[b]), b) for b in names if abs(left[a][1] - left[b][1]) < 1.0)
        for a in names
    }
    centre = min(
        names, key=lambda a: (-sum(d <= limit_km for d, _ in near[a]), sum(d for d, _ in near[a]), a)
    )
    chosen: list[str] = []
    for d, b in near[centre]:
        if d <= limit_km and all(distance_km_(*left[b], *left[c]) <= limit_km for c in chosen):
            chosen.append(b)
    return sorted(chosen)


def resolves(points: list[tuple[float, float]]) -> bool:
    """Whether timing errors of the elements leave a slowness error below RESOLVED_S_PER_DEG (across the array)."""
    x = [offset_km_(*points[0], *p) for p in points]
    n = len(x)
    e, h = sum(p[0] for p in x) / n, sum(p[1] for p in x) / n
    xx, yy = sum((p[0] - e) ** 2 for p in x), sum((p[1] - h) ** 2 for p in x)
    xy = sum((p[0] - e) * (p[1] - h) for p in x)
    least = 0.5 * (xx + yy) - math.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
    return least > (fk.CALIBRATION_S * KM_PER_DEG / RESOLVED_S_PER_DEG) ** 2


def spread(points: list[tuple[float, float]]) -> bool:
    """Whether the places define directions in both dimensions."""
    offsets = [offset_km_(*points[0], *p) for p in points]
    try:
        fk.geometry([o[0] for o in offsets], [o[1] for o in offsets])
    except InputError:
        return False
    return True


def central(names: Sequence[str], places: dict[str, tuple[float, float]]) -> str:
    """The element with the least summed distance to the others."""
    return min(names, key=lambda a: (round(sum(distance_km_(*places[a], *places[b]) for b in names), 6), a))


def _key(names: list[str], places: dict[str, tuple[float, float]], taken: dict[str, tuple[str, ...]]) -> str:
    network = names[0].split(".")[0]
    codes = [n.split(".")[1] for n in names]
    prefix = codes[0]
    while prefix and not all(c.startswith(prefix) for c in codes):
        prefix = prefix[:-1]
    prefix = prefix.rstrip("0123456789")
    key = f"{network}.{prefix}"
    return key if len(prefix) >= 2 and key not in taken else central(names, places)


def site(array_key: str, channels: Sequence[Channel]) -> Site:
    """The array as a site: the place of its most central element, to which the times of its picks refer."""
    places = {c.nslc.net_sta: (c.longitude, c.latitude) for c in channels if is_vertical(c.nslc, [c])}
    if not places:
        raise InputError(
            f"expected vertical channels for the array {array_key}, got none: check the inventory"
        )
    name = central(sorted(places), places)
    height = next(c.elevation_m for c in channels if c.nslc.net_sta == name)
    lon, lat = places[name]
    return Site(key=array_key, longitude=lon, latitude=lat, elevation_m=height, is_array=True)
