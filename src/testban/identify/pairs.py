"""Pn/Lg, Pg/Lg, Pn/Sn, Pg/Sn and whole P over whole S, band by band, put to one regularised discrimination.

Rules: every ratio is corrected for distance (a slope fitted inside events) and for size (`source_size`), averaged over paths with
censoring, and centred between its class means. Ratios of one event hang together closely, so they are never added as if they were
independent: the weights are those of linear discrimination with a correlation matrix regularised towards the sphere (Friedman 1989, JASA
84, 165), none of them negative (a higher P/S never speaks for an earthquake: a negative weight in so few events is noise), and the error of the
weighted mean is taken with the correlations unregularised. A ratio that is missing is left out: the marginal of the normal.
Correlations are a product of one between pairs and one between bands, so that every subset has a proper matrix.
"""

import math
from collections.abc import Callable, Sequence

import msgspec

from testban.base.dmath import log10_
from testban.base.measurements import PathMeasurement
from testban.identify import phases, source_size
from testban.identify.spread import apart_deg
from testban.size import censored

Band = tuple[float, float]
WHOLE = "P/S"
WHOLE_BANDS: tuple[Band, ...] = ((2.0, 4.0), (4.0, 6.0), (6.0, 8.0))
NAMES = (*(f"{a}/{b}" for a, b in phases.PAIRS), WHOLE)
ONE_VOICE_DEG = 0.15  # nearer stations share their path
SPREAD_PATH = 0.20  # of single paths, stated beforehand
GAMMA = 0.5  # share of the sphere in the matrix that gives the weights [chosen beforehand, not tuned]
Bounded = tuple[float, str]


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """One pair in one band: class means of log10 P/S at the distance and size of reference, and what they rest on.

    explosion, earthquake: three components; vertical_*: the vertical alone, None where not known. n_*: regions behind each mean, distance_* the
    mean log10 distance (degrees) of the paths behind them. slope: by decade of distance. spread_event, spread_path: as in `PsModel`.
    """

    pair: str
    band_hz: Band
    explosion: float
    earthquake: float
    vertical_explosion: float | None = None
    vertical_earthquake: float | None = None
    n_explosions: int
    n_earthquakes: int
    distance_explosion: float
    distance_earthquake: float
    slope: float
    slope_sigma: float
    spread_event: float
    spread_path: float

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.pair} {self.band_hz[0]:g}-{self.band_hz[1]:g} Hz"

    @property
    def middle(self) -> float:
        """Half-way between the class means."""
        return 0.5 * (self.explosion + self.earthquake)

    @property
    def apart(self) -> float:
        """Distance between the class means."""
        return self.explosion - self.earthquake

    @property
    def stretch(self) -> float:
        """By what a value of the vertical alone is multiplied; 0 where its classes are not known or not apart."""
        x, q = self.vertical_explosion, self.vertical_earthquake
        return self.apart / (x - q) if x is not None and q is not None and x > q else 0.0


