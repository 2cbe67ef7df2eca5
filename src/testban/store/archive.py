"""An SDS archive that grows by records of miniSEED as they come, each kept once.

Rules: a record lies in the day file of its first sample; what `append` has returned is synced to disk; a disk that is full raises StoreError and
leaves whole records only; what a killed writer left torn at the end of a file is cut off at the start, in an archive that was begun here and in no
other. One writer at a time. SDS: SeisComP Data Structure 1.0, <root>/YEAR/NET/STA/CHA.D/NET.STA.LOC.CHA.D.YEAR.DAY.
"""

import hashlib
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.inventory import station_key
from testban.base.times import DAY_NS, day_start, julian_day
from testban.formats import mseed
from testban.formats.mseed_records import Table
from testban.store import durable

RECORD = 512
MARK = ".testban-archive"  # in an archive that was begun here: files of others may have longer records and are nobody's to mend
_CODES = re.compile(r"\w+\.\w+\.\w*\.\w+", re.ASCII)  # what may become a name of a file
KEPT_DAYS = 2  # of the newest record: of older files nothing is remembered


class Taken(NamedTuple):
    """What became of a batch: records kept, records that were there already, records that are not wanted (other stations, no samples), and by station how far (ns) its clock is ahead."""

    kept: int
    twice: int
    unfit: int
    ahead: dict[str, int]


class _Row(NamedTuple):
    number: int
    nslc: Nslc
    start_ns: int
    end_ns: int

    @property
    def key(self) -> str:
        return station_key(self.nslc.network, self.nslc.station)


def sds_path(nslc: Nslc, start_ns: int) -> Path:
    """Where samples of a channel belong, below the root."""
    year, day = julian_day(start_ns)
    name = f"{nslc.network}.{nslc.station}.{nslc.location}.{nslc.channel}.D.{year}.{day:03d}"
    return Path(str(year)) / nslc.network / nslc.station / f"{nslc.channel}.D" / name


def claim(root: Path) -> Path:
    """The root of an archive of our own, begun where nothing is; InputError where others keep recordings."""
    durable.folder(root)
    mark = root / MARK
    if not mark.exists():
        if any(p.is_file() for p in root.rglob("*")):
            raise InputError(
                f"expected an empty folder or an archive of testban follow, got files of others in {root}; "
                f"follow them as sdsarchive://{root}, and name another folder with --archive"
            )
        durable.replace(mark, b"records of SeedLink servers, kept by testban follow\n")
    return root


class Archive:
    """The archive below a root, which is made where it is not there, and mended."""

    def __init__(self, root: Path) -> None:
        self.root = claim(root)
        self._known: dict[Path, set[bytes]] = {}
        self._newest = 0
        self.mended = sum(_mend(p) for p in self._files())
        self.ends = self._ends()
        """Start (ns) of the newest record that was kept, by station and LOC.CHA."""

    def _files(self) -> list[Path]:
        return sorted(p for p in self.root.glob("*/*/*/*.D/*.D.*") if p.is_file())

    def _ends(self) -> dict[str, dict[str, int]]:
        last = {
            tuple(p.name.split(".")[:4]): p
            for p in sorted(self._files(), key=lambda p: p.name.split(".")[5:])
        }
        out: dict[str, dict[str, int]] = {}
        for path in last.values():
            for row in _rows(path.read_bytes()):
                _later(out, row)
        return out

    def append(self, records: Sequence[bytes], stations: Collection[str], latest_ns: int) -> Taken:
        """Keep records of 512 bytes of some stations durably, in their order; none that ends after `latest_ns`.

        StoreError where the disk does not take all of them; the same call again adds what is missing.
        """
        ahead: dict[str, int] = {}
        places: dict[Path, list[_Row]] = {}
        rows = [r for r in _rows(b"".join(records)) if r.key in stations and _CODES.fullmatch(str(r.nslc))]
        for row in rows:
            if row.end_ns > latest_ns:
                key = row.key
                ahead[key] = max(ahead.get(key, 0), row.end_ns - latest_ns)
            else:
                places.setdefault(self.root / sds_path(row.nslc, row.start_ns), []).append(row)
        kept = sum(self._extend(path, places[path], records) for path in sorted(places))
        self._forget()
        return Taken(kept, sum(map(len, places.values())) - kept, len(records) - len(rows), ahead)

    def _extend(self, path: Path, rows: list[_Row], records: Sequence[bytes]) -> int:
        """Add what a file lacks; the number of records added."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = {
                _name(r) for r in _split(path.read_bytes() if path.exists() else b"")
            }
        new: dict[bytes, bytes] = {}
        for row in rows:
            name = _name(records[row.number])
            if name not in known:
                new.setdefault(name, records[row.number])
        if new:
            durable.lengthen(path, b"".join(new.values()))
            known.update(new)
        for row in rows:
            _later(self.ends, row)
            self._newest = max(self._newest, row.start_ns)
        return len(new)

    def _forget(self) -> None:
        oldest = sds_path(
            Nslc("", "", "", ""), max(0, day_start(self._newest) - KEPT_DAYS * DAY_NS)
        ).name.split(".")[5:]
        self._known = {p: k for p, k in self._known.items() if p.name.split(".")[5:] >= oldest}


def _name(record: bytes) -> bytes:
    return hashlib.blake2b(record, digest_size=12).digest()


def _split(data: bytes) -> list[bytes]:
    return [data[i : i + RECORD] for i in range(0, len(data), RECORD)]


def _rows(data: bytes) -> list[_Row]:
    """Records with samples among records of 512 bytes, in their order; one that is something else costs itself only."""
    tables = mseed.index(data)[0] if data else []
    if sum(len(t.length) for t in tables) == len(data) // RECORD and all(
        (t.length == RECORD).all() for t in tables
    ):
        return sorted(row for t in tables for row in _table(t, 0))
    alone = (
        (i, t) for i, r in enumerate(_split(data)) for t in mseed.index(r)[0] if t.length.tolist() == [RECORD]
    )
    return [row for i, t in alone for row in _table(t, i)]


def _table(t: Table, first: int) -> list[_Row]:
    ends = (t.start_ns + t.number * (1e9 / t.rate_hz)).astype(np.int64).tolist()
    rows = zip(t.offset.tolist(), t.start_ns.tolist(), ends, strict=True)
    return [_Row(first + at // RECORD, t.nslc, start, end) for at, start, end in rows]


def _later(ends: dict[str, dict[str, int]], row: _Row) -> None:
    own = ends.setdefault(row.key, {})
    name = f"{row.nslc.location}.{row.nslc.channel}"
    own[name] = max(own.get(name, 0), row.start_ns)


def _mend(path: Path) -> int:
    """Cut off what is no whole record at the end of a file; the number of bytes cut."""
    data = path.read_bytes()
    good = len(data) // RECORD * RECORD
    while good and not mseed.index(data[good - RECORD : good])[0]:
        good -= RECORD
    if good != len(data):
        with path.open("r+b") as f:
            f.truncate(good)
            os.fsync(f.fileno())
    if not good:
        path.unlink()
    return len(data) - good
