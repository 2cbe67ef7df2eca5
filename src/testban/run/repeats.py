"""What the watch hands on: differences of arrival times to `relocate`, evidence of a repeat to `identify`.

Rules: detections of several masters within `SAME_S` of implied origin time are one event; an event that is a master bears
the master's name, another one that of its time; a rate of false alarms is carried along the fitted tail and never
stated below `LEAST_RATE`, for nobody measured that.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from testban.base.beside import RepeatEvidence
from testban.base.canonical import canonical_json
from testban.base.dmath import exp_
from testban.base.times import format_time
from testban.repeat import Peak, Template, Threshold, measure
from testban.repeat.stack import log_tail

SAME_S = 5.0
LEAST_RATE = 1e-3
GROWN = 1.5  # times the threshold from which on a repeat is good enough to become a master
PHASE = "P"

Place = Callable[[str, int], tuple[float, float] | None]  # of a station (longitude, latitude) at a time


class Found(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One detection of one template."""

    template: Template
    threshold: Threshold
    peak: Peak
    measured: measure.Measured


def names(found: Sequence[Found], masters: Sequence[Template]) -> list[str]:
    """Name of the event of each detection."""
    known = [
        (m.origin_ns, m.template_id) for m in sorted(masters, key=lambda m: (m.origin_ns, m.template_id))
    ]
    out: list[str] = [""] * len(found)
    for i in sorted(
        range(len(found)), key=lambda j: (found[j].measured.time_ns, found[j].template.template_id)
    ):
        t = found[i].measured.time_ns
        near = [(abs(t - at), name) for at, name in known if abs(t - at) <= SAME_S * 1e9]
        if near:
            out[i] = min(near)[1]
        else:
            out[i] = format_time(t, 0).replace("-", "").replace(":", "").rstrip("Z")
            known.append((t, out[i]))
    return out


def rate(threshold: Threshold, statistic: float) -> float:
    """False alarms a year beyond a statistic, along the fitted tail."""
    away = (log_tail(statistic) - log_tail(threshold.z)) / threshold.beta
    return max(LEAST_RATE, threshold.false_alarms_per_year * exp_(-away))


def evidence(f: Found) -> RepeatEvidence:
    """What `identify` is told of one detection."""
    kind = dict(f.template.provenance).get("kind", "")
    return RepeatEvidence(
        template=f.template.template_id, kind=kind, statistic=f.peak.statistic, threshold=f.threshold.z,
        false_alarms_per_year=rate(f.threshold, f.peak.statistic), relative_magnitude=f.measured.relative_magnitude,
        n_channels=len(f.measured.matches), source="testban watch",
    )  # fmt: skip


def masters_to_be(found: Sequence[Found], masters: Sequence[Template]) -> list[tuple[str, Found]]:
    """(name, best detection) of each new event that stands `GROWN` times over a threshold, by name.

    What lies no higher may be noise, and a template of noise would find noise for ever.
    """
    known = {m.template_id for m in masters}
    best: dict[str, Found] = {}
    for f, name in zip(found, names(found, masters), strict=True):
        over = f.peak.statistic / f.threshold.z
        if name in known or over < GROWN:
            continue
        held = best.get(name)
        if held is None or over > held.peak.statistic / held.threshold.z:
            best[name] = f
    return [(n, best[n]) for n in sorted(best)]


def evidence_files(found: Sequence[Found], masters: Sequence[Template]) -> list[tuple[str, bytes]]:
    """(name, JSON) of each event that was found, for `testban identify --event ... --repeats`; no master repeats itself."""
    rows: dict[str, list[RepeatEvidence]] = {}
    for f, name in zip(found, names(found, masters), strict=True):
        if name != f.template.template_id:
            rows.setdefault(name, []).append(evidence(f))
    return [
        (
            f"{n}.json",
            canonical_json({"event": n, "repeats": [msgspec.to_builtins(e) for e in rows[n]]}) + b"\n",
        )
        for n in sorted(rows)
    ]


def differences(found: Sequence[Found], masters: Sequence[Template]) -> str:
    """Lines of EVENT1 EVENT2 TIME1 TIME2 STATION PHASE CORRELATION."""
    lines = []
    for f, name in zip(found, names(found, masters), strict=True):
        if name != f.template.template_id:
            for o in f.measured.onsets:
                first, second = format_time(o.master_ns, 4), format_time(o.master_ns + o.difference_ns, 4)
                lines.append(
                    f"{f.template.template_id} {name} {first} {second} {o.station} {PHASE} {o.correlation:.3f}"
                )
    return "".join(f"{line}\n" for line in sorted(lines))


def phases(found: Sequence[Found], place: Place) -> str:
    """Lines of STATION PHASE LATITUDE LONGITUDE."""
    at: dict[str, tuple[float, float]] = {}
    for f in found:
        for o in f.measured.onsets:
            where = place(o.station, o.master_ns)
            if where is not None:
                at.setdefault(o.station, where)
    return "".join(f"{s} {PHASE} {lat:.5f} {lon:.5f}\n" for s, (lon, lat) in sorted(at.items()))


def write(found: Sequence[Found], masters: Sequence[Template], place: Place, out: Path) -> None:
    """difftimes.txt, phases.txt and evidence/*.json."""
    from testban.run.outputs import whole

    for name, text in (("difftimes.txt", differences(found, masters)), ("phases.txt", phases(found, place))):
        whole(out / name, lambda p, text=text: p.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    files = evidence_files(found, masters)
    for old in sorted((out / "evidence").glob("*.json")):  # of an earlier search with other settings
        if old.name not in {name for name, _ in files}:
            old.unlink()
    for name, data in files:
        whole(out / "evidence" / name, lambda p, data=data: p.write_bytes(data))  # type: ignore[misc]
