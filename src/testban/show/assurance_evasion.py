"""What evasion buys, in words and as a table, in both languages."""

from collections.abc import Mapping
from typing import Any

from testban.show.texts import N_, Both, comma, fixed, joined, num, t

_WAYS = {
    "nothing": N_("nothing, as planned"),
    "cavity-given": N_("cavity of the given radius"),
    "cavity-half-radius": N_("cavity of half the full radius"),
    "cavity-full": N_("cavity of full decoupling"),
    "soft-rock": N_("cavity in soft rock"),
    "at-once": N_("{k:shot|shots} at once"),
    "deaf": N_("{k:station|stations} deaf ({names})"),
    "both": N_("full decoupling and {k:station|stations} deaf"),
}


def way(row: Mapping[str, Any]) -> Both:
    """The name of a row."""
    name = row["way"]
    kind = "at-once" if name.startswith("at-once") else "both" if "+deaf" in name else name
    kind = "deaf" if kind.startswith("deaf") else kind
    dead = row.get("stations", ())
    said = _WAYS[kind]
    return t(said, k=row.get("together", len(dead)), names=", ".join(dead))


def lead(found: Mapping[str, Any]) -> Both:
    """What the table is about, and what it says first."""
    given, rows = found["inputs"], {r["way"]: r for r in found["rows"]}
    shots = given["shots"]
    parts = [
        t(
            "{n:test|tests} of {y} kt at {site}; the network detects mb {m} there. Untouched, the series stays unseen with {p}.",
            n=shots.n, y=comma(f"{shots.yield_kt:g}"), site=given["site"].name, m=num(found["threshold"], 2),
            p=num(rows["nothing"]["unseen_series"], 4),
        )
    ]  # fmt: skip
    full = rows["cavity-full"]
    parts.append(
        t(
            "In a cavity of full decoupling ({r} m, {s} thousand tonnes of salt to carry away) with {p}.",
            r=num(full["radius_m"], 0), s=num(full["salt_t"] / 1000.0, 0), p=num(full["unseen_series"], 4),
        )
    )  # fmt: skip
    if full["unseen_series"] > 0.5:
        parts.append(t("Such a series would probably not be seen."))
    return joined(parts)


def table(found: Mapping[str, Any], language: str) -> list[str]:
    """The table as lines of text."""
    heads = (
        t("way"), t("mb"), t("buys, mu"), t("one unseen"), t("series unseen"), t("series undetected"),
    )  # fmt: skip
    rows = [
        (
            way(r).of(language), f"{r['mb']:.2f}", fixed(r["gain_mu"], 2, sign=True), f"{r['unseen_one']:.4f}",
            f"{r['unseen_series']:.4f}", f"{r['undetected_series']:.4f}",
        )
        for r in found["rows"]
    ]  # fmt: skip
    names = tuple(h.of(language) for h in heads)
    widths = [max(len(r[i]) for r in [names, *rows]) for i in range(len(names))]
    return [
        "  "
        + "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))
        )
        for r in [names, *rows]
    ]


def hosts(found: Mapping[str, Any]) -> list[Both]:
    """Hiding in an earthquake, from threshold monitoring."""
    if found["earthquake_hosts"] is None:
        return [
            t(
                "Hiding in an earthquake is not computed: it needs threshold monitoring of the place (--monitor)."
            )
        ]
    out = []
    for name, h in found["earthquake_hosts"].items():
        said = _WAYS["nothing" if name == "tamped" else name]
        if h["hours_per_year"] is None:
            out.append(
                t(
                    "Hiding in an earthquake: watched for {d:day|days} only, too few for a figure of a year.",
                    d=num(h["watched_days"], 2),
                )
            )
            continue
        parts = [
            t(
                "{way}, mb {m}: could hide {hours:hour|hours} a year, {k:occasion|occasions} a year, by {d:day|days} watched.",
                way=t(said), m=num(h["mb"], 2), hours=num(h["hours_per_year"], 1), k=num(h["hosts_per_year"], 1), d=num(h["watched_days"], 2),
            )
        ]  # fmt: skip
        if h["years_for_90_percent"] is None:
            parts.append(t("No occasion came in that time."))
        else:
            parts.append(
                t(
                    "A series needs {n}; they come within {y:year|years} with 90 %.",
                    n=h["hosts_needed"], y=num(h["years_for_90_percent"], 2),
                )
            )  # fmt: skip
        if h["extrapolated"]:
            parts.append(t("Less than a year was watched: an extrapolation."))
        out.append(joined(parts))
    return out
