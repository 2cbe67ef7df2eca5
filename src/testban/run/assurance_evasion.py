"""What evasion buys, as one table: magnitude units, probability of one test and of the series, what it costs.

Rules: every row is the same series at the same place and network with one thing changed; combined rows come last; a
host earthquake is a row only where threshold monitoring of the place is given.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban.assure import evasion, identification, plan
from testban.assure.identification import At, Identification
from testban.assure.monitoring import Place
from testban.base import quanta
from testban.base.canonical import digest_of
from testban.base.dmath import log10_
from testban.base.errors import InputError
from testban.base.times import NS_PER_S, parse_time
from testban.formats import csvio
from testban.identify import relations
from testban.run.assurance_plan import Shots, Spread, causes, magnitude, network_at
from testban.run.provenance import code_digest

DEAF = (1, 3, 5)
LEAST_DAYS = 1.0  # with less no figure for a year is given


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way: its shots (decoupling and all), the magnitudes of its events, the network as it then is, its cost."""

    name: str
    shots: Shots
    magnitudes: tuple[float, ...]
    at: At
    detail: dict[str, Any]


def _shots(shots: Shots, factor: float) -> Shots:
    return msgspec.structs.replace(shots, decoupling=min(200.0, max(1.0, shots.decoupling * factor)))


def _plain(name: str, shots: Shots, at: At, detail: dict[str, Any]) -> Case:
    return Case(name=name, shots=shots, magnitudes=(magnitude(shots),) * shots.n, at=at, detail=detail)


def _cavities(shots: Shots, at: At, radius_m: float | None) -> list[Case]:
    out = []
    full = evasion.cavity(shots.yield_kt)
    for name, c in (
        ("cavity-given", evasion.cavity(shots.yield_kt, radius_m) if radius_m is not None else None),
        ("cavity-half-radius", evasion.cavity(shots.yield_kt, 0.5 * full.full_radius_m)),
        ("cavity-full", full),
    ):
        if c is not None:
            detail = {
                "radius_m": quanta.quantise(c.radius_m, 1), "factor": quanta.quantise(c.factor, 1),
                "salt_t": quanta.significant(c.salt_t, 3),
            }  # fmt: skip
            out.append(_plain(name, _shots(shots, c.factor), at, detail))
    return out


