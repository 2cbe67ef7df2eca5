"""A scenario of the assurance: a network and a rule, from TOML text or by the name of an included one.

Rules: every assumption stands in the file; an unknown key is an error. Tables of stations that ship with the package
are named in the file; their provenance is their first line.
"""

import tomllib
from importlib import resources
from typing import Any

import msgspec

from testban.assure import question
from testban.assure.capability import Rule, Sensor, check
from testban.assure.detector import Detector, fitted, rule_with
from testban.base.errors import InputError

INCLUDED = (
    "ims",
    "external-1963",
    "external-1963-plus-3",
    "external-1963-plus-3-arrays",
    "external-1963-plus-7",
    "external-1963-plus-7-arrays",
    "external-1963-plus-10",
    "external-1963-plus-10-arrays",
    "external-1963-plus-national",
    "korea",
    "ims-testban",
    "central-asia",
)
_CURVES = ("detector_testban", "detector_planted")
_TABLES = ("ims_primary", "wwssn_1963", "soviet_towns")


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of stations with one noise for all; array_noise_nm_s is for its arrays after beamforming."""

    table: str
    noise_nm_s: float
    array_noise_nm_s: float | None = None
    reliability: float = 0.95


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario file holds; title_ru is for Russian readers, `title` where it is missing."""

    title: str
    title_ru: str = ""
    rule: Rule = msgspec.field(default_factory=Rule)
    detector: Detector | None = None
    network: tuple[Network, ...] = ()
    station: tuple[Sensor, ...] = ()
    statement: question.Question = msgspec.field(default_factory=question.Question)


def text_of(name: str) -> str:
    """The text of an included scenario."""
    return (resources.files("testban.assure") / "data" / f"{name}.toml").read_text("utf-8")


def read(text: str, name: str) -> Scenario:
    """A scenario from TOML. Raises InputError."""
    try:
        found: Any = tomllib.loads(text)
        scenario = msgspec.convert(found, Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise InputError(f"{name}: expected a scenario in TOML; {exc}; correct it") from None
    if scenario.detector is not None:
        detector = scenario.detector
        if detector.table:
            detector = msgspec.structs.replace(
                detector, curve=curve(detector.table), source=detector.source or provenance(detector.table)
            )
        scenario = msgspec.structs.replace(
            scenario, detector=detector, rule=rule_with(scenario.rule, detector)
        )
    check(scenario.rule, sensors(scenario))
    question.check(scenario.statement)
    return scenario


def sensors(scenario: Scenario) -> tuple[Sensor, ...]:
    """All stations of a scenario, in the order of the file."""
    out: list[Sensor] = []
    for part in scenario.network:
        out += table(part.table, part.noise_nm_s, part.array_noise_nm_s, part.reliability)
    return (*out, *scenario.station)


def provenance(name: str) -> str:
    """Where a table of stations is from: its first line."""
    body = (resources.files("testban.assure") / "data" / f"{name}.csv").read_text("utf-8")
    return body.splitlines()[0].lstrip("# ")


def curve(name: str) -> tuple[tuple[float, float], ...]:
    """A detector's curve that ships with the package: ratio, share found. Raises InputError."""
    if name not in _CURVES:
        raise InputError(f"detector: expected a table of {', '.join(_CURVES)}, got {name!r}")
    body = (resources.files("testban.assure") / "data" / f"{name}.csv").read_text("utf-8")
    rows = (line.split(",") for line in body.splitlines()[2:])
    return tuple((float(r), float(p)) for r, p in rows)


def assumed(scenario: Scenario) -> list[str]:
    """What a scenario takes for granted about a station and the way to it, in sentences."""
    rule = scenario.rule
    laws = [
        f"{w.phase} {w.slope:g} log10(km) + {w.per_km:g} km {w.offset:+g} from {w.nearest_deg:g} to {w.farthest_deg:g} degrees, noise x{w.noise_factor:g} "
        f"({w.source}; {'confirmed' if w.confirmed else 'unconfirmed'}), the phase seen best counts"
        for w in rule.regional
    ]
    near = "; ".join(laws) + "; elsewhere " if laws else ""
    end = "" if laws else ", no Lg"
    out = [
        f"Veith-Clawson decay at 20 degrees and beyond; nearer: {near}2.4 log10(km) - 3.95{end}; surface source; no site terms"
    ]
    if scenario.detector is None:
        out.append(
            f"snr {rule.snr:g}, sigma {rule.sigma:g} and up-time as the scenario gives them; those of the included scenarios are unconfirmed defaults of the literature"
        )
    else:
        fit = fitted(scenario.detector)
        out.append(
            f"snr {rule.snr:g} and sigma {rule.sigma:g} from a measured curve of a detector: half found at A/T of {fit.snr:.2f} times the noise, scatter {fit.sigma:.2f} "
            f"(misfit of a share up to {fit.misfit:.2f}) beside {scenario.detector.signal_sigma:g} of the signals; {scenario.detector.source}; "
            "measured with single stations, taken for arrays too"
        )
    return out


def table(
    name: str, noise_nm_s: float, array_noise_nm_s: float | None = None, reliability: float = 0.95
) -> tuple[Sensor, ...]:
    """Stations of a table that ships with the package. Raises InputError."""
    if name not in _TABLES:
        raise InputError(f"network: expected a table of {', '.join(_TABLES)}, got {name!r}")
    body = (resources.files("testban.assure") / "data" / f"{name}.csv").read_text("utf-8")
    out = []
    for line in body.splitlines()[2:]:
        code, lon, lat, array = line.split(",")
        quiet = array_noise_nm_s if array == "1" else None
        out.append(
            Sensor(
                code=code, longitude=float(lon), latitude=float(lat), array=array == "1",
                noise_nm_s=noise_nm_s if quiet is None else quiet, reliability=reliability,
            )
        )  # fmt: skip
    return tuple(out)
