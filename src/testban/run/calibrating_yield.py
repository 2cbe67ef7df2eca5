"""Site tables of yield rebuilt from catalogues of shots, with how often their intervals hold a truth that they were not fitted on.

Rules: as in `calibrating`. The shipped table is of all shots; its figures come from tables that had not seen the shot: each half judged
by the other, and each shot by all others.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban.base.dmath import log10_
from testban.base.errors import InputError
from testban.base.records import Magnitude
from testban.identify import relations, scores, yields
from testban.run import calibrating

MB_SIGMA = 0.05  # of a catalogue mb [assumed]
BIAS_LARGEST = 1.2  # of a site; the largest known between sites is 0.5 at 1 kt [assumed limit]
Shot = tuple[str, float, float]


def shots(
    table: Path, region: str | None, without: Sequence[str] = ()
) -> list[tuple[str, str, float, float]]:
    """Underground shots with mb and one exact yield (lower and upper equal), sorted by name: name, region, mb, kt."""
    out = []
    for r in calibrating.rows(table):
        mb, low, high = (calibrating.number(r, k) for k in ("mb", "low", "high"))
        place = r.get("region", "")
        if (region is not None and place != region) or place in without:
            continue
        if r.get("underground", "True").lower() not in ("true", "1", "yes"):
            continue
        if mb and high and low == high:
            out.append((r["event"], place, mb, high))
    return sorted(out)


def holds(place: relations.SiteTable, mb: float, kt: float) -> bool:
    """Whether the 90 % interval that a site table gives for a magnitude holds the yield."""
    size = Magnitude(kind="mb", value=mb, sigma=MB_SIGMA, n_detected=1, n_censored=0, method="catalogue")
    got = yields.estimate([size], yields.YieldSettings(site=place.name), place=place).intervals[0]
    return got.low_kt is not None and got.low_kt <= kt <= got.high_kt


def coverage(rows: Sequence[Shot], law: relations.Relation) -> dict[str, scores.Share]:
    """Shares of truths inside the 90 % interval: each half by the other, and each shot by all others."""
    pairs = [(mb, kt) for _, mb, kt in rows]

    def judged(fitted: Sequence[tuple[float, float]], asked: Sequence[tuple[float, float]]) -> int:
        place = relations.fit_site(fitted, law, "fitted", "")
        return sum(holds(place, mb, kt) for mb, kt in asked)

    out = {}
    if len(pairs) >= 10:
        odd, even = pairs[0::2], pairs[1::2]
        out["even_by_odd"] = scores.share(judged(odd, even), len(even))
        out["odd_by_even"] = scores.share(judged(even, odd), len(odd))
    if len(pairs) >= 6:
        one = sum(judged(pairs[:i] + pairs[i + 1 :], pairs[i : i + 1]) for i in range(len(pairs)))
        out["each_by_the_others"] = scores.share(one, len(pairs))
    return out


def site(table: Path, region: str, relation: str, name: str) -> dict[str, Any]:
    """A site table from shots of known yield of one region."""
    law = relations.relation(relation)
    found = [(event, mb, kt) for event, _, mb, kt in shots(table, region)]
    if not found:
        raise InputError(
            f"--region: expected shots of known yield in {region!r}, got none in {table}: check the name"
        )
    middle = sorted(mb - law.mb(log10_(kt)) for _, mb, kt in found)[len(found) // 2]
    if abs(middle) > BIAS_LARGEST:
        raise InputError(
            f"expected mb within {BIAS_LARGEST:g} of the relation {law.name} at the yields (kt) of {table}, got {middle:+.1f} at the middle shot: "
            "t for kt is 2 magnitude units, nm for um 3; correct the table"
        )
    fitted = relations.fit_site([(mb, kt) for _, mb, kt in found], law, name, f"{table.name}, {region}")
    return calibrating.stamped(
        {
            "kind": "yield",
            "model": msgspec.to_builtins(fitted),
            "shots": len(found),
            "inside_90_percent": coverage(found, law),
            "notes": [
                f"mb minus the relation {law.name}; shares are of shots that the table behind them had not seen",
                f"scatter pooled with {relations.PRIOR_SCATTER:g} worth {relations.PRIOR_SHOTS} shots, from other regions",
            ],
        },
        (table,),
    )


def scatter(table: Path, relation: str, without: Sequence[str]) -> dict[str, Any]:
    """Scale of single shots about a relation over all regions but some: what a site is taken to have before its own shots."""
    law = relations.relation(relation)
    found = shots(table, None, without)
    if len(found) < 10:
        raise InputError(f"expected ten shots of known yield or more, got {len(found)} in {table}: give more")
    mid, scale = relations.robust([mb - law.mb(log10_(kt)) for *_, mb, kt in found], 1.0, 0)
    return calibrating.stamped(
        {
            "kind": "yield scatter",
            "relation": law.name,
            "bias": round(mid, 3),
            "scatter": round(scale, 3),
            "shots": len(found),
            "regions": len({place for _, place, *_ in found}),
        },
        (table,),
    )
