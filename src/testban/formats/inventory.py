"""Inventories as people have them, merged: StationXML, SACPZ, station tables, orientation tables, folders of these.

Rules: what a file is, its content says, not its name; a folder is searched (two levels deep: StationXML, SACPZ files
of any name, CSV tables that are station or orientation tables) and everything else in it is left alone; a file that
was named is an error where it cannot be used, one that was found is a finding. The merging rules themselves are
those of `base.inventory`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from testban.base.errors import FormatError, InputError, InventoryError, SourceError
from testban.base.ids import Nslc
from testban.base.inventory import ANY, Inventory, conflicts
from testban.base.records import Channel, Finding
from testban.base.words import counted
from testban.earth.response import contradiction
from testban.formats import csvio, sacpz, stationxml
from testban.formats.unused_rows import NO_STATION, Unused, numbers_of, place_of, said

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
_SKIP = (".mseed", ".miniseed", ".msd", ".sac", ".html", ".json", ".md", ".png", ".pdf", ".npz")
_DEPTH = 2
_STATION_NUMBERS = ("longitude", "latitude", "elevation_m", "azimuth_deg", "dip_deg")


class _Collected:
    """What was read so far."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.loose: list[tuple[sacpz.PoleZero, str]] = []
        self.places: list[Channel] = []
        self.orientations: dict[Nslc, tuple[float, float]] = {}
        self.findings: list[Finding] = []

    def count(self) -> int:
        return len(self.channels) + len(self.loose) + len(self.places) + len(self.orientations)


def read_inventory(paths: str | Path | Iterable[str | Path]) -> Inventory:
    """One inventory from files and folders, in any order.

    Raises SourceError for a path that does not exist, FormatError for a named file that is no inventory,
    InventoryError where nothing at all was found.
    """
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    got = _Collected()
    for path in sorted(Path(p) for p in listed):
        before = got.count()
        if path.is_dir():
            for file in files(path):
                _read_found(file, got)
            if got.count() == before:
                raise InventoryError(
                    f"expected StationXML, SACPZ or a station table, got none in the folder {path}; name another"
                )
        else:
            _read_named(path, got)
    return _merge(got)


def files(folder: Path) -> list[Path]:
    """Files of a folder and its subfolders that may belong to an inventory, in order."""
    out: list[Path] = []
    level = [folder]
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for place in level:
            try:
                entries = sorted(place.iterdir())
            except OSError as exc:
                raise SourceError(f"expected a readable folder, got {exc.strerror!r} for {place}") from exc
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    below.append(entry)
                elif entry.suffix.lower() not in _SKIP:
                    out.append(entry)
        level = below
    return out


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SourceError(
            f"expected a readable file, got {exc.strerror!r} for {path}; check path and rights"
        ) from exc


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as f:
            return f.read(65536)
    except OSError:
        return b""


def _read_found(path: Path, got: _Collected) -> None:
    """A file that was found in a folder: used where it is an inventory, reported where it is a damaged one."""
    head = _head(path)
    table = path.suffix.lower() in _TABLE_SUFFIXES and _table_kind(head, path)
    if not (stationxml.is_stationxml(head) or sacpz.is_sacpz(head) or table):
        return
    try:
        _read_named(path, got)
    except InputError as exc:
        got.findings.append(Finding(kind="corrupt", subject=path.name, message=str(exc)))


def decode_inventory(documents: Sequence[tuple[str, bytes]]) -> Inventory:
    """One inventory from named bytes (an answer of a service, a member of an archive); errors as above."""
    got = _Collected()
    for name, data in sorted(documents):
        _decode(Path(name), data, got)
    return _merge(got)


def _read_named(path: Path, got: _Collected) -> None:
    _decode(path, _bytes(path), got)


