"""The watch as a job: search, then the tables, the page, and what it hands to other rooms."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from testban import repeat
from testban.base import quanta
from testban.base.errors import InputError
from testban.base.inventory import Inventory
from testban.base.records import Finding
from testban.base.times import format_time
from testban.base.words import counted
from testban.formats import csvio, tables, watch_tables
from testban.repeat import grid, measure
from testban.run import repeats
from testban.run.configuration import Configuration
from testban.run.detection import tidy
from testban.run.mastering import make_template
from testban.run.outputs import whole
from testban.run.process import Progress
from testban.run.searching import CHUNK, Watched, inventory_of, watch
from testban.show import footprint
from testban.show import watch as show
from testban.show.texts import Both


class Done(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All that a watch leaves."""

    watched: tuple[Watched, ...]
    detections: tuple[watch_tables.DetectionRow, ...]
    findings: tuple[Finding, ...]
    grown: tuple[Path, ...] = ()

    def summary(self) -> dict[str, object]:
        """For machines."""
        return {
            "templates": [_threshold_row(w) for w in self.watched],
            "footprint": [
                {"template_id": w.template.template_id, "said": [b.en for b in beside(w)]}
                for w in self.watched
            ],
            "detections": [
                {
                    "time": format_time(d.time_ns),
                    "template_id": d.template_id,
                    "statistic": round(d.statistic, 2),
                    "threshold": round(d.threshold, 2),
                    "n_channels": len(d.matches),
                    "relative_magnitude": None
                    if d.relative_magnitude is None
                    else round(d.relative_magnitude, 2),
                    "relative_magnitude_sigma": (
                        None if d.relative_magnitude_sigma is None else round(d.relative_magnitude_sigma, 2)
                    ),
                    "relative_yield_90": (
                        None
                        if d.relative_yield is None
                        else [quanta.significant(v, 2) for v in d.relative_yield]
                    ),
                }
                for d in self.detections
            ],
            "grown": [str(p) for p in self.grown],
            "findings": len(self.findings),
        }


