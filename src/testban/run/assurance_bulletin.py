"""The quota against what the verdicts of a bulletin leave undetermined: events a year with their interval, and the game.

Rules: an event without a verdict is undetermined; one without a magnitude is counted, for it cannot be excluded; what is
explosion-like stands beside and is no part of the number, for it is not left undetermined. The rate has its exact Poisson
interval, and the game is told at the rate and at both ends.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from testban.assure import quota_random
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.records import Verdict
from testban.base.times import HOUR_NS, parse_time
from testban.formats import csvio
from testban.run.assurance_quota import fraction
from testban.run.provenance import code_digest

YEAR_DAYS = 365.25
DAY_HOURS = 24.0


def _days(file: Path, days: float | None) -> float:
    """Days that a bulletin covers: as told, else the hours of noise.csv beside it."""
    if days is None:
        noise = file.parent / "noise.csv"
        if not noise.exists():
            raise InputError(
                "--bulletin: expected --days, or noise.csv beside events.csv, got neither; give --days"
            )
        hours = {parse_time(csvio.text(r, "hour")) // HOUR_NS for r in csvio.read_rows(noise, ("hour",))}
        days = len(hours) / DAY_HOURS
    if not 0.0 < days <= 1e5:
        raise InputError(f"--days: expected more than 0 and at most 100000, got {days:g}; correct it")
    return days


def _counted(
    rows: Sequence[csvio.Row], least_mb: float | None, region: tuple[float, float, float, float] | None
) -> tuple[dict[str, int], int]:
    """Events by verdict, and those of them without a magnitude."""
    out = {v.value: 0 for v in Verdict}
    bare = 0
    for row in rows:
        mb, ml = csvio.number(row, "mb"), csvio.number(row, "ml")
        size = ml if mb is None else mb
        if least_mb is not None and size is not None and size < least_mb:
            continue
        if region is not None:
            x, y = csvio.number(row, "longitude"), csvio.number(row, "latitude")
            w, e, s, n = region
            if x is None or y is None or not ((x - w) % 360.0 <= e - w and s <= y <= n):
                continue
        verdict = csvio.text(row, "assessment") or Verdict.UNDETERMINED.value
        if verdict not in out:
            raise InputError(
                f"events.csv: expected an assessment of {', '.join(out)}, got {verdict!r}; correct it"
            )
        out[verdict] += 1
        bare += size is None
    return out, bare


def _game(mean: float, inspections: int, violations: int, b: Fraction, q: Fraction) -> dict[str, Any]:
    most = quota_random.MOST if q == 1 else quota_random.MOST_FALLIBLE
    if mean > most:
        return {"mean": quanta.significant(mean, 4), "value": None, "by_lot": None}
    met = quota_random.by_lot(mean, inspections, violations)
    return {
        "mean": quanta.significant(mean, 4),
        "value": quanta.quantise(quota_random.value(mean, inspections, violations, b, q), 4),
        "by_lot": quanta.probability(met),
    }


def quota_of(
    bulletin: Path, inspections: int, violations: int = 1, *, catch_payoff: str = "1", quality: str = "1",
    days: float | None = None, least_mb: float | None = None, region: tuple[float, float, float, float] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a quota is worth against the events a year that the verdicts of a bulletin leave undetermined.

    bulletin: events.csv or its folder. Raises InputError.
    """
    file = bulletin / "events.csv" if bulletin.is_dir() else bulletin
    b, q = fraction(catch_payoff, "--catch-payoff"), fraction(quality, "--quality")
    if b < 0 or not 0 <= q <= 1 or inspections < 0 or not 1 <= violations <= 100:
        raise InputError(
            "expected a payoff and inspections of at least 0, a quality in 0..1 and 1 to 100 violations; correct them"
        )
    rows = csvio.read_rows(file, ("time", "longitude", "latitude"))
    length = _days(file, days)
    verdicts, bare = _counted(rows, least_mb, region)
    count, scale = verdicts[Verdict.UNDETERMINED.value], YEAR_DAYS / length
    low, high = (x * scale for x in quota_random.interval(count))
    result: dict[str, Any] = {
        "events": sum(verdicts.values()), "days": quanta.quantise(length, 4), "undetermined": count,
        "explosion_like": verdicts[Verdict.EXPLOSION.value], "earthquake_like": verdicts[Verdict.EARTHQUAKE.value],
        "without_magnitude": bare, "undetermined_a_year": quanta.significant(count * scale, 4),
        "undetermined_a_year_90": [quanta.significant(low, 4), quanta.significant(high, 4)],
        "simulated": any(csvio.text(r, "simulated") == "true" for r in rows),
        "games": [_game(x, inspections, violations, b, q) for x in (count * scale, low, high)],
    }  # fmt: skip
    given = {
        "bulletin": digest_of([dict(r) for r in rows]), "inspections": inspections, "violations": violations,
        "catch_payoff": str(b), "quality": str(q), "days": length, "least_mb": least_mb, "region": region,
    }  # fmt: skip
    return {
        **result,
        "inputs": given,
        "assumptions": [
            "events without a verdict are undetermined; events without a magnitude are counted; explosion-like ones are not",
            "legal events are Poisson with the rate of the bulletin, violations come on top; both sides learn the number before they play",
            "the rate's interval is of chance alone (Garwood 1936): seasons, other networks and other rules of verdict are not in it",
        ],
        "digests": {"inputs": digest_of(given), "result": digest_of(result), "code": code_digest()},
    }  # fmt: skip
