"""Everything that a run leaves under --out.

Rules: a file is written beside its place and moved there when whole, so that a killed run leaves no half file; the
digest of a bulletin covers the tables that parties compare (events, arrivals, picks, noise, QuakeML, IMS1.0), not
pictures.
"""

from collections.abc import Callable
from pathlib import Path

from testban.base.canonical import digest, digest_of
from testban.base.errors import StoreError
from testban.formats import css30, findings, geojson, ims10, quakeml, tables
from testban.run.process import Outcome
from testban.show import report

COMPARED = ("events.csv", "arrivals.csv", "picks.csv", "noise.csv", "bulletin.quakeml", "bulletin.ims")


def write(outcome: Outcome, out: Path, *, language: str = "en", pdf: bool = False) -> dict[str, str]:
    """Write every product; returns their SHA-256 by relative name, `bulletin` being the digest that is compared."""
    b = outcome.bulletin
    whole(out / "events.csv", lambda p: tables.write_events(p, b.events))
    whole(out / "arrivals.csv", lambda p: tables.write_arrivals(p, b.events, b.picks))
    whole(out / "picks.csv", lambda p: tables.write_picks(p, b.picks))
    whole(out / "noise.csv", lambda p: tables.write_noise(p, b.noise))
    whole(out / "findings.csv", lambda p: findings.write(p, b.findings))
    whole(out / "bulletin.quakeml", lambda p: quakeml.write(p, b))
    whole(out / "bulletin.ims", lambda p: ims10.write(p, b))
    whole(out / "bulletin.geojson", lambda p: geojson.write(p, b))
    (out / "css30").mkdir(parents=True, exist_ok=True)
    css30.write(out / "css30" / "bulletin", b)
    page = report.render(b, outcome.traces, language=language)
    whole(out / "report.html", lambda p: p.write_text(page, encoding="utf-8"))
    if pdf:
        whole(out / "report.pdf", lambda p: p.write_bytes(report.pdf(page)))
    digests = {name: digest((out / name).read_bytes()) for name in COMPARED}
    return {"bulletin": digest_of([digests[n] for n in COMPARED])} | digests


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
