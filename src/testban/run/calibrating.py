"""Training tables rebuilt from catalogues: what the discriminants and the yield were fitted on, named and versioned.

Rules: events in odd positions of the sorted list (1st, 3rd, ...) are fitted on, the others report; nothing is fitted on what is
reported. A table names its inputs by digest, so that any party can rebuild it to the same bytes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban import identify
from testban.base import geo, quanta
from testban.base.canonical import canonical_json, digest, digest_of
from testban.base.errors import InputError
from testban.base.measurements import PathMeasurement
from testban.base.records import Ellipse, Event, Evidence
from testban.formats import csvio
from testban.identify import calibration, regional, scores, shape, source_size, surface
from testban.identify.registry import Inquiry
from testban.run import judging, known
from testban.run.judging import Judgement
from testban.run.outputs import whole
from testban.run.provenance import code_digest

DEEPEST_KM = 50.0
CATALOGUE_SIGMA = math.sqrt(0.3 * 0.3 + 0.1 * 0.1 + 0.1 * 0.1)  # of Ms - mb of a catalogue [assumed]
NEAR_KM = 300.0  # events nearer than this to each other are of one region
LEAST_EVENTS = 20  # of each class: half of them are fitted on
SLIPS_MOST = 0.05  # of the rows of a table whose Ms - mb no event has: catalogues hold a few slips, not many
COLUMNS = {
    "event": ("event_id", "event", "id_no", "isc_event", "time", "id"),
    "mb": ("mb", "mb_isc"),
    "ms": ("ms", "ms_isc"),
    "depth": ("depth_km", "depth"),
    "region": ("region", "site"),
    "low": ("yield_lower_kt", "yield_kt"),
    "high": ("yield_upper_kt", "yield_kt"),
    "underground": ("underground",),
}


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table with the columns that we know under our names; other columns are left out."""
    read = csvio.read_rows(path, (), {})
    if not read:
        raise InputError(f"expected a table with events, got none in {path}: check the file")
    found = {k.lower(): k for k in read[0]}
    names = {ours: next((found[n] for n in theirs if n in found), None) for ours, theirs in COLUMNS.items()}
    for ours in ("event", "mb"):
        if names[ours] is None:
            raise InputError(
                f"expected a column for {ours} ({' or '.join(COLUMNS[ours])}) in {path}, got {', '.join(list(read[0])[:8])}: add it"
            )
    return [{ours: str(r.get(name) or "") for ours, name in names.items() if name} for r in read]


