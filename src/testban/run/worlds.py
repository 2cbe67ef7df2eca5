"""Simulated worlds as files: an SDS archive, StationXML, and the truth as QuakeML and CSV, all labelled simulated."""

from pathlib import Path
from typing import Any

from testban import formats, simulate
from testban.base.errors import SourceError
from testban.base.records import Segment
from testban.base.times import julian_day
from testban.run.process import Progress


def make(scenario: str, out: Path, *, progress: Progress) -> dict[str, Any]:
    """Make the world of a TOML file or an included scenario; returns counts for a summary."""
    path = Path(scenario)
    if path.suffix == ".toml" or path.exists():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise SourceError(f"expected a readable TOML scenario, got {path}: {exc}") from exc
    else:
        text = simulate.included(scenario)
    return write(simulate.read_scenario(text), out, progress=progress)


def write(world: simulate.Scenario, out: Path, *, progress: Progress) -> dict[str, Any]:
    """Write archive/, stations.xml, truth.quakeml and truth.csv of a world."""
    channels = simulate.inventory(world)
    events = simulate.truth(world)
    archive = out / "archive"
    total = simulate.units(world)
    for done, segments in enumerate(simulate.recordings(world)):
        for segment in segments:
            append_sds(archive, segment)
        progress("simulate", done + 1, total)
    formats.stationxml_writer.write(out / "stations.xml", channels, note="SIMULATED")
    formats.tables.write_events(out / "truth.csv", events)
    formats.quakeml.write_events(out / "truth.quakeml", events, simulated=True)
    hours = (world.end_ns - world.start_ns) / 3.6e12
    return {
        "simulated": True,
        "out": str(out),
        "events": len(events),
        "stations": len(simulate.sites(world)),
        "hours": hours,
    }


def append_sds(root: Path, segment: Segment) -> None:
    """Append a segment to its day file in an SDS archive: YEAR/NET/STA/CHA.D/NET.STA.LOC.CHA.D.YEAR.DAY."""
    n = segment.nslc
    year, day = julian_day(segment.start_ns)
    folder = root / str(year) / n.network / n.station / f"{n.channel}.D"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{n.network}.{n.station}.{n.location}.{n.channel}.D.{year}.{day:03d}").open("ab") as f:
        f.write(formats.waveforms.encode_mseed([segment]))
