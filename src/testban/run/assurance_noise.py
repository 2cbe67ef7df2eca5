"""A network as it was measured: stations, noise and up-time of each day out of the noise hours of the main job.

Rules: noise is the median over the hours of a day (or of all days) of A/T in one detection band; up-time is the share
of the time looked at in which there were samples; a station without amplitude (no response) is left out and counted;
nothing is taken from the scenario but the rule. The hours' noise is that outside signals: what the coda of an earthquake
hides is a matter of threshold monitoring.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from testban import formats
from testban.assure.capability import Sensor
from testban.base.errors import InputError
from testban.base.times import DAY_NS, NS_PER_S, format_time, parse_time
from testban.formats import csvio

LEVELS, LEVELS_S = "levels.csv", 60
COLUMNS = ("network", "station", "hour", "low_hz", "high_hz", "up_s", "a_over_t_nm_s")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Stations of one day ("all" for the whole time), and those left out for want of an amplitude or a place."""

    day: str
    sensors: tuple[Sensor, ...]
    left_out: tuple[str, ...]
    simulated: bool = False


class _Hour(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    hour_ns: int
    up_s: float
    noise: float | None
    simulated: bool


def _hours(path: Path, band: tuple[float, float]) -> list[_Hour]:
    out = []
    for row in csvio.read_rows(path, COLUMNS):
        low, high = csvio.number(row, "low_hz"), csvio.number(row, "high_hz")
        if (low, high) == band:
            out.append(
                _Hour(
                    key=f"{csvio.text(row, 'network')}.{csvio.text(row, 'station')}",
                    hour_ns=parse_time(csvio.text(row, "hour")),
                    up_s=csvio.number(row, "up_s") or 0.0,
                    noise=csvio.number(row, "a_over_t_nm_s"),
                    simulated=csvio.text(row, "simulated") == "true",
                )
            )
    if not out:
        raise InputError(
            f"{path}: expected noise hours in the band {band[0]:g}-{band[1]:g} Hz, got none; choose another --band"
        )
    return out


def _places(folder: Path, inventory: Sequence[str | Path]) -> dict[str, tuple[float, float]]:
    books: list[str | Path] = list(inventory)
    if not books and (folder / "stations.csv").exists():
        books = [folder / "stations.csv"]
    if not books:
        raise InputError(
            "--noise: expected stations.csv beside noise.csv, or --inventory; give --inventory with the stations' places"
        )
    return {s.key: (s.longitude, s.latitude) for s in formats.inventory.read_inventory(books).sites()}


def _sensors(
    hours: Sequence[_Hour], places: dict[str, tuple[float, float]], window: int, arrays: frozenset[str]
) -> tuple[tuple[Sensor, ...], tuple[str, ...]]:
    by_station: dict[str, list[_Hour]] = {}
    for h in hours:
        by_station.setdefault(h.key, []).append(h)
    out, left = [], []
    for key in sorted(by_station):
        known = [h.noise for h in by_station[key] if h.noise is not None and h.noise > 0.0]
        if not known or key not in places:
            left.append(key)
            continue
        up = sum(min(h.up_s, 3600.0) for h in by_station[key]) / (window / NS_PER_S)
        lon, lat = places[key]
        out.append(
            Sensor(
                code=key, longitude=lon, latitude=lat, noise_nm_s=float(np.median(known)),
                reliability=min(1.0, up), array=key in arrays,
            )
        )  # fmt: skip
    return tuple(out), tuple(left)


def stretch(file: Path) -> int:
    """Seconds of one row: an hour, or those of the levels that `testban assure monitor` writes."""
    return LEVELS_S if file.name == LEVELS else 3600


def moments(
    path: Path, inventory: Sequence[str | Path], band: tuple[float, float], arrays: Sequence[str] = ()
) -> tuple[Measured, ...]:
    """The usual state first (each station up, at its median), then each stretch of the table. Raises InputError.

    A station with samples in less than half of a stretch was down in it; the others were up.
    """
    file = path / "noise.csv" if path.is_dir() else path
    hours = _hours(file, band)
    places, known, stretch_s = _places(file.parent, inventory), frozenset(arrays), stretch(file)
    usual, left = _sensors(hours, places, stretch_s * NS_PER_S, known)
    usual = tuple(msgspec.structs.replace(s, reliability=1.0) for s in usual)
    out = [Measured(day="usual", sensors=usual, left_out=left)]
    for at in sorted({h.hour_ns for h in hours}):
        own = [h for h in hours if h.hour_ns == at and 2.0 * h.up_s >= stretch_s]
        sensors, left = _sensors(own, places, stretch_s * NS_PER_S, known)
        sensors = tuple(msgspec.structs.replace(s, reliability=1.0) for s in sensors)
        out.append(Measured(day=format_time(at, 0), sensors=sensors, left_out=left))
    return tuple(out)


def measured(
    path: Path, inventory: Sequence[str | Path], band: tuple[float, float], arrays: Sequence[str] = ()
) -> tuple[Measured, ...]:
    """The whole time first ("all"), then each day, from noise.csv or the folder that holds it. Raises InputError."""
    file = path / "noise.csv" if path.is_dir() else path
    hours = _hours(file, band)
    places = _places(file.parent, inventory)
    known = frozenset(arrays)
    begin, end = min(h.hour_ns for h in hours), max(h.hour_ns for h in hours) + stretch(file) * NS_PER_S
    out = []
    whole, left = _sensors(hours, places, end - begin, known)
    if not whole:
        raise InputError(
            f"{file}: expected amplitudes of stations with a place, got none of {', '.join(left)}; give their responses and --inventory"
        )
    simulated = any(h.simulated for h in hours)
    out.append(Measured(day="all", sensors=whole, left_out=left, simulated=simulated))
    for day in sorted({h.hour_ns // DAY_NS for h in hours}):
        own = [h for h in hours if h.hour_ns // DAY_NS == day]
        window = min(end, (day + 1) * DAY_NS) - max(begin, day * DAY_NS)
        sensors, missing = _sensors(own, places, window, known)
        out.append(Measured(day=format_time(day * DAY_NS, 0)[:10], sensors=sensors, left_out=missing))
    return tuple(out)
