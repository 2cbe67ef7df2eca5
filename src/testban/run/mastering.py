"""A template made of recordings: read what surrounds its event, make it, write it with its provenance."""

from collections.abc import Sequence
from pathlib import Path

from testban import formats, repeat
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.inventory import Inventory
from testban.base.records import Channel, Finding, Segment
from testban.base.spans import Span
from testban.base.times import format_time
from testban.detect.condition import condition
from testban.formats import template_file
from testban.repeat import footprint
from testban.run.detection import open_source, tidy
from testban.run.outputs import whole
from testban.run.provenance import code_digest, input_digests

BEFORE_S, AFTER_S = 700.0, 4100.0  # of the origin: what a template may need


def make_template(
    sources: Sequence[str], inventory_paths: Sequence[str | Path], origin: tuple[int, float, float, float], out: Path,
    name: str | None = None, kind: str = "", grown_from: str = "", magnitude: float | None = None,
) -> tuple[repeat.Template, tuple[Finding, ...]]:  # fmt: skip
    """The template of one event, written to a file. origin: time (ns), longitude, latitude, depth (km)."""
    inventory = formats.inventory.read_inventory(inventory_paths)
    source = open_source(tuple(sources))
    span = Span(origin[0] - int(BEFORE_S * 1e9), origin[0] + int(AFTER_S * 1e9))
    units = source.units(span.start_ns, span.end_ns)
    if not units:
        raise InputError(
            f"expected recordings around {format_time(origin[0], 0)}, got none in {source.name}; check --origin"
        )
    segments: list[Segment] = []
    notes: list[Finding] = []
    for unit in units:
        got, said = source.read(unit, span)
        segments += got
        notes += said
    clean, said_ = condition(segments, span)
    channels = channels_at(inventory, clean, origin[0])
    provenance = (
        ("code", code_digest()),
        ("inputs", digest_of(input_digests(source.digests(), inventory_paths))),
        ("source", ", ".join(Path(s).name for s in sources)),
        *((("kind", kind),) if kind else ()),
        *((("grown_from", grown_from),) if grown_from else ()),
        *((("magnitude", f"{magnitude:.2f}"),) if magnitude is not None else ()),
    )
    made, more = repeat.make(name or out.stem, origin, clean, channels, provenance)
    whole(out, lambda p: p.write_bytes(template_file.encode(made)))
    return made, tidy([*inventory.findings, *source.findings, *notes, *said_, *more])


def losses(
    template: repeat.Template, inventory: Inventory, z: float = footprint.USUAL_Z
) -> tuple[footprint.Loss, ...]:
    """How detection falls beside the master, from the places of the template's stations at its time."""
    sites = {s: inventory.site(s, template.origin_ns) for s in template.stations}
    places = {k: (v.longitude, v.latitude) for k, v in sites.items() if v is not None}
    return footprint.footprint(template, places, z)


def channels_at(inventory: Inventory, segments: Sequence[Segment], time_ns: int) -> list[Channel]:
    """Channels of some segments as they were at a time."""
    found = (inventory.at(n, time_ns) for n in sorted({s.nslc for s in segments}))
    return [c for c in found if c is not None]
