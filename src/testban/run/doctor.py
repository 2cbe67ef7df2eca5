"""What is wrong with an installation or an archive, in words that help."""

import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from testban import formats, links
from testban.base.errors import TestbanError
from testban.base.records import Finding
from testban.base.spans import intersect, total_s
from testban.base.times import format_time
from testban.earth import travel
from testban.store import Catalogue


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: whether it holds, what was seen, and what to do where it does not."""

    name: str
    ok: bool
    seen: str
    advice: str = ""
    needed: bool = True


def installation(out: Path | None = None) -> list[Check]:
    """Checks of this installation."""
    place = out or Path(tempfile.gettempdir())
    return [
        _check("Python", _python, "install Python 3.11 or newer and run make install again"),
        _check("libraries", _libraries, "run make install again; it takes the versions of requirements.lock"),
        _check("travel times", _travel, "the package is damaged; install it again"),
        _check(
            "arithmetic",
            _arithmetic,
            "compiled functions differ from their reference; remove *.nbi files and report",
        ),
        _check(
            "catalogue", _catalogue, "SQLite cannot write in the temporary folder; free space or set TMPDIR"
        ),
        _check("disk", lambda: _disk(place), "free some disk space before long runs"),
        _check(
            "PDF",
            _pdf,
            "only needed for --pdf: install WeasyPrint and the system library pango",
            needed=False,
        ),
    ]


def archive(
    sources: Sequence[str], inventory_paths: Sequence[str | Path]
) -> tuple[list[Check], list[Finding]]:
    """Checks of an archive against its inventory, and everything that was noticed."""
    source = links.open_source(tuple(sources))
    units = source.units()
    checks = [
        Check(
            name="recordings",
            ok=bool(units),
            seen=_extent(units),
            advice="name files, folders or archives that hold miniSEED or SAC",
        )
    ]
    findings = [*source.findings]
    if not inventory_paths:
        return [
            *checks,
            Check(name="inventory", ok=False, seen="none given", advice="name it with --inventory"),
        ], findings
    inventory = formats.inventory.read_inventory(inventory_paths)
    findings += inventory.findings
    missing, mute, wrong = [], [], []
    for unit in units:
        for nslc in unit.channels:
            channel = inventory.at(nslc, unit.span.start_ns)
            if channel is None:
                missing.append(str(nslc))
            elif channel.response is None:
                mute.append(str(nslc))
        overlap = [
            u
            for u in units
            if u.station_key == unit.station_key and u.day_ns == unit.day_ns and u is not unit
        ]
        if any(total_s(intersect([u.span], [unit.span])) > 0 for u in overlap):
            wrong.append(unit.station_key)
    checks.append(
        Check(
            name="coordinates", ok=not missing, seen=_some(missing, "without coordinates"),
            advice="add the stations to the inventory (a table network,station,latitude,longitude,elevation_m will do)",
        )
    )  # fmt: skip
    checks.append(
        Check(
            name="responses", ok=not mute, seen=_some(mute, "without a valid response on their date"), needed=False,
            advice="without a response there are no amplitudes and no magnitudes from these channels",
        )
    )  # fmt: skip
    return checks, findings


def _check(name: str, look: Callable[[], str], advice: str, *, needed: bool = True) -> Check:
    try:
        return Check(name=name, ok=True, seen=look(), needed=needed)
    except (TestbanError, OSError, ImportError, AssertionError, ValueError) as exc:
        return Check(name=name, ok=False, seen=str(exc).splitlines()[0][:200], advice=advice, needed=needed)


def _python() -> str:
    return f"Python {sys.version.split()[0]}"


def _libraries() -> str:
    names = (
        "numpy",
        "scipy",
        "numba",
        "obspy",
        "pymseed",
        "msgspec",
        "sqlalchemy",
        "alembic",
        "pyarrow",
        "jinja2",
    )
    return ", ".join(f"{n} {getattr(importlib.import_module(n), '__version__', '')}".strip() for n in names)


def _travel() -> str:
    # P at 60 degrees from the surface in ak135, computed with ObsPy 1.5.1's TauP from the model itself.
    t = float(travel.load("ak135").predict("P", 0.0, 60.0)[0])
    if not abs(t - 608.32) < 0.05:
        raise ValueError(f"P at 60 degrees takes {t:.2f} s, expected 608.32")
    return f"P at 60 degrees takes {t:.2f} s"


def _arithmetic() -> str:
    from testban.base import dmath

    x = np.linspace(-20, 20, 1001)
    worst = float(np.max(np.abs(dmath.exp(x) / np.exp(x) - 1)))
    if worst > 1e-14:
        raise ValueError(f"exp differs by {worst:.1e}")
    return f"exp agrees to {worst:.0e}"


def _catalogue() -> str:
    with tempfile.TemporaryDirectory() as folder:
        store = Catalogue(Path(folder) / "c.sqlite")
        store.finish("k", "detect", "x", b"y")
        if store.finished("k") != b"y":
            raise ValueError("what was written did not come back")
        store.close()
    return "writes and reads back"


def _disk(place: Path) -> str:
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    if free < 1.0:
        raise ValueError(f"{free:.1f} GB free at {place}")
    return f"{free:.0f} GB free at {place}"


def _pdf() -> str:
    module = importlib.import_module("weasyprint")
    return f"WeasyPrint {module.__version__}"


def _extent(units: Sequence[links.Unit]) -> str:
    if not units:
        return "none"
    stations = len({u.station_key for u in units})
    first, last = min(u.span.start_ns for u in units), max(u.span.end_ns for u in units)
    return (
        f"{stations} stations, {len(units)} station-days, {format_time(first, 0)} to {format_time(last, 0)}"
    )


def _some(names: Sequence[str], what: str) -> str:
    unique = sorted(set(names))
    if not unique:
        return f"none {what}"
    return f"{len(unique)} {what}: {', '.join(unique[:6])}{', ...' if len(unique) > 6 else ''}"
