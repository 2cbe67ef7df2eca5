"""Rows of CSV and Parquet files as dictionaries of texts or numbers, and back.

Rules: the extension decides (.parquet, .pq; anything else is CSV); column names are lower case, common short names
are understood; an absent, empty or "nan" cell is None; a table without the columns that it needs is a FormatError
that names them. CSV is UTF-8 (a byte-order mark is allowed), RFC 4180, separators comma, semicolon or tab.
"""

import csv
import datetime
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from testban.base.errors import FormatError, InputError, SourceError
from testban.base.times import NS_PER_S, parse_time

Row = dict[str, Any]
SHORT = {
    "id": "pick_id",
    "net": "network",
    "sta": "station",
    "loc": "location",
    "cha": "channel",
    "chan": "channel",
    "slow": "slowness_s_per_deg",
    "slowness": "slowness_s_per_deg",
    "slow_s_deg": "slowness_s_per_deg",
    "dtime": "time_sigma_s",
    "dslow": "slowness_sigma",
    "dbaz": "backazimuth_sigma",
    "baz": "backazimuth_deg",
    "backazimuth": "backazimuth_deg",
    "amp_nm": "amplitude_nm",
    "period": "period_s",
    "lat": "latitude",
    "sta_lat": "latitude",
    "lon": "longitude",
    "long": "longitude",
    "sta_lon": "longitude",
    "elev_m": "elevation_m",
    "elevation": "elevation_m",
    "event": "event_id",
    "hint": "phase",
    "phase_hint": "phase",
    "azimuth": "azimuth_deg",
    "dip": "dip_deg",
}
MAX_FIELD = 1 << 20


def is_parquet(path: str | Path) -> bool:
    """Whether a path names a Parquet file."""
    return Path(path).suffix.lower() in (".parquet", ".pq")


def read_rows(path: str | Path, needed: Sequence[str], short: Mapping[str, str] = SHORT) -> list[Row]:
    """All rows; SourceError where the file cannot be read, FormatError where it is no such table."""
    try:
        data = Path(path).read_bytes()
    except OSError as exc:
        raise SourceError(
            f"expected a readable table, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc
    return decode_rows(data, str(path), needed, short)


def decode_rows(data: bytes, name: str, needed: Sequence[str], short: Mapping[str, str] = SHORT) -> list[Row]:
    """Rows of the bytes of one CSV or Parquet file, with long column names."""
    columns, rows = _parquet(data, name) if is_parquet(name) or data[:4] == b"PAR1" else _csv(data, name)
    names = _names(columns, short)
    missing = [n for n in needed if n not in names]
    if missing:
        raise FormatError(
            f"expected a table with the columns {', '.join(needed)}, got {', '.join(columns[:20]) or 'none'} in {name}; "
            f"add {', '.join(missing)}"
        )
    return [{n: _clean(v) for n, v in zip(names, row, strict=False) if n} for row in rows]


def _names(columns: Sequence[str], short: Mapping[str, str]) -> list[str]:
    """Long names; a column that repeats an earlier one is dropped, a long name wins over its short form."""
    lower = [str(c).strip().lower() for c in columns]
    out: list[str] = []
    for c in lower:
        long = short.get(c, c)
        taken = long in out or (long != c and long in lower)
        out.append("" if taken else long)
    return out


def _csv(data: bytes, name: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise FormatError(f"expected a UTF-8 table, got bytes that are not in {name}; convert it") from exc
    if "\x00" in text:
        raise FormatError(f"expected a text table, got binary bytes in {name}; check the file")
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count) if head else ","
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as exc:
        raise FormatError(f"expected a CSV table, got {exc} in {name}; check the file") from exc
    if not rows:
        raise FormatError(f"expected a table with a header line, got an empty file: {name}; write it again")
    return rows[0], rows[1:]


def _parquet(data: bytes, name: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
        columns = [c.to_pylist() for c in table.columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
        raise FormatError(
            f"expected a Parquet table, got {str(exc)[:80]!r} in {name}; fetch it again"
        ) from exc
    return list(table.column_names), list(zip(*columns, strict=True))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
        return None if not value or value.lower() in ("nan", "none", "null") else value
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def text(row: Row, key: str) -> str:
    """A cell as text, "" where it is absent; numbers lose a trailing ".0"."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def number(row: Row, key: str) -> float | None:
    """A cell as a finite number, None where it is absent; InputError where it is something else."""
    value = row.get(key)
    if value is None:
        return None
    try:
        result = float(value)
    except (TypeError, ValueError) as exc:
        raise InputError(f"expected a number in {key}, got {str(value)[:40]!r}") from exc
    if not math.isfinite(result):
        raise InputError(f"expected a finite number in {key}, got {value!r}")
    return result


def maybe(row: Row, key: str) -> float | None:
    """A cell as a finite number, None where it is absent or something else."""
    try:
        return number(row, key)
    except InputError:
        return None


def time_ns(row: Row, key: str = "time") -> int | None:
    """A cell as a time (ISO 8601, or a Parquet time stamp), None where it is absent."""
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        delta = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        ns = (delta.days * 86400 + delta.seconds) * NS_PER_S + delta.microseconds * 1000
        return ns + int(getattr(value, "nanosecond", 0))
    if isinstance(value, (int, float)):
        raise InputError(f"expected an ISO 8601 time in {key}, got the number {value}")
    return parse_time(str(value))


def flag(row: Row, key: str) -> bool | None:
    """A cell as true or false, None where it is absent."""
    value = row.get(key)
    if value is None:
        return None
    return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "1", "yes", "t", "y")


def write_rows(path: str | Path, columns: Sequence[str], rows: Iterator[Row] | Sequence[Row]) -> None:
    """Write rows with exactly these columns; None is an empty cell. Parquet keeps texts and numbers as they are."""
    listed = [tuple(row.get(c) for c in columns) for row in rows]
    if is_parquet(path):
        _write_parquet(path, columns, listed)
        return
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in listed:
        writer.writerow(
            ["" if v is None else ("true" if v else "false") if isinstance(v, bool) else v for v in row]
        )
    Path(path).write_bytes(out.getvalue().encode())


def add_column(path: str | Path, name: str, value: str) -> None:
    """Put one value into a last column of every row of a CSV table."""
    with Path(path).open(encoding="utf-8", newline="") as f:
        rows = list(csv.reader(f))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for i, row in enumerate(rows):
        writer.writerow([*row, value if i else name])
    Path(path).write_bytes(out.getvalue().encode())


def _write_parquet(path: str | Path, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [pa.array([_number_or_text(row[i]) for row in rows]) for i in range(len(columns))]
    pq.write_table(pa.table(arrays, names=list(columns)), str(path))


def _number_or_text(value: Any) -> Any:
    """Decimals travel as texts inside (fixed number of places); Parquet gets the number."""
    if isinstance(value, Fixed):
        return float(value)
    return value


class Fixed(str):
    """A number written with a fixed count of decimals."""

    __slots__ = ()
