"""Tables in memory, in and out: pandas DataFrames where pandas is there, dictionaries of columns anywhere.

Rules: column names as in `tables`, and those of PyOcto: stations have `id` ("CX.PB01." or "PB01"), longitude, latitude,
elevation in m; picks have station (such an id), phase, time; assignments have event_idx. A time is a number of seconds since
1970 UTC, a time stamp (pandas, NumPy, datetime, ObsPy; without a zone: UTC), or ISO 8601. A pick without an id is named by its row, "row12", so
that `events` can give the row back. What cannot be used is counted as in files. pandas is no dependency.
"""

import csv
import importlib
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from testban.base.errors import InputError
from testban.base.inventory import Inventory
from testban.base.records import Event, Pick
from testban.base.times import format_time
from testban.formats import csvio, inventory, tables

EVENT_COLUMNS = ("idx", "event_id", "time", "longitude", "latitude", "depth", "picks", "time_sigma_s", "smajor_km", "sminor_km",
                 "strike_deg", "depth_fixed", "rms_s", "gap_deg")  # fmt: skip
ASSIGNMENT_COLUMNS = (
    "event_idx",
    "pick_idx",
    "pick_id",
    "station",
    "phase",
    "time",
    "residual",
    "distance_deg",
    "weight",
    "defining",
)
_SHORT = {**csvio.SHORT, "event_idx": "event_id", "probability": "score"}


def read_picks(picks: Any, stations: Any = None) -> tables.PickTable:
    """Picks with their sites from a table of picks and, unless it has coordinates, one of stations.

    FormatError where no row can be used, InputError for what is no table.
    """
    return tables.picks_of(_rows(picks, "picks"), "picks", _inventory(stations))


def read_arrivals(arrivals: Any, stations: Any = None) -> tables.ArrivalTable:
    """Arrivals by event (event_id or event_idx; all of one event without) with their sites; see `read_picks`."""
    return tables.arrivals_of(_rows(arrivals, "arrivals"), "arrivals", _inventory(stations))


def events(
    found: Iterable[Event], picks: Iterable[Pick] = (), as_pandas: bool | None = None
) -> tuple[Any, Any]:
    """Events and assignments, as PyOcto gives them, from located events.

    Times in seconds since 1970 UTC, depth in km; pick_idx is the row of the table that the pick came from, -1 for a pick with
    an id of its own. as_pandas: DataFrames (None: where pandas is there), else dictionaries of lists.
    """
    known = {p.pick_id for p in picks}
    heads: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for i, e in enumerate(found):
        o = e.origin
        heads.append({
            "idx": i, "event_id": e.event_id, "time": o.time_ns / 1e9, "longitude": o.longitude, "latitude": o.latitude,
            "depth": o.depth_km, "picks": len(e.arrivals), "time_sigma_s": o.time_sigma_s,
            "smajor_km": o.ellipse.smajor_km if o.ellipse else None, "sminor_km": o.ellipse.sminor_km if o.ellipse else None,
            "strike_deg": o.ellipse.strike_deg if o.ellipse else None, "depth_fixed": o.depth_fixed, "rms_s": o.rms_s, "gap_deg": o.gap_deg,
        })  # fmt: skip
        for a in e.arrivals:
            if not known or a.pick_id in known:
                rows.append({
                    "event_idx": i, "pick_idx": _row_number(a.pick_id), "pick_id": a.pick_id, "station": a.station_key,
                    "phase": a.phase, "time": a.time_ns / 1e9, "residual": a.residual_s, "distance_deg": a.distance_deg,
                    "weight": a.weight, "defining": a.defining,
                })  # fmt: skip
    return _table(heads, EVENT_COLUMNS, as_pandas), _table(rows, ASSIGNMENT_COLUMNS, as_pandas)


