"""The source type of a moment tensor that somebody inverted, with its errors: how isotropic it is.

Rules: optional, and only with a covariance: explosion and CLVD trade off for shallow sources, so a best point alone is no evidence.
The tensor is drawn from its covariance at fixed quasi-random points, and the latitude on the lune (Tape & Tape 2012) of each is put
to both classes: explosions above 30 deg (crack 60, pure explosion 90; published DPRK tests some 57-60 % isotropic), earthquakes about 0
with a spread of 15 deg; both spreads [assumed]. Two model errors do not shrink: 10 deg in the latitude, and a cap at 10^1.
"""

import functools
import math

from testban.base.beside import MomentTensor
from testban.base.dmath import DEG, acos_, cos_, log10_, normal_cdf_
from testban.base.errors import InputError
from testban.base.records import Evidence
from testban.identify.densities import density
from testban.identify.halton import normals
from testban.identify.registry import Inquiry, not_applicable, register
from testban.identify.source_type import source_type

NAME = "moment tensor"
POINTS = 256
CAP = 1.0
EARTHQUAKE_DEG = 15.0  # spread of the latitude of earthquakes on the lune [assumed]
EXPLOSION_DEG, EXPLOSION_SPREAD_DEG = (
    50.0,
    20.0,
)  # of explosions [assumed, from the published 57-60 % isotropic]
MODEL_DEG = 10.0  # of Green's functions in a wrong earth [assumed]
WIDEST_DEG = 30.0


def eigenvalues(m: tuple[float, ...]) -> tuple[float, float, float]:
    """Eigenvalues of a symmetric tensor (Mrr, Mtt, Mpp, Mrt, Mrp, Mtp), largest first, in closed form (Smith 1961)."""
    a, b, c, d, e, f = m
    off = d * d + e * e + f * f
    mean = (a + b + c) / 3.0
    spread = (a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2 + 2.0 * off
    if spread <= 0.0:
        return mean, mean, mean
    p = math.sqrt(spread / 6.0)
    a, b, c, d, e, f = (a - mean) / p, (b - mean) / p, (c - mean) / p, d / p, e / p, f / p
    half_det = 0.5 * (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e))
    angle = acos_(max(-1.0, min(1.0, half_det))) / 3.0
    first = mean + 2.0 * p * cos_(angle)
    last = mean + 2.0 * p * cos_(angle + 120.0 * DEG)
    return first, 3.0 * mean - first - last, last


def _factor(cov: tuple[tuple[float, ...], ...], scale: float) -> list[list[float]]:
    """Lower factor of a covariance in units of scale^2. Raises InputError where it is none."""
    n = len(cov)
    if n != 6 or any(len(r) != n for r in cov):
        raise InputError(f"expected a covariance of six rows of six, got {n}: correct it")
    low = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            if abs(cov[i][j] - cov[j][i]) > 1e-9 * scale * scale:
                raise InputError("expected a symmetric covariance, got another: correct it")
            v = cov[i][j] / (scale * scale) - sum(low[i][k] * low[j][k] for k in range(j))
            if i == j:
                if v < -1e-9 or not math.isfinite(v):
                    raise InputError("expected a covariance without negative variance, got one: correct it")
                low[i][j] = math.sqrt(max(v, 0.0))
            else:
                low[i][j] = v / low[j][j] if low[j][j] > 0.0 else 0.0
    return low


@functools.lru_cache(maxsize=64)
def latitudes(tensor: MomentTensor) -> tuple[float, ...]:
    """Latitudes on the lune (degrees, sorted) of the tensor drawn from its covariance. Raises InputError."""
    scale = max(abs(v) for v in tensor.elements)
    if not scale > 0.0 or not math.isfinite(scale):
        raise InputError("expected a moment tensor with finite elements, not all zero: correct it")
    low = _factor(tensor.covariance, scale)
    out = []
    for z in normals(POINTS, 6):
        m = tuple(tensor.elements[i] / scale + sum(low[i][k] * z[k] for k in range(i + 1)) for i in range(6))
        out.append(source_type(eigenvalues(m)).delta_deg)
    return tuple(sorted(out))


def weigh(deltas: tuple[float, ...]) -> tuple[float, float, float]:
    """log10 ratio, tails under explosion (as low) and under earthquake (as high), averaged over the draws."""
    q = math.sqrt(EARTHQUAKE_DEG * EARTHQUAKE_DEG + MODEL_DEG * MODEL_DEG)
    x = math.sqrt(EXPLOSION_SPREAD_DEG * EXPLOSION_SPREAD_DEG + MODEL_DEG * MODEL_DEG)
    n = len(deltas)
    like_x = sum(density(min(d, EXPLOSION_DEG), EXPLOSION_DEG, x) for d in deltas) / n
    like_q = sum(density(d, 0.0, q) for d in deltas) / n
    p_x = sum(normal_cdf_((d - EXPLOSION_DEG) / x) for d in deltas) / n
    p_q = sum(normal_cdf_(-d / q) for d in deltas) / n
    return max(-CAP, min(CAP, log10_(like_x) - log10_(like_q))), p_x, p_q


@register(NAME, given=lambda q: q.beside.tensor is not None)
def tensor_type(inquiry: Inquiry) -> Evidence:
    """Evidence of the source type; value is the median latitude on the lune (90: explosion, -90: implosion)."""
    t = inquiry.beside.tensor
    if t is None:
        return not_applicable(NAME, "no moment tensor was given")
    if not t.covariance:
        return not_applicable(
            NAME,
            "the moment tensor has no errors: the best point alone is no evidence, explosion and CLVD trade off",
        )
    try:
        deltas = latitudes(t)
    except InputError as exc:
        return not_applicable(NAME, f"the moment tensor cannot be used: {exc}")
    n = len(deltas)
    low, mid, high = deltas[n // 20], deltas[n // 2], deltas[n - 1 - n // 20]
    if high - low > 2.0 * WIDEST_DEG:
        return not_applicable(
            NAME,
            f"the latitude on the lune is {low:.0f} to {high:.0f} deg (90 %): the data do not tell the source type",
        )
    ratio, p_x, p_q = weigh(deltas)
    best = source_type(eigenvalues(t.elements))
    return Evidence(
        name=NAME,
        applicable=True,
        value=mid,
        sigma=math.sqrt(((high - low) / 3.29) ** 2 + MODEL_DEG * MODEL_DEG),
        unit="degrees of latitude on the lune",
        p_explosion=p_x,
        p_earthquake=p_q,
        log10_lr=ratio,
        reason=(
            f"latitude on the lune {mid:+.0f} deg ({low:+.0f} to {high:+.0f} with 90 %; 90 is an explosion, 0 a double couple), "
            "from a moment tensor that was given, not inverted here"
        ),
        detail={
            "gamma_deg": best.gamma_deg, "delta_deg": best.delta_deg, "hudson_k": best.k, "hudson_t": best.t, "moment_nm": best.moment,
            "explosion_mean": EXPLOSION_DEG, "earthquake_mean": 0.0,
            "scale_explosion": math.sqrt(EXPLOSION_SPREAD_DEG**2 + MODEL_DEG**2),
            "scale_earthquake": math.sqrt(EARTHQUAKE_DEG**2 + MODEL_DEG**2),
            "source": t.source,
        },
    )  # fmt: skip
