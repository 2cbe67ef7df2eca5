"""Travel-time tables in the format of LOCSAT, as SeisComP and the IDC's programs have them: one text file a phase.

Rules: a line of title; the number of depths and the depths (km); the number of distances and the distances (deg); for every depth a
line of comment and one line a distance, of which the first number is the time in s and the rest (amplitude, phase) is not
used; what follows the last time (model errors) is not read; a negative time is a hole. A file is MODEL.PHASE (SeisComP) or
tt_MODEL_PHASE (the IDC); a trailing underscore, which tells pP_ from PP where names have no case, belongs to no phase. Bray & Israelsson
1991 (LOCSAT), Nagy 1996 (its manual); read from files, no specification at hand.
"""

import itertools
import math
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from testban.base.errors import FormatError, InputError
from testban.earth.grid_times import GridTimes

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 2000
MAX_SECONDS = 1e5
_NAMES = (
    re.compile(r"^tt_(?P<model>.+?)_(?P<phase>[A-Za-z0-9]+)_?$"),
    re.compile(r"^(?P<model>[^.]+)\.(?P<phase>[A-Za-z0-9]+)_?$"),
)


def decode(data: bytes, name: str) -> GridTimes:
    """The table of one file; FormatError for bytes that are none."""
    if len(data) > MAX_BYTES:
        raise FormatError(
            f"expected a travel-time table of at most {MAX_BYTES} bytes, got {len(data)}: {name}; cut it"
        )
    try:
        lines = iter(enumerate(data.decode("ascii").splitlines(), 1))
    except UnicodeDecodeError as exc:
        raise FormatError(
            f"expected a travel-time table in ASCII, got other bytes in {name}; check the file"
        ) from exc
    next(lines, None)
    depths, distances = _axis(lines, name, "depths"), _axis(lines, name, "distances")
    seconds = np.empty((len(depths), len(distances)))
    for row in seconds:
        next(lines, None)
        for j in range(row.size):
            number, line = next(lines, (0, ""))
            time = _number((line.split() or [""])[0], name, number)
            if time > MAX_SECONDS:
                raise _bad(name, number, "a travel time in s", line)
            row[j] = time if time >= 0.0 else math.nan
    return GridTimes(np.array(depths), np.array(distances), seconds)


def _axis(lines: Iterator[tuple[int, str]], name: str, what: str) -> list[float]:
    """A count, then so many rising numbers over as many lines as they take."""
    number, line = next(lines, (0, ""))
    words = line.split()
    if not words or not words[0].isdecimal() or len(words[0]) > 6 or not 2 <= int(words[0]) <= MAX_NODES:
        raise _bad(name, number, f"the number of {what}, 2 to {MAX_NODES}", line)
    count, nodes = int(words[0]), list[float]()
    while len(nodes) < count:
        number, line = next(lines, (0, ""))
        here = [_number(w, name, number) for w in line.split()]
        nodes.extend(here)
        if not here or len(nodes) > count:
            raise _bad(name, number, f"{count} {what}", line)
    if nodes[0] < 0.0 or any(a >= b for a, b in itertools.pairwise(nodes)):
        raise FormatError(
            f"expected {what} that rise from 0 or more, got others up to line {number} of {name}; check the file"
        )
    return nodes


def _number(word: str, name: str, number: int) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _bad(name, number, "a number", word)
    return value


def _bad(name: str, number: int, expected: str, got: str) -> FormatError:
    if number == 0:
        return FormatError(f"expected {expected}, got the end of {name}; the table is cut short")
    return FormatError(
        f"expected {expected}, got {got.strip()[:60]!r} in line {number} of {name}; check the file"
    )


def read_tables(place: Path, phases: Collection[str]) -> tuple[str, dict[str, GridTimes]]:
    """Name of the model and its tables of these phases by phase.

    place: a folder with the tables of one model, or FOLDER/MODEL where there are several. Raises InputError where there is no
    table, or more than one model to choose from; FormatError for a file that is none. Files of other phases are not opened.
    """
    folder, wanted = (place, "") if place.is_dir() else (place.parent, place.name)
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        told = next((m for m in (p.match(path.name) for p in _NAMES) if m), None)
        if told and told["phase"] in phases and wanted in ("", told["model"]):
            found.setdefault(told["model"], {})[told["phase"]] = path
    if len(found) != 1:
        models = " ".join(sorted(found)) or "none"
        raise InputError(
            f"expected travel-time tables of one model in LOCSAT's format (MODEL.P or tt_MODEL_P), got {models} in {place}; "
            "name a folder of them, or FOLDER/MODEL"
        )
    ((model, paths),) = found.items()
    try:
        return model, {phase: decode(path.read_bytes(), path.name) for phase, path in paths.items()}
    except OSError as exc:
        raise InputError(
            f"expected readable tables, got {exc.strerror!r} for {exc.filename}; check rights"
        ) from exc
