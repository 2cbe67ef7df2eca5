"""testban template: the waveform of a known event, kept to find its repeats."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from testban.base.errors import InputError
from testban.base.geo import check_position
from testban.base.times import parse_time
from testban.base.words import counted


def template(
    sources: Annotated[list[str], Parameter(name="SOURCE", negative=())],
    /,
    *,
    inventory: Annotated[list[str], Parameter(negative=())],
    origin: str,
    out: Path,
    name: str | None = None,
    kind: Literal["explosion", "earthquake"] | None = None,
    magnitude: float | None = None,
    json: bool = False,
) -> int:
    """Make a template of a known event: its channels, bands and windows that stand out of the noise.

    Example: `testban template 2016/ --inventory stations.xml --origin 2016-01-06T01:30:01,129.047,41.3 --out a.template`,
    then `testban watch a.template --data archive/ --inventory stations.xml --out repeats`.

    Parameters
    ----------
    sources
        Files, folders, globs, or sdsarchive://, fdsnws://, slink:// and file:// addresses that hold the event.
    inventory
        StationXML, a folder of SACPZ, a station or orientation table, or a folder of those; may be repeated.
    origin
        Time (ISO 8601, UTC), longitude, latitude and, if known, depth in km of the event, separated by commas.
    out
        File for the template.
    name
        Its name in the tables of the watch; the name of the file without ending unless given.
    kind
        What the event was, where that is known: then its repeats say something to `testban identify --repeats`.
    magnitude
        Of the event (mb), where it is known: the watch then states magnitudes, not only differences.
    json
        Print one JSON object on stdout.

    """
    from msgspec import structs

    from testban.cli import terminal
    from testban.formats.inventory import read_inventory
    from testban.repeat.template import RATE
    from testban.run import mastering
    from testban.show import footprint

    if not sources:
        raise InputError("expected at least one SOURCE (file, folder, glob or address), got none")
    if magnitude is not None and not -3.0 <= magnitude <= 10.0:
        raise InputError(f"--magnitude: expected -3 to 10, got {magnitude:g}")
    made, notes = mastering.make_template(
        sources, inventory, _origin(origin), out, name, kind or "", magnitude=magnitude
    )
    beside = mastering.losses(made, read_inventory(inventory))
    rows = [
        {
            "station": c.station,
            "component": c.component,
            "band_hz": list(c.band),
            "unit": c.unit,
            "begins_s": c.offset_samples / RATE,
            "length_s": len(c.samples) / RATE,
            "snr": round(c.snr, 1),
        }
        for c in made.channels
    ]
    if json:
        said = [{"kind": f.kind, "subject": f.subject, "message": f.message} for f in notes]
        away = [structs.asdict(x) for x in beside]
        terminal.out(
            {"out": str(out), "template_id": made.template_id, "channels": rows, "footprint": away, "findings": said}
        )  # fmt: skip
        return 0
    for station in made.stations:
        own = made.of(station)
        bands = ", ".join(sorted({f"{c.band[0]:g}-{c.band[1]:g}" for c in own}))
        terminal.say(
            f"  {station:12} {len(own):2} channels, {bands} Hz, {own[0].offset_samples / RATE:.1f} s after the origin, "
            f"{len(own[0].samples) / RATE:.0f} s long"
        )
    for f in notes:
        if f.kind == "template":
            terminal.say(f"  {f.subject:12} {f.message}")
    for line in footprint.sentences(beside):
        terminal.say(f"  {line}")
    terminal.say(
        f"{counted(len(made.channels), 'channel|channels')} of {counted(len(made.stations), 'station|stations')}: {out}"
    )
    return 0


def _origin(text: str) -> tuple[int, float, float, float]:
    parts = text.split(",")
    numbers: list[float] = []
    time_ns = 0
    try:
        time_ns = parse_time(parts[0].strip())
        numbers = [float(p) for p in parts[1:]]
    except (ValueError, InputError):
        numbers = []
    if len(numbers) not in (2, 3) or not check_position(numbers[0], numbers[1]):
        raise InputError(
            f"--origin: expected TIME,LON,LAT[,DEPTH_KM] such as 2016-01-06T01:30:01,129.047,41.3,0.5, got {text!r}"
        )
    depth = numbers[2] if len(numbers) == 3 else 0.0
    if not -5.0 <= depth <= 700.0:
        raise InputError(f"--origin: expected a depth of -5 to 700 km, got {depth:g}")
    return time_ns, numbers[0], numbers[1], depth
