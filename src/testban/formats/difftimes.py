"""Differences of arrival times between events, lists of phases with stations, slowness vectors, and relative.csv.

Rules: the text forms are those of Gibbons' VIScERaL and gradientRelLoc data: columns separated by blanks, a line of
differences `EVENT1 EVENT2 TIME1 TIME2 STATION PHASE [CORRELATION ...]`, of phases `STATION PHASE LATITUDE LONGITUDE`, of
slownesses `STATION PHASE LAT LON LAT LON EAST NORTH` (s/km). Blank lines and lines that begin with # are passed over;
anything else that does not parse is an error that names its line.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from testban.base.errors import FormatError, InputError, SourceError
from testban.base.geo import check_position
from testban.base.times import parse_time
from testban.formats import csvio

RELATIVE = (
    "event", "east_m", "north_m", "semimajor_m", "semiminor_m", "strike_deg", "origin_time_shift_s",
    "origin_time_sigma_s", "origin_time", "longitude", "latitude", "n_phases", "master",
)  # fmt: skip
RESIDUALS = ("station", "phase", "event", "residual_s", "weight")
MAX_BYTES = 256 * 1024 * 1024


class PairTime(msgspec.Struct, frozen=True, kw_only=True):
    """The same phase of two events at a station. correlation: 0..1, 1 where not given."""

    first: str
    second: str
    first_ns: int
    second_ns: int
    station: str
    phase: str
    correlation: float = 1.0


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """Slowness at the source towards a station, s/km."""

    east: float
    north: float


def _lines(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise FormatError(f"expected a text of at most {MAX_BYTES} bytes, got more: {path}; cut it")
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise SourceError(
            f"expected a readable text, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc
    except UnicodeDecodeError as exc:
        raise FormatError(f"expected a text in UTF-8, got other bytes in {path}; convert it") from exc
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield number, words


def _bad(path: str | Path, number: int, expected: str, words: Sequence[str]) -> FormatError:
    return FormatError(
        f"expected {expected}, got {' '.join(words)[:80]!r} in line {number} of {path}; correct that line"
    )


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def read_pairs(path: str | Path) -> list[PairTime]:
    """Differences of a file. FormatError with the line that is none, or where there are none at all."""
    form = "EVENT1 EVENT2 TIME1 TIME2 STATION PHASE [CORRELATION]"
    out = []
    for number, w in _lines(path):
        if len(w) < 6:
            raise _bad(path, number, form, w)
        try:
            out.append(
                PairTime(
                    first=w[0], second=w[1], first_ns=parse_time(w[2]), second_ns=parse_time(w[3]), station=w[4],
                    phase=w[5], correlation=_number(w[6]) if len(w) > 6 else 1.0,
                )
            )  # fmt: skip
        except (InputError, ValueError) as exc:
            raise _bad(path, number, form, w) from exc
    if not out:
        raise FormatError(f"expected lines of {form}, got none in {path}; name another file")
    return out


def read_phases(path: str | Path) -> dict[tuple[str, str], tuple[float, float]]:
    """(station, phase) to (longitude, latitude). The first of repeated lines holds."""
    form = "STATION PHASE LATITUDE LONGITUDE"
    out: dict[tuple[str, str], tuple[float, float]] = {}
    for number, w in _lines(path):
        try:
            lat, lon = _number(w[2]), _number(w[3])
        except (IndexError, ValueError) as exc:
            raise _bad(path, number, form, w) from exc
        if not check_position(lon, lat):
            raise _bad(path, number, "a latitude and a longitude on Earth", w)
        out.setdefault((w[0], w[1]), (lon, lat))
    if not out:
        raise FormatError(f"expected lines of {form}, got none in {path}; name another file")
    return out


def read_vectors(path: str | Path) -> dict[tuple[str, str], Vector]:
    """(station, phase) to slowness vectors that replace those of the model."""
    form = "STATION PHASE LAT LON LAT LON EAST NORTH"
    out: dict[tuple[str, str], Vector] = {}
    for number, w in _lines(path):
        try:
            vector = Vector(east=_number(w[6]), north=_number(w[7]))
        except (IndexError, ValueError) as exc:
            raise _bad(path, number, form, w) from exc
        if math.hypot(vector.east, vector.north) > 1.0:
            raise _bad(path, number, "a slowness below 1 s/km", w)
        out[(w[0], w[1])] = vector
    return out


def write_relative(path: Path, rows: Sequence[csvio.Row]) -> None:
    """relative.csv."""
    csvio.write_rows(path, RELATIVE, rows)


def write_residuals(path: Path, rows: Sequence[csvio.Row]) -> None:
    """residuals.csv."""
    csvio.write_rows(path, RESIDUALS, rows)
