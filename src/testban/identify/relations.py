"""Published relations between body-wave magnitude and yield, and what each test site adds to them.

Rules: a relation states its scale, its range and where it is from; one whose constants were not read in the
source says so (`confirmed`). Below 1 kt a slope under 1 is an extrapolation: where the source does not state the
slope there, both its own slope and 1 are kept. A site is a bias and a scatter fitted to shots of known yield; a
place without such shots has the wide bias of `ANYWHERE`. The bias between sites is real: 0.53 magnitude units at 1 kt
between Nevada tuff and the Kazakh shield, a factor of 4 to 5 in yield.
"""

import math
from collections.abc import Sequence

import msgspec

from testban.base.dmath import log10_
from testban.base.errors import ConfigurationError, InputError


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """mb = intercept + slope log10 Y above 1 kt, with one of `slopes_below` under it (equally likely)."""

    name: str
    intercept: float
    slope: float
    slopes_below: tuple[float, ...]
    where: str
    citation: str
    confirmed: bool = False

    def mb(self, log10_kt: float, slope_below: float | None = None) -> float:
        """Magnitude of a tamped shot; slope_below defaults to the first of the relation."""
        below = self.slopes_below[0] if slope_below is None else slope_below
        return self.intercept + (self.slope if log10_kt >= 0.0 else below) * log10_kt

    def log10_kt(self, mb: float, slope_below: float | None = None) -> float:
        """The inverse: log10 of the yield at which the relation gives mb."""
        below = self.slopes_below[0] if slope_below is None else slope_below
        d = mb - self.intercept
        return d / (self.slope if d >= 0.0 else below)


RELATIONS = {
    r.name: r
    for r in (
        Relation(
            name="bowers",
            intercept=4.25,
            slope=0.75,
            slopes_below=(1.0,),
            where="hard rock anywhere, normal coupling",
            citation="Bowers et al. 2001, Geophys. J. Int. (constants from memory; they give 8.1 kt at mb 4.93 as Zhao "
            "et al. print, and mb 3.55 at 0.2 kt as NAS 2012)",
        ),
        Relation(
            name="stable",
            intercept=4.45,
            slope=0.75,
            slopes_below=(0.75, 1.0),
            where="hard rock in stable regions with little loss in the mantle (Semipalatinsk)",
            citation="Murphy; Ringdal, Marshall & Alewine 1992, Geophys. J. Int. 109, 65 (constants from memory)",
        ),
        Relation(
            name="wet-tuff",
            intercept=3.92,
            slope=0.81,
            slopes_below=(0.81, 1.0),
            where="Nevada, wet tuff and rhyolite below the water table",
            citation="Murphy 1981 (constants from memory)",
        ),
        Relation(
            name="shagan-small",
            intercept=4.262,
            slope=0.973,
            slopes_below=(0.973,),
            where="small shots at Shagan River",
            citation="quoted in 2006 in a secondary source",
        ),
    )
}


class SiteTable(msgspec.Struct, frozen=True, kw_only=True):
    """What shots of known yield say of one place: mb minus the relation, its middle and the scale of single shots (Student t4).

    n: shots fitted on (0: none, values assumed). bias_sigma: how well the bias is known. origin names the table.
    """

    name: str
    relation: str
    bias: float
    bias_sigma: float
    scatter: float
    n: int
    origin: str


# Fitted by `fit_site` on all shots of the SIPRI list with exact yield (32 and 14): `testban calibrate yield`, which also tells
# how often tables that had not seen a shot hold its yield. The scatter of `anywhere` is PRIOR_SCATTER, its bias is assumed.
SITES = {
    s.name: s
    for s in (
        SiteTable(
            name="anywhere", relation="bowers", bias=0.0, bias_sigma=0.14, scatter=0.21, n=0,
            origin="no shots of known yield; bias assumed, scatter of 77 shots of 27 other regions (Bergkvist & Ferm 2000)",
        ),
        SiteTable(
            name="nts", relation="wet-tuff", bias=-0.033, bias_sigma=0.044, scatter=0.21, n=32,
            origin="nts-sipri v3: 32 shots of Bergkvist & Ferm 2000",
        ),
        SiteTable(
            name="semipalatinsk", relation="stable", bias=0.072, bias_sigma=0.059, scatter=0.188, n=14,
            origin="semipalatinsk-sipri v3: 14 shots of Bergkvist & Ferm 2000",
        ),
    )
}  # fmt: skip

# Student-t4 scale of the 77 shots of exact yield in 27 other regions of Bergkvist & Ferm 2000 about `stable`: `testban calibrate scatter`.
PRIOR_SCATTER, PRIOR_SHOTS = (
    0.21,
    10,
)  # taken for a site before its own shots, worth that many of them [number assumed]
STEPS = 100
LOCATION = math.sqrt(
    7.0 / 5.0
)  # error of a location in Student-t4 errors over scale / root n: Fisher information 5/7 (Lange et al. 1989)


def relation(name: str) -> Relation:
    """A relation by name; raises ConfigurationError with the names that there are."""
    try:
        return RELATIONS[name]
    except KeyError:
        raise ConfigurationError(
            f"expected a relation among {', '.join(RELATIONS)}, got {name!r}: choose one"
        ) from None


def site(name: str) -> SiteTable:
    """A site by name; raises ConfigurationError with the names that there are."""
    try:
        return SITES[name]
    except KeyError:
        raise ConfigurationError(
            f"expected a site among {', '.join(SITES)}, got {name!r}: choose one"
        ) from None


def robust(
    values: Sequence[float], prior: float = PRIOR_SCATTER, shots: int = PRIOR_SHOTS
) -> tuple[float, float]:
    """Location and scale of Student-t4 values by EM (Lange, Little & Taylor 1989), the scale pooled with a prior one worth `shots`.

    Catalogues hold slips; with normal errors a single one sets the scale of a handful of shots. Fixed number of steps.
    """
    d = sorted(values)
    n = len(d)
    mid, scale = 0.5 * (d[(n - 1) // 2] + d[n // 2]), prior
    for _ in range(STEPS):
        w = [5.0 / (4.0 + ((x - mid) / scale) ** 2) for x in d]
        mid = sum(a * x for a, x in zip(w, d, strict=True)) / sum(w)
        squares = sum(a * (x - mid) * (x - mid) for a, x in zip(w, d, strict=True))
        scale = math.sqrt((squares + shots * prior * prior) / (n + shots))
    return mid, scale * math.sqrt((n + shots) / (n + shots - 1.0))  # the location was fitted, too


def fit_site(shots: Sequence[tuple[float, float]], law: Relation, name: str, origin: str) -> SiteTable:
    """Bias and scatter of a site from (mb, yield kt) of shots. Raises InputError for fewer than five or bad values.

    The scatter is the scale of Student's t with 4 degrees, pooled with that of other regions worth ten shots; the error of the bias is
    that of a location in such errors.
    """
    if len(shots) < 5:
        raise InputError(
            f"expected at least 5 shots of known yield, got {len(shots)}: give more, or use 'anywhere'"
        )
    if any(not y > 0.0 or not 0.0 < m < 8.0 for m, y in shots):
        raise InputError("expected yields above 0 kt and mb between 0 and 8, got others: correct the table")
    mid, scatter = robust([m - law.mb(log10_(y)) for m, y in shots])
    n = len(shots)
    return SiteTable(
        name=name, relation=law.name, bias=round(mid, 3), scatter=round(scatter, 3),
        bias_sigma=round(LOCATION * scatter / math.sqrt(n), 3), n=n, origin=origin,
    )  # fmt: skip
