"""What a shot that is not quite a repeat would look like: how much larger it must be to be found as well.

Coherence of two sources, by band: exp(-ALPHA d / wavelength - BETA |m1 - m2|), with the wavelength of shear waves at
`SPEED_KM_S`; both fitted to the three tests of one site that were recorded at the same stations, 0.3 to 0.8 km and 0.4 to 1.6
magnitudes apart (`python -m bench.figures_footprint pairs`): three pairs, which bind little, and what is beyond is said to be
so. A source d away also comes earlier or later than the master's moveout says, by d times the slowness of what makes up
the window; what the search does not take up (`TOLERANCE_S`) costs as the template's own autocorrelation falls. Channels
add with the weights of the search, and the network stands beside its best station as it does there. What of a shot is
unlike the master is noise to the search: below some coherence it is not found however large it is.

Rules: a model, and each row says on what it rests: `fitted`, `extrapolated` or `assumed`. Depth counts like distance, without
the change of surface reflections. Mechanism: part of the power from a double couple (Aki & Richards 2002) whose P keeps the
master's shape and takes its sign and size, and whose S, `S_OVER_P` times P, is unlike the master's. Decoupling: amplitude less by the full
factor at the master's place, same waveform: its higher corner is left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from testban.base.dmath import DEG, exp_, log10_, sincos_
from testban.base.geo import KM_PER_DEG, delaz_
from testban.earth import travel
from testban.repeat.correlate import TOLERANCE_S
from testban.repeat.ground import F64
from testban.repeat.template import RATE, Template, TemplateChannel
from testban.simulate.mechanism import radiation, takeoff_deg

ALPHA, ALPHA_MOST = 0.55, 1.0  # a wavelength; the most with one of the three pairs left out (least 0.46)
BETA = ((2.0, 0.56), (math.inf, 0.04))  # a magnitude, by the upper end of the band in Hz
SPEED_KM_S = 3.5  # of shear waves and Lg at the source: assumed
FITTED_KM, FITTED_MAGNITUDES = 0.8, 1.6
DISTANCES_KM = (0.5, 1.0, 2.0, 4.0, 8.0)
DEPTHS_KM = (0.5, 2.0)
SIZES = (1.0, 2.0)  # magnitudes smaller or larger than the master
COUPLES = (0.5, 1.0)  # share of the power that comes from a double couple
MECHANISMS = tuple((30.0 * k, d, r) for k in range(12) for d, r in ((90.0, 0.0), (30.0, 90.0), (60.0, -90.0)))
DIRECTIONS = 8
SHIFT_S = 3.0  # of origin time that is searched
MOST = 2.0  # magnitudes: beyond it a shot is as good as unseen
S_OVER_P = 5.2  # far field of a double couple: (vp / vs)^3 with vp / vs = sqrt(3)
DECOUPLED = 70.0  # full decoupling in salt: theory, widely used; tuff and soft rock far less

USUAL_Z = 7.0 + 1.2816  # threshold for one false alarm a year of most templates, found with 90 %

Places = Mapping[str, tuple[float, float]]  # longitude, latitude of a station


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Magnitudes that a shot must be larger than a repeat to be found as well: in the middle, and in a bad case.

    case and amount: distance or depth (km), size (magnitudes), mechanism (share of a double couple), decoupled (factor).
    basis: fitted, extrapolated or assumed. bad: `ALPHA_MOST` and the worst direction, or nine of ten mechanisms; at most `MOST`.
    """

    case: str
    amount: float
    middle: float
    bad: float
    basis: str