def run(
    template_paths: Sequence[Path], sources: Sequence[str], inventory_paths: Sequence[str | Path], out: Path,
    configuration: Configuration, *, false_alarms_per_year: float, start_ns: int | None = None,
    end_ns: int | None = None, chunk: int = CHUNK, grow: bool = False, simulated: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Done:  # fmt: skip
    """The watch with its tables. simulated: they and the page say so. Raises InputError where no template can be decided."""
    found, notes = watch(
        template_paths, sources, inventory_paths, out, configuration, false_alarms_per_year=false_alarms_per_year,
        start_ns=start_ns, end_ns=end_ns, chunk=chunk, progress=progress,
    )  # fmt: skip
    if all(w.decision is None for w in found):
        raise InputError(found[0].error)
    handed = [
        repeats.Found(template=w.template, threshold=w.decision.threshold, peak=p, measured=m)
        for w in found
        if w.decision is not None
        for p, m in w.detections
    ]
    grown, said = (
        _grown(handed, [w.template for w in found], sources, inventory_paths, out) if grow else ((), ())
    )
    notes = tidy([*notes, *said, *_odd(found)])
    rows = tuple(
        sorted(
            (_row(w, p, m) for w in found for p, m in w.detections), key=lambda r: (r.time_ns, r.template_id)
        )
    )

    def put(name: str, write: Callable[[Path], object]) -> None:
        def labelled(path: Path) -> None:
            write(path)
            if simulated:
                csvio.add_column(path, "simulated", "true")

        whole(out / name, labelled)

    put("detections.csv", lambda p: watch_tables.write_detections(p, rows))
    put("channels.csv", lambda p: watch_tables.write_channels(p, rows))
    table = [_threshold_row(w) for w in found]
    put("thresholds.csv", lambda p: csvio.write_rows(p, watch_tables.THRESHOLDS, table))
    put("findings.csv", lambda p: tables.write_findings(p, notes))
    put("reach.csv", lambda p: csvio.write_rows(p, watch_tables.REACH, _reach(found)))
    away = [x for w in found for x in _footprint(w)]
    put("footprint.csv", lambda p: csvio.write_rows(p, watch_tables.FOOTPRINT, away))
    inventory = inventory_of(tuple(str(p) for p in inventory_paths))
    repeats.write(handed, [w.template for w in found], lambda s, at: _place(inventory, s, at), out)
    page = show.render([_subject(w) for w in found], configuration.language, simulated=simulated)
    whole(out / "watch.html", lambda p: p.write_text(page, encoding="utf-8"))
    return Done(watched=tuple(found), detections=rows, findings=notes, grown=grown)


def _odd(found: Sequence[Watched]) -> list[Finding]:
    """Templates that could not be decided, and what arrays saw come from elsewhere."""
    out = [Finding(kind="watch", subject=w.template.template_id, message=w.error) for w in found if w.error]
    for w in found:
        for p, m in w.elsewhere:
            out.append(Finding(kind="elsewhere", subject=w.template.template_id, message=_elsewhere(p, m)))
    return out


def _grown(
    handed: Sequence[repeats.Found], masters: Sequence[repeat.Template], sources: Sequence[str],
    inventory_paths: Sequence[str | Path], out: Path,
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:  # fmt: skip
    """Templates of what was found, at the place of its master; of what they are a repeat stands in their provenance."""
    made, notes = [], []
    for name, f in repeats.masters_to_be(handed, masters):
        path = out / "grown" / f"{name}.template"
        origin = (f.measured.time_ns, f.template.longitude, f.template.latitude, f.template.depth_km)
        try:
            make_template(sources, inventory_paths, origin, path, name, grown_from=f.template.template_id)
            made.append(path)
        except InputError as exc:
            notes.append(Finding(kind="grow", subject=name, message=f"became no template: {exc}"))
    return tuple(made), tuple(notes)


def _place(inventory: Inventory, station: str, time_ns: int) -> tuple[float, float] | None:
    """Longitude and latitude of a station at a time."""
    site = inventory.site(station, time_ns)
    return None if site is None else (site.longitude, site.latitude)


def _elsewhere(peak: repeat.Peak, m: measure.Measured) -> str:
    """Why a detection is none."""
    b = next(b for b in m.beams if not b.same)
    return (
        f"{format_time(m.time_ns)} at {peak.statistic:.1f} is no repeat: the array {b.stations[0]}..{b.stations[-1]} sees it cross "
        f"with {b.east_s_km:+.2f} s/km east and {b.north_s_km:+.2f} s/km north of the master's slowness (mean correlation {b.best:.2f} "
        f"there, {b.zero:.2f} at the master's)"
    )


def _reach(found: Sequence[Watched]) -> list[csvio.Row]:
    rows: list[csvio.Row] = []
    for w in found:
        for h in w.hours if w.decision is not None else ():
            level = repeat.reach(h, w.decision.threshold.z) if w.decision is not None else None
            if level is not None:
                share = float(np.isfinite(h.cells[0]).sum()) / h.cells.shape[1]
                master = w.template.magnitude
                rows.append(
                    {
                        "hour": format_time(h.block * grid.BLOCK_NS, 0),
                        "template_id": w.template.template_id,
                        "relative_magnitude_90": csvio.Fixed(f"{level:.2f}"),
                        "share_of_hour": csvio.Fixed(f"{share:.2f}"),
                        "magnitude_90": None if master is None else csvio.Fixed(f"{master + level:.2f}"),
                    }
                )
    return sorted(rows, key=lambda r: (r["hour"], r["template_id"]))


def _footprint(w: Watched) -> list[csvio.Row]:
    return [
        {
            "template_id": w.template.template_id, "case": x.case, "amount": csvio.Fixed(f"{x.amount:.1f}"),
            "loss": csvio.Fixed(f"{x.middle:.2f}"), "loss_bad": csvio.Fixed(f"{x.bad:.2f}"), "basis": x.basis,
        }
        for x in w.losses
    ]  # fmt: skip


def beside(w: Watched) -> list[Both]:
    """What a shot that is not quite a repeat would have looked like."""
    return footprint.sentences(w.losses, w.level, w.template.magnitude)


def _subject(w: Watched) -> show.Subject:
    t = w.template
    return show.Subject(
        template_id=t.template_id, origin_ns=t.origin_ns, longitude=t.longitude, latitude=t.latitude, stations=t.stations,
        n_channels=len(t.channels), hours=w.hours, decision=w.decision, detections=w.detections, error=w.error,
        beside=tuple(beside(w)), losses=w.losses,
    )  # fmt: skip


def _row(w: Watched, peak: repeat.Peak, m: measure.Measured) -> watch_tables.DetectionRow:
    return watch_tables.DetectionRow(
        time_ns=m.time_ns, template_id=w.template.template_id, statistic=peak.statistic,
        threshold=w.decision.threshold.z if w.decision else 0.0, relative_magnitude=m.relative_magnitude,
        relative_magnitude_sigma=m.relative_magnitude_sigma, matches=m.matches,
    )  # fmt: skip


def _threshold_row(w: Watched) -> dict[str, object]:
    row: dict[str, object] = {"template_id": w.template.template_id, "note": w.error}
    if w.decision is not None:
        t = w.decision.threshold
        row |= {
            "false_alarms_per_year": t.false_alarms_per_year,
            "threshold": round(t.z, 2),
            "tail_scale": round(t.beta, 3),
            "tail_scale_sigma": round(t.beta_sigma, 3),
            "fitted_above": round(t.level, 2),
            "excesses": t.excesses,
            "noise_hours": round(t.noise_hours, 2),
            "extrapolation": round(t.beyond, 1),
            "searched_hours": round(w.decision.searched_hours, 2),
            "detections_excluded": "yes" if w.decision.excluded else "no",
            "detections": len(w.detections),
        }
    return row


def sentence(w: Watched) -> str:
    """One line for a person on one template's threshold."""
    if w.decision is None:
        return w.error
    t = w.decision.threshold
    held = "" if w.decision.excluded else "; the record is too short to take its own events out of the noise"
    return (
        f"{w.template.template_id}: threshold {t.z:.2f} for {counted(f'{t.false_alarms_per_year:g}', 'false alarm|false alarms')} a year, measured on "
        f"{t.noise_hours:.1f} h of surrogates, {t.beyond:.0f} times beyond them; {w.decision.searched_hours:.2f} h "
        f"searched{held}"
    )
