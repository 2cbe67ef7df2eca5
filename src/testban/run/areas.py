"""Areas from a file: GeoJSON polygons, or a table of corners (longitude, latitude, optional area and its properties).

Properties: name, rock, noise_nm_s, cost, array, allowed; others are ignored. Geometries other than polygons are refused.
"""

import json
from pathlib import Path
from typing import Any

from testban.assure import areas as room
from testban.assure.areas import Area
from testban.base.errors import InputError
from testban.formats import csvio


def read(path: Path) -> tuple[Area, ...]:
    """Areas in the order of the file. Raises InputError or SourceError."""
    if path.suffix.lower() in (".json", ".geojson"):
        return _geojson(path)
    return _table(path)


def _geojson(path: Path) -> tuple[Area, ...]:
    try:
        body: Any = json.loads(path.read_text("utf-8"))
        out = []
        for i, feature in enumerate(_features(body)):
            given = feature.get("properties") or {}
            name = str(given.get("name", i + 1))
            geometry = feature["geometry"]
            kinds = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
            rings = [ring for polygon in kinds[geometry["type"]] for ring in polygon]
            out.append(
                room.area(
                    name, rings, rock=str(given.get("rock", "")), noise_nm_s=_number(given, "noise_nm_s", name),
                    cost=_number(given, "cost", name), array=_flag(given, "array", name), allowed=_flag(given, "allowed", name) is not False,
                )
            )  # fmt: skip
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as exc:  # fmt: skip
        raise InputError(
            f"expected GeoJSON polygons in {path}; {type(exc).__name__}: {exc}; correct it"
        ) from None
    if not out:
        raise InputError(f"expected at least one polygon in {path}, got none; correct it")
    return tuple(out)


def _features(body: Any) -> list[Any]:
    if body["type"] == "FeatureCollection":
        return list(body["features"])
    return [body] if body["type"] == "Feature" else [{"geometry": body}]


def _number(given: dict[str, Any], key: str, name: str) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"area {name}: expected a number as {key}, got {value!r}; correct it")
    return float(value)


def _flag(given: dict[str, Any], key: str, name: str) -> bool | None:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise InputError(f"area {name}: expected true or false as {key}, got {value!r}; correct it")
    return value


def _table(path: Path) -> tuple[Area, ...]:
    """One ring for each name in `area`, corners in the order of the rows; properties from its first row."""
    rings: dict[str, list[tuple[float, float]]] = {}
    first: dict[str, csvio.Row] = {}
    for i, row in enumerate(csvio.read_rows(path, ("longitude", "latitude"))):
        x, y = csvio.number(row, "longitude"), csvio.number(row, "latitude")
        if x is None or y is None:
            raise InputError(f"expected a longitude and a latitude in row {i + 1} of {path}; correct it")
        name = csvio.text(row, "area") or "1"
        rings.setdefault(name, []).append((x, y))
        first.setdefault(name, row)
    if not rings:
        raise InputError(f"expected corners of an area in {path}, got none; correct it")
    return tuple(
        room.area(
            name, [corners], rock=csvio.text(first[name], "rock") or "", noise_nm_s=csvio.number(first[name], "noise_nm_s"),
            cost=csvio.number(first[name], "cost"), array=csvio.flag(first[name], "array"),
            allowed=csvio.flag(first[name], "allowed") is not False,
        )
        for name, corners in rings.items()
    )  # fmt: skip
