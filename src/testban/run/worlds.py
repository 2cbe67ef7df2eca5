"""Simulated worlds as files: an SDS archive, StationXML, and the truth as QuakeML and CSV, all labelled simulated."""

from pathlib import Path
from typing import Any

from testban import simulate
from testban.base.errors import SourceError
from testban.base.records import Segment
from testban.formats import quakeml, stationxml_writer, tables, waveforms
from testban.run.outputs import whole
from testban.run.process import Progress
from testban.run.work import executor
from testban.store.archive import sds_path


def read(scenario: str) -> simulate.Scenario:
    """A scenario from a TOML file, or an included one by name."""
    path = Path(scenario)
    if path.suffix != ".toml" and not path.exists():
        return simulate.read_scenario(simulate.shipped(scenario))
    try:
        return simulate.read_scenario(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceError(f"expected a readable TOML scenario, got {path}: {exc}") from exc


def write(world: simulate.Scenario, out: Path, *, workers: int = 0, progress: Progress) -> dict[str, Any]:
    """Write archive/, stations.xml, truth.quakeml and truth.csv of a world; returns counts for a summary."""
    sites = simulate.sites(world)
    events = simulate.truth_events(world)
    whole(
        out / "stations.xml",
        lambda p: stationxml_writer.write(p, simulate.inventory(world), note="SIMULATED"),
    )
    whole(out / "truth.csv", lambda p: tables.write_events(p, events))
    whole(out / "truth.quakeml", lambda p: quakeml.write_events(p, events, simulated=True))
    with executor("processes", workers) as pool:
        jobs = [pool.submit(_station, world, site.key, out / "archive") for site in sites]
        for done, job in enumerate(jobs):
            job.result()
            progress("simulate", done + 1, len(jobs))
    hours = (world.end_ns - world.start_ns) / 3.6e12
    return {"simulated": True, "out": str(out), "events": len(events), "stations": len(sites), "hours": hours}


def _station(world: simulate.Scenario, key: str, archive: Path) -> None:
    """The recordings of one station, one day file after the other."""
    days: dict[Path, list[Segment]] = {}
    for segments in simulate.recordings(world, [key]):
        for segment in segments:
            days.setdefault(archive / sds_path(segment.nslc, segment.start_ns), []).append(segment)
    for path, parts in days.items():
        whole(path, lambda p, parts=parts: waveforms.write_mseed(p, parts))  # type: ignore[misc]
