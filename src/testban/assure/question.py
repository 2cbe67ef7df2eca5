"""What a statement for a decision maker is asked: places, tests, what they share, what may be added, inspections.

Rules: everything that is assumed stands in the scenario file or in the defaults here, and is printed; an unknown key is an
error. Spreads and the outage are assumptions of this program, not of a source.
"""

import math

import msgspec

from testban.base.errors import InputError

Box = tuple[float, float, float, float]
WORLD: Box = (-180.0, 180.0, -90.0, 90.0)
MOST_SITES, MOST_SHOTS, MOST_COUNTS = 12, 6, 5


class Spot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that is asked about, degrees; name_ru for Russian readers."""

    name: str
    longitude: float
    latitude: float
    name_ru: str = ""


class Shot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test of a series: kilotons, and the factor by which a cavity or soft rock divides them (1: tamped in hard rock)."""

    yield_kt: float
    decoupling: float = 1.0


class Spread(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spreads in magnitude units. site and season are common to all tests of a series, scatter is of single ones.

    outage: probability that nobody listens during the whole series.
    """

    site: float = 0.2
    season: float = 0.1
    scatter: float = 0.2
    outage: float = 0.01


class Next(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be added to the network: single stations first, arrays beside them; `allowed` is a box W, E, S, N."""

    add: int = 3
    allowed: Box | None = None
    spacing_deg: float = 5.0
    noise_nm_s: float = 1.0
    array_noise_nm_s: float = 0.25


class Inspections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Suspicious events a year that stay undetermined, inspections granted, tests meant; where the numbers are from."""

    events: int
    inspections: int
    violations: int = 1
    catch_payoff: str = "1"
    source: str = ""
    source_ru: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole question. No site: known former test sites. tests: lengths of series, rising. relation: mb from yield."""

    period: str = ""
    period_ru: str = ""
    region: Box = WORLD
    site: tuple[Spot, ...] = ()
    shot: tuple[Shot, ...] = (
        Shot(yield_kt=10.0),
        Shot(yield_kt=1.0),
        Shot(yield_kt=0.1),
        Shot(yield_kt=5.0, decoupling=70.0),
        Shot(yield_kt=1.0, decoupling=70.0),
    )
    tests: tuple[int, ...] = (1, 3, 5, 10)
    relation: str = "bowers"
    spread: Spread = msgspec.field(default_factory=Spread)
    next: Next = msgspec.field(default_factory=Next)
    quota: Inspections | None = None


SITES = (
    Spot(name="Semipalatinsk", name_ru="Семипалатинск", longitude=78.8, latitude=49.9),
    Spot(name="Novaya Zemlya", name_ru="Новая Земля", longitude=54.9, latitude=73.4),
    Spot(name="Nevada", name_ru="Невада", longitude=-116.1, latitude=37.1),
    Spot(name="Lop Nor", name_ru="Лобнор", longitude=88.7, latitude=41.6),
    Spot(name="Punggye-ri", name_ru="Пунгери", longitude=129.1, latitude=41.3),
    Spot(name="Pokhran", name_ru="Покхаран", longitude=71.8, latitude=27.1),
)


def sites(question: Question) -> tuple[Spot, ...]:
    """The places asked about; former test sites (positions to a tenth of a degree) where the scenario names none."""
    return question.site or SITES


def check_box(box: Box, name: str) -> None:
    """Raises InputError unless a box is west, east, south, north in degrees with an inside."""
    w, e, s, n = box
    good = all(math.isfinite(v) for v in box) and -180.0 <= w < e <= 360.0 and e - w <= 360.0
    if not (good and -90.0 <= s < n <= 90.0):
        raise InputError(
            f"{name}: expected west, east, south, north in degrees, west below east; got {list(box)}; correct it"
        )


def check(q: Question) -> None:
    """Raises InputError with the key that cannot be used."""
    check_box(q.region, "statement.region")
    if q.next.allowed is not None:
        check_box(q.next.allowed, "statement.next.allowed")
    if len(q.site) > MOST_SITES or not 1 <= len(q.shot) <= MOST_SHOTS:
        raise InputError(
            f"statement: expected at most {MOST_SITES} sites and 1 to {MOST_SHOTS} shots, got {len(q.site)} and "
            f"{len(q.shot)}; two pages hold no more"
        )
    for s in q.site:
        if not (-180.0 <= s.longitude <= 360.0 and -90.0 <= s.latitude <= 90.0 and s.name):
            raise InputError(
                f"statement.site {s.name!r}: expected a name, a longitude, a latitude; correct it"
            )
    for x in q.shot:
        if not (1e-6 <= x.yield_kt <= 1e6 and 1.0 <= x.decoupling <= 1000.0):
            raise InputError(
                f"statement.shot: expected a yield of 1e-6 to 1e6 kt and decoupling of 1 to 1000, got {x.yield_kt:g} "
                f"and {x.decoupling:g}; correct it"
            )
    if not 1 <= len(q.tests) <= MOST_COUNTS or list(q.tests) != sorted({*q.tests}) or not q.tests[0] >= 1:
        raise InputError(
            f"statement.tests: expected 1 to {MOST_COUNTS} rising numbers of tests, got {list(q.tests)}; correct it"
        )
    if q.tests[-1] > 1000:
        raise InputError(f"statement.tests: expected at most 1000 tests, got {q.tests[-1]}; correct it")
    _check_rest(q)


def _check_rest(q: Question) -> None:
    p = q.spread
    if not (all(0.0 <= v <= 2.0 for v in (p.site, p.season, p.scatter)) and 0.0 <= p.outage <= 1.0):
        raise InputError("statement.spread: expected spreads in 0..2 and outage in 0..1; correct them")
    x = q.next
    if not (
        0 <= x.add <= 10 and 1.0 <= x.spacing_deg <= 30.0 and x.noise_nm_s > 0.0 and x.array_noise_nm_s > 0.0
    ):
        raise InputError(
            "statement.next: expected add from 0 to 10, spacing_deg from 1 to 30, noise above 0; correct them"
        )
    g = q.quota
    if g is not None and not (0 <= g.inspections <= g.events and 1 <= g.violations <= g.events <= 1000):
        raise InputError(
            "statement.quota: expected inspections and violations up to the number of events, at most 1000; correct them"
        )
