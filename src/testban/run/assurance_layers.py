"""What a capability map may show beside the detection threshold: identification, location, yields, measured noise, days.

Rules: the column of the detection threshold stays where it is; every other column is there only where asked for; a
depth that the data do not hold within 700 km is left empty, never printed as a number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.assure import capability, identification, resolution
from testban.assure.capability import Rule, Sensor
from testban.assure.identification import Identification
from testban.base import quanta
from testban.base.dmath import exp10_, log10_
from testban.base.errors import InputError
from testban.identify import relations
from testban.run import assurance_noise, moments
from testban.run.assurance_noise import Measured

Floats = NDArray[np.float64]
DEEPEST_KM = 700.0


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. kt: decoupling factors, one column each; noise: noise.csv or its folder, in place of assumed."""

    identification: bool = False
    location: bool = False
    kt: tuple[float, ...] = ()
    relation: str = "bowers"
    noise: Path | None = None
    inventory: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    band_hz: tuple[float, float] = (1.0, 3.0)
    moments: bool = False
    how: Identification = msgspec.field(default_factory=Identification)


def factors(text: str) -> tuple[float, ...]:
    """Decoupling factors from text such as 1,10,70. Raises InputError."""
    try:
        out = tuple(float(x) for x in text.split(",") if x.strip())
    except ValueError:
        out = (0.0,)
    if not all(1.0 <= x <= 200.0 for x in out):
        raise InputError(
            f"--kt: expected decoupling factors from 1 to 200 such as 1,10,70, got {text!r}; correct it"
        )
    return out


def network(
    layers: Layers, assumed: tuple[Sensor, ...]
) -> tuple[tuple[Sensor, ...], tuple[Measured, ...], bool]:
    """The stations of the map: as measured where noise is given (then day by day too), else as assumed; simulated or not."""
    if layers.noise is None:
        return assumed, (), False
    whole, *days = assurance_noise.measured(layers.noise, layers.inventory, layers.band_hz, layers.arrays)
    return whole.sensors, tuple(days), whole.simulated


def stretches(layers: Layers) -> tuple[Measured, ...]:
    """The stations of each stretch of time, where asked for. Raises InputError."""
    if not layers.moments:
        return ()
    if layers.noise is None:
        raise InputError(
            "--moments: expected --noise beside it; give levels.csv of `assure monitor` or noise.csv"
        )
    return assurance_noise.moments(layers.noise, layers.inventory, layers.band_hz, layers.arrays)


def _kt(mb: float, factor: float, law: relations.Relation) -> str:
    return f"{exp10_(law.log10_kt(mb) + log10_(factor)):.3g}"


def columns(
    layers: Layers, sensors: tuple[Sensor, ...], rule: Rule, lon: Floats, lat: Floats, mb: Floats
) -> dict[str, list[str]]:
    """Columns beside the threshold, as text; empty where there is no value."""
    out: dict[str, list[str]] = {}
    if layers.identification:
        told = identification.thresholds(sensors, rule, layers.how, lon, lat)
        out[f"identified{100 * rule.level:g}"] = [
            "" if m != m else f"{quanta.magnitude(float(m)):.2f}" for m in told
        ]
    if layers.location:
        area, depth = resolution.resolve(sensors, rule, lon, lat, mb)
        out["area90_km2"] = ["" if a != a else f"{quanta.significant(float(a), 3):.0f}" for a in area]
        out["depth90_km"] = ["" if not d <= DEEPEST_KM else f"{d:.0f}" for d in depth]
    if layers.kt:
        law = relations.relation(layers.relation)
        for factor in layers.kt:
            out[f"kt_df{factor:g}"] = ["" if m != m else _kt(float(m), factor, law) for m in mb]
    return out


def by_day(
    days: Sequence[Measured], rule: Rule, lon: Floats, lat: Floats, weight: Floats
) -> tuple[list[dict[str, Any]], dict[str, Floats]]:
    """Each day's mean threshold over what it sees, its stations, its blind share; and each day's grid."""
    rows, grids = [], {}
    for day in days:
        mb = capability.thresholds(day.sensors, rule, lon, lat)
        ok = np.isfinite(mb)
        mean = float(np.sum((mb * weight)[ok]) / np.sum(weight[ok])) if ok.any() else None
        grids[day.day] = mb
        rows.append(
            {
                "day": day.day, "stations": len(day.sensors), "left_out": len(day.left_out),
                "mean": "" if mean is None else quanta.magnitude(mean),
                "blind_share": quanta.probability(float(np.sum(weight[~ok]) / np.sum(weight))),
                "up": quanta.probability(sum(s.reliability for s in day.sensors) / max(1, len(day.sensors))),
            }
        )  # fmt: skip
    return rows, grids


def assumptions(layers: Layers) -> list[str]:
    """Sentences for what was asked for."""
    out = []
    if layers.noise is not None:
        out.append(
            f"noise and up-time measured in the recordings, {layers.band_hz[0]:g}-{layers.band_hz[1]:g} Hz, median of the "
            f"{'minutes, signals included' if layers.noise.name == assurance_noise.LEVELS else 'hours outside signals'}; "
            "stations as recorded, the rule of the scenario"
        )
    if layers.moments:
        out.append(
            "stretches of time: levels of levels.csv have every signal in them (codas, storms), those of noise.csv are outside signals; "
            f"a station with less than half of a stretch is down; raised: {moments.RAISED:g} of a magnitude and more above the whole time"
        )
    if layers.identification:
        h = layers.how
        out.append(
            f"identified: detected, and {h.stations} stations within {h.farthest_deg:g} degrees with signal-to-noise {h.snr:g}, or mb {h.surface_mb:g} and more (mb:Ms); assumed"
        )
    if layers.location:
        out.append(
            f"location at the threshold: picks {resolution.PICK_S:g} s, back-azimuths of arrays {resolution.AZIMUTH_DEG:g} degrees (assumed), "
            "model errors and their correlation as the locator takes them, no calibration of paths; depth free, empty beyond 700 km"
        )
    if layers.kt:
        law = relations.relation(layers.relation)
        out.append(
            f"yields by {law.name}: {law.citation}; constants {'confirmed' if law.confirmed else 'unconfirmed'}"
        )
    return out
