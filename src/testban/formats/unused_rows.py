"""Rows of a table that cannot be used: counted by what they lack, with the first one as an example.

Rules: nothing is guessed and nothing is lost in silence; an error says what to write in place of what came.
"""

from collections.abc import Iterable, Mapping, Sequence

from testban.base.errors import InputError
from testban.base.geo import check_position
from testban.base.records import Finding
from testban.base.words import form
from testban.formats import csvio
from testban.formats.csvio import Row, number

NO_STATION = "without a station code"
NO_TIME = "without a valid time"
NO_POSITION = "without a position"
NO_NUMBER = "with something else where a number belongs"
OFF_EARTH = "with a position that is none on Earth"
ADVICE: Mapping[str, str] = {
    NO_STATION: "fill the column station",
    NO_TIME: "write times in UTC such as 2017-09-03T03:30:01.6Z",
    NO_POSITION: "add the columns latitude and longitude, or give a station table or StationXML that has these stations",
    NO_NUMBER: "leave what is not known empty",
    OFF_EARTH: "latitude and longitude may be exchanged",
}


class Unused:
    """The tally of one table."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total = name, total
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, why: str, example: str = "") -> None:
        """One more row; example: what stood there."""
        self._counts[why] = self._counts.get(why, 0) + 1
        if example:
            self._first.setdefault(why, f" (such as {example[:60]!r})")

    def findings(self) -> tuple[Finding, ...]:
        """One finding for each reason."""
        return tuple(
            Finding(
                kind="table",
                subject=self.name,
                message=f"{n} of {self.total} {form(self.total, ('row', 'rows'))} {why} {form(n, ('is', 'are'))} not used{self._first.get(why, '')}",
            )
            for why, n in sorted(self._counts.items())
        )

    def told(self) -> str:
        """The reasons and what to do, for the error of a table without one row to use."""
        if not self._counts:
            return "it holds no rows; check the file"
        why = ", ".join(f"{n} {w}{self._first.get(w, '')}" for w, n in sorted(self._counts.items()))
        return f"{why}; {'; '.join(ADVICE[w] for w in sorted(self._counts) if w in ADVICE)}"


def time_of(row: Row, unused: Unused) -> int | None:
    """The time of a row, None (and counted) where there is none that can be read."""
    try:
        time = csvio.time_ns(row)
    except InputError:
        time = None
    if time is None:
        unused.add(NO_TIME, str(row.get("time") or ""))
    return time


def numbers_of(row: Row, columns: Sequence[str], unused: Unused) -> dict[str, float | None] | None:
    """The cells of these columns; None (and counted) where one holds something else than a number."""
    out: dict[str, float | None] = {}
    for c in columns:
        try:
            out[c] = number(row, c)
        except InputError:
            unused.add(NO_NUMBER, f"{c} {row.get(c)}")
            return None
    return out


def place_of(numbers: Mapping[str, float | None]) -> tuple[float, float] | str:
    """Longitude and latitude, or the reason to count where they are no place."""
    longitude, latitude = numbers["longitude"], numbers["latitude"]
    if longitude is None or latitude is None:
        return NO_POSITION
    return (longitude, latitude) if check_position(longitude, latitude) else OFF_EARTH


def said(row: Row, columns: Iterable[str]) -> str:
    """Cells as an example."""
    return " ".join(str(row.get(c)) for c in columns if row.get(c) is not None)