class _Seen(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One channel: weight in the search, share of P in its energy, autocorrelation by lag, path from the master."""

    station: str
    band: tuple[float, float]
    weight: float
    freedom: float
    p_share: float
    auto: F64
    azimuth: float
    p_s_deg: float


class _Search(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Channels, the statistic that they must reach, and the squared amplitude at which a repeat does."""

    channels: tuple[_Seen, ...]
    z: float
    power: float


def footprint(template: Template, places: Places, z: float = USUAL_Z) -> tuple[Loss, ...]:
    """Losses with distance, depth, mechanism and decoupling; empty where no station's place or noise is known.

    z: the statistic that must be reached on average.
    """
    known = tuple(s for c in template.channels if (s := _seen(template, c, places)) is not None)
    power = _power([(np.full(1, s.weight), s.weight, s.freedom) for s in known], z) if known else math.inf
    if not math.isfinite(power):
        return ()
    seen = _Search(channels=known, z=z, power=power)
    rows = []
    for km in DISTANCES_KM:
        ways = [360.0 * k / DIRECTIONS for k in range(DIRECTIONS)]
        middle = sorted(_away(seen, km, w, ALPHA) for w in ways)[DIRECTIONS // 2]
        bad = max(_away(seen, km, w, ALPHA_MOST) for w in ways)
        basis = "fitted" if km <= FITTED_KM else "extrapolated"
        rows.append(Loss(case="distance", amount=km, middle=middle, bad=bad, basis=basis))
    for km in DEPTHS_KM:
        middle, bad = _deeper(seen, km, ALPHA), _deeper(seen, km, ALPHA_MOST)
        rows.append(Loss(case="depth", amount=km, middle=middle, bad=bad, basis="assumed"))
    for m in SIZES:
        less = _resized(seen, m)
        basis = "fitted" if m <= FITTED_MAGNITUDES else "extrapolated"
        rows.append(Loss(case="size", amount=m, middle=less, bad=less, basis=basis))
    turned = [_turned(seen, template.depth_km, *m) for m in MECHANISMS]
    for k, share in enumerate(COUPLES):
        lost = sorted(row[k] for row in turned)
        middle, bad = lost[len(lost) // 2], lost[9 * len(lost) // 10]
        rows.append(Loss(case="mechanism", amount=share, middle=middle, bad=bad, basis="assumed"))
    less = log10_(DECOUPLED)
    return (*rows, Loss(case="decoupled", amount=DECOUPLED, middle=less, bad=less, basis="assumed"))


def coherence(km: float, band: tuple[float, float], alpha: float = ALPHA) -> float:
    """Of two sources so far apart, in a band."""
    return exp_(-alpha * km * math.sqrt(band[0] * band[1]) / SPEED_KM_S)


def unlike(magnitudes: float, band: tuple[float, float]) -> float:
    """Coherence of two sources of one place whose magnitudes differ, in a band."""
    return exp_(-next(b for top, b in BETA if band[1] <= top) * magnitudes)


def _seen(template: Template, c: TemplateChannel, places: Places) -> _Seen | None:
    if c.station not in places or not c.noise > 0.0:
        return None
    delta, azimuth, _ = delaz_(template.longitude, template.latitude, *places[c.station])
    model = travel.load("ak135")
    depth = max(0.0, template.depth_km)
    _, p, _ = model.predict("P1", depth, float(delta))
    s_s, _, _ = model.predict("S1", depth, float(delta))
    if not math.isfinite(float(p)):
        return None
    energy = float(np.sum(c.samples * c.samples))
    first = (
        round(float(s_s) * RATE) - c.offset_samples if math.isfinite(float(s_s)) else len(c.samples)
    )  # of S
    early = c.samples[: max(0, first)]
    freedom = 2.0 * (c.band[1] - c.band[0]) * len(c.samples) / RATE
    return _Seen(
        station=c.station, band=c.band, weight=freedom * energy / (len(c.samples) * c.noise**2), freedom=freedom,
        p_share=float(np.sum(early * early)) / energy, auto=_auto(c.samples, energy), azimuth=float(azimuth),
        p_s_deg=float(p),
    )  # fmt: skip


def _auto(x: F64, energy: float) -> F64:
    """Autocorrelation by lag in samples, as far as a source 8 km away could shift."""
    most = min(len(x), round((2.0 * SHIFT_S + max(DISTANCES_KM) / SPEED_KM_S) * RATE))
    return np.array([float(np.sum(x[k:] * x[: len(x) - k])) for k in range(most)]) / energy


def _away(seen: _Search, km: float, direction: float, alpha: float) -> float:
    """Loss of a source so far away in a direction (deg from north)."""
    shifts = np.arange(-SHIFT_S, SHIFT_S + 0.5 / RATE, 1.0 / RATE)

    def kept(s: _Seen) -> F64:
        slow = s.p_share * s.p_s_deg / KM_PER_DEG + (1.0 - s.p_share) / SPEED_KM_S
        late = -slow * km * sincos_((direction - s.azimuth) * DEG)[1]
        beyond = np.maximum(0.0, np.abs(late - shifts) - TOLERANCE_S)
        at = np.minimum(np.floor(beyond * RATE + 0.5), len(s.auto) - 1).astype(np.int64)
        return coherence(km, s.band, alpha) * s.auto[at]

    return _loss(seen, kept)


def _kept(seen: _Search, kept: Callable[[_Seen], float]) -> float:
    return _loss(seen, lambda s: np.full(1, kept(s)))


def _deeper(seen: _Search, km: float, alpha: float) -> float:
    return _kept(seen, lambda s: coherence(km, s.band, alpha))


def _resized(seen: _Search, magnitudes: float) -> float:
    return _kept(seen, lambda s: unlike(magnitudes, s.band))


def _loss(seen: _Search, kept: Callable[[_Seen], F64]) -> float:
    """Magnitudes lost where each channel keeps so much of its correlation, by shift of origin time."""
    sums: dict[str, list[tuple[F64, float, float]]] = {}
    for s in seen.channels:
        sums.setdefault(s.station, []).append((s.weight * kept(s), s.weight, s.freedom))
    each = [sums[k] for k in sorted(sums)]
    best = max(each, key=lambda rows: sum(w for _, w, _ in rows))
    needed = min(_power([row for rows in each for row in rows], seen.z), _power(best, seen.z))
    lost = 0.5 * log10_(needed / seen.power) if math.isfinite(needed) else MOST
    return min(MOST, max(0.0, lost))


def _power(rows: Sequence[tuple[F64, float, float]], z: float) -> float:
    """Squared amplitude (in masters) at which some channels together reach z; infinite where they never do.

    rows: weight times what is kept of the correlation, weight, degrees of freedom. What is unlike the master is noise to the
    search: r = k sqrt(rho / (1 + rho)) with rho the power over the noise, and z = sqrt(-nu ln(1 - r^2)).
    """
    weight = sum(w for _, w, _ in rows)
    freedom = weight * weight / sum(w * w / nu for _, w, nu in rows)
    k = float(sum((top for top, _, _ in rows), np.zeros(1)).max()) / weight
    asked = 1.0 - exp_(-z * z / freedom)
    if k <= 0.0 or k * k <= asked:
        return math.inf
    return asked / (k * k - asked) * freedom / weight


def _turned(seen: _Search, depth_km: float, strike: float, dip: float, rake: float) -> tuple[float, ...]:
    """Losses of explosions of whose power in the window a share (`COUPLES`) is that of a double couple."""
    couples: dict[str, tuple[float, float]] = {}
    for s in seen.channels:
        if s.station not in couples:
            p, sv, sh = radiation(strike, dip, rake, s.azimuth, takeoff_deg(s.p_s_deg, depth_km))
            couples[s.station] = (p, S_OVER_P * S_OVER_P * (sv * sv + sh * sh))

    def kept(s: _Seen, share: float) -> float:
        p, shear = couples[s.station]
        power = p * p * s.p_share + shear * (1.0 - s.p_share)
        couple = p * s.p_share / math.sqrt(power) if power > 0.0 else 0.0
        return math.sqrt(1.0 - share) + math.sqrt(share) * couple

    return tuple(_kept(seen, lambda s, share=share: kept(s, share)) for share in COUPLES)  # type: ignore[misc]