def _at_once(shots: Shots, at: At, k: int) -> Case:
    """The series in groups of k shots fired together: fewer events, each of the joint yield."""
    law = relations.relation(shots.relation)
    sizes = [k] * (shots.n // k) + ([shots.n % k] if shots.n % k else [])
    mbs = tuple(law.mb(log10_(shots.yield_kt * size / shots.decoupling)) for size in sizes)
    return Case(
        name=f"at-once-{k}", shots=shots, magnitudes=mbs, at=at, detail={"events": len(sizes), "together": k}
    )


def _deaf(shots: Shots, at: At, counts: Sequence[int]) -> list[Case]:
    lost = evasion.deafened(at, max(counts))
    out = []
    for k in counts:
        if k <= len(lost):
            dead = tuple(code for code, _ in lost[:k])
            m = lost[k - 1][1]
            detail = {"stations": list(dead), "threshold": None if math.isnan(m) else quanta.magnitude(m)}
            out.append(_plain(f"deaf-{k}", shots, at.without(dead), detail))
    return out


def _row(case: Case, base: Case, spread: Spread, start: float) -> dict[str, Any]:
    course = plan.Course(case.at, spread.scatter)
    got = plan.chances(course, case.magnitudes, causes(case.shots, spread), spread.template_gain)
    now = identification.threshold(case.at)
    small = sum(base.magnitudes) / len(base.magnitudes) - sum(case.magnitudes) / len(case.magnitudes)
    gain = None if now != now else quanta.magnitude(small + now - start)
    return {
        "way": case.name, "mb": quanta.magnitude(case.magnitudes[0]), "gain_mu": gain,
        "unseen_one": quanta.probability(1.0 - got.seen), "undetected_one": quanta.probability(1.0 - got.detected),
        "unseen_series": quanta.probability(1.0 - got.series_seen),
        "undetected_series": quanta.probability(1.0 - got.series_detected),
        "at_most_one_seen": quanta.probability(got.at_most_one), **case.detail,
    }  # fmt: skip


def minutes_of(folder: Path, site: Place) -> list[tuple[int, float | None]]:
    """Minutes of a site out of monitor.csv of `assure monitor`. Raises InputError."""
    path = folder / "monitor.csv" if folder.is_dir() else folder
    rows = csvio.read_rows(path, ("site", "time", "safe90", "watched"))
    names = sorted({csvio.text(r, "site") for r in rows})
    if site.name not in names:
        raise InputError(
            f"--monitor: expected the site {site.name} among {', '.join(names)} of {path}; name it alike"
        )
    out = []
    for r in rows:
        if csvio.text(r, "site") == site.name:
            whole = (csvio.number(r, "watched") or 0.0) >= 1.0
            out.append(
                (parse_time(csvio.text(r, "time")) // NS_PER_S, csvio.number(r, "safe90") if whole else None)
            )
    return out


def _hosts(minutes: list[tuple[int, float | None]], mb: float, n: int) -> dict[str, Any]:
    h = evasion.hosts(minutes, mb)
    short = {"mb": quanta.magnitude(mb), "watched_days": quanta.quantise(h.days, 3), "stretches": h.stretches}
    if h.days < LEAST_DAYS:
        return short | {"hours_per_year": None, "hosts_needed": n}
    years = evasion.years_needed(h.per_year, n)
    return short | {
        "hours_per_year": quanta.quantise(h.hours_per_year, 1),
        "hosts_per_year": quanta.quantise(h.per_year, 1), "unwatched_share": quanta.probability(h.unwatched),
        "hosts_needed": n, "enough_in_a_year": quanta.probability(evasion.enough_hosts(h.per_year, 1.0, n)),
        "years_for_90_percent": None if years is None else quanta.significant(years, 3),
        "extrapolated": h.days < 365.0,
    }  # fmt: skip


def evade(
    network: str, place: Place, shots: Shots, *, cavity_m: float | None = None, monitor: Path | None = None,
    spread: Spread | None = None, how: Identification | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The table of `assure evasion`."""
    spread, how = spread or Spread(), how or Identification()
    told, at = network_at(network, place, how)
    start = identification.threshold(at)
    if start != start:
        raise InputError(f"the network {network} sees nothing at {place.name}: there is nothing to evade")
    base = _plain("nothing", shots, at, {})
    full = evasion.cavity(shots.yield_kt)
    hidden = _shots(shots, full.factor)
    deaf = _deaf(shots, at, DEAF)
    cases = [
        base, *_cavities(shots, at, cavity_m), _plain("soft-rock", _shots(shots, evasion.SOFT_ROCK), at, {"factor": evasion.SOFT_ROCK}),
        *[_at_once(shots, at, k) for k in (2, shots.n) if 1 < k <= shots.n], *deaf,
        *[_plain(f"cavity-full+{c.name}", hidden, c.at, c.detail) for c in deaf[:2]],
    ]  # fmt: skip
    seen: dict[str, Case] = {c.name: c for c in cases}
    rows = [_row(c, base, spread, start) for c in seen.values()]
    minutes = None if monitor is None else minutes_of(monitor, place)
    host = None
    if minutes is not None:
        host = {
            "tamped": _hosts(minutes, magnitude(shots), shots.n),
            "cavity-full": _hosts(minutes, magnitude(hidden), shots.n),
        }
    given = {
        "network": network, "site": place, "shots": shots, "spread": spread, "identification": how,
        "rule": told.rule, "cavity_m": cavity_m,
    }  # fmt: skip
    result = {"threshold": quanta.magnitude(start), "rows": rows, "earthquake_hosts": host}
    return {
        **result, "inputs": given, "constants": CONSTANTS,
        "assumptions": [
            "a cavity is in salt at about 1 km; the factor between a tamped and a fully decoupled shot is modelled",
            "a decoupled shot has a higher corner: above 10 Hz the factor shrinks, which near stations may use; not in the table",
            "stations fall silent without anyone knowing; a known silence is a finding of its own",
            "shots at once are taken for one event of the joint yield",
            "a host earthquake is counted by the minutes in which the monitored limit lies above the magnitude"
            if host else "hiding in an earthquake is not computed: give --monitor, the folder of `testban assure monitor`",
        ],
        "digests": {"inputs": digest_of(given), "result": digest_of(result), "code": code_digest()},
    }  # fmt: skip


CONSTANTS = [
    {
        "name": "radius of full decoupling in salt, m per cube root of kt", "value": evasion.FULL_RADIUS_M,
        "source": "from memory; 0.38 kt gives 18 m beside the 17 m of STERLING", "confirmed": False,
    },
    {
        "name": "factor of full decoupling in salt", "value": evasion.FULL_FACTOR,
        "source": "widely used; NAS 2002", "confirmed": True,
    },
    {
        "name": "share of that radius at which nothing is gained", "value": quanta.quantise(evasion.SELF_MADE, 3),
        "source": "modelled: the cavity that Salmon (5.3 kt) made itself", "confirmed": False,
    },
    {
        "name": "factor in soft rock", "value": evasion.SOFT_ROCK,
        "source": "about 2 for cavities in tuff and alluvium, possibly none", "confirmed": True,
    },
]  # fmt: skip
