"""The one entry point of all discriminants: a table of functions, each returning one piece of evidence.

Rules: a discriminant is a function (Inquiry) -> Evidence that never raises and says in words why it does not
apply; the order of the table is the order of registration and the order in the bulletin. A discriminant that rests on something
that few people can give (a moment tensor, say) is left out of the list where it was not given.
"""

from collections.abc import Callable, Sequence

import msgspec

from testban.base.beside import Beside
from testban.base.measurements import PathMeasurement
from testban.base.records import Event, Evidence, Pick
from testban.identify.calibration import MS_DEFAULT, PS_DEFAULT, SLOPE_DEFAULT, MsModel, PsModel, ShapeModel


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen; the defaults are those of every published figure.

    prior: probability of an explosion before the recordings are looked at. The default, one in a hundred, is the
    stated convention for "an event that somebody asks about", not a base rate: among all earthquakes of mb 4 one
    test a year is about one in ten thousand. It never enters the verdict.
    prior_other: the same for a collapse or another source that is neither, in the second layer (`ecm`).
    false_alarm: highest accepted probability of "explosion-like" for an earthquake; miss: of "earthquake-like" for an
    explosion. The verdict needs a likelihood ratio above 1/false_alarm or below miss: by Markov's inequality
    the stated rates then hold for whatever shape, if the class densities do. dependence: correlation allowed
    for between discriminants. s_model: model error of mb:Ms (magnitude units).
    """

    prior: float = 0.01
    prior_other: float = 0.01
    false_alarm: float = 0.10
    miss: float = 0.10
    dependence: float = 0.3
    least_paths: int = 2
    ps: PsModel = PS_DEFAULT
    s_model: float = 0.3
    ms: MsModel = MS_DEFAULT
    slope: ShapeModel = SLOPE_DEFAULT


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What a discriminant may look at. It is not given where known test sites are."""

    event: Event
    paths: Sequence[PathMeasurement]
    picks: Sequence[Pick]
    settings: Settings
    beside: Beside = Beside()


Discriminant = Callable[[Inquiry], Evidence]

Given = Callable[[Inquiry], bool]

DISCRIMINANTS: dict[str, tuple[Discriminant, Given]] = {}


def register(name: str, given: Given = lambda _inquiry: True) -> Callable[[Discriminant], Discriminant]:
    """Decorator that enters a discriminant under its name; a second one of the same name replaces the first.

    given: whether there is anything for it to look at; where not, it is left out of the evidence.
    """

    def enter(function: Discriminant) -> Discriminant:
        DISCRIMINANTS[name] = (function, given)
        return function

    return enter


def evaluate(inquiry: Inquiry) -> tuple[Evidence, ...]:
    """All registered discriminants on one event, in order of registration."""
    return tuple(f(inquiry) for f, given in DISCRIMINANTS.values() if given(inquiry))


def not_applicable(name: str, reason: str, **detail: float | str) -> Evidence:
    """Evidence that says nothing, and why."""
    return Evidence(name=name, applicable=False, reason=reason, detail=dict(detail))