def _decode(path: Path, data: bytes, got: _Collected) -> None:
    name = path.name
    if stationxml.is_stationxml(data):
        channels, findings = stationxml.decode(data, name)
        got.channels += channels
        got.findings += findings
    elif sacpz.is_sacpz(data):
        epochs, findings = sacpz.decode(data, name)
        got.loose += [(e, name) for e in epochs]
        got.findings += findings
    else:
        kind = _table_kind(data, path)
        if kind == "stations":
            rows, findings = station_rows(data, path.name)
            got.places += rows
            got.findings += findings
        elif kind == "orientations":
            got.orientations.update(_orientation_rows(data, path.name, got.findings))
        else:
            raise FormatError(
                f"expected StationXML, SACPZ, a station table or an orientation table, got {_seen(data)} in {path}; "
                "a station table has the columns station, latitude and longitude"
            )


def _seen(data: bytes) -> str:
    """What a file that is no inventory begins with."""
    head = data[:4096].split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").strip()
    plain = all(ch.isprintable() or ch == "\t" for ch in head)
    return f"a file that begins with {head[:60]!r}" if head and plain else "something else"


def _table_kind(data: bytes, path: Path) -> str:
    """By the header line: stations, orientations or nothing."""
    if csvio.is_parquet(path) or data[:4] == b"PAR1":
        return "stations"
    line = data[:4096].split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").strip().lower()
    separator = max(",;\t", key=line.count) if line else ","
    columns = {csvio.SHORT.get(c.strip(), c.strip()) for c in line.split(separator)}
    if {"seed_id", "cmpaz", "cmpinc"} <= columns:
        return "orientations"
    if {"station", "latitude", "longitude"} <= columns and "time" not in columns:
        return "stations"
    return ""


def station_rows(data: bytes, name: str) -> tuple[list[Channel], list[Finding]]:
    """Rows of a station table as channels whose unstated codes are "*"; rows without a position are counted."""
    rows = csvio.decode_rows(data, name, ("station", "latitude", "longitude"))
    out: list[Channel] = []
    unused = Unused(name, len(rows))
    for row in rows:
        station = csvio.text(row, "station")
        if not station:
            unused.add(NO_STATION)
            continue
        numbers = numbers_of(row, _STATION_NUMBERS, unused)
        if numbers is None:
            continue
        place = place_of(numbers)
        if isinstance(place, str):
            unused.add(place, said(row, ("station", "latitude", "longitude")))
            continue
        location = csvio.text(row, "location")
        nslc = Nslc(
            csvio.text(row, "network") or ANY,
            station,
            ("" if location == "--" else location) if location else ANY,
            csvio.text(row, "channel") or ANY,
        )
        out.append(
            Channel(
                nslc=nslc,
                longitude=place[0],
                latitude=place[1],
                elevation_m=numbers["elevation_m"] or 0.0,
                azimuth_deg=numbers["azimuth_deg"],
                dip_deg=numbers["dip_deg"],
                origin=f"table:{Path(name).name}",
            )
        )
    return out, list(unused.findings())


def _orientation_rows(data: bytes, name: str, findings: list[Finding]) -> dict[Nslc, tuple[float, float]]:
    """seed_id, cmpaz, cmpinc: SAC's inclination from the vertical, so dip = cmpinc - 90."""
    rows = csvio.decode_rows(data, name, ("seed_id", "cmpaz", "cmpinc"), {})
    out: dict[Nslc, tuple[float, float]] = {}
    bad = 0
    for row in rows:
        try:
            nslc = Nslc.parse(csvio.text(row, "seed_id"))
            azimuth, inclination = csvio.number(row, "cmpaz"), csvio.number(row, "cmpinc")
        except InputError:
            azimuth = inclination = None
        if azimuth is None or inclination is None or not (abs(azimuth) <= 360 and 0 <= inclination <= 180):
            bad += 1
            continue
        out[nslc] = (azimuth % 360.0, inclination - 90.0)
    if bad:
        text = f"{bad} of {len(rows)} rows without a channel and its angles are not used"
        findings.append(Finding(kind="table", subject=name, message=text))
    return out


# -- merging -----------------------------------------------------------------------------------------------------


