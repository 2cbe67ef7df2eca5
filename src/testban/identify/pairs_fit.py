"""A `PairModel` from events of known class: class means, slopes, spreads and correlations, each shrunk to what is stated beforehand.

Rules: an event counts once; spreads and correlations are of deviations from the mean of the class, pooled over classes, and worth one count
for each region beyond the first of its class: events of one region do not show how regions differ. What is stated beforehand is worth
twenty such counts, so that a handful of regions gives next to what was stated and hundreds of events give their own.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from testban.base.dmath import log10_
from testban.base.measurements import PathMeasurement
from testban.identify import pairs, phases, source_size
from testban.identify.pairs import SPREAD_PATH, WHOLE, WHOLE_BANDS, Band, PairModel, Ratio

SPREAD_EVENT, CORRELATION = 0.20, 0.80  # stated beforehand [assumed]
WORTH = 20.0
SLOPE_PRIOR = {
    "Pn/Lg": 0.6,
    "Pn/Sn": 0.6,
    "Pg/Lg": 0.3,
    "Pg/Sn": 0.3,
    WHOLE: 0.3,
}  # about none [assumed; see docs]
Events = Mapping[str, Sequence[PathMeasurement]]
Sizes = Mapping[str, float | None]


def keys() -> tuple[tuple[str, Band], ...]:
    """All ratios that are measured."""
    single = [(f"{a}/{b}", band) for a, b in phases.PAIRS for band in phases.BANDS]
    return (*single, *((WHOLE, band) for band in WHOLE_BANDS))


def _slope(events: Sequence[Sequence[PathMeasurement]], pair: str) -> tuple[float, float]:
    """Slope of a pair by decade of distance inside events, bands of a path averaged over those that all paths have; and its error."""
    xy = xx = 0.0
    bands = WHOLE_BANDS  # the outer ones are missing too often
    for paths in events:
        rows = []
        for p in paths:
            found = [pairs.raw(p, pair, b, vertical=False) for b in bands]
            v = [x[0] for x in found if x is not None and not x[1]]
            if len(v) == len(bands):
                rows.append((log10_(p.distance_deg), sum(v) / len(v)))
        if len(rows) > 1:
            mx, my = (sum(r[i] for r in rows) / len(rows) for i in (0, 1))
            xx += sum((x - mx) * (x - mx) for x, _ in rows)
            xy += sum((x - mx) * (y - my) for x, y in rows)
    weight = xx + (SPREAD_PATH / SLOPE_PRIOR[pair]) ** 2
    return round(xy / weight, 3), round(SPREAD_PATH / math.sqrt(weight), 3)


def _values(
    paths: Sequence[PathMeasurement], key: tuple[str, Band], slope: float, size: float, *, vertical: bool
) -> list[pairs.Bounded]:
    """Voices of one event in one ratio, corrected, not centred."""

    def corrected(p: PathMeasurement) -> pairs.Bounded | None:
        got = pairs.raw(p, *key, vertical=vertical)
        return None if got is None else (got[0] - slope * (log10_(p.distance_deg) - 0.5) - size, got[1])

    return pairs.grouped(paths, corrected)


def _distance(paths: Sequence[PathMeasurement], key: tuple[str, Band]) -> float:
    logs = [log10_(p.distance_deg) for p in paths if pairs.raw(p, *key, vertical=False) is not None]
    return sum(logs) / len(logs)


def _shrunk(own: float, count: float, stated: float) -> float:
    return (count * own + WORTH * stated) / (count + WORTH)


def fit(
    explosions: Events,
    earthquakes: Events,
    regions: Mapping[str, str] | None = None,
    sizes: Sizes | None = None,
) -> PairModel | None:
    """A model of the ratios that both classes show, or None where there is none. regions, sizes: of each event, where known."""
    sides = {True: explosions, False: earthquakes}
    where, size = dict(regions or {}), dict(sizes or {})
    everything = [side[k] for side in sides.values() for k in sorted(side)]
    slopes = {pair: _slope(everything, pair) for pair in pairs.NAMES}
    ratios: list[Ratio] = []
    for key in keys():
        made = _ratio(key, sides, where, size, slopes[key[0]])
        if made is not None:
            ratios.append(made)
    if not ratios:
        return None
    count = sum(len({where.get(k, k) for k in side}) - 1.0 for side in sides.values())
    first = PairModel(ratios=tuple(ratios), between_pairs=CORRELATION, between_bands=CORRELATION)
    return _spreads(first, sides, size, max(0.0, count))


def _ratio(
    key: tuple[str, Band], sides: Mapping[bool, Events], where: Mapping[str, str], sizes: Sizes, slope: tuple[float, float]
) -> Ratio | None:  # fmt: skip
    means: dict[tuple[bool, bool], float] = {}
    counts, distances, squares = {}, {}, []
    for explosions, side in sides.items():
        for vertical in (False, True):
            found = {}
            for name in sorted(side):
                moved = source_size.correction(key[1], sizes.get(name))[0]
                voices = _values(side[name], key, slope[0], moved, vertical=vertical)
                got = pairs.network(voices, SPREAD_PATH)
                if got is not None:
                    found[name] = got[0]
                    squares += [] if vertical else _deviations(voices)
            if not found:
                if not vertical:
                    return None
                continue
            means[explosions, vertical] = sum(found.values()) / len(found)
            if not vertical:
                counts[explosions] = len({where.get(k, k) for k in found})
                distances[explosions] = sum(_distance(side[k], key) for k in found) / len(found)
    path = math.sqrt(_shrunk(sum(squares) / len(squares) if squares else 0.0, len(squares), SPREAD_PATH**2))
    alone = [means.get((explosions, True)) for explosions in (True, False)]
    return Ratio(
        pair=key[0], band_hz=key[1], explosion=round(means[True, False], 3), earthquake=round(means[False, False], 3),
        vertical_explosion=None if alone[0] is None else round(alone[0], 3),
        vertical_earthquake=None if alone[1] is None else round(alone[1], 3),
        n_explosions=counts[True], n_earthquakes=counts[False],
        distance_explosion=round(distances[True], 3), distance_earthquake=round(distances[False], 3),
        slope=slope[0], slope_sigma=slope[1], spread_event=SPREAD_EVENT, spread_path=round(path, 3),
    )  # fmt: skip


def _deviations(voices: Sequence[pairs.Bounded]) -> list[float]:
    """Squares of the deviations of measured voices from their mean, brought to that of one voice; one for each degree of freedom."""
    v = [x for x, bound in voices if not bound]
    if len(v) < 2:
        return []
    mean = sum(v) / len(v)
    return [sum((x - mean) * (x - mean) for x in v) / (len(v) - 1)] * (len(v) - 1)


def _spreads(model: PairModel, sides: Mapping[bool, Events], sizes: Sizes, count: float) -> PairModel:
    """The model with spreads between events, correlations and inflation as its events show them, shrunk."""
    events = [
        (explosions, pairs.observe(side[k], model, sizes.get(k)))
        for explosions, side in sides.items()
        for k in sorted(side)
    ]
    rows = [
        {
            s.ratio.name: (s.value - (0.5 if explosions else -0.5) * s.ratio.apart, s.error, s.ratio)
            for s in seen
        }
        for explosions, seen in events
    ]
    ratios = []
    for r in model.ratios:
        own = [row[r.name] for row in rows if r.name in row]
        spare = len(own) / max(1.0, len(own) - 2.0)
        square = max(0.0, sum(d * d * spare - e * e for d, e, _ in own) / len(own)) if own else 0.0
        shrunk = math.sqrt(_shrunk(square, min(count, len(own)), SPREAD_EVENT**2))
        ratios.append((r, round(shrunk, 3)))
    between_pairs, between_bands = (
        round(min(0.98, max(0.0, _shrunk(v, count, CORRELATION))), 3) for v in _hang_together(rows)
    )
    made = PairModel(
        ratios=tuple(replace(r, spread_event=s) for r, s in ratios),
        between_pairs=between_pairs,
        between_bands=between_bands,
    )
    return replace(made, inflation=_inflation(made, sides, sizes, count))


def _inflation(model: PairModel, sides: Mapping[bool, Events], sizes: Sizes, count: float) -> float:
    """By what the weighted means of the events deviate more than the model says; never less than it says."""
    squares = []
    for explosions, side in sides.items():
        for k in sorted(side):
            joint = pairs.join(pairs.observe(side[k], model, sizes.get(k)), model)
            if joint is not None:
                half, scale = (joint.half, joint.explosion) if explosions else (-joint.half, joint.earthquake)
                squares.append(((joint.value - half) / scale) ** 2)
    own = sum(squares) / len(squares) if squares else 1.0
    return max(1.0, round(math.sqrt(_shrunk(own, count, 1.0)), 3))


def _hang_together(rows: Sequence[Mapping[str, tuple[float, float, Ratio]]]) -> tuple[float, float]:
    """Correlation of deviations between pairs in one band, and between bands of one pair; what was stated where none is there."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for row in rows:
        items = [(v / r.spread_event, r) for v, _, r in row.values()]
        for i, (a, ra) in enumerate(items):
            for b, rb in items[:i]:
                if (ra.pair == rb.pair) == (ra.band_hz == rb.band_hz):
                    continue
                into = sums[ra.band_hz == rb.band_hz]
                into[0] += a * b
                into[1] += 0.5 * (a * a + b * b)
    return tuple(s[0] / s[1] if s[1] > 0.0 else CORRELATION for s in (sums[True], sums[False]))  # type: ignore[return-value]
