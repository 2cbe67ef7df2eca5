"""How good stated probabilities are on events of known class that were not fitted on: numbers, pictures and a page.

Rules: an event without a likelihood ratio counts as one of 1 (nothing known) and as undetermined. Probabilities are stated with the
share of explosions among these events as prior, which is what reliability needs; what that means at one test among 10^5 earthquakes
is told in events a year. No accuracy at equal shares of the classes is computed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from testban import identify
from testban.base import quanta
from testban.base.canonical import canonical_json
from testban.base.dmath import log10_
from testban.base.errors import InputError
from testban.identify import scores
from testban.run.outputs import whole
from testban.show import calibration_page

QUAKES_A_YEAR = 7500  # mb 4 and more, worldwide
RARE = 1e-5  # one test in 10^5 earthquakes
RATES = (0.1, 0.01, 0.001)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One event of known class and what was said of it. log10_lr None: nothing applied. said: the verdict, where more than the ratio decided."""

    event: str
    explosion: bool
    log10_lr: float | None
    said: str = ""


def verdict(log10_lr: float | None, settings: identify.Settings) -> str:
    """The verdict that a ratio gives at the stated error rates."""
    if log10_lr is None:
        return "undetermined"
    if log10_lr >= -log10_(settings.false_alarm):
        return "explosion-like"
    return "earthquake-like" if log10_lr <= log10_(settings.miss) else "undetermined"


def summary(rows: Sequence[Judgement], title: str, *, simulated: bool = False) -> dict[str, Any]:
    """Area, reliability, Brier score, detected shares, verdicts, events a year. Raises InputError for too few events."""
    x = [r.log10_lr or 0.0 for r in rows if r.explosion]
    q = [r.log10_lr or 0.0 for r in rows if not r.explosion]
    if len(x) < 2 or len(q) < 2:
        raise InputError(
            f"expected two events or more of each class to report on, got {len(x)} and {len(q)}: add events"
        )
    prior = len(x) / len(rows)
    stated = [identify.probability(r.log10_lr or 0.0, prior) for r in rows]
    settings = identify.Settings()
    counts = {
        kind: {
            v: sum(1 for r in rows if r.explosion == flag and (r.said or verdict(r.log10_lr, settings)) == v)
            for v in ("explosion-like", "undetermined", "earthquake-like")
        }
        for kind, flag in (("explosions", True), ("earthquakes", False))
    }
    alarms = scores.share(counts["earthquakes"]["explosion-like"], len(q))
    seen = [(rate, *scores.detected_at(x, q, rate)) for rate in RATES]
    return {
        "title": title,
        "simulated": simulated,
        "prior": quanta.quantise(prior, 4),
        "area_under_roc": scores.area(x, q),
        "reliability": scores.calibration(stated, [r.explosion for r in rows]),
        "roc": _thinned(scores.roc(x, q)),
        "detected": [
            {"asked_rate": rate, "explosions": a, "false_alarms": b, "threshold_log10_lr": quanta.quantise(c, 3)}
            for rate, a, b, c in seen
            if c > float("-inf")
        ],
        "verdicts": counts,
        "false_alarms_a_year": [quanta.quantise(QUAKES_A_YEAR * v, 1) for v in (alarms.k / len(q), alarms.low, alarms.high)],
        "largest_probability_at_1_in_100000": identify.probability(max(*x, *q), RARE),
        "events": [{"event": r.event, "explosion": r.explosion, "log10_lr": r.log10_lr} for r in rows],
    }  # fmt: skip


def _thinned(points: Sequence[tuple[float, float]], most: int = 400) -> list[tuple[float, float]]:
    """Corners of a curve: points between which neither share changes its step are left out, at most some hundreds."""
    kept = [
        p
        for i, p in enumerate(points)
        if i in (0, len(points) - 1) or p[1] != points[i - 1][1] or p[1] != points[i + 1][1]
    ]
    step = max(1, len(kept) // most)
    return [*kept[::step], kept[-1]]  # fmt: skip


def write(rows: Sequence[Judgement], out: Path, title: str, *, simulated: bool = False) -> dict[str, Any]:
    """scores.json, reliability.svg, roc.svg and scores.html (both languages) in a folder; returns the numbers."""
    found: dict[str, Any] = msgspec.to_builtins(summary(rows, title, simulated=simulated))
    out.mkdir(parents=True, exist_ok=True)
    whole(out / "scores.json", lambda p: p.write_bytes(canonical_json(found) + b"\n"))
    texts = {k: str(v) for k, v in calibration_page.pictures(found).items()}
    texts["scores.html"] = calibration_page.render(found)
    for name, text in texts.items():
        _put(out / name, text)
    return found


def told(folder: Path) -> list[str]:
    """What the page in a folder says, in English, for a terminal."""
    found = msgspec.json.decode((folder / "scores.json").read_bytes())
    return [x.en for x in calibration_page.told(found)]


def _put(path: Path, text: str) -> None:
    whole(path, lambda p: p.write_text(text, encoding="utf-8"))