class PairModel(msgspec.Struct, frozen=True, kw_only=True):
    """All ratios that both classes were seen in. between_pairs, between_bands: correlations of one event's deviations. inflation: by what the
    error of the weighted mean is multiplied, as the events fitted on showed. spread_vertical: further spread where only the vertical is there.
    """

    ratios: tuple[Ratio, ...]
    between_pairs: float
    between_bands: float
    inflation: float = 1.0
    spread_vertical: float = 0.10


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One ratio of one event: network mean from the middle between the classes, its error from the paths, what it rests on.

    far: error of the distance correction for each class, size: error of the correction for size. stretch: factor on all spreads where the
    vertical alone was recorded on some paths.
    """

    ratio: Ratio
    value: float
    error: float
    n: int
    n_bounds: int
    far: tuple[float, float]
    size: float
    stretch: float = 1.0

    def scale(self, explosions: bool, extra: float = 0.0) -> float:
        """Spread of such a value about the mean of a class."""
        r = self.ratio
        n = r.n_explosions if explosions else r.n_earthquakes
        far = self.far[0 if explosions else 1]
        event = r.spread_event * self.stretch
        between = event * event * (1.0 + 1.0 / n)
        return math.sqrt(
            between + self.error * self.error + far * far + self.size * self.size + extra * extra
        )


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """The weighted mean of all ratios of an event: value, half the distance of the class means, spread in both classes, weights."""

    value: float
    half: float
    explosion: float
    earthquake: float
    seen: tuple[Seen, ...]
    weights: tuple[float, ...]


def places(paths: Sequence[PathMeasurement]) -> list[list[PathMeasurement]]:
    """Paths in order of their stations, those nearer than 0.15 deg to the first of a place together: they are one voice."""
    out: list[list[PathMeasurement]] = []
    for p in sorted(paths, key=lambda p: p.station_key):
        for members in out:
            a, b = ((x.distance_deg, x.azimuth_deg) for x in (members[0], p))
            if apart_deg(a, b) < ONE_VOICE_DEG:
                members.append(p)
                break
        else:
            out.append([p])
    return out


def grouped(
    paths: Sequence[PathMeasurement], value: Callable[[PathMeasurement], Bounded | None]
) -> list[Bounded]:
    """Value and bound of each path that may decide; stations nearer than 0.15 deg to each other are one voice.

    Within a voice the measured values are averaged; bounds count only where nothing was measured (the first one).
    """
    out = []
    for members in places([p for p in paths if p.usable and value(p) is not None]):
        found = [got for p in members if (got := value(p)) is not None]
        measured = [v for v, bound in found if not bound]
        out.append((sum(measured) / len(measured), "") if measured else found[0])
    return out


def raw(path: PathMeasurement, pair: str, band: Band, *, vertical: bool) -> Bounded | None:
    """log10 of one ratio of a path as measured, and its bound; None where it cannot be said or the path may not decide."""
    if pair != WHOLE:
        a, _, b = pair.partition("/")
        return phases.ratio(phases.of_path(path, vertical=vertical), (a, b), band)
    whole = path.components >= 3
    bands = (path.vertical if whole else path.bands) if vertical else (path.bands if whole else ())
    for r in bands if path.usable else ():
        if r.band_hz == band and r.log10_ps is not None:
            return r.log10_ps, r.bound
    return None


def centred(path: PathMeasurement, ratio: Ratio, size: float) -> Bounded | None:
    """One ratio of a path, corrected for distance and size, from the middle between the classes.

    A path of which only the vertical was recorded is centred on means of its own and stretched to the classes of three components.
    """
    alone = path.components == 1
    got = raw(path, ratio.pair, ratio.band_hz, vertical=alone)
    if got is None:
        return None
    middle, factor = ratio.middle, 1.0
    if alone:
        factor = ratio.stretch
        if factor == 0.0:
            return None
        middle = 0.5 * ((ratio.vertical_explosion or 0.0) + (ratio.vertical_earthquake or 0.0))
    away = log10_(path.distance_deg) - 0.5
    return factor * (got[0] - ratio.slope * away - size - middle), got[1]


def network(voices: Sequence[Bounded], spread: float) -> tuple[float, float] | None:
    """Censored network mean of voices and its standard error; None where nothing was measured. Without bounds it is the plain mean."""
    measured = sorted(v for v, bound in voices if not bound)
    upper, lower = ([v for v, bound in voices if bound == kind] for kind in ("upper", "lower"))
    if not measured:
        return None
    if not upper and not lower:
        return sum(measured) / len(measured), spread / math.sqrt(len(measured))
    return censored.estimate(measured, upper, spread, lower)


def observe(paths: Sequence[PathMeasurement], model: PairModel, magnitude: float | None) -> tuple[Seen, ...]:
    """Network means of all ratios of an event that are measured on a path at least, in the order of the model."""
    logs = [log10_(p.distance_deg) for p in paths if p.usable]
    mean = sum(logs) / len(logs) if logs else 0.0
    alone = sum(p.components == 1 for p in paths if p.usable) / len(logs) if logs else 0.0
    out = []
    for r in model.ratios:
        size, size_error = source_size.correction(r.band_hz, magnitude)
        got = grouped(paths, lambda p, r=r, size=size: centred(p, r, size))  # type: ignore[misc]
        stretch = 1.0 + (max(1.0, r.stretch) - 1.0) * alone
        found = network(got, r.spread_path * stretch)
        if found is None or not r.apart > 0.0:
            continue
        n = sum(1 for _, bound in got if not bound)
        far = tuple(r.slope_sigma * abs(mean - d) for d in (r.distance_explosion, r.distance_earthquake))
        out.append(
            Seen(
                ratio=r, value=found[0], error=found[1], n=n, n_bounds=len(got) - n,
                far=(far[0], far[1]), size=size_error, stretch=stretch,
            )
        )  # fmt: skip
    return tuple(out)


def correlation(a: Ratio, b: Ratio, model: PairModel) -> float:
    """Correlation of the deviations of two ratios of one event."""
    pairs = 1.0 if a.pair == b.pair else model.between_pairs
    return pairs * (1.0 if a.band_hz == b.band_hz else model.between_bands)


def weights(seen: Sequence[Seen], model: PairModel, extra: float = 0.0) -> list[float]:
    """Weights of the ratios, sum 1, none negative: regularised linear discrimination over those that are left.

    While any weight is negative the most negative ratio is left out. Scales are the mean of both classes.
    """
    scale = [0.5 * (s.scale(True, extra) + s.scale(False, extra)) for s in seen]
    have = list(range(len(seen)))
    while True:
        matrix = [
            [
                1.0 if i == j else (1.0 - GAMMA) * correlation(seen[i].ratio, seen[j].ratio, model)
                for j in have
            ]
            for i in have
        ]
        solved = _solve(matrix, [seen[i].ratio.apart / scale[i] for i in have])
        found = {i: v / scale[i] for i, v in zip(have, solved, strict=True)}
        worst = min(have, key=lambda i: (found[i], i))
        if found[worst] >= 0.0:
            break
        have.remove(worst)
    total = sum(found.values())
    return [found.get(i, 0.0) / total for i in range(len(seen))]


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solution of a positive definite system by Cholesky, in plain arithmetic."""
    n = len(right)
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            v = matrix[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = math.sqrt(v) if i == j else v / low[j][j]
    y: list[float] = []
    for i in range(n):
        y.append((right[i] - sum(low[i][k] * y[k] for k in range(i))) / low[i][i])
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(low[k][i] * x[k] for k in range(i + 1, n))) / low[i][i]
    return x