def _merge(got: _Collected) -> Inventory:
    channels, findings = list(got.channels), list(got.findings)
    for zero, name in got.loose:
        placed = _placed(zero, name, got)
        if placed is None:
            text = f"{name} gives no position and no other source does; its response is not used"
            findings.append(Finding(kind="no-position", subject=str(zero.nslc), message=text))
        else:
            channels.append(placed)
    channels, repeated = _unique(channels)
    channels, refused = _credible(channels)
    findings += refused
    places, _ = _unique(got.places)
    findings += repeated
    if not channels and not places:
        why = "; ".join(f"{f.subject}: {f.message}" for f in findings[:3]) or "nothing was named"
        raise InventoryError(
            f"expected at least one station with a position, got none ({why}); add a station table"
        )
    findings += conflicts([*channels, *places])
    findings += _orientation_notes(channels, got.orientations)
    return Inventory(channels, places, got.orientations, findings)


def _credible(channels: Sequence[Channel]) -> tuple[list[Channel], list[Finding]]:
    """Channels without the responses that contradict themselves, and what was refused."""
    out, findings = [], []
    for c in channels:
        against = None
        if c.response is not None:
            try:
                against = contradiction(c.response, c.sample_rate_hz)
            except InventoryError as exc:
                against = str(exc)
        if against is not None:
            text = f"response left out: {against} ({c.origin.split(':', 1)[-1]})"
            findings.append(Finding(kind="no-response", subject=str(c.nslc), message=text))
            c = msgspec.structs.replace(c, response=None)
        out.append(c)
    return out, findings


def _placed(zero: sacpz.PoleZero, name: str, got: _Collected) -> Channel | None:
    longitude, latitude, elevation = zero.longitude, zero.latitude, zero.elevation_m
    if longitude is None or latitude is None:
        known = Inventory(got.channels, got.places).at(zero.nslc, zero.start_ns or 0)
        if known is None:
            return None
        longitude, latitude, elevation = known.longitude, known.latitude, known.elevation_m
    return Channel(
        nslc=zero.nslc,
        longitude=longitude,
        latitude=latitude,
        elevation_m=elevation,
        depth_m=zero.depth_m,
        azimuth_deg=zero.azimuth_deg,
        dip_deg=zero.dip_deg,
        sample_rate_hz=zero.sample_rate_hz,
        start_ns=zero.start_ns,
        end_ns=zero.end_ns,
        response=zero.response,
        origin=f"SACPZ:{name}",
    )


def _unique(channels: Sequence[Channel]) -> tuple[list[Channel], list[Finding]]:
    """Drop exact repeats (whatever file they came from); report them, and epochs of one source that contradict."""
    seen: dict[tuple[object, ...], Channel] = {}
    out: list[Channel] = []
    repeats: dict[str, int] = {}
    for c in sorted(channels, key=lambda c: (c.nslc, c.origin, c.start_ns or 0)):
        key = (c.nslc, c.origin.split(":")[0], c.start_ns, c.end_ns, c.longitude, c.latitude, c.response)
        if key in seen:
            repeats[c.origin] = repeats.get(c.origin, 0) + 1
        else:
            seen[key] = c
            out.append(c)
    findings = [
        Finding(
            kind="duplicate",
            subject=origin,
            message=f"{counted(n, 'entry repeats|entries repeat')} what was read before",
        )
        for origin, n in sorted(repeats.items())
    ]
    return out, findings


def _orientation_notes(channels: list[Channel], stated: dict[Nslc, tuple[float, float]]) -> list[Finding]:
    """Where an orientation table contradicts the metadata by more than 5 degrees."""
    out: dict[Nslc, Finding] = {}
    for c in channels:
        if c.nslc not in stated or c.azimuth_deg is None or c.dip_deg is None:
            continue
        azimuth, dip = stated[c.nslc]
        turn = abs((azimuth - c.azimuth_deg + 180.0) % 360.0 - 180.0)
        steep = abs(dip) > 80.0
        if abs(dip - c.dip_deg) > 5.0 or (turn > 5.0 and not steep):
            text = (
                f"the orientation table says azimuth {azimuth:g}, dip {dip:g}, the metadata {c.azimuth_deg:g}, "
                f"{c.dip_deg:g}; the table is used"
            )
            out.setdefault(c.nslc, Finding(kind="orientation", subject=str(c.nslc), message=text))
    return [out[k] for k in sorted(out)]
