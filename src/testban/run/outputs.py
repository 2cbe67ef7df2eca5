"""Everything that a run leaves under --out.

Rules: all products are written beside their places and moved there when all are whole, so that a killed run or a full
disk leaves no half file and no mixture of two runs; tables of a simulated world say so in a column of their own; the
digest of a bulletin covers the tables that parties compare (events, arrivals, picks, noise, QuakeML, IMS1.0), not
pictures.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from testban.base.canonical import digest, digest_of
from testban.base.errors import StoreError
from testban.formats import css30, csvio, geojson, ims10, quakeml, tables
from testban.run.process import Outcome
from testban.show import report

COMPARED = ("events.csv", "arrivals.csv", "picks.csv", "noise.csv", "bulletin.quakeml", "bulletin.ims")


def write(outcome: Outcome, out: Path, *, language: str = "en", pdf: bool = False) -> dict[str, str]:
    """Write every product; returns their SHA-256 by relative name, `bulletin` being the digest that is compared.

    Raises StoreError, and leaves what an earlier run wrote as it was, where the disk does not take all of them.
    """
    stage = out / ".part"
    try:
        shutil.rmtree(stage, ignore_errors=True)
        (stage / "css30").mkdir(parents=True)
        _products(outcome, stage, language, pdf)
        digests = {name: digest((stage / name).read_bytes()) for name in COMPARED}
        (out / "css30").mkdir(exist_ok=True)
        for made in sorted(p for p in stage.rglob("*") if p.is_file()):
            made.replace(out / made.relative_to(stage))
    except OSError as exc:
        raise StoreError(
            f"the results cannot be written to {out}: {exc.strerror or exc}; free disk space or choose another --out"
        ) from exc
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return {"bulletin": digest_of([digests[n] for n in COMPARED])} | digests


def _products(outcome: Outcome, stage: Path, language: str, pdf: bool) -> None:
    b = outcome.bulletin
    tables.write_events(stage / "events.csv", b.events)
    tables.write_arrivals(stage / "arrivals.csv", b.events, b.picks)
    tables.write_picks(stage / "picks.csv", b.picks)
    tables.write_noise(stage / "noise.csv", b.noise)
    tables.write_stations(stage / "stations.csv", b.sites)
    tables.write_findings(stage / "findings.csv", b.findings)
    if b.provenance.simulated:
        for table in stage.glob("*.csv"):
            csvio.add_column(table, "simulated", "true")
    quakeml.write(stage / "bulletin.quakeml", b)
    ims10.write(stage / "bulletin.ims", b)
    geojson.write(stage / "bulletin.geojson", b)
    css30.write(stage / "css30" / "bulletin", b)
    page = report.render(b, outcome.traces, language=language)
    (stage / "report.html").write_text(page, encoding="utf-8")
    if pdf:
        (stage / "report.pdf").write_bytes(report.pdf(page))


def whole(path: Path, write_to: Callable[[Path], object]) -> None:
    """Let `write_to` write beside `path`, then move it there; StoreError where the disk does not take it."""
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to(beside)
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"{path} cannot be written: {exc.strerror or exc}; free disk space or choose another --out"
        ) from exc