def number(row: Mapping[str, str], name: str) -> float | None:
    """A finite number of a row, or None."""
    try:
        value = float(row.get(name) or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _pairs(path: Path, *, explosions: bool) -> list[tuple[str, float, float]]:
    """Events with mb and Ms, sorted by name: underground explosions, or earthquakes shallower than 50 km. Raises InputError for few, or slips of units."""
    out, deep, unknown, slips = [], 0, 0, 0
    for r in rows(path):
        mb, ms, depth = number(r, "mb"), number(r, "ms"), number(r, "depth")
        if not mb or not ms:  # 0 stands for unknown in these catalogues
            continue
        if explosions and r.get("underground", "True").lower() not in ("true", "1", "yes"):
            continue
        if not explosions and (depth is None or depth >= DEEPEST_KM):
            unknown, deep = unknown + (depth is None), deep + (depth is not None)
            continue
        slips += not surface.SLIP[0] <= ms - mb <= surface.SLIP[1]
        out.append((r["event"], mb, ms))
    if len(out) < LEAST_EVENTS:
        what = (
            "underground explosions"
            if explosions
            else f"earthquakes shallower than {DEEPEST_KM:g} km (depth_km)"
        )
        left = f", beside {unknown} without a depth and {deep} deeper" if unknown + deep else ""
        raise InputError(
            f"expected {LEAST_EVENTS} {what} with mb and Ms or more in {path}, got {len(out)}{left}: check columns and units"
        )
    if slips > SLIPS_MOST * len(out):
        low, high = surface.SLIP
        raise InputError(
            f"expected Ms - mb between {low:g} and {high:g} in {path}, got others in {slips} of {len(out)} rows: a slip of units (nm for um) is "
            "3 magnitude units; correct the table"
        )
    return sorted(out)


def mb_ms(explosions: Path, earthquakes: Path, name: str, report: Path | None = None) -> dict[str, Any]:
    """An mb:Ms table from two catalogues, with its figures on the halves that were not fitted on; pictures into `report`."""
    x, q = _pairs(explosions, explosions=True), _pairs(earthquakes, explosions=False)

    def distance(rows: Sequence[tuple[str, float, float]]) -> list[float]:
        return [round(ms - surface.line(mb), 6) for _, mb, ms in rows]  # ties are ties

    model = calibration.fit_ms(
        distance(x[0::2]), distance(q[0::2]), name, f"{explosions.name} and {earthquakes.name}, odd positions",
        CATALOGUE_SIGMA,
    )  # fmt: skip
    rest_x, rest_q = x[1::2], q[1::2]
    if report is not None:
        judged = [
            Judgement(
                event=event,
                explosion=flag,
                log10_lr=quanta.quantise(
                    surface.weigh(ms - surface.line(mb), CATALOGUE_SIGMA, "", model)[0], 4
                ),
            )
            for flag, side in ((True, rest_x), (False, rest_q))
            for event, mb, ms in side
        ]
        judging.write(judged, report, f"mb:Ms, {model.name}")
    return stamped(
        {
            "kind": "mb:Ms",
            "model": msgspec.to_builtins(model),
            "area_under_roc": scores.area([-d for d in distance(rest_x)], [-d for d in distance(rest_q)]),
            "area_under_roc_all_events": scores.area([-d for d in distance(x)], [-d for d in distance(q)]),
            "screened_out": {
                "earthquakes_new_line": _above(rest_q, surface.line),
                "earthquakes_old_line": _above(rest_q, surface.old_line),
                "explosions_new_line": _above(rest_x, surface.line),
                "explosions_old_line": _above(rest_x, surface.old_line),
                "earthquakes_new_line_with_error": _screened(rest_q),
                "explosions_new_line_with_error": _screened(rest_x),
            },
            "notes": [
                "figures are of the halves that were not fitted on; the area of all events beside them rests on no fit",
                "these are not IDC magnitudes: the shares are not to be compared with published ones of the IDC",
                f"earthquakes shallower than {DEEPEST_KM:g} km, explosions underground; the error model has 0.1 for mb and Ms each",
            ],
        },
        (explosions, earthquakes),
    )


def _above(rows: Sequence[tuple[str, float, float]], line: Any) -> scores.Share:
    return scores.share(sum(1 for _, mb, ms in rows if ms > line(mb)), len(rows))


def _screened(rows: Sequence[tuple[str, float, float]]) -> scores.Share:
    return scores.share(
        sum(1 for _, mb, ms in rows if surface.screened_out(ms, mb, CATALOGUE_SIGMA)), len(rows)
    )


def stamped(result: dict[str, Any], inputs: Sequence[Path]) -> dict[str, Any]:
    """A table with digests of its inputs, of itself and of the code."""
    built: dict[str, Any] = msgspec.to_builtins(result)
    files = {f"{p.parent.name}/{p.name}": digest(p.read_bytes()) for p in inputs}
    return {**built, "digests": {"inputs": files, "result": digest_of(built), "code": code_digest()}}


def write(found: Mapping[str, Any], out: Path) -> None:
    """Keep a table as canonical JSON."""
    whole(out, lambda p: p.write_bytes(canonical_json(found) + b"\n"))


def p_over_s(
    explosions: Sequence[Path], earthquakes: Sequence[Path], name: str, report: Path | None = None
) -> dict[str, Any]:
    """A P/S table from the folders of runs on events of known class, with what each event gets when it, or its region, is left out.

    Of each folder the event with most stations is taken. The slope of the P spectrum is fitted on the same events. Raises
    InputError where one has no usable path; pictures of the figures with each event left out go into `report`.
    """
    of_x, of_q = _measured(explosions), _measured(earthquakes)
    if set(of_x) & set(of_q):
        raise InputError("expected each event in one class only, got one in both: correct the folders")
    x, q = ({k: v.paths for k, v in side.items()} for side in (of_x, of_q))
    events = {k: v.event for k, v in (of_x | of_q).items()}
    where = _regions({k: (e.origin.longitude, e.origin.latitude) for k, e in events.items()})
    model = calibration.fit(x, q, name, where, _sizes(events))
    out = {
        "event": _left_out(x, q, where, events, lambda a, b: a == b),
        "region": _left_out(x, q, where, events, lambda a, b: where[a] == where[b]),
    }
    if report is not None:
        judged = [
            Judgement(
                event=r["event"],
                explosion=r["class"] == "explosion",
                log10_lr=r["log10_lr"],
                said="" if r["log10_lr"] is None else r["verdict"],
            )
            for r in out["event"]
        ]
        judging.write(judged, report, f"P/S, {name}: each event by all others")
    return stamped(
        {
            "kind": "P/S",
            "model": msgspec.to_builtins(model),
            "slope": _slope(x, q, where, name),
            "regions": where,
            "leave_one_event_out": out["event"],
            "leave_one_region_out": out["region"],
            "notes": [
                "spreads between events and paths are stated, not fitted: so few events show none",
                "an earthquake on the paths of the explosions is worth more than any other: say whether there was one",
            ],
        },
        [p / "bulletin.quakeml" for p in (*explosions, *earthquakes)],
    )


def _left_out(
    x: Mapping[str, tuple[PathMeasurement, ...]], q: Mapping[str, tuple[PathMeasurement, ...]],
    where: Mapping[str, str], events: Mapping[str, Event], together: Callable[[str, str], bool],
) -> list[dict[str, Any]]:  # fmt: skip
    """What each event gets from a model of those that are not `together` with it."""
    out: list[dict[str, Any]] = []
    for kind, side in (("explosion", x), ("earthquake", q)):
        for event, paths in side.items():
            rest_x = {k: v for k, v in x.items() if not together(k, event)}
            rest_q = {k: v for k, v in q.items() if not together(k, event)}
            row: dict[str, Any] = {"event": event, "class": kind, "log10_lr": None}
            if not rest_x or not rest_q:
                out.append(row | {"verdict": "not run: no other of its class"})
                continue
            model = calibration.fit(rest_x, rest_q, "left out", where, _sizes(events))
            a = identify.judge((_regional(events[event], paths, model),))
            lr = None if a.log10_lr is None else quanta.quantise(a.log10_lr, 2)
            out.append(row | {"log10_lr": lr, "verdict": a.verdict.value})
    return out


def _regions(places: Mapping[str, tuple[float, float]]) -> dict[str, str]:
    """The region of each event: named after its first event, and joined where two events are near."""
    out: dict[str, str] = {}
    for event in sorted(places):
        near = sorted({out[k] for k in out if geo.distance_km_(*places[event], *places[k]) <= NEAR_KM})
        out[event] = near[0] if near else event
        out |= {k: near[0] for k, v in out.items() if v in near[1:]}
    return out


def _slope(
    x: Mapping[str, tuple[PathMeasurement, ...]], q: Mapping[str, tuple[PathMeasurement, ...]],
    where: Mapping[str, str], name: str,
) -> dict[str, Any] | None:  # fmt: skip
    """Mean and spread of the slope of the P spectrum by class; None where fewer than two events of a class show it."""
    sides = []
    for side in (x, q):
        values = [
            [p.spectral_slope for p in paths if p.spectral_slope is not None] for paths in side.values()
        ]
        sides.append(sorted(shape.median(v) for v in values if len(v) >= shape.LEAST_PATHS))
    if min(len(s) for s in sides) < 2:
        return None
    (mx, sx), (mq, sq) = (calibration.moments(s) for s in sides)
    regions = [len({where[k] for k in side}) for side in (x, q)]
    return msgspec.to_builtins(  # type: ignore[no-any-return]
        calibration.ShapeModel(
            name=f"slope of {name}", explosion=(round(mx, 2), round(sx, 2)), earthquake=(round(mq, 2), round(sq, 2)),
            n_explosions=regions[0], n_earthquakes=regions[1],
        )
    )  # fmt: skip


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An event of known class and its paths."""

    event: Event
    paths: tuple[PathMeasurement, ...]


def _measured(folders: Sequence[Path]) -> dict[str, Known]:
    """The event with most stations of each folder, by name."""
    out = {}
    for folder in folders:
        events = known.events(folder)
        if not events:
            raise InputError(f"expected an event in {folder}, got none: leave it out")
        event = max(events, key=lambda e: (e.origin.n_stations, e.event_id))
        paths = known.paths(folder).get(event.event_id, ())
        if not any(p.usable for p in paths):
            raise InputError(f"expected a usable regional path in {folder}, got none: leave it out")
        out[event.event_id] = Known(event=event, paths=paths)
    return out


def _sizes(events: Mapping[str, Event]) -> dict[str, float | None]:
    """The magnitude of each event that the correction for size takes."""
    return {k: source_size.of_event(e) for k, e in events.items()}


def _regional(event: Event, paths: tuple[PathMeasurement, ...], model: calibration.PsModel) -> Evidence:
    """P/S evidence of paths under a model, the location taken as good."""
    origin = msgspec.structs.replace(
        event.origin, depth_km=0.0, ellipse=Ellipse(smajor_km=0.0, sminor_km=0.0, strike_deg=0.0)
    )
    event = msgspec.structs.replace(event, origin=origin)
    return regional.regional(
        Inquiry(event=event, paths=paths, picks=(), settings=identify.Settings(ps=model))
    )


def apply(path: Path, settings: identify.Settings) -> identify.Settings:
    """Settings with a table written by `calibrate` (mb:Ms or P/S) in place of the shipped one. Raises InputError."""
    try:
        found = msgspec.json.decode(path.read_bytes())
        kind, model = found["kind"], found["model"]
        if kind == "mb:Ms":
            return msgspec.structs.replace(settings, ms=msgspec.convert(model, calibration.MsModel))
        if kind == "P/S":
            slope = found.get("slope")
            return msgspec.structs.replace(
                settings,
                ps=msgspec.convert(model, calibration.PsModel),
                slope=settings.slope if slope is None else msgspec.convert(slope, calibration.ShapeModel),
            )
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as exc:
        raise InputError(
            f"--calibration: expected a table of `testban calibrate`, got {path} ({exc}): name another"
        ) from exc
    raise InputError(f"--calibration: expected a table of kind mb:Ms or P/S, got {kind!r}: name another")