def join(seen: Sequence[Seen], model: PairModel, extra: float = 0.0) -> Joint | None:
    """The weighted mean of an event's ratios; None without any. extra: a further error that all of them share."""
    if not seen:
        return None
    w = weights(seen, model, extra)
    spreads = []
    for explosions in (True, False):
        part = [a * s.scale(explosions, extra) for a, s in zip(w, seen, strict=True)]
        square = sum(
            a * b * (1.0 if i == j else correlation(seen[i].ratio, seen[j].ratio, model))
            for i, a in enumerate(part)
            for j, b in enumerate(part)
        )
        spreads.append(model.inflation * math.sqrt(square))
    return Joint(
        value=sum(a * s.value for a, s in zip(w, seen, strict=True)),
        half=0.5 * sum(a * s.ratio.apart for a, s in zip(w, seen, strict=True)),
        explosion=spreads[0],
        earthquake=spreads[1],
        seen=tuple(seen),
        weights=tuple(w),
    )


def typical(model: PairModel, error: float = 0.1) -> Joint | None:
    """What an event with every ratio measured would have: the reference of the second layer. Its value is the middle."""
    seen = [
        Seen(ratio=r, value=0.0, error=error, n=1, n_bounds=0, far=(0.0, 0.0), size=0.0)
        for r in model.ratios
        if r.apart > 0.0
    ]
    return join(seen, model)
