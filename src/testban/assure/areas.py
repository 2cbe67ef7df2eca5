"""Areas of the ground: polygons in which stations may stand or which matter, with the noise of their rock and their cost.

Rules: even-odd over all rings of an area, so holes are holes; edges are straight in longitude and latitude, as RFC 7946 has
them; a ring that jumps by more than 180 degrees crosses the date line; a ring that goes round a pole is refused. Where
areas overlap the first that holds a place gives its noise; one that forbids wins over all.
"""

from collections.abc import Sequence

import msgspec

from testban.base.errors import InputError

Ring = tuple[tuple[float, float], ...]


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Rings of (longitude, latitude) in degrees. noise_nm_s, cost, array: of a station there, None as elsewhere."""

    name: str
    rings: tuple[Ring, ...]
    rock: str = ""
    noise_nm_s: float | None = None
    cost: float | None = None
    array: bool | None = None
    allowed: bool = True


def area(name: str, rings: Sequence[Sequence[Sequence[float]]], **more: object) -> Area:
    """An area whose rings are checked, closed and unwrapped at the date line. Raises InputError."""
    if not rings:
        raise InputError(f"area {name}: expected at least one ring, got none; correct it")
    found = Area(name=name, rings=tuple(_ring(name, r) for r in rings), **more)  # type: ignore[arg-type]
    for key in ("noise_nm_s", "cost"):
        value = getattr(found, key)
        if value is not None and not 0.0 < value < 1e9:
            raise InputError(f"area {name}: expected {key} above 0, got {value!r}; correct it")
    return found


def _ring(name: str, points: Sequence[Sequence[float]]) -> Ring:
    out: list[tuple[float, float]] = []
    for p in points:
        x, y = float(p[0]), float(p[1])
        if not (-360.0 <= x <= 360.0 and -90.0 <= y <= 90.0):
            raise InputError(
                f"area {name}: expected longitude, latitude in degrees, got {x:g}, {y:g}; correct it"
            )
        if out:
            x += 360.0 * round((out[-1][0] - x) / 360.0)
        out.append((x, y))
    if len(out) > 1 and out[0][1] == out[-1][1] and (out[0][0] - out[-1][0]) % 360.0 == 0.0:
        if out[0][0] != out[-1][0]:
            raise InputError(
                f"area {name}: a ring round a pole cannot be told from its outside; cut it at a meridian"
            )
        out.pop()
    if len(set(out)) < 3:
        raise InputError(
            f"area {name}: expected a ring of three corners and more, got {len(set(out))}; correct it"
        )
    return tuple(out)


def inside(a: Area, longitude: float, latitude: float) -> bool:
    """Whether a place lies in the area."""
    odd = False
    for ring in a.rings:
        west = min(x for x, _ in ring)
        lon = west + (longitude - west) % 360.0
        for i, (x0, y0) in enumerate(ring):
            x1, y1 = ring[i - 1]
            if (y0 > latitude) != (y1 > latitude) and x0 + (latitude - y0) / (y1 - y0) * (x1 - x0) > lon:
                odd = not odd
    return odd


def holding(areas: Sequence[Area], longitude: float, latitude: float) -> Area | None:
    """The first area that holds a place; None where none does or one forbids it."""
    found = [a for a in areas if inside(a, longitude, latitude)]
    return found[0] if found and all(a.allowed for a in found) else None


def box(areas: Sequence[Area]) -> tuple[float, float, float, float]:
    """West, east, south, north round all allowed areas. Raises InputError where there is none."""
    rings = [r for a in areas if a.allowed for r in a.rings]
    if not rings:
        raise InputError("expected at least one area that allows, got none; correct the file")
    first = min(x for x, _ in rings[0])
    spans = []
    for r in rings:
        west, east = min(x for x, _ in r), max(x for x, _ in r)
        shift = 360.0 * round((first - west) / 360.0)
        spans.append((west + shift, east + shift))
    west, east = min(s[0] for s in spans), max(s[1] for s in spans)
    y = [v for r in rings for _, v in r]
    if east - west >= 360.0:
        west, east = -180.0, 180.0
    return west, east, min(y), max(y)
