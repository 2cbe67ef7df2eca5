"""A series from network, yield and place as an object that people and machines read: chances, causes, table of n.

Rules: every cause and constant stands in the output with its size and its source or the word assumed.
"""

import math
from typing import Any

import msgspec

from testban.assure import identification, plan, scenario, series
from testban.assure.identification import At, Identification
from testban.assure.monitoring import Place
from testban.assure.series import Cause
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.dmath import log10_
from testban.base.errors import InputError
from testban.identify import relations
from testban.run.assurance_map import scenario_of
from testban.run.provenance import code_digest

DECOUPLING_LARGEST = 200.0


class Shots(msgspec.Struct, frozen=True, kw_only=True):
    """What is tested. decoupling: the factor that divides the yield (1: tamped)."""

    yield_kt: float
    n: int = 10
    decoupling: float = 1.0
    relation: str = "bowers"


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Spreads in magnitude units, and the outage; all assumed.

    site, noise and decoupling are common to all tests of a series, scatter is of single shots; outage: probability
    that nobody listens at all. template_gain: how much smaller a later shot may be once one was seen.
    """

    site: float = 0.20
    noise: float = 0.10
    decoupling: float = 0.15
    outage: float = 0.01
    scatter: float = 0.20
    template_gain: float = 1.0

    def __post_init__(self) -> None:
        if not (
            all(0.0 <= x <= 2.0 for x in (self.site, self.noise, self.decoupling, self.scatter))
            and 0.0 <= self.outage <= 1.0
            and 0.0 <= self.template_gain <= 3.0
        ):
            raise InputError(
                "expected spreads from 0 to 2 magnitude units, an outage in 0..1 and a template gain from 0 to 3; correct them"
            )


def magnitude(shots: Shots) -> float:
    """Expected mb of one shot. Raises InputError for yields and factors without meaning."""
    if not 1e-6 <= shots.yield_kt <= 1e5:
        raise InputError(f"--yield-kt: expected 1e-6 to 1e5 kt, got {shots.yield_kt:g}; correct it")
    if not 1.0 <= shots.decoupling <= DECOUPLING_LARGEST:
        raise InputError(
            f"--decoupling: expected a factor from 1 to {DECOUPLING_LARGEST:g}, got {shots.decoupling:g}; correct it"
        )
    series.check(0.5, shots.n)
    return relations.relation(shots.relation).mb(log10_(shots.yield_kt / shots.decoupling))


def causes(shots: Shots, spread: Spread) -> tuple[Cause, ...]:
    """What all tests of the series share."""
    out = [
        Cause(name="bias of the place: path, rock and coupling", sigma=spread.site),
        Cause(name="noise and season", sigma=spread.noise),
    ]
    if shots.decoupling > 1.0:
        out.append(Cause(name="how well the cavity decouples", sigma=spread.decoupling))
    return (*out, Cause(name="common outage", outage=spread.outage))


def network_at(network: str, place: Place, how: Identification) -> tuple[scenario.Scenario, At]:
    """The scenario and the place as its network sees it."""
    told = scenario_of(network)
    return told, identification.at(place.longitude, place.latitude, scenario.sensors(told), told.rule, how)


def numbers(found: plan.Chances) -> dict[str, float]:
    """Chances as quanta."""
    return {name: quanta.probability(getattr(found, name)) for name in found.__struct_fields__}


def _nominal(at: At, mb: float, n: int) -> dict[str, float]:
    """The same with no spread and no outage at all: what the mean magnitude alone would say."""
    detected, told = at.seen(mb)
    return {
        "detected": quanta.probability(detected), "seen": quanta.probability(told),
        "series_detected": quanta.probability(1.0 - series.power(1.0 - detected, n)),
        "series_seen": quanta.probability(1.0 - series.power(1.0 - told, n)),
    }  # fmt: skip


def series_of(
    network: str, place: Place, shots: Shots, *, spread: Spread | None = None, how: Identification | None = None
) -> dict[str, Any]:  # fmt: skip
    """Whether n shots at a place would be seen by a network: `assure series --network`."""
    spread, how = spread or Spread(), how or Identification()
    mb = magnitude(shots)
    told, at = network_at(network, place, how)
    shared = causes(shots, spread)
    course = plan.Course(at, spread.scatter)
    found = plan.chances(course, [mb] * shots.n, shared, spread.template_gain)
    law = relations.relation(shots.relation)
    given = {
        "network": network, "site": place, "shots": shots, "spread": spread, "identification": how,
        "rule": told.rule, "mb": quanta.magnitude(mb),
    }  # fmt: skip
    lengths = [n for n in (1, 2, 3, 5, 7, 10, 20, 50) if n <= max(20, shots.n)]
    none = 1.0 - found.series_seen
    single = quanta.magnitude(identification.threshold(at)) if len(at.codes) else math.nan
    result: dict[str, Any] = {
        "probability_seen": quanta.probability(found.series_seen),
        "probability_unseen": quanta.probability(none),
        "chances": numbers(found),
        "without_spread": _nominal(at, mb, shots.n),
        "by_n": [
            {"n": n, **{k: v for k, v in numbers(plan.chances(course, [mb] * n, shared, spread.template_gain)).items() if k.startswith("series")}}
            for n in lengths
        ],
        "detection_threshold": None if single != single else single,
        "posterior_after_silence": [
            {"prior": a, "posterior": quanta.probability(b)} for a, b in series.posterior_curve(none)
        ],
        "false_alarms_from_mb": quanta.magnitude(min(mb, 4.0)),
        "false_alarms_per_year": quanta.quantise(
            series.false_alarms_per_year(how.false_alarm, min(mb, 4.0)), 2
        ),
    }  # fmt: skip
    return {
        **result,
        "inputs": given,
        "causes": [
            {"name": c.name, "sigma": c.sigma, "outage": c.outage, "source": "assumed"} for c in shared
        ],
        "constants": [
            {
                "name": f"mb = {law.intercept:g} + {law.slope:g} log10 Y, slope {law.slopes_below[0]:g} below 1 kt",
                "value": law.name, "source": law.citation, "confirmed": law.confirmed,
            },
            {
                "name": "what a template gains, magnitude units", "value": spread.template_gain, "confirmed": False,
                "source": "about an order of magnitude for correlation detectors, from memory",
            },
        ],
        "assumptions": [
            "seen: detected by the rule and told from an earthquake; the second by an assumed criterion",
            "common causes are shared by all tests of the series; the independent value is an upper bound",
            "mb of the relation and mb of the decay law are taken to be one scale",
            "false alarms are of all earthquakes of the world from that mb on: at most so many, most of them too small to be seen",
            "a template changes nothing in the probability that none is seen: only a seen test gives one",
        ],
        "digests": {"inputs": digest_of(given), "result": digest_of(result), "code": code_digest()},
    }  # fmt: skip