def _row_number(pick_id: str) -> int:
    number = pick_id.removeprefix("row")
    return int(number) if number != pick_id and number.isascii() and number.isdigit() else -1


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_pandas: bool | None) -> Any:
    made = {c: [r[c] for r in rows] for c in columns}
    if as_pandas is False:
        return made
    try:
        return importlib.import_module("pandas").DataFrame(made)
    except ImportError as exc:
        if as_pandas:
            raise InputError(
                "expected pandas for DataFrames, got none; install it, or ask for columns"
            ) from exc
        return made


def _rows(table: Any, what: str) -> list[csvio.Row]:
    """Rows by the usual names; times as ISO 8601 to the nanosecond, stations without the dots of an id."""
    try:
        columns = {str(k).strip().lower(): list(table[k]) for k in table.keys()}  # noqa: SIM118 - a DataFrame iterates otherwise
    except (AttributeError, TypeError, KeyError) as exc:
        raise InputError(
            f"expected {what} as a DataFrame or columns by name, got {type(table).__name__}"
        ) from exc
    if len({len(v) for v in columns.values()}) > 1:
        raise InputError(f"expected columns of {what} of one length, got several; correct the table")
    if "station" not in columns and "sta" not in columns and "id" in columns:
        columns["station"] = columns.pop("id")
    named = {_SHORT.get(k, {"sta": "station"}.get(k, k)): k for k in columns}
    needed = ("station", "longitude", "latitude") if what == "stations" else ("station", "time")
    missing = [c for c in needed if c not in named]
    if missing:
        raise InputError(
            f"expected {what} with a column {missing[0]}, got {', '.join(columns) or 'none'}; name it so"
        )
    rows = []
    for i in range(len(next(iter(columns.values()), []))):
        row = {name: _plain(columns[k][i]) for name, k in named.items()}
        if what != "stations":
            row["time"] = _time(columns[named["time"]][i])
            row.setdefault("pick_id", f"row{i}")
            row.setdefault("phase", "")
        _split(row)
        rows.append(row)
    return rows


def _split(row: csvio.Row) -> None:
    """Network and station of an id as "CX.PB01." or "CX.PB01..HHZ"."""
    parts = csvio.text(row, "station").split(".")
    if len(parts) > 1 and not row.get("network"):
        row["network"], row["station"] = parts[0] or None, parts[1]


def _plain(value: Any) -> Any:
    """A cell as text, number or None."""
    if isinstance(value, np.generic):
        value = value.item()
    if (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")
    ):
        return None
    return value if isinstance(value, (bool, int, float)) else (str(value) or None)


def _time(value: Any) -> str | None:
    """A time of any kind as ISO 8601 to the nanosecond; None where it is none."""
    if isinstance(value, np.datetime64):
        return (
            None if np.isnat(value) else format_time(int(value.astype("datetime64[ns]").astype(np.int64)), 9)
        )
    if type(value).__name__ == "NaTType" or value is None:
        return None
    if hasattr(value, "as_unit"):  # a pandas Timestamp, of any unit
        return format_time(int(value.as_unit("ns").value), 9)
    if hasattr(value, "ns"):  # obspy.UTCDateTime
        return format_time(int(value.ns), 9)
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        seconds = float(value)
        if not abs(seconds) < 1e11:
            return None
        whole = math.floor(seconds)  # a product with 1e9 would lose a hundred nanoseconds
        return format_time(whole * 1_000_000_000 + round((seconds - whole) * 1e9), 9)
    if isinstance(value, str):
        return value or None
    return format_time(ns, 9) if (ns := _moment(value)) is not None else None


def _moment(value: Any) -> int | None:
    try:
        return csvio.time_ns({"time": value})
    except InputError:
        return None


def _inventory(stations: Any) -> Inventory | None:
    """A table of stations through the reader of station files."""
    if stations is None:
        return None
    if isinstance(stations, Inventory):
        return stations
    columns = ("network", "station", "longitude", "latitude", "elevation_m")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        [["" if row.get(c) is None else row[c] for c in columns] for row in _rows(stations, "stations")]
    )
    places, findings = inventory.station_rows(out.getvalue().encode(), "stations")
    return Inventory((), places, {}, findings)
